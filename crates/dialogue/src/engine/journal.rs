//! The journal: why a turn went as it did.

use std::sync::Arc;

use serde::Serialize;

use crate::expression::SeenCondition;

/// What the engine did in a turn, in order.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Journal {
    steps: Vec<Step>,
}

impl Journal {
    pub(super) fn note(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// One step of a turn.
#[derive(Debug, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The visitor was away for longer than the session lives (row OD-N22).
    SessionExpired {
        /// Seconds of silence.
        silence: i64,
    },
    /// A reserved intent was looked for, wider at each rung (§2.1.2).
    Rung {
        /// The reserved intent.
        intent: Arc<str>,
    },
    /// An object above the intents was closed by its conditions, and all below it.
    Closed {
        /// `scenario`, `conversation`, `scene` or `turn`.
        level: &'static str,
        /// Its `od_id`.
        id: Arc<str>,
        /// What was seen.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<SeenCondition>,
        /// Why its conditions could not be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        broken: Option<Box<str>>,
    },
    /// An interpreter said what the utterance means.
    Interpreted {
        /// The interpreter.
        interpreter: Arc<str>,
        /// Intents and confidences, best first; at most five.
        intents: Vec<(String, f64)>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// Intents that were available, and that the utterance does not mean.
    NotMeant {
        /// Their `od_id`s.
        intents: Vec<Arc<str>>,
    },
    /// A candidate was looked at.
    Candidate {
        /// `od_id` of the intent.
        intent: Arc<str>,
        /// Conversation, scene and turn of it.
        place: Arc<str>,
        /// Why it was refused; absent where it was eligible.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<Reason>,
        /// What its conditions saw.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<SeenCondition>,
    },
    /// An intent was executed.
    Executed {
        /// `od_id` of the intent.
        intent: Arc<str>,
        /// Conversation, scene and turn of it.
        place: Arc<str>,
        /// Confidence of the interpretation, for the visitor's intents.
        #[serde(skip_serializing_if = "Option::is_none")]
        confidence: Option<f64>,
    },
    /// An attribute was written.
    Wrote {
        /// Context and name.
        attribute: Box<str>,
        /// Why it was refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<&'static str>,
    },
    /// An action ran.
    Action {
        /// Its name.
        action: Arc<str>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A message template was looked at.
    Template {
        /// Its `od_id`.
        template: Arc<str>,
        /// Whether its conditions hold.
        holds: bool,
        /// What they saw.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<SeenCondition>,
    },
    /// A message template was chosen.
    Said {
        /// Its `od_id`.
        template: Arc<str>,
        /// Number of messages.
        messages: usize,
        /// Why it could not be rendered.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A transition was followed.
    Transition {
        /// Where to.
        to: String,
    },
    /// A virtual intent was put in the visitor's mouth.
    Virtual {
        /// Its name.
        intent: Arc<str>,
        /// Why it was not followed.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<&'static str>,
    },
    /// The conversation is over.
    Completed,
    /// Nothing handled the act; the answer is empty (row OD-N19).
    Unhandled,
}

/// Why a candidate was refused.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The confidence is below the intent's.
    Confidence {
        /// What the interpreter gave.
        got: f64,
        /// What the intent asks.
        least: f64,
    },
    /// Its conditions do not hold.
    Conditions,
    /// Its conditions could not be read.
    Broken(Box<str>),
}
