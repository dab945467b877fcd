//! Flows: a language model in a state machine, with functions (spec/dialai.md §6, §7).

pub mod compiled;
pub mod document;
pub mod engine;
pub mod function;
