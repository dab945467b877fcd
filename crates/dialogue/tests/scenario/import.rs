use dialogue::scenario::{
    Imported, LARGEST_FILE, Problem,
    document::{Behavior, Joiner, Speaker, Transition},
    import, import_value,
};
use serde_json::{Value, json};

/// The file of the reference's own test suite, as spec/opendialog.md §6.12 has it.
pub(crate) fn documented() -> Value {
    serde_json::from_str(include_str!("documented.scenario.json")).unwrap()
}

fn problems(document: &Value) -> Vec<Problem> {
    import(document.to_string().as_bytes()).unwrap_err()
}

fn imported(document: &Value) -> Imported {
    import(document.to_string().as_bytes()).unwrap()
}

/// The only problem of a document: where, and what.
fn only_problem(document: &Value) -> (String, String) {
    let problems = problems(document);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(!problems[0].remedy.is_empty());
    (problems[0].path.clone(), problems[0].message.clone())
}

const REQUEST: &str = "/conversations/0/scenes/0/turns/0/request_intents/0";
const RESPONSE: &str = "/conversations/0/scenes/0/turns/0/response_intents/0";

fn with(pointer: &str, field: &str, value: Value) -> Value {
    let mut document = documented();
    document.pointer_mut(pointer).unwrap()[field] = value;
    document
}

#[test]
fn the_documented_file_is_read() {
    let Imported { scenario, ignored, .. } = imported(&documented());
    assert_eq!(ignored, []);
    assert_eq!(scenario.common.conditions[0].operation, "eq");
    let turn = &scenario.conversations[0].scenes[0].turns[0];
    assert!(turn.common.is(Behavior::Starting));
    assert_eq!(turn.valid_origins, ["example_origin"]);
    assert_eq!(turn.request_intents[0].speaker, Speaker::User);
    assert_eq!(turn.request_intents[0].transition, None);
    let response = &turn.response_intents[0];
    assert_eq!(response.confidence, 1.0);
    assert_eq!(response.message_templates[0].message_markup, "message markup");
    assert_eq!(
        response.transition,
        Some(Transition {
            conversation: Some("$path:example_scenario/example_conversation".into()),
            scene: Some("$path:example_scenario/example_conversation/example_scene".into()),
            turn: None,
        })
    );
}

#[test]
fn loosely_written_fields_are_read_as_they_were_meant() {
    let mut document = documented();
    let request = document.pointer_mut(REQUEST).unwrap();
    request["confidence"] = json!("0.75");
    request["speaker"] = json!("user");
    request["behaviors"] = json!(["Completing"]);
    request["message_templates"] = Value::Null;
    request["expected_attributes"] = json!(["age", {"id": "user.name"}, {"name": "city", "context": "session"}]);
    request["actions"] = json!(["action.core.datetime", {"od_id": "greet", "input_attributes": [],
        "output_attributes": {"greeting": "session"}}]);
    request["set_attributes"] = json!({"mood": "good"});
    request["condition_operator"] = json!("or");
    document["conversations"][0]["scenes"][0]["conditions"] = Value::Null;
    document["conversations"] = json!({"1": document["conversations"][0]});
    document["active"] = json!(1);
    document["attributes"] = json!([{"name": "age", "type": "attribute.core.int"}]);
    let scenario = imported(&document).scenario;
    assert_eq!(scenario.active, Some(true));
    assert_eq!(scenario.attributes[0].kind, model::attribute::AttributeType::WholeNumber);
    let intent = &scenario.conversations[0].scenes[0].turns[0].request_intents[0];
    assert_eq!(intent.confidence, 0.75);
    assert_eq!(intent.common.behaviors, [Behavior::Completing]);
    assert_eq!(intent.common.condition_operator, Some(Joiner::Or));
    let expected: Vec<_> = intent.expected_attributes.iter().map(|e| (e.name.as_str(), e.context.as_deref())).collect();
    assert_eq!(expected, [("age", None), ("user.name", None), ("city", Some("session"))]);
    assert_eq!(intent.actions[0].od_id, "action.core.datetime");
    assert_eq!(intent.actions[1].output_attributes["greeting"], "session");
    assert_eq!(intent.set_attributes[0].attribute, "mood");
}

#[test]
fn what_is_not_understood_is_noted_once_per_kind() {
    let mut document = documented();
    document["colour"] = json!("blue");
    document.pointer_mut(REQUEST).unwrap()["mystery"] = json!({"deep": [1]});
    document.pointer_mut(RESPONSE).unwrap()["mystery"] = json!(2);
    document.pointer_mut(RESPONSE).unwrap()["transition"]["delay"] = json!(3);
    let ignored = imported(&document).ignored;
    let seen: Vec<_> = ignored.iter().map(|note| (note.path.as_str(), note.times)).collect();
    assert_eq!(
        seen,
        [
            ("colour", 1),
            ("conversations[0].scenes[0].turns[0].request_intents[0].mystery", 2),
            ("conversations[0].scenes[0].turns[0].response_intents[0].transition.delay", 1),
        ]
    );
}

