//! Agents: import, export, publish, check, duplicate, delete.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use dialogue::scenario::{self, Severity};
use model::{
    AgentId,
    agent::{self, AgentKind},
};
use runtime::{access::scope, agents::Access};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Named},
    noted::Did,
    scenario_file::ScenarioFile,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, import))
        .routes(routes!(get, delete))
        .routes(routes!(export))
        .routes(routes!(replace))
        .routes(routes!(publish))
        .routes(routes!(unpublish))
        .routes(routes!(check))
        .routes(routes!(duplicate))
        .routes(routes!(renew_app_key))
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agent {
    /// Its id; also the scenario id that embeds and headers carry.
    id: String,
    name: String,
    /// `scenario` or `flow`; a flow has operations of its own under `/flows/handlers`.
    kind: &'static str,
    /// `draft` until it is published, then `active`.
    status: &'static str,
    /// The key that its web chat sends.
    app_key: String,
    /// The published version in service.
    active_version: Option<u32>,
    /// Number of versions published so far.
    versions: u32,
    created_at: String,
    updated_at: String,
}

impl From<agent::Agent> for Agent {
    fn from(agent: agent::Agent) -> Self {
        Self {
            id: agent.id.to_string(),
            name: agent.name,
            kind: match agent.kind {
                AgentKind::Scenario => "scenario",
                AgentKind::Flow => "flow",
            },
            status: if agent.active_version.is_some() { "active" } else { "draft" },
            app_key: agent.app_key,
            active_version: agent.active_version,
            versions: agent.versions,
            created_at: agent.created_at.to_string(),
            updated_at: agent.updated_at.to_string(),
        }
    }
}

/// All agents of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct AgentList {
    agents: Vec<Agent>,
}

/// A new agent, and what of its file means nothing here.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedAgent {
    #[serde(flatten)]
    agent: Agent,
    /// Parts of the file that are kept and have no effect.
    ignored: Vec<Ignored>,
}

/// A part of a file that is kept and has no effect.
#[derive(Debug, Serialize, ToSchema)]
struct Ignored {
    path: String,
    message: String,
    times: u32,
}

/// What a static check found.
#[derive(Debug, Serialize, ToSchema)]
struct CheckReport {
    /// Whether nothing in it is an error.
    sound: bool,
    problems: Vec<CheckProblem>,
}

/// One thing that is wrong in a scenario.
#[derive(Debug, Serialize, ToSchema)]
struct CheckProblem {
    /// Where in the file.
    path: String,
    message: String,
    remedy: String,
    /// `error` or `warning`.
    severity: &'static str,
}

type Path = Named<(String, AgentId)>;

/// Lists the tenant's agents, oldest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents", tag = "Agents", operation_id = "listAgents",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The agents", body = AgentList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::AgentsRead>) -> Result<axum::Json<AgentList>, Problem> {
    let agents = app.agents.list(caller.tenant()).await?;
    Ok(axum::Json(AgentList { agents: agents.into_iter().map(Agent::from).collect() }))
}

/// How an agent is imported.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Importing {
    /// Turn anonymous authentication, CSRF and CORS off, and ask older clients for no app key.
    #[serde(default)]
    open: bool,
}

/// Makes an agent of a scenario file. It is a draft until it is published.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents", tag = "Agents", operation_id = "importAgent",
    params(("tenant" = String, Path, description = "The tenant"), Importing),
    request_body = serde_json::Map<String, Value>,
    responses(
        (status = 201, description = "The agent", body = ImportedAgent),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:create"]))
)]
async fn import(
    app: State<App>,
    caller: Caller<scope::AgentsCreate>,
    importing: Asked<Importing>,
    file: ScenarioFile,
) -> Result<(StatusCode, axum::Json<ImportedAgent>), Problem> {
    let access = if importing.0.open { Access::Open } else { Access::Guarded };
    let agent = Agent::from(app.agents.create(caller.tenant(), &file.0.document, access).await?);
    caller.note(&app, Did::to("agent.created", &agent.id).after(&agent)).await?;
    app.directory.reload().await?;
    let note = |note: scenario::Note| Ignored { path: note.path, message: note.message, times: note.times };
    let ignored = file.0.ignored.into_iter().map(note).collect();
    Ok((StatusCode::CREATED, axum::Json(ImportedAgent { agent, ignored })))
}

