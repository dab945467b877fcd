//! A client of the kill test: talks, remembers what was acknowledged, retries what was not.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{ANSWER_LIMIT, Conversation, Fault, Gate};
use crate::{
    chat::{Act, Agent, MessageRequest, message_id},
    http::Connection,
};

/// Turns before a client goes on as another user.
const TURNS_PER_USER: usize = 40;

/// What a client sent and what came back.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    earlier: Vec<(u64, Vec<u64>)>,
    now: Option<Conversation>,
    pub(super) retries: u64,
    pub(super) faults: Vec<Fault>,
}

impl Ledger {
    /// The conversation that is going on.
    pub(super) fn current(&self) -> Option<Conversation> {
        self.now.clone()
    }

    /// All conversations.
    pub(super) fn conversations(&self) -> impl Iterator<Item = Conversation> {
        self.earlier
            .iter()
            .map(|(user, acknowledged)| Conversation {
                user: *user,
                acknowledged: acknowledged.clone(),
                in_flight: None,
            })
            .chain(self.now.clone())
    }

    /// Number of messages acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.conversations().map(|conversation| conversation.acknowledged.len() as u64).sum()
    }

    /// A message that got no answer by the end of the test.
    pub(super) fn unanswered(&self) -> Option<Fault> {
        let message = self.now.as_ref()?.in_flight?;
        Some(Fault::Refused(format!("{}: no answer by the end", message_id(message))))
    }

    /// The message to send: the one in flight, else a new one unless it is time to finish.
    fn next(&mut self, gate: Gate, numbers: &AtomicU64) -> Option<(u64, u64)> {
        if let Some(Conversation { user, in_flight: Some(message), .. }) = self.now {
            self.retries += 1;
            return Some((user, message));
        }
        if matches!(gate, Gate::Finishing(_)) {
            return None;
        }
        let message = numbers.fetch_add(1, Ordering::Relaxed);
        if let Some(full) = self.now.take_if(|now| now.acknowledged.len() >= TURNS_PER_USER) {
            self.earlier.push((full.user, full.acknowledged));
        }
        let now =
            self.now.get_or_insert_with(|| Conversation { user: message, acknowledged: Vec::new(), in_flight: None });
        now.in_flight = Some(message);
        Some((now.user, message))
    }

    fn acknowledge(&mut self) {
        if let Some(now) = &mut self.now {
            now.acknowledged.extend(now.in_flight.take());
        }
    }

    fn give_up(&mut self, fault: Fault) {
        self.faults.push(fault);
        if let Some(now) = &mut self.now {
            now.in_flight = None;
        }
    }
}

pub(super) struct Client {
    agent: Agent,
    act: Act,
    ledger: Arc<Mutex<Ledger>>,
    gate: watch::Receiver<Gate>,
    numbers: Arc<AtomicU64>,
}

impl Client {
    pub(super) fn new(
        agent: Agent,
        act: Act,
        ledger: Arc<Mutex<Ledger>>,
        gate: watch::Receiver<Gate>,
        numbers: Arc<AtomicU64>,
    ) -> Self {
        Self { agent, act, ledger, gate, numbers }
    }

    /// Talks until the gate says to finish and nothing is in flight.
    pub(super) async fn run(mut self) {
        while let Some(address) = self.wait_for_server().await {
            if let Ok(connection) = Connection::open(address).await
                && let Talk::Finished = self.talk(connection, address).await
            {
                return;
            }
            // The gate may not have closed yet behind a server that is gone.
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn wait_for_server(&mut self) -> Option<SocketAddr> {
        let gate = self.gate.wait_for(|gate| !matches!(gate, Gate::Closed)).await.ok()?;
        match *gate {
            Gate::Open(address) | Gate::Finishing(address) => Some(address),
            Gate::Closed => None,
        }
    }

    /// Talks over one connection until it breaks.
    async fn talk(&self, mut connection: Connection, address: SocketAddr) -> Talk {
        let mut request = MessageRequest::new(address, &self.agent, self.act, 0);
        loop {
            let gate = *self.gate.borrow();
            let Some((user, message)) = self.ledger.lock().next(gate, &self.numbers) else {
                return Talk::Finished;
            };
            let exchange = connection.exchange(request.fill(user, message));
            let Ok(Ok(response)) = timeout(ANSWER_LIMIT, exchange).await else {
                return Talk::Broken;
            };
            match response.status {
                200 => {
                    let right = String::from_utf8_lossy(response.body).contains(&message_id(message));
                    let mut ledger = self.ledger.lock();
                    ledger.acknowledge();
                    if !right {
                        ledger.faults.push(Fault::WrongAnswer(message_id(message)));
                    }
                }
                // Not now: what a server may say while it starts, stops or is behind.
                429 | 503 => sleep(Duration::from_millis(20)).await,
                status => self.ledger.lock().give_up(Fault::refused(message, status, response.body)),
            }
        }
    }
}

/// How a talk over one connection ended.
enum Talk {
    Broken,
    Finished,
}
