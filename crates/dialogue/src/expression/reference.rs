//! References to attributes: `context.name['key'][0]` (spec/opendialog.md §3.1, §3.2).

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use super::cursor::Cursor;
use super::{ExpressionError, Scope};

/// The context of a reference without a prefix.
const DEFAULT_CONTEXT: &str = "user";
/// What a secret reads as outside the places that decrypt it: eight U+2022.
static MASK: LazyLock<Value> = LazyLock::new(|| Value::String("\u{2022}".repeat(8)));
const MAX_PATH: usize = 32;

/// One step into a composite or a collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Accessor {
    /// `['key']`, `[key]` or `.key`
    Key(Box<str>),
    /// `[0]`
    Index(usize),
}

/// Where a value is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// `user` when it was written without a prefix.
    pub context: Box<str>,
    /// The attribute.
    pub name: Box<str>,
    /// The way to the part of it.
    pub path: Vec<Accessor>,
}

impl Reference {
    /// Reads a whole text as one reference.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut cursor = Cursor::new(text);
        cursor.skip_spaces();
        let reference = Self::read(&mut cursor)?.ok_or_else(|| cursor.malformed("an attribute's name"))?;
        cursor.skip_spaces();
        if cursor.rest().is_empty() { Ok(reference) } else { Err(cursor.malformed("the end of the reference")) }
    }

    /// Reads the reference that comes next; none when no name comes next.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, ExpressionError> {
        let Some(first) = cursor.name() else { return Ok(None) };
        let (context, name) = if cursor.eat('.') {
            (first, cursor.name().ok_or_else(|| cursor.malformed("an attribute's name after the dot"))?)
        } else {
            (DEFAULT_CONTEXT, first)
        };
        let mut path = Vec::new();
        while let Some(accessor) = read_accessor(cursor)? {
            if path.len() == MAX_PATH {
                return Err(ExpressionError::TooLarge { what: "the path of a reference", limit: MAX_PATH });
            }
            path.push(accessor);
        }
        Ok(Some(Self { context: context.into(), name: name.into(), path }))
    }

    /// The value now. None when there is none; a secret is masked whatever the scope says.
    pub fn value<'s>(&self, scope: &'s dyn Scope) -> Option<Cow<'s, Value>> {
        if &*self.context == "secret" {
            return Some(Cow::Borrowed(&MASK));
        }
        let found = match scope.value(&self.context, &self.name)? {
            Cow::Borrowed(value) => Cow::Borrowed(self.path.iter().try_fold(value, part)?),
            Cow::Owned(value) => Cow::Owned(self.path.iter().try_fold(value, take_part)?),
        };
        (!found.is_null()).then_some(found)
    }
}

fn read_accessor(cursor: &mut Cursor<'_>) -> Result<Option<Accessor>, ExpressionError> {
    if cursor.eat('.') {
        let key = cursor.name().ok_or_else(|| cursor.malformed("a key after the dot"))?;
        return Ok(Some(Accessor::Key(key.into())));
    }
    if !cursor.eat('[') {
        return Ok(None);
    }
    cursor.skip_spaces();
    let accessor = match cursor.quoted()? {
        Some(key) => Accessor::Key(key.into()),
        None => match cursor.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ')).trim() {
            "" => return Err(cursor.malformed("a key or an index in the brackets")),
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Accessor::Index(digits.parse().map_err(|_| cursor.malformed("a smaller index"))?)
            }
            negative if negative.starts_with('-') => {
                return Err(cursor.malformed("an index of 0 or more; `last` and `range` count from the end"));
            }
            key => Accessor::Key(key.into()),
        },
    };
    cursor.skip_spaces();
    cursor.expect(']', "the closing bracket")?;
    Ok(Some(accessor))
}

fn part<'v>(value: &'v Value, accessor: &Accessor) -> Option<&'v Value> {
    match (value, accessor) {
        (Value::Object(map), Accessor::Key(key)) => map.get(&**key),
        (Value::Object(map), Accessor::Index(index)) => map.get(&index.to_string()),
        (Value::Array(list), Accessor::Index(index)) => list.get(*index),
        _ => None,
    }
}

fn take_part(mut value: Value, accessor: &Accessor) -> Option<Value> {
    match (&mut value, accessor) {
        (Value::Object(map), Accessor::Key(key)) => map.get_mut(&**key),
        (Value::Object(map), Accessor::Index(index)) => map.get_mut(&index.to_string()),
        (Value::Array(list), Accessor::Index(index)) => list.get_mut(*index),
        _ => None,
    }
    .map(Value::take)
}

/// As a designer would write it, with its context; parses to an equal reference.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.context, self.name)?;
        for accessor in &self.path {
            match accessor {
                Accessor::Key(key) => write!(f, "['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))?,
                Accessor::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
