//! A worker: a process that runs one task after another, each in an engine of its own, and knows nobody.
//!
//! It reads tasks from its standard input and writes to its standard output. Everything else is taken from it before
//! the first task. Engines are made before their task is known, while nobody waits, and torn down when nobody does, so
//! that neither costs a caller anything. No engine sees two tasks: nothing of one can reach the next.

mod channel;
pub mod confine;
mod engine;
mod fault;
mod platform;
mod task_state;

use std::{
    process::ExitCode,
    rc::Rc,
    time::{Duration, Instant},
};

use crate::script::message::{FromWorker, ToWorker};
use channel::Channel;
use engine::Engine;

/// Address space: far above what the engine's own limit admits, since allocators reserve more than they use.
const ADDRESS_SPACE: u64 = 4 << 30;
/// Engines that are made ahead.
const AHEAD: usize = 2;
/// A task that took longer may have left much to tear down: that is done before the next one's time begins.
const SHORT: Duration = Duration::from_millis(5);

/// Runs tasks until nobody is left who sends any. To be called first thing in a process with a single thread: before
/// logs, configuration or an asynchronous runtime.
pub fn run() -> ExitCode {
    confine::confine(ADDRESS_SPACE);
    match work(&Rc::new(Channel::default())) {
        Ok(never) => match never {},
        Err(_) => ExitCode::FAILURE,
    }
}

fn work(channel: &Rc<Channel>) -> rquickjs::Result<std::convert::Infallible> {
    let mut ahead = Vec::with_capacity(AHEAD);
    let mut used = None;
    loop {
        let engine = match ahead.pop() {
            Some(engine) => engine,
            None => Engine::new(Rc::clone(channel))?,
        };
        let cpu_micros = u64::try_from(confine::cpu_time().as_micros()).unwrap_or(u64::MAX);
        channel.send(&FromWorker::Ready { cpu_micros });
        while channel.is_quiet() && (used.is_some() || ahead.len() < AHEAD) {
            if used.take().is_none() {
                ahead.push(Engine::new(Rc::clone(channel))?);
            }
        }
        // An answer here is one that the last task did not wait for.
        let task = loop {
            if let ToWorker::Task(task) = channel.receive() {
                break task;
            }
        };
        let begun = Instant::now();
        let done = engine.run(task);
        channel.send(&FromWorker::Done(done));
        used = (begun.elapsed() < SHORT).then_some(engine);
    }
}
