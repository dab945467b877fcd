//! What is known of a contact, as exports show it (spec/opendialog.md §1.3, §1.4).

use dialogue::engine::ContactState;
use model::{
    Timestamp,
    attribute::{Attribute, Provenance},
};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};

/// The profile's parts that stand beside `custom`.
const PARTS: [&str; 10] = [
    "first_name",
    "last_name",
    "email",
    "external_id",
    "ip_address",
    "country",
    "browser_language",
    "os",
    "browser",
    "timezone",
];

/// A contact's attributes; nothing is known of one that never took a turn.
pub(crate) fn read(state: Option<&RawValue>) -> ContactState {
    state.and_then(|state| serde_json::from_str(state.get()).ok()).unwrap_or_default()
}

/// What of a contact's attributes says who it is. All else is passed over while it is read.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Person {
    #[serde(default)]
    attributes: PersonAttributes,
}

#[derive(Debug, Default, Deserialize)]
struct PersonAttributes {
    name: Option<Held>,
    full_name: Option<Held>,
    first_name: Option<Held>,
    last_name: Option<Held>,
    email: Option<Held>,
}

#[derive(Debug, Deserialize)]
struct Held {
    value: Value,
}

impl Person {
    /// Who a contact is; nothing is known of one that never took a turn.
    pub(crate) fn read(state: Option<&RawValue>) -> Self {
        state.and_then(|state| serde_json::from_str(state.get()).ok()).unwrap_or_default()
    }

    /// What the contact is called.
    pub(crate) fn name(&self) -> String {
        let PersonAttributes { name, full_name, first_name, last_name, .. } = &self.attributes;
        let text = |held: &Option<Held>| held.as_ref().map_or_else(String::new, |held| shown(&held.value));
        let whole = [name, full_name].map(text).into_iter().find(|name| !name.is_empty());
        whole.unwrap_or_else(|| [first_name, last_name].map(text).join(" ").trim().to_owned())
    }

    /// The e-mail address; empty when there is none.
    pub(crate) fn email(&self) -> String {
        self.attributes.email.as_ref().map_or_else(String::new, |held| shown(&held.value))
    }
}

/// An attribute as text; empty when there is none, because the documents show texts.
pub(crate) fn text(contact: &ContactState, name: &str) -> String {
    contact.attributes.get(name).map_or_else(String::new, |attribute| shown(&attribute.value))
}

/// A value as text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

/// `chatbot_user_data` of the export: the profile, and under `custom` what else the client passed.
pub(crate) fn whole(contact: &ContactState) -> Map<String, Value> {
    let mut data: Map<String, Value> =
        PARTS.iter().map(|part| ((*part).to_owned(), text(contact, part).into())).collect();
    data.insert("custom".to_owned(), custom(contact).into());
    data
}

/// What the client passed beside the profile, and the scenario that it was told to talk to.
pub(crate) fn custom(contact: &ContactState) -> Map<String, Value> {
    let passed = |name: &str, attribute: &Attribute| {
        name == "selected_scenario"
            || (!PARTS.contains(&name) && matches!(attribute.provenance, Provenance::Browser | Provenance::Token))
    };
    let custom = contact.attributes.iter().filter(|(name, attribute)| passed(name, attribute));
    custom.map(|(name, attribute)| (name.clone(), attribute.value.clone())).collect()
}

/// `user_attributes`: every attribute with its type (row OD-E08). Scalars stand under `scalar_value`, as
/// documented; lists and objects, which are not, under `array_value` and `composite_value`.
pub(crate) fn attributes(contact: &ContactState) -> Vec<Value> {
    let moment = |name: &str, at: Timestamp| attribute(name, "timestamp", "scalar_value", &at.seconds().into());
    let mut all = Vec::new();
    if contact.first_seen != Timestamp::default() {
        all.push(moment("first_seen", contact.first_seen));
        all.push(moment("last_seen", contact.last_seen));
    }
    all.extend(contact.attributes.iter().map(|(name, held)| {
        let (kind, key) = match &held.value {
            Value::Null | Value::String(_) => ("string", "scalar_value"),
            Value::Bool(_) => ("boolean", "scalar_value"),
            Value::Number(number) if number.is_f64() => ("float", "scalar_value"),
            Value::Number(_) => ("int", "scalar_value"),
            Value::Array(_) => ("array", "array_value"),
            Value::Object(_) => ("composite", "composite_value"),
        };
        attribute(name, kind, key, &held.value)
    }));
    all
}

fn attribute(name: &str, kind: &str, key: &str, value: &Value) -> Value {
    json!({ "name": name, "type": format!("attribute.core.{kind}"), "value": { key: value } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Box<RawValue> {
        let state = json!({
            "first_seen": 1_683_037_966_000_000_i64, "last_seen": 1_683_037_970_000_000_i64,
            "attributes": {
                "age": { "value": 30, "provenance": "browser" },
                "callback_value": { "value": "x", "provenance": "browser" },
                "first_name": { "value": "John", "provenance": "browser" },
                "last_name": { "value": "Doe", "provenance": "browser" },
                "list": { "value": ["a"], "provenance": "function" },
                "selected_scenario": { "value": "support", "provenance": "platform" },
            },
        });
        serde_json::value::to_raw_value(&state).expect("JSON")
    }

    fn contact() -> ContactState {
        read(Some(&stored()))
    }

    fn person(attributes: Value) -> (String, String) {
        let state = serde_json::value::to_raw_value(&json!({ "attributes": attributes })).expect("JSON");
        let person = Person::read(Some(&state));
        (person.name(), person.email())
    }

    #[test]
    fn people_have_the_name_that_is_known_of_them() {
        let held = |value: Value| json!({ "value": value, "provenance": "browser" });
        let known = person(json!({ "full_name": held(json!("Ada L")), "first_name": held(json!("Ada")),
                                   "email": held(json!("ada@x.test")), "age": held(json!({ "name": 1 })) }));
        assert_eq!(known, ("Ada L".to_owned(), "ada@x.test".to_owned()));
        assert_eq!(person(json!({ "name": held(json!("")), "last_name": held(json!("Doe")) })).0, "Doe");
        assert_eq!(
            person(json!({ "name": held(json!(7)), "email": held(json!(["a"])) })),
            ("7".to_owned(), String::new())
        );
        assert_eq!(person(json!({})), (String::new(), String::new()));
        let nobody = Person::read(None);
        assert_eq!((nobody.name(), nobody.email()), (String::new(), String::new()));
    }

    #[test]
    fn od_e08_attributes_have_types_and_scalar_values() {
        let all = attributes(&contact());
        let first_seen = json!({ "name": "first_seen", "type": "attribute.core.timestamp",
                                 "value": { "scalar_value": 1_683_037_966 } });
        assert_eq!(all[0], first_seen);
        assert!(all.contains(&json!({ "name": "age", "type": "attribute.core.int", "value": { "scalar_value": 30 } })));
        assert!(
            all.contains(&json!({ "name": "list", "type": "attribute.core.array", "value": { "array_value": ["a"] } }))
        );
    }

    #[test]
    fn profiles_are_texts_and_custom_is_what_the_embed_passed() {
        assert_eq!(Person::read(Some(&stored())).name(), "John Doe");
        let whole = whole(&contact());
        assert_eq!(whole["first_name"], "John");
        assert_eq!(whole["email"], "");
        assert_eq!(whole["custom"], json!({ "age": 30, "callback_value": "x", "selected_scenario": "support" }));
    }
}
