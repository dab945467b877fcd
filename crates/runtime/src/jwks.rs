//! The public keys of an issuer that is not ours (RFC 7517), and whether a token is signed with one of them
//! (RFC 7519).
//!
//! Keys are kept in memory. A token that names an unknown key has them fetched again, at most once a minute,
//! whoever sends such tokens; keys that cannot be fetched anew stay as they were. Only asymmetric signatures
//! count: with a public key as the secret of an HMAC anybody could sign (RFC 8725 §3.1). Knows nothing of
//! what the claims mean.
//!
//! Where the keys are is an address that somebody gave, or one that the issuer's metadata give (OpenID Connect
//! Discovery 1.0 §4).

use std::{
    borrow::Cow,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{Jwk, KeyAlgorithm, PublicKeyUse},
};
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::outbound::{Outbound, OutboundError};

/// Unknown keys are asked for at most so often, and so are keys that are old.
const PAUSE: Duration = Duration::from_secs(60);
/// How long to wait where no keys could be had yet.
const RETRY: Duration = Duration::from_secs(5);
/// Keys that were fetched longer ago are fetched again: one that was taken back verifies no longer.
const LASTS: Duration = Duration::from_secs(600);
/// Longest time to fetch keys.
const LIMIT: Duration = Duration::from_secs(5);
/// The largest key set, in bytes and in keys; the largest metadata, in bytes.
const MOST: usize = 256 << 10;
const MAX_KEYS: usize = 100;
/// Bytes of a public key of Ed25519 (RFC 8032 §5.1.5).
const ED25519: usize = 32;
/// How far clocks may differ, in seconds.
const SKEW: u64 = 60;

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of this issuer, or not for us.
    #[error("the token is not one of this issuer")]
    Foreign,
    /// It was good once, or is not good yet.
    #[error("the token is not good at this time")]
    Expired,
}

/// Whose token is expected, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The claim `iss`, letter by letter.
    pub issuer: &'a str,
    /// What `aud` must name, if it is looked at.
    pub audience: Option<&'a str>,
}

/// The keys of an issuer.
pub struct KeySet {
    source: Source,
    known: RwLock<Known>,
    /// One fetch at a time; those who need its keys wait for it.
    asked: tokio::sync::Mutex<Asked>,
}

/// Where keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Behind an address.
    Address(Box<str>),
    /// Where the metadata of the issuer of this name say.
    Issuer(Box<str>),
}

impl Source {
    /// The address that is called first.
    fn address(&self) -> Cow<'_, str> {
        match self {
            Self::Address(url) => Cow::Borrowed(url),
            Self::Issuer(name) => {
                Cow::Owned(format!("{}/.well-known/openid-configuration", name.trim_end_matches('/')))
            }
        }
    }
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<[Key]>,
    fetched: Option<Instant>,
}

#[derive(Clone)]
struct Key {
    kid: String,
    /// What it is for, where it says so.
    algorithm: Option<KeyAlgorithm>,
    key: DecodingKey,
}

/// When keys were asked for last, with success or without.
#[derive(Debug, Default)]
struct Asked {
    at: Option<Instant>,
    for_unknown: Option<Instant>,
}

impl Asked {
    /// Whether keys may be asked for, `age` after they were fetched; notes it when they may.
    fn may(&mut self, known: bool, age: Option<Duration>, now: Instant) -> bool {
        let since = |at: Option<Instant>| at.map_or(Duration::MAX, |at| now.saturating_duration_since(at));
        let may = match age {
            None => since(self.at) >= RETRY,
            Some(age) if known => age >= LASTS && since(self.at) >= PAUSE,
            Some(_) => since(self.for_unknown) >= PAUSE,
        };
        if may {
            self.at = Some(now);
            if age.is_some() && !known {
                self.for_unknown = Some(now);
            }
        }
        may
    }
}

impl KeySet {
    /// The keys behind an address; they are fetched when the first token comes.
    pub fn new(url: &str) -> Self {
        Self::from_source(Source::Address(url.into()))
    }

    /// The keys of an issuer that says where they are.
    pub fn of_issuer(name: &str) -> Self {
        Self::from_source(Source::Issuer(name.into()))
    }

    fn from_source(source: Source) -> Self {
        Self { source, known: RwLock::default(), asked: tokio::sync::Mutex::default() }
    }

    /// Where they are fetched.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Verifies a token and gives its claims.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify(
        &self,
        outbound: &Outbound,
        token: &str,
        expected: Expected<'_>,
    ) -> Result<Map<String, Value>, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Foreign)?;
        // What must be understood (RFC 7515 §4.1.11) would be an extension, and none is known here.
        if !is_asymmetric(header.alg) || header.crit.is_some() {
            return Err(TokenError::Foreign);
        }
        let kid = header.kid.as_deref().ok_or(TokenError::Foreign)?;
        let key = self.key(outbound, kid).await.ok_or(TokenError::Foreign)?;
        if key.algorithm.as_ref().is_some_and(|named| *named != KeyAlgorithm::from(header.alg)) {
            return Err(TokenError::Foreign);
        }
        let claims = decode::<Map<String, Value>>(token, &key.key, &validation(header.alg, expected));
        let claims = claims.map(|token| token.claims).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature | ErrorKind::ImmatureSignature => TokenError::Expired,
            _ => TokenError::Foreign,
        })?;
        // The library takes a list of issuers too; RFC 7519 §4.1.1 knows one.
        match claims.get("iss").and_then(Value::as_str) {
            Some(issuer) if issuer == expected.issuer => Ok(claims),
            _ => Err(TokenError::Foreign),
        }
    }

    async fn key(&self, outbound: &Outbound, kid: &str) -> Option<Key> {
        let (found, age) = self.find(kid);
        if found.is_some() && age.is_some_and(|age| age < LASTS) {
            return found;
        }
        let mut asked = match found {
            None => self.asked.lock().await,
            // While one has old keys fetched again, the others go on with them.
            Some(_) => match self.asked.try_lock() {
                Ok(asked) => asked,
                Err(_) => return found,
            },
        };
        // Who waited may find what they wait for.
        let (found, age) = self.find(kid);
        if !asked.may(found.is_some(), age, Instant::now()) {
            return found;
        }
        match fetch(outbound, &self.source).await {
            Ok(keys) => *self.known.write() = Known { keys, fetched: Some(Instant::now()) },
            Err(error) => {
                // What follows a `?` may be a secret.
                let address = self.source.address();
                let url = address.split('?').next().unwrap_or_default();
                tracing::warn!(url, %error, "the keys of an issuer cannot be fetched");
            }
        }
        self.find(kid).0
    }

    fn find(&self, kid: &str) -> (Option<Key>, Option<Duration>) {
        let known = self.known.read();
        let found = known.keys.iter().find(|key| key.kid == kid).cloned();
        (found, known.fetched.map(|at| at.elapsed()))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("source", &self.source).finish_non_exhaustive()
    }
}

