//! The compiled scenario: immutable, interned, everything parsed.
//!
//! Objects live in flat arrays and refer to each other by index; order within an array is design
//! order. Nothing here is parsed again in a turn.

use std::sync::Arc;

use model::attribute::AttributeType;
use serde_json::Value;

use crate::{
    expression::{Conditions, Template},
    message::Markup,
    scenario::document::Speaker,
};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            pub(crate) fn at(index: usize) -> Self {
                Self(u32::try_from(index).expect("an import is far below four thousand million objects"))
            }
        }
    };
}
index!(
    /// A conversation of one compiled scenario.
    ConversationIx
);
index!(
    /// A scene of one compiled scenario.
    SceneIx
);
index!(
    /// A turn of one compiled scenario.
    TurnIx
);
index!(
    /// An intent of one compiled scenario.
    IntentIx
);
index!(
    /// An interpreter of one compiled scenario.
    InterpreterIx
);

/// What every object of the tree has.
#[derive(Debug, Default)]
pub struct Node {
    /// Designer's id.
    pub od_id: Arc<str>,
    /// For people.
    pub name: Box<str>,
    /// For people.
    pub description: Box<str>,
    /// Considered when its level is first joined.
    pub starting: bool,
    /// Considered at any later point of its scene.
    pub open: bool,
    /// Ends the conversation.
    pub completing: bool,
    /// Its gate. A broken one never opens.
    pub conditions: Gate,
}

/// The conditions of an object.
#[derive(Debug)]
pub enum Gate {
    /// Evaluated at each visit.
    Conditions(Conditions),
    /// They did not compile: closed, so that a mistake in one place stays in that place.
    Broken(Box<str>),
}

impl Default for Gate {
    fn default() -> Self {
        Self::Conditions(Conditions::default())
    }
}

impl Gate {
    /// Number of conditions; what message selection ranks by (row OD-N45).
    pub fn len(&self) -> usize {
        match self {
            Self::Conditions(conditions) => conditions.len(),
            Self::Broken(_) => 0,
        }
    }

    /// Whether nothing has to hold.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Conditions(conditions) if conditions.is_empty())
    }
}

/// A scenario that can be run.
#[derive(Debug)]
pub struct CompiledScenario {
    pub(crate) root: Node,
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) scenes: Vec<Scene>,
    pub(crate) turns: Vec<Turn>,
    pub(crate) intents: Vec<Intent>,
    pub(crate) interpreters: Vec<Interpreter>,
    pub(crate) declared: std::collections::HashMap<Box<str>, AttributeType>,
    pub(crate) reads: Reads,
    /// The visitor's intents with reserved names, by that name in lower case.
    pub(crate) reserved: std::collections::HashMap<Box<str>, Vec<IntentIx>>,
}

/// Which parts of the past a scenario reads; they are loaded only then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reads {
    /// The current transcript (`history`).
    pub history: bool,
    /// All transcripts of the contact (`message_history`).
    pub message_history: bool,
}

/// An interpreter that intents refer to.
#[derive(Debug)]
pub struct Interpreter {
    /// Its name in the scenario.
    pub name: Arc<str>,
    /// What it is.
    pub kind: InterpreterKind,
    /// How its matches are ranked.
    pub ranking: Ranking,
}

/// What an interpreter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterpreterKind {
    /// Matches the intent that a button, form or trigger names.
    Callback,
    /// The offline classifier, trained on the intents' sample utterances.
    Examples,
    /// Not available here: matches nothing.
    Unknown,
}

/// Which of several matching intents wins (spec/opendialog.md §0.3, conflict 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ranking {
    /// The first in the design (row OD-N07).
    DesignOrder,
    /// The most confident; on a tie the one with more attributes (row OD-N09).
    Confidence,
}

/// A compiled conversation.
#[derive(Debug)]
pub struct Conversation {
    /// What every object has.
    pub node: Node,
    /// Its scenes.
    pub scenes: Vec<SceneIx>,
}

/// A compiled scene.
#[derive(Debug)]
pub struct Scene {
    /// What every object has.
    pub node: Node,
    /// Whose scene it is.
    pub conversation: ConversationIx,
    /// Its turns.
    pub turns: Vec<TurnIx>,
}

