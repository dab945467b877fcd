//! What pictures show.

use model::mood::Emotion;

/// What a sign shows, and how strongly, in thousandths.
pub(super) const fn shown(sign: char) -> Option<(Emotion, u32)> {
    Some(match sign {
        '😀' | '😃' | '😄' | '😁' | '😆' | '😂' | '🤣' | '😊' | '😍' | '🥰' | '😻' | '🎉' | '🥳' | '😘' => {
            (Emotion::Joy, 700)
        }
        '🙂' | '😉' | '☺' | '😎' | '❤' | '💚' | '💙' | '😌' => (Emotion::Joy, 400),
        '🙏' | '🤗' => (Emotion::Gratitude, 500),
        '👍' | '👌' | '👏' | '💯' | '✅' | '⭐' | '🌟' => (Emotion::Approval, 500),
        '🤔' | '🧐' => (Emotion::Curiosity, 400),
        '😕' | '🤷' | '❓' | '😵' | '🫤' => (Emotion::Confusion, 500),
        '😞' | '😔' | '👎' | '😣' | '😖' => (Emotion::Disappointment, 600),
        '🙁' | '☹' | '😢' | '😭' | '😿' | '💔' | '😥' => (Emotion::Sadness, 600),
        '😬' | '😳' => (Emotion::Remorse, 300),
        '😨' | '😱' | '😰' | '😟' | '😧' => (Emotion::Fear, 600),
        '🙄' | '😒' | '😤' | '😑' | '😩' | '😫' | '🤦' => (Emotion::Annoyance, 600),
        '😠' | '😡' | '🤬' | '👿' | '🖕' => (Emotion::Anger, 800),
        _ => return None,
    })
}
