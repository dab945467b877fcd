//! From an utterance to counted features: words, pairs of words, and character sequences inside words.
//!
//! Character sequences are what makes the classifier work in any language and survive typing errors. A feature is
//! known by a 32-bit hash of its text, so that a vocabulary stays small. The hash is part of the stored
//! format: changing it makes stored classifiers useless.

use unicode_normalization::UnicodeNormalization;

/// Characters of an utterance that are looked at; what follows is ignored.
pub(crate) const MAX_CHARACTERS: usize = 2_000;
/// Lengths of the character sequences.
const GRAMS: std::ops::RangeInclusive<usize> = 2..=5;
/// Stands before the first and after the last word, so that "how …" at the start is a feature of its own.
const BOUNDARY: &str = "\u{2}";

/// The features of one utterance with how often each occurs, sorted by hash.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Features {
    pub(crate) words: Vec<(u32, u32)>,
    pub(crate) grams: Vec<(u32, u32)>,
    /// Two utterances with the same words in the same order have the same fingerprint.
    pub(crate) fingerprint: u64,
}

impl Features {
    pub(crate) fn of(text: &str) -> Self {
        Self::of_words(&words(text))
    }

    /// The text with the rarer half of its words replaced by words that do not exist: same style, another matter.
    pub(crate) fn with_strange_words(text: &str, rarity: impl Fn(u32) -> f32) -> Self {
        let mut words = words(text);
        let mut order: Vec<usize> = (0..words.len()).collect();
        let rarity_of = |word: &String| rarity(Hash::new(1).with(word).short());
        order.sort_by(|a, b| rarity_of(&words[*b]).total_cmp(&rarity_of(&words[*a])));
        for place in &order[..words.len().div_ceil(2)] {
            words[*place] = strange(&words[*place]);
        }
        Self::of_words(&words)
    }

    fn of_words(words: &[String]) -> Self {
        let mut word_hashes = Vec::with_capacity(words.len() * 2 + 1);
        let mut gram_hashes = Vec::new();
        let mut fingerprint = Hash::new(0);
        let mut previous = BOUNDARY;
        for word in words {
            word_hashes.push(Hash::new(1).with(word).short());
            word_hashes.push(Hash::new(2).with(previous).with(" ").with(word).short());
            fingerprint = fingerprint.with(word).with(" ");
            previous = word;
            push_grams(word, &mut gram_hashes);
        }
        if !words.is_empty() {
            word_hashes.push(Hash::new(2).with(previous).with(" ").with(BOUNDARY).short());
        }
        Self { words: counted(word_hashes), grams: counted(gram_hashes), fingerprint: fingerprint.0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// The words of a text, compatibility forms, case and Latin accents folded. Scripts that write without spaces
/// give one word per character; the pairs of words then stand for two-character words.
fn words(text: &str) -> Vec<String> {
    let folded = text
        .chars()
        .take(MAX_CHARACTERS)
        .nfkd()
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .flat_map(char::to_lowercase)
        .nfkc()
        .take(2 * MAX_CHARACTERS);
    let mut words = vec![String::new()];
    for c in folded {
        let last = words.last_mut().expect("the list is never empty");
        if is_spaceless(c) {
            last.push(c);
            words.push(String::new());
        } else if c.is_alphanumeric() || is_mark(c) {
            last.push(c);
        } else if !matches!(c, '\'' | '’') {
            // An apostrophe joins: "don't" and "dont" are the same word.
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Han, kana, Thai, Lao, Khmer and Burmese are written without spaces between words.
fn is_spaceless(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Vowel signs and joiners inside words of Indic and Arabic scripts, and emoji (which carry meaning in chats).
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0610..=0x061A | 0x064B..=0x065F | 0x0900..=0x0DFF | 0x200C..=0x200D | 0x1F300..=0x1FAFF)
}

/// A word that looks like another one: its letters backwards, or for a single one a neighbour in its alphabet.
fn strange(word: &str) -> String {
    let mut letters = word.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(only), None) => char::from_u32(u32::from(only) + 37).unwrap_or(only).to_string(),
        _ => word.chars().rev().collect(),
    }
}

/// Character sequences of a word with a blank on both sides. A short word gives each sequence once.
fn push_grams(word: &str, hashes: &mut Vec<u32>) {
    let padded: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
    for length in GRAMS {
        if padded.len() <= length {
            hashes.push(Hash::new(3).with_characters(&padded).short());
            break;
        }
        hashes.extend(padded.windows(length).map(|gram| Hash::new(3).with_characters(gram).short()));
    }
}

fn counted(mut hashes: Vec<u32>) -> Vec<(u32, u32)> {
    hashes.sort_unstable();
    let mut counts: Vec<(u32, u32)> = Vec::with_capacity(hashes.len());
    for hash in hashes {
        match counts.last_mut() {
            Some((last, count)) if *last == hash => *count += 1,
            _ => counts.push((hash, 1)),
        }
    }
    counts
}

/// FNV-1a with a final mix: short inputs, no state, the same on every machine.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn new(kind: u64) -> Self {
        Self(0xcbf2_9ce4_8422_2325 ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn with(self, text: &str) -> Self {
        text.bytes().fold(self, |hash, byte| hash.step(u64::from(byte)))
    }

    fn with_characters(self, characters: &[char]) -> Self {
        characters.iter().fold(self, |hash, c| hash.step(u64::from(u32::from(*c))))
    }

    fn step(self, value: u64) -> Self {
        Self((self.0 ^ value).wrapping_mul(0x0100_0000_01b3))
    }

    fn short(self) -> u32 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_width_and_apostrophes_are_folded() {
        assert_eq!(words("Café DON’T ﬁx！"), ["cafe", "dont", "fix"]);
        assert_eq!(Features::of("I can't pay"), Features::of("i cant PAY?!"));
    }

    #[test]
    fn scripts_without_spaces_give_characters() {
        assert_eq!(words("予約したい ok"), ["予", "約", "し", "た", "い", "ok"]);
        assert_eq!(words("हिन्दी में"), ["हिन्दी", "में"]);
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = "ab ".repeat(5_000);
        let cut: String = long.chars().take(MAX_CHARACTERS).collect();
        assert_eq!(Features::of(&long), Features::of(&cut));
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(Features::of(" ?! \u{0} …").is_empty());
    }
}
