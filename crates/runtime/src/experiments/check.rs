//! What flags may be. The bounds keep a turn cheap and an attribute's name readable.

use std::{collections::HashSet, ops::RangeInclusive};

use serde_json::Value;

use super::{Condition, Flag, Flags, Rule, Variant};
use crate::documents::DocumentError;

/// Most flags of an agent.
pub const MAX_FLAGS: usize = 50;
/// Most variants of a flag.
pub const MAX_VARIANTS: usize = 20;
/// Largest weight of a variant.
pub const MAX_WEIGHT: u32 = 1_000_000;

const MAX_NAME: usize = 60;
const MAX_RULES: usize = 20;
const MAX_CONDITIONS: usize = 10;
const MAX_VALUES: usize = 100;
/// Longest attribute name, salt and value, in characters.
const MAX_TEXT: usize = 200;

type Checked = Result<(), DocumentError>;

/// Refuses flags that cannot be evaluated, naming the first place that is wrong.
pub(super) fn check(flags: &Flags) -> Checked {
    count("flags", flags.flags.len(), 0..=MAX_FLAGS)?;
    let mut names = HashSet::new();
    for (index, flag) in flags.flags.iter().enumerate() {
        let at = format!("flags[{index}]");
        name(&format!("{at}.name"), &flag.name)?;
        if !names.insert(flag.name.as_str()) {
            return wrong(
                format!("{at}.name"),
                format!("there is a flag `{}` already: choose another name", flag.name),
            );
        }
        check_flag(&at, flag)?;
    }
    Ok(())
}

fn check_flag(at: &str, flag: &Flag) -> Checked {
    let field = format!("{at}.variants");
    count(&field, flag.variants.len(), 1..=MAX_VARIANTS)?;
    shares(&field, &flag.variants)?;
    known(&format!("{at}.default_variant"), flag, &flag.default_variant)?;
    if flag.salt.chars().count() > MAX_TEXT || flag.salt.chars().any(char::is_control) {
        return wrong(format!("{at}.salt"), format!("use at most {MAX_TEXT} characters, none a control character"));
    }
    count(&format!("{at}.rules"), flag.rules.len(), 0..=MAX_RULES)?;
    for (index, rule) in flag.rules.iter().enumerate() {
        check_rule(&format!("{at}.rules[{index}]"), flag, rule)?;
    }
    Ok(())
}

fn check_rule(at: &str, flag: &Flag, rule: &Rule) -> Checked {
    count(&format!("{at}.conditions"), rule.conditions.len(), 0..=MAX_CONDITIONS)?;
    for (index, condition) in rule.conditions.iter().enumerate() {
        check_condition(&format!("{at}.conditions[{index}]"), condition)?;
    }
    if let Some(variant) = &rule.variant {
        known(&format!("{at}.variant"), flag, variant)?;
        if !rule.split.is_empty() {
            return wrong(format!("{at}.split"), "name a variant or a split, not both".to_owned());
        }
    }
    if rule.split.is_empty() {
        return Ok(());
    }
    let field = format!("{at}.split");
    count(&field, rule.split.len(), 1..=MAX_VARIANTS)?;
    shares(&field, &rule.split)?;
    for (index, share) in rule.split.iter().enumerate() {
        known(&format!("{field}[{index}].name"), flag, &share.name)?;
    }
    Ok(())
}

fn check_condition(at: &str, condition: &Condition) -> Checked {
    let attribute = &condition.attribute;
    let letters = attribute.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if attribute.is_empty() || attribute.chars().count() > MAX_TEXT || !letters {
        let complaint = format!("name an attribute of the contact without its context, at most {MAX_TEXT} characters");
        return wrong(format!("{at}.attribute"), complaint);
    }
    match (&condition.equals, condition.among.is_empty()) {
        (None, true) => return wrong(format!("{at}.equals"), "say a value, or several under `in`".to_owned()),
        (Some(_), false) => return wrong(format!("{at}.in"), "use `equals` or `in`, not both".to_owned()),
        _ => {}
    }
    count(&format!("{at}.in"), condition.among.len(), 0..=MAX_VALUES)?;
    if let Some(value) = &condition.equals {
        scalar(&format!("{at}.equals"), value)?;
    }
    for (index, value) in condition.among.iter().enumerate() {
        scalar(&format!("{at}.in[{index}]"), value)?;
    }
    Ok(())
}

