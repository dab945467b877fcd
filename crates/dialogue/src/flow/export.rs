//! A flow as one portable file (row DA-F12, spec/dialai.md §21.4 N2): the flow, the functions that it runs with their
//! source, the names of documents. Of secrets the names alone, since a flow knows no more.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    check::{faults, function_faults},
    document::FlowDocument,
    function::{Code, FunctionDocument},
    version::{FlowVersion, PinnedFunction},
};
use crate::problem::Problem;

/// What the field `format` of a file says.
pub const FORMAT: &str = "parlance.flow";
/// The version of the format that is written.
pub const VERSION: u32 = 1;
/// Largest file, in bytes.
pub const LARGEST_FILE: usize = 24 << 20;

/// A portable flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portable {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The flow.
    pub flow: FlowDocument,
    /// The functions that it names, by the ids under which it does.
    #[serde(default)]
    pub functions: BTreeMap<String, FunctionDocument>,
    /// The libraries that they import, by name.
    #[serde(default)]
    pub libraries: BTreeMap<String, FunctionDocument>,
    /// Ids of the documents and questions that it reads, which are not in the file.
    #[serde(default)]
    pub documents: Vec<String>,
}

/// A version, or a draft with its functions, as a file.
pub fn export(version: &FlowVersion) -> Portable {
    let documentation = &version.flow.configuration.documentation;
    let plain = |pinned: &BTreeMap<String, PinnedFunction>| {
        pinned.iter().map(|(id, pinned)| (id.clone(), pinned.function.clone())).collect()
    };
    Portable {
        format: FORMAT.to_owned(),
        version: VERSION,
        functions: plain(&version.functions),
        libraries: plain(&version.libraries),
        documents: documentation.documents.iter().chain(&documentation.faqs).cloned().collect(),
        flow: version.flow.clone(),
    }
}

impl Portable {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that keeps it from being imported, with its places in the file.
    pub fn read(file: &[u8]) -> Result<Self, Vec<Problem>> {
        let unreadable = |problem: serde_json::Error| {
            vec![Problem::error("", format!("It is no flow: {problem}."), "Import a file that was exported as a flow.")]
        };
        let tree: Value = serde_json::from_slice(file).map_err(unreadable)?;
        // The format first: a file of something else has better to say than that a field is missing.
        if tree.get("format").and_then(Value::as_str) != Some(FORMAT) {
            let remedy = format!("Import a file whose `format` is `{FORMAT}`.");
            return Err(vec![Problem::error("format", "It is no exported flow.", remedy)]);
        }
        if tree.get("version").and_then(Value::as_u64) != Some(u64::from(VERSION)) {
            let remedy = format!("Export it again with a release that writes version {VERSION}.");
            return Err(vec![Problem::error("version", "This version of the format is not known.", remedy)]);
        }
        let portable: Self = serde_json::from_value(tree).map_err(unreadable)?;
        let problems = portable.faults();
        if problems.is_empty() { Ok(portable) } else { Err(problems) }
    }

    fn faults(&self) -> Vec<Problem> {
        let mut found = under("flow", faults(&self.flow, &self.functions));
        for (id, function) in &self.functions {
            found.extend(under(&format!("functions.{id}"), function_faults(function)));
        }
        for (name, library) in &self.libraries {
            let path = format!("libraries.{name}");
            found.extend(under(&path, function_faults(library)));
            if &library.name != name || !matches!(library.code, Code::Library { .. }) {
                let remedy = "Put the library there that has this name, with the code of type `library`.";
                found.push(Problem::error(path, "It is no library of that name.", remedy));
            }
        }
        let mut names = HashSet::new();
        for function in self.functions.values().chain(self.libraries.values()) {
            if !names.insert(function.name.to_lowercase()) {
                let message = format!("Two functions are called `{}`.", function.name);
                found.push(Problem::error("functions", message, "Rename one of them."));
            }
        }
        found
    }
}

/// Problems of a part, with their places in the whole.
fn under(part: &str, problems: Vec<Problem>) -> Vec<Problem> {
    let placed = problems.into_iter().map(|problem| Problem {
        path: if problem.path.is_empty() { part.to_owned() } else { format!("{part}.{}", problem.path) },
        ..problem
    });
    placed.collect()
}
