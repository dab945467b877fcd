//! The example agent, held to a recorded conversation: what was said once is said again, by the same
//! intents and in the same kinds of message. Texts that depend on the day are not compared.

use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::{Serving, folder};

const RECORDED: &str = include_str!("../../../../tests/recorded/lighthouse-inn.json");

#[tokio::test]
async fn the_example_answers_as_recorded() {
    let data = folder();
    let serving = Serving::start(data.path(), &["--demo"], 6);
    let chat = serving.lines.iter().find(|line| line.contains("/web-chat?")).expect("it prints the chat page");
    let value = |name: &str| {
        let (_, after) = chat.split_once(name).expect("the chat page names scenario and key");
        after.split('&').next().expect("a value").to_owned()
    };
    let (scenario, key) = (value("scenario_id="), value("app_key="));
    let visitor = Visitor::arrive(&serving.url, &scenario, &key).await;

    let recorded: Vec<Value> = serde_json::from_str(RECORDED).expect("the recording is JSON");
    assert!(recorded.len() > 5);
    for (number, exchange) in recorded.iter().enumerate() {
        let heard = visitor.sends(number, &exchange["send"]).await;
        assert_eq!(heard, exchange["hear"], "exchange {number}: {}", exchange["send"]);
    }
}

/// A browser, as far as the Chat API can tell: it keeps cookies and repeats the token.
struct Visitor {
    client: reqwest::Client,
    url: String,
}

impl Visitor {
    async fn arrive(url: &str, scenario: &str, key: &str) -> Self {
        let text = |text: &str| HeaderValue::from_str(text).expect("a header");
        let mut headers = HeaderMap::from_iter([
            ("authorization".parse().expect("a name"), text(&format!("Bearer {key}"))),
            ("opendialog-user-id".parse().expect("a name"), text("recorded")),
            ("opendialog-scenario-id".parse().expect("a name"), text(scenario)),
        ]);
        let builder = || reqwest::Client::builder();
        let jar = std::sync::Arc::new(reqwest::cookie::Jar::default());
        let client = builder().cookie_provider(jar.clone()).default_headers(headers.clone()).build().expect("a client");
        let answer = client.get(format!("{url}/chat-api/configuration?user_id=recorded")).send().await;
        let configuration: Value = answer.expect("an answer").json().await.expect("a configuration");
        let token = configuration["csrfToken"].as_str().expect("CSRF is on for a new agent");
        headers.insert("x-csrf-token", text(token));
        let client = builder().cookie_provider(jar).default_headers(headers).build().expect("a client");
        Self { client, url: url.to_owned() }
    }

    /// Kinds and intents of what comes back.
    async fn sends(&self, number: usize, content: &Value) -> Value {
        let envelope = json!({"notification": "message", "user_id": "recorded", "author": "recorded",
                              "message_id": format!("m{number}"), "content": content});
        let answer = self.client.post(format!("{}/chat-api/message", self.url)).json(&envelope).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        let said: Value = answer.json().await.expect("messages");
        let list = if said.is_array() { said } else { json!([said]) };
        let describe = |one: &Value| match (one["type"].as_str(), one["intent"].as_str()) {
            (Some(kind), Some(intent)) => json!(format!("{kind} {intent}")),
            _ => one.clone(),
        };
        list.as_array().expect("a list").iter().map(describe).collect()
    }
}
