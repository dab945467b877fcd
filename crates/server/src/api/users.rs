//! People of a tenant and their roles (spec/opendialog.md §6.13).

use axum::{extract::State, http::StatusCode};
use runtime::users::{self, Role, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::{Caller, Json, Named};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, delete))
}

/// Somebody who works with the tenant.
#[derive(Debug, Serialize, ToSchema)]
struct User {
    id: String,
    /// What they are called; unique in the tenant.
    name: String,
    role: RoleName,
    created_at: String,
}

/// What somebody may do: `admin` everything, `editor` everything but people, the guests read.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RoleName {
    Admin,
    Editor,
    AnalyseGuest,
    PreviewGuest,
    PreviewAnalyseGuest,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Editor => Self::Editor,
            Role::AnalyseGuest => Self::AnalyseGuest,
            Role::PreviewGuest => Self::PreviewGuest,
            Role::PreviewAnalyseGuest => Self::PreviewAnalyseGuest,
        }
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Editor => Self::Editor,
            RoleName::AnalyseGuest => Self::AnalyseGuest,
            RoleName::PreviewGuest => Self::PreviewGuest,
            RoleName::PreviewAnalyseGuest => Self::PreviewAnalyseGuest,
        }
    }
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        Self { id: user.id, name: user.name, role: user.role.into(), created_at: user.created_at.to_string() }
    }
}

/// All users of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct UserList {
    users: Vec<User>,
}

/// Somebody to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// 1 to 200 characters, unique in the tenant.
    #[schema(example = "ada@example.com")]
    name: String,
    role: RoleName,
}

/// What somebody is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    role: RoleName,
}

type Path = Named<(String, String)>;

/// Lists the tenant's users.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/users", tag = "Users", operation_id = "listUsers",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The users", body = UserList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = []))
)]
async fn list(app: State<App>, caller: Caller) -> Result<axum::Json<UserList>, Problem> {
    caller.require(Scope::UsersUpdate)?;
    let users = app.users.list(caller.tenant()).await?;
    Ok(axum::Json(UserList { users: users.into_iter().map(User::from).collect() }))
}

/// Adds somebody.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/users", tag = "Users", operation_id = "createUser",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = NewUser,
    responses(
        (status = 201, description = "The user", body = User),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = []))
)]
async fn create(
    app: State<App>,
    caller: Caller,
    new: Json<NewUser>,
) -> Result<(StatusCode, axum::Json<User>), Problem> {
    caller.require(Scope::UsersUpdate)?;
    let user = app.users.create(caller.tenant(), &new.0.name, new.0.role.into()).await?;
    app.directory.reload().await?;
    Ok((StatusCode::CREATED, axum::Json(user.into())))
}

/// One user; who is no administrator sees themselves.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "getUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = []))
)]
async fn get(app: State<App>, caller: Caller, path: Path) -> Result<axum::Json<User>, Problem> {
    if !is_caller(&caller, &path.0.1) {
        caller.require(Scope::UsersUpdate)?;
    }
    Ok(axum::Json(app.users.need(caller.tenant(), &path.0.1).await?.into()))
}

/// Gives somebody another role; nobody gives one to themselves.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "putUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    request_body = RoleChange,
    responses(
        (status = 200, description = "The user", body = User),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = []))
)]
async fn put(
    app: State<App>,
    caller: Caller,
    path: Path,
    change: Json<RoleChange>,
) -> Result<axum::Json<User>, Problem> {
    caller.require(Scope::UsersUpdate)?;
    refuse_self(&caller, &path.0.1)?;
    let user = app.users.set_role(caller.tenant(), &path.0.1, change.0.role.into()).await?;
    app.directory.reload().await?;
    Ok(axum::Json(user.into()))
}

/// Removes somebody and ends their tokens.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "deleteUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = []))
)]
async fn delete(app: State<App>, caller: Caller, path: Path) -> Result<StatusCode, Problem> {
    caller.require(Scope::UsersUpdate)?;
    refuse_self(&caller, &path.0.1)?;
    app.users.delete(caller.tenant(), &path.0.1).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody changes what they may do themselves (row OD-T15).
fn refuse_self(caller: &Caller, id: &str) -> Result<(), Problem> {
    if is_caller(caller, id) {
        return Err(Problem::invalid("id", "This is you.", "Ask another administrator to change or remove you."));
    }
    Ok(())
}

fn is_caller(caller: &Caller, id: &str) -> bool {
    caller.token().user.as_deref() == Some(id)
}
