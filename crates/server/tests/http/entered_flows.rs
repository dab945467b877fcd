//! A scenario on OpenDialog's surface that enters a flow: what the visitor hears, reads again, and how the scenario gets
//! the conversation back.

use reqwest::Method;
use runtime::agents::Access;
use serde_json::{Value, json};

use crate::{
    app::{TestAgent, TestApp, Visitor, json_of},
    flow_stage::{calls, then, unreached},
    flows_world::World,
};

/// What the flow's model does.
fn script() -> Value {
    json!({
        "rules": [
            calls("my seat", "seat", json!({})),
            then("seat", "{{tool_result}}"),
            calls("all done", "leave", json!({})),
            calls("once more", "again", json!({})),
            { "when": { "text_contains": "which ways" },
              "then": { "say": "**Two**:\n\n- by [boat](https://example.com/boat)\n- <script>x</script>on foot" } },
            { "when": { "text_contains": "goodbye" }, "then": { "say": "Farewell.", "call": [{ "name": "end_conversation" }] } },
        ],
        "otherwise": { "say": "You said: **{{last_user}}**" },
    })
}

/// A tenant with a scenario that enters a flow.
struct Bank {
    world: World,
    agent: TestAgent,
}

impl Bank {
    async fn open() -> Self {
        let function = |name: &str, settings: Value, events: Value| {
            json!({ "name": name, "description": name, "events": events,
                    "code": { "type": "integration", "integration": "set_context", "settings": settings } })
        };
        let functions = [
            function("seat", json!({ "values": {}, "response": "Seat {{seat}}" }), json!([])),
            function("leave", json!({ "values": {}, "response": "ok", "event": "Done" }), json!(["Done"])),
            function("again", json!({ "values": {}, "response": "ok", "event": "Again" }), json!(["Again"])),
        ];
        let world = unreached(TestApp::start().await, script(), &functions, |ids| {
            json!({
                "name": "Bank", "initial": "help",
                "states": [{ "id": "help", "name": "Help", "thought": "Help.", "functions": ids }],
                "transitions": [
                    { "id": "t", "from": "help", "event": "Done", "to": { "scenario": "intent.user.Returned" } },
                    { "id": "u", "from": "help", "event": "Again", "to": { "scenario": "intent.user.Bank" } },
                ],
                "configuration": { "model": { "provider": "scripted", "name": "stage" } },
            })
        })
        .await;
        let agent = world.app.agent_of("demo", &scenario(&world.flow), Access::Open).await;
        Self { world, agent }
    }

    async fn visitor(&self, name: &str) -> Visitor {
        let visitor = self.world.app.visitor(&self.agent, name);
        assert_eq!(visitor.opens().await, "Hello");
        visitor
    }

    /// The only transcript of a contact, as the list has it.
    async fn transcript(&self, contact: &str) -> Value {
        let (status, page) = self.world.ask(Method::GET, &format!("transcripts?contact={contact}"), None).await;
        assert_eq!(status, 200, "{page}");
        let of_contact: Vec<&Value> =
            page["transcripts"].as_array().expect("a list").iter().filter(|one| one["contact"] == contact).collect();
        assert_eq!(of_contact.len(), 1, "one conversation, whoever answers: {page}");
        of_contact[0].clone()
    }
}

/// A scenario whose buttons enter the flow, and what cannot be entered.
fn scenario(flow: &str) -> Value {
    let turn = |name: &str, intent: &str, actions: Value, markup: &str| {
        let expected = if actions == json!([]) { json!([]) } else { json!([{ "name": "seat" }]) };
        json!({
            "od_id": name, "name": name, "behaviors": ["STARTING", "OPEN"],
            "request_intents": [{ "od_id": intent, "name": intent, "speaker": "USER", "confidence": 1,
                "sample_utterance": "", "actions": actions, "expected_attributes": expected }],
            "response_intents": [{ "od_id": format!("intent.app.{name}"), "name": name, "speaker": "APP", "confidence": 1,
                "sample_utterance": "",
                "message_templates": [{ "od_id": format!("m_{name}"), "name": name, "message_markup": format!("<message>{markup}</message>") }] }],
        })
    };
    let text = |text: &str| format!("<text-message>{text}</text-message>");
    let enters = |name: &str, flow: &str| {
        json!({ "name": name, "component_id": "action.core.enter_flow",
                "configuration": { "flow": flow, "parameters": { "seat": "{user.seat}" } } })
    };
    json!({
        "od_id": "hall", "name": "Hall", "interpreter": "", "behaviors": [], "conditions": [],
        "actions": [enters("to_bank", flow), enters("to_nowhere", "01a21592-4291-77f1-b6a0-6e92a7bd730c")],
        "conversations": [{ "od_id": "main", "name": "Main", "behaviors": ["STARTING"], "scenes": [{
            "od_id": "main", "name": "Main", "behaviors": ["STARTING"], "turns": [
                turn("welcome", "intent.core.welcome", json!([]), &text("Hello")),
                turn("restart", "intent.core.restart", json!([]), &text("Restarted")),
                turn("no_match", "intent.core.NoMatch", json!([]), &text("Pardon?")),
                turn("bank", "intent.user.Bank", json!(["to_bank"]), &text("I take you there.")),
                turn("quietly", "intent.user.Quietly", json!(["to_bank"]), "<empty-message/>"),
                turn("nowhere", "intent.user.Nowhere", json!(["to_nowhere"]), &text("I stay.")),
                turn("returned", "intent.user.Returned", json!([]), &text("Welcome back")),
            ] }] }],
    })
}

