//! What models may cost a tenant in a month, and how much of it is spent.
//!
//! The sum is kept in memory: it is made of the events `model.usage` of the month when it is first asked for, and every
//! record that is written after adds to it. A turn that finds the budget spent asks no model: the flow says its fallback.
//! A turn that has begun is finished, so the budget may be exceeded by what goes on when its end is reached.
//!
//! What is asked beside conversations (descriptions of passages) is bounded as well. It is in no record: it is in the sum
//! until the server starts anew.
//!
//! Months are those of UTC. What is erased or expires stays in the sum until the server starts anew.

use std::{collections::HashMap, sync::Arc};

use jiff::tz::TimeZone;
use model::{
    ContactId, LogSeq, TenantId, Timestamp,
    chat::{ChatError, ChatErrorKind},
    record::{FactRecord, Record},
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use store::Store;

use super::{Ledger, SPENT, SpentInTurn, Tab, each_event};
use crate::{
    record::event,
    runtime::{Runtime, Shared},
    turn::{TurnCall, TurnError, read},
};

/// The event that a share of a tenant's budget is spent.
pub const BUDGET_WARNING: &str = "budget.warning";
/// The event that a tenant's budget is spent.
pub const BUDGET_SPENT: &str = "budget.spent";

/// What a tenant said about its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Most that a month may cost, in the currency of the configured prices; above 0.
    pub(crate) limit: u32,
    /// The share of it at which a warning is given, in percent.
    pub(crate) warn_at_percent: u8,
}

/// How a tenant's budget stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// When the month began, UTC.
    pub month: Timestamp,
    /// Most that it may cost, in the currency of the configured prices.
    pub limit: u32,
    /// The share of it at which a warning is given, in percent.
    pub warn_at_percent: u8,
    /// What it cost so far.
    pub spent: f64,
}

impl Budget {
    /// What is left; 0 when more was spent.
    pub fn remaining(&self) -> f64 {
        (f64::from(self.limit) - self.spent).max(0.0)
    }

    /// The month, as it is written: `2026-01`.
    pub fn month(&self) -> String {
        self.month.to_jiff().strftime("%Y-%m").to_string()
    }

    fn is_spent(&self) -> bool {
        self.spent >= f64::from(self.limit)
    }

    /// The events for which it is time.
    fn reached(&self) -> impl Iterator<Item = &'static str> {
        let is_near = self.spent >= f64::from(self.limit) * f64::from(self.warn_at_percent) / 100.0;
        let warning = is_near.then_some(BUDGET_WARNING);
        warning.into_iter().chain(self.is_spent().then_some(BUDGET_SPENT))
    }
}

/// The event of a budget, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    month: String,
    limit: u32,
    warn_at_percent: u8,
    spent: f64,
}

/// What tenants have spent this month.
#[derive(Default)]
pub(crate) struct Budgets(Mutex<HashMap<TenantId, Slot>>);

/// A tenant's month; none before it is asked for. Who makes it has the others wait: what they add may be in it already.
type Slot = Arc<tokio::sync::Mutex<Option<Month>>>;

struct Month {
    begins: Timestamp,
    /// The sum was made of the records up to here; those after it were added.
    through: LogSeq,
    spent: f64,
    /// The events that were told, and of which limit: one that is changed is another one.
    told: Vec<(String, u32)>,
}

impl Budgets {
    fn slot(&self, tenant: &TenantId) -> Slot {
        self.0.lock().entry(tenant.clone()).or_default().clone()
    }

    /// Adds what a record says; nothing where nobody has asked for the sum, which will find it in the store.
    async fn add(&self, tenant: &TenantId, seq: LogSeq, at: Timestamp, cost: f64) {
        let known = self.0.lock().get(tenant).cloned();
        let Some(slot) = known else { return };
        if let Some(month) = &mut *slot.lock().await
            && seq > month.through
            && at >= month.begins
        {
            month.spent += cost;
        }
    }

