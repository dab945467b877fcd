//! The processes that are kept ready, and who may have one when.
//!
//! Two kinds wait: blank ones, which have never run anything, and ones that belong to a tenant since they ran something
//! of it. A call takes one of its tenant's, else a blank one, in whose place another is started soon: calls do not wait
//! for processes to start. A tenant's process is never given to another; when there are too many, or it was idle
//! for long, it is ended.
//!
//! A tenant has at most so many calls at once, fewer than all, and so many more that wait: what one tenant does leaves
//! the others their share.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use model::{
    TenantId,
    function::{FunctionError, FunctionErrorKind, FunctionInput, FunctionOutput},
};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    MAX_LIBRARIES, MAX_SOURCE_BYTES, Script,
    limits::CallLimits,
    message::{self, MAX_TO_WORKER, Task, ToWorker},
    output,
    process::{Errand, Process},
};
use crate::host::Host;

/// How long a process may take to be ready; a machine that swaps takes long.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long one that has run something may take to be ready again.
const AGAIN_LIMIT: Duration = Duration::from_secs(1);
/// How long one needs between two tasks, roughly: to tear an engine down and make another.
const BREATH: Duration = Duration::from_millis(1);
/// How long to wait after a process that did not start.
const START_PAUSE: Duration = Duration::from_millis(500);
/// How long a process that nobody waits for is not started yet: a call that begins now has the machine to itself.
const UNHURRIED: Duration = Duration::from_millis(5);
/// How often idle processes are looked at.
const TEND: Duration = Duration::from_secs(10);
/// Longest time that a call may be given.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Longest input, in bytes of JSON.
const MAX_INPUT_BYTES: usize = 4 << 20;

/// How workers are kept.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// The program, which is started with the one argument `function-worker`. `/proc/self/exe` is the program that
    /// runs, even when its file was replaced since.
    pub program: PathBuf,
    /// Calls that run at once; at least 2.
    pub size: usize,
    /// Blank processes that are kept ready; at least 1.
    pub spare: usize,
    /// Calls of one tenant that run at once; fewer than `size`, so that something is left for others.
    pub per_tenant: usize,
    /// Calls of one tenant that wait.
    pub queue: usize,
    /// How long a call waits for its turn.
    pub wait: Duration,
    /// How long past its limit a call may take to end by itself before its process is killed.
    pub grace: Duration,
    /// Most memory of any call, in bytes, whatever its own limit says.
    pub memory_bytes: usize,
    /// Stack of a call, in bytes; well below the 8 MiB that a process has.
    pub stack_bytes: usize,
    /// Longest output of a call, in bytes of JSON.
    pub max_output_bytes: usize,
    /// Most requests of a call.
    pub max_fetches: u32,
    /// How long a tenant's process is kept without a call.
    pub idle: Duration,
    /// Calls after which a process is replaced.
    pub calls_per_process: u32,
}

impl WorkerOptions {
    /// Workers of a program, with everything else as it is by default.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        let size = (2 * processors).clamp(4, 64);
        Self {
            program: program.into(),
            size,
            spare: 2,
            per_tenant: size / 2,
            queue: 32,
            wait: Duration::from_secs(5),
            grace: Duration::from_millis(50),
            memory_bytes: 256 << 20,
            stack_bytes: 512 << 10,
            max_output_bytes: 1 << 20,
            max_fetches: 20,
            idle: Duration::from_secs(60),
            calls_per_process: 10_000,
        }
    }
}

/// The workers; cheap to clone. Their processes end with [`Workers::stop`], or when the last handle is gone.
#[derive(Clone)]
pub struct Workers {
    shared: Arc<Shared>,
    _last: Arc<Last>,
}

/// Stops the tasks when the last handle is dropped.
struct Last(CancellationToken);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

struct Shared {
    options: WorkerOptions,
    /// One permit per call that runs.
    running: Arc<Semaphore>,
    state: Mutex<State>,
    /// A blank process was made ready.
    arrived: Notify,
    /// Somebody waits for a blank process.
    wanted: Notify,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    blank: VecDeque<Process>,
    starting: usize,
    /// Processes that belong to a tenant, the longest unused first.
    kept: VecDeque<(TenantId, Process)>,
    tenants: HashMap<TenantId, Arc<Tenant>>,
}

