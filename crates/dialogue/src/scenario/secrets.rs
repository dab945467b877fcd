//! Which secrets a scenario names, and where (spec/opendialog.md §3.1.1; row OD-C09).
//!
//! Only the settings of components count: that is where secrets are opened. In messages and
//! conditions a secret reads as bullets, whether it is there or not (row OD-C08). Works on the JSON
//! tree, so that components that are not understood count too.

use std::collections::HashSet;

use serde_json::Value;

use crate::expression::{FillOptions, Reference, Template};

/// The lists of a scenario whose items have a `configuration`.
const COMPONENTS: [&str; 2] = ["interpreters", "actions"];
/// The context of secrets.
const CONTEXT: &str = "secret";
/// Places that are found in one scenario; more help nobody.
const MAX_FOUND: usize = 1_000;

/// A place where a scenario names a secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretUse {
    /// The secret's name: `key` of `{secret.key}`.
    pub name: String,
    /// Where in the file: `interpreters[0].configuration.key`.
    pub path: String,
}

/// The places in which a scenario document names secrets, in the order of the file. A text that
/// names one twice counts once.
pub fn secrets(document: &Value) -> Vec<SecretUse> {
    let mut found = Vec::new();
    for list in COMPONENTS {
        // A map counts as the list of its values, as everywhere in scenario files.
        let items: Vec<&Value> = match document.get(list) {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(items)) => items.values().collect(),
            _ => continue,
        };
        for (index, item) in items.into_iter().enumerate() {
            if let Some(configuration) = item.get("configuration") {
                walk(configuration, &mut format!("{list}[{index}].configuration"), &mut found);
            }
        }
    }
    found
}

/// Walks one value; `path` is where it is, and is left as it was.
fn walk(value: &Value, path: &mut String, found: &mut Vec<SecretUse>) {
    let here = path.len();
    match value {
        Value::String(text) => {
            let room = MAX_FOUND.saturating_sub(found.len());
            let names = named_in(text).into_iter().take(room);
            found.extend(names.map(|name| SecretUse { name, path: path.clone() }));
        }
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(item, path, found);
                path.truncate(here);
            }
        }
        Value::Object(object) => {
            for (field, item) in object {
                path.push('.');
                path.push_str(field);
                walk(item, path, found);
                path.truncate(here);
            }
        }
        _ => {}
    }
}

/// The secrets that a text names, each once.
fn named_in(text: &str) -> Vec<String> {
    if !text.contains(CONTEXT) {
        return Vec::new();
    }
    let mut told = HashSet::new();
    let mut names = Vec::new();
    let mut tell = |reference: &Reference| {
        if &*reference.context == CONTEXT && told.insert(reference.name.clone()) {
            names.push(reference.name.to_string());
        }
    };
    match Template::parse(text, FillOptions::default()) {
        Ok(template) => template.references().for_each(&mut tell),
        // A misspelt filter does not hide the secrets beside it.
        Err(_) => braced(text).for_each(|reference| tell(&reference)),
    }
    names
}

/// What reads as a reference between a brace and the bar or brace after it, whatever else the text is.
fn braced(text: &str) -> impl Iterator<Item = Reference> + '_ {
    text.split('{').skip(1).filter_map(|after| {
        let end = after.find(['|', '}'])?;
        Reference::parse(&after[..end]).ok()
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("{secret.key}", &["key"])]
    #[case("Bearer { secret.key }, again {secret.key} and {secret.other}", &["key", "other"])]
    #[case("{user.body | hmac sha256 @secret.signing text | base64}", &["signing"])]
    #[case("{secret.key['part']}", &["key"])]
    #[case("{secret.key} {user.name | no_such_filter}", &["key"])]
    #[case("{\"key\": \"{secret.key}\"}", &["key"])]
    #[case("secret.key, {user.secret}, { secret.key", &[])]
    fn od_c09_secrets_are_found_in_texts(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(named_in(text), expected);
    }

    #[test]
    fn od_c09_every_configuration_is_searched_and_nothing_else() {
        let document = json!({
            "od_id": "s",
            "interpreters": { "0": { "name": "a", "configuration": { "keys": ["none", "{secret.one}"] } } },
            "actions": [
                { "name": "b", "component_id": "action.unknown", "configuration": { "header": { "Authorization": "{secret.two}" } } },
                { "name": "c", "configuration": [] },
                { "name": "{secret.three}", "configuration": { "{secret.three}": 1 } },
                "none",
            ],
            "conversations": [{ "configuration": "{secret.three}" }],
        });
        let found: Vec<_> = secrets(&document).into_iter().map(|used| (used.name, used.path)).collect();
        let expected = [
            ("one", "interpreters[0].configuration.keys[1]"),
            ("two", "actions[0].configuration.header.Authorization"),
        ];
        assert_eq!(found, expected.map(|(name, path)| (name.to_owned(), path.to_owned())));
    }

    #[test]
    fn nothing_is_found_in_what_is_no_scenario() {
        for document in [json!(null), json!("{secret.key}"), json!({ "actions": "{secret.key}" })] {
            assert_eq!(secrets(&document), []);
        }
    }
}
