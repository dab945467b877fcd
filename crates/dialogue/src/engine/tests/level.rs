//! Conditions on each level, positions of several visitors (rows N24 to N26, N36).

use model::inbound::{Act, Inbound};
use serde_json::{Map, json};

use super::stage::{Visitor, app, conversation, exchange, meaning, one_scene, scenario, scene, turn, user, when, with};
use crate::engine::{Interpretation, Interpreted};

fn knowing(intent: &str, name: &str, value: serde_json::Value) -> Inbound {
    let mut inbound = Inbound::intent(Act::Button, intent);
    inbound.visitor.insert(name.to_owned(), value);
    inbound
}

#[test]
fn od_n24_a_condition_on_the_scenario_chooses_whether_it_answers() {
    let document = with(
        one_scene(vec![exchange("t", &["STARTING"], "hi", "hello")]),
        json!({"conditions": [when("user.selected_scenario", "eq", "$path:s")]}),
    );
    let mut visitor = Visitor::of(document.clone());
    assert!(visitor.press("hi").is_empty());
    assert!(visitor.does(knowing("hi", "selected_scenario", json!("another"))).is_empty());
    // The reference to the scenario itself stands for the agent's id.
    assert_eq!(visitor.does(knowing("hi", "selected_scenario", json!("agent-1"))), ["hello"]);
}

#[test]
fn od_n25_a_false_condition_hides_its_branch() {
    let gate = json!({"conditions": [when("user.open", "is_true", "")]});
    let shut = |level: &str, at: &str, object| if level == at { with(object, gate.clone()) } else { object };
    for level in ["scenario", "conversation", "scene", "turn", "intent", "response"] {
        let asked = shut(level, "intent", user("hi"));
        let answer = shut(level, "response", app("a", "hello"));
        let turn = shut(level, "turn", turn("t", &["STARTING", "OPEN"], vec![asked], vec![answer]));
        let scene = shut(level, "scene", scene("sc", &["STARTING"], vec![turn]));
        let conversation = shut(level, "conversation", conversation("c", &["STARTING"], vec![scene]));
        let mut visitor = Visitor::of(shut(level, "scenario", scenario(vec![conversation])));
        assert!(visitor.press("hi").is_empty(), "{level} is closed");
        assert_eq!(visitor.does(knowing("hi", "open", json!(true))), ["hello"], "{level} is open");
        assert_eq!(visitor.press("hi"), ["hello"], "{level} is open, within the scene");
        assert!(visitor.does(knowing("hi", "open", json!(false))).is_empty(), "{level} is closed, within the scene");
    }
}

#[test]
fn od_n25_a_broken_condition_stays_shut_and_harms_nothing_else() {
    let broken = with(
        exchange("a", &["STARTING"], "hi", "never"),
        json!({"conditions": [when("user.x", "no_such_operation", "")]}),
    );
    let mut visitor = Visitor::of(one_scene(vec![broken, exchange("b", &["STARTING"], "hi", "hello")]));
    assert_eq!(visitor.press("hi"), ["hello"]);
}

#[test]
fn od_n26_intent_conditions_see_the_interpretation_of_that_intent() {
    let asked = |od_id: &str, city: &str| {
        with(user(od_id), json!({"interpreter": "nlu", "conditions": [when("_intent.city", "eq", city)]}))
    };
    let document = one_scene(vec![
        turn("a", &["STARTING", "OPEN"], vec![asked("travel", "Kiel")], vec![app("x", "to Kiel{_intent.city}")]),
        turn("b", &["STARTING", "OPEN"], vec![asked("travel", "Rome")], vec![app("y", "to Rome")]),
    ]);
    let to = |city: &str| Interpreted {
        attributes: Map::from_iter([("city".to_owned(), json!(city))]),
        ..meaning("travel", 1.0)
    };
    let mut visitor = Visitor::of(document).understood(move |_, text| Ok(Interpretation { intents: vec![to(text)] }));
    assert_eq!(visitor.types("Rome"), ["to Rome"]);
    assert_eq!(visitor.types("Kiel"), ["to Kiel"], "the context is gone when the message is filled");
    assert!(visitor.types("Oslo").is_empty());
}

#[test]
fn od_n36_the_position_persists_and_visitors_are_apart() {
    let document =
        one_scene(vec![exchange("start", &["STARTING"], "hi", "hello"), exchange("faq", &["OPEN"], "faq", "answer")]);
    let (mut first, mut second) = (Visitor::of(document.clone()), Visitor::of(document));
    first.press("hi");
    let stored = serde_json::to_string(&first.session).unwrap();
    first.session = serde_json::from_str(&stored).unwrap();
    assert_eq!(first.press("faq"), ["answer"]);
    assert!(second.press("faq").is_empty());
}

#[test]
fn od_n36_a_position_that_a_new_version_no_longer_has_is_the_start() {
    let mut old = Visitor::of(one_scene(vec![exchange("gone", &["STARTING"], "hi", "hello")]));
    old.press("hi");
    let mut new = Visitor::of(one_scene(vec![exchange("new", &["STARTING"], "hi", "a new start")]));
    new.session = old.session;
    assert_eq!(new.press("hi"), ["a new start"]);
}
