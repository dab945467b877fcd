//! Document to compiled scenario.
//!
//! Compiling never fails: what is broken is compiled to something that stays shut and says why in the
//! journal, so that a mistake in one place does not take the rest of the agent down. Finding mistakes
//! before they are published is the static check's job.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use super::{
    compiled::{
        Action, CompiledScenario, Conversation, ConversationIx, Filled, Gate, Intent, IntentIx, Interpreter,
        InterpreterIx, InterpreterKind, MessageTemplate, Node, Ranking, Reads, Scene, SceneIx, Side, Target, Turn,
        TurnIx,
    },
    document::{self, Behavior, Common},
    reference::{PATH_PREFIX, Place, Places},
};
use crate::{
    expression::{Conditions, FillOptions, Part, Reference, Template},
    message::{Markup, MarkupOptions},
};

/// Component id of the interpreter that matches named intents.
pub const CALLBACK_INTERPRETER: &str = "interpreter.core.callbackInterpreter";
/// Component id of the built-in classifier that learns from examples.
pub const EXAMPLES_INTERPRETER: &str = "interpreter.core.examples";

/// Examples of one intent, for the classifier of one interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentExamples {
    /// `od_id` of the intent.
    pub intent: String,
    /// Sample utterance and further examples.
    pub examples: Vec<String>,
}

impl CompiledScenario {
    /// Compiles a document. `agent` is the agent's id, which replaces references to the scenario itself.
    pub fn compile(document: &document::Scenario, agent: &str) -> Self {
        let mut compiler = Compiler::new(document, agent);
        compiler.tree(document);
        compiler.transitions(document);
        compiler.scenario
    }

    /// What each example-based interpreter is to be trained on: its name, and the examples of all
    /// visitor's intents that it interprets.
    pub fn training(&self, document: &document::Scenario) -> Vec<(Arc<str>, Vec<IntentExamples>)> {
        let documents = document
            .conversations
            .iter()
            .flat_map(|conversation| &conversation.scenes)
            .flat_map(|scene| &scene.turns)
            .flat_map(|turn| turn.request_intents.iter().chain(&turn.response_intents));
        let mut sets: Vec<Vec<IntentExamples>> = self.interpreters.iter().map(|_| Vec::new()).collect();
        let mut known: HashMap<(InterpreterIx, &str), usize> = HashMap::new();
        for (intent, source) in self.intents.iter().zip(documents) {
            let learns = self.interpreter(intent.interpreter).kind == InterpreterKind::Examples
                && intent.speaker == document::Speaker::User
                && !source.common.od_id.starts_with("intent.core.");
            if !learns {
                continue;
            }
            let set = &mut sets[intent.interpreter.0 as usize];
            let at = *known.entry((intent.interpreter, &*intent.node.od_id)).or_insert_with(|| {
                set.push(IntentExamples { intent: intent.node.od_id.to_string(), examples: Vec::new() });
                set.len() - 1
            });
            set[at].examples.extend(source.utterances().map(str::to_owned));
        }
        self.interpreters
            .iter()
            .zip(sets)
            .filter(|(interpreter, _)| interpreter.kind == InterpreterKind::Examples)
            .map(|(interpreter, set)| (interpreter.name.clone(), set))
            .collect()
    }

    pub(crate) fn conversation_named(&self, od_id: &str) -> Option<ConversationIx> {
        self.conversations.iter().position(|c| &*c.node.od_id == od_id).map(ConversationIx::at)
    }

    pub(crate) fn scene_named(&self, conversation: ConversationIx, od_id: &str) -> Option<SceneIx> {
        self.conversation(conversation).scenes.iter().copied().find(|ix| &*self.scene(*ix).node.od_id == od_id)
    }

    pub(crate) fn turn_named(&self, scene: SceneIx, od_id: &str) -> Option<TurnIx> {
        self.scene(scene).turns.iter().copied().find(|ix| &*self.turn(*ix).node.od_id == od_id)
    }
}

struct Compiler<'d> {
    scenario: CompiledScenario,
    interpreters: HashMap<Box<str>, InterpreterIx>,
    actions: HashMap<&'d str, &'d document::ActionConfiguration>,
    agent: &'d str,
}

