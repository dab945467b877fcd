//! States of a flow, one by one (row DA-F18).

use axum::{extract::State as Shared, http::StatusCode};
use dialogue::flow::{
    add_state,
    document::{FlowDocument, State},
    remove_state, replace_state,
};
use model::AgentId;
use runtime::access::scope;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    access::{Caller, Named},
    camel::{Part, to_camel},
    flow_schema::{FlowState, FlowStateList},
    flows,
    noted::Did,
    revision::{IfMatch, Revised},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

type Path = Named<(String, AgentId, String)>;
type Answer = Revised<axum::Json<Value>>;

fn find<'f>(flow: &'f FlowDocument, id: &str) -> Result<&'f State, Problem> {
    flow.states.iter().find(|state| state.id == id).ok_or_else(|| Problem::not_found("state", id))
}

/// Lists the states of a flow.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/states", tag = "Flows", operation_id = "listFlowStates",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The states", body = FlowStateList, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn list(app: Shared<App>, caller: Caller<scope::FlowsRead>, path: flows::Path) -> Result<Answer, Problem> {
    let flow = app.agents.flow(caller.tenant(), path.0.1).await?;
    let listed = json!({ "states": to_camel(&flow.document.states) });
    Ok(Revised(flow.version, axum::Json(listed)))
}

/// Adds a state to a flow. The first one is where conversations start.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/states", tag = "Flows", operation_id = "createFlowState",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("If-Match" = Option<String>, Header, description = "The flow's revision that was read; another one is 412"),
    ),
    request_body = FlowState,
    responses(
        (status = 201, description = "The state", body = FlowState, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn create(
    app: Shared<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: flows::Path,
    revision: IfMatch,
    state: Part<State>,
) -> Result<(StatusCode, Answer), Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let mut state = state.0;
    if state.id.is_empty() {
        state.id = Uuid::now_v7().to_string();
    }
    let add = |flow: &mut FlowDocument| {
        add_state(flow, state.clone());
        Ok(())
    };
    let ((), revision) = flows::edit(&app, tenant, id, revision, add).await?;
    caller.note(&app, Did::to("flow.state_created", id).after(&state)).await?;
    Ok((StatusCode::CREATED, Revised(revision, axum::Json(to_camel(&state)))))
}

/// A state of a flow.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/states/{stateId}", tag = "Flows", operation_id = "getFlowState",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("stateId" = String, Path, description = "The state's id"),
    ),
    responses(
        (status = 200, description = "The state", body = FlowState, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn get(app: Shared<App>, caller: Caller<scope::FlowsRead>, path: Path) -> Result<Answer, Problem> {
    let (_, id, state) = path.0;
    let flow = app.agents.flow(caller.tenant(), id).await?;
    Ok(Revised(flow.version, axum::Json(to_camel(find(&flow.document, &state)?))))
}

/// Replaces a state of a flow.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/states/{stateId}", tag = "Flows", operation_id = "replaceFlowState",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("stateId" = String, Path, description = "The state's id"),
        ("If-Match" = Option<String>, Header, description = "The flow's revision that was read; another one is 412"),
    ),
    request_body = FlowState,
    responses(
        (status = 200, description = "The state", body = FlowState, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn replace(
    app: Shared<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: Path,
    revision: IfMatch,
    new: Part<State>,
) -> Result<Answer, Problem> {
    let ((_, id, named), tenant) = (path.0, caller.tenant());
    let mut new = new.0;
    if !new.id.is_empty() && new.id != named {
        let remedy = "Leave it out, or send the one of the path: others refer to it.";
        return Err(Problem::invalid("id", "The id of a state stays.", remedy));
    }
    new.id.clone_from(&named);
    let change =
        |flow: &mut FlowDocument| replace_state(flow, new.clone()).map_err(|_| Problem::not_found("state", &named));
    let (before, revision) = flows::edit(&app, tenant, id, revision, change).await?;
    caller.note(&app, Did::to("flow.state_updated", id).before(&before).after(&new)).await?;
    Ok(Revised(revision, axum::Json(to_camel(&new))))
}

/// Deletes a state of a flow. Transitions that leave it go with it; those that led to it lead nowhere until they are drawn anew.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/states/{stateId}", tag = "Flows", operation_id = "deleteFlowState",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("stateId" = String, Path, description = "The state's id"),
        ("If-Match" = Option<String>, Header, description = "The flow's revision that was read; another one is 412"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn delete(
    app: Shared<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: Path,
    revision: IfMatch,
) -> Result<StatusCode, Problem> {
    let ((_, id, named), tenant) = (path.0, caller.tenant());
    let remove = |flow: &mut FlowDocument| remove_state(flow, &named).map_err(|_| Problem::not_found("state", &named));
    let (before, _) = flows::edit(&app, tenant, id, revision, remove).await?;
    caller.note(&app, Did::to("flow.state_deleted", id).before(&before)).await?;
    Ok(StatusCode::NO_CONTENT)
}
