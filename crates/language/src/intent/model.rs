//! The trained model: one separator per intent and the examples themselves, over one vocabulary.
//!
//! An intent's score is its separator's margin plus a share of the likeness of its nearest example; the
//! second part counts only for the intents that the separators find most likely.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use super::separator::Separator;
use super::text::Features;
use super::vocabulary::{LENGTH, Vector, Vocabulary};

/// Intents whose examples are compared with the utterance.
const COMPARED_INTENTS: usize = 4;
/// Examples of one intent that are kept for comparison.
const COMPARED_EXAMPLES: usize = 150;
/// Bounds the work of training: examples × intents. Above it each separator sees a sample of the others' examples.
const MAX_COMPARISONS: usize = 2_500_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Model {
    vocabulary: Vocabulary,
    weights: WeightTable,
    /// Per intent; `None` for an intent without examples, which never matches.
    bias: Vec<Option<f32>>,
    examples: Vec<Vec<Vector>>,
}

/// The weights by feature: those of feature `f` are at `starts[f]..starts[f + 1]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct WeightTable {
    starts: Vec<u32>,
    intents: Vec<u16>,
    weights: Vec<f32>,
}

/// What the model finds in an utterance.
pub(crate) struct Findings {
    /// The intents, highest margin first; never empty.
    pub(crate) candidates: Vec<Candidate>,
    /// Share of the utterance's weight on features seen in training.
    pub(crate) known: f32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) intent: usize,
    pub(crate) margin: f32,
    /// Cosine of the angle to the nearest example, 0 to 1; 0 for intents that were not compared.
    pub(crate) likeness: f32,
}

impl Candidate {
    pub(crate) fn score(&self, weight_of_likeness: f32) -> f32 {
        self.margin + weight_of_likeness * self.likeness
    }
}

impl Model {
    /// Trains on examples, each with the index of its intent below `intents`.
    pub(crate) fn fit(examples: &[(usize, &Features)], intents: usize) -> Self {
        let vocabulary = Vocabulary::of(examples.iter().map(|(_, features)| *features));
        let vectors: Vec<(usize, Vector)> =
            examples.iter().map(|(intent, features)| (*intent, vocabulary.see(features).vector)).collect();
        let mut compared = vec![Vec::new(); intents];
        for (intent, vector) in &vectors {
            compared[*intent].push(vector.clone());
        }
        let separators = separate(&vectors, &compared, vocabulary.len());
        compared.iter_mut().for_each(|examples| examples.truncate(COMPARED_EXAMPLES));
        let bias = separators.iter().map(|separator| separator.as_ref().map(|s| s.bias)).collect();
        let weights = WeightTable::of(&separators, vocabulary.len());
        Self { vocabulary, weights, bias, examples: compared }
    }

    /// `None` if the utterance shares nothing with the training set.
    pub(crate) fn find(&self, features: &Features) -> Option<Findings> {
        let seen = self.vocabulary.see(features);
        if seen.vector.is_empty() {
            return None;
        }
        let mut margins: Vec<f32> = self.bias.iter().map(|bias| bias.unwrap_or(0.0)).collect();
        self.weights.add(&seen.vector, &mut margins);
        let mut candidates: Vec<Candidate> = (self.bias.iter().zip(margins).enumerate())
            .filter(|(_, (bias, _))| bias.is_some())
            .map(|(intent, (_, margin))| Candidate { intent, margin, likeness: 0.0 })
            .collect();
        candidates.sort_by(|a, b| b.margin.total_cmp(&a.margin).then(a.intent.cmp(&b.intent)));
        self.compare(&seen.vector, candidates.iter_mut().take(COMPARED_INTENTS));
        (!candidates.is_empty()).then_some(Findings { candidates, known: seen.known })
    }

    /// How seldom a feature occurs in the training set.
    pub(crate) fn rarity(&self, feature: u32) -> f32 {
        self.vocabulary.rarity(feature)
    }

