//! What a visitor did: the one input of a turn, whatever channel it came through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::transcript::TranscriptStatus;

/// What kind of act an [`Inbound`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The chat was opened.
    Open,
    /// The page or a control (restart, end chat) asked for an intent.
    Trigger,
    /// A typed message.
    Text,
    /// A pressed button.
    Button,
    /// A submitted or cancelled form.
    Form,
    /// A submitted long text.
    LongText,
    /// A followed link: recorded, the engine does not run.
    Link,
    /// What somebody does to the conversation from outside it; the text is what an operator says.
    Intervene,
}

/// What is done to a conversation by others than its customer: by people of the tenant, by the platform, or by
/// the customer's client at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "intervention", rename_all = "snake_case")]
pub enum Intervention {
    /// A person takes over: the agent is silent from then on.
    TakeOver {
        /// Who.
        operator: String,
    },
    /// A person transfers it to an internal contact: the agent is silent from then on.
    Transfer {
        /// Who.
        operator: String,
        /// The name of the internal contact.
        contact: String,
        /// Its telephone number, as E.164.
        number: String,
    },
    /// The agent answers again.
    HandBack,
    /// A person says the act's text.
    Say {
        /// Who.
        operator: String,
    },
    /// The conversation ends.
    Close {
        /// How.
        status: TranscriptStatus,
    },
    /// Tags are set; an empty value takes one away.
    Tag {
        /// Tags by name.
        tags: BTreeMap<String, String>,
        /// Whether tags that are not named go.
        whole: bool,
    },
    /// It is marked for review with a reason; without one it is no longer.
    Flag {
        /// Why.
        reason: Option<String>,
    },
    /// It is reported: flagged, and its status says so once it is over.
    Report {
        /// Why.
        reason: String,
    },
}

/// One act of a visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// What was done.
    pub act: Act,
    /// What was typed, or the label of what was pressed; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The intent that the act names: a button's, a form's, a trigger's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// A button's or trigger's value, unparsed (spec/opendialog.md §2.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A form's fields by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// The files that came with a form, by field: lists of `{name, url, size, type}` (spec/opendialog.md
    /// §3.2). What stands here the server wrote itself; a client's words stay in `fields`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub files: Map<String, Value>,
    /// Whether the named intent climbs its ladder (restart, end chat; §2.1.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub escalating: bool,
    /// What the client says of the visitor: profile, browser facts, custom attributes, by attribute
    /// name. Trusted as [`crate::attribute::Provenance::Browser`] only.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub visitor: Map<String, Value>,
    /// What a verified token says of the visitor, by attribute name: trusted as
    /// [`crate::attribute::Provenance::Token`]. No part of a client's body comes here unverified.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub verified: Map<String, Value>,
    /// What is done, where the act is [`Act::Intervene`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervention: Option<Box<Intervention>>,
}

impl Inbound {
    /// An act with nothing but its kind.
    pub fn new(act: Act) -> Self {
        Self {
            act,
            text: String::new(),
            intent: None,
            value: None,
            fields: Map::new(),
            files: Map::new(),
            escalating: false,
            visitor: Map::new(),
            verified: Map::new(),
            intervention: None,
        }
    }

    /// A typed message.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::new(Act::Text) }
    }

    /// What others than the customer do to the conversation.
    pub fn intervention(intervention: Intervention) -> Self {
        Self { intervention: Some(Box::new(intervention)), ..Self::new(Act::Intervene) }
    }

    /// An act that names an intent.
    pub fn intent(act: Act, intent: impl Into<String>) -> Self {
        Self { intent: Some(intent.into()), ..Self::new(act) }
    }
}
