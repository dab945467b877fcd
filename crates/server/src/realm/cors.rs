//! Which pages of other sites may call the realm from a browser (Fetch, "CORS protocol"): programs that sign people
//! in with PKCE and have no server of their own.
//!
//! What is public anybody may read. Tokens may be asked for by pages of the origins to which a registered client has
//! codes sent. No cookie counts at these endpoints, so none is allowed along.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::refusal::OauthRefusal;
use crate::app::App;

const ANYBODY: HeaderValue = HeaderValue::from_static("*");
const HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, x-request-id");
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after, www-authenticate, x-request-id");

/// Around what is public.
pub(crate) async fn for_anybody(request: Request, next: Next) -> Response {
    let mut response = if is_preflight(&request) { preflight("GET, OPTIONS") } else { next.run(request).await };
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
    response
}

/// Around what programs call for those who sign in.
pub(crate) async fn for_clients(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = match origin.as_ref().and_then(|origin| origin.to_str().ok()) {
        Some(origin) => match app.realm.clients.is_origin(origin).await {
            Ok(allowed) => allowed,
            Err(error) => return OauthRefusal::from(error).into_response(),
        },
        None => false,
    };
    let mut response = match (is_preflight(&request), allowed) {
        (false, _) => next.run(request).await,
        (true, true) => preflight("GET, POST, OPTIONS"),
        (true, false) => StatusCode::NO_CONTENT.into_response(),
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.filter(|_| allowed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

/// Whether a browser asks what a page may do, before it does it.
fn is_preflight(request: &Request) -> bool {
    let asks = [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD];
    request.method() == Method::OPTIONS && asks.iter().all(|name| request.headers().contains_key(name))
}

fn preflight(methods: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}
