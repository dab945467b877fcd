//! Deep links: `POST /public/api/generate-webchat-deep-link` and its older path make addresses that open the
//! full-page chat as a contact whose attributes are set already (spec/opendialog.md §1.5).
//!
//! Liberal in, exact out: both paths read all spellings that were ever documented. A bulk is made whole or
//! not at all, and every wrong row is named.

mod dataset;
mod opened;

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use model::{TenantId, Timestamp};
use runtime::{
    LoadedAgent, TurnError, access::scope, environment::catalogue::MAX_DEEP_LINKS, feature_flags::FeatureFlag,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Program, PublicCaller},
    refusal::{PublicRefusal, TOO_MANY},
};
use crate::{
    app::App,
    directory::{KnownAgent, Snapshot},
    intake,
    opendialog::{ErrorBody, refusal::Violations},
    rate_limits::Endpoint,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(generate)).routes(routes!(generate_before)).merge(opened::routes())
}

/// Largest body.
const MAX_BODY: usize = 4 << 20;
/// Longest time that a link may be good for, in seconds: ten years.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 3600;
/// Names of the scenario, of all times; the last two are of the time before `public`.
const SCENARIO: [&str; 4] = ["scenario_id", "scenarioId", "scenarioAlias", "scenario_alias"];

const NO_FULL_PAGE: &str = "Fullpage webchat routes are not enabled.";
const NO_SCENARIO: &str = "The selected scenario does not exist.";
const DRAFT: &str = "The selected scenario is a draft. Publish it before it can be used in a chat.";
const BROKEN: &str = "An error occurred while generating the deep link.";

/// Whom to make links for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never built: bodies are read field by field")]
struct DeepLinkRequest {
    /// The scenario's id or an alias. Also read: `scenarioId`, `scenarioAlias`.
    #[schema(example = "customer_support")]
    scenario_id: String,
    /// One row for each link; as many as `max_deep_links` of the configuration says, 100 by default.
    #[schema(min_items = 1)]
    dataset: Vec<DeepLinkRow>,
    /// How long the links are good for, in seconds; for ever without it. An extension of Parlance.
    #[schema(minimum = 1, maximum = 315360000)]
    expires_in: Option<u64>,
}

/// A contact, and what is known of them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described, never built: bodies are read field by field")]
struct DeepLinkRow {
    /// The contact's id; a UUID is made without one. Also read: `userId`.
    #[schema(min_length = 1, max_length = 384)]
    user_id: Option<String>,
    /// Attributes by name: texts, numbers, booleans, lists of them. A collection may be a text with commas.
    /// At most 500, names of 255 characters, values of 8 KiB.
    attributes: Map<String, Value>,
}

/// A link that was made.
#[derive(Debug, Serialize, ToSchema)]
struct DeepLink {
    /// The contact.
    user_id: String,
    /// What to send them.
    url: String,
}

