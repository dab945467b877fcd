//! What holds for the API as a whole: rows DA-P1 to DA-P6, DA-P10.

use reqwest::{Client, Method, header};
use runtime::{tenants::Tenants, tokens::Tokens, users::Role};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flows_world::World,
    signing_in::{Browser, person, register, text, tokens},
};

/// A token of another tenant.
async fn strangers(app: &TestApp) -> String {
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let (_, token) = Tokens::new(&app.store).create(&other, "theirs", None).await.expect("a token");
    app.noticed().await;
    token
}

#[tokio::test]
async fn da_p01_the_document_is_openapi_3_2_and_has_each_operation() {
    let app = TestApp::start().await;
    let answer = Client::new().get(format!("{}/api/swagger/openapi.json", app.url)).bearer_auth(&app.token).send();
    let document: Value = answer.await.expect("an answer").json().await.expect("JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.2")), "{}", document["openapi"]);
    // Some of each part; that none is served without its description is the router's doing.
    for (path, method) in [
        ("/api/v1/transcripts", "get"),
        ("/api/v1/{tenant}/flows/handlers", "post"),
        ("/api/v1/{tenant}/points-of-contact/{id}/channel-configuration", "put"),
        ("/api/org/{tenant}/v2/webchat/{transcriptId}/CsrTakeOver", "post"),
        ("/chat-api/message", "post"),
        ("/realms/dial-ai/protocol/openid-connect/token", "post"),
        ("/healthz", "get"),
    ] {
        assert!(document["paths"][path][method]["operationId"].is_string(), "{method} {path}");
    }
}

#[tokio::test]
async fn da_p02_a_private_document_is_for_those_who_are_known() {
    let app = TestApp::start_serving(|options| options.private_openapi = Some(true)).await;
    register(&app).await;
    person(&app, "ada@example.com", Role::Editor).await;
    let bare = Client::new();
    for file in ["openapi.json", "openapi-3.1.json"] {
        let url = format!("{}/api/swagger/{file}", app.url);
        let refused = bare.get(&url).send().await.expect("an answer");
        assert_eq!(refused.status(), 401, "{file}");
        assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Bearer", "{file}");
        assert!(!refused.text().await.expect("a body").contains("\"paths\""), "{file}");
        let wrong = bare.get(&url).bearer_auth("plt_0").send().await.expect("an answer");
        assert_eq!(wrong.status(), 401, "{file}");
        let token = bare.get(&url).bearer_auth(&app.token).send().await.expect("an answer");
        assert_eq!(token.status(), 200, "{file}");
    }
    // A user's own token of the realm, and the browser in which they signed in.
    let tokens = tokens(&app, "ada@example.com").await;
    let own = bare.get(format!("{}/api/swagger/openapi.json", app.url)).bearer_auth(text(&tokens, "access_token"));
    assert_eq!(own.send().await.expect("an answer").status(), 200);
    let browser = Browser::new(&app);
    assert_eq!(browser.get("/api/swagger/openapi.json").await.status(), 401);
    browser.code("ada@example.com").await;
    assert_eq!(browser.get("/api/swagger/openapi.json").await.status(), 200);
}

#[tokio::test]
async fn da_p03_the_page_shows_the_document_and_calls_with_a_token() {
    let app = TestApp::start_serving(|options| options.private_openapi = Some(true)).await;
    register(&app).await;
    person(&app, "ada@example.com", Role::Editor).await;
    let browser = Browser::new(&app);
    browser.code("ada@example.com").await;
    let page = browser.get("/api/swagger/").await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a page").contains("swagger-ui"));
    let start = browser.get("/api/swagger/swagger-initializer.js").await.text().await.expect("a script");
    assert!(start.contains("/api/swagger/openapi.json"), "{start}");
    // What it needs to call an operation is described: the address, and how the token is sent.
    let document: Value = browser.get("/api/swagger/openapi.json").await.json().await.expect("JSON");
    let scheme = &document["components"]["securitySchemes"]["api_token"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&json!("http"), &json!("bearer")), "{scheme}");
    let servers = document["servers"].as_array().map_or(0, Vec::len);
    assert_eq!(servers, 0, "without one, operations are called where the page is");
}

#[tokio::test]
async fn da_p04_an_unknown_tenant_is_refused_like_somebody_elses() {
    let world = World::start().await;
    strangers(&world.app).await;
    for path in ["agents", "flows/handlers", "transcripts", "users", "secrets", "live"] {
        let ask = async |tenant: &str, token: Option<&str>| {
            let request = Client::new().get(format!("{}/api/v1/{tenant}/{path}", world.app.url));
            let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
            let (status, answer) = json_of(request.send().await.expect("an answer")).await;
            (status.as_u16(), answer)
        };
        let unknown = ask("nowhere", Some(&world.app.token)).await;
        assert_eq!(unknown.0, 403, "{path}: {}", unknown.1);
        assert_eq!(unknown, ask("other", Some(&world.app.token)).await, "{path}: which tenants there are is not told");
        assert_eq!(ask("nowhere", None).await.0, 401, "{path}");
    }
}

