//! What a language model is asked and what it answers, whoever provides it. Wire forms are made in `language`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who speaks a [`ChatMessage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions to the model.
    System,
    /// The customer.
    User,
    /// The model itself.
    Assistant,
    /// What a tool answered.
    Tool,
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said; empty where the model only calls tools.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// The tools that the model called, on messages of the assistant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Which call it answers, on messages of a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl ChatMessage {
    /// A message that is text only.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// What a tool answered to a call.
    pub fn tool(call: impl Into<String>, content: impl Into<String>) -> Self {
        Self { tool_call_id: Some(call.into()), ..Self::new(Role::Tool, content) }
    }
}

/// A tool that the model calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's id, as the model or its adapter made it; unique within a prompt.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its arguments: an object. A text where the model wrote what is no JSON.
    pub arguments: Value,
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does and when to call it.
    pub description: String,
    /// JSON Schema of its arguments: an object.
    pub parameters: Value,
}

/// What a model is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The prompt, in order.
    pub messages: Vec<ChatMessage>,
    /// What it may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Randomness, 0 to 2; the provider's own when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Most tokens of the answer; the provider's own bound when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}

/// What a model answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// What it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// What it took.
    #[serde(default)]
    pub usage: Usage,
    /// Who answered: `provider/model`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
}

/// What a call of a model took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Of these, how many came from the provider's cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
    /// What it cost, in the tenant's currency; 0 where no price is known.
    #[serde(default)]
    pub cost: f64,
    /// From the call until the whole answer, in microseconds.
    #[serde(default)]
    pub duration_micros: u64,
    /// How many calls it took, failed ones included.
    #[serde(default)]
    pub attempts: u32,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.cost += other.cost;
        self.duration_micros += other.duration_micros;
        self.attempts += other.attempts;
    }
}

/// Why a model gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ChatError {
    /// What kind of failure it is.
    pub kind: ChatErrorKind,
    /// What happened, without keys and without the prompt.
    pub message: String,
    /// When the provider says to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

impl ChatError {
    /// A failure of a kind.
    pub fn new(kind: ChatErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }
}

/// The kinds of failure of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatErrorKind {
    /// Nothing is configured that could answer: no provider, no key, no such model.
    NotConfigured,
    /// It cannot be reached, or fails.
    Unavailable,
    /// It refuses because too much is asked.
    RateLimited,
    /// It took longer than it may.
    TimedOut,
    /// It refuses the key or the request.
    Refused,
    /// It refuses because of what was said.
    Blocked,
    /// What it answers cannot be understood, or is nothing.
    Rubbish,
    /// The answer broke off.
    Cut,
    /// Too many wait for the tenant's share of it.
    Saturated,
    /// It was not asked: what models may cost the tenant is spent.
    OverBudget,
}

impl ChatErrorKind {
    /// Whether the same call may succeed a moment later.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Unavailable | Self::RateLimited | Self::TimedOut | Self::Rubbish | Self::Cut)
    }
}
