//! What becomes of an exported flow in a tenant: functions that the tenant has already are used, others are made, and
//! where a name stands for something else the new one is renamed, also where the flow and other functions refer to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    document::FlowDocument,
    export::Portable,
    function::{Code, FunctionDocument},
};

/// What an import makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// The flow, with the ids of the functions as they are in the tenant.
    pub flow: FlowDocument,
    /// The functions of the file and what becomes of each.
    pub functions: Vec<ImportedFunction>,
}

/// A function of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedFunction {
    /// Its id in the tenant.
    pub id: String,
    /// Its name in the file.
    pub named: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// The function as it is in the tenant after the import.
    pub function: FunctionDocument,
}

/// What becomes of a function of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The tenant has the same under the same name.
    Reused,
    /// It is made.
    Created,
    /// It is made under another name: the tenant has something else under this one.
    Renamed,
}

/// Plans an import. `known` are the tenant's functions by id; `new_id` makes ids.
pub fn import(
    file: &Portable,
    known: &BTreeMap<String, FunctionDocument>,
    mut new_id: impl FnMut() -> String,
) -> Import {
    let mut names: BTreeSet<String> = known.values().map(|function| function.name.to_lowercase()).collect();
    names.extend(file.functions.values().chain(file.libraries.values()).map(|function| function.name.to_lowercase()));
    let renamed = renamed(file, known, &mut names);
    let mut place = |function: &FunctionDocument| {
        let function = adapted(function, file, &renamed);
        let same = known.iter().find(|(_, known)| **known == function);
        same.map_or_else(|| (new_id(), function.clone(), false), |(id, _)| (id.clone(), function.clone(), true))
    };
    let mut ids = BTreeMap::new();
    let mut functions = Vec::new();
    let libraries = file.libraries.values().map(|library| (None, library));
    for (old, document) in libraries.chain(file.functions.iter().map(|(id, function)| (Some(id), function))) {
        let (id, function, known) = place(document);
        let outcome = if known {
            Outcome::Reused
        } else if function.name == document.name {
            Outcome::Created
        } else {
            Outcome::Renamed
        };
        if let Some(old) = old {
            ids.insert(old.clone(), id.clone());
        }
        functions.push(ImportedFunction { id, named: document.name.clone(), outcome, function });
    }
    Import { flow: moved(&file.flow, &ids, &renamed), functions }
}

/// The names that have to change, each with its new one: those under which the tenant has something else. A function
/// that imports a library which is renamed is something else than the one that it was.
fn renamed(
    file: &Portable,
    known: &BTreeMap<String, FunctionDocument>,
    names: &mut BTreeSet<String>,
) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::<String, String>::new();
    loop {
        let before = renamed.len();
        for function in file.libraries.values().chain(file.functions.values()) {
            if renamed.contains_key(&function.name) {
                continue;
            }
            let namesake = known.values().find(|known| known.name.to_lowercase() == function.name.to_lowercase());
            if namesake.is_some_and(|namesake| *namesake != adapted(function, file, &renamed)) {
                let name = free_name(&function.name, names);
                names.insert(name.to_lowercase());
                renamed.insert(function.name.clone(), name);
            }
        }
        if renamed.len() == before {
            return renamed;
        }
    }
}

/// `name_2`, `name_3` …, the first that is free, and no longer than a name may be.
fn free_name(name: &str, names: &BTreeSet<String>) -> String {
    let mut numbered = (2_u32..).map(|count| {
        let suffix = format!("_{count}");
        let room = super::bounds::FUNCTION_NAME - suffix.len();
        format!("{}{suffix}", name.chars().take(room).collect::<String>().trim_end())
    });
    numbered.find(|name| !names.contains(&name.to_lowercase())).unwrap_or_else(|| name.to_owned())
}

/// A function under its name in the tenant, importing libraries by their names there.
fn adapted(function: &FunctionDocument, file: &Portable, renamed: &BTreeMap<String, String>) -> FunctionDocument {
    let mut function = function.clone();
    if let Some(name) = renamed.get(&function.name) {
        function.name.clone_from(name);
    }
    if let Code::JavaScript { source } | Code::Library { source } = &mut function.code {
        let libraries = renamed.iter().filter(|(old, _)| file.libraries.contains_key(*old));
        let libraries: Vec<(&str, &str)> = libraries.map(|(old, new)| (old.as_str(), new.as_str())).collect();
        *source = quoted_anew(source, &libraries);
    }
    function
}

/// A flow that names functions by the ids and names that they have in the tenant.
fn moved(flow: &FlowDocument, ids: &BTreeMap<String, String>, renamed: &BTreeMap<String, String>) -> FlowDocument {
    let mut flow = flow.clone();
    let configuration = &mut flow.configuration;
    let around = configuration.start_up.iter_mut().chain(&mut configuration.wrap_up);
    for id in flow.states.iter_mut().flat_map(|state| &mut state.functions).chain(around) {
        if let Some(new) = ids.get(id) {
            id.clone_from(new);
        }
    }
    for state in &mut flow.states {
        for (old, new) in renamed {
            state.thought = words_replaced(&state.thought, old, new);
        }
    }
    flow
}

/// A source in which names of libraries in quotes are replaced.
fn quoted_anew(source: &str, renamed: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'', '`']) {
        let quote = rest.as_bytes()[at] as char;
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        rest = after;
        let names = |old: &str| rest.strip_prefix(old).is_some_and(|end| end.starts_with(quote));
        if let Some((old, new)) = renamed.iter().find(|(old, _)| names(old)) {
            out.push_str(new);
            out.push(quote);
            rest = &rest[old.len() + 1..];
        }
    }
    out.push_str(rest);
    out
}

/// A text in which a name is replaced where it stands as a word of its own.
fn words_replaced(text: &str, old: &str, new: &str) -> String {
    let within = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, found) = rest.split_at(at);
        let after = &found[old.len()..];
        out.push_str(before);
        let bare = !out.chars().next_back().is_some_and(within) && !after.chars().next().is_some_and(within);
        out.push_str(if bare { new } else { old });
        rest = after;
    }
    out.push_str(rest);
    out
}