/// Makes links that open the full-page chat with attributes set.
///
/// The attributes are stored when this answers, vouched for by the platform: a browser does not override
/// them. They are there from the contact's next message on, however it comes.
#[utoipa::path(
    post, path = "/public/api/generate-webchat-deep-link", tag = "Public APIs",
    operation_id = "generateWebchatDeepLink",
    request_body(content = DeepLinkRequest, example = json!({
        "scenario_id": "customer_support",
        "dataset": [{ "user_id": "user_12345", "attributes": { "name": "John Doe", "policies": "home, car" } }],
    })),
    responses(
        (status = 200, description = "A link for each row, in order", body = Vec<DeepLink>, example = json!([
            { "user_id": "user_12345", "url": "https://chat.example.com/l/0fJ3vZ1kQm6cR2xYb8TtWg" }
        ])),
        (status = 401, description = "The token is missing or not good", body = ErrorBody,
         example = json!({ "message": "Unauthenticated." })),
        (status = 403, description = "The token's user may not do this, or deep links are off for the tenant", body = ErrorBody,
         example = json!({ "message": "This action is unauthorized." })),
        (status = 404, description = "The agent's chat has no page of its own", body = ErrorBody,
         example = json!({ "message": "Fullpage webchat routes are not enabled." })),
        (status = 408, description = "The body did not arrive in time", body = ErrorBody),
        (status = 413, description = "The body is too large", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
        (status = 422, description = "Fields missing or wrong; every wrong row is named", body = ErrorBody,
         example = json!({
            "message": "The given data was invalid.",
            "errors": { "dataset.0.attributes": ["The attributes field is required."] },
         })),
        (status = 429, description = "Called too often", body = ErrorBody),
        (status = 500, description = "The server failed; nothing was changed", body = serde_json::Value,
         example = json!({ "error": "An error occurred while generating the deep link." })),
        (status = 503, description = "Too busy; try again", body = ErrorBody),
    ),
    security(("public_token" = ["links:create"]))
)]
async fn generate(
    app: State<App>,
    caller: PublicCaller<scope::LinksCreate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, PublicRefusal> {
    answer(&app, &caller, &headers, body).await
}

/// The same under its older path.
#[utoipa::path(
    post, path = "/api/generate-webchat-deeplink", tag = "Public APIs",
    operation_id = "generateWebchatDeepLinkBefore",
    request_body = DeepLinkRequest,
    responses(
        (status = 200, description = "A link for each row, in order", body = Vec<DeepLink>),
        (status = "4XX", description = "As for /public/api/generate-webchat-deep-link", body = ErrorBody),
        (status = "5XX", description = "As for /public/api/generate-webchat-deep-link", body = serde_json::Value),
    ),
    security(("public_token" = ["links:create"]))
)]
async fn generate_before(
    app: State<App>,
    caller: PublicCaller<scope::LinksCreate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, PublicRefusal> {
    answer(&app, &caller, &headers, body).await
}

async fn answer(app: &App, caller: &Program, headers: &HeaderMap, body: Body) -> Result<Response, PublicRefusal> {
    let admitted = caller.admit(app, Endpoint::DeepLinks, TOO_MANY)?;
    caller.require(FeatureFlag::DeepLinks)?;
    let body = intake::json(headers, body, MAX_BODY, app.options.body_timeout).await?;
    let links = create(app, caller, &app.public_url(headers), &object(&body)?).await?;
    Ok(admitted.answer(Json(links).into_response()))
}

async fn create(
    app: &App,
    caller: &Program,
    url: &str,
    body: &Map<String, Value>,
) -> Result<Vec<DeepLink>, PublicRefusal> {
    let tenant = caller.tenant();
    let mut wrong = Violations::default();
    let agent = scenario(app, tenant, body, &mut wrong).await;
    if agent.as_ref().is_some_and(|agent| !agent.full_page()) {
        return Err(PublicRefusal::NotFound(NO_FULL_PAGE));
    }
    let loaded = match &agent {
        Some(agent) => loaded(app, agent, &mut wrong).await?,
        None => None,
    };
    let declared = |name: &str| loaded.as_ref()?.scenario()?.scenario.declared_type(name);
    let most = caller.bound(MAX_DEEP_LINKS, app.options.max_deep_links);
    let invitations = dataset::read(body, most, declared, &mut wrong);
    let expires_at = expiry(body, &mut wrong);
    let agent = match agent {
        Some(agent) if wrong.is_empty() => agent,
        _ => return Err(wrong.into()),
    };
    let codes = app.links.create(tenant, agent.agent.id, expires_at, &invitations).await;
    let codes = codes.map_err(|error| ours(error.into()))?;
    let link = |(invitation, code): (&runtime::links::Invitation, String)| DeepLink {
        user_id: invitation.contact.to_string(),
        url: format!("{url}/l/{code}"),
    };
    Ok(invitations.iter().zip(codes).map(link).collect())
}

/// The body as an object; one that is not there has no fields.
fn object(body: &[u8]) -> Result<Map<String, Value>, PublicRefusal> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Violations::of("body", "The body must be a JSON object.").into()),
        Err(error) => Err(Violations::of("body", format!("The body is not valid JSON: {error}.")).into()),
    }
}

