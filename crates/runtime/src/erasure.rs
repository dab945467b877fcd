//! Erasing contacts: the intent first, then the deed, then nothing is left of either (bar R7).
//!
//! An intent is a document, so that a command beside a running server can leave one, and so that what
//! a crash interrupted is finished at the next start. It does not name the contact: the document of
//! an erasure must not become the trace that it was to remove. It has a salted digest of the id, and
//! whoever carries it out compares it with the ids of which there are records.

use std::{sync::Arc, time::Duration};

use model::{ContactId, TenantId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Expect, Key, Page, Store};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    contacts::Contacts,
    documents::{DocumentError, secret},
    runtime::Shared,
    tenants::Tenants,
    turn::TurnError,
};

const KIND: &str = "erasure";
/// Key and value by which open intents are found, whosever they are.
const STATE: (&str, &str) = ("state", "open");
/// Ids that are compared at once.
const PAGE: usize = 1_000;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);

/// What is kept of an erasure until it is done.
#[derive(Debug, Serialize, Deserialize)]
struct Intent {
    salt: String,
    /// SHA-256 of salt and id, hexadecimal.
    digest: String,
}

impl Intent {
    fn of(contact: &ContactId) -> Self {
        let salt = secret();
        let digest = digest(&salt, contact);
        Self { salt, digest }
    }

    fn means(&self, contact: &ContactId) -> bool {
        digest(&self.salt, contact) == self.digest
    }
}

fn digest(salt: &str, contact: &ContactId) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(contact.as_str()).finalize())
}

/// Erasures that are asked for and not done yet.
#[derive(Clone)]
pub struct Erasures {
    store: Store,
}

impl Erasures {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// Notes that a contact is to be erased; the running server, or the next one that starts, does it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note(&self, tenant: &TenantId, contact: &ContactId) -> Result<Uuid, DocumentError> {
        let id = Uuid::new_v4();
        self.note_as(id, tenant, contact).await?;
        Ok(id)
    }

    async fn note_as(&self, id: Uuid, tenant: &TenantId, contact: &ContactId) -> Result<(), DocumentError> {
        let key = Key::shared(STATE.0, STATE.1);
        self.store.tenant(tenant).put(KIND, &id.to_string(), &Intent::of(contact), &[key], Expect::New).await?;
        Ok(())
    }

    /// Whether an erasure is still to be done.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_open(&self, tenant: &TenantId, erasure: Uuid) -> Result<bool, DocumentError> {
        Ok(self.store.tenant(tenant).get(KIND, &erasure.to_string()).await?.is_some())
    }

    async fn any(&self) -> Result<bool, DocumentError> {
        Ok(self.store.platform().find(KIND, STATE.0, STATE.1).await?.is_some())
    }

    async fn open(&self, tenant: &TenantId) -> Result<Vec<(Uuid, Intent)>, DocumentError> {
        let mut open = Vec::new();
        for document in self.store.tenant(tenant).list(KIND, Page::whole()).await? {
            match document.id.parse::<Uuid>() {
                Ok(id) => open.push((id, document.read()?)),
                Err(_) => tracing::error!(id = %document.id, "this is not the id of an erasure: it is left alone"),
            }
        }
        Ok(open)
    }

    async fn settle(&self, tenant: &TenantId, erasure: Uuid) -> Result<(), DocumentError> {
        Ok(self.store.tenant(tenant).discard(KIND, vec![erasure.to_string()]).await.map(drop)?)
    }
}

impl Shared {
    /// Erases a contact; false when there is no record of it.
    pub(crate) async fn erase(&self, tenant: &TenantId, contact: &ContactId) -> Result<bool, TurnError> {
        if !Contacts::new(&self.store).is_known(tenant, contact).await? {
            return self.forget_beside_the_log(tenant, contact).await;
        }
        let id = Uuid::new_v4();
        // Before the intent can be seen, so that whoever carries it out takes this away again.
        self.erasing.lock().insert(id, contact.clone());
        if let Err(error) = Erasures::new(&self.store).note_as(id, tenant, contact).await {
            self.erasing.lock().remove(&id);
            return Err(error.into());
        }
        self.finish_erasures().await?;
        Ok(true)
    }

