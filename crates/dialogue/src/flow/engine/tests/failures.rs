//! What happens when the model gives no usable answer (goal R4, row DA-X10).

use model::{
    chat::{ChatError, ChatErrorKind, ChatReply},
    transcript::TranscriptStatus,
};
use rstest::rstest;
use serde_json::json;

use super::{
    drawing::{Drawn, one_state},
    stage::{calling, gives, says},
};
use crate::flow::engine::Step;

fn sorry(functions: &[&str]) -> Drawn {
    one_state(functions).set(|configuration| configuration.texts.fallback = "Sorry, not now.".into())
}

fn away() -> ChatError {
    ChatError::new(ChatErrorKind::Unavailable, "the provider answered 502")
}

#[rstest]
#[case(ChatErrorKind::NotConfigured, "not_configured")]
#[case(ChatErrorKind::Unavailable, "unavailable")]
#[case(ChatErrorKind::RateLimited, "rate_limited")]
#[case(ChatErrorKind::TimedOut, "timed_out")]
#[case(ChatErrorKind::Refused, "refused")]
#[case(ChatErrorKind::Blocked, "blocked")]
#[case(ChatErrorKind::Rubbish, "rubbish")]
#[case(ChatErrorKind::Cut, "cut")]
fn a_model_that_fails_leaves_the_flows_fallback_and_the_reason(#[case] kind: ChatErrorKind, #[case] name: &str) {
    let mut played = sorry(&[]).played();
    played.will_fail(ChatError::new(kind, "why"));
    assert_eq!(played.types("hi"), ["Sorry, not now."]);
    assert_eq!(played.noted("model_failure"), [&json!({"kind": name, "message": "why"})]);
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    let failed = Step::Failed { completion: 0, reason: "why".into() };
    assert!(played.last.as_ref().unwrap().journal.steps().contains(&failed));
    assert_eq!(played.types("and now?"), ["All right."]);
}

#[test]
fn without_words_of_the_flow_there_is_a_fallback_too() {
    let mut played = one_state(&[]).played();
    played.will_fail(away());
    assert_eq!(played.opens(), ["I am sorry, I cannot answer right now. Please try again."]);
}

#[test]
fn da_x10_three_failed_turns_in_a_row_fail_the_conversation() {
    let mut played = sorry(&[]).played();
    for turn in 1..=3 {
        assert_eq!(played.transcript.status, TranscriptStatus::InProgress, "turn {turn}");
        played.will_fail(away());
        assert_eq!(played.types("hi"), ["Sorry, not now."], "turn {turn}");
    }
    assert_eq!(played.transcript.status, TranscriptStatus::Failed);
    assert_eq!(played.noted("status"), [&json!({"status": "failed"})]);
}

#[test]
fn da_x10_an_answer_between_begins_the_count_anew() {
    let mut played = sorry(&[]).played();
    for fails in [true, true, false, true, true, false] {
        if fails {
            played.will_fail(away());
        }
        played.types("hi");
    }
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    assert_eq!(played.session.failures, 0);
}

#[test]
fn da_x10_calls_that_work_do_not_hide_that_the_customer_is_never_answered() {
    let mut played = sorry(&["find"]).played().running(|_| Ok(gives("found")));
    for _ in 0..3 {
        played.will([calling("find")]);
        played.will_fail(away());
        assert_eq!(played.types("find it"), ["Sorry, not now."]);
    }
    assert_eq!(played.transcript.status, TranscriptStatus::Failed);
}

#[test]
fn who_was_told_to_wait_hears_that_nothing_comes() {
    let mut played = sorry(&["find"]).played();
    let both = ChatReply { text: "One moment.".into(), ..calling("find") };
    played.will([both]);
    played.will_fail(away());
    assert_eq!(played.types("find it"), ["One moment.", "Sorry, not now."]);
}

#[test]
fn a_model_that_says_nothing_and_calls_nothing_has_failed() {
    let mut played = sorry(&["find"]).played();
    played.will([says(" \n ")]);
    assert_eq!(played.types("hi"), ["Sorry, not now."]);
    assert_eq!(played.noted("model_failure")[0]["kind"], "rubbish");
    // After words it has only nothing to add.
    let both = ChatReply { text: "Done.".into(), ..calling("find") };
    played.will([both, says("")]);
    assert_eq!(played.types("do it"), ["Done."]);
    assert_eq!(played.session.failures, 0);
}

#[test]
fn who_waits_for_a_person_is_not_asked_to_try_again() {
    let mut played =
        sorry(&[]).set(|configuration| configuration.texts.handed_off = "A colleague comes.".into()).played();
    played.will([calling("hand_off_to_human")]);
    played.will_fail(away());
    assert_eq!(played.types("a person"), ["A colleague comes."]);
    assert_eq!(played.noted("model_failure").len(), 1);
    assert_eq!(played.transcript.status, TranscriptStatus::HumanHandoff);
}

#[test]
fn where_the_budget_is_spent_the_conversation_waits_for_another() {
    let mut played = sorry(&[]).played();
    let spent = || ChatError::new(ChatErrorKind::OverBudget, "the budget is spent");
    for _ in 0..4 {
        played.will_fail(spent());
        assert_eq!(played.types("hi"), ["Sorry, not now."]);
    }
    let refusal = json!({"guardrail": "budget", "guard": null, "reason": "the budget is spent"});
    assert_eq!(played.noted("refusal").first(), Some(&&refusal));
    assert!(played.noted("model_failure").is_empty(), "no model has failed");
    assert_eq!((played.session.failures, played.transcript.status), (0, TranscriptStatus::InProgress));
    assert_eq!(played.types("and now?"), ["All right."]);
}
