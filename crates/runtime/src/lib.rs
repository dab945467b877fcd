//! Turns, sessions and the event log: the one path from what a visitor did to what is durable and
//! answered (ARCHITECTURE.md, "A turn, step by step").
//!
//! Invariants: turns of one contact never overlap, turns of different contacts never wait for each
//! other; what a caller is told happened is durable; a retry with the same message id gets the first
//! answer. This crate knows no vendor's wire format and no SQL.

pub mod access;
pub mod agents;
pub mod aliases;
pub mod audit;
pub mod branding;
mod classifiers;
mod contact_order;
pub mod contacts;
mod conversations;
pub mod documents;
pub mod endpoints;
pub mod environment;
pub mod erasure;
pub mod experiments;
mod explain;
pub mod feature_flags;
pub mod files;
mod flow;
pub mod found_by;
mod fulfil;
mod function_calls;
pub mod functions;
mod idle;
pub mod internal_contacts;
pub mod issuer;
pub mod junit;
pub mod jwks;
pub mod knowledge;
pub mod links;
mod loaded;
pub mod mail;
pub mod models;
pub mod mood;
pub mod outbound;
mod phone_number;
pub mod presets;
pub mod realm;
mod record;
pub mod replay;
pub mod retention;
mod runtime;
pub mod secrets;
pub mod settings;
pub mod tenants;
pub mod test_scenarios;
pub mod tokens;
mod turn;
pub mod usage;
pub mod users;
pub mod visitor_tokens;
pub mod webhooks;
mod withheld;

pub use conversations::{ActCall, Standing};
pub use explain::explain;
pub use flow::ENTER_FLOW;
pub use loaded::{AgentSource, LoadedAgent, LoadedFlow, LoadedScenario, Program};
pub use runtime::{Runtime, RuntimeError, RuntimeOptions, UserType};
pub use turn::{AgentChoice, Arrival, Conversation, Live, TurnAnswer, TurnCall, TurnError};
