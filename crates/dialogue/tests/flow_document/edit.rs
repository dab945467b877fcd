//! States and transitions come and go, and the flow keeps making sense.

use dialogue::flow::{
    EditError, add_state, add_transition,
    document::{FlowDocument, Target},
    duplicate, faults, remove_state, remove_transition, replace_state, replace_transition, thumbnail,
};

use crate::flows::{banking, state, transition};

#[test]
fn da_f18_the_first_state_is_where_conversations_start() {
    let mut flow = FlowDocument { name: "New".to_owned(), ..FlowDocument::default() };
    add_state(&mut flow, state("a", &[]));
    add_state(&mut flow, state("b", &[]));
    assert_eq!(flow.initial.as_deref(), Some("a"));
    remove_state(&mut flow, "a").expect("it is there");
    assert_eq!(flow.initial.as_deref(), Some("b"));
    remove_state(&mut flow, "b").expect("it is there");
    assert_eq!((flow.initial, flow.states), (None, Vec::new()));
}

#[test]
fn da_f18_a_state_goes_with_what_leaves_it_and_what_led_to_it_leads_nowhere() {
    let (mut flow, functions) = banking();
    let removed = remove_state(&mut flow, "account").expect("it is there");
    assert_eq!(removed.id, "account");
    assert_eq!(flow.transitions, [transition("t1", "greeting", "Found", Target::Nowhere)]);
    assert_eq!(faults(&flow, &functions), []);
    assert_eq!(remove_state(&mut flow, "account"), Err(EditError::NoSuchState("account".to_owned())));
}

#[test]
fn da_f18_what_is_not_there_is_not_changed() {
    let (mut flow, _) = banking();
    let before = flow.clone();
    assert!(replace_state(&mut flow, state("x", &[])).is_err());
    assert!(replace_transition(&mut flow, transition("x", "greeting", "E", Target::End)).is_err());
    assert!(remove_transition(&mut flow, "x").is_err());
    assert_eq!(flow, before);
    add_transition(&mut flow, transition("x", "greeting", "E", Target::End));
    let replaced = replace_transition(&mut flow, transition("x", "greeting", "F", Target::End)).expect("it is there");
    assert_eq!(replaced.event, "E");
    remove_transition(&mut flow, "x").expect("it is there");
    assert_eq!(flow, before);
}

#[test]
fn da_f13_a_duplicate_has_the_next_free_name_and_nothing_else_of_its_own() {
    let (flow, _) = banking();
    let copy = duplicate(&flow, |name| name == "Banking copy");
    assert_eq!(copy.name, "Banking copy 2");
    assert_eq!(FlowDocument { name: flow.name.clone(), ..copy }, flow);
}

#[test]
fn da_f15_a_picture_is_of_the_flow_and_of_the_seed() {
    let (mut flow, _) = banking();
    let first = thumbnail(&flow, 1);
    assert_eq!(thumbnail(&flow, 1), first);
    assert_ne!(thumbnail(&flow, 2), first);
    flow.states[0].name = "<script>alert(1)</script>".to_owned();
    assert_eq!(thumbnail(&flow, 1), first, "no text of the flow is in it");
    remove_state(&mut flow, "account").expect("it is there");
    assert_ne!(thumbnail(&flow, 1), first);
    for states in [0, 1, 500] {
        flow.states = (0..states).map(|at| state(&at.to_string(), &[])).collect();
        let svg = thumbnail(&flow, u64::MAX);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
    }
}
