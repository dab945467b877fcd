//! How a conversation is going, as it is estimated from what its customer says and from how the agent fares
//! (spec/dialai.md §12, §17). Numbers and names only: no word of what was said is here.

use std::{cmp::Reverse, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// An emotion that a text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emotion {
    /// Being glad.
    Joy,
    /// Being thankful.
    Gratitude,
    /// Wanting to know.
    Curiosity,
    /// Finding something good.
    Approval,
    /// Not understanding.
    Confusion,
    /// Having expected better.
    Disappointment,
    /// Being sad.
    Sadness,
    /// Being sorry.
    Remorse,
    /// Being afraid or worried.
    Fear,
    /// Being annoyed.
    Annoyance,
    /// Being angry.
    Anger,
}

impl Emotion {
    /// All of them, in the order in which equal ones are told.
    pub const ALL: [Self; 11] = [
        Self::Joy,
        Self::Gratitude,
        Self::Curiosity,
        Self::Approval,
        Self::Confusion,
        Self::Disappointment,
        Self::Sadness,
        Self::Remorse,
        Self::Fear,
        Self::Annoyance,
        Self::Anger,
    ];

    /// Its name, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joy => "joy",
            Self::Gratitude => "gratitude",
            Self::Curiosity => "curiosity",
            Self::Approval => "approval",
            Self::Confusion => "confusion",
            Self::Disappointment => "disappointment",
            Self::Sadness => "sadness",
            Self::Remorse => "remorse",
            Self::Fear => "fear",
            Self::Annoyance => "annoyance",
            Self::Anger => "anger",
        }
    }

    /// The emotion of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|emotion| emotion.as_str() == name)
    }
}

/// A part of one, from 0 to 1, in thousandths: what is recorded is read back as the same number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct Share(u16);

impl Share {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// So many thousandths; the whole where they are more than thousand.
    pub const fn of_thousandths(thousandths: u32) -> Self {
        if thousandths < 1_000 { Self(thousandths as u16) } else { Self(1_000) }
    }

    /// In thousandths.
    pub const fn thousandths(self) -> u32 {
        self.0 as u32
    }

    /// From 0 to 1.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1_000.0
    }
}

impl From<u16> for Share {
    fn from(thousandths: u16) -> Self {
        Self::of_thousandths(thousandths.into())
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// How strongly each emotion shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scores([Share; Emotion::ALL.len()]);

impl Scores {
    /// Most emotions that are shown (row DA-L5).
    pub const MOST_SHOWN: usize = 3;
    /// What is not stronger than this is never shown (row DA-L5).
    pub const NOT_SHOWN: Share = Share(100);

    /// How strongly one shows.
    pub const fn get(&self, emotion: Emotion) -> Share {
        self.0[emotion as usize]
    }

    /// Says how strongly one shows.
    pub const fn set(&mut self, emotion: Emotion, share: Share) {
        self.0[emotion as usize] = share;
    }

    /// Those that show at all, in the order of [`Emotion::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Emotion, Share)> {
        Emotion::ALL.into_iter().zip(self.0).filter(|(_, share)| *share > Share::NONE)
    }

    /// Whether none shows.
    pub fn is_none(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Those that show at all, the strongest first.
    pub fn sorted(&self) -> Vec<(Emotion, Share)> {
        let mut all: Vec<(Emotion, Share)> = self.iter().collect();
        all.sort_by_key(|(_, share)| Reverse(*share));
        all
    }

    /// What people are shown: the strongest three, without what is hardly there (row DA-L5).
    pub fn shown(&self) -> Vec<(Emotion, Share)> {
        let mut shown = self.sorted();
        shown.retain(|(_, share)| *share > Self::NOT_SHOWN);
        shown.truncate(Self::MOST_SHOWN);
        shown
    }

    /// The strongest of what people are shown.
    pub fn strongest(&self) -> Option<Emotion> {
        // Of equal ones the first is told, as in `shown`.
        let strongest = self.iter().min_by_key(|(_, share)| Reverse(*share));
        strongest.filter(|(_, share)| *share > Self::NOT_SHOWN).map(|(emotion, _)| emotion)
    }
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByName;

        impl<'de> Visitor<'de> for ByName {
            type Value = Scores;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("thousandths by emotion")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Scores, M::Error> {
                let mut scores = Scores::default();
                while let Some((emotion, share)) = map.next_entry()? {
                    scores.set(emotion, share);
                }
                Ok(scores)
            }
        }

        deserializer.deserialize_map(ByName)
    }
}

/// What goes wrong beside what the customer feels: each rises when it happens and falls with every message in which it
/// does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Strain {
    /// The agent failed: its model did, or it is broken.
    #[serde(skip_serializing_if = "is_nothing")]
    pub failure: Share,
    /// The agent did not understand.
    #[serde(skip_serializing_if = "is_nothing")]
    pub misunderstanding: Share,
    /// A guardrail refused something.
    #[serde(skip_serializing_if = "is_nothing")]
    pub refusal: Share,
    /// The customer says the same again.
    #[serde(skip_serializing_if = "is_nothing")]
    pub repetition: Share,
    /// The customer asks for a person, and none has come.
    #[serde(skip_serializing_if = "is_nothing")]
    pub person: Share,
}

