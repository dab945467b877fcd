//! Is True, Is False: what an attribute says as a boolean. No value is neither.

use super::operation::{Operation, Test};
use crate::expression::value::boolean;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "is_true",
        other_names: &["true"],
        test: Test::Alone(|value, _| value.is_some_and(|value| boolean(value) == Some(true))),
    },
    Operation {
        id: "is_false",
        other_names: &["false"],
        // What is not true is false (§3.2).
        test: Test::Alone(|value, _| value.is_some_and(|value| boolean(value) != Some(true))),
    },
];
