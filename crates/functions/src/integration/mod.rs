//! Built-in integrations: functions that are configured instead of written (row DA-J14). They give the same outputs as
//! code does, and reach the world through the same [`Host`].
//!
//! Texts of the settings may hold `{{name}}`, a parameter of the call, and `{{secret.NAME}}`.
//!
//! | Integration | Settings |
//! |---|---|
//! | `http_request` | `method`, `url`, `headers`, `body`, `timeout_ms`, `response`, `context`, `events`; at the head of its module |
//! | `hand_off` | `skills`: a list of names; may be empty |
//! | `transfer` | `contact`: the internal contact |
//! | `end_conversation` | none |
//! | `set_tag` | `name`, `value` |
//! | `set_context` | `values`: an object from name to value |
//!
//! All but `http_request` may have `response`, which the agent sees, and `event`.

mod http_request;
mod template;

use std::{collections::BTreeMap, time::Instant};

use model::function::{Effect, FunctionError, FunctionErrorKind, FunctionInput, FunctionOutput};
use serde_json::{Map, Value};

use crate::host::Host;
use template::Values;

/// Longest output, in bytes of JSON: what it gives back is kept in the transcript, as what code returns is.
const MAX_OUTPUT_BYTES: usize = 1 << 20;

/// The integrations there are.
pub const INTEGRATIONS: [&str; 6] =
    ["http_request", "hand_off", "transfer", "end_conversation", "set_tag", "set_context"];

/// The secrets that settings name: what [`call`] will ask its host for.
pub fn secrets(settings: &Map<String, Value>) -> Vec<String> {
    template::secrets(settings)
}

/// Whether an integration can be called with these settings; names the field and what is expected where it cannot.
pub fn check(integration: &str, settings: &Map<String, Value>) -> Result<(), FunctionError> {
    match integration {
        "http_request" => http_request::check(settings),
        "hand_off" => {
            known(settings, &["skills", "response", "event"])?;
            list(settings, "skills").map(drop)
        }
        "transfer" => {
            known(settings, &["contact", "response", "event"])?;
            required(settings, "contact").map(drop)
        }
        "end_conversation" => known(settings, &["response", "event"]),
        "set_tag" => {
            known(settings, &["name", "value", "response", "event"])?;
            required(settings, "name")?;
            text(settings, "value").map(drop)
        }
        "set_context" => {
            known(settings, &["values", "response", "event"])?;
            match settings.get("values") {
                Some(Value::Object(_)) => Ok(()),
                _ => Err(refused("values", "is no object from name to value")),
            }
        }
        _ => Err(unknown(integration)),
    }?;
    text(settings, "event").map(drop)
}

/// Calls an integration.
pub async fn call(
    integration: &str,
    settings: &Map<String, Value>,
    input: &FunctionInput,
    host: &dyn Host,
) -> Result<FunctionOutput, FunctionError> {
    let begun = Instant::now();
    check(integration, settings)?;
    let mut secrets = BTreeMap::new();
    for name in template::secrets(settings) {
        let value = host.secret(&name).await.map_err(|problem| {
            FunctionError::new(FunctionErrorKind::Input, format!("the secret `{name}` cannot be had: {problem}"))
        })?;
        secrets.insert(name, value);
    }
    let values = Values { input, secrets };
    let output = match integration {
        "http_request" => http_request::call(settings, &values, host).await?,
        _ => asked(integration, settings, &values)?,
    };
    let additions: usize = output.context_additions.values().map(|value| value.to_string().len()).sum();
    if output.response.to_string().len() + additions > MAX_OUTPUT_BYTES {
        let message = format!(
            "what it gives back is longer than the {MAX_OUTPUT_BYTES} bytes it may be: let `response` name a part of it"
        );
        return Err(FunctionError::new(FunctionErrorKind::Output, message));
    }
    Ok(FunctionOutput { duration_micros: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), ..output })
}

/// The output of an integration that asks nobody.
fn asked(
    integration: &str,
    settings: &Map<String, Value>,
    values: &Values<'_>,
) -> Result<FunctionOutput, FunctionError> {
    let filled = |field: &str| -> Result<String, FunctionError> {
        let text = text(settings, field)?.unwrap_or_default();
        values.text(text).map_err(|problem| missing(field, &problem))
    };
    let named = |field: &str| -> Result<String, FunctionError> {
        let text = filled(field)?;
        if text.trim().is_empty() { Err(missing(field, "it is empty once it is filled in")) } else { Ok(text) }
    };
    let mut output = FunctionOutput::default();
    match integration {
        "hand_off" => {
            let skills = list(settings, "skills")?.into_iter().map(|skill| values.text(skill));
            let skills = skills.collect::<Result<Vec<_>, _>>().map_err(|problem| missing("skills", &problem))?;
            output
                .effects
                .push(Effect::HandOff { skills: skills.into_iter().filter(|skill| !skill.is_empty()).collect() });
        }
        "transfer" => output.effects.push(Effect::Transfer { contact: named("contact")?, number: None }),
        "end_conversation" => output.effects.push(Effect::End),
        "set_tag" => output.effects.push(Effect::Tag { name: named("name")?, value: filled("value")? }),
        "set_context" => {
            let set = settings.get("values").unwrap_or(&Value::Null);
            if let Value::Object(additions) = values.json(set).map_err(|problem| missing("values", &problem))? {
                output.context_additions = additions;
            }
        }
        _ => return Err(unknown(integration)),
    }
    if let Some(response) = settings.get("response") {
        output.response = values.json(response).map_err(|problem| missing("response", &problem))?;
    }
    output.event = Some(filled("event")?).filter(|event| !event.is_empty());
    Ok(output)
}

/// A text among the settings.
fn text<'s>(settings: &'s Map<String, Value>, field: &str) -> Result<Option<&'s str>, FunctionError> {
    match settings.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(refused(field, "is no text")),
    }
}

fn required<'s>(settings: &'s Map<String, Value>, field: &str) -> Result<&'s str, FunctionError> {
    text(settings, field)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| refused(field, "is missing"))
}

fn list<'s>(settings: &'s Map<String, Value>, field: &str) -> Result<Vec<&'s str>, FunctionError> {
    match settings.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().ok_or_else(|| refused(field, "holds what is no text"))).collect()
        }
        Some(_) => Err(refused(field, "is no list of texts")),
    }
}

/// Refuses settings that would be silently without effect.
fn known(settings: &Map<String, Value>, fields: &[&str]) -> Result<(), FunctionError> {
    match settings.keys().find(|key| !fields.contains(&key.as_str())) {
        Some(key) => Err(refused(key, &format!("is no setting of it: {}", fields.join(", ")))),
        None => Ok(()),
    }
}

fn refused(field: &str, problem: &str) -> FunctionError {
    FunctionError::new(FunctionErrorKind::Syntax, format!("`{field}` {problem}"))
}

fn missing(field: &str, problem: &str) -> FunctionError {
    FunctionError::new(FunctionErrorKind::Input, format!("`{field}`: {problem}"))
}

fn unknown(integration: &str) -> FunctionError {
    let message = format!("`{integration}` is no integration: {}", INTEGRATIONS.join(", "));
    FunctionError::new(FunctionErrorKind::Unknown, message)
}
