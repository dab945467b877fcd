//! Messages as OpenDialog's clients read them (spec/opendialog.md §4.1, §4.2, §5.2).
//!
//! The one place that knows the wire's keys. Where the product's own sources disagree or are
//! silent, the choice is written at the function that makes it.

mod body;
mod clock;

use model::{
    Timestamp,
    message::{Body, Message, TextFold},
};
use serde_json::{Map, Value, json};

use clock::{date, time};

/// The answer to a message: one message that is not empty is sent as an object, otherwise all are
/// sent as a list, in which an empty message is `false` (row OD-M02, §5.2).
pub(crate) fn messages(list: &[Message], at: Timestamp, time_zone: Option<&str>) -> Value {
    let last = list.len().saturating_sub(1);
    let mut sent: Vec<Value> =
        list.iter().enumerate().map(|(index, one)| message(one, at, time_zone, Place::of(index, last))).collect();
    match sent.as_slice() {
        [one] if one.is_object() => sent.remove(0),
        _ => Value::Array(sent),
    }
}

/// Where a message stands in its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Others follow: clients draw it as a part of the last one.
    Within,
    /// Nothing follows.
    Last,
}

impl Place {
    fn of(index: usize, last: usize) -> Self {
        if index < last { Self::Within } else { Self::Last }
    }
}

/// One message; `false` for an empty one.
pub(crate) fn message(message: &Message, at: Timestamp, time_zone: Option<&str>, place: Place) -> Value {
    if message.body == Body::Empty {
        return Value::Bool(false);
    }
    json!({
        "author": "them",
        "type": body::wire_type(&message.body),
        "intent": message.intent,
        "data": data(message, at, time_zone, place),
    })
}

/// The `data` of a message: what its type says, then the keys that all have (§4.1).
fn data(message: &Message, at: Timestamp, time_zone: Option<&str>, place: Place) -> Value {
    let within = place == Place::Within;
    let base = json!({
        "disable_text": message.disable_text,
        "internal": within,
        "hidetime": within,
        "hideavatar": message.hide_avatar,
        "time": time(at, time_zone),
        "date": date(at, time_zone),
    });
    let mut data = body::data(&message.body, &base);
    data.entry("attribute_name").or_insert(Value::Null);
    // An empty map of PHP is sent as a list.
    let meta = if message.meta.is_empty() { json!([]) } else { Value::Object(message.meta.clone()) };
    data.insert("meta".into(), meta);
    if !message.template.is_empty() {
        data.insert("message_template_id".into(), message.template.clone().into());
    }
    if let Some(feedback) = message.feedback {
        data.insert("enable_feedback".into(), feedback.into());
    }
    fold(message, &mut data);
    Value::Object(data)
}

/// Folding, under the names of the markup's attributes with underscores; the product's are not
/// documented.
fn fold(message: &Message, data: &mut Map<String, Value>) {
    if let Some(fold) = &message.text_fold {
        data.insert("expandable_text".into(), true.into());
        match fold {
            TextFold::Height(height) => data.insert("expandable_text_height".into(), height.clone().into()),
            TextFold::Chars(chars) => data.insert("expandable_text_chars".into(), (*chars).into()),
        };
    }
    if let Some(height) = &message.message_fold {
        data.insert("expandable_message".into(), true.into());
        data.insert("expandable_message_height".into(), height.clone().into());
    }
}

#[cfg(test)]
mod tests;
