//! Documents: what designers and administrators write, as values.

use model::{TenantId, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{Result, StoreError};

/// Largest body of one document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 32 << 20;
/// Earlier versions of a document that are kept.
pub const HISTORY_KEPT: usize = 20;
const MAX_KEYS: usize = 16;
const MAX_NAME_BYTES: usize = 64;
const MAX_TEXT_BYTES: usize = 2048;

/// One stored document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its id within tenant and kind.
    pub id: String,
    /// Number of this version; grows with each change and is never used again for this id.
    pub version: u64,
    /// The JSON as it was put.
    pub body: Box<RawValue>,
    /// When this version was put.
    pub updated_at: Timestamp,
}

impl Document {
    /// The body as a value.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.body.get())
            .map_err(|problem| StoreError::Corrupt { what: "document", problem: format!("`{}`: {problem}", self.id) })
    }
}

/// What the writer of a document believes is stored now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    New,
    /// Exactly this version.
    Version(u64),
    /// Whatever it is.
    Any,
}

impl Expect {
    pub(crate) fn holds(self, found: Option<u64>) -> bool {
        match self {
            Self::New => found.is_none(),
            Self::Version(version) => found == Some(version),
            Self::Any => true,
        }
    }
}

/// How far a key's value must be unique among documents of the same kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// Not at all.
    No,
    /// Within the tenant.
    InTenant,
    /// Across all tenants.
    Everywhere,
}

/// A value by which a document can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key<'a> {
    /// Name of the key, the same for all documents of the kind.
    pub name: &'a str,
    /// Its value in this document.
    pub value: &'a str,
    /// Whether others may have the same value.
    pub unique: Unique,
}

impl<'a> Key<'a> {
    /// A key that several documents may share.
    pub const fn shared(name: &'a str, value: &'a str) -> Self {
        Self { name, value, unique: Unique::No }
    }

    /// A key that no other document of the tenant has.
    pub const fn unique_in_tenant(name: &'a str, value: &'a str) -> Self {
        Self { name, value, unique: Unique::InTenant }
    }

    /// A key that no other document of any tenant has.
    pub const fn unique(name: &'a str, value: &'a str) -> Self {
        Self { name, value, unique: Unique::Everywhere }
    }
}

/// A part of a list that is ordered by id.
#[derive(Debug, Clone)]
pub struct Page {
    /// Only ids after this one.
    pub after: Option<String>,
    /// How many at most.
    pub limit: usize,
}

impl Page {
    /// Largest page.
    pub const MAX: usize = 10_000;

    /// The first `limit`.
    pub const fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// The first as many as a page can have.
    pub const fn whole() -> Self {
        Self::first(Self::MAX)
    }

    /// The page after `id`.
    pub fn after(id: impl Into<String>, limit: usize) -> Self {
        Self { after: Some(id.into()), limit }
    }
}

/// Whose a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owner {
    Platform,
    Tenant(TenantId),
}

impl Owner {
    /// As stored. No tenant has an empty name, so the platform cannot be mistaken for one.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Platform => "",
            Self::Tenant(tenant) => tenant.as_str(),
        }
    }
}

/// What is to be put.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) keys: Vec<(String, String, Unique)>,
    pub(crate) expect: Expect,
    pub(crate) past: Past,
}

/// What becomes of earlier versions of a document that is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// The newest [`HISTORY_KEPT`] stay.
    Kept,
    /// None stays.
    Forgotten,
}

impl Draft {
    pub(crate) fn new(kind: &str, id: &str, body: String, keys: &[Key<'_>], expect: Expect) -> Result<Self> {
        bounded("kind", kind, MAX_NAME_BYTES)?;
        bounded("id", id, MAX_TEXT_BYTES)?;
        if body.len() > MAX_DOCUMENT_BYTES {
            return Err(invalid("body", format!("it has {} bytes, {MAX_DOCUMENT_BYTES} are allowed", body.len())));
        }
        if keys.len() > MAX_KEYS {
            return Err(invalid("keys", format!("{} are given, {MAX_KEYS} are allowed", keys.len())));
        }
        for key in keys {
            bounded("key name", key.name, MAX_NAME_BYTES)?;
            bounded("key value", key.value, MAX_TEXT_BYTES)?;
        }
        let keys = keys.iter().map(|key| (key.name.to_owned(), key.value.to_owned(), key.unique)).collect();
        Ok(Self { kind: kind.to_owned(), id: id.to_owned(), body, keys, expect, past: Past::Kept })
    }

    /// The same, of which no earlier version is to stay.
    pub(crate) fn without_past(self) -> Self {
        Self { past: Past::Forgotten, ..self }
    }
}

/// What is to be done to one document among several.
#[derive(Debug)]
pub(crate) enum Change {
    Put(Draft),
    Delete { kind: String, id: String, expect: Expect },
}

/// Changes of documents that are made together or not at all. Each sees those before it: what was put can be expected at
/// the version that it has then.
#[derive(Debug, Default)]
pub struct Batch(pub(crate) Vec<Change>);

impl Batch {
    /// Adds a document, as [`crate::TenantStore::put`] takes it.
    pub fn put(
        &mut self,
        kind: &str,
        id: &str,
        body: &(impl Serialize + ?Sized),
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<()> {
        self.0.push(Change::Put(Draft::new(kind, id, json(body)?, keys, expect)?));
        Ok(())
    }

    /// Adds a document of which no earlier version stays, as [`crate::TenantStore::put_without_past`] takes it.
    pub fn put_without_past(
        &mut self,
        kind: &str,
        id: &str,
        body: &(impl Serialize + ?Sized),
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<()> {
        self.0.push(Change::Put(Draft::new(kind, id, json(body)?, keys, expect)?.without_past()));
        Ok(())
    }

    /// Deletes a document, as [`crate::TenantStore::delete`] does.
    pub fn delete(&mut self, kind: &str, id: &str, expect: Expect) {
        self.0.push(Change::Delete { kind: kind.to_owned(), id: id.to_owned(), expect });
    }
}

/// A body as it is stored.
pub(crate) fn json(body: &(impl Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(body).map_err(|problem| invalid("body", format!("it is not JSON: {problem}")))
}

fn bounded(field: &'static str, text: &str, most: usize) -> Result<()> {
    if text.is_empty() || text.len() > most {
        return Err(invalid(field, format!("it has {} bytes, 1 to {most} are allowed", text.len())));
    }
    Ok(())
}

fn invalid(field: &'static str, problem: String) -> StoreError {
    StoreError::Invalid { field, problem }
}