#[test]
fn od_n47_od_id_is_unique_within_its_parent() {
    let mut document = documented();
    let twin = json!({"od_id": "example_conversation", "name": "Twin"});
    document["conversations"].as_array_mut().unwrap().push(twin);
    assert_eq!(only_problem(&document), ("conversations[1].od_id".into(), "The od_id field is not unique.".into()));
    // Elsewhere the same id is another one's.
    document["conversations"][1] = json!({"od_id": "other", "scenes": [{"od_id": "example_scene"}]});
    imported(&document);
}

#[test]
fn od_n47_intents_of_the_visitor_may_share_an_od_id() {
    let turn = |speaker: &str| {
        let intent = json!({"od_id": "same", "speaker": speaker});
        json!({"od_id": "s", "conversations": [{"od_id": "c", "scenes": [{"od_id": "sc", "turns": [
            {"od_id": "t", "request_intents": [intent.clone(), intent.clone()], "response_intents": [intent]}]}]}]})
    };
    imported(&turn("USER"));
    let places: Vec<_> = problems(&turn("APP")).into_iter().map(|problem| problem.path).collect();
    assert_eq!(
        places,
        [
            "conversations[0].scenes[0].turns[0].request_intents[1].od_id",
            "conversations[0].scenes[0].turns[0].response_intents[0].od_id"
        ]
    );
}

#[test]
fn od_n48_confidence_is_between_0_and_1() {
    for wrong in [json!(1.2), json!(-0.1), json!("7")] {
        let (path, message) = only_problem(&with(REQUEST, "confidence", wrong));
        assert_eq!(path, "conversations[0].scenes[0].turns[0].request_intents[0].confidence");
        assert_eq!(message, "The confidence must be between 0 and 1.");
    }
    for right in [json!(0), json!(1), json!("0.5"), json!(null)] {
        imported(&with(REQUEST, "confidence", right));
    }
    let (_, message) = only_problem(&with(REQUEST, "confidence", json!([1])));
    assert_eq!(message, "The confidence field must be a number.");
}

#[test]
fn od_n37_status_and_activity_of_the_file_are_read() {
    let mut document = documented();
    document["status"] = json!("draft");
    document["active"] = json!(false);
    let scenario = imported(&document).scenario;
    assert_eq!((scenario.status.as_deref(), scenario.active), (Some("DRAFT"), Some(false)));
    document["status"] = json!("GONE");
    let (path, message) = only_problem(&document);
    assert_eq!(path, "status");
    assert_eq!(message, "GONE is not a valid status. Must be one of DRAFT,PUBLISHED,LIVE");
}

#[test]
fn ids_have_no_characters_of_references() {
    for wrong in ["a$b", "a:b", "a/b"] {
        let (path, message) = only_problem(&json!({"od_id": wrong}));
        assert_eq!(path, "od_id");
        assert_eq!(message, "The od_id field must not contain $, : or /.");
    }
    assert_eq!(only_problem(&json!({"od_id": ""})).1, "The od_id field is required.");
    let long = only_problem(&json!({"od_id": "x".repeat(256)})).1;
    assert_eq!(long, "The od_id field must not be longer than 255 characters.");
}

#[test]
fn virtual_intents_belong_to_the_other_speaker() {
    let virtual_user = json!({"speaker": "USER", "intent_id": "example_request_intent"});
    for field in ["virtual_intent", "virtual_intents"] {
        let value = if field == "virtual_intent" { virtual_user.clone() } else { json!([virtual_user]) };
        let scenario = imported(&with(RESPONSE, field, value.clone())).scenario;
        let intents = &scenario.conversations[0].scenes[0].turns[0].response_intents;
        assert_eq!(intents[0].virtual_intents[0].intent_id, "example_request_intent");
        assert_eq!(
            only_problem(&with(REQUEST, field, value)).1,
            "The virtual intent speaker must not be the same as the related intent's speaker."
        );
    }
    let messages = |value: Value| -> Vec<String> {
        problems(&with(RESPONSE, "virtual_intent", value)).into_iter().map(|problem| problem.message).collect()
    };
    assert_eq!(
        messages(json!({"speaker": "APP", "intent_id": "x"}))[0],
        "The virtual intent speaker can only be USER."
    );
    assert_eq!(messages(json!({"intent_id": "x"})), ["The speaker field is required."]);
    assert_eq!(messages(json!({"speaker": "USER"})), ["The virtual intent intent_id field is required."]);
    imported(&with(RESPONSE, "virtual_intent", Value::Null));
    imported(&with(RESPONSE, "virtual_intent", json!({"speaker": null, "intent_id": null})));
}

