//! A tenant with a flow that a scripted model plays, a point of contact on the web, and those who talk there.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flows::made,
};

/// A tenant `demo` with a flow.
pub(crate) struct World {
    pub(crate) app: TestApp,
    /// The flow's id.
    pub(crate) flow: String,
    /// The chat code of its point of contact.
    pub(crate) code: String,
}

/// What the model does. Words of the customer decide; nothing of it is the server's.
fn script() -> Value {
    let calls = |words: &str, tool: &str| {
        json!({ "when": { "text_contains": words, "tool_offered": tool },
                "then": { "call": [{ "name": tool, "arguments": {} }] } })
    };
    let then = |tool: &str, say: &str| json!({ "when": { "tool_result_of": tool }, "then": { "say": say } });
    json!({
        "rules": [
            calls("who am i", "whoami"), then("whoami", "Known: {{tool_result}}"),
            calls("my account", "account"), then("account", "Account: {{tool_result}}"),
            calls("a person", "ask_person"), then("ask_person", "One moment."),
            calls("label this", "label"), then("label", "Labelled."),
            { "when": { "text_contains": "goodbye" },
              "then": { "call": [{ "name": "end_conversation", "arguments": {} }] } },
            then("end_conversation", "Until next time."),
            { "when": { "text_contains": "recite" },
              "then": { "say": "one two three four five six", "chunks": 3, "chunk_delay_ms": 20 } },
            { "when": { "text_contains": "broken" }, "then": { "fail": "refused" } },
            { "when": { "text_contains": "take your time" }, "then": { "say": "Done.", "delay_ms": 400 } },
            { "when": { "text_contains": "which channel", "system_contains": "Channel: voice" }, "then": { "say": "Voice" } },
            { "when": { "text_contains": "which channel", "system_contains": "Channel: sms" }, "then": { "say": "Text" } },
            { "when": { "text_contains": "which channel", "system_contains": "Channel: email" }, "then": { "say": "Letter" } },
            { "when": { "text_contains": "which channel", "system_contains": "Channel: web" }, "then": { "say": "Page" } },
            { "when": { "text_contains": "which thought", "system_contains": "Be brief" }, "then": { "say": "Brief" } },
            { "when": { "text_contains": "which thought", "system_contains": "Be kind" }, "then": { "say": "Kind" } },
        ],
        "otherwise": { "say": "You said: **{{last_user}}**" },
    })
}

