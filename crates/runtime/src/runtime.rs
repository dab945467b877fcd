//! The runtime: starts, takes turns, finishes those in flight, stops.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::Duration,
};

use dialogue::engine::{Position, Session};
use functions::script::{CallLimits, WorkerOptions, Workers};
use language::chat::{Models, Permit, PoolOptions, Prices};
use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    record::{FactRecord, Record},
};
use parking_lot::Mutex;
use store::{Store, StoreError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    classifiers::Classifiers,
    contact_order::ContactOrder,
    documents::DocumentError,
    erasure,
    files::{FileLimits, Files},
    flow::{Interruption, RecentPast, Thinking},
    idle,
    knowledge::{
        self, Knowledge,
        reading::{Readers, ReadingError},
    },
    loaded::{AgentSource, LoadedAgent, LoadedAgents},
    models::ModelChoices,
    outbound::{IpNet, Outbound},
    presets::Presets,
    replay::Replayer,
    retention,
    secrets::Secrets,
    turn::{TurnAnswer, TurnCall, TurnError, read},
    usage::Budgets,
    webhooks::{Deliveries, WebhookOptions},
};

/// How the runtime behaves.
#[derive(Debug, Clone)]
pub struct RuntimeOptions {
    /// Longest time from a turn's arrival until it is written: waiting, loading and thinking together.
    pub turn_timeout: Duration,
    /// The same for a turn of a flow, whose models and functions take their time.
    pub flow_timeout: Duration,
    /// Folder for trained classifiers.
    pub models: PathBuf,
    /// Folder for files that visitors send.
    pub files: PathBuf,
    /// How much of them is kept.
    pub file_limits: FileLimits,
    /// Networks that may be called although they are internal.
    pub outbound_allow: Vec<IpNet>,
    /// How webhooks are delivered.
    pub webhooks: WebhookOptions,
    /// How many calls of language models run at once, and wait.
    pub models_pool: PoolOptions,
    /// What language models cost.
    pub model_prices: Prices,
    /// What runs functions in JavaScript.
    pub workers: WorkerOptions,
    /// The program that reads files, which is started with the one argument `document-reader`. `/proc/self/exe` is the
    /// program that runs, even when its file was replaced since.
    pub reader: PathBuf,
}

impl RuntimeOptions {
    /// Defaults, with what is kept on disk in the data directory.
    pub fn in_data_dir(data_dir: &std::path::Path) -> Self {
        Self {
            turn_timeout: Duration::from_secs(20),
            flow_timeout: Duration::from_secs(90),
            models: data_dir.join("models"),
            files: data_dir.join("files"),
            file_limits: FileLimits::default(),
            outbound_allow: Vec::new(),
            webhooks: WebhookOptions::default(),
            models_pool: PoolOptions::default(),
            model_prices: Prices::default(),
            workers: WorkerOptions {
                memory_bytes: CallLimits::default().memory,
                ..WorkerOptions::new("/proc/self/exe")
            },
            reader: PathBuf::from("/proc/self/exe"),
        }
    }
}

/// Why the runtime cannot do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is known of a contact's conversation with an agent (row OD-W18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserType {
    /// Never heard of.
    New,
    /// In the middle of a conversation.
    Ongoing,
    /// Completed one before.
    Returning,
}

/// A handle on the running runtime; cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
    services: Arc<Services>,
}