    /// Adds what was spent beside conversations; nothing where nobody has asked for the sum.
    pub(crate) async fn add_beside(&self, tenant: &TenantId, cost: f64) {
        let known = self.0.lock().get(tenant).cloned();
        let Some(slot) = known else { return };
        if let Some(month) = &mut *slot.lock().await {
            month.spent += cost;
        }
    }

    /// How a budget stands, and the events that are due.
    async fn standing(
        &self,
        store: &Store,
        tenant: &TenantId,
        terms: Terms,
        now: Timestamp,
    ) -> Result<(Budget, Vec<&'static str>), TurnError> {
        let slot = self.slot(tenant);
        let mut slot = slot.lock().await;
        let begins = month_of(now);
        let month = match slot.take() {
            Some(month) if month.begins >= begins => month,
            _ => Month::of_store(store, tenant, begins).await?,
        };
        let month = slot.insert(month);
        let Terms { limit, warn_at_percent } = terms;
        let budget = Budget { month: month.begins, limit, warn_at_percent, spent: month.spent };
        let is_told = |kind: &str| month.told.iter().any(|(known, of)| known == kind && *of == limit);
        let due: Vec<&'static str> = budget.reached().filter(|kind| !is_told(kind)).collect();
        Ok((budget, due))
    }

    /// Whether an event is still to be told; it counts as told then. Of several turns that reach it together one tells.
    async fn claim(&self, tenant: &TenantId, kind: &str, limit: u32) -> bool {
        let slot = self.slot(tenant);
        let mut slot = slot.lock().await;
        let Some(month) = &mut *slot else { return false };
        if month.told.iter().any(|(known, of)| known == kind && *of == limit) {
            return false;
        }
        month.told.push((kind.to_owned(), limit));
        true
    }

    /// Takes back that an event was told: it was not written.
    async fn give_back(&self, tenant: &TenantId, kind: &str, limit: u32) {
        let slot = self.slot(tenant);
        if let Some(month) = &mut *slot.lock().await {
            month.told.retain(|(known, of)| known != kind || *of != limit);
        }
    }
}

impl Month {
    async fn of_store(store: &Store, tenant: &TenantId, begins: Timestamp) -> Result<Self, TurnError> {
        store.flush_projections().await?;
        // All up to here is in the tables. What comes after may be, too, and is added by who writes it.
        let through = *store.projected()?.borrow();
        let mut month = Self { begins, through, spent: 0.0, told: Vec::new() };
        let tables = store.tenant(tenant);
        let ends = Timestamp(i64::MAX);
        each_event(&tables, SPENT, begins, ends, |event| {
            if event.log_seq <= through {
                month.spent += read::<SpentInTurn>(&event.body)?.spent.cost;
            }
            Ok(())
        })
        .await?;
        for kind in [BUDGET_WARNING, BUDGET_SPENT] {
            each_event(&tables, kind, begins, ends, |event| {
                month.told.push((kind.to_owned(), read::<Told>(&event.body)?.limit));
                Ok(())
            })
            .await?;
        }
        Ok(month)
    }
}

/// When the month of a moment began, UTC.
fn month_of(now: Timestamp) -> Timestamp {
    let first = now.to_jiff().to_zoned(TimeZone::UTC).date().first_of_month();
    first.to_zoned(TimeZone::UTC).map_or(now, |midnight| midnight.timestamp().into())
}

impl Shared {
    /// Adds what a record that was written says, and tells of it when it reaches what was to be told.
    pub(crate) async fn spend(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        record: (LogSeq, Timestamp),
        ledger: &Ledger,
    ) {
        let (seq, at) = record;
        let cost = ledger.cost();
        if cost <= 0.0 {
            return;
        }
        self.budgets.add(tenant, seq, at, cost).await;
        if let Err(error) = self.budget_of(tenant, contact).await {
            tracing::warn!(%tenant, %error, "how the budget stands is not told");
        }
    }

