//! The conversation's context: who sees it, and who is believed (rows DA-J3, J4, F25; spec/dialai.md §21.1 A10, A11).

use model::{attribute::Provenance, inbound::Inbound};
use serde_json::{Map, Value, json};

use super::{
    drawing::{Drawn, one_state},
    stage::{adds, calling, gives, says},
};
use crate::flow::{
    document::StaticValue,
    engine::{Entered, Step},
    function::{FunctionDocument, InternalParameter},
};

fn told(visitor: &Value, verified: &Value) -> Inbound {
    let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
    Inbound { visitor: object(visitor), verified: object(verified), ..Inbound::text("hi") }
}

#[test]
fn da_j03_what_one_function_adds_another_reads_and_the_model_does_not() {
    let mut played = one_state(&["find", "pay"]).played().running(|call| {
        Ok(match &*call.function {
            "find" => adds("account", "ACC-4711"),
            _ => gives("paid"),
        })
    });
    played.will([calling("find"), calling("pay"), says("Paid.")]);
    played.types("pay my bill");
    played.types("thanks");
    assert_eq!(played.called[1].internal_parameters["account"], "ACC-4711");
    let asked = serde_json::to_string(&played.asked.iter().map(|asked| &asked.request).collect::<Vec<_>>()).unwrap();
    assert!(asked.contains("paid"), "{asked}");
    assert!(!asked.contains("ACC-4711"), "{asked}");
    // It is the conversation's: later turns have it too.
    assert_eq!(played.transcript.parameters["account"].provenance, Provenance::Function);
}

#[test]
fn da_j03_null_takes_an_addition_away() {
    let mut values = vec![Value::Null, json!("ACC-4711")];
    let mut played =
        one_state(&["set"]).played().running(move |_| Ok(adds("account", values.pop().unwrap_or_default())));
    played.will([calling("set"), calling("set")]);
    played.types("hi");
    assert_eq!(played.called[1].internal_parameters["account"], "ACC-4711");
    assert!(played.transcript.parameters.is_empty());
}

#[test]
fn da_j04_f25_static_parameters_are_nowhere_in_what_the_model_reads_or_the_transcript_keeps() {
    let mut played = one_state(&["find"])
        .around(&["caller"], &["bye"])
        .set(|configuration| {
            let statics = &mut configuration.static_parameters;
            statics.insert("key".into(), StaticValue::Value(json!("sk-visible-nowhere")));
            statics.insert("other".into(), StaticValue::Secret("NAME_OF_SECRET".into()));
        })
        .function("find", FunctionDocument { static_parameters: vec!["key".into()], ..FunctionDocument::default() })
        .played();
    played.opens();
    played.will([calling("find")]);
    played.types("find it");
    played.will([calling("end_conversation")]);
    played.types("bye");
    let asked = serde_json::to_string(&played.asked.iter().map(|asked| &asked.request).collect::<Vec<_>>()).unwrap();
    let all = format!("{asked}{:?}{:?}{:?}", played.called, played.log, played.transcript);
    assert!(
        played.called.len() == 3 && !all.contains("sk-visible-nowhere") && !all.contains("NAME_OF_SECRET"),
        "{all}"
    );
}

#[test]
fn da_j03_a_browser_overwrites_neither_tokens_nor_functions() {
    let mut played = one_state(&["find"]).played().running(|_| Ok(adds("account", "ours")));
    played.does(told(&json!({"name": "Ada", "plan": "free"}), &json!({"plan": "paid"})));
    assert_eq!(played.transcript.parameters["plan"].value, "paid");
    assert_eq!(played.transcript.parameters["plan"].provenance, Provenance::Token);
    assert_eq!(played.transcript.parameters["name"].provenance, Provenance::Browser);
    played.will([calling("find")]);
    played.types("find it");
    played.does(told(&json!({"plan": "free", "account": "theirs", "name": null}), &json!({"account": "token's"})));
    assert_eq!(played.transcript.parameters["plan"].value, "paid");
    assert_eq!(played.transcript.parameters["account"].value, "ours");
    assert!(!played.transcript.parameters.contains_key("name"), "its own it may take away");
    let steps = played.last.as_ref().unwrap().journal.steps();
    let kept = steps.iter().filter(|step| matches!(step, Step::Kept { .. })).count();
    assert_eq!(kept, 3, "{steps:?}");
    // Nor does null take away what others have said.
    played.does(told(&json!({"plan": null, "account": null}), &json!({"account": null})));
    assert_eq!(played.transcript.parameters.len(), 2);
}

