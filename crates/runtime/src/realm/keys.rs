//! The keys that sign what the realm issues: ES256, made when the first is needed.
//!
//! The newest key signs; a key that was replaced verifies until every token that it may have signed has
//! expired. Cryptography is `jsonwebtoken`'s and `p256`'s. The keys lie sealed in their document.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    errors::ErrorKind,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use model::Timestamp;
use p256::{SecretKey, elliptic_curve::rand_core::OsRng, pkcs8::EncodePrivateKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Expect, Store};

use super::shelf::Shelf;
use crate::{
    documents::{DocumentError, Versioned, new_id, now},
    secrets::Field,
};

/// How long a replaced key still verifies, in seconds: longer than any token that it signed.
const VERIFIES: i64 = 3_600;
/// How long what was read of the keys counts, so that a rotation on the command line is noticed.
const FRESH: Duration = Duration::from_secs(5);
const DOCUMENT: &str = "signing";
/// Kind of the document, and the field of it that is sealed.
pub(crate) const KIND: &str = "realm_keys";
pub(crate) const SEALED: &[&str] = &["/keys"];

#[derive(Clone, Serialize, Deserialize)]
struct StoredKey {
    id: String,
    /// PKCS#8 DER.
    #[serde(with = "hex::serde")]
    secret: Vec<u8>,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced_at: Option<Timestamp>,
}

/// As the keys lie in the store.
#[derive(Serialize, Deserialize)]
struct Stored {
    keys: Field<Vec<StoredKey>>,
}

/// Newest first.
#[derive(Clone, Default)]
struct StoredKeys {
    keys: Vec<StoredKey>,
}

impl StoredKeys {
    /// Puts a new key in front, and drops those that verify nothing any more.
    fn rotate(&mut self, at: Timestamp) -> Result<(), DocumentError> {
        for key in &mut self.keys {
            key.replaced_at.get_or_insert(at);
        }
        self.keys.retain(|key| !over(key, at));
        let secret = SecretKey::random(&mut OsRng).to_pkcs8_der().map_err(|_| broken())?;
        let secret = secret.as_bytes().to_vec();
        self.keys.insert(0, StoredKey { id: new_id().simple().to_string(), secret, created_at: at, replaced_at: None });
        Ok(())
    }
}

fn over(key: &StoredKey, at: Timestamp) -> bool {
    key.replaced_at.is_some_and(|replaced| replaced.seconds() + VERIFIES < at.seconds())
}

fn broken() -> DocumentError {
    DocumentError::invalid(KIND, "a signing key cannot be used: rotate the realm's keys")
}

/// What a token is, in the header `typ`, so that one kind is never taken for another (RFC 8725 §3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenType {
    /// An access token (RFC 9068 §2.1).
    Access,
    /// An ID token.
    Id,
    /// That a password was right and the second factor is to follow.
    Step,
}

impl TokenType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Id => "JWT",
            Self::Step => "step+jwt",
        }
    }
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of this realm.
    #[error("the token is not one of this realm")]
    Foreign,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
}

struct Key {
    id: String,
    signs: EncodingKey,
    verifies: DecodingKey,
    public: Jwk,
}

/// The keys in use; the first signs.
pub struct KeyRing {
    keys: Vec<Key>,
}

impl KeyRing {
    fn read(stored: &StoredKeys) -> Result<Self, DocumentError> {
        let at = now();
        let used = stored.keys.iter().filter(|key| !over(key, at));
        let keys = used.map(|stored| key(stored).map_err(|_| broken())).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(broken()) } else { Ok(Self { keys }) }
    }

    /// Signs claims.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, kind: TokenType, claims: &impl Serialize) -> Result<String, DocumentError> {
        let key = self.keys.first().ok_or_else(broken)?;
        let header =
            Header { typ: Some(kind.as_str().to_owned()), kid: Some(key.id.clone()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &key.signs).map_err(|_| broken())
    }

    /// Verifies a token of this realm, for whomever it is.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify<T: DeserializeOwned>(&self, token: &str, kind: TokenType, issuer: &str) -> Result<T, TokenError> {
        self.read_token(token, kind, issuer, true)
    }

    /// The same for a token that may have expired (OpenID Connect RP-Initiated Logout §2).
    ///
    /// # Errors
    /// [`TokenError::Foreign`].
    pub fn recognise<T: DeserializeOwned>(&self, token: &str, kind: TokenType, issuer: &str) -> Result<T, TokenError> {
        self.read_token(token, kind, issuer, false)
    }

    fn read_token<T: DeserializeOwned>(
        &self,
        token: &str,
        kind: TokenType,
        issuer: &str,
        validate_exp: bool,
    ) -> Result<T, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Foreign)?;
        if header.typ.as_deref() != Some(kind.as_str()) {
            return Err(TokenError::Foreign);
        }
        let key = self.keys.iter().find(|key| Some(&key.id) == header.kid.as_ref()).ok_or(TokenError::Foreign)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        // Each caller looks at the audience itself: a wrong one has its own answer.
        validation.validate_aud = false;
        validation.validate_exp = validate_exp;
        validation.leeway = 0;
        decode::<T>(token, &key.verifies, &validation).map(|token| token.claims).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => TokenError::Expired,
            _ => TokenError::Foreign,
        })
    }

    /// The public halves (RFC 7517 §5).
    pub fn public(&self) -> JwkSet {
        JwkSet { keys: self.keys.iter().map(|key| key.public.clone()).collect() }
    }
}