/// The texts of an answer.
async fn hears(visitor: &Visitor, content: Value) -> Vec<String> {
    let (status, said) = visitor.send(content).await;
    assert_eq!(status, 200, "{said}");
    let messages = match said {
        Value::Array(messages) => messages,
        one => vec![one],
    };
    // An empty message is `false`.
    let texts = messages.iter().filter(|message| message.is_object());
    texts
        .map(|message| {
            assert_eq!((&message["author"], &message["type"]), (&json!("them"), &json!("text")), "{message}");
            message["data"]["text"].as_str().expect("a text").to_owned()
        })
        .collect()
}

async fn says(visitor: &Visitor, text: &str) -> Vec<String> {
    hears(visitor, json!({ "type": "text", "data": { "text": text } })).await
}

async fn presses(visitor: &Visitor, intent: &str) -> Vec<String> {
    let press =
        json!({ "type": "button_response", "callback_id": intent, "data": { "text": "Bank", "value": "seat.4B" } });
    hears(visitor, press).await
}

const RESTART: &str = "intent.core.restart";

async fn restarts(visitor: &Visitor) -> Vec<String> {
    hears(visitor, json!({ "type": "trigger", "callback_id": RESTART, "escalating": true, "data": {} })).await
}

#[tokio::test]
async fn a_flow_answers_in_the_scenarios_chat_with_what_the_scenario_gives_it() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    assert_eq!(presses(&visitor, "intent.user.Bank").await, ["I take you there.", "You said: <strong>Bank</strong>"]);
    assert_eq!(says(&visitor, "What is my seat?").await, ["Seat 4B"]);
    let ways = says(&visitor, "Which ways are there?").await;
    assert_eq!(ways.len(), 1);
    for part in ["<strong>Two</strong>", "<li>by <a ", "href=\"https://example.com/boat\"", "on foot"] {
        assert!(ways[0].contains(part), "{part}: {}", ways[0]);
    }
    assert!(!ways[0].contains("<script"), "{}", ways[0]);
    let transcript = bank.transcript("ann").await;
    assert_eq!((&transcript["agent"], &transcript["state"]), (&json!(bank.agent.id), &json!("Help")), "{transcript}");
    assert_eq!(transcript["functions"], json!(["seat"]));
}

#[tokio::test]
async fn the_history_has_what_scenario_and_flow_said() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    presses(&visitor, "intent.user.Bank").await;
    says(&visitor, "all done").await;
    let (status, rows) = json_of(visitor.get("/chat-api/history").await).await;
    assert_eq!(status, 200, "{rows}");
    let rows: Vec<(&str, &str, &str)> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let texts = [&row["type"], &row["author"], &row["data"]["text"]];
            texts.map(|value| value.as_str().expect("a text")).into()
        })
        .collect();
    let said = [
        ("text", "them", "Welcome back"),
        ("text", "ann", "all done"),
        ("text", "them", "You said: <strong>Bank</strong>"),
        ("text", "them", "I take you there."),
        ("button_response", "ann", "Bank"),
        ("text", "them", "Hello"),
        ("chat_open", "ann", ""),
    ];
    assert_eq!(rows, said, "functions and states are nobody's words");
    let text = visitor.get("/chat-api/transcript").await.text().await.expect("text");
    assert_eq!(text.lines().count(), 6, "{text}");
}

#[tokio::test]
async fn an_event_returns_to_the_scenario_which_answers_in_the_same_turn() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    assert_eq!(presses(&visitor, "intent.user.Quietly").await, ["You said: <strong>Bank</strong>"]);
    assert_eq!(says(&visitor, "all done").await, ["Welcome back"]);
    let transcript = bank.transcript("ann").await;
    assert_eq!((&transcript["status"], &transcript["state"]), (&json!("InProgress"), &Value::Null), "{transcript}");
    assert_eq!(says(&visitor, "all done").await, ["Pardon?"], "the scenario hears it");
    assert_eq!(presses(&visitor, "intent.user.Bank").await.len(), 2, "the way in is open again");
    assert_eq!(says(&visitor, "my seat").await, ["Seat 4B"]);
    let transcript = bank.world.transcript(transcript["id"].as_str().expect("an id")).await;
    assert_eq!(transcript["turns"], 6, "the way there and back takes no turn of its own");
    let calls = transcript["function_calls"].as_array().expect("calls").iter();
    let calls: Vec<&Value> = calls.map(|call| &call["function"]).collect();
    assert_eq!(calls, ["leave", "seat"]);
}

