//! The tenant's event feed.

use axum::extract::State;
use runtime::access::scope;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::{Asked, Caller};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Feed {
    /// Only events after this number; 0 for all.
    #[serde(default)]
    after: u64,
    /// How many at most: 1 to 1000.
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 1000)]
    limit: usize,
}

const fn hundred() -> usize {
    100
}

/// A part of the feed.
#[derive(Debug, Serialize, ToSchema)]
struct EventPage {
    events: Vec<Event>,
    /// What to ask for next as `after`.
    next: u64,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct Event {
    /// Its number: 1, 2, 3 … Numbers are missing only where events were erased.
    seq: u64,
    /// What happened.
    #[serde(rename = "type")]
    kind: String,
    at: String,
    transcript: Option<String>,
    /// Null where it is about no contact.
    contact: Option<String>,
    /// What is known of it.
    #[schema(value_type = serde_json::Value)]
    body: Box<RawValue>,
}

/// What happened, oldest first. Ask again with `next` as `after`.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/events", tag = "Events", operation_id = "listEvents",
    params(("tenant" = String, Path, description = "The tenant"), Feed),
    responses(
        (status = 200, description = "The events", body = EventPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["events:read"]))
)]
async fn events(
    app: State<App>,
    caller: Caller<scope::EventsRead>,
    feed: Asked<Feed>,
) -> Result<axum::Json<EventPage>, Problem> {
    let Feed { after, limit } = feed.0;
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."));
    }
    // The store counts in signed integers.
    if after > i64::MAX as u64 {
        return Err(Problem::invalid("after", "It is out of range.", "Send the `next` of the page before."));
    }
    // Who did something and asks for its event finds it.
    app.runtime.store().flush_projections().await?;
    let stored = app.runtime.store().tenant(caller.tenant()).events(after, limit).await?;
    let next = stored.last().map_or(after, |event| event.seq);
    let events = stored.into_iter().map(|event| Event {
        seq: event.seq,
        kind: event.kind,
        at: event.at.to_string(),
        transcript: event.transcript.map(|id| id.to_string()),
        contact: event.contact.map(|id| id.to_string()),
        body: event.body,
    });
    Ok(axum::Json(EventPage { events: events.collect(), next }))
}
