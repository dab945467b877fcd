//! The Chat API's bodies as the OpenAPI document describes them; the code reads and writes them
//! field by field (`envelope`, `wire`).

#![expect(dead_code, reason = "described, never built: bodies are read and written field by field")]

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One act of a visitor.
#[derive(ToSchema)]
pub(crate) struct ChatRequest {
    /// Always `message`.
    #[schema(example = "message", pattern = "^message$")]
    notification: String,
    /// The visitor; the same as in the header `OPENDIALOG-USER-ID`.
    #[schema(min_length = 1, max_length = 384)]
    user_id: String,
    #[schema(min_length = 1)]
    author: String,
    /// The client's own id of this message. Sent again, it returns the first answer.
    #[schema(max_length = 255)]
    message_id: Option<String>,
    content: ChatContent,
}

/// What was done.
#[derive(ToSchema)]
pub(crate) struct ChatContent {
    #[serde(rename = "type")]
    kind: ChatContentType,
    /// The intent that is named; required for `button_response`, `chat_open`, `form_response`.
    #[schema(max_length = 255)]
    callback_id: Option<String>,
    /// `text`, `value`, `url`, or the fields of a form by name.
    data: Option<Map<String, Value>>,
    /// What the client says of the visitor; `custom.selected_scenario` names the scenario, `token` is a JWT of
    /// one of the tenant's issuers.
    user: Option<Map<String, Value>>,
    /// Climb the ladder of restart or end chat.
    escalating: Option<bool>,
}

/// What kind of act it is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ChatContentType {
    ChatOpen,
    Trigger,
    Text,
    ButtonResponse,
    FormResponse,
    LongtextResponse,
    UrlClick,
}

/// One message as an object, several as an array; `false` stands for an empty one.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum ChatMessage {
    One(AgentMessage),
    Several(Vec<AgentMessageOrFalse>),
}

/// A message, or `false` for an empty one.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum AgentMessageOrFalse {
    Message(AgentMessage),
    Empty(bool),
}

/// Something that the agent says.
#[derive(ToSchema)]
pub(crate) struct AgentMessage {
    /// Always `them`.
    author: String,
    /// `text`, `button`, `form`, `rich`, `list` …
    #[serde(rename = "type")]
    kind: String,
    /// The intent that it realises.
    intent: String,
    /// The message, as its type has it.
    data: Map<String, Value>,
}

/// How the chat looks and how it opens.
#[derive(ToSchema)]
pub(crate) struct ChatConfiguration {
    general: Map<String, Value>,
    colours: BTreeMap<String, String>,
    comments: Map<String, Value>,
    #[serde(rename = "webchatHistory")]
    webchat_history: Map<String, Value>,
    bot: BTreeMap<String, String>,
    settings: Map<String, Value>,
    #[serde(rename = "userType")]
    user_type: ChatUserType,
    #[serde(rename = "showMinimized")]
    show_minimized: bool,
    /// The intent to open with; null for none.
    #[serde(rename = "openIntent")]
    open_intent: Option<String>,
    /// The CSRF token to send as `X-CSRF-TOKEN`, where CSRF is on.
    #[serde(rename = "csrfToken")]
    csrf_token: Option<String>,
}

/// What is known of the visitor.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum ChatUserType {
    New,
    Ongoing,
    Returning,
}

/// One line of a history.
#[derive(ToSchema)]
pub(crate) struct HistoryRow {
    id: String,
    user_id: String,
    /// The visitor's id, or `them`.
    author: String,
    message: String,
    message_id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Map<String, Value>,
    /// Seconds since 1970 with six decimals.
    microtime: String,
    user: Map<String, Value>,
    intents: Vec<String>,
    conversation: Option<String>,
    scene: Option<String>,
    created_at: String,
    updated_at: String,
}

/// A line that was said outside the chat.
#[derive(ToSchema)]
pub(crate) struct ExternalLine {
    /// `me` for the visitor, anything else for the other side.
    #[schema(min_length = 1, max_length = 384)]
    author: String,
    #[schema(min_length = 1, max_length = 65_536)]
    text: String,
    date: Option<String>,
    time: Option<String>,
}

/// What a visitor thinks of a message.
#[derive(ToSchema)]
pub(crate) struct FeedbackRequest {
    /// The message's template.
    #[schema(min_length = 1, max_length = 255)]
    message_template_id: String,
    feedback: Feedback,
    /// The request that the message answered.
    #[schema(max_length = 255)]
    request_id: Option<String>,
}

/// Thumb up or down.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Feedback {
    Positive,
    Negative,
}
