//! Laws: whatever is drawn, whatever models and functions answer and whoever does what, a turn ends soon and is the
//! same when it is taken again; a person is not talked over; what is over stays over and wraps up once.

use std::collections::BTreeMap;

use model::{
    chat::{ChatError, ChatErrorKind, ChatReply, ToolCall},
    function::{Effect, FunctionError, FunctionErrorKind, FunctionOutput},
    inbound::{Act, Inbound, Intervention},
    transcript::{Control, TranscriptStatus},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    drawing::{Drawn, flow},
    stage::{Played, says},
};
use crate::flow::{
    document::{CallReason, Opening, Target},
    engine::{Entered, Passage, Refused, Verdict},
};

const STATES: [&str; 3] = ["a", "b", "c"];
const FUNCTIONS: [&str; 3] = ["f", "g", "h"];
const TOOLS: [&str; 6] = ["f", "g", "h", "end_conversation", "hand_off_to_human", "nothing"];
const EVENTS: [&str; 3] = ["E", "F", "G"];
/// Far more than a turn may need; what runs it gives up at twice as many.
const NEEDS: usize = 64;

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        4 => (0..STATES.len()).prop_map(|at| Target::State(STATES[at].into())),
        1 => Just(Target::End),
        1 => Just(Target::Scenario("home".into())),
        1 => Just(Target::Nowhere),
    ]
}

prop_compose! {
    fn drawn()(
        functions in prop::collection::vec(prop::sample::subsequence(FUNCTIONS.to_vec(), 0..=3), 3),
        transitions in prop::collection::vec((0..STATES.len(), 0..EVENTS.len(), target()), 0..9),
        on in prop::collection::vec(any::<bool>(), 8),
        history in prop::option::of(0..4u32),
        max_turns in prop::option::weighted(0.2, 1..5u32),
        opening in prop_oneof![Just(Opening::Model), Just(Opening::Silent), Just(Opening::Say("Hello.".into()))],
    ) -> Drawn {
        let mut drawn = flow();
        for (id, functions) in STATES.into_iter().zip(&functions) {
            drawn = drawn.state(id, "Do it.", functions);
        }
        for (from, event, to) in transitions {
            drawn = drawn.goes(STATES[from], EVENTS[event], to);
        }
        let start_up: &[&str] = if on[0] { &["caller"] } else { &[] };
        drawn.around(start_up, &["bye"]).set(|configuration| {
            configuration.opening = opening;
            configuration.model.history = history;
            configuration.guardrails.max_turns = max_turns;
            configuration.guardrails.moderate_input = on[1];
            configuration.guardrails.moderate_output = on[2];
            configuration.documentation.amount = if on[3] { 2 } else { 0 };
            configuration.documentation.documents = vec!["doc".into()];
            configuration.documentation.query_rewriting = on[4];
            configuration.agent_memory = on[5];
            if on[6] {
                configuration.call_reasons = vec![CallReason { label: "Billing".into(), description: String::new() }];
            }
            if on[7] {
                configuration.call_review.questions = vec!["Was it polite?".into()];
            }
        })
    }
}

fn chat_reply() -> impl Strategy<Value = Result<ChatReply, ChatError>> {
    let skills = json!({"skills": ["x", 1], "reason": 2});
    let arguments = prop_oneof![Just(json!({})), Just(json!("{")), Just(skills), Just(Value::Null)];
    let call = (0..TOOLS.len(), arguments).prop_map(|(tool, arguments)| (TOOLS[tool], arguments));
    let text = prop::sample::select(vec!["", " ", "Well.", "**Yes**"]);
    let reply = (text, prop::collection::vec(call, 0..4), 1..12usize).prop_map(|(text, calls, times)| {
        let calls = std::iter::repeat_n(calls, times).flatten().enumerate();
        let call = |(at, (name, arguments)): (usize, (&str, Value))| ToolCall {
            id: format!("c{at}"),
            name: name.to_owned(),
            arguments,
        };
        ChatReply { text: text.into(), tool_calls: calls.map(call).collect(), ..ChatReply::default() }
    });
    let failure = Just(ChatError::new(ChatErrorKind::Unavailable, "away"));
    prop_oneof![6 => reply.prop_map(Ok), 1 => failure.prop_map(Err)]
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::HandOff { skills: vec!["x".into()] }),
        Just(Effect::Transfer { contact: "desk".into(), number: Some("+4930123456".into()) }),
        Just(Effect::End),
        Just(Effect::Tag { name: "t".into(), value: "v".into() }),
    ]
}

prop_compose! {
    fn output()(
        event in prop::option::of(0..EVENTS.len()),
        effects in prop::collection::vec(effect(), 0..2),
        response in prop_oneof![Just(Value::Null), Just(json!("ok")), Just(json!({"a": 1}))],
        addition in prop::option::of(prop_oneof![Just(Value::Null), Just(json!(1))]),
        fails in prop::bool::weighted(0.15),
    ) -> Result<FunctionOutput, FunctionError> {
        if fails {
            return Err(FunctionError::new(FunctionErrorKind::Threw, "thrown"));
        }
        let mut output = FunctionOutput {
            response,
            effects,
            event: event.map(|at| EVENTS[at].to_owned()),
            ..FunctionOutput::default()
        };
        output.context_additions.extend(addition.map(|value| ("k".to_owned(), value)));
        Ok(output)
    }
}

