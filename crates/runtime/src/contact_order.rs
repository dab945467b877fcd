//! One turn of a contact at a time.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use model::{ContactId, TenantId};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::turn::TurnError;

type Key = (TenantId, ContactId);
type Shard = Mutex<HashMap<Key, Queue>>;

/// Most turns of a contact that wait for the one that is being taken.
const MAX_WAITING: usize = 32;
/// When a contact with more of them may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Hands each contact's turns their place one after the other, in the order in which they came.
#[derive(Debug)]
pub(crate) struct ContactOrder {
    shards: Box<[Shard]>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Queue {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Those who wait, and the one whose turn it is.
    places: usize,
}

/// A contact's place, while it waits and while it is its turn; the next turn of the contact begins
/// when it is dropped.
pub(crate) struct Place {
    order: Arc<ContactOrder>,
    key: Key,
    held: Option<OwnedMutexGuard<()>>,
}

impl ContactOrder {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { shards: (0..64).map(|_| Mutex::default()).collect(), hasher: RandomState::new() })
    }

    /// Waits for the contact's turn; [`TurnError::Overloaded`] when too many of its turns wait already.
    pub(crate) async fn enter(self: &Arc<Self>, tenant: &TenantId, contact: &ContactId) -> Result<Place, TurnError> {
        let key = (tenant.clone(), contact.clone());
        let turn = {
            let mut shard = self.shard(&key).lock();
            let queue = shard.entry(key.clone()).or_default();
            if queue.places > MAX_WAITING {
                return Err(TurnError::Overloaded { retry_after: RETRY_AFTER });
            }
            queue.places += 1;
            queue.turn.clone()
        };
        // Before waiting, so that who stops waiting gives the place back too.
        let mut place = Place { order: self.clone(), key, held: None };
        place.held = Some(turn.lock_owned().await);
        Ok(place)
    }

    fn shard(&self, key: &Key) -> &Shard {
        &self.shards[self.hasher.hash_one(key) as usize % self.shards.len()]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.held = None;
        let mut shard = self.order.shard(&self.key).lock();
        let queue = shard.get_mut(&self.key).expect("a queue stays while it has places");
        queue.places -= 1;
        if queue.places == 0 {
            shard.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn ids(contact: &str) -> (TenantId, ContactId) {
        ("t".parse().unwrap(), contact.parse().unwrap())
    }

    fn is_empty(order: &ContactOrder) -> bool {
        order.shards.iter().all(|shard| shard.lock().is_empty())
    }

    #[tokio::test]
    async fn turns_of_one_contact_wait_and_leave_nothing_behind() {
        let order = ContactOrder::new();
        let (tenant, contact) = ids("c");
        let first = order.enter(&tenant, &contact).await.unwrap();
        let second = tokio::spawn({
            let (order, tenant, contact) = (order.clone(), tenant.clone(), contact.clone());
            async move { drop(order.enter(&tenant, &contact).await.unwrap()) }
        });
        let other = order.enter(&tenant, &"d".parse().unwrap()).await.unwrap();
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop((first, other));
        second.await.unwrap();
        assert!(is_empty(&order));
    }

    #[tokio::test]
    async fn a_bounded_number_of_turns_waits() {
        let order = ContactOrder::new();
        let (tenant, contact) = ids("c");
        let first = order.enter(&tenant, &contact).await.unwrap();
        let mut waiting: Vec<_> = (0..MAX_WAITING).map(|_| Box::pin(order.enter(&tenant, &contact))).collect();
        for turn in &mut waiting {
            assert!(tokio::time::timeout(Duration::ZERO, turn).await.is_err(), "it waits");
        }
        assert!(matches!(order.enter(&tenant, &contact).await, Err(TurnError::Overloaded { .. })));
        // One that stops waiting makes room for another.
        waiting.pop();
        assert!(tokio::time::timeout(Duration::ZERO, order.enter(&tenant, &contact)).await.is_err(), "it waits");
        drop(waiting);
        drop(first);
        assert!(is_empty(&order));
    }

    /// The moment at which a queue used to stay behind: the turn was handed on to somebody who no
    /// longer came to take it.
    #[tokio::test]
    async fn a_turn_handed_to_somebody_who_left_goes_to_the_next() {
        let order = ContactOrder::new();
        let (tenant, contact) = ids("c");
        let first = order.enter(&tenant, &contact).await.unwrap();
        let mut second = Box::pin(order.enter(&tenant, &contact));
        let mut third = Box::pin(order.enter(&tenant, &contact));
        assert!(tokio::time::timeout(Duration::ZERO, &mut second).await.is_err());
        assert!(tokio::time::timeout(Duration::ZERO, &mut third).await.is_err());
        drop(first);
        drop(second);
        drop(third.await.unwrap());
        assert!(is_empty(&order));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn under_stress_turns_never_overlap_and_who_leaves_loses_nothing() {
        const CONTACTS: usize = 4;
        let order = ContactOrder::new();
        let inside: Arc<Vec<AtomicUsize>> = Arc::new((0..CONTACTS).map(|_| AtomicUsize::new(0)).collect());
        let taken = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..2_000)
            .map(|n| {
                let (order, inside, taken) = (order.clone(), inside.clone(), taken.clone());
                tokio::spawn(async move {
                    let (tenant, contact) = ids(&format!("c{}", n % CONTACTS));
                    let turn = async {
                        let Ok(_place) = order.enter(&tenant, &contact).await else { return };
                        assert_eq!(inside[n % CONTACTS].fetch_add(1, Ordering::SeqCst), 0, "turns overlap");
                        let _leaves = Leaves(&inside[n % CONTACTS]);
                        taken.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_micros(rand::random_range(0..300))).await;
                    };
                    // Some are cancelled while they wait, some while it is their turn.
                    let patience = Duration::from_micros(rand::random_range(0..5_000));
                    let _ = tokio::time::timeout(patience, turn).await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(taken.load(Ordering::SeqCst) > CONTACTS);
        assert!(is_empty(&order));
    }

    /// Declared after the place, so that it is dropped before it.
    struct Leaves<'a>(&'a AtomicUsize);

    impl Drop for Leaves<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
