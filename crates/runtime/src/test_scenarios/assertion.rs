//! What can be expected of turns, and whether it holds. Pure: looks at records and at nothing else.

use model::{
    record::{Author, Entry, TurnRecord},
    transcript::TranscriptStatus,
};
use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Largest program that a pattern may become, in bytes.
const MAX_PATTERN: usize = 1 << 20;
/// Most characters of what was said that a complaint repeats.
const SHOWN: usize = 300;

/// Something that is expected of a turn, or of a whole conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Assertion {
    /// A function of a flow was called, or an action of a scenario ran.
    FunctionCalled {
        /// Its name.
        name: String,
        /// What it was given, among other things.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        with: Map<String, Value>,
    },
    /// A function emitted an event.
    Event {
        /// The event.
        name: String,
    },
    /// The conversation is in a state of a flow at the end; in a scenario, the agent spoke last in this turn, named
    /// whole (`conversation/scene/turn`) or by its last part.
    State {
        /// The state's name.
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
        /// The status.
        status: TranscriptStatus,
    },
    /// A model finds that this holds of what was said.
    Judged {
        /// What must hold, in words.
        criterion: String,
    },
}

/// A regular expression of a bounded size.
pub(super) fn pattern(pattern: &str) -> Result<regex::Regex, String> {
    RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build().map_err(|problem| problem.to_string())
}

impl Assertion {
    /// Why it does not hold of turns of one conversation, oldest first; none where it holds, and where a model must say
    /// so.
    pub fn failure(&self, turns: &[TurnRecord]) -> Option<String> {
        match self {
            Self::FunctionCalled { name, with } => not_called(turns, name, with),
            Self::Event { name } => {
                let events = events(turns);
                let none = !events.contains(name);
                none.then(|| format!("the event `{name}` was not emitted; emitted: {}", listed(&events)))
            }
            Self::State { name } => {
                let state = state(turns);
                let is_there = state.as_deref().is_some_and(|state| is_state(state, name));
                (!is_there).then(|| format!("it is in `{}`, not in `{name}`", state.as_deref().unwrap_or("no state")))
            }
            Self::TextContains { text } => {
                let wanted = text.to_lowercase();
                let none = !said(turns).any(|entry| entry.text.to_lowercase().contains(&wanted));
                none.then(|| format!("nothing that was said has `{text}`; said: {}", words(turns)))
            }
            Self::TextMatches { pattern: expression } => match pattern(expression) {
                Err(problem) => Some(format!("the pattern cannot be read: {problem}")),
                Ok(pattern) => {
                    let none = !said(turns).any(|entry| pattern.is_match(&entry.text));
                    none.then(|| format!("nothing that was said matches `{expression}`; said: {}", words(turns)))
                }
            },
            Self::NoRefusal => {
                let refusal = noted(turns, "refusal").next()?;
                let of = |name: &str| refusal.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                Some(format!("the guardrail {} refused: {}", of("guardrail"), of("reason")))
            }
            Self::Intent { name } => {
                let intents: Vec<String> =
                    turns.iter().flat_map(|turn| &turn.entries).filter_map(|entry| entry.intent.clone()).collect();
                let none = !intents.contains(name);
                none.then(|| format!("`{name}` was neither meant nor said; there were: {}", listed(&intents)))
            }
            Self::Status { status } => {
                let is = self::status(turns);
                (is != *status).then(|| format!("the status is {}, not {}", is.as_str(), status.as_str()))
            }
            Self::Judged { .. } => None,
        }
    }
}

/// A function or an action, and what it was given.
struct Called {
    names: Vec<String>,
    with: Map<String, Value>,
}

fn not_called(turns: &[TurnRecord], name: &str, with: &Map<String, Value>) -> Option<String> {
    let calls = calls(turns);
    let named: Vec<&Called> = calls.iter().filter(|call| call.names.iter().any(|known| known == name)).collect();
    let has = |call: &Called| with.iter().all(|(name, value)| call.with.get(name) == Some(value));
    if named.iter().any(|call| has(call)) {
        return None;
    }
    Some(match named.last() {
        Some(call) => {
            let given = cut(&Value::Object(call.with.clone()).to_string());
            format!("`{name}` was called with {given}, not with {}", Value::Object(with.clone()))
        }
        None => {
            let names: Vec<String> = calls.iter().filter_map(|call| call.names.first().cloned()).collect();
            format!("`{name}` was not called; called: {}", listed(&names))
        }
    })
}

fn calls(turns: &[TurnRecord]) -> Vec<Called> {
    let functions = noted(turns, "function_call").map(|body| Called {
        names: texts(&body, &["function", "tool"]),
        with: body.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default(),
    });
    let actions = turns.iter().flat_map(actions);
    functions.chain(actions).collect()
}

