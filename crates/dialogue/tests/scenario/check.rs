use std::time::{Duration, Instant};

use dialogue::scenario::{Problem, Severity, check, import_value};
use serde_json::{Value, json};

/// A scenario with nothing wrong: a greeting, a question that a button asks, and the global no match.
fn clean() -> Value {
    let say = |text: &str| json!([{"od_id": "m", "message_markup": format!("<message>{text}</message>")}]);
    let hello = "<text-message>Hello {user.first_name}</text-message><button-message><text>?</text>\
        <button><text>Hours</text><callback>user.hours</callback><value>topic.hours</value></button></button-message>";
    json!({"od_id": "shop", "interpreter": "examples",
        "interpreters": [{"name": "examples", "component_id": "interpreter.core.examples"}],
        "conversations": [
            {"od_id": "welcome", "behaviors": ["STARTING"], "scenes": [{"od_id": "hello", "behaviors": ["STARTING"], "turns": [
                {"od_id": "greet", "behaviors": ["STARTING"],
                 "request_intents": [{"od_id": "intent.core.welcome", "speaker": "USER"}],
                 "response_intents": [{"od_id": "app.hello", "speaker": "APP", "message_templates": say(hello)}]},
                {"od_id": "hours", "behaviors": ["OPEN"],
                 "request_intents": [{"od_id": "user.hours", "speaker": "USER", "sample_utterance": "When are you open?"}],
                 "response_intents": [{"od_id": "app.hours", "speaker": "APP", "behaviors": ["COMPLETING"],
                    "message_templates": say("<text-message>Always. {user.topic}</text-message>")}]}]}]},
            {"od_id": "no_match", "behaviors": ["STARTING"], "scenes": [{"od_id": "no_match", "behaviors": ["STARTING"], "turns": [
                {"od_id": "no_match", "behaviors": ["STARTING"],
                 "request_intents": [{"od_id": "intent.core.NoMatch", "speaker": "USER"}],
                 "response_intents": [{"od_id": "app.no_match", "speaker": "APP",
                    "message_templates": say("<text-message>Sorry?</text-message>")}]}]}]}]})
}

const GREET: &str = "/conversations/0/scenes/0/turns/0";
const HOURS: &str = "/conversations/0/scenes/0/turns/1";
const GREET_AT: &str = "conversations[0].scenes[0].turns[0]";
const HOURS_AT: &str = "conversations[0].scenes[0].turns[1]";

fn problems(document: &Value) -> Vec<Problem> {
    check(&import_value(document.clone()).unwrap().scenario)
}

/// What is found after one change to the clean scenario: severity, place, words.
fn found(pointer: &str, field: &str, value: Value) -> Vec<(Severity, String, String)> {
    let mut document = clean();
    document.pointer_mut(pointer).unwrap()[field] = value;
    tuples(problems(&document))
}

fn tuples(problems: Vec<Problem>) -> Vec<(Severity, String, String)> {
    assert!(problems.iter().all(|problem| !problem.remedy.is_empty()));
    problems.into_iter().map(|problem| (problem.severity, problem.path, problem.message)).collect()
}

/// That one thing was found.
#[track_caller]
fn assert_only(found: Vec<(Severity, String, String)>, severity: Severity, path: &str, message: &str) {
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].0, found[0].1.as_str()), (severity, path), "{found:#?}");
    assert!(found[0].2.contains(message), "{found:#?}");
}

#[test]
fn a_sound_scenario_has_no_problems() {
    assert_eq!(problems(&clean()), []);
}

#[test]
fn od_n35_same_speaker_twice_in_a_turn() {
    let response = json!([{"od_id": "app.ask", "speaker": "APP", "message_templates": [{"message_markup": "<message><text-message>And?</text-message></message>"}]}]);
    let greet = found(GREET, "request_intents", response);
    assert_only(
        greet,
        Severity::Error,
        &format!("{GREET_AT}.response_intents[0]"),
        "Two intents of APP follow each other: check your behavior.",
    );
}

