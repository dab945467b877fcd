//! One turn from what was done to the outcome.

use model::{
    Timestamp,
    attribute::Provenance,
    chat::{ChatError, ChatMessage, ChatReply, ChatRequest, Role, Usage},
    inbound::{Act, Inbound, Intervention},
    transcript::{Control, TranscriptState, TranscriptStatus},
};
use serde_json::json;

use super::{
    closing, context,
    intervention::{self, Refused},
    journal::{Journal, Step},
    line::{Line, Past},
    needs::{Answer, Answers, Completion, Guard, Need, Passage, Purpose},
    prompt::Prompt,
    session::Session,
    spelling,
};
use crate::flow::{
    compiled::CompiledFlow,
    document::{Opening, State},
};

/// Most times that the model is asked for the agent's words in one turn.
const MAX_ROUNDS: usize = 8;
/// Most calls of functions in one turn.
pub(super) const MAX_CALLS: usize = 24;
/// Turns in a row without a usable answer after which the conversation has failed (row DA-X10).
const MAX_FAILURES: u32 = 3;
/// Lines of the past that the model reads, where the flow does not say.
const HISTORY: u32 = 60;

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
    completions: usize,
    pub(super) calls: usize,
    guards: usize,
    /// Whether the agent must not go on: a person took over meanwhile.
    interrupted: bool,
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
            guards: 0,
            interrupted: false,
        }
    }

    fn finish(mut self) -> Outcome {
        self.session.cost += self.usage.cost;
        let state = self.session.state.as_deref().and_then(|id| self.input.flow.state(id));
        self.transcript.place = state.map(|state| state.name.clone());
        let returned = match self.then {
            Then::Return(intent) if self.transcript.status.is_open() => Some(intent),
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
        match self.input.inbound.act {
            Act::Link => return Ok(()),
            Act::Open if !is_new => return Ok(()),
            Act::Open => self.open()?,
            _ => {
                let words = words(self.input.inbound);
                // Who comes from a scenario was heard there already, and what they said is what the agent answers.
                if words.trim().is_empty() {
                    if !is_new {
                        return Ok(());
                    }
                    self.open()?;
                } else {
                    self.hear(&words)?;
                }
            }
        }
        self.conclude()
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
                if context::set(&mut self.transcript.parameters, name, value, provenance).is_err() {
                    self.journal.note(Step::Kept { parameter: name.clone() });
                }
            }
        }
    }

    /// Puts the conversation into its first state, and runs what is to run before.
    fn begin(&mut self) -> Result<(), Stop> {
        let Some(initial) = self.input.flow.initial() else {
            let line = Line::noted("model_failure", json!({"kind": "broken", "message": "the flow has no state"}));
            self.lines.push(line);
            return self.fail();
        };
        self.session.state = Some(initial.id.clone());
        self.session.visited.push(initial.id.clone());
        self.journal.note(Step::Began { state: initial.id.clone() });
        closing::start_up(self)
    }

    /// The agent's first words, where the customer said nothing.
    fn open(&mut self) -> Result<(), Stop> {
        match &self.input.flow.document.configuration.opening {
            _ if self.transcript.control != Control::Agent || !self.transcript.status.is_open() => Ok(()),
            Opening::Silent => Ok(()),
            Opening::Say(text) => {
                self.say(text, None);
                Ok(())
            }
            Opening::Model => self.answer(&[], &[]),
        }
    }

    /// The customer said something.
    fn hear(&mut self, words: &str) -> Result<(), Stop> {
        if !self.transcript.status.is_open() {
            return Ok(());
        }
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
            self.refuse(bound, "the conversation has reached its bound");
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
        self.answer(&past, &passages)
    }

    /// What was said before.
    pub(super) fn past(&mut self) -> Result<Vec<Past>, Stop> {
        let lines = self.input.flow.document.configuration.model.history.unwrap_or(HISTORY);
        if lines == 0 {
            return Ok(Vec::new());
        }
        match self.answers.history() {
            Some(Answer::History { lines }) => Ok(lines.clone()),
            Some(_) => Ok(Vec::new()),
            None => Err(Need::History { lines }.into()),
        }
    }

    /// The passages that fit what the customer said (§10.1).
    fn passages(&mut self, past: &[Past], words: &str) -> Result<Vec<Passage>, Stop> {
        let configuration = &self.input.flow.document.configuration;
        let documentation = &configuration.documentation;
        let nothing = documentation.documents.is_empty() && documentation.faqs.is_empty();
        if documentation.amount == 0 || (nothing && configuration.files.is_empty()) {
            return Ok(Vec::new());
        }
        let mut query = words.to_owned();
        if documentation.query_rewriting && self.transcript.channel != "voice" {
            let request = closing::rewrite(past, words, &documentation.rewriter_context);
            if let Some(Ok(reply)) = self.complete(Purpose::Rewrite, 0, request)?
                && !reply.text.trim().is_empty()
            {
                query = reply.text.trim().to_owned();
            }
        }
        match self.answers.passages() {
            Some(Answer::Passages { passages }) => {
                let sources = passages.iter().map(|passage| passage.source.clone()).collect();
                self.journal.note(Step::Passages { query, sources });
                Ok(passages.clone())
            }
            Some(_) => Ok(Vec::new()),
            None => Err(Need::Passages { query, amount: documentation.amount.min(10) }.into()),
        }
    }

    /// Asks the model until it has said what it says.
    fn answer(&mut self, past: &[Past], passages: &[Passage]) -> Result<(), Stop> {
        let flow = self.input.flow;
        let mut has_spoken = false;
        for _ in 0..MAX_ROUNDS {
            let Some(state) = self.state() else { return self.fail() };
            let prompt = Prompt {
                flow,
                session: &self.session,
                transcript: &self.transcript,
                state,
                passages,
                memory: self.input.memory,
                today: today(self.input.now),
            };
            let request = prompt.request(past, &self.said);
            let tools = request.tools.iter().map(|tool| tool.name.clone()).collect();
            self.journal.note(Step::Asked { completion: self.completions, state: state.id.clone(), tools });
            let ordinal = self.completions;
            let past_messages = request.messages.len().saturating_sub(1 + self.said.len());
            let reply = match self.complete(Purpose::Answer, past_messages, request)? {
                None => return Ok(()),
                Some(Ok(reply)) => reply,
                Some(Err(error)) => return self.no_answer(ordinal, &error, has_spoken),
            };
            let text = reply.text.trim().to_owned();
            if !text.is_empty() {
                if !self.may_say(&text)? {
                    return Ok(());
                }
                self.say(&text, Some(ordinal));
                has_spoken = true;
            }
            if reply.tool_calls.is_empty() {
                self.session.failures = 0;
                return Ok(());
            }
            if text.is_empty() {
                self.said.push(ChatMessage {
                    tool_calls: reply.tool_calls.clone(),
                    ..ChatMessage::new(Role::Assistant, "")
                });
            } else if let Some(last) = self.said.last_mut() {
                // What was said and what was called came in one answer, and stay one message.
                last.tool_calls.clone_from(&reply.tool_calls);
            }
            for call in &reply.tool_calls {
                let result = self.call(call)?;
                if self.interrupted {
                    return Ok(());
                }
                self.said.push(ChatMessage::tool(call.id.clone(), result));
            }
            self.session.failures = 0;
            let gone = matches!(self.then, Then::Return(_));
            let is_done = self.then != Then::Wait || self.transcript.control != Control::Agent;
            if gone || (is_done && has_spoken) {
                return Ok(());
            }
            if self.calls >= MAX_CALLS {
                break;
            }
        }
        self.lines.push(Line::noted("warning", json!({"message": "the agent called tools without coming to an end"})));
        if !has_spoken {
            self.say_fallback();
        }
        Ok(())
    }

    /// Asks a model. None when a person took over meanwhile.
    pub(super) fn complete(
        &mut self,
        purpose: Purpose,
        past: usize,
        request: ChatRequest,
    ) -> Result<Option<Result<ChatReply, ChatError>>, Stop> {
        let ordinal = self.completions;
        match self.answers.completion(ordinal) {
            Some(Answer::Completion { result }) => {
                self.completions += 1;
                if let Ok(reply) = result {
                    self.usage += reply.usage;
                }
                Ok(Some(result.clone()))
            }
            Some(_) => {
                self.interrupt();
                Ok(None)
            }
            None => Err(Need::Complete(Box::new(Completion { ordinal, purpose, past, request })).into()),
        }
    }

    /// A person took over: what they do stands, the agent stops where it is (goal R9).
    pub(super) fn interrupt(&mut self) {
        if !self.interrupted {
            self.interrupted = true;
            self.journal.note(Step::Interrupted);
        }
    }

    /// Whether the agent's words pass its guardrails; says the refusal if not.
    fn may_say(&mut self, text: &str) -> Result<bool, Stop> {
        let configuration = &self.input.flow.document.configuration;
        let guardrails = &configuration.guardrails;
        if !guardrails.moderate_output && guardrails.excluded_output.is_empty() {
            return Ok(true);
        }
        let passes = self.passes(Guard::Output, text)?;
        if !passes && !self.interrupted {
            self.say(or(&configuration.texts.refused, "I cannot help with that."), None);
        }
        Ok(passes)
    }

    /// Whether a text passes a guardrail. Refusals are lines with their reason.
    fn passes(&mut self, guard: Guard, text: &str) -> Result<bool, Stop> {
        let ordinal = self.guards;
        match self.answers.guard(ordinal) {
            Some(Answer::Guard { verdict }) => {
                self.guards += 1;
                if let Some(note) = &verdict.note {
                    self.lines.push(Line::noted("warning", json!({"message": note})));
                }
                match &verdict.refused {
                    Some((guardrail, reason)) => {
                        self.refuse(guardrail, reason);
                        Ok(false)
                    }
                    None => Ok(true),
                }
            }
            Some(_) => {
                self.interrupt();
                Ok(false)
            }
            None => Err(Need::Guard { ordinal, guard, text: text.to_owned() }.into()),
        }
    }

    fn refuse(&mut self, guardrail: &str, reason: &str) {
        self.journal.note(Step::Refused { guardrail: guardrail.to_owned(), reason: reason.to_owned() });
        self.lines.push(Line::noted("refusal", json!({"guardrail": guardrail, "reason": reason})));
    }

    /// The model gave no usable answer: the customer gets the flow's fallback, and the transcript says why (goal R4).
    fn no_answer(&mut self, completion: usize, error: &ChatError, has_spoken: bool) -> Result<(), Stop> {
        self.journal.note(Step::Failed { completion, reason: error.message.clone() });
        self.lines.push(Line::noted("model_failure", json!({"kind": error.kind, "message": error.message})));
        self.session.failures += 1;
        if !has_spoken {
            self.say_fallback();
        }
        if self.session.failures >= MAX_FAILURES { self.fail() } else { Ok(()) }
    }

    /// Ends the conversation as failed.
    fn fail(&mut self) -> Result<(), Stop> {
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
        if self.then == Then::End {
            let line = intervention::close(&mut self.transcript, TranscriptStatus::Completed, self.input.now);
            self.lines.push(line);
            self.journal.note(Step::Ended { status: TranscriptStatus::Completed.as_str() });
            closing::wrap_up(self)?;
        }
        Ok(())
    }

    fn say_fallback(&mut self) {
        let texts = &self.input.flow.document.configuration.texts;
        self.say(or(&texts.fallback, "I am sorry, I cannot answer right now. Please try again."), None);
    }

    /// The agent says something.
    pub(super) fn say(&mut self, text: &str, completion: Option<usize>) {
        self.lines.push(Line::said(text, completion));
        self.said.push(ChatMessage::new(Role::Assistant, text));
    }

    pub(super) fn state(&self) -> Option<&'a State> {
        let flow = self.input.flow;
        flow.state(self.session.state.as_deref()?)
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

fn or<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.trim().is_empty() { otherwise } else { text }
}

/// The day, as the model reads it.
fn today(now: Timestamp) -> String {
    now.to_string().chars().take(10).collect()
}
