//! Test scenarios and replay, as build servers use them; journals as people read them.

use model::AgentId;
use reqwest::{Client, Method, header};
use runtime::agents::Agents;
use serde_json::{Value, json};

use crate::app::{TestAgent, TestApp, scenario};

/// The test scenario that the agent of the tests passes.
fn hours() -> Value {
    json!({
        "name": "Opening hours",
        "turns": [
            { "act": { "act": "open", "intent": "intent.core.welcome" },
              "expect": [{ "type": "text_contains", "text": "hello" }] },
            { "say": "when are you open",
              "expect": [{ "type": "intent", "name": "intent.user.Hours" }, { "type": "text_matches", "pattern": "nine to \\w+$" }] },
        ],
        "expect_end": [{ "type": "state", "name": "hours" }, { "type": "status", "status": "in_progress" }],
    })
}

/// Publishes a second version that says otherwise when it opens.
async fn publish_another(app: &TestApp, agent: &TestAgent) {
    let (tenant, id): (_, AgentId) = ("demo".parse().expect("a name"), agent.id.parse().expect("an id"));
    let agents = Agents::new(&app.store);
    let changed = scenario().to_string().replace("From nine to five", "Never");
    let changed: Value = serde_json::from_str(&changed).expect("JSON");
    agents.replace_draft(&tenant, id, &changed).await.expect("the draft is replaced");
    agents.publish(&tenant, id).await.expect("it is published");
    app.noticed().await;
}

/// What is answered where XML is preferred.
async fn xml(app: &TestApp, path: &str, body: Value) -> (String, String) {
    let request = Client::new().post(format!("{}/api/v1/demo/{path}", app.url)).bearer_auth(&app.token);
    let answer = request.header(header::ACCEPT, "application/xml").json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
    (kind, answer.text().await.expect("a body"))
}

#[tokio::test]
async fn da_t06_a_scenario_is_run_against_two_versions_and_each_passes_or_fails() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    publish_another(&app, &agent).await;
    let path = format!("agents/{}/test-scenarios", agent.id);
    let (status, made) = app.integrator(Method::POST, &path, Some(hours())).await;
    assert_eq!(status, 201, "{made}");
    let versions = json!({ "versions": [1, 2, "draft", 1] });
    let (status, report) = app.integrator(Method::POST, &format!("{path}/run"), Some(versions.clone())).await;
    assert_eq!(status, 200, "{report}");
    let results = report["results"].as_array().expect("results");
    let told: Vec<_> = results.iter().map(|one| (one["version"].clone(), one["passed"].clone())).collect();
    assert_eq!(told, [(json!(1), json!(true)), (json!(2), json!(false)), (json!("draft"), json!(false))]);
    assert_eq!((&report["passed"], &results[0]["scenario"]), (&json!(false), &made["id"]));
    assert_eq!(results[1]["failures"][0]["turn"], 2);
    assert!(results[1]["failures"][0]["reason"].as_str().is_some_and(|why| why.contains("Never")), "{report}");
    assert_eq!(results[0]["said"][1], json!({ "customer": "when are you open", "agent": ["From nine to five"] }));

    let (kind, report) = xml(&app, &format!("{path}/run"), versions).await;
    assert_eq!(kind, "application/xml");
    assert!(report.contains("<testsuite name=\"version 1\" tests=\"1\" failures=\"0\""), "{report}");
    assert!(report.contains("<testsuite name=\"version 2\" tests=\"1\" failures=\"1\""), "{report}");
    let (status, report) = app.integrator(Method::POST, &format!("{path}/run?format=junit"), Some(json!({}))).await;
    assert_eq!(status, 200);
    assert!(report.as_str().is_some_and(|report| report.contains("<testsuite name=\"draft\"")), "{report}");
}

