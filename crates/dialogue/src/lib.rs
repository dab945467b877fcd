//! The conversation engines: pure. No I/O, no clock, no randomness, no async.
//!
//! A turn is a function of the compiled agent, the session, the input and the answers to what the
//! engine asked for. When an answer is missing the function says which one it [needs](engine::Need);
//! the caller finds it and calls again.

pub mod engine;
pub mod expression;
pub mod flow;
pub mod message;
pub mod problem;
pub mod scenario;
