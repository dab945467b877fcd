//! How secrets lie in documents: sealed with AES-256-GCM for the place where they lie, so that a sealed value that
//! is moved to another name, kind or tenant opens no more. The one place that knows.
//!
//! Earlier versions kept secrets as they were. Those are read still, and sealed when they are set again or with
//! `parlance secret rotate-key`.

use base64::{Engine, engine::general_purpose::STANDARD};
use model::TenantId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use store::{SecretKeys, StoreError};

use super::{
    keys::{Ciphertext, Keyring},
    value::SecretValue,
};

/// Where a secret lies: in which document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Kind of the document.
    pub(crate) kind: &'a str,
    /// Whose it is; the platform's own without one.
    pub(crate) tenant: Option<&'a TenantId>,
    /// Its id.
    pub(crate) id: &'a str,
}

impl Place<'_> {
    /// What is authenticated beside the value. None of the parts has a zero in it.
    fn bytes(&self) -> Vec<u8> {
        let owner = self.tenant.map(TenantId::as_str).unwrap_or_default();
        [self.kind, owner, self.id].join("\0").into_bytes()
    }
}

/// A value as it is stored. Has no `Debug`: in its old form it is the value.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub(crate) enum Sealed {
    /// Not encrypted, as earlier versions kept it; base64, since documents are text.
    Plain {
        /// The bytes.
        bytes: String,
    },
    /// AES-256-GCM.
    #[serde(rename = "aes_256_gcm")]
    Aes256Gcm {
        /// The name of the key.
        key: String,
        /// 96 bits in base64.
        nonce: String,
        /// What was sealed and its tag, in base64.
        bytes: String,
    },
}

impl Sealed {
    /// Seals a value for its place. Makes the key when there is none yet.
    ///
    /// # Errors
    /// When there is no key that could seal.
    pub(crate) fn seal(value: &SecretValue, place: Place<'_>, keys: &SecretKeys) -> Result<Self, StoreError> {
        let Ciphertext { key, nonce, bytes } = Keyring::read_or_make(keys)?.seal(value.expose(), &place.bytes())?;
        Ok(Self::Aes256Gcm { key, nonce: STANDARD.encode(nonce), bytes: STANDARD.encode(bytes) })
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when its key is not there, or it was changed or moved.
    pub(crate) fn open(&self, place: Place<'_>, keys: &SecretKeys) -> Result<SecretValue, StoreError> {
        match self {
            Self::Plain { bytes } => STANDARD.decode(bytes).map(SecretValue::new).map_err(|_| unreadable()),
            Self::Aes256Gcm { key, nonce, bytes } => {
                let nonce =
                    STANDARD.decode(nonce).ok().and_then(|nonce| nonce.try_into().ok()).ok_or_else(unreadable)?;
                let bytes = STANDARD.decode(bytes).map_err(|_| unreadable())?;
                let sealed = Ciphertext { key: key.clone(), nonce, bytes };
                Ok(SecretValue::new(Keyring::read(keys)?.open(&sealed, &place.bytes())?))
            }
        }
    }

    /// Whether it was sealed with this key.
    pub(super) fn is_under(&self, id: &str) -> bool {
        matches!(self, Self::Aes256Gcm { key, .. } if key == id)
    }
}

/// A value in a document that is sealed before the document is written. One of an earlier version, which kept it as
/// it was, is read too.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Field<T> {
    /// As it is stored: the value as JSON, sealed.
    Sealed(Sealed),
    /// As it is, before it is written for the first time.
    Open(T),
}

impl<T: Clone + Serialize + DeserializeOwned> Field<T> {
    /// The value.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it does not open.
    pub(crate) fn open(&self, place: Place<'_>, keys: &SecretKeys) -> Result<T, StoreError> {
        match self {
            Self::Open(value) => Ok(value.clone()),
            Self::Sealed(sealed) => {
                serde_json::from_slice(sealed.open(place, keys)?.expose()).map_err(|_| unreadable())
            }
        }
    }

    /// Seals it, if it is not yet.
    ///
    /// # Errors
    /// When there is no key that could seal.
    pub(crate) fn seal(&mut self, place: Place<'_>, keys: &SecretKeys) -> Result<(), StoreError> {
        if let Self::Open(value) = self {
            let value = SecretValue::new(serde_json::to_vec(value).map_err(not_json)?);
            *self = Self::Sealed(Sealed::seal(&value, place, keys)?);
        }
        Ok(())
    }
}

/// What is wrong with it is not said: an error that quotes a byte of it would be a leak.
fn unreadable() -> StoreError {
    StoreError::Corrupt { what: "secret", problem: "its value cannot be opened: set it again".to_owned() }
}

