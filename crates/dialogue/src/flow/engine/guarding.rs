//! Guardrails: what customers and the agent may not say. Each refusal is a line with its reason.

use serde_json::json;

use super::{
    journal::Step,
    line::Line,
    needs::{Answer, Guard, Need},
    turn::{Stop, Turn, or},
};

impl Turn<'_> {
    /// Whether the agent's words pass its guardrails; says the refusal if not.
    pub(super) fn may_say(&mut self, text: &str) -> Result<bool, Stop> {
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
    pub(super) fn passes(&mut self, guard: Guard, text: &str) -> Result<bool, Stop> {
        let ordinal = self.guards;
        match self.answers.guard(ordinal) {
            Some(Answer::Guard { verdict }) => {
                self.guards += 1;
                if let Some(note) = &verdict.note {
                    self.lines.push(Line::noted("warning", json!({"message": note})));
                }
                match &verdict.refused {
                    Some((guardrail, reason)) => {
                        self.refuse(Some(guard), guardrail, reason);
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

    /// Notes a refusal, and whose words were refused: those of the customer are not shown to the model later.
    pub(super) fn refuse(&mut self, guard: Option<Guard>, guardrail: &str, reason: &str) {
        self.journal.note(Step::Refused { guardrail: guardrail.to_owned(), reason: reason.to_owned() });
        self.lines.push(Line::noted("refusal", json!({"guardrail": guardrail, "guard": guard, "reason": reason})));
    }
}
