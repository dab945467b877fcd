//! Documents of one kind of the platform, as values.

use serde::{Serialize, de::DeserializeOwned};
use store::{Document, Expect, Key, Page, Store, StoreError};

use crate::{
    documents::{DocumentError, Versioned},
    secrets::Place,
};

/// Most documents that are listed at once.
const PAGE: usize = 1_000;

/// Documents of one kind.
#[derive(Clone)]
pub(super) struct Shelf {
    pub(super) store: Store,
    pub(super) kind: &'static str,
}

impl Shelf {
    pub(super) fn new(store: &Store, kind: &'static str) -> Self {
        Self { store: store.clone(), kind }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, id: &str) -> Result<Option<Versioned<T>>, DocumentError> {
        // An id comes from outside, too; none is without letters.
        if id.is_empty() {
            return Ok(None);
        }
        self.store.platform().get(self.kind, id).await?.as_ref().map(read).transpose()
    }

    pub(super) async fn need<T: DeserializeOwned>(&self, id: &str) -> Result<Versioned<T>, DocumentError> {
        self.get(id).await?.ok_or_else(|| DocumentError::not_found(self.kind, id))
    }

    /// All of them with their ids.
    pub(super) async fn list<T: DeserializeOwned>(&self) -> Result<Vec<(String, T)>, DocumentError> {
        let (mut all, mut page) = (Vec::new(), Page::first(PAGE));
        loop {
            let found = self.page::<T>(page).await?;
            let last = found.last().filter(|_| found.len() == PAGE).map(|(id, _)| id.clone());
            all.extend(found);
            match last {
                Some(last) => page = Page::after(last, PAGE),
                None => return Ok(all),
            }
        }
    }

    /// Some of them with their ids, in the order of these.
    pub(super) async fn page<T: DeserializeOwned>(&self, page: Page) -> Result<Vec<(String, T)>, DocumentError> {
        let found = self.store.platform().list(self.kind, page).await?;
        found.iter().map(|document| Ok((document.id.clone(), document.read()?))).collect()
    }

    /// Those with a value under a key, with their ids.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        key: &str,
        value: &str,
    ) -> Result<Vec<(String, T)>, DocumentError> {
        let found = self.store.platform().find_own(self.kind, key, value).await?;
        found.iter().map(|document| Ok((document.id.clone(), document.read()?))).collect()
    }

    pub(super) async fn put<T: Serialize>(
        &self,
        id: &str,
        value: &T,
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64, DocumentError> {
        let put = self.store.platform().put(self.kind, id, value, keys, expect).await;
        put.map_err(|error| self.refused(id, expect, error))
    }

    /// The same of a document with a secret in it: no earlier version stays.
    pub(super) async fn put_without_past<T: Serialize>(
        &self,
        id: &str,
        value: &T,
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64, DocumentError> {
        let put = self.store.platform().put_without_past(self.kind, id, value, keys, expect).await;
        put.map_err(|error| self.refused(id, expect, error))
    }

    fn refused(&self, id: &str, expect: Expect, error: StoreError) -> DocumentError {
        match error {
            StoreError::Conflict { .. } if expect == Expect::New => {
                DocumentError::Exists { kind: self.kind, id: id.to_owned() }
            }
            StoreError::Conflict { .. } => DocumentError::Conflict { kind: self.kind, id: id.to_owned() },
            other => other.into(),
        }
    }

    /// Where a document lies, for what is sealed in it.
    pub(super) fn place<'a>(&self, id: &'a str) -> Place<'a> {
        Place { kind: self.kind, tenant: None, id }
    }

    /// Deletes with all earlier versions; what is not there is no error.
    pub(super) async fn discard(&self, ids: Vec<String>) -> Result<usize, DocumentError> {
        if ids.is_empty() {
            return Ok(0);
        }
        Ok(self.store.platform().discard(self.kind, ids).await?)
    }

    /// Discards those of which `over` holds.
    pub(super) async fn tidy<T: DeserializeOwned>(&self, over: impl Fn(&T) -> bool) -> Result<(), DocumentError> {
        let all = self.list::<T>().await?;
        let over: Vec<String> = all.into_iter().filter(|(_, value)| over(value)).map(|(id, _)| id).collect();
        for some in over.chunks(PAGE) {
            self.discard(some.to_vec()).await?;
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(document: &Document) -> Result<Versioned<T>, DocumentError> {
    Ok(Versioned { value: document.read()?, version: document.version, updated_at: document.updated_at })
}
