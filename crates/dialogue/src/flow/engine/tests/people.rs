//! What people do to a conversation: taking over, speaking, handing back, closing (rows DA-W3 to W5, X8; goal R9).

use std::collections::BTreeMap;

use model::{
    chat::ChatReply,
    function::{Effect, FunctionOutput},
    inbound::{Inbound, Intervention},
    record::Author,
    transcript::{Control, TranscriptStatus},
};
use rstest::rstest;
use serde_json::json;

use super::{
    drawing::{Drawn, one_state},
    stage::{Played, calling, gives, says},
};
use crate::flow::{
    document::{Opening, Target},
    engine::{Guard, Need, Purpose, Refused, Step},
};

fn by(operator: &str) -> Intervention {
    Intervention::TakeOver { operator: operator.into() }
}

fn to_the_desk() -> Intervention {
    Intervention::Transfer { operator: "ada".into(), contact: "Front desk".into(), number: "+4930123456".into() }
}

fn saying(operator: &str, text: &str) -> Inbound {
    Inbound { text: text.into(), ..Inbound::intervention(Intervention::Say { operator: operator.into() }) }
}

#[test]
fn after_a_person_took_over_the_agent_says_nothing() {
    let mut played = one_state(&[]).played();
    played.opens();
    let questions = played.asked.len();
    assert!(played.intervenes(by("ada")).is_empty());
    assert_eq!(played.transcript.control, Control::Operator);
    assert_eq!(played.transcript.status, TranscriptStatus::HumanHandoff);
    assert_eq!(played.transcript.operator.as_deref(), Some("ada"));
    for text in ["hello?", "anybody?"] {
        assert!(played.types(text).is_empty());
    }
    assert_eq!(played.asked.len(), questions);
    assert_eq!(played.noted("take_over"), [&json!({"operator": "ada"})]);
}

#[test]
fn taking_over_twice_is_taking_over_once_and_nobody_takes_it_from_another() {
    let mut played = one_state(&[]).played();
    played.opens();
    played.intervenes(by("ada"));
    played.intervenes(by("ada"));
    assert_eq!(played.noted("take_over").len(), 1);
    assert_eq!(played.tries(Inbound::intervention(by("bob"))), Err(Refused::TakenByOther));
    assert_eq!(played.transcript.operator.as_deref(), Some("ada"));
}

#[test]
fn a_person_speaks_only_after_they_took_over_and_with_words() {
    let mut played = one_state(&[]).played();
    played.opens();
    assert_eq!(played.tries(saying("ada", "Hello.")), Err(Refused::NotTaken));
    played.intervenes(by("ada"));
    assert_eq!(played.tries(saying("ada", " \n")), Err(Refused::Nothing));
    assert!(played.does(saying("ada", "Hello, **I** am Ada.")).is_empty());
    let line = played.log.last().unwrap();
    assert_eq!((line.author, line.kind, line.text.as_str()), (Author::Operator, "text", "Hello, **I** am Ada."));
}

#[test]
fn da_l12_after_a_transfer_the_agent_says_nothing_until_it_is_handed_back() {
    let mut played = one_state(&[]).played();
    played.opens();
    assert!(played.intervenes(to_the_desk()).is_empty());
    let transcript = &played.transcript;
    assert_eq!((transcript.status, transcript.control), (TranscriptStatus::HumanHandoff, Control::Queued));
    assert_eq!(transcript.destination.as_deref(), Some("Front desk"));
    assert_eq!(transcript.destination_number.as_deref(), Some("+4930123456"));
    let line = json!({"skills": [], "destination": "Front desk", "number": "+4930123456", "operator": "ada"});
    assert_eq!(played.noted("hand_off"), [&line]);
    assert!(played.types("hello?").is_empty());
    played.intervenes(Intervention::HandBack);
    assert_eq!((&played.transcript.destination, &played.transcript.destination_number), (&None, &None));
    assert_eq!(played.types("hello?"), ["All right."]);
    // Whoever takes it over after a transfer is where it is.
    played.intervenes(to_the_desk());
    played.intervenes(by("ada"));
    assert_eq!(played.transcript.destination.as_deref(), Some("operator"));
    assert_eq!(played.transcript.destination_number, None);
}

