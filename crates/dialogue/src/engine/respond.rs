//! What follows a matched intent: what it writes and runs, and the agent's answer
//! (spec/opendialog.md §2.2 rules 4 to 11, §2.4).

use std::sync::Arc;

use model::{attribute::Provenance, message::Message};
use serde_json::{Map, Value, json};

use super::{
    journal::Step,
    ladder,
    needs::{ActionCall, ActionResult, Need},
    search::{Heard, Match},
    session::Place,
    turn::Turn,
};
use crate::{
    message,
    scenario::{
        compiled::{Filled, Gate, Intent, IntentIx, MessageTemplate, Target},
        document::Speaker,
    },
};

/// Most virtual intents that follow one another in a turn (row OD-N34).
const VIRTUAL_CHAIN: usize = 5;

/// What follows the agent's answer to a visitor's intent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Whatever the agent's intent says.
    GoesOn,
    /// The conversation is over: the visitor's intent completes it.
    Completes,
}

/// What came of looking for the agent's answer.
pub(super) enum Answered {
    /// Something was executed.
    Yes,
    /// Nothing is to be said: the conversation waits for the visitor or is over.
    Silence,
    /// Nothing fits: the no-match ladder is to be climbed.
    No,
}

impl<'a> Turn<'a> {
    /// Executes a visitor's intent and lets the agent answer it.
    pub(super) fn follow(&mut self, found: Match) -> Result<Answered, Need> {
        let scenario = self.input.scenario;
        let intent = scenario.intent(found.intent);
        self.journal.note(Step::Executed {
            intent: intent.node.od_id.clone(),
            place: intent.place.clone(),
            confidence: Some(found.confidence),
        });
        if self.heard_intent.is_none() {
            self.heard_intent = Some(found.intent);
            self.memory.remember_intent(&intent.node.od_id);
        }
        self.stand(found.intent);
        self.keep_expected(intent, &found);
        self.fire(intent)?;

        let ending = if intent.node.completing { Ending::Completes } else { Ending::GoesOn };
        let answered = self.answer(found.intent, ending)?;
        if intent.node.completing && !matches!(answered, Answered::Yes) {
            self.complete();
            return Ok(Answered::Silence);
        }
        Ok(answered)
    }

    /// Chooses and executes the agent's intent after a visitor's one: the target of its transition, else
    /// the same turn's responses, else a request of another open turn ("cadence change").
    fn answer(&mut self, after: IntentIx, ending: Ending) -> Result<Answered, Need> {
        let place = match self.input.scenario.intent(after).transition {
            Some(target) => {
                self.arrive(target);
                Place::At(target)
            }
            None => Place::After(after),
        };
        let candidates = self.available(place, Speaker::App);
        if let Some(chosen) = candidates.iter().copied().find(|ix| self.eligible(*ix)) {
            return self.say(chosen, ending);
        }
        match place {
            // The visitor was taken to a place where it is their turn to speak.
            Place::At(target) if candidates.is_empty() && !self.openings(target, Speaker::User).is_empty() => {
                Ok(Answered::Silence)
            }
            _ => Ok(Answered::No),
        }
    }

    /// Executes an intent of the agent: what it sets and runs, then its messages, then where it leads.
    fn say(&mut self, ix: IntentIx, ending: Ending) -> Result<Answered, Need> {
        let intent = self.input.scenario.intent(ix);
        self.journal.note(Step::Executed {
            intent: intent.node.od_id.clone(),
            place: intent.place.clone(),
            confidence: None,
        });
        self.stand(ix);
        self.fire(intent)?;
        if !self.speak(ix, intent) {
            return Ok(Answered::No);
        }
        if intent.node.completing || ending == Ending::Completes {
            self.complete();
        } else if let Some(target) = intent.transition {
            self.arrive(target);
        }
        if let Some(name) = &intent.virtual_intent {
            self.continue_as_visitor(name)?;
        }
        Ok(Answered::Yes)
    }

