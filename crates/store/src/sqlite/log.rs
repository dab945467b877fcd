//! The turn log: one thread that writes what waits in one transaction, syncs it, and answers.
//!
//! Invariant: an append is answered with success only after its record is on the disk. When a commit
//! fails, every caller of the batch gets the error, nothing of the batch is kept, and the next batch
//! tries afresh.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use model::{LogSeq, record::Record};
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::oneshot;

use super::{
    connection::{Database, unavailable},
    encoding::{self, Encoded},
    pipeline::Pipeline,
};
use crate::{Committed, Result, StoreError, StoreOptions};

/// Bytes written to the write-ahead log after which it is folded into the database file.
const FOLD_AFTER: usize = 32 << 20;
/// Appends that may wait for the writer.
const WAITING: usize = 8_192;

/// An append on its way to the writer.
struct Append {
    encoded: Encoded,
    record: Record,
    answer: oneshot::Sender<Result<LogSeq>>,
}

/// Tombstones on their way to the writer, with the record that tells of them.
struct Burial {
    tombstones: Vec<(LogSeq, Vec<u8>)>,
    encoded: Encoded,
    record: Record,
    answer: oneshot::Sender<Result<Option<LogSeq>>>,
}

enum Message {
    Append(Box<Append>),
    Bury(Box<Burial>),
    Stop,
}

/// The way to the writer.
pub(super) struct LogQueue {
    messages: Sender<Message>,
    pipeline: Arc<Pipeline>,
    closed: AtomicBool,
}

impl LogQueue {
    /// A queue that accepts nothing.
    pub(super) fn closed(pipeline: Arc<Pipeline>) -> Self {
        Self { messages: crossbeam_channel::bounded(1).0, pipeline, closed: AtomicBool::new(true) }
    }

    pub(super) async fn append(&self, record: Record) -> Result<LogSeq> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        // On the caller's thread, so that the writer only writes.
        let encoded = encoding::encode(&record)?;
        let bytes = encoded.json.len();
        self.pipeline.admit(bytes).await?;
        let (answer, answered) = oneshot::channel();
        let append = Message::Append(Box::new(Append { encoded, record, answer }));
        if let Err(refused) = self.messages.try_send(append) {
            self.pipeline.leave(1, bytes);
            return Err(match refused {
                TrySendError::Full(_) => Pipeline::overloaded(),
                TrySendError::Disconnected(_) => StoreError::Closed,
            });
        }
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Puts tombstones in the place of records and appends `record`, which tells of them: both or
    /// neither. Answers where it is; none when no record was left to replace.
    pub(super) async fn bury(&self, tombstones: Vec<(LogSeq, Vec<u8>)>, record: Record) -> Result<Option<LogSeq>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let encoded = encoding::encode(&record)?;
        let bytes = encoded.json.len();
        self.pipeline.admit(bytes).await?;
        let (answer, answered) = oneshot::channel();
        let burial = Message::Bury(Box::new(Burial { tombstones, encoded, record, answer }));
        if let Err(refused) = self.messages.try_send(burial) {
            self.pipeline.leave(1, bytes);
            return Err(match refused {
                TrySendError::Full(_) => Pipeline::overloaded(),
                TrySendError::Disconnected(_) => StoreError::Closed,
            });
        }
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Refuses what comes from now on; lets the writer finish what waits and end. Blocks while the queue is full.
    pub(super) fn stop(&self) {
        self.closed.store(true, Ordering::Release);
        // An error means that it has ended already.
        let _ = self.messages.send(Message::Stop);
    }
}

pub(super) struct LogWriter {
    dir: PathBuf,
    connection: Connection,
    messages: Receiver<Message>,
    pipeline: Arc<Pipeline>,
    options: StoreOptions,
    end: LogSeq,
    folding: Folding,
}

impl LogWriter {
    pub(super) fn new(
        dir: &Path,
        connection: Connection,
        pipeline: Arc<Pipeline>,
        options: StoreOptions,
    ) -> Result<(LogQueue, Self)> {
        let (sender, messages) = crossbeam_channel::bounded(WAITING);
        let end = end(&connection)?;
        let queue = LogQueue { messages: sender, pipeline: Arc::clone(&pipeline), closed: AtomicBool::new(false) };
        let folding = Folding::new(dir)?;
        Ok((queue, Self { dir: dir.to_owned(), connection, messages, pipeline, options, end, folding }))
    }

