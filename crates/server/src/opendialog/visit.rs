//! Who calls the Chat API, about which agent, and whether they may: app key, OPENDIALOG headers,
//! anonymous authentication, CSRF (spec/opendialog.md §5.1.1).

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use model::ContactId;

use super::{
    anonymous::{self, Proof},
    cookies::{Readable, set_cookie},
    csrf, envelope,
    refusal::{Refusal, SCENARIO_FIELD, Violations},
};
use crate::{
    app::{Shared, bearer, host_label, text},
    directory::{KnownAgent, KnownTenant, Named, Snapshot},
};

const USER_HEADER: &str = "OPENDIALOG-USER-ID";
const SCENARIO_HEADER: &str = "OPENDIALOG-SCENARIO-ID";

/// Which generation of paths was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    /// `/chat-api/*`: app key and OPENDIALOG headers are asked for.
    Current,
    /// The paths before 3.0: neither is, where the agent allows it.
    Older,
}

/// Whether a request changes something; only then is CSRF of concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Writes,
}

/// What the rest of a request says of its caller.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Claims<'r> {
    /// The visitor, as body or query name it.
    pub(crate) user: Option<&'r str>,
    /// The scenario, as body or query name it.
    pub(crate) scenario: Option<&'r str>,
}

/// A caller that may go on.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) tenant: Arc<KnownTenant>,
    /// None when the agents' conditions choose.
    pub(crate) agent: Option<Arc<KnownAgent>>,
    pub(crate) contact: ContactId,
    /// A CSRF token for the page, when the agent asks for one.
    pub(crate) csrf: Option<String>,
    cookies: Vec<HeaderValue>,
}

impl Visit {
    /// The answer, with the cookies that the visitor is to keep.
    pub(crate) fn answer(self, mut response: Response) -> Response {
        for cookie in self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// Refuses callers whose app key is nobody's, before anything else of their request is looked at.
pub(crate) async fn require_key(app: &Shared, generation: Generation, headers: &HeaderMap) -> Result<(), Refusal> {
    match key(&app.directory.now(), generation, headers) {
        Err(_) if bearer(headers).is_some() => {
            app.directory.refresh().await;
            key(&app.directory.now(), generation, headers).map(drop)
        }
        other => other.map(drop),
    }
}

/// The agent whose app key the caller has.
fn key<'k>(
    known: &'k Snapshot,
    generation: Generation,
    headers: &HeaderMap,
) -> Result<Option<&'k Arc<KnownAgent>>, Refusal> {
    match bearer(headers) {
        Some(key) => known.by_app_key(key).map(Some).ok_or(Refusal::Unauthenticated),
        None if generation == Generation::Current => Err(Refusal::Unauthenticated),
        None => Ok(None),
    }
}

/// Checks a caller; nothing is changed when they are refused.
pub(crate) async fn admit(
    app: &Shared,
    generation: Generation,
    effect: Effect,
    headers: &HeaderMap,
    claims: Claims<'_>,
) -> Result<Visit, Refusal> {
    let contact = visitor(generation, headers, claims)?;
    let (tenant, agent) = match called(&app.directory.now(), generation, headers, claims) {
        // What they name may have been made or published a moment ago by another process.
        Err(_) => {
            app.directory.refresh().await;
            called(&app.directory.now(), generation, headers, claims)?
        }
        Ok(called) => called,
    };
    guard(app, effect, headers, tenant, agent, contact).await
}

type Called = (Arc<KnownTenant>, Option<Arc<KnownAgent>>);

/// Which tenant and agent are called, if the caller may call them.
fn called(
    known: &Snapshot,
    generation: Generation,
    headers: &HeaderMap,
    claims: Claims<'_>,
) -> Result<Called, Refusal> {
    let key = key(known, generation, headers)?;
    let scenario = scenario(generation, headers, claims)?;
    let tenant = tenant(known, headers, key, scenario)?;
    let agent = agent(known, generation, &tenant, key, headers, scenario, claims)?;
    Ok((tenant, agent))
}

fn visitor(generation: Generation, headers: &HeaderMap, claims: Claims<'_>) -> Result<ContactId, Refusal> {
    let mut wrong = Violations::default();
    let header = text(headers, USER_HEADER).filter(|id| !id.is_empty());
    let (named, field) = match (header, generation) {
        (Some(id), _) => (Some(id), USER_HEADER),
        (None, Generation::Older) => (claims.user, "user_id"),
        (None, Generation::Current) => (None, USER_HEADER),
    };
    if named.is_none() {
        wrong.add(field, format!("The {field} {} is required.", noun(field)));
    }
    if generation == Generation::Current && text(headers, SCENARIO_HEADER).is_none_or(str::is_empty) {
        wrong.add(SCENARIO_HEADER, format!("The {SCENARIO_HEADER} header is required."));
    }
    if let (Some(header), Some(claimed)) = (header, claims.user)
        && header != claimed
    {
        wrong.add("user_id", format!("The user_id must be the one of the {USER_HEADER} header."));
    }
    match envelope::contact_id(named, field, &mut wrong) {
        Some(contact) => wrong.or(contact),
        None => Err(Refusal::Invalid(wrong)),
    }
}

fn noun(field: &str) -> &'static str {
    if field == USER_HEADER { "header" } else { "field" }
}

/// What the caller names as the scenario, and under which field.
fn scenario<'r>(
    generation: Generation,
    headers: &'r HeaderMap,
    claims: Claims<'r>,
) -> Result<Option<(&'r str, &'static str)>, Refusal> {
    let header = text(headers, SCENARIO_HEADER).filter(|name| !name.is_empty());
    Ok(match (header, generation) {
        (Some(name), _) => Some((name, SCENARIO_HEADER)),
        (None, Generation::Older) => claims.scenario.map(|name| (name, SCENARIO_FIELD)),
        (None, Generation::Current) => {
            let complaint = format!("The {SCENARIO_HEADER} header is required.");
            return Err(Violations::of(SCENARIO_HEADER, complaint).into());
        }
    })
}

