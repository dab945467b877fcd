//! Functions as conversations call them: rows DA-J1 to DA-J9, DA-J11, DA-J12, DA-J15.

use std::time::Duration;

use reqwest::{Client, Method, header};
use runtime::{tenants::Tenants, tokens::Tokens};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flow_stage::{calls, configured, one_state, prompts, script, stage, then},
    flows::{javascript, made},
    flows_world::World,
    neighbour::{Neighbour, near},
};

/// The flow of one function that is called by its name, and whose answer the agent repeats.
async fn calling(app: TestApp, function: Value, arguments: Value, change: Value) -> World {
    let name = function["name"].as_str().expect("a name").to_owned();
    let rules = [calls(&name, &name, arguments), then(&name, "Result: {{tool_result}}")];
    stage(app, script(&rules), &[function], |ids| one_state(ids, &change)).await
}

#[tokio::test]
async fn da_j01_a_function_runs_when_the_model_calls_it_and_the_model_sees_its_response() {
    let function = javascript("balance", "return { response: { balance: 6 * 2 } };");
    let world = calling(TestApp::start().await, function, json!({}), json!({})).await;
    let page = world.chat().await;
    assert_eq!(page.hears("What is my balance?").await, "Result: {\"balance\":12}");
    let read = prompts(&world.journal(&page, 2).await);
    assert!(read.contains("balance\\\":12"), "as the result of its call: {read}");
}

#[tokio::test]
async fn da_j02_what_the_model_fills_in_reaches_the_code_and_what_does_not_fit_is_told() {
    let mut function = javascript("next", "return { response: parameters.number + 1 };");
    function["parameters"] = json!([{ "name": "number", "type": "integer", "required": true }]);
    let rules = [
        calls("forty-one", "next", json!({ "number": 41 })),
        calls("nothing", "next", json!({})),
        calls("a word", "next", json!({ "number": "many" })),
        then("next", "Result: {{tool_result}}"),
    ];
    let world = stage(TestApp::start().await, script(&rules), &[function], |ids| one_state(ids, &json!({}))).await;
    let page = world.chat().await;
    assert_eq!(page.hears("after forty-one").await, "Result: 42");
    for wrong in ["after nothing", "after a word"] {
        let heard = page.hears(wrong).await;
        assert!(heard.starts_with("Result: error: ") && heard.contains("`number`"), "{heard}");
    }
}

#[tokio::test]
async fn da_j03_what_one_function_adds_another_reads_and_the_model_does_not_see() {
    let mut first = javascript("begin", "return { response: 'ok', contextAdditions: { ticket: 'T-4711' } };");
    first["contextAdditions"] = json!(["ticket"]);
    let second = javascript("finish", "return { response: internalParameters.ticket === 'T-4711' };");
    let rules = [
        calls("begin", "begin", json!({})),
        then("begin", "Begun."),
        calls("finish", "finish", json!({})),
        then("finish", "Result: {{tool_result}}"),
    ];
    let world = stage(TestApp::start().await, script(&rules), &[first, second], |ids| one_state(ids, &json!({}))).await;
    let page = world.chat().await;
    assert_eq!(page.hears("begin").await, "Begun.");
    assert_eq!(page.hears("finish").await, "Result: true");
    for turn in [2, 3] {
        let read = prompts(&world.journal(&page, turn).await);
        assert!(!read.contains("T-4711"), "{read}");
    }
    let parameters = &world.transcript(&page.transcript).await["parameters"];
    assert_eq!(parameters["ticket"], json!({ "value": "T-4711", "provenance": "function" }), "{parameters}");
}

#[tokio::test]
async fn da_j04_a_secret_reaches_the_code_and_is_nowhere_else_though_the_code_gives_it_back() {
    const SECRET: &str = "hunter2-\"quoted\"";
    let app = TestApp::start().await;
    let secret = json!({ "type": "string", "value": SECRET });
    assert_eq!(app.integrator(Method::PUT, "secrets/bank_key", Some(secret)).await.0, 200);
    let echo = "const key = staticParameters.api_key;
        log('the key is', key); log(JSON.stringify(staticParameters)); setTag('key', key);
        return { response: { echo: `Bearer ${key}`, length: key.length }, contextAdditions: { [key]: key, held: key } };";
    let fail = "throw new Error(`${staticParameters.api_key} is not accepted`);";
    let functions = [
        javascript("echo", echo),
        javascript("fail", fail),
        json!({ "name": "fill", "code": { "type": "integration", "integration": "set_context", "settings": {
            "values": { "filled": "{{secret.bank_key}}" }, "response": "{{api_key}}" } } }),
    ];
    let names = ["echo", "fail", "fill"];
    let rules: Vec<Value> =
        names.iter().flat_map(|name| [calls(name, name, json!({})), then(name, "Result: {{tool_result}}")]).collect();
    let change = json!({ "staticParameters": { "api_key": { "secret": "bank_key" } } });
    let world = stage(app, script(&rules), &functions, |ids| one_state(ids, &change)).await;
    let page = world.chat().await;
    let heard = page.hears("echo").await;
    assert!(heard.contains("\"length\":16") && heard.contains("Bearer [secret]"), "the code had it: {heard}");
    assert_eq!(page.hears("fail").await.matches("[secret] is not accepted").count(), 1);
    assert_eq!(page.hears("fill").await, "Result: [secret]");

    let transcript = world.transcript(&page.transcript).await;
    assert_eq!(transcript["parameters"]["held"]["value"], "[secret]", "{transcript}");
    assert!(transcript["function_calls"][0]["warnings"].to_string().contains("was taken out"), "{transcript}");
    let mut seen = vec![transcript.to_string()];
    for turn in 1..=4 {
        seen.push(world.journal(&page, turn).await.to_string());
    }
    let mut stream = world.follows(&format!("transcripts/{}/stream", page.transcript), Some("0")).await;
    while let Ok(Some(told)) = tokio::time::timeout(Duration::from_millis(500), stream.next()).await {
        seen.push(told.data.to_string());
    }
    for path in ["audit?limit=100", "events", "live/transcripts"] {
        seen.push(world.ask(Method::GET, path, None).await.1.to_string());
    }
    assert!(seen.len() > 10);
    for text in seen {
        assert!(!text.contains("hunter2"), "{text}");
    }
    let log = std::fs::read_dir(world.app.folder.path()).expect("the folder").flatten();
    for file in log.filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).expect("a file");
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "{}", file.path().display());
    }
}

