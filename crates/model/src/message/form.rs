//! Forms: fields to fill in and send together.

use serde::{Deserialize, Serialize};

/// A form, in the conversation or over the whole chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Whether it covers the chat.
    pub full_page: bool,
    /// What is said above the fields; HTML.
    pub text: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// Whether choosing a value sends the form.
    pub auto_submit: bool,
    /// Label of the button that sends it.
    pub submit_text: String,
    /// Intent that sending it names.
    pub submit_intent: String,
    /// Label of the button that cancels it; empty when it cannot be cancelled.
    pub cancel_text: String,
    /// Intent that cancelling it names.
    pub cancel_intent: String,
}

/// One field; its value becomes the attribute of its name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Field {
    /// How it is filled in.
    pub kind: FieldKind,
    /// Its name.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Whether it must be filled in.
    pub required: bool,
    /// What it holds at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// Least value or length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Greatest value or length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// What may be chosen, in the order to show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Whether the options are sorted and shown with a bar of letters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub alphabetical: bool,
    /// Shown while it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// What its value must look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
}

/// How a field is filled in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    #[default]
    Text,
    /// Several lines.
    Textarea,
    /// A number.
    Number,
    /// An e-mail address.
    Email,
    /// One of the options, from a list.
    Select,
    /// One of the options, found by typing.
    SelectByTyping,
    /// One of the options, all visible.
    Radio,
    /// Any of the options.
    Checkbox,
}

impl FieldKind {
    /// Whether it is filled in by choosing.
    pub const fn has_options(self) -> bool {
        matches!(self, Self::Select | Self::SelectByTyping | Self::Radio | Self::Checkbox)
    }
}

/// One option: the key is stored, the value is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is stored.
    pub key: String,
    /// What is shown.
    pub value: String,
}

/// What a field's value must look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// A regular expression (ECMAScript) that must match.
    pub regex: String,
    /// What to say when it does not.
    pub error: String,
}