    /// Goes on with a virtual intent as if the visitor had said it. One that nothing matches ends the
    /// chain: the visitor said nothing that could be misunderstood.
    fn continue_as_visitor(&mut self, name: &Arc<str>) -> Result<(), Need> {
        let mut note = |refused| self.journal.note(Step::Virtual { intent: name.clone(), refused });
        if self.virtual_intents == VIRTUAL_CHAIN {
            note(Some("five virtual intents in a row are the limit"));
            return Ok(());
        }
        note(None);
        self.virtual_intents += 1;
        if let Some(ladder) = ladder::named(name) {
            return self.climb(ladder).map(|_| ());
        }
        let heard = Heard::Named { intent: name.clone(), attributes: Map::new() };
        let candidates = self.available(self.memory.place, Speaker::User);
        match self.matching(&candidates, &heard)? {
            Some(found) => self.follow(found).map(|_| ()),
            None => {
                self.journal.note(Step::Virtual { intent: name.clone(), refused: Some("no intent here matches it") });
                Ok(())
            }
        }
    }

    /// Chooses the message template and renders it; false when what the message asks for could not be
    /// kept, so that it must not be shown (row OD-M24).
    fn speak(&mut self, ix: IntentIx, intent: &'a Intent) -> bool {
        let Some(template) = self.choose_template(intent) else {
            let text = if intent.templates.is_empty() {
                format!("No messages found for intent {}", intent.node.od_id)
            } else {
                format!("No messages with passing conditions found for intent {}", intent.node.od_id)
            };
            self.said(ix, vec![message::plain(&text, &intent.node.od_id)]);
            return true;
        };
        self.memory.template = Some(&template.node);
        let undeclared = template.markup.as_ref().ok().and_then(|markup| {
            markup.attributes_to_declare().find(|name| !self.input.scenario.declared.contains_key(*name))
        });
        let rendered = match (&template.markup, undeclared) {
            (Ok(_), Some(name)) => Err(format!("attribute `{name}`, which the message fills, is not declared")),
            (Ok(markup), None) => {
                markup.render(&self.memory, &intent.node.od_id, &template.node.od_id).map_err(|error| error.to_string())
            }
            (Err(problem), _) => Err(problem.to_string()),
        };
        let (messages, error) = match rendered {
            Ok(messages) => (messages, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        self.journal.note(Step::Said { template: template.node.od_id.clone(), messages: messages.len(), error });
        self.said(ix, messages);
        undeclared.is_none()
    }

    /// Of the templates whose conditions all hold, the one with the most; the first on a tie (row OD-N45).
    fn choose_template<'s>(&mut self, intent: &'s Intent) -> Option<&'s MessageTemplate> {
        let mut best: Option<&MessageTemplate> = None;
        for template in &intent.templates {
            let mut conditions = Vec::new();
            let holds = match &template.node.conditions {
                Gate::Conditions(gate) => gate.evaluate(&self.memory, &mut conditions),
                Gate::Broken(_) => false,
            };
            if !(holds && conditions.is_empty()) {
                self.journal.note(Step::Template { template: template.node.od_id.clone(), holds, conditions });
            }
            if holds && best.is_none_or(|best| template.node.conditions.len() > best.node.conditions.len()) {
                best = Some(template);
            }
        }
        best
    }

    fn said(&mut self, intent: IntentIx, messages: Vec<Message>) {
        self.spoken.extend(messages.into_iter().map(|message| (intent, message)));
    }

    /// Takes the position after an executed intent.
    fn stand(&mut self, ix: IntentIx) {
        self.memory.place = Place::After(ix);
        self.completed = false;
    }

    fn arrive(&mut self, target: Target) {
        self.memory.place = Place::At(target);
        let to = match self.memory.place.remember(self.input.scenario) {
            super::session::Position::At { path } => path.join("/"),
            _ => String::from("nowhere"),
        };
        self.journal.note(Step::Transition { to });
    }

    fn complete(&mut self) {
        self.memory.place = Place::Start;
        self.completed = true;
        self.journal.note(Step::Completed);
    }

