//! Versions of a flow: publish, look at, compare, go back (rows DA-F8, DA-F9, DA-J11; spec/dialai.md §6.4).

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use dialogue::flow::{
    difference,
    version::{FlowVersion, PinnedFunction},
};
use model::AgentId;
use runtime::{access::scope, agents::Publication};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Named},
    camel::{Part, refused, to_camel},
    flow_schema::{FlowDraft, FunctionDraft},
    flows::{self, FlowCard, changed},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, publish))
        .routes(routes!(get))
        .routes(routes!(activate))
        .routes(routes!(restore))
        .routes(routes!(unpublish))
        .routes(routes!(compare))
}

/// A version of a flow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowSnapshot {
    version: u32,
    published_at: String,
    /// The id of a user, or the name of a token that is nobody's.
    published_by: String,
    note: String,
    /// Whether it is the one in service.
    active: bool,
}

impl FlowSnapshot {
    fn of(publication: Publication, active: Option<u32>) -> Self {
        let Publication { version, at, by, note, .. } = publication;
        Self { version, published_at: at.to_string(), published_by: by, note, active: active == Some(version) }
    }
}

/// All versions of a flow, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct FlowSnapshotList {
    snapshots: Vec<FlowSnapshot>,
}

/// A version with all that is in it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WholeFlowSnapshot {
    #[serde(flatten)]
    snapshot: FlowSnapshot,
    /// The flow as it was published.
    #[schema(value_type = FlowDraft)]
    flow: Value,
    /// The functions that it runs.
    functions: Vec<FlowFunction>,
    /// The libraries that those import.
    libraries: Vec<FlowFunction>,
}

/// A function as a version of a flow runs it.
#[derive(Serialize, ToSchema)]
struct FlowFunction {
    /// Its id; of a library its name.
    id: String,
    /// The number of its snapshot.
    snapshot: u32,
    #[schema(value_type = FunctionDraft)]
    function: Value,
}

/// Why a flow is published.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct FlowPublication {
    /// For people; at most 2,000 characters.
    note: String,
}

/// What changed, a line for each thing.
#[derive(Debug, Serialize, ToSchema)]
struct FlowDifference {
    /// Nothing changed when there is none.
    #[schema(example = json!(["State `Greeting`: the thought changed: 1 line added (“Be kind.”)."]))]
    changes: Vec<String>,
}

type VersionPath = Named<(String, AgentId, u32)>;

/// Lists the published versions of a flow, the newest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/snapshots", tag = "Flows", operation_id = "listFlowSnapshots",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The versions", body = FlowSnapshotList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::FlowsRead>,
    path: flows::Path,
) -> Result<axum::Json<FlowSnapshotList>, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let versions = app.agents.flow_versions(tenant, id).await?;
    let active = app.agents.need(tenant, id).await?.active_version;
    let snapshots = versions.into_iter().map(|version| FlowSnapshot::of(version, active)).collect();
    Ok(axum::Json(FlowSnapshotList { snapshots }))
}

/// Publishes a flow: makes the draft a version, with snapshots of its functions, and lets it serve.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/snapshots", tag = "Flows", operation_id = "publishFlow",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    request_body = FlowPublication,
    responses(
        (status = 201, description = "The flow", body = FlowCard),
        (status = 409, description = "Somebody else published or changed it at the same moment; nothing was done", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:publish"]))
)]
async fn publish(
    app: State<App>,
    caller: Caller<scope::FlowsPublish>,
    path: flows::Path,
    publication: Part<FlowPublication>,
) -> Result<(StatusCode, axum::Json<FlowCard>), Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = app.agents.flow(tenant, id).await?;
    let token = caller.token();
    let by = token.user.as_ref().unwrap_or(&token.name);
    let flow = app.agents.publish_flow(tenant, id, by, &publication.0.note).await.map_err(refused)?;
    let card = changed(&app, &caller, "flow.published", &before, &flow).await?;
    // Compiled now, so that the first customer does not wait for it.
    if let Err(error) = app.runtime.warm(tenant, id).await {
        tracing::warn!(%error, flow = %id, "a published flow cannot be loaded");
    }
    Ok((StatusCode::CREATED, axum::Json(card)))
}

