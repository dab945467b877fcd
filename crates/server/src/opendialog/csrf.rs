//! Cross-site request forgery: the signed double-submit cookie (spec/opendialog.md §5.1.1; names
//! are ours, docs/chat-api.md).
//!
//! The token is a random number and its HMAC under the tenant's key, so that a neighbouring site
//! that can plant cookies cannot plant a valid one.

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use runtime::tenants::SigningKey;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::cookies::{Readable, cookie, set_cookie};

/// The cookie that carries the token.
pub(crate) const COOKIE: &str = "parlance_csrf_token";
/// Headers that may repeat it.
const HEADERS: [&str; 2] = ["x-csrf-token", "x-xsrf-token"];
const SECONDS: i64 = 30 * 24 * 3600;

/// The token to use: the client's own when it is still good, else a new one.
pub(crate) fn token(headers: &HeaderMap, keys: &[SigningKey]) -> Option<String> {
    match cookie(headers, COOKIE) {
        Some(token) if genuine(token, keys) => Some(token.to_owned()),
        _ => {
            let nonce: [u8; 16] = rand::random();
            let nonce = URL_SAFE_NO_PAD.encode(nonce);
            let seal = URL_SAFE_NO_PAD.encode(seal(&nonce, keys.first()?).finalize().into_bytes());
            Some(format!("{nonce}.{seal}"))
        }
    }
}

/// The header that hands the token to the browser.
pub(crate) fn issue(token: &str, secure: bool) -> HeaderValue {
    set_cookie(COOKIE, token, SECONDS, Readable::ByScripts, secure)
}

/// Whether a header repeats the cookie, and the cookie is ours.
pub(crate) fn holds(headers: &HeaderMap, keys: &[SigningKey]) -> bool {
    let header = HEADERS.iter().find_map(|name| headers.get(*name));
    match (header, cookie(headers, COOKIE)) {
        (Some(header), Some(cookie)) => {
            bool::from(header.as_bytes().ct_eq(cookie.as_bytes())) && genuine(cookie, keys)
        }
        _ => false,
    }
}

fn genuine(token: &str, keys: &[SigningKey]) -> bool {
    let Some((nonce, sealed)) = token.split_once('.') else { return false };
    let Ok(sealed) = URL_SAFE_NO_PAD.decode(sealed) else { return false };
    keys.iter().any(|key| seal(nonce, key).verify_slice(&sealed).is_ok())
}

fn seal(nonce: &str, key: &SigningKey) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).expect("HMAC takes keys of any length");
    mac.update(b"csrf:");
    mac.update(nonce.as_bytes());
    mac
}
