//! The roles that a tenant makes of scopes, beside those that are always there (rows D19 to D21).

use std::collections::HashMap;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Expect, Key, Store};

use super::{BuiltIn, Scope, Scopes};
use crate::{
    documents::{DocumentError, Kind, new_id, now},
    users::User,
};

/// Roles that a tenant may make.
pub const MOST_ROLES: usize = 200;

/// A role of a tenant's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Names it in paths, and in users.
    pub id: String,
    /// What people call it; unique in the tenant.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What who holds it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a role is to be.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// 1 to 100 characters, unlike all other roles of the tenant.
    pub name: String,
    /// At most 1,000 characters.
    pub description: String,
    /// Names of scopes, at least one.
    pub scopes: Vec<String>,
}

const KIND: &str = "role";
const NAME: &str = "name";

/// The roles of tenants.
#[derive(Clone)]
pub struct Roles {
    kind: Kind,
}

impl Roles {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: KIND } }
    }

    /// The roles that a tenant made, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<Role>, DocumentError> {
        self.kind.list(tenant).await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`], also for built-in ones.
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<Role, DocumentError> {
        Ok(self.kind.need(tenant, id).await?.value)
    }

    /// What each role holds, built-in ones included, by id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn holdings(&self, tenant: &TenantId) -> Result<HashMap<String, Scopes>, DocumentError> {
        let own = self.list(tenant).await?.into_iter().map(|role| (role.id, role.scopes));
        let built_in = BuiltIn::ALL.into_iter().map(|role| (role.as_str().to_owned(), role.scopes()));
        Ok(own.chain(built_in).collect())
    }

    /// Makes a role.
    ///
    /// # Errors
    /// [`DocumentError::Exists`] when the name is taken; when something in it is not acceptable, or there are
    /// [`MOST_ROLES`].
    pub async fn create(&self, tenant: &TenantId, new: NewRole) -> Result<Role, DocumentError> {
        let (name, description, scopes) = check(new)?;
        if self.list(tenant).await?.len() >= MOST_ROLES {
            return Err(DocumentError::invalid("role", format!("a tenant has at most {MOST_ROLES} roles of its own")));
        }
        let at = now();
        let role = Role { id: new_id().to_string(), name, description, scopes, created_at: at, updated_at: at };
        self.put(tenant, role, Expect::New).await
    }

    /// Replaces what a role is; those who hold it have the new scopes at once.
    ///
    /// # Errors
    /// As for [`Self::create`], and [`DocumentError::NotFound`].
    pub async fn replace(&self, tenant: &TenantId, id: &str, new: NewRole) -> Result<Role, DocumentError> {
        let found = self.kind.need::<Role>(tenant, id).await?;
        let (name, description, scopes) = check(new)?;
        let role = Role { name, description, scopes, updated_at: now(), ..found.value };
        self.put(tenant, role, Expect::Version(found.version)).await
    }

    async fn put(&self, tenant: &TenantId, role: Role, expect: Expect) -> Result<Role, DocumentError> {
        let name = key(&role.name);
        let exists = || DocumentError::Exists { kind: KIND, id: role.name.clone() };
        if BuiltIn::ALL.into_iter().any(|built_in| built_in.as_str() == name || key(built_in.name()) == name) {
            return Err(exists());
        }
        match self.kind.put(tenant, &role.id, &role, &[Key::unique_in_tenant(NAME, &name)], expect).await {
            Ok(_) => Ok(role),
            Err(DocumentError::Store(store::StoreError::Duplicate { .. })) => Err(exists()),
            Err(error) => Err(error),
        }
    }

    /// Deletes a role that nobody holds.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::InUse`] with the names of those who hold it.
    pub async fn delete(&self, tenant: &TenantId, id: &str, users: &[User]) -> Result<(), DocumentError> {
        self.need(tenant, id).await?;
        let holds = |user: &&User| user.roles.iter().any(|held| held == id);
        let by: Vec<String> = users.iter().filter(holds).map(|user| user.name.clone()).collect();
        if !by.is_empty() {
            return Err(DocumentError::InUse { kind: KIND, id: id.to_owned(), by });
        }
        self.kind.delete(tenant, id).await?;
        Ok(())
    }
}

fn check(new: NewRole) -> Result<(String, String, Scopes), DocumentError> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(DocumentError::invalid(NAME, "use 1 to 100 characters, none of them a control character"));
    }
    if new.description.chars().count() > 1_000 {
        return Err(DocumentError::invalid("description", "at most 1,000 characters"));
    }
    let mut scopes = Vec::with_capacity(new.scopes.len());
    for (index, scope) in new.scopes.iter().enumerate() {
        let known = Scope::named(scope).ok_or_else(|| {
            DocumentError::invalid(
                format!("scopes[{index}]"),
                "there is no such scope: `permissions` lists all of them",
            )
        })?;
        scopes.push(known);
    }
    if scopes.is_empty() {
        return Err(DocumentError::invalid("scopes", "name at least one"));
    }
    Ok((name.to_owned(), new.description, scopes.into_iter().collect()))
}

/// Names are compared without regard to case.
fn key(name: &str) -> String {
    name.trim().to_lowercase()
}
