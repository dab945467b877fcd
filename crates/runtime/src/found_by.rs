//! The attributes by which contacts are looked for (spec/opendialog.md §1.3), as a turn leaves them.

use dialogue::engine::ContactState;
use serde_json::Value;

/// Their names. An index serves each.
pub const NAMES: [&str; 9] =
    ["ip_address", "country", "browser_language", "os", "browser", "timezone", "email", PLATFORM, "selected_scenario"];

/// The channel, unless an attribute says otherwise.
const PLATFORM: &str = "platform";

/// Longest value that is looked for, in characters; of a longer one, its beginning.
const LONGEST: usize = 500;

/// What a turn changed of them; none stands for "gone". The first turn of a transcript says them all, so
/// that a contact can still be found when its earlier transcripts have expired.
pub(crate) fn changes(
    before: &ContactState,
    after: &ContactState,
    turn: u32,
    platform: &str,
) -> Vec<(String, Option<String>)> {
    NAMES
        .iter()
        .filter_map(|name| {
            let had = if turn == 1 { None } else { value(before, name, platform) };
            let has = value(after, name, platform);
            (had != has).then(|| ((*name).to_owned(), has))
        })
        .collect()
}

/// Whether a value is how clients say that they do not know: the web chat sends `n/a` (spec/opendialog.md §5.2).
pub fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty() || text.trim().eq_ignore_ascii_case("n/a"),
        _ => false,
    }
}

fn value(contact: &ContactState, name: &str, platform: &str) -> Option<String> {
    let known = contact.attributes.get(name).map(|attribute| &attribute.value);
    match known.filter(|value| !says_nothing(value)) {
        Some(Value::String(text)) => Some(text.chars().take(LONGEST).collect()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        Some(_) => None,
        None => (name == PLATFORM).then(|| platform.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use model::attribute::{Attribute, Provenance};
    use serde_json::json;

    use super::*;

    fn contact(attributes: &[(&str, Value)]) -> ContactState {
        let attribute = |(name, value): &(&str, Value)| {
            ((*name).to_owned(), Attribute { value: value.clone(), provenance: Provenance::Browser })
        };
        ContactState {
            first_seen: Timestamp::from_seconds(1),
            attributes: attributes.iter().map(attribute).collect(),
            ..ContactState::default()
        }
    }

    #[test]
    fn only_what_changed_is_written() {
        let some = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
        let before = contact(&[("browser", json!("chrome 105.0.0")), ("os", json!("Linux")), ("mood", json!("fine"))]);
        let after = contact(&[("browser", json!("chrome 106.0.0")), ("mood", json!("better")), ("country", json!(44))]);
        assert_eq!(
            changes(&before, &after, 2, "webchat"),
            [some("country", "44"), ("os".to_owned(), None), some("browser", "chrome 106.0.0")]
        );
        assert_eq!(changes(&before, &contact(&[]), 1, "webchat"), [some("platform", "webchat")]);
        assert_eq!(changes(&after, &after, 3, "webchat"), []);
        let unknown = contact(&[("country", json!("n/a")), ("os", json!(" ")), ("platform", json!("N/A"))]);
        assert_eq!(changes(&unknown, &unknown, 1, "webchat"), [some("platform", "webchat")]);
    }
}
