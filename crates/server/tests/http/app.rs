//! A server of its own for each test, and those who call it.

use std::{path::PathBuf, time::Duration};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use runtime::{
    Runtime, RuntimeOptions,
    agents::{Access, Agents},
    settings::{ChatSecurity, ChatSettings, Settings},
    tenants::Tenants,
    tokens::Tokens,
};
use serde_json::{Value, json};
use server::{Options, Server};
use store::{Store, StoreOptions};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::described;

/// A running server with a tenant `demo` and a token for it.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) token: String,
    pub(crate) runtime: Runtime,
    server: Server,
    pub(crate) folder: TempDir,
}

/// An agent as a test knows it.
#[derive(Debug, Clone)]
pub(crate) struct TestAgent {
    pub(crate) id: String,
    pub(crate) app_key: String,
}

/// A program that runs functions in JavaScript, or reads files: a crate builds it for its own tests, beside these.
fn program(name: &str, of: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a program");
    let built = tests.ancestors().nth(2).expect("the folder of what was built").join(name);
    assert!(built.is_file(), "{} is missing: run `cargo build -p {of}`", built.display());
    built
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With a runtime that behaves otherwise.
    pub(crate) async fn start_with(change: impl FnOnce(&mut RuntimeOptions)) -> Self {
        Self::fresh(change, |_| {}).await
    }

    /// With a server that behaves otherwise.
    pub(crate) async fn start_serving(change: impl FnOnce(&mut Options)) -> Self {
        Self::fresh(|_| {}, change).await
    }

    /// With both otherwise.
    pub(crate) async fn fresh(
        of_runtime: impl FnOnce(&mut RuntimeOptions),
        of_server: impl FnOnce(&mut Options),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store opens");
        let demo = "demo".parse().expect("a tenant name");
        Tenants::new(&store).create(&demo, "Demo").await.expect("the tenant is made");
        let (_, token) = Tokens::new(&store).create(&demo, "test", None).await.expect("the token is made");
        Self::serve(folder, store, token, of_runtime, of_server).await
    }

    async fn serve(
        folder: TempDir,
        store: Store,
        token: String,
        of_runtime: impl FnOnce(&mut RuntimeOptions),
        of_server: impl FnOnce(&mut Options),
    ) -> Self {
        let mut options = RuntimeOptions::in_data_dir(folder.path());
        options.workers.program = program("function-worker", "functions");
        options.reader = program("document-reader", "runtime");
        of_runtime(&mut options);
        let runtime = Runtime::start(store.clone(), options);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let mut options = Options { body_timeout: Duration::from_secs(2), ..Options::default() };
        of_server(&mut options);
        let metrics = server::install_metrics();
        let server = Server::start(listener, runtime.clone(), options, metrics, Duration::from_secs(5)).await;
        let server = server.expect("the server starts");
        Self { url: format!("http://{}", server.address()), store, token, runtime, server, folder }
    }

    /// Stops everything and starts again on the same files.
    pub(crate) async fn restart_with(self, change: impl FnOnce(&mut RuntimeOptions)) -> Self {
        self.server.shutdown().await;
        self.runtime.shutdown(Duration::from_secs(5)).await;
        self.store.shutdown().await.expect("the store closes");
        let store = Store::open(self.folder.path(), StoreOptions::default()).await.expect("the store opens");
        Self::serve(self.folder, store, self.token, change, |_| {}).await
    }

    /// Publishes the test scenario for whoever comes.
    pub(crate) async fn open_agent(&self) -> TestAgent {
        self.agent("demo", Access::Open).await
    }

    /// Publishes the test scenario as a new agent is by default.
    pub(crate) async fn guarded_agent(&self) -> TestAgent {
        self.agent("demo", Access::Guarded).await
    }

    /// Publishes the test scenario where only `change` is as given.
    pub(crate) async fn agent_with(&self, change: impl FnOnce(&mut ChatSecurity)) -> TestAgent {
        let agent = self.open_agent().await;
        let mut settings = ChatSettings { security: ChatSecurity::open(), ..ChatSettings::default() };
        change(&mut settings.security);
        let (tenant, id) = ("demo".parse().expect("a name"), agent.id.parse().expect("an id"));
        Settings::new(&self.store).put(&tenant, id, &settings).await.expect("settings are stored");
        self.noticed().await;
        agent
    }

    pub(crate) async fn agent(&self, tenant: &str, access: Access) -> TestAgent {
        self.agent_of(tenant, &scenario(), access).await
    }

    /// Publishes a scenario of a test's own.
    pub(crate) async fn agent_of(&self, tenant: &str, document: &Value, access: Access) -> TestAgent {
        let tenant = tenant.parse().expect("a tenant name");
        let agents = Agents::new(&self.store);
        let agent = agents.create(&tenant, document, access).await.expect("the agent is made");
        agents.publish(&tenant, agent.id).await.expect("it is published");
        self.noticed().await;
        TestAgent { id: agent.id.to_string(), app_key: agent.app_key }
    }

    /// Changes made beside the server are noticed within 50 ms.
    pub(crate) async fn noticed(&self) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    pub(crate) fn visitor(&self, agent: &TestAgent, user: &str) -> Visitor {
        let client = Client::builder().cookie_store(true).build().expect("a client");
        Visitor { client, url: self.url.clone(), agent: agent.clone(), user: user.to_owned(), csrf: None }
    }

    /// A program with the tenant's API token.
    pub(crate) async fn integrator(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.holder(&self.token, method, path, body).await
    }

    /// A program with some API token.
    pub(crate) async fn holder(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let url = format!("{}/api/v1/demo/{path}", self.url);
        let request = Client::new().request(method.clone(), url).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        answer_of(Some(&method), request.send().await.expect("an answer")).await
    }

    /// Ends in order; gives what is left on the disk.
    pub(crate) async fn stop(self) -> TempDir {
        self.server.shutdown().await;
        self.runtime.shutdown(Duration::from_secs(5)).await;
        self.store.shutdown().await.expect("the store closes");
        self.folder
    }
}

