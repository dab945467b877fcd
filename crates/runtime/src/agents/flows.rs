//! Flows: drafts that are checked when they are saved, versions that pin the functions that they run, and what a file
//! of one becomes (spec/dialai.md §6.1, §6.4, §21.3 R8; rows DA-F1, DA-F8 to DA-F15, DA-J11).

use std::collections::BTreeMap;

use dialogue::{
    flow::{
        self, Import, ImportedFunction, Outcome,
        document::FlowDocument,
        export::Portable,
        version::{FlowVersion, Used, used},
    },
    problem::Problem,
};
use model::{
    AgentId, TenantId, Timestamp,
    agent::{Agent, AgentKind},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Expect;

use super::{Access, Agents, settings_for, version_id};
use crate::{
    documents::{DocumentError, Together, Versioned, new_id, now},
    endpoints::{Endpoint, EndpointFilter},
    knowledge,
    settings::ChatSettings,
};

/// Characters of a note on a version.
const MAX_NOTE: usize = 2_000;

/// A flow, as it is edited.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The agent that it is.
    pub agent: Agent,
    /// The draft.
    pub document: FlowDocument,
    /// The version of the draft's document; grows with each change.
    pub version: u64,
    /// When the draft was last changed.
    pub edited_at: Timestamp,
    /// The version that was published last.
    pub published: Option<Publication>,
    /// What its picture is dealt by.
    pub seed: u64,
}

impl Flow {
    /// Whether the draft is as it was published last (row DA-F8).
    pub fn is_published(&self) -> bool {
        self.published.as_ref().is_some_and(|published| published.digest == digest(&self.document))
    }
}

/// When a version was published, by whom and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The version.
    pub version: u32,
    /// When.
    pub at: Timestamp,
    /// Who: the id of a user, or the name of a token that is nobody's.
    pub by: String,
    /// Why, in their words.
    #[serde(default)]
    pub note: String,
    /// Of the flow that was published: whether the draft is still the same is seen by it.
    digest: String,
}

/// What a file became.
#[derive(Debug, Clone)]
pub struct ImportedFlow {
    /// The flow.
    pub flow: Flow,
    /// Its functions, and what became of each.
    pub functions: Vec<ImportedFunction>,
    /// What it reads and the tenant does not have: it is named all the same.
    pub warnings: Vec<Problem>,
}

#[derive(Serialize, Deserialize)]
struct Thumbnail {
    seed: u64,
}

impl Agents {
    /// Makes a flow. It serves nobody until it is published.
    ///
    /// # Errors
    /// [`DocumentError::Unsound`]; when the store fails.
    pub async fn create_flow(
        &self,
        tenant: &TenantId,
        document: FlowDocument,
        access: Access,
    ) -> Result<Flow, DocumentError> {
        let document = completed(document);
        self.check_flow(tenant, &document).await?;
        let mut together = Together::default();
        let agent = self.add_flow(&document, &settings_for(access), &mut together)?;
        self.change(tenant, together).await?;
        self.flow(tenant, agent.id).await
    }

    fn add_flow(
        &self,
        document: &FlowDocument,
        settings: &ChatSettings,
        together: &mut Together,
    ) -> Result<Agent, DocumentError> {
        self.add(AgentKind::Flow, document.name.clone(), document, settings, together)
    }

