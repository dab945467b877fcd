//! Who may call and what they may call: tenants, agents, app keys, tokens, aliases and signing keys,
//! in memory, so that a request reads no document.
//!
//! A snapshot is immutable; a change of any document, by this process or another, makes a new one.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use model::{AgentId, TenantId, Timestamp, agent::Agent};
use parking_lot::RwLock;
use runtime::{
    access::{Roles, Scopes},
    agents::Agents,
    aliases::Aliases,
    branding::{Branding, Brandings},
    documents::DocumentError,
    endpoints::{Endpoint, EndpointFilter, Endpoints},
    environment::{Effective, Environment},
    feature_flags::{EnabledFlags, FeatureFlag, FeatureFlags},
    settings::{ChatSettings, Settings},
    tenants::{SigningKey, Tenant, Tenants},
    tokens::{Token, Tokens, hash},
    users::Users,
    visitor_tokens::{Issuers, Verifier},
};
use store::Store;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// An agent as a request sees it.
#[derive(Debug)]
pub(crate) struct KnownAgent {
    pub(crate) tenant: Arc<KnownTenant>,
    pub(crate) agent: Agent,
    pub(crate) settings: ChatSettings,
}

impl KnownAgent {
    /// Whether it serves visitors (row OD-N37).
    pub(crate) fn serves(&self) -> bool {
        self.agent.active_version.is_some()
    }

    /// Whether its chat has a page of its own; the tenant and `general.fullPageChat` of its settings can say no.
    pub(crate) fn full_page(&self) -> bool {
        let general = self.settings.appearance.get("general");
        self.tenant.allows(FeatureFlag::FullPageChat)
            && general.and_then(|general| general.get("fullPageChat")) != Some(&serde_json::Value::Bool(false))
    }

    /// Whether visitors' addresses may be kept as an attribute: `general.collectUserIp` of its settings.
    pub(crate) fn collects_ip(&self) -> bool {
        let general = self.settings.appearance.get("general");
        general.and_then(|general| general.get("collectUserIp")) == Some(&serde_json::Value::Bool(true))
    }
}

/// A tenant as a request sees it.
#[derive(Debug)]
pub(crate) struct KnownTenant {
    pub(crate) tenant: Tenant,
    pub(crate) signing_keys: Vec<SigningKey>,
    /// Whose tokens say who a visitor is.
    pub(crate) issuers: Vec<Verifier>,
    aliases: HashMap<String, AgentId>,
    flags: EnabledFlags,
    /// Ids of its users; who was deleted is none.
    users: HashSet<String>,
    /// The tenant's environment, without secrets.
    pub(crate) environment: Effective,
    pub(crate) branding: Branding,
}

impl KnownTenant {
    pub(crate) fn id(&self) -> &TenantId {
        &self.tenant.id
    }

    /// Whether a feature is on.
    pub(crate) fn allows(&self, flag: FeatureFlag) -> bool {
        self.flags.has(flag)
    }

    /// Whether somebody is a user of it, and was not deleted.
    pub(crate) fn has_user(&self, id: &str) -> bool {
        self.users.contains(id)
    }
}

/// What is known at one moment.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    tenants: HashMap<TenantId, Arc<KnownTenant>>,
    first_tenant: Option<Arc<KnownTenant>>,
    agents: HashMap<AgentId, Arc<KnownAgent>>,
    /// By hash, so that looking one up takes the same time however much of a guess is right.
    app_keys: HashMap<[u8; 32], Arc<KnownAgent>>,
    tokens: HashMap<[u8; 32], Arc<KnownToken>>,
    /// Points of contact on the web, by chat code.
    endpoints: HashMap<Uuid, Arc<KnownEndpoint>>,
}

/// An API token as a request sees it.
#[derive(Debug)]
pub(crate) struct KnownToken {
    pub(crate) tenant: Arc<KnownTenant>,
    pub(crate) token: Token,
    /// What its user may do, by all of their roles; the tenant's own tokens may do everything.
    pub(crate) scopes: Scopes,
}

