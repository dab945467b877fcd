//! Environment values: what a tenant sets otherwise than the platform (spec/dialai.md §15.2, rows DA-D5 to DA-D10).
//! The keys are those of the [`catalogue`]; a tenant's values are documents of the kind `environment`, secret ones
//! sealed.
//!
//! Invariant: the value of a secret key leaves by [`Environment::reveal`] alone.

pub mod catalogue;
mod format;

use std::collections::BTreeMap;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Store};

pub use catalogue::{CATALOGUE, Entry, entry};
pub use format::{Format, Scalar, seconds};

use crate::{
    documents::{DocumentError, Kind, now},
    secrets::{Sealed, SecretValue},
};

/// A key with what it is for a tenant.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The key.
    pub entry: &'static Entry,
    /// Where its value comes from.
    pub source: Source,
    /// The value that counts; none of a secret, and where there is no default.
    pub value: Option<Scalar>,
    /// When the tenant set it.
    pub updated_at: Option<Timestamp>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The platform.
    Default,
    /// The tenant.
    TenantOverride,
}

impl Source {
    /// As it is documented.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::TenantOverride => "Tenant override",
        }
    }
}

/// What a tenant set; its document's id is the key.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    updated_at: Timestamp,
}

/// The values that count for a tenant, without secrets.
#[derive(Debug, Clone, Default)]
pub struct Effective(BTreeMap<&'static str, Scalar>);

impl Effective {
    /// A value; none where nothing is set and there is no default.
    pub fn get(&self, key: &str) -> Option<&Scalar> {
        self.0.get(key)
    }

    /// Whether a key that is true or false says no; what is not set does not.
    pub fn is_off(&self, key: &str) -> bool {
        self.get(key) == Some(&Scalar::Boolean(false))
    }

    /// A bound that a tenant may have set: the smaller one of it and the platform's.
    pub fn bound(&self, key: &str, platform: usize) -> usize {
        match self.get(key) {
            Some(Scalar::Integer(own)) => usize::try_from(*own).map_or(platform, |own| own.min(platform)),
            _ => platform,
        }
    }
}

/// The environment of tenants.
#[derive(Clone)]
pub struct Environment {
    kind: Kind,
}

impl Environment {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "environment" } }
    }

    /// All keys with what they are for a tenant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Setting>, DocumentError> {
        let stored = self.kind.list::<Stored>(tenant).await?;
        let mut stored: BTreeMap<String, Stored> = stored.into_iter().map(|one| (one.key.clone(), one)).collect();
        Ok(CATALOGUE.iter().map(|entry| setting(entry, stored.remove(entry.key))).collect())
    }

    /// One key with what it is for a tenant.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`] when there is no such key.
    pub async fn need(&self, tenant: &TenantId, key: &str) -> Result<Setting, DocumentError> {
        let entry = known(key)?;
        Ok(setting(entry, self.kind.get::<Stored>(tenant, key).await?.map(|found| found.value)))
    }

    /// The values that count for a tenant, without secrets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn effective(&self, tenant: &TenantId) -> Result<Effective, DocumentError> {
        let settings = self.list(tenant).await?.into_iter();
        Ok(Effective(settings.filter_map(|setting| Some((setting.entry.key, setting.value?))).collect()))
    }

    /// Sets a key for a tenant; it counts at once.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`] when there is no such key; [`DocumentError::Invalid`] when the value is not
    /// of its form. No error has the value in it.
    pub async fn set(&self, tenant: &TenantId, key: &str, value: &Value) -> Result<Setting, DocumentError> {
        let entry = known(key)?;
        let mut stored = Stored { key: key.to_owned(), value: None, sealed: None, updated_at: now() };
        if entry.is_secret() {
            let text = value.as_str().ok_or_else(|| DocumentError::invalid("value", entry.format.rule()))?;
            let secret = SecretValue::new(text);
            secret.check_length("value")?;
            let keys = self.kind.store.secret_keys();
            stored.sealed = Some(Sealed::seal(&secret, self.kind.place(tenant, key), keys)?);
        } else {
            let checked = entry.format.check(value);
            stored.value = Some(checked.map_err(|rule| DocumentError::invalid("value", format!("it must be {rule}")))?);
        }
        self.kind.put_without_past(tenant, key, &stored, Expect::Any).await?;
        Ok(setting(entry, Some(stored)))
    }

    /// Lets the platform's value count again; false when the tenant had none.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`] when there is no such key.
    pub async fn unset(&self, tenant: &TenantId, key: &str) -> Result<bool, DocumentError> {
        known(key)?;
        self.kind.discard(tenant, key).await
    }

    /// Sets a key for some tenants, each on its own: what fails for one is done for the others (row DA-D10).
    pub async fn apply(
        &self,
        tenants: &[TenantId],
        key: &str,
        value: &Value,
    ) -> Vec<(TenantId, Result<Setting, DocumentError>)> {
        let mut applied = Vec::with_capacity(tenants.len());
        for tenant in tenants {
            applied.push((tenant.clone(), self.set(tenant, key, value).await));
        }
        applied
    }

    /// The value of a secret key that the tenant set, as it is now: **only** for code that is about to call another
    /// service with it. Ask for each request anew, so that a changed key is used on the next one (row DA-D9).
    ///
    /// # Errors
    /// [`DocumentError::NotFound`] when there is no such key, or it is not secret; when it does not open.
    pub async fn reveal(&self, tenant: &TenantId, key: &str) -> Result<Option<SecretValue>, DocumentError> {
        if !known(key)?.is_secret() {
            return Err(DocumentError::not_found(SECRET_KEY, key));
        }
        let stored = self.kind.get::<Stored>(tenant, key).await?;
        let Some(sealed) = stored.and_then(|stored| stored.value.sealed) else { return Ok(None) };
        Ok(Some(sealed.open(self.kind.place(tenant, key), self.kind.store.secret_keys())?))
    }
}

