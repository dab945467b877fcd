//! How conversations are going, as it is answered and asked for (rows DA-L2, DA-L4, DA-L5, DA-M4).

use model::{
    TenantId,
    mood::{Emotion, Mood, RiskLevel},
    transcript::TranscriptState,
};
use runtime::{environment::catalogue::SENTIMENT_ENABLED, mood::reasons};
use serde::Serialize;
use store::TranscriptFilter;
use utoipa::ToSchema;

use crate::{
    dialai::wire::{risk_name, risk_named, risk_names},
    directory::Snapshot,
    problem::Problem,
};

/// How a conversation is going.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub(super) struct TranscriptMood {
    /// How likely it goes wrong, as it is estimated: `Low`, `Medium` or `High`. Null where the tenant has nothing
    /// estimated.
    risk: Option<&'static str>,
    /// The same from 0 to 1.
    risk_score: Option<f64>,
    /// Why, what says most first.
    risk_reasons: Vec<String>,
    /// The strongest emotion of the customer; null where none shows.
    #[schema(example = "curiosity")]
    sentiment: Option<&'static str>,
    /// The emotions of the customer so far, at most three, the strongest first; none that hardly shows.
    top_sentiments: Vec<TranscriptSentiment>,
}

/// An emotion.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct TranscriptSentiment {
    /// `joy`, `gratitude`, `curiosity`, `approval`, `confusion`, `disappointment`, `sadness`, `remorse`, `fear`,
    /// `annoyance` or `anger`.
    sentiment: &'static str,
    /// How strongly it shows: more than 0.1, at most 1.
    score: f64,
}

impl TranscriptMood {
    /// Of a stored mood. Where nothing was noted, nothing stood out.
    pub(super) fn of(mood: Option<&Mood>, state: Option<&TranscriptState>) -> Self {
        let calm = Mood::default();
        let mood = mood.unwrap_or(&calm);
        let shown = mood.scores.shown().into_iter();
        Self {
            risk: Some(risk_name(mood.level)),
            risk_score: Some(mood.risk.as_f64()),
            risk_reasons: reasons(mood, state),
            sentiment: mood.scores.strongest().map(Emotion::as_str),
            top_sentiments: shown
                .map(|(emotion, share)| TranscriptSentiment { sentiment: emotion.as_str(), score: share.as_f64() })
                .collect(),
        }
    }
}

/// Whether it is estimated how a tenant's conversations are going.
pub(super) fn is_estimated(known: &Snapshot, tenant: &TenantId) -> bool {
    known.tenant(tenant.as_str()).is_some_and(|known| !known.environment.is_off(SENTIMENT_ENABLED))
}

/// Refuses to look for what is not estimated.
pub(super) fn check_estimated(known: &Snapshot, tenant: &TenantId, filter: &TranscriptFilter) -> Result<(), Problem> {
    let asked = [("risk", filter.risks.is_empty()), ("sentiment", filter.sentiments.is_empty())];
    match asked.into_iter().find(|(_, none)| !none) {
        Some((field, _)) if !is_estimated(known, tenant) => {
            let remedy = format!("Set the environment value `{SENTIMENT_ENABLED}` to true, or leave it out.");
            Err(Problem::invalid(field, "This tenant has nothing estimated.", remedy))
        }
        _ => Ok(()),
    }
}

/// Levels of risk by their names.
pub(super) fn checked_risks(names: &[&str]) -> Result<Vec<RiskLevel>, Problem> {
    let named = |name: &&str| {
        risk_named(name.trim()).ok_or_else(|| {
            let remedy = format!("Send some of {}.", risk_names());
            Problem::invalid("risk", format!("There is no risk `{name}`."), remedy)
        })
    };
    names.iter().map(named).collect()
}

/// Emotions by their names.
pub(super) fn checked_sentiments(names: &[&str]) -> Result<Vec<Emotion>, Problem> {
    let named = |name: &&str| {
        Emotion::named(name.trim()).ok_or_else(|| {
            let remedy = format!("Send some of {}.", Emotion::ALL.map(Emotion::as_str).join(", "));
            Problem::invalid("sentiment", format!("There is no sentiment `{name}`."), remedy)
        })
    };
    names.iter().map(named).collect()
}

/// Who began a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The customer.
    Inbound,
    /// The agent.
    Outbound,
}

impl Direction {
    /// Its name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "Inbound",
            Self::Outbound => "Outbound",
        }
    }

    /// Reads one that is asked for.
    pub(super) fn checked(name: Option<&str>) -> Result<Option<Self>, Problem> {
        let Some(name) = name else { return Ok(None) };
        let named = [Self::Inbound, Self::Outbound].into_iter().find(|direction| direction.as_str() == name);
        let unknown = || {
            let remedy = "Send `Inbound` or `Outbound`.";
            Problem::invalid("direction", format!("There is no direction `{name}`."), remedy)
        };
        named.map(Some).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use model::mood::{Scores, Share};

    use super::*;

    #[test]
    fn da_l05_at_most_three_emotions_are_answered_and_none_that_hardly_shows() {
        let mut scores = Scores::default();
        for (emotion, thousandths) in [
            (Emotion::Curiosity, 101),
            (Emotion::Remorse, 450),
            (Emotion::Sadness, 900),
            (Emotion::Anger, 102),
            (Emotion::Joy, 100),
        ] {
            scores.set(emotion, Share::of_thousandths(thousandths));
        }
        let answered = TranscriptMood::of(Some(&Mood { scores, ..Mood::default() }), None);
        let names: Vec<_> = answered.top_sentiments.iter().map(|one| (one.sentiment, one.score)).collect();
        assert_eq!(names, [("sadness", 0.9), ("remorse", 0.45), ("anger", 0.102)]);
        assert_eq!(answered.sentiment, Some("sadness"));
    }

    #[test]
    fn da_m04_where_nothing_is_noted_nothing_stood_out() {
        let calm = TranscriptMood::of(None, None);
        assert_eq!((calm.risk, calm.risk_score, calm.sentiment), (Some("Low"), Some(0.0), None));
        assert!(calm.risk_reasons.is_empty() && calm.top_sentiments.is_empty());
    }

    #[test]
    fn da_l04_names_are_checked() {
        assert_eq!(checked_risks(&["High", " Low"]).ok(), Some(vec![RiskLevel::High, RiskLevel::Low]));
        assert_eq!(checked_sentiments(&["anger"]).ok(), Some(vec![Emotion::Anger]));
        assert!(checked_risks(&["high"]).is_err() && checked_risks(&[""]).is_err());
        assert!(checked_sentiments(&["rage"]).is_err());
        assert_eq!(Direction::checked(Some("Outbound")).ok(), Some(Some(Direction::Outbound)));
        assert_eq!(Direction::checked(None).ok(), Some(None));
        assert!(Direction::checked(Some("inbound")).is_err());
    }
}
