//! Who may talk: rows OD-W01 to OD-W07, OD-W23, OD-N37, and the older paths.

use reqwest::{Client, Method, header};
use rstest::rstest;
use runtime::{agents::Access, tenants::Tenants, tokens::Tokens};
use serde_json::{Value, json};

use crate::app::{TestApp, json_of, scenario};

#[rstest]
#[case("OPENDIALOG-USER-ID", "/chat-api/message", Method::POST)]
#[case("OPENDIALOG-SCENARIO-ID", "/chat-api/message", Method::POST)]
#[case("OPENDIALOG-USER-ID", "/chat-api/configuration", Method::GET)]
#[case("OPENDIALOG-SCENARIO-ID", "/chat-api/configuration", Method::GET)]
#[case("OPENDIALOG-USER-ID", "/chat-api/history", Method::GET)]
#[case("OPENDIALOG-SCENARIO-ID", "/chat-api/transcript", Method::GET)]
#[tokio::test]
async fn od_w01_a_missing_header_is_422_and_named(#[case] missing: &str, #[case] path: &str, #[case] method: Method) {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let body = visitor.envelope(&json!({ "type": "text", "data": { "text": "hi" } }));
    let request = visitor.request(method.clone(), path);
    let request = if method == Method::POST { request.json(&body) } else { request };
    let mut request = request.build().expect("a request");
    request.headers_mut().remove(missing);
    let (status, answer) = json_of(visitor.client.execute(request).await.expect("an answer")).await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(answer["message"], "The given data was invalid.");
    assert_eq!(answer["errors"][missing], json!([format!("The {missing} header is required.")]));
}

#[tokio::test]
async fn od_w02_a_wrong_or_missing_app_key_is_401() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let other = app.open_agent().await;
    for key in ["wrong", &other.app_key, &app.token] {
        let mut visitor = app.visitor(&agent, "ann");
        visitor.agent.app_key = key.to_owned();
        let (status, answer) = visitor.send(json!({ "type": "text", "data": { "text": "hi" } })).await;
        assert_eq!((status.as_u16(), answer), (401, json!({ "message": "Unauthenticated." })));
    }
    let bare = Client::new().get(format!("{}/chat-api/configuration", app.url)).send().await.expect("an answer");
    assert_eq!(bare.status(), 401);
}

#[rstest]
#[case("/incoming/chatApi")]
#[case("/incoming/webchat")]
#[tokio::test]
async fn od_w03_older_paths_serve_clients_without_headers_or_key(#[case] path: &str) {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let body = visitor.envelope(&json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} }));
    let answer = Client::new().post(format!("{}{path}", app.url)).json(&body).send().await.expect("an answer");
    let (status, said) = json_of(answer).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(said["data"]["text"], "Hello");

    for path in ["/chatApi-config", "/webchat-config"] {
        let url = format!("{}{path}?user_id=ann&url=https%3A%2F%2Fx.test", app.url);
        let (status, answer) = json_of(Client::new().get(url).send().await.expect("an answer")).await;
        assert_eq!((status.as_u16(), &answer["userType"]), (200, &json!("ongoing")));
    }
    let (_, rows) =
        json_of(Client::new().get(format!("{}/user/ann/history", app.url)).send().await.expect("one")).await;
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "{rows}");
    let file = Client::new().get(format!("{}/user/ann/history/file", app.url)).send().await.expect("an answer");
    assert!(file.text().await.expect("text").contains("Bot: Hello"));
}

#[tokio::test]
async fn od_w03_older_paths_ask_for_the_app_key_where_the_agent_does() {
    let app = TestApp::start().await;
    let agent = app.agent_with(|security| security.app_key_on_older_paths = true).await;
    let visitor = app.visitor(&agent, "ann");
    let body = visitor.envelope(&json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} }));
    let url = format!("{}/incoming/chatApi", app.url);
    assert_eq!(Client::new().post(&url).json(&body).send().await.expect("an answer").status(), 401);
    let mut nameless = body.clone();
    nameless["content"]["user"] = json!({});
    assert_eq!(Client::new().post(&url).json(&nameless).send().await.expect("an answer").status(), 401);
    let with_key = Client::new().post(&url).bearer_auth(&agent.app_key).json(&nameless).send().await;
    assert_eq!(with_key.expect("an answer").status(), 200);
}

