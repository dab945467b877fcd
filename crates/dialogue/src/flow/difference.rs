//! What changed from one version of a flow to another, in words (spec/dialai.md §6.4).

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{
    document::{FlowDocument, State, Target, Transition},
    function::{Code, FunctionDocument},
    version::{FlowVersion, PinnedFunction},
};

/// Characters of a value that are quoted.
const QUOTED: usize = 60;

/// What changed, one line for each thing; none when nothing did. Moving a state on the canvas is no change.
pub fn difference(from: &FlowVersion, to: &FlowVersion) -> Vec<String> {
    let mut lines = Vec::new();
    for (what, before, after) in [
        ("Name", &from.flow.name, &to.flow.name),
        ("Public name", &from.flow.public_name, &to.flow.public_name),
        ("Description", &from.flow.description, &to.flow.description),
    ] {
        if before != after {
            lines.push(format!("{what}: {} became {}.", quoted(before), quoted(after)));
        }
    }
    let functions = Names { from, to };
    states(&from.flow, &to.flow, &functions, &mut lines);
    transitions(&from.flow, &to.flow, &mut lines);
    settings(from, to, &mut lines);
    pinned("Function", &from.functions, &to.functions, &mut lines);
    pinned("Library", &from.libraries, &to.libraries, &mut lines);
    lines
}

/// The names of functions in both versions.
struct Names<'v> {
    from: &'v FlowVersion,
    to: &'v FlowVersion,
}

impl Names<'_> {
    fn of(&self, id: &str) -> String {
        let pinned = self.to.functions.get(id).or_else(|| self.from.functions.get(id));
        format!("`{}`", pinned.map_or(id, |pinned| &pinned.function.name))
    }

    fn all(&self, ids: impl Iterator<Item = impl AsRef<str>>) -> String {
        ids.map(|id| self.of(id.as_ref())).collect::<Vec<_>>().join(", ")
    }
}

fn states(from: &FlowDocument, to: &FlowDocument, functions: &Names<'_>, lines: &mut Vec<String>) {
    let before: HashMap<&str, &State> = from.states.iter().map(|state| (state.id.as_str(), state)).collect();
    let after: HashMap<&str, &State> = to.states.iter().map(|state| (state.id.as_str(), state)).collect();
    for state in from.states.iter().filter(|state| !after.contains_key(state.id.as_str())) {
        lines.push(format!("State `{}` was deleted.", state.name));
    }
    for state in &to.states {
        let Some(known) = before.get(state.id.as_str()) else {
            lines.push(format!("State `{}` was added.", state.name));
            continue;
        };
        if known.name != state.name {
            lines.push(format!("State `{}` is called `{}` now.", known.name, state.name));
        }
        if known.thought != state.thought {
            let change = lines_changed(&known.thought, &state.thought);
            lines.push(format!("State `{}`: the thought changed: {change}.", state.name));
        }
        let gained: Vec<_> = state.functions.iter().filter(|id| !known.functions.contains(id)).collect();
        if !gained.is_empty() {
            lines.push(format!("State `{}` gained {}.", state.name, functions.all(gained.iter())));
        }
        let lost: Vec<_> = known.functions.iter().filter(|id| !state.functions.contains(id)).collect();
        if !lost.is_empty() {
            lines.push(format!("State `{}` lost {}.", state.name, functions.all(lost.iter())));
        }
        if gained.is_empty() && lost.is_empty() && known.functions != state.functions {
            lines.push(format!("State `{}`: its functions stand in another order.", state.name));
        }
    }
    if from.initial != to.initial {
        let named =
            |flow: &FlowDocument| flow.initial.as_deref().map_or_else(|| "nowhere".to_owned(), |id| state_of(flow, id));
        lines.push(format!("Conversations started in {} and start in {}.", named(from), named(to)));
    }
}

fn state_of(flow: &FlowDocument, id: &str) -> String {
    let state = flow.states.iter().find(|state| state.id == id);
    format!("`{}`", state.map_or(id, |state| &state.name))
}

fn transitions(from: &FlowDocument, to: &FlowDocument, lines: &mut Vec<String>) {
    let target = |flow: &FlowDocument, target: &Target| match target {
        Target::Nowhere => "nowhere".to_owned(),
        Target::State(id) => state_of(flow, id),
        Target::End => "the end".to_owned(),
        Target::Scenario(intent) => format!("the scenario with `{intent}`"),
    };
    let words = |flow: &FlowDocument, one: &Transition| {
        format!("`{}` from {} to {}", one.event, state_of(flow, &one.from), target(flow, &one.to))
    };
    let before: HashMap<&str, &Transition> = from.transitions.iter().map(|one| (one.id.as_str(), one)).collect();
    for one in from.transitions.iter().filter(|one| to.transitions.iter().all(|other| other.id != one.id)) {
        lines.push(format!("Transition {} was deleted.", words(from, one)));
    }
    for one in &to.transitions {
        match before.get(one.id.as_str()) {
            None => lines.push(format!("Transition {} was added.", words(to, one))),
            Some(known) if *known != one => {
                lines.push(format!("Transition {} became {}.", words(from, known), words(to, one)));
            }
            Some(_) => {}
        }
    }
}

