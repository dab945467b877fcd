//! What operators and their machines ask: is it alive, is it ready, how does it go.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::{App, Shared},
    challenge::Challenge,
    problem::Problem,
    serve::Peer,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// Whether the process answers at all.
#[utoipa::path(
    get, path = "/healthz", tag = "Operations", operation_id = "healthz",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain"))
)]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether the store can be read, so that requests can be sent here.
#[utoipa::path(
    get, path = "/readyz", tag = "Operations", operation_id = "readyz",
    responses(
        (status = 200, description = "It can", body = String, content_type = "text/plain"),
        (status = 503, description = "It cannot", body = String, content_type = "text/plain"),
    )
)]
async fn readyz(app: State<App>) -> Response {
    match app.tenants.list().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response()
        }
    }
}

/// Prometheus metrics. Callers on this machine need no token; others an API token of any tenant,
/// unless the configuration opens it.
#[utoipa::path(
    get, path = "/metrics", tag = "Operations", operation_id = "metrics",
    responses(
        (status = 200, description = "In Prometheus' text format", body = String, content_type = "text/plain"),
        (status = 401, description = "From elsewhere and without a token", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("api_token" = []))
)]
async fn metrics(app: State<App>, peer: Peer, headers: HeaderMap) -> Response {
    if !may_see(&app, &peer, &headers) {
        return Problem::unauthenticated(Challenge::of(&headers)).into_response();
    }
    if let Ok(lag) = app.runtime.store().projection_lag() {
        metrics::gauge!("parlance_projection_lag_records").set(lag as f64);
    }
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (content_type, app.prometheus.render()).into_response()
}

fn may_see(app: &Shared, peer: &Peer, headers: &HeaderMap) -> bool {
    let near = peer.ip().is_loopback() && !(app.options.trust_forwarded && headers.contains_key("x-forwarded-for"));
    near || app.options.open_metrics
        || crate::app::bearer(headers).is_some_and(|token| app.directory.now().by_token(token).is_some())
}
