//! Aliases: names of a tenant that stand for one agent, so that an embed stays the same when the
//! agent behind it changes (spec/opendialog.md §5.5, row OD-W23).

use model::{AgentId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Store};

use crate::{
    agents::Agents,
    documents::{DocumentError, Kind, now},
};

/// A name for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Lower-case letters and underscores.
    pub name: String,
    /// What it stands for.
    pub agent: AgentId,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The aliases of tenants.
#[derive(Clone)]
pub struct Aliases {
    kind: Kind,
    agents: Agents,
}

impl Aliases {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "alias" }, agents: Agents::new(store) }
    }

    /// All aliases of a tenant, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Alias>, DocumentError> {
        self.kind.list(tenant).await
    }

    /// One alias.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, name: &str) -> Result<Alias, DocumentError> {
        Ok(self.kind.need(tenant, name).await?.value)
    }

    /// Makes an alias, or points an existing one to another agent.
    ///
    /// # Errors
    /// When the name is not one, the agent is not the tenant's, or the store fails.
    pub async fn put(&self, tenant: &TenantId, name: &str, agent: AgentId) -> Result<Alias, DocumentError> {
        let fits = (1..=100).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !fits {
            return Err(DocumentError::invalid("name", "use 1 to 100 lower-case letters and underscores"));
        }
        if self.agents.find(tenant, agent).await?.is_none() {
            return Err(DocumentError::invalid("agent", format!("there is no agent `{agent}` in this tenant")));
        }
        let alias = Alias { name: name.to_owned(), agent, updated_at: now() };
        self.kind.put(tenant, name, &alias, &[], Expect::Any).await?;
        Ok(alias)
    }

    /// Deletes an alias.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, name: &str) -> Result<(), DocumentError> {
        if self.kind.delete(tenant, name).await? { Ok(()) } else { Err(DocumentError::not_found("alias", name)) }
    }
}
