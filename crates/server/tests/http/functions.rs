//! Functions over the API: rows DA-J10 to DA-J14.

use dialogue::flow::function::{Code, FunctionDocument};
use reqwest::{Client, Method, header};
use rstest::rstest;
use runtime::functions::Functions;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flows::{flow, javascript, made},
};

async fn ask(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let (status, answer) = app.integrator(method, path, body).await;
    (status.as_u16(), answer)
}

fn names(listed: &Value) -> Vec<&str> {
    let functions = listed["functions"].as_array().expect("a list");
    functions.iter().map(|function| function["name"].as_str().expect("a name")).collect()
}

#[tokio::test]
async fn da_j13_da_j14_functions_are_filtered_by_tag_and_integration() {
    let app = TestApp::start().await;
    let mut tagged = javascript("Lookup Account by Phone", "return {};");
    tagged["tags"] = json!(["Accounts", "phone"]);
    made(&app, "functions", tagged).await;
    let hand_off = json!({
        "name": "ask_a_person", "tags": ["accounts"],
        "code": { "type": "integration", "integration": "hand_off", "settings": { "skills": ["billing"], "response": "A colleague comes." } },
    });
    let hand_off = made(&app, "functions", hand_off).await;
    made(&app, "functions", javascript("other", "return {};")).await;

    let list = async |query: &str| ask(&app, Method::GET, &format!("functions{query}"), None).await.1;
    assert_eq!(names(&list("").await), ["Lookup Account by Phone", "ask_a_person", "other"]);
    assert_eq!(names(&list("?tag=accounts").await), ["Lookup Account by Phone", "ask_a_person"]);
    assert_eq!(names(&list("?tag=phone").await), ["Lookup Account by Phone"]);
    assert_eq!(names(&list("?integration=hand_off").await), ["ask_a_person"]);
    assert_eq!(names(&list("?integration=hand_off&tag=phone").await), [""; 0]);

    let (_, whole) = ask(&app, Method::GET, &format!("functions/{hand_off}"), None).await;
    assert_eq!(
        whole["code"]["settings"],
        json!({ "skills": ["billing"], "response": "A colleague comes." }),
        "settings are as they are"
    );
    let state = json!({ "name": "Start", "functions": [hand_off] });
    made(&app, "flows/handlers", json!({ "name": "Attached like another", "states": [state] })).await;
    assert_eq!(ask(&app, Method::GET, &format!("functions/{hand_off}/source"), None).await.0, 409);
}

#[tokio::test]
async fn da_j12_a_source_is_taken_out_and_brought_in() {
    let app = TestApp::start().await;
    let first = made(&app, "functions", javascript("first", "return { response: 'grün' };")).await;
    let second = made(&app, "functions", javascript("second", "")).await;
    let url = |id: &str| format!("{}/api/v1/demo/functions/{id}/source", app.url);
    let get = async |id: &str| {
        let answer = Client::new().get(url(id)).bearer_auth(&app.token).send().await.expect("an answer");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        answer.text().await.expect("a source")
    };
    let put = async |id: &str, source: Vec<u8>| {
        let request = Client::new().put(url(id)).bearer_auth(&app.token);
        let request = request.header(header::CONTENT_TYPE, "text/javascript").body(source);
        json_of(request.send().await.expect("an answer")).await.0.as_u16()
    };
    let source = get(&first).await;
    assert_eq!(source, "return { response: 'grün' };");
    assert_eq!(put(&second, source.clone().into_bytes()).await, 200);
    assert_eq!(get(&second).await, source);
    assert_eq!(put(&second, vec![0xff, 0xfe]).await, 422);
    assert_eq!(put(&second, vec![b' '; 300 * 1024]).await, 413);
    assert_eq!(put("nobody", Vec::new()).await, 404);
    assert_eq!(get(&second).await, source, "nothing changed");
}

