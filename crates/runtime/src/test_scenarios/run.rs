//! Runs test scenarios: real turns of the real agent, on conversations of their own in a folder that is removed
//! afterwards. Documents are read where they are, and changed nowhere.

use std::{sync::Arc, time::Instant};

use dialogue::flow::document::ModelSettings;
use model::{
    AgentId, ContactId, TenantId, TranscriptId,
    agent::AgentKind,
    record::{Author, TurnRecord},
    transcript::TranscriptState,
};
use store::{Store, StoreError, StoreOptions};
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use super::{Assertion, SaidTurn, StoredTestScenario, TestFailure, TestReport, TestResult, TestScenario};
use crate::{
    Runtime, RuntimeOptions,
    loaded::{AgentSource, Program},
    turn::{AgentChoice, Arrival, Conversation, TurnAnswer, TurnCall, TurnError},
};

/// Most tests of one run: scenarios times versions.
pub const MAX_RUNS: usize = 500;
/// Tests that go on at once in a run.
const AT_ONCE: usize = 4;
/// Runs that go on at once in a process.
static RUNS: Semaphore = Semaphore::const_new(2);

/// Where tests run.
#[derive(Clone)]
pub struct Bench(Arc<Inner>);

struct Inner {
    runtime: Runtime,
    conversations: Store,
    /// Removed with the last handle.
    _folder: TempDir,
}

/// One scenario with one version.
struct Test {
    tenant: TenantId,
    agent: AgentId,
    /// What the version is, or why it cannot be run.
    kind: Result<AgentKind, String>,
    version: u32,
    scenario: StoredTestScenario,
}

impl Bench {
    /// Beside a running server, with its agents, models and functions.
    ///
    /// # Errors
    /// When there is no room on the disk.
    pub async fn beside(runtime: &Runtime) -> Result<Self, StoreError> {
        let (folder, conversations) = conversations().await?;
        let runtime = runtime.beside(&conversations);
        Ok(Self(Arc::new(Inner { runtime, conversations, _folder: folder })))
    }

    /// Over the documents of a store, which may be open beside a running server.
    ///
    /// # Errors
    /// When there is no room on the disk.
    pub async fn over(documents: &Store, options: RuntimeOptions) -> Result<Self, StoreError> {
        let (folder, conversations) = conversations().await?;
        let runtime = Runtime::start_apart(documents.apart(&conversations), options);
        Ok(Self(Arc::new(Inner { runtime, conversations, _folder: folder })))
    }

    /// Runs each scenario with each version; 0 is the draft. Versions come one after the other.
    ///
    /// # Errors
    /// [`TurnError::UnknownAgent`] where the agent or a version of it is not there; when the store fails. What goes
    /// wrong in a test is in the report.
    pub async fn run(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        scenarios: &[StoredTestScenario],
        versions: &[u32],
    ) -> Result<TestReport, TurnError> {
        let _one_of_few = RUNS.acquire().await.map_err(|_| TurnError::ShuttingDown)?;
        let mut tests = Vec::new();
        for version in versions {
            let source = if *version == 0 { AgentSource::Draft } else { AgentSource::Version(*version) };
            let kind = match self.0.runtime.shared().agents.get(tenant, agent, source).await {
                Ok(loaded) => match loaded.program {
                    Program::Scenario(_) => Ok(AgentKind::Scenario),
                    Program::Flow(_) => Ok(AgentKind::Flow),
                },
                Err(TurnError::Broken(why)) => Err(format!("the version cannot be run: {why}")),
                Err(error) => return Err(error),
            };
            tests.extend(scenarios.iter().map(|scenario| Test {
                tenant: tenant.clone(),
                agent,
                kind: kind.clone(),
                version: *version,
                scenario: scenario.clone(),
            }));
        }
        let mut results: Vec<Option<TestResult>> = tests.iter().map(|_| None).collect();
        let mut waiting = tests.into_iter().enumerate();
        // What goes on ends when whoever waits for it goes away.
        let mut going_on = JoinSet::new();
        loop {
            while going_on.len() < AT_ONCE
                && let Some((at, test)) = waiting.next()
            {
                let bench = self.clone();
                going_on.spawn(async move { (at, bench.test(&test).await) });
            }
            let Some(ended) = going_on.join_next().await else { break };
            let (at, result) = ended.map_err(|problem| TurnError::Broken(problem.to_string()))?;
            results[at] = Some(result?);
        }
        Ok(TestReport { results: results.into_iter().flatten().collect() })
    }

    async fn test(&self, test: &Test) -> Result<TestResult, TurnError> {
        let began = Instant::now();
        let mut held = Held::default();
        let outcome = match &test.kind {
            Ok(kind) => self.hold(test, *kind, &mut held).await,
            Err(why) => Err(TurnError::Broken(why.clone())),
        };
        match outcome {
            Ok(()) => {}
            Err(error @ TurnError::Store(_)) => return Err(error),
            Err(error) => {
                let turn = u32::try_from(held.turns.len() + 1).ok();
                held.failures.push(TestFailure { turn, reason: error.to_string() });
            }
        }
        Ok(TestResult {
            scenario: test.scenario.id.clone(),
            name: test.scenario.scenario.name.clone(),
            version: test.version,
            failures: held.failures,
            said: held.turns.iter().map(said).collect(),
            micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        })
    }

