//! What the typed repositories share: reading and writing a document as a Rust value.
//!
//! Knows what a document is, not what any of them means.

use dialogue::problem::{Problem, Severity};
use model::{TenantId, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use store::{Batch, Document, Expect, Key, Page, Store, StoreError, TenantStore};

use crate::secrets::Place;

/// Why an administrative operation failed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// There is none of that id in the tenant.
    #[error("there is no {kind} `{id}`")]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// There is one already.
    #[error("there is a {kind} `{id}` already: choose another name")]
    Exists {
        /// What was to be made.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// Somebody else changed it meanwhile.
    #[error("the {kind} `{id}` was changed by somebody else meanwhile: read it again and repeat the change")]
    Conflict {
        /// What was to be changed.
        kind: &'static str,
        /// Which one.
        id: String,
    },
    /// A value is not acceptable.
    #[error("{field}: {complaint}")]
    Invalid {
        /// Which value.
        field: String,
        /// What is wrong and what to do.
        complaint: String,
    },
    /// Others need it as it is.
    #[error("the {kind} `{id}` is in use: take it out of {} first", by.join(", "))]
    InUse {
        /// What was to be changed.
        kind: &'static str,
        /// Which one.
        id: String,
        /// Who needs it, in words.
        by: Vec<String>,
    },
    /// The agent is of another kind than the operation is for.
    #[error("the agent `{id}` is a {is}: use the operations for {is}s")]
    WrongKind {
        /// Which one.
        id: String,
        /// What it is.
        is: &'static str,
    },
    /// A flow or a function cannot be saved or published as it is; there is at least one problem.
    #[error("the {kind} cannot be used as it is: {}", in_words(problems))]
    Unsound {
        /// What it is about.
        kind: &'static str,
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// A scenario cannot be saved as it is; there is at least one problem.
    #[error("the scenario cannot be saved: {}", in_words(.0))]
    Scenario(Vec<Problem>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DocumentError {
    pub(crate) fn not_found(kind: &'static str, id: impl ToString) -> Self {
        Self::NotFound { kind, id: id.to_string() }
    }

    /// Nothing, where there is no error among the problems of a kind of thing.
    pub(crate) fn unless_sound(kind: &'static str, problems: Vec<Problem>) -> Result<(), Self> {
        let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
        let problems: Vec<Problem> = errors.collect();
        if problems.is_empty() { Ok(()) } else { Err(Self::Unsound { kind, problems }) }
    }

    pub(crate) fn invalid(field: impl Into<String>, complaint: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), complaint: complaint.into() }
    }
}

fn in_words(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| format!("{}: {} {}", problem.path, problem.message, problem.remedy));
    lines.collect::<Vec<_>>().join("; ")
}

/// Most documents of one kind that are listed at once.
const PAGE: usize = 1_000;

/// Documents of one kind as values of one type.
#[derive(Clone)]
pub(crate) struct Kind {
    pub(crate) store: Store,
    pub(crate) name: &'static str,
}

/// A value and the version of the document that holds it.
#[derive(Debug, Clone)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Grows with each change.
    pub version: u64,
    /// When this version was put.
    pub updated_at: Timestamp,
}

impl Kind {
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<Versioned<T>>, DocumentError> {
        self.store.tenant(tenant).get(self.name, id).await?.as_ref().map(read).transpose()
    }

