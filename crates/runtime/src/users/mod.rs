//! People of a tenant and the roles that they hold. Their API tokens carry what they may do
//! (spec/opendialog.md §1.1, §6.13, spec/dialai.md §15.5).

mod desk;
pub mod sheet;
mod sought;

use std::collections::HashMap;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use store::{Expect, Key, Store, StoreError};

/// A built-in role, as it is given to somebody.
pub use crate::access::BuiltIn as Role;
pub use desk::{Desk, DeskChange, MOST_AT_ONCE, Status};
pub use sought::{Sought, routable};

use crate::{
    access::{Roles, Scopes},
    documents::{DocumentError, Kind, Versioned, new_id, now},
    realm::{Realm, accounts::address},
    tokens::Tokens,
};

/// Somebody who works with a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Names them in paths.
    pub id: String,
    /// What they are called: a user name or an e-mail address, unique in the tenant. Never changes.
    pub name: String,
    /// Never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Unique in the tenant; programs have none. Never changes. Users of before had it as their name:
    /// [`Self::address`] knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Ids of the roles that they hold, one at least; they may do what any of them holds. Users of before had
    /// one, under the name `role`.
    #[serde(alias = "role", deserialize_with = "one_or_several")]
    pub roles: Vec<String>,
    /// How they take conversations.
    #[serde(default)]
    pub desk: Desk,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they were deleted. They open nothing since, and what they did still names somebody (row D15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

impl User {
    /// What they may do, by what each role holds. A role that is not there any more holds nothing.
    pub fn scopes(&self, holdings: &HashMap<String, Scopes>) -> Scopes {
        self.roles.iter().filter_map(|role| holdings.get(role)).fold(Scopes::default(), |all, role| all.and(*role))
    }

    /// Where letters reach them.
    pub fn address(&self) -> Option<&str> {
        self.email.as_deref().or_else(|| address(&self.name).is_ok().then_some(self.name.as_str()))
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

/// Who somebody is to be.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// 1 to 200 characters, unique in the tenant; the e-mail address when there is none.
    pub name: Option<String>,
    /// At most 80 characters.
    pub first_name: Option<String>,
    /// At most 80 characters.
    pub last_name: Option<String>,
    /// Unique in the tenant; the name when that is one.
    pub email: Option<String>,
    /// Ids of roles, at least one.
    pub roles: Vec<String>,
    /// How they take conversations.
    pub desk: DeskChange,
}

/// Roles that somebody may hold.
const MOST_ROLES: usize = 50;

const KIND: &str = "user";
const NAME: &str = "name";
const EMAIL: &str = "email";

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
        Self { kind: Kind { store: store.clone(), name: KIND }, tokens: Tokens::new(store), roles: Roles::new(store) }
    }

    /// Adds somebody with one built-in role.
    ///
    /// # Errors
    /// As for [`Self::enter`].
    pub async fn create(&self, tenant: &TenantId, name: &str, role: Role) -> Result<User, DocumentError> {
        self.add(tenant, name, vec![role.as_str().to_owned()]).await
    }

    /// Adds somebody of whom only the name is known.
    ///
    /// # Errors
    /// As for [`Self::enter`].
    pub async fn add(&self, tenant: &TenantId, name: &str, roles: Vec<String>) -> Result<User, DocumentError> {
        self.enter(tenant, NewUser { name: Some(name.to_owned()), roles, ..NewUser::default() }).await
    }

    /// Adds somebody.
    ///
    /// # Errors
    /// [`DocumentError::Exists`] when the name or the e-mail address is taken; when a value is not acceptable, or a
    /// role is not there.
    pub async fn enter(&self, tenant: &TenantId, new: NewUser) -> Result<User, DocumentError> {
        let NewUser { name, first_name, last_name, email, roles, desk } = new;
        let email = email.as_deref().map(address).transpose()?;
        let name = name.or_else(|| email.clone()).unwrap_or_default();
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(DocumentError::invalid(NAME, "use 1 to 200 characters, none of them a control character"));
        }
        let user = User {
            id: new_id().to_string(),
            name: name.to_owned(),
            first_name: part_of_name("first_name", first_name)?,
            last_name: part_of_name("last_name", last_name)?,
            email: email.or_else(|| address(name).ok()),
            roles: Vec::new(),
            desk: Desk::default().changed(desk)?,
            created_at: now(),
            deleted_at: None,
        };
        self.refuse_taken(tenant, &user).await?;
        let user = User { roles: self.known(tenant, roles).await?, ..user };
        self.put(tenant, &user, Expect::New).await?;
        Ok(user)
    }

    /// All users of a tenant who were not deleted, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<User>, DocumentError> {
        let mut users: Vec<User> = self.kind.list(tenant).await?;
        users.retain(|user| user.deleted_at.is_none());
        Ok(users)
    }

    /// Those who are looked for, oldest first, after the one of an id; with the id to go on after, when there are
    /// more than `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn page(
        &self,
        tenant: &TenantId,
        sought: &Sought,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<User>, Option<String>), DocumentError> {
        let mut users: Vec<User> = self.kind.list(tenant).await?;
        users.retain(|user| after.is_none_or(|after| user.id.as_str() > after) && sought.fits(user));
        let more = users.len() > limit;
        users.truncate(limit);
        let next = users.last().filter(|_| more).map(|user| user.id.clone());
        Ok((users, next))
    }

    /// One user by id who was not deleted.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, id: &str) -> Result<User, DocumentError> {
        Ok(self.present(tenant, id).await?.value)
    }

    /// One user by id, whether deleted or not.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn recall(&self, tenant: &TenantId, id: &str) -> Result<User, DocumentError> {
        Ok(self.kind.need(tenant, id).await?.value)
    }

    async fn present(&self, tenant: &TenantId, id: &str) -> Result<Versioned<User>, DocumentError> {
        let found = self.kind.need::<User>(tenant, id).await?;
        match found.value.deleted_at {
            None => Ok(found),
            Some(_) => Err(DocumentError::not_found(KIND, id)),
        }
    }

    /// One user by name or e-mail address, who was not deleted; both are compared without regard to case.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, tenant: &TenantId, name: &str) -> Result<Option<User>, DocumentError> {
        let (store, value) = (self.kind.store.tenant(tenant), key(name));
        for by in [NAME, EMAIL] {
            if let Some(document) = store.find(KIND, by, &value).await?.first() {
                return Ok(Some(document.read()?));
            }
        }
        Ok(None)
    }

    /// Gives somebody other roles in place of those they hold. Their tokens have them at once.
    ///
    /// # Errors
    /// As for [`Self::change`].
    pub async fn set_roles(&self, tenant: &TenantId, id: &str, roles: Vec<String>) -> Result<User, DocumentError> {
        self.change(tenant, id, Some(roles), DeskChange::default()).await
    }

    /// Changes what of somebody can change: their roles, and how they take conversations. What is none stays.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; when a role is not there, or a value is not acceptable.
    pub async fn change(
        &self,
        tenant: &TenantId,
        id: &str,
        roles: Option<Vec<String>>,
        desk: DeskChange,
    ) -> Result<User, DocumentError> {
        let Versioned { value: mut user, version, .. } = self.present(tenant, id).await?;
        if let Some(roles) = roles {
            user.roles = self.known(tenant, roles).await?;
        }
        user.desk = user.desk.changed(desk)?;
        self.put(tenant, &user, Expect::Version(version)).await?;
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

    /// Deletes somebody, and ends their tokens and what they are signed in to. Who they were stays (row D15); their
    /// name and their e-mail address are free.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        let Versioned { value, version, .. } = self.present(tenant, id).await?;
        let user = User { deleted_at: Some(now()), ..value };
        // The user first: a token whose user is gone opens nothing, so nothing is left open in between.
        self.put(tenant, &user, Expect::Version(version)).await?;
        self.end_tokens(tenant, id).await
    }

    /// Ends the tokens of somebody who is deleted, and what their account is signed in to.
    async fn end_tokens(&self, tenant: &TenantId, id: &str) -> Result<(), DocumentError> {
        for token in self.tokens.list(tenant).await?.into_iter().filter(|token| token.user.as_deref() == Some(id)) {
            match self.tokens.revoke(tenant, &token.id).await {
                // Somebody else was quicker.
                Ok(()) | Err(DocumentError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Realm::new(&self.kind.store).user_left(&self.kind.store, tenant, id).await
    }

    /// Brings somebody back who was deleted. Their account signs in again; tokens are to be made anew.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`]; [`DocumentError::Exists`] when somebody else has the name or the e-mail address
    /// by now.
    pub async fn restore(&self, tenant: &TenantId, id: &str) -> Result<User, DocumentError> {
        let Versioned { value, version, .. } = self.kind.need::<User>(tenant, id).await?;
        if value.deleted_at.is_none() {
            return Ok(value);
        }
        let user = User { deleted_at: None, ..value };
        self.refuse_taken(tenant, &user).await?;
        // What a deletion that broke off left, or somebody made meanwhile, does not come back with them.
        self.end_tokens(tenant, id).await?;
        self.put(tenant, &user, Expect::Version(version)).await?;
        Ok(user)
    }

    /// That nobody else has the name or the e-mail address.
    async fn refuse_taken(&self, tenant: &TenantId, user: &User) -> Result<(), DocumentError> {
        for name in [Some(user.name.as_str()), user.email.as_deref()].into_iter().flatten() {
            if self.find(tenant, name).await?.is_some() {
                return Err(DocumentError::Exists { kind: KIND, id: name.to_owned() });
            }
        }
        Ok(())
    }

    async fn put(&self, tenant: &TenantId, user: &User, expect: Expect) -> Result<(), DocumentError> {
        let (name, email) = (key(&user.name), user.address().map(key));
        let mut keys = Vec::with_capacity(2);
        // Who was deleted leaves both to others.
        if user.deleted_at.is_none() {
            keys.push(Key::unique_in_tenant(NAME, &name));
            keys.extend(email.as_deref().map(|email| Key::unique_in_tenant(EMAIL, email)));
        }
        match self.kind.put(tenant, &user.id, user, &keys, expect).await {
            Ok(_) => Ok(()),
            // Somebody else took it in between.
            Err(DocumentError::Store(StoreError::Duplicate { .. })) => {
                Err(DocumentError::Exists { kind: KIND, id: user.name.clone() })
            }
            Err(error) => Err(error),
        }
    }
}

fn part_of_name(field: &'static str, text: Option<String>) -> Result<Option<String>, DocumentError> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let good = |text: &String| text.chars().count() <= 80 && !text.chars().any(char::is_control);
    if text.as_ref().is_none_or(good) {
        return Ok(text);
    }
    Err(DocumentError::invalid(field, "use at most 80 characters, none of them a control character"))
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
    fn users_of_before_have_a_desk_and_an_address() {
        let ada = read(json!({ "id": "1", "name": "ada@example.com", "created_at": 0, "role": "editor" }));
        assert_eq!((ada.address(), &ada.desk, ada.deleted_at), (Some("ada@example.com"), &Desk::default(), None));
        let robot = read(json!({ "id": "1", "name": "Nightly export", "created_at": 0, "role": "editor" }));
        assert_eq!(robot.address(), None);
        let written = serde_json::to_value(&ada).expect("plain JSON");
        assert_eq!(read(written), ada);
        // A desk of which only a part is known, as a later version may have written it.
        let part = json!({ "id": "1", "name": "Ada", "created_at": 0, "roles": ["editor"], "desk": { "csr": true } });
        assert_eq!(read(part).desk, Desk { csr: true, ..Desk::default() });
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
