//! Logistic regression with a prior: a few observations move it a little, many make it forget where it started.

use serde::{Deserialize, Serialize};

/// Coefficients, the constant among them.
const SIZE: usize = 4;
/// Precision of the prior on each coefficient, in observations.
const PRECISION: f64 = 4.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Regression {
    coefficients: [f64; SIZE],
}

pub(crate) struct Observation {
    /// The first one is the constant 1.
    pub(crate) signs: [f64; SIZE],
    pub(crate) holds: bool,
    pub(crate) weight: f64,
}

impl Regression {
    /// The coefficients most probable given the observations and the start, by Newton's method.
    pub(crate) fn fit(start: [f64; SIZE], observations: &[Observation]) -> Self {
        let mut fitted = Self { coefficients: start };
        for _ in 0..12 {
            let mut gradient = [0.0; SIZE];
            let mut curvature = [[0.0; SIZE]; SIZE];
            for i in 0..SIZE {
                gradient[i] = PRECISION * (start[i] - fitted.coefficients[i]);
                curvature[i][i] = PRECISION;
            }
            for Observation { signs, holds, weight } in observations {
                let expected = fitted.probability(signs);
                let spread = weight * expected * (1.0 - expected);
                for i in 0..SIZE {
                    gradient[i] += weight * (f64::from(u8::from(*holds)) - expected) * signs[i];
                    for j in 0..SIZE {
                        curvature[i][j] += spread * signs[i] * signs[j];
                    }
                }
            }
            // A full step may overshoot far from the optimum; a dozen bounded ones do not.
            for (coefficient, step) in fitted.coefficients.iter_mut().zip(solve(curvature, gradient)) {
                *coefficient += step.clamp(-3.0, 3.0);
            }
        }
        fitted
    }

    pub(crate) fn probability(&self, signs: &[f64; SIZE]) -> f64 {
        let sum: f64 = self.coefficients.iter().zip(signs).map(|(coefficient, sign)| coefficient * sign).sum();
        1.0 / (1.0 + (-sum).exp())
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.coefficients.iter().all(|coefficient| coefficient.is_finite())
    }
}

/// Solves `matrix · x = vector` for a positive definite matrix by elimination.
fn solve(mut matrix: [[f64; SIZE]; SIZE], mut vector: [f64; SIZE]) -> [f64; SIZE] {
    for pivot in 0..SIZE {
        let above = matrix[pivot];
        for row in pivot + 1..SIZE {
            let factor = matrix[row][pivot] / above[pivot];
            for (value, above) in matrix[row].iter_mut().zip(above) {
                *value -= factor * above;
            }
            vector[row] -= factor * vector[pivot];
        }
    }
    for row in (0..SIZE).rev() {
        let known: f64 = (row + 1..SIZE).map(|column| matrix[row][column] * vector[column]).sum();
        vector[row] = (vector[row] - known) / matrix[row][row];
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(count: usize) -> Vec<Observation> {
        let observation = |number: usize| {
            let sign = (number % 10) as f64 / 10.0;
            Observation { signs: [1.0, sign, 0.0, 0.0], holds: sign > 0.45, weight: 1.0 }
        };
        (0..count).map(observation).collect()
    }

    #[test]
    fn without_observations_the_start_stays() {
        let start = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(Regression::fit(start, &[]).coefficients, start);
    }

    #[test]
    fn many_observations_outweigh_the_start() {
        let regression = Regression::fit([0.0, -5.0, 0.0, 0.0], &observations(5_000));
        assert!(regression.probability(&[1.0, 0.9, 0.0, 0.0]) > 0.95);
        assert!(regression.probability(&[1.0, 0.1, 0.0, 0.0]) < 0.05);
    }
}
