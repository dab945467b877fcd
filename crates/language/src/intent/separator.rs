//! A linear support vector machine for one intent against all others.
//!
//! Solves `min ½‖w‖² + C Σ max(0, 1 − yᵢ w·xᵢ)²` in its dual, one coordinate at a time (Hsieh et al., "A dual
//! coordinate descent method for large-scale linear SVM", ICML 2008), with shrinking. The bias is the weight of a
//! constant feature. The order of visits comes from a fixed seed: the same examples give the same weights.

use super::vocabulary::Vector;

/// Cost of an example on the wrong side of its margin.
const COST: f64 = 1.0;
const MAX_ROUNDS: usize = 12;
const TOLERANCE: f64 = 0.1;
/// Weights below this change no decision; dropping them makes the model several times smaller.
const NEGLIGIBLE: f32 = 5e-4;

/// What tells one intent from the others: `weights · x + bias` is above 0 for its utterances.
pub(crate) struct Separator {
    pub(crate) weights: Vector,
    pub(crate) bias: f32,
}

impl Separator {
    /// `examples` with for each whether it belongs to the intent.
    pub(crate) fn train(examples: &[(&Vector, bool)], features: usize) -> Self {
        let mut weights = vec![0.0_f32; features];
        let mut bias = 0.0_f64;
        let diagonal = 0.5 / COST;
        let curvature: Vec<f64> = examples
            .iter()
            .map(|(x, _)| x.iter().map(|(_, v)| f64::from(*v) * f64::from(*v)).sum::<f64>() + 1.0 + diagonal)
            .collect();
        let mut multipliers = vec![0.0_f64; examples.len()];
        let mut active: Vec<u32> = (0..examples.len() as u32).collect();
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let mut shrink_above = f64::INFINITY;
        for _ in 0..MAX_ROUNDS {
            random.shuffle(&mut active);
            let (mut highest, mut lowest) = (f64::NEG_INFINITY, f64::INFINITY);
            active.retain(|example| {
                let example = *example as usize;
                let (x, belongs) = examples[example];
                let sign = if belongs { 1.0 } else { -1.0 };
                let multiplier = multipliers[example];
                let margin = f64::from(dot(x, &weights)) + bias;
                let gradient = sign * margin - 1.0 + diagonal * multiplier;
                if multiplier == 0.0 && gradient > shrink_above {
                    return false;
                }
                let projected = if multiplier == 0.0 { gradient.min(0.0) } else { gradient };
                highest = highest.max(projected);
                lowest = lowest.min(projected);
                if projected.abs() > 1e-12 {
                    let moved = (multiplier - gradient / curvature[example]).max(0.0);
                    let step = (moved - multiplier) * sign;
                    multipliers[example] = moved;
                    bias += step;
                    let step = step as f32;
                    for (feature, value) in x {
                        weights[*feature as usize] += step * value;
                    }
                }
                true
            });
            if highest - lowest <= TOLERANCE {
                if active.len() == examples.len() {
                    break;
                }
                // Converged on what is left: look at everything once more.
                active = (0..examples.len() as u32).collect();
                shrink_above = f64::INFINITY;
            } else {
                shrink_above = if highest > 0.0 { highest } else { f64::INFINITY };
            }
        }
        let weights = weights.iter().zip(0..).filter(|(w, _)| w.abs() > NEGLIGIBLE).map(|(w, i)| (i, *w)).collect();
        Self { weights, bias: bias as f32 }
    }
}

fn dot(x: &Vector, weights: &[f32]) -> f32 {
    x.iter().map(|(feature, value)| weights[*feature as usize] * value).sum()
}

/// xorshift64*, enough to visit examples in an order without pattern.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        ((value * limit as u64) >> 32) as usize
    }

    fn shuffle(&mut self, items: &mut [u32]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