    /// Why no model may be asked in a turn: the tenant's budget is spent. It is found out once in a turn.
    pub(crate) async fn over_budget(&self, call: &TurnCall, tab: &Tab) -> Result<Option<ChatError>, TurnError> {
        let find = || async move {
            let budget = self.budget_of(&call.tenant, &call.contact).await?;
            Ok::<_, TurnError>(budget.is_some_and(|budget| budget.is_spent()))
        };
        let is_over = *tab.is_over().get_or_try_init(find).await?;
        let error = || ChatError::new(ChatErrorKind::OverBudget, "the tenant's budget of this month is spent");
        Ok(is_over.then(error))
    }

    /// Whether no model may be asked beside conversations: the tenant's budget is spent, or nobody knows how it stands.
    /// The next turn tells of it.
    pub(crate) async fn may_spend_nothing(&self, tenant: &TenantId) -> bool {
        match self.standing_of(tenant).await {
            Ok(budget) => budget.is_some_and(|budget| budget.is_spent()),
            Err(error) => {
                tracing::warn!(%tenant, %error, "how the budget stands is not known: no model is asked");
                true
            }
        }
    }

    /// How a tenant's budget stands, if it has one. Nothing is told of it.
    async fn standing_of(&self, tenant: &TenantId) -> Result<Option<Budget>, TurnError> {
        let Some(terms) = self.model_choices.of(tenant).await?.budget() else { return Ok(None) };
        let (budget, _) = self.budgets.standing(&self.store, tenant, terms, Timestamp::now()).await?;
        Ok(Some(budget))
    }

    /// How a tenant's budget stands, if it has one. What is to be told of it is told, as a fact about whoever's turn
    /// it was, whose place is held.
    async fn budget_of(&self, tenant: &TenantId, contact: &ContactId) -> Result<Option<Budget>, TurnError> {
        let Some(terms) = self.model_choices.of(tenant).await?.budget() else { return Ok(None) };
        let (budget, due) = self.budgets.standing(&self.store, tenant, terms, Timestamp::now()).await?;
        for kind in due {
            let Budget { limit, warn_at_percent, spent, .. } = budget;
            if !self.budgets.claim(tenant, kind, limit).await {
                continue;
            }
            tracing::warn!(%tenant, limit, spent, "{kind}");
            let told = Told { month: budget.month(), limit, warn_at_percent, spent };
            let fact = FactRecord {
                tenant: tenant.clone(),
                contact: contact.clone(),
                transcript: None,
                at: Timestamp::now(),
                entries: Vec::new(),
                events: vec![event(kind, told)?],
            };
            if let Err(error) = self.store.append(Record::Fact(Box::new(fact))).await {
                // The next turn tells it.
                self.budgets.give_back(tenant, kind, limit).await;
                return Err(error.into());
            }
        }
        Ok(Some(budget))
    }
}