/// How likely it is that a conversation goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Nothing stands out.
    #[default]
    Low,
    /// Worth a look.
    Medium,
    /// Somebody should step in.
    High,
}

impl RiskLevel {
    /// All of them, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];
}

/// How a conversation is going after a turn, whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mood {
    /// How many messages of the customer were read.
    #[serde(skip_serializing_if = "is_nothing")]
    pub messages: u32,
    /// What they show, the latest counting most.
    #[serde(skip_serializing_if = "Scores::is_none")]
    pub scores: Scores,
    /// What goes wrong.
    #[serde(skip_serializing_if = "is_nothing")]
    pub strain: Strain,
    /// How likely it goes wrong.
    #[serde(skip_serializing_if = "is_nothing")]
    pub risk: Share,
    /// The same as a level.
    #[serde(skip_serializing_if = "is_nothing")]
    pub level: RiskLevel,
    /// By what the latest message is known again: a number that many texts share; 0 where it is too short to tell.
    #[serde(skip_serializing_if = "is_nothing")]
    pub said: u32,
    /// Whether the turn changed what people are shown of it.
    #[serde(skip_serializing_if = "is_nothing")]
    pub moved: bool,
}

fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(all: &[(Emotion, u32)]) -> Scores {
        let mut scores = Scores::default();
        for (emotion, thousandths) in all {
            scores.set(*emotion, Share::of_thousandths(*thousandths));
        }
        scores
    }

    #[test]
    fn da_l05_at_most_three_are_shown_and_none_that_is_hardly_there() {
        let all = scores(&[
            (Emotion::Joy, 100),
            (Emotion::Curiosity, 101),
            (Emotion::Sadness, 500),
            (Emotion::Remorse, 500),
            (Emotion::Anger, 900),
        ]);
        let shown: Vec<Emotion> = all.shown().into_iter().map(|(emotion, _)| emotion).collect();
        assert_eq!(shown, [Emotion::Anger, Emotion::Sadness, Emotion::Remorse]);
        assert_eq!(all.strongest(), Some(Emotion::Anger));
        let few = scores(&[(Emotion::Joy, 100), (Emotion::Curiosity, 101)]);
        assert_eq!(few.shown(), [(Emotion::Curiosity, Share::of_thousandths(101))]);
        let hardly = scores(&[(Emotion::Joy, 100)]);
        assert!(hardly.shown().is_empty() && hardly.strongest().is_none() && !hardly.is_none());
    }

    #[test]
    fn the_strongest_is_the_first_that_is_shown() {
        let equal = scores(&[(Emotion::Sadness, 400), (Emotion::Fear, 400)]);
        assert_eq!(equal.strongest(), equal.shown().first().map(|(emotion, _)| *emotion));
    }

    #[test]
    fn a_mood_is_read_as_it_is_written_and_a_calm_one_is_short() {
        let mood = Mood {
            messages: 3,
            scores: scores(&[(Emotion::Anger, 450), (Emotion::Joy, 7)]),
            strain: Strain { person: Share::of_thousandths(500), ..Strain::default() },
            risk: Share::of_thousandths(612),
            level: RiskLevel::High,
            said: 7,
            moved: true,
        };
        let json = serde_json::to_string(&mood).expect("JSON");
        assert_eq!(
            json,
            r#"{"messages":3,"scores":{"joy":7,"anger":450},"strain":{"person":500},"risk":612,"level":"high","said":7,"moved":true}"#
        );
        assert_eq!(serde_json::from_str::<Mood>(&json).expect("a mood"), mood);
        assert_eq!(serde_json::to_string(&Mood::default()).expect("JSON"), "{}");
        assert_eq!(serde_json::from_str::<Mood>("{}").expect("a mood"), Mood::default());
    }

    #[test]
    fn no_share_is_more_than_the_whole() {
        assert_eq!(Share::of_thousandths(5_000).thousandths(), 1_000);
        let read: Scores = serde_json::from_str(r#"{"anger":60000}"#).expect("scores");
        assert_eq!(read.get(Emotion::Anger).thousandths(), 1_000);
        assert!((Share::of_thousandths(450).as_f64() - 0.45).abs() < f64::EPSILON);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for emotion in Emotion::ALL {
            assert_eq!(Emotion::named(emotion.as_str()), Some(emotion));
            assert_eq!(serde_json::to_value(emotion).expect("JSON"), emotion.as_str());
        }
        assert_eq!(Emotion::named("Joy"), None);
    }
}
