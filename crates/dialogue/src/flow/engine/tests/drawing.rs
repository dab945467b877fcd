//! Flows drawn in a few words.

use std::collections::BTreeMap;

use super::stage::Played;
use crate::flow::{
    compiled::CompiledFlow,
    document::{Configuration, FlowDocument, State, Target, Transition},
    function::FunctionDocument,
};

/// A flow that is being drawn, and its functions by id.
#[derive(Debug)]
pub(super) struct Drawn {
    flow: FlowDocument,
    functions: BTreeMap<String, FunctionDocument>,
}

/// A flow without states.
pub(super) fn flow() -> Drawn {
    Drawn { flow: FlowDocument { name: "Booking".into(), ..FlowDocument::default() }, functions: BTreeMap::new() }
}

/// A flow with one state, `start`, in which functions can be called.
pub(super) fn one_state(functions: &[&str]) -> Drawn {
    flow().state("start", "Help the customer.", functions)
}

impl Drawn {
    /// With a state, named `State <id>`. The first is where conversations start.
    pub(super) fn state(mut self, id: &str, thought: &str, functions: &[&str]) -> Self {
        for function in functions {
            self = self.known(function);
        }
        self.flow.states.push(State {
            id: id.into(),
            name: format!("State {id}"),
            thought: thought.into(),
            functions: functions.iter().map(|&id| id.to_owned()).collect(),
            position: None,
        });
        self
    }

    /// With a transition.
    pub(super) fn goes(mut self, from: &str, event: &str, to: Target) -> Self {
        let id = format!("t{}", self.flow.transitions.len());
        self.flow.transitions.push(Transition { id, from: from.into(), event: event.into(), to });
        self
    }

    /// With a transition to a state.
    pub(super) fn moves(self, from: &str, event: &str, to: &str) -> Self {
        self.goes(from, event, Target::State(to.into()))
    }

    /// A function is what is given here.
    pub(super) fn function(mut self, id: &str, function: FunctionDocument) -> Self {
        let name = if function.name.is_empty() { id.to_owned() } else { function.name.clone() };
        self.functions.insert(id.into(), FunctionDocument { name, ..function });
        self
    }

    /// With functions that run before, and after.
    pub(super) fn around(mut self, start_up: &[&str], wrap_up: &[&str]) -> Self {
        for function in start_up.iter().chain(wrap_up) {
            self = self.known(function);
        }
        let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
        self.flow.configuration.start_up = owned(start_up);
        self.flow.configuration.wrap_up = owned(wrap_up);
        self
    }

    pub(super) fn set(mut self, set: impl FnOnce(&mut Configuration)) -> Self {
        set(&mut self.flow.configuration);
        self
    }

    fn known(mut self, id: &str) -> Self {
        let document = FunctionDocument {
            name: id.into(),
            description: format!("Does what {id} does"),
            ..FunctionDocument::default()
        };
        self.functions.entry(id.into()).or_insert(document);
        self
    }

    /// A conversation with the flow.
    pub(super) fn played(self) -> Played {
        Played::of(CompiledFlow::compile(self.flow, &self.functions))
    }
}
