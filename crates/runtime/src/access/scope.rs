//! The scopes: what there is to be allowed. One table, from which everything else is made.
//!
//! A scope is `<domain>:<verb>`. Each has a type of its name here, so that code can say which one it needs in
//! a place where only types fit: the arguments of a handler.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type that stands for a scope.
pub trait Required: Send + Sync + 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! scopes {
    ($($name:ident = $domain:literal : $verb:literal, $description:literal;)+) => {
        /// What a credential may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope {
            $(#[doc = $description] $name,)+
        }

        impl Scope {
            /// All of them, in the order of their domains.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name: `<domain>:<verb>`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($domain, ":", $verb),)+
                }
            }

            /// What it is about.
            pub const fn domain(self) -> &'static str {
                match self {
                    $(Self::$name => $domain,)+
                }
            }

            /// What may be done with it.
            pub const fn verb(self) -> &'static str {
                match self {
                    $(Self::$name => $verb,)+
                }
            }

            /// What it allows, in words.
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$name => $description,)+
                }
            }
        }

        $(
            #[doc = $description]
            #[derive(Debug)]
            pub enum $name {}

            impl Required for $name {
                const SCOPE: Scope = Scope::$name;
            }
        )+
    };
}

scopes! {
    AgentsRead = "agents": "read", "See agents, their drafts and versions, and what is wrong with them.";
    AgentsCreate = "agents": "create", "Import and duplicate agents.";
    AgentsUpdate = "agents": "update", "Change drafts, and renew app keys.";
    AgentsDelete = "agents": "delete", "Delete agents.";
    AgentsPreview = "agents": "preview", "Talk to drafts.";
    FlowsRead = "flows": "read", "See flows, their versions, what is wrong with them and what changed.";
    FlowsCreate = "flows": "create", "Make, import and duplicate flows.";
    FlowsUpdate = "flows": "update", "Change the drafts of flows.";
    FlowsDelete = "flows": "delete", "Delete flows.";
    FlowsPublish = "flows": "publish", "Put an agent's draft in service, and take it out.";
    FunctionsRead = "functions": "read", "See functions, their source and their snapshots.";
    FunctionsCreate = "functions": "create", "Make functions.";
    FunctionsUpdate = "functions": "update", "Change functions.";
    FunctionsDelete = "functions": "delete", "Delete functions.";
    FunctionsTest = "functions": "test", "Run functions outside conversations.";
    KnowledgeRead = "knowledge": "read", "See documents and FAQs, and look things up in them.";
    KnowledgeCreate = "knowledge": "create", "Upload documents and make FAQs.";
    KnowledgeUpdate = "knowledge": "update", "Change FAQs, and have documents indexed again.";
    KnowledgeDelete = "knowledge": "delete", "Delete documents and FAQs.";
    ChannelsRead = "channels": "read", "See points of contact and how their channels are set up.";
    ChannelsCreate = "channels": "create", "Make points of contact.";
    ChannelsUpdate = "channels": "update", "Change points of contact and renew their chat codes.";
    ChannelsDelete = "channels": "delete", "Delete points of contact.";
    InternalContactsRead = "internal_contacts": "read", "See to whom conversations can be transferred.";
    InternalContactsCreate = "internal_contacts": "create", "Add internal contacts.";
    InternalContactsUpdate = "internal_contacts": "update", "Change internal contacts.";
    InternalContactsDelete = "internal_contacts": "delete", "Delete internal contacts.";
    TestScenariosRead = "test_scenarios": "read", "See the test scenarios of agents.";
    TestScenariosUpdate = "test_scenarios": "update", "Make, record, change and delete test scenarios.";
    TestScenariosRun = "test_scenarios": "run", "Run test scenarios, and replay recorded conversations with other versions.";
    ModelsRead = "models": "read", "See the scripts that stand in for language models.";
    ModelsUpdate = "models": "update", "Change the scripts that stand in for language models.";
    SettingsRead = "settings": "read", "See the settings of web chats.";
    SettingsUpdate = "settings": "update", "Change how web chats look and who may use them.";
    ExperimentsRead = "experiments": "read", "See the experiments of agents.";
    ExperimentsUpdate = "experiments": "update", "Change the experiments of agents.";
    AliasesRead = "aliases": "read", "See the names that stand for agents.";
    AliasesUpdate = "aliases": "update", "Make, change and delete names that stand for agents.";
    LinksCreate = "links": "create", "Make links that open a chat with attributes set.";
    ChatsCreate = "chats": "create", "Start a conversation, as a web chat does.";
    ChatsSend = "chats": "send", "Send messages in a conversation, as a web chat does.";
    TranscriptsRead = "transcripts": "read", "Read what was said, by whom, and what was made of it.";
    TranscriptsUpdate = "transcripts": "update", "Tag, flag, report, restart and end conversations.";
    TranscriptsTakeOver = "transcripts": "take_over", "Take conversations over, speak in them, hand them back and transfer them.";
    ContactsRead = "contacts": "read", "See contacts and what is known of them.";
    ContactsExport = "contacts": "export", "Take away all that is stored of a contact.";
    ContactsErase = "contacts": "erase", "Erase contacts.";
    RetentionRead = "retention": "read", "See how long conversations are kept.";
    RetentionUpdate = "retention": "update", "Change how long conversations are kept.";
    EventsRead = "events": "read", "Read the feed of what happened.";
    AnalyticsRead = "analytics": "read", "Read figures, experiments and how they went.";
    WebhooksRead = "webhooks": "read", "See webhooks and what they could not deliver.";
    WebhooksCreate = "webhooks": "create", "Make webhooks.";
    WebhooksUpdate = "webhooks": "update", "Change webhooks and rotate their secrets.";
    WebhooksDelete = "webhooks": "delete", "Delete webhooks.";
    WebhooksDeliver = "webhooks": "deliver", "Try webhooks, and send events again.";
    SecretsRead = "secrets": "read", "See the names of secrets.";
    SecretsInspect = "secrets": "inspect", "See whose a certificate is and when it expires.";
    SecretsUpdate = "secrets": "update", "Set and delete secrets.";
    IssuersRead = "issuers": "read", "See whose tokens say who a visitor is.";
    IssuersUpdate = "issuers": "update", "Change whose tokens say who a visitor is.";
    EnvironmentRead = "environment": "read", "See the tenant's environment values; of secret ones whether they are set.";
    EnvironmentUpdate = "environment": "update", "Set and unset the tenant's environment values.";
    FeatureFlagsRead = "feature_flags": "read", "See which features the tenant uses.";
    FeatureFlagsUpdate = "feature_flags": "update", "Switch features of the tenant on and off.";
    BrandingRead = "branding": "read", "See the tenant's name, logos and colours as they are set.";
    BrandingUpdate = "branding": "update", "Change the tenant's name, logos and colours.";
    TokensRead = "tokens": "read", "See API tokens: one's own; those of others with `users:update`.";
    TokensCreate = "tokens": "create", "Make API tokens: one's own; those of others with `users:update`.";
    TokensDelete = "tokens": "delete", "End API tokens: one's own; those of others with `users:update`.";
    ProfileRead = "profile": "read", "See oneself and what one may do.";
    ProfileUpdate = "profile": "update", "Change how one takes conversations oneself.";
    UsersRead = "users": "read", "See people and their roles.";
    UsersCreate = "users": "create", "Add people, and invite them.";
    UsersUpdate = "users": "update", "Change the roles, the desks and the tokens of people, and bring them back.";
    UsersDelete = "users": "delete", "Remove people.";
    RolesRead = "roles": "read", "See roles, and all scopes that there are.";
    RolesCreate = "roles": "create", "Make roles.";
    RolesUpdate = "roles": "update", "Change roles.";
    RolesDelete = "roles": "delete", "Delete roles.";
    AuditRead = "audit": "read", "Read who did what, when and from where.";
}

