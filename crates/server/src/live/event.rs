//! What a record of the log tells those who follow: messages, calls of functions, states, how it stands and how it is
//! going.

use model::{
    TranscriptId,
    mood::{Emotion, Mood},
    record::{Author, Entry, Record, TurnRecord},
    transcript::{TranscriptState, TranscriptStatus},
};
use runtime::mood::reasons;
use serde_json::{Map, Value, json};

use crate::dialai::wire::{WebchatMessage, control_name, risk_name, status_name};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// `message`, `functionCall`, `functionResult`, `stateChange`, `status`, `sentiment` or `notice`.
    pub(crate) name: &'static str,
    /// What is told of it to the tenant's people.
    pub(crate) data: Value,
}

impl Event {
    /// What of it is told to the customer: what was said, and whether it is over.
    pub(crate) fn for_customer(&self) -> Option<Value> {
        match self.name {
            "message" => Some(self.data.clone()),
            "status" => Some(json!({ "transcriptId": self.data["transcriptId"], "status": self.data["status"] })),
            _ => None,
        }
    }
}

/// What a record tells. The order and the number of its events depend on the record alone: their places name them.
pub(super) fn of_record(record: &Record) -> Vec<Event> {
    match record {
        Record::Turn(turn) => of_turn(turn),
        Record::Fact(fact) => {
            let Some(transcript) = fact.transcript else { return Vec::new() };
            fact.entries.iter().flat_map(|entry| of_entry(transcript, None, entry)).collect()
        }
        Record::Tombstone(_) | Record::Erasure(_) => Vec::new(),
    }
}

fn of_turn(turn: &TurnRecord) -> Vec<Event> {
    let entries = turn.entries.iter();
    let mut events: Vec<Event> = entries.flat_map(|entry| of_entry(turn.transcript, Some(turn.turn), entry)).collect();
    let changes_hands = |entry: &Entry| matches!(entry.kind.as_str(), "take_over" | "hand_back" | "hand_off");
    let changed = turn.events.iter().any(|event| event.kind == "transcript.status")
        || turn.entries.iter().any(|entry| entry.author == Author::Platform && changes_hands(entry));
    if turn.turn == 1 || turn.closed || changed {
        events.push(status(turn));
    }
    events.extend(turn.mood.as_ref().filter(|mood| mood.moved).map(|mood| sentiment(turn, mood)));
    events
}

/// How a conversation is going after a turn that changed it.
fn sentiment(turn: &TurnRecord, mood: &Mood) -> Event {
    let shown = mood.scores.shown().into_iter();
    let shown: Vec<Value> =
        shown.map(|(emotion, share)| json!({ "sentiment": emotion.as_str(), "score": share.as_f64() })).collect();
    let data = json!({
        "transcriptId": turn.transcript,
        "turn": turn.turn,
        "risk": risk_name(mood.level),
        "riskScore": mood.risk.as_f64(),
        "riskReasons": reasons(mood, turn.state.as_deref()),
        "sentiment": mood.scores.strongest().map(Emotion::as_str),
        "topSentiments": shown,
        "at": turn.at.to_string(),
    });
    Event { name: "sentiment", data }
}

/// How a conversation stands after a turn.
fn status(turn: &TurnRecord) -> Event {
    let silent = TranscriptState {
        status: if turn.closed { TranscriptStatus::Completed } else { TranscriptStatus::InProgress },
        ..TranscriptState::default()
    };
    let state = turn.state.as_deref().unwrap_or(&silent);
    let data = json!({
        "transcriptId": turn.transcript,
        "turn": turn.turn,
        "contact": turn.contact,
        "agent": turn.agent,
        "status": status_name(state.status),
        "control": control_name(state.control),
        "state": state.place,
        "operator": state.operator,
        "destination": state.destination,
        "destinationNumber": state.destination_number,
        "skills": state.skills,
        "test": state.test,
        "at": turn.at.to_string(),
    });
    Event { name: "status", data }
}

