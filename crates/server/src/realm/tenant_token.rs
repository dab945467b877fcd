//! Tokens of the realm as a tenant's operations take them (rows DA-A02 to DA-A06).

use std::sync::Arc;

use runtime::realm::{
    access::AccessClaims,
    keys::{TokenError, TokenType},
};

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
    /// Its audience is no tenant here.
    NoTenant,
}

/// Reads a bearer as an access token of this realm. None when it is not one: it may be something else.
///
/// The token is good for its tenant, whatever the path says: the caller compares the two.
pub(crate) async fn realm_token(app: &Shared, bearer: &str) -> Option<Result<RealmToken, TokenProblem>> {
    // Our other tokens have no dots; no key is looked up for them.
    if bearer.bytes().filter(|b| *b == b'.').count() != 2 {
        return None;
    }
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
    let tenant = app.directory.now().tenant(&claims.aud).cloned();
    Some(tenant.map(|tenant| RealmToken { tenant, claims }).ok_or(TokenProblem::NoTenant))
}

impl RealmToken {
    /// Whether it allows a scope.
    pub(crate) fn allows(&self, scope: &str) -> bool {
        self.claims.scope.split(' ').any(|allowed| allowed == scope)
    }
}
