//! One attempt to deliver one event: what is sent, and what the answer means (Standard Webhooks,
//! "Webhook metadata" and "Payload structure").

use std::time::Duration;

use model::{TenantId, Timestamp};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use store::StoredEvent;

use super::{schedule::retry_after, secret::Secrets};
use crate::outbound::{Outbound, OutboundError};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What is sent: the same bytes under the same id at each attempt.
#[derive(Debug)]
pub(super) struct Message {
    id: String,
    body: Vec<u8>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The endpoint took it.
    Delivered { status: u16 },
    /// It did not, and may do so later.
    Failed(Failure),
    /// The endpoint wants nothing any more (410).
    Gone,
}

/// Why an endpoint did not take an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: Option<u16>,
    pub(super) reason: String,
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn without_answer(reason: String) -> Self {
        Self { status: None, reason, retry_after: None }
    }
}

impl Message {
    /// An event of the feed. Its id is the same whenever it is sent, so that receivers know it again.
    pub(super) fn of_event(tenant: &TenantId, event: &StoredEvent) -> Self {
        let id = format!("evt_{tenant}_{}", event.seq);
        let mut data = match serde_json::from_str(event.body.get()) {
            Ok(Value::Object(body)) => body,
            Ok(Value::Null) | Err(_) => Map::new(),
            Ok(other) => Map::from_iter([("value".to_owned(), other)]),
        };
        data.insert("id".to_owned(), json!(id));
        data.insert("seq".to_owned(), json!(event.seq));
        data.insert("transcript".to_owned(), json!(event.transcript));
        data.insert("contact".to_owned(), json!(event.contact));
        data.insert("agent".to_owned(), json!(event.agent));
        Self::new(id, &event.kind, event.at, data)
    }

    /// An event that did not happen, to try an endpoint with.
    pub(super) fn test(tenant: &TenantId, at: Timestamp) -> Self {
        let id = format!("evt_{tenant}_test_{}", uuid::Uuid::new_v4().simple());
        let data = Map::from_iter([("id".to_owned(), json!(id)), ("tenant".to_owned(), json!(tenant))]);
        Self::new(id, "webhook.test", at, data)
    }

    fn new(id: String, kind: &str, at: Timestamp, data: Map<String, Value>) -> Self {
        let body = json!({ "type": kind, "timestamp": at.to_string(), "data": data }).to_string().into_bytes();
        Self { id, body }
    }

    /// Sends it once.
    pub(super) async fn send(self, outbound: &Outbound, url: &str, secrets: &Secrets, limit: Duration) -> Verdict {
        let now = Timestamp::now();
        let text = |text: &str| HeaderValue::from_str(text).expect("ids, numbers and base64 are ASCII");
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (TIMESTAMP, now.seconds().into()),
            (SIGNATURE, text(&secrets.signatures(&self.id, now, &self.body))),
            (ID, text(&self.id)),
        ]);
        match outbound.post(url, headers, self.body, limit).await {
            Ok(answer) => match answer.status {
                status @ 200..=299 => Verdict::Delivered { status },
                410 => Verdict::Gone,
                status => Verdict::Failed(Failure {
                    status: Some(status),
                    reason: format!("the endpoint answered {status}"),
                    retry_after: answer.retry_after.and_then(|header| retry_after(&header, now)),
                }),
            },
            Err(error) => Verdict::Failed(Failure::without_answer(reason(&error))),
        }
    }
}

fn reason(error: &OutboundError) -> String {
    error.to_string().chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::*;

    fn event(body: &Value) -> StoredEvent {
        StoredEvent {
            seq: 7,
            kind: "turn.completed".to_owned(),
            at: Timestamp::from_seconds(1_700_000_000),
            transcript: None,
            contact: "ann".parse().ok(),
            agent: None,
            log_seq: model::LogSeq(3),
            body: to_raw_value(body).unwrap(),
        }
    }

    #[test]
    fn what_is_known_of_an_event_stands_beside_what_it_is_about() {
        let message = Message::of_event(&"demo".parse().unwrap(), &event(&json!({"turn": 1, "id": "other"})));
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(message.id, "evt_demo_7");
        assert_eq!(
            body,
            json!({
                "type": "turn.completed", "timestamp": "2023-11-14T22:13:20.000000Z",
                "data": {"turn": 1, "id": "evt_demo_7", "seq": 7, "transcript": null, "contact": "ann", "agent": null},
            })
        );
        let message = Message::of_event(&"demo".parse().unwrap(), &event(&json!("a text")));
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(body["data"]["value"], "a text");
    }
}
