//! Tables of the configuration that bound what flows take: processes for functions, calls of language models.

use std::{ops::RangeInclusive, time::Duration};

use runtime::{
    RuntimeOptions,
    models::{Prices, PricesError},
};
use serde::{Deserialize, Serialize};

/// `[functions]`: what runs functions in JavaScript.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FunctionLimits {
    /// Calls that run at once, each in a process of its own; of one tenant half as many.
    workers: Option<u64>,
    /// Most memory of a call, in MiB.
    memory_mb: Option<u64>,
}

/// `[models]`: how often language models are asked at once, and what they cost.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ModelLimits {
    /// Calls of one tenant that run at once.
    per_tenant: Option<u64>,
    /// Calls of all tenants that run at once.
    total: Option<u64>,
    /// Calls of one tenant that may wait.
    queue: Option<u64>,
    /// How long a call may wait, in milliseconds.
    wait_ms: Option<u64>,
    /// What models cost.
    prices: PriceList,
}

/// What a million tokens of models cost: `gpt-4o=2.5/1.25/10, claude-*=3/0.3/15`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct PriceList {
    written: String,
    prices: Prices,
}

impl TryFrom<String> for PriceList {
    type Error = PricesError;

    fn try_from(written: String) -> Result<Self, PricesError> {
        Ok(Self { prices: Prices::parse(&written)?, written })
    }
}

impl From<PriceList> for String {
    fn from(list: PriceList) -> Self {
        list.written
    }
}

/// A number that is out of its range.
#[derive(Debug, thiserror::Error)]
#[error("{key} must be a whole number from {} to {}", .range.start(), .range.end())]
pub(crate) struct OutOfRange {
    key: &'static str,
    range: RangeInclusive<u64>,
}

/// Refuses a number that is out of its range; what is not set is not.
pub(crate) fn within(key: &'static str, number: Option<u64>, range: RangeInclusive<u64>) -> Result<(), OutOfRange> {
    match number {
        Some(number) if !range.contains(&number) => Err(OutOfRange { key, range }),
        _ => Ok(()),
    }
}

impl FunctionLimits {
    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        within("functions.workers", self.workers, 2..=256)?;
        within("functions.memory_mb", self.memory_mb, 8..=1_024)
    }

    /// Puts what is set in place of the defaults.
    pub(crate) fn apply(&self, options: &mut RuntimeOptions) {
        if let Some(workers) = self.workers {
            options.workers.size = count(workers);
            options.workers.per_tenant = (count(workers) / 2).max(1);
        }
        if let Some(memory) = self.memory_mb {
            options.workers.memory_bytes = count(memory) << 20;
        }
    }
}

impl ModelLimits {
    /// Refuses what cannot be.
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        within("models.per_tenant", self.per_tenant, 1..=10_000)?;
        within("models.total", self.total, 1..=10_000)?;
        within("models.queue", self.queue, 0..=100_000)?;
        within("models.wait_ms", self.wait_ms, 0..=600_000)
    }

    /// Puts what is set in place of the defaults.
    pub(crate) fn apply(&self, options: &mut RuntimeOptions) {
        let pool = &mut options.models_pool;
        pool.per_tenant = self.per_tenant.map_or(pool.per_tenant, count);
        pool.total = self.total.map_or(pool.total, count);
        pool.queue = self.queue.map_or(pool.queue, count);
        pool.wait = self.wait_ms.map_or(pool.wait, Duration::from_millis);
        options.model_prices = self.prices.prices.clone();
    }
}

/// A number that was checked, as the options take it.
fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_set_replaces_the_defaults_and_nothing_else() {
        let before = RuntimeOptions::in_data_dir(Path::new("data"));
        let mut options = before.clone();
        FunctionLimits::default().apply(&mut options);
        ModelLimits::default().apply(&mut options);
        assert_eq!((options.models_pool, options.workers.size), (before.models_pool, before.workers.size));
        let functions: FunctionLimits = serde_json::from_value(json!({ "workers": 7, "memory_mb": 32 })).unwrap();
        let models: ModelLimits =
            serde_json::from_value(json!({ "per_tenant": 2, "wait_ms": 50, "prices": "gpt-*=1/0.5/2" })).unwrap();
        functions.apply(&mut options);
        models.apply(&mut options);
        assert_eq!((options.workers.size, options.workers.per_tenant), (7, 3));
        assert_eq!(options.workers.memory_bytes, 32 << 20);
        assert_eq!((options.models_pool.per_tenant, options.models_pool.wait), (2, Duration::from_millis(50)));
        assert_eq!(
            (options.models_pool.total, options.models_pool.queue),
            (before.models_pool.total, before.models_pool.queue)
        );
        assert!(options.model_prices.of("openai", "gpt-4o").is_some_and(|price| price.output == 2.0));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (table, key) in [
            (json!({ "workers": 1 }), "functions.workers"),
            (json!({ "workers": 257 }), "functions.workers"),
            (json!({ "memory_mb": 7 }), "functions.memory_mb"),
        ] {
            let limits: FunctionLimits = serde_json::from_value(table).unwrap();
            assert!(limits.check().unwrap_err().to_string().starts_with(key), "{key}");
        }
        for (table, key) in [
            (json!({ "per_tenant": 0 }), "models.per_tenant"),
            (json!({ "total": 0 }), "models.total"),
            (json!({ "queue": 100_001 }), "models.queue"),
            (json!({ "wait_ms": 600_001 }), "models.wait_ms"),
        ] {
            let limits: ModelLimits = serde_json::from_value(table).unwrap();
            assert!(limits.check().unwrap_err().to_string().starts_with(key), "{key}");
        }
        let priced = serde_json::from_value::<ModelLimits>(json!({ "prices": "gpt-4o" })).unwrap_err().to_string();
        assert!(priced.contains("`gpt-4o` must be written as"), "{priced}");
        assert!(serde_json::from_value::<ModelLimits>(json!({ "budget": 1 })).is_err());
    }
}
