//! One turn from what was done to the outcome.

use model::{
    Timestamp,
    attribute::Provenance,
    chat::{ChatMessage, Role, Usage},
    inbound::{Act, Inbound, Intervention},
    transcript::{Control, TranscriptState, TranscriptStatus},
};
use serde_json::json;

use super::{
    closing, context,
    intervention::{self, Refused},
    journal::{Journal, Step},
    line::Line,
    needs::{Answers, Guard, Need},
    session::Session,
    spelling,
};
use crate::flow::{compiled::CompiledFlow, document::Opening};

/// Everything that a turn depends on, beside the answers to its needs.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The flow.
    pub flow: &'a CompiledFlow,
    /// What is remembered of the transcript.
    pub session: &'a Session,
    /// How the transcript stands.
    pub transcript: &'a TranscriptState,
    /// What was done.
    pub inbound: &'a Inbound,
    /// Whether the conversation came from a scenario, to which it can return.
    pub in_scenario: bool,
    /// How it came here in this turn, where a scenario sent it.
    pub entered: Option<&'a Entered>,
    /// Facts from past conversations of the contact.
    pub memory: &'a [String],
    /// When.
    pub now: Timestamp,
    /// The transcript's id, for functions.
    pub transcript_id: &'a str,
    /// The contact's id, for functions.
    pub contact_id: &'a str,
}

/// How a conversation came from a scenario.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entered {
    /// What the scenario gives along: parameters by name.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

/// What a turn comes to.
#[derive(Debug)]
pub struct Outcome {
    /// What it adds to the transcript, in order.
    pub lines: Vec<Line>,
    /// What to remember of the transcript.
    pub session: Session,
    /// How the transcript stands now.
    pub transcript: TranscriptState,
    /// Whether the conversation is over.
    pub closed: bool,
    /// The intent by which it goes back to a scenario, from which it came.
    pub returned: Option<String>,
    /// What to remember of the contact in conversations to come, where that changed.
    pub memory: Option<Vec<String>>,
    /// What the models took.
    pub usage: Usage,
    /// Why it went as it did.
    pub journal: Journal,
}

/// Why a turn stops before its end.
#[derive(Debug)]
pub enum Stop {
    /// It cannot be taken without this; add the answer and call again.
    Need(Box<Need>),
    /// The act is refused; nothing changes.
    Refused(Refused),
}

impl From<Need> for Stop {
    fn from(need: Need) -> Self {
        Self::Need(Box::new(need))
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

/// What happens after the agent has spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// The customer's turn.
    Wait,
    /// It ends.
    End,
    /// It goes back to the scenario.
    Return(String),
}

/// A turn at work.
pub(super) struct Turn<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) answers: &'a Answers,
    pub(super) session: Session,
    pub(super) transcript: TranscriptState,
    pub(super) lines: Vec<Line>,
    pub(super) journal: Journal,
    pub(super) usage: Usage,
    /// What was said in this turn, as the model reads it.
    pub(super) said: Vec<ChatMessage>,
    pub(super) then: Then,
    pub(super) memory: Option<Vec<String>>,
    pub(super) completions: usize,
    /// Functions that ran.
    pub(super) calls: usize,
    /// Calls that the model asked for, of whatever it called.
    pub(super) asked: usize,
    pub(super) guards: usize,
    /// Whether the agent must not go on: a person took over meanwhile.
    pub(super) interrupted: bool,
}

/// Takes a turn.
///
/// # Errors
/// [`Stop`].
pub fn take_turn(input: &Input<'_>, answers: &Answers) -> Result<Outcome, Stop> {
    let mut turn = Turn::new(input, answers);
    turn.take()?;
    Ok(turn.finish())
}

impl<'a> Turn<'a> {
    fn new(input: &'a Input<'a>, answers: &'a Answers) -> Self {
        Self {
            input,
            answers,
            session: input.session.clone(),
            transcript: input.transcript.clone(),
            lines: Vec::new(),
            journal: Journal::default(),
            usage: Usage::default(),
            said: Vec::new(),
            then: Then::Wait,
            memory: None,
            completions: 0,
            calls: 0,
            asked: 0,
            guards: 0,
            interrupted: false,
        }
    }

