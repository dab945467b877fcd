//! From findings to a confidence: the probability that the best intent is the right one.
//!
//! A logistic regression over four signs of how well the utterance fits. It starts from coefficients that suit
//! small scenarios and moves away from them as far as the agent's own examples give reason to: some intents are
//! held out altogether (their examples stand for what the agent does not know), and of the others some examples.

use serde::{Deserialize, Serialize};

use super::model::{Candidate, Findings, Model};
use super::text::Features;

/// A constant, the best score, its lead over the second, its likeness to an example, the known share.
const SIGNS: usize = 5;
/// Where the regression starts, found on small made-up scenarios (`bench/classifier`).
const START: [f64; SIGNS] = [-4.5, 1.5, 2.0, 6.0, 2.5];
/// How many trials it takes to move the start: the precision of the prior on each coefficient.
const PRECISION: f64 = 4.0;
/// One in so many intents, and of the others' examples, is held out for a trial.
const HELD_OUT: usize = 5;
/// Trials on held-out utterances that are enough; large training sets need no more than one round.
const ENOUGH_TRIALS: usize = 1_500;
/// Utterances of unknown intents in the trials, relative to the known ones.
const SHARE_UNKNOWN: f64 = 0.3;
/// Candidate weights of the likeness; the trials choose.
const LIKENESS_WEIGHTS: [f32; 5] = [0.3, 0.0, 0.6, 1.0, 1.5];
/// How fast confidence falls with the distance from the best score.
const STEEPNESS: f32 = 5.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    coefficients: [f64; SIGNS],
    weight_of_likeness: f32,
}

/// An utterance that the model had not seen, with its right intent if the model knows it.
struct Trial {
    findings: Findings,
    right: Option<usize>,
}

impl Calibration {
    /// Measures models trained without some of the examples on just those.
    pub(crate) fn fit(examples: &[(usize, &Features)], intents: usize) -> Self {
        let trials = trials(examples, intents);
        let known: Vec<&Trial> = trials.iter().filter(|trial| trial.right.is_some()).collect();
        let right_with = |weight: f32| {
            known.iter().filter(|trial| trial.right == Some(best(&trial.findings.candidates, weight).intent)).count()
        };
        let mut weight_of_likeness = LIKENESS_WEIGHTS[0];
        for weight in &LIKENESS_WEIGHTS[1..] {
            if right_with(*weight) > right_with(weight_of_likeness) {
                weight_of_likeness = *weight;
            }
        }
        let unknown = trials.len() - known.len();
        let weight_of_unknown = (SHARE_UNKNOWN * known.len() as f64 / unknown.max(1) as f64).min(1.0);
        let observations: Vec<([f64; SIGNS], bool, f64)> = trials
            .iter()
            .map(|trial| {
                let ranked = ranked(&trial.findings.candidates, weight_of_likeness);
                let right = trial.right == Some(ranked[0].intent);
                let weight = if trial.right.is_some() { 1.0 } else { weight_of_unknown };
                (signs(&ranked, trial.findings.known), right, weight)
            })
            .collect();
        Self { coefficients: regression(&observations), weight_of_likeness }
    }

    /// The intents with their confidence, best first. The confidences add up to at most 1.
    pub(crate) fn judge(&self, findings: &Findings) -> Vec<(usize, f32)> {
        let ranked = ranked(&findings.candidates, self.weight_of_likeness);
        let signs = signs(&ranked, findings.known);
        let confidence = probability(&self.coefficients, &signs) as f32;
        let best = ranked[0].score(self.weight_of_likeness);
        let mut judged: Vec<(usize, f32)> = ranked
            .iter()
            .map(|candidate| {
                let behind = candidate.score(self.weight_of_likeness) - best;
                (candidate.intent, confidence * (STEEPNESS * behind).exp())
            })
            .collect();
        let others: f32 = judged[1..].iter().map(|(_, confidence)| confidence).sum();
        let scale = ((1.0 - confidence) / others.max(f32::MIN_POSITIVE)).min(1.0);
        judged[1..].iter_mut().for_each(|(_, confidence)| *confidence *= scale);
        judged
    }

    pub(crate) fn is_consistent(&self) -> bool {
        self.weight_of_likeness.is_finite() && self.coefficients.iter().all(|value| value.is_finite())
    }
}

