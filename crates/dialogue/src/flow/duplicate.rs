//! A second one of a flow, under a name of its own (row DA-F13).

use super::document::FlowDocument;

/// A copy. `taken` says whether the tenant has a flow of a name. Ids within a flow are its own, so they stay; functions
/// are the tenant's, so both use the same.
pub fn duplicate(flow: &FlowDocument, taken: impl Fn(&str) -> bool) -> FlowDocument {
    let named = |count: u32| match count {
        1 => format!("{} copy", flow.name),
        count => format!("{} copy {count}", flow.name),
    };
    let name = (1..).map(named).find(|name| !taken(name)).unwrap_or_else(|| flow.name.clone());
    FlowDocument { name, ..flow.clone() }
}