    /// Holds the conversation, and looks at each turn and at the end.
    async fn hold(&self, test: &Test, kind: AgentKind, held: &mut Held) -> Result<(), TurnError> {
        let TestScenario { turns, expect_end, .. } = &test.scenario.scenario;
        let contact: ContactId = format!("test-{}", Uuid::new_v4())
            .parse()
            .map_err(|problem: model::id::IdError| TurnError::Broken(problem.to_string()))?;
        let mut transcript = None;
        for (at, turn) in turns.iter().enumerate() {
            let answer = self.0.runtime.turn(test.call(kind, &contact, at, transcript)).await?;
            transcript = Some(answer.transcript);
            let taken = self.record_of(&test.tenant, &answer).await?;
            let taken = std::slice::from_ref(&taken);
            for assertion in &turn.expect {
                if let Some(reason) = self.failure(test, assertion, taken, &held.turns).await? {
                    let turn = u32::try_from(at + 1).ok();
                    held.failures.push(TestFailure { turn, reason });
                }
            }
            held.turns.extend_from_slice(taken);
        }
        for assertion in expect_end {
            if let Some(reason) = self.failure(test, assertion, &held.turns, &[]).await? {
                held.failures.push(TestFailure { turn: None, reason });
            }
        }
        Ok(())
    }

    async fn failure(
        &self,
        test: &Test,
        assertion: &Assertion,
        turns: &[TurnRecord],
        earlier: &[TurnRecord],
    ) -> Result<Option<String>, TurnError> {
        let Assertion::Judged { criterion } = assertion else { return Ok(assertion.failure(turns)) };
        // A model understands a turn by what came before it.
        let whole: Vec<TurnRecord> = earlier.iter().chain(turns).cloned().collect();
        let shared = self.0.runtime.shared();
        let source = if test.version == 0 { AgentSource::Draft } else { AgentSource::Version(test.version) };
        let loaded = shared.agents.get(&test.tenant, test.agent, source).await?;
        let model = match &loaded.program {
            Program::Flow(flow) => flow.flow.document.configuration.model.clone(),
            Program::Scenario(_) => ModelSettings::default(),
        };
        shared.judged(&test.tenant, &model, criterion, &whole).await
    }

    /// The turn as it was recorded: what was called and where it went is not all in the answer.
    async fn record_of(&self, tenant: &TenantId, answer: &TurnAnswer) -> Result<TurnRecord, TurnError> {
        let store = self.0.runtime.store();
        store.flush_projections().await?;
        let record = store.tenant(tenant).turn_record(&answer.transcript, answer.turn).await?;
        record.ok_or_else(|| TurnError::Broken("a turn that was taken is not recorded".to_owned()))
    }

    /// Ends what goes on. The folder goes with the last handle.
    pub async fn close(self) {
        if let Err(error) = self.0.conversations.shutdown().await {
            tracing::warn!(%error, "the conversations of a run of tests were not closed in order");
        }
    }
}

/// What was held of a conversation.
#[derive(Default)]
struct Held {
    turns: Vec<TurnRecord>,
    failures: Vec<TestFailure>,
}

impl Test {
    fn call(&self, kind: AgentKind, contact: &ContactId, at: usize, transcript: Option<TranscriptId>) -> TurnCall {
        let TestScenario { channel, parameters, turns, .. } = &self.scenario.scenario;
        let mut inbound = turns[at].inbound();
        if at == 0 {
            inbound.verified.extend(parameters.clone());
        }
        let conversation = match (kind, transcript) {
            // As visitors of a scenario go on: in the latest conversation, or in a new one after its end.
            (AgentKind::Scenario, _) => Conversation::Latest,
            (AgentKind::Flow, Some(transcript)) => Conversation::This(transcript),
            (AgentKind::Flow, None) => {
                let state = TranscriptState { channel: channel.clone(), test: true, ..TranscriptState::default() };
                Conversation::New { transcript: TranscriptId(Uuid::now_v7()), state: Box::new(state) }
            }
        };
        TurnCall {
            tenant: self.tenant.clone(),
            agent: AgentChoice::Version(self.agent, self.version),
            contact: contact.clone(),
            message_id: None,
            inbound,
            request: Arrival { url: "test".to_owned(), source_ip: String::new() },
            platform: platform(channel),
            conversation,
            live: None,
        }
    }
}

/// A channel as designers see it in `utterance_platform`.
fn platform(channel: &str) -> &'static str {
    match channel {
        "voice" => "voice",
        "sms" => "sms",
        "email" => "email",
        "slack" => "slack",
        _ => "webchat",
    }
}

fn said(turn: &TurnRecord) -> SaidTurn {
    let by = |author: Author| turn.entries.iter().filter(move |entry| entry.author == author);
    let customer = by(Author::Contact).next();
    SaidTurn {
        customer: customer.map_or_else(String::new, |entry| match entry.text.as_str() {
            "" => format!("({})", entry.intent.as_deref().unwrap_or(entry.kind.as_str())),
            text => text.to_owned(),
        }),
        agent: by(Author::Agent).map(|entry| entry.text.clone()).collect(),
    }
}

/// A folder with nothing in it, and an open store there.
async fn conversations() -> Result<(TempDir, Store), StoreError> {
    let folder = tempfile::tempdir().map_err(|problem| StoreError::Unavailable {
        action: "make a folder for tests",
        problem: problem.to_string(),
    })?;
    let store = Store::open(folder.path(), StoreOptions::default()).await?;
    Ok((folder, store))
}
