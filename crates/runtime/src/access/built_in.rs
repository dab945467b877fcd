//! The roles that every tenant has, whatever it makes of its own (rows D22 to D24, OD-T14).

use std::{fmt, str::FromStr};

use super::scope::{Scope, Scopes};

/// A role that is always there and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BuiltIn {
    /// Everything.
    Admin,
    /// Everything but people, their roles and what was done by whom.
    Maintainer,
    /// Looks at everything of that and changes nothing.
    ReadOnly,
    /// What a chat link may do.
    Chatlink,
    /// What a web chat may do.
    Webchat,
    /// What a program may do that follows what contacts do.
    CustomerJourney,
    /// Environment and integrations.
    InfrastructureManager,
    /// Everything but people; of secrets the names, and environment values only to see.
    Editor,
    /// Analytics of all agents.
    AnalyseGuest,
    /// Previews of all agents.
    PreviewGuest,
    /// Both.
    PreviewAnalyseGuest,
}

impl BuiltIn {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Admin,
        Self::Maintainer,
        Self::ReadOnly,
        Self::Chatlink,
        Self::Webchat,
        Self::CustomerJourney,
        Self::InfrastructureManager,
        Self::Editor,
        Self::AnalyseGuest,
        Self::PreviewGuest,
        Self::PreviewAnalyseGuest,
    ];

    /// Its id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Maintainer => "maintainer",
            Self::ReadOnly => "read_only",
            Self::Chatlink => "chatlink",
            Self::Webchat => "webchat",
            Self::CustomerJourney => "customer_journey",
            Self::InfrastructureManager => "infrastructure_manager",
            Self::Editor => "editor",
            Self::AnalyseGuest => "analyse_guest",
            Self::PreviewGuest => "preview_guest",
            Self::PreviewAnalyseGuest => "preview_analyse_guest",
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Maintainer => "Maintainer",
            Self::ReadOnly => "Read-Only",
            Self::Chatlink => "Chatlink",
            Self::Webchat => "Webchat",
            Self::CustomerJourney => "Customer-Journey",
            Self::InfrastructureManager => "Infrastructure-Manager",
            Self::Editor => "Editor",
            Self::AnalyseGuest => "Analyse Guest",
            Self::PreviewGuest => "Preview Guest",
            Self::PreviewAnalyseGuest => "Preview & Analyse Guest",
        }
    }

    /// What it is for.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Admin => "Everything, people and roles included.",
            Self::Maintainer => "Builds and publishes agents and runs what is around them; no people, no roles.",
            Self::ReadOnly => "Sees agents, conversations and figures; changes nothing.",
            Self::Chatlink => "What a chat link may do: start a conversation and send messages.",
            Self::Webchat => "What a web chat may do: start a conversation and send messages.",
            Self::CustomerJourney => "For programs that follow what contacts do.",
            Self::InfrastructureManager => "Environment, features, settings, secrets, webhooks and retention.",
            Self::Editor => "Everything but people; of secrets only the names, environment values only to see.",
            Self::AnalyseGuest => "Analytics of all agents.",
            Self::PreviewGuest => "Previews of all agents.",
            Self::PreviewAnalyseGuest => "Previews and analytics of all agents.",
        }
    }

    /// Whether it holds a scope.
    pub fn may(self, scope: Scope) -> bool {
        match self {
            Self::Admin => true,
            Self::Maintainer => !administers(scope),
            Self::ReadOnly => scope.verb() == "read" && !administers(scope),
            Self::Chatlink | Self::Webchat => matches!(scope, Scope::ChatsCreate | Scope::ChatsSend),
            Self::CustomerJourney => matches!(
                scope,
                Scope::EventsRead | Scope::TranscriptsRead | Scope::ContactsRead | Scope::ContactsExport
            ),
            Self::InfrastructureManager => {
                matches!(
                    scope.domain(),
                    "settings"
                        | "environment"
                        | "feature_flags"
                        | "secrets"
                        | "webhooks"
                        | "retention"
                        | "aliases"
                        | "tokens"
                        | "issuers"
                ) || matches!(scope, Scope::AgentsRead | Scope::EventsRead | Scope::ProfileRead)
            }
            Self::Editor => {
                !administers(scope)
                    && !matches!(scope, Scope::SecretsInspect | Scope::SecretsUpdate | Scope::EnvironmentUpdate)
            }
            Self::AnalyseGuest => {
                matches!(scope, Scope::TranscriptsRead | Scope::AnalyticsRead | Scope::ProfileRead)
            }
            Self::PreviewGuest => matches!(scope, Scope::AgentsPreview | Scope::ProfileRead),
            Self::PreviewAnalyseGuest => Self::AnalyseGuest.may(scope) || Self::PreviewGuest.may(scope),
        }
    }

    /// The scopes that it holds.
    pub fn scopes(self) -> Scopes {
        Scope::ALL.iter().copied().filter(|scope| self.may(*scope)).collect()
    }
}

/// What belongs to those who administer a tenant: people, roles, and what was done by whom (row D23).
fn administers(scope: Scope) -> bool {
    matches!(scope.domain(), "users" | "roles" | "audit")
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not the id of a built-in role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no built-in role")]
pub struct UnknownRole(String);

impl FromStr for BuiltIn {
    type Err = UnknownRole;

    fn from_str(id: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == id).ok_or_else(|| UnknownRole(id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(role: BuiltIn) -> Vec<String> {
        role.scopes().names()
    }

    #[test]
    fn od_t14_roles_hold_what_their_names_say() {
        assert_eq!(BuiltIn::Admin.scopes(), Scopes::all());
        let editor = BuiltIn::Editor.scopes();
        assert!(editor.has(Scope::SecretsRead) && editor.has(Scope::FlowsPublish) && editor.has(Scope::ContactsErase));
        let hidden = [Scope::SecretsUpdate, Scope::SecretsInspect, Scope::EnvironmentUpdate];
        for missing in [Scope::UsersRead, Scope::UsersUpdate].into_iter().chain(hidden) {
            assert!(!editor.has(missing), "{missing}");
        }
        assert_eq!(held(BuiltIn::AnalyseGuest), ["transcripts:read", "analytics:read", "profile:read"]);
        assert_eq!(held(BuiltIn::PreviewGuest), ["agents:preview", "profile:read"]);
        let both = ["agents:preview", "transcripts:read", "analytics:read", "profile:read"];
        assert_eq!(held(BuiltIn::PreviewAnalyseGuest), both);
    }

    #[test]
    fn da_d23_a_maintainer_lacks_people_roles_and_the_audit_log_alone() {
        let lacking = Scopes::all().without(BuiltIn::Maintainer.scopes());
        assert!(lacking.iter().all(administers) && !lacking.is_empty());
        assert_eq!(lacking.len(), Scope::ALL.iter().filter(|scope| administers(**scope)).count());
    }

    #[test]
    fn da_d24_read_only_reads() {
        let scopes = BuiltIn::ReadOnly.scopes();
        assert!(scopes.iter().all(|scope| scope.verb() == "read"), "{scopes:?}");
        assert!(scopes.has(Scope::TranscriptsRead) && scopes.has(Scope::AnalyticsRead));
    }

    #[test]
    fn a_chat_can_start_and_go_on() {
        for role in [BuiltIn::Chatlink, BuiltIn::Webchat] {
            assert_eq!(held(role), ["chats:create", "chats:send"]);
        }
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in BuiltIn::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert!(!role.scopes().is_empty() && !role.name().is_empty() && role.description().ends_with('.'));
        }
        assert!("owner".parse::<BuiltIn>().is_err());
    }
}
