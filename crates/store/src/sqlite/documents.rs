//! Documents on SQLite: the nine operations, and the watch on changes.
//!
//! Several processes may have the file open (the command line beside a server), so every decision
//! about versions is taken inside the write transaction.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use async_trait::async_trait;
use crossbeam_channel::{RecvTimeoutError, Sender};
use model::{TenantId, Timestamp};
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde_json::value::RawValue;
use tokio::sync::watch;

use super::{
    connection::{Database, unavailable},
    readers::{Readers, off_the_async_threads, row_limit},
};
use crate::{
    Document, Expect, Page, Result, StoreError,
    backend::DocumentBackend,
    document::{Change, Draft, HISTORY_KEPT, Owner, Past, Unique},
};

/// How often changes by other processes are looked for.
const POLL: Duration = Duration::from_millis(50);

pub(crate) struct SqliteDocuments {
    writer: Arc<Mutex<Connection>>,
    readers: Arc<Readers>,
    changes: Arc<watch::Sender<u64>>,
    dir: PathBuf,
    /// Dropped with this, which ends the thread that looks for changes.
    _poll: Sender<()>,
}

impl SqliteDocuments {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let writer = Database::Documents.open(dir)?;
        let changes = Arc::new(watch::Sender::new(0));
        let poll = watch_file(Database::Documents.open_to_read(dir)?, Arc::clone(&changes))?;
        let readers = Arc::new(Readers::new(dir, Database::Documents, None));
        Ok(Self { writer: Arc::new(Mutex::new(writer)), readers, changes, dir: dir.to_owned(), _poll: poll })
    }

    async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        Arc::clone(&self.readers).read(action, query).await
    }

    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (writer, changes) = (Arc::clone(&self.writer), Arc::clone(&self.changes));
        off_the_async_threads(move || {
            let mut connection = writer.lock();
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable(action))?;
            let outcome = change(&transaction)?;
            transaction.commit().map_err(unavailable(action))?;
            changes.send_modify(|count| *count += 1);
            Ok(outcome)
        })
        .await
    }
}

#[async_trait]
impl DocumentBackend for SqliteDocuments {
    async fn get(&self, owner: Owner, kind: String, id: String) -> Result<Option<Document>> {
        self.read("read a document", move |connection| {
            connection
                .prepare_cached(
                    "SELECT id, version, body, updated_at FROM documents WHERE tenant = ?1 AND kind = ?2 AND id = ?3",
                )?
                .query_row(params![owner.as_str(), kind, id], document)
                .optional()
        })
        .await
    }

    async fn list(&self, owner: Owner, kind: String, page: Page) -> Result<Vec<Document>> {
        self.read("list documents", move |connection| {
            let after = page.after.as_deref().unwrap_or("");
            connection
                .prepare_cached(
                    "SELECT id, version, body, updated_at FROM documents
                     WHERE tenant = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
                )?
                .query_map(params![owner.as_str(), kind, after, row_limit(page.limit, Page::MAX)], document)?
                .collect()
        })
        .await
    }

    async fn put(&self, owner: Owner, draft: Draft) -> Result<u64> {
        self.write("put a document", move |transaction| put(transaction, &owner, &draft)).await
    }

    async fn put_all(&self, owner: Owner, changes: Vec<Change>) -> Result<()> {
        self.write("put documents", move |transaction| {
            changes.iter().try_for_each(|change| match change {
                Change::Put(draft) => put(transaction, &owner, draft).map(|_| ()),
                Change::Delete { kind, id, expect } => delete(transaction, &owner, kind, id, *expect).map(|_| ()),
            })
        })
        .await
    }

    async fn delete(&self, owner: Owner, kind: String, id: String, expect: Expect) -> Result<bool> {
        self.write("delete a document", move |transaction| delete(transaction, &owner, &kind, &id, expect)).await
    }

    async fn discard(&self, owner: Owner, kind: String, ids: Vec<String>) -> Result<usize> {
        self.write("discard documents", move |transaction| {
            ids.iter().try_fold(0_usize, |found, id| Ok(found + discard(transaction, &owner, &kind, id)?))
        })
        .await
    }

    async fn find(&self, owner: Owner, kind: String, name: String, value: String) -> Result<Vec<Document>> {
        self.read("find documents", move |connection| {
            connection
                .prepare_cached(
                    "SELECT id, version, body, updated_at FROM document_keys
                     JOIN documents USING (tenant, kind, id)
                     WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND value = ?4 ORDER BY id LIMIT ?5",
                )?
                .query_map(params![owner.as_str(), kind, name, value, row_limit(Page::MAX, Page::MAX)], document)?
                .collect()
        })
        .await
    }

