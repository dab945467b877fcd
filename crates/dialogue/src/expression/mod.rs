//! Attribute references, filters, text templates and conditions: everything that a designer writes
//! to read a value. Parsed once, when an agent is compiled; evaluated against a [`Scope`].

mod condition;
mod cursor;
mod error;
mod filter;
#[cfg(test)]
pub(crate) mod fixture;
mod moment;
mod php_date;
mod pipeline;
mod reference;
mod template;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;

use model::Timestamp;
use serde_json::Value;

pub use condition::{ConditionProblem, Conditions, SeenCondition, SeenValue, equal};
pub use error::ExpressionError;
pub use pipeline::Expression;
pub use reference::{Accessor, Reference};
pub use template::{FillOptions, Part, Template};
pub use value::{coerce, display};

/// What expressions may read during a turn.
pub trait Scope {
    /// The value of an attribute in a context (`user`, `session`, …), before any accessor.
    fn value(&self, context: &str, name: &str) -> Option<Cow<'_, Value>>;

    /// The moment at which the turn happens.
    fn now(&self) -> Timestamp;

    /// The visitor's IANA time zone, if the client said one.
    fn time_zone(&self) -> Option<&str>;
}
