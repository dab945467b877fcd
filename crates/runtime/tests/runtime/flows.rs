//! Conversations with flows: a scripted model, functions that are configured, people who take over.

use std::time::{Duration, Instant};

use dialogue::flow::{
    document::FlowDocument,
    function::{Code, FunctionDocument},
};
use model::{
    AgentId, ContactId, TranscriptId,
    inbound::{Act, Inbound, Intervention},
    record::Author,
    transcript::{Control, TranscriptState, TranscriptStatus},
};
use runtime::{
    ActCall, AgentChoice, Arrival, Conversation, TurnAnswer, TurnCall, TurnError,
    agents::{Access, Agents},
    functions::Functions,
    models::ModelScripts,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, beginning};

/// A function that is configured to find an account.
pub(crate) fn lookup() -> FunctionDocument {
    let settings = json!({"values": {"account": "4711"}, "response": "found", "event": "AccountFound"});
    FunctionDocument {
        name: "lookup".into(),
        description: "Finds the account.".into(),
        code: Code::Integration { integration: "set_context".into(), settings: settings.as_object().unwrap().clone() },
        events: vec!["AccountFound".into()],
        context_additions: vec!["account".into()],
        ..FunctionDocument::default()
    }
}

/// A flow with two states, whose function is configured to emit an event.
async fn bank(desk: &Desk, script: Value) -> AgentId {
    let store = desk.runtime.store();
    ModelScripts::new(store).put(&desk.tenant, "bank", script).await.unwrap();
    let lookup = Functions::new(store).create(&desk.tenant, lookup()).await.unwrap().value.id;
    let flow: FlowDocument = serde_json::from_value(json!({
        "name": "Bank", "initial": "hello",
        "states": [
            {"id": "hello", "name": "Hello", "thought": "Call lookup.", "functions": [lookup]},
            {"id": "account", "name": "Account", "thought": "Say 'Your account is open'."},
        ],
        "transitions": [{"id": "t", "from": "hello", "event": "AccountFound", "to": {"state": "account"}}],
        "configuration": {
            "opening": {"say": "Welcome to the bank."},
            "model": {"provider": "scripted", "name": "bank", "streaming": true},
        },
    }))
    .unwrap();
    Agents::new(store).create_flow(&desk.tenant, flow, Access::Guarded).await.unwrap().agent.id
}

fn script() -> Value {
    json!({
        "rules": [
            {"when": {"text_contains": "account", "tool_offered": "lookup"}, "then": {"call": [{"name": "lookup", "arguments": {}}]}},
            {"when": {"tool_result_of": "lookup", "system_contains": "Your account is open"}, "then": {"say": "Your account is open", "chunks": 3}},
            {"when": {"text_contains": "slow"}, "then": {"say": "at last", "delay_ms": 2000}},
            {"when": {"text_contains": "bye"}, "then": {"say": "Goodbye", "call": [{"name": "end_conversation"}]}},
            {"when": {"text_contains": "broken"}, "then": {"fail": "refused"}},
        ],
        "otherwise": {"say": "You said: {{last_user}}"},
    })
}

struct Talk<'d> {
    desk: &'d Desk,
    transcript: TranscriptId,
}

impl<'d> Talk<'d> {
    async fn open(desk: &'d Desk, flow: AgentId) -> (Self, TurnAnswer) {
        let (transcript, call) = beginning(&desk.tenant, flow);
        let answer = desk.runtime.turn(call).await.unwrap();
        (Self { desk, transcript }, answer)
    }

    async fn act(&self, inbound: Inbound) -> Result<TurnAnswer, TurnError> {
        let act = ActCall { inbound, message_id: None, request: Arrival::default(), live: None };
        self.desk.runtime.act(&self.desk.tenant, self.transcript, act).await
    }

    async fn say(&self, text: &str) -> TurnAnswer {
        self.act(Inbound::text(text)).await.unwrap()
    }

    async fn intervene(&self, intervention: Intervention) -> Result<TurnAnswer, TurnError> {
        self.act(Inbound::intervention(intervention)).await
    }
}

fn said(answer: &TurnAnswer) -> Vec<&str> {
    answer.entries.iter().filter(|entry| entry.author == Author::Agent).map(|entry| entry.text.as_str()).collect()
}