#[tokio::test]
async fn what_people_do_to_a_conversation_holds_in_the_flow_that_a_scenario_entered() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    presses(&visitor, "intent.user.Bank").await;
    let transcript = bank.transcript("ann").await;
    let id = transcript["id"].as_str().expect("an id");
    let (status, taken) = bank.world.webchat(Method::POST, &format!("/{id}/CsrTakeOver"), None).await;
    assert_eq!((status, &taken["control"]), (200, &json!("Operator")), "{taken}");
    let (status, silent) = visitor.send(json!({ "type": "text", "data": { "text": "my seat" } })).await;
    assert!(status.is_success() && !silent.to_string().contains("4B"), "{silent}");
    let (status, back) = bank.world.webchat(Method::POST, &format!("/{id}/CsrHandBack"), None).await;
    assert_eq!((status, &back["control"]), (200, &json!("Agent")), "{back}");
    assert_eq!(says(&visitor, "my seat").await, ["Seat 4B"], "the flow goes on where it was");
}

#[tokio::test]
async fn the_end_of_a_flow_is_not_that_of_the_conversation() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    presses(&visitor, "intent.user.Bank").await;
    assert_eq!(says(&visitor, "goodbye").await, ["Farewell."]);
    assert_eq!(says(&visitor, "goodbye").await, ["Pardon?"]);
    let transcript = bank.transcript("ann").await;
    assert_eq!((&transcript["status"], &transcript["state"]), (&json!("InProgress"), &Value::Null), "{transcript}");
}

#[tokio::test]
async fn a_restart_leaves_the_flow() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    presses(&visitor, "intent.user.Bank").await;
    assert_eq!(restarts(&visitor).await, ["Restarted"]);
    assert_eq!(bank.transcript("ann").await["state"], Value::Null, "it is in no state of the flow");
    assert_eq!(says(&visitor, "my seat").await, ["Pardon?"]);
}

#[tokio::test]
async fn opening_the_chat_again_stays_in_the_flow() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    presses(&visitor, "intent.user.Bank").await;
    let open =
        json!({ "type": "chat_open", "callback_id": "intent.core.welcome", "data": { "value": "https://x.test/" } });
    assert_eq!(hears(&visitor, open).await, Vec::<String>::new());
    assert_eq!(says(&visitor, "my seat").await, ["Seat 4B"]);
}

#[tokio::test]
async fn a_flow_that_is_not_there_is_an_action_that_failed() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    assert_eq!(presses(&visitor, "intent.user.Nowhere").await, ["I stay."]);
    assert_eq!(says(&visitor, "my seat").await, ["Pardon?"]);
    let transcript = bank.transcript("ann").await;
    let path = format!("transcripts/{}/turns/2/journal", transcript["id"].as_str().expect("an id"));
    let (status, journal) = bank.world.ask(Method::GET, &path, None).await;
    assert_eq!(status, 200, "{journal}");
    assert!(journal.to_string().contains("there is no flow 01a21592-4291-77f1-b6a0-6e92a7bd730c"), "{journal}");
}

#[tokio::test]
async fn a_flow_that_comes_back_is_not_entered_again_in_the_same_turn() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    presses(&visitor, "intent.user.Bank").await;
    assert_eq!(says(&visitor, "once more").await, ["I take you there."]);
    let transcript = bank.transcript("ann").await;
    let path = format!("transcripts/{}/turns/3/journal", transcript["id"].as_str().expect("an id"));
    let (status, journal) = bank.world.ask(Method::GET, &path, None).await;
    assert_eq!(status, 200, "{journal}");
    assert!(journal.to_string().contains("a flow has just come back"), "{journal}");
    assert_eq!(says(&visitor, "my seat").await, ["Pardon?"], "the scenario has the conversation");
    assert_eq!(presses(&visitor, "intent.user.Bank").await.len(), 2, "the way in is open again");
}

#[tokio::test]
async fn a_flow_that_is_deleted_gives_its_visitors_back() {
    let bank = Bank::open().await;
    let visitor = bank.visitor("ann").await;
    presses(&visitor, "intent.user.Bank").await;
    let path = format!("flows/handlers/{}", bank.world.flow);
    let (status, answer) = bank.world.ask(Method::DELETE, &path, None).await;
    assert_eq!(status, 204, "{answer}");
    bank.world.app.noticed().await;
    assert_eq!(says(&visitor, "my seat").await, ["Pardon?"]);
    assert_eq!(presses(&visitor, "intent.user.Bank").await, ["I take you there."]);
}