/// The actions of a scenario's turn: they are in the journal only.
fn actions(turn: &TurnRecord) -> Vec<Called> {
    if !turn.journal.get().contains("\"act\"") {
        return Vec::new();
    }
    let Ok(journal) = serde_json::from_str::<Value>(turn.journal.get()) else { return Vec::new() };
    let answers = journal.get("answers").and_then(Value::as_array).into_iter().flatten();
    let needs =
        answers.filter_map(|pair| pair.get(0)).filter(|need| need.get("need").is_some_and(|need| need == "act"));
    needs
        .map(|need| {
            let object = |name: &str| need.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
            let mut with = object("configuration");
            with.extend(object("inputs"));
            Called { names: texts(need, &["action", "component"]), with }
        })
        .collect()
}

fn texts(body: &Value, names: &[&str]) -> Vec<String> {
    names.iter().filter_map(|name| Some(body.get(*name)?.as_str()?.to_owned())).collect()
}

/// The bodies of what was noted.
fn noted<'t>(turns: &'t [TurnRecord], kind: &'t str) -> impl Iterator<Item = Value> + 't {
    let entries = turns.iter().flat_map(|turn| &turn.entries);
    let entries = entries.filter(move |entry| entry.author == Author::Platform && entry.kind == kind);
    entries.filter_map(|entry| serde_json::from_str(entry.body.get()).ok())
}

fn events(turns: &[TurnRecord]) -> Vec<String> {
    let emitted = noted(turns, "function_call").chain(noted(turns, "state_change"));
    let mut events: Vec<String> = emitted.flat_map(|body| texts(&body, &["event"])).collect();
    events.dedup();
    events
}

fn said(turns: &[TurnRecord]) -> impl Iterator<Item = &Entry> {
    turns.iter().flat_map(|turn| &turn.entries).filter(|entry| entry.author == Author::Agent)
}

/// Where the conversation is after the last turn.
fn state(turns: &[TurnRecord]) -> Option<String> {
    let last = turns.last()?;
    let of_flow = last.state.as_ref().and_then(|state| state.place.clone());
    of_flow.or_else(|| said(turns).filter_map(|entry| entry.place.clone()).last())
}

fn is_state(state: &str, name: &str) -> bool {
    state == name || state.rsplit('/').next() == Some(name)
}

fn status(turns: &[TurnRecord]) -> TranscriptStatus {
    match turns.last() {
        None => TranscriptStatus::InProgress,
        Some(last) => match &last.state {
            Some(state) => state.status,
            None if last.closed => TranscriptStatus::Completed,
            None => TranscriptStatus::InProgress,
        },
    }
}

