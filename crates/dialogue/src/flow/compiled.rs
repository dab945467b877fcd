//! A flow ready to run: every id resolved, every tool named, every schema made.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::Value;

use super::{
    document::{Configuration, FlowDocument, State, Target},
    function::{Code, FunctionDocument},
};

/// A flow that can run.
#[derive(Debug)]
pub struct CompiledFlow {
    /// What it was made of.
    pub document: FlowDocument,
    initial: Option<usize>,
    states: HashMap<String, usize>,
    transitions: HashMap<(usize, String), Arrival>,
    functions: HashMap<String, Arc<Callable>>,
}

/// Where an event leads, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arrival {
    State(usize),
    End,
    Scenario(String),
}

/// A function of the flow as the agent calls it.
#[derive(Debug)]
pub struct Callable {
    /// The function's id.
    pub id: String,
    /// Its name as a tool: letters, digits, `_` and `-`.
    pub tool: String,
    /// What the agent is told of it.
    pub description: String,
    /// JSON Schema of what the agent fills in.
    pub schema: Value,
    /// What it is.
    pub function: FunctionDocument,
}

impl CompiledFlow {
    /// Makes a flow ready. What cannot be resolved is left out: `check` tells the author of it.
    pub fn compile(document: FlowDocument, functions: &BTreeMap<String, FunctionDocument>) -> Self {
        let states: HashMap<String, usize> =
            document.states.iter().enumerate().map(|(at, state)| (state.id.clone(), at)).rev().collect();
        let transitions = document.transitions.iter().rev().filter_map(|transition| {
            let from = *states.get(&transition.from)?;
            let to = match &transition.to {
                Target::Nowhere => return None,
                Target::State(id) => Arrival::State(*states.get(id)?),
                Target::End => Arrival::End,
                Target::Scenario(intent) => Arrival::Scenario(intent.clone()),
            };
            Some(((from, transition.event.clone()), to))
        });
        let initial = match &document.initial {
            Some(id) => states.get(id).copied(),
            None => (!document.states.is_empty()).then_some(0),
        };
        Self {
            initial,
            transitions: transitions.collect(),
            functions: callables(&document, functions),
            states,
            document,
        }
    }

    /// The state in which a conversation starts.
    pub fn initial(&self) -> Option<&State> {
        self.initial.map(|at| &self.document.states[at])
    }

    /// A state by id.
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.get(id).map(|at| &self.document.states[*at])
    }

    /// A function by id.
    pub fn function(&self, id: &str) -> Option<&Arc<Callable>> {
        self.functions.get(id)
    }

    /// What customers call it.
    pub fn public_name(&self) -> &str {
        match self.document.public_name.trim() {
            "" => &self.document.name,
            name => name,
        }
    }

    /// Where an event leads from a state.
    pub(super) fn arrival(&self, from: &str, event: &str) -> Option<&Arrival> {
        self.transitions.get(&(*self.states.get(from)?, event.to_owned()))
    }

    pub(super) fn state_at(&self, at: usize) -> &State {
        &self.document.states[at]
    }

    /// The functions of the states that were visited, in first-seen order, each once (row DA-F6). Of two with the same
    /// tool name the one of the newest state counts (§21.3 R7).
    pub(super) fn offered<'f>(&'f self, visited: &[String]) -> Vec<&'f Arc<Callable>> {
        let mut offered: Vec<&Arc<Callable>> = Vec::new();
        let ids = visited.iter().filter_map(|id| self.state(id)).flat_map(|state| &state.functions);
        for callable in ids.filter_map(|id| self.functions.get(id)) {
            match offered.iter_mut().find(|known| known.tool == callable.tool) {
                Some(known) => *known = callable,
                None => offered.push(callable),
            }
        }
        offered
    }
}

/// The functions that the flow uses and has. Libraries are imported, not called.
fn callables(
    document: &FlowDocument,
    functions: &BTreeMap<String, FunctionDocument>,
) -> HashMap<String, Arc<Callable>> {
    let Configuration { start_up, wrap_up, .. } = &document.configuration;
    let used = document.states.iter().flat_map(|state| &state.functions).chain(start_up).chain(wrap_up);
    let used = used.filter_map(|id| Some((id, functions.get(id)?)));
    used.filter(|(_, function)| !matches!(function.code, Code::Library { .. }))
        .map(|(id, function)| {
            let callable = Callable {
                id: id.clone(),
                tool: tool_name(&function.name),
                description: told(function),
                schema: function.schema(),
                function: function.clone(),
            };
            (id.clone(), Arc::new(callable))
        })
        .collect()
}

/// Thoughts name functions as people do; the model must recognise them.
fn told(function: &FunctionDocument) -> String {
    match function.description.trim() {
        _ if function.name == tool_name(&function.name) => function.description.trim().to_owned(),
        "" => format!("\"{}\"", function.name),
        description => format!("\"{}\": {description}", function.name),
    }
}

/// A name that every provider takes as a tool's.
fn tool_name(name: &str) -> String {
    let tool: String = name
        .trim()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' })
        .take(64)
        .collect();
    if tool.is_empty() { "function".to_owned() } else { tool }
}
