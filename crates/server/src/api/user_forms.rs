//! People as the API shows and takes them.

use runtime::users::{self, DeskChange};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// Somebody who works with the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    pub(super) id: String,
    /// What they are called; unique in the tenant.
    name: String,
    first_name: Option<String>,
    last_name: Option<String>,
    /// Where letters reach them; unique in the tenant. Null for programs.
    email: Option<String>,
    /// Ids of the roles that they hold; they may do what any of them holds.
    roles: Vec<String>,
    /// The role, when there is exactly one.
    role: Option<String>,
    /// Whether conversations are ever routed to them.
    csr: bool,
    /// `Available`, `Busy`, `Offline` or `Disconnected`.
    #[schema(example = "Offline")]
    status: String,
    /// What they know: conversations that ask for it may be theirs.
    skills: Vec<String>,
    /// Whether they take calls.
    voice_calls: bool,
    /// Chats at once.
    #[schema(minimum = 0, maximum = 10)]
    max_chats: u8,
    /// E-mails at once.
    #[schema(minimum = 0, maximum = 10)]
    max_emails: u8,
    /// In the form of E.164. For transfers to an internal contact alone, never for customers' calls.
    mobile_number: Option<String>,
    /// An extension's number or a SIP address.
    sip_destination: Option<String>,
    created_at: String,
    /// When they were deleted; null for who was not.
    deleted_at: Option<String>,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        let role = match &user.roles[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        let email = user.address().map(str::to_owned);
        let users::User { id, name, first_name, last_name, email: _, roles, desk, created_at, deleted_at } = user;
        Self {
            id,
            name,
            first_name,
            last_name,
            email,
            roles,
            role,
            csr: desk.csr,
            status: desk.status.as_str().to_owned(),
            skills: desk.skills,
            voice_calls: desk.voice_calls,
            max_chats: desk.max_chats,
            max_emails: desk.max_emails,
            mobile_number: desk.mobile_number,
            sip_destination: desk.sip_destination,
            created_at: created_at.to_string(),
            deleted_at: deleted_at.map(|at| at.to_string()),
        }
    }
}

/// Somebody to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// 1 to 200 characters, unique in the tenant; the e-mail address when it is left out. It never changes.
    #[serde(default)]
    #[schema(example = "ada")]
    name: Option<String>,
    /// At most 80 characters. It never changes.
    #[serde(default)]
    first_name: Option<String>,
    /// At most 80 characters. It never changes.
    #[serde(default)]
    last_name: Option<String>,
    /// Unique in the tenant; programs have none. It never changes.
    #[serde(default)]
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Ids of their roles, at least one. Only roles that hold nothing which you lack.
    #[serde(default)]
    #[schema(example = json!(["editor"]))]
    roles: Option<Vec<String>>,
    /// One role, in place of `roles`.
    #[serde(default)]
    role: Option<String>,
    /// Whether to invite them at once. They are when there is an `email`, unless this is false.
    #[serde(default)]
    invite: Option<bool>,
    /// Whether conversations are ever routed to them; false when it is left out.
    #[serde(default)]
    csr: Option<bool>,
    /// `Available`, `Busy`, `Offline` (when it is left out) or `Disconnected`.
    #[serde(default)]
    status: Option<String>,
    /// What they know: at most 50 names.
    #[serde(default)]
    skills: Option<Vec<String>>,
    /// Whether they take calls; false when it is left out.
    #[serde(default)]
    voice_calls: Option<bool>,
    /// Chats at once; 1 when it is left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10)]
    max_chats: Option<i64>,
    /// E-mails at once; 1 when it is left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10)]
    max_emails: Option<i64>,
    /// In the form of E.164.
    #[serde(default)]
    #[schema(example = "+491701234567")]
    mobile_number: Option<String>,
    /// An extension's number or a SIP address.
    #[serde(default)]
    #[schema(example = "sip:ada@pbx.example.com")]
    sip_destination: Option<String>,
}

