//! How much a call may take, and the texts of the failures that come of it: the same whoever notices, the worker or the
//! server.

use std::time::Duration;

use model::function::FunctionErrorKind;

use super::message::Failure;

/// Lines that a call may write to its log, and characters of each.
pub(super) const MAX_LOGS: usize = 100;
pub(super) const MAX_LOG_CHARS: usize = 2_000;
/// Things that a call may ask of the conversation.
pub(super) const MAX_EFFECTS: usize = 50;
/// Secrets that a call may ask for; one that is asked for twice counts twice.
pub(super) const MAX_SECRETS: u32 = 100;
/// Characters of a failure's message.
pub(super) const MAX_MESSAGE_CHARS: usize = 2_000;

/// How much one call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Time from beginning to end, waiting for answers included.
    pub wall: Duration,
    /// Time that it computes.
    pub cpu: Duration,
    /// Memory, in bytes; not more than [`WorkerOptions::memory_bytes`](super::WorkerOptions::memory_bytes).
    pub memory: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { wall: Duration::from_secs(10), cpu: Duration::from_secs(1), memory: 64 << 20 }
    }
}

pub(super) fn out_of_time(limit: Duration) -> Failure {
    Failure::new(FunctionErrorKind::TimedOut, format!("it took longer than the {} ms it may", limit.as_millis()))
}

pub(super) fn out_of_cpu(limit: Duration) -> Failure {
    let message = format!("it computed for longer than the {} ms it may", limit.as_millis());
    Failure::new(FunctionErrorKind::TimedOut, message)
}

pub(super) fn out_of_memory(bytes: u64) -> Failure {
    let message = format!("it used more memory than the {} MiB it may", bytes >> 20);
    Failure::new(FunctionErrorKind::Memory, message)
}

pub(super) fn out_of_stack() -> Failure {
    Failure::new(FunctionErrorKind::Memory, "its calls were nested deeper than its stack takes")
}

pub(super) fn output_too_long(bytes: u64) -> Failure {
    Failure::new(FunctionErrorKind::Output, format!("what it returned is longer than the {bytes} bytes it may be"))
}