/// One tenant's calls.
struct Tenant {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Who may run: held while a call does.
struct Turn {
    /// As long as somebody holds it, it is not forgotten.
    _tenant: Arc<Tenant>,
    _permits: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Workers {
    /// Starts to keep workers, within an asynchronous runtime. Processes are started from the first call on: who runs no
    /// functions pays for none.
    pub fn start(mut options: WorkerOptions) -> Self {
        options.size = options.size.max(2);
        options.spare = options.spare.max(1);
        options.per_tenant = options.per_tenant.clamp(1, options.size - 1);
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            running: Arc::new(Semaphore::new(options.size)),
            options,
            state: Mutex::default(),
            arrived: Notify::new(),
            wanted: Notify::new(),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
        });
        shared.tasks.spawn(tend(Arc::downgrade(&shared), stop.clone()));
        Self { shared, _last: Arc::new(Last(stop)) }
    }

    /// Calls a function of a tenant.
    pub async fn call(
        &self,
        tenant: &TenantId,
        script: &Script,
        input: &FunctionInput,
        limits: &CallLimits,
        host: &dyn Host,
    ) -> Result<FunctionOutput, FunctionError> {
        let input = serde_json::to_string(input)
            .map_err(|error| FunctionError::new(FunctionErrorKind::Input, format!("its input is no JSON: {error}")))?;
        if input.len() > MAX_INPUT_BYTES {
            let message = format!("its input is longer than {MAX_INPUT_BYTES} bytes");
            return Err(FunctionError::new(FunctionErrorKind::Input, message));
        }
        self.run(tenant, script, Some(input), limits, host).await
    }

    /// Whether a source can be read, with line and column where it cannot, and finds what it imports. It is compiled and
    /// not called.
    pub async fn check(&self, tenant: &TenantId, script: &Script) -> Result<(), FunctionError> {
        let limits = CallLimits { wall: Duration::from_secs(2), ..CallLimits::default() };
        self.run(tenant, script, None, &limits, &Nobody).await.map(drop)
    }

    async fn run(
        &self,
        tenant: &TenantId,
        script: &Script,
        input: Option<String>,
        limits: &CallLimits,
        host: &dyn Host,
    ) -> Result<FunctionOutput, FunctionError> {
        let options = &self.shared.options;
        let memory = limits.memory.min(options.memory_bytes);
        let limits = &CallLimits { wall: limits.wall.min(LONGEST), cpu: limits.cpu.min(LONGEST), memory };
        let task = task(script, input, limits, options)?;
        // A process is killed or kept before the turn is over: what runs and what is kept are never too many together.
        let _turn = self.shared.turn(tenant).await?;
        let mut process = self.shared.process(tenant).await?;
        let begun = Instant::now();
        let errand = Errand {
            task,
            wall: limits.wall,
            cpu: limits.cpu,
            memory: memory as u64,
            grace: options.grace,
            max_fetches: options.max_fetches,
            secrets: &script.secrets,
            host,
        };
        let outcome = process.run(errand).await;
        let duration = begun.elapsed();
        let outcome = match outcome {
            Ok(done) => {
                self.shared.keep(tenant, process);
                output::read(done, options.max_output_bytes)
            }
            // The process is dropped, which kills it.
            Err(failure) => Err(FunctionError::new(failure.kind, failure.message)),
        };
        outcome.map(|output| FunctionOutput {
            duration_micros: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            ..output
        })
    }