#[tokio::test]
async fn od_w04_od_w05_the_first_answer_sets_a_cookie_that_later_calls_need() {
    let app = TestApp::start().await;
    let agent = app.agent_with(|security| security.anonymous_authentication = true).await;
    let ann = app.visitor(&agent, "ann");
    let first = ann.get("/chat-api/configuration").await;
    assert_eq!(first.status(), 200);
    let cookie = first.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("opendialog_anonymous_authentication_token="), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(ann.opens().await, "Hello");

    let thief = app.visitor(&agent, "ann");
    for path in ["/chat-api/configuration", "/chat-api/history", "/chat-api/transcript"] {
        assert_eq!(thief.get(path).await.status(), 401, "{path}");
    }
    let (status, answer) = thief.send(json!({ "type": "text", "data": { "text": "hi" } })).await;
    assert_eq!((status.as_u16(), answer), (401, json!({ "message": "Unauthenticated." })));
    assert_eq!(ann.says("when are you open").await, "From nine to five");
}

#[tokio::test]
async fn one_browser_may_hold_several_visitors() {
    let app = TestApp::start().await;
    let agent = app.agent_with(|security| security.anonymous_authentication = true).await;
    let mut tab = app.visitor(&agent, "first-tab");
    tab.opens().await;
    tab.user = "second-tab".to_owned();
    tab.opens().await;
    tab.user = "first-tab".to_owned();
    assert_eq!(tab.says("when are you open").await, "From nine to five");
}

#[tokio::test]
async fn od_w05_tokens_stay_good_when_the_key_rotates() {
    let app = TestApp::start().await;
    let agent = app.agent_with(|security| security.anonymous_authentication = true).await;
    let ann = app.visitor(&agent, "ann");
    ann.opens().await;
    Tenants::new(&app.store).rotate_signing_key(&"demo".parse().expect("a name")).await.expect("it rotates");
    app.noticed().await;
    assert_eq!(ann.says("when are you open").await, "From nine to five");
}

#[tokio::test]
async fn od_w06_csrf_asks_for_the_header_that_repeats_the_cookie() {
    let app = TestApp::start().await;
    let agent = app.agent_with(|security| security.csrf = true).await;
    let mut ann = app.visitor(&agent, "ann");
    let (status, configuration) = json_of(ann.get("/chat-api/configuration").await).await;
    assert_eq!(status, 200);
    let hello = json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} });
    let (status, answer) = ann.send(hello.clone()).await;
    assert_eq!((status.as_u16(), answer), (403, json!({ "message": "CSRF token mismatch." })));
    ann.csrf = Some("wrong".to_owned());
    assert_eq!(ann.send(hello.clone()).await.0, 403);
    ann.csrf = configuration["csrfToken"].as_str().map(str::to_owned);
    assert_eq!(ann.hears(hello.clone()).await, "Hello");

    let off = app.visitor(&app.open_agent().await, "bob");
    assert_eq!(off.hears(hello).await, "Hello");
}

#[tokio::test]
async fn od_w06_a_token_that_is_not_ours_does_not_hold() {
    let app = TestApp::start().await;
    let agent = app.agent_with(|security| security.csrf = true).await;
    let ann = app.visitor(&agent, "ann");
    let body = ann.envelope(&json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} }));
    let planted = ann.request(Method::POST, "/chat-api/message").json(&body);
    let planted = planted.header("cookie", "parlance_csrf_token=a.b").header("x-csrf-token", "a.b").send().await;
    assert_eq!(planted.expect("an answer").status(), 403);
}

#[tokio::test]
async fn od_w07_only_listed_origins_get_the_allow_header() {
    let app = TestApp::start().await;
    let agent = app
        .agent_with(|security| {
            security.cors = true;
            security.allowed_origins = vec!["https://good.test".to_owned()];
        })
        .await;
    let ann = app.visitor(&agent, "ann");
    let allowed = async |method: Method, origin: &'static str| {
        let request = ann.request(method, "/chat-api/configuration").header("origin", origin);
        let request = request.header("access-control-request-method", "GET");
        let answer = request.send().await.expect("an answer");
        answer.headers().get("access-control-allow-origin").map(|value| value.to_str().expect("text").to_owned())
    };
    for method in [Method::GET, Method::OPTIONS] {
        assert_eq!(allowed(method.clone(), "https://good.test").await.as_deref(), Some("https://good.test"));
        assert_eq!(allowed(method, "https://bad.test").await, None);
    }
}

