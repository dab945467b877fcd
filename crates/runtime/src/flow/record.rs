//! A flow's turn as it is recorded: its lines as entries, its needs and answers in the journal.

use std::collections::HashMap;

use dialogue::flow::engine::{Answer, Answers, Completion, Journal, Line, LineBody, Need, Purpose};
use model::{
    AgentId, EntryId, Timestamp,
    chat::{ChatMessage, Usage},
    message::Message,
    record::{Author, Entry},
};
use serde::Serialize;
use uuid::Uuid;

use super::turn::FlowTurn;
use crate::{record::raw, turn::TurnError};

/// What the journal has of a flow's turn: which flow, what the engine did, what it was answered.
#[derive(Serialize)]
pub(crate) struct FlowJournal {
    flow: AgentId,
    version: u32,
    steps: Journal,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    answers: Vec<StoredAnswer>,
    usage: Usage,
}

impl FlowJournal {
    /// Of a turn; what it says is in the entries.
    pub(crate) fn of(flow: AgentId, version: u32, steps: Journal, answers: Answers, usage: Usage) -> Self {
        Self { flow, version, steps, answers: answers.into_iter().map(stored).collect(), usage }
    }
}

/// A need with its answer. The past is in the log already: of it only how much was read, or else the log would grow
/// with the square of a conversation's length.
#[derive(Serialize)]
#[serde(untagged)]
enum StoredAnswer {
    History { need: &'static str, lines: usize },
    Completion(Box<StoredCompletion>),
    Whole(Box<(Need, Answer)>),
}

#[derive(Serialize)]
struct StoredCompletion {
    need: &'static str,
    ordinal: usize,
    purpose: Purpose,
    /// How many messages of the prompt, after the first, are of earlier turns.
    past: usize,
    /// The prompt without them.
    messages: Vec<ChatMessage>,
    tools: Vec<String>,
    answer: Answer,
}

fn stored((need, answer): (Need, Answer)) -> StoredAnswer {
    match (need, answer) {
        (Need::History { .. }, Answer::History { lines }) => {
            StoredAnswer::History { need: "history", lines: lines.len() }
        }
        (Need::Complete(completion), answer) => {
            let Completion { ordinal, purpose, past, request } = *completion;
            let mut messages = request.messages;
            let from = messages.len().min(1);
            messages.drain(from..(from + past).min(messages.len()));
            let tools = request.tools.into_iter().map(|tool| tool.name).collect();
            let completion = StoredCompletion { need: "complete", ordinal, purpose, past, messages, tools, answer };
            StoredAnswer::Completion(Box::new(completion))
        }
        whole => StoredAnswer::Whole(Box::new(whole)),
    }
}

/// The entries of a flow's lines, and the messages among them.
pub(crate) fn entries(
    lines: Vec<Line>,
    ids: &HashMap<usize, EntryId>,
    place: Option<&str>,
    at: Timestamp,
) -> Result<(Vec<Entry>, Vec<Message>), TurnError> {
    let mut entries = Vec::with_capacity(lines.len());
    let mut messages = Vec::new();
    for line in lines {
        let streamed = line.completion.and_then(|completion| ids.get(&completion)).copied();
        let body = match &line.body {
            LineBody::Message(message) => raw(message)?,
            LineBody::Json(body) => raw(body)?,
        };
        entries.push(Entry {
            id: streamed.unwrap_or_else(|| EntryId(Uuid::now_v7())),
            author: line.author,
            kind: line.kind.to_owned(),
            text: line.text,
            at,
            intent: None,
            place: place.map(str::to_owned),
            body,
        });
        if let (Author::Agent, LineBody::Message(message)) = (line.author, line.body) {
            messages.push(*message);
        }
    }
    Ok((entries, messages))
}

impl FlowTurn {
    /// Splits into what is said and what is noted of it.
    pub(crate) fn into_parts(self, flow: AgentId, version: u32) -> (Vec<Line>, HashMap<usize, EntryId>, FlowJournal) {
        let Self { outcome, answers, ids } = self;
        let journal = FlowJournal::of(flow, version, outcome.journal, answers, outcome.usage);
        (outcome.lines, ids, journal)
    }
}
