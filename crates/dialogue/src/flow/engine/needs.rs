//! What a turn may need from outside, and the answers to it.

use model::{
    chat::{ChatError, ChatReply, ChatRequest},
    function::{FunctionError, FunctionOutput},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::line::Past;

/// Something that the engine cannot do by itself. Needs of a kind are numbered from 0 within a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// What was said before in this transcript.
    History {
        /// At most so many lines, the latest.
        lines: u32,
    },
    /// What a model says.
    Complete(Box<Completion>),
    /// What a function gives back.
    Call(Box<Call>),
    /// Which passages fit a question.
    Passages {
        /// The question.
        query: String,
        /// How many at most.
        amount: u8,
    },
    /// Whether a text may be said.
    Guard {
        /// Which check of the turn it is.
        ordinal: usize,
        /// Who says it.
        guard: Guard,
        /// The text.
        text: String,
    },
}

impl Need {
    /// Whether a person who takes over stops the search for its answer. What runs when the conversation ends is not
    /// stopped: it is over already, and wrap-up runs whole or is not made up for (row DA-F22).
    pub fn yields(&self) -> bool {
        match self {
            Self::History { .. } => false,
            Self::Complete(completion) => matches!(completion.purpose, Purpose::Answer | Purpose::Rewrite),
            Self::Call(call) => call.occasion != Occasion::WrapUp,
            Self::Passages { .. } | Self::Guard { .. } => true,
        }
    }
}

/// A question to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// Which completion of the turn it is.
    pub ordinal: usize,
    /// What for.
    pub purpose: Purpose,
    /// How many of the request's messages, after the first, are of earlier turns.
    pub past: usize,
    /// What is asked.
    pub request: ChatRequest,
}

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The agent's next words and calls.
    Answer,
    /// A question for the search, from what the customer said (§10.1).
    Rewrite,
    /// What the conversation was about (row DA-F28).
    CallReason,
    /// How it went (row DA-F29).
    CallReview,
    /// What to remember of it (row DA-F27).
    Memory,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Which call of the turn it is.
    pub ordinal: usize,
    /// The function's id.
    pub function: String,
    /// Its name.
    pub name: String,
    /// When it runs.
    pub occasion: Occasion,
    /// What the agent filled in.
    pub parameters: Map<String, Value>,
    /// The conversation's context, as far as the function may rely on it.
    pub internal_parameters: Map<String, Value>,
    /// Facts of the conversation.
    pub conversation: Map<String, Value>,
}

/// When a function runs (§7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The agent calls it.
    Agent,
    /// The conversation starts.
    StartUp,
    /// It ends.
    WrapUp,
}

/// Whose words a [`Need::Guard`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// The customer's.
    Input,
    /// The agent's.
    Output,
}

/// The answer to a [`Need`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Need::History`], oldest first.
    History {
        /// The lines.
        lines: Vec<Past>,
    },
    /// To [`Need::Complete`].
    Completion {
        /// What the model says, or why it says nothing.
        result: Result<ChatReply, ChatError>,
    },
    /// To [`Need::Call`].
    Call {
        /// What the function gave back, or why it failed.
        result: Result<FunctionOutput, FunctionError>,
    },
    /// To [`Need::Passages`].
    Passages {
        /// The passages, best first.
        passages: Vec<Passage>,
    },
    /// To [`Need::Guard`].
    Guard {
        /// What was found.
        verdict: Verdict,
    },
    /// To any: a person took over while it was sought. The agent stops where it is.
    Interrupted,
}

/// A passage that may help to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Where it is from.
    pub source: String,
    /// What it says.
    pub text: String,
}

/// What a guardrail found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The guardrail that refuses, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<(String, String)>,
    /// What else is to be noted: a guardrail that could not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The answers found so far in a turn.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(Vec<(Need, Answer)>);

impl IntoIterator for Answers {
    type Item = (Need, Answer);
    type IntoIter = std::vec::IntoIter<(Need, Answer)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Answers {
    /// Adds an answer.
    pub fn add(&mut self, need: Need, answer: Answer) {
        self.0.push((need, answer));
    }

    /// Needs and answers in the order in which they came up.
    pub fn iter(&self) -> impl Iterator<Item = &(Need, Answer)> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn history(&self, most: u32) -> Option<&Answer> {
        self.find(|need| matches!(need, Need::History { lines } if *lines == most))
    }

    pub(super) fn completion(&self, which: usize) -> Option<&Answer> {
        self.find(|need| matches!(need, Need::Complete(completion) if completion.ordinal == which))
    }

    pub(super) fn call(&self, which: usize) -> Option<&Answer> {
        self.find(|need| matches!(need, Need::Call(call) if call.ordinal == which))
    }

    pub(super) fn passages(&self) -> Option<&Answer> {
        self.find(|need| matches!(need, Need::Passages { .. }))
    }

    pub(super) fn guard(&self, which: usize) -> Option<&Answer> {
        self.find(|need| matches!(need, Need::Guard { ordinal, .. } if *ordinal == which))
    }

    fn find(&self, is: impl Fn(&Need) -> bool) -> Option<&Answer> {
        self.0.iter().find_map(|(need, answer)| is(need).then_some(answer))
    }
}
