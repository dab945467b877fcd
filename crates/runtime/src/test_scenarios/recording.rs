//! Makes a test scenario of a conversation: what the customer did, and what happened as what is expected. Pure.

use dialogue::flow::engine::Occasion;
use model::{
    attribute::Provenance,
    inbound::{Act, Inbound},
    record::{Author, Entry, TurnRecord},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Assertion, MAX_ASSERTIONS, MAX_TURNS, TestScenario, TestTurn};

/// Most characters of a text that is expected.
const MAX_TEXT: usize = 500;

/// A test scenario of recorded turns, oldest first. Of what a scenario says, the words are expected; what a model says
/// is otherwise each time, and what it did is expected instead. What is known of the customer is somebody's own and
/// comes along only `with_parameters`.
pub fn record(name: &str, turns: &[TurnRecord], with_parameters: bool) -> TestScenario {
    let first = turns.first().and_then(|turn| turn.state.as_deref());
    let channel = first.map(|state| state.channel.as_str()).filter(|channel| !channel.is_empty());
    let scenario = TestScenario {
        name: name.to_owned(),
        channel: channel.unwrap_or("web").to_owned(),
        parameters: if with_parameters { parameters(turns) } else { Map::new() },
        turns: turns.iter().filter_map(turn).take(MAX_TURNS).collect(),
        expect_end: Vec::new(),
    };
    let is_whole = turns.last().is_some_and(|last| last.closed);
    TestScenario { expect_end: if is_whole { end(turns) } else { Vec::new() }, ..scenario }
}

/// What was known of the customer before functions added to it.
fn parameters(turns: &[TurnRecord]) -> Map<String, Value> {
    let Some(first) = turns.first() else { return Map::new() };
    if let Some(state) = &first.state {
        let own = state.parameters.iter().filter(|(_, held)| held.provenance != Provenance::Function);
        return own.map(|(name, held)| (name.clone(), held.value.clone())).collect();
    }
    let Some(inbound) = inbound(first) else { return Map::new() };
    let mut known = inbound.visitor;
    known.extend(inbound.verified);
    // The server says this one itself.
    known.remove("selected_scenario");
    known
}

fn inbound(turn: &TurnRecord) -> Option<Inbound> {
    let entry = turn.entries.first().filter(|entry| entry.author == Author::Contact)?;
    serde_json::from_str(entry.body.get()).ok()
}

/// What the customer did; none where others did something, or files came, which are not kept for ever.
fn turn(turn: &TurnRecord) -> Option<TestTurn> {
    let inbound = inbound(turn)?;
    let expect = expected(turn);
    let is_typed = inbound.act == Act::Text && inbound.intent.is_none() && !inbound.text.trim().is_empty();
    Some(if is_typed {
        TestTurn { say: Some(inbound.text), act: None, expect }
    } else {
        let act = Inbound { visitor: Map::new(), verified: Map::new(), files: Map::new(), ..inbound };
        TestTurn { say: None, act: Some(Box::new(act)), expect }
    })
}

/// What is noted of a call, as far as it is expected again.
#[derive(Deserialize)]
struct Call {
    function: String,
    occasion: Occasion,
    #[serde(default)]
    parameters: Map<String, Value>,
    #[serde(default)]
    error: Option<Value>,
}

fn expected(turn: &TurnRecord) -> Vec<Assertion> {
    let is_flow = turn.state.is_some();
    let mut expected: Vec<Assertion> = Vec::new();
    for entry in &turn.entries {
        match (entry.author, entry.kind.as_str()) {
            (Author::Contact, _) => {
                expected.extend(entry.place.is_some().then(|| entry.intent.clone()).flatten().map(intent));
            }
            (Author::Agent, _) if !is_flow || entry.intent.is_some() => {
                expected.extend(entry.intent.clone().map(intent));
                let text: String = entry.text.trim().chars().take(MAX_TEXT).collect();
                if !text.is_empty() {
                    expected.push(Assertion::TextContains { text });
                }
            }
            (Author::Platform, "function_call") => expected.extend(called(entry)),
            (Author::Platform, "state_change") => {
                let body: Value = serde_json::from_str(entry.body.get()).unwrap_or_default();
                let event = body.get("event").and_then(Value::as_str);
                expected.extend(event.map(|name| Assertion::Event { name: name.to_owned() }));
            }
            _ => {}
        }
    }
    if let Some(state) = &turn.state {
        let place = state.place.clone().filter(|place| !place.is_empty());
        expected.extend(place.map(|name| Assertion::State { name }));
        if !turn.entries.iter().any(|entry| entry.kind == "refusal") {
            expected.push(Assertion::NoRefusal);
        }
    }
    expected.truncate(MAX_ASSERTIONS);
    expected
}

fn intent(name: String) -> Assertion {
    Assertion::Intent { name }
}

/// A call that succeeded. What runs at the beginning and at the end is given what nobody chose.
fn called(entry: &Entry) -> Option<Assertion> {
    let call: Call = serde_json::from_str(entry.body.get()).ok()?;
    let with = if call.occasion == Occasion::Agent { call.parameters } else { Map::new() };
    call.error.is_none().then_some(Assertion::FunctionCalled { name: call.function, with })
}

fn end(turns: &[TurnRecord]) -> Vec<Assertion> {
    let state = turns.last().and_then(|last| last.state.as_deref());
    let status = state.map_or(model::transcript::TranscriptStatus::Completed, |state| state.status);
    vec![Assertion::Status { status }]
}
