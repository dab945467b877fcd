//! Where rules meet: cases that the rows imply and that are easy to get wrong.

use model::inbound::{Act, Inbound};
use serde_json::{Value, json};

use super::stage::{
    Visitor, app, conversation, exchange, meaning, means, one_scene, scenario, scene, turn, user, when, with,
};
use crate::engine::Interpretation;

fn closed(intent: Value) -> Value {
    with(intent, json!({"conditions": [when("user.never", "is_true", "")]}))
}

#[test]
fn od_n19_a_search_that_fails_leaves_the_conversation_where_it_was() {
    let elsewhere = turn("t", &[], vec![user("intent.core.ConversationNoMatch")], vec![closed(app("a", "never"))]);
    let mut visitor = Visitor::of(scenario(vec![
        conversation(
            "c",
            &["STARTING"],
            vec![scene(
                "sc",
                &["STARTING"],
                vec![
                    exchange("start", &["STARTING"], "hi", "hello"),
                    exchange("faq", &["OPEN"], "faq", "answer"),
                    turn("lost", &["OPEN"], vec![with(user("go"), json!({"transition": {"turn": "dead"}}))], vec![]),
                    turn("dead", &[], vec![closed(app("x", "never"))], vec![]),
                ],
            )],
        ),
        conversation("other", &[], vec![scene("sc", &[], vec![elsewhere])]),
    ]));
    visitor.press("hi");
    let before = visitor.session.position.clone();
    for lost in ["gibberish", "go"] {
        assert!(visitor.press(lost).is_empty());
        assert_eq!(visitor.session.position, before, "{lost}");
    }
    assert_eq!(visitor.press("faq"), ["answer"]);
}

#[test]
fn od_c07_conditions_see_where_the_conversation_stands() {
    let here = json!({"conditions": [when("conversation.current_scene | select id", "eq", "sc")]});
    let conditioned =
        with(exchange("faq", &["OPEN"], "faq", "{conversation.current_message_template | select id}"), here);
    let mut visitor = Visitor::of(one_scene(vec![exchange("start", &["STARTING"], "hi", "hello"), conditioned]));
    visitor.press("hi");
    assert_eq!(visitor.press("faq"), ["m"]);
}

#[test]
fn od_n13_only_the_targets_own_requests_answer_a_transition() {
    let going = || with(user("go"), json!({"transition": {"turn": "there"}}));
    let interrupting = || turn("open", &["OPEN"], vec![app("x", "not asked")], vec![]);
    // The visitor is to speak at the target: nobody interrupts.
    let mut visitor = Visitor::of(one_scene(vec![
        turn("t", &["STARTING"], vec![going()], vec![]),
        exchange("there", &[], "yes", "arrived"),
        interrupting(),
    ]));
    assert!(visitor.press("go").is_empty());
    assert_eq!(visitor.press("yes"), ["arrived"]);
    // The agent has nothing that may be said at the target: no match, although visitors may speak elsewhere.
    let mut visitor = Visitor::of(one_scene(vec![
        turn("t", &["STARTING"], vec![going()], vec![]),
        turn("there", &[], vec![closed(app("a", "never"))], vec![]),
        exchange("none", &["OPEN"], "intent.core.TurnNoMatch", "no match"),
    ]));
    assert_eq!(visitor.press("go"), ["no match"]);
}

#[test]
fn od_n15_a_virtual_intent_after_completing_starts_from_the_scenario() {
    let leaving = with(user("leave"), json!({"behaviors": ["COMPLETING"]}));
    let bye = with(app("bye", "bye"), json!({"virtual_intent": {"speaker": "USER", "intent_id": "menu"}}));
    let mut visitor = Visitor::of(one_scene(vec![
        turn("t", &["STARTING"], vec![leaving], vec![bye]),
        exchange("menu", &["STARTING"], "menu", "pick one"),
        exchange("pick", &["OPEN"], "pick", "picked"),
    ]));
    assert_eq!(visitor.press("leave"), ["bye", "pick one"]);
    assert!(!visitor.last.as_ref().unwrap().closed, "a new conversation has begun");
    assert_eq!(visitor.press("pick"), ["picked"]);
}

#[test]
fn od_n25_a_closed_turn_does_not_handle_a_no_match_either() {
    let asking = with(
        turn("ask", &[], vec![app("q", "your name?")], vec![user("intent.core.TurnNoMatch")]),
        json!({"conditions": [when("user.done", "is_not_set", "")]}),
    );
    let going = with(user("hi"), json!({"transition": {"turn": "ask"}}));
    let listening = exchange("sorry", &["OPEN"], "sorry", "sorry?");
    let mut visitor = Visitor::of(one_scene(vec![turn("t", &["STARTING"], vec![going], vec![]), asking, listening]));
    assert_eq!(visitor.press("hi"), ["your name?"]);
    let mut done = Inbound::text("gibberish");
    done.visitor.insert("done".into(), true.into());
    visitor.does(done);
    assert!(visitor.last.as_ref().unwrap().heard.is_none());
}

