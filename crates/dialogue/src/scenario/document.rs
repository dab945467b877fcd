//! The scenario document as it is read: what an export says, in types (spec/opendialog.md §2.1.1,
//! §6.12).
//!
//! These names are the document format's own; the compiled form is what the engine runs. This is a
//! *reading* of the JSON tree, and is never written back: the tree itself is what is stored, edited
//! and exported, so nothing in it that is not understood here can be lost.

use model::attribute::AttributeDeclaration;
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Speaker {
    /// The visitor.
    #[default]
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Common {
    /// Designer's id, unique within the parent.
    pub od_id: String,
    /// For people.
    pub name: String,
    /// For people; null in some exports.
    pub description: Option<String>,
    /// Interpreter name; empty inherits.
    pub interpreter: Option<String>,
    /// Interpreter tried before all others below this object (orchestration, §2.5).
    pub priority_interpreter: Option<String>,
    /// Behaviours.
    pub behaviors: Vec<Behavior>,
    /// Gate of this object and all below it.
    pub conditions: Vec<Condition>,
    /// How the conditions are joined.
    pub condition_operator: Option<Joiner>,
}

impl Common {
    /// Whether it has a behaviour.
    pub fn is(&self, behavior: Behavior) -> bool {
        self.behaviors.contains(&behavior)
    }
}

/// A scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scenario {
    /// What every object has.
    pub common: Common,
    /// Whether it was active where it was exported.
    pub active: Option<bool>,
    /// Status where it was exported: `DRAFT`, `PREVIEW`, `PUBLISHED` or `LIVE`.
    pub status: Option<String>,
    /// Attributes that the scenario declares.
    pub attributes: Vec<AttributeDeclaration>,
    /// Configured interpreters: their names and what they are.
    pub interpreters: Vec<Interpreter>,
    /// Configured actions.
    pub actions: Vec<ActionConfiguration>,
    /// The tree.
    pub conversations: Vec<Conversation>,
}

/// A configured interpreter of a scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interpreter {
    /// The name that intents refer to.
    pub name: String,
    /// `interpreter.core.callbackInterpreter` or `interpreter.core.examples`.
    pub component_id: String,
    /// Settings of the component.
    pub configuration: Map<String, Value>,
}

/// The component of actions that send the conversation into a flow: `flow` is the flow's id, `parameters` what it is
/// given.
pub const ENTER_FLOW: &str = "action.core.enter_flow";

/// A configured action of a scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionConfiguration {
    /// The name that intents refer to.
    pub name: String,
    /// `action.core.set_attributes`, `action.core.datetime`, [`ENTER_FLOW`].
    pub component_id: String,
    /// Settings of the component.
    pub configuration: Map<String, Value>,
    /// Whether it may run (row OD-X16); it may when nothing is said.
    pub active: bool,
}

/// A conversation of a scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversation {
    /// What every object has.
    pub common: Common,
    /// Its scenes.
    pub scenes: Vec<Scene>,
}

/// A scene of a conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scene {
    /// What every object has.
    pub common: Common,
    /// Its turns.
    pub turns: Vec<Turn>,
}

/// A turn of a scene: one exchange.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Turn {
    /// What every object has.
    pub common: Common,
    /// Intents after which the turn is available, superseded by transitions.
    pub valid_origins: Vec<String>,
    /// What opens the exchange.
    pub request_intents: Vec<Intent>,
    /// What answers it.
    pub response_intents: Vec<Intent>,
}

/// What one participant says.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// What every object has.
    pub common: Common,
    /// An utterance that realises it.
    pub sample_utterance: String,
    /// Further examples for the classifier (Parlance's own).
    pub examples: Vec<String>,
    /// Least confidence of an interpretation, 0 to 1.
    pub confidence: f64,
    /// Who says it.
    pub speaker: Speaker,
    /// Where to go when it was executed.
    pub transition: Option<Transition>,
    /// Interpretation attributes to keep.
    pub expected_attributes: Vec<ExpectedAttribute>,
    /// Fixed values that it sets when it fires (row OD-N44).
    pub set_attributes: Vec<SetAttribute>,
    /// The visitor's intents to go on with at once, in either of their two spellings; only the
    /// first is used.
    pub virtual_intents: Vec<VirtualIntent>,
    /// What to run when it is selected.
    pub actions: Vec<ActionUse>,
    /// What to say, for the agent's intents.
    pub message_templates: Vec<MessageTemplate>,
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
            expected_attributes: Vec::new(),
            set_attributes: Vec::new(),
            virtual_intents: Vec::new(),
            actions: Vec::new(),
            message_templates: Vec::new(),
        }
    }
}

impl Intent {
    /// All utterances that realise it: the sample first, then the further examples.
    pub fn utterances(&self) -> impl Iterator<Item = &str> {
        let all = std::iter::once(&self.sample_utterance).chain(&self.examples);
        all.map(|text| text.trim()).filter(|text| !text.is_empty())
    }
}

/// Target of a transition: the deepest one given counts. Each is an `od_id` or a `$path:` reference;
/// [`super::reference::Places`] finds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transition {
    /// A conversation of the scenario.
    pub conversation: Option<String>,
    /// A scene of it.
    pub scene: Option<String>,
    /// A turn of it.
    pub turn: Option<String>,
}

/// An interpretation attribute that an intent keeps, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedAttribute {
    /// Name, or `context.name`.
    pub name: String,
    /// Context to store it in; `user` when absent.
    pub context: Option<String>,
}

/// A fixed value that an intent sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetAttribute {
    /// Name, or `context.name`.
    pub attribute: String,
    /// The value; texts may refer to attributes.
    pub value: Value,
}

/// The visitor's intent with which the engine goes on by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VirtualIntent {
    /// Always the opposite participant of the intent that carries it.
    pub speaker: Speaker,
    /// `od_id` of the intent.
    pub intent_id: String,
}

/// An action on an intent. In a document it may be just the action's name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ActionUse {
    /// Name of the configured action, or its component id.
    pub od_id: String,
    /// Attribute → context to read it from.
    pub input_attributes: Map<String, Value>,
    /// Attribute → context to write it to; `user` when absent.
    pub output_attributes: Map<String, Value>,
}

/// A way to say an intent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageTemplate {
    /// What every object has.
    pub common: Common,
    /// The message, as markup (§4).
    pub message_markup: String,
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
    /// Other fields.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A named argument of a condition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    /// Its name.
    pub id: String,
    /// Its value.
    pub value: Value,
}