#[test]
fn dangling_references_are_named_where_they_stand() {
    let (path, message) = only_problem(&with(
        RESPONSE,
        "transition",
        json!({"conversation": "$path:example_scenario/elsewhere", "scene": null, "turn": null}),
    ));
    assert_eq!(path, "conversations[0].scenes[0].turns[0].response_intents[0].transition.conversation");
    assert_eq!(message, "$path:example_scenario/elsewhere refers to something that is not in the file.");
    let mut document = documented();
    document["conditions"][0]["parameters"][0]["value"] = json!("$path:other_scenario");
    assert_eq!(only_problem(&document).0, "conditions[0].parameters[0].value");
}

#[test]
fn a_speaker_is_required() {
    let (path, message) = only_problem(&with(REQUEST, "speaker", Value::Null));
    assert_eq!(path, "conversations[0].scenes[0].turns[0].request_intents[0].speaker");
    assert_eq!(message, "The speaker field is required.");
    let message = only_problem(&with(REQUEST, "speaker", json!("BOT"))).1;
    assert_eq!(message, "BOT is not a valid speaker. Must be one of USER,APP");
}

#[test]
fn mistakes_in_the_json_are_told_by_line_and_column() {
    let problems = import(b"{\n  \"od_id\": \"a\",\n  oops\n}").unwrap_err();
    assert!(problems[0].message.contains("line 3 column 3"), "{}", problems[0].message);
    assert!(import(b"\xef\xbb\xbf{\"od_id\": \"a\"}").is_ok());
    assert_eq!(problems_of("[]"), ["A scenario must be a JSON object."]);
    assert_eq!(problems_of(r#"{"od_id": "a", "conversations": [null]}"#), ["A conversation must be an object."]);
}

fn problems_of(text: &str) -> Vec<String> {
    import(text.as_bytes()).unwrap_err().into_iter().map(|problem| problem.message).collect()
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("{{\"od_id\": \"a\", \"x\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(problems_of(&deep)[0].contains("recursion limit exceeded"));
}

#[test]
fn the_number_of_objects_and_of_problems_is_bounded() {
    let many: Vec<Value> = (0..250_000).map(|_| json!("OPEN")).collect();
    let document = json!({"od_id": "a", "behaviors": many});
    assert_eq!(only_problem(&document).1, "The scenario has more than 200000 objects.");
    let wrong: Vec<Value> = (0..5_000).map(|_| json!(1)).collect();
    assert_eq!(problems(&json!({"od_id": "a", "conversations": wrong})).len(), 200);
}

#[test]
fn od_t03_more_than_10_mb_are_refused() {
    let fits = |size: usize| {
        let mut bytes = br#"{"od_id": "a", "note": ""}"#.to_vec();
        let room = size - bytes.len();
        bytes.splice(bytes.len() - 2..bytes.len() - 2, std::iter::repeat_n(b'x', room));
        bytes
    };
    assert!(import(&fits(LARGEST_FILE)).is_ok());
    let problems = import(&fits(LARGEST_FILE + 1)).unwrap_err();
    assert!(problems[0].message.contains("10 MB"), "{}", problems[0].message);
}

#[test]
fn ten_megabytes_are_read_quickly() {
    let conversation = documented()["conversations"][0].to_string();
    let mut file = String::from(r#"{"od_id": "example_scenario", "conversations": ["#);
    let mut number = 0;
    while file.len() + conversation.len() + 100 < LARGEST_FILE {
        let renamed = conversation.replace("example_conversation", &format!("conversation_{number}"));
        file.push_str(if number == 0 { "" } else { "," });
        file.push_str(&renamed);
        number += 1;
    }
    file.push_str("]}");
    let began = std::time::Instant::now();
    let imported = import(file.as_bytes()).unwrap();
    assert_eq!(imported.scenario.conversations.len(), number);
    // The bar is a second in a release build; this one is neither, and the machine may be busy.
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_stored_document_is_read_back_or_says_why_not() {
    let scenario: dialogue::scenario::document::Scenario = serde_json::from_value(documented()).unwrap();
    assert_eq!(scenario, import_value(documented()).unwrap().scenario);
    let error = serde_json::from_str::<dialogue::scenario::document::Scenario>(r#"{"od_id": "a/b"}"#).unwrap_err();
    assert!(error.to_string().contains("od_id: The od_id field must not contain"), "{error}");
}
