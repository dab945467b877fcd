//! The conversation's context: its internal parameters, and who vouches for each (spec/dialai.md §7.3, §21.1 A10, A11).

use std::collections::BTreeMap;

use model::attribute::{Attribute, Provenance};
use serde_json::{Map, Value};

/// Most parameters of a conversation.
const MAX_PARAMETERS: usize = 200;
/// Most of a conversation's parameters beside which a browser may add one: it must not crowd out what tokens and
/// functions have to say.
const MAX_BROWSER: usize = 100;
/// Longest name of one, in characters.
const MAX_NAME: usize = 255;
/// Largest value that a browser or a token may set, in bytes of JSON.
const MAX_TOLD: usize = 8 << 10;
/// Largest value that a function may set, in bytes of JSON.
const MAX_VALUE: usize = 64 << 10;

/// Sets a parameter; null takes it away. Who is trusted less overwrites nothing of who is trusted more.
///
/// # Errors
/// Why it was not set.
pub(super) fn set(
    parameters: &mut BTreeMap<String, Attribute>,
    name: &str,
    value: &Value,
    provenance: Provenance,
) -> Result<(), &'static str> {
    if parameters.get(name).is_some_and(|known| known.provenance > provenance) {
        return Err("somebody who is trusted more has set it");
    }
    if value.is_null() {
        parameters.remove(name);
        return Ok(());
    }
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err("a name has 1 to 255 characters, none of them a control character");
    }
    let most = if provenance <= Provenance::Token { MAX_TOLD } else { MAX_VALUE };
    if value.to_string().len() > most {
        return Err("it is too large");
    }
    let most = if provenance == Provenance::Browser { MAX_BROWSER } else { MAX_PARAMETERS };
    if parameters.len() >= most && !parameters.contains_key(name) {
        return Err("the conversation has as many parameters as are kept");
    }
    parameters.insert(name.to_owned(), Attribute { value: value.clone(), provenance });
    Ok(())
}

/// The values without who vouches for them.
pub(super) fn values(parameters: &BTreeMap<String, Attribute>) -> Map<String, Value> {
    parameters.iter().map(|(name, attribute)| (name.clone(), attribute.value.clone())).collect()
}
