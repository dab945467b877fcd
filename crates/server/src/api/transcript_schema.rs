//! Transcripts as they are answered (rows DA-X2, DA-X4): names are `snake_case`, statuses and messages are Dialai's.

use std::collections::BTreeMap;

use model::{
    TenantId, Timestamp,
    agent::AgentKind,
    attribute::{Attribute, Provenance},
    record::Author,
    transcript::{TranscriptState, TranscriptStatus},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use store::{StoredEntry, StoredTranscript};
use utoipa::ToSchema;

use super::transcript_mood::{Direction, TranscriptMood, is_estimated};
use crate::{
    dialai::wire::{WebchatMessage, control_name, status_name},
    directory::Snapshot,
};

/// A conversation of a contact with an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Transcript {
    id: String,
    contact: String,
    agent: String,
    /// The agent's version at the latest turn; 0 is the draft.
    agent_version: u32,
    /// Number of turns.
    turns: u32,
    /// Whether it is over.
    closed: bool,
    started_at: String,
    last_at: String,
    /// The channel: `web`, `sms`, `voice`, `email` or `slack`.
    platform: String,
    /// How the contact is shown: a name, a number, an address; empty where nothing is known.
    contact_name: String,
    /// `InProgress`, `Completed`, `Abandoned`, `Failed`, `HumanHandoff`, `Reported`, `Restarted`, `Unsubscribed`,
    /// `NoAnswer`, `AnsweringMachineMessageLeft` or `AnsweringMachineNoMessageLeft`.
    status: &'static str,
    /// Who answers: `Agent`, `Queued` (nobody yet) or `Operator`.
    control: &'static str,
    /// The agent, where it is a flow and still there.
    flow: Option<TranscriptFlow>,
    /// From its start to its end; to now while it goes on.
    duration_seconds: u64,
    /// When it ended.
    ended_at: Option<String>,
    /// Whether it is marked for review.
    flagged: bool,
    /// Why.
    flag_reason: Option<String>,
    /// Names of the functions that were called.
    functions: Vec<String>,
    /// Internal parameters by name.
    parameters: BTreeMap<String, TranscriptParameter>,
    tags: BTreeMap<String, String>,
    /// The state of the flow that it is in.
    state: Option<String>,
    /// The language that the customer asked for.
    language: Option<String>,
    /// The point of contact that it came through.
    endpoint: Option<String>,
    /// Who of the tenant's people has it.
    operator: Option<String>,
    /// Where it was handed to: `queue`, `operator`, or an internal contact's name.
    destination: Option<String>,
    /// The telephone number of that internal contact.
    destination_number: Option<String>,
    /// What a person must be able to do to take it.
    skills: Vec<String>,
    /// Whether it is a test.
    test: bool,
    /// Who began it: `Inbound` is the customer, `Outbound` the agent.
    direction: &'static str,
    #[serde(flatten)]
    mood: TranscriptMood,
}

/// A flow as lists name it.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptFlow {
    id: String,
    name: String,
}

/// An internal parameter.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptParameter {
    value: Value,
    /// Who vouches for it: `browser`, `token`, `function` or `platform`.
    provenance: &'static str,
}

impl From<Attribute> for TranscriptParameter {
    fn from(attribute: Attribute) -> Self {
        let provenance = match attribute.provenance {
            Provenance::Browser => "browser",
            Provenance::Token => "token",
            Provenance::Function => "function",
            Provenance::Platform => "platform",
        };
        Self { value: attribute.value, provenance }
    }
}

impl Transcript {
    /// A stored one, with names as they are known now.
    pub(super) fn of(stored: StoredTranscript, known: &Snapshot, tenant: &TenantId) -> Self {
        let status = stored.status();
        let mood = match is_estimated(known, tenant) {
            true => TranscriptMood::of(stored.mood.as_ref(), stored.state.as_ref()),
            false => TranscriptMood::default(),
        };
        let flow = known.agent(stored.agent).filter(|agent| agent.agent.kind == AgentKind::Flow);
        let state = stored.state.unwrap_or_default();
        let ends = state.ended_at.unwrap_or_else(|| if status.is_open() { Timestamp::now() } else { stored.last_at });
        let duration = ends.0.saturating_sub(stored.started_at.0).max(0);
        Self {
            id: stored.transcript.to_string(),
            contact: stored.contact.to_string(),
            agent: stored.agent.to_string(),
            agent_version: stored.agent_version,
            turns: stored.turns,
            closed: stored.closed,
            started_at: stored.started_at.to_string(),
            last_at: stored.last_at.to_string(),
            platform: platform(&state).to_owned(),
            contact_name: state.contact_name,
            status: status_name(status),
            control: control_name(state.control),
            flow: flow.map(|flow| TranscriptFlow { id: flow.agent.id.to_string(), name: flow.agent.name.clone() }),
            duration_seconds: duration.unsigned_abs() / 1_000_000,
            ended_at: state.ended_at.map(|at| at.to_string()),
            flagged: state.flagged.is_some(),
            flag_reason: state.flagged,
            functions: state.functions,
            parameters: state.parameters.into_iter().map(|(name, value)| (name, value.into())).collect(),
            tags: state.tags,
            state: state.place,
            language: state.language,
            endpoint: state.endpoint,
            operator: state.operator,
            destination: state.destination,
            destination_number: state.destination_number,
            skills: state.skills,
            test: state.test,
            // The agent calls nobody until there are campaigns.
            direction: Direction::Inbound.as_str(),
            mood,
        }
    }
}

/// The channel of a conversation; scenarios without one are web chats.
pub(super) fn platform(state: &TranscriptState) -> &str {
    if state.channel.is_empty() { "web" } else { &state.channel }
}

