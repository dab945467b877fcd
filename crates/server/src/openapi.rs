//! The OpenAPI document: made from the handlers' own descriptions, served with Swagger UI.
//!
//! It is OpenAPI 3.2. Most programs that generate clients know 3.1 at best, so the same is served
//! without what 3.2 added.

use std::sync::OnceLock;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Object, ObjectBuilder, OpenApiVersion, Paths, RefOr, Schema, Type,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::access::require_known,
    app::{App, bearer, text},
    problem::Problem,
    realm::{anybody_can_sign_in, to_sign_in},
    router::{openapi_document, openapi_document_3_1},
    sse,
};

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
        (name = "Users", description = "People of a tenant, their roles, and what roles are made of."),
        (name = "Tokens", description = "API tokens: several per user, each with a name and a lifetime."),
        (name = "Agents", description = "Designed conversations: import, publish, settings."),
        (name = "Flows", description = "A language model in a state machine: states, transitions, versions, files."),
        (name = "Knowledge", description = "Documents and FAQs that flows look things up in."),
        (name = "Functions", description = "What flows call: JavaScript, libraries and built-in integrations."),
        (name = "Points of contact", description = "Addresses on channels, and the flows that answer there."),
        (name = "Internal contacts", description = "Names with telephone numbers to which conversations are transferred."),
        (name = "Aliases", description = "Names that stand for an agent, so that embeds outlive it."),
        (name = "Secrets", description = "Values that components name as `{secret.name}`; they can be set and never read."),
        (name = "Issuers", description = "Identity providers whose tokens say who a visitor is, and which claims become attributes."),
        (name = "Tenant", description = "How a tenant is set up: environment values, feature flags, branding."),
        (name = "Tests", description = "Conversations with what is expected of them; recorded ones, replayed with other versions."),
        (name = "Web chat", description = "Dialai's web chat: conversations with flows, by chat link or token, and people who take them over."),
        (name = "Test conversations", description = "Talking to the draft of a flow, and seeing what it does."),
        (name = "Live", description = "Conversations as they go on."),
        (name = "Transcripts", description = "What was said, and why."),
        (name = "Contacts", description = "Who was here: what is known of them, taking it away, erasing it; how long it is kept."),
        (name = "Events", description = "What happened, in order."),
        (name = "Webhooks", description = "Events sent to addresses of the tenant's, signed."),
        (name = "Audit", description = "Who did what to what, when and from where."),
        (name = "Realm", description = "Signing in: OAuth 2 and OpenID Connect, at Keycloak's paths."),
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
            (
                "public_token",
                "An API token, with what the roles of its user hold; the tenant is the token's. The scope that an \
                 operation needs stands beside the scheme, and as `x-required-scope`.",
            ),
            (
                "api_token",
                "An API token of the tenant, from `parlance token create`; or a token of the realm whose audience is \
                 the tenant. The scope that an operation needs stands \
                 beside the scheme, and as `x-required-scope`.",
            ),
            ("realm_token", "A user's access token of the realm"),
        ] {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
        let link = "`Bearer <chat code>` of a point of contact on the web: begins conversations, and opens those that \
                    were begun with it";
        let link = ApiKeyValue::with_description("X-DialAi-Chat-Link", link);
        components.add_security_scheme("chat_link", SecurityScheme::ApiKey(ApiKey::Header(link)));
    }
}

/// Where an operation says which scope it needs: to OpenAPI the scopes beside a bearer scheme are a remark that few
/// programs show.
const REQUIRED_SCOPE: &str = "x-required-scope";

/// Repeats the scopes of operations as an extension of their own.
pub(crate) fn name_required_scopes(paths: &mut Paths) {
    for item in paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            // What the builder keeps to itself can be read where it is written.
            let security = serde_json::to_value(&operation.security).unwrap_or_default();
            let schemes = security.as_array().into_iter().flatten().filter_map(Value::as_object);
            let scope = schemes.flat_map(|schemes| schemes.values()).find_map(|scopes| scopes.get(0)).cloned();
            if let Some(scope) = scope {
                operation.extensions.get_or_insert_default().insert(REQUIRED_SCOPE.to_owned(), scope);
            }
        }
    }
}

/// Describes streams by their events, as 3.2 has it: a `schema` would be that of all events, as one array.
pub(crate) fn describe_events(paths: &mut Paths) {
    for item in paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            for response in operation.responses.responses.values_mut() {
                let RefOr::T(response) = response else { continue };
                if let Some(RefOr::T(content)) = response.content.get_mut(sse::MEDIA_TYPE) {
                    content.schema = None;
                    content.item_schema = Some(RefOr::T(Schema::Object(event())));
                }
            }
        }
    }
}

