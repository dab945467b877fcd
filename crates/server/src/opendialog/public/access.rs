//! Who may call the public APIs: the bearer of an API token, with the permissions of its user
//! (rows OD-P01 to OD-P05), within the limits on how often (row OD-P08).

use std::{marker::PhantomData, ops::Deref, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts, response::Response};
use model::TenantId;
use runtime::{access::scope::Required, feature_flags::FeatureFlag};

use super::refusal::PublicRefusal;
use crate::{
    app::{App, bearer, host_label},
    challenge::Challenge,
    directory::KnownToken,
    rate_limits::{Allowance, Endpoint},
    serve::Peer,
};

/// A caller with a good token that holds the scope `S`. A handler that takes it cannot be reached without.
pub(crate) struct PublicCaller<S> {
    program: Program,
    needs: PhantomData<fn() -> S>,
}

impl<S> Deref for PublicCaller<S> {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

/// Who calls, and from where.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    token: Arc<KnownToken>,
    source_ip: String,
}

impl Program {
    pub(crate) fn tenant(&self) -> &TenantId {
        self.token.tenant.id()
    }

    /// A bound that their tenant may have made narrower than the platform's.
    pub(crate) fn bound(&self, key: &str, platform: usize) -> usize {
        self.token.tenant.environment.bound(key, platform)
    }

    /// Refuses callers of a tenant that does not use a feature.
    pub(crate) fn require(&self, flag: FeatureFlag) -> Result<(), PublicRefusal> {
        if self.token.tenant.allows(flag) { Ok(()) } else { Err(PublicRefusal::SwitchedOff) }
    }

    /// Lets the caller pass when it did not do this too often; `too_many` is what is said otherwise.
    pub(crate) fn admit(
        &self,
        app: &App,
        endpoint: Endpoint,
        too_many: &'static str,
    ) -> Result<Admitted, PublicRefusal> {
        // The contract counts by user and address; a tenant's own token is a user of its own.
        let user = self.token.token.user.as_deref().unwrap_or(&self.token.token.id);
        match app.calls.count(endpoint, (user, &self.source_ip)) {
            Some(allowance) if !allowance.allowed => Err(PublicRefusal::TooMany(too_many, allowance)),
            allowance => Ok(Admitted(allowance)),
        }
    }
}

/// That a caller may pass, and what its answer is to say of the limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admitted(Option<Allowance>);

impl Admitted {
    /// The answer with what is left of the limit.
    pub(crate) fn answer(self, mut response: Response) -> Response {
        if let Some(allowance) = self.0 {
            allowance.tell(response.headers_mut());
        }
        response
    }
}

impl<S: Required> FromRequestParts<App> for PublicCaller<S> {
    type Rejection = PublicRefusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PublicRefusal> {
        let secret = bearer(&parts.headers).ok_or(PublicRefusal::Unauthenticated(Challenge::Missing))?;
        let known = app.directory.now().by_token(secret).cloned();
        let token = match known {
            Some(token) => token,
            // It may have been made a moment ago by another process.
            None => {
                app.directory.refresh().await;
                let known = app.directory.now().by_token(secret).cloned();
                known.ok_or(PublicRefusal::Unauthenticated(Challenge::Invalid))?
            }
        };
        // Called under another tenant's host name, a token is not good.
        let named = host_label(&parts.headers).and_then(|label| app.directory.now().tenant(label).cloned());
        if named.is_some_and(|tenant| tenant.id() != token.tenant.id()) {
            return Err(PublicRefusal::Unauthenticated(Challenge::Invalid));
        }
        if !token.scopes.has(S::SCOPE) {
            return Err(PublicRefusal::Forbidden(S::SCOPE));
        }
        let Ok(peer) = Peer::from_request_parts(parts, app).await;
        let program = Program { token, source_ip: app.source_ip(&parts.headers, peer.ip()) };
        Ok(Self { program, needs: PhantomData })
    }
}
