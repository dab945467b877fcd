//! What follows a matched intent (rows N10 to N15, N28 to N35, N45, N46).

use serde_json::json;

use super::stage::{
    Visitor, app, conversation, exchange, one_scene, scenario, scene, template, turn, user, when, with,
};
use crate::engine::ActionResult;

#[test]
fn od_n10_the_response_is_in_the_same_turn() {
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("a", &["STARTING"], "hi", "hello"),
        turn("b", &["STARTING", "OPEN"], vec![app("x", "other turn")], vec![]),
    ]));
    assert_eq!(visitor.press("hi"), ["hello"]);
}

#[test]
fn od_n11_of_several_responses_the_first_whose_conditions_pass() {
    let response = |od_id: &str, country: &str| {
        with(app(od_id, od_id), json!({"conditions": [when("user.country", "eq", country)]}))
    };
    let document = one_scene(vec![turn(
        "t",
        &["STARTING", "OPEN"],
        vec![user("hi")],
        vec![response("german", "DE"), response("french", "FR"), app("generic", "generic")],
    )]);
    for (country, expected) in [("DE", "german"), ("FR", "french"), ("PT", "generic")] {
        let mut visitor = Visitor::of(document.clone());
        let mut hi = model::inbound::Inbound::intent(model::inbound::Act::Button, "hi");
        hi.visitor.insert("country".into(), country.into());
        assert_eq!(visitor.does(hi), [expected]);
    }
}

#[test]
fn od_n12_cadence_change() {
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("start", &["STARTING"], "hi", "hello"),
        exchange("next", &["OPEN"], "order", "what?"),
    ]));
    assert_eq!(visitor.press("hi"), ["hello"]);
    assert_eq!(visitor.press("order"), ["what?"], "no response of the turn: open turns that the visitor opens");

    // The other way round: the visitor's intent has no response, and an open turn of the agent goes on.
    let mut visitor = Visitor::of(one_scene(vec![
        turn("start", &["STARTING"], vec![user("hi")], vec![]),
        turn("closed", &[], vec![app("closed", "closed")], vec![]),
        turn("ask", &["OPEN"], vec![app("ask", "your name?")], vec![user("name")]),
    ]));
    assert_eq!(visitor.press("hi"), ["your name?"]);
}

fn two_places(transition: serde_json::Value) -> serde_json::Value {
    let going = with(user("go"), json!({"transition": transition}));
    let target = conversation(
        "c2",
        &[],
        vec![
            scene(
                "first",
                &["STARTING"],
                vec![
                    turn("plain", &[], vec![app("p", "plain turn")], vec![]),
                    turn("start", &["STARTING"], vec![app("s", "starting turn")], vec![]),
                ],
            ),
            scene("second", &[], vec![turn("start", &["STARTING"], vec![app("o", "other scene")], vec![])]),
        ],
    );
    let home = scene("sc", &["STARTING"], vec![turn("t", &["STARTING"], vec![going], vec![app("r", "response")])]);
    scenario(vec![conversation("c", &["STARTING"], vec![home]), target])
}

#[test]
fn od_n13_a_transition_goes_to_its_target_and_the_opposite_participant_answers() {
    let to = json!({"conversation": "c2", "scene": "first", "turn": "plain"});
    assert_eq!(Visitor::of(two_places(to)).press("go"), ["plain turn"]);

    // On the agent's intent: the visitor's next utterance is matched at the target.
    let leading = with(app("bye", "go on"), json!({"transition": {"turn": "there"}}));
    let mut visitor = Visitor::of(one_scene(vec![
        turn("t", &["STARTING"], vec![user("hi")], vec![leading]),
        exchange("there", &[], "yes", "arrived"),
        exchange("elsewhere", &[], "yes", "wrong place"),
    ]));
    assert_eq!(visitor.press("hi"), ["go on"]);
    assert_eq!(visitor.press("yes"), ["arrived"]);
}

#[test]
fn od_n14_a_transition_to_a_scene_or_conversation_considers_starting_turns() {
    assert_eq!(Visitor::of(two_places(json!({"conversation": "c2"}))).press("go"), ["starting turn"]);
    let scene = json!({"conversation": "c2", "scene": "second"});
    assert_eq!(Visitor::of(two_places(scene)).press("go"), ["other scene"]);
    let path = json!({"conversation": "$path:s/c2", "scene": "$path:s/c2/first"});
    assert_eq!(Visitor::of(two_places(path)).press("go"), ["starting turn"]);
}

#[test]
fn od_n15_after_completing_the_next_utterance_starts_from_the_scenario() {
    let bye = with(app("bye", "bye"), json!({"behaviors": ["COMPLETING"]}));
    let mut visitor = Visitor::of(one_scene(vec![
        turn("t", &["STARTING"], vec![user("hi")], vec![app("hello", "hello")]),
        turn("end", &["OPEN"], vec![user("end")], vec![bye]),
    ]));
    visitor.press("hi");
    assert_eq!(visitor.press("end"), ["bye"]);
    assert!(visitor.at_start());
    assert!(visitor.last.as_ref().unwrap().closed);
    assert!(visitor.press("end").is_empty(), "not on the starting path");
    assert_eq!(visitor.press("hi"), ["hello"]);

    // On a visitor's intent: the agent may still answer.
    let leaving = with(user("end"), json!({"behaviors": ["COMPLETING"]}));
    let mut visitor = Visitor::of(one_scene(vec![turn("t", &["STARTING"], vec![leaving], vec![app("a", "bye")])]));
    assert_eq!(visitor.press("end"), ["bye"]);
    assert!(visitor.last.as_ref().unwrap().closed);
}

