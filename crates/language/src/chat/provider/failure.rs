//! Why a provider gave no answer, in our terms.
//!
//! Invariant: no text says what a provider wrote freely, for that may quote the key or the prompt. Codes and types,
//! which are single words, are kept.

use std::{error::Error, time::Duration};

use jiff::Timestamp;
use model::chat::{ChatError, ChatErrorKind};
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use super::Seen;
use crate::chat::endpoint::ModelEndpoint;

/// Longest wait that a provider is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// Longest code that is kept, in bytes.
const LONGEST_CODE: usize = 64;

/// A failure of the client library.
pub(super) fn of(endpoint: &ModelEndpoint, seen: &Seen, error: genai::Error) -> ChatError {
    use genai::Error as E;
    let name = endpoint.name();
    match error {
        E::HttpError { status, body, headers, .. } => http(&name, status, &body, &headers),
        E::WebStream { error, .. } => match error.downcast::<genai::Error>() {
            Ok(inner) => of(endpoint, seen, *inner),
            Err(error) => match error.downcast::<reqwest::Error>() {
                Ok(inner) => transport(&name, *inner),
                // Neither text nor a stream of events.
                Err(_) => rubbish(&name),
            },
        },
        E::WebModelCall { webc_error: genai::webc::Error::Reqwest(inner), .. } => transport(&name, inner),
        E::ChatResponse { .. } if seen.blocked() => blocked(&name),
        E::ChatResponse { body, .. } => within_stream(&name, &body),
        E::StreamParse { serde_error, .. } if serde_error.is_eof() => cut(&name),
        E::StreamParse { .. } | E::JsonValueExt(_) | E::SerdeJson(_) | E::InvalidJsonResponseElement { .. } => {
            rubbish(&name)
        }
        E::Resolver { .. } | E::RequiresApiKey { .. } | E::NoAuthResolver { .. } | E::NoAuthData { .. } => {
            ChatError::new(ChatErrorKind::NotConfigured, format!("key: {name} needs one"))
        }
        _ => ChatError::new(ChatErrorKind::Refused, format!("the request cannot be put to {name}")),
    }
}

/// A stream that is over without having said so.
pub(super) fn without_end(endpoint: &ModelEndpoint, seen: &Seen) -> ChatError {
    if seen.protocol() { cut(&endpoint.name()) } else { rubbish(&endpoint.name()) }
}

/// An answer that is no success.
pub(super) fn http(name: &str, status: StatusCode, body: &str, headers: &HeaderMap) -> ChatError {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let codes = codes(&body);
    let has = |code: &str| codes.iter().any(|known| known == code);
    let filtered = has("content_filter") || has("content_policy_violation");
    let (kind, what) = match status.as_u16() {
        400..=499 if filtered => return blocked(name),
        401 | 403 => (ChatErrorKind::Refused, "refuses the key"),
        429 if has("insufficient_quota") => (ChatErrorKind::Refused, "has no quota left"),
        429 => (ChatErrorKind::RateLimited, "is asked too much"),
        408 => (ChatErrorKind::TimedOut, "waited too long for the request"),
        409 | 425 | 500..=599 => (ChatErrorKind::Unavailable, "fails"),
        404 => (ChatErrorKind::Refused, "does not know the address or the model"),
        300..=399 => (ChatErrorKind::Refused, "lies elsewhere: redirects are not followed"),
        _ => (ChatErrorKind::Refused, "refuses the request"),
    };
    let code = codes.first().map(|code| format!(", {code}")).unwrap_or_default();
    ChatError {
        retry_after: retry_after(headers),
        ..ChatError::new(kind, format!("{name} {what} ({}{code})", status.as_u16()))
    }
}

/// A request that got no answer, or not all of one.
pub(super) fn transport(name: &str, error: reqwest::Error) -> ChatError {
    let error = error.without_url();
    let mut innermost: &(dyn Error + 'static) = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if error.is_connect() {
        return ChatError::new(ChatErrorKind::Unavailable, format!("{name} cannot be reached: {innermost}"));
    }
    if error.is_timeout() {
        return ChatError::new(ChatErrorKind::TimedOut, format!("{name} does not answer in time"));
    }
    if error.is_body() || error.is_decode() {
        return cut(name);
    }
    if error.is_builder() {
        return ChatError::new(ChatErrorKind::NotConfigured, format!("the request to {name} cannot be made"));
    }
    ChatError::new(ChatErrorKind::Unavailable, format!("{name} ends the connection: {innermost}"))
}

pub(super) fn rubbish(name: &str) -> ChatError {
    ChatError::new(ChatErrorKind::Rubbish, format!("what {name} answers cannot be understood"))
}

fn cut(name: &str) -> ChatError {
    ChatError::new(ChatErrorKind::Cut, format!("the answer of {name} breaks off"))
}

fn blocked(name: &str) -> ChatError {
    ChatError::new(ChatErrorKind::Blocked, format!("{name} refuses to answer because of what was said"))
}

/// A failure that is told within the stream.
fn within_stream(name: &str, body: &Value) -> ChatError {
    let codes = codes(body);
    let Some(code) = codes.first() else { return rubbish(name) };
    let kind = match code.to_ascii_lowercase().as_str() {
        "content_filter" | "content_policy_violation" => return blocked(name),
        "rate_limit_error" | "rate_limit_exceeded" | "resource_exhausted" | "429" => ChatErrorKind::RateLimited,
        "authentication_error"
        | "permission_error"
        | "invalid_request_error"
        | "not_found_error"
        | "invalid_argument"
        | "permission_denied"
        | "unauthenticated"
        | "not_found"
        | "invalid_api_key"
        | "context_length_exceeded"
        | "model_not_found" => ChatErrorKind::Refused,
        // `overloaded_error`, `api_error`, `server_error`, `UNAVAILABLE`, and what nobody has heard of.
        _ => ChatErrorKind::Unavailable,
    };
    ChatError::new(kind, format!("{name} fails within its answer ({code})"))
}

