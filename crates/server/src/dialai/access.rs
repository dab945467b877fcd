//! Who calls the web chat: the holder of a chat link, with or without a token that says who they are, or somebody with
//! a token of the tenant (spec/dialai.md §3.5, §21.1 A7 to A9).
//!
//! What a chat link opens: beginning a conversation, and going on with, reading and ending those that were begun with
//! it. That is what the built-in role Chatlink stands for.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    extract::{FromRequestParts, Path},
    http::{HeaderMap, header, request::Parts},
};
use model::{ContactId, TenantId, TranscriptId, attribute::Provenance, transcript::TranscriptState};
use runtime::{
    Standing,
    access::{BuiltIn, Scope, scope::Required},
    jwks::TokenError,
    visitor_tokens::{Identified, identify},
};
use uuid::Uuid;

use crate::{
    api::access::{Caller, Principal},
    app::{App, bearer, text},
    directory::KnownEndpoint,
    problem::Problem,
    rate_limits::{Endpoint, RateLimit},
    serve::Peer,
};

/// The header that carries a chat link.
pub(super) const HEADER: &str = "x-dialai-chat-link";
/// Longest token that says who a visitor is.
const MAX_TOKEN: usize = 16_384;
/// The claim by which an issuer names people.
const SUBJECT: &str = "sub";
/// How the ids of contacts begin whom nobody vouches for.
const ANONYMOUS: &str = "web-";

/// A caller of an operation that chat links open too. Those with a token need the scope `S`. A handler that takes it
/// about a conversation asks [`Chatter::standing`] for it: a link opens its own alone.
pub(super) struct ChatCaller<S> {
    pub(super) who: Chatter,
    needs: PhantomData<fn() -> S>,
}

/// Who calls.
pub(super) enum Chatter {
    /// Whoever holds a chat link: a customer.
    Link(Box<LinkHolder>),
    /// Somebody with a token of the tenant.
    Person(Principal),
}

/// The holder of a chat link.
pub(super) struct LinkHolder {
    pub(super) known: Arc<KnownEndpoint>,
    pub(super) code: Uuid,
    /// What their token proves of them; nothing without one.
    pub(super) visitor: Identified,
    source_ip: String,
}

impl Chatter {
    pub(super) fn tenant(&self) -> &TenantId {
        match self {
            Self::Link(link) => link.known.tenant.id(),
            Self::Person(person) => person.tenant(),
        }
    }

    pub(super) fn source_ip(&self) -> &str {
        match self {
            Self::Link(link) => &link.source_ip,
            Self::Person(person) => person.source_ip(),
        }
    }

    /// How a conversation stands that the caller may go on with.
    pub(super) async fn standing(&self, app: &App, transcript: TranscriptId) -> Result<Standing, Problem> {
        let standing = app.runtime.standing(self.tenant(), transcript).await?;
        match self {
            Self::Link(link) if !link.owns(&standing) => Err(Problem::not_of_link()),
            _ => Ok(standing),
        }
    }
}

impl LinkHolder {
    /// Whether a conversation was begun with the link, and with nobody else than who shows a token now.
    fn owns(&self, standing: &Standing) -> bool {
        let is_other = |proved: &ContactId| *proved != standing.contact && !is_anonymous(&standing.contact);
        standing.state.link == Some(self.code)
            && !self.visitor.contact.as_ref().is_some_and(is_other)
            && !self.is_another_than(&standing.state)
    }

    /// Whether somebody else has signed in midway: what began as nobody's is theirs from then on.
    fn is_another_than(&self, state: &TranscriptState) -> bool {
        let held = state.parameters.get(SUBJECT).filter(|held| held.provenance == Provenance::Token);
        held.zip(self.visitor.attributes.get(SUBJECT)).is_some_and(|(held, shown)| held.value != *shown)
    }
}

/// A new contact whom nobody vouches for.
pub(super) fn anonymous() -> ContactId {
    let id = format!("{ANONYMOUS}{}", Uuid::new_v4());
    id.parse().expect("letters, digits and hyphens are a contact's id")
}

fn is_anonymous(contact: &ContactId) -> bool {
    let id = contact.as_str().strip_prefix(ANONYMOUS);
    id.is_some_and(|id| Uuid::parse_str(id).is_ok())
}

