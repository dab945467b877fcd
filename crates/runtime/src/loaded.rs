//! Agents as they run: compiled once, kept in memory, exchanged when a document changes.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use dialogue::{
    flow::{
        compiled::CompiledFlow,
        document::FlowDocument,
        function::{Code, FunctionDocument},
        version::FlowVersion,
    },
    scenario::{self, compiled::CompiledScenario},
};
use functions::script::Script;
use language::{IntentClassifier, moderation::Exclusions};
use model::{
    AgentId, TenantId,
    agent::{Agent, AgentKind},
};
use parking_lot::RwLock;
use serde_json::{Map, Value};
use store::{Document, Page, Store, StoreError};
use tokio::sync::{Mutex, watch};

use crate::{
    agents::version_id,
    classifiers::Classifiers,
    documents::DocumentError,
    environment::{Environment, Scalar, catalogue::SENTIMENT_ENABLED},
    experiments::{self, Flags},
    function_calls::script_of,
    functions::Functions,
    turn::TurnError,
};

/// An agent's version, ready to run.
#[derive(Debug)]
pub struct LoadedAgent {
    /// The agent.
    pub id: AgentId,
    /// The published version; 0 is the draft.
    pub version: u32,
    /// What runs.
    pub program: Program,
}

impl LoadedAgent {
    /// What runs, of a scenario.
    pub fn scenario(&self) -> Option<&LoadedScenario> {
        match &self.program {
            Program::Scenario(scenario) => Some(scenario),
            Program::Flow(_) => None,
        }
    }

    /// What customers call it; none of a scenario, which has no name for them.
    pub fn public_name(&self) -> Option<&str> {
        match &self.program {
            Program::Scenario(_) => None,
            Program::Flow(flow) => Some(flow.flow.public_name()),
        }
    }
}

/// What runs.
#[derive(Debug)]
pub enum Program {
    /// A designed conversation.
    Scenario(Box<LoadedScenario>),
    /// A language model in a state machine.
    Flow(Box<LoadedFlow>),
}

/// A scenario, ready to run.
#[derive(Debug)]
pub struct LoadedScenario {
    /// What runs.
    pub scenario: CompiledScenario,
    /// Trained classifiers by the name of their interpreter.
    pub(crate) classifiers: HashMap<Arc<str>, Arc<IntentClassifier>>,
}

/// A flow, ready to run.
#[derive(Debug)]
pub struct LoadedFlow {
    /// What runs.
    pub flow: CompiledFlow,
    /// What its functions run, by the function's id.
    pub(crate) scripts: HashMap<String, Script>,
    /// What customers may not say.
    pub(crate) excluded_input: Exclusions,
    /// What the agent may not say.
    pub(crate) excluded_output: Exclusions,
}

/// Which document of an agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AgentSource {
    /// The published version in service.
    Active,
    /// The draft, for previews (row OD-N37).
    Draft,
    /// This published version, whether it is in service or not.
    Version(u32),
}

/// The agents in memory. What is known is looked up again when any document has changed since;
/// compiled versions are immutable and stay.
pub(crate) struct LoadedAgents {
    store: Store,
    classifiers: Classifiers,
    functions: Functions,
    changes: watch::Receiver<u64>,
    slots: RwLock<HashMap<Key, Arc<Slot>>>,
    listed: RwLock<HashMap<TenantId, Known<Arc<[AgentId]>>>>,
    globals: RwLock<HashMap<TenantId, Known<Globals>>>,
    flags: RwLock<KnownFlags>,
    environment: Environment,
    estimating: RwLock<HashMap<TenantId, Known<bool>>>,
}

type Key = (TenantId, AgentId, AgentSource);
type Globals = Arc<Map<String, Value>>;
type KnownFlags = HashMap<(TenantId, AgentId), Known<Arc<Flags>>>;