/// A published version with all that is in it.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/snapshots/{version}", tag = "Flows", operation_id = "getFlowSnapshot",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("version" = u32, Path, description = "The version"),
    ),
    responses(
        (status = 200, description = "The version", body = WholeFlowSnapshot),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::FlowsRead>,
    path: VersionPath,
) -> Result<axum::Json<WholeFlowSnapshot>, Problem> {
    let ((_, id, version), tenant) = (path.0, caller.tenant());
    let (publication, FlowVersion { flow, functions, libraries }) =
        app.agents.flow_version(tenant, id, version).await?;
    let active = app.agents.need(tenant, id).await?.active_version;
    let listed = |pinned: BTreeMap<String, PinnedFunction>| {
        let one = |(id, pinned): (String, PinnedFunction)| FlowFunction {
            id,
            snapshot: pinned.snapshot,
            function: to_camel(&pinned.function),
        };
        pinned.into_iter().map(one).collect()
    };
    Ok(axum::Json(WholeFlowSnapshot {
        snapshot: FlowSnapshot::of(publication, active),
        flow: to_camel(&flow),
        functions: listed(functions),
        libraries: listed(libraries),
    }))
}

/// Lets an older version serve again. Conversations that run keep theirs.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/snapshots/{version}/activate", tag = "Flows",
    operation_id = "activateFlowSnapshot",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("version" = u32, Path, description = "The version"),
    ),
    responses(
        (status = 200, description = "The flow", body = FlowCard),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:publish"]))
)]
async fn activate(
    app: State<App>,
    caller: Caller<scope::FlowsPublish>,
    path: VersionPath,
) -> Result<axum::Json<FlowCard>, Problem> {
    let ((_, id, version), tenant) = (path.0, caller.tenant());
    let before = app.agents.flow(tenant, id).await?;
    let flow = app.agents.activate_flow(tenant, id, version).await?;
    Ok(axum::Json(changed(&app, &caller, "flow.activated", &before, &flow).await?))
}

/// Makes the flow of a published version the draft again.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/snapshots/{version}/restore", tag = "Flows",
    operation_id = "restoreFlowSnapshot",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("version" = u32, Path, description = "The version"),
    ),
    responses(
        (status = 200, description = "The flow", body = FlowCard),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn restore(
    app: State<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: VersionPath,
) -> Result<axum::Json<FlowCard>, Problem> {
    let ((_, id, version), tenant) = (path.0, caller.tenant());
    let before = app.agents.flow(tenant, id).await?;
    let flow = app.agents.restore_flow(tenant, id, version).await.map_err(refused)?;
    Ok(axum::Json(changed(&app, &caller, "flow.restored", &before, &flow).await?))
}

/// Takes a flow out of service. Draft and versions stay.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/unpublish", tag = "Flows", operation_id = "unpublishFlow",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The flow", body = FlowCard),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:publish"]))
)]
async fn unpublish(
    app: State<App>,
    caller: Caller<scope::FlowsPublish>,
    path: flows::Path,
) -> Result<axum::Json<FlowCard>, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = app.agents.flow(tenant, id).await?;
    let flow = app.agents.unpublish_flow(tenant, id).await?;
    Ok(axum::Json(changed(&app, &caller, "flow.unpublished", &before, &flow).await?))
}

/// Which versions are compared.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Comparing {
    /// The earlier version; the draft when absent.
    from: Option<u32>,
    /// The later version; the draft when absent.
    to: Option<u32>,
}

/// What changed from one version of a flow to another, in words.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/difference", tag = "Flows", operation_id = "compareFlowSnapshots",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        Comparing,
    ),
    responses(
        (status = 200, description = "What changed", body = FlowDifference),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn compare(
    app: State<App>,
    caller: Caller<scope::FlowsRead>,
    path: flows::Path,
    asked: Asked<Comparing>,
) -> Result<axum::Json<FlowDifference>, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let from = app.agents.flow_as_run(tenant, id, asked.0.from).await?;
    let to = app.agents.flow_as_run(tenant, id, asked.0.to).await?;
    Ok(axum::Json(FlowDifference { changes: difference(&from, &to) }))
}
