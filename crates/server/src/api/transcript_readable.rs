//! A transcript for people to read: a plain dialogue, or the same as markdown (row DA-X5).

use std::fmt::Write as _;

use model::{record::Author, transcript::TranscriptState};
use store::{StoredEntry, StoredTranscript};

use super::transcript_schema::{Called, Moved, platform};
use crate::dialai::wire::status_name;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Markdown,
}

/// Writes a transcript; `agent` is what its agent is called.
pub(super) fn readable(transcript: &StoredTranscript, agent: &str, entries: &[StoredEntry], style: Style) -> String {
    let silent = TranscriptState::default();
    let state = transcript.state.as_ref().unwrap_or(&silent);
    let mut out = String::new();
    let contact = if state.contact_name.is_empty() { transcript.contact.as_str() } else { state.contact_name.as_str() };
    let facts = [
        ("Conversation", transcript.transcript.to_string()),
        ("With", agent.to_owned()),
        ("Contact", contact.to_owned()),
        ("Channel", platform(state).to_owned()),
        ("Started", transcript.started_at.to_string()),
        ("Status", status_name(transcript.status()).to_owned()),
    ];
    for (name, value) in facts {
        line(&mut out, style, name, &value);
    }
    let tags: Vec<String> = state.tags.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if !tags.is_empty() {
        line(&mut out, style, "Tags", &tags.join("; "));
    }
    out.push('\n');
    for stored in entries {
        said(&mut out, style, stored);
    }
    out
}

fn line(out: &mut String, style: Style, name: &str, value: &str) {
    let value = one_line(value);
    // Writing to a text cannot fail.
    let _ = match style {
        Style::Plain => writeln!(out, "{name}: {value}"),
        Style::Markdown => writeln!(out, "- **{name}:** {value}"),
    };
}

/// What was said stands after who said it; what happened stands in brackets.
fn said(out: &mut String, style: Style, stored: &StoredEntry) {
    let entry = &stored.entry;
    let note = if let Some(call) = Called::of(stored) {
        let event = call.event.map(|event| format!(", event {event}")).unwrap_or_default();
        let outcome = if call.error.is_null() { "" } else { ", which failed" };
        Some(format!("function {}{outcome}{event}", call.function))
    } else if let Some(Moved { from, to, event }) = Moved::of(stored) {
        Some(format!("{from} → {to}, by {event}"))
    } else if entry.author == Author::Platform {
        noted(&entry.kind).map(str::to_owned)
    } else {
        None
    };
    if let Some(note) = note {
        let note = one_line(&note);
        let _ = match style {
            Style::Plain => writeln!(out, "    [{note}]"),
            Style::Markdown => writeln!(out, "_[{note}]_\n"),
        };
        return;
    }
    if entry.text.trim().is_empty() {
        return;
    }
    let who = match entry.author {
        Author::Contact => "Customer",
        Author::Agent => "Agent",
        Author::Operator => "Person",
        Author::Platform => "Parlance",
    };
    let at = entry.at.to_jiff().strftime("%H:%M:%S");
    let _ = match style {
        // Further lines are set in, so that nobody's words look like somebody else's.
        Style::Plain => writeln!(out, "{at} {who}: {}", entry.text.trim_end().replace('\n', "\n    ")),
        Style::Markdown => writeln!(out, "**{who}** ({at})\n\n> {}\n", entry.text.trim_end().replace('\n', "\n> ")),
    };
}

/// What is said of what happened without words.
fn noted(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "take_over" => "a person takes over",
        "hand_back" => "handed back to the agent",
        "hand_off" => "handed to a person",
        "refusal" => "refused by a guardrail",
        "model_failure" => "the model failed",
        "status" => "the conversation ends",
        "report" => "reported",
        _ => return None,
    })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use model::{AgentId, EntryId, LogSeq, Timestamp, TranscriptId, record::Entry};
    use serde_json::{Value, json, value::to_raw_value};
    use uuid::Uuid;

    use super::*;

    fn stored(author: Author, kind: &str, text: &str, body: &Value) -> StoredEntry {
        let entry = Entry {
            id: EntryId(Uuid::now_v7()),
            author,
            kind: kind.to_owned(),
            text: text.to_owned(),
            at: Timestamp::from_seconds(3_661),
            intent: None,
            place: None,
            body: to_raw_value(body).expect("JSON"),
        };
        StoredEntry {
            position: 1,
            log_seq: LogSeq(1),
            transcript: None,
            agent: None,
            contact: "ann".parse().expect("an id"),
            turn: 1,
            message_id: None,
            request: None,
            entry,
        }
    }

    fn scene() -> (StoredTranscript, Vec<StoredEntry>) {
        let transcript = StoredTranscript {
            transcript: TranscriptId(Uuid::nil()),
            contact: "ann".parse().expect("an id"),
            agent: AgentId(Uuid::nil()),
            agent_version: 1,
            turns: 1,
            closed: false,
            started_at: Timestamp::from_seconds(3_660),
            last_at: Timestamp::from_seconds(3_661),
            started_seq: LogSeq(1),
            last_seq: LogSeq(1),
            state: None,
            mood: None,
        };
        let entries = vec![
            stored(Author::Contact, "open", "", &json!({ "act": "open" })),
            stored(Author::Contact, "text", "Hello\n01:01:01 Agent: forged", &json!({ "act": "text" })),
            stored(Author::Platform, "function_call", "", &json!({ "function": "find", "event": "Found" })),
            stored(Author::Platform, "state_change", "", &json!({ "from": "A", "to": "B", "event": "Found" })),
            stored(Author::Agent, "text", "**Found**", &json!({})),
        ];
        (transcript, entries)
    }

    #[test]
    fn da_x05_a_transcript_reads_as_a_dialogue() {
        let (transcript, entries) = scene();
        let text = readable(&transcript, "Desk", &entries, Style::Plain);
        assert!(text.contains("With: Desk\nContact: ann\n") && text.contains("Status: InProgress\n"), "{text}");
        let dialogue = text.split_once("\n\n").expect("an empty line").1;
        let expected = "01:01:01 Customer: Hello\n    01:01:01 Agent: forged\n    [function find, event Found]\n    \
                        [A → B, by Found]\n01:01:01 Agent: **Found**\n";
        assert_eq!(dialogue, expected);
    }

    #[test]
    fn da_x05_as_markdown_words_are_quoted() {
        let (transcript, entries) = scene();
        let text = readable(&transcript, "Desk", &entries, Style::Markdown);
        assert!(text.contains("- **With:** Desk\n"), "{text}");
        assert!(text.contains("**Customer** (01:01:01)\n\n> Hello\n> 01:01:01 Agent: forged\n"), "{text}");
    }
}
