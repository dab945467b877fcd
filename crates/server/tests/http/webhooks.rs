//! Webhooks: what happens is sent, signed, in order, and never lost.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use reqwest::{Client, Method};
use runtime::{RuntimeOptions, tenants::Tenants, tokens::Tokens, webhooks::RetrySchedule};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    sink::{Heard, Sink},
};

/// Three retries within moments; this machine may be called.
fn quick(options: &mut RuntimeOptions) {
    options.outbound_allow = vec!["127.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("a network")];
    options.webhooks.retries = RetrySchedule::new(vec![Duration::from_millis(20); 3]);
    options.webhooks.save_interval = Duration::from_millis(50);
}

/// The first retry is far away.
fn patient(options: &mut RuntimeOptions) {
    quick(options);
    options.webhooks.retries = RetrySchedule::new(vec![Duration::from_secs(3_600_000); 3]);
}

/// Subscribes; answers the webhook with its secret.
async fn subscribe(app: &TestApp, sink: &Sink, more: Value) -> Value {
    let mut target = json!({ "url": sink.url() });
    for (name, value) in more.as_object().expect("an object") {
        target[name] = value.clone();
    }
    let (status, webhook) = app.integrator(Method::POST, "webhooks", Some(target)).await;
    assert_eq!(status, 201, "{webhook}");
    webhook
}

fn path(webhook: &Value, rest: &str) -> String {
    format!("webhooks/{}{rest}", webhook["id"].as_str().expect("an id"))
}

async fn feed(app: &TestApp) -> Vec<Value> {
    let (_, page) = app.integrator(Method::GET, "events?limit=1000", None).await;
    page["events"].as_array().expect("events").clone()
}

fn numbers(heard: &[Heard]) -> Vec<u64> {
    heard.iter().map(Heard::seq).collect()
}

#[tokio::test]
async fn events_are_sent_signed_with_what_they_are_about() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let agent = app.open_agent().await;
    let webhook = subscribe(&app, &sink, json!({ "description": "for the CRM" })).await;
    let secret = webhook["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("whsec_"), "{secret}");
    app.visitor(&agent, "ann").opens().await;

    let heard = sink.takes(2).await;
    assert_eq!(heard.iter().map(Heard::kind).collect::<Vec<_>>(), ["transcript.started", "turn.completed"]);
    let stored = &feed(&app).await[0];
    let first = &heard[0];
    assert_eq!(first.id(), "evt_demo_1");
    assert_eq!(first.headers["content-type"], "application/json");
    assert_eq!(first.event["timestamp"], stored["at"]);
    let data = &first.event["data"];
    assert_eq!((&data["id"], &data["seq"], &data["contact"]), (&json!("evt_demo_1"), &json!(1), &json!("ann")));
    assert_eq!((&data["transcript"], &data["agent"]), (&stored["transcript"], &json!(agent.id)));
    assert!(heard.iter().all(|heard| heard.verifies(&secret)));
    assert!(!first.verifies("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"), "another secret verifies nothing");

    let (status, rotated) = app.integrator(Method::POST, &path(&webhook, "/rotate-secret"), None).await;
    assert_eq!(status, 200, "{rotated}");
    let renewed = rotated["secret"].as_str().expect("a secret").to_owned();
    assert!(renewed != secret && rotated["previous_secret_until"].is_string(), "{rotated}");
    app.visitor(&agent, "bob").opens().await;
    let heard = sink.takes(4).await;
    assert!(heard[2..].iter().all(|heard| heard.verifies(&secret) && heard.verifies(&renewed)), "both sign for a day");

    for listed in ["webhooks".to_owned(), path(&webhook, "")] {
        let (status, shown) = app.integrator(Method::GET, &listed, None).await;
        assert_eq!(status, 200);
        let shown = shown.to_string();
        assert!(!shown.contains("whsec_") && !shown.contains("\"secret\""), "{shown}");
    }
    let metrics = reqwest::get(format!("{}/metrics", app.url)).await.expect("an answer").text().await.expect("text");
    assert!(metrics.contains("parlance_webhook_deliveries_total{outcome=\"delivered\"}"), "{metrics}");
}

fn by_transcript<'e>(events: impl Iterator<Item = (&'e Value, &'e Value)>) -> HashMap<String, Vec<u64>> {
    let mut order: HashMap<String, Vec<u64>> = HashMap::new();
    for (transcript, seq) in events {
        order.entry(transcript.to_string()).or_default().push(seq.as_u64().expect("a number"));
    }
    order
}

