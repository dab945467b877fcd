//! Conversations as they go on: what is in progress, and streams of what happens (rows DA-L1 to DA-L4, DA-L6 to
//! DA-L8). All of them are begun by customers: those that the agent begins (direction) come with campaigns.

use axum::{extract::State, http::HeaderMap, response::Response};
use model::{Timestamp, TranscriptId};
use runtime::access::scope;
use serde::{Deserialize, Serialize};
use store::TranscriptFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Named},
    transcript_mood::{Direction, check_estimated, checked_risks, checked_sentiments},
    transcript_schema::Transcript,
    transcripts::{TestsShown, checked_limit, checked_statuses, listed, place},
};
use crate::{
    app::App,
    live::{Audience, Topic, follow},
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(all)).routes(routes!(one))
}

/// How far back the sessions of a contact are counted, in microseconds: 24 hours (row DA-L3).
const SESSIONS: i64 = 24 * 3_600 * 1_000_000;

/// A conversation that goes on.
#[derive(Debug, Serialize, ToSchema)]
struct LiveTranscript {
    #[serde(flatten)]
    transcript: Transcript,
    /// How many conversations of the contact began within the past 24 hours, with this one.
    sessions: u32,
}

/// A part of the list.
#[derive(Debug, Serialize, ToSchema)]
struct LivePage {
    transcripts: Vec<LiveTranscript>,
    /// What to ask for next as `cursor`; null at the end.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LiveListing {
    /// `InProgress`, or `HumanHandoff` for those that wait for or are with a person; both without.
    status: Option<String>,
    /// Only of this channel: `web`, `sms`, `voice`, `email` or `slack`.
    platform: Option<String>,
    /// Only those at such a risk: `Low`, `Medium`, `High`, with commas between them.
    #[param(example = "Medium,High")]
    risk: Option<String>,
    /// Only those whose strongest emotion is one of these: names with commas between them.
    #[param(example = "anger,annoyance")]
    sentiment: Option<String>,
    /// `Inbound` for those that a customer began, `Outbound` for those that the agent did.
    direction: Option<String>,
    /// Only those that have lasted so many seconds or longer.
    min_duration: Option<u32>,
    /// Only those that have lasted so many seconds or less.
    max_duration: Option<u32>,
    /// Whether tests are listed: `exclude`, `only` or `include`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    tests: TestsShown,
    /// `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 1000.
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 1000)]
    limit: usize,
}

const fn hundred() -> usize {
    100
}

