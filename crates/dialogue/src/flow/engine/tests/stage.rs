//! A stage for conversations with flows: a customer who talks to them. Models and
//! functions answer by script, and all that they were asked is kept.

use std::{collections::VecDeque, rc::Rc};

use model::{
    Timestamp,
    chat::{ChatError, ChatReply, Role, ToolCall},
    function::{FunctionError, FunctionOutput},
    inbound::{Act, Inbound, Intervention},
    record::Author,
    transcript::TranscriptState,
};
use serde_json::{Value, json};

use crate::flow::{
    compiled::CompiledFlow,
    engine::{
        Answer, Answers, Call, Completion, Entered, Guard, Input, Line, LineBody, Need, Outcome, Passage, Past,
        Purpose, Refused, Session, Stop, Verdict, take_turn,
    },
};

type Reply = Result<ChatReply, ChatError>;

type Functions = Box<dyn FnMut(&Call) -> Result<FunctionOutput, FunctionError>>;
type Guarding = Box<dyn FnMut(Guard, &str) -> Verdict>;

/// A conversation at play, and all that it asked for.
pub(super) struct Played {
    flow: Rc<CompiledFlow>,
    pub(super) session: Session,
    pub(super) transcript: TranscriptState,
    pub(super) past: Vec<Past>,
    pub(super) in_scenario: bool,
    /// What a scenario gives along with the next act.
    pub(super) entered: Option<Entered>,
    pub(super) memory: Vec<String>,
    pub(super) now: Timestamp,
    pub(super) passages: Vec<Passage>,
    replies: VecDeque<Reply>,
    functions: Functions,
    guard: Guarding,
    judge: Box<dyn FnMut(Purpose) -> Reply>,
    interrupt: Box<dyn FnMut(&Need) -> bool>,
    /// Every question to a model, in the whole conversation.
    pub(super) asked: Vec<Completion>,
    /// Every call of a function, in the whole conversation.
    pub(super) called: Vec<Call>,
    /// Every need of the last turn.
    pub(super) needs: Vec<Need>,
    /// Every line of the conversation.
    pub(super) log: Vec<Line>,
    pub(super) last: Option<Outcome>,
}

impl Played {
    /// With a flow, on the web.
    pub(super) fn of(flow: CompiledFlow) -> Self {
        Self {
            flow: Rc::new(flow),
            session: Session::default(),
            transcript: TranscriptState { channel: "web".into(), ..TranscriptState::default() },
            past: Vec::new(),
            in_scenario: false,
            entered: None,
            memory: Vec::new(),
            now: Timestamp::from_seconds(1_700_000_000),
            passages: Vec::new(),
            replies: VecDeque::new(),
            functions: Box::new(|_| Ok(FunctionOutput::default())),
            guard: Box::new(|_, _| Verdict::default()),
            judge: Box::new(|_| Ok(says("{}"))),
            interrupt: Box::new(|_| false),
            asked: Vec::new(),
            called: Vec::new(),
            needs: Vec::new(),
            log: Vec::new(),
            last: None,
        }
    }

    /// What the agent's model answers next; without a script it says `All right.`.
    pub(super) fn will(&mut self, replies: impl IntoIterator<Item = ChatReply>) -> &mut Self {
        self.replies.extend(replies.into_iter().map(Ok));
        self
    }

    /// The agent's model fails next.
    pub(super) fn will_fail(&mut self, error: ChatError) -> &mut Self {
        self.replies.push_back(Err(error));
        self
    }

    /// With functions.
    pub(super) fn running(
        mut self,
        functions: impl FnMut(&Call) -> Result<FunctionOutput, FunctionError> + 'static,
    ) -> Self {
        self.functions = Box::new(functions);
        self
    }

    /// With guardrails.
    pub(super) fn guarded(mut self, guard: impl FnMut(Guard, &str) -> Verdict + 'static) -> Self {
        self.guard = Box::new(guard);
        self
    }

