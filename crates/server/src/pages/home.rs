//! The page to start from: what runs here, how to talk to it, how to embed it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use runtime::branding::{Colour, Palette, Slot};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::look::{Look, escape};
use crate::{
    app::{App, host_label},
    directory::{KnownAgent, KnownTenant},
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
    let page = format!("{}{body}{TAIL}", head(called(&app, &headers).as_deref()));
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
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, script).into_response()
}

/// The tenant that was called.
fn called(app: &App, headers: &HeaderMap) -> Option<Arc<KnownTenant>> {
    let known = app.directory.now();
    host_label(headers).and_then(|label| known.tenant(label)).or_else(|| known.default_tenant()).cloned()
}

/// The oldest agent in service of the tenant that was called.
fn shown(app: &App, headers: &HeaderMap) -> Option<Arc<KnownAgent>> {
    let (known, tenant) = (app.directory.now(), called(app, headers)?);
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

/// The page's beginning, in the name and colours of the tenant (rows DA-D1, DA-D3).
fn head(tenant: Option<&KnownTenant>) -> String {
    let branding = tenant.map(|tenant| &tenant.branding);
    let name = escape(branding.and_then(|branding| branding.display_name.as_deref()).unwrap_or("Parlance"));
    let colours = branding.and_then(|branding| branding.palette.as_ref());
    let style = colours.map(accents).unwrap_or_default();
    let logo = tenant.and_then(|tenant| Look::of(tenant).picture(Slot::ApplicationHeader, 48)).unwrap_or_default();
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/home.css">
{style}</head>
<body>
<main>
{logo}<h1>{name}</h1>
"#
    )
}

/// The papers of the start page (assets/home.css), on which the accent is read.
const PAPERS: [(&str, [&str; 2]); 2] = [("light", ["#f6f7f9", "#ffffff"]), ("dark", ["#14181e", "#1e242d"])];

/// The accent in each theme: the primary colour, or the nearest to it that can be read there.
fn accents(palette: &Palette) -> String {
    let rule = |(theme, papers): (&str, [&str; 2])| {
        let accent = palette.readable_on(&papers.map(Colour::read).into_iter().flatten().collect::<Vec<_>>())?;
        Some(format!("@media (prefers-color-scheme: {theme}) {{ :root {{ --accent: {accent} }} }}\n"))
    };
    let rules: String = PAPERS.into_iter().filter_map(rule).collect();
    if rules.is_empty() { rules } else { format!("<style>\n{rules}</style>\n") }
}

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
