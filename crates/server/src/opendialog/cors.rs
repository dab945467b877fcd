//! Which pages of other sites may call the Chat API from a browser (spec/opendialog.md §5.1.1).
//!
//! A preflight does not say which agent is meant, so it is answered for any agent that would let the
//! origin in; the request itself is answered for its own agent.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    app::{App, bearer, host_label, text},
    directory::{KnownAgent, Snapshot},
};

const ALLOWED_HEADERS: &str = "authorization, content-type, opendialog-user-id, opendialog-scenario-id, x-csrf-token, \
                               x-xsrf-token, x-request-id, x-parlance-visitor-token";

/// Answers preflights, and marks answers that the calling page may read.
pub(crate) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else { return next.run(request).await };
    let known = app.directory.now();
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if preflight {
        let tenant = host_label(request.headers()).and_then(|label| known.tenant(label)).map(|tenant| tenant.id());
        let allowed = known.agents(tenant).any(|agent| lets_in(agent, &origin));
        let mut response = StatusCode::NO_CONTENT.into_response();
        if allowed {
            let headers = response.headers_mut();
            allow(headers, origin);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        }
        return response;
    }
    let allowed = match agent(&known, request.headers()) {
        Some(agent) => lets_in(&agent, &origin),
        // A request that names nothing reaches only agents that ask for no key.
        None => {
            let mut open =
                known.agents(None).filter(|agent| !agent.settings.security.app_key_on_older_paths).peekable();
            open.peek().is_some() && open.all(|agent| lets_in(agent, &origin))
        }
    };
    let mut response = next.run(request).await;
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    if allowed {
        allow(response.headers_mut(), origin);
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    let exposed = HeaderValue::from_static("content-disposition, retry-after, x-request-id");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// The agent that a request's headers name: by scenario where it is named, else by app key.
fn agent(known: &Snapshot, headers: &HeaderMap) -> Option<Arc<KnownAgent>> {
    let by_key = bearer(headers).and_then(|key| known.by_app_key(key))?;
    let named = text(headers, "opendialog-scenario-id").and_then(|name| known.named(&by_key.tenant, name));
    Some(named.map_or_else(|| by_key.clone(), |named| named.agent))
}

fn lets_in(agent: &KnownAgent, origin: &HeaderValue) -> bool {
    let security = &agent.settings.security;
    !security.cors || security.allowed_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
}
