//! Recorded conversations, replayed.

use dialogue::flow::document::FlowDocument;
use model::{
    AgentId, TranscriptId,
    inbound::{Act, Inbound, Intervention},
    mood::Emotion,
    transcript::TranscriptState,
};
use proptest::prelude::*;
use runtime::{
    ActCall, AgentChoice, AgentSource, Arrival, Conversation, TurnCall, TurnError,
    agents::{Access, Agents},
    experiments::{Experiments, Flags},
    functions::Functions,
    models::ModelScripts,
    replay::{Difference, ReplayCall, ReplayReport, Which},
};
use serde_json::{Value, json};
use store::Expect;
use uuid::Uuid;

use crate::{
    desk::{Desk, answering, echo},
    flows::lookup,
};

impl Desk {
    async fn replay(&self, agent: AgentId, source: AgentSource, chained: bool) -> ReplayReport {
        self.runtime.store().flush_projections().await.unwrap();
        let call = ReplayCall { source, which: Which::Latest { most: 1_000, from: None }, chained };
        self.runtime.replayer().replay(&self.tenant, agent, &call).await.unwrap()
    }

    /// Changes a draft as somebody does who edits it.
    async fn edit(&self, agent: AgentId, document: &Value) {
        let documents = self.runtime.store().tenant(&self.tenant);
        documents.put("agent.draft", &agent.to_string(), document, &[], Expect::Any).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    }
}

/// All differences in words.
fn told(report: &ReplayReport) -> Vec<String> {
    report.conversations.iter().flat_map(|one| &one.differing).map(|turn| turn.in_words()).collect()
}

/// A scenario that looks at nearly everything that a turn can depend on: the past, the clock, attributes, actions,
/// experiments, what an interpreter says.
fn curious() -> Value {
    let user = |id: &str, more: Value| {
        let mut intent = json!({"od_id": id, "name": id, "speaker": "USER", "sample_utterance": id, "confidence": 1});
        intent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        intent
    };
    let app = |id: &str, text: &str, more: Value| {
        let mut intent = json!({"od_id": id, "name": id, "speaker": "APP", "sample_utterance": "", "confidence": 1,
            "message_templates": [{"od_id": format!("m_{id}"), "name": id,
              "message_markup": format!("<message><text-message>{text}</text-message></message>")}]});
        intent.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        intent
    };
    let turn = |id: &str, request: Value, response: Value| {
        json!({"od_id": id, "name": id, "behaviors": ["STARTING", "OPEN"], "request_intents": [request],
               "response_intents": [response]})
    };
    json!({"od_id": "s", "name": "s",
    "interpreters": [{"name": "examples", "component_id": "interpreter.core.examples"}],
    "actions": [{"name": "tomorrow", "component_id": "action.core.datetime",
                 "configuration": {"attribute_name": "tomorrow", "modifier": "+1 day"}}],
    "conversations": [{"od_id": "c", "name": "c", "behaviors": ["STARTING"], "scenes": [
        {"od_id": "sc", "name": "sc", "behaviors": ["STARTING"], "turns": [
            turn("welcome", user("intent.core.welcome", json!({})),
                 app("hello", "Hello {user.flag_tone} {seconds_since_last_seen}", json!({}))),
            turn("when", user("intent.when", json!({"interpreter": "examples", "confidence": 0.1,
                                                    "sample_utterance": "when are you open", "actions": ["tomorrow"]})),
                 app("then", "{user.tomorrow}", json!({}))),
            turn("colour", user("intent.colour", json!({"interpreter": "examples", "sample_utterance": "my favourite colour is red",
                                                            "expected_attributes": [{"name": "colour"}]})),
                 app("coloured", "{user.colour} {message_history.all}", json!({}))),
            turn("bye", user("intent.bye", json!({})), app("gone", "Bye {history}", json!({"behaviors": ["COMPLETING"]}))),
            turn("none", user("intent.core.NoMatch", json!({})), app("what", "What is {utterance_text}?", json!({}))),
        ]}]}]})
}

