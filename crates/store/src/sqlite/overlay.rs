//! Turns that are in the log and not yet in the tables, found by contact.
//!
//! Invariant: a turn is here before the caller of its append is answered, and until the transaction
//! that projects it has been committed. Who looks here first and in the tables after misses nothing.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp,
    record::{Record, TurnRecord},
};
use parking_lot::Mutex;

/// A record that the log has.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) seq: LogSeq,
    pub(super) record: Record,
    /// Size of its JSON.
    pub(super) bytes: usize,
}

impl Committed {
    pub(super) fn turn(&self) -> Option<&TurnRecord> {
        match &self.record {
            Record::Turn(turn) => Some(turn),
            Record::Fact(_) | Record::Tombstone(_) | Record::Erasure(_) => None,
        }
    }
}

type ByContact = HashMap<(TenantId, ContactId), VecDeque<Arc<Committed>>>;

/// Readers and the writer rarely meet in one of so many.
const SHARDS: usize = 32;

pub(super) struct Overlay {
    hasher: RandomState,
    shards: Vec<Mutex<ByContact>>,
}

/// What the overlay knows of a contact.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The latest turn with the agent that was asked for.
    pub(super) session: Option<Arc<Committed>>,
    /// The latest turn with any agent.
    pub(super) latest: Option<Arc<Committed>>,
    /// When the first turn that is still here arrived.
    pub(super) first_at: Option<Timestamp>,
    /// The turn with the message id that was asked for.
    pub(super) answered: Option<LogSeq>,
}

impl Overlay {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    pub(super) fn insert(&self, committed: &Arc<Committed>) {
        let Some(turn) = committed.turn() else { return };
        let key = (turn.tenant.clone(), turn.contact.clone());
        self.shard(&key).lock().entry(key).or_default().push_back(Arc::clone(committed));
    }

    /// Forgets a record, which is the oldest here of its contact: removal goes in the order of the log.
    pub(super) fn remove(&self, committed: &Committed) {
        let Some(turn) = committed.turn() else { return };
        let key = (turn.tenant.clone(), turn.contact.clone());
        let mut shard = self.shard(&key).lock();
        if let Some(pending) = shard.get_mut(&key) {
            while pending.front().is_some_and(|first| first.seq <= committed.seq) {
                pending.pop_front();
            }
            if pending.is_empty() {
                shard.remove(&key);
            }
        }
    }

    pub(super) fn find(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        agent: Option<&AgentId>,
        message_id: Option<&str>,
    ) -> Pending {
        let key = (tenant.clone(), contact.clone());
        let shard = self.shard(&key).lock();
        let Some(pending) = shard.get(&key) else { return Pending::default() };
        let turns = || pending.iter().filter_map(|committed| Some((committed, committed.turn()?)));
        Pending {
            session: turns().rev().find(|(_, turn)| Some(&turn.agent) == agent).map(|(found, _)| Arc::clone(found)),
            latest: pending.back().map(Arc::clone),
            first_at: turns().next().map(|(_, turn)| turn.at),
            answered: message_id.and_then(|id| {
                turns().find(|(_, turn)| turn.message_id.as_deref() == Some(id)).map(|(found, _)| found.seq)
            }),
        }
    }

    fn shard(&self, key: &(TenantId, ContactId)) -> &Mutex<ByContact> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).expect("below the number of shards");
        &self.shards[hash]
    }
}
