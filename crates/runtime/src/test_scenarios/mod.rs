//! Test scenarios: conversations of an agent with what is expected of them, to be run with any of its versions
//! (spec/dialai.md §6.7, §21.4 N19; row DA-T6). How is ours to say; docs/testing.md says it.
//!
//! `assertion` decides whether something holds of recorded turns, `recording` makes a scenario of a conversation,
//! `run` holds the conversations: on a store of their own, so that no list, count, event or webhook knows of them
//! (row DA-T7).

mod assertion;
mod check;
mod judge;
mod recording;
mod report;
mod run;

use model::{AgentId, TenantId, Timestamp, inbound::Inbound};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Expect, Key, Store};

use crate::documents::{DocumentError, Kind, new_id, now};

pub use assertion::Assertion;
pub use check::{MAX_ASSERTIONS, MAX_TURNS};
pub use recording::record;
pub use report::{SaidTurn, TestFailure, TestReport, TestResult};
pub use run::{Bench, MAX_RUNS};

/// Most test scenarios of an agent.
pub const MAX_SCENARIOS: usize = 500;

/// A conversation, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestScenario {
    /// For people.
    pub name: String,
    /// The channel that the agent is told of: `web`, `voice`, `sms`, `email` or `slack`.
    #[serde(default = "web")]
    pub channel: String,
    /// What is known of the customer from the beginning, as if a token had proved it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// What the customer does, one after the other.
    pub turns: Vec<TestTurn>,
    /// What must hold of the whole conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect_end: Vec<Assertion>,
}

fn web() -> String {
    "web".to_owned()
}

/// One thing that the customer does: `say` or `act`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestTurn {
    /// What they type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// What they do otherwise: open the chat, press a button, send a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Inbound>>,
    /// What must hold of the turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Assertion>,
}

impl TestTurn {
    /// What is done.
    pub fn inbound(&self) -> Inbound {
        match (&self.act, &self.say) {
            (Some(act), _) => (**act).clone(),
            (None, say) => Inbound::text(say.as_deref().unwrap_or_default()),
        }
    }
}

/// A test scenario of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredTestScenario {
    /// Its id.
    pub id: String,
    /// The agent.
    pub agent: AgentId,
    /// What it is.
    pub scenario: TestScenario,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl StoredTestScenario {
    /// One that is kept elsewhere, such as in a file, and is run all the same.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`].
    pub fn unstored(agent: AgentId, id: String, scenario: TestScenario) -> Result<Self, DocumentError> {
        check::check(&scenario)?;
        let at = now();
        Ok(Self { id, agent, scenario, created_at: at, updated_at: at })
    }
}

/// The test scenarios of tenants.
#[derive(Clone)]
pub struct TestScenarios {
    kind: Kind,
}

impl TestScenarios {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "test_scenario" } }
    }

    /// All test scenarios of an agent, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId, agent: AgentId) -> Result<Vec<StoredTestScenario>, DocumentError> {
        let found = self.kind.store.tenant(tenant).find(self.kind.name, "agent", &agent.to_string()).await?;
        Ok(found.iter().map(store::Document::read).collect::<Result<_, _>>()?)
    }

    /// One test scenario of an agent.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, agent: AgentId, id: &str) -> Result<StoredTestScenario, DocumentError> {
        let found = self.kind.get::<StoredTestScenario>(tenant, id).await?.map(|found| found.value);
        found.filter(|found| found.agent == agent).ok_or_else(|| DocumentError::not_found("test scenario", id))
    }

    /// Makes a test scenario.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`]; when the agent has too many, or the store fails.
    pub async fn create(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        scenario: TestScenario,
    ) -> Result<StoredTestScenario, DocumentError> {
        let stored = StoredTestScenario::unstored(agent, new_id().to_string(), scenario)?;
        if self.list(tenant, agent).await?.len() >= MAX_SCENARIOS {
            let complaint = format!("an agent has at most {MAX_SCENARIOS} test scenarios: delete one");
            return Err(DocumentError::invalid("test_scenarios", complaint));
        }
        self.write(tenant, &stored, Expect::New).await?;
        Ok(stored)
    }

    /// Replaces a test scenario.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], [`DocumentError::Invalid`].
    pub async fn replace(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        id: &str,
        scenario: TestScenario,
    ) -> Result<StoredTestScenario, DocumentError> {
        let before = self.need(tenant, agent, id).await?;
        check::check(&scenario)?;
        let stored = StoredTestScenario { scenario, updated_at: now(), ..before };
        self.write(tenant, &stored, Expect::Any).await?;
        Ok(stored)
    }

    /// Deletes a test scenario.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, agent: AgentId, id: &str) -> Result<(), DocumentError> {
        self.need(tenant, agent, id).await?;
        // What somebody said may be in it: nothing is left.
        self.kind.discard(tenant, id).await?;
        Ok(())
    }

    /// Deletes all of an agent.
    pub(crate) async fn delete_all(&self, tenant: &TenantId, agent: AgentId) -> Result<(), DocumentError> {
        let ids: Vec<String> = self.list(tenant, agent).await?.into_iter().map(|one| one.id).collect();
        for id in ids {
            self.kind.discard(tenant, &id).await?;
        }
        Ok(())
    }

    async fn write(&self, tenant: &TenantId, stored: &StoredTestScenario, expect: Expect) -> Result<(), DocumentError> {
        let agent = stored.agent.to_string();
        self.kind.put(tenant, &stored.id, stored, &[Key::shared("agent", &agent)], expect).await?;
        Ok(())
    }
}