#[tokio::test]
async fn new_agents_are_guarded() {
    let app = TestApp::start().await;
    let agent = app.guarded_agent().await;
    let ann = app.visitor(&agent, "ann");
    assert_eq!(ann.send(json!({ "type": "text", "data": { "text": "hi" } })).await.0, 403);
    let answer = ann.request(Method::GET, "/chat-api/configuration").header("origin", "https://x.test").send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.headers().get_all(header::SET_COOKIE).iter().count(), 2);
    assert!(answer.headers().get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn od_w23_an_alias_is_used_wherever_an_id_is_and_may_change() {
    let app = TestApp::start().await;
    let (first, second) = (app.open_agent().await, app.open_agent().await);
    let point = async |name: &str, agent: &str| {
        app.integrator(Method::PUT, &format!("aliases/{name}"), Some(json!({ "agent": agent }))).await
    };
    for bad in ["Support", "support1", "sup-port"] {
        let (status, problem) = point(bad, &first.id).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("name")));
    }
    assert_eq!(point("support_chat", &first.id).await.0, 200);
    let mut embed = app.visitor(&first, "ann");
    embed.agent.id = "support_chat".to_owned();
    assert_eq!(embed.opens().await, "Hello");

    // The embed keeps the first agent's app key.
    assert_eq!(point("support_chat", &second.id).await.0, 200);
    embed.user = "bob".to_owned();
    assert_eq!(embed.opens().await, "Hello");
    let (_, page) = app.integrator(Method::GET, "transcripts?contact=bob", None).await;
    assert_eq!(page["transcripts"][0]["agent"], json!(second.id));
}

#[tokio::test]
async fn od_n37_a_draft_is_not_served_but_can_be_previewed() {
    let app = TestApp::start().await;
    let (status, draft) = app.integrator(Method::POST, "agents?open=true", Some(scenario())).await;
    assert_eq!((status.as_u16(), &draft["status"]), (201, &json!("draft")));
    let agent = crate::app::TestAgent {
        id: draft["id"].as_str().expect("an id").to_owned(),
        app_key: draft["app_key"].as_str().expect("a key").to_owned(),
    };
    let ann = app.visitor(&agent, "ann");
    let hello = ann.envelope(&json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} }));
    let (status, answer) = ann.post("/chat-api/message", &hello).await;
    assert_eq!(status, 422);
    assert!(answer["errors"]["OPENDIALOG-SCENARIO-ID"][0].as_str().expect("text").contains("draft"), "{answer}");
    let (status, said) =
        app.integrator(Method::POST, &format!("agents/{}/preview/message", agent.id), Some(hello.clone())).await;
    assert_eq!((status.as_u16(), &said["data"]["text"]), (200, &json!("Hello")));

    assert_eq!(app.integrator(Method::POST, &format!("agents/{}/publish", agent.id), None).await.0, 200);
    assert_eq!(ann.post("/chat-api/message", &hello).await.0, 200);
    assert_eq!(app.integrator(Method::POST, &format!("agents/{}/unpublish", agent.id), None).await.0, 200);
    assert_eq!(ann.post("/chat-api/message", &hello).await.0, 422);
}

#[tokio::test]
async fn another_tenants_scenario_looks_like_none() {
    let app = TestApp::start().await;
    let mine = app.open_agent().await;
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let theirs = app.agent("other", Access::Open).await;
    let mut ann = app.visitor(&mine, "ann");
    ann.agent.id = theirs.id.clone();
    let (status, answer) = ann.send(json!({ "type": "text", "data": { "text": "hi" } })).await;
    assert_eq!(status, 422);
    assert_eq!(answer["errors"]["OPENDIALOG-SCENARIO-ID"], json!(["The selected scenario is invalid."]));

    let (_, token) = Tokens::new(&app.store).create(&other, "", None).await.expect("a token");
    app.noticed().await;
    for path in ["agents", "transcripts", "events", "aliases", &format!("agents/{}", mine.id)] {
        let answer = Client::new().get(format!("{}/api/v1/demo/{path}", app.url)).bearer_auth(&token).send().await;
        let (status, problem) = json_of(answer.expect("an answer")).await;
        assert_eq!((status.as_u16(), &problem["type"]), (403, &Value::from("urn:parlance:problem:wrong-audience")));
        let own = Client::new().get(format!("{}/api/v1/other/{path}", app.url)).bearer_auth(&token).send().await;
        assert!(![401, 403].contains(&own.expect("an answer").status().as_u16()));
    }
    let (status, _) = app.integrator(Method::GET, &format!("agents/{}", theirs.id), None).await;
    assert_eq!(status, 404);
}
