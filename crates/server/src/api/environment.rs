//! Environment values of a tenant (rows DA-D5 to DA-D9).
//!
//! No answer has the value of a secret in it, errors included: bodies are read field by field, because the messages
//! of a deserialiser quote what they do not understand.

use axum::{
    extract::{FromRequest, Request, State},
    http::StatusCode,
};
use runtime::{
    access::scope,
    environment::{self, Setting, Source},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Named, body},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, delete))
}

/// All keys.
#[derive(Debug, Serialize, ToSchema)]
struct EnvironmentList {
    values: Vec<EnvironmentValue>,
}

/// A key with what it is for the tenant.
#[derive(Debug, Serialize, ToSchema)]
struct EnvironmentValue {
    #[schema(example = "Javascript.AllowedDomains")]
    key: &'static str,
    /// `Value` or `Secret`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `string`, `url`, `domains`, `integer`, `boolean`, `enum`, `duration` or `secret`.
    format: &'static str,
    /// What a value must look like.
    rule: String,
    /// What it is for, and what reads it.
    description: &'static str,
    /// `Default` or `Tenant override`.
    source: &'static str,
    /// `Configured` once the tenant has set it, `Not configured` before.
    status: &'static str,
    /// What counts now; `Hidden` for secrets.
    value: Option<Scalar>,
    /// What counts while the tenant has not set it.
    default: Option<Scalar>,
    /// When the tenant set it.
    updated_at: Option<String>,
}

/// A value.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Scalar {
    Boolean(bool),
    Integer(i64),
    Text(String),
}

impl From<environment::Scalar> for Scalar {
    fn from(scalar: environment::Scalar) -> Self {
        match scalar {
            environment::Scalar::Boolean(truth) => Self::Boolean(truth),
            environment::Scalar::Integer(number) => Self::Integer(number),
            environment::Scalar::Text(text) => Self::Text(text),
        }
    }
}

impl From<Setting> for EnvironmentValue {
    fn from(setting: Setting) -> Self {
        let Setting { entry, source, value, updated_at } = setting;
        Self {
            key: entry.key,
            kind: if entry.is_secret() { "Secret" } else { "Value" },
            format: entry.format.name(),
            rule: entry.format.rule(),
            description: entry.description,
            source: source.as_str(),
            status: match source {
                Source::TenantOverride => "Configured",
                Source::Default => "Not configured",
            },
            value: if entry.is_secret() { Some(Scalar::Text("Hidden".to_owned())) } else { value.map(Scalar::from) },
            default: entry.default_value().map(Scalar::from),
            updated_at: updated_at.map(|at| at.to_string()),
        }
    }
}

/// What the audit log says of a value.
#[derive(Debug, Serialize)]
struct Noted {
    source: &'static str,
    /// The log hides whatever is called `value`.
    effective: Option<Scalar>,
}

impl From<Setting> for Noted {
    fn from(setting: Setting) -> Self {
        let EnvironmentValue { source, value: effective, .. } = setting.into();
        Self { source, effective }
    }
}

/// What a key is to be.
#[expect(dead_code, reason = "described, never built: the body is read field by field")]
#[derive(ToSchema)]
struct NewEnvironmentValue {
    /// Of the key's format; a text for secrets.
    value: Scalar,
}

type Path = Named<(String, String)>;

/// Lists all keys with what they are for the tenant. Secrets show as `Hidden`.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/environment", tag = "Tenant", operation_id = "listEnvironment",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The keys", body = EnvironmentList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["environment:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::EnvironmentRead>) -> Result<axum::Json<EnvironmentList>, Problem> {
    let settings = app.environment.list(caller.tenant()).await?;
    Ok(axum::Json(EnvironmentList { values: settings.into_iter().map(EnvironmentValue::from).collect() }))
}

/// One key with what it is for the tenant.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/environment/{key}", tag = "Tenant", operation_id = "getEnvironmentValue",
    params(("tenant" = String, Path, description = "The tenant"), ("key" = String, Path, description = "A key of the list")),
    responses(
        (status = 200, description = "The key", body = EnvironmentValue),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["environment:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::EnvironmentRead>,
    path: Path,
) -> Result<axum::Json<EnvironmentValue>, Problem> {
    Ok(axum::Json(app.environment.need(caller.tenant(), &path.0.1).await?.into()))
}

/// Sets a key for the tenant; it counts at once. Only keys of the list can be set.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/environment/{key}", tag = "Tenant", operation_id = "putEnvironmentValue",
    params(("tenant" = String, Path, description = "The tenant"), ("key" = String, Path, description = "A key of the list")),
    request_body = NewEnvironmentValue,
    responses(
        (status = 200, description = "The key as it is now", body = EnvironmentValue),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["environment:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::EnvironmentUpdate>,
    path: Path,
    new: NewValue,
) -> Result<axum::Json<EnvironmentValue>, Problem> {
    let (key, tenant) = (&path.0.1, caller.tenant());
    let before = Noted::from(app.environment.need(tenant, key).await?);
    let setting = app.environment.set(tenant, key, &new.0).await?;
    let after = Noted::from(setting.clone());
    caller.note(&app, Did::to("environment.updated", key).before(&before).after(&after)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(setting.into()))
}

/// Takes back what the tenant set: the default counts again.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/environment/{key}", tag = "Tenant", operation_id = "deleteEnvironmentValue",
    params(("tenant" = String, Path, description = "The tenant"), ("key" = String, Path, description = "A key of the list")),
    responses(
        (status = 204, description = "The default counts"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["environment:update"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::EnvironmentUpdate>, path: Path) -> Result<StatusCode, Problem> {
    let (key, tenant) = (&path.0.1, caller.tenant());
    let before = Noted::from(app.environment.need(tenant, key).await?);
    if !app.environment.unset(tenant, key).await? {
        return Err(Problem::not_found("value of the tenant's for", key));
    }
    let after = Noted::from(app.environment.need(tenant, key).await?);
    caller.note(&app, Did::to("environment.deleted", key).before(&before).after(&after)).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A secret of 64 KiB in JSON, with room for escapes.
const LARGEST_BODY: usize = 512 * 1024;

/// The value in a request's body.
struct NewValue(Value);

impl FromRequest<App> for NewValue {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let body = body(request, app, LARGEST_BODY).await?;
        let Ok(Value::Object(mut fields)) = serde_json::from_slice(&body) else {
            return Err(Problem::invalid("body", "It is no JSON object.", "Send the JSON that the API describes."));
        };
        let value = fields.remove("value");
        match (value, fields.keys().next()) {
            (Some(value), None) => Ok(Self(value)),
            (None, _) => Err(Problem::invalid("value", "It is missing.", "Send the value that the key is to have.")),
            (Some(_), Some(field)) => {
                Err(Problem::invalid(field, "There is no such field.", "Send `value` and nothing else."))
            }
        }
    }
}
