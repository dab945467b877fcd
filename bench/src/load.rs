//! A closed-loop load generator: every client waits for its answer before it asks again.
//!
//! All clients share one thread, so that on a small machine the generator takes one core at most and
//! needs no locks. Latency is what one client saw from sending to the last byte of the answer.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::task::LocalSet;

use crate::{
    chat::{Act, Agent, MessageRequest},
    http::{Connection, Response},
};

/// Largest latency that is told apart from longer ones, in microseconds.
const LONGEST_LATENCY: u64 = 60_000_000;

/// What to send, where, how much of it.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// The server.
    pub address: SocketAddr,
    /// Whom to talk to.
    pub agent: Agent,
    /// What a turn is.
    pub act: Act,
    /// Connections at once.
    pub clients: usize,
    /// Turns before a client goes on as another user.
    pub turns_per_user: u64,
    /// Number of the first user and the first message, so that several runs do not meet.
    pub first_number: u64,
    /// Time at the beginning that is not counted.
    pub warm_up: Duration,
    /// When to stop.
    pub until: Until,
}

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After this long, warm-up excluded.
    Elapsed(Duration),
    /// After this many answers, warm-up included.
    Answers(u64),
}

/// What a run saw.
#[derive(Debug, Clone)]
pub struct LoadReport {
    /// Answers counted.
    pub answers: u64,
    /// Turns taken in all: those of the warm-up, those that failed, and those that were under way at the end too.
    pub taken: u64,
    /// Answers that were not a 200 with a body, and connections lost.
    pub failures: u64,
    /// The first failure, in words.
    pub first_failure: Option<String>,
    /// Time counted.
    pub elapsed: Duration,
    /// Latencies in microseconds.
    pub latencies: Histogram<u64>,
}

impl LoadReport {
    /// Answers per second.
    pub fn rate(&self) -> f64 {
        self.answers as f64 / self.elapsed.as_secs_f64()
    }

    /// Latency at a quantile (0 to 1), in milliseconds.
    pub fn millis_at(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1000.0
    }
}

/// What the clients of a run share: numbers, and what became of their turns.
pub(crate) struct Tally {
    next_number: Cell<u64>,
    counting: Cell<bool>,
    until: Until,
    stopping: Cell<bool>,
    answers: Cell<u64>,
    taken: Cell<u64>,
    failures: Cell<u64>,
    first_failure: RefCell<Option<String>>,
    latencies: RefCell<Histogram<u64>>,
}

impl Tally {
    /// The number of the next turn; none when the run is over.
    pub(crate) fn next_number(&self) -> Option<u64> {
        if self.stopping.get() {
            return None;
        }
        Some(self.next_number.replace(self.next_number.get() + 1))
    }

    /// Counts a turn that was taken, from when it was sent.
    pub(crate) async fn count(&self, sent: Instant, outcome: Result<(), String>) {
        match outcome {
            Ok(()) if self.counting.get() => {
                self.answers.set(self.answers.get() + 1);
                self.latencies.borrow_mut().saturating_record(sent.elapsed().as_micros() as u64);
            }
            Ok(()) => {}
            Err(failure) => {
                self.failures.set(self.failures.get() + 1);
                self.first_failure.borrow_mut().get_or_insert(failure);
                // A dead server would otherwise be asked as fast as the loop turns.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        let taken = self.taken.get() + 1;
        self.taken.set(taken);
        if matches!(self.until, Until::Answers(count) if taken >= count) {
            self.stopping.set(true);
        }
    }
}

/// Runs the plan on the calling thread.
///
/// # Errors
/// When the runtime cannot be made. A server that fails is in the report.
pub fn run(plan: &LoadPlan) -> std::io::Result<LoadReport> {
    let terms =
        Terms { clients: plan.clients, first_number: plan.first_number, warm_up: plan.warm_up, until: plan.until };
    run_clients(terms, |index, tally| client(plan.clone(), index, tally))
}

/// How many clients, from which number, for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) clients: usize,
    pub(crate) first_number: u64,
    pub(crate) warm_up: Duration,
    pub(crate) until: Until,
}

/// Runs clients on the calling thread. A client goes on until there is no next number.
pub(crate) fn run_clients<C: Future<Output = ()> + 'static>(
    terms: Terms,
    client: impl Fn(usize, Rc<Tally>) -> C,
) -> std::io::Result<LoadReport> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(LocalSet::new().block_on(&runtime, time_clients(terms, client)))
}

