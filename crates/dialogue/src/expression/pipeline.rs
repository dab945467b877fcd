//! An expression: a reference whose value goes through filters, left to right.

use std::borrow::Cow;

use serde_json::Value;

use super::cursor::Cursor;
use super::filter::{Datum, Filter};
use super::{ExpressionError, Reference, Scope};

const MAX_LENGTH: usize = 4096;
const MAX_FILTERS: usize = 32;

/// `context.name | filter argument | filter2`
#[derive(Debug, Clone)]
pub struct Expression {
    /// What it starts from.
    pub reference: Reference,
    filters: Vec<Filter>,
}

impl Expression {
    /// Reads a whole text as one expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut cursor = Cursor::new(text);
        let expression = Self::read(&mut cursor)?.ok_or_else(|| cursor.malformed("an attribute's name"))?;
        if cursor.rest().is_empty() { Ok(expression) } else { Err(cursor.malformed("`|` or the end")) }
    }

    /// Reads the expression that comes next, with the spaces around it. None when what comes is no
    /// expression: no name, or a name followed by neither `|`, `}` nor the end.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, ExpressionError> {
        let start = cursor.position();
        cursor.skip_spaces();
        let Some(reference) = Reference::read(cursor)? else { return Ok(None) };
        cursor.skip_spaces();
        if !matches!(cursor.peek(), None | Some('|' | '}')) {
            return Ok(None);
        }
        let mut filters = Vec::new();
        while cursor.eat('|') {
            if filters.len() == MAX_FILTERS {
                return Err(ExpressionError::TooLarge { what: "a chain of filters", limit: MAX_FILTERS });
            }
            filters.push(Filter::read(cursor)?);
        }
        if cursor.position() - start > MAX_LENGTH {
            return Err(ExpressionError::TooLarge { what: "an expression", limit: MAX_LENGTH });
        }
        Ok(Some(Self { reference, filters }))
    }

    /// The value now, after all filters. None when there is none.
    pub fn evaluate(&self, scope: &dyn Scope) -> Option<Value> {
        self.resolve(scope).map(Cow::into_owned)
    }

    /// The same, borrowed where it can be.
    pub(super) fn resolve<'s>(&'s self, scope: &'s dyn Scope) -> Option<Cow<'s, Value>> {
        let start = self.reference.value(scope);
        if self.filters.is_empty() {
            return start;
        }
        let start = start.map_or_else(Datum::nothing, Datum::Value);
        let end = self.filters.iter().fold(start, |datum, filter| filter.apply(datum, scope)).into_value();
        (!end.is_null()).then_some(end)
    }

    /// Whether the value goes through filters.
    pub(super) fn is_filtered(&self) -> bool {
        !self.filters.is_empty()
    }

    /// All attributes that it reads, those of filters' parameters too.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        std::iter::once(&self.reference).chain(self.filters.iter().flat_map(Filter::references))
    }
}