    /// All flows of a tenant, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn flows(&self, tenant: &TenantId) -> Result<Vec<Flow>, DocumentError> {
        let mut flows = Vec::new();
        for agent in self.list(tenant).await?.into_iter().filter(|agent| agent.kind == AgentKind::Flow) {
            match self.flow_of(tenant, agent).await {
                Ok(flow) => flows.push(flow),
                // It was deleted a moment ago.
                Err(DocumentError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(flows)
    }

    /// One flow.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn flow(&self, tenant: &TenantId, id: AgentId) -> Result<Flow, DocumentError> {
        let agent = self.need_kind(tenant, id, AgentKind::Flow).await?.value;
        self.flow_of(tenant, agent).await
    }

    async fn flow_of(&self, tenant: &TenantId, agent: Agent) -> Result<Flow, DocumentError> {
        let id = agent.id.to_string();
        let draft = self.drafts.need::<FlowDocument>(tenant, &id).await?;
        let published = match agent.versions {
            0 => None,
            last => self.publications.get::<Publication>(tenant, &version_id(agent.id, last)).await?,
        };
        let thumbnail = self.thumbnails.get::<Thumbnail>(tenant, &id).await?;
        Ok(Flow {
            seed: thumbnail.map_or(agent.id.0.as_u64_pair().1, |thumbnail| thumbnail.value.seed),
            document: draft.value,
            version: draft.version,
            edited_at: draft.updated_at,
            published: published.map(|published| published.value),
            agent,
        })
    }

    /// Replaces the draft of a flow that is at this version; published versions stay as they are. One that is the
    /// same is no change.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`], [`DocumentError::Unsound`];
    /// [`DocumentError::Conflict`] when it is at another version.
    pub async fn replace_flow(
        &self,
        tenant: &TenantId,
        id: AgentId,
        document: FlowDocument,
        version: u64,
    ) -> Result<Flow, DocumentError> {
        let Versioned { value: agent, version: of_agent, .. } = self.need_kind(tenant, id, AgentKind::Flow).await?;
        let document = completed(document);
        self.check_flow(tenant, &document).await?;
        let before = self.flow_of(tenant, agent.clone()).await?;
        if before.version == version && before.document == document {
            return Ok(before);
        }
        let mut together = Together::default();
        together.put(&self.drafts, &id.to_string(), &document, &[], Expect::Version(version))?;
        if agent.name != document.name {
            let agent = Agent { name: document.name.clone(), updated_at: now(), ..agent };
            self.set(&agent, Expect::Version(of_agent), &mut together)?;
        }
        self.change(tenant, together).await?;
        self.flow(tenant, id).await
    }

    /// Makes the draft a version, with snapshots of the functions that it runs, and lets it serve.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`]; [`DocumentError::Unsound`] when the draft could not
    /// run; [`DocumentError::Conflict`] when two publish at once.
    pub async fn publish_flow(
        &self,
        tenant: &TenantId,
        id: AgentId,
        by: &str,
        note: &str,
    ) -> Result<Flow, DocumentError> {
        if note.chars().count() > MAX_NOTE {
            return Err(DocumentError::invalid("note", format!("write at most {MAX_NOTE} characters")));
        }
        let Versioned { value: agent, version: of_agent, .. } = self.need_kind(tenant, id, AgentKind::Flow).await?;
        let flow = self.drafts.need::<FlowDocument>(tenant, &id.to_string()).await?.value;
        DocumentError::unless_sound("flow", self.flow_problems(tenant, &flow).await?)?;
        let version = agent.versions + 1;
        let publication =
            Publication { version, at: now(), by: by.to_owned(), note: note.to_owned(), digest: digest(&flow) };
        let mut together = Together::default();
        let pinned = self.pinned(tenant, flow, &mut together).await?;
        // The agent's version guards the number: what lies under one that it does not count is nobody's.
        together.put(&self.versions, &version_id(id, version), &pinned, &[], Expect::Any)?;
        together.put(&self.publications, &version_id(id, version), &publication, &[], Expect::Any)?;
        let agent = Agent { versions: version, active_version: Some(version), updated_at: now(), ..agent };
        self.set(&agent, Expect::Version(of_agent), &mut together)?;
        self.change(tenant, together).await?;
        self.flow_of(tenant, agent).await
    }

    /// A flow with snapshots of its functions; those that are new are added to what is made together.
    async fn pinned(
        &self,
        tenant: &TenantId,
        flow: FlowDocument,
        together: &mut Together,
    ) -> Result<FlowVersion, DocumentError> {
        let Used { functions, libraries } = used(&flow, &self.functions.documents(tenant).await?);
        let mut version = FlowVersion { flow, ..FlowVersion::default() };
        for id in functions {
            version.functions.insert(id.clone(), self.functions.pin(tenant, &id, together).await?);
        }
        for (name, id) in libraries {
            // A library that is named as a function, too, has one snapshot.
            let pinned = match version.functions.get(&id) {
                Some(pinned) => pinned.clone(),
                None => self.functions.pin(tenant, &id, together).await?,
            };
            version.libraries.insert(name, pinned);
        }
        Ok(version)
    }

    /// The versions that were published, the newest first.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn flow_versions(&self, tenant: &TenantId, id: AgentId) -> Result<Vec<Publication>, DocumentError> {
        let agent = self.need_kind(tenant, id, AgentKind::Flow).await?.value;
        let mut versions = Vec::new();
        for version in (1..=agent.versions).rev() {
            let found = self.publications.get::<Publication>(tenant, &version_id(id, version)).await?;
            versions.extend(found.map(|found| found.value));
        }
        Ok(versions)
    }

