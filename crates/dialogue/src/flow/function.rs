//! A function as it is edited, stored and exported (spec/dialai.md §7.2).

use std::collections::BTreeMap;

use model::function::{FunctionInput, FunctionOutput};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FunctionDocument {
    /// Its name, unique in the tenant: what thoughts refer to and what the agent sees.
    pub name: String,
    /// What it does: the agent decides by it when to call.
    pub description: String,
    /// What runs.
    pub code: Code,
    /// For people, to find it.
    pub tags: Vec<String>,
    /// What the agent fills in.
    pub parameters: Vec<Parameter>,
    /// What it reads of the conversation's context.
    pub internal_parameters: Vec<InternalParameter>,
    /// What it reads of the flow's static parameters.
    pub static_parameters: Vec<String>,
    /// The events that it may emit.
    pub events: Vec<String>,
    /// What it may add to the context.
    pub context_additions: Vec<String>,
    /// What its response is, for people.
    pub response: String,
    /// How long it may run, in seconds; the tenant's setting when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Its tests.
    pub tests: Vec<FunctionTest>,
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Code {
    /// JavaScript: the body of an async function of the one argument `input`, or an ES module whose default export
    /// is one.
    JavaScript {
        /// The source.
        source: String,
    },
    /// An ES module that other functions of the tenant import by the function's name; the agent never sees it.
    Library {
        /// The source.
        source: String,
    },
    /// A built-in integration.
    Integration {
        /// Which: `http_request`, `hand_off`, `transfer`, `end_conversation`, `set_tag`, `set_context`.
        integration: String,
        /// How it is configured; `{{name}}` in a text stands for a parameter.
        #[serde(default)]
        settings: Map<String, Value>,
    },
}

impl Default for Code {
    fn default() -> Self {
        Self::JavaScript { source: String::new() }
    }
}

/// What the agent fills in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// For the agent.
    pub description: String,
    /// Whether a call without it is refused.
    pub required: bool,
    /// The only values that it may have; any when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// What a parameter holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterType {
    /// Text.
    #[default]
    String,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// An object.
    Object,
}

impl ParameterType {
    /// Its name in JSON Schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// What a function reads of the conversation's context.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InternalParameter {
    /// Its name.
    pub name: String,
    /// For people.
    pub description: String,
    /// Whether a call without it fails.
    pub required: bool,
    /// Whether a value that only the customer's browser vouches for counts as none (§21.1 A11).
    pub verified: bool,
}

/// A test of a function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FunctionTest {
    /// Names it within the function.
    pub name: String,
    /// What it is given.
    pub input: FunctionInput,
    /// What it must give back; any when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expectation>,
}

/// What a test expects; what is absent is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// The response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Value>,
    /// The event; an empty text expects none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The context additions, each of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context_additions: BTreeMap<String, Value>,
    /// A text that the failure's message contains; the test expects a failure then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
}

impl FunctionDocument {
    /// The schema of what the agent fills in: a JSON Schema object.
    pub fn schema(&self) -> Value {
        let mut properties = Map::new();
        for parameter in &self.parameters {
            let mut property = Map::new();
            property.insert("type".into(), parameter.kind.as_str().into());
            if !parameter.description.is_empty() {
                property.insert("description".into(), parameter.description.clone().into());
            }
            if !parameter.choices.is_empty() {
                property.insert("enum".into(), parameter.choices.clone().into());
            }
            properties.insert(parameter.name.clone(), property.into());
        }
        let required: Vec<&str> =
            self.parameters.iter().filter(|parameter| parameter.required).map(|p| p.name.as_str()).collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    /// What is strange about an output: events and additions that are not declared (rows DA-J6, DA-J7). They count
    /// all the same.
    pub fn undeclared(&self, output: &FunctionOutput) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(event) = &output.event
            && !self.events.contains(event)
        {
            warnings.push(format!("`{}` emitted the event `{event}`, which it does not declare", self.name));
        }
        for name in output.context_additions.keys().filter(|name| !self.context_additions.contains(name)) {
            warnings.push(format!("`{}` added `{name}` to the context, which it does not declare", self.name));
        }
        warnings
    }
}
