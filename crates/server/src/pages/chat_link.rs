//! The page of a chat link (spec/dialai.md §5.2, §5.4; row DA-W10, decision N21): on its own, in a frame of a site,
//! or in the dialog that the script `modal.js` makes.
//!
//! The address says which chat, and at most theme and language. Who the visitor is never stands in it: the page around
//! the frame says that to the frame, and is heard if it is of an origin that the endpoint allows.

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use runtime::branding::Variant;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    assets::{NOT_BUILT, chat_link_page},
    chat::answer,
    look::{Look, escape},
    web_endpoint::web_endpoint,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(chat_link))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Shown {
    /// `light` or `dark`; without it, the visitor's own.
    theme: Option<String>,
    /// The language that the chat begins in, as a BCP 47 tag; the page itself reads it.
    #[expect(dead_code, reason = "described for those who write addresses; the page reads it in the browser")]
    language: Option<String>,
}

/// The chat of a chat link. Only pages of the endpoint's origins may frame it.
#[utoipa::path(
    get, path = "/chat/{chatId}", tag = "Pages", operation_id = "getChatLinkPage",
    params(("chatId" = String, Path, description = "The chat link"), Shown),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, description = "There is no such chat", body = String, content_type = "text/plain"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn chat_link(
    app: State<App>,
    chat: Result<Path<String>, PathRejection>,
    shown: Result<Query<Shown>, QueryRejection>,
) -> Result<Response, Problem> {
    let endpoint = match chat {
        Ok(chat) => web_endpoint(&app, &chat).await?,
        Err(_) => None,
    };
    let Some(endpoint) = endpoint else {
        return Ok((StatusCode::NOT_FOUND, "There is no such chat.\n").into_response());
    };
    let Some(page) = chat_link_page() else {
        return Ok((StatusCode::NOT_FOUND, NOT_BUILT).into_response());
    };
    // A wish that cannot be read is none: the chat is what the visitor came for.
    let shown = shown.map(|shown| shown.0).unwrap_or_default();
    let theme = Variant::ALL.into_iter().find(|variant| shown.theme.as_deref() == Some(variant.as_str()));
    let look = Look::of(&endpoint.tenant).in_theme(theme);
    let page = dressed(&String::from_utf8_lossy(&page), look, &endpoint.agent_name, &endpoint.origins);
    Ok(answer(page.into_bytes().into(), &policy(&endpoint.origins)))
}

/// The page with the tenant's look, and with what its script has to know.
fn dressed(page: &str, look: Look<'_>, agent: &str, origins: &[String]) -> String {
    let marks = format!(
        "data-parlance-webchat data-tenant=\"{}\" data-name=\"{}\" data-origins=\"{}\"",
        escape(look.tenant()),
        escape(agent),
        escape(&allowed(origins).join(" "))
    );
    let page = page.replacen("data-parlance-webchat", &marks, 1);
    let style = format!("<style>\n{}</style>\n</head>", look.colours());
    look.dress(&page.replacen("</head>", &style, 1))
}

/// The origins that can stand in a list of them; one that holds more would say more than who may frame the chat.
fn allowed(origins: &[String]) -> Vec<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-' | '*' | '[' | ']');
    origins.iter().map(String::as_str).filter(|origin| !origin.is_empty() && origin.chars().all(plain)).collect()
}

/// What the page may do. Answers may show pictures of any site; everything else is this server's.
fn policy(origins: &[String]) -> String {
    let origins = allowed(origins);
    let ancestors = if origins.contains(&"*") { "*".to_owned() } else { format!("'self' {}", origins.join(" ")) };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https: http:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}",
        ancestors.trim()
    )
}

#[cfg(test)]
mod tests {
    use model::TenantId;
    use runtime::branding::Branding;
    use serde_json::{Value, json};

    use super::*;

    /// The page as the widget's build copies it.
    const PAGE: &str = include_str!("../../../../web/widget/public/webchat.html");

    fn page(branding: Value, agent: &str, origins: &[&str]) -> String {
        let branding: Branding = serde_json::from_value(branding).expect("a branding");
        let tenant: TenantId = "demo".parse().expect("a tenant");
        let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let name = branding.display_name.clone().unwrap_or_default();
        dressed(PAGE, Look::new(&tenant, &name, &branding), agent, &origins)
    }

    #[test]
    fn da_w10_the_page_knows_its_tenant_its_agent_and_who_may_speak_to_it() {
        let page = page(json!({}), "Ann \"the\" <Guide>", &["https://good.test", "https://b.test:8443"]);
        let marks = "data-tenant=\"demo\" data-name=\"Ann &quot;the&quot; &lt;Guide&gt;\" \
                     data-origins=\"https://good.test https://b.test:8443\"";
        assert!(page.contains(marks), "{page}");
        assert!(page.contains("--c-sentMessageBackground: #1f5fbf; "), "{page}");
        assert!(page.contains("<title>Chat</title>"), "{page}");
    }

    #[test]
    fn da_w13_da_d03_it_has_the_tenants_name_logos_and_colours() {
        let palette = (1..=16).map(|step| ((step * 10).to_string(), json!(format!("#ffd4{step:02x}"))));
        let palette: serde_json::Map<String, Value> = palette.collect();
        let logo = json!({ "kind": "png", "size": 1, "digest": "d1", "updated_at": 0 });
        let logos = json!({ "chat_header_icon": { "dark": logo }, "sidebar_header_logo": { "light": logo } });
        let branding = json!({ "display_name": "The Inn", "palette": palette, "logos": logos });
        let page = page(branding, "Ann", &[]);
        for part in [
            "<title>The Inn</title>",
            "--c-sentMessageBackground: #ffd408; ",
            "--c-sentMessageText: #000000; ",
            "/logos/chat_header_icon/dark?v=d1",
            "<aside class=\"parlance-bar\" aria-label=\"The Inn\">",
            "data-origins=\"\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn da_w10_only_the_endpoints_origins_may_frame_it() {
        let of = |origins: &[&str]| {
            let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
            policy(&origins).rsplit_once("frame-ancestors ").expect("it says who").1.to_owned()
        };
        assert_eq!(of(&[]), "'self'");
        assert_eq!(of(&["https://good.test", "https://b.test"]), "'self' https://good.test https://b.test");
        assert_eq!(of(&["https://good.test", "*"]), "*");
        assert_eq!(of(&["https://x.test; script-src *", "https://a.test https://b.test", "", "'none'"]), "'self'");
    }
}
