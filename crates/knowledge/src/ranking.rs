//! Which passages fit a question: BM25, over however many places they come from.
//!
//! A passage is counted where it is; what all passages together are is added up beside it. So the best of a few that a
//! database found are ranked as if all had been looked at.

use std::collections::HashSet;

use crate::words::words;

/// How much a word that occurs often counts (the usual constants of BM25).
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// Most words of a question that are looked for.
pub const MOST_WORDS: usize = 48;

/// A question as the words that are looked for, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    words: Vec<String>,
}

impl Question {
    /// The question in a text.
    pub fn of(text: &str) -> Self {
        let mut seen = HashSet::new();
        let words = words(text).into_iter().filter(|word| seen.insert(word.clone())).take(MOST_WORDS).collect();
        Self { words }
    }

    /// What is looked for.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Counts the words of the question in a passage.
    pub fn count(&self, passage: &str) -> Counted {
        let mut counted = Counted { occurrences: vec![0; self.words.len()], length: 0 };
        for word in words(passage) {
            counted.length += 1;
            if let Some(at) = self.words.iter().position(|asked| *asked == word) {
                counted.occurrences[at] += 1;
            }
        }
        counted
    }
}

/// How often each word of a question is in a passage, and how many words that has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    occurrences: Vec<u32>,
    length: u32,
}

/// All passages that a question is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Corpus {
    passages: u64,
    words: u64,
    with: Vec<u64>,
}

impl Corpus {
    /// Passages with so many words together, of which so many have each word of the question.
    pub fn new(passages: u64, words: u64, with: Vec<u64>) -> Self {
        Self { passages, words, with }
    }

    /// Adds a passage.
    pub fn add(&mut self, passage: &Counted) {
        self.passages += 1;
        self.words += u64::from(passage.length);
        self.with.resize(self.with.len().max(passage.occurrences.len()), 0);
        for (with, often) in self.with.iter_mut().zip(&passage.occurrences) {
            *with += u64::from(*often > 0);
        }
    }

    /// How well one of them fits; 0 when it has no word of the question.
    pub fn score(&self, passage: &Counted) -> f64 {
        let total = self.passages as f64;
        let average = self.words as f64 / total.max(1.0);
        let length = f64::from(passage.length) / average.max(1.0);
        let of_word = |(often, with): (&u32, &u64)| {
            // What was counted a moment apart may not fit: a word is in no more passages than there are.
            let with = (*with as f64).min(total);
            let rare = ((total - with + 0.5) / (with + 0.5)).ln_1p();
            let often = f64::from(*often);
            rare * often * (K1 + 1.0) / (often + K1 * (1.0 - B + B * length))
        };
        passage.occurrences.iter().zip(&self.with).filter(|(often, _)| **often > 0).map(of_word).sum()
    }

    /// Passages by how well they fit, the best first and equal ones in the order in which they came; none that does
    /// not fit at all.
    pub fn ranked<T>(&self, passages: Vec<(Counted, T)>) -> Vec<(f64, T)> {
        let scored = passages.into_iter().map(|(counted, passage)| (self.score(&counted), passage));
        let mut fitting: Vec<(f64, T)> = scored.filter(|(score, _)| *score > 0.0).collect();
        fitting.sort_by(|one, other| other.0.total_cmp(&one.0));
        fitting
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranked<'a>(question: &str, passages: &[&'a str]) -> Vec<&'a str> {
        let question = Question::of(question);
        let mut corpus = Corpus::default();
        let counted: Vec<(Counted, &str)> = passages.iter().map(|text| (question.count(text), *text)).collect();
        counted.iter().for_each(|(counted, _)| corpus.add(counted));
        corpus.ranked(counted).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn what_answers_comes_first_and_what_does_not_fit_not_at_all() {
        let passages = ["Breakfast is from seven.", "Parking costs nine euros.", "The house is old. What a house!"];
        assert_eq!(ranked("What does parking cost?", &passages), [passages[1], passages[2]]);
        assert_eq!(ranked("zebra", &passages), Vec::<&str>::new());
        assert_eq!(ranked("", &passages), Vec::<&str>::new());
        assert_eq!(ranked("parking", &[]), Vec::<&str>::new());
    }

    #[test]
    fn rare_words_count_more_and_long_passages_less() {
        let common = ["the dog", "the cat", "the bird", "a zebra"];
        assert_eq!(ranked("the zebra", &common)[0], "a zebra");
        let long = format!("parking {}", "and other words ".repeat(50));
        assert_eq!(ranked("parking", &[&long, "parking here"])[0], "parking here");
        assert_eq!(ranked("parking", &["parking b", "parking a"]), ["parking b", "parking a"], "equal ones stay");
    }

    #[test]
    fn a_question_has_each_word_once_and_not_too_many() {
        assert_eq!(Question::of("Dogs, dogs and the dog?").words(), ["dog", "and", "the"]);
        let many: String = (0..200).map(|number| format!("word{number} ")).collect();
        assert_eq!(Question::of(&many).words().len(), MOST_WORDS);
        assert!(Question::of("?!").is_empty());
    }

    proptest! {
        #[test]
        fn the_order_does_not_depend_on_where_passages_are_counted(
            texts in prop::collection::vec("([a-e]{2} ){0,6}", 1..8),
            here in 0..8_usize,
            question in "([a-e]{2} ){1,4}",
        ) {
            let question = Question::of(&question);
            let counted: Vec<Counted> = texts.iter().map(|text| question.count(text)).collect();
            let mut whole = Corpus::new(0, 0, vec![0; question.words().len()]);
            counted.iter().for_each(|one| whole.add(one));
            let (first, rest) = counted.split_at(here.min(counted.len()));
            let mut part = Corpus::new(0, 0, vec![0; question.words().len()]);
            first.iter().for_each(|one| part.add(one));
            let mut told = Corpus::new(part.passages, part.words, part.with.clone());
            rest.iter().for_each(|one| told.add(one));
            prop_assert_eq!(&told, &whole);
            for one in &counted {
                let score = whole.score(one);
                prop_assert!(score.is_finite() && score >= 0.0);
                prop_assert_eq!(score > 0.0, one.occurrences.iter().any(|often| *often > 0));
            }
        }
    }
}
