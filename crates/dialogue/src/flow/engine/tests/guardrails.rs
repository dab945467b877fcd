//! Guardrails: what is refused, with an entry for each refusal, and bounds.

use model::{
    chat::{ChatReply, Usage},
    transcript::TranscriptStatus,
};
use serde_json::json;

use super::{
    drawing::{Drawn, one_state},
    stage::{calling, says},
};
use crate::flow::engine::{Guard, Need, Step, Verdict};

fn refusing(guard: Guard, word: &'static str) -> impl FnMut(Guard, &str) -> Verdict {
    move |asked, text| {
        let refused = (asked == guard && text.contains(word)).then(|| ("excluded".to_owned(), format!("`{word}`")));
        Verdict { refused, note: None }
    }
}

fn excluding_input() -> Drawn {
    one_state(&[]).set(|configuration| {
        configuration.guardrails.excluded_input = vec!["weapons".into()];
        configuration.texts.refused = "Not here.".into();
    })
}

fn excluding_output() -> Drawn {
    one_state(&["find"]).set(|configuration| {
        configuration.guardrails.excluded_output = vec!["guarantee".into()];
        configuration.texts.refused = "Not here.".into();
    })
}

#[test]
fn what_a_customer_may_not_say_is_refused_and_the_model_is_not_asked() {
    let mut played = excluding_input().played().guarded(refusing(Guard::Input, "weapons"));
    assert_eq!(played.types("sell me weapons"), ["Not here."]);
    assert!(played.asked.is_empty());
    let noted = json!({"guardrail": "excluded", "guard": "input", "reason": "`weapons`"});
    assert_eq!(played.noted("refusal"), [&noted]);
    let step = Step::Refused { guardrail: "excluded".into(), reason: "`weapons`".into() };
    assert!(played.last.as_ref().unwrap().journal.steps().contains(&step));
    // Each refusal is an entry, and the conversation goes on.
    played.types("weapons!");
    assert_eq!(played.noted("refusal").len(), 2);
    assert_eq!(played.types("a train, then"), ["All right."]);
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
}

#[test]
fn what_the_agent_may_not_say_is_not_said_and_its_calls_do_not_run() {
    let mut played = excluding_output().played().guarded(refusing(Guard::Output, "guarantee"));
    played.will([ChatReply { text: "I guarantee it.".into(), ..calling("find") }]);
    assert_eq!(played.types("sure?"), ["Not here."]);
    assert!(played.called.is_empty());
    assert_eq!(played.noted("refusal").len(), 1);
    assert!(played.log.iter().all(|line| !line.text.contains("guarantee")));
    // What was refused is not in what the model reads later.
    played.types("sure?");
    assert!(played.last_asked().request.messages[1..].iter().all(|message| !message.content.contains("guarantee")));
}

#[test]
fn each_answer_of_a_turn_is_looked_at() {
    let mut played = excluding_output().played().guarded(refusing(Guard::Output, "guarantee"));
    played.will([ChatReply { text: "One moment.".into(), ..calling("find") }, says("I guarantee it.")]);
    assert_eq!(played.types("sure?"), ["One moment.", "Not here."]);
    let guards = played.needs.iter().filter(|need| matches!(need, Need::Guard { .. })).count();
    assert_eq!(guards, 2);
}

#[test]
fn without_guardrails_nothing_is_looked_at() {
    let mut played = one_state(&[]).played();
    played.types("weapons");
    assert!(played.needs.iter().all(|need| !matches!(need, Need::Guard { .. })));
}

#[test]
fn a_guardrail_that_cannot_look_is_noted_and_lets_pass() {
    let mut played = one_state(&[])
        .set(|configuration| configuration.guardrails.moderate_input = true)
        .played()
        .guarded(|_, _| Verdict { refused: None, note: Some("the moderation model is away".into()) });
    assert_eq!(played.types("hi"), ["All right."]);
    assert_eq!(played.noted("warning"), [&json!({"message": "the moderation model is away"})]);
}

#[test]
fn a_conversation_has_so_many_turns() {
    let mut played = one_state(&[])
        .set(|configuration| {
            configuration.guardrails.max_turns = Some(2);
            configuration.texts.limit = "That was enough.".into();
        })
        .played();
    played.opens();
    assert_eq!(played.types("one"), ["All right."]);
    assert_eq!(played.types("two"), ["All right."]);
    let questions = played.asked.len();
    assert_eq!(played.types("three"), ["That was enough."]);
    assert_eq!(played.asked.len(), questions);
    assert_eq!(played.noted("refusal")[0]["guardrail"], "max_turns");
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
}

#[test]
fn a_conversation_costs_so_much() {
    let mut played = one_state(&[]).set(|configuration| configuration.guardrails.max_cost = Some(1.0)).played();
    let dear = || ChatReply { usage: Usage { cost: 0.6, ..Usage::default() }, ..says("Well.") };
    played.will([dear(), dear()]);
    assert_eq!(played.types("one"), ["Well."]);
    assert_eq!(played.types("two"), ["Well."]);
    assert_eq!(played.types("three"), ["This conversation has become too long. Please start a new one."]);
    assert_eq!(played.noted("refusal")[0]["guardrail"], "max_cost");
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
}
