//! What a function is given and what it gives back, whatever runs it (spec/dialai.md §7.3, §7.4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a function is given: the one argument of its code. What is absent is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FunctionInput {
    /// Filled by the agent, from the customer.
    pub parameters: Map<String, Value>,
    /// The conversation's context.
    pub internal_parameters: Map<String, Value>,
    /// What is configured of the flow; secrets stand here only on their way to the code.
    pub static_parameters: Map<String, Value>,
    /// The conversation: ids, channel, state, language.
    pub conversation: Map<String, Value>,
}

/// What a function gives back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionOutput {
    /// What the agent sees; null is nothing.
    #[serde(default)]
    pub response: Value,
    /// What is added to the conversation's context; null takes a key away.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context_additions: Map<String, Value>,
    /// The event that it emits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What it asked of the conversation, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// What it wrote to the log, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
    /// What was strange about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// How long it ran, in microseconds.
    #[serde(default)]
    pub duration_micros: u64,
}

/// What a function asks of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Queue the conversation for a person who has these skills.
    HandOff {
        /// The skills.
        skills: Vec<String>,
    },
    /// Transfer it to an internal contact.
    Transfer {
        /// Its name.
        contact: String,
        /// Its telephone number, which whoever runs the function looks up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<String>,
    },
    /// End it once the agent has said what it says.
    End,
    /// Tag it; an empty value takes the tag away.
    Tag {
        /// The tag.
        name: String,
        /// Its value.
        value: String,
    },
}

/// Why a function gave nothing back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct FunctionError {
    /// What kind of failure it is.
    pub kind: FunctionErrorKind,
    /// What happened: the code's own message where it threw.
    pub message: String,
    /// What it wrote to the log before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

impl FunctionError {
    /// A failure of a kind.
    pub fn new(kind: FunctionErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), logs: Vec::new() }
    }
}

/// The kinds of failure of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunctionErrorKind {
    /// There is no such function.
    Unknown,
    /// What it was given does not fit what it declares.
    Input,
    /// Its source cannot be read.
    Syntax,
    /// It threw.
    Threw,
    /// It took longer than it may.
    TimedOut,
    /// It used more memory or stack than it may.
    Memory,
    /// What it gave back is no output, or too large.
    Output,
    /// What runs it broke.
    Broken,
    /// Too many calls of the tenant wait.
    Saturated,
}
