//! People of a tenant and what they may do. Their API tokens carry their permissions
//! (spec/opendialog.md §1.1, §6.13).

use std::{fmt, str::FromStr};

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Key, Store};

use crate::{
    documents::{DocumentError, Kind, new_id, now},
    tokens::Tokens,
};

/// What a credential may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Change agents, settings, aliases and whatever else designers make.
    AgentsUpdate,
    /// Read what was said, by whom, and what was made of it.
    TranscriptsRead,
    /// Read figures, experiments and how they went.
    AnalyticsRead,
    /// Make links that open a chat with attributes set.
    LinksCreate,
    /// Talk to drafts.
    AgentsPreview,
    /// Administer people and their roles.
    UsersUpdate,
}

impl Scope {
    /// Its name: `<domain>:<verb>`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentsUpdate => "agents:update",
            Self::TranscriptsRead => "transcripts:read",
            Self::AnalyticsRead => "analytics:read",
            Self::LinksCreate => "links:create",
            Self::AgentsPreview => "agents:preview",
            Self::UsersUpdate => "users:update",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A bundle of scopes (spec/opendialog.md §6.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Everything but people.
    Editor,
    /// Analytics of all agents.
    AnalyseGuest,
    /// Previews of all agents.
    PreviewGuest,
    /// Both.
    PreviewAnalyseGuest,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Admin, Self::Editor, Self::AnalyseGuest, Self::PreviewGuest, Self::PreviewAnalyseGuest];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Editor => "editor",
            Self::AnalyseGuest => "analyse_guest",
            Self::PreviewGuest => "preview_guest",
            Self::PreviewAnalyseGuest => "preview_analyse_guest",
        }
    }

    /// Whether it holds a scope.
    pub const fn may(self, scope: Scope) -> bool {
        match self {
            Self::Admin => true,
            Self::Editor => !matches!(scope, Scope::UsersUpdate),
            Self::AnalyseGuest => matches!(scope, Scope::TranscriptsRead | Scope::AnalyticsRead),
            Self::PreviewGuest => matches!(scope, Scope::AgentsPreview),
            Self::PreviewAnalyseGuest => {
                matches!(scope, Scope::TranscriptsRead | Scope::AnalyticsRead | Scope::AgentsPreview)
            }
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not the name of a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role: use admin, editor, analyse_guest, preview_guest or preview_analyse_guest")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or_else(|| UnknownRole(name.to_owned()))
    }
}

/// Somebody who works with a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Names them in paths.
    pub id: String,
    /// What they are called: a name or an e-mail address, unique in the tenant.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// When they were added.
    pub created_at: Timestamp,
}

const NAME: &str = "name";

/// The users of tenants.
#[derive(Clone)]
pub struct Users {
    kind: Kind,
    tokens: Tokens,
}

impl Users {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "user" }, tokens: Tokens::new(store) }
    }

    /// Adds somebody.
    ///
    /// # Errors
    /// [`DocumentError::Exists`] when the name is taken; when it is empty or too long.
    pub async fn create(&self, tenant: &TenantId, name: &str, role: Role) -> Result<User, DocumentError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(DocumentError::invalid(NAME, "use 1 to 200 characters, none of them a control character"));
        }
        let exists = || DocumentError::Exists { kind: "user", id: name.to_owned() };
        if self.find(tenant, name).await?.is_some() {
            return Err(exists());
        }
        let user = User { id: new_id().to_string(), name: name.to_owned(), role, created_at: now() };
        let key = key(name);
        match self.kind.put(tenant, &user.id, &user, &[Key::unique(NAME, &key)], Expect::New).await {
            Ok(_) => Ok(user),
            // Somebody else took the name in between.
            Err(DocumentError::Store(store::StoreError::Duplicate { .. })) => Err(exists()),
            Err(error) => Err(error),
        }
    }

    /// All users of a tenant, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<User>, DocumentError> {
        self.kind.list(tenant).await
    }

    /// One user by id.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<User, DocumentError> {
        Ok(self.kind.need(tenant, id).await?.value)
    }

    /// One user by name; names are compared without regard to case.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<User>, DocumentError> {
        let found = self.kind.store.tenant(tenant).find("user", NAME, &key(name)).await?;
        Ok(found.first().map(store::Document::read).transpose()?)
    }

    /// Gives somebody another role. Their tokens have it at once.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn set_role(&self, tenant: &TenantId, id: &str, role: Role) -> Result<User, DocumentError> {
        let found = self.kind.need::<User>(tenant, id).await?;
        let user = User { role, ..found.value };
        let key = key(&user.name);
        self.kind.put(tenant, id, &user, &[Key::unique(NAME, &key)], Expect::Version(found.version)).await?;
        Ok(user)
    }

    /// Removes somebody, and ends their tokens.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        // The user first: a token whose user is gone opens nothing, so nothing is left open in between.
        if !self.kind.delete(tenant, id).await? {
            return Err(DocumentError::not_found("user", id));
        }
        for token in self.tokens.list(tenant).await?.into_iter().filter(|token| token.user.as_deref() == Some(id)) {
            self.tokens.revoke(tenant, &token.id).await?;
        }
        Ok(())
    }
}

fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_hold_what_their_names_say() {
        let scopes = [
            Scope::AgentsUpdate,
            Scope::TranscriptsRead,
            Scope::AnalyticsRead,
            Scope::LinksCreate,
            Scope::AgentsPreview,
            Scope::UsersUpdate,
        ];
        let held =
            |role: Role| scopes.into_iter().filter(|scope| role.may(*scope)).map(Scope::as_str).collect::<Vec<_>>();
        assert_eq!(held(Role::Admin).len(), scopes.len());
        assert!(!held(Role::Editor).contains(&"users:update"));
        assert_eq!(held(Role::AnalyseGuest), ["transcripts:read", "analytics:read"]);
        assert_eq!(held(Role::PreviewGuest), ["agents:preview"]);
        assert_eq!(held(Role::PreviewAnalyseGuest), ["transcripts:read", "analytics:read", "agents:preview"]);
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).expect("a role is a name"), role.as_str());
        }
        assert!("owner".parse::<Role>().is_err());
    }
}
