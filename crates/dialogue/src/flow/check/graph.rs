//! What refers to what: states, functions, events; and what can be reached.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    flow::{
        document::{FlowDocument, Target},
        function::{Code, FunctionDocument},
    },
    problem::Problem,
};

type Functions = BTreeMap<String, FunctionDocument>;

/// References to what is not there.
pub(super) fn dangling(flow: &FlowDocument, functions: &Functions) -> Vec<Problem> {
    let states: HashSet<&str> = flow.states.iter().map(|state| state.id.as_str()).collect();
    let mut found = Vec::new();
    let mut state = |path: String, id: &str| {
        if !states.contains(id) {
            let message = format!("The flow has no state `{id}`.");
            found.push(Problem::error(path, message, "Name a state of the flow by its id, or make that state first."));
        }
    };
    if let Some(initial) = &flow.initial {
        state("initial".to_owned(), initial);
    }
    for (at, transition) in flow.transitions.iter().enumerate() {
        state(format!("transitions[{at}].from"), &transition.from);
        if let Target::State(to) = &transition.to {
            state(format!("transitions[{at}].to.state"), to);
        }
    }
    for (path, id) in used(flow) {
        match functions.get(id) {
            None => {
                let message = format!("There is no function `{id}`.");
                found.push(Problem::error(path, message, "Name a function of the tenant by its id."));
            }
            Some(function) if matches!(function.code, Code::Library { .. }) => {
                let message = format!("`{}` is a library: other functions import it.", function.name);
                found.push(Problem::error(path, message, "Name the function that imports it."));
            }
            Some(_) => {}
        }
    }
    found
}

/// What keeps a flow from being published, and what is probably not meant.
pub(super) fn unsound(flow: &FlowDocument, functions: &Functions) -> Vec<Problem> {
    let mut found = Vec::new();
    if flow.states.is_empty() {
        let remedy = "Add the state in which conversations start.";
        found.push(Problem::error("states", "The flow has no state.", remedy));
    } else if flow.initial.is_none() {
        let remedy = "Name the state in which conversations start.";
        found.push(Problem::error("initial", "The flow has no initial state.", remedy));
    }
    unreachable(flow, &mut found);
    events(flow, functions, &mut found);
    thoughts(flow, functions, &mut found);
    tools(flow, functions, &mut found);
    statics(flow, functions, &mut found);
    found
}

/// Where functions are named, and which.
fn used(flow: &FlowDocument) -> impl Iterator<Item = (String, &str)> {
    let of_states = flow.states.iter().enumerate().flat_map(|(at, state)| {
        let named = state.functions.iter().enumerate();
        named.map(move |(index, id)| (format!("states[{at}].functions[{index}]"), id.as_str()))
    });
    let lists = [("start_up", &flow.configuration.start_up), ("wrap_up", &flow.configuration.wrap_up)];
    let around = lists.into_iter().flat_map(|(name, list)| {
        let named = list.iter().enumerate();
        named.map(move |(index, id)| (format!("configuration.{name}[{index}]"), id.as_str()))
    });
    of_states.chain(around)
}