fn any_act() -> impl Strategy<Value = Inbound> {
    let button = |intent: &str, value: &str| Inbound {
        value: Some(value.to_owned()),
        text: "pressed".into(),
        ..Inbound::intent(Act::Button, intent)
    };
    prop_oneof![
        Just(Inbound::intent(Act::Open, "intent.core.welcome")),
        Just(Inbound::text("when are you open")),
        Just(Inbound::text("gibberish")),
        Just(button("intent.colour", "colour.red")),
        Just(button("intent.bye", "")),
        Just(button("intent.nowhere", "x")),
        Just(Inbound::intent(Act::Trigger, "intent.core.restart")),
        Just(Inbound::new(Act::Link)),
    ]
}

proptest! {
    // Each case is a store of its own. Texts repeat the past, so they double.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_was_said_is_replayed_with_the_same_version_without_a_difference(
        acts in prop::collection::vec((0..3u8, any_act()), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let desk = Desk::open().await;
            let agent = desk.publish(&curious()).await;
            let flag = json!({"flags": [{"name": "tone", "enabled": true, "default_variant": "cool", "salt": "",
                "variants": [{"name": "warm", "weight": 1}, {"name": "cool", "weight": 1}],
                "rules": [{"conditions": [{"attribute": "colour", "equals": "red"}]}]}]});
            let flags: Flags = serde_json::from_value(flag).unwrap();
            Experiments::new(desk.runtime.store()).put(&desk.tenant, agent, flags).await.unwrap();
            for (who, inbound) in &acts {
                let call = desk.call(AgentChoice::Named(agent), &format!("contact{who}"), inbound.clone());
                desk.runtime.turn(call).await.unwrap();
            }
            for (source, chained) in
                [(AgentSource::Version(1), false), (AgentSource::Version(1), true), (AgentSource::Draft, false)]
            {
                let report = desk.replay(agent, source, chained).await;
                assert_eq!(told(&report), Vec::<String>::new(), "{source:?}, chained: {chained}");
                assert_eq!((report.turns, report.skipped), (acts.len() as u64, 0));
            }
        });
    }
}

#[tokio::test]
async fn what_a_changed_draft_would_say_otherwise_is_told_turn_by_turn() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("You said {utterance_text}")).await;
    let first = desk.says(agent, "ann", "one").await.unwrap().transcript;
    desk.says(agent, "ann", "two").await.unwrap();
    desk.says(agent, "bob", "three").await.unwrap();
    desk.edit(agent, &echo("I heard {utterance_text}")).await;
    let report = desk.replay(agent, AgentSource::Draft, false).await;
    assert_eq!((report.turns, report.differing, report.version), (3, 3, 0));
    let ann = report.conversations.iter().find(|one| one.transcript == first).unwrap();
    assert_eq!(
        ann.differing[0].differences,
        [Difference::Line {
            line: 1,
            recorded: Some("text: You said one".into()),
            now: Some("text: I heard one".into())
        }]
    );
    assert!(desk.replay(agent, AgentSource::Version(1), false).await.is_same());

    // An intent that is not heard any more, and what follows from it.
    desk.edit(agent, &answering("intent.hello", "hello")).await;
    let report = desk.replay(agent, AgentSource::Draft, false).await;
    let words = told(&report).join("\n");
    assert!(words.contains("heard nothing, not intent.core.NoMatch in c/sc/t"), "{words}");
    assert!(words.contains("line 1 is gone: `text: You said one`"), "{words}");
    assert!(words.contains("it stands at the start, not at c/sc/t after answer"), "{words}");

    // What was never asked cannot be known.
    let mut learned = crate::desk::learning(2, 2, "learned");
    learned["conversations"][0]["scenes"][0]["turns"][0]["request_intents"][0]["confidence"] = json!(0.01);
    desk.edit(agent, &learned).await;
    let report = desk.replay(agent, AgentSource::Draft, false).await;
    assert!(told(&report)[0].contains("asks for something new: what `"), "{:?}", told(&report));
}

