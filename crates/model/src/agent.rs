//! Agents as documents: what is stored of a scenario or a flow beside its design.

use serde::{Deserialize, Serialize};

use crate::{AgentId, Timestamp};

/// Which engine runs an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentKind {
    /// A designed conversation.
    Scenario,
    /// A language model in a state machine.
    Flow,
}

/// What a tenant knows of one agent; its drafts and versions are documents of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id; also the scenario id that embeds and headers carry.
    pub id: AgentId,
    /// For people.
    pub name: String,
    /// Which engine runs it.
    pub kind: AgentKind,
    /// The bearer key of its web chat.
    pub app_key: String,
    /// The published version in service; none while there is only a draft (row OD-N37).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_version: Option<u32>,
    /// Number of versions published so far.
    pub versions: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
