//! What language models took for a tenant, by day and model.

use axum::extract::State;
use jiff::{civil::Date, tz::TimeZone};
use model::Timestamp;
use runtime::{
    access::scope,
    usage::{self, Budget, DayOfModel, Spent},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::{Asked, Caller};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// One day in seconds.
const DAY: i64 = 24 * 3600;
/// Days of one answer at most: a leap year.
const MOST_DAYS: i64 = 366;
/// Days where no first one is asked for.
const DAYS: i64 = 30;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Period {
    /// The first day, `YYYY-MM-DD`, UTC; 29 days before the last one when absent.
    #[param(example = "2026-01-01")]
    from: Option<String>,
    /// The last day, included; today when absent. At most 366 days.
    #[param(example = "2026-01-31")]
    to: Option<String>,
}

/// What language models took.
#[derive(Debug, Serialize, ToSchema)]
struct UsageAccount {
    /// The first day, UTC.
    #[schema(example = "2026-01-01")]
    from: String,
    /// The last day, included.
    #[schema(example = "2026-01-31")]
    to: String,
    /// By day, and within a day by model; days without a call are left out.
    days: Vec<UsageDay>,
    /// All of it together.
    total: ModelUsage,
    /// How the budget of the present month stands; null where none is set.
    budget: Option<MonthlyBudget>,
}

/// A budget for what language models cost in a month (`Budget.MonthlyUsd`).
#[derive(Debug, Serialize, ToSchema)]
struct MonthlyBudget {
    /// The present month, UTC.
    #[schema(example = "2026-01")]
    month: String,
    /// Most that it may cost, in the currency of the server's prices.
    limit: u32,
    /// What it cost so far; more than the limit where turns went on when it was reached.
    spent: f64,
    /// What is left, never below 0. At 0 flows say their fallback.
    remaining: f64,
    /// The share at which the event `budget.warning` tells of it.
    warn_at_percent: u8,
}

/// What a model took on a day.
#[derive(Debug, Serialize, ToSchema)]
struct UsageDay {
    #[schema(example = "2026-01-01")]
    day: String,
    /// Provider and model.
    #[schema(example = "openai/gpt-4o")]
    model: String,
    #[serde(flatten)]
    usage: ModelUsage,
}

/// Calls, tokens and costs.
#[derive(Debug, Serialize, ToSchema)]
struct ModelUsage {
    /// Questions to the model; what was asked again after a failure counts once.
    calls: u64,
    /// Of these, how many got no answer.
    failures: u64,
    input_tokens: u64,
    /// Of the input, how many came from the provider's cache.
    cached_tokens: u64,
    output_tokens: u64,
    /// In the currency of the server's prices; 0 where no price is known.
    cost: f64,
}

impl From<Spent> for ModelUsage {
    fn from(spent: Spent) -> Self {
        let Spent { calls, failures, input_tokens, cached_tokens, output_tokens, cost } = spent;
        Self { calls, failures, input_tokens, cached_tokens, output_tokens, cost }
    }
}

impl From<Budget> for MonthlyBudget {
    fn from(budget: Budget) -> Self {
        let (month, remaining) = (budget.month(), budget.remaining());
        let Budget { limit, spent, warn_at_percent, .. } = budget;
        Self { month, limit, spent, remaining, warn_at_percent }
    }
}

impl From<DayOfModel> for UsageDay {
    fn from(day: DayOfModel) -> Self {
        Self { day: written(day.day), model: day.model, usage: day.spent.into() }
    }
}

/// What language models took for the tenant's flows: calls, tokens and costs, by day and model; and how the budget of
/// the month stands.
///
/// It is the sum of the events `model.usage`, test conversations and turns that came to nothing included. What runs apart
/// (test scenarios, replay) is not in it, nor what was erased or has expired.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/usage", tag = "Events", operation_id = "getUsage",
    params(("tenant" = String, Path, description = "The tenant"), Period),
    responses(
        (status = 200, description = "What they took", body = UsageAccount),
        (status = 422, description = "A day is none, or there are too many", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["analytics:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::AnalyticsRead>,
    period: Asked<Period>,
) -> Result<axum::Json<UsageAccount>, Problem> {
    let (from, to) = days(&period.0, Timestamp::now())?;
    let store = app.runtime.store();
    // Who talked and asks what it took finds it.
    store.flush_projections().await?;
    // The last microsecond of the last day.
    let until = Timestamp(Timestamp::from_seconds(to.seconds() + DAY).0 - 1);
    let account = usage::account(&store.tenant(caller.tenant()), from, until).await?;
    let mut total = Spent::default();
    for day in &account {
        total += day.spent;
    }
    let days = account.into_iter().map(UsageDay::from).collect();
    let budget = app.runtime.budget(caller.tenant()).await?.map(MonthlyBudget::from);
    Ok(axum::Json(UsageAccount { from: written(from), to: written(to), days, total: total.into(), budget }))
}

/// When the first day begins, and the last.
fn days(period: &Period, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
    let asked = |field: &str, text: &Option<String>| {
        let day = text.as_deref().map(|text| {
            day(text).ok_or_else(|| Problem::invalid(field, "It is no day.", "Send a day such as `2026-01-31`."))
        });
        day.transpose()
    };
    let today = Timestamp::from_seconds(now.seconds().div_euclid(DAY) * DAY);
    let to = asked("to", &period.to)?.unwrap_or(today);
    let from = asked("from", &period.from)?;
    let from = from.unwrap_or_else(|| Timestamp::from_seconds(to.seconds() - (DAYS - 1) * DAY));
    let count = (to.seconds() - from.seconds()) / DAY + 1;
    if !(1..=MOST_DAYS).contains(&count) {
        let remedy = format!("Send a first day that is not after the last, and at most {MOST_DAYS} days.");
        return Err(Problem::invalid("from", "It does not fit the last day.", remedy));
    }
    Ok((from, to))
}

/// When a day begins, written as it must be.
fn day(text: &str) -> Option<Timestamp> {
    let day = Date::strptime("%Y-%m-%d", text).ok().filter(|_| text.len() == 10)?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().into())
}

fn written(day: Timestamp) -> String {
    day.to_jiff().strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: Option<&str>, to: Option<&str>) -> Result<(String, String), Problem> {
        let period = Period { from: from.map(str::to_owned), to: to.map(str::to_owned) };
        let now = day("2026-03-01").map(|day| Timestamp(day.0 + 3_600_000_000)).expect("a day");
        days(&period, now).map(|(from, to)| (written(from), written(to)))
    }

    #[test]
    fn a_period_has_a_first_and_a_last_day() {
        let is = |from: &str, to: &str| Some((from.to_owned(), to.to_owned()));
        assert_eq!(period(None, None).ok(), is("2026-01-31", "2026-03-01"));
        assert_eq!(period(Some("2026-02-28"), None).ok(), is("2026-02-28", "2026-03-01"));
        assert_eq!(period(None, Some("2025-12-31")).ok(), is("2025-12-02", "2025-12-31"));
        assert_eq!(period(Some("2024-01-01"), Some("2024-12-31")).ok(), is("2024-01-01", "2024-12-31"));
        assert_eq!(period(Some("2026-01-05"), Some("2026-01-05")).ok(), is("2026-01-05", "2026-01-05"));
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for (from, to) in [
            (Some("2026-01-02"), Some("2026-01-01")),
            (Some("2024-01-01"), Some("2025-01-01")),
            (Some("2026-1-1"), None),
            (Some("2026-02-30"), None),
            (Some(""), None),
            (None, Some("yesterday")),
            (None, Some("2026-01-01T00:00:00Z")),
        ] {
            assert!(period(from, to).is_err(), "{from:?} {to:?}");
        }
    }
}