#[tokio::test]
async fn da_f04_a_function_moves_the_conversation_along() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, opened) = Talk::open(&desk, flow).await;
    assert_eq!(said(&opened), ["Welcome to the bank."]);
    assert_eq!(said(&talk.say("hello").await), ["You said: hello"]);
    let answer = talk.say("my account please").await;
    assert_eq!(said(&answer), ["Your account is open"]);
    let state = answer.state.as_ref().unwrap();
    assert_eq!(state.place.as_deref(), Some("Account"));
    assert_eq!(state.parameters["account"].value, "4711");
    assert_eq!(state.functions, ["lookup"]);
    let kinds: Vec<_> = answer.entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["text", "function_call", "state_change", "text"]);
}

#[tokio::test]
async fn what_was_said_is_known_in_the_next_turn_and_after_a_restart_of_the_memory() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, _) = Talk::open(&desk, flow).await;
    talk.say("one").await;
    let journal = |turn| {
        let store = desk.runtime.store().tenant(&desk.tenant);
        let transcript = talk.transcript;
        async move {
            let record = store.turn_record(&transcript, turn).await.unwrap().unwrap();
            serde_json::from_str::<Value>(record.journal.get()).unwrap()
        }
    };
    talk.say("two").await;
    let seen = journal(3).await;
    // The greeting, one, its answer.
    assert_eq!(seen["flows"][0]["answers"][0], json!({"need": "history", "lines": 3}), "{seen:#}");
}

#[tokio::test]
async fn da_w03_a_person_who_takes_over_silences_the_agent_even_while_it_thinks() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, _) = Talk::open(&desk, flow).await;
    let began = Instant::now();
    let (answer, taken) = tokio::join!(talk.act(Inbound::text("slow")), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        talk.intervene(Intervention::TakeOver { operator: "ann".into() }).await
    });
    assert!(began.elapsed() < Duration::from_millis(1_500), "nobody waits for the model");
    assert_eq!(said(&answer.unwrap()), Vec::<&str>::new());
    let state = taken.unwrap().state.unwrap();
    assert_eq!((state.control, state.status), (Control::Operator, TranscriptStatus::HumanHandoff));
    assert_eq!(said(&talk.say("anybody?").await), Vec::<&str>::new());
    let spoken = talk.act(Inbound {
        text: "Ann here".into(),
        ..Inbound::intervention(Intervention::Say { operator: "ann".into() })
    });
    assert_eq!(spoken.await.unwrap().entries[0].author, Author::Operator);
    talk.intervene(Intervention::HandBack).await.unwrap();
    assert_eq!(said(&talk.say("and now?").await), ["You said: and now?"]);
}

#[tokio::test]
async fn da_l12_a_transfer_stops_an_agent_that_thinks() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, _) = Talk::open(&desk, flow).await;
    let began = Instant::now();
    let transfer =
        Intervention::Transfer { operator: "ann".into(), contact: "Reception".into(), number: "+4930123456".into() };
    let (answer, transferred) = tokio::join!(talk.act(Inbound::text("slow")), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        talk.intervene(transfer).await
    });
    assert!(began.elapsed() < Duration::from_millis(1_500), "nobody waits for the model");
    assert_eq!(said(&answer.unwrap()), Vec::<&str>::new());
    let transferred = transferred.unwrap();
    let state = transferred.state.unwrap();
    assert_eq!((state.control, state.status), (Control::Queued, TranscriptStatus::HumanHandoff));
    assert_eq!(state.destination.as_deref(), Some("Reception"));
    assert_eq!(state.destination_number.as_deref(), Some("+4930123456"));
    let store = desk.runtime.store().tenant(&desk.tenant);
    let record = store.turn_record(&talk.transcript, transferred.turn).await.unwrap().unwrap();
    let told: Vec<_> = record.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(told, ["turn.completed", "transcript.status", "transcript.handed_off"]);
    assert_eq!(said(&talk.say("anybody?").await), Vec::<&str>::new());
}

#[tokio::test]
async fn da_w03_a_person_who_takes_over_waits_for_no_message_that_stands_in_line() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, _) = Talk::open(&desk, flow).await;
    let began = Instant::now();
    let (one, two, three, taken) = tokio::join!(
        talk.act(Inbound::text("slow")),
        talk.act(Inbound::text("slow again")),
        talk.act(Inbound::text("as slow")),
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            talk.intervene(Intervention::TakeOver { operator: "ann".into() }).await
        }
    );
    assert!(began.elapsed() < Duration::from_millis(1_500), "nobody waits for the model");
    assert_eq!(taken.unwrap().state.unwrap().control, Control::Operator);
    for answer in [one, two, three].map(Result::unwrap) {
        assert_eq!(answer.entries[0].author, Author::Contact, "what was said is kept: {answer:?}");
        assert_eq!(said(&answer), Vec::<&str>::new());
    }
    talk.intervene(Intervention::HandBack).await.unwrap();
    assert_eq!(said(&talk.say("and now?").await), ["You said: and now?"], "the agent is free again");
}

