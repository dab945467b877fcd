//! What runs before a conversation and after it (rows DA-F20 to F22).

use std::{cell::Cell, rc::Rc};

use model::{
    chat::{ChatError, ChatErrorKind},
    function::{Effect, FunctionError, FunctionErrorKind, FunctionOutput},
    inbound::{Act, Inbound, Intervention},
    transcript::{Control, TranscriptStatus},
};
use rstest::rstest;
use serde_json::json;

use super::{
    drawing::{Drawn, one_state},
    stage::{Played, adds, calling, emits, gives, says},
};
use crate::flow::{
    document::{Opening, Target},
    engine::{Need, Occasion, Refused},
};

#[test]
fn da_f20_start_up_runs_before_the_agents_first_turn_and_adds_to_the_context() {
    let mut played = one_state(&["greet"]).around(&["caller", "plan"], &[]).played().running(|call| {
        Ok(match &*call.function {
            "caller" => adds("customer_id", 7),
            _ => gives("done"),
        })
    });
    played.will([calling("greet"), says("Welcome back.")]);
    assert_eq!(played.opens(), ["Welcome back."]);
    let order: Vec<_> = played.called.iter().map(|call| (&*call.function, call.occasion)).collect();
    let expected = [("caller", Occasion::StartUp), ("plan", Occasion::StartUp), ("greet", Occasion::Agent)];
    assert_eq!(order, expected);
    assert!(matches!(&played.needs[0], Need::Call(call) if call.function == "caller"));
    assert!(played.called[0].internal_parameters.is_empty());
    for later in &played.called[1..] {
        assert_eq!(later.internal_parameters["customer_id"], 7, "{}", later.function);
    }
    // Once only.
    played.types("hi");
    assert_eq!(played.count("caller"), 1);
}

#[test]
fn da_f21_a_start_up_function_that_fails_is_noted_and_the_conversation_starts() {
    let late = || FunctionError::new(FunctionErrorKind::TimedOut, "it took longer than 5 s");
    let mut played = one_state(&[])
        .around(&["slow", "fine"], &[])
        .played()
        .running(move |call| if call.function == "slow" { Err(late()) } else { Ok(adds("a", 1)) });
    assert_eq!(played.opens(), ["All right."]);
    assert_eq!(played.noted("function_call")[0]["error"]["kind"], "timed_out");
    assert!(played.transcript.parameters.contains_key("a"), "the next one ran");
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
}

#[test]
fn da_f20_a_start_up_function_that_does_not_exist_is_noted() {
    let mut played = one_state(&[]).set(|configuration| configuration.start_up = vec!["gone".into()]).played();
    assert_eq!(played.opens(), ["All right."]);
    assert_eq!(played.noted("warning"), [&json!({"message": "the function `gone` does not exist"})]);
}

#[test]
fn da_f20_a_start_up_event_decides_where_it_begins() {
    let mut played = one_state(&[])
        .state("known", "Greet by name.", &[])
        .moves("start", "Known", "known")
        .around(&["caller"], &[])
        .played()
        .running(|_| Ok(emits("Known")));
    played.opens();
    assert!(played.prompt().contains("Greet by name."));
}

#[test]
fn da_f20_who_is_handed_off_at_once_hears_so_and_the_model_is_not_asked() {
    let hand_off = || FunctionOutput { effects: vec![Effect::HandOff { skills: vec!["vip".into()] }], ..gives("ok") };
    for inbound in [Inbound::new(Act::Open), Inbound::text("hi")] {
        let mut played = one_state(&[])
            .around(&["caller"], &[])
            .set(|configuration| configuration.texts.handed_off = "A colleague comes.".into())
            .played()
            .running(move |_| Ok(hand_off()));
        assert_eq!(played.does(inbound), ["A colleague comes."]);
        assert!(played.asked.is_empty());
        assert_eq!(played.transcript.control, Control::Queued);
    }
}

fn with_wrap_up() -> Drawn {
    one_state(&["finish"]).around(&[], &["bye"]).goes("start", "Done", Target::End)
}

fn by_the_agent(played: &mut Played) {
    played.will([calling("end_conversation"), says("Goodbye.")]);
    played.types("that was all");
}

fn by_an_event(played: &mut Played) {
    played.will([calling("finish"), says("Goodbye.")]);
    played.types("finish");
}

fn by_the_customer(played: &mut Played) {
    played.intervenes(Intervention::Close { status: TranscriptStatus::Abandoned });
}

fn by_an_operator(played: &mut Played) {
    played.intervenes(Intervention::TakeOver { operator: "ada".into() });
    played.intervenes(Intervention::Close { status: TranscriptStatus::Completed });
}

fn by_a_report(played: &mut Played) {
    // A conversation that goes on is only marked, and ends as reported.
    played.intervenes(Intervention::Report { reason: "rude".into() });
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    played.intervenes(Intervention::Close { status: TranscriptStatus::Completed });
}

