//! The chat as a page of its own, and as the page inside the embed's frame (spec/opendialog.md §5.1).

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    assets::{NOT_BUILT, chat_page},
    look::Look,
};
use crate::{
    app::{App, host_label},
    directory::{KnownAgent, KnownTenant, Snapshot},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(full_page)).routes(routes!(framed))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Shown {
    /// The scenario's id, or an alias.
    scenario_id: Option<String>,
}

/// The chat on a page of its own; `app_key` and `scenario_id` in the query say with whom.
#[utoipa::path(
    get, path = "/web-chat", tag = "Pages", operation_id = "getChatPage", params(Shown),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "The agent's settings do not allow it", body = String, content_type = "text/plain"),
    )
)]
async fn full_page(app: State<App>, headers: HeaderMap, shown: Query<Shown>) -> Response {
    let known = app.directory.now();
    let agent = agent(&known, &headers, &shown);
    if agent.as_ref().is_some_and(|agent| !agent.full_page()) {
        return (StatusCode::NOT_FOUND, "This chat has no page of its own.\n").into_response();
    }
    page("'self'", look(agent.as_deref(), called(&known, &headers)))
}

/// The chat inside the frame that the embed makes. Only pages of allowed origins may frame it.
#[utoipa::path(
    get, path = "/web-chat-iframe", tag = "Pages", operation_id = "getChatFrame", params(Shown),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
async fn framed(app: State<App>, headers: HeaderMap, shown: Query<Shown>) -> Response {
    let known = app.directory.now();
    let agent = agent(&known, &headers, &shown);
    let ancestors = match &agent {
        Some(agent) if !agent.settings.security.cors => "*".to_owned(),
        Some(agent) => format!("'self' {}", agent.settings.security.allowed_origins.join(" ")),
        None => "'self'".to_owned(),
    };
    page(ancestors.trim(), look(agent.as_deref(), called(&known, &headers)).map(Look::framed))
}

/// The agent that a page is for; of any tenant, since an id names one in all of them.
fn agent(known: &Snapshot, headers: &HeaderMap, shown: &Shown) -> Option<Arc<KnownAgent>> {
    let name = shown.scenario_id.as_deref()?;
    if let Some(agent) = name.parse().ok().and_then(|id| known.agent(id)) {
        return Some(agent.clone());
    }
    known.named(called(known, headers)?, name).map(|named| named.agent)
}

/// The tenant that was called.
fn called<'k>(known: &'k Snapshot, headers: &HeaderMap) -> Option<&'k Arc<KnownTenant>> {
    host_label(headers).and_then(|label| known.tenant(label)).or_else(|| known.default_tenant())
}

/// The look of an agent's tenant, or of the one that was called.
fn look<'k>(agent: Option<&'k KnownAgent>, called: Option<&'k Arc<KnownTenant>>) -> Option<Look<'k>> {
    match agent {
        Some(agent) => Some(Look::of(&agent.tenant).for_agent(agent)),
        None => called.map(|tenant| Look::of(tenant)),
    }
}

fn page(ancestors: &str, look: Option<Look<'_>>) -> Response {
    let Some(page) = chat_page() else { return (StatusCode::NOT_FOUND, NOT_BUILT).into_response() };
    let page = match look {
        Some(look) => Cow::Owned(look.dress(&String::from_utf8_lossy(&page)).into_bytes()),
        None => page,
    };
    // Messages may show pictures and sounds of any https site, and ask one for suggestions.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline' https:; img-src 'self' data: blob: https: http:; \
         media-src 'self' blob: https: http:; font-src 'self' https:; connect-src 'self' https:; frame-src https:; \
         base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    );
    answer(page, &policy)
}

/// A page with what it may do.
pub(super) fn answer(page: Cow<'static, [u8]>, policy: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, page).into_response()
}
