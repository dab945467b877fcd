//! Flows: make, list, change, delete (rows DA-F1, DA-F8, DA-F14 to DA-F19). Dialai calls them handlers.

use axum::{extract::State, http::StatusCode};
use dialogue::flow::document::FlowDocument;
use model::{AgentId, TenantId};
use runtime::{
    access::scope,
    agents::{Access, Flow},
    endpoints::{Endpoint, EndpointFilter},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Named, Principal},
    camel::{Whole, refused, to_camel},
    flow_schema::{FlowDraft, WholeFlow},
    noted::Did,
    points_of_contact::{channel_name, environment_name},
    revision::{IfMatch, Revised},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, replace, delete))
}

/// What the card of a flow shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowCard {
    /// Its id; also the agent's.
    id: String,
    /// What the tenant's people call it.
    name: String,
    /// What customers see; the name when empty.
    public_name: String,
    description: String,
    /// `Published` while the draft is as it was published last, else `Draft`.
    status: &'static str,
    /// The version in service.
    active_version: Option<u32>,
    /// Number of versions published so far.
    versions: u32,
    /// Grows with each change of the draft; also the `ETag`.
    revision: u64,
    last_edited_at: String,
    created_at: String,
    /// Its picture, for who may see flows.
    thumbnail_url: String,
    /// The points of contact where it answers.
    points_of_contact: Vec<FlowPointOfContact>,
}

/// A point of contact on the card of a flow.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowPointOfContact {
    id: String,
    friendly_name: String,
    /// `Phone`, `SMS`, `Email`, `Web` or `Slack`.
    channel_type: &'static str,
    /// `Production` or `InternalTesting`.
    environment: &'static str,
}

