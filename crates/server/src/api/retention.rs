//! How long a tenant keeps conversations.

use axum::extract::State;
use runtime::{access::scope, retention};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// How long conversations are kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retention {
    /// Days after a conversation's newest line, 1 to 36500; null to keep everything.
    days: Option<u32>,
}

/// How long conversations are kept.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/retention", tag = "Contacts", operation_id = "getRetention",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The setting", body = Retention),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["retention:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::RetentionRead>) -> Result<axum::Json<Retention>, Problem> {
    let retention::Retention { days } = app.retentions.get(caller.tenant()).await?;
    Ok(axum::Json(Retention { days }))
}

/// Changes how long conversations are kept. What is older goes within minutes, in small steps.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/retention", tag = "Contacts", operation_id = "putRetention",
    params(("tenant" = String, Path, description = "The tenant")), request_body = Retention,
    responses(
        (status = 200, description = "The setting as it is now", body = Retention),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["retention:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::RetentionUpdate>,
    retention: Json<Retention>,
) -> Result<axum::Json<Retention>, Problem> {
    let Json(Retention { days }) = retention;
    let before = app.retentions.get(caller.tenant()).await?;
    app.retentions.put(caller.tenant(), retention::Retention { days }).await?;
    let did = Did::what("retention.updated").before(&before).after(&Retention { days });
    caller.note(&app, did).await?;
    Ok(axum::Json(Retention { days }))
}
