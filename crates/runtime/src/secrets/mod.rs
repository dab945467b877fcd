//! Secrets: values that a tenant keeps for its agents' components, and shows to nobody
//! (spec/opendialog.md §3.1.1). A component's settings name one as `{secret.name}`.
//!
//! Invariants: no value leaves this module but through [`Secrets::reveal`]; what lists and answers show
//! is what [`Secret`] has. How values lie in the store is the business of `sealing` alone; `keys` are
//! what it seals with, and `rotation` changes them.

mod certificate;
mod keys;
mod rotation;
mod sealing;
mod value;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Store};

pub use certificate::{Certificate, Format};
pub use rotation::{Rotation, rotate_key};
pub(crate) use sealing::{Field, Place, Sealed, open_field, seal_field};
pub use value::{LONGEST_VALUE, SecretValue};

use crate::{
    agents::Agents,
    documents::{DocumentError, Kind, now},
};

const KIND: &str = "secret";
/// Secrets that a tenant may have.
const MOST_SECRETS: usize = 500;
const LONGEST_NAME: usize = 100;
const NAME_RULE: &str = "use 1 to 100 letters, digits and underscores, not beginning with a digit";

/// What may be seen of a secret: everything but its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// What `{secret.name}` calls it.
    pub name: String,
    /// Of what type it is.
    pub content: Content,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its value was last set.
    pub updated_at: Timestamp,
}

/// The type of a secret, with what may be seen of its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// A Secret String; nothing of it may be seen.
    String,
    /// A Certificate.
    Certificate(Certificate),
}

impl Content {
    /// The word for the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::String => STRING,
            Self::Certificate(_) => CERTIFICATE,
        }
    }
}

const STRING: &str = "string";
const CERTIFICATE: &str = "certificate";

/// What a secret is to hold.
#[derive(Debug, Clone)]
pub enum NewSecret {
    /// A Secret String.
    String(SecretValue),
    /// A Certificate: PEM (with its key or without), DER or PKCS#12.
    Certificate {
        /// The file.
        file: SecretValue,
        /// What the file is called, for people.
        file_name: Option<String>,
        /// The name of the secret string that is the file's password.
        password: Option<String>,
    },
}

impl NewSecret {
    fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => STRING,
            Self::Certificate { .. } => CERTIFICATE,
        }
    }
}

/// A secret with its value.
#[derive(Debug, Clone)]
pub enum Revealed {
    /// A Secret String.
    String(SecretValue),
    /// A Certificate.
    Certificate {
        /// The file.
        file: SecretValue,
        /// How it is written.
        format: Format,
        /// What opens it.
        password: Option<SecretValue>,
    },
}

#[derive(Serialize, Deserialize)]
struct Stored {
    secret: Secret,
    sealed: Sealed,
}

/// A stored secret of which the value is not read.
#[derive(Deserialize)]
struct Described {
    secret: Secret,
}

/// The secrets of tenants.
#[derive(Clone)]
pub struct Secrets {
    kind: Kind,
}

