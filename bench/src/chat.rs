//! The Chat API as a client speaks it (spec/opendialog.md §5.1.1, §5.2, §5.4), as ready-made bytes.

use std::net::SocketAddr;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::scenario::{PING, UTTERANCES};

/// An agent as `agent import` names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Agent {
    /// The scenario's id.
    pub id: String,
    /// What clients authenticate with.
    pub app_key: String,
}

impl Agent {
    /// For a server that looks at neither.
    pub fn nobody() -> Self {
        Self { id: "00000000-0000-0000-0000-000000000000".into(), app_key: "0".repeat(40) }
    }
}

/// What a visitor does in each turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Presses a button whose value is the message's id; the scenario's answer repeats it.
    Button,
    /// Types one of five known utterances, to be told apart by the intent classifier.
    Text,
    /// Types the message's id; a flow says it back.
    Marker,
}

/// The id of user `number`: always [`ID_LENGTH`] bytes.
pub fn user_id(number: u64) -> String {
    format!("u{number:015}")
}

/// The id of message `number`: always [`ID_LENGTH`] bytes.
pub fn message_id(number: u64) -> String {
    format!("m{number:015}")
}

/// Length of the ids made here; all alike, so that a request is patched in place.
pub const ID_LENGTH: usize = 16;

const USER_SLOT: &str = "u~~~~~~~~~~~~~~~";
const MESSAGE_SLOT: &str = "m~~~~~~~~~~~~~~~";

/// A `POST /chat-api/message` with holes for the user and the message.
#[derive(Debug, Clone)]
pub struct MessageRequest {
    bytes: Vec<u8>,
    user_slots: Vec<usize>,
    message_slots: Vec<usize>,
}

impl MessageRequest {
    /// The requests of one visitor's act; `variant` chooses the utterance of [`Act::Text`].
    pub fn new(address: SocketAddr, agent: &Agent, act: Act, variant: usize) -> Self {
        let body = envelope(agent, act, variant).to_string();
        let bytes = format!(
            "POST /chat-api/message HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             OPENDIALOG-USER-ID: {USER_SLOT}\r\nOPENDIALOG-SCENARIO-ID: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            agent.app_key,
            agent.id,
            body.len(),
        );
        let slots = |slot: &str| bytes.match_indices(slot).map(|(at, _)| at).collect();
        Self { user_slots: slots(USER_SLOT), message_slots: slots(MESSAGE_SLOT), bytes: bytes.into_bytes() }
    }

    /// The request of `user`'s message `message`.
    pub fn fill(&mut self, user: u64, message: u64) -> &[u8] {
        for (slots, letter, number) in [(&self.user_slots, b'u', user), (&self.message_slots, b'm', message)] {
            let id = fixed_id(letter, number);
            for &at in slots {
                self.bytes[at..at + ID_LENGTH].copy_from_slice(&id);
            }
        }
        &self.bytes
    }
}

fn fixed_id(letter: u8, mut number: u64) -> [u8; ID_LENGTH] {
    let mut id = [b'0'; ID_LENGTH];
    id[0] = letter;
    for digit in id[1..].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    id
}

fn envelope(agent: &Agent, act: Act, variant: usize) -> Value {
    let mut content = json!({
        "type": "text",
        "author": USER_SLOT,
        "user_id": USER_SLOT,
        "id": MESSAGE_SLOT,
        "mode": "webchat",
        "modeInstance": 0,
        "data": { "date": "Tue 2 May", "time": "02:32:50 PM" },
        "user": {
            "first_name": "", "last_name": "", "email": "", "external_id": "",
            "ipAddress": "n/a", "country": "n/a", "browserLanguage": "en-GB", "os": "Linux", "browser": "chrome 112.0.0",
            "timezone": "Europe/London",
            "custom": { "selected_scenario": agent.id, "session_lifetime": 0 }
        }
    });
    match act {
        Act::Button => {
            content["type"] = "button_response".into();
            content["callback_id"] = PING.into();
            content["data"]["text"] = "Ping".into();
            content["data"]["value"] = format!("marker.{MESSAGE_SLOT}").into();
        }
        Act::Text => content["data"]["text"] = UTTERANCES[variant % UTTERANCES.len()].1[0].into(),
        Act::Marker => content["data"]["text"] = MESSAGE_SLOT.into(),
    }
    json!({
        "notification": "message", "user_id": USER_SLOT, "author": USER_SLOT, "message_id": MESSAGE_SLOT,
        "content": content
    })
}

/// `GET /chat-api/history` for up to `limit` rows of a user.
pub fn history_request(address: SocketAddr, agent: &Agent, user: u64, limit: usize) -> Vec<u8> {
    let user = user_id(user);
    format!(
        "GET /chat-api/history?user_id={user}&limit={limit} HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer {}\r\nOPENDIALOG-USER-ID: {user}\r\nOPENDIALOG-SCENARIO-ID: {}\r\n\r\n",
        agent.app_key, agent.id,
    )
    .into_bytes()
}

/// A plain `GET`.
pub fn get_request(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes()
}

/// One row of a history, what the kill test looks at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HistoryRow {
    /// The user's id, or `them` for the agent.
    pub author: String,
    /// The client's id of a user's message.
    #[serde(default)]
    pub message_id: Option<String>,
    /// Text of the row.
    #[serde(default)]
    pub message: Option<String>,
    /// Whatever else the message carries.
    #[serde(default)]
    pub data: Value,
}

impl HistoryRow {
    /// Whether the agent said it.
    pub fn is_answer(&self) -> bool {
        self.author == "them"
    }

    /// Whether the row's text or content mentions `id`.
    pub fn mentions(&self, id: &str) -> bool {
        self.message.as_deref().is_some_and(|text| text.contains(id)) || self.data.to_string().contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_request_is_valid_and_names_user_and_message_everywhere() {
        let address = "127.0.0.1:80".parse().unwrap();
        let mut request = MessageRequest::new(address, &Agent::nobody(), Act::Button, 0);
        let text = String::from_utf8(request.fill(7, 123).to_vec()).unwrap();
        assert!(!text.contains('~'), "{text}");
        assert!(text.contains("OPENDIALOG-USER-ID: u000000000000007\r\n"), "{text}");

        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["content"]["user_id"], user_id(7));
        assert_eq!(body["message_id"], message_id(123));
        assert_eq!(body["content"]["data"]["value"], "marker.m000000000000123");
    }

    #[test]
    fn typed_messages_go_through_the_known_utterances() {
        let address = "127.0.0.1:80".parse().unwrap();
        let texts: Vec<String> = (0..UTTERANCES.len())
            .map(|variant| MessageRequest::new(address, &Agent::nobody(), Act::Text, variant))
            .map(|mut request| String::from_utf8(request.fill(1, 1).to_vec()).unwrap())
            .collect();
        for (text, (_, examples)) in texts.iter().zip(UTTERANCES) {
            assert!(text.contains(examples[0]), "{text}");
        }
    }
}
