//! Settings of an agent's web chat: who may use it, and how it looks.
//!
//! How it looks is for the channel to understand; here it is kept as it was given.

use model::{AgentId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Expect, Store};

use crate::documents::{DocumentError, Kind, Together};

/// Settings of one agent's web chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatSettings {
    /// Who may use it.
    pub security: ChatSecurity,
    /// How it looks and behaves, by section and name; what is absent has its default.
    pub appearance: Map<String, Value>,
}

/// Who may use a web chat (spec/opendialog.md §5.1.1). Everything is on for a new agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatSecurity {
    /// A visitor's id belongs to the browser that used it first.
    pub anonymous_authentication: bool,
    /// Messages must repeat a cookie as a header.
    pub csrf: bool,
    /// Only listed origins may call from a browser, and frame the chat.
    pub cors: bool,
    /// The origins, with protocol: `https://example.com`.
    pub allowed_origins: Vec<String>,
    /// Older paths, too, ask for the app key.
    pub app_key_on_older_paths: bool,
}

impl Default for ChatSecurity {
    fn default() -> Self {
        Self {
            anonymous_authentication: true,
            csrf: true,
            cors: true,
            allowed_origins: Vec::new(),
            app_key_on_older_paths: true,
        }
    }
}

impl ChatSecurity {
    /// Nothing is asked of a visitor.
    pub fn open() -> Self {
        Self {
            anonymous_authentication: false,
            csrf: false,
            cors: false,
            allowed_origins: Vec::new(),
            app_key_on_older_paths: false,
        }
    }

    fn check(&self) -> Result<(), DocumentError> {
        if self.allowed_origins.len() > 100 {
            return Err(DocumentError::invalid("security.allowed_origins", "at most 100 origins"));
        }
        match self.allowed_origins.iter().position(|origin| !is_origin(origin)) {
            None => Ok(()),
            Some(index) => Err(DocumentError::invalid(
                format!("security.allowed_origins[{index}]"),
                "write protocol and host, without a path: https://example.com",
            )),
        }
    }
}

/// `scheme://host[:port]`, nothing more.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        (1..=255).contains(&host.len())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    })
}

/// The chat settings of agents.
#[derive(Clone)]
pub struct Settings {
    kind: Kind,
}

impl Settings {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "agent.settings" } }
    }

    /// An agent's settings; the defaults when nobody changed them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, tenant: &TenantId, agent: AgentId) -> Result<ChatSettings, DocumentError> {
        Ok(self.kind.get(tenant, &agent.to_string()).await?.map(|found| found.value).unwrap_or_default())
    }

    /// Replaces an agent's settings.
    ///
    /// # Errors
    /// When an origin is not one, or the store fails.
    pub async fn put(&self, tenant: &TenantId, agent: AgentId, settings: &ChatSettings) -> Result<(), DocumentError> {
        settings.security.check()?;
        self.kind.put(tenant, &agent.to_string(), settings, &[], Expect::Any).await?;
        Ok(())
    }

    /// Adds the settings of a new agent to what is made together.
    pub(crate) fn add(
        &self,
        agent: AgentId,
        settings: &ChatSettings,
        together: &mut Together,
    ) -> Result<(), DocumentError> {
        settings.security.check()?;
        together.put(&self.kind, &agent.to_string(), settings, &[], Expect::New)
    }

    pub(crate) async fn delete(&self, tenant: &TenantId, agent: AgentId) -> Result<(), DocumentError> {
        self.kind.delete(tenant, &agent.to_string()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_protocol_and_host_only() {
        for good in ["https://example.com", "http://localhost:3000", "http://[::1]:80"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["example.com", "https://", "https://a.b/", "https://a b", "ftp://a.b", "*"] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
