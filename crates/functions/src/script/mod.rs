//! Functions in JavaScript: code of a tenant, run by QuickJS in worker processes that can be killed (spec/dialai.md
//! §21.3 R1 to R3).
//!
//! The engine holds every deadline but one kind: a built-in such as `join` or `replaceAll` runs to its end, whatever it
//! was told. Therefore code never runs inside the server. [`Workers`] keeps a few processes ready, each of which waits
//! with a fresh engine; one that overruns is killed and another takes its place.
//!
//! * A process serves one tenant until it ends. Each call has an engine of its own within it, so nothing of a call
//!   reaches the next; should the engine itself be broken into, what is reached belongs to the same tenant.
//! * A process has no files, no network, no environment. `fetch` and `secret` are questions that the server answers,
//!   through a [`Host`](crate::host::Host).
//! * Code is the body of an async function of `input`, or an ES module with one as its default export. It can import the
//!   libraries that it was given and nothing else.

mod limits;
pub mod message;
mod output;
mod process;
mod source;
pub mod worker;
mod workers;

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

pub use limits::CallLimits;
pub use workers::{WorkerOptions, Workers};

/// Most libraries of a script, and longest source of it with all of them, in bytes.
pub(crate) const MAX_LIBRARIES: usize = 100;
pub(crate) const MAX_SOURCE_BYTES: usize = 4 << 20;

/// Code with all that it may import and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    source: String,
    module: bool,
    libraries: Vec<(String, String)>,
    secrets: BTreeSet<String>,
    hash: [u8; 32],
}

impl Script {
    /// A function's source: a module when it exports or imports something at its outermost level, else a body.
    /// `libraries` are names and sources that it may import; `secrets` the names that it may ask for.
    pub fn new(
        source: impl Into<String>,
        libraries: impl IntoIterator<Item = (String, String)>,
        secrets: impl IntoIterator<Item = String>,
    ) -> Self {
        let source = source.into();
        let module = source::is_module(&source);
        Self::made(source, module, libraries, secrets)
    }

    /// A library's source: always a module. It can be checked, and called if it has a default export.
    pub fn library(source: impl Into<String>, libraries: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::made(source.into(), true, libraries, [])
    }

    fn made(
        source: String,
        module: bool,
        libraries: impl IntoIterator<Item = (String, String)>,
        secrets: impl IntoIterator<Item = String>,
    ) -> Self {
        let libraries: Vec<_> = libraries.into_iter().collect();
        let mut digest = Sha256::new();
        let parts = libraries.iter().flat_map(|(name, source)| [name, source]);
        for part in std::iter::once(&source).chain(parts) {
            digest.update(part.len().to_le_bytes());
            digest.update(part.as_bytes());
        }
        let secrets = secrets.into_iter().collect();
        Self { hash: digest.finalize().into(), source, module, libraries, secrets }
    }

    /// Names the source with its libraries: equal sources have equal hashes.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Whether it is an ES module, or else the body of a function.
    pub fn is_module(&self) -> bool {
        self.module
    }

    fn bytes(&self) -> usize {
        let libraries: usize = self.libraries.iter().map(|(name, source)| name.len() + source.len()).sum();
        self.source.len() + libraries
    }
}

#[cfg(test)]
mod tests {
    use super::Script;

    #[test]
    fn the_hash_names_source_and_libraries() {
        let script = |source: &str, library: &str| {
            Script::new(source, [("lib".to_owned(), library.to_owned())], ["KEY".to_owned()]).hash().to_owned()
        };
        assert_eq!(script("a", "b"), script("a", "b"));
        assert_ne!(script("a", "b"), script("a", "c"));
        assert_ne!(script("a", "b"), script("b", "a"));
    }
}
