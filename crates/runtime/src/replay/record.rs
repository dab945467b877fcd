//! What is stored of a turn, as far as it is needed to take it again. Parts that are not needed are not parsed.

use dialogue::flow;
use model::{
    AgentId,
    chat::ChatMessage,
    inbound::Inbound,
    record::{Author, Entry, TurnRecord},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, value::RawValue};

use super::difference::Difference;

/// A recorded turn.
pub(super) struct Recorded<'r> {
    pub(super) record: &'r TurnRecord,
    /// What was done, and the entry that says so; none where it was no customer's act.
    pub(super) inbound: Option<(Inbound, &'r Entry)>,
    pub(super) journal: StoredJournal<'r>,
}

/// The journal, without its steps: they follow from the rest.
#[derive(Deserialize)]
pub(super) struct StoredJournal<'r> {
    /// Attributes that the turn found set by the platform.
    #[serde(default)]
    pub(super) preset: Map<String, Value>,
    /// What a scenario was answered.
    #[serde(borrow, default)]
    answers: Vec<&'r RawValue>,
    /// Flows that took part.
    #[serde(borrow, default)]
    pub(super) flows: Vec<StoredFlow<'r>>,
}

/// What is stored of a flow's part.
#[derive(Deserialize)]
pub(super) struct StoredFlow<'r> {
    pub(super) flow: AgentId,
    #[serde(borrow, default)]
    answers: Vec<&'r RawValue>,
}

/// Something that a flow was answered.
pub(super) enum FlowAnswer {
    /// A model, with the prompt as it was stored.
    Completion(Box<StoredCompletion>),
    /// All else.
    Other(Box<(flow::engine::Need, flow::engine::Answer)>),
}

/// A model's answer, with its prompt but for what is of earlier turns.
#[derive(Deserialize)]
pub(super) struct StoredCompletion {
    pub(super) ordinal: usize,
    pub(super) purpose: flow::engine::Purpose,
    pub(super) messages: Vec<ChatMessage>,
    #[serde(default)]
    pub(super) tools: Vec<String>,
    pub(super) answer: flow::engine::Answer,
}

impl<'r> Recorded<'r> {
    pub(super) fn read(record: &'r TurnRecord) -> Result<Self, Difference> {
        let entry = record.entries.first().filter(|entry| entry.author == Author::Contact);
        let inbound = match entry {
            Some(entry) => Some((parsed(&entry.body)?, entry)),
            None => None,
        };
        let journal = serde_json::from_str(record.journal.get()).map_err(|problem| unreadable(&problem))?;
        Ok(Self { record, inbound, journal })
    }

    /// What was said and noted, without the customer's own line.
    pub(super) fn lines(&self) -> &'r [Entry] {
        &self.record.entries[usize::from(self.inbound.is_some()).min(self.record.entries.len())..]
    }
}

impl StoredJournal<'_> {
    /// What a scenario was answered. How much of the past it read is left out: the past is in the records.
    pub(super) fn answers<N: DeserializeOwned, A: DeserializeOwned>(&self) -> Result<Vec<(N, A)>, Difference> {
        self.answers.iter().filter(|one| is_pair(one)).map(|one| parsed(one)).collect()
    }
}

impl StoredFlow<'_> {
    /// What the flow was answered, likewise.
    pub(super) fn answers(&self) -> Result<Vec<FlowAnswer>, Difference> {
        let mut answers = Vec::with_capacity(self.answers.len());
        for one in &self.answers {
            if is_pair(one) {
                answers.push(FlowAnswer::Other(Box::new(parsed(one)?)));
            } else if parsed::<Named>(one)?.need == "complete" {
                answers.push(FlowAnswer::Completion(Box::new(parsed(one)?)));
            }
        }
        Ok(answers)
    }
}

#[derive(Deserialize)]
struct Named {
    need: String,
}

/// Whether it is a need with its answer; else it is what is told of it in short.
fn is_pair(stored: &RawValue) -> bool {
    stored.get().trim_start().starts_with('[')
}

pub(super) fn parsed<T: DeserializeOwned>(stored: &RawValue) -> Result<T, Difference> {
    serde_json::from_str(stored.get()).map_err(|problem| unreadable(&problem))
}

fn unreadable(problem: &serde_json::Error) -> Difference {
    Difference::Unreadable { problem: problem.to_string() }
}
