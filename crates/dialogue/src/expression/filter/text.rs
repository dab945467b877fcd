//! Filters on texts.

use super::{Apply, Arguments, Group, MAX_TEXT, from_text};

pub(super) const FILTERS: Group = &[
    ("uppercase", |arguments| plain(arguments, str::to_uppercase)),
    ("lowercase", |arguments| plain(arguments, str::to_lowercase)),
    ("uppercase_first", |arguments| plain(arguments, capitalised)),
    ("uppercase_words", |arguments| plain(arguments, words_capitalised)),
    ("replace", replace),
];

fn plain(arguments: Arguments, change: fn(&str) -> String) -> Result<Apply, String> {
    arguments.none()?;
    Ok(from_text(move |text, _| change(text)))
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

fn words_capitalised(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(capitalised).collect()
}

/// A result past [`MAX_TEXT`] is none.
fn replace(arguments: Arguments) -> Result<Apply, String> {
    let [old, new] = arguments.exactly()?;
    Ok(from_text(move |text, scope| {
        let (old, new) = (old.text(scope), new.text(scope));
        if old.is_empty() {
            // Rust would find the empty text between all characters.
            return text.to_owned();
        }
        let added = text.matches(&*old).count().saturating_mul(new.len());
        if added > MAX_TEXT { String::new() } else { text.replace(&*old, &new) }
    }))
}
