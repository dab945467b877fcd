//! The fields of messages: text in which attributes are filled in, by what the text is for.
//!
//! What is known when the agent is compiled is finished there; a turn only fills in what it must.

use super::html;
use crate::expression::{Scope, Template};

/// Text as it is: an intent, a name, a number.
#[derive(Debug)]
pub(super) enum Text {
    Fixed(Box<str>),
    Filled(Template),
}

impl Text {
    pub(super) fn fill(&self, scope: &dyn Scope) -> String {
        match self {
            Self::Fixed(text) => text.to_string(),
            Self::Filled(template) => template.fill(scope),
        }
    }

    /// What it holds, when no attribute is filled in.
    pub(super) fn fixed(&self) -> Option<&str> {
        match self {
            Self::Fixed(text) => Some(text),
            Self::Filled(_) => None,
        }
    }

    /// Finishes what is fixed.
    fn finish(self, finish: fn(&str) -> String) -> Self {
        match self {
            Self::Fixed(text) => Self::Fixed(finish(&text).into()),
            filled @ Self::Filled(_) => filled,
        }
    }

    fn fill_and(&self, scope: &dyn Scope, finish: fn(&str) -> String) -> String {
        match self {
            Self::Fixed(done) => done.to_string(),
            Self::Filled(template) => finish(&template.fill(scope)),
        }
    }
}

/// Text to read: markdown and allowed HTML.
#[derive(Debug)]
pub(super) struct Prose(Text);

impl Prose {
    pub(super) fn new(text: Text) -> Self {
        Self(text.finish(html::prose))
    }

    pub(super) fn fill(&self, scope: &dyn Scope) -> String {
        self.0.fill_and(scope, html::prose)
    }
}

/// A short text to read: bold, italic, underlined at most.
#[derive(Debug)]
pub(super) struct Label(Text);

impl Label {
    pub(super) fn new(text: Text) -> Self {
        Self(text.finish(html::label))
    }

    pub(super) fn fill(&self, scope: &dyn Scope) -> String {
        self.0.fill_and(scope, html::label)
    }
}

/// An address that a client follows or loads; empty when its scheme is not allowed.
#[derive(Debug)]
pub(super) struct Address(Text);

impl Address {
    pub(super) fn new(text: Text) -> Self {
        Self(text.finish(allowed_address))
    }

    pub(super) fn fill(&self, scope: &dyn Scope) -> String {
        self.0.fill_and(scope, allowed_address)
    }
}

fn allowed_address(url: &str) -> String {
    if is_allowed_address(url) { url.trim().to_owned() } else { String::new() }
}

/// Whether an address is relative or of a scheme that a visitor may be sent to. Browsers skip
/// control characters and white space within a scheme, so do we.
pub(super) fn is_allowed_address(url: &str) -> bool {
    let bare: String = url.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    match bare.find([':', '/', '?', '#']).map(|at| (&bare[..at], &bare[at..])) {
        Some((scheme, rest)) if rest.starts_with(':') => {
            ["http", "https", "mailto", "tel"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
        }
        _ => true,
    }
}

/// Yes or no.
#[derive(Debug)]
pub(super) enum Switch {
    Known(bool),
    Filled(Template),
}

impl Switch {
    pub(super) fn fill(&self, scope: &dyn Scope) -> bool {
        match self {
            Self::Known(known) => *known,
            Self::Filled(template) => says_yes(&template.fill(scope)),
        }
    }
}

impl From<Text> for Switch {
    fn from(text: Text) -> Self {
        match text {
            Text::Fixed(text) => Self::Known(says_yes(&text)),
            Text::Filled(template) => Self::Filled(template),
        }
    }
}

/// `true`, `1` and `yes` are yes; anything else is no.
pub(super) fn says_yes(text: &str) -> bool {
    let text = text.trim();
    text == "1" || text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_run_code_are_refused() {
        for good in ["https://x.org", "HTTP://x", "mailto:a@b", "tel:123", "/a:b", "page?x=a:b", "", "#top:1"] {
            assert!(is_allowed_address(good), "{good}");
        }
        for bad in ["javascript:alert(1)", " JavaScript:x", "java\nscript:x", "data:text/html,x", "vbscript:x"] {
            assert!(!is_allowed_address(bad), "{bad}");
        }
    }
}
