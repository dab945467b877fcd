//! Values: how they read inside a text, and how they take the type of an attribute
//! (spec/opendialog.md §3.2).

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use model::Timestamp;
use model::attribute::AttributeType;
use serde_json::{Map, Number, Value};

use super::moment;

const LOCATION: [&str; 9] =
    ["formatted_address", "postal_code", "line_1", "line_2", "locality", "province", "country", "lat", "lng"];
const FILE: [&str; 4] = ["name", "url", "size", "type"];

/// How a value reads inside a text: scalars as they are, lists of scalars with commas, anything
/// else as JSON.
pub fn display(value: &Value) -> String {
    let mut out = String::new();
    display_into(value, &mut out);
    out
}

/// The same, borrowed when the value is a text.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(display(other)),
    }
}

pub(super) fn display_into(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::String(text) => out.push_str(text),
        Value::Number(number) => display_number(number, out),
        Value::Array(list) if list.iter().all(is_scalar) => {
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                display_into(item, out);
            }
        }
        other => match spoken_line(other) {
            Some(said) => display_into(said, out),
            None => write!(out, "{other}").expect("a String takes all that is written"),
        },
    }
}

/// An item of `history.utterances` or `history.intents` is an object, so that `where participant user`
/// can choose among them; it reads as what was said.
fn spoken_line(value: &Value) -> Option<&Value> {
    let line = value.as_object().filter(|line| line.len() == 2 && line.contains_key("participant"))?;
    line.get("value")
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_)) || spoken_line(value).is_some()
}

/// A whole decimal reads without `.0`: 3, not 3.0.
fn display_number(number: &Number, out: &mut String) {
    match whole_float(number) {
        Some(whole) => write!(out, "{whole}"),
        None => write!(out, "{number}"),
    }
    .expect("a String takes all that is written");
}

/// Beyond 2^53 a decimal is no exact integer any more.
#[expect(clippy::cast_possible_truncation, reason = "the bound is checked")]
pub(super) fn whole_float(number: &Number) -> Option<i64> {
    let float = number.as_f64().filter(|_| number.is_f64())?;
    (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64)
}

/// The number that a value is, or that its text says.
pub(super) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => number_in(text),
        _ => None,
    }
}

pub(super) fn number_in(text: &str) -> Option<Number> {
    let text = text.trim();
    text.parse::<i64>().map(Number::from).ok().or_else(|| decimal(text))
}

/// Rust also reads `inf`, `nan`: those are words here.
fn decimal(text: &str) -> Option<Number> {
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|_| numeric).and_then(Number::from_f64)
}

/// The integer that a value is or says; decimals lose their fraction.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is the nearest integer that exists")]
pub(super) fn whole(value: &Value) -> Option<i64> {
    let number = number(value)?;
    number.as_i64().or_else(|| number.as_f64().map(|float| float as i64))
}

/// The boolean that a value says; none when it says neither.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    const TRUE: [&str; 3] = ["true", "yes", "1"];
    const FALSE: [&str; 3] = ["false", "no", "0"];
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        scalar => {
            let text = text(scalar);
            let says = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
            if says(&TRUE) { Some(true) } else { says(&FALSE).then_some(false) }
        }
    }
}

/// Gives a value the type of its attribute. What cannot be read as that type is no value (null),
/// except booleans, where it is false.
pub fn coerce(kind: AttributeType, value: &Value) -> Value {
    use AttributeType as Type;
    if value.is_null() {
        return Value::Null;
    }
    match kind {
        Type::String => Value::String(text(value).into_owned()),
        Type::Boolean => Value::Bool(boolean(value).unwrap_or(false)),
        Type::Decimal => number(value).and_then(|number| number.as_f64()).map_or(Value::Null, Value::from),
        Type::WholeNumber => whole(value).map_or(Value::Null, Value::from),
        Type::Timestamp => timestamp(value),
        Type::StringCollection => collection(value, Type::String),
        Type::BooleanCollection => collection(value, Type::Boolean),
        Type::DecimalCollection => collection(value, Type::Decimal),
        Type::WholeNumberCollection => collection(value, Type::WholeNumber),
        Type::TimestampCollection => collection(value, Type::Timestamp),
        Type::CompositeCollection => collection(value, Type::Composite),
        Type::List => Value::Array(items(value)),
        Type::Composite | Type::JsonInferredComposite | Type::FormData | Type::Utterance => {
            object(value).map_or(Value::Null, Value::Object)
        }
        Type::Location => object(value).map_or(Value::Null, |map| with_keys(map, &LOCATION)),
        Type::FileCollection => items(value).iter().filter_map(object).map(|file| with_keys(file, &FILE)).collect(),
    }
}

/// Unix seconds; a date as text is read in UTC. A time of day alone is no date.
fn timestamp(value: &Value) -> Value {
    if let Some(seconds) = whole(value) {
        return seconds.into();
    }
    moment::absolute(&text(value), &TimeZone::UTC).map_or(Value::Null, |at| Timestamp::from(at).seconds().into())
}

fn collection(value: &Value, item: AttributeType) -> Value {
    items(value).iter().map(|value| coerce(item, value)).filter(|value| !value.is_null()).collect()
}

/// The items of a list: of an array, of JSON text, of a text with commas (trimmed, row OD-L09), or
/// the one value that it is.
fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Array(list)) => list,
            Ok(object @ Value::Object(_)) => vec![object],
            _ => text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect(),
        },
        other => vec![other.clone()],
    }
}

fn object(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map.clone()),
        Value::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// Exactly the parts that a composite type has; those not given are null.
fn with_keys(mut map: Map<String, Value>, keys: &[&str]) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), map.remove(*key).unwrap_or(Value::Null))).collect()
}
