//! Attempts to sign in: after some that failed, the next must wait, and longer each time (row OD-T17).
//!
//! An attempt counts before the password is looked at, so that many at the same moment are not looked at
//! before the first of them counts. Success forgets them. Counters are documents: a restart does not reset
//! them. Names that are no account are counted like others, so that nothing tells them apart.

use std::{sync::Arc, time::Duration};

use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Expect, Store};

use super::{accounts::key, shelf::Shelf};
use crate::{
    documents::{DocumentError, now},
    tokens::hash,
};

/// Attempts before the first wait.
pub const FREE: u32 = 5;
/// The first wait; each further one is twice as long.
const FIRST_WAIT: i64 = 30;
const LONGEST_WAIT: i64 = 15 * 60;
/// Without an attempt for so long, counting begins anew, in seconds.
const FORGOTTEN: i64 = 3_600;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counted {
    failures: u32,
    last: Timestamp,
    waits_until: Timestamp,
}

impl Counted {
    /// After one more attempt, or how long it must wait.
    fn next(self, at: Timestamp) -> Result<Self, Duration> {
        if at < self.waits_until {
            let wait = self.waits_until.0.saturating_sub(at.0);
            return Err(Duration::from_micros(wait.unsigned_abs()));
        }
        let failures = if self.over(at) { 1 } else { self.failures.saturating_add(1) };
        let doublings = failures.checked_sub(FREE);
        let wait = doublings.map_or(0, |doublings| (FIRST_WAIT << doublings.min(10)).min(LONGEST_WAIT));
        Ok(Self { failures, last: at, waits_until: Timestamp::from_seconds(at.seconds() + wait) })
    }

    fn over(&self, at: Timestamp) -> bool {
        self.last.seconds() + FORGOTTEN < at.seconds()
    }
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It counts as failed until it succeeds.
    Allowed,
    /// Not before so much time has passed.
    Wait(Duration),
}

/// Attempts by name.
#[derive(Clone)]
pub struct Attempts {
    shelf: Shelf,
    /// One at a time: they are few, and each must see the one before.
    one: Arc<tokio::sync::Mutex<()>>,
}

impl Attempts {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, "sign_in_attempts"), one: Arc::default() }
    }

    /// Counts an attempt that is about to be made.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(&self, name: &str) -> Result<Attempt, DocumentError> {
        let id = id(name);
        let _one = self.one.lock().await;
        let counted = self.shelf.get::<Counted>(&id).await?.map(|found| found.value).unwrap_or_default();
        match counted.next(now()) {
            Err(wait) => Ok(Attempt::Wait(wait)),
            Ok(next) => {
                self.shelf.put(&id, &next, &[], Expect::Any).await?;
                Ok(Attempt::Allowed)
            }
        }
    }

    /// Forgets the attempts of somebody who signed in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, name: &str) -> Result<(), DocumentError> {
        let _one = self.one.lock().await;
        self.shelf.discard(vec![id(name)]).await.map(drop)
    }

    pub(super) async fn tidy(&self) -> Result<(), DocumentError> {
        let at = now();
        self.shelf.tidy(|counted: &Counted| counted.over(at)).await
    }
}

/// Names are what strangers typed: they are kept as hashes.
fn id(name: &str) -> String {
    hex::encode(hash(&key(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_t17_waits_begin_after_some_failures_and_grow() {
        let mut at = Timestamp::from_seconds(1_000_000);
        let mut counted = Counted::default();
        for _ in 1..FREE {
            counted = counted.next(at).expect("it is free");
            assert!(counted.waits_until <= at);
        }
        let mut waits = Vec::new();
        for _ in 0..7 {
            counted = counted.next(at).expect("the wait is over");
            let wait = counted.next(at).expect_err("it must wait");
            waits.push(wait.as_secs());
            at = Timestamp::from_seconds(at.seconds() + i64::try_from(wait.as_secs()).expect("small"));
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900]);
        let later = Timestamp::from_seconds(at.seconds() + FORGOTTEN + 1);
        assert_eq!(counted.next(later).expect("it is free").failures, 1);
    }
}
