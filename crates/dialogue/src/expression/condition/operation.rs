//! The operations that conditions know, by name.
//!
//! To add one: write it in the file of its group and list it in that group's `OPERATIONS`.

use std::fmt;

use serde_json::Value;

use super::{comparison, presence, set, time, truth};
use crate::expression::Scope;

const GROUPS: [&[Operation]; 5] =
    [truth::OPERATIONS, comparison::OPERATIONS, time::OPERATIONS, presence::OPERATIONS, set::OPERATIONS];

/// What an operation does with what it is given.
pub(super) enum Test {
    /// Looks at the attribute alone.
    Alone(fn(Option<&Value>, &dyn Scope) -> bool),
    /// Compares the attribute with a parameter; either may be missing.
    With(fn(Option<&Value>, Option<&Value>, &dyn Scope) -> bool),
}

/// An operation.
pub(in crate::expression) struct Operation {
    /// Its id in documents.
    pub(super) id: &'static str,
    /// Other names: of the editor, of older documents.
    pub(super) other_names: &'static [&'static str],
    pub(super) test: Test,
}

impl Operation {
    /// The operation of an id or of a name in the editor; case, spaces and `_` do not count.
    pub(in crate::expression) fn named(name: &str) -> Option<&'static Self> {
        let wanted = letters(name);
        GROUPS.into_iter().flatten().find(|operation| {
            std::iter::once(&operation.id).chain(operation.other_names).any(|known| letters(known).eq(wanted.clone()))
        })
    }

    /// What is used where no operation is named.
    pub(in crate::expression) fn equals() -> &'static Self {
        Self::named("eq").expect("`eq` is registered")
    }

    /// The ids of all, for error messages.
    pub(super) fn names() -> String {
        GROUPS.into_iter().flatten().map(|operation| operation.id).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn id(&self) -> &'static str {
        self.id
    }

    pub(super) fn takes_parameter(&self) -> bool {
        matches!(self.test, Test::With(_))
    }

    /// Whether it holds; a null is no value.
    pub(in crate::expression) fn holds(
        &self,
        value: Option<&Value>,
        parameter: Option<&Value>,
        scope: &dyn Scope,
    ) -> bool {
        let value = value.filter(|value| !value.is_null());
        match self.test {
            Test::Alone(test) => test(value, scope),
            Test::With(test) => test(value, parameter.filter(|value| !value.is_null()), scope),
        }
    }
}

fn letters(name: &str) -> impl Iterator<Item = char> + Clone {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}
