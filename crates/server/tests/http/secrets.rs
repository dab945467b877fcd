//! Secrets: rows OD-C08 to OD-C10 and OD-T18.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Client, Method};
use rstest::rstest;
use runtime::{
    secrets::{NewSecret, Revealed, SecretValue, Secrets},
    tenants::Tenants,
};
use serde_json::{Value, json};

use crate::app::{TestAgent, TestApp, json_of, scenario};

const PEM: &str = include_str!("../../../../tests/certificates/client.pem");
const LOCKED: &str = include_str!("../../../../tests/certificates/locked.pem");
const PKCS12: &str = include_str!("../../../../tests/certificates/client.p12.base64");
const PASSWORD: &str = "open-sesame";

impl TestApp {
    async fn puts(&self, name: &str, body: Value) -> (u16, Value) {
        let (status, answer) = self.integrator(Method::PUT, &format!("secrets/{name}"), Some(body)).await;
        (status.as_u16(), answer)
    }

    /// Keeps a text as a secret.
    async fn keeps(&self, name: &str, value: &str) {
        let (status, answer) = self.puts(name, json!({ "type": "string", "value": value })).await;
        assert_eq!(status, 200, "{answer}");
    }

    async fn deletes(&self, name: &str) -> (u16, Value) {
        let (status, answer) = self.integrator(Method::DELETE, &format!("secrets/{name}"), None).await;
        (status.as_u16(), answer)
    }
}

/// The test scenario with a model that needs a key.
fn with_key(key: &str) -> Value {
    let mut document = scenario();
    let model = json!({ "name": "model", "component_id": "interpreter.core.llm",
                        "configuration": { "engine": { "headers": [{ "Authorization": format!("Bearer {key}") }] } } });
    document["interpreters"].as_array_mut().expect("a list").push(model);
    document
}

const KEY_AT: &str = "interpreters[1].configuration.engine.headers[0].Authorization";

/// The one place that an answer says is wrong.
#[track_caller]
fn only_field(status: u16, problem: &Value) -> &str {
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "{problem}");
    assert!(problem["errors"][0]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{problem}");
    problem["errors"][0]["field"].as_str().expect("a field")
}

#[tokio::test]
async fn od_c08_no_answer_has_a_value_in_it() {
    const VALUE: &str = "hunter2hunter2hunter2";
    let app = TestApp::start().await;
    app.keeps("password", VALUE).await;
    let mut answers = Vec::new();
    for body in [
        json!({ "type": "string", "value": VALUE }),
        json!({ "type": VALUE, "value": VALUE }),
        json!({ "type": "string", "value": [VALUE] }),
        json!({ "type": "string", "value": { VALUE: VALUE } }),
        json!({ "type": "string", "value": VALUE, "more": VALUE }),
        json!({ "type": "certificate", "file": VALUE }),
        json!({ "type": "certificate", "file": STANDARD.encode(VALUE) }),
        json!({ "type": "certificate", "file": PKCS12, "password": VALUE }),
        json!({ "type": "certificate", "file": PKCS12, "password": "password" }),
        json!([VALUE]),
        json!(VALUE),
    ] {
        for name in ["password", "other"] {
            answers.push(app.puts(name, body.clone()).await.1);
        }
    }
    let url = format!("{}/api/v1/demo/secrets/other", app.url);
    let broken = Client::new().put(url).bearer_auth(&app.token).header("content-type", "application/json");
    let broken = broken.body(format!("{{\"type\": \"string\", \"value\": {VALUE}")).send().await.expect("an answer");
    answers.push(json_of(broken).await.1);
    for path in ["secrets", "secrets/password", "events", "agents"] {
        answers.push(app.integrator(Method::GET, path, None).await.1);
    }
    answers.push(app.deletes("password").await.1);
    for answer in answers {
        let text = answer.to_string();
        assert!(!text.contains(VALUE) && !text.contains(&STANDARD.encode(VALUE)), "{text}");
    }
}

