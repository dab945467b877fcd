//! By what a message is known again, without keeping it.

/// Fewest letters and digits of a message that tells anything when it is said again: a second `Yes` is no repetition.
const FEWEST: usize = 8;
/// The beginning and the step of FNV-1a with 32 bits.
const BASIS: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// A number that is the same for messages of the same letters and digits, whatever their case, marks and blanks; none
/// for one that is too short. Many texts share a number, and none is found by it.
pub(super) fn mark(text: &str, longest: usize) -> Option<u32> {
    let (mut hash, mut count) = (BASIS, 0_usize);
    for c in text.chars().take(longest).filter(|c| c.is_alphanumeric()) {
        count += 1;
        for small in c.to_lowercase() {
            for byte in u32::from(small).to_le_bytes() {
                hash = (hash ^ u32::from(byte)).wrapping_mul(PRIME);
            }
        }
    }
    // 0 stands for "none" where it is kept.
    (count >= FEWEST).then_some(hash.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_have_the_same_mark() {
        let one = mark("Where is my order?", 1_000);
        assert!(one.is_some());
        assert_eq!(one, mark("WHERE is my order!!", 1_000));
        assert_ne!(one, mark("Where is my orders", 1_000));
        assert_eq!(mark("Wo ist mein Päckchen", 1_000), mark("wo ist mein PÄCKCHEN", 1_000));
    }

    #[test]
    fn what_is_short_has_none() {
        for text in ["", "Yes", "No!", "ok ok", "1234567", "!!!!!!!!!!!!"] {
            assert_eq!(mark(text, 1_000), None, "{text}");
        }
        assert!(mark("12345678", 1_000).is_some());
    }
}