#[tokio::test]
async fn chained_turns_begin_with_what_the_replay_left() {
    let desk = Desk::open().await;
    let mut document = curious();
    let turns = "/conversations/0/scenes/0/turns";
    let markup = format!("{turns}/2/response_intents/0/message_templates/0/message_markup");
    *document.pointer_mut(&markup).unwrap() =
        json!("<message><text-message>Tomorrow is {user.tomorrow}</text-message></message>");
    let agent = desk.publish(&document).await;
    for intent in ["intent.when", "intent.colour"] {
        let press = Inbound::intent(Act::Button, intent);
        desk.runtime.turn(desk.call(AgentChoice::Named(agent), "ann", press)).await.unwrap();
    }
    // The first turn no longer finds out what the second one says.
    *document.pointer_mut(&format!("{turns}/1/request_intents/0/actions")).unwrap() = json!([]);
    desk.edit(agent, &document).await;
    let differing = async |chained| {
        let report = desk.replay(agent, AgentSource::Draft, chained).await;
        report.conversations[0].differing.iter().map(|turn| turn.turn).collect::<Vec<_>>()
    };
    assert_eq!(differing(false).await, [1], "the second began with what was recorded");
    assert_eq!(differing(true).await, [1, 2]);
}

#[tokio::test]
async fn only_what_is_asked_for_is_replayed() {
    let desk = Desk::open().await;
    let (agent, other) = (desk.publish(&echo("a")).await, desk.publish(&echo("b")).await);
    let mine = desk.says(agent, "ann", "one").await.unwrap().transcript;
    desk.says(agent, "bob", "one").await.unwrap();
    let theirs = desk.says(other, "ann", "one").await.unwrap().transcript;
    desk.runtime.store().flush_projections().await.unwrap();
    let ask = async |which: Which, source| {
        desk.runtime.replayer().replay(&desk.tenant, agent, &ReplayCall { source, which, chained: false }).await
    };
    let report = ask(Which::These(vec![mine]), AgentSource::Draft).await.unwrap();
    assert_eq!((report.turns, report.conversations.len()), (1, 1));
    let report = ask(Which::Latest { most: 1, from: None }, AgentSource::Draft).await.unwrap();
    assert_eq!(report.turns, 1);
    let never = model::Timestamp(i64::MAX);
    let report = ask(Which::Latest { most: 9, from: Some(never) }, AgentSource::Draft).await.unwrap();
    assert_eq!((report.turns, report.is_same()), (0, true));
    for wrong in [theirs, TranscriptId(Uuid::now_v7())] {
        let refused = ask(Which::These(vec![wrong]), AgentSource::Draft).await;
        assert!(matches!(refused, Err(TurnError::UnknownTranscript)));
    }
    let refused = ask(Which::Latest { most: 1, from: None }, AgentSource::Version(7)).await;
    assert!(matches!(refused, Err(TurnError::UnknownAgent)));
}

