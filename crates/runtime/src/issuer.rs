//! An OpenID Connect issuer that is not ours: its keys, and whether a token is one of its.
//!
//! Keys are found by the issuer's metadata and kept in memory. A token that names an unknown key makes them
//! be fetched again, at most once a minute, whoever sends such tokens (rows DA-A07 to DA-A09, DA-A18). Only
//! asymmetric signatures count: with a public key as the secret of an HMAC anybody could sign.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::outbound::{Outbound, OutboundError};

/// Keys are fetched at most so often.
const PAUSE: Duration = Duration::from_secs(60);
/// Keys that were fetched longer ago are fetched again: one that was taken back verifies no longer.
const LASTS: Duration = Duration::from_secs(600);
const LIMIT: Duration = Duration::from_secs(10);
/// The largest metadata and the largest key set.
const MOST: usize = 256 << 10;
/// How far clocks may differ, in seconds.
const SKEW: u64 = 60;

/// Why a token is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It is not a token of this issuer.
    #[error("the token is not one of this issuer")]
    Foreign,
    /// It was good once, or is not good yet.
    #[error("the token is not good at this time")]
    Expired,
}

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("{0} is not what was expected: {1}")]
    Unreadable(&'static str, serde_json::Error),
    #[error("the metadata are those of {0}")]
    OtherIssuer(String),
}

/// What is read of the metadata (OpenID Connect Discovery 1.0 §3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// An issuer; cheap to clone.
#[derive(Clone)]
pub struct Issuer {
    name: Arc<str>,
    outbound: Outbound,
    known: Arc<tokio::sync::Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    keys: Arc<Vec<Jwk>>,
    /// When they were asked for last, with success or without.
    asked: Option<Instant>,
    fetched: Option<Instant>,
}

impl Issuer {
    /// The issuer of that name: the claim `iss`, letter by letter.
    pub fn new(name: &str, outbound: &Outbound) -> Self {
        Self { name: name.into(), outbound: outbound.clone(), known: Arc::default() }
    }

    /// Verifies a token, for whomever it is: who calls looks at the audience.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub async fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, IssuerError> {
        let header = decode_header(token).map_err(|_| IssuerError::Foreign)?;
        if matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
            return Err(IssuerError::Foreign);
        }
        let kid = header.kid.as_deref().ok_or(IssuerError::Foreign)?;
        let jwk = self.key(kid).await.filter(|jwk| suits(jwk, header.alg)).ok_or(IssuerError::Foreign)?;
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| IssuerError::Foreign)?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.name]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        validation.validate_nbf = true;
        validation.leeway = SKEW;
        decode::<T>(token, &key, &validation).map(|token| token.claims).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature | ErrorKind::ImmatureSignature => IssuerError::Expired,
            _ => IssuerError::Foreign,
        })
    }

    /// The key of a name. Those who need keys at the same moment wait for one fetch.
    async fn key(&self, kid: &str) -> Option<Jwk> {
        let mut known = self.known.lock().await;
        let found = find(&known.keys, kid);
        let fresh = known.fetched.is_some_and(|at| at.elapsed() < LASTS);
        let may_ask = known.asked.is_none_or(|at| at.elapsed() >= PAUSE);
        if (found.is_some() && fresh) || !may_ask {
            return found;
        }
        known.asked = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                known.keys = Arc::new(keys);
                known.fetched = Some(Instant::now());
            }
            Err(error) => tracing::warn!(issuer = &*self.name, %error, "the keys of an issuer cannot be fetched"),
        }
        find(&known.keys, kid)
    }

    async fn fetch(&self) -> Result<Vec<Jwk>, KeysError> {
        let address = format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'));
        let metadata = self.outbound.get(&address, MOST, LIMIT).await?;
        let metadata: Metadata =
            serde_json::from_slice(&metadata).map_err(|error| KeysError::Unreadable("the metadata", error))?;
        if metadata.issuer != *self.name {
            return Err(KeysError::OtherIssuer(metadata.issuer));
        }
        let keys = self.outbound.get(&metadata.jwks_uri, MOST, LIMIT).await?;
        let keys: JwkSet =
            serde_json::from_slice(&keys).map_err(|error| KeysError::Unreadable("the key set", error))?;
        Ok(keys.keys)
    }
}

fn find(keys: &[Jwk], kid: &str) -> Option<Jwk> {
    keys.iter().find(|key| key.common.key_id.as_deref() == Some(kid)).cloned()
}

/// Whether a key is for signatures, and of this algorithm where it names one.
fn suits(key: &Jwk, algorithm: Algorithm) -> bool {
    let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    signs && key.common.key_algorithm.as_ref().is_none_or(|named| *named == KeyAlgorithm::from(algorithm))
}
