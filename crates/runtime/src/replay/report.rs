//! What a replay found.

use model::{AgentId, TranscriptId};
use serde::Serialize;

use super::difference::Difference;
use crate::junit::{Case, Suite};

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayReport {
    /// The agent.
    pub agent: AgentId,
    /// The version that it was replayed with; 0 is the draft.
    pub version: u32,
    /// The conversations, contact by contact.
    pub conversations: Vec<ReplayedConversation>,
    /// Turns that were taken again.
    pub turns: u64,
    /// Turns that the agent does not decide.
    pub skipped: u64,
    /// Turns that would be otherwise.
    pub differing: u64,
    /// Time that it took to take them again, without reading the store, in microseconds.
    pub micros: u64,
}

/// A conversation that was replayed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReplayedConversation {
    /// Which one.
    pub transcript: TranscriptId,
    /// Turns that were taken again.
    pub turns: u32,
    /// Turns that the agent does not decide.
    pub skipped: u32,
    /// Turns that would be otherwise.
    pub differing: Vec<DifferingTurn>,
}

/// A turn that would be otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DifferingTurn {
    /// Its number, from 1.
    pub turn: u32,
    /// What would be; at least one thing.
    pub differences: Vec<Difference>,
}

impl ReplayReport {
    pub(super) fn new(agent: AgentId, version: u32) -> Self {
        Self { agent, version, conversations: Vec::new(), turns: 0, skipped: 0, differing: 0, micros: 0 }
    }

    /// Whether nothing would be otherwise.
    pub fn is_same(&self) -> bool {
        self.differing == 0
    }

    /// As a suite of test cases, one for each conversation.
    pub fn suite(&self) -> Suite {
        let version = match self.version {
            0 => "draft".to_owned(),
            version => format!("version {version}"),
        };
        let cases = self.conversations.iter().map(|conversation| Case {
            class: format!("replay.{}", self.agent),
            name: conversation.transcript.to_string(),
            seconds: 0.0,
            failures: conversation.differing.iter().map(DifferingTurn::in_words).collect(),
        });
        Suite { name: format!("replay of agent {}, {version}", self.agent), cases: cases.collect() }
    }

    /// Adds what was found in another part.
    pub(super) fn add(&mut self, conversations: Vec<ReplayedConversation>) {
        for conversation in &conversations {
            self.turns += u64::from(conversation.turns);
            self.skipped += u64::from(conversation.skipped);
            self.differing += conversation.differing.len() as u64;
        }
        self.conversations.extend(conversations);
    }
}

impl DifferingTurn {
    /// For people: the turn, and what differs.
    pub fn in_words(&self) -> String {
        let differences: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        format!("turn {}: {}", self.turn, differences.join("; "))
    }
}
