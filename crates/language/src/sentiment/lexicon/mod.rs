//! The lists of words, all languages in one: what a word says by itself.
//!
//! Lists are written as texts, folded as [`super::words`] folds: small letters without accents. A word that ends in `*`
//! stands for all that begin so. Which language a message is in is not asked: words that mean different things in two
//! of the languages are in neither list, or stand where the milder meaning is.

mod english;
mod french;
mod german;
mod spanish;

use std::sync::LazyLock;

use model::mood::Emotion;

/// What a word says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// It shows an emotion, so strongly, in thousandths.
    Shows(Emotion, u32),
    /// It says nothing by itself, and shows an emotion where it is denied: "it does not *work*".
    Missed(Emotion, u32),
    /// It denies what follows.
    Denies,
    /// It denies what follows, or what came just before: "das funktioniert *nicht*".
    DeniesAround,
    /// It joins two parts of a sentence, which do not deny each other.
    Joins,
    /// It makes what follows stronger.
    Stresses,
    /// It makes what follows weaker.
    Softens,
    /// It makes a greeting of the word before: "good *morning*".
    Greets,
    /// Somebody wants something.
    Wants,
    /// Somebody wants to be put through, or to talk.
    Talks,
    /// A person whom one can ask for.
    Person,
    /// Somebody, whoever it is.
    Somebody,
    /// A person who follows is one and no machine: "a *real* person".
    Real,
}

/// Words of one sense.
type Group = (Sense, &'static str);

/// What a folded word says; none where no list has it.
pub(super) fn sense(word: &str) -> Option<Sense> {
    if word.is_empty() {
        return None;
    }
    let lists = &*LISTS;
    if let Ok(at) = lists.words.binary_search_by_key(&word, |(listed, _)| *listed) {
        return Some(lists.words[at].1);
    }
    // No beginning is the beginning of another one, so that only the last one before the word can be its own.
    let after = lists.beginnings.partition_point(|(listed, _)| *listed <= word);
    let (beginning, sense) = lists.beginnings.get(after.checked_sub(1)?)?;
    word.starts_with(beginning).then_some(*sense)
}

/// All lists, sorted.
struct Lists {
    words: Vec<(&'static str, Sense)>,
    beginnings: Vec<(&'static str, Sense)>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let (mut words, mut beginnings) = (Vec::new(), Vec::new());
    for (word, sense) in listed() {
        match word.strip_suffix('*') {
            Some(beginning) => beginnings.push((beginning, sense)),
            None => words.push((word, sense)),
        }
    }
    for list in [&mut words, &mut beginnings] {
        list.sort_by_key(|(word, _)| *word);
        list.dedup_by_key(|(word, _)| *word);
    }
    Lists { words, beginnings }
});

fn listed() -> impl Iterator<Item = (&'static str, Sense)> {
    let groups = [english::GROUPS, french::GROUPS, german::GROUPS, spanish::GROUPS].into_iter().flatten();
    groups.flat_map(|(sense, words)| words.split_whitespace().map(move |word| (word, *sense)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sentiment::words::{Token, read};

    #[test]
    fn words_are_written_as_they_are_looked_for() {
        for (word, _) in listed() {
            let mut told = Vec::new();
            read(word.trim_end_matches('*'), 100, |token| {
                if let Token::Word(word) = token {
                    told.push(word.letters.to_owned());
                }
            });
            assert_eq!(told, [word.trim_end_matches('*')]);
        }
    }

    #[test]
    fn a_word_has_one_sense() {
        let mut senses = BTreeMap::new();
        for (word, sense) in listed() {
            assert_eq!(*senses.entry(word).or_insert(sense), sense, "{word}");
        }
    }

    #[test]
    fn no_beginning_is_the_beginning_of_another() {
        let beginnings = &LISTS.beginnings;
        for pair in beginnings.windows(2) {
            assert!(!pair[1].0.starts_with(pair[0].0), "{} {}", pair[0].0, pair[1].0);
        }
        assert!(beginnings.len() > 100 && LISTS.words.len() > 400);
        assert!(beginnings.iter().all(|(beginning, _)| beginning.len() >= 4));
    }

    #[test]
    fn words_and_beginnings_are_found() {
        assert_eq!(sense("angry"), Some(Sense::Shows(Emotion::Anger, 800)));
        assert!(matches!(sense("frustrating"), Some(Sense::Shows(Emotion::Annoyance, _))));
        assert!(matches!(sense("frustriert"), Some(Sense::Shows(Emotion::Annoyance, _))));
        assert!(matches!(sense("traurigkeit"), Some(Sense::Shows(Emotion::Sadness, _))));
        assert!(matches!(sense("nervous"), Some(Sense::Shows(Emotion::Fear, _))), "a whole word comes first");
        assert!(matches!(sense("terrific"), Some(Sense::Shows(Emotion::Approval, _))));
        for word in ["", "table", "angr", "aaaa", "zzzz", "frust"] {
            assert_eq!(sense(word), None, "{word}");
        }
    }

    #[test]
    fn every_emotion_has_words_in_every_language() {
        for groups in [english::GROUPS, french::GROUPS, german::GROUPS, spanish::GROUPS] {
            for emotion in Emotion::ALL {
                assert!(
                    groups.iter().any(|(sense, _)| matches!(sense, Sense::Shows(shown, _) if *shown == emotion)),
                    "{emotion:?}"
                );
            }
        }
    }
}
