//! Which client calls, and that it is the one (RFC 6749 §2.3, RFC 7636 for those without a secret).

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use runtime::realm::clients::{Client, ClientKind};

use super::{parameters::Parameters, refusal::OauthRefusal};
use crate::app::{Shared, text};

/// The client that calls; none when none is named. One that has a secret must have sent it.
pub(super) async fn calling(
    app: &Shared,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Option<Client>, OauthRefusal> {
    let (id, secret) = match basic(headers)? {
        Some((id, secret)) => {
            if parameters.get("client_secret")?.is_some() {
                return Err(OauthRefusal::request("the client proves itself twice: by header and in the form"));
            }
            if parameters.get("client_id")?.is_some_and(|named| named != id) {
                return Err(OauthRefusal::request("header and form name different clients"));
            }
            (id, Some(secret).filter(|secret| !secret.is_empty()))
        }
        None => match parameters.get("client_id")? {
            Some(id) => (id.to_owned(), parameters.get("client_secret")?.map(str::to_owned)),
            None => return Ok(None),
        },
    };
    let client = app.realm.clients.get(&id).await?.ok_or_else(OauthRefusal::client)?;
    let proved = match (&client.kind, secret) {
        (ClientKind::Public { .. }, None) => true,
        (ClientKind::Public { .. }, Some(_)) | (ClientKind::Service { .. }, None) => false,
        (ClientKind::Service { .. }, Some(secret)) => client.has_secret(&secret),
    };
    if proved { Ok(Some(client)) } else { Err(OauthRefusal::client()) }
}

/// The same where a client must be named.
pub(super) async fn need(app: &Shared, headers: &HeaderMap, parameters: &Parameters) -> Result<Client, OauthRefusal> {
    calling(app, headers, parameters).await?.ok_or_else(|| OauthRefusal::request("client_id is missing"))
}

/// Id and secret of an `Authorization: Basic` header, each encoded as in a form (RFC 6749 §2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, OauthRefusal> {
    let Some(header) = text(headers, header::AUTHORIZATION.as_str()) else { return Ok(None) };
    let Some((scheme, encoded)) = header.split_once(' ') else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(OauthRefusal::client)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(OauthRefusal::client)?;
    Ok(Some((form_decoded(id), form_decoded(secret))))
}

fn form_decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