/// Interpreter and priority interpreter in effect below an object (row OD-N38).
#[derive(Clone, Copy)]
struct Inherited {
    interpreter: InterpreterIx,
    priority: Option<InterpreterIx>,
}

impl<'d> Compiler<'d> {
    fn new(document: &'d document::Scenario, agent: &'d str) -> Self {
        let mut compiler = Self {
            scenario: CompiledScenario {
                root: Node::default(),
                conversations: Vec::new(),
                scenes: Vec::new(),
                turns: Vec::new(),
                intents: Vec::new(),
                interpreters: vec![Interpreter {
                    name: CALLBACK_INTERPRETER.into(),
                    kind: InterpreterKind::Callback,
                    ranking: Ranking::DesignOrder,
                }],
                declared: document.attributes.iter().map(|a| (a.name.as_str().into(), a.kind)).collect(),
                reads: Reads::default(),
                reserved: HashMap::new(),
            },
            interpreters: HashMap::from([(CALLBACK_INTERPRETER.into(), InterpreterIx::at(0))]),
            actions: document.actions.iter().map(|action| (action.name.as_str(), action)).collect(),
            agent,
        };
        for interpreter in &document.interpreters {
            let chosen = interpreter.configuration.get("ranking").and_then(Value::as_str);
            compiler.add_interpreter(&interpreter.name, &interpreter.component_id, chosen);
        }
        compiler.scenario.root = compiler.node(&document.common);
        compiler
    }

    fn add_interpreter(&mut self, name: &str, component: &str, ranking: Option<&str>) -> InterpreterIx {
        let kind = match component {
            CALLBACK_INTERPRETER | "interpreter.core.callback" => InterpreterKind::Callback,
            EXAMPLES_INTERPRETER => InterpreterKind::Examples,
            _ => InterpreterKind::Unknown,
        };
        let ranking = match ranking {
            Some("confidence") => Ranking::Confidence,
            Some("design_order") => Ranking::DesignOrder,
            // A classifier's best guess is worth more than its second best, wherever it is drawn.
            _ if kind == InterpreterKind::Examples => Ranking::Confidence,
            _ => Ranking::DesignOrder,
        };
        let ix = InterpreterIx::at(self.scenario.interpreters.len());
        self.scenario.interpreters.push(Interpreter { name: name.into(), kind, ranking });
        self.interpreters.insert(name.into(), ix);
        ix
    }

    /// An interpreter by the name that an object gives; empty inherits.
    fn interpreter(&mut self, name: Option<&str>) -> Option<InterpreterIx> {
        let name = name.filter(|name| !name.is_empty())?;
        // A component may be named directly, without being configured under a name of its own.
        Some(self.interpreters.get(name).copied().unwrap_or_else(|| self.add_interpreter(name, name, None)))
    }

    fn inherit(&mut self, above: Inherited, common: &Common) -> Inherited {
        Inherited {
            interpreter: self.interpreter(common.interpreter.as_deref()).unwrap_or(above.interpreter),
            priority: self.interpreter(common.priority_interpreter.as_deref()).or(above.priority),
        }
    }

    fn node(&mut self, common: &Common) -> Node {
        Node {
            od_id: common.od_id.as_str().into(),
            name: common.name.as_str().into(),
            description: common.description.as_deref().unwrap_or_default().into(),
            starting: common.is(Behavior::Starting),
            open: common.is(Behavior::Open),
            completing: common.is(Behavior::Completing),
            conditions: self.gate(common),
        }
    }

    fn gate(&mut self, common: &Common) -> Gate {
        let own_id = |condition: &document::Condition| {
            let mut condition = condition.clone();
            for parameter in &mut condition.parameters {
                if let Some(path) = parameter.value.as_str().and_then(|value| value.strip_prefix(PATH_PREFIX)) {
                    // A path to the scenario stands for its id, one to an object for its od_id.
                    let id = path.rsplit_once('/').map_or(self.agent, |(_, od_id)| od_id);
                    parameter.value = id.into();
                }
            }
            condition
        };
        let conditions: Vec<_> = common.conditions.iter().map(own_id).collect();
        match Conditions::compile(&conditions, common.condition_operator) {
            Ok(conditions) => {
                self.note_reads(conditions.references());
                Gate::Conditions(conditions)
            }
            Err(problems) => Gate::Broken(
                problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; ").into(),
            ),
        }
    }