    async fn history(&self, owner: Owner, kind: String, id: String) -> Result<Vec<Document>> {
        self.read("read the history of a document", move |connection| {
            connection
                .prepare_cached(
                    "SELECT id, version, body, updated_at FROM document_history
                     WHERE tenant = ?1 AND kind = ?2 AND id = ?3 ORDER BY version DESC",
                )?
                .query_map([owner.as_str(), &kind, &id], document)?
                .collect()
        })
        .await
    }

    async fn find_anywhere(&self, kind: String, name: String, value: String) -> Result<Option<(TenantId, Document)>> {
        let found = self
            .read("find a document", move |connection| {
                connection
                    .prepare_cached(
                        "SELECT id, version, body, updated_at, tenant FROM document_keys
                         JOIN documents USING (tenant, kind, id)
                         WHERE kind = ?1 AND name = ?2 AND value = ?3 AND tenant > '' ORDER BY tenant, id LIMIT 1",
                    )?
                    .query_row([kind, name, value], |row| Ok((row.get::<_, String>(4)?, document(row)?)))
                    .optional()
            })
            .await?;
        found
            .map(|(tenant, document)| {
                let tenant = TenantId::try_from(tenant)
                    .map_err(|problem| StoreError::Corrupt { what: "tenant name", problem: problem.to_string() })?;
                Ok((tenant, document))
            })
            .transpose()
    }

    async fn forget_past(&self, owner: Owner, kind: String) -> Result<()> {
        self.write("forget the history of documents", move |transaction| {
            transaction
                .execute("DELETE FROM document_history WHERE tenant = ?1 AND kind = ?2", [owner.as_str(), &kind])
                .map(|_| ())
                .map_err(unavailable("forget the history of documents"))
        })
        .await
    }

    async fn scrub(&self) -> Result<()> {
        let dir = self.dir.clone();
        off_the_async_threads(move || {
            // When rows move from page to page, copies stay in the unused parts of pages: the file is written anew.
            let connection = Database::Documents.open(&dir)?;
            connection.execute_batch("VACUUM").map_err(unavailable("write the documents anew"))?;
            drop(connection);
            Database::Documents.empty_wal(&dir)
        })
        .await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

fn put(transaction: &Transaction<'_>, owner: &Owner, draft: &Draft) -> Result<u64> {
    let Draft { kind, id, body, keys, expect, past } = draft;
    let found = current_version(transaction, owner, kind, id)?;
    if !expect.holds(found) {
        return Err(StoreError::Conflict { kind: kind.clone(), id: id.clone(), found });
    }
    let version = 1 + match found {
        Some(version) => version,
        // A document that was deleted goes on counting, so that an old version never matches a new document.
        None => last_version(transaction, owner, kind, id)?,
    };
    match past {
        Past::Kept if found.is_some() => remember(transaction, owner, kind, id)?,
        Past::Kept => {}
        Past::Forgotten => forget_past(transaction, owner, kind, id)?,
    }
    if found.is_some() {
        forget_keys(transaction, owner, kind, id)?;
    }
    transaction
        .prepare_cached(
            "INSERT INTO documents (tenant, kind, id, version, body, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (tenant, kind, id) DO UPDATE
             SET version = excluded.version, body = excluded.body, updated_at = excluded.updated_at",
        )
        .and_then(|mut insert| {
            insert.execute(params![owner.as_str(), kind, id, version.cast_signed(), body, Timestamp::now().0])
        })
        .map_err(unavailable("put a document"))?;
    for (name, value, unique) in keys {
        insert_key(transaction, owner, draft, name, value, *unique)?;
    }
    Ok(version)
}

fn insert_key(
    transaction: &Transaction<'_>,
    owner: &Owner,
    draft: &Draft,
    name: &str,
    value: &str,
    unique: Unique,
) -> Result<()> {
    let scope = match unique {
        Unique::No => 0,
        Unique::InTenant => 1,
        Unique::Everywhere => 2,
    };
    transaction
        .prepare_cached(
            "INSERT INTO document_keys (tenant, kind, name, value, id, scope) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut insert| insert.execute(params![owner.as_str(), draft.kind, name, value, draft.id, scope]))
        .map(|_| ())
        .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => {
                StoreError::Duplicate { kind: draft.kind.clone(), key: name.to_owned() }
            }
            _ => unavailable("put a document")(error),
        })
}

fn current_version(transaction: &Transaction<'_>, owner: &Owner, kind: &str, id: &str) -> Result<Option<u64>> {
    transaction
        .prepare_cached("SELECT version FROM documents WHERE tenant = ?1 AND kind = ?2 AND id = ?3")
        .and_then(|mut query| query.query_row([owner.as_str(), kind, id], |row| row.get::<_, i64>(0)).optional())
        .map(|version| version.map(i64::cast_unsigned))
        .map_err(unavailable("read a document"))
}

fn last_version(transaction: &Transaction<'_>, owner: &Owner, kind: &str, id: &str) -> Result<u64> {
    transaction
        .query_row(
            "SELECT coalesce(max(version), 0) FROM document_history WHERE tenant = ?1 AND kind = ?2 AND id = ?3",
            [owner.as_str(), kind, id],
            |row| row.get::<_, i64>(0),
        )
        .map(i64::cast_unsigned)
        .map_err(unavailable("read the history of a document"))
}

/// Moves what is stored now to the history, and drops what is too old there.
fn remember(transaction: &Transaction<'_>, owner: &Owner, kind: &str, id: &str) -> Result<()> {
    let kept = i64::try_from(HISTORY_KEPT).expect("a small constant");
    transaction
        .execute(
            "INSERT INTO document_history (tenant, kind, id, version, body, updated_at)
             SELECT tenant, kind, id, version, body, updated_at FROM documents
             WHERE tenant = ?1 AND kind = ?2 AND id = ?3",
            [owner.as_str(), kind, id],
        )
        .and_then(|_| {
            transaction.execute(
                "DELETE FROM document_history WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND version NOT IN (
                     SELECT version FROM document_history WHERE tenant = ?1 AND kind = ?2 AND id = ?3
                     ORDER BY version DESC LIMIT ?4)",
                params![owner.as_str(), kind, id, kept],
            )
        })
        .map(|_| ())
        .map_err(unavailable("keep the history of a document"))
}

