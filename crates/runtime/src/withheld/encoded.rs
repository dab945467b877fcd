//! How a secret looks when it is encoded: as base64, in hexadecimal, percent-encoded. These are what ends up in headers,
//! addresses and logs without anybody meaning to hide something.
//!
//! Knows nothing of what is done to what is found.

use std::fmt::Write;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

/// Shortest value whose encodings are looked for, in bytes: parts of shorter ones are in other texts by chance.
pub(super) const SHORTEST: usize = 8;

/// Characters that `encodeURIComponent` leaves as they are, beside letters and digits.
const OF_COMPONENTS: &[u8] = b"-_.!~*'()";
/// The same of RFC 3986 (§2.3).
const UNRESERVED: &[u8] = b"-_.~";
/// The same of forms, where a space is `+`.
const OF_FORMS: &[u8] = b"-_.*";

/// The encodings of a value, some of them maybe twice. A value that is too short has none.
pub(super) fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    if bytes.len() < SHORTEST {
        return Vec::new();
    }
    let mut forms = base64(bytes);
    forms.extend([hex::encode(bytes), hex::encode_upper(bytes)]);
    for digits in [Digits::Upper, Digits::Lower] {
        forms.push(percent(bytes, OF_COMPONENTS, digits));
        forms.push(percent(bytes, UNRESERVED, digits));
        forms.push(percent(bytes, OF_FORMS, digits).replace("%20", "+"));
        forms.push(all_percent(bytes, digits));
    }
    forms
}

/// A value alone, and within something longer: what is before it shifts its bits against the characters. Characters that
/// it shares with its neighbours are not looked for; they hold four of its bits at each end at most.
fn base64(bytes: &[u8]) -> Vec<String> {
    let mut forms = vec![STANDARD_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)];
    for before in 0..3_usize {
        let shifted = [&[0; 2][..before], bytes].concat();
        let (first, end) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
        for whole in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.push(whole[first..end].to_owned());
        }
    }
    forms
}

/// Which letters hexadecimal digits have.
#[derive(Clone, Copy)]
enum Digits {
    Upper,
    Lower,
}

fn percent(bytes: &[u8], stay: &[u8], digits: Digits) -> String {
    encoded(bytes, |byte| byte.is_ascii_alphanumeric() || stay.contains(&byte), digits)
}

fn all_percent(bytes: &[u8], digits: Digits) -> String {
    encoded(bytes, |_| false, digits)
}

fn encoded(bytes: &[u8], stays: impl Fn(u8) -> bool, digits: Digits) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if stays(byte) {
            text.push(char::from(byte));
            continue;
        }
        let written = match digits {
            Digits::Upper => write!(text, "%{byte:02X}"),
            Digits::Lower => write!(text, "%{byte:02x}"),
        };
        written.expect("a text takes what is written");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t/? ~key\u{fe}>";

    fn is_found(text: &str) -> bool {
        forms(SECRET).iter().any(|form| text.contains(form.as_str()))
    }

    #[test]
    fn base64_is_found_alone_and_within_something_longer() {
        assert_eq!(forms("hunter22")[0], "aHVudGVyMjI");
        for before in 0..7 {
            for after in 0..7 {
                let whole = format!("{}{SECRET}{}", "<".repeat(before), "\u{7f}".repeat(after));
                for text in [STANDARD_NO_PAD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)] {
                    assert!(is_found(&text), "{before} before, {after} after");
                }
            }
        }
    }

    #[test]
    fn base64_of_another_is_not_found() {
        for other in ["s3cr3t/? ~kex\u{fe}>", "S3cr3t/? ~key\u{fe}>", "s3cr3t"] {
            assert!(!is_found(&STANDARD_NO_PAD.encode(other)), "{other}");
        }
    }

    #[test]
    fn what_shares_characters_with_its_neighbours_is_left_out() {
        // The same value behind different neighbours: what is looked for must not depend on them.
        let shifted = forms("hunter22")[2..8].to_vec();
        assert_eq!(shifted.len(), 6);
        for form in &shifted {
            assert!((9..=10).contains(&form.len()), "{form}");
        }
    }

    #[test]
    fn hexadecimal_digits_are_found_in_both_cases() {
        let digits = hex::encode(SECRET);
        assert!(is_found(&format!("0x{digits}00")) && is_found(&digits.to_uppercase()));
        assert!(!is_found(&digits[2..]));
    }

    #[test]
    fn percent_encodings_are_found() {
        for text in [
            "s3cr3t%2F%3F%20~key%C3%BE%3E",
            "s3cr3t%2f%3f%20~key%c3%be%3e",
            "s3cr3t%2F%3F+%7Ekey%C3%BE%3E",
            "q=%73%33%63%72%33%74%2F%3F%20%7E%6B%65%79%C3%BE%3E&r=1",
        ] {
            assert!(is_found(text), "{text}");
        }
        assert!(forms("it's (all)~right!").iter().any(|form| form == "it's%20(all)~right!"));
        assert!(forms("it's (all)~right!").iter().any(|form| form == "it%27s%20%28all%29~right%21"));
    }

    #[test]
    fn short_values_have_no_encodings() {
        assert!(forms("hunter2").is_empty());
        assert!(!forms("hunter22").is_empty());
    }
}
