//! P7: a call of a JavaScript function through its worker process, and what hostile functions cost others.
//!
//! Calls are measured where the server makes them, in its library, with the server's program as the worker.

use std::{
    io::{Read as _, Write as _},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bench::report::{Outcome, Section};
use functions::{
    host::{FetchRequest, FetchResponse, Host},
    script::{CallLimits, Script, WorkerOptions, Workers},
};
use model::{TenantId, function::FunctionInput};

use crate::setup::{Failure, Setup};

const WARM_BAR: f64 = 150.0;
const COLD_BAR: f64 = 1_000.0;
const DELAY_BAR: f64 = 50_000.0;
const WARM_CALLS: usize = 5_000;
const COLD_CALLS: usize = 200;
const NEIGHBOUR_CALLS: usize = 300;
/// Time between cold calls and between the neighbour's: a process for the next is started meanwhile.
const PAUSE: Duration = Duration::from_millis(20);
/// Attackers at once; the tenant's share lets fewer of them run.
const ATTACKERS: usize = 8;
const GOOD: &str = "return { response: parameters.n, event: 'done' }";
const HOSTILE: [(&str, &str); 4] = [
    ("an endless loop", "for (;;) {}"),
    ("a loop inside a built-in", "Array.prototype.join.call({ length: 1e8 })"),
    ("a memory bomb", "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)"),
    ("deep recursion", "const f = () => f() + 1; for (;;) { try { f() } catch {} }"),
];

struct Nobody;

#[async_trait::async_trait]
impl Host for Nobody {
    async fn fetch(&self, _request: FetchRequest) -> Result<FetchResponse, String> {
        Err("there is no network here".into())
    }

    async fn secret(&self, _name: &str) -> Result<String, String> {
        Err("there are no secrets here".into())
    }
}

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let reference = round_trips()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let program = setup.parlance().binary().to_owned();
    // As a task, like the server's: not on a thread that the runtime does not know.
    let measured = runtime.block_on(async { tokio::spawn(all(program)).await })?;
    let (warm, cold, alone, beside) = measured?;

    let method = "A function that returns a parameter, called with JSON in and out: from the call to its output, which is \
                  all overhead. Warm: the same tenant again and again. Cold: each call of a tenant that has no process, \
                  of a source that no process has seen; processes are started ahead. The neighbour calls every 20 ms \
                  while another tenant keeps calling what never ends. The reference is a byte there and back through \
                  `cat`. Microseconds.";
    let mut section = Section::new("P7 A function call", method, &["", "median", "99 of 100", "slowest"]);
    let mut row = |name: &str, times: &[f64]| {
        section.row([name.to_owned(), micros(at(times, 0.5)), micros(at(times, 0.99)), micros(at(times, 1.0))]);
    };
    row("reference, a byte through `cat`", &reference);
    row("warm", &warm);
    row("cold", &cold);
    row("a call every 20 ms, alone", &alone);
    for (name, times) in &beside {
        row(&format!("the same beside {name}"), times);
    }
    let middle = at(&warm, 0.5);
    section.bar("warm ≤ 150 µs", micros(middle), Outcome::when(middle <= WARM_BAR));
    let middle = at(&cold, 0.5);
    section.bar("cold ≤ 1 ms", micros(middle), Outcome::when(middle <= COLD_BAR));
    let usual = at(&alone, 0.5);
    let worst = beside.iter().map(|(_, times)| at(times, 1.0) - usual).fold(0.0, f64::max);
    section.bar("another tenant delayed by ≤ 50 ms", micros(worst), Outcome::when(worst <= DELAY_BAR));
    Ok(vec![section])
}

type Times = Vec<f64>;
type Measured = (Times, Times, Times, Vec<(&'static str, Times)>);

async fn all(program: std::path::PathBuf) -> Result<Measured, String> {
    let workers = Workers::start(WorkerOptions::new(program));
    let good = Script::new(GOOD, [], []);
    let tenant = tenant("good")?;
    for _ in 0..100 {
        call(&workers, &tenant, &good).await?;
    }
    let mut warm = Vec::with_capacity(WARM_CALLS);
    for _ in 0..WARM_CALLS {
        warm.push(call(&workers, &tenant, &good).await?);
    }
    let mut cold = Vec::with_capacity(COLD_CALLS);
    for number in 0..COLD_CALLS {
        tokio::time::sleep(PAUSE).await;
        let script = Script::new(format!("{GOOD} // {number}"), [], []);
        cold.push(call(&workers, &self::tenant(&format!("tenant-{number}"))?, &script).await?);
    }
    let alone = neighbour(&workers, &tenant, &good).await?;
    let mut beside = Vec::new();
    for (name, source) in HOSTILE {
        let attack = attack(&workers, source)?;
        // They are at it.
        tokio::time::sleep(Duration::from_millis(200)).await;
        beside.push((name, neighbour(&workers, &tenant, &good).await?));
        drop(attack);
    }
    workers.stop().await;
    Ok((warm, cold, alone, beside))
}

async fn neighbour(workers: &Workers, tenant: &TenantId, script: &Script) -> Result<Times, String> {
    let mut times = Vec::with_capacity(NEIGHBOUR_CALLS);
    for _ in 0..NEIGHBOUR_CALLS {
        tokio::time::sleep(PAUSE).await;
        times.push(call(workers, tenant, script).await?);
    }
    Ok(times)
}

/// Attackers that go on until they are dropped.
fn attack(workers: &Workers, source: &str) -> Result<tokio::task::JoinSet<()>, String> {
    let (script, tenant) = (Arc::new(Script::new(source, [], [])), tenant("evil")?);
    let limits = CallLimits { wall: Duration::from_millis(500), cpu: Duration::from_millis(100), memory: 64 << 20 };
    let mut attackers = tokio::task::JoinSet::new();
    for _ in 0..ATTACKERS {
        let (workers, script, tenant) = (workers.clone(), Arc::clone(&script), tenant.clone());
        attackers.spawn(async move {
            loop {
                // It never ends well; that is its point.
                drop(workers.call(&tenant, &script, &FunctionInput::default(), &limits, &Nobody).await);
            }
        });
    }
    Ok(attackers)
}

/// Microseconds that a call took.
async fn call(workers: &Workers, tenant: &TenantId, script: &Script) -> Result<f64, String> {
    let mut input = FunctionInput::default();
    input.parameters.insert("n".into(), 7.into());
    let begun = Instant::now();
    let output = workers.call(tenant, script, &input, &CallLimits::default(), &Nobody).await;
    let time = begun.elapsed();
    match output {
        Ok(output) if output.response == 7 => Ok(time.as_secs_f64() * 1e6),
        Ok(output) => Err(format!("the function answered {}", output.response)),
        Err(error) => Err(error.to_string()),
    }
}

/// A byte to another process and back.
fn round_trips() -> Result<Times, Failure> {
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (mut stdin, mut stdout) = pipes.ok_or("`cat` has no pipes")?;
    let mut times = Vec::with_capacity(WARM_CALLS);
    for _ in 0..WARM_CALLS {
        let begun = Instant::now();
        stdin.write_all(&[0])?;
        stdout.read_exact(&mut [0])?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    drop(stdin);
    child.wait()?;
    Ok(times)
}

fn tenant(name: &str) -> Result<TenantId, String> {
    name.parse().map_err(|_| format!("`{name}` is no tenant"))
}

/// The time that a share of the calls took at most.
fn at(times: &[f64], share: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

fn micros(micros: f64) -> String {
    if micros < 10_000.0 { format!("{micros:.0} µs") } else { format!("{:.1} ms", micros / 1_000.0) }
}
