//! Texts of settings with `{{name}}` in them: a parameter of the call, or `{{secret.NAME}}`.

use std::collections::BTreeMap;

use model::function::FunctionInput;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// What stays as it is within an address (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const SECRET: &str = "secret.";
/// Depth to which a setting is filled.
const MAX_DEPTH: usize = 32;

/// What names stand for.
pub(super) struct Values<'v> {
    pub(super) input: &'v FunctionInput,
    pub(super) secrets: BTreeMap<String, String>,
}

/// A part of a text.
enum Part<'t> {
    Text(&'t str),
    Name(&'t str),
}

/// The parts of a text. Braces that are not closed are text.
fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, name, after)) = rest
        .split_once("{{")
        .and_then(|(before, inner)| inner.split_once("}}").map(|(name, after)| (before, name, after)))
    {
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        parts.push(Part::Name(name.trim()));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

/// The secrets that settings name.
pub(super) fn secrets(settings: &Map<String, Value>) -> Vec<String> {
    let mut names = Vec::new();
    for value in settings.values() {
        collect(value, &mut names, 0);
    }
    names.sort();
    names.dedup();
    names
}

fn collect(value: &Value, names: &mut Vec<String>, depth: usize) {
    match value {
        _ if depth > MAX_DEPTH => {}
        Value::String(text) => {
            names.extend(parts(text).into_iter().filter_map(|part| match part {
                Part::Name(name) => name.strip_prefix(SECRET).map(str::to_owned),
                Part::Text(_) => None,
            }));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names, depth + 1)),
        Value::Object(map) => map.values().for_each(|item| collect(item, names, depth + 1)),
        _ => {}
    }
}

