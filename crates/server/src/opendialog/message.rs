//! `POST /chat-api/message` and its older names: one act of a visitor, and what the agent says to it
//! (spec/opendialog.md §5.2).

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use model::inbound::Act;
use runtime::{AgentChoice, Arrival, Conversation, TurnCall};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    body, browser, enclosed,
    envelope::{self, Envelope},
    refusal::{ErrorBody, Refusal},
    schema::{ChatMessage, ChatRequest},
    visit::{self, Claims, Effect, Generation, Visit},
    visitor_token, wire,
};
use crate::{
    app::{App, Shared},
    serve::Peer,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(message)).routes(routes!(incoming_chat_api)).routes(routes!(incoming_webchat))
}

/// Says something to the agent.
///
/// The answer is one message as an object, or several as an array; `[]` when there is nothing to
/// say, and an empty body for `url_click`.
#[utoipa::path(
    post, path = "/chat-api/message", tag = "Chat API", operation_id = "sendMessage",
    request_body = ChatRequest,
    params(
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
        ("X-CSRF-TOKEN" = Option<String>, Header, description = "Repeats the cookie `parlance_csrf_token` where CSRF is on"),
        ("X-Parlance-Visitor-Token" = Option<String>, Header,
         description = "A JWT of one of the tenant's issuers: its claims become attributes of the visitor"),
    ),
    responses(
        (status = 200, description = "What the agent says; empty for `url_click`",
         content((ChatMessage = "application/json"), (String = "text/plain"))),
        (status = 401, description = "App key or anonymous token missing or wrong, or the visitor's token is not good",
         body = ErrorBody),
        (status = 403, description = "CSRF header missing or wrong", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
        (status = 422, description = "Fields missing or wrong", body = ErrorBody),
        (status = 503, description = "Too busy; try again", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn message(app: State<App>, peer: Peer, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    answer(&app, Generation::Current, &peer, &uri, &headers, body).await
}

/// Says something to the agent (path of 2025).
#[utoipa::path(
    post, path = "/incoming/chatApi", tag = "Chat API before 3.0", operation_id = "sendMessageChatApi",
    request_body = ChatRequest,
    responses(
        (status = 200, description = "What the agent says; empty for `url_click`",
         content((ChatMessage = "application/json"), (String = "text/plain"))),
        (status = "4XX", description = "As for /chat-api/message", body = ErrorBody),
        (status = "5XX", description = "As for /chat-api/message", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn incoming_chat_api(app: State<App>, peer: Peer, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    answer(&app, Generation::Older, &peer, &uri, &headers, body).await
}

/// Says something to the agent (oldest path).
#[utoipa::path(
    post, path = "/incoming/webchat", tag = "Chat API before 3.0", operation_id = "sendMessageWebchat",
    request_body = ChatRequest,
    responses(
        (status = 200, description = "What the agent says; empty for `url_click`",
         content((ChatMessage = "application/json"), (String = "text/plain"))),
        (status = "4XX", description = "As for /chat-api/message", body = ErrorBody),
        (status = "5XX", description = "As for /chat-api/message", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn incoming_webchat(app: State<App>, peer: Peer, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    answer(&app, Generation::Older, &peer, &uri, &headers, body).await
}

/// What agents know this channel as.
const PLATFORM: &str = "webchat";

async fn answer(
    app: &Shared,
    generation: Generation,
    peer: &Peer,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    let started = std::time::Instant::now();
    match admitted(app, generation, headers, body).await {
        Err(refusal) => refusal.into_response(),
        Ok((visit, envelope)) => {
            // The visitor's cookies go out even when the turn fails: the id is theirs from now on.
            let response = turn(app, peer, uri, headers, &visit, envelope).await;
            app.meters.turn(started.elapsed(), response.is_ok());
            visit.answer(response.unwrap_or_else(Refusal::into_response))
        }
    }
}

async fn admitted(
    app: &Shared,
    generation: Generation,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Visit, Envelope), Refusal> {
    // Strangers are told so before their body is looked at.
    visit::require_key(app, generation, headers).await?;
    let body = body::json(headers, body, app.options.body_timeout).await?;
    let envelope = envelope::parse(&body)?;
    let claims = Claims { user: Some(envelope.contact.as_str()), scenario: envelope.scenario.as_deref() };
    let visit = visit::admit(app, generation, Effect::Writes, headers, claims).await?;
    Ok((visit, envelope))
}

async fn turn(
    app: &Shared,
    peer: &Peer,
    uri: &Uri,
    headers: &HeaderMap,
    visit: &Visit,
    mut envelope: Envelope,
) -> Result<Response, Refusal> {
    envelope.inbound.verified = visitor_token::verified(visit, headers, envelope.token.take()).await?;
    enclosed::take_files(app, visit, &mut envelope.inbound).await?;
    let source_ip = app.source_ip(headers, peer.ip());
    browser::describe(app, visit, headers, &source_ip, &mut envelope.inbound).await?;
    let agent = visit.agent.as_ref().map_or(AgentChoice::ByConditions, |agent| AgentChoice::Named(agent.agent.id));
    let silent = envelope.inbound.act == Act::Link;
    let call = TurnCall {
        tenant: visit.tenant.id().clone(),
        agent,
        contact: visit.contact.clone(),
        message_id: envelope.message_id,
        inbound: envelope.inbound,
        request: Arrival { url: uri.path().to_owned(), source_ip },
        platform: PLATFORM,
        conversation: Conversation::Latest,
        live: None,
    };
    let answer = app.runtime.turn(call).await?;
    if silent {
        return Ok("".into_response());
    }
    Ok(said(&wire::Answer::new(&answer.messages, answer.at, answer.time_zone.as_deref())))
}

/// JSON, serialised once.
pub(crate) fn said(messages: &impl Serialize) -> Response {
    // Room for what most answers take.
    let mut body = Vec::with_capacity(1_024);
    serde_json::to_writer(&mut body, messages).expect("texts, numbers and JSON are JSON");
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
