//! Files attached to a flow alone: their text becomes part of it (row DA-F26).

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use dialogue::flow::document::FlowFile;
use knowledge::extraction::{self, ExtractionError};
use model::AgentId;
use runtime::{access::scope, knowledge::reading::ReadingError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    access::{Asked, Caller, Named},
    camel::refused,
    flows,
    noted::Did,
};
use crate::{
    app::{App, text},
    intake::{self, IntakeError},
    problem::Problem,
};

/// Largest file, in bytes.
const LARGEST_FILE: usize = 10 << 20;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, attach)).routes(routes!(detach))
}

/// A file of a flow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowFileCard {
    id: String,
    name: String,
    media_type: String,
    /// Characters of text that were found in it.
    characters: usize,
}

impl From<&FlowFile> for FlowFileCard {
    fn from(file: &FlowFile) -> Self {
        let FlowFile { id, name, media_type, text } = file;
        let characters = text.chars().count();
        Self { id: id.clone(), name: name.clone(), media_type: media_type.clone(), characters }
    }
}

/// All files of a flow.
#[derive(Debug, Serialize, ToSchema)]
struct FlowFileList {
    files: Vec<FlowFileCard>,
}

/// How a file is attached.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Attaching {
    /// The file's name.
    #[param(example = "prices.csv")]
    name: String,
}

/// Lists the files of a flow.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/files", tag = "Flows", operation_id = "listFlowFiles",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The files", body = FlowFileList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::FlowsRead>,
    path: flows::Path,
) -> Result<axum::Json<FlowFileList>, Problem> {
    let flow = app.agents.flow(caller.tenant(), path.0.1).await?;
    let files = flow.document.configuration.files.iter().map(FlowFileCard::from).collect();
    Ok(axum::Json(FlowFileList { files }))
}

/// Attaches a file to the draft of a flow. The body is the file as it is, at most 10 MiB: `application/pdf`,
/// `text/html`, `text/csv` or other text in UTF-8, as `Content-Type` says; where that is `application/octet-stream`, as
/// the ending of its name says.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/files", tag = "Flows", operation_id = "attachFlowFile",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        Attaching,
    ),
    request_body(content = String, content_type = "application/octet-stream", description = "The file"),
    responses(
        (status = 201, description = "The file", body = FlowFileCard),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn attach(
    app: State<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: flows::Path,
    asked: Asked<Attaching>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, axum::Json<FlowFileCard>), Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let flow = app.agents.flow(tenant, id).await?;
    let media_type = extraction::media_type(text(&headers, header::CONTENT_TYPE.as_str()), &asked.0.name);
    let bytes = intake::bytes(body, LARGEST_FILE, app.options.body_timeout).await.map_err(|error| match error {
        IntakeError::TooLarge(limit) => Problem::too_large(limit),
        IntakeError::Incomplete | IntakeError::NotJson => Problem::slow_body(),
    })?;
    let file = FlowFile {
        id: Uuid::now_v7().to_string(),
        name: asked.0.name,
        text: text_of(&app, &media_type, bytes).await?,
        media_type,
    };
    let card = FlowFileCard::from(&file);
    let mut document = flow.document;
    document.configuration.files.push(file);
    app.agents.replace_flow(tenant, id, document, flow.version).await.map_err(refused)?;
    caller.note(&app, Did::to("flow.file_attached", id).after(&card)).await?;
    Ok((StatusCode::CREATED, axum::Json(card)))
}

/// The text of a file.
async fn text_of(app: &App, media_type: &str, bytes: Vec<u8>) -> Result<String, Problem> {
    if !extraction::is_readable(media_type) {
        let remedy = "Send `application/pdf`, `text/html`, `text/csv` or `text/plain` as `Content-Type`.";
        let error = ExtractionError::UnknownType(media_type.to_owned());
        return Err(Problem::invalid("Content-Type", error.to_string(), remedy));
    }
    app.runtime.text_of(media_type, bytes).await.map_err(|error| match error {
        ReadingError::NoReader(problem) => Problem::broken(&problem),
        ReadingError::Unreadable(_) | ReadingError::Slow(_) | ReadingError::Died => {
            Problem::invalid("body", error.to_string(), "Send a file with text in it, not a scanned picture.")
        }
    })
}

/// Takes a file off a flow.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/files/{fileId}", tag = "Flows", operation_id = "detachFlowFile",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("fileId" = String, Path, description = "The file's id"),
    ),
    responses(
        (status = 204, description = "Taken off"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn detach(
    app: State<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: Named<(String, AgentId, String)>,
) -> Result<StatusCode, Problem> {
    let ((_, id, file), tenant) = (path.0, caller.tenant());
    let flow = app.agents.flow(tenant, id).await?;
    let mut document = flow.document;
    let files = &mut document.configuration.files;
    let at = files.iter().position(|known| known.id == file);
    let removed = files.remove(at.ok_or_else(|| Problem::not_found("file", &file))?);
    app.agents.replace_flow(tenant, id, document, flow.version).await.map_err(refused)?;
    caller.note(&app, Did::to("flow.file_detached", id).before(&FlowFileCard::from(&removed))).await?;
    Ok(StatusCode::NO_CONTENT)
}
