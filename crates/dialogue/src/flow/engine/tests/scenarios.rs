//! Flows and scenarios hand a conversation to each other.

use model::{
    chat::ChatReply,
    function::{Effect, FunctionOutput},
    transcript::{Control, TranscriptStatus},
};
use serde_json::{Map, json};

use super::{
    drawing::{Drawn, one_state},
    stage::{Played, calling, emits, gives, says},
};
use crate::flow::{
    document::Target,
    engine::{Entered, Need, Purpose},
};

fn going_home() -> Drawn {
    one_state(&["home"]).around(&[], &["bye"]).goes("start", "Home", Target::Scenario("intent.home".into()))
}

fn sent(drawn: Drawn) -> Played {
    let mut played =
        drawn.played().running(|call| Ok(if call.function == "home" { emits("Home") } else { gives("ok") }));
    played.in_scenario = true;
    let mut parameters = Map::new();
    parameters.insert("seat".into(), json!("4B"));
    played.entered = Some(Entered { parameters });
    played
}

fn returned(played: &Played) -> Option<&str> {
    played.last.as_ref().unwrap().returned.as_deref()
}

#[test]
fn who_comes_from_a_scenario_is_answered_at_once_with_what_it_gives() {
    let mut played = sent(going_home());
    played.will([says("Your seat, then.")]);
    assert_eq!(played.types("change my seat"), ["Your seat, then."]);
    assert_eq!(played.transcript.parameters["seat"].value, "4B");
    assert_eq!(played.heard(), "change my seat");
    assert!(!played.prompt().contains("4B"));
    assert_eq!(returned(&played), None);
}

#[test]
fn an_event_returns_to_the_scenario_without_asking_the_model_again() {
    let mut played = sent(going_home());
    played.will([ChatReply { text: "Back you go.".into(), ..calling("home") }]);
    assert_eq!(played.types("take me back"), ["Back you go."]);
    assert_eq!(returned(&played), Some("intent.home"));
    assert_eq!(played.asked.len(), 1);
    let outcome = played.last.as_ref().unwrap();
    assert!(!outcome.closed);
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    assert_eq!(played.noted("state_change")[0]["to"], "intent.home");
}

#[test]
fn da_f22_a_flow_that_goes_back_wraps_up() {
    let mut played = sent(going_home());
    played.will([calling("home")]);
    played.types("take me back");
    assert_eq!(returned(&played), Some("intent.home"));
    assert_eq!(played.count("bye"), 1);
}

#[test]
fn without_a_scenario_the_way_back_is_the_end() {
    let mut played = sent(going_home());
    played.in_scenario = false;
    played.entered = None;
    played.will([calling("home"), says("Goodbye.")]);
    assert_eq!(played.types("take me back"), ["Goodbye."]);
    assert_eq!(returned(&played), None);
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
    assert_eq!(played.count("bye"), 1);
}

#[test]
fn the_way_back_wins_over_the_agents_end() {
    let mut played = sent(going_home());
    let mut both = calling("home");
    both.tool_calls.extend(calling("end_conversation").tool_calls);
    played.will([both]);
    played.types("take me back");
    assert_eq!(returned(&played), Some("intent.home"));
    assert!(!played.last.as_ref().unwrap().closed);
}

#[test]
fn who_waits_for_a_person_does_not_go_back() {
    let mut played = sent(going_home())
        .running(|_| Ok(FunctionOutput { effects: vec![Effect::HandOff { skills: Vec::new() }], ..emits("Home") }));
    played.will([calling("home")]);
    assert_eq!(played.types("a person").len(), 1);
    assert_eq!(returned(&played), None);
    assert_eq!(played.transcript.control, Control::Queued);
    assert_eq!(played.count("bye"), 0);
}

#[test]
fn who_is_interrupted_does_not_go_back() {
    let mut played = sent(going_home());
    let mut both = calling("home");
    both.tool_calls.extend(calling("home").tool_calls);
    played.will([both]);
    let mut calls = 0;
    played.interrupted(move |need| {
        calls += u32::from(matches!(need, Need::Call(_)));
        calls == 2
    });
    assert!(played.types("take me back").is_empty());
    assert_eq!(returned(&played), None);
}

#[test]
fn a_start_up_that_sends_back_leaves_nothing_to_say() {
    let mut played = sent(going_home().around(&["home"], &["bye"]));
    assert!(played.types("hi").is_empty());
    assert_eq!(returned(&played), Some("intent.home"));
    assert!(played.asked.iter().all(|asked| asked.purpose != Purpose::Answer));
}

#[test]
fn what_follows_the_way_back_moves_nothing() {
    let mut played = sent(going_home().state("other", "Other", &[]).moves("start", "Other", "other"))
        .running(|call| Ok(if call.ordinal == 0 { emits("Home") } else { emits("Other") }));
    let mut both = calling("home");
    both.tool_calls.extend(calling("home").tool_calls);
    played.will([both]);
    played.types("take me back");
    assert_eq!(returned(&played), Some("intent.home"));
    assert_eq!(played.session.state.as_deref(), Some("start"));
}
