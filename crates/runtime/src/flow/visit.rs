//! How a scenario and a flow hand a conversation to each other: an action of a scenario enters a flow, an event of the
//! flow returns to the scenario. The transcript stays one, and so do its turns.

use dialogue::{
    engine::{Position, Session},
    flow::engine,
};
use model::{AgentId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::loaded::AgentSource;

/// What is remembered of a scenario's transcript: where it stands, and the flow that it is visiting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    #[serde(default, skip_serializing_if = "is_start")]
    position: Position,
    last_at: Timestamp,
    /// The flow in which the conversation is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) visit: Option<Box<Visit>>,
}

fn is_start(position: &Position) -> bool {
    *position == Position::Start
}

impl Kept {
    pub(crate) fn new(session: Session, visit: Option<Box<Visit>>) -> Self {
        Self { position: session.position, last_at: session.last_at, visit }
    }

    /// The scenario's part, and the flow's.
    pub(crate) fn split(self) -> (Session, Option<Box<Visit>>) {
        (Session { position: self.position, last_at: self.last_at }, self.visit)
    }
}

/// A conversation's stay in a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// The flow.
    pub(crate) flow: AgentId,
    /// Its version, kept for the whole stay; 0 is the draft.
    pub(crate) version: u32,
    /// What the flow's engine remembers.
    pub(crate) session: engine::Session,
}

impl Visit {
    /// What runs.
    pub(crate) fn source(&self) -> AgentSource {
        if self.version == 0 { AgentSource::Draft } else { AgentSource::Version(self.version) }
    }
}

/// Where a scenario can send the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Onward {
    /// Into a flow.
    IntoFlow,
    /// Nowhere in this turn: a flow has just come back, and the two could send it to and fro without end.
    Nowhere,
}

/// That a scenario sends the conversation into a flow.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entering {
    pub(crate) flow: AgentId,
    pub(crate) parameters: Map<String, Value>,
}

impl Entering {
    /// From the action's settings: `flow` is the flow's id, `parameters` what it is given.
    pub(crate) fn read(configuration: &Map<String, Value>) -> Result<Self, String> {
        let flow = configuration.get("flow").and_then(Value::as_str).unwrap_or_default().trim();
        let flow = flow.parse().map_err(|_| format!("`flow` must be the id of a flow; `{flow}` is none"))?;
        let parameters = match configuration.get("parameters") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(parameters)) => parameters.clone(),
            Some(_) => return Err("`parameters` must be an object".to_owned()),
        };
        Ok(Self { flow, parameters })
    }
}
