//! Feature flags of a tenant: row DA-D11.

use reqwest::{Client, Method, redirect::Policy};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flag_evaluations::public,
};

impl TestApp {
    async fn switches(&self, flag: &str, enabled: bool) {
        let body = json!({ "enabled": enabled });
        let (status, answer) = self.integrator(Method::PUT, &format!("feature-flags/{flag}"), Some(body)).await;
        assert_eq!((status.as_u16(), &answer["enabled"]), (200, &json!(enabled)), "{answer}");
    }
}

#[tokio::test]
async fn da_d11_flags_are_listed_with_what_they_switch() {
    let app = TestApp::start().await;
    app.switches("deep_links", false).await;
    let (status, listed) = app.integrator(Method::GET, "feature-flags", None).await;
    let flags = listed["flags"].as_array().expect("a list");
    let states: Vec<(&str, bool)> = flags
        .iter()
        .map(|flag| (flag["name"].as_str().expect("a name"), flag["enabled"].as_bool().expect("a state")))
        .collect();
    let expected = [("experiments", true), ("full_page_chat", true), ("deep_links", false), ("file_uploads", true)];
    assert_eq!((status.as_u16(), states.as_slice()), (200, &expected[..]));
    for flag in flags {
        assert!(flag["default"] == json!(true) && flag["description"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let (status, _) = app.integrator(Method::PUT, "feature-flags/moon", Some(json!({ "enabled": true }))).await;
    assert_eq!(status, 404);
    let (status, _) = app.integrator(Method::PUT, "feature-flags/experiments", Some(json!({}))).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn da_d11_experiments_that_are_off_export_nothing() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let paths = [
        format!("analytics-data-export?scenario_id={}", agent.id),
        format!("flag-evaluations?scenario_id={}", agent.id),
        "analytics-data-export".to_owned(),
    ];
    app.switches("experiments", false).await;
    for path in &paths {
        let (status, answer) = json_of(public(&app, &app.token, path).await).await;
        let expected = json!({ "message": "This action is unauthorized." });
        assert_eq!((status.as_u16(), answer), (403, expected), "{path}");
    }
    app.switches("experiments", true).await;
    for path in &paths[..2] {
        assert_eq!(public(&app, &app.token, path).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn da_d11_full_page_chats_that_are_off_have_no_page() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    app.switches("full_page_chat", false).await;
    let page = async || {
        let answer = reqwest::get(format!("{}/web-chat?scenario_id={}", app.url, agent.id)).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let (status, text) = page().await;
    assert!(status == 404 && text.contains("no page of its own"), "{status} {text}");
    app.switches("full_page_chat", true).await;
    assert!(!page().await.1.contains("no page of its own"));
}

#[tokio::test]
async fn da_d11_deep_links_that_are_off_are_neither_made_nor_followed() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let makes = async || {
        let body = json!({ "scenario_id": agent.id, "dataset": [{ "attributes": {} }] });
        let url = format!("{}/public/api/generate-webchat-deep-link", app.url);
        let request = Client::new().post(url).bearer_auth(&app.token).json(&body);
        let (status, answer) = json_of(request.send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    };
    let (status, links) = makes().await;
    assert_eq!(status, 200, "{links}");
    let link = links[0]["url"].as_str().expect("an address").to_owned();
    let client = Client::builder().redirect(Policy::none()).build().expect("a client");
    let follows = async || client.get(&link).send().await.expect("an answer").status().as_u16();
    assert_eq!(follows().await, 302);

    app.switches("deep_links", false).await;
    assert_eq!(makes().await, (403, json!({ "message": "This action is unauthorized." })));
    assert_eq!(follows().await, 410);
    app.switches("deep_links", true).await;
    assert_eq!((makes().await.0, follows().await), (200, 302));
}

#[tokio::test]
async fn da_d11_files_are_taken_only_while_the_flag_is_on() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let visitor = app.visitor(&agent, "ann");
    let sends = async || {
        let request = visitor.request(Method::POST, "/chat-api/file?name=a.txt").header("content-type", "text/plain");
        let (status, answer) = json_of(request.body("hello").send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    };
    app.switches("file_uploads", false).await;
    assert_eq!(sends().await, (403, json!({ "message": "This action is unauthorized." })));
    app.switches("file_uploads", true).await;
    assert_eq!(sends().await.0, 200);
}

#[tokio::test]
async fn da_d11_a_switch_is_one_tenants_own_and_is_noted() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a name");
    runtime::tenants::Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    app.switches("experiments", false).await;
    let flags = runtime::feature_flags::FeatureFlags::new(&app.store);
    let experiments = runtime::feature_flags::FeatureFlag::Experiments;
    assert!(flags.enabled(&other).await.expect("flags").has(experiments));
    assert!(!flags.enabled(&"demo".parse().expect("a name")).await.expect("flags").has(experiments));
    let (_, log) = app.integrator(Method::GET, "audit", None).await;
    let entry = &log["entries"][0];
    assert_eq!((&entry["action"], &entry["target"]["id"]), (&json!("feature_flag.updated"), &json!("experiments")));
    assert_eq!((&entry["before"], &entry["after"]), (&json!({ "enabled": true }), &json!({ "enabled": false })));
    let (_, listed): (_, Value) = app.integrator(Method::GET, "feature-flags", None).await;
    assert_eq!(listed["flags"][0]["enabled"], json!(false));
}
