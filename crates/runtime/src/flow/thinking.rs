//! Which agents are thinking at the moment, so that a person who takes over need not wait for the model (goal R9).

use std::{collections::HashMap, sync::Arc};

use model::TranscriptId;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// The turns in which an agent is thinking, by transcript. A transcript has one at most: its turns never overlap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thinking(Arc<Mutex<HashMap<TranscriptId, Mind>>>);

#[derive(Debug, Default)]
struct Mind {
    /// The turn that is being taken.
    thought: Option<CancellationToken>,
    /// How many people want the agent to stop.
    interruptions: usize,
}

impl Thinking {
    /// Notes that an agent thinks until what is given back is dropped.
    pub(crate) fn begin(&self, transcript: TranscriptId) -> Thought {
        let interrupted = CancellationToken::new();
        let mut minds = self.0.lock();
        let mind = minds.entry(transcript).or_default();
        if mind.interruptions > 0 {
            interrupted.cancel();
        }
        mind.thought = Some(interrupted.clone());
        Thought { thinking: self.clone(), transcript, interrupted }
    }

    /// Interrupts the agent of a transcript until what is given back is dropped: in what it is thinking, and in turns
    /// that stand in line before the person's.
    pub(crate) fn interrupt(&self, transcript: TranscriptId) -> Interruption {
        let mut minds = self.0.lock();
        let mind = minds.entry(transcript).or_default();
        mind.interruptions += 1;
        if let Some(thought) = &mind.thought {
            thought.cancel();
        }
        Interruption { thinking: self.clone(), transcript }
    }

    fn change(&self, transcript: TranscriptId, change: impl FnOnce(&mut Mind)) {
        let mut minds = self.0.lock();
        let Some(mind) = minds.get_mut(&transcript) else { return };
        change(mind);
        if mind.thought.is_none() && mind.interruptions == 0 {
            minds.remove(&transcript);
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
        self.thinking.change(self.transcript, |mind| mind.thought = None);
    }
}

/// That somebody wants an agent to stop.
pub(crate) struct Interruption {
    thinking: Thinking,
    transcript: TranscriptId,
}

impl Drop for Interruption {
    fn drop(&mut self) {
        self.thinking.change(self.transcript, |mind| mind.interruptions -= 1);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn is_interrupted(thought: &Thought) -> bool {
        thought.interrupted.is_cancelled()
    }

    #[test]
    fn who_interrupts_stops_what_is_thought_and_what_is_thought_next() {
        let thinking = Thinking::default();
        let (here, there) = (TranscriptId(Uuid::from_u128(1)), TranscriptId(Uuid::from_u128(2)));
        let (now, elsewhere) = (thinking.begin(here), thinking.begin(there));
        let interruptions = [thinking.interrupt(here), thinking.interrupt(here)];
        assert!(is_interrupted(&now) && !is_interrupted(&elsewhere));
        drop(now);
        assert!(is_interrupted(&thinking.begin(here)));
        let [first, second] = interruptions;
        drop(first);
        assert!(is_interrupted(&thinking.begin(here)));
        drop(second);
        assert!(!is_interrupted(&thinking.begin(here)));
        drop(elsewhere);
        assert!(thinking.0.lock().is_empty(), "nothing is kept of what is over");
    }
}
