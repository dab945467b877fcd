//! How conversations begin, and how the agent ends them.

use model::{
    chat::ChatReply,
    function::{Effect, FunctionOutput},
    inbound::{Act, Inbound},
    transcript::TranscriptStatus,
};
use serde_json::json;

use super::{
    drawing::{Drawn, flow, one_state},
    stage::{calling, emits, gives, says},
};
use crate::flow::{
    document::{Opening, Permission, Target},
    engine::Refused,
};

fn beginning(opening: Opening) -> Drawn {
    one_state(&[]).set(|configuration| configuration.opening = opening)
}

#[test]
fn the_model_speaks_first() {
    let mut played = beginning(Opening::Model).played();
    played.will([says("Welcome!")]);
    assert_eq!(played.opens(), ["Welcome!"]);
    assert_eq!(played.heard(), "(The customer opened the conversation and has said nothing yet.)");
    assert_eq!(played.session.heard, 0);
}

#[test]
fn the_agent_waits() {
    let mut played = beginning(Opening::Silent).played();
    assert!(played.opens().is_empty());
    assert!(played.asked.is_empty());
    assert_eq!(played.types("hi"), ["All right."]);
}

#[test]
fn the_agent_says_a_text() {
    let mut played = beginning(Opening::Say("Good day.".into())).played();
    assert_eq!(played.opens(), ["Good day."]);
    assert!(played.asked.is_empty());
    // The model knows later that it was said.
    played.types("hi");
    let messages = &played.last_asked().request.messages;
    assert!(messages.iter().any(|message| message.content == "Good day."));
}

#[test]
fn an_empty_text_is_not_said() {
    let mut played = beginning(Opening::Say("  ".into())).played();
    assert!(played.opens().is_empty());
    assert!(played.log.is_empty());
}

#[test]
fn who_writes_first_is_answered_whatever_the_opening() {
    for opening in [Opening::Model, Opening::Silent, Opening::Say("Good day.".into())] {
        let mut played = beginning(opening).played();
        assert_eq!(played.types("hi"), ["All right."]);
    }
}

#[test]
fn buttons_and_forms_say_something_too() {
    let mut played = one_state(&[]).played();
    played.does(Inbound { value: Some("blue".into()), ..Inbound::new(Act::Button) });
    assert_eq!(played.heard(), "blue");
    let mut form = Inbound::new(Act::Form);
    form.fields.insert("name".into(), json!("Ada"));
    form.fields.insert("seats".into(), json!(2));
    played.does(form);
    assert!(played.heard().contains("name: Ada") && played.heard().contains("seats: 2"));
}

#[test]
fn the_agent_ends_the_conversation_after_its_last_words() {
    let mut played = one_state(&[]).played();
    played.will([calling("end_conversation"), says("Goodbye.")]);
    assert_eq!(played.types("that was all"), ["Goodbye."]);
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
    assert!(played.transcript.ended_at.is_some());
    assert!(played.last.as_ref().unwrap().closed);
    assert_eq!(played.noted("status"), [&json!({"status": "completed"})]);
    assert_eq!(played.tries(Inbound::text("hello?")), Err(Refused::Closed));
    assert_eq!(played.tries(Inbound::new(Act::Open)), Err(Refused::Closed));
}

#[test]
fn words_that_come_with_the_end_are_the_last() {
    let mut played = one_state(&[]).played();
    let reply = ChatReply { text: "Goodbye.".into(), ..calling("end_conversation") };
    played.will([reply]);
    assert_eq!(played.types("that was all"), ["Goodbye."]);
    assert_eq!(played.asked.len(), 1);
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
}

#[test]
fn a_function_ends_the_conversation_after_the_agents_words() {
    let end = || FunctionOutput { effects: vec![Effect::End], ..gives("ended") };
    let mut played = one_state(&["finish"]).played().running(move |_| Ok(end()));
    played.will([calling("finish"), says("Goodbye.")]);
    assert_eq!(played.types("finish"), ["Goodbye."]);
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
}

#[test]
fn an_event_ends_the_conversation() {
    let mut played = one_state(&["finish"]).goes("start", "Done", Target::End).played().running(|_| Ok(emits("Done")));
    played.will([calling("finish"), says("Goodbye.")]);
    assert_eq!(played.types("finish"), ["Goodbye."]);
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
    assert_eq!(played.noted("state_change")[0]["to"], "end");
}

#[test]
fn an_agent_that_may_not_end_or_hand_off_cannot() {
    let mut played = one_state(&[])
        .set(|configuration| {
            configuration.agent_may_end = Permission::Denied;
            configuration.agent_may_hand_off = Permission::Denied;
        })
        .played();
    played.will([calling("end_conversation"), calling("hand_off_to_human"), says("I stay.")]);
    assert_eq!(played.types("bye"), ["I stay."]);
    assert!(played.tools().is_empty());
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    assert_eq!(played.noted("warning").len(), 2);
}

#[test]
fn a_flow_without_a_state_fails_with_words() {
    for inbound in [Inbound::new(Act::Open), Inbound::text("hi")] {
        let mut played = flow().played();
        assert_eq!(played.does(inbound).len(), 1);
        assert_eq!(played.transcript.status, TranscriptStatus::Failed);
        assert_eq!(played.noted("model_failure")[0]["kind"], "broken");
        assert!(played.asked.is_empty());
    }
}

#[test]
fn a_state_that_was_taken_out_of_the_draft_fails_with_words() {
    let mut played = one_state(&[]).played();
    played.opens();
    played.session.state = Some("removed".into());
    assert_eq!(played.types("hi").len(), 1);
    assert_eq!(played.transcript.status, TranscriptStatus::Failed);
}