fn validation(algorithm: Algorithm, expected: Expected<'_>) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[expected.issuer]);
    validation.validate_nbf = true;
    validation.leeway = SKEW;
    match expected.audience {
        Some(audience) => {
            validation.set_audience(&[audience]);
            validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        }
        None => {
            validation.validate_aud = false;
            validation.set_required_spec_claims(&["exp", "iss"]);
        }
    }
    validation
}

/// A list of what counts: what the library learns later does not count by itself.
fn is_asymmetric(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512
            | Algorithm::ES256
            | Algorithm::ES384
            | Algorithm::EdDSA
    )
}

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("the answer is no key set: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("the metadata are not understood: {0}")]
    Metadata(serde_json::Error),
    #[error("the metadata are those of {0:?}")]
    OtherIssuer(String),
    #[error("the key set has no key that verifies signatures")]
    Nothing,
}

/// A key set (RFC 7517 §5); keys that are not understood are passed over.
#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// What is read of an issuer's metadata (OpenID Connect Discovery 1.0 §3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

async fn fetch(outbound: &Outbound, source: &Source) -> Result<Arc<[Key]>, KeysError> {
    let found = outbound.get(&source.address(), MOST, LIMIT).await?;
    match source {
        Source::Address(_) => read(&found),
        Source::Issuer(name) => {
            let Metadata { issuer, jwks_uri } = serde_json::from_slice(&found).map_err(KeysError::Metadata)?;
            // Whose metadata they are is theirs to say (OpenID Connect Discovery 1.0 §4.3).
            if issuer != **name {
                return Err(KeysError::OtherIssuer(issuer));
            }
            read(&outbound.get(&jwks_uri, MOST, LIMIT).await?)
        }
    }
}

fn read(published: &[u8]) -> Result<Arc<[Key]>, KeysError> {
    let published: Published = serde_json::from_slice(published)?;
    let keys: Arc<[Key]> = published.keys.into_iter().filter_map(key).take(MAX_KEYS).collect();
    if keys.is_empty() { Err(KeysError::Nothing) } else { Ok(keys) }
}

/// A key that has a name and verifies signatures.
fn key(published: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(published).ok()?;
    if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let fits = match key.family() {
        AlgorithmFamily::Hmac => false,
        // The library takes it for granted that a key of Ed25519 has its 32 bytes.
        AlgorithmFamily::Ed => key.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == ED25519),
        AlgorithmFamily::Rsa | AlgorithmFamily::Ec => true,
    };
    if !fits {
        return None;
    }
    Some(Key { kid: jwk.common.key_id?, algorithm: jwk.common.key_algorithm, key })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_keys_are_asked_for_once_a_minute_and_old_ones_anew() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let age = |seconds: u64| Some(Duration::from_secs(seconds));
        let mut asked = Asked::default();
        assert!(asked.may(false, None, at(0)), "the first time");
        assert!(!asked.may(false, None, at(1)), "nothing came of it a moment ago");
        assert!(asked.may(false, None, at(5)));
        assert!(asked.may(false, age(1), at(6)), "a new key");
        assert!(!asked.may(false, age(0), at(65)), "another one, too soon");
        assert!(asked.may(false, age(60), at(66)));
        assert!(!asked.may(true, age(599), at(665)), "it is fresh");
        assert!(asked.may(true, age(600), at(666)));
        assert!(!asked.may(true, age(601), at(667)), "it could not be fetched a moment ago");
    }

    #[test]
    fn keys_that_are_not_understood_are_passed_over() {
        let point = json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
        let other = json!("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let curve = |kid: Value, usage: &str| {
            let mut key = json!({ "kty": "EC", "crv": "P-256", "x": point, "y": other });
            key["kid"] = kid;
            key["use"] = usage.into();
            key
        };
        let published = json!({ "keys": [
            { "kty": "oct", "k": "c2VjcmV0", "kid": "shared" },
            { "kty": "lattice", "kid": "later" },
            { "kty": "OKP", "crv": "Ed25519", "x": "c2hvcnQ", "kid": "short" },
            curve(json!("good"), "sig"),
            curve(json!("encrypts"), "enc"),
            curve(Value::Null, "sig"),
        ] });
        let keys = read(published.to_string().as_bytes()).unwrap_or_default();
        assert_eq!(keys.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["good"]);
        assert!(matches!(read(br#"{"keys":[]}"#), Err(KeysError::Nothing)));
        assert!(matches!(read(b"<html>"), Err(KeysError::Unreadable(_))));
    }
}
