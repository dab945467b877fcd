//! The attributes by which contacts are looked for (spec/opendialog.md §1.3), as a turn leaves them.

use dialogue::engine::ContactState;
use model::Timestamp;
use serde_json::Value;

/// Their names. An index serves each.
pub const NAMES: [&str; 9] =
    ["ip_address", "country", "browser_language", "os", "browser", "timezone", "email", PLATFORM, "selected_scenario"];

/// The channel, unless an attribute says otherwise.
const PLATFORM: &str = "platform";

/// Longest value that is looked for, in characters; of a longer one, its beginning.
const LONGEST: usize = 500;

/// What a turn changed of them; none stands for "gone".
pub(crate) fn changes(before: &ContactState, after: &ContactState, platform: &str) -> Vec<(String, Option<String>)> {
    let new = before.first_seen == Timestamp::default();
    NAMES
        .iter()
        .filter_map(|name| {
            let had = if new { None } else { value(before, name, platform) };
            let has = value(after, name, platform);
            (had != has).then(|| ((*name).to_owned(), has))
        })
        .collect()
}

fn value(contact: &ContactState, name: &str, platform: &str) -> Option<String> {
    match contact.attributes.get(name).map(|attribute| &attribute.value) {
        Some(Value::String(text)) => Some(text.chars().take(LONGEST).collect()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        Some(_) => None,
        None => (name == PLATFORM).then(|| platform.to_owned()),
    }
}

#[cfg(test)]
mod tests {
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
            changes(&before, &after, "webchat"),
            [some("country", "44"), ("os".to_owned(), None), some("browser", "chrome 106.0.0")]
        );
        assert_eq!(changes(&ContactState::default(), &contact(&[]), "webchat"), [some("platform", "webchat")]);
        assert_eq!(changes(&after, &after, "webchat"), []);
    }
}