/// An action that writes what its configuration says, or fails.
fn writing(
    component: &str,
    configuration: &serde_json::Map<String, serde_json::Value>,
) -> Result<ActionResult, String> {
    if component == "action.fail" {
        return Err("broken".into());
    }
    Ok(ActionResult {
        outputs: configuration.iter().map(|(name, value)| (None, name.clone(), value.clone())).collect(),
    })
}

fn actions(list: serde_json::Value) -> serde_json::Value {
    json!({"actions": list})
}

fn configured(name: &str, configuration: serde_json::Value) -> serde_json::Value {
    json!({"name": name, "component_id": "action.write", "configuration": configuration})
}

#[test]
fn od_n28_actions_of_a_users_intent_run_before_the_response_is_chosen() {
    let asked = with(user("hi"), actions(json!(["mark"])));
    let vip = with(app("vip", "welcome back"), json!({"conditions": [when("user.vip", "is_true", "")]}));
    let document = with(
        one_scene(vec![turn("t", &["STARTING"], vec![asked], vec![vip, app("usual", "hello")])]),
        actions(json!([configured("mark", json!({"vip": true}))])),
    );
    assert_eq!(Visitor::of(document).acting(writing).press("hi"), ["welcome back"]);
}

#[test]
fn od_n29_actions_of_an_agents_intent_run_before_its_message_is_chosen_and_after_its_conditions() {
    let templates = json!([
        template("plain", "plain"),
        with(template("marked", "marked {user.mark}"), json!({"conditions": [when("user.mark", "is_set", "")]})),
    ]);
    let answer = with(app("a", ""), json!({"actions": ["mark"], "message_templates": templates}));
    let unmarked = with(answer, json!({"conditions": [when("user.mark", "is_not_set", "")]}));
    let document = with(
        one_scene(vec![turn("t", &["STARTING"], vec![user("hi")], vec![unmarked])]),
        actions(json!([configured("mark", json!({"mark": "x"}))])),
    );
    assert_eq!(Visitor::of(document).acting(writing).press("hi"), ["marked x"]);
}

#[test]
fn od_n30_an_action_sees_the_outputs_of_the_one_before() {
    let asked = with(user("hi"), actions(json!(["one", "two"])));
    let document = with(
        one_scene(vec![turn("t", &["STARTING"], vec![asked], vec![app("a", "{user.b}")])]),
        actions(json!([configured("one", json!({"a": 1})), configured("two", json!({"b": "{user.a} and {user.a}"}))])),
    );
    assert_eq!(Visitor::of(document).acting(writing).press("hi"), ["1 and 1"]);
}

#[test]
fn od_n31_outputs_go_to_user_unless_the_intent_says_otherwise() {
    let used = json!([{"od_id": "one", "output_attributes": {"b": "session"}}]);
    let asked = with(user("hi"), actions(used));
    let document = with(
        one_scene(vec![turn("t", &["STARTING"], vec![asked], vec![app("a", "{user.a}{user.b}{session.b}")])]),
        actions(json!([configured("one", json!({"a": 1, "b": 2}))])),
    );
    let mut visitor = Visitor::of(document).acting(writing);
    assert_eq!(visitor.press("hi"), ["12"]);
    assert_eq!(visitor.knows("a"), json!(1));
    assert_eq!(visitor.knows("b"), json!(null));
}

#[test]
fn od_n32_a_failed_action_does_not_stop_the_turn() {
    let asked = with(user("hi"), actions(json!(["fails", "works"])));
    let both = json!([
        {"name": "fails", "component_id": "action.fail"},
        configured("works", json!({"a": "done"})),
        {"name": "off", "component_id": "action.write", "active": false, "configuration": {"a": "never"}},
    ]);
    let document = with(
        one_scene(vec![
            turn(
                "t",
                &["STARTING"],
                vec![asked],
                vec![with(app("a", "{user.a} {user.action_success}"), actions(json!(["fails"])))],
            ),
            turn(
                "off",
                &["OPEN"],
                vec![with(user("off"), actions(json!(["off"])))],
                vec![app("b", "{user.a} {user.action_success}")],
            ),
        ]),
        actions(both),
    );
    let mut visitor = Visitor::of(document).acting(writing);
    assert_eq!(visitor.press("hi"), ["done false"]);
    assert_eq!(visitor.knows("action_success"), json!(false));
    // An action that is not active cannot be run (row OD-X16).
    assert_eq!(visitor.press("off"), ["done false"]);
    assert!(visitor.needs.is_empty());
}

