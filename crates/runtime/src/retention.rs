//! How long conversations are kept: a setting per tenant, and the service that holds to it.
//!
//! Nothing expires unless a tenant says so.

use std::{sync::Arc, time::Duration};

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    documents::{DocumentError, Kind},
    runtime::Shared,
    tenants::Tenants,
};

/// How long a tenant keeps conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// Days after a transcript's newest line; for ever when absent.
    pub days: Option<u32>,
}

impl Retention {
    /// Most days: a century.
    pub const MAX_DAYS: u32 = 36_500;

    /// What is older than this has expired.
    fn before(self, now: Timestamp) -> Option<Timestamp> {
        self.days.map(|days| Timestamp::from_seconds(now.seconds() - i64::from(days) * 24 * 3600))
    }
}

const ID: &str = "conversations";
/// How often it is looked whether something has expired.
const EVERY: Duration = Duration::from_secs(60);
/// Most records of one step.
const STEP: usize = 1_000;
/// Pause between steps: turns come first.
const BREATH: Duration = Duration::from_millis(200);
/// With so many records waiting for the tables, no step is taken.
const BEHIND: usize = 2_000;

/// What tenants have set.
#[derive(Clone)]
pub struct Retentions {
    kind: Kind,
}

impl Retentions {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "retention" } }
    }

    /// A tenant's setting.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, tenant: &TenantId) -> Result<Retention, DocumentError> {
        Ok(self.kind.get(tenant, ID).await?.map(|found| found.value).unwrap_or_default())
    }

    /// Changes a tenant's setting; it is in effect within a minute.
    ///
    /// # Errors
    /// When the number of days is out of range, or the store fails.
    pub async fn put(&self, tenant: &TenantId, retention: Retention) -> Result<(), DocumentError> {
        if retention.days.is_some_and(|days| !(1..=Retention::MAX_DAYS).contains(&days)) {
            let complaint = format!("choose 1 to {}, or null to keep everything", Retention::MAX_DAYS);
            return Err(DocumentError::invalid("days", complaint));
        }
        self.kind.put(tenant, ID, &retention, &[], Expect::Any).await?;
        Ok(())
    }
}

/// Makes expire what tenants do not keep, in small steps, until told to stop.
pub(crate) async fn follow(shared: Arc<Shared>, stop: CancellationToken) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = every.tick() => {}
        }
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = expire(&shared.store, Timestamp::now()) => outcome,
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "what has expired could not be removed; trying again in a minute");
        }
    }
}

async fn expire(store: &Store, now: Timestamp) -> Result<(), DocumentError> {
    let retentions = Retentions::new(store);
    for tenant in Tenants::new(store).list().await? {
        let Some(before) = retentions.get(&tenant.id).await?.before(now) else { continue };
        let conversations = store.tenant(&tenant.id);
        let mut total = 0;
        loop {
            while store.projection_lag()? > BEHIND {
                tokio::time::sleep(BREATH).await;
            }
            let gone = match conversations.purge_before(before, STEP).await {
                // Turns come first.
                Err(StoreError::Overloaded { retry_after }) => {
                    tokio::time::sleep(retry_after).await;
                    continue;
                }
                other => other?,
            };
            total += gone;
            if gone == 0 {
                break;
            }
            tokio::time::sleep(BREATH).await;
        }
        if total > 0 {
            tracing::info!(tenant = %tenant.id, records = total, "records have expired");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_expires_unless_it_is_said() {
        let now = Timestamp::from_seconds(100 * 24 * 3600);
        assert_eq!(Retention::default().before(now), None);
        assert_eq!(Retention { days: Some(90) }.before(now), Some(Timestamp::from_seconds(10 * 24 * 3600)));
    }
}