/// What an error is called: its code before its type, wherever the provider writes them.
fn codes(body: &Value) -> Vec<String> {
    // Gemini's may be a list of one.
    let body = body.get(0).unwrap_or(body);
    let error = body.get("error").unwrap_or(body);
    let inner = error.get("innererror").unwrap_or(&Value::Null);
    let fields = [error.get("code"), error.get("type"), error.get("status"), inner.get("code")];
    let texts = fields.into_iter().flatten().filter_map(|field| match field {
        Value::String(text) => Some(text.clone()),
        // Gemini's number says less than its status.
        Value::Number(number) if error.get("status").is_none() => Some(number.to_string()),
        _ => None,
    });
    let is_code = |text: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        !text.is_empty() && text.len() <= LONGEST_CODE && text.bytes().all(plain) && !looks_secret(text)
    };
    texts.filter(is_code).collect()
}

/// A key in the place of a code, which only a malicious endpoint would write.
fn looks_secret(text: &str) -> bool {
    text.len() >= 20 && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// When to try again: `Retry-After` (RFC 9110 §10.2.3), or `retry-after-ms`, which is finer.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(milliseconds).min(LONGEST_WAIT));
    }
    let header = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
    }
    let at = jiff::fmt::rfc2822::parse(header).ok()?.timestamp();
    let wait = at.as_second() - Timestamp::now().as_second();
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or_default()).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn answered(status: u16, body: &Value, headers: &HeaderMap) -> ChatError {
        http("openai/m", StatusCode::from_u16(status).unwrap(), &body.to_string(), headers)
    }

    #[rstest]
    #[case(400, json!({"error": {"message": "no", "code": "content_filter"}}), ChatErrorKind::Blocked)]
    #[case(400, json!({"error": {"type": "invalid_request_error"}}), ChatErrorKind::Refused)]
    #[case(401, json!({"error": {"code": "invalid_api_key"}}), ChatErrorKind::Refused)]
    #[case(403, Value::Null, ChatErrorKind::Refused)]
    #[case(404, json!("not found"), ChatErrorKind::Refused)]
    #[case(408, Value::Null, ChatErrorKind::TimedOut)]
    #[case(429, json!({"error": {"code": "rate_limit_exceeded"}}), ChatErrorKind::RateLimited)]
    #[case(429, json!({"error": {"code": "insufficient_quota"}}), ChatErrorKind::Refused)]
    #[case(500, Value::Null, ChatErrorKind::Unavailable)]
    #[case(529, json!({"type": "error", "error": {"type": "overloaded_error"}}), ChatErrorKind::Unavailable)]
    #[case(302, Value::Null, ChatErrorKind::Refused)]
    fn statuses_have_a_kind(#[case] status: u16, #[case] body: Value, #[case] kind: ChatErrorKind) {
        let error = answered(status, &body, &HeaderMap::new());
        assert_eq!(error.kind, kind, "{error}");
        assert!(kind == ChatErrorKind::Blocked || error.message.contains(&status.to_string()), "{error}");
    }

    #[test]
    fn what_a_provider_writes_freely_is_not_repeated() {
        let body = json!({"error": {"message": "Incorrect API key provided: sk-secret", "code": "invalid_api_key"}});
        let error = answered(401, &body, &HeaderMap::new());
        assert_eq!(error.message, "openai/m refuses the key (401, invalid_api_key)");
        for code in ["the key is sk-secret", "sk-proj-0123456789abcdef", &"x".repeat(65)] {
            let error = answered(500, &json!({"error": {"code": code}}), &HeaderMap::new());
            assert_eq!(error.message, "openai/m fails (500)");
        }
    }

    #[rstest]
    #[case(json!({"message": "x", "type": "server_error"}), ChatErrorKind::Unavailable)]
    #[case(json!({"type": "error", "error": {"type": "overloaded_error"}}), ChatErrorKind::Unavailable)]
    #[case(json!({"type": "error", "error": {"type": "rate_limit_error"}}), ChatErrorKind::RateLimited)]
    #[case(json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}), ChatErrorKind::RateLimited)]
    #[case(json!({"error": {"code": 400, "status": "INVALID_ARGUMENT"}}), ChatErrorKind::Refused)]
    #[case(json!({"finishReason": null}), ChatErrorKind::Rubbish)]
    #[case(json!("?"), ChatErrorKind::Rubbish)]
    fn failures_within_a_stream_have_a_kind(#[case] body: Value, #[case] kind: ChatErrorKind) {
        assert_eq!(within_stream("m", &body).kind, kind);
    }

    #[test]
    fn retry_after_is_seconds_milliseconds_or_a_date() {
        let headers = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), value)])
        };
        assert_eq!(retry_after(&headers("retry-after", "7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("retry-after", "99999999999")), Some(LONGEST_WAIT));
        assert_eq!(retry_after(&headers("retry-after-ms", "250")), Some(Duration::from_millis(250)));
        assert_eq!(retry_after(&headers("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("retry-after", "soon")), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
