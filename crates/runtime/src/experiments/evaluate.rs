//! Which variant a contact gets: a function of the flag, the contact's id and its attributes, and of
//! nothing else. Asked again, it says the same; another flag's weights do not matter to it.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Flag, Variant};

/// Why a contact got its variant (spec/opendialog.md §1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// A rule matched, or the flag has none and the split assigned.
    RuleMatch,
    /// The flag is off, or none of its rules matched.
    Default,
}

/// What came of looking at a flag for a contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation<'f> {
    /// The variant.
    pub variant: &'f str,
    /// Why this one.
    pub reason: Reason,
    /// The attributes that the rules looked at, with the values that they saw; null for none.
    pub context: Map<String, Value>,
}

/// Longest text that is noted of an attribute, in characters.
const NOTED: usize = 200;

impl Flag {
    /// Evaluates the flag for a contact whose attributes `attribute` knows.
    pub fn evaluate<'a>(&self, contact: &str, attribute: impl Fn(&str) -> Option<&'a Value>) -> Evaluation<'_> {
        let mut context = Map::new();
        let assigned = if !self.enabled {
            None
        } else if self.rules.is_empty() {
            Some(self.split(&self.variants, contact))
        } else {
            let matched = self.rules.iter().find(|rule| {
                rule.conditions.iter().all(|condition| {
                    let value = attribute(&condition.attribute);
                    context.insert(condition.attribute.clone(), noted(value));
                    condition.holds(value)
                })
            });
            matched.map(|rule| match &rule.variant {
                Some(variant) => variant.as_str(),
                None if rule.split.is_empty() => self.split(&self.variants, contact),
                None => self.split(&rule.split, contact),
            })
        };
        match assigned {
            Some(variant) => Evaluation { variant, reason: Reason::RuleMatch, context },
            None => Evaluation { variant: &self.default_variant, reason: Reason::Default, context },
        }
    }

    /// The share into whose part of the weights the contact falls.
    fn split<'f>(&'f self, shares: &'f [Variant], contact: &str) -> &'f str {
        let total: u64 = shares.iter().map(|share| u64::from(share.weight)).sum();
        let mut bucket = self.bucket(contact, total);
        for share in shares {
            let weight = u64::from(share.weight);
            if bucket < weight {
                return &share.name;
            }
            bucket -= weight;
        }
        &self.default_variant
    }

    /// A number below `total` that is always the same for a contact, and looks like chance.
    fn bucket(&self, contact: &str, total: u64) -> u64 {
        let mut hash = Sha256::new();
        // None of them has a control character, so no two triples read the same.
        for part in [self.salt.as_str(), &self.name, contact] {
            hash.update(part.as_bytes());
            hash.update([0_u8]);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        let head = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        // The head as a fraction of 2^64, times the total.
        ((u128::from(head) * u128::from(total)) >> 64) as u64
    }
}

