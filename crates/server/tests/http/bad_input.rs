//! Bad input gets its documented body with the field named, and changes nothing: row OD-W15.

use reqwest::{Client, Method};
use rstest::rstest;
use serde_json::{Value, json};

use crate::app::{TestApp, json_of};

fn whole() -> Value {
    json!({
        "notification": "message", "user_id": "ann", "author": "ann",
        "content": { "type": "text", "data": { "text": "hi" }, "user": {} },
    })
}

/// The message with one value put at a JSON pointer, or taken away.
fn with(pointer: &str, value: Option<Value>) -> Value {
    let mut body = whole();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    body
}

#[rstest]
#[case::no_notification("/notification", None, "notification")]
#[case::other_notification("/notification", Some(json!("read_receipt")), "notification")]
#[case::notification_number("/notification", Some(json!(1)), "notification")]
#[case::no_user("/user_id", None, "user_id")]
#[case::user_number("/user_id", Some(json!(7)), "user_id")]
#[case::another_user("/user_id", Some(json!("bob")), "user_id")]
#[case::long_user("/user_id", Some(json!("x".repeat(385))), "user_id")]
#[case::control_in_user("/user_id", Some(json!("a\u{0}b")), "user_id")]
#[case::no_author("/author", None, "author")]
#[case::message_id_list("/message_id", Some(json!([])), "message_id")]
#[case::long_message_id("/message_id", Some(json!("x".repeat(256))), "message_id")]
#[case::no_content("/content", None, "content")]
#[case::content_text("/content", Some(json!("hi")), "content")]
#[case::no_type("/content/type", None, "content.type")]
#[case::unknown_type("/content/type", Some(json!("dance")), "content.type")]
#[case::button_without_callback("/content/type", Some(json!("button_response")), "content.callback_id")]
#[case::form_without_callback("/content/type", Some(json!("form_response")), "content.callback_id")]
#[case::open_without_callback("/content/type", Some(json!("chat_open")), "content.callback_id")]
#[case::click_without_url("/content/type", Some(json!("url_click")), "content.data.url")]
#[case::callback_object("/content/callback_id", Some(json!({})), "content.callback_id")]
#[case::data_text("/content/data", Some(json!("hi")), "content.data")]
#[case::no_text("/content/data", Some(json!({})), "content.data.text")]
#[case::text_number("/content/data", Some(json!({ "text": 5 })), "content.data.text")]
#[case::long_text("/content/data", Some(json!({ "text": "x".repeat(65_537) })), "content.data.text")]
#[case::user_text("/content/user", Some(json!("ann")), "content.user")]
#[case::custom_text("/content/user", Some(json!({ "custom": 1 })), "content.user.custom")]
#[case::other_scenario("/content/user", Some(json!({ "custom": { "selected_scenario": "nope" } })), "selected_scenario")]
#[tokio::test]
async fn od_w15_a_wrong_field_is_422_and_named(#[case] at: &str, #[case] value: Option<Value>, #[case] field: &str) {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let (status, answer) = visitor.post("/chat-api/message", &with(at, value)).await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(answer["message"], "The given data was invalid.");
    assert!(answer["errors"][field][0].is_string(), "{answer}");
    let (_, page) = app.integrator(Method::GET, "transcripts", None).await;
    assert_eq!(page["transcripts"], json!([]), "nothing changes");
}

#[rstest]
#[case::broken("{\"notification\":", 422)]
#[case::list("[]", 422)]
#[case::empty("", 422)]
#[case::not_utf8_escape(r#"{"user_id":"\ud800"}"#, 422)]
#[tokio::test]
async fn od_p07_a_body_that_is_no_json_object_is_422(#[case] body: &'static str, #[case] status: u16) {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let request =
        visitor.request(Method::POST, "/chat-api/message").header("content-type", "application/json").body(body);
    let (found, answer) = json_of(request.send().await.expect("an answer")).await;
    assert_eq!(found, status, "{answer}");
    assert!(answer["errors"]["body"][0].is_string(), "{answer}");
}

#[tokio::test]
async fn too_deep_too_large_and_not_json_are_refused_as_json() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let post = async |kind: &'static str, body: String| {
        let request = visitor.request(Method::POST, "/chat-api/message").header("content-type", kind).body(body);
        json_of(request.send().await.expect("an answer")).await
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(post("application/json", deep).await.0, 422);
    let (status, answer) = post("application/json", " ".repeat(300_000)).await;
    assert_eq!(status, 413);
    assert!(answer["message"].is_string());
    assert_eq!(post("application/x-www-form-urlencoded", "a=b".to_owned()).await.0, 415);
}

#[tokio::test]
async fn od_p09_unknown_paths_and_methods_are_json() {
    let app = TestApp::start().await;
    let client = Client::new();
    let (status, problem) = json_of(client.get(format!("{}/nowhere", app.url)).send().await.expect("an answer")).await;
    assert_eq!((status.as_u16(), &problem["type"]), (404, &json!("urn:parlance:problem:not-found")));
    let put = client.put(format!("{}/chat-api/message", app.url)).send().await.expect("an answer");
    let (status, problem) = json_of(put).await;
    assert_eq!((status.as_u16(), &problem["status"]), (405, &json!(405)));
}

#[tokio::test]
async fn od_p01_od_p03_the_api_needs_a_token_that_is_still_good() {
    let app = TestApp::start().await;
    let url = format!("{}/api/v1/demo/agents", app.url);
    let status = async |token: Option<&str>| {
        let request = Client::new().get(&url);
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status(None).await, 401);
    assert_eq!(status(Some("plt_wrong")).await, 401);
    let tokens = runtime::tokens::Tokens::new(&app.store);
    let demo = "demo".parse().expect("a name");
    let past = model::Timestamp::from_seconds(1);
    let (_, expired) = tokens.create(&demo, "", Some(past)).await.expect("a token");
    let (kept, second) = tokens.create(&demo, "", None).await.expect("a token");
    app.noticed().await;
    assert_eq!(status(Some(&expired)).await, 401);
    assert_eq!(status(Some(&app.token)).await, 200);
    assert_eq!(status(Some(&second)).await, 200);
    tokens.revoke(&demo, &kept.id).await.expect("it is revoked");
    app.noticed().await;
    assert_eq!(status(Some(&second)).await, 401);
}