/// Names that are unique, weights within their bounds, and something to share out.
fn shares(field: &str, shares: &[Variant]) -> Checked {
    let mut names = HashSet::new();
    for (index, share) in shares.iter().enumerate() {
        name(&format!("{field}[{index}].name"), &share.name)?;
        if !names.insert(share.name.as_str()) {
            return wrong(format!("{field}[{index}].name"), format!("`{}` stands there twice", share.name));
        }
        if share.weight > MAX_WEIGHT {
            return wrong(format!("{field}[{index}].weight"), format!("use a whole number from 0 to {MAX_WEIGHT}"));
        }
    }
    if shares.iter().all(|share| share.weight == 0) {
        return wrong(field.to_owned(), "give at least one variant a weight above 0".to_owned());
    }
    Ok(())
}

fn name(field: &str, name: &str) -> Checked {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if (1..=MAX_NAME).contains(&name.len()) && letters {
        return Ok(());
    }
    wrong(field.to_owned(), format!("use 1 to {MAX_NAME} lower-case letters, digits and underscores"))
}

fn known(field: &str, flag: &Flag, variant: &str) -> Checked {
    if flag.has(variant) {
        return Ok(());
    }
    wrong(field.to_owned(), format!("name one of the flag's variants: it has no `{variant}`"))
}

fn scalar(field: &str, value: &Value) -> Checked {
    let fits = match value {
        Value::String(text) => text.chars().count() <= MAX_TEXT,
        Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    if fits {
        return Ok(());
    }
    wrong(field.to_owned(), format!("use a number, a boolean, or a text of at most {MAX_TEXT} characters"))
}

fn count(field: &str, count: usize, bounds: RangeInclusive<usize>) -> Checked {
    if bounds.contains(&count) {
        return Ok(());
    }
    wrong(field.to_owned(), format!("{} to {} are possible; these are {count}", bounds.start(), bounds.end()))
}

fn wrong(field: String, complaint: String) -> Checked {
    Err(DocumentError::invalid(field, complaint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::flag;
    use super::*;

    fn field_of(change: Value) -> String {
        match check(&Flags { flags: vec![flag(change)] }) {
            Ok(()) => "nothing".to_owned(),
            Err(DocumentError::Invalid { field, .. }) => field,
            Err(other) => other.to_string(),
        }
    }

    #[test]
    fn the_first_place_that_is_wrong_is_named() {
        let rule = |rule: Value| json!({ "rules": [rule] });
        for (change, field) in [
            (json!({}), "nothing"),
            (json!({ "name": "" }), "flags[0].name"),
            (json!({ "name": "Greeting" }), "flags[0].name"),
            (json!({ "name": "x".repeat(61) }), "flags[0].name"),
            (json!({ "variants": [] }), "flags[0].variants"),
            (json!({ "variants": [{ "name": "control", "weight": 0 }] }), "flags[0].variants"),
            (json!({ "variants": [{ "name": "control", "weight": 1_000_001 }] }), "flags[0].variants[0].weight"),
            (
                json!({ "variants": [{ "name": "control", "weight": 1 }, { "name": "control", "weight": 1 }] }),
                "flags[0].variants[1].name",
            ),
            (json!({ "default_variant": "cold" }), "flags[0].default_variant"),
            (json!({ "salt": "\n" }), "flags[0].salt"),
            (rule(json!({})), "nothing"),
            (rule(json!({ "variant": "cold" })), "flags[0].rules[0].variant"),
            (rule(json!({ "split": [{ "name": "cold", "weight": 1 }] })), "flags[0].rules[0].split[0].name"),
            (rule(json!({ "variant": "warm", "split": [{ "name": "warm", "weight": 1 }] })), "flags[0].rules[0].split"),
            (
                rule(json!({ "conditions": [{ "attribute": "a b", "equals": 1 }] })),
                "flags[0].rules[0].conditions[0].attribute",
            ),
            (rule(json!({ "conditions": [{ "attribute": "a" }] })), "flags[0].rules[0].conditions[0].equals"),
            (
                rule(json!({ "conditions": [{ "attribute": "a", "in": [[]] }] })),
                "flags[0].rules[0].conditions[0].in[0]",
            ),
            (
                rule(json!({ "conditions": [{ "attribute": "a", "equals": 1, "in": [2] }] })),
                "flags[0].rules[0].conditions[0].in",
            ),
        ] {
            assert_eq!(field_of(change.clone()), field, "{change}");
        }
        let twice = Flags { flags: vec![flag(json!({})), flag(json!({}))] };
        assert!(check(&twice).is_err());
        let named = |n: usize| flag(json!({ "name": format!("flag_{n}") }));
        assert!(check(&Flags { flags: (0..MAX_FLAGS).map(named).collect() }).is_ok());
        assert!(check(&Flags { flags: (0..=MAX_FLAGS).map(named).collect() }).is_err());
    }
}
