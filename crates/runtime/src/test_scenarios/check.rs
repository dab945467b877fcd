//! Whether a test scenario can be run.

use model::inbound::{Act, Inbound};

use super::{Assertion, TestScenario, TestTurn, assertion::pattern};
use crate::documents::DocumentError;

/// Most turns of a test scenario.
pub const MAX_TURNS: usize = 200;
/// Most assertions of a turn, and of the end.
pub const MAX_ASSERTIONS: usize = 50;
/// Most characters of a name and of an assertion's text.
const MAX_TEXT: usize = 1_000;
/// Most characters that the customer types at once.
const MAX_SAID: usize = 10_000;
/// Channels whose peculiarities agents know.
pub(super) const CHANNELS: [&str; 5] = ["web", "voice", "sms", "email", "slack"];

/// Names the first thing that is wrong, and the remedy.
pub(super) fn check(scenario: &TestScenario) -> Result<(), DocumentError> {
    let TestScenario { name, channel, turns, expect_end, .. } = scenario;
    if name.trim().is_empty() || name.chars().count() > MAX_TEXT {
        return Err(DocumentError::invalid("name", format!("use 1 to {MAX_TEXT} characters")));
    }
    if !CHANNELS.contains(&channel.as_str()) {
        return Err(DocumentError::invalid("channel", format!("use one of: {}", CHANNELS.join(", "))));
    }
    if turns.is_empty() || turns.len() > MAX_TURNS {
        return Err(DocumentError::invalid("turns", format!("use 1 to {MAX_TURNS} turns")));
    }
    for (at, turn) in turns.iter().enumerate() {
        does_one_thing(turn).map_err(|complaint| DocumentError::invalid(format!("turns[{at}]"), complaint))?;
        assertions(&format!("turns[{at}].expect"), &turn.expect)?;
    }
    assertions("expect_end", expect_end)
}

fn does_one_thing(turn: &TestTurn) -> Result<(), String> {
    let act = match (&turn.say, &turn.act) {
        (Some(say), None) => {
            let fits = !say.trim().is_empty() && say.chars().count() <= MAX_SAID;
            return if fits { Ok(()) } else { Err(format!("`say` 1 to {MAX_SAID} characters")) };
        }
        (None, Some(act)) => act,
        (None, None) => return Err("it needs what the customer does: `say` a text, or an `act`".to_owned()),
        (Some(_), Some(_)) => return Err("use `say` or `act`, not both".to_owned()),
    };
    let Inbound { verified, visitor, intervention, .. } = &**act;
    if act.act == Act::Intervene || intervention.is_some() {
        return Err("`act` is something that a customer does; people's acts are no part of tests".to_owned());
    }
    if !verified.is_empty() || !visitor.is_empty() {
        return Err("what is known of the customer belongs to the scenario's `parameters`".to_owned());
    }
    if act.text.chars().count() > MAX_SAID {
        return Err(format!("the text has more than {MAX_SAID} characters"));
    }
    Ok(())
}

fn assertions(field: &str, assertions: &[Assertion]) -> Result<(), DocumentError> {
    if assertions.len() > MAX_ASSERTIONS {
        return Err(DocumentError::invalid(field, format!("use at most {MAX_ASSERTIONS} assertions")));
    }
    for (at, assertion) in assertions.iter().enumerate() {
        let (part, text) = match assertion {
            Assertion::FunctionCalled { name, .. }
            | Assertion::Event { name }
            | Assertion::State { name }
            | Assertion::Intent { name } => ("name", name),
            Assertion::TextContains { text } => ("text", text),
            Assertion::TextMatches { pattern } => ("pattern", pattern),
            Assertion::Judged { criterion } => ("criterion", criterion),
            Assertion::NoRefusal | Assertion::Status { .. } => continue,
        };
        let wrong = |complaint: String| DocumentError::invalid(format!("{field}[{at}].{part}"), complaint);
        if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
            return Err(wrong(format!("use 1 to {MAX_TEXT} characters")));
        }
        if part == "pattern"
            && let Err(problem) = pattern(text)
        {
            return Err(wrong(format!("it is no regular expression that can be used: {problem}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn complaint(scenario: Value) -> Option<String> {
        let scenario = serde_json::from_value(scenario).expect("a test scenario");
        check(&scenario).err().map(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_run_is_refused_by_name() {
        let with = |turn: Value| json!({"name": "n", "turns": [turn]});
        assert_eq!(complaint(with(json!({"say": "hello", "expect": [{"type": "no_refusal"}]}))), None);
        assert_eq!(complaint(with(json!({"act": {"act": "open"}}))), None);
        for (scenario, field) in [
            (json!({"name": " ", "turns": [{"say": "a"}]}), "name:"),
            (json!({"name": "n", "turns": []}), "turns:"),
            (json!({"name": "n", "channel": "fax", "turns": [{"say": "a"}]}), "channel:"),
            (with(json!({})), "turns[0]:"),
            (with(json!({"say": " "})), "turns[0]:"),
            (with(json!({"say": "a", "act": {"act": "open"}})), "turns[0]:"),
            (with(json!({"act": {"act": "intervene"}})), "turns[0]:"),
            (with(json!({"act": {"act": "open", "verified": {"a": 1}}})), "turns[0]:"),
            (with(json!({"say": "a", "expect": [{"type": "state", "name": ""}]})), "turns[0].expect[0].name:"),
            (
                with(json!({"say": "a", "expect": [{"type": "text_matches", "pattern": "("}]})),
                "turns[0].expect[0].pattern:",
            ),
            (
                json!({"name": "n", "turns": [{"say": "a"}], "expect_end": [{"type": "judged", "criterion": ""}]}),
                "expect_end[0].criterion:",
            ),
            (json!({"name": "n", "turns": vec![json!({"say": "a"}); MAX_TURNS + 1]}), "turns:"),
            (
                with(json!({"say": "a", "expect": vec![json!({"type": "no_refusal"}); MAX_ASSERTIONS + 1]})),
                "turns[0].expect:",
            ),
        ] {
            let said = complaint(scenario.clone()).unwrap_or_else(|| panic!("{scenario} is let through"));
            assert!(said.starts_with(field), "{said}");
        }
    }
}
