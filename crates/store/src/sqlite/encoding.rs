//! Records as bytes of the log.
//!
//! A record is stored as the JSON of what it holds, with its sort in a column beside it: a tag inside
//! the JSON would make reading it copy everything once more.

use std::borrow::Cow;

use model::{
    TenantId, Timestamp, TranscriptId,
    mood::Mood,
    record::{Record, Tombstone, TurnRecord},
    transcript::TranscriptState,
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::{MAX_PARTS, MAX_RECORD_BYTES, Result, StoreError, StoredSession};

/// Values of `log.kind`.
pub(super) const TURN: i64 = 0;
pub(super) const FACT: i64 = 1;
pub(super) const TOMBSTONE: i64 = 2;
pub(super) const ERASURE: i64 = 3;

/// A record ready to be written.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) tenant: TenantId,
    pub(super) kind: i64,
    pub(super) json: Vec<u8>,
}

pub(super) fn encode(record: &Record) -> Result<Encoded> {
    let (kind, entries, json) = match record {
        Record::Turn(turn) => (TURN, turn.entries.len(), turn_json(turn)),
        Record::Fact(fact) => (FACT, fact.entries.len(), serde_json::to_vec(fact)),
        Record::Erasure(erasure) => (ERASURE, 0, serde_json::to_vec(erasure)),
        Record::Tombstone(_) => return Err(invalid("a tombstone only replaces a record".to_owned())),
    };
    let events = record.event_count();
    let json = json.map_err(|problem| invalid(format!("it is not JSON: {problem}")))?;
    if entries > MAX_PARTS || events > MAX_PARTS {
        return Err(invalid(format!("it has {entries} entries and {events} events, {MAX_PARTS} of each are allowed")));
    }
    if json.len() > MAX_RECORD_BYTES {
        return Err(invalid(format!("it has {} bytes, {MAX_RECORD_BYTES} are allowed", json.len())));
    }
    Ok(Encoded { tenant: record.tenant().clone(), kind, json })
}

/// A turn as bytes, in room that is taken at once: grown step by step it would be copied again and again.
fn turn_json(turn: &TurnRecord) -> serde_json::Result<Vec<u8>> {
    // What keys, ids and numbers take.
    const OF_A_TURN: usize = 1_024;
    const OF_A_PART: usize = 256;
    let snapshots: usize =
        [&turn.contact_state, &turn.session, &turn.journal].map(|part| part.get().len()).iter().sum();
    let entries: usize = turn.entries.iter().map(|entry| OF_A_PART + entry.text.len() + entry.body.get().len()).sum();
    let events: usize = turn.events.iter().map(|event| OF_A_PART + event.body.get().len()).sum();
    let mut json = Vec::with_capacity(OF_A_TURN + snapshots + entries + events);
    serde_json::to_writer(&mut json, turn)?;
    Ok(json)
}

/// A tombstone as bytes. They are fewer than those of any record that a conversation leaves, which
/// matters where they are written: what fits into a record's room moves no neighbour.
pub(super) fn encode_tombstone(tombstone: &Tombstone) -> Vec<u8> {
    serde_json::to_vec(tombstone).expect("names and numbers are JSON")
}

pub(super) fn decode(kind: i64, json: &[u8]) -> serde_json::Result<Record> {
    match kind {
        TURN => serde_json::from_slice(json).map(Record::Turn),
        FACT => serde_json::from_slice(json).map(Record::Fact),
        TOMBSTONE => serde_json::from_slice(json).map(Record::Tombstone),
        ERASURE => serde_json::from_slice(json).map(Record::Erasure),
        other => Err(serde::de::Error::custom(format!("its kind {other} is not known"))),
    }
}

/// How many events a turn or a fact has.
pub(super) fn count_events(json: &[u8]) -> serde_json::Result<u32> {
    #[derive(Deserialize)]
    struct Events {
        events: Vec<IgnoredAny>,
    }
    let counted: Events = serde_json::from_slice(json)?;
    Ok(u32::try_from(counted.events.len()).expect("a record has few events"))
}

/// The contact's attributes after a turn: all else is passed over.
pub(super) fn contact_state(json: &[u8]) -> serde_json::Result<Box<RawValue>> {
    #[derive(Deserialize)]
    struct State<'a> {
        #[serde(borrow)]
        contact_state: &'a RawValue,
    }
    serde_json::from_slice(json).map(|state: State<'_>| state.contact_state.to_owned())
}

/// How a turn says that its transcript stands.
pub(super) fn read_state(json: &[u8]) -> serde_json::Result<Option<TranscriptState>> {
    #[derive(Deserialize)]
    struct State {
        #[serde(default)]
        state: Option<TranscriptState>,
    }
    serde_json::from_slice(json).map(|found: State| found.state)
}

/// How a turn says that its transcript is going.
pub(super) fn read_mood(json: &[u8]) -> serde_json::Result<Option<Mood>> {
    #[derive(Deserialize)]
    struct Going {
        #[serde(default)]
        mood: Option<Mood>,
    }
    serde_json::from_slice(json).map(|found: Going| found.mood)
}

/// The parts of a turn that the next turn needs, borrowed from the bytes of the log.
#[derive(Debug, Deserialize)]
pub(super) struct Snapshot<'a> {
    transcript: TranscriptId,
    turn: u32,
    closed: bool,
    agent_version: u32,
    at: Timestamp,
    #[serde(borrow)]
    session: &'a RawValue,
    #[serde(borrow)]
    contact_state: &'a RawValue,
    #[serde(default)]
    state: Option<Cow<'a, TranscriptState>>,
    #[serde(default)]
    mood: Option<Mood>,
}

impl<'a> Snapshot<'a> {
    pub(super) fn read(json: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    pub(super) fn of(turn: &'a TurnRecord) -> Self {
        Self {
            transcript: turn.transcript,
            turn: turn.turn,
            closed: turn.closed,
            agent_version: turn.agent_version,
            at: turn.at,
            session: &turn.session,
            contact_state: &turn.contact_state,
            state: turn.state.as_deref().map(Cow::Borrowed),
            mood: turn.mood,
        }
    }

    /// The contact's attributes, and when the turn arrived.
    pub(super) fn contact_state(&self) -> (Timestamp, Box<RawValue>) {
        (self.at, self.contact_state.to_owned())
    }

    pub(super) fn stored_session(&self) -> StoredSession {
        StoredSession {
            transcript: self.transcript,
            turn: self.turn,
            closed: self.closed,
            agent_version: self.agent_version,
            session: self.session.to_owned(),
            state: self.state.as_deref().cloned(),
            mood: self.mood,
            last_at: self.at,
        }
    }
}

fn invalid(problem: String) -> StoreError {
    StoreError::Invalid { field: "record", problem }
}