/// What runs beside turns; it ends with the last handle on the runtime.
struct Services {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What asks language models. It is made when it is first asked: its client reads all certificates that are trusted,
/// and who runs no flows needs none of them in memory.
type AwaitedModels = Arc<LazyLock<Models, Box<dyn FnOnce() -> Models + Send>>>;

/// What asks language models: through the guarded client, because tenants name addresses.
fn awaited(outbound: &Outbound, options: &RuntimeOptions) -> AwaitedModels {
    let (outbound, pool, prices) = (outbound.clone(), options.models_pool, options.model_prices.clone());
    Arc::new(LazyLock::new(Box::new(move || models(&outbound, &pool, prices))))
}

fn models(outbound: &Outbound, pool: &PoolOptions, prices: Prices) -> Models {
    let guard = outbound.clone();
    let permit: Permit = Arc::new(move |url: &str| guard.check(url).map(drop).map_err(|problem| problem.to_string()));
    let client = outbound.http().expect("a client without proxy, file or address of its own can be built");
    Models::new(client, permit, *pool, prices)
}

impl Drop for Services {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) agents: Arc<LoadedAgents>,
    pub(crate) order: Arc<ContactOrder>,
    pub(crate) options: RuntimeOptions,
    pub(crate) presets: Arc<Presets>,
    pub(crate) files: Files,
    /// What flows look up.
    pub(crate) knowledge: Knowledge,
    /// What reads files.
    pub(crate) readers: Readers,
    /// What was said lately in conversations with flows.
    pub(crate) past: RecentPast,
    /// Where flows are thinking.
    pub(crate) thinking: Thinking,
    /// What asks language models.
    pub(crate) models: AwaitedModels,
    /// Which models answer, by tenant.
    pub(crate) model_choices: ModelChoices,
    /// What tenants have spent on models.
    pub(crate) budgets: Budgets,
    /// What runs functions in JavaScript.
    pub(crate) workers: Workers,
    pub(crate) secrets: Secrets,
    pub(crate) outbound: Outbound,
    webhooks: Deliveries,
    /// Whom the erasures mean that were noted here.
    pub(crate) erasing: Mutex<HashMap<Uuid, ContactId>>,
    pub(crate) one_erasure: tokio::sync::Mutex<()>,
    in_flight: TaskTracker,
}

impl Shared {
    fn new(store: Store, options: RuntimeOptions, outbound: Outbound, webhooks: Deliveries) -> Self {
        let classifiers = Classifiers::in_folder(options.models.clone());
        Self {
            agents: LoadedAgents::new(store.clone(), classifiers),
            order: ContactOrder::new(),
            presets: Presets::new(store.clone()),
            files: Files::in_folder(options.files.clone(), options.file_limits),
            knowledge: Knowledge::new(&store),
            readers: Readers::of(options.reader.clone()),
            webhooks,
            past: RecentPast::default(),
            thinking: Thinking::default(),
            models: awaited(&outbound, &options),
            model_choices: ModelChoices::new(&store),
            budgets: Budgets::default(),
            workers: Workers::start(options.workers.clone()),
            secrets: Secrets::new(&store),
            outbound,
            in_flight: TaskTracker::new(),
            erasing: Mutex::default(),
            one_erasure: tokio::sync::Mutex::default(),
            options,
            store,
        }
    }

    /// Takes a turn to its end, though the caller goes away.
    pub(crate) async fn turn(self: &Arc<Self>, call: TurnCall) -> Result<TurnAnswer, TurnError> {
        if self.in_flight.is_closed() {
            return Err(TurnError::ShuttingDown);
        }
        // Boxed once here, or all that lies between the connection and this would carry room for it and move it along.
        let taken = self.in_flight.spawn(Box::pin(self.clone().take(call))).await;
        taken.map_err(|problem| TurnError::Broken(problem.to_string()))?
    }
}

impl Runtime {
    /// Starts on an open store: turns, and what goes on beside them. Within an async runtime.
    pub fn start(store: Store, options: RuntimeOptions) -> Self {
        let outbound = Outbound::new(options.outbound_allow.clone());
        let webhooks = Deliveries::start(store.clone(), outbound.clone(), options.webhooks.clone());
        let shared = Arc::new(Shared::new(store, options, outbound, webhooks));
        let services = Services { stop: CancellationToken::new(), tasks: TaskTracker::new() };
        services.tasks.spawn(erasure::follow(shared.clone(), services.stop.clone()));
        services.tasks.spawn(retention::follow(shared.clone(), services.stop.clone()));
        services.tasks.spawn(idle::follow(shared.clone(), services.stop.clone()));
        services.tasks.spawn(knowledge::follow(shared.clone(), services.stop.clone()));
        services.tasks.close();
        Self { shared, services: Arc::new(services) }
    }