    /// Ends the processes that wait, and what looked after them. Calls that wait fail, and later ones; what runs goes
    /// on to its end, which its limits bound.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.running.close();
        let (blank, kept) = {
            let mut state = self.shared.state.lock();
            (std::mem::take(&mut state.blank), std::mem::take(&mut state.kept))
        };
        drop((blank, kept));
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

impl Shared {
    /// Waits until a call of a tenant may run.
    async fn turn(&self, name: &TenantId) -> Result<Turn, FunctionError> {
        let tenant = Arc::clone(self.state.lock().tenants.entry(name.clone()).or_insert_with(|| {
            Arc::new(Tenant {
                running: Arc::new(Semaphore::new(self.options.per_tenant)),
                waiting: AtomicUsize::new(0),
            })
        }));
        let end = Instant::now() + self.options.wait;
        let own = match Arc::clone(&tenant.running).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let _waiting = Waiting::begin(&tenant.waiting, self.options.queue)
                    .ok_or_else(|| saturated(format!("{} calls of functions wait already", self.options.queue)))?;
                let permit = timeout_at(end, Arc::clone(&tenant.running).acquire_owned()).await;
                permit.map_err(|_| self.waited())?.map_err(|_| stopped())?
            }
        };
        let all = timeout_at(end, Arc::clone(&self.running).acquire_owned()).await;
        let all = all.map_err(|_| self.waited())?.map_err(|_| stopped())?;
        Ok(Turn { _tenant: tenant, _permits: (own, all) })
    }

    /// A process for a call of a tenant: one of its own, else a blank one.
    async fn process(self: &Arc<Self>, tenant: &TenantId) -> Result<Process, FunctionError> {
        let end = Instant::now() + self.options.wait;
        loop {
            // In line before looking, or what arrives in between would be missed.
            let mut arrived = pin!(self.arrived.notified());
            arrived.as_mut().enable();
            if let Some((mut process, limit)) = self.take(tenant) {
                if process.ready(limit).await.is_ok() {
                    return Ok(process);
                }
                // One that died while nobody looked is no failure of this call: take another.
                continue;
            }
            tokio::select! {
                () = arrived => {}
                () = self.stop.cancelled() => return Err(stopped()),
                () = tokio::time::sleep_until(end) => return Err(FunctionError::new(
                    FunctionErrorKind::Broken,
                    "no worker started in time: the server's log says why",
                )),
            }
        }
    }

    fn take(self: &Arc<Self>, tenant: &TenantId) -> Option<(Process, Duration)> {
        let mut state = self.state.lock();
        // The longest unused has had the most time to get ready again. When even that had none, the tenant is busy enough
        // for one more of its own.
        if let Some(place) = state.kept.iter().position(|(owner, _)| owner == tenant) {
            let own = state.kept.iter().filter(|(owner, _)| owner == tenant).count();
            let hasty = state.kept.get(place).is_some_and(|(_, process)| process.used.elapsed() < BREATH);
            if !hasty || own >= self.options.per_tenant || state.blank.is_empty() {
                return state.kept.remove(place).map(|(_, process)| (process, AGAIN_LIMIT));
            }
        }
        let blank = state.blank.pop_front();
        self.refill(&mut state);
        // What runs and what is kept are together no more than what may run.
        let running = self.options.size.saturating_sub(self.running.available_permits());
        while blank.is_some() && !state.kept.is_empty() && state.kept.len() + running > self.options.size {
            state.kept.pop_front();
        }
        if blank.is_none() {
            self.wanted.notify_waiters();
        }
        blank.map(|process| (process, START_LIMIT))
    }

    /// Keeps a process for its tenant.
    fn keep(&self, tenant: &TenantId, mut process: Process) {
        process.used = Instant::now();
        let mut state = self.state.lock();
        // Looked at under the lock: what is kept after `stop` has emptied this would live on.
        if process.tasks < self.options.calls_per_process && !self.stop.is_cancelled() {
            state.kept.push_back((tenant.clone(), process));
        }
    }

    /// Starts as many processes as are missing.
    fn refill(self: &Arc<Self>, state: &mut State) {
        while state.blank.len() + state.starting < self.options.spare && !self.stop.is_cancelled() {
            state.starting += 1;
            self.tasks.spawn(start(Arc::downgrade(self), self.options.program.clone(), self.stop.clone()));
        }
    }

    fn waited(&self) -> FunctionError {
        saturated(format!("it waited for {} ms for its turn", self.options.wait.as_millis()))
    }
}

