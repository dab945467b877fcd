//! What others than the customer do to a conversation, whatever kind of agent it is with (spec/dialai.md §21.2 W4, W5).

use model::{
    Timestamp,
    inbound::Intervention,
    transcript::{Control, TranscriptState, TranscriptStatus},
};
use serde_json::json;

use super::line::Line;

/// Why an act is refused. Nothing changes then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The conversation is over.
    #[error("the conversation is over: begin a new one")]
    Closed,
    /// A person speaks only after they took over.
    #[error("nobody has taken the conversation over: take it over first")]
    NotTaken,
    /// Somebody else has it.
    #[error("somebody else has taken the conversation over: they hand it back first")]
    TakenByOther,
    /// Only the agent's conversations are transferred (row DA-L9).
    #[error("the agent does not have the conversation: hand it back first, then transfer it")]
    NotWithAgent,
    /// There is nothing to say.
    #[error("the message is empty: say something")]
    Nothing,
    /// A conversation does not go back to that.
    #[error("a conversation that is in progress or handed to a person has not ended: name how it ends")]
    NotAnEnd,
}

/// Most tags of a transcript.
const MAX_TAGS: usize = 50;

/// Changes how a transcript stands, and gives the lines that tell of it.
///
/// # Errors
/// [`Refused`]; nothing was changed then.
pub fn intervene(
    state: &mut TranscriptState,
    intervention: &Intervention,
    text: &str,
    now: Timestamp,
) -> Result<Vec<Line>, Refused> {
    // What is written about a conversation can be written after it.
    let about =
        matches!(intervention, Intervention::Tag { .. } | Intervention::Flag { .. } | Intervention::Report { .. });
    if !about && !state.status.is_open() {
        return Err(Refused::Closed);
    }
    Ok(match intervention {
        Intervention::TakeOver { operator } => {
            match (&state.control, &state.operator) {
                (Control::Operator, Some(with)) if with == operator => return Ok(Vec::new()),
                (Control::Operator, Some(_)) => return Err(Refused::TakenByOther),
                _ => {}
            }
            state.control = Control::Operator;
            state.status = TranscriptStatus::HumanHandoff;
            state.operator = Some(operator.clone());
            state.destination = Some("operator".into());
            state.destination_number = None;
            vec![Line::noted("take_over", json!({"operator": operator}))]
        }
        Intervention::Transfer { operator, contact, number } => {
            transferable(state)?;
            state.control = Control::Queued;
            state.status = TranscriptStatus::HumanHandoff;
            state.destination = Some(contact.clone());
            state.destination_number = Some(number.clone());
            let line = json!({"skills": state.skills, "destination": contact, "number": number, "operator": operator});
            vec![Line::noted("hand_off", line)]
        }
        Intervention::HandBack => {
            if state.control == Control::Agent {
                return Ok(Vec::new());
            }
            state.control = Control::Agent;
            state.status = TranscriptStatus::InProgress;
            state.skills.clear();
            state.destination = None;
            state.destination_number = None;
            vec![Line::noted("hand_back", json!({"operator": state.operator.take()}))]
        }
        Intervention::Say { operator } => {
            if state.control != Control::Operator {
                return Err(Refused::NotTaken);
            }
            if state.operator.as_ref().is_some_and(|with| with != operator) {
                return Err(Refused::TakenByOther);
            }
            if text.trim().is_empty() {
                return Err(Refused::Nothing);
            }
            vec![Line::operator(operator, text)]
        }
        Intervention::Close { status } => {
            if status.is_open() {
                return Err(Refused::NotAnEnd);
            }
            state.reported |= *status == TranscriptStatus::Reported;
            vec![close(state, *status, now)]
        }
        Intervention::Tag { tags, whole } => {
            if *whole {
                state.tags.clear();
            }
            for (name, value) in tags {
                tag(state, name, value);
            }
            vec![Line::noted("tags", json!({"tags": state.tags}))]
        }
        Intervention::Flag { reason } => {
            state.flagged.clone_from(reason);
            vec![Line::noted("flag", json!({"reason": reason}))]
        }
        Intervention::Report { reason } => {
            state.flagged = Some(reason.clone());
            state.reported = true;
            // A conversation that goes on is one to be looked at, and ends as reported.
            if !state.status.is_open() {
                state.status = TranscriptStatus::Reported;
            }
            vec![Line::noted("report", json!({"reason": reason}))]
        }
    })
}

/// Whether a conversation can be transferred: while it goes on and the agent has it (row DA-L9).
///
/// # Errors
/// [`Refused::Closed`], [`Refused::NotWithAgent`].
pub fn transferable(state: &TranscriptState) -> Result<(), Refused> {
    match (state.status, state.control) {
        (TranscriptStatus::InProgress, Control::Agent) => Ok(()),
        (status, _) if !status.is_open() => Err(Refused::Closed),
        _ => Err(Refused::NotWithAgent),
    }
}

/// Ends the conversation, and gives the line that tells of it.
pub(super) fn close(state: &mut TranscriptState, status: TranscriptStatus, now: Timestamp) -> Line {
    state.status = if state.reported { TranscriptStatus::Reported } else { status };
    state.ended_at = Some(now);
    Line::noted("status", json!({"status": state.status}))
}

/// Sets a tag; an empty value takes it away.
pub(super) fn tag(state: &mut TranscriptState, name: &str, value: &str) {
    let bounded = |text: &str| text.trim().chars().take(255).collect::<String>();
    let name = bounded(name);
    if value.trim().is_empty() {
        state.tags.remove(&name);
    } else if !name.is_empty() && (state.tags.len() < MAX_TAGS || state.tags.contains_key(&name)) {
        state.tags.insert(name, bounded(value));
    }
}
