//! Evaluations of flags: rows OD-G01 and OD-G02.

use reqwest::{Client, Method, Response};
use runtime::{agents::Access, tenants::Tenants};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    experiments::{experiment, tone},
};

/// Calls a public API.
pub(crate) async fn public(app: &TestApp, token: &str, path: &str) -> Response {
    let url = format!("{}/public/api/{path}", app.url);
    Client::new().get(url).bearer_auth(token).send().await.expect("an answer")
}

/// The secret of a token of somebody new with a role.
pub(crate) async fn token_of(app: &TestApp, role: &str) -> String {
    let (status, user) = app.integrator(Method::POST, "users", Some(json!({ "name": role, "role": role }))).await;
    assert_eq!(status, 201, "{user}");
    let (status, token) = app.integrator(Method::POST, "tokens", Some(json!({ "user": user["id"] }))).await;
    assert_eq!(status, 201, "{token}");
    token["secret"].as_str().expect("a secret").to_owned()
}

async fn evaluations(app: &TestApp, query: &str) -> (u16, Value) {
    let (status, body) = json_of(public(app, &app.token, &format!("flag-evaluations?{query}")).await).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn od_g01_the_paginator_is_flat_and_has_every_key() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let mut flags = tone(0, 1);
    flags["flags"][0]["rules"] = json!([{ "conditions": [{ "attribute": "selected_scenario", "equals": agent.id }] }]);
    experiment(&app, &agent, flags).await;
    app.visitor(&agent, "ann").opens().await;

    let (status, mut page) = evaluations(&app, &format!("scenario_id={}", agent.id)).await;
    assert_eq!(status, 200, "{page}");
    let at = page["data"][0]["created_at"].take();
    let at = at.as_str().expect("a time");
    assert!(at.len() == 27 && at.ends_with('Z') && at.as_bytes()[19] == b'.', "{at}");
    let path = format!("{}/public/api/flag-evaluations", app.url);
    let first = format!("{path}?scenario_id={}&page=1", agent.id);
    let expected = json!({
        "data": [{ "scenario_id": agent.id, "flag_name": "tone", "anonymous_user_id": "ann", "chatbot_user_id": "ann",
                   "variant_assigned": "warm", "evaluation_context": { "selected_scenario": agent.id },
                   "reason": "RULE_MATCH", "created_at": null }],
        "current_page": 1, "last_page": 1, "per_page": 500, "total": 1, "from": 1, "to": 1, "path": path,
        "first_page_url": first, "last_page_url": first, "next_page_url": null, "prev_page_url": null,
    });
    assert_eq!(page, expected);
}

#[tokio::test]
async fn od_g01_a_contact_is_listed_once_and_pages_cover_all() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    experiment(&app, &agent, tone(1, 1)).await;
    for user in ["ann", "bob", "cem"] {
        let visitor = app.visitor(&agent, user);
        visitor.opens().await;
        visitor.says("when are you open").await;
    }
    let mut seen = Vec::new();
    for number in 1..=2 {
        let (_, page) = evaluations(&app, &format!("scenario_id={}&per_page=2&page={number}", agent.id)).await;
        assert_eq!((&page["total"], &page["last_page"]), (&json!(3), &json!(2)), "{page}");
        assert_eq!(page["next_page_url"].is_null(), number == 2);
        let rows = page["data"].as_array().expect("a list");
        seen.extend(rows.iter().map(|row| row["chatbot_user_id"].as_str().expect("an id").to_owned()));
    }
    assert_eq!(seen, ["ann", "bob", "cem"]);

    let (status, beyond) = evaluations(&app, &format!("scenario_id={}&page=2", agent.id)).await;
    assert_eq!(
        (status, &beyond["data"], &beyond["from"], &beyond["to"]),
        (200, &json!([]), &json!(null), &json!(null))
    );
    let (_, past) = evaluations(&app, &format!("scenario_id={}&end_date=2020-01-01", agent.id)).await;
    assert_eq!((&past["total"], &past["last_page"], &past["data"]), (&json!(0), &json!(1), &json!([])));
}

#[tokio::test]
async fn od_g01_what_is_missing_or_wrong_is_named_first() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    Tenants::new(&app.store).create(&"other".parse().expect("a name"), "").await.expect("the tenant is made");
    let theirs = app.agent("other", Access::Open).await;
    for (query, field, complaint) in [
        (String::new(), "scenario_id", "The scenario id field is required."),
        (format!("scenario_id={}", theirs.id), "scenario_id", "The selected scenario id is invalid."),
        ("scenario_id=nobody".to_owned(), "scenario_id", "The selected scenario id is invalid."),
        (format!("scenario_id={}&per_page=1001", agent.id), "per_page", "The per page may not be greater than 1000."),
        (format!("scenario_id={}&page=0", agent.id), "page", "The page must be at least 1."),
    ] {
        let answer = evaluations(&app, &query).await;
        assert_eq!(answer, (422, json!({ "message": complaint, "errors": { field: [complaint] } })), "{query}");
    }
}

#[tokio::test]
async fn od_g01_only_who_may_read_analytics_reads_them() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("flag-evaluations?scenario_id={}", agent.id);
    for (role, expected) in [("preview_guest", 403), ("analyse_guest", 200)] {
        let token = token_of(&app, role).await;
        let (status, body) = json_of(public(&app, &token, &path).await).await;
        assert_eq!(status, expected, "{role}: {body}");
        if expected == 403 {
            assert_eq!(body, json!({ "message": "This action is unauthorized." }));
        }
    }
    let (status, body) = json_of(public(&app, "wrong", &path).await).await;
    assert_eq!((status.as_u16(), body), (401, json!({ "message": "Unauthenticated." })));
    let bare = Client::new().get(format!("{}/public/api/{path}", app.url)).send().await.expect("an answer");
    assert_eq!(bare.status(), 401);
}

#[tokio::test]
async fn od_g02_the_31st_call_in_a_minute_is_429() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("flag-evaluations?scenario_id={}", agent.id);
    let header = |answer: &Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned())
    };
    for left in (0..30).rev() {
        let answer = public(&app, &app.token, &path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "x-ratelimit-limit").as_deref(), Some("30"));
        assert_eq!(header(&answer, "x-ratelimit-remaining"), Some(left.to_string()));
        assert_eq!(header(&answer, "retry-after"), None);
    }
    let refused = public(&app, &app.token, &path).await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = header(&refused, "retry-after").expect("a time to wait").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(header(&refused, "x-ratelimit-remaining").as_deref(), Some("0"));
    assert!(header(&refused, "x-ratelimit-reset").is_some());
    assert_eq!(json_of(refused).await.1, json!({ "message": "Too many requests. Please try again later." }));

    let other = token_of(&app, "analyse_guest").await;
    assert_eq!(public(&app, &other, &path).await.status(), 200, "others have calls of their own");
    let analytics = format!("analytics-data-export?scenario_id={}", agent.id);
    assert_eq!(public(&app, &app.token, &analytics).await.status(), 200, "and other endpoints too");
}