fn best(candidates: &[Candidate], weight: f32) -> Candidate {
    let better = |a: Candidate, b: &Candidate| if b.score(weight) > a.score(weight) { *b } else { a };
    candidates[1..].iter().fold(candidates[0], better)
}

fn ranked(candidates: &[Candidate], weight: f32) -> Vec<Candidate> {
    let mut ranked = candidates.to_vec();
    ranked.sort_by(|a, b| b.score(weight).total_cmp(&a.score(weight)).then(a.intent.cmp(&b.intent)));
    ranked
}

fn signs(ranked: &[Candidate], known: f32) -> [f64; SIGNS] {
    let first = ranked[0];
    let lead = ranked.get(1).map_or(1.0, |second| (first.margin - second.margin).clamp(-1.0, 1.0));
    [1.0, f64::from(first.margin.clamp(-2.0, 2.0)), f64::from(lead), f64::from(first.likeness), f64::from(known)]
}

fn trials(examples: &[(usize, &Features)], intents: usize) -> Vec<Trial> {
    let mut trials = Vec::new();
    for round in 0..HELD_OUT {
        // Every fifth intent is unknown in a round, and every fifth example of each other one is new.
        let mut seen_of = vec![0_usize; intents];
        let (mut training, mut held_out) = (Vec::new(), Vec::new());
        for (intent, features) in examples {
            seen_of[*intent] += 1;
            if intent % HELD_OUT == round || (seen_of[*intent] + intent) % HELD_OUT == round {
                held_out.push((*intent, *features));
            } else {
                training.push((*intent, *features));
            }
        }
        let mut taught = vec![false; intents];
        training.iter().for_each(|(intent, _)| taught[*intent] = true);
        if taught.iter().filter(|taught| **taught).count() < 2 {
            continue;
        }
        let model = Model::fit(&training, intents);
        trials.extend(held_out.iter().filter_map(|(intent, features)| {
            Some(Trial { findings: model.find(features)?, right: taught[*intent].then_some(*intent) })
        }));
        if trials.len() >= ENOUGH_TRIALS {
            break;
        }
    }
    trials
}

fn probability(coefficients: &[f64; SIGNS], signs: &[f64; SIGNS]) -> f64 {
    let sum: f64 = coefficients.iter().zip(signs).map(|(c, s)| c * s).sum();
    1.0 / (1.0 + (-sum).exp())
}

/// The coefficients most probable given the observations and the start, by Newton's method.
fn regression(observations: &[([f64; SIGNS], bool, f64)]) -> [f64; SIGNS] {
    let mut coefficients = START;
    for _ in 0..12 {
        let mut gradient = [0.0; SIGNS];
        let mut curvature = [[0.0; SIGNS]; SIGNS];
        for i in 0..SIGNS {
            gradient[i] = PRECISION * (START[i] - coefficients[i]);
            curvature[i][i] = PRECISION;
        }
        for (signs, right, weight) in observations {
            let expected = probability(&coefficients, signs);
            let spread = weight * expected * (1.0 - expected);
            for i in 0..SIGNS {
                gradient[i] += weight * (f64::from(u8::from(*right)) - expected) * signs[i];
                for j in 0..SIGNS {
                    curvature[i][j] += spread * signs[i] * signs[j];
                }
            }
        }
        let step = solve(curvature, gradient);
        for (coefficient, step) in coefficients.iter_mut().zip(step) {
            // A full step may overshoot far from the optimum; half a dozen bounded ones do not.
            *coefficient += step.clamp(-3.0, 3.0);
        }
    }
    coefficients
}

/// Solves `matrix · x = vector` for a positive definite matrix by elimination.
fn solve(mut matrix: [[f64; SIGNS]; SIGNS], mut vector: [f64; SIGNS]) -> [f64; SIGNS] {
    for pivot in 0..SIGNS {
        let above = matrix[pivot];
        for row in pivot + 1..SIGNS {
            let factor = matrix[row][pivot] / above[pivot];
            for (value, above) in matrix[row].iter_mut().zip(above) {
                *value -= factor * above;
            }
            vector[row] -= factor * vector[pivot];
        }
    }
    for row in (0..SIGNS).rev() {
        let known: f64 = (row + 1..SIGNS).map(|column| matrix[row][column] * vector[column]).sum();
        vector[row] = (vector[row] - known) / matrix[row][row];
    }
    vector
}
