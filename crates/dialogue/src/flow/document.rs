//! A flow as it is edited, stored and exported (spec/dialai.md §6, §21.4 N2).
//!
//! Ids are texts that the flow's author chooses or the server makes; states and functions are named by id, people
//! read names. Everything but the name has a default, so that a flow can be built step by step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A flow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowDocument {
    /// What the tenant's people call it: the private name (§6.6).
    pub name: String,
    /// What customers see; the name when empty.
    pub public_name: String,
    /// For people, and for the model.
    pub description: String,
    /// Id of the state in which a conversation starts.
    pub initial: Option<String>,
    /// The states, in design order.
    pub states: Vec<State>,
    /// Where events lead, in design order.
    pub transitions: Vec<Transition>,
    /// What is configured of it.
    pub configuration: Configuration,
}

/// One step of a flow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Names it within the flow.
    pub id: String,
    /// For people; unique in the flow.
    pub name: String,
    /// The instruction to the model.
    pub thought: String,
    /// Ids of the functions that can be called once it was visited.
    pub functions: Vec<String>,
    /// Where the editor draws it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Point>,
}

/// A place on the canvas of an editor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// Where an event leads from a state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Transition {
    /// Names it within the flow.
    pub id: String,
    /// The state that it leaves.
    pub from: String,
    /// The event that fires it.
    pub event: String,
    /// Where it leads.
    pub to: Target,
}

/// Where a transition leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// Nowhere yet: it is being drawn.
    #[default]
    Nowhere,
    /// To a state, by id.
    State(String),
    /// The conversation ends.
    End,
    /// Back to the scenario that the conversation came from, which hears this intent from the customer; in a
    /// conversation that came from none it ends.
    Scenario(String),
}

/// What is configured of a flow: the tabs of its settings (§6.6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Configuration {
    /// How it begins.
    pub opening: Opening,
    /// The language that it expects: a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Which model answers, and how.
    pub model: ModelSettings,
    /// Values for functions, by name.
    pub static_parameters: BTreeMap<String, StaticValue>,
    /// Ids of the functions that run before the agent's first turn, in order.
    pub start_up: Vec<String>,
    /// Ids of the functions that run when the conversation ends, in order.
    pub wrap_up: Vec<String>,
    /// Whether the agent may end the conversation by itself.
    pub agent_may_end: Permission,
    /// Whether the agent may hand it to a person by itself.
    pub agent_may_hand_off: Permission,
    /// Whether facts from past conversations of the contact are known (§6.6, tab 6).
    pub agent_memory: bool,
    /// Which passages it reads.
    pub documentation: Documentation,
    /// Texts that are attached to this flow alone.
    pub files: Vec<FlowFile>,
    /// What a conversation may have been about; the model picks one or none when it ends.
    pub call_reasons: Vec<CallReason>,
    /// How an ended conversation is judged.
    pub call_review: CallReview,
    /// What is refused, and bounds.
    pub guardrails: Guardrails,
    /// What is said when the model cannot.
    pub texts: Texts,
}

/// How a conversation begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Opening {
    /// The model speaks first.
    #[default]
    Model,
    /// The agent waits for the customer.
    Silent,
    /// The agent says this text.
    Say(String),
}

/// Whether something is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// It is.
    #[default]
    Allowed,
    /// It is not.
    Denied,
}

/// Which model answers, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// The provider: `openai`, `azure_openai`, `anthropic`, `gemini`, `compatible`, `scripted`; the tenant's when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model's name at the provider; the tenant's when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who answers when it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackModel>,
    /// Randomness, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Most tokens of one answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Whether answers are sent while the model writes them.
    pub streaming: bool,
    /// Most lines of the conversation that the model reads, 1 to 200; 60 when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<u32>,
    /// How long one answer may take, in seconds; 30 when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
}

/// The model that answers when the first fails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FallbackModel {
    /// The provider; the first one's when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The model's name.
    pub name: String,
}

/// A value for functions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StaticValue {
    /// The value itself.
    Value(Value),
    /// The value of the tenant's secret of this name.
    Secret(String),
}

/// Which passages a flow reads (§10.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Documentation {
    /// Ids of documents.
    pub documents: Vec<String>,
    /// Ids of questions with answers.
    pub faqs: Vec<String>,
    /// How many passages accompany each message of the customer: 0 to 10.
    pub amount: u8,
    /// Whether the message is rewritten before passages are looked for, on channels other than voice.
    pub query_rewriting: bool,
    /// What the rewriter should know.
    pub rewriter_context: String,
}

/// A text attached to a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowFile {
    /// Names it within the flow.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// The text in it.
    pub text: String,
}

/// What a conversation may have been about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallReason {
    /// The value of the tag `Call Reason`.
    pub label: String,
    /// For the model.
    pub description: String,
}

/// How an ended conversation is judged: the model answers each question with yes or no.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallReview {
    /// Questions whose answer should be yes.
    pub questions: Vec<String>,
    /// Flagged when fewer than so many percent are.
    pub least_percent: u8,
}

/// What is refused, and bounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guardrails {
    /// Words and phrases that customers may not use; whole words, whatever their case.
    pub excluded_input: Vec<String>,
    /// Words and phrases that the agent may not use.
    pub excluded_output: Vec<String>,
    /// Whether a moderation model looks at what customers say.
    pub moderate_input: bool,
    /// Whether it looks at what the agent says. Nothing is streamed then: what is refused must not have been seen.
    pub moderate_output: bool,
    /// Whether instructions to the model are taken out of passages and of functions' answers.
    pub screen_injection: bool,
    /// Most turns of a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// Most that the models of a conversation may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
}

/// What is said when the model cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Texts {
    /// When the model gave no usable answer; a sentence of ours when empty.
    pub fallback: String,
    /// When a guardrail refused.
    pub refused: String,
    /// When a bound is reached and the conversation ends.
    pub limit: String,
    /// When it is handed to a person and the agent says nothing itself.
    pub handed_off: String,
}
