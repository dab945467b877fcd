//! Is Set, Is Not Set, Is Empty, Is Not Empty.
//!
//! The first two keep the product's quirk: `false` is neither set nor not set. The other two ask
//! whether there is a value at all; there `false` and `0` are values, `""`, `[]` and `{}` are not.

use serde_json::Value;

use super::operation::{Operation, Test};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "is_set",
        other_names: &[],
        test: Test::Alone(|value, _| !is_unset(value) && value != Some(&Value::Bool(false))),
    },
    Operation { id: "is_not_set", other_names: &["not_set"], test: Test::Alone(|value, _| is_unset(value)) },
    Operation { id: "is_empty", other_names: &["empty"], test: Test::Alone(|value, _| is_empty(value)) },
    Operation { id: "is_not_empty", other_names: &["not_empty"], test: Test::Alone(|value, _| !is_empty(value)) },
];

fn is_unset(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.as_str() == Some(""))
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        value => is_unset(value),
    }
}
