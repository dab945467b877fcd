//! Flows over the API as an integrator sets them up, and web chats with them as visitors have them.

use std::{
    io,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    http::Connection,
    load::{LoadReport, Tally, Terms, Until, ask, in_words, run_clients},
    parlance::TENANT,
};

/// What visitors say to a flow that repeats it.
pub const HELLO: &str = "Hello there";

/// What visitors say to a flow that calls a function.
pub const SUM: &str = "Please add two and three";

/// What its answer is.
pub const SUM_ANSWER: &str = "It is 5.";

/// The name of the script that plays a model, and of the model at a server of models.
const MODEL: &str = "bench";

/// Who plays the language model.
#[derive(Debug, Clone, Copy)]
pub enum Model {
    /// A script within the server, which takes no time.
    Script,
    /// A server that speaks OpenAI's protocol.
    Server(SocketAddr),
}

/// The REST API of a server, with a token of the tenant.
#[derive(Debug, Clone)]
pub struct Api {
    address: SocketAddr,
    token: String,
}

impl Api {
    /// With an API token.
    pub fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token }
    }

    /// Makes a flow that a visitor may talk to; its chat code. With `function` it has a function in JavaScript, which
    /// the model calls when it is asked to add.
    ///
    /// # Errors
    /// When the server refuses something.
    pub async fn make_flow(&self, name: &str, model: Model, function: bool) -> io::Result<String> {
        let provider = match model {
            Model::Script => {
                self.put(&format!("model-scripts/{MODEL}"), &script()).await?;
                "scripted"
            }
            Model::Server(address) => {
                let base = json!({ "value": format!("http://{address}/v1") });
                self.put("environment/CompatibleModels.BaseUrl", &base).await?;
                "compatible"
            }
        };
        let functions = if function { vec![self.make("functions", &adding(), "id").await?] } else { Vec::new() };
        let flow = json!({
            "name": name,
            "states": [{ "id": "talk", "name": "Talk", "thought": "Answer in a word or two.", "functions": functions }],
            "transitions": [],
            "configuration": {
                "opening": "silent", "model": { "provider": provider, "name": MODEL, "streaming": false }
            },
        });
        let flow = self.make("flows/handlers", &flow, "id").await?;
        self.exchange("POST", &format!("flows/handlers/{flow}/snapshots"), &json!({})).await?;
        let point = json!({ "friendlyName": name, "channelType": "Web", "flowId": flow, "version": 1 });
        self.make("points-of-contact", &point, "chatCode").await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> io::Result<()> {
        self.exchange("PUT", path, body).await.map(drop)
    }

    /// Makes something; a text of what was made.
    pub(crate) async fn make(&self, path: &str, body: &Value, field: &str) -> io::Result<String> {
        let made = self.exchange("POST", path, body).await?;
        let text = made[field].as_str().map(str::to_owned);
        text.ok_or_else(|| io::Error::other(format!("{path}: the answer has no `{field}`")))
    }

    async fn exchange(&self, method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let (body, address) = (body.to_string(), self.address);
        let head = format!("{method} /api/v1/{TENANT}/{path} HTTP/1.1\r\nHost: {address}\r\n");
        let request = format!(
            "{head}Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len(),
        );
        let mut connection = Connection::open(address).await?;
        let response = connection.exchange(request.as_bytes()).await?;
        if !(200..300).contains(&response.status) {
            return Err(io::Error::other(format!("{method} {path}: {}", in_words(response))));
        }
        Ok(serde_json::from_slice(response.body)?)
    }
}

/// The model says what was said, or calls the function and says what it answered.
fn script() -> Value {
    json!({
        "rules": [
            { "when": { "tool_result_of": "add" }, "then": { "say": "It is {{tool_result}}." } },
            { "when": { "text_contains": "add", "tool_offered": "add" },
              "then": { "call": [{ "name": "add", "arguments": { "a": 2, "b": 3 } }] } },
        ],
        "otherwise": { "say": "You said: {{last_user}}" },
    })
}

fn adding() -> Value {
    let number = |name: &str| json!({ "name": name, "type": "number", "required": true });
    json!({
        "name": "add", "description": "Adds two numbers.", "parameters": [number("a"), number("b")],
        "code": { "type": "java_script", "source": "return { response: parameters.a + parameters.b };" },
    })
}

