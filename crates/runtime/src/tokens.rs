//! API tokens: bearer secrets of a tenant, of which only the hash is kept.

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Expect, Key, Store};

use crate::{
    documents::{DocumentError, Kind, new_id, now, secret},
    users::User,
};

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Names it, for lists and for revoking.
    pub id: String,
    /// For people.
    pub name: String,
    /// SHA-256 of the secret, hexadecimal. The secret has 256 random bits, so a plain hash suffices.
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops being good; never when absent (row OD-P02).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whose permissions it carries (row OD-P05); the tenant's own, all of them, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Token {
    /// Whether it is past its lifetime.
    pub fn expired(&self, at: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= at)
    }
}

/// The hash under which a bearer secret is known.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// The API tokens of tenants.
#[derive(Clone)]
pub struct Tokens {
    kind: Kind,
}

impl Tokens {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "token" } }
    }

    /// Makes a token of the tenant itself; the secret is returned this once.
    ///
    /// # Errors
    /// When the name is too long or the store fails.
    pub async fn create(
        &self,
        tenant: &TenantId,
        name: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<(Token, String), DocumentError> {
        self.create_for(tenant, name, expires_at, None).await
    }

    /// Makes a token that carries a user's permissions; the secret is returned this once.
    ///
    /// # Errors
    /// When the name is too long or the store fails.
    pub async fn create_for(
        &self,
        tenant: &TenantId,
        name: &str,
        expires_at: Option<Timestamp>,
        user: Option<&User>,
    ) -> Result<(Token, String), DocumentError> {
        if name.chars().count() > 200 {
            return Err(DocumentError::invalid("name", "at most 200 characters"));
        }
        let secret = format!("plt_{}", secret());
        let id = new_id().to_string();
        let hash = hex::encode(hash(&secret));
        let user = user.map(|user| user.id.clone());
        let token = Token { id, name: name.to_owned(), hash, created_at: now(), expires_at, user };
        self.kind.put(tenant, &token.id, &token, &[Key::unique("hash", &token.hash)], Expect::New).await?;
        Ok((token, secret))
    }

    /// All tokens of a tenant, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Token>, DocumentError> {
        self.kind.list(tenant).await
    }

    /// One token.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<Token, DocumentError> {
        Ok(self.kind.need(tenant, id).await?.value)
    }

    /// Ends a token.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn revoke(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        if self.kind.delete(tenant, id).await? { Ok(()) } else { Err(DocumentError::not_found("token", id)) }
    }
}