impl Values<'_> {
    /// The value of a name: static, else of the agent's parameters, else of the conversation's context. What is
    /// configured comes first: neither a customer nor their browser replaces it by a value of the same name.
    fn value(&self, name: &str) -> Result<Value, String> {
        if let Some(secret) = name.strip_prefix(SECRET) {
            let value = self.secrets.get(secret).map(|value| Value::from(value.as_str()));
            return value.ok_or_else(|| format!("the secret `{secret}` is not known"));
        }
        let input = self.input;
        [&input.static_parameters, &input.parameters, &input.internal_parameters]
            .into_iter()
            .find_map(|values| values.get(name))
            .cloned()
            .ok_or_else(|| format!("`{{{{{name}}}}}` has no value: it is no parameter of this call"))
    }

    /// A text, filled as it is.
    pub(super) fn text(&self, text: &str) -> Result<String, String> {
        parts(text).into_iter().try_fold(String::new(), |mut filled, part| {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) => filled.push_str(&plain(&self.value(name)?)),
            }
            Ok(filled)
        })
    }

    /// An address. A value becomes one piece of it and cannot reach beyond; only what is static may stand at its
    /// beginning and say which server it is.
    pub(super) fn url(&self, text: &str) -> Result<String, String> {
        let mut filled = String::new();
        for (number, part) in parts(text).into_iter().enumerate() {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Name(name) if number == 0 => match self.input.static_parameters.get(name) {
                    Some(value) => filled.push_str(&plain(value)),
                    None => return Err(format!("an address may begin with a static parameter; `{name}` is none")),
                },
                Part::Name(name) => {
                    let value = plain(&self.value(name)?);
                    // Clients take dots for a way up, however they are written (URL Standard §4.4).
                    if is_path(&filled) && !value.is_empty() && value.bytes().all(|byte| byte == b'.') {
                        return Err(format!("`{name}` is `{value}`, which would lead elsewhere: give another value"));
                    }
                    filled.extend(utf8_percent_encode(&value, UNRESERVED));
                }
            }
        }
        Ok(filled)
    }

    /// Any setting. A text that is a single name gets the value with its type.
    pub(super) fn json(&self, value: &Value) -> Result<Value, String> {
        self.json_at(value, 0)
    }

    fn json_at(&self, value: &Value, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        Ok(match value {
            Value::String(text) => match parts(text).as_slice() {
                [Part::Name(name)] => self.value(name)?,
                _ => self.text(text)?.into(),
            },
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.json_at(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(key, item)| Ok((key.clone(), self.json_at(item, depth + 1)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => other.clone(),
        })
    }
}

/// Whether what follows this part of an address still belongs to its path.
fn is_path(before: &str) -> bool {
    !before.contains(['?', '#'])
}

/// A value within a text.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn filled<T>(fill: impl FnOnce(&Values<'_>) -> T) -> T {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let input = FunctionInput {
            parameters: map(json!({"city": "Köln/../x", "seats": 2})),
            internal_parameters: map(json!({"id": "7", "city": "hidden"})),
            static_parameters: map(json!({"base": "https://example.com/api"})),
            ..FunctionInput::default()
        };
        let secrets = BTreeMap::from([("KEY".to_owned(), "s3cret".to_owned())]);
        fill(&Values { input: &input, secrets })
    }

    #[test]
    fn names_are_filled() {
        filled(|values| {
            assert_eq!(values.text("{{ city }} x{{seats}}").unwrap(), "Köln/../x x2");
            assert_eq!(values.text("Bearer {{secret.KEY}}").unwrap(), "Bearer s3cret");
            assert_eq!(values.text("{{open and {closed}").unwrap(), "{{open and {closed}");
            assert_eq!(
                values.text("{{nothing}}").unwrap_err(),
                "`{{nothing}}` has no value: it is no parameter of this call"
            );
            assert_eq!(values.text("{{secret.OTHER}}").unwrap_err(), "the secret `OTHER` is not known");
            let body = json!({"n": "{{seats}}", "t": "for {{seats}}", "l": ["{{id}}", true]});
            assert_eq!(values.json(&body).unwrap(), json!({"n": 2, "t": "for 2", "l": ["7", true]}));
        });
    }

    #[test]
    fn a_value_cannot_leave_its_piece_of_an_address() {
        filled(|values| {
            assert_eq!(
                values.url("{{base}}/cities/{{city}}?seats={{seats}}").unwrap(),
                "https://example.com/api/cities/K%C3%B6ln%2F..%2Fx?seats=2"
            );
            assert!(values.url("{{city}}/x").unwrap_err().contains("`city` is none"));
        });
    }

    #[test]
    fn a_value_of_dots_does_not_lead_up_in_an_address() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        for dots in [".", ".."] {
            let input = FunctionInput { parameters: map(json!({"id": dots})), ..FunctionInput::default() };
            let values = Values { input: &input, secrets: BTreeMap::new() };
            for address in ["https://a.example/customers/{{id}}/orders", "https://a.example/x/{{id}}{{id}}"] {
                let refused = values.url(address).unwrap_err();
                assert!(refused.contains("`id`") && refused.contains("another value"), "{refused}");
            }
            let asked = values.url("https://a.example/search?q={{id}}").unwrap();
            assert_eq!(asked, format!("https://a.example/search?q={dots}"));
        }
        let input = FunctionInput { parameters: map(json!({"file": "a..b"})), ..FunctionInput::default() };
        let values = Values { input: &input, secrets: BTreeMap::new() };
        assert_eq!(values.url("https://a.example/{{file}}").unwrap(), "https://a.example/a..b");
    }

    #[test]
    fn what_is_configured_is_not_replaced_by_what_a_browser_or_the_agent_says() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let input = FunctionInput {
            parameters: map(json!({"group": "vip"})),
            internal_parameters: map(json!({"group": "staff", "plan": "free"})),
            static_parameters: map(json!({"group": "guests"})),
            ..FunctionInput::default()
        };
        let values = Values { input: &input, secrets: BTreeMap::new() };
        assert_eq!(values.text("{{group}} {{plan}}").unwrap(), "guests free");
        assert_eq!(values.json(&json!("{{group}}")).unwrap(), json!("guests"));
    }

    #[test]
    fn secrets_are_found_wherever_they_are_named() {
        let settings =
            json!({"url": "x{{secret.B}}", "headers": {"a": "{{ secret.A }}"}, "body": [{"k": "{{secret.B}}"}]});
        assert_eq!(secrets(settings.as_object().unwrap()), ["A", "B"]);
    }

    proptest! {
        #[test]
        fn any_text_is_filled_or_refused(text in ".*\\{\\{.*") {
            filled(|values| {
                let _ = values.text(&text);
                let _ = values.url(&text);
            });
        }
    }
}
