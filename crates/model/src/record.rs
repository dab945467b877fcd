//! The turn log's records: what happened, whole, in one piece.
//!
//! A record is all that a turn changed. Tables are made from records and from nothing else, so a
//! field that a query needs must be here. Parts that only the engine understands are carried as
//! raw JSON: whoever projects them copies bytes.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    AgentId, ContactId, EntryId, LogSeq, TenantId, Timestamp, TranscriptId, mood::Mood, transcript::TranscriptState,
};

/// One record of the log. Which of them it is is kept beside the JSON, not in it: a tag within would
/// have every raw part parsed to find it.
#[derive(Debug, Clone)]
pub enum Record {
    /// One inbound act and everything it caused.
    Turn(Box<TurnRecord>),
    /// Something that happened beside turns: feedback on a message, a line said elsewhere.
    Fact(Box<FactRecord>),
    /// What stands where a record was whose content is gone.
    Tombstone(Tombstone),
    /// That content of earlier records is gone.
    Erasure(Box<ErasureRecord>),
}

impl Record {
    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        match self {
            Self::Turn(turn) => &turn.tenant,
            Self::Fact(fact) => &fact.tenant,
            Self::Tombstone(tombstone) => &tombstone.tenant,
            Self::Erasure(erasure) => &erasure.tenant,
        }
    }

    /// How many numbers of the event feed it takes.
    pub fn event_count(&self) -> usize {
        match self {
            Self::Turn(turn) => turn.events.len(),
            Self::Fact(fact) => fact.events.len(),
            Self::Tombstone(tombstone) => tombstone.events as usize,
            Self::Erasure(erasure) => erasure.events.len(),
        }
    }
}

/// One inbound act and everything it caused (ARCHITECTURE.md, "A turn, step by step").
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TurnRecord {
    /// Whose.
    pub tenant: TenantId,
    /// The agent that answered.
    pub agent: AgentId,
    /// The agent's published version; 0 is the draft.
    pub agent_version: u32,
    /// The customer.
    pub contact: ContactId,
    /// The conversation.
    pub transcript: TranscriptId,
    /// Number of this turn in the transcript, from 1.
    pub turn: u32,
    /// Whether the transcript is over after this turn.
    pub closed: bool,
    /// The client's id of the inbound message; a retry carries the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// When the act arrived.
    pub at: Timestamp,
    /// How it arrived.
    pub request: RequestFacts,
    /// What was said, in order.
    pub entries: Vec<Entry>,
    /// Attributes by which contacts are looked for, as far as this turn changed them; none stands for "gone".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_by: Vec<(String, Option<String>)>,
    /// The contact's attributes after the turn, whole.
    pub contact_state: Box<RawValue>,
    /// The engine's memory of the transcript after the turn, whole.
    pub session: Box<RawValue>,
    /// How the transcript stands after the turn, whole; none where the agent is a scenario that nobody took
    /// over: it is in progress until it is closed, and completed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Box<TranscriptState>>,
    /// How the conversation is going after the turn, whole; none where the tenant has nothing estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mood: Option<Mood>,
    /// Facts for the event feed, in order.
    pub events: Vec<Event>,
    /// Why the agent said what it said.
    pub journal: Box<RawValue>,
}

/// Something that happened to a contact beside turns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FactRecord {
    /// Whose.
    pub tenant: TenantId,
    /// About which customer.
    pub contact: ContactId,
    /// About which conversation, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<TranscriptId>,
    /// When.
    pub at: Timestamp,
    /// Lines to add to the transcript.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Entry>,
    /// Facts for the event feed, in order.
    pub events: Vec<Event>,
}

/// What stands in the log where a turn or a fact was that has been erased or has expired. Nothing in
/// it leads to the person whose it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Whose the record was.
    pub tenant: TenantId,
    /// The erasure that it belongs to: a random number.
    pub erasure: Uuid,
    /// When the content went.
    pub at: Timestamp,
    /// Why.
    pub reason: ErasureReason,
    /// How many events the record had: their numbers stay taken, so that all others keep theirs.
    pub events: u32,
}

/// Why content went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureReason {
    /// Somebody asked for it.
    Erased,
    /// It was older than the tenant keeps it.
    Expired,
}

/// That the records at some places of the log became [`Tombstone`]s. It is written with them, so that
/// whatever was made of those records is taken away in the order of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErasureRecord {
    /// Whose.
    pub tenant: TenantId,
    /// The same number as in the tombstones.
    pub erasure: Uuid,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: ErasureReason,
    /// Where the records were.
    pub places: Vec<LogSeq>,
    /// Facts for the event feed, in order; they hold no personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
}

/// How a turn arrived, for exports and for operators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFacts {
    /// The URL that was called.
    pub url: String,
    /// The caller's address.
    pub source_ip: String,
    /// The status that was answered.
    pub status: u16,
    /// Time from arrival to the commit, in microseconds.
    pub duration_micros: u64,
}

/// Who said an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Contact,
    /// The agent.
    Agent,
    /// Parlance itself.
    Platform,
    /// A person of the tenant.
    Operator,
}

impl Author {
    /// The name under which it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Agent => "agent",
            Self::Platform => "platform",
            Self::Operator => "operator",
        }
    }
}

/// One line of a transcript.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// Who said it.
    pub author: Author,
    /// What it is: an [`crate::inbound::Act`] or a message kind, in snake case.
    pub kind: String,
    /// Its plain text, for search and transcripts; may be empty.
    pub text: String,
    /// When it was said.
    pub at: Timestamp,
    /// The intent that it realises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// Where in the agent: conversation, scene and turn of a scenario, joined by `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The whole of it: a [`crate::message::Message`] or an [`crate::inbound::Inbound`].
    pub body: Box<RawValue>,
}

/// An immutable fact of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// What happened: `transcript.started`, `turn.completed`, `message.feedback`…
    #[serde(rename = "type")]
    pub kind: String,
    /// What is known of it.
    pub body: Box<RawValue>,
}
