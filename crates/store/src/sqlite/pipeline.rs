//! What the log's writer, the projector and the readers share: records on their way from one to the other.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use model::LogSeq;
use parking_lot::{Condvar, Mutex};
use tokio::sync::{broadcast, oneshot, watch};

use super::overlay::Overlay;
use crate::{Committed, Result, StoreError, StoreOptions};

/// How long a refused caller should wait: HTTP counts in seconds.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long an append is held back before it is refused: a short stall of the disk slows callers down
/// and nothing worse.
const SLOWED: Duration = Duration::from_millis(250);
/// How long a reader waits for the projector before it is told that the store is overloaded.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nothing must have happened before the projector spends time on the index of words.
const IDLE: Duration = Duration::from_millis(200);
/// Records by which the index of words may be behind while there is never an idle moment.
const INDEX_BEHIND: u64 = 50_000;
/// Records that a follower may be behind before it misses some.
const FOLLOWED: usize = 4_096;

pub(super) struct Pipeline {
    pub(super) overlay: Overlay,
    options: StoreOptions,
    records_behind: AtomicUsize,
    bytes_behind: AtomicUsize,
    committed: AtomicU64,
    projected: watch::Sender<LogSeq>,
    /// How far the index of words is.
    indexed: AtomicU64,
    /// None once nothing more will come.
    followers: Mutex<Option<broadcast::Sender<Arc<Committed>>>>,
    queue: Mutex<Queue>,
    wake: Condvar,
    abandoned: AtomicBool,
}

#[derive(Default)]
struct Queue {
    records: VecDeque<Arc<Committed>>,
    /// Somebody waits for the projector to reach this.
    wanted: LogSeq,
    closed: bool,
    /// Those who wait for the tables to be written anew.
    renewals: Vec<oneshot::Sender<Result<()>>>,
    /// Those who wait for the index of words to reach a place.
    searches: Vec<Search>,
    /// There is no projector any more.
    ended: bool,
}

/// Somebody who wants to search.
struct Search {
    from: LogSeq,
    done: oneshot::Sender<Result<()>>,
}

/// How the index of words stands to the other tables.
#[derive(Clone, Copy)]
pub(super) struct Index {
    /// Records that it lacks.
    pub(super) behind: u64,
    /// Whether the work before this was on it.
    pub(super) just_done: bool,
}

/// What the projector is to do next.
pub(super) enum Work {
    /// Bring these records into the tables.
    Project(Vec<Arc<Committed>>),
    /// Write the tables anew, without what was deleted from them, and tell these.
    Renew(Vec<oneshot::Sender<Result<()>>>),
    /// Bring a piece of what the tables have into the index of words.
    Index,
}

