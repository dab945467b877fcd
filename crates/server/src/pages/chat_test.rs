//! The page on which a draft of a flow is tried out: `/chat-test/{flowId}` (row DA-T3). It holds nothing but the flow's
//! id and the name of its tenant; what is said goes through the API, in the name of whoever is signed in. Where nobody
//! can sign in, with the token that the tester gives the page and that stays in their browser's tab.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use model::{AgentId, TenantId, agent::AgentKind};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::look::escape;
use crate::{
    app::App,
    problem::Problem,
    realm::{anybody_can_sign_in, signed_in, to_sign_in},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(page))
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https: http:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where a draft of a flow is tried out by whoever is signed in. Where nobody can sign in it asks for an API token. Either
/// needs `agents:preview`.
#[utoipa::path(
    get, path = "/chat-test/{flowId}", tag = "Pages", operation_id = "getChatTestPage",
    params(("flowId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 303, description = "Where to sign in first"),
        (status = 404, description = "There is no such flow, or not in a tenant of whoever is signed in", body = String, content_type = "text/plain"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn page(app: State<App>, headers: HeaderMap, uri: Uri, path: Path<String>) -> Result<Response, Problem> {
    let account = signed_in(&app, &headers).await?.map(|who| who.account);
    if account.is_none() && anybody_can_sign_in(&app).await? {
        return Ok(to_sign_in(uri.path()));
    }
    let id = path.0.parse::<AgentId>().ok();
    let known = app.directory.now();
    let flow = id.and_then(|id| known.agent(id)).filter(|known| known.agent.kind == AgentKind::Flow);
    // A flow of somebody else's tenant looks like none.
    let theirs = |tenant: &TenantId| account.as_ref().is_none_or(|account| account.user_in(tenant).is_some());
    let Some(flow) = flow.filter(|flow| theirs(flow.tenant.id())) else {
        return Ok((StatusCode::NOT_FOUND, "There is no such flow.\n").into_response());
    };
    let credential = match &account {
        Some(account) => SESSION.replace("{email}", &escape(&account.email)),
        None => TOKEN.to_owned(),
    };
    // Ids and tenants' names are letters, digits and hyphens: nothing in them could be markup.
    let page = PAGE.replace("{flow}", &flow.agent.id.to_string()).replace("{tenant}", flow.tenant.id().as_str());
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    Ok((headers, page.replace("{credential}", &credential)).into_response())
}

/// Who the conversation is held by, where people sign in.
const SESSION: &str =
    r#"<p id="who">Signed in as <strong>{email}</strong> <button type="button" id="sign-out">Sign out</button></p>"#;

/// What is asked for where nobody can.
const TOKEN: &str = r#"<label>API token <input id="token" type="password" autocomplete="off" required></label>"#;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Try the draft</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/chat-test.css">
</head>
<body data-flow="{flow}" data-tenant="{tenant}">
<main>
<h1>Try the draft</h1>
<form id="start">
{credential}
<label>Channel <select id="channel">
<option value="web">Web</option>
<option value="voice">Voice</option>
<option value="sms">SMS</option>
<option value="email">Email</option>
</select></label>
<details><summary>Advanced</summary>
<label>Internal parameters (JSON) <textarea id="parameters" rows="4" spellcheck="false">{}</textarea></label>
<label>Language <input id="language" placeholder="en"></label>
</details>
<button>Start a conversation</button>
</form>
<p id="problem" role="alert" hidden></p>
<p id="standing" role="status"></p>
<ol id="lines" aria-live="polite"></ol>
<form id="say" hidden>
<label>Message <input id="message" autocomplete="off" required></label>
<button>Send</button>
</form>
</main>
<script src="/assets/chat-test.js" type="module"></script>
</body>
</html>
"#;
