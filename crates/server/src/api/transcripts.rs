//! Transcripts and the journals of their turns.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use model::{AgentId, ContactId, LogSeq, TranscriptId};
use runtime::access::scope;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{StoredEntry, StoredTranscript, TranscriptFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::{Asked, Caller, Named};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_of_token))
        .routes(routes!(get))
        .routes(routes!(journal))
}

/// A conversation of a contact with an agent.
#[derive(Debug, Serialize, ToSchema)]
struct Transcript {
    id: String,
    contact: String,
    agent: String,
    /// The agent's version at the latest turn; 0 is the draft.
    agent_version: u32,
    /// Number of turns.
    turns: u32,
    /// Whether it is over.
    closed: bool,
    started_at: String,
    last_at: String,
}

impl From<StoredTranscript> for Transcript {
    fn from(stored: StoredTranscript) -> Self {
        Self {
            id: stored.transcript.to_string(),
            contact: stored.contact.to_string(),
            agent: stored.agent.to_string(),
            agent_version: stored.agent_version,
            turns: stored.turns,
            closed: stored.closed,
            started_at: stored.started_at.to_string(),
            last_at: stored.last_at.to_string(),
        }
    }
}

/// A part of the list.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptPage {
    transcripts: Vec<Transcript>,
    /// What to ask for next as `cursor`; null at the end.
    next: Option<String>,
}

/// A transcript with what was said.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptWithEntries {
    #[serde(flatten)]
    transcript: Transcript,
    /// What was said, oldest first; of a very long one the newest 10,000 lines.
    entries: Vec<TranscriptEntry>,
}

/// One line of a transcript.
#[derive(Debug, Serialize, ToSchema)]
struct TranscriptEntry {
    id: String,
    /// `contact`, `agent` or `platform`.
    author: &'static str,
    kind: String,
    text: String,
    at: String,
    turn: u32,
    intent: Option<String>,
    /// Conversation, scene and turn of the scenario, joined by `/`.
    place: Option<String>,
    /// The whole of it.
    #[schema(value_type = serde_json::Value)]
    body: Box<RawValue>,
}

impl From<StoredEntry> for TranscriptEntry {
    fn from(stored: StoredEntry) -> Self {
        let entry = stored.entry;
        Self {
            id: entry.id.0.to_string(),
            author: entry.author.as_str(),
            kind: entry.kind,
            text: entry.text,
            at: entry.at.to_string(),
            turn: stored.turn,
            intent: entry.intent,
            place: entry.place,
            body: entry.body,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// Only of this contact.
    contact: Option<String>,
    /// Only with this agent.
    #[param(value_type = Option<String>)]
    agent: Option<AgentId>,
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

/// Lists transcripts, newest first.
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
    let Listing { contact, agent, cursor, limit } = listing.0;
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."));
    }
    let contact = contact.map(|id| id.parse::<ContactId>()).transpose();
    let contact = contact.map_err(|error| Problem::invalid("contact", error.to_string(), "Send a contact's id."))?;
    let before = match cursor.map(|cursor| cursor.parse::<i64>()) {
        None => None,
        Some(Ok(seq)) if seq >= 0 => Some(LogSeq(seq.unsigned_abs())),
        Some(_) => {
            return Err(Problem::invalid("cursor", "It is not a cursor.", "Send the `next` of the page before."));
        }
    };
    let filter = TranscriptFilter { contact, agent, before, limit, ..TranscriptFilter::default() };
    let stored = app.runtime.store().tenant(caller.tenant()).transcripts(filter).await?;
    let next = stored.last().filter(|_| stored.len() == limit).map(|last| last.started_seq.to_string());
    Ok(axum::Json(TranscriptPage { transcripts: stored.into_iter().map(Transcript::from).collect(), next }))
}

/// One transcript with what was said.
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
    let store = app.runtime.store().tenant(caller.tenant());
    let transcript = store.transcript(&id).await?.ok_or_else(|| Problem::not_found("transcript", &id.to_string()))?;
    let entries = store.transcript_entries(&id, Some(store::MAX_ROWS)).await?;
    let entries = entries.into_iter().map(TranscriptEntry::from).collect();
    Ok(axum::Json(TranscriptWithEntries { transcript: transcript.into(), entries }))
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