#[tokio::test]
async fn da_t07_tests_are_in_no_list_and_no_feed() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    app.visitor(&agent, "ann").opens().await;
    let path = format!("agents/{}/test-scenarios", agent.id);
    app.integrator(Method::POST, &path, Some(hours())).await;
    app.store.flush_projections().await.expect("they are projected");
    let seen = async || {
        let (_, transcripts) = app.integrator(Method::GET, "transcripts", None).await;
        let (_, events) = app.integrator(Method::GET, "events?after=0", None).await;
        (transcripts["transcripts"].as_array().expect("a list").len(), events)
    };
    let before = seen().await;
    let (_, report) = app.integrator(Method::POST, &format!("{path}/run"), Some(json!({ "versions": [1] }))).await;
    assert_eq!(report["passed"], true, "{report}");
    app.store.flush_projections().await.expect("they are projected");
    assert_eq!(seen().await, before);
    assert_eq!(before.0, 1);
}

#[tokio::test]
async fn da_t06_a_conversation_becomes_a_scenario_that_passes() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let visitor = app.visitor(&agent, "zelda");
    visitor.opens().await;
    visitor.says("when are you open").await;
    app.store.flush_projections().await.expect("they are projected");
    let (_, page) = app.integrator(Method::GET, "transcripts", None).await;
    let transcript = page["transcripts"][0]["id"].clone();
    let path = format!("agents/{}/test-scenarios", agent.id);
    let record = json!({ "transcript": transcript, "name": "recorded" });
    let (status, made) = app.integrator(Method::POST, &format!("{path}/record"), Some(record.clone())).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["turns"][1]["say"], "when are you open");
    assert_eq!(made["parameters"], json!({}), "who it was stays out");
    assert!(!made.to_string().contains("zelda"), "{made}");
    let (_, report) =
        app.integrator(Method::POST, &format!("{path}/run"), Some(json!({ "scenarios": [made["id"]] }))).await;
    assert_eq!(report["passed"], true, "{report}");

    let other = app.open_agent().await;
    let theirs = format!("agents/{}/test-scenarios/record", other.id);
    let (status, problem) = app.integrator(Method::POST, &theirs, Some(record)).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("transcript")));
}

#[tokio::test]
async fn da_t06_scenarios_are_kept_changed_and_deleted() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("agents/{}/test-scenarios", agent.id);
    let (_, made) = app.integrator(Method::POST, &path, Some(hours())).await;
    let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
    assert_eq!(app.integrator(Method::GET, &one, None).await.1, made);
    assert_eq!(app.integrator(Method::GET, &path, None).await.1, json!({ "test_scenarios": [made] }));
    let mut changed = hours();
    changed["name"] = json!("Hours");
    let (status, answer) = app.integrator(Method::PUT, &one, Some(changed)).await;
    assert_eq!((status.as_u16(), &answer["name"], &answer["id"]), (200, &json!("Hours"), &made["id"]));
    let (_, log) = app.integrator(Method::GET, "audit", None).await;
    let actions: Vec<_> = log["entries"].as_array().expect("entries").iter().map(|entry| &entry["action"]).collect();
    assert!(actions.contains(&&json!("test_scenario.updated")), "{actions:?}");
    let other = app.open_agent().await;
    let elsewhere = one.replace(&agent.id, &other.id);
    assert_eq!(app.integrator(Method::GET, &elsewhere, None).await.0, 404);
    assert_eq!(app.integrator(Method::DELETE, &elsewhere, None).await.0, 404);
    assert_eq!(app.integrator(Method::DELETE, &one, None).await.0, 204);
    assert_eq!(app.integrator(Method::GET, &one, None).await.0, 404);
    assert_eq!(app.integrator(Method::PUT, &one, Some(hours())).await.0, 404);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("agents/{}/test-scenarios", agent.id);
    let turn = |turn: Value| json!({ "name": "n", "turns": [turn] });
    for (body, field) in [
        (json!({ "name": "", "turns": [{ "say": "a" }] }), "name"),
        (turn(json!({})), "turns[0]"),
        (
            turn(json!({ "say": "a", "expect": [{ "type": "text_matches", "pattern": "(" }] })),
            "turns[0].expect[0].pattern",
        ),
        (turn(json!({ "say": "a", "expect": [{ "type": "moon" }] })), "body"),
        (turn(json!({ "say": "a", "expect": [{ "type": "status", "status": "Completed" }] })), "body"),
        (json!({ "name": "n", "turns": [], "typo": 1 }), "body"),
    ] {
        let (status, problem) = app.integrator(Method::POST, &path, Some(body.clone())).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{body}: {problem}");
    }
    for (body, field) in [
        (json!({ "versions": [7] }), "versions"),
        (json!({ "versions": ["latest"] }), "body"),
        (json!({ "scenarios": ["nobody"] }), "scenarios"),
    ] {
        let (status, problem) = app.integrator(Method::POST, &format!("{path}/run"), Some(body.clone())).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{body}: {problem}");
    }
    let (status, _) = app.integrator(Method::POST, &format!("{path}/run?format=pdf"), Some(json!({}))).await;
    assert_eq!(status, 422);
    let nobody = "00000000-0000-7000-8000-000000000000";
    let replay = format!("agents/{}/replay", agent.id);
    for (body, field) in [
        (json!({ "version": 7 }), "version"),
        (json!({ "last": 0 }), "last"),
        (json!({ "last": 1_001 }), "last"),
        (json!({ "transcripts": [nobody] }), "transcripts"),
        (json!({ "transcripts": vec![nobody; 1_001] }), "transcripts"),
    ] {
        let (status, problem) = app.integrator(Method::POST, &replay, Some(body.clone())).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    for missing in [format!("agents/{nobody}/replay"), format!("agents/{nobody}/test-scenarios/run")] {
        assert_eq!(app.integrator(Method::POST, &missing, Some(json!({}))).await.0, 404, "{missing}");
    }
}

