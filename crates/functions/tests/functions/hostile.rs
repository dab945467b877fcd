//! Code that means harm: each piece of it ends cleanly within its bounds, and nobody else notices.

use std::time::{Duration, Instant};

use functions::script::Script;
use model::function::{FunctionErrorKind, FunctionErrorKind::*};
use serde_json::{Value, json};

use crate::Bench;

/// What a call may take altogether on a machine that is busy with tests.
const SOON: Duration = Duration::from_secs(3);

/// Code, and the kinds of failure that it may end with.
const HOSTILE: &[(&str, &str, &[FunctionErrorKind])] = &[
    ("endless loop", "for (;;) {}", &[TimedOut]),
    ("endless loop that catches", "for (;;) { try { for (;;) {} } catch {} finally { continue } }", &[TimedOut]),
    ("endless microtasks", "for (;;) await null", &[TimedOut]),
    ("endless timers", "for (;;) await sleep(0)", &[TimedOut]),
    ("long sleep", "await sleep(1e12)", &[TimedOut]),
    ("slow host", "await fetch('https://example.com/slow/5000')", &[TimedOut]),
    ("promise that never resolves", "await new Promise(() => {})", &[Output]),
    ("native join", "Array.prototype.join.call({ length: 1e8 })", &[TimedOut, Memory]),
    ("native replaceAll", "let s = 'a'.repeat(1e5); for (;;) s.replaceAll('a', 'b')", &[TimedOut, Memory]),
    (
        "native lastIndexOf",
        "const a = new Array(1e7); for (;;) Array.prototype.lastIndexOf.call({ length: 1e9 }, 1)",
        &[TimedOut, Memory],
    ),
    ("native sort", "Array.prototype.sort.call({ length: 1e9 })", &[TimedOut, Memory, Threw]),
    ("regular expression", "/^(a+)+$/.test('a'.repeat(40) + 'b')", &[TimedOut, Threw]),
    ("memory bomb of large texts", "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)", &[Memory, TimedOut]),
    ("memory bomb of small objects", "const a = []; for (;;) a.push({ a: [1, 2, 3] })", &[Memory, Threw, TimedOut]),
    (
        "memory bomb of buffers",
        "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20).slice(0))",
        &[Memory, Threw, TimedOut],
    ),
    (
        "memory bomb that catches",
        "const a = []; for (;;) { try { a.push(new Array(1e5).fill(1)) } catch {} }",
        &[TimedOut, Memory],
    ),
    ("wait that blocks", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", &[Threw, TimedOut]),
    ("one huge buffer", "new Uint8Array(1e10)", &[Memory, Threw]),
    ("deep recursion", "const f = () => f() + 1; f()", &[Memory]),
    ("deep recursion of a getter", "const o = { get a() { return this.a } }; o.a", &[Memory]),
    ("deep nesting", "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return { response: o }", &[Output, Memory]),
    ("deep source", "return eval('['.repeat(1e5))", &[Memory, Threw]),
    ("huge output", "return { response: 'x'.repeat(3e6) }", &[Output]),
    ("output that loops", "return { response: { toJSON() { for (;;) {} } } }", &[TimedOut]),
    ("output that throws", "return { get response() { throw new Error('no') } }", &[Output]),
    ("output of a proxy that loops", "return new Proxy({}, { ownKeys() { for (;;) {} } })", &[TimedOut]),
    (
        "output of endless keys",
        "return new Proxy({}, { ownKeys: () => Array.from({ length: 1e6 }, (_, i) => 'k' + i),
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) })",
        &[TimedOut, Memory, Output],
    ),
    ("circular output", "const o = {}; o.o = o; return { response: o }", &[Output]),
    ("output with a BigInt", "return { response: 1n }", &[Output]),
    ("text as output", "return 'text'", &[Output]),
    ("list as output", "return []", &[Output]),
    ("output that becomes a text", "return { toJSON: () => 'text' }", &[Output]),
    ("thenable that never calls", "return { then() {} }", &[Output]),
    (
        "error whose message loops",
        "const e = new Error(); Object.defineProperty(e, 'message', { get() { for (;;) {} } }); throw e",
        &[TimedOut],
    ),
    (
        "error whose name throws",
        "const e = new Error('x'); Object.defineProperty(e, 'name', { get() { throw 1 } }); throw e",
        &[Threw],
    ),
    (
        "error that shows itself",
        "Error.prepareStackTrace = () => { for (;;) {} }; throw new Error('x')",
        &[TimedOut, Threw],
    ),
    (
        "flood of questions",
        "await Promise.all(Array.from({ length: 1e5 }, () => fetch('https://example.com/x')))",
        &[Threw, TimedOut, Memory],
    ),
    ("flood of effects", "for (;;) endConversation()", &[Threw]),
    ("flood of secrets", "for (;;) secret('KEY')", &[Threw]),
    ("flood of timers", "for (;;) setTimeout(() => {}, 1e6)", &[Threw]),
    ("constructor", "return { response: this.constructor.constructor('return process')().exit }", &[Threw]),
    ("brackets that close the wrapping", "}; }); for (;;) {} (function () { return async function () {", &[TimedOut]),
];

