//! What the engine remembers of a transcript between turns; what lists show is in the transcript's state.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// The engine's memory of a transcript.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Id of the state that it is in; none before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Ids of the states that were visited, in first-seen order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visited: Vec<String>,
    /// When the customer last did something; zero before.
    #[serde(default)]
    pub last_at: Timestamp,
    /// How often the customer was heard.
    #[serde(default)]
    pub heard: u32,
    /// What the models of the conversation cost so far.
    #[serde(default)]
    pub cost: f64,
    /// Turns in a row that the model failed.
    #[serde(default)]
    pub failures: u32,
    /// Whether wrap-up ran (row DA-F22).
    #[serde(default)]
    pub wrapped_up: bool,
}
