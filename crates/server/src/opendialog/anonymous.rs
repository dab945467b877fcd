//! Anonymous authentication: a visitor's id belongs to the browser that used it first
//! (spec/opendialog.md §5.1.1; claims and lifetimes are ours, docs/chat-api.md).
//!
//! The token is a JWT (HS256) under one of the tenant's signing keys. Tabs of one browser may have
//! different ids but share the cookie, so a token names the last few ids that the browser proved.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use axum::http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use model::{ContactId, TenantId, Timestamp};
use parking_lot::Mutex;
use runtime::tenants::SigningKey;
use serde::{Deserialize, Serialize};

use super::cookies::cookie;

/// The cookie that carries the token.
pub(crate) const COOKIE: &str = "opendialog_anonymous_authentication_token";
/// How long a token is good for.
pub(crate) const SECONDS: i64 = 30 * 24 * 3600;
/// Most ids that one browser's token names.
const MAX_IDS: usize = 8;

/// What the token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    /// The tenant.
    iss: String,
    /// The id that was proved last.
    sub: String,
    /// Ids proved before by the same browser, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<String>,
    iat: i64,
    exp: i64,
}

/// What a client's cookie proves.
#[derive(Debug)]
pub(crate) struct Proof(Option<Claims>);

impl Proof {
    /// Reads the cookie; one that is forged, expired or another tenant's proves nothing.
    pub(crate) fn read(headers: &HeaderMap, tenant: &TenantId, keys: &[SigningKey]) -> Self {
        Self(cookie(headers, COOKIE).and_then(|token| verify(token, tenant, keys)))
    }

    /// Whether the browser proved this id.
    pub(crate) fn names(&self, contact: &ContactId) -> bool {
        self.0
            .as_ref()
            .is_some_and(|claims| claims.sub == contact.as_str() || claims.also.iter().any(|id| id == contact.as_str()))
    }

    /// A token that names `contact` and what was proved before.
    pub(crate) fn extend(self, tenant: &TenantId, contact: &ContactId, key: &SigningKey) -> String {
        let also = self.0.map_or_else(Vec::new, |claims| {
            let mut also = claims.also;
            also.insert(0, claims.sub);
            also.retain(|id| id != contact.as_str());
            also.truncate(MAX_IDS - 1);
            also
        });
        let iat = Timestamp::now().seconds();
        let claims = Claims { iss: tenant.to_string(), sub: contact.to_string(), also, iat, exp: iat + SECONDS };
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &EncodingKey::from_secret(&key.secret)).expect("claims of texts and integers encode")
    }
}

fn verify(token: &str, tenant: &TenantId, keys: &[SigningKey]) -> Option<Claims> {
    let kid = decode_header(token).ok()?.kid?;
    let key = keys.iter().find(|key| key.id == kid)?;
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[tenant.as_str()]);
    validation.set_required_spec_claims(&["exp", "iss", "sub"]);
    decode::<Claims>(token, &DecodingKey::from_secret(&key.secret), &validation).ok().map(|token| token.claims)
}

/// Ids that were given a token but have not spoken yet, so that the log does not know them. Two
/// generations bound it: what was not seen for a whole one is forgotten. A forgotten id that never
/// spoke has nothing to protect.
#[derive(Debug, Default)]
pub(crate) struct Issued {
    hasher: RandomState,
    generations: Mutex<(HashSet<u64>, HashSet<u64>)>,
}

impl Issued {
    const GENERATION: usize = 65_536;

    /// Notes an id; false when it had been noted before.
    pub(crate) fn first_time(&self, tenant: &TenantId, contact: &ContactId) -> bool {
        let id = self.hasher.hash_one((tenant, contact));
        let mut generations = self.generations.lock();
        if generations.0.contains(&id) || generations.1.contains(&id) {
            return false;
        }
        if generations.0.len() >= Self::GENERATION {
            generations.1 = std::mem::take(&mut generations.0);
        }
        generations.0.insert(id)
    }

    /// Forgets an id that was erased: whoever uses it next is the first.
    pub(crate) fn forget(&self, tenant: &TenantId, contact: &ContactId) {
        let id = self.hasher.hash_one((tenant, contact));
        let mut generations = self.generations.lock();
        generations.0.remove(&id);
        generations.1.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    fn key(id: &str) -> SigningKey {
        SigningKey { id: id.to_owned(), secret: format!("secret of {id}").into_bytes() }
    }

    fn with_cookie(token: &str) -> HeaderMap {
        let value = HeaderValue::try_from(format!("{COOKIE}={token}")).expect("a header");
        HeaderMap::from_iter([(header::COOKIE, value)])
    }

    #[test]
    fn a_token_proves_its_ids_to_its_tenant_and_under_its_keys_only() {
        let (demo, other): (TenantId, TenantId) = ("demo".parse().expect("an id"), "other".parse().expect("an id"));
        let (ann, bob): (ContactId, ContactId) = ("ann".parse().expect("an id"), "bob".parse().expect("an id"));
        let keys = [key("new"), key("old")];
        let token = Proof(None).extend(&demo, &ann, &keys[1]);
        let proof = Proof::read(&with_cookie(&token), &demo, &keys);
        assert!(proof.names(&ann) && !proof.names(&bob));
        assert!(!Proof::read(&with_cookie(&token), &other, &keys).names(&ann));
        assert!(!Proof::read(&with_cookie(&token), &demo, &keys[..1]).names(&ann));

        let both = proof.extend(&demo, &bob, &keys[0]);
        let proof = Proof::read(&with_cookie(&both), &demo, &keys);
        assert!(proof.names(&ann) && proof.names(&bob));
    }

    #[test]
    fn an_id_is_new_once() {
        let issued = Issued::default();
        let demo: TenantId = "demo".parse().expect("an id");
        let ann: ContactId = "ann".parse().expect("an id");
        assert!(issued.first_time(&demo, &ann));
        assert!(!issued.first_time(&demo, &ann));
        issued.forget(&demo, &ann);
        assert!(issued.first_time(&demo, &ann));
    }
}
