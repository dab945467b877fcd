//! The realm: who signs in, with what, through which program, and what they are given for it (OAuth 2,
//! OpenID Connect). It is the platform's, not a tenant's: one account may work with several tenants.
//!
//! Invariants: no password, code, refresh token, client secret or link is kept but as a hash; what can be
//! used once is taken by a conditional write, so that of two who come at the same moment one is refused.
//! Knows no HTTP.

pub mod access;
pub mod accounts;
pub mod attempts;
pub mod clients;
pub mod codes;
pub mod grants;
pub mod keys;
pub mod letters;
pub mod password;
pub mod second_factor;
pub mod sessions;
mod shelf;

use model::TenantId;
use store::{Page, Store};

use crate::documents::DocumentError;

/// Accounts that are looked at together: mostly the first of them answers.
const SOME: usize = 20;

/// Path of the realm below the public URL. Its name and its shape are Keycloak's (spec/dialai.md §2).
pub const PATH: &str = "/realms/dial-ai";

/// All that the realm keeps; cheap to clone.
#[derive(Clone)]
pub struct Realm {
    /// People who sign in.
    pub accounts: accounts::Accounts,
    /// Programs that ask for tokens.
    pub clients: clients::Clients,
    /// Authorization codes on their way.
    pub codes: codes::Codes,
    /// What was granted, with its refresh tokens.
    pub grants: grants::Grants,
    /// Browsers that are signed in.
    pub sessions: sessions::Sessions,
    /// Attempts to sign in that failed.
    pub attempts: attempts::Attempts,
    /// Links in letters: invitations and resets.
    pub letters: letters::Letters,
    /// Keys that sign tokens.
    pub keys: keys::Keys,
}

impl Realm {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self {
            accounts: accounts::Accounts::new(store),
            clients: clients::Clients::new(store),
            codes: codes::Codes::new(store),
            grants: grants::Grants::new(store),
            sessions: sessions::Sessions::new(store),
            attempts: attempts::Attempts::new(store),
            letters: letters::Letters::new(store),
            keys: keys::Keys::new(store),
        }
    }

    /// Ends everything that an account is signed in to: all browsers, all refresh tokens, all links.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sign_out_everywhere(&self, account: &str) -> Result<(), DocumentError> {
        self.sessions.end_all(account).await?;
        self.grants.revoke_all(account).await?;
        self.letters.discard_all(account).await
    }

    /// Ends what the account of a tenant's user is signed in to, now that the user is deleted. One that works with other
    /// tenants stays signed in for those: it gets no token of this one any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn user_left(&self, store: &Store, tenant: &TenantId, user: &str) -> Result<(), DocumentError> {
        for account in self.accounts.list().await? {
            if account.user_in(tenant) == Some(user) && !access::may_sign_in(store, &account).await? {
                self.sign_out_everywhere(&account.id).await?;
            }
        }
        Ok(())
    }

    /// Whether anybody can sign in: an account has a password, and its people were not all deleted.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn anybody_can_sign_in(&self, store: &Store) -> Result<bool, DocumentError> {
        let mut page = Page::first(SOME);
        loop {
            let accounts = self.accounts.page(page).await?;
            for account in &accounts {
                if account.has_password() && access::may_sign_in(store, account).await? {
                    return Ok(true);
                }
            }
            match accounts.last() {
                Some(last) if accounts.len() == SOME => page = Page::after(last.id.clone(), SOME),
                _ => return Ok(false),
            }
        }
    }

    /// Gives an account a new password and ends everything that it was signed in to.
    ///
    /// # Errors
    /// When the password is not acceptable, there is no such account, or the store fails.
    pub async fn change_password(&self, account: &str, password: &str) -> Result<(), DocumentError> {
        let account = self.accounts.set_password(account, password).await?;
        self.attempts.forget(&account.email).await?;
        self.sign_out_everywhere(&account.id).await
    }

    /// Takes away what has expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tidy(&self) -> Result<(), DocumentError> {
        self.codes.tidy().await?;
        self.grants.tidy().await?;
        self.sessions.tidy().await?;
        self.letters.tidy().await?;
        self.attempts.tidy().await
    }
}
