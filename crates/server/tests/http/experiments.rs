//! Experiments: flags of an agent, and what visitors see of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestAgent, TestApp, scenario};

/// A flag `tone` with two variants.
pub(crate) fn tone(control: u32, warm: u32) -> Value {
    json!({ "flags": [{
        "name": "tone", "default_variant": "control",
        "variants": [{ "name": "control", "weight": control }, { "name": "warm", "weight": warm }],
    }] })
}

/// Replaces an agent's flags.
pub(crate) async fn experiment(app: &TestApp, agent: &TestAgent, flags: Value) -> Value {
    let (status, stored) = app.integrator(Method::PUT, &format!("agents/{}/experiments", agent.id), Some(flags)).await;
    assert_eq!(status, 200, "{stored}");
    stored
}

#[tokio::test]
async fn flags_are_stored_whole_and_keep_their_salt() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("agents/{}/experiments", agent.id);
    assert_eq!(app.integrator(Method::GET, &path, None).await.1, json!({ "flags": [] }));
    let mut flags = tone(80, 20);
    flags["flags"][0]["rules"] = json!([
        { "conditions": [{ "attribute": "country", "in": ["DE", "AT"] }], "variant": "warm" },
        { "conditions": [{ "attribute": "age", "equals": 42 }], "split": [{ "name": "warm", "weight": 1 }] },
    ]);
    let stored = experiment(&app, &agent, flags.clone()).await;
    let salt = stored["flags"][0]["salt"].as_str().expect("a salt").to_owned();
    assert!(!salt.is_empty());
    let mut expected = flags.clone();
    expected["flags"][0]["enabled"] = json!(true);
    expected["flags"][0]["salt"] = json!(salt);
    assert_eq!(stored, expected);
    assert_eq!(app.integrator(Method::GET, &path, None).await.1, expected);
    assert_eq!(experiment(&app, &agent, flags).await, expected, "the salt stays");

    let (_, copy) = app.integrator(Method::POST, &format!("agents/{}/duplicate", agent.id), None).await;
    let copied = format!("agents/{}/experiments", copy["id"].as_str().expect("an id"));
    assert_eq!(app.integrator(Method::GET, &copied, None).await.1, expected);
    let missing = "agents/00000000-0000-0000-0000-000000000000/experiments";
    assert_eq!(app.integrator(Method::GET, missing, None).await.0, 404);
    assert_eq!(app.integrator(Method::PUT, missing, Some(tone(1, 1))).await.0, 404);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let path = format!("agents/{}/experiments", agent.id);
    for (pointer, value, field) in [
        ("/flags/0/name", json!("Tone"), "flags[0].name"),
        ("/flags/0/variants/1/weight", json!(-1), "flags[0].variants[1].weight"),
        ("/flags/0/variants/1/weight", json!(1_000_001), "flags[0].variants[1].weight"),
        ("/flags/0/variants", json!([]), "flags[0].variants"),
        ("/flags/0/default_variant", json!("cold"), "flags[0].default_variant"),
        ("/flags/0/name", json!(null), "body"),
    ] {
        let mut flags = tone(1, 1);
        *flags.pointer_mut(pointer).expect("it is there") = value;
        let (status, problem) = app.integrator(Method::PUT, &path, Some(flags)).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    assert_eq!(app.integrator(Method::GET, &path, None).await.1, json!({ "flags": [] }));
}

#[tokio::test]
async fn a_condition_on_a_flag_chooses_the_message_and_the_variant_stays() {
    let app = TestApp::start().await;
    let mut document = scenario();
    let welcome = &mut document["conversations"][0]["scenes"][0]["turns"][0]["response_intents"][0];
    let warm = json!({
        "od_id": "warm", "name": "warm", "message_markup": "<message><text-message>My dear!</text-message></message>",
        "conditions": [{ "operation": "eq", "operationAttributes": [{ "id": "attribute", "value": "user.flag_tone" }],
                         "parameters": [{ "id": "value", "value": "warm" }] }],
    });
    welcome["message_templates"].as_array_mut().expect("a list").push(warm);
    let (status, made) = app.integrator(Method::POST, "agents?open=true", Some(document)).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    let agent = TestAgent { id: text("id"), app_key: text("app_key") };
    assert_eq!(app.integrator(Method::POST, &format!("agents/{}/publish", agent.id), None).await.0, 200);

    assert_eq!(app.visitor(&agent, "early").opens().await, "Hello", "there is no flag yet");
    experiment(&app, &agent, tone(0, 1)).await;
    let ann = app.visitor(&agent, "ann");
    assert_eq!(ann.opens().await, "My dear!");
    experiment(&app, &agent, tone(1, 0)).await;
    assert_eq!(ann.opens().await, "My dear!", "what was assigned stays");
    assert_eq!(app.visitor(&agent, "bob").opens().await, "Hello");

    // A browser does not choose for itself.
    let cem = app.visitor(&agent, "cem");
    let claim = json!({
        "type": "chat_open", "callback_id": "intent.core.welcome", "data": {},
        "user": { "custom": { "selected_scenario": agent.id, "flag_tone": "warm" } },
    });
    assert_eq!(cem.hears(claim).await, "Hello");
}
