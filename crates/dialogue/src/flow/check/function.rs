//! What keeps a function from being saved.

use std::collections::HashSet;

use super::{bounds, form::Found};
use crate::{
    flow::function::{Code, FunctionDocument},
    problem::Problem,
};

/// Built-in integrations.
const INTEGRATIONS: [&str; 6] = ["http_request", "hand_off", "transfer", "end_conversation", "set_tag", "set_context"];

/// What keeps a function from being saved.
pub fn faults(function: &FunctionDocument) -> Vec<Problem> {
    let mut found = Found::default();
    name(&function.name, &mut found);
    found.text("description", &function.description, 0, bounds::TEXT);
    found.text("response", &function.response, 0, bounds::TEXT);
    code(&function.code, &mut found);
    found.count("tags", function.tags.len(), bounds::TAGS);
    for (at, tag) in function.tags.iter().enumerate() {
        found.text(&format!("tags[{at}]"), tag, 1, bounds::NAME);
    }
    let parameters = function.parameters.iter().map(|parameter| &parameter.name);
    names("parameters", Some("name"), parameters, &mut found);
    for (at, parameter) in function.parameters.iter().enumerate() {
        found.text(&format!("parameters[{at}].description"), &parameter.description, 0, bounds::TEXT);
        found.count(&format!("parameters[{at}].choices"), parameter.choices.len(), bounds::LIST);
    }
    names(
        "internal_parameters",
        Some("name"),
        function.internal_parameters.iter().map(|parameter| &parameter.name),
        &mut found,
    );
    names("static_parameters", None, function.static_parameters.iter(), &mut found);
    names("events", None, function.events.iter(), &mut found);
    names("context_additions", None, function.context_additions.iter(), &mut found);
    found.range("timeout_seconds", function.timeout_seconds, 1, bounds::TIMEOUT_SECONDS);
    names("tests", Some("name"), function.tests.iter().map(|test| &test.name), &mut found);
    found.count("tests", function.tests.len(), bounds::TESTS);
    found.0
}

/// What thoughts refer to, libraries are imported by, and models are told: no quotes, and not longer than the name
/// of a tool may be.
fn name(name: &str, found: &mut Found) {
    let fits = (1..=bounds::FUNCTION_NAME).contains(&name.chars().count())
        && name.trim() == name
        && !name.chars().any(|c| c.is_control() || matches!(c, '"' | '\'' | '`' | '\\'));
    if !fits {
        let remedy =
            format!("Write 1 to {} characters without quotes, and no space at either end.", bounds::FUNCTION_NAME);
        found.error("name", "It cannot be the name of a function.", remedy);
    }
}

fn code(code: &Code, found: &mut Found) {
    match code {
        Code::JavaScript { source } | Code::Library { source } => {
            if source.len() > bounds::SOURCE {
                let remedy = format!("Use at most {} bytes, and libraries for more.", bounds::SOURCE);
                found.error("code.source", "It is too long.", remedy);
            }
        }
        Code::Integration { integration, settings } => {
            if !INTEGRATIONS.contains(&integration.as_str()) {
                let remedy = format!("Write one of {}.", INTEGRATIONS.join(", "));
                found.error("code.integration", "There is no such integration.", remedy);
            }
            if serde_json::to_string(settings).map_or(0, |text| text.len()) > bounds::THOUGHT {
                found.error("code.settings", "They are too long.", format!("Use at most {} bytes.", bounds::THOUGHT));
            }
        }
    }
}

/// A list of names, or of things with one: each stands once.
fn names<'n>(list: &str, field: Option<&str>, names: impl Iterator<Item = &'n String>, found: &mut Found) {
    let mut known = HashSet::new();
    let mut count = 0;
    for (at, name) in names.enumerate() {
        count += 1;
        let path = match field {
            Some(field) => format!("{list}[{at}].{field}"),
            None => format!("{list}[{at}]"),
        };
        found.text(&path, name, 1, bounds::NAME);
        if !known.insert(name.as_str()) {
            found.error(path, format!("`{name}` stands twice."), "Take one of them away, or rename it.");
        }
    }
    found.count(list, count, bounds::DECLARED);
}
