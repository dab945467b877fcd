//! Which passages fit a question (§21.3 R10): of the documents and questions that a flow names, and of the files that it
//! has itself, ranked together.
//!
//! The store finds candidates and counts, so that no search reads all texts; the order is `knowledge::ranking`'s.

use dialogue::flow::document::{Documentation, FlowFile};
use knowledge::{Corpus, Counted, Question, splitting::pieces};
use model::TenantId;
use store::{Candidates, PassageSearch, StoreError, StoredPassage};
use tokio::task::spawn_blocking;

use super::{Faq, IndexState, Knowledge, KnowledgeDocument};
use crate::documents::{DocumentError, Versioned};

/// Passages that are looked at for one question.
const CANDIDATES: usize = 200;

/// Where is looked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Places<'a> {
    /// Ids of documents.
    pub(crate) documents: &'a [String],
    /// Ids of questions.
    pub(crate) faqs: &'a [String],
    /// Texts of the flow's own.
    pub(crate) files: &'a [FlowFile],
}

impl<'a> Places<'a> {
    /// What a flow names, and the files that it has.
    pub(crate) fn of(documentation: &'a Documentation, files: &'a [FlowFile]) -> Self {
        Self { documents: &documentation.documents, faqs: &documentation.faqs, files }
    }
}

/// What a passage was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundIn {
    /// A document of the tenant, by its id.
    Document(String),
    /// A question of the tenant, by its id.
    Faq(String),
    /// A file of the flow, by its id.
    File(String),
}

/// A passage that fits a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Where it is.
    pub place: FoundIn,
    /// What people call that: the name of a document or file, or the question.
    pub name: String,
    /// What is said there.
    pub text: String,
    /// How well it fits: more is better, and 0 would be not at all.
    pub score: f64,
}

/// A passage that may fit.
enum Candidate<'a> {
    Stored(StoredPassage),
    OfFile(&'a FlowFile, String),
}

impl Knowledge {
    /// The passages of all documents and questions of a tenant that fit a question best (row DA-K1).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn search(&self, tenant: &TenantId, question: &str, amount: usize) -> Result<Vec<Found>, DocumentError> {
        let all = self.documents.list::<KnowledgeDocument>(tenant).await?;
        // One that is indexed again is found as it was.
        let read = all.into_iter().filter(|document| document.state != IndexState::Failed);
        let documents: Vec<String> = read.map(|document| document.id).collect();
        let faqs: Vec<String> = self.faqs.list::<Faq>(tenant).await?.into_iter().map(|faq| faq.id).collect();
        self.find(tenant, Places { documents: &documents, faqs: &faqs, files: &[] }, question, amount).await
    }

    /// The passages of some places that fit a question best.
    pub(crate) async fn find(
        &self,
        tenant: &TenantId,
        places: Places<'_>,
        question: &str,
        amount: usize,
    ) -> Result<Vec<Found>, DocumentError> {
        let question = Question::of(question);
        if amount == 0 || question.is_empty() {
            return Ok(Vec::new());
        }
        let Candidates { passages, total, total_words, with } = self.candidates(tenant, places, &question).await?;
        let (corpus, of_files) = in_files(Corpus::new(total, total_words, with), &question, places.files).await?;
        let mut candidates: Vec<(Counted, Candidate<'_>)> = of_files
            .into_iter()
            .map(|(counted, at, text)| (counted, Candidate::OfFile(&places.files[at], text)))
            .collect();
        for passage in passages {
            candidates.push((question.count(&passage.text), Candidate::Stored(passage)));
        }
        let mut best = Vec::new();
        for (score, candidate) in corpus.ranked(candidates) {
            if best.len() == amount {
                break;
            }
            best.extend(self.shown(tenant, places, candidate, score).await?);
        }
        Ok(best)
    }

    /// What the store finds.
    async fn candidates(
        &self,
        tenant: &TenantId,
        places: Places<'_>,
        question: &Question,
    ) -> Result<Candidates, DocumentError> {
        let sources: Vec<String> = places.documents.iter().chain(places.faqs).cloned().collect();
        let words = question.words().to_vec();
        if sources.is_empty() {
            return Ok(Candidates { with: vec![0; words.len()], ..Candidates::default() });
        }
        let search = PassageSearch { sources, words, limit: CANDIDATES };
        Ok(self.store.tenant(tenant).candidates(search).await?)
    }

    /// A candidate with the name of what it is in; none where that is gone.
    async fn shown(
        &self,
        tenant: &TenantId,
        places: Places<'_>,
        candidate: Candidate<'_>,
        score: f64,
    ) -> Result<Option<Found>, DocumentError> {
        let StoredPassage { source, text, .. } = match candidate {
            Candidate::Stored(passage) => passage,
            Candidate::OfFile(file, text) => {
                let (place, name) = (FoundIn::File(file.id.clone()), file.name.clone());
                return Ok(Some(Found { place, name, text, score }));
            }
        };
        // An id is a document's or a question's: each kind has ids of its own.
        if places.documents.contains(&source)
            && let Some(Versioned { value, .. }) = self.documents.get::<KnowledgeDocument>(tenant, &source).await?
        {
            return Ok(Some(Found { place: FoundIn::Document(source), name: value.name, text, score }));
        }
        if places.faqs.contains(&source)
            && let Some(Versioned { value, .. }) = self.faqs.get::<Faq>(tenant, &source).await?
        {
            return Ok(Some(Found { place: FoundIn::Faq(source), name: value.terms.question, text, score }));
        }
        Ok(None)
    }
}

/// A passage of a file: its counts, which file it is of, and what it says.
type OfFile = (Counted, usize, String);

/// The passages of files, added to a corpus. They are cut anew for each question; of two million characters that takes long
/// enough for others to wait, were it done here.
async fn in_files(
    corpus: Corpus,
    question: &Question,
    files: &[FlowFile],
) -> Result<(Corpus, Vec<OfFile>), DocumentError> {
    if files.is_empty() {
        return Ok((corpus, Vec::new()));
    }
    let texts: Vec<String> = files.iter().map(|file| file.text.clone()).collect();
    let question = question.clone();
    let counting = spawn_blocking(move || {
        let (mut corpus, mut found) = (corpus, Vec::new());
        for (at, text) in texts.iter().enumerate() {
            for piece in pieces(text) {
                let counted = question.count(&piece);
                corpus.add(&counted);
                found.push((counted, at, piece));
            }
        }
        (corpus, found)
    });
    counting.await.map_err(|stopped| {
        let problem = stopped.to_string();
        DocumentError::from(StoreError::Unavailable { action: "look into a flow's files", problem })
    })
}
