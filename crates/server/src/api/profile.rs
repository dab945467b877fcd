//! Oneself: who one is, what one may do, and how one takes conversations (spec/dialai.md §13.7).

use axum::extract::State;
use runtime::access::{Scope, scope};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Principal},
    noted::Did,
    user_forms::{ProfileChange, User},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// Who one is, and what one may do.
#[derive(Debug, Serialize, ToSchema)]
struct Profile {
    /// Whose token it is; null for a token of the tenant's own.
    user: Option<User>,
    /// What it may do.
    scopes: Vec<String>,
}

impl Profile {
    fn of(caller: &Principal, user: Option<User>) -> Self {
        let scopes = Scope::ALL.iter().filter(|scope| caller.may(**scope)).map(ToString::to_string).collect();
        Self { user, scopes }
    }
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
async fn get(app: State<App>, caller: Caller<scope::ProfileRead>) -> Result<axum::Json<Profile>, Problem> {
    let user = match &caller.token().user {
        Some(id) => Some(app.users.need(caller.tenant(), id).await?.into()),
        None => None,
    };
    Ok(axum::Json(Profile::of(&caller, user)))
}

/// Changes how one takes conversations oneself, for those that begin from now on; what is left out stays.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/profile", tag = "Users", operation_id = "putProfile",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = ProfileChange,
    responses(
        (status = 200, description = "The profile", body = Profile),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["profile:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::ProfileUpdate>,
    change: Json<ProfileChange>,
) -> Result<axum::Json<Profile>, Problem> {
    let Some(id) = &caller.token().user else {
        let detail = "The token is the tenant's own, and nobody's: use one of a user.";
        return Err(Problem::conflict(detail.to_owned()));
    };
    let _one = app.people.lock().await;
    let before = app.users.need(caller.tenant(), id).await?;
    let user = User::from(app.users.change(caller.tenant(), id, None, change.0.into()).await?);
    caller.note(&app, Did::to("user.updated", id).before(&User::from(before)).after(&user)).await?;
    Ok(axum::Json(Profile::of(&caller, Some(user))))
}
