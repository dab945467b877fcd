//! The subscriptions of tenants, as documents of the kind `webhook`, their signing secrets sealed.

use model::TenantId;
use serde_json::Value;
use store::{Expect, Store};

use super::{
    cursor::Cursors,
    dead::DeadLetters,
    secret::Secrets,
    subscription::{Subscription, Target},
};
use crate::{
    agents::Agents,
    documents::{DocumentError, Kind, Versioned, new_id, now},
    outbound::Outbound,
    secrets::{open_field, seal_field},
};

/// Most subscriptions of a tenant.
pub const MAX_SUBSCRIPTIONS: usize = 50;
/// The field of a subscription that is sealed.
const SEALED: &str = "secrets";

/// The subscriptions of tenants.
#[derive(Clone)]
pub struct Webhooks {
    kind: Kind,
    agents: Agents,
    cursors: Cursors,
    dead: DeadLetters,
    outbound: Outbound,
}

impl Webhooks {
    /// Over a store. `outbound` says which addresses can be called.
    pub fn new(store: &Store, outbound: Outbound) -> Self {
        Self {
            kind: Kind { store: store.clone(), name: "webhook" },
            agents: Agents::new(store),
            cursors: Cursors::new(store),
            dead: DeadLetters::new(store),
            outbound,
        }
    }

    /// All subscriptions of a tenant, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Subscription>, DocumentError> {
        let stored = self.kind.list::<Value>(tenant).await?;
        stored.into_iter().map(|stored| self.read(tenant, stored)).collect()
    }

    /// One subscription.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<Subscription, DocumentError> {
        self.read(tenant, self.kind.need::<Value>(tenant, id).await?.value)
    }

    fn read(&self, tenant: &TenantId, stored: Value) -> Result<Subscription, DocumentError> {
        let id = stored["id"].as_str().unwrap_or_default().to_owned();
        Ok(open_field(stored, SEALED, self.kind.place(tenant, &id), self.kind.store.secret_keys())?)
    }

    async fn write(&self, tenant: &TenantId, subscription: &Subscription, expect: Expect) -> Result<(), DocumentError> {
        let place = self.kind.place(tenant, &subscription.id);
        let stored = seal_field(subscription, SEALED, place, self.kind.store.secret_keys())?;
        self.kind.put_without_past(tenant, &subscription.id, &stored, expect).await?;
        Ok(())
    }

    /// Makes a subscription to what happens from now on.
    ///
    /// # Errors
    /// When the target is not acceptable, the tenant has too many, or the store fails.
    pub async fn create(&self, tenant: &TenantId, target: Target) -> Result<Subscription, DocumentError> {
        self.check(tenant, &target).await?;
        if self.list(tenant).await?.len() >= MAX_SUBSCRIPTIONS {
            let complaint = format!("a tenant has at most {MAX_SUBSCRIPTIONS} webhooks: delete one");
            return Err(DocumentError::invalid("webhooks", complaint));
        }
        self.kind.store.flush_projections().await?;
        let subscription = Subscription {
            id: new_id().to_string(),
            target,
            secrets: Secrets::generate(),
            disabled_because: None,
            starts_after: self.kind.store.tenant(tenant).last_event().await?,
            created_at: now(),
            updated_at: now(),
        };
        self.write(tenant, &subscription, Expect::New).await?;
        Ok(subscription)
    }

    /// Replaces what the tenant decides. An endpoint that was disabled for its failures starts anew.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], or when the target is not acceptable or somebody else changes it.
    pub async fn put(&self, tenant: &TenantId, id: &str, target: Target) -> Result<Subscription, DocumentError> {
        self.check(tenant, &target).await?;
        self.change(tenant, id, |subscription| {
            if target.enabled {
                subscription.disabled_because = None;
            }
            subscription.target = target;
        })
        .await
    }

    /// A new secret; the one until now signs beside it for a day.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], or when somebody else changes the subscription at the same moment.
    pub async fn rotate_secret(&self, tenant: &TenantId, id: &str) -> Result<Subscription, DocumentError> {
        self.change(tenant, id, |subscription| {
            subscription.secrets = subscription.secrets.clone().rotated(now());
        })
        .await
    }

    /// Deletes a subscription, where it stands, and its dead letters.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        if !self.kind.discard(tenant, id).await? {
            return Err(DocumentError::not_found("webhook", id));
        }
        self.forget(tenant, id).await
    }

    /// Deletes what is left of a subscription that is gone.
    pub(super) async fn forget(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        self.cursors.delete(tenant, id).await?;
        self.dead.delete_all(tenant, id).await
    }

    /// Sends no more, for a reason that the tenant reads.
    pub(super) async fn disable(&self, tenant: &TenantId, id: &str, because: &str) -> Result<(), DocumentError> {
        let disabled = self
            .change(tenant, id, |subscription| {
                subscription.target.enabled = false;
                subscription.disabled_because = Some(because.to_owned());
            })
            .await;
        match disabled {
            Ok(_) | Err(DocumentError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn change(
        &self,
        tenant: &TenantId,
        id: &str,
        change: impl FnOnce(&mut Subscription),
    ) -> Result<Subscription, DocumentError> {
        let Versioned { value: stored, version, .. } = self.kind.need::<Value>(tenant, id).await?;
        let mut subscription = self.read(tenant, stored)?;
        change(&mut subscription);
        subscription.updated_at = now();
        self.write(tenant, &subscription, Expect::Version(version)).await?;
        Ok(subscription)
    }

    async fn check(&self, tenant: &TenantId, target: &Target) -> Result<(), DocumentError> {
        target.check(&self.outbound)?;
        for (index, agent) in target.agents.iter().enumerate() {
            if self.agents.find(tenant, *agent).await?.is_none() {
                let complaint = format!("there is no agent `{agent}` in this tenant");
                return Err(DocumentError::invalid(format!("agents[{index}]"), complaint));
            }
        }
        Ok(())
    }
}
