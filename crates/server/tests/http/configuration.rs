//! How the chat opens: rows OD-W18 to OD-W20, OD-W22.

use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, json_of};

#[tokio::test]
async fn od_w18_a_visitor_is_new_then_ongoing_then_returning() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let kind = async || json_of(visitor.get("/chat-api/configuration").await).await.1["userType"].clone();
    assert_eq!(kind().await, "new");
    visitor.opens().await;
    assert_eq!(kind().await, "ongoing");
    visitor.hears(json!({ "type": "button_response", "callback_id": "intent.user.Bye", "data": {} })).await;
    assert_eq!(kind().await, "returning");
}

#[tokio::test]
async fn od_w19_od_w20_the_open_intent_is_the_settings_and_none_for_an_ongoing_visitor() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let visitor = app.visitor(&agent, "ann");
    let opens = async || json_of(visitor.get("/chat-api/configuration").await).await.1["openIntent"].clone();
    assert_eq!(opens().await, "intent.core.welcome");
    let settings = json!({ "security": open(), "appearance": { "general": { "newUserOpenCallback": "WELCOME" } } });
    let (status, _) = app.integrator(Method::PUT, &format!("agents/{}/settings", agent.id), Some(settings)).await;
    assert_eq!(status, 200);
    assert_eq!(opens().await, "WELCOME");
    visitor.opens().await;
    assert_eq!(opens().await, json!(null));
    let (_, rows) = json_of(visitor.get("/chat-api/history").await).await;
    assert_eq!(rows[0]["message"], "Hello");
}

#[tokio::test]
async fn od_w22_a_new_id_is_a_new_conversation() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    app.visitor(&agent, "ann").opens().await;
    let again = app.visitor(&agent, "ann");
    assert_eq!(json_of(again.get("/chat-api/configuration").await).await.1["userType"], "ongoing");
    let cleared = app.visitor(&agent, "new-id");
    assert_eq!(json_of(cleared.get("/chat-api/configuration").await).await.1["userType"], "new");
}

#[tokio::test]
async fn sections_and_defaults_are_as_clients_expect() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let (status, answer) =
        json_of(visitor.get("/chat-api/configuration?url=https%3A%2F%2Fx.test%2F&width=800").await).await;
    assert_eq!(status, 200);
    assert_eq!(answer["general"]["messageDelay"], 500);
    assert_eq!(answer["general"]["restartButtonCallback"], "WELCOME");
    assert_eq!(answer["webchatHistory"], json!({ "showHistory": true, "numberOfMessages": 10 }));
    assert_eq!(answer["showMinimized"], false);
    assert!(answer.get("csrfToken").is_none());
    let posted = visitor.post("/chat-api/configuration", &json!({ "custom_settings": {}, "tags": [] })).await;
    assert_eq!(posted, (status, answer));
}

#[tokio::test]
async fn wrong_query_values_are_the_old_plain_texts() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    for (query, text) in
        [("width=wide", "Width parameter must be an integer."), ("url=nowhere", "Url parameter is not a valid URL.")]
    {
        let answer = visitor.get(&format!("/chat-api/configuration?{query}")).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.text().await.expect("text"), text);
    }
}

#[tokio::test]
async fn unknown_settings_are_refused_by_name() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    for (settings, field) in [
        (json!({ "appearance": { "general": { "opne": true } } }), "appearance.general.opne"),
        (json!({ "security": { "allowed_origins": ["example.com"] } }), "security.allowed_origins[0]"),
        (json!({ "securty": {} }), "body"),
    ] {
        let (status, problem) =
            app.integrator(Method::PUT, &format!("agents/{}/settings", agent.id), Some(settings)).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
}

fn open() -> serde_json::Value {
    json!({ "anonymous_authentication": false, "csrf": false, "cors": false, "allowed_origins": [], "app_key_on_older_paths": false })
}
