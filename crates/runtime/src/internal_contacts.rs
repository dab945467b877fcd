//! Internal contacts: names with telephone numbers to which conversations are transferred, by the agent or by people
//! (spec/dialai.md §13.6; rows DA-I18, DA-L12).
//!
//! Dials nothing: a conversation that is transferred carries name and number, and the channel does the rest. Distinct
//! from points of contact, where conversations come in.

use model::{
    TenantId, Timestamp,
    function::{Effect, FunctionError, FunctionErrorKind, FunctionOutput},
};
use serde::{Deserialize, Serialize};
use store::{Document, Expect, Key, Store};

use crate::{
    documents::{DocumentError, Kind, Versioned, new_id, now},
    phone_number::e164,
};

/// Internal contacts of a tenant: all of them are listed at once, to choose from.
pub const MOST_INTERNAL_CONTACTS: usize = 500;
/// Characters of a name.
const MAX_NAME: usize = 100;
/// Characters of a note.
const MAX_NOTE: usize = 1_000;
/// The key by which a name is found.
const NAME: &str = "name";
/// What else stands as the destination of a conversation (`model::transcript::TranscriptState::destination`).
const TAKEN: [&str; 2] = ["queue", "operator"];

/// Somebody to whom conversations are transferred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalContact {
    /// Its id.
    pub id: String,
    /// What is decided about it.
    #[serde(flatten)]
    pub terms: InternalContactTerms,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is decided about an internal contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalContactTerms {
    /// By which people and functions name it; a tenant has one of a name, whatever its case.
    pub name: String,
    /// As E.164 once it is kept.
    pub phone_number: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl InternalContactTerms {
    fn checked(self) -> Result<Self, DocumentError> {
        let name = plain(&self.name);
        if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            let complaint = format!("write 1 to {MAX_NAME} characters, none of them a control character");
            return Err(DocumentError::invalid("name", complaint));
        }
        if TAKEN.contains(&key(&name).as_str()) {
            let complaint = format!("`{name}` names where conversations go to the tenant's people: choose another");
            return Err(DocumentError::invalid("name", complaint));
        }
        let phone_number = e164(&self.phone_number).ok_or_else(|| {
            DocumentError::invalid("phone_number", "write it in the form of E.164, such as +4930123456")
        })?;
        let note = self.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if note.as_ref().is_some_and(|note| note.chars().count() > MAX_NOTE) {
            return Err(DocumentError::invalid("note", format!("write at most {MAX_NOTE} characters")));
        }
        Ok(Self { name, phone_number, note })
    }
}

/// The internal contacts of tenants.
#[derive(Clone)]
pub struct InternalContacts {
    kind: Kind,
}

