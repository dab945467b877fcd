//! Trained classifiers, kept on disk so that a server start does not train again.

use std::{collections::HashMap, fs, path::PathBuf, sync::Arc};

use dialogue::scenario::compile::IntentExamples;
use language::{IntentClassifier, TrainingError, TrainingIntent};
use sha2::{Digest, Sha256};

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
            return Ok(classifier);
        }
        let training: Vec<TrainingIntent> = set
            .iter()
            .map(|intent| TrainingIntent { name: intent.intent.clone(), examples: intent.examples.clone() })
            .collect();
        let classifier = IntentClassifier::train(&training)?;
        // Only a cache: a full disk must not stop an agent from running. Renamed into place, so that
        // nobody reads half a file.
        let part = path.with_extension(format!("part{}", std::process::id()));
        let kept = fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&part, classifier.to_bytes()))
            .and_then(|()| fs::rename(&part, &path));
        if let Err(problem) = kept {
            tracing::warn!(%problem, path = %path.display(), "a trained classifier could not be kept");
        }
        Ok(classifier)
    }
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
