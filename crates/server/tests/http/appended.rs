//! Turns that are written beside the chat, where a test must say when they were.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::{
    AgentId, EntryId, Timestamp, TranscriptId,
    inbound::Inbound,
    record::{Author, Entry, Record, RequestFacts, TurnRecord},
};
use runtime::found_by;
use serde_json::{Map, Value, json, value::to_raw_value};
use store::Store;
use uuid::Uuid;

/// One turn in which a visitor does something and the agent says `Well`.
pub(crate) struct Appended {
    pub(crate) contact: String,
    /// Which turn of the contact's.
    pub(crate) number: u32,
    pub(crate) at: Timestamp,
    pub(crate) inbound: Inbound,
    /// What is known of the contact; texts are found by.
    pub(crate) attributes: Value,
}

impl Appended {
    pub(crate) fn new(contact: &str, number: u32, at: Timestamp, inbound: Inbound) -> Self {
        Self { contact: contact.to_owned(), number, at, inbound, attributes: json!({}) }
    }

    /// Writes it for the tenant `demo`; it is durable then.
    pub(crate) async fn write(self, store: Store) {
        let Self { contact, number, at, inbound, attributes } = self;
        let attributes = attributes.as_object().expect("attributes by name");
        let found_by = attributes
            .iter()
            .filter(|(name, _)| found_by::NAMES.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned)));
        let held: Map<String, Value> = attributes
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "value": value, "provenance": "browser" })))
            .collect();
        let state = json!({ "first_seen": at, "last_seen": at, "attributes": held });
        let kind = serde_json::to_value(inbound.act).expect("an act is a name");
        let kind = kind.as_str().expect("an act is a name").to_owned();
        let line = |author, kind: String, text: String, body: Value| Entry {
            id: EntryId(Uuid::now_v7()),
            author,
            kind,
            text,
            at,
            intent: inbound.intent.clone(),
            place: None,
            body: to_raw_value(&body).expect("JSON"),
        };
        let said = serde_json::to_value(&inbound).expect("JSON");
        let mut conversation = DefaultHasher::new();
        contact.hash(&mut conversation);
        let record = TurnRecord {
            tenant: "demo".parse().expect("a tenant name"),
            agent: AgentId(Uuid::from_u128(1)),
            agent_version: 1,
            transcript: TranscriptId(Uuid::from_u128(conversation.finish().into())),
            contact: contact.parse().expect("a contact id"),
            turn: number,
            closed: false,
            message_id: None,
            at,
            request: RequestFacts { url: "/chat-api/message".to_owned(), status: 200, ..RequestFacts::default() },
            entries: vec![
                line(Author::Contact, kind, inbound.text.clone(), said),
                line(Author::Agent, "text".to_owned(), "Well".to_owned(), json!({})),
            ],
            found_by: found_by.collect(),
            contact_state: to_raw_value(&state).expect("JSON"),
            state: None,
            mood: None,
            session: to_raw_value(&json!({})).expect("JSON"),
            events: Vec::new(),
            journal: to_raw_value(&json!([])).expect("JSON"),
        };
        store.append(Record::Turn(Box::new(record))).await.expect("it is written");
    }
}