    /// Keeps what the interpretation found. What the visitor named (buttons, forms) is kept in `user`
    /// unless the intent says another context; what a classifier found only where the intent expects it
    /// (rows OD-N27, OD-N42, OD-N43).
    fn keep_expected(&mut self, intent: &Intent, found: &Match) {
        for (name, value) in &found.attributes {
            let expected = intent.expected.iter().find(|(expected, _)| **expected == **name);
            let context = match expected {
                Some((_, context)) => context,
                None if found.named => "user",
                None => continue,
            };
            if found.named && self.input.inbound.files.contains_key(name) {
                self.write_files(context, name, value);
            } else {
                // What is read out of an utterance is the agent's word, but not against what a token proves.
                let said_by_visitor = found.named || self.memory.is_proved(context, name);
                let provenance = if said_by_visitor { Provenance::Browser } else { Provenance::Function };
                self.write(context, name, value, provenance);
            }
        }
    }

    /// What an intent does when it fires: fixed values first, so that its actions can read them.
    fn fire(&mut self, intent: &Intent) -> Result<(), Need> {
        self.set_attributes(intent);
        self.run_actions(intent)
    }

    fn set_attributes(&mut self, intent: &Intent) {
        for (context, name, value) in &intent.sets {
            let value = self.fill(value);
            self.write(context, name, &value, Provenance::Function);
        }
    }

    /// Runs an intent's actions in order; each one's outputs are there for the next. A failed one does
    /// not stop the turn (row OD-N32).
    fn run_actions(&mut self, intent: &Intent) -> Result<(), Need> {
        for action in &intent.actions {
            let outcome = if action.active {
                let ordinal = self.actions_run;
                self.actions_run += 1;
                match self.answers.action(ordinal) {
                    Some(result) => result.clone(),
                    None => {
                        let configuration = match self.fill(&action.configuration) {
                            Value::Object(map) => map,
                            _ => Map::new(),
                        };
                        let inputs = action
                            .inputs
                            .iter()
                            .filter_map(|(name, context)| Some((name.to_string(), self.read(context, name)?)))
                            .collect();
                        return Err(Need::Act(Box::new(ActionCall {
                            ordinal,
                            action: action.name.clone(),
                            component: action.component.clone(),
                            configuration,
                            inputs,
                        })));
                    }
                }
            } else {
                Err(String::from("the action is not active"))
            };
            let error = match outcome {
                Ok(ActionResult { outputs }) => {
                    self.write("user", "action_success", &json!(true), Provenance::Function);
                    for (context, name, value) in outputs {
                        let mapped = action.outputs.iter().find(|(output, _)| **output == *name);
                        let context = mapped.map(|(_, context)| &**context).or(context.as_deref()).unwrap_or("user");
                        self.write(context, &name, &value, Provenance::Function);
                    }
                    None
                }
                Err(error) => {
                    self.write("user", "action_success", &json!(false), Provenance::Function);
                    Some(error)
                }
            };
            self.journal.note(Step::Action { action: action.name.clone(), error });
        }
        Ok(())
    }

    fn read(&self, context: &str, name: &str) -> Option<Value> {
        crate::expression::Scope::value(&self.memory, context, name).map(std::borrow::Cow::into_owned)
    }

    pub(super) fn write(&mut self, context: &str, name: &str, value: &Value, provenance: Provenance) {
        let refused = self.memory.write(context, name, value, provenance).err();
        self.note_written(context, name, refused);
    }

    fn write_files(&mut self, context: &str, name: &str, files: &Value) {
        let refused = self.memory.write_files(context, name, files).err();
        self.note_written(context, name, refused);
    }

    fn note_written(&mut self, context: &str, name: &str, refused: Option<&'static str>) {
        self.journal.note(Step::Wrote { attribute: format!("{context}.{name}").into(), refused });
    }

    fn fill(&self, value: &Filled) -> Value {
        match value {
            Filled::Constant(value) => value.clone(),
            Filled::Typed(expression) => expression.evaluate(&self.memory).unwrap_or(Value::Null),
            Filled::Text(template) => template.fill(&self.memory).into(),
            Filled::List(list) => list.iter().map(|value| self.fill(value)).collect(),
            Filled::Object(object) => object.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect(),
        }
    }
}
