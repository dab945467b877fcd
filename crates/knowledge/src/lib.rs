//! Knowledge: the text in files ([`extraction`]), passages of it that say where they stand ([`passages`], [`splitting`]),
//! and which passages fit a question ([`ranking`]).
//!
//! Invariants: reading a file is bounded in what it makes; splitting loses nothing but space, and no two passages of a
//! document have a part in common; the same passages and question give the same order. It knows texts, nothing of
//! agents, tenants, stores and HTTP surfaces.

pub mod extraction;
pub mod passages;
pub mod ranking;
pub mod splitting;
pub mod words;

pub use extraction::ExtractionError;
pub use passages::{MOST_PASSAGES, Passage, ReadError, read};
pub use ranking::{Corpus, Counted, Question};
