//! Language models behind one interface: [`Models`] asks the [`ModelEndpoint`] of a [`ModelCall`], tries again, turns
//! to the fallback, and says what it took.
//!
//! Invariants: every answer is read as a stream, so that one that breaks off is never taken for a whole one; at
//! most so many calls run at once as the [`PoolOptions`] say, fairly among tenants; no failure's text holds a key
//! or the prompt; nothing is tried again once a part of an answer has been handed on.
//!
//! Wire forms are made by `provider`; a [`Script`] stands in for a model in tests, demos and replays.

mod endpoint;
mod models;
mod pool;
mod prices;
mod provider;
mod script;

pub use endpoint::{Azure, Key, ModelEndpoint, Provider, UnknownProvider};
pub use models::{ModelCall, Models, Permit};
pub use pool::{PoolLoad, PoolOptions};
pub use prices::{Price, Prices, PricesError};
pub use script::{Script, ScriptError};
