//! What language models took, by day and model.

use language::chat::Prices;
use model::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    flow_stage::{script, told},
    flows_world::World,
    knowledge::uploaded,
};

/// What the model costs: a token of a prompt 1, one of an answer 2.
fn prices() -> Prices {
    Prices::parse("scripted/desk=1000000/1000000/2000000").expect("prices")
}

/// A tenant whose model costs something.
async fn dear() -> World {
    World::within(TestApp::start_with(|options| options.model_prices = prices()).await, |_| {}).await
}

async fn sets(world: &World, key: &str, value: u64) {
    let path = format!("environment/{key}");
    let (status, answer) = world.ask(Method::PUT, &path, Some(json!({ "value": value }))).await;
    assert_eq!(status, 200, "{answer}");
}

/// What the usage says, and the events of a kind.
async fn usage_and(world: &World, kind: &str) -> (Value, Vec<Value>) {
    // The usage waits until all events are there.
    let (status, usage) = world.ask(Method::GET, "usage", None).await;
    assert_eq!(status, 200, "{usage}");
    let (_, feed) = world.ask(Method::GET, "events?limit=1000", None).await;
    let events = feed["events"].as_array().expect("events").iter();
    (usage, events.filter(|event| event["type"] == kind).map(|event| event["body"].clone()).collect())
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

#[tokio::test]
async fn where_the_budget_is_spent_flows_say_their_fallback() {
    let prices = prices();
    let app = TestApp::start_with(|options| options.model_prices = prices).await;
    let world = World::within(app, |configuration| {
        configuration["texts"] = json!({ "fallback": "Please call us." });
        configuration["guardrails"] = json!({ "moderateInput": true });
    })
    .await;
    let (usage, _) = usage_and(&world, "budget.spent").await;
    assert_eq!(usage["budget"], Value::Null, "without a limit there is no budget");
    sets(&world, "Budget.MonthlyUsd", 1).await;
    let (usage, _) = usage_and(&world, "budget.spent").await;
    assert_eq!((&usage["budget"]["limit"], &usage["budget"]["remaining"]), (&json!(1), &json!(1.0)), "{usage}");
    assert_eq!((&usage["budget"]["spent"], &usage["budget"]["warn_at_percent"]), (&json!(0.0), &json!(80)), "{usage}");

    let page = world.chat().await;
    assert_eq!(page.hears("Hello").await, "You said: **Hello**", "what has begun is finished");
    let (usage, told) = usage_and(&world, "budget.spent").await;
    assert!(number(&usage["budget"], "spent") > 1.0, "{usage}");
    assert!((number(&usage["budget"], "spent") - number(&usage["total"], "cost")).abs() < 1e-6, "{usage}");
    assert_eq!(usage["budget"]["remaining"], 0.0, "{usage}");
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["limit"], &told[0]["month"]), (&json!(1), &usage["budget"]["month"]), "{told:?}");
    let calls = usage["total"]["calls"].clone();

    for _ in 0..4 {
        assert_eq!(page.hears("Hello again").await, "Please call us.");
    }
    let transcript = world.transcript(&page.transcript).await;
    let refusals: Vec<&Value> =
        transcript["entries"].as_array().expect("lines").iter().filter(|line| line["kind"] == "refusal").collect();
    assert_eq!(refusals.len(), 4, "{transcript}");
    let text = refusals[0].to_string();
    assert!(text.contains("\"budget\"") && text.contains("the tenant's budget of this month is spent"), "{text}");
    assert_eq!(transcript["status"], "InProgress", "no model has failed");
    let (usage, told) = usage_and(&world, "budget.spent").await;
    assert_eq!(usage["total"]["calls"], calls, "nobody was asked, not even who moderates: {usage}");
    assert_eq!(told.len(), 1, "it is told once");

    sets(&world, "Budget.MonthlyUsd", 1_000_000).await;
    assert_eq!(page.hears("Hello").await, "You said: **Hello**", "a new limit counts at once");
    sets(&world, "Budget.MonthlyUsd", 0).await;
    assert_eq!(page.hears("Hello").await, "You said: **Hello**");
    let (usage, _) = usage_and(&world, "budget.spent").await;
    assert_eq!(usage["budget"], Value::Null);
}

