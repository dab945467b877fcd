//! People of a tenant and their roles (spec/opendialog.md §6.13).

use axum::{extract::State, http::StatusCode};
use runtime::{
    access::{Change, Scope, Scopes, administrator_remains, scope},
    users,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named, Principal},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, delete)).routes(routes!(profile))
}

/// Somebody who works with the tenant.
#[derive(Debug, Serialize, ToSchema)]
struct User {
    id: String,
    /// What they are called; unique in the tenant.
    name: String,
    /// Ids of the roles that they hold; they may do what any of them holds.
    roles: Vec<String>,
    /// The role, when there is exactly one.
    role: Option<String>,
    created_at: String,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        let role = match &user.roles[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        Self { id: user.id, name: user.name, roles: user.roles, role, created_at: user.created_at.to_string() }
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
    /// Ids of their roles, at least one. Only roles that hold nothing which you lack.
    #[serde(default)]
    #[schema(example = json!(["editor"]))]
    roles: Option<Vec<String>>,
    /// One role, in place of `roles`.
    #[serde(default)]
    role: Option<String>,
}

/// What somebody is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    /// Ids of their roles, at least one. Only roles that hold nothing which you lack.
    #[serde(default)]
    #[schema(example = json!(["editor"]))]
    roles: Option<Vec<String>>,
    /// One role, in place of `roles`.
    #[serde(default)]
    role: Option<String>,
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
    security(("api_token" = ["users:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::UsersRead>) -> Result<axum::Json<UserList>, Problem> {
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
    security(("api_token" = ["users:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::UsersCreate>,
    new: Json<NewUser>,
) -> Result<(StatusCode, axum::Json<User>), Problem> {
    let NewUser { name, roles, role } = new.0;
    let roles = one_way(roles, role)?;
    let _one = app.people.lock().await;
    holds_all(&app, &caller, &roles).await?;
    let user = User::from(app.users.add(caller.tenant(), &name, roles).await?);
    caller.note(&app, Did::to("user.created", &user.id).after(&user)).await?;
    app.directory.reload().await?;
    Ok((StatusCode::CREATED, axum::Json(user)))
}

/// One user.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "getUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::UsersRead>, path: Path) -> Result<axum::Json<User>, Problem> {
    Ok(axum::Json(app.users.need(caller.tenant(), &path.0.1).await?.into()))
}

/// Who one is, and what one may do.
#[derive(Debug, Serialize, ToSchema)]
struct Profile {
    /// Whose token it is; null for a token of the tenant's own.
    user: Option<User>,
    /// What it may do.
    scopes: Vec<String>,
}

/// Who the token stands for, and what it may do.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/profile", tag = "Users", operation_id = "getProfile",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The profile", body = Profile),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["profile:read"]))
)]
async fn profile(app: State<App>, caller: Caller<scope::ProfileRead>) -> Result<axum::Json<Profile>, Problem> {
    let user = match &caller.token().user {
        Some(id) => Some(app.users.need(caller.tenant(), id).await?.into()),
        None => None,
    };
    let scopes = Scope::ALL.iter().filter(|scope| caller.may(**scope)).map(ToString::to_string).collect();
    Ok(axum::Json(Profile { user, scopes }))
}

/// Gives somebody other roles in place of theirs; nobody changes their own.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "putUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    request_body = RoleChange,
    responses(
        (status = 200, description = "The user", body = User),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::UsersUpdate>,
    path: Path,
    change: Json<RoleChange>,
) -> Result<axum::Json<User>, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    refuse_self(&caller, id)?;
    let roles = one_way(change.0.roles, change.0.role)?;
    let _one = app.people.lock().await;
    let before = app.users.need(tenant, id).await?;
    holds_all(&app, &caller, &roles).await?;
    refuse_last(&app, &caller, Change::UserHolds(id, &roles)).await?;
    let user = User::from(app.users.set_roles(tenant, id, roles).await?);
    caller.note(&app, Did::to("user.updated", id).before(&User::from(before)).after(&user)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(user))
}

/// Removes somebody and ends their tokens.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "deleteUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::UsersDelete>, path: Path) -> Result<StatusCode, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    refuse_self(&caller, id)?;
    let _one = app.people.lock().await;
    let before = app.users.need(tenant, id).await?;
    refuse_last(&app, &caller, Change::UserGoes(id)).await?;
    app.users.delete(tenant, id).await?;
    caller.note(&app, Did::to("user.deleted", id).before(&User::from(before))).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The roles, said in one of two ways.
fn one_way(roles: Option<Vec<String>>, role: Option<String>) -> Result<Vec<String>, Problem> {
    match (roles, role) {
        (Some(roles), None) => Ok(roles),
        (None, Some(role)) => Ok(vec![role]),
        _ => Err(Problem::invalid("roles", "There must be `roles` or `role`.", "Send one of them, not both.")),
    }
}

/// Nobody gives roles that may do more than they may.
async fn holds_all(app: &App, caller: &Principal, roles: &[String]) -> Result<(), Problem> {
    let holdings = app.roles.holdings(caller.tenant()).await?;
    let given = roles.iter().filter_map(|role| holdings.get(role));
    caller.require_all(given.fold(Scopes::default(), |all, held| all.and(*held)))
}

/// Nobody changes what they may do themselves (row OD-T15).
fn refuse_self(caller: &Principal, id: &str) -> Result<(), Problem> {
    if caller.token().user.as_deref() == Some(id) {
        return Err(Problem::invalid("id", "This is you.", "Ask another administrator to change or remove you."));
    }
    Ok(())
}

/// Somebody is left who can administer people.
pub(super) async fn refuse_last(app: &App, caller: &Principal, change: Change<'_>) -> Result<(), Problem> {
    if administrator_remains(app.runtime.store(), caller.tenant(), change).await? {
        return Ok(());
    }
    Err(Problem::no_administrator())
}
