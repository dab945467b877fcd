//! Conversations as they are read back: values, filters and bounds.

use model::{
    AgentId, ContactId, LogSeq, Timestamp, TranscriptId,
    mood::Mood,
    record::{Entry, RequestFacts},
    transcript::TranscriptState,
};
use serde_json::value::RawValue;

/// Most rows that one read of entries, transcripts or events returns.
pub const MAX_ROWS: usize = 10_000;
/// Most entries, and most events, of one record.
pub const MAX_PARTS: usize = 4_096;
/// Largest record, in bytes of JSON.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

/// What a turn needs to know before it starts.
#[derive(Debug, Clone, Default)]
pub struct TurnState {
    /// The contact's latest session with the agent, or the session of the transcript that was asked for.
    pub session: Option<StoredSession>,
    /// The contact, if seen before with any agent.
    pub contact: Option<StoredContact>,
    /// The turn that already answered the message id that was asked for.
    pub answered: Option<LogSeq>,
}

/// A transcript's latest turn, as the engine left it.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// The conversation.
    pub transcript: TranscriptId,
    /// Number of its latest turn.
    pub turn: u32,
    /// Whether it is over.
    pub closed: bool,
    /// The version of the agent that made the latest turn.
    pub agent_version: u32,
    /// The engine's memory.
    pub session: Box<RawValue>,
    /// How the transcript stands, as its latest turn says; none where the turn says nothing.
    pub state: Option<TranscriptState>,
    /// How the conversation is going, as its latest turn says; none where the turn says nothing.
    pub mood: Option<Mood>,
    /// When the latest turn arrived.
    pub last_at: Timestamp,
}

/// A contact after its latest turn with any agent.
#[derive(Debug, Clone)]
pub struct StoredContact {
    /// When its first turn arrived.
    pub first_seen: Timestamp,
    /// When its latest turn arrived.
    pub last_seen: Timestamp,
    /// Its attributes.
    pub state: Box<RawValue>,
}

/// A contact as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenContact {
    /// The customer.
    pub contact: ContactId,
    /// When its first turn arrived.
    pub first_seen: Timestamp,
    /// When its latest turn arrived.
    pub last_seen: Timestamp,
}

/// What an erasure did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Records of the log that are tombstones now.
    pub records: usize,
}

/// Which entries of a contact.
#[derive(Debug, Clone)]
pub struct EntryFilter {
    /// Only those said with this agent.
    pub agent: Option<AgentId>,
    /// None of these kinds.
    pub kinds_excluded: Vec<String>,
    /// How many at most.
    pub limit: usize,
    /// The newest `limit` that fit; else the oldest.
    pub newest_first: bool,
    /// Only those before this place: `position` of the last one seen.
    pub before: Option<u64>,
    /// Only those after this place.
    pub after: Option<u64>,
}

impl Default for EntryFilter {
    fn default() -> Self {
        Self { agent: None, kinds_excluded: Vec::new(), limit: 100, newest_first: true, before: None, after: None }
    }
}

/// One line of a transcript, with where it stands.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// Its place among all entries; grows in the order in which they were said.
    pub position: u64,
    /// The record that it came with.
    pub log_seq: LogSeq,
    /// The conversation; none for a line that was said outside any.
    pub transcript: Option<TranscriptId>,
    /// The agent of the conversation.
    pub agent: Option<AgentId>,
    /// The customer.
    pub contact: ContactId,
    /// Number of the turn; for a fact beside turns, of the latest turn before it.
    pub turn: u32,
    /// The client's id of the message, on the customer's own entries.
    pub message_id: Option<String>,
    /// How its turn arrived; none for a fact beside turns.
    pub request: Option<RequestFacts>,
    /// What was said.
    pub entry: Entry,
}

/// Which events.
#[derive(Debug, Clone)]
pub struct EventFilter {
    /// What happened.
    pub kind: String,
    /// Only with this agent.
    pub agent: Option<AgentId>,
    /// Only about one of these contacts; about any when there are none.
    pub contacts: Vec<ContactId>,
    /// At this moment or later.
    pub from: Timestamp,
    /// At this moment or earlier.
    pub to: Timestamp,
    /// Only those after this number of the feed; 0 for all.
    pub after: u64,
    /// How many that fit are passed over.
    pub skip: usize,
    /// How many at most.
    pub limit: usize,
}

/// One event of a tenant's feed.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its number in the feed: 1, 2, 3 … in the order of the log. Numbers are missing only where events
    /// were erased.
    pub seq: u64,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// In which conversation, if one.
    pub transcript: Option<TranscriptId>,
    /// About which customer, if one.
    pub contact: Option<ContactId>,
    /// With which agent; none for what happened outside any conversation.
    pub agent: Option<AgentId>,
    /// The record that it came with.
    pub log_seq: LogSeq,
    /// What is known of it.
    pub body: Box<RawValue>,
}
