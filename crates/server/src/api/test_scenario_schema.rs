//! Test scenarios as they are sent and answered. The same shape as they are stored in, with descriptions.

use std::collections::BTreeMap;

use model::inbound::Act;
use runtime::test_scenarios::{StoredTestScenario, TestScenario};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::problem::Problem;

/// A conversation, and what is expected of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestScenarioBody {
    /// For people; 1 to 1,000 characters.
    #[schema(example = "Books a table")]
    name: String,
    /// The channel that the agent is told of: `web`, `voice`, `sms`, `email` or `slack`.
    #[serde(default = "web")]
    channel: String,
    /// What is known of the customer from the beginning, as if a token had proved it.
    #[serde(default)]
    parameters: Map<String, Value>,
    /// What the customer does, one after the other: 1 to 200 turns.
    turns: Vec<TestTurnBody>,
    /// What must hold of the whole conversation; at most 50.
    #[serde(default)]
    expect_end: Vec<TestAssertion>,
}

fn web() -> String {
    "web".to_owned()
}

/// One thing that the customer does: either `say` or `act`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestTurnBody {
    /// What they type; at most 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    say: Option<String>,
    /// What they do otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    act: Option<TestAct>,
    /// What must hold of the turn; at most 50.
    #[serde(default)]
    expect: Vec<TestAssertion>,
}

/// Something that a customer does with the controls of a chat.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestAct {
    /// `open`, `trigger`, `text`, `button`, `form`, `long_text` or `link`.
    #[schema(value_type = String, example = "open")]
    act: Act,
    /// What was typed, or the label of what was pressed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    /// The intent that the act names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    intent: Option<String>,
    /// A button's or trigger's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// A form's fields by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    fields: Map<String, Value>,
    /// Files that came with a form: lists of `{name, url, size, type}` by field.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    files: Map<String, Value>,
    /// Whether the named intent climbs its ladder, as restart and end of chat do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    escalating: bool,
}

/// Something that is expected of a turn, or of a whole conversation.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum TestAssertion {
    /// A function of a flow was called, or an action of a scenario ran.
    FunctionCalled {
        /// Its name.
        name: String,
        /// What it was given, among other things.
        #[serde(default, skip_serializing_if = "TestArguments::is_empty")]
        with: TestArguments,
    },
    /// A function emitted an event.
    Event {
        /// The event.
        name: String,
    },
    /// A flow is in a state at the end; a scenario spoke last in a turn.
    State {
        /// The state's name; of a scenario the whole place (`conversation/scene/turn`) or its last part.
        name: String,
    },
    /// The agent said something with this text in it, whatever its case.
    TextContains {
        /// The text.
        text: String,
    },
    /// The agent said something that a regular expression matches.
    TextMatches {
        /// The expression.
        pattern: String,
    },
    /// No guardrail refused.
    NoRefusal,
    /// The customer meant an intent, or the agent said one. Of scenarios.
    Intent {
        /// The intent.
        name: String,
    },
    /// How the conversation stands at the end.
    Status {
        /// `in_progress`, `completed`, `abandoned`, `failed`, `human_handoff` or another status in snake case.
        status: String,
    },
    /// A model finds that this holds of what was said: the flow's own model, or the tenant's.
    Judged {
        /// What must hold, in words.
        criterion: String,
    },
}

/// Arguments by name. (It has a name of its own for generators that cannot read an object inside of a choice.)
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
struct TestArguments(BTreeMap<String, Value>);

impl TestArguments {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A test scenario of an agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestScenarioAnswer {
    pub(super) id: String,
    agent: String,
    name: String,
    /// The channel that the agent is told of.
    channel: String,
    /// What is known of the customer from the beginning.
    parameters: Map<String, Value>,
    /// What the customer does, one after the other.
    turns: Vec<TestTurnBody>,
    /// What must hold of the whole conversation.
    expect_end: Vec<TestAssertion>,
    created_at: String,
    updated_at: String,
}

impl TestScenarioBody {
    /// The scenario that it is. Both have the same shape but for what only the runtime knows the values of.
    pub(super) fn into_scenario(self) -> Result<TestScenario, Problem> {
        reshaped(&self).map_err(|problem| {
            Problem::invalid("body", problem.to_string(), "Send a test scenario as the API describes it.")
        })
    }
}

impl TryFrom<StoredTestScenario> for TestScenarioAnswer {
    type Error = Problem;

    fn try_from(stored: StoredTestScenario) -> Result<Self, Problem> {
        let StoredTestScenario { id, agent, scenario, created_at, updated_at } = stored;
        let scenario = reshaped(&scenario).map_err(|problem| Problem::broken(&problem.to_string()))?;
        let TestScenarioBody { name, channel, parameters, turns, expect_end } = scenario;
        Ok(Self {
            id,
            agent: agent.to_string(),
            name,
            channel,
            parameters,
            turns,
            expect_end,
            created_at: created_at.to_string(),
            updated_at: updated_at.to_string(),
        })
    }
}

fn reshaped<T: DeserializeOwned>(value: &impl Serialize) -> serde_json::Result<T> {
    serde_json::from_value(serde_json::to_value(value)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sent_is_stored_and_answered_as_it_is() {
        let sent = json!({
            "name": "n", "channel": "voice", "parameters": {"customer": 7},
            "turns": [
                {"act": {"act": "open", "intent": "intent.core.welcome"}, "expect": [{"type": "no_refusal"}]},
                {"say": "book", "expect": [
                    {"type": "function_called", "name": "Book", "with": {"people": 2}},
                    {"type": "event", "name": "Booked"}, {"type": "state", "name": "Thank"},
                    {"type": "text_contains", "text": "a"}, {"type": "text_matches", "pattern": "a"},
                    {"type": "intent", "name": "i"}, {"type": "judged", "criterion": "kind"}]}
            ],
            "expect_end": [{"type": "status", "status": "human_handoff"}]
        });
        let body: TestScenarioBody = serde_json::from_value(sent.clone()).expect("it is described");
        let scenario = body.into_scenario().expect("a scenario");
        let again: TestScenarioBody = reshaped(&scenario).expect("the same shape");
        let mut again = serde_json::to_value(&again).expect("JSON");
        assert_eq!(again["turns"][0]["act"], sent["turns"][0]["act"]);
        again["turns"][0] = sent["turns"][0].clone();
        assert_eq!(again, sent);
        let wrong =
            json!({"name": "n", "turns": [{"say": "a", "expect": [{"type": "status", "status": "Completed"}]}]});
        let wrong: TestScenarioBody = serde_json::from_value(wrong).expect("it is described");
        assert!(wrong.into_scenario().is_err(), "there is no such status");
    }
}
