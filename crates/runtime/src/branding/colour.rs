//! Colours as numbers, and whether one can be read on another (WCAG 2.2 §1.4.3).

/// What text must differ from its ground by, at least (WCAG 2.2 §1.4.3, level AA).
const READABLE: f64 = 4.5;

/// Text on a light ground.
const BLACK: &str = "#000000";
/// Text on a dark ground.
const WHITE: &str = "#ffffff";

/// A colour of the screen: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Reads `#rrggbb`.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let mut parts = [0; 3];
        hex::decode_to_slice(digits, &mut parts).ok()?;
        Some(Self(parts))
    }

    /// How bright it is, from 0 to 1: relative luminance (WCAG 2.2, definitions).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast of two colours, from 1 (the same) to 21 (black and white).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Whether text of this colour can be read on a ground.
    pub fn reads_on(self, ground: Self) -> bool {
        self.contrast(ground) >= READABLE
    }

    /// The text that can be read on it, as `#rrggbb`. One of black and white always differs by 4.58 or more.
    pub fn ink(self) -> &'static str {
        let (black, white) = (Self([0; 3]), Self([255; 3]));
        if self.contrast(white) >= self.contrast(black) { WHITE } else { BLACK }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::read(text).expect("a colour")
    }

    #[test]
    fn da_d03_contrast_is_as_wcag_computes_it() {
        assert!((colour("#000000").contrast(colour("#ffffff")) - 21.0).abs() < 0.001);
        assert!((colour("#123456").contrast(colour("#123456")) - 1.0).abs() < 0.001);
        // The lightest grey that is still read on white, and the one after it.
        assert!(colour("#767676").reads_on(colour("#ffffff")));
        assert!(!colour("#777777").reads_on(colour("#ffffff")));
        for wrong in ["", "#", "red", "#fff", "#gggggg", "1f5fbf", "#1f5fbf0"] {
            assert_eq!(Colour::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn da_d03_there_is_ink_for_every_colour() {
        assert_eq!((colour("#1f5fbf").ink(), colour("#ffd400").ink()), (WHITE, BLACK));
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let ground = Colour([red, green, blue]);
                    assert!(colour(ground.ink()).reads_on(ground), "{ground:?}");
                }
            }
        }
    }
}
