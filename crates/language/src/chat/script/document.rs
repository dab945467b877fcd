//! The fields of a script, and what is checked about them.

use model::chat::ChatErrorKind;
use regex::Regex;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{ScriptError, wrong};

/// When a rule answers: all conditions that it has must hold. Comparisons of texts do not look at case;
/// `text_matches` does, as the expression says.
///
/// Conditions on the text hold only while the customer waits for an answer, not once a tool has answered: otherwise a
/// rule that calls a tool would call it for ever. A rule that asks for both looks at both.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conditions {
    /// True: it always answers.
    #[serde(default)]
    pub(super) always: bool,
    /// The newest message of the customer contains it.
    pub(super) text_contains: Option<String>,
    /// The newest message of the customer matches the expression.
    pub(super) text_matches: Option<String>,
    /// The instructions contain it: the name of a state, of a channel, a fact.
    pub(super) system_contains: Option<String>,
    /// The tool may be called now.
    pub(super) tool_offered: Option<String>,
    /// The tool has just answered.
    pub(super) tool_result_of: Option<String>,
    /// What a tool has just answered contains it.
    pub(super) tool_result_contains: Option<String>,
    /// The model has answered so often in this prompt.
    pub(super) after_calls: Option<usize>,
}

/// What is answered.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// The text; `{{last_user}}` and `{{tool_result}}` stand for what was said and answered last.
    pub(super) say: Option<String>,
    /// The tools that are called; texts in the arguments are filled in like `say`.
    #[serde(default)]
    pub(super) call: Vec<Call>,
    /// A failure instead of an answer.
    pub(super) fail: Option<ChatErrorKind>,
    /// With a failure: when to try again.
    pub(super) retry_after_ms: Option<u64>,
    /// How long it takes before the first word.
    #[serde(default)]
    pub(super) delay_ms: u64,
    /// In how many parts, or in which, the text is streamed.
    pub(super) chunks: Option<Chunks>,
    /// How long each further part takes.
    #[serde(default)]
    pub(super) chunk_delay_ms: u64,
    /// True: the answer breaks off after the text.
    #[serde(default)]
    pub(super) cut: bool,
    /// True: what is answered cannot be understood.
    #[serde(default)]
    pub(super) rubbish: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) name: String,
    /// An object, or a text that is no JSON, as a model sometimes writes.
    #[serde(default)]
    pub(super) arguments: Value,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a number or a list of texts is expected")]
pub(super) enum Chunks {
    /// So many, of about one length.
    Number(usize),
    /// These.
    Parts(Vec<String>),
}

impl Conditions {
    pub(super) fn read(value: Value, place: &str) -> Result<(Self, Option<Regex>), ScriptError> {
        let mut when: Self = read_fields(value, place)?;
        let texts = [
            ("text_contains", &mut when.text_contains),
            ("system_contains", &mut when.system_contains),
            ("tool_result_contains", &mut when.tool_result_contains),
        ];
        for (field, text) in texts {
            if text.as_deref().is_some_and(str::is_empty) {
                return Err(wrong(&format!("{place}.{field}"), "an empty text is in every text: use `always`"));
            }
            // Compared without looking at case.
            *text = text.take().map(|text| text.to_lowercase());
        }
        let matches = when.text_matches.as_deref().map(Regex::new).transpose();
        let matches = matches.map_err(|error| wrong(&format!("{place}.text_matches"), error.to_string()))?;
        if !when.always && !when.is_conditional() {
            return Err(wrong(place, "it has no condition: write `\"always\": true` if that is meant"));
        }
        Ok((when, matches))
    }

    pub(super) const fn is_about_text(&self) -> bool {
        self.text_contains.is_some() || self.text_matches.is_some()
    }

    pub(super) const fn is_about_tools(&self) -> bool {
        self.tool_result_of.is_some() || self.tool_result_contains.is_some()
    }

    const fn is_conditional(&self) -> bool {
        self.is_about_text()
            || self.is_about_tools()
            || self.system_contains.is_some()
            || self.tool_offered.is_some()
            || self.after_calls.is_some()
    }
}

impl Answer {
    pub(super) fn read(value: Value, place: &str) -> Result<Self, ScriptError> {
        let mut answer: Self = read_fields(value, place)?;
        if let Some(Chunks::Parts(parts)) = &answer.chunks {
            if answer.say.is_some() {
                return Err(wrong(&format!("{place}.chunks"), "a list is the text itself: leave `say` out"));
            }
            answer.say = Some(parts.concat());
        }
        let says = answer.say.is_some();
        let fails = answer.fail.is_some() || answer.rubbish;
        let problem = |field: &str, problem: &str| Err(wrong(&format!("{place}.{field}"), problem));
        if matches!(answer.chunks, Some(Chunks::Number(0))) {
            return problem("chunks", "at least one part is needed");
        }
        if answer.chunks.is_some() && !says {
            return problem("chunks", "there is no `say` to stream");
        }
        if answer.fail.is_some() && answer.rubbish {
            return problem("rubbish", "it cannot stand beside `fail`");
        }
        if fails && (says || !answer.call.is_empty() || answer.cut) {
            let field = if answer.rubbish { "rubbish" } else { "fail" };
            return problem(field, "it cannot stand beside `say`, `call` and `cut`");
        }
        if answer.cut && !says {
            return problem("cut", "there is no `say` that could break off");
        }
        if answer.retry_after_ms.is_some() && answer.fail.is_none() {
            return problem("retry_after_ms", "it needs `fail`");
        }
        if let Some(at) = answer.call.iter().position(|call| call.name.is_empty()) {
            return problem(&format!("call[{at}].name"), "it is empty");
        }
        for (at, call) in answer.call.iter_mut().enumerate() {
            match &call.arguments {
                Value::Null => call.arguments = Value::Object(Map::new()),
                Value::Object(_) | Value::String(_) => {}
                _ => return problem(&format!("call[{at}].arguments"), "an object is expected"),
            }
        }
        if !says && !fails && answer.call.is_empty() {
            return Err(wrong(place, "it has neither `say`, `call`, `fail` nor `rubbish`"));
        }
        Ok(answer)
    }
}

/// Reads an object of which no field is required, and names the field that is wrong.
fn read_fields<T: DeserializeOwned>(value: Value, place: &str) -> Result<T, ScriptError> {
    let Value::Object(fields) = &value else { return Err(wrong(place, "an object is expected")) };
    for (name, field) in fields {
        let alone = Map::from_iter([(name.clone(), field.clone())]);
        serde_json::from_value::<T>(Value::Object(alone))
            .map_err(|error| wrong(&format!("{place}.{name}"), error.to_string()))?;
    }
    serde_json::from_value(value).map_err(|error| wrong(place, error.to_string()))
}