/// A browser with a chat in it.
pub(crate) struct Visitor {
    pub(crate) client: Client,
    pub(crate) url: String,
    pub(crate) agent: TestAgent,
    pub(crate) user: String,
    pub(crate) csrf: Option<String>,
}

impl Visitor {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.agent.app_key)
            .header("OPENDIALOG-USER-ID", &self.user)
            .header("OPENDIALOG-SCENARIO-ID", &self.agent.id);
        match &self.csrf {
            Some(token) => request.header("X-CSRF-TOKEN", token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.request(Method::POST, path).json(body).send().await.expect("an answer");
        answer_of(Some(&Method::POST), answer).await
    }

    /// The body of a message; `content` is its content without what all have.
    pub(crate) fn envelope(&self, content: &Value) -> Value {
        let mut whole = json!({
            "author": self.user, "user_id": self.user, "mode": "webchat",
            "user": { "first_name": "", "custom": { "selected_scenario": self.agent.id } },
        });
        for (name, value) in content.as_object().expect("content is an object") {
            whole[name] = value.clone();
        }
        json!({ "notification": "message", "user_id": self.user, "author": self.user, "content": whole })
    }

    pub(crate) async fn send(&self, content: Value) -> (StatusCode, Value) {
        self.post("/chat-api/message", &self.envelope(&content)).await
    }

    /// Says something and expects one text back.
    pub(crate) async fn hears(&self, content: Value) -> String {
        let (status, said) = self.send(content).await;
        assert_eq!(status, 200, "{said}");
        said["data"]["text"].as_str().unwrap_or_else(|| panic!("one text is expected: {said}")).to_owned()
    }

    pub(crate) async fn opens(&self) -> String {
        self.hears(json!({ "type": "chat_open", "callback_id": "intent.core.welcome", "data": { "value": "https://x.test/" } }))
            .await
    }

    pub(crate) async fn says(&self, text: &str) -> String {
        self.hears(json!({ "type": "text", "data": { "text": text } })).await
    }
}

pub(crate) async fn json_of(response: Response) -> (StatusCode, Value) {
    answer_of(None, response).await
}

/// Status and body of an answer, which must be as the OpenAPI document says.
async fn answer_of(method: Option<&Method>, response: Response) -> (StatusCode, Value) {
    let (status, path) = (response.status(), response.url().path().to_owned());
    let media_type = response.headers().get(header::CONTENT_TYPE).map(|value| value.to_str().expect("text").to_owned());
    let media_type = media_type.unwrap_or_default();
    let text = response.text().await.expect("a body");
    let answer = serde_json::from_str(&text).unwrap_or(Value::String(text));
    described::check(method, &path, status, media_type.split(';').next().unwrap_or_default(), &answer);
    (status, answer)
}

/// The scenario that the tests talk to: a turn for each kind of message.
pub(crate) fn scenario() -> Value {
    let message = |text: &str| format!("<message><text-message>{text}</text-message></message>");
    let turn = |name: &str, intent: Value, answer: Value| {
        json!({
            "od_id": name, "name": name, "behaviors": ["STARTING", "OPEN"],
            "request_intents": [intent], "response_intents": [answer],
        })
    };
    let user = |id: &str, more: Value| {
        let mut intent = json!({ "od_id": id, "name": id, "speaker": "USER", "confidence": 1, "sample_utterance": "" });
        for (name, value) in more.as_object().expect("an object") {
            intent[name] = value.clone();
        }
        intent
    };
    let app = |id: &str, text: &str, behaviors: Value| {
        json!({
            "od_id": id, "name": id, "speaker": "APP", "confidence": 1, "sample_utterance": "", "behaviors": behaviors,
            "message_templates": [{ "od_id": format!("template_{name}", name = id.replace('.', "_")), "name": id,
                                    "message_markup": message(text) }],
        })
    };
    let examples =
        |sentence: &str| json!({ "interpreter": "examples", "confidence": 0.4, "sample_utterance": sentence });
    json!({
        "od_id": "test_scenario", "name": "Test scenario", "interpreter": "", "behaviors": [], "conditions": [],
        "interpreters": [{ "name": "examples", "component_id": "interpreter.core.examples", "configuration": {} }],
        "conversations": [{
            "od_id": "main", "name": "Main", "behaviors": ["STARTING"],
            "scenes": [{
                "od_id": "main", "name": "Main", "behaviors": ["STARTING"],
                "turns": [
                    turn("welcome", user("intent.core.welcome", json!({})), app("intent.app.Welcome", "Hello", json!([]))),
                    turn("restart", user("intent.core.restart", json!({})), app("intent.app.Restarted", "Restarted", json!([]))),
                    turn("hours", user("intent.user.Hours", examples("when are you open")),
                         app("intent.app.Hours", "From nine to five", json!([]))),
                    turn("pick", user("intent.user.Pick", json!({ "expected_attributes": [{ "name": "colour" }] })),
                         app("intent.app.Picked", "You picked {user.colour}", json!([]))),
                    turn("form", user("intent.user.Form", json!({ "expected_attributes": [{ "name": "pet" }] })),
                         app("intent.app.Form", "Your pet is {user.pet}", json!([]))),
                    turn("essay", user("intent.user.Essay", json!({})), app("intent.app.Essay", "Read", json!([]))),
                    turn("bye", user("intent.user.Bye", json!({})), app("intent.app.Bye", "Bye", json!(["COMPLETING"]))),
                ],
            }],
        }],
    })
}
