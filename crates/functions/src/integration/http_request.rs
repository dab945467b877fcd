//! The integration `http_request`: makes one request and reads an output from the response.
//!
//! Settings: `method` (GET when absent), `url`, `headers` (an object of texts), `body` (a text, or anything that becomes
//! JSON), `timeout_ms`; then, of the response, `response` (a JSON pointer, the whole body when absent), `context` (an
//! object from a name of the context to a JSON pointer) and `events`: an object from a status (`404`), a class of them
//! (`4xx`) or `error`, which is that there was no response, to the event.

use model::function::{FunctionError, FunctionErrorKind, FunctionOutput};
use serde_json::{Map, Value};

use super::{refused, template::Values};
use crate::host::{self, FetchRequest, FetchResponse, Host};

const FIELDS: [&str; 8] = ["method", "url", "headers", "body", "timeout_ms", "response", "context", "events"];
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

pub(super) fn check(settings: &Map<String, Value>) -> Result<(), FunctionError> {
    super::known(settings, &FIELDS)?;
    method(settings)?;
    if super::text(settings, "url")?.is_none() {
        return Err(refused("url", "is missing: write the whole address, such as https://example.com/slots/{{day}}"));
    }
    texts(settings, "headers")?;
    texts(settings, "context")?;
    pointer(settings)?;
    timeout(settings)?;
    for name in texts(settings, "events")?.iter().map(|(name, _)| *name) {
        let class = name.len() == 3
            && name.starts_with(|first: char| ('1'..='5').contains(&first))
            && (name.ends_with("xx") || name.bytes().all(|byte| byte.is_ascii_digit()));
        if !class && name != "error" {
            return Err(refused("events", &format!("has `{name}`: expected a status (404), a class (4xx) or `error`")));
        }
    }
    Ok(())
}

pub(super) async fn call(
    settings: &Map<String, Value>,
    values: &Values<'_>,
    host: &dyn Host,
) -> Result<FunctionOutput, FunctionError> {
    let request = request(settings, values)?;
    let events = texts(settings, "events")?;
    let named = |name: &str| events.iter().find(|(key, _)| *key == name).map(|(_, event)| (*event).to_owned());
    match host::fetch(host, request).await {
        Ok(response) => {
            let status = response.status;
            let event = named(&status.to_string()).or_else(|| named(&format!("{}xx", status / 100)));
            let mut output = read(settings, &response)?;
            output.event = event.filter(|event| !event.is_empty());
            Ok(output)
        }
        // A flow that has an event for it goes on with it.
        Err(problem) => match named("error") {
            Some(event) => Ok(FunctionOutput {
                response: Value::from(format!("the request failed: {problem}")),
                event: Some(event).filter(|event| !event.is_empty()),
                ..FunctionOutput::default()
            }),
            None => Err(FunctionError::new(FunctionErrorKind::Threw, format!("the request failed: {problem}"))),
        },
    }
}

fn request(settings: &Map<String, Value>, values: &Values<'_>) -> Result<FetchRequest, FunctionError> {
    let url = super::text(settings, "url")?.unwrap_or_default();
    let url = values.url(url).map_err(|problem| input("url", &problem))?;
    let mut headers = Vec::new();
    for (name, value) in texts(settings, "headers")? {
        headers.push((name.to_owned(), values.text(value).map_err(|problem| input("headers", &problem))?));
    }
    let body = match settings.get("body") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(values.text(text).map_err(|problem| input("body", &problem))?),
        Some(other) => {
            if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".into(), "application/json".into()));
            }
            Some(values.json(other).map_err(|problem| input("body", &problem))?.to_string())
        }
    };
    Ok(FetchRequest { method: method(settings)?.to_owned(), url, headers, body, timeout_ms: timeout(settings)? })
}

fn read(settings: &Map<String, Value>, response: &FetchResponse) -> Result<FunctionOutput, FunctionError> {
    let mut output = FunctionOutput::default();
    // A body that is no JSON is a text.
    let body = serde_json::from_str(&response.body).unwrap_or_else(|_| Value::from(response.body.as_str()));
    output.response = match pointer(settings)? {
        Some(pointer) => body.pointer(pointer).cloned().unwrap_or_else(|| {
            output.warnings.push(format!("the response has nothing at `{pointer}`"));
            Value::Null
        }),
        None => body.clone(),
    };
    for (name, pointer) in texts(settings, "context")? {
        match body.pointer(pointer) {
            Some(value) => {
                output.context_additions.insert(name.to_owned(), value.clone());
            }
            None => output.warnings.push(format!("the response has nothing at `{pointer}` for `{name}`")),
        }
    }
    Ok(output)
}

fn method(settings: &Map<String, Value>) -> Result<&str, FunctionError> {
    let method = super::text(settings, "method")?.unwrap_or("GET");
    if METHODS.contains(&method) {
        Ok(method)
    } else {
        Err(refused("method", &format!("is `{method}`: expected one of {}", METHODS.join(", "))))
    }
}

fn pointer(settings: &Map<String, Value>) -> Result<Option<&str>, FunctionError> {
    Ok(super::text(settings, "response")?.filter(|pointer| !pointer.is_empty()))
}

fn timeout(settings: &Map<String, Value>) -> Result<Option<u64>, FunctionError> {
    match settings.get("timeout_ms") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(millis) if millis > 0 => Ok(Some(millis)),
            _ => Err(refused("timeout_ms", "is no number of milliseconds above 0")),
        },
    }
}

/// An object of texts.
fn texts<'s>(settings: &'s Map<String, Value>, field: &str) -> Result<Vec<(&'s str, &'s str)>, FunctionError> {
    match settings.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(text) => Ok((name.as_str(), text)),
                None => Err(refused(field, &format!("has `{name}`, which is no text"))),
            })
            .collect(),
        Some(_) => Err(refused(field, "is no object from name to text")),
    }
}

fn input(field: &str, problem: &str) -> FunctionError {
    FunctionError::new(FunctionErrorKind::Input, format!("`{field}`: {problem}"))
}
