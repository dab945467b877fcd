//! A provider on this machine: it notes what it is sent, and answers as it was told.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use futures_util::stream;
use language::chat::Provider;
use parking_lot::Mutex;
use serde_json::{Value, json};

/// What the provider was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// How the provider answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// What is written, part by part.
    pub(crate) parts: Vec<String>,
    /// The connection is broken off after the parts.
    pub(crate) cut: bool,
    /// The wait before the first byte.
    pub(crate) delay: Duration,
}

impl Answer {
    pub(crate) fn status(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json")];
        Self { status, headers, parts: vec![body.to_string()], cut: false, delay: Duration::ZERO }
    }

    pub(crate) fn stream(parts: Vec<String>) -> Self {
        let headers = vec![("content-type", "text/event-stream")];
        Self { status: 200, headers, parts, cut: false, delay: Duration::ZERO }
    }

    /// The answer `Hello there` of a provider.
    pub(crate) fn hello(provider: Provider) -> Self {
        Self::stream(hello(provider))
    }

    pub(crate) fn cut(self) -> Self {
        Self { cut: true, ..self }
    }

    pub(crate) fn late(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A running mock.
pub(crate) struct Mock {
    pub(crate) base: String,
    inner: Arc<Inner>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Inner {
    sent: Mutex<Vec<Sent>>,
    /// The last one answers for ever.
    answers: Mutex<VecDeque<Answer>>,
}

impl Mock {
    pub(crate) async fn start(answers: Vec<Answer>) -> Self {
        let inner = Arc::new(Inner { sent: Mutex::default(), answers: Mutex::new(answers.into()) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(inner.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, inner, server }
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.inner.sent.lock().clone()
    }

    /// The only request.
    pub(crate) fn one(&self) -> Sent {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.remove(0)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(mock): State<Arc<Inner>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    mock.sent.lock().push(Sent { method, path: uri.to_string(), headers, body });
    let answer = {
        let mut answers = mock.answers.lock();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.expect("a mock has an answer")
    };
    tokio::time::sleep(answer.delay).await;
    let end = answer.cut.then(|| Err(io::Error::other("cut")));
    let parts = answer.parts.into_iter().map(Ok).chain(end);
    // Each part is written on its own, so that the client sees what came before a cut.
    let parts = stream::unfold(parts, |mut parts| async move {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let next: Result<String, io::Error> = parts.next()?;
        Some((next, parts))
    });
    let mut response = Response::builder().status(StatusCode::from_u16(answer.status).unwrap());
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from_stream(parts)).unwrap()
}

/// One event of a stream.
pub(crate) fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// One event of Anthropic's stream, which has a name.
pub(crate) fn event(value: &Value) -> String {
    format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap())
}

/// `Hello there`, in two parts, with usage, as each provider streams it.
pub(crate) fn hello(provider: Provider) -> Vec<String> {
    match provider {
        Provider::Anthropic => vec![
            event(&json!({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [],
                "usage": {"input_tokens": 11, "cache_read_input_tokens": 4, "output_tokens": 1}}})),
            event(&json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
            event(&json!({"type": "ping"})),
            event(
                &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}),
            ),
            event(
                &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " there"}}),
            ),
            event(&json!({"type": "content_block_stop", "index": 0})),
            event(
                &json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}),
            ),
            event(&json!({"type": "message_stop"})),
        ],
        Provider::Gemini => vec![
            data(&json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello"}]}}]})),
            data(
                &json!({"candidates": [{"content": {"role": "model", "parts": [{"text": " there"}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 15, "cachedContentTokenCount": 4, "candidatesTokenCount": 7}}),
            ),
        ],
        _ => vec![
            data(
                &json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}),
            ),
            data(&json!({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": null}]})),
            data(&json!({"choices": [{"index": 0, "delta": {"content": " there"}, "finish_reason": null}]})),
            data(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})),
            data(&json!({"choices": [], "usage": {"prompt_tokens": 15, "completion_tokens": 7, "total_tokens": 22,
                "prompt_tokens_details": {"cached_tokens": 4}}})),
            "data: [DONE]\n\n".to_owned(),
        ],
    }
}

/// A text and two calls of tools, as each provider streams them.
pub(crate) fn calling(provider: Provider) -> Vec<String> {
    match provider {
        Provider::Anthropic => vec![
            event(
                &json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 20, "output_tokens": 1}}}),
            ),
            event(&json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})),
            event(
                &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Let me look."}}),
            ),
            event(&json!({"type": "content_block_stop", "index": 0})),
            event(&json!({"type": "content_block_start", "index": 1,
                "content_block": {"type": "tool_use", "id": "toolu_1", "name": "free_slots", "input": {}}})),
            event(
                &json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"day\":"}}),
            ),
            event(
                &json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": " \"monday\"}"}}),
            ),
            event(&json!({"type": "content_block_stop", "index": 1})),
            event(&json!({"type": "content_block_start", "index": 2,
                "content_block": {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}})),
            event(&json!({"type": "content_block_stop", "index": 2})),
            event(
                &json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 30}}),
            ),
            event(&json!({"type": "message_stop"})),
        ],
        Provider::Gemini => vec![
            data(&json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Let me look."}]}}]})),
            data(&json!({"candidates": [{"content": {"role": "model", "parts": [
                    {"functionCall": {"name": "free_slots", "args": {"day": "monday"}}},
                    {"functionCall": {"name": "now", "args": {}}}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 30}})),
        ],
        _ => {
            let delta = |delta: Value| data(&json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]}));
            vec![
                delta(json!({"role": "assistant", "content": "Let me look."})),
                delta(json!({"tool_calls": [{"index": 0, "id": "call_a", "type": "function",
                    "function": {"name": "free_slots", "arguments": ""}}]})),
                delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"day\":"}}]})),
                delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": " \"monday\"}"}}]})),
                delta(json!({"tool_calls": [{"index": 1, "id": "call_b", "type": "function",
                    "function": {"name": "now", "arguments": ""}}]})),
                data(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})),
                data(
                    &json!({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 30, "total_tokens": 50}}),
                ),
                "data: [DONE]\n\n".to_owned(),
            ]
        }
    }
}
