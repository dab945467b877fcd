//! What a record tells, written once for all who follow: with a thousand of them, writing it is most of the work.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use model::{LogSeq, record::Record};
use store::Committed;
use uuid::Uuid;

use super::event;
use crate::{app::App, sse};

/// Who follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// People of the tenant.
    Operators,
    /// The customer of the conversation, with the chat code of the link that lets them; none where a token of the
    /// tenant does.
    Customer(Option<Uuid>),
}

impl Audience {
    /// Whether what let them in still does. A link that was shut opens nothing more.
    pub(super) fn may_go_on(self, app: &App) -> bool {
        match self {
            Self::Operators | Self::Customer(None) => true,
            Self::Customer(Some(code)) => {
                app.directory.now().by_chat_code(code).is_some_and(|known| known.endpoint.is_open())
            }
        }
    }
}

/// A place among all events: the record, and which of its events; all of them at the end. What is there and before
/// was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) seq: LogSeq,
    pub(super) index: usize,
}

impl Place {
    pub(super) const fn after(seq: LogSeq) -> Self {
        Self { seq, index: usize::MAX }
    }

    /// From `Last-Event-ID`: `<record>.<event>`, or a record alone.
    pub(super) fn read(id: &str) -> Option<Self> {
        let (seq, index) = match id.trim().split_once('.') {
            None => (id.trim(), usize::MAX),
            Some((seq, index)) => (seq, index.parse().ok()?),
        };
        // The store counts in signed integers.
        let seq = seq.parse::<i64>().ok().filter(|seq| *seq >= 0)?.unsigned_abs();
        Some(Self { seq: LogSeq(seq), index })
    }

    pub(super) fn id(self) -> String {
        match self.index {
            usize::MAX => self.seq.to_string(),
            index => format!("{}.{index}", self.seq),
        }
    }

    /// After which record the log is read to find what follows.
    pub(super) fn reads_after(self) -> LogSeq {
        if self.index == usize::MAX { self.seq } else { LogSeq(self.seq.0.saturating_sub(1)) }
    }
}

/// A record that was committed.
pub(crate) struct News {
    pub(super) committed: Arc<Committed>,
    to_operators: OnceLock<Bytes>,
    to_customer: OnceLock<Bytes>,
}

impl News {
    pub(super) fn new(committed: Arc<Committed>) -> Self {
        Self { committed, to_operators: OnceLock::new(), to_customer: OnceLock::new() }
    }

    /// All of its events as they are sent; nothing when it tells nothing.
    pub(super) fn frames(&self, audience: Audience) -> &Bytes {
        let told = match audience {
            Audience::Operators => &self.to_operators,
            Audience::Customer(_) => &self.to_customer,
        };
        let Committed { seq, record, .. } = &*self.committed;
        told.get_or_init(|| frames(*seq, record, audience, None))
    }
}

/// The events of a record after a place, as they are sent.
pub(super) fn frames(seq: LogSeq, record: &Record, audience: Audience, after: Option<Place>) -> Bytes {
    let mut frames = Vec::new();
    for (index, event) in event::of_record(record).into_iter().enumerate() {
        let place = Place { seq, index };
        if after.is_some_and(|after| place <= after) {
            continue;
        }
        let data = match audience {
            Audience::Operators => Some(event.data),
            Audience::Customer(_) => event.for_customer(),
        };
        if let Some(data) = data {
            frames.extend_from_slice(&sse::frame(event.name, Some(&place.id()), &data));
        }
    }
    frames.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn da_l08_a_place_is_read_as_it_is_written() {
        for place in [Place { seq: LogSeq(7), index: 0 }, Place { seq: LogSeq(7), index: 12 }, Place::after(LogSeq(9))]
        {
            assert_eq!(Place::read(&place.id()), Some(place));
        }
        for wrong in ["", "x", "1.x", "-1", "1.2.3", "99999999999999999999"] {
            assert_eq!(Place::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn da_l08_the_rest_of_a_record_is_read_again_and_a_whole_one_is_not() {
        assert_eq!(Place { seq: LogSeq(7), index: 0 }.reads_after(), LogSeq(6));
        assert_eq!(Place::after(LogSeq(7)).reads_after(), LogSeq(7));
        assert!(Place { seq: LogSeq(7), index: 5 } < Place::after(LogSeq(7)));
        assert!(Place::after(LogSeq(7)) < Place { seq: LogSeq(8), index: 0 });
    }
}
