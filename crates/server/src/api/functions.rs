//! Functions of a tenant: make, list, change, delete; their snapshots (rows DA-J11, DA-J13, DA-J14).

use axum::{extract::State, http::StatusCode};
use dialogue::flow::function::{Code, FunctionDocument};
use model::{
    TenantId,
    function::{FunctionError, FunctionErrorKind},
};
use runtime::{
    access::scope,
    documents::Versioned,
    functions::{self, FunctionFilter},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Named},
    camel::{Whole, refused, to_camel},
    flow_schema::{FunctionDraft, WholeFunction},
    noted::Did,
    revision::{IfMatch, Revised},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, replace, delete))
        .routes(routes!(list_snapshots))
        .routes(routes!(get_snapshot))
}

/// A function in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionCard {
    id: String,
    name: String,
    description: String,
    /// `java_script`, `library` or `integration`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Which built-in integration it is.
    integration: Option<String>,
    tags: Vec<String>,
    /// How many snapshots there are.
    snapshots: u32,
    created_at: String,
    updated_at: String,
}

impl From<&functions::Function> for FunctionCard {
    fn from(function: &functions::Function) -> Self {
        let document = &function.function;
        let (kind, integration) = match &document.code {
            Code::JavaScript { .. } => ("java_script", None),
            Code::Library { .. } => ("library", None),
            Code::Integration { integration, .. } => ("integration", Some(integration.clone())),
        };
        Self {
            id: function.id.clone(),
            name: document.name.clone(),
            description: document.description.clone(),
            kind,
            integration,
            tags: document.tags.clone(),
            snapshots: function.snapshots,
            created_at: function.created_at.to_string(),
            updated_at: function.updated_at.to_string(),
        }
    }
}

/// Functions of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct FunctionList {
    functions: Vec<FunctionCard>,
}

/// A function as it was when a flow was published.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FunctionSnapshot {
    number: u32,
    created_at: String,
    #[schema(value_type = FunctionDraft)]
    function: Value,
}

impl From<functions::Snapshot> for FunctionSnapshot {
    fn from(snapshot: functions::Snapshot) -> Self {
        let functions::Snapshot { number, at, function } = snapshot;
        Self { number, created_at: at.to_string(), function: to_camel(&function) }
    }
}

/// Snapshots of a function.
#[derive(Serialize, ToSchema)]
struct FunctionSnapshotList {
    snapshots: Vec<FunctionSnapshot>,
}

/// Functions are named by their ids.
pub(super) type Path = Named<(String, String)>;
type Answer = Revised<axum::Json<Value>>;

fn whole(found: &Versioned<functions::Function>) -> Answer {
    let function = &found.value;
    let mut answer = to_camel(&function.function);
    let beside = json!({
        "id": function.id, "revision": found.version, "snapshots": function.snapshots,
        "createdAt": function.created_at.to_string(), "updatedAt": function.updated_at.to_string(),
    });
    if let (Value::Object(answer), Value::Object(beside)) = (&mut answer, beside) {
        answer.extend(beside);
    }
    Revised(found.version, axum::Json(answer))
}

/// Which functions are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// Only those with this tag.
    tag: Option<String>,
    /// Only those that are this built-in integration.
    integration: Option<String>,
}

/// Lists the tenant's functions, oldest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/functions", tag = "Functions", operation_id = "listFunctions",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The functions", body = FunctionList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::FunctionsRead>,
    asked: Asked<Listing>,
) -> Result<axum::Json<FunctionList>, Problem> {
    let Listing { tag, integration } = asked.0;
    let functions = app.functions.list(caller.tenant(), &FunctionFilter { tag, integration }).await?;
    Ok(axum::Json(FunctionList { functions: functions.iter().map(FunctionCard::from).collect() }))
}