    /// Writes until told to stop, or until nobody is left who could append.
    pub(super) fn run(mut self) {
        let mut stopping = false;
        let mut batch = Vec::with_capacity(self.options.batch);
        while !stopping {
            let mut burial = None;
            match self.messages.recv() {
                Ok(Message::Append(append)) => batch.push(*append),
                Ok(Message::Bury(found)) => burial = Some(found),
                Ok(Message::Stop) | Err(_) => stopping = true,
            }
            // What was accepted before the stop is still written.
            loop {
                if burial.is_none() {
                    stopping |= self.fill(&mut batch, &mut burial);
                }
                if batch.is_empty() && burial.is_none() {
                    break;
                }
                if !batch.is_empty() {
                    self.write(&mut batch);
                }
                if let Some(burial) = burial.take() {
                    self.bury(*burial);
                }
            }
        }
        self.pipeline.close();
        if let Err(problem) = truncate_wal(&self.connection) {
            tracing::warn!(%problem, "the write-ahead log of the turn log was left as it is");
        }
    }

    /// Takes what waits, within the bounds of a batch and up to a burial; answers whether a stop was
    /// among it.
    fn fill(&self, batch: &mut Vec<Append>, burial: &mut Option<Box<Burial>>) -> bool {
        let mut stop = false;
        let mut bytes: usize = batch.iter().map(|append| append.encoded.json.len()).sum();
        while batch.len() < self.options.batch && bytes < self.options.batch_bytes {
            match self.messages.try_recv() {
                Ok(Message::Append(append)) => {
                    bytes += append.encoded.json.len();
                    batch.push(*append);
                }
                Ok(Message::Bury(found)) => {
                    *burial = Some(found);
                    break;
                }
                Ok(Message::Stop) => stop = true,
                Err(_) => break,
            }
        }
        stop
    }

    /// Replaces records by tombstones, in one transaction with the record that tells of it.
    fn bury(&mut self, burial: Burial) {
        let Burial { tombstones, encoded, record, answer } = burial;
        let bytes = encoded.json.len();
        let outcome = match self.commit_burial(&tombstones, &encoded) {
            Ok(true) => {
                self.end.0 += 1;
                self.pipeline.publish(vec![Arc::new(Committed { seq: self.end, record, bytes })]);
                let written: usize = tombstones.iter().map(|(_, tombstone)| tombstone.len()).sum();
                self.folding.after_commit(&self.connection, bytes + written);
                Ok(Some(self.end))
            }
            Ok(false) => {
                self.pipeline.leave(1, bytes);
                Ok(None)
            }
            Err(problem) => {
                let error = unavailable("erase records of the turn log")(problem);
                tracing::error!(%error, records = tombstones.len(), "records were not erased");
                self.pipeline.leave(1, bytes);
                self.reopen();
                Err(error)
            }
        };
        // The caller may have gone; what is erased stays so.
        let _ = answer.send(outcome);
    }