/// A function that is configured.
fn function(name: &str, integration: &str, settings: Value) -> Value {
    json!({
        "name": name, "description": name, "events": ["Known"], "contextAdditions": ["greeted"],
        "code": { "type": "integration", "integration": integration, "settings": settings },
    })
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::within(TestApp::start().await, |_| {}).await
    }

    /// With a flow that is configured otherwise.
    pub(crate) async fn configured(change: impl FnOnce(&mut Value)) -> Self {
        Self::within(TestApp::start().await, change).await
    }

    pub(crate) async fn within(app: TestApp, change: impl FnOnce(&mut Value)) -> Self {
        let (status, answer) = app.integrator(Method::PUT, "model-scripts/desk", Some(script())).await;
        assert!(status.is_success(), "{answer}");
        let mut ids = Vec::new();
        let known = json!({ "values": { "greeted": "{{userId}}" }, "response": "{{userId}}", "event": "Known" });
        for body in [
            function("whoami", "set_context", known),
            function("account", "set_context", json!({ "values": {}, "response": "{{accountId}} of {{sub}}" })),
            function("ask_person", "hand_off", json!({ "skills": ["billing"] })),
            function("label", "set_tag", json!({ "name": "Issue", "value": "login" })),
            function("wrap", "set_tag", json!({ "name": "Wrapped", "value": "yes" })),
        ] {
            ids.push(made(&app, "functions", body).await);
        }
        let mut configuration = json!({
            "opening": { "say": "Welcome to the desk." },
            "model": { "provider": "scripted", "name": "desk", "streaming": false },
            "wrapUp": [ids[4]],
        });
        change(&mut configuration);
        let flow = json!({
            "name": "Desk (internal)", "publicName": "The Desk", "initial": "hello",
            "states": [
                { "id": "hello", "name": "Hello", "thought": "Be brief.", "functions": &ids[..4] },
                { "id": "known", "name": "Known", "thought": "Go on." },
            ],
            "transitions": [{ "id": "t", "from": "hello", "event": "Known", "to": { "state": "known" } }],
            "configuration": configuration,
        });
        let flow = made(&app, "flows/handlers", flow).await;
        let code = point(&app, json!({ "flowId": flow })).await.1;
        Self { app, flow, code }
    }

    /// Another point of contact on the web where the flow answers; its id and its chat code.
    pub(crate) async fn point(&self, more: Value) -> (String, String) {
        let mut terms = json!({ "flowId": self.flow });
        merge(&mut terms, more);
        point(&self.app, terms).await
    }

    /// A page that holds the chat link, before its conversation.
    pub(crate) fn page(&self) -> Page {
        self.page_of(&self.code)
    }

    pub(crate) fn page_of(&self, code: &str) -> Page {
        Page { url: self.app.url.clone(), code: code.to_owned(), proof: None, origin: None, transcript: String::new() }
    }

    /// A page that has begun its conversation.
    pub(crate) async fn chat(&self) -> Page {
        let mut page = self.page();
        page.begins(json!({})).await;
        page
    }

    /// The tenant's own token, on the operations of the web chat.
    pub(crate) async fn webchat(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/api/org/demo/v2/webchat{path}", self.app.url);
        let request = Client::new().request(method, url).bearer_auth(&self.app.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let (status, answer) = json_of(request.send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    }

    /// The tenant's own token, on Parlance's operations.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, answer) = self.app.integrator(method, path, body).await;
        (status.as_u16(), answer)
    }

    /// What is known of a transcript.
    pub(crate) async fn transcript(&self, id: &str) -> Value {
        let (status, transcript) = self.ask(Method::GET, &format!("transcripts/{id}"), None).await;
        assert_eq!(status, 200, "{transcript}");
        transcript
    }

    /// Ids of the transcripts that a list holds.
    pub(crate) async fn listed(&self, query: &str) -> Vec<String> {
        let (status, page) = self.ask(Method::GET, query, None).await;
        assert_eq!(status, 200, "{page}");
        ids(&page)
    }

    /// What is found.
    pub(crate) async fn found(&self, search: Value) -> Vec<String> {
        let (status, page) = self.ask(Method::POST, "transcripts/search", Some(search)).await;
        assert_eq!(status, 200, "{page}");
        ids(&page)
    }

    /// Follows something with the tenant's token.
    pub(crate) async fn follows(&self, path: &str, last: Option<&str>) -> Stream {
        let url = format!("{}/api/v1/demo/{path}", self.app.url);
        let request = Client::new().get(url).bearer_auth(&self.app.token);
        let request = match last {
            Some(last) => request.header("Last-Event-ID", last),
            None => request,
        };
        Stream::of(request.send().await.expect("an answer")).await
    }
}

/// The ids of a page of transcripts.
pub(crate) fn ids(page: &Value) -> Vec<String> {
    let transcripts = page["transcripts"].as_array().expect("a list");
    transcripts.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

async fn point(app: &TestApp, more: Value) -> (String, String) {
    let mut terms = json!({ "friendlyName": "Site", "channelType": "Web" });
    merge(&mut terms, more);
    let (status, point) = app.integrator(Method::POST, "points-of-contact", Some(terms)).await;
    assert_eq!(status, 201, "{point}");
    let text = |name: &str| point[name].as_str().expect("a text").to_owned();
    (text("id"), text("chatCode"))
}

fn merge(into: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("an object is expected") };
    for (name, value) in more {
        into[name] = value;
    }
}

/// A page in a browser that holds a chat link.
#[derive(Clone)]
pub(crate) struct Page {
    url: String,
    pub(crate) code: String,
    /// A JWT that says who the visitor is.
    pub(crate) proof: Option<String>,
    pub(crate) origin: Option<String>,
    /// Its conversation.
    pub(crate) transcript: String,
}

