//! Tokens of the realm, and of an issuer in its place, as a tenant's operations take them (rows DA-A02 to
//! DA-A06).

use std::sync::Arc;

use runtime::{
    issuer::Issuer,
    jwks,
    realm::{
        access::AccessClaims,
        keys::{TokenError, TokenType},
    },
};
use serde::Deserialize;

use super::issuer;
use crate::{app::Shared, directory::KnownTenant};

/// A good token for a tenant.
#[derive(Debug, Clone)]
pub(crate) struct RealmToken {
    /// The tenant that is its audience.
    pub(crate) tenant: Arc<KnownTenant>,
    /// What it says: `scope` is what it allows, `user` the tenant's user, `sub` the account or the client.
    pub(crate) claims: AccessClaims,
}

/// Why a token of this realm opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    /// Its time is over.
    Expired,
    /// It is a user's own token, to be exchanged for a tenant's first.
    NotExchanged,
    /// Its audience is no tenant here, or several.
    NoTenant,
    /// Whoever it was issued to was deleted since (row DA-D15).
    UserGone,
}

/// Reads a bearer as an access token of this realm. None when it is not one: it may be something else.
///
/// The token is good for its tenant, whatever the path says: the caller compares the two.
pub(crate) async fn realm_token(app: &Shared, bearer: &str) -> Option<Result<RealmToken, TokenProblem>> {
    // Our other tokens have no dots; no key is looked up for them.
    if bearer.bytes().filter(|b| *b == b'.').count() != 2 {
        return None;
    }
    if let Some(read) = own(app, bearer).await {
        return Some(read);
    }
    match &app.other_issuer {
        Some(other) => of_another(app, other, bearer).await,
        None => None,
    }
}

async fn own(app: &Shared, bearer: &str) -> Option<Result<RealmToken, TokenProblem>> {
    let ring = match app.realm.keys.ring().await {
        Ok(ring) => ring,
        Err(error) => {
            tracing::error!(%error, "the realm's keys cannot be read");
            return None;
        }
    };
    let issuer = issuer(app);
    let claims = match ring.verify::<AccessClaims>(bearer, TokenType::Access, &issuer) {
        Ok(claims) => claims,
        Err(TokenError::Expired) => return Some(Err(TokenProblem::Expired)),
        Err(TokenError::Foreign) => return None,
    };
    if claims.aud == issuer {
        return Some(Err(TokenProblem::NotExchanged));
    }
    let mut tenant = app.directory.now().tenant(&claims.aud).cloned();
    if let Some(user) = &claims.user
        && !tenant.as_ref().is_some_and(|tenant| tenant.has_user(user))
    {
        // They may have been added a moment ago by another process.
        app.directory.refresh().await;
        tenant = app.directory.now().tenant(&claims.aud).cloned();
        if tenant.as_ref().is_some_and(|tenant| !tenant.has_user(user)) {
            return Some(Err(TokenProblem::UserGone));
        }
    }
    Some(tenant.map(|tenant| RealmToken { tenant, claims }).ok_or(TokenProblem::NoTenant))
}

/// What is read of another issuer's access token.
#[derive(Deserialize)]
struct OtherClaims {
    iss: String,
    sub: String,
    #[serde(default)]
    aud: Audience,
    exp: i64,
    #[serde(default)]
    iat: i64,
    #[serde(default)]
    jti: String,
    /// Keycloak's name for the client.
    #[serde(default)]
    azp: String,
    #[serde(default)]
    scope: String,
}

/// One audience, or several (RFC 7519 §4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

async fn of_another(app: &Shared, other: &Issuer, bearer: &str) -> Option<Result<RealmToken, TokenProblem>> {
    let claims = match other.verify::<OtherClaims>(bearer).await {
        Ok(claims) => claims,
        Err(jwks::TokenError::Expired) => return Some(Err(TokenProblem::Expired)),
        Err(jwks::TokenError::Foreign) => return None,
    };
    let audiences = match &claims.aud {
        Audience::One(audience) => std::slice::from_ref(audience),
        Audience::Several(audiences) => audiences.as_slice(),
    };
    let known = app.directory.now();
    let mut tenants = audiences.iter().filter_map(|audience| known.tenant(audience));
    let (Some(tenant), None) = (tenants.next(), tenants.next()) else { return Some(Err(TokenProblem::NoTenant)) };
    let claims = AccessClaims {
        aud: tenant.id().to_string(),
        iss: claims.iss,
        sub: claims.sub,
        exp: claims.exp,
        iat: claims.iat,
        jti: claims.jti,
        client_id: claims.azp,
        scope: claims.scope,
        auth_time: None,
        grant: None,
        user: None,
    };
    Some(Ok(RealmToken { tenant: tenant.clone(), claims }))
}
