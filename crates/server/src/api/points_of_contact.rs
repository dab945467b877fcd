//! Points of contact: addresses on channels, and the flows that answer there (rows DA-C1 to DA-C3, DA-C14, DA-C15).

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use model::AgentId;
use runtime::{
    access::scope,
    documents::{DocumentError, Versioned},
    endpoints::{self, ChannelType, Endpoint, EndpointEnvironment, EndpointFilter, EndpointTerms},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    access::{Asked, Caller, Json, Named, Principal},
    camel::refused,
    noted::Did,
    revision::{IfMatch, Revised},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, replace, delete))
        .routes(routes!(configure))
        .routes(routes!(renew_chat_code, revoke_chat_code))
}

/// What people call a channel.
pub(super) const fn channel_name(channel: ChannelType) -> &'static str {
    match channel {
        ChannelType::Phone => "Phone",
        ChannelType::Sms => "SMS",
        ChannelType::Email => "Email",
        ChannelType::Web => "Web",
        ChannelType::Slack => "Slack",
    }
}

/// Whom a point of contact is for, in a word.
pub(super) const fn environment_name(environment: EndpointEnvironment) -> &'static str {
    match environment {
        EndpointEnvironment::Production => "Production",
        EndpointEnvironment::InternalTesting => "InternalTesting",
    }
}

fn channel_of(field: &str, name: &str) -> Result<ChannelType, Problem> {
    let found = ChannelType::ALL.into_iter().find(|channel| channel_name(*channel).eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        Problem::invalid(field, "There is no such channel.", "Write `Phone`, `SMS`, `Email`, `Web` or `Slack`.")
    })
}

/// Also as it stands on the page: `Internal Testing`.
fn environment_of(field: &str, name: &str) -> Result<EndpointEnvironment, Problem> {
    let all = [EndpointEnvironment::Production, EndpointEnvironment::InternalTesting];
    let name = name.replace(' ', "");
    let found = all.into_iter().find(|one| environment_name(*one).eq_ignore_ascii_case(&name));
    found.ok_or_else(|| {
        Problem::invalid(field, "There is no such environment.", "Write `Production` or `InternalTesting`.")
    })
}

/// A point of contact.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PointOfContact {
    id: String,
    friendly_name: String,
    /// `Phone`, `SMS`, `Email`, `Web` or `Slack`.
    channel_type: &'static str,
    /// The telephone number, mail address or Slack team.
    address: Option<String>,
    /// On the web: what `renderModal`, chat links and `X-DialAi-Chat-Link` carry.
    chat_code: Option<String>,
    /// On the web: the page of the chat.
    chat_url: Option<String>,
    /// When the chat code stopped being good.
    revoked_at: Option<String>,
    /// `Production` or `InternalTesting`.
    environment: &'static str,
    /// The flow that answers, when it is one alone.
    flow_id: Option<String>,
    /// Its version, when it is one alone; null follows the draft.
    version: Option<u32>,
    /// What answers, and how often.
    variants: Vec<PointOfContactVariant>,
    enabled: bool,
    /// Pages that may call it from a browser; any when empty.
    origins: Vec<String>,
    /// Most messages a minute; null: no limit.
    rate_limit_per_minute: Option<u32>,
    /// What the channel needs to know.
    configuration: Map<String, Value>,
    created_at: String,
    updated_at: String,
}

/// A variant of a point of contact.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PointOfContactVariant {
    flow_id: String,
    /// A published version; null follows the draft.
    #[serde(default)]
    version: Option<u32>,
    /// Its part of the sum of all weights.
    #[serde(default = "whole_weight")]
    #[schema(maximum = 1000000)]
    weight: u32,
}

/// One flow is one variant with all the weight.
const fn whole_weight() -> u32 {
    100
}

