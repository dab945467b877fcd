//! How many calls of models run at once, and who waits (row DA-P7).
//!
//! A tenant has its own bound, and all tenants together have one. What exceeds them waits: within a tenant first come,
//! first served; between tenants in turn, so that one with a thousand waiting calls delays another by one call.
//!
//! Invariants: whenever the lock is free, no call waits that could run. A [`Slot`] that is dropped, given but never
//! taken included, is handed to the next; a call that is dropped while it waits leaves its place.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use model::{
    TenantId,
    chat::{ChatError, ChatErrorKind},
};
use parking_lot::Mutex;
use tokio::{sync::oneshot, time::timeout};

/// Bounds of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolOptions {
    /// Calls of one tenant that run at once; at least one.
    pub per_tenant: usize,
    /// Calls of all tenants that run at once; at least one.
    pub total: usize,
    /// Calls of one tenant that may wait.
    pub queue: usize,
    /// How long a call may wait.
    pub wait: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self { per_tenant: 16, total: 256, queue: 256, wait: Duration::from_secs(30) }
    }
}

/// How much of the pool is in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolLoad {
    /// Calls that run.
    pub running: usize,
    /// Calls that wait.
    pub waiting: usize,
}

#[derive(Debug)]
pub(super) struct Pool {
    options: PoolOptions,
    state: Mutex<State>,
}

/// The right to make a call, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    pool: Arc<Pool>,
    tenant: TenantId,
}

impl Pool {
    pub(super) fn new(options: PoolOptions) -> Arc<Self> {
        let options = PoolOptions { per_tenant: options.per_tenant.max(1), total: options.total.max(1), ..options };
        Arc::new(Self { options, state: Mutex::default() })
    }

    /// Waits for a slot.
    ///
    /// # Errors
    /// [`ChatErrorKind::Saturated`] when the tenant's queue is full, or when the wait is over.
    pub(super) async fn enter(self: &Arc<Self>, tenant: &TenantId) -> Result<Slot, ChatError> {
        let admission = self.state.lock().admit(tenant, &self.options);
        self.measure();
        let (ticket, given) = match admission {
            Admission::Runs => return Ok(Slot { pool: self.clone(), tenant: tenant.clone() }),
            Admission::Refused => return Err(self.saturated("the queue of its model is full")),
            Admission::Waits { ticket, given } => (ticket, given),
        };
        let _place = Place { pool: self, tenant, ticket };
        match timeout(self.options.wait, given).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(self.saturated("its model was busy for too long")),
        }
    }

    pub(super) fn load(&self, tenant: &TenantId) -> PoolLoad {
        let state = self.state.lock();
        state
            .tenants
            .get(tenant)
            .map_or_else(PoolLoad::default, |share| PoolLoad { running: share.running, waiting: share.waiting.len() })
    }

    pub(super) fn total_load(&self) -> PoolLoad {
        let state = self.state.lock();
        PoolLoad { running: state.running, waiting: state.waiting }
    }

    fn saturated(&self, what: &str) -> ChatError {
        ChatError {
            retry_after: Some(self.options.wait.max(Duration::from_secs(1))),
            ..ChatError::new(ChatErrorKind::Saturated, format!("the tenant has too many calls at once: {what}"))
        }
    }

    fn release(self: &Arc<Self>, tenant: &TenantId) {
        let next = {
            let mut state = self.state.lock();
            state.leave(tenant);
            state.hand_out(&self.options)
        };
        for (tenant, give) in next {
            // Who no longer listens drops its slot here, which comes back to this function: the lock is free.
            drop(give.send(Slot { pool: self.clone(), tenant }));
        }
        self.measure();
    }

    fn measure(&self) {
        let load = self.total_load();
        metrics::gauge!("parlance_model_calls_running").set(load.running as f64);
        metrics::gauge!("parlance_model_calls_waiting").set(load.waiting as f64);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.release(&self.tenant);
    }
}

/// A place in a queue, left when it is dropped.
struct Place<'a> {
    pool: &'a Pool,
    tenant: &'a TenantId,
    ticket: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.state.lock().give_up(self.tenant, self.ticket);
        self.pool.measure();
    }
}

enum Admission {
    Runs,
    Refused,
    Waits { ticket: u64, given: oneshot::Receiver<Slot> },
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    waiting: usize,
    /// Tenants with a call that runs or waits.
    tenants: HashMap<TenantId, Share>,
    /// Tenants with a call that waits, each once, the next one first.
    turns: VecDeque<TenantId>,
    tickets: u64,
}

