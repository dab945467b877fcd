//! An OpenID Connect issuer that is not ours, in place of the realm: whether a token is one of its (rows DA-A07 to
//! DA-A09, DA-A18).
//!
//! Its metadata say where its keys are; keeping and trying them is the business of [`crate::jwks`].

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    jwks::{Expected, KeySet, TokenError},
    outbound::Outbound,
};

/// An issuer; cheap to clone.
#[derive(Clone)]
pub struct Issuer {
    name: Arc<str>,
    keys: Arc<KeySet>,
    outbound: Outbound,
}

impl Issuer {
    /// The issuer of that name: the claim `iss`, letter by letter.
    pub fn new(name: &str, outbound: &Outbound) -> Self {
        Self { name: name.into(), keys: Arc::new(KeySet::of_issuer(name)), outbound: outbound.clone() }
    }

    /// Verifies a token, for whomever it is: who calls looks at the audience.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenError> {
        let expected = Expected { issuer: &self.name, audience: None };
        let claims = self.keys.verify(&self.outbound, token, expected).await?;
        // Nobody is nobody's user (RFC 9068 §2.2).
        if !claims.get("sub").is_some_and(Value::is_string) {
            return Err(TokenError::Foreign);
        }
        serde_json::from_value(Value::Object(claims)).map_err(|_| TokenError::Foreign)
    }
}