/// A transcript with what was said and what happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TranscriptWithEntries {
    #[serde(flatten)]
    transcript: Transcript,
    /// What was said and noted, oldest first; of a very long one the newest 10,000 lines.
    entries: Vec<TranscriptEntry>,
    /// Of these what was said, with who said it.
    messages: Vec<TranscriptMessage>,
    /// Of these the calls of functions, with what went in and what came out.
    function_calls: Vec<TranscriptCall>,
    /// The states of the flow that it was in, one after the other.
    state_path: Vec<TranscriptStep>,
}

impl TranscriptWithEntries {
    pub(super) fn of(transcript: Transcript, entries: Vec<StoredEntry>) -> Self {
        let messages = entries.iter().filter_map(TranscriptMessage::of).collect();
        let function_calls = entries.iter().filter_map(TranscriptCall::of).collect();
        let state_path = path(&transcript, &entries);
        let entries = entries.into_iter().map(TranscriptEntry::from).collect();
        Self { transcript, entries, messages, function_calls, state_path }
    }
}

/// One line of a transcript.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptEntry {
    id: String,
    /// `contact`, `agent`, `operator` or `platform`.
    author: &'static str,
    kind: String,
    text: String,
    at: String,
    turn: u32,
    intent: Option<String>,
    /// Conversation, scene and turn of the scenario, joined by `/`; the state of a flow.
    place: Option<String>,
    /// The whole of it.
    #[schema(value_type = serde_json::Value)]
    body: Box<RawValue>,
}

impl From<StoredEntry> for TranscriptEntry {
    fn from(stored: StoredEntry) -> Self {
        let entry = stored.entry;
        Self {
            id: entry.id.0.to_string(),
            author: entry.author.as_str(),
            kind: entry.kind,
            text: entry.text,
            at: entry.at.to_string(),
            turn: stored.turn,
            intent: entry.intent,
            place: entry.place,
            body: entry.body,
        }
    }
}

/// One thing that was said.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptMessage {
    id: String,
    /// `user`, `agent`, `csr` or `system`.
    role: &'static str,
    /// Of agents and people, as markdown.
    content: String,
    /// The same as clean HTML; null for what customers typed.
    html: Option<String>,
    created_at: String,
    turn: u32,
}

impl TranscriptMessage {
    fn of(stored: &StoredEntry) -> Option<Self> {
        let WebchatMessage { id, role, content, html, created_at } = WebchatMessage::of(&stored.entry)?;
        Some(Self { id, role, content, html, created_at, turn: stored.turn })
    }
}

/// One call of a function.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptCall {
    id: String,
    at: String,
    turn: u32,
    #[serde(flatten)]
    call: Called,
}

/// A call as it was noted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Called {
    /// The function's name.
    pub(super) function: String,
    /// Who called: the `agent`, or the conversation's start or end.
    #[serde(default)]
    occasion: Value,
    /// What went in.
    #[serde(default)]
    parameters: Value,
    /// What came out.
    #[serde(default)]
    response: Value,
    /// The event that it fired.
    #[serde(default)]
    pub(super) event: Option<String>,
    /// What it added to the context.
    #[serde(default)]
    context_additions: Value,
    /// Why it failed: `kind` and `message`.
    #[serde(default)]
    pub(super) error: Value,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    logs: Value,
    #[serde(default)]
    duration_micros: Option<u64>,
}

impl Called {
    /// The call that a line notes.
    pub(super) fn of(stored: &StoredEntry) -> Option<Self> {
        let entry = &stored.entry;
        let is_call = entry.author == Author::Platform && entry.kind == "function_call";
        is_call.then(|| serde_json::from_str(entry.body.get()).ok()).flatten()
    }
}

impl TranscriptCall {
    fn of(stored: &StoredEntry) -> Option<Self> {
        let entry = &stored.entry;
        let call = Called::of(stored)?;
        Some(Self { id: entry.id.to_string(), at: entry.at.to_string(), turn: stored.turn, call })
    }
}

/// A state that a conversation was in.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TranscriptStep {
    /// The state's name; `end` where it ended.
    pub(super) state: String,
    /// The event that led there; none into the first.
    pub(super) event: Option<String>,
    /// When.
    at: String,
    turn: u32,
}

/// A change of state as it was noted.
#[derive(Debug, Deserialize)]
pub(super) struct Moved {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) event: String,
}

impl Moved {
    /// The change that a line notes.
    pub(super) fn of(stored: &StoredEntry) -> Option<Self> {
        let entry = &stored.entry;
        let is_change = entry.author == Author::Platform && entry.kind == "state_change";
        is_change.then(|| serde_json::from_str(entry.body.get()).ok()).flatten()
    }
}

fn path(transcript: &Transcript, entries: &[StoredEntry]) -> Vec<TranscriptStep> {
    let moves: Vec<(&StoredEntry, Moved)> =
        entries.iter().filter_map(|stored| Some((stored, Moved::of(stored)?))).collect();
    let first = moves.first().map(|(_, moved)| moved.from.clone()).or_else(|| transcript.state.clone());
    let begun = first.map(|state| TranscriptStep { state, event: None, at: transcript.started_at.clone(), turn: 1 });
    let step = |(stored, moved): (&StoredEntry, Moved)| TranscriptStep {
        state: moved.to,
        event: Some(moved.event),
        at: stored.entry.at.to_string(),
        turn: stored.turn,
    };
    begun.into_iter().chain(moves.into_iter().map(step)).collect()
}

/// Statuses by their names, as a query lists them.
pub(super) fn statuses(names: &[&str]) -> Result<Vec<TranscriptStatus>, String> {
    let named = |name: &&str| crate::dialai::wire::status_named(name.trim()).ok_or_else(|| (*name).to_owned());
    names.iter().map(named).collect()
}
