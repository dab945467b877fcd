//! The page on which a draft of a flow is tried out: `/chat-test/{flowId}` (row DA-T3). It holds nothing but the flow's
//! id and the name of its tenant; what is said goes through the API, with the token that the tester gives the page and
//! that stays in their browser's tab.

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use model::{AgentId, agent::AgentKind};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(page))
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https: http:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where a draft of a flow is tried out. It asks for an API token with `agents:preview`.
#[utoipa::path(
    get, path = "/chat-test/{flowId}", tag = "Pages", operation_id = "getChatTestPage",
    params(("flowId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such flow", body = String, content_type = "text/plain"),
    )
)]
async fn page(app: State<App>, path: Path<String>) -> Response {
    let id = path.0.parse::<AgentId>().ok();
    let known = app.directory.now();
    let flow = id.and_then(|id| known.agent(id)).filter(|known| known.agent.kind == AgentKind::Flow);
    let Some(flow) = flow else { return (StatusCode::NOT_FOUND, "There is no such flow.\n").into_response() };
    // Ids and tenants' names are letters, digits and hyphens: nothing in them could be markup.
    let page = PAGE.replace("{flow}", &flow.agent.id.to_string()).replace("{tenant}", flow.tenant.id().as_str());
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, page).into_response()
}

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
<label>API token <input id="token" type="password" autocomplete="off" required></label>
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
