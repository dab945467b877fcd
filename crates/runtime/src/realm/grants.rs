//! Grants: that a client may act for an account, until it ends; and the refresh tokens of it.
//!
//! A refresh token is used once and replaced (RFC 9700 §4.14.2). It has three parts: the grant's id, a
//! secret of the grant that stays, and one that changes. Who has the first but an old second once had a
//! token of this grant: somebody stole it, or uses a stolen one, so the grant ends.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Expect, Key, Store};
use subtle::ConstantTimeEq;

use super::shelf::Shelf;
use crate::{
    documents::{DocumentError, now, secret},
    tokens::hash,
};

/// The longest time that a grant lasts, however often it is refreshed, in seconds.
pub const SECONDS: i64 = 30 * 24 * 3_600;

/// That a client may act for an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grant {
    /// Names it; access tokens carry it.
    pub id: String,
    /// Who signed in.
    pub account: String,
    /// In which browser.
    pub session: String,
    /// For which client.
    pub client: String,
    /// What was granted.
    pub scope: String,
    /// When they signed in.
    pub auth_time: Timestamp,
    /// With what.
    pub methods: Vec<String>,
    /// Hash of the part of refresh tokens that stays.
    family: String,
    /// Hash of the part that changes.
    current: String,
    expires_at: Timestamp,
}

/// What a grant is made of.
#[derive(Debug, Clone)]
pub struct Granted {
    /// Who signed in.
    pub account: String,
    /// In which browser.
    pub session: String,
    /// For which client.
    pub client: String,
    /// What was granted.
    pub scope: String,
    /// When they signed in.
    pub auth_time: Timestamp,
    /// With what.
    pub methods: Vec<String>,
}

/// What became of a refresh token that was sent.
#[derive(Debug)]
pub enum Refreshed {
    /// It was good; this is the grant and the token that follows.
    Good(Box<Grant>, String),
    /// It is not good.
    Wrong,
    /// It was used before. The grant has ended.
    Reused,
}

const ACCOUNT: &str = "account";
const SESSION: &str = "session";
const PREFIX: &str = "plr_";

/// The grants in force.
#[derive(Clone)]
pub struct Grants {
    shelf: Shelf,
}

impl Grants {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, "grant") }
    }

    /// A name for a grant that is to be made.
    pub fn new_id() -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    /// Makes a grant; answers it and its first refresh token.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn create(&self, id: &str, granted: Granted) -> Result<(Grant, String), DocumentError> {
        let (family, current) = (secret(), secret());
        let Granted { account, session, client, scope, auth_time, methods } = granted;
        let grant = Grant {
            id: id.to_owned(),
            account,
            session,
            client,
            scope,
            auth_time,
            methods,
            family: kept(&family),
            current: kept(&current),
            expires_at: Timestamp::from_seconds(now().seconds() + SECONDS),
        };
        self.put(&grant, Expect::New).await?;
        Ok((grant, token(id, &family, &current)))
    }

    /// A grant that is in force.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &str) -> Result<Option<Grant>, DocumentError> {
        let found = self.shelf.get::<Grant>(id).await?;
        Ok(found.map(|found| found.value).filter(|grant| grant.expires_at > now()))
    }

    /// Takes a refresh token of a client, and answers the one that follows it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn refresh(&self, refresh_token: &str, client: &str) -> Result<Refreshed, DocumentError> {
        let Some((id, family, current)) = parts(refresh_token) else { return Ok(Refreshed::Wrong) };
        let Some(found) = self.shelf.get::<Grant>(id).await? else { return Ok(Refreshed::Wrong) };
        let mut grant = found.value;
        if !same(&grant.family, family) || grant.client != client || grant.expires_at <= now() {
            return Ok(Refreshed::Wrong);
        }
        if !same(&grant.current, current) {
            self.revoke(&grant.id).await?;
            return Ok(Refreshed::Reused);
        }
        let next = secret();
        grant.current = kept(&next);
        match self.put(&grant, Expect::Version(found.version)).await {
            Ok(()) => {}
            // Of two with the same token at the same moment, one is not the client.
            Err(DocumentError::Conflict { .. }) => {
                self.revoke(&grant.id).await?;
                return Ok(Refreshed::Reused);
            }
            Err(error) => return Err(error),
        }
        let token = token(&grant.id, family, &next);
        Ok(Refreshed::Good(Box::new(grant), token))
    }

    /// The grant of a refresh token, whether the token was used or not (RFC 7009 §2.1).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of_token(&self, refresh_token: &str) -> Result<Option<Grant>, DocumentError> {
        let Some((id, family, _)) = parts(refresh_token) else { return Ok(None) };
        Ok(self.get(id).await?.filter(|grant| same(&grant.family, family)))
    }

    /// Ends a grant; one that is not there is no error.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke(&self, id: &str) -> Result<(), DocumentError> {
        self.shelf.discard(vec![id.to_owned()]).await.map(drop)
    }

    /// Ends what was granted while a browser was signed in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_session(&self, session: &str) -> Result<(), DocumentError> {
        self.discard(SESSION, session).await
    }

    pub(super) async fn revoke_all(&self, account: &str) -> Result<(), DocumentError> {
        self.discard(ACCOUNT, account).await
    }

    async fn discard(&self, key: &str, value: &str) -> Result<(), DocumentError> {
        let found = self.shelf.find::<Grant>(key, value).await?;
        self.shelf.discard(found.into_iter().map(|(id, _)| id).collect()).await.map(drop)
    }

    async fn put(&self, grant: &Grant, expect: Expect) -> Result<(), DocumentError> {
        let keys = [Key::shared(ACCOUNT, &grant.account), Key::shared(SESSION, &grant.session)];
        self.shelf.put(&grant.id, grant, &keys, expect).await.map(drop)
    }

    pub(super) async fn tidy(&self) -> Result<(), DocumentError> {
        let at = now();
        self.shelf.tidy(|grant: &Grant| grant.expires_at <= at).await
    }
}

fn token(id: &str, family: &str, current: &str) -> String {
    format!("{PREFIX}{id}.{family}.{current}")
}

fn parts(token: &str) -> Option<(&str, &str, &str)> {
    let (id, secrets) = token.strip_prefix(PREFIX)?.split_once('.')?;
    let (family, current) = secrets.split_once('.')?;
    // What is no id is not looked up.
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some((id, family, current))
}

fn kept(secret: &str) -> String {
    hex::encode(hash(secret))
}

fn same(known: &str, secret: &str) -> bool {
    kept(secret).as_bytes().ct_eq(known.as_bytes()).into()
}
