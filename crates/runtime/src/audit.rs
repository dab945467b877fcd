//! The audit log: who did what to what, when and from where, and what was before and after.
//!
//! An entry is a document of its own that is written before the change is acknowledged and never changed. Ids
//! grow with time, so the order of ids is the order of what happened. Knows nothing of what is changed: who
//! notes something leaves secrets and personal data out; [`redacted`] is the second line.

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Expect, Page, Store};

use crate::documents::{DocumentError, Kind, new_id, now};

/// Entries that a tenant keeps: the newest.
pub const KEPT: usize = 100_000;
/// Entries whose id ends so look whether there are too many: one in 256. By chance, so that restarts do not matter.
const TRIMS: u8 = 0xff;
/// Entries that are read at once.
const PAGE: usize = 1_000;
/// Most bytes of what was before, and of what is after.
const LARGEST_STATE: usize = 16 * 1024;

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Id of the token that was used, or [`COMMAND_LINE`].
    pub token: String,
    /// What the token is called.
    pub token_name: String,
    /// Id of its user; none when the token is the tenant's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What stands in place of a token's id where the command line was used; no token has it.
pub const COMMAND_LINE: &str = "command_line";

impl Actor {
    /// Whoever uses the command line: no token says who.
    pub fn command_line() -> Self {
        Self { token: COMMAND_LINE.to_owned(), token_name: "command line".to_owned(), user: None }
    }
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it is: `agent`, `user` …
    pub kind: String,
    /// Which one; none where there is one only, or where it must not be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Something that is to be noted.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Who did it.
    pub actor: Actor,
    /// What was done: `agent.published`.
    pub action: String,
    /// To what.
    pub target: Target,
    /// The address that it came from; empty for the command line.
    pub source_ip: String,
    /// What was before, without secrets.
    pub before: Option<Value>,
    /// What is now, without secrets.
    pub after: Option<Value>,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Later ones sort after earlier ones.
    pub id: String,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: Target,
    /// The address that it came from; empty for the command line.
    pub source_ip: String,
    /// What was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Which entries are asked for.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Only after the entry of this id.
    pub after: Option<String>,
    /// Only what this user or this token did.
    pub actor: Option<String>,
    /// Only this action; `agent.*` is all that begin so.
    pub action: Option<String>,
}

impl Sought {
    fn fits(&self, entry: &Entry) -> bool {
        let actor = self.actor.as_deref();
        let by = actor.is_none_or(|id| entry.actor.token == id || entry.actor.user.as_deref() == Some(id));
        let done = self.action.as_deref().is_none_or(|action| match action.strip_suffix('*') {
            Some(beginning) => entry.action.starts_with(beginning),
            None => entry.action == action,
        });
        by && done
    }
}

/// The audit logs of tenants.
#[derive(Clone)]
pub struct Audit {
    kind: Kind,
}

impl Audit {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: "audit" } }
    }

    /// Notes something; it is durable when this returns.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note(&self, tenant: &TenantId, new: NewEntry) -> Result<(), DocumentError> {
        let id = new_id();
        let entry = Entry {
            id: id.to_string(),
            at: now(),
            actor: new.actor,
            action: new.action,
            target: new.target,
            source_ip: new.source_ip,
            before: new.before.map(bounded),
            after: new.after.map(bounded),
        };
        self.kind.put(tenant, &entry.id, &entry, &[], Expect::New).await?;
        // The last bits of the id are random.
        if id.as_bytes()[15] == TRIMS {
            self.trim(tenant, KEPT).await?;
        }
        Ok(())
    }

    /// Entries, oldest first; and after which id to go on, when there may be more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        tenant: &TenantId,
        sought: &Sought,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<String>), DocumentError> {
        let store = self.kind.store.tenant(tenant);
        let mut found = Vec::new();
        let mut page = Page { after: sought.after.clone(), limit: PAGE };
        loop {
            let documents = store.list(self.kind.name, page).await?;
            for document in &documents {
                let entry: Entry = document.read()?;
                if sought.fits(&entry) {
                    found.push(entry);
                }
                if found.len() == limit {
                    return Ok((found, Some(document.id.clone())));
                }
            }
            match documents.last() {
                Some(last) if documents.len() == PAGE => page = Page::after(last.id.clone(), PAGE),
                _ => return Ok((found, None)),
            }
        }
    }

    /// Drops the oldest entries until `most` are left; answers how many went.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn trim(&self, tenant: &TenantId, most: usize) -> Result<usize, DocumentError> {
        let store = self.kind.store.tenant(tenant);
        let mut ids = Vec::new();
        let mut page = Page::first(PAGE);
        loop {
            let documents = store.list(self.kind.name, page).await?;
            let last = documents.last().map(|document| document.id.clone());
            let whole = documents.len() == PAGE;
            ids.extend(documents.into_iter().map(|document| document.id));
            match last {
                Some(last) if whole => page = Page::after(last, PAGE),
                _ => break,
            }
        }
        ids.truncate(ids.len().saturating_sub(most));
        if ids.is_empty() {
            return Ok(0);
        }
        Ok(store.discard(self.kind.name, ids).await?)
    }
}

