//! How a conversation is going: what its customer's messages show, and how likely it goes wrong (spec/dialai.md §12,
//! row DA-M4).
//!
//! Pure: what it was before, what was said and what the agent did give what it is now. Its cost does not depend on how
//! long the conversation is: every message lets the former ones fade, and no text is kept.

use dialogue::flow::engine::{Line, LineBody};
use language::sentiment::heard;
use model::{
    inbound::{Act, Inbound},
    mood::{Emotion, Mood, RiskLevel, Scores, Share, Strain},
    record::Author,
    transcript::{Control, TranscriptState},
};
use serde_json::Value;

use crate::record::{Part, Taken};

/// From how many thousandths of risk on it is medium, and high.
const MEDIUM: u32 = 300;
const HIGH: u32 = 600;
/// What is weaker than this has faded.
const FADED: u32 = 50;
/// What of a strain is left when it does not happen again, and what is added when it does, in thousandths.
const LEFT: u32 = 500;
const ADDED: u32 = 500;
/// How much what the customer feels can say of the risk, and how much what pleases them takes away.
const MOST_OF_FEELINGS: u32 = 800;
const MOST_RELIEF: u32 = 300;
/// What a conversation's being marked for review says, and its being reported.
const FLAGGED: u32 = 300;
const REPORTED: u32 = 600;
/// Refusals that are about no words: a bound was reached.
const BOUNDS: [&str; 3] = ["budget", "max_cost", "max_turns"];
/// What says less than this is no reason.
const NO_REASON: u32 = 100;

/// How the conversation is going after a turn.
pub(crate) fn after(before: Option<&Mood>, inbound: &Inbound, turn: u32, taken: &Taken) -> Mood {
    let fresh = Mood::default();
    let was = before.unwrap_or(&fresh);
    let mut mood = Mood { moved: false, ..*was };
    let state = taken.state.as_deref();
    let has_message = matches!(inbound.act, Act::Text | Act::LongText) && !inbound.text.trim().is_empty();
    let mut happened = Happened::of(inbound, taken);
    if has_message {
        let heard = heard(&inbound.text);
        mood.messages = was.messages.saturating_add(1);
        mood.scores = faded(&was.scores, &heard.scores, mood.messages);
        happened.repetition = heard.mark.is_some_and(|mark| mark == was.said);
        happened.person = heard.asks_for_person;
        mood.said = heard.mark.unwrap_or_default();
    }
    mood.strain = happened.strain(&was.strain, has_message);
    if state.is_some_and(|state| state.control != Control::Agent) {
        // Who asked for a person has one, or waits for one that was called.
        mood.strain.person = Share::NONE;
    }
    mood.risk = Share::of_thousandths(risk(&mood, state));
    mood.level = level(mood.risk);
    let seen = |mood: &Mood| (mood.scores, mood.strain, mood.risk);
    // In a conversation of which nothing was estimated until now, what is shown may be of long ago.
    mood.moved = seen(&mood) != seen(was) || (before.is_none() && turn > 1);
    mood
}

/// What happened in a turn that makes it likelier that the conversation goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Happened {
    failure: bool,
    misunderstanding: bool,
    refusal: bool,
    repetition: bool,
    person: bool,
}

impl Happened {
    fn of(inbound: &Inbound, taken: &Taken) -> Self {
        let notes = |kind: &'static str| {
            let of_flows = taken.parts.iter().filter_map(|part| match part {
                Part::Lines(lines, ..) => Some(lines),
                Part::Said(_) => None,
            });
            of_flows.flatten().filter(move |line| is_noted(line, kind))
        };
        // Where a flow or people took part, words were theirs to understand.
        let is_scenarios = taken.scenario.is_some() && taken.flows.is_empty();
        let said = matches!(inbound.act, Act::Text | Act::LongText);
        Self {
            // Without a budget the customer gets the fallback as when a model fails.
            failure: notes("model_failure").next().is_some()
                || notes("refusal").any(|line| guardrail(line) == "budget"),
            misunderstanding: is_scenarios && said && taken.heard.as_ref().is_none_or(|(intent, _)| no_match(intent)),
            refusal: notes("refusal").any(|line| !BOUNDS.contains(&guardrail(line))),
            repetition: false,
            person: false,
        }
    }

    /// The strains after it; those of before fade with a message.
    fn strain(self, before: &Strain, has_message: bool) -> Strain {
        let next = |before: Share, happened: bool| {
            let left = if has_message || happened { before.thousandths() * LEFT / 1_000 } else { before.thousandths() };
            let next = if happened { left + ADDED } else { left };
            if next < NO_REASON { Share::NONE } else { Share::of_thousandths(next) }
        };
        Strain {
            failure: next(before.failure, self.failure),
            misunderstanding: next(before.misunderstanding, self.misunderstanding),
            refusal: next(before.refusal, self.refusal),
            repetition: next(before.repetition, self.repetition),
            person: next(before.person, self.person),
        }
    }
}