    /// The document, or [`DocumentError::NotFound`].
    pub(crate) async fn need<T: DeserializeOwned>(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Versioned<T>, DocumentError> {
        self.get(tenant, id).await?.ok_or_else(|| DocumentError::not_found(self.name, id))
    }

    /// All documents of the kind, page by page.
    pub(crate) async fn list<T: DeserializeOwned>(&self, tenant: &TenantId) -> Result<Vec<T>, DocumentError> {
        let store = self.store.tenant(tenant);
        let mut all = Vec::new();
        let mut page = Page::first(PAGE);
        loop {
            let documents = store.list(self.name, page).await?;
            for document in &documents {
                all.push(document.read()?);
            }
            match documents.last() {
                Some(last) if documents.len() == PAGE => page = Page::after(last.id.clone(), PAGE),
                _ => return Ok(all),
            }
        }
    }

    pub(crate) async fn put<T: Serialize>(
        &self,
        tenant: &TenantId,
        id: &str,
        value: &T,
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64, DocumentError> {
        let put = self.store.tenant(tenant).put(self.name, id, value, keys, expect).await;
        put.map_err(|error| self.refused(id, expect, error))
    }

    /// The same of a document with a secret in it: no earlier version stays.
    pub(crate) async fn put_without_past<T: Serialize>(
        &self,
        tenant: &TenantId,
        id: &str,
        value: &T,
        expect: Expect,
    ) -> Result<u64, DocumentError> {
        let put = self.store.tenant(tenant).put_without_past(self.name, id, value, &[], expect).await;
        put.map_err(|error| self.refused(id, expect, error))
    }

    fn refused(&self, id: &str, expect: Expect, error: StoreError) -> DocumentError {
        match error {
            StoreError::Conflict { .. } if expect == Expect::New => {
                DocumentError::Exists { kind: self.name, id: id.to_owned() }
            }
            StoreError::Conflict { .. } => DocumentError::Conflict { kind: self.name, id: id.to_owned() },
            other => other.into(),
        }
    }

    /// Deletes with every earlier version; false when there was none.
    pub(crate) async fn discard(&self, tenant: &TenantId, id: &str) -> Result<bool, DocumentError> {
        Ok(self.store.tenant(tenant).discard(self.name, vec![id.to_owned()]).await? > 0)
    }

    /// Where a document of this kind lies, for what is sealed in it.
    pub(crate) fn place<'a>(&self, tenant: &'a TenantId, id: &'a str) -> Place<'a> {
        Place { kind: self.name, tenant: Some(tenant), id }
    }

    /// Deletes, whatever its version; false when there was none.
    pub(crate) async fn delete(&self, tenant: &TenantId, id: &str) -> Result<bool, DocumentError> {
        Ok(self.store.tenant(tenant).delete(self.name, id, Expect::Any).await?)
    }
}

/// Changes of several documents that are made together: all of them, or none where one is refused. What belongs together
/// is never seen half done, and nobody who is refused has written over what another wrote.
#[derive(Default)]
pub(crate) struct Together {
    batch: Batch,
    /// What each change is of, and what it expects.
    expected: Vec<(Kind, String, Expect)>,
}

impl Together {
    /// As [`Kind::put`].
    pub(crate) fn put<T: Serialize>(
        &mut self,
        kind: &Kind,
        id: &str,
        value: &T,
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<(), DocumentError> {
        self.batch.put(kind.name, id, value, keys, expect)?;
        self.expected.push((kind.clone(), id.to_owned(), expect));
        Ok(())
    }

    /// As [`Kind::put_without_past`].
    pub(crate) fn put_without_past<T: Serialize>(
        &mut self,
        kind: &Kind,
        id: &str,
        value: &T,
        expect: Expect,
    ) -> Result<(), DocumentError> {
        self.batch.put_without_past(kind.name, id, value, &[], expect)?;
        self.expected.push((kind.clone(), id.to_owned(), expect));
        Ok(())
    }

    /// Makes the changes. An error is of the first that is refused.
    pub(crate) async fn write(self, store: &TenantStore) -> Result<(), DocumentError> {
        let Self { batch, expected } = self;
        store.put_all(batch).await.map_err(|error| {
            let refused = match &error {
                StoreError::Conflict { kind, id, .. } => {
                    expected.iter().find(|(known, of, _)| known.name == kind.as_str() && of == id)
                }
                _ => None,
            };
            match refused {
                Some((kind, id, expect)) => kind.refused(id, *expect, error),
                None => error.into(),
            }
        })
    }
}

fn read<T: DeserializeOwned>(document: &Document) -> Result<Versioned<T>, DocumentError> {
    Ok(Versioned { value: document.read()?, version: document.version, updated_at: document.updated_at })
}

/// A secret that nobody guesses: 32 random bytes as hexadecimal digits.
pub(crate) fn secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// A new id, later ones sorting after earlier ones.
pub(crate) fn new_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

/// The present.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