#[tokio::test]
async fn od_c08_no_file_has_a_value_in_it() {
    let app = TestApp::start_with(|options| {
        options.outbound_allow = vec!["127.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let mut values = vec!["correct-horse-battery".to_owned(), "staple-of-the-second".to_owned()];
    for value in &values {
        app.keeps("password", value).await;
    }
    let hook = json!({ "url": "http://127.0.0.1:9/hook", "enabled": false });
    let (_, made) = app.integrator(Method::POST, "webhooks", Some(hook.clone())).await;
    let path = format!("webhooks/{}", made["id"].as_str().expect("an id"));
    let (status, rotated) = app.integrator(Method::POST, &format!("{path}/rotate-secret"), None).await;
    assert_eq!(status, 200, "{rotated}");
    for shown in [&made["secret"], &rotated["secret"]] {
        values.push(shown.as_str().expect("a secret").to_owned());
    }
    assert_ne!(values[2], values[3]);
    assert_eq!(app.integrator(Method::PUT, &path, Some(hook)).await.0, 200, "it is read again");
    assert_eq!(app.deletes("password").await.0, 204);
    for file in ["documents.db", "documents.db-wal"] {
        let bytes = std::fs::read(app.folder.path().join(file)).unwrap_or_default();
        for value in &values {
            for form in [value.clone(), STANDARD.encode(value).trim_end_matches('=').to_owned()] {
                let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!found, "{form} is in {file}");
            }
        }
    }
}

#[tokio::test]
async fn od_c08_a_secret_in_a_message_is_bullets_whether_it_is_there_or_not() {
    let app = TestApp::start().await;
    app.keeps("key", "hunter2").await;
    for name in ["key", "unknown"] {
        let mut document = scenario();
        let turn = &mut document["conversations"][0]["scenes"][0]["turns"][0];
        turn["response_intents"][0]["message_templates"][0]["message_markup"] =
            json!(format!("<message><text-message>{{secret.{name}}}</text-message></message>"));
        let (status, agent) = app.integrator(Method::POST, "agents?open=true", Some(document)).await;
        assert_eq!(status, 201, "{agent}");
        let id = agent["id"].as_str().expect("an id").to_owned();
        app.integrator(Method::POST, &format!("agents/{id}/publish"), None).await;
        let agent = TestAgent { id, app_key: agent["app_key"].as_str().expect("a key").to_owned() };
        assert_eq!(app.visitor(&agent, "ann").opens().await, "••••••••");
    }
}

#[tokio::test]
async fn od_t18_the_list_shows_names_only() {
    let app = TestApp::start().await;
    app.keeps("second", "2").await;
    app.keeps("first", "1").await;
    app.puts("third", json!({ "type": "certificate", "file": STANDARD.encode(PEM) })).await;
    let (status, list) = app.integrator(Method::GET, "secrets", None).await;
    let expected = json!({ "secrets": [
        { "name": "first", "type": "string" },
        { "name": "second", "type": "string" },
        { "name": "third", "type": "certificate" },
    ] });
    assert_eq!((status.as_u16(), list), (200, expected));
    assert_eq!(app.deletes("first").await.0, 204);
    assert_eq!(app.deletes("first").await.0, 404);
    assert_eq!(app.integrator(Method::GET, "secrets/first", None).await.0, 404);
}

#[tokio::test]
async fn od_t18_secrets_need_the_tenants_token() {
    let app = TestApp::start().await;
    app.keeps("key", "hunter2").await;
    for (method, path) in [(Method::GET, "secrets"), (Method::GET, "secrets/key"), (Method::DELETE, "secrets/key")] {
        let request = Client::new().request(method, format!("{}/api/v1/demo/{path}", app.url));
        assert_eq!(request.send().await.expect("an answer").status(), 401, "{path}");
    }
    assert_eq!(app.integrator(Method::GET, "secrets/key", None).await.0, 200);
}

#[tokio::test]
async fn a_secret_is_set_again_and_keeps_its_type() {
    let app = TestApp::start().await;
    app.keeps("key", "one").await;
    let (_, before) = app.integrator(Method::GET, "secrets/key", None).await;
    app.keeps("key", "two").await;
    let (_, after) = app.integrator(Method::GET, "secrets/key", None).await;
    assert_eq!(
        (&after["name"], &after["type"], &after["certificate"]),
        (&json!("key"), &json!("string"), &Value::Null)
    );
    assert_eq!(after["created_at"], before["created_at"]);
    let revealed = Secrets::new(&app.store).reveal(&"demo".parse().expect("a name"), "key").await.expect("a value");
    assert!(matches!(&revealed, Revealed::String(value) if value.expose() == b"two"), "{revealed:?}");
    let (status, problem) = app.puts("key", json!({ "type": "certificate", "file": STANDARD.encode(PEM) })).await;
    assert_eq!(only_field(status, &problem), "type");
}

#[rstest]
#[case::digit("2fa")]
#[case::hyphen("api-key")]
#[case::dot("api.key")]
#[case::space("api%20key")]
#[case::letter("schl%C3%BCssel")]
#[case::long(&"x".repeat(101))]
#[tokio::test]
async fn a_name_is_what_a_reference_can_name(#[case] name: &str) {
    let app = TestApp::start().await;
    let (status, problem) = app.puts(name, json!({ "type": "string", "value": "x" })).await;
    assert_eq!(only_field(status, &problem), "name");
    assert_eq!(app.integrator(Method::GET, "secrets", None).await.1, json!({ "secrets": [] }));
}

#[rstest]
#[case::no_type(json!({ "value": "x" }), "type")]
#[case::other_type(json!({ "type": "number", "value": "x" }), "type")]
#[case::no_value(json!({ "type": "string" }), "value")]
#[case::null(json!({ "type": "string", "value": null }), "value")]
#[case::number(json!({ "type": "string", "value": 5 }), "value")]
#[case::empty(json!({ "type": "string", "value": "" }), "value")]
#[case::long(json!({ "type": "string", "value": "x".repeat(65_537) }), "value")]
#[case::another_field(json!({ "type": "string", "value": "x", "file": "x" }), "file")]
#[case::no_file(json!({ "type": "certificate" }), "file")]
#[case::no_base64(json!({ "type": "certificate", "file": "a" }), "file")]
#[case::empty_file(json!({ "type": "certificate", "file": "" }), "file")]
#[case::long_file(json!({ "type": "certificate", "file": STANDARD.encode("x".repeat(65_537)) }), "file")]
#[case::no_certificate(json!({ "type": "certificate", "file": STANDARD.encode("hello") }), "file")]
#[case::long_name(json!({ "type": "certificate", "file": STANDARD.encode(PEM), "file_name": "x".repeat(256) }), "file_name")]
#[case::not_an_object(json!(["string", "x"]), "body")]
#[tokio::test]
async fn a_wrong_field_is_422_and_named(#[case] body: Value, #[case] field: &str) {
    let app = TestApp::start().await;
    let (status, problem) = app.puts("key", body).await;
    assert_eq!(only_field(status, &problem), field);
    assert_eq!(app.integrator(Method::GET, "secrets/key", None).await.0, 404);
}

#[tokio::test]
async fn od_c09_an_import_that_names_an_unknown_secret_is_refused() {
    let app = TestApp::start().await;
    let (status, problem) = app.integrator(Method::POST, "agents", Some(with_key("{secret.model_key}"))).await;
    assert_eq!(only_field(status.as_u16(), &problem), KEY_AT);
    let remedy = problem["errors"][0]["remedy"].as_str().expect("a remedy");
    assert!(remedy.contains("parlance secret set model_key"), "{remedy}");
    assert_eq!(app.integrator(Method::GET, "agents", None).await.1, json!({ "agents": [] }));
    app.keeps("model_key", "hunter2").await;
    let (status, agent) = app.integrator(Method::POST, "agents", Some(with_key("{secret.model_key}"))).await;
    assert_eq!(status, 201, "{agent}");
}

#[tokio::test]
async fn od_c09_a_draft_that_names_an_unknown_secret_is_not_saved() {
    let app = TestApp::start().await;
    app.keeps("known", "hunter2").await;
    let (_, agent) = app.integrator(Method::POST, "agents", Some(with_key("{secret.known}"))).await;
    let path = format!("agents/{}", agent["id"].as_str().expect("an id"));
    let wrong = with_key("{secret.known} {user.id | hmac sha256 @secret.unknown text | base64}");
    let (status, problem) = app.integrator(Method::PUT, &format!("{path}/draft"), Some(wrong)).await;
    assert_eq!(only_field(status.as_u16(), &problem), KEY_AT);
    let (_, draft) = app.integrator(Method::GET, &format!("{path}/export"), None).await;
    assert_eq!(draft, with_key("{secret.known}"), "nothing changes");
}

#[tokio::test]
async fn od_c09_the_secret_of_another_tenant_does_not_count() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let value = NewSecret::String(SecretValue::new("hunter2"));
    Secrets::new(&app.store).put(&other, "theirs", value).await.expect("it is kept");
    let (status, problem) = app.integrator(Method::POST, "agents", Some(with_key("{secret.theirs}"))).await;
    assert_eq!(only_field(status.as_u16(), &problem), KEY_AT);
    assert_eq!(app.integrator(Method::GET, "secrets/theirs", None).await.0, 404);
    let file = STANDARD.encode(LOCKED);
    let (status, problem) =
        app.puts("cert", json!({ "type": "certificate", "file": file, "password": "theirs" })).await;
    assert_eq!(only_field(status, &problem), "password");
}

#[tokio::test]
async fn od_c09_a_check_names_a_secret_that_is_not_there() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    // As a draft of before would lie there.
    let documents = app.store.tenant(&"demo".parse().expect("a name"));
    let draft = with_key("{secret.gone}");
    documents.put("agent.draft", &agent.id, &draft, &[], store::Expect::Any).await.expect("it is stored");
    let (_, report) = app.integrator(Method::GET, &format!("agents/{}/check", agent.id), None).await;
    let problems = report["problems"].as_array().expect("a list");
    let found = problems.iter().find(|problem| problem["path"] == KEY_AT).expect("it is found");
    assert_eq!((&found["severity"], &report["sound"]), (&json!("error"), &json!(false)), "{report}");
}

