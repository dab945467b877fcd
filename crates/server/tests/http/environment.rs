//! Environment values: rows DA-D5 to DA-D9, OD-C08, OD-T18.

use reqwest::{Client, Method};
use rstest::rstest;
use runtime::environment::Environment;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flag_evaluations::token_of,
};

const SECRET: &str = "sk-hunter2hunter2";

impl TestApp {
    async fn sets(&self, key: &str, value: Value) -> (u16, Value) {
        let body = json!({ "value": value });
        let (status, answer) = self.integrator(Method::PUT, &format!("environment/{key}"), Some(body)).await;
        (status.as_u16(), answer)
    }

    async fn environment(&self, key: &str) -> Value {
        let (status, answer) = self.integrator(Method::GET, &format!("environment/{key}"), None).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

#[tokio::test]
async fn da_d05_each_key_has_type_source_status_and_value() {
    let app = TestApp::start().await;
    let (status, listed) = app.integrator(Method::GET, "environment", None).await;
    assert_eq!(status, 200, "{listed}");
    let values = listed["values"].as_array().expect("a list");
    assert!(values.len() >= 15);
    for value in values {
        for name in ["key", "type", "source", "status", "format", "rule", "description"] {
            assert!(value[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {value}");
        }
        assert_eq!((&value["source"], &value["status"]), (&json!("Default"), &json!("Not configured")));
    }
    let mut timeout = app.environment("Initializers.TimeoutSeconds").await;
    for words in ["description", "rule"] {
        timeout[words].take();
    }
    let expected = json!({
        "key": "Initializers.TimeoutSeconds", "type": "Value", "format": "integer", "rule": null, "description": null,
        "source": "Default", "status": "Not configured", "value": 30, "default": 30, "updated_at": null,
    });
    assert_eq!(timeout, expected);
}

#[tokio::test]
async fn da_d06_an_override_counts_at_once_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let sends = async |bytes: usize| {
        let request = visitor.request(Method::POST, "/chat-api/file?name=a.txt").header("content-type", "text/plain");
        json_of(request.body("x".repeat(bytes)).send().await.expect("an answer")).await.0.as_u16()
    };
    assert_eq!(sends(100).await, 200);
    let (status, set) = app.sets("Webchat.MaxFileBytes", json!(50)).await;
    assert_eq!((status, &set["source"], &set["status"]), (200, &json!("Tenant override"), &json!("Configured")));
    assert_eq!((&set["value"], &set["default"]), (&json!(50), &Value::Null));
    assert_eq!((sends(100).await, sends(50).await), (413, 200));
    assert_eq!(app.integrator(Method::DELETE, "environment/Webchat.MaxFileBytes", None).await.0, 204);
    assert_eq!(app.environment("Webchat.MaxFileBytes").await["source"], "Default");
    assert_eq!(sends(100).await, 200);
    assert_eq!(app.integrator(Method::DELETE, "environment/Webchat.MaxFileBytes", None).await.0, 404);
}

#[tokio::test]
async fn da_d06_fewer_deep_links_can_be_allowed_never_more() {
    let app = TestApp::start_serving(|options| options.max_deep_links = 3).await;
    let agent = app.open_agent().await;
    let makes = async |count: usize| {
        let rows = vec![json!({ "attributes": {} }); count];
        let request = Client::new().post(format!("{}/public/api/generate-webchat-deep-link", app.url));
        let request = request.bearer_auth(&app.token).json(&json!({ "scenario_id": agent.id, "dataset": rows }));
        json_of(request.send().await.expect("an answer")).await.0.as_u16()
    };
    app.sets("DeepLinks.MaxPerCall", json!(2)).await;
    assert_eq!((makes(2).await, makes(3).await), (200, 422));
    app.sets("DeepLinks.MaxPerCall", json!(10)).await;
    assert_eq!((makes(3).await, makes(4).await), (200, 422));
}

#[rstest]
#[case("Made.Up")]
#[case("openai.apikey")]
#[case("OpenAi.*")]
#[tokio::test]
async fn da_d07_a_key_outside_the_catalogue_is_refused(#[case] key: &str) {
    let app = TestApp::start().await;
    let (status, problem) = app.sets(key, json!("x")).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:parlance:problem:not-found")), "{problem}");
    assert_eq!(app.integrator(Method::GET, &format!("environment/{key}"), None).await.0, 404);
}

#[rstest]
#[case("Telephony.MaxConcurrentCalls", json!(0))]
#[case("Telephony.MaxConcurrentCalls", json!("1"))]
#[case("Telephony.RecordCalls", json!("yes"))]
#[case("LanguageModels.Provider", json!("oracle"))]
#[case("Email.PollInterval", json!("soon"))]
#[case("OpenAi.BaseUrl", json!("api.openai.com"))]
#[case("Javascript.AllowedDomains", json!(["example.com"]))]
#[case("OpenAi.ApiKey", json!(""))]
#[case("OpenAi.ApiKey", json!(5))]
#[case("OpenAi.ApiKey", json!(null))]
#[tokio::test]
async fn a_value_that_is_not_of_the_keys_format_is_refused(#[case] key: &str, #[case] value: Value) {
    let app = TestApp::start().await;
    let (status, problem) = app.sets(key, value).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("value")), "{problem}");
    assert_eq!(app.environment(key).await["status"], "Not configured");
}

#[tokio::test]
async fn da_d08_od_c08_a_secret_is_never_returned() {
    let app = TestApp::start().await;
    let mut answers = vec![app.sets("OpenAi.ApiKey", json!(SECRET)).await.1];
    for body in
        [json!({ "value": [SECRET] }), json!({ "value": SECRET, "more": SECRET }), json!(SECRET), json!([SECRET])]
    {
        answers.push(app.integrator(Method::PUT, "environment/OpenAi.ApiKey", Some(body)).await.1);
    }
    let url = format!("{}/api/v1/demo/environment/OpenAi.ApiKey", app.url);
    let broken = Client::new().put(url).bearer_auth(&app.token).header("content-type", "application/json");
    let broken = broken.body(format!("{{\"value\": {SECRET}")).send().await.expect("an answer");
    answers.push(json_of(broken).await.1);
    for path in ["environment", "environment/OpenAi.ApiKey", "audit", "events"] {
        answers.push(app.integrator(Method::GET, path, None).await.1);
    }
    for answer in &answers {
        assert!(!answer.to_string().contains(SECRET), "{answer}");
    }
    let shown = app.environment("OpenAi.ApiKey").await;
    assert_eq!(
        (&shown["type"], &shown["status"], &shown["value"]),
        (&json!("Secret"), &json!("Configured"), &json!("Hidden"))
    );
    let tenant = "demo".parse().expect("a name");
    let held = Environment::new(&app.store).reveal(&tenant, "OpenAi.ApiKey").await.expect("it opens");
    assert_eq!(held.expect("it is set").expose(), SECRET.as_bytes());
}

#[tokio::test]
async fn da_d09_a_changed_credential_is_what_counts_from_then_on() {
    let app = TestApp::start().await;
    let tenant = "demo".parse().expect("a name");
    let environment = Environment::new(&app.store);
    for value in ["sk-first", "sk-second"] {
        assert_eq!(app.sets("Anthropic.ApiKey", json!(value)).await.0, 200);
        let held = environment.reveal(&tenant, "Anthropic.ApiKey").await.expect("it opens").expect("it is set");
        assert_eq!(held.expose(), value.as_bytes());
    }
    assert_eq!(app.integrator(Method::DELETE, "environment/Anthropic.ApiKey", None).await.0, 204);
    assert!(environment.reveal(&tenant, "Anthropic.ApiKey").await.expect("it is read").is_none());
}

#[tokio::test]
async fn od_t18_an_editor_sees_the_environment_and_sets_nothing() {
    let app = TestApp::start().await;
    app.sets("OpenAi.ApiKey", json!(SECRET)).await;
    let editor = token_of(&app, "editor").await;
    let (status, listed) = app.holder(&editor, Method::GET, "environment", None).await;
    assert!(status == 200 && !listed.to_string().contains(SECRET));
    for (method, body) in [(Method::PUT, Some(json!({ "value": "x" }))), (Method::DELETE, None)] {
        assert_eq!(app.holder(&editor, method, "environment/OpenAi.ApiKey", body).await.0, 403);
    }
}

#[tokio::test]
async fn da_d06_a_tenants_override_is_its_own_and_is_noted() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a name");
    runtime::tenants::Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    app.sets("Telephony.MaxConcurrentCalls", json!(7)).await;
    let theirs = Environment::new(&app.store).need(&other, "Telephony.MaxConcurrentCalls").await.expect("a key");
    assert_eq!(theirs.source, runtime::environment::Source::Default);
    let (_, log) = app.integrator(Method::GET, "audit", None).await;
    let entry = &log["entries"][0];
    assert_eq!(
        (&entry["action"], &entry["target"]["id"]),
        (&json!("environment.updated"), &json!("Telephony.MaxConcurrentCalls"))
    );
    assert_eq!((&entry["before"]["effective"], &entry["after"]["effective"]), (&json!(1), &json!(7)));
}
