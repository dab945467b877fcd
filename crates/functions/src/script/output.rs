//! What code returned, read strictly where a mistake would be silent and with a warning where it would not (spec/dialai.md
//! §7.4, §21.3 R1 and R5). The text comes from a worker, so nothing about it is taken for granted.

use model::function::{Effect, FunctionError, FunctionErrorKind, FunctionOutput};
use serde_json::{Map, Value};

use super::{
    limits::{MAX_EFFECTS, MAX_LOG_CHARS, MAX_LOGS, MAX_MESSAGE_CHARS, output_too_long},
    message::Done,
};

/// What an output is made of, for messages.
const SHAPE: &str = "response, contextAdditions, event";
/// Warnings that one call can have of its keys, and characters of a name in a message.
const MAX_WARNINGS: usize = 20;
const MAX_NAME_CHARS: usize = 100;

/// The output of a task that is over, at most so many bytes of JSON.
pub(super) fn read(done: Done, longest: usize) -> Result<FunctionOutput, FunctionError> {
    let logs = logs(done.logs);
    let outcome = match done.outcome {
        Ok(json) if json.len() > longest => {
            let failure = output_too_long(longest as u64);
            Err(FunctionError::new(failure.kind, failure.message))
        }
        Ok(json) => {
            returned(&json).and_then(|output| Ok(FunctionOutput { effects: effects(&done.effects)?, ..output }))
        }
        Err(failure) => {
            let message: String = failure.message.chars().take(MAX_MESSAGE_CHARS).collect();
            Err(FunctionError::new(failure.kind, message))
        }
    };
    match outcome {
        Ok(mut output) => {
            if done.logs_left_out > 0 {
                output.warnings.push(format!("{} lines of its log were left out: it has too many", done.logs_left_out));
            }
            Ok(FunctionOutput { logs, ..output })
        }
        Err(error) => Err(FunctionError { logs, ..error }),
    }
}

fn logs(logs: Vec<String>) -> Vec<String> {
    let line =
        |line: String| if line.len() <= MAX_LOG_CHARS { line } else { line.chars().take(MAX_LOG_CHARS).collect() };
    logs.into_iter().take(MAX_LOGS).map(line).collect()
}

fn effects(json: &str) -> Result<Vec<Effect>, FunctionError> {
    let effects: Vec<Effect> = serde_json::from_str(json)
        .map_err(|_| FunctionError::new(FunctionErrorKind::Broken, "what runs it said what cannot be read"))?;
    if effects.len() > MAX_EFFECTS {
        let message = "what runs it asked more of the conversation than a call may";
        return Err(FunctionError::new(FunctionErrorKind::Broken, message));
    }
    Ok(effects)
}

fn returned(json: &str) -> Result<FunctionOutput, FunctionError> {
    let mut output = FunctionOutput::default();
    if json.is_empty() {
        return Ok(output);
    }
    let value = serde_json::from_str(json)
        .map_err(|error| refused(format!("what it returned cannot be read as JSON: {error}")))?;
    let Value::Object(map) = value else {
        return Err(refused(format!("it returned {}: return an object {{{SHAPE}}}", kind(&value))));
    };
    let mut events = Vec::new();
    for (key, value) in map {
        match key.as_str() {
            "response" => output.response = value,
            "contextAdditions" => output.context_additions = additions(value)?,
            "event" => events.extend(event(value)?),
            "events" => events.extend(listed(value)?),
            _ if output.warnings.len() < MAX_WARNINGS => {
                output.warnings.push(format!("`{}` is no part of an output: {SHAPE}", name(&key)));
            }
            _ => {}
        }
    }
    events.dedup();
    if events.len() > 1 {
        let names: Vec<String> = events.iter().take(5).map(|event| format!("`{}`", name(event))).collect();
        return Err(refused(format!("it emitted more than one event: {}", names.join(", "))));
    }
    output.event = events.pop();
    Ok(output)
}

fn additions(value: Value) -> Result<Map<String, Value>, FunctionError> {
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(map) => Ok(map),
        other => Err(refused(format!("`contextAdditions` is {}: expected an object from name to value", kind(&other)))),
    }
}

/// A single event; null and an empty text are none.
fn event(value: Value) -> Result<Option<String>, FunctionError> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) => Ok(Some(name).filter(|name| !name.is_empty())),
        other => Err(refused(format!("`event` is {}: expected the name of one event, or null", kind(&other)))),
    }
}

