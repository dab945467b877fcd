//! How processes are kept, shared and ended.

use std::{sync::Arc, time::Duration};

use functions::script::{Script, WorkerOptions};
use model::function::FunctionErrorKind;
use serde_json::{Value, json};

use crate::{Bench, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_a_tenants_share_wait_and_then_are_refused() {
    let bench = Arc::new(Bench::with(WorkerOptions { per_tenant: 1, queue: 1, ..options() }));
    let slow = Script::new("await sleep(500); return { response: 1 }", [], []);
    let call = |tenant: &'static str| {
        let (bench, script) = (Arc::clone(&bench), slow.clone());
        tokio::spawn(async move { bench.call_as(tenant, &script, Value::Null).await.map(|output| output.response) })
    };
    let calls = [call("acme"), call("acme"), call("acme"), call("other")];
    let mut ends = Vec::new();
    for call in calls {
        ends.push(call.await.unwrap());
    }
    assert_eq!(ends[3], Ok(json!(1)));
    let refused: Vec<_> = ends[..3].iter().filter_map(|end| end.as_ref().err()).collect();
    assert_eq!(refused.len(), 1, "{ends:?}");
    assert_eq!(refused[0].kind, FunctionErrorKind::Saturated);
    assert_eq!(refused[0].message, "1 calls of functions wait already");
}

#[tokio::test]
async fn a_call_does_not_wait_for_ever() {
    let bench = Arc::new(Bench::with(WorkerOptions { per_tenant: 1, wait: Duration::from_millis(100), ..options() }));
    let slow = Script::new("await sleep(600); return {}", [], []);
    let first = bench.call_as("acme", &slow, Value::Null);
    let second = bench.call_as("acme", &slow, Value::Null);
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok(), "{first:?}");
    let second = second.unwrap_err();
    assert_eq!(second.kind, FunctionErrorKind::Saturated);
    assert_eq!(second.message, "it waited for 100 ms for its turn");
}

#[tokio::test]
async fn more_tenants_than_processes_take_turns() {
    let bench = Bench::new();
    let script = Script::new("return { response: parameters.n }", [], []);
    for n in 0..30 {
        let output = bench.call_as(&format!("tenant-{}", n % 10), &script, json!({"n": n})).await.unwrap();
        assert_eq!(output.response, json!(n));
    }
}

#[tokio::test]
async fn a_process_is_replaced_after_its_calls() {
    let bench = Bench::with(WorkerOptions { calls_per_process: 1, ..options() });
    for n in 0..5 {
        assert_eq!(bench.response(&format!("return {{ response: {n} }}")).await, json!(n));
    }
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_an_error_and_no_hang() {
    for program in ["/does/not/exist", "/bin/true", "/bin/cat"] {
        let wait = Duration::from_millis(300);
        let bench = Bench::with(WorkerOptions { program: program.into(), wait, ..options() });
        let failure = bench.failure("return {}").await;
        assert_eq!(failure.kind, FunctionErrorKind::Broken, "{program}");
        assert_eq!(failure.message, "no worker started in time: the server's log says why");
    }
}

#[tokio::test]
async fn after_the_end_nothing_runs() {
    let bench = Bench::new();
    assert_eq!(bench.response("return { response: 1 }").await, json!(1));
    tokio::time::timeout(Duration::from_secs(5), bench.workers.stop()).await.unwrap();
    let failure = bench.failure("return {}").await;
    assert_eq!((failure.kind, failure.message.as_str()), (FunctionErrorKind::Broken, "the server stops"));
}

#[tokio::test]
async fn a_call_that_is_given_up_ends_its_process() {
    let bench = Bench::new();
    let endless = Script::new("for (;;) {}", [], []);
    for _ in 0..6 {
        let call = bench.call_as("acme", &endless, Value::Null);
        assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    }
    assert_eq!(bench.response("return { response: 1 }").await, json!(1));
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_sent() {
    let bench = Bench::new();
    let large = Script::new("x".repeat(5 << 20), [], []);
    let failure = bench.call_as("acme", &large, Value::Null).await.unwrap_err();
    assert_eq!(failure.kind, FunctionErrorKind::Input);
    let script = Script::new("return {}", [], []);
    let failure = bench.call_as("acme", &script, json!({"text": "x".repeat(5 << 20)})).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FunctionErrorKind::Input, "its input is longer than 4194304 bytes")
    );
}