/// By host name, else by app key, else by scenario, else the default one.
fn tenant(
    known: &Snapshot,
    headers: &HeaderMap,
    key: Option<&Arc<KnownAgent>>,
    scenario: Option<(&str, &str)>,
) -> Result<Arc<KnownTenant>, Refusal> {
    let host = host_label(headers).and_then(|label| known.tenant(label));
    match (host, key) {
        (Some(host), Some(key)) if key.tenant.id() != host.id() => return Err(Refusal::Unauthenticated),
        (Some(host), _) => return Ok(host.clone()),
        (None, Some(key)) => return Ok(key.tenant.clone()),
        (None, None) => {}
    }
    let by_id = scenario.and_then(|(name, _)| name.parse().ok()).and_then(|id| known.agent(id));
    let tenant = by_id.map(|agent| &agent.tenant).or_else(|| known.default_tenant());
    tenant.cloned().ok_or_else(|| Violations::of(SCENARIO_FIELD, "There is no scenario here yet.").into())
}

/// The agent that is called; none when nothing names one and the agents' conditions may choose.
fn agent(
    known: &Snapshot,
    generation: Generation,
    tenant: &KnownTenant,
    key: Option<&Arc<KnownAgent>>,
    headers: &HeaderMap,
    scenario: Option<(&str, &'static str)>,
    claims: Claims<'_>,
) -> Result<Option<Arc<KnownAgent>>, Refusal> {
    let Some((name, field)) = scenario else {
        return match key {
            Some(key) => serving(key.clone(), SCENARIO_FIELD).map(Some),
            // Conditions may choose any agent of the tenant, so all that serve must be open.
            None if known.agents(Some(tenant.id())).filter(|a| a.serves()).all(|a| open_to_all(a)) => Ok(None),
            None => Err(Refusal::Unauthenticated),
        };
    };
    let unknown = || Refusal::Invalid(Violations::of(field, "The selected scenario is invalid."));
    let Named { agent, by_alias } = known.named(tenant, name).ok_or_else(unknown)?;
    match key {
        Some(key) if by_alias || key.agent.id == agent.agent.id => {}
        None if generation == Generation::Older && open_to_all(&agent) => {}
        _ => return Err(Refusal::Unauthenticated),
    }
    if text(headers, SCENARIO_HEADER).is_some()
        && let Some(claimed) = claims.scenario
        && known.named(tenant, claimed).is_none_or(|other| other.agent.agent.id != agent.agent.id)
    {
        let complaint = format!("The selected_scenario must be the one of the {SCENARIO_HEADER} header.");
        return Err(Violations::of(SCENARIO_FIELD, complaint).into());
    }
    serving(agent, field).map(Some)
}

fn serving(agent: Arc<KnownAgent>, field: &str) -> Result<Arc<KnownAgent>, Refusal> {
    if agent.serves() {
        return Ok(agent);
    }
    let complaint = "The selected scenario is a draft. Publish it before it can be used in a chat.";
    Err(Violations::of(field, complaint).into())
}

fn open_to_all(agent: &KnownAgent) -> bool {
    !agent.settings.security.app_key_on_older_paths
}

/// CSRF and anonymous authentication, as the agent asks for them. A request that names no agent
/// reaches only open ones, which may still ask for either; then nothing can be asked here, so both
/// are held to be on when any of the tenant's agents asks.
async fn guard(
    app: &Shared,
    effect: Effect,
    headers: &HeaderMap,
    tenant: Arc<KnownTenant>,
    agent: Option<Arc<KnownAgent>>,
    contact: ContactId,
) -> Result<Visit, Refusal> {
    let known = app.directory.now();
    let asks = |which: fn(&KnownAgent) -> bool| match &agent {
        Some(agent) => which(agent),
        None => known.agents(Some(tenant.id())).any(|agent| agent.serves() && which(agent)),
    };
    let (csrf_on, anonymous_on) =
        (asks(|agent| agent.settings.security.csrf), asks(|agent| agent.settings.security.anonymous_authentication));
    let keys = &tenant.signing_keys;
    let secure = app.secure(headers);
    let mut cookies = Vec::new();
    if csrf_on && effect == Effect::Writes && !csrf::holds(headers, keys) {
        return Err(Refusal::CsrfMismatch);
    }
    if anonymous_on {
        let proof = Proof::read(headers, tenant.id(), keys);
        if !proof.names(&contact) {
            let store = app.runtime.store().tenant(tenant.id());
            // What was set for a contact beside turns is for whoever opens their link, not for who guesses their id.
            let fresh = store.contact(&contact).await?.is_none()
                && !app.runtime.presets().any_for(tenant.id(), &contact).await?
                && app.issued.first_time(tenant.id(), &contact);
            let key = keys.first().filter(|_| fresh).ok_or(Refusal::Unauthenticated)?;
            let token = proof.extend(tenant.id(), &contact, key);
            cookies.push(set_cookie(anonymous::COOKIE, &token, anonymous::SECONDS, Readable::ByServerOnly, secure));
        }
    }
    let csrf = if csrf_on && effect == Effect::Reads { csrf::token(headers, keys) } else { None };
    if let Some(token) = &csrf {
        cookies.push(csrf::issue(token, secure));
    }
    Ok(Visit { tenant, agent, contact, csrf, cookies })
}