/// A compiled turn.
#[derive(Debug)]
pub struct Turn {
    /// What every object has.
    pub node: Node,
    /// Whose turn it is.
    pub scene: SceneIx,
    /// `od_id`s of intents after which it is available.
    pub valid_origins: Vec<Box<str>>,
    /// What opens the exchange.
    pub requests: Vec<IntentIx>,
    /// What answers it.
    pub responses: Vec<IntentIx>,
}

/// Which side of a turn an intent is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// It opens the exchange.
    Request,
    /// It answers.
    Response,
}

/// A compiled intent.
#[derive(Debug)]
pub struct Intent {
    /// What every object has.
    pub node: Node,
    /// Whose intent it is.
    pub turn: TurnIx,
    /// Which side of it.
    pub side: Side,
    /// Who says it.
    pub speaker: Speaker,
    /// Least confidence of an interpretation.
    pub confidence: f64,
    /// The interpreter in effect: its own, or the nearest one above.
    pub interpreter: InterpreterIx,
    /// The priority interpreter in effect, if one is set above.
    pub priority: Option<InterpreterIx>,
    /// `conversation/scene/turn`, for transcripts and journals.
    pub place: Arc<str>,
    /// Interpretation attribute → context.
    pub expected: Vec<(Box<str>, Box<str>)>,
    /// Values it sets: context, name, value.
    pub sets: Vec<(Box<str>, Box<str>, Filled)>,
    /// Where to go when it was executed.
    pub transition: Option<Target>,
    /// The visitor's intent to go on with.
    pub virtual_intent: Option<Arc<str>>,
    /// What to run.
    pub actions: Vec<Action>,
    /// Ways to say it.
    pub templates: Vec<MessageTemplate>,
}

/// Target of a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Its starting scenes.
    Conversation(ConversationIx),
    /// Its starting turns.
    Scene(SceneIx),
    /// Its requests.
    Turn(TurnIx),
    /// It was meant to be somewhere that does not exist.
    Nowhere,
}

/// A configured action on an intent.
#[derive(Debug)]
pub struct Action {
    /// Its name in the scenario.
    pub name: Arc<str>,
    /// What runs.
    pub component: Arc<str>,
    /// Whether it may run.
    pub active: bool,
    /// Its settings; texts in it may read attributes.
    pub configuration: Filled,
    /// Attribute → context to read it from.
    pub inputs: Vec<(Box<str>, Box<str>)>,
    /// Attribute → context to write it to.
    pub outputs: Vec<(Box<str>, Box<str>)>,
}

/// A way to say an intent.
#[derive(Debug)]
pub struct MessageTemplate {
    /// What every object has.
    pub node: Node,
    /// The message, or why there is none.
    pub markup: Result<Markup, Box<str>>,
}

/// JSON whose texts may read attributes.
#[derive(Debug)]
pub enum Filled {
    /// The same at every turn.
    Constant(Value),
    /// One attribute, with its type kept.
    Typed(Box<crate::expression::Expression>),
    /// A text with attributes in it.
    Text(Template),
    /// A list.
    List(Vec<Filled>),
    /// An object.
    Object(Vec<(String, Filled)>),
}

impl CompiledScenario {
    /// Which parts of the past it reads.
    pub fn reads(&self) -> Reads {
        self.reads
    }

    /// The designer's id of the scenario.
    pub fn od_id(&self) -> &str {
        &self.root.od_id
    }

    /// The type that the scenario declares for an attribute (row OD-C30).
    pub fn declared_type(&self, attribute: &str) -> Option<AttributeType> {
        self.declared.get(attribute).copied()
    }

    /// The visitor's intents that have a reserved name, in design order; documents differ in its case.
    pub(crate) fn handlers(&self, name: &str) -> &[IntentIx] {
        self.reserved.get(name.to_ascii_lowercase().as_str()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn conversation(&self, ix: ConversationIx) -> &Conversation {
        &self.conversations[ix.0 as usize]
    }

    pub(crate) fn scene(&self, ix: SceneIx) -> &Scene {
        &self.scenes[ix.0 as usize]
    }

    pub(crate) fn turn(&self, ix: TurnIx) -> &Turn {
        &self.turns[ix.0 as usize]
    }

    pub(crate) fn intent(&self, ix: IntentIx) -> &Intent {
        &self.intents[ix.0 as usize]
    }

    pub(crate) fn interpreter(&self, ix: InterpreterIx) -> &Interpreter {
        &self.interpreters[ix.0 as usize]
    }
}