#[tokio::test]
async fn events_of_a_transcript_arrive_in_order_whatever_fails() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let agent = app.open_agent().await;
    let mut refused = HashSet::new();
    // Each event is refused the first time, every third one twice.
    sink.answer(move |event| {
        let seq = event["data"]["seq"].as_u64().expect("a number");
        let again = seq % 3 == 0 && refused.contains(&(seq, 1)) && refused.insert((seq, 2));
        if refused.insert((seq, 1)) || again { 503 } else { 200 }
    });
    subscribe(&app, &sink, json!({})).await;
    for user in ["ann", "bob", "cem", "dan", "eve", "fay", "gus", "hal", "ivy", "jim"] {
        let visitor = app.visitor(&agent, user);
        visitor.opens().await;
        visitor.says("when are you open").await;
        visitor.says("when are you open").await;
    }
    let feed = feed(&app).await;
    assert_eq!(feed.len(), 40);
    let taken = sink.takes(40).await;
    let sent = by_transcript(feed.iter().map(|event| (&event["transcript"], &event["seq"])));
    let arrived = by_transcript(taken.iter().map(|heard| {
        let data = &heard.event["data"];
        (&data["transcript"], &data["seq"])
    }));
    assert_eq!(arrived, sent, "exactly the events of the log, in order per transcript");
    // An event is not even tried before the one before it was taken.
    let mut done = HashSet::new();
    for heard in sink.heard() {
        let own = &sent[&heard.event["data"]["transcript"].to_string()];
        assert!(own.iter().take_while(|seq| **seq < heard.seq()).all(|seq| done.contains(seq)));
        if heard.status < 300 {
            done.insert(heard.seq());
        }
    }
}

#[tokio::test]
async fn what_an_endpoint_never_takes_is_a_dead_letter_and_can_be_sent_again() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let agent = app.open_agent().await;
    sink.answer(|event| if event["type"] == "transcript.started" { 500 } else { 200 });
    let webhook = subscribe(&app, &sink, json!({})).await;
    app.visitor(&agent, "ann").opens().await;
    assert_eq!(numbers(&sink.takes(1).await), [2], "the transcript goes on");
    assert_eq!(sink.heard().len(), 5, "four attempts, then the next event");

    let letters = path(&webhook, "/dead-letters");
    let (_, page) = app.integrator(Method::GET, &letters, None).await;
    let letter = &page["dead_letters"][0];
    assert_eq!(
        (&letter["seq"], &letter["type"], &letter["attempts"], &letter["status"]),
        (&json!(1), &json!("transcript.started"), &json!(4), &json!(500))
    );
    assert_eq!((page["dead_letters"].as_array().map(Vec::len), &page["next"]), (Some(1), &json!(1)));

    let retry = path(&webhook, "/dead-letters/1/retry");
    let (status, attempt) = app.integrator(Method::POST, &retry, None).await;
    assert_eq!((status.as_u16(), &attempt["delivered"], &attempt["status"]), (200, &json!(false), &json!(500)));
    sink.answer(|_| 200);
    let (_, attempt) = app.integrator(Method::POST, &retry, None).await;
    assert_eq!(attempt, json!({ "delivered": true, "status": 200, "reason": null }));
    assert_eq!(sink.taken()[1].id(), "evt_demo_1");
    let (_, page) = app.integrator(Method::GET, &letters, None).await;
    assert_eq!(page["dead_letters"], json!([]));
    assert_eq!(app.integrator(Method::POST, &retry, None).await.0, 404);
}