#[tokio::test]
async fn each_ends_within_its_bounds_and_the_next_call_is_well() {
    let bench = Bench::strict();
    for (name, source, kinds) in HOSTILE {
        let begun = Instant::now();
        let failure = match bench.call(source).await {
            Err(failure) => failure,
            Ok(output) => panic!("{name}: {output:?}"),
        };
        assert!(begun.elapsed() < SOON, "{name}: {:?}", begun.elapsed());
        assert!(kinds.contains(&failure.kind), "{name}: {failure:?}");
        assert!(!failure.message.is_empty() && failure.message.len() < 9_000, "{name}: {failure:?}");
        assert_eq!(bench.response("return { response: 1 }").await, json!(1), "after {name}");
    }
}

#[tokio::test]
async fn failures_of_bounds_read_the_same_each_time() {
    let bench = Bench::strict();
    for (source, message) in [
        ("await sleep(1e6)", "it took longer than the 300 ms it may"),
        ("const f = () => f() + 1; f()", "its calls were nested deeper than its stack takes"),
        ("return { response: 'x'.repeat(3e6) }", "what it returned is longer than the 1048576 bytes it may be"),
        ("await new Promise(() => {})", "it waits for a promise that nothing is left to settle"),
        ("return 7", "it returned a value of type int: return an object {response, contextAdditions, event}"),
    ] {
        assert_eq!(bench.failure(source).await.message, message, "{source}");
    }
}

#[tokio::test]
async fn nothing_of_a_call_reaches_the_next() {
    let bench = Bench::new();
    let leave =
        "globalThis.left = 1; Object.prototype.left = 1; Array.prototype.map = () => 'mine'; JSON.parse = () => 'mine';
        Promise.prototype.then = null; globalThis.fetch = () => 'mine'; setTimeout(() => log('later'), 1);
        Promise.resolve().then(() => { for (;;) {} });";
    let look = "return { response: [typeof left, typeof ({}).left, [1].map((x) => x), JSON.parse('2'),
        typeof Promise.prototype.then, fetch.toString().includes('mine')] }";
    let clean = json!(["undefined", "undefined", [1], 2, "function", false]);
    for _ in 0..3 {
        // With its prototypes broken it may fail; it must not matter.
        let _ = bench.call(leave).await;
        let output = bench.call(look).await.unwrap();
        assert_eq!((output.response, output.logs), (clean.clone(), Vec::<String>::new()));
        let script = Script::new(look, [], []);
        assert_eq!(bench.call_as("other", &script, Value::Null).await.unwrap().response, clean);
    }
}

#[tokio::test]
async fn there_is_no_way_out() {
    let look =
        "return { response: ['process', 'require', 'Deno', 'Bun', 'std', 'os', 'bjson', 'XMLHttpRequest', 'Worker',
        'WebSocket', 'native'].filter((name) => typeof globalThis[name] !== 'undefined') }";
    assert_eq!(Bench::new().response(look).await, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_is_not_delayed() {
    let bench = std::sync::Arc::new(Bench::strict());
    let good = Script::new("return { response: parameters.n }", [], []);
    assert_eq!(bench.call_as("good", &good, json!({"n": 0})).await.unwrap().response, json!(0));
    let attackers: Vec<_> = HOSTILE
        .iter()
        .take(20)
        .map(|(_, source, _)| {
            let (bench, script) = (std::sync::Arc::clone(&bench), Script::new(*source, [], []));
            tokio::spawn(async move { drop(bench.call_as("evil", &script, Value::Null).await) })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    for n in 0..100 {
        let begun = Instant::now();
        assert_eq!(bench.call_as("good", &good, json!({"n": n})).await.unwrap().response, json!(n));
        slowest = slowest.max(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The bar is 50 ms, which the benchmark measures; tests run beside each other.
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    for attacker in attackers {
        attacker.await.unwrap();
    }
}