/// Makes a function.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/functions", tag = "Functions", operation_id = "createFunction",
    params(("tenant" = String, Path, description = "The tenant")), request_body = FunctionDraft,
    responses(
        (status = 201, description = "The function", body = WholeFunction, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::FunctionsCreate>,
    function: Whole<FunctionDocument>,
) -> Result<(StatusCode, Answer), Problem> {
    readable(&app, caller.tenant(), &function.0).await?;
    let made = app.functions.create(caller.tenant(), function.0).await.map_err(refused)?;
    let card = FunctionCard::from(&made.value);
    caller.note(&app, Did::to("function.created", &made.value.id).after(&card)).await?;
    Ok((StatusCode::CREATED, whole(&made)))
}

/// Refuses a function whose source cannot be read, or whose settings cannot be used. Where nothing is free to look, it
/// is seen when the function is called.
pub(super) async fn readable(app: &App, tenant: &TenantId, function: &FunctionDocument) -> Result<(), Problem> {
    understood(app.runtime.check_function(tenant, function).await, &function.code)
}

/// What is to be said of a function that was looked at.
pub(super) fn understood(looked_at: Result<(), FunctionError>, code: &Code) -> Result<(), Problem> {
    let Err(error) = looked_at else { return Ok(()) };
    let (field, remedy) = match (error.kind, code) {
        (FunctionErrorKind::Syntax | FunctionErrorKind::Input, Code::Integration { .. }) => {
            ("code.settings", "Write the settings that the integration takes.")
        }
        (FunctionErrorKind::Syntax, _) => ("code.source", "Put the source right at that place."),
        (kind, _) => {
            tracing::warn!(?kind, message = %error.message, "a function could not be looked at");
            return Ok(());
        }
    };
    Err(Problem::invalid(field, error.message, remedy))
}

/// A function with its source and tests.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/functions/{functionId}", tag = "Functions", operation_id = "getFunction",
    params(("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id")),
    responses(
        (status = 200, description = "The function", body = WholeFunction, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::FunctionsRead>, path: Path) -> Result<Answer, Problem> {
    Ok(whole(&app.functions.need(caller.tenant(), &path.0.1).await?))
}

/// Replaces a function. Published flows go on with its snapshots, drafts run it as it is now.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/functions/{functionId}", tag = "Functions", operation_id = "replaceFunction",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was read; another one is 412"),
    ),
    request_body = FunctionDraft,
    responses(
        (status = 200, description = "The function", body = WholeFunction, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:update"]))
)]
async fn replace(
    app: State<App>,
    caller: Caller<scope::FunctionsUpdate>,
    path: Path,
    revision: IfMatch,
    function: Whole<FunctionDocument>,
) -> Result<Answer, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.functions.need(tenant, id).await?;
    let revision = revision.of(before.version)?;
    readable(&app, tenant, &function.0).await?;
    let after = app.functions.replace(tenant, id, function.0, revision).await.map_err(refused)?;
    let (was, is) = (FunctionCard::from(&before.value), FunctionCard::from(&after.value));
    caller.note(&app, Did::to("function.updated", id).before(&was).after(&is)).await?;
    Ok(whole(&after))
}

/// Deletes a function, unless the draft of a flow names it or another function imports it. Published flows go on with
/// its snapshots.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/functions/{functionId}", tag = "Functions", operation_id = "deleteFunction",
    params(("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::FunctionsDelete>, path: Path) -> Result<StatusCode, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let deleted = app.functions.delete(tenant, id, &app.agents).await?;
    caller.note(&app, Did::to("function.deleted", id).before(&FunctionCard::from(&deleted))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the snapshots of a function, oldest first: what published flows run.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/functions/{functionId}/snapshots", tag = "Functions", operation_id = "listFunctionSnapshots",
    params(("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id")),
    responses(
        (status = 200, description = "The snapshots", body = FunctionSnapshotList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:read"]))
)]
async fn list_snapshots(
    app: State<App>,
    caller: Caller<scope::FunctionsRead>,
    path: Path,
) -> Result<axum::Json<FunctionSnapshotList>, Problem> {
    let snapshots = app.functions.snapshots(caller.tenant(), &path.0.1).await?;
    Ok(axum::Json(FunctionSnapshotList { snapshots: snapshots.into_iter().map(FunctionSnapshot::from).collect() }))
}

/// A snapshot of a function.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/functions/{functionId}/snapshots/{number}", tag = "Functions", operation_id = "getFunctionSnapshot",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("functionId" = String, Path, description = "The function's id"),
        ("number" = u32, Path, description = "The snapshot's number"),
    ),
    responses(
        (status = 200, description = "The snapshot", body = FunctionSnapshot),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["functions:read"]))
)]
async fn get_snapshot(
    app: State<App>,
    caller: Caller<scope::FunctionsRead>,
    path: Named<(String, String, u32)>,
) -> Result<axum::Json<FunctionSnapshot>, Problem> {
    let (_, id, number) = path.0;
    Ok(axum::Json(app.functions.snapshot(caller.tenant(), &id, number).await?.into()))
}
