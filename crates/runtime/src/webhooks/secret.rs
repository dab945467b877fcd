//! Secrets of subscriptions, and signatures with them (Standard Webhooks, "Signature scheme").

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Random bytes of a secret; 24 to 64 are allowed.
const BYTES: usize = 32;
const PREFIX: &str = "whsec_";
/// How long a secret goes on signing after it was rotated.
const KEPT_SECONDS: i64 = 24 * 3600;

/// A secret as receivers are given it: `whsec_` and 32 random bytes in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    fn generate() -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; BYTES]>())))
    }

    /// The text that the receiver needs; for the answer that shows it, and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// `v1,` and the HMAC-SHA256 of id, seconds and body, in base64.
    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let key = self.0.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok()).unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What signs: one secret, or two for a while after a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    current: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Retired>,
}

/// A secret that was rotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Retired {
    secret: Secret,
    until: Timestamp,
}

impl Secrets {
    pub(super) fn generate() -> Self {
        Self { current: Secret::generate(), previous: None }
    }

    /// The secret for new receivers.
    pub fn current(&self) -> &Secret {
        &self.current
    }

    /// Until when the secret before this one signs too.
    pub fn previous_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.previous.as_ref().map(|retired| retired.until).filter(|until| *until > now)
    }

    /// A new secret; the one until now goes on signing for a day.
    pub(super) fn rotated(self, now: Timestamp) -> Self {
        let until = Timestamp(now.0 + KEPT_SECONDS * 1_000_000);
        Self { current: Secret::generate(), previous: Some(Retired { secret: self.current, until }) }
    }

    /// The header `webhook-signature`: a signature for each secret that is good now, separated by spaces.
    pub(super) fn signatures(&self, id: &str, now: Timestamp, body: &[u8]) -> String {
        let mut signatures = self.current.sign(id, now.seconds(), body);
        if let Some(retired) = self.previous.as_ref().filter(|retired| retired.until > now) {
            signatures.push(' ');
            signatures.push_str(&retired.secret.sign(id, now.seconds(), body));
        }
        signatures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the reference implementations.
    #[test]
    fn a_signature_is_that_of_the_reference() {
        let secret = Secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".to_owned());
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        assert_eq!(
            secret.sign("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
        );
    }

    #[test]
    fn both_secrets_sign_for_a_day() {
        let (first, now) = (Secrets::generate(), Timestamp::from_seconds(1_000_000));
        let old = first.signatures("id", now, b"{}");
        let rotated = first.rotated(now);
        let both = rotated.signatures("id", now, b"{}");
        assert!(both.ends_with(&format!(" {old}")), "{both}");
        let later = Timestamp::from_seconds(now.seconds() + KEPT_SECONDS);
        assert!(!rotated.signatures("id", later, b"{}").contains(' '));
        assert!(rotated.previous_until(now).is_some() && rotated.previous_until(later).is_none());
    }

    #[test]
    fn a_secret_is_not_printed() {
        let secrets = Secrets::generate();
        let printed = format!("{secrets:?}");
        assert!(!printed.contains(PREFIX), "{printed}");
        assert_eq!(secrets.current.reveal().len(), PREFIX.len() + 44);
    }
}
