//! Somebody is always left who can administer people: a tenant does not lock itself out.

use std::collections::HashMap;

use model::{TenantId, Timestamp};
use store::Store;

use super::{Roles, Scope, Scopes};
use crate::{
    documents::DocumentError,
    tokens::{Token, Tokens},
    users::{User, Users},
};

/// What is about to change.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// A user goes, and their tokens with them.
    UserGoes(&'a str),
    /// A user is to hold these roles.
    UserHolds(&'a str, &'a [String]),
    /// A token ends.
    TokenEnds(&'a str),
    /// A role is to hold these scopes.
    RoleHolds(&'a str, Scopes),
}

/// Whether, after a change, a token is left that is good now and may administer people. Where there was none
/// before, the change takes nothing away.
///
/// # Errors
/// When the store fails.
pub async fn administrator_remains(
    store: &Store,
    tenant: &TenantId,
    change: Change<'_>,
) -> Result<bool, DocumentError> {
    let mut holdings = Roles::new(store).holdings(tenant).await?;
    let mut users = Users::new(store).list(tenant).await?;
    let mut tokens = Tokens::new(store).list(tenant).await?;
    let now = Timestamp::now();
    tokens.retain(|token| !token.expired(now));
    let before = any(&tokens, &users, &holdings);
    match change {
        Change::UserGoes(id) => users.retain(|user| user.id != id),
        Change::UserHolds(id, roles) => {
            users.iter_mut().filter(|user| user.id == id).for_each(|user| user.roles = roles.to_vec());
        }
        Change::TokenEnds(id) => tokens.retain(|token| token.id != id),
        Change::RoleHolds(id, scopes) => {
            holdings.insert(id.to_owned(), scopes);
        }
    }
    Ok(any(&tokens, &users, &holdings) || !before)
}

/// Whether one of the tokens may administer people; the tenant's own may.
fn any(tokens: &[Token], users: &[User], holdings: &HashMap<String, Scopes>) -> bool {
    tokens.iter().any(|token| match &token.user {
        None => true,
        Some(id) => users.iter().any(|user| user.id == *id && user.scopes(holdings).has(Scope::UsersUpdate)),
    })
}