#[test]
fn od_n35_same_speaker_across_a_transition() {
    let mut document = clean();
    let hours = document.pointer_mut(HOURS).unwrap();
    hours["response_intents"] = json!([]);
    document.pointer_mut(GREET).unwrap()["request_intents"][0]["transition"] = json!({"turn": "hours"});
    assert_only(
        tuples(problems(&document)),
        Severity::Error,
        &format!("{GREET_AT}.request_intents[0].transition"),
        "Two intents of USER follow each other: check your behavior.",
    );
}

#[test]
fn transitions_to_nowhere() {
    let at = format!("{GREET_AT}.response_intents[0].transition");
    let intent = format!("{GREET}/response_intents/0");
    for target in [
        json!({"conversation": "elsewhere"}),
        json!({"scene": "elsewhere"}),
        json!({"turn": "elsewhere"}),
        json!({"conversation": "no_match", "scene": "hello"}),
        json!({"conversation": "no_match", "turn": "no_match"}),
        json!({"conversation": "no_match", "scene": "$path:shop/welcome/hello"}),
    ] {
        assert_only(found(&intent, "transition", target), Severity::Error, &at, "leads nowhere");
    }
    for target in [
        json!({"conversation": "no_match"}),
        json!({"conversation": "no_match", "scene": "no_match", "turn": "no_match"}),
        json!({"turn": "hours"}),
        json!({"scene": "$path:shop/welcome/hello"}),
        json!({"turn": "$path:shop/no_match/no_match/no_match"}),
    ] {
        assert_eq!(found(&intent, "transition", target.clone()), [], "{target}");
    }
}

#[test]
fn transitions_to_where_nothing_starts() {
    let mut document = clean();
    let empty = json!({"od_id": "later", "scenes": [{"od_id": "later"}]});
    document["conversations"].as_array_mut().unwrap().push(empty);
    document.pointer_mut(GREET).unwrap()["response_intents"][0]["transition"] = json!({"conversation": "later"});
    let at = format!("{GREET_AT}.response_intents[0].transition");
    assert_only(tuples(problems(&document)), Severity::Error, &at, "where nothing starts");
}

#[test]
fn what_can_never_be_reached_is_told_once_at_its_highest_level() {
    assert_only(
        found(HOURS, "behaviors", json!([])),
        Severity::Warning,
        HOURS_AT,
        "The turn hours can never be reached.",
    );
    let mut document = clean();
    let island = document["conversations"][0]["scenes"][0].clone();
    document["conversations"].as_array_mut().unwrap().push(json!({"od_id": "island", "scenes": [island]}));
    let island = tuples(problems(&document));
    assert_only(island, Severity::Warning, "conversations[2]", "The conversation island can never be reached.");
    // A bridge to one of its turns reaches the open ones beside it.
    document.pointer_mut(HOURS).unwrap()["response_intents"][0]["transition"] =
        json!({"conversation": "island", "scene": "hello", "turn": "greet"});
    assert_eq!(problems(&document), []);
}

#[test]
fn a_scenario_needs_something_that_starts() {
    let mut document = clean();
    for conversation in document["conversations"].as_array_mut().unwrap() {
        conversation["behaviors"] = json!([]);
    }
    let all = tuples(problems(&document));
    assert_eq!((all[0].0, all[0].1.as_str()), (Severity::Error, "conversations"));
    assert!(all[0].2.starts_with("Nothing can start"));
    let no_scene = found("/conversations/1/scenes/0", "behaviors", json!([]));
    assert_only(no_scene, Severity::Warning, "conversations[1]", "without a starting scene");
    let no_turn = found("/conversations/1/scenes/0/turns/0", "behaviors", json!([]));
    assert_only(no_turn, Severity::Warning, "conversations[1].scenes[0]", "without a starting turn");
}

