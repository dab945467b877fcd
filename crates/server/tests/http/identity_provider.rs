//! An identity provider on this machine: its keys, and where it publishes them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet},
};
use p256::{SecretKey, elliptic_curve::rand_core::OsRng, pkcs8::EncodePrivateKey};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What providers sign with.
pub(crate) const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA];

/// A key of the identity provider.
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) secret: EncodingKey,
    pub(crate) public: Jwk,
}

impl Key {
    /// A new key for ES256.
    pub(crate) fn new(kid: &str) -> Self {
        let secret = SecretKey::random(&mut OsRng).to_pkcs8_der().expect("a key");
        Self::from(kid, Algorithm::ES256, EncodingKey::from_ec_der(secret.as_bytes()))
    }

    /// A key for an algorithm, under its name. But for ES256, it is one of the repository's.
    pub(crate) fn of(algorithm: Algorithm) -> Self {
        let kid = format!("{algorithm:?}");
        let der = |text: &str| STANDARD.decode(text.split_whitespace().collect::<String>()).expect("base64");
        let secret = match algorithm {
            Algorithm::ES256 => return Self::new(&kid),
            Algorithm::ES384 => {
                EncodingKey::from_ec_der(&der(include_str!("../../../../tests/certificates/signs-p384.der.base64")))
            }
            Algorithm::EdDSA => {
                EncodingKey::from_ed_der(&der(include_str!("../../../../tests/certificates/signs-ed25519.der.base64")))
            }
            _ => EncodingKey::from_rsa_der(&der(include_str!("../../../../tests/certificates/signs-rsa.der.base64"))),
        };
        Self::from(&kid, algorithm, secret)
    }

    fn from(kid: &str, algorithm: Algorithm, secret: EncodingKey) -> Self {
        let mut public = Jwk::from_encoding_key(&secret, algorithm).expect("a public key");
        public.common.key_id = Some(kid.to_owned());
        Self { kid: kid.to_owned(), algorithm, secret, public }
    }

    pub(crate) fn signs(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.secret).expect("a token")
    }
}

/// An identity provider.
#[derive(Clone)]
pub(crate) struct Provider {
    /// Its name, the claim `iss`.
    pub(crate) name: String,
    /// None: it is down.
    keys: Arc<Mutex<Option<Vec<Jwk>>>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    pub(crate) async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let name = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Self { name, keys: Arc::default(), asked: Arc::default() };
        provider.publish(keys);
        let router = Router::new()
            .route("/jwks.json", get(published))
            .route("/.well-known/openid-configuration", get(metadata))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(crate) fn jwks_url(&self) -> String {
        format!("{}/jwks.json", self.name)
    }

    pub(crate) fn publish(&self, keys: &[&Key]) {
        *self.keys.lock() = Some(keys.iter().map(|key| key.public.clone()).collect());
    }

    pub(crate) fn goes_down(&self) {
        *self.keys.lock() = None;
    }

    /// How often its keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn published(State(provider): State<Provider>) -> Result<Json<JwkSet>, StatusCode> {
    provider.asked.fetch_add(1, Ordering::SeqCst);
    let keys = provider.keys.lock().clone().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Json(JwkSet { keys }))
}

async fn metadata(State(provider): State<Provider>) -> Json<Value> {
    Json(json!({ "issuer": provider.name, "jwks_uri": provider.jwks_url() }))
}
