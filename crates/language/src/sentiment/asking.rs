//! Whether a message asks for a person: words that want, talk and name somebody, near each other.

use super::lexicon::Sense;

/// How far after what wants a person may stand, in words: "want a real person".
const WANTED: usize = 3;
/// How far after what talks: "speak with one of your agents".
const TALKED: usize = 5;
/// How far before: "mit einem Menschen sprechen".
const BEFORE: usize = 3;

/// What was heard of it. Places are numbers of words, from 1; 0 is nowhere in this part of the sentence.
#[derive(Debug, Default)]
pub(super) struct Asking {
    wanted: usize,
    talked: usize,
    real: usize,
    person: usize,
    asked: bool,
    /// Whether the first word of the message names somebody.
    begins: bool,
}

impl Asking {
    /// Hears a word that has to do with it.
    pub(super) fn hear(&mut self, sense: Sense, at: usize, denied: bool) {
        let near = |place: usize, reach: usize| place > 0 && at <= place + reach;
        match sense {
            Sense::Wants if !denied => self.wanted = at,
            Sense::Talks if !denied => {
                self.talked = at;
                self.asked |= near(self.person, BEFORE);
            }
            Sense::Real if !denied => self.real = at,
            Sense::Person if !denied => {
                self.asked |= near(self.wanted, WANTED) || near(self.talked, TALKED) || near(self.real, 1);
                self.person = at;
                self.begins |= at == 1;
            }
            Sense::Somebody if !denied => {
                self.asked |= near(self.talked, TALKED);
                self.person = at;
            }
            _ => {}
        }
    }

    /// Something ends: what is in another part of a sentence is not near.
    pub(super) fn begin_part(&mut self) {
        (self.wanted, self.talked, self.real, self.person) = (0, 0, 0, 0);
    }

    /// Whether a person is asked for by a message of so many words.
    pub(super) const fn is_asked(&self, words: usize) -> bool {
        self.asked || (self.begins && words == 1)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::sentiment::heard;

    #[rstest]
    #[case("I want a person")]
    #[case("I want a human")]
    #[case("Let me talk to a person")]
    #[case("Connect me with an agent")]
    #[case("Speak to somebody")]
    #[case("can I please speak with one of your agents or a manager?")]
    #[case("a real person please")]
    #[case("Human!")]
    #[case("Operator")]
    #[case("Je voudrais parler à un conseiller")]
    #[case("Je veux parler à quelqu'un")]
    #[case("Ich möchte mit einem Menschen sprechen")]
    #[case("Kann ich mit jemandem reden?")]
    #[case("Verbinden Sie mich mit einem Mitarbeiter")]
    #[case("Quiero hablar con una persona")]
    #[case("necesito un agente")]
    fn a_person_is_asked_for(#[case] text: &str) {
        assert!(heard(text).asks_for_person, "{text}");
    }

    #[rstest]
    #[case("")]
    #[case("I do not want to talk to a person")]
    #[case("Ich brauche keinen Menschen")]
    #[case("I want a table for two persons")]
    #[case("The agent was here. I want my money back")]
    #[case("Somebody stole my card")]
    #[case("insurance agent")]
    #[case("Which person is on the booking?")]
    #[case("What is my account balance")]
    #[case("Transfer money to a friend")]
    fn nobody_is_asked_for(#[case] text: &str) {
        assert!(!heard(text).asks_for_person, "{text}");
    }
}
