//! The log as it is followed: records at the moment they are durable, and from where somebody left off.

use model::{LogSeq, TranscriptId, record::Record};

/// A record that the log has.
#[derive(Debug)]
pub struct Committed {
    /// Its place in the log.
    pub seq: LogSeq,
    /// The record.
    pub record: Record,
    /// Size of its JSON.
    pub(crate) bytes: usize,
}

impl Committed {
    /// The conversation that it belongs to, if one.
    pub fn transcript(&self) -> Option<TranscriptId> {
        match &self.record {
            Record::Turn(turn) => Some(turn.transcript),
            Record::Fact(fact) => fact.transcript,
            Record::Tombstone(_) | Record::Erasure(_) => None,
        }
    }
}

/// A piece of the log, in its order.
#[derive(Debug)]
pub struct LogPage {
    /// The records; tombstones are left out.
    pub records: Vec<(LogSeq, Record)>,
    /// All that was asked for up to this place is here; the next piece goes on after it.
    pub reached: LogSeq,
    /// Whether there may be more after it now.
    pub more: bool,
}
