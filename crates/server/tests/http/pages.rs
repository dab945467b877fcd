//! Pages and what operators ask.

use reqwest::{Client, Method, header};
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn the_start_page_knows_what_runs_and_has_no_script_inside() {
    let app = TestApp::start().await;
    let page = async || reqwest::get(&app.url).await.expect("an answer");
    assert!(page().await.text().await.expect("text").contains("no published agent yet"));
    let agent = app.guarded_agent().await;
    let answer = page().await;
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let text = answer.text().await.expect("text");
    assert!(text.contains(&agent.id) && !text.contains("<script>"), "{text}");
    let settings = reqwest::get(format!("{}/demo-settings.js", app.url)).await.expect("an answer").text().await;
    assert!(settings.expect("text").contains(&agent.app_key));
}

#[tokio::test]
async fn files_are_revalidated_by_their_tag() {
    let app = TestApp::start().await;
    let url = format!("{}/assets/home.css", app.url);
    let first = reqwest::get(&url).await.expect("an answer");
    assert_eq!(first.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let tag = first.headers()[header::ETAG].clone();
    let again = Client::new().get(&url).header(header::IF_NONE_MATCH, tag).send().await.expect("an answer");
    assert_eq!(again.status(), 304);
    for outside in ["/assets/../Cargo.toml", "/assets/%2e%2e/Cargo.toml", "/widget/none.js"] {
        assert_eq!(reqwest::get(format!("{}{outside}", app.url)).await.expect("an answer").status(), 404, "{outside}");
    }
}

#[tokio::test]
async fn only_allowed_origins_may_frame_the_chat() {
    let app = TestApp::start().await;
    let agent = app
        .agent_with(|security| {
            security.cors = true;
            security.allowed_origins = vec!["https://good.test".to_owned()];
        })
        .await;
    let url = format!("{}/web-chat-iframe?scenario_id={}", app.url, agent.id);
    let answer = reqwest::get(url).await.expect("an answer");
    // A server that was built before the widget has no page to frame.
    if answer.status() == 200 {
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.ends_with("frame-ancestors 'self' https://good.test"), "{policy}");
    } else {
        assert!(answer.text().await.expect("text").contains("build web/widget first"));
    }
}

#[tokio::test]
async fn the_page_of_its_own_can_be_turned_off() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let settings = json!({ "appearance": { "general": { "fullPageChat": false } } });
    app.integrator(Method::PUT, &format!("agents/{}/settings", agent.id), Some(settings)).await;
    let answer = reqwest::get(format!("{}/web-chat?scenario_id={}", app.url, agent.id)).await.expect("an answer");
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.text().await.expect("text"), "This chat has no page of its own.\n");
}

#[tokio::test]
async fn da_w10_a_chat_link_that_is_none_leads_nowhere() {
    let app = TestApp::start().await;
    for chat in ["00000000-0000-0000-0000-000000000000", "no-uuid", "%3Cscript%3E", "..%2F..%2Fetc"] {
        let answer = reqwest::get(format!("{}/chat/{chat}?theme=dark", app.url)).await.expect("an answer");
        assert_eq!(answer.status(), 404, "{chat}");
        assert_eq!(answer.text().await.expect("text"), "There is no such chat.\n", "{chat}");
    }
}

#[tokio::test]
async fn machines_are_told_how_it_goes() {
    let app = TestApp::start().await;
    app.visitor(&app.open_agent().await, "ann").opens().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(reqwest::get(format!("{}{path}", app.url)).await.expect("an answer").status(), 200, "{path}");
    }
    let metrics = reqwest::get(format!("{}/metrics", app.url)).await.expect("an answer");
    assert_eq!(metrics.status(), 200);
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("parlance_http_requests_total"), "{metrics}");
}

#[tokio::test]
async fn every_answer_carries_the_request_s_id() {
    let app = TestApp::start().await;
    let url = format!("{}/healthz", app.url);
    let named = Client::new().get(&url).header("x-request-id", "abc-1").send().await.expect("an answer");
    assert_eq!(named.headers()["x-request-id"], "abc-1");
    let made = reqwest::get(&url).await.expect("an answer");
    assert_eq!(made.headers()["x-request-id"].len(), 32);
}