/// The agent that the body names, if it serves visitors.
async fn scenario(
    app: &App,
    tenant: &TenantId,
    body: &Map<String, Value>,
    wrong: &mut Violations,
) -> Option<Arc<KnownAgent>> {
    let mut agent: Option<Arc<KnownAgent>> = None;
    let mut given = false;
    for field in SCENARIO {
        let name = match body.get(field) {
            None | Some(Value::Null) => continue,
            Some(Value::String(name)) if name.is_empty() => continue,
            Some(Value::String(name)) => name,
            Some(_) => {
                given = true;
                wrong.add(field, format!("The {field} must be a string."));
                continue;
            }
        };
        given = true;
        match named(app, tenant, name).await {
            None => wrong.add(field, NO_SCENARIO),
            Some(found) if !found.serves() => wrong.add(field, DRAFT),
            Some(found) if agent.as_ref().is_some_and(|agent| agent.agent.id != found.agent.id) => {
                wrong.add(field, format!("The {field} must name the same scenario as the other fields do."));
            }
            Some(found) => agent = Some(found),
        }
    }
    if !given {
        wrong.add("scenario_id", "The scenario_id field is required.");
    }
    agent
}

/// An agent by id or alias.
async fn named(app: &App, tenant: &TenantId, name: &str) -> Option<Arc<KnownAgent>> {
    let find = |known: Arc<Snapshot>| {
        let tenant = known.tenant(tenant.as_str())?;
        known.named(tenant, name).map(|named| named.agent)
    };
    match find(app.directory.now()) {
        Some(agent) if agent.serves() => Some(agent),
        // It may have been made or published a moment ago by another process.
        _ => {
            app.directory.refresh().await;
            find(app.directory.now())
        }
    }
}

/// The version of the agent that serves, since it says which attributes are collections.
async fn loaded(
    app: &App,
    agent: &KnownAgent,
    wrong: &mut Violations,
) -> Result<Option<Arc<LoadedAgent>>, PublicRefusal> {
    match app.runtime.in_service(agent.tenant.id(), agent.agent.id).await {
        Ok(loaded) => return Ok(Some(loaded)),
        // Taken out of service in this very moment.
        Err(TurnError::UnknownAgent | TurnError::UnknownTranscript | TurnError::GoneOn | TurnError::Refused(_)) => {
            wrong.add("scenario_id", NO_SCENARIO)
        }
        Err(TurnError::NoActiveVersion) => wrong.add("scenario_id", DRAFT),
        Err(TurnError::Overloaded { retry_after }) => return Err(PublicRefusal::Busy(retry_after)),
        Err(TurnError::ShuttingDown | TurnError::TimedOut(_)) => {
            return Err(PublicRefusal::Busy(Duration::from_secs(1)));
        }
        Err(TurnError::Store(error)) => return Err(ours(error.into())),
        Err(TurnError::Broken(cause)) => return Err(PublicRefusal::Broken(BROKEN, cause)),
    }
    Ok(None)
}

/// When the links stop being good.
fn expiry(body: &Map<String, Value>, wrong: &mut Violations) -> Option<Timestamp> {
    let given = body.get("expires_in").filter(|value| !value.is_null())?;
    let seconds = given.as_u64().filter(|seconds| (1..=MAX_SECONDS).contains(seconds));
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
    if seconds.is_none() {
        let complaint = format!("The expires_in must be a whole number of seconds from 1 to {MAX_SECONDS}.");
        wrong.add("expires_in", complaint);
    }
    Some(Timestamp(Timestamp::now().0 + seconds? * 1_000_000))
}

/// What went wrong in the words of this endpoint.
fn ours(refusal: PublicRefusal) -> PublicRefusal {
    match refusal {
        PublicRefusal::Broken(_, cause) => PublicRefusal::Broken(BROKEN, cause),
        other => other,
    }
}
