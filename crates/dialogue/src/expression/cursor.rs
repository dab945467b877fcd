//! A position in designer's text: the few steps that references and filters are read with.

use super::ExpressionError;

/// Characters of the text that an error shows.
const SHOWN: usize = 80;

pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over `wanted` if it comes next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(super) fn expect(&mut self, wanted: char, expected: &'static str) -> Result<(), ExpressionError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.malformed(expected)) }
    }

    /// Steps over what another cursor on the rest has read.
    pub(super) fn skip_bytes(&mut self, count: usize) {
        self.at += count;
    }

    pub(super) fn skip_spaces(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(super) fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !accept(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// A name: starts with a letter or `_`, goes on with letters, digits, `_` and `-`.
    pub(super) fn name(&mut self) -> Option<&'t str> {
        let first = self.peek()?;
        if first.is_alphabetic() || first == '_' {
            Some(self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-'))
        } else {
            None
        }
    }

    /// A text in single or double quotes, if one comes next. A backslash escapes the quote in use
    /// and itself; before anything else it stays, as date formats need it.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, ExpressionError> {
        let Some(quote @ ('"' | '\'')) = self.peek() else { return Ok(None) };
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != quote && c != '\\'));
            if self.eat(quote) {
                return Ok(Some(text));
            }
            if !self.eat('\\') {
                self.at = start;
                return Err(self.malformed("a text whose closing quote is present"));
            }
            match self.peek() {
                Some(escaped) if escaped == quote || escaped == '\\' => {
                    self.eat(escaped);
                    text.push(escaped);
                }
                _ => text.push('\\'),
            }
        }
    }

    pub(super) fn malformed(&self, expected: &'static str) -> ExpressionError {
        ExpressionError::Malformed {
            text: self.text.chars().take(SHOWN).collect(),
            at: self.text[..self.at].chars().count(),
            expected,
        }
    }
}