impl<S: Required> FromRequestParts<App> for ChatCaller<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let who = if parts.headers.contains_key(HEADER) {
            Chatter::Link(Box::new(link_holder(parts, app, S::SCOPE).await?))
        } else {
            let caller = Caller::<S>::from_request_parts(parts, app).await?;
            Chatter::Person(Principal::clone(&caller))
        };
        Ok(Self { who, needs: PhantomData })
    }
}

async fn link_holder(parts: &mut Parts, app: &App, scope: Scope) -> Result<LinkHolder, Problem> {
    let code = code(&parts.headers).ok_or_else(Problem::no_chat_link)?;
    let known = endpoint(app, code).await.ok_or_else(Problem::no_chat_link)?;
    // A path without a tenant is no operation of the web chat.
    let path = Path::<std::collections::HashMap<String, String>>::from_request_parts(parts, app).await;
    let tenant = path.ok().and_then(|Path(mut path)| path.remove("tenant"));
    if tenant.as_deref() != Some(known.tenant.id().as_str()) {
        return Err(Problem::wrong_audience());
    }
    if !known.endpoint.is_open() {
        return Err(Problem::no_chat_link());
    }
    if !known.admits(text(&parts.headers, header::ORIGIN.as_str()), &app.public_url(&parts.headers)) {
        return Err(Problem::wrong_origin());
    }
    if BuiltIn::Chatlink.may(scope) {
        count(app, &known)?;
    }
    let visitor = match bearer(&parts.headers) {
        None => Identified::default(),
        Some(token) if token.len() > MAX_TOKEN => return Err(Problem::bad_visitor_token(TokenError::Foreign)),
        Some(token) => identify(&known.tenant.issuers, token).await.map_err(Problem::bad_visitor_token)?,
    };
    let Ok(peer) = Peer::from_request_parts(parts, app).await;
    Ok(LinkHolder { known, code, visitor, source_ip: app.source_ip(&parts.headers, peer.ip()) })
}

/// The chat code of a request's chat link.
pub(super) fn code(headers: &HeaderMap) -> Option<Uuid> {
    let (scheme, code) = text(headers, HEADER)?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    Uuid::parse_str(code.trim()).ok()
}

async fn endpoint(app: &App, code: Uuid) -> Option<Arc<KnownEndpoint>> {
    let known = app.directory.now().by_chat_code(code).cloned();
    if known.is_some() {
        return known;
    }
    // It may have been made a moment ago by another process.
    app.directory.refresh().await;
    app.directory.now().by_chat_code(code).cloned()
}

/// What starts or goes on with a conversation counts against the limit of the point of contact.
fn count(app: &App, known: &KnownEndpoint) -> Result<(), Problem> {
    let Some(most) = known.endpoint.terms.rate_limit_per_minute else { return Ok(()) };
    let whose = (known.tenant.id().as_str(), known.endpoint.id.as_str());
    let allowance = app.calls.count_within(Endpoint::ChatLink, whose, RateLimit::per_minute(most));
    match allowance {
        Some(allowance) if !allowance.allowed => Err(Problem::too_often(allowance.wait())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn da_a13_a_chat_link_is_a_bearer_of_a_uuid() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(value));
            code(&headers)
        };
        let expected = Uuid::parse_str("0b7a5b1e-7a0e-4e0f-9d29-0d2f8a3c1b11").ok();
        assert_eq!(read("Bearer 0b7a5b1e-7a0e-4e0f-9d29-0d2f8a3c1b11"), expected);
        assert_eq!(read("bearer  0B7A5B1E-7A0E-4E0F-9D29-0D2F8A3C1B11 "), expected);
        for wrong in ["0b7a5b1e-7a0e-4e0f-9d29-0d2f8a3c1b11", "Basic 0b7a5b1e-7a0e-4e0f-9d29-0d2f8a3c1b11", "Bearer x"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_anonymous_contact_is_known_for_one() {
        assert!(is_anonymous(&anonymous()));
        for other in ["web-ann", "ann@0b7a5b1e-7a0e-4e0f-9d29-0d2f8a3c1b11"] {
            assert!(!is_anonymous(&other.parse().expect("an id")), "{other}");
        }
    }
}