/// What is shown in place of a secret.
const HIDDEN: &str = "•••";
/// Names of fields whose values nobody is to read.
const SECRET: [&str; 6] = ["app_key", "secret", "password", "hash", "value", "salt"];

/// A state without the values of fields that are secret by their name.
#[must_use]
pub fn redacted(state: Value) -> Value {
    match state {
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let hide = SECRET.contains(&name.as_str()) && !value.is_null();
                let value = if hide { HIDDEN.into() } else { redacted(value) };
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(redacted).collect()),
        other => other,
    }
}

/// A state that is not too large to be kept: of a larger one its size.
fn bounded(state: Value) -> Value {
    let state = redacted(state);
    match state.to_string().len() {
        bytes if bytes > LARGEST_STATE => json!({ "too_large": bytes }),
        _ => state,
    }
}

#[cfg(test)]
mod tests {
    use store::StoreOptions;

    use super::*;

    fn did(action: &str, user: Option<&str>) -> NewEntry {
        NewEntry {
            actor: Actor { token: "t".to_owned(), token_name: String::new(), user: user.map(str::to_owned) },
            action: action.to_owned(),
            target: Target { kind: "agent".to_owned(), id: None },
            source_ip: "192.0.2.1".to_owned(),
            before: None,
            after: None,
        }
    }

    #[tokio::test]
    async fn the_newest_entries_are_kept_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store opens");
        let (audit, tenant) = (Audit::new(&store), "demo".parse().expect("a tenant name"));
        for number in 0..5 {
            audit.note(&tenant, did(&format!("agent.{number}"), None)).await.expect("it is noted");
        }
        assert_eq!(audit.trim(&tenant, 10).await.expect("it trims"), 0);
        assert_eq!(audit.trim(&tenant, 3).await.expect("it trims"), 2);
        let (entries, next) = audit.list(&tenant, &Sought::default(), 100).await.expect("a list");
        let actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!((actions, next), (vec!["agent.2", "agent.3", "agent.4"], None));

        let (first, next) = audit.list(&tenant, &Sought::default(), 1).await.expect("a list");
        let sought = Sought { after: next, ..Sought::default() };
        let (rest, _) = audit.list(&tenant, &sought, 100).await.expect("a list");
        assert_eq!((&first[..], &rest[..]), (&entries[..1], &entries[1..]));
        store.shutdown().await.expect("it closes");
    }

    #[test]
    fn entries_are_found_by_who_and_what() {
        let entry = |action: &str, user| {
            let NewEntry { actor, action, target, source_ip, before, after } = did(action, user);
            Entry { id: "1".to_owned(), at: Timestamp(0), actor, action, target, source_ip, before, after }
        };
        let by = |actor: &str| Sought { actor: Some(actor.to_owned()), ..Sought::default() };
        assert!(by("ada").fits(&entry("a", Some("ada"))) && by("t").fits(&entry("a", Some("ada"))));
        assert!(!by("bob").fits(&entry("a", Some("ada"))) && !by("ada").fits(&entry("a", None)));
        let done = |action: &str| Sought { action: Some(action.to_owned()), ..Sought::default() };
        assert!(
            done("agent.*").fits(&entry("agent.deleted", None))
                && done("agent.deleted").fits(&entry("agent.deleted", None))
        );
        assert!(
            !done("agent").fits(&entry("agent.deleted", None)) && !done("user.*").fits(&entry("agent.deleted", None))
        );
    }

    #[test]
    fn secrets_and_large_states_are_not_kept() {
        let state = json!({ "name": "a", "app_key": "k", "list": [{ "secret": "s", "password": null }] });
        let kept = json!({ "name": "a", "app_key": HIDDEN, "list": [{ "secret": HIDDEN, "password": null }] });
        assert_eq!(bounded(state), kept);
        assert_eq!(bounded(json!({ "a": "x".repeat(LARGEST_STATE) })), json!({ "too_large": LARGEST_STATE + 8 }));
    }
}
