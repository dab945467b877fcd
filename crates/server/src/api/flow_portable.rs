//! Flows as files, copies and pictures (rows DA-F12, DA-F13, DA-F15), and what is wrong with them.

use axum::{
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use dialogue::{
    flow::{
        Outcome,
        export::{LARGEST_FILE, Portable, export},
        thumbnail,
    },
    problem::Severity,
};
use model::TenantId;
use runtime::{
    access::scope,
    agents::{Access, ImportedFlow},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, body},
    camel::{camel_path, refused},
    flows::{self, FlowCard, card, made},
    functions::understood,
    noted::Did,
};
use crate::{
    app::App,
    problem::{FieldProblem, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(export_flow))
        .routes(routes!(import))
        .routes(routes!(duplicate))
        .routes(routes!(check))
        .routes(routes!(picture, renew_picture))
}

#[derive(Debug, Deserialize)]
struct Exporting {
    version: Option<u32>,
}

/// A flow as one portable file: the draft, or a published version. It has the functions with their source, documents
/// by reference, and of secrets the names.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/export", tag = "Flows", operation_id = "exportFlow",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("version" = Option<u32>, Query, description = "A published version; the draft when absent"),
    ),
    responses(
        (status = 200, description = "The file", body = Map<String, Value>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn export_flow(
    app: State<App>,
    caller: Caller<scope::FlowsRead>,
    path: flows::Path,
    asked: Asked<Exporting>,
) -> Result<Response, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let version = app.agents.flow_as_run(tenant, id, asked.0.version).await?;
    let disposition = format!("attachment; filename=\"{id}.flow.json\"");
    Ok(([(header::CONTENT_DISPOSITION, disposition)], axum::Json(export(&version))).into_response())
}

/// A new flow, and what became of the functions of its file.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedFlowCard {
    flow: FlowCard,
    functions: Vec<ImportedFunction>,
    /// What it reads and the tenant does not have: it is named all the same.
    warnings: Vec<String>,
}

/// A function of a file.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedFunction {
    id: String,
    /// Its name in the tenant.
    name: String,
    /// Its name in the file.
    named: String,
    /// `Reused`: the tenant had it; `Created`; `Renamed`: the tenant has something else under its name.
    outcome: &'static str,
}

impl ImportedFunction {
    fn of(function: dialogue::flow::ImportedFunction) -> Self {
        let outcome = match function.outcome {
            Outcome::Reused => "Reused",
            Outcome::Created => "Created",
            Outcome::Renamed => "Renamed",
        };
        Self { id: function.id, name: function.function.name, named: function.named, outcome }
    }
}

/// An exported flow as a body.
struct FlowFile(Portable);

impl FromRequest<App> for FlowFile {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = body(request, app, LARGEST_FILE).await?;
        // A large file takes a while: not on a thread that others wait for.
        let read = tokio::task::spawn_blocking(move || Portable::read(&bytes)).await;
        let read = read.map_err(|error| Problem::broken(&error.to_string()))?;
        read.map(Self).map_err(|problems| Problem::invalid_list(problems.into_iter().map(FieldProblem::from).collect()))
    }
}

/// Refuses a file in which a function cannot be read, as it would be by itself. Each may import the libraries of the file,
/// and those of the tenant.
async fn readable(app: &App, tenant: &TenantId, file: &Portable) -> Result<(), Problem> {
    let mut known = app.functions.documents(tenant).await?;
    known.retain(|_, function| !file.libraries.contains_key(&function.name));
    known.extend(file.libraries.iter().map(|(name, library)| (format!("libraries.{name}"), library.clone())));
    let functions = file.functions.iter().map(|(id, function)| (format!("functions.{id}"), function));
    let of_file = file.libraries.iter().map(|(name, library)| (format!("libraries.{name}"), library));
    for (place, function) in functions.chain(of_file) {
        let looked_at = app.runtime.check_function_among(tenant, function, &known).await;
        understood(looked_at, &function.code)
            .map_err(|problem| problem.with_fields(|field| format!("{place}.{field}")))?;
    }
    Ok(())
}

