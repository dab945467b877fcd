//! Flows: a language model in a state machine, with functions (spec/dialai.md §6, §7).

mod check;
pub mod compiled;
mod difference;
pub mod document;
mod duplicate;
mod edit;
pub mod engine;
mod expectation;
pub mod export;
pub mod function;
mod import;
mod secrets;
mod thumbnail;
pub mod version;

pub use check::{bounds, check, faults, function_faults};
pub use difference::difference;
pub use duplicate::duplicate;
pub use edit::{
    EditError, add_state, add_transition, remove_state, remove_transition, replace_state, replace_transition,
};
pub use import::{Import, ImportedFunction, Outcome, import};
pub use secrets::secrets;
pub use thumbnail::thumbnail;
