//! Experiments: flags of an agent, each of which gives every contact one of its variants
//! (spec/opendialog.md §1.6, §1.7). How is ours to say; docs/experiments.md says it.
//!
//! An agent has one document with all its flags. `evaluate` is the pure part: which variant a contact
//! gets. `serve` is what a turn does with it: what was assigned stays, and is read as
//! `{user.flag_<name>}`. Knows no HTTP and no table.

mod check;
mod evaluate;
mod serve;

use dialogue::expression::equal;
use model::{AgentId, TenantId, attribute::FLAG_PREFIX};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Expect, Store};

use crate::documents::{DocumentError, Kind, Together, secret};

pub use check::{MAX_FLAGS, MAX_VARIANTS, MAX_WEIGHT};
pub use evaluate::{Evaluation, Reason};
pub(crate) use serve::{Evaluated, serve};

/// What happened when a flag was evaluated: the kind of its event in the feed.
pub const EVALUATED: &str = "flag.evaluated";

/// Kind of the documents.
pub(crate) const KIND: &str = "experiments";

/// The flags of one agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flags {
    /// The flags; their names are unique.
    pub flags: Vec<Flag>,
}

/// One experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    /// Lower-case letters, digits and underscores; the attribute is `flag_<name>`.
    pub name: String,
    /// Whether variants are assigned; everybody is served the default when not.
    pub enabled: bool,
    /// The variants, and how much of the contacts each gets.
    pub variants: Vec<Variant>,
    /// The variant of contacts that no rule assigns one, and of all while the flag is off.
    pub default_variant: String,
    /// Who takes part: the first rule that matches assigns. Without rules, all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Mixed into the buckets, so that two flags do not split contacts alike. Another salt deals anew.
    #[serde(default)]
    pub salt: String,
}

/// A variant and its share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Lower-case letters, digits and underscores.
    pub name: String,
    /// Its part of the sum of all weights.
    pub weight: u32,
}

/// Who gets what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// All must hold; without any, the rule matches everybody.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The variant of those who match; else they are split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How they are split; as the flag's variants say when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<Variant>,
}

/// What an attribute of the contact must be: one of some values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Its name, without a context.
    pub attribute: String,
    /// The value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Several values, where one is not enough.
    #[serde(default, rename = "in", skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<Value>,
}

/// The attribute of contacts that holds a flag's variant.
pub(crate) fn attribute_of(flag: &str) -> String {
    format!("{FLAG_PREFIX}{flag}")
}

impl Condition {
    /// Whether a value is one of those. A missing value equals nothing.
    fn holds(&self, value: Option<&Value>) -> bool {
        let mut values = self.equals.iter().chain(&self.among);
        value.is_some_and(|value| values.any(|wanted| equal(value, wanted)))
    }
}

impl Flag {
    /// The attribute of the contact that holds its variant.
    pub fn attribute(&self) -> String {
        attribute_of(&self.name)
    }

    fn has(&self, variant: &str) -> bool {
        self.variants.iter().any(|known| known.name == variant)
    }
}

/// The experiments of tenants.
#[derive(Clone)]
pub struct Experiments {
    kind: Kind,
}

impl Experiments {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { kind: Kind { store: store.clone(), name: KIND } }
    }

    /// An agent's flags; none when nobody made any.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, tenant: &TenantId, agent: AgentId) -> Result<Flags, DocumentError> {
        Ok(self.kind.get(tenant, &agent.to_string()).await?.map(|found| found.value).unwrap_or_default())
    }

    /// Replaces an agent's flags. A flag without a salt keeps the one it has, or gets one.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`] with the place of the first value that is not acceptable; when the
    /// store fails.
    pub async fn put(&self, tenant: &TenantId, agent: AgentId, mut flags: Flags) -> Result<Flags, DocumentError> {
        check::check(&flags)?;
        let known = self.get(tenant, agent).await?;
        for flag in flags.flags.iter_mut().filter(|flag| flag.salt.is_empty()) {
            let before = known.flags.iter().find(|known| known.name == flag.name);
            flag.salt = before.map_or_else(new_salt, |before| before.salt.clone());
        }
        self.kind.put(tenant, &agent.to_string(), &flags, &[], Expect::Any).await?;
        Ok(flags)
    }

    /// Adds the flags of a new agent, which its copied conditions and texts read, to what is made together.
    pub(crate) fn add(&self, agent: AgentId, flags: &Flags, together: &mut Together) -> Result<(), DocumentError> {
        if flags.flags.is_empty() {
            return Ok(());
        }
        together.put(&self.kind, &agent.to_string(), flags, &[], Expect::New)
    }

    pub(crate) async fn delete(&self, tenant: &TenantId, agent: AgentId) -> Result<(), DocumentError> {
        self.kind.delete(tenant, &agent.to_string()).await?;
        Ok(())
    }
}

/// Sixteen hexadecimal digits: enough that no two flags share it by chance.
fn new_salt() -> String {
    secret().chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use store::StoreOptions;
    use uuid::Uuid;

    use super::*;

    pub(super) fn flag(value: Value) -> Flag {
        let mut whole = json!({
            "name": "greeting", "enabled": true, "default_variant": "control", "salt": "s",
            "variants": [{ "name": "control", "weight": 1 }, { "name": "warm", "weight": 1 }],
        });
        for (name, value) in value.as_object().expect("an object") {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).expect("a flag")
    }

    #[tokio::test]
    async fn a_salt_is_given_once_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), StoreOptions::default()).await.expect("it opens");
        let experiments = Experiments::new(&store);
        let (tenant, agent) = ("t".parse().expect("a name"), AgentId(Uuid::now_v7()));
        let unsalted = || Flags { flags: vec![flag(json!({ "salt": "" }))] };
        let first = experiments.put(&tenant, agent, unsalted()).await.expect("it is stored");
        assert_eq!(first.flags[0].salt.len(), 16);
        assert_eq!(experiments.put(&tenant, agent, unsalted()).await.expect("it is stored"), first);
        assert_eq!(experiments.get(&tenant, agent).await.expect("it is there"), first);

        let other = AgentId(Uuid::now_v7());
        let mut together = Together::default();
        experiments.add(other, &first, &mut together).expect("it can be stored");
        together.write(&store.tenant(&tenant)).await.expect("it is stored");
        experiments.delete(&tenant, agent).await.expect("it is deleted");
        assert_eq!(experiments.get(&tenant, agent).await.expect("none"), Flags::default());
        assert_eq!(experiments.get(&tenant, other).await.expect("the copy"), first);
    }
}