/// Drops all earlier versions.
fn forget_past(transaction: &Transaction<'_>, owner: &Owner, kind: &str, id: &str) -> Result<()> {
    transaction
        .execute("DELETE FROM document_history WHERE tenant = ?1 AND kind = ?2 AND id = ?3", [owner.as_str(), kind, id])
        .map(|_| ())
        .map_err(unavailable("forget the history of a document"))
}

fn forget_keys(transaction: &Transaction<'_>, owner: &Owner, kind: &str, id: &str) -> Result<()> {
    transaction
        .execute("DELETE FROM document_keys WHERE tenant = ?1 AND kind = ?2 AND id = ?3", [owner.as_str(), kind, id])
        .map(|_| ())
        .map_err(unavailable("replace the keys of a document"))
}

/// Moves a document to the history; answers whether there was one.
fn delete(transaction: &Transaction<'_>, owner: &Owner, kind: &str, id: &str, expect: Expect) -> Result<bool> {
    let found = current_version(transaction, owner, kind, id)?;
    if !expect.holds(found) {
        return Err(StoreError::Conflict { kind: kind.to_owned(), id: id.to_owned(), found });
    }
    if found.is_none() {
        return Ok(false);
    }
    remember(transaction, owner, kind, id)?;
    forget_keys(transaction, owner, kind, id)?;
    transaction
        .execute("DELETE FROM documents WHERE tenant = ?1 AND kind = ?2 AND id = ?3", [owner.as_str(), kind, id])
        .map_err(unavailable("delete a document"))?;
    Ok(true)
}

/// Deletes a document with its keys and earlier versions; answers how many there were: one or none.
fn discard(transaction: &Transaction<'_>, owner: &Owner, kind: &str, id: &str) -> Result<usize> {
    forget_keys(transaction, owner, kind, id)?;
    let place = [owner.as_str(), kind, id];
    transaction
        .prepare_cached("DELETE FROM document_history WHERE tenant = ?1 AND kind = ?2 AND id = ?3")
        .and_then(|mut delete| delete.execute(place))
        .and_then(|_| {
            transaction
                .prepare_cached("DELETE FROM documents WHERE tenant = ?1 AND kind = ?2 AND id = ?3")
                .and_then(|mut delete| delete.execute(place))
        })
        .map_err(unavailable("discard documents"))
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    let body = RawValue::from_string(row.get(2)?)
        .map_err(|problem| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, problem.into()))?;
    Ok(Document {
        id: row.get(0)?,
        version: row.get::<_, i64>(1)?.cast_unsigned(),
        body,
        updated_at: Timestamp(row.get(3)?),
    })
}

/// Ticks `changes` whenever any connection, of this process or another, has changed the file.
fn watch_file(connection: Connection, changes: Arc<watch::Sender<u64>>) -> Result<Sender<()>> {
    let data_version = move || connection.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0));
    let mut seen = data_version().map_err(unavailable("watch the documents"))?;
    let (stop, stopped) = crossbeam_channel::bounded::<()>(0);
    thread::Builder::new()
        .name("store-changes".to_owned())
        .spawn(move || {
            while stopped.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
                match data_version() {
                    Ok(version) if version != seen => {
                        seen = version;
                        changes.send_modify(|count| *count += 1);
                    }
                    Ok(_) => {}
                    Err(problem) => tracing::warn!(%problem, "cannot look for changed documents; trying again"),
                }
            }
        })
        .map_err(|problem| StoreError::Unavailable { action: "start a thread", problem: problem.to_string() })?;
    Ok(stop)
}