/// A flow with two states, whose function is configured to emit an event.
pub(crate) async fn bank(desk: &Desk) -> (AgentId, FlowDocument) {
    let store = desk.runtime.store();
    let script = json!({
        "rules": [
            {"when": {"text_contains": "account", "tool_offered": "lookup"},
             "then": {"call": [{"name": "lookup", "arguments": {}}]}},
            {"when": {"tool_result_of": "lookup"}, "then": {"say": "Your account is open"}},
            {"when": {"system_contains": "You judge", "text_contains": "mentions an account"},
             "then": {"say": "{\"holds\": true, \"reason\": \"it does\"}"}},
            {"when": {"system_contains": "You judge"}, "then": {"say": "{\"holds\": false, \"reason\": \"it does not\"}"}},
        ],
        "otherwise": {"say": "You said: {{last_user}}"},
    });
    ModelScripts::new(store).put(&desk.tenant, "bank", script).await.unwrap();
    let lookup = Functions::new(store).create(&desk.tenant, lookup()).await.unwrap().value.id;
    let flow: FlowDocument = serde_json::from_value(json!({
        "name": "Bank", "initial": "hello",
        "states": [
            {"id": "hello", "name": "Hello", "thought": "Call lookup.", "functions": [lookup]},
            {"id": "account", "name": "Account", "thought": "Say that it is open."},
        ],
        "transitions": [{"id": "t", "from": "hello", "event": "AccountFound", "to": {"state": "account"}}],
        "configuration": {
            "opening": {"say": "Welcome to the bank."},
            "model": {"provider": "scripted", "name": "bank"},
        },
    }))
    .unwrap();
    let made = Agents::new(store).create_flow(&desk.tenant, flow.clone(), Access::Guarded).await.unwrap();
    (made.agent.id, flow)
}

/// A conversation with the draft of a flow.
pub(crate) async fn talk(desk: &Desk, flow: AgentId, acts: Vec<Inbound>) -> TranscriptId {
    let transcript = TranscriptId(Uuid::now_v7());
    for (at, inbound) in acts.into_iter().enumerate() {
        let state = TranscriptState { channel: "web".into(), ..TranscriptState::default() };
        let conversation = match at {
            0 => Conversation::New { transcript, state: Box::new(state) },
            _ => Conversation::This(transcript),
        };
        let call = desk.call(AgentChoice::Version(flow, 0), "ann", inbound);
        desk.runtime.turn(TurnCall { conversation, platform: "web", ..call }).await.unwrap();
    }
    transcript
}

#[tokio::test]
async fn a_flow_is_replayed_with_what_its_model_said_and_its_functions_gave() {
    let desk = Desk::open().await;
    let (agent, mut flow) = bank(&desk).await;
    let acts = vec![Inbound::new(Act::Open), Inbound::text("my account please"), Inbound::text("thank you")];
    let transcript = talk(&desk, agent, acts).await;
    let record = desk.runtime.store().tenant(&desk.tenant).turn_record(&transcript, 3).await.unwrap().unwrap();
    let mood = record.mood.expect("it is estimated how it is going");
    assert_eq!((mood.messages, mood.scores.strongest()), (2, Some(Emotion::Gratitude)), "which makes no difference");
    let flag = Intervention::Flag { reason: Some("odd".into()) };
    desk.runtime.act(&desk.tenant, transcript, ActCall::intervention(flag, Arrival::default())).await.unwrap();
    for chained in [false, true] {
        let report = desk.replay(agent, AgentSource::Draft, chained).await;
        assert_eq!(told(&report), Vec::<String>::new(), "chained: {chained}");
        assert_eq!((report.turns, report.skipped), (3, 1));
    }

    // The model is told something else, and the function leads nowhere.
    flow.states[0].thought = "Call lookup, and be kind.".into();
    flow.transitions.clear();
    desk.edit(agent, &serde_json::to_value(&flow).unwrap()).await;
    let report = desk.replay(agent, AgentSource::Draft, false).await;
    let words = told(&report).join("\n");
    assert!(words.contains("prompt changed (completion 0)") && words.contains("be kind"), "{words}");
    assert!(words.contains("it stands at state Hello, not at state Account"), "{words}");
    assert!(words.contains("state_change"), "{words}");

    // The function is gone: what the model called is not there any more.
    flow.states[0].functions.clear();
    desk.edit(agent, &serde_json::to_value(&flow).unwrap()).await;
    let report = desk.replay(agent, AgentSource::Draft, false).await;
    let words = told(&report).join("\n");
    assert!(words.contains("tools changed (completion 0) -lookup"), "{words}");
    assert!(words.contains("no longer asks for function lookup"), "{words}");
}