/// One agent.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents/{agent}", tag = "Agents", operation_id = "getAgent",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "The agent", body = Agent),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::AgentsRead>, path: Path) -> Result<axum::Json<Agent>, Problem> {
    Ok(axum::Json(app.agents.need(caller.tenant(), path.0.1).await?.into()))
}

/// Deletes an agent. What was said with it stays.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/agents/{agent}", tag = "Agents", operation_id = "deleteAgent",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::AgentsDelete>, path: Path) -> Result<StatusCode, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = Agent::from(app.agents.need(tenant, id).await?);
    app.agents.delete(tenant, id).await?;
    caller.note(&app, Did::to("agent.deleted", id).before(&before)).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The draft as a scenario file, or a published version.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents/{agent}/export", tag = "Agents", operation_id = "exportAgent",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id"),
        ("version" = Option<u32>, Query, description = "A published version; the draft when absent"),
    ),
    responses(
        (status = 200, description = "The scenario file", body = serde_json::Map<String, Value>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:read"]))
)]
async fn export(
    app: State<App>,
    caller: Caller<scope::AgentsRead>,
    path: Path,
    asked: Asked<Exporting>,
) -> Result<Response, Problem> {
    app.agents.need(caller.tenant(), path.0.1).await?;
    let document = match asked.0.version {
        Some(version) => app.agents.version(caller.tenant(), path.0.1, version).await?,
        None => app.agents.draft(caller.tenant(), path.0.1).await?,
    };
    let document: Value = serde_json::from_str(document.get()).map_err(|error| Problem::broken(&error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.scenario.json\"", path.0.1)),
    ];
    Ok((headers, scenario::export(&document)).into_response())
}

#[derive(Debug, Deserialize)]
struct Exporting {
    version: Option<u32>,
}

/// Replaces the draft by a scenario file. Published versions go on serving.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/agents/{agent}/draft", tag = "Agents", operation_id = "replaceDraft",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    request_body = serde_json::Map<String, Value>,
    responses(
        (status = 200, description = "The agent", body = Agent),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:update"]))
)]
async fn replace(
    app: State<App>,
    caller: Caller<scope::AgentsUpdate>,
    path: Path,
    file: ScenarioFile,
) -> Result<axum::Json<Agent>, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = Agent::from(app.agents.need(tenant, id).await?);
    let agent = Agent::from(app.agents.replace_draft(tenant, id, &file.0.document).await?);
    caller.note(&app, Did::to("agent.draft_replaced", id).before(&before).after(&agent)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(agent))
}

/// Makes the draft a version and lets it serve.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/publish", tag = "Agents", operation_id = "publishAgent",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "The agent", body = Agent),
        (status = 409, description = "Somebody else published or changed it at the same moment; nothing was done", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:publish"]))
)]
async fn publish(
    app: State<App>,
    caller: Caller<scope::FlowsPublish>,
    path: Path,
) -> Result<axum::Json<Agent>, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = Agent::from(app.agents.need(tenant, id).await?);
    let agent = Agent::from(app.agents.publish(tenant, id).await?);
    caller.note(&app, Did::to("agent.published", id).before(&before).after(&agent)).await?;
    app.directory.reload().await?;
    // Compiled and trained now, so that the first visitor does not wait for it.
    if let Err(error) = app.runtime.warm(tenant, id).await {
        tracing::warn!(%error, agent = %id, "a published agent cannot be loaded");
    }
    Ok(axum::Json(agent))
}

