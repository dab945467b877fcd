//! Dialai's names and shapes: statuses, messages (spec/dialai.md §21.2 W3, W6). They are made here and nowhere else.

use model::{
    message::{Body, Message},
    mood::RiskLevel,
    record::{Author, Entry},
    transcript::{Control, TranscriptStatus},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The name of a status.
pub(crate) const fn status_name(status: TranscriptStatus) -> &'static str {
    match status {
        TranscriptStatus::InProgress => "InProgress",
        TranscriptStatus::Completed => "Completed",
        TranscriptStatus::Abandoned => "Abandoned",
        TranscriptStatus::Failed => "Failed",
        TranscriptStatus::HumanHandoff => "HumanHandoff",
        TranscriptStatus::Reported => "Reported",
        TranscriptStatus::Restarted => "Restarted",
        TranscriptStatus::Unsubscribed => "Unsubscribed",
        TranscriptStatus::NoAnswer => "NoAnswer",
        TranscriptStatus::AnsweringMachineMessageLeft => "AnsweringMachineMessageLeft",
        TranscriptStatus::AnsweringMachineNoMessageLeft => "AnsweringMachineNoMessageLeft",
    }
}

/// The status of a name.
pub(crate) fn status_named(name: &str) -> Option<TranscriptStatus> {
    TranscriptStatus::ALL.into_iter().find(|status| status_name(*status) == name)
}

/// The names of all statuses, for those who wrote another.
pub(crate) fn status_names() -> String {
    TranscriptStatus::ALL.map(status_name).join(", ")
}

/// The name of a level of risk.
pub(crate) const fn risk_name(level: RiskLevel) -> &'static str {
    match level {
        RiskLevel::Low => "Low",
        RiskLevel::Medium => "Medium",
        RiskLevel::High => "High",
    }
}

/// The level of risk of a name.
pub(crate) fn risk_named(name: &str) -> Option<RiskLevel> {
    RiskLevel::ALL.into_iter().find(|level| risk_name(*level) == name)
}

/// The names of all levels of risk, for those who wrote another.
pub(crate) fn risk_names() -> String {
    RiskLevel::ALL.map(risk_name).join(", ")
}

/// The name of who answers.
pub(crate) const fn control_name(control: Control) -> &'static str {
    match control {
        Control::Agent => "Agent",
        Control::Queued => "Queued",
        Control::Operator => "Operator",
    }
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebchatMessage {
    pub(crate) id: String,
    /// `user`, `agent`, `csr` or `system`.
    #[schema(example = "agent")]
    pub(crate) role: &'static str,
    /// What was said; of agents and people, as markdown.
    pub(crate) content: String,
    /// The same as clean HTML; null for what customers typed.
    pub(crate) html: Option<String>,
    pub(crate) created_at: String,
}

impl WebchatMessage {
    /// The message that a line of a transcript is, if it is one: what happened without words is none.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        if entry.text.trim().is_empty() {
            return None;
        }
        let role = match entry.author {
            Author::Contact if entry.kind == "link" => return None,
            Author::Contact => "user",
            Author::Agent => "agent",
            Author::Operator => "csr",
            Author::Platform => "system",
        };
        let is_said = matches!(entry.author, Author::Agent | Author::Operator);
        let html = if is_said { serde_json::from_str(entry.body.get()).ok().and_then(html) } else { None };
        Some(Self {
            id: entry.id.to_string(),
            role,
            content: entry.text.clone(),
            html,
            created_at: entry.at.to_string(),
        })
    }

    /// What a scenario says, which has no line at hand.
    pub(super) fn of_message(id: String, message: &Message, created_at: String) -> Option<Self> {
        let content = message.plain_text();
        let is_nothing = content.trim().is_empty();
        (!is_nothing).then(|| Self { id, role: "agent", content, html: html(message.clone()), created_at })
    }
}

fn html(message: Message) -> Option<String> {
    match message.body {
        Body::Text(html) => Some(html),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::{EntryId, Timestamp};
    use serde_json::{json, value::to_raw_value};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn da_x07_each_status_has_a_name_of_its_own() {
        for status in TranscriptStatus::ALL {
            assert_eq!(status_named(status_name(status)), Some(status));
        }
        assert_eq!(status_named("in_progress"), None);
        assert_eq!(status_names().split(", ").count(), 11);
    }

    fn entry(author: Author, kind: &str, text: &str, body: &serde_json::Value) -> Entry {
        Entry {
            id: EntryId(Uuid::now_v7()),
            author,
            kind: kind.to_owned(),
            text: text.to_owned(),
            at: Timestamp::default(),
            intent: None,
            place: None,
            body: to_raw_value(body).expect("JSON"),
        }
    }

    #[test]
    fn roles_tell_who_said_it() {
        let said = serde_json::to_value(Message::text("", "<p><strong>Hi</strong></p>")).expect("JSON");
        let agent = WebchatMessage::of(&entry(Author::Agent, "text", "**Hi**", &said)).expect("a message");
        assert_eq!((agent.role, agent.content.as_str()), ("agent", "**Hi**"));
        assert_eq!(agent.html.as_deref(), Some("<p><strong>Hi</strong></p>"));
        let person = WebchatMessage::of(&entry(Author::Operator, "text", "Hi", &said)).expect("a message");
        assert_eq!(person.role, "csr");
        let typed = entry(Author::Contact, "text", "<b>x</b>", &json!({ "act": "text", "text": "<b>x</b>" }));
        let typed = WebchatMessage::of(&typed).expect("a message");
        assert_eq!((typed.role, typed.html), ("user", None));
        let opened = entry(Author::Contact, "open", "", &json!({ "act": "open" }));
        let called = entry(Author::Platform, "function_call", "", &json!({ "function": "f" }));
        assert!(WebchatMessage::of(&opened).is_none() && WebchatMessage::of(&called).is_none());
    }
}
