//! Which features were seen in training, how telling each is, and the weighted vector of an utterance.
//!
//! Weights are `(1 + ln count) · idf`; words and character sequences are then each scaled to a length of their own.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::{Deserialize, Serialize};

use super::text::Features;

/// Length of the words' part of a vector, and of the character sequences' part: a third and two thirds of the square.
const WORDS_LENGTH: f32 = 0.816_496_6;
const GRAMS_LENGTH: f32 = 1.154_700_5;
/// Length of the vector of an example, which always has both parts.
pub(crate) const LENGTH: f32 = std::f32::consts::SQRT_2;

/// Index of a feature in the vocabulary.
pub(crate) type FeatureIndex = u32;

/// A sparse vector, sorted by feature.
pub(crate) type Vector = Vec<(FeatureIndex, f32)>;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "StoredVocabulary", into = "StoredVocabulary")]
pub(crate) struct Vocabulary {
    index: HashMap<u32, FeatureIndex, BuildHasherDefault<AlreadyHashed>>,
    stored: StoredVocabulary,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StoredVocabulary {
    hashes: Vec<u32>,
    idf: Vec<f32>,
    idf_of_unknown: f32,
}

/// An utterance as the model sees it.
pub(crate) struct Seen {
    pub(crate) vector: Vector,
    /// Share of the utterance's weight that falls on features of the training set, 0 to 1.
    pub(crate) known: f32,
}

impl Vocabulary {
    pub(crate) fn of<'f>(examples: impl Iterator<Item = &'f Features>) -> Self {
        let mut found: HashMap<u32, u32, BuildHasherDefault<AlreadyHashed>> = HashMap::default();
        let mut count = 0_u32;
        for example in examples {
            count += 1;
            for (hash, _) in example.words.iter().chain(&example.grams) {
                *found.entry(*hash).or_default() += 1;
            }
        }
        let mut frequencies: Vec<(u32, u32)> = found.into_iter().collect();
        frequencies.sort_unstable();
        let idf = |frequency: u32| ((1.0 + count as f32) / (1.0 + frequency as f32)).ln() + 1.0;
        StoredVocabulary {
            hashes: frequencies.iter().map(|(hash, _)| *hash).collect(),
            idf: frequencies.iter().map(|(_, frequency)| idf(*frequency)).collect(),
            idf_of_unknown: idf(0),
        }
        .into()
    }

    pub(crate) fn len(&self) -> usize {
        self.stored.hashes.len()
    }

    /// How seldom a feature occurs: its inverse document frequency.
    pub(crate) fn rarity(&self, hash: u32) -> f32 {
        self.index.get(&hash).map_or(self.stored.idf_of_unknown, |feature| self.stored.idf[*feature as usize])
    }

    pub(crate) fn is_consistent(&self) -> bool {
        self.stored.idf.len() == self.len() && self.index.len() == self.len()
    }

    pub(crate) fn see(&self, features: &Features) -> Seen {
        let mut vector = Vec::with_capacity(features.words.len() + features.grams.len());
        let words = self.push_block(&features.words, WORDS_LENGTH, &mut vector);
        let grams = self.push_block(&features.grams, GRAMS_LENGTH, &mut vector);
        vector.sort_unstable_by_key(|(feature, _)| *feature);
        Seen { vector, known: (words + grams) / 2.0 }
    }

    /// Appends the known features scaled to a length; gives the known share of the block's weight.
    fn push_block(&self, counts: &[(u32, u32)], length: f32, vector: &mut Vector) -> f32 {
        let start = vector.len();
        let (mut known, mut unknown) = (0.0_f32, 0.0_f32);
        for (hash, count) in counts {
            let frequency = 1.0 + (*count as f32).ln();
            if let Some(feature) = self.index.get(hash) {
                let weight = frequency * self.stored.idf[*feature as usize];
                known += weight * weight;
                vector.push((*feature, weight));
            } else {
                unknown += (frequency * self.stored.idf_of_unknown).powi(2);
            }
        }
        if known == 0.0 {
            return 0.0;
        }
        let scale = length / known.sqrt();
        vector[start..].iter_mut().for_each(|(_, weight)| *weight *= scale);
        known / (known + unknown)
    }
}

impl From<StoredVocabulary> for Vocabulary {
    fn from(stored: StoredVocabulary) -> Self {
        let index = stored.hashes.iter().zip(0..).map(|(hash, index)| (*hash, index)).collect();
        Self { index, stored }
    }
}

impl From<Vocabulary> for StoredVocabulary {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.stored
    }
}

/// Features are hashes already; spreading the bits is all that is left to do.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only u32 keys are hashed")
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = u64::from(value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
