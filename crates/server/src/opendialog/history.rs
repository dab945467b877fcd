//! What was said with a visitor: the history endpoint, lines added to it from elsewhere
//! (spec/opendialog.md §5.4).

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use model::{
    EntryId, Timestamp,
    inbound::{Act, Inbound},
    message::Message,
    record::{Author, Entry, FactRecord},
};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::to_raw_value};
use store::{EntryFilter, StoredEntry};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    body, envelope,
    fields::Fields,
    message::said,
    refusal::{ErrorBody, Refusal, Violations},
    schema::{ExternalLine, HistoryRow},
    visit::{self, Claims, Effect, Generation, Visit},
    wire,
};
use crate::app::{App, Shared};

/// Kind of an entry that was said outside the chat, and its type in the history.
const EXTERNAL: &str = "text_external";
const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(history, add_line)).routes(routes!(user_history, add_user_line))
}

/// Which lines are asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// How many lines at most: 1 to 1000, 10 when absent.
    limit: Option<String>,
    /// Types to leave out, separated by commas: `chat_open,trigger,cta`.
    ignore: Option<String>,
    /// The scenario; older clients may name it here.
    selected_scenario: Option<String>,
}

type Asking = Result<Query<Asked>, QueryRejection>;

/// What was said with the visitor, newest first.
#[utoipa::path(
    get, path = "/chat-api/history", tag = "Chat API", operation_id = "getHistory", params(Asked,
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
    ),
    responses(
        (status = 200, description = "The lines", body = Vec<HistoryRow>),
        (status = 401, description = "App key or anonymous token missing or wrong", body = ErrorBody),
        (status = 422, description = "Headers or query values missing or wrong", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn history(app: State<App>, headers: HeaderMap, asked: Asking) -> Response {
    rows(&app, Generation::Current, &headers, None, asked).await
}

/// Adds a line that was said outside the chat.
#[utoipa::path(
    post, path = "/chat-api/history", tag = "Chat API", operation_id = "addHistoryLine", request_body = ExternalLine,
    params(
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
        ("X-CSRF-TOKEN" = Option<String>, Header, description = "Repeats the cookie `parlance_csrf_token` where CSRF is on"),
    ),
    responses(
        (status = 200, description = "Stored; empty"),
        (status = 401, description = "App key or anonymous token missing or wrong", body = ErrorBody),
        (status = 403, description = "CSRF header missing or wrong", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
        (status = 422, description = "Headers or fields missing or wrong", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn add_line(app: State<App>, headers: HeaderMap, body: Body) -> Response {
    add(&app, Generation::Current, &headers, None, None, body).await
}

/// What was said with the visitor, newest first (path before 3.0).
#[utoipa::path(
    get, path = "/user/{user_id}/history", tag = "Chat API before 3.0", operation_id = "getUserHistory",
    params(("user_id" = String, Path, description = "The visitor's id"), Asked),
    responses(
        (status = 200, description = "The lines", body = Vec<HistoryRow>),
        (status = "4XX", description = "As for /chat-api/history", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn user_history(app: State<App>, headers: HeaderMap, user: Path<String>, asked: Asking) -> Response {
    rows(&app, Generation::Older, &headers, Some(&user), asked).await
}

/// Adds a line that was said outside the chat (path before 3.0).
#[utoipa::path(
    post, path = "/user/{user_id}/history", tag = "Chat API before 3.0", operation_id = "addUserHistoryLine",
    params(("user_id" = String, Path, description = "The visitor's id"), Asked), request_body = ExternalLine,
    responses(
        (status = 200, description = "Stored; empty"),
        (status = "4XX", description = "As for /chat-api/history", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn add_user_line(app: State<App>, headers: HeaderMap, user: Path<String>, asked: Asking, body: Body) -> Response {
    add(&app, Generation::Older, &headers, Some(&user), Some(asked), body).await
}

async fn rows(
    app: &Shared,
    generation: Generation,
    headers: &HeaderMap,
    user: Option<&str>,
    asked: Asking,
) -> Response {
    let admitted = async {
        visit::require_key(app, generation, headers).await?;
        let Query(asked) = asked.map_err(|error| Violations::of("query", error.body_text()))?;
        let limit = match asked.limit.as_deref().map(str::parse) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
            Some(_) => {
                let complaint = format!("The limit must be an integer from 1 to {MAX_LIMIT}.");
                return Err(Violations::of("limit", complaint).into());
            }
        };
        let scenario = asked.selected_scenario.as_deref().filter(|name| !name.is_empty());
        let visit = visit::admit(app, generation, Effect::Reads, headers, Claims { user, scenario }).await?;
        Ok::<_, Refusal>((visit, limit, asked.ignore.unwrap_or_default()))
    };
    match admitted.await {
        Err(refusal) => refusal.into_response(),
        Ok((visit, limit, ignore)) => {
            let rows = read(app, &visit, limit, &ignore).await;
            visit.answer(rows.map_or_else(Refusal::into_response, |rows| said(&Value::Array(rows))))
        }
    }
}

/// The newest lines whose type is not ignored. The wire's types are not the stored kinds (a form and
/// its response are one kind), so lines are read until enough of them fit.
async fn read(app: &Shared, visit: &Visit, limit: usize, ignore: &str) -> Result<Vec<Value>, Refusal> {
    let ignored: Vec<&str> = ignore.split(',').map(str::trim).filter(|name| !name.is_empty()).take(50).collect();
    let store = app.runtime.store().tenant(visit.tenant.id());
    let mut rows = Vec::new();
    let mut before = None;
    while rows.len() < limit {
        let page = (2 * limit).max(50);
        let filter = EntryFilter {
            agent: visit.agent.as_ref().map(|agent| agent.agent.id),
            kinds_excluded: Vec::new(),
            limit: page,
            newest_first: true,
            before,
            after: None,
        };
        let entries = store.contact_entries(&visit.contact, filter).await?;
        let lines = entries
            .iter()
            .filter_map(|entry| row(visit, entry))
            .filter(|row| row["type"].as_str().is_none_or(|kind| !ignored.contains(&kind)));
        rows.extend(lines.take(limit - rows.len()));
        match entries.last() {
            Some(last) if entries.len() == page => before = Some(last.position),
            _ => break,
        }
    }
    Ok(rows)
}

/// One line on the wire; none for a message that shows nothing.
fn row(visit: &Visit, stored: &StoredEntry) -> Option<Value> {
    let entry = &stored.entry;
    let said = Said::of(entry.author, &entry.kind, entry.at, entry.body.get())?;
    let mut place = entry.place.as_deref().unwrap_or_default().split('/');
    let mut part = || place.next().filter(|part| !part.is_empty());
    let at = entry.at.to_string();
    Some(json!({
        "id": entry.id,
        "user_id": visit.contact,
        "author": if entry.author == Author::Contact { visit.contact.as_str() } else { "them" },
        "message": entry.text,
        "message_id": stored.message_id.clone().unwrap_or_else(|| entry.id.to_string()),
        "type": said.kind,
        "data": said.data,
        "microtime": format!("{}.{:06}", entry.at.seconds(), entry.at.0.rem_euclid(1_000_000)),
        "user": said.user,
        "intents": entry.intent.iter().collect::<Vec<_>>(),
        "conversation": part(),
        "scene": part(),
        "created_at": at,
        "updated_at": at,
    }))
}

/// A line's type and data as the wire has them.
pub(crate) struct Said {
    pub(crate) kind: String,
    pub(crate) data: Value,
    /// What the client said of the visitor.
    pub(crate) user: Map<String, Value>,
}

impl Said {
    /// Reads a stored line; none for a message that shows nothing.
    pub(crate) fn of(author: Author, kind: &str, at: Timestamp, body: &str) -> Option<Self> {
        if kind == EXTERNAL {
            let data = serde_json::from_str(body).unwrap_or_default();
            return Some(Self { kind: EXTERNAL.to_owned(), data, user: Map::new() });
        }
        if author == Author::Contact {
            let inbound: Inbound = serde_json::from_str(body).ok()?;
            let kind = envelope::act_name(inbound.act).to_owned();
            let mut data = inbound.fields;
            data.extend(inbound.files);
            data.insert("text".to_owned(), inbound.text.into());
            if let Some(value) = inbound.value {
                let name = if inbound.act == Act::Link { "url" } else { "value" };
                data.insert(name.to_owned(), value.into());
            }
            return Some(Self { kind, data: data.into(), user: inbound.visitor });
        }
        let message: Message = serde_json::from_str(body).ok()?;
        match wire::messages(std::slice::from_ref(&message), at, None) {
            Value::Object(mut wire) => {
                let kind = wire.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
                Some(Self { kind, data: wire.remove("data").unwrap_or_default(), user: Map::new() })
            }
            _ => None,
        }
    }
}

async fn add(
    app: &Shared,
    generation: Generation,
    headers: &HeaderMap,
    user: Option<&str>,
    asked: Option<Asking>,
    body: Body,
) -> Response {
    let admitted = async {
        visit::require_key(app, generation, headers).await?;
        let asked = match asked {
            Some(asked) => asked.map_err(|error| Violations::of("query", error.body_text()))?.0,
            None => Asked::default(),
        };
        let body = body::json(headers, body, app.options.body_timeout).await?;
        let line = Fields::of_body(&body)?;
        let mut wrong = Violations::default();
        let author = line.required_text("author", "author", &mut wrong)?.unwrap_or_default();
        let text = line.required_text("text", "text", &mut wrong)?.unwrap_or_default().into_owned();
        if author.chars().count() > 384 {
            wrong.add("author", "The author may not be longer than 384 characters.");
        }
        if text.chars().count() > 65_536 {
            wrong.add("text", "The text may not be longer than 65536 characters.");
        }
        let mut data = Map::new();
        data.insert("text".to_owned(), text.as_str().into());
        for field in ["date", "time"] {
            let said = line.optional_text(field, field, 100, &mut wrong)?;
            data.insert(field.to_owned(), said.map(Cow::into_owned).into());
        }
        let author = if author == "me" { Author::Contact } else { Author::Agent };
        wrong.or(())?;
        let scenario = asked.selected_scenario.as_deref().filter(|name| !name.is_empty());
        let visit = visit::admit(app, generation, Effect::Writes, headers, Claims { user, scenario }).await?;
        Ok::<_, Refusal>((visit, author, text, data))
    };
    match admitted.await {
        Err(refusal) => refusal.into_response(),
        Ok((visit, author, text, data)) => {
            let added = store_line(app, &visit, author, text, &data).await;
            visit.answer(added.map_or_else(Refusal::into_response, |()| ().into_response()))
        }
    }
}

async fn store_line(
    app: &Shared,
    visit: &Visit,
    author: Author,
    text: String,
    data: &Map<String, Value>,
) -> Result<(), Refusal> {
    let at = Timestamp::now();
    let transcript = transcript_of(app, visit).await?;
    let entry = Entry {
        id: EntryId(Uuid::now_v7()),
        author,
        kind: EXTERNAL.to_owned(),
        text,
        at,
        intent: None,
        place: None,
        body: to_raw_value(data).expect("a JSON value is JSON"),
    };
    let fact = FactRecord {
        tenant: visit.tenant.id().clone(),
        contact: visit.contact.clone(),
        transcript,
        at,
        entries: vec![entry],
        events: Vec::new(),
    };
    app.runtime.record_fact(fact).await?;
    Ok(())
}

/// The conversation that the visitor has with the agent, if one.
pub(crate) async fn transcript_of(app: &Shared, visit: &Visit) -> Result<Option<model::TranscriptId>, Refusal> {
    let Some(agent) = &visit.agent else { return Ok(None) };
    let store = app.runtime.store().tenant(visit.tenant.id());
    Ok(store.session(&visit.contact, &agent.agent.id).await?.map(|session| session.transcript))
}
