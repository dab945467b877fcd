//! A text as the words that it is found by: in lower case, without accents, endings cut a little. Scripts that do not
//! put spaces between words are cut into pairs of letters, which find each other.

use unicode_normalization::UnicodeNormalization;

/// The words of a text, in order. Single letters are none.
pub fn words(text: &str) -> Vec<String> {
    let folded: String = text.nfkd().filter(|c| !is_accent(*c)).nfc().flat_map(char::to_lowercase).collect();
    let mut words = Vec::new();
    for run in folded.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        if run.is_ascii() {
            add(&mut words, run);
        } else {
            add_mixed(&mut words, run);
        }
    }
    words
}

/// A run of letters in which some may stand for whole words.
fn add_mixed(words: &mut Vec<String>, run: &str) {
    let mut rest = run;
    while let Some(first) = rest.chars().next() {
        let spaceless = is_spaceless(first);
        let end = rest.find(|c: char| is_spaceless(c) != spaceless).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if spaceless {
            add_pairs(words, part);
        } else {
            add(words, part);
        }
        rest = after;
    }
}

fn add(words: &mut Vec<String>, word: &str) {
    if word.chars().nth(1).is_some() || word.starts_with(|c: char| c.is_ascii_digit()) {
        words.push(stem(word).to_owned());
    }
}

fn add_pairs(words: &mut Vec<String>, part: &str) {
    let letters: Vec<char> = part.chars().collect();
    match letters.as_slice() {
        [_] => words.push(part.to_owned()),
        letters => words.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>())),
    }
}

/// A word without its ending, so that `opening` finds `opens`.
fn stem(word: &str) -> &str {
    let stem = ["ings", "ing", "ies", "es", "ed", "s"].iter().find_map(|end| word.strip_suffix(end));
    stem.filter(|stem| stem.chars().nth(2).is_some()).unwrap_or(word)
}

/// Marks on letters of European scripts. Those of others tell words apart and stay.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Letters of scripts in which no space stands between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
fn is_spaceless(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_endings_do_not_matter() {
        assert_eq!(words("Opening hours: Café OPENS at 9!"), ["open", "hour", "cafe", "open", "at", "9"]);
        assert_eq!(words("die Länge"), words("DIE LA\u{308}NGE"));
        assert_eq!(words("\u{fb01}nal"), ["final"], "ligatures are letters");
        assert_eq!(words("a b - _ !"), Vec::<String>::new());
        assert_eq!(words("is his yes"), ["is", "his", "yes"], "what is short stays whole");
    }

    #[test]
    fn scripts_without_spaces_are_pairs_of_letters() {
        assert_eq!(words("営業時間"), ["営業", "業時", "時間"]);
        assert_eq!(words("東京tower"), ["東京", "tower"]);
        assert_eq!(words("水"), ["水"]);
        let (question, answer) = (words("駐車場はいくら"), words("駐車場の料金は千円です"));
        assert!(question.iter().any(|pair| answer.contains(pair)));
    }

    proptest! {
        #[test]
        fn a_word_has_no_space_and_is_found_again(text in "\\PC{0,200}") {
            for word in words(&text) {
                prop_assert!(!word.is_empty() && !word.contains(char::is_whitespace));
                prop_assert!(!word.contains('"'));
            }
            prop_assert_eq!(words(&text), words(&format!("  {text}\n")));
        }
    }
}
