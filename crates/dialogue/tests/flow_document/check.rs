//! What is wrong is found, named by its place, and nothing else is.

use dialogue::{
    flow::{
        bounds, check,
        document::{FlowFile, Target},
        faults,
        function::{Code, FunctionDocument, Parameter},
        function_faults,
    },
    problem::{Problem, Severity},
};

use crate::flows::{banking, function, state, transition};

fn places(problems: &[Problem], severity: Severity) -> Vec<&str> {
    problems.iter().filter(|problem| problem.severity == severity).map(|problem| problem.path.as_str()).collect()
}

#[test]
fn a_sound_flow_has_no_problem() {
    let (flow, functions) = banking();
    assert_eq!(check(&flow, &functions), []);
}

#[test]
fn da_f02_a_flow_has_one_initial_state_to_be_published_and_none_to_be_saved() {
    let (mut flow, functions) = banking();
    flow.initial = None;
    assert_eq!(faults(&flow, &functions), []);
    assert_eq!(places(&check(&flow, &functions), Severity::Error), ["initial"]);
    flow.initial = Some("elsewhere".to_owned());
    assert_eq!(places(&faults(&flow, &functions), Severity::Error), ["initial"]);
    flow.initial = None;
    flow.states.clear();
    flow.transitions.clear();
    assert_eq!(places(&check(&flow, &functions), Severity::Error), ["states"]);
}

#[test]
fn references_lead_somewhere() {
    let (mut flow, functions) = banking();
    flow.transitions[0].to = Target::State("gone".to_owned());
    flow.transitions[1].from = "gone".to_owned();
    flow.states[0].functions.push("f9".to_owned());
    flow.configuration.start_up = vec!["f3".to_owned()];
    let found = faults(&flow, &functions);
    let expected =
        ["transitions[0].to.state", "transitions[1].from", "states[0].functions[1]", "configuration.start_up[0]"];
    assert_eq!(places(&found, Severity::Error), expected, "{found:?}");
    assert!(found[3].message.contains("library"), "{found:?}");
    assert!(found.iter().all(|problem| !problem.remedy.is_empty()));
}

#[test]
fn names_and_ids_stand_once_and_an_event_leads_to_one_place() {
    let (mut flow, functions) = banking();
    flow.states[1].name = "the GREETING".to_owned();
    flow.transitions.push(transition("t1", "greeting", "Found", Target::End));
    let expected = ["states[1].name", "transitions[2].id", "transitions[2].event"];
    assert_eq!(places(&faults(&flow, &functions), Severity::Error), expected);
    flow.states[1] = state("greeting", &[]);
    assert!(places(&faults(&flow, &functions), Severity::Error).contains(&"states[1].id"));
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let (mut flow, functions) = banking();
    flow.states.push(state("island", &[]));
    flow.states[1].thought = "Call `fetch_balance`, and `shared` and `lookup()`; show `{\"a\": 1}`.".to_owned();
    flow.transitions[1].to = Target::Nowhere;
    flow.transitions.push(transition("t3", "greeting", "Closed", Target::End));
    flow.transitions.push(transition("t4", "account", "Found", Target::End));
    let mut functions = functions;
    functions.get_mut("f2").expect("it is there").static_parameters = vec!["limit".to_owned(), "key".to_owned()];
    let found = check(&flow, &functions);
    assert_eq!(places(&found, Severity::Error), [""; 0]);
    let expected = [
        "states[2]",
        "transitions[1].to",
        // `account` comes after `greeting`: its functions are not callable there. The other way round they are.
        "transitions[2].event",
        "states[1].thought",
        "states[1].thought",
        "configuration.static_parameters",
    ];
    assert_eq!(places(&found, Severity::Warning), expected, "{found:#?}");
}

#[test]
fn da_k05_the_amount_of_documentation_is_at_most_ten() {
    let (mut flow, functions) = banking();
    flow.configuration.documentation.amount = 10;
    assert_eq!(faults(&flow, &functions), []);
    flow.configuration.documentation.amount = 11;
    assert_eq!(places(&faults(&flow, &functions), Severity::Error), ["configuration.documentation.amount"]);
}

#[test]
fn values_out_of_range_are_named() {
    let (mut flow, functions) = banking();
    flow.name = "  ".to_owned();
    flow.description = "x".repeat(bounds::TEXT + 1);
    flow.public_name = "a\u{0}b".to_owned();
    let configuration = &mut flow.configuration;
    configuration.language = Some("klingon!".to_owned());
    configuration.model.provider = Some("oracle".to_owned());
    configuration.model.temperature = Some(2.1);
    configuration.model.history = Some(bounds::HISTORY + 1);
    configuration.model.timeout_seconds = Some(0);
    configuration.files = vec![FlowFile { id: "a/b".to_owned(), name: "f".to_owned(), ..FlowFile::default() }];
    configuration.call_review.least_percent = 101;
    configuration.guardrails.max_cost = Some(f64::NAN);
    let expected = [
        "name",
        "public_name",
        "description",
        "configuration.language",
        "configuration.model.provider",
        "configuration.model.temperature",
        "configuration.model.history",
        "configuration.model.timeout_seconds",
        "configuration.files[0].id",
        "configuration.call_review.least_percent",
        "configuration.guardrails.max_cost",
    ];
    assert_eq!(places(&faults(&flow, &functions), Severity::Error), expected);
}

#[test]
fn a_function_that_cannot_be_saved_says_why() {
    let whole = function("look up", "return {}", &["Found"]);
    assert_eq!(function_faults(&whole), []);
    let parameter = |name: &str| Parameter { name: name.to_owned(), ..Parameter::default() };
    for (wrong, place) in [
        (FunctionDocument { name: String::new(), ..whole.clone() }, "name"),
        (FunctionDocument { name: " x".to_owned(), ..whole.clone() }, "name"),
        (FunctionDocument { name: "it's".to_owned(), ..whole.clone() }, "name"),
        (FunctionDocument { name: "x".repeat(65), ..whole.clone() }, "name"),
        (FunctionDocument { events: vec!["A".to_owned(), "A".to_owned()], ..whole.clone() }, "events[1]"),
        (FunctionDocument { parameters: vec![parameter("")], ..whole.clone() }, "parameters[0].name"),
        (FunctionDocument { timeout_seconds: Some(0), ..whole.clone() }, "timeout_seconds"),
        (
            FunctionDocument { code: Code::JavaScript { source: " ".repeat(bounds::SOURCE + 1) }, ..whole.clone() },
            "code.source",
        ),
        (
            FunctionDocument {
                code: Code::Integration { integration: "fax".to_owned(), settings: serde_json::Map::new() },
                ..whole.clone()
            },
            "code.integration",
        ),
    ] {
        assert_eq!(places(&function_faults(&wrong), Severity::Error), [place], "{wrong:?}");
    }
}
