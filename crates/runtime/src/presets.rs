//! What the platform sets of contacts beside turns: attributes that wait for a contact, and are there from its
//! next message on (row OD-L08).
//!
//! Each time is a document of its own, found by its contact, so that a bulk is one transaction and no two
//! ever collide. The next turn merges those that it finds and notes their ids in the contact's state, in the
//! same record: that is what makes them count once, whatever crashes between the record and the tidying
//! up. Used documents are discarded some seconds later, together, because every change of a document has
//! the whole server look at its documents again.
//!
//! A turn reads a document only where something waits for anybody of the tenant.

use std::{collections::HashMap, sync::Arc, time::Duration};

use dialogue::engine::ContactState;
use model::{ContactId, TenantId, Timestamp};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Batch, Document, Expect, Key, Page, Store, StoreError};
use tokio::sync::watch;

use crate::{documents::new_id, links};

const KIND: &str = "presets";
/// The key by which a contact's documents are found.
pub(crate) const CONTACT: &str = "contact";
/// How long used documents stay, so that many are discarded at once.
const TIDIED_AFTER: Duration = Duration::from_secs(5);

/// Attributes that were set for a contact at one time.
#[derive(Debug, Serialize, Deserialize)]
struct Preset {
    contact: ContactId,
    attributes: Map<String, Value>,
    created_at: Timestamp,
}

/// Adds attributes for a contact to a batch; null unsets one.
pub(crate) fn add(
    batch: &mut Batch,
    contact: &ContactId,
    attributes: &Map<String, Value>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let preset = Preset { contact: contact.clone(), attributes: attributes.clone(), created_at: at };
    let keys = [Key::shared(CONTACT, contact.as_str())];
    // Ids grow, so those of one contact are merged in the order in which they were set.
    batch.put(KIND, &new_id().to_string(), &preset, &keys, Expect::New)
}