#[derive(Debug, Default)]
struct Share {
    running: usize,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    give: oneshot::Sender<Slot>,
}

impl State {
    fn admit(&mut self, tenant: &TenantId, options: &PoolOptions) -> Admission {
        let share = self.tenants.entry(tenant.clone()).or_default();
        // By the invariant nobody of this tenant waits if there is room.
        if share.running < options.per_tenant && self.running < options.total {
            share.running += 1;
            self.running += 1;
            return Admission::Runs;
        }
        if share.waiting.len() >= options.queue {
            self.forget(tenant);
            return Admission::Refused;
        }
        if share.waiting.is_empty() {
            self.turns.push_back(tenant.clone());
        }
        let (give, given) = oneshot::channel();
        self.tickets += 1;
        let ticket = self.tickets;
        share.waiting.push_back(Waiting { ticket, give });
        self.waiting += 1;
        Admission::Waits { ticket, given }
    }

    /// Takes those who may run from the queues.
    fn hand_out(&mut self, options: &PoolOptions) -> Vec<(TenantId, oneshot::Sender<Slot>)> {
        let mut next = Vec::new();
        while self.running < options.total {
            let may_run =
                |tenant: &TenantId| self.tenants.get(tenant).is_some_and(|share| share.running < options.per_tenant);
            let Some(at) = self.turns.iter().position(may_run) else { break };
            let Some(tenant) = self.turns.remove(at) else { break };
            let Some(share) = self.tenants.get_mut(&tenant) else { continue };
            let Some(first) = share.waiting.pop_front() else { continue };
            share.running += 1;
            self.running += 1;
            self.waiting -= 1;
            if !share.waiting.is_empty() {
                self.turns.push_back(tenant.clone());
            }
            next.push((tenant, first.give));
        }
        next
    }

    fn leave(&mut self, tenant: &TenantId) {
        if let Some(share) = self.tenants.get_mut(tenant) {
            share.running -= 1;
            self.running -= 1;
        }
        self.forget(tenant);
    }

    fn give_up(&mut self, tenant: &TenantId, ticket: u64) {
        let Some(share) = self.tenants.get_mut(tenant) else { return };
        // It is gone already when it was its turn.
        let Some(at) = share.waiting.iter().position(|waiting| waiting.ticket == ticket) else { return };
        share.waiting.remove(at);
        self.waiting -= 1;
        if share.waiting.is_empty() {
            self.turns.retain(|waiting| waiting != tenant);
        }
        self.forget(tenant);
    }