#[tokio::test]
async fn od_c09_a_secret_that_an_agent_needs_is_not_deleted() {
    let app = TestApp::start().await;
    app.keeps("model_key", "hunter2").await;
    let (_, agent) = app.integrator(Method::POST, "agents", Some(with_key("{secret.model_key}"))).await;
    let path = format!("agents/{}", agent["id"].as_str().expect("an id"));
    let refused = async || {
        let (status, problem) = app.deletes("model_key").await;
        assert_eq!((status, &problem["type"]), (409, &json!("urn:parlance:problem:in-use")));
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains("Test scenario") && detail.contains(agent["id"].as_str().expect("an id")), "{detail}");
    };
    refused().await;
    app.integrator(Method::POST, &format!("{path}/publish"), None).await;
    let (status, answer) = app.integrator(Method::PUT, &format!("{path}/draft"), Some(scenario())).await;
    assert_eq!(status, 200, "{answer}");
    // The version in service has it still.
    refused().await;
    app.integrator(Method::POST, &format!("{path}/unpublish"), None).await;
    assert_eq!(app.deletes("model_key").await.0, 204);
}

#[tokio::test]
async fn od_c10_a_certificate_shows_whose_it_is_and_when_it_expires() {
    let app = TestApp::start().await;
    app.keeps("cert_password", PASSWORD).await;
    let body = json!({ "type": "certificate", "file": PKCS12, "file_name": "client.p12", "password": "cert_password" });
    let (status, mut shown) = app.puts("cert", body).await;
    assert_eq!(status, 200, "{shown}");
    assert_eq!(app.integrator(Method::GET, "secrets/cert", None).await.1, shown);
    for at in ["created_at", "updated_at"] {
        assert!(shown[at].take().as_str().is_some_and(|at| at.ends_with('Z')));
    }
    let expected = json!({
        "name": "cert", "type": "certificate",
        "certificate": {
            "format": "pkcs12", "file_name": "client.p12", "password": "cert_password", "private_key": true,
            "fingerprint": "86:84:2E:35:9D:C3:3D:F5:5E:DB:C0:86:48:DF:62:BA:40:3B:8F:E1:DA:8E:21:2F:5B:12:D2:60:2F:EC:FE:00",
            "subject": "C=GB, O=Lighthouse Inn, CN=client.example",
            "issuer": "C=GB, O=Lighthouse Inn, CN=client.example",
            "serial": "01:02:03:04:05",
            "not_before": "2026-11-25T21:42:42.000000Z", "not_after": "2125-06-19T21:42:42.000000Z",
        },
        "created_at": null, "updated_at": null,
    });
    assert_eq!(shown, expected);

    let (status, problem) = app.deletes("cert_password").await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("certificate `cert`")), "{problem}");
    assert_eq!(app.deletes("cert").await.0, 204);
    assert_eq!(app.deletes("cert_password").await.0, 204);
}

