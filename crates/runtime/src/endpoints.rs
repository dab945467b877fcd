//! Channel endpoints ("points of contact"): an address on a channel, and the flow that answers there, with variants for
//! A/B tests (spec/dialai.md §8; rows DA-C1 to DA-C3, DA-C6, DA-C14, DA-C15).

mod form;
mod variant;

use model::{
    AgentId, TenantId, Timestamp,
    agent::{Agent, AgentKind},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Expect, Key, Store};
use uuid::Uuid;

use self::form::{check_address, check_origins};
use crate::documents::{DocumentError, Kind, Versioned, new_id, now};

pub use variant::{Variant, choose};

/// Kind of the documents.
const KIND: &str = "endpoint";
/// Endpoints of a tenant.
const MOST_ENDPOINTS: usize = 1_000;
/// Characters of names and addresses.
const MAX_CHARS: usize = 200;
/// Variants of an endpoint.
const MOST_VARIANTS: usize = 20;
/// Largest weight; the sum of all stays far from what a number holds.
const MAX_WEIGHT: u32 = 1_000_000;
/// Bytes of a configuration.
const MAX_CONFIGURATION: usize = 64 * 1024;

/// A channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelType {
    /// Calls.
    Phone,
    /// Text messages.
    Sms,
    /// Mail.
    Email,
    /// Web chat.
    Web,
    /// Slack.
    Slack,
}

impl ChannelType {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Phone, Self::Sms, Self::Email, Self::Web, Self::Slack];

    /// Its name among stored keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Web => "web",
            Self::Slack => "slack",
        }
    }
}

/// Whom an endpoint is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointEnvironment {
    /// Customers.
    #[default]
    Production,
    /// The tenant's own people.
    InternalTesting,
}

/// What people decide about an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointTerms {
    /// For people.
    pub friendly_name: String,
    /// The channel.
    pub channel_type: ChannelType,
    /// The telephone number, mail address or Slack team; none on the web.
    #[serde(default)]
    pub address: Option<String>,
    /// On the web: what pages know it by. Made when there is none.
    #[serde(default)]
    pub chat_code: Option<Uuid>,
    /// Whom it is for.
    pub environment: EndpointEnvironment,
    /// What answers: one at least. One flow is one variant.
    pub variants: Vec<Variant>,
    /// Whether it takes conversations.
    pub enabled: bool,
    /// Pages that may call it from a browser; any when empty.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Most messages a minute; no limit when none.
    #[serde(default)]
    pub rate_limit_per_minute: Option<u32>,
}

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Names it.
    pub id: String,
    /// What is decided about it.
    #[serde(flatten)]
    pub terms: EndpointTerms,
    /// When its chat code stopped being good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// What its channel needs to know.
    #[serde(default)]
    pub configuration: Map<String, Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Endpoint {
    /// Whether it takes conversations.
    pub fn is_open(&self) -> bool {
        self.terms.enabled && self.revoked_at.is_none()
    }

    /// The variant of a conversation.
    pub fn variant(&self, seed: u128) -> &Variant {
        choose(&self.terms.variants, seed)
    }
}

/// Which endpoints are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndpointFilter {
    /// Only those on this channel.
    pub channel_type: Option<ChannelType>,
    /// Only those for these.
    pub environment: Option<EndpointEnvironment>,
    /// Only those that a flow answers.
    pub flow: Option<AgentId>,
}

impl EndpointFilter {
    fn lets_through(&self, endpoint: &Endpoint) -> bool {
        let terms = &endpoint.terms;
        self.channel_type.is_none_or(|channel| terms.channel_type == channel)
            && self.environment.is_none_or(|environment| terms.environment == environment)
            && self.flow.is_none_or(|flow| terms.variants.iter().any(|variant| variant.flow == flow))
    }
}

/// The endpoints of tenants.
#[derive(Clone)]
pub struct Endpoints {
    store: Store,
    kind: Kind,
    agents: Kind,
}