fn settings(from: &FlowVersion, to: &FlowVersion, lines: &mut Vec<String>) {
    let names = Names { from, to };
    let (before, after) = (&from.flow.configuration, &to.flow.configuration);
    for (what, before, after) in
        [("At the start run", &before.start_up, &after.start_up), ("At the end run", &before.wrap_up, &after.wrap_up)]
    {
        if before != after {
            let listed = |ids: &Vec<String>| match ids.len() {
                0 => "nothing".to_owned(),
                _ => names.all(ids.iter()),
            };
            lines.push(format!("{what} {} now; it was {}.", listed(after), listed(before)));
        }
    }
    let tree = |version: &FlowVersion| {
        let mut tree = serde_json::to_value(&version.flow.configuration).unwrap_or_default();
        if let Some(fields) = tree.as_object_mut() {
            fields.shift_remove("start_up");
            fields.shift_remove("wrap_up");
        }
        tree
    };
    values("", &tree(from), &tree(to), lines);
}

/// Values that differ, down to those that are no objects. What is long is not quoted.
fn values(path: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    if before == after {
        return;
    }
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let (Value::Object(before), Value::Object(after)) = (before, after) {
        for (name, value) in before {
            values(&below(name), value, after.get(name).unwrap_or(&Value::Null), lines);
        }
        for (name, value) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            values(&below(name), &Value::Null, value, lines);
        }
        return;
    }
    let line = match (before, after) {
        (Value::Null, after) => format!("Setting `{path}` was set to {}.", shown(after)),
        (before, Value::Null) => format!("Setting `{path}` was unset; it was {}.", shown(before)),
        (Value::Array(before), Value::Array(after)) => {
            let gained = after.iter().filter(|item| !before.contains(item)).count();
            let lost = before.iter().filter(|item| !after.contains(item)).count();
            format!("Setting `{path}` changed: {gained} added, {lost} taken away.")
        }
        (before, after) => format!("Setting `{path}`: {} became {}.", shown(before), shown(after)),
    };
    lines.push(line);
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("a list of {}", items.len()),
        other => clipped(&other.to_string()),
    }
}

fn pinned(
    what: &str,
    before: &BTreeMap<String, PinnedFunction>,
    after: &BTreeMap<String, PinnedFunction>,
    lines: &mut Vec<String>,
) {
    for (_, gone) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
        lines.push(format!("{what} `{}` is not used any more.", gone.function.name));
    }
    for (id, pinned) in after {
        match before.get(id) {
            None => lines.push(format!("{what} `{}` is used now.", pinned.function.name)),
            Some(known) if known.function != pinned.function => {
                let parts = parts_changed(&known.function, &pinned.function).join(", ");
                let name = &pinned.function.name;
                lines.push(format!("{what} `{name}` changed{}: {parts}.", snapshots(known, pinned)));
            }
            Some(_) => {}
        }
    }
}

fn snapshots(before: &PinnedFunction, after: &PinnedFunction) -> String {
    match (before.snapshot, after.snapshot) {
        (0, 0) => String::new(),
        (before, 0) => format!(" since snapshot {before}"),
        (0, after) => format!(" until snapshot {after}"),
        (before, after) => format!(" from snapshot {before} to {after}"),
    }
}

fn parts_changed(before: &FunctionDocument, after: &FunctionDocument) -> Vec<String> {
    let source = |code: &Code| match code {
        Code::JavaScript { source } | Code::Library { source } => Some(source.clone()),
        Code::Integration { .. } => None,
    };
    let mut parts = Vec::new();
    if before.name != after.name {
        parts.push(format!("its name was `{}`", before.name));
    }
    if before.code != after.code {
        parts.push(match (source(&before.code), source(&after.code)) {
            (Some(before), Some(after)) if before != after => format!("source: {}", lines_changed(&before, &after)),
            _ => "what it runs".to_owned(),
        });
    }
    let others = [
        ("description", before.description != after.description),
        ("tags", before.tags != after.tags),
        ("parameters", before.parameters != after.parameters),
        ("internal parameters", before.internal_parameters != after.internal_parameters),
        ("static parameters", before.static_parameters != after.static_parameters),
        ("events", before.events != after.events),
        ("context additions", before.context_additions != after.context_additions),
        ("response", before.response != after.response),
        ("time limit", before.timeout_seconds != after.timeout_seconds),
        ("tests", before.tests != after.tests),
    ];
    parts.extend(others.into_iter().filter(|(_, changed)| *changed).map(|(part, _)| part.to_owned()));
    parts
}

/// How many lines a text gained and lost, and the first of each. Lines count, not their places: that takes time in
/// proportion to the text, however long it is.
fn lines_changed(before: &str, after: &str) -> String {
    let mut balance = HashMap::<&str, i64>::new();
    for line in after.lines() {
        *balance.entry(line).or_default() += 1;
    }
    for line in before.lines() {
        *balance.entry(line).or_default() -= 1;
    }
    let gained: i64 = balance.values().filter(|count| **count > 0).sum();
    let lost: i64 = balance.values().filter(|count| **count < 0).map(|count| -count).sum();
    if gained == 0 && lost == 0 {
        return "its lines stand in another order".to_owned();
    }
    let plural = |count: i64| if count == 1 { "line" } else { "lines" };
    let said = |lines: std::str::Lines<'_>, sign: i64| {
        let mut lines = lines.filter(|line| balance.get(line).is_some_and(|count| count.signum() == sign));
        lines.find(|line| !line.trim().is_empty()).map(|line| format!(" ({})", quoted(line.trim()))).unwrap_or_default()
    };
    let gains = format!("{gained} {} added{}", plural(gained), said(after.lines(), 1));
    let losses = format!("{lost} {} taken away{}", plural(lost), said(before.lines(), -1));
    match (gained, lost) {
        (_, 0) => gains,
        (0, _) => losses,
        _ => format!("{gains}, {losses}"),
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("\u{201c}{}\u{201d}", clipped(text)) }
}

/// The beginning of a text, on one line.
fn clipped(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
