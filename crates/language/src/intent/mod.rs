//! The example-based intent classifier: it learns an agent's intents from their sample utterances, offline.
//!
//! Words, word pairs and character sequences of an utterance ([`text`]) become a weighted vector ([`vocabulary`]).
//! One linear separator per intent ([`separator`]) and the nearest examples score it ([`model`]); held-out
//! examples teach how far a score is to be trusted ([`confidence`]).
//!
//! A classifier never changes once trained, and the same examples give the same classifier.

mod confidence;
mod model;
mod regression;
mod separator;
mod text;
mod vocabulary;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use confidence::{Calibration, Example};
use model::Model;
use text::Features;

/// Intents that one classifier may tell apart.
pub const MAX_INTENTS: usize = 2_000;
/// Examples that one classifier may learn from.
pub const MAX_EXAMPLES: usize = 200_000;

/// First bytes of a stored classifier; the last one is the version of the format.
const HEADER: [u8; 8] = *b"INTENTS\x01";

/// An intent and what people say when they mean it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingIntent {
    /// How the intent is called in the answers. Several entries of one name are one intent.
    pub name: String,
    /// Utterances; empty ones are ignored. An intent without any never matches.
    pub examples: Vec<String>,
}

/// An intent with the probability that it is what was meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored<'c> {
    /// The intent's name.
    pub intent: &'c str,
    /// From 0 to 1; they add up to at most 1, but for an utterance that is an example of several intents.
    pub confidence: f32,
}

/// A training set that is too large.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrainingError {
    /// More than [`MAX_INTENTS`].
    #[error("{0} intents are more than the {MAX_INTENTS} that one agent may have: divide the agent")]
    TooManyIntents(usize),
    /// More than [`MAX_EXAMPLES`].
    #[error("{0} example utterances are more than the {MAX_EXAMPLES} that one agent may have: remove similar ones")]
    TooManyExamples(usize),
}

/// Stored bytes that are no classifier of this version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoredClassifierError {
    /// Written by another version, or something else altogether.
    #[error("the stored intent classifier has another format: publish the agent again")]
    Format,
    /// Cut off or altered.
    #[error("the stored intent classifier is damaged: publish the agent again")]
    Damaged,
}

/// Tells which of an agent's intents an utterance means.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IntentClassifier {
    names: Vec<String>,
    model: Model,
    calibration: Calibration,
    /// Fingerprints of the examples with the intents that have them, sorted.
    exact: Vec<(u64, u16)>,
}

impl IntentClassifier {
    /// Learns from examples, on all cores: a few seconds for 10,000 examples.
    pub fn train(intents: &[TrainingIntent]) -> Result<Self, TrainingError> {
        let count = intents.iter().map(|intent| intent.examples.len()).sum();
        if count > MAX_EXAMPLES {
            return Err(TrainingError::TooManyExamples(count));
        }
        let mut names: Vec<String> = Vec::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        let mut examples: Vec<(usize, Features, &str)> = Vec::with_capacity(count);
        for intent in intents {
            let place = *index.entry(&intent.name).or_insert_with(|| {
                names.push(intent.name.clone());
                names.len() - 1
            });
            let features = intent.examples.iter().map(|text| (place, Features::of(text), text.as_str()));
            examples.extend(features.filter(|(_, features, _)| !features.is_empty()));
        }
        if names.len() > MAX_INTENTS {
            return Err(TrainingError::TooManyIntents(names.len()));
        }
        let mut exact: Vec<(u64, u16)> = examples
            .iter()
            .map(|(intent, features, _)| (features.fingerprint, u16::try_from(*intent).expect("below MAX_INTENTS")))
            .collect();
        exact.sort_unstable();
        exact.dedup();
        let trials: Vec<Example<'_>> =
            examples.iter().map(|(intent, features, text)| Example { intent: *intent, features, text }).collect();
        let calibration = Calibration::fit(&trials, names.len());
        let examples: Vec<(usize, &Features)> = trials.iter().map(|e| (e.intent, e.features)).collect();
        let model = Model::fit(&examples, names.len());
        Ok(Self { names, model, calibration, exact })
    }

    /// The intents with their confidence, best first; empty if the text shares nothing with any example.
    /// Only the first 2,000 characters count. An example itself gets confidence 1 for every intent that has it: which of
    /// them is meant depends on where the conversation stands, which the caller knows.
    pub fn classify(&self, text: &str) -> Vec<Scored<'_>> {
        let features = Features::of(text);
        let Some(findings) = self.model.find(&features) else {
            return Vec::new();
        };
        let start = self.exact.partition_point(|(fingerprint, _)| *fingerprint < features.fingerprint);
        let owners: Vec<usize> = self.exact[start..]
            .iter()
            .take_while(|(fingerprint, _)| *fingerprint == features.fingerprint)
            .map(|(_, intent)| usize::from(*intent))
            .collect();
        let mut judged = self.calibration.judge(&findings);
        if !owners.is_empty() {
            for (intent, confidence) in &mut judged {
                *confidence = if owners.contains(intent) { 1.0 } else { 0.0 };
            }
            judged.sort_by(|a, b| b.1.total_cmp(&a.1));
        }
        judged.into_iter().map(|(intent, confidence)| Scored { intent: &self.names[intent], confidence }).collect()
    }

    /// The names of the intents, in the order of the training set.
    pub fn intents(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The classifier as bytes for [`IntentClassifier::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = postcard::to_stdvec(self).expect("plain tables always serialise");
        [&HEADER[..], &checksum(&body).to_le_bytes(), &body].concat()
    }

    /// Reads what [`IntentClassifier::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredClassifierError> {
        let (header, rest) = bytes.split_first_chunk::<8>().ok_or(StoredClassifierError::Format)?;
        if *header != HEADER {
            return Err(StoredClassifierError::Format);
        }
        let (sum, body) = rest.split_first_chunk::<8>().ok_or(StoredClassifierError::Damaged)?;
        if u64::from_le_bytes(*sum) != checksum(body) {
            return Err(StoredClassifierError::Damaged);
        }
        let classifier: Self = postcard::from_bytes(body).map_err(|_| StoredClassifierError::Damaged)?;
        let intents = classifier.names.len();
        let consistent = classifier.model.is_consistent(intents)
            && classifier.calibration.is_consistent()
            && classifier.exact.iter().all(|(_, intent)| usize::from(*intent) < intents);
        consistent.then_some(classifier).ok_or(StoredClassifierError::Damaged)
    }
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