impl PointOfContact {
    fn of(app: &App, headers: &HeaderMap, endpoint: Endpoint) -> Self {
        let Endpoint { id, terms, revoked_at, configuration, created_at, updated_at } = endpoint;
        let only = match terms.variants.as_slice() {
            [only] => Some((only.flow.to_string(), only.version)),
            _ => None,
        };
        let chat_code = terms.chat_code.map(|code| code.to_string());
        let variant = |variant: endpoints::Variant| PointOfContactVariant {
            flow_id: variant.flow.to_string(),
            version: variant.version,
            weight: variant.weight,
        };
        Self {
            id,
            friendly_name: terms.friendly_name,
            channel_type: channel_name(terms.channel_type),
            address: terms.address,
            chat_url: chat_code.as_ref().map(|code| format!("{}/chat/{code}", app.public_url(headers))),
            chat_code,
            revoked_at: revoked_at.map(|at| at.to_string()),
            environment: environment_name(terms.environment),
            flow_id: only.as_ref().map(|(flow, _)| flow.clone()),
            version: only.and_then(|(_, version)| version),
            variants: terms.variants.into_iter().map(variant).collect(),
            enabled: terms.enabled,
            origins: terms.origins,
            rate_limit_per_minute: terms.rate_limit_per_minute,
            configuration,
            created_at: created_at.to_string(),
            updated_at: updated_at.to_string(),
        }
    }

    /// As it is noted: who may read the audit log may not chat, and settings of a channel are not for it.
    fn noted(app: &App, endpoint: &Endpoint) -> Self {
        let shown = Self::of(app, &HeaderMap::new(), endpoint.clone());
        Self { chat_code: None, chat_url: None, configuration: Map::new(), ..shown }
    }
}

/// Points of contact of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PointOfContactList {
    points_of_contact: Vec<PointOfContact>,
}

/// What is decided about a point of contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PointOfContactTerms {
    friendly_name: String,
    /// `Phone`, `SMS`, `Email`, `Web` or `Slack`; it stays.
    channel_type: String,
    /// The telephone number (`+14165550123`), mail address or Slack team.
    #[serde(default)]
    address: Option<String>,
    /// On the web: a UUID; made when absent, and kept.
    #[serde(default)]
    chat_code: Option<String>,
    /// `Production` (when absent) or `InternalTesting`.
    #[serde(default)]
    environment: Option<String>,
    /// The flow that answers, where there are no variants.
    #[serde(default)]
    flow_id: Option<String>,
    /// Its published version; null follows the draft.
    #[serde(default)]
    version: Option<u32>,
    /// Several flows or versions that share the conversations.
    #[serde(default)]
    variants: Option<Vec<PointOfContactVariant>>,
    #[serde(default = "enabled")]
    enabled: bool,
    /// Pages that may call it from a browser; any when empty.
    #[serde(default)]
    origins: Vec<String>,
    #[serde(default)]
    rate_limit_per_minute: Option<u32>,
}

const fn enabled() -> bool {
    true
}

impl PointOfContactTerms {
    fn read(self) -> Result<EndpointTerms, Problem> {
        let variants = match (self.flow_id, self.variants) {
            (None, Some(variants)) if self.version.is_none() => variants,
            (Some(flow_id), None) => vec![PointOfContactVariant { flow_id, version: self.version, weight: 100 }],
            (None, None) => {
                let remedy = "Name a flow with `flowId`, or several with `variants`.";
                return Err(Problem::invalid("flowId", "Nothing answers there.", remedy));
            }
            _ => {
                let remedy = "Send `flowId` and `version`, or `variants`, which have their own.";
                return Err(Problem::invalid("variants", "What answers is said twice.", remedy));
            }
        };
        let mut read = Vec::new();
        for (at, variant) in variants.into_iter().enumerate() {
            let PointOfContactVariant { flow_id, version, weight } = variant;
            let flow: AgentId = flow_id.parse().map_err(|_| {
                let field = format!("variants[{at}].flowId");
                Problem::invalid(field, "It is no id.", "Name a flow of the tenant by its id.")
            })?;
            read.push(endpoints::Variant { flow, version, weight });
        }
        let chat_code = self.chat_code.as_deref().map(Uuid::parse_str).transpose();
        let chat_code =
            chat_code.map_err(|_| Problem::invalid("chatCode", "It is no UUID.", "Leave it out: a code is made."))?;
        Ok(EndpointTerms {
            friendly_name: self.friendly_name,
            channel_type: channel_of("channelType", &self.channel_type)?,
            address: self.address,
            chat_code,
            environment: match &self.environment {
                Some(name) => environment_of("environment", name)?,
                None => EndpointEnvironment::Production,
            },
            variants: read,
            enabled: self.enabled,
            origins: self.origins,
            rate_limit_per_minute: self.rate_limit_per_minute,
        })
    }
}

