//! From findings to a confidence: the probability that the best intent is the right one.
//!
//! It is the product of two: that the utterance is one of those the agent knows, and that the best intent is then
//! the right one. Each is a logistic regression over signs of how well the utterance fits. They start from
//! coefficients that suit small scenarios and move away from them as far as the agent's own examples give reason to:
//! models trained without some of the examples are tried on these. What an agent does not know is
//! represented by intents that were held out altogether, and by utterances whose telling words are replaced.

use serde::{Deserialize, Serialize};

use super::model::{Candidate, Findings, Model};
use super::regression::{Observation, Regression};
use super::text::Features;

/// Where the two regressions start, found on small made-up scenarios.
const START_KNOWN: [f64; 4] = [-3.5, 2.0, 4.0, 4.5];
const START_RIGHT: [f64; 4] = [0.0, 1.0, 3.0, 2.5];
/// One in so many intents, and of the others' examples, is held out for a trial.
const HELD_OUT: usize = 10;
/// Trials that are enough; large training sets need no more than one round.
const ENOUGH_TRIALS: usize = 2_000;
/// Utterances of either kind of unknown in the trials, relative to the known ones.
const SHARE_UNKNOWN: f64 = 0.15;
/// Candidate weights of the likeness; the trials choose.
const LIKENESS_WEIGHTS: [f32; 5] = [0.3, 0.0, 0.6, 1.0, 1.5];
/// How fast confidence falls with the distance from the best score.
const STEEPNESS: f32 = 5.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    known: Regression,
    right: Regression,
    weight_of_likeness: f32,
}

/// An example with what is needed to try it.
#[derive(Clone, Copy)]
pub(crate) struct Example<'e> {
    pub(crate) intent: usize,
    pub(crate) features: &'e Features,
    pub(crate) text: &'e str,
}

/// An utterance that the model had not seen.
struct Trial {
    findings: Findings,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Known { intent: usize },
    UnknownIntent,
    UnknownWords,
}

impl Calibration {
    /// Measures models trained without some of the examples on just those.
    pub(crate) fn fit(examples: &[Example<'_>], intents: usize) -> Self {
        let trials = trials(examples, intents);
        let right_with = |weight: f32| trials.iter().filter(|trial| trial.is_right(weight)).count();
        let mut weight_of_likeness = LIKENESS_WEIGHTS[0];
        for weight in &LIKENESS_WEIGHTS[1..] {
            if right_with(*weight) > right_with(weight_of_likeness) {
                weight_of_likeness = *weight;
            }
        }
        let count = |is: fn(Kind) -> bool| trials.iter().filter(|trial| is(trial.kind)).count().max(1) as f64;
        let all_known = count(|kind| matches!(kind, Kind::Known { .. }));
        let share = |all: f64| (SHARE_UNKNOWN * all_known / all).min(1.0);
        let unknown_intent = share(count(|kind| kind == Kind::UnknownIntent));
        let unknown_words = share(count(|kind| kind == Kind::UnknownWords));
        let (mut known, mut right) = (Vec::new(), Vec::new());
        for trial in &trials {
            let signs = Signs::of(&ranked(&trial.findings.candidates, weight_of_likeness), trial.findings.known);
            let (holds, weight) = match trial.kind {
                Kind::Known { .. } => (true, 1.0),
                Kind::UnknownIntent => (false, unknown_intent),
                Kind::UnknownWords => (false, unknown_words),
            };
            known.push(Observation { signs: signs.of_knowing(), holds, weight });
            if holds {
                let holds = trial.is_right(weight_of_likeness);
                right.push(Observation { signs: signs.of_being_right(), holds, weight: 1.0 });
            }
        }
        Self {
            known: Regression::fit(START_KNOWN, &known),
            right: Regression::fit(START_RIGHT, &right),
            weight_of_likeness,
        }
    }

    /// The intents with their confidence, best first. The confidences add up to at most 1.
    pub(crate) fn judge(&self, findings: &Findings) -> Vec<(usize, f32)> {
        let ranked = ranked(&findings.candidates, self.weight_of_likeness);
        let signs = Signs::of(&ranked, findings.known);
        let known = self.known.probability(&signs.of_knowing());
        let confidence = (known * self.right.probability(&signs.of_being_right())) as f32;
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
        self.weight_of_likeness.is_finite() && self.known.is_finite() && self.right.is_finite()
    }
}

impl Trial {
    fn is_right(&self, weight_of_likeness: f32) -> bool {
        let best = best(&self.findings.candidates, weight_of_likeness);
        self.kind == Kind::Known { intent: best.intent }
    }
}

/// How well an utterance fits.
struct Signs {
    margin: f64,
    /// Of the best intent's margin over the second best's.
    lead: f64,
    likeness: f64,
    /// Share of the utterance's weight on features seen in training.
    familiar: f64,
}

impl Signs {
    fn of(ranked: &[Candidate], familiar: f32) -> Self {
        let first = ranked[0];
        let lead = ranked.get(1).map_or(1.0, |second| (first.margin - second.margin).clamp(-1.0, 1.0));
        Self {
            margin: first.margin.clamp(-2.0, 2.0).into(),
            lead: lead.into(),
            likeness: first.likeness.into(),
            familiar: familiar.into(),
        }
    }

    fn of_knowing(&self) -> [f64; 4] {
        [1.0, self.margin, self.likeness, self.familiar]
    }

    fn of_being_right(&self) -> [f64; 4] {
        [1.0, self.margin, self.lead, self.likeness]
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

fn trials(examples: &[Example<'_>], intents: usize) -> Vec<Trial> {
    let mut trials = Vec::new();
    for round in 0..HELD_OUT {
        // Every tenth intent is unknown in a round, and every tenth example of each other one is new.
        let mut seen_of = vec![0_usize; intents];
        let (held_out, training): (Vec<Example<'_>>, Vec<Example<'_>>) = examples.iter().partition(|example| {
            let intent = example.intent;
            seen_of[intent] += 1;
            intent % HELD_OUT == round || (seen_of[intent] + intent) % HELD_OUT == round
        });
        let mut taught = vec![false; intents];
        training.iter().for_each(|example| taught[example.intent] = true);
        if taught.iter().filter(|taught| **taught).count() < 2 {
            continue;
        }
        let training: Vec<(usize, &Features)> = training.iter().map(|e| (e.intent, e.features)).collect();
        let model = Model::fit(&training, intents);
        for Example { intent, features, text } in held_out {
            let kind = if taught[intent] { Kind::Known { intent } } else { Kind::UnknownIntent };
            trials.extend(model.find(features).map(|findings| Trial { findings, kind }));
            if taught[intent] {
                let strange = Features::with_strange_words(text, |word| model.rarity(word));
                let kind = Kind::UnknownWords;
                trials.extend(model.find(&strange).map(|findings| Trial { findings, kind }));
            }
        }
        if trials.len() >= ENOUGH_TRIALS {
            break;
        }
    }
    trials
}
