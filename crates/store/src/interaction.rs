//! What was said, contact by contact: the shape of exports.

use model::{
    AgentId, ContactId, LogSeq, Timestamp,
    record::{Author, RequestFacts},
};
use serde_json::value::RawValue;

/// Most lines that one page of interactions holds.
pub const MAX_PAGE: usize = 5_000;

/// Which contacts, and which of their lines.
#[derive(Debug, Clone)]
pub struct InteractionFilter {
    /// Said at this moment or later.
    pub from: Timestamp,
    /// Said at this moment or earlier.
    pub to: Timestamp,
    /// Only of this contact.
    pub contact: Option<ContactId>,
    /// Only of contacts each of whose named attributes contains this text, whatever the case.
    pub found_by: Vec<(String, String)>,
    /// Only what this one said.
    pub author: Option<Author>,
}

impl Default for InteractionFilter {
    /// Everything.
    fn default() -> Self {
        Self { from: Timestamp(i64::MIN), to: Timestamp(i64::MAX), contact: None, found_by: Vec::new(), author: None }
    }
}

/// Where a page ended, and the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionPlace {
    /// The contact of the last line.
    pub contact: ContactId,
    /// The record of the last line.
    pub log_seq: LogSeq,
}

/// A contact's lines, as far as they are on one page.
#[derive(Debug, Clone)]
pub struct ContactInteractions {
    /// Whose.
    pub contact: ContactId,
    /// Whether an earlier page had lines of the same contact.
    pub continued: bool,
    /// The contact's attributes after its latest turn; none on a page that continues, and for one that
    /// never took a turn.
    pub state: Option<Box<RawValue>>,
    /// The lines, in the order of the log.
    pub lines: Vec<Interaction>,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Interaction {
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub author: Author,
    /// What it is.
    pub kind: String,
    /// Its plain text.
    pub text: String,
    /// The intent that it realises.
    pub intent: Option<String>,
    /// The agent that was talked to.
    pub agent: Option<AgentId>,
    /// The whole of it; none for a contact's plain text, whose text says it all.
    pub body: Option<Box<RawValue>>,
    /// How its turn arrived; none for a line that came beside turns.
    pub request: Option<RequestFacts>,
}

/// A page of interactions: contacts by id, each with its lines.
#[derive(Debug, Clone, Default)]
pub struct InteractionPage {
    /// The contacts.
    pub contacts: Vec<ContactInteractions>,
    /// Where the next page begins; none after the last.
    pub next: Option<InteractionPlace>,
}

/// One line among all lines with an agent, in the order of the log.
#[derive(Debug, Clone)]
pub struct ClickstreamLine {
    /// Its place among all entries.
    pub position: u64,
    /// Who it was said with.
    pub contact: ContactId,
    /// The number of the turn in its transcript.
    pub turn: u32,
    /// The client's id of the turn's message.
    pub message_id: Option<String>,
    /// The line.
    pub line: Interaction,
}

/// Which lines with an agent.
#[derive(Debug, Clone)]
pub struct ClickstreamFilter {
    /// The agent.
    pub agent: AgentId,
    /// Said at this moment or later.
    pub from: Timestamp,
    /// Said at this moment or earlier.
    pub to: Timestamp,
    /// Only of this contact.
    pub contact: Option<ContactId>,
}