    fn finish(mut self) -> Outcome {
        self.session.cost += self.usage.cost;
        let state = self.session.state.as_deref().and_then(|id| self.input.flow.state(id));
        self.transcript.place = state.map(|state| state.name.clone());
        let returned = match self.then {
            Then::Return(intent) if self.transcript.status.is_open() && !self.interrupted => Some(intent),
            _ => None,
        };
        Outcome {
            closed: !self.transcript.status.is_open(),
            lines: self.lines,
            session: self.session,
            transcript: self.transcript,
            returned,
            memory: self.memory,
            usage: self.usage,
            journal: self.journal,
        }
    }

    fn take(&mut self) -> Result<(), Stop> {
        if let Some(intervention) = &self.input.inbound.intervention {
            return self.intervene(intervention);
        }
        if !self.transcript.status.is_open() {
            return Err(Refused::Closed.into());
        }
        self.note_parameters();
        self.session.last_at = self.input.now;
        let is_new = self.session.state.is_none();
        if is_new {
            self.begin()?;
        }
        // What runs before may have ended it, sent it back, or been interrupted: then nobody is to be answered.
        let has_left = matches!(self.then, Then::Return(_));
        if !self.interrupted && !has_left && self.transcript.status.is_open() {
            self.follow(is_new)?;
        }
        self.conclude()
    }

    /// Does what the act asks for.
    fn follow(&mut self, is_new: bool) -> Result<(), Stop> {
        let words = match self.input.inbound.act {
            Act::Link => return Ok(()),
            Act::Open => String::new(),
            // Who comes from a scenario was heard there already, and what they said is what the agent answers.
            _ => words(self.input.inbound),
        };
        if !words.trim().is_empty() {
            return self.hear(&words);
        }
        if is_new { self.open() } else { Ok(()) }
    }

    fn intervene(&mut self, intervention: &Intervention) -> Result<(), Stop> {
        let was_open = self.transcript.status.is_open();
        let lines =
            intervention::intervene(&mut self.transcript, intervention, &self.input.inbound.text, self.input.now)?;
        self.lines.extend(lines);
        if was_open && !self.transcript.status.is_open() {
            self.journal.note(Step::Ended { status: self.transcript.status.as_str() });
            closing::wrap_up(self)?;
        }
        Ok(())
    }

    /// What the client and its token say becomes part of the context, as far as nobody who is trusted more has set it.
    fn note_parameters(&mut self) {
        let inbound = self.input.inbound;
        let told = [(&inbound.visitor, Provenance::Browser), (&inbound.verified, Provenance::Token)];
        let given = self.input.entered.map(|entered| (&entered.parameters, Provenance::Function));
        for (values, provenance) in told.into_iter().chain(given) {
            for (name, value) in values {
                if let Err(reason) = context::set(&mut self.transcript.parameters, name, value, provenance) {
                    self.journal.note(Step::Kept { parameter: name.clone(), reason });
                }
            }
        }
    }

    /// Puts the conversation into its first state, and runs what is to run before.
    fn begin(&mut self) -> Result<(), Stop> {
        let Some(initial) = self.input.flow.initial() else {
            return self.break_off("the flow has no state in which it could begin: add one, and name it as initial");
        };
        self.session.state = Some(initial.id.clone());
        self.session.visited.push(initial.id.clone());
        self.journal.note(Step::Began { state: initial.id.clone() });
        closing::start_up(self)
    }

    /// The agent's first words, where the customer said nothing.
    fn open(&mut self) -> Result<(), Stop> {
        match &self.input.flow.document.configuration.opening {
            _ if self.transcript.control != Control::Agent => Ok(()),
            Opening::Silent => Ok(()),
            Opening::Say(text) if text.trim().is_empty() => Ok(()),
            Opening::Say(text) => {
                self.say(text, None);
                Ok(())
            }
            Opening::Model => self.answer(&[], &[]),
        }
    }

