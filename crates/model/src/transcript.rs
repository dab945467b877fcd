//! How a transcript stands: what lists show and what decides who speaks (spec/dialai.md §11).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, attribute::Attribute};

/// How a conversation stands or ended (spec/dialai.md §11.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TranscriptStatus {
    /// Active.
    #[default]
    InProgress,
    /// Concluded.
    Completed,
    /// The customer ended it midway.
    Abandoned,
    /// A technical failure ended it.
    Failed,
    /// Handed to a person.
    HumanHandoff,
    /// Flagged through the reporting workflow.
    Reported,
    /// Begun anew as another conversation.
    Restarted,
    /// The customer unsubscribed during it.
    Unsubscribed,
    /// The customer did not pick up.
    NoAnswer,
    /// A machine answered; a message was left.
    AnsweringMachineMessageLeft,
    /// A machine answered; no message was left.
    AnsweringMachineNoMessageLeft,
}

impl TranscriptStatus {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::InProgress,
        Self::Completed,
        Self::Abandoned,
        Self::Failed,
        Self::HumanHandoff,
        Self::Reported,
        Self::Restarted,
        Self::Unsubscribed,
        Self::NoAnswer,
        Self::AnsweringMachineMessageLeft,
        Self::AnsweringMachineNoMessageLeft,
    ];

    /// The name under which it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Abandoned => "abandoned",
            Self::Failed => "failed",
            Self::HumanHandoff => "human_handoff",
            Self::Reported => "reported",
            Self::Restarted => "restarted",
            Self::Unsubscribed => "unsubscribed",
            Self::NoAnswer => "no_answer",
            Self::AnsweringMachineMessageLeft => "answering_machine_message_left",
            Self::AnsweringMachineNoMessageLeft => "answering_machine_no_message_left",
        }
    }

    /// The status of a stored name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether more may be said: the conversation is active, or waits for or is with a person.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::InProgress | Self::HumanHandoff)
    }
}

/// Who answers the customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// The agent.
    #[default]
    Agent,
    /// Nobody yet: it waits for a person.
    Queued,
    /// A person.
    Operator,
}

/// How a transcript stands after a turn, whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TranscriptState {
    /// How it stands or ended.
    #[serde(default)]
    pub status: TranscriptStatus,
    /// Who answers.
    #[serde(default)]
    pub control: Control,
    /// The channel: `web`, `sms`, `voice`, `email`, `slack`.
    #[serde(default)]
    pub channel: String,
    /// The channel endpoint that it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The chat link that it was begun with: whoever holds the link may go on with it, and with no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Uuid>,
    /// Whether it is a test: kept out of counts (row DA-T7).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// How the contact is shown: a name, a number, an address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contact_name: String,
    /// BCP 47 tag of the language that the customer asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The state of the flow that it is in, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The conversation's context: internal parameters by name, with who vouches for each. No secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Attribute>,
    /// Tags by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Names of the functions that were called, each once, in order of the first call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
    /// Whether it is marked for review, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flagged: Option<String>,
    /// Whether it was reported: it ends as that, whatever it ends by.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reported: bool,
    /// What a person must be able to do to take it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// Where it was handed to: `queue`, `operator`, or an internal contact's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The telephone number of the internal contact that it was handed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_number: Option<String>,
    /// Who of the tenant's people has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}
