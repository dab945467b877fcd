//! The service that keeps a delivery running for each subscription that is enabled, and the handle on it.
//!
//! Invariant: a subscription has one delivery at a time, so one writer of its cursor.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use model::{LogSeq, TenantId, Timestamp};
use store::{Page, Store, TenantStore};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    attempt::{Message, Verdict},
    cursor::{Cursor, Cursors},
    dead::{DeadLetter, DeadLetters},
    delivery::{Delivery, Replay},
    repository::Webhooks,
    schedule::RetrySchedule,
    subscription::Subscription,
};
use crate::{documents::DocumentError, outbound::Outbound};

/// How webhooks are delivered.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// When a failed delivery is tried again.
    pub retries: RetrySchedule,
    /// Longest time for an endpoint to answer.
    pub attempt_timeout: Duration,
    /// How long a delivery may be known in memory only; after a crash it is repeated.
    pub save_interval: Duration,
    /// Most dead letters of a subscription; the oldest are dropped.
    pub dead_letters: usize,
    /// After how long without any success a subscription is disabled.
    pub disable_after: Duration,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self {
            retries: RetrySchedule::default(),
            attempt_timeout: Duration::from_secs(15),
            save_interval: Duration::from_secs(1),
            dead_letters: 1_000,
            disable_after: Duration::from_secs(5 * 24 * 3600),
        }
    }
}

/// What became of a delivery that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// Whether the endpoint took it.
    pub delivered: bool,
    /// The status that was answered; none without an answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub reason: Option<String>,
}

/// What deliveries share.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) webhooks: Webhooks,
    pub(super) cursors: Cursors,
    pub(super) dead: DeadLetters,
    pub(super) outbound: Outbound,
    pub(super) options: WebhookOptions,
}

/// A handle on the running service; cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

enum Command {
    /// Look at the subscriptions now.
    Look(oneshot::Sender<()>),
    Replay(Key, Replay),
}

/// A subscription.
type Key = (TenantId, String);

impl Deliveries {
    /// Starts to deliver, within a tokio runtime.
    pub fn start(store: Store, outbound: Outbound, options: WebhookOptions) -> Self {
        let (deliveries, received) = Self::over(store, outbound, options);
        let service = Service {
            shared: deliveries.shared.clone(),
            stop: deliveries.stop.clone(),
            tasks: deliveries.tasks.clone(),
            running: HashMap::new(),
            feeds: HashMap::new(),
            ended: Arc::default(),
        };
        deliveries.tasks.spawn(service.run(received));
        deliveries
    }

    /// Delivers nothing: what happens in this store is told to nobody.
    pub(crate) fn silent(store: Store, outbound: Outbound, options: WebhookOptions) -> Self {
        let (deliveries, _) = Self::over(store, outbound, options);
        deliveries.tasks.close();
        deliveries
    }

    fn over(store: Store, outbound: Outbound, options: WebhookOptions) -> (Self, mpsc::Receiver<Command>) {
        let shared = Arc::new(Shared {
            webhooks: Webhooks::new(&store, outbound.clone()),
            cursors: Cursors::new(&store),
            dead: DeadLetters::new(&store),
            store,
            outbound,
            options,
        });
        let (commands, received) = mpsc::channel(16);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        (Self { shared, commands, stop, tasks }, received)
    }

    /// The subscriptions. Who changed one calls [`Self::refresh`].
    pub fn subscriptions(&self) -> &Webhooks {
        &self.shared.webhooks
    }

    /// What endpoints did not take.
    pub fn dead_letters(&self) -> &DeadLetters {
        &self.shared.dead
    }

    /// Changes of subscriptions are in effect when this returns.
    pub async fn refresh(&self) {
        let (done, looked) = oneshot::channel();
        if self.commands.send(Command::Look(done)).await.is_ok() {
            // It fails when the service stops, and then nothing is delivered any more.
            let _ = looked.await;
        }
    }

    /// Sends everything after an event again, as far as it is wanted, with the ids of the first time.
    /// Answers after which event it goes on: never after one that is unfinished.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], and [`DocumentError::Conflict`] when the subscription stops at this moment.
    pub async fn replay(&self, tenant: &TenantId, id: &str, after: u64) -> Result<u64, DocumentError> {
        self.shared.webhooks.need(tenant, id).await?;
        let (done, outcome) = oneshot::channel();
        let key = (tenant.clone(), id.to_owned());
        let conflict = || DocumentError::Conflict { kind: "webhook", id: id.to_owned() };
        self.commands.send(Command::Replay(key, Replay { after, done })).await.map_err(|_| conflict())?;
        outcome.await.map_err(|_| conflict())?
    }

