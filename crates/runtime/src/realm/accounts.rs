//! Accounts: people who sign in, and which users of which tenants they are.
//!
//! An account is the platform's. What somebody may do in a tenant is said by the tenant's user
//! ([`crate::users`]); an account only names it, so that a user who is deleted opens nothing.

use std::fmt;

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Key, Page, SecretKeys, Store, StoreError};

use super::{
    password,
    second_factor::{DeviceSecret, Enrolment, Proof, SecondFactor},
    shelf::Shelf,
};
use crate::{
    documents::{DocumentError, new_id, now},
    secrets::{Field, Place},
};

/// Somebody who signs in.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    /// The subject of their tokens; never used for anybody else.
    pub id: String,
    /// Their e-mail address and user name, unique without regard to case.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Argon2id in PHC form; none until they chose a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// What is asked for beside the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second_factor: Option<SecondFactor>,
    /// A second factor that was shown and is not confirmed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enrolment: Option<Enrolment>,
    /// Which users of tenants they are.
    #[serde(default)]
    pub members: Vec<Member>,
    /// Whether they followed a link that was sent to their address.
    #[serde(default)]
    pub email_verified: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Without what proves it.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("email", &self.email).finish_non_exhaustive()
    }
}

/// A tenant's user that an account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The tenant.
    pub tenant: TenantId,
    /// The user's id there.
    pub user: String,
}

impl Account {
    /// Whether a password was ever chosen.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Whether a code is asked for beside the password.
    pub fn has_second_factor(&self) -> bool {
        self.second_factor.is_some()
    }

    /// How many recovery codes are left.
    pub fn recovery_codes_left(&self) -> usize {
        self.second_factor.as_ref().map_or(0, SecondFactor::recovery_codes_left)
    }

    /// The user that it is in a tenant.
    pub fn user_in(&self, tenant: &TenantId) -> Option<&str> {
        self.members.iter().find(|member| member.tenant == *tenant).map(|member| member.user.as_str())
    }

    /// Seals what is not sealed yet: a new secret, or one of an earlier version.
    fn seal(&mut self, place: Place<'_>, keys: &SecretKeys) -> Result<(), StoreError> {
        let confirmed = self.second_factor.iter_mut().map(|factor| &mut factor.secret);
        let waiting = self.enrolment.iter_mut().map(|enrolment| &mut enrolment.secret);
        confirmed.chain(waiting).try_for_each(|secret| secret.seal(place, keys))
    }
}

/// Documents of accounts, and the fields of them that are sealed.
pub(crate) const KIND: &str = "account";
pub(crate) const SEALED: &[&str] = &["/second_factor/secret", "/enrolment/secret"];

pub(crate) const EMAIL: &str = "email";
/// A write that meets another one is repeated so often.
const TRIES: usize = 5;

/// The accounts of the platform.
#[derive(Clone)]
pub struct Accounts {
    shelf: Shelf,
}

