//! Another issuer's tokens: rows DA-A07 to DA-A09, DA-A18.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, JwkSet},
};
use model::Timestamp;
use p256::{SecretKey, elliptic_curve::rand_core::OsRng, pkcs8::EncodePrivateKey};
use runtime::{issuer::Issuer, jwks::TokenError, outbound::Outbound};
use serde_json::{Value, json};

/// An identity provider on this machine.
struct Provider {
    url: String,
    keys: Arc<Mutex<Vec<Jwk>>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    fn start(keys: Vec<Jwk>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (keys, asked) = (Arc::new(Mutex::new(keys)), Arc::new(AtomicUsize::new(0)));
        let provider = Self { url: url.clone(), keys: keys.clone(), asked: asked.clone() };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut head = [0; 4096];
                let length = stream.read(&mut head).unwrap_or(0);
                let body = if head[..length].starts_with(b"GET /.well-known/openid-configuration ") {
                    json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }).to_string()
                } else {
                    asked.fetch_add(1, Ordering::SeqCst);
                    serde_json::to_string(&JwkSet { keys: keys.lock().unwrap().clone() }).unwrap()
                };
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
            }
        });
        provider
    }

    fn claims(&self, change: impl FnOnce(&mut Value)) -> Value {
        let now = Timestamp::now().seconds();
        let mut claims = json!({ "iss": self.url, "sub": "ann", "aud": "demo", "exp": now + 60 });
        change(&mut claims);
        claims
    }
}

fn key(kid: &str) -> (EncodingKey, Jwk) {
    let secret = SecretKey::random(&mut OsRng).to_pkcs8_der().unwrap();
    let key = EncodingKey::from_ec_der(secret.as_bytes());
    let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    (key, jwk)
}

fn signed(key: &EncodingKey, kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
    encode(&header, claims, key).unwrap()
}

fn here() -> Outbound {
    Outbound::new(vec!["127.0.0.0/8".parse().unwrap()])
}

#[tokio::test]
async fn da_a07_da_a08_da_a09_only_the_issuers_own_tokens_are_good() {
    let (good, public) = key("one");
    let (other, _) = key("one");
    let provider = Provider::start(vec![public]);
    let issuer = Issuer::new(&provider.url, &here());
    let verify = async |token: String| issuer.verify::<Value>(&token).await.map(drop);

    assert_eq!(verify(signed(&good, "one", &provider.claims(|_| {}))).await, Ok(()));
    assert_eq!(verify(signed(&other, "one", &provider.claims(|_| {}))).await, Err(TokenError::Foreign), "DA-A08");
    let elsewhere = provider.claims(|claims| claims["iss"] = "https://else.test".into());
    assert_eq!(verify(signed(&good, "one", &elsewhere)).await, Err(TokenError::Foreign), "DA-A09");

    let at = |name: &'static str, seconds: i64| {
        provider.claims(move |claims| claims[name] = (Timestamp::now().seconds() + seconds).into())
    };
    assert_eq!(verify(signed(&good, "one", &at("exp", -30))).await, Ok(()), "clocks differ");
    assert_eq!(verify(signed(&good, "one", &at("exp", -90))).await, Err(TokenError::Expired));
    assert_eq!(verify(signed(&good, "one", &at("nbf", 30))).await, Ok(()), "clocks differ");
    assert_eq!(verify(signed(&good, "one", &at("nbf", 90))).await, Err(TokenError::Expired));

    // A public key is no secret.
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let forged = encode(&header, &provider.claims(|_| {}), &EncodingKey::from_secret(b"whatever")).unwrap();
    assert_eq!(verify(forged).await, Err(TokenError::Foreign));
}

/// A key of the repository's, made for tests: in base64.
fn kept(algorithm: Algorithm, kid: &str) -> (EncodingKey, Jwk) {
    let (text, read): (&str, fn(&[u8]) -> EncodingKey) = match algorithm {
        Algorithm::ES384 => {
            (include_str!("../../../../tests/certificates/signs-p384.der.base64"), EncodingKey::from_ec_der)
        }
        Algorithm::EdDSA => {
            (include_str!("../../../../tests/certificates/signs-ed25519.der.base64"), EncodingKey::from_ed_der)
        }
        _ => (include_str!("../../../../tests/certificates/signs-rsa.der.base64"), EncodingKey::from_rsa_der),
    };
    let text: String = text.split_whitespace().collect();
    let key = read(&STANDARD.decode(text).unwrap());
    let mut jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    (key, jwk)
}

