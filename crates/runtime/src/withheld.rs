//! Values of secrets, taken out of what a function gives back (row DA-J4).
//!
//! Invariant: what a call gives back goes into transcript, journal and prompt, and no secret that the call had is in
//! it as it is, nor as base64, in hexadecimal or percent-encoded (`encoded`). It is the second line: a function that cuts a
//! secret or makes something else of it gets it past.

mod encoded;

use model::function::{Effect, FunctionError, FunctionOutput};
use parking_lot::Mutex;
use serde_json::{Map, Value};

/// What stands where a value stood.
const HIDDEN: &str = "[secret]";
/// Shortest value that is looked for as it is, in bytes: shorter ones are in every other word.
const SHORTEST: usize = 4;

/// The values that a call has had.
#[derive(Default)]
pub(crate) struct Withheld(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The values as they were given.
    noted: Vec<String>,
    /// All that is looked for, the longest first.
    forms: Vec<String>,
}

impl Withheld {
    /// Notes a value that was given to the call, with all forms in which it is looked for.
    pub(crate) fn note(&self, value: &str) {
        if value.len() < SHORTEST {
            return;
        }
        let quoted = Value::from(value).to_string();
        // As it stands within JSON that was made a text, in a log for example.
        let within = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        let mut known = self.0.lock();
        // A function may ask for the same secret again and again.
        if known.noted.iter().any(|noted| noted == value) {
            return;
        }
        known.noted.push(value.to_owned());
        let forms = [value.to_owned(), within.to_owned()].into_iter().chain(encoded::forms(value));
        for form in forms {
            if !known.forms.contains(&form) {
                known.forms.push(form);
            }
        }
        // One that contains another goes first, or its rest would stay.
        known.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Takes the values out of what the call came to.
    pub(crate) fn take_out(&self, result: &mut Result<FunctionOutput, FunctionError>) {
        let known = self.0.lock();
        if known.forms.is_empty() {
            return;
        }
        let hide = Hide { values: &known.forms };
        match result {
            Err(FunctionError { message, logs, .. }) => {
                hide.in_text(message);
                hide.in_texts(logs);
            }
            Ok(FunctionOutput { response, context_additions, event, effects, logs, warnings, .. }) => {
                let mut found = hide.in_value(response);
                found |= hide.in_map(context_additions);
                found |= event.as_mut().is_some_and(|event| hide.in_text(event));
                for effect in effects {
                    found |= hide.in_effect(effect);
                }
                found |= hide.in_texts(logs);
                found |= hide.in_texts(warnings);
                if found {
                    warnings.push("the value of a secret was taken out of what it gave back".to_owned());
                }
            }
        }
    }
}

/// Takes values out of all kinds of things; says of each whether one was there.
struct Hide<'v> {
    values: &'v [String],
}