impl FlowCard {
    pub(super) fn of(tenant: &TenantId, flow: &Flow, endpoints: &[Endpoint]) -> Self {
        let Flow { agent, document, .. } = flow;
        let id = agent.id;
        let point = |endpoint: &Endpoint| FlowPointOfContact {
            id: endpoint.id.clone(),
            friendly_name: endpoint.terms.friendly_name.clone(),
            channel_type: channel_name(endpoint.terms.channel_type),
            environment: environment_name(endpoint.terms.environment),
        };
        Self {
            id: id.to_string(),
            name: document.name.clone(),
            public_name: document.public_name.clone(),
            description: document.description.clone(),
            status: if flow.is_published() { "Published" } else { "Draft" },
            active_version: agent.active_version,
            versions: agent.versions,
            revision: flow.version,
            last_edited_at: flow.edited_at.to_string(),
            created_at: agent.created_at.to_string(),
            // Another picture has another address: browsers keep them.
            thumbnail_url: format!("/api/v1/{tenant}/flows/handlers/{id}/thumbnail?v={:x}-{}", flow.seed, flow.version),
            points_of_contact: endpoints.iter().map(point).collect(),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// All flows of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct FlowList {
    flows: Vec<FlowCard>,
}

/// Flows are named by their ids.
pub(super) type Path = Named<(String, AgentId)>;

/// A whole flow as it is answered.
pub(super) type Answer = Revised<axum::Json<Value>>;

pub(super) async fn card(app: &App, tenant: &TenantId, flow: &Flow) -> Result<FlowCard, Problem> {
    let filter = EndpointFilter { flow: Some(flow.agent.id), ..EndpointFilter::default() };
    Ok(FlowCard::of(tenant, flow, &app.endpoints.list(tenant, filter).await?))
}

/// A flow with its card.
pub(super) fn whole(card: &FlowCard, flow: &Flow) -> Answer {
    let mut answer = to_camel(&flow.document);
    if let (Value::Object(answer), Ok(Value::Object(card))) = (&mut answer, serde_json::to_value(card)) {
        answer.extend(card);
    }
    Revised(flow.version, axum::Json(answer))
}

/// Notes that a flow was made, and lets it be known.
pub(super) async fn made(app: &App, caller: &Principal, flow: &Flow) -> Result<FlowCard, Problem> {
    let card = card(app, caller.tenant(), flow).await?;
    caller.note(app, Did::to("flow.created", card.id()).after(&card)).await?;
    app.directory.reload().await?;
    Ok(card)
}

/// Notes that a flow was changed, and lets it be known.
pub(super) async fn changed(
    app: &App,
    caller: &Principal,
    action: &'static str,
    before: &Flow,
    after: &Flow,
) -> Result<FlowCard, Problem> {
    let tenant = caller.tenant();
    let (before, after) = (card(app, tenant, before).await?, card(app, tenant, after).await?);
    caller.note(app, Did::to(action, after.id()).before(&before).after(&after)).await?;
    app.directory.reload().await?;
    Ok(after)
}

/// Changes a part of a draft that is as it was read: what the change gives, and the new revision.
pub(super) async fn edit<T: Send>(
    app: &App,
    tenant: &TenantId,
    id: AgentId,
    revision: IfMatch,
    change: impl FnOnce(&mut FlowDocument) -> Result<T, Problem> + Send,
) -> Result<(T, u64), Problem> {
    let flow = app.agents.flow(tenant, id).await?;
    let revision = revision.of(flow.version)?;
    let mut document = flow.document;
    let given = change(&mut document)?;
    let flow = app.agents.replace_flow(tenant, id, document, revision).await.map_err(refused)?;
    Ok((given, flow.version))
}

/// Lists the tenant's flows as cards, oldest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers", tag = "Flows", operation_id = "listFlows",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The flows", body = FlowList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::FlowsRead>) -> Result<axum::Json<FlowList>, Problem> {
    let tenant = caller.tenant();
    let endpoints = app.agents.endpoints_of_flows(tenant).await?;
    let flows = app.agents.flows(tenant).await?;
    let card =
        |flow: &Flow| FlowCard::of(tenant, flow, endpoints.get(&flow.agent.id).map(Vec::as_slice).unwrap_or_default());
    Ok(axum::Json(FlowList { flows: flows.iter().map(card).collect() }))
}

/// Makes a flow. It is a draft until it is published; name and description are enough.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/flows/handlers", tag = "Flows", operation_id = "createFlow",
    params(("tenant" = String, Path, description = "The tenant")), request_body = FlowDraft,
    responses(
        (status = 201, description = "The flow", body = WholeFlow, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::FlowsCreate>,
    document: Whole<FlowDocument>,
) -> Result<(StatusCode, Answer), Problem> {
    let tenant = caller.tenant();
    let flow = app.agents.create_flow(tenant, document.0, Access::Guarded).await.map_err(refused)?;
    let card = made(&app, &caller, &flow).await?;
    Ok((StatusCode::CREATED, whole(&card, &flow)))
}

/// A flow as it is edited.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/flows/handlers/{handlerId}", tag = "Flows", operation_id = "getFlow",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 200, description = "The flow", body = WholeFlow, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::FlowsRead>, path: Path) -> Result<Answer, Problem> {
    let flow = app.agents.flow(caller.tenant(), path.0.1).await?;
    Ok(whole(&card(&app, caller.tenant(), &flow).await?, &flow))
}

/// Replaces the draft of a flow. What was published goes on as it is.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/flows/handlers/{handlerId}", tag = "Flows", operation_id = "replaceFlow",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was read; another one is 412"),
    ),
    request_body = FlowDraft,
    responses(
        (status = 200, description = "The flow", body = WholeFlow, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:update"]))
)]
async fn replace(
    app: State<App>,
    caller: Caller<scope::FlowsUpdate>,
    path: Path,
    revision: IfMatch,
    document: Whole<FlowDocument>,
) -> Result<Answer, Problem> {
    let tenant = caller.tenant();
    let before = app.agents.flow(tenant, path.0.1).await?;
    let revision = revision.of(before.version)?;
    let flow = app.agents.replace_flow(tenant, path.0.1, document.0, revision).await.map_err(refused)?;
    let card = changed(&app, &caller, "flow.updated", &before, &flow).await?;
    Ok(whole(&card, &flow))
}

/// Deletes a flow with its versions, unless a point of contact names it. What was said with it stays.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/flows/handlers/{handlerId}", tag = "Flows", operation_id = "deleteFlow",
    params(("tenant" = String, Path, description = "The tenant"), ("handlerId" = String, Path, description = "The flow's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::FlowsDelete>, path: Path) -> Result<StatusCode, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = app.agents.flow(tenant, id).await?;
    let before = card(&app, tenant, &before).await?;
    app.agents.delete(tenant, id).await?;
    caller.note(&app, Did::to("flow.deleted", id).before(&before)).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}
