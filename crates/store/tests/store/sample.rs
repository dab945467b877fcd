//! Records to store: built from a few numbers, so that tests can say what matters.

use std::collections::BTreeMap;

use model::{
    AgentId, ContactId, EntryId, TenantId, Timestamp, TranscriptId,
    attribute::{Attribute, Provenance},
    mood::{Emotion, Mood, RiskLevel, Scores, Share},
    record::{Author, Entry, Event, FactRecord, Record, RequestFacts, TurnRecord},
    transcript::{TranscriptState, TranscriptStatus},
};
use serde_json::{json, value::to_raw_value};
use uuid::Uuid;

pub(crate) fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant name")
}

pub(crate) fn contact(number: u32) -> ContactId {
    format!("contact-{number}").parse().expect("a contact id")
}

pub(crate) fn agent(number: u32) -> AgentId {
    AgentId(Uuid::from_u128(0xA000_0000 + u128::from(number)))
}

pub(crate) fn transcript(number: u32) -> TranscriptId {
    TranscriptId(Uuid::from_u128(0x7000_0000 + u128::from(number)))
}

pub(crate) fn entry(author: Author, kind: &str, text: &str, at: i64) -> Entry {
    Entry {
        id: EntryId(Uuid::from_u128(at.unsigned_abs().into())),
        author,
        kind: kind.to_owned(),
        text: text.to_owned(),
        at: Timestamp(at),
        intent: Some(format!("intent.{kind}")),
        place: (author == Author::Agent).then(|| "Welcome/Opening/Greeting".to_owned()),
        body: to_raw_value(&json!({ "text": text })).expect("JSON"),
    }
}

/// Turn `number` of a transcript that has the contact's number: the customer says something and the
/// agent answers.
pub(crate) fn turn(tenant: &TenantId, who: u32, with: u32, number: u32) -> TurnRecord {
    let at = i64::from(number) * 1_000_000 + i64::from(who);
    TurnRecord {
        tenant: tenant.clone(),
        agent: agent(with),
        agent_version: 1,
        contact: contact(who),
        transcript: transcript(who * 100 + with),
        turn: number,
        closed: false,
        message_id: Some(format!("message-{who}-{with}-{number}")),
        at: Timestamp(at),
        request: RequestFacts {
            url: "/chat-api/message".to_owned(),
            source_ip: "192.0.2.7".to_owned(),
            status: 200,
            duration_micros: 250,
        },
        entries: vec![
            entry(Author::Contact, "text", &format!("question {number}"), at),
            entry(Author::Agent, "text", &format!("answer {number}"), at + 1),
        ],
        found_by: vec![
            ("browser".to_owned(), Some(format!("Chrome {}", number % 3))),
            ("email".to_owned(), number.is_multiple_of(2).then(|| format!("{number}@example.com"))),
        ],
        contact_state: to_raw_value(&json!({ "turns_seen": number, "agent": with })).expect("JSON"),
        state: None,
        mood: None,
        session: to_raw_value(&json!({ "position": number })).expect("JSON"),
        events: vec![Event {
            kind: "turn.completed".to_owned(),
            body: to_raw_value(&json!({ "turn": number })).expect("JSON"),
        }],
        journal: to_raw_value(&json!({ "considered": [number] })).expect("JSON"),
    }
}

pub(crate) fn fact(tenant: &TenantId, who: u32, transcript: Option<TranscriptId>, at: i64) -> FactRecord {
    FactRecord {
        tenant: tenant.clone(),
        contact: contact(who),
        transcript,
        at: Timestamp(at),
        entries: vec![entry(Author::Platform, "note", "said elsewhere", at)],
        events: vec![Event {
            kind: "message.feedback".to_owned(),
            body: to_raw_value(&json!({ "helpful": true })).expect("JSON"),
        }],
    }
}

pub(crate) fn as_record(turn: TurnRecord) -> Record {
    Record::Turn(Box::new(turn))
}

pub(crate) fn fact_record(fact: FactRecord) -> Record {
    Record::Fact(Box::new(fact))
}

/// How a transcript stands, different for different numbers.
pub(crate) fn standing(number: u32) -> TranscriptState {
    let texts = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let attribute = |value| Attribute { value, provenance: Provenance::Function };
    let city = ["Kiel", "Ulm"][number as usize % 2];
    TranscriptState {
        status: TranscriptStatus::ALL[number as usize % TranscriptStatus::ALL.len()],
        channel: ["web", "sms", "voice"][number as usize % 3].to_owned(),
        endpoint: number.is_multiple_of(4).then(|| "front-door".to_owned()),
        test: number % 5 == 1,
        contact_name: format!("customer {number}"),
        parameters: [("order".to_owned(), attribute(json!(number % 4))), ("city".to_owned(), attribute(json!(city)))]
            .into(),
        tags: if number % 7 < 5 { texts(&[("topic", ["parcel", "refund"][number as usize % 2])]) } else { texts(&[]) },
        functions: (!number.is_multiple_of(3)).then(|| "book_slot".to_owned()).into_iter().collect(),
        flagged: (number % 6 == 2).then(|| "rude".to_owned()),
        ..TranscriptState::default()
    }
}

/// How a transcript is going, different for different numbers; some change nothing that is shown.
pub(crate) fn going(number: u32) -> Mood {
    let mut scores = Scores::default();
    let emotion = [Emotion::Joy, Emotion::Anger, Emotion::Sadness][number as usize % 3];
    scores.set(emotion, Share::of_thousandths(number * 7 % 1_000));
    Mood {
        messages: number,
        scores,
        risk: Share::of_thousandths(number * 13 % 1_000),
        level: RiskLevel::ALL[number as usize % 4 % 3],
        moved: !number.is_multiple_of(5),
        ..Mood::default()
    }
}
