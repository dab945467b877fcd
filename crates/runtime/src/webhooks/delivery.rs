//! One subscription's delivery: reads the feed after the cursor and sends what is wanted, in order per
//! transcript, until it is told to stop.
//!
//! Invariants: at most [`MOST_WAITING`] events are in memory, past that the feed itself is the queue;
//! what was read and is unfinished holds the cursor back.

use std::{collections::HashMap, sync::Arc, time::Duration};

use model::{TenantId, Timestamp};
use store::{StoredEvent, TenantStore};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{Id, JoinError, JoinSet},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    attempt::{Failure, Message, Verdict},
    cursor::{Cursor, Progress},
    dead::DeadLetter,
    lanes::{Lane, Lanes},
    service::Shared,
    subscription::Subscription,
};
use crate::documents::DocumentError;

/// Attempts of a subscription at the same time, each of another transcript.
const AT_ONCE: usize = 8;
/// Most events of a subscription that are being sent or wait to be sent again.
const MOST_WAITING: usize = 1_000;
/// Events read at once.
const PAGE: usize = 100;
/// How long where events were only passed over is kept in memory.
const SAVE_OF_LITTLE: Duration = Duration::from_secs(30);
/// Pause after the store failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a stop waits for answers; what is cut off is sent again after the next start.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// Sets the cursor back; answers where it is when that is durable, or why it is not.
pub(super) struct Replay {
    pub(super) after: u64,
    pub(super) done: oneshot::Sender<Result<u64, DocumentError>>,
}

/// What a delivery follows.
pub(super) struct Delivery {
    shared: Arc<Shared>,
    tenant: TenantId,
    feed: TenantStore,
    subscription: watch::Receiver<Arc<Subscription>>,
    end_of_feed: watch::Receiver<u64>,
    replays: mpsc::Receiver<Replay>,
    stop: CancellationToken,

    progress: Progress,
    lanes: Lanes,
    running: JoinSet<Verdict>,
    lanes_running: HashMap<Id, Lane>,
    failing_since: Option<Timestamp>,
    /// How many dead letters there are at most; unknown until the first.
    dead_letters: Option<usize>,
    saved: Cursor,
    save_at: Option<Instant>,
    read_again_at: Option<Instant>,
}

/// Whether a delivery goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    On,
    /// The subscription was disabled.
    NoFurther,
}