/// A document of which one field is sealed, as JSON.
///
/// # Errors
/// When there is no key that could seal.
pub(crate) fn seal_field(
    document: &impl Serialize,
    field: &str,
    place: Place<'_>,
    keys: &SecretKeys,
) -> Result<Value, StoreError> {
    let mut document = serde_json::to_value(document).map_err(not_json)?;
    if let Some(open) = document.get_mut(field) {
        let value = SecretValue::new(serde_json::to_vec(open).map_err(not_json)?);
        *open = serde_json::to_value(Sealed::seal(&value, place, keys)?).map_err(not_json)?;
    }
    Ok(document)
}

/// The document again. One of an earlier version, which has the field as it is, is read too.
///
/// # Errors
/// [`StoreError::Corrupt`] when the field does not open, or the document is not of this type.
pub(crate) fn open_field<T: DeserializeOwned>(
    mut document: Value,
    field: &str,
    place: Place<'_>,
    keys: &SecretKeys,
) -> Result<T, StoreError> {
    if let Some(found) = document.get_mut(field)
        && let Ok(sealed) = Sealed::deserialize(&*found)
    {
        *found = serde_json::from_slice(sealed.open(place, keys)?.expose()).map_err(|_| unreadable())?;
    }
    // The messages of a deserialiser quote what they do not understand.
    T::deserialize(document).map_err(|_| unreadable())
}

/// The field of a stored document, sealed with this key; none when it is already, or there is no such field.
///
/// # Errors
/// When the field does not open, or there is no key that could seal.
pub(super) fn reseal(
    field: &Value,
    key: &str,
    place: Place<'_>,
    keys: &SecretKeys,
) -> Result<Option<Value>, StoreError> {
    if field.is_null() {
        return Ok(None);
    }
    let value = match Sealed::deserialize(field) {
        Ok(sealed) if sealed.is_under(key) => return Ok(None),
        Ok(sealed) => sealed.open(place, keys)?,
        // As earlier versions kept what is sealed as JSON now.
        Err(_) => SecretValue::new(serde_json::to_vec(field).map_err(not_json)?),
    };
    Ok(Some(serde_json::to_value(Sealed::seal(&value, place, keys)?).map_err(not_json)?))
}

