//! Tenants and the keys with which each signs what it hands to visitors.

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Document, Expect, Page, Store, StoreError};

use crate::{
    documents::{DocumentError, Kind, Versioned, now, secret},
    secrets::{open_field, seal_field},
};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its name in paths and host names.
    pub id: TenantId,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key that signs visitors' tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// Names it within the tenant.
    pub id: String,
    /// The secret part.
    #[serde(with = "hex::serde")]
    pub secret: Vec<u8>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Newest first: the first one signs, all of them verify.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct SigningKeys {
    keys: Vec<SigningKey>,
}

/// Keys kept after rotation; older tokens stop being good.
const KEPT_KEYS: usize = 3;
const SIGNING_KEYS: &str = "visitor";
/// The field of their document that is sealed.
const SEALED: &str = "keys";

/// The tenants of an installation.
#[derive(Clone)]
pub struct Tenants {
    store: Store,
    signing_keys: Kind,
}

impl Tenants {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), signing_keys: Kind { store: store.clone(), name: "signing_keys" } }
    }

    /// Makes a tenant with a signing key of its own.
    ///
    /// # Errors
    /// [`DocumentError::Exists`] when the name is taken.
    pub async fn create(&self, id: &TenantId, name: &str) -> Result<Tenant, DocumentError> {
        if name.chars().count() > 200 {
            return Err(DocumentError::invalid("name", "at most 200 characters"));
        }
        let name = if name.trim().is_empty() { id.as_str() } else { name.trim() };
        let tenant = Tenant { id: id.clone(), name: name.to_owned(), created_at: now() };
        let exists = || DocumentError::Exists { kind: "tenant", id: id.to_string() };
        if self.store.platform().tenant(id).await?.is_some() {
            return Err(exists());
        }
        // Keys first: a tenant that can be seen can sign.
        self.rotate_signing_key(id).await?;
        self.store.platform().put_tenant(id, &tenant, Expect::New).await.map_err(|error| match error {
            StoreError::Conflict { .. } => exists(),
            other => other.into(),
        })?;
        Ok(tenant)
    }

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<Tenant>, DocumentError> {
        let documents = self.store.platform().tenants(Page::whole()).await?;
        let mut tenants = documents.iter().map(Document::read).collect::<Result<Vec<Tenant>, _>>()?;
        tenants.sort_by_key(|tenant| tenant.created_at);
        Ok(tenants)
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, id: &TenantId) -> Result<Tenant, DocumentError> {
        let document = self.store.platform().tenant(id).await?;
        Ok(document.ok_or_else(|| DocumentError::not_found("tenant", id))?.read()?)
    }

    /// The keys that verify visitors' tokens, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn signing_keys(&self, tenant: &TenantId) -> Result<Vec<SigningKey>, DocumentError> {
        Ok(self.stored_keys(tenant).await?.map(|stored| stored.value.keys).unwrap_or_default())
    }

    async fn stored_keys(&self, tenant: &TenantId) -> Result<Option<Versioned<SigningKeys>>, DocumentError> {
        let Some(stored) = self.signing_keys.get::<serde_json::Value>(tenant, SIGNING_KEYS).await? else {
            return Ok(None);
        };
        let place = self.signing_keys.place(tenant, SIGNING_KEYS);
        let value = open_field(stored.value, SEALED, place, self.store.secret_keys())?;
        Ok(Some(Versioned { value, version: stored.version, updated_at: stored.updated_at }))
    }

    /// Puts a new signing key in front; the last ones stay good for verifying.
    ///
    /// # Errors
    /// When the store fails, or somebody else rotates at the same moment.
    pub async fn rotate_signing_key(&self, tenant: &TenantId) -> Result<(), DocumentError> {
        let (mut keys, expect) = match self.stored_keys(tenant).await? {
            Some(stored) => (stored.value, Expect::Version(stored.version)),
            None => (SigningKeys::default(), Expect::New),
        };
        let key = SigningKey { id: now().0.to_string(), secret: secret().into_bytes() };
        keys.keys.insert(0, key);
        keys.keys.truncate(KEPT_KEYS);
        let place = self.signing_keys.place(tenant, SIGNING_KEYS);
        let sealed = seal_field(&keys, SEALED, place, self.store.secret_keys())?;
        self.signing_keys.put_without_past(tenant, SIGNING_KEYS, &sealed, expect).await?;
        Ok(())
    }
}
