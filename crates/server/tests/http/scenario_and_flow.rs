//! A scenario and a flow hand a conversation to each other: an intent's action enters the flow, an event of the flow
//! returns to an intent. The customer's chat and the transcript stay the same.

use reqwest::Method;
use runtime::agents::{Access, Agents};
use serde_json::{Value, json};

use crate::{
    app::{TestAgent, TestApp, Visitor, scenario},
    flow_stage::{calls, configured, script, stage, then},
    flows_world::World,
};

/// A flow that goes back to the intent `intent.user.Essay`, and a scenario whose opening hours enter it.
async fn both() -> (World, TestAgent) {
    let set_context = |name: &str, settings: Value| {
        json!({ "name": name, "events": ["Back"],
                "code": { "type": "integration", "integration": "set_context", "settings": settings } })
    };
    let functions = [
        set_context("finish", json!({ "values": {}, "response": "done", "event": "Back" })),
        set_context("tier", json!({ "values": {}, "response": "{{tier}}" })),
    ];
    let rules = [
        calls("done", "finish", json!({})),
        then("finish", "Handing back."),
        calls("tier", "tier", json!({})),
        then("tier", "Tier {{tool_result}}"),
    ];
    let world = stage(TestApp::start().await, script(&rules), &functions, |ids| {
        json!({
            "name": "Visited", "initial": "hello",
            "states": [{ "id": "hello", "name": "Hello", "thought": "Go.", "functions": ids }],
            "transitions": [{ "id": "a", "from": "hello", "event": "Back", "to": { "scenario": "intent.user.Essay" } }],
            "configuration": configured(&json!({})),
        })
    })
    .await;
    let mut document = scenario();
    document["actions"] = json!([{
        "name": "to_flow", "component_id": "action.core.enter_flow",
        "configuration": { "flow": world.flow, "parameters": { "tier": "gold" } },
    }]);
    let turns = document["conversations"][0]["scenes"][0]["turns"].as_array_mut().expect("turns");
    let hours = turns.iter_mut().find(|turn| turn["od_id"] == "hours").expect("the turn of the opening hours");
    hours["request_intents"][0]["actions"] = json!(["to_flow"]);
    let demo = "demo".parse().expect("a tenant name");
    let agents = Agents::new(&world.app.store);
    let agent = agents.create(&demo, &document, Access::Open).await.expect("the agent is made");
    agents.publish(&demo, agent.id).await.expect("it is published");
    world.app.noticed().await;
    let agent = TestAgent { id: agent.id.to_string(), app_key: agent.app_key };
    (world, agent)
}

/// Says something and gives the texts of all answers.
async fn hears(visitor: &Visitor, text: &str) -> Vec<String> {
    let (status, said) = visitor.send(json!({ "type": "text", "data": { "text": text } })).await;
    assert_eq!(status, 200, "{said}");
    let texts = |said: &Value| said["data"]["text"].as_str().expect("a text").to_owned();
    said.as_array().map_or_else(|| vec![texts(&said)], |several| several.iter().map(texts).collect())
}

#[tokio::test]
async fn an_intent_enters_a_flow_and_an_event_returns_to_the_scenario() {
    let (world, agent) = both().await;
    let visitor = world.app.visitor(&agent, "ann");
    let entered = hears(&visitor, "when are you open").await;
    assert_eq!(entered, ["From nine to five", "You said: when are you open"], "both answer, in this order");
    assert_eq!(hears(&visitor, "Which tier?").await, ["Tier gold"], "what the scenario gave along is the flow's");
    assert_eq!(hears(&visitor, "I am done").await, ["Read"], "the intent of the scenario answers the event");
    // The scenario has it again, and may enter anew.
    assert_eq!(hears(&visitor, "when are you open").await.len(), 2);

    let (_, listed) = world.ask(Method::GET, &format!("transcripts?agent={}", agent.id), None).await;
    let rows = listed["transcripts"].as_array().expect("a list");
    assert_eq!(rows.len(), 1, "it is one conversation: {listed}");
    let transcript = world.transcript(rows[0]["id"].as_str().expect("an id")).await;
    assert_eq!((&transcript["turns"], &transcript["status"]), (&json!(4), &json!("InProgress")));
    let calls = transcript["function_calls"].as_array().expect("calls").iter();
    let calls: Vec<&Value> = calls.map(|call| &call["function"]).collect();
    assert_eq!(calls, ["tier", "finish"]);
}

#[tokio::test]
async fn what_people_do_to_a_conversation_holds_in_the_flow_that_a_scenario_entered() {
    let (world, agent) = both().await;
    let visitor = world.app.visitor(&agent, "ann");
    hears(&visitor, "when are you open").await;
    let (_, listed) = world.ask(Method::GET, &format!("transcripts?agent={}", agent.id), None).await;
    let id = listed["transcripts"][0]["id"].as_str().expect("an id").to_owned();
    let (status, taken) = world.webchat(Method::POST, &format!("/{id}/CsrTakeOver"), None).await;
    assert_eq!((status, &taken["control"]), (200, &json!("Operator")), "{taken}");
    let (status, silent) = visitor.send(json!({ "type": "text", "data": { "text": "Which tier?" } })).await;
    assert!(status.is_success() && !silent.to_string().contains("gold"), "{silent}");
    let (status, back) = world.webchat(Method::POST, &format!("/{id}/CsrHandBack"), None).await;
    assert_eq!((status, &back["control"]), (200, &json!("Agent")), "{back}");
    assert_eq!(hears(&visitor, "Which tier?").await, ["Tier gold"], "the flow goes on where it was");
}