/// Events as a list, of which there may be one.
fn listed(value: Value) -> Result<Vec<String>, FunctionError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            let events: Result<Vec<_>, _> = items.into_iter().map(event).collect();
            let events: Vec<String> = events?.into_iter().flatten().collect();
            if events.len() > 1 {
                return Err(refused(format!("`events` has {} events: at most one can be emitted", events.len())));
            }
            Ok(events)
        }
        other => Err(refused(format!("`events` is {}: expected a list with the name of one event", kind(&other)))),
    }
}

fn refused(message: String) -> FunctionError {
    FunctionError::new(FunctionErrorKind::Output, message)
}

fn name(text: &str) -> String {
    text.chars().take(MAX_NAME_CHARS).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::script::message::Failure;

    fn read(done: Done) -> Result<FunctionOutput, FunctionError> {
        super::read(done, 1 << 16)
    }

    fn done(outcome: Result<String, Failure>) -> Done {
        Done { outcome, effects: "[]".into(), logs: Vec::new(), logs_left_out: 0 }
    }

    fn output(value: &Value) -> Result<FunctionOutput, String> {
        read(done(Ok(value.to_string()))).map_err(|error| {
            assert_eq!(error.kind, FunctionErrorKind::Output);
            error.message
        })
    }

    #[test]
    fn da_j05_zero_or_one_event() {
        let event = |value: Value| output(&value).map(|output| output.event);
        assert_eq!(event(json!({})), Ok(None));
        assert_eq!(event(json!({"event": null})), Ok(None));
        assert_eq!(event(json!({"event": ""})), Ok(None));
        assert_eq!(event(json!({"event": "booked"})), Ok(Some("booked".into())));
        assert_eq!(event(json!({"events": ["booked"]})), Ok(Some("booked".into())));
        assert_eq!(event(json!({"events": [], "event": "booked"})), Ok(Some("booked".into())));
        assert_eq!(event(json!({"events": ["booked"], "event": "booked"})), Ok(Some("booked".into())));
        let two = event(json!({"events": ["a", "b"]})).unwrap_err();
        assert_eq!(two, "`events` has 2 events: at most one can be emitted");
        let both = event(json!({"events": ["a"], "event": "b"})).unwrap_err();
        assert_eq!(both, "it emitted more than one event: `a`, `b`");
        assert!(event(json!({"event": 7})).unwrap_err().contains("`event` is a number"));
        assert!(event(json!({"events": "a"})).unwrap_err().contains("`events` is a text"));
        assert!(event(json!({"events": [{}]})).unwrap_err().contains("`event` is an object"));
    }

    #[test]
    fn outputs_are_read_with_what_is_strange_about_them() {
        let full = output(&json!({"response": [1], "contextAdditions": {"a": null}, "extra": 1})).unwrap();
        assert_eq!(full.response, json!([1]));
        assert_eq!(Value::from(full.context_additions), json!({"a": null}));
        assert_eq!(full.warnings, ["`extra` is no part of an output: response, contextAdditions, event"]);
        assert_eq!(read(done(Ok(String::new()))), Ok(FunctionOutput::default()));
        assert!(output(&json!("text")).unwrap_err().contains("it returned a text: return an object"));
        assert!(output(&json!({"contextAdditions": []})).unwrap_err().contains("`contextAdditions` is a list"));
        assert!(read(done(Ok("{".into()))).unwrap_err().message.contains("cannot be read as JSON"));
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(read(done(Ok(deep))).is_err());
    }

    #[test]
    fn what_a_worker_says_is_bounded() {
        let long = Done { logs: vec!["x".repeat(9_000); 500], logs_left_out: 3, ..done(Ok(String::new())) };
        let output = read(long).unwrap();
        assert_eq!((output.logs.len(), output.logs[0].len()), (MAX_LOGS, MAX_LOG_CHARS));
        assert!(output.warnings[0].starts_with("3 lines"));
        let many = serde_json::to_string(&vec![Effect::End; 51]).unwrap();
        for effects in ["nonsense".to_owned(), many] {
            let error = read(Done { effects, ..done(Ok(String::new())) }).unwrap_err();
            assert_eq!(error.kind, FunctionErrorKind::Broken);
        }
        let json = json!({"response": "x".repeat(1 << 16)}).to_string();
        let error = read(done(Ok(json))).unwrap_err();
        assert_eq!(error.message, "what it returned is longer than the 65536 bytes it may be");
        let failure = Failure::new(FunctionErrorKind::Threw, "x".repeat(9_000));
        let error = read(Done { logs: vec!["before".into()], ..done(Err(failure)) }).unwrap_err();
        assert_eq!((error.message.len(), error.logs), (MAX_MESSAGE_CHARS, vec!["before".to_owned()]));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(json in ".*", effects in ".*") {
            let _ = read(Done { effects, ..done(Ok(json)) });
        }
    }
}
