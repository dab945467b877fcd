//! Turns, sessions and the event log.
pub mod agents;
pub mod aliases;
pub mod documents;
pub mod settings;
pub mod tenants;
pub mod tokens;
mod standin;
pub use standin::*;
