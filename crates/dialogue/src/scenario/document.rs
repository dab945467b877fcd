//! The scenario document: the tree as it is stored, imported and exported (spec/opendialog.md
//! §2.1.1, §6.12).
//!
//! These names are the document format's own, as an OpenDialog export has them; the compiled form
//! is what the engine runs. Fields that are not understood are kept in `extra`, so that a document
//! comes out as it went in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a conversation, scene, turn or intent does beside being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Behavior {
    /// Considered when its level is first joined.
    Starting,
    /// Considered at any later point of its scene.
    Open,
    /// Ends the conversation when its intent was executed.
    Completing,
}

/// Who says an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Speaker {
    /// The visitor.
    User,
    /// The agent.
    App,
}

/// How several conditions on one object are joined (§3.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Joiner {
    /// All must hold.
    #[default]
    And,
    /// One must hold.
    Or,
}

/// What every object of the tree has.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Id within the database it was exported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// Designer's id, unique within the parent.
    pub od_id: String,
    /// For people.
    pub name: String,
    /// For people; null in some exports.
    pub description: Option<String>,
    /// Interpreter name; empty inherits.
    pub interpreter: Option<String>,
    /// Interpreter tried before all others below this object (orchestration, §2.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_interpreter: Option<String>,
    /// Behaviours.
    pub behaviors: Vec<Behavior>,
    /// Gate of this object and all below it.
    pub conditions: Vec<Condition>,
    /// How the conditions are joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_operator: Option<Joiner>,
}