#[tokio::test]
async fn da_j10_saved_tests_run_without_a_conversation() {
    let app = TestApp::start().await;
    let source = "if (!input.parameters.phone) throw new Error('which number?'); \
                  return { response: { name: 'Ann' }, contextAdditions: { id: 7 }, event: 'Found' };";
    let mut function = javascript("lookup", source);
    function["tests"] = json!([
        { "name": "known", "input": { "parameters": { "phone": "+1" }, "internalParameters": {}, "staticParameters": {}, "conversation": {} },
          "expect": { "response": { "name": "Ann" }, "event": "Found", "contextAdditions": { "id": 7 } } },
        { "name": "none", "input": { "parameters": {}, "internalParameters": {}, "staticParameters": {}, "conversation": {} },
          "expect": { "fails": "which number?" } },
        { "name": "wrong", "input": { "parameters": { "phone": "+1" }, "internalParameters": {}, "staticParameters": {}, "conversation": {} },
          "expect": { "event": "Lost" } },
    ]);
    let id = made(&app, "functions", function).await;
    let (status, runs) = ask(&app, Method::POST, &format!("functions/{id}/test"), Some(json!({}))).await;
    assert_eq!((status, &runs["passed"]), (200, &json!(false)), "{runs}");
    let results = runs["results"].as_array().expect("a list");
    let passed: Vec<&Value> = results.iter().map(|result| &result["passed"]).collect();
    assert_eq!(passed, [&json!(true), &json!(true), &json!(false)], "{runs}");
    let output = &results[0]["output"];
    assert_eq!(
        (&output["response"], &output["contextAdditions"], &output["event"]),
        (&json!({ "name": "Ann" }), &json!({ "id": 7 }), &json!("Found"))
    );
    let warnings = results[0]["warnings"].to_string();
    assert!(warnings.contains("`id`"), "`id` is not declared: {warnings}");
    assert!(results[2]["failures"][0].as_str().expect("text").contains("`Lost`"), "{runs}");

    let (_, one) = ask(&app, Method::POST, &format!("functions/{id}/test"), Some(json!({ "test": "known" }))).await;
    assert_eq!((&one["passed"], one["results"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    let run = json!({ "input": { "parameters": { "phone": "+1" } } });
    let (_, free) = ask(&app, Method::POST, &format!("functions/{id}/test"), Some(run)).await;
    assert_eq!((&free["results"][0]["test"], &free["results"][0]["output"]["event"]), (&Value::Null, &json!("Found")));
    for (body, status) in [
        (json!({ "test": "nobody" }), 404),
        (json!({ "test": "known", "input": {} }), 422),
        (json!({ "input": { "params": {} } }), 422),
    ] {
        let (found, problem) = ask(&app, Method::POST, &format!("functions/{id}/test"), Some(body)).await;
        assert_eq!(found, status, "{problem}");
    }
    let (_, page) = ask(&app, Method::GET, "transcripts", None).await;
    assert_eq!(page["transcripts"], json!([]));
}

#[tokio::test]
async fn a_function_that_is_needed_stays() {
    let app = TestApp::start().await;
    let (id, function) = flow(&app).await;
    let library = json!({ "name": "shared", "code": { "type": "library", "source": "export const a = 1;" } });
    let library = made(&app, "functions", library).await;
    let user =
        made(&app, "functions", javascript("user", "import { a } from 'shared'; export default () => ({});")).await;
    for (needed, by) in [(&function, "Banking"), (&library, "user")] {
        let (status, problem) = ask(&app, Method::DELETE, &format!("functions/{needed}"), None).await;
        assert_eq!((status, &problem["type"]), (409, &json!("urn:parlance:problem:in-use")), "{problem}");
        assert!(problem["detail"].as_str().expect("text").contains(by), "{problem}");
    }
    let renamed = json!({ "name": "common", "code": { "type": "library", "source": "export const a = 1;" } });
    assert_eq!(ask(&app, Method::PUT, &format!("functions/{library}"), Some(renamed)).await.0, 409);
    let (status, problem) = ask(
        &app,
        Method::POST,
        "flows/handlers",
        Some(json!({ "name": "x", "states": [{ "id": "s", "name": "S", "functions": [library] }] })),
    )
    .await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("states[0].functions[0]")), "{problem}");

    assert_eq!(ask(&app, Method::DELETE, &format!("functions/{user}"), None).await.0, 204);
    assert_eq!(ask(&app, Method::DELETE, &format!("functions/{library}"), None).await.0, 204);
    // A published version holds its functions itself.
    let publish = format!("flows/handlers/{id}/snapshots");
    assert_eq!(ask(&app, Method::POST, &publish, Some(json!({}))).await.0, 201);
    let state = json!({ "name": "Greeting" });
    assert_eq!(ask(&app, Method::PUT, &format!("flows/handlers/{id}/states/greeting"), Some(state)).await.0, 200);
    assert_eq!(ask(&app, Method::DELETE, &format!("functions/{function}"), None).await.0, 204);
    let (_, version) = ask(&app, Method::GET, &format!("{publish}/1"), None).await;
    assert_eq!(version["functions"][0]["function"]["name"], "lookup");
    let (status, problem) = ask(&app, Method::POST, &format!("{publish}/1/restore"), None).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("states[0].functions[0]")), "{problem}");
}

