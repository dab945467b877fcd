//! Which variant of an endpoint a conversation gets (row DA-C6).

use model::AgentId;
use serde::{Deserialize, Serialize};

/// What answers, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// The flow.
    pub flow: AgentId,
    /// Its published version; none follows the draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Its part of the sum of all weights.
    pub weight: u32,
}

/// The variant that a seed deals, in proportion to the weights: the id of a transcript, whatever its bits mean. There
/// must be a variant. The same seed is dealt the same.
pub fn choose(variants: &[Variant], seed: u128) -> &Variant {
    let total: u64 = variants.iter().map(|variant| u64::from(variant.weight)).sum();
    let mut left = mixed(seed) % total.max(1);
    for variant in variants {
        match left.checked_sub(u64::from(variant.weight)) {
            Some(rest) => left = rest,
            None => return variant,
        }
    }
    variants.last().expect("an endpoint has a variant")
}

/// 64 bits that each depend on all of the seed's: ids made at the same time share half of theirs.
fn mixed(seed: u128) -> u64 {
    let folded = (seed >> 64) as u64 ^ (seed as u64).rotate_left(32);
    let mut z = folded.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn variants(weights: &[u32]) -> Vec<Variant> {
        let variant = |weight: &u32| Variant { flow: AgentId(Uuid::now_v7()), version: None, weight: *weight };
        weights.iter().map(variant).collect()
    }

    #[test]
    fn da_c06_conversations_are_split_in_proportion_to_the_weights() {
        for (weights, seed) in [([30, 70], 1_u128), ([70, 30], 1 << 64), ([0, 5], 3), ([1, 1], 7)] {
            let variants = variants(&weights);
            // Consecutive, random and far apart: none of it is noticed.
            let seeds =
                (0..10_000_u128).map(|at| seed.wrapping_mul(at)).chain((0..10_000).map(|_| Uuid::now_v7().as_u128()));
            let first = seeds.filter(|seed| std::ptr::eq(choose(&variants, *seed), &variants[0])).count();
            let expected = 20_000.0 * f64::from(weights[0]) / f64::from(weights[0] + weights[1]);
            assert!((first as f64 - expected).abs() <= 400.0, "{weights:?}: {first}");
        }
    }

    #[test]
    fn da_c06_the_same_conversation_is_dealt_the_same() {
        let variants = variants(&[1, 2, 3]);
        for seed in [0, 1, u128::MAX] {
            assert_eq!(choose(&variants, seed), choose(&variants, seed));
        }
        let one = self::variants(&[100]);
        assert_eq!(choose(&one, 42), &one[0]);
    }
}
