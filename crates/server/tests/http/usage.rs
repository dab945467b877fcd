//! What language models took, by day and model.

use language::chat::Prices;
use model::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{app::TestApp, flows_world::World};

/// A tenant whose model costs something.
async fn dear() -> World {
    let prices = Prices::parse("scripted/desk=1000000/1000000/2000000").expect("prices");
    World::within(TestApp::start_with(|options| options.model_prices = prices).await, |_| {}).await
}

fn number(of: &Value, name: &str) -> f64 {
    of[name].as_f64().unwrap_or_else(|| panic!("{name} of {of}"))
}

#[tokio::test]
async fn what_models_take_is_counted_by_day_and_model() {
    let world = dear().await;
    let (status, nothing) = world.ask(Method::GET, "usage", None).await;
    assert_eq!((status, &nothing["days"], &nothing["total"]["calls"]), (200, &json!([]), &json!(0)), "{nothing}");
    let page = world.chat().await;
    page.says("Hello").await;
    page.says("This is broken").await;
    let (status, usage) = world.ask(Method::GET, "usage", None).await;
    assert_eq!(status, 200, "{usage}");
    let days = usage["days"].as_array().expect("days");
    assert!(!days.is_empty() && days.iter().all(|day| day["model"] == "scripted/desk"), "{usage}");
    assert!(days.iter().all(|day| day["day"].as_str() <= usage["to"].as_str()), "{usage}");
    let total = &usage["total"];
    assert_eq!((&total["calls"], &total["failures"]), (&json!(2), &json!(1)), "{usage}");
    let (input, output) = (number(total, "input_tokens"), number(total, "output_tokens"));
    assert!(input > 0.0 && output > 0.0, "{usage}");
    assert!((number(total, "cost") - (input + 2.0 * output)).abs() < 1e-6, "{usage}");

    let (_, feed) = world.ask(Method::GET, "events?limit=1000", None).await;
    let noted = feed["events"].as_array().expect("events").iter().filter(|event| event["type"] == "model.usage");
    let noted: Vec<&Value> = noted.map(|event| &event["body"]).collect();
    let turns: Vec<&Value> = noted.iter().map(|body| &body["turn"]).collect();
    assert_eq!(turns, [&json!(2), &json!(3)], "the greeting asks no model: {noted:?}");
    assert!((noted.iter().map(|body| number(body, "cost")).sum::<f64>() - number(total, "cost")).abs() < 1e-6);
}

#[tokio::test]
async fn a_period_is_days_and_bounded() {
    let world = dear().await;
    world.chat().await.says("Hello").await;
    let today = Timestamp::now().to_jiff().strftime("%Y-%m-%d").to_string();
    for (query, calls) in [
        (format!("usage?from={today}"), 1),
        ("usage?from=2020-01-01&to=2020-12-31".to_owned(), 0),
        ("usage?to=2020-12-31".to_owned(), 0),
    ] {
        let (status, usage) = world.ask(Method::GET, &query, None).await;
        assert_eq!((status, &usage["total"]["calls"]), (200, &json!(calls)), "{query}: {usage}");
    }
    for (query, field) in [
        ("usage?from=2026-01-02&to=2026-01-01", "from"),
        ("usage?from=2024-01-01&to=2025-01-01", "from"),
        ("usage?from=yesterday", "from"),
        ("usage?to=2026-02-30", "to"),
    ] {
        let (status, problem) = world.ask(Method::GET, query, None).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{query}: {problem}");
    }
}

#[tokio::test]
async fn moderation_is_counted_too() {
    let world = World::configured(|configuration| {
        configuration["guardrails"] = json!({ "moderateInput": true });
    })
    .await;
    world.chat().await.says("Hello").await;
    let (_, usage) = world.ask(Method::GET, "usage", None).await;
    assert_eq!(usage["total"]["calls"], 2, "the judge and the agent: {usage}");
}

#[tokio::test]
async fn what_models_took_counts_though_the_turn_was_refused() {
    let world = dear().await;
    let script = json!({
        "rules": [
            { "when": { "text_contains": "label this", "tool_offered": "label" },
              "then": { "call": [{ "name": "label", "arguments": {} }] } },
            { "when": { "tool_result_of": "label" }, "then": { "fail": "saturated" } },
        ],
        "otherwise": { "say": "You said: {{last_user}}" },
    });
    let (status, answer) = world.ask(Method::PUT, "model-scripts/desk", Some(script)).await;
    assert!((200..300).contains(&status), "{answer}");
    let page = world.chat().await;
    let request = page.request(Method::POST, &page.path("")).json(&json!({ "message": "Label this" }));
    assert_eq!(request.send().await.expect("an answer").status(), 503);
    let (_, usage) = world.ask(Method::GET, "usage", None).await;
    let total = &usage["total"];
    assert_eq!(
        (&total["calls"], &total["failures"]),
        (&json!(1), &json!(0)),
        "who was too busy was not asked: {usage}"
    );
    assert!(number(total, "cost") > 0.0, "{usage}");
    let noted = |feed: &Value| {
        let events = feed["events"].as_array().expect("events").iter();
        let noted = events.filter(|event| event["type"] == "model.usage").map(|event| event["body"].clone());
        noted.collect::<Vec<_>>()
    };
    let (_, feed) = world.ask(Method::GET, "events?limit=1000", None).await;
    let refused = noted(&feed);
    assert_eq!(refused.len(), 1, "{feed}");
    assert_eq!((&refused[0]["turn"], &refused[0]["refused"]), (&json!(2), &json!(true)), "{feed}");

    assert_eq!(page.hears("Hello").await, "You said: Hello");
    let (_, usage) = world.ask(Method::GET, "usage", None).await;
    let (_, feed) = world.ask(Method::GET, "events?limit=1000", None).await;
    let all = noted(&feed);
    assert_eq!(all.len(), 2, "{feed}");
    assert_eq!((&all[1]["turn"], all[1].get("refused")), (&json!(2), None), "the turn that was refused was not taken");
    let sum = all.iter().map(|body| number(body, "cost")).sum::<f64>();
    assert!((number(&usage["total"], "cost") - sum).abs() < 1e-6, "{usage}");
}
