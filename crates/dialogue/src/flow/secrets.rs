//! Which secrets a flow names, and where (row DA-J4).

use super::document::{FlowDocument, StaticValue};
use crate::scenario::SecretUse;

/// The static parameters of a flow that are secrets of the tenant, by name.
pub fn secrets(flow: &FlowDocument) -> Vec<SecretUse> {
    let parameters = flow.configuration.static_parameters.iter();
    let named = parameters.filter_map(|(parameter, value)| match value {
        StaticValue::Secret(name) => {
            Some(SecretUse { name: name.clone(), path: format!("configuration.static_parameters.{parameter}") })
        }
        StaticValue::Value(_) => None,
    });
    named.collect()
}
