//! What a turn adds to a transcript, and what it reads of the past.

use model::{message::Message, record::Author};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line that a turn adds to the transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Whose it is.
    pub author: Author,
    /// What it is, in snake case.
    pub kind: &'static str,
    /// Its plain text; of what is said, the markdown.
    pub text: String,
    /// The whole of it.
    pub body: LineBody,
    /// Which completion of the turn said it: what was streamed of it carries the same number.
    pub completion: Option<usize>,
}

/// The whole of a [`Line`].
#[derive(Debug, Clone, PartialEq)]
pub enum LineBody {
    /// Something said.
    Message(Box<Message>),
    /// Anything else.
    Json(Value),
}

impl Line {
    /// What the agent says: markdown.
    pub(super) fn said(text: &str, completion: Option<usize>) -> Self {
        let message = Message::text("", crate::message::markdown(text));
        Self {
            author: Author::Agent,
            kind: "text",
            text: text.to_owned(),
            body: LineBody::Message(Box::new(message)),
            completion,
        }
    }

    /// What a person of the tenant says.
    pub(super) fn operator(operator: &str, text: &str) -> Self {
        let mut message = Message::text("", crate::message::markdown(text));
        message.meta.insert("operator".into(), operator.into());
        let body = LineBody::Message(Box::new(message));
        Self { author: Author::Operator, kind: "text", text: text.to_owned(), body, completion: None }
    }

    /// What Parlance notes.
    pub(super) fn noted(kind: &'static str, body: Value) -> Self {
        Self { author: Author::Platform, kind, text: String::new(), body: LineBody::Json(body), completion: None }
    }
}

/// One line of the past, as far as the model reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Past {
    /// The customer said.
    Customer {
        /// What.
        text: String,
    },
    /// The agent said.
    Agent {
        /// What.
        text: String,
    },
    /// A person of the tenant said.
    Operator {
        /// What.
        text: String,
    },
    /// The agent called a function.
    Called {
        /// The tool's name.
        tool: String,
        /// Its arguments.
        arguments: Value,
        /// What it answered, as the agent saw it.
        result: String,
    },
}
