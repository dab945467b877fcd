//! The OpenAPI document: made from the handlers' own descriptions, served with Swagger UI.

use std::sync::OnceLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApiVersion,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, router::openapi_document};

/// Where the document is served, and the page that shows it.
pub(crate) const DOCUMENT: &str = "/api/swagger/openapi.json";
pub(crate) const PAGE: &str = "/api/swagger";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Parlance",
        description = "A self-hosted server for conversational agents: the Chat API that web chats speak, and \
                       Parlance's own API for agents, transcripts, contacts and events.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Chat API", description = "What a web chat calls. An agent's app key is the bearer."),
        (name = "Chat API before 3.0", description = "The same under its older paths, for clients that were never changed."),
        (name = "Public APIs", description = "OpenDialog's public APIs: what was said, exports, deep links, analytics."),
        (name = "Users", description = "People of a tenant and their roles."),
        (name = "Tokens", description = "API tokens: several per user, each with a name and a lifetime."),
        (name = "Agents", description = "Designed conversations: import, publish, settings."),
        (name = "Aliases", description = "Names that stand for an agent, so that embeds outlive it."),
        (name = "Secrets", description = "Values that components name as `{secret.name}`; they can be set and never read."),
        (name = "Transcripts", description = "What was said, and why."),
        (name = "Contacts", description = "Who was here: what is known of them, taking it away, erasing it; how long it is kept."),
        (name = "Events", description = "What happened, in order."),
        (name = "Webhooks", description = "Events sent to addresses of the tenant's, signed."),
        (name = "Operations", description = "For operators and their machines."),
        (name = "Pages", description = "The chat page, the widget, this description."),
    ),
    modifiers(&Details)
)]
pub(crate) struct Document;

/// What the macro cannot say.
struct Details;

impl Modify for Details {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        document.openapi = OpenApiVersion::Version32;
        document.info.version = env!("CARGO_PKG_VERSION").to_owned();
        let components = document.components.get_or_insert_default();
        for (name, description) in [
            ("app_key", "An agent's app key, as its embed code carries it"),
            ("public_token", "An API token, with the permissions of its user; the tenant is the token's"),
            ("api_token", "An API token of the tenant, from `parlance token create`"),
        ] {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(document))
}

/// This description.
#[utoipa::path(
    get, path = "/api/swagger/openapi.json", tag = "Pages", operation_id = "getOpenApi",
    responses((status = 200, description = "The OpenAPI document", body = serde_json::Value))
)]
async fn document() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi_document().to_json().expect("the document is plain JSON"));
    ([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()
}