/// Lists conversations that go on, on all channels, newest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/live/transcripts", tag = "Live", operation_id = "listLiveTranscripts",
    params(("tenant" = String, Path, description = "The tenant"), LiveListing),
    responses(
        (status = 200, description = "The conversations", body = LivePage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::TranscriptsRead>,
    listing: Asked<LiveListing>,
) -> Result<axum::Json<LivePage>, Problem> {
    let direction = Direction::checked(listing.0.direction.as_deref())?;
    let filter = listing.0.filter(Timestamp::now())?;
    check_estimated(&app.directory.now(), caller.tenant(), &filter)?;
    if direction == Some(Direction::Outbound) {
        // The agent calls nobody until there are campaigns.
        return Ok(axum::Json(LivePage { transcripts: Vec::new(), next: None }));
    }
    let limit = filter.limit;
    // Who began or ended something and looks finds it.
    app.runtime.store().flush_projections().await?;
    let conversations = app.runtime.store().tenant(caller.tenant());
    let stored = conversations.transcripts(filter).await?;
    let next = stored.last().filter(|_| stored.len() == limit).map(|last| last.started_seq.to_string());
    let contacts = stored.iter().map(|stored| stored.contact.clone()).collect();
    let since = Timestamp(Timestamp::now().0 - SESSIONS);
    let sessions = conversations.count_started(contacts, since).await?;
    let known = app.directory.now();
    let live =
        |(stored, sessions)| LiveTranscript { transcript: Transcript::of(stored, &known, caller.tenant()), sessions };
    Ok(axum::Json(LivePage { transcripts: stored.into_iter().zip(sessions).map(live).collect(), next }))
}

impl LiveListing {
    fn filter(self, now: Timestamp) -> Result<TranscriptFilter, Problem> {
        let statuses = checked_statuses(&listed(self.status.as_deref()))?;
        if statuses.iter().any(|status| !status.is_open()) {
            let remedy = "Send `InProgress` or `HumanHandoff`; what is over is among the transcripts.";
            return Err(Problem::invalid("status", "A conversation that goes on does not stand so.", remedy));
        }
        let ago = |seconds: u32| Timestamp(now.0 - i64::from(seconds) * 1_000_000);
        let filter = TranscriptFilter {
            risks: checked_risks(&listed(self.risk.as_deref()))?,
            sentiments: checked_sentiments(&listed(self.sentiment.as_deref()))?,
            channel: self.platform,
            test: self.tests.filter(),
            started_from: self.max_duration.map(ago),
            started_to: self.min_duration.map(ago),
            before: place(self.cursor)?,
            limit: checked_limit(self.limit)?,
            ..TranscriptFilter::default()
        };
        Ok(if statuses.is_empty() { filter.only_open() } else { TranscriptFilter { statuses, ..filter } })
    }
}

/// Follows all conversations of the tenant: `message`, `functionCall`, `functionResult`, `stateChange`, `status`,
/// `sentiment` and `notice` as they are durable, `heartbeat` every 15 seconds.
///
/// Each event's `id` is its place: with `Last-Event-ID` what was missed comes first. Who reads too slowly gets
/// `overrun` and is let go. A stream lasts 15 minutes; connect again then.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/live", tag = "Live", operation_id = "followTenant",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn all(app: State<App>, headers: HeaderMap, caller: Caller<scope::TranscriptsRead>) -> Result<Response, Problem> {
    follow(&app, Topic::Tenant(caller.tenant().clone()), Audience::Operators, &headers)
}

/// Follows one conversation, as the tenant's people see it. `Last-Event-ID: 0` tells it from its beginning.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/transcripts/{transcript}/stream", tag = "Live", operation_id = "followTranscript",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was seen"),
    ),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn one(
    app: State<App>,
    headers: HeaderMap,
    caller: Caller<scope::TranscriptsRead>,
    path: Named<(String, TranscriptId)>,
) -> Result<Response, Problem> {
    app.runtime.standing(caller.tenant(), path.0.1).await?;
    follow(&app, Topic::Transcript(caller.tenant().clone(), path.0.1), Audience::Operators, &headers)
}

#[cfg(test)]
mod tests {
    use model::{mood::RiskLevel, transcript::TranscriptStatus};

    use super::*;

    fn listing(status: Option<&str>) -> LiveListing {
        LiveListing {
            status: status.map(str::to_owned),
            platform: None,
            risk: Some("Medium,High".to_owned()),
            sentiment: None,
            direction: None,
            min_duration: Some(60),
            max_duration: Some(600),
            tests: TestsShown::default(),
            cursor: None,
            limit: 10,
        }
    }

    #[test]
    fn da_l04_durations_are_moments_of_the_beginning() {
        let now = Timestamp::from_seconds(10_000);
        let filter = listing(None).filter(now).expect("it is acceptable");
        assert_eq!(filter.started_from, Some(Timestamp::from_seconds(9_400)));
        assert_eq!(filter.started_to, Some(Timestamp::from_seconds(9_940)));
        assert_eq!(filter.statuses, [TranscriptStatus::InProgress, TranscriptStatus::HumanHandoff]);
        assert_eq!(filter.test, Some(false));
        assert_eq!(filter.risks, [RiskLevel::Medium, RiskLevel::High]);
    }

    #[test]
    fn da_l01_what_is_over_is_not_asked_for() {
        assert!(listing(Some("Completed")).filter(Timestamp::default()).is_err());
        assert!(listing(Some("HumanHandoff")).filter(Timestamp::default()).is_ok());
    }
}
