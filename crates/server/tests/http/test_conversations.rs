//! Trying a draft out: rows DA-T1 to DA-T5, DA-T7.

use reqwest::{Method, header};
use rstest::rstest;
use serde_json::{Value, json};

use crate::flows_world::World;

async fn start(world: &World, body: Value) -> Value {
    let path = format!("flows/handlers/{}/test-conversations", world.flow);
    let (status, begun) = world.ask(Method::POST, &path, Some(body)).await;
    assert_eq!(status, 201, "{begun}");
    begun
}

async fn say(world: &World, begun: &Value, text: &str) -> Value {
    let id = begun["transcriptId"].as_str().expect("an id");
    let path = format!("flows/handlers/{}/test-conversations/{id}", world.flow);
    let (status, answer) = world.ask(Method::POST, &path, Some(json!({ "message": text }))).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn da_t01_an_edit_changes_the_next_reply_without_publishing() {
    let world = World::start().await;
    let begun = start(&world, json!({})).await;
    assert_eq!(begun["messages"][0]["content"], "Welcome to the desk.");
    assert_eq!(say(&world, &begun, "Which thought?").await["messages"][0]["content"], "Brief");
    let path = format!("flows/handlers/{}/states/hello", world.flow);
    let (status, state) = world.ask(Method::GET, &path, None).await;
    assert_eq!(status, 200, "{state}");
    let edited = json!({ "name": "Hello", "thought": "Be kind.", "functions": state["functions"] });
    let (status, answer) = world.ask(Method::PUT, &path, Some(edited)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(say(&world, &begun, "Which thought?").await["messages"][0]["content"], "Kind");
}

#[tokio::test]
async fn da_t02_a_turn_shows_calls_states_and_where_to_read_why() {
    let world = World::start().await;
    let begun = start(&world, json!({ "parameters": { "userId": "user-1" } })).await;
    let answer = say(&world, &begun, "Who am I?").await;
    assert_eq!(answer["messages"][0]["content"], "Known: user-1");
    let trace = &answer["trace"];
    let events: Vec<&str> =
        trace["events"].as_array().expect("events").iter().filter_map(|one| one["event"].as_str()).collect();
    assert_eq!(events, ["message", "functionCall", "functionResult", "stateChange", "message"], "{trace}");
    assert_eq!((&trace["turn"], &trace["state"]), (&json!(2), &json!("Known")));
    let journal = trace["journal"].as_str().expect("an address").strip_prefix("/api/v1/demo/").expect("of the tenant");
    let (status, journal) = world.ask(Method::GET, journal, None).await;
    assert_eq!(status, 200, "{journal}");
    assert!(journal.to_string().contains("whoami"), "{journal}");
}

#[tokio::test]
async fn da_t03_the_sandbox_has_a_page() {
    let world = World::start().await;
    let page = reqwest::get(format!("{}/chat-test/{}", world.app.url, world.flow)).await.expect("an answer");
    assert_eq!(page.status(), 200);
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let text = page.text().await.expect("text");
    assert!(text.contains(&format!("data-flow=\"{}\" data-tenant=\"demo\"", world.flow)), "{text}");
    for channel in ["Web", "Voice", "SMS", "Email"] {
        assert!(text.contains(&format!(">{channel}</option>")), "{channel}: {text}");
    }
    for file in ["chat-test.js", "chat-test.css"] {
        assert!(text.contains(&format!("/assets/{file}")), "{text}");
        let file = reqwest::get(format!("{}/assets/{file}", world.app.url)).await.expect("an answer");
        assert_eq!(file.status(), 200);
    }
    let scenario = world.app.open_agent().await;
    for nothing in ["x", "00000000-0000-7000-8000-000000000000", scenario.id.as_str()] {
        let page = reqwest::get(format!("{}/chat-test/{nothing}", world.app.url)).await.expect("an answer");
        assert_eq!(page.status(), 404, "{nothing}");
    }
}

#[rstest]
#[case("web", "Page")]
#[case("voice", "Voice")]
#[case("sms", "Text")]
#[case("email", "Letter")]
#[tokio::test]
async fn da_t04_the_model_is_told_of_the_channel(#[case] channel: &str, #[case] expected: &str) {
    let world = World::start().await;
    let begun = start(&world, json!({ "channel": channel })).await;
    assert_eq!(say(&world, &begun, "Which channel?").await["messages"][0]["content"], expected);
    let transcript = world.transcript(begun["transcriptId"].as_str().expect("an id")).await;
    assert_eq!(transcript["platform"], channel);
}

#[tokio::test]
async fn da_t04_other_channels_are_refused() {
    let world = World::start().await;
    let path = format!("flows/handlers/{}/test-conversations", world.flow);
    for wrong in [json!({ "channel": "fax" }), json!({ "language": "?" }), json!({ "parameters": 1 })] {
        assert_eq!(world.ask(Method::POST, &path, Some(wrong.clone())).await.0, 422, "{wrong}");
    }
    let scenario = world.app.open_agent().await;
    for nothing in [scenario.id.as_str(), "00000000-0000-7000-8000-000000000000", "x"] {
        let path = format!("flows/handlers/{nothing}/test-conversations");
        assert_eq!(world.ask(Method::POST, &path, Some(json!({}))).await.0, 404, "{nothing}");
    }
}

#[rstest]
#[case("voice", "You said: **My name is Brian**")]
#[case("web", "You said: **My name is B r i a n**")]
#[tokio::test]
async fn da_t05_what_is_spelled_is_a_name_where_it_is_spoken(#[case] channel: &str, #[case] expected: &str) {
    let world = World::start().await;
    let begun = start(&world, json!({ "channel": channel })).await;
    assert_eq!(say(&world, &begun, "My name is B r i a n").await["messages"][0]["content"], expected);
}

#[tokio::test]
async fn da_t07_tests_stand_apart_from_customers() {
    let world = World::start().await;
    let page = world.chat().await;
    let begun = start(&world, json!({})).await;
    let (_, inside) = world.point(json!({ "friendlyName": "Inside", "environment": "InternalTesting" })).await;
    let mut tester = world.page_of(&inside);
    tester.begins(json!({})).await;
    let test = begun["transcriptId"].as_str().expect("an id").to_owned();
    assert_eq!(world.listed("transcripts").await, std::slice::from_ref(&page.transcript));
    assert_eq!(world.listed("live/transcripts").await, std::slice::from_ref(&page.transcript));
    assert_eq!(world.found(json!({})).await, std::slice::from_ref(&page.transcript));
    assert_eq!(world.listed("transcripts?tests=only").await, [tester.transcript.clone(), test.clone()]);
    assert_eq!(world.listed("live/transcripts?tests=include").await.len(), 3);
    assert_eq!(world.transcript(&test).await["test"], true);
    // A tester does not speak in a customer's conversation.
    let path = format!("flows/handlers/{}/test-conversations/{}", world.flow, page.transcript);
    assert_eq!(world.ask(Method::POST, &path, Some(json!({ "message": "x" }))).await.0, 404);
}
