//! A flow taken elsewhere is the same flow (row DA-F12).

use std::collections::BTreeMap;

use dialogue::flow::{
    Outcome,
    document::{FlowDocument, Opening, Target},
    export::{Portable, export},
    function::FunctionDocument,
    import,
    version::FlowVersion,
};
use proptest::prelude::*;
use serde_json::json;

use crate::flows::{banking, function, library, state, transition};

type Functions = BTreeMap<String, FunctionDocument>;

fn file_of(flow: &FlowDocument, functions: &Functions) -> Portable {
    export(&FlowVersion::of_draft(flow.clone(), functions))
}

fn ids() -> impl FnMut() -> String {
    let mut count = 0;
    move || {
        count += 1;
        format!("new{count}")
    }
}

/// The tenant after an import.
fn with(mut known: Functions, file: &Portable) -> (FlowDocument, Functions, Vec<Outcome>) {
    let plan = import(file, &known, ids());
    let outcomes = plan.functions.iter().map(|function| function.outcome).collect();
    known.extend(plan.functions.into_iter().map(|imported| (imported.id, imported.function)));
    (plan.flow, known, outcomes)
}

#[test]
fn da_f12_what_a_tenant_has_already_is_used() {
    let (flow, functions) = banking();
    let (imported, after, outcomes) = with(functions.clone(), &file_of(&flow, &functions));
    assert_eq!((imported, after), (flow, functions));
    assert_eq!(outcomes, [Outcome::Reused; 3]);
}

#[test]
fn da_f12_elsewhere_functions_have_ids_of_their_own() {
    let (flow, functions) = banking();
    let file = file_of(&flow, &functions);
    let (imported, after, outcomes) = with(Functions::new(), &file);
    assert_eq!(outcomes, [Outcome::Created; 3]);
    assert_eq!(imported.states[0].functions, ["new2"]);
    assert_eq!(after["new2"], functions["f1"]);
    let back = file_of(&imported, &after);
    let (again, _, _) = with(functions, &back);
    assert_eq!(again, flow);
}

#[test]
fn da_f12_where_a_name_stands_for_something_else_the_new_one_is_renamed_everywhere() {
    let (flow, functions) = banking();
    let other = Functions::from([
        ("o1".to_owned(), library("Shared", "export const get = 1;")),
        ("o2".to_owned(), function("shared_2", "return {};", &[])),
        ("o3".to_owned(), functions["f2"].clone()),
    ]);
    let plan = import(&file_of(&flow, &functions), &other, ids());
    let of = |name: &str| plan.functions.iter().find(|one| one.named == name).expect("it is in the file");
    assert_eq!((of("shared").outcome, of("shared").function.name.as_str()), (Outcome::Renamed, "shared_3"));
    assert_eq!((of("close account").outcome, of("close account").id.as_str()), (Outcome::Reused, "o3"));
    let lookup = &of("lookup").function;
    let source = serde_json::to_value(&lookup.code).expect("JSON")["source"].clone();
    assert_eq!(source, json!("import { get } from 'shared_3'; export default get;"));

    // The tenant has this `lookup` already, but with another library it does something else.
    let mut other = other;
    other.insert("o4".to_owned(), functions["f1"].clone());
    let plan = import(&file_of(&flow, &functions), &other, ids());
    let lookup = plan.functions.iter().find(|one| one.named == "lookup").expect("it is in the file");
    assert_eq!((lookup.outcome, lookup.function.name.as_str()), (Outcome::Renamed, "lookup_2"));
    assert_eq!(plan.flow.states[0].thought, "Say 'Welcome'. Then call `lookup_2` with the number.");
    assert_eq!(plan.flow.states[0].functions, std::slice::from_ref(&lookup.id));
}

#[test]
fn da_f12_secrets_stay_names() {
    let (flow, functions) = banking();
    let text = serde_json::to_string(&file_of(&flow, &functions)).expect("JSON");
    assert!(text.contains(r#""key":{"secret":"bank_key"}"#), "{text}");
}

#[test]
fn a_file_that_is_none_says_where() {
    let (flow, functions) = banking();
    let whole = serde_json::to_value(file_of(&flow, &functions)).expect("JSON");
    for (pointer, value, place) in [
        ("/format", json!("opendialog"), "format"),
        ("/version", json!(2), "version"),
        ("/flow/states/0/functions/0", json!("f9"), "flow.states[0].functions[0]"),
        ("/flow/nmae", json!("x"), ""),
        ("/functions/f1/name", json!(""), "functions.f1.name"),
        ("/functions/f1/name", json!("close account"), "functions"),
        ("/libraries/shared/code/type", json!("java_script"), "libraries.shared"),
    ] {
        let mut file = whole.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        match file.pointer_mut(parent).expect("it is there") {
            serde_json::Value::Array(list) => list[0] = value,
            object => object[name] = value,
        }
        let problems = Portable::read(&serde_json::to_vec(&file).expect("JSON")).expect_err(pointer);
        assert_eq!(problems[0].path, place, "{pointer}: {problems:?}");
    }
    for broken in [&b""[..], b"[]", b"{", b"null", &[0xff]] {
        assert!(Portable::read(broken).is_err());
    }
}

fn any_flow() -> impl Strategy<Value = (FlowDocument, Functions)> {
    let names = prop::collection::btree_set("[a-z]{1,8}", 1..6);
    (names, prop::collection::vec((0_usize..8, 0_usize..8, ".{0,40}"), 1..6), ".{1,20}").prop_map(
        |(names, drawn, said)| {
            let functions: Functions = names
                .iter()
                .enumerate()
                .map(|(at, name)| {
                    let source = format!("import it from '{}'", names.first().expect("there is one"));
                    let made =
                        if at == 0 { library(name, "export default 1") } else { function(name, &source, &["E"]) };
                    (format!("f{at}"), made)
                })
                .collect();
            let callable: Vec<&str> = functions.keys().map(String::as_str).skip(1).collect();
            let mut flow = FlowDocument { name: "Any".to_owned(), ..FlowDocument::default() };
            for (at, (one, to, thought)) in drawn.iter().enumerate() {
                let attached: Vec<&str> = callable.get(one % callable.len().max(1)).copied().into_iter().collect();
                let mut state = state(&format!("s{at}"), &attached);
                state.thought = thought.chars().filter(|c| !c.is_control()).collect();
                flow.states.push(state);
                let target = Target::State(format!("s{}", to % drawn.len()));
                flow.transitions.push(transition(&format!("t{at}"), &format!("s{at}"), "E", target));
            }
            flow.initial = Some("s0".to_owned());
            let said: String = said.chars().filter(|c| !c.is_control()).collect();
            if !said.trim().is_empty() {
                flow.configuration.opening = Opening::Say(said);
            }
            (flow, functions)
        },
    )
}

proptest! {
    /// Import undoes export: in the same tenant nothing changes, and elsewhere and back it is the same again.
    #[test]
    fn da_f12_import_undoes_export((flow, functions) in any_flow()) {
        let file = file_of(&flow, &functions);
        let read = Portable::read(&serde_json::to_vec(&file).expect("JSON")).expect("it is what was written");
        prop_assert_eq!(&read, &file);
        let (same, after, _) = with(functions.clone(), &read);
        prop_assert_eq!((&same, &after), (&flow, &functions));
        let (elsewhere, theirs, _) = with(Functions::new(), &read);
        let (back, ours, _) = with(functions.clone(), &file_of(&elsewhere, &theirs));
        prop_assert_eq!((back, ours), (flow, functions));
    }
}
