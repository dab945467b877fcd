//! A stage for conversations: scenarios built in a few words, and a visitor who talks to them.

use model::{
    Timestamp,
    inbound::{Act, Inbound},
};
use serde_json::{Map, Value, json};

use crate::{
    engine::{
        ActionResult, Answer, Answers, ContactState, HistoryLine, Input, Interpretation, Interpreted, Need, Outcome,
        Participant, Position, Session, take_turn,
    },
    scenario::{self, compiled::CompiledScenario},
};

/// An object of the tree with fields laid over it.
pub(super) fn with(mut object: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    object.as_object_mut().unwrap().extend(fields);
    object
}

pub(super) fn scenario(conversations: Vec<Value>) -> Value {
    json!({"od_id": "s", "name": "Scenario", "conversations": conversations})
}

pub(super) fn conversation(od_id: &str, behaviors: &[&str], scenes: Vec<Value>) -> Value {
    json!({"od_id": od_id, "name": format!("Conversation {od_id}"), "behaviors": behaviors, "scenes": scenes})
}

pub(super) fn scene(od_id: &str, behaviors: &[&str], turns: Vec<Value>) -> Value {
    json!({"od_id": od_id, "name": format!("Scene {od_id}"), "behaviors": behaviors, "turns": turns})
}

pub(super) fn turn(od_id: &str, behaviors: &[&str], requests: Vec<Value>, responses: Vec<Value>) -> Value {
    json!({"od_id": od_id, "name": format!("Turn {od_id}"), "behaviors": behaviors,
           "request_intents": requests, "response_intents": responses})
}

/// A visitor's intent.
pub(super) fn user(od_id: &str) -> Value {
    json!({"od_id": od_id, "name": od_id, "speaker": "USER", "sample_utterance": od_id, "confidence": 1})
}

/// An agent's intent that says `text`.
pub(super) fn app(od_id: &str, text: &str) -> Value {
    json!({"od_id": od_id, "name": od_id, "speaker": "APP", "sample_utterance": text, "confidence": 1,
           "message_templates": [template("m", text)]})
}

pub(super) fn template(od_id: &str, text: &str) -> Value {
    json!({"od_id": od_id, "name": od_id,
           "message_markup": format!("<message><text-message>{text}</text-message></message>")})
}

/// A condition of the document's form.
pub(super) fn when(attribute: &str, operation: &str, value: impl Into<Value>) -> Value {
    json!({"operation": operation, "operationAttributes": [{"id": "attribute", "value": attribute}],
           "parameters": [{"id": "value", "value": value.into()}]})
}

/// One starting conversation with one starting scene.
pub(super) fn one_scene(turns: Vec<Value>) -> Value {
    scenario(vec![conversation("c", &["STARTING"], vec![scene("sc", &["STARTING"], turns)])])
}

/// One exchange that the visitor opens.
pub(super) fn exchange(od_id: &str, behaviors: &[&str], asked: &str, answered: &str) -> Value {
    turn(od_id, behaviors, vec![user(asked)], vec![app(&format!("app.{od_id}"), answered)])
}

type Interpreter = Box<dyn Fn(&str, &str) -> Result<Interpretation, String>>;
type Action = Box<dyn Fn(&str, &Map<String, Value>) -> Result<ActionResult, String>>;

/// A visitor of one scenario, and what is remembered of the two.
pub(super) struct Visitor {
    scenario: CompiledScenario,
    pub(super) session: Session,
    pub(super) contact: ContactState,
    pub(super) globals: Map<String, Value>,
    pub(super) now: Timestamp,
    pub(super) last: Option<Outcome>,
    history: Vec<HistoryLine>,
    interpreter: Interpreter,
    action: Action,
    /// Every need of the last turn.
    pub(super) needs: Vec<Need>,
}

impl Visitor {
    pub(super) fn of(document: Value) -> Self {
        let imported = scenario::import_value(document).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Self {
            scenario: CompiledScenario::compile(&imported.scenario, "agent-1"),
            session: Session::default(),
            contact: ContactState::default(),
            globals: Map::new(),
            now: Timestamp::from_seconds(1_700_000_000),
            last: None,
            history: Vec::new(),
            interpreter: Box::new(|_, _| Err("no interpreter on this stage".into())),
            action: Box::new(|_, _| Err("no action on this stage".into())),
            needs: Vec::new(),
        }
    }