/// What waits for a contact, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Vec<(String, Map<String, Value>)>);

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Merges what the contact does not have yet; answers what that was.
    pub(crate) fn merge(&self, contact: &mut ContactState) -> Map<String, Value> {
        let mut merged = Map::new();
        for (_, attributes) in self.0.iter().filter(|(id, _)| !contact.presets.contains(id)) {
            merged.extend(attributes.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        merged.retain(|name, value| {
            let kept = contact.preset(name, value);
            if !kept {
                tracing::warn!(attribute = %name, "a contact has as many attributes as are kept; one was left out");
            }
            kept
        });
        // All that there are: those merged before and not discarded yet still count.
        contact.presets = self.0.iter().map(|(id, _)| id.clone()).collect();
        merged
    }

    /// The documents' ids, to be discarded once the turn is durable.
    pub(crate) fn into_ids(self) -> Vec<String> {
        self.0.into_iter().map(|(id, _)| id).collect()
    }
}

/// What waits for contacts.
pub struct Presets {
    store: Store,
    changes: watch::Receiver<u64>,
    /// Whether anything waits for anybody of a tenant, and the change count at which that was looked up.
    any: RwLock<HashMap<TenantId, (u64, bool)>>,
    /// What can be discarded.
    used: Mutex<Vec<(TenantId, String)>>,
}

impl Presets {
    pub(crate) fn new(store: Store) -> Arc<Self> {
        Arc::new(Self { changes: store.changes(), store, any: RwLock::default(), used: Mutex::default() })
    }

    /// What waits for a contact.
    pub(crate) async fn waiting(&self, tenant: &TenantId, contact: &ContactId) -> Result<Waiting, StoreError> {
        if !self.any(tenant).await? {
            return Ok(Waiting::default());
        }
        let documents = self.store.tenant(tenant).find(KIND, CONTACT, contact.as_str()).await?;
        let read = |document: Document| -> Result<_, StoreError> {
            let preset: Preset = document.read()?;
            Ok((document.id, preset.attributes))
        };
        documents.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>().map(Waiting)
    }

    /// Whether anything waits for a contact. Its id is somebody's already, though nothing was said.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn any_for(&self, tenant: &TenantId, contact: &ContactId) -> Result<bool, StoreError> {
        Ok(!self.waiting(tenant, contact).await?.is_empty())
    }

    /// Forgets what was set for a contact and the links that lead to it, and every trace of both; answers how
    /// many there were.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, tenant: &TenantId, contact: &ContactId) -> Result<usize, StoreError> {
        let documents = self.store.tenant(tenant);
        let mut forgotten = 0;
        for kind in [KIND, links::KIND] {
            loop {
                let found = documents.find(kind, CONTACT, contact.as_str()).await?;
                if found.is_empty() {
                    break;
                }
                forgotten += documents.discard(kind, found.into_iter().map(|document| document.id).collect()).await?;
            }
        }
        Ok(forgotten)
    }

    /// Notes that a durable turn has merged these, and has them discarded in a while.
    pub(crate) fn used(self: &Arc<Self>, tenant: &TenantId, ids: Vec<String>) {
        if ids.is_empty() {
            return;
        }
        let first = {
            let mut used = self.used.lock();
            let first = used.is_empty();
            used.extend(ids.into_iter().map(|id| (tenant.clone(), id)));
            first
        };
        if first {
            let presets = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(TIDIED_AFTER).await;
                presets.tidy().await;
            });
        }
    }

    /// Discards what was used. What this does not get to is found by the contact's next turn, which knows
    /// that it has it.
    pub(crate) async fn tidy(&self) {
        let used = std::mem::take(&mut *self.used.lock());
        let mut by_tenant = HashMap::<TenantId, Vec<String>>::new();
        for (tenant, id) in used {
            by_tenant.entry(tenant).or_default().push(id);
        }
        for (tenant, ids) in by_tenant {
            if let Err(error) = self.store.tenant(&tenant).discard(KIND, ids).await {
                tracing::warn!(%tenant, %error, "attributes that were used could not be discarded");
            }
        }
    }

    async fn any(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let tick = *self.changes.borrow();
        if let Some((at, any)) = self.any.read().get(tenant)
            && *at == tick
        {
            return Ok(*any);
        }
        let any = !self.store.tenant(tenant).list(KIND, Page::first(1)).await?.is_empty();
        self.any.write().insert(tenant.clone(), (tick, any));
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use model::attribute::{Attribute, Provenance};
    use serde_json::json;

    use super::*;

    fn waiting(presets: &[(&str, Value)]) -> Waiting {
        let preset =
            |(id, attributes): &(&str, Value)| ((*id).to_owned(), attributes.as_object().cloned().unwrap_or_default());
        Waiting(presets.iter().map(preset).collect())
    }

    #[test]
    fn what_waits_is_merged_once_in_order_and_vouched_for() {
        let mut contact = ContactState::default();
        let first = waiting(&[("1", json!({"name": "Ann", "tier": "gold"})), ("2", json!({"name": "Anna"}))]);
        assert_eq!(Value::Object(first.merge(&mut contact)), json!({"name": "Anna", "tier": "gold"}));
        let held = Attribute { value: json!("Anna"), provenance: Provenance::Platform };
        assert_eq!(contact.attributes["name"], held);

        // The agent changed it; what was merged before is not merged again, though it is still there.
        contact.preset("name", &json!("Annabel"));
        let later =
            waiting(&[("1", json!({"name": "Ann"})), ("2", json!({"name": "Anna"})), ("3", json!({"tier": null}))]);
        assert_eq!(Value::Object(later.merge(&mut contact)), json!({"tier": null}));
        assert_eq!(contact.attributes["name"].value, "Annabel");
        assert!(!contact.attributes.contains_key("tier"));
        assert_eq!(contact.presets, ["1", "2", "3"]);

        assert!(waiting(&[]).merge(&mut contact).is_empty());
        assert!(contact.presets.is_empty());
    }
}