/// An event of a stream, as `sse::frame` writes it.
fn event() -> Object {
    let text =
        |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description)).build();
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("event", text("What it tells"))
        .property("id", text("Its place, for `Last-Event-ID`"))
        .property("data", text("JSON"))
        .required("event")
        .required("data")
        .build()
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(document)).routes(routes!(document_3_1)).routes(routes!(start))
}

/// Around the page that shows the document: for the same people.
pub(crate) async fn guarded(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match admit(&app, &parts.headers).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => refuse(problem, &parts.headers, &parts.uri),
    }
}

/// Refuses strangers where the description is not for everybody (row DA-P2): as the configuration says
/// (`private_openapi`), and where it says nothing, as soon as anybody can sign in.
async fn admit(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let private = match app.options.private_openapi {
        Some(private) => private,
        None => anybody_can_sign_in(app).await?,
    };
    if private { require_known(app, headers).await } else { Ok(()) }
}

/// Sends people to sign in; programs are told what is missing.
fn refuse(problem: Problem, headers: &HeaderMap, uri: &Uri) -> Response {
    let is_person = text(headers, header::ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/html"));
    if is_person && bearer(headers).is_none() && problem.is_unauthenticated() {
        return to_sign_in(uri.path_and_query().map_or(PAGE, |path| path.as_str()));
    }
    problem.into_response()
}

/// This description. For those with a token and those who have signed in: as the configuration says
/// (`private_openapi`), or as soon as anybody can sign in.
#[utoipa::path(
    get, path = "/api/swagger/openapi.json", tag = "Pages", operation_id = "getOpenApi",
    responses(
        (status = 200, description = "The OpenAPI document", body = serde_json::Value),
        (status = 303, description = "Where a browser is to sign in"),
        (status = 401, description = "Nobody is known", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn document(app: State<App>, headers: HeaderMap, uri: Uri) -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi_document().to_json().expect("the document is plain JSON"));
    described(&app, &headers, &uri, text).await
}

async fn described(app: &App, headers: &HeaderMap, uri: &Uri, text: &'static str) -> Response {
    match admit(app, headers).await {
        Ok(()) => {
            // Who may have it is asked each time, and what is kept on the way is nobody else's.
            let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-cache")];
            (headers, text).into_response()
        }
        Err(problem) => refuse(problem, headers, uri),
    }
}

/// This description for programs that know OpenAPI 3.1.
#[utoipa::path(
    get, path = "/api/swagger/openapi-3.1.json", tag = "Pages", operation_id = "getOpenApi31",
    responses(
        (status = 200, description = "The OpenAPI document, without what 3.2 added", body = serde_json::Value),
        (status = 303, description = "Where a browser is to sign in"),
        (status = 401, description = "Nobody is known", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
async fn document_3_1(app: State<App>, headers: HeaderMap, uri: Uri) -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi_document_3_1().to_string());
    described(&app, &headers, &uri, text).await
}

/// Starts the page that shows this description, and calls operations in the name of whoever is signed in.
#[utoipa::path(
    get, path = "/api/swagger/swagger-initializer.js", tag = "Pages", operation_id = "getSwaggerStart",
    responses((status = 200, description = "The script", body = String, content_type = "text/javascript"))
)]
async fn start() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, START).into_response()
}

const START: &str = include_str!("../assets/swagger.js");

/// A document without what OpenAPI 3.2 added to 3.1.
pub(crate) fn as_3_1(document: &utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(document).expect("the document is plain JSON");
    document["openapi"] = "3.1.0".into();
    for tag in document["tags"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for added in ["summary", "parent", "kind"] {
            tag.remove(added);
        }
    }
    describe_streams_whole(&mut document);
    document
}

/// 3.2 describes each item of a stream (`itemSchema`); before it a stream could only be called text.
fn describe_streams_whole(part: &mut Value) {
    match part {
        Value::Object(map) => {
            if map.remove("itemSchema").is_some() {
                map.entry("schema").or_insert_with(|| json!({ "type": "string" }));
            }
            // Below these the names are not OpenAPI's.
            for (name, value) in map {
                if !["schema", "schemas", "example", "examples"].contains(&name.as_str()) {
                    describe_streams_whole(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(describe_streams_whole),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::describe_streams_whole;

    #[test]
    fn a_stream_becomes_text_and_schemas_stay_as_they_are() {
        let schemas = json!({ "Odd": { "properties": { "itemSchema": { "type": "integer" } } } });
        let document = |content: serde_json::Value| {
            json!({
                "paths": { "/events": { "get": { "responses": { "200": { "content": { "text/event-stream": content } } } } } },
                "components": { "schemas": schemas },
            })
        };
        let mut found = document(json!({ "itemSchema": { "$ref": "#/components/schemas/Odd" } }));
        describe_streams_whole(&mut found);
        assert_eq!(found, document(json!({ "schema": { "type": "string" } })));
    }
}