fn words(turns: &[TurnRecord]) -> String {
    let words: Vec<&str> = said(turns).map(|entry| entry.text.as_str()).filter(|text| !text.is_empty()).collect();
    if words.is_empty() { "nothing".to_owned() } else { cut(&format!("\u{201c}{}\u{201d}", words.join(" / "))) }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { cut(&names.join(", ")) }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use model::{EntryId, Timestamp, TranscriptId, record::RequestFacts, transcript::TranscriptState};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn entry(author: Author, kind: &str, text: &str, body: Value) -> Entry {
        Entry {
            id: EntryId(Uuid::nil()),
            author,
            kind: kind.to_owned(),
            text: text.to_owned(),
            at: Timestamp(0),
            intent: None,
            place: None,
            body: serde_json::value::to_raw_value(&body).unwrap(),
        }
    }

    fn turn(entries: Vec<Entry>, state: Option<TranscriptState>, closed: bool, journal: Value) -> TurnRecord {
        let raw = |value: &Value| serde_json::value::to_raw_value(value).unwrap();
        TurnRecord {
            tenant: "demo".parse().unwrap(),
            agent: model::AgentId(Uuid::nil()),
            agent_version: 0,
            contact: "ann".parse().unwrap(),
            transcript: TranscriptId(Uuid::nil()),
            turn: 1,
            closed,
            message_id: None,
            at: Timestamp(0),
            request: RequestFacts::default(),
            entries,
            found_by: Vec::new(),
            contact_state: raw(&json!({})),
            session: raw(&json!({})),
            state: state.map(Box::new),
            mood: None,
            events: Vec::new(),
            journal: raw(&journal),
        }
    }

    fn of_flow() -> TurnRecord {
        let call = json!({"function": "Book a table", "tool": "Book_a_table", "parameters": {"day": "Monday", "people": 2},
                          "event": "Booked"});
        let entries = vec![
            entry(Author::Contact, "text", "book", json!({})),
            entry(Author::Agent, "text", "Your table is booked.", json!({})),
            entry(Author::Platform, "function_call", "", call),
            entry(Author::Platform, "state_change", "", json!({"from": "Greet", "to": "Thank", "event": "Booked"})),
        ];
        let state = TranscriptState { place: Some("Thank".into()), ..TranscriptState::default() };
        turn(entries, Some(state), false, json!({}))
    }

    fn of_scenario() -> TurnRecord {
        let mut heard = entry(Author::Contact, "text", "when", json!({}));
        heard.intent = Some("intent.user.Hours".into());
        let mut said = entry(Author::Agent, "text", "From nine to five", json!({}));
        (said.intent, said.place) = (Some("intent.app.Hours".into()), Some("main/shop/hours".into()));
        let act = json!([{"need": "act", "ordinal": 0, "action": "look_up", "component": "action.core.x",
                          "configuration": {"table": "t"}, "inputs": {"id": 7}}, {}]);
        turn(vec![heard, said], None, true, json!({"answers": [{"need": "history", "lines": 1}, act]}))
    }

    fn complaint(assertion: Value, turn: TurnRecord) -> Option<String> {
        serde_json::from_value::<Assertion>(assertion).expect("an assertion").failure(&[turn])
    }

    #[test]
    fn da_t06_each_assertion_holds_of_what_happened_and_of_nothing_else() {
        for (holds, does_not, says) in [
            (
                json!({"type": "function_called", "name": "Book a table"}),
                json!({"type": "function_called", "name": "Cancel"}),
                "`Cancel` was not called; called: Book a table",
            ),
            (
                json!({"type": "function_called", "name": "Book_a_table", "with": {"people": 2}}),
                json!({"type": "function_called", "name": "Book a table", "with": {"people": 3}}),
                "not with {\"people\":3}",
            ),
            (json!({"type": "event", "name": "Booked"}), json!({"type": "event", "name": "Lost"}), "emitted: Booked"),
            (json!({"type": "state", "name": "Thank"}), json!({"type": "state", "name": "Greet"}), "it is in `Thank`"),
            (
                json!({"type": "text_contains", "text": "TABLE is"}),
                json!({"type": "text_contains", "text": "sorry"}),
                "Your table is booked.",
            ),
            (
                json!({"type": "text_matches", "pattern": "^Your .* booked\\.$"}),
                json!({"type": "text_matches", "pattern": "^booked"}),
                "matches `^booked`",
            ),
            (
                json!({"type": "status", "status": "in_progress"}),
                json!({"type": "status", "status": "failed"}),
                "in_progress, not failed",
            ),
        ] {
            assert_eq!(complaint(holds.clone(), of_flow()), None, "{holds}");
            let said = complaint(does_not.clone(), of_flow()).unwrap_or_else(|| panic!("{does_not} holds"));
            assert!(said.contains(says), "{said}");
        }
        assert_eq!(complaint(json!({"type": "no_refusal"}), of_flow()), None);
        let mut refused = of_flow();
        refused.entries.push(entry(
            Author::Platform,
            "refusal",
            "",
            json!({"guardrail": "max_turns", "reason": "too long"}),
        ));
        let said = complaint(json!({"type": "no_refusal"}), refused);
        assert_eq!(said.as_deref(), Some("the guardrail max_turns refused: too long"));
    }

    #[test]
    fn da_t06_scenarios_have_intents_places_and_actions() {
        for holds in [
            json!({"type": "intent", "name": "intent.user.Hours"}),
            json!({"type": "intent", "name": "intent.app.Hours"}),
            json!({"type": "state", "name": "hours"}),
            json!({"type": "state", "name": "main/shop/hours"}),
            json!({"type": "status", "status": "completed"}),
            json!({"type": "function_called", "name": "look_up", "with": {"table": "t", "id": 7}}),
            json!({"type": "function_called", "name": "action.core.x"}),
        ] {
            assert_eq!(complaint(holds.clone(), of_scenario()), None, "{holds}");
        }
        for fails in [
            json!({"type": "intent", "name": "intent.user.Bye"}),
            json!({"type": "state", "name": "shop"}),
            json!({"type": "function_called", "name": "look_up", "with": {"id": 8}}),
            json!({"type": "event", "name": "Booked"}),
        ] {
            assert!(complaint(fails.clone(), of_scenario()).is_some(), "{fails}");
        }
    }

    #[test]
    fn of_no_turns_nothing_holds_that_needs_one() {
        let judged = Assertion::Judged { criterion: "it is kind".into() };
        assert_eq!(judged.failure(&[]), None, "a model says whether it holds");
        assert!(Assertion::TextContains { text: "a".into() }.failure(&[]).is_some());
        assert!(Assertion::State { name: "a".into() }.failure(&[]).is_some());
        assert_eq!(Assertion::NoRefusal.failure(&[]), None);
    }

    #[test]
    fn what_is_no_assertion_is_not_read_as_one() {
        for wrong in [
            json!({"type": "text_contains"}),
            json!({"type": "text_contains", "text": "a", "typo": 1}),
            json!({"type": "moon"}),
            json!({"type": "status", "status": "Completed"}),
        ] {
            assert!(serde_json::from_value::<Assertion>(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(pattern("(").is_err());
        assert!(pattern("(((a{1000}){1000}){1000}){1000}").is_err(), "its program is too large");
    }
}
