//! Tokens that say who a visitor is, and the issuers whose word a tenant takes (spec/dialai.md §3.4): where
//! their keys are, and which claims become attributes. The issuers are documents of the kind `issuer`.
//!
//! Invariant: an attribute comes out of here only if a tenant's own issuer signed it. Keeps no token.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dialogue::engine::is_reserved;
use jsonwebtoken::dangerous::insecure_decode_claims;
use model::{ContactId, TenantId, Timestamp, attribute::FLAG_PREFIX};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Expect, Store};

use crate::{
    documents::{DocumentError, Kind, Versioned, new_id, now},
    jwks::{Expected, KeySet, Source, TokenError},
    outbound::Outbound,
};

/// Most issuers of a tenant.
pub const MAX_ISSUERS: usize = 20;
/// Most claims of a token that become attributes.
const MAX_CLAIMS: usize = 100;
/// Longest text of an issuer's settings, in characters; names of attributes are shorter.
const MAX_CHARS: usize = 2_048;
const MAX_NAME_CHARS: usize = 255;

/// The claims of RFC 7519 §4.1 that are about the token, not about the visitor.
const ABOUT_THE_TOKEN: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/// An issuer whose word on visitors a tenant takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Names it within the tenant.
    pub id: String,
    /// What the tenant decides.
    #[serde(flatten)]
    pub terms: Terms,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a tenant decides about an issuer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// The claim `iss` of its tokens, letter by letter.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_url: String,
    /// What `aud` must name; without one it is not looked at.
    #[serde(default)]
    pub audience: Option<String>,
    /// The attribute of each claim that is taken. Without it, all claims that are texts, numbers or booleans
    /// are, under their own names, but for those about the token.
    #[serde(default)]
    pub claims: Option<BTreeMap<String, String>>,
    /// Whether `sub` must be the visitor's id.
    #[serde(default)]
    pub bind_subject: bool,
}

impl Terms {
    fn check(&self, outbound: &Outbound) -> Result<(), DocumentError> {
        let fits =
            |text: &str, most: usize| (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let texts = [
            ("issuer", Some(&self.issuer)),
            ("jwks_url", Some(&self.jwks_url)),
            ("audience", self.audience.as_ref()),
            ("name", Some(&self.name).filter(|name| !name.is_empty())),
        ];
        for (field, text) in texts {
            if text.is_some_and(|text| !fits(text, MAX_CHARS)) {
                let complaint = format!("1 to {MAX_CHARS} characters, none of them a control character");
                return Err(DocumentError::invalid(field, complaint));
            }
        }
        outbound.check(&self.jwks_url).map_err(|problem| DocumentError::invalid("jwks_url", problem.to_string()))?;
        let Some(claims) = &self.claims else { return Ok(()) };
        if claims.len() > MAX_CLAIMS {
            return Err(DocumentError::invalid("claims", format!("at most {MAX_CLAIMS} claims")));
        }
        let mut taken = BTreeSet::new();
        for (claim, attribute) in claims {
            let complaint = if !fits(claim, MAX_NAME_CHARS) || !fits(attribute, MAX_NAME_CHARS) {
                "claims and attributes have 1 to 255 characters, none of them a control character"
            } else if !may_be_told(attribute) {
                "only Parlance writes this attribute: choose another name"
            } else if !taken.insert(attribute) {
                "another claim becomes this attribute"
            } else {
                continue;
            };
            return Err(DocumentError::invalid(format!("claims.{claim}"), complaint));
        }
        Ok(())
    }

    /// The attributes that claims become.
    fn attributes(&self, mut claims: Map<String, Value>) -> Map<String, Value> {
        if let Some(taken) = &self.claims {
            let told = taken.iter().filter_map(|(claim, name)| Some((name.clone(), claims.remove(claim)?)));
            return told.filter(|(_, value)| !value.is_null()).collect();
        }
        let is_scalar = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
        claims.retain(|name, value| {
            is_scalar(value)
                && !ABOUT_THE_TOKEN.contains(&name.as_str())
                && may_be_told(name)
                && (1..=MAX_NAME_CHARS).contains(&name.chars().count())
        });
        claims.into_iter().take(MAX_CLAIMS).collect()
    }
}

/// Whether an issuer may say an attribute: some are Parlance's own. `selected_scenario` says whom the visitor talks
/// to, which an agent's conditions look at.
fn may_be_told(attribute: &str) -> bool {
    !is_reserved(attribute) && attribute != "selected_scenario" && !attribute.starts_with(FLAG_PREFIX)
}

/// The issuers of tenants.
#[derive(Clone)]
pub struct Issuers {
    kind: Kind,
    outbound: Outbound,
}

impl Issuers {
    /// Over a store. `outbound` says which addresses can be called.
    pub fn new(store: &Store, outbound: &Outbound) -> Self {
        Self { kind: Kind { store: store.clone(), name: "issuer" }, outbound: outbound.clone() }
    }

