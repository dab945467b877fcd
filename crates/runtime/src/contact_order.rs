//! One turn of a contact at a time.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use model::{ContactId, TenantId};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

type Key = (TenantId, ContactId);
type Shard = Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>;

/// Hands each contact's turns their place one after the other, in the order in which they came.
#[derive(Debug)]
pub(crate) struct ContactOrder {
    shards: Box<[Shard]>,
    hasher: RandomState,
}

/// A contact's place; the next turn of the contact begins when it is dropped.
pub(crate) struct Place {
    order: Arc<ContactOrder>,
    key: Key,
    held: Option<OwnedMutexGuard<()>>,
}

impl ContactOrder {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { shards: (0..64).map(|_| Mutex::default()).collect(), hasher: RandomState::new() })
    }

    pub(crate) async fn enter(self: &Arc<Self>, tenant: &TenantId, contact: &ContactId) -> Place {
        let key = (tenant.clone(), contact.clone());
        let queue = self.shard(&key).lock().entry(key.clone()).or_default().clone();
        let held = queue.lock_owned().await;
        Place { order: self.clone(), key, held: Some(held) }
    }

    fn shard(&self, key: &Key) -> &Shard {
        &self.shards[self.hasher.hash_one(key) as usize % self.shards.len()]
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut shard = self.order.shard(&self.key).lock();
        self.held = None;
        // Who waits holds a clone of the queue; entering takes one under the same lock.
        if shard.get(&self.key).is_some_and(|queue| Arc::strong_count(queue) == 1) {
            shard.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_of_one_contact_wait_and_leave_nothing_behind() {
        let order = ContactOrder::new();
        let (tenant, contact): (TenantId, ContactId) = ("t".parse().unwrap(), "c".parse().unwrap());
        let first = order.enter(&tenant, &contact).await;
        let second = tokio::spawn({
            let (order, tenant, contact) = (order.clone(), tenant.clone(), contact.clone());
            async move { drop(order.enter(&tenant, &contact).await) }
        });
        let other = order.enter(&tenant, &"d".parse().unwrap()).await;
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop((first, other));
        second.await.unwrap();
        assert!(order.shards.iter().all(|shard| shard.lock().is_empty()));
    }
}
