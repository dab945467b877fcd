//! Texts with expressions in braces.
//!
//! A brace opens an expression only when a reference follows it and then `|` or `}`; any other brace
//! (JSON, CSS, a lone `{`) is text. What has that form and cannot be compiled is a problem, so that
//! a misspelt filter is found when the agent is saved.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::value::display_into;
use super::{Expression, ExpressionError, Reference, Scope};

const MAX_LENGTH: usize = 1 << 20;
/// Bytes of a filled text after which values are left out: a long text may name a long value often.
const MAX_FILLED: usize = 4 << 20;

/// How a text is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FillOptions {
    /// Leave what stands between back-ticks as it is (row OD-M06).
    pub exclude_code: bool,
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Stands as it is.
    Text(Box<str>),
    /// Is replaced by its value.
    Expression(Expression),
}

/// A text that is filled with attributes.
#[derive(Debug, Clone, Default)]
pub struct Template {
    parts: Vec<Part>,
}

impl Template {
    /// Compiles a text.
    pub fn parse(text: &str, options: FillOptions) -> Result<Self, ExpressionError> {
        if text.len() > MAX_LENGTH {
            return Err(ExpressionError::TooLarge { what: "a text with attributes", limit: MAX_LENGTH });
        }
        let mut code = options.exclude_code.then(|| CodeSpans::of(text));
        let mut parts = Vec::new();
        let (mut kept, mut at) = (0, 0);
        while let Some(step) = text[at..].find(['{', '`']) {
            at += step;
            if text.as_bytes()[at] == b'`' {
                let run = text[at..].bytes().take_while(|byte| *byte == b'`').count();
                at = code.as_mut().and_then(|spans| spans.end_of(at, run)).unwrap_or(at + run);
                continue;
            }
            let mut cursor = Cursor::new(&text[at + 1..]);
            match Expression::read(&mut cursor)? {
                Some(expression) if cursor.eat('}') => {
                    push_text(&mut parts, &text[kept..at]);
                    parts.push(Part::Expression(expression));
                    at += 1 + cursor.position();
                    kept = at;
                }
                Some(expression) if expression.is_filtered() => return Err(cursor.malformed("the closing brace")),
                _ => at += 1,
            }
        }
        push_text(&mut parts, &text[kept..]);
        Ok(Self { parts })
    }

    /// The text, when there is nothing to fill.
    pub fn literal(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its pieces, in order; no two texts are neighbours.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text with every expression replaced by its value, or by nothing.
    pub fn fill(&self, scope: &dyn Scope) -> String {
        let mut out = String::new();
        self.fill_into(scope, &mut out);
        out
    }

    /// The same, appended to a text.
    pub fn fill_into(&self, scope: &dyn Scope, out: &mut String) {
        let start = out.len();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expression(_) if out.len() - start > MAX_FILLED => {}
                Part::Expression(expression) => {
                    if let Some(value) = expression.resolve(scope) {
                        display_into(&value, out);
                    }
                }
            }
        }
    }

    /// All attributes that it reads.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Text(_) => None,
                Part::Expression(expression) => Some(expression),
            })
            .flat_map(Expression::references)
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.into()));
    }
}

/// Markdown code: what stands between two runs of equally many back-ticks. Knowing where each
/// length occurs keeps the search linear when runs are never closed.
struct CodeSpans {
    /// Length of a run → ends of the runs of that length, last one first.
    ends: HashMap<usize, Vec<usize>>,
}

impl CodeSpans {
    fn of(text: &str) -> Self {
        let mut ends: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut run = 0;
        for (at, byte) in text.bytes().chain([0]).enumerate() {
            if byte == b'`' {
                run += 1;
            } else if run > 0 {
                ends.entry(run).or_default().push(at);
                run = 0;
            }
        }
        ends.values_mut().for_each(|list| list.reverse());
        Self { ends }
    }

    /// Where the code ends that a run of `run` back-ticks at `at` opens; none when it is not closed.
    fn end_of(&mut self, at: usize, run: usize) -> Option<usize> {
        let ends = self.ends.get_mut(&run)?;
        while ends.last().is_some_and(|end| *end <= at + run) {
            ends.pop();
        }
        ends.last().copied()
    }
}