    /// All issuers of a tenant, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Issuer>, DocumentError> {
        self.kind.list(tenant).await
    }

    /// One issuer.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<Issuer, DocumentError> {
        Ok(self.kind.need(tenant, id).await?.value)
    }

    /// Takes the word of another issuer.
    ///
    /// # Errors
    /// When the terms are not acceptable, the tenant has too many, or the store fails.
    pub async fn create(&self, tenant: &TenantId, terms: Terms) -> Result<Issuer, DocumentError> {
        terms.check(&self.outbound)?;
        if self.list(tenant).await?.len() >= MAX_ISSUERS {
            let complaint = format!("a tenant has at most {MAX_ISSUERS} issuers: delete one");
            return Err(DocumentError::invalid("issuers", complaint));
        }
        let issuer = Issuer { id: new_id().to_string(), terms, created_at: now(), updated_at: now() };
        self.kind.put(tenant, &issuer.id, &issuer, &[], Expect::New).await?;
        Ok(issuer)
    }

    /// Replaces what is decided about an issuer.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], or when the terms are not acceptable or somebody else changes them.
    pub async fn put(&self, tenant: &TenantId, id: &str, terms: Terms) -> Result<Issuer, DocumentError> {
        terms.check(&self.outbound)?;
        let Versioned { value: before, version, .. } = self.kind.need::<Issuer>(tenant, id).await?;
        let issuer = Issuer { terms, updated_at: now(), ..before };
        self.kind.put(tenant, id, &issuer, &[], Expect::Version(version)).await?;
        Ok(issuer)
    }

    /// Takes an issuer's word no longer. What was said stays.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        if self.kind.delete(tenant, id).await? { Ok(()) } else { Err(DocumentError::not_found("issuer", id)) }
    }

    /// The issuers of a tenant, ready to verify; those that were ready before keep the keys that they have.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn verifiers(&self, tenant: &TenantId, before: &[Verifier]) -> Result<Vec<Verifier>, DocumentError> {
        let verifier = |issuer: Issuer| {
            let source = Source::Address(issuer.terms.jwks_url.as_str().into());
            let same = |known: &&Verifier| known.id == issuer.id && *known.keys.source() == source;
            let keys = before.iter().find(same).map(|known| known.keys.clone());
            let keys = keys.unwrap_or_else(|| Arc::new(KeySet::new(&issuer.terms.jwks_url)));
            Verifier { id: issuer.id, terms: issuer.terms, keys, outbound: self.outbound.clone() }
        };
        Ok(self.list(tenant).await?.into_iter().map(verifier).collect())
    }
}

/// An issuer with its keys.
#[derive(Clone)]
pub struct Verifier {
    id: String,
    terms: Terms,
    keys: Arc<KeySet>,
    outbound: Outbound,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("id", &self.id).field("terms", &self.terms).finish_non_exhaustive()
    }
}

impl Verifier {
    async fn claims(&self, token: &str) -> Result<Map<String, Value>, TokenError> {
        let expected = Expected { issuer: &self.terms.issuer, audience: self.terms.audience.as_deref() };
        self.keys.verify(&self.outbound, token, expected).await
    }

    async fn attributes(&self, token: &str, contact: &ContactId) -> Result<Map<String, Value>, TokenError> {
        let claims = self.claims(token).await?;
        let subject = claims.get("sub").and_then(Value::as_str);
        if self.terms.bind_subject && subject != Some(contact.as_str()) {
            return Err(TokenError::Foreign);
        }
        Ok(self.terms.attributes(claims))
    }

    async fn identity(&self, token: &str) -> Result<Identified, TokenError> {
        let claims = self.claims(token).await?;
        let subject = claims.get("sub").and_then(Value::as_str);
        let contact = subject.and_then(|subject| format!("{subject}@{}", self.id).parse().ok());
        Ok(Identified { contact, attributes: self.terms.attributes(claims) })
    }
}

