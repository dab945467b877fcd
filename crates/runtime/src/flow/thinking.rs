//! Which agents are thinking at the moment, so that a person who takes over need not wait for the model (goal R9).

use std::{collections::HashMap, sync::Arc};

use model::TranscriptId;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// The turns in which an agent is thinking, by transcript. A transcript has one at most: its turns never overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thinking(Arc<Mutex<HashMap<TranscriptId, CancellationToken>>>);

impl Thinking {
    /// Notes that an agent thinks until what is given back is dropped.
    pub(crate) fn begin(&self, transcript: TranscriptId) -> Thought {
        let interrupted = CancellationToken::new();
        self.0.lock().insert(transcript, interrupted.clone());
        Thought { thinking: self.clone(), transcript, interrupted }
    }

    /// Interrupts the agent of a transcript, if it is thinking.
    pub(crate) fn interrupt(&self, transcript: TranscriptId) {
        if let Some(thought) = self.0.lock().get(&transcript) {
            thought.cancel();
        }
    }
}

/// An agent that is thinking.
pub(crate) struct Thought {
    thinking: Thinking,
    transcript: TranscriptId,
    interrupted: CancellationToken,
}

impl Thought {
    /// Ends when somebody interrupts.
    pub(crate) async fn interrupted(&self) {
        self.interrupted.cancelled().await;
    }
}

impl Drop for Thought {
    fn drop(&mut self) {
        self.thinking.0.lock().remove(&self.transcript);
    }
}
