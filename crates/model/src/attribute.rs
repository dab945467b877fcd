//! Attributes: named, typed values of a contact or a conversation.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an attribute holds (spec/opendialog.md §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// Text; the type of an attribute that nobody declared.
    String,
    /// `True`, `Yes`, `1` are true; anything else is false.
    Boolean,
    /// A decimal number.
    Decimal,
    /// An integer.
    WholeNumber,
    /// Unix seconds.
    Timestamp,
    /// A list of texts.
    StringCollection,
    /// A list of booleans.
    BooleanCollection,
    /// A list of decimals.
    DecimalCollection,
    /// A list of integers.
    WholeNumberCollection,
    /// A list of unix seconds.
    TimestampCollection,
    /// Named parts, declared.
    Composite,
    /// Any JSON object.
    JsonInferredComposite,
    /// Any array, nesting allowed.
    List,
    /// A list of composites.
    CompositeCollection,
    /// A list of `{name, url, size, type}`.
    FileCollection,
    /// An object from a form.
    FormData,
    /// What the visitor did last.
    Utterance,
    /// A postal address with coordinates.
    Location,
}

/// How the attributes begin that hold a contact's variants of experiments: `flag_<name of the flag>`.
pub const FLAG_PREFIX: &str = "flag_";

/// Who vouches for an attribute's value. Later ones are trusted more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// Sent by the visitor's client.
    Browser,
    /// From a verified token.
    Token,
    /// Written by a function or action of the agent.
    Function,
    /// Written by Parlance itself.
    Platform,
}

/// One attribute of a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// The value, already of the attribute's type.
    pub value: Value,
    /// Who vouches for it.
    pub provenance: Provenance,
}

/// A declared attribute of a tenant or agent: "dynamic" ones are made by designers (row OD-C30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeDeclaration {
    /// Its name, without a context.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}