/// Where one agent is kept.
#[derive(Default)]
struct Slot {
    known: RwLock<Option<Known<Found>>>,
    /// Held by the one who looks the agent up for all who wait for it.
    looking: Arc<Mutex<()>>,
}

/// Something looked up, and the change count at which that was.
#[derive(Clone)]
struct Known<T> {
    at: u64,
    value: T,
}

/// What was found of an agent.
#[derive(Clone)]
struct Found {
    /// The document that it was made from: number of the published version, or of the draft's change.
    document: Option<u64>,
    /// Failures are kept like agents: neither changes before a document does.
    agent: Result<Arc<LoadedAgent>, TurnError>,
}

impl Slot {
    /// What is known, if it was looked up at this tick or later.
    fn since(&self, tick: u64) -> Option<Result<Arc<LoadedAgent>, TurnError>> {
        self.known.read().as_ref().filter(|known| known.at >= tick).map(|known| known.value.agent.clone())
    }
}

impl LoadedAgents {
    pub(crate) fn new(store: Store, classifiers: Classifiers) -> Arc<Self> {
        Arc::new(Self {
            changes: store.changes(),
            functions: Functions::new(&store),
            environment: Environment::new(&store),
            store,
            classifiers,
            slots: RwLock::default(),
            listed: RwLock::default(),
            globals: RwLock::default(),
            flags: RwLock::default(),
            estimating: RwLock::default(),
        })
    }

    fn tick(&self) -> u64 {
        *self.changes.borrow()
    }

    /// The agent to run. Who does not wait for it finds it loaded the next time.
    pub(crate) async fn get(
        self: &Arc<Self>,
        tenant: &TenantId,
        agent: AgentId,
        source: AgentSource,
    ) -> Result<Arc<LoadedAgent>, TurnError> {
        let key = (tenant.clone(), agent, source);
        let tick = self.tick();
        let slot = self.slots.read().get(&key).cloned();
        let slot = slot.unwrap_or_else(|| self.slots.write().entry(key.clone()).or_default().clone());
        if let Some(known) = slot.since(tick) {
            return known;
        }
        let looking = slot.looking.clone().lock_owned().await;
        if let Some(known) = slot.since(tick) {
            return known;
        }
        let agents = self.clone();
        // A task of its own, because training may take longer than the caller waits.
        let load = async move {
            let agent = agents.load(key, &slot).await;
            drop(looking);
            agent
        };
        tokio::spawn(load).await.map_err(|problem| TurnError::Broken(problem.to_string()))?
    }

    async fn load(&self, key: Key, slot: &Slot) -> Result<Arc<LoadedAgent>, TurnError> {
        let at = self.tick();
        let known = slot.known.read().as_ref().map(|known| known.value.clone());
        let found = match self.look_up(&key, known).await {
            Ok(found) => found,
            Err(error @ TurnError::NoActiveVersion) => Found { document: None, agent: Err(error) },
            Err(error) => {
                // Anybody can ask for ids that do not exist: they are not remembered. When the store
                // fails, what is known stays for when it is back.
                if matches!(error, TurnError::UnknownAgent) || slot.known.read().is_none() {
                    self.slots.write().remove(&key);
                }
                return Err(error);
            }
        };
        let agent = found.agent.clone();
        *slot.known.write() = Some(Known { at, value: found });
        agent
    }

