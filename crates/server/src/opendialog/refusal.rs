//! How the Chat API says no: the vendor's documented error bodies (spec/opendialog.md §1.1, §5).

use std::time::Duration;

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use indexmap::IndexMap;
use runtime::{TurnError, files::FileError, jwks::TokenError};
use serde::Serialize;
use store::StoreError;

use crate::intake::IntakeError;

/// What is wrong with a request, by field, in the order in which it was found.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Violations(IndexMap<String, Vec<String>>);

impl Violations {
    /// One complaint about one field.
    pub(crate) fn of(field: &str, complaint: impl Into<String>) -> Self {
        let mut violations = Self::default();
        violations.add(field, complaint);
        violations
    }

    pub(crate) fn add(&mut self, field: &str, complaint: impl Into<String>) {
        self.0.entry(field.to_owned()).or_default().push(complaint.into());
    }

    /// Whether nothing was complained about.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first complaint.
    pub(crate) fn first(&self) -> Option<&str> {
        self.0.values().flatten().next().map(String::as_str)
    }

    /// The value when nothing was complained about.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Refusal> {
        if self.0.is_empty() { Ok(value) } else { Err(Refusal::Invalid(self)) }
    }
}

/// Why a Chat API request was refused; nothing was changed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// App key or anonymous token missing or wrong.
    Unauthenticated,
    /// No issuer of the tenant stands by the visitor's token.
    VisitorToken(TokenError),
    /// The CSRF header is missing or does not repeat the cookie.
    CsrfMismatch,
    /// The tenant does not use this feature (row DA-D11).
    SwitchedOff,
    /// Fields that are missing or wrong.
    Invalid(Violations),
    /// The old configuration answers plain text.
    Plain(&'static str),
    /// More bytes than this.
    TooLarge(usize),
    /// The tenant's files take all the room that they may.
    NoRoom,
    /// Not JSON by its own account.
    NotJson,
    /// The body did not arrive in time.
    SlowBody,
    /// Too much to do; try again.
    Busy(Duration),
    /// It took too long.
    TimedOut,
    /// Our fault; the cause is in the log.
    Broken(String),
}

/// The vendor's error body.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ErrorBody {
    /// What happened.
    message: String,
    /// Complaints by field.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, Vec<String>>>)]
    errors: Option<Violations>,
}

impl ErrorBody {
    pub(crate) fn of(message: String, errors: Violations) -> Self {
        Self { message, errors: Some(errors) }
    }
}

impl From<Violations> for Refusal {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::NotJson => Self::NotJson,
            IntakeError::TooLarge(limit) => Self::TooLarge(limit),
            IntakeError::Incomplete => Self::SlowBody,
        }
    }
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Invalid { field, complaint } => Violations::of(field, complaint).into(),
            FileError::TooLarge(limit) => Self::TooLarge(limit),
            FileError::TooMany(most) => {
                Violations::of("file", format!("A visitor may send {most} files. No more are kept.")).into()
            }
            FileError::Full(_) => Self::NoRoom,
            FileError::Disk { .. } => Self::Broken(error.to_string()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded { retry_after } => Self::Busy(retry_after),
            StoreError::Closed | StoreError::Unavailable { .. } => {
                tracing::warn!(%error, "the store could not serve a request");
                Self::Busy(Duration::from_secs(1))
            }
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<TurnError> for Refusal {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::UnknownAgent | TurnError::UnknownTranscript | TurnError::GoneOn | TurnError::Refused(_) => {
                Self::Invalid(Violations::of(SCENARIO_FIELD, "The selected scenario is invalid."))
            }
            TurnError::NoActiveVersion => Self::Invalid(Violations::of(
                SCENARIO_FIELD,
                "The selected scenario is a draft. Publish it before it can be used in a chat.",
            )),
            TurnError::Overloaded { retry_after } => Self::Busy(retry_after),
            TurnError::ShuttingDown => Self::Busy(Duration::from_secs(1)),
            TurnError::TimedOut(_) => Self::TimedOut,
            TurnError::Store(error) => error.into(),
            TurnError::Broken(cause) => Self::Broken(cause),
        }
    }
}

/// The field under which a wrong scenario is reported, wherever it was named.
pub(crate) const SCENARIO_FIELD: &str = "selected_scenario";

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let say = |status: StatusCode, message: &str| {
            (status, Json(ErrorBody { message: message.to_owned(), errors: None })).into_response()
        };
        match self {
            Self::Unauthenticated => say(StatusCode::UNAUTHORIZED, "Unauthenticated."),
            Self::VisitorToken(TokenError::Foreign) => {
                say(StatusCode::UNAUTHORIZED, "The visitor's token is not good.")
            }
            Self::VisitorToken(TokenError::Expired) => {
                say(StatusCode::UNAUTHORIZED, "The visitor's token has expired, or is not good yet.")
            }
            Self::CsrfMismatch => say(StatusCode::FORBIDDEN, "CSRF token mismatch."),
            Self::SwitchedOff => say(StatusCode::FORBIDDEN, "This action is unauthorized."),
            Self::Invalid(errors) => {
                let body = ErrorBody { message: "The given data was invalid.".to_owned(), errors: Some(errors) };
                (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
            }
            Self::Plain(text) => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::TooLarge(limit) => {
                say(StatusCode::PAYLOAD_TOO_LARGE, &format!("The request body is larger than {limit} bytes."))
            }
            Self::NoRoom => say(StatusCode::INSUFFICIENT_STORAGE, "There is no room for more files."),
            Self::NotJson => say(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The Content-Type must be application/json."),
            Self::SlowBody => say(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time."),
            Self::Busy(after) => {
                let mut response = say(StatusCode::SERVICE_UNAVAILABLE, "The server is busy. Try again.");
                response.headers_mut().insert(header::RETRY_AFTER, after.as_secs().max(1).into());
                response
            }
            Self::TimedOut => say(StatusCode::SERVICE_UNAVAILABLE, "The answer took too long. Try again."),
            Self::Broken(cause) => {
                tracing::error!(%cause, "a chat request failed");
                say(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
            }
        }
    }
}
