//! Agents: one draft that is edited, numbered versions that never change, and which of them serves
//! (spec/opendialog.md §2.1.3, row OD-N37). What only flows have is in `flows`.

mod flows;

use std::collections::HashMap;

use dialogue::{
    flow::{self, document::FlowDocument},
    scenario::{self, Problem, SecretUse},
};
use model::{
    AgentId, TenantId,
    agent::{Agent, AgentKind},
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use store::{Expect, Key, Store};

use crate::{
    documents::{DocumentError, Kind, Together, Versioned, new_id, now, secret},
    endpoints::{EndpointFilter, Endpoints},
    experiments::Experiments,
    functions::Functions,
    secrets::{self, Secrets},
    settings::{ChatSecurity, ChatSettings, Settings},
    test_scenarios::TestScenarios,
};

pub use flows::{Flow, ImportedFlow, Publication};

/// Whether visitors of a new agent must prove anything (the chat settings say what each means).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anonymous authentication, CSRF and CORS are on.
    Guarded,
    /// They are off, and older clients need no app key.
    Open,
}

/// The agents of tenants.
#[derive(Clone)]
pub struct Agents {
    agents: Kind,
    drafts: Kind,
    versions: Kind,
    publications: Kind,
    thumbnails: Kind,
    settings: Settings,
    experiments: Experiments,
    secrets: Secrets,
    functions: Functions,
    endpoints: Endpoints,
    test_scenarios: TestScenarios,
}