/// A value as it is noted: scalars, and of a long text its beginning.
fn noted(value: Option<&Value>) -> Value {
    match value {
        Some(Value::String(text)) => text.chars().take(NOTED).collect::<String>().into(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.clone(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::tests::flag;
    use super::*;

    const CONTACTS: usize = 20_000;

    fn nothing(_: &str) -> Option<&'static Value> {
        None
    }

    fn assigned(flag: &Flag) -> Vec<String> {
        (0..CONTACTS).map(|n| flag.evaluate(&format!("user-{n}"), nothing).variant.to_owned()).collect()
    }

    fn weighted(weights: &[u32]) -> Flag {
        let names = ["control", "warm", "cold", "odd"];
        let variants: Vec<_> =
            names.iter().zip(weights).map(|(name, weight)| json!({ "name": name, "weight": weight })).collect();
        flag(json!({ "variants": variants }))
    }

    #[test]
    fn a_contact_always_gets_the_same_variant() {
        let flag = weighted(&[1, 2, 3]);
        assert_eq!(assigned(&flag), assigned(&flag));
        assert_eq!(flag.evaluate("user-1", nothing).reason, Reason::RuleMatch);
    }

    #[test]
    fn shares_are_as_the_weights_say() {
        for weights in [&[1, 1][..], &[90, 10], &[1, 2, 3, 4], &[0, 1], &[1_000_000, 1_000_000, 500_000], &[7]] {
            let flag = weighted(weights);
            let mut counts = BTreeMap::<String, usize>::new();
            for variant in assigned(&flag) {
                *counts.entry(variant).or_default() += 1;
            }
            let total: f64 = weights.iter().copied().map(f64::from).sum();
            for variant in &flag.variants {
                let share = counts.get(&variant.name).copied().unwrap_or_default() as f64 / CONTACTS as f64;
                let due = f64::from(variant.weight) / total;
                assert!((share - due).abs() < 0.02, "{weights:?}: {} has {share}, due {due}", variant.name);
            }
        }
    }

    #[test]
    fn flags_split_independently_of_each_other() {
        let one = weighted(&[1, 1]);
        let other = Flag { name: "farewell".to_owned(), ..one.clone() };
        let before = assigned(&other);
        // What one flag's weights become, the other never sees; and the two do not agree by more than chance.
        let alike = assigned(&one).iter().zip(&before).filter(|(one, other)| one == other).count();
        assert!((alike as f64 / CONTACTS as f64 - 0.5).abs() < 0.02, "{alike}");
        let resalted = Flag { salt: "another".to_owned(), ..other.clone() };
        let alike = assigned(&resalted).iter().zip(&before).filter(|(one, other)| one == other).count();
        assert!((alike as f64 / CONTACTS as f64 - 0.5).abs() < 0.02, "{alike}");
        assert_eq!(assigned(&other), before);
    }

    #[test]
    fn growing_a_share_moves_only_those_who_join_it() {
        let (before, after) = (assigned(&weighted(&[90, 10])), assigned(&weighted(&[80, 20])));
        for (before, after) in before.iter().zip(&after) {
            assert!(before == after || after == "warm", "{before} became {after}");
        }
    }

    #[test]
    fn od_g01_rules_match_attributes_and_everybody_else_has_the_default() {
        let flag = flag(json!({ "rules": [
            { "conditions": [{ "attribute": "country", "in": ["DE", "AT"] }, { "attribute": "age", "equals": 42 }], "variant": "warm" },
            { "conditions": [{ "attribute": "staff", "equals": true }], "split": [{ "name": "warm", "weight": 1 }] },
        ] }));
        let evaluated = |attributes: Value| {
            let evaluation = flag.evaluate("ann", |name| attributes.get(name));
            (evaluation.variant.to_owned(), evaluation.reason, Value::Object(evaluation.context))
        };
        assert_eq!(
            evaluated(json!({ "country": "AT", "age": "42" })),
            ("warm".to_owned(), Reason::RuleMatch, json!({ "country": "AT", "age": "42" }))
        );
        assert_eq!(
            evaluated(json!({ "country": "FR", "staff": "yes" })),
            ("warm".to_owned(), Reason::RuleMatch, json!({ "country": "FR", "staff": "yes" }))
        );
        assert_eq!(
            evaluated(json!({ "country": ["DE"] })),
            ("control".to_owned(), Reason::Default, json!({ "country": null, "staff": null }))
        );
        let off = Flag { enabled: false, ..flag.clone() };
        let evaluation = off.evaluate("ann", nothing);
        assert_eq!((evaluation.variant, evaluation.reason, evaluation.context.len()), ("control", Reason::Default, 0));
        assert_eq!(serde_json::to_value(Reason::RuleMatch).expect("a name"), "RULE_MATCH");
        assert_eq!(serde_json::to_value(Reason::Default).expect("a name"), "DEFAULT");
    }
}