    /// Takes turns and does nothing beside them: nothing is delivered, erased, ended or made to expire. For stores whose
    /// conversations are apart ([`Store::apart`]).
    pub fn start_apart(store: Store, options: RuntimeOptions) -> Self {
        let outbound = Outbound::new(options.outbound_allow.clone());
        let webhooks = Deliveries::silent(store.clone(), outbound.clone(), options.webhooks.clone());
        Self::alone(Shared::new(store, options, outbound, webhooks))
    }

    /// The same agents, models and functions over conversations that are apart; as [`Runtime::start_apart`] it does
    /// nothing beside turns.
    #[must_use]
    pub fn beside(&self, conversations: &Store) -> Self {
        let live = &*self.shared;
        let store = live.store.apart(conversations);
        let options = live.options.clone();
        Self::alone(Shared {
            agents: live.agents.clone(),
            order: ContactOrder::new(),
            presets: Presets::new(store.clone()),
            files: live.files.clone(),
            knowledge: live.knowledge.clone(),
            readers: live.readers.clone(),
            webhooks: Deliveries::silent(store.clone(), live.outbound.clone(), options.webhooks.clone()),
            past: RecentPast::default(),
            thinking: Thinking::default(),
            models: live.models.clone(),
            model_choices: live.model_choices.clone(),
            budgets: Budgets::default(),
            workers: live.workers.clone(),
            secrets: live.secrets.clone(),
            outbound: live.outbound.clone(),
            in_flight: TaskTracker::new(),
            erasing: Mutex::default(),
            one_erasure: tokio::sync::Mutex::default(),
            options,
            store,
        })
    }

    fn alone(shared: Shared) -> Self {
        let services = Services { stop: CancellationToken::new(), tasks: TaskTracker::new() };
        services.tasks.close();
        Self { shared: Arc::new(shared), services: Arc::new(services) }
    }

    /// What replays recorded conversations with the agents of this runtime.
    pub fn replayer(&self) -> Replayer {
        Replayer::over(self.shared.store.clone(), self.shared.agents.clone())
    }

    /// The store underneath.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Files that visitors sent.
    pub fn files(&self) -> &Files {
        &self.shared.files
    }

    /// Documents, questions and answers that flows look up.
    pub fn knowledge(&self) -> &Knowledge {
        &self.shared.knowledge
    }

    /// The text in a file of a media type, without parameters and in lower case.
    ///
    /// # Errors
    /// [`ReadingError`].
    pub async fn text_of(&self, media_type: &str, content: Vec<u8>) -> Result<String, ReadingError> {
        self.shared.readers.text(media_type, content).await
    }

    /// The client for addresses that people configure.
    pub fn outbound(&self) -> &Outbound {
        &self.shared.outbound
    }

    /// What sends the tenants' events to their addresses.
    pub fn webhooks(&self) -> &Deliveries {
        &self.shared.webhooks
    }

    /// What was set for contacts beside turns.
    pub fn presets(&self) -> &Presets {
        &self.shared.presets
    }

    /// Takes a turn. The turn goes on when the caller goes away: what was begun is finished, and a retry
    /// with the same message id gets its answer.
    ///
    /// # Errors
    /// [`TurnError`]; nothing was changed then.
    pub async fn turn(&self, call: TurnCall) -> Result<TurnAnswer, TurnError> {
        self.shared.turn(call).await
    }

    /// Ends the conversations on the web that at a moment nobody has gone on with for as long as their tenants say;
    /// answers how many. The runtime does it by itself every minute.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end_idle(&self, now: Timestamp) -> Result<usize, DocumentError> {
        self.shared.end_idle(now, &mut idle::Places::default()).await
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// What asks language models, and how much of it is in use.
    pub fn models(&self) -> &Models {
        &self.shared.models
    }

    /// Stops the agent of a conversation until what is given back is dropped: turns in which it thinks end with what it
    /// has said.
    pub(crate) fn interrupt(&self, transcript: TranscriptId) -> Interruption {
        self.shared.thinking.interrupt(transcript)
    }