impl Accounts {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, KIND) }
    }

    /// Makes an account without a password.
    ///
    /// # Errors
    /// [`DocumentError::Exists`], or when the address is none.
    pub async fn create(&self, email: &str, name: &str) -> Result<Account, DocumentError> {
        let email = address(email)?;
        let name = name.trim();
        if name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(DocumentError::invalid("name", "use at most 200 characters, none of them a control character"));
        }
        let exists = || DocumentError::Exists { kind: KIND, id: email.clone() };
        if self.find(&email).await?.is_some() {
            return Err(exists());
        }
        let mut account = Account {
            id: new_id().to_string(),
            name: if name.is_empty() { email.clone() } else { name.to_owned() },
            email: email.clone(),
            password: None,
            second_factor: None,
            enrolment: None,
            members: Vec::new(),
            email_verified: false,
            created_at: now(),
        };
        match self.put(&mut account, Expect::New).await {
            // Somebody else took the address in between.
            Err(DocumentError::Store(StoreError::Duplicate { .. })) => Err(exists()),
            Err(error) => Err(error),
            Ok(()) => Ok(account),
        }
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self) -> Result<Vec<Account>, DocumentError> {
        Ok(self.shelf.list().await?.into_iter().map(|(_, account)| account).collect())
    }

    /// Some accounts, by id.
    pub(super) async fn page(&self, page: Page) -> Result<Vec<Account>, DocumentError> {
        Ok(self.shelf.page::<Account>(page).await?.into_iter().map(|(_, account)| account).collect())
    }

    /// One account by id.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &str) -> Result<Option<Account>, DocumentError> {
        Ok(self.shelf.get(id).await?.map(|found| found.value))
    }

    /// One account by its address.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, email: &str) -> Result<Option<Account>, DocumentError> {
        let key = key(email);
        // Longer than any address, and perhaps than any key of a document.
        if key.is_empty() || key.len() > 1_024 {
            return Ok(None);
        }
        Ok(self.shelf.find(EMAIL, &key).await?.into_iter().next().map(|(_, account)| account))
    }

    /// The account of an address.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, email: &str) -> Result<Account, DocumentError> {
        self.find(email).await?.ok_or_else(|| DocumentError::not_found(KIND, email))
    }

    /// The account whose address and password these are. Whether there is none or the password is wrong,
    /// it takes as long.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn with_password(&self, email: &str, password: &str) -> Result<Option<Account>, DocumentError> {
        let account = self.find(email).await?;
        let hash = account.as_ref().and_then(|account| account.password.as_deref());
        // No password that was ever accepted is longer.
        let hash = hash.filter(|_| password.len() <= password::LONGEST * 4);
        let password = if hash.is_some() { password } else { "" };
        let right = password::matches(password, hash).await?;
        Ok(account.filter(|_| right))
    }

    /// Sets the password; [`super::Realm::change_password`] also ends what is signed in.
    pub(super) async fn set_password(&self, id: &str, password: &str) -> Result<Account, DocumentError> {
        let account = self.shelf.need::<Account>(id).await?.value;
        password::check(password, &[&account.email, &account.name])?;
        let hash = password::hash(password).await?;
        self.change(id, move |account| account.password = Some(hash.clone())).await
    }

    /// Notes that a letter reached the account's address.
    ///
    /// # Errors
    /// When there is no such account or the store fails.
    pub async fn verify_email(&self, id: &str) -> Result<Account, DocumentError> {
        self.change(id, |account| account.email_verified = true).await
    }

    /// Makes the account a user of a tenant, instead of whom it was there.
    ///
    /// # Errors
    /// When there is no such account or the store fails.
    pub async fn join(&self, id: &str, tenant: &TenantId, user: &str) -> Result<Account, DocumentError> {
        self.change(id, |account| {
            account.members.retain(|member| member.tenant != *tenant);
            account.members.push(Member { tenant: tenant.clone(), user: user.to_owned() });
        })
        .await
    }

    /// Begins to set up a second factor: a secret to be confirmed. One that is in use stays until then.
    ///
    /// # Errors
    /// When there is no such account or the store fails.
    pub async fn enrol(&self, id: &str) -> Result<DeviceSecret, DocumentError> {
        let secret = DeviceSecret::generate();
        let enrolment = Enrolment { secret: Field::Open(secret.clone()) };
        self.change(id, move |account| account.enrolment = Some(enrolment.clone())).await?;
        Ok(secret)
    }

    /// The secret of an account that waits to be confirmed.
    ///
    /// # Errors
    /// When it does not open.
    pub fn enrolment(&self, account: &Account) -> Result<Option<DeviceSecret>, DocumentError> {
        account.enrolment.as_ref().map(|enrolment| self.open(&account.id, &enrolment.secret)).transpose()
    }

    fn open(&self, id: &str, secret: &Field<DeviceSecret>) -> Result<DeviceSecret, DocumentError> {
        Ok(secret.open(self.shelf.place(id), self.shelf.store.secret_keys())?)
    }

    /// Confirms the secret with a code that was made from it, and answers the recovery codes, this once
    /// (row OD-T16). None when the code is wrong, or nothing waits to be confirmed.
    ///
    /// # Errors
    /// When there is no such account or the store fails.
    pub async fn confirm_second_factor(&self, id: &str, code: &str) -> Result<Option<Vec<String>>, DocumentError> {
        let account = self.shelf.need::<Account>(id).await?.value;
        let secret = self.enrolment(&account)?;
        let Some((factor, recovery)) = secret.and_then(|secret| secret.confirm(code, now())) else { return Ok(None) };
        self.change(id, move |account| {
            account.second_factor = Some(factor.clone());
            account.enrolment = None;
        })
        .await?;
        Ok(Some(recovery))
    }

    /// Whether a code is the account's second factor: of its device or a recovery code. What was taken is
    /// not taken again.
    ///
    /// # Errors
    /// When there is no such account or the store fails.
    pub async fn take_second_factor(&self, id: &str, code: &str) -> Result<bool, DocumentError> {
        for _ in 0..TRIES {
            let found = self.shelf.need::<Account>(id).await?;
            let mut account = found.value;
            let Some(factor) = &mut account.second_factor else { return Ok(false) };
            let secret = self.open(id, &factor.secret)?;
            if factor.take(&secret, code, now()) == Proof::Wrong {
                return Ok(false);
            }
            // Of two who come with the same code at the same moment, the second looks again.
            match self.put(&mut account, Expect::Version(found.version)).await {
                Err(DocumentError::Conflict { .. }) => {}
                outcome => return outcome.map(|()| true),
            }
        }
        Ok(false)
    }

    /// Takes the second factor away, for somebody who lost the device and the recovery codes.
    ///
    /// # Errors
    /// When there is no such account or the store fails.
    pub async fn remove_second_factor(&self, id: &str) -> Result<Account, DocumentError> {
        self.change(id, |account| {
            account.second_factor = None;
            account.enrolment = None;
        })
        .await
    }

    /// Deletes an account, with its earlier versions.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, id: &str) -> Result<(), DocumentError> {
        self.shelf.discard(vec![id.to_owned()]).await.map(drop)
    }

    async fn change(&self, id: &str, change: impl Fn(&mut Account)) -> Result<Account, DocumentError> {
        let mut tries = 1;
        loop {
            let found = self.shelf.need::<Account>(id).await?;
            let mut account = found.value;
            change(&mut account);
            match self.put(&mut account, Expect::Version(found.version)).await {
                Ok(()) => return Ok(account),
                Err(DocumentError::Conflict { .. }) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    async fn put(&self, account: &mut Account, expect: Expect) -> Result<(), DocumentError> {
        let (id, key) = (account.id.clone(), key(&account.email));
        account.seal(self.shelf.place(&id), self.shelf.store.secret_keys())?;
        self.shelf.put_without_past(&id, account, &[Key::unique(EMAIL, &key)], expect).await.map(drop)
    }
}

/// An e-mail address as it is kept.
///
/// # Errors
/// When it is none; the field is `email`.
pub fn address(text: &str) -> Result<String, DocumentError> {
    let text = text.trim();
    let wrong = || DocumentError::invalid(EMAIL, "give an e-mail address, such as ada@example.com");
    // A colon would end the name of a second factor early.
    if text.len() > 254 || text.contains(':') {
        return Err(wrong());
    }
    text.parse::<lettre::Address>().map(|address| address.to_string()).map_err(|_| wrong())
}

/// An address as it is compared.
pub(super) fn key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The address under which a stored account is found.
pub(crate) fn stored_key(account: &Value) -> Option<String> {
    account[EMAIL].as_str().map(key)
}
