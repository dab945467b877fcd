//! What code is given, what it can ask for, and what becomes of what it returns.

use functions::script::Script;
use model::function::{Effect, FunctionErrorKind};
use serde_json::{Value, json};

use crate::{Bench, tenant_of};

#[tokio::test]
async fn da_j01_code_runs_and_gives_its_response() {
    let bench = Bench::new();
    let output = bench
        .call("log('hello', {a: 1}); return { response: { ok: true }, contextAdditions: { n: 1 }, event: 'done' };")
        .await
        .unwrap();
    assert_eq!(output.response, json!({"ok": true}));
    assert_eq!(Value::from(output.context_additions), json!({"n": 1}));
    assert_eq!(output.event.as_deref(), Some("done"));
    assert_eq!(output.logs, ["hello {\"a\":1}"]);
    assert!(output.warnings.is_empty() && output.effects.is_empty());
    assert!(output.duration_micros > 0);
}

#[tokio::test]
async fn da_j02_every_shape_of_source_gets_its_parameters() {
    let bench = Bench::new();
    for source in [
        "return { response: parameters.city }",
        "const { parameters } = input; return { response: parameters.city }",
        "return { response: input.parameters.city } // the end",
        "export default async (input) => ({ response: input.parameters.city })",
        "export default function ({ parameters }) { return { response: parameters.city } }",
        "const f = async ({ parameters: { city } }) => ({ response: city }); export { f as default };",
    ] {
        let output = bench.call_as("acme", &Script::new(source, [], []), json!({"city": "Köln"})).await;
        assert_eq!(output.map(|output| output.response), Ok(json!("Köln")), "{source}");
    }
}

#[tokio::test]
async fn da_j03_the_context_and_the_conversation_reach_the_code() {
    let source = "return { response: [internalParameters.customer, staticParameters.base, conversation.language, \
                  helpers.log === log, Object.keys(input)] }";
    let expected = json!([
        "Ada",
        "https://example.com",
        "en",
        true,
        ["parameters", "internalParameters", "staticParameters", "conversation", "helpers"]
    ]);
    assert_eq!(Bench::new().response(source).await, expected);
}

#[tokio::test]
async fn da_j04_secrets_come_by_name_and_only_those_that_are_allowed() {
    let bench = Bench::new();
    assert_eq!(bench.response("return { response: secret('KEY') + (await secret('KEY')) }").await, "s3crets3cret");
    let refused = bench.failure("return { response: secret('OTHER') }").await;
    assert_eq!(refused.kind, FunctionErrorKind::Threw);
    assert!(refused.message.contains("`OTHER` is none of the secrets"), "{refused}");
    let gone = bench.response("try { secret('GONE') } catch (error) { return { response: error.message } }").await;
    assert_eq!(gone, "no secret `GONE` is stored");
    assert_eq!(*bench.world.secrets.lock(), ["KEY", "KEY", "GONE"]);
}

#[tokio::test]
async fn da_j05_more_than_one_event_is_an_error() {
    let failure = Bench::new().failure("return { events: ['a', 'b'] }").await;
    assert_eq!(failure.kind, FunctionErrorKind::Output);
    assert_eq!(failure.message, "`events` has 2 events: at most one can be emitted");
}

#[tokio::test]
async fn da_j08_fetch_is_answered_by_the_host() {
    let bench = Bench::new();
    let source = "const [slots, missing] = await Promise.all([
            fetch('https://example.com/slots', { method: 'post', body: { day: 1 }, headers: { 'X-A': 'b' } }),
            fetch('https://example.com/missing'),
        ]);
        return { response: [slots.ok, (await slots.json()).slots[0].at, slots.headers.get('content-type'),
            missing.ok, missing.status, await missing.text()] };";
    let expected = json!([true, "09:00", "application/json", false, 404, "nothing here"]);
    assert_eq!(bench.response(source).await, expected);
    let requests = bench.world.requests.lock().clone();
    let post = requests.iter().find(|request| request.method == "POST").unwrap();
    assert_eq!(post.body.as_deref(), Some("{\"day\":1}"));
    let headers = [("X-A".to_owned(), "b".to_owned()), ("content-type".to_owned(), "application/json".to_owned())];
    assert_eq!(post.headers, headers);

    let outside = bench.failure("await fetch('https://evil.example/')").await;
    assert_eq!(outside.kind, FunctionErrorKind::Threw);
    assert!(outside.message.contains("fetch: `https://evil.example/` is not among the allowed domains"), "{outside}");
    let huge = bench.failure("await fetch('https://example.com/huge')").await;
    assert!(huge.message.contains("the response is longer than"), "{huge}");
    let many = bench.failure("for (;;) await fetch('https://example.com/x')").await;
    assert!(many.message.contains("at most 20 requests"), "{many}");
    let body = bench.failure("await fetch('https://example.com/x', { method: 'PUT', body: 'x'.repeat(2e6) })").await;
    assert!(body.message.contains("the request's body is longer than"), "{body}");
}

#[tokio::test]
async fn large_questions_and_answers_cross_each_other() {
    let source = "const body = 'x'.repeat(900000);
        const answers = await Promise.all([1, 2, 3, 4, 5].map(() =>
            fetch('https://example.com/large', { method: 'POST', body })));
        const texts = await Promise.all(answers.map((answer) => answer.text()));
        return { response: texts.map((text) => text.length) };";
    let mut bench = Bench::new();
    bench.limits.memory = 128 << 20;
    assert_eq!(bench.response(source).await, json!([1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20]));
}

