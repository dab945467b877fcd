//! Names of fields on the operations that are shaped like Dialai's: `camelCase`, where documents have `snake_case`.
//! Both are read, `camelCase` is written. What people name themselves is left as it is.

use axum::extract::{FromRequest, Request};
use dialogue::flow::export::LARGEST_FILE;
use runtime::documents::DocumentError;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::access::body;
use crate::{app::App, problem::Problem};

/// Fields below which names are not ours: values of people's own, and what code is given and gives back.
const FREE: [&str; 6] = ["static_parameters", "settings", "input", "response", "context_additions", "value"];

/// What only answers have: it may be sent back with the rest, and is passed over.
const ANSWERED: [&str; 11] = [
    "id",
    "status",
    "active_version",
    "versions",
    "revision",
    "last_edited_at",
    "created_at",
    "updated_at",
    "thumbnail_url",
    "points_of_contact",
    "snapshots",
];

/// A document as it is answered.
pub(super) fn to_camel(document: &impl Serialize) -> Value {
    renamed(serde_json::to_value(document).unwrap_or_default(), camel)
}

fn renamed(value: Value, rename: fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let free = FREE.contains(&snake(&name).as_str());
                (rename(&name), if free { value } else { renamed(value, rename) })
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| renamed(item, rename)).collect(),
        other => other,
    }
}

/// A body without the fields that are null: generated clients write those that have no value so. Null is a value of
/// people's own.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, value)| !value.is_null() || name == "value");
            let field = |(name, value): (String, Value)| {
                let free = FREE.contains(&name.as_str());
                (name, if free { value } else { without_nulls(value) })
            };
            Value::Object(kept.map(field).collect())
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The place of a problem, as the caller knows it.
pub(super) fn camel_path(path: &str) -> String {
    let mut free = false;
    let parts = path.split('.').map(|part| {
        let (name, index) = part.split_at(part.find('[').unwrap_or(part.len()));
        let renamed = if free { part.to_owned() } else { format!("{}{index}", camel(name)) };
        free = free || FREE.contains(&name);
        renamed
    });
    parts.collect::<Vec<_>>().join(".")
}

/// Why a document was refused, with the names that the caller knows.
pub(super) fn refused(error: DocumentError) -> Problem {
    Problem::from(error).with_fields(camel_path)
}

/// A part of a flow as a body.
pub(super) struct Part<T>(pub(super) T);

/// A whole flow or function as a body. It may be what was answered before, with changes.
pub(super) struct Whole<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Part<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        Ok(Self(typed(Value::Object(fields(request, app).await?))?))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Whole<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let mut fields = fields(request, app).await?;
        fields.retain(|name, _| !ANSWERED.contains(&name.as_str()));
        Ok(Self(typed(Value::Object(fields))?))
    }
}

/// The fields of a body; none of one that is empty.
async fn fields(request: Request, app: &App) -> Result<Map<String, Value>, Problem> {
    let body = body(request, app, LARGEST_FILE).await?;
    if body.is_empty() {
        return Ok(Map::new());
    }
    let sent: Value = serde_json::from_slice(&body).map_err(|error| Problem::unreadable(&error))?;
    match without_nulls(renamed(sent, snake)) {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::invalid("body", "It is no JSON object.", "Send the JSON that the API describes.")),
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::unreadable(&error))
}

#[cfg(test)]
mod tests {
    use dialogue::flow::{document::FlowDocument, function::FunctionDocument};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let flow = json!({
            "name": "x", "public_name": "y", "states": [{ "id": "a", "name": "A" }],
            "transitions": [{ "id": "t", "from": "a", "event": "some_event", "to": { "state": "a" } }],
            "configuration": {
                "static_parameters": { "api_key": { "secret": "my_key" }, "someLimit": { "value": { "a_b": 1 } } },
                "start_up": ["f"], "guardrails": { "max_turns": 3 },
            },
        });
        let flow: FlowDocument = serde_json::from_value(flow).expect("a flow");
        let sent = to_camel(&flow);
        assert_eq!(sent["publicName"], "y");
        assert_eq!(sent["configuration"]["guardrails"]["maxTurns"], 3);
        assert_eq!(sent["configuration"]["staticParameters"]["api_key"]["secret"], "my_key");
        assert_eq!(sent["configuration"]["staticParameters"]["someLimit"]["value"]["a_b"], 1);
        assert_eq!(serde_json::from_value::<FlowDocument>(renamed(sent, snake)).expect("a flow"), flow);

        let function = json!({
            "name": "x", "code": { "type": "integration", "integration": "http_request", "settings": { "some_url": "u" } },
            "internal_parameters": [{ "name": "user_id", "required": true }],
            "tests": [{ "name": "t", "input": { "parameters": { "a_b": 1 } }, "expect": { "context_additions": { "c_d": 2 } } }],
        });
        let function: FunctionDocument = serde_json::from_value(function).expect("a function");
        let sent = to_camel(&function);
        assert_eq!(sent["tests"][0]["expect"]["contextAdditions"]["c_d"], 2);
        assert_eq!(serde_json::from_value::<FunctionDocument>(renamed(sent, snake)).expect("a function"), function);
    }

    #[test]
    fn what_has_no_value_may_be_null() {
        let sent = json!({
            "name": "x", "publicName": null, "initial": null,
            "states": [{ "id": null, "name": "A", "thought": null, "position": null }],
            "configuration": { "staticParameters": { "none": { "value": null } }, "opening": null },
        });
        let read = without_nulls(renamed(sent, snake));
        assert_eq!(read["states"], json!([{ "name": "A" }]));
        let parameters = &read["configuration"]["static_parameters"];
        assert_eq!(parameters, &json!({ "none": { "value": null } }), "people's own");
        assert!(read.get("public_name").is_none() && read["configuration"].get("opening").is_none());
        assert_eq!(without_nulls(json!({ "value": null, "a": [{ "b": null }] })), json!({ "value": null, "a": [{}] }));
    }

    #[test]
    fn places_have_the_names_that_the_caller_knows() {
        assert_eq!(camel_path("configuration.call_reasons[3].label"), "configuration.callReasons[3].label");
        assert_eq!(camel_path("configuration.static_parameters.api_key"), "configuration.staticParameters.api_key");
        assert_eq!(camel_path(""), "");
    }
}
