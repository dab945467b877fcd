//! Which of the visitor's intents is meant (rows N01 to N09, N38 to N41).

use serde_json::{Map, json};

use super::stage::{
    Visitor, app, conversation, exchange, meaning, means, one_scene, scenario, scene, turn, user, with,
};
use crate::engine::{Interpretation, Interpreted};

#[test]
fn od_n01_first_utterance_considers_only_the_starting_path() {
    let hidden = |od_id: &str, behaviors: &[&str]| {
        conversation(od_id, behaviors, vec![scene("x", &["STARTING"], vec![exchange("t", &["STARTING"], "hi", od_id)])])
    };
    let mut visitor = Visitor::of(scenario(vec![hidden("first", &[]), hidden("second", &["STARTING"])]));
    assert_eq!(visitor.press("hi"), ["second"]);

    let mut visitor = Visitor::of(scenario(vec![conversation(
        "c",
        &["STARTING"],
        vec![
            scene("a", &[], vec![exchange("t", &["STARTING"], "hi", "not starting")]),
            scene("b", &["STARTING"], vec![exchange("t", &["STARTING"], "hi", "starting")]),
        ],
    )]));
    assert_eq!(visitor.press("hi"), ["starting"]);
}

#[test]
fn od_n02_a_turn_that_does_not_start_is_not_entered_first() {
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("start", &["STARTING"], "hi", "hello"),
        exchange("plain", &[], "plain", "never"),
        exchange("open", &["OPEN"], "open", "not yet"),
        exchange("global", &["STARTING"], "intent.core.NoMatch", "no match"),
    ]));
    assert_eq!(visitor.press("plain"), ["no match"]);
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("start", &["STARTING"], "hi", "hello"),
        exchange("open", &["OPEN"], "open", "not yet"),
    ]));
    assert!(visitor.press("open").is_empty());
}

#[test]
fn od_n03_an_open_turn_is_reachable_from_any_later_point() {
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("start", &["STARTING"], "hi", "hello"),
        exchange("faq", &["OPEN"], "faq", "answer"),
        exchange("faq2", &["OPEN"], "faq2", "answer 2"),
    ]));
    visitor.press("hi");
    assert_eq!(visitor.press("faq"), ["answer"]);
    assert_eq!(visitor.press("faq2"), ["answer 2"]);
    assert_eq!(visitor.press("faq2"), ["answer 2"]);
    assert_eq!(visitor.press("faq"), ["answer"]);
}

#[test]
fn od_n03_open_turns_wait_until_the_starting_turn_is_over() {
    let starting = turn("ask", &["STARTING"], vec![app("what", "your name?")], vec![user("name")]);
    let later = turn("more", &["OPEN"], vec![app("age", "your age?")], vec![user("years")]);
    let form = scene("form", &["STARTING"], vec![starting, later, exchange("faq", &["OPEN"], "faq", "answer")]);
    let begin = with(user("hi"), json!({"transition": {"conversation": "c2", "scene": "form"}}));
    let mut visitor = Visitor::of(scenario(vec![
        conversation(
            "c",
            &["STARTING"],
            vec![scene("sc", &["STARTING"], vec![turn("t", &["STARTING"], vec![begin], vec![])])],
        ),
        conversation("c2", &[], vec![form]),
    ]));
    assert_eq!(visitor.press("hi"), ["your name?"]);
    assert!(visitor.press("faq").is_empty(), "the starting turn still waits for its answer");
    assert_eq!(visitor.press("name"), ["your age?"]);
    assert_eq!(visitor.press("faq"), ["answer"], "no longer a starting turn");
}

#[test]
fn od_n04_a_starting_turn_is_not_entered_again() {
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("start", &["STARTING"], "hi", "hello"),
        exchange("open", &["OPEN"], "faq", "answer"),
        exchange("none", &["OPEN"], "intent.core.TurnNoMatch", "what?"),
    ]));
    assert_eq!(visitor.press("hi"), ["hello"]);
    assert_eq!(visitor.press("hi"), ["what?"]);
    visitor.press("faq");
    assert_eq!(visitor.press("hi"), ["what?"]);
}

#[test]
fn od_n05_a_turn_that_is_open_and_starting_is_always_reachable() {
    let mut visitor = Visitor::of(one_scene(vec![
        exchange("both", &["STARTING", "OPEN"], "hi", "hello"),
        exchange("other", &["OPEN"], "faq", "answer"),
    ]));
    assert_eq!(visitor.press("hi"), ["hello"]);
    assert_eq!(visitor.press("hi"), ["hello"]);
    assert_eq!(visitor.press("faq"), ["answer"]);
    assert_eq!(visitor.press("hi"), ["hello"]);
}

fn classified(confidence: serde_json::Value) -> serde_json::Value {
    let asked = with(user("order"), json!({"confidence": confidence, "interpreter": "nlu"}));
    one_scene(vec![turn("t", &["STARTING"], vec![asked], vec![app("a", "matched")])])
}

#[test]
fn od_n06_confidence_below_the_threshold_does_not_match() {
    let mut visitor = Visitor::of(classified(json!(0.7))).understood(|_, _| Ok(means("order", 0.6)));
    assert!(visitor.types("my order").is_empty());
    let mut visitor = Visitor::of(classified(json!(0.7))).understood(|_, _| Ok(means("order", 0.7)));
    assert_eq!(visitor.types("my order"), ["matched"]);
}