impl Page {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/api/org/demo/v2/webchat{path}", self.url);
        let request = Client::new().request(method, url);
        let mut request = request.header("X-DialAi-Chat-Link", format!("Bearer {}", self.code));
        if let Some(proof) = &self.proof {
            request = request.bearer_auth(proof);
        }
        if let Some(origin) = &self.origin {
            request = request.header(header::ORIGIN, origin);
        }
        request
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        json_of(request.send().await.expect("an answer")).await
    }

    /// Begins a conversation.
    pub(crate) async fn begins(&mut self, body: Value) -> Value {
        let (status, begun) = self.call(Method::POST, "", Some(body)).await;
        assert_eq!(status, 201, "{begun}");
        self.transcript = begun["transcriptId"].as_str().expect("an id").to_owned();
        begun
    }

    /// Says something in it.
    pub(crate) async fn says(&self, text: &str) -> Value {
        let (status, answer) = self.tries(text).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(crate) async fn tries(&self, text: &str) -> (StatusCode, Value) {
        self.call(Method::POST, &self.path(""), Some(json!({ "message": text }))).await
    }

    /// Says something and expects one message back.
    pub(crate) async fn hears(&self, text: &str) -> String {
        let answer = self.says(text).await;
        assert_eq!(answer["messages"].as_array().map(Vec::len), Some(1), "{answer}");
        answer["messages"][0]["content"].as_str().expect("a text").to_owned()
    }

    pub(crate) async fn ends(&self, status: &str) -> (StatusCode, Value) {
        self.call(Method::PUT, &self.path("/status"), Some(json!({ "status": status }))).await
    }

    /// Says something and gets the answer as events, all of them.
    pub(crate) async fn streams(&self, text: &str) -> Vec<Told> {
        let request = self.request(Method::POST, &self.path("")).header(header::ACCEPT, "text/event-stream");
        let answer = request.json(&json!({ "message": text })).send().await.expect("an answer");
        Stream::of(answer).await.rest().await
    }

    pub(crate) async fn follows(&self, last: Option<&str>) -> Stream {
        let request = self.request(Method::GET, &self.path("/stream"));
        let request = match last {
            Some(last) => request.header("Last-Event-ID", last),
            None => request,
        };
        Stream::of(request.send().await.expect("an answer")).await
    }

    /// A path of its conversation.
    pub(crate) fn path(&self, more: &str) -> String {
        format!("/{}{more}", self.transcript)
    }
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

/// A stream of events that is being read.
pub(crate) struct Stream {
    response: Response,
    read: String,
}

impl Stream {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, kind) = (response.status(), response.headers().get(header::CONTENT_TYPE).cloned());
        if status.is_success() {
            assert_eq!(kind.expect("a media type"), "text/event-stream");
            return Self { response, read: String::new() };
        }
        panic!("{status}: {}", response.text().await.expect("a body"));
    }

    /// The next event; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let told = read(event);
                self.read = rest.to_owned();
                return Some(told);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk()).await;
            let chunk = chunk.expect("something is told in time").expect("the stream is whole")?;
            self.read.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// The next event that is no heartbeat.
    pub(crate) async fn news(&mut self) -> Told {
        loop {
            let told = self.next().await.expect("the stream goes on");
            if told.name != "heartbeat" {
                return told;
            }
        }
    }

    /// The next event of a name.
    pub(crate) async fn until(&mut self, name: &str) -> Told {
        loop {
            let told = self.next().await.unwrap_or_else(|| panic!("the stream ends without {name}"));
            if told.name == name {
                return told;
            }
        }
    }

    /// All that is left.
    pub(crate) async fn rest(mut self) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            all.push(told);
        }
        all
    }
}

fn read(event: &str) -> Told {
    let field = |name: &str| {
        let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::to_owned)
    };
    let data = field("data").expect("an event has data");
    Told {
        name: field("event").expect("an event has a name"),
        id: field("id"),
        data: serde_json::from_str(&data).expect("JSON"),
    }
}

/// The names of events.
pub(crate) fn names(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.name.as_str()).collect()
}