#[tokio::test]
async fn da_p05_nothing_of_a_tenant_is_read_listed_or_written_with_anothers_token() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("Hello").await;
    let (point, _) = world.point(json!({ "friendlyName": "Second" })).await;
    let (_, functions) = world.ask(Method::GET, "functions", None).await;
    let function = functions["functions"][0]["id"].as_str().expect("an id").to_owned();
    let contact = world.transcript(&page.transcript).await["contact"].as_str().expect("an id").to_owned();
    let token = strangers(&world.app).await;
    let theirs = async |method: Method, path: &str, body: Value| {
        let request = Client::new().request(method, format!("{}/api/{path}", world.app.url)).bearer_auth(&token);
        let answer = request.json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    };
    let (flow, transcript) = (format!("flows/handlers/{}", world.flow), format!("transcripts/{}", page.transcript));
    for (method, path, body) in [
        (Method::GET, flow.clone(), json!(null)),
        (Method::PUT, flow.clone(), json!({ "name": "Mine" })),
        (Method::DELETE, flow.clone(), json!(null)),
        (Method::POST, format!("{flow}/states"), json!({ "name": "Mine" })),
        (Method::POST, format!("{flow}/snapshots"), json!({})),
        (Method::GET, format!("{flow}/export"), json!(null)),
        (Method::POST, format!("{flow}/test-conversations"), json!({})),
        (Method::GET, format!("functions/{function}"), json!(null)),
        (Method::DELETE, format!("functions/{function}"), json!(null)),
        (Method::GET, format!("functions/{function}/source"), json!(null)),
        (Method::POST, format!("functions/{function}/test"), json!({ "input": {} })),
        (Method::GET, format!("points-of-contact/{point}"), json!(null)),
        (Method::DELETE, format!("points-of-contact/{point}"), json!(null)),
        (Method::GET, "model-scripts/desk".to_owned(), json!(null)),
        (Method::GET, transcript.clone(), json!(null)),
        (Method::GET, format!("{transcript}/readable"), json!(null)),
        (Method::GET, format!("{transcript}/turns/1/journal"), json!(null)),
        (Method::GET, format!("{transcript}/stream"), json!(null)),
        (Method::PUT, format!("{transcript}/tags"), json!({ "tags": { "a": "b" } })),
        (Method::POST, format!("{transcript}/flag"), json!({})),
        (Method::PUT, format!("{transcript}/status"), json!({ "status": "Completed" })),
        (Method::POST, format!("{transcript}/restart"), json!(null)),
    ] {
        let (status, text) = theirs(method.clone(), &format!("v1/other/{path}"), body).await;
        assert_eq!(status, 404, "{method} {path}: {text}");
    }
    let chat = format!("org/other/v2/webchat/{}", page.transcript);
    assert_eq!(theirs(Method::GET, &chat, json!(null)).await.0, 404);
    assert_eq!(theirs(Method::POST, &chat, json!({ "message": "Hello" })).await.0, 404);
    assert_eq!(theirs(Method::POST, &format!("{chat}/CsrTakeOver"), json!(null)).await.0, 404);
    assert_eq!(theirs(Method::POST, "org/other/v2/webchat", json!({ "chatId": world.code })).await.0, 422);
    let point_there = json!({ "friendlyName": "Mine", "channelType": "Web", "flowId": world.flow });
    let (status, text) = theirs(Method::POST, "v1/other/points-of-contact", point_there).await;
    assert!((400..500).contains(&status), "{status} {text}");
    for list in [
        "flows/handlers",
        "functions",
        "points-of-contact",
        "model-scripts",
        "transcripts?tests=include",
        "live/transcripts",
        "contacts",
        "events",
    ] {
        let (status, text) = theirs(Method::GET, &format!("v1/other/{list}"), json!(null)).await;
        assert_eq!(status, 200, "{list}: {text}");
        for id in [&world.flow, &function, &point, &page.transcript, &contact] {
            assert!(!text.contains(id.as_str()), "{list} tells of {id}: {text}");
        }
    }
    let after = world.transcript(&page.transcript).await;
    assert_eq!((&after["turns"], &after["tags"], &after["status"]), (&json!(2), &json!({}), &json!("InProgress")));
    assert_eq!(page.hears("Still there?").await, "You said: **Still there?**");
}

#[tokio::test]
async fn da_p06_five_hundred_quick_reads_are_all_answered() {
    let app = TestApp::start().await;
    let client = Client::new();
    for number in 0..500 {
        let request = client.get(format!("{}/api/v1/demo/agents", app.url)).bearer_auth(&app.token);
        assert_eq!(request.send().await.expect("an answer").status(), 200, "read {number}");
    }
}

/// Each operation of the API is called with nothing behind its ids and with a body that is none, by nobody and by an
/// administrator. What is refused says so in JSON, in the form that the document gives.
#[tokio::test]
async fn da_p10_each_refusal_has_a_documented_body() {
    let app = TestApp::start().await;
    let document = serde_json::to_value(server::openapi_document()).expect("the document serialises");
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        if !["/api/v1/", "/api/org/", "/chat-api/", "/public/api/"].iter().any(|part| path.starts_with(part)) {
            continue;
        }
        let address = path.replace("{tenant}", "demo");
        let address: Vec<&str> =
            address.split('/').map(|part| if part.starts_with('{') { "nobody" } else { part }).collect();
        let address = format!("{}{}", app.url, address.join("/"));
        for method in item.as_object().expect("an item").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            for token in [None, Some(&app.token)] {
                let request = Client::new().request(method.clone(), &address);
                let request = request.header(header::CONTENT_TYPE, "application/json").body("{");
                let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
                let answer = request.send().await.expect("an answer");
                let status = answer.status();
                assert!(!status.is_server_error() && status != 405, "{method} {path}: {status}");
                // A stream has no end to wait for.
                if !status.is_client_error() {
                    continue;
                }
                let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
                assert!(kind.is_some_and(|kind| kind.contains("json")), "{method} {path} {status}: {kind:?}");
                let (_, body) = json_of(answer).await;
                let says = ["title", "message", "error"].iter().any(|field| body[field].is_string());
                assert!(body.is_object() && says, "{method} {path} {status}: {body}");
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "{refused}");
    let nowhere = Client::new().get(format!("{}/api/v1/demo/nothing", app.url)).send().await.expect("an answer");
    assert_eq!(nowhere.headers()[header::CONTENT_TYPE], "application/problem+json");
}
