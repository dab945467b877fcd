//! Server-sent events as they are written (WHATWG HTML §9.2).

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The media type of a stream.
pub(crate) const MEDIA_TYPE: &str = "text/event-stream";

/// One event. Its data is JSON, which has no line ends of its own.
pub(crate) fn frame(event: &str, id: Option<&str>, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("texts, numbers and JSON values serialise");
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {event}\n{id}data: {data}\n\n").into()
}

/// The answer whose body is a stream.
pub(crate) fn response(body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that collects an answer before it hands it on would keep everything back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_with_line_ends_stays_one_event() {
        let written = frame("message", Some("7.1"), &json!({ "content": "one\ntwo\r\n\nevent: x" }));
        let text = String::from_utf8(written.to_vec()).expect("text");
        assert!(text.starts_with("event: message\nid: 7.1\ndata: {"), "{text}");
        assert_eq!(text.matches('\n').count(), 4, "{text}");
        assert!(text.ends_with("\n\n"));
    }
}