fn is_noted(line: &Line, kind: &str) -> bool {
    line.author == Author::Platform && line.kind == kind
}

/// What refused, of a refusal.
fn guardrail(line: &Line) -> &str {
    match &line.body {
        LineBody::Json(body) => body.get("guardrail").and_then(Value::as_str).unwrap_or_default(),
        LineBody::Message(_) => "",
    }
}

/// Whether an intent is one of those that are matched where nothing else is (spec/opendialog.md §2.1.2).
fn no_match(intent: &str) -> bool {
    const NO_MATCH: &str = "nomatch";
    let Some(name) = intent.strip_prefix("intent.core.") else { return false };
    let from = name.len().saturating_sub(NO_MATCH.len());
    name.get(from..).is_some_and(|end| end.eq_ignore_ascii_case(NO_MATCH))
}

/// An exponential moving average: the first messages count alike, then each new one has two fifths of the whole.
fn faded(before: &Scores, heard: &Scores, messages: u32) -> Scores {
    let (new, whole) = match messages {
        0 | 1 => (1, 1),
        2 => (1, 2),
        _ => (2, 5),
    };
    let mut scores = Scores::default();
    for emotion in Emotion::ALL {
        let (old, heard) = (before.get(emotion).thousandths(), heard.get(emotion).thousandths());
        let share = (old * (whole - new) + heard * new) / whole;
        scores.set(emotion, Share::of_thousandths(if share < FADED { 0 } else { share }));
    }
    scores
}

/// How much an emotion says of the risk, in thousandths of its score; what pleases takes from it.
const fn weight(emotion: Emotion) -> i32 {
    match emotion {
        Emotion::Anger => 1_000,
        Emotion::Annoyance => 700,
        Emotion::Disappointment => 500,
        Emotion::Fear | Emotion::Sadness => 400,
        Emotion::Confusion => 350,
        Emotion::Remorse => 100,
        Emotion::Curiosity => 0,
        Emotion::Joy | Emotion::Gratitude | Emotion::Approval => -300,
    }
}

/// What the strains say of the risk, in thousandths, each with its reason.
fn strains(strain: &Strain) -> [(u32, &'static str); 5] {
    let part = |share: Share, weight: u32| share.thousandths() * weight / 1_000;
    [
        (part(strain.failure, 600), "The agent failed."),
        (part(strain.person, 600), "The customer asks for a person."),
        (part(strain.repetition, 500), "The customer says the same again."),
        (part(strain.misunderstanding, 400), "The agent does not understand."),
        (part(strain.refusal, 400), "A guardrail refused what was said."),
    ]
}

/// What people did, in thousandths, each with its reason.
fn marks(state: Option<&TranscriptState>) -> [(u32, &'static str); 2] {
    let (reported, flagged) = state.map_or((false, false), |state| (state.reported, state.flagged.is_some()));
    [
        (if reported { REPORTED } else { 0 }, "It was reported."),
        (if flagged { FLAGGED } else { 0 }, "It is marked for review."),
    ]
}

/// How likely a conversation goes wrong, in thousandths, by how it is going and how it stands.
fn risk(mood: &Mood, state: Option<&TranscriptState>) -> u32 {
    let (mut against, mut relief) = (0, 0);
    for (emotion, share) in mood.scores.iter() {
        let weight = weight(emotion);
        let part = share.thousandths() * weight.unsigned_abs() / 1_000;
        if weight < 0 { relief += part } else { against += part }
    }
    let feelings = against.saturating_sub(relief.min(MOST_RELIEF)).min(MOST_OF_FEELINGS);
    let strain: u32 = strains(&mood.strain).into_iter().map(|(part, _)| part).sum();
    let marked: u32 = marks(state).into_iter().map(|(part, _)| part).sum();
    (feelings + strain + marked).min(1_000)
}

const fn level(risk: Share) -> RiskLevel {
    match risk.thousandths() {
        HIGH.. => RiskLevel::High,
        MEDIUM.. => RiskLevel::Medium,
        _ => RiskLevel::Low,
    }
}

/// Why a conversation may go wrong, in words, what says most first. None where nothing says much.
pub fn reasons(mood: &Mood, state: Option<&TranscriptState>) -> Vec<String> {
    let feelings = mood.scores.iter().filter_map(|(emotion, share)| {
        let part = u32::try_from(weight(emotion)).ok()? * share.thousandths() / 1_000;
        Some((part, format!("The customer shows {}.", emotion.as_str())))
    });
    let others = strains(&mood.strain).into_iter().chain(marks(state));
    let mut all: Vec<(u32, String)> = feelings.chain(others.map(|(part, reason)| (part, reason.to_owned()))).collect();
    all.retain(|(part, _)| *part >= NO_REASON);
    all.sort_by_key(|(part, _)| std::cmp::Reverse(*part));
    all.into_iter().map(|(_, reason)| reason).collect()
}

#[cfg(test)]
mod tests;