fn two_intents(ranking: &str) -> serde_json::Value {
    let asked = |name: &str| with(user(name), json!({"confidence": 0.3, "interpreter": "nlu"}));
    with(
        one_scene(vec![
            turn("a", &["STARTING"], vec![asked("first")], vec![app("x", "first")]),
            turn("b", &["STARTING"], vec![asked("second")], vec![app("y", "second")]),
        ]),
        json!({"interpreters": [{"name": "nlu", "component_id": "interpreter.core.other",
                                 "configuration": {"ranking": ranking}}]}),
    )
}

#[test]
fn od_n07_of_two_matching_intents_the_first_in_the_design_wins() {
    let both = |_: &str, _: &str| Ok(Interpretation { intents: vec![meaning("second", 0.9), meaning("first", 0.4)] });
    assert_eq!(Visitor::of(two_intents("design_order")).understood(both).types("?"), ["first"]);
    assert_eq!(Visitor::of(two_intents("")).understood(both).types("?"), ["first"]);
}

#[test]
fn od_n08_a_sub_intent_beats_an_earlier_intent() {
    let ranked = |_: &str, _: &str| {
        let sub = meaning("second", 1.0);
        let parent = Interpreted { rank: 1, ..meaning("first", 1.0) };
        Ok(Interpretation { intents: vec![parent, sub] })
    };
    assert_eq!(Visitor::of(two_intents("")).understood(ranked).types("?"), ["second"]);
}

#[test]
fn od_n09_ranking_by_confidence_then_by_number_of_attributes() {
    let both = |_: &str, _: &str| Ok(Interpretation { intents: vec![meaning("first", 0.4), meaning("second", 0.9)] });
    assert_eq!(Visitor::of(two_intents("confidence")).understood(both).types("?"), ["second"]);
    let tie = |_: &str, _: &str| {
        let attributes = Map::from_iter([("place".to_owned(), json!("Kiel"))]);
        let richer = Interpreted { attributes, ..meaning("second", 0.9) };
        Ok(Interpretation { intents: vec![meaning("first", 0.9), richer] })
    };
    assert_eq!(Visitor::of(two_intents("confidence")).understood(tie).types("?"), ["second"]);
    let equal = |_: &str, _: &str| Ok(Interpretation { intents: vec![meaning("second", 0.9), meaning("first", 0.9)] });
    assert_eq!(Visitor::of(two_intents("confidence")).understood(equal).types("?"), ["first"]);
}

#[test]
fn od_n38_an_intent_without_an_interpreter_uses_the_nearest_one_above() {
    let levels = ["scenario", "conversation", "scene", "turn", "intent"];
    for deepest in 0..levels.len() {
        let interpreter = |level: usize| if level <= deepest { levels[level] } else { "" };
        let asked = with(user("order"), json!({"interpreter": interpreter(4)}));
        let turn =
            with(turn("t", &["STARTING"], vec![asked], vec![app("a", "ok")]), json!({"interpreter": interpreter(3)}));
        let scene = with(scene("sc", &["STARTING"], vec![turn]), json!({"interpreter": interpreter(2)}));
        let conversation = with(conversation("c", &["STARTING"], vec![scene]), json!({"interpreter": interpreter(1)}));
        let document = with(scenario(vec![conversation]), json!({"interpreter": interpreter(0)}));
        let expected = levels[deepest];
        let mut visitor = Visitor::of(document)
            .understood(move |name, _| if name == expected { Ok(means("order", 1.0)) } else { Err(name.into()) });
        assert_eq!(visitor.types("?"), ["ok"], "{expected}");
    }
}

#[test]
fn od_n39_the_priority_interpreters_intents_are_tried_first() {
    let asked = |name: &str, interpreter: &str| with(user(name), json!({"interpreter": interpreter}));
    let document = || {
        let scene = scene(
            "sc",
            &["STARTING"],
            vec![
                turn("a", &["STARTING"], vec![asked("usual", "low")], vec![app("x", "usual")]),
                turn("b", &["STARTING"], vec![asked("urgent", "high")], vec![app("y", "urgent")]),
            ],
        );
        with(scenario(vec![conversation("c", &["STARTING"], vec![scene])]), json!({"priority_interpreter": "high"}))
    };
    let mut visitor = Visitor::of(document()).understood(|name, _| {
        assert_eq!(name, "high", "the other is not run when the priority one matches");
        Ok(means("urgent", 1.0))
    });
    assert_eq!(visitor.types("help"), ["urgent"]);
    let mut visitor =
        Visitor::of(document()).understood(|name, _| Ok(means(if name == "low" { "usual" } else { "none" }, 1.0)));
    assert_eq!(visitor.types("hello"), ["usual"]);
}

#[test]
fn od_n40_an_interpreter_that_fails_matches_nothing() {
    let document = with(classified(json!(0.5)), json!({}));
    let mut visitor = Visitor::of(document).understood(|_, _| Err("out of order".into()));
    assert!(visitor.types("my order").is_empty());
    let journal = serde_json::to_value(&visitor.last.unwrap().journal).unwrap();
    assert!(journal.to_string().contains("out of order"), "{journal}");
}

#[test]
fn od_n41_a_named_intent_matches_with_confidence_one() {
    let mut visitor = Visitor::of(classified(json!(1))).understood(|_, _| panic!("nothing is to be interpreted"));
    assert_eq!(visitor.press("order"), ["matched"]);
    let mut visitor = Visitor::of(one_scene(vec![exchange("t", &["STARTING"], "order", "matched")]));
    assert_eq!(visitor.press("order"), ["matched"]);
    assert!(visitor.types("order").is_empty(), "free text names no intent");
}
