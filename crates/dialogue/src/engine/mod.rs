//! The scenario engine: one turn as a pure function (spec/opendialog.md §2.2).
//!
//! [`take_turn`] reads the compiled scenario, what is remembered, what the visitor did, and the
//! answers found so far. Either it gives the whole [`Outcome`], or it names the one [`Need`] that it
//! cannot do without; the caller finds the answer, adds it and calls again. The function is cheap and
//! the same inputs give the same result, so running it again from the start is simpler than keeping
//! a half-done turn; replaying a recorded turn is the same call with the recorded answers.
//!
//! Invariants: no I/O, no clock, no randomness; no input makes a turn run for ever (ladders only
//! climb, chains of virtual intents are bounded); a failed search leaves the position as it was.

mod attributes;
mod journal;
mod ladder;
mod needs;
mod respond;
mod search;
mod session;
#[cfg(test)]
mod tests;
mod turn;

pub use attributes::{ContactState, MAX_ATTRIBUTES, is_reserved};
pub use journal::{Journal, Reason, Step};
pub use needs::{
    ActionCall, ActionResult, Answer, Answers, HistoryLine, Interpretation, Interpreted, Need, Participant,
};
pub use session::{Position, Session};
pub use turn::{Input, Outcome, Said, accepts, take_turn};
