//! Events on their way: a lane for each transcript. Within a lane one event after the other; lanes go on
//! side by side.
//!
//! Knows nothing of sending. An event stays at the head of its lane until it is finished.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use model::{ContactId, TranscriptId};
use store::StoredEvent;
use tokio::time::Instant;

/// What is kept in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// A conversation.
    Transcript(TranscriptId),
    /// What happened outside any: to a contact, or to none.
    Contact(Option<ContactId>),
}

impl Lane {
    fn of(event: &StoredEvent) -> Self {
        event.transcript.map_or_else(|| Self::Contact(event.contact.clone()), Self::Transcript)
    }
}

/// An event on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: Arc<StoredEvent>,
    /// How often it was sent in vain.
    pub(super) failed: u32,
}

/// All lanes of a subscription.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<Lane, VecDeque<Waiting>>,
    /// Lanes whose head can be sent now.
    ready: VecDeque<Lane>,
    /// Lanes whose head is sent again later; the number keeps apart what is due at once.
    later: BTreeMap<(Instant, u64), Lane>,
    paused: u64,
    len: usize,
}

impl Lanes {
    /// Events in all lanes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts an event at the end of its lane.
    pub(super) fn push(&mut self, event: StoredEvent) {
        let lane = Lane::of(&event);
        let queue = self.lanes.entry(lane.clone()).or_default();
        if queue.is_empty() {
            self.ready.push_back(lane);
        }
        queue.push_back(Waiting { event: Arc::new(event), failed: 0 });
        self.len += 1;
    }

    /// The next event that can be sent. Its lane gives no other until it is told what became of this one.
    pub(super) fn next(&mut self) -> Option<(Lane, Arc<StoredEvent>)> {
        let lane = self.ready.pop_front()?;
        let event = self.lanes.get(&lane)?.front()?.event.clone();
        Some((lane, event))
    }

    /// The event at the head of a lane.
    pub(super) fn head(&mut self, lane: &Lane) -> Option<&mut Waiting> {
        self.lanes.get_mut(lane)?.front_mut()
    }

    /// The head is finished: the lane goes on.
    pub(super) fn advance(&mut self, lane: Lane) {
        let Some(queue) = self.lanes.get_mut(&lane) else { return };
        if queue.pop_front().is_some() {
            self.len -= 1;
        }
        if queue.is_empty() {
            self.lanes.remove(&lane);
        } else {
            self.ready.push_back(lane);
        }
    }

    /// The head is sent again at a time.
    pub(super) fn pause(&mut self, lane: Lane, until: Instant) {
        self.paused += 1;
        self.later.insert((until, self.paused), lane);
    }

    /// When the next lane goes on that waits for its time.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.later.first_key_value().map(|((at, _), _)| *at)
    }

    /// Lanes whose time has come can be sent.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(entry) = self.later.first_entry()
            && entry.key().0 <= now
        {
            self.ready.push_back(entry.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{LogSeq, Timestamp};
    use serde_json::value::to_raw_value;
    use uuid::Uuid;

    use super::*;

    fn event(seq: u64, transcript: u128) -> StoredEvent {
        StoredEvent {
            seq,
            kind: "turn.completed".to_owned(),
            at: Timestamp(0),
            transcript: (transcript > 0).then(|| TranscriptId(Uuid::from_u128(transcript))),
            contact: "ann".parse().ok(),
            agent: None,
            log_seq: LogSeq(seq),
            body: to_raw_value(&()).unwrap(),
        }
    }

    fn next(lanes: &mut Lanes) -> Option<(Lane, u64)> {
        lanes.next().map(|(lane, event)| (lane, event.seq))
    }

    #[test]
    fn a_lane_gives_one_event_at_a_time_and_lanes_do_not_wait_for_each_other() {
        let mut lanes = Lanes::default();
        for (seq, transcript) in [(1, 1), (2, 1), (3, 2), (4, 0)] {
            lanes.push(event(seq, transcript));
        }
        let (first, seq) = next(&mut lanes).unwrap();
        assert_eq!(seq, 1);
        assert_eq!(next(&mut lanes).unwrap().1, 3);
        assert_eq!(next(&mut lanes).unwrap().1, 4, "outside conversations there is a lane per contact");
        assert_eq!(next(&mut lanes), None);

        let now = Instant::now();
        lanes.pause(first.clone(), now + Duration::from_secs(1));
        lanes.wake(now);
        assert_eq!(next(&mut lanes), None);
        lanes.wake(lanes.next_due().unwrap());
        assert_eq!(next(&mut lanes), Some((first.clone(), 1)));
        lanes.advance(first.clone());
        assert_eq!((next(&mut lanes), lanes.len()), (Some((first, 2)), 3));
    }
}
