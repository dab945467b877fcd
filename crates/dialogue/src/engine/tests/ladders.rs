//! No match, restart, end chat, session expiry (rows N16 to N23).

use model::inbound::{Act, Inbound};
use serde_json::json;

use super::stage::{Visitor, conversation, exchange, one_scene, scenario, scene};

const RUNGS: [&str; 4] = ["Turn", "Scene", "Conversation", ""];

/// A scenario that handles the rungs given, each where the documents place it.
fn handling(what: &str, last: &str, rungs: &[&str]) -> serde_json::Value {
    let name = |rung: &str| match rung {
        "" => format!("intent.core.{last}"),
        rung => format!("intent.core.{rung}{what}"),
    };
    let handler = |rung: &str, behaviors: &[&str]| {
        exchange(&format!("h{rung}"), behaviors, &name(rung), &format!("handled by {}", name(rung)))
    };
    let has = |rung: &str| rungs.contains(&rung);
    let mut home = vec![exchange("start", &["STARTING"], "hi", "hello"), exchange("faq", &["OPEN"], "faq", "answer")];
    if has("Turn") {
        home.push(handler("Turn", &["OPEN"]));
    }
    let mut scenes = vec![scene("home", &["STARTING"], home)];
    if has("Scene") {
        scenes.push(scene("aside", &[], vec![handler("Scene", &[])]));
    }
    let mut conversations = vec![conversation("c", &["STARTING"], scenes)];
    if has("Conversation") {
        conversations.push(conversation("other", &[], vec![scene("x", &[], vec![handler("Conversation", &[])])]));
    }
    if has("") {
        let global = scene("x", &["STARTING"], vec![handler("", &["STARTING"])]);
        conversations.push(conversation("global", &["STARTING"], vec![global]));
    }
    scenario(conversations)
}

#[test]
fn od_n16_the_turns_no_match_answers_and_the_position_stays_in_the_scene() {
    let mut visitor = Visitor::of(handling("NoMatch", "NoMatch", &["Turn", "Scene", "Conversation", ""]));
    visitor.press("hi");
    assert_eq!(visitor.types("gibberish"), ["handled by intent.core.TurnNoMatch"]);
    assert_eq!(visitor.press("faq"), ["answer"], "still in the scene");
}

#[test]
fn od_n17_the_ladder_goes_turn_scene_conversation_global() {
    for from in 0..RUNGS.len() {
        let mut visitor = Visitor::of(handling("NoMatch", "NoMatch", &RUNGS[from..]));
        visitor.press("hi");
        let rung = RUNGS[from];
        let name = if rung.is_empty() { "intent.core.NoMatch".into() } else { format!("intent.core.{rung}NoMatch") };
        assert_eq!(visitor.types("gibberish"), [format!("handled by {name}")]);
    }
}

#[test]
fn od_n17_a_handler_without_an_answer_leads_up_and_not_in_a_circle() {
    let mute = json!({"od_id": "mute", "name": "", "behaviors": ["OPEN"], "request_intents": [
        super::stage::user("intent.core.TurnNoMatch")], "response_intents": []});
    let mut visitor = Visitor::of(one_scene(vec![exchange("start", &["STARTING"], "hi", "hello"), mute]));
    visitor.press("hi");
    assert!(visitor.types("gibberish").is_empty());
}

#[test]
fn od_n18_the_global_no_match_is_reached_from_the_start() {
    let mut visitor = Visitor::of(handling("NoMatch", "NoMatch", &RUNGS));
    assert_eq!(visitor.types("gibberish"), ["handled by intent.core.NoMatch"]);
}

#[test]
fn od_n19_when_nothing_handles_it_the_answer_is_empty() {
    let mut visitor = Visitor::of(handling("NoMatch", "NoMatch", &[]));
    assert!(visitor.types("gibberish").is_empty());
    visitor.press("hi");
    let before = visitor.session.position.clone();
    assert!(visitor.types("gibberish").is_empty());
    assert_eq!(visitor.session.position, before, "the conversation is where it was");
    assert!(Visitor::of(scenario(vec![])).types("hello").is_empty());
}

#[test]
fn od_n20_the_restart_ladder() {
    for from in 0..RUNGS.len() {
        let mut visitor = Visitor::of(handling("Restart", "restart", &RUNGS[from..]));
        visitor.press("hi");
        let rung = RUNGS[from];
        let name = if rung.is_empty() { "intent.core.restart".into() } else { format!("intent.core.{rung}Restart") };
        let click = Inbound { escalating: true, ..Inbound::intent(Act::Trigger, "intent.core.restart") };
        assert_eq!(visitor.does(click), [format!("handled by {name}")]);
    }
    // No designer handles it: the scenario begins again.
    let mut visitor = Visitor::of(one_scene(vec![exchange("start", &["STARTING"], "intent.core.welcome", "welcome")]));
    visitor.opens();
    assert_eq!(visitor.does(Inbound::intent(Act::Trigger, "intent.core.restart")), ["welcome"]);
}

#[test]
fn od_n21_the_end_chat_ladder_and_no_match_when_it_is_not_handled() {
    for spelling in ["intent.core.endChat", "intent.core.EndChat"] {
        for from in 0..RUNGS.len() {
            let mut visitor = Visitor::of(handling("EndChat", "endChat", &RUNGS[from..]));
            visitor.press("hi");
            let rung = RUNGS[from];
            let name =
                if rung.is_empty() { "intent.core.endChat".into() } else { format!("intent.core.{rung}EndChat") };
            assert_eq!(visitor.does(Inbound::intent(Act::Trigger, spelling)), [format!("handled by {name}")]);
        }
        let mut visitor = Visitor::of(handling("NoMatch", "NoMatch", &[""]));
        visitor.press("hi");
        assert_eq!(visitor.does(Inbound::intent(Act::Trigger, spelling)), ["handled by intent.core.NoMatch"]);
    }
}

fn with_lifetime(text: &str, seconds: serde_json::Value) -> Inbound {
    let mut inbound = Inbound::intent(Act::Button, text);
    inbound.visitor.insert("session_lifetime".into(), seconds);
    inbound
}

#[test]
fn od_n22_a_session_expires_after_its_lifetime_of_silence() {
    for from in 0..RUNGS.len() {
        let mut visitor = Visitor::of(handling("SessionExpired", "sessionExpired", &RUNGS[from..]));
        visitor.does(with_lifetime("hi", json!(1)));
        visitor.waits(2);
        let rung = RUNGS[from];
        let name = if rung.is_empty() { "sessionExpired".into() } else { format!("{rung}SessionExpired") };
        assert_eq!(visitor.press("faq"), [format!("handled by intent.core.{name}")]);
    }
    let mut visitor = Visitor::of(handling("SessionExpired", "sessionExpired", &["Turn"]));
    visitor.does(with_lifetime("hi", json!("5")));
    visitor.waits(3);
    assert_eq!(visitor.press("faq"), ["answer"], "not silent for long enough");
    for never in [json!(0), json!(null), json!("0")] {
        let mut visitor = Visitor::of(handling("SessionExpired", "sessionExpired", &["Turn"]));
        visitor.does(with_lifetime("hi", never));
        visitor.waits(1_000_000);
        assert_eq!(visitor.press("faq"), ["answer"]);
    }
}

#[test]
fn od_n23_an_expiry_that_nothing_handles_is_a_no_match() {
    let mut visitor = Visitor::of(handling("NoMatch", "NoMatch", &["Turn", ""]));
    visitor.does(with_lifetime("hi", json!(1)));
    visitor.waits(3);
    assert_eq!(visitor.press("faq"), ["handled by intent.core.TurnNoMatch"]);
}
