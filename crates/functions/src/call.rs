//! What an action is given and what it gives back.

use model::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

/// A built-in action.
pub type Action = fn(&Call<'_>) -> Result<Outputs, ActionError>;

/// One call of an action.
pub struct Call<'c> {
    /// What the designer configured, references to attributes still in it.
    pub configuration: &'c Map<String, Value>,
    /// Fills the references of a text. A text that is a single reference gives the attribute's value with its type;
    /// `Null` or an empty text if it has none.
    pub fill: &'c dyn Fn(&str) -> Value,
    /// When the turn happens.
    pub now: Timestamp,
}

/// The values that an action gives, in the order in which they are to be stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outputs(pub Vec<Output>);

/// A new value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Where the action's own configuration wants it; `None` leaves it to the intent's output map.
    pub context: Option<String>,
    /// The attribute.
    pub name: String,
    /// The value; `Null` unsets the attribute.
    pub value: Value,
}

/// Why an action failed. Each text names the field of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ActionError {
    /// A required field is absent or empty.
    #[error("`{field}` is missing: {remedy}")]
    Missing {
        /// The field of the configuration.
        field: &'static str,
        /// What to write there.
        remedy: &'static str,
    },
    /// A field holds what the action cannot use.
    #[error("`{field}` is not usable: {problem}")]
    Unusable {
        /// The field of the configuration.
        field: &'static str,
        /// What is wrong with it and what is expected.
        problem: String,
    },
}

impl ActionError {
    pub(crate) fn unusable(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Unusable { field, problem: problem.into() }
    }
}

impl Call<'_> {
    /// The filled value of a field; `None` if the designer left it out or empty.
    pub(crate) fn value(&self, field: &str) -> Option<Value> {
        match self.configuration.get(field)? {
            Value::Null => None,
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some((self.fill)(text.trim())),
            other => Some(other.clone()),
        }
    }

    /// The filled text of a field; `None` if it is left out or empty.
    pub(crate) fn text(&self, field: &'static str) -> Result<Option<String>, ActionError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ActionError::unusable(field, "expected a text")),
        }
    }
}

/// Splits `context.name`; a name without a dot has no context.
pub(crate) fn split_context(name: &str) -> (Option<String>, String) {
    match name.split_once('.') {
        Some((context, name)) => (Some(context.to_owned()), name.to_owned()),
        None => (None, name.to_owned()),
    }
}
