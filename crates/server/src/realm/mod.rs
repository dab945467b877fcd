//! The sign-in realm: an OAuth 2 and OpenID Connect server at Keycloak's paths (spec/dialai.md §2, §3), with
//! the pages on which people sign in and look after their account.
//!
//! Pages work without scripts. What a browser sends is believed when it repeats the cookie of the form; what
//! a program sends, when it proves itself. Nothing is ever sent to an address that a client did not register.

mod account;
mod authorize;
mod client_auth;
mod cookies;
mod cors;
mod discovery;
mod exchange;
mod forgotten;
mod letters;
mod logout;
mod page;
mod parameters;
mod refusal;
mod revoke;
mod schema;
mod session;
mod sign_in;
mod tenant_token;
mod token;
mod userinfo;

use runtime::{
    documents::DocumentError,
    realm::{access::may_sign_in, accounts::Account},
};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use cors::{for_anybody, for_clients};
pub(crate) use letters::invite;
pub(crate) use session::{signed_in, to_sign_in};
pub(crate) use tenant_token::{RealmToken, TokenProblem, realm_token};

use crate::app::{App, Shared};

/// What anybody may know of the realm, pages of other sites too: [`for_anybody`] stands around it.
pub(crate) fn public() -> OpenApiRouter<App> {
    discovery::routes()
}

/// What programs call, in browsers too: [`for_clients`] stands around it.
pub(crate) fn programs() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(token::routes()).merge(revoke::routes()).merge(userinfo::routes())
}

/// Where browsers are sent: pages, which no other site reads.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(authorize::routes())
        .merge(sign_in::routes())
        .merge(logout::routes())
        .merge(session::routes())
        .merge(account::routes())
        .merge(forgotten::routes())
}

/// Whether anybody can sign in here: pages that need somebody send them there then, and ask for an API token else.
pub(crate) async fn anybody_can_sign_in(app: &Shared) -> Result<bool, DocumentError> {
    app.realm.anybody_can_sign_in(app.runtime.store()).await
}

/// The realm's name: the claim `iss`. It is the server's own word, never a `Host` header.
pub(crate) fn issuer(app: &Shared) -> String {
    format!("{}{}", app.own_url(), runtime::realm::PATH)
}

/// An account, unless it may not sign in any more: then it is to look as if there were none.
async fn active(app: &Shared, account: Option<Account>) -> Result<Option<Account>, DocumentError> {
    match account {
        Some(account) => Ok(may_sign_in(app.runtime.store(), &account).await?.then_some(account)),
        None => Ok(None),
    }
}
