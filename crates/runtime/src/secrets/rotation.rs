//! A new key for all that is sealed, of tenants and of the platform, document by document.
//!
//! Each step leaves everything readable: the new key stands in front of the old ones before anything is sealed with
//! it, and each document is replaced whole. Who is interrupted begins again, and the rotation that was begun is
//! finished. What earlier versions kept as it was, and the earlier versions of such documents, are gone afterwards.

use model::TenantId;
use serde_json::Value;
use store::{Document, Expect, Key, Page, PlatformStore, SecretKeys, Store, StoreError, TenantStore};

use super::{
    keys::{Keyring, put_in_front},
    sealing::{Place, reseal},
};
use crate::{
    documents::DocumentError,
    realm::{accounts, keys as realm_keys},
    tenants::Tenants,
};

/// The name of a key, and its value in a document.
type FoundBy = (&'static str, fn(&Value) -> Option<String>);

/// Documents of a kind with something sealed in them.
struct SealedKind {
    kind: &'static str,
    /// The fields that are, as JSON pointers.
    fields: &'static [&'static str],
    /// By what else than its id a document is found: the name of the key, and its value in a stored document.
    found_by: Option<FoundBy>,
}

const fn sealed(kind: &'static str, fields: &'static [&'static str]) -> SealedKind {
    SealedKind { kind, fields, found_by: None }
}

const OF_TENANTS: &[SealedKind] = &[
    sealed("secret", &["/sealed"]),
    sealed("signing_keys", &["/keys"]),
    sealed("webhook", &["/secrets"]),
    sealed("environment", &["/sealed"]),
];
const OF_THE_PLATFORM: &[SealedKind] = &[
    sealed(realm_keys::KIND, realm_keys::SEALED),
    SealedKind {
        kind: accounts::KIND,
        fields: accounts::SEALED,
        found_by: Some((accounts::EMAIL, accounts::stored_key)),
    },
];
/// How often a document that others change at the same moment is tried again.
const TRIES: usize = 10;
const PAGE: usize = 500;

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The name of the key with which everything is sealed now.
    pub key: String,
    /// Whether it is a new one; not when an interrupted rotation was finished.
    pub new_key: bool,
    /// How many documents were sealed anew.
    pub resealed: usize,
}

/// Makes a new key and seals everything with it; or finishes that, where it was interrupted. Keys that are given
/// outright are changed by whoever gives them: then everything is sealed with the first of them.
///
/// # Errors
/// When something does not open, or the store or the key file fail. What was done by then stays; begin again.
pub async fn rotate_key(store: &Store) -> Result<Rotation, DocumentError> {
    let keys = store.secret_keys();
    let tenants: Vec<TenantId> = Tenants::new(store).list().await?.into_iter().map(|tenant| tenant.id).collect();
    let first = Keyring::read(keys)?.sealing().map(str::to_owned);
    let unfinished = match &first {
        Some(first) => under_another_key(store, &tenants, first).await?,
        None => false,
    };
    let (key, new_key) = match (first, keys) {
        (Some(first), _) if unfinished => (first, false),
        (Some(_), SecretKeys::File(file)) => (put_in_front(file)?, true),
        (Some(first), SecretKeys::Given(_)) => (first, false),
        (None, _) => {
            let made = Keyring::read_or_make(keys)?;
            (made.sealing().expect("a ring that was made has a key").to_owned(), true)
        }
    };
    let mut resealed = 0;
    for (documents, kinds) in everywhere(store, &tenants) {
        for kind in kinds {
            for document in documents.list(kind.kind).await? {
                if documents.reseal(kind, &key, keys, document).await? {
                    resealed += 1;
                }
            }
            documents.forget_past(kind.kind).await?;
        }
    }
    store.scrub_documents().await?;
    Ok(Rotation { key, new_key, resealed })
}

