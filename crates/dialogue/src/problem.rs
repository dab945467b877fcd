//! What is wrong with a document, and what of it was passed over: said with the place in the file,
//! so that a designer finds it.

use serde::Serialize;

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It runs, but probably not as it was meant.
    Warning,
    /// Part of it cannot work.
    Error,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where in the file: `conversations[0].scenes[1].turns[2]…`; empty for the whole of it.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// How bad it is.
    pub severity: Severity,
}

impl Problem {
    /// Something that cannot work.
    pub fn error(path: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), remedy: remedy.into(), severity: Severity::Error }
    }

    /// Something that is probably not meant.
    pub fn warning(path: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message, remedy) }
    }
}

/// Something in a document that Parlance does not understand. It is kept, and has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where it was met first.
    pub path: String,
    /// What it is.
    pub message: String,
    /// How often it was met at this level of the tree.
    pub times: u32,
}