#[tokio::test]
async fn da_w06_a_conversation_ends_once_and_takes_no_more() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, _) = Talk::open(&desk, flow).await;
    let answer = talk.say("bye").await;
    assert_eq!(said(&answer), ["Goodbye"]);
    assert_eq!(answer.state.unwrap().status, TranscriptStatus::Completed);
    let refused = talk.act(Inbound::text("hello?")).await;
    assert!(matches!(refused, Err(TurnError::Refused(_))), "{refused:?}");
    let again = talk.intervene(Intervention::Close { status: TranscriptStatus::Completed }).await;
    assert!(matches!(again, Err(TurnError::Refused(_))), "{again:?}");
}

#[tokio::test]
async fn da_x10_a_model_that_keeps_failing_fails_the_conversation() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, _) = Talk::open(&desk, flow).await;
    for expected in [TranscriptStatus::InProgress, TranscriptStatus::InProgress, TranscriptStatus::Failed] {
        let answer = talk.say("broken").await;
        assert!(said(&answer)[0].starts_with("I am sorry"), "{answer:?}");
        assert!(answer.entries.iter().any(|entry| entry.kind == "model_failure"));
        assert_eq!(answer.state.unwrap().status, expected);
    }
}

#[tokio::test]
async fn da_x09_what_has_gone_on_meanwhile_is_not_ended() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let (talk, opened) = Talk::open(&desk, flow).await;
    assert_eq!((opened.turn, talk.say("hello").await.turn), (1, 2));
    let end = |turn| TurnCall {
        tenant: desk.tenant.clone(),
        agent: AgentChoice::Draft(flow),
        contact: format!("c-{}", talk.transcript).parse().unwrap(),
        message_id: None,
        inbound: Inbound::intervention(Intervention::Close { status: TranscriptStatus::Abandoned }),
        request: Arrival::default(),
        platform: "web",
        conversation: Conversation::Unchanged { transcript: talk.transcript, turn },
        live: None,
    };
    let late = desk.runtime.turn(end(1)).await;
    assert!(matches!(late, Err(TurnError::GoneOn)), "{late:?}");
    assert_eq!(said(&talk.say("still here").await), ["You said: still here"]);
    let ended = desk.runtime.turn(end(3)).await.unwrap();
    assert_eq!(ended.state.unwrap().status, TranscriptStatus::Abandoned);
}

#[tokio::test]
async fn da_w02_ids_of_messages_are_a_conversations_own() {
    let desk = Desk::open().await;
    let flow = bank(&desk, script()).await;
    let contact: ContactId = "ann".parse().unwrap();
    let mut talks = Vec::new();
    for _ in 0..2 {
        let transcript = TranscriptId(Uuid::now_v7());
        let state = TranscriptState { channel: "web".into(), ..TranscriptState::default() };
        let conversation = Conversation::New { transcript, state: Box::new(state) };
        let call = desk.call(AgentChoice::Draft(flow), contact.as_str(), Inbound::new(Act::Open));
        desk.runtime.turn(TurnCall { conversation, ..call }).await.unwrap();
        talks.push(Talk { desk: &desk, transcript });
    }
    let mut answers = Vec::new();
    for (talk, text) in [(&talks[0], "one"), (&talks[1], "two"), (&talks[0], "three"), (&talks[1], "four")] {
        let message_id = Some("m-1".to_owned());
        let act = ActCall { inbound: Inbound::text(text), message_id, request: Arrival::default(), live: None };
        answers.push(desk.runtime.act(&desk.tenant, talk.transcript, act).await.unwrap());
    }
    let told: Vec<_> = answers.iter().map(|answer| (answer.replayed, said(answer))).collect();
    let (one, two) = (vec!["You said: one"], vec!["You said: two"]);
    assert_eq!(told, [(false, one.clone()), (false, two.clone()), (true, one), (true, two)]);
    assert_eq!(answers[2].state, answers[0].state);
}

