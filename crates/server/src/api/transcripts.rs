//! Transcripts: listing, finding and reading them, and the journals of their turns (rows DA-X1 to DA-X5).

use std::collections::BTreeMap;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use model::{AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId, transcript::TranscriptStatus};
use runtime::access::scope;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::TranscriptFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Json, Named},
    transcript_mood::{Direction, check_estimated, checked_risks, checked_sentiments},
    transcript_readable::{Style, readable},
    transcript_schema::{Transcript, TranscriptWithEntries, statuses},
};
use crate::{
    app::{App, text},
    dialai::wire::status_names,
    problem::Problem,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_of_token))
        .routes(routes!(search))
        .routes(routes!(get))
        .routes(routes!(read))
        .routes(routes!(journal))
}

/// A part of the list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TranscriptPage {
    transcripts: Vec<Transcript>,
    /// What to ask for next as `cursor`; null at the end.
    next: Option<String>,
}

impl TranscriptPage {
    /// Of what there is none.
    const fn empty() -> Self {
        Self { transcripts: Vec::new(), next: None }
    }
}

/// Whether tests are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TestsShown {
    /// Only what is no test.
    #[default]
    Exclude,
    /// Only tests.
    Only,
    /// All.
    Include,
}

impl TestsShown {
    pub(super) const fn filter(self) -> Option<bool> {
        match self {
            Self::Exclude => Some(false),
            Self::Only => Some(true),
            Self::Include => None,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// Only of this contact.
    contact: Option<String>,
    /// Only with this agent: a scenario or a flow.
    #[param(value_type = Option<String>)]
    agent: Option<AgentId>,
    /// Only those that stand so: names with commas between them.
    #[param(example = "InProgress,HumanHandoff")]
    status: Option<String>,
    /// Only of this channel: `web`, `sms`, `voice`, `email` or `slack`.
    platform: Option<String>,
    /// Only those that are marked for review, or only those that are not.
    flagged: Option<bool>,
    /// Only those at such a risk: `Low`, `Medium`, `High`, with commas between them.
    #[param(example = "Medium,High")]
    risk: Option<String>,
    /// Only those whose strongest emotion is one of these: names with commas between them.
    #[param(example = "anger,annoyance")]
    sentiment: Option<String>,
    /// `Inbound` for those that a customer began, `Outbound` for those that the agent did.
    direction: Option<String>,
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

/// What is looked for. All that is given must hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct TranscriptSearch {
    /// Words that one line has, whatever their case; of the last word the beginning is enough.
    #[schema(example = "appointment")]
    text: Option<String>,
    contact: Option<String>,
    /// A scenario or a flow.
    #[schema(value_type = Option<String>)]
    agent: Option<AgentId>,
    /// One of these statuses.
    #[schema(example = json!(["Completed"]))]
    status: Vec<String>,
    platform: Option<String>,
    /// The point of contact, by its id.
    endpoint: Option<String>,
    flagged: Option<bool>,
    /// One of these: `Low`, `Medium`, `High`.
    #[schema(example = json!(["High"]))]
    risk: Vec<String>,
    /// One of these is the strongest emotion.
    #[schema(example = json!(["anger"]))]
    sentiment: Vec<String>,
    /// `Inbound` or `Outbound`.
    direction: Option<String>,
    /// Tags by name, with their whole value.
    tags: BTreeMap<String, String>,
    /// Internal parameters by name, with their whole value.
    parameters: BTreeMap<String, Value>,
    /// Functions that were called, by name.
    functions: Vec<String>,
    /// Begun at this moment or later (RFC 3339).
    #[schema(example = "2026-01-31T00:00:00Z")]
    started_from: Option<String>,
    /// Begun at this moment or earlier (RFC 3339).
    started_to: Option<String>,
    /// `exclude` (by default), `only` or `include`.
    #[schema(value_type = Option<String>)]
    tests: TestsShown,
    /// `next` of the page before.
    cursor: Option<String>,
    /// How many at most: 1 to 1000.
    #[schema(minimum = 1, maximum = 1000)]
    limit: usize,
}

impl Default for TranscriptSearch {
    fn default() -> Self {
        Self {
            text: None,
            contact: None,
            agent: None,
            status: Vec::new(),
            platform: None,
            endpoint: None,
            flagged: None,
            risk: Vec::new(),
            sentiment: Vec::new(),
            direction: None,
            tags: BTreeMap::new(),
            parameters: BTreeMap::new(),
            functions: Vec::new(),
            started_from: None,
            started_to: None,
            tests: TestsShown::default(),
            cursor: None,
            limit: hundred(),
        }
    }
}

/// Most names that a search has of one kind.
const MOST_NAMES: usize = 20;

impl TranscriptSearch {
    fn filter(self) -> Result<TranscriptFilter, Problem> {
        for (field, count) in [
            ("status", self.status.len()),
            ("risk", self.risk.len()),
            ("sentiment", self.sentiment.len()),
            ("tags", self.tags.len()),
            ("parameters", self.parameters.len()),
            ("functions", self.functions.len()),
        ] {
            if count > MOST_NAMES {
                return Err(Problem::invalid(field, "There are too many.", format!("Send at most {MOST_NAMES}.")));
            }
        }
        let as_text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Ok(TranscriptFilter {
            contact: contact(self.contact)?,
            agent: self.agent,
            statuses: checked_statuses(&names(&self.status))?,
            risks: checked_risks(&names(&self.risk))?,
            sentiments: checked_sentiments(&names(&self.sentiment))?,
            channel: self.platform,
            endpoint: self.endpoint,
            flagged: self.flagged,
            test: self.tests.filter(),
            tags: self.tags.into_iter().collect(),
            parameters: self.parameters.into_iter().map(|(name, value)| (name, as_text(value))).collect(),
            functions: self.functions,
            started_from: moment("started_from", self.started_from)?,
            started_to: moment("started_to", self.started_to)?,
            text: self.text,
            before: place(self.cursor)?,
            limit: checked_limit(self.limit)?,
        })
    }
}

/// Lists transcripts of the token's tenant, newest first.
#[utoipa::path(
    get, path = "/api/v1/transcripts", tag = "Transcripts", operation_id = "listTranscriptsOfToken", params(Listing),
    responses(
        (status = 200, description = "The transcripts", body = TranscriptPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn list_of_token(
    app: State<App>,
    caller: Caller<scope::TranscriptsRead>,
    listing: Asked<Listing>,
) -> Result<axum::Json<TranscriptPage>, Problem> {
    list(app, caller, listing).await
}

/// Lists transcripts, newest first; tests only where they are asked for.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/transcripts", tag = "Transcripts", operation_id = "listTranscripts",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The transcripts", body = TranscriptPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::TranscriptsRead>,
    listing: Asked<Listing>,
) -> Result<axum::Json<TranscriptPage>, Problem> {
    let listing = listing.0;
    let filter = TranscriptFilter {
        contact: contact(listing.contact)?,
        agent: listing.agent,
        statuses: checked_statuses(&listed(listing.status.as_deref()))?,
        risks: checked_risks(&listed(listing.risk.as_deref()))?,
        sentiments: checked_sentiments(&listed(listing.sentiment.as_deref()))?,
        channel: listing.platform,
        flagged: listing.flagged,
        test: listing.tests.filter(),
        before: place(listing.cursor)?,
        limit: checked_limit(listing.limit)?,
        ..TranscriptFilter::default()
    };
    page(&app, caller.tenant(), filter, Direction::checked(listing.direction.as_deref())?).await
}

fn names(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// Names that a query lists with commas between them.
pub(super) fn listed(names: Option<&str>) -> Vec<&str> {
    names.into_iter().flat_map(|names| names.split(',')).collect()
}

/// Finds transcripts by what was said and by field, newest first.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/transcripts/search", tag = "Transcripts", operation_id = "searchTranscripts",
    params(("tenant" = String, Path, description = "The tenant")), request_body = TranscriptSearch,
    responses(
        (status = 200, description = "The transcripts", body = TranscriptPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn search(
    app: State<App>,
    caller: Caller<scope::TranscriptsRead>,
    body: Json<TranscriptSearch>,
) -> Result<axum::Json<TranscriptPage>, Problem> {
    let direction = Direction::checked(body.0.direction.as_deref())?;
    page(&app, caller.tenant(), body.0.filter()?, direction).await
}

async fn page(
    app: &App,
    tenant: &TenantId,
    filter: TranscriptFilter,
    direction: Option<Direction>,
) -> Result<axum::Json<TranscriptPage>, Problem> {
    check_estimated(&app.directory.now(), tenant, &filter)?;
    if direction == Some(Direction::Outbound) {
        // The agent calls nobody until there are campaigns.
        return Ok(axum::Json(TranscriptPage::empty()));
    }
    let limit = filter.limit;
    // Who changed something and asks for it finds it.
    app.runtime.store().flush_projections().await?;
    let stored = app.runtime.store().tenant(tenant).transcripts(filter).await?;
    let next = stored.last().filter(|_| stored.len() == limit).map(|last| last.started_seq.to_string());
    let known = app.directory.now();
    let transcripts = stored.into_iter().map(|stored| Transcript::of(stored, &known, tenant)).collect();
    Ok(axum::Json(TranscriptPage { transcripts, next }))
}

/// One transcript as lists show it, with what was changed a moment ago.
pub(super) async fn row(app: &App, tenant: &TenantId, id: TranscriptId) -> Result<Transcript, Problem> {
    app.runtime.store().flush_projections().await?;
    let stored = app.runtime.store().tenant(tenant).transcript(&id).await?;
    let stored = stored.ok_or_else(|| Problem::not_found("transcript", &id.to_string()))?;
    Ok(Transcript::of(stored, &app.directory.now(), tenant))
}

fn contact(id: Option<String>) -> Result<Option<ContactId>, Problem> {
    let contact = id.map(|id| id.parse::<ContactId>()).transpose();
    contact.map_err(|error| Problem::invalid("contact", error.to_string(), "Send a contact's id."))
}

pub(super) fn place(cursor: Option<String>) -> Result<Option<LogSeq>, Problem> {
    match cursor.map(|cursor| cursor.parse::<i64>()) {
        None => Ok(None),
        Some(Ok(seq)) if seq >= 0 => Ok(Some(LogSeq(seq.unsigned_abs()))),
        Some(_) => Err(Problem::invalid("cursor", "It is not a cursor.", "Send the `next` of the page before.")),
    }
}

pub(super) fn checked_limit(limit: usize) -> Result<usize, Problem> {
    if (1..=1_000).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."))
}

pub(super) fn checked_statuses(names: &[&str]) -> Result<Vec<TranscriptStatus>, Problem> {
    statuses(names).map_err(|name| {
        let remedy = format!("Send some of {}.", status_names());
        Problem::invalid("status", format!("There is no status `{name}`."), remedy)
    })
}

fn moment(field: &str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let moment = text.map(|text| text.parse::<jiff::Timestamp>()).transpose();
    let moment =
        moment.map_err(|error| Problem::invalid(field, error.to_string(), "Send a moment as RFC 3339 has it."));
    Ok(moment?.map(Timestamp::from))
}

/// One transcript: what was said, the calls of functions, and the states that it went through.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/transcripts/{transcript}", tag = "Transcripts", operation_id = "getTranscriptWithEntries",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The transcript", body = TranscriptWithEntries),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::TranscriptsRead>,
    path: Named<(String, TranscriptId)>,
) -> Result<axum::Json<TranscriptWithEntries>, Problem> {
    let id = path.0.1;
    let transcript = row(&app, caller.tenant(), id).await?;
    let conversations = app.runtime.store().tenant(caller.tenant());
    let entries = conversations.transcript_entries(&id, Some(store::MAX_ROWS)).await?;
    Ok(axum::Json(TranscriptWithEntries::of(transcript, entries)))
}

/// One transcript as a dialogue for people to read: plain text, or markdown where `Accept` asks for `text/markdown`.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/transcripts/{transcript}/readable", tag = "Transcripts",
    operation_id = "getReadableTranscript",
    params(("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The dialogue", content((String = "text/plain"), (String = "text/markdown"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn read(
    app: State<App>,
    headers: HeaderMap,
    caller: Caller<scope::TranscriptsRead>,
    path: Named<(String, TranscriptId)>,
) -> Result<Response, Problem> {
    let id = path.0.1;
    app.runtime.store().flush_projections().await?;
    let conversations = app.runtime.store().tenant(caller.tenant());
    let transcript =
        conversations.transcript(&id).await?.ok_or_else(|| Problem::not_found("transcript", &id.to_string()))?;
    let entries = conversations.transcript_entries(&id, Some(store::MAX_ROWS)).await?;
    let known = app.directory.now();
    let agent = known.agent(transcript.agent).map_or("an agent that is gone", |known| known.agent.name.as_str());
    let wants_markdown = text(&headers, header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/markdown"));
    let (style, kind) = match wants_markdown {
        true => (Style::Markdown, "text/markdown; charset=utf-8"),
        false => (Style::Plain, "text/plain; charset=utf-8"),
    };
    Ok(([(header::CONTENT_TYPE, kind)], readable(&transcript, agent, &entries, style)).into_response())
}

/// How a journal is answered.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct JournalForm {
    /// `json`, or `text` for people; JSON when absent.
    format: Option<String>,
}

/// Why the agent said what it said in a turn: candidates, conditions with what they saw, actions and templates of a
/// scenario; prompts, models, tokens, cost, times, functions, passages and guardrails of a flow.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/transcripts/{transcript}/turns/{turn}/journal", tag = "Transcripts",
    operation_id = "getTurnJournal",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("transcript" = String, Path, description = "Its id"),
        ("turn" = u32, Path, description = "Number of the turn, from 1"), JournalForm,
    ),
    responses(
        (status = 200, description = "The journal",
         content((serde_json::Value = "application/json"), (String = "text/plain"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["transcripts:read"]))
)]
async fn journal(
    app: State<App>,
    caller: Caller<scope::TranscriptsRead>,
    path: Named<(String, TranscriptId, u32)>,
    form: Asked<JournalForm>,
) -> Result<Response, Problem> {
    let Named((_, transcript, turn)) = path;
    let as_text = match form.0.format.as_deref() {
        None | Some("json") => false,
        Some("text") => true,
        Some(_) => return Err(Problem::invalid("format", "There is no such form.", "Send `json` or `text`.")),
    };
    let record = app.runtime.store().tenant(caller.tenant()).turn_record(&transcript, turn).await?;
    let record = record.ok_or_else(|| Problem::not_found("turn", &format!("{transcript}/{turn}")))?;
    if as_text {
        let journal =
            serde_json::from_str(record.journal.get()).map_err(|error| Problem::broken(&error.to_string()))?;
        return Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], runtime::explain(&journal)).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], record.journal.get().to_owned()).into_response())
}
