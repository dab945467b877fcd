//! The turn log and its projections on SQLite, put together.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    record::{Record, TurnRecord},
};
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use super::{
    connection::Database,
    conversations, encoding, feed, interactions,
    lock::DirectoryLock,
    log::{LogQueue, LogWriter},
    overlay::Wanted,
    pipeline::Pipeline,
    projector::Projector,
    readers::{Readers, off_the_async_threads},
    states, transcripts,
};
use crate::{
    ClickstreamFilter, ClickstreamLine, Committed, EntryFilter, Erased, EventFilter, InteractionFilter,
    InteractionPage, InteractionPlace, LogPage, Result, SaidPage, SeenContact, StoreError, StoreOptions, StoredContact,
    StoredEntry, StoredEvent, StoredSession, StoredTranscript, TranscriptFilter, TurnState, backend::TurnBackend,
};

pub(crate) struct SqliteTurns {
    pub(super) dir: PathBuf,
    pub(super) log: Arc<LogQueue>,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) readers: Arc<Readers>,
    threads: Arc<Mutex<Option<Threads>>>,
    /// None beside a server, which holds it.
    lock: Option<Arc<DirectoryLock>>,
    shutdown_limit: Duration,
}

struct Threads {
    writer: JoinHandle<()>,
    projector: JoinHandle<()>,
}

impl SqliteTurns {
    pub(super) fn open(dir: &Path, lock: DirectoryLock, options: StoreOptions) -> Result<Self> {
        let lock = Arc::new(lock);
        let mut projector = Projector::open(dir)?;
        let end =
            projector.catch_up(|done, total| tracing::info!(done, total, "bringing the projections up to date"))?;
        let pipeline = Arc::new(Pipeline::new(options.clone(), end));
        let shutdown_limit = options.shutdown_limit;
        let (log, writer) = LogWriter::new(dir, Database::Log.open(dir)?, Arc::clone(&pipeline), options)?;
        let readers = conversation_readers(dir);

        // Each thread keeps the lock for as long as it writes, also when the handles are just dropped.
        let held = Arc::clone(&lock);
        let writer = start("store-log", move || {
            writer.run();
            drop(held);
        })?;
        let (held, feed) = (Arc::clone(&lock), Arc::clone(&pipeline));
        let projector = start("store-projector", move || {
            projector.run(&feed);
            drop(held);
        })?;
        let threads = Arc::new(Mutex::new(Some(Threads { writer, projector })));
        let (dir, log, lock) = (dir.to_owned(), Arc::new(log), Some(lock));
        Ok(Self { dir, log, pipeline, readers, threads, lock, shutdown_limit })
    }

    /// Reads what is in the tables beside the server that writes them; refuses everything else.
    pub(super) fn beside(dir: &Path) -> Self {
        let options = StoreOptions::default();
        let shutdown_limit = options.shutdown_limit;
        // Nothing comes through it, so it is never waited for.
        let pipeline = Arc::new(Pipeline::new(options, LogSeq(0)));
        pipeline.close();
        pipeline.end();
        Self {
            dir: dir.to_owned(),
            log: Arc::new(LogQueue::closed(Arc::clone(&pipeline))),
            pipeline,
            readers: conversation_readers(dir),
            threads: Arc::new(Mutex::new(None)),
            lock: None,
            shutdown_limit,
        }
    }

    /// Waits for the index of words where words are looked for; refuses what cannot be asked for.
    async fn prepare_for(&self, filter: &TranscriptFilter) -> Result<()> {
        transcripts::check(filter)?;
        if filter.text.is_some() {
            self.pipeline.caught_up().await?;
            self.pipeline.indexed().await?;
        }
        Ok(())
    }

    /// Reads what is projected, once all that is appended now is.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.pipeline.caught_up().await?;
        Arc::clone(&self.readers).read("read conversations", query).await
    }
}

#[async_trait]
impl TurnBackend for SqliteTurns {
    async fn append(&self, record: Record) -> Result<LogSeq> {
        self.log.append(record).await
    }

    async fn flush(&self) -> Result<()> {
        self.pipeline.caught_up().await
    }

    fn projected(&self) -> watch::Receiver<LogSeq> {
        self.pipeline.watch()
    }

    fn behind(&self) -> usize {
        self.pipeline.behind()
    }

    fn committed(&self) -> Result<broadcast::Receiver<Arc<Committed>>> {
        self.pipeline.follow()
    }

