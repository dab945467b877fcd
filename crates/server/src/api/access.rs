//! Who may use the API: the bearer of a token of the tenant that the path names, whose roles hold what the
//! operation needs; and reading what they send.

use std::{collections::HashMap, marker::PhantomData, ops::Deref, sync::Arc};

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, request::Parts},
};
use model::{TenantId, Timestamp};
use runtime::{
    access::{Scope, Scopes, scope::Required},
    tokens::Token,
};
use serde::de::DeserializeOwned;

use crate::{
    app::{App, bearer},
    challenge::Challenge,
    directory::KnownToken,
    intake::{self, IntakeError},
    problem::Problem,
    realm::{RealmToken, TokenProblem, realm_token, signed_in},
    serve::Peer,
};

/// A caller with a good token of the tenant that holds the scope `S`. A handler that takes it cannot be reached
/// without, and there is no other way to learn whose request it is.
pub(crate) struct Caller<S> {
    who: Principal,
    needs: PhantomData<fn() -> S>,
}

impl<S> Deref for Caller<S> {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.who
    }
}

/// Who calls, and from where.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    known: Arc<KnownToken>,
    source_ip: String,
}

impl Principal {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.known.tenant.id()
    }

    /// The token that was sent.
    pub(crate) fn token(&self) -> &Token {
        &self.known.token
    }

    /// By what name they speak and act in a conversation: the user's id, or the token's name where it is nobody's.
    pub(crate) fn operator(&self) -> String {
        let token = self.token();
        token.user.clone().unwrap_or_else(|| token.name.clone())
    }

    pub(crate) fn source_ip(&self) -> &str {
        &self.source_ip
    }

    /// Whether they hold a scope beside the one that the operation needs.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.known.scopes.has(scope)
    }

    /// Refuses a caller who lacks a scope that only some requests of an operation need.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) { Ok(()) } else { Err(Problem::forbidden(scope)) }
    }

    /// Refuses a caller who would hand on what they do not hold themselves.
    pub(crate) fn require_all(&self, scopes: Scopes) -> Result<(), Problem> {
        match scopes.without(self.known.scopes).iter().next() {
            None => Ok(()),
            Some(lacking) => Err(Problem::forbidden(lacking)),
        }
    }
}

/// A token that is good for some tenant.
async fn known_by(app: &App, headers: &HeaderMap) -> Result<Arc<KnownToken>, Problem> {
    let refused = || Problem::unauthenticated(Challenge::of(headers));
    let bearer = bearer(headers).ok_or_else(refused)?;
    match realm_token(app, bearer).await {
        Some(Ok(token)) => return Ok(Arc::new(as_known(&token))),
        Some(Err(TokenProblem::Expired)) => return Err(Problem::expired()),
        Some(Err(TokenProblem::UserGone)) => return Err(refused()),
        Some(Err(TokenProblem::NotExchanged | TokenProblem::NoTenant)) => return Err(Problem::wrong_audience()),
        None => {}
    }
    let known = app.directory.now().by_token(bearer).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    // It may have been made a moment ago by another process.
    app.directory.refresh().await;
    app.directory.now().by_token(bearer).cloned().ok_or_else(refused)
}

/// Refuses who is not known at all: neither by a token of some tenant or of the realm, nor by having signed in.
pub(crate) async fn require_known(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    match bearer(headers) {
        None => match signed_in(app, headers).await? {
            Some(_) => Ok(()),
            None => Err(Problem::not_signed_in()),
        },
        Some(token) => match realm_token(app, token).await {
            // A user is known, whatever tenant they are about to work in.
            Some(Err(TokenProblem::NotExchanged)) => Ok(()),
            _ => known_by(app, headers).await.map(drop),
        },
    }
}

/// A token of the realm in the form of an API token: it says itself what it allows.
fn as_known(token: &RealmToken) -> KnownToken {
    let claims = &token.claims;
    KnownToken {
        tenant: token.tenant.clone(),
        token: Token {
            id: claims.jti.clone(),
            name: claims.client_id.clone(),
            hash: String::new(),
            created_at: Timestamp::from_seconds(claims.iat),
            expires_at: Some(Timestamp::from_seconds(claims.exp)),
            user: claims.user.clone(),
        },
        scopes: claims.scope.split(' ').filter_map(Scope::named).collect(),
    }
}

impl<S: Required> FromRequestParts<App> for Caller<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let known = known_by(app, &parts.headers).await?;
        // A tenant of somebody else and one that does not exist are told apart by nobody: the token's own is all that is
        // compared (decision A5 of spec/dialai.md §21.1).
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, app).await;
        let Ok(Path(path)) = path else { return Err(Problem::wrong_audience()) };
        // An operation without a tenant in its path is the token's tenant's (row DA-A06 of §22.1).
        if path.get("tenant").is_some_and(|tenant| tenant != known.tenant.id().as_str()) {
            return Err(Problem::wrong_audience());
        }
        let Ok(peer) = Peer::from_request_parts(parts, app).await;
        let who = Principal { known, source_ip: app.source_ip(&parts.headers, peer.ip()) };
        who.require(S::SCOPE)?;
        Ok(Self { who, needs: PhantomData })
    }
}

/// Parts of the path, typed; a part that is not of its type names nothing.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = parts.uri.path().to_owned();
        let Path(named) =
            Path::from_request_parts(parts, app).await.map_err(|_| Problem::not_found("resource", &path))?;
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
        serde_json::from_slice(&body).map(Self).map_err(|error| Problem::unreadable(&error))
    }
}

/// A JSON body as bytes.
pub(crate) async fn body(request: Request, app: &App, limit: usize) -> Result<Vec<u8>, Problem> {
    let (parts, body) = request.into_parts();
    intake::json(&parts.headers, body, limit, app.options.body_timeout).await.map_err(|error| match error {
        IntakeError::NotJson => Problem::not_json(),
        IntakeError::TooLarge(limit) => Problem::too_large(limit),
        IntakeError::Incomplete => Problem::slow_body(),
    })
}
