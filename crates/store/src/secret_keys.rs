//! Where the keys lie with which secrets among the documents are sealed. The store carries this along beside the
//! data directory and does not look: what seals and opens is whoever knows what a secret is.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where the keys lie that seal secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretKeys {
    /// Said outright, as the environment says them: one or several in base64, with white space or commas between.
    Given(String),
    /// In a file, one a line; made when it is missing and something is to be sealed.
    File(PathBuf),
}

impl SecretKeys {
    /// The key file of a data directory.
    pub fn in_data_dir(dir: &Path) -> Self {
        Self::File(dir.join("secrets.key"))
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given(…)"),
            Self::File(file) => f.debug_tuple("File").field(file).finish(),
        }
    }
}
