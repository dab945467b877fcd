//! In Set, Not In Set: a collection contains the parameter, a text contains it as a part. With a
//! list as the parameter one of its items suffices.

use serde_json::Value;

use super::comparison::equal;
use super::operation::{Operation, Test};
use crate::expression::value;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { id: "in_set", other_names: &[], test: Test::With(|value, parameter, _| is_in(value, parameter)) },
    Operation { id: "not_in_set", other_names: &[], test: Test::With(|value, parameter, _| !is_in(value, parameter)) },
];

fn is_in(value: Option<&Value>, parameter: Option<&Value>) -> bool {
    value.zip(parameter).is_some_and(|(value, parameter)| match parameter {
        Value::Array(any) => any.iter().any(|one| contains(value, one)),
        one => contains(value, one),
    })
}

fn contains(set: &Value, item: &Value) -> bool {
    match set {
        Value::Array(list) => list.iter().any(|member| equal(member, item)),
        Value::Object(map) => map.values().any(|member| equal(member, item)),
        Value::String(text) => {
            let item = value::text(item);
            !item.is_empty() && text.contains(&*item)
        }
        scalar => equal(scalar, item),
    }
}
