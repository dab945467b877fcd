//! What was said: rows OD-W16, OD-W17, OD-W33.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::app::{TestApp, json_of};

#[tokio::test]
async fn od_w16_history_is_newest_first_with_limit_and_ignore() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    visitor.says("when are you open").await;
    let form = json!({ "type": "form_response", "callback_id": "intent.user.Form", "data": { "pet": "cat", "text": "Pet: cat" } });
    visitor.hears(form).await;
    let rows = async |query: &str| json_of(visitor.get(&format!("/chat-api/history?{query}")).await).await.1;
    let types = |rows: &Value| -> Vec<String> {
        rows.as_array().expect("a list").iter().map(|row| row["type"].as_str().expect("a type").to_owned()).collect()
    };
    let all = rows("").await;
    assert_eq!(types(&all), ["text", "form_response", "text", "text", "text", "chat_open"]);
    assert_eq!(all[0]["message"], "Your pet is cat");
    assert_eq!(all[0]["author"], "them");
    assert_eq!(all[1]["author"], "ann");
    assert_eq!(all[1]["data"]["pet"], "cat");
    assert_eq!(all[2]["intents"], json!(["intent.app.Hours"]));
    for key in ["id", "user_id", "message_id", "microtime", "user", "conversation", "scene", "created_at", "updated_at"]
    {
        assert!(all[0].get(key).is_some(), "{key}: {}", all[0]);
    }
    assert_eq!(types(&rows("limit=1").await), ["text"]);
    assert_eq!(types(&rows("limit=3&ignore=text,chat_open").await), ["form_response"]);
    for wrong in ["0", "-1", "ten", "100000"] {
        let (status, answer) = json_of(visitor.get(&format!("/chat-api/history?limit={wrong}")).await).await;
        assert_eq!(status, 422);
        assert!(answer["errors"]["limit"][0].is_string());
    }
}

#[tokio::test]
async fn od_w16_a_line_from_elsewhere_joins_the_history() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    let line = json!({ "author": "me", "text": "By telephone", "date": "Tue 2 May", "time": "2:32:50 PM" });
    let (status, body) = visitor.post("/user/ann/history", &line).await;
    assert_eq!((status.as_u16(), body), (200, json!("")));
    let (_, rows) = json_of(visitor.get("/chat-api/history?limit=1").await).await;
    assert_eq!(rows[0]["type"], "text_external");
    assert_eq!((&rows[0]["author"], &rows[0]["message"]), (&json!("ann"), &json!("By telephone")));
    assert_eq!(rows[0]["data"]["date"], "Tue 2 May");
    let (status, answer) = visitor.post("/chat-api/history", &json!({ "author": "me" })).await;
    assert_eq!(status, 422);
    assert_eq!(answer["errors"]["text"], json!(["The text field is required."]));
}

#[tokio::test]
async fn od_w17_the_transcript_is_a_text_file() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    let press = json!({ "type": "button_response", "callback_id": "intent.user.Pick", "data": { "text": "Red", "value": "colour.red" } });
    visitor.hears(press).await;
    let answer = visitor.get("/chat-api/transcript").await;
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    let file = answer.headers()["content-disposition"].to_str().expect("text").to_owned();
    assert!(file.starts_with("attachment; filename=\"Chat Transcript 20") && file.ends_with(".txt\""), "{file}");
    let text = answer.text().await.expect("text");
    let lines: Vec<_> = text.lines().map(|line| line.split_at("2023-05-02 14:32".len())).collect();
    assert!(lines.iter().all(|(at, _)| at.as_bytes()[4] == b'-' && at.as_bytes()[13] == b':'), "{text}");
    let said: Vec<_> = lines.iter().map(|(_, said)| *said).collect();
    assert_eq!(said, [" - Bot: Hello", " - You: Red", " - Bot: You picked red"]);
}

#[rstest]
#[case(json!({ "message_template_id": "t", "feedback": "positive" }), None)]
#[case(json!({ "message_template_id": "t", "feedback": "negative", "request_id": "r" }), None)]
#[case(json!({ "message_template_id": "t", "feedback": "so-so" }), Some("feedback"))]
#[case(json!({ "feedback": "positive" }), Some("message_template_id"))]
#[case(json!({ "message_template_id": "t", "feedback": "positive", "request_id": 7 }), Some("request_id"))]
#[tokio::test]
async fn od_w33_feedback_is_stored_or_refused(#[case] body: Value, #[case] wrong: Option<&str>) {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    let (status, answer) = visitor.post("/chat-api/feedback", &body).await;
    let (_, feed) = app.integrator(Method::GET, "events", None).await;
    let feed = feed["events"].as_array().expect("a list").clone();
    let stored: Vec<_> = feed.iter().filter(|event| event["type"] == "message.feedback").collect();
    match wrong {
        None => {
            assert_eq!(status, 200, "{answer}");
            assert_eq!(stored.len(), 1);
            assert_eq!(stored[0]["body"]["feedback"], body["feedback"]);
        }
        Some(field) => {
            assert_eq!(status, 422);
            assert!(answer["errors"][field][0].is_string(), "{answer}");
            assert!(stored.is_empty());
        }
    }
}
