//! The projector: carries the log into the tables, in large transactions.
//!
//! Each transaction moves the checkpoint with the rows, so that after any crash the tables are those
//! of some earlier point of the log and the projector goes on from there.

use std::{path::Path, sync::Arc, time::Duration};

use model::LogSeq;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    connection::{Database, unavailable},
    encoding, log,
    pipeline::{Index, Pipeline, Work},
    projection::Projection,
    search,
};
use crate::{Committed, Result, StoreError};

/// Pause after a failure, for the disk to recover.
const PAUSE: Duration = Duration::from_millis(250);
/// Records of one transaction when reading from the log, and their bytes.
const CHUNK: usize = 2_000;
const CHUNK_BYTES: usize = 16 << 20;
/// Records that wait up to which the projector gives way to those who take turns.
const GIVES_WAY: usize = 1_000;

pub(super) struct Projector {
    log: Connection,
    tables: Connection,
    checkpoint: LogSeq,
    /// How far the index of words is.
    indexed: LogSeq,
}

impl Projector {
    /// Opens the tables. Those that cannot be read, or are of another log, are made anew.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let log = Database::Log.open(dir)?;
        let end = log::end(&log)?;
        match Self::open_tables(dir) {
            Ok((tables, checkpoint, indexed)) if checkpoint <= end => Ok(Self { log, tables, checkpoint, indexed }),
            Ok(_) => {
                tracing::warn!("the projections are ahead of the turn log: making them anew");
                Self::open_new(dir, log)
            }
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::warn!(%error, "the projections are damaged: making them anew");
                Self::open_new(dir, log)
            }
            Err(error) => Err(error),
        }
    }

    /// Opens empty tables.
    pub(super) fn open_anew(dir: &Path) -> Result<Self> {
        Self::open_new(dir, Database::Log.open(dir)?)
    }

    fn open_new(dir: &Path, log: Connection) -> Result<Self> {
        Database::Tables.remove(dir)?;
        let (tables, checkpoint, indexed) = Self::open_tables(dir)?;
        Ok(Self { log, tables, checkpoint, indexed })
    }

    fn open_tables(dir: &Path) -> Result<(Connection, LogSeq, LogSeq)> {
        let tables = Database::Tables.open(dir)?;
        let checkpoint = tables
            .query_row("SELECT log_seq FROM checkpoint", [], |row| row.get::<_, i64>(0))
            .map_err(unavailable("read the checkpoint of the projections"))?;
        let indexed = search::checkpoint(&tables).map_err(unavailable("read the checkpoint of the search index"))?;
        Ok((tables, LogSeq(checkpoint.cast_unsigned()), indexed))
    }

    /// Projects what the log has and the tables have not; tells `progress` how many of how many.
    pub(super) fn catch_up(&mut self, mut progress: impl FnMut(u64, u64)) -> Result<LogSeq> {
        let end = log::end(&self.log)?;
        while self.checkpoint < end {
            self.project_from_log(end).map_err(unavailable("project the turn log"))?;
            progress(self.checkpoint.0, end.0);
        }
        Ok(end)
    }

    /// Indexes the words of all that is in the tables.
    pub(super) fn index_all(&mut self) -> Result<()> {
        while self.indexed < self.checkpoint {
            self.index().map_err(unavailable("index what was said"))?;
        }
        Ok(())
    }

    /// Projects what comes through the pipeline, until it is closed and empty, or abandoned.
    pub(super) fn run(mut self, pipeline: &Arc<Pipeline>) {
        // However this ends, nobody waits for it any more.
        let _end = Ends(pipeline);
        pipeline.set_indexed(self.indexed);
        let mut just_done = false;
        while let Some(work) = pipeline.next_work(self.index_stands(just_done)) {
            just_done = false;
            let batch = match work {
                Work::Project(batch) => batch,
                Work::Index => {
                    self.index_piece(pipeline);
                    just_done = true;
                    continue;
                }
                Work::Renew(waiting) => {
                    let outcome = self.renew();
                    for done in waiting {
                        // The caller may have gone.
                        let _ = done.send(outcome.clone());
                    }
                    continue;
                }
            };
            while let Err(error) = self.project(&batch, pipeline) {
                if pipeline.is_abandoned() {
                    return;
                }
                tracing::error!(%error, "the projections cannot be written; trying again");
                std::thread::sleep(PAUSE);
            }
            pipeline.projected(&batch);
            if pipeline.is_abandoned() {
                return;
            }
        }
        if let Err(problem) = log::truncate_wal(&self.tables) {
            tracing::warn!(%problem, "the write-ahead log of the projections was left as it is");
        }
    }

    fn index_stands(&self, just_done: bool) -> Index {
        Index { behind: self.checkpoint.0.saturating_sub(self.indexed.0), just_done }
    }

    /// Adds a piece to the index of words and tells who waits for it.
    fn index_piece(&mut self, pipeline: &Pipeline) {
        match self.index().map_err(unavailable("index what was said")) {
            Ok(()) => pipeline.set_indexed(self.indexed),
            Err(error) => {
                tracing::error!(%error, "what was said cannot be indexed; trying again");
                pipeline.refuse_searches(&error);
                std::thread::sleep(PAUSE);
            }
        }
    }

    fn index(&mut self) -> rusqlite::Result<()> {
        let transaction = begin(&mut self.tables)?;
        let reached = search::add_piece(&transaction, self.indexed, self.checkpoint)?;
        transaction.commit()?;
        self.indexed = reached;
        Ok(())
    }

    /// Writes the tables anew. Zeros in place of what is deleted are not enough: when SQLite moves rows from
    /// page to page, copies of them stay in the unused parts of pages, and nobody knows that they are
    /// there when the rows are deleted. What this writes has only the rows that are left.
    fn renew(&mut self) -> Result<()> {
        search::drop_removed(&self.tables).map_err(unavailable("write the search index anew"))?;
        self.tables.execute_batch("VACUUM").map_err(unavailable("write the tables anew"))
    }

    fn project(&mut self, batch: &[Arc<Committed>], pipeline: &Pipeline) -> rusqlite::Result<()> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
        // A commit that was reported as failed may be in the log all the same.
        while self.checkpoint.0 + 1 < first.seq.0 {
            self.project_from_log(LogSeq(first.seq.0 - 1))?;
        }
        let transaction = begin(&mut self.tables)?;
        let mut projection = Projection::begin(&transaction, &self.log)?;
        for committed in batch {
            projection.add(committed.seq, &committed.record)?;
            // Somebody waits for each turn, and for this nobody, as long as it keeps up.
            if pipeline.behind() < GIVES_WAY {
                std::thread::yield_now();
            }
        }
        projection.finish(last.seq)?;
        transaction.commit()?;
        self.checkpoint = last.seq;
        Ok(())
    }

    /// Projects the next chunk of the log up to `end`, in one transaction.
    fn project_from_log(&mut self, end: LogSeq) -> rusqlite::Result<()> {
        let mut query = self
            .log
            .prepare_cached("SELECT seq, kind, record FROM log WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3")?;
        let mut rows =
            query.query([self.checkpoint.0.cast_signed(), end.0.cast_signed(), CHUNK.cast_signed() as i64])?;
        let transaction = begin(&mut self.tables)?;
        let mut projection = Projection::begin(&transaction, &self.log)?;
        let (mut bytes, mut reached) = (0, None);
        while bytes < CHUNK_BYTES
            && let Some(row) = rows.next()?
        {
            let seq = LogSeq(row.get::<_, i64>(0)?.cast_unsigned());
            let json = row.get_ref(2)?.as_blob()?;
            bytes += json.len();
            match encoding::decode(row.get(1)?, json) {
                Ok(record) => projection.add(seq, &record)?,
                // It stays in the log; leaving it out is better than showing nothing after it.
                Err(problem) => tracing::error!(%seq, %problem, "a record of the turn log cannot be read"),
            }
            reached = Some(seq);
        }
        // Numbers may be missing in a log, but nothing up to `end` is left when no row came.
        let reached = reached.unwrap_or(end);
        projection.finish(reached)?;
        transaction.commit()?;
        self.checkpoint = reached;
        Ok(())
    }
}

struct Ends<'p>(&'p Pipeline);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn begin(tables: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    tables.transaction_with_behavior(TransactionBehavior::Immediate)
}
