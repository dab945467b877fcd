//! Filters that digest. They give raw bytes, which `base64` and `hex` turn into text.

use std::borrow::Cow;
use std::sync::Arc;

use hmac::digest::Digest as _;
use hmac::{Hmac, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::encoding::decode_base64;
use super::{Apply, Argument, Arguments, Datum, Group};

pub(super) const FILTERS: Group = &[("md5", md5), ("hmac", hmac)];

fn md5(arguments: Arguments) -> Result<Apply, String> {
    let digest_empty = arguments.flag("true")?;
    Ok(Arc::new(move |datum, _| {
        let input = datum.bytes();
        if input.is_empty() && !digest_empty { Datum::nothing() } else { Datum::Bytes(Md5::digest(input).to_vec()) }
    }))
}

/// How the key of an hmac is written.
#[derive(Clone, Copy)]
enum KeyForm {
    Text,
    Base64,
    Hex,
}

fn hmac(arguments: Arguments) -> Result<Apply, String> {
    let [Some(algorithm), Some(key), form] = arguments.optional()? else {
        return Err("takes an algorithm, a key and perhaps the key's form".to_owned());
    };
    let sign: fn(&[u8], &[u8]) -> Vec<u8> = match algorithm.literal() {
        Some("sha256") => digest::<Hmac<Sha256>>,
        Some("sha512") => digest::<Hmac<Sha512>>,
        Some("sha1") => digest::<Hmac<Sha1>>,
        Some("md5") => digest::<Hmac<Md5>>,
        _ => return Err("the algorithm must be sha256, sha512, sha1 or md5".to_owned()),
    };
    let form = match form.as_ref().map(Argument::literal) {
        None | Some(Some("text")) => KeyForm::Text,
        Some(Some("base64")) => KeyForm::Base64,
        Some(Some("hex")) => KeyForm::Hex,
        Some(_) => return Err("the key's form must be text, base64 or hex".to_owned()),
    };
    if let Some(literal) = key.literal() {
        key_bytes(literal, form).ok_or("the key is not of the form that is named after it")?;
    }
    Ok(Arc::new(move |datum, scope| {
        if datum.is_nothing() {
            return datum;
        }
        match key_bytes(&key.text(scope), form) {
            Some(key) => Datum::Bytes(sign(&key, &datum.bytes())),
            None => Datum::nothing(),
        }
    }))
}

fn key_bytes(key: &str, form: KeyForm) -> Option<Cow<'_, [u8]>> {
    match form {
        KeyForm::Text => Some(Cow::Borrowed(key.as_bytes())),
        KeyForm::Base64 => decode_base64(key.as_bytes()).map(Cow::Owned),
        KeyForm::Hex => hex::decode(key.trim()).ok().map(Cow::Owned),
    }
}

fn digest<M: Mac + hmac::digest::KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = <M as Mac>::new_from_slice(key).expect("an HMAC takes a key of any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}
