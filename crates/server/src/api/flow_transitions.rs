//! Transitions of a flow, one by one (row DA-F18).

use axum::{extract::State as Shared, http::StatusCode};
use dialogue::flow::{
    add_transition,
    document::{FlowDocument, Transition},
    remove_transition, replace_transition,
};
use model::AgentId;
use runtime::access::scope;
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    access::{Caller, Named},
    camel::{Part, to_camel},
    flow_schema::{FlowTransition, FlowTransitionList},
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

fn find<'f>(flow: &'f FlowDocument, id: &str) -> Result<&'f Transition, Problem> {
    flow.transitions.iter().find(|transition| transition.id == id).ok_or_else(|| Problem::not_found("transition", id))
}

/// Lists the transitions of a flow.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/transitions", tag = "Flows", operation_id = "listFlowTransitions",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The transitions", body = FlowTransitionList, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn list(app: Shared<App>, caller: Caller<scope::FlowsRead>, path: flows::Path) -> Result<Answer, Problem> {
    let flow = app.agents.flow(caller.tenant(), path.0.1).await?;
    let listed = json!({ "transitions": to_camel(&flow.document.transitions) });
    Ok(Revised(flow.version, axum::Json(listed)))
}

/// Adds a transition to a flow.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/transitions", tag = "Flows", operation_id = "createFlowTransition",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("If-Match" = Option<String>, Header, description = "The flow's revision that was read; another one is 412"),
    ),
    request_body = FlowTransition,
    responses(
        (status = 201, description = "The transition", body = FlowTransition, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn create(
    app: Shared<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: flows::Path,
    revision: IfMatch,
    transition: Part<Transition>,
) -> Result<(StatusCode, Answer), Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let mut transition = transition.0;
    if transition.id.is_empty() {
        transition.id = Uuid::now_v7().to_string();
    }
    let add = |flow: &mut FlowDocument| {
        add_transition(flow, transition.clone());
        Ok(())
    };
    let ((), revision) = flows::edit(&app, tenant, id, revision, add).await?;
    caller.note(&app, Did::to("flow.transition_created", id).after(&transition)).await?;
    Ok((StatusCode::CREATED, Revised(revision, axum::Json(to_camel(&transition)))))
}

/// A transition of a flow.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/transitions/{transitionId}", tag = "Flows", operation_id = "getFlowTransition",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("transitionId" = String, Path, description = "The transition's id"),
    ),
    responses(
        (status = 200, description = "The transition", body = FlowTransition, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn get(app: Shared<App>, caller: Caller<scope::FlowsRead>, path: Path) -> Result<Answer, Problem> {
    let (_, id, transition) = path.0;
    let flow = app.agents.flow(caller.tenant(), id).await?;
    Ok(Revised(flow.version, axum::Json(to_camel(find(&flow.document, &transition)?))))
}

/// Replaces a transition of a flow.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/transitions/{transitionId}", tag = "Flows", operation_id = "replaceFlowTransition",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("transitionId" = String, Path, description = "The transition's id"),
        ("If-Match" = Option<String>, Header, description = "The flow's revision that was read; another one is 412"),
    ),
    request_body = FlowTransition,
    responses(
        (status = 200, description = "The transition", body = FlowTransition, headers(("ETag" = String, description = "The flow's revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn replace(
    app: Shared<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: Path,
    revision: IfMatch,
    new: Part<Transition>,
) -> Result<Answer, Problem> {
    let ((_, id, named), tenant) = (path.0, caller.tenant());
    let mut new = new.0;
    if !new.id.is_empty() && new.id != named {
        let remedy = "Leave it out, or send the one of the path: others refer to it.";
        return Err(Problem::invalid("id", "The id of a transition stays.", remedy));
    }
    new.id.clone_from(&named);
    let change = |flow: &mut FlowDocument| {
        replace_transition(flow, new.clone()).map_err(|_| Problem::not_found("transition", &named))
    };
    let (before, revision) = flows::edit(&app, tenant, id, revision, change).await?;
    caller.note(&app, Did::to("flow.transition_updated", id).before(&before).after(&new)).await?;
    Ok(Revised(revision, axum::Json(to_camel(&new))))
}

/// Deletes a transition of a flow.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/flows/handlers/{handlerId}/transitions/{transitionId}", tag = "Flows", operation_id = "deleteFlowTransition",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("transitionId" = String, Path, description = "The transition's id"),
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
    let remove =
        |flow: &mut FlowDocument| remove_transition(flow, &named).map_err(|_| Problem::not_found("transition", &named));
    let (before, _) = flows::edit(&app, tenant, id, revision, remove).await?;
    caller.note(&app, Did::to("flow.transition_deleted", id).before(&before)).await?;
    Ok(StatusCode::NO_CONTENT)
}