    /// Finds which document is to run, and makes it ready unless it is what is known.
    async fn look_up(&self, (tenant, id, source): &Key, known: Option<Found>) -> Result<Found, TurnError> {
        let id = *id;
        let is_known = |document| known.clone().filter(|known| known.document == Some(document));
        let documents = self.store.tenant(tenant);
        let agent: Agent = documents.get("agent", &id.to_string()).await?.ok_or(TurnError::UnknownAgent)?.read()?;
        let kind = agent.kind;
        let (version, number, document) = match source {
            AgentSource::Active | AgentSource::Version(_) => {
                let version = match source {
                    AgentSource::Version(version) => *version,
                    _ => agent.active_version.ok_or(TurnError::NoActiveVersion)?,
                };
                if let Some(known) = is_known(version.into()) {
                    return Ok(known);
                }
                let document = documents.get("agent.version", &version_id(id, version)).await?;
                (version, version.into(), document.ok_or(TurnError::UnknownAgent)?)
            }
            AgentSource::Draft => {
                let document = documents.get("agent.draft", &id.to_string()).await?.ok_or(TurnError::UnknownAgent)?;
                if kind == AgentKind::Flow {
                    return self.draft_flow(tenant, id, document, is_known).await;
                }
                if let Some(known) = is_known(document.version) {
                    return Ok(known);
                }
                (0, document.version, document)
            }
        };
        if kind == AgentKind::Flow {
            let flow: Result<FlowVersion, _> = document.read();
            let agent = flow.map_err(TurnError::from).and_then(|flow| flow_ready(id, version, flow)).map(Arc::new);
            return Ok(Found { document: Some(number), agent });
        }
        let classifiers = self.classifiers.clone();
        // Compiling and training take the processor for as long as they take: not on the async threads.
        let ready = tokio::task::spawn_blocking(move || make_ready(id, version, &document, &classifiers)).await;
        let agent = ready.unwrap_or_else(|problem| Err(TurnError::Broken(problem.to_string())));
        Ok(Found { document: Some(number), agent: agent.map(Arc::new) })
    }

    /// A flow's draft with the functions as they are now: it changes when any of them does.
    async fn draft_flow(
        &self,
        tenant: &TenantId,
        id: AgentId,
        document: Document,
        is_known: impl FnOnce(u64) -> Option<Found>,
    ) -> Result<Found, TurnError> {
        let functions = self.store.tenant(tenant).list("function", Page::whole()).await?;
        let mut hasher = DefaultHasher::new();
        document.version.hash(&mut hasher);
        for function in &functions {
            (&function.id, function.version).hash(&mut hasher);
        }
        let number = hasher.finish();
        if let Some(known) = is_known(number) {
            return Ok(known);
        }
        let functions = self.functions.documents(tenant).await?;
        let agent = document
            .read::<FlowDocument>()
            .map_err(TurnError::from)
            .and_then(|flow| flow_ready(id, 0, FlowVersion::of_draft(flow, &functions)));
        Ok(Found { document: Some(number), agent: agent.map(Arc::new) })
    }

    /// The agents in service, oldest first.
    pub(crate) async fn in_service(&self, tenant: &TenantId) -> Result<Arc<[AgentId]>, StoreError> {
        let tick = self.tick();
        if let Some(known) = self.listed.read().get(tenant)
            && known.at == tick
        {
            return Ok(known.value.clone());
        }
        let mut agents = Vec::new();
        for document in self.store.tenant(tenant).list("agent", Page::whole()).await? {
            let agent: Agent = document.read()?;
            if agent.active_version.is_some() && agent.kind == AgentKind::Scenario {
                agents.push((agent.created_at, agent.id));
            }
        }
        agents.sort();
        let agents: Arc<[AgentId]> = agents.into_iter().map(|(_, id)| id).collect();
        self.listed.write().insert(tenant.clone(), Known { at: tick, value: agents.clone() });
        Ok(agents)
    }

    /// The tenant's `global` context.
    pub(crate) async fn globals(&self, tenant: &TenantId) -> Result<Globals, StoreError> {
        let tick = self.tick();
        if let Some(known) = self.globals.read().get(tenant)
            && known.at == tick
        {
            return Ok(known.value.clone());
        }
        let globals: Globals = match self.store.tenant(tenant).get("context", "global").await? {
            Some(document) => Arc::new(document.read()?),
            None => Arc::default(),
        };
        self.globals.write().insert(tenant.clone(), Known { at: tick, value: globals.clone() });
        Ok(globals)
    }