/// One call that waits.
struct Waiting<'t>(&'t AtomicUsize);

impl<'t> Waiting<'t> {
    fn begin(count: &'t AtomicUsize, most: usize) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        // Made before looking: its end takes it back where there is no room.
        let waiting = Self(count);
        (before < most).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Answers nothing: for what does not run.
struct Nobody;

#[async_trait::async_trait]
impl Host for Nobody {
    async fn fetch(&self, _request: crate::host::FetchRequest) -> Result<crate::host::FetchResponse, String> {
        Err("nothing runs here".into())
    }

    async fn secret(&self, _name: &str) -> Result<String, String> {
        Err("nothing runs here".into())
    }
}

/// Starts a process, when it is wanted or the call that took one before has had its time, and adds it to the blank ones.
async fn start(shared: Weak<Shared>, program: PathBuf, stop: CancellationToken) {
    if let Some(shared) = shared.upgrade() {
        let mut wanted = pin!(shared.wanted.notified());
        wanted.as_mut().enable();
        let none_is_left = shared.state.lock().blank.is_empty();
        if !none_is_left {
            tokio::select! {
                () = wanted => {}
                () = tokio::time::sleep(UNHURRIED) => {}
                () = stop.cancelled() => return,
            }
        }
    }
    let begun = async {
        let mut process = Process::start(&program)?;
        process.ready(START_LIMIT).await?;
        Ok::<_, std::io::Error>(process)
    };
    let begun = tokio::select! {
        begun = begun => begun,
        () = stop.cancelled() => return,
    };
    let failed = begun.as_ref().err().map(ToString::to_string);
    if let Some(error) = failed {
        tracing::error!(program = %program.display(), %error, "a function worker did not start");
        tokio::select! {
            () = tokio::time::sleep(START_PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
    let Some(shared) = shared.upgrade() else { return };
    let mut state = shared.state.lock();
    state.starting = state.starting.saturating_sub(1);
    match begun {
        Ok(process) if !stop.is_cancelled() => {
            state.blank.push_back(process);
            shared.arrived.notify_one();
        }
        _ => shared.refill(&mut state),
    }
}

/// Ends processes that were idle for long, and forgets tenants that have no call.
async fn tend(shared: Weak<Shared>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(TEND) => {}
            () = stop.cancelled() => return,
        }
        let Some(shared) = shared.upgrade() else { return };
        let mut state = shared.state.lock();
        while state.kept.front().is_some_and(|(_, process)| process.used.elapsed() > shared.options.idle) {
            state.kept.pop_front();
        }
        // Under the lock nobody comes to hold one that nobody holds.
        state.tenants.retain(|_, tenant| Arc::strong_count(tenant) > 1);
    }
}

fn task(
    script: &Script,
    input: Option<String>,
    limits: &CallLimits,
    options: &WorkerOptions,
) -> Result<Vec<u8>, FunctionError> {
    let input_error = |message: String| FunctionError::new(FunctionErrorKind::Input, message);
    if script.libraries.len() > MAX_LIBRARIES {
        return Err(input_error(format!("it has more than {MAX_LIBRARIES} libraries")));
    }
    if script.bytes() > MAX_SOURCE_BYTES {
        return Err(input_error(format!("its source and libraries are longer than {MAX_SOURCE_BYTES} bytes")));
    }
    let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let task = Task {
        source: script.source.clone(),
        module: script.module,
        libraries: script.libraries.clone(),
        input,
        wall_micros: micros(limits.wall),
        cpu_micros: micros(limits.cpu),
        memory_bytes: limits.memory as u64,
        stack_bytes: options.stack_bytes as u64,
        max_output_bytes: options.max_output_bytes as u64,
        max_fetches: options.max_fetches,
    };
    message::encode(&ToWorker::Task(task), MAX_TO_WORKER).map_err(|error| input_error(error.to_string()))
}

fn saturated(message: String) -> FunctionError {
    FunctionError::new(FunctionErrorKind::Saturated, message)
}

fn stopped() -> FunctionError {
    FunctionError::new(FunctionErrorKind::Broken, "the server stops")
}