impl Secrets {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: KIND } }
    }

    /// All secrets of a tenant, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Secret>, DocumentError> {
        let all = self.kind.list::<Described>(tenant).await?;
        Ok(all.into_iter().map(|described| described.secret).collect())
    }

    /// The names of all secrets of a tenant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn names(&self, tenant: &TenantId) -> Result<Vec<String>, DocumentError> {
        Ok(self.list(tenant).await?.into_iter().map(|secret| secret.name).collect())
    }

    /// Whether the tenant has a secret of this name; what cannot be a name names none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has(&self, tenant: &TenantId, name: &str) -> Result<bool, DocumentError> {
        Ok(is_name(name) && self.find(tenant, name).await?.is_some())
    }

    /// What may be seen of one secret.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, name: &str) -> Result<Secret, DocumentError> {
        Ok(self.kind.need::<Described>(tenant, name).await?.value.secret)
    }

    async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<Secret>, DocumentError> {
        Ok(self.kind.get::<Described>(tenant, name).await?.map(|found| found.value.secret))
    }

    /// Makes a secret, or gives an existing one of the same type a new value.
    ///
    /// # Errors
    /// When the name is not one, the value is past its bounds, a certificate cannot be read, or the
    /// store fails.
    pub async fn put(&self, tenant: &TenantId, name: &str, new: NewSecret) -> Result<Secret, DocumentError> {
        if !is_name(name) {
            return Err(DocumentError::invalid("name", NAME_RULE));
        }
        let before = self.find(tenant, name).await?;
        if let Some(before) = &before {
            let kept = before.content.type_name();
            if kept != new.type_name() {
                let complaint =
                    format!("`{name}` is of type {kept} and stays so: choose another name, or delete it first");
                return Err(DocumentError::invalid("type", complaint));
            }
        } else if self.names(tenant).await?.len() >= MOST_SECRETS {
            let complaint = format!("a tenant has at most {MOST_SECRETS} secrets: delete one first");
            return Err(DocumentError::invalid("name", complaint));
        }
        let (content, value) = match new {
            NewSecret::String(value) => {
                value.check_length("value")?;
                if std::str::from_utf8(value.expose()).is_err() {
                    return Err(DocumentError::invalid("value", "it is no text: write it in UTF-8"));
                }
                (Content::String, value)
            }
            NewSecret::Certificate { file, file_name, password } => {
                file.check_length("file")?;
                (Content::Certificate(self.certificate(tenant, &file, file_name, password).await?), file)
            }
        };
        let at = now();
        let created_at = before.map_or(at, |before| before.created_at);
        let secret = Secret { name: name.to_owned(), content, created_at, updated_at: at };
        let sealed = Sealed::seal(&value, self.kind.place(tenant, name), self.kind.store.secret_keys())?;
        let stored = Stored { secret, sealed };
        // The value until now is no part of any past.
        self.kind.put_without_past(tenant, name, &stored, Expect::Any).await?;
        Ok(stored.secret)
    }

    /// What may be seen of a certificate file that is about to be kept.
    async fn certificate(
        &self,
        tenant: &TenantId,
        file: &SecretValue,
        file_name: Option<String>,
        password: Option<String>,
    ) -> Result<Certificate, DocumentError> {
        if file_name.as_ref().is_some_and(|name| name.chars().count() > 255 || name.contains(char::is_control)) {
            return Err(DocumentError::invalid("file_name", "at most 255 characters, all of them visible"));
        }
        let opens = match &password {
            Some(name) => Some(self.password(tenant, name).await?),
            None => None,
        };
        let file = file.clone();
        // A password may stand for a million rounds: not on a thread that others wait for.
        let read = tokio::task::spawn_blocking(move || {
            let password = opens.as_ref().map(|value| String::from_utf8_lossy(value.expose()));
            certificate::read(file.expose(), password.as_deref())
        });
        // A file that makes its reader panic is one that cannot be read.
        let certificate = read.await.unwrap_or(Err(certificate::CertificateError::Unreadable))?;
        Ok(Certificate { file_name, password, ..certificate })
    }

    /// The value of the secret string that is named as a password.
    async fn password(&self, tenant: &TenantId, name: &str) -> Result<SecretValue, DocumentError> {
        if !self.has(tenant, name).await? {
            let complaint = "it is the name of a secret string, and this tenant has none of that name: make it first";
            return Err(DocumentError::invalid("password", complaint));
        }
        let stored = self.kind.need::<Stored>(tenant, name).await?.value;
        match stored.secret.content {
            Content::String => self.open(tenant, name, &stored.sealed),
            Content::Certificate(_) => Err(DocumentError::invalid(
                "password",
                format!("`{name}` is a certificate: name a secret string whose value is the password"),
            )),
        }
    }

    fn open(&self, tenant: &TenantId, name: &str, sealed: &Sealed) -> Result<SecretValue, DocumentError> {
        Ok(sealed.open(self.kind.place(tenant, name), self.kind.store.secret_keys())?)
    }

    /// Deletes a secret that nobody names: no draft, no version in service, no certificate whose
    /// password it is.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::InUse`].
    pub async fn delete(&self, tenant: &TenantId, name: &str, agents: &Agents) -> Result<(), DocumentError> {
        self.need(tenant, name).await?;
        let naming = agents.naming_secret(tenant, name).await?;
        let mut by: Vec<_> = naming.iter().map(|agent| format!("agent `{}` ({})", agent.name, agent.id)).collect();
        for secret in self.list(tenant).await? {
            if matches!(&secret.content, Content::Certificate(of) if of.password.as_deref() == Some(name)) {
                by.push(format!("certificate `{}`", secret.name));
            }
        }
        if !by.is_empty() {
            return Err(DocumentError::InUse { kind: "secret", id: name.to_owned(), by });
        }
        if self.kind.discard(tenant, name).await? { Ok(()) } else { Err(DocumentError::not_found("secret", name)) }
    }

    /// A secret with its value: **only** for code that is about to call another service with it (the
    /// authentication of a webhook, the key of a language model). What it gives goes into that call, and
    /// never into a text, an attribute, a record, a log or an answer (spec/opendialog.md §3.1).
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn reveal(&self, tenant: &TenantId, name: &str) -> Result<Revealed, DocumentError> {
        if !is_name(name) {
            return Err(DocumentError::not_found("secret", name));
        }
        let stored = self.kind.need::<Stored>(tenant, name).await?.value;
        let value = self.open(tenant, name, &stored.sealed)?;
        Ok(match stored.secret.content {
            Content::String => Revealed::String(value),
            Content::Certificate(Certificate { format, password, .. }) => {
                let password = match password {
                    Some(name) => Some(self.password(tenant, &name).await?),
                    None => None,
                };
                Revealed::Certificate { file: value, format, password }
            }
        })
    }
}

/// Whether `{secret.name}` can name it: the letters and digits are those of ASCII.
pub fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What to do about a name under which the tenant has no secret.
pub(crate) fn remedy_for(name: &str) -> String {
    if is_name(name) {
        format!(
            "Make it with `parlance secret set {name}` or PUT /api/v1/{{tenant}}/secrets/{name}, or correct the name."
        )
    } else {
        format!("Correct the name: {NAME_RULE}.")
    }
}

#[cfg(test)]
mod tests {
    use dialogue::expression::Reference;

    use super::*;

    #[test]
    fn a_name_is_what_a_reference_can_name() {
        for good in ["a", "_", "API_KEY_2", &"x".repeat(100)] {
            assert!(is_name(good), "{good}");
            let reference = Reference::parse(&format!("secret.{good}")).expect("a reference");
            assert_eq!(&*reference.name, good);
        }
        for bad in ["", "2fa", "a-b", "a.b", "a b", "schlüssel", "a/b", "a\u{0}", &"x".repeat(101)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
