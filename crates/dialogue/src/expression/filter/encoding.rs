//! Filters that encode and decode.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::{Apply, Arguments, Datum, Group, from_text};

pub(super) const FILTERS: Group =
    &[("url_encode", url_encode), ("url_decode", url_decode), ("base64", base64), ("hex", hex)];

/// RFC 3986 §2.3: what stays as it is.
const RFC_3986: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The form encoding: a space is `+`, and `~` is encoded.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b' ');
/// Decoding does not insist on the padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const LENIENT_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const LENIENT_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

fn url_encode(arguments: Arguments) -> Result<Apply, String> {
    let rfc_3986 = arguments.flag("true")?;
    Ok(on_bytes(move |bytes| {
        Datum::owned(if rfc_3986 {
            percent_encode(bytes, RFC_3986).to_string()
        } else {
            percent_encode(bytes, FORM).to_string().replace(' ', "+")
        })
    }))
}

fn url_decode(arguments: Arguments) -> Result<Apply, String> {
    arguments.none()?;
    Ok(from_text(|text, _| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()))
}

fn base64(arguments: Arguments) -> Result<Apply, String> {
    if arguments.flag("-d")? {
        // What is no base64 decodes to nothing.
        Ok(on_bytes(|bytes| decode_base64(bytes).map_or_else(Datum::nothing, Datum::Bytes)))
    } else {
        Ok(on_bytes(|bytes| Datum::owned(STANDARD.encode(bytes))))
    }
}

fn hex(arguments: Arguments) -> Result<Apply, String> {
    arguments.none()?;
    Ok(on_bytes(|bytes| Datum::owned(::hex::encode(bytes))))
}

/// Both alphabets, with or without padding, with line breaks.
pub(super) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    LENIENT_STANDARD.decode(&text).or_else(|_| LENIENT_URL_SAFE.decode(&text)).ok()
}

fn on_bytes(change: impl Fn(&[u8]) -> Datum<'static> + Send + Sync + 'static) -> Apply {
    Arc::new(move |datum, _| if datum.is_nothing() { datum } else { change(&datum.bytes()) })
}
