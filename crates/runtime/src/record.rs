//! The record of a turn, from its outcome.

use std::{collections::HashMap, sync::Arc, time::Instant};

use dialogue::{
    engine::{Answer, Answers, ContactState, Journal, Need, Said},
    flow::engine::Line,
};
use model::{
    AgentId, EntryId, Timestamp, TranscriptId,
    inbound::Act,
    message::Message,
    mood::Mood,
    record::{Author, Entry, Event, RequestFacts, TurnRecord},
    transcript::{Control, TranscriptState, TranscriptStatus},
};
use serde::Serialize;
use serde_json::{Map, Value, json, value::RawValue};
use uuid::Uuid;

use crate::{
    experiments::{EVALUATED, Evaluated},
    flow::{self, FlowJournal},
    found_by,
    turn::{TurnCall, TurnError},
    usage::{Ledger, SPENT, SpentInTurn},
};

/// What a record is made of.
pub(crate) struct Written<'a> {
    pub(crate) call: &'a TurnCall,
    /// The contact before the turn.
    pub(crate) before: &'a ContactState,
    /// How the transcript stood before.
    pub(crate) stood: Option<&'a TranscriptState>,
    /// What was set of the contact beside turns since the last one.
    pub(crate) preset: Map<String, Value>,
    pub(crate) agent: AgentId,
    pub(crate) agent_version: u32,
    pub(crate) transcript: TranscriptId,
    pub(crate) turn: u32,
    pub(crate) at: Timestamp,
    pub(crate) began: Instant,
    /// What models took.
    pub(crate) spent: Ledger,
    /// How the conversation is going, where that is estimated.
    pub(crate) mood: Option<Mood>,
    pub(crate) taken: Taken,
}

/// What a turn came to, whatever kinds of agent took part in it.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) contact: ContactState,
    /// What to remember of the transcript; none where nothing happened.
    pub(crate) session: Option<Box<RawValue>>,
    /// How the transcript stands, where that is told.
    pub(crate) state: Option<Box<TranscriptState>>,
    pub(crate) closed: bool,
    /// The intent that the visitor's act matched, and its place.
    pub(crate) heard: Option<(Arc<str>, Arc<str>)>,
    /// What was said and noted, in order.
    pub(crate) parts: Vec<Part>,
    /// What the scenario did, and what it was answered.
    pub(crate) scenario: Option<(Journal, Answers)>,
    /// What flows did.
    pub(crate) flows: Vec<FlowJournal>,
    /// The flags that were evaluated for the contact.
    pub(crate) evaluated: Vec<Evaluated>,
}

impl Taken {
    /// Whether nothing happened: nothing was said, and nothing is to be remembered.
    pub(crate) fn is_nothing(&self) -> bool {
        self.session.is_none()
    }
}

/// A part of what a turn says.
pub(crate) enum Part {
    /// By a scenario.
    Said(Vec<Said>),
    /// By a flow or by people; the ids of what was streamed, by completion; the flow's state.
    Lines(Vec<Line>, HashMap<usize, EntryId>, Option<String>),
}

/// The journal as it is stored: what the engine did, and what it was answered.
#[derive(Serialize)]
struct StoredJournal<'a> {
    /// Attributes that the turn found set by the platform; null stands for "unset".
    #[serde(skip_serializing_if = "Map::is_empty")]
    preset: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<&'a Journal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<StoredAnswer<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flows: Vec<FlowJournal>,
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
    let Written { call, before, stood, preset, agent, agent_version, transcript, turn, at, began, spent, mood, taken } =
        written;
    let Taken { contact, session, state, closed, heard, parts, scenario, flows, evaluated } = taken;
    let answers = scenario.iter().flat_map(|(_, answers)| answers.iter()).map(stored).collect();
    let steps = scenario.as_ref().map(|(steps, _)| steps);
    let journal = raw(&StoredJournal { preset, steps, answers, flows })?;
    let intent = heard.as_ref().map(|(intent, _)| intent.clone());
    let mut entries = Vec::with_capacity(4);
    if call.inbound.act != Act::Intervene {
        entries.push(inbound_entry(call, heard, at)?);
    }
    let mut messages = Vec::with_capacity(2);
    for part in parts {
        match part {
            Part::Said(all) => {
                for said in all {
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
            }
            Part::Lines(lines, ids, place) => {
                let (more, said) = flow::entries(lines, &ids, place.as_deref(), at)?;
                entries.extend(more);
                messages.extend(said);
            }
        }
    }
    let mut events = Vec::new();
    if turn == 1 {
        events.push(event("transcript.started", json!({"agent": agent, "version": agent_version}))?);
    }
    for Evaluated { flag, variant, reason, context } in evaluated {
        let body = json!({"flag": flag, "variant": variant, "reason": reason, "context": context});
        events.push(event(EVALUATED, body)?);
    }
    let completed = Completed { turn, act: call.inbound.act, intent: intent.as_deref(), messages: messages.len() };
    events.push(event("turn.completed", completed)?);
    for (model, spent) in spent {
        events.push(event(SPENT, SpentInTurn { turn, model, spent, refused: false })?);
    }
    if let Some(state) = &state {
        let status = stood.map_or_else(TranscriptStatus::default, |stood| stood.status);
        if state.status != status {
            events.push(event("transcript.status", json!({"from": status, "status": state.status}))?);
        }
        if state.control == Control::Queued && stood.is_none_or(|stood| stood.control != Control::Queued) {
            let body = json!({
                "skills": state.skills,
                "destination": state.destination,
                "destination_number": state.destination_number,
            });
            events.push(event("transcript.handed_off", body)?);
        }
    }
    if closed {
        events.push(event("transcript.closed", json!({"turns": turn}))?);
    }
    let session = match session {
        Some(session) => session,
        None => raw(&json!({}))?,
    };
    let record = TurnRecord {
        tenant: call.tenant.clone(),
        agent,
        agent_version,
        contact: call.contact.clone(),
        transcript,
        turn,
        closed,
        message_id: call.message_id.clone(),
        at,
        request: RequestFacts {
            url: call.request.url.clone(),
            source_ip: call.request.source_ip.clone(),
            status: 200,
            duration_micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        },
        entries,
        found_by: found_by::changes(before, &contact, turn, call.platform),
        contact_state: raw(&contact)?,
        session,
        state,
        mood,
        events,
        journal,
    };
    Ok((record, messages))
}

fn inbound_entry(call: &TurnCall, heard: Option<(Arc<str>, Arc<str>)>, at: Timestamp) -> Result<Entry, TurnError> {
    let inbound = &call.inbound;
    let (heard, place) = match heard {
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

pub(crate) fn event(kind: &str, body: impl Serialize) -> Result<Event, TurnError> {
    Ok(Event { kind: kind.to_owned(), body: raw(&body)? })
}

pub(crate) fn raw(value: &impl Serialize) -> Result<Box<RawValue>, TurnError> {
    serde_json::value::to_raw_value(value).map_err(|problem| TurnError::Broken(problem.to_string()))
}