/// Makes a flow of a file that was exported here or elsewhere. Functions that the tenant has are used, others made;
/// where a name stands for something else, the new one is renamed, also where the flow refers to it.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/import", tag = "Flows", operation_id = "importFlow",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = Map<String, Value>,
    responses(
        (status = 201, description = "The flow, and its functions", body = ImportedFlowCard),
        (status = 409, description = "Somebody else made a function of the same name at the same moment; nothing was made", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:create"]))
)]
async fn import(
    app: State<App>,
    caller: Caller<scope::FlowsCreate>,
    file: FlowFile,
) -> Result<(StatusCode, axum::Json<ImportedFlowCard>), Problem> {
    let tenant = caller.tenant();
    if !(file.0.functions.is_empty() && file.0.libraries.is_empty()) {
        caller.require(runtime::access::Scope::FunctionsCreate)?;
    }
    readable(&app, tenant, &file.0).await?;
    let ImportedFlow { flow, functions, warnings } = app.agents.import_flow(tenant, &file.0, Access::Guarded).await?;
    let functions: Vec<ImportedFunction> = functions.into_iter().map(ImportedFunction::of).collect();
    for function in functions.iter().filter(|function| function.outcome != "Reused") {
        caller.note(&app, Did::to("function.created", &function.id).after(function)).await?;
    }
    let flow = made(&app, &caller, &flow).await?;
    let warnings = warnings.into_iter().map(|problem| problem.message).collect();
    Ok((StatusCode::CREATED, axum::Json(ImportedFlowCard { flow, functions, warnings })))
}

/// Makes a flow of a copy of the draft, with the same settings and functions.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/duplicate", tag = "Flows", operation_id = "duplicateFlow",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 201, description = "The copy", body = FlowCard),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:create"]))
)]
async fn duplicate(
    app: State<App>,
    caller: Caller<scope::FlowsCreate>,
    path: flows::Path,
) -> Result<(StatusCode, axum::Json<FlowCard>), Problem> {
    let flow = app.agents.duplicate_flow(caller.tenant(), path.0.1).await.map_err(refused)?;
    Ok((StatusCode::CREATED, axum::Json(made(&app, &caller, &flow).await?)))
}

/// What is wrong with the draft of a flow.
#[derive(Debug, Serialize, ToSchema)]
struct FlowReport {
    /// Whether nothing in it is an error: it can be published.
    sound: bool,
    problems: Vec<FlowProblem>,
}

/// One thing that is wrong with a flow.
#[derive(Debug, Serialize, ToSchema)]
struct FlowProblem {
    /// Where.
    path: String,
    message: String,
    remedy: String,
    /// `error` or `warning`.
    severity: &'static str,
}

/// What is wrong with the draft of a flow, without running it.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/check", tag = "Flows", operation_id = "checkFlow",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "What was found", body = FlowReport),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn check(
    app: State<App>,
    caller: Caller<scope::FlowsRead>,
    path: flows::Path,
) -> Result<axum::Json<FlowReport>, Problem> {
    let tenant = caller.tenant();
    let flow = app.agents.flow(tenant, path.0.1).await?;
    let problems = app.agents.flow_problems(tenant, &flow.document).await?;
    let sound = problems.iter().all(|problem| problem.severity != Severity::Error);
    let problems = problems.into_iter().map(|problem| FlowProblem {
        path: camel_path(&problem.path),
        message: problem.message,
        remedy: problem.remedy,
        severity: if problem.severity == Severity::Error { "error" } else { "warning" },
    });
    Ok(axum::Json(FlowReport { sound, problems: problems.collect() }))
}

/// The picture of a flow: its states and transitions.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/thumbnail", tag = "Flows", operation_id = "getFlowThumbnail",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The picture", body = String, content_type = "image/svg+xml"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn picture(app: State<App>, caller: Caller<scope::FlowsRead>, path: flows::Path) -> Result<Response, Problem> {
    let flow = app.agents.flow(caller.tenant(), path.0.1).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, max-age=300"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    Ok((headers, thumbnail(&flow.document, flow.seed)).into_response())
}

/// Deals another picture.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/thumbnail", tag = "Flows", operation_id = "renewFlowThumbnail",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The flow", body = FlowCard),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn renew_picture(
    app: State<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: flows::Path,
) -> Result<axum::Json<FlowCard>, Problem> {
    let tenant = caller.tenant();
    let flow = app.agents.renew_thumbnail(tenant, path.0.1).await?;
    let card = card(&app, tenant, &flow).await?;
    caller.note(&app, Did::to("flow.thumbnail_renewed", card.id()).after(&card)).await?;
    Ok(axum::Json(card))
}
