//! One call of one model: the request in the provider's form, the answer read as it streams in.
//!
//! Invariants: an answer counts only once the provider has said that it is over; what a tenant configures is called
//! only through the client that was given, and its address is asked about first, because a literal IP address is never
//! looked up.

mod address;
mod failure;
mod moderation;
mod request;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::StreamExt;
use genai::chat::{CacheControl, ChatOptions, ChatStreamEvent, ReasoningEffort, StopReason, StreamEnd};
use model::chat::{ChatError, ChatErrorKind, ChatReply, ChatRequest, Role, ToolCall, Usage};
use serde_json::{Map, Value};
use tokio::sync::mpsc::UnboundedSender;

use super::{
    endpoint::{Key, ModelEndpoint, Provider},
    models::Permit,
    script::play,
};

/// Most bytes of an answer's text that are read.
const MOST_TEXT: usize = 1 << 20;
/// Most calls of tools in an answer.
const MOST_CALLS: usize = 128;

/// Where the parts of an answer go, and whether any went.
#[derive(Debug)]
pub(super) struct Deltas<'a> {
    to: Option<&'a UnboundedSender<String>>,
    said: AtomicBool,
}

impl<'a> Deltas<'a> {
    pub(super) const fn new(to: Option<&'a UnboundedSender<String>>) -> Self {
        Self { to, said: AtomicBool::new(false) }
    }

    pub(super) fn say(&self, part: &str) {
        let Some(to) = self.to else { return };
        if part.is_empty() {
            return;
        }
        self.said.store(true, Ordering::Relaxed);
        // Who stopped listening still wants the whole answer in the end.
        let _ = to.send(part.to_owned());
    }

    /// Whether the customer may have seen a part of an answer.
    pub(super) fn said(&self) -> bool {
        self.said.load(Ordering::Relaxed)
    }
}

/// The client of all providers.
#[derive(Clone)]
pub(super) struct Providers {
    client: genai::Client,
    http: reqwest::Client,
    permit: Permit,
}

impl Providers {
    pub(super) fn new(http: reqwest::Client, permit: Permit) -> Self {
        let client = genai::Client::builder().with_reqwest(http.clone()).build();
        Self { client: client.expect("a client that is given is not built"), http, permit }
    }

    /// Asks a model once.
    pub(super) async fn ask(
        &self,
        endpoint: &ModelEndpoint,
        request: &ChatRequest,
        deltas: &Deltas<'_>,
    ) -> Result<ChatReply, ChatError> {
        let reply = match (endpoint.provider, &endpoint.script) {
            (Provider::Scripted, Some(script)) => play(script, request, deltas).await?,
            (Provider::Scripted, None) => {
                return Err(ChatError::new(ChatErrorKind::NotConfigured, "the scripted model has no script"));
            }
            _ => self.stream(endpoint, request, deltas).await.map_err(|error| without_key(endpoint, error))?,
        };
        if reply.text.trim().is_empty() && reply.tool_calls.is_empty() && !may_add_nothing(request) {
            let message = format!("{} answers neither a text nor a call of a tool", endpoint.name());
            return Err(ChatError::new(ChatErrorKind::Rubbish, message));
        }
        Ok(ChatReply { model: endpoint.name(), ..reply })
    }

    async fn stream(
        &self,
        endpoint: &ModelEndpoint,
        request: &ChatRequest,
        deltas: &Deltas<'_>,
    ) -> Result<ChatReply, ChatError> {
        let target = address::target(endpoint, &self.permit)?;
        check_tools(endpoint, request)?;
        let seen = Arc::new(Seen::default());
        let options = options(endpoint.provider, request, &seen);
        let failed = |error| failure::of(endpoint, &seen, error);
        let asked = self.client.exec_chat_stream(target, request::in_terms_of_provider(request), Some(&options));
        let mut events = asked.await.map_err(failed)?.stream;
        let mut text = String::new();
        while let Some(event) = events.next().await {
            match event.map_err(failed)? {
                ChatStreamEvent::Chunk(chunk) => {
                    text.push_str(&chunk.content);
                    if text.len() > MOST_TEXT {
                        let message = format!("{} answers more than {MOST_TEXT} bytes", endpoint.name());
                        return Err(ChatError::new(ChatErrorKind::Rubbish, message));
                    }
                    deltas.say(&chunk.content);
                }
                ChatStreamEvent::End(end) => return finish(endpoint, request, &seen, text, end),
                _ => {}
            }
        }
        Err(failure::without_end(endpoint, &seen))
    }
}

/// Whether a model may leave it at what it has said: it spoke as it called the tools that have just answered. Many then
/// have nothing to add, and to ask them again or another one would make an apology of it.
fn may_add_nothing(request: &ChatRequest) -> bool {
    let has_answered = request.messages.last().is_some_and(|last| last.role == Role::Tool);
    let mut since = request.messages.iter().rev().take_while(|message| message.role != Role::User);
    has_answered && since.any(|message| message.role == Role::Assistant && !message.content.trim().is_empty())
}