impl Delivery {
    pub(super) fn new(
        shared: Arc<Shared>,
        tenant: TenantId,
        subscription: watch::Receiver<Arc<Subscription>>,
        end_of_feed: watch::Receiver<u64>,
        replays: mpsc::Receiver<Replay>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            feed: shared.store.tenant(&tenant),
            progress: Progress::from_cursor(&Cursor::default()),
            lanes: Lanes::default(),
            running: JoinSet::new(),
            lanes_running: HashMap::new(),
            failing_since: None,
            dead_letters: None,
            saved: Cursor::default(),
            save_at: None,
            read_again_at: None,
            shared,
            tenant,
            subscription,
            end_of_feed,
            replays,
            stop,
        }
    }

    /// Delivers until told to stop, or until the subscription is disabled.
    pub(super) async fn run(mut self) {
        if !self.load().await {
            return;
        }
        loop {
            self.send_what_is_ready();
            let now = Instant::now();
            let never = now + Duration::from_secs(365 * 24 * 3600);
            let due = self.lanes.next_due().unwrap_or(never);
            let save_at = self.save_at.unwrap_or(never);
            let read_at = if self.may_read() { self.read_again_at.unwrap_or(now) } else { never };
            // In this order: a long feed must not keep what is finished from being noted.
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some(replay) = self.replays.recv() => self.replay(replay).await,
                Some(done) = self.running.join_next_with_id() => {
                    if self.settle(done).await == Goes::NoFurther {
                        break;
                    }
                }
                () = tokio::time::sleep_until(due) => self.lanes.wake(Instant::now()),
                () = tokio::time::sleep_until(save_at) => self.save().await,
                () = tokio::time::sleep_until(read_at) => self.read().await,
                changed = self.end_of_feed.changed() => if changed.is_err() { break },
            }
        }
        self.finish().await;
    }

    fn id(&self) -> String {
        self.subscription.borrow().id.clone()
    }

    /// Where it stands; false when it was stopped before that could be read.
    async fn load(&mut self) -> bool {
        let (id, starts_after) = {
            let subscription = self.subscription.borrow();
            (subscription.id.clone(), subscription.starts_after)
        };
        loop {
            match self.shared.cursors.get(&self.tenant, &id).await {
                Ok(cursor) => {
                    self.saved = cursor.unwrap_or_else(|| Cursor::after(starts_after));
                    self.progress = Progress::from_cursor(&self.saved);
                    self.failing_since = self.saved.failing_since;
                    self.measure_lag();
                    return true;
                }
                Err(error) => tracing::warn!(%error, webhook = id, "the cursor cannot be read; trying again"),
            }
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    fn may_read(&self) -> bool {
        self.lanes.len() < MOST_WAITING && self.progress.read() < *self.end_of_feed.borrow()
    }

    async fn read(&mut self) {
        let page = PAGE.min(MOST_WAITING - self.lanes.len().min(MOST_WAITING));
        let events = match self.feed.events(self.progress.read(), page).await {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(%error, tenant = %self.tenant, "the event feed cannot be read; trying again");
                self.read_again_at = Some(Instant::now() + PAUSE);
                return;
            }
        };
        // Nothing where the feed should go on: the next look may be luckier.
        self.read_again_at = events.is_empty().then(|| Instant::now() + PAUSE);
        let subscription = self.subscription.borrow().clone();
        for event in events {
            if self.progress.was_finished(event.seq) || !subscription.target.wants(&event) {
                self.progress.skip(event.seq);
            } else {
                self.progress.begin(event.seq);
                self.lanes.push(event);
            }
        }
        self.save_within(SAVE_OF_LITTLE);
        self.measure_lag();
    }

    fn send_what_is_ready(&mut self) {
        while self.running.len() < AT_ONCE
            && let Some((lane, event)) = self.lanes.next()
        {
            let subscription = self.subscription.borrow().clone();
            let task = self.running.spawn(attempt(self.shared.clone(), self.tenant.clone(), subscription, event));
            self.lanes_running.insert(task.id(), lane);
        }
    }

    /// Notes what became of an attempt.
    async fn settle(&mut self, done: Result<(Id, Verdict), JoinError>) -> Goes {
        let (task, verdict) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Verdict::Failed(Failure::without_answer(error.to_string()))),
        };
        // None for an attempt that a replay cut off.
        let Some(lane) = self.lanes_running.remove(&task) else { return Goes::On };
        match verdict {
            Verdict::Delivered { .. } => {
                count("delivered");
                self.failing_since = None;
                self.finished(lane);
                Goes::On
            }
            Verdict::Failed(failure) => self.failed(lane, failure).await,
            Verdict::Gone => {
                count("gone");
                self.disable("the endpoint answered 410 Gone").await;
                Goes::NoFurther
            }
        }
    }

    fn finished(&mut self, lane: Lane) {
        if let Some(head) = self.lanes.head(&lane) {
            self.progress.finish(head.event.seq);
        }
        self.lanes.advance(lane);
        self.save_within(self.shared.options.save_interval);
        self.measure_lag();
    }

    async fn failed(&mut self, lane: Lane, failure: Failure) -> Goes {
        let Some(head) = self.lanes.head(&lane) else { return Goes::On };
        head.failed += 1;
        let (event, failed) = (head.event.clone(), head.failed);
        count("failed");
        tracing::debug!(tenant = %self.tenant, seq = event.seq, failed, reason = failure.reason, "not delivered");
        if self.fails_too_long() {
            self.disable("the endpoint has taken nothing for 5 days").await;
            return Goes::NoFurther;
        }
        match self.shared.options.retries.wait(failed, failure.retry_after) {
            Some(wait) => self.lanes.pause(lane, Instant::now() + wait),
            None => {
                if let Err(error) = self.bury(&event, failed, failure).await {
                    // Neither delivered nor a dead letter: it is tried once more, and the cursor waits.
                    tracing::warn!(%error, tenant = %self.tenant, seq = event.seq, "a dead letter cannot be kept");
                    self.lanes.pause(lane, Instant::now() + PAUSE);
                    return Goes::On;
                }
                count("dead");
                self.finished(lane);
            }
        }
        Goes::On
    }

    /// A change of the subscription starts the time anew.
    fn fails_too_long(&mut self) -> bool {
        let now = Timestamp::now();
        let changed = self.subscription.borrow().updated_at;
        let since = self.failing_since.unwrap_or(now).max(changed);
        self.failing_since = Some(since);
        let most = i64::try_from(self.shared.options.disable_after.as_micros()).unwrap_or(i64::MAX);
        now.0 - since.0 >= most
    }

    async fn bury(&mut self, event: &StoredEvent, attempts: u32, failure: Failure) -> Result<(), DocumentError> {
        let (id, most) = (self.id(), self.shared.options.dead_letters);
        let letter = DeadLetter {
            seq: event.seq,
            kind: event.kind.clone(),
            transcript: event.transcript,
            attempts,
            status: failure.status,
            reason: failure.reason,
            failed_at: Timestamp::now(),
        };
        self.shared.dead.put(&self.tenant, &id, &letter).await?;
        tracing::warn!(tenant = %self.tenant, webhook = id, seq = letter.seq, reason = letter.reason, "a dead letter");
        self.dead_letters = match self.dead_letters {
            Some(known) if known < most => Some(known + 1),
            // Others may have been sent again meanwhile: only a list tells.
            _ => Some(self.shared.dead.keep(&self.tenant, &id, most).await?),
        };
        Ok(())
    }

    async fn disable(&mut self, because: &str) {
        let id = self.id();
        tracing::warn!(tenant = %self.tenant, webhook = id, because, "the webhook was disabled");
        if let Err(error) = self.shared.webhooks.disable(&self.tenant, &id, because).await {
            tracing::error!(%error, tenant = %self.tenant, webhook = id, "the webhook could not be disabled");
        }
    }

    /// Forgets what is on its way, and reads again from there. It only goes back: forwards would lose events.
    async fn replay(&mut self, Replay { after, done }: Replay) {
        let after = after.min(self.progress.cursor());
        self.running.abort_all();
        self.lanes_running.clear();
        self.lanes = Lanes::default();
        self.progress = Progress::from_cursor(&Cursor::after(after));
        let outcome = self.try_save().await.map(|()| after);
        // Who asked may be gone; it is done all the same.
        let _ = done.send(outcome);
    }

    fn save_within(&mut self, limit: Duration) {
        let latest = Instant::now() + limit;
        self.save_at = Some(self.save_at.map_or(latest, |at| at.min(latest)));
    }

    async fn save(&mut self) {
        if let Err(error) = self.try_save().await {
            tracing::warn!(%error, tenant = %self.tenant, "a webhook's cursor cannot be written; trying again");
            self.save_at = Some(Instant::now() + PAUSE);
        }
    }

    async fn try_save(&mut self) -> Result<(), DocumentError> {
        self.save_at = None;
        let cursor =
            Cursor { after: self.progress.cursor(), ahead: self.progress.ahead(), failing_since: self.failing_since };
        if cursor != self.saved {
            self.shared.cursors.put(&self.tenant, &self.id(), &cursor).await?;
            self.saved = cursor;
        }
        Ok(())
    }

    fn measure_lag(&self) {
        let behind = self.end_of_feed.borrow().saturating_sub(self.progress.cursor());
        let labels = [("tenant", self.tenant.to_string()), ("webhook", self.id())];
        metrics::gauge!("parlance_webhook_lag_events", &labels).set(behind as f64);
    }

    /// Waits a little for answers, and notes where it stands.
    async fn finish(mut self) {
        let answers = async {
            while let Some(done) = self.running.join_next_with_id().await {
                if let Ok((task, Verdict::Delivered { .. })) = done
                    && let Some(lane) = self.lanes_running.remove(&task)
                {
                    self.finished(lane);
                }
            }
        };
        if tokio::time::timeout(STOP_WAIT, answers).await.is_err() {
            tracing::info!(tenant = %self.tenant, "a webhook's answers did not come before the stop: they are asked for again");
        }
        if let Err(error) = self.try_save().await {
            tracing::warn!(%error, tenant = %self.tenant, "a webhook's cursor was left where it was");
        }
    }
}

async fn attempt(
    shared: Arc<Shared>,
    tenant: TenantId,
    subscription: Arc<Subscription>,
    event: Arc<StoredEvent>,
) -> Verdict {
    let limit = shared.options.attempt_timeout;
    let message = Message::of_event(&tenant, &event);
    message.send(&shared.outbound, &subscription.target.url, &subscription.secrets, limit).await
}

fn count(outcome: &'static str) {
    metrics::counter!("parlance_webhook_deliveries_total", "outcome" => outcome).increment(1);
}