/// A point of contact as a request sees it.
#[derive(Debug)]
pub(crate) struct KnownEndpoint {
    pub(crate) tenant: Arc<KnownTenant>,
    pub(crate) endpoint: Endpoint,
}

impl KnownEndpoint {
    /// Whether a page may use it: of any site where it names none, and always one of ours (`own`). Who is no browser
    /// names no origin.
    pub(crate) fn admits(&self, origin: Option<&str>, own: &str) -> bool {
        let origins = &self.endpoint.terms.origins;
        origins.is_empty() || origin.is_none_or(|origin| origin == own || origins.iter().any(|named| named == origin))
    }
}

/// An agent found by what a client calls it.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) agent: Arc<KnownAgent>,
    /// By an alias: then every app key of the tenant opens it, since the embed outlives the agent.
    pub(crate) by_alias: bool,
}

impl Snapshot {
    pub(crate) fn tenant(&self, id: &str) -> Option<&Arc<KnownTenant>> {
        self.tenants.get(&id.parse::<TenantId>().ok()?)
    }

    /// The tenant of requests that name none: the oldest.
    pub(crate) fn default_tenant(&self) -> Option<&Arc<KnownTenant>> {
        self.first_tenant.as_ref()
    }

    pub(crate) fn agent(&self, id: AgentId) -> Option<&Arc<KnownAgent>> {
        self.agents.get(&id)
    }

    /// Agents of a tenant, or of all, in no order.
    pub(crate) fn agents<'s>(&'s self, tenant: Option<&'s TenantId>) -> impl Iterator<Item = &'s Arc<KnownAgent>> {
        self.agents.values().filter(move |agent| tenant.is_none_or(|tenant| agent.tenant.id() == tenant))
    }

    pub(crate) fn by_app_key(&self, key: &str) -> Option<&Arc<KnownAgent>> {
        self.app_keys.get(&hash(key))
    }

    /// An API token that is still good, by its secret.
    pub(crate) fn by_token(&self, secret: &str) -> Option<&Arc<KnownToken>> {
        self.tokens.get(&hash(secret)).filter(|known| !known.token.expired(Timestamp::now()))
    }

    /// The point of contact of a chat code, open or not.
    pub(crate) fn by_chat_code(&self, code: Uuid) -> Option<&Arc<KnownEndpoint>> {
        self.endpoints.get(&code)
    }

    /// An agent by id or alias, within a tenant.
    pub(crate) fn named(&self, tenant: &KnownTenant, name: &str) -> Option<Named> {
        let by_alias = tenant.aliases.get(name);
        let id = by_alias.copied().or_else(|| name.parse().ok())?;
        let agent = self.agents.get(&id).filter(|agent| agent.tenant.id() == tenant.id())?;
        Some(Named { agent: agent.clone(), by_alias: by_alias.is_some() })
    }
}

/// The present snapshot.
pub(crate) struct Directory {
    store: Store,
    issuers: Issuers,
    snapshot: RwLock<Arc<Snapshot>>,
    /// One reload at a time, so that an older one never replaces a newer one.
    loading: tokio::sync::Mutex<()>,
    /// When the last reload began that a refusal asked for.
    refreshed: tokio::sync::Mutex<Option<Instant>>,
}

/// Refusals ask for a reload at most this often.
const REFRESH_INTERVAL: Duration = Duration::from_millis(100);

impl Directory {
    pub(crate) async fn load(store: &Store, issuers: Issuers) -> Result<Self, DocumentError> {
        let directory = Self {
            store: store.clone(),
            issuers,
            snapshot: RwLock::default(),
            loading: tokio::sync::Mutex::default(),
            refreshed: tokio::sync::Mutex::default(),
        };
        directory.reload().await?;
        Ok(directory)
    }

    pub(crate) fn now(&self) -> Arc<Snapshot> {
        self.snapshot.read().clone()
    }

    /// Makes a new snapshot; whoever changed a document calls it, so that the next request sees it.
    pub(crate) async fn reload(&self) -> Result<(), DocumentError> {
        let _one = self.loading.lock().await;
        let snapshot = read(&self.store, &self.issuers, &self.now()).await?;
        *self.snapshot.write() = Arc::new(snapshot);
        Ok(())
    }

