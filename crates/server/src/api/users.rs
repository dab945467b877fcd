//! People of a tenant and their roles (spec/opendialog.md §6.13, spec/dialai.md §15.5).

use axum::{extract::State, http::StatusCode};
use runtime::{
    access::{Change, Scopes, administrator_remains, scope},
    users::{self, Sought, Status},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Json, Named, Principal},
    invitations::{self, Invitation},
    noted::Did,
    user_forms::{NewUser, User, UserChange},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, delete)).routes(routes!(restore))
}

/// A part of a tenant's users.
#[derive(Debug, Serialize, ToSchema)]
struct UserList {
    users: Vec<User>,
    /// What to ask for next as `after`; null at the end.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listing {
    /// Only after the user of this id.
    after: Option<String>,
    /// Only who is called so, in part: user name, first or last name.
    name: Option<String>,
    /// Only whose e-mail address has this in it.
    email: Option<String>,
    /// Only who is `Available`, `Busy`, `Offline` or `Disconnected`.
    status: Option<String>,
    /// Only who holds the role of this id.
    role: Option<String>,
    /// Only those to whom conversations may be routed; with false the others.
    csr: Option<bool>,
    /// Those who were deleted, in place of those who were not.
    #[serde(default)]
    deleted: bool,
    /// How many at most: 1 to 1000.
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 1000)]
    limit: usize,
}

const fn hundred() -> usize {
    100
}

type Path = Named<(String, String)>;

/// Lists the tenant's users, oldest first; all that is asked for must hold. Ask again with `next` as `after`.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/users", tag = "Users", operation_id = "listUsers",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The users", body = UserList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::UsersRead>,
    listing: Asked<Listing>,
) -> Result<axum::Json<UserList>, Problem> {
    let Listing { after, name, email, status, role, csr, deleted, limit } = listing.0;
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."));
    }
    let status = status.as_deref().map(Status::named).transpose()?;
    let sought = Sought { name, email, status, role, csr, deleted };
    let (users, next) = app.users.page(caller.tenant(), &sought, after.as_deref(), limit).await?;
    Ok(axum::Json(UserList { users: users.into_iter().map(User::from).collect(), next }))
}

/// Somebody who was just added.
#[derive(Debug, Serialize, ToSchema)]
struct MadeUser {
    #[serde(flatten)]
    user: User,
    /// What became of their invitation; absent when they were not invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Invitation>,
}

/// Adds somebody. With an `email` they are invited: a letter goes there with a link to choose a password.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/users", tag = "Users", operation_id = "createUser",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = NewUser,
    responses(
        (status = 201, description = "The user", body = MadeUser),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::UsersCreate>,
    new: Json<NewUser>,
) -> Result<(StatusCode, axum::Json<MadeUser>), Problem> {
    let (new, invite) = new.0.read()?;
    if invite {
        invitations::refuse_unreachable(&app, caller.tenant(), &new).await?;
    }
    let one = app.people.lock().await;
    holds_all(&app, &caller, &new.roles).await?;
    let added = app.users.enter(caller.tenant(), new).await?;
    let user = User::from(added.clone());
    caller.note(&app, Did::to("user.created", &user.id).after(&user)).await?;
    app.directory.reload().await?;
    drop(one);
    let invitation = if invite { Some(invitations::send(&app, &caller, &added).await?) } else { None };
    Ok((StatusCode::CREATED, axum::Json(MadeUser { user, invitation })))
}

/// One user, whether deleted or not.
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
    Ok(axum::Json(app.users.recall(caller.tenant(), &path.0.1).await?.into()))
}

/// Changes somebody's roles, and how they take conversations; what is left out stays. Nobody changes themselves
/// here. What somebody is called and where letters reach them never changes.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "putUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    request_body = UserChange,
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
    change: Json<UserChange>,
) -> Result<axum::Json<User>, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    refuse_self(&caller, id)?;
    let (roles, desk) = change.0.read()?;
    let _one = app.people.lock().await;
    let before = app.users.need(tenant, id).await?;
    if let Some(roles) = &roles {
        holds_all(&app, &caller, roles).await?;
        refuse_last(&app, &caller, Change::UserHolds(id, roles)).await?;
    }
    let user = User::from(app.users.change(tenant, id, roles, desk).await?);
    caller.note(&app, Did::to("user.updated", id).before(&User::from(before)).after(&user)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(user))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Confirmation {
    /// The user's e-mail address, or the name of who has none: without it nobody is deleted.
    confirm: Option<String>,
}

/// Deletes somebody: they sign in no more, and their tokens and sessions end at once. What they did stays, and so do
/// they, for who looks for `deleted` ones; `restore` brings them back.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/users/{id}", tag = "Users", operation_id = "deleteUser",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user"),
        Confirmation,
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:delete"]))
)]
async fn delete(
    app: State<App>,
    caller: Caller<scope::UsersDelete>,
    path: Path,
    asked: Asked<Confirmation>,
) -> Result<StatusCode, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    refuse_self(&caller, id)?;
    let _one = app.people.lock().await;
    let before = app.users.need(tenant, id).await?;
    refuse_unconfirmed(&before, asked.0.confirm.as_deref())?;
    refuse_last(&app, &caller, Change::UserGoes(id)).await?;
    app.users.delete(tenant, id).await?;
    caller.note(&app, Did::to("user.deleted", id).before(&User::from(before))).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings somebody back who was deleted, with the roles that they held. Only who holds all that these hold.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/users/{id}/restore", tag = "Users", operation_id = "restoreUser",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The user")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["users:update"]))
)]
async fn restore(app: State<App>, caller: Caller<scope::UsersUpdate>, path: Path) -> Result<axum::Json<User>, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let _one = app.people.lock().await;
    let before = app.users.recall(tenant, id).await?;
    if before.deleted_at.is_none() {
        return Err(Problem::conflict("The user is there already: nobody deleted them.".to_owned()));
    }
    holds_all(&app, &caller, &before.roles).await?;
    let user = User::from(app.users.restore(tenant, id).await?);
    caller.note(&app, Did::to("user.restored", id).before(&User::from(before)).after(&user)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(user))
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

/// Nobody is deleted by a slip: who deletes somebody types their address (row DA-D16).
fn refuse_unconfirmed(user: &users::User, typed: Option<&str>) -> Result<(), Problem> {
    let (expected, remedy) = match user.address() {
        Some(email) => (email, "Send the user's e-mail address as `confirm`."),
        None => (user.name.as_str(), "Send the user's name as `confirm`: they have no e-mail address."),
    };
    match typed.map(str::trim) {
        Some(typed) if typed.to_lowercase() == expected.to_lowercase() => Ok(()),
        Some(_) => Err(Problem::invalid("confirm", "It is not who is to be deleted.", remedy)),
        None => Err(Problem::invalid("confirm", "It is missing.", remedy)),
    }
}

/// Somebody is left who can administer people.
pub(super) async fn refuse_last(app: &App, caller: &Principal, change: Change<'_>) -> Result<(), Problem> {
    if administrator_remains(app.runtime.store(), caller.tenant(), change).await? {
        return Ok(());
    }
    Err(Problem::no_administrator())
}