#[test]
fn intents_that_nobody_can_match() {
    let at = format!("{HOURS_AT}.request_intents[1]");
    let with = |interpreter: &str, extra: Value| {
        let mut document = clean();
        let mut intent = json!({"od_id": "user.map", "speaker": "USER", "interpreter": interpreter});
        intent.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        document.pointer_mut(HOURS).unwrap()["request_intents"].as_array_mut().unwrap().push(intent);
        tuples(problems(&document))
    };
    assert_only(with("", json!({})), Severity::Warning, &at, "it has no example");
    assert_eq!(with("", json!({"examples": ["Show me a map"]})), []);
    let callback = "interpreter.core.callbackInterpreter";
    let sample = json!({"sample_utterance": "A map"});
    assert_only(with(callback, sample.clone()), Severity::Warning, &at, "no button, form or virtual intent raises it");
    assert_only(
        with("mine", sample),
        Severity::Warning,
        &format!("{at}.interpreter"),
        "There is no interpreter mine here",
    );
}

#[test]
fn buttons_that_raise_nothing() {
    let mut document = clean();
    document.pointer_mut(HOURS).unwrap()["request_intents"][0]["od_id"] = json!("user.time");
    let at = format!("{GREET_AT}.response_intents[0].message_templates[0].message_markup");
    assert_only(tuples(problems(&document)), Severity::Warning, &at, "The callback user.hours is no intent");
}

#[test]
fn agents_that_say_nothing_and_actions_that_are_not_there() {
    let intent = format!("{HOURS}/response_intents/0");
    let at = format!("{HOURS_AT}.response_intents[0]");
    assert_only(found(&intent, "message_templates", Value::Null), Severity::Warning, &at, "It has no message");
    let at = format!("{at}.actions[1]");
    let used = json!(["action.core.datetime", "celebrate"]);
    assert_only(found(&intent, "actions", used), Severity::Error, &at, "There is no action celebrate.");
}

#[test]
fn actions_that_enter_no_flow() {
    // The component by itself has no settings.
    let bare = found(&format!("{HOURS}/response_intents/0"), "actions", json!(["action.core.enter_flow"]));
    let at = format!("{HOURS_AT}.response_intents[0].actions[0]");
    assert_only(bare, Severity::Error, &at, "cannot say which");

    let enters = |settings: Value, more: Value| {
        let mut document = clean();
        let mut action =
            json!({"name": "to_bank", "component_id": "action.core.enter_flow", "configuration": settings});
        action.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document["actions"] = json!([action]);
        document.pointer_mut(HOURS).unwrap()["request_intents"][0]["actions"] = json!(["to_bank"]);
        tuples(problems(&document))
    };
    let flow = "01a21592-4291-77f1-b6a0-6e92a7bd730c";
    for settings in [
        json!({"flow": flow}),
        json!({"flow": format!(" {flow} "), "parameters": {"seat": "{user.topic}"}}),
        json!({"flow": "{user.topic}", "parameters": null}),
    ] {
        assert_eq!(enters(settings.clone(), json!({})), [], "{settings}");
    }
    for settings in [json!({}), json!({"flow": ""}), json!({"flow": "bank"}), json!({"flow": 7}), json!({"flow": null})]
    {
        let found = enters(settings.clone(), json!({}));
        assert_only(found, Severity::Error, "actions[0].configuration.flow", "to_bank does not say which flow");
        assert_eq!(enters(settings, json!({"active": false})), [], "it never runs");
    }
    let found = enters(json!({"flow": flow, "parameters": ["seat"]}), json!({}));
    assert_only(found, Severity::Error, "actions[0].configuration.parameters", "no object");
}

