//! Authorization codes (RFC 6749 §4.1.2, RFC 7636): for one use within a minute, bound to the client, the
//! address that it was sent to, and the client's challenge.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Expect, Store};
use subtle::ConstantTimeEq;

use super::shelf::Shelf;
use crate::{
    documents::{DocumentError, now, secret},
    tokens::hash,
};

/// How long a code is good for, in seconds.
const SECONDS: i64 = 60;
/// How long a used code is known, so that using it again is noticed: as long as what was issued for it
/// without a refresh, in seconds.
const REMEMBERED: i64 = 600;

/// What a code stands for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Code {
    /// The client that may use it.
    pub client: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// BASE64URL(SHA256(verifier)).
    pub challenge: String,
    /// What the client wants to see in its ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The scope that was granted.
    pub scope: String,
    /// Who signed in.
    pub account: String,
    /// In which browser.
    pub session: String,
    /// When.
    pub auth_time: Timestamp,
    /// With what.
    pub methods: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    code: Code,
    expires_at: Timestamp,
    /// The grant that it was used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used_for: Option<String>,
}

/// What became of a code that was sent.
#[derive(Debug)]
pub enum Redeemed {
    /// It is good, for this.
    Good(Box<Code>),
    /// It is not.
    Wrong,
    /// It was used before: what was issued for it, this grant, must end.
    UsedFor(String),
}

/// The codes on their way.
#[derive(Clone)]
pub struct Codes {
    shelf: Shelf,
}

impl Codes {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, "authorization_code") }
    }

    /// Makes a code; only its hash is kept.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn issue(&self, code: Code) -> Result<String, DocumentError> {
        let secret = secret();
        let expires_at = Timestamp::from_seconds(now().seconds() + SECONDS);
        self.shelf.put(&id(&secret), &Kept { code, expires_at, used_for: None }, &[], Expect::New).await?;
        Ok(secret)
    }

    /// Uses a code for a grant that is there already. Anything wrong uses it up all the same, so that nobody
    /// tries verifiers.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn redeem(
        &self,
        code: &str,
        client: &str,
        redirect_uri: &str,
        verifier: &str,
        grant: &str,
    ) -> Result<Redeemed, DocumentError> {
        let id = id(code);
        let Some(found) = self.shelf.get::<Kept>(&id).await? else { return Ok(Redeemed::Wrong) };
        let mut kept = found.value;
        if let Some(grant) = &kept.used_for {
            return Ok(Redeemed::UsedFor(grant.clone()));
        }
        // Another client's code is none of its business; its own client may still use it.
        if kept.code.client != client {
            return Ok(Redeemed::Wrong);
        }
        kept.used_for = Some(grant.to_owned());
        match self.shelf.put(&id, &kept, &[], Expect::Version(found.version)).await {
            Ok(_) => {}
            // Somebody else used it at the same moment.
            Err(DocumentError::Conflict { .. }) => {
                let winner = self.shelf.get::<Kept>(&id).await?.and_then(|found| found.value.used_for);
                return Ok(winner.map_or(Redeemed::Wrong, Redeemed::UsedFor));
            }
            Err(error) => return Err(error),
        }
        let good = kept.expires_at > now()
            && kept.code.redirect_uri == redirect_uri
            && answers(&kept.code.challenge, verifier);
        Ok(if good { Redeemed::Good(Box::new(kept.code)) } else { Redeemed::Wrong })
    }

    pub(super) async fn tidy(&self) -> Result<(), DocumentError> {
        let at = now().seconds();
        self.shelf.tidy(|kept: &Kept| kept.expires_at.seconds() + REMEMBERED < at).await
    }
}

fn id(code: &str) -> String {
    hex::encode(hash(code))
}

/// Whether a verifier is the one of a challenge (RFC 7636 §4.6, `S256`).
fn answers(challenge: &str, verifier: &str) -> bool {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    is_verifier(verifier) && bool::from(digest.as_bytes().ct_eq(challenge.as_bytes()))
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

/// Whether a text can be a challenge of the method `S256`: 32 bytes in base64url.
pub fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|digest| digest.len() == 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_a01_a_verifier_answers_its_challenge_only() {
        // RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_challenge(challenge) && answers(challenge, verifier));
        assert!(!answers(challenge, &verifier.replace('d', "e")));
        assert!(!answers(challenge, challenge));
        assert!(!is_challenge("short") && !is_challenge(""));
    }
}