fn not_json(_: serde_json::Error) -> StoreError {
    unreadable()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(byte: u8) -> SecretKeys {
        SecretKeys::Given(STANDARD.encode([byte; 32]))
    }

    fn sealed(value: &SecretValue, place: Place<'_>) -> Sealed {
        let stored = serde_json::to_string(&Sealed::seal(value, place, &keys(1)).expect("it seals")).expect("JSON");
        serde_json::from_str(&stored).expect("what was stored")
    }

    #[test]
    fn what_is_sealed_opens_again_and_does_not_show() {
        let (value, tenant) = (SecretValue::new([0u8, 159, 146, 150, 255]), "demo".parse().expect("a name"));
        let place = Place { kind: "secret", tenant: Some(&tenant), id: "key" };
        let (one, two) = (sealed(&value, place), sealed(&value, place));
        assert_eq!(one.open(place, &keys(1)).expect("it opens"), value);
        let (one, two) = (serde_json::to_string(&one).expect("JSON"), serde_json::to_string(&two).expect("JSON"));
        assert!(one != two, "no nonce is used twice");
        assert!(!one.contains(&STANDARD.encode(value.expose())), "{one}");
    }

    #[test]
    fn a_sealed_value_opens_at_its_own_place_only() {
        let (demo, other): (TenantId, TenantId) = ("demo".parse().expect("a name"), "other".parse().expect("a name"));
        let place = Place { kind: "secret", tenant: Some(&demo), id: "key" };
        let sealed = sealed(&SecretValue::new("hunter2"), place);
        for elsewhere in [
            Place { id: "another", ..place },
            Place { tenant: Some(&other), ..place },
            Place { tenant: None, ..place },
            Place { kind: "environment", ..place },
        ] {
            let error = sealed.open(elsewhere, &keys(1)).expect_err("it was moved").to_string();
            assert!(error.contains("changed") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn tampered_bytes_do_not_open() {
        let tenant = "demo".parse().expect("a name");
        let place = Place { kind: "secret", tenant: Some(&tenant), id: "key" };
        let Sealed::Aes256Gcm { key, nonce, bytes } = sealed(&SecretValue::new("hunter2"), place) else {
            panic!("it is sealed")
        };
        let raw = STANDARD.decode(&bytes).expect("base64");
        for index in 0..raw.len() {
            let mut changed = raw.clone();
            changed[index] ^= 1;
            let changed = Sealed::Aes256Gcm { key: key.clone(), nonce: nonce.clone(), bytes: STANDARD.encode(changed) };
            assert!(changed.open(place, &keys(1)).is_err(), "byte {index}");
        }
        for bytes in ["", "*", "AAAA"] {
            let short = Sealed::Aes256Gcm { key: key.clone(), nonce: nonce.clone(), bytes: bytes.to_owned() };
            assert!(short.open(place, &keys(1)).is_err());
        }
        let nonce = STANDARD.encode([0u8; 11]);
        assert!(Sealed::Aes256Gcm { key, nonce, bytes }.open(place, &keys(1)).is_err());
    }

    #[test]
    fn without_its_key_the_error_says_which_and_what_to_do() {
        let tenant = "demo".parse().expect("a name");
        let place = Place { kind: "secret", tenant: Some(&tenant), id: "key" };
        let sealed = sealed(&SecretValue::new("hunter2"), place);
        let Sealed::Aes256Gcm { key, .. } = &sealed else { panic!("it is sealed") };
        let error = sealed.open(place, &keys(2)).expect_err("another key").to_string();
        for said in [key.as_str(), "PARLANCE_SECRETS_KEY", "put that key back"] {
            assert!(error.contains(said), "{error}");
        }
        let both = SecretKeys::Given(format!("{} {}", STANDARD.encode([2u8; 32]), STANDARD.encode([1u8; 32])));
        assert!(sealed.open(place, &both).is_ok());
    }

    #[test]
    fn the_old_plain_form_is_read() {
        let tenant = "demo".parse().expect("a name");
        let place = Place { kind: "secret", tenant: Some(&tenant), id: "key" };
        let old: Sealed =
            serde_json::from_value(json!({ "form": "plain", "bytes": STANDARD.encode("hunter2") })).expect("a form");
        assert_eq!(old.open(place, &keys(1)).expect("it is read").expose(), b"hunter2");
        assert!(Sealed::Plain { bytes: "*".to_owned() }.open(place, &keys(1)).is_err());
    }

    #[test]
    fn a_field_is_sealed_and_opened_within_its_document() {
        let tenant = "demo".parse().expect("a name");
        let place = Place { kind: "webhook", tenant: Some(&tenant), id: "1" };
        let document =
            json!({ "url": "https://x.test/", "secrets": { "current": "whsec_hunter2" }, "after": u64::MAX });
        let stored = seal_field(&document, "secrets", place, &keys(1)).expect("it seals");
        assert!(!stored.to_string().contains("hunter2") && stored["url"] == document["url"], "{stored}");
        let open = |stored: Value| open_field::<Value>(stored, "secrets", place, &keys(1));
        assert_eq!(open(stored.clone()).expect("it opens"), document);
        assert_eq!(open(document.clone()).expect("an earlier version's"), document);
        assert!(open_field::<Value>(stored.clone(), "secrets", Place { id: "2", ..place }, &keys(1)).is_err());

        let Sealed::Aes256Gcm { key, .. } = Sealed::deserialize(&stored["secrets"]).expect("a form") else {
            panic!("it is sealed")
        };
        assert!(reseal(&stored["secrets"], &key, place, &keys(1)).expect("it is known").is_none());
        let resealed = reseal(&document["secrets"], &key, place, &keys(1)).expect("it seals").expect("it was plain");
        assert!(Sealed::deserialize(&resealed).expect("a form").is_under(&key));
    }

    #[test]
    fn a_value_is_sealed_before_it_is_written_and_an_earlier_versions_is_read() {
        let place = Place { kind: "account", tenant: None, id: "1" };
        let mut field: Field<String> = serde_json::from_value(json!("hunter2")).expect("an earlier version's");
        assert_eq!(field.open(place, &keys(1)).expect("it is open"), "hunter2");
        field.seal(place, &keys(1)).expect("it seals");
        let stored = serde_json::to_value(&field).expect("JSON");
        assert!(!stored.to_string().contains("hunter2"), "{stored}");
        let mut read: Field<String> = serde_json::from_value(stored.clone()).expect("what was stored");
        assert_eq!(read.open(place, &keys(1)).expect("it opens"), "hunter2");
        assert!(read.open(Place { id: "2", ..place }, &keys(1)).is_err());
        read.seal(place, &keys(1)).expect("it is sealed");
        assert_eq!(serde_json::to_value(&read).expect("JSON"), stored, "what is sealed stays as it is");
        // A rotation knows nothing of the type.
        let resealed = reseal(&json!("hunter2"), "", place, &keys(1)).expect("it seals").expect("it was open");
        let resealed: Field<String> = serde_json::from_value(resealed).expect("a form");
        assert_eq!(resealed.open(place, &keys(1)).expect("it opens"), "hunter2");
    }
}