/// A scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scenario {
    /// What every object has.
    #[serde(flatten)]
    pub common: Common,
    /// Whether it was active where it was exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Status where it was exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Attributes that the scenario declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<model::attribute::AttributeDeclaration>,
    /// Configured interpreters: their names and what they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interpreters: Vec<Interpreter>,
    /// Configured actions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionConfiguration>,
    /// The tree.
    pub conversations: Vec<Conversation>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A configured interpreter of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interpreter {
    /// The name that intents refer to.
    pub name: String,
    /// `interpreter.core.callbackInterpreter` or `interpreter.core.examples`.
    pub component_id: String,
    /// Settings of the component.
    #[serde(default)]
    pub configuration: Map<String, Value>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A configured action of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionConfiguration {
    /// The name that intents refer to.
    pub name: String,
    /// `action.core.set_attributes`, `action.core.datetime`.
    pub component_id: String,
    /// Settings of the component.
    #[serde(default)]
    pub configuration: Map<String, Value>,
    /// Whether it may run (row OD-X16).
    #[serde(default = "yes")]
    pub active: bool,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

const fn yes() -> bool {
    true
}

/// A conversation of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conversation {
    /// What every object has.
    #[serde(flatten)]
    pub common: Common,
    /// Its scenes.
    pub scenes: Vec<Scene>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A scene of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scene {
    /// What every object has.
    #[serde(flatten)]
    pub common: Common,
    /// Its turns.
    pub turns: Vec<Turn>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A turn of a scene: one exchange.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Turn {
    /// What every object has.
    #[serde(flatten)]
    pub common: Common,
    /// Intents after which the turn is available, superseded by transitions.
    pub valid_origins: Vec<String>,
    /// What opens the exchange.
    pub request_intents: Vec<Intent>,
    /// What answers it.
    pub response_intents: Vec<Intent>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What one participant says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Intent {
    /// What every object has.
    #[serde(flatten)]
    pub common: Common,
    /// An utterance that realises it.
    pub sample_utterance: String,
    /// Further examples for the classifier (Parlance's own).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
    /// Least confidence of an interpretation, 0 to 1.
    pub confidence: f64,
    /// Who says it.
    pub speaker: Speaker,
    /// Where to go when it was executed.
    pub transition: Option<Transition>,
    /// Intents that it listens for; kept, unused.
    pub listens_for: Vec<Value>,
    /// Interpretation attributes to keep.
    pub expected_attributes: Vec<ExpectedAttribute>,
    /// Fixed values that it sets when it fires (row OD-N44).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set_attributes: Vec<SetAttribute>,
    /// The visitor's intent to go on with at once; at most one is used.
    pub virtual_intents: Vec<VirtualIntent>,
    /// The same in its newer, singular form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_intent: Option<VirtualIntent>,
    /// What to run when it is selected.
    pub actions: Vec<ActionUse>,
    /// What to say, for the agent's intents.
    pub message_templates: Vec<MessageTemplate>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Default for Intent {
    fn default() -> Self {
        Self {
            common: Common::default(),
            sample_utterance: String::new(),
            examples: Vec::new(),
            confidence: 1.0,
            speaker: Speaker::User,
            transition: None,
            listens_for: Vec::new(),
            expected_attributes: Vec::new(),
            set_attributes: Vec::new(),
            virtual_intents: Vec::new(),
            virtual_intent: None,
            actions: Vec::new(),
            message_templates: Vec::new(),
            extra: Map::new(),
        }
    }
}

/// Target of a transition: the deepest one given counts. Each is an `od_id` or a `$path:` reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transition {
    /// A conversation of the scenario.
    pub conversation: Option<String>,
    /// A scene of it.
    pub scene: Option<String>,
    /// A turn of it.
    pub turn: Option<String>,
}

/// An interpretation attribute that an intent keeps, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedAttribute {
    /// Name, or `context.name`.
    #[serde(alias = "id", alias = "attribute")]
    pub name: String,
    /// Context to store it in; `user` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A fixed value that an intent sets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetAttribute {
    /// Name, or `context.name`.
    pub attribute: String,
    /// The value; texts may refer to attributes.
    pub value: Value,
}

/// The visitor's intent with which the engine goes on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualIntent {
    /// Must be the opposite participant of the intent that carries it.
    pub speaker: Speaker,
    /// `od_id` of the intent.
    pub intent_id: String,
}

/// An action on an intent. In a document it may be just the action's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "ActionUseForm")]
pub struct ActionUse {
    /// Name of the configured action, or its component id.
    pub od_id: String,
    /// Attribute → context to read it from.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub input_attributes: Map<String, Value>,
    /// Attribute → context to write it to; `user` when absent.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub output_attributes: Map<String, Value>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ActionUseForm {
    Name(String),
    Whole {
        #[serde(alias = "id", alias = "action")]
        od_id: String,
        #[serde(default)]
        input_attributes: Value,
        #[serde(default)]
        output_attributes: Value,
        #[serde(flatten)]
        extra: Map<String, Value>,
    },
}

impl From<ActionUseForm> for ActionUse {
    fn from(form: ActionUseForm) -> Self {
        /// An empty PHP map is exported as `[]`.
        fn map(value: Value) -> Map<String, Value> {
            if let Value::Object(map) = value { map } else { Map::new() }
        }
        match form {
            ActionUseForm::Name(od_id) => {
                Self { od_id, input_attributes: Map::new(), output_attributes: Map::new(), extra: Map::new() }
            }
            ActionUseForm::Whole { od_id, input_attributes, output_attributes, extra } => Self {
                od_id,
                input_attributes: map(input_attributes),
                output_attributes: map(output_attributes),
                extra,
            },
        }
    }
}

/// A way to say an intent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessageTemplate {
    /// What every object has.
    #[serde(flatten)]
    pub common: Common,
    /// The message, as markup (§4).
    pub message_markup: String,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One operation on an attribute (§3.4).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// `eq`, `gte`, `is_set`…
    pub operation: String,
    /// `attribute` → reference.
    #[serde(rename = "operationAttributes")]
    pub operation_attributes: Vec<Argument>,
    /// `value` → what to compare with.
    pub parameters: Vec<Argument>,
    /// What was not understood, kept.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A named argument of a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    /// Its name.
    pub id: String,
    /// Its value.
    pub value: Value,
}