/// The last guard against a provider that writes the key where a code is expected.
fn without_key(endpoint: &ModelEndpoint, error: ChatError) -> ChatError {
    match endpoint.key.as_ref().map(Key::text) {
        Some(key) if !key.is_empty() && error.message.contains(key) => {
            ChatError { message: error.message.replace(key, "…"), ..error }
        }
        _ => error,
    }
}

/// Names that a provider has for tools of its own, which run there and cost there, however they are described.
fn check_tools(endpoint: &ModelEndpoint, request: &ChatRequest) -> Result<(), ChatError> {
    let own: &[&str] = match endpoint.provider {
        Provider::Anthropic => &["web_search"],
        Provider::Gemini => &["googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext"],
        _ => &[],
    };
    match request.tools.iter().find(|tool| own.contains(&tool.name.as_str())) {
        None => Ok(()),
        Some(tool) => {
            let message =
                format!("the function `{}` has the name of a tool of {}: rename it", tool.name, endpoint.name());
            Err(ChatError::new(ChatErrorKind::NotConfigured, message))
        }
    }
}

/// What was noticed of the frames of a stream, beside what they say.
#[derive(Debug, Default)]
struct Seen {
    /// One frame at least is of the provider's protocol.
    protocol: AtomicBool,
    /// The prompt was refused because of what it says.
    blocked: AtomicBool,
}

impl Seen {
    fn note(&self, provider: Provider, event: Option<&str>, data: &str) {
        let of_protocol = match provider {
            Provider::Anthropic => {
                event.is_some_and(|event| event.starts_with("message") || event.starts_with("content_block"))
            }
            Provider::Gemini => data.contains("\"candidates\"") || data.contains("\"promptFeedback\""),
            _ => data.contains("\"choices\""),
        };
        if of_protocol {
            self.protocol.store(true, Ordering::Relaxed);
        }
        if provider == Provider::Gemini && data.contains("\"blockReason\"") {
            self.blocked.store(true, Ordering::Relaxed);
        }
    }

    fn protocol(&self) -> bool {
        self.protocol.load(Ordering::Relaxed)
    }

    fn blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }
}

fn options(provider: Provider, request: &ChatRequest, seen: &Arc<Seen>) -> ChatOptions {
    let seen = seen.clone();
    let mut options = ChatOptions::default()
        .with_capture_usage(true)
        .with_capture_tool_calls(true)
        .with_raw_frame_fn(move |_, frame| seen.note(provider, frame.event, frame.data));
    if let Some(temperature) = request.temperature {
        options = options.with_temperature(temperature);
    }
    if let Some(most) = request.max_tokens {
        options = options.with_max_tokens(most);
    }
    if !matches!(provider, Provider::Anthropic | Provider::Gemini) {
        // Neither is sent: a budget keeps a name such as `o3-mini-high` whole, and the cache's life keeps a gateway
        // from being told of a way of caching that it does not know.
        options =
            options.with_reasoning_effort(ReasoningEffort::Budget(0)).with_cache_control(CacheControl::Ephemeral5m);
    }
    options
}

fn finish(
    endpoint: &ModelEndpoint,
    request: &ChatRequest,
    seen: &Seen,
    text: String,
    end: StreamEnd,
) -> Result<ChatReply, ChatError> {
    match &end.captured_stop_reason {
        Some(StopReason::ContentFilter(_)) => {
            let message = format!("{} refuses to answer because of what was said", endpoint.name());
            return Err(ChatError::new(ChatErrorKind::Blocked, message));
        }
        // Gemini has no mark for the end: an answer without a reason to end broke off.
        None if endpoint.provider == Provider::Gemini => return Err(failure::without_end(endpoint, seen)),
        _ => {}
    }
    let usage = end.captured_usage.as_ref().map(usage).unwrap_or_default();
    let calls = end.captured_into_tool_calls().unwrap_or_default();
    if calls.len() > MOST_CALLS {
        let message = format!("{} calls more than {MOST_CALLS} tools at once", endpoint.name());
        return Err(ChatError::new(ChatErrorKind::Rubbish, message));
    }
    Ok(ChatReply { text, tool_calls: tool_calls(request, calls), usage, model: String::new() })
}