#[tokio::test]
async fn an_unknown_conversation_is_refused() {
    let desk = Desk::open().await;
    let act = ActCall { inbound: Inbound::text("hi"), message_id: None, request: Arrival::default(), live: None };
    let refused = desk.runtime.act(&desk.tenant, TranscriptId(Uuid::now_v7()), act).await;
    assert!(matches!(refused, Err(TurnError::UnknownTranscript)), "{refused:?}");
}

/// A scenario that sends the customer into a flow, which returns by an intent.
fn reception(flow: AgentId) -> Value {
    let turn = |id: &str, utterance: &str, actions: Value, text: &str| {
        json!({"od_id": id, "name": id, "behaviors": ["STARTING", "OPEN"],
            "request_intents": [{"od_id": format!("intent.{id}"), "name": id, "speaker": "USER",
                "sample_utterance": utterance, "interpreter": "examples", "confidence": 0.2,
                "examples": [utterance, format!("please {utterance}")], "actions": actions}],
            "response_intents": [{"od_id": format!("answer.{id}"), "name": "answer", "speaker": "APP",
                "sample_utterance": "", "confidence": 1, "message_templates": [{"od_id": format!("m.{id}"), "name": "m",
                    "message_markup": format!("<message><text-message>{text}</text-message></message>")}]}]})
    };
    json!({"od_id": "s", "name": "s",
    "interpreters": [{"name": "examples", "component_id": "interpreter.core.examples"}],
    "actions": [{"name": "enter", "component_id": runtime::ENTER_FLOW,
        "configuration": {"flow": flow.to_string(), "parameters": {"branch": "north"}}}],
    "conversations": [{"od_id": "c", "name": "c", "behaviors": ["STARTING"], "scenes": [
        {"od_id": "sc", "name": "sc", "behaviors": ["STARTING"], "turns": [
            turn("bank", "bank", json!(["enter"]), "I put you through."),
            turn("intent.user.Done", "done", json!([]), "Welcome back."),
        ]}]}]})
}

#[tokio::test]
async fn a_scenario_enters_a_flow_and_the_flow_returns() {
    let desk = Desk::open().await;
    let mut rules = script();
    let rules_list = rules["rules"].as_array_mut().unwrap();
    rules_list.insert(
        0,
        json!({"when": {"text_contains": "return", "tool_offered": "leave"},
        "then": {"call": [{"name": "leave", "arguments": {}}]}}),
    );
    let flow = bank(&desk, rules).await;
    let store = desk.runtime.store();
    let leave: FunctionDocument = serde_json::from_value(json!({
        "name": "leave", "events": ["Leave"],
        "code": {"type": "integration", "integration": "set_tag",
            "settings": {"name": "left", "value": "yes", "event": "Leave"}},
    }))
    .unwrap();
    let leave = Functions::new(store).create(&desk.tenant, leave).await.unwrap().value.id;
    let agents = Agents::new(store);
    let mut document = agents.flow(&desk.tenant, flow).await.unwrap().document;
    document.states[0].functions.push(leave);
    document.transitions.push(
        serde_json::from_value(
            json!({"id": "back", "from": "hello", "event": "Leave", "to": {"scenario": "intent.intent.user.Done"}}),
        )
        .unwrap(),
    );
    let version = agents.flow(&desk.tenant, flow).await.unwrap().version;
    agents.replace_flow(&desk.tenant, flow, document, version).await.unwrap();
    let scenario = desk.publish(&reception(flow)).await;
    let ask = |text: &'static str| desk.says(scenario, "ann", text);

    // The scenario says what it says, and the flow answers the same message.
    let entered = ask("bank").await.unwrap();
    assert_eq!(crate::desk::texts(&entered), ["I put you through.", "You said: bank"]);
    let state = entered.state.unwrap();
    assert_eq!(state.parameters["branch"].value, "north");
    assert_eq!(state.place.as_deref(), Some("Hello"));
    // The flow has the conversation: the scenario's own words are not heard by it.
    assert_eq!(crate::desk::texts(&ask("done").await.unwrap()), ["You said: done"]);
    let returned = ask("please return").await.unwrap();
    assert_eq!(crate::desk::texts(&returned), ["Welcome back."]);
    assert_eq!(returned.state.unwrap().tags["left"], "yes");
    // And the scenario has it again.
    assert_eq!(crate::desk::texts(&ask("done").await.unwrap()), ["Welcome back."]);
}
