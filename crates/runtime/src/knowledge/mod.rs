//! What a tenant's agents can look up: documents that were uploaded, and questions with answers (spec/dialai.md §10,
//! §21.4 N9 N10; rows DA-P9, DA-K1 to DA-K10).
//!
//! A document is taken at once and indexed in the background (`indexing`); a question with its answer is small, and can
//! be found when it is saved (`faqs`). `retrieval` finds what fits a question. The state of a document is a document of
//! the store; its original and its passages lie beside, under its id.
//!
//! Invariants: what is deleted is not found any more when the deletion is answered; a crash anywhere leaves at most
//! what nothing names, which the next start removes, and documents that wait, which it indexes.

mod describing;
mod faqs;
mod indexing;
pub mod reading;
mod retrieval;
mod waiting;

use std::sync::Arc;

use dialogue::{flow::document::Documentation, problem::Problem};
use knowledge::extraction;
use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Page, Store, StoredPassage};

use crate::{
    documents::{DocumentError, Kind, Versioned, new_id, now},
    files::{self, FileError},
};

pub use faqs::{Faq, FaqTerms, MOST_FAQS};
pub use retrieval::{Found, FoundIn};

pub(crate) use indexing::follow;
pub(crate) use retrieval::Places;

use waiting::Waiting;

/// Largest document, in bytes.
pub const LARGEST_DOCUMENT: usize = 10 << 20;
/// Documents of a tenant.
pub const MOST_DOCUMENTS: usize = 1_000;
/// Bytes of all documents of a tenant.
pub const MOST_BYTES: u64 = 2 << 30;

/// What people and errors call the two kinds.
const DOCUMENT: &str = "document";
const FAQ: &str = "FAQ";

/// How far a document is (§21.4 N9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexState {
    /// It waits.
    Pending,
    /// It is being read.
    Indexing,
    /// It can be found.
    Indexed,
    /// It could not be read.
    Failed,
}

impl IndexState {
    /// Whether something is still to be done.
    fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Indexing)
    }
}

/// A document that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnowledgeDocument {
    /// Names it in flows.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// Its media type, without parameters.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// How far it is.
    pub state: IndexState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How many passages it had when it was indexed last.
    #[serde(default)]
    pub passages: usize,
    /// When it was indexed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_at: Option<Timestamp>,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub updated_at: Timestamp,
}

/// Documents, questions and answers of tenants. Cheap to clone.
#[derive(Clone)]
pub struct Knowledge {
    store: Store,
    documents: Kind,
    faqs: Kind,
    waiting: Arc<Waiting>,
    /// Held while something is added: how much there is is a question about all, and what has an original and no
    /// document yet is no rubbish.
    adding: Arc<tokio::sync::Mutex<()>>,
}

impl Knowledge {
    pub(crate) fn new(store: &Store) -> Self {
        let kind = |name| Kind { store: store.clone(), name };
        Self {
            store: store.clone(),
            documents: kind("knowledge-document"),
            faqs: kind("faq"),
            waiting: Arc::default(),
            adding: Arc::default(),
        }
    }

    /// Takes a document. It is durable when this returns, and found some time later (row DA-P9).
    ///
    /// # Errors
    /// [`DocumentError::Invalid`] when its name, its type or its length is not acceptable, or the tenant has too many.
    pub async fn upload(
        &self,
        tenant: &TenantId,
        name: &str,
        media_type: String,
        content: Vec<u8>,
    ) -> Result<KnowledgeDocument, DocumentError> {
        if let Err(FileError::Invalid { field, complaint }) = files::check_name(name) {
            return Err(DocumentError::invalid(field, complaint));
        }
        if !extraction::is_readable(&media_type) {
            return Err(DocumentError::invalid("Content-Type", format!("send {}", extraction::READABLE)));
        }
        if content.is_empty() || content.len() > LARGEST_DOCUMENT {
            return Err(DocumentError::invalid("body", format!("send a file of 1 to {LARGEST_DOCUMENT} bytes")));
        }
        let _adding = self.adding.lock().await;
        let held = self.documents.list::<KnowledgeDocument>(tenant).await?;
        if held.len() >= MOST_DOCUMENTS {
            let complaint = format!("a tenant has at most {MOST_DOCUMENTS} documents: delete one");
            return Err(DocumentError::invalid("documents", complaint));
        }
        let size = content.len() as u64;
        if held.iter().map(|document| document.size).sum::<u64>() + size > MOST_BYTES {
            let complaint = format!("the documents of a tenant have at most {MOST_BYTES} bytes: delete some");
            return Err(DocumentError::invalid("documents", complaint));
        }
        let at = now();
        let document = KnowledgeDocument {
            id: new_id().to_string(),
            name: name.to_owned(),
            media_type,
            size,
            state: IndexState::Pending,
            error: None,
            passages: 0,
            indexed_at: None,
            created_at: at,
            updated_at: at,
        };
        // The original first: a document that can be seen can be read.
        self.store.tenant(tenant).put_original(&document.id, content).await?;
        self.documents.put_without_past(tenant, &document.id, &document, Expect::New).await?;
        self.waiting.add(tenant, &document.id);
        Ok(document)
    }