    /// Sends an event of the type `webhook.test` now, once.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn test(&self, tenant: &TenantId, id: &str) -> Result<Attempted, DocumentError> {
        let subscription = self.shared.webhooks.need(tenant, id).await?;
        Ok(self.send_once(&subscription, Message::test(tenant, Timestamp::now())).await)
    }

    /// Sends a dead letter's event now, once; when the endpoint takes it, it is no dead letter any more.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn retry(&self, tenant: &TenantId, id: &str, seq: u64) -> Result<Attempted, DocumentError> {
        let Shared { webhooks, dead, store, .. } = &*self.shared;
        let subscription = webhooks.need(tenant, id).await?;
        let letter = dead.need(tenant, id, seq).await?;
        let events = store.tenant(tenant).events(seq.saturating_sub(1), 1).await?;
        let event = events.first().filter(|event| event.seq == seq);
        let event = event.ok_or_else(|| DocumentError::not_found("event", seq))?;
        let attempted = self.send_once(&subscription, Message::of_event(tenant, event)).await;
        if attempted.delivered {
            dead.delete(tenant, id, seq).await?;
        } else {
            let failed = DeadLetter {
                attempts: letter.attempts.saturating_add(1),
                status: attempted.status,
                reason: attempted.reason.clone().unwrap_or_default(),
                failed_at: Timestamp::now(),
                ..letter
            };
            dead.put(tenant, id, &failed).await?;
        }
        Ok(attempted)
    }

    async fn send_once(&self, subscription: &Subscription, message: Message) -> Attempted {
        let Shared { outbound, options, .. } = &*self.shared;
        let verdict =
            message.send(outbound, &subscription.target.url, &subscription.secrets, options.attempt_timeout).await;
        match verdict {
            Verdict::Delivered { status } => Attempted { delivered: true, status: Some(status), reason: None },
            Verdict::Failed(failure) => {
                Attempted { delivered: false, status: failure.status, reason: Some(failure.reason) }
            }
            Verdict::Gone => {
                let reason = "the endpoint answered 410 Gone".to_owned();
                Attempted { delivered: false, status: Some(410), reason: Some(reason) }
            }
        }
    }

    /// Delivers no more, and notes where everything stands, at most for `limit`.
    pub async fn shutdown(&self, limit: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!("webhooks were still being delivered at the shutdown's limit");
        }
    }
}

/// Changes of documents come in swarms; they are looked at together.
const GATHER_CHANGES: Duration = Duration::from_millis(250);
/// The same for what is projected.
const GATHER_EVENTS: Duration = Duration::from_millis(20);
/// Pause after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

struct Service {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: TaskTracker,
    running: HashMap<Key, Running>,
    /// The number of the last event of each tenant that has a delivery.
    feeds: HashMap<TenantId, watch::Receiver<u64>>,
    /// Told when a delivery ends.
    ended: Arc<Notify>,
}

/// A delivery that was started; it may have ended.
struct Running {
    subscription: watch::Sender<Arc<Subscription>>,
    replays: mpsc::Sender<Replay>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn goes_on(&self) -> bool {
        !self.stop.is_cancelled() && !self.task.is_finished()
    }
}

