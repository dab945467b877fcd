//! Trained classifiers, kept on disk so that a server start does not train again.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use dialogue::scenario::compile::IntentExamples;
use language::{IntentClassifier, TrainingError, TrainingIntent};
use sha2::{Digest, Sha256};

/// Most classifiers that are kept.
const KEPT: usize = 64;
/// How long one is kept that nobody uses.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// Where trained classifiers are kept. The name of a file is the digest of the examples that it was
/// trained on, so that a file is never out of date.
#[derive(Debug, Clone)]
pub(crate) struct Classifiers {
    folder: PathBuf,
}

impl Classifiers {
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Classifiers for training sets by interpreter name: loaded where they are known, else trained.
    pub(crate) fn trained(
        &self,
        sets: Vec<(Arc<str>, Vec<IntentExamples>)>,
    ) -> Result<HashMap<Arc<str>, Arc<IntentClassifier>>, TrainingError> {
        sets.into_iter().map(|(name, set)| Ok((name, Arc::new(self.one(&set)?)))).collect()
    }

    fn one(&self, set: &[IntentExamples]) -> Result<IntentClassifier, TrainingError> {
        let path = self.folder.join(format!("{}.classifier", digest(set)));
        if let Ok(bytes) = fs::read(&path)
            && let Ok(classifier) = IntentClassifier::from_bytes(&bytes)
        {
            if let Err(problem) = touch(&path) {
                tracing::warn!(%problem, path = %path.display(), "the use of a classifier could not be noted");
            }
            return Ok(classifier);
        }
        let training: Vec<TrainingIntent> = set
            .iter()
            .map(|intent| TrainingIntent { name: intent.intent.clone(), examples: intent.examples.clone() })
            .collect();
        let classifier = IntentClassifier::train(&training)?;
        // Only a cache: a full disk must not stop an agent from running.
        if let Err(problem) = self.keep(&path, &classifier.to_bytes()).and_then(|()| self.forget_unused()) {
            tracing::warn!(%problem, path = %path.display(), "trained classifiers could not be kept in order");
        }
        Ok(classifier)
    }

    /// Renames it into place, so that nobody reads half a file.
    fn keep(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        static PARTS: AtomicU64 = AtomicU64::new(0);
        let number = PARTS.fetch_add(1, Ordering::Relaxed);
        let part = path.with_extension(format!("{}-{number}.part", std::process::id()));
        fs::create_dir_all(&self.folder)?;
        fs::write(&part, bytes)?;
        fs::rename(&part, path)
    }

    /// Removes what was not used for long, and what is too much; also what a crash left half written.
    fn forget_unused(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "classifier" || extension == "part")
                && let Ok(used) = path.metadata().and_then(|facts| facts.modified())
            {
                files.push((used, path));
            }
        }
        files.sort_unstable_by(|a, b| b.cmp(a));
        let oldest = SystemTime::now() - KEPT_FOR;
        let still_good = files.iter().take(KEPT).take_while(|(used, _)| *used >= oldest).count();
        for (_, path) in &files[still_good..] {
            match fs::remove_file(path) {
                Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The time of a file's last change tells when it was last used.
fn touch(path: &Path) -> io::Result<()> {
    fs::File::options().write(true).open(path)?.set_modified(SystemTime::now())
}

fn digest(set: &[IntentExamples]) -> String {
    let mut hash = Sha256::new();
    // Another release may learn otherwise from the same examples.
    hash.update(env!("CARGO_PKG_VERSION"));
    for intent in set {
        for text in std::iter::once(&intent.intent).chain(&intent.examples) {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.update([0xff]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
