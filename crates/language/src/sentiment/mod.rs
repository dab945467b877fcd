//! What a message shows of how its writer feels, and whether they ask for a person: an estimate by lists of words in
//! English, French, German and Spanish, pictures, and how loud it is. No model, no network, no state: the same text
//! gives the same scores, in microseconds.
//!
//! It knows words, what denies them ("not happy"), what makes them stronger or weaker, and where a sentence ends. It
//! does not know irony, quotations, or what a conversation is about.

mod asking;
mod lexicon;
mod repetition;
mod signs;
mod words;

use model::mood::{Emotion, Scores, Share};

use self::{
    asking::Asking,
    lexicon::{Sense, sense},
    words::{Token, Word, read},
};

/// Longest part of a message that is read, in characters.
const LONGEST: usize = 4_000;
/// Most places of a message that count.
const MOST_FINDINGS: usize = 48;
/// How far a denial reaches, in words: "not at all happy".
const DENIED: usize = 3;
/// How far a word that makes stronger or weaker reaches: "so very happy".
const STRESSED: usize = 2;
/// Fewest letters of a message that is shouted as a whole, and its fewest words.
const SHOUTED_LETTERS: usize = 12;
const SHOUTED_WORDS: usize = 2;

/// Thousandths by which a score is multiplied.
const PLAIN: u32 = 1_000;
const STRONGER: u32 = 1_300;
const WEAKER: u32 = 600;
const CAPITALS: u32 = 1_200;
const EXCLAIMED: u32 = 1_150;
const EXCLAIMED_MORE: u32 = 1_300;
/// What is denied is weaker: who is not happy need not be disappointed much.
const UNDONE: u32 = 700;
/// Strongest score of one word, in thousandths: nothing is certain.
const STRONGEST: u32 = 950;
/// What shouting and asking `??` show by themselves.
const SHOUTED: (Emotion, u32) = (Emotion::Annoyance, 300);
const ASKED_TWICE: (Emotion, u32) = (Emotion::Confusion, 250);

/// What is heard in a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// How strongly each emotion shows.
    pub scores: Scores,
    /// Whether it asks for a person.
    pub asks_for_person: bool,
    /// By what the message is known again: the same for the same letters and digits. None of one that is too short.
    pub mark: Option<u32>,
}

/// How strongly each emotion shows in a text.
pub fn estimate(text: &str) -> Scores {
    heard(text).scores
}

/// What is heard in a message of a customer.
pub fn heard(text: &str) -> Heard {
    let mut listener = Listener::default();
    read(text, LONGEST, |token| listener.hear(token));
    let asks_for_person = listener.asking.is_asked(listener.words);
    Heard { scores: listener.scores(), asks_for_person, mark: repetition::mark(text, LONGEST) }
}

/// A word that may count: what follows can still deny it.
#[derive(Debug, Clone, Copy)]
struct Finding {
    sense: Sense,
    /// Which word of the text.
    at: usize,
    /// Which part of a sentence.
    part: usize,
    denied: bool,
    /// Thousandths.
    factor: u32,
}

impl Finding {
    /// What it shows, as strongly as it does.
    fn shows(self) -> Option<(Emotion, u32)> {
        let (emotion, strength) = match (self.sense, self.denied) {
            (Sense::Shows(emotion, strength), false) => (emotion, strength),
            (Sense::Shows(Emotion::Joy | Emotion::Approval, strength), true) => {
                (Emotion::Disappointment, strength * UNDONE / PLAIN)
            }
            (Sense::Missed(emotion, strength), true) => (emotion, strength),
            // Who is not angry shows nothing, nor does "no, thanks".
            _ => return None,
        };
        Some((emotion, strength * self.factor / PLAIN))
    }
}

/// What was found so far, and what the words before do to the next.
struct Listener {
    findings: [Option<Finding>; MOST_FINDINGS],
    found: usize,
    words: usize,
    part: usize,
    /// The last word that a denial reaches, and the last that is made stronger or weaker.
    denied_until: usize,
    factor_until: usize,
    factor: u32,
    exclamations: usize,
    /// How many `?` stand in a row just now, and the most that did.
    questions: usize,
    most_questions: usize,
    letters: usize,
    capital_letters: usize,
    asking: Asking,
}

impl Default for Listener {
    fn default() -> Self {
        Self {
            findings: [None; MOST_FINDINGS],
            found: 0,
            words: 0,
            part: 0,
            denied_until: 0,
            factor_until: 0,
            factor: PLAIN,
            exclamations: 0,
            questions: 0,
            most_questions: 0,
            letters: 0,
            capital_letters: 0,
            asking: Asking::default(),
        }
    }
}

