//! What is said of bearer tokens in `WWW-Authenticate` (RFC 6750 §3).

use axum::http::{HeaderMap, HeaderValue};
use runtime::access::Scope;

use crate::app::bearer;

/// Why a request needs another credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// It came without a token.
    Missing,
    /// Its token is not good: unknown, expired, revoked, or of another tenant.
    Invalid,
    /// The time of its token is over.
    Expired,
    /// Its token does not hold a scope.
    Scope(Scope),
}

impl Challenge {
    /// Of a request that is refused because of its token, or for want of one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if bearer(headers).is_some() { Self::Invalid } else { Self::Missing }
    }

    /// The value of the header.
    pub(crate) fn header(self) -> HeaderValue {
        match self {
            // A request that says nothing of itself is not told what would be wrong with it (RFC 6750 §3.1).
            Self::Missing => HeaderValue::from_static("Bearer"),
            Self::Invalid => HeaderValue::from_static("Bearer error=\"invalid_token\""),
            Self::Expired => HeaderValue::from_static("Bearer error=\"invalid_token\", error_description=\"expired\""),
            Self::Scope(scope) => {
                let value = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                HeaderValue::try_from(value).expect("scopes are letters and colons")
            }
        }
    }
}
