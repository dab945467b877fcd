//! A new key for all that is sealed, tenant by tenant, document by document.
//!
//! Each step leaves everything readable: the new key stands in front of the old ones before anything is sealed with
//! it, and each document is replaced whole. Who is interrupted begins again, and the rotation that was begun is
//! finished. What earlier versions kept as it was, and the earlier versions of such documents, are gone afterwards.

use model::TenantId;
use serde_json::Value;
use store::{Document, Expect, Page, SecretKeys, Store, StoreError};

use super::{
    keys::{Keyring, put_in_front},
    sealing::{Place, reseal},
};
use crate::{documents::DocumentError, tenants::Tenants};

/// Kinds of documents with something sealed in them, and the field that is.
const SEALED: [(&str, &str); 4] =
    [("secret", "sealed"), ("signing_keys", "keys"), ("webhook", "secrets"), ("environment", "sealed")];
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
    for tenant in &tenants {
        for (kind, field) in SEALED {
            resealed += reseal_kind(store, tenant, kind, field, &key).await?;
            store.tenant(tenant).forget_past(kind).await?;
        }
    }
    store.scrub_documents().await?;
    Ok(Rotation { key, new_key, resealed })
}

/// Whether something is sealed with a key that is not the first: a rotation was begun and not finished.
async fn under_another_key(store: &Store, tenants: &[TenantId], first: &str) -> Result<bool, DocumentError> {
    for tenant in tenants {
        for (kind, field) in SEALED {
            for document in documents(store, tenant, kind).await? {
                let key = document.read::<Value>()?[field]["key"].as_str().map(str::to_owned);
                if key.is_some_and(|key| key != first) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

async fn reseal_kind(
    store: &Store,
    tenant: &TenantId,
    kind: &str,
    field: &str,
    key: &str,
) -> Result<usize, DocumentError> {
    let mut resealed = 0;
    for document in documents(store, tenant, kind).await? {
        if reseal_document(store, tenant, kind, field, key, document).await? {
            resealed += 1;
        }
    }
    Ok(resealed)
}

/// Seals one document anew; false when it needs that no more.
async fn reseal_document(
    store: &Store,
    tenant: &TenantId,
    kind: &str,
    field: &str,
    key: &str,
    mut document: Document,
) -> Result<bool, DocumentError> {
    let of_tenant = store.tenant(tenant);
    for _ in 0..TRIES {
        let id = document.id.clone();
        let mut body: Value = document.read()?;
        let Some(sealed) = reseal(&body[field], key, Place { kind, tenant, id: &id }, store.secret_keys())? else {
            return Ok(false);
        };
        body[field] = sealed;
        match of_tenant.put_without_past(kind, &id, &body, &[], Expect::Version(document.version)).await {
            Ok(_) => return Ok(true),
            // Somebody set it meanwhile: what is there now is looked at again.
            Err(StoreError::Conflict { .. }) => match of_tenant.get(kind, &id).await? {
                Some(now) => document = now,
                None => return Ok(false),
            },
            Err(error) => return Err(error.into()),
        }
    }
    Err(DocumentError::Conflict { kind: "secret", id: document.id })
}

async fn documents(store: &Store, tenant: &TenantId, kind: &str) -> Result<Vec<Document>, DocumentError> {
    let (store, mut all, mut page) = (store.tenant(tenant), Vec::new(), Page::first(PAGE));
    loop {
        let found = store.list(kind, page).await?;
        let more = found.len() == PAGE;
        let last = found.last().map(|document| document.id.clone());
        all.extend(found);
        match last {
            Some(last) if more => page = Page::after(last, PAGE),
            _ => return Ok(all),
        }
    }
}

#[cfg(test)]
mod tests;
