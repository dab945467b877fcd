//! A JSON object of a request as its fields, each read when it is asked for. What nobody asks for is checked
//! to be JSON and never made into values: a message carries much that its receiver has no use for.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::refusal::{Refusal, Violations};

/// The fields of an object, in order.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// What a field holds.
#[derive(Debug)]
pub(super) enum Field<'a> {
    Missing,
    Null,
    Text(Cow<'a, str>),
    /// A number, `true` or `false`, as it was written.
    Scalar(&'a str),
    List(&'a RawValue),
    Object(&'a RawValue),
}

impl<'a> Fields<'a> {
    /// A request's body, which must be an object.
    pub(super) fn of_body(body: &'a [u8]) -> Result<Self, Refusal> {
        let start = body.iter().find(|byte| !byte.is_ascii_whitespace());
        match serde_json::from_slice(body) {
            Ok(fields) => Ok(fields),
            Err(error) if start == Some(&b'{') => Err(not_json(&error)),
            Err(error) => match serde_json::from_slice::<de::IgnoredAny>(body) {
                Ok(_) => Err(Violations::of("body", "The body must be a JSON object.").into()),
                Err(_) => Err(not_json(&error)),
            },
        }
    }

    /// The fields of an object within.
    pub(super) fn of(object: &'a RawValue) -> Result<Self, Refusal> {
        serde_json::from_str(object.get()).map_err(|error| not_json(&error))
    }

    /// One field; the last one where a name stands several times.
    pub(super) fn get(&self, name: &str) -> Result<Field<'a>, Refusal> {
        let Some((_, raw)) = self.0.iter().rev().find(|(known, _)| known == name) else { return Ok(Field::Missing) };
        Ok(match raw.get().as_bytes().first() {
            Some(b'"') => Field::Text(read::<Text<'a>>(raw)?.0),
            Some(b'{') => Field::Object(raw),
            Some(b'[') => Field::List(raw),
            Some(b'n') => Field::Null,
            _ => Field::Scalar(raw.get()),
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (&**name, *raw))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text that must be there and not be empty.
    pub(super) fn required_text(
        &self,
        name: &str,
        field: &str,
        wrong: &mut Violations,
    ) -> Result<Option<Cow<'a, str>>, Refusal> {
        match self.get(name)? {
            Field::Text(text) if !text.is_empty() => return Ok(Some(text)),
            Field::Missing | Field::Null | Field::Text(_) => {
                wrong.add(field, format!("The {field} field is required."));
            }
            _ => wrong.add(field, format!("The {field} must be a string.")),
        }
        Ok(None)
    }

    /// A text of at most `max` characters, if there is one.
    pub(super) fn optional_text(
        &self,
        name: &str,
        field: &str,
        max: usize,
        wrong: &mut Violations,
    ) -> Result<Option<Cow<'a, str>>, Refusal> {
        match self.get(name)? {
            Field::Text(text) if text.len() <= max || text.chars().count() <= max => return Ok(Some(text)),
            Field::Text(_) => wrong.add(field, format!("The {field} may not be longer than {max} characters.")),
            Field::Missing | Field::Null => {}
            _ => wrong.add(field, format!("The {field} must be a string.")),
        }
        Ok(None)
    }
}

/// A value within a body.
pub(super) fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Refusal> {
    serde_json::from_str(raw.get()).map_err(|error| not_json(&error))
}

/// A value within a body that borrows nothing of it.
pub(super) fn owned<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Refusal> {
    read(raw)
}

fn not_json(error: &serde_json::Error) -> Refusal {
    Violations::of("body", format!("The body is not valid JSON: {error}.")).into()
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some((Text(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(fields)
            }
        }

        source.deserialize_map(Object).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(body: &str) -> String {
        match Fields::of_body(body.as_bytes()) {
            Err(Refusal::Invalid(wrong)) => wrong.first().expect("a complaint").to_owned(),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn fields_are_found_by_name_and_the_last_one_counts() {
        let body = r#"{"a":1,"text":"x \"y\"","a":null,"list":[1],"object":{"b":true},"n\u0061me":"z"}"#;
        let fields = Fields::of_body(body.as_bytes()).expect("an object");
        let get = |name: &str| fields.get(name).expect("JSON");
        assert!(matches!(get("a"), Field::Null));
        assert!(matches!(get("b"), Field::Missing));
        assert!(matches!(get("text"), Field::Text(text) if text == "x \"y\""));
        assert!(matches!(get("name"), Field::Text(Cow::Borrowed("z"))));
        assert!(matches!(get("list"), Field::List(_)));
        let Field::Object(object) = get("object") else { panic!("an object") };
        assert!(matches!(Fields::of(object).expect("an object").get("b"), Ok(Field::Scalar("true"))));
    }

    #[test]
    fn what_is_no_object_is_refused_with_the_reason() {
        assert_eq!(complaint("[]"), "The body must be a JSON object.");
        assert_eq!(complaint("3"), "The body must be a JSON object.");
        for broken in ["", "{", "{]", "{\"a\":}", "{\"a\":1}x", "{\"a\":\"\\q\"}", "nul"] {
            assert!(complaint(broken).starts_with("The body is not valid JSON: "), "{broken}");
        }
    }
}
