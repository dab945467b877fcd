//! What was said before, as the model reads it. The latest lines of the transcripts that are active stay in memory, so
//! that a turn need not wait for the tables; what is not there is read from them.

use std::{collections::VecDeque, num::NonZeroUsize, sync::Arc};

use dialogue::flow::engine::Past;
use lru::LruCache;
use model::{
    TranscriptId,
    record::{Author, Entry},
};
use parking_lot::Mutex;
use serde_json::Value;

/// Most transcripts whose latest lines are kept.
const TRANSCRIPTS: NonZeroUsize = NonZeroUsize::new(2_048).expect("it is not zero");
/// Most lines of one that are kept: as many as a flow may have its model read.
pub(crate) const LINES: usize = dialogue::flow::bounds::HISTORY as usize;

/// The latest lines of transcripts.
#[derive(Clone)]
pub(crate) struct RecentPast(Arc<Mutex<LruCache<TranscriptId, VecDeque<Past>>>>);

impl Default for RecentPast {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(TRANSCRIPTS))))
    }
}

impl RecentPast {
    /// The latest lines of a transcript, oldest first, if they are in memory.
    pub(crate) fn get(&self, transcript: TranscriptId, lines: usize) -> Option<Vec<Past>> {
        let mut kept = self.0.lock();
        let kept = kept.get(&transcript)?;
        Some(kept.iter().skip(kept.len().saturating_sub(lines)).cloned().collect())
    }

    /// Keeps the lines of a transcript that were read or begun.
    pub(crate) fn put(&self, transcript: TranscriptId, lines: impl IntoIterator<Item = Past>) {
        self.0.lock().put(transcript, lines.into_iter().collect());
    }

    /// Adds what a turn added, where the lines before it are known.
    pub(crate) fn add(&self, transcript: TranscriptId, lines: impl IntoIterator<Item = Past>) {
        let mut kept = self.0.lock();
        let Some(kept) = kept.get_mut(&transcript) else { return };
        kept.extend(lines);
        let excess = kept.len().saturating_sub(LINES);
        kept.drain(..excess);
    }

    /// Forgets all: somebody was erased.
    pub(crate) fn forget(&self) {
        self.0.lock().clear();
    }
}

/// Lines as the model reads them, oldest first. What a guardrail refused of the customer's words is not among them.
pub(crate) fn of_entries<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Vec<Past> {
    let mut past = Vec::new();
    for entry in entries {
        if entry.kind == "refusal"
            && entry.body.get().contains("\"guard\":\"input\"")
            && matches!(past.last(), Some(Past::Customer { .. }))
        {
            past.pop();
        }
        past.extend(of_entry(entry));
    }
    past
}

/// A stored line as the model reads it, if it does.
fn of_entry(entry: &Entry) -> Option<Past> {
    let text = || entry.text.clone();
    match (entry.author, entry.kind.as_str()) {
        (_, "function_call") => called(&serde_json::from_str(entry.body.get()).ok()?),
        (_, "intervene" | "link") => None,
        _ if entry.text.trim().is_empty() => None,
        (Author::Contact, _) => Some(Past::Customer { text: text() }),
        (Author::Agent, _) => Some(Past::Agent { text: text() }),
        (Author::Operator, _) => Some(Past::Operator { text: text() }),
        (Author::Platform, _) => None,
    }
}

/// A noted call. Start-up and wrap-up functions were not called by the agent, and their parameters are no arguments.
fn called(body: &Value) -> Option<Past> {
    if body.get("occasion").is_some_and(|occasion| occasion != "agent") {
        return None;
    }
    let result = match (body.get("error"), body.get("response")) {
        (Some(error), _) => format!("error: {}", error.get("message").and_then(Value::as_str).unwrap_or_default()),
        (None, Some(Value::String(text))) => text.clone(),
        (None, Some(Value::Null) | None) => "done".to_owned(),
        (None, Some(other)) => other.to_string(),
    };
    Some(Past::Called {
        tool: body.get("tool")?.as_str()?.to_owned(),
        arguments: body.get("parameters").cloned().unwrap_or_default(),
        result,
    })
}
