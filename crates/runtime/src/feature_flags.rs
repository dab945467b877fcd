//! Feature flags of a tenant: what of Parlance its people and visitors may use (row DA-D11). A catalogue in code, and
//! what the tenant decided otherwise.
//!
//! Not the flags of experiments, which belong to an agent (`experiments`).

use std::{collections::BTreeSet, fmt};

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Store};

use crate::documents::{DocumentError, Kind, now};

/// A part of Parlance that a tenant can switch off. Each is on until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureFlag {
    /// Exports of analytics and of who saw which variant.
    Experiments,
    /// The chat on a page of its own.
    FullPageChat,
    /// Links that open a chat as a contact.
    DeepLinks,
    /// Files and signatures of visitors.
    FileUploads,
}

impl FeatureFlag {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Experiments, Self::FullPageChat, Self::DeepLinks, Self::FileUploads];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Experiments => "experiments",
            Self::FullPageChat => "full_page_chat",
            Self::DeepLinks => "deep_links",
            Self::FileUploads => "file_uploads",
        }
    }

    /// What it switches.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Experiments => "Analytics can be exported, and who was given which variant of an experiment.",
            Self::FullPageChat => "Chats have a page of their own, where the agent's settings allow it too.",
            Self::DeepLinks => "Links that open a chat with attributes set can be made and followed.",
            Self::FileUploads => "Visitors may send files and signatures.",
        }
    }

    /// Whether it is on for a tenant that never decided.
    pub const fn default_enabled(self) -> bool {
        match self {
            Self::Experiments | Self::FullPageChat | Self::DeepLinks | Self::FileUploads => true,
        }
    }

    /// A flag by name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == name)
    }
}

impl fmt::Display for FeatureFlag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The flags that are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnabledFlags(BTreeSet<FeatureFlag>);

impl EnabledFlags {
    /// Whether one of them is on.
    pub fn has(&self, flag: FeatureFlag) -> bool {
        self.0.contains(&flag)
    }

    fn set(&mut self, flag: FeatureFlag, enabled: bool) {
        if enabled {
            self.0.insert(flag);
        } else {
            self.0.remove(&flag);
        }
    }
}

impl Default for EnabledFlags {
    /// As for a tenant that never decided.
    fn default() -> Self {
        Self(FeatureFlag::ALL.into_iter().filter(|flag| flag.default_enabled()).collect())
    }
}

/// What a tenant decided about one flag; its document's id is the flag's name.
#[derive(Serialize, Deserialize)]
struct Decision {
    name: String,
    enabled: bool,
    updated_at: Timestamp,
}

/// The feature flags of tenants.
#[derive(Clone)]
pub struct FeatureFlags {
    kind: Kind,
}

impl FeatureFlags {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "feature_flag" } }
    }

    /// The flags that are on for a tenant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn enabled(&self, tenant: &TenantId) -> Result<EnabledFlags, DocumentError> {
        let mut enabled = EnabledFlags::default();
        for decision in self.kind.list::<Decision>(tenant).await? {
            // One that a later version knew switches nothing in this one.
            if let Some(flag) = FeatureFlag::named(&decision.name) {
                enabled.set(flag, decision.enabled);
            }
        }
        Ok(enabled)
    }

    /// Switches a flag.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set(&self, tenant: &TenantId, flag: FeatureFlag, enabled: bool) -> Result<(), DocumentError> {
        let decision = Decision { name: flag.as_str().to_owned(), enabled, updated_at: now() };
        self.kind.put(tenant, flag.as_str(), &decision, &[], Expect::Any).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_found_by_the_names_that_they_have() {
        for flag in FeatureFlag::ALL {
            assert_eq!(FeatureFlag::named(flag.as_str()), Some(flag));
            assert!(flag.description().ends_with('.') && EnabledFlags::default().has(flag) == flag.default_enabled());
        }
        assert_eq!(FeatureFlag::named("moon"), None);
    }

    #[test]
    fn a_flag_is_switched_alone() {
        let mut flags = EnabledFlags::default();
        flags.set(FeatureFlag::DeepLinks, false);
        assert!(!flags.has(FeatureFlag::DeepLinks) && flags.has(FeatureFlag::FileUploads));
        flags.set(FeatureFlag::DeepLinks, true);
        assert_eq!(flags, EnabledFlags::default());
    }
}
