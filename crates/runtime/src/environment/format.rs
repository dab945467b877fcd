//! How values of the environment are written. No complaint quotes a value: it may be a secret.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value that is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A text in one line.
    Text {
        /// In characters.
        longest: usize,
    },
    /// An address.
    Url,
    /// Names of hosts with commas between; `*.` in front stands for all below.
    Domains,
    /// A whole number within bounds.
    Integer {
        /// The smallest.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// True or false.
    Boolean,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A number and a unit, `s`, `m`, `h` or `d`.
    Duration {
        /// The shortest, in seconds.
        least: u64,
        /// The longest, in seconds.
        most: u64,
    },
    /// A text that is never shown.
    Secret,
}

/// Characters of an address.
const LONGEST_URL: usize = 2_048;
const MOST_DOMAINS: usize = 200;

impl Format {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text { .. } => "string",
            Self::Url => "url",
            Self::Domains => "domains",
            Self::Integer { .. } => "integer",
            Self::Boolean => "boolean",
            Self::Choice(_) => "enum",
            Self::Duration { .. } => "duration",
            Self::Secret => "secret",
        }
    }

    /// What a value must look like, in words.
    pub fn rule(self) -> String {
        match self {
            Self::Text { longest } => format!("a text in one line, at most {longest} characters"),
            Self::Url => "an address that begins with http:// or https:// and names a host".to_owned(),
            Self::Domains => {
                format!("at most {MOST_DOMAINS} names of hosts with commas between: `example.com, *.example.org`")
            }
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Duration { least, most } => {
                format!("a number and a unit (s, m, h, d), such as `90s` or `2h`: from {least} to {most} seconds")
            }
            Self::Secret => "a text of 1 to 65536 bytes; it is never shown".to_owned(),
        }
    }

    /// The value, if it is one of this form; its rule otherwise. Secrets are none of its business.
    ///
    /// # Errors
    /// What a value must look like.
    pub fn check(self, value: &Value) -> Result<Scalar, String> {
        let text = value.as_str();
        let fits = match self {
            Self::Text { longest } => text.is_some_and(|text| is_line(text, longest)),
            Self::Url => text.is_some_and(is_url),
            Self::Domains => text.is_some_and(are_domains),
            Self::Integer { least, most } => value.as_i64().is_some_and(|number| (least..=most).contains(&number)),
            Self::Boolean => value.is_boolean(),
            Self::Choice(words) => text.is_some_and(|text| words.contains(&text)),
            Self::Duration { least, most } => {
                text.and_then(seconds).is_some_and(|seconds| (least..=most).contains(&seconds))
            }
            Self::Secret => false,
        };
        let scalar = match value {
            Value::Bool(truth) => Some(Scalar::Boolean(*truth)),
            Value::Number(number) => number.as_i64().map(Scalar::Integer),
            Value::String(text) => Some(Scalar::Text(text.clone())),
            _ => None,
        };
        scalar.filter(|_| fits).ok_or_else(|| self.rule())
    }

    /// A value as it is typed on a command line.
    pub fn typed(self, text: &str) -> Value {
        match self {
            Self::Integer { .. } => text.trim().parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
            Self::Boolean => text.trim().parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
            _ => Value::from(text),
        }
    }
}

fn is_line(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.contains(char::is_control)
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    // Credentials in an address would be shown with it.
    host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
        && is_line(text, LONGEST_URL)
        && !text.contains(char::is_whitespace)
}

fn are_domains(text: &str) -> bool {
    let domains: Vec<&str> = text.split(',').map(str::trim).collect();
    text.trim().is_empty() || (domains.len() <= MOST_DOMAINS && domains.into_iter().all(is_domain))
}

/// A host, or all below one; a port where only that one is meant.
fn is_domain(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|port| port.starts_with('+') || !port.parse::<u16>().is_ok_and(|number| number > 0)) {
        return false;
    }
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// The seconds of `90s`, `15m`, `2h` or `1d`.
pub fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    // A sign would be read too.
    number.parse::<u64>().ok().filter(|_| number.starts_with(|c: char| c.is_ascii_digit()))?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_of_their_form_or_told_what_it_is() {
        let integer = Format::Integer { least: 1, most: 300 };
        let choice = Format::Choice(&["a", "b"]);
        let duration = Format::Duration { least: 10, most: 3_600 };
        for (format, good) in [
            (integer, json!(1)),
            (integer, json!(300)),
            (Format::Boolean, json!(false)),
            (choice, json!("b")),
            (duration, json!("90s")),
            (duration, json!("1h")),
            (Format::Text { longest: 3 }, json!("äöü")),
            (Format::Url, json!("https://api.example.com:8443/v1?x=1")),
            (Format::Domains, json!("example.com, *.example.org")),
            (Format::Domains, json!("localhost:8080, 127.0.0.1")),
            (Format::Domains, json!("")),
        ] {
            assert!(format.check(&good).is_ok(), "{format:?} {good}");
        }
        for (format, bad) in [
            (integer, json!(0)),
            (integer, json!(301)),
            (integer, json!(1.5)),
            (integer, json!("30")),
            (Format::Boolean, json!("true")),
            (choice, json!("c")),
            (choice, json!(null)),
            (duration, json!("9s")),
            (duration, json!("2h")),
            (duration, json!("90")),
            (duration, json!("+90s")),
            (duration, json!("")),
            (duration, json!("90µ")),
            (Format::Text { longest: 3 }, json!("abcd")),
            (Format::Text { longest: 3 }, json!("a\nb")),
            (Format::Url, json!("https://")),
            (Format::Url, json!("ftp://example.com")),
            (Format::Url, json!("https://user:pass@example.com/")),
            (Format::Domains, json!("https://example.com")),
            (Format::Domains, json!("example.com,,b")),
            (Format::Domains, json!("-a.com")),
            (Format::Domains, json!("example.com:0")),
            (Format::Domains, json!("example.com:+80")),
            (Format::Domains, json!("example.com:")),
            (Format::Secret, json!("x")),
            (Format::Text { longest: 3 }, json!([])),
        ] {
            assert_eq!(format.check(&bad), Err(format.rule()), "{format:?} {bad}");
        }
    }

    #[test]
    fn what_is_typed_is_of_the_form_where_it_can_be() {
        let integer = Format::Integer { least: 1, most: 300 };
        assert_eq!(integer.typed("30"), json!(30));
        assert_eq!(integer.typed("thirty"), json!("thirty"));
        assert_eq!(Format::Boolean.typed("true"), json!(true));
        assert_eq!(Format::Text { longest: 9 }.typed("30"), json!("30"));
    }
}