const KEY: &str = "environment key";
const SECRET_KEY: &str = "secret environment key";

fn known(key: &str) -> Result<&'static Entry, DocumentError> {
    entry(key).ok_or_else(|| DocumentError::not_found(KEY, key))
}

fn setting(entry: &'static Entry, stored: Option<Stored>) -> Setting {
    match stored {
        Some(stored) => Setting {
            entry,
            source: Source::TenantOverride,
            value: stored.value.filter(|_| !entry.is_secret()),
            updated_at: Some(stored.updated_at),
        },
        None => Setting { entry, source: Source::Default, value: entry.default_value(), updated_at: None },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::StoreOptions;

    use super::*;

    #[tokio::test]
    async fn da_d09_a_changed_key_is_what_the_next_request_gets() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store opens");
        let (tenant, other) = ("demo".parse().expect("a name"), "other".parse().expect("a name"));
        let environment = Environment::new(&store);
        assert!(environment.reveal(&tenant, "OpenAi.ApiKey").await.expect("it is read").is_none());
        for value in ["sk-first", "sk-second"] {
            environment.set(&tenant, "OpenAi.ApiKey", &json!(value)).await.expect("it is set");
            let revealed = environment.reveal(&tenant, "OpenAi.ApiKey").await.expect("it opens").expect("it is set");
            assert_eq!(revealed.expose(), value.as_bytes());
        }
        assert!(environment.reveal(&other, "OpenAi.ApiKey").await.expect("it is read").is_none());
        let setting = environment.need(&tenant, "OpenAi.ApiKey").await.expect("it is known");
        assert!(setting.value.is_none() && setting.source == Source::TenantOverride);
        assert!(environment.reveal(&tenant, "OpenAi.BaseUrl").await.is_err(), "it is no secret");
        let mut files = std::fs::read(folder.path().join("documents.db")).expect("a file");
        files.extend(std::fs::read(folder.path().join("documents.db-wal")).expect("a file"));
        for value in ["sk-first", "sk-second"] {
            assert!(!files.windows(value.len()).any(|window| window == value.as_bytes()), "{value} lies open");
        }
    }

    #[tokio::test]
    async fn da_d10_what_is_applied_changes_the_chosen_tenants_and_no_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store opens");
        let tenants: Vec<TenantId> = ["a", "b", "c"].map(|name| name.parse::<TenantId>().expect("a name")).into();
        let environment = Environment::new(&store);
        let key = "Telephony.MaxConcurrentCalls";
        let applied = environment.apply(&tenants[..2], key, &json!(7)).await;
        assert!(applied.iter().all(|(_, outcome)| outcome.is_ok()) && applied.len() == 2);
        for (tenant, expected) in tenants.iter().zip([7, 7, 1]) {
            let value = environment.need(tenant, key).await.expect("it is known").value;
            assert_eq!(value, Some(Scalar::Integer(expected)), "{tenant}");
        }
        let refused = environment.apply(&tenants, key, &json!(0)).await;
        assert!(refused.iter().all(|(_, outcome)| outcome.is_err()));
    }

    #[test]
    fn a_bound_is_never_wider_than_the_platforms() {
        let effective = Effective(BTreeMap::from([(catalogue::MAX_FILE_BYTES, Scalar::Integer(100))]));
        assert_eq!(effective.bound(catalogue::MAX_FILE_BYTES, 1_000), 100);
        assert_eq!(effective.bound(catalogue::MAX_FILE_BYTES, 10), 10);
        assert_eq!(effective.bound(catalogue::MAX_DEEP_LINKS, 10), 10);
    }
}
