//! Changing only what one has read: answers carry their revision as `ETag`, changes may name it as `If-Match`
//! (RFC 9110 §13.1.1).

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    app::{App, text},
    problem::Problem,
};

/// The revision that a caller means to change; whatever there is when they do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct IfMatch(Option<u64>);

impl IfMatch {
    /// The revision to change, unless the caller means another.
    pub(super) fn of(self, present: u64) -> Result<u64, Problem> {
        match self.0 {
            Some(meant) if meant != present => Err(Problem::stale(present)),
            _ => Ok(present),
        }
    }
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        let Some(tag) = text(&parts.headers, header::IF_MATCH.as_str()) else { return Ok(Self(None)) };
        if tag.trim() == "*" {
            return Ok(Self(None));
        }
        let revision = tag.trim().trim_matches('"').parse();
        let revision = revision.map_err(|_| {
            Problem::invalid("If-Match", "It is no revision.", "Send the `ETag` of the answer that you changed.")
        })?;
        Ok(Self(Some(revision)))
    }
}

/// An answer with its revision.
pub(super) struct Revised<B>(pub(super) u64, pub(super) B);

impl<B: IntoResponse> IntoResponse for Revised<B> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.0)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}
