//! Flows and functions as the OpenAPI document describes them; the code reads and writes the documents themselves
//! (`camel`). Tests hold answers against it.

#![expect(dead_code, reason = "described, never built: documents are read and written as they are")]

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A flow, as it is made and changed. Everything but the name has a default.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowDraft {
    /// What the tenant's people call it: the private name.
    #[schema(example = "Appointments")]
    name: String,
    /// What customers see; the name when empty.
    public_name: Option<String>,
    description: Option<String>,
    /// Id of the state in which conversations start; the first when absent.
    initial: Option<String>,
    states: Option<Vec<FlowState>>,
    transitions: Option<Vec<FlowTransition>>,
    configuration: Option<FlowConfiguration>,
}

/// A flow: its draft, and what its card shows.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WholeFlow {
    #[serde(flatten)]
    card: super::flows::FlowCard,
    initial: Option<String>,
    states: Vec<FlowState>,
    transitions: Vec<FlowTransition>,
    configuration: FlowConfiguration,
}

/// A step of a flow.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowState {
    /// Made when absent; letters, digits, `_`, `-` and `.`.
    id: Option<String>,
    /// Unique in the flow.
    #[schema(example = "Greeting")]
    name: String,
    /// The instruction to the model.
    thought: Option<String>,
    /// Ids of the functions that can be called once it was visited.
    functions: Option<Vec<String>>,
    /// Where the editor draws it.
    position: Option<FlowPoint>,
}

/// A place on the canvas.
#[derive(ToSchema)]
pub(super) struct FlowPoint {
    x: f64,
    y: f64,
}

/// Where an event leads.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowTransition {
    /// Made when absent.
    id: Option<String>,
    /// The state that it leaves, by id.
    from: String,
    #[schema(example = "AccountFound")]
    event: String,
    /// `{"state": id}`, `"end"`, `{"scenario": intent}`, or `"nowhere"` while it is being drawn.
    #[schema(example = json!({ "state": "account" }))]
    to: Option<Value>,
}

/// All states of a flow, in design order.
#[derive(ToSchema)]
pub(super) struct FlowStateList {
    states: Vec<FlowState>,
}

/// All transitions of a flow, in design order.
#[derive(ToSchema)]
pub(super) struct FlowTransitionList {
    transitions: Vec<FlowTransition>,
}

/// The settings of a flow.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowConfiguration {
    /// `"model"`: the agent speaks first; `"silent"`: it waits; `{"say": text}`.
    opening: Option<Value>,
    /// A language tag.
    #[schema(example = "en")]
    language: Option<String>,
    model: Option<FlowModel>,
    /// By name: `{"value": anything}`, or `{"secret": name}` for the tenant's secret of that name.
    static_parameters: Option<BTreeMap<String, Map<String, Value>>>,
    /// Ids of the functions that run at the start.
    start_up: Option<Vec<String>>,
    /// Ids of the functions that run at the end.
    wrap_up: Option<Vec<String>>,
    /// `allowed` or `denied`.
    agent_may_end: Option<String>,
    /// `allowed` or `denied`.
    agent_may_hand_off: Option<String>,
    agent_memory: Option<bool>,
    documentation: Option<FlowDocumentation>,
    files: Option<Vec<FlowFileText>>,
    call_reasons: Option<Vec<FlowCallReason>>,
    call_review: Option<FlowCallReview>,
    guardrails: Option<FlowGuardrails>,
    texts: Option<FlowTexts>,
}

/// Which model answers.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowModel {
    /// `openai`, `azure_openai`, `anthropic`, `gemini`, `compatible` or `scripted`.
    provider: Option<String>,
    name: Option<String>,
    fallback: Option<FlowFallback>,
    #[schema(minimum = 0, maximum = 2)]
    temperature: Option<f64>,
    max_tokens: Option<u32>,
    streaming: Option<bool>,
    /// Most lines of the conversation that the model reads; 60 when absent.
    #[schema(minimum = 1, maximum = 200)]
    history: Option<u32>,
    timeout_seconds: Option<u32>,
}

