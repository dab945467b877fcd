//! Questions with answers (§21.4 N10): found by the words of both, from the moment at which they are saved.

use knowledge::words::words;
use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, NewPassage};

use super::{FAQ, Knowledge, page};
use crate::documents::{DocumentError, Versioned, new_id, now};

/// Questions of a tenant.
pub const MOST_FAQS: usize = 2_000;
/// Characters of a question.
const MAX_QUESTION: usize = 1_000;
/// Characters of an answer: it is shown to a model whole.
const MAX_ANSWER: usize = 4_000;
/// Bytes of a language tag.
const MAX_LANGUAGE: usize = 35;

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faq {
    /// Names it in flows.
    pub id: String,
    /// What it says.
    #[serde(flatten)]
    pub terms: FaqTerms,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is decided about a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaqTerms {
    /// As people ask it.
    pub question: String,
    /// What is said to it.
    pub answer: String,
    /// The language of both, a BCP 47 tag: for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl FaqTerms {
    fn checked(self) -> Result<Self, DocumentError> {
        let text = |field: &'static str, text: &str, most: usize| {
            let text = text.trim();
            if (1..=most).contains(&text.chars().count()) {
                return Ok(text.to_owned());
            }
            Err(DocumentError::invalid(field, format!("write 1 to {most} characters")))
        };
        let is_tag = |tag: &str| {
            tag.len() <= MAX_LANGUAGE
                && tag
                    .split('-')
                    .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        };
        if self.language.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(DocumentError::invalid("language", "write a language tag, such as `en` or `de-AT`, or none"));
        }
        Ok(Self {
            question: text("question", &self.question, MAX_QUESTION)?,
            answer: text("answer", &self.answer, MAX_ANSWER)?,
            language: self.language,
        })
    }

    /// What it is found by, and what is shown of it.
    pub(super) fn passage(&self) -> NewPassage {
        let text = format!("{}\n\n{}", self.question, self.answer);
        NewPassage { words: words(&text).join(" "), text }
    }
}

impl Knowledge {
    /// Questions of a tenant, oldest first: those after an id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn faqs(
        &self,
        tenant: &TenantId,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Faq>, DocumentError> {
        page(&self.faqs, tenant, after, limit).await
    }

    /// One question.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn faq(&self, tenant: &TenantId, id: &str) -> Result<Versioned<Faq>, DocumentError> {
        let found = self.faqs.get::<Faq>(tenant, id).await?;
        found.ok_or_else(|| DocumentError::not_found(FAQ, id))
    }

    /// Adds a question with its answer. It can be found when this returns.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`]; when the tenant has too many.
    pub async fn add_faq(&self, tenant: &TenantId, terms: FaqTerms) -> Result<Versioned<Faq>, DocumentError> {
        let terms = terms.checked()?;
        let _adding = self.adding.lock().await;
        if self.faqs.list::<Faq>(tenant).await?.len() >= MOST_FAQS {
            let complaint = format!("a tenant has at most {MOST_FAQS} FAQs: delete one");
            return Err(DocumentError::invalid("faqs", complaint));
        }
        let at = now();
        self.write(tenant, Faq { id: new_id().to_string(), terms, created_at: at, updated_at: at }, Expect::New).await
    }

    /// Replaces a question that is at this version.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::Invalid`], [`DocumentError::Conflict`].
    pub async fn replace_faq(
        &self,
        tenant: &TenantId,
        id: &str,
        terms: FaqTerms,
        version: u64,
    ) -> Result<Versioned<Faq>, DocumentError> {
        let terms = terms.checked()?;
        let _adding = self.adding.lock().await;
        let Versioned { value: before, .. } = self.faq(tenant, id).await?;
        self.write(tenant, Faq { terms, updated_at: now(), ..before }, Expect::Version(version)).await
    }

    /// Deletes a question. Flows that name it find nothing there.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete_faq(&self, tenant: &TenantId, id: &str) -> Result<Faq, DocumentError> {
        let _adding = self.adding.lock().await;
        let Versioned { value: faq, .. } = self.faq(tenant, id).await?;
        if !self.faqs.discard(tenant, id).await? {
            return Err(DocumentError::not_found(FAQ, id));
        }
        self.store.tenant(tenant).remove_source(id).await?;
        Ok(faq)
    }

    /// The document first: after a crash between the two, the next start sees that its passage is of another version.
    async fn write(&self, tenant: &TenantId, faq: Faq, expect: Expect) -> Result<Versioned<Faq>, DocumentError> {
        let version = self.faqs.put(tenant, &faq.id, &faq, &[], expect).await?;
        self.store.tenant(tenant).put_passages(&faq.id, version, vec![faq.terms.passage()]).await?;
        let updated_at = faq.updated_at;
        Ok(Versioned { value: faq, version, updated_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(question: &str, answer: &str, language: Option<&str>) -> FaqTerms {
        FaqTerms { question: question.into(), answer: answer.into(), language: language.map(str::to_owned) }
    }

    #[test]
    fn what_is_said_is_bounded() {
        let checked = terms(" When? ", "At nine.\n", Some("de-AT")).checked().expect("it is acceptable");
        assert_eq!(checked, terms("When?", "At nine.", Some("de-AT")));
        for (terms, field) in [
            (terms("  ", "a", None), "question"),
            (terms(&"q".repeat(MAX_QUESTION + 1), "a", None), "question"),
            (terms("q", "", None), "answer"),
            (terms("q", &"a".repeat(MAX_ANSWER + 1), None), "answer"),
            (terms("q", "a", Some("")), "language"),
            (terms("q", "a", Some("not a tag")), "language"),
        ] {
            let refused = terms.checked();
            assert!(
                matches!(&refused, Err(DocumentError::Invalid { field: named, .. }) if named == field),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn it_is_found_by_the_words_of_both() {
        let passage = terms("When do you open?", "From nine.", None).passage();
        assert_eq!(passage.text, "When do you open?\n\nFrom nine.");
        assert_eq!(passage.words, "when do you open from nine");
    }
}