    /// Documents of a tenant, oldest first: those after an id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn documents(
        &self,
        tenant: &TenantId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<KnowledgeDocument>, DocumentError> {
        page(&self.documents, tenant, after, limit).await
    }

    /// One document.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn document(&self, tenant: &TenantId, id: &str) -> Result<KnowledgeDocument, DocumentError> {
        Ok(self.versioned(tenant, id).await?.value)
    }

    async fn versioned(&self, tenant: &TenantId, id: &str) -> Result<Versioned<KnowledgeDocument>, DocumentError> {
        let found = self.documents.get::<KnowledgeDocument>(tenant, id).await?;
        found.ok_or_else(|| DocumentError::not_found(DOCUMENT, id))
    }

    /// A document with its content, as it was uploaded.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn content(&self, tenant: &TenantId, id: &str) -> Result<(KnowledgeDocument, Vec<u8>), DocumentError> {
        let document = self.document(tenant, id).await?;
        let content = self.store.tenant(tenant).original(id).await?;
        Ok((document, content.ok_or_else(|| DocumentError::not_found(DOCUMENT, id))?))
    }

    /// The passages of a document as they are found, in order: those after a number.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn passages(
        &self,
        tenant: &TenantId,
        id: &str,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<StoredPassage>, DocumentError> {
        self.document(tenant, id).await?;
        Ok(self.store.tenant(tenant).passages(id, after, limit).await?)
    }

    /// Has a document indexed again. What it had is found until what it has is (row DA-K13).
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn index_again(&self, tenant: &TenantId, id: &str) -> Result<KnowledgeDocument, DocumentError> {
        loop {
            let Versioned { value, version, .. } = self.versioned(tenant, id).await?;
            let document = KnowledgeDocument { state: IndexState::Pending, error: None, updated_at: now(), ..value };
            match self.documents.put_without_past(tenant, id, &document, Expect::Version(version)).await {
                Ok(_) => {
                    self.waiting.add(tenant, id);
                    return Ok(document);
                }
                // Whoever indexes it has said meanwhile how far it is.
                Err(DocumentError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Deletes a document, its content and its passages. Flows that name it find nothing there.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<KnowledgeDocument, DocumentError> {
        let document = self.document(tenant, id).await?;
        // The document first: passages of none are not shown, and the next start removes them.
        if !self.documents.discard(tenant, id).await? {
            return Err(DocumentError::not_found(DOCUMENT, id));
        }
        self.store.tenant(tenant).remove_source(id).await?;
        Ok(document)
    }
}

/// Documents of a kind, those after an id.
async fn page<T: serde::de::DeserializeOwned>(
    kind: &Kind,
    tenant: &TenantId,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<T>, DocumentError> {
    let page = Page { after, limit };
    let found = kind.store.tenant(tenant).list(kind.name, page).await?;
    Ok(found.iter().map(store::Document::read).collect::<Result<_, _>>()?)
}

/// A warning for each document and each question that a flow reads and the tenant does not have, or cannot be found.
/// It runs without them.
pub(crate) async fn unknown(
    store: &Store,
    tenant: &TenantId,
    documentation: &Documentation,
) -> Result<Vec<Problem>, DocumentError> {
    let knowledge = Knowledge::new(store);
    let mut problems = Vec::new();
    for (at, id) in documentation.documents.iter().enumerate() {
        let path = format!("configuration.documentation.documents[{at}]");
        match knowledge.documents.get::<KnowledgeDocument>(tenant, id).await? {
            None => {
                let message = format!("This tenant has no document `{id}`: nothing is found there.");
                problems.push(Problem::warning(path, message, "Upload it and name it by its id, or take it out."));
            }
            Some(Versioned { value: KnowledgeDocument { state: IndexState::Failed, name, error, .. }, .. }) => {
                let message = format!("The document `{name}` has no passages: {}.", error.unwrap_or_default());
                problems.push(Problem::warning(path, message, "Upload it in another form, or take it out."));
            }
            Some(_) => {}
        }
    }
    for (at, id) in documentation.faqs.iter().enumerate() {
        if knowledge.faqs.get::<Faq>(tenant, id).await?.is_none() {
            let path = format!("configuration.documentation.faqs[{at}]");
            let message = format!("This tenant has no FAQ `{id}`: nothing is found there.");
            problems.push(Problem::warning(path, message, "Make it and name it by its id, or take it out."));
        }
    }
    Ok(problems)
}
