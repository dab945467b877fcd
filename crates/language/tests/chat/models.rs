//! Sharing, costs, and addresses that must not be called.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use language::chat::{ModelCall, ModelEndpoint, Models, PoolLoad, PoolOptions, Prices, Provider, Script};
use model::chat::ChatErrorKind;

use crate::{
    call, endpoint,
    mock::{Answer, Mock},
    models_with, saying, tenant,
};

fn scripted(script: &str) -> ModelCall {
    call(ModelEndpoint::scripted(Arc::new(Script::parse(script).unwrap())))
}

#[tokio::test]
async fn da_p07_two_calls_in_a_pool_of_one_are_both_answered() {
    let pool = PoolOptions { per_tenant: 1, ..PoolOptions::default() };
    let models = models_with(pool, "");
    let slow = scripted(r#"{"otherwise": {"say": "Hello", "delay_ms": 300}}"#);
    let began = Instant::now();
    let ask = || async {
        let reply = models.complete(&tenant("a"), &slow, &saying("Hi"), None).await.unwrap();
        assert_eq!(reply.text, "Hello");
        began.elapsed()
    };
    let (first, second) = tokio::join!(ask(), ask());
    assert!(first >= Duration::from_millis(300) && first < second, "{first:?} {second:?}");
    assert!(second >= Duration::from_millis(600), "the second one waits: {second:?}");
    assert_eq!(models.total_load(), PoolLoad::default());
}

#[tokio::test]
async fn da_p07_what_exceeds_the_queue_is_told_to_come_back() {
    let pool = PoolOptions { per_tenant: 1, queue: 0, wait: Duration::from_secs(2), ..PoolOptions::default() };
    let models = models_with(pool, "");
    let slow = scripted(r#"{"otherwise": {"say": "Hello", "delay_ms": 200}}"#);
    let ask = |name| {
        let (models, slow) = (&models, &slow);
        async move { models.complete(&tenant(name), slow, &saying("Hi"), None).await }
    };
    let (first, second, other) = tokio::join!(ask("a"), ask("a"), ask("b"));
    assert!(first.is_ok() && other.is_ok());
    let refused = second.unwrap_err();
    assert_eq!((refused.kind, refused.retry_after), (ChatErrorKind::Saturated, Some(Duration::from_secs(2))));
}

#[tokio::test]
async fn a_call_that_is_dropped_gives_its_slot_back() {
    let models = models_with(PoolOptions { per_tenant: 1, ..PoolOptions::default() }, "");
    let slow = scripted(r#"{"otherwise": {"say": "Hello", "delay_ms": 60000}}"#);
    let (a, request) = (tenant("a"), saying("Hi"));
    let dropped = tokio::time::timeout(Duration::from_millis(50), models.complete(&a, &slow, &request, None)).await;
    assert!(dropped.is_err());
    assert_eq!(models.load(&a), PoolLoad::default());
}

#[tokio::test]
async fn a_call_costs_what_the_prices_say() {
    let models = models_with(PoolOptions::default(), "claude-*=3/0.3/15");
    let mock = Mock::start(vec![Answer::hello(Provider::Anthropic)]).await;
    let (whose, asked) = (tenant("a"), saying("Hi"));
    let reply = models.complete(&whose, &call(endpoint(Provider::Anthropic, &mock.base)), &asked, None).await;
    let cost = reply.unwrap().usage.cost;
    let expected = (11.0 * 3.0 + 4.0 * 0.3 + 7.0 * 15.0) / 1e6;
    assert!((cost - expected).abs() < 1e-12, "{cost}");
    let mock = Mock::start(vec![Answer::hello(Provider::OpenAi)]).await;
    let reply = models.complete(&whose, &call(endpoint(Provider::OpenAi, &mock.base)), &asked, None).await;
    assert_eq!(reply.unwrap().usage.cost, 0.0, "no price is known");
}

#[tokio::test]
async fn an_address_that_is_not_permitted_is_never_called() {
    let mock = Mock::start(vec![Answer::hello(Provider::OpenAi)]).await;
    drop(models_with(PoolOptions::default(), ""));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let permit = Arc::new(|url: &str| Err::<(), String>(format!("an address of {} bytes is internal", url.len())));
    let models = Models::new(client, permit, PoolOptions::default(), Prices::default());
    for provider in crate::REAL {
        let call = call(endpoint(provider, &mock.base));
        let error = models.complete(&tenant("a"), &call, &saying("Hi"), None).await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::NotConfigured);
        assert!(error.message.contains("is internal"), "{error}");
    }
    assert!(mock.sent().is_empty());
}

#[tokio::test]
async fn what_is_not_configured_is_said_without_a_connection() {
    let models = models_with(PoolOptions::default(), "");
    let no_script = call(ModelEndpoint::new(Provider::Scripted, "script"));
    let no_key = call(ModelEndpoint::new(Provider::OpenAi, "gpt-4o"));
    for call in [no_script, no_key] {
        let error = models.complete(&tenant("a"), &call, &saying("Hi"), None).await.unwrap_err();
        assert_eq!(error.kind, ChatErrorKind::NotConfigured, "{error}");
    }
}