#[tokio::test]
async fn a_replay_tells_what_another_version_would_do_otherwise() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let visitor = app.visitor(&agent, "ann");
    visitor.opens().await;
    visitor.says("when are you open").await;
    app.store.flush_projections().await.expect("they are projected");
    publish_another(&app, &agent).await;
    let path = format!("agents/{}/replay", agent.id);
    let (status, same) = app.integrator(Method::POST, &path, Some(json!({ "version": 1 }))).await;
    assert_eq!(status, 200, "{same}");
    assert_eq!((&same["same"], &same["turns"], &same["version"]), (&json!(true), &json!(2), &json!(1)));
    let (_, report) = app.integrator(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(
        (&report["same"], &report["differing"], &report["version"]),
        (&json!(false), &json!(1), &json!("draft"))
    );
    let turn = &report["conversations"][0]["differing"][0];
    assert_eq!(turn["turn"], 2);
    let difference = &turn["differences"][0];
    assert_eq!(difference["difference"], "line");
    let details = json!({ "line": 1, "recorded": "text: From nine to five", "now": "text: Never" });
    assert_eq!(difference["details"], details);
    let (_, report) = xml(&app, &path, json!({ "last": 1 })).await;
    assert!(report.contains("failures=\"1\"") && report.contains("turn 2: line 1 is `text: Never`"), "{report}");
    let named = json!({ "transcripts": [report_transcript(&same)], "version": 2, "chained": true });
    let (_, report) = app.integrator(Method::POST, &path, Some(named)).await;
    assert_eq!(report["differing"], 1);
}

fn report_transcript(report: &Value) -> Value {
    report["conversations"][0]["transcript"].clone()
}

#[tokio::test]
async fn da_t02_a_journal_is_readable() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let visitor = app.visitor(&agent, "ann");
    visitor.says("when are you open").await;
    app.store.flush_projections().await.expect("they are projected");
    let (_, page) = app.integrator(Method::GET, "transcripts", None).await;
    let journal = format!("transcripts/{}/turns/1/journal", page["transcripts"][0]["id"].as_str().expect("an id"));
    let url = format!("{}/api/v1/demo/{journal}?format=text", app.url);
    let answer = Client::new().get(url).bearer_auth(&app.token).send().await.expect("an answer");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    let text = answer.text().await.expect("a body");
    for part in [
        "interpreter examples understood: intent.user.Hours",
        "executed intent.user.Hours in main/main/hours",
        "said template template_intent_app_Hours, messages: 1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (status, stored) = app.integrator(Method::GET, &format!("{journal}?format=json"), None).await;
    assert!(status == 200 && stored["steps"].is_array(), "{stored}");
    assert_eq!(app.integrator(Method::GET, &format!("{journal}?format=pdf"), None).await.0, 422);
}
