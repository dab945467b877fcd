//! Feature flags of a tenant (row DA-D11).

use axum::extract::State;
use runtime::{
    access::scope,
    feature_flags::{EnabledFlags, FeatureFlag},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put))
}

/// All feature flags.
#[derive(Debug, Serialize, ToSchema)]
struct FlagList {
    flags: Vec<Flag>,
}

/// A part of Parlance that can be switched off for a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct Flag {
    #[schema(example = "deep_links")]
    name: &'static str,
    /// What it switches.
    description: &'static str,
    /// Whether it is on for a tenant that never decided.
    default: bool,
    /// Whether it is on.
    enabled: bool,
}

impl Flag {
    fn of(flag: FeatureFlag, enabled: &EnabledFlags) -> Self {
        let (name, description) = (flag.as_str(), flag.description());
        Self { name, description, default: flag.default_enabled(), enabled: enabled.has(flag) }
    }
}

/// What a flag is to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FlagSwitch {
    /// Whether it is to be on.
    enabled: bool,
}

/// Lists the feature flags, with what is on.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/feature-flags", tag = "Tenant", operation_id = "listFeatureFlags",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The flags", body = FlagList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["feature_flags:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::FeatureFlagsRead>) -> Result<axum::Json<FlagList>, Problem> {
    let enabled = app.feature_flags.enabled(caller.tenant()).await?;
    let flags = FeatureFlag::ALL.into_iter().map(|flag| Flag::of(flag, &enabled)).collect();
    Ok(axum::Json(FlagList { flags }))
}

/// Switches a feature on or off for the tenant; it applies at once.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/feature-flags/{flag}", tag = "Tenant", operation_id = "putFeatureFlag",
    params(("tenant" = String, Path, description = "The tenant"), ("flag" = String, Path, description = "The flag's name")),
    request_body = FlagSwitch,
    responses(
        (status = 200, description = "The flag as it is now", body = Flag),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["feature_flags:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::FeatureFlagsUpdate>,
    path: Named<(String, String)>,
    switch: Json<FlagSwitch>,
) -> Result<axum::Json<Flag>, Problem> {
    let (name, tenant) = (&path.0.1, caller.tenant());
    let flag = FeatureFlag::named(name).ok_or_else(|| Problem::not_found("feature flag", name))?;
    let before = FlagSwitch { enabled: app.feature_flags.enabled(tenant).await?.has(flag) };
    app.feature_flags.set(tenant, flag, switch.0.enabled).await?;
    caller.note(&app, Did::to("feature_flag.updated", flag).before(&before).after(&switch.0)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(Flag::of(flag, &app.feature_flags.enabled(tenant).await?)))
}