impl Service {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut changes = self.shared.store.changes();
        let ended = self.ended.clone();
        let mut look_at = Some(Instant::now());
        loop {
            let at = look_at.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                command = commands.recv() => match command {
                    Some(Command::Look(done)) => {
                        look_at = self.look().await.or(look_at);
                        // Who asked may be gone.
                        let _ = done.send(());
                    }
                    Some(Command::Replay((tenant, id), replay)) => self.replay(tenant, id, replay).await,
                    None => return,
                },
                () = tokio::time::sleep_until(at) => look_at = self.look().await,
                () = ended.notified() => look_at = Some(at.min(Instant::now() + GATHER_CHANGES)),
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    look_at = Some(at.min(Instant::now() + GATHER_CHANGES));
                }
            }
        }
    }

    /// Starts and ends deliveries as the subscriptions say; answers when to look again if it could not.
    async fn look(&mut self) -> Option<Instant> {
        let (wanted, unreadable) = match self.subscriptions().await {
            Ok(read) => read,
            Err(error) => {
                tracing::warn!(%error, "the webhooks cannot be read; trying again");
                return Some(Instant::now() + PAUSE);
            }
        };
        self.end_deleted(&wanted, &unreadable);
        for (key, subscription) in wanted {
            self.adjust(key, subscription);
        }
        let tenants: HashSet<&TenantId> = self.running.keys().map(|(tenant, _)| tenant).collect();
        self.feeds.retain(|tenant, _| tenants.contains(tenant));
        (!unreadable.is_empty()).then(|| Instant::now() + PAUSE)
    }

    /// All subscriptions, and the tenants whose subscriptions cannot be read.
    async fn subscriptions(&self) -> Result<(HashMap<Key, Subscription>, HashSet<TenantId>), DocumentError> {
        let (mut wanted, mut unreadable) = (HashMap::new(), HashSet::new());
        for document in self.shared.store.platform().tenants(Page::whole()).await? {
            let Ok(tenant) = document.id.parse::<TenantId>() else { continue };
            match self.shared.webhooks.list(&tenant).await {
                Ok(subscriptions) => {
                    wanted.extend(subscriptions.into_iter().map(|one| ((tenant.clone(), one.id.clone()), one)));
                }
                Err(error) => {
                    tracing::warn!(%error, %tenant, "the webhooks of a tenant cannot be read; trying again");
                    unreadable.insert(tenant);
                }
            }
        }
        Ok((wanted, unreadable))
    }

    fn end_deleted(&mut self, wanted: &HashMap<Key, Subscription>, unreadable: &HashSet<TenantId>) {
        let deleted = |key: &Key| !wanted.contains_key(key) && !unreadable.contains(&key.0);
        for ((tenant, id), running) in self.running.extract_if(|key, _| deleted(key)) {
            running.stop.cancel();
            let shared = self.shared.clone();
            // The delivery may have noted where it stood after its subscription was deleted.
            self.tasks.spawn(async move {
                let _ = running.task.await;
                if let Err(error) = shared.webhooks.forget(&tenant, &id).await {
                    tracing::warn!(%error, %tenant, webhook = id, "something is left of a deleted webhook");
                }
            });
        }
    }

    fn adjust(&mut self, key: Key, subscription: Subscription) {
        match self.running.remove(&key) {
            Some(running) if subscription.target.enabled && running.goes_on() => {
                running.subscription.send_if_modified(|known| {
                    let changed = **known != subscription;
                    *known = Arc::new(subscription);
                    changed
                });
                self.running.insert(key, running);
            }
            running if subscription.target.enabled => self.start(key, subscription, running.map(|ended| ended.task)),
            Some(running) => {
                running.stop.cancel();
                if !running.task.is_finished() {
                    self.running.insert(key, running);
                }
            }
            None => {}
        }
    }

    /// Starts a delivery, after the one before it has ended.
    fn start(&mut self, key: Key, subscription: Subscription, before: Option<JoinHandle<()>>) {
        let Some(end_of_feed) = self.feed(&key.0) else { return };
        let (subscription, followed) = watch::channel(Arc::new(subscription));
        let (replays, asked) = mpsc::channel(8);
        let (stop, ended) = (self.stop.child_token(), self.ended.clone());
        let delivery = Delivery::new(self.shared.clone(), key.0.clone(), followed, end_of_feed, asked, stop.clone());
        let task = self.tasks.spawn(async move {
            if let Some(before) = before {
                // How it ended does not matter, only that it writes no cursor any more.
                let _ = before.await;
            }
            delivery.run().await;
            ended.notify_one();
        });
        self.running.insert(key, Running { subscription, replays, stop, task });
    }

    /// The number of a tenant's last event, as it grows.
    fn feed(&mut self, tenant: &TenantId) -> Option<watch::Receiver<u64>> {
        if let Some(feed) = self.feeds.get(tenant)
            && feed.has_changed().is_ok()
        {
            return Some(feed.clone());
        }
        let projected = match self.shared.store.projected() {
            Ok(projected) => projected,
            Err(error) => {
                tracing::error!(%error, "no webhook can be delivered");
                return None;
            }
        };
        let (end, feed) = watch::channel(0);
        self.tasks.spawn(follow(self.shared.store.tenant(tenant), projected, end, self.stop.child_token()));
        self.feeds.insert(tenant.clone(), feed.clone());
        Some(feed)
    }

    async fn replay(&mut self, tenant: TenantId, id: String, replay: Replay) {
        let key = (tenant, id);
        if let Some(running) = self.running.get(&key)
            && running.goes_on()
        {
            // It fails when the delivery has just ended or has very much to do: who asked hears that, and asks again.
            let _ = running.replays.try_send(replay);
            return;
        }
        if let Some(ending) = self.running.remove(&key) {
            // How it ends does not matter, only that it writes no cursor any more.
            let _ = ending.task.await;
        }
        // Nobody delivers, so nobody else writes.
        let outcome = self.set_back(&key, replay.after).await;
        let _ = replay.done.send(outcome);
    }

    async fn set_back(&self, (tenant, id): &Key, after: u64) -> Result<u64, DocumentError> {
        let starts_after = self.shared.webhooks.need(tenant, id).await?.starts_after;
        let stands = self.shared.cursors.get(tenant, id).await?.map_or(starts_after, |cursor| cursor.after);
        let after = after.min(stands);
        self.shared.cursors.put(tenant, id, &Cursor::after(after)).await?;
        Ok(after)
    }
}

/// Follows the end of a tenant's feed, until nobody reads it.
async fn follow(
    feed: TenantStore,
    mut projected: watch::Receiver<LogSeq>,
    end: watch::Sender<u64>,
    stop: CancellationToken,
) {
    loop {
        match feed.last_event().await {
            Ok(last) => {
                end.send_if_modified(|known| {
                    let grew = last > *known;
                    *known = last.max(*known);
                    grew
                });
            }
            Err(error) => {
                tracing::warn!(%error, tenant = %feed.tenant(), "the event feed cannot be read; trying again");
                tokio::time::sleep(PAUSE).await;
                projected.mark_changed();
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = end.closed() => return,
            changed = projected.changed() => if changed.is_err() { return },
        }
        tokio::time::sleep(GATHER_EVENTS).await;
    }
}
