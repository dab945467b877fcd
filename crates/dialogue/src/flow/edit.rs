//! Changing one state or one transition of a flow (row DA-F18). What refers to a state keeps making sense.

use thiserror::Error;

use super::document::{FlowDocument, State, Target, Transition};

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// There is no such state.
    #[error("the flow has no state `{0}`")]
    NoSuchState(String),
    /// There is no such transition.
    #[error("the flow has no transition `{0}`")]
    NoSuchTransition(String),
}

/// Adds a state. The first one of a flow is where conversations start.
pub fn add_state(flow: &mut FlowDocument, state: State) {
    if flow.initial.is_none() {
        flow.initial = Some(state.id.clone());
    }
    flow.states.push(state);
}

/// Replaces the state of the same id.
///
/// # Errors
/// [`EditError::NoSuchState`].
pub fn replace_state(flow: &mut FlowDocument, state: State) -> Result<State, EditError> {
    let known = flow.states.iter_mut().find(|known| known.id == state.id);
    let known = known.ok_or_else(|| EditError::NoSuchState(state.id.clone()))?;
    Ok(std::mem::replace(known, state))
}

/// Takes a state away, with the transitions that leave it. Those that led to it lead nowhere until they are drawn
/// anew; when conversations started in it, they start in the first that is left.
///
/// # Errors
/// [`EditError::NoSuchState`].
pub fn remove_state(flow: &mut FlowDocument, id: &str) -> Result<State, EditError> {
    let at = flow.states.iter().position(|state| state.id == id);
    let removed = flow.states.remove(at.ok_or_else(|| EditError::NoSuchState(id.to_owned()))?);
    flow.transitions.retain(|transition| transition.from != id);
    for transition in &mut flow.transitions {
        if matches!(&transition.to, Target::State(to) if to == id) {
            transition.to = Target::Nowhere;
        }
    }
    if flow.initial.as_deref() == Some(id) {
        flow.initial = flow.states.first().map(|state| state.id.clone());
    }
    Ok(removed)
}

/// Adds a transition.
pub fn add_transition(flow: &mut FlowDocument, transition: Transition) {
    flow.transitions.push(transition);
}

/// Replaces the transition of the same id.
///
/// # Errors
/// [`EditError::NoSuchTransition`].
pub fn replace_transition(flow: &mut FlowDocument, transition: Transition) -> Result<Transition, EditError> {
    let known = flow.transitions.iter_mut().find(|known| known.id == transition.id);
    let known = known.ok_or_else(|| EditError::NoSuchTransition(transition.id.clone()))?;
    Ok(std::mem::replace(known, transition))
}

/// Takes a transition away.
///
/// # Errors
/// [`EditError::NoSuchTransition`].
pub fn remove_transition(flow: &mut FlowDocument, id: &str) -> Result<Transition, EditError> {
    let at = flow.transitions.iter().position(|transition| transition.id == id);
    Ok(flow.transitions.remove(at.ok_or_else(|| EditError::NoSuchTransition(id.to_owned()))?))
}