#[test]
fn da_l09_only_what_the_agent_has_is_transferred() {
    let mut played = one_state(&[]).played();
    played.opens();
    let transfers = |played: &mut Played| played.tries(Inbound::intervention(to_the_desk()));
    assert_eq!(transfers(&mut played), Ok(Vec::new()));
    assert_eq!(transfers(&mut played), Err(Refused::NotWithAgent), "it waits");
    played.intervenes(by("ada"));
    assert_eq!(transfers(&mut played), Err(Refused::NotWithAgent), "a person has it");
    assert_eq!(played.transcript.operator.as_deref(), Some("ada"));
    played.intervenes(Intervention::HandBack);
    played.intervenes(Intervention::Close { status: TranscriptStatus::Completed });
    assert_eq!(transfers(&mut played), Err(Refused::Closed));
    assert_eq!(played.noted("hand_off").len(), 1);
}

#[test]
fn handing_back_lets_the_agent_go_on_with_what_was_said() {
    let mut played = one_state(&[]).played();
    played.types("hi");
    played.intervenes(by("ada"));
    played.types("are you a person?");
    played.does(saying("ada", "I am."));
    assert!(played.intervenes(Intervention::HandBack).is_empty());
    assert_eq!(played.transcript.control, Control::Agent);
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    assert_eq!(played.transcript.operator, None);
    assert_eq!(played.types("and now?"), ["All right."]);
    let said: Vec<_> = played.last_asked().request.messages.iter().map(|message| &*message.content).collect();
    assert!(said.contains(&"are you a person?") && said.contains(&"(A person of the team wrote:) I am."), "{said:?}");
    // Again is nothing.
    played.intervenes(Intervention::HandBack);
    assert_eq!(played.noted("hand_back"), [&json!({"operator": "ada"})]);
}

#[test]
fn who_waits_for_a_person_can_be_given_back_to_the_agent() {
    let mut played = one_state(&[]).played();
    played.will([calling("hand_off_to_human"), says("One moment.")]);
    played.types("a person");
    assert!(played.types("hello?").is_empty());
    played.intervenes(Intervention::HandBack);
    assert!(played.transcript.skills.is_empty() && played.transcript.destination.is_none());
    assert_eq!(played.types("hello?"), ["All right."]);
}

#[test]
fn what_is_over_takes_only_what_is_written_about_it() {
    let mut played = one_state(&[]).played();
    played.opens();
    played.intervenes(Intervention::Close { status: TranscriptStatus::Completed });
    let tags = BTreeMap::from([("Issue".to_owned(), "billing".to_owned())]);
    for refused in [by("ada"), Intervention::HandBack, Intervention::Close { status: TranscriptStatus::Failed }] {
        assert_eq!(played.tries(Inbound::intervention(refused)), Err(Refused::Closed));
    }
    assert_eq!(played.tries(saying("ada", "Hello.")), Err(Refused::Closed));
    assert_eq!(played.tries(Inbound::text("hello?")), Err(Refused::Closed));
    played.intervenes(Intervention::Tag { tags, whole: false });
    played.intervenes(Intervention::Flag { reason: Some("look".into()) });
    assert_eq!(played.transcript.tags["Issue"], "billing");
    assert_eq!(played.transcript.flagged.as_deref(), Some("look"));
    played.intervenes(Intervention::Flag { reason: None });
    assert_eq!(played.transcript.flagged, None);
    assert_eq!(played.transcript.status, TranscriptStatus::Completed);
}

#[rstest]
#[case(TranscriptStatus::InProgress)]
#[case(TranscriptStatus::HumanHandoff)]
fn a_conversation_is_not_closed_as_that(#[case] status: TranscriptStatus) {
    let mut played = one_state(&[]).played();
    played.opens();
    assert_eq!(played.tries(Inbound::intervention(Intervention::Close { status })), Err(Refused::NotAnEnd));
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
}

#[test]
fn tags_are_set_taken_away_and_bounded() {
    let tags = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let mut played = one_state(&[]).played();
    played.opens();
    played.intervenes(Intervention::Tag { tags: tags(&[("a", "1"), ("b", "2")]), whole: false });
    played.intervenes(Intervention::Tag { tags: tags(&[("a", ""), (" c ", "3")]), whole: false });
    assert_eq!(played.transcript.tags, tags(&[("b", "2"), ("c", "3")]));
    played.intervenes(Intervention::Tag { tags: tags(&[("d", "4")]), whole: true });
    assert_eq!(played.transcript.tags, tags(&[("d", "4")]));
    let many = (0..100).map(|number| (format!("t{number}"), "x".repeat(300))).collect();
    played.intervenes(Intervention::Tag { tags: many, whole: false });
    assert_eq!(played.transcript.tags.len(), 50);
    assert!(played.transcript.tags.values().all(|value| value.chars().count() <= 255));
}

