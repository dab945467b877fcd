//! The analytics export: rows OD-A01 to OD-A05.

use reqwest::{Client, Method};
use runtime::{agents::Access, tenants::Tenants};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    experiments::{experiment, tone},
    flag_evaluations::{public, token_of},
};

async fn analytics(app: &TestApp, query: &str) -> (u16, Value) {
    let (status, body) = json_of(public(app, &app.token, &format!("analytics-data-export?{query}")).await).await;
    (status.as_u16(), body)
}

fn first_complaint(field: &str, complaint: &str) -> (u16, Value) {
    (422, json!({ "message": complaint, "errors": { field: [complaint] } }))
}

#[tokio::test]
async fn od_a01_the_scenario_is_required_and_must_be_the_tenants() {
    let app = TestApp::start().await;
    for query in ["", "scenario_id=", "page=1"] {
        let expected = first_complaint("scenario_id", "The scenario id field is required.");
        assert_eq!(analytics(&app, query).await, expected);
    }
    Tenants::new(&app.store).create(&"other".parse().expect("a name"), "").await.expect("the tenant is made");
    let theirs = app.agent("other", Access::Open).await;
    for name in [theirs.id.as_str(), "nobody"] {
        let expected = first_complaint("scenario_id", "The selected scenario id is invalid.");
        assert_eq!(analytics(&app, &format!("scenario_id={name}")).await, expected);
    }
}

#[tokio::test]
async fn od_a01_an_alias_is_as_good_and_nothing_said_is_an_empty_page() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let (status, _) = app.integrator(Method::PUT, "aliases/support", Some(json!({ "agent": agent.id }))).await;
    assert_eq!(status, 200);
    let empty = json!({ "clickstream": { "data": [], "per_page": 50, "current_page": 1, "last_page": 1, "total": 0 } });
    assert_eq!(analytics(&app, "scenario_id=support").await, (200, empty));
    let (_, with_flags) = analytics(&app, "scenario_id=support&include_flag_data=true").await;
    assert_eq!(with_flags["experiments"], json!([]));
}

#[tokio::test]
async fn od_a01_only_who_may_read_analytics_reads_them() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("analytics-data-export?scenario_id={}", agent.id);
    let guest = token_of(&app, "preview_guest").await;
    let (status, body) = json_of(public(&app, &guest, &path).await).await;
    assert_eq!((status.as_u16(), body), (403, json!({ "message": "This action is unauthorized." })));
    let analyst = token_of(&app, "preview_analyse_guest").await;
    assert_eq!(public(&app, &analyst, &path).await.status(), 200);
    let bare = Client::new().get(format!("{}/public/api/{path}", app.url)).send().await.expect("an answer");
    let (status, body) = json_of(bare).await;
    assert_eq!((status.as_u16(), body), (401, json!({ "message": "Unauthenticated." })));
}

#[tokio::test]
async fn od_a02_the_end_is_not_before_the_start() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    app.visitor(&agent, "ann").opens().await;
    let query = |days: &str| format!("scenario_id={}&{days}", agent.id);
    let complaint = "The end date must be a date after or equal to start date.";
    assert_eq!(
        analytics(&app, &query("start_date=2026-01-02&end_date=2026-01-01")).await,
        first_complaint("end_date", complaint)
    );
    assert_eq!(
        analytics(&app, &query("start_date=01/02/2026")).await,
        first_complaint("start_date", "The start date does not match the format Y-m-d.")
    );
    let today = model::Timestamp::now().to_string()[..10].to_owned();
    for (days, total) in [
        (format!("start_date={today}&end_date={today}"), 2),
        ("end_date=2020-01-01".to_owned(), 0),
        ("start_date=2020-01-01&end_date=2020-01-01".to_owned(), 0),
        ("start_date=2020-01-01".to_owned(), 2),
    ] {
        assert_eq!(analytics(&app, &query(&days)).await.1["clickstream"]["total"], total, "{days}");
    }
}

#[tokio::test]
async fn od_a03_experiments_come_when_asked_for_and_only_of_those_on_the_page() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    experiment(&app, &agent, tone(0, 1)).await;
    app.visitor(&agent, "ann").opens().await;
    app.visitor(&agent, "bob").opens().await;
    let query = |more: &str| format!("scenario_id={}&per_page=2{more}", agent.id);
    for without in ["", "&include_flag_data=0", "&include_flag_data=false"] {
        assert_eq!(analytics(&app, &query(without)).await.1.get("experiments"), None, "{without}");
    }
    for with in ["1", "true", "on"] {
        let (_, export) = analytics(&app, &query(&format!("&include_flag_data={with}"))).await;
        assert_eq!(export["clickstream"]["total"], 4);
        let experiments = export["experiments"].as_array().expect("a list");
        let [only] = experiments.as_slice() else { panic!("one is on the page: {export}") };
        let mut only = only.clone();
        let at = only["created_at"].take();
        assert_eq!(at.as_str().map(str::len), Some("2026-01-15 10:00:00".len()), "{at}");
        let expected = json!({
            "scenario_id": agent.id, "flag_name": "tone", "anonymous_user_id": "ann", "chatbot_user_id": "ann",
            "variant_assigned": "warm", "evaluation_context": {}, "reason": "RULE_MATCH", "created_at": null,
        });
        assert_eq!(only, expected);
    }
    let expected = first_complaint("include_flag_data", "The include flag data field must be true or false.");
    assert_eq!(analytics(&app, &query("&include_flag_data=perhaps")).await, expected);
}