/// What a line of a transcript tells.
pub(crate) fn of_entry(transcript: TranscriptId, turn: Option<u32>, entry: &Entry) -> Vec<Event> {
    let whose = |name: &'static str, data: Map<String, Value>| {
        let mut all = Map::new();
        all.insert("transcriptId".to_owned(), json!(transcript));
        if let Some(turn) = turn {
            all.insert("turn".to_owned(), turn.into());
        }
        all.insert("id".to_owned(), json!(entry.id));
        all.extend(data);
        Event { name, data: Value::Object(all) }
    };
    if let Some(message) = WebchatMessage::of(entry) {
        let Ok(Value::Object(message)) = serde_json::to_value(message) else { return Vec::new() };
        return vec![whose("message", message)];
    }
    if entry.author != Author::Platform {
        return Vec::new();
    }
    let Ok(mut body) = serde_json::from_str::<Map<String, Value>>(entry.body.get()) else { return Vec::new() };
    let at = Value::from(entry.at.to_string());
    let mut take = |fields: &[(&str, &str)]| -> Map<String, Value> {
        let told = fields.iter().filter_map(|(stored, told)| Some(((*told).to_owned(), body.remove(*stored)?)));
        told.collect()
    };
    match entry.kind.as_str() {
        "function_call" => {
            let mut call = take(&[("parameters", "parameters"), ("occasion", "occasion")]);
            let mut result = take(&[
                ("function", "function"),
                ("response", "response"),
                ("event", "event"),
                ("context_additions", "contextAdditions"),
                ("error", "error"),
                ("warnings", "warnings"),
                ("logs", "logs"),
                ("duration_micros", "durationMicros"),
            ]);
            call.insert("function".to_owned(), result.get("function").cloned().unwrap_or_default());
            for part in [&mut call, &mut result] {
                part.insert("at".to_owned(), at.clone());
            }
            vec![whose("functionCall", call), whose("functionResult", result)]
        }
        "state_change" => {
            let mut change = take(&[("from", "from"), ("to", "to"), ("event", "event")]);
            change.insert("at".to_owned(), at);
            vec![whose("stateChange", change)]
        }
        // How it stands is told once for the turn.
        "status" | "take_over" | "hand_back" | "hand_off" => Vec::new(),
        kind => {
            let mut notice = Map::new();
            notice.insert("kind".to_owned(), kind.into());
            notice.insert("at".to_owned(), at);
            notice.insert("body".to_owned(), Value::Object(std::mem::take(&mut body)));
            vec![whose("notice", notice)]
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{EntryId, Timestamp};
    use serde_json::value::to_raw_value;
    use uuid::Uuid;

    use super::*;

    fn entry(author: Author, kind: &str, text: &str, body: &Value) -> Entry {
        Entry {
            id: EntryId(Uuid::now_v7()),
            author,
            kind: kind.to_owned(),
            text: text.to_owned(),
            at: Timestamp::from_seconds(1),
            intent: None,
            place: None,
            body: to_raw_value(body).expect("JSON"),
        }
    }

    fn told(entry: &Entry) -> Vec<(&'static str, Value)> {
        let events = of_entry(TranscriptId(Uuid::nil()), Some(3), entry);
        events.into_iter().map(|event| (event.name, event.data)).collect()
    }

    #[test]
    fn da_l07_a_call_is_told_with_what_went_in_and_what_came_out() {
        let body = json!({
            "ordinal": 0, "function": "find", "tool": "find", "occasion": "agent", "parameters": {"id": "7"},
            "response": {"name": "Ann"}, "event": "Found", "context_additions": {"name": "Ann"}, "warnings": ["w"],
            "logs": [], "duration_micros": 12,
        });
        let told = told(&entry(Author::Platform, "function_call", "", &body));
        assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["functionCall", "functionResult"]);
        assert_eq!((&told[0].1["function"], &told[0].1["parameters"]), (&json!("find"), &json!({"id": "7"})));
        assert_eq!((&told[1].1["response"], &told[1].1["event"]), (&json!({"name": "Ann"}), &json!("Found")));
        assert_eq!(told[1].1["contextAdditions"], json!({"name": "Ann"}));
        assert_eq!((&told[0].1["id"], &told[0].1["turn"]), (&told[1].1["id"], &json!(3)));
    }

    #[test]
    fn customers_are_told_what_was_said_and_nothing_else() {
        let said = entry(Author::Contact, "text", "Hello", &json!({"act": "text", "text": "Hello"}));
        let changed = entry(Author::Platform, "state_change", "", &json!({"from": "A", "to": "B", "event": "E"}));
        let warned = entry(Author::Platform, "warning", "", &json!({"message": "hm"}));
        let opened = entry(Author::Contact, "open", "", &json!({"act": "open"}));
        let customers = |entry: &Entry| {
            let events = of_entry(TranscriptId(Uuid::nil()), None, entry);
            events.iter().filter_map(Event::for_customer).count()
        };
        assert_eq!((customers(&said), customers(&changed), customers(&warned), customers(&opened)), (1, 0, 0, 0));
        assert_eq!(told(&warned)[0].0, "notice");
        assert_eq!(told(&changed)[0].1["to"], "B");
    }
}
