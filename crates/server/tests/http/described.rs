//! Holds every JSON answer that a test gets against the schema that the OpenAPI document gives it.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use reqwest::{Method, StatusCode};
use serde_json::Value;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(server::openapi_document()).expect("the document serialises"));

/// Compiled schemas under what they were compiled from.
static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Panics when an answer is not as the document describes it. Without a method any operation at
/// the path may have given it.
pub(crate) fn check(method: Option<&Method>, path: &str, status: StatusCode, media_type: &str, answer: &Value) {
    let Some(item) = path_item(path).filter(|_| status != StatusCode::METHOD_NOT_ALLOWED) else {
        // A path that leads nowhere, or a method that it does not take: there is nothing to hold it against.
        assert!(status.is_client_error(), "{path} is not described and answers {status}");
        return;
    };
    let complaints: Vec<String> = operations(item, method)
        .filter_map(|(name, operation)| {
            let complaint = complaint(operation, status, media_type, answer).err()?;
            Some(format!("{name} {path} answers {status}: {complaint}"))
        })
        .collect();
    assert!(complaints.len() < operations(item, method).count(), "{}\n{answer:#}", complaints.join("\n"));
}

/// The description of a path: of those whose template it fits, the one with the fewest variables.
fn path_item(path: &str) -> Option<&'static Value> {
    let ours: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let theirs: Vec<&str> = template.split('/').collect();
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|(our, their)| our == their || their.starts_with('{'))
    };
    let described = DOCUMENT["paths"].as_object().expect("paths").iter();
    let fitting = described.filter(|(template, _)| fits(template));
    fitting.min_by_key(|(template, _)| template.matches('{').count()).map(|(_, item)| item)
}

fn operations<'i>(item: &'i Value, method: Option<&Method>) -> impl Iterator<Item = (&'i str, &'i Value)> {
    let method = method.map(|method| method.as_str().to_lowercase());
    let named = item.as_object().expect("an item").iter().map(|(name, operation)| (name.as_str(), operation));
    named.filter(move |(name, operation)| {
        operation.get("responses").is_some() && method.as_deref().is_none_or(|method| method == *name)
    })
}

fn complaint(operation: &Value, status: StatusCode, media_type: &str, answer: &Value) -> Result<(), String> {
    let range = format!("{}XX", status.as_u16() / 100);
    let response =
        [status.as_str(), range.as_str(), "default"].into_iter().find_map(|key| operation["responses"].get(key));
    let response = response.ok_or("the status is not described")?;
    if !media_type.contains("json") {
        return Ok(());
    }
    let content = response["content"].get(media_type).ok_or_else(|| format!("{media_type} is not described"))?;
    validator(&content["schema"]).validate(answer).map_err(|error| format!("at `{}`: {error}", error.instance_path()))
}

fn validator(schema: &Value) -> Arc<Validator> {
    let mut compiled = COMPILED.lock().expect("no test dies in here");
    let compile = || {
        // References lead to the components, from wherever the schema stands.
        let mut whole = schema.clone();
        whole["components"] = DOCUMENT["components"].clone();
        Arc::new(jsonschema::validator_for(&whole).expect("the schema compiles"))
    };
    compiled.entry(schema.to_string()).or_insert_with(compile).clone()
}