#[tokio::test]
async fn od_c10_files_that_do_not_open_name_the_field() {
    let app = TestApp::start().await;
    app.keeps("right", PASSWORD).await;
    app.keeps("wrong", "abracadabra").await;
    let key = &PEM[PEM.find("-----BEGIN PRIVATE KEY").expect("the key comes second")..];
    let pem = STANDARD.encode(PEM);
    app.puts("other_cert", json!({ "type": "certificate", "file": pem })).await;
    for (file, password, field) in [
        (PKCS12.to_owned(), Some("wrong"), "password"),
        (PKCS12.to_owned(), Some("nobody"), "password"),
        (PKCS12.to_owned(), Some("no name"), "password"),
        (PKCS12.to_owned(), Some("other_cert"), "password"),
        (PKCS12.to_owned(), None, "password"),
        (STANDARD.encode(LOCKED), Some("wrong"), "password"),
        (STANDARD.encode(LOCKED), None, "password"),
        (STANDARD.encode(key), None, "file"),
        (STANDARD.encode(PEM.replace("MII", "M*I")), None, "file"),
        (STANDARD.encode(&PEM[..200]), None, "file"),
        (STANDARD.encode("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"), None, "file"),
    ] {
        let body = json!({ "type": "certificate", "file": file, "password": password });
        let (status, problem) = app.puts("cert", body).await;
        assert_eq!(only_field(status, &problem), field, "{password:?}: {problem}");
    }
    for (file, password) in [(PKCS12.to_owned(), "right"), (STANDARD.encode(LOCKED), "right"), (pem, "right")] {
        let (status, answer) =
            app.puts("cert", json!({ "type": "certificate", "file": file, "password": password })).await;
        assert_eq!(status, 200, "{answer}");
    }
}
