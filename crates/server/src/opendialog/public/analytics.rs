//! `GET /public/api/analytics-data-export`: every line of a scenario's conversations, and who saw which
//! variant of its experiments (spec/opendialog.md §1.6).

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use model::{AgentId, ContactId};
use runtime::{access::scope, feature_flags::FeatureFlag};
use serde::Serialize;
use store::{ClickstreamFilter, EventFilter, TenantStore};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::super::refusal::{ErrorBody, Violations};
use super::{
    access::{Program, PublicCaller},
    clickstream::ClickstreamRow,
    evaluation::{self, FlagEvaluation},
    listing::{self, Listing, ServerFailure},
    moment::plain,
    query::Pairs,
    refusal::{PublicRefusal, TOO_MANY},
};
use crate::{app::App, rate_limits::Endpoint};

const PER_PAGE: u64 = 50;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(analytics_data_export))
}

/// What was said, and who saw which variant.
#[derive(Debug, Serialize, ToSchema)]
struct AnalyticsDataExport {
    clickstream: Clickstream,
    /// Evaluations of flags for the contacts on the page; only with `include_flag_data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    experiments: Option<Vec<FlagEvaluation>>,
}

/// A page of lines, oldest first.
#[derive(Debug, Serialize, ToSchema)]
struct Clickstream {
    data: Vec<ClickstreamRow>,
    per_page: u64,
    current_page: u64,
    /// 1 when there is nothing.
    last_page: u64,
    /// The number of lines.
    total: u64,
}

/// What was said with a scenario, line by line, oldest first.
///
/// `page` rows are openings of the chat, `identify` rows first lines of conversations that begin otherwise,
/// all others are `event` rows. There is one row for each line, so rows are counted as lines are.
#[utoipa::path(
    get, path = "/public/api/analytics-data-export", tag = "Public APIs", operation_id = "getAnalyticsDataExport",
    params(
        ("scenario_id" = String, Query, description = "The scenario's id, or an alias"),
        ("start_date" = Option<String>, Query, description = "The first day, `YYYY-MM-DD`, UTC", example = "2026-01-01"),
        ("end_date" = Option<String>, Query, description = "The last day, not before the first", example = "2026-01-31"),
        ("chatbot_user_id" = Option<String>, Query, description = "Only this visitor; at most 384 characters"),
        ("include_flag_data" = Option<String>, Query, description = "`1` or `true`: add `experiments`", example = "1"),
        ("per_page" = Option<u64>, Query, description = "1 to 1000, 50 when absent"),
        ("page" = Option<u64>, Query, description = "From 1"),
    ),
    responses(
        (status = 200, description = "The lines", body = AnalyticsDataExport),
        (status = 401, description = "The token is missing or not good", body = ErrorBody,
         example = json!({ "message": "Unauthenticated." })),
        (status = 403, description = "The token's user may not read analytics, or experiments are off for the tenant", body = ErrorBody,
         example = json!({ "message": "This action is unauthorized." })),
        (status = 422, description = "A query value is missing or wrong", body = ErrorBody,
         example = json!({ "message": "The end date must be a date after or equal to start date.",
                           "errors": { "end_date": ["The end date must be a date after or equal to start date."] } })),
        (status = 429, description = "Called too often; `Retry-After` says when to come back", body = ErrorBody,
         example = json!({ "message": "Too many requests. Please try again later." })),
        (status = 500, description = "The server failed", body = ServerFailure),
        (status = 503, description = "Too busy; try again", body = ErrorBody),
    ),
    security(("public_token" = ["analytics:read"]))
)]
async fn analytics_data_export(
    app: State<App>,
    caller: PublicCaller<scope::AnalyticsRead>,
    query: RawQuery,
) -> Result<Response, PublicRefusal> {
    let admitted = caller.admit(&app, Endpoint::AnalyticsDataExport, TOO_MANY)?;
    caller.require(FeatureFlag::Experiments)?;
    let export = export(&app, &caller, &Pairs::read(query.0.as_deref())).await;
    Ok(admitted.answer(export.map(Json).into_response()))
}

/// What is asked for.
struct Asked {
    listing: Listing,
    contact: Option<ContactId>,
    flags: Flags,
}

/// Whether evaluations of flags are wanted.
enum Flags {
    Included,
    LeftOut,
}

impl Asked {
    fn read(pairs: &Pairs<'_>) -> Result<Self, PublicRefusal> {
        let mut wrong = Violations::default();
        let listing = Listing::read(pairs, PER_PAGE, &mut wrong);
        let contact = pairs.get("chatbot_user_id").and_then(|id| {
            let contact = id.parse::<ContactId>().ok();
            if id.chars().count() > ContactId::MAX_CHARS {
                let limit = ContactId::MAX_CHARS;
                wrong
                    .add("chatbot_user_id", format!("The chatbot user id may not be greater than {limit} characters."));
            } else if contact.is_none() {
                wrong.add("chatbot_user_id", "The chatbot user id format is invalid.");
            }
            contact
        });
        let flags = match pairs.get("include_flag_data") {
            Some("1" | "true" | "on") => Flags::Included,
            None | Some("0" | "false" | "off") => Flags::LeftOut,
            Some(_) => {
                wrong.add("include_flag_data", "The include flag data field must be true or false.");
                Flags::LeftOut
            }
        };
        if wrong.is_empty() { Ok(Self { listing, contact, flags }) } else { Err(PublicRefusal::InvalidFirst(wrong)) }
    }
}

async fn export(app: &App, caller: &Program, pairs: &Pairs<'_>) -> Result<AnalyticsDataExport, PublicRefusal> {
    let Asked { listing, contact, flags } = Asked::read(pairs)?;
    let agent = listing::scenario(app, caller, &listing.scenario).await?;
    let store = app.runtime.store().tenant(caller.tenant());
    let filter = ClickstreamFilter { agent, from: listing.from, to: listing.to, contact };
    let page = listing.page;
    let total = store.count_clickstream(&filter).await?;
    let rows = page.rows(total);
    let lines = if rows == 0 {
        Vec::new()
    } else {
        store.clickstream(&filter, listing::count(page.skip()), listing::count(rows)).await?
    };
    let contacts: BTreeSet<ContactId> = lines.iter().map(|line| line.contact.clone()).collect();
    let experiments = match flags {
        Flags::Included => Some(evaluations(&store, agent, contacts.into_iter().collect()).await?),
        Flags::LeftOut => None,
    };
    let data = lines.into_iter().map(|line| ClickstreamRow::of(agent, line)).collect();
    let clickstream =
        Clickstream { data, per_page: page.per_page, current_page: page.page, last_page: page.last(total), total };
    Ok(AnalyticsDataExport { clickstream, experiments })
}

/// All evaluations for these contacts, oldest first: what a contact was assigned before the first day asked
/// for is what it saw on that day.
async fn evaluations(
    store: &TenantStore,
    agent: AgentId,
    contacts: Vec<ContactId>,
) -> Result<Vec<FlagEvaluation>, PublicRefusal> {
    let mut evaluations = Vec::new();
    if contacts.is_empty() {
        return Ok(evaluations);
    }
    let mut filter = evaluation::about(contacts, agent);
    loop {
        let events = store.events_of_kind(filter.clone()).await?;
        for event in &events {
            evaluations.push(FlagEvaluation::of(agent, event, plain)?);
        }
        if events.len() < filter.limit {
            return Ok(evaluations);
        }
        filter = EventFilter { skip: filter.skip + events.len(), ..filter };
    }
}
