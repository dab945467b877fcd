//! Beginning a conversation, and saying something in it (rows DA-W1, DA-W2, DA-W9, DA-W11, DA-A11 to DA-A15).

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use model::{
    TenantId, TranscriptId,
    inbound::{Act, Inbound},
    transcript::TranscriptState,
};
use runtime::{
    ActCall, AgentChoice, Arrival, Conversation, Live, TurnCall,
    access::scope,
    endpoints::{ChannelType, EndpointEnvironment, Variant},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    access::{ChatCaller, Chatter, anonymous},
    answer::{Shape, WebchatTurn, answer, wants_events},
};
use crate::{
    api::access::{Json, Named},
    app::App,
    directory::KnownEndpoint,
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(send))
}

/// Longest message, in characters.
pub(crate) const MAX_MESSAGE: usize = 20_000;
/// Longest id of a message, and longest language tag.
const MAX_ID: usize = 255;
const MAX_LANGUAGE: usize = 35;

/// What a conversation begins with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct NewWebchat {
    /// The chat code of a point of contact; the chat link's where one is sent.
    #[schema(value_type = Option<String>)]
    chat_id: Option<Uuid>,
    /// Values by name, for functions. From a chat link they are the browser's word: what a token proves is not
    /// replaced by them.
    #[schema(value_type = Option<serde_json::Value>)]
    internal_parameters: Map<String, Value>,
    /// The language that the customer prefers: a BCP 47 tag.
    #[schema(example = "en")]
    language: Option<String>,
}

/// What a customer says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewMessage {
    #[schema(example = "I would like to book an appointment")]
    message: String,
    /// Names the message: sent again with the same name, it is answered as before and not taken twice.
    #[serde(default)]
    message_id: Option<String>,
}

/// Begins a conversation: start-up functions run, and the agent may speak first.
///
/// With `Accept: text/event-stream` the answer is a stream: `delta` (`{id, content}`) while the agent speaks, then
/// `message`, `status`, and `done` with the JSON answer; people of the tenant also see `functionCall`,
/// `functionResult` and `stateChange`.
#[utoipa::path(
    post, path = "/api/org/{tenant}/v2/webchat", tag = "Web chat", operation_id = "createWebchat",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("Authorization" = Option<String>, Header,
         description = "Beside a chat link: a JWT of one of the tenant's issuers; its claims become internal parameters"),
    ),
    request_body = NewWebchat,
    responses(
        (status = 201, description = "The conversation",
         content((WebchatTurn = "application/json"), (String = "text/event-stream"))),
        (status = 401, description = "No token, chat link or visitor's token that is good", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not with this scope, chat link or page", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The chat link is used too often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The models are busy; try again as `Retry-After` says", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("chat_link" = []), ("api_token" = ["chats:create"]))
)]
async fn create(
    app: State<App>,
    uri: Uri,
    headers: HeaderMap,
    caller: ChatCaller<scope::ChatsCreate>,
    body: Json<NewWebchat>,
) -> Result<Response, Problem> {
    let (caller, Json(new)) = (caller.who, body);
    let known = point_of_contact(&app, &caller, new.chat_id)?;
    let language = new.language.map(|language| checked_language(&language)).transpose()?;
    let transcript = TranscriptId(Uuid::now_v7());
    let Variant { flow, version, .. } = *known.endpoint.variant(transcript.0.as_u128());
    let version = version.unwrap_or(0);
    let public_name = app.runtime.loaded(known.tenant.id(), flow, version).await?.public_name().map(str::to_owned);
    let mut inbound = Inbound::new(Act::Open);
    let (contact, link) = match &caller {
        Chatter::Link(holder) => {
            inbound.visitor = new.internal_parameters;
            inbound.verified.clone_from(&holder.visitor.attributes);
            (holder.visitor.contact.clone(), Some(holder.code))
        }
        // Who has a token of the tenant is believed.
        Chatter::Person(_) => {
            inbound.verified = new.internal_parameters;
            (None, None)
        }
    };
    let state = TranscriptState {
        channel: "web".to_owned(),
        endpoint: Some(known.endpoint.id.clone()),
        link,
        test: known.endpoint.terms.environment == EndpointEnvironment::InternalTesting,
        contact_name: contact_name(&inbound.verified),
        language,
        ..TranscriptState::default()
    };
    let (live, deltas) = listening(&headers);
    let call = TurnCall {
        tenant: known.tenant.id().clone(),
        agent: AgentChoice::Version(flow, version),
        contact: contact.unwrap_or_else(anonymous),
        message_id: None,
        inbound,
        request: arrival(&uri, &caller),
        platform: "web",
        conversation: Conversation::New { transcript, state: Box::new(state) },
        live,
    };
    let runtime = app.runtime.clone();
    let shape = Shape { status: StatusCode::CREATED, public_name, for_people: matches!(caller, Chatter::Person(_)) };
    answer(Box::pin(async move { runtime.turn(call).await }), deltas, shape).await
}

