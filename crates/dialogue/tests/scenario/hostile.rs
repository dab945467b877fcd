//! Hostile input through the doors that `fuzz/` has too: mutated seeds, a bounded number of them.
//! Nothing may panic, hang or grow without bound; what is taken must hold its laws.

use std::borrow::Cow;

use dialogue::{
    expression::{Conditions, Expression, FillOptions, Scope, Template},
    message::{Markup, MarkupOptions},
    scenario::{
        check,
        document::{Argument, Condition},
        export, import,
    },
};
use model::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A turn in which a few attributes of awkward values are known.
struct Awkward;

impl Scope for Awkward {
    fn value(&self, _context: &str, name: &str) -> Option<Cow<'_, Value>> {
        match name.len() % 6 {
            0 => None,
            1 => Some(Cow::Owned(json!("<b>&\"{user.a}"))),
            2 => Some(Cow::Owned(json!(-1.5e300))),
            3 => Some(Cow::Owned(json!([1, "two", null]))),
            4 => Some(Cow::Owned(json!({"a": {"b": [true]}}))),
            _ => Some(Cow::Owned(json!(i64::MAX))),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000_000)
    }

    fn time_zone(&self) -> Option<&str> {
        Some("Europe/Paris")
    }
}

const MARKUP: &[&str] = &[
    "<message><text-message>Hello {user.name | uppercase} **you** [[.red]]</text-message></message>",
    "<message disable_text=\"1\"><button-message clear_after_interaction=\"0\"><text>?</text><external>true</external>\
     <button type=\"skip\"><text>No</text><callback>x</callback><value>a.b\\.c</value></button></button-message></message>",
    "<message><form-message><text>T</text><callback>c</callback><element><element_type>select</element_type><name>n</name>\
     <options><option><key>k</key><value>v</value></option></options></element></form-message></message>",
    "<message><list-message view-type=\"horizontal\"><item><rich-message><title>t</title><text>x</text>\
     <image><src>https://a/b</src></image></rich-message></item></list-message></message>",
    "<message><date-message><text>t</text><callback>c</callback><submit_text>s</submit_text><min_date>20200101</min_date>\
     <attribute_name>d</attribute_name></date-message></message>",
    "<message><attribute-message>user.a</attribute-message>{user.abcde}</message>",
    "<message><text-message><![CDATA[ <b>x</b> ]]>&amp;&#x41;| a | b |\n|--|--|\n| `{c}` | d |</text-message></message>",
];

const EXPRESSIONS: &[&str] = &[
    "{ user.age | number_to_words | uppercase_first }",
    "{x.list[0]['key'][deep] | where field value | range(-3, 2) | last 3 | count}",
    "{t | format_date \"l jS F\" \"Europe/Paris\"} `{code}` ```{more}```",
    "{body | hmac sha256 @secret.key text | base64 -d | url_encode true}",
    "{conversation.current_turn | select('name')} {{{}}} {",
    "a | replace \"o\\\"ld\" 'new'",
];

const OPERATIONS: &[&str] = &[
    "eq",
    "gte",
    "lt",
    "is_set",
    "in_set",
    "time_passed_greater_than",
    "is_before",
    "is_today",
    "is_true",
    "nonsense",
];

const PARAMETERS: &[&str] = &["1", "10:00 BST", "{user.a}", "{user.abc | count}", "", "2024-02-30", "-9e999", "\u{0}"];

const FILE: &str = include_str!("documented.scenario.json");

/// What a mutation may put in: what the formats give a meaning to.
const SPICE: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "&",
    "&amp;",
    "\"",
    "'",
    "{",
    "}",
    "|",
    "[",
    "]",
    "(",
    ")",
    "@",
    "\\",
    "`",
    "```",
    "$path:",
    "null",
    "{}",
    "[]",
    "-1",
    "1e999",
    "99999999999999999999",
    "\u{0}",
    "\u{202e}",
    "é",
    "👩‍🚀",
    "\r\n",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?",
    "<message>",
    "<text-message>",
    "USER",
    "STARTING",
    ",",
    ":",
];

/// A seed after a few cuts, repetitions and insertions at any place.
fn mutated(seeds: &'static [&'static str]) -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), 0..24_usize, prop::sample::select(SPICE), 0..4_u8);
    (prop::sample::select(seeds), prop::collection::vec(change, 0..8)).prop_map(|(seed, changes)| {
        let mut text: Vec<char> = seed.chars().collect();
        for (at, length, spice, kind) in changes {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            let put: Vec<char> = match kind {
                0 => Vec::new(),
                1 => text[start..end].repeat(3),
                2 => spice.chars().collect(),
                _ => spice.repeat(length * 4).chars().collect(),
            };
            text.splice(start..end, put);
        }
        text.into_iter().collect()
    })
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn markup_of_any_kind_is_compiled_or_refused(markup in mutated(MARKUP)) {
        match Markup::compile(&markup, MarkupOptions::default()) {
            Ok(markup) => drop(markup.render(&Awkward, "intent", "template")),
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }

    #[test]
    fn expressions_of_any_kind_are_evaluated_or_refused(
        text in mutated(EXPRESSIONS),
        operation in prop::sample::select(OPERATIONS),
        parameter in mutated(PARAMETERS),
    ) {
        if let Ok(template) = Template::parse(&text, FillOptions::default()) {
            template.fill(&Awkward);
        }
        let bare = text.trim_matches(['{', '}']);
        if let Ok(expression) = Expression::parse(bare) {
            expression.evaluate(&Awkward);
        }
        let argument = |id: &str, value: &str| vec![Argument { id: id.into(), value: value.into() }];
        let condition = Condition {
            operation: operation.into(),
            operation_attributes: argument("attribute", bare),
            parameters: argument("value", &parameter),
            ..Condition::default()
        };
        if let Ok(conditions) = Conditions::compile(&[condition], None) {
            conditions.evaluate(&Awkward, &mut Vec::new());
        }
    }

    #[test]
    fn files_of_any_kind_are_taken_whole_or_refused(file in mutated(&[FILE])) {
        match import(file.as_bytes()) {
            Ok(imported) => {
                check(&imported.scenario);
                let again = import(&export(&imported.document)).map(|again| again.document);
                prop_assert_eq!(again, Ok(imported.document));
            }
            Err(problems) => prop_assert!(problems.iter().all(|problem| !problem.message.is_empty())),
        }
    }
}

/// Changes of values rather than of text: the file stays JSON, its fields become something else.
fn with_other_values() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("$path:example_scenario")),
        Just(json!(-1)),
        Just(json!(true)),
        Just(json!([[["x"]]])),
        Just(json!({"od_id": {"a": 1}})),
        Just(json!("USER")),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), value), 1..4).prop_map(|changes| {
        let mut document: Value = serde_json::from_str(FILE).expect("the seed is JSON");
        for (at, value) in changes {
            let count = count(&document);
            replace(&mut document, &mut at.index(count), &value);
        }
        document
    })
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// Replaces the nth value of a tree.
fn replace(value: &mut Value, nth: &mut usize, by: &Value) -> bool {
    if *nth == 0 {
        *value = by.clone();
        return true;
    }
    *nth -= 1;
    match value {
        Value::Array(list) => list.iter_mut().any(|item| replace(item, nth, by)),
        Value::Object(map) => map.values_mut().any(|item| replace(item, nth, by)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn values_of_any_kind_are_taken_whole_or_refused(document in with_other_values()) {
        if let Ok(imported) = import(document.to_string().as_bytes()) {
            check(&imported.scenario);
            prop_assert_eq!(imported.document, document);
        }
    }
}
