//! A service on this machine that functions call, and a server that may call it.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::app::TestApp;

type Heard = Arc<Mutex<Vec<String>>>;

/// The service: `/slots` answers, `/slow` does not in time, `/away?to=` sends elsewhere.
pub(crate) struct Neighbour {
    port: u16,
    heard: Heard,
}

/// A server that may call addresses of this machine.
pub(crate) async fn near() -> TestApp {
    let allow = vec!["127.0.0.0/8".parse().expect("a network")];
    TestApp::start_with(|options| options.outbound_allow = allow).await
}

async fn note(State(heard): State<Heard>, request: Request, next: Next) -> Response {
    heard.lock().push(request.uri().path().to_owned());
    next.run(request).await
}

async fn slots() -> Json<Value> {
    Json(json!({ "free": 3 }))
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_secs(60)).await;
    "late"
}

async fn away(request: Request) -> Response {
    match request.uri().query().and_then(|query| query.strip_prefix("to=")) {
        Some(to) => (StatusCode::FOUND, [(header::LOCATION, to.to_owned())]).into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

impl Neighbour {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Heard::default();
        let service = Router::new()
            .route("/slots", get(slots))
            .route("/slow", get(slow))
            .route("/away", get(away))
            .layer(from_fn_with_state(heard.clone(), note));
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { port, heard }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The paths that were called.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().clone()
    }

    /// Lets the functions of the tenant call it, and nothing else.
    pub(crate) async fn is_allowed(&self, app: &TestApp) {
        let hosts = json!({ "value": format!("127.0.0.1:{}", self.port) });
        let (status, answer) = app.integrator(Method::PUT, "environment/Javascript.AllowedDomains", Some(hosts)).await;
        assert_eq!(status, 200, "{answer}");
    }
}
