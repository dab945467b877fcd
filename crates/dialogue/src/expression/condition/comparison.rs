//! Equals and the order of numbers.
//!
//! Equality minds types: a number equals a text that says the same number, a boolean a word that
//! says the same boolean, texts are equal letter by letter ("5.0" is not "5").

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::operation::{Operation, Test};
use crate::expression::value::{boolean, number};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "eq",
        other_names: &["equals", "equal", "is_equal_to"],
        test: Test::With(|value, parameter, _| is_equal(value, parameter)),
    },
    Operation {
        id: "not_equals",
        other_names: &["neq", "ne", "not_equal", "not_eq"],
        test: Test::With(|value, parameter, _| !is_equal(value, parameter)),
    },
    Operation {
        id: "gt",
        other_names: &["greater_than"],
        test: Test::With(|value, parameter, _| order(value, parameter).is_some_and(Ordering::is_gt)),
    },
    Operation {
        id: "gte",
        other_names: &["greater_than_or_equal_to", "greater_than_or_equal"],
        test: Test::With(|value, parameter, _| order(value, parameter).is_some_and(Ordering::is_ge)),
    },
    Operation {
        id: "lt",
        other_names: &["less_than"],
        test: Test::With(|value, parameter, _| order(value, parameter).is_some_and(Ordering::is_lt)),
    },
    Operation {
        id: "lte",
        other_names: &["less_than_or_equal_to", "less_than_or_equal"],
        test: Test::With(|value, parameter, _| order(value, parameter).is_some_and(Ordering::is_le)),
    },
];

fn is_equal(value: Option<&Value>, parameter: Option<&Value>) -> bool {
    value.zip(parameter).is_some_and(|(value, parameter)| equal(value, parameter))
}

/// Whether two values are equal, minding types as designers do.
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Bool(flag), other) | (other, Value::Bool(flag)) => boolean(other) == Some(*flag),
        (Value::Number(_), _) | (_, Value::Number(_)) => order(Some(left), Some(right)) == Some(Ordering::Equal),
        _ => left == right,
    }
}

/// The order of two values that are numbers or say numbers; none otherwise.
fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    compare(&number(left?)?, &number(right?)?)
}

/// Integers are compared exactly.
pub(super) fn compare(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
