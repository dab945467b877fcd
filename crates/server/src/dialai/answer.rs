//! What is answered to a message: JSON, or server-sent events where the caller's `Accept` asks for them (§21.2 W2).
//!
//! Events: `delta` while the agent speaks; once the turn is durable `functionCall`, `functionResult` and `stateChange`
//! for people of the tenant, `message` and `status` for everybody; `done` with what JSON would have been. What is
//! refused before the first word is an answer with its own status; after it, it is the event `error`.

use std::{convert::Infallible, pin::Pin};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use model::transcript::TranscriptStatus;
use runtime::{Live, TurnAnswer, TurnError};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use utoipa::ToSchema;

use super::wire::{WebchatMessage, status_name};
use crate::{app::text, live, problem::Problem, sse};

/// Events that wait for a slow reader.
const AHEAD: usize = 64;

/// What a turn came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebchatTurn {
    transcript_id: String,
    /// How the conversation stands.
    #[schema(example = "InProgress")]
    status: &'static str,
    /// What the agent says; nothing while a person has the conversation.
    messages: Vec<WebchatMessage>,
    /// What the agent is called; with the first answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_name: Option<String>,
}

impl WebchatTurn {
    pub(crate) fn of(answer: &TurnAnswer, public_name: Option<String>) -> Self {
        let status = answer.state.as_ref().map_or(TranscriptStatus::InProgress, |state| state.status);
        let messages = if answer.state.is_some() {
            let said = answer.entries.iter().filter_map(WebchatMessage::of);
            said.filter(|message| message.role != "user").collect()
        } else {
            let at = answer.at.to_string();
            let id = |nth: usize| format!("{}-{}-{nth}", answer.transcript, answer.turn);
            let said = answer.messages.iter().enumerate();
            said.filter_map(|(nth, message)| WebchatMessage::of_message(id(nth), message, at.clone())).collect()
        };
        Self { transcript_id: answer.transcript.to_string(), status: status_name(status), messages, public_name }
    }
}

/// A turn that is being taken.
pub(super) type Turning = Pin<Box<dyn Future<Output = Result<TurnAnswer, TurnError>> + Send>>;

/// How it is answered.
pub(super) struct Shape {
    pub(super) status: StatusCode,
    pub(super) public_name: Option<String>,
    /// Whether functions and states are told.
    pub(super) for_people: bool,
}

/// Whether a caller asks for events.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    let accept = text(headers, header::ACCEPT.as_str()).unwrap_or_default();
    accept
        .split(',')
        .any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(sse::MEDIA_TYPE))
}

/// Answers with a turn; as events where `deltas` says what is said meanwhile.
pub(super) async fn answer(
    turn: Turning,
    deltas: Option<UnboundedReceiver<Live>>,
    shape: Shape,
) -> Result<Response, Problem> {
    match deltas {
        Some(deltas) => as_events(turn, deltas, shape).await,
        None => {
            let answer = turn.await?;
            Ok((shape.status, axum::Json(WebchatTurn::of(&answer, shape.public_name))).into_response())
        }
    }
}

/// What there is first.
enum First {
    Word(Live),
    Whole(TurnAnswer),
}

async fn as_events(mut turn: Turning, mut deltas: UnboundedReceiver<Live>, shape: Shape) -> Result<Response, Problem> {
    let first = tokio::select! {
        biased;
        Some(word) = deltas.recv() => First::Word(word),
        answer = &mut turn => First::Whole(answer?),
    };
    let status = shape.status;
    let (frames, ready) = mpsc::channel(AHEAD);
    // When the reader goes away this ends; the turn does not.
    tokio::spawn(tell(turn, deltas, first, shape, frames));
    let frames = stream::unfold(ready, |mut ready: mpsc::Receiver<Bytes>| async move {
        let frame = ready.recv().await?;
        Some((Ok::<_, Infallible>(frame), ready))
    });
    let mut response = sse::response(Body::from_stream(frames));
    *response.status_mut() = status;
    Ok(response)
}

/// Tells a turn to the end; none when nobody reads any more.
async fn tell(
    mut turn: Turning,
    mut deltas: UnboundedReceiver<Live>,
    first: First,
    shape: Shape,
    frames: mpsc::Sender<Bytes>,
) -> Option<()> {
    let answer = match first {
        First::Whole(answer) => Ok(answer),
        First::Word(word) => {
            frames.send(delta(&word)).await.ok()?;
            loop {
                tokio::select! {
                    biased;
                    Some(word) = deltas.recv() => frames.send(delta(&word)).await.ok()?,
                    answer = &mut turn => break answer,
                }
            }
        }
    };
    while let Ok(word) = deltas.try_recv() {
        frames.send(delta(&word)).await.ok()?;
    }
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return frames.send(sse::frame("error", None, &Problem::from(error))).await.ok(),
    };
    let whole = WebchatTurn::of(&answer, shape.public_name);
    if shape.for_people {
        for entry in &answer.entries {
            for event in live::of_entry(answer.transcript, Some(answer.turn), entry) {
                if event.name != "message" || event.data["role"] != "user" {
                    frames.send(sse::frame(event.name, None, &event.data)).await.ok()?;
                }
            }
        }
    }
    if !shape.for_people || answer.state.is_none() {
        for message in &whole.messages {
            frames.send(sse::frame("message", None, message)).await.ok()?;
        }
    }
    let status = json!({ "transcriptId": whole.transcript_id, "status": whole.status });
    frames.send(sse::frame("status", None, &status)).await.ok()?;
    frames.send(sse::frame("done", None, &whole)).await.ok()
}

fn delta(word: &Live) -> Bytes {
    let Live::Delta { entry, text } = word;
    sse::frame("delta", None, &json!({ "id": entry, "content": text }))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn events_are_for_those_who_ask_for_them() {
        let wants = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            wants_events(&headers)
        };
        assert!(wants("text/event-stream") && wants("application/json;q=0.1, Text/Event-Stream; q=1"));
        assert!(!wants("*/*") && !wants("application/json") && !wants("text/event-streams"));
        assert!(!wants_events(&HeaderMap::new()));
    }
}
