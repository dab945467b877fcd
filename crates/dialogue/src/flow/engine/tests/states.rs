//! States, transitions, and what can be called where (rows DA-F2 to F7).

use model::inbound::{Act, Inbound};
use serde_json::json;

use super::{
    drawing::{Drawn, flow, one_state},
    stage::{calling, emits, gives, says},
};
use crate::flow::{document::Target, function::FunctionDocument};

/// Two steps, the second reached by `AccountFound`.
fn two_steps() -> Drawn {
    flow()
        .state("ask", "Ask for the account number.", &["find"])
        .state("serve", "Ask what to do with the account.", &["pay"])
        .moves("ask", "AccountFound", "serve")
}

#[test]
fn da_f02_a_conversation_starts_in_the_initial_state_and_its_thought_reaches_the_model() {
    let mut played = two_steps().played();
    played.will([says("Your account number, please.")]);
    assert_eq!(played.opens(), ["Your account number, please."]);
    assert!(played.prompt().contains("Current step: State ask\nAsk for the account number."));
    assert!(!played.prompt().contains("Ask what to do with the account."));
    assert_eq!(played.session.state.as_deref(), Some("ask"));
    assert_eq!(played.transcript.place.as_deref(), Some("State ask"));
}

#[test]
fn da_f02_who_writes_first_is_answered_in_the_initial_state() {
    let mut played = two_steps().played();
    assert_eq!(played.types("hello"), ["All right."]);
    assert!(played.prompt().contains("Ask for the account number."));
    assert_eq!(played.heard(), "hello");
}

#[test]
fn da_f03_without_an_event_the_state_stays() {
    let mut played = two_steps().played().running(|_| Ok(gives("no such account")));
    played.opens();
    for text in ["12", "13", "14"] {
        played.will([calling("find"), says("I cannot find it.")]);
        played.types(text);
        assert_eq!(played.session.state.as_deref(), Some("ask"), "{text}");
    }
    assert_eq!(played.count("find"), 3);
    assert!(played.noted("state_change").is_empty());
}

#[test]
fn da_f04_an_event_moves_the_conversation_along_its_transition() {
    let mut played = two_steps().played().running(|_| Ok(emits("AccountFound")));
    played.opens();
    played.will([calling("find"), says("I found it.")]);
    assert_eq!(played.types("12"), ["I found it."]);
    assert_eq!(played.session.state.as_deref(), Some("serve"));
    assert_eq!(played.transcript.place.as_deref(), Some("State serve"));
    let moved = json!({"from": "State ask", "to": "State serve", "event": "AccountFound"});
    assert_eq!(played.noted("state_change"), [&moved]);
    // The agent's next words are by the new state's thought, within the same turn.
    assert!(played.prompt().contains("Ask what to do with the account."));
    assert!(!played.prompt().contains("Ask for the account number."));
}

#[test]
fn da_f04_an_event_without_a_transition_changes_nothing_and_is_noted() {
    let mut played = two_steps().played().running(|_| Ok(emits("Unheard")));
    played.will([calling("find"), says("Hm.")]);
    assert_eq!(played.types("12"), ["Hm."]);
    assert_eq!(played.session.state.as_deref(), Some("ask"));
    let warnings: Vec<_> = played.noted("warning").iter().map(|body| body["message"].to_string()).collect();
    assert!(warnings.iter().any(|warning| warning.contains("`Unheard`") && warning.contains("State ask")));
}

#[test]
fn da_f04_a_transition_that_leads_nowhere_yet_is_none() {
    for event in ["Gone", "Lost"] {
        let mut played = one_state(&["go"])
            .goes("start", "Gone", Target::Nowhere)
            .moves("start", "Lost", "never drawn")
            .played()
            .running(move |_| Ok(emits(event)));
        played.will([calling("go"), says("Still here.")]);
        assert_eq!(played.types("go"), ["Still here."], "{event}");
        assert_eq!(played.session.state.as_deref(), Some("start"), "{event}");
    }
}

#[test]
fn da_f05_the_same_event_leads_from_two_states_to_two_places() {
    let mut played = flow()
        .state("a", "A", &["next"])
        .state("b", "B", &[])
        .state("c", "C", &[])
        .moves("a", "Done", "b")
        .moves("b", "Done", "c")
        .played()
        .running(|_| Ok(emits("Done")));
    played.will([calling("next")]);
    played.types("on");
    assert_eq!(played.session.state.as_deref(), Some("b"));
    played.will([calling("next")]);
    played.types("on");
    assert_eq!(played.session.state.as_deref(), Some("c"));
    assert_eq!(played.session.visited, ["a", "b", "c"]);
}

#[test]
fn da_f06_a_function_stays_callable_once_its_state_was_visited() {
    let mut played = two_steps().played().running(|call| match &*call.function {
        "find" => Ok(emits("AccountFound")),
        _ => Ok(gives("paid")),
    });
    played.will([calling("find")]);
    played.types("12");
    assert_eq!(played.tools(), ["find", "pay", "hand_off_to_human", "end_conversation"]);
    played.will([calling("find"), says("The same.")]);
    played.types("look again");
    assert_eq!(played.count("find"), 2);
}

#[test]
fn da_f07_a_function_of_a_state_not_yet_seen_is_not_offered_and_does_not_run() {
    let mut played = two_steps().played();
    played.will([calling("pay"), says("I cannot pay yet.")]);
    played.types("pay");
    assert_eq!(played.tools(), ["find", "hand_off_to_human", "end_conversation"]);
    assert_eq!(played.count("pay"), 0);
    assert_eq!(played.results(), ["error: there is no tool `pay`"]);
    assert_eq!(played.noted("warning").len(), 1);
}

#[test]
fn da_f06_of_two_functions_with_one_name_the_newest_states_counts() {
    let named = |description: &str| FunctionDocument {
        name: "look up".into(),
        description: description.into(),
        ..FunctionDocument::default()
    };
    let mut played = flow()
        .state("a", "A", &["old"])
        .state("b", "B", &["new"])
        .moves("a", "Next", "b")
        .function("old", named("the old one"))
        .function("new", named("the new one"))
        .played()
        .running(|_| Ok(emits("Next")));
    played.will([calling("look_up"), calling("look_up")]);
    played.types("go");
    let called: Vec<_> = played.called.iter().map(|call| &*call.function).collect();
    assert_eq!(called, ["old", "new"]);
    let offered = &played.last_asked().request.tools;
    assert_eq!(offered.iter().filter(|tool| tool.name == "look_up").count(), 1);
    // Thoughts name functions as people do.
    assert_eq!(offered[0].description, "\"look up\": the new one");
}

#[test]
fn da_f02_an_act_without_words_is_not_answered() {
    let mut played = one_state(&[]).played();
    assert_eq!(played.opens().len(), 1);
    let questions = played.asked.len();
    assert!(played.does(Inbound::new(Act::Link)).is_empty());
    assert!(played.opens().is_empty(), "what is open already is not opened again");
    assert!(played.does(Inbound::text("  ")).is_empty());
    assert_eq!(played.asked.len(), questions);
}