#[tokio::test]
async fn da_j09_what_is_thrown_is_told_with_its_place() {
    let bench = Bench::new();
    let failure = bench.failure("log('before');\n  null.x;").await;
    assert_eq!((failure.kind, &failure.logs[..]), (FunctionErrorKind::Threw, &["before".to_owned()][..]));
    assert!(failure.message.starts_with("TypeError: ") && failure.message.contains("(line 2, column "), "{failure:?}");
    for (source, message) in [
        ("throw new Error('no slot')", "Error: no slot (line 1"),
        ("await Promise.reject(new RangeError('late'))", "RangeError: late"),
        ("throw 'just text'", "just text"),
        ("throw { code: 7 }", "it threw {\"code\":7}"),
        ("throw undefined", "it threw undefined"),
        ("throw null", "it threw null"),
        ("throw 12n", "it threw "),
        ("export default async () => { throw new Error('in a module') }", "Error: in a module (line 1"),
        ("export default 7", "a module needs a default export that is a function"),
        ("export const x = 1", "a module needs a default export that is a function"),
    ] {
        let failure = bench.failure(source).await;
        assert!(failure.message.starts_with(message), "{source}: {failure:?}");
        let again = bench.failure(source).await;
        assert_eq!(again.message, failure.message, "{source}");
    }
}

#[tokio::test]
async fn da_j15_what_is_asked_of_the_conversation_is_given_in_order() {
    let source = "handoff({ skills: ['billing'] }); setTag('topic', 'bill'); setTag('old'); transfer('reception'); \
                  helpers.endConversation();";
    let output = Bench::new().call(source).await.unwrap();
    let tag = |name: &str, value: &str| Effect::Tag { name: name.into(), value: value.into() };
    assert_eq!(
        output.effects,
        [
            Effect::HandOff { skills: vec!["billing".into()] },
            tag("topic", "bill"),
            tag("old", ""),
            Effect::Transfer { contact: "reception".into(), number: None },
            Effect::End,
        ]
    );
    assert_eq!(output.response, Value::Null);
    let wrong = Bench::new().failure("transfer()").await;
    assert!(wrong.message.contains("transfer: name the internal contact"), "{wrong}");
}

#[tokio::test]
async fn libraries_are_imported_by_name_and_nothing_else_is() {
    let bench = Bench::new();
    let library = |name: &str, source: &str| (name.to_owned(), source.to_owned());
    let libraries = [
        library("slots", "import { pad } from 'text tools'; export const first = () => pad(9);"),
        library("text tools", "export const pad = (n) => String(n).padStart(2, '0'); export default 1;"),
        library("broken", "export const = 1"),
    ];
    let call = |source: &'static str| {
        let script = Script::new(source, libraries.clone(), []);
        let bench = &bench;
        async move { bench.call_as("acme", &script, Value::Null).await.map(|output| output.response) }
    };
    assert_eq!(
        call("import { first } from 'slots'; export default () => ({ response: first() })").await,
        Ok(json!("09"))
    );
    assert_eq!(call("const { first } = await import('slots'); return { response: first() }").await, Ok(json!("09")));
    for name in ["fs", "std", "os", "./slots", "/etc/passwd", "file:///etc/passwd", "https://example.com/x.js"] {
        let script = Script::new(format!("import x from '{name}'; export default () => ({{}})"), libraries.clone(), []);
        let failure = bench.call_as("acme", &script, Value::Null).await.unwrap_err();
        assert_eq!(failure.kind, FunctionErrorKind::Syntax, "{name}");
        assert!(failure.message.contains("it is none of the libraries"), "{name}: {failure}");
    }
    let broken = call("import 'broken'; export default () => ({})").await.unwrap_err();
    assert_eq!(broken.kind, FunctionErrorKind::Syntax);
    assert!(broken.message.contains("`broken` line 1"), "{broken}");
}

#[tokio::test]
async fn a_source_is_checked_without_running_it() {
    let bench = Bench::new();
    let check = |script: Script| {
        let workers = bench.workers.clone();
        async move { workers.check(&tenant_of("acme"), &script).await }
    };
    assert_eq!(check(Script::new("for (;;) {}", [], [])).await, Ok(()));
    assert_eq!(check(Script::new("export default () => ({})", [], [])).await, Ok(()));
    assert_eq!(check(Script::library("export const x = 1", [])).await, Ok(()));
    let failure = check(Script::new("const a = 1;\nconst b = ;", [], [])).await.unwrap_err();
    assert_eq!(failure.kind, FunctionErrorKind::Syntax);
    assert!(failure.message.starts_with("SyntaxError: ") && failure.message.contains("line 2"), "{failure}");
    let nul = check(Script::new("return '\0'", [], [])).await.unwrap_err();
    assert_eq!(nul.kind, FunctionErrorKind::Syntax);
}

#[tokio::test]
async fn time_and_ids_are_at_hand() {
    let source = "const before = Date.now(); await sleep(30); const slept = Date.now() - before;
        const late = await new Promise((resolve) => setTimeout(resolve, 5, 'late'));
        return { response: [slept >= 29, late, uuid().length, uuid() !== uuid(), now().endsWith('Z'),
            new Date().getTimezoneOffset()] }";
    assert_eq!(Bench::new().response(source).await, json!([true, "late", 36, true, true, 0]));
}

#[tokio::test]
async fn logs_are_bounded() {
    let output = Bench::new().call("for (let i = 0; i < 150; i++) log('x'.repeat(5000))").await.unwrap();
    assert_eq!((output.logs.len(), output.logs[0].len()), (100, 2_000));
    assert_eq!(output.warnings, ["50 lines of its log were left out: it has too many"]);
}
