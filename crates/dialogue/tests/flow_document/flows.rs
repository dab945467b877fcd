//! Flows and functions for tests.

use std::collections::BTreeMap;

use dialogue::flow::{
    document::{FlowDocument, State, StaticValue, Target, Transition},
    function::{Code, FunctionDocument},
};

pub(crate) fn function(name: &str, source: &str, events: &[&str]) -> FunctionDocument {
    FunctionDocument {
        name: name.to_owned(),
        code: Code::JavaScript { source: source.to_owned() },
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        ..FunctionDocument::default()
    }
}

pub(crate) fn library(name: &str, source: &str) -> FunctionDocument {
    FunctionDocument {
        name: name.to_owned(),
        code: Code::Library { source: source.to_owned() },
        ..FunctionDocument::default()
    }
}

pub(crate) fn state(id: &str, functions: &[&str]) -> State {
    State {
        id: id.to_owned(),
        name: format!("The {id}"),
        functions: functions.iter().map(|id| (*id).to_owned()).collect(),
        ..State::default()
    }
}

pub(crate) fn transition(id: &str, from: &str, event: &str, to: Target) -> Transition {
    Transition { id: id.to_owned(), from: from.to_owned(), event: event.to_owned(), to }
}

/// Greets, looks an account up, and ends; one static parameter is a secret.
pub(crate) fn banking() -> (FlowDocument, BTreeMap<String, FunctionDocument>) {
    let functions = BTreeMap::from([
        ("f1".to_owned(), function("lookup", "import { get } from 'shared'; export default get;", &["Found"])),
        ("f2".to_owned(), function("close account", "return {};", &["Closed"])),
        ("f3".to_owned(), library("shared", "export const get = () => ({});")),
    ]);
    let mut flow = FlowDocument {
        name: "Banking".to_owned(),
        initial: Some("greeting".to_owned()),
        states: vec![state("greeting", &["f1"]), state("account", &["f2"])],
        transitions: vec![
            transition("t1", "greeting", "Found", Target::State("account".to_owned())),
            transition("t2", "account", "Closed", Target::End),
        ],
        ..FlowDocument::default()
    };
    flow.states[0].thought = "Say 'Welcome'. Then call `lookup` with the number.".to_owned();
    flow.configuration.static_parameters.insert("key".to_owned(), StaticValue::Secret("bank_key".to_owned()));
    (flow, functions)
}