/// Takes the agent out of service.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/unpublish", tag = "Agents", operation_id = "unpublishAgent",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "The agent", body = Agent),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["flows:publish"]))
)]
async fn unpublish(
    app: State<App>,
    caller: Caller<scope::FlowsPublish>,
    path: Path,
) -> Result<axum::Json<Agent>, Problem> {
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = Agent::from(app.agents.need(tenant, id).await?);
    let agent = Agent::from(app.agents.unpublish(tenant, id).await?);
    caller.note(&app, Did::to("agent.unpublished", id).before(&before).after(&agent)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(agent))
}

/// What is wrong with the draft, without running it.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents/{agent}/check", tag = "Agents", operation_id = "checkAgent",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "What was found", body = CheckReport),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:read"]))
)]
async fn check(
    app: State<App>,
    caller: Caller<scope::AgentsRead>,
    path: Path,
) -> Result<axum::Json<CheckReport>, Problem> {
    let draft = app.agents.draft(caller.tenant(), path.0.1).await?;
    let checked = tokio::task::spawn_blocking(move || match scenario::import(draft.get().as_bytes()) {
        Ok(imported) => (scenario::check(&imported.scenario), scenario::secrets(&imported.document)),
        Err(problems) => (problems, Vec::new()),
    });
    let (mut problems, secrets) = checked.await.map_err(|error| Problem::broken(&error.to_string()))?;
    // They were there when the draft was saved; drafts of before are not so lucky.
    problems.extend(app.agents.unknown_secrets(caller.tenant(), secrets).await?);
    let sound = problems.iter().all(|problem| problem.severity != Severity::Error);
    let problems = problems.into_iter().map(|problem| CheckProblem {
        path: problem.path,
        message: problem.message,
        remedy: problem.remedy,
        severity: if problem.severity == Severity::Error { "error" } else { "warning" },
    });
    Ok(axum::Json(CheckReport { sound, problems: problems.collect() }))
}

/// Makes an agent of a copy of the draft, with the same settings.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/duplicate", tag = "Agents", operation_id = "duplicateAgent",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 201, description = "The copy", body = Agent),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:create"]))
)]
async fn duplicate(
    app: State<App>,
    caller: Caller<scope::AgentsCreate>,
    path: Path,
) -> Result<(StatusCode, axum::Json<Agent>), Problem> {
    let tenant = caller.tenant();
    let original = parsed(&app.agents.draft(tenant, path.0.1).await?)?;
    let mut taken = Vec::new();
    let agents = app.agents.list(tenant).await?;
    for agent in agents.into_iter().filter(|agent| agent.kind == AgentKind::Scenario) {
        let draft = parsed(&app.agents.draft(tenant, agent.id).await?)?;
        taken.extend(draft.get("od_id").and_then(Value::as_str).map(str::to_owned));
    }
    let copy = scenario::duplicate_scenario(&original, |od_id| taken.iter().any(|known| known == od_id));
    let agent = Agent::from(app.agents.duplicate(tenant, path.0.1, &copy).await?);
    caller.note(&app, Did::to("agent.created", &agent.id).after(&agent)).await?;
    app.directory.reload().await?;
    Ok((StatusCode::CREATED, axum::Json(agent)))
}

fn parsed(document: &serde_json::value::RawValue) -> Result<Value, Problem> {
    serde_json::from_str(document.get()).map_err(|error| Problem::broken(&error.to_string()))
}

/// Gives the agent a new app key; embeds with the old one stop working at once.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/app-key", tag = "Agents", operation_id = "renewAppKey",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "The agent with its new key", body = Agent),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["agents:update"]))
)]
async fn renew_app_key(
    app: State<App>,
    caller: Caller<scope::AgentsUpdate>,
    path: Path,
) -> Result<axum::Json<Agent>, Problem> {
    let agent = Agent::from(app.agents.renew_app_key(caller.tenant(), path.0.1).await?);
    caller.note(&app, Did::to("agent.app_key_renewed", &agent.id).after(&agent)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(agent))
}