    /// With a model for what is not the agent's words: rewriting, judging, remembering.
    pub(super) fn judged(mut self, judge: impl FnMut(Purpose) -> Reply + 'static) -> Self {
        self.judge = Box::new(judge);
        self
    }

    /// A person takes over while such a need is looked after.
    pub(super) fn interrupted(&mut self, when: impl FnMut(&Need) -> bool + 'static) -> &mut Self {
        self.interrupt = Box::new(when);
        self
    }

    pub(super) fn on(mut self, channel: &str) -> Self {
        self.transcript.channel = channel.into();
        self
    }

    /// Opens the chat; what the agent says.
    pub(super) fn opens(&mut self) -> Vec<String> {
        self.does(Inbound::new(Act::Open))
    }

    /// Types a text; what the agent says.
    pub(super) fn types(&mut self, text: &str) -> Vec<String> {
        self.does(Inbound::text(text))
    }

    /// What others do to the conversation.
    pub(super) fn intervenes(&mut self, intervention: Intervention) -> Vec<String> {
        self.does(Inbound::intervention(intervention))
    }

    pub(super) fn does(&mut self, inbound: Inbound) -> Vec<String> {
        self.tries(inbound).unwrap_or_else(|refused| panic!("refused: {refused}"))
    }

    /// What the agent says, unless the act is refused. Each turn is taken a second time from its own answers.
    pub(super) fn tries(&mut self, inbound: Inbound) -> Result<Vec<String>, Refused> {
        let (flow, session, transcript) = (Rc::clone(&self.flow), self.session.clone(), self.transcript.clone());
        let (entered, memory) = (self.entered.take(), self.memory.clone());
        let input = Input {
            flow: &flow,
            session: &session,
            transcript: &transcript,
            inbound: &inbound,
            in_scenario: self.in_scenario,
            entered: entered.as_ref(),
            memory: &memory,
            now: self.now,
            transcript_id: "transcript-1",
            contact_id: "contact-1",
        };
        let mut answers = Answers::default();
        self.needs.clear();
        let outcome = loop {
            match take_turn(&input, &answers) {
                Ok(outcome) => break outcome,
                Err(Stop::Refused(refused)) => return Err(refused),
                Err(Stop::Need(need)) => {
                    assert!(!self.needs.contains(&need), "asked twice: {need:?}");
                    self.needs.push((*need).clone());
                    let answer = self.answer(&need);
                    answers.add(*need, answer);
                }
            }
        };
        let again = take_turn(&input, &answers).expect("what was answered once is answered");
        assert_eq!(again.lines, outcome.lines);
        assert_eq!(again.session, outcome.session);
        assert_eq!(again.transcript, outcome.transcript);
        assert_eq!(again.journal, outcome.journal);
        self.remember(&inbound, &outcome);
        let said = outcome.lines.iter().filter(|line| line.author == Author::Agent);
        let texts: Vec<String> = said.map(|line| line.text.clone()).collect();
        self.last = Some(outcome);
        Ok(texts)
    }

    fn answer(&mut self, need: &Need) -> Answer {
        match need {
            Need::Complete(completion) => self.asked.push((**completion).clone()),
            Need::Call(call) => self.called.push((**call).clone()),
            _ => {}
        }
        if (self.interrupt)(need) {
            return Answer::Interrupted;
        }
        match need {
            Need::History { lines } => {
                let from = self.past.len().saturating_sub(*lines as usize);
                Answer::History { lines: self.past[from..].to_vec() }
            }
            Need::Complete(completion) if completion.purpose == Purpose::Answer => {
                Answer::Completion { result: self.replies.pop_front().unwrap_or_else(|| Ok(says("All right."))) }
            }
            Need::Complete(completion) => Answer::Completion { result: (self.judge)(completion.purpose) },
            Need::Call(call) => Answer::Call { result: (self.functions)(call) },
            Need::Passages { .. } => Answer::Passages { passages: self.passages.clone() },
            Need::Guard { guard, text, .. } => Answer::Guard { verdict: (self.guard)(*guard, text) },
        }
    }