#[tokio::test]
async fn od_a04_pages_are_bounded_and_cover_every_line_once() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    for user in ["ann", "bob"] {
        let visitor = app.visitor(&agent, user);
        visitor.opens().await;
        visitor.says("when are you open").await;
    }
    let query = |more: &str| format!("scenario_id={}&{more}", agent.id);
    for (more, field, complaint) in [
        ("per_page=1001", "per_page", "The per page may not be greater than 1000."),
        ("per_page=0", "per_page", "The per page must be at least 1."),
        ("per_page=x", "per_page", "The per page must be an integer."),
        ("page=x", "page", "The page must be an integer."),
    ] {
        assert_eq!(analytics(&app, &query(more)).await, first_complaint(field, complaint));
    }
    let long = format!("chatbot_user_id={}", "x".repeat(385));
    let complaint = "The chatbot user id may not be greater than 384 characters.";
    assert_eq!(analytics(&app, &query(&long)).await, first_complaint("chatbot_user_id", complaint));

    let (_, whole) = analytics(&app, &query("per_page=1000")).await;
    let whole = whole["clickstream"]["data"].as_array().expect("a list").clone();
    assert_eq!(whole.len(), 8);
    let mut rows = Vec::new();
    for page in 1..=3 {
        let (_, part) = analytics(&app, &query(&format!("per_page=3&page={page}"))).await;
        let clickstream = &part["clickstream"];
        assert_eq!((&clickstream["total"], &clickstream["last_page"]), (&json!(8), &json!(3)));
        assert_eq!((&clickstream["per_page"], &clickstream["current_page"]), (&json!(3), &json!(page)));
        rows.extend(clickstream["data"].as_array().expect("a list").clone());
    }
    assert_eq!(rows, whole);
    let (_, beyond) = analytics(&app, &query("page=2")).await;
    assert_eq!(beyond["clickstream"]["data"], json!([]));
    let (_, of_bob) = analytics(&app, &query("chatbot_user_id=bob")).await;
    let rows = of_bob["clickstream"]["data"].as_array().expect("a list");
    assert!(rows.len() == 4 && rows.iter().all(|row| row["user_id"] == "bob"), "{of_bob}");
}

#[tokio::test]
async fn od_a05_properties_traits_and_context_are_json_as_text() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let visitor = app.visitor(&agent, "ann");
    visitor.opens().await;
    visitor.says("when are you open").await;
    visitor
        .hears(json!({ "type": "button_response", "callback_id": "intent.user.Pick",
                       "data": { "text": "Red", "value": "colour.red" } }))
        .await;
    visitor.send(json!({ "type": "url_click", "data": { "url": "https://x.test/a" } })).await;

    let (_, export) = analytics(&app, &format!("scenario_id={}", agent.id)).await;
    let rows = export["clickstream"]["data"].as_array().expect("a list");
    let kinds: Vec<_> = rows.iter().map(|row| (row["type"].as_str(), row["name"].as_str())).collect();
    let event = |name| (Some("event"), Some(name));
    assert_eq!(
        kinds,
        [
            (Some("page"), Some("https://x.test/")),
            event("message_received_from_chatbot"),
            event("message_sent_to_chatbot"),
            event("message_received_from_chatbot"),
            event("user_clicked_button_in_chatbot"),
            event("message_received_from_chatbot"),
            event("url_clicked"),
        ]
    );
    let read = |row: &Value, column: &str| -> Value {
        serde_json::from_str(row[column].as_str().expect("a text")).expect("JSON in a text")
    };
    for row in rows {
        for column in ["properties", "traits", "context"] {
            assert!(read(row, column).is_object(), "{row}");
        }
        assert_eq!(
            (&row["scenario_id"], &row["anonymous_id"], &row["user_id"]),
            (&json!(agent.id), &json!("ann"), &json!("ann"))
        );
    }
    assert_eq!(read(&rows[0], "traits")["selected_scenario"], json!(agent.id));
    assert_eq!(read(&rows[2], "traits"), json!({}));
    assert_eq!(read(&rows[2], "properties")["text"], "when are you open");
    assert_eq!(read(&rows[3], "properties")["message"], "intent.app.Hours");
    assert_eq!(read(&rows[4], "properties")["label"], "Red");
    assert_eq!(read(&rows[6], "properties")["url"], "https://x.test/a");
    assert_eq!(read(&rows[0], "context")["ip"], "127.0.0.1");
}