    /// Answers whether there was anything to replace; if not, nothing is written.
    fn commit_burial(&mut self, tombstones: &[(LogSeq, Vec<u8>)], encoded: &Encoded) -> rusqlite::Result<bool> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut replaced = 0;
        {
            let mut replace = transaction.prepare_cached(
                "UPDATE log SET kind = ?1, record = ?2 WHERE seq = ?3 AND tenant = ?4 AND kind IN (0, 1)",
            )?;
            for (seq, tombstone) in tombstones {
                replaced += replace.execute(params![
                    encoding::TOMBSTONE,
                    tombstone,
                    seq.0.cast_signed(),
                    encoded.tenant.as_str()
                ])?;
            }
        }
        if replaced == 0 {
            return Ok(false);
        }
        transaction.execute(
            "INSERT INTO log (seq, tenant, kind, record) VALUES (?1, ?2, ?3, ?4)",
            params![(self.end.0 + 1).cast_signed(), encoded.tenant.as_str(), encoded.kind, encoded.json],
        )?;
        transaction.commit()?;
        Ok(true)
    }

    /// Commits a batch and answers its callers; leaves it empty.
    fn write(&mut self, batch: &mut Vec<Append>) {
        if let Err(error) = self.commit(batch) {
            let error = unavailable("write the turn log")(error);
            tracing::error!(%error, turns = batch.len(), "turns were refused");
            self.pipeline.leave(batch.len(), batch.iter().map(|append| append.encoded.json.len()).sum());
            for append in batch.drain(..) {
                let _ = append.answer.send(Err(error.clone()));
            }
            self.reopen();
            return;
        }
        let mut written = 0;
        let mut records = Vec::with_capacity(batch.len());
        let mut answers = Vec::with_capacity(batch.len());
        for Append { encoded, record, answer } in batch.drain(..) {
            self.end.0 += 1;
            let bytes = encoded.json.len();
            written += bytes;
            records.push(Arc::new(Committed { seq: self.end, record, bytes }));
            answers.push((answer, self.end));
        }
        self.pipeline.publish(records);
        for (answer, seq) in answers {
            // The caller may have gone; the record stays.
            let _ = answer.send(Ok(seq));
        }
        self.folding.after_commit(&self.connection, written);
    }

    fn commit(&mut self, batch: &[Append]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO log (seq, tenant, kind, record) VALUES (?1, ?2, ?3, ?4)")?;
            for (seq, Append { encoded, .. }) in (self.end.0 + 1..).zip(batch) {
                insert.execute(params![seq.cast_signed(), encoded.tenant.as_str(), encoded.kind, encoded.json])?;
            }
        }
        transaction.commit()
    }

    /// After a failure: a fresh connection, and the log's true end. While that fails too, the old ones
    /// stay and the next batch tries again.
    fn reopen(&mut self) {
        let reopened = Database::Log.open(&self.dir).and_then(|connection| Ok((end(&connection)?, connection)));
        match reopened {
            Ok((end, connection)) => {
                self.end = end;
                self.connection = connection;
            }
            Err(error) => tracing::error!(%error, "the turn log cannot be opened; trying again with the next turn"),
        }
    }
}

/// The last record's number.
pub(super) fn end(connection: &Connection) -> Result<LogSeq> {
    connection
        .query_row("SELECT coalesce(max(seq), 0) FROM log", [], |row| row.get::<_, i64>(0))
        .map(|seq| LogSeq(seq.cast_unsigned()))
        .map_err(unavailable("find the end of the turn log"))
}

/// Folds the whole write-ahead log into the database file.
pub(super) fn truncate_wal(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Keeps the write-ahead log from growing without bound.
///
/// The bulk is folded by a thread beside the writer, because callers wait for the writer. The little
/// that is written meanwhile is folded by the writer itself: only when nothing is left to fold does
/// SQLite begin the file from its start again.
struct Folding {
    requests: Sender<()>,
    done: Receiver<()>,
    written: usize,
}

impl Folding {
    fn new(dir: &Path) -> Result<Self> {
        let connection = Database::Log.open(dir)?;
        let (requests, requested) = crossbeam_channel::bounded::<()>(1);
        let (finished, done) = crossbeam_channel::bounded::<()>(1);
        std::thread::Builder::new()
            .name("store-fold".to_owned())
            .spawn(move || {
                while requested.recv().is_ok() {
                    fold(&connection);
                    let _ = finished.try_send(());
                }
            })
            .map_err(|problem| StoreError::Unavailable { action: "start a thread", problem: problem.to_string() })?;
        Ok(Self { requests, done, written: 0 })
    }

    fn after_commit(&mut self, connection: &Connection, bytes: usize) {
        self.written += bytes;
        if self.done.try_recv().is_ok() {
            fold(connection);
        } else if self.written >= FOLD_AFTER && self.requests.try_send(()).is_ok() {
            self.written = 0;
        }
    }
}

fn fold(connection: &Connection) {
    if let Err(problem) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%problem, "the write-ahead log of the turn log cannot be folded now; trying again");
    }
}
