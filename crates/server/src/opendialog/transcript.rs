//! The transcript as a file that a visitor can keep (spec/opendialog.md §5.4, row OD-W17).

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use jiff::tz::TimeZone;
use model::{Timestamp, record::Author};
use serde::Deserialize;
use store::{EntryFilter, StoredEntry};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    refusal::{ErrorBody, Refusal, Violations},
    visit::{self, Claims, Effect, Generation, Visit},
};
use crate::app::{App, Shared};

/// Most lines of a transcript: the newest ones.
const MAX_LINES: usize = 10_000;
/// Kinds that show nothing to the visitor.
const SILENT: [&str; 7] = ["open", "trigger", "link", "call_to_action", "empty", "hand_over", "meta"];

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(transcript)).routes(routes!(user_transcript))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The scenario; older clients may name it here.
    selected_scenario: Option<String>,
}

type Asking = Result<Query<Asked>, QueryRejection>;

/// The conversation as a text file.
#[utoipa::path(
    get, path = "/chat-api/transcript", tag = "Chat API", operation_id = "getTranscript",
    params(
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
    ),
    responses(
        (status = 200, description = "One line per message", body = String, content_type = "text/plain"),
        (status = 401, description = "App key or anonymous token missing or wrong", body = ErrorBody),
        (status = 422, description = "Headers missing or wrong", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn transcript(app: State<App>, headers: HeaderMap) -> Response {
    file(&app, Generation::Current, &headers, None, Ok(Query(Asked::default()))).await
}

/// The conversation as a text file (path before 3.0).
#[utoipa::path(
    get, path = "/user/{user_id}/history/file", tag = "Chat API before 3.0", operation_id = "getUserTranscript",
    params(("user_id" = String, Path, description = "The visitor's id"), Asked),
    responses(
        (status = 200, description = "One line per message", body = String, content_type = "text/plain"),
        (status = "4XX", description = "As for /chat-api/transcript", body = ErrorBody),
    ),
    security((), ("app_key" = []))
)]
async fn user_transcript(app: State<App>, headers: HeaderMap, user: Path<String>, asked: Asking) -> Response {
    file(&app, Generation::Older, &headers, Some(&user), asked).await
}

async fn file(
    app: &Shared,
    generation: Generation,
    headers: &HeaderMap,
    user: Option<&str>,
    asked: Asking,
) -> Response {
    let admitted = async {
        visit::require_key(app, generation, headers)?;
        let Query(asked) = asked.map_err(|error| Violations::of("query", error.body_text()))?;
        let scenario = asked.selected_scenario.as_deref().filter(|name| !name.is_empty());
        visit::admit(app, generation, Effect::Reads, headers, Claims { user, scenario }).await
    };
    match admitted.await {
        Err(refusal) => refusal.into_response(),
        Ok(visit) => {
            let text = text(app, &visit).await;
            visit.answer(text.map_or_else(Refusal::into_response, |text| attachment(text, Timestamp::now())))
        }
    }
}

fn attachment(text: String, at: Timestamp) -> Response {
    let at = at.to_jiff().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S");
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"Chat Transcript {at}.txt\"")),
    ];
    (headers, text).into_response()
}

async fn text(app: &Shared, visit: &Visit) -> Result<String, Refusal> {
    let filter = EntryFilter {
        agent: visit.agent.as_ref().map(|agent| agent.agent.id),
        kinds_excluded: SILENT.iter().map(ToString::to_string).collect(),
        limit: MAX_LINES,
        newest_first: true,
        before: None,
        after: None,
    };
    let entries = app.runtime.store().tenant(visit.tenant.id()).contact_entries(&visit.contact, filter).await?;
    Ok(entries.iter().rev().filter_map(line).collect())
}

/// `2023-05-02 14:32 - Bot: text`; nothing for a line without words.
fn line(stored: &StoredEntry) -> Option<String> {
    let entry = &stored.entry;
    let visitor = entry.author == Author::Contact;
    let text = if visitor && entry.kind == "form" { "Form submitted" } else { entry.text.trim() };
    let speaker = if visitor { "You" } else { "Bot" };
    let at = entry.at.to_jiff().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string();
    // One line per message, whatever the message looks like.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then(|| format!("{at} - {speaker}: {text}\n"))
}