type Path = Named<(String, String)>;
type Answer = Revised<axum::Json<PointOfContact>>;

fn shown(app: &App, headers: &HeaderMap, found: Versioned<Endpoint>) -> Answer {
    Revised(found.version, axum::Json(PointOfContact::of(app, headers, found.value)))
}

/// What is stored is called an endpoint; people know it as a point of contact.
fn named(error: DocumentError) -> Problem {
    match error {
        DocumentError::NotFound { id, .. } => Problem::not_found("point of contact", &id),
        other => refused(other),
    }
}

/// Which points of contact are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct Listing {
    /// Only those on this channel: `Phone`, `SMS`, `Email`, `Web` or `Slack`.
    channel_type: Option<String>,
    /// Only those for these: `Production` or `InternalTesting`.
    environment: Option<String>,
    /// Only those where this flow answers.
    flow_id: Option<String>,
}

/// Lists the tenant's points of contact, oldest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/points-of-contact", tag = "Points of contact", operation_id = "listPointsOfContact",
    params(("tenant" = String, Path, description = "The tenant"), Listing),
    responses(
        (status = 200, description = "The points of contact", body = PointOfContactList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::ChannelsRead>,
    asked: Asked<Listing>,
    headers: HeaderMap,
) -> Result<axum::Json<PointOfContactList>, Problem> {
    let Listing { channel_type, environment, flow_id } = asked.0;
    let flow = flow_id.as_deref().map(str::parse::<AgentId>).transpose();
    let filter = EndpointFilter {
        channel_type: channel_type.as_deref().map(|name| channel_of("channelType", name)).transpose()?,
        environment: environment.as_deref().map(|name| environment_of("environment", name)).transpose()?,
        flow: flow.map_err(|_| Problem::invalid("flowId", "It is no id.", "Name a flow by its id."))?,
    };
    let found = app.endpoints.list(caller.tenant(), filter).await?;
    let points_of_contact = found.into_iter().map(|one| PointOfContact::of(&app, &headers, one)).collect();
    Ok(axum::Json(PointOfContactList { points_of_contact }))
}

/// Makes a point of contact.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/points-of-contact", tag = "Points of contact", operation_id = "createPointOfContact",
    params(("tenant" = String, Path, description = "The tenant")), request_body = PointOfContactTerms,
    responses(
        (status = 201, description = "The point of contact", body = PointOfContact, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:create"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::ChannelsCreate>,
    headers: HeaderMap,
    terms: Json<PointOfContactTerms>,
) -> Result<(StatusCode, Answer), Problem> {
    let made = app.endpoints.create(caller.tenant(), terms.0.read()?).await.map_err(named)?;
    let did = Did::to("point_of_contact.created", &made.value.id).after(&PointOfContact::noted(&app, &made.value));
    caller.note(&app, did).await?;
    app.directory.reload().await?;
    Ok((StatusCode::CREATED, shown(&app, &headers, made)))
}

/// A point of contact.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/points-of-contact/{id}", tag = "Points of contact", operation_id = "getPointOfContact",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The point of contact", body = PointOfContact, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::ChannelsRead>,
    path: Path,
    headers: HeaderMap,
) -> Result<Answer, Problem> {
    let found = app.endpoints.need(caller.tenant(), &path.0.1).await.map_err(named)?;
    Ok(shown(&app, &headers, found))
}

/// Replaces what is decided about a point of contact. Its channel and configuration stay, and its chat code unless
/// another is given.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/points-of-contact/{id}", tag = "Points of contact", operation_id = "replacePointOfContact",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was read; another one is 412"),
    ),
    request_body = PointOfContactTerms,
    responses(
        (status = 200, description = "The point of contact", body = PointOfContact, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:update"]))
)]
async fn replace(
    app: State<App>,
    caller: Caller<scope::ChannelsUpdate>,
    path: Path,
    headers: HeaderMap,
    revision: IfMatch,
    terms: Json<PointOfContactTerms>,
) -> Result<Answer, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.endpoints.need(tenant, id).await.map_err(named)?;
    let revision = revision.of(before.version)?;
    let after = app.endpoints.replace(tenant, id, terms.0.read()?, revision).await.map_err(named)?;
    note(&app, &caller, "point_of_contact.updated", &before.value, &after.value).await?;
    Ok(shown(&app, &headers, after))
}

