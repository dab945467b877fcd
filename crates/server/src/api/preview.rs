//! Talking to a draft before anybody else does (row OD-N37).

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use model::AgentId;
use runtime::{AgentChoice, Arrival, Conversation, TurnCall, access::scope};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::{Caller, Named};
use crate::{
    app::App,
    opendialog::{ChatMessage, ChatRequest, ErrorBody, Refusal, json_body, parse_message, said, wire},
    problem::Problem,
    serve::Peer,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(message))
}

/// Says something to the draft. Bodies are those of `POST /chat-api/message`, and so are the answers;
/// the headers `x-parlance-transcript` and `x-parlance-turn` lead to the journal.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/preview/message", tag = "Agents", operation_id = "previewMessage",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    request_body = ChatRequest,
    responses(
        (status = 200, description = "What the draft says", body = ChatMessage),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
        (status = 422, description = "Fields missing or wrong", body = ErrorBody),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:preview"]))
)]
async fn message(
    app: State<App>,
    peer: Peer,
    uri: Uri,
    headers: HeaderMap,
    caller: Caller<scope::AgentsPreview>,
    path: Named<(String, AgentId)>,
    body: Body,
) -> Response {
    let envelope = async { parse_message(&json_body(&headers, body, app.options.body_timeout).await?) };
    let envelope = match envelope.await {
        Ok(envelope) => envelope,
        Err(refusal) => return Refusal::into_response(refusal),
    };
    let call = TurnCall {
        tenant: caller.tenant().clone(),
        agent: AgentChoice::Draft(path.0.1),
        contact: envelope.contact,
        message_id: envelope.message_id,
        inbound: envelope.inbound,
        request: Arrival { url: uri.path().to_owned(), source_ip: app.source_ip(&headers, peer.ip()) },
        platform: "preview",
        conversation: Conversation::Latest,
        live: None,
    };
    match app.runtime.turn(call).await {
        Err(error) => Problem::from(error).into_response(),
        Ok(answer) => {
            let mut response = said(&wire::Answer::new(&answer.messages, answer.at, answer.time_zone.as_deref()));
            let transcript = answer.transcript.to_string().try_into().expect("an id is a header value");
            response.headers_mut().insert("x-parlance-transcript", transcript);
            response.headers_mut().insert("x-parlance-turn", answer.turn.into());
            response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
            response
        }
    }
}