/// Whether something is sealed with a key that is not the first: a rotation was begun and not finished.
async fn under_another_key(store: &Store, tenants: &[TenantId], first: &str) -> Result<bool, DocumentError> {
    for (documents, kinds) in everywhere(store, tenants) {
        for kind in kinds {
            for document in documents.list(kind.kind).await? {
                let body = document.read::<Value>()?;
                let under = |field: &&str| body.pointer(field).and_then(|sealed| sealed["key"].as_str());
                if kind.fields.iter().filter_map(under).any(|key| key != first) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// All places where something sealed may lie.
fn everywhere(store: &Store, tenants: &[TenantId]) -> Vec<(Documents, &'static [SealedKind])> {
    let of_tenants = tenants.iter().map(|tenant| (Documents::Tenant(store.tenant(tenant)), OF_TENANTS));
    let of_the_platform = (Documents::Platform(store.platform()), OF_THE_PLATFORM);
    of_tenants.chain([of_the_platform]).collect()
}

/// Whose documents.
enum Documents {
    Tenant(TenantStore),
    Platform(PlatformStore),
}

impl Documents {
    /// Seals one document anew; false when it needs that no more.
    async fn reseal(
        &self,
        kind: &SealedKind,
        key: &str,
        keys: &SecretKeys,
        mut document: Document,
    ) -> Result<bool, DocumentError> {
        for _ in 0..TRIES {
            let id = document.id.clone();
            let mut body: Value = document.read()?;
            let mut changed = false;
            for field in kind.fields {
                let Some(field) = body.pointer_mut(field) else { continue };
                if let Some(sealed) = reseal(field, key, self.place(kind.kind, &id), keys)? {
                    *field = sealed;
                    changed = true;
                }
            }
            if !changed {
                return Ok(false);
            }
            let found_by = kind.found_by.and_then(|(name, value)| Some((name, value(&body)?)));
            let found_by: Vec<Key<'_>> = found_by.iter().map(|(name, value)| Key::unique(name, value)).collect();
            match self.put_without_past(kind.kind, &id, &body, &found_by, Expect::Version(document.version)).await {
                Ok(_) => return Ok(true),
                // Somebody set it meanwhile: what is there now is looked at again.
                Err(StoreError::Conflict { .. }) => match self.get(kind.kind, &id).await? {
                    Some(now) => document = now,
                    None => return Ok(false),
                },
                Err(error) => return Err(error.into()),
            }
        }
        Err(DocumentError::Conflict { kind: kind.kind, id: document.id })
    }

    fn place<'a>(&'a self, kind: &'a str, id: &'a str) -> Place<'a> {
        let tenant = match self {
            Self::Tenant(store) => Some(store.tenant()),
            Self::Platform(_) => None,
        };
        Place { kind, tenant, id }
    }

    async fn list(&self, kind: &str) -> Result<Vec<Document>, StoreError> {
        let (mut all, mut page) = (Vec::new(), Page::first(PAGE));
        loop {
            let found = match self {
                Self::Tenant(store) => store.list(kind, page).await?,
                Self::Platform(store) => store.list(kind, page).await?,
            };
            let more = found.len() == PAGE;
            let last = found.last().map(|document| document.id.clone());
            all.extend(found);
            match last {
                Some(last) if more => page = Page::after(last, PAGE),
                _ => return Ok(all),
            }
        }
    }

    async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>, StoreError> {
        match self {
            Self::Tenant(store) => store.get(kind, id).await,
            Self::Platform(store) => store.get(kind, id).await,
        }
    }

    async fn put_without_past(
        &self,
        kind: &str,
        id: &str,
        body: &Value,
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64, StoreError> {
        match self {
            Self::Tenant(store) => store.put_without_past(kind, id, body, keys, expect).await,
            Self::Platform(store) => store.put_without_past(kind, id, body, keys, expect).await,
        }
    }

    async fn forget_past(&self, kind: &str) -> Result<(), StoreError> {
        match self {
            Self::Tenant(store) => store.forget_past(kind).await,
            Self::Platform(store) => store.forget_past(kind).await,
        }
    }
}

#[cfg(test)]
mod tests;
