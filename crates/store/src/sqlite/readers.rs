//! Connections that only read: a stack of idle ones, opened when first needed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{Database, unavailable};
use crate::{Result, StoreError};

/// Idle connections that are kept, and long reads that run at once.
const KEPT: usize = 8;

pub(super) struct Readers {
    dir: PathBuf,
    database: Database,
    attached: Option<(Database, &'static str)>,
    idle: Mutex<Vec<Connection>>,
    long_reads: Semaphore,
}

impl Readers {
    /// Readers of `database`, which see `attached` under a schema name beside it.
    pub(super) fn new(dir: &Path, database: Database, attached: Option<(Database, &'static str)>) -> Self {
        let idle = Mutex::new(Vec::with_capacity(KEPT));
        Self { dir: dir.to_owned(), database, attached, idle, long_reads: Semaphore::new(KEPT) }
    }

    /// Reads on this thread: for a few rows found by their key, which costs less than a hop to another thread.
    pub(super) fn read_here<T>(
        &self,
        action: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let outcome = query(&connection).map_err(unavailable(action));
        // After an error the connection may be in any state: the next reader opens a new one.
        if outcome.is_ok() {
            let mut idle = self.idle.lock();
            if idle.len() < KEPT {
                idle.push(connection);
            }
        }
        outcome
    }

    /// Reads on a thread where waiting for the disk delays nobody.
    pub(super) async fn read<T: Send + 'static>(
        self: Arc<Self>,
        action: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = Arc::clone(&self);
        let _permit = self.long_reads.acquire().await.map_err(|_| StoreError::Closed)?;
        off_the_async_threads(move || readers.read_here(action, query)).await
    }

    fn open(&self) -> Result<Connection> {
        let connection = self.database.open_to_read(&self.dir)?;
        if let Some((database, schema)) = self.attached {
            let path = self.dir.join(database.file());
            let path = path.to_str().ok_or_else(|| StoreError::Invalid {
                field: "data directory",
                problem: "its path is not valid UTF-8: choose another".to_owned(),
            })?;
            let attach = format!("ATTACH DATABASE ?1 AS {schema}");
            connection.execute(&attach, [path]).map_err(unavailable("open a database"))?;
        }
        Ok(connection)
    }
}

/// Runs `work` where blocking is allowed.
pub(super) async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|stopped| Err(StoreError::Unavailable { action: "run a query", problem: stopped.to_string() }))
}

/// A caller's limit as SQLite wants it, cut to what is allowed.
pub(super) fn row_limit(asked: usize, most: usize) -> i64 {
    i64::try_from(asked.min(most)).expect("bounds are small")
}
