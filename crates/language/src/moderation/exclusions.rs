//! Lists of words and phrases that must not occur.
//!
//! Whole words are compared, whatever their case and however their letters are encoded; invisible characters between
//! letters do not hide a word. Scripts that do not separate words, and entries without any letter, are looked for
//! anywhere.

use std::{collections::HashMap, sync::Arc};

use unicode_normalization::UnicodeNormalization;

/// Most entries of a list.
const MOST_ENTRIES: usize = 10_000;

/// A list, prepared for looking.
#[derive(Debug, Clone, Default)]
pub struct Exclusions(Arc<Prepared>);

#[derive(Debug, Default)]
struct Prepared {
    /// By its first word: the other words, and the entry as it was written.
    phrases: HashMap<String, Vec<(Vec<String>, String)>>,
    /// What is looked for anywhere, and the entry as it was written.
    pieces: Vec<(String, String)>,
}

/// Why a list cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExclusionsError {
    /// Nothing but white space.
    #[error("entry {0} of the list is empty: leave it out")]
    Empty(usize),
    /// Too long.
    #[error("the list has {0} entries: at most {MOST_ENTRIES} are possible")]
    TooMany(usize),
}

impl Exclusions {
    /// Prepares a list. Entries are words or phrases; their words must stand next to each other.
    ///
    /// # Errors
    /// [`ExclusionsError`]; entries are counted from 1.
    pub fn new<T: AsRef<str>>(entries: &[T]) -> Result<Self, ExclusionsError> {
        if entries.len() > MOST_ENTRIES {
            return Err(ExclusionsError::TooMany(entries.len()));
        }
        let mut prepared = Prepared::default();
        for (at, entry) in entries.iter().enumerate() {
            let written = entry.as_ref().trim().to_owned();
            let folded = fold(&written);
            if folded.trim().is_empty() {
                return Err(ExclusionsError::Empty(at + 1));
            }
            let mut words = words(&folded).map(str::to_owned);
            match words.next() {
                Some(first) if !folded.chars().any(is_unseparated) => {
                    let rest = words.collect();
                    prepared.phrases.entry(first).or_default().push((rest, written));
                }
                _ => prepared.pieces.push((folded.trim().to_owned(), written)),
            }
        }
        Ok(Self(Arc::new(prepared)))
    }

    /// The entry that occurs in a text, as it was written; the first one of the text.
    pub fn find(&self, text: &str) -> Option<&str> {
        let folded = fold(text);
        let words: Vec<&str> = words(&folded).collect();
        for (at, word) in words.iter().enumerate() {
            let Some(phrases) = self.0.phrases.get(*word) else { continue };
            let found = phrases.iter().find(|(rest, _)| {
                let after = &words[at + 1..];
                after.len() >= rest.len() && rest.iter().zip(after).all(|(wanted, found)| wanted == found)
            });
            if let Some((_, written)) = found {
                return Some(written.as_str());
            }
        }
        self.0.pieces.iter().find(|(piece, _)| folded.contains(piece)).map(|(_, written)| written.as_str())
    }
}

/// One form for all ways to write a text: compatible characters (NFKC), one case, nothing invisible. Upper case first
/// makes `ß` and `ss` one, and the two small sigmas.
fn fold(text: &str) -> String {
    let visible = text.nfkc().filter(|letter| !is_invisible(*letter));
    visible.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|letter: char| !letter.is_alphanumeric() && !is_mark(letter)).filter(|word| !word.is_empty())
}

/// Accents that have no letter of their own together with their base.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}')
}

/// What Unicode calls default ignorable (UAX #44): joiners, directions, fillers, variants, tags.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// Thai, Lao, Burmese, Khmer, Kana and Han do not separate words.
const fn is_unseparated(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(entries: &[&str]) -> Exclusions {
        Exclusions::new(entries).unwrap()
    }

    #[test]
    fn whole_words_are_found_whatever_their_case() {
        let list = list(&["Ass", "Straße", "ΟΔΟΣ", "don't say", "Ünsinn"]);
        for (text, entry) in [
            ("what an ASS!", "Ass"),
            ("die STRASSE", "Straße"),
            ("οδος", "ΟΔΟΣ"),
            ("well, don't   SAY it", "don't say"),
            ("U\u{308}nsinn", "Ünsinn"),
            ("Ａｓｓ", "Ass"),
            ("a\u{200b}s\u{ad}s", "Ass"),
            ("a\u{fe0f}s\u{e0061}s", "Ass"),
            ("a\u{34f}s\u{202e}s", "Ass"),
            ("a\u{3164}s\u{2066}s", "Ass"),
        ] {
            assert_eq!(list.find(text), Some(entry), "{text}");
        }
        for text in ["", "class", "assess", "pass the salt", "don't", "say don't", "Straßenbahn"] {
            assert_eq!(list.find(text), None, "{text}");
        }
    }

    #[test]
    fn scripts_without_separated_words_are_found_anywhere() {
        let list = list(&["笨蛋", "$$$"]);
        assert_eq!(list.find("你是笨蛋吗"), Some("笨蛋"));
        assert_eq!(list.find("win $$$$ now"), Some("$$$"));
        assert_eq!(list.find("$$ 蛋"), None);
    }

    #[test]
    fn an_empty_entry_is_named() {
        assert_eq!(Exclusions::new(&["a", " \u{200b}"]).unwrap_err(), ExclusionsError::Empty(2));
        assert!(Exclusions::new(&["a"; MOST_ENTRIES + 1]).is_err());
        assert_eq!(Exclusions::new::<&str>(&[]).unwrap().find("a"), None);
    }

    proptest! {
        #[test]
        fn a_word_is_found_where_it_stands_and_nothing_panics(
            before in "\\PC{0,20}", word in "[a-zA-Zäöüéñ]{1,12}", after in "\\PC{0,20}",
        ) {
            let list = list(&[word.as_str()]);
            let text = format!("{before} {} {after}", word.to_uppercase());
            prop_assert_eq!(list.find(&text), Some(word.as_str()));
        }
    }
}