/// Calls with ids that are unique within the prompt: some providers give none, or the same ones each time.
fn tool_calls(request: &ChatRequest, calls: Vec<genai::chat::ToolCall>) -> Vec<ToolCall> {
    let before = request.messages.iter().flat_map(|message| &message.tool_calls);
    let mut taken: Vec<String> = before.map(|call| call.id.clone()).collect();
    let mut made = Vec::with_capacity(calls.len());
    // A gap in the numbering of a stream is filled with copies that have no name of their own.
    for call in calls.into_iter().filter(|call| !call.fn_name.is_empty()) {
        let mut id = call.call_id;
        let mut number = taken.len();
        // The library's own form for a provider that gives no ids: it is not sent back to it.
        let is_made_up = id.starts_with("call#");
        while id.is_empty() || taken.contains(&id) {
            id = if is_made_up { format!("call#{}#{number}", call.fn_name) } else { format!("call_{number}") };
            number += 1;
        }
        taken.push(id.clone());
        made.push(ToolCall { id, name: call.fn_name, arguments: arguments(call.fn_arguments) });
    }
    made
}

/// The arguments of a call as JSON. What is none stays a text, and is for the caller to answer.
fn arguments(value: Value) -> Value {
    match value {
        Value::Null => Value::Object(Map::new()),
        // Tools without parameters are called with nothing by some models.
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

fn usage(usage: &genai::chat::Usage) -> Usage {
    let tokens = |number: Option<i32>| number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default();
    let cached = usage.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens);
    Usage {
        input_tokens: tokens(usage.prompt_tokens),
        cached_tokens: tokens(cached),
        output_tokens: tokens(usage.completion_tokens),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use model::chat::ChatMessage;
    use serde_json::json;

    use super::*;

    fn call(id: &str, name: &str, arguments: Value) -> genai::chat::ToolCall {
        genai::chat::ToolCall {
            call_id: id.to_owned(),
            fn_name: name.to_owned(),
            fn_arguments: arguments,
            thought_signatures: None,
        }
    }

    #[test]
    fn ids_of_calls_are_unique_within_the_prompt() {
        let earlier = ChatMessage {
            tool_calls: vec![ToolCall { id: "call_0".to_owned(), name: "a".to_owned(), arguments: json!({}) }],
            ..ChatMessage::new(Role::Assistant, "")
        };
        let request = ChatRequest { messages: vec![earlier], ..ChatRequest::default() };
        let calls = vec![
            call("call_0", "a", json!({})),
            call("x", "b", json!({})),
            call("x", "c", json!({})),
            call("", "", json!("")),
        ];
        let made = tool_calls(&request, calls);
        let ids: Vec<&str> = made.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids, ["call_1", "x", "call_3"]);
    }

    #[test]
    fn ids_that_the_library_makes_up_keep_their_form() {
        let earlier = ToolCall { id: "call#a#0".to_owned(), name: "a".to_owned(), arguments: json!({}) };
        let earlier = ChatMessage { tool_calls: vec![earlier], ..ChatMessage::new(Role::Assistant, "") };
        let request = ChatRequest { messages: vec![earlier], ..ChatRequest::default() };
        assert_eq!(tool_calls(&request, vec![call("call#a#0", "a", json!({}))])[0].id, "call#a#1");
    }

    #[test]
    fn who_has_spoken_and_called_may_add_nothing() {
        let user = || ChatMessage::new(Role::User, "When is it?");
        let said = |text: &str| ChatMessage::new(Role::Assistant, text);
        let told = || ChatMessage::tool("call_0", "done");
        let may = |messages| may_add_nothing(&ChatRequest { messages, ..ChatRequest::default() });
        assert!(may(vec![user(), said("I look it up."), told()]));
        assert!(may(vec![user(), said("I look it up."), told(), said(""), told()]));
        assert!(!may(vec![user(), said(""), told()]), "nobody has said anything");
        assert!(!may(vec![said("Welcome."), user(), said(""), told()]), "that was before");
        assert!(!may(vec![user(), said("Monday.")]) && !may(vec![user()]) && !may(vec![]));
    }

    #[test]
    fn a_function_does_not_become_a_tool_of_the_provider() {
        let tool =
            |name: &str| model::chat::Tool { name: name.to_owned(), description: String::new(), parameters: json!({}) };
        let request = |name| ChatRequest { tools: vec![tool("a"), tool(name)], ..ChatRequest::default() };
        let check = |provider, name| check_tools(&ModelEndpoint::new(provider, "m"), &request(name));
        assert!(check(Provider::Anthropic, "web_search").unwrap_err().message.contains("`web_search`"));
        assert!(check(Provider::Gemini, "urlContext").is_err());
        assert!(check(Provider::OpenAi, "web_search").is_ok() && check(Provider::Gemini, "web_search").is_ok());
    }

    #[test]
    fn arguments_are_json_or_the_text_that_is_none() {
        assert_eq!(arguments(json!("{\"a\": 1}")), json!({"a": 1}));
        assert_eq!(arguments(json!("{\"a\": ")), json!("{\"a\": "));
        assert_eq!(arguments(json!("")), json!({}));
        assert_eq!(arguments(Value::Null), json!({}));
        assert_eq!(arguments(json!({"a": 1})), json!({"a": 1}));
    }
}