fn by_failure(played: &mut Played) {
    for _ in 0..3 {
        played.will_fail(ChatError::new(ChatErrorKind::Unavailable, "no answer"));
        played.types("hello?");
    }
}

fn by_a_bound(played: &mut Played) {
    for _ in 0..5 {
        played.types("and then?");
    }
    played.types("one too many");
}

#[rstest]
#[case(by_the_agent, TranscriptStatus::Completed)]
#[case(by_an_event, TranscriptStatus::Completed)]
#[case(by_the_customer, TranscriptStatus::Abandoned)]
#[case(by_an_operator, TranscriptStatus::Completed)]
#[case(by_a_report, TranscriptStatus::Reported)]
#[case(by_failure, TranscriptStatus::Failed)]
#[case(by_a_bound, TranscriptStatus::Completed)]
fn da_f22_wrap_up_runs_once_however_the_conversation_ends(
    #[case] end: fn(&mut Played),
    #[case] status: TranscriptStatus,
) {
    let at_the_end = Rc::new(Cell::new(0));
    let seen = Rc::clone(&at_the_end);
    let mut played = with_wrap_up().set(|configuration| configuration.guardrails.max_turns = Some(5)).played().running(
        move |call| {
            seen.set(seen.get() + u32::from(call.occasion == Occasion::WrapUp));
            Ok(if call.function == "finish" { emits("Done") } else { gives("ok") })
        },
    );
    played.opens();
    assert_eq!(at_the_end.get(), 0);
    end(&mut played);
    assert_eq!(played.transcript.status, status);
    assert!(played.transcript.ended_at.is_some());
    assert_eq!(at_the_end.get(), 1);
    // Nothing after it runs it again.
    assert_eq!(played.tries(Inbound::text("hello?")), Err(Refused::Closed));
    let close = Intervention::Close { status: TranscriptStatus::Abandoned };
    assert_eq!(played.tries(Inbound::intervention(close)), Err(Refused::Closed));
    played.intervenes(Intervention::Report { reason: "later".into() });
    assert_eq!(at_the_end.get(), 1);
}

#[test]
fn da_f22_what_runs_at_the_end_cannot_open_the_conversation_again() {
    let asks = || FunctionOutput {
        effects: vec![
            Effect::HandOff { skills: vec!["sales".into()] },
            Effect::Transfer { contact: "desk".into(), number: None },
            Effect::End,
            Effect::Tag { name: "Outcome".into(), value: "sold".into() },
        ],
        event: Some("Done".into()),
        ..adds("crm", "noted")
    };
    let mut played = with_wrap_up().played().running(move |_| Ok(asks()));
    played.opens();
    by_the_customer(&mut played);
    assert_eq!(played.transcript.status, TranscriptStatus::Abandoned);
    assert_eq!(played.transcript.control, Control::Agent);
    assert_eq!(played.transcript.tags["Outcome"], "sold");
    assert_eq!(played.transcript.parameters["crm"].value, "noted");
    assert!(played.noted("hand_off").is_empty());
    assert!(played.noted("state_change").is_empty());
    // The three effects and the event.
    assert_eq!(played.noted("warning").len(), 4);
}

#[test]
fn da_f22_a_wrap_up_function_that_fails_stops_nothing() {
    let mut played = one_state(&[]).around(&[], &["breaks", "bye"]).played().running(|call| match &*call.function {
        "breaks" => Err(FunctionError::new(FunctionErrorKind::Threw, "no CRM")),
        _ => Ok(gives("ok")),
    });
    played.opens();
    by_the_customer(&mut played);
    assert_eq!(played.count("bye"), 1);
    assert_eq!(played.noted("function_call")[0]["error"]["message"], "no CRM");
}

#[test]
fn da_f22_what_runs_at_the_end_is_not_to_be_interrupted() {
    let mut played = with_wrap_up().set(|configuration| configuration.opening = Opening::Silent).played();
    played.opens();
    by_the_customer(&mut played);
    assert!(!played.needs.is_empty());
    assert!(played.needs.iter().all(|need| !need.yields()), "{:?}", played.needs);
    let mut played = one_state(&["look"]).around(&["caller"], &[]).played();
    played.will([calling("look")]);
    played.opens();
    assert!(played.needs.iter().all(Need::yields), "{:?}", played.needs);
}

#[test]
fn da_f20_too_many_functions_do_not_all_run() {
    let many: Vec<String> = (0..40).map(|number| format!("f{number}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut played = one_state(&[]).around(&names, &names).played();
    played.opens();
    assert_eq!(played.called.len(), 32);
    assert_eq!(played.noted("warning").len(), 1);
    by_the_customer(&mut played);
    assert_eq!(played.called.len(), 64);
}
