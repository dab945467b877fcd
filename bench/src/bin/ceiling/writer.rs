//! One thread that writes: whatever waits goes into one transaction, whose commit is synced to disk.

use std::{
    path::Path,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::body::Bytes;
use crossbeam_channel::{Receiver, SendError, Sender};
use rusqlite::{Connection, Transaction, params};
use tokio::sync::oneshot;

/// Most messages in one transaction.
const BATCH_LIMIT: usize = 1024;

/// A message to write down, and whom to tell.
pub(crate) struct Said {
    pub(crate) user: String,
    pub(crate) message: String,
    pub(crate) request: Bytes,
    pub(crate) durable: oneshot::Sender<()>,
}

/// The writer thread's door.
#[derive(Clone)]
pub(crate) struct Writer(Sender<Said>);

/// Writes one message within a transaction.
pub(crate) type Insert = fn(&Transaction<'_>, &Said) -> rusqlite::Result<()>;

impl Writer {
    pub(crate) fn start(data_dir: &Path, insert: Insert) -> rusqlite::Result<Self> {
        let connection = Connection::open(data_dir.join("ceiling.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
             CREATE TABLE IF NOT EXISTS message (
                 id INTEGER PRIMARY KEY, user TEXT NOT NULL, author TEXT NOT NULL, message_id TEXT,
                 body BLOB NOT NULL, at INTEGER NOT NULL);
             CREATE INDEX IF NOT EXISTS message_of_user ON message (user, id);
             CREATE TABLE IF NOT EXISTS state (user TEXT PRIMARY KEY, body BLOB NOT NULL, at INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, user TEXT NOT NULL, body TEXT NOT NULL);",
        )?;
        let (sender, receiver) = crossbeam_channel::unbounded();
        thread::spawn(move || {
            if let Err(error) = write_batches(connection, &receiver, insert) {
                eprintln!("the writer ended: {error}");
            }
        });
        Ok(Self(sender))
    }

    pub(crate) fn send(&self, said: Said) -> Result<(), SendError<Said>> {
        self.0.send(said)
    }
}

fn write_batches(mut connection: Connection, waiting: &Receiver<Said>, insert: Insert) -> rusqlite::Result<()> {
    let mut batch = Vec::with_capacity(BATCH_LIMIT);
    while let Ok(first) = waiting.recv() {
        batch.push(first);
        batch.extend(waiting.try_iter().take(BATCH_LIMIT - 1));
        let transaction = connection.transaction()?;
        for said in &batch {
            insert(&transaction, said)?;
        }
        transaction.commit()?;
        for said in batch.drain(..) {
            // The client may have gone; what it said stays.
            said.durable.send(()).ok();
        }
    }
    Ok(())
}

/// The whole request as one row.
pub(crate) fn insert_row(transaction: &Transaction<'_>, said: &Said) -> rusqlite::Result<()> {
    transaction.prepare_cached("INSERT INTO log (body) VALUES (?1)")?.execute(params![&said.request[..]])?;
    Ok(())
}

/// What was said, what was answered, the user's new state, and a row for whoever is to be told.
pub(crate) fn insert_turn(transaction: &Transaction<'_>, said: &Said) -> rusqlite::Result<()> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64);
    let mut message = transaction
        .prepare_cached("INSERT INTO message (user, author, message_id, body, at) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    message.execute(params![said.user, said.user, said.message, &said.request[..said.request.len().min(300)], at])?;
    message.execute(params![
        said.user,
        "them",
        Option::<&str>::None,
        b"Pong, said the server, as a text".as_slice(),
        at
    ])?;
    transaction
        .prepare_cached(
            "INSERT INTO state (user, body, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (user) DO UPDATE SET body = excluded.body, at = excluded.at",
        )?
        .execute(params![said.user, [b'x'; 1024], at])?;
    transaction
        .prepare_cached("INSERT INTO outbox (user, body) VALUES (?1, ?2)")?
        .execute(params![said.user, r#"{"event":"message.answered"}"#])?;
    Ok(())
}
