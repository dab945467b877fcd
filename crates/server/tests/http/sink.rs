//! An endpoint for webhooks that notes what it hears and answers as it is told.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

/// What the endpoint answers to an event.
type Answers = Box<dyn FnMut(&Value) -> u16 + Send>;

/// A delivery that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) event: Value,
    pub(crate) status: u16,
}

impl Heard {
    pub(crate) fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().expect("text")
    }

    pub(crate) fn kind(&self) -> &str {
        self.event["type"].as_str().expect("a type")
    }

    pub(crate) fn seq(&self) -> u64 {
        self.event["data"]["seq"].as_u64().expect("a number")
    }

    pub(crate) fn verifies(&self, secret: &str) -> bool {
        let webhook = standardwebhooks::Webhook::new(secret).expect("a secret");
        webhook.verify(&self.body, &self.headers).is_ok()
    }
}

#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Sink {
    /// Takes everything until it is told otherwise.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let answers: Answers = Box::new(|_| 204);
        let sink = Self { port, heard: Arc::default(), answers: Arc::new(Mutex::new(answers)) };
        let router = Router::new().route("/hook", post(take)).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        sink
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(crate) fn answer(&self, answers: impl FnMut(&Value) -> u16 + Send + 'static) {
        *self.answers.lock() = Box::new(answers);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().clone()
    }

    /// What it took, in the order in which it did.
    pub(crate) fn taken(&self) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.status < 300).collect()
    }

    pub(crate) fn forget(&self) {
        self.heard.lock().clear();
    }

    /// Waits until it took so many.
    pub(crate) async fn takes(&self, count: usize) -> Vec<Heard> {
        for _ in 0..1_000 {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{count} deliveries are expected: {:?}", self.heard());
    }

    /// Waits until it heard so many, whatever it answered.
    pub(crate) async fn hears(&self, count: usize) -> Vec<Heard> {
        for _ in 0..1_000 {
            let heard = self.heard();
            if heard.len() >= count {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{count} attempts are expected: {:?}", self.heard());
    }
}

async fn take(State(sink): State<Sink>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let event: Value = serde_json::from_slice(&body).expect("JSON");
    // Both at once, so that what is heard is in the order of the answers.
    let mut heard = sink.heard.lock();
    let mut answers = sink.answers.lock();
    let status = (*answers)(&event);
    heard.push(Heard { headers, body, event, status });
    StatusCode::from_u16(status).expect("a status")
}
