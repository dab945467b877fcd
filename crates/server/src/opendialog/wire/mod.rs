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
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeStruct},
};
use serde_json::{Value, json};

use clock::{date, time};

/// The answer to a message: one message that is not empty is sent as an object, otherwise all are
/// sent as a list, in which an empty message is `false` (row OD-M02, §5.2).
///
/// It is written where it is sent, key by key: an answer is made in every turn.
#[derive(Debug)]
pub(crate) struct Answer<'m> {
    list: &'m [Message],
    time: String,
    date: String,
}

impl<'m> Answer<'m> {
    /// The answer with some messages, at a time that is shown in the visitor's time zone.
    pub(crate) fn new(list: &'m [Message], at: Timestamp, time_zone: Option<&str>) -> Self {
        Self { list, time: time(at, time_zone), date: date(at, time_zone) }
    }

    fn message(&self, message: &'m Message, place: Place) -> Sent<'_> {
        Sent { data: Data { message, place, time: &self.time, date: &self.date } }
    }
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.list {
            [one] if one.body != Body::Empty => self.message(one, Place::Last).serialize(serializer),
            list => {
                let last = list.len().saturating_sub(1);
                let place = |index: usize| if index < last { Place::Within } else { Place::Last };
                serializer.collect_seq(list.iter().enumerate().map(|(index, one)| self.message(one, place(index))))
            }
        }
    }
}

/// An [`Answer`] as a tree, for those who look into it.
pub(crate) fn messages(list: &[Message], at: Timestamp, time_zone: Option<&str>) -> Value {
    serde_json::to_value(Answer::new(list, at, time_zone)).expect("texts, numbers and JSON are JSON")
}

/// Where a message stands in its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Others follow: clients draw it as a part of the last one.
    Within,
    /// Nothing follows.
    Last,
}

/// One message; `false` for an empty one.
struct Sent<'m> {
    data: Data<'m>,
}

impl Serialize for Sent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.data.message;
        if message.body == Body::Empty {
            return serializer.serialize_bool(false);
        }
        let mut sent = serializer.serialize_struct("Message", 4)?;
        sent.serialize_field("author", "them")?;
        sent.serialize_field("type", body::wire_type(&message.body))?;
        sent.serialize_field("intent", &message.intent)?;
        sent.serialize_field("data", &self.data)?;
        sent.end()
    }
}

/// The `data` of a message: what its type says, then the keys that all have (§4.1).
struct Data<'m> {
    message: &'m Message,
    place: Place,
    time: &'m str,
    date: &'m str,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message;
        let mut map = serializer.serialize_map(None)?;
        body::write(&message.body, self, &mut map)?;
        if !body::has_attribute_name(&message.body) {
            map.serialize_entry("attribute_name", &Value::Null)?;
        }
        // An empty map of PHP is sent as a list.
        if message.meta.is_empty() {
            map.serialize_entry("meta", &json!([]))?;
        } else {
            map.serialize_entry("meta", &message.meta)?;
        }
        if !message.template.is_empty() {
            map.serialize_entry("message_template_id", &message.template)?;
        }
        if let Some(feedback) = message.feedback {
            map.serialize_entry("enable_feedback", &feedback)?;
        }
        fold(message, &mut map)?;
        map.end()
    }
}

impl Data<'_> {
    /// Adds the keys that all messages have, and the items of a list as well.
    fn write_base<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let within = self.place == Place::Within;
        map.serialize_entry("disable_text", &self.message.disable_text)?;
        map.serialize_entry("internal", &within)?;
        map.serialize_entry("hidetime", &within)?;
        map.serialize_entry("hideavatar", &self.message.hide_avatar)?;
        map.serialize_entry("time", self.time)?;
        map.serialize_entry("date", self.date)
    }
}

/// Folding, under the names of the markup's attributes with underscores; the product's are not
/// documented.
fn fold<M: SerializeMap>(message: &Message, map: &mut M) -> Result<(), M::Error> {
    if let Some(fold) = &message.text_fold {
        map.serialize_entry("expandable_text", &true)?;
        match fold {
            TextFold::Height(height) => map.serialize_entry("expandable_text_height", height)?,
            TextFold::Chars(chars) => map.serialize_entry("expandable_text_chars", chars)?,
        }
    }
    if let Some(height) = &message.message_fold {
        map.serialize_entry("expandable_message", &true)?;
        map.serialize_entry("expandable_message_height", height)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
