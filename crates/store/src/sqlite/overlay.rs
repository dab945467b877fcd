//! Records that are in the log and not yet in the tables, found by contact and by transcript.
//!
//! Invariant: a record is here before the caller of its append is answered, and until the transaction
//! that projects it has been committed. Who looks here first and in the tables after misses nothing.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    record::{Record, TurnRecord},
};
use parking_lot::Mutex;

use crate::Committed;

impl Committed {
    pub(super) fn turn(&self) -> Option<&TurnRecord> {
        match &self.record {
            Record::Turn(turn) => Some(turn),
            Record::Fact(_) | Record::Tombstone(_) | Record::Erasure(_) => None,
        }
    }
}

/// Which session of a contact is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    None,
    /// The latest with an agent.
    WithAgent(&'a AgentId),
    OfTranscript(&'a TranscriptId),
}

impl Wanted<'_> {
    /// Whether a turn may be the answer to a message id: where a transcript is meant, only one of its own.
    fn admits(self, turn: &TurnRecord) -> bool {
        match self {
            Self::None | Self::WithAgent(_) => true,
            Self::OfTranscript(_) => self.is(turn),
        }
    }

    fn is(self, turn: &TurnRecord) -> bool {
        match self {
            Self::None => false,
            Self::WithAgent(agent) => turn.agent == *agent,
            Self::OfTranscript(transcript) => turn.transcript == *transcript,
        }
    }
}

/// Readers and the writer rarely meet in one of so many.
const SHARDS: usize = 32;

type Waiting = VecDeque<Arc<Committed>>;

/// Records by a key, each key's in the order of the log.
struct ByKey<K> {
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<K, Waiting>>>,
}

impl<K: Eq + Hash> ByKey<K> {
    fn new() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    fn insert(&self, key: K, committed: &Arc<Committed>) {
        self.shard(&key).lock().entry(key).or_default().push_back(Arc::clone(committed));
    }

    fn remove(&self, key: &K, seq: LogSeq) {
        let mut shard = self.shard(key).lock();
        if let Some(waiting) = shard.get_mut(key) {
            while waiting.front().is_some_and(|first| first.seq <= seq) {
                waiting.pop_front();
            }
            if waiting.is_empty() {
                shard.remove(key);
            }
        }
    }

    fn read<T: Default>(&self, key: &K, read: impl FnOnce(&Waiting) -> T) -> T {
        self.shard(key).lock().get(key).map(read).unwrap_or_default()
    }

    fn shard(&self, key: &K) -> &Mutex<HashMap<K, Waiting>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).expect("below the number of shards");
        &self.shards[hash]
    }
}

pub(super) struct Overlay {
    /// Turns.
    by_contact: ByKey<(TenantId, ContactId)>,
    /// Turns and facts.
    by_transcript: ByKey<(TenantId, TranscriptId)>,
}

/// What the overlay knows of a contact.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The latest turn of the session that was asked for.
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
        Self { by_contact: ByKey::new(), by_transcript: ByKey::new() }
    }

    pub(super) fn insert(&self, committed: &Arc<Committed>) {
        let tenant = committed.record.tenant();
        if let Some(turn) = committed.turn() {
            self.by_contact.insert((tenant.clone(), turn.contact.clone()), committed);
        }
        if let Some(transcript) = committed.transcript() {
            self.by_transcript.insert((tenant.clone(), transcript), committed);
        }
    }

    /// Forgets a record, which is the oldest here of its contact and of its transcript: removal goes in the
    /// order of the log.
    pub(super) fn remove(&self, committed: &Committed) {
        let tenant = committed.record.tenant();
        if let Some(turn) = committed.turn() {
            self.by_contact.remove(&(tenant.clone(), turn.contact.clone()), committed.seq);
        }
        if let Some(transcript) = committed.transcript() {
            self.by_transcript.remove(&(tenant.clone(), transcript), committed.seq);
        }
    }

    pub(super) fn find(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        session: Wanted<'_>,
        message_id: Option<&str>,
    ) -> Pending {
        self.by_contact.read(&(tenant.clone(), contact.clone()), |pending| {
            let turns = || pending.iter().filter_map(|committed| Some((committed, committed.turn()?)));
            Pending {
                session: turns().rev().find(|(_, turn)| session.is(turn)).map(|(found, _)| Arc::clone(found)),
                latest: pending.back().map(Arc::clone),
                first_at: turns().next().map(|(_, turn)| turn.at),
                answered: message_id.and_then(|id| {
                    let is = |turn: &TurnRecord| session.admits(turn) && turn.message_id.as_deref() == Some(id);
                    turns().find(|(_, turn)| is(turn)).map(|(found, _)| found.seq)
                }),
            }
        })
    }

    /// The latest turn of a transcript.
    pub(super) fn latest_of(&self, tenant: &TenantId, transcript: &TranscriptId) -> Option<Arc<Committed>> {
        self.by_transcript.read(&(tenant.clone(), *transcript), |pending| {
            pending.iter().rev().find(|committed| committed.turn().is_some()).map(Arc::clone)
        })
    }

    /// The turns and facts of a transcript after a place of the log.
    pub(super) fn after(&self, tenant: &TenantId, transcript: &TranscriptId, after: LogSeq) -> Vec<Arc<Committed>> {
        self.by_transcript.read(&(tenant.clone(), *transcript), |pending| {
            pending.iter().filter(|committed| committed.seq > after).map(Arc::clone).collect()
        })
    }
}
