//! Two versions compared, in words.

use std::collections::BTreeMap;

use dialogue::flow::{
    difference,
    document::{StaticValue, Target},
    function::FunctionDocument,
    version::FlowVersion,
};

use crate::flows::{banking, function, state, transition};

fn version(change: impl FnOnce(&mut FlowVersion)) -> FlowVersion {
    let (flow, functions) = banking();
    let mut version = FlowVersion::of_draft(flow, &functions);
    for pinned in version.functions.values_mut().chain(version.libraries.values_mut()) {
        pinned.snapshot = 1;
    }
    change(&mut version);
    version
}

#[test]
fn a_version_has_the_functions_that_it_runs_and_the_libraries_that_those_import() {
    let (flow, mut functions) = banking();
    functions.insert("f4".to_owned(), function("unused", "import x from 'shared'", &[]));
    let version = FlowVersion::of_draft(flow, &functions);
    assert_eq!(version.functions.keys().collect::<Vec<_>>(), ["f1", "f2"]);
    assert_eq!(version.libraries.keys().collect::<Vec<_>>(), ["shared"]);
    let none: BTreeMap<String, FunctionDocument> = BTreeMap::new();
    assert!(FlowVersion::of_draft(version.flow, &none).functions.is_empty());
}

#[test]
fn the_same_has_no_difference_wherever_it_is_drawn() {
    let moved =
        version(|version| version.flow.states[0].position = serde_json::from_str(r#"{"x":1,"y":2}"#).expect("a point"));
    assert_eq!(difference(&version(|_| {}), &moved), [""; 0]);
}

#[test]
fn each_change_is_a_line() {
    let after = version(|version| {
        let flow = &mut version.flow;
        flow.public_name = "The Bank".to_owned();
        flow.states[0].thought = "Say 'Good day'.\nThen call `lookup` with the number.\nBe kind.".to_owned();
        flow.states[0].functions = vec!["f2".to_owned()];
        flow.states.remove(1);
        flow.states.push(state("farewell", &[]));
        flow.transitions = vec![transition("t1", "greeting", "Found", Target::State("farewell".to_owned()))];
        flow.configuration.documentation.amount = 3;
        flow.configuration.wrap_up = vec!["f1".to_owned()];
        flow.configuration.static_parameters.insert("limit".to_owned(), StaticValue::Value(5.into()));
        let lookup = version.functions.get_mut("f1").expect("it is there");
        lookup.snapshot = 2;
        lookup.function = function("lookup", "return {};", &["Found"]);
        version.libraries.clear();
    });
    let lines = difference(&version(|_| {}), &after);
    let expected = [
        "Public name: nothing became “The Bank”.",
        "State `The account` was deleted.",
        "State `The greeting`: the thought changed: 3 lines added (“Say 'Good day'.”), 1 line taken away (“Say 'Welcome'. Then call `lookup` with the number.”).",
        "State `The greeting` gained `close account`.",
        "State `The greeting` lost `lookup`.",
        "State `The farewell` was added.",
        "Transition `Closed` from `The account` to the end was deleted.",
        "Transition `Found` from `The greeting` to `The account` became `Found` from `The greeting` to `The farewell`.",
        "At the end run `lookup` now; it was nothing.",
        "Setting `static_parameters.limit` was set to a value.",
        "Setting `documentation.amount`: 0 became 3.",
        "Function `lookup` changed from snapshot 1 to 2: source: 1 line added (“return {};”), 1 line taken away (“import { get } from 'shared'; export default get;”).",
        "Library `shared` is not used any more.",
    ];
    let lines: Vec<String> =
        lines.into_iter().map(|line| line.replace("was set to {\"value\":5}", "was set to a value")).collect();
    assert_eq!(lines, expected);
}
