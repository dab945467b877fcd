//! Calls of functions, and what they do to the conversation (rows DA-J1, J2, J5 to J7, J9, J15).

use model::{
    chat::{ChatReply, Role, ToolCall},
    function::{Effect, FunctionError, FunctionErrorKind, FunctionOutput},
    transcript::{Control, TranscriptStatus},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    drawing::{Drawn, flow, one_state},
    stage::{adds, calling, calls, emits, gives, says},
};
use crate::flow::{
    engine::Step,
    function::{FunctionDocument, Parameter, ParameterType},
};

#[test]
fn da_j01_a_functions_response_is_what_the_model_sees_of_its_call() {
    let mut played = one_state(&["find"]).played().running(|_| Ok(gives(json!({"name": "Ada"}))));
    played.will([calls("find", json!({"phone": "555"})), says("Hello Ada.")]);
    assert_eq!(played.types("555"), ["Hello Ada."]);
    let messages = &played.last_asked().request.messages;
    let [call, result] = &messages[messages.len() - 2..] else { panic!("a call and its result") };
    assert_eq!((call.role, call.tool_calls[0].name.as_str()), (Role::Assistant, "find"));
    assert_eq!((result.role, result.content.as_str()), (Role::Tool, "{\"name\":\"Ada\"}"));
    assert_eq!(result.tool_call_id.as_deref(), Some(&*call.tool_calls[0].id));
    let noted = played.noted("function_call")[0];
    assert_eq!(noted["response"], json!({"name": "Ada"}));
    assert_eq!(noted["parameters"], json!({"phone": "555"}));
    assert_eq!(noted["ordinal"], 0);
    assert_eq!(played.transcript.functions, ["find"]);
}

#[test]
fn da_j01_a_text_is_seen_as_it_is_and_nothing_as_done() {
    for (response, seen) in [(json!("found"), "found"), (Value::Null, "done"), (json!(3), "3")] {
        let given = response.clone();
        let mut played = one_state(&["find"]).played().running(move |_| Ok(gives(given.clone())));
        played.will([calling("find")]);
        played.types("go");
        assert_eq!(played.results(), [seen], "{response}");
    }
}

#[test]
fn da_j01_a_huge_response_is_shortened_for_the_model_now_and_later() {
    let huge = "é".repeat(40_000);
    let mut played = one_state(&["find"]).played().running(move |_| Ok(gives(huge.clone())));
    played.will([calling("find")]);
    played.types("go");
    assert!(played.results()[0].ends_with("… (shortened)"));
    assert!(played.results()[0].chars().count() < 33_000);
    played.types("and?");
    assert!(played.results()[0].chars().count() < 33_000);
}

fn booking() -> Drawn {
    let parameter =
        |name: &str, kind, required| Parameter { name: name.into(), kind, required, ..Parameter::default() };
    one_state(&["book"]).function(
        "book",
        FunctionDocument {
            description: "Books seats".into(),
            parameters: vec![
                Parameter { description: "Whose".into(), ..parameter("name", ParameterType::String, true) },
                parameter("seats", ParameterType::Integer, true),
                Parameter {
                    choices: vec!["aisle".into(), "window".into()],
                    ..parameter("place", ParameterType::String, false)
                },
            ],
            ..FunctionDocument::default()
        },
    )
}

#[test]
fn da_j02_the_model_gets_the_declared_parameters_and_its_arguments_reach_the_function() {
    let mut played = booking().played();
    let arguments = json!({"name": "Ada", "seats": 2, "place": "window"});
    played.will([calls("book", arguments.clone())]);
    played.types("two at the window");
    let tool = &played.last_asked().request.tools[0];
    assert_eq!((tool.name.as_str(), tool.description.as_str()), ("book", "Books seats"));
    assert_eq!(tool.parameters["properties"]["name"], json!({"type": "string", "description": "Whose"}));
    assert_eq!(tool.parameters["properties"]["place"]["enum"], json!(["aisle", "window"]));
    assert_eq!(tool.parameters["required"], json!(["name", "seats"]));
    assert_eq!(Value::Object(played.called[0].parameters.clone()), arguments);
    assert_eq!(played.called[0].conversation["transcriptId"], "transcript-1");
    assert_eq!(played.called[0].conversation["channel"], "web");
    assert_eq!(played.called[0].conversation["state"], "State start");
}

#[test]
fn da_j02_an_argument_that_is_not_declared_does_not_reach_the_function() {
    let mut played = booking().played();
    played.will([calls("book", json!({"name": "Ada", "seats": 2, "discount": 100})), says("Booked.")]);
    assert_eq!(played.types("two, and I am entitled to a discount of 100"), ["Booked."]);
    assert_eq!(Value::Object(played.called[0].parameters.clone()), json!({"name": "Ada", "seats": 2}));
    assert_eq!(played.noted("function_call")[0]["parameters"]["discount"], 100, "what it tried is seen");
}

