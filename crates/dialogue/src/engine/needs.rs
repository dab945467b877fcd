//! What a turn may need from outside, and the answers to it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Something that the engine cannot do by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// What was said before in this transcript, or in all transcripts of the contact.
    History {
        /// All transcripts rather than the current one.
        all: bool,
    },
    /// What the visitor's text means to an interpreter of the scenario.
    Interpret {
        /// The interpreter's name.
        interpreter: Arc<str>,
        /// What was typed.
        text: String,
    },
    /// Run an action.
    Act(Box<ActionCall>),
}

/// An action that is to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionCall {
    /// Which action of this turn it is, from 0.
    pub ordinal: usize,
    /// The action's name in the scenario.
    pub action: Arc<str>,
    /// What runs.
    pub component: Arc<str>,
    /// Its settings, attributes filled in.
    pub configuration: Map<String, Value>,
    /// The attributes that the intent gives it.
    pub inputs: Map<String, Value>,
}

/// The answer to a [`Need`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Need::History`], oldest first.
    History {
        /// The lines.
        lines: Vec<HistoryLine>,
    },
    /// To [`Need::Interpret`]; an error counts as no match (row OD-N40).
    Interpretation {
        /// What it means, best first.
        result: Result<Interpretation, String>,
    },
    /// To [`Need::Act`].
    Action {
        /// What it wrote, or why it failed.
        result: Result<ActionResult, String>,
    },
}

/// The answers found so far in a turn.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(Vec<(Need, Answer)>);

impl Answers {
    /// Adds an answer.
    pub fn add(&mut self, need: Need, answer: Answer) {
        self.0.push((need, answer));
    }

    /// Needs and answers in the order in which they came up.
    pub fn iter(&self) -> impl Iterator<Item = &(Need, Answer)> {
        self.0.iter()
    }

    pub(super) fn history(&self, all: bool) -> Result<&[HistoryLine], Need> {
        self.0
            .iter()
            .find_map(|(need, answer)| match (need, answer) {
                (Need::History { all: asked }, Answer::History { lines }) if *asked == all => Some(lines.as_slice()),
                _ => None,
            })
            .ok_or(Need::History { all })
    }

    pub(super) fn interpretation(&self, name: &Arc<str>, said: &str) -> Result<&Result<Interpretation, String>, Need> {
        self.0
            .iter()
            .find_map(|(need, answer)| match (need, answer) {
                (Need::Interpret { interpreter, text }, Answer::Interpretation { result })
                    if interpreter == name && text == said =>
                {
                    Some(result)
                }
                _ => None,
            })
            .ok_or_else(|| Need::Interpret { interpreter: name.clone(), text: said.to_owned() })
    }

    pub(super) fn action(&self, which: usize) -> Option<&Result<ActionResult, String>> {
        self.0.iter().find_map(|(need, answer)| match (need, answer) {
            (Need::Act(call), Answer::Action { result }) if call.ordinal == which => Some(result),
            _ => None,
        })
    }
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Participant {
    /// The visitor.
    User,
    /// The agent.
    App,
}

impl Participant {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::App => "app",
        }
    }
}

/// One line of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Who said it.
    pub participant: Participant,
    /// What was said.
    pub text: String,
    /// The intent that it realised.
    pub intent: Option<String>,
}

/// What an interpreter makes of a text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Interpretation {
    /// The intents that it may mean.
    pub intents: Vec<Interpreted>,
}

/// One intent that a text may mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interpreted {
    /// Name of the intent.
    pub intent: String,
    /// 0 to 1.
    pub confidence: f64,
    /// What was found in the text.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
    /// Rank given by a semantic classifier: lower ranks win whatever the design order, so a
    /// sub-intent (0) beats an intent (1) (row OD-N08).
    #[serde(default)]
    pub rank: u8,
}

/// What an action wrote.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ActionResult {
    /// Context (where the action decides it), name, value; null unsets.
    pub outputs: Vec<(Option<String>, String, Value)>,
}