    /// The customer said something.
    fn hear(&mut self, words: &str) -> Result<(), Stop> {
        if self.transcript.control != Control::Agent {
            self.journal.note(Step::Silent);
            return Ok(());
        }
        self.session.heard += 1;
        let guardrails = &self.input.flow.document.configuration.guardrails;
        let texts = &self.input.flow.document.configuration.texts;
        let too_long = guardrails.max_turns.is_some_and(|most| self.session.heard > most);
        let too_dear = guardrails.max_cost.is_some_and(|most| self.session.cost >= most);
        if too_long || too_dear {
            let bound = if too_long { "max_turns" } else { "max_cost" };
            self.refuse(None, bound, "the conversation has reached its bound");
            self.say(or(&texts.limit, "This conversation has become too long. Please start a new one."), None);
            self.then = Then::End;
            return Ok(());
        }
        let words = if self.transcript.channel == "voice" { spelling::joined(words) } else { words.to_owned() };
        let is_guarded = guardrails.moderate_input || !guardrails.excluded_input.is_empty();
        if is_guarded && !self.passes(Guard::Input, &words)? {
            if !self.interrupted {
                self.say(or(&texts.refused, "I cannot help with that."), None);
            }
            return Ok(());
        }
        let past = self.past()?;
        self.said.push(ChatMessage::new(Role::User, words.clone()));
        let passages = self.passages(&past, &words)?;
        if self.interrupted { Ok(()) } else { self.answer(&past, &passages) }
    }

    /// The flow is broken where the conversation stands: the customer gets the fallback, and the conversation has
    /// failed.
    pub(super) fn break_off(&mut self, problem: &str) -> Result<(), Stop> {
        self.lines.push(Line::noted("model_failure", json!({"kind": "broken", "message": problem})));
        self.say_fallback();
        self.fail()
    }

    /// Ends the conversation as failed.
    pub(super) fn fail(&mut self) -> Result<(), Stop> {
        let line = intervention::close(&mut self.transcript, TranscriptStatus::Failed, self.input.now);
        self.lines.push(line);
        self.journal.note(Step::Ended { status: TranscriptStatus::Failed.as_str() });
        closing::wrap_up(self)
    }

    /// What comes after the agent has spoken.
    fn conclude(&mut self) -> Result<(), Stop> {
        if self.interrupted || !self.transcript.status.is_open() {
            return Ok(());
        }
        let has_spoken = self.lines.iter().any(|line| line.kind == "text");
        if self.transcript.control == Control::Queued && self.input.transcript.control == Control::Agent && !has_spoken
        {
            let texts = &self.input.flow.document.configuration.texts;
            self.say(or(&texts.handed_off, "I am handing you over to a colleague. One moment, please."), None);
        }
        if self.then != Then::Wait && self.transcript.control != Control::Agent {
            // Who was promised a person must not lose the conversation before the person comes.
            let message = "the conversation stays open: it was handed to a person";
            self.lines.push(Line::noted("warning", json!({"message": message})));
            self.then = Then::Wait;
        }
        if self.then == Then::End {
            let line = intervention::close(&mut self.transcript, TranscriptStatus::Completed, self.input.now);
            self.lines.push(line);
            self.journal.note(Step::Ended { status: TranscriptStatus::Completed.as_str() });
        }
        // A flow that goes back to its scenario is over, though the conversation is not: nothing of it is kept.
        if self.then == Then::Wait { Ok(()) } else { closing::wrap_up(self) }
    }

    /// The agent says something.
    pub(super) fn say(&mut self, text: &str, completion: Option<usize>) {
        self.lines.push(Line::said(text, completion));
        self.said.push(ChatMessage::new(Role::Assistant, text));
    }
}

/// What the customer said, whatever they did to say it.
fn words(inbound: &Inbound) -> String {
    if inbound.act == Act::Form && !inbound.fields.is_empty() {
        return inbound
            .fields
            .iter()
            .map(|(name, value)| format!("{name}: {}", plain(value)))
            .collect::<Vec<_>>()
            .join("\n");
    }
    match inbound.text.trim() {
        "" => inbound.value.clone().unwrap_or_default(),
        text => text.to_owned(),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn or<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.trim().is_empty() { otherwise } else { text }
}
