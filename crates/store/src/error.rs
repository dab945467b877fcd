//! What can go wrong in the store.

use std::{path::PathBuf, time::Duration};

/// What every operation of the store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What can go wrong in the store. Cloneable, because one failed commit answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another server runs on the data directory.
    #[error("the data directory is in use by another server (lock file {}): stop it, or choose another directory", path.display())]
    InUse {
        /// The lock file that is held.
        path: PathBuf,
    },
    /// The document changed since the caller read it, or exists already, or is not there.
    #[error("{kind} `{id}` was changed meanwhile ({}): read it again and repeat the change",
        found.map_or_else(|| "it does not exist".to_owned(), |version| format!("its version is {version}")))]
    Conflict {
        /// Kind of the document.
        kind: String,
        /// Id of the document.
        id: String,
        /// Its version now; none when it does not exist.
        found: Option<u64>,
    },
    /// Another document has the same value of a unique key.
    #[error("another {kind} has the same {key}: choose a different one")]
    Duplicate {
        /// Kind of the document.
        kind: String,
        /// Name of the unique key.
        key: String,
    },
    /// An argument is past its bound.
    #[error("{field} is not acceptable: {problem}")]
    Invalid {
        /// Which argument.
        field: &'static str,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// More is asked than can be written now; nothing was done.
    #[error("the store is overloaded: repeat after {} ms", retry_after.as_millis())]
    Overloaded {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store is shut down or shutting down; nothing was done.
    #[error("the store is shut down")]
    Closed,
    /// This process opened the documents only (`Store::open_documents`).
    #[error("conversations are not open in this process: open the whole store")]
    DocumentsOnly,
    /// The files were written by a newer release.
    #[error("{file} was written by a newer release (schema {found}, this release knows {known}): upgrade")]
    NewerSchema {
        /// The database file.
        file: String,
        /// Schema number in the file.
        found: u32,
        /// Newest schema number known here.
        known: u32,
    },
    /// The disk is full or cannot be written or read now; it may recover.
    #[error("storage is unavailable while trying to {action}: {problem}")]
    Unavailable {
        /// What was being done.
        action: &'static str,
        /// What the system said.
        problem: String,
    },
    /// What is stored cannot be understood.
    #[error("stored {what} cannot be read: {problem}")]
    Corrupt {
        /// What was being read.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}
