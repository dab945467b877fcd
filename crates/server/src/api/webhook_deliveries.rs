//! What goes on with a webhook's deliveries: trying it, sending again, and what its endpoint never took.

use axum::extract::State;
use runtime::{
    access::scope,
    webhooks::{Attempted, DeadLetter},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Asked, Caller, Json, Named},
    noted::Did,
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(replay))
        .routes(routes!(test))
        .routes(routes!(dead_letters))
        .routes(routes!(retry))
}

/// From where events are sent again.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookReplay {
    /// Everything after the event of this number is sent again, as far as the webhook wants it; 0 for all.
    after: u64,
}

/// What became of a delivery.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookAttempt {
    /// Whether the endpoint took it.
    delivered: bool,
    /// The status that it answered; none without an answer.
    status: Option<u16>,
    /// What went wrong.
    reason: Option<String>,
}

impl From<Attempted> for WebhookAttempt {
    fn from(Attempted { delivered, status, reason }: Attempted) -> Self {
        Self { delivered, status, reason }
    }
}

/// An event that the endpoint did not take.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookDeadLetter {
    /// The event's number in the feed.
    seq: u64,
    /// What happened.
    #[serde(rename = "type")]
    kind: String,
    transcript: Option<String>,
    /// How often it was sent.
    attempts: u32,
    /// The status that was answered last; none without an answer.
    status: Option<u16>,
    /// What went wrong the last time.
    reason: String,
    failed_at: String,
}

impl From<DeadLetter> for WebhookDeadLetter {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { seq, kind, transcript, attempts, status, reason, failed_at } = letter;
        Self {
            seq,
            kind,
            transcript: transcript.map(|id| id.to_string()),
            attempts,
            status,
            reason,
            failed_at: failed_at.to_string(),
        }
    }
}

/// A part of the dead letters.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookDeadLetterPage {
    dead_letters: Vec<WebhookDeadLetter>,
    /// What to ask for next as `after`.
    next: u64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// Only events after this number; 0 for all.
    #[serde(default)]
    after: u64,
    /// How many at most: 1 to 1000.
    #[serde(default = "hundred")]
    limit: usize,
}

const fn hundred() -> usize {
    100
}

type Path = Named<(String, String)>;

/// Sends events again from a place in the feed, with the ids of the first time. It goes back only: the
/// answer says from where.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/webhooks/{id}/replay", tag = "Webhooks", operation_id = "replayWebhook",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The webhook")),
    request_body = WebhookReplay,
    responses(
        (status = 200, description = "After which event it goes on", body = WebhookReplay),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:deliver"]))
)]
async fn replay(
    app: State<App>,
    caller: Caller<scope::WebhooksDeliver>,
    path: Path,
    from: Json<WebhookReplay>,
) -> Result<axum::Json<WebhookReplay>, Problem> {
    let after = app.runtime.webhooks().replay(caller.tenant(), &path.0.1, from.0.after).await?;
    caller.note(&app, Did::to("webhook.replayed", &path.0.1).after(&WebhookReplay { after })).await?;
    Ok(axum::Json(WebhookReplay { after }))
}

/// Sends an event of the type `webhook.test` now, once, whether or not the webhook is enabled.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/webhooks/{id}/test", tag = "Webhooks", operation_id = "testWebhook",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "The webhook")),
    responses(
        (status = 200, description = "What the endpoint answered", body = WebhookAttempt),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:deliver"]))
)]
async fn test(
    app: State<App>,
    caller: Caller<scope::WebhooksDeliver>,
    path: Path,
) -> Result<axum::Json<WebhookAttempt>, Problem> {
    Ok(axum::Json(app.runtime.webhooks().test(caller.tenant(), &path.0.1).await?.into()))
}

/// Events that the endpoint never took, oldest first. At most 1,000 are kept.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/webhooks/{id}/dead-letters", tag = "Webhooks",
    operation_id = "listWebhookDeadLetters",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("id" = String, Path, description = "The webhook"),
        Part,
    ),
    responses(
        (status = 200, description = "The dead letters", body = WebhookDeadLetterPage),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:read"]))
)]
async fn dead_letters(
    app: State<App>,
    caller: Caller<scope::WebhooksRead>,
    path: Path,
    part: Asked<Part>,
) -> Result<axum::Json<WebhookDeadLetterPage>, Problem> {
    let Part { after, limit } = part.0;
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::invalid("limit", "It is out of range.", "Send 1 to 1000."));
    }
    let (webhooks, id) = (app.runtime.webhooks(), &path.0.1);
    webhooks.subscriptions().need(caller.tenant(), id).await?;
    let letters = webhooks.dead_letters().list(caller.tenant(), id, after, limit).await?;
    let next = letters.last().map_or(after, |letter| letter.seq);
    let dead_letters = letters.into_iter().map(WebhookDeadLetter::from).collect();
    Ok(axum::Json(WebhookDeadLetterPage { dead_letters, next }))
}

/// Sends a dead letter's event now, once. When the endpoint takes it, it is no dead letter any more.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/webhooks/{id}/dead-letters/{seq}/retry", tag = "Webhooks",
    operation_id = "retryWebhookDeadLetter",
    params(
        ("tenant" = String, Path, description = "The tenant"),
        ("id" = String, Path, description = "The webhook"),
        ("seq" = u64, Path, description = "The event's number in the feed"),
    ),
    responses(
        (status = 200, description = "What the endpoint answered", body = WebhookAttempt),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["webhooks:deliver"]))
)]
async fn retry(
    app: State<App>,
    caller: Caller<scope::WebhooksDeliver>,
    path: Named<(String, String, u64)>,
) -> Result<axum::Json<WebhookAttempt>, Problem> {
    let (_, id, seq) = &path.0;
    Ok(axum::Json(app.runtime.webhooks().retry(caller.tenant(), id, *seq).await?.into()))
}
