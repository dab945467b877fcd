//! What language models take: noted with each turn as the event `model.usage`, one of each model, and counted by day.
//!
//! `budget` bounds what they cost in a month.
//!
//! What a turn took that came to nothing is noted beside turns (`tab`). What was erased or has expired is counted no more;
//! the metrics have all that happened since the server started.

mod budget;
mod tab;

use std::{
    collections::{BTreeMap, btree_map},
    ops::AddAssign,
};

use model::{Timestamp, chat::Usage};
use serde::{Deserialize, Serialize};
use store::{EventFilter, MAX_ROWS, StoredEvent, TenantStore};

use crate::turn::{TurnError, read};

pub use budget::{BUDGET_SPENT, BUDGET_WARNING, Budget};
pub(crate) use budget::{Budgets, Terms};
pub(crate) use tab::Tab;

/// The event of what a model took in a turn.
pub const SPENT: &str = "model.usage";

/// Seconds of a day.
const DAY: i64 = 24 * 3600;

/// What a model took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Questions to it; what was asked again after a failure counts once.
    pub calls: u64,
    /// Of these, how many got no answer.
    pub failures: u64,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// Of these, how many came from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// What it cost, in the currency of the configured prices; 0 where no price is known.
    pub cost: f64,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.failures += other.failures;
        self.input_tokens += other.input_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.cost += other.cost;
    }
}

/// What models took, by `provider/model`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(BTreeMap<String, Spent>);

impl Ledger {
    /// Notes an answer.
    pub(crate) fn answered(&mut self, model: &str, usage: &Usage) {
        let Usage { input_tokens, cached_tokens, output_tokens, cost, .. } = *usage;
        *self.of(model) += Spent { calls: 1, failures: 0, input_tokens, cached_tokens, output_tokens, cost };
    }

    /// Notes that there was none.
    pub(crate) fn failed(&mut self, model: &str) {
        *self.of(model) += Spent { calls: 1, failures: 1, ..Spent::default() };
    }

    /// What all of them cost together.
    pub(crate) fn cost(&self) -> f64 {
        self.0.values().map(|spent| spent.cost).sum()
    }

    /// Whether no model was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&mut self, model: &str) -> &mut Spent {
        self.0.entry(model.to_owned()).or_default()
    }
}

impl IntoIterator for Ledger {
    type Item = (String, Spent);
    type IntoIter = btree_map::IntoIter<String, Spent>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The event of a turn, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SpentInTurn {
    /// Number of the turn; of one that came to nothing, the number that it would have had.
    pub(crate) turn: u32,
    /// Which model: `provider/model`.
    pub(crate) model: String,
    /// What it took.
    #[serde(flatten)]
    pub(crate) spent: Spent,
    /// Whether the turn came to nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) refused: bool,
}

/// What a model took on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayOfModel {
    /// When the day began, UTC.
    pub day: Timestamp,
    /// Which model: `provider/model`.
    pub model: String,
    /// What it took.
    pub spent: Spent,
}

/// What models took for a tenant from one moment to another, both included; by day, and within a day by model.
///
/// # Errors
/// When the store fails.
pub async fn account(store: &TenantStore, from: Timestamp, to: Timestamp) -> Result<Vec<DayOfModel>, TurnError> {
    let mut days: BTreeMap<(i64, String), Spent> = BTreeMap::new();
    each_event(store, SPENT, from, to, |event| {
        let SpentInTurn { model, spent, .. } = read(&event.body)?;
        *days.entry((event.at.seconds().div_euclid(DAY), model)).or_default() += spent;
        Ok(())
    })
    .await?;
    let day = |((day, model), spent)| DayOfModel { day: Timestamp::from_seconds(day * DAY), model, spent };
    Ok(days.into_iter().map(day).collect())
}

/// Reads the events of a kind from one moment to another, both included.
async fn each_event(
    store: &TenantStore,
    kind: &str,
    from: Timestamp,
    to: Timestamp,
    mut each: impl FnMut(&StoredEvent) -> Result<(), TurnError> + Send,
) -> Result<(), TurnError> {
    let mut filter = EventFilter {
        kind: kind.to_owned(),
        agent: None,
        contacts: Vec::new(),
        from,
        to,
        after: 0,
        skip: 0,
        limit: MAX_ROWS,
    };
    loop {
        let events = store.events_of_kind(filter.clone()).await?;
        for event in &events {
            each(event)?;
        }
        match events.last() {
            Some(last) if events.len() == MAX_ROWS => filter.after = last.seq,
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_keeps_models_apart_and_counts_failures() {
        let usage = |input_tokens, cost| Usage { input_tokens, cached_tokens: 1, cost, ..Usage::default() };
        let mut turn = Ledger::default();
        assert!(turn.is_empty());
        turn.answered("openai/a", &usage(10, 0.5));
        turn.failed("openai/a");
        turn.answered("openai/a", &usage(5, 0.25));
        turn.failed("anthropic/b");
        assert!(!turn.is_empty());
        let kept: Vec<(String, Spent)> = turn.into_iter().collect();
        let a = Spent { calls: 3, failures: 1, input_tokens: 15, cached_tokens: 2, output_tokens: 0, cost: 0.75 };
        let b = Spent { calls: 1, failures: 1, ..Spent::default() };
        assert_eq!(kept, [("anthropic/b".to_owned(), b), ("openai/a".to_owned(), a)]);
    }

    #[test]
    fn an_event_is_flat_and_is_read_as_it_was_written() {
        let spent = Spent { calls: 2, failures: 1, input_tokens: 7, cached_tokens: 3, output_tokens: 4, cost: 0.125 };
        let noted = |refused| {
            serde_json::to_value(SpentInTurn { turn: 3, model: "m".to_owned(), spent, refused }).expect("JSON")
        };
        let json = noted(false);
        let flat = serde_json::json!({ "turn": 3, "model": "m", "calls": 2, "failures": 1, "input_tokens": 7,
            "cached_tokens": 3, "output_tokens": 4, "cost": 0.125 });
        assert_eq!(json, flat);
        let read = serde_json::from_value::<SpentInTurn>(json).expect("an event");
        assert_eq!((read.spent, read.refused), (spent, false));
        assert_eq!(noted(true)["refused"], true);
    }
}