impl InternalContacts {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "internal_contact" } }
    }

    /// All of a tenant, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<InternalContact>, DocumentError> {
        let mut all = self.kind.list::<InternalContact>(tenant).await?;
        all.sort_by_cached_key(|contact| key(&contact.terms.name));
        Ok(all)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<Versioned<InternalContact>, DocumentError> {
        let found = self.kind.get(tenant, id).await?;
        found.ok_or_else(|| DocumentError::not_found("internal contact", id))
    }

    /// One of them by id; none where there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, tenant: &TenantId, id: &str) -> Result<Option<InternalContact>, DocumentError> {
        Ok(self.kind.get::<InternalContact>(tenant, id).await?.map(|found| found.value))
    }

    /// One of them by name, whatever its case; none where there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn named(&self, tenant: &TenantId, name: &str) -> Result<Option<InternalContact>, DocumentError> {
        let name = plain(name);
        if !(1..=MAX_NAME).contains(&name.chars().count()) {
            return Ok(None);
        }
        let found = self.kind.store.tenant(tenant).find(self.kind.name, NAME, &key(&name)).await?;
        Ok(found.first().map(Document::read).transpose()?)
    }

    /// Makes one.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`]; when the tenant has another of this name, or too many.
    pub async fn create(
        &self,
        tenant: &TenantId,
        terms: InternalContactTerms,
    ) -> Result<Versioned<InternalContact>, DocumentError> {
        let terms = terms.checked()?;
        if self.kind.list::<InternalContact>(tenant).await?.len() >= MOST_INTERNAL_CONTACTS {
            let complaint = format!("a tenant has at most {MOST_INTERNAL_CONTACTS} internal contacts: delete one");
            return Err(DocumentError::invalid("internal_contacts", complaint));
        }
        let at = now();
        let contact = InternalContact { id: new_id().to_string(), terms, created_at: at, updated_at: at };
        self.write(tenant, contact, Expect::New).await
    }

    /// Replaces one that is at this version.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::Invalid`], [`DocumentError::Conflict`]; when another has its name.
    pub async fn replace(
        &self,
        tenant: &TenantId,
        id: &str,
        terms: InternalContactTerms,
        version: u64,
    ) -> Result<Versioned<InternalContact>, DocumentError> {
        let Versioned { value: before, .. } = self.need(tenant, id).await?;
        let contact = InternalContact { terms: terms.checked()?, updated_at: now(), ..before };
        self.write(tenant, contact, Expect::Version(version)).await
    }

    /// Deletes one. Functions that name it fail from then on.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<InternalContact, DocumentError> {
        let Versioned { value: contact, .. } = self.need(tenant, id).await?;
        if !self.kind.delete(tenant, id).await? {
            return Err(DocumentError::not_found("internal contact", id));
        }
        Ok(contact)
    }

    async fn write(
        &self,
        tenant: &TenantId,
        contact: InternalContact,
        expect: Expect,
    ) -> Result<Versioned<InternalContact>, DocumentError> {
        let name = key(&contact.terms.name);
        let keys = [Key::unique_in_tenant(NAME, &name)];
        let version = self.kind.put(tenant, &contact.id, &contact, &keys, expect).await?;
        let updated_at = contact.updated_at;
        Ok(Versioned { value: contact, version, updated_at })
    }

    /// What a function gave, with the numbers of those to whom it transfers. A name that is nobody's is its failure: the
    /// customer would wait for a person who is never called.
    pub(crate) async fn reached(
        &self,
        tenant: &TenantId,
        mut output: FunctionOutput,
    ) -> Result<FunctionOutput, FunctionError> {
        for effect in &mut output.effects {
            let Effect::Transfer { contact, number } = effect else { continue };
            let failure = match self.named(tenant, contact).await {
                Ok(Some(found)) => {
                    *contact = found.terms.name;
                    *number = Some(found.terms.phone_number);
                    continue;
                }
                Ok(None) => nobody(contact),
                Err(problem) => FunctionError::new(FunctionErrorKind::Broken, problem.to_string()),
            };
            return Err(FunctionError { logs: output.logs, ..failure });
        }
        Ok(output)
    }
}

fn nobody(name: &str) -> FunctionError {
    let shown: String = name.chars().filter(|character| !character.is_control()).take(MAX_NAME).collect();
    let message = format!(
        "`contact`: there is no internal contact `{shown}`, and the conversation was not transferred: name one that \
         the tenant has"
    );
    FunctionError::new(FunctionErrorKind::Input, message)
}

/// A name without blanks around it and with one between words.
fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is the same of names that differ in case.
fn key(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(name: &str, phone_number: &str, note: Option<&str>) -> InternalContactTerms {
        InternalContactTerms { name: name.into(), phone_number: phone_number.into(), note: note.map(str::to_owned) }
    }

    #[test]
    fn da_i18_a_contact_is_a_name_with_a_number() {
        let checked = terms("  Front \n desk ", "+49 30 123456", Some(" ")).checked().expect("it is acceptable");
        assert_eq!(checked, terms("Front desk", "+4930123456", None));
        let longest = "ß".repeat(MAX_NAME);
        assert!(terms(&longest, "+4930123456", Some("At night the porter.")).checked().is_ok());
        for (terms, field) in [
            (terms(" \t", "+4930123456", None), "name"),
            (terms(&"n".repeat(MAX_NAME + 1), "+4930123456", None), "name"),
            (terms("a\u{0}b", "+4930123456", None), "name"),
            (terms("Queue", "+4930123456", None), "name"),
            (terms("operator", "+4930123456", None), "name"),
            (terms("Desk", "030 123456", None), "phone_number"),
            (terms("Desk", "", None), "phone_number"),
            (terms("Desk", "+4930123456", Some("n".repeat(MAX_NOTE + 1).as_str())), "note"),
        ] {
            let refused = terms.checked();
            assert!(
                matches!(&refused, Err(DocumentError::Invalid { field: named, .. }) if named == field),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn who_names_nobody_is_told_the_name_and_no_more() {
        let failure = nobody(&format!("Desk\n{}", "x".repeat(1_000)));
        assert_eq!(failure.kind, FunctionErrorKind::Input);
        assert!(failure.message.starts_with("`contact`: there is no internal contact `Deskx"), "{failure}");
        assert!(failure.message.len() < 250 && !failure.message.contains('\n'), "{failure}");
    }
}