impl Hide<'_> {
    fn in_text(&self, text: &mut String) -> bool {
        let mut found = false;
        for value in self.values {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), HIDDEN);
                found = true;
            }
        }
        found
    }

    fn in_texts(&self, texts: &mut [String]) -> bool {
        // All of them: the first that is found must not end the search.
        texts.iter_mut().filter_map(|text| self.in_text(text).then_some(())).count() > 0
    }

    fn in_value(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => self.in_text(text),
            Value::Array(items) => items.iter_mut().filter_map(|item| self.in_value(item).then_some(())).count() > 0,
            Value::Object(map) => self.in_map(map),
            Value::Number(number) if self.values.contains(&number.to_string()) => {
                *value = HIDDEN.into();
                true
            }
            _ => false,
        }
    }

    fn in_map(&self, map: &mut Map<String, Value>) -> bool {
        let mut found = false;
        let whole = std::mem::take(map);
        for (mut name, mut value) in whole {
            found |= self.in_text(&mut name);
            found |= self.in_value(&mut value);
            map.insert(name, value);
        }
        found
    }

    fn in_effect(&self, effect: &mut Effect) -> bool {
        match effect {
            Effect::HandOff { skills } => self.in_texts(skills),
            Effect::Transfer { contact, .. } => self.in_text(contact),
            Effect::Tag { name, value } => {
                let named = self.in_text(name);
                self.in_text(value) || named
            }
            Effect::End => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use model::function::FunctionErrorKind;
    use serde_json::json;

    use super::*;

    fn withheld(values: &[&str]) -> Withheld {
        let withheld = Withheld::default();
        values.iter().for_each(|value| withheld.note(value));
        withheld
    }

    #[test]
    fn da_j04_a_secret_is_nowhere_in_what_a_function_gives_back() {
        let output = FunctionOutput {
            response: json!({ "echo": ["Bearer hunter2"], "hunter2": 4711, "other": 47_110 }),
            context_additions: json!({ "key": "hunter2" }).as_object().cloned().unwrap_or_default(),
            event: Some("hunter2".into()),
            effects: vec![
                Effect::Tag { name: "hunter2".into(), value: "x hunter2 y".into() },
                Effect::HandOff { skills: vec!["hunter2".into()] },
                Effect::Transfer { contact: "hunter2".into(), number: None },
                Effect::End,
            ],
            logs: vec!["the key is hunter2".into()],
            warnings: vec!["hunter2 is odd".into()],
            duration_micros: 7,
        };
        let mut result = Ok(output);
        withheld(&["hunter2", "4711"]).take_out(&mut result);
        let output = result.unwrap();
        let text = serde_json::to_string(&output).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(output.response, json!({ "echo": ["Bearer [secret]"], "[secret]": "[secret]", "other": 47_110 }));
        assert_eq!(
            output.warnings.last().map(String::as_str),
            Some("the value of a secret was taken out of what it gave back")
        );
        let failed = FunctionError {
            logs: vec!["hunter2".into()],
            ..FunctionError::new(FunctionErrorKind::Threw, "no hunter2")
        };
        let mut result = Err(failed);
        withheld(&["hunter2"]).take_out(&mut result);
        let failed = result.unwrap_err();
        assert_eq!((failed.message.as_str(), failed.logs), ("no [secret]", vec!["[secret]".to_owned()]));
    }

    #[test]
    fn what_has_no_secret_in_it_stays_as_it_is() {
        let output = FunctionOutput { response: json!({ "b": 1, "a": "abc" }), ..FunctionOutput::default() };
        for values in [&["hunter2"][..], &["abc"], &[]] {
            let mut result = Ok(output.clone());
            withheld(values).take_out(&mut result);
            assert_eq!(result, Ok(output.clone()), "{values:?}");
        }
    }

    #[test]
    fn the_longest_goes_first_and_quoted_ones_go_too() {
        let both = withheld(&["long", "longer", "a \"b\" c"]);
        let output =
            FunctionOutput { logs: vec!["longer {\"k\":\"a \\\"b\\\" c\"}".into()], ..FunctionOutput::default() };
        let mut result = Ok(output);
        both.take_out(&mut result);
        assert_eq!(result.unwrap().logs, ["[secret] {\"k\":\"[secret]\"}"]);
    }

    #[test]
    fn da_j04_an_encoded_secret_does_not_get_past() {
        let secret = "key-\u{fe}?1234";
        let output = FunctionOutput {
            response: json!({
                "basic": "Basic dXNlcjprZXktw74_MTIzNA==", "alone": "a2V5LcO+PzEyMzQ=", "hex": "6b65792dc3be3f31323334",
                "url": "https://example.com/?key=key-%C3%BE%3F1234&page=2",
            }),
            ..FunctionOutput::default()
        };
        let mut result = Ok(output);
        withheld(&[secret]).take_out(&mut result);
        let response = result.unwrap().response;
        assert_eq!(response["hex"], "[secret]");
        assert_eq!(response["alone"], "[secret]=");
        assert_eq!(response["url"], "https://example.com/?key=[secret]&page=2");
        let basic = response["basic"].as_str().unwrap_or_default();
        assert!(basic.starts_with("Basic dXNlcj") && basic.contains("[secret]") && basic.len() < 30, "{basic}");
    }

    #[test]
    fn a_value_that_is_noted_again_is_kept_once() {
        let withheld = withheld(&["hunter22", "hunter22"]);
        let count = withheld.0.lock().forms.len();
        withheld.note("hunter22");
        assert_eq!(withheld.0.lock().forms.len(), count);
    }
}
