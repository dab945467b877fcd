//! Scripts that stand in for models: documents of the kind `model.script`, by the name that a flow gives as its model.

use std::{collections::HashMap, sync::Arc};

use language::chat::Script;
use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Store};

use crate::documents::{DocumentError, Kind, now};

/// Most scripts of a tenant.
const MAX_SCRIPTS: usize = 200;
/// Largest script, in bytes of JSON.
const MAX_BYTES: usize = 512 << 10;

/// A script as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelScript {
    /// Its name: what a flow gives as the name of its model.
    pub name: String,
    /// What it says to what.
    pub script: Value,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The model scripts of tenants.
#[derive(Clone)]
pub struct ModelScripts {
    kind: Kind,
}

impl ModelScripts {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "model.script" } }
    }

    /// Makes or replaces a script.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`] naming the rule and the field.
    pub async fn put(&self, tenant: &TenantId, name: &str, script: Value) -> Result<ModelScript, DocumentError> {
        let is_name = (1..=100).contains(&name.chars().count()) && !name.chars().any(|c| c.is_control() || c == '/');
        if !is_name {
            return Err(DocumentError::invalid("name", "1 to 100 characters, no slash and no control character"));
        }
        let text = script.to_string();
        if text.len() > MAX_BYTES {
            return Err(DocumentError::invalid("script", format!("at most {MAX_BYTES} bytes of JSON")));
        }
        Script::parse(&text).map_err(|problem| DocumentError::invalid("script", problem.to_string()))?;
        let known = self.kind.get::<ModelScript>(tenant, name).await?.is_some();
        if !known && self.list(tenant).await?.len() >= MAX_SCRIPTS {
            return Err(DocumentError::invalid("name", format!("a tenant has at most {MAX_SCRIPTS} model scripts")));
        }
        let stored = ModelScript { name: name.to_owned(), script, updated_at: now() };
        self.kind.put(tenant, name, &stored, &[], Expect::Any).await?;
        Ok(stored)
    }

    /// All scripts of a tenant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<ModelScript>, DocumentError> {
        self.kind.list(tenant).await
    }

    /// One script.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, name: &str) -> Result<ModelScript, DocumentError> {
        Ok(self.kind.need(tenant, name).await?.value)
    }

    /// Deletes a script; false when there was none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, tenant: &TenantId, name: &str) -> Result<bool, DocumentError> {
        self.kind.delete(tenant, name).await
    }

    /// All scripts of a tenant, ready to answer.
    pub(super) async fn all(&self, tenant: &TenantId) -> Result<HashMap<String, Arc<Script>>, DocumentError> {
        let mut ready = HashMap::new();
        for stored in self.list(tenant).await? {
            // What was sound when it was stored and is no longer answers nobody.
            if let Ok(script) = Script::parse(&stored.script.to_string()) {
                ready.insert(stored.name, Arc::new(script));
            }
        }
        Ok(ready)
    }
}
