//! Arguments of filters: `a "b c" 'd' @context.attribute`, or the same in parentheses with commas.

use std::borrow::Cow;

use serde_json::Value;

use crate::expression::cursor::Cursor;
use crate::expression::{ExpressionError, Reference, Scope, value};

const MAX_ARGUMENTS: usize = 8;

/// One argument.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    /// Written out.
    Literal(Value),
    /// `@context.attribute`: read at evaluation.
    Reference(Reference),
}

impl Argument {
    /// None when it refers to an attribute without a value.
    pub(super) fn value<'s>(&'s self, scope: &'s dyn Scope) -> Option<Cow<'s, Value>> {
        match self {
            Self::Literal(value) => Some(Cow::Borrowed(value)),
            Self::Reference(reference) => reference.value(scope),
        }
    }

    pub(super) fn text<'s>(&'s self, scope: &'s dyn Scope) -> Cow<'s, str> {
        match self.value(scope) {
            Some(Cow::Borrowed(value)) => value::text(value),
            Some(Cow::Owned(value)) => Cow::Owned(value::display(&value)),
            None => Cow::Borrowed(""),
        }
    }

    pub(super) fn whole(&self, scope: &dyn Scope) -> Option<i64> {
        value::whole(self.value(scope)?.as_ref())
    }

    /// Finds a word where a number must stand.
    pub(super) fn must_be_whole(&self) -> Result<(), String> {
        match self.literal() {
            Some(word) if value::whole(&word.into()).is_none() => Err(format!("takes whole numbers, not `{word}`")),
            _ => Ok(()),
        }
    }

    /// What it says, when that is known before evaluation.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(value) => value.as_str(),
            Self::Reference(_) => None,
        }
    }

    fn read(cursor: &mut Cursor<'_>, ends: &[char]) -> Result<Self, ExpressionError> {
        if let Some(text) = cursor.quoted()? {
            return Ok(Self::Literal(text.into()));
        }
        if cursor.rest().starts_with('@') {
            let mut ahead = Cursor::new(&cursor.rest()[1..]);
            if let Some(reference) = Reference::read(&mut ahead)? {
                cursor.skip_bytes(1 + ahead.position());
                return Ok(Self::Reference(reference));
            }
        }
        match cursor.take_while(|c| !c.is_whitespace() && !ends.contains(&c)) {
            "" => Err(cursor.malformed("an argument")),
            text => Ok(Self::Literal(text.into())),
        }
    }
}

/// All arguments of one filter.
pub(super) struct Arguments(Vec<Argument>);

impl Arguments {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, ExpressionError> {
        let mut list = Vec::new();
        cursor.skip_spaces();
        let parenthesised = cursor.eat('(');
        let ends: &[char] = if parenthesised { &['|', '}', ')', ','] } else { &['|', '}'] };
        loop {
            cursor.skip_spaces();
            match cursor.peek() {
                Some(')') if parenthesised && list.is_empty() => {}
                None | Some('|' | '}') if !parenthesised => return Ok(Self(list)),
                _ => list.push(Argument::read(cursor, ends)?),
            }
            if list.len() > MAX_ARGUMENTS {
                return Err(ExpressionError::TooLarge { what: "the arguments of a filter", limit: MAX_ARGUMENTS });
            }
            if parenthesised {
                cursor.skip_spaces();
                if cursor.eat(')') {
                    cursor.skip_spaces();
                    return match cursor.peek() {
                        None | Some('|' | '}') => Ok(Self(list)),
                        _ => Err(cursor.malformed("`|` or the end after the arguments")),
                    };
                }
                cursor.expect(',', "`,` or `)` after an argument")?;
            }
        }
    }

    pub(super) fn references(&self) -> Box<[Reference]> {
        self.0
            .iter()
            .filter_map(|argument| match argument {
                Argument::Literal(_) => None,
                Argument::Reference(reference) => Some(reference.clone()),
            })
            .collect()
    }

    /// No arguments.
    pub(super) fn none(self) -> Result<(), String> {
        self.optional::<0>().map(|_| ())
    }

    /// Exactly `N`.
    pub(super) fn exactly<const N: usize>(self) -> Result<[Argument; N], String> {
        <[Argument; N]>::try_from(self.0).map_err(|list| format!("takes {N} arguments, not {}", list.len()))
    }

    /// At most `N`; those not given are none.
    pub(super) fn optional<const N: usize>(self) -> Result<[Option<Argument>; N], String> {
        if self.0.len() > N {
            return Err(format!("takes at most {N} arguments, not {}", self.0.len()));
        }
        let mut given = self.0.into_iter();
        Ok(std::array::from_fn(|_| given.next()))
    }

    /// One optional argument that can only be `flag` (`true` and `false` for a `true` flag).
    pub(super) fn flag(self, flag: &str) -> Result<bool, String> {
        let [argument] = self.optional()?;
        match argument.as_ref().map(Argument::literal) {
            None => Ok(false),
            Some(Some(text)) if text.eq_ignore_ascii_case(flag) => Ok(true),
            Some(Some("false")) if flag == "true" => Ok(false),
            Some(_) => Err(format!("takes only `{flag}` as its argument")),
        }
    }
}