impl Agents {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        let kind = |name| Kind { store: store.clone(), name };
        Self {
            agents: kind("agent"),
            drafts: kind("agent.draft"),
            versions: kind("agent.version"),
            publications: kind("agent.publication"),
            thumbnails: kind("agent.thumbnail"),
            settings: Settings::new(store),
            experiments: Experiments::new(store),
            secrets: Secrets::new(store),
            functions: Functions::new(store),
            endpoints: Endpoints::new(store),
            test_scenarios: TestScenarios::new(store),
        }
    }

    /// Makes an agent whose draft is this scenario document. It serves nobody until it is published.
    ///
    /// # Errors
    /// [`DocumentError::Scenario`] when it names a secret that the tenant does not have; when the store
    /// fails.
    pub async fn create(&self, tenant: &TenantId, document: &Value, access: Access) -> Result<Agent, DocumentError> {
        self.check_secrets(tenant, document).await?;
        let mut together = Together::default();
        let agent = self.add(AgentKind::Scenario, name_of(document), document, &settings_for(access), &mut together)?;
        self.change(tenant, together).await?;
        Ok(agent)
    }

    /// Adds a new agent with its draft and its settings to what is made together.
    fn add(
        &self,
        kind: AgentKind,
        name: String,
        document: &impl Serialize,
        settings: &ChatSettings,
        together: &mut Together,
    ) -> Result<Agent, DocumentError> {
        let at = now();
        let agent = Agent {
            id: AgentId(new_id()),
            name,
            kind,
            app_key: secret(),
            active_version: None,
            versions: 0,
            created_at: at,
            updated_at: at,
        };
        together.put(&self.drafts, &agent.id.to_string(), document, &[], Expect::New)?;
        self.settings.add(agent.id, settings, together)?;
        self.set(&agent, Expect::New, together)?;
        Ok(agent)
    }

    /// All agents of a tenant, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Agent>, DocumentError> {
        self.agents.list(tenant).await
    }

    /// One agent, if the tenant has it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, tenant: &TenantId, id: AgentId) -> Result<Option<Agent>, DocumentError> {
        Ok(self.agents.get(tenant, &id.to_string()).await?.map(|found| found.value))
    }

    /// One agent.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: AgentId) -> Result<Agent, DocumentError> {
        Ok(self.agents.need(tenant, &id.to_string()).await?.value)
    }

    /// One agent of a kind, with the version of its document.
    async fn need_kind(
        &self,
        tenant: &TenantId,
        id: AgentId,
        kind: AgentKind,
    ) -> Result<Versioned<Agent>, DocumentError> {
        let found = self.agents.need::<Agent>(tenant, &id.to_string()).await?;
        if found.value.kind == kind {
            return Ok(found);
        }
        let is = match found.value.kind {
            AgentKind::Scenario => "scenario",
            AgentKind::Flow => "flow",
        };
        Err(DocumentError::WrongKind { id: id.to_string(), is })
    }

    /// The scenario that is being edited, as it was given.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn draft(&self, tenant: &TenantId, id: AgentId) -> Result<Box<RawValue>, DocumentError> {
        self.need_kind(tenant, id, AgentKind::Scenario).await?;
        Ok(self.drafts.need::<Box<RawValue>>(tenant, &id.to_string()).await?.value)
    }

    /// A published scenario.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn version(&self, tenant: &TenantId, id: AgentId, version: u32) -> Result<Box<RawValue>, DocumentError> {
        self.need_kind(tenant, id, AgentKind::Scenario).await?;
        Ok(self.versions.need::<Box<RawValue>>(tenant, &version_id(id, version)).await?.value)
    }

    /// Replaces the draft; versions stay as they are.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::Scenario`] when it names a secret that the tenant
    /// does not have; [`DocumentError::Conflict`] when somebody else changes the agent at the same moment.
    pub async fn replace_draft(
        &self,
        tenant: &TenantId,
        id: AgentId,
        document: &Value,
    ) -> Result<Agent, DocumentError> {
        let found = self.need_kind(tenant, id, AgentKind::Scenario).await?;
        self.check_secrets(tenant, document).await?;
        let agent = Agent { name: name_of(document), updated_at: now(), ..found.value };
        let mut together = Together::default();
        together.put(&self.drafts, &id.to_string(), document, &[], Expect::Any)?;
        self.set(&agent, Expect::Version(found.version), &mut together)?;
        self.change(tenant, together).await?;
        Ok(agent)
    }

    /// Makes the draft a version, and lets it serve.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::Conflict`] when two publish at once.
    pub async fn publish(&self, tenant: &TenantId, id: AgentId) -> Result<Agent, DocumentError> {
        let found = self.need_kind(tenant, id, AgentKind::Scenario).await?;
        let draft = self.draft(tenant, id).await?;
        let version = found.value.versions + 1;
        let agent = Agent { versions: version, active_version: Some(version), updated_at: now(), ..found.value };
        let mut together = Together::default();
        // The agent's version guards the number: what lies under one that it does not count is nobody's.
        together.put(&self.versions, &version_id(id, version), &draft, &[], Expect::Any)?;
        self.set(&agent, Expect::Version(found.version), &mut together)?;
        self.change(tenant, together).await?;
        Ok(agent)
    }

    /// Takes the agent out of service; draft and versions stay.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn unpublish(&self, tenant: &TenantId, id: AgentId) -> Result<Agent, DocumentError> {
        let found = self.agents.need::<Agent>(tenant, &id.to_string()).await?;
        let agent = Agent { active_version: None, updated_at: now(), ..found.value };
        self.write(tenant, &agent, Expect::Version(found.version)).await?;
        Ok(agent)
    }

    /// Gives the agent a new app key; the old one stops being good at once.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn renew_app_key(&self, tenant: &TenantId, id: AgentId) -> Result<Agent, DocumentError> {
        let found = self.agents.need::<Agent>(tenant, &id.to_string()).await?;
        let agent = Agent { app_key: secret(), updated_at: now(), ..found.value };
        self.write(tenant, &agent, Expect::Version(found.version)).await?;
        Ok(agent)
    }

    /// Makes an agent with `document` as its draft and the settings and experiments of `id`.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::Scenario`] as for [`Agents::create`].
    pub async fn duplicate(&self, tenant: &TenantId, id: AgentId, document: &Value) -> Result<Agent, DocumentError> {
        self.need_kind(tenant, id, AgentKind::Scenario).await?;
        let settings = self.settings.get(tenant, id).await?;
        self.check_secrets(tenant, document).await?;
        let mut together = Together::default();
        let agent = self.add(AgentKind::Scenario, name_of(document), document, &settings, &mut together)?;
        self.experiments.add(agent.id, &self.experiments.get(tenant, id).await?, &mut together)?;
        self.change(tenant, together).await?;
        Ok(agent)
    }

    /// Deletes the agent, its draft, versions, settings, experiments and test scenarios; what was said with it stays in
    /// the log.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::InUse`] while a point of contact names it (row DA-F14).
    pub async fn delete(&self, tenant: &TenantId, id: AgentId) -> Result<(), DocumentError> {
        let agent = self.need(tenant, id).await?;
        let filter = EndpointFilter { flow: Some(id), ..EndpointFilter::default() };
        let named = self.endpoints.list(tenant, filter).await?;
        if !named.is_empty() {
            let by = named.iter().map(|one| format!("point of contact `{}` ({})", one.terms.friendly_name, one.id));
            return Err(DocumentError::InUse { kind: "flow", id: id.to_string(), by: by.collect() });
        }
        // The agent itself first: what is left after a crash belongs to nobody and is never read.
        if !self.agents.delete(tenant, &id.to_string()).await? {
            return Err(DocumentError::not_found("agent", id));
        }
        self.drafts.delete(tenant, &id.to_string()).await?;
        self.settings.delete(tenant, id).await?;
        self.experiments.delete(tenant, id).await?;
        self.test_scenarios.delete_all(tenant, id).await?;
        for version in 1..=agent.versions {
            self.versions.delete(tenant, &version_id(id, version)).await?;
            self.publications.delete(tenant, &version_id(id, version)).await?;
        }
        self.thumbnails.delete(tenant, &id.to_string()).await?;
        Ok(())
    }

    /// Refuses a document whose components name secrets that the tenant does not have (row OD-C09).
    async fn check_secrets(&self, tenant: &TenantId, document: &Value) -> Result<(), DocumentError> {
        let problems = self.unknown_secrets(tenant, scenario::secrets(document)).await?;
        if problems.is_empty() { Ok(()) } else { Err(DocumentError::Scenario(problems)) }
    }

    /// A problem for each place that names a secret which the tenant does not have.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unknown_secrets(
        &self,
        tenant: &TenantId,
        uses: Vec<SecretUse>,
    ) -> Result<Vec<Problem>, DocumentError> {
        let mut known = HashMap::<String, bool>::new();
        let mut problems = Vec::new();
        for SecretUse { name, path } in uses {
            let found = match known.get(&name) {
                Some(found) => *found,
                None => self.secrets.has(tenant, &name).await?,
            };
            if !found {
                let message = format!("This tenant has no secret `{name}`.");
                problems.push(Problem::error(path, message, secrets::remedy_for(&name)));
            }
            known.insert(name, found);
        }
        Ok(problems)
    }

    /// The agents that need a secret: their draft, the version in service, or one that a point of contact pins, names
    /// it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn naming_secret(&self, tenant: &TenantId, secret: &str) -> Result<Vec<Agent>, DocumentError> {
        let mut pinned = HashMap::<AgentId, Vec<u32>>::new();
        for endpoint in self.endpoints.list(tenant, EndpointFilter::default()).await? {
            for variant in endpoint.terms.variants {
                pinned.entry(variant.flow).or_default().extend(variant.version);
            }
        }
        let mut naming = Vec::new();
        for agent in self.list(tenant).await? {
            let mut documents = Vec::new();
            documents.extend(self.drafts.get::<Box<RawValue>>(tenant, &agent.id.to_string()).await?);
            for version in pinned.remove(&agent.id).unwrap_or_default().into_iter().chain(agent.active_version) {
                documents.extend(self.versions.get::<Box<RawValue>>(tenant, &version_id(agent.id, version)).await?);
            }
            if documents.iter().any(|document| names_secret(agent.kind, &document.value, secret)) {
                naming.push(agent);
            }
        }
        Ok(naming)
    }

    async fn write(&self, tenant: &TenantId, agent: &Agent, expect: Expect) -> Result<(), DocumentError> {
        let mut together = Together::default();
        self.set(agent, expect, &mut together)?;
        self.change(tenant, together).await
    }

    /// Adds an agent as it is to be to what is changed together.
    fn set(&self, agent: &Agent, expect: Expect, together: &mut Together) -> Result<(), DocumentError> {
        let keys = [Key::unique("app_key", &agent.app_key)];
        together.put(&self.agents, &agent.id.to_string(), agent, &keys, expect)
    }

    async fn change(&self, tenant: &TenantId, together: Together) -> Result<(), DocumentError> {
        together.write(&self.agents.store.tenant(tenant)).await
    }
}

