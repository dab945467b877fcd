//! The record of a turn, from its outcome.

use std::time::Instant;

use dialogue::engine::{Answer, Answers, ContactState, Journal, Need, Outcome};
use model::{
    EntryId, Timestamp, TranscriptId,
    inbound::Act,
    message::Message,
    record::{Author, Entry, Event, RequestFacts, TurnRecord},
};
use serde::Serialize;
use serde_json::{Map, Value, json, value::RawValue};
use uuid::Uuid;

use crate::{
    experiments::{EVALUATED, Evaluated},
    found_by,
    loaded::LoadedAgent,
    turn::{TurnCall, TurnError},
};

/// What a record is made of.
pub(crate) struct Written<'a> {
    pub(crate) call: &'a TurnCall,
    /// The contact before the turn.
    pub(crate) before: &'a ContactState,
    /// What was set of it beside turns since the last one.
    pub(crate) preset: Map<String, Value>,
    pub(crate) agent: &'a LoadedAgent,
    pub(crate) transcript: TranscriptId,
    pub(crate) turn: u32,
    pub(crate) at: Timestamp,
    pub(crate) began: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) answers: Answers,
    /// The flags that were evaluated for the contact.
    pub(crate) evaluated: Vec<Evaluated>,
}

/// The journal as it is stored: what the engine did, and what it was answered.
#[derive(Serialize)]
struct StoredJournal<'a> {
    /// Attributes that the turn found set by the platform; null stands for "unset".
    #[serde(skip_serializing_if = "Map::is_empty")]
    preset: Map<String, Value>,
    steps: &'a Journal,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<StoredAnswer<'a>>,
}

/// An answer as it is stored. The past is in the log already: of that only how much was read, up to
/// this turn, or else the log would grow with the square of a conversation's length.
#[derive(Serialize)]
#[serde(untagged)]
enum StoredAnswer<'a> {
    History { need: &'static str, all: bool, lines: usize },
    Whole(&'a (Need, Answer)),
}

fn stored(answer: &(Need, Answer)) -> StoredAnswer<'_> {
    match answer {
        (Need::History { all }, Answer::History { lines }) => {
            StoredAnswer::History { need: "history", all: *all, lines: lines.len() }
        }
        whole => StoredAnswer::Whole(whole),
    }
}

/// What the event of every turn says.
#[derive(Serialize)]
struct Completed<'a> {
    turn: u32,
    act: Act,
    intent: Option<&'a str>,
    messages: usize,
}

/// Makes the record, and gives the messages to answer.
pub(crate) fn turn_record(written: Written<'_>) -> Result<(TurnRecord, Vec<Message>), TurnError> {
    let Written { call, before, preset, agent, transcript, turn, at, began, outcome, answers, evaluated } = written;
    let answers = answers.iter().map(stored).collect();
    let journal = raw(&StoredJournal { preset, steps: &outcome.journal, answers })?;
    let mut entries = Vec::with_capacity(1 + outcome.said.len());
    entries.push(inbound_entry(call, &outcome, at)?);
    let mut messages = Vec::with_capacity(outcome.said.len());
    for said in outcome.said {
        entries.push(Entry {
            id: EntryId(Uuid::now_v7()),
            author: Author::Agent,
            kind: said.message.kind().to_owned(),
            text: said.message.plain_text(),
            at,
            intent: Some(said.message.intent.to_string()),
            place: Some(said.place.to_string()),
            body: raw(&said.message)?,
        });
        messages.push(said.message);
    }
    let mut events = Vec::new();
    if turn == 1 {
        events.push(event("transcript.started", json!({"agent": agent.id, "version": agent.version}))?);
    }
    for Evaluated { flag, variant, reason, context } in evaluated {
        let body = json!({"flag": flag, "variant": variant, "reason": reason, "context": context});
        events.push(event(EVALUATED, body)?);
    }
    let completed = Completed {
        turn,
        act: call.inbound.act,
        intent: outcome.heard.as_ref().map(|(intent, _)| &**intent),
        messages: messages.len(),
    };
    events.push(event("turn.completed", completed)?);
    if outcome.closed {
        events.push(event("transcript.closed", json!({"turns": turn}))?);
    }
    let record = TurnRecord {
        tenant: call.tenant.clone(),
        agent: agent.id,
        agent_version: agent.version,
        contact: call.contact.clone(),
        transcript,
        turn,
        closed: outcome.closed,
        message_id: call.message_id.clone(),
        at,
        request: RequestFacts {
            url: call.request.url.clone(),
            source_ip: call.request.source_ip.clone(),
            status: 200,
            duration_micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        },
        entries,
        found_by: found_by::changes(before, &outcome.contact, turn, call.platform),
        contact_state: raw(&outcome.contact)?,
        state: None,
        session: raw(&outcome.session)?,
        events,
        journal,
    };
    Ok((record, messages))
}

fn inbound_entry(call: &TurnCall, outcome: &Outcome, at: Timestamp) -> Result<Entry, TurnError> {
    let inbound = &call.inbound;
    let (heard, place) = match &outcome.heard {
        Some((intent, place)) => (Some(intent.to_string()), Some(place.to_string())),
        None => (None, None),
    };
    Ok(Entry {
        id: EntryId(Uuid::now_v7()),
        author: Author::Contact,
        kind: kind(inbound.act).to_owned(),
        text: inbound.text.clone(),
        at,
        intent: heard.or_else(|| inbound.intent.clone()),
        place,
        body: raw(inbound)?,
    })
}

/// The kind under which an act is stored.
pub(crate) const fn kind(act: Act) -> &'static str {
    match act {
        Act::Open => "open",
        Act::Trigger => "trigger",
        Act::Text => "text",
        Act::Button => "button",
        Act::Form => "form",
        Act::LongText => "long_text",
        Act::Link => "link",
        Act::Intervene => "intervene",
    }
}

fn event(kind: &str, body: impl Serialize) -> Result<Event, TurnError> {
    Ok(Event { kind: kind.to_owned(), body: raw(&body)? })
}

fn raw(value: &impl Serialize) -> Result<Box<RawValue>, TurnError> {
    serde_json::value::to_raw_value(value).map_err(|problem| TurnError::Broken(problem.to_string()))
}