    fn compare<'c>(&self, vector: &Vector, candidates: impl Iterator<Item = &'c mut Candidate>) {
        thread_local! {
            // All zero between calls, so that a lookup costs one read and no allocation.
            static SPREAD: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
        }
        SPREAD.with_borrow_mut(|spread| {
            if spread.len() < self.vocabulary.len() {
                spread.resize(self.vocabulary.len(), 0.0);
            }
            vector.iter().for_each(|(feature, value)| spread[*feature as usize] = *value);
            let lengths = norm(vector) * LENGTH;
            for candidate in candidates {
                let nearest = self.examples[candidate.intent].iter().map(|example| {
                    let product: f32 = example.iter().map(|(feature, value)| spread[*feature as usize] * value).sum();
                    product / lengths
                });
                candidate.likeness = nearest.fold(0.0, f32::max).min(1.0);
            }
            vector.iter().for_each(|(feature, _)| spread[*feature as usize] = 0.0);
        });
    }

    /// Whether all indexes lie within their tables, so that no lookup can fail.
    pub(crate) fn is_consistent(&self, intents: usize) -> bool {
        let features = self.vocabulary.len();
        self.vocabulary.is_consistent()
            && self.weights.is_consistent(features, intents)
            && self.bias.len() == intents
            && self.examples.len() == intents
            && self.examples.iter().flatten().flatten().all(|(feature, _)| (*feature as usize) < features)
    }
}

impl WeightTable {
    fn of(separators: &[Option<Separator>], features: usize) -> Self {
        let mut starts = vec![0_u32; features + 1];
        for (feature, _) in separators.iter().flatten().flat_map(|separator| &separator.weights) {
            starts[*feature as usize + 1] += 1;
        }
        for feature in 0..features {
            starts[feature + 1] += starts[feature];
        }
        let total = starts[features] as usize;
        let (mut intents, mut weights) = (vec![0_u16; total], vec![0.0_f32; total]);
        let mut next = starts.clone();
        for (intent, separator) in (0_u16..).zip(separators) {
            for (feature, weight) in separator.iter().flat_map(|separator| &separator.weights) {
                let place = next[*feature as usize] as usize;
                next[*feature as usize] += 1;
                intents[place] = intent;
                weights[place] = *weight;
            }
        }
        Self { starts, intents, weights }
    }

    fn add(&self, vector: &Vector, margins: &mut [f32]) {
        for (feature, value) in vector {
            let row = self.starts[*feature as usize] as usize..self.starts[*feature as usize + 1] as usize;
            for (intent, weight) in self.intents[row.clone()].iter().zip(&self.weights[row]) {
                margins[*intent as usize] += weight * value;
            }
        }
    }

    fn is_consistent(&self, features: usize, intents: usize) -> bool {
        self.starts.len() == features + 1
            && self.starts.is_sorted()
            && self.starts[features] as usize == self.weights.len()
            && self.intents.len() == self.weights.len()
            && self.intents.iter().all(|intent| usize::from(*intent) < intents)
    }
}

/// One separator per intent that has examples, made on all cores.
fn separate(vectors: &[(usize, Vector)], by_intent: &[Vec<Vector>], features: usize) -> Vec<Option<Separator>> {
    let intents = by_intent.len();
    // An utterance without any known feature belongs to no intent: without it, a lone intent would take everything.
    let nothing = Vector::new();
    let stride = (vectors.len() * intents).div_ceil(MAX_COMPARISONS).max(1);
    let train = |intent: usize| {
        (!by_intent[intent].is_empty()).then(|| {
            let examples: Vec<(&Vector, bool)> = std::iter::once((&nothing, false))
                .chain(vectors.iter().enumerate().filter_map(|(place, (of, vector))| {
                    let belongs = *of == intent;
                    (belongs || (place + intent).is_multiple_of(stride)).then_some((vector, belongs))
                }))
                .collect();
            Separator::train(&examples, features)
        })
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        loop {
            let intent = next.fetch_add(1, Ordering::Relaxed);
            if intent >= intents {
                return made;
            }
            made.push((intent, train(intent)));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(8));
    let mut separators: Vec<Option<Separator>> = (0..intents).map(|_| None).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut made = work();
        for worker in workers {
            made.extend(worker.join().expect("training has no input that fails"));
        }
        for (intent, separator) in made {
            separators[intent] = separator;
        }
    });
    separators
}

fn norm(vector: &Vector) -> f32 {
    vector.iter().map(|(_, value)| value * value).sum::<f32>().sqrt()
}