    /// A published version, and when that was (row DA-F9).
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn flow_version(
        &self,
        tenant: &TenantId,
        id: AgentId,
        version: u32,
    ) -> Result<(Publication, FlowVersion), DocumentError> {
        self.need_version(tenant, id, version).await?;
        let publication = self.publications.need(tenant, &version_id(id, version)).await?.value;
        Ok((publication, self.versions.need(tenant, &version_id(id, version)).await?.value))
    }

    async fn need_version(
        &self,
        tenant: &TenantId,
        id: AgentId,
        version: u32,
    ) -> Result<Versioned<Agent>, DocumentError> {
        let found = self.need_kind(tenant, id, AgentKind::Flow).await?;
        if version == 0 || version > found.value.versions {
            return Err(DocumentError::not_found("version", version));
        }
        Ok(found)
    }

    /// A published version, or the draft with the functions as they are now.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn flow_as_run(
        &self,
        tenant: &TenantId,
        id: AgentId,
        version: Option<u32>,
    ) -> Result<FlowVersion, DocumentError> {
        if let Some(version) = version {
            return Ok(self.flow_version(tenant, id, version).await?.1);
        }
        let flow = self.flow(tenant, id).await?.document;
        Ok(FlowVersion::of_draft(flow, &self.functions.documents(tenant).await?))
    }

    /// Lets a version serve that was published before. Conversations that run keep theirs.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`], [`DocumentError::Conflict`].
    pub async fn activate_flow(&self, tenant: &TenantId, id: AgentId, version: u32) -> Result<Flow, DocumentError> {
        let Versioned { value: agent, version: of_agent, .. } = self.need_version(tenant, id, version).await?;
        let agent = Agent { active_version: Some(version), updated_at: now(), ..agent };
        self.write(tenant, &agent, Expect::Version(of_agent)).await?;
        self.flow_of(tenant, agent).await
    }

    /// Takes a flow out of service; draft and versions stay.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`], [`DocumentError::Conflict`].
    pub async fn unpublish_flow(&self, tenant: &TenantId, id: AgentId) -> Result<Flow, DocumentError> {
        self.need_kind(tenant, id, AgentKind::Flow).await?;
        let agent = self.unpublish(tenant, id).await?;
        self.flow_of(tenant, agent).await
    }

    /// Makes the flow of a published version the draft again. Functions are as they are now.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`]; [`DocumentError::Unsound`] when it names what is not
    /// there any more.
    pub async fn restore_flow(&self, tenant: &TenantId, id: AgentId, version: u32) -> Result<Flow, DocumentError> {
        let (_, restored) = self.flow_version(tenant, id, version).await?;
        let before = self.flow(tenant, id).await?;
        self.replace_flow(tenant, id, restored.flow, before.version).await
    }

    /// Makes a flow of a copy of the draft, with the same settings and functions (row DA-F13).
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn duplicate_flow(&self, tenant: &TenantId, id: AgentId) -> Result<Flow, DocumentError> {
        let original = self.flow(tenant, id).await?;
        let names: Vec<String> = self.flows(tenant).await?.into_iter().map(|flow| flow.document.name).collect();
        let copy = flow::duplicate(&original.document, |name| names.iter().any(|known| known == name));
        self.check_flow(tenant, &copy).await?;
        let settings = self.settings.get(tenant, id).await?;
        let mut together = Together::default();
        let agent = self.add_flow(&copy, &settings, &mut together)?;
        self.change(tenant, together).await?;
        self.flow_of(tenant, agent).await
    }

    /// Makes a flow of a file, and the functions of it that the tenant does not have (row DA-F12).
    ///
    /// # Errors
    /// [`DocumentError::Unsound`] when it names a secret that the tenant does not have; when the store fails.
    pub async fn import_flow(
        &self,
        tenant: &TenantId,
        file: &Portable,
        access: Access,
    ) -> Result<ImportedFlow, DocumentError> {
        let problems = self.unknown_secrets(tenant, flow::secrets(&file.flow)).await?;
        let placed = problems.into_iter().map(|problem| Problem { path: format!("flow.{}", problem.path), ..problem });
        DocumentError::unless_sound("flow", placed.collect())?;
        let mut known = self.functions.documents(tenant).await?;
        let Import { flow, functions } = flow::import(file, &known, || new_id().to_string());
        let mut together = Together::default();
        for one in functions.iter().filter(|one| one.outcome != Outcome::Reused) {
            known.insert(one.id.clone(), one.function.clone());
            self.functions.add(one.id.clone(), one.function.clone(), known.len(), &mut together)?;
        }
        let flow = completed(flow);
        DocumentError::unless_sound("flow", flow::faults(&flow, &known))?;
        let agent = self.add_flow(&flow, &settings_for(access), &mut together)?;
        self.change(tenant, together).await?;
        let warnings = knowledge::unknown(&self.drafts.store, tenant, &flow.configuration.documentation).await?;
        Ok(ImportedFlow { flow: self.flow_of(tenant, agent).await?, functions, warnings })
    }

    /// All that is wrong with a draft.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn flow_problems(&self, tenant: &TenantId, flow: &FlowDocument) -> Result<Vec<Problem>, DocumentError> {
        let mut problems = flow::check(flow, &self.functions.documents(tenant).await?);
        problems.extend(self.unknown_secrets(tenant, flow::secrets(flow)).await?);
        problems.extend(knowledge::unknown(&self.drafts.store, tenant, &flow.configuration.documentation).await?);
        Ok(problems)
    }

    /// Refuses a draft that names what is not there, or is past a bound.
    async fn check_flow(&self, tenant: &TenantId, flow: &FlowDocument) -> Result<(), DocumentError> {
        let mut problems = flow::faults(flow, &self.functions.documents(tenant).await?);
        problems.extend(self.unknown_secrets(tenant, flow::secrets(flow)).await?);
        DocumentError::unless_sound("flow", problems)
    }

    /// Deals another picture (row DA-F15).
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::WrongKind`].
    pub async fn renew_thumbnail(&self, tenant: &TenantId, id: AgentId) -> Result<Flow, DocumentError> {
        let before = self.flow(tenant, id).await?;
        let seed = before.seed.wrapping_add(1 | u64::from(rand::random::<u32>()));
        self.thumbnails.put(tenant, &id.to_string(), &Thumbnail { seed }, &[], Expect::Any).await?;
        Ok(Flow { seed, ..before })
    }

    /// The flows whose draft names a function.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn naming_function(&self, tenant: &TenantId, function: &str) -> Result<Vec<Agent>, DocumentError> {
        let names = |flow: &Flow| {
            let configuration = &flow.document.configuration;
            let attached = flow.document.states.iter().flat_map(|state| &state.functions);
            attached.chain(&configuration.start_up).chain(&configuration.wrap_up).any(|id| id == function)
        };
        Ok(self.flows(tenant).await?.into_iter().filter(names).map(|flow| flow.agent).collect())
    }

    /// The points of contact that name each flow (row DA-F16).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn endpoints_of_flows(
        &self,
        tenant: &TenantId,
    ) -> Result<BTreeMap<AgentId, Vec<Endpoint>>, DocumentError> {
        let mut of = BTreeMap::<AgentId, Vec<Endpoint>>::new();
        for endpoint in self.endpoints.list(tenant, EndpointFilter::default()).await? {
            let mut flows: Vec<AgentId> = endpoint.terms.variants.iter().map(|variant| variant.flow).collect();
            flows.sort();
            flows.dedup();
            for flow in flows {
                of.entry(flow).or_default().push(endpoint.clone());
            }
        }
        Ok(of)
    }
}

/// What its author left to the server: ids, and that a conversation starts in the first state.
fn completed(mut flow: FlowDocument) -> FlowDocument {
    let ids = flow.states.iter_mut().map(|state| &mut state.id);
    for id in ids.chain(flow.transitions.iter_mut().map(|transition| &mut transition.id)) {
        if id.is_empty() {
            *id = new_id().to_string();
        }
    }
    if flow.initial.is_none() {
        flow.initial = flow.states.first().map(|state| state.id.clone());
    }
    flow
}

fn digest(flow: &FlowDocument) -> String {
    let json = serde_json::to_vec(flow).expect("a flow is plain JSON");
    hex::encode(Sha256::digest(json))
}
