//! A version of a flow: what a conversation runs, whatever is edited meanwhile (spec/dialai.md §6.4, §21.3 R8).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    document::FlowDocument,
    function::{Code, FunctionDocument},
};

/// A version, with the functions that it runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowVersion {
    /// The flow as it was published.
    pub flow: FlowDocument,
    /// Its functions, by id.
    pub functions: BTreeMap<String, PinnedFunction>,
    /// The libraries that its functions import, by name.
    pub libraries: BTreeMap<String, PinnedFunction>,
}

/// A function as it was when the version was published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PinnedFunction {
    /// The number of its snapshot; 0 for a function as it is edited.
    pub snapshot: u32,
    /// The function.
    pub function: FunctionDocument,
}

impl FlowVersion {
    /// A draft with the functions as they are now, which are the tenant's by id.
    pub fn of_draft(flow: FlowDocument, functions: &BTreeMap<String, FunctionDocument>) -> Self {
        let pinned = |id: &String| PinnedFunction { snapshot: 0, function: functions[id].clone() };
        let Used { functions: called, libraries } = used(&flow, functions);
        Self {
            functions: called.iter().map(|id| (id.clone(), pinned(id))).collect(),
            libraries: libraries.iter().map(|(name, id)| (name.clone(), pinned(id))).collect(),
            flow,
        }
    }
}

/// What of a tenant's functions a flow runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// Ids of the functions that it names and that are there.
    pub functions: Vec<String>,
    /// Ids of the libraries that those import, and those in turn, by name.
    pub libraries: BTreeMap<String, String>,
}

/// What of a tenant's functions a flow runs.
pub fn used(flow: &FlowDocument, functions: &BTreeMap<String, FunctionDocument>) -> Used {
    let configuration = &flow.configuration;
    let named = flow.states.iter().flat_map(|state| &state.functions);
    let named = named.chain(&configuration.start_up).chain(&configuration.wrap_up);
    let mut called: Vec<String> = named.filter(|id| functions.contains_key(*id)).cloned().collect();
    called.sort();
    called.dedup();
    let libraries = imported(called.iter().map(|id| &functions[id]), functions);
    Used { functions: called, libraries }
}

/// Ids of the libraries of a tenant that functions import, and those in turn, by name.
pub fn imported<'f>(
    importing: impl IntoIterator<Item = &'f FunctionDocument>,
    functions: &'f BTreeMap<String, FunctionDocument>,
) -> BTreeMap<String, String> {
    let mut libraries = BTreeMap::new();
    let mut open: Vec<&FunctionDocument> = importing.into_iter().collect();
    while let Some(function) = open.pop() {
        for (id, library) in functions {
            let is_new = !libraries.contains_key(&library.name);
            if is_new && matches!(library.code, Code::Library { .. }) && imports(function, &library.name) {
                libraries.insert(library.name.clone(), id.clone());
                open.push(library);
            }
        }
    }
    libraries
}

/// Whether a function's source has a library's name in quotes, as every import of it does. What only looks like an
/// import pins a library too many, which changes nothing.
pub fn imports(function: &FunctionDocument, library: &str) -> bool {
    let (Code::JavaScript { source } | Code::Library { source }) = &function.code else { return false };
    ['"', '\'', '`'].into_iter().any(|quote| source.contains(&format!("{quote}{library}{quote}")))
}
