//! What is known of a visitor's browser when their client does not say it: row OD-U06.

use reqwest::{Client, Method};
use runtime::settings::{ChatSecurity, ChatSettings, Settings};
use serde_json::{Map, Value, json};

use crate::app::{TestAgent, TestApp, Visitor, json_of};

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/105.0.0.0 \
                      Safari/537.36";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// Sends a message as a browser does whose script says nothing of it.
async fn browses(visitor: &Visitor, path: &str, agent: &str, content: Value) {
    let request = visitor.request(Method::POST, path).header("User-Agent", agent);
    let request = request.header("Accept-Language", "de-CH,de;q=0.9,en;q=0.8").json(&visitor.envelope(&content));
    let (status, said) = json_of(request.send().await.expect("an answer")).await;
    assert_eq!(status, 200, "{said}");
}

fn opening() -> Value {
    json!({ "type": "chat_open", "callback_id": "intent.core.welcome", "data": { "value": "https://x.test/" } })
}

fn text() -> Value {
    json!({ "type": "text", "data": { "text": "when are you open" } })
}

/// The ids of the visitors that the interactions show.
async fn found(app: &TestApp, filter: &str) -> Vec<String> {
    let query = format!("from=2000-01-01%2000:00:00&to=2099-12-31%2023:59:59&{filter}");
    let request =
        Client::new().get(format!("{}/public/api/user-interactions?{query}", app.url)).bearer_auth(&app.token);
    let (status, answer) = json_of(request.send().await.expect("an answer")).await;
    assert_eq!(status, 200, "{answer}");
    let visitors = answer["data"].as_array().expect("a list").iter();
    visitors.flat_map(|one| one.as_object().expect("an object").keys().cloned()).collect()
}

/// An attribute of a contact, as it is shown.
async fn attribute(app: &TestApp, contact: &str, name: &str) -> Value {
    let (status, shown) = app.integrator(Method::GET, &format!("contacts/{contact}"), None).await;
    assert_eq!(status, 200, "{shown}");
    shown["attributes"][name].clone()
}

async fn agent_that_collects_addresses(app: &TestApp) -> TestAgent {
    let agent = app.open_agent().await;
    let mut appearance = Map::new();
    appearance.insert("general".to_owned(), json!({ "collectUserIp": true }));
    let settings = ChatSettings { security: ChatSecurity::open(), appearance };
    let (tenant, id) = ("demo".parse().expect("a name"), agent.id.parse().expect("an id"));
    Settings::new(&app.store).put(&tenant, id, &settings).await.expect("settings are stored");
    app.noticed().await;
    agent
}

#[tokio::test]
async fn od_u06_visitors_are_found_by_what_their_browser_tells() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let (ann, ben) = (app.visitor(&agent, "ann"), app.visitor(&agent, "ben"));
    browses(&ann, "/chat-api/message", CHROME, opening()).await;
    browses(&ann, "/chat-api/message", CHROME, text()).await;
    // Whoever never opens the chat is described by the first message.
    browses(&ben, "/incoming/chatApi", FIREFOX, text()).await;
    for (filter, expected) in [
        ("browser=CHROME", vec!["ann"]),
        ("browser=chrome%20105.0.0", vec!["ann"]),
        ("os=windows", vec!["ann"]),
        ("browser=firefox&os=linux", vec!["ben"]),
        ("browser_language=DE-ch", vec!["ann", "ben"]),
        ("browser_language=en", vec![]),
        ("ip_address=127.0.0.1", vec![]),
    ] {
        assert_eq!(found(&app, filter).await, expected, "{filter}");
    }
    let shown = attribute(&app, "ann", "browser").await;
    assert_eq!((&shown["value"], &shown["provenance"]), (&json!("chrome 105.0.0"), &json!("browser")));
    app.stop().await;
}

#[tokio::test]
async fn od_u06_what_the_client_says_wins_and_not_available_says_nothing() {
    let app = TestApp::start().await;
    let ann = app.visitor(&agent_that_collects_addresses(&app).await, "ann");
    let mut content = opening();
    content["user"] = json!({ "browser": "netscape 4.0", "os": "n/a", "browserLanguage": "", "ipAddress": "n/a",
                              "country": "n/a", "custom": { "selected_scenario": ann.agent.id } });
    browses(&ann, "/chat-api/message", CHROME, content).await;
    // What a later message does not say changes nothing.
    let mut content = text();
    content["user"] = json!({ "ipAddress": "n/a", "os": "N/A", "custom": { "selected_scenario": ann.agent.id } });
    browses(&ann, "/chat-api/message", FIREFOX, content).await;
    for (filter, expected) in [
        ("browser=netscape", vec!["ann"]),
        ("browser=chrome", vec![]),
        ("browser=firefox", vec![]),
        ("os=windows", vec!["ann"]),
        ("browser_language=de-CH", vec!["ann"]),
        ("ip_address=127.0.0.1", vec!["ann"]),
        ("country=n/a", vec![]),
    ] {
        assert_eq!(found(&app, filter).await, expected, "{filter}");
    }
    assert_eq!(attribute(&app, "ann", "country").await, Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn programs_and_visitors_who_were_here_before_are_not_described() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let (ann, robot) = (app.visitor(&agent, "ann"), app.visitor(&agent, "robot"));
    ann.hears(json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} })).await;
    browses(&ann, "/chat-api/message", CHROME, text()).await;
    assert_eq!(attribute(&app, "ann", "browser").await, Value::Null);
    browses(&ann, "/chat-api/message", CHROME, opening()).await;
    assert_eq!(attribute(&app, "ann", "browser").await["value"], "chrome 105.0.0");
    browses(&robot, "/chat-api/message", "curl/8.5.0", opening()).await;
    assert_eq!(attribute(&app, "robot", "browser").await, Value::Null);
    assert_eq!(attribute(&app, "robot", "os").await, Value::Null);
    app.stop().await;
}