#[tokio::test]
async fn da_a09_whatever_the_issuer_signs_with_is_good_and_nothing_else() {
    let all = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES384, Algorithm::EdDSA];
    let keys: Vec<(Algorithm, EncodingKey, Jwk)> = all
        .into_iter()
        .map(|algorithm| {
            let (key, jwk) = kept(algorithm, &format!("{algorithm:?}"));
            (algorithm, key, jwk)
        })
        .collect();
    let provider = Provider::start(keys.iter().map(|(_, _, jwk)| jwk.clone()).collect());
    let issuer = Issuer::new(&provider.url, &here());
    let verify = async |token: &str| issuer.verify::<Value>(token).await.map(drop);
    let signs = |algorithm: Algorithm, key: &EncodingKey, kid: Option<String>| {
        encode(&Header { kid, ..Header::new(algorithm) }, &provider.claims(|_| {}), key).unwrap()
    };
    for (algorithm, key, _) in &keys {
        let token = signs(*algorithm, key, Some(format!("{algorithm:?}")));
        assert_eq!(verify(&token).await, Ok(()), "{algorithm:?}");
        let (rest, _) = token.rsplit_once('.').unwrap();
        let (_, payload) = rest.split_once('.').unwrap();
        assert_eq!(verify(&format!("{rest}.")).await, Err(TokenError::Foreign), "{algorithm:?} without a signature");
        let none = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "kid": format!("{algorithm:?}") }).to_string());
        assert_eq!(verify(&format!("{none}.{payload}.")).await, Err(TokenError::Foreign), "none");
        let nameless = signs(*algorithm, key, None);
        assert_eq!(verify(&nameless).await, Err(TokenError::Foreign), "{algorithm:?} without kid");
        let misnamed = signs(*algorithm, key, Some("ES256".to_owned()));
        assert_eq!(verify(&misnamed).await, Err(TokenError::Foreign), "{algorithm:?} under another name");
        let other = all.iter().find(|other| *other != algorithm).unwrap();
        let swapped = signs(*algorithm, key, Some(format!("{other:?}")));
        assert_eq!(verify(&swapped).await, Err(TokenError::Foreign), "{algorithm:?} under the name of {other:?}");
    }
    // The same key, but it says what it is for.
    let (rsa, _) = kept(Algorithm::RS256, "");
    let other_padding = signs(Algorithm::PS256, &rsa, Some("RS256".to_owned()));
    assert_eq!(verify(&other_padding).await, Err(TokenError::Foreign));
    for hmac in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let public = serde_json::to_vec(&keys[0].2).unwrap();
        let forged = signs(hmac, &EncodingKey::from_secret(&public), Some("RS256".to_owned()));
        assert_eq!(verify(&forged).await, Err(TokenError::Foreign), "{hmac:?}");
    }
}

#[tokio::test]
async fn da_a09_a_token_names_whose_it_is_and_when_it_ends() {
    let (good, public) = key("one");
    let provider = Provider::start(vec![public]);
    let issuer = Issuer::new(&provider.url, &here());
    for missing in ["sub", "exp", "iss"] {
        let claims = provider.claims(|claims| {
            claims.as_object_mut().unwrap().remove(missing);
        });
        let token = signed(&good, "one", &claims);
        assert_eq!(issuer.verify::<Value>(&token).await.map(drop), Err(TokenError::Foreign), "{missing}");
    }
    let several = provider.claims(|claims| claims["iss"] = json!([claims["iss"]]));
    let token = signed(&good, "one", &several);
    assert_eq!(issuer.verify::<Value>(&token).await.map(drop), Err(TokenError::Foreign), "a list of issuers");
}

#[tokio::test]
async fn da_a18_unknown_keys_are_asked_for_at_most_once_a_minute() {
    let (first, first_public) = key("one");
    let (second, second_public) = key("two");
    let provider = Provider::start(vec![first_public]);
    let issuer = Issuer::new(&provider.url, &here());
    for _ in 0..3 {
        let token = signed(&second, "two", &provider.claims(|_| {}));
        assert_eq!(issuer.verify::<Value>(&token).await.map(drop), Err(TokenError::Foreign));
    }
    let token = signed(&first, "one", &provider.claims(|_| {}));
    assert!(issuer.verify::<Value>(&token).await.is_ok());
    assert_eq!(provider.asked.load(Ordering::SeqCst), 2, "at first, and once for the unknown one");

    // Who asks after the rotation finds the new key.
    provider.keys.lock().unwrap().push(second_public);
    let later = Issuer::new(&provider.url, &here());
    let token = signed(&second, "two", &provider.claims(|_| {}));
    assert!(later.verify::<Value>(&token).await.is_ok());
}

#[tokio::test]
async fn an_issuer_within_the_operators_network_is_not_asked_unless_it_is_allowed() {
    let (good, public) = key("one");
    let provider = Provider::start(vec![public]);
    let issuer = Issuer::new(&provider.url, &Outbound::new(Vec::new()));
    let token = signed(&good, "one", &provider.claims(|_| {}));
    assert_eq!(issuer.verify::<Value>(&token).await.map(drop), Err(TokenError::Foreign));
    assert_eq!(provider.asked.load(Ordering::SeqCst), 0);
}
