//! Whether a function did what its test expects (row DA-J10).

use model::function::{FunctionError, FunctionOutput};
use serde_json::Value;

use super::function::Expectation;

impl Expectation {
    /// What is not as it is expected; nothing when the test passes. What is absent is not looked at.
    pub fn failures(&self, ran: &Result<FunctionOutput, FunctionError>) -> Vec<String> {
        let output = match (ran, &self.fails) {
            (Ok(_), Some(fails)) => return vec![format!("it was to fail with \u{201c}{fails}\u{201d}, and did not")],
            (Err(error), Some(fails)) if error.message.contains(fails.as_str()) => return Vec::new(),
            (Err(error), Some(fails)) => {
                return vec![format!("it was to fail with \u{201c}{fails}\u{201d}, and said: {error}")];
            }
            (Err(error), None) => return vec![format!("it failed: {error}")],
            (Ok(output), None) => output,
        };
        let mut failures = Vec::new();
        if let Some(response) = &self.response
            && *response != output.response
        {
            failures.push(format!("the response is {}, not {response}", output.response));
        }
        if let Some(event) = &self.event
            && output.event.as_deref().unwrap_or_default() != event
        {
            let named = |event: &str| if event.is_empty() { "none".to_owned() } else { format!("`{event}`") };
            let emitted = named(output.event.as_deref().unwrap_or_default());
            failures.push(format!("the event is {emitted}, not {}", named(event)));
        }
        for (name, expected) in &self.context_additions {
            let added = output.context_additions.get(name).unwrap_or(&Value::Null);
            if added != expected {
                failures.push(format!("`{name}` in the context is {added}, not {expected}"));
            }
        }
        failures
    }
}

#[cfg(test)]
mod tests {
    use model::function::FunctionErrorKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn da_j10_what_is_expected_is_looked_at_and_nothing_else() {
        let output: FunctionOutput = serde_json::from_value(
            json!({ "response": { "ok": true }, "event": "Found", "context_additions": { "id": 7, "more": 1 } }),
        )
        .expect("an output");
        let failures = |expect: Value, ran: &Result<FunctionOutput, FunctionError>| {
            serde_json::from_value::<Expectation>(expect).expect("an expectation").failures(ran).len()
        };
        let ran = Ok(output);
        for (expect, count) in [
            (json!({}), 0),
            (json!({ "response": { "ok": true }, "event": "Found", "context_additions": { "id": 7 } }), 0),
            (json!({ "response": { "ok": false }, "event": "", "context_additions": { "id": 8, "x": 1 } }), 4),
            (json!({ "fails": "boom" }), 1),
        ] {
            assert_eq!(failures(expect.clone(), &ran), count, "{expect}");
        }
        let threw = Err(FunctionError::new(FunctionErrorKind::Threw, "boom: 7"));
        for (expect, count) in [(json!({ "fails": "boom" }), 0), (json!({ "fails": "bang" }), 1), (json!({}), 1)] {
            assert_eq!(failures(expect.clone(), &threw), count, "{expect}");
        }
        let silent = Ok(FunctionOutput::default());
        assert_eq!(failures(json!({ "event": "" }), &silent), 0);
    }
}
