//! What there is to be allowed, and what of it no role of the tenant holds (rows D20, D21).

use axum::extract::State;
use runtime::access::{BuiltIn, Scope, Scopes, scope};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::Caller;
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A scope that roles are made of.
#[derive(Debug, Serialize, ToSchema)]
struct Permission {
    #[schema(example = "transcripts:read")]
    scope: &'static str,
    /// What it is about.
    #[schema(example = "transcripts")]
    domain: &'static str,
    /// What it allows.
    description: &'static str,
    /// Ids of the roles that hold it.
    roles: Vec<String>,
}

/// All scopes that there are.
#[derive(Debug, Serialize, ToSchema)]
struct PermissionList {
    /// By domain.
    permissions: Vec<Permission>,
    /// Scopes that no role holds but the administrators', who hold all by definition.
    unassigned: Vec<String>,
}

/// Lists all scopes, who holds them, and which nobody but administrators does.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/permissions", tag = "Users", operation_id = "listPermissions",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The scopes", body = PermissionList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["roles:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::RolesRead>) -> Result<axum::Json<PermissionList>, Problem> {
    let built_in = BuiltIn::ALL.into_iter().map(|role| (role.as_str().to_owned(), role.scopes()));
    let own = app.roles.list(caller.tenant()).await?.into_iter().map(|role| (role.id, role.scopes));
    let roles: Vec<(String, Scopes)> = built_in.chain(own).collect();
    let permission = |scope: Scope| Permission {
        scope: scope.as_str(),
        domain: scope.domain(),
        description: scope.description(),
        roles: roles.iter().filter(|(_, held)| held.has(scope)).map(|(id, _)| id.clone()).collect(),
    };
    let others = roles.iter().filter(|(id, _)| id != BuiltIn::Admin.as_str());
    let assigned = others.fold(Scopes::default(), |all, (_, held)| all.and(*held));
    Ok(axum::Json(PermissionList {
        permissions: Scope::ALL.iter().copied().map(permission).collect(),
        unassigned: Scopes::all().without(assigned).names(),
    }))
}
