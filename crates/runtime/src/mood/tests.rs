use std::{collections::HashMap, sync::Arc};

use dialogue::{
    engine::{Answers, Journal},
    flow::engine::LineBody,
};
use model::inbound::Intervention;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// What a flow's turn comes to that notes something.
fn noting(kind: &'static str) -> Taken {
    noting_of(kind, json!({}))
}

fn noting_of(kind: &'static str, body: Value) -> Taken {
    let body = LineBody::Json(body);
    let line = Line { author: Author::Platform, kind, text: String::new(), body, completion: None };
    Taken { parts: vec![Part::Lines(vec![line], HashMap::new(), None)], ..Taken::default() }
}

/// What a scenario's turn comes to that heard an intent.
fn hearing(intent: Option<&str>) -> Taken {
    let heard = intent.map(|intent| (Arc::from(intent), Arc::from("c/sc/t")));
    Taken { heard, scenario: Some((Journal::default(), Answers::default())), ..Taken::default() }
}

fn standing(state: TranscriptState) -> Taken {
    Taken { state: Some(Box::new(state)), ..Taken::default() }
}

/// The moods after each message of a conversation in which nothing else happens.
fn said(messages: &[&str]) -> Vec<Mood> {
    let mut moods: Vec<Mood> = Vec::new();
    for (turn, message) in (1..).zip(messages) {
        moods.push(after(moods.last(), &Inbound::text(*message), turn, &Taken::default()));
    }
    moods
}

fn last(messages: &[&str]) -> Mood {
    *said(messages).last().expect("a message")
}

