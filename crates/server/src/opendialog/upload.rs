//! `POST /chat-api/file`: takes one file of a visitor (spec/opendialog.md §4.2.11, row OD-M25). The vendor does
//! not document its endpoint; this form is ours.

use axum::{
    Json,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use runtime::{
    environment::catalogue::MAX_FILE_BYTES,
    feature_flags::FeatureFlag,
    files::{self, FileError},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    asked::{Asked, asked, size_limit, wrong_ending},
    body,
    enclosed::fresh_address,
    refusal::{ErrorBody, Refusal, Violations},
    visit::{self, Claims, Effect, Generation, Visit},
};
use crate::app::{App, Shared, text};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload))
}

/// How the file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Called {
    /// The file's name: 1 to 255 characters, no slashes.
    name: Option<String>,
}

/// A file that was taken. The answer to the message repeats it.
#[derive(Debug, Serialize, ToSchema)]
struct TakenFile {
    id: String,
    name: String,
    /// In bytes.
    size: u64,
    /// The media type.
    #[serde(rename = "type")]
    kind: String,
    /// Good for 30 minutes.
    url: String,
}

/// Takes a file.
///
/// The body is the file, as it is. Where the conversation's latest such message asks for files, its `file_size`
/// and `file_types` hold. The answer goes into the `form_response` to that message, in a list.
#[utoipa::path(
    post, path = "/chat-api/file", tag = "Chat API", operation_id = "sendFile",
    request_body(content = String, content_type = "application/octet-stream", description = "The file; its Content-Type is kept"),
    params(Called,
        ("OPENDIALOG-USER-ID" = String, Header, description = "The visitor's id, 1 to 384 characters"),
        ("OPENDIALOG-SCENARIO-ID" = String, Header, description = "The scenario's id, or an alias"),
        ("X-CSRF-TOKEN" = Option<String>, Header, description = "Repeats the cookie `parlance_csrf_token` where CSRF is on"),
    ),
    responses(
        (status = 200, description = "Taken", body = TakenFile),
        (status = 401, description = "App key or anonymous token missing or wrong", body = ErrorBody),
        (status = 403, description = "CSRF header missing or wrong, or the tenant takes no files", body = ErrorBody),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The file is larger than is allowed here", body = ErrorBody),
        (status = 422, description = "Headers or name missing or wrong, another type is asked for, or too many files", body = ErrorBody),
        (status = 507, description = "The tenant has no room for more files", body = ErrorBody),
    ),
    security(("app_key" = []))
)]
async fn upload(
    app: State<App>,
    headers: HeaderMap,
    called: Result<Query<Called>, QueryRejection>,
    body: Body,
) -> Response {
    match admitted(&app, &headers, called).await {
        Err(refusal) => refusal.into_response(),
        Ok((visit, name, kind)) => {
            let taken = take(&app, &visit, &name, &kind, body).await;
            visit.answer(taken.map_or_else(Refusal::into_response, |file| Json(file).into_response()))
        }
    }
}

/// The visitor, and the file's name and type. All of it is said outside the body, which is not read before.
async fn admitted(
    app: &Shared,
    headers: &HeaderMap,
    called: Result<Query<Called>, QueryRejection>,
) -> Result<(Visit, String, String), Refusal> {
    visit::require_key(app, Generation::Current, headers).await?;
    let Query(called) = called.map_err(|error| Violations::of("query", error.body_text()))?;
    let name = called.name.unwrap_or_default();
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or("application/octet-stream").to_owned();
    let mut wrong = Violations::default();
    for checked in [files::check_name(&name), files::check_type(&kind)] {
        if let Err(FileError::Invalid { field, complaint }) = checked {
            wrong.add(field, complaint);
        }
    }
    wrong.or(())?;
    let visit = visit::admit(app, Generation::Current, Effect::Writes, headers, Claims::default()).await?;
    if !visit.tenant.allows(FeatureFlag::FileUploads) {
        return Err(Refusal::SwitchedOff);
    }
    Ok((visit, name, kind))
}

async fn take(app: &Shared, visit: &Visit, name: &str, kind: &str, body: Body) -> Result<TakenFile, Refusal> {
    let files = app.runtime.files();
    let asked = match asked(app, visit).await? {
        Some(Asked::Files(asked)) => Some(asked),
        _ => None,
    };
    let most = asked.as_ref().and_then(size_limit).and_then(|bytes| usize::try_from(bytes).ok());
    let limit = visit.tenant.environment.bound(MAX_FILE_BYTES, files.limits().file_bytes);
    let limit = limit.min(most.unwrap_or(usize::MAX));
    let bytes = body::file(body, limit, app.options.body_timeout).await?;
    // Only now: a client that sends first and listens later is to hear it.
    if let Some(complaint) = asked.and_then(|asked| wrong_ending(&asked, name)) {
        return Err(Violations::of("file", complaint).into());
    }
    if bytes.is_empty() {
        return Err(Violations::of("file", "The file is empty. Send its content as the body.").into());
    }
    let file = files.put(visit.tenant.id(), &visit.contact, name, kind, bytes).await?;
    let url = fresh_address(app, visit, file.id)?;
    Ok(TakenFile { id: file.id.to_string(), name: file.name, size: file.size, kind: file.kind, url })
}