    /// Does all that is noted; one caller at a time. What fails stays noted.
    pub(crate) async fn finish_erasures(&self) -> Result<(), TurnError> {
        let _one = self.one_erasure.lock().await;
        let erasures = Erasures::new(&self.store);
        if !erasures.any().await? {
            return Ok(());
        }
        let mut done = Vec::new();
        for tenant in Tenants::new(&self.store).list().await? {
            for (id, intent) in erasures.open(&tenant.id).await? {
                for contact in self.contacts_meant(&tenant.id, id, &intent).await? {
                    // Nothing is written of the contact meanwhile; what comes after is of a new one.
                    let _place = self.order.enter(&tenant.id, &contact).await?;
                    // The log last: only there a contact is found again when this is interrupted.
                    self.forget_beside_the_log(&tenant.id, &contact).await?;
                    let erased = self.store.tenant(&tenant.id).erase_contact(&contact, id).await?;
                    tracing::info!(tenant = %tenant.id, erasure = %id, records = erased.records, "a contact was erased");
                }
                done.push((tenant.id.clone(), id));
            }
        }
        if done.is_empty() {
            return Ok(());
        }
        // Once for all of them: it takes longest.
        self.past.forget();
        self.store.scrub().await?;
        for (tenant, id) in done {
            erasures.settle(&tenant, id).await?;
            self.erasing.lock().remove(&id);
        }
        Ok(())
    }

    /// Forgets what of a contact is not in the log: files, attributes that wait, links. Answers whether there
    /// was any.
    async fn forget_beside_the_log(&self, tenant: &TenantId, contact: &ContactId) -> Result<bool, TurnError> {
        let files =
            self.files.forget(tenant, contact).await.map_err(|problem| TurnError::Broken(problem.to_string()))?;
        let documents = self.presets.forget(tenant, contact).await?;
        Ok(files + documents > 0)
    }

    /// Whom an intent means: known when it was noted here, else found by the digest.
    async fn contacts_meant(&self, tenant: &TenantId, id: Uuid, intent: &Intent) -> Result<Vec<ContactId>, TurnError> {
        let known = self.erasing.lock().get(&id).cloned();
        if let Some(contact) = known {
            return Ok(vec![contact]);
        }
        let store = self.store.tenant(tenant);
        let mut after: Option<ContactId> = None;
        loop {
            let page = store.contact_ids(after.as_ref(), PAGE).await?;
            if let Some(found) = page.iter().find(|contact| intent.means(contact)) {
                return Ok(vec![found.clone()]);
            }
            match page.last() {
                Some(last) => after = Some(last.clone()),
                // Its records are gone already; what is left to do is to scrub.
                None => return Ok(Vec::new()),
            }
        }
    }
}

/// Does what is noted, at the start and whenever a document has changed, until told to stop.
pub(crate) async fn follow(shared: Arc<Shared>, stop: CancellationToken) {
    let mut changes = shared.store.changes();
    loop {
        let finished = tokio::select! {
            () = stop.cancelled() => return,
            finished = shared.finish_erasures() => finished,
        };
        let pause = match finished {
            Ok(()) => Duration::MAX,
            Err(error) => {
                tracing::warn!(%error, "an erasure is not finished; trying again");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            change = changes.changed() => if change.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_means_its_contact_and_does_not_name_it() {
        let (ann, bob): (ContactId, ContactId) = ("ann@x.test".parse().unwrap(), "bob@x.test".parse().unwrap());
        let intent = Intent::of(&ann);
        assert!(intent.means(&ann) && !intent.means(&bob));
        assert_ne!(intent.digest, Intent::of(&ann).digest);
        assert!(!serde_json::to_string(&intent).unwrap().contains("ann"));
    }
}