    /// With an interpreter: `(name, text)` → result.
    pub(super) fn understood(
        mut self,
        interpreter: impl Fn(&str, &str) -> Result<Interpretation, String> + 'static,
    ) -> Self {
        self.interpreter = Box::new(interpreter);
        self
    }

    /// With actions: `(component, configuration)` → result.
    pub(super) fn acting(
        mut self,
        action: impl Fn(&str, &Map<String, Value>) -> Result<ActionResult, String> + 'static,
    ) -> Self {
        self.action = Box::new(action);
        self
    }

    /// Names an intent, as a button does; the texts that come back.
    pub(super) fn press(&mut self, intent: &str) -> Vec<String> {
        self.does(Inbound::intent(Act::Button, intent))
    }

    /// Types a text.
    pub(super) fn types(&mut self, text: &str) -> Vec<String> {
        self.does(Inbound::text(text))
    }

    pub(super) fn opens(&mut self) -> Vec<String> {
        self.does(Inbound::intent(Act::Open, "intent.core.welcome"))
    }

    pub(super) fn does(&mut self, inbound: Inbound) -> Vec<String> {
        let mut answers = Answers::default();
        self.needs.clear();
        let outcome = loop {
            let input = Input {
                scenario: &self.scenario,
                session: &self.session,
                contact: &self.contact,
                contact_id: "visitor",
                inbound: &inbound,
                now: self.now,
                globals: &self.globals,
                platform: "webchat",
            };
            match take_turn(&input, &answers) {
                Ok(outcome) => break outcome,
                Err(need) => {
                    assert!(!self.needs.contains(&need), "asked twice: {need:?}");
                    self.needs.push(need.clone());
                    let answer = self.answer(&need);
                    answers.add(need, answer);
                }
            }
        };
        self.remember(&inbound, &outcome);
        let texts = outcome.said.iter().map(|said| said.message.plain_text()).collect();
        self.last = Some(outcome);
        texts
    }

    fn answer(&self, need: &Need) -> Answer {
        match need {
            Need::History { .. } => Answer::History { lines: self.history.clone() },
            Need::Interpret { interpreter, text } => {
                Answer::Interpretation { result: (self.interpreter)(interpreter, text) }
            }
            Need::Act(call) => Answer::Action { result: (self.action)(&call.component, &call.configuration) },
        }
    }

    fn remember(&mut self, inbound: &Inbound, outcome: &Outcome) {
        self.session = outcome.session.clone();
        self.contact = outcome.contact.clone();
        self.history.push(HistoryLine {
            participant: Participant::User,
            text: inbound.text.clone(),
            intent: outcome.heard.as_ref().map(|(intent, _)| intent.to_string()),
        });
        for said in &outcome.said {
            self.history.push(HistoryLine {
                participant: Participant::App,
                text: said.message.plain_text(),
                intent: Some(said.message.intent.clone()),
            });
        }
        self.now = Timestamp(self.now.0 + 1_000_000);
    }

    /// Lets time pass without a word.
    pub(super) fn waits(&mut self, seconds: i64) {
        self.now = Timestamp(self.now.0 + seconds * 1_000_000);
    }

    /// The value of an attribute of the contact.
    pub(super) fn knows(&self, name: &str) -> Value {
        self.contact.attributes.get(name).map_or(Value::Null, |attribute| attribute.value.clone())
    }

    pub(super) fn at_start(&self) -> bool {
        self.session.position == Position::Start
    }
}

/// An interpretation with one intent.
pub(super) fn means(intent: &str, confidence: f64) -> Interpretation {
    Interpretation { intents: vec![meaning(intent, confidence)] }
}

pub(super) fn meaning(intent: &str, confidence: f64) -> Interpreted {
    Interpreted { intent: intent.into(), confidence, attributes: Map::new(), rank: 0 }
}