impl Scope {
    /// A scope by name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scope| scope.as_str() == name)
    }

    const fn bit(self) -> u128 {
        1 << self as u32
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u128);

const _: () = assert!(Scope::ALL.len() <= 128, "a set has a bit for each scope");

impl Scopes {
    /// All that there are.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether one of them is in it.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in it and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many there are.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }

    /// Their names, in the order of the table.
    pub fn names(self) -> Vec<String> {
        self.iter().map(|scope| scope.as_str().to_owned()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::default(), |set, scope| Self(set.0 | scope.bit()))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Scope::as_str))
    }
}

impl<'de> Deserialize<'de> for Scopes {
    /// What is not known is left out: a scope that a later version had allows nothing in this one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        Ok(names.iter().filter_map(|name| Scope::named(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_domain_and_verb_and_stand_once() {
        let names: BTreeSet<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(names.len(), Scope::ALL.len());
        for scope in Scope::ALL {
            assert_eq!(scope.as_str(), format!("{}:{}", scope.domain(), scope.verb()));
            assert_eq!(Scope::named(scope.as_str()), Some(*scope));
            assert!(scope.description().ends_with('.'), "{scope}");
        }
        for documented in ["transcripts:read", "flows:publish", "users:update"] {
            assert!(names.contains(documented), "{documented}");
        }
        assert_eq!(Scope::named("agents:*"), None);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let some: Scopes = [Scope::AuditRead, Scope::AgentsRead].into_iter().collect();
        assert_eq!(some.names(), ["agents:read", "audit:read"]);
        assert!(some.has(Scope::AuditRead) && !some.has(Scope::UsersRead) && !some.is_empty());
        assert_eq!(Scopes::all().without(some).and(some), Scopes::all());
        assert_eq!(Scopes::all().len(), Scope::ALL.len());
    }

    #[test]
    fn a_set_is_stored_as_names_and_forgets_unknown_ones() {
        let read: Scopes = serde_json::from_str(r#"["users:read", "moon:fly"]"#).expect("a list of names");
        assert_eq!(serde_json::to_string(&read).expect("names"), r#"["users:read"]"#);
    }
}
