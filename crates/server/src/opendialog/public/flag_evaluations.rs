//! `GET /public/api/flag-evaluations`: who was given which variant, and why (spec/opendialog.md §1.7).

use std::fmt::Write as _;

use axum::{
    Json,
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use model::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use runtime::{access::scope, feature_flags::FeatureFlag};
use serde::Serialize;
use store::EventFilter;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::super::refusal::{ErrorBody, Violations};
use super::{
    access::{Program, PublicCaller},
    evaluation::{self, FlagEvaluation},
    listing::{self, Listing, PageAsked, ServerFailure},
    query::Pairs,
    refusal::{PublicRefusal, TOO_MANY},
};
use crate::{app::App, rate_limits::Endpoint};

const PATH: &str = "/public/api/flag-evaluations";
const PER_PAGE: u64 = 500;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(flag_evaluations))
}

/// A page of evaluations, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct FlagEvaluationPage {
    data: Vec<FlagEvaluation>,
    current_page: u64,
    last_page: u64,
    per_page: u64,
    total: u64,
    /// Number of the first row; null on an empty page.
    #[schema(required)]
    from: Option<u64>,
    /// Number of the last row; null on an empty page.
    #[schema(required)]
    to: Option<u64>,
    #[schema(example = "https://chat.example.com/public/api/flag-evaluations")]
    path: String,
    first_page_url: String,
    last_page_url: String,
    #[schema(required)]
    next_page_url: Option<String>,
    #[schema(required)]
    prev_page_url: Option<String>,
}

/// Which contacts were given which variants of a scenario's experiments, and why.
///
/// Thirty calls a minute of one user and address are allowed unless the server is configured otherwise;
/// the headers `X-RateLimit-Limit` and `X-RateLimit-Remaining` say what is left.
#[utoipa::path(
    get, path = "/public/api/flag-evaluations", tag = "Public APIs", operation_id = "getFlagEvaluations",
    params(
        ("scenario_id" = String, Query, description = "The scenario's id, or an alias"),
        ("start_date" = Option<String>, Query, description = "The first day, `YYYY-MM-DD`, UTC", example = "2026-01-01"),
        ("end_date" = Option<String>, Query, description = "The last day, not before the first", example = "2026-01-31"),
        ("per_page" = Option<u64>, Query, description = "1 to 1000, 500 when absent"),
        ("page" = Option<u64>, Query, description = "From 1"),
    ),
    responses(
        (status = 200, description = "The evaluations", body = FlagEvaluationPage),
        (status = 401, description = "The token is missing or not good", body = ErrorBody,
         example = json!({ "message": "Unauthenticated." })),
        (status = 403, description = "The token's user may not read analytics, or experiments are off for the tenant", body = ErrorBody,
         example = json!({ "message": "This action is unauthorized." })),
        (status = 422, description = "A query value is missing or wrong", body = ErrorBody,
         example = json!({ "message": "The scenario id field is required.",
                           "errors": { "scenario_id": ["The scenario id field is required."] } })),
        (status = 429, description = "Called too often; `Retry-After` says when to come back", body = ErrorBody,
         example = json!({ "message": "Too many requests. Please try again later." })),
        (status = 500, description = "The server failed", body = ServerFailure),
        (status = 503, description = "Too busy; try again", body = ErrorBody),
    ),
    security(("public_token" = ["analytics:read"]))
)]
async fn flag_evaluations(
    app: State<App>,
    caller: PublicCaller<scope::AnalyticsRead>,
    headers: HeaderMap,
    query: RawQuery,
) -> Result<Response, PublicRefusal> {
    let admitted = caller.admit(&app, Endpoint::FlagEvaluations, TOO_MANY)?;
    caller.require(FeatureFlag::Experiments)?;
    let pairs = Pairs::read(query.0.as_deref());
    let page = page(&app, &caller, &headers, &pairs).await;
    Ok(admitted.answer(page.map(Json).into_response()))
}

async fn page(
    app: &App,
    caller: &Program,
    headers: &HeaderMap,
    pairs: &Pairs<'_>,
) -> Result<FlagEvaluationPage, PublicRefusal> {
    let mut wrong = Violations::default();
    let asked = Listing::read(pairs, PER_PAGE, &mut wrong);
    if !wrong.is_empty() {
        return Err(PublicRefusal::InvalidFirst(wrong));
    }
    let agent = listing::scenario(app, caller, &asked.scenario).await?;
    let store = app.runtime.store().tenant(caller.tenant());
    let filter = evaluation::within(&asked, agent);
    let total = store.count_events(filter.clone()).await?;
    let rows = asked.page.rows(total);
    let events = if rows == 0 {
        Vec::new()
    } else {
        let (skip, limit) = (listing::count(asked.page.skip()), listing::count(rows));
        store.events_of_kind(EventFilter { skip, limit, ..filter }).await?
    };
    let data = events
        .iter()
        .map(|event| FlagEvaluation::of(agent, event, |at: Timestamp| at.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let path = format!("{}{PATH}", app.public_url(headers));
    Ok(paginated(data, asked.page, total, path, pairs))
}

/// The flat paginator of §1.7.
fn paginated(
    data: Vec<FlagEvaluation>,
    asked: PageAsked,
    total: u64,
    path: String,
    pairs: &Pairs<'_>,
) -> FlagEvaluationPage {
    let PageAsked { per_page, page } = asked;
    let last_page = asked.last(total);
    let others = others(pairs);
    let url = |page: u64| format!("{path}?{others}page={page}");
    let from = (!data.is_empty()).then(|| asked.skip() + 1);
    FlagEvaluationPage {
        current_page: page,
        last_page,
        per_page,
        total,
        from,
        to: from.map(|from| from + data.len() as u64 - 1),
        first_page_url: url(1),
        last_page_url: url(last_page),
        next_page_url: (page < last_page).then(|| url(page + 1)),
        prev_page_url: (page > 1).then(|| url(page - 1)),
        path,
        data,
    }
}

/// What stays as it is in names and values of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The other values of the query, each followed by `&`.
fn others(pairs: &Pairs<'_>) -> String {
    let mut query = String::new();
    for (name, value) in pairs.iter().filter(|(name, _)| *name != "page") {
        write!(query, "{}={}&", utf8_percent_encode(name, PLAIN), utf8_percent_encode(value, PLAIN))
            .expect("a String takes all that is written");
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn od_g01_page_urls_keep_the_other_values() {
        let pairs = Pairs::read(Some("scenario_id=a%20b&page=2&start_date=2026-01-01&per_page=2"));
        let path = "https://x.test/public/api/flag-evaluations";
        let page = paginated(Vec::new(), PageAsked { per_page: 2, page: 2 }, 5, path.to_owned(), &pairs);
        let url = |page: u64| format!("{path}?scenario_id=a%20b&start_date=2026-01-01&per_page=2&page={page}");
        assert_eq!((page.first_page_url, page.last_page_url), (url(1), url(3)));
        assert_eq!((page.prev_page_url, page.next_page_url), (Some(url(1)), Some(url(3))));
        assert_eq!((page.from, page.to), (None, None));
        let only = paginated(Vec::new(), PageAsked { per_page: 2, page: 1 }, 0, path.to_owned(), &pairs);
        assert_eq!((only.last_page, only.prev_page_url, only.next_page_url), (1, None, None));
    }
}
