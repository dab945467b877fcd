//! What is wrong with a flow or a function, without running it.
//!
//! [`faults`] is what keeps a draft from being saved: it names what is not there, or is past a bound. [`check`] is that
//! and what keeps it from being published, and warnings: a flow can be built step by step, so a state without a way out
//! may be saved. Pure: the tenant's functions are given.

pub mod bounds;
mod form;
mod function;
mod graph;

use std::collections::BTreeMap;

use super::{document::FlowDocument, function::FunctionDocument};
use crate::problem::Problem;

pub use function::faults as function_faults;

/// What keeps a draft from being saved. `functions` are the tenant's, by id.
pub fn faults(flow: &FlowDocument, functions: &BTreeMap<String, FunctionDocument>) -> Vec<Problem> {
    let mut found = form::faults(flow);
    found.extend(graph::dangling(flow, functions));
    found
}

/// All that is wrong. A draft with an error among it is not published.
pub fn check(flow: &FlowDocument, functions: &BTreeMap<String, FunctionDocument>) -> Vec<Problem> {
    let mut found = faults(flow, functions);
    found.extend(graph::unsound(flow, functions));
    found
}
