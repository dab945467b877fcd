//! Functions that are configured instead of written (row DA-J14).

use functions::integration;
use model::function::{Effect, FunctionError, FunctionErrorKind, FunctionInput, FunctionOutput};
use serde_json::{Map, Value, json};

use crate::World;

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

async fn call(world: &World, name: &str, settings: Value) -> Result<FunctionOutput, FunctionError> {
    let input = FunctionInput {
        parameters: map(json!({"day": "1/2", "seats": 2, "empty": ""})),
        static_parameters: map(json!({"base": "https://example.com"})),
        ..FunctionInput::default()
    };
    integration::call(name, &map(settings), &input, world).await
}

#[tokio::test]
async fn da_j14_a_request_maps_its_response_to_context_and_event() {
    let world = World::default();
    let settings = json!({
        "method": "POST", "url": "{{base}}/slots/{{day}}", "headers": {"Authorization": "Bearer {{secret.KEY}}"},
        "body": {"seats": "{{seats}}"}, "timeout_ms": 500, "response": "/slots",
        "context": {"first": "/slots/0/at", "none": "/nothing"}, "events": {"2xx": "found", "404": "none"}
    });
    let output = call(&world, "http_request", settings).await.unwrap();
    assert_eq!(output.response, json!([{"at": "09:00"}]));
    assert_eq!(Value::from(output.context_additions), json!({"first": "09:00"}));
    assert_eq!(output.event.as_deref(), Some("found"));
    assert_eq!(output.warnings, ["the response has nothing at `/nothing` for `none`"]);
    let request = world.requests.lock()[0].clone();
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://example.com/slots/1%2F2"));
    assert_eq!((request.body.as_deref(), request.timeout_ms), (Some("{\"seats\":2}"), Some(500)));
    let headers = [("Authorization", "Bearer s3cret"), ("content-type", "application/json")];
    assert_eq!(request.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(!format!("{:?}", output.response).contains("s3cret"));
}

#[tokio::test]
async fn da_j14_a_status_and_a_failure_have_events() {
    let world = World::default();
    let at = |url: &str, events: Value| json!({"url": url, "events": events});
    let missing = call(&world, "http_request", at("{{base}}/missing", json!({"4xx": "refused", "404": "none"}))).await;
    let missing = missing.unwrap();
    assert_eq!((missing.event.as_deref(), missing.response), (Some("none"), json!("nothing here")));
    let outside = call(&world, "http_request", at("https://evil.example/", json!({"error": "down"}))).await.unwrap();
    assert_eq!(outside.event.as_deref(), Some("down"));
    let outside = call(&world, "http_request", at("https://evil.example/", json!({}))).await.unwrap_err();
    assert_eq!(outside.kind, FunctionErrorKind::Threw);
    assert!(outside.message.contains("not among the allowed domains"), "{outside}");
}

#[tokio::test]
async fn da_j14_the_others_ask_the_conversation() {
    let world = World::default();
    for (name, settings, effect) in [
        ("hand_off", json!({"skills": ["billing", "{{empty}}"]}), Effect::HandOff { skills: vec!["billing".into()] }),
        ("transfer", json!({"contact": "desk {{seats}}"}), Effect::Transfer { contact: "desk 2".into(), number: None }),
        ("end_conversation", json!({}), Effect::End),
        (
            "set_tag",
            json!({"name": "day", "value": "{{day}}"}),
            Effect::Tag { name: "day".into(), value: "1/2".into() },
        ),
    ] {
        let output = call(&world, name, settings).await.unwrap();
        assert_eq!((output.effects, output.event), (vec![effect], None), "{name}");
    }
    let settings = json!({"values": {"n": "{{seats}}"}, "event": "kept", "response": "noted {{day}}"});
    let output = call(&world, "set_context", settings).await.unwrap();
    assert_eq!(Value::from(output.context_additions), json!({"n": 2}));
    assert_eq!((output.event.as_deref(), output.response), (Some("kept"), json!("noted 1/2")));
    assert!(world.requests.lock().is_empty());
}

#[tokio::test]
async fn da_j14_what_is_given_back_is_bounded_as_what_code_returns() {
    let world = World::default();
    let long = "x".repeat(1 << 20);
    for settings in [json!({"values": {"n": long}}), json!({"values": {}, "response": long})] {
        let error = call(&world, "set_context", settings).await.unwrap_err();
        assert_eq!(error.kind, FunctionErrorKind::Output);
        assert!(error.message.contains("let `response` name a part"), "{error}");
    }
    let short = "x".repeat((1 << 20) - 2);
    assert!(call(&world, "set_context", json!({"values": {}, "response": short})).await.is_ok());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    let world = World::default();
    for (name, settings, message) in [
        ("http_request", json!({}), "`url` is missing"),
        ("http_request", json!({"url": 7}), "`url` is no text"),
        ("http_request", json!({"url": "x", "method": "BREW"}), "`method` is `BREW`"),
        ("http_request", json!({"url": "x", "events": {"4x": "a"}}), "`events` has `4x`"),
        ("http_request", json!({"url": "x", "headers": {"a": 1}}), "`headers` has `a`, which is no text"),
        ("http_request", json!({"url": "x", "timeout_ms": 0}), "`timeout_ms` is no number"),
        ("http_request", json!({"url": "x", "typo": 0}), "`typo` is no setting of it"),
        ("http_request", json!({"url": "{{base}}/{{nobody}}"}), "`url`: `{{nobody}}` has no value"),
        ("http_request", json!({"url": "{{day}}"}), "`url`: an address may begin with a static parameter"),
        ("http_request", json!({"url": "x", "body": "{{secret.NONE}}"}), "the secret `NONE` cannot be had"),
        ("transfer", json!({}), "`contact` is missing"),
        ("transfer", json!({"contact": "{{empty}}"}), "`contact`: it is empty"),
        ("hand_off", json!({"skills": "billing"}), "`skills` is no list"),
        ("set_tag", json!({"value": "x"}), "`name` is missing"),
        ("set_context", json!({}), "`values` is no object"),
        ("teleport", json!({}), "`teleport` is no integration"),
    ] {
        let error = call(&world, name, settings.clone()).await.unwrap_err();
        assert!(error.message.starts_with(message), "{name} {settings}: {error}");
    }
    assert!(world.requests.lock().is_empty());
}