#[test]
fn da_j03_a_function_may_overwrite_what_a_token_says() {
    let mut played = one_state(&["find"]).played().running(|_| Ok(adds("plan", "gold")));
    played.does(told(&Value::Null, &json!({"plan": "paid"})));
    played.will([calling("find")]);
    played.types("find it");
    assert_eq!(played.transcript.parameters["plan"].value, "gold");
}

fn demanding(verified: bool, required: bool) -> Drawn {
    let customer = InternalParameter { name: "customer".into(), verified, required, ..InternalParameter::default() };
    let document = FunctionDocument { internal_parameters: vec![customer], ..FunctionDocument::default() };
    one_state(&["pay"]).function("pay", document)
}

#[test]
fn da_j03_a_function_that_demands_a_verified_value_gets_none_of_the_browsers() {
    let mut played = demanding(true, false).played();
    played.will([calling("pay")]);
    played.does(told(&json!({"customer": 1, "colour": "red"}), &Value::Null));
    assert!(!played.called[0].internal_parameters.contains_key("customer"));
    assert_eq!(played.called[0].internal_parameters["colour"], "red");
    played.will([calling("pay")]);
    played.does(told(&Value::Null, &json!({"customer": 2})));
    assert_eq!(played.called[1].internal_parameters["customer"], 2);
}

#[test]
fn da_j03_a_required_value_that_is_missing_or_not_verified_refuses_the_call() {
    for (verified, visitor, problem) in [
        (false, json!({}), "`customer` is needed and is not set"),
        (true, json!({"customer": 1}), "`customer` is needed (and must not come from the browser)"),
    ] {
        let mut played = demanding(verified, true).played();
        played.will([calling("pay"), says("I cannot.")]);
        assert_eq!(played.does(told(&visitor, &Value::Null)), ["I cannot."]);
        assert!(played.called.is_empty());
        assert!(played.results()[0].contains(problem), "{:?}", played.results());
        // The journal names no call, for there was none.
        let steps = played.last.as_ref().unwrap().journal.steps();
        assert!(steps.iter().any(|step| matches!(step, Step::Called { call: None, .. })), "{steps:?}");
    }
    let mut played = demanding(false, true).played();
    played.will([calling("pay")]);
    played.does(told(&json!({"customer": 1}), &Value::Null));
    assert_eq!(played.count("pay"), 1);
}

#[test]
fn da_j03_what_a_scenario_gives_is_trusted_as_a_functions() {
    let mut played = one_state(&[]).played();
    played.in_scenario = true;
    let mut parameters = Map::new();
    parameters.insert("plan".into(), json!("gold"));
    played.entered = Some(Entered { parameters });
    played.does(told(&json!({"plan": "free"}), &Value::Null));
    assert_eq!(played.transcript.parameters["plan"].value, "gold");
    assert_eq!(played.transcript.parameters["plan"].provenance, Provenance::Function);
}

#[test]
fn da_j03_names_and_values_out_of_bounds_are_not_taken() {
    let mut played = one_state(&["find"]).played().running(|_| Ok(adds("mine", "x".repeat(60_000))));
    let mut visitor = Map::new();
    visitor.insert(String::new(), json!(1));
    visitor.insert("bell\u{7}".into(), json!(1));
    visitor.insert("n".repeat(256), json!(1));
    visitor.insert("large".into(), json!("x".repeat(9_000)));
    played.will([calling("find")]);
    played.does(told(&Value::Object(visitor), &Value::Null));
    let kept: Vec<_> = played.transcript.parameters.keys().collect();
    assert_eq!(kept, ["mine"]);
}

#[test]
fn da_j03_a_browser_does_not_crowd_out_tokens_and_functions() {
    let mut played = one_state(&["find"]).played().running(|_| Ok(adds("mine", 1)));
    let many: Map<String, Value> = (0..500).map(|number| (format!("b{number}"), json!(number))).collect();
    played.will([calling("find")]);
    played.does(told(&Value::Object(many), &json!({"sub": "ada"})));
    assert_eq!(played.transcript.parameters.len(), 102);
    assert!(played.transcript.parameters.contains_key("mine"));
    assert!(played.transcript.parameters.contains_key("sub"));
    assert_eq!(played.called[0].internal_parameters.len(), 101);
}
