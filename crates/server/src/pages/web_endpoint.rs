//! Which chat a link opens: the point of contact on the web that a chat id names (spec/dialai.md §5.3).

use std::sync::Arc;

use uuid::Uuid;

use crate::{app::Shared, directory::KnownTenant, problem::Problem};

/// What the page of a chat link has to know of its endpoint.
#[derive(Debug, Clone)]
pub(crate) struct WebEndpoint {
    pub(crate) tenant: Arc<KnownTenant>,
    /// What the agent is called.
    pub(crate) agent_name: String,
    /// Who may frame the chat, and say who the visitor is: origins with protocol, or `*` for everybody.
    pub(crate) origins: Vec<String>,
}

/// The endpoint that a chat id names, if it is one that is open. Where it has several variants, the page has the name
/// of the first: which one answers is known when a conversation begins.
///
/// # Errors
/// When the store fails.
pub(crate) async fn web_endpoint(app: &Shared, chat_id: &str) -> Result<Option<WebEndpoint>, Problem> {
    let Ok(code) = Uuid::parse_str(chat_id) else { return Ok(None) };
    let mut known = app.directory.now().by_chat_code(code).cloned();
    if known.is_none() {
        // It may have been made a moment ago by another process.
        app.directory.refresh().await;
        known = app.directory.now().by_chat_code(code).cloned();
    }
    let Some(known) = known.filter(|known| known.endpoint.is_open()) else { return Ok(None) };
    let terms = &known.endpoint.terms;
    let Some(first) = terms.variants.first() else { return Ok(None) };
    let agent = app.runtime.loaded(known.tenant.id(), first.flow, first.version.unwrap_or(0)).await?;
    Ok(Some(WebEndpoint {
        tenant: known.tenant.clone(),
        agent_name: agent.public_name().unwrap_or_default().to_owned(),
        origins: if terms.origins.is_empty() { vec!["*".to_owned()] } else { terms.origins.clone() },
    }))
}