    fn note_reads<'r>(&mut self, references: impl IntoIterator<Item = &'r Reference>) {
        for reference in references {
            match &*reference.context {
                "history" => self.scenario.reads.history = true,
                "message_history" => self.scenario.reads.message_history = true,
                _ => {}
            }
        }
    }

    fn tree(&mut self, document: &document::Scenario) {
        let top = Inherited { interpreter: InterpreterIx::at(0), priority: None };
        let top = self.inherit(top, &document.common);
        for conversation in &document.conversations {
            let inherited = self.inherit(top, &conversation.common);
            let node = self.node(&conversation.common);
            let ix = ConversationIx::at(self.scenario.conversations.len());
            self.scenario.conversations.push(Conversation { node, scenes: Vec::new() });
            for scene in &conversation.scenes {
                let scene = self.scene(scene, ix, inherited);
                self.scenario.conversations[ix.0 as usize].scenes.push(scene);
            }
        }
    }

    fn scene(&mut self, document: &document::Scene, conversation: ConversationIx, above: Inherited) -> SceneIx {
        let inherited = self.inherit(above, &document.common);
        let node = self.node(&document.common);
        let ix = SceneIx::at(self.scenario.scenes.len());
        self.scenario.scenes.push(Scene { node, conversation, turns: Vec::new() });
        for turn in &document.turns {
            let turn = self.turn(turn, ix, inherited);
            self.scenario.scenes[ix.0 as usize].turns.push(turn);
        }
        ix
    }

    fn turn(&mut self, document: &document::Turn, scene: SceneIx, above: Inherited) -> TurnIx {
        let inherited = self.inherit(above, &document.common);
        let node = self.node(&document.common);
        let ix = TurnIx::at(self.scenario.turns.len());
        let valid_origins = document.valid_origins.iter().map(|origin| last_segment(origin).into()).collect();
        let of = &self.scenario.scenes[scene.0 as usize];
        let conversation = &self.scenario.conversations[of.conversation.0 as usize].node.od_id;
        let place: Arc<str> = format!("{conversation}/{}/{}", of.node.od_id, node.od_id).into();
        self.scenario.turns.push(Turn { node, scene, valid_origins, requests: Vec::new(), responses: Vec::new() });
        let requests = self.intents(&document.request_intents, ix, Side::Request, &place, inherited);
        let responses = self.intents(&document.response_intents, ix, Side::Response, &place, inherited);
        let turn = &mut self.scenario.turns[ix.0 as usize];
        (turn.requests, turn.responses) = (requests, responses);
        ix
    }

    fn intents(
        &mut self,
        documents: &[document::Intent],
        turn: TurnIx,
        side: Side,
        place: &Arc<str>,
        above: Inherited,
    ) -> Vec<IntentIx> {
        let mut found = Vec::with_capacity(documents.len());
        for document in documents {
            let inherited = self.inherit(above, &document.common);
            let intent = Intent {
                node: self.node(&document.common),
                turn,
                side,
                speaker: document.speaker,
                confidence: document.confidence,
                interpreter: inherited.interpreter,
                priority: inherited.priority,
                place: place.clone(),
                expected: document.expected_attributes.iter().map(expected).collect(),
                sets: document.set_attributes.iter().map(|set| self.set(set)).collect(),
                transition: None,
                virtual_intent: document.virtual_intents.first().map(|intent| last_segment(&intent.intent_id).into()),
                actions: document.actions.iter().map(|action| self.action(action)).collect(),
                templates: document.message_templates.iter().map(|template| self.template(template)).collect(),
            };
            let ix = IntentIx::at(self.scenario.intents.len());
            found.push(ix);
            if intent.speaker == document::Speaker::User && intent.node.od_id.starts_with("intent.core.") {
                let name = intent.node.od_id.to_ascii_lowercase().into();
                self.scenario.reserved.entry(name).or_default().push(ix);
            }
            self.scenario.intents.push(intent);
        }
        found
    }

    fn set(&mut self, set: &document::SetAttribute) -> (Box<str>, Box<str>, Filled) {
        let (context, name) = set.attribute.split_once('.').unwrap_or(("user", &set.attribute));
        (context.into(), name.into(), self.filled(&set.value))
    }

    fn action(&mut self, used: &document::ActionUse) -> Action {
        let configured = self.actions.get(used.od_id.as_str()).copied();
        let configuration = configured.map(|action| Value::Object(action.configuration.clone()));
        Action {
            name: used.od_id.as_str().into(),
            component: configured.map_or(used.od_id.as_str(), |action| &action.component_id).into(),
            active: configured.is_none_or(|action| action.active),
            configuration: self.filled(&configuration.unwrap_or_else(|| Value::Object(Default::default()))),
            inputs: contexts(&used.input_attributes),
            outputs: contexts(&used.output_attributes),
        }
    }

    fn template(&mut self, document: &document::MessageTemplate) -> MessageTemplate {
        let markup = Markup::compile(&document.message_markup, MarkupOptions::default()).map_err(|problems| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ").into_boxed_str()
        });
        if let Ok(markup) = &markup {
            self.note_reads(markup.references());
        }
        MessageTemplate { node: self.node(&document.common), markup }
    }

    /// JSON with its texts compiled; a text that is one reference keeps the attribute's type.
    fn filled(&mut self, value: &Value) -> Filled {
        match value {
            Value::String(text) => match Template::parse(text, FillOptions::default()) {
                Ok(template) if template.literal().is_none() => {
                    self.note_reads(template.references());
                    match template.parts() {
                        [Part::Expression(expression)] => Filled::Typed(Box::new(expression.clone())),
                        _ => Filled::Text(template),
                    }
                }
                _ => Filled::Constant(value.clone()),
            },
            Value::Array(list) => Filled::List(list.iter().map(|value| self.filled(value)).collect()),
            Value::Object(object) => {
                Filled::Object(object.iter().map(|(key, value)| (key.clone(), self.filled(value))).collect())
            }
            _ => Filled::Constant(value.clone()),
        }
    }

    /// Transitions are found once the whole tree is there.
    fn transitions(&mut self, document: &document::Scenario) {
        let places = Places::of(document);
        let mut at = 0;
        for (c, conversation) in document.conversations.iter().enumerate() {
            for (s, scene) in conversation.scenes.iter().enumerate() {
                for intent in
                    scene.turns.iter().flat_map(|turn| turn.request_intents.iter().chain(&turn.response_intents))
                {
                    let wanted =
                        intent.transition.as_ref().filter(|transition| **transition != document::Transition::default());
                    self.scenario.intents[at].transition = wanted.map(|transition| {
                        places.target(transition, c, s).map_or(Target::Nowhere, |to| self.target(to))
                    });
                    at += 1;
                }
            }
        }
    }

    fn target(&self, place: Place) -> Target {
        let scene = |c: usize, s: usize| self.scenario.conversations[c].scenes[s];
        match place {
            Place::Conversation(c) => Target::Conversation(ConversationIx::at(c)),
            Place::Scene(c, s) => Target::Scene(scene(c, s)),
            Place::Turn(c, s, t) => Target::Turn(self.scenario.scene(scene(c, s)).turns[t]),
        }
    }
}

fn expected(expected: &document::ExpectedAttribute) -> (Box<str>, Box<str>) {
    let (context, name) = match expected.name.split_once('.') {
        Some((context, name)) => (Some(context), name),
        None => (None, expected.name.as_str()),
    };
    (name.into(), expected.context.as_deref().filter(|c| !c.is_empty()).or(context).unwrap_or("user").into())
}

/// Attribute → context maps; a context may be written as `context.name` too.
fn contexts(map: &serde_json::Map<String, Value>) -> Vec<(Box<str>, Box<str>)> {
    map.iter()
        .map(|(name, context)| {
            let context = context.as_str().filter(|context| !context.is_empty()).unwrap_or("user");
            (name.as_str().into(), context.split('.').next().unwrap_or("user").into())
        })
        .collect()
}

fn last_segment(reference: &str) -> &str {
    match reference.strip_prefix(PATH_PREFIX) {
        Some(path) => path.rsplit('/').next().unwrap_or(path),
        None => reference,
    }
}
