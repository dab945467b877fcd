//! The audit log: what is noted, what is not, and how it is read.

use reqwest::{Client, Method};
use runtime::{tokens::Tokens, users::Users};
use serde_json::{Value, json};

use crate::app::{TestApp, scenario};

async fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    let (status, page) = app.integrator(Method::GET, &format!("audit?limit=1000{query}"), None).await;
    assert_eq!(status, 200, "{page}");
    page["entries"].as_array().expect("entries").clone()
}

async fn done(app: &TestApp) -> Vec<String> {
    entries(app, "").await.iter().map(|entry| entry["action"].as_str().expect("an action").to_owned()).collect()
}

/// Calls, and expects a success.
async fn does(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> Value {
    let (status, answer) = app.integrator(method, path, body).await;
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

fn id(answer: &Value) -> &str {
    answer["id"].as_str().expect("an id")
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_what_from_where_before_and_after() {
    let app = TestApp::start().await;
    let agent = does(&app, Method::POST, "agents?open=true", Some(scenario())).await;
    does(&app, Method::POST, &format!("agents/{}/publish", id(&agent)), None).await;
    let entries = entries(&app, "").await;
    assert_eq!(entries.len(), 2, "{entries:#?}");
    let entry = &entries[1];
    assert_eq!(entry["action"], "agent.published");
    assert_eq!(entry["target"], json!({ "kind": "agent", "id": agent["id"] }));
    assert_eq!((&entry["actor"]["token_name"], &entry["actor"]["user"]), (&json!("test"), &Value::Null));
    assert_eq!(entry["source_ip"], "127.0.0.1");
    assert_eq!((&entry["before"]["status"], &entry["after"]["status"]), (&json!("draft"), &json!("active")));
    assert!(entry["id"].as_str() > entries[0]["id"].as_str(), "later ids sort after earlier ones");
    let key = agent["app_key"].as_str().expect("a key");
    assert!(!entries.iter().any(|entry| entry.to_string().contains(key)), "{entries:#?}");
}

#[tokio::test]
async fn every_change_is_noted_and_nothing_else() {
    let app = TestApp::start_with(|options| {
        options.outbound_allow = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let agent = does(&app, Method::POST, "agents?open=true", Some(scenario())).await;
    let agents = format!("agents/{}", id(&agent));
    let webhook = json!({ "url": "http://127.0.0.1:9/hook?token=in-the-address", "enabled": false });
    let made = does(&app, Method::POST, "webhooks", Some(webhook.clone())).await;
    let webhooks = format!("webhooks/{}", id(&made));
    let role = json!({ "name": "Readers", "scopes": ["transcripts:read"] });
    let roles = format!("roles/{}", id(&does(&app, Method::POST, "roles", Some(role.clone())).await));
    let user = does(&app, Method::POST, "users", Some(json!({ "name": "Ada", "role": "editor" }))).await;
    let users = format!("users/{}", id(&user));
    let token = does(&app, Method::POST, "tokens", Some(json!({ "name": "spare" }))).await;
    let secret = json!({ "type": "string", "value": "the-value-of-it" });
    let mut expected = vec!["agent.created", "webhook.created", "role.created", "user.created", "token.created"];
    let copy = does(&app, Method::POST, &format!("{agents}/duplicate"), None).await;
    expected.push("agent.created");
    let changes = [
        (Method::PUT, format!("{agents}/draft"), Some(scenario()), "agent.draft_replaced"),
        (Method::POST, format!("{agents}/publish"), None, "agent.published"),
        (Method::POST, format!("{agents}/unpublish"), None, "agent.unpublished"),
        (Method::POST, format!("{agents}/app-key"), None, "agent.app_key_renewed"),
        (Method::PUT, format!("{agents}/settings"), Some(json!({})), "settings.updated"),
        (Method::PUT, format!("{agents}/experiments"), Some(json!({ "flags": [] })), "experiments.updated"),
        (Method::PUT, "aliases/desk".to_owned(), Some(json!({ "agent": agent["id"] })), "alias.updated"),
        (Method::DELETE, "aliases/desk".to_owned(), None, "alias.deleted"),
        (Method::DELETE, format!("agents/{}", id(&copy)), None, "agent.deleted"),
        (Method::PUT, "secrets/key".to_owned(), Some(secret), "secret.updated"),
        (Method::DELETE, "secrets/key".to_owned(), None, "secret.deleted"),
        (Method::PUT, "retention".to_owned(), Some(json!({ "days": 30 })), "retention.updated"),
        (
            Method::PUT,
            "environment/OpenAi.ApiKey".to_owned(),
            Some(json!({ "value": "the-value-of-it" })),
            "environment.updated",
        ),
        (Method::DELETE, "environment/OpenAi.ApiKey".to_owned(), None, "environment.deleted"),
        (Method::PUT, "branding".to_owned(), Some(json!({ "display_name": "Demo" })), "branding.updated"),
        (Method::PUT, "feature-flags/experiments".to_owned(), Some(json!({ "enabled": true })), "feature_flag.updated"),
        (Method::PUT, webhooks.clone(), Some(webhook), "webhook.updated"),
        (Method::POST, format!("{webhooks}/rotate-secret"), None, "webhook.secret_rotated"),
        (Method::POST, format!("{webhooks}/replay"), Some(json!({ "after": 0 })), "webhook.replayed"),
        (Method::DELETE, webhooks, None, "webhook.deleted"),
        (Method::PUT, roles.clone(), Some(role), "role.updated"),
        (Method::DELETE, roles, None, "role.deleted"),
        (Method::PUT, users.clone(), Some(json!({ "role": "read_only" })), "user.updated"),
        (Method::DELETE, format!("{users}?confirm=ada"), None, "user.deleted"),
        (Method::POST, format!("{users}/restore"), None, "user.restored"),
        (Method::DELETE, format!("tokens/{}", id(&token)), None, "token.revoked"),
    ];
    for (method, path, body, action) in changes {
        does(&app, method, &path, body).await;
        expected.push(action);
    }
    for path in ["agents", "users", "roles", "permissions", "audit", "retention"] {
        does(&app, Method::GET, path, None).await;
    }
    let refused = app.integrator(Method::PUT, "retention", Some(json!({ "days": 0 }))).await;
    assert_eq!(refused.0, 422);
    assert_eq!(done(&app).await, expected);

    let all = entries(&app, "").await.iter().map(ToString::to_string).collect::<String>();
    let secrets =
        [&made["secret"], &token["secret"], &agent["app_key"], &json!("the-value-of-it"), &json!("in-the-address")];
    for secret in secrets {
        assert!(!all.contains(secret.as_str().expect("a text")), "{secret} is in the log");
    }
}

#[tokio::test]
async fn an_erasure_is_noted_without_a_name() {
    let app = TestApp::start().await;
    app.visitor(&app.open_agent().await, "ann-the-contact").opens().await;
    does(&app, Method::DELETE, "contacts/ann-the-contact", None).await;
    let entries = entries(&app, "").await;
    assert_eq!(entries.len(), 1, "{entries:#?}");
    assert_eq!(entries[0]["target"], json!({ "kind": "contact", "id": null }));
    assert!(!entries[0].to_string().contains("ann-the-contact"), "{entries:#?}");
}

#[tokio::test]
async fn the_log_is_read_in_parts_and_by_who_and_what() {
    let app = TestApp::start().await;
    let demo = "demo".parse().expect("a name");
    let ada = Users::new(&app.store).add(&demo, "Ada", vec!["admin".to_owned()]).await.expect("the user is made");
    let tokens = Tokens::new(&app.store);
    let (_, token) = tokens.create_for(&demo, "hers", None, Some(&ada)).await.expect("the token is made");
    app.noticed().await;
    for days in 1..4 {
        does(&app, Method::PUT, "retention", Some(json!({ "days": days }))).await;
    }
    let url = format!("{}/api/v1/demo/roles", app.url);
    let role = json!({ "name": "Readers", "scopes": ["transcripts:read"] });
    let answer = Client::new().post(url).bearer_auth(token).json(&role).send().await.expect("an answer");
    assert_eq!(answer.status(), 201);

    let hers = entries(&app, &format!("&actor={}", ada.id)).await;
    assert_eq!((hers.len(), &hers[0]["action"]), (1, &json!("role.created")));
    assert_eq!(entries(&app, "&action=retention.*").await.len(), 3);
    assert_eq!(entries(&app, "&action=retention.updated").await.len(), 3);
    assert_eq!(entries(&app, "&action=retention").await.len(), 0);

    let (_, first) = app.integrator(Method::GET, "audit?limit=3", None).await;
    let next = first["next"].as_str().expect("there is more");
    let (_, rest) = app.integrator(Method::GET, &format!("audit?limit=3&after={next}"), None).await;
    let all: Vec<Value> =
        [&first, &rest].into_iter().flat_map(|page| page["entries"].as_array().expect("a list")).cloned().collect();
    assert_eq!((all, &rest["next"]), (entries(&app, "").await, &Value::Null));
    assert_eq!(app.integrator(Method::GET, "audit?limit=0", None).await.0, 422);
}

#[tokio::test]
async fn the_log_is_exported_as_lines_of_json() {
    let app = TestApp::start().await;
    for days in 1..4 {
        does(&app, Method::PUT, "retention", Some(json!({ "days": days }))).await;
    }
    let url = format!("{}/api/v1/demo/audit/export", app.url);
    let answer = Client::new().get(url).bearer_auth(&app.token).send().await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/jsonl");
    let text = answer.text().await.expect("text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines, entries(&app, "").await);
    assert_eq!(lines.len(), 3);
}
