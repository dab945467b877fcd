//! The shared nouns of Parlance: ids, time, attributes, messages, turn records.
//!
//! Invariant: nothing here does I/O, reads a clock or knows a vendor's wire format. Every other
//! crate may depend on this one; it depends on none of them.

pub mod agent;
pub mod attribute;
pub mod chat;
pub mod function;
pub mod id;
pub mod inbound;
pub mod message;
pub mod mood;
pub mod record;
pub mod time;
pub mod transcript;

pub use id::{AgentId, ContactId, EntryId, FileId, LogSeq, TenantId, TranscriptId};
pub use time::Timestamp;
