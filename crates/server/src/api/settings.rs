//! Settings of an agent's web chat.

use axum::extract::State;
use model::AgentId;
use runtime::{
    access::scope,
    settings::{ChatSecurity, ChatSettings},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
};
use crate::{app::App, opendialog::appearance, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, put))
}

/// Settings of a web chat.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Who may use it; everything is on when absent.
    #[serde(default)]
    security: Security,
    /// How it looks: sections `general`, `colours`, `comments`, `webchatHistory`, `bot`, `settings`.
    /// What is absent has its default.
    #[serde(default)]
    appearance: Map<String, Value>,
}

/// Who may use a web chat.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct Security {
    /// A visitor's id belongs to the browser that used it first.
    anonymous_authentication: bool,
    /// Messages must repeat a cookie as a header.
    csrf: bool,
    /// Only listed origins may call from a browser, and frame the chat.
    cors: bool,
    /// The origins, with protocol.
    #[schema(example = json!(["https://example.com"]))]
    allowed_origins: Vec<String>,
    /// Older paths, too, ask for the app key.
    app_key_on_older_paths: bool,
}

impl Default for Security {
    fn default() -> Self {
        ChatSecurity::default().into()
    }
}

impl From<ChatSettings> for Settings {
    fn from(settings: ChatSettings) -> Self {
        Self { security: settings.security.into(), appearance: settings.appearance }
    }
}

impl From<ChatSecurity> for Security {
    fn from(security: ChatSecurity) -> Self {
        let ChatSecurity { anonymous_authentication, csrf, cors, allowed_origins, app_key_on_older_paths } = security;
        Self { anonymous_authentication, csrf, cors, allowed_origins, app_key_on_older_paths }
    }
}

impl From<Security> for ChatSecurity {
    fn from(security: Security) -> Self {
        let Security { anonymous_authentication, csrf, cors, allowed_origins, app_key_on_older_paths } = security;
        Self { anonymous_authentication, csrf, cors, allowed_origins, app_key_on_older_paths }
    }
}

type Path = Named<(String, AgentId)>;

/// The settings of an agent's web chat.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents/{agent}/settings", tag = "Agents", operation_id = "getAgentSettings",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "The settings", body = Settings),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["settings:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::SettingsRead>,
    path: Path,
) -> Result<axum::Json<Settings>, Problem> {
    app.agents.need(caller.tenant(), path.0.1).await?;
    Ok(axum::Json(app.settings.get(caller.tenant(), path.0.1).await?.into()))
}

/// Replaces the settings of an agent's web chat; they apply at once.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/agents/{agent}/settings", tag = "Agents", operation_id = "putAgentSettings",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    request_body = Settings,
    responses(
        (status = 200, description = "The settings as they are now", body = Settings),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["settings:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::SettingsUpdate>,
    path: Path,
    settings: Json<Settings>,
) -> Result<axum::Json<Settings>, Problem> {
    app.agents.need(caller.tenant(), path.0.1).await?;
    let Settings { security, appearance } = settings.0;
    appearance::check(&appearance).map_err(|(field, remedy)| {
        Problem::invalid(format!("appearance.{field}"), "The setting is not acceptable.", remedy)
    })?;
    let settings = ChatSettings { security: security.into(), appearance };
    let (id, tenant) = (path.0.1, caller.tenant());
    let before = Settings::from(app.settings.get(tenant, id).await?);
    app.settings.put(tenant, id, &settings).await?;
    let settings = Settings::from(settings);
    caller.note(&app, Did::to("settings.updated", id).before(&before).after(&settings)).await?;
    app.directory.reload().await?;
    Ok(axum::Json(settings))
}