/// Id of the document that holds a published version.
pub fn version_id(agent: AgentId, version: u32) -> String {
    format!("{agent}/{version}")
}

/// Whether a stored document names a secret. Names are plain letters, which no JSON writes in another
/// way: most documents are passed over without being parsed.
fn names_secret(kind: AgentKind, document: &RawValue, secret: &str) -> bool {
    if !document.get().contains(secret) {
        return false;
    }
    let Ok(mut document) = serde_json::from_str::<Value>(document.get()) else { return false };
    let uses = match kind {
        AgentKind::Scenario => scenario::secrets(&document),
        AgentKind::Flow => {
            // A version has the flow beside its functions.
            let flow = if document.get("flow").is_some() { document["flow"].take() } else { document };
            serde_json::from_value::<FlowDocument>(flow).map(|flow| flow::secrets(&flow)).unwrap_or_default()
        }
    };
    uses.iter().any(|used| used.name == secret)
}

fn settings_for(access: Access) -> ChatSettings {
    match access {
        Access::Guarded => ChatSettings::default(),
        Access::Open => ChatSettings { security: ChatSecurity::open(), ..ChatSettings::default() },
    }
}

/// What people call the scenario.
fn name_of(document: &Value) -> String {
    let text = |key| document.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let name = text("name").or_else(|| text("od_id")).unwrap_or("Unnamed");
    name.chars().take(200).collect()
}
