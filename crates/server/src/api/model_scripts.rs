//! Scripts that stand in for language models: for tests, demos without a key, and replays.

use axum::{extract::State, http::StatusCode};
use runtime::{access::scope, models};
use serde::Serialize;
use serde_json::Value;
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

/// A script that stands in for a model.
#[derive(Debug, Serialize, ToSchema)]
struct ModelScript {
    /// What a flow gives as the name of its model, with the provider `scripted`.
    name: String,
    /// The rules, and what is said otherwise.
    #[schema(value_type = Object)]
    script: Value,
    updated_at: String,
}

impl From<models::ModelScript> for ModelScript {
    fn from(stored: models::ModelScript) -> Self {
        Self { name: stored.name, script: stored.script, updated_at: stored.updated_at.to_string() }
    }
}

/// The names of a tenant's model scripts.
#[derive(Debug, Serialize, ToSchema)]
struct ModelScriptList {
    names: Vec<String>,
}

type Path = Named<(String, String)>;

/// Lists the tenant's model scripts.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/model-scripts", tag = "Model scripts", operation_id = "listModelScripts",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "Their names", body = ModelScriptList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["models:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::ModelsRead>) -> Result<axum::Json<ModelScriptList>, Problem> {
    let scripts = app.model_scripts.list(caller.tenant()).await?;
    Ok(axum::Json(ModelScriptList { names: scripts.into_iter().map(|script| script.name).collect() }))
}

/// One model script.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/model-scripts/{name}", tag = "Model scripts", operation_id = "getModelScript",
    params(("tenant" = String, Path, description = "The tenant"), ("name" = String, Path, description = "Its name")),
    responses(
        (status = 200, description = "The script", body = ModelScript),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["models:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::ModelsRead>,
    path: Path,
) -> Result<axum::Json<ModelScript>, Problem> {
    Ok(axum::Json(app.model_scripts.need(caller.tenant(), &path.0.1).await?.into()))
}

/// Makes or replaces a model script. It counts for the next answer.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/model-scripts/{name}", tag = "Model scripts", operation_id = "putModelScript",
    params(("tenant" = String, Path, description = "The tenant"), ("name" = String, Path, description = "Its name")),
    request_body(content = serde_json::Value, description = "`{\"rules\": [{\"when\": …, \"then\": …}], \"otherwise\": …}`"),
    responses(
        (status = 200, description = "The script", body = ModelScript),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["models:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::ModelsUpdate>,
    path: Path,
    script: Json<Value>,
) -> Result<axum::Json<ModelScript>, Problem> {
    let (name, tenant) = (&path.0.1, caller.tenant());
    let stored = app.model_scripts.put(tenant, name, script.0).await?;
    caller.note(&app, Did::to("model_script.updated", name)).await?;
    Ok(axum::Json(stored.into()))
}

/// Deletes a model script.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/model-scripts/{name}", tag = "Model scripts", operation_id = "deleteModelScript",
    params(("tenant" = String, Path, description = "The tenant"), ("name" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["models:update"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::ModelsUpdate>, path: Path) -> Result<StatusCode, Problem> {
    let (name, tenant) = (&path.0.1, caller.tenant());
    if !app.model_scripts.delete(tenant, name).await? {
        return Err(Problem::not_found("model script", name));
    }
    caller.note(&app, Did::to("model_script.deleted", name)).await?;
    Ok(StatusCode::NO_CONTENT)
}
