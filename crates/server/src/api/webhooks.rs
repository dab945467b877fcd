//! Webhooks: where the tenant's events are sent, and which. What goes on with deliveries is in
//! `webhook_deliveries`.

use axum::{extract::State, http::StatusCode};
use model::{AgentId, Timestamp};
use runtime::{
    access::scope,
    webhooks::{Subscription, Target},
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
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, put, delete)).routes(routes!(rotate))
}

/// Where events are sent, and which.
#[derive(Debug, Serialize, ToSchema)]
struct Webhook {
    id: String,
    url: String,
    /// Types of events: exact, by what they start with (`transcript.*`), or all (`*`).
    events: Vec<String>,
    /// Ids of agents; of all when there are none.
    agents: Vec<String>,
    description: String,
    /// Whether events are sent now. Those that happen meanwhile wait.
    enabled: bool,
    /// Why Parlance disabled it, if it did.
    disabled_because: Option<String>,
    /// Until when the secret before this one signs too.
    previous_secret_until: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<Subscription> for Webhook {
    fn from(subscription: Subscription) -> Self {
        let Subscription { id, target, secrets, disabled_because, created_at, updated_at, .. } = subscription;
        Self {
            id,
            url: target.url,
            events: target.events,
            agents: target.agents.iter().map(ToString::to_string).collect(),
            description: target.description,
            enabled: target.enabled,
            disabled_because,
            previous_secret_until: secrets.previous_until(Timestamp::now()).map(|until| until.to_string()),
            created_at: created_at.to_string(),
            updated_at: updated_at.to_string(),
        }
    }
}

/// A webhook with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: Webhook,
    /// Verifies signatures: keep it where the endpoint is.
    #[schema(example = "whsec_…")]
    secret: String,
}

impl From<Subscription> for WebhookWithSecret {
    fn from(subscription: Subscription) -> Self {
        let secret = subscription.secrets.current().reveal().to_owned();
        Self { webhook: subscription.into(), secret }
    }
}

/// A webhook as it is noted: what follows a `?` in an address is often a secret.
fn noted(subscription: Subscription) -> Webhook {
    let mut webhook = Webhook::from(subscription);
    if let Some((address, _)) = webhook.url.split_once('?') {
        webhook.url = format!("{address}?…");
    }
    webhook
}

/// All webhooks of a tenant.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookList {
    webhooks: Vec<Webhook>,
}

/// What a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookTarget {
    /// Where events are sent: http:// or https://, at most 2,048 characters.
    #[schema(example = "https://example.com/parlance")]
    url: String,
    /// Types of events: exact (`turn.completed`), by what they start with (`transcript.*`), or all (`*`).
    #[serde(default = "all")]
    events: Vec<String>,
    /// Only events of these agents, by their ids; of all when there are none.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    agents: Vec<AgentId>,
    /// For people; at most 1,000 characters.
    #[serde(default)]
    description: String,
    /// Whether events are sent now. Those that happen meanwhile wait.
    #[serde(default = "enabled")]
    enabled: bool,
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

const fn enabled() -> bool {
    true
}

impl From<WebhookTarget> for Target {
    fn from(target: WebhookTarget) -> Self {
        let WebhookTarget { url, events, agents, description, enabled } = target;
        Self { url, events, agents, description, enabled }
    }
}

type Path = Named<(String, String)>;

/// Lists the tenant's webhooks, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/webhooks", tag = "Webhooks", operation_id = "listWebhooks",
    params(("tenant" = String, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The webhooks", body = WebhookList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:read"]))
)]
async fn list(app: State<App>, caller: Caller<scope::WebhooksRead>) -> Result<axum::Json<WebhookList>, Problem> {
    let webhooks = app.runtime.webhooks().subscriptions().list(caller.tenant()).await?;
    Ok(axum::Json(WebhookList { webhooks: webhooks.into_iter().map(Webhook::from).collect() }))
}

/// Makes a webhook for what happens from now on. The secret is shown this once. A tenant has at most 50.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/webhooks", tag = "Webhooks", operation_id = "createWebhook",
    params(("tenant" = String, Path, description = "The tenant")),
    request_body = WebhookTarget,
    responses(
        (status = 201, description = "The webhook and its secret", body = WebhookWithSecret),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::WebhooksCreate>,
    target: Json<WebhookTarget>,
) -> Result<(StatusCode, axum::Json<WebhookWithSecret>), Problem> {
    let webhooks = app.runtime.webhooks();
    let subscription = webhooks.subscriptions().create(caller.tenant(), target.0.into()).await?;
    webhooks.refresh().await;
    let did = Did::to("webhook.created", &subscription.id).after(&noted(subscription.clone()));
    caller.note(&app, did).await?;
    Ok((StatusCode::CREATED, axum::Json(subscription.into())))
}

/// One webhook, without its secret.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/webhooks/{id}", tag = "Webhooks", operation_id = "getWebhook",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:read"]))
)]
async fn get(app: State<App>, caller: Caller<scope::WebhooksRead>, path: Path) -> Result<axum::Json<Webhook>, Problem> {
    let subscription = app.runtime.webhooks().subscriptions().need(caller.tenant(), &path.0.1).await?;
    Ok(axum::Json(subscription.into()))
}

/// Replaces what a webhook is, all of it but its secret. Enabled again, it goes on where it stopped.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/webhooks/{id}", tag = "Webhooks", operation_id = "putWebhook",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The webhook")),
    request_body = WebhookTarget,
    responses(
        (status = 200, description = "The webhook", body = Webhook),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::WebhooksUpdate>,
    path: Path,
    target: Json<WebhookTarget>,
) -> Result<axum::Json<Webhook>, Problem> {
    let webhooks = app.runtime.webhooks();
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = webhooks.subscriptions().need(tenant, id).await?;
    let subscription = webhooks.subscriptions().put(tenant, id, target.0.into()).await?;
    webhooks.refresh().await;
    let did = Did::to("webhook.updated", id).before(&noted(before)).after(&noted(subscription.clone()));
    caller.note(&app, did).await?;
    Ok(axum::Json(subscription.into()))
}

/// Deletes a webhook and its dead letters.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/webhooks/{id}", tag = "Webhooks", operation_id = "deleteWebhook",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The webhook")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::WebhooksDelete>, path: Path) -> Result<StatusCode, Problem> {
    let webhooks = app.runtime.webhooks();
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = webhooks.subscriptions().need(tenant, id).await?;
    webhooks.subscriptions().delete(tenant, id).await?;
    webhooks.refresh().await;
    caller.note(&app, Did::to("webhook.deleted", id).before(&noted(before))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret, which is shown this once. For 24 hours both secrets sign.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/webhooks/{id}/rotate-secret", tag = "Webhooks",
    operation_id = "rotateWebhookSecret",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "The webhook and its new secret", body = WebhookWithSecret),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:update"]))
)]
async fn rotate(
    app: State<App>,
    caller: Caller<scope::WebhooksUpdate>,
    path: Path,
) -> Result<axum::Json<WebhookWithSecret>, Problem> {
    let webhooks = app.runtime.webhooks();
    let subscription = webhooks.subscriptions().rotate_secret(caller.tenant(), &path.0.1).await?;
    webhooks.refresh().await;
    let did = Did::to("webhook.secret_rotated", &subscription.id).after(&noted(subscription.clone()));
    caller.note(&app, did).await?;
    Ok(axum::Json(subscription.into()))
}