    /// Keeps what is kept between turns, as the model reads it later.
    fn remember(&mut self, inbound: &Inbound, outcome: &Outcome) {
        self.session = outcome.session.clone();
        self.transcript = outcome.transcript.clone();
        self.now = Timestamp(self.now.0 + 1_000_000);
        if inbound.intervention.is_none() && !inbound.text.trim().is_empty() {
            self.past.push(Past::Customer { text: inbound.text.clone() });
        }
        for line in &outcome.lines {
            let text = line.text.clone();
            match (line.author, &line.body) {
                (Author::Agent, _) => self.past.push(Past::Agent { text }),
                (Author::Operator, _) => self.past.push(Past::Operator { text }),
                (_, LineBody::Json(body)) if line.kind == "function_call" && body["occasion"] == "agent" => {
                    self.past.push(Past::Called {
                        tool: body["tool"].as_str().unwrap().into(),
                        arguments: body["parameters"].clone(),
                        result: body["response"].to_string(),
                    });
                }
                _ => {}
            }
        }
        self.log.extend(outcome.lines.iter().cloned());
    }

    /// What was noted under a kind in the whole conversation.
    pub(super) fn noted(&self, kind: &str) -> Vec<&Value> {
        let noted = self.log.iter().filter(|line| line.kind == kind);
        noted.filter_map(|line| if let LineBody::Json(body) = &line.body { Some(body) } else { None }).collect()
    }

    /// The instruction of the agent's last question to its model.
    pub(super) fn prompt(&self) -> &str {
        &self.last_asked().request.messages[0].content
    }

    /// What the customer was last said to say, in the agent's last question.
    pub(super) fn heard(&self) -> &str {
        let messages = &self.last_asked().request.messages;
        &messages.iter().rfind(|message| message.role == Role::User).expect("the customer spoke").content
    }

    /// The results of calls in the agent's last question.
    pub(super) fn results(&self) -> Vec<&str> {
        let messages = self.last_asked().request.messages.iter();
        messages.filter(|message| message.role == Role::Tool).map(|message| message.content.as_str()).collect()
    }

    /// What the agent could call when it last asked its model.
    pub(super) fn tools(&self) -> Vec<&str> {
        self.last_asked().request.tools.iter().map(|tool| tool.name.as_str()).collect()
    }

    pub(super) fn last_asked(&self) -> &Completion {
        self.asked.iter().rfind(|asked| asked.purpose == Purpose::Answer).expect("the agent asked its model")
    }

    /// How often a function was called.
    pub(super) fn count(&self, function: &str) -> usize {
        self.called.iter().filter(|call| call.function == function).count()
    }
}

/// A model's words.
pub(super) fn says(text: &str) -> ChatReply {
    ChatReply { text: text.into(), ..ChatReply::default() }
}

/// A model's call.
pub(super) fn calls(tool: &str, arguments: Value) -> ChatReply {
    let call = ToolCall { id: format!("call_{tool}"), name: tool.into(), arguments };
    ChatReply { tool_calls: vec![call], ..ChatReply::default() }
}

/// A call without arguments.
pub(super) fn calling(tool: &str) -> ChatReply {
    calls(tool, json!({}))
}

/// A function's response.
pub(super) fn gives(response: impl Into<Value>) -> FunctionOutput {
    FunctionOutput { response: response.into(), ..FunctionOutput::default() }
}

/// A function's event.
pub(super) fn emits(event: &str) -> FunctionOutput {
    FunctionOutput { event: Some(event.into()), ..FunctionOutput::default() }
}

/// A function's addition to the context.
pub(super) fn adds(name: &str, value: impl Into<Value>) -> FunctionOutput {
    let mut output = FunctionOutput::default();
    output.context_additions.insert(name.into(), value.into());
    output
}
