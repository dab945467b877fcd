//! Which pages of other sites may call the web chat from a browser: any where the point of contact names none, else
//! those that it names. A preflight does not carry the link, so it is answered for every page; the request itself is
//! answered for its own link. No cookie counts here, so none is allowed along.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::access;
use crate::app::{App, text};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, OPTIONS");
const HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, last-event-id, x-dialai-chat-link, x-request-id");
const EXPOSED: HeaderValue = HeaderValue::from_static("retry-after, www-authenticate, x-request-id");

/// Answers preflights, and marks answers that the calling page may read.
pub(crate) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return next.run(request).await };
    let asks = request.method() == Method::OPTIONS;
    if asks && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        return response;
    }
    let own = app.public_url(request.headers());
    let code = access::code(request.headers());
    let known = code.and_then(|code| app.directory.now().by_chat_code(code).cloned());
    let allowed = known.is_none_or(|known| known.admits(text(request.headers(), header::ORIGIN.as_str()), &own));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}
