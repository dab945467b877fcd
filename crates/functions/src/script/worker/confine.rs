//! What is taken from a worker before it runs anything of others. Each step is a second wall behind the engine, which
//! has no way out of itself; where the system refuses one, the others stand.
//!
//! There is no signal for the death of the parent: it would come with the end of the parent's *thread* that started the
//! worker. A worker whose parent is gone finds its input closed, and one that is inside a built-in is ended by its limit
//! of processor time.

use std::time::Duration;

use rustix::{
    process::{DumpableBehavior, Resource, Rlimit, getrlimit, nice, set_dumpable_behavior, setpgid, setrlimit},
    thread::set_no_new_privs,
    time::{ClockId, clock_gettime},
};

/// How much a worker steps back behind the server.
const NICENESS: i32 = 5;

/// Takes from this process what it does not need, and bounds the memory that it can name, in bytes. To be called while
/// there is one thread.
pub fn confine(address_space: u64) {
    // When memory is short, the system ends workers before the server. Before files are out of reach.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let _ = std::env::set_current_dir("/");
    // A group of its own: an interrupt from a terminal is the server's to handle. Not a session of its own, which a kernel
    // with automatic groups would give as much of the processor as the whole server.
    let _ = setpgid(None, None);
    let _ = nice(NICENESS);
    let _ = set_no_new_privs(true);
    // No process of the same user may look into it.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    for (resource, limit) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nproc, 0),
        // The three that it has, and none beside them: it can open nothing.
        (Resource::Nofile, 3),
        (Resource::As, address_space),
    ] {
        let _ = setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) });
    }
}

/// What the process has computed since it started.
pub(super) fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// Has the system end the process when it has computed for so long. The limit counts from the process's start and in
/// whole seconds: it is moved ahead of each task, and coarser than the server's own.
pub fn end_after(cpu: Duration) {
    let end = (cpu_time() + cpu).as_secs() + 2;
    let maximum = getrlimit(Resource::Cpu).maximum;
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(end), maximum });
}
