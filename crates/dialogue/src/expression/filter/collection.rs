//! Filters on collections and on conversation objects.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::{Apply, Argument, Arguments, Datum, Group};
use crate::expression::Scope;
use crate::expression::condition::Operation;

pub(super) const FILTERS: Group =
    &[("count", count), ("last", last), ("range", range), ("where", matching), ("select", select)];

fn count(arguments: Arguments) -> Result<Apply, String> {
    arguments.none()?;
    Ok(on_value(|value, _| {
        Cow::Owned(Value::from(match &*value {
            Value::Null => 0,
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            _ => 1,
        }))
    }))
}

fn last(arguments: Arguments) -> Result<Apply, String> {
    let [number] = arguments.optional()?;
    number.as_ref().map_or(Ok(()), Argument::must_be_whole)?;
    Ok(match number {
        None => on_value(|value, _| match value {
            Cow::Borrowed(Value::Array(list)) => list.last().map_or(Cow::Owned(Value::Null), Cow::Borrowed),
            Cow::Owned(Value::Array(mut list)) => Cow::Owned(list.pop().unwrap_or_default()),
            other => other,
        }),
        Some(number) => on_value(move |value, scope| {
            let number = number.whole(scope).unwrap_or(0).max(0);
            slice(value, number.saturating_neg(), number)
        }),
    })
}

fn range(arguments: Arguments) -> Result<Apply, String> {
    let [start, number] = arguments.exactly()?;
    start.must_be_whole().and(number.must_be_whole())?;
    Ok(on_value(move |value, scope| match (start.whole(scope), number.whole(scope)) {
        (Some(start), Some(number)) => slice(value, start, number),
        _ => Cow::Owned(Value::Null),
    }))
}

/// `number` items from `start`, which counts from the end when it is negative. What lies outside
/// of the list is not there.
fn slice(value: Cow<'_, Value>, start: i64, number: i64) -> Cow<'_, Value> {
    let Value::Array(list) = &*value else { return value };
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let start = if start < 0 { start.saturating_add(length).max(0) } else { start };
    let in_list = |at: i64| usize::try_from(at).unwrap_or(0).min(list.len());
    let (from, to) = (in_list(start), in_list(start.saturating_add(number.max(0))));
    Cow::Owned(Value::Array(list[from..to].to_vec()))
}

/// Items whose field passes an operation; the field `value` of a scalar is the scalar itself.
fn matching(arguments: Arguments) -> Result<Apply, String> {
    let [Some(field), value, operation] = arguments.optional()? else {
        return Err("takes a field, a value and perhaps an operation".to_owned());
    };
    let Some(wanted) = value else { return Err("needs the value that the field should have".to_owned()) };
    let operation = match operation.as_ref().map(Argument::literal) {
        None => Operation::equals(),
        Some(name) => {
            name.and_then(Operation::named).ok_or("the operation must be one of those that conditions have")?
        }
    };
    Ok(on_value(move |value, scope| {
        let Value::Array(list) = &*value else { return value };
        let field = field.text(scope);
        let wanted = wanted.value(scope);
        let passes = |item: &&Value| {
            let found = match item {
                Value::Object(map) => map.get(&*field),
                scalar => (*field == *"value").then_some(*scalar),
            };
            operation.holds(found, wanted.as_deref(), scope)
        };
        Cow::Owned(list.iter().filter(passes).cloned().collect())
    }))
}

/// A field of an object; of each object of a list.
fn select(arguments: Arguments) -> Result<Apply, String> {
    let [field] = arguments.exactly()?;
    Ok(on_value(move |value, scope| {
        let field = field.text(scope);
        match value {
            Cow::Borrowed(Value::Object(map)) => map.get(&*field).map_or(Cow::Owned(Value::Null), Cow::Borrowed),
            Cow::Owned(Value::Object(mut map)) => Cow::Owned(map.remove(&*field).unwrap_or_default()),
            other => match &*other {
                Value::Array(list) => Cow::Owned(list.iter().filter_map(|item| item.get(&*field)).cloned().collect()),
                _ => Cow::Owned(Value::Null),
            },
        }
    }))
}

fn on_value(change: impl for<'v> Fn(Cow<'v, Value>, &'v dyn Scope) -> Cow<'v, Value> + Send + Sync + 'static) -> Apply {
    Arc::new(move |datum, scope| Datum::Value(change(datum.into_value(), scope)))
}
