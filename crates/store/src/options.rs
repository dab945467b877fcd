//! What can be set about the store.

use std::time::Duration;

/// Bounds of the store; the defaults suit a small server.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Records that may be accepted and not yet projected. Past it new ones are refused as overload.
    pub max_behind: usize,
    /// The same in bytes of JSON: this much memory may be taken by what is not yet projected.
    pub max_behind_bytes: usize,
    /// Most records of one commit.
    pub batch: usize,
    /// Most bytes of one commit.
    pub batch_bytes: usize,
    /// How long the projector waits for more, after the first new record, when nobody waits for it.
    pub linger: Duration,
    /// How long a shutdown waits for the projector; what is left is projected at the next start.
    pub shutdown_limit: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_behind: 20_000,
            max_behind_bytes: 128 << 20,
            batch: 1_024,
            batch_bytes: 8 << 20,
            linger: Duration::from_millis(30),
            shutdown_limit: Duration::from_secs(10),
        }
    }
}