/// Two states, each left by `Found`; a function that does as its source says.
async fn moved_by(source: &str) -> World {
    let rules = [calls("go", "go", json!({})), then("go", "Result: {{tool_result}}")];
    stage(TestApp::start().await, script(&rules), &[javascript("go", source)], |ids| {
        json!({
            "name": "Bank", "initial": "one",
            "states": [
                { "id": "one", "name": "One", "thought": "Go.", "functions": ids },
                { "id": "two", "name": "Two", "thought": "Go on." },
            ],
            "transitions": [
                { "id": "a", "from": "one", "event": "Found", "to": { "state": "two" } },
                { "id": "b", "from": "two", "event": "Found", "to": "end" },
                { "id": "c", "from": "one", "event": "Surprise", "to": { "state": "two" } },
            ],
            "configuration": configured(&json!({})),
        })
    })
    .await
}

#[tokio::test]
async fn da_j05_one_event_leads_one_step_and_two_are_an_error() {
    for (source, state, fails) in [
        ("return { event: 'Found' };", "Two", false),
        ("return {};", "One", false),
        ("return { events: ['Found', 'Surprise'] };", "One", true),
    ] {
        let world = moved_by(source).await;
        let page = world.chat().await;
        let heard = page.hears("go").await;
        assert_eq!(heard.starts_with("Result: error: "), fails, "{source}: {heard}");
        let transcript = world.transcript(&page.transcript).await;
        assert_eq!((&transcript["state"], &transcript["status"]), (&json!(state), &json!("InProgress")), "{source}");
    }
}

#[tokio::test]
async fn da_j06_an_event_that_is_not_declared_counts_and_is_warned_of() {
    let world = moved_by("return { event: 'Surprise' };").await;
    let page = world.chat().await;
    page.says("go").await;
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!(transcript["state"], "Two");
    let warnings = transcript["function_calls"][0]["warnings"].to_string();
    assert!(warnings.contains("`Surprise`"), "{transcript}");
}

#[tokio::test]
async fn da_j07_an_addition_that_is_not_declared_counts_and_is_warned_of() {
    let world = moved_by("return { contextAdditions: { extra: 1 } };").await;
    let page = world.chat().await;
    page.says("go").await;
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!(transcript["parameters"]["extra"]["value"], 1);
    let warnings = transcript["function_calls"][0]["warnings"].to_string();
    assert!(warnings.contains("`extra`"), "{transcript}");
}

/// A function that calls where it is told to.
fn fetches() -> Value {
    let mut function =
        javascript("call", "const answer = await fetch(parameters.url); return { response: answer.status };");
    function["parameters"] = json!([{ "name": "url", "type": "string", "required": true }]);
    function
}

