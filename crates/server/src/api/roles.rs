//! Roles: bundles of scopes, those that every tenant has and those that it made (rows D19 to D22).

use axum::{extract::State, http::StatusCode};
use runtime::access::{self, BuiltIn, Change, NewRole, scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named, Principal},
    noted::Did,
    users::refuse_last,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, delete))
}

/// A bundle of scopes that people hold.
#[derive(Debug, Serialize, ToSchema)]
struct Role {
    /// What users name it by.
    #[schema(example = "editor")]
    id: String,
    /// What people call it.
    name: String,
    description: String,
    /// Whether it is there in every tenant; such a role cannot be changed.
    built_in: bool,
    scopes: Vec<String>,
    /// How many scopes it has.
    scope_count: usize,
    /// Null for what is built in.
    created_at: Option<String>,
    /// Null for what is built in.
    updated_at: Option<String>,
}

impl From<access::Role> for Role {
    fn from(role: access::Role) -> Self {
        let access::Role { id, name, description, scopes, created_at, updated_at } = role;
        Self {
            id,
            name,
            description,
            built_in: false,
            scopes: scopes.names(),
            scope_count: scopes.len(),
            created_at: Some(created_at.to_string()),
            updated_at: Some(updated_at.to_string()),
        }
    }
}

impl From<BuiltIn> for Role {
    fn from(role: BuiltIn) -> Self {
        Self {
            id: role.as_str().to_owned(),
            name: role.name().to_owned(),
            description: role.description().to_owned(),
            built_in: true,
            scopes: role.scopes().names(),
            scope_count: role.scopes().len(),
            created_at: None,
            updated_at: None,
        }
    }
}

/// All roles of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct RoleList {
    /// What is built in first, then the tenant's own, oldest first.
    roles: Vec<Role>,
}

/// What a role is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleContent {
    /// 1 to 100 characters, unlike all other roles.
    #[schema(example = "Publisher")]
    name: String,
    /// At most 1,000 characters.
    #[serde(default)]
    description: String,
    /// At least one; `permissions` lists those that there are. Only scopes that you hold yourself.
    #[schema(example = json!(["agents:read", "flows:publish"]))]
    scopes: Vec<String>,
}

impl From<RoleContent> for NewRole {
    fn from(content: RoleContent) -> Self {
        let RoleContent { name, description, scopes } = content;
        Self { name, description, scopes }
    }
}

type Path = Named<(String, String)>;

/// Lists the roles that people of the tenant can hold.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/roles", tag = "Users", operation_id = "listRoles",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The roles", body = RoleList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["roles:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::RolesRead>) -> Result<axum::Json<RoleList>, Problem> {
    let own = app.roles.list(caller.tenant()).await?.into_iter().map(Role::from);
    Ok(axum::Json(RoleList { roles: BuiltIn::ALL.into_iter().map(Role::from).chain(own).collect() }))
}

/// Makes a role; it can be given to people at once.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/roles", tag = "Users", operation_id = "createRole",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = RoleContent,
    responses(
        (status = 201, description = "The role", body = Role),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["roles:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::RolesCreate>,
    new: Json<RoleContent>,
) -> Result<(StatusCode, axum::Json<Role>), Problem> {
    holds_all(&caller, &new.0)?;
    let role = Role::from(app.roles.create(caller.tenant(), new.0.into()).await?);
    caller.note(&app, Did::to("role.created", &role.id).after(&role)).await?;
    app.directory.reload().await?;
    Ok((StatusCode::CREATED, axum::Json(role)))
}

/// One role.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/roles/{id}", tag = "Users", operation_id = "getRole",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The role")),
    responses(
        (status = 200, description = "The role", body = Role),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["roles:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::RolesRead>, path: Path) -> Result<axum::Json<Role>, Problem> {
    let id = &path.0.1;
    if let Ok(built_in) = id.parse::<BuiltIn>() {
        return Ok(axum::Json(built_in.into()));
    }
    Ok(axum::Json(app.roles.need(caller.tenant(), id).await?.into()))
}

/// Replaces what a role is, for all who hold it, at once. Nobody changes a role that they hold themselves.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/roles/{id}", tag = "Users", operation_id = "putRole",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The role")),
    request_body = RoleContent,
    responses(
        (status = 200, description = "The role", body = Role),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["roles:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::RolesUpdate>,
    path: Path,
    content: Json<RoleContent>,
) -> Result<axum::Json<Role>, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    refuse_built_in(id)?;
    holds_all(&caller, &content.0)?;
    let _one = app.people.lock().await;
    let before = app.roles.need(tenant, id).await?;
    if let Some(user) = &caller.token().user
        && app.users.need(tenant, user).await?.roles.contains(id)
    {
        return Err(Problem::invalid("id", "You hold this role.", "Ask another administrator to change it."));
    }
    refuse_last(&app, &caller, Change::RoleHolds(id, named(&content.0))).await?;
    let role = Role::from(app.roles.replace(tenant, id, content.0.into()).await?);
    caller.note(&app, Did::to("role.updated", id).before(&Role::from(before)).after(&role)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(role))
}

/// Deletes a role. One that somebody holds is kept, and they are named.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/roles/{id}", tag = "Users", operation_id = "deleteRole",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The role")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["roles:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::RolesDelete>, path: Path) -> Result<StatusCode, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    refuse_built_in(id)?;
    let _one = app.people.lock().await;
    let before = app.roles.need(tenant, id).await?;
    let users = app.users.list(tenant).await?;
    app.roles.delete(tenant, id, &users).await?;
    caller.note(&app, Did::to("role.deleted", id).before(&Role::from(before))).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The scopes that a body names; names of none are for the repository to complain about.
fn named(content: &RoleContent) -> access::Scopes {
    content.scopes.iter().filter_map(|name| access::Scope::named(name)).collect()
}

/// Nobody makes a role that may do more than they may.
fn holds_all(caller: &Principal, content: &RoleContent) -> Result<(), Problem> {
    caller.require_all(named(content))
}

fn refuse_built_in(id: &str) -> Result<(), Problem> {
    match id.parse::<BuiltIn>() {
        Ok(role) => Err(Problem::conflict(format!(
            "The role `{role}` is built in. Make a role of your own with the scopes that you need."
        ))),
        Err(_) => Ok(()),
    }
}
