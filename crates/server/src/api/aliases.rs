//! Aliases: names that stand for an agent (row OD-W23).

use axum::{extract::State, http::StatusCode};
use model::AgentId;
use runtime::{access::scope, aliases};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, delete))
}

/// A name that stands for an agent.
#[derive(Debug, Serialize, ToSchema)]
struct Alias {
    name: String,
    /// The agent's id.
    agent: String,
    updated_at: String,
}

impl From<aliases::Alias> for Alias {
    fn from(alias: aliases::Alias) -> Self {
        Self { name: alias.name, agent: alias.agent.to_string(), updated_at: alias.updated_at.to_string() }
    }
}

/// All aliases of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct AliasList {
    aliases: Vec<Alias>,
}

/// What an alias is to stand for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AliasTarget {
    /// The agent's id.
    #[schema(value_type = String)]
    agent: AgentId,
}

type Path = Named<(String, String)>;

/// Lists the tenant's aliases.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/aliases", tag = "Aliases", operation_id = "listAliases",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The aliases", body = AliasList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["aliases:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::AliasesRead>) -> Result<axum::Json<AliasList>, Problem> {
    let aliases = app.aliases.list(caller.tenant()).await?;
    Ok(axum::Json(AliasList { aliases: aliases.into_iter().map(Alias::from).collect() }))
}

/// One alias.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/aliases/{name}", tag = "Aliases", operation_id = "getAlias",
    params(("tenant" = String, Path, description = "The tenant"), ("name" = String, Path, description = "The alias")),
    responses(
        (status = 200, description = "The alias", body = Alias),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["aliases:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::AliasesRead>, path: Path) -> Result<axum::Json<Alias>, Problem> {
    Ok(axum::Json(app.aliases.need(caller.tenant(), &path.0.1).await?.into()))
}

/// Makes an alias, or points it to another agent; embeds that carry it stay the same.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/aliases/{name}", tag = "Aliases", operation_id = "putAlias",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("name" = String, Path, description = "Lower-case letters and underscores, at most 100",
         pattern = "^[a-z_]{1,100}$"),
    ),
    request_body = AliasTarget,
    responses(
        (status = 200, description = "The alias", body = Alias),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["aliases:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::AliasesUpdate>,
    path: Path,
    target: Json<AliasTarget>,
) -> Result<axum::Json<Alias>, Problem> {
    let (name, tenant) = (&path.0.1, caller.tenant());
    let before = app.aliases.need(tenant, name).await.ok().map(Alias::from);
    let alias = Alias::from(app.aliases.put(tenant, name, target.0.agent).await?);
    caller.note(&app, Did::to("alias.updated", name).before(&before).after(&alias)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(alias))
}

/// Deletes an alias.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/aliases/{name}", tag = "Aliases", operation_id = "deleteAlias",
    params(("tenant" = String, Path, description = "The tenant"), ("name" = String, Path, description = "The alias")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["aliases:update"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::AliasesUpdate>, path: Path) -> Result<StatusCode, Problem> {
    let (name, tenant) = (&path.0.1, caller.tenant());
    let before = Alias::from(app.aliases.need(tenant, name).await?);
    app.aliases.delete(tenant, name).await?;
    caller.note(&app, Did::to("alias.deleted", name).before(&before)).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}
