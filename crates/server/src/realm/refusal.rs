//! How the realm says no to programs: RFC 6749 §5.2, and RFC 6750 §3 for bearers.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use runtime::documents::DocumentError;
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use super::parameters::Repeated;

/// Why a token is not given.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OauthError {
    /// A word of RFC 6749 §5.2 or of the extension that was used.
    #[schema(example = "invalid_grant")]
    error: &'static str,
    /// What is wrong, for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<Cow<'static, str>>,
}

/// A refusal.
#[derive(Debug)]
pub(super) struct OauthRefusal {
    status: StatusCode,
    body: OauthError,
    challenge: Option<&'static str>,
    retry_after: Option<u64>,
}

impl OauthRefusal {
    pub(super) fn new(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        let body = OauthError { error, error_description: Some(description.into()) };
        Self { status: StatusCode::BAD_REQUEST, body, challenge: None, retry_after: None }
    }

    pub(super) fn request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn grant(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_grant", description)
    }

    /// A client that is unknown or does not prove itself; which of the two is not told.
    pub(super) fn client() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some("Basic realm=\"dial-ai\""),
            ..Self::new("invalid_client", "the client is not known or does not prove itself")
        }
    }

    /// A bearer that is not good (RFC 6750 §3.1).
    pub(super) fn bearer() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            challenge: Some("Bearer realm=\"dial-ai\", error=\"invalid_token\""),
            ..Self::new("invalid_token", "the access token is missing or not good")
        }
    }

    /// A bearer that may not do this.
    pub(super) fn scope(scope: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            challenge: Some("Bearer realm=\"dial-ai\", error=\"insufficient_scope\""),
            ..Self::new("insufficient_scope", format!("the access token lacks the scope `{scope}`"))
        }
    }

    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl From<Repeated> for OauthRefusal {
    fn from(Repeated(name): Repeated) -> Self {
        Self::request(format!("`{name}` stands there more than once"))
    }
}

impl From<DocumentError> for OauthRefusal {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::Store(
                StoreError::Closed | StoreError::Unavailable { .. } | StoreError::Overloaded { .. },
            )
            | DocumentError::Conflict { .. } => {
                let refusal = Self::new("temporarily_unavailable", "nothing was changed: try again in a moment");
                Self { retry_after: Some(1), ..refusal }.with_status(StatusCode::SERVICE_UNAVAILABLE)
            }
            error => {
                tracing::error!(%error, "the realm failed");
                let refusal = Self::new("server_error", "the cause is in the server's log");
                refusal.with_status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

impl IntoResponse for OauthRefusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