#[rstest]
#[case(json!({"seats": 2}), "`name` is needed")]
#[case(json!({"name": null, "seats": 2}), "`name` is needed")]
#[case(json!({"name": 7, "seats": 2}), "`name` must be of the type string")]
#[case(json!({"name": "Ada", "seats": "two"}), "`seats` must be of the type integer")]
#[case(json!({"name": "Ada", "seats": 2.5}), "`seats` must be of the type integer")]
#[case(json!({"name": "Ada", "seats": 2, "place": "roof"}), "`place` must be one of: aisle, window")]
#[case(json!("{\"name\": "), "no JSON object")]
#[case(json!([1]), "no JSON object")]
#[case(Value::Null, "no JSON object")]
fn da_j02_arguments_that_do_not_fit_are_the_models_to_correct(#[case] arguments: Value, #[case] problem: &str) {
    let mut played = booking().played();
    played.will([calls("book", arguments), calls("book", json!({"name": "Ada", "seats": 2.0})), says("Booked.")]);
    assert_eq!(played.types("two"), ["Booked."]);
    assert!(played.results()[0].starts_with("error: "), "{:?}", played.results());
    assert!(played.results()[0].contains(problem), "{:?}", played.results());
    assert_eq!(played.count("book"), 1, "what does not fit does not run");
    let ordinals: Vec<_> = played.noted("function_call").iter().map(|call| call["ordinal"].clone()).collect();
    assert_eq!(ordinals, [Value::Null, json!(0)]);
}

#[test]
fn da_j05_each_call_fires_at_most_one_transition() {
    let mut played = flow()
        .state("a", "A", &["next"])
        .state("b", "B", &[])
        .state("c", "C", &[])
        .moves("a", "Next", "b")
        .moves("b", "Next", "c")
        .played()
        .running(|_| Ok(emits("Next")));
    played.will([calling("next"), says("One step.")]);
    played.types("on");
    assert_eq!(played.session.state.as_deref(), Some("b"));
    assert_eq!(played.noted("state_change").len(), 1);
}

#[test]
fn da_j06_an_undeclared_event_counts_and_is_warned_of() {
    let declared = FunctionDocument { events: vec!["Known".into()], ..FunctionDocument::default() };
    for (event, warnings) in [("Known", 0), ("Unknown", 1)] {
        let mut played = one_state(&["next"])
            .function("next", declared.clone())
            .state("b", "B", &[])
            .moves("start", event, "b")
            .played()
            .running(move |_| Ok(emits(event)));
        played.will([calling("next")]);
        played.types("on");
        assert_eq!(played.session.state.as_deref(), Some("b"), "{event}");
        assert_eq!(played.noted("function_call")[0]["warnings"].as_array().unwrap().len(), warnings, "{event}");
    }
}

#[test]
fn da_j07_an_undeclared_addition_counts_and_is_warned_of() {
    let declared = FunctionDocument { context_additions: vec!["known".into()], ..FunctionDocument::default() };
    for (name, warnings) in [("known", 0), ("unknown", 1)] {
        let mut played =
            one_state(&["add"]).function("add", declared.clone()).played().running(move |_| Ok(adds(name, 1)));
        played.will([calling("add")]);
        played.types("on");
        assert_eq!(played.transcript.parameters[name].value, 1);
        assert_eq!(played.noted("function_call")[0]["warnings"].as_array().unwrap().len(), warnings, "{name}");
        assert_eq!(played.noted("function_call")[0]["context_additions"][name], 1);
    }
}

#[test]
fn da_j09_a_throw_is_an_error_for_the_model_and_ends_nothing() {
    let thrown = || FunctionError {
        logs: vec!["before".into()],
        ..FunctionError::new(FunctionErrorKind::Threw, "no such account")
    };
    let mut played = one_state(&["find"]).played().running(move |_| Err(thrown()));
    played.will([calling("find"), says("I cannot find that account.")]);
    assert_eq!(played.types("12"), ["I cannot find that account."]);
    assert_eq!(played.results(), ["error: no such account"]);
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    let noted = played.noted("function_call")[0];
    assert_eq!(noted["error"], json!({"kind": "threw", "message": "no such account"}));
    assert_eq!(noted["logs"], json!(["before"]));
    assert_eq!(played.types("13"), ["All right."]);
}

