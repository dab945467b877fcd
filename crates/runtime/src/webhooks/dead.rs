//! Dead letters: events that an endpoint did not take, for people to look at and to send again.
//!
//! A dead letter names its event; what happened is in the feed.

use model::{TenantId, Timestamp, TranscriptId};
use serde::{Deserialize, Serialize};
use store::{Expect, Page, Store};

use crate::documents::{DocumentError, Kind};

/// An event that an endpoint did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The event's number in the feed.
    pub seq: u64,
    /// What happened.
    pub kind: String,
    /// In which conversation, if one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<TranscriptId>,
    /// How often it was sent.
    pub attempts: u32,
    /// The status that was answered last; none without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong the last time.
    pub reason: String,
    /// When that was.
    pub failed_at: Timestamp,
}

/// The dead letters of subscriptions, as documents of the kind `webhook_dead`.
#[derive(Clone)]
pub struct DeadLetters {
    kind: Kind,
}

impl DeadLetters {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "webhook_dead" } }
    }

    /// Dead letters of a subscription after an event, oldest event first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        tenant: &TenantId,
        subscription: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, DocumentError> {
        let page = Page::after(document_id(subscription, after), limit);
        let documents = self.kind.store.tenant(tenant).list(self.kind.name, page).await?;
        let own = documents.iter().take_while(|document| belongs(&document.id, subscription));
        own.map(|document| Ok(document.read()?)).collect()
    }

    /// One dead letter.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, subscription: &str, seq: u64) -> Result<DeadLetter, DocumentError> {
        let found = self.kind.get(tenant, &document_id(subscription, seq)).await?;
        Ok(found.ok_or_else(|| DocumentError::not_found("dead letter", seq))?.value)
    }

    pub(super) async fn put(
        &self,
        tenant: &TenantId,
        subscription: &str,
        letter: &DeadLetter,
    ) -> Result<(), DocumentError> {
        self.kind.put(tenant, &document_id(subscription, letter.seq), letter, &[], Expect::Any).await.map(|_| ())
    }

    pub(super) async fn delete(&self, tenant: &TenantId, subscription: &str, seq: u64) -> Result<(), DocumentError> {
        self.kind.delete(tenant, &document_id(subscription, seq)).await.map(|_| ())
    }

    /// Drops the oldest events until `most` are left; answers how many are.
    pub(super) async fn keep(
        &self,
        tenant: &TenantId,
        subscription: &str,
        most: usize,
    ) -> Result<usize, DocumentError> {
        let letters = self.list(tenant, subscription, 0, Page::MAX).await?;
        let excess = letters.len().saturating_sub(most);
        for letter in &letters[..excess] {
            let seq = letter.seq;
            tracing::warn!(%tenant, webhook = subscription, seq, "a dead letter was dropped: there are too many");
            self.delete(tenant, subscription, seq).await?;
        }
        Ok(letters.len() - excess)
    }

    pub(super) async fn delete_all(&self, tenant: &TenantId, subscription: &str) -> Result<(), DocumentError> {
        loop {
            let letters = self.list(tenant, subscription, 0, Page::MAX).await?;
            if letters.is_empty() {
                return Ok(());
            }
            for letter in letters {
                self.delete(tenant, subscription, letter.seq).await?;
            }
        }
    }
}

/// Ordered by subscription, then by event.
fn document_id(subscription: &str, seq: u64) -> String {
    format!("{subscription}/{seq:020}")
}

fn belongs(document: &str, subscription: &str) -> bool {
    document.strip_prefix(subscription).is_some_and(|rest| rest.starts_with('/'))
}
