//! Transcripts as they are listed and found: values, filters and bounds.

use model::{
    AgentId, ContactId, LogSeq, Timestamp, TranscriptId,
    mood::{Emotion, Mood, RiskLevel},
    transcript::{TranscriptState, TranscriptStatus},
};

/// Longest value of a tag or a parameter by which transcripts are found, in bytes. A longer one is kept
/// and shown, and not found.
pub const MAX_LABEL_BYTES: usize = 1_024;
/// Longest text to search for, in characters.
pub const MAX_SEARCH_CHARS: usize = 500;
/// Most words of a text to search for.
pub const MAX_SEARCH_WORDS: usize = 32;

/// One conversation, without what was said.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTranscript {
    /// Its id.
    pub transcript: TranscriptId,
    /// The customer.
    pub contact: ContactId,
    /// The agent that it began with.
    pub agent: AgentId,
    /// The version of the agent that made the latest turn.
    pub agent_version: u32,
    /// Number of turns.
    pub turns: u32,
    /// Whether it is over.
    pub closed: bool,
    /// When its first turn arrived.
    pub started_at: Timestamp,
    /// When its latest turn arrived.
    pub last_at: Timestamp,
    /// Where it starts in the log; transcripts are listed by this, newest first.
    pub started_seq: LogSeq,
    /// Its latest turn in the log.
    pub last_seq: LogSeq,
    /// How it stands, as the latest turn that says so says; none where no turn does.
    pub state: Option<TranscriptState>,
    /// How it is going, as the latest turn that changed it says; none where nothing ever stood out.
    pub mood: Option<Mood>,
}

impl StoredTranscript {
    /// How it stands or ended. Where no turn says so it is in progress until it is closed, and completed
    /// then.
    pub fn status(&self) -> TranscriptStatus {
        match &self.state {
            Some(state) => state.status,
            None if self.closed => TranscriptStatus::Completed,
            None => TranscriptStatus::InProgress,
        }
    }
}

/// Which transcripts, newest first. All that is asked for must be true of a transcript.
#[derive(Debug, Clone)]
pub struct TranscriptFilter {
    /// Only of this contact.
    pub contact: Option<ContactId>,
    /// Only those that began with this agent.
    pub agent: Option<AgentId>,
    /// Only those that stand in one of these ways; in any when there are none.
    pub statuses: Vec<TranscriptStatus>,
    /// Only of this channel.
    pub channel: Option<String>,
    /// Only those that came through this endpoint.
    pub endpoint: Option<String>,
    /// Only those that are marked for review, or only those that are not.
    pub flagged: Option<bool>,
    /// Only those whose risk is on one of these levels; on any when there are none. Where nothing ever stood out it is low.
    pub risks: Vec<RiskLevel>,
    /// Only those whose strongest emotion is one of these; any, or none at all, when there are none.
    pub sentiments: Vec<Emotion>,
    /// Only tests, or only those that are none.
    pub test: Option<bool>,
    /// Only with each of these tags: name and whole value.
    pub tags: Vec<(String, String)>,
    /// Only with each of these parameters: name and whole value, of one that is no text its JSON.
    pub parameters: Vec<(String, String)>,
    /// Only those in which each of these functions was called.
    pub functions: Vec<String>,
    /// Only those whose first turn arrived at this moment or later.
    pub started_from: Option<Timestamp>,
    /// Only those whose first turn arrived at this moment or earlier.
    pub started_to: Option<Timestamp>,
    /// Only those of which one line has all these words, whatever their case and accents; of the last word the
    /// beginning is enough. A text without a word is found nowhere.
    pub text: Option<String>,
    /// Only those that start before this place in the log: `started_seq` of the last one seen.
    pub before: Option<LogSeq>,
    /// How many at most.
    pub limit: usize,
}

impl TranscriptFilter {
    /// The same, only of those in which more may be said.
    #[must_use]
    pub fn only_open(mut self) -> Self {
        self.statuses = TranscriptStatus::ALL.into_iter().filter(|status| status.is_open()).collect();
        self
    }
}

impl Default for TranscriptFilter {
    fn default() -> Self {
        Self {
            contact: None,
            agent: None,
            statuses: Vec::new(),
            channel: None,
            endpoint: None,
            flagged: None,
            risks: Vec::new(),
            sentiments: Vec::new(),
            test: None,
            tags: Vec::new(),
            parameters: Vec::new(),
            functions: Vec::new(),
            started_from: None,
            started_to: None,
            text: None,
            before: None,
            limit: 100,
        }
    }
}
