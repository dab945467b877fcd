//! How the agent answers: what was said before, passages that help, and rounds with the model until it has said what
//! it says.

use model::{
    Timestamp,
    chat::{ChatError, ChatErrorKind, ChatMessage, ChatReply, ChatRequest, Role},
    transcript::Control,
};
use serde_json::json;

use super::{
    closing,
    functions::MAX_CALLS,
    journal::Step,
    line::{Line, Past},
    needs::{Answer, Completion, Need, Passage, Purpose},
    prompt::Prompt,
    turn::{Stop, Then, Turn, or},
};
use crate::flow::document::State;

/// Most times that the model is asked for the agent's words in one turn.
const MAX_ROUNDS: usize = 8;
/// Turns in a row without a usable answer after which the conversation has failed (row DA-X10).
const MAX_FAILURES: u32 = 3;
/// Lines of the past that the model reads, where the flow does not say.
const HISTORY: u32 = 60;

impl<'a> Turn<'a> {
    /// What was said before, as far as the model reads it.
    pub(super) fn past(&mut self) -> Result<Vec<Past>, Stop> {
        self.latest(self.window())
    }

    /// How many lines of the past the model reads.
    fn window(&self) -> u32 {
        self.input.flow.document.configuration.model.history.unwrap_or(HISTORY)
    }

    /// The latest lines of the past. None of them when a person took over meanwhile.
    pub(super) fn latest(&mut self, most: u32) -> Result<Vec<Past>, Stop> {
        if most == 0 {
            return Ok(Vec::new());
        }
        match self.answers.history(most) {
            Some(Answer::History { lines }) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                Ok(lines[lines.len().saturating_sub(most)..].to_vec())
            }
            Some(_) => {
                self.interrupt();
                Ok(Vec::new())
            }
            None => Err(Need::History { lines: most }.into()),
        }
    }

    /// The passages that fit what the customer said (§10.1).
    pub(super) fn passages(&mut self, past: &[Past], words: &str) -> Result<Vec<Passage>, Stop> {
        let configuration = &self.input.flow.document.configuration;
        let documentation = &configuration.documentation;
        let nothing = documentation.documents.is_empty() && documentation.faqs.is_empty();
        if self.interrupted || documentation.amount == 0 || (nothing && configuration.files.is_empty()) {
            return Ok(Vec::new());
        }
        let mut query = words.to_owned();
        if documentation.query_rewriting && self.transcript.channel != "voice" {
            let request = closing::rewrite(past, words, &documentation.rewriter_context);
            let completion = self.completions;
            match self.complete(Purpose::Rewrite, 0, request)? {
                None => return Ok(Vec::new()),
                Some(Ok(reply)) if reply.text.trim().is_empty() => {}
                Some(Ok(reply)) => reply.text.trim().clone_into(&mut query),
                // The customer's own words are a question too.
                Some(Err(error)) => self.journal.note(Step::Failed { completion, reason: error.message }),
            }
        }
        let amount = documentation.amount.min(10);
        match self.answers.passages() {
            Some(Answer::Passages { passages }) => {
                let passages = &passages[..passages.len().min(usize::from(amount))];
                let sources = passages.iter().map(|passage| passage.source.clone()).collect();
                self.journal.note(Step::Passages { query, sources });
                Ok(passages.to_vec())
            }
            Some(_) => {
                self.interrupt();
                Ok(Vec::new())
            }
            None => Err(Need::Passages { query, amount }.into()),
        }
    }

    /// Asks the model until it has said what it says.
    pub(super) fn answer(&mut self, past: &[Past], passages: &[Passage]) -> Result<(), Stop> {
        let flow = self.input.flow;
        let mut has_spoken = false;
        for _ in 0..MAX_ROUNDS {
            let Some(state) = self.state() else {
                return self.break_off("the state in which the conversation was is no longer in the flow");
            };
            let prompt = Prompt {
                flow,
                session: &self.session,
                transcript: &self.transcript,
                state,
                passages,
                memory: if flow.document.configuration.agent_memory { self.input.memory } else { &[] },
                window: self.window(),
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
                Some(Err(error)) => return self.no_answer(ordinal, &error),
            };
            let text = reply.text.trim().to_owned();
            if text.is_empty() && reply.tool_calls.is_empty() && !has_spoken && !self.is_leaving() {
                let error = ChatError::new(ChatErrorKind::Rubbish, "the model said nothing and called nothing");
                return self.no_answer(ordinal, &error);
            }
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
            let has_left = matches!(self.then, Then::Return(_));
            if has_left || (self.is_leaving() && has_spoken) {
                self.session.failures = 0;
                return Ok(());
            }
            if self.asked >= MAX_CALLS {
                break;
            }
        }
        self.lines.push(Line::noted("warning", json!({"message": "the agent called tools without coming to an end"})));
        if !has_spoken {
            self.say_fallback();
        }
        Ok(())
    }

    /// Whether the agent has only its last words left to say, or none.
    fn is_leaving(&self) -> bool {
        self.then != Then::Wait || self.transcript.control != Control::Agent
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

    /// No model may be asked: the customer gets the flow's fallback, and the transcript says why. No model has failed, and
    /// the conversation goes on when there is a budget again.
    fn over_budget(&mut self, error: &ChatError) -> Result<(), Stop> {
        self.refuse(None, "budget", &error.message);
        self.say_fallback();
        Ok(())
    }

    /// The model gave no usable answer: the customer gets the flow's fallback, and the transcript says why (goal R4).
    ///
    /// Also after words that came with a call: what the customer was told to wait for does not come.
    fn no_answer(&mut self, completion: usize, error: &ChatError) -> Result<(), Stop> {
        if error.kind == ChatErrorKind::OverBudget {
            return self.over_budget(error);
        }
        self.journal.note(Step::Failed { completion, reason: error.message.clone() });
        self.lines.push(Line::noted("model_failure", json!({"kind": error.kind, "message": error.message})));
        self.session.failures += 1;
        self.say_fallback();
        let is_with_agent = self.transcript.control == Control::Agent;
        if is_with_agent && self.session.failures >= MAX_FAILURES { self.fail() } else { Ok(()) }
    }

    /// Says that the agent cannot answer, unless a person will.
    pub(super) fn say_fallback(&mut self) {
        if self.transcript.control != Control::Agent {
            return;
        }
        let texts = &self.input.flow.document.configuration.texts;
        self.say(or(&texts.fallback, "I am sorry, I cannot answer right now. Please try again."), None);
    }

    /// The state in which the conversation is.
    pub(super) fn state(&self) -> Option<&'a State> {
        let flow = self.input.flow;
        flow.state(self.session.state.as_deref()?)
    }
}

/// The day, as the model reads it.
fn today(now: Timestamp) -> String {
    now.to_string().chars().take(10).collect()
}
