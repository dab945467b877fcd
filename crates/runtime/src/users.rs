//! People of a tenant and the roles that they hold. Their API tokens carry what they may do
//! (spec/opendialog.md §1.1, §6.13, spec/dialai.md §15.5).

use std::collections::HashMap;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use store::{Expect, Key, Store};

/// A built-in role, as it is given to somebody.
pub use crate::access::BuiltIn as Role;
use crate::{
    access::{Roles, Scopes},
    documents::{DocumentError, Kind, new_id, now},
    tokens::Tokens,
};

/// Somebody who works with a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Names them in paths.
    pub id: String,
    /// What they are called: a name or an e-mail address, unique in the tenant.
    pub name: String,
    /// Ids of the roles that they hold, one at least; they may do what any of them holds. Users of before had
    /// one, under the name `role`.
    #[serde(alias = "role", deserialize_with = "one_or_several")]
    pub roles: Vec<String>,
    /// When they were added.
    pub created_at: Timestamp,
}

impl User {
    /// What they may do, by what each role holds. A role that is not there any more holds nothing.
    pub fn scopes(&self, holdings: &HashMap<String, Scopes>) -> Scopes {
        self.roles.iter().filter_map(|role| holdings.get(role)).fold(Scopes::default(), |all, role| all.and(*role))
    }
}

fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Held {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Held::deserialize(deserializer)? {
        Held::One(role) => vec![role],
        Held::Several(roles) => roles,
    })
}

/// Roles that somebody may hold.
const MOST_ROLES: usize = 50;

const NAME: &str = "name";

/// The users of tenants.
#[derive(Clone)]
pub struct Users {
    kind: Kind,
    tokens: Tokens,
    roles: Roles,
}

impl Users {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "user" }, tokens: Tokens::new(store), roles: Roles::new(store) }
    }

    /// Adds somebody with one built-in role.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub async fn create(&self, tenant: &TenantId, name: &str, role: Role) -> Result<User, DocumentError> {
        self.add(tenant, name, vec![role.as_str().to_owned()]).await
    }

    /// Adds somebody.
    ///
    /// # Errors
    /// [`DocumentError::Exists`] when the name is taken; when it is empty or too long, or a role is not there.
    pub async fn add(&self, tenant: &TenantId, name: &str, roles: Vec<String>) -> Result<User, DocumentError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(DocumentError::invalid(NAME, "use 1 to 200 characters, none of them a control character"));
        }
        let exists = || DocumentError::Exists { kind: "user", id: name.to_owned() };
        if self.find(tenant, name).await?.is_some() {
            return Err(exists());
        }
        let roles = self.known(tenant, roles).await?;
        let user = User { id: new_id().to_string(), name: name.to_owned(), roles, created_at: now() };
        let key = key(name);
        match self.kind.put(tenant, &user.id, &user, &[Key::unique_in_tenant(NAME, &key)], Expect::New).await {
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

    /// Gives somebody other roles in place of those they hold. Their tokens have them at once.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; when a role is not there.
    pub async fn set_roles(&self, tenant: &TenantId, id: &str, roles: Vec<String>) -> Result<User, DocumentError> {
        let found = self.kind.need::<User>(tenant, id).await?;
        let user = User { roles: self.known(tenant, roles).await?, ..found.value };
        let key = key(&user.name);
        self.kind.put(tenant, id, &user, &[Key::unique_in_tenant(NAME, &key)], Expect::Version(found.version)).await?;
        Ok(user)
    }

    /// Roles that are there, each once.
    async fn known(&self, tenant: &TenantId, roles: Vec<String>) -> Result<Vec<String>, DocumentError> {
        let holdings = self.roles.holdings(tenant).await?;
        let mut known: Vec<String> = Vec::with_capacity(roles.len().min(MOST_ROLES));
        for (index, role) in roles.into_iter().enumerate() {
            if !holdings.contains_key(&role) {
                let complaint = format!("there is no role `{role}`: use the id of one that `roles` lists");
                return Err(DocumentError::invalid(format!("roles[{index}]"), complaint));
            }
            if !known.contains(&role) {
                known.push(role);
            }
        }
        match known.len() {
            1..=MOST_ROLES => Ok(known),
            _ => Err(DocumentError::invalid("roles", format!("name 1 to {MOST_ROLES} roles"))),
        }
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
    use serde_json::json;

    use super::*;
    use crate::access::{BuiltIn, Scope};

    fn read(user: serde_json::Value) -> User {
        serde_json::from_value(user).expect("a user")
    }

    #[test]
    fn users_of_before_had_one_role() {
        let stored = |roles: &str| read(json!({ "id": "1", "name": "Ada", "created_at": 0, roles: "editor" }));
        assert_eq!(stored("role").roles, ["editor"]);
        let several = read(json!({ "id": "1", "name": "Ada", "created_at": 0, "roles": ["editor", "read_only"] }));
        assert_eq!(several.roles, ["editor", "read_only"]);
        let written = serde_json::to_value(&several).expect("plain JSON");
        assert_eq!(written["roles"], json!(["editor", "read_only"]));
        assert!(written.get("role").is_none());
    }

    #[test]
    fn da_a17_somebody_may_do_what_any_of_their_roles_holds() {
        let one = |scope| [scope].into_iter().collect::<Scopes>();
        let holdings = HashMap::from([
            ("a".to_owned(), one(Scope::TranscriptsRead)),
            ("b".to_owned(), one(Scope::FlowsPublish)),
            ("admin".to_owned(), BuiltIn::Admin.scopes()),
        ]);
        let user = read(json!({ "id": "1", "name": "Ada", "created_at": 0, "roles": ["a", "b", "gone"] }));
        assert_eq!(user.scopes(&holdings).names(), ["flows:publish", "transcripts:read"]);
    }
}
