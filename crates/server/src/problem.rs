//! How Parlance's own operations say no: RFC 9457 problem details with stable types.

use std::borrow::Cow;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use dialogue::flow::engine::Refused;
use runtime::{TurnError, access::Scope, documents::DocumentError, jwks::TokenError};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use crate::challenge::Challenge;

/// Why a request was refused, and what to do about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A stable name for the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:parlance:problem:invalid")]
    kind: String,
    /// The kind of problem in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong here, and what to do.
    detail: Cow<'static, str>,
    /// The places that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    #[serde(skip)]
    retry_after: Option<u64>,
    /// What kind of credential would do.
    #[serde(skip)]
    challenge: Option<Challenge>,
}

/// One place that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Where: a field, or the path in a file.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: format!("urn:parlance:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            challenge: None,
        }
    }

    /// No token, or one that is not good, as the challenge says.
    pub(crate) fn unauthenticated(challenge: Challenge) -> Self {
        let detail = "Send an API token of this tenant: `Authorization: Bearer …`. `parlance token create` makes one.";
        let problem =
            Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "The API token is missing or not good", detail);
        Self { challenge: Some(challenge), ..problem }
    }

    /// Nobody has signed in with the browser that calls, and it sends no token.
    pub(crate) fn not_signed_in() -> Self {
        let detail = "Sign in at `/session/sign-in`, or send a token: `Authorization: Bearer …`.";
        let problem = Self::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Nobody is signed in", detail);
        Self { challenge: Some(Challenge::Missing), ..problem }
    }

    /// Somebody who is signed in and not a user of a tenant; one that does not exist looks the same.
    pub(crate) fn not_a_user() -> Self {
        let detail = "Name a tenant that you are a user of: `GET /session` lists them.";
        Self::new(StatusCode::FORBIDDEN, "not-a-user", "You are not a user of this tenant", detail)
    }

    /// What only our own pages may ask of a browser that is signed in.
    pub(crate) fn foreign_page() -> Self {
        let detail =
            "Only pages of this server may ask for it. Programs use the realm's token endpoint or an API token.";
        Self::new(StatusCode::FORBIDDEN, "foreign-page", "The request is not from a page of this server", detail)
    }

    /// A token of the realm whose time is over.
    pub(crate) fn expired() -> Self {
        let detail = "Exchange a new one: tokens of the realm are good for minutes.";
        let problem = Self::new(StatusCode::UNAUTHORIZED, "expired", "The token has expired", detail);
        Self { challenge: Some(Challenge::Expired), ..problem }
    }

    /// A good token that is for something else: another tenant, or the realm itself (row DA-A04).
    pub(crate) fn wrong_audience() -> Self {
        let detail = "Send an API token of the tenant of the path, or exchange your token at the realm's token endpoint \
                      with that tenant as audience.";
        let problem = Self::new(StatusCode::FORBIDDEN, "wrong-audience", "The token is not for this tenant", detail);
        Self { challenge: Some(Challenge::Invalid), ..problem }
    }

    pub(crate) fn forbidden(scope: Scope) -> Self {
        let detail = format!("It needs the scope `{scope}`. Use the token of somebody whose roles hold it.");
        let problem = Self::new(StatusCode::FORBIDDEN, "forbidden", "The token's roles do not allow this", detail);
        Self { challenge: Some(Challenge::Scope(scope)), ..problem }
    }

    /// A chat link that nobody has, or that is good no longer (row DA-A15).
    pub(crate) fn no_chat_link() -> Self {
        let detail = "Send `X-DialAi-Chat-Link: Bearer <chat code>` with the code of an open point of contact.";
        let problem = Self::new(StatusCode::UNAUTHORIZED, "chat-link", "The chat link is not good", detail);
        Self { challenge: Some(Challenge::Invalid), ..problem }
    }

    /// A token beside a chat link that no issuer of the tenant stands by.
    pub(crate) fn bad_visitor_token(error: TokenError) -> Self {
        let (challenge, detail) = match error {
            TokenError::Expired => (Challenge::Expired, "Its time is over: send a new one."),
            TokenError::Foreign => (
                Challenge::Invalid,
                "Beside a chat link, `Authorization` carries a token of one of the tenant's issuers.",
            ),
        };
        let problem = Self::new(StatusCode::UNAUTHORIZED, "visitor-token", "The visitor's token is not good", detail);
        Self { challenge: Some(challenge), ..problem }
    }

    /// A conversation that was begun otherwise than with the chat link (row DA-A14).
    pub(crate) fn not_of_link() -> Self {
        let detail = "A chat link opens the conversations that were begun with it: begin a new one.";
        Self::new(StatusCode::FORBIDDEN, "chat-link", "The chat link does not open this conversation", detail)
    }

    /// Something that only people of the tenant may do.
    pub(crate) fn not_for_links(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "chat-link", "A chat link does not allow this", detail)
    }

    /// A page that may not use the chat link.
    pub(crate) fn wrong_origin() -> Self {
        let detail = "The point of contact names the pages that may use it, and this one is not among them.";
        Self::new(StatusCode::FORBIDDEN, "origin", "The chat link is not for this page", detail)
    }

    /// More often than is allowed.
    pub(crate) fn too_often(retry_after: u64) -> Self {
        let detail = "Wait as long as `Retry-After` says, then send the request again.";
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-often", "Called too often", detail);
        Self { retry_after: Some(retry_after.max(1)), ..problem }
    }

    pub(crate) fn stale_address() -> Self {
        let detail = "Addresses of files are good for 30 minutes. Send the file again, or ask for a new address.";
        Self::new(StatusCode::FORBIDDEN, "stale-address", "The address is not good, or no longer", detail)
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let detail = format!("There is no {what} `{id}` here.");
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::invalid_list(vec![FieldProblem { field: field.into(), message: message.into(), remedy: remedy.into() }])
    }

    /// A JSON body that is not what was expected. The names of our types are nobody's business.
    pub(crate) fn unreadable(error: &serde_json::Error) -> Self {
        let told = error.to_string();
        let message = match told.split_once("expected struct ") {
            Some((before, after)) => {
                let rest = after.find(' ').map_or("", |at| &after[at..]);
                format!("{before}expected an object{rest}")
            }
            None => told,
        };
        Self::invalid("body", message, "Send the JSON that the API describes.")
    }

    pub(crate) fn invalid_list(errors: Vec<FieldProblem>) -> Self {
        let detail = "Put right the places that are named and send the request again. Nothing was changed.";
        let problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Something in the request is wrong", detail);
        Self { errors, ..problem }
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("Send at most {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request body is too large", detail)
    }

    pub(crate) fn slow_body() -> Self {
        let detail = "Send the request again, faster.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow", "The request body did not arrive in time", detail)
    }

    pub(crate) fn not_json() -> Self {
        let detail = "Send JSON, with `Content-Type: application/json`.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The request body is not JSON", detail)
    }

    /// A file of a type that nothing here reads.
    pub(crate) fn unread_type(found: &str, readable: &str) -> Self {
        let detail = format!("Files of the type `{found}` are not read. Send {readable}, with its `Content-Type`.");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unread-type", "Files of this type are not read", detail)
    }

    pub(crate) fn wrong_method() -> Self {
        let detail = "The header `Allow` names the methods that are served at this address.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not served here", detail)
    }

    pub(crate) fn conflict(detail: String) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "It is not as you believe", detail)
    }

    /// Nobody would be left who can administer people.
    pub(crate) fn no_administrator() -> Self {
        let detail = "Nobody would be left whose token may change users. Give somebody else a role with \
                      `users:update`, and a token, first.";
        Self::conflict(detail.to_owned())
    }

    /// Whether another credential could help.
    pub(crate) fn is_unauthenticated(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED.as_u16()
    }

    /// The places that are wrong, of a problem that is about places; another comes back.
    pub(crate) fn into_places(self) -> Result<Vec<FieldProblem>, Self> {
        if self.errors.is_empty() { Err(self) } else { Ok(self.errors) }
    }

    /// It was changed since the caller read it.
    pub(crate) fn stale(revision: u64) -> Self {
        let detail =
            format!("Its revision is {revision} now. Read it again, repeat the change, and send that `If-Match`.");
        Self::new(StatusCode::PRECONDITION_FAILED, "stale", "It was changed meanwhile", detail)
    }

    /// The same, in which fields are called otherwise.
    pub(crate) fn with_fields(mut self, rename: impl Fn(&str) -> String) -> Self {
        for error in &mut self.errors {
            error.field = rename(&error.field);
        }
        self
    }

    fn in_use(detail: String) -> Self {
        Self::new(StatusCode::CONFLICT, "in-use", "Others need it", detail)
    }

    fn busy(retry_after: u64) -> Self {
        let detail = "Nothing was changed. Send the request again in a moment.";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "The server cannot do this now", detail);
        Self { retry_after: Some(retry_after.max(1)), ..problem }
    }

    /// Our fault; the cause goes to the log, not to the caller.
    pub(crate) fn broken(cause: &str) -> Self {
        tracing::error!(%cause, "a request failed");
        let detail = "The cause is in the server's log, beside the answer's x-request-id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", "The server failed", detail)
    }
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        match error {
            DocumentError::NotFound { kind, id } => Self::not_found(kind, &id),
            DocumentError::Exists { .. } | DocumentError::Conflict { .. } => Self::conflict(error.to_string()),
            DocumentError::Invalid { field, complaint } => {
                Self::invalid(field, "The value is not acceptable.", complaint)
            }
            DocumentError::InUse { .. } => Self::in_use(error.to_string()),
            DocumentError::WrongKind { .. } => Self::conflict(error.to_string()),
            DocumentError::Unsound { problems, .. } | DocumentError::Scenario(problems) => {
                Self::invalid_list(problems.into_iter().map(FieldProblem::from).collect())
            }
            DocumentError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded { retry_after } => Self::busy(retry_after.as_secs()),
            StoreError::Closed | StoreError::Unavailable { .. } => {
                tracing::warn!(%error, "the store could not serve a request");
                Self::busy(1)
            }
            StoreError::Conflict { .. } | StoreError::Duplicate { .. } => Self::conflict(error.to_string()),
            StoreError::Invalid { field, problem } => Self::invalid(field, "The value is not acceptable.", problem),
            other => Self::broken(&other.to_string()),
        }
    }
}

impl From<TurnError> for Problem {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::UnknownAgent => Self::not_found("agent", "of that id"),
            TurnError::UnknownTranscript => Self::not_found("transcript", "of that id"),
            TurnError::Refused(refused) => refused.into(),
            TurnError::NoActiveVersion | TurnError::GoneOn => Self::conflict(error.to_string()),
            TurnError::Overloaded { retry_after } => Self::busy(retry_after.as_secs()),
            TurnError::TimedOut(_) | TurnError::ShuttingDown => Self::busy(1),
            TurnError::Store(error) => error.into(),
            TurnError::Broken(cause) => Self::broken(&cause),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Closed | Refused::NotTaken | Refused::TakenByOther | Refused::NotWithAgent => {
                Self::conflict(refused.to_string())
            }
            Refused::Nothing => Self::invalid("message", "It is empty.", "Send what is to be said."),
            Refused::NotAnEnd => Self::invalid("status", "A conversation does not become that.", refused.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).expect("a problem is texts and numbers");
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.header());
        }
        response
    }
}
