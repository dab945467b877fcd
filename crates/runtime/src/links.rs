//! Deep links: short addresses that open the chat as one contact, with attributes set (spec/opendialog.md
//! §1.5).
//!
//! A link's code is a credential: it is known by its hash only, like a token. Whoever has it is the contact
//! until it expires; it may be opened any number of times.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{AgentId, ContactId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Batch, Expect, Key, Store};

use crate::{
    documents::{DocumentError, now},
    presets,
    tokens::hash,
};

pub(crate) const KIND: &str = "link";
const CODE: &str = "code";

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The agent to talk to.
    pub agent: AgentId,
    /// The contact who talks.
    pub contact: ContactId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops being good; none is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Link {
    /// Whether its time is over.
    pub fn expired(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= now())
    }
}

/// A contact who is to be given a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Invitation {
    /// The contact; it need not be known yet.
    pub contact: ContactId,
    /// What is set of them, by name; null unsets.
    pub attributes: Map<String, Value>,
}

/// The links of all tenants.
#[derive(Clone)]
pub struct Links {
    store: Store,
}

impl Links {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// Makes a link for each invitation and sets its attributes: all of them or none. Answers the codes, in
    /// order.
    ///
    /// # Errors
    /// When the store fails; nothing was changed then.
    pub async fn create(
        &self,
        tenant: &TenantId,
        agent: AgentId,
        expires_at: Option<Timestamp>,
        invitations: &[Invitation],
    ) -> Result<Vec<String>, DocumentError> {
        let created_at = now();
        let mut batch = Batch::default();
        let mut codes = Vec::with_capacity(invitations.len());
        for Invitation { contact, attributes } in invitations {
            if !attributes.is_empty() {
                presets::add(&mut batch, contact, attributes, created_at)?;
            }
            let code = code();
            let id = id(&code);
            let link = Link { agent, contact: contact.clone(), created_at, expires_at };
            let keys = [Key::unique(CODE, &id), Key::shared(presets::CONTACT, contact.as_str())];
            batch.put(KIND, &id, &link, &keys, Expect::New)?;
            codes.push(code);
        }
        self.store.tenant(tenant).put_all(batch).await?;
        Ok(codes)
    }

    /// A link by its code, and whose it is.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, code: &str) -> Result<Option<(TenantId, Link)>, DocumentError> {
        match self.store.platform().find(KIND, CODE, &id(code)).await? {
            Some((tenant, document)) => Ok(Some((tenant, document.read()?))),
            None => Ok(None),
        }
    }
}

/// 128 random bits, fit for an address.
fn code() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}

fn id(code: &str) -> String {
    hex::encode(hash(code))
}
