//! What an evaluation looked at, for the journal.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::expression::value;

/// Characters of a value that are kept.
const SHOWN: usize = 200;

/// A condition that was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeenCondition {
    /// The attribute as the designer wrote it.
    pub reference: Arc<str>,
    /// Id of the operation.
    pub operation: &'static str,
    /// What the attribute held.
    pub value: SeenValue,
    /// What it was compared with.
    pub parameter: SeenValue,
    /// Whether the condition held.
    pub outcome: bool,
}

/// A value as it was seen, long ones cut. Cloning one never copies a text.
#[derive(Debug, Clone, PartialEq)]
pub enum SeenValue {
    /// There was none.
    Nothing,
    /// A boolean or a number.
    Scalar(Value),
    /// A text, or what a collection or object reads as.
    Text(Arc<str>),
}

impl SeenValue {
    pub(super) fn of(seen: Option<&Value>) -> Self {
        match seen {
            None | Some(Value::Null) => Self::Nothing,
            Some(scalar @ (Value::Bool(_) | Value::Number(_))) => Self::Scalar(scalar.clone()),
            Some(other) => {
                let text = value::text(other);
                Self::Text(match text.char_indices().nth(SHOWN) {
                    Some((end, _)) => format!("{}…", &text[..end]).into(),
                    None => (&*text).into(),
                })
            }
        }
    }
}

impl Serialize for SeenValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Scalar(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}
