//! The flow engine: one turn as a pure function (spec/dialai.md §6.3, §7, §21.3).
//!
//! [`take_turn`] reads the compiled flow, what is remembered, what was done, and the answers found so far. Either it
//! gives the whole [`Outcome`], or it names the one [`Need`] that it cannot do without, or it refuses the act. Like
//! the scenario engine it runs again from the start for each answer: the same inputs give the same result, so that
//! a recorded turn can be replayed.
//!
//! Invariants: no I/O, no clock, no randomness; a turn asks the model and calls functions a bounded number of times;
//! after a person took over, the agent says nothing (row DA-W3); wrap-up runs once.

mod answering;
mod closing;
mod context;
mod functions;
mod guarding;
mod intervention;
mod journal;
mod line;
mod needs;
mod prompt;
mod session;
mod spelling;
#[cfg(test)]
mod tests;
mod turn;

pub use intervention::{Refused, intervene, transferable};
pub use journal::{Journal, Step};
pub use line::{Line, LineBody, Past};
pub use needs::{Answer, Answers, Call, Completion, Guard, Need, Occasion, Passage, Purpose, Verdict};
pub use session::Session;
pub use turn::{Entered, Input, Outcome, Stop, take_turn};