/// The states that some state leads to, it included, over these steps.
fn reached<'f>(from: &'f str, steps: &HashMap<&'f str, Vec<&'f str>>) -> HashSet<&'f str> {
    let mut reached = HashSet::from([from]);
    let mut open = vec![from];
    while let Some(state) = open.pop() {
        for &next in steps.get(state).into_iter().flatten() {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}

/// Steps from state to state, as drawn or against the arrows.
fn steps(flow: &FlowDocument, direction: Direction) -> HashMap<&str, Vec<&str>> {
    let mut steps = HashMap::<&str, Vec<&str>>::new();
    for transition in &flow.transitions {
        if let Target::State(to) = &transition.to {
            let (from, to) = match direction {
                Direction::Along => (transition.from.as_str(), to.as_str()),
                Direction::Against => (to.as_str(), transition.from.as_str()),
            };
            steps.entry(from).or_default().push(to);
        }
    }
    steps
}

#[derive(Clone, Copy)]
enum Direction {
    Along,
    Against,
}

fn unreachable(flow: &FlowDocument, found: &mut Vec<Problem>) {
    let Some(initial) = &flow.initial else { return };
    let steps = steps(flow, Direction::Along);
    let reached = reached(initial, &steps);
    for (at, state) in flow.states.iter().enumerate() {
        if !reached.contains(state.id.as_str()) {
            let message = format!("No transition leads to `{}`.", state.name);
            found.push(Problem::warning(format!("states[{at}]"), message, "Lead a transition to it, or delete it."));
        }
    }
    for (at, transition) in flow.transitions.iter().enumerate() {
        if transition.to == Target::Nowhere {
            let message = format!("The event `{}` leads nowhere.", transition.event);
            let remedy = "Say where it leads; until then the state stays as it is.";
            found.push(Problem::warning(format!("transitions[{at}].to"), message, remedy));
        }
    }
}

/// Events on which a transition waits, and that no function can emit which is callable by then: those of the state
/// itself, of states that lead to it, and of the start.
fn events(flow: &FlowDocument, functions: &Functions, found: &mut Vec<Problem>) {
    let steps = steps(flow, Direction::Against);
    let attached: HashMap<&str, &[String]> =
        flow.states.iter().map(|state| (state.id.as_str(), state.functions.as_slice())).collect();
    let mut known = HashMap::<&str, HashSet<&str>>::new();
    for (at, transition) in flow.transitions.iter().enumerate() {
        let from = transition.from.as_str();
        let emitted = known.entry(from).or_insert_with(|| {
            let before = reached(from, &steps);
            let callable = before.iter().filter_map(|state| attached.get(state)).flat_map(|list| list.iter());
            let callable = callable.chain(&flow.configuration.start_up).filter_map(|id| functions.get(id));
            callable.flat_map(|function| function.events.iter().map(String::as_str)).collect()
        });
        if !emitted.contains(transition.event.as_str()) {
            let message = format!("No function that is callable by then declares the event `{}`.", transition.event);
            let remedy = "Attach the function that emits it to the state or to one before, or declare the event there.";
            found.push(Problem::warning(format!("transitions[{at}].event"), message, remedy));
        }
    }
}

/// Names in back-ticks in a thought: functions are referred to by their exact names (§6.5).
fn thoughts(flow: &FlowDocument, functions: &Functions, found: &mut Vec<Problem>) {
    let attached: HashSet<&str> = flow
        .states
        .iter()
        .flat_map(|state| &state.functions)
        .filter_map(|id| functions.get(id))
        .map(|function| function.name.as_str())
        .collect();
    let all: HashSet<&str> = functions.values().map(|function| function.name.as_str()).collect();
    for (at, state) in flow.states.iter().enumerate() {
        let mut named: Vec<&str> = state.thought.split('`').skip(1).step_by(2).collect();
        if state.thought.matches('`').count() % 2 == 1 {
            // The last one was never closed.
            named.pop();
        }
        let mut told = HashSet::new();
        for name in named {
            let name = name.trim().trim_end_matches("()");
            if !is_plain(name) || attached.contains(name) || !told.insert(name) {
                continue;
            }
            let (message, remedy) = if all.contains(name) {
                let message = format!("The thought names the function `{name}`, which no state of the flow has.");
                (message, "Attach it to this state or to one before.")
            } else {
                let message = format!("The thought names `{name}`, and there is no function of that name.");
                (message, "Correct the name, or write it without back-ticks.")
            };
            found.push(Problem::warning(format!("states[{at}].thought"), message, remedy));
        }
    }
}

/// Whether a text in back-ticks can be meant as the name of a function: words, nothing else.
fn is_plain(name: &str) -> bool {
    (1..=super::bounds::FUNCTION_NAME).contains(&name.chars().count())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
        && name.chars().any(char::is_alphabetic)
}

/// Functions of one flow that are the same to a model, which knows letters, digits, `_` and `-` alone.
fn tools(flow: &FlowDocument, functions: &Functions, found: &mut Vec<Problem>) {
    let mut known = HashMap::<String, &str>::new();
    for (path, id) in used(flow) {
        let Some(function) = functions.get(id) else { continue };
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let tool: String = function.name.chars().map(plain).collect();
        match known.get(&tool) {
            Some(other) if *other != id => {
                let message =
                    format!("To a model `{}` and another function of the flow have the same name.", function.name);
                found.push(Problem::warning(path, message, "Rename one of them."));
            }
            Some(_) => {}
            None => {
                known.insert(tool, id);
            }
        }
    }
}

/// Static parameters that a function reads and the flow does not set.
fn statics(flow: &FlowDocument, functions: &Functions, found: &mut Vec<Problem>) {
    let mut told = HashSet::new();
    for (_, id) in used(flow) {
        let Some(function) = functions.get(id) else { continue };
        for name in &function.static_parameters {
            if !flow.configuration.static_parameters.contains_key(name) && told.insert((id, name)) {
                let message = format!("`{}` reads the static parameter `{name}`, which is not set.", function.name);
                let path = "configuration.static_parameters";
                found.push(Problem::warning(path, message, "Set it, or take it out of the function."));
            }
        }
    }
}
