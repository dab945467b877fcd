//! How the public APIs say no: the bodies of spec/opendialog.md §1.1.

use std::time::Duration;

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use runtime::{access::Scope, documents::DocumentError};
use serde_json::json;
use store::StoreError;

use super::super::refusal::{ErrorBody, Violations};
use crate::{challenge::Challenge, intake::IntakeError, rate_limits::Allowance};

/// Why a request of the public APIs was refused; nothing was changed.
#[derive(Debug)]
pub(crate) enum PublicRefusal {
    /// No token, or one that is not good (row OD-P01).
    Unauthenticated(Challenge),
    /// The token's user may not do this (row OD-P05): it lacks the scope.
    Forbidden(Scope),
    /// The tenant does not use this feature (§1.6, row DA-D11).
    SwitchedOff,
    /// It is not there (row OD-P06); the message is the endpoint's.
    NotFound(&'static str),
    /// A query value that is answered 400 (row OD-E03).
    BadRequest(&'static str),
    /// Fields that are missing or wrong, under the fixed sentence (row OD-P07).
    Invalid(Violations),
    /// The same, under the first complaint, as the newer endpoints say it (§1.1, A2).
    InvalidFirst(Violations),
    /// Called too often (row OD-P08); the message is the endpoint's.
    TooMany(&'static str, Allowance),
    /// The body is not what the endpoint reads.
    Body(StatusCode, String),
    /// Too much to do; try again.
    Busy(Duration),
    /// Our fault: the cause goes to the log, the message is the endpoint's.
    Broken(&'static str, String),
}

/// What 429 says where the contract has no words of its own.
pub(crate) const TOO_MANY: &str = "Too many requests. Please try again later.";
/// What 500 says where the contract has no words of its own.
pub(crate) const BROKEN: &str = "An error occurred while processing your request.";

impl From<StoreError> for PublicRefusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded { retry_after } => Self::Busy(retry_after),
            StoreError::Closed | StoreError::Unavailable { .. } => {
                tracing::warn!(%error, "the store could not serve a request");
                Self::Busy(Duration::from_secs(1))
            }
            other => Self::Broken(BROKEN, other.to_string()),
        }
    }
}

impl From<DocumentError> for PublicRefusal {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NotFound { .. } => Self::NotFound("Resource not found."),
            DocumentError::Invalid { field, complaint } => Self::Invalid(Violations::of(&field, complaint)),
            DocumentError::Store(error) => error.into(),
            other => Self::Broken(BROKEN, other.to_string()),
        }
    }
}

impl From<IntakeError> for PublicRefusal {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::NotJson => {
                Self::Body(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The Content-Type must be application/json.".to_owned())
            }
            IntakeError::TooLarge(limit) => {
                Self::Body(StatusCode::PAYLOAD_TOO_LARGE, format!("The request body is larger than {limit} bytes."))
            }
            IntakeError::Incomplete => {
                Self::Body(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time.".to_owned())
            }
        }
    }
}

impl From<Violations> for PublicRefusal {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl IntoResponse for PublicRefusal {
    fn into_response(self) -> Response {
        let say = |status: StatusCode, message: &str| (status, Json(json!({ "message": message }))).into_response();
        match self {
            Self::Unauthenticated(challenge) => {
                let mut response = say(StatusCode::UNAUTHORIZED, "Unauthenticated.");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.header());
                response
            }
            Self::Forbidden(scope) => {
                let mut response = say(StatusCode::FORBIDDEN, "This action is unauthorized.");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, Challenge::Scope(scope).header());
                response
            }
            Self::SwitchedOff => say(StatusCode::FORBIDDEN, "This action is unauthorized."),
            Self::NotFound(message) => say(StatusCode::NOT_FOUND, message),
            Self::BadRequest(message) => say(StatusCode::BAD_REQUEST, message),
            Self::Invalid(errors) => {
                let body = ErrorBody::of("The given data was invalid.".to_owned(), errors);
                (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
            }
            Self::InvalidFirst(errors) => {
                let message = errors.first().unwrap_or("The given data was invalid.").to_owned();
                (StatusCode::UNPROCESSABLE_ENTITY, Json(ErrorBody::of(message, errors))).into_response()
            }
            Self::TooMany(message, allowance) => {
                let mut response = say(StatusCode::TOO_MANY_REQUESTS, message);
                allowance.tell(response.headers_mut());
                response
            }
            Self::Body(status, message) => say(status, &message),
            Self::Busy(after) => {
                let mut response = say(StatusCode::SERVICE_UNAVAILABLE, "The server is busy. Try again.");
                response.headers_mut().insert(header::RETRY_AFTER, after.as_secs().max(1).into());
                response
            }
            Self::Broken(message, cause) => {
                tracing::error!(%cause, "a request of the public APIs failed");
                (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": message }))).into_response()
            }
        }
    }
}
