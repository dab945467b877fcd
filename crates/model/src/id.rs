//! Typed identifiers, so that two of them cannot be swapped.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a UUID.
    #[error("`{0}` is not an id: a UUID is expected")]
    NotUuid(String),
    /// Not a tenant name.
    #[error("`{0}` is not a tenant name: use 1 to 63 lower-case letters, digits and hyphens, not at either end")]
    NotTenant(String),
    /// Not a contact id.
    #[error("a contact id has 1 to 384 characters and no control characters")]
    NotContact,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError::NotUuid(text.to_owned()))
            }
        }
    };
}

uuid_id!(
    /// An agent: a scenario or a flow.
    AgentId
);
uuid_id!(
    /// One conversation of a contact with an agent.
    TranscriptId
);
uuid_id!(
    /// One line of a transcript.
    EntryId
);
uuid_id!(
    /// A file that a visitor sent.
    FileId
);

/// The isolation unit: its name, as it stands in paths and host names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = IdError;
    /// A DNS label (RFC 1123 §2.1), because a tenant may be a host name's first label.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let label = (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if label { Ok(Self(text.into())) } else { Err(IdError::NotTenant(text.to_owned())) }
    }
}

/// The end customer within a tenant: the id that the client sent, or one made for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContactId(Arc<str>);

impl ContactId {
    /// Longest id, in characters (spec/opendialog.md §1.6).
    pub const MAX_CHARS: usize = 384;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ContactId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = !text.is_empty() && text.chars().count() <= Self::MAX_CHARS && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.into())) } else { Err(IdError::NotContact) }
    }
}

macro_rules! text_conversions {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
text_conversions!(TenantId);
text_conversions!(ContactId);

/// Position of a record in the turn log; the first record has 1, 0 means "before all".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogSeq(pub u64);

impl fmt::Display for LogSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_names_are_dns_labels() {
        for good in ["demo", "a", "acme-2"] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a.b", "ä", &"x".repeat(64)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn contact_ids_are_bounded() {
        assert!("user_12345".parse::<ContactId>().is_ok());
        assert!("é".repeat(384).parse::<ContactId>().is_ok());
        assert!("é".repeat(385).parse::<ContactId>().is_err());
        assert!("".parse::<ContactId>().is_err());
        assert!("a\nb".parse::<ContactId>().is_err());
    }
}