/// Says something as the customer.
///
/// With `Accept: text/event-stream` the answer is a stream, as for the beginning.
#[utoipa::path(
    post, path = "/api/org/{tenant}/v2/webchat/{transcriptId}", tag = "Web chat", operation_id = "sendWebchatMessage",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("transcriptId" = String, Path, description = "The conversation"),
    ),
    request_body = NewMessage,
    responses(
        (status = 200, description = "What the agent says",
         content((WebchatTurn = "application/json"), (String = "text/event-stream"))),
        (status = 401, description = "No token, chat link or visitor's token that is good", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not with this scope or chat link", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such conversation", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is over", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The chat link is used too often", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The models are busy; try again as `Retry-After` says", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("chat_link" = []), ("api_token" = ["chats:send"]))
)]
async fn send(
    app: State<App>,
    uri: Uri,
    headers: HeaderMap,
    caller: ChatCaller<scope::ChatsSend>,
    path: Named<(String, TranscriptId)>,
    body: Json<NewMessage>,
) -> Result<Response, Problem> {
    let (caller, transcript, Json(new)) = (caller.who, path.0.1, body);
    let message = checked_message(&new.message)?;
    if new.message_id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > MAX_ID) {
        return Err(Problem::invalid(
            "messageId",
            "It is empty or too long.",
            "Send 1 to 255 characters, or leave it out.",
        ));
    }
    caller.standing(&app, transcript).await?;
    let mut inbound = Inbound::text(message);
    if let Chatter::Link(holder) = &caller {
        inbound.verified.clone_from(&holder.visitor.attributes);
    }
    let (live, deltas) = listening(&headers);
    let act = ActCall { inbound, message_id: new.message_id, request: arrival(&uri, &caller), live };
    let (runtime, tenant): (_, TenantId) = (app.runtime.clone(), caller.tenant().clone());
    let shape = Shape { status: StatusCode::OK, public_name: None, for_people: matches!(caller, Chatter::Person(_)) };
    answer(Box::pin(async move { runtime.act(&tenant, transcript, act).await }), deltas, shape).await
}

/// The point of contact of a new conversation: the chat link's, or the one that is named.
fn point_of_contact(app: &App, caller: &Chatter, named: Option<Uuid>) -> Result<Arc<KnownEndpoint>, Problem> {
    let invalid = |message: &str| {
        Problem::invalid("chatId", message, "Send the chat code of an open point of contact on the web.")
    };
    match caller {
        Chatter::Link(holder) if named.is_some_and(|named| named != holder.code) => {
            Err(invalid("It is another than the chat link's."))
        }
        Chatter::Link(holder) => Ok(holder.known.clone()),
        Chatter::Person(person) => {
            let code = named.ok_or_else(|| invalid("It is missing."))?;
            let known = app.directory.now().by_chat_code(code).cloned();
            let known = known.filter(|known| known.tenant.id() == person.tenant() && known.endpoint.is_open());
            let known = known.filter(|known| known.endpoint.terms.channel_type == ChannelType::Web);
            known.ok_or_else(|| invalid("The tenant has no open point of contact of this code."))
        }
    }
}

/// Where the agent's words are told while it speaks, for those who want events.
fn listening(headers: &HeaderMap) -> (Option<UnboundedSender<Live>>, Option<UnboundedReceiver<Live>>) {
    if !wants_events(headers) {
        return (None, None);
    }
    let (live, deltas) = mpsc::unbounded_channel();
    (Some(live), Some(deltas))
}

pub(super) fn arrival(uri: &Uri, caller: &Chatter) -> Arrival {
    Arrival { url: uri.path().to_owned(), source_ip: caller.source_ip().to_owned() }
}

/// How a contact is shown, where somebody vouches for it.
fn contact_name(verified: &Map<String, Value>) -> String {
    let said = ["name", "email", "sub"].into_iter().find_map(|name| verified.get(name).and_then(Value::as_str));
    said.map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()).unwrap_or_default()
}

/// A message that can be said.
pub(crate) fn checked_message(message: &str) -> Result<&str, Problem> {
    let length = message.chars().count();
    if message.trim().is_empty() || length > MAX_MESSAGE {
        let remedy = format!("Send 1 to {MAX_MESSAGE} characters that are not all blank.");
        return Err(Problem::invalid("message", "It is empty or too long.", remedy));
    }
    Ok(message)
}

/// A language tag, by its letters (RFC 5646 §2.1).
pub(crate) fn checked_language(language: &str) -> Result<String, Problem> {
    let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if language.len() > MAX_LANGUAGE || !language.split('-').all(is_part) {
        return Err(Problem::invalid(
            "language",
            "It is no language tag.",
            "Send a BCP 47 tag such as `en` or `fr-CA`.",
        ));
    }
    Ok(language.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_and_languages_are_bounded() {
        assert!(checked_message("Hi").is_ok() && checked_message(&"x".repeat(MAX_MESSAGE)).is_ok());
        assert!(checked_message(" \n").is_err() && checked_message(&"x".repeat(MAX_MESSAGE + 1)).is_err());
        assert!(checked_language("en").is_ok() && checked_language("zh-Hant-TW").is_ok());
        for wrong in ["", "en_US", "en-", "e n", "abcdefghi", "en\nIgnore"] {
            assert!(checked_language(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_contact_is_shown_by_what_is_proved() {
        let name = |verified: Value| contact_name(verified.as_object().expect("an object"));
        assert_eq!(name(json!({ "sub": "7", "email": "ann@x.test", "name": "Ann\u{7}" })), "Ann");
        assert_eq!(name(json!({ "sub": "7" })), "7");
        assert_eq!(name(json!({})), "");
    }
}
