//! The journal of a flow's turn: why it went as it did. What was asked of models and functions is beside it, in the
//! turn's needs and answers.

use serde::Serialize;

/// What the engine did in a turn, in order.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The conversation began in a state.
    Began {
        /// Its id.
        state: String,
    },
    /// A parameter that the client, its token or a scenario gave was not taken.
    Kept {
        /// Its name.
        parameter: String,
        /// Why.
        reason: &'static str,
    },
    /// Passages were found for a question.
    Passages {
        /// The question.
        query: String,
        /// Where they are from.
        sources: Vec<String>,
    },
    /// The model was asked in a state, with these tools.
    Asked {
        /// Which completion.
        completion: usize,
        /// The state's id.
        state: String,
        /// Names of the tools.
        tools: Vec<String>,
    },
    /// The model gave no usable answer.
    Failed {
        /// Which completion.
        completion: usize,
        /// Why.
        reason: String,
    },
    /// A function was called.
    Called {
        /// Which call; none where it was refused before it ran.
        #[serde(skip_serializing_if = "Option::is_none")]
        call: Option<usize>,
        /// The function's name.
        function: String,
        /// The event that it emitted.
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<String>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// An event moved the conversation.
    Moved {
        /// From the state of this id.
        from: String,
        /// To here: a state's id, `end` or `scenario`.
        to: String,
        /// The event.
        event: String,
    },
    /// An event led nowhere from the present state.
    Ignored {
        /// The event.
        event: String,
        /// The state's id.
        state: String,
    },
    /// A guardrail refused.
    Refused {
        /// Which.
        guardrail: String,
        /// Why.
        reason: String,
    },
    /// Nobody was answered, because a person has the conversation or it waits for one.
    Silent,
    /// A person took over while the agent was thinking.
    Interrupted,
    /// The conversation ended.
    Ended {
        /// How.
        status: &'static str,
    },
}