fn chain(length: usize) -> serde_json::Value {
    let link = |at: usize| {
        let said = app(&format!("a{at}"), &format!("message {at}"));
        let said = if at < length {
            with(said, json!({"virtual_intent": {"speaker": "USER", "intent_id": format!("u{}", at + 1)}}))
        } else {
            said
        };
        turn(
            &format!("t{at}"),
            if at == 0 { &["STARTING"] } else { &["OPEN"] },
            vec![user(&format!("u{at}"))],
            vec![said],
        )
    };
    one_scene((0..=length).map(link).collect())
}

#[test]
fn od_n33_a_virtual_intent_appends_the_next_messages_to_the_same_response() {
    let mut visitor = Visitor::of(chain(1));
    assert_eq!(visitor.press("u0"), ["message 0", "message 1"]);
    // The visitor's own intent stays the one that was heard.
    assert_eq!(&*visitor.last.unwrap().heard.unwrap().0, "u0");
}

#[test]
fn od_n34_five_virtual_intents_follow_one_another_and_a_sixth_does_not() {
    assert_eq!(Visitor::of(chain(5)).press("u0").len(), 6);
    let mut visitor = Visitor::of(chain(6));
    assert_eq!(visitor.press("u0").len(), 6);
    assert_eq!(visitor.press("u6"), ["message 6"], "the conversation goes on where the chain stopped");
}

#[test]
fn od_n45_the_template_with_the_most_passing_conditions_is_chosen() {
    let variant = |od_id: &str, conditions: Vec<serde_json::Value>| {
        with(template(od_id, od_id), json!({"conditions": conditions}))
    };
    let set = |name: &str| when(name, "is_set", "");
    let templates = json!([
        variant("none", vec![]),
        variant("one", vec![set("a")]),
        variant("two", vec![set("a"), set("b")]),
        variant("two again", vec![set("a"), set("b")]),
        variant("fails", vec![set("a"), set("b"), set("c")]),
    ]);
    let answer = with(app("a", ""), json!({"message_templates": templates}));
    let document = one_scene(vec![turn("t", &["STARTING", "OPEN"], vec![user("hi")], vec![answer])]);
    let mut visitor = Visitor::of(document);
    assert_eq!(visitor.press("hi"), ["none"]);
    let mut known = model::inbound::Inbound::intent(model::inbound::Act::Button, "hi");
    known.visitor.extend([("a".to_owned(), json!(1)), ("b".to_owned(), json!(2))]);
    assert_eq!(visitor.does(known), ["two"]);
}

#[test]
fn od_m32_of_two_variants_the_one_whose_condition_holds_is_shown() {
    let variant = |od_id: &str, text: &str, operation: &str| {
        with(template(od_id, text), json!({"conditions": [when("user.seconds_since_last_seen", operation, 0)]}))
    };
    let templates = json!([variant("new", "Welcome", "eq"), variant("back", "Welcome back", "gt")]);
    let answer = with(app("a", ""), json!({"message_templates": templates}));
    let mut visitor = Visitor::of(one_scene(vec![turn("t", &["STARTING", "OPEN"], vec![user("hi")], vec![answer])]));
    assert_eq!(visitor.press("hi"), ["Welcome"]);
    assert_eq!(visitor.press("hi"), ["Welcome back"]);
    let said = &visitor.last.as_ref().unwrap().said[0].message;
    assert_eq!((said.template.as_str(), said.intent.as_str()), ("back", "a"));
}

#[test]
fn od_n46_an_intent_without_a_message_says_so() {
    let silent = with(app("app.x", ""), json!({"message_templates": []}));
    let mut visitor = Visitor::of(one_scene(vec![turn("t", &["STARTING"], vec![user("hi")], vec![silent])]));
    assert_eq!(visitor.press("hi"), ["No messages found for intent app.x"]);
    let never = json!([with(template("m", "text"), json!({"conditions": [when("user.a", "is_set", "")]}))]);
    let closed = with(app("app.x", ""), json!({"message_templates": never}));
    let mut visitor = Visitor::of(one_scene(vec![turn("t", &["STARTING"], vec![user("hi")], vec![closed])]));
    assert_eq!(visitor.press("hi"), ["No messages with passing conditions found for intent app.x"]);
}

#[test]
fn od_m24_a_message_that_fills_an_unregistered_attribute_is_not_shown_and_counts_as_no_match() {
    let markup = "<message><location-message><text>where?</text><callback>x</callback>\
                  <attribute_name>home</attribute_name><api_key>k</api_key></location-message></message>";
    let asking =
        with(app("a", ""), json!({"message_templates": [{"od_id": "m", "name": "m", "message_markup": markup}]}));
    let turns = vec![
        turn("t", &["STARTING", "OPEN"], vec![user("hi")], vec![asking]),
        exchange("none", &["OPEN"], "intent.core.TurnNoMatch", "no match"),
    ];
    assert_eq!(Visitor::of(one_scene(turns.clone())).press("hi"), ["no match"]);
    let declared = with(one_scene(turns), json!({"attributes": [{"name": "home", "type": "location"}]}));
    assert_ne!(Visitor::of(declared).press("hi"), ["no match"]);
}