/// A `POST` of web chat v2 with a chat link.
pub fn chat_request(address: SocketAddr, code: &str, path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST /api/org/{TENANT}/v2/webchat{path} HTTP/1.1\r\nHost: {address}\r\n\
         X-DialAi-Chat-Link: Bearer {code}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    )
    .into_bytes()
}

/// Begins a conversation: its id.
///
/// # Errors
/// In words, when the server refuses it or is gone.
pub async fn begin(connection: &mut Option<Connection>, address: SocketAddr, code: &str) -> Result<String, String> {
    let response = ask(connection, address, &chat_request(address, code, "", &json!({}))).await?;
    if response.status != 201 {
        return Err(in_words(response));
    }
    let begun: Value = serde_json::from_slice(response.body).map_err(|error| error.to_string())?;
    begun["transcriptId"].as_str().map(str::to_owned).ok_or_else(|| "no `transcriptId` in the answer".into())
}

/// Visitors who each have one conversation after the other.
#[derive(Debug, Clone)]
pub struct ChatPlan {
    /// The server.
    pub address: SocketAddr,
    /// The chat code of the flow's point of contact.
    pub code: String,
    /// What is said in each turn.
    pub says: &'static str,
    /// What must be in each answer.
    pub hears: &'static str,
    /// Visitors at once.
    pub clients: usize,
    /// Turns of a conversation; its beginning is not counted among them.
    pub turns: u64,
    /// Time at the beginning that is not counted.
    pub warm_up: Duration,
    /// When to stop.
    pub until: Until,
}

/// Takes turns with a flow on the calling thread.
///
/// # Errors
/// When the runtime cannot be made. A server that fails is in the report.
pub fn run(plan: &ChatPlan) -> io::Result<LoadReport> {
    let terms = Terms { clients: plan.clients, first_number: 1, warm_up: plan.warm_up, until: plan.until };
    run_clients(terms, |_, tally| visitor(plan.clone(), tally))
}

async fn visitor(plan: ChatPlan, tally: Rc<Tally>) {
    let mut connection = None;
    let mut request = Vec::new();
    let mut left = 0;
    while tally.next_number().is_some() {
        let mut outcome = Ok(());
        if left == 0 {
            match begin(&mut connection, plan.address, &plan.code).await {
                Ok(transcript) => {
                    let body = json!({ "message": plan.says });
                    request = chat_request(plan.address, &plan.code, &format!("/{transcript}"), &body);
                    left = plan.turns;
                }
                Err(failure) => outcome = Err(format!("beginning a conversation: {failure}")),
            }
        }
        let sent = Instant::now();
        if outcome.is_ok() {
            outcome = say(&mut connection, plan.address, &request, plan.hears).await;
        }
        left = left.saturating_sub(1);
        if outcome.is_err() {
            (connection, left) = (None, 0);
        }
        tally.count(sent, outcome).await;
    }
}

/// Says something and looks at the answer.
async fn say(
    connection: &mut Option<Connection>,
    address: SocketAddr,
    request: &[u8],
    hears: &str,
) -> Result<(), String> {
    let response = ask(connection, address, request).await?;
    // A flow whose model fails says so in a good answer.
    let heard = response.body.windows(hears.len()).any(|part| part == hears.as_bytes());
    if response.status == 200 && heard { Ok(()) } else { Err(in_words(response)) }
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, http::StatusCode, routing::post};

    use super::*;

    /// Answers every third message with an apology.
    async fn serve() -> SocketAddr {
        let said = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let begin = async || (StatusCode::CREATED, Json(json!({ "transcriptId": "t" })));
        let say = async move || {
            let sorry = said.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 3 == 2;
            let content = if sorry { "I am sorry" } else { "You said: Hello there" };
            Json(json!({ "messages": [{ "role": "agent", "content": content }] }))
        };
        let path = format!("/api/org/{TENANT}/v2/webchat");
        let router = Router::new().route(&path, post(begin)).route(&format!("{path}/t"), post(say));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, router).await });
        address
    }

    #[test]
    fn an_apology_is_no_answer() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = runtime.block_on(serve());
        let report = run(&ChatPlan {
            address,
            code: "code".into(),
            says: HELLO,
            hears: HELLO,
            clients: 1,
            turns: 10,
            warm_up: Duration::ZERO,
            until: Until::Answers(9),
        })
        .unwrap();
        assert_eq!((report.answers, report.failures, report.taken), (6, 3, 9));
        assert!(report.first_failure.unwrap().contains("I am sorry"));
    }
}