fn key(stored: &StoredKey) -> jsonwebtoken::errors::Result<Key> {
    let signs = EncodingKey::from_ec_der(&stored.secret);
    let mut public = Jwk::from_encoding_key(&signs, Algorithm::ES256)?;
    public.common.key_id = Some(stored.id.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(Key { id: stored.id.clone(), signs, verifies: DecodingKey::from_jwk(&public)?, public })
}

/// The keys as they were read, and when.
type Read = (Instant, Arc<KeyRing>);

/// The realm's keys.
#[derive(Clone)]
pub struct Keys {
    shelf: Shelf,
    read: Arc<tokio::sync::Mutex<Option<Read>>>,
}

impl Keys {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, KIND), read: Arc::default() }
    }

    /// The keys in use. The first caller of all makes the first key.
    ///
    /// # Errors
    /// When the store fails, or a key cannot be read.
    pub async fn ring(&self) -> Result<Arc<KeyRing>, DocumentError> {
        let mut read = self.read.lock().await;
        if let Some((at, ring)) = &*read
            && at.elapsed() < FRESH
        {
            return Ok(ring.clone());
        }
        let ring = Arc::new(self.load().await?);
        *read = Some((Instant::now(), ring.clone()));
        Ok(ring)
    }

    /// A new key signs from now on.
    ///
    /// # Errors
    /// When the store fails, or somebody else rotates at the same moment.
    pub async fn rotate(&self) -> Result<(), DocumentError> {
        let (mut keys, expect) = match self.stored().await? {
            Some(found) => (found.value, Expect::Version(found.version)),
            None => (StoredKeys::default(), Expect::New),
        };
        keys.rotate(now())?;
        self.put(&keys, expect).await?;
        *self.read.lock().await = None;
        Ok(())
    }

    async fn load(&self) -> Result<KeyRing, DocumentError> {
        if let Some(found) = self.stored().await? {
            return KeyRing::read(&found.value);
        }
        let mut keys = StoredKeys::default();
        keys.rotate(now())?;
        match self.put(&keys, Expect::New).await {
            Ok(()) => KeyRing::read(&keys),
            // Another process was first: its key counts.
            Err(DocumentError::Exists { .. }) => {
                let theirs = self.stored().await?.ok_or_else(|| DocumentError::not_found(KIND, DOCUMENT))?;
                KeyRing::read(&theirs.value)
            }
            Err(error) => Err(error),
        }
    }

    async fn stored(&self) -> Result<Option<Versioned<StoredKeys>>, DocumentError> {
        let Some(Versioned { value: Stored { keys }, version, updated_at }) =
            self.shelf.get::<Stored>(DOCUMENT).await?
        else {
            return Ok(None);
        };
        let keys = keys.open(self.shelf.place(DOCUMENT), self.shelf.store.secret_keys())?;
        Ok(Some(Versioned { value: StoredKeys { keys }, version, updated_at }))
    }

    async fn put(&self, keys: &StoredKeys, expect: Expect) -> Result<(), DocumentError> {
        let mut keys = Field::Open(keys.keys.clone());
        keys.seal(self.shelf.place(DOCUMENT), self.shelf.store.secret_keys())?;
        self.shelf.put_without_past(DOCUMENT, &Stored { keys }, &[], expect).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ISSUER: &str = "https://chat.test/realms/dial-ai";

    #[tokio::test]
    async fn no_key_lies_open_in_the_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), store::StoreOptions::default()).await.expect("the store opens");
        let keys = Keys::new(&store);
        let token = keys.ring().await.expect("a key").sign(TokenType::Id, &claims(60)).expect("a token");
        keys.rotate().await.expect("it rotates");
        let stored = keys.stored().await.expect("it opens").expect("it is there").value;
        assert_eq!(stored.keys.len(), 2);
        let mut files = std::fs::read(folder.path().join("documents.db")).expect("a file");
        files.extend(std::fs::read(folder.path().join("documents.db-wal")).expect("a file"));
        let lies_open = |needle: &[u8]| files.windows(needle.len()).any(|window| window == needle);
        assert!(lies_open(KIND.as_bytes()), "the scan finds what is there");
        for key in &stored.keys {
            assert!(!lies_open(&key.secret) && !lies_open(hex::encode(&key.secret).as_bytes()), "{}", key.id);
        }
        let again = Keys::new(&store).ring().await.expect("the keys");
        assert!(again.verify::<Value>(&token, TokenType::Id, ISSUER).is_ok());
    }

    #[tokio::test]
    async fn keys_of_an_earlier_version_are_read_and_sealed_with_the_first_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), store::StoreOptions::default()).await.expect("the store opens");
        let mut open = StoredKeys::default();
        open.rotate(now()).expect("a key");
        let secret = hex::encode(&open.keys[0].secret);
        let stored = json!({ "keys": open.keys });
        store.platform().put(KIND, DOCUMENT, &stored, &[], Expect::New).await.expect("it is stored");
        let token = ring(&open).sign(TokenType::Access, &claims(60)).expect("a token");
        let keys = Keys::new(&store);
        let before = keys.ring().await.expect("it is read");
        assert!(before.verify::<Value>(&token, TokenType::Access, ISSUER).is_ok());
        keys.rotate().await.expect("it rotates");
        let document = store.platform().get(KIND, DOCUMENT).await.expect("the store").expect("it is there");
        let text = document.read::<Value>().expect("JSON").to_string();
        assert!(!text.contains(&secret) && text.contains("aes_256_gcm"), "{text}");
        let after = keys.ring().await.expect("it is read");
        assert!(after.verify::<Value>(&token, TokenType::Access, ISSUER).is_ok());
    }

    fn claims(expires_in: i64) -> Value {
        json!({ "iss": ISSUER, "sub": "ann", "aud": "demo", "exp": now().seconds() + expires_in })
    }

    fn ring(keys: &StoredKeys) -> KeyRing {
        KeyRing::read(keys).expect("keys that can be read")
    }

    #[test]
    fn a_replaced_key_verifies_until_its_tokens_are_over() {
        let mut keys = StoredKeys::default();
        keys.rotate(now()).expect("a key");
        let token = ring(&keys).sign(TokenType::Access, &claims(60)).expect("a token");
        keys.rotate(now()).expect("a key");
        assert_eq!(ring(&keys).public().keys.len(), 2);
        assert!(ring(&keys).verify::<Value>(&token, TokenType::Access, ISSUER).is_ok());
        let newer = ring(&keys).sign(TokenType::Access, &claims(60)).expect("a token");
        keys.rotate(Timestamp::from_seconds(now().seconds() + VERIFIES + 1)).expect("a key");
        assert!(ring(&keys).verify::<Value>(&newer, TokenType::Access, ISSUER).is_ok());
        assert_eq!(ring(&keys).verify::<Value>(&token, TokenType::Access, ISSUER), Err(TokenError::Foreign));
    }

    #[test]
    fn a_token_is_good_as_what_it_is_only() {
        let mut keys = StoredKeys::default();
        keys.rotate(now()).expect("a key");
        let keys = ring(&keys);
        let token = keys.sign(TokenType::Id, &claims(60)).expect("a token");
        assert!(keys.verify::<Value>(&token, TokenType::Id, ISSUER).is_ok());
        assert_eq!(keys.verify::<Value>(&token, TokenType::Access, ISSUER), Err(TokenError::Foreign));
        assert_eq!(keys.verify::<Value>(&token, TokenType::Id, "https://else.test"), Err(TokenError::Foreign));
        let old = keys.sign(TokenType::Id, &claims(-1)).expect("a token");
        assert_eq!(keys.verify::<Value>(&old, TokenType::Id, ISSUER), Err(TokenError::Expired));
        assert!(keys.recognise::<Value>(&old, TokenType::Id, ISSUER).is_ok());
        let forged = format!("{}x", &token[..token.len() - 1]);
        assert_eq!(keys.verify::<Value>(&forged, TokenType::Id, ISSUER), Err(TokenError::Foreign));
    }
}
