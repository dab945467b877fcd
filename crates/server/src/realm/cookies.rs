//! Cookies of the sign-in pages: the browser's session, and the token that its forms repeat.
//!
//! Both are for this site only (`SameSite=Strict`) and out of reach of scripts. On https their names begin
//! with `__Host-`, so that a neighbouring site cannot plant them.

use axum::http::{HeaderMap, HeaderValue};
use runtime::{
    documents::DocumentError,
    realm::sessions::{SECONDS, Session},
};
use subtle::ConstantTimeEq;

use super::parameters::Parameters;
use crate::{app::Shared, opendialog::cookies::cookie};

const SESSION: &str = "parlance_session";
const FORM: &str = "parlance_form";

/// The field that repeats the form's cookie.
pub(super) const FORM_FIELD: &str = "form";

/// The token of a browser's forms, and the header that gives it to a browser that has none.
pub(super) struct FormToken {
    pub(super) value: String,
    pub(super) set: Option<HeaderValue>,
}

/// The browser's own token, or a new one.
pub(super) fn form_token(app: &Shared, headers: &HeaderMap) -> FormToken {
    match cookie(headers, &name(app, FORM)).filter(|value| is_token(value)) {
        Some(value) => FormToken { value: value.to_owned(), set: None },
        None => {
            let value = hex::encode(rand::random::<[u8; 32]>());
            let set = Some(set(app, FORM, &value, SECONDS));
            FormToken { value, set }
        }
    }
}

/// Whether a form comes from our page in this browser.
pub(super) fn is_ours(app: &Shared, headers: &HeaderMap, form: &Parameters) -> bool {
    let sent = form.field(FORM_FIELD);
    cookie(headers, &name(app, FORM))
        .is_some_and(|kept| is_token(kept) && bool::from(kept.as_bytes().ct_eq(sent.as_bytes())))
}

/// The session of the browser.
pub(super) async fn session(app: &Shared, headers: &HeaderMap) -> Result<Option<Session>, DocumentError> {
    match cookie(headers, &name(app, SESSION)).filter(|secret| is_token(secret)) {
        Some(secret) => app.realm.sessions.find(secret).await,
        None => Ok(None),
    }
}

/// Signs the browser in.
pub(super) fn keep_session(app: &Shared, secret: &str) -> HeaderValue {
    set(app, SESSION, secret, SECONDS)
}

/// Signs the browser out.
pub(super) fn drop_session(app: &Shared) -> HeaderValue {
    set(app, SESSION, "", 0)
}

fn secure(app: &Shared) -> bool {
    app.own_url().starts_with("https://")
}

fn name(app: &Shared, base: &str) -> String {
    if secure(app) { format!("__Host-{base}") } else { base.to_owned() }
}

fn set(app: &Shared, base: &str, value: &str, seconds: i64) -> HeaderValue {
    let secure = if secure(app) { "; Secure" } else { "" };
    let name = name(app, base);
    HeaderValue::try_from(format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"))
        .expect("names and values of our cookies are letters and digits")
}

/// 32 bytes as hexadecimal digits.
fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())
}
