//! A model that says what a file says: for tests, demos without a key, and replays.
//!
//! ```json
//! { "rules": [
//!     { "name": "book", "when": { "text_contains": "appointment" },
//!       "then": { "call": [{ "name": "free_slots", "arguments": { "day": "monday" } }] } },
//!     { "when": { "tool_result_of": "free_slots" }, "then": { "say": "Free: {{tool_result}}", "chunks": 3 } },
//!     { "when": { "text_matches": "(?i)^slow" }, "then": { "say": "…", "delay_ms": 500 } },
//!     { "when": { "text_contains": "break" }, "then": { "fail": "unavailable" } } ],
//!   "otherwise": { "say": "You said: {{last_user}}" } }
//! ```
//!
//! The first rule of which every condition holds answers, else `otherwise`. What it says depends on the request
//! alone, so the same conversation gives the same answers. The conditions are described at [`document::Conditions`],
//! the answers at [`document::Answer`].

mod document;
mod play;

use std::sync::Arc;

use document::{Answer, Conditions};
use regex::Regex;
use serde_json::Value;

pub(super) use play::play;

/// A script that was read and found sound.
#[derive(Debug, Clone)]
pub struct Script {
    rules: Arc<[Rule]>,
    otherwise: Option<Arc<Answer>>,
}

#[derive(Debug)]
struct Rule {
    when: Conditions,
    /// `when.text_matches`, compiled.
    text_matches: Option<Regex>,
    then: Answer,
}

/// Why a script cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It is no JSON.
    #[error("the script is no JSON: {0}")]
    NoJson(String),
    /// A part of it is wrong.
    #[error("{place}: {problem}")]
    Wrong {
        /// Which rule and field, such as `rules[2] (book).then.say`.
        place: String,
        /// What is wrong there.
        problem: String,
    },
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// [`ScriptError`], which names the rule and the field.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let value = serde_json::from_str(text).map_err(|error| ScriptError::NoJson(error.to_string()))?;
        Self::read(value)
    }

    /// The same, from JSON that was parsed already.
    ///
    /// # Errors
    /// [`ScriptError::Wrong`].
    pub fn read(value: Value) -> Result<Self, ScriptError> {
        let Value::Object(mut fields) = value else {
            return Err(wrong("the script", "an object with `rules` and `otherwise` is expected"));
        };
        let rules = match fields.remove("rules") {
            None => Vec::new(),
            Some(Value::Array(rules)) => rules,
            Some(_) => return Err(wrong("rules", "a list is expected")),
        };
        let otherwise = fields.remove("otherwise").map(|answer| Answer::read(answer, "otherwise")).transpose()?;
        if let Some(unknown) = fields.keys().next() {
            return Err(wrong(unknown, "there is no such field: use `rules` and `otherwise`"));
        }
        if rules.is_empty() && otherwise.is_none() {
            return Err(wrong("the script", "it has neither `rules` nor `otherwise`, so it could never answer"));
        }
        let rules = rules.into_iter().enumerate().map(|(at, rule)| Rule::read(rule, at)).collect::<Result<_, _>>()?;
        Ok(Self { rules, otherwise: otherwise.map(Arc::new) })
    }
}

impl Rule {
    fn read(value: Value, at: usize) -> Result<Self, ScriptError> {
        let unnamed = format!("rules[{at}]");
        let Value::Object(mut fields) = value else {
            return Err(wrong(&unnamed, "an object with `when` and `then` is expected"));
        };
        let place = match fields.remove("name") {
            None => unnamed,
            Some(Value::String(name)) => format!("{unnamed} ({name})"),
            Some(_) => return Err(wrong(&format!("{unnamed}.name"), "a text is expected")),
        };
        let when = fields.remove("when").ok_or_else(|| wrong(&format!("{place}.when"), "it is missing"))?;
        let then = fields.remove("then").ok_or_else(|| wrong(&format!("{place}.then"), "it is missing"))?;
        if let Some(unknown) = fields.keys().next() {
            let place = format!("{place}.{unknown}");
            return Err(wrong(&place, "there is no such field: use `name`, `when` and `then`"));
        }
        let (when, text_matches) = Conditions::read(when, &format!("{place}.when"))?;
        Ok(Self { when, text_matches, then: Answer::read(then, &format!("{place}.then"))? })
    }
}

fn wrong(place: &str, problem: impl Into<String>) -> ScriptError {
    ScriptError::Wrong { place: place.to_owned(), problem: problem.into() }
}