#[tokio::test]
async fn dead_letters_are_bounded() {
    let bounded = |options: &mut RuntimeOptions| {
        quick(options);
        options.webhooks.retries = RetrySchedule::new(Vec::new());
        options.webhooks.dead_letters = 3;
    };
    let (app, sink) = (TestApp::start_with(bounded).await, Sink::start().await);
    let agent = app.open_agent().await;
    sink.answer(|_| 500);
    let webhook = subscribe(&app, &sink, json!({})).await;
    let visitor = app.visitor(&agent, "ann");
    visitor.opens().await;
    for _ in 0..4 {
        visitor.says("when are you open").await;
    }
    sink.hears(6).await;
    let mut left = Vec::new();
    for _ in 0..500 {
        let (_, page) = app.integrator(Method::GET, &path(&webhook, "/dead-letters"), None).await;
        left = page["dead_letters"].as_array().expect("a list").iter().map(|one| one["seq"].as_u64()).collect();
        if left == [Some(4), Some(5), Some(6)] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the newest three are kept: {left:?}");
}

#[tokio::test]
async fn a_replay_sends_again_with_the_same_ids_and_never_skips() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let agent = app.open_agent().await;
    let webhook = subscribe(&app, &sink, json!({})).await;
    let visitor = app.visitor(&agent, "ann");
    visitor.opens().await;
    visitor.says("when are you open").await;
    let first: Vec<_> = sink.takes(3).await.iter().map(|heard| heard.id().to_owned()).collect();

    let replay = path(&webhook, "/replay");
    for (after, again) in [(0, 0..3), (2, 2..3)] {
        sink.forget();
        let (status, answer) = app.integrator(Method::POST, &replay, Some(json!({ "after": after }))).await;
        assert_eq!((status.as_u16(), answer), (200, json!({ "after": after })));
        let ids: Vec<_> = sink.takes(again.len()).await.iter().map(|heard| heard.id().to_owned()).collect();
        assert_eq!(ids, first[again]);
    }
    app.noticed().await;
    let (_, answer) = app.integrator(Method::POST, &replay, Some(json!({ "after": 1_000 }))).await;
    assert_eq!(answer, json!({ "after": 3 }), "it does not go forwards");
    let (status, problem) = app.integrator(Method::POST, &replay, Some(json!({ "before": 1 }))).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("body")));

    // Of one that is not enabled the place is changed, for when it is.
    let off = json!({ "url": sink.url(), "enabled": false });
    assert_eq!(app.integrator(Method::PUT, &path(&webhook, ""), Some(off)).await.0, 200);
    sink.forget();
    assert_eq!(app.integrator(Method::POST, &replay, Some(json!({ "after": 1 }))).await.1, json!({ "after": 1 }));
    assert_eq!(app.integrator(Method::PUT, &path(&webhook, ""), Some(json!({ "url": sink.url() }))).await.0, 200);
    assert_eq!(numbers(&sink.takes(2).await), [2, 3]);
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let (app, sink) = (TestApp::start_with(patient).await, Sink::start().await);
    let agent = app.open_agent().await;
    let webhook = subscribe(&app, &sink, json!({})).await;
    // Ann's conversation is stuck, Bob's is not.
    sink.answer(|event| if event["data"]["contact"] == "ann" { 503 } else { 200 });
    app.visitor(&agent, "ann").opens().await;
    app.visitor(&agent, "bob").opens().await;
    assert_eq!(numbers(&sink.takes(2).await), [3, 4]);
    sink.hears(3).await;

    sink.answer(|_| 200);
    sink.forget();
    let app = app.restart_with(patient).await;
    assert_eq!(numbers(&sink.takes(2).await), [1, 2], "what was not taken, and nothing else");
    let bob = app.visitor(&agent, "bob");
    bob.says("when are you open").await;
    assert_eq!(numbers(&sink.takes(3).await), [1, 2, 5]);

    // What happens while nobody delivers waits in the feed.
    let off = json!({ "url": sink.url(), "enabled": false });
    assert_eq!(app.integrator(Method::PUT, &path(&webhook, ""), Some(off)).await.0, 200);
    bob.says("when are you open").await;
    let app = app.restart_with(patient).await;
    assert_eq!(app.integrator(Method::PUT, &path(&webhook, ""), Some(json!({ "url": sink.url() }))).await.0, 200);
    assert_eq!(numbers(&sink.takes(4).await), [1, 2, 5, 6]);
    app.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_gets_no_more() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let agent = app.open_agent().await;
    let webhook = subscribe(&app, &sink, json!({})).await;
    sink.answer(|_| 410);
    app.visitor(&agent, "ann").opens().await;
    sink.hears(1).await;
    let mut shown = Value::Null;
    for _ in 0..500 {
        (_, shown) = app.integrator(Method::GET, &path(&webhook, ""), None).await;
        if shown["enabled"] == false {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        (&shown["enabled"], &shown["disabled_because"]),
        (&json!(false), &json!("the endpoint answered 410 Gone"))
    );
    app.visitor(&agent, "bob").opens().await;
    app.noticed().await;
    assert_eq!(sink.heard().len(), 1, "it is left in peace");

    sink.answer(|_| 200);
    let (_, shown) = app.integrator(Method::PUT, &path(&webhook, ""), Some(json!({ "url": sink.url() }))).await;
    assert_eq!((&shown["enabled"], &shown["disabled_because"]), (&json!(true), &Value::Null));
    let mut taken = numbers(&sink.takes(4).await);
    taken.sort_unstable();
    assert_eq!(taken, [1, 2, 3, 4], "nothing was lost");
}

