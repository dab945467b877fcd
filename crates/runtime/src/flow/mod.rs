//! Turns with flows: what a language model needs to talk, and how a scenario and a flow hand a conversation to
//! each other (ARCHITECTURE.md, "A flow's turn, step by step").

mod fulfil;
mod past;
mod record;
mod thinking;
mod turn;
mod visit;
mod with;

pub(crate) use past::{LINES, RecentPast, of_entries};
pub(crate) use record::{FlowJournal, entries};
pub(crate) use thinking::{Interruption, Thinking};
pub(crate) use visit::{Kept, Onward};
pub(crate) use with::{beside_scenario, entering, leaves, memory};

pub use dialogue::scenario::document::ENTER_FLOW;
