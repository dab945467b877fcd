//! What is made of a conversation that is over: its reason, its review, what to remember (rows DA-F27 to F29).

use model::{
    chat::{ChatError, ChatErrorKind, ChatReply, Usage},
    inbound::Intervention,
    transcript::TranscriptStatus,
};
use rstest::rstest;
use serde_json::json;

use super::{
    drawing::{Drawn, one_state},
    stage::{Played, says},
};
use crate::flow::{
    document::CallReason,
    engine::{Past, Purpose},
};

fn reasoned() -> Drawn {
    let reason = |label: &str, description: &str| CallReason { label: label.into(), description: description.into() };
    one_state(&[]).set(|configuration| {
        configuration.call_reasons = vec![reason("Billing", "about an invoice"), reason("Other", "all else")];
    })
}

fn reviewed(least_percent: u8) -> Drawn {
    one_state(&[]).set(|configuration| {
        configuration.call_review.questions = vec!["Was it polite?".into(), "Was it solved?".into()];
        configuration.call_review.least_percent = least_percent;
    })
}

fn remembering() -> Drawn {
    one_state(&[]).set(|configuration| configuration.agent_memory = true)
}

fn talks_and_ends(played: &mut Played) {
    played.types("my invoice is wrong");
    ends(played);
}

fn ends(played: &mut Played) {
    played.intervenes(Intervention::Close { status: TranscriptStatus::Completed });
}

#[rstest]
#[case("{\"reason\": \"Billing\"}", Some("Billing"))]
#[case("```json\n{\"reason\": \"billing\"}\n```", Some("Billing"))]
#[case("{\"reason\": null}", None)]
#[case("{\"reason\": \"Weather\"}", None)]
#[case("Billing, I would say", None)]
#[case("} {", None)]
#[case("{\"reason\": ", None)]
fn da_f28_a_closed_conversation_carries_its_reason_from_the_flows_list(
    #[case] answer: &'static str,
    #[case] tag: Option<&str>,
) {
    let mut played = reasoned().played().judged(move |_| Ok(says(answer)));
    talks_and_ends(&mut played);
    assert_eq!(played.transcript.tags.get("Call Reason").map(String::as_str), tag);
    let asked = played.asked.last().unwrap();
    assert_eq!(asked.purpose, Purpose::CallReason);
    assert!(asked.request.messages[0].content.contains("- Billing: about an invoice"));
    assert!(asked.request.messages[1].content.contains("Customer: my invoice is wrong\nAgent: All right."));
}

#[test]
fn da_f28_who_said_nothing_has_no_reason() {
    let mut played = reasoned().played();
    played.opens();
    ends(&mut played);
    assert!(played.asked.iter().all(|asked| asked.purpose == Purpose::Answer));
}

#[test]
fn da_f28_a_model_that_fails_is_noted_and_the_conversation_is_closed() {
    let mut played =
        reasoned().played().judged(|_| Err(ChatError::new(ChatErrorKind::Unavailable, "the model is away")));
    talks_and_ends(&mut played);
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
    assert!(played.noted("warning")[0]["message"].as_str().unwrap().contains("the model is away"));
}

#[test]
fn da_f28_the_whole_conversation_is_judged_however_little_the_agent_reads() {
    let mut played = reasoned().set(|configuration| configuration.model.history = Some(1)).played();
    played.past = vec![Past::Customer { text: "long ago".into() }];
    played.types("hm");
    talks_and_ends(&mut played);
    let asked = &played.asked.last().unwrap().request.messages[1].content;
    assert!(asked.starts_with("Customer: long ago\nCustomer: hm\n"), "{asked}");
}

#[rstest]
#[case("[true, true]", 0, false)]
#[case("[true, false]", 0, true)]
#[case("[true, false]", 50, false)]
#[case("[true, false]", 51, true)]
#[case("[false, false]", 50, true)]
fn da_f29_a_conversation_that_breaks_the_rubric_is_flagged(
    #[case] answers: &'static str,
    #[case] least_percent: u8,
    #[case] is_flagged: bool,
) {
    let mut played = reviewed(least_percent).played().judged(move |_| Ok(says(&format!("{{\"answers\": {answers}}}"))));
    talks_and_ends(&mut played);
    assert_eq!(played.transcript.flagged.is_some(), is_flagged);
    if is_flagged {
        assert!(played.transcript.flagged.as_ref().unwrap().contains("Was it solved?"));
    }
    assert_eq!(played.noted("review").len(), 1);
}

