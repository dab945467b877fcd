//! `GET /chat-api/configuration` and its older names: how the chat looks, and how it opens for this
//! visitor (spec/opendialog.md §5.3).

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use runtime::UserType;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    appearance, body,
    fields::{Field, Fields},
    message::said,
    refusal::{ErrorBody, Refusal, Violations},
    schema::ChatConfiguration,
    visit::{self, Claims, Effect, Generation, Visit},
};
use crate::app::{App, Shared};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(configuration, post_configuration))
        .routes(routes!(chat_api_config, post_chat_api_config))
        .routes(routes!(webchat_config, post_webchat_config))
}

/// What a client may say when it asks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Address of the page that embeds the chat.
    url: Option<String>,
    /// The visitor; older clients name them here.
    user_id: Option<String>,
    /// The intent that the page wants the chat to open with.
    #[expect(dead_code, reason = "described for older clients; the answer does not depend on it")]
    callback_id: Option<String>,
    /// Width of the page in pixels.
    width: Option<String>,
    /// The scenario; older clients may name it here.
    selected_scenario: Option<String>,
}

/// Tells a client how the chat looks and how it opens.
#[utoipa::path(
    get, path = "/chat-api/configuration", tag = "Chat API", operation_id = "getConfiguration", params(Asked,
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
    ),
    responses(
        (status = 200, description = "The configuration", body = ChatConfiguration),
        (status = 400, description = "A query value is wrong; plain text", body = String, content_type = "text/plain"),
        (status = 401, description = "App key or anonymous token missing or wrong", body = ErrorBody),
        (status = 422, description = "Headers missing or wrong", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn configuration(app: State<App>, headers: HeaderMap, asked: Asking) -> Response {
    answer(&app, Generation::Current, &headers, asked, None).await
}

/// As GET; the body's `custom_settings` and `tags` are checked and have no effect on the answer.
#[utoipa::path(
    post, path = "/chat-api/configuration", tag = "Chat API", operation_id = "postConfiguration", params(Asked,
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
    ),
    request_body = Option<serde_json::Map<String, Value>>,
    responses(
        (status = 200, description = "The configuration", body = ChatConfiguration),
        (status = 400, description = "A query value is wrong; plain text", body = String, content_type = "text/plain"),
        (status = 401, description = "App key or anonymous token missing or wrong", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
        (status = 422, description = "Headers or fields missing or wrong", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn post_configuration(app: State<App>, headers: HeaderMap, asked: Asking, body: Body) -> Response {
    answer(&app, Generation::Current, &headers, asked, Some(body)).await
}

/// As /chat-api/configuration (path of 2025).
#[utoipa::path(
    get, path = "/chatApi-config", tag = "Chat API before 3.0", operation_id = "getConfigurationChatApi", params(Asked),
    responses(
        (status = 200, description = "The configuration", body = ChatConfiguration),
        (status = 400, description = "A query value is wrong; plain text", body = String, content_type = "text/plain"),
        (status = "4XX", description = "As for /chat-api/configuration", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn chat_api_config(app: State<App>, headers: HeaderMap, asked: Asking) -> Response {
    answer(&app, Generation::Older, &headers, asked, None).await
}

/// As /chat-api/configuration (path of 2025).
#[utoipa::path(
    post, path = "/chatApi-config", tag = "Chat API before 3.0", operation_id = "postConfigurationChatApi",
    params(Asked), request_body = Option<serde_json::Map<String, Value>>,
    responses(
        (status = 200, description = "The configuration", body = ChatConfiguration),
        (status = 400, description = "A query value is wrong; plain text", body = String, content_type = "text/plain"),
        (status = "4XX", description = "As for /chat-api/configuration", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn post_chat_api_config(app: State<App>, headers: HeaderMap, asked: Asking, body: Body) -> Response {
    answer(&app, Generation::Older, &headers, asked, Some(body)).await
}

/// As /chat-api/configuration (oldest path).
#[utoipa::path(
    get, path = "/webchat-config", tag = "Chat API before 3.0", operation_id = "getConfigurationWebchat", params(Asked),
    responses(
        (status = 200, description = "The configuration", body = ChatConfiguration),
        (status = 400, description = "A query value is wrong; plain text", body = String, content_type = "text/plain"),
        (status = "4XX", description = "As for /chat-api/configuration", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn webchat_config(app: State<App>, headers: HeaderMap, asked: Asking) -> Response {
    answer(&app, Generation::Older, &headers, asked, None).await
}

/// As /chat-api/configuration (oldest path).
#[utoipa::path(
    post, path = "/webchat-config", tag = "Chat API before 3.0", operation_id = "postConfigurationWebchat",
    params(Asked), request_body = Option<serde_json::Map<String, Value>>,
    responses(
        (status = 200, description = "The configuration", body = ChatConfiguration),
        (status = 400, description = "A query value is wrong; plain text", body = String, content_type = "text/plain"),
        (status = "4XX", description = "As for /chat-api/configuration", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn post_webchat_config(app: State<App>, headers: HeaderMap, asked: Asking, body: Body) -> Response {
    answer(&app, Generation::Older, &headers, asked, Some(body)).await
}

type Asking = Result<Query<Asked>, QueryRejection>;

async fn answer(
    app: &Shared,
    generation: Generation,
    headers: &HeaderMap,
    asked: Asking,
    body: Option<Body>,
) -> Response {
    match admitted(app, generation, headers, asked, body).await {
        Err(refusal) => refusal.into_response(),
        Ok(visit) => {
            let configured = configured(app, &visit).await;
            visit.answer(configured.map_or_else(Refusal::into_response, |all| said(&Value::Object(all))))
        }
    }
}

async fn admitted(
    app: &Shared,
    generation: Generation,
    headers: &HeaderMap,
    asked: Asking,
    body: Option<Body>,
) -> Result<Visit, Refusal> {
    visit::require_key(app, generation, headers).await?;
    let Query(asked) = asked.map_err(|error| Violations::of("query", error.body_text()))?;
    if let Some(body) = body {
        let body = body::json(headers, body, app.options.body_timeout).await?;
        check_body(&body)?;
    }
    if asked.width.as_deref().is_some_and(|width| !width.is_empty() && width.parse::<i64>().is_err()) {
        return Err(Refusal::Plain("Width parameter must be an integer."));
    }
    if asked.url.as_deref().is_some_and(|url| !url.is_empty() && !is_url(url)) {
        return Err(Refusal::Plain("Url parameter is not a valid URL."));
    }
    let claims = Claims {
        user: asked.user_id.as_deref().filter(|id| !id.is_empty()),
        scenario: asked.selected_scenario.as_deref().filter(|name| !name.is_empty()),
    };
    visit::admit(app, generation, Effect::Reads, headers, claims).await
}

fn check_body(body: &[u8]) -> Result<(), Refusal> {
    if body.is_empty() {
        return Ok(());
    }
    let fields = Fields::of_body(body)?;
    let mut wrong = Violations::default();
    for field in ["custom_settings", "tags"] {
        if matches!(fields.get(field)?, Field::Text(_) | Field::Scalar(_)) {
            wrong.add(field, format!("The {field} must be an object or a list."));
        }
    }
    wrong.or(())
}

fn is_url(text: &str) -> bool {
    text.len() <= 4_096
        && text.parse::<axum::http::Uri>().is_ok_and(|url| url.scheme().is_some() && url.host().is_some())
}

/// Settings and defaults, and how the chat opens for this visitor (row OD-W18).
async fn configured(app: &Shared, visit: &Visit) -> Result<Map<String, Value>, Refusal> {
    let known = app.directory.now();
    // Without an agent the look is that of the one that conditions would most likely choose.
    let first = || known.agents(Some(visit.tenant.id())).filter(|agent| agent.serves()).min_by_key(|a| a.agent.id);
    let Some(agent) = visit.agent.as_ref().or_else(first) else {
        return Err(Violations::of("selected_scenario", "There is no scenario here yet.").into());
    };
    let kind = app.runtime.user_type(visit.tenant.id(), agent.agent.id, &visit.contact).await?;
    let mut all = appearance::complete(&agent.settings.appearance, agent.tenant.branding.palette.as_ref());
    let (name, minimised, opens) = match kind {
        UserType::New => ("new", "newUserStartMinimized", "newUserOpenCallback"),
        UserType::Returning => ("returning", "returningUserStartMinimized", "returningUserOpenCallback"),
        UserType::Ongoing => ("ongoing", "ongoingUserStartMinimized", "ongoingUserOpenCallback"),
    };
    let general = |name: &str| all["general"].get(name).cloned();
    let minimised = general(minimised).unwrap_or(Value::Bool(false));
    // No open intent, no `chat_open`: an ongoing visitor goes on where they were (row OD-W20).
    let opens = general(opens).filter(|intent| intent != "").unwrap_or(Value::Null);
    all.insert("userType".to_owned(), name.into());
    all.insert("showMinimized".to_owned(), minimised);
    all.insert("openIntent".to_owned(), opens);
    if let Some(token) = &visit.csrf {
        all.insert("csrfToken".to_owned(), token.as_str().into());
    }
    Ok(all)
}
