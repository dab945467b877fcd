//! What the realm's tokens say, and which scopes stand in them.

use model::TenantId;
use serde::{Deserialize, Serialize};
use store::Store;

use super::accounts::Account;
use crate::{
    access::{Roles, Scope},
    documents::DocumentError,
    users::Users,
};

/// How long a user's access token is good for, in seconds.
pub const USER_TOKEN_SECONDS: i64 = 300;
/// How long a token of a service account is good for, in seconds.
pub const SERVICE_TOKEN_SECONDS: i64 = 300;
/// How long a tenant token that was exchanged is good for, in seconds.
pub const TENANT_TOKEN_SECONDS: i64 = 120;

/// The claims of an access token (RFC 9068 §2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The realm.
    pub iss: String,
    /// The account, or the service account's client.
    pub sub: String,
    /// A tenant; or the realm itself, for a user's own token.
    pub aud: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// Names it.
    pub jti: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// What it allows, with spaces between.
    pub scope: String,
    /// When the account signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The grant that it comes from: it is good for no more once that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// In a tenant's token: the tenant's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// The claims of an ID token (OpenID Connect Core §2, §5.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdClaims {
    /// The realm.
    pub iss: String,
    /// The account.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// When it ends.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// When the account signed in.
    pub auth_time: i64,
    /// What the client sent with its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The browser's session (OpenID Connect Front-Channel Logout §3).
    pub sid: String,
    /// How the account showed who it is (RFC 8176).
    pub amr: Vec<String>,
    /// About the account, as the scope allows.
    #[serde(flatten)]
    pub profile: Profile,
}

/// What is told of an account (OpenID Connect Core §5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether a letter reached it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

impl Profile {
    /// What a scope lets a client know.
    pub fn within(account: &Account, scope: &str) -> Self {
        let mut profile = Self::default();
        for scope in scope.split(' ') {
            match scope {
                "profile" => {
                    profile.name = Some(account.name.clone());
                    profile.preferred_username = Some(account.email.clone());
                }
                "email" => {
                    profile.email = Some(account.email.clone());
                    profile.email_verified = Some(account.email_verified);
                }
                _ => {}
            }
        }
        profile
    }
}

/// The scopes that a client may ask for when it signs people in; others are left out of what is granted.
pub const SIGN_IN_SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// What an account is and may do in a tenant (row DA-A04); none when it is nobody there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The tenant's user.
    pub user: String,
    /// The scopes of the user's roles.
    pub scopes: Vec<&'static str>,
}

/// Looks up what an account is and may do in a tenant.
///
/// # Errors
/// When the store fails.
pub async fn membership(
    store: &Store,
    account: &Account,
    tenant: &TenantId,
) -> Result<Option<Membership>, DocumentError> {
    let Some(user) = account.user_in(tenant) else { return Ok(None) };
    match Users::new(store).need(tenant, user).await {
        Ok(user) => {
            let holdings = Roles::new(store).holdings(tenant).await?;
            let scopes = user.scopes(&holdings).iter().map(Scope::as_str).collect();
            Ok(Some(Membership { user: user.id, scopes }))
        }
        // The user was deleted; the account may still sign in elsewhere.
        Err(DocumentError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an account may sign in: not when it was somebody in tenants, and was deleted in all of them (row D15).
///
/// # Errors
/// When the store fails.
pub async fn may_sign_in(store: &Store, account: &Account) -> Result<bool, DocumentError> {
    let users = Users::new(store);
    for member in &account.members {
        match users.need(&member.tenant, &member.user).await {
            Ok(_) => return Ok(true),
            Err(DocumentError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(account.members.is_empty())
}
