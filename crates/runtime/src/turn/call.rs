//! A turn from outside: what is asked, what is answered, and why there may be no answer.

use std::time::Duration;

use dialogue::flow::engine::Refused;
use model::{
    AgentId, ContactId, EntryId, TenantId, Timestamp, TranscriptId, inbound::Inbound, message::Message, record::Entry,
    transcript::TranscriptState,
};
use store::StoreError;
use tokio::sync::mpsc::UnboundedSender;

use crate::documents::DocumentError;

/// A visitor's act as a channel brings it.
#[derive(Debug, Clone)]
pub struct TurnCall {
    /// Whose visitor.
    pub tenant: TenantId,
    /// Who is to answer.
    pub agent: AgentChoice,
    /// The visitor.
    pub contact: ContactId,
    /// The client's id of the message; a retry carries the same one.
    pub message_id: Option<String>,
    /// What was done.
    pub inbound: Inbound,
    /// How it arrived.
    pub request: Arrival,
    /// The channel's name, as agents see it.
    pub platform: &'static str,
    /// In which conversation.
    pub conversation: Conversation,
    /// Where what the agent says is told while it is being said.
    pub live: Option<UnboundedSender<Live>>,
}

/// In which conversation an act is done.
#[derive(Debug, Clone, Default)]
pub enum Conversation {
    /// The contact's latest with the agent, or a new one when that is over.
    #[default]
    Latest,
    /// A new one, which begins like this.
    New {
        /// Its id.
        transcript: TranscriptId,
        /// How it stands at its beginning.
        state: Box<TranscriptState>,
    },
    /// This one.
    This(TranscriptId),
    /// This one, if nothing has happened in it since; else [`TurnError::GoneOn`].
    Unchanged {
        /// Its id.
        transcript: TranscriptId,
        /// Number of the latest turn that is known.
        turn: u32,
    },
}

/// What is told of an answer while it is being made. None of it is durable yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// The agent goes on with a line.
    Delta {
        /// The line's id: the entry has it too.
        entry: EntryId,
        /// What is added to it.
        text: String,
    },
}

/// Which agent is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentChoice {
    /// The published version of this one.
    Named(AgentId),
    /// The draft of this one.
    Draft(AgentId),
    /// This version of this one, published or not; 0 is the draft.
    Version(AgentId, u32),
    /// The first in service whose scenario conditions hold (row OD-N24).
    ByConditions,
}

/// How an act arrived.
#[derive(Debug, Clone, Default)]
pub struct Arrival {
    /// The URL that was called.
    pub url: String,
    /// The caller's address.
    pub source_ip: String,
}

/// What is answered to a visitor's act.
#[derive(Debug, Clone)]
pub struct TurnAnswer {
    /// Who answered.
    pub agent: AgentId,
    /// The conversation.
    pub transcript: TranscriptId,
    /// Number of the turn in it.
    pub turn: u32,
    /// When the act arrived.
    pub at: Timestamp,
    /// What the agent says.
    pub messages: Vec<Message>,
    /// Whether this is the first answer, given again to a retry.
    pub replayed: bool,
    /// The visitor's IANA time zone, if the client said one.
    pub time_zone: Option<String>,
    /// What the turn added to the transcript, where the agent is a flow or people took part; else nothing.
    pub entries: Vec<Entry>,
    /// How the transcript stands, where that is told.
    pub state: Option<Box<TranscriptState>>,
}

/// Why there is no answer. Nothing was changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TurnError {
    /// The tenant has no such agent.
    #[error("there is no such agent")]
    UnknownAgent,
    /// The tenant has no such conversation.
    #[error("there is no such conversation")]
    UnknownTranscript,
    /// Something has happened in the conversation since.
    #[error("the conversation has gone on meanwhile")]
    GoneOn,
    /// The act is refused as the conversation stands.
    #[error(transparent)]
    Refused(Refused),
    /// The agent is a draft only.
    #[error("the agent is not published: publish it, or preview its draft")]
    NoActiveVersion,
    /// More is asked than can be made durable.
    #[error("the server is busy: try again in {} ms", retry_after.as_millis())]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// Waiting, loading and thinking took too long together.
    #[error("the turn took longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// No new turns are begun.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// What is stored of the agent or the session cannot be read.
    #[error("the agent cannot be run: {0}")]
    Broken(String),
}

impl From<StoreError> for TurnError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            other => Self::Store(other),
        }
    }
}

impl From<DocumentError> for TurnError {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Store(error) => error.into(),
            other => Self::Broken(other.to_string()),
        }
    }
}