#[test]
fn od_n22_a_followed_link_does_not_keep_the_session_alive() {
    let turns = vec![
        exchange("t", &["STARTING", "OPEN"], "hi", "hello"),
        exchange("gone", &["OPEN"], "intent.core.TurnSessionExpired", "expired"),
    ];
    let mut visitor = Visitor::of(one_scene(turns.clone()));
    let mut hi = Inbound::intent(Act::Button, "hi");
    hi.visitor.insert("session_lifetime".into(), json!(60));
    visitor.does(hi.clone());
    visitor.waits(120);
    assert!(visitor.does(Inbound::new(Act::Link)).is_empty());
    assert_eq!(visitor.press("hi"), ["expired"]);

    let mut visitor = Visitor::of(one_scene(turns));
    hi.visitor.insert("session_lifetime".into(), json!(1.5));
    visitor.does(hi);
    assert_eq!(visitor.press("hi"), ["hello"], "a second is less than one and a half");
}

#[test]
fn what_a_contact_may_hold_is_bounded() {
    let mut visitor = Visitor::of(one_scene(vec![exchange("t", &["STARTING", "OPEN"], "hi", "ok")]));
    for round in 0..3 {
        let mut inbound = Inbound::intent(Act::Button, "hi");
        inbound.visitor.extend((0..300).map(|n| (format!("a{round}_{n}"), json!(n))));
        inbound.visitor.insert("big".into(), "x".repeat(100_000).into());
        assert_eq!(visitor.does(inbound), ["ok"]);
    }
    assert_eq!(visitor.contact.attributes.len(), 500);
    assert_eq!(visitor.knows("big"), Value::Null);
    let journal = serde_json::to_string(&visitor.last.as_ref().unwrap().journal).unwrap();
    assert!(journal.contains("too large") && journal.contains("as many attributes"));
}

#[test]
fn od_c05_the_present_intent_is_in_the_history() {
    let asked = with(user("greet"), json!({"interpreter": "nlu"}));
    let answer = app("a", "{history.intents | where participant user | last}");
    let mut visitor = Visitor::of(one_scene(vec![turn("t", &["STARTING"], vec![asked], vec![answer])]))
        .understood(|_, _| Ok(means("greet", 1.0)));
    assert_eq!(visitor.types("good morning"), ["greet"]);
}

#[test]
fn od_n33_a_virtual_control_climbs_its_ladder() {
    let leaving =
        with(app("a", "ending"), json!({"virtual_intent": {"speaker": "USER", "intent_id": "intent.core.endChat"}}));
    let mut visitor = Visitor::of(one_scene(vec![
        turn("t", &["STARTING"], vec![user("hi")], vec![leaving]),
        exchange("end", &[], "intent.core.TurnEndChat", "ended"),
    ]));
    assert_eq!(visitor.press("hi"), ["ending", "ended"]);
}

#[test]
fn od_n44_an_agents_intent_sets_values_before_its_actions_run() {
    let document = with(
        one_scene(vec![turn(
            "t",
            &["STARTING"],
            vec![user("hi")],
            vec![with(
                app("a", "{user.copy}"),
                json!({"set_attributes": [{"attribute": "session.n", "value": "7"}], "actions": ["copy"]}),
            )],
        )]),
        json!({"attributes": [{"name": "n", "type": "whole_number"}],
               "actions": [{"name": "copy", "component_id": "c", "configuration": {"copy": "{session.n}"}}]}),
    );
    let mut visitor = Visitor::of(document).acting(|_, configuration| {
        assert_eq!(configuration["copy"], json!(7), "declared types hold in every context");
        Ok(crate::engine::ActionResult { outputs: vec![(None, "copy".into(), configuration["copy"].clone())] })
    });
    assert_eq!(visitor.press("hi"), ["7"]);
}

#[test]
fn of_two_intents_with_the_same_example_the_available_one_is_meant() {
    let asked = |name: &str| with(user(name), json!({"interpreter": "nlu", "confidence": 0.7}));
    let both =
        |_: &str, _: &str| Ok(Interpretation { intents: vec![meaning("yes.cancel", 1.0), meaning("yes.order", 1.0)] });
    let mut visitor = Visitor::of(one_scene(vec![
        turn("a", &["STARTING"], vec![asked("yes.order")], vec![app("x", "ordered")]),
        turn("b", &["OPEN"], vec![asked("yes.cancel")], vec![app("y", "cancelled")]),
    ]))
    .understood(both);
    assert_eq!(visitor.types("yes"), ["ordered"]);
    assert_eq!(visitor.types("yes"), ["cancelled"]);
}
