//! What a visitor did: the one input of a turn, whatever channel it came through.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
        }
    }

    /// A typed message.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::new(Act::Text) }
    }

    /// An act that names an intent.
    pub fn intent(act: Act, intent: impl Into<String>) -> Self {
        Self { intent: Some(intent.into()), ..Self::new(act) }
    }
}