#[rstest]
#[case("{\"answers\": [false]}")]
#[case("{\"answers\": [false, \"no\"]}")]
#[case("{\"answers\": \"false\"}")]
#[case("{}")]
#[case("no")]
fn da_f29_a_review_that_is_not_whole_flags_nothing_and_is_noted(#[case] answer: &'static str) {
    let mut played = reviewed(100).played().judged(move |_| Ok(says(answer)));
    talks_and_ends(&mut played);
    assert_eq!(played.transcript.flagged, None);
    assert_eq!(played.noted("warning").len(), 1);
}

#[test]
fn da_f29_a_review_keeps_why_it_was_reported() {
    let mut played = reviewed(100).played().judged(|_| Ok(says("{\"answers\": [false, true]}")));
    played.types("hm");
    played.intervenes(Intervention::Report { reason: "rude".into() });
    played.intervenes(Intervention::Close { status: TranscriptStatus::Completed });
    assert_eq!(played.transcript.flagged.as_deref(), Some("rude; call review: Was it polite?"));
}

#[test]
fn da_f27_with_memory_on_facts_reach_the_next_conversation() {
    let facts = json!({"facts": ["Has a dog.", "  ", 7, "Line one\n\nCurrent step: refund"]}).to_string();
    let mut played = remembering().played().judged(move |_| Ok(says(&facts)));
    played.memory = vec!["Is called Ada.".into()];
    talks_and_ends(&mut played);
    let asked = played.asked.last().unwrap();
    assert_eq!(asked.purpose, Purpose::Memory);
    assert!(asked.request.messages[0].content.contains("- Is called Ada."));
    let memory = played.last.as_ref().unwrap().memory.clone().expect("it is remembered");
    // On one line each, so that no fact passes for a part of the instruction.
    assert_eq!(memory, ["Has a dog.", "Line one Current step: refund"]);

    let mut next = remembering().played();
    next.memory = memory;
    next.opens();
    assert!(next.prompt().contains("you know:\n- Has a dog.\n- Line one Current step: refund"));
}

#[test]
fn da_f27_with_memory_off_nothing_is_remembered_or_told() {
    let mut played = one_state(&[]).played();
    played.memory = vec!["Has a dog.".into()];
    talks_and_ends(&mut played);
    assert!(!played.prompt().contains("Has a dog."));
    assert!(played.asked.iter().all(|asked| asked.purpose == Purpose::Answer));
    assert_eq!(played.last.as_ref().unwrap().memory, None);
}

#[test]
fn da_f27_a_model_that_gives_no_facts_forgets_nothing() {
    for answer in ["{}", "nothing new", "{\"facts\": \"a dog\"}"] {
        let mut played = remembering().played().judged(move |_| Ok(says(answer)));
        talks_and_ends(&mut played);
        assert_eq!(played.last.as_ref().unwrap().memory, None, "{answer}");
    }
}

#[test]
fn da_f27_memory_is_bounded() {
    let facts: Vec<String> = (0..100).map(|number| format!("{number} {}", "x".repeat(1_000))).collect();
    let answer = json!({"facts": facts}).to_string();
    let mut played = remembering().played().judged(move |_| Ok(says(&answer)));
    talks_and_ends(&mut played);
    let memory = played.last.as_ref().unwrap().memory.as_ref().unwrap();
    assert_eq!(memory.len(), 30);
    assert!(memory.iter().all(|fact| fact.chars().count() == 300));
}

#[test]
fn what_judges_counts_as_cost() {
    let mut played = reasoned().played().judged(|_| {
        let usage = Usage { cost: 0.5, input_tokens: 10, ..Usage::default() };
        Ok(ChatReply { usage, ..says("{}") })
    });
    talks_and_ends(&mut played);
    assert!((played.session.cost - 0.5).abs() < 1e-9);
    assert_eq!(played.last.as_ref().unwrap().usage.input_tokens, 10);
}
