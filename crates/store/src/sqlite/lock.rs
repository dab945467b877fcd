//! The lock that keeps a second server off a data directory. It goes with the process, however that ends.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::{Result, StoreError};

#[derive(Debug)]
pub(super) struct DirectoryLock(File);

impl DirectoryLock {
    pub(super) fn take(dir: &Path) -> Result<Self> {
        let path = dir.join("server.lock");
        let unavailable = |problem: std::io::Error| StoreError::Unavailable {
            action: "lock the data directory",
            problem: problem.to_string(),
        };
        let file = File::options().create(true).write(true).truncate(false).open(&path).map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path }),
            Err(TryLockError::Error(problem)) => Err(unavailable(problem)),
        }
    }

    pub(super) fn release(&self) {
        // Closing the file releases it too; this is for handles that outlive the shutdown.
        if let Err(problem) = self.0.unlock() {
            tracing::warn!(%problem, "the lock of the data directory could not be released");
        }
    }
}
