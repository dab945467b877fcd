//! A worker: a process that runs one task after another, each in an engine of its own, and knows nobody.
//!
//! It reads tasks from its standard input and writes to its standard output. Everything else is taken from it before
//! the first task. An engine is made before its task is known, and answered before it is torn down, so that neither
//! costs a caller anything. No engine sees two tasks: nothing of one can reach the next.

mod channel;
pub mod confine;
mod engine;
mod fault;
mod platform;
mod task_state;

use std::{process::ExitCode, rc::Rc};

use crate::script::message::{FromWorker, ToWorker};
use channel::Channel;
use engine::Engine;

/// Address space: far above what the engine's own limit admits, since allocators reserve more than they use.
const ADDRESS_SPACE: u64 = 4 << 30;

/// Runs tasks until nobody is left who sends any. To be called first thing in a process with a single thread: before
/// logs, configuration or an asynchronous runtime.
pub fn run() -> ExitCode {
    confine::confine(ADDRESS_SPACE);
    let channel = Rc::new(Channel::default());
    loop {
        let Ok(engine) = Engine::new(Rc::clone(&channel)) else { return ExitCode::FAILURE };
        let cpu_micros = u64::try_from(confine::cpu_time().as_micros()).unwrap_or(u64::MAX);
        channel.send(&FromWorker::Ready { cpu_micros });
        // An answer here is one that the last task did not wait for.
        let task = loop {
            if let ToWorker::Task(task) = channel.receive() {
                break task;
            }
        };
        let done = engine.run(task);
        channel.send(&FromWorker::Done(done));
    }
}
