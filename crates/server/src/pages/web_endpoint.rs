//! Which chat a link opens: the web endpoint that a chat id names (spec/dialai.md §5.3).

use std::sync::Arc;

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

/// The endpoint that a chat id names, if it is one that is open. Nothing keeps web endpoints yet, so there is none.
///
/// # Errors
/// When the store fails.
pub(crate) async fn web_endpoint(_app: &Shared, _chat_id: &str) -> Result<Option<WebEndpoint>, Problem> {
    Ok(None)
}
