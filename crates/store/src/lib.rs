//! Persistence: documents, the turn log and its projections.
//!
//! Two kinds of data, two shapes. What designers and administrators write are **documents**: JSON
//! under `(tenant, kind, id)` with a version and a few keys. What happens is a **log of turns**: one
//! record per turn, durable when [`Store::append`] returns. Everything else that can be read about
//! conversations (contacts, transcripts, entries, events) is projected from the log and can be made
//! anew from it at any time ([`Store::rebuild`]). Beside the documents lie what tenants uploaded and its passages,
//! which are found by their words.
//!
//! Invariant: a table of the projections is a function of the log, whatever happened in between.
//! This crate does not know what it stores means: bodies, sessions and journals are copied as bytes.

mod apart;
mod backend;
mod conversation;
mod document;
mod error;
mod feed;
mod interaction;
mod options;
mod passage;
mod secret_keys;
mod sqlite;
mod store;
mod transcript;

pub use conversation::{
    EntryFilter, Erased, EventFilter, MAX_PARTS, MAX_RECORD_BYTES, MAX_ROWS, SeenContact, StoredContact, StoredEntry,
    StoredEvent, StoredSession, TurnState,
};
pub use document::{Batch, Document, Expect, HISTORY_KEPT, Key, MAX_DOCUMENT_BYTES, Page, Unique};
pub use error::{Result, StoreError};
pub use feed::{Committed, LogPage};
pub use interaction::{
    ClickstreamFilter, ClickstreamLine, ContactInteractions, Interaction, InteractionFilter, InteractionPage,
    InteractionPlace, MAX_PAGE, SaidBy, SaidLine, SaidPage,
};
pub use options::StoreOptions;
pub use passage::{
    Candidates, MAX_ORIGINAL_BYTES, MAX_SOUGHT_WORDS, MAX_SOURCES, NewPassage, PassageSearch, StoredPassage,
    StoredSource,
};
pub use secret_keys::SecretKeys;
pub use store::{PlatformStore, Store, TenantStore};
pub use transcript::{MAX_LABEL_BYTES, MAX_SEARCH_CHARS, MAX_SEARCH_WORDS, StoredTranscript, TranscriptFilter};
