//! A flow that is made for one test: what its model says, its functions and its terms; and what the model was asked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    flows::made,
    flows_world::{Page, World},
};

/// A model that follows rules, and says what it heard where none fits.
pub(crate) fn script(rules: &[Value]) -> Value {
    json!({ "rules": rules, "otherwise": { "say": "You said: {{last_user}}" } })
}

/// Words of the customer at which the model calls a tool.
pub(crate) fn calls(words: &str, tool: &str, arguments: Value) -> Value {
    json!({ "when": { "text_contains": words, "tool_offered": tool },
            "then": { "call": [{ "name": tool, "arguments": arguments }] } })
}

/// What the model says once a tool has answered.
pub(crate) fn then(tool: &str, say: &str) -> Value {
    json!({ "when": { "tool_result_of": tool }, "then": { "say": say } })
}

/// What the model says where its instruction has these words.
pub(crate) fn told(words: &str, say: &str) -> Value {
    json!({ "when": { "system_contains": words }, "then": { "say": say } })
}

/// A flow's settings with the model `stage` and a greeting, and `change` of a test's own.
pub(crate) fn configured(change: &Value) -> Value {
    let mut configuration = json!({
        "opening": { "say": "Welcome." },
        "model": { "provider": "scripted", "name": "stage", "streaming": false },
    });
    for (name, value) in change.as_object().expect("an object") {
        configuration[name] = value.clone();
    }
    configuration
}

/// A flow of one state that has these functions.
pub(crate) fn one_state(functions: &[String], change: &Value) -> Value {
    json!({
        "name": "Stage", "initial": "hello",
        "states": [{ "id": "hello", "name": "Hello", "thought": "Be brief.", "functions": functions }],
        "configuration": configured(change),
    })
}

/// Puts a flow on: its script, its functions, the flow that `flow` makes of their ids, and a point of contact.
pub(crate) async fn stage(
    app: TestApp,
    script: Value,
    functions: &[Value],
    flow: impl FnOnce(&[String]) -> Value,
) -> World {
    let mut world = unreached(app, script, functions, flow).await;
    world.code = world.point(json!({ "friendlyName": "Stage" })).await.1;
    world
}

/// A flow that no point of contact leads to.
pub(crate) async fn unreached(
    app: TestApp,
    script: Value,
    functions: &[Value],
    flow: impl FnOnce(&[String]) -> Value,
) -> World {
    let (status, answer) = app.integrator(Method::PUT, "model-scripts/stage", Some(script)).await;
    assert!(status.is_success(), "{answer}");
    let mut ids = Vec::new();
    for function in functions {
        ids.push(made(&app, "functions", function.clone()).await);
    }
    let flow = made(&app, "flows/handlers", flow(&ids)).await;
    World { app, flow, code: String::new() }
}

impl World {
    /// Changes the flow's draft.
    pub(crate) async fn edits(&self, change: impl FnOnce(&mut Value)) {
        let path = format!("flows/handlers/{}", self.flow);
        let (_, mut draft) = self.ask(Method::GET, &path, None).await;
        change(&mut draft);
        let (status, answer) = self.ask(Method::PUT, &path, Some(draft)).await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) async fn publishes(&self) {
        let path = format!("flows/handlers/{}/snapshots", self.flow);
        let (status, answer) = self.ask(Method::POST, &path, Some(json!({}))).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// A page at another point of contact of the flow, which has begun its conversation.
    pub(crate) async fn chat_at(&self, more: Value) -> Page {
        let (_, code) = self.point(more).await;
        let mut page = self.page_of(&code);
        page.begins(json!({})).await;
        page
    }

    /// The journal of a turn.
    pub(crate) async fn journal(&self, page: &Page, turn: u32) -> Value {
        self.app.store.flush_projections().await.expect("they are projected");
        let path = format!("transcripts/{}/turns/{turn}/journal", page.transcript);
        let (status, journal) = self.ask(Method::GET, &path, None).await;
        assert_eq!(status, 200, "{journal}");
        journal
    }
}

fn completions(journal: &Value) -> impl Iterator<Item = &Value> {
    let flows = journal["flows"].as_array().into_iter().flatten();
    let answers = flows.flat_map(|flow| flow["answers"].as_array().into_iter().flatten());
    answers.filter(|answer| answer["need"] == "complete")
}

/// All that the model read in a turn, but for what was said in earlier ones.
pub(crate) fn prompts(journal: &Value) -> String {
    let prompts: Vec<String> = completions(journal).map(|asked| asked["messages"].to_string()).collect();
    assert!(!prompts.is_empty(), "the model was asked: {journal:#}");
    prompts.join("\n")
}

/// The tools that the model was offered first in a turn.
pub(crate) fn offered(journal: &Value) -> Vec<&str> {
    let first = completions(journal).next().unwrap_or_else(|| panic!("the model was asked: {journal:#}"));
    first["tools"].as_array().expect("tools").iter().filter_map(Value::as_str).collect()
}