    /// Records something that happened beside turns.
    ///
    /// # Errors
    /// [`TurnError`]; nothing was recorded then.
    pub async fn record_fact(&self, fact: FactRecord) -> Result<LogSeq, TurnError> {
        if self.shared.in_flight.is_closed() {
            return Err(TurnError::ShuttingDown);
        }
        let shared = self.shared.clone();
        let append = async move {
            // In line with the contact's turns, and with its erasure.
            let _place = shared.order.enter(&fact.tenant, &fact.contact).await?;
            Ok::<_, TurnError>(shared.store.append(Record::Fact(Box::new(fact))).await?)
        };
        let appended = self.shared.in_flight.spawn(append).await;
        appended.map_err(|problem| TurnError::Broken(problem.to_string()))?
    }

    /// Erases a contact: when this returns, no byte of what was said and known of it is in the store, nor
    /// in its files. False when there is no record of it. It is finished though the caller goes away, and
    /// at the next start when the server does.
    ///
    /// # Errors
    /// [`TurnError`]; it is noted then and done as soon as it can be.
    pub async fn erase_contact(&self, tenant: &TenantId, contact: &ContactId) -> Result<bool, TurnError> {
        if self.shared.in_flight.is_closed() {
            return Err(TurnError::ShuttingDown);
        }
        let (shared, tenant, contact) = (self.shared.clone(), tenant.clone(), contact.clone());
        let erase = async move { shared.erase(&tenant, &contact).await };
        let erased = self.shared.in_flight.spawn(erase).await;
        erased.map_err(|problem| TurnError::Broken(problem.to_string()))?
    }

    /// What is known of a contact's conversation with an agent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn user_type(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        contact: &ContactId,
    ) -> Result<UserType, TurnError> {
        let Some(stored) = self.shared.store.tenant(tenant).session(contact, &agent).await? else {
            return Ok(UserType::New);
        };
        let is_flow = stored.state.is_some();
        if is_flow && !stored.closed {
            return Ok(UserType::Ongoing);
        }
        let session: Session = read(&stored.session)?;
        Ok(if stored.closed || session.position == Position::Start { UserType::Returning } else { UserType::Ongoing })
    }

    /// Loads an agent, so that its first turn finds it compiled and trained.
    ///
    /// # Errors
    /// [`TurnError`] when it cannot be run.
    pub async fn warm(&self, tenant: &TenantId, agent: AgentId) -> Result<(), TurnError> {
        self.in_service(tenant, agent).await.map(drop)
    }

    /// The version of an agent that serves visitors, ready to run.
    ///
    /// # Errors
    /// [`TurnError`] when there is none, or it cannot be run.
    pub async fn in_service(&self, tenant: &TenantId, agent: AgentId) -> Result<Arc<LoadedAgent>, TurnError> {
        self.shared.agents.get(tenant, agent, AgentSource::Active).await
    }

    /// A version of an agent, ready to run, whether it serves or not; 0 is the draft.
    ///
    /// # Errors
    /// [`TurnError`] when there is none, or it cannot be run.
    pub async fn loaded(&self, tenant: &TenantId, agent: AgentId, version: u32) -> Result<Arc<LoadedAgent>, TurnError> {
        let source = if version == 0 { AgentSource::Draft } else { AgentSource::Version(version) };
        self.shared.agents.get(tenant, agent, source).await
    }

    /// Begins no new turns and deliveries, and waits for those in flight, at most for `limit`.
    pub async fn shutdown(&self, limit: Duration) {
        self.services.stop.cancel();
        let turns = async {
            self.shared.in_flight.close();
            let ended = async { tokio::join!(self.shared.in_flight.wait(), self.services.tasks.wait()) };
            if tokio::time::timeout(limit, ended).await.is_err() {
                let turns = self.shared.in_flight.len();
                tracing::warn!(turns, "turns were still in flight at the shutdown's limit");
            }
        };
        // What the last turns cause is sent after the next start.
        tokio::join!(turns, self.shared.webhooks.shutdown(limit));
        self.shared.workers.stop().await;
        self.shared.presets.tidy().await;
    }
}