impl Runtime {
    /// How a tenant's budget stands, if it has one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn budget(&self, tenant: &TenantId) -> Result<Option<Budget>, TurnError> {
        self.shared().standing_of(tenant).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::StoreOptions;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Timestamp>().expect("a moment").into()
    }

    #[test]
    fn months_begin_at_midnight_utc() {
        for (now, begins) in [
            ("2026-02-28T23:59:59.999999Z", "2026-02-01T00:00:00Z"),
            ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2025-12-31T12:00:00Z", "2025-12-01T00:00:00Z"),
        ] {
            assert_eq!(month_of(at(now)), at(begins), "{now}");
        }
    }

    #[test]
    fn a_budget_says_what_is_left_and_what_is_reached() {
        let budget = |spent| Budget { month: at("2026-02-01T00:00:00Z"), limit: 10, warn_at_percent: 80, spent };
        let of = |spent: f64| (budget(spent).remaining(), budget(spent).reached().collect::<Vec<_>>());
        assert_eq!(of(0.0), (10.0, vec![]));
        assert_eq!(of(7.5), (2.5, vec![]));
        assert_eq!(of(8.0), (2.0, vec![BUDGET_WARNING]));
        assert_eq!(of(10.0), (0.0, vec![BUDGET_WARNING, BUDGET_SPENT]));
        assert_eq!(of(12.0), (0.0, vec![BUDGET_WARNING, BUDGET_SPENT]));
        assert_eq!(budget(0.0).month(), "2026-02");
    }

    fn spent(tenant: &TenantId, at: Timestamp, cost: f64) -> Record {
        let body = json!({ "turn": 1, "model": "m", "calls": 1, "failures": 0, "input_tokens": 1, "cached_tokens": 0,
            "output_tokens": 1, "cost": cost });
        Record::Fact(Box::new(FactRecord {
            tenant: tenant.clone(),
            contact: "ann".parse().expect("a contact"),
            transcript: None,
            at,
            entries: Vec::new(),
            events: vec![event(SPENT, body).expect("JSON")],
        }))
    }

    #[tokio::test]
    async fn a_sum_has_each_record_of_its_month_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("it opens");
        let (acme, other) = ("acme".parse().expect("a name"), "other".parse().expect("a name"));
        let (january, february) = (at("2026-01-31T23:00:00Z"), at("2026-02-01T01:00:00Z"));
        let terms = Terms { limit: 100, warn_at_percent: 50 };
        let budgets = Budgets::default();
        let sum = async |now| {
            let (budget, _) = budgets.standing(&store, &acme, terms, now).await.expect("a sum");
            budget.spent
        };
        let seq = store.append(spent(&acme, january, 1.0)).await.expect("it is written");
        budgets.add(&acme, seq, january, 1.0).await;
        store.append(spent(&other, january, 50.0)).await.expect("it is written");
        assert_eq!(sum(january).await, 1.0);
        budgets.add(&acme, seq, january, 1.0).await;
        assert_eq!(sum(january).await, 1.0, "what the store has is not added again");
        let seq = store.append(spent(&acme, january, 2.0)).await.expect("it is written");
        budgets.add(&acme, seq, january, 2.0).await;
        assert_eq!(sum(january).await, 3.0);

        let seq = store.append(spent(&acme, february, 4.0)).await.expect("it is written");
        assert_eq!(sum(february).await, 4.0, "a month begins anew");
        budgets.add(&acme, seq, february, 4.0).await;
        let late = store.append(spent(&acme, january, 8.0)).await.expect("it is written");
        budgets.add(&acme, late, january, 8.0).await;
        assert_eq!(sum(february).await, 4.0, "what began before the month is not the month's");
        let (again, _) = Budgets::default().standing(&store, &acme, terms, february).await.expect("a sum");
        assert_eq!(again.spent, 4.0, "after a restart it is the same");
        budgets.add_beside(&acme, 0.5).await;
        budgets.add_beside(&other, 0.5).await;
        assert_eq!(sum(february).await, 4.5, "what is asked beside conversations counts");
    }

    #[tokio::test]
    async fn what_was_told_is_due_no_more_unless_the_limit_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("it opens");
        let (acme, now) = ("acme".parse().expect("a name"), at("2026-02-01T01:00:00Z"));
        store.append(spent(&acme, now, 9.0)).await.expect("it is written");
        let budgets = Budgets::default();
        let due = async |limit| {
            let terms = Terms { limit, warn_at_percent: 50 };
            budgets.standing(&store, &acme, terms, now).await.expect("a sum").1
        };
        assert_eq!(due(10).await, [BUDGET_WARNING]);
        assert!(budgets.claim(&acme, BUDGET_WARNING, 10).await);
        assert!(!budgets.claim(&acme, BUDGET_WARNING, 10).await);
        assert!(due(10).await.is_empty());
        budgets.give_back(&acme, BUDGET_WARNING, 10).await;
        assert_eq!(due(10).await, [BUDGET_WARNING], "what could not be written is told later");
        assert!(budgets.claim(&acme, BUDGET_WARNING, 10).await);
        assert_eq!(due(9).await, [BUDGET_WARNING, BUDGET_SPENT]);
        assert!(due(100).await.is_empty());
    }
}
