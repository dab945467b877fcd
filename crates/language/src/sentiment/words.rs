//! A text as words and marks, one after the other: folded to small letters without accents, with nothing kept of what
//! the lists of words cannot have.

/// Longest word that is told by its letters; a longer one is known by its beginning.
const LONGEST: usize = 24;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'w> {
    /// A word.
    Word(Word<'w>),
    /// Something ends: a sentence, or a part of one.
    Break,
    /// `!`, which ends something too.
    Exclamation,
    /// `?`, which ends something too.
    Question,
    /// Any other sign: a picture, perhaps.
    Sign(char),
}

/// A word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word<'w> {
    /// Its letters, folded: `a` to `z` and digits; empty for a word of another script.
    pub(super) letters: &'w str,
    /// How many letters it has.
    pub(super) length: usize,
    /// Whether all of them are capitals.
    pub(super) capital: bool,
    /// Whether an apostrophe joins it to the word before: the `t` of `don't`.
    pub(super) joined: bool,
    /// Whether an apostrophe joins it to the word after: the `n` of `n'est`.
    pub(super) elided: bool,
}

/// Tells the parts of a text in order, up to so many characters.
pub(super) fn read(text: &str, longest: usize, mut tell: impl FnMut(Token<'_>)) {
    let mut word = Folded::default();
    let mut joined = false;
    let mut chars = text.chars().take(longest).peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || is_combining(c) {
            word.push(c);
            continue;
        }
        let elided = is_apostrophe(c) && !word.is_empty();
        if !word.is_empty() {
            tell(Token::Word(word.told(joined, elided)));
            word = Folded::default();
        }
        joined = elided;
        match c {
            '!' => tell(Token::Exclamation),
            '?' => tell(Token::Question),
            ':' | ';' | '=' => {
                // A face that is typed; `:D` only where no word goes on with the letter.
                let mut ahead = chars.clone();
                let nose = ahead.next_if_eq(&'-').is_some();
                let mouth = ahead.next();
                let alone = ahead.peek().is_none_or(|next| !next.is_alphanumeric());
                let face = match mouth {
                    Some(')') => Some('🙂'),
                    Some('(') => Some('🙁'),
                    Some('D') if alone => Some('😀'),
                    _ => None,
                };
                match face {
                    Some(face) => {
                        chars.nth(usize::from(nose));
                        tell(Token::Sign(face));
                    }
                    None => tell(Token::Break),
                }
            }
            '.' | ',' | '\n' | '(' | ')' | '…' | '¡' | '¿' => tell(Token::Break),
            c if c.is_whitespace() || c.is_ascii() || is_apostrophe(c) => {}
            c => tell(Token::Sign(c)),
        }
    }
    if !word.is_empty() {
        tell(Token::Word(word.told(joined, false)));
    }
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

/// Whether it is an accent by itself, that stands after its letter.
const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// A word that is being read.
#[derive(Default)]
struct Folded {
    bytes: [u8; LONGEST],
    used: usize,
    letters: usize,
    capitals: usize,
    characters: usize,
    /// Whether a letter has no place in the lists.
    foreign: bool,
}

impl Folded {
    const fn is_empty(&self) -> bool {
        self.characters == 0
    }

    fn push(&mut self, c: char) {
        if is_combining(c) {
            return;
        }
        self.characters += 1;
        self.letters += usize::from(c.is_alphabetic());
        self.capitals += usize::from(c.is_uppercase());
        match folded(c) {
            Some((first, second)) => {
                for byte in [Some(first), second].into_iter().flatten() {
                    if let Some(free) = self.bytes.get_mut(self.used) {
                        *free = byte;
                        self.used += 1;
                    }
                }
            }
            None => self.foreign = true,
        }
    }

    fn told(&self, joined: bool, elided: bool) -> Word<'_> {
        let letters = if self.foreign { "" } else { str::from_utf8(&self.bytes[..self.used]).unwrap_or_default() };
        let capital = self.letters > 0 && self.letters == self.capitals;
        Word { letters, length: self.letters, capital, joined, elided }
    }
}

/// A letter as the lists write it: one of ASCII, or two.
const fn folded(c: char) -> Option<(u8, Option<u8>)> {
    let one = match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => (c as u8).to_ascii_lowercase(),
        'à'..='å' | 'À'..='Å' => b'a',
        'ç' | 'Ç' => b'c',
        'è'..='ë' | 'È'..='Ë' => b'e',
        'ì'..='ï' | 'Ì'..='Ï' => b'i',
        'ñ' | 'Ñ' => b'n',
        'ò'..='ö' | 'Ò'..='Ö' => b'o',
        'ù'..='ü' | 'Ù'..='Ü' => b'u',
        'ý' | 'ÿ' | 'Ý' | 'Ÿ' => b'y',
        'ß' | 'ẞ' => return Some((b's', Some(b's'))),
        'œ' | 'Œ' => return Some((b'o', Some(b'e'))),
        'æ' | 'Æ' => return Some((b'a', Some(b'e'))),
        _ => return None,
    };
    Some((one, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        read(text, 1_000, |token| {
            all.push(match token {
                Token::Word(word) => word.letters.to_owned(),
                Token::Break => ".".to_owned(),
                Token::Exclamation => "!".to_owned(),
                Token::Question => "?".to_owned(),
                Token::Sign(sign) => sign.to_string(),
            });
        });
        all
    }

    #[test]
    fn words_are_small_and_without_accents() {
        assert_eq!(
            told("Été, MÄRCHEN, Straße, œuf, niño"),
            ["ete", ".", "marchen", ".", "strasse", ".", "oeuf", ".", "nino"]
        );
        assert_eq!(told("e\u{301}te\u{301}"), ["ete"], "accents that stand by themselves");
        assert_eq!(told("мир 世界"), ["", ""], "of another script it is known that there is a word");
        assert_eq!(told(&"x".repeat(100)), ["x".repeat(LONGEST)]);
    }

    #[test]
    fn apostrophes_join() {
        let mut joined = Vec::new();
        read("don't n’est 'quoted'", 1_000, |token| {
            if let Token::Word(word) = token {
                joined.push((word.letters.to_owned(), word.joined, word.elided));
            }
        });
        let expected = [
            ("don", false, true),
            ("t", true, false),
            ("n", false, true),
            ("est", true, false),
            ("quoted", false, true),
        ];
        assert_eq!(joined, expected.map(|(word, before, after)| (word.to_owned(), before, after)));
    }

    #[test]
    fn faces_and_pictures_are_signs() {
        assert_eq!(told("ok :-) fine :( yes:D"), ["ok", "🙂", "fine", "🙁", "yes", "😀"]);
        assert_eq!(told("Re:Desk http://x 😡"), ["re", ".", "desk", "http", ".", "x", "😡"]);
        assert_eq!(told(":"), ["."]);
        assert_eq!(told(":-"), ["."]);
    }

    #[test]
    fn capitals_are_told() {
        let mut capital = Vec::new();
        read("NOW now N0W 123", 1_000, |token| {
            if let Token::Word(word) = token {
                capital.push((word.capital, word.length));
            }
        });
        assert_eq!(capital, [(true, 3), (false, 3), (true, 2), (false, 0)]);
    }

    #[test]
    fn no_more_is_read_than_asked() {
        let mut words = 0;
        read(&"a ".repeat(100), 20, |_| words += 1);
        assert_eq!(words, 10);
    }
}