    /// A tenant without calls takes no room.
    fn forget(&mut self, tenant: &TenantId) {
        if self.tenants.get(tenant).is_some_and(|share| share.running == 0 && share.waiting.is_empty()) {
            self.tenants.remove(tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    fn pool(per_tenant: usize, total: usize, queue: usize) -> Arc<Pool> {
        Pool::new(PoolOptions { per_tenant, total, queue, wait: Duration::from_secs(10) })
    }

    /// A call that notes its name when it runs, and keeps its slot for a second.
    fn call(pool: &Arc<Pool>, of: &str, name: String, ran: &Arc<Mutex<Vec<String>>>) -> tokio::task::JoinHandle<bool> {
        let (pool, tenant, ran) = (pool.clone(), tenant(of), ran.clone());
        tokio::spawn(async move {
            let Ok(_slot) = pool.enter(&tenant).await else { return false };
            ran.lock().push(name);
            tokio::time::sleep(Duration::from_secs(1)).await;
            true
        })
    }

    #[tokio::test(start_paused = true)]
    async fn da_p07_the_second_call_waits_for_the_first() {
        let pool = pool(1, 10, 10);
        let began = tokio::time::Instant::now();
        let ran = Arc::default();
        let calls = [call(&pool, "a", "1".into(), &ran), call(&pool, "a", "2".into(), &ran)];
        for call in calls {
            assert!(call.await.unwrap());
        }
        assert_eq!(began.elapsed().as_secs(), 2, "one after the other");
        assert_eq!(*ran.lock(), ["1", "2"]);
        assert_eq!(pool.total_load(), PoolLoad::default());
    }

    #[tokio::test(start_paused = true)]
    async fn tenants_take_turns() {
        let pool = pool(1, 1, 100);
        let ran = Arc::default();
        let mut calls = Vec::new();
        for n in 0..4 {
            calls.push(call(&pool, "a", format!("a{n}"), &ran));
            tokio::task::yield_now().await;
        }
        for n in 0..2 {
            calls.push(call(&pool, "b", format!("b{n}"), &ran));
            tokio::task::yield_now().await;
        }
        for call in calls {
            assert!(call.await.unwrap());
        }
        assert_eq!(*ran.lock(), ["a0", "a1", "b0", "a2", "b1", "a3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn da_p07_beyond_the_queue_a_call_is_refused_and_told_when_to_come_back() {
        let pool = pool(1, 10, 1);
        let (a, ran) = (tenant("a"), Arc::default());
        let _first = pool.enter(&a).await.unwrap();
        let second = call(&pool, "a", "2".into(), &ran);
        tokio::task::yield_now().await;
        assert_eq!(pool.load(&a), PoolLoad { running: 1, waiting: 1 });
        let refused = pool.enter(&a).await.unwrap_err();
        assert_eq!(refused.kind, ChatErrorKind::Saturated);
        assert_eq!(refused.retry_after, Some(Duration::from_secs(10)));
        // Another tenant is not touched by it.
        assert!(pool.enter(&tenant("b")).await.is_ok());
        assert!(!second.await.unwrap(), "it waited as long as it may");
        assert_eq!(pool.load(&a), PoolLoad { running: 1, waiting: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_no_hole() {
        let pool = pool(1, 1, 10);
        let (a, ran) = (tenant("a"), Arc::default());
        let first = pool.enter(&a).await.unwrap();
        let given_up = call(&pool, "a", "given up".into(), &ran);
        tokio::task::yield_now().await;
        let third = call(&pool, "a", "3".into(), &ran);
        tokio::task::yield_now().await;
        given_up.abort();
        assert!(given_up.await.is_err());
        assert_eq!(pool.load(&a), PoolLoad { running: 1, waiting: 1 });
        drop(first);
        assert!(third.await.unwrap());
        assert_eq!(*ran.lock(), ["3"]);
        assert_eq!(pool.total_load(), PoolLoad::default());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_that_was_given_to_nobody_comes_back() {
        let pool = pool(1, 1, 10);
        let a = tenant("a");
        let first = pool.enter(&a).await.unwrap();
        let mut waits = Box::pin(pool.enter(&a));
        assert!(timeout(Duration::from_millis(1), &mut waits).await.is_err(), "it waits");
        // The slot is given, but never taken.
        drop(first);
        assert_eq!(pool.load(&a), PoolLoad { running: 1, waiting: 0 });
        drop(waits);
        assert_eq!(pool.total_load(), PoolLoad::default());
        assert!(pool.state.lock().tenants.is_empty());
    }

    proptest! {
        #[test]
        fn bounds_hold_and_nobody_waits_while_there_is_room(
            steps in prop::collection::vec((0_u8..3, 0_usize..3), 1..60),
            per_tenant in 1_usize..3,
            total in 1_usize..5,
        ) {
            let options = PoolOptions { per_tenant, total, queue: 4, wait: Duration::from_secs(1) };
            let names = [tenant("a"), tenant("b"), tenant("c")];
            let mut state = State::default();
            let mut tickets: Vec<(TenantId, u64)> = Vec::new();
            let mut listening = Vec::new();
            for (step, which) in steps {
                let tenant = &names[which];
                match step {
                    0 => if let Admission::Waits { ticket, given } = state.admit(tenant, &options) {
                        tickets.push((tenant.clone(), ticket));
                        listening.push(given);
                    },
                    1 => if state.tenants.get(tenant).is_some_and(|share| share.running > 0) {
                        state.leave(tenant);
                        drop(state.hand_out(&options));
                    },
                    _ => if let Some((tenant, ticket)) = tickets.pop() {
                        state.give_up(&tenant, ticket);
                    },
                }
                prop_assert!(state.running <= total);
                prop_assert_eq!(state.running, state.tenants.values().map(|share| share.running).sum::<usize>());
                prop_assert_eq!(state.waiting, state.tenants.values().map(|share| share.waiting.len()).sum::<usize>());
                for (name, share) in &state.tenants {
                    prop_assert!(share.running <= per_tenant);
                    prop_assert!(share.waiting.len() <= options.queue);
                    let room = share.running < per_tenant && state.running < total;
                    prop_assert!(!room || share.waiting.is_empty(), "{} waits while there is room", name);
                    prop_assert_eq!(state.turns.contains(name), !share.waiting.is_empty());
                }
                prop_assert!(state.turns.len() <= state.tenants.len());
            }
        }
    }
}
