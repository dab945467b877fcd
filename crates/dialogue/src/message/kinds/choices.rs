//! The options of a form field: written in the markup, or taken from an attribute (§4.2.4).

use model::message::Choice;
use serde_json::Value;

use crate::{
    expression::{Reference, Scope, display},
    message::{
        Limits,
        field::{Label, Switch, Text},
        reading::Reader,
    },
};

/// Where the options come from, and how they are shown.
#[derive(Debug)]
pub(super) struct Choices {
    written: Vec<(Text, Label)>,
    attribute: Option<Reference>,
    alphabetical: Switch,
}

/// Reads the options of a field.
pub(super) fn read(reader: &mut Reader<'_, '_>) -> Choices {
    let written = reader.one("options", |options| {
        options.structured().each("option", |option| {
            option.structured();
            let key = option.text("key");
            (key, option.label("value"))
        })
    });
    let written = written.unwrap_or_default();
    if written.len() > Limits::OPTIONS {
        reader.reading.refuse(
            format!("a field with {} options", written.len()),
            format!("offer at most {}; with more, use an autocomplete message", Limits::OPTIONS),
        );
    }
    Choices { written, attribute: attribute(reader), alphabetical: reader.switch("alphabetical", false) }
}

/// `<options_attribute>context.name</options_attribute>`, with or without braces.
fn attribute(reader: &mut Reader<'_, '_>) -> Option<Reference> {
    let name = reader.raw("options_attribute")?;
    let name = name.trim_start_matches('{').trim_end_matches('}').trim();
    if name.is_empty() {
        return None;
    }
    match Reference::parse(name) {
        Ok(reference) => {
            reader.reading.references.push(reference.clone());
            Some(reference)
        }
        Err(error) => {
            reader.reading.refuse(error.to_string(), "write `context.name` in `<options_attribute>`");
            None
        }
    }
}

impl Choices {
    /// Whether no options are written, nor an attribute that holds them.
    pub(super) fn are_missing(&self) -> bool {
        self.written.is_empty() && self.attribute.is_none()
    }

    /// Whether they are sorted.
    pub(super) fn alphabetical(&self, scope: &dyn Scope) -> bool {
        self.alphabetical.fill(scope)
    }

    /// The options, in the order to show.
    pub(super) fn fill(&self, scope: &dyn Scope) -> Vec<Choice> {
        let mut choices: Vec<Choice> =
            self.written.iter().map(|(key, value)| Choice { key: key.fill(scope), value: value.fill(scope) }).collect();
        if let Some(value) = self.attribute.as_ref().and_then(|reference| reference.value(scope)) {
            add(&value, &mut choices);
        }
        choices.truncate(Limits::OPTIONS);
        if self.alphabetical(scope) {
            sort(&mut choices);
        }
        choices
    }
}

/// Adds the options that a value holds: a list of scalars, of `{key, value}` or of small objects,
/// an object of keys and values, or a text of any of these.
fn add(value: &Value, choices: &mut Vec<Choice>) {
    let push = |key: String, value: &Value, choices: &mut Vec<Choice>| {
        choices.push(Choice { key, value: crate::message::html::label(&display(value)) });
    };
    match value {
        Value::Array(items) => {
            for item in items.iter().take(Limits::OPTIONS) {
                match item {
                    Value::Object(pair) => match (pair.get("key"), pair.get("value")) {
                        (Some(key), Some(value)) => push(display(key), value, choices),
                        _ => pair.iter().for_each(|(key, value)| push(key.clone(), value, choices)),
                    },
                    Value::Null => {}
                    scalar => push(display(scalar), scalar, choices),
                }
            }
        }
        Value::Object(pairs) => pairs.iter().for_each(|(key, value)| push(key.clone(), value, choices)),
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => {
            if let Ok(value) = serde_json::from_str::<Value>(text) {
                add(&value, choices);
            }
        }
        Value::String(text) => {
            for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                push(item.to_owned(), &Value::from(item), choices);
            }
        }
        Value::Null => {}
        scalar => push(display(scalar), scalar, choices),
    }
}

/// Symbols and digits first, then letters whatever their case.
fn sort(choices: &mut [Choice]) {
    choices.sort_by_cached_key(|choice| {
        (choice.value.chars().next().is_some_and(char::is_alphabetic), choice.value.to_lowercase())
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pairs(value: Value) -> Vec<(String, String)> {
        let mut choices = Vec::new();
        add(&value, &mut choices);
        choices.into_iter().map(|choice| (choice.key, choice.value)).collect()
    }

    #[test]
    fn od_m17_options_from_any_value() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(pairs(json!(["a", 1, 2.5])), [pair("a", "a"), pair("1", "1"), pair("2.5", "2.5")]);
        assert_eq!(pairs(json!({"1": "Unemployed", "2": "Retired"})), [pair("1", "Unemployed"), pair("2", "Retired")]);
        assert_eq!(pairs(json!([{"key": "LAP-001", "value": "Laptop"}])), [pair("LAP-001", "Laptop")]);
        assert_eq!(pairs(json!("{\"x\": \"<b>X</b><script>1</script>\"}")), [pair("x", "<strong>X</strong>")]);
        assert_eq!(pairs(json!("red, green")), [pair("red", "red"), pair("green", "green")]);
        assert_eq!(pairs(json!(null)), []);
        assert_eq!(pairs(json!("{broken")), []);
    }

    #[test]
    fn od_m18_symbols_first_then_letters() {
        let mut choices: Vec<Choice> = ["banana", "~x", "Apple", "*First", "10", "éclair", "cherry"]
            .map(|value| Choice { key: value.into(), value: value.into() })
            .into();
        sort(&mut choices);
        let order: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
        assert_eq!(order, ["*First", "10", "~x", "Apple", "banana", "cherry", "éclair"]);
    }
}
