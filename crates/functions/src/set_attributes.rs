//! Sets attributes to values that the designer wrote, which may come from other attributes (spec §6.8).
//!
//! `attribute_value_map` is a JSON object from attribute to value. `context_attribute_map` says which context
//! gets which attribute: the published pages do not show its form, so `{"context": ["attribute", …]}`,
//! `{"context": "attribute"}` and `{"attribute": "context"}` are all understood.

use serde_json::{Map, Value};

use crate::call::{ActionError, Call, Output, Outputs, split_context};

const VALUES: &str = "attribute_value_map";
const CONTEXTS: &str = "context_attribute_map";
/// Attributes that one call may set.
const MAX_ATTRIBUTES: usize = 500;
/// Depth to which texts inside a value are filled.
const MAX_DEPTH: usize = 32;

pub(crate) fn set_attributes(call: &Call<'_>) -> Result<Outputs, ActionError> {
    let values = object(call, VALUES)?
        .ok_or(ActionError::Missing { field: VALUES, remedy: "write a JSON object from attribute to value" })?;
    if values.len() > MAX_ATTRIBUTES {
        let problem = format!("{} attributes are more than the {MAX_ATTRIBUTES} of one action", values.len());
        return Err(ActionError::unusable(VALUES, problem));
    }
    let contexts = object(call, CONTEXTS)?.unwrap_or_default();
    let mut outputs = Vec::with_capacity(values.len());
    for (key, value) in &values {
        let (written, name) = split_context(key.trim());
        if name.is_empty() {
            return Err(ActionError::unusable(VALUES, "an attribute has no name"));
        }
        outputs.push(Output { context: written, name, value: fill(call, value, 0)? });
    }
    for (key, value) in &contexts {
        place(&mut outputs, key, value)?;
    }
    Ok(Outputs(outputs))
}

/// A field with a JSON object, or the text of one, as editors send it. References are filled later, value by
/// value, so that a value with a quote in it cannot break the JSON.
fn object(call: &Call<'_>, field: &'static str) -> Result<Option<Map<String, Value>>, ActionError> {
    let parsed = match call.configuration.get(field) {
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => serde_json::from_str(text)
            .map_err(|error| ActionError::unusable(field, format!("expected a JSON object, but {error}")))?,
        Some(other) => other.clone(),
        None => return Ok(None),
    };
    match parsed {
        Value::Object(map) => Ok(Some(map)),
        Value::Null => Ok(None),
        // An empty list is what some editors send for an empty object.
        Value::Array(list) if list.is_empty() => Ok(None),
        _ => Err(ActionError::unusable(field, "expected a JSON object")),
    }
}

fn fill(call: &Call<'_>, value: &Value, depth: usize) -> Result<Value, ActionError> {
    if depth > MAX_DEPTH {
        return Err(ActionError::unusable(VALUES, format!("a value is nested more than {MAX_DEPTH} deep")));
    }
    Ok(match value {
        Value::String(text) if text.contains('{') => (call.fill)(text),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| fill(call, item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| Ok((key.clone(), fill(call, value, depth + 1)?)))
                .collect::<Result<_, ActionError>>()?,
        ),
        other => other.clone(),
    })
}

/// Applies one entry of the context map.
fn place(outputs: &mut [Output], key: &str, value: &Value) -> Result<(), ActionError> {
    let pairs: Vec<(&str, &str)> = match value {
        Value::String(context) if outputs.iter().any(|output| output.name == key) => vec![(key, context)],
        Value::String(name) => vec![(name, key)],
        Value::Array(names) if names.iter().all(Value::is_string) => {
            names.iter().filter_map(Value::as_str).map(|name| (name, key)).collect()
        }
        _ => {
            let problem = format!("`{key}` expects an attribute, a list of attributes or a context");
            return Err(ActionError::unusable(CONTEXTS, problem));
        }
    };
    for (name, context) in pairs {
        if name.is_empty() || context.is_empty() {
            return Err(ActionError::unusable(CONTEXTS, "a name in it is empty"));
        }
        let mut found = false;
        for output in outputs.iter_mut().filter(|output| output.name == name) {
            output.context = Some(context.to_owned());
            found = true;
        }
        if !found {
            return Err(ActionError::unusable(CONTEXTS, format!("`{name}` is not in `{VALUES}`")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use serde_json::json;

    use super::*;

    fn run(configuration: Value) -> Result<Vec<(Option<String>, String, Value)>, String> {
        let Value::Object(configuration) = configuration else { panic!("a configuration is an object") };
        let fill = |text: &str| match text {
            "{user.age}" => json!(42),
            "{user.unknown}" => Value::Null,
            _ => json!(text.replace("{user.first_name}", "Ada \"A\"")),
        };
        let call = Call { configuration: &configuration, fill: &fill, now: Timestamp(0) };
        let outputs = set_attributes(&call).map_err(|error| error.to_string())?;
        Ok(outputs.0.into_iter().map(|output| (output.context, output.name, output.value)).collect())
    }

    #[test]
    fn od_x13_the_maps_are_honoured() {
        let outputs = run(json!({
            "attribute_value_map": {
                "greeting": "Hello {user.first_name}", "age": "{user.age}", "gone": "{user.unknown}", "vip": true,
                "session.step": 3, "nested": {"list": ["{user.age}", "x"]}
            },
            "context_attribute_map": {"session": ["greeting", "vip"], "age": "conversation_data"}
        }));
        let context = |name: &str| Some(name.to_owned());
        assert_eq!(
            outputs.unwrap(),
            [
                (context("session"), "greeting".to_owned(), json!("Hello Ada \"A\"")),
                (context("conversation_data"), "age".to_owned(), json!(42)),
                (None, "gone".to_owned(), Value::Null),
                (context("session"), "vip".to_owned(), json!(true)),
                (context("session"), "step".to_owned(), json!(3)),
                (None, "nested".to_owned(), json!({"list": [42, "x"]})),
            ]
        );
    }

    #[test]
    fn od_x13_the_maps_may_be_json_text() {
        let outputs = run(json!({
            "attribute_value_map": r#"{"name": "{user.first_name}"}"#,
            "context_attribute_map": r#"{"session": "name"}"#
        }));
        assert_eq!(outputs.unwrap(), [(Some("session".to_owned()), "name".to_owned(), json!("Ada \"A\""))]);
    }

    #[test]
    fn errors_name_the_field() {
        let error = |configuration| run(configuration).unwrap_err();
        assert!(error(json!({})).starts_with("`attribute_value_map` is missing"));
        assert!(error(json!({"attribute_value_map": "{oops"})).contains("expected a JSON object, but"));
        assert!(error(json!({"attribute_value_map": [1]})).contains("expected a JSON object"));
        assert!(error(json!({"attribute_value_map": {" ": 1}})).contains("no name"));
        let unknown = error(json!({"attribute_value_map": {"a": 1}, "context_attribute_map": {"session": ["b"]}}));
        assert_eq!(unknown, "`context_attribute_map` is not usable: `b` is not in `attribute_value_map`");
        let number = error(json!({"attribute_value_map": {"a": 1}, "context_attribute_map": {"session": 7}}));
        assert!(number.contains("`session` expects"), "{number}");
    }
}
