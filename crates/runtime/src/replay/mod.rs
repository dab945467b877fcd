//! Replay: recorded conversations with another version of their agent, given the answers that were recorded (goal P10).
//! Nobody is asked anything: what a model said and what a function gave back is what was recorded, so what differs
//! differs because the agent does.
//!
//! Each turn begins with what was remembered when it was taken, so that one difference does not draw others after it;
//! or, chained, with what the replayed turn before left. Turns that an agent does not decide are skipped: what people
//! did to a conversation, and a scenario's turns while the conversation was in a flow. The tenant's `global` context is
//! the one of now.
//!
//! `record` reads what is stored of a turn, `scenario` and `flow` take it again and compare, `track` remembers what the
//! next one begins with, `gather` finds the records. Only `gather` does I/O.

mod difference;
mod flow;
mod gather;
mod record;
mod report;
mod scenario;
mod track;

use model::{Timestamp, TranscriptId};

use crate::loaded::AgentSource;

pub use difference::Difference;
pub use gather::Replayer;
pub use report::{DifferingTurn, ReplayReport, ReplayedConversation};

/// What is replayed, and how.
#[derive(Debug, Clone)]
pub struct ReplayCall {
    /// With which document of the agent.
    pub source: AgentSource,
    /// Which conversations.
    pub which: Which,
    /// Whether a turn begins with what the replayed turn before left, rather than with what was recorded.
    pub chained: bool,
}

/// Which conversations of an agent are replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// These.
    These(Vec<TranscriptId>),
    /// The latest that began at a moment or later, at most so many.
    Latest {
        /// How many at most.
        most: usize,
        /// Not those that began before.
        from: Option<Timestamp>,
    },
}