    /// The flags of an agent that exists.
    pub(crate) async fn flags(&self, tenant: &TenantId, agent: AgentId) -> Result<Arc<Flags>, StoreError> {
        let (key, tick) = ((tenant.clone(), agent), self.tick());
        if let Some(known) = self.flags.read().get(&key)
            && known.at == tick
        {
            return Ok(known.value.clone());
        }
        let flags: Arc<Flags> = match self.store.tenant(tenant).get(experiments::KIND, &agent.to_string()).await? {
            Some(document) => Arc::new(document.read()?),
            None => Arc::default(),
        };
        self.flags.write().insert(key, Known { at: tick, value: flags.clone() });
        Ok(flags)
    }

    /// Whether the tenant has it estimated how its conversations are going.
    pub(crate) async fn estimates_moods(&self, tenant: &TenantId) -> Result<bool, DocumentError> {
        let tick = self.tick();
        if let Some(known) = self.estimating.read().get(tenant)
            && known.at == tick
        {
            return Ok(known.value);
        }
        let value = self.environment.need(tenant, SENTIMENT_ENABLED).await?.value != Some(Scalar::Boolean(false));
        self.estimating.write().insert(tenant.clone(), Known { at: tick, value });
        Ok(value)
    }
}

fn make_ready(
    id: AgentId,
    version: u32,
    document: &Document,
    classifiers: &Classifiers,
) -> Result<LoadedAgent, TurnError> {
    let imported = scenario::import(document.body.get().as_bytes()).map_err(|problems| {
        TurnError::Broken(problems.iter().map(|p| format!("{}: {}", p.path, p.message)).collect::<Vec<_>>().join("; "))
    })?;
    let scenario = CompiledScenario::compile(&imported.scenario, &id.to_string());
    let classifiers = classifiers
        .trained(scenario.training(&imported.scenario))
        .map_err(|problem| TurnError::Broken(problem.to_string()))?;
    Ok(LoadedAgent { id, version, program: Program::Scenario(Box::new(LoadedScenario { scenario, classifiers })) })
}

/// Makes a flow ready: its tools, its functions' code, its lists.
fn flow_ready(id: AgentId, version: u32, flow: FlowVersion) -> Result<LoadedAgent, TurnError> {
    let FlowVersion { flow, functions, libraries } = flow;
    let libraries: Vec<(String, String)> = libraries
        .into_iter()
        .filter_map(|(name, pinned)| match pinned.function.code {
            Code::Library { source } => Some((name, source)),
            _ => None,
        })
        .collect();
    let functions: BTreeMap<String, FunctionDocument> =
        functions.into_iter().map(|(id, pinned)| (id, pinned.function)).collect();
    let configuration = &flow.configuration;
    let scripts = functions
        .iter()
        .filter_map(|(id, function)| {
            Some((id.clone(), script_of(function, libraries.clone(), &configuration.static_parameters)?))
        })
        .collect();
    let excluded = |phrases: &[String]| {
        Exclusions::new(phrases).map_err(|problem| TurnError::Broken(format!("guardrails: {problem}")))
    };
    let excluded_input = excluded(&configuration.guardrails.excluded_input)?;
    let excluded_output = excluded(&configuration.guardrails.excluded_output)?;
    let flow = CompiledFlow::compile(flow, &functions);
    let flow = LoadedFlow { flow, scripts, excluded_input, excluded_output };
    Ok(LoadedAgent { id, version, program: Program::Flow(Box::new(flow)) })
}

#[cfg(test)]
mod tests {
    use store::StoreOptions;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn ids_that_do_not_exist_are_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).await.unwrap();
        let agents = LoadedAgents::new(store, Classifiers::in_folder(folder.path().join("models")));
        let tenant = "t".parse().unwrap();
        for source in [AgentSource::Active, AgentSource::Draft] {
            let found = agents.get(&tenant, AgentId(Uuid::now_v7()), source).await;
            assert!(matches!(found, Err(TurnError::UnknownAgent)));
        }
        assert!(agents.slots.read().is_empty());
    }
}