    async fn records_after(
        &self,
        tenant: TenantId,
        after: LogSeq,
        limit: usize,
        transcript: Option<TranscriptId>,
    ) -> Result<LogPage> {
        let readers = Arc::clone(&self.readers);
        let Some(transcript) = transcript else {
            return readers
                .read("read the turn log", move |connection| feed::of_tenant(connection, &tenant, after, limit))
                .await;
        };
        // Before the tables are read, see `overlay`.
        let pending = self.pipeline.overlay.after(&tenant, &transcript, after);
        let mut page = readers
            .read("read the turn log", move |connection| {
                feed::of_transcript(connection, &tenant, &transcript, after, limit)
            })
            .await?;
        page.add(&pending, limit);
        Ok(page)
    }

    async fn shutdown(&self) -> Result<()> {
        let (log, pipeline) = (Arc::clone(&self.log), Arc::clone(&self.pipeline));
        let (threads, lock, limit) = (Arc::clone(&self.threads), self.lock.clone(), self.shutdown_limit);
        off_the_async_threads(move || {
            // Held until the end, so that a second call returns when the work is done.
            let mut threads = threads.lock();
            let Some(Threads { writer, projector }) = threads.take() else { return Ok(()) };
            log.stop();
            join(writer)?;
            let until = Instant::now() + limit;
            while !projector.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(2));
            }
            pipeline.abandon();
            join(projector)?;
            if let Some(lock) = lock {
                lock.release();
            }
            Ok(())
        })
        .await
    }

    async fn turn_state(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        agent: &AgentId,
        message_id: Option<&str>,
    ) -> Result<TurnState> {
        self.snapshots(tenant, contact, Wanted::WithAgent(agent), message_id)
    }

    async fn session(&self, tenant: &TenantId, contact: &ContactId, agent: &AgentId) -> Result<Option<StoredSession>> {
        Ok(self.snapshots(tenant, contact, Wanted::WithAgent(agent), None)?.session)
    }

    async fn turn_state_of(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        transcript: &TranscriptId,
        message_id: Option<&str>,
    ) -> Result<TurnState> {
        self.snapshots(tenant, contact, Wanted::OfTranscript(transcript), message_id)
    }

    async fn transcript_session(
        &self,
        tenant: &TenantId,
        transcript: &TranscriptId,
    ) -> Result<Option<(ContactId, AgentId, StoredSession)>> {
        self.session_of(tenant, transcript)
    }

    async fn contact(&self, tenant: &TenantId, contact: &ContactId) -> Result<Option<StoredContact>> {
        Ok(self.snapshots(tenant, contact, Wanted::None, None)?.contact)
    }

    async fn record(&self, tenant: &TenantId, seq: LogSeq) -> Result<Option<Record>> {
        let record = self.readers.read_here("read the turn log", |connection| {
            conversations::with_record(connection, seq, encoding::decode)
        })?;
        Ok(record.filter(|record| record.tenant() == tenant))
    }

    async fn turn_record(&self, tenant: TenantId, transcript: TranscriptId, turn: u32) -> Result<Option<TurnRecord>> {
        let record = self
            .read(move |connection| match conversations::turn_place(connection, &tenant, &transcript, turn)? {
                Some(place) => conversations::with_record(connection, place, encoding::decode),
                None => Ok(None),
            })
            .await?;
        Ok(record.and_then(|record| match record {
            Record::Turn(turn) => Some(*turn),
            Record::Fact(_) | Record::Tombstone(_) | Record::Erasure(_) => None,
        }))
    }

    async fn transcript(&self, tenant: TenantId, transcript: TranscriptId) -> Result<Option<StoredTranscript>> {
        self.read(move |connection| transcripts::transcript(connection, &tenant, &transcript)).await
    }

    async fn transcripts(&self, tenant: TenantId, filter: TranscriptFilter) -> Result<Vec<StoredTranscript>> {
        self.prepare_for(&filter).await?;
        self.read(move |connection| transcripts::list(connection, &tenant, &filter)).await
    }

    async fn count_transcripts(&self, tenant: TenantId, filter: TranscriptFilter) -> Result<u64> {
        self.prepare_for(&filter).await?;
        self.read(move |connection| transcripts::count(connection, &tenant, &filter)).await
    }

    async fn count_started(&self, tenant: TenantId, contacts: Vec<ContactId>, since: Timestamp) -> Result<Vec<u32>> {
        transcripts::check_contacts(&contacts)?;
        self.read(move |connection| transcripts::count_started(connection, &tenant, &contacts, since)).await
    }

    async fn contact_entries(
        &self,
        tenant: TenantId,
        contact: ContactId,
        filter: EntryFilter,
    ) -> Result<Vec<StoredEntry>> {
        self.read(move |connection| conversations::contact_entries(connection, &tenant, &contact, &filter)).await
    }

    async fn transcript_entries(
        &self,
        tenant: TenantId,
        transcript: TranscriptId,
        last: Option<usize>,
    ) -> Result<Vec<StoredEntry>> {
        self.read(move |connection| conversations::transcript_entries(connection, &tenant, &transcript, last)).await
    }

    async fn events(&self, tenant: TenantId, after: u64, limit: usize) -> Result<Vec<StoredEvent>> {
        Arc::clone(&self.readers)
            .read("read events", move |connection| conversations::events(connection, &tenant, after, limit))
            .await
    }

    async fn last_event(&self, tenant: TenantId) -> Result<u64> {
        Arc::clone(&self.readers)
            .read("read events", move |connection| conversations::last_event(connection, &tenant))
            .await
    }

    async fn events_of_kind(&self, tenant: TenantId, filter: EventFilter) -> Result<Vec<StoredEvent>> {
        self.read(move |connection| conversations::events_of_kind(connection, &tenant, &filter)).await
    }

    async fn count_events(&self, tenant: TenantId, filter: EventFilter) -> Result<u64> {
        self.read(move |connection| conversations::count_events(connection, &tenant, &filter)).await
    }

    async fn interactions(
        &self,
        tenant: TenantId,
        filter: InteractionFilter,
        after: Option<InteractionPlace>,
        limit: usize,
    ) -> Result<InteractionPage> {
        self.read(move |connection| interactions::page(connection, &tenant, &filter, after.as_ref(), limit)).await
    }

    async fn said(
        &self,
        tenant: TenantId,
        filter: InteractionFilter,
        after: Option<InteractionPlace>,
        limit: usize,
    ) -> Result<SaidPage> {
        self.read(move |connection| interactions::said(connection, &tenant, &filter, after.as_ref(), limit)).await
    }

    async fn contacts_heard(
        &self,
        tenant: TenantId,
        filter: InteractionFilter,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<ContactId>> {
        self.read(move |connection| interactions::contacts(connection, &tenant, &filter, skip, limit)).await
    }

    async fn count_contacts_heard(&self, tenant: TenantId, filter: InteractionFilter) -> Result<u64> {
        self.read(move |connection| interactions::count_contacts(connection, &tenant, &filter)).await
    }

    async fn clickstream(
        &self,
        tenant: TenantId,
        filter: ClickstreamFilter,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<ClickstreamLine>> {
        self.read(move |connection| interactions::clickstream(connection, &tenant, &filter, skip, limit)).await
    }

    async fn count_clickstream(&self, tenant: TenantId, filter: ClickstreamFilter) -> Result<u64> {
        self.read(move |connection| interactions::count_clickstream(connection, &tenant, &filter)).await
    }

    async fn contacts(&self, tenant: TenantId, after: Option<ContactId>, limit: usize) -> Result<Vec<SeenContact>> {
        self.read(move |connection| {
            conversations::contacts(connection, &tenant, after.as_ref().map_or("", ContactId::as_str), limit)
        })
        .await
    }

    async fn destinations(&self, tenant: TenantId) -> Result<Vec<String>> {
        self.read(move |connection| states::destinations(connection, &tenant)).await
    }

    async fn contact_ids(&self, tenant: TenantId, after: Option<ContactId>, limit: usize) -> Result<Vec<ContactId>> {
        self.read(move |connection| {
            conversations::contact_ids(connection, &tenant, after.as_ref().map_or("", ContactId::as_str), limit)
        })
        .await
    }

    async fn contact_records(
        &self,
        tenant: TenantId,
        contact: ContactId,
        after: LogSeq,
        limit: usize,
    ) -> Result<Vec<(LogSeq, Record)>> {
        self.read(move |connection| conversations::contact_records(connection, &tenant, &contact, after, limit)).await
    }

    async fn erase_contact(&self, tenant: TenantId, contact: ContactId, erasure: Uuid) -> Result<Erased> {
        self.erase(tenant, contact, erasure).await
    }

    async fn purge_before(&self, tenant: TenantId, before: Timestamp, limit: usize) -> Result<usize> {
        self.purge(tenant, before, limit).await
    }

    async fn scrub(&self) -> Result<()> {
        self.scrub_files().await
    }
}

fn conversation_readers(dir: &Path) -> Arc<Readers> {
    Arc::new(Readers::new(dir, Database::Tables, Some((Database::Log, "turn_log"))))
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|problem| StoreError::Unavailable { action: "start a thread", problem: problem.to_string() })
}

fn join(thread: JoinHandle<()>) -> Result<()> {
    thread.join().map_err(|_| StoreError::Unavailable {
        action: "shut down",
        problem: "a thread of the store had panicked".to_owned(),
    })
}
