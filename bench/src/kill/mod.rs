//! The kill test (R1): a server is killed again and again under load; nothing that it acknowledged may
//! be lost, no turn may be half there, no retry may be carried out twice.
//!
//! Clients hold a ledger of what was acknowledged and retry what was not, with the same message id.
//! After each restart, before a retry could repair anything, the users in flight are audited through
//! the public history; at the end, after one graceful stop, all users are.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{sync::watch, task::JoinSet, time::timeout};

mod audit;
mod client;
mod flow;

pub use audit::Fault;

use crate::{
    chat::{Act, Agent},
    http::Connection,
    parlance::{CommandError, Parlance, log_of},
    process::{Server, StartError},
    scenario,
};
use audit::audit;
use client::{Client, Ledger};

/// Rows of a history that are asked for; a user has fewer.
const HISTORY_LIMIT: usize = 200;

/// One answer may take this long before the connection is given up.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// A scenario.
    Scenario,
    /// A flow, entered from a scenario: its model takes a few milliseconds, in which it is killed.
    Flow,
}

/// How hard to try.
#[derive(Debug, Clone, Copy)]
pub struct Ordeal {
    /// Kills of a server under load.
    pub kills: u32,
    /// Who answers.
    pub answering: Answering,
    /// Clients at once.
    pub clients: usize,
    /// Longest time between a start and the kill; the moment is random.
    pub longest_run: Duration,
    /// No further kill is made after this long.
    pub limit: Duration,
    /// Seed of the random moments.
    pub seed: u64,
}