async fn note(
    app: &App,
    caller: &Principal,
    action: &'static str,
    before: &Endpoint,
    after: &Endpoint,
) -> Result<(), Problem> {
    let did = Did::to(action, &after.id).before(&PointOfContact::noted(app, before));
    caller.note(app, did.after(&PointOfContact::noted(app, after))).await?;
    // A link that was shut is shut for the next request.
    Ok(app.directory.reload().await?)
}

/// Deletes a point of contact. What was said there stays.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/points-of-contact/{id}", tag = "Points of contact", operation_id = "deletePointOfContact",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:delete"]))
)]
async fn delete(app: State<App>, caller: Caller<scope::ChannelsDelete>, path: Path) -> Result<StatusCode, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.endpoints.need(tenant, id).await.map_err(named)?.value;
    app.endpoints.delete(tenant, id).await.map_err(named)?;
    let did = Did::to("point_of_contact.deleted", id).before(&PointOfContact::noted(&app, &before));
    caller.note(&app, did).await?;
    app.directory.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces what the channel of a point of contact needs to know: a voice, a callback, a display name. Each channel
/// reads the fields that it knows.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/points-of-contact/{id}/channel-configuration", tag = "Points of contact",
    operation_id = "update-channel-specific-configuration",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The revision that was read; another one is 412"),
    ),
    request_body = Map<String, Value>,
    responses(
        (status = 200, description = "The point of contact", body = PointOfContact, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:update"]))
)]
async fn configure(
    app: State<App>,
    caller: Caller<scope::ChannelsUpdate>,
    path: Path,
    headers: HeaderMap,
    revision: IfMatch,
    configuration: Json<Map<String, Value>>,
) -> Result<Answer, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.endpoints.need(tenant, id).await.map_err(named)?;
    let revision = revision.of(before.version)?;
    let after = app.endpoints.configure(tenant, id, configuration.0, revision).await.map_err(named)?;
    note(&app, &caller, "point_of_contact.configured", &before.value, &after.value).await?;
    Ok(shown(&app, &headers, after))
}

/// Gives a point of contact on the web a new chat code. The old one stops being good at once.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/points-of-contact/{id}/chat-code", tag = "Points of contact", operation_id = "renewChatCode",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The point of contact", body = PointOfContact, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:update"]))
)]
async fn renew_chat_code(
    app: State<App>,
    caller: Caller<scope::ChannelsUpdate>,
    path: Path,
    headers: HeaderMap,
) -> Result<Answer, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.endpoints.need(tenant, id).await.map_err(named)?.value;
    let after = app.endpoints.renew_chat_code(tenant, id).await.map_err(named)?;
    note(&app, &caller, "point_of_contact.chat_code_renewed", &before, &after.value).await?;
    Ok(shown(&app, &headers, after))
}

/// Makes the chat code of a point of contact stop being good, until it gets a new one.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/points-of-contact/{id}/chat-code", tag = "Points of contact", operation_id = "revokeChatCode",
    params(("tenant" = String, Path, description = "The tenant"), ("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The point of contact", body = PointOfContact, headers(("ETag" = String, description = "Its revision"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["channels:update"]))
)]
async fn revoke_chat_code(
    app: State<App>,
    caller: Caller<scope::ChannelsUpdate>,
    path: Path,
    headers: HeaderMap,
) -> Result<Answer, Problem> {
    let (id, tenant) = (&path.0.1, caller.tenant());
    let before = app.endpoints.need(tenant, id).await.map_err(named)?.value;
    let after = app.endpoints.revoke(tenant, id).await.map_err(named)?;
    note(&app, &caller, "point_of_contact.chat_code_revoked", &before, &after.value).await?;
    Ok(shown(&app, &headers, after))
}
