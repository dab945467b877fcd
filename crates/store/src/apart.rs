//! Documents that are read and never changed: what a run of tests has of the store that it must leave as it is.

use std::sync::Arc;

use async_trait::async_trait;
use model::TenantId;
use tokio::sync::watch;

use crate::{
    Document, Expect, Page, Result, StoreError,
    backend::DocumentBackend,
    document::{Change, Draft, Owner},
};

/// The documents of another store. Whatever would change them is refused.
pub(crate) struct ReadOnly(pub(crate) Arc<dyn DocumentBackend>);

fn refused<T>() -> Result<T> {
    let problem = "documents are only read here: change them in the store that they are of".to_owned();
    Err(StoreError::Invalid { field: "documents", problem })
}

#[async_trait]
impl DocumentBackend for ReadOnly {
    async fn get(&self, owner: Owner, kind: String, id: String) -> Result<Option<Document>> {
        self.0.get(owner, kind, id).await
    }

    async fn list(&self, owner: Owner, kind: String, page: Page) -> Result<Vec<Document>> {
        self.0.list(owner, kind, page).await
    }

    async fn put(&self, _owner: Owner, _draft: Draft) -> Result<u64> {
        refused()
    }

    async fn put_all(&self, _owner: Owner, _changes: Vec<Change>) -> Result<()> {
        refused()
    }

    async fn delete(&self, _owner: Owner, _kind: String, _id: String, _expect: Expect) -> Result<bool> {
        refused()
    }

    async fn discard(&self, _owner: Owner, _kind: String, _ids: Vec<String>) -> Result<usize> {
        refused()
    }

    async fn find(&self, owner: Owner, kind: String, name: String, value: String) -> Result<Vec<Document>> {
        self.0.find(owner, kind, name, value).await
    }

    async fn history(&self, owner: Owner, kind: String, id: String) -> Result<Vec<Document>> {
        self.0.history(owner, kind, id).await
    }

    async fn find_anywhere(&self, kind: String, name: String, value: String) -> Result<Option<(TenantId, Document)>> {
        self.0.find_anywhere(kind, name, value).await
    }

    async fn forget_past(&self, _owner: Owner, _kind: String) -> Result<()> {
        refused()
    }

    async fn scrub(&self) -> Result<()> {
        refused()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes()
    }
}