async fn time_clients<C: Future<Output = ()> + 'static>(
    terms: Terms,
    client: impl Fn(usize, Rc<Tally>) -> C,
) -> LoadReport {
    let tally = Rc::new(Tally {
        next_number: Cell::new(terms.first_number),
        counting: Cell::new(terms.warm_up.is_zero()),
        until: terms.until,
        stopping: Cell::new(false),
        answers: Cell::new(0),
        taken: Cell::new(0),
        failures: Cell::new(0),
        first_failure: RefCell::new(None),
        latencies: RefCell::new(histogram()),
    });
    let mut clients = tokio::task::JoinSet::new();
    for index in 0..terms.clients {
        clients.spawn_local(client(index, Rc::clone(&tally)));
    }
    let mut start = Instant::now();
    if !terms.warm_up.is_zero() {
        tokio::time::sleep(terms.warm_up).await;
        start = Instant::now();
        tally.counting.set(true);
    }
    let mut elapsed = None;
    if let Until::Elapsed(duration) = terms.until {
        tokio::time::sleep(duration).await;
        elapsed = Some(start.elapsed());
        tally.counting.set(false);
        tally.stopping.set(true);
    }
    while clients.join_next().await.is_some() {}
    LoadReport {
        answers: tally.answers.get(),
        taken: tally.taken.get(),
        failures: tally.failures.get(),
        first_failure: tally.first_failure.take(),
        elapsed: elapsed.unwrap_or_else(|| start.elapsed()),
        latencies: tally.latencies.borrow().clone(),
    }
}

/// For latencies in microseconds.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LONGEST_LATENCY, 3).expect("the bounds are valid")
}

async fn client(plan: LoadPlan, index: usize, tally: Rc<Tally>) {
    let mut request = MessageRequest::new(plan.address, &plan.agent, plan.act, index);
    let mut connection = None;
    let mut user = 0;
    for turn in 0.. {
        let Some(number) = tally.next_number() else { return };
        if turn % plan.turns_per_user == 0 {
            user = number;
        }
        let sent = Instant::now();
        let outcome = answer(&mut connection, plan.address, request.fill(user, number)).await;
        if outcome.is_err() {
            connection = None;
        }
        tally.count(sent, outcome).await;
    }
}

async fn answer(connection: &mut Option<Connection>, address: SocketAddr, request: &[u8]) -> Result<(), String> {
    match ask(connection, address, request).await? {
        Response { status: 200, body: [] } => Err("200 without a body".into()),
        Response { status: 200, .. } => Ok(()),
        refusal => Err(in_words(refusal)),
    }
}

/// Asks on a connection, which is opened where there is none. After an error it is of no more use.
pub(crate) async fn ask<'c>(
    connection: &'c mut Option<Connection>,
    address: SocketAddr,
    request: &[u8],
) -> Result<Response<'c>, String> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open(address).await.map_err(|error| format!("connect: {error}"))?),
    };
    connection.exchange(request).await.map_err(|error| format!("exchange: {error}"))
}

/// A refusal, for people.
pub(crate) fn in_words(response: Response<'_>) -> String {
    let body = String::from_utf8_lossy(response.body);
    format!("status {}: {}", response.status, body.chars().take(300).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use axum::{Router, http::StatusCode, routing::post};

    use super::*;

    /// A server that answers after 20 ms, every tenth time with a refusal.
    fn serve() -> (tokio::runtime::Runtime, SocketAddr) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let asked = Arc::new(AtomicU64::new(0));
        let answer = async move || {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let refused = asked.fetch_add(1, Ordering::Relaxed) % 10 == 9;
            if refused { (StatusCode::TOO_MANY_REQUESTS, "slower") } else { (StatusCode::OK, "{}") }
        };
        let router = Router::new().route("/chat-api/message", post(answer));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async { axum::serve(listener, router).await });
        (runtime, address)
    }

    #[test]
    fn answers_are_counted_timed_and_told_from_failures() {
        let (_runtime, address) = serve();
        let report = run(&LoadPlan {
            address,
            agent: Agent::nobody(),
            act: Act::Button,
            clients: 4,
            turns_per_user: 1,
            first_number: 1,
            warm_up: Duration::ZERO,
            until: Until::Answers(40),
        })
        .unwrap();
        // Clients already asking when the count is reached finish what they asked.
        assert!((36..=39).contains(&report.answers), "{}", report.answers);
        assert_eq!(report.failures, 4);
        assert_eq!(report.first_failure.as_deref(), Some("status 429: slower"));
        assert!(report.millis_at(0.5) >= 20.0, "{}", report.millis_at(0.5));
        assert!(report.millis_at(1.0) < 10_000.0, "{}", report.millis_at(1.0));
    }
}
