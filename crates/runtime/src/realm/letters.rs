//! Links in letters: to accept an invitation, to choose a new password. Each is good once and for a while;
//! only its hash is kept.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Expect, Key, Store};

use super::shelf::Shelf;
use crate::{
    documents::{DocumentError, now, secret},
    tokens::hash,
};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To choose the first password.
    Invitation,
    /// To choose another one.
    Reset,
}

impl Purpose {
    /// How long its link is good for, in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Invitation => 24 * 3_600,
            Self::Reset => 3_600,
        }
    }
}

/// What a link stands for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Letter {
    /// Whose password it sets.
    pub account: String,
    /// What it is for.
    pub purpose: Purpose,
    /// How it gets there.
    pub delivery: Delivery,
    /// When it stops being good.
    pub expires_at: Timestamp,
}

/// How a link gets to its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// To the account's address: who follows it reads the mail there.
    ByMail,
    /// By whoever asked for it.
    ByHand,
}

const ACCOUNT: &str = "account";

/// The links that were sent.
#[derive(Clone)]
pub struct Letters {
    shelf: Shelf,
}

impl Letters {
    pub(super) fn new(store: &Store) -> Self {
        Self { shelf: Shelf::new(store, "account_letter") }
    }

    /// Makes a link and its secret; earlier ones of the account are good no longer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn write(
        &self,
        account: &str,
        purpose: Purpose,
        delivery: Delivery,
    ) -> Result<(Letter, String), DocumentError> {
        self.discard_all(account).await?;
        let secret = secret();
        let expires_at = Timestamp::from_seconds(now().seconds() + purpose.seconds());
        let letter = Letter { account: account.to_owned(), purpose, delivery, expires_at };
        self.shelf.put(&id(&secret), &letter, &[Key::shared(ACCOUNT, account)], Expect::New).await?;
        Ok((letter, secret))
    }

    /// What a link stands for, while it is good.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, secret: &str) -> Result<Option<Letter>, DocumentError> {
        let found = self.shelf.get::<Letter>(&id(secret)).await?;
        Ok(found.map(|found| found.value).filter(|letter| letter.expires_at > now()))
    }

    /// Uses a link up; false when somebody was quicker.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take(&self, secret: &str) -> Result<bool, DocumentError> {
        Ok(self.shelf.discard(vec![id(secret)]).await? > 0)
    }

    pub(super) async fn discard_all(&self, account: &str) -> Result<(), DocumentError> {
        let found = self.shelf.find::<Letter>(ACCOUNT, account).await?;
        self.shelf.discard(found.into_iter().map(|(id, _)| id).collect()).await.map(drop)
    }

    pub(super) async fn tidy(&self) -> Result<(), DocumentError> {
        let at = now();
        self.shelf.tidy(|letter: &Letter| letter.expires_at <= at).await
    }
}

fn id(secret: &str) -> String {
    hex::encode(hash(secret))
}
