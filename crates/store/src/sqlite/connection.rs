//! Connections: how each database file is opened, and its schema brought up to date.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::{Result, StoreError};

/// One of the four database files of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    /// What designers and administrators write. Every change is synced.
    Documents,
    /// Passages of what tenants uploaded, and the originals. Every change is synced: documents say that they are there.
    Knowledge,
    /// The turn log. Every commit is synced.
    Log,
    /// The projections. Synced when its write-ahead log is folded in: after a power failure it is
    /// behind, never broken, and the projector catches up.
    Tables,
}

impl Database {
    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Documents => "documents.db",
            Self::Knowledge => "knowledge.db",
            Self::Log => "log.db",
            Self::Tables => "tables.db",
        }
    }

    const fn migrations(self) -> &'static [&'static str] {
        match self {
            Self::Documents => &[include_str!("migrations/documents/1.sql")],
            Self::Knowledge => &[include_str!("migrations/knowledge/1.sql")],
            Self::Log => &[include_str!("migrations/log/1.sql")],
            Self::Tables => &[
                include_str!("migrations/tables/1.sql"),
                include_str!("migrations/tables/2.sql"),
                include_str!("migrations/tables/3.sql"),
                include_str!("migrations/tables/4.sql"),
            ],
        }
    }

    /// `secure_delete` writes zeros where something was. Adding rows never pays for that: nothing becomes
    /// free when they are added. What is deleted or made shorter is written once more, as zeros.
    const fn pragmas(self) -> &'static str {
        match self {
            Self::Documents | Self::Knowledge => "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
            // Checkpoints are made by `log::checkpoint`, away from the commits that callers wait for.
            Self::Log => {
                "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -4096;
                 PRAGMA secure_delete = ON;"
            }
            Self::Tables => {
                "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -32768;
                 PRAGMA secure_delete = ON;"
            }
        }
    }

    /// A connection that reads and writes; makes the file and its schema when they are missing.
    pub(super) fn open(self, dir: &Path) -> Result<Connection> {
        let mut connection = Connection::open(dir.join(self.file())).map_err(unavailable("open a database"))?;
        prepare(&mut connection, self).map_err(unavailable("open a database"))?;
        migrate(&mut connection, self)?;
        Ok(connection)
    }

    /// A connection that only reads; the file must exist.
    pub(super) fn open_to_read(self, dir: &Path) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(dir.join(self.file()), flags)
            .and_then(|connection| {
                limits(&connection)?;
                // Every commit of the writer empties a reader's cache: mapped pages need no copy to be read again.
                connection.pragma_update(None, "mmap_size", MAPPED)?;
                Ok(connection)
            })
            .map_err(unavailable("open a database"))?;
        Ok(connection)
    }

    /// Folds the write-ahead log into the file and empties it, so that what the file no longer has is
    /// nowhere. Whoever reads at the moment is waited for, with a bound.
    pub(super) fn empty_wal(self, dir: &Path) -> Result<()> {
        const ACTION: &str = "empty a write-ahead log";
        let connection = self.open(dir)?;
        let checkpoint = |sql: &str| {
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(unavailable(ACTION)).map(|busy| busy == 0)
        };
        // The bulk first: this waits for nobody, and nobody for it.
        checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
        // The rest keeps writers waiting for as long as it waits for readers: short and often.
        connection.busy_timeout(EMPTYING_WAIT).map_err(unavailable(ACTION))?;
        for _ in 0..EMPTYING_TRIES {
            if checkpoint("PRAGMA wal_checkpoint(TRUNCATE)")? {
                return Ok(());
            }
            std::thread::sleep(EMPTYING_WAIT);
        }
        let problem = format!("somebody reads {} without a pause", self.file());
        Err(StoreError::Unavailable { action: ACTION, problem })
    }

    /// Removes the file and what SQLite keeps beside it.
    pub(super) fn remove(self, dir: &Path) -> Result<()> {
        for suffix in ["", "-wal", "-shm"] {
            match std::fs::remove_file(dir.join(format!("{}{suffix}", self.file()))) {
                Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::Unavailable { action: "remove a database", problem: problem.to_string() });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// How long the emptying of a write-ahead log waits for readers at a time, and how often.
const EMPTYING_WAIT: Duration = Duration::from_millis(100);
const EMPTYING_TRIES: usize = 50;

/// How much of a file is read through memory mapping, in bytes of address space.
const MAPPED: i64 = 4 << 30;

fn limits(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn prepare(connection: &mut Connection, database: Database) -> rusqlite::Result<()> {
    limits(connection)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;")?;
    connection.execute_batch(database.pragmas())
}

/// Applies the numbered migrations that the file lacks. Two processes may try at the same time.
fn migrate(connection: &mut Connection, database: Database) -> Result<()> {
    let migrations = database.migrations();
    let known = u32::try_from(migrations.len()).expect("migrations are few");
    if schema_number(connection)? == known {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(unavailable("bring a database up to date"))?;
    let found = schema_number(&transaction)?;
    if found > known {
        return Err(StoreError::NewerSchema { file: database.file().to_owned(), found, known });
    }
    for migration in &migrations[found as usize..] {
        transaction.execute_batch(migration).map_err(unavailable("bring a database up to date"))?;
    }
    transaction.pragma_update(None, "user_version", known).map_err(unavailable("bring a database up to date"))?;
    transaction.commit().map_err(unavailable("bring a database up to date"))
}

fn schema_number(connection: &Connection) -> Result<u32> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(unavailable("read the number of a schema"))
}

/// Makes the store's error of SQLite's; `action` says what was being done.
pub(super) fn unavailable(action: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { what: "database", problem: error.to_string() }
        }
        None if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => {
            StoreError::Corrupt { what: "data", problem: error.to_string() }
        }
        _ => StoreError::Unavailable { action, problem: error.to_string() },
    }
}