#[test]
fn attributes_that_nothing_sets() {
    let condition = |attribute: &str| json!([{"operation": "is_set", "operationAttributes": [{"id": "attribute", "value": attribute}], "parameters": []}]);
    let at = format!("{HOURS_AT}.conditions");
    for (attribute, message) in [
        ("user.mood", "Nothing in the scenario sets user.mood."),
        ("mood", "Nothing in the scenario sets user.mood."),
        ("session.mood", "Nothing in the scenario sets session.mood."),
        ("weather.today", "There is no context weather."),
        ("history.mood", "There is no history.mood; history has transcript, intents, utterances."),
        ("_webhook.url", "can only be read in a webhook"),
    ] {
        assert_only(found(HOURS, "conditions", condition(attribute)), Severity::Warning, &at, message);
    }
    for attribute in ["user.topic", "seconds_since_last_seen", "_intent.anything", "global.phone", "history.transcript"]
    {
        assert_eq!(found(HOURS, "conditions", condition(attribute)), [], "{attribute}");
    }
    let intent = format!("{GREET}/request_intents/0");
    for (field, value) in [
        ("set_attributes", json!([{"attribute": "mood", "value": "good"}])),
        ("expected_attributes", json!([{"name": "mood"}])),
        ("actions", json!([{"od_id": "action.core.datetime", "output_attributes": {"mood": "session"}}])),
    ] {
        let mut document = clean();
        document.pointer_mut(&intent).unwrap()[field] = value;
        document.pointer_mut(HOURS).unwrap()["conditions"] = condition("mood");
        assert_eq!(problems(&document), [], "{field}");
    }
    let mut document = clean();
    document.pointer_mut(HOURS).unwrap()["conditions"] = condition("mood");
    document["attributes"] = json!([{"name": "mood", "type": "string"}]);
    assert_eq!(problems(&document), []);
}

#[test]
fn conditions_and_filters_that_do_not_compile() {
    let broken = json!([{"operation": "resembles", "operationAttributes": [{"id": "attribute", "value": "topic"}]}]);
    let at = format!("{HOURS_AT}.conditions[0].operation");
    assert_only(found(HOURS, "conditions", broken), Severity::Error, &at, "there is no operation `resembles`");
    let intent = format!("{GREET}/request_intents/0");
    let set = json!([{"attribute": "topic", "value": "{user.topic | sparkle}"}]);
    let at = format!("{GREET_AT}.request_intents[0].set_attributes[0].value");
    assert_only(found(&intent, "set_attributes", set), Severity::Error, &at, "there is no filter `sparkle`");
}

#[test]
fn markup_that_does_not_compile_or_is_odd() {
    let intent = format!("{HOURS}/response_intents/0");
    let at = format!("{HOURS_AT}.response_intents[0].message_templates[0].message_markup");
    let with = |markup: &str| found(&intent, "message_templates", json!([{"od_id": "m", "message_markup": markup}]));
    for (markup, message) in [
        ("<message><text-message>Open</message>", "message: "),
        ("<message><hologram-message/></message>", "Unknown message type \"hologram-message\""),
        ("<message><text-message>{user.topic | sparkle}</text-message></message>", "there is no filter `sparkle`"),
        (
            "<message><location-message><text>Where?</text><callback>user.hours</callback>\
          <attribute_name>harbour</attribute_name></location-message></message>",
            "answer in harbour, which is not declared",
        ),
    ] {
        assert_only(with(markup), Severity::Error, &at, message);
    }
    let unset = "<message><text-message>It is {user.weather} today.</text-message></message>";
    assert_only(with(unset), Severity::Warning, &at, "Nothing in the scenario sets user.weather.");
    let order = "<message><button-message><text>?</text><external>true</external><button><text>Hours</text>\
        <callback>user.hours</callback></button></button-message><text-message>After</text-message></message>";
    assert_only(with(order), Severity::Warning, &at, "should be the last message");
}

