//! What the command line changes is noted in the tenant's audit log, as what callers of the API change is, and before
//! the command says that it is done.
//!
//! What concerns no tenant alone, such as the keys of the realm, is noted in the log of each.

use model::TenantId;
use runtime::{
    audit::{Actor, Audit, NewEntry, Target},
    documents::DocumentError,
    tenants::Tenants,
};
use serde_json::Value;
use store::Store;

/// What was done. Its states have no secrets in them.
#[derive(Debug, Clone)]
pub(crate) struct Did {
    action: &'static str,
    id: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Did {
    /// Something to one of many; the action is `<kind>.<what happened to it>`.
    pub(crate) fn to(action: &'static str, id: impl ToString) -> Self {
        Self { id: Some(id.to_string()), ..Self::what(action) }
    }

    /// Something to what there is one of, or to what must not be named.
    pub(crate) fn what(action: &'static str) -> Self {
        Self { action, id: None, before: None, after: None }
    }

    /// With what was before.
    pub(crate) fn before(self, state: Value) -> Self {
        Self { before: Some(state), ..self }
    }

    /// With what is now.
    pub(crate) fn after(self, state: Value) -> Self {
        Self { after: Some(state), ..self }
    }

    /// Notes it in the log of a tenant.
    pub(crate) async fn note(self, store: &Store, tenant: &TenantId) -> Result<(), DocumentError> {
        let Self { action, id, before, after } = self;
        let kind = action.split_once('.').map_or(action, |(kind, _)| kind).to_owned();
        let entry = NewEntry {
            actor: Actor::command_line(),
            action: action.to_owned(),
            target: Target { kind, id },
            // It came over no network.
            source_ip: String::new(),
            before,
            after,
        };
        Audit::new(store).note(tenant, entry).await
    }

    /// Notes it in the log of every tenant.
    pub(crate) async fn note_everywhere(self, store: &Store) -> Result<(), DocumentError> {
        for tenant in Tenants::new(store).list().await? {
            self.clone().note(store, &tenant.id).await?;
        }
        Ok(())
    }
}