fn act() -> impl Strategy<Value = Inbound> {
    let operator = || "ada".to_owned();
    let told = Inbound { visitor: json!({"k": 2}).as_object().cloned().unwrap_or_default(), ..Inbound::text("hello") };
    let say = Inbound { text: "Hello.".into(), ..Inbound::intervention(Intervention::Say { operator: operator() }) };
    let tags = BTreeMap::from([("t".to_owned(), String::new())]);
    let transfer = Inbound::intervention(Intervention::Transfer {
        operator: operator(),
        contact: "desk".into(),
        number: "+4930123456".into(),
    });
    prop_oneof![
        6 => Just(told),
        2 => Just(Inbound::new(Act::Open)),
        1 => Just(Inbound::new(Act::Link)),
        1 => Just(Inbound { value: Some("v".into()), ..Inbound::new(Act::Button) }),
        2 => Just(Inbound::intervention(Intervention::TakeOver { operator: operator() })),
        2 => Just(Inbound::intervention(Intervention::HandBack)),
        1 => Just(transfer),
        1 => Just(say),
        1 => Just(Inbound::intervention(Intervention::Close { status: TranscriptStatus::Abandoned })),
        1 => Just(Inbound::intervention(Intervention::Tag { tags, whole: true })),
        1 => Just(Inbound::intervention(Intervention::Report { reason: "rude".into() })),
    ]
}

/// Gives the items one after the other, again and again.
fn in_turn<T: Clone>(items: Vec<T>) -> impl FnMut() -> T {
    let mut at = 0;
    move || {
        at += 1;
        items[(at - 1) % items.len()].clone()
    }
}

/// A conversation in which everything answers by these lists.
fn played(
    drawn: Drawn,
    replies: Vec<Result<ChatReply, ChatError>>,
    outputs: Vec<Result<FunctionOutput, FunctionError>>,
    whether: Vec<bool>,
) -> Played {
    let mut output = in_turn(outputs);
    let (mut refuses, mut interrupts, mut judges) =
        (in_turn(whether.clone()), in_turn(whether.clone()), in_turn(whether));
    let mut played = drawn
        .played()
        .running(move |_| output())
        .guarded(move |_, _| {
            let refused = refuses().then(|| ("moderation".to_owned(), "so".to_owned()));
            Verdict { refused, note: None }
        })
        .judged(move |_| {
            let text =
                if judges() { "{}" } else { "{\"reason\": \"Billing\", \"answers\": [false], \"facts\": [\"x\"]}" };
            Ok(says(text))
        });
    played.passages = vec![Passage { source: "s".into(), text: "t".into() }; 3];
    played.interrupted(move |need| need.yields() && interrupts());
    for reply in replies {
        match reply {
            Ok(reply) => played.will([reply]),
            Err(error) => played.will_fail(error),
        };
    }
    played
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_flow_and_no_answer_makes_a_turn_run_on_talk_over_a_person_or_end_twice(
        drawn in drawn(),
        replies in prop::collection::vec(chat_reply(), 0..30),
        outputs in prop::collection::vec(output(), 1..8),
        // Rarely true, of a length that does not fall in step with the turns.
        whether in prop::collection::vec(prop::bool::weighted(0.07), 13),
        acts in prop::collection::vec(act(), 1..12),
        in_scenario in any::<bool>(),
    ) {
        let mut played = played(drawn, replies, outputs, whether);
        played.in_scenario = in_scenario;
        played.entered = in_scenario.then(Entered::default);
        for inbound in acts {
            let before = played.transcript.clone();
            let is_customers = inbound.intervention.is_none();
            // Each turn is also taken again from its own answers there, and must be the same.
            let said = played.tries(inbound);
            prop_assert!(played.needs.len() <= NEEDS, "{} needs", played.needs.len());
            if !before.status.is_open() && is_customers {
                prop_assert_eq!(said.as_ref(), Err(&Refused::Closed));
            }
            let Ok(said) = said else {
                prop_assert_eq!(&played.transcript, &before);
                continue;
            };
            prop_assert!(said.len() <= 10, "{said:?}");
            prop_assert!(said.iter().all(|text| !text.trim().is_empty()));
            if before.control != Control::Agent || !is_customers {
                prop_assert!(said.is_empty(), "talked over a person: {said:?}");
            }
            let is_over = !played.transcript.status.is_open();
            prop_assert!(is_over || before.status.is_open(), "it was opened again");
            let outcome = played.last.as_ref().unwrap();
            prop_assert_eq!(outcome.closed, is_over);
            prop_assert!(outcome.returned.is_none() || (in_scenario && !is_over));
            prop_assert!(played.count("bye") <= 1);
            if is_over {
                prop_assert_eq!(played.count("bye"), 1, "wrap-up");
                prop_assert!(played.transcript.ended_at.is_some());
            }
        }
    }
}