impl Endpoints {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        let kind = |name| Kind { store: store.clone(), name };
        Self { store: store.clone(), kind: kind(KIND), agents: kind("agent") }
    }

    /// The endpoints of a tenant that a filter lets through, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId, filter: EndpointFilter) -> Result<Vec<Endpoint>, DocumentError> {
        let all = self.kind.list::<Endpoint>(tenant).await?;
        Ok(all.into_iter().filter(|endpoint| filter.lets_through(endpoint)).collect())
    }

    /// One endpoint.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<Versioned<Endpoint>, DocumentError> {
        self.kind.need(tenant, id).await
    }

    /// The endpoint of a chat code, and whose it is, open or not.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn by_chat_code(&self, code: Uuid) -> Result<Option<(TenantId, Endpoint)>, DocumentError> {
        let found = self.store.platform().find(KIND, CHAT_CODE, &code.to_string()).await?;
        Ok(match found {
            Some((tenant, document)) => Some((tenant, document.read()?)),
            None => None,
        })
    }

    /// Makes an endpoint.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`]; when another has its address or chat code; when the store fails.
    pub async fn create(&self, tenant: &TenantId, terms: EndpointTerms) -> Result<Versioned<Endpoint>, DocumentError> {
        let terms = self.checked(tenant, terms, None).await?;
        if self.kind.list::<Endpoint>(tenant).await?.len() >= MOST_ENDPOINTS {
            let complaint = format!("a tenant has at most {MOST_ENDPOINTS} endpoints: delete one");
            return Err(DocumentError::invalid("endpoints", complaint));
        }
        let at = now();
        let endpoint = Endpoint {
            id: new_id().to_string(),
            terms,
            revoked_at: None,
            configuration: Map::new(),
            created_at: at,
            updated_at: at,
        };
        self.write(tenant, endpoint, Expect::New).await
    }

    /// Replaces what is decided about an endpoint that is at this version. Its channel stays; so does its chat code
    /// when none is given.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::Invalid`], [`DocumentError::Conflict`]; when another has its
    /// address or chat code.
    pub async fn replace(
        &self,
        tenant: &TenantId,
        id: &str,
        terms: EndpointTerms,
        version: u64,
    ) -> Result<Versioned<Endpoint>, DocumentError> {
        let Versioned { value: before, .. } = self.need(tenant, id).await?;
        if terms.channel_type != before.terms.channel_type {
            return Err(DocumentError::invalid("channel_type", "it stays as it is: make another point of contact"));
        }
        let terms = self.checked(tenant, terms, before.terms.chat_code).await?;
        // Another code is a new one: what was revoked is the old.
        let revoked_at = before.revoked_at.filter(|_| terms.chat_code == before.terms.chat_code);
        let endpoint = Endpoint { terms, revoked_at, updated_at: now(), ..before };
        self.write(tenant, endpoint, Expect::Version(version)).await
    }

    /// Replaces what the channel of an endpoint needs to know (row DA-C15).
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::Invalid`], [`DocumentError::Conflict`].
    pub async fn configure(
        &self,
        tenant: &TenantId,
        id: &str,
        configuration: Map<String, Value>,
        version: u64,
    ) -> Result<Versioned<Endpoint>, DocumentError> {
        let Versioned { value: before, .. } = self.need(tenant, id).await?;
        if serde_json::to_string(&configuration).map_or(0, |text| text.len()) > MAX_CONFIGURATION {
            let complaint = format!("use at most {MAX_CONFIGURATION} bytes of JSON");
            return Err(DocumentError::invalid("configuration", complaint));
        }
        let endpoint = Endpoint { configuration, updated_at: now(), ..before };
        self.write(tenant, endpoint, Expect::Version(version)).await
    }

    /// Makes a chat code stop being good: no conversation starts or goes on with it.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::Invalid`] when there is no chat code.
    pub async fn revoke(&self, tenant: &TenantId, id: &str) -> Result<Versioned<Endpoint>, DocumentError> {
        let Versioned { value: before, version, .. } = self.web(tenant, id).await?;
        let revoked_at = before.revoked_at.or_else(|| Some(now()));
        let endpoint = Endpoint { revoked_at, updated_at: now(), ..before };
        self.write(tenant, endpoint, Expect::Version(version)).await
    }

    /// Gives an endpoint a new chat code; the old one stops being good.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::Invalid`] when it is not on the web.
    pub async fn renew_chat_code(&self, tenant: &TenantId, id: &str) -> Result<Versioned<Endpoint>, DocumentError> {
        let Versioned { value: mut endpoint, version, .. } = self.web(tenant, id).await?;
        endpoint.terms.chat_code = Some(Uuid::new_v4());
        endpoint.revoked_at = None;
        endpoint.updated_at = now();
        self.write(tenant, endpoint, Expect::Version(version)).await
    }

    /// Deletes an endpoint. What was said there stays.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        if self.kind.delete(tenant, id).await? { Ok(()) } else { Err(DocumentError::not_found(KIND, id)) }
    }

    async fn web(&self, tenant: &TenantId, id: &str) -> Result<Versioned<Endpoint>, DocumentError> {
        let found = self.need(tenant, id).await?;
        match found.value.terms.channel_type {
            ChannelType::Web => Ok(found),
            _ => Err(DocumentError::invalid("channel_type", "only points of contact on the web have a chat code")),
        }
    }

    /// Terms that can be kept, with a chat code where there must be one.
    async fn checked(
        &self,
        tenant: &TenantId,
        mut terms: EndpointTerms,
        chat_code: Option<Uuid>,
    ) -> Result<EndpointTerms, DocumentError> {
        let fits =
            |text: &str| (1..=MAX_CHARS).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control);
        if !fits(&terms.friendly_name) {
            let complaint = format!("write 1 to {MAX_CHARS} characters, none of them a control character");
            return Err(DocumentError::invalid("friendly_name", complaint));
        }
        let address = terms.address.take().map(|address| address.trim().to_owned());
        terms.address = address.filter(|address| !address.is_empty());
        check_address(&terms)?;
        if terms.channel_type == ChannelType::Web {
            // Random, all of it: whoever knows the code is let in.
            terms.chat_code = terms.chat_code.or(chat_code).or_else(|| Some(Uuid::new_v4()));
        }
        check_origins(&terms.origins)?;
        if terms.rate_limit_per_minute == Some(0) {
            let complaint = "write a number above 0, or leave it out; `enabled` closes a point of contact";
            return Err(DocumentError::invalid("rate_limit_per_minute", complaint));
        }
        self.check_variants(tenant, &terms.variants).await?;
        Ok(terms)
    }

    async fn check_variants(&self, tenant: &TenantId, variants: &[Variant]) -> Result<(), DocumentError> {
        if variants.is_empty() || variants.len() > MOST_VARIANTS {
            return Err(DocumentError::invalid("variants", format!("name 1 to {MOST_VARIANTS} flows")));
        }
        if variants.iter().all(|variant| variant.weight == 0) {
            return Err(DocumentError::invalid("variants", "at least one must weigh more than 0"));
        }
        for (at, variant) in variants.iter().enumerate() {
            let field = |name: &str| format!("variants[{at}].{name}");
            if variant.weight > MAX_WEIGHT {
                let complaint = format!("write a whole number from 0 to {MAX_WEIGHT}");
                return Err(DocumentError::invalid(field("weight"), complaint));
            }
            let found = self.agents.get::<Agent>(tenant, &variant.flow.to_string()).await?;
            let flow = found.map(|found| found.value).filter(|agent| agent.kind == AgentKind::Flow);
            let Some(flow) = flow else {
                return Err(DocumentError::invalid(field("flow_id"), "name a flow of the tenant by its id"));
            };
            if variant.version.is_some_and(|version| version == 0 || version > flow.versions) {
                let complaint = "name a published version, or none to follow the draft";
                return Err(DocumentError::invalid(field("version"), complaint));
            }
        }
        Ok(())
    }

    async fn write(
        &self,
        tenant: &TenantId,
        endpoint: Endpoint,
        expect: Expect,
    ) -> Result<Versioned<Endpoint>, DocumentError> {
        let terms = &endpoint.terms;
        let code = terms.chat_code.map(|code| code.to_string());
        let channel = terms.channel_type.as_str();
        let address = terms.address.as_ref().map(|address| format!("{channel}:{}", address.to_lowercase()));
        let mut keys = Vec::new();
        keys.extend(code.as_ref().map(|code| Key::unique(CHAT_CODE, code)));
        keys.extend(address.as_ref().map(|address| Key::unique_in_tenant("address", address)));
        let version = self.kind.put(tenant, &endpoint.id, &endpoint, &keys, expect).await?;
        let updated_at = endpoint.updated_at;
        Ok(Versioned { value: endpoint, version, updated_at })
    }
}

/// The key by which an endpoint on the web is found.
const CHAT_CODE: &str = "chat_code";
