//! A server that is killed while a conversation ends: row DA-F22, bar R1.

use std::{path::Path, time::Duration};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{Serving, folder, prints};

/// The tenant's own token on a server.
struct Caller<'t> {
    url: String,
    token: &'t str,
}

impl Caller<'_> {
    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = Client::new().request(method, format!("{}/api/{path}", self.url)).bearer_auth(self.token);
        let answer = request.json(&body).send().await.expect("an answer");
        let status = answer.status();
        let body = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// What the model says of the conversation when it has ended, and how long it thinks about it.
    async fn judges(&self, delay: u64) {
        let judge = json!({ "when": { "system_contains": "Answer each question" },
                            "then": { "say": "{\"answers\": [true]}", "delay_ms": delay } });
        let script = json!({ "rules": [judge], "otherwise": { "say": "Yes." } });
        self.call(Method::PUT, "v1/acme/model-scripts/desk", script).await;
    }

    async fn transcript(&self, id: &str) -> Value {
        self.call(Method::GET, &format!("v1/acme/transcripts/{id}"), json!({})).await
    }

    /// A conversation in which something was said; its end runs a function and asks the model.
    async fn conversation(&self) -> String {
        let wrap = json!({
            "name": "wrap", "description": "wrap",
            "code": { "type": "integration", "integration": "set_tag", "settings": { "name": "Wrapped", "value": "yes" } },
        });
        let wrap = self.call(Method::POST, "v1/acme/functions", wrap).await["id"].clone();
        let flow = json!({
            "name": "Desk", "initial": "hello", "states": [{ "id": "hello", "name": "Hello", "thought": "Help." }],
            "configuration": {
                "model": { "provider": "scripted", "name": "desk" }, "wrapUp": [wrap],
                "callReview": { "questions": ["Was it polite?"], "leastPercent": 50 },
            },
        });
        let flow = self.call(Method::POST, "v1/acme/flows/handlers", flow).await["id"].clone();
        let point = json!({ "friendlyName": "Site", "channelType": "Web", "flowId": flow });
        let code = self.call(Method::POST, "v1/acme/points-of-contact", point).await["chatCode"].clone();
        let begun = self.call(Method::POST, "org/acme/v2/webchat", json!({ "chatId": code })).await;
        let id = begun["transcriptId"].as_str().expect("an id").to_owned();
        self.call(Method::POST, &format!("org/acme/v2/webchat/{id}"), json!({ "message": "Hello" })).await;
        id
    }
}

fn serving<'t>(data: &Path, token: &'t str) -> (Serving, Caller<'t>) {
    let server = Serving::start(data, &[], 1);
    let caller = Caller { url: server.url.clone(), token };
    (server, caller)
}

#[tokio::test]
async fn da_f22_a_kill_in_the_middle_of_the_end_leaves_nothing_half_and_the_end_comes_whole() {
    let data = folder();
    prints(data.path(), &["tenant", "create", "acme"]);
    let token = prints(data.path(), &["token", "create", "--tenant", "acme"]);
    let token = token.trim_end();
    let (server, caller) = serving(data.path(), token);
    caller.judges(20_000).await;
    let id = caller.conversation().await;
    let end = format!("{}/api/org/acme/v2/webchat/{id}/status", caller.url);
    let ending = Client::new().put(end).bearer_auth(token).json(&json!({ "status": "Completed" })).send();
    // Wrap-up has run, the model is still thinking: then the server is killed.
    let answer = tokio::time::timeout(Duration::from_secs(1), ending).await;
    assert!(answer.is_err(), "it has ended already: {answer:?}");
    drop(server);

    let (_server, caller) = serving(data.path(), token);
    let transcript = caller.transcript(&id).await;
    assert_eq!((&transcript["status"], &transcript["closed"]), (&json!("InProgress"), &json!(false)), "{transcript}");
    assert_eq!((&transcript["tags"], &transcript["function_calls"]), (&json!({}), &json!([])), "{transcript}");
    caller.judges(0).await;
    let ended = json!({ "status": "Completed" });
    caller.call(Method::PUT, &format!("org/acme/v2/webchat/{id}/status"), ended).await;
    let transcript = caller.transcript(&id).await;
    assert_eq!((&transcript["status"], &transcript["tags"]), (&json!("Completed"), &json!({ "Wrapped": "yes" })));
    assert_eq!(transcript["function_calls"].as_array().map(Vec::len), Some(1), "{transcript}");
}