#[test]
fn da_m04_feelings_make_the_risk_and_fade() {
    let moods = said(&["I am furious!", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"]);
    assert_eq!((moods[0].level, moods[0].scores.strongest()), (RiskLevel::High, Some(Emotion::Anger)));
    assert!(moods.is_sorted_by(|one, next| one.scores.get(Emotion::Anger) >= next.scores.get(Emotion::Anger)));
    let calm = moods.last().expect("a message");
    assert!(calm.scores.is_none() && calm.level == RiskLevel::Low && calm.risk == Share::NONE, "{calm:?}");
    assert_eq!(calm.messages, 9);
}

#[test]
fn da_m04_the_latest_messages_count_most() {
    let better = last(&["This is terrible", "ok", "Thank you, great", "Thanks, I love it"]);
    assert!(better.scores.get(Emotion::Gratitude) > better.scores.get(Emotion::Disappointment), "{better:?}");
    assert_eq!(better.level, RiskLevel::Low);
    let worse = last(&[
        "Thank you, great",
        "This is terrible",
        "I hate this",
        "You are idiots, I am furious",
        "This is outrageous, I hate you",
    ]);
    assert_eq!((worse.level, worse.scores.strongest()), (RiskLevel::High, Some(Emotion::Anger)), "{worse:?}");
}

#[test]
fn da_m04_who_repeats_themselves_or_asks_for_a_person_is_at_risk() {
    let once = last(&["Where is my order?"]);
    let twice = last(&["Where is my order?", "where is my order"]);
    let thrice = last(&["Where is my order?", "where is my order", "WHERE is my order"]);
    assert!(once.risk < twice.risk && twice.risk < thrice.risk);
    assert_eq!((once.level, thrice.level), (RiskLevel::Low, RiskLevel::Medium));
    assert_eq!(reasons(&thrice, None), ["The customer says the same again."]);
    assert_eq!(last(&["Yes", "Yes", "Yes"]).risk, Share::NONE);
    let asks = last(&["I want to talk to a human"]);
    assert_eq!(
        (asks.level, reasons(&asks, None)),
        (RiskLevel::Medium, vec!["The customer asks for a person.".to_owned()])
    );
    let queued = TranscriptState { control: Control::Queued, ..TranscriptState::default() };
    let handed = after(None, &Inbound::text("I want to talk to a human"), 1, &standing(queued));
    assert_eq!(handed.risk, Share::NONE, "one is called");
}

#[test]
fn da_m04_an_agent_that_fails_is_a_risk() {
    let message = Inbound::text("Hello");
    let mut mood = None;
    let mut levels = Vec::new();
    for turn in 1..=3 {
        let now = after(mood.as_ref(), &message, turn, &noting("model_failure"));
        levels.push(now.risk);
        mood = Some(now);
    }
    let failed = mood.expect("three turns");
    assert!(levels.is_sorted() && failed.level == RiskLevel::Medium, "{levels:?}");
    assert_eq!(reasons(&failed, None), ["The agent failed."]);
    let refused = after(None, &message, 1, &noting("refusal"));
    assert_eq!(reasons(&refused, None), ["A guardrail refused what was said."]);
    let unpaid = after(None, &message, 1, &noting_of("refusal", json!({"guardrail": "budget"})));
    assert_eq!(reasons(&unpaid, None), ["The agent failed."], "nobody's words were refused");
    for bound in ["max_turns", "max_cost"] {
        let ended = after(None, &message, 1, &noting_of("refusal", json!({"guardrail": bound})));
        assert_eq!(ended.risk, Share::NONE, "{bound}");
    }
    assert_eq!(after(None, &message, 1, &noting("state_change")).risk, Share::NONE);
    // It fades when the agent can answer again.
    let again = after(Some(&failed), &message, 4, &Taken::default());
    assert!(again.risk < failed.risk);
}

#[test]
fn da_m04_a_scenario_that_does_not_understand_is_a_risk() {
    let message = Inbound::text("Hello");
    for not in [None, Some("intent.core.NoMatch"), Some("intent.core.TurnNoMatch"), Some("intent.core.SceneNoMatch")] {
        let mood = after(None, &message, 1, &hearing(not));
        assert_eq!(reasons(&mood, None), ["The agent does not understand."], "{not:?}");
    }
    for understood in ["intent.app.Hello", "intent.core.welcome", "NoMatch", "intent.app.NoMatch"] {
        assert_eq!(after(None, &message, 1, &hearing(Some(understood))).risk, Share::NONE, "{understood}");
    }
    let pressed = Inbound::intent(Act::Button, "intent.app.Next");
    assert_eq!(after(None, &pressed, 1, &hearing(None)).risk, Share::NONE, "no words were said");
}

#[test]
fn da_m04_a_mark_and_a_report_are_risks() {
    let flag = Inbound::intervention(Intervention::Flag { reason: Some("odd".into()) });
    let flagged = TranscriptState { flagged: Some("odd".into()), ..TranscriptState::default() };
    let marked = after(None, &flag, 2, &standing(flagged.clone()));
    assert_eq!(marked.level, RiskLevel::Medium);
    assert_eq!(reasons(&marked, Some(&flagged)), ["It is marked for review."]);
    let reported = TranscriptState { reported: true, ..flagged };
    let worst = after(Some(&marked), &flag, 3, &standing(reported.clone()));
    assert_eq!(worst.level, RiskLevel::High);
    assert_eq!(reasons(&worst, Some(&reported)), ["It was reported.", "It is marked for review."]);
}

#[test]
fn only_what_customers_type_counts() {
    let angry = last(&["I am furious"]);
    let says = Inbound {
        text: "I am so happy, thank you".into(),
        ..Inbound::intervention(Intervention::Say { operator: "Sam".into() })
    };
    for other in [
        says,
        Inbound { text: "Terrible!".into(), ..Inbound::new(Act::Button) },
        Inbound::new(Act::Open),
        Inbound::text("  "),
    ] {
        let mood = after(Some(&angry), &other, 2, &Taken::default());
        assert_eq!((mood.scores, mood.messages, mood.moved), (angry.scores, 1, false), "{other:?}");
    }
}

#[test]
fn a_turn_says_whether_it_changed_what_is_shown() {
    let moved: Vec<bool> =
        said(&["Hello", "Where is it?", "I am furious", "ok"]).iter().map(|mood| mood.moved).collect();
    assert_eq!(moved, [false, false, true, true]);
    let begun = after(None, &Inbound::text("Hello"), 7, &Taken::default());
    assert!(begun.moved, "nothing was estimated until now");
}

#[test]
fn what_says_most_is_told_first() {
    let mood = last(&["I am furious, this is terrible", "I am furious, this is terrible"]);
    assert_eq!(
        reasons(&mood, None),
        ["The customer shows anger.", "The customer shows disappointment.", "The customer says the same again."]
    );
    assert!(reasons(&Mood::default(), None).is_empty());
}

proptest! {
    #[test]
    fn any_conversation_keeps_its_bounds(messages in prop::collection::vec(any::<String>(), 0..12)) {
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        for mood in said(&messages) {
            prop_assert!(mood.risk.thousandths() <= 1_000);
            prop_assert_eq!(mood.level, level(mood.risk));
            prop_assert!(mood.scores.iter().all(|(_, share)| (FADED..=1_000).contains(&share.thousandths())));
            prop_assert_eq!(mood.level == RiskLevel::Low, mood.risk.thousandths() < MEDIUM);
        }
    }

    #[test]
    fn the_same_conversation_goes_the_same_way(
        messages in prop::collection::vec(
            prop_oneof![Just("I am furious"), Just("thank you"), Just("ok"), Just("a human please"), Just("sad :(")],
            0..20,
        ),
    ) {
        prop_assert_eq!(said(&messages), said(&messages));
    }
}
