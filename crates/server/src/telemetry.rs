//! Metrics and request ids: what an operator sees of the traffic.

use std::time::Duration;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use metrics::{Histogram, counter, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Buckets of durations, in seconds.
const BUCKETS: [f64; 11] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Starts collecting metrics, once per process.
pub fn install_metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .expect("there are buckets")
        .build_recorder();
    let handle = recorder.handle();
    // In tests several servers share a process; the first one collects for all.
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("metrics are collected already");
    }
    handle
}

/// Meters of the hot path, looked up once.
pub(crate) struct Meters {
    answered: Histogram,
    refused: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            answered: histogram!("parlance_message_seconds", "outcome" => "answered"),
            refused: histogram!("parlance_message_seconds", "outcome" => "failed"),
        }
    }

    /// A message was answered, or could not be.
    pub(crate) fn turn(&self, took: Duration, answered: bool) {
        let meter = if answered { &self.answered } else { &self.refused };
        meter.record(took.as_secs_f64());
    }
}

/// Gives each request an id, counts its answer, and logs it.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(&REQUEST_ID).filter(|id| acceptable(id)).cloned().unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        let text = Uuid::new_v4().simple().encode_lower(&mut text);
        HeaderValue::from_str(text).expect("hexadecimal digits")
    });
    // Only routes as they are declared: a label for each path that a stranger thinks of would be without bound.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let mut response = next.run(request).await;
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let status = response.status();
    counter!("parlance_http_requests_total", "route" => route.to_owned(), "status" => status.as_str().to_owned())
        .increment(1);
    if status.is_server_error() {
        tracing::warn!(%method, route, status = status.as_u16(), request_id = ?id, "request failed");
    } else {
        tracing::debug!(%method, route, status = status.as_u16(), request_id = ?id, "request");
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// A caller's own id is taken over when it is short and harmless in a log.
fn acceptable(id: &HeaderValue) -> bool {
    (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}
