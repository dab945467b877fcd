//! Handing the records of the log to those who follow.

use std::{collections::HashMap, sync::Arc};

use model::{LogSeq, TenantId, TranscriptId};
use parking_lot::Mutex;
use store::{Committed, Store, StoreError};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::news::News;

/// Records that wait for one follower. With 10,000 idle followers it is the room for these that counts.
const QUEUE: usize = 64;

/// What is followed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// All conversations of a tenant.
    Tenant(TenantId),
    /// One conversation.
    Transcript(TenantId, TranscriptId),
}

impl Topic {
    pub(crate) fn tenant(&self) -> &TenantId {
        match self {
            Self::Tenant(tenant) | Self::Transcript(tenant, _) => tenant,
        }
    }

    pub(crate) fn transcript(&self) -> Option<&TranscriptId> {
        match self {
            Self::Tenant(_) => None,
            Self::Transcript(_, transcript) => Some(transcript),
        }
    }
}

/// The feed that a hub reads.
pub(crate) type Feed = broadcast::Receiver<Arc<Committed>>;

/// Who follows what.
pub(crate) struct Hub {
    inner: Mutex<Inner>,
}

struct Inner {
    /// The number of the next follower.
    next: u64,
    /// All up to here was handed on.
    reached: LogSeq,
    /// Whether the feed still runs.
    open: bool,
    followers: HashMap<Topic, Vec<Follower>>,
    /// How many streams of customers there are, by what they follow.
    customers: HashMap<Topic, usize>,
}

struct Follower {
    number: u64,
    queue: mpsc::Sender<Arc<News>>,
}

impl Hub {
    /// A hub, and the feed that it is to read. What is committed from now on is in the feed.
    ///
    /// # Errors
    /// When the store is closed.
    pub(crate) fn open(store: &Store) -> Result<(Arc<Self>, Feed), StoreError> {
        let feed = store.committed()?;
        let reached = *store.projected()?.borrow();
        let inner = Inner { next: 0, reached, open: true, followers: HashMap::new(), customers: HashMap::new() };
        Ok((Arc::new(Self { inner: Mutex::new(inner) }), feed))
    }

    /// Hands on what the feed brings, until told to stop.
    pub(crate) async fn run(self: Arc<Self>, mut feed: Feed, stop: CancellationToken) {
        loop {
            let received = tokio::select! {
                () = stop.cancelled() => break,
                received = feed.recv() => received,
            };
            match received {
                Ok(committed) => self.hand_on(&committed),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "the live feed was overrun; all who follow begin again from the log");
                    self.inner.lock().followers.clear();
                }
                Err(broadcast::error::RecvError::Closed) => break,
            }
        }
        let mut inner = self.inner.lock();
        inner.open = false;
        inner.followers.clear();
    }

    /// Follows something from now on. None when the feed has ended.
    pub(crate) fn subscribe(self: &Arc<Self>, topic: Topic) -> Option<Subscription> {
        let mut inner = self.inner.lock();
        if !inner.open {
            return None;
        }
        let number = inner.next;
        inner.next += 1;
        let (queue, records) = mpsc::channel(QUEUE);
        inner.followers.entry(topic.clone()).or_default().push(Follower { number, queue });
        Some(Subscription { hub: self.clone(), topic, number, from: inner.reached, records })
    }

    /// Lets a customer follow something, unless so many do already. They count until what is given back is dropped.
    pub(crate) fn admit(self: &Arc<Self>, topic: &Topic, most: usize) -> Option<Admitted> {
        let mut inner = self.inner.lock();
        let count = inner.customers.get(topic).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        inner.customers.insert(topic.clone(), count + 1);
        Some(Admitted { hub: self.clone(), topic: topic.clone() })
    }

    /// How many follow something.
    #[cfg(test)]
    fn count(&self) -> usize {
        self.inner.lock().followers.values().map(Vec::len).sum()
    }

    fn hand_on(&self, committed: &Arc<Committed>) {
        let tenant = committed.record.tenant();
        let mut inner = self.inner.lock();
        inner.reached = inner.reached.max(committed.seq);
        if inner.followers.is_empty() {
            return;
        }
        let news = Arc::new(News::new(committed.clone()));
        inner.hand_to(&Topic::Tenant(tenant.clone()), &news);
        if let Some(transcript) = committed.transcript() {
            inner.hand_to(&Topic::Transcript(tenant.clone(), transcript), &news);
        }
    }

    fn forget(&self, topic: &Topic, number: u64) {
        let mut inner = self.inner.lock();
        let Some(followers) = inner.followers.get_mut(topic) else { return };
        followers.retain(|follower| follower.number != number);
        if followers.is_empty() {
            inner.followers.remove(topic);
        }
    }
}

impl Inner {
    /// One whose queue is full is let go: it does not read.
    fn hand_to(&mut self, topic: &Topic, news: &Arc<News>) {
        let Some(followers) = self.followers.get_mut(topic) else { return };
        followers.retain(|follower| follower.queue.try_send(news.clone()).is_ok());
        if followers.is_empty() {
            self.followers.remove(topic);
        }
    }
}

