//! The page to start from: what runs here, how to talk to it, how to embed it.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::{App, host_label},
    directory::KnownAgent,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(home)).routes(routes!(embed))
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page to start from.
#[utoipa::path(
    get, path = "/", tag = "Pages", operation_id = "getHomePage",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
async fn home(app: State<App>, headers: HeaderMap) -> Response {
    let agent = shown(&app, &headers);
    let body = match &agent {
        Some(agent) => with_agent(agent, &app.public_url(&headers)),
        None => NOTHING_YET.to_owned(),
    };
    let page = format!("{HEAD}{body}{TAIL}");
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, page).into_response()
}

/// The settings of the chat on the page to start from, as a script, since the page has none inside.
#[utoipa::path(
    get, path = "/demo-settings.js", tag = "Pages", operation_id = "getDemoSettings",
    responses((status = 200, description = "The script", body = String, content_type = "text/javascript"))
)]
async fn embed(app: State<App>, headers: HeaderMap) -> Response {
    let script = match shown(&app, &headers) {
        Some(agent) => settings(&agent, &app.public_url(&headers)),
        None => String::new(),
    };
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, script).into_response()
}

/// The oldest agent in service of the tenant that was called.
fn shown(app: &App, headers: &HeaderMap) -> Option<std::sync::Arc<KnownAgent>> {
    let known = app.directory.now();
    let tenant = host_label(headers).and_then(|label| known.tenant(label)).or_else(|| known.default_tenant())?;
    known.agents(Some(tenant.id())).filter(|agent| agent.serves()).min_by_key(|agent| agent.agent.id).cloned()
}

fn settings(agent: &KnownAgent, url: &str) -> String {
    let settings = serde_json::json!({
        "url": url,
        "appKey": agent.agent.app_key,
        "user": { "custom": { "selected_scenario": agent.agent.id } },
    });
    // Inside a script element, too, nothing may end it.
    let json = serde_json::to_string_pretty(&settings).expect("texts serialise").replace('<', "\\u003c");
    format!("window.openDialogSettings = {json};\n")
}

fn with_agent(agent: &KnownAgent, url: &str) -> String {
    let name = escape(&agent.agent.name);
    let (id, key) = (agent.agent.id, &agent.agent.app_key);
    let snippet = escape(&format!(
        "<script>\n{}</script>\n<script src=\"{url}/widget/parlance.js\"></script>",
        settings(agent, url)
    ));
    format!(
        r#"<p class="lead"><strong>{name}</strong> is ready to talk. Press the button in the corner, or open the chat on a page of its own.</p>
<nav>
<a class="card" href="/web-chat?scenario_id={id}&amp;app_key={key}"><b>Open the chat</b><span>on a page of its own</span></a>
<a class="card" href="/api/swagger/"><b>API description</b><span>every operation, ready to try</span></a>
</nav>
<h2>Put it on your site</h2>
<p>Paste this before the end of the page's body.</p>
<pre tabindex="0"><code>{snippet}</code></pre>
<script src="/demo-settings.js"></script>
<script src="/widget/parlance.js"></script>"#
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parlance</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/home.css">
</head>
<body>
<main>
<h1>Parlance</h1>
"#;

const NOTHING_YET: &str = r#"<p class="lead">The server runs. There is no published agent yet.</p>
<h2>Make one</h2>
<pre tabindex="0"><code>parlance tenant create demo
parlance agent import --tenant demo my.scenario.json
parlance agent publish --tenant demo &lt;id&gt;</code></pre>
<p>The <a href="/api/swagger/">API description</a> shows how to do the same over HTTP.</p>"#;

const TAIL: &str = r"
</main>
</body>
</html>
";
