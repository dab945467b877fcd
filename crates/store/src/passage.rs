//! Passages: parts of what a tenant uploaded, each found by its words.

use crate::{Result, StoreError};

/// Largest original, in bytes.
pub const MAX_ORIGINAL_BYTES: usize = 64 << 20;
/// Most sources of one search.
pub const MAX_SOURCES: usize = 4_000;
/// Most words of one search.
pub const MAX_SOUGHT_WORDS: usize = 64;

/// A passage as it is put. Its place in the list is its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPassage {
    /// What is shown.
    pub text: String,
    /// What it is found by: the words as the caller cuts texts, with spaces between.
    pub words: String,
}

/// A passage as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPassage {
    /// What it is a part of.
    pub source: String,
    /// Its number there, from 0.
    pub number: u32,
    /// What is shown.
    pub text: String,
}

/// Something of which an original or passages are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSource {
    /// Its name.
    pub source: String,
    /// The revision of its passages; none where there is only the original.
    pub revision: Option<u64>,
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassageSearch {
    /// Where: nothing else is looked at. What is not there has no passages.
    pub sources: Vec<String>,
    /// Words, cut as those of the passages were.
    pub words: Vec<String>,
    /// How many passages at most.
    pub limit: usize,
}

/// What was found, for the caller to rank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Passages that have some of the words, by source and number; where there are more than asked for, roughly the best.
    pub passages: Vec<StoredPassage>,
    /// How many passages the sources have.
    pub total: u64,
    /// How many words these have together.
    pub total_words: u64,
    /// How many of them have each word that was looked for, in their order.
    pub with: Vec<u64>,
}

impl PassageSearch {
    pub(crate) fn check(&self) -> Result<()> {
        within("sources", self.sources.len(), MAX_SOURCES)?;
        within("words", self.words.len(), MAX_SOUGHT_WORDS)
    }
}

pub(crate) fn within(field: &'static str, found: usize, most: usize) -> Result<()> {
    if found <= most {
        return Ok(());
    }
    Err(StoreError::Invalid { field, problem: format!("{found} are given, {most} are allowed") })
}