/// A flow in which a turn needs everything that a turn may need before its end.
fn needy() -> Drawn {
    one_state(&["find"]).around(&["caller"], &["bye"]).goes("start", "Home", Target::Scenario("home".into())).set(
        |configuration| {
            configuration.opening = Opening::Say("Good day.".into());
            configuration.guardrails.moderate_input = true;
            configuration.guardrails.moderate_output = true;
            configuration.documentation.documents = vec!["doc".into()];
            configuration.documentation.amount = 2;
            configuration.documentation.query_rewriting = true;
        },
    )
}

fn is_rewriting(need: &Need) -> bool {
    matches!(need, Need::Complete(completion) if completion.purpose == Purpose::Rewrite)
}

fn is_answer(need: &Need) -> bool {
    matches!(need, Need::Complete(completion) if completion.purpose == Purpose::Answer)
}

fn is_input_guard(need: &Need) -> bool {
    matches!(need, Need::Guard { guard: Guard::Input, .. })
}

fn is_output_guard(need: &Need) -> bool {
    matches!(need, Need::Guard { guard: Guard::Output, .. })
}

fn is_history(need: &Need) -> bool {
    matches!(need, Need::History { .. })
}

fn is_search(need: &Need) -> bool {
    matches!(need, Need::Passages { .. })
}

fn is_call(need: &Need) -> bool {
    matches!(need, Need::Call(_))
}

#[rstest]
#[case::start_up(is_call)]
#[case::the_input_guard(is_input_guard)]
#[case::the_output_guard(is_output_guard)]
#[case::the_past(is_history)]
#[case::rewriting(is_rewriting)]
#[case::the_search(is_search)]
#[case::the_answer(is_answer)]
fn a_person_who_takes_over_meanwhile_stops_the_agent(#[case] when: fn(&Need) -> bool) {
    let mut played = needy().played().judged(|_| Ok(says("query")));
    played.interrupted(when);
    assert!(played.types("hi").is_empty());
    assert!(when(played.needs.last().unwrap()), "nothing is asked after it: {:?}", played.needs);
    assert!(played.last.as_ref().unwrap().journal.steps().contains(&Step::Interrupted));
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    assert_eq!(played.count("bye"), 0);
    played.intervenes(by("ada"));
    assert!(played.types("hello?").is_empty());
}

#[test]
fn a_person_who_takes_over_at_the_opening_stops_the_greeting() {
    let mut played = needy().played();
    played.interrupted(is_call);
    assert!(played.opens().is_empty());
}

/// A person takes over while the agent thinks of its second answer.
fn between(played: &mut Played) {
    let mut asked = 0;
    played.interrupted(move |need| {
        asked += u32::from(is_answer(need));
        is_answer(need) && asked == 2
    });
}

#[test]
fn what_was_said_before_the_person_came_stays_said() {
    let mut played = one_state(&["find"]).played();
    between(&mut played);
    let both = ChatReply { text: "One moment.".into(), ..calling("find") };
    played.will([both, says("Found.")]);
    assert_eq!(played.types("find it"), ["One moment."]);
    assert_eq!(played.noted("function_call").len(), 1);
}

#[test]
fn an_interrupted_end_is_none() {
    let mut played = one_state(&[]).around(&[], &["bye"]).played();
    between(&mut played);
    played.will([calling("end_conversation"), says("Goodbye.")]);
    assert!(played.types("bye").is_empty());
    assert_eq!(played.transcript.status, TranscriptStatus::InProgress);
    assert_eq!(played.count("bye"), 0);
}

#[test]
fn a_functions_hand_off_does_not_take_the_conversation_from_a_person() {
    let mut played = one_state(&[]).around(&["caller"], &[]).played().running(|_| {
        Ok(FunctionOutput { effects: vec![Effect::HandOff { skills: vec!["sales".into()] }], ..gives("ok") })
    });
    // Before the customer did anything.
    played.intervenes(by("ada"));
    assert!(played.types("hi").is_empty());
    assert_eq!(played.transcript.control, Control::Operator);
    assert_eq!(played.transcript.operator.as_deref(), Some("ada"));
    assert_eq!(played.noted("warning").len(), 1);
}
