//! Browsers that are signed in. The cookie's secret is kept by its hash.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Expect, Key, Store};

use super::shelf::Shelf;
use crate::{
    documents::{DocumentError, new_id, now, secret},
    tokens::hash,
};

/// How long a browser stays signed in, in seconds.
pub const SECONDS: i64 = 12 * 3_600;

/// A browser that is signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Its public name: the claim `sid`.
    pub id: String,
    /// Who is signed in.
    pub account: String,
    /// When they showed who they are.
    pub auth_time: Timestamp,
    /// With what, in words of RFC 8176: `pwd`, `otp`.
    pub methods: Vec<String>,
    expires_at: Timestamp,
}

const ID: &str = "sid";
const ACCOUNT: &str = "account";

/// The sessions of browsers.
#[derive(Clone)]
pub struct Sessions {
    shelf: Shelf,
}

impl Sessions {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, "sign_in_session") }
    }

    /// Signs a browser in; answers the session and the cookie's secret.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn start(&self, account: &str, methods: &[&str]) -> Result<(Session, String), DocumentError> {
        let (secret, at) = (secret(), now());
        let session = Session {
            id: new_id().to_string(),
            account: account.to_owned(),
            auth_time: at,
            methods: methods.iter().map(|&method| method.to_owned()).collect(),
            expires_at: Timestamp::from_seconds(at.seconds() + SECONDS),
        };
        let keys = [Key::unique(ID, &session.id), Key::shared(ACCOUNT, account)];
        self.shelf.put(&id(&secret), &session, &keys, Expect::New).await?;
        Ok((session, secret))
    }

    /// The session of a cookie, while it lasts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, secret: &str) -> Result<Option<Session>, DocumentError> {
        let found = self.shelf.get::<Session>(&id(secret)).await?;
        Ok(found.map(|found| found.value).filter(|session| session.expires_at > now()))
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn end(&self, session: &str) -> Result<(), DocumentError> {
        self.discard(ID, session).await
    }

    pub(super) async fn end_all(&self, account: &str) -> Result<(), DocumentError> {
        self.discard(ACCOUNT, account).await
    }

    async fn discard(&self, key: &str, value: &str) -> Result<(), DocumentError> {
        let found = self.shelf.find::<Session>(key, value).await?;
        self.shelf.discard(found.into_iter().map(|(id, _)| id).collect()).await.map(drop)
    }

    pub(super) async fn tidy(&self) -> Result<(), DocumentError> {
        let at = now();
        self.shelf.tidy(|session: &Session| session.expires_at <= at).await
    }
}

fn id(secret: &str) -> String {
    hex::encode(hash(secret))
}
