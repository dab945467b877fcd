//! Filters that write numbers in English. What is no number passes unchanged.

use serde_json::Number;

use super::{Apply, Arguments, Group, from_text};
use crate::expression::value;

pub(super) const FILTERS: Group = &[
    ("number_to_words", |arguments| numeric(arguments, in_words)),
    // The spelling of older documents.
    ("speltnumber_to_words", |arguments| numeric(arguments, in_words)),
    ("ordinal", |arguments| numeric(arguments, |number| Some(ordinal(number.as_i64()?)))),
    ("ordinal_words", |arguments| numeric(arguments, |number| Some(ordinal_words(number.as_i64()?)))),
];

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u64, &str); 6] = [
    (1_000_000_000_000_000_000, "quintillion"),
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

fn numeric(arguments: Arguments, write: fn(&Number) -> Option<String>) -> Result<Apply, String> {
    arguments.none()?;
    Ok(from_text(move |text, _| {
        value::number_in(text)
            .map(|number| value::whole_float(&number).map_or(number, Number::from))
            .and_then(|number| write(&number))
            .unwrap_or_else(|| text.to_owned())
    }))
}

fn in_words(number: &Number) -> Option<String> {
    if let Some(whole) = number.as_i64() {
        return Some(signed(whole, cardinal(whole.unsigned_abs())));
    }
    // Written out, a decimal is digits with at most one point; what needs an exponent has no words.
    let written = number.to_string();
    let (sign, digits) = written.strip_prefix('-').map_or(("", &*written), |digits| ("minus ", digits));
    let (before, after) = digits.split_once('.')?;
    let before = cardinal(before.parse().ok()?);
    let after: Option<Vec<_>> = after.chars().map(|c| Some(SMALL[c.to_digit(10)? as usize])).collect();
    Some(format!("{sign}{before} point {}", after?.join(" ")))
}

fn signed(number: i64, words: String) -> String {
    if number < 0 { format!("minus {words}") } else { words }
}

fn cardinal(number: u64) -> String {
    let mut words = Vec::new();
    let mut rest = number;
    for (size, name) in SCALES {
        if rest >= size {
            words.push(below_thousand(rest / size));
            words.push(name.to_owned());
            rest %= size;
        }
    }
    if rest > 0 || words.is_empty() {
        words.push(below_thousand(rest));
    }
    words.join(" ")
}

fn below_thousand(number: u64) -> String {
    let (hundreds, rest) = (small(number / 100), number % 100);
    match (number / 100, rest) {
        (0, _) => below_hundred(rest),
        (_, 0) => format!("{hundreds} hundred"),
        _ => format!("{hundreds} hundred {}", below_hundred(rest)),
    }
}

fn below_hundred(number: u64) -> String {
    if number < 20 {
        return small(number).to_owned();
    }
    let tens = TENS[usize::try_from(number / 10 % 10).unwrap_or(0)];
    match number % 10 {
        0 => tens.to_owned(),
        ones => format!("{tens}-{}", small(ones)),
    }
}

/// `number` is below 20.
fn small(number: u64) -> &'static str {
    SMALL[usize::try_from(number % 20).unwrap_or(0)]
}

fn ordinal(number: i64) -> String {
    let magnitude = number.unsigned_abs();
    let ending = match (magnitude % 10, magnitude % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Only the last word changes.
fn ordinal_words(number: i64) -> String {
    const IRREGULAR: [(&str, &str); 7] = [
        ("one", "first"),
        ("two", "second"),
        ("three", "third"),
        ("five", "fifth"),
        ("eight", "eighth"),
        ("nine", "ninth"),
        ("twelve", "twelfth"),
    ];
    let words = cardinal(number.unsigned_abs());
    let start = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (before, last) = words.split_at(start);
    let last = match IRREGULAR.iter().find(|(word, _)| *word == last) {
        Some((_, irregular)) => (*irregular).to_owned(),
        None => last.strip_suffix('y').map_or_else(|| format!("{last}th"), |stem| format!("{stem}ieth")),
    };
    signed(number, format!("{before}{last}"))
}