impl Pipeline {
    /// A pipeline where everything up to `end` is already projected.
    pub(super) fn new(options: StoreOptions, end: LogSeq) -> Self {
        Self {
            overlay: Overlay::new(),
            options,
            records_behind: AtomicUsize::new(0),
            bytes_behind: AtomicUsize::new(0),
            committed: AtomicU64::new(end.0),
            projected: watch::Sender::new(end),
            indexed: AtomicU64::new(0),
            followers: Mutex::new(Some(broadcast::Sender::new(FOLLOWED))),
            queue: Mutex::default(),
            wake: Condvar::new(),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Admits a record as soon as what is accepted and not yet projected stays within bounds; refuses
    /// it when that takes long.
    pub(super) async fn admit(&self, bytes: usize) -> Result<()> {
        if self.try_admit(bytes) {
            return Ok(());
        }
        let mut progress = self.projected.subscribe();
        let admitted = async {
            while !self.try_admit(bytes) {
                progress.changed().await.map_err(|_| StoreError::Closed)?;
            }
            Ok(())
        };
        tokio::time::timeout(SLOWED, admitted).await.unwrap_or_else(|_| Err(Self::overloaded()))
    }

    fn try_admit(&self, bytes: usize) -> bool {
        let records = self.records_behind.fetch_add(1, Ordering::Relaxed) + 1;
        let total = self.bytes_behind.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let fits = records <= self.options.max_behind && total <= self.options.max_behind_bytes;
        if !fits {
            self.leave(1, bytes);
        }
        fits
    }

    /// Records that were admitted and are not in the tables yet.
    pub(super) fn behind(&self) -> usize {
        self.records_behind.load(Ordering::Relaxed)
    }

    /// Takes back an admission: the record was refused, or is projected.
    pub(super) fn leave(&self, records: usize, bytes: usize) {
        self.records_behind.fetch_sub(records, Ordering::Relaxed);
        self.bytes_behind.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// The writer's side: these records are durable now.
    pub(super) fn publish(&self, records: Vec<Arc<Committed>>) {
        let Some(last) = records.last().map(|last| last.seq) else { return };
        for record in &records {
            self.overlay.insert(record);
        }
        self.queue.lock().records.extend(records.iter().map(Arc::clone));
        self.committed.store(last.0, Ordering::Release);
        self.wake.notify_one();
        // Last, so that who is told of a record finds it.
        if let Some(followers) = &*self.followers.lock()
            && followers.receiver_count() > 0
        {
            for record in records {
                // An error means that the last one has just gone.
                let _ = followers.send(record);
            }
        }
    }

    /// What is published from now on, until nothing more will come.
    pub(super) fn follow(&self) -> Result<broadcast::Receiver<Arc<Committed>>> {
        self.followers.lock().as_ref().map(broadcast::Sender::subscribe).ok_or(StoreError::Closed)
    }

    /// The writer's side: nothing more will come.
    pub(super) fn close(&self) {
        self.followers.lock().take();
        self.queue.lock().closed = true;
        self.wake.notify_one();
    }

    /// The projector's side: the next work, or none when all is done and nothing more will come.
    pub(super) fn next_work(&self, index: Index) -> Option<Work> {
        let mut queue = self.queue.lock();
        loop {
            if !queue.renewals.is_empty() {
                return Some(Work::Renew(std::mem::take(&mut queue.renewals)));
            }
            // Pieces of the index and batches of records take turns when both wait.
            let pressing = index.behind > 0 && (!queue.searches.is_empty() || index.behind > INDEX_BEHIND);
            if pressing && !queue.closed && !self.is_abandoned() && (!index.just_done || queue.records.is_empty()) {
                return Some(Work::Index);
            }
            if !queue.records.is_empty() {
                break;
            }
            if queue.closed || self.is_abandoned() {
                return None;
            }
            if index.behind == 0 {
                self.wake.wait(&mut queue);
            } else if index.just_done || self.wake.wait_for(&mut queue, IDLE).timed_out() {
                return Some(Work::Index);
            }
        }
        // Larger batches touch each page of the tables less often, so a little patience is repaid.
        let until = Instant::now() + self.options.linger;
        while queue.records.len() < self.options.batch && !queue.closed && !queue.is_awaited() {
            if self.wake.wait_until(&mut queue, until).timed_out() {
                break;
            }
        }
        let count = queue.records.len().min(self.options.batch);
        Some(Work::Project(queue.records.drain(..count).collect()))
    }

    /// The projector's side: it ends, whatever still waits for it.
    pub(super) fn end(&self) {
        let mut queue = self.queue.lock();
        queue.ended = true;
        queue.renewals.clear();
        queue.searches.clear();
    }

    /// Waits until the tables are written anew, without a trace of what was deleted from them before
    /// this call.
    pub(super) async fn renewed(&self) -> Result<()> {
        let (done, outcome) = oneshot::channel();
        {
            let mut queue = self.queue.lock();
            if queue.ended {
                return Err(StoreError::Closed);
            }
            queue.renewals.push(done);
            self.wake.notify_one();
        }
        outcome.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Waits until all that is committed now can be searched. Where there is no projector, what is in the index is
    /// all that will be.
    pub(super) async fn indexed(&self) -> Result<()> {
        let from = LogSeq(self.committed.load(Ordering::Acquire));
        if self.indexed.load(Ordering::Acquire) >= from.0 {
            return Ok(());
        }
        let (done, outcome) = oneshot::channel();
        {
            let mut queue = self.queue.lock();
            if queue.ended {
                return Ok(());
            }
            // Again under the lock: the projector tells those who wait here after it has noted how far it is.
            if self.indexed.load(Ordering::Acquire) >= from.0 {
                return Ok(());
            }
            queue.searches.push(Search { from, done });
            self.wake.notify_one();
        }
        match tokio::time::timeout(PATIENCE, outcome).await {
            Ok(outcome) => outcome.unwrap_or(Err(StoreError::Closed)),
            Err(_) => Err(Self::overloaded()),
        }
    }

    /// The projector's side: everything up to here can be searched.
    pub(super) fn set_indexed(&self, reached: LogSeq) {
        self.indexed.store(reached.0, Ordering::Release);
        let mut queue = self.queue.lock();
        // Who has lost patience is gone.
        queue.searches.retain(|search| !search.done.is_closed());
        let (found, waiting): (Vec<Search>, Vec<Search>) =
            std::mem::take(&mut queue.searches).into_iter().partition(|search| search.from <= reached);
        queue.searches = waiting;
        for search in found {
            let _ = search.done.send(Ok(()));
        }
    }

    /// The projector's side: nothing can be added to the index of words now.
    pub(super) fn refuse_searches(&self, error: &StoreError) {
        for search in std::mem::take(&mut self.queue.lock().searches) {
            let _ = search.done.send(Err(error.clone()));
        }
    }

    /// The projector's side: these records are in the tables now.
    pub(super) fn projected(&self, records: &[Arc<Committed>]) {
        let Some(last) = records.last() else { return };
        for record in records {
            self.overlay.remove(record);
        }
        self.leave(records.len(), records.iter().map(|record| record.bytes).sum());
        self.projected.send_replace(last.seq);
    }

    pub(super) fn watch(&self) -> watch::Receiver<LogSeq> {
        self.projected.subscribe()
    }

    /// Waits until everything that is committed now is in the tables.
    pub(super) async fn caught_up(&self) -> Result<()> {
        let target = LogSeq(self.committed.load(Ordering::Acquire));
        if *self.projected.borrow() >= target {
            return Ok(());
        }
        let mut projected = self.projected.subscribe();
        {
            let mut queue = self.queue.lock();
            queue.wanted = queue.wanted.max(target);
            self.wake.notify_one();
        }
        let reached = tokio::time::timeout(PATIENCE, projected.wait_for(|seq| *seq >= target)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(StoreError::Closed),
            Err(_) => Err(StoreError::Overloaded { retry_after: RETRY_AFTER }),
        }
    }

    /// Tells the projector to stop where it is; the next start goes on from there.
    pub(super) fn abandon(&self) {
        let _queue = self.queue.lock();
        self.abandoned.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    pub(super) fn overloaded() -> StoreError {
        StoreError::Overloaded { retry_after: RETRY_AFTER }
    }
}

impl Queue {
    /// Whether somebody waits for the records that are here, or for the projector to be done with them.
    fn is_awaited(&self) -> bool {
        !self.searches.is_empty() || self.records.front().is_some_and(|first| first.seq <= self.wanted)
    }
}
