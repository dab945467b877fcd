//! Agents as they run: compiled once, kept in memory, exchanged when a document changes.

use std::{collections::HashMap, sync::Arc};

use dialogue::scenario::{self, compiled::CompiledScenario};
use language::IntentClassifier;
use model::{AgentId, TenantId, agent::Agent};
use parking_lot::RwLock;
use serde_json::{Map, Value};
use store::{Page, Store, StoreError};
use tokio::sync::{Mutex, watch};

use crate::{classifiers::Classifiers, turn::TurnError};

/// An agent's version, ready to run.
#[derive(Debug)]
pub struct LoadedAgent {
    /// The agent.
    pub id: AgentId,
    /// The published version; 0 is the draft.
    pub version: u32,
    /// What runs.
    pub scenario: CompiledScenario,
    /// Trained classifiers by the name of their interpreter.
    pub(crate) classifiers: HashMap<Arc<str>, Arc<IntentClassifier>>,
}

/// Which document of an agent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentSource {
    /// The published version in service.
    Active,
    /// The draft, for previews (row OD-N37).
    Draft,
}

/// The agents in memory. An entry is looked up again when any document has changed since; compiled
/// versions are immutable and stay.
pub(crate) struct LoadedAgents {
    store: Store,
    classifiers: Classifiers,
    changes: watch::Receiver<u64>,
    known: RwLock<HashMap<(TenantId, AgentId, bool), Known<Arc<LoadedAgent>>>>,
    listed: RwLock<HashMap<TenantId, Known<Arc<[AgentId]>>>>,
    globals: RwLock<HashMap<TenantId, Known<Arc<Map<String, Value>>>>>,
    /// One agent is compiled at a time: turns that wait for the same one must not all compile it.
    compiling: Mutex<()>,
}

/// Something looked up, and the change count at which that was.
#[derive(Clone)]
struct Known<T> {
    at: u64,
    /// Version of the document that it was made from.
    document: u64,
    value: T,
}

impl LoadedAgents {
    pub(crate) fn new(store: Store, classifiers: Classifiers) -> Self {
        Self {
            changes: store.changes(),
            store,
            classifiers,
            known: RwLock::default(),
            listed: RwLock::default(),
            globals: RwLock::default(),
            compiling: Mutex::new(()),
        }
    }

    fn tick(&self) -> u64 {
        *self.changes.borrow()
    }

    /// The agent to run.
    pub(crate) async fn get(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        source: AgentSource,
    ) -> Result<Arc<LoadedAgent>, TurnError> {
        let key = (tenant.clone(), agent, source == AgentSource::Draft);
        let tick = self.tick();
        if let Some(known) = self.known.read().get(&key)
            && known.at == tick
        {
            return Ok(known.value.clone());
        }
        let _one = self.compiling.lock().await;
        let known = self.known.read().get(&key).cloned();
        if let Some(known) = &known
            && known.at == tick
        {
            return Ok(known.value.clone());
        }
        let loaded = self.look_up(tenant, agent, source, known).await;
        match &loaded {
            Ok((loaded, document)) => {
                self.known.write().insert(key, Known { at: tick, document: *document, value: loaded.clone() });
            }
            Err(_) => {
                self.known.write().remove(&key);
            }
        }
        loaded.map(|(loaded, _)| loaded)
    }

    async fn look_up(
        &self,
        tenant: &TenantId,
        id: AgentId,
        source: AgentSource,
        known: Option<Known<Arc<LoadedAgent>>>,
    ) -> Result<(Arc<LoadedAgent>, u64), TurnError> {
        let documents = self.store.tenant(tenant);
        let agent: Agent = documents.get("agent", &id.to_string()).await?.ok_or(TurnError::UnknownAgent)?.read()?;
        let (kind, document_id, version) = match source {
            AgentSource::Active => {
                let version = agent.active_version.ok_or(TurnError::NoActiveVersion)?;
                if let Some(known) = known.clone().filter(|known| known.value.version == version) {
                    return Ok((known.value, known.document));
                }
                ("agent.version", format!("{id}/{version}"), version)
            }
            AgentSource::Draft => ("agent.draft", id.to_string(), 0),
        };
        let document = documents.get(kind, &document_id).await?.ok_or(TurnError::UnknownAgent)?;
        if let Some(known) = known.filter(|known| known.document == document.version && source == AgentSource::Draft) {
            return Ok((known.value, known.document));
        }
        let classifiers = self.classifiers.clone();
        let document_version = document.version;
        // Compiling and training take the processor for as long as they take: not on the async threads.
        let loaded = tokio::task::spawn_blocking(move || {
            let imported = scenario::import(document.body.get().as_bytes()).map_err(|problems| {
                TurnError::Broken(
                    problems.iter().map(|p| format!("{}: {}", p.path, p.message)).collect::<Vec<_>>().join("; "),
                )
            })?;
            let scenario = CompiledScenario::compile(&imported.scenario, &id.to_string());
            let classifiers = classifiers
                .trained(scenario.training(&imported.scenario))
                .map_err(|problem| TurnError::Broken(problem.to_string()))?;
            Ok::<_, TurnError>(LoadedAgent { id, version, scenario, classifiers })
        })
        .await
        .map_err(|problem| TurnError::Broken(problem.to_string()))??;
        Ok((Arc::new(loaded), document_version))
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
            if agent.active_version.is_some() {
                agents.push((agent.created_at, agent.id));
            }
        }
        agents.sort();
        let agents: Arc<[AgentId]> = agents.into_iter().map(|(_, id)| id).collect();
        self.listed.write().insert(tenant.clone(), Known { at: tick, document: 0, value: agents.clone() });
        Ok(agents)
    }

    /// The tenant's `global` context.
    pub(crate) async fn globals(&self, tenant: &TenantId) -> Result<Arc<Map<String, Value>>, StoreError> {
        let tick = self.tick();
        if let Some(known) = self.globals.read().get(tenant)
            && known.at == tick
        {
            return Ok(known.value.clone());
        }
        let globals: Arc<Map<String, Value>> = match self.store.tenant(tenant).get("context", "global").await? {
            Some(document) => Arc::new(document.read()?),
            None => Arc::default(),
        };
        self.globals.write().insert(tenant.clone(), Known { at: tick, document: 0, value: globals.clone() });
        Ok(globals)
    }
}