#[tokio::test]
async fn an_endpoint_that_fails_for_days_is_disabled() {
    let impatient = |options: &mut RuntimeOptions| {
        quick(options);
        options.webhooks.retries = RetrySchedule::new(vec![Duration::from_millis(20); 500]);
        options.webhooks.disable_after = Duration::from_millis(200);
    };
    let (app, sink) = (TestApp::start_with(impatient).await, Sink::start().await);
    let agent = app.open_agent().await;
    sink.answer(|_| 500);
    let webhook = subscribe(&app, &sink, json!({})).await;
    app.visitor(&agent, "ann").opens().await;
    for _ in 0..500 {
        let (_, shown) = app.integrator(Method::GET, &path(&webhook, ""), None).await;
        if shown["enabled"] == false {
            assert!(shown["disabled_because"].is_string(), "{shown}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is still enabled");
}

#[tokio::test]
async fn only_what_is_wanted_is_sent() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let (first, second) = (app.open_agent().await, app.open_agent().await);
    subscribe(&app, &sink, json!({ "events": ["transcript.*"], "agents": [second.id] })).await;
    let feedback = subscribe(&app, &sink, json!({ "events": ["message.feedback"] })).await;
    app.visitor(&first, "ann").opens().await;
    app.visitor(&second, "bob").opens().await;
    let heard = sink.takes(1).await;
    assert_eq!((heard[0].kind(), &heard[0].event["data"]["contact"]), ("transcript.started", &json!("bob")));
    app.noticed().await;
    assert_eq!(sink.heard().len(), 1);

    assert_eq!(app.integrator(Method::DELETE, &path(&feedback, ""), None).await.0, 204);
    assert_eq!(app.integrator(Method::GET, &path(&feedback, ""), None).await.0, 404);
}

#[tokio::test]
async fn one_endpoint_does_not_wait_for_another() {
    let (app, slow, fast) = (TestApp::start_with(patient).await, Sink::start().await, Sink::start().await);
    let agent = app.open_agent().await;
    slow.answer(|_| 503);
    subscribe(&app, &slow, json!({})).await;
    subscribe(&app, &fast, json!({})).await;
    app.visitor(&agent, "ann").opens().await;
    assert_eq!(numbers(&fast.takes(2).await), [1, 2]);
    assert_eq!(numbers(&slow.hears(1).await), [1]);
}

#[tokio::test]
async fn this_machine_is_refused_unless_the_operator_allows_it() {
    let (app, sink) = (TestApp::start().await, Sink::start().await);
    let (status, problem) = app.integrator(Method::POST, "webhooks", Some(json!({ "url": sink.url() }))).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("url")));
    assert!(problem.to_string().contains("outbound_allow"), "it says what to do: {problem}");

    // Whether a name leads inside is seen when it is looked up.
    let named = json!({ "url": format!("http://localhost:{}/hook", sink.port) });
    let (status, webhook) = app.integrator(Method::POST, "webhooks", Some(named)).await;
    assert_eq!(status, 201, "{webhook}");
    let (_, attempt) = app.integrator(Method::POST, &path(&webhook, "/test"), None).await;
    assert_eq!((&attempt["delivered"], &attempt["status"]), (&json!(false), &Value::Null));
    assert!(attempt["reason"].as_str().is_some_and(|reason| reason.contains("internal")), "{attempt}");
    assert!(sink.heard().is_empty());

    let app = app.restart_with(quick).await;
    let (_, attempt) = app.integrator(Method::POST, &path(&webhook, "/test"), None).await;
    assert_eq!(attempt, json!({ "delivered": true, "status": 204, "reason": null }));
    let heard = sink.taken();
    assert_eq!((heard.len(), heard[0].kind()), (1, "webhook.test"));
    assert!(heard[0].verifies(webhook["secret"].as_str().expect("a secret")));
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_by_name() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let url = sink.url();
    for (target, field) in [
        (json!({ "url": "ftp://example.com" }), "url"),
        (json!({ "url": format!("https://example.com/{}", "x".repeat(2_048)) }), "url"),
        (json!({ "url": "https://ann:secret@example.com" }), "url"),
        (json!({ "url": url, "events": [] }), "events"),
        (json!({ "url": url, "events": ["turn.completed", "turn*"] }), "events[1]"),
        (json!({ "url": url, "agents": [uuid::Uuid::now_v7()] }), "agents[0]"),
        (json!({ "url": url, "description": "x".repeat(1_001) }), "description"),
        (json!({ "url": url, "secret": "mine" }), "body"),
        (json!({}), "body"),
    ] {
        let (status, problem) = app.integrator(Method::POST, "webhooks", Some(target)).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
        assert!(problem["errors"][0]["remedy"].is_string(), "{problem}");
    }
    for _ in 0..50 {
        subscribe(&app, &sink, json!({ "enabled": false })).await;
    }
    let (status, problem) = app.integrator(Method::POST, "webhooks", Some(json!({ "url": url }))).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("webhooks")));
}

#[tokio::test]
async fn another_tenants_webhooks_look_like_none() {
    let (app, sink) = (TestApp::start_with(quick).await, Sink::start().await);
    let webhook = subscribe(&app, &sink, json!({})).await;
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let (_, token) = Tokens::new(&app.store).create(&other, "", None).await.expect("a token");
    app.noticed().await;
    for (method, rest) in [
        (Method::GET, ""),
        (Method::DELETE, ""),
        (Method::POST, "/rotate-secret"),
        (Method::POST, "/test"),
        (Method::GET, "/dead-letters"),
        (Method::POST, "/dead-letters/1/retry"),
    ] {
        for (tenant, expected) in [("demo", 403), ("nowhere", 403), ("other", 404)] {
            let url = format!("{}/api/v1/{tenant}/{}", app.url, path(&webhook, rest));
            let answer = Client::new().request(method.clone(), url).bearer_auth(&token).send().await;
            let (status, problem) = json_of(answer.expect("an answer")).await;
            assert_eq!(status.as_u16(), expected, "{method} {rest}: {problem}");
        }
    }
    assert!(sink.heard().is_empty());
}