    /// Makes sure that what is known is as new as this call: somebody is about to be refused, and what
    /// they name may have been made a moment ago by another process. Those who wait share one reload.
    pub(crate) async fn refresh(&self) {
        let asked = Instant::now();
        let mut refreshed = self.refreshed.lock().await;
        if let Some(last) = *refreshed {
            if last >= asked {
                return;
            }
            tokio::time::sleep_until((last + REFRESH_INTERVAL).into()).await;
        }
        *refreshed = Some(Instant::now());
        if let Err(error) = self.reload().await {
            tracing::warn!(%error, "the directory could not be read; the last one stays in use");
        }
    }

    /// Reloads at every change, until told to stop.
    pub(crate) async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut changes = self.store.changes();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                change = changes.changed() => if change.is_err() { return },
            }
            if let Err(error) = self.reload().await {
                tracing::warn!(%error, "the directory could not be read; the last one stays in use");
                // The next change may be far away: try again soon.
                tokio::time::sleep(Duration::from_millis(500)).await;
                changes.mark_changed();
            }
        }
    }
}

/// What is known now. Keys of issuers that were fetched for the snapshot before are kept.
async fn read(store: &Store, issuers: &Issuers, before: &Snapshot) -> Result<Snapshot, DocumentError> {
    let (tenants, agents, settings) = (Tenants::new(store), Agents::new(store), Settings::new(store));
    let (aliases, tokens) = (Aliases::new(store), Tokens::new(store));
    let (users, roles, flags) = (Users::new(store), Roles::new(store), FeatureFlags::new(store));
    let (environment, brandings) = (Environment::new(store), Brandings::new(store));
    let endpoints = Endpoints::new(store);
    let mut snapshot = Snapshot::default();
    for tenant in tenants.list().await? {
        let id = tenant.id.clone();
        let verifiers = before.tenants.get(&id).map(|tenant| tenant.issuers.as_slice()).unwrap_or_default();
        let holdings = roles.holdings(&id).await?;
        let people = users.list(&id).await?.into_iter().map(|user| (user.scopes(&holdings), user.id));
        let scopes_of: HashMap<String, Scopes> = people.map(|(scopes, id)| (id, scopes)).collect();
        let known = Arc::new(KnownTenant {
            users: scopes_of.keys().cloned().collect(),
            signing_keys: tenants.signing_keys(&id).await?,
            issuers: issuers.verifiers(&id, verifiers).await?,
            flags: flags.enabled(&id).await?,
            environment: environment.effective(&id).await?,
            branding: brandings.get(&id).await?,
            aliases: aliases.list(&id).await?.into_iter().map(|alias| (alias.name, alias.agent)).collect(),
            tenant,
        });
        for agent in agents.list(&id).await? {
            let settings = settings.get(&id, agent.id).await?;
            let agent = Arc::new(KnownAgent { tenant: known.clone(), agent, settings });
            snapshot.app_keys.insert(hash(&agent.agent.app_key), agent.clone());
            snapshot.agents.insert(agent.agent.id, agent);
        }
        for token in tokens.list(&id).await? {
            let scopes = match &token.user {
                None => Some(Scopes::all()),
                // A token outlives its user for a moment at most, and opens nothing then.
                Some(user) => scopes_of.get(user).copied(),
            };
            let mut key = [0; 32];
            if let (Ok(()), Some(scopes)) = (hex::decode_to_slice(&token.hash, &mut key), scopes) {
                snapshot.tokens.insert(key, Arc::new(KnownToken { tenant: known.clone(), token, scopes }));
            }
        }
        for endpoint in endpoints.list(&id, EndpointFilter::default()).await? {
            if let Some(code) = endpoint.terms.chat_code {
                snapshot.endpoints.insert(code, Arc::new(KnownEndpoint { tenant: known.clone(), endpoint }));
            }
        }
        snapshot.first_tenant.get_or_insert_with(|| known.clone());
        snapshot.tenants.insert(id, known);
    }
    Ok(snapshot)
}