impl Ordeal {
    /// As many kills as asked, with a seed from the clock; 1.5 s for each, start and audit included.
    pub fn of_kills(kills: u32) -> Self {
        let seed = jiff::Timestamp::now().as_microsecond().unsigned_abs();
        let limit = Duration::from_millis(u64::from(kills) * 1500) + Duration::from_secs(10);
        Self {
            kills,
            answering: Answering::Scenario,
            clients: 12,
            longest_run: Duration::from_millis(300),
            limit,
            seed,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Kills of a server under load.
    pub kills: u32,
    /// Further kills while it was starting.
    pub kills_while_starting: u32,
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Messages sent again after a lost connection.
    pub retries: u64,
    /// Everything that was wrong; empty is a pass.
    pub faults: BTreeSet<Fault>,
    /// Time it took.
    pub elapsed: Duration,
    /// The seed, to see it again.
    pub seed: u64,
}

/// Why the test could not be held.
#[derive(Debug, thiserror::Error)]
pub enum OrdealError {
    /// A verb of the command line failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The server did not come up again.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Something of the machine failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The server stopped with an error when it was asked to stop.
    #[error("the server ended with {0} after SIGTERM")]
    UncleanStop(std::process::ExitStatus),
}

fn io_error(what: &'static str) -> impl Fn(std::io::Error) -> OrdealError {
    move |source| OrdealError::Io { what, source }
}

/// Holds the test with a fresh server in `data_dir`.
///
/// # Errors
/// When the server cannot be set up, does not come up again or does not stop.
pub fn hold(parlance: &Parlance, data_dir: &Path, ordeal: Ordeal) -> Result<Verdict, OrdealError> {
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(io_error("runtime"))?;
    let (agent, act) = match ordeal.answering {
        Answering::Scenario => (parlance.install(data_dir, &scenario::echo())?, Act::Button),
        Answering::Flow => (flow::install(parlance, data_dir, &runtime)?, Act::Marker),
    };

    let (gate, gate_seen) = watch::channel(Gate::Closed);
    let ledgers: Vec<_> = (0..ordeal.clients).map(|_| Arc::new(Mutex::new(Ledger::default()))).collect();
    let next_number = Arc::new(AtomicU64::new(1));
    let mut clients = JoinSet::new();
    for ledger in &ledgers {
        let client = Client::new(agent.clone(), act, Arc::clone(ledger), gate_seen.clone(), Arc::clone(&next_number));
        clients.spawn_on(client.run(), runtime.handle());
    }

    let mut random = StdRng::seed_from_u64(ordeal.seed);
    let mut faults = BTreeSet::new();
    let (mut kills, mut kills_while_starting) = (0, 0);
    let mut server = parlance.serve(data_dir)?;
    gate.send_replace(Gate::Open(server.address()));
    while kills < ordeal.kills && started.elapsed() < ordeal.limit {
        let said_before = next_number.load(Ordering::Relaxed);
        thread::sleep(random_up_to(&mut random, ordeal.longest_run));
        wait_for_load(&next_number, said_before + ordeal.clients as u64);
        gate.send_replace(Gate::Closed);
        server.kill().map_err(io_error("kill"))?;
        kills += 1;
        // Recovery from a kill must survive a kill as well.
        if random.random_ratio(1, 6) {
            let delay = random_up_to(&mut random, Duration::from_millis(40));
            Server::start_and_kill(parlance.serve_command(data_dir), &log_of(data_dir), delay)?;
            kills_while_starting += 1;
        }
        server = parlance.serve(data_dir)?;
        let snapshots = ledgers.iter().filter_map(|ledger| ledger.lock().current());
        faults.extend(runtime.block_on(audit_all(server.address(), &agent, snapshots))?);
        gate.send_replace(Gate::Open(server.address()));
    }

    gate.send_replace(Gate::Finishing(server.address()));
    let finished = async { while clients.join_next().await.is_some() {} };
    // A client that has not come to its end has a message without an answer; its ledger shows it.
    runtime.block_on(async { timeout(2 * ANSWER_LIMIT, finished).await }).ok();
    runtime.block_on(clients.shutdown());

    let status = server.stop().map_err(io_error("stop"))?;
    if !status.success() {
        return Err(OrdealError::UncleanStop(status));
    }
    let server = parlance.serve(data_dir)?;
    let mut acknowledged = 0;
    let mut retries = 0;
    for ledger in &ledgers {
        let ledger = ledger.lock();
        acknowledged += ledger.acknowledged();
        retries += ledger.retries;
        faults.extend(ledger.faults.iter().cloned());
        faults.extend(ledger.unanswered());
        faults.extend(runtime.block_on(audit_all(server.address(), &agent, ledger.conversations()))?);
    }
    server.stop().map_err(io_error("stop"))?;
    let (elapsed, seed) = (started.elapsed(), ordeal.seed);
    Ok(Verdict { kills, kills_while_starting, acknowledged, retries, faults, elapsed, seed })
}

/// A kill of a server that nobody talks to shows little: on a busy machine the random moment waits.
fn wait_for_load(next_number: &AtomicU64, wanted: u64) {
    let start = Instant::now();
    while next_number.load(Ordering::Relaxed) < wanted && start.elapsed() < ANSWER_LIMIT {
        thread::sleep(Duration::from_millis(1));
    }
}

fn random_up_to(random: &mut StdRng, longest: Duration) -> Duration {
    longest.mul_f64(random.random::<f64>())
}

/// Whether clients may talk, and where to.
#[derive(Debug, Clone, Copy)]
enum Gate {
    Closed,
    Open(SocketAddr),
    /// Messages in flight are retried, new ones are not made.
    Finishing(SocketAddr),
}

/// What a client knows of one user's conversation.
#[derive(Debug, Clone)]
struct Conversation {
    user: u64,
    acknowledged: Vec<u64>,
    in_flight: Option<u64>,
}

async fn audit_all(
    address: SocketAddr,
    agent: &Agent,
    conversations: impl Iterator<Item = Conversation>,
) -> Result<Vec<Fault>, OrdealError> {
    let mut connection = Connection::open(address).await.map_err(io_error("connect"))?;
    let mut faults = Vec::new();
    for conversation in conversations {
        let request = crate::chat::history_request(address, agent, conversation.user, HISTORY_LIMIT);
        let response = timeout(ANSWER_LIMIT, connection.exchange(&request))
            .await
            .map_err(std::io::Error::from)
            .flatten()
            .map_err(io_error("history"))?;
        match serde_json::from_slice::<Vec<crate::chat::HistoryRow>>(response.body) {
            Ok(mut rows) if response.status == 200 => {
                rows.reverse();
                faults.extend(audit(&conversation, &rows));
            }
            // A user whose first message never arrived is unknown, and may be answered as such.
            _ if conversation.acknowledged.is_empty() => {}
            _ => faults.push(Fault::history_unreadable(conversation.user, response.status, response.body)),
        }
    }
    Ok(faults)
}
