//! Laws: whatever is designed and whatever the visitor does, a turn ends, and the same turn is the same.

use model::inbound::{Act, Inbound};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::stage::{Visitor, conversation, scenario, scene, turn, with};

const NAMES: [&str; 7] = [
    "a",
    "b",
    "intent.core.TurnNoMatch",
    "intent.core.SceneNoMatch",
    "intent.core.NoMatch",
    "intent.core.restart",
    "c",
];

prop_compose! {
    fn intent(speaker: &'static str)(
        name in 0..NAMES.len(),
        completing in any::<bool>(),
        target in prop::option::of((0..2usize, 0..2usize, prop::option::of(0..3usize))),
        virtual_intent in prop::option::of(0..NAMES.len()),
    ) -> Value {
        let mut intent = json!({"od_id": NAMES[name], "name": "", "speaker": speaker, "sample_utterance": "x", "confidence": 1});
        if completing {
            intent["behaviors"] = json!(["COMPLETING"]);
        }
        if let Some((c, s, t)) = target {
            intent["transition"] = json!({"conversation": format!("c{c}"), "scene": format!("s{s}"),
                                          "turn": t.map(|t| format!("t{t}"))});
        }
        if speaker == "APP" {
            intent["message_templates"] = json!([super::stage::template("m", "said")]);
            if let Some(of) = virtual_intent {
                intent["virtual_intent"] = json!({"speaker": "USER", "intent_id": NAMES[of]});
            }
        }
        intent
    }
}

fn any_turn() -> impl Strategy<Value = Value> {
    let behaviors = prop::sample::select(vec![vec![], vec!["STARTING"], vec!["OPEN"], vec!["STARTING", "OPEN"]]);
    let side = || prop_oneof![Just("USER"), Just("APP")].prop_flat_map(|s| prop::collection::vec(intent(s), 0..3));
    (behaviors, side(), side())
        .prop_map(|(behaviors, requests, responses)| turn("t", &behaviors, unique(requests), unique(responses)))
}

/// Intents of the agent must not share an id within a turn.
fn unique(intents: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for intent in intents {
        if kept.iter().all(|other| other["od_id"] != intent["od_id"]) {
            kept.push(intent);
        }
    }
    kept
}

fn any_scenario() -> impl Strategy<Value = Value> {
    let named = |list: Vec<Value>, letter: &str| {
        list.into_iter()
            .enumerate()
            .map(|(i, object)| with(object, json!({"od_id": format!("{letter}{i}")})))
            .collect::<Vec<_>>()
    };
    let scenes = prop::collection::vec(prop::collection::vec(any_turn(), 1..4), 2);
    prop::collection::vec(scenes, 2).prop_map(move |conversations| {
        let conversations = conversations
            .into_iter()
            .map(|scenes| {
                let scenes = scenes.into_iter().map(|turns| scene("s", &["STARTING"], named(turns, "t"))).collect();
                conversation("c", &["STARTING"], named(scenes, "s"))
            })
            .collect();
        scenario(named(conversations, "c"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_scenario_and_no_act_makes_a_turn_run_on(
        document in any_scenario(),
        acts in prop::collection::vec((0..NAMES.len(), 0..4usize), 1..12),
    ) {
        // An agent's intents may not share an id across the two sides of a turn either: such documents are refused.
        prop_assume!(crate::scenario::import_value(document.clone()).is_ok());
        let mut visitor = Visitor::of(document.clone());
        let mut again = Visitor::of(document);
        for (name, act) in acts {
            let act = [Act::Button, Act::Trigger, Act::Open, Act::Text][act];
            let inbound = Inbound { text: NAMES[name].into(), ..Inbound::intent(act, NAMES[name]) };
            let said = visitor.does(inbound.clone());
            // A visitor's intent, five virtual ones, and a ladder of four rungs before and after it bound what is said.
            prop_assert!(said.len() <= 100);
            prop_assert_eq!(said, again.does(inbound));
            prop_assert_eq!(&visitor.session, &again.session);
        }
    }
}