/// What a visitor's token says of them, by attribute name.
///
/// # Errors
/// [`TokenError`] when none of the issuers stands by it.
pub async fn verify(issuers: &[Verifier], token: &str, contact: &ContactId) -> Result<Map<String, Value>, TokenError> {
    let iss = claimed_issuer(token)?;
    let mut because = TokenError::Foreign;
    for issuer in issuers.iter().filter(|known| known.terms.issuer == iss) {
        match issuer.attributes(token, contact).await {
            Ok(attributes) => return Ok(attributes),
            Err(TokenError::Expired) => because = TokenError::Expired,
            Err(TokenError::Foreign) => {}
        }
    }
    Err(because)
}

/// Who a visitor is by their token, and what it says of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identified {
    /// The contact that the token's subject is: the same whenever it comes from the same issuer, and nobody else's.
    /// None where it names nobody, or nobody whose name fits.
    pub contact: Option<ContactId>,
    /// What it says, by attribute name.
    pub attributes: Map<String, Value>,
}

/// Who a visitor is, where a channel leaves it to the token.
///
/// # Errors
/// [`TokenError`] when none of the issuers stands by it.
pub async fn identify(issuers: &[Verifier], token: &str) -> Result<Identified, TokenError> {
    let iss = claimed_issuer(token)?;
    let mut because = TokenError::Foreign;
    for issuer in issuers.iter().filter(|known| known.terms.issuer == iss) {
        match issuer.identity(token).await {
            Ok(identified) => return Ok(identified),
            Err(TokenError::Expired) => because = TokenError::Expired,
            Err(TokenError::Foreign) => {}
        }
    }
    Err(because)
}

/// The issuer that a token names: read before it is verified, and only to choose who is to verify it.
fn claimed_issuer(token: &str) -> Result<String, TokenError> {
    #[derive(Deserialize)]
    struct Claimed {
        iss: String,
    }
    let Claimed { iss } = insecure_decode_claims(token).map_err(|_| TokenError::Foreign)?;
    Ok(iss)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(terms: &Terms, claims: Value) -> Value {
        Value::Object(terms.attributes(claims.as_object().cloned().unwrap_or_default()))
    }

    fn terms() -> Terms {
        Terms { issuer: "https://idp.test/".into(), jwks_url: "https://idp.test/keys".into(), ..Terms::default() }
    }

    #[test]
    fn scalars_are_taken_as_they_are_but_for_what_is_about_the_token() {
        let claims = json!({
            "iss": "x", "aud": "x", "exp": 1, "nbf": 1, "iat": 1, "jti": "x", "sub": "ann", "accountId": 7, "vip": true,
            "groups": ["a"], "address": {}, "nothing": null, "first_seen": 1, "flag_price": "low", "": "unnamed", "selected_scenario": "x",
        });
        assert_eq!(told(&terms(), claims), json!({ "sub": "ann", "accountId": 7, "vip": true }));
    }

    #[test]
    fn a_mapping_takes_what_it_names_and_nothing_else() {
        let claims = [("sub", "customer"), ("groups", "groups"), ("gone", "gone")];
        let claims = claims.map(|(claim, name)| (claim.to_owned(), name.to_owned()));
        let mapped = Terms { claims: Some(BTreeMap::from(claims)), ..terms() };
        let said = json!({ "sub": "ann", "accountId": 7, "groups": ["a"] });
        assert_eq!(told(&mapped, said), json!({ "customer": "ann", "groups": ["a"] }));
    }

    #[test]
    fn terms_that_cannot_hold_name_the_field() {
        let outbound = Outbound::new(Vec::new());
        let wrong = |terms: Terms| match terms.check(&outbound) {
            Err(DocumentError::Invalid { field, .. }) => field,
            other => format!("{other:?}"),
        };
        let mapped = |claims: &[(&str, &str)]| {
            let claims = claims.iter().map(|(claim, name)| ((*claim).to_owned(), (*name).to_owned()));
            Terms { claims: Some(claims.collect()), ..terms() }
        };
        assert_eq!(wrong(terms()), "Ok(())");
        assert_eq!(wrong(Terms { issuer: String::new(), ..terms() }), "issuer");
        assert_eq!(wrong(Terms { audience: Some(String::new()), ..terms() }), "audience");
        assert_eq!(wrong(Terms { jwks_url: "http://127.0.0.1/keys".into(), ..terms() }), "jwks_url");
        assert_eq!(wrong(mapped(&[("sub", "utterance")])), "claims.sub");
        assert_eq!(wrong(mapped(&[("sub", "flag_price")])), "claims.sub");
        assert_eq!(wrong(mapped(&[("a", "x"), ("b", "x")])), "claims.b");
        assert_eq!(wrong(mapped(&[("a", "")])), "claims.a");
    }
}