#[test]
fn virtual_intents_that_name_nothing_or_are_too_many() {
    let intent = format!("{GREET}/response_intents/0");
    let at = format!("{GREET_AT}.response_intents[0]");
    let one = |name: &str| json!({"speaker": "USER", "intent_id": name});
    assert_eq!(found(&intent, "virtual_intent", one("user.hours")), []);
    assert_only(found(&intent, "virtual_intent", one("user.moon")), Severity::Error, &at, "user.moon is no intent");
    let two = found(&intent, "virtual_intents", json!([one("user.hours"), one("intent.core.welcome")]));
    let at = format!("{at}.virtual_intents");
    assert_only(two, Severity::Warning, &at, "only the first is used");
}

#[test]
fn virtual_intents_that_chase_each_other() {
    // A chain of turns: step n answers and goes on with step n + 1.
    let chain = |steps: usize| {
        let mut document = clean();
        let turns = document.pointer_mut("/conversations/0/scenes/0/turns").unwrap().as_array_mut().unwrap();
        turns[0]["response_intents"][0]["virtual_intent"] = json!({"speaker": "USER", "intent_id": "step_1"});
        for step in 1..=steps {
            let mut answer = json!({"od_id": format!("app.step_{step}"), "speaker": "APP",
                "message_templates": [{"message_markup": "<message><text-message>On.</text-message></message>"}]});
            if step < steps {
                answer["virtual_intent"] = json!({"speaker": "USER", "intent_id": format!("step_{}", step + 1)});
            }
            turns.push(json!({"od_id": format!("step_{step}"), "behaviors": ["OPEN"],
                "request_intents": [{"od_id": format!("step_{step}"), "speaker": "USER"}], "response_intents": [answer]}));
        }
        tuples(problems(&document))
    };
    assert_eq!(chain(5), []);
    let at = format!("{GREET_AT}.response_intents[0]");
    assert_only(chain(6), Severity::Warning, &at, "More than 5 virtual intents");
    let itself = json!({"speaker": "USER", "intent_id": "intent.core.welcome"});
    let circle = found(&format!("{GREET}/response_intents/0"), "virtual_intent", itself);
    assert_only(circle, Severity::Warning, &at, "More than 5 virtual intents");
}

#[test]
fn one_example_for_two_intents_of_the_same_place() {
    let mut document = clean();
    let twin = json!({"od_id": "user.times", "speaker": "USER", "examples": ["opening times", "when are  you OPEN?"]});
    document.pointer_mut(HOURS).unwrap()["request_intents"].as_array_mut().unwrap().push(twin);
    let at = format!("{HOURS_AT}.request_intents[1]");
    assert_only(tuples(problems(&document)), Severity::Warning, &at, "is an example of user.hours too");
}

/// A scenario of about a thousand turns, each with a condition, two intents and two messages.
fn large(scenes: usize) -> Value {
    let mut document = clean();
    let scene = document["conversations"][0]["scenes"][0].clone();
    let list: Vec<Value> = (0..scenes)
        .map(|number| {
            let mut scene = scene.clone();
            scene["od_id"] = json!(format!("scene_{number}"));
            scene
        })
        .collect();
    document["conversations"][0]["scenes"] = Value::from(list);
    document
}

#[test]
fn checking_a_thousand_turns_is_quick() {
    let scenario = import_value(large(500)).unwrap().scenario;
    let began = Instant::now();
    assert_eq!(check(&scenario), []);
    // The bar is 100 ms in a release build; this one is neither, and the machine may be busy.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn the_cost_of_a_check_grows_with_the_document_only() {
    // The best of several, because the machine may be busy with other things.
    let time = |scenes: usize| {
        let scenario = import_value(large(scenes)).unwrap().scenario;
        let runs = (0..5).map(|_| {
            let began = Instant::now();
            assert_eq!(check(&scenario), []);
            began.elapsed()
        });
        runs.min().unwrap()
    };
    let (small, big) = (time(100), time(1000));
    assert!(big < small * 60, "ten times the size took {small:?} and then {big:?}");
}
