//! Parlance's own API: rows OD-T02 to OD-T04.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestApp, scenario};

#[tokio::test]
async fn od_t02_export_gives_back_what_was_imported() {
    let app = TestApp::start().await;
    let (_, agent) = app.integrator(Method::POST, "agents", Some(scenario())).await;
    let (status, exported) =
        app.integrator(Method::GET, &format!("agents/{}/export", agent["id"].as_str().expect("an id")), None).await;
    assert_eq!((status.as_u16(), exported), (200, scenario()));
}

#[tokio::test]
async fn od_t03_a_file_above_ten_megabytes_is_refused() {
    let app = TestApp::start().await;
    let mut large = scenario();
    large["description"] = Value::from("x".repeat(11 << 20));
    let (status, problem) = app.integrator(Method::POST, "agents", Some(large)).await;
    assert_eq!((status.as_u16(), &problem["type"]), (413, &json!("urn:parlance:problem:too-large")));
    assert_eq!(app.integrator(Method::GET, "agents", None).await.1, json!({ "agents": [] }));
}

#[tokio::test]
async fn a_file_that_is_no_scenario_is_refused_with_its_places() {
    let app = TestApp::start().await;
    let (status, problem) = app.integrator(Method::POST, "agents", Some(json!({ "conversations": "none" }))).await;
    assert_eq!(status, 422);
    assert!(problem["errors"][0]["field"].is_string() && problem["errors"][0]["remedy"].is_string(), "{problem}");
}

#[tokio::test]
async fn od_t04_a_duplicate_has_the_next_free_name() {
    let app = TestApp::start().await;
    let (_, agent) = app.integrator(Method::POST, "agents", Some(scenario())).await;
    let path = format!("agents/{}/duplicate", agent["id"].as_str().expect("an id"));
    let (status, copy) = app.integrator(Method::POST, &path, None).await;
    assert_eq!((status.as_u16(), &copy["name"]), (201, &json!("Test scenario copy")));
    let (_, second) = app.integrator(Method::POST, &path, None).await;
    let export = format!("agents/{}/export", second["id"].as_str().expect("an id"));
    assert_eq!(app.integrator(Method::GET, &export, None).await.1["od_id"], "test_scenario_copy_2");
}

#[tokio::test]
async fn an_agent_lives_and_dies() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("agents/{}", agent.id);
    let visitor = app.visitor(&agent, "ann");
    visitor.opens().await;

    let (status, report) = app.integrator(Method::GET, &format!("{path}/check"), None).await;
    assert_eq!((status.as_u16(), &report["sound"]), (200, &json!(true)), "{report}");
    let (_, renewed) = app.integrator(Method::POST, &format!("{path}/app-key"), None).await;
    assert_ne!(renewed["app_key"], json!(agent.app_key));
    assert_eq!(visitor.get("/chat-api/configuration").await.status(), 401);

    assert_eq!(app.integrator(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(app.integrator(Method::GET, &path, None).await.0, 404);
    assert_eq!(app.integrator(Method::DELETE, &path, None).await.0, 404);
    let (_, page) = app.integrator(Method::GET, "transcripts", None).await;
    assert_eq!(page["transcripts"].as_array().map(Vec::len), Some(1), "what was said stays");
}

#[tokio::test]
async fn transcripts_are_paged_and_explain_themselves() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    for user in ["ann", "bob", "cem"] {
        app.visitor(&agent, user).opens().await;
    }
    let (_, first) = app.integrator(Method::GET, "transcripts?limit=2", None).await;
    let contacts = |page: &Value| {
        page["transcripts"].as_array().expect("a list").iter().map(|t| t["contact"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(contacts(&first), ["cem", "bob"]);
    let next = first["next"].as_str().expect("there is more");
    let (_, rest) = app.integrator(Method::GET, &format!("transcripts?limit=2&cursor={next}"), None).await;
    assert_eq!((contacts(&rest), &rest["next"]), (vec![json!("ann")], &json!(null)));

    let id = first["transcripts"][0]["id"].as_str().expect("an id");
    let (_, whole) = app.integrator(Method::GET, &format!("transcripts/{id}"), None).await;
    let said: Vec<_> = whole["entries"].as_array().expect("a list").iter().map(|entry| &entry["author"]).collect();
    assert_eq!(said, ["contact", "agent"]);
    let (status, journal) = app.integrator(Method::GET, &format!("transcripts/{id}/turns/1/journal"), None).await;
    assert!(status == 200 && !journal.is_null(), "{journal}");
    for missing in
        ["transcripts/nonsense", &format!("transcripts/{id}/turns/9/journal"), "transcripts?limit=0", "events?after=x"]
    {
        let (status, problem) = app.integrator(Method::GET, missing, None).await;
        assert!(status.is_client_error() && problem["detail"].is_string(), "{missing}: {problem}");
    }
}

#[tokio::test]
async fn events_are_a_feed_without_gaps() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    visitor.opens().await;
    visitor.says("when are you open").await;
    let (_, all) = app.integrator(Method::GET, "events", None).await;
    let numbers: Vec<_> = all["events"].as_array().expect("a list").iter().map(|event| event["seq"].as_u64()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).map(Some).collect::<Vec<_>>());
    let (_, rest) = app.integrator(Method::GET, "events?after=1&limit=1", None).await;
    assert_eq!((&rest["events"][0]["seq"], &rest["next"]), (&json!(2), &json!(2)));
}