#[tokio::test]
async fn da_j08_hosts_that_are_listed_are_called_and_no_others() {
    let (inside, outside) = (Neighbour::start().await, Neighbour::start().await);
    let rules = [
        calls("inside", "call", json!({ "url": format!("{}/slots", inside.url()) })),
        calls("outside", "call", json!({ "url": format!("{}/slots", outside.url()) })),
        calls("away", "call", json!({ "url": format!("{}/away?to={}/slots", inside.url(), outside.url()) })),
        then("call", "Result: {{tool_result}}"),
    ];
    let world = stage(near().await, script(&rules), &[fetches()], |ids| one_state(ids, &json!({}))).await;
    let page = world.chat().await;
    let refused = page.hears("inside").await;
    assert!(refused.contains("Javascript.AllowedDomains"), "nothing is listed yet: {refused}");
    inside.is_allowed(&world.app).await;
    assert_eq!(page.hears("inside").await, "Result: 200");
    let refused = page.hears("outside").await;
    assert!(refused.starts_with("Result: error: ") && refused.contains("Javascript.AllowedDomains"), "{refused}");
    assert_eq!(page.hears("away").await, "Result: 302", "nobody is led where they may not go");
    assert_eq!(inside.heard(), ["/slots", "/away"]);
    assert_eq!(outside.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn da_j08_an_internal_address_is_not_called_though_it_is_listed() {
    let neighbour = Neighbour::start().await;
    let url = json!({ "url": format!("{}/slots", neighbour.url()) });
    let world = calling(TestApp::start().await, fetches(), url, json!({})).await;
    neighbour.is_allowed(&world.app).await;
    let refused = world.chat().await.hears("call").await;
    assert!(refused.starts_with("Result: error: "), "{refused}");
    assert_eq!(neighbour.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn da_j09_a_throw_is_an_error_for_the_model_and_ends_nothing() {
    let function = javascript("machine", "throw new Error('out of order');");
    let world = calling(TestApp::start().await, function, json!({}), json!({})).await;
    let page = world.chat().await;
    let heard = page.hears("Start the machine").await;
    assert!(heard.starts_with("Result: error: ") && heard.contains("out of order"), "{heard}");
    assert_eq!(page.hears("Never mind").await, "You said: Never mind");
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!(transcript["status"], "InProgress");
    assert!(transcript["function_calls"][0]["error"]["message"].to_string().contains("out of order"), "{transcript}");
}

#[tokio::test]
async fn da_j11_a_version_runs_the_function_as_it_was_when_it_was_published() {
    let function = javascript("word", "return { response: 'one' };");
    let world = calling(TestApp::start().await, function, json!({}), json!({})).await;
    world.publishes().await;
    let (_, listed) = world.ask(Method::GET, "functions", None).await;
    let id = listed["functions"][0]["id"].as_str().expect("an id");
    let changed = javascript("word", "return { response: 'two' };");
    let (status, answer) = world.ask(Method::PUT, &format!("functions/{id}"), Some(changed)).await;
    assert_eq!(status, 200, "{answer}");
    let pinned = world.chat_at(json!({ "friendlyName": "Pinned", "version": 1 })).await;
    assert_eq!(pinned.hears("Say the word").await, "Result: one");
    assert_eq!(world.chat().await.hears("Say the word").await, "Result: two");
}

#[tokio::test]
async fn da_j12_a_source_gives_the_same_result_in_another_tenant() {
    let app = TestApp::start().await;
    let test = |source: &str| {
        let mut function = javascript("greet", source);
        function["tests"] = json!([{
            "name": "by name",
            "input": { "parameters": { "name": "Ann" }, "internalParameters": {}, "staticParameters": {}, "conversation": {} },
            "expect": { "response": "Grüß Gott, Ann", "event": "Found" },
        }]);
        function
    };
    let here =
        made(&app, "functions", test("return { response: `Grüß Gott, ${parameters.name}`, event: 'Found' };")).await;
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let (_, token) = Tokens::new(&app.store).create(&other, "theirs", None).await.expect("a token");
    app.noticed().await;
    let theirs = |method: Method, path: &str| {
        Client::new().request(method, format!("{}/api/v1/other/functions{path}", app.url)).bearer_auth(&token)
    };
    let made_there = theirs(Method::POST, "").json(&test("")).send().await.expect("an answer");
    let (status, there) = json_of(made_there).await;
    assert_eq!(status, 201, "{there}");
    let there = there["id"].as_str().expect("an id");
    let results = async || {
        let run = theirs(Method::POST, &format!("/{there}/test")).json(&json!({}));
        json_of(run.send().await.expect("an answer")).await.1
    };
    assert_eq!(results().await["passed"], false, "an empty source greets nobody");

    let url = format!("{}/api/v1/demo/functions/{here}/source", app.url);
    let exported = Client::new().get(url).bearer_auth(&app.token).send().await.expect("an answer");
    let source = exported.text().await.expect("a source");
    let put = theirs(Method::PUT, &format!("/{there}/source")).header(header::CONTENT_TYPE, "text/javascript");
    assert_eq!(put.body(source).send().await.expect("an answer").status(), 200);
    let (_, ours) = app.integrator(Method::POST, &format!("functions/{here}/test"), Some(json!({}))).await;
    let theirs = results().await;
    assert_eq!((&ours["passed"], &theirs["passed"]), (&json!(true), &json!(true)), "{theirs}");
    for part in ["response", "event", "contextAdditions"] {
        assert_eq!(ours["results"][0]["output"][part], theirs["results"][0]["output"][part], "{part}");
    }
}

#[tokio::test]
async fn da_j15_code_queues_the_conversation_with_skills() {
    let function = javascript("person", "handoff({ skills: ['billing', 'french'] }); return { response: 'queued' };");
    let world = calling(TestApp::start().await, function, json!({}), json!({})).await;
    let page = world.chat().await;
    assert_eq!(page.says("A person, please").await["status"], "HumanHandoff");
    let row = world.transcript(&page.transcript).await;
    assert_eq!((&row["control"], &row["skills"]), (&json!("Queued"), &json!(["billing", "french"])), "{row}");
    assert_eq!(page.says("Hello?").await["messages"], json!([]));
}
