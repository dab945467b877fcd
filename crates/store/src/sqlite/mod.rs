//! SQLite, the embedded default. One data directory, three files: `documents.db`, `log.db` and
//! `tables.db`.

mod connection;
mod documents;
mod readers;

use std::path::PathBuf;

pub(crate) use documents::SqliteDocuments;

use crate::{Result, StoreError};

/// Opens the documents only.
pub(crate) async fn open_documents(dir: PathBuf) -> Result<SqliteDocuments> {
    readers::off_the_async_threads(move || {
        make_directory(&dir)?;
        SqliteDocuments::open(&dir)
    })
    .await
}

fn make_directory(dir: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(|problem| StoreError::Unavailable {
        action: "make the data directory",
        problem: format!("{}: {problem}", dir.display()),
    })
}