#[tokio::test]
async fn where_the_budget_is_spent_no_passage_is_described() {
    let world = dear().await;
    let describer = script(&[told("passages of a document", "It tells guests what a night costs.")]);
    let (status, answer) = world.ask(Method::PUT, "model-scripts/describer", Some(describer)).await;
    assert_eq!(status / 100, 2, "{answer}");
    for (key, value) in [
        ("LanguageModels.Provider", json!("scripted")),
        ("LanguageModels.Model", json!("describer")),
        ("Knowledge.DescribePassages", json!(true)),
    ] {
        let path = format!("environment/{key}");
        let (status, answer) = world.ask(Method::PUT, &path, Some(json!({ "value": value }))).await;
        assert_eq!(status, 200, "{answer}");
    }
    sets(&world, "Budget.MonthlyUsd", 1).await;
    world.chat().await.hears("Hello").await;
    let describes = async |name: &str| {
        let id = uploaded(&world.app, name, "text/markdown", "# Parking\n\nParking costs nine euros.\n").await;
        let (_, page) = world.ask(Method::GET, &format!("documents/{id}/passages"), None).await;
        page.to_string().contains("It tells guests")
    };
    assert!(!describes("spent.md").await);
    sets(&world, "Budget.MonthlyUsd", 1_000_000).await;
    assert!(describes("enough.md").await);
}

#[tokio::test]
async fn that_a_share_of_the_budget_is_spent_is_told_once_also_after_a_restart() {
    let world = dear().await;
    world.chat().await.hears("Hello").await;
    let (usage, _) = usage_and(&world, "budget.warning").await;
    let first = number(&usage["total"], "cost");
    // A second conversation like the first one is more than 15 percent of this, and far from all of it.
    let limit = (first * 10.0).ceil();
    assert!(limit > 10.0, "{usage}");
    let (status, answer) =
        world.ask(Method::PUT, "environment/Budget.MonthlyUsd", Some(json!({ "value": limit as u64 }))).await;
    assert_eq!(status, 200, "{answer}");
    sets(&world, "Budget.WarnAtPercent", 15).await;
    let (usage, told) = usage_and(&world, "budget.warning").await;
    assert!((number(&usage["budget"], "spent") - first).abs() < 1e-6, "what was spent before counts: {usage}");
    assert!(told.is_empty());
    for _ in 0..2 {
        world.chat().await.hears("Hello").await;
        let (usage, told) = usage_and(&world, "budget.warning").await;
        assert_eq!(told.len(), 1, "{usage}");
        assert_eq!((&told[0]["warn_at_percent"], &told[0]["limit"]), (&json!(15), &json!(limit as u64)));
    }
    let (before, _) = usage_and(&world, "budget.warning").await;
    let World { app, flow, code } = world;
    let app = app.restart_with(|options| options.model_prices = prices()).await;
    let world = World { app, flow, code };
    let (after, _) = usage_and(&world, "budget.warning").await;
    assert_eq!(after["budget"]["limit"], before["budget"]["limit"]);
    assert!((number(&after["budget"], "spent") - number(&before["budget"], "spent")).abs() < 1e-6, "{after}");
    world.chat().await.hears("Hello").await;
    let (_, told) = usage_and(&world, "budget.warning").await;
    assert_eq!(told.len(), 1, "a restart forgets nothing");
    assert!(usage_and(&world, "budget.spent").await.1.is_empty());
}

#[tokio::test]
async fn a_budget_is_a_whole_amount() {
    let world = World::start().await;
    for (key, value) in [
        ("Budget.MonthlyUsd", json!(-1)),
        ("Budget.MonthlyUsd", json!(1.5)),
        ("Budget.MonthlyUsd", json!("100")),
        ("Budget.MonthlyUsd", json!(5_000_000_000_u64)),
        ("Budget.WarnAtPercent", json!(0)),
        ("Budget.WarnAtPercent", json!(101)),
    ] {
        let path = format!("environment/{key}");
        let (status, answer) = world.ask(Method::PUT, &path, Some(json!({ "value": value }))).await;
        assert_eq!(status, 422, "{key} {value}: {answer}");
    }
}