impl Listener {
    fn hear(&mut self, token: Token<'_>) {
        self.questions = if token == Token::Question { self.questions + 1 } else { 0 };
        self.most_questions = self.most_questions.max(self.questions);
        match token {
            Token::Word(word) => self.hear_word(&word),
            Token::Sign(sign) => {
                if let Some((emotion, strength)) = signs::shown(sign) {
                    self.note(Sense::Shows(emotion, strength), false, PLAIN);
                }
            }
            Token::Exclamation => {
                self.exclamations += 1;
                self.begin_part();
            }
            Token::Break | Token::Question => self.begin_part(),
        }
    }

    fn hear_word(&mut self, word: &Word<'_>) {
        self.words += 1;
        self.letters += word.length;
        self.capital_letters += if word.capital { word.length } else { 0 };
        // `don't`, `can't`; and `n'est`, `n'aime`.
        if (word.joined && word.letters == "t") || (word.elided && word.letters == "n") {
            self.denied_until = self.words + DENIED;
            return;
        }
        let is_denied = self.words <= self.denied_until;
        let Some(sense) = sense(word.letters) else { return };
        match sense {
            Sense::Shows(..) | Sense::Missed(..) => {
                let factor = if self.words <= self.factor_until { self.factor } else { PLAIN };
                let is_loud = word.capital && word.length >= 3;
                self.note(sense, is_denied, if is_loud { factor * CAPITALS / PLAIN } else { factor });
            }
            Sense::Denies => self.denied_until = self.words + DENIED,
            Sense::DeniesAround => {
                self.denied_until = self.words + DENIED;
                self.deny_what_came();
            }
            Sense::Joins => self.begin_part(),
            Sense::Stresses => (self.factor, self.factor_until) = (STRONGER, self.words + STRESSED),
            Sense::Softens => (self.factor, self.factor_until) = (WEAKER, self.words + STRESSED),
            Sense::Greets => self.forget_the_word_before(),
            Sense::Wants | Sense::Talks | Sense::Person | Sense::Somebody | Sense::Real => {
                self.asking.hear(sense, self.words, is_denied);
            }
        }
    }

    fn note(&mut self, sense: Sense, denied: bool, factor: u32) {
        if let Some(free) = self.findings.get_mut(self.found) {
            *free = Some(Finding { sense, at: self.words, part: self.part, denied, factor });
            self.found += 1;
        }
    }

    fn begin_part(&mut self) {
        self.part += 1;
        self.denied_until = 0;
        self.factor_until = 0;
        self.asking.begin_part();
    }

    /// "Das hilft mir nicht": what was good or hoped for in this part is not so.
    fn deny_what_came(&mut self) {
        let (words, part) = (self.words, self.part);
        for finding in self.findings.iter_mut().flatten() {
            if finding.part == part && finding.at + DENIED >= words {
                finding.denied = true;
            }
        }
    }

    /// "Good morning" praises nothing.
    fn forget_the_word_before(&mut self) {
        let before = self.words.saturating_sub(1);
        if let Some(last) = self.found.checked_sub(1)
            && self.findings[last].is_some_and(|finding| finding.at == before && finding.part == self.part)
        {
            self.findings[last] = None;
            self.found = last;
        }
    }

    /// All together. Each finding takes its part of what is left to the whole, so that many weak ones are strong and
    /// none passes the bound.
    fn scores(&self) -> Scores {
        let mut scores = Scores::default();
        let mut add = |(emotion, strength): (Emotion, u32)| {
            let (before, strength) = (scores.get(emotion).thousandths(), strength.min(STRONGEST));
            scores.set(emotion, Share::of_thousandths(before + (1_000 - before) * strength / 1_000));
        };
        let loudness = match self.exclamations {
            0 => PLAIN,
            1 | 2 => EXCLAIMED,
            _ => EXCLAIMED_MORE,
        };
        for (emotion, strength) in self.findings.iter().flatten().filter_map(|finding| finding.shows()) {
            add((emotion, strength * loudness / PLAIN));
        }
        let is_shouted =
            self.letters >= SHOUTED_LETTERS && self.words >= SHOUTED_WORDS && self.letters == self.capital_letters;
        if is_shouted {
            add(SHOUTED);
        }
        if self.most_questions >= 2 {
            add(ASKED_TWICE);
        }
        scores
    }
}

#[cfg(test)]
mod tests;