#[test]
fn da_j15_a_function_queues_the_conversation_with_skills_and_the_agent_is_silent() {
    let skills = || vec!["billing".to_owned(), "french".to_owned()];
    let mut played = one_state(&["escalate"]).played().running(move |_| {
        Ok(FunctionOutput { effects: vec![Effect::HandOff { skills: skills() }], ..gives("queued") })
    });
    played.will([calling("escalate"), says("A colleague will help you.")]);
    assert_eq!(played.types("a person, please"), ["A colleague will help you."]);
    assert_eq!(played.transcript.control, Control::Queued);
    assert_eq!(played.transcript.status, TranscriptStatus::HumanHandoff);
    assert_eq!(played.transcript.skills, ["billing", "french"]);
    assert_eq!(played.transcript.destination.as_deref(), Some("queue"));
    assert_eq!(played.noted("hand_off")[0]["skills"], json!(["billing", "french"]));
    let questions = played.asked.len();
    assert!(played.types("hello?").is_empty());
    assert_eq!(played.asked.len(), questions);
    assert_eq!(played.last.as_ref().unwrap().journal.steps(), [Step::Silent]);
}

#[test]
fn da_j15_an_agent_that_says_nothing_of_it_leaves_the_flows_words() {
    for reply in [says(""), says("  ")] {
        let mut played = one_state(&[]).played();
        played.will([calls("hand_off_to_human", json!({"reason": "asked", "skills": ["sales"]})), reply]);
        assert_eq!(played.types("a person"), ["I am handing you over to a colleague. One moment, please."]);
        assert_eq!(played.transcript.skills, ["sales"]);
        assert_eq!(played.noted("hand_off")[0]["reason"], "asked");
        assert!(played.noted("model_failure").is_empty());
    }
}

#[test]
fn da_j15_a_transfer_names_its_destination() {
    let effect = || Effect::Transfer { contact: "Front desk".into(), number: Some("+4930123456".into()) };
    let transfer = move || FunctionOutput { effects: vec![effect()], ..gives("ok") };
    let mut played = one_state(&["transfer"]).played().running(move |_| Ok(transfer()));
    played.will([calling("transfer"), says("I put you through.")]);
    played.types("the desk");
    assert_eq!(played.transcript.destination.as_deref(), Some("Front desk"));
    assert_eq!(played.transcript.destination_number.as_deref(), Some("+4930123456"));
    assert_eq!(played.transcript.control, Control::Queued);
    let line = json!({"skills": [], "destination": "Front desk", "number": "+4930123456", "reason": null});
    assert_eq!(played.noted("hand_off"), [&line]);
}

#[test]
fn da_j15_who_was_promised_a_person_does_not_lose_the_conversation() {
    let mut played = one_state(&[]).around(&[], &["bye"]).played();
    played.will([calling("hand_off_to_human"), calling("end_conversation"), says("Goodbye.")]);
    played.types("a person, please");
    assert_eq!(played.transcript.status, TranscriptStatus::HumanHandoff);
    assert_eq!(played.count("bye"), 0);
    let both = ChatReply {
        tool_calls: [calling("hand_off_to_human"), calling("end_conversation")]
            .into_iter()
            .flat_map(|r| r.tool_calls)
            .collect(),
        ..says("One moment.")
    };
    let mut played = one_state(&[]).played();
    played.will([both]);
    assert_eq!(played.types("a person, please"), ["One moment."]);
    assert_eq!(played.transcript.status, TranscriptStatus::HumanHandoff);
    assert_eq!(played.noted("warning").len(), 1);
}

#[test]
fn a_function_sets_and_takes_away_tags() {
    let tag = |value: &str| FunctionOutput {
        effects: vec![Effect::Tag { name: "Issue".into(), value: value.into() }],
        ..gives("ok")
    };
    let mut values = vec!["", "billing"];
    let mut played = one_state(&["tag"]).played().running(move |_| Ok(tag(values.pop().unwrap_or_default())));
    played.will([calling("tag")]);
    played.types("a bill");
    assert_eq!(played.transcript.tags["Issue"], "billing");
    played.will([calling("tag")]);
    played.types("never mind");
    assert!(played.transcript.tags.is_empty());
}

#[test]
fn a_model_that_calls_without_end_is_stopped() {
    // Round after round, and all at once.
    let mut played = one_state(&["find"]).played();
    played.will((0..20).map(|_| calling("find")));
    assert_eq!(played.types("go").len(), 1, "the fallback");
    assert_eq!(played.count("find"), 8);
    assert_eq!(played.noted("warning").len(), 1);

    for tool in ["find", "nothing"] {
        let call = |at: usize| ToolCall { id: format!("c{at}"), name: tool.into(), arguments: json!({}) };
        let mut played = one_state(&["find"]).played();
        played.will([ChatReply { tool_calls: (0..500).map(call).collect(), ..ChatReply::default() }]);
        assert_eq!(played.types("go").len(), 1, "the fallback");
        assert!(played.called.len() <= 24);
        assert!(played.log.len() <= 30, "{} lines", played.log.len());
        assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    }
}
