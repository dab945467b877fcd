//! What visitors say, and what they hear: rows OD-W08 to OD-W15, OD-W34.

use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, json_of};

#[tokio::test]
async fn od_w08_chat_open_is_answered_with_the_welcome() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let open =
        json!({ "type": "chat_open", "callback_id": "intent.core.welcome", "data": { "value": "https://x.test/" } });
    let (status, said) = visitor.send(open).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(said["author"], "them");
    assert_eq!(said["type"], "text");
    assert_eq!(said["intent"], "intent.app.Welcome");
    assert_eq!(said["data"]["text"], "Hello");
    app.stop().await;
}

#[tokio::test]
async fn od_w09_a_trigger_starts_the_conversation() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    assert_eq!(visitor.hears(json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} })).await, "Hello");
}

#[tokio::test]
async fn od_w10_text_is_interpreted() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    assert_eq!(visitor.says("when are you open").await, "From nine to five");
}

#[tokio::test]
async fn od_w11_a_button_matches_its_callback_and_keeps_its_value() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let press = json!({ "type": "button_response", "callback_id": "intent.user.Pick", "data": { "text": "Red", "value": "colour.red" } });
    assert_eq!(visitor.hears(press).await, "You picked red");
}

#[tokio::test]
async fn od_w12_form_fields_are_kept_and_the_transcript_says_so() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let form = json!({ "type": "form_response", "callback_id": "intent.user.Form",
                       "data": { "pet": "a cat", "text": "Pet: a cat", "time": "02:32 PM", "date": "Tue 2 May" } });
    assert_eq!(visitor.hears(form).await, "Your pet is a cat");
    let transcript = visitor.get("/chat-api/transcript").await.text().await.expect("text");
    assert!(transcript.contains(" - You: Form submitted\n"), "{transcript}");
}

#[tokio::test]
async fn od_w13_a_followed_link_is_recorded_and_nothing_is_said() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    let click = json!({ "type": "url_click", "data": { "url": "https://x.test/a" } });
    let answer = visitor.request(Method::POST, "/chat-api/message").json(&visitor.envelope(&click)).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.text().await.expect("a body"), "");
    let (_, rows) = json_of(visitor.get("/chat-api/history?limit=1").await).await;
    assert_eq!(rows[0]["type"], "url_click");
    assert_eq!(rows[0]["data"]["url"], "https://x.test/a");
}

#[tokio::test]
async fn od_w14_a_long_text_is_accepted() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let essay = json!({ "type": "longtext_response", "callback_id": "intent.user.Essay", "data": { "text": "Once upon a time" } });
    assert_eq!(visitor.hears(essay).await, "Read");
}

#[tokio::test]
async fn od_w34_restart_sends_an_escalating_trigger() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    let restart = json!({ "type": "trigger", "callback_id": "intent.core.restart", "escalating": true, "data": {} });
    assert_eq!(visitor.hears(restart).await, "Restarted");
}

#[tokio::test]
async fn od_n19_nothing_to_say_is_an_empty_list() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let (status, said) = visitor.send(json!({ "type": "trigger", "callback_id": "nobody.knows", "data": {} })).await;
    assert_eq!((status.as_u16(), said), (200, json!([])));
}

#[tokio::test]
async fn a_retry_with_the_same_message_id_gets_the_first_answer() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let mut body = visitor.envelope(&json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} }));
    body["message_id"] = json!("m-1");
    let first = visitor.post("/chat-api/message", &body).await;
    assert_eq!(first.0, 200);
    assert_eq!(visitor.post("/chat-api/message", &body).await, first);
    let (_, rows) = json_of(visitor.get("/chat-api/history").await).await;
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "{rows}");
}
