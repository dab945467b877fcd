//! What can be wrong with an expression that a designer wrote.

/// Why an expression cannot be compiled; each message says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is not written as a reference with filters.
    #[error("expected {expected} at character {at} of `{text}`")]
    Malformed {
        /// What was read, shortened.
        text: String,
        /// Count of characters before the fault.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// There is no such filter.
    #[error("there is no filter `{name}`; known filters: {}", super::filter::names())]
    UnknownFilter {
        /// As it was written.
        name: String,
    },
    /// A filter cannot work with its arguments.
    #[error("filter `{filter}`: {problem}")]
    Argument {
        /// The filter.
        filter: &'static str,
        /// What is wrong, and what it takes.
        problem: String,
    },
    /// It is larger than any expression needs to be.
    #[error("{what} may be at most {limit} long; split it")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}