/// Who answers when the first model fails.
#[derive(ToSchema)]
pub(super) struct FlowFallback {
    provider: Option<String>,
    name: String,
}

/// Which passages a flow reads.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowDocumentation {
    /// Ids of documents of the tenant.
    documents: Option<Vec<String>>,
    /// Ids of FAQs of the tenant.
    faqs: Option<Vec<String>>,
    /// Passages that accompany each message.
    #[schema(minimum = 0, maximum = 10)]
    amount: Option<u8>,
    query_rewriting: Option<bool>,
    rewriter_context: Option<String>,
}

/// A file of a flow.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowFileText {
    id: String,
    name: String,
    media_type: Option<String>,
    text: Option<String>,
}

/// What a conversation may have been about.
#[derive(ToSchema)]
pub(super) struct FlowCallReason {
    label: String,
    description: Option<String>,
}

/// How an ended conversation is judged.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowCallReview {
    questions: Option<Vec<String>>,
    #[schema(minimum = 0, maximum = 100)]
    least_percent: Option<u8>,
}

/// What is refused, and bounds.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowGuardrails {
    excluded_input: Option<Vec<String>>,
    excluded_output: Option<Vec<String>>,
    moderate_input: Option<bool>,
    moderate_output: Option<bool>,
    screen_injection: Option<bool>,
    max_turns: Option<u32>,
    max_cost: Option<f64>,
}

/// What is said when the model cannot.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowTexts {
    fallback: Option<String>,
    refused: Option<String>,
    limit: Option<String>,
    handed_off: Option<String>,
}

/// A function, as it is made and changed. Everything but the name has a default.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionDraft {
    /// Unique in the tenant; what thoughts refer to.
    #[schema(example = "Lookup Account by Phone")]
    name: String,
    description: Option<String>,
    /// `{"type": "java_script", "source": …}`, `{"type": "library", "source": …}`, or `{"type": "integration",
    /// "integration": name, "settings": {…}}` with one of `http_request`, `hand_off`, `transfer`,
    /// `end_conversation`, `set_tag`, `set_context`.
    code: Option<Map<String, Value>>,
    tags: Option<Vec<String>>,
    /// What the agent fills in.
    parameters: Option<Vec<FunctionParameter>>,
    /// What it reads of the conversation's context.
    internal_parameters: Option<Vec<FunctionInternalParameter>>,
    /// What it reads of the flow's static parameters.
    static_parameters: Option<Vec<String>>,
    events: Option<Vec<String>>,
    context_additions: Option<Vec<String>>,
    /// What its response is, for people.
    response: Option<String>,
    #[schema(minimum = 1, maximum = 120)]
    timeout_seconds: Option<u32>,
    tests: Option<Vec<SavedTest>>,
}

/// A function of the tenant.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct WholeFunction {
    id: String,
    /// Grows with each change; also the `ETag`.
    revision: u64,
    /// How many snapshots there are.
    snapshots: u32,
    created_at: String,
    updated_at: String,
    #[serde(flatten)]
    function: FunctionDraft,
}

/// What the agent fills in.
#[derive(ToSchema)]
pub(super) struct FunctionParameter {
    name: String,
    /// `string`, `number`, `integer`, `boolean`, `array` or `object`.
    #[serde(rename = "type")]
    kind: Option<String>,
    description: Option<String>,
    required: Option<bool>,
    choices: Option<Vec<String>>,
}

/// What a function reads of the context.
#[derive(ToSchema)]
pub(super) struct FunctionInternalParameter {
    name: String,
    description: Option<String>,
    required: Option<bool>,
    /// Whether a value that only the browser vouches for counts as none.
    verified: Option<bool>,
}

/// A test of a function.
#[derive(ToSchema)]
pub(super) struct SavedTest {
    name: String,
    /// `parameters`, `internalParameters`, `staticParameters`, `conversation`.
    input: Option<Map<String, Value>>,
    /// `response`, `event`, `contextAdditions`, `fails`; what is absent is not looked at.
    expect: Option<Map<String, Value>>,
}
