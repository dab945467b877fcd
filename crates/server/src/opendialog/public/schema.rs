//! The public APIs' answers as the OpenAPI document describes them; the code writes them as it goes.

#![expect(dead_code, reason = "described, never built: answers are written while they are read")]

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What visitors said, grouped by visitor.
#[derive(ToSchema)]
pub(crate) struct UserInteractions {
    /// Each element has one key: the visitor's id.
    data: Vec<BTreeMap<String, UserInteractionsOfOne>>,
}

/// What one visitor said.
#[derive(ToSchema)]
pub(crate) struct UserInteractionsOfOne {
    /// Who it is.
    chatbot_user_data: Map<String, Value>,
    #[schema(example = "2024-01-15T00:00:00.000000Z")]
    from: String,
    #[schema(example = "2024-01-15T23:59:59.000000Z")]
    to: String,
    /// The visitor again, in the newer shape.
    user_id: Option<String>,
    interactions: Vec<UserInteraction>,
}

/// One thing that a visitor said.
#[derive(ToSchema)]
pub(crate) struct UserInteraction {
    /// `text`, `button`, `form`, `longtext` or `text_external`.
    #[serde(rename = "type")]
    kind: String,
    #[schema(example = "2024-01-15T10:30:00.000000Z")]
    date: String,
    text: String,
    /// What was pressed or filled in; null for plain text.
    #[schema(required)]
    data: Option<Map<String, Value>>,
}

/// A page of visitors, with all that is known of them.
#[derive(ToSchema)]
pub(crate) struct UserDataExport {
    /// Each element has one key: the visitor's id.
    data: Vec<BTreeMap<String, ExportedUser>>,
    meta: ExportMeta,
}

/// One visitor.
#[derive(ToSchema)]
pub(crate) struct ExportedUser {
    /// The profile; under `custom` what else the client passed.
    chatbot_user_data: Map<String, Value>,
    user_attributes: Vec<ExportedAttribute>,
    interactions: Vec<ExportedInteraction>,
}

/// One attribute.
#[derive(ToSchema)]
pub(crate) struct ExportedAttribute {
    name: String,
    #[serde(rename = "type")]
    #[schema(example = "attribute.core.timestamp")]
    kind: String,
    /// `scalar_value`, `array_value` or `composite_value`.
    value: Map<String, Value>,
}

/// One line of a conversation.
#[derive(ToSchema)]
pub(crate) struct ExportedInteraction {
    /// The visitor's id, or `them`.
    author: String,
    #[serde(rename = "type")]
    kind: String,
    date: String,
    text: String,
    data: Map<String, Value>,
    request: ExportedRequest,
    response: ExportedResponse,
}

/// How the line's turn arrived.
#[derive(ToSchema)]
pub(crate) struct ExportedRequest {
    url: String,
    source_ip: String,
}

/// How it was answered.
#[derive(ToSchema)]
pub(crate) struct ExportedResponse {
    http_status: u16,
    /// Seconds, as text.
    #[schema(example = "0.760402")]
    request_length: String,
}

/// Which page it is, and what was asked for.
#[derive(ToSchema)]
pub(crate) struct ExportMeta {
    pagination: ExportPagination,
    /// The query, as texts.
    filters: BTreeMap<String, String>,
}

/// Which page it is.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportPagination {
    current_page: u64,
    #[schema(required)]
    from: Option<u64>,
    last_page: u64,
    per_page: u64,
    #[schema(required)]
    to: Option<u64>,
    total: u64,
}
