//! How far a subscription is in the feed.
//!
//! Invariant: the cursor never passes an event that is neither delivered nor a dead letter, in whatever
//! order events are finished. So a crash repeats events, and loses none.

use std::collections::BTreeSet;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Store};

use crate::documents::{DocumentError, Kind};

/// Where a subscription stands, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Everything up to this event is finished.
    pub(super) after: u64,
    /// What is finished beyond it, from and to, so that a restart does not send it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ahead: Vec<(u64, u64)>,
    /// Since when every attempt has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failing_since: Option<Timestamp>,
}

impl Cursor {
    /// After an event, with nothing beyond it.
    pub(super) fn after(event: u64) -> Self {
        Self { after: event, ..Self::default() }
    }
}

/// Which events of the feed were read, and which of those are unfinished.
#[derive(Debug)]
pub(super) struct Progress {
    read: u64,
    unfinished: BTreeSet<u64>,
    /// Finished before the start, and not read again yet.
    ahead: Vec<(u64, u64)>,
}

impl Progress {
    pub(super) fn from_cursor(cursor: &Cursor) -> Self {
        Self { read: cursor.after, unfinished: BTreeSet::new(), ahead: cursor.ahead.clone() }
    }

    /// The last event that was read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// Whether an event was finished before the start.
    pub(super) fn was_finished(&self, event: u64) -> bool {
        self.ahead.iter().any(|(first, last)| (*first..=*last).contains(&event))
    }

    /// The next event was read and is to be delivered.
    pub(super) fn begin(&mut self, event: u64) {
        self.skip(event);
        self.unfinished.insert(event);
    }

    /// The next event was read and is not to be delivered.
    pub(super) fn skip(&mut self, event: u64) {
        self.read = self.read.max(event);
        self.ahead.retain(|(_, last)| *last > event);
    }

    /// An event was delivered, or is a dead letter.
    pub(super) fn finish(&mut self, event: u64) {
        self.unfinished.remove(&event);
    }

    /// Everything up to this event is finished.
    pub(super) fn cursor(&self) -> u64 {
        self.unfinished.first().map_or(self.read, |first| first - 1)
    }

    /// What is finished beyond the cursor.
    pub(super) fn ahead(&self) -> Vec<(u64, u64)> {
        let next = self.unfinished.iter().skip(1).copied().chain([self.read + 1]);
        let between = self.unfinished.iter().zip(next).map(|(this, next)| (this + 1, next - 1));
        let later = self.ahead.iter().map(|(first, last)| ((*first).max(self.read + 1), *last));
        between.chain(later).filter(|(first, last)| first <= last).collect()
    }
}

/// The cursors of subscriptions, as documents of the kind `webhook_cursor`.
#[derive(Clone)]
pub(super) struct Cursors {
    kind: Kind,
}

impl Cursors {
    pub(super) fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "webhook_cursor" } }
    }

    pub(super) async fn get(&self, tenant: &TenantId, id: &str) -> Result<Option<Cursor>, DocumentError> {
        Ok(self.kind.get(tenant, id).await?.map(|found| found.value))
    }

    pub(super) async fn put(&self, tenant: &TenantId, id: &str, cursor: &Cursor) -> Result<(), DocumentError> {
        self.kind.put(tenant, id, cursor, &[], Expect::Any).await.map(|_| ())
    }

    pub(super) async fn delete(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        self.kind.delete(tenant, id).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// What happens to a subscription.
    #[derive(Debug, Clone)]
    enum Step {
        /// The next event is wanted.
        Begin,
        /// The next event is not.
        Skip,
        /// One of the unfinished events is finished.
        Finish(usize),
        /// The process starts again from what is stored.
        Restart,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            5 => Just(Step::Begin),
            2 => Just(Step::Skip),
            5 => any::<usize>().prop_map(Step::Finish),
            1 => Just(Step::Restart),
        ]
    }

    proptest! {
        #[test]
        fn no_order_of_completions_moves_the_cursor_past_an_unfinished_event(steps in vec(step(), 0..200)) {
            let mut progress = Progress::from_cursor(&Cursor::default());
            let mut finished = BTreeSet::new();
            let mut highest = 0;
            for step in steps {
                let next = progress.read() + 1;
                match step {
                    // As a reader of the feed does.
                    Step::Begin | Step::Skip if progress.was_finished(next) => progress.skip(next),
                    Step::Begin => progress.begin(next),
                    Step::Skip => {
                        progress.skip(next);
                        finished.insert(next);
                    }
                    Step::Finish(which) => {
                        let unfinished: Vec<u64> = progress.unfinished.iter().copied().collect();
                        if let Some(event) = unfinished.get(which % unfinished.len().max(1)) {
                            progress.finish(*event);
                            finished.insert(*event);
                        }
                    }
                    Step::Restart => {
                        let stored = Cursor { after: progress.cursor(), ahead: progress.ahead(), failing_since: None };
                        progress = Progress::from_cursor(&stored);
                    }
                }
                highest = highest.max(progress.read());
                for event in 1..=highest {
                    let known = event <= progress.cursor() || progress.ahead().iter().any(|(a, b)| (*a..=*b).contains(&event));
                    prop_assert_eq!(known, finished.contains(&event), "event {} in {:?}", event, progress);
                }
            }
        }
    }

    #[test]
    fn what_is_ahead_are_the_gaps() {
        let mut progress = Progress::from_cursor(&Cursor::after(10));
        (11..=20).for_each(|event| progress.begin(event));
        for event in [12, 13, 15, 20] {
            progress.finish(event);
        }
        assert_eq!((progress.cursor(), progress.ahead()), (10, vec![(12, 13), (15, 15), (20, 20)]));
        progress.finish(11);
        assert_eq!((progress.cursor(), progress.ahead()), (13, vec![(15, 15), (20, 20)]));
    }
}