impl NewUser {
    /// Who they are to be, and whether to invite them.
    pub(super) fn read(self) -> Result<(users::NewUser, bool), Problem> {
        let roles = one_way(self.roles, self.role)?.ok_or_else(neither_way)?;
        let invite = self.invite.unwrap_or(self.email.is_some());
        let desk = DeskChange {
            csr: self.csr,
            status: self.status,
            skills: self.skills,
            voice_calls: self.voice_calls,
            max_chats: self.max_chats,
            max_emails: self.max_emails,
            mobile_number: self.mobile_number.map(Some),
            sip_destination: self.sip_destination.map(Some),
        };
        let (name, first_name, last_name) = (self.name, self.first_name, self.last_name);
        Ok((users::NewUser { name, first_name, last_name, email: self.email, roles, desk }, invite))
    }
}

/// What of somebody is to be otherwise. What is left out stays; `name`, `first_name`, `last_name` and `email` always do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    /// Ids of their roles, at least one. Only roles that hold nothing which you lack.
    #[serde(default)]
    #[schema(example = json!(["editor"]))]
    roles: Option<Vec<String>>,
    /// One role, in place of `roles`.
    #[serde(default)]
    role: Option<String>,
    /// Whether conversations are ever routed to them.
    #[serde(default)]
    csr: Option<bool>,
    /// `Available`, `Busy`, `Offline` or `Disconnected`.
    #[serde(default)]
    status: Option<String>,
    /// What they know, in place of all: at most 50 names.
    #[serde(default)]
    skills: Option<Vec<String>>,
    /// Whether they take calls.
    #[serde(default)]
    voice_calls: Option<bool>,
    /// Chats at once.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10)]
    max_chats: Option<i64>,
    /// E-mails at once.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10)]
    max_emails: Option<i64>,
    /// In the form of E.164; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "+491701234567")]
    mobile_number: Option<Option<String>>,
    /// An extension's number or a SIP address; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "sip:ada@pbx.example.com")]
    sip_destination: Option<Option<String>>,
}

impl UserChange {
    /// The roles, if they are to be others, and the rest.
    pub(super) fn read(self) -> Result<(Option<Vec<String>>, DeskChange), Problem> {
        let desk = DeskChange {
            csr: self.csr,
            status: self.status,
            skills: self.skills,
            voice_calls: self.voice_calls,
            max_chats: self.max_chats,
            max_emails: self.max_emails,
            mobile_number: self.mobile_number,
            sip_destination: self.sip_destination,
        };
        Ok((one_way(self.roles, self.role)?, desk))
    }
}

/// How one takes conversations oneself. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileChange {
    /// `Available`, `Busy`, `Offline` or `Disconnected`.
    #[serde(default)]
    status: Option<String>,
    /// What one knows, in place of all: at most 50 names.
    #[serde(default)]
    skills: Option<Vec<String>>,
    /// Whether one takes calls.
    #[serde(default)]
    voice_calls: Option<bool>,
    /// Chats at once.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10)]
    max_chats: Option<i64>,
    /// E-mails at once.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10)]
    max_emails: Option<i64>,
    /// In the form of E.164; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "+491701234567")]
    mobile_number: Option<Option<String>>,
    /// An extension's number or a SIP address; null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "sip:ada@pbx.example.com")]
    sip_destination: Option<Option<String>>,
}

impl From<ProfileChange> for DeskChange {
    /// Whether one is a CSR, somebody else says.
    fn from(change: ProfileChange) -> Self {
        Self {
            csr: None,
            status: change.status,
            skills: change.skills,
            voice_calls: change.voice_calls,
            max_chats: change.max_chats,
            max_emails: change.max_emails,
            mobile_number: change.mobile_number,
            sip_destination: change.sip_destination,
        }
    }
}

/// A value that was sent, null included; what was not sent is the default.
fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// The roles, if they are said, in one of two ways.
fn one_way(roles: Option<Vec<String>>, role: Option<String>) -> Result<Option<Vec<String>>, Problem> {
    match (roles, role) {
        (Some(_), Some(_)) => Err(neither_way()),
        (roles, role) => Ok(roles.or_else(|| role.map(|role| vec![role]))),
    }
}

fn neither_way() -> Problem {
    Problem::invalid("roles", "There must be `roles` or `role`.", "Send one of them, not both.")
}
