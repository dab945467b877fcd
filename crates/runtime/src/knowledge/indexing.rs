//! The service that indexes what was uploaded, a few documents at a time: has them read, keeps their passages, and says in
//! their documents how far they are.
//!
//! Each step can be the last one before a crash. What was begun is begun again at the next start; what nothing names any
//! more is removed then.

use std::{collections::HashMap, sync::Arc, time::Duration};

use knowledge::{Passage, words::words};
use model::TenantId;
use store::{Expect, NewPassage};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::{Faq, IndexState, Knowledge, KnowledgeDocument, waiting::Job};
use crate::{
    documents::{DocumentError, Versioned, now},
    runtime::Shared,
    tenants::Tenants,
};

/// Pause after the store failed.
const PAUSE: Duration = Duration::from_secs(5);

/// Indexes what waits and what will be uploaded, until told to stop.
pub(crate) async fn follow(shared: Arc<Shared>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = shared.index_all() => {}
    }
}

impl Shared {
    /// Indexes for as long as it is asked to: it comes to no end.
    async fn index_all(&self) {
        while let Err(error) = self.knowledge.resume().await {
            tracing::warn!(%error, "documents that wait could not be looked for; trying again");
            tokio::time::sleep(PAUSE).await;
        }
        // A document that takes long holds up one of them.
        tokio::join!(self.index_in_turns(), self.index_in_turns(), self.index_in_turns());
    }

    async fn index_in_turns(&self) {
        let waiting = &self.knowledge.waiting;
        loop {
            let job = waiting.next().await;
            let outcome = self.index(&job).await;
            waiting.done(&job);
            if let Err(error) = outcome {
                let Job { tenant, document } = &job;
                tracing::warn!(%tenant, %document, %error, "a document could not be indexed; trying again");
                waiting.add(tenant, document);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Indexes a document that waits. One that is gone, or that somebody else did meanwhile, is left alone.
    async fn index(&self, job: &Job) -> Result<(), DocumentError> {
        let (knowledge, Job { tenant, document: id }) = (&self.knowledge, job);
        let Some(Versioned { value, version, .. }) = knowledge.documents.get::<KnowledgeDocument>(tenant, id).await?
        else {
            return Ok(());
        };
        if !value.state.is_open() {
            return Ok(());
        }
        let begun = KnowledgeDocument { state: IndexState::Indexing, error: None, updated_at: now(), ..value };
        let Some(version) = knowledge.moved(tenant, &begun, version).await? else { return Ok(()) };
        let store = knowledge.store.tenant(tenant);
        let read = match store.original(id).await? {
            Some(content) => self.read(tenant, &begun, content).await,
            None => Err("its content is gone: upload it again".to_owned()),
        };
        let at = now();
        let (passages, done) = match read {
            Ok(passages) => {
                let count = passages.len();
                let done = KnowledgeDocument {
                    state: IndexState::Indexed,
                    passages: count,
                    indexed_at: Some(at),
                    updated_at: at,
                    ..begun
                };
                (passages, done)
            }
            Err(error) => {
                tracing::info!(%tenant, document = %id, %error, "a document cannot be read");
                let failed = KnowledgeDocument {
                    state: IndexState::Failed,
                    error: Some(error),
                    passages: 0,
                    updated_at: at,
                    ..begun
                };
                (Vec::new(), failed)
            }
        };
        store.put_passages(id, version, passages).await?;
        if knowledge.moved(tenant, &done, version).await?.is_none()
            && knowledge.documents.get::<KnowledgeDocument>(tenant, id).await?.is_none()
        {
            // It was deleted while it was read.
            store.remove_source(id).await?;
        }
        Ok(())
    }

    /// The passages of a document, as they are found; or why there are none, in words for people.
    async fn read(
        &self,
        tenant: &TenantId,
        document: &KnowledgeDocument,
        content: Vec<u8>,
    ) -> Result<Vec<NewPassage>, String> {
        let read = self.readers.passages(&document.name, &document.media_type, content).await;
        let passages = read.map_err(|error| error.to_string())?;
        let passages = self.described(tenant, &document.name, passages).await;
        let indexing = spawn_blocking(move || passages.iter().map(indexed).collect::<Vec<_>>());
        indexing.await.map_err(|_| "it is damaged".to_owned())
    }
}

impl Knowledge {
    /// Puts right what a crash left: documents that wait, questions whose passage is of another version, and what
    /// nothing names.
    async fn resume(&self) -> Result<(), DocumentError> {
        for tenant in Tenants::new(&self.store).list().await? {
            self.resume_of(&tenant.id).await?;
        }
        Ok(())
    }

    async fn resume_of(&self, tenant: &TenantId) -> Result<(), DocumentError> {
        // An original that has no document yet belongs to one that is being uploaded.
        let _adding = self.adding.lock().await;
        let store = self.store.tenant(tenant);
        let mut kept: HashMap<String, Option<u64>> =
            store.sources().await?.into_iter().map(|source| (source.source, source.revision)).collect();
        for document in self.documents.list::<KnowledgeDocument>(tenant).await? {
            kept.remove(&document.id);
            if document.state.is_open() {
                self.waiting.add(tenant, &document.id);
            }
        }
        for faq in self.faqs.list::<Faq>(tenant).await? {
            let indexed = kept.remove(&faq.id).flatten();
            let Some(found) = self.faqs.get::<Faq>(tenant, &faq.id).await? else { continue };
            if indexed != Some(found.version) {
                store.put_passages(&faq.id, found.version, vec![found.value.terms.passage()]).await?;
            }
        }
        for source in kept.keys() {
            store.remove_source(source).await?;
        }
        Ok(())
    }

    /// Writes how far a document is that is at a version; answers its new version, or none where it has changed or is
    /// gone: whoever changed it has it indexed again.
    async fn moved(
        &self,
        tenant: &TenantId,
        document: &KnowledgeDocument,
        version: u64,
    ) -> Result<Option<u64>, DocumentError> {
        match self.documents.put_without_past(tenant, &document.id, document, Expect::Version(version)).await {
            Ok(version) => Ok(Some(version)),
            Err(DocumentError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn indexed(passage: &Passage) -> NewPassage {
    let text = passage.whole();
    NewPassage { words: words(&text).join(" "), text }
}