/// A customer who may follow something, until it is dropped.
pub(crate) struct Admitted {
    hub: Arc<Hub>,
    topic: Topic,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut inner = self.hub.inner.lock();
        match inner.customers.get_mut(&self.topic) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                inner.customers.remove(&self.topic);
            }
        }
    }
}

/// What somebody follows, until it is dropped.
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    topic: Topic,
    number: u64,
    /// All after this place comes.
    pub(crate) from: LogSeq,
    records: mpsc::Receiver<Arc<News>>,
}

impl Subscription {
    /// The next record; none when the follower was let go, once what waited was read.
    pub(crate) async fn next(&mut self) -> Option<Arc<News>> {
        self.records.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.forget(&self.topic, self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{
        Timestamp,
        record::{FactRecord, Record},
    };
    use store::StoreOptions;
    use uuid::Uuid;

    use super::*;

    fn fact(tenant: &TenantId, transcript: TranscriptId) -> Record {
        Record::Fact(Box::new(FactRecord {
            tenant: tenant.clone(),
            contact: "ann".parse().expect("an id"),
            transcript: Some(transcript),
            at: Timestamp::now(),
            entries: Vec::new(),
            events: Vec::new(),
        }))
    }

    async fn scene() -> (tempfile::TempDir, Store, Arc<Hub>, TenantId, CancellationToken) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store opens");
        let (hub, feed) = Hub::open(&store).expect("the store is open");
        let stop = CancellationToken::new();
        tokio::spawn(hub.clone().run(feed, stop.clone()));
        (folder, store, hub, "demo".parse().expect("a name"), stop)
    }

    #[tokio::test]
    async fn each_gets_what_concerns_it_in_order() {
        let (_folder, store, hub, tenant, _stop) = scene().await;
        let (mine, other) = (TranscriptId(Uuid::now_v7()), TranscriptId(Uuid::now_v7()));
        let mut one = hub.subscribe(Topic::Transcript(tenant.clone(), mine)).expect("it runs");
        let mut all = hub.subscribe(Topic::Tenant(tenant.clone())).expect("it runs");
        let mut strangers = hub.subscribe(Topic::Tenant("other".parse().expect("a name"))).expect("it runs");
        for transcript in [mine, other, mine] {
            store.append(fact(&tenant, transcript)).await.expect("it is written");
        }
        let mut places = Vec::new();
        for _ in 0..3 {
            places.push(all.next().await.expect("a record").committed.seq);
        }
        assert!(places.is_sorted());
        assert_eq!(one.next().await.expect("a record").committed.seq, places[0]);
        assert_eq!(one.next().await.expect("a record").committed.seq, places[2]);
        assert!(tokio::time::timeout(Duration::from_millis(50), strangers.next()).await.is_err());
        drop((one, all, strangers));
        assert_eq!(hub.count(), 0, "who is gone is forgotten");
    }

    #[tokio::test]
    async fn da_l08_who_does_not_read_is_let_go_and_the_others_are_not() {
        let (_folder, store, hub, tenant, _stop) = scene().await;
        let transcript = TranscriptId(Uuid::now_v7());
        let mut slow = hub.subscribe(Topic::Tenant(tenant.clone())).expect("it runs");
        let mut quick = hub.subscribe(Topic::Tenant(tenant.clone())).expect("it runs");
        for _ in 0..=QUEUE {
            store.append(fact(&tenant, transcript)).await.expect("it is written");
            quick.next().await.expect("a record");
        }
        for _ in 0..QUEUE {
            slow.next().await.expect("what waited");
        }
        assert!(slow.next().await.is_none());
        assert_eq!(hub.count(), 1);
    }

    #[tokio::test]
    async fn so_many_customers_follow_a_conversation_and_no_more() {
        let (_folder, _store, hub, tenant, _stop) = scene().await;
        let topic = |number| Topic::Transcript(tenant.clone(), TranscriptId(Uuid::from_u128(number)));
        let one = hub.admit(&topic(1), 2).expect("the first");
        let other = hub.admit(&topic(1), 2).expect("the second");
        assert!(hub.admit(&topic(1), 2).is_none());
        assert!(hub.admit(&topic(2), 2).is_some(), "another conversation has its own");
        drop(one);
        let third = hub.admit(&topic(1), 2);
        assert!(third.is_some());
        drop((other, third));
        assert!(hub.inner.lock().customers.is_empty(), "who is gone is forgotten");
    }

    #[tokio::test]
    async fn nobody_follows_what_has_ended() {
        let (_folder, _store, hub, tenant, stop) = scene().await;
        let mut one = hub.subscribe(Topic::Tenant(tenant.clone())).expect("it runs");
        stop.cancel();
        assert!(one.next().await.is_none());
        assert!(hub.subscribe(Topic::Tenant(tenant)).is_none());
    }
}