#[rstest]
#[case(json!({ "name": "" }), "name")]
#[case(json!({ "name": "it's" }), "name")]
#[case(json!({ "name": "x", "code": { "type": "integration", "integration": "fax" } }), "code.integration")]
#[case(json!({ "name": "x", "code": { "type": "python", "source": "" } }), "body")]
#[case(json!({ "name": "x", "timeoutSeconds": 121 }), "timeoutSeconds")]
#[case(json!({ "name": "x", "internalParameters": [{ "name": "a" }, { "name": "a" }] }), "internalParameters[1].name")]
#[tokio::test]
async fn a_function_that_cannot_be_is_refused_by_its_place(#[case] body: Value, #[case] field: &str) {
    let app = TestApp::start().await;
    let (status, problem) = ask(&app, Method::POST, "functions", Some(body)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
}

#[tokio::test]
async fn names_of_functions_are_unique_in_a_tenant() {
    let app = TestApp::start().await;
    let first = made(&app, "functions", javascript("lookup", "")).await;
    assert_eq!(ask(&app, Method::POST, "functions", Some(javascript("LookUp", ""))).await.0, 409);
    let other = made(&app, "functions", javascript("other", "")).await;
    assert_eq!(ask(&app, Method::PUT, &format!("functions/{other}"), Some(javascript("lookup", ""))).await.0, 409);
    assert_eq!(ask(&app, Method::PUT, &format!("functions/{first}"), Some(javascript("LOOKUP", "x"))).await.0, 200);
}

#[tokio::test]
async fn a_function_that_cannot_be_read_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let broken = javascript("broken", "const a = 1;\n  return {{;");
    let (status, problem) = app.integrator(Method::POST, "functions", Some(broken)).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("code.source")), "{problem}");
    assert!(problem["errors"][0]["message"].as_str().is_some_and(|text| text.contains("line 2")), "{problem}");
    let odd =
        json!({ "name": "odd", "code": { "type": "integration", "integration": "http_request", "settings": {} } });
    let (status, problem) = app.integrator(Method::POST, "functions", Some(odd)).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("code.settings")), "{problem}");
    let (_, listed) = app.integrator(Method::GET, "functions", None).await;
    assert_eq!(listed["functions"], json!([]));
}

#[tokio::test]
async fn a_function_is_tested_however_many_libraries_the_tenant_has() {
    let app = TestApp::start().await;
    let (functions, tenant) = (Functions::new(&app.store), "demo".parse().expect("a name"));
    for number in 0..101 {
        let code = Code::Library { source: format!("export const x = {number};") };
        let library = FunctionDocument { name: format!("shared {number}"), code, ..FunctionDocument::default() };
        functions.create(&tenant, library).await.expect("it is made");
    }
    let source = "import { x } from 'shared 7'; export default () => ({ response: x });";
    let id = made(&app, "functions", javascript("seven", source)).await;
    let (_, ran) = ask(&app, Method::POST, &format!("functions/{id}/test"), Some(json!({ "input": {} }))).await;
    assert_eq!(ran["results"][0]["output"]["response"], 7, "{ran}");
}
