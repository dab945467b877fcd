//! SQLite, the embedded default. One data directory, four files: `documents.db`, `knowledge.db`,
//! `log.db` and `tables.db`.

mod connection;
mod conversations;
mod documents;
mod encoding;
mod erasure;
mod feed;
mod interactions;
mod lock;
mod log;
mod moods;
mod overlay;
mod passages;
mod pipeline;
mod projection;
mod projector;
mod readers;
mod removal;
mod search;
mod snapshots;
mod states;
mod transcripts;
mod turns;

use std::path::{Path, PathBuf};

pub(crate) use documents::SqliteDocuments;
pub(crate) use passages::SqlitePassages;
pub(crate) use turns::SqliteTurns;

use crate::{Result, StoreError, StoreOptions};
use lock::DirectoryLock;
use projector::Projector;
use readers::off_the_async_threads;

/// What people make: their documents, and the passages of what they uploaded.
pub(crate) struct Made {
    pub(crate) documents: SqliteDocuments,
    pub(crate) passages: SqlitePassages,
}

impl Made {
    fn open(dir: &Path) -> Result<Self> {
        Ok(Self { documents: SqliteDocuments::open(dir)?, passages: SqlitePassages::open(dir)? })
    }
}

/// Opens everything, for the one server of a data directory.
pub(crate) async fn open(dir: PathBuf, options: StoreOptions) -> Result<(Made, SqliteTurns)> {
    off_the_async_threads(move || {
        make_directory(&dir)?;
        let lock = DirectoryLock::take(&dir)?;
        Ok((Made::open(&dir)?, SqliteTurns::open(&dir, lock, options)?))
    })
    .await
}

/// Opens the documents only, which any number of processes may do.
pub(crate) async fn open_documents(dir: PathBuf) -> Result<Made> {
    off_the_async_threads(move || {
        make_directory(&dir)?;
        Made::open(&dir)
    })
    .await
}

/// Opens everything to read, beside a server. Documents can be written all the same.
pub(crate) async fn open_beside(dir: PathBuf) -> Result<(Made, SqliteTurns)> {
    off_the_async_threads(move || Ok((Made::open(&dir)?, SqliteTurns::beside(&dir)))).await
}

/// Makes the projections anew.
pub(crate) async fn rebuild(dir: PathBuf, progress: impl FnMut(u64, u64) + Send + 'static) -> Result<()> {
    off_the_async_threads(move || {
        make_directory(&dir)?;
        let _lock = DirectoryLock::take(&dir)?;
        let mut projector = Projector::open_anew(&dir)?;
        projector.catch_up(progress)?;
        projector.index_all()
    })
    .await
}

fn make_directory(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|problem| StoreError::Unavailable {
        action: "make the data directory",
        problem: format!("{}: {problem}", dir.display()),
    })
}
