//! Filters: what a value goes through on its way into a text (spec/opendialog.md §3.3).
//!
//! A filter is a function that takes its arguments when the expression is compiled and gives the
//! closure that runs at evaluation. To add one: write that function in the file of its group and
//! list it in the group's `FILTERS`.

mod argument;
mod collection;
mod crypto;
mod date;
mod encoding;
mod number;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use argument::{Argument, Arguments};

use super::cursor::Cursor;
use super::{ExpressionError, Reference, Scope, value};

/// Filters with their names.
type Group = &'static [(&'static str, fn(Arguments) -> Result<Apply, String>)];
type Apply = Arc<dyn for<'v> Fn(Datum<'v>, &'v dyn Scope) -> Datum<'v> + Send + Sync>;

/// Bytes of a text that a filter takes.
const MAX_TEXT: usize = 1 << 20;

const GROUPS: [Group; 6] =
    [text::FILTERS, number::FILTERS, date::FILTERS, collection::FILTERS, encoding::FILTERS, crypto::FILTERS];

/// The names of all filters, for error messages.
pub(super) fn names() -> String {
    GROUPS.iter().copied().flatten().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// What flows through a chain of filters: a value, or bytes on their way to an encoding.
pub(super) enum Datum<'v> {
    Value(Cow<'v, Value>),
    Bytes(Vec<u8>),
}

impl<'v> Datum<'v> {
    /// No value: every filter passes it on, save those that say something about nothing.
    pub(super) fn nothing() -> Self {
        Self::Value(Cow::Owned(Value::Null))
    }

    fn owned(value: impl Into<Value>) -> Self {
        Self::Value(Cow::Owned(value.into()))
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Self::Value(value) if value.is_null())
    }

    /// As text; bytes that are none are shown as U+FFFD.
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Value(value) => value::text(value),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
        }
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            Self::Value(value) => match value::text(value) {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            },
        }
    }

    pub(super) fn into_value(self) -> Cow<'v, Value> {
        match self {
            Self::Value(value) => value,
            Self::Bytes(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into()),
        }
    }
}

/// A filter that turns a text into another; nothing stays nothing.
fn from_text(change: impl Fn(&str, &dyn Scope) -> String + Send + Sync + 'static) -> Apply {
    Arc::new(move |datum, scope| if datum.is_nothing() { datum } else { Datum::owned(change(&datum.text(), scope)) })
}

/// A compiled filter.
#[derive(Clone)]
pub(super) struct Filter {
    name: &'static str,
    references: Box<[Reference]>,
    apply: Apply,
}

impl Filter {
    /// Reads `name`, then arguments after spaces or in parentheses, up to `|`, `}` or the end.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ExpressionError> {
        cursor.skip_spaces();
        let written = cursor.name().ok_or_else(|| cursor.malformed("a filter's name"))?;
        let (name, build) = GROUPS
            .iter()
            .copied()
            .flatten()
            .find(|(name, _)| name.eq_ignore_ascii_case(written))
            .ok_or_else(|| ExpressionError::UnknownFilter { name: written.chars().take(64).collect() })?;
        let arguments = Arguments::read(cursor)?;
        let references = arguments.references();
        let apply = build(arguments).map_err(|problem| ExpressionError::Argument { filter: name, problem })?;
        Ok(Self { name, references, apply })
    }

    /// A text past [`MAX_TEXT`] is no value: else a chain of filters that each make a text longer
    /// would fill the memory.
    pub(super) fn apply<'v>(&self, datum: Datum<'v>, scope: &'v dyn Scope) -> Datum<'v> {
        let length = match &datum {
            Datum::Value(value) => value.as_str().map_or(0, str::len),
            Datum::Bytes(bytes) => bytes.len(),
        };
        if length > MAX_TEXT { Datum::nothing() } else { (self.apply)(datum, scope) }
    }

    /// Attributes that its arguments read.
    pub(super) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter()
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("name", &self.name).field("references", &self.references).finish()
    }
}
