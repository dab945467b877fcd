//! Who may use the API: the bearer of a token of the tenant that the path names; and reading what
//! they send.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{header, request::Parts},
};
use model::TenantId;
use serde::de::DeserializeOwned;

use crate::{
    app::{App, bearer, text},
    directory::KnownTenant,
    problem::Problem,
};

/// A caller that may act for a tenant. A handler that takes it cannot be reached without one.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Arc<KnownTenant>);

impl Caller {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.0.id()
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        let known = app.directory.now();
        let tenant = known.by_token(token).ok_or_else(Problem::unauthenticated)?.clone();
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::unauthenticated())?;
        // A tenant of somebody else and one that does not exist are told apart by nobody.
        if path.get("tenant").map(String::as_str) != Some(tenant.id().as_str()) {
            return Err(Problem::unauthenticated());
        }
        Ok(Self(tenant))
    }
}

/// Parts of the path, typed; a part that is not of its type names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = parts.uri.path().to_owned();
        let Path(named) = Path::from_request_parts(parts, app).await.map_err(|_| Problem::not_found("resource", &path))?;
        Ok(Self(named))
    }
}

/// A query string, typed; what does not fit is reported.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let asked = axum::extract::Query::from_request_parts(parts, app).await;
        let axum::extract::Query(asked) = asked.map_err(|error| {
            Problem::invalid("query", error.body_text(), "Send the query values that the API describes.")
        })?;
        Ok(Self(asked))
    }
}

/// The largest body of the API but for scenario files.
const MAX_BODY: usize = 1 << 20;

/// A JSON body, typed.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let body = body(request, app, MAX_BODY).await?;
        let value = serde_json::from_slice(&body)
            .map_err(|error| Problem::invalid("body", error.to_string(), "Send the JSON that the API describes."))?;
        Ok(Self(value))
    }
}

/// A JSON body as bytes, bounded in size and time.
pub(crate) async fn body(request: Request, app: &App, limit: usize) -> Result<Bytes, Problem> {
    let kind = text(request.headers(), header::CONTENT_TYPE.as_str()).unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::not_json());
    }
    let bytes = tokio::time::timeout(app.options.body_timeout, axum::body::to_bytes(request.into_body(), limit));
    match bytes.await {
        Err(_) => Err(Problem::slow_body()),
        Ok(bytes) => bytes.map_err(|_| Problem::too_large(limit)),
    }
}
