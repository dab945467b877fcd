//! Who may use the API: the bearer of a token of the tenant that the path names; and reading what
//! they send.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::request::Parts,
};
use model::{TenantId, Timestamp};
use runtime::{
    realm::access::SCOPES,
    tokens::Token,
    users::{Role, Scope},
};
use serde::de::DeserializeOwned;

use crate::{
    app::{App, bearer},
    directory::KnownToken,
    intake::{self, IntakeError},
    problem::Problem,
    realm::{RealmToken, TokenProblem, realm_token},
};

/// A caller that may act for a tenant: administer it, or design for it. A handler that takes it cannot be
/// reached without one.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    known: Arc<KnownToken>,
    /// A token of the realm says itself what it allows.
    realm: Option<RealmToken>,
}

impl Caller {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.known.tenant.id()
    }

    /// The token that was sent.
    pub(crate) fn token(&self) -> &Token {
        &self.known.token
    }

    /// Refuses a caller whose role lacks a scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Problem> {
        let allowed = match &self.realm {
            Some(token) => token.allows(scope.as_str()),
            None => self.known.role.may(scope),
        };
        if allowed { Ok(()) } else { Err(Problem::forbidden(scope.as_str())) }
    }

    /// Refuses a caller that may do less than a role: nobody makes a token that opens more than their own.
    pub(crate) fn require_all_of(&self, role: Role) -> Result<(), Problem> {
        SCOPES.into_iter().filter(|scope| role.may(*scope)).try_for_each(|scope| self.require(scope))
    }

    /// The caller behind a bearer, whichever tenant the path names.
    async fn behind(bearer: &str, app: &App) -> Result<Self, Problem> {
        match realm_token(app, bearer).await {
            Some(Ok(token)) => {
                let known = Arc::new(as_known(&token));
                return Ok(Self { known, realm: Some(token) });
            }
            Some(Err(TokenProblem::Expired)) => return Err(Problem::expired()),
            Some(Err(TokenProblem::NotExchanged | TokenProblem::NoTenant)) => return Err(Problem::wrong_audience()),
            None => {}
        }
        let known = match app.directory.now().by_token(bearer) {
            Some(known) => known.clone(),
            // It may have been made a moment ago by another process.
            None => {
                app.directory.refresh().await;
                app.directory.now().by_token(bearer).ok_or_else(Problem::unauthenticated)?.clone()
            }
        };
        Ok(Self { known, realm: None })
    }
}

/// A token of the realm in the form of an API token, for those who ask whose it is.
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
        // Never asked: what it allows stands in the token itself.
        role: Role::PreviewGuest,
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        let caller = Self::behind(token, app).await?;
        let Path(path) = Path::<HashMap<String, String>>::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::unauthenticated())?;
        // An operation without a tenant in its path is the token's tenant's (row DA-A06 of §22.1).
        if path.get("tenant").is_some_and(|tenant| tenant != caller.tenant().as_str()) {
            // A tenant of somebody else and one that does not exist are told apart by nobody.
            return Err(if caller.realm.is_some() { Problem::wrong_audience() } else { Problem::unauthenticated() });
        }
        caller.require(Scope::AgentsUpdate)?;
        Ok(caller)
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
        let value = serde_json::from_slice(&body)
            .map_err(|error| Problem::invalid("body", error.to_string(), "Send the JSON that the API describes."))?;
        Ok(Self(value))
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
