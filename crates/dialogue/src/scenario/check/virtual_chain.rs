//! Virtual intents: that they name something, that an intent has one, and that they do not chase each
//! other (spec/opendialog.md §2.4; row OD-N34).

use std::collections::{HashMap, HashSet};

use super::{IntentAt, View, flow::arrivals};
use crate::scenario::{
    document::{Behavior, Intent, Speaker},
    problem::Problem,
};

/// Virtual intents that follow each other without the visitor.
const LONGEST_CHAIN: usize = 5;

pub(super) fn check(view: &View<'_>, problems: &mut Vec<Problem>) {
    let mut named: HashMap<&str, Vec<&IntentAt<'_>>> = HashMap::new();
    for at in view.of_visitor() {
        named.entry(&at.intent.common.od_id).or_default().push(at);
    }
    for at in &view.intents {
        if at.intent.virtual_intents.len() > 1 {
            problems.push(Problem::warning(
                format!("{at}.virtual_intents"),
                "It has more than one virtual intent; only the first is used.",
                "Leave one.",
            ));
        }
        if let Some(next) = next(at.intent)
            && !named.contains_key(next)
        {
            problems.push(Problem::error(
                at.to_string(),
                format!("Its virtual intent {next} is no intent of the visitor."),
                "Name an intent of USER that can follow here.",
            ));
        }
    }
    long_chains(view, &named, problems);
}

/// The visitor's intent with which the engine goes on after an intent.
fn next(intent: &Intent) -> Option<&str> {
    intent.virtual_intents.first().map(|virtual_intent| virtual_intent.intent_id.as_str())
}

/// A graph from the names of virtual intents to those that can follow them; a chain that is too long
/// is a walk in it of more than five names. Five rounds over the edges find all of them.
fn long_chains<'d>(view: &View<'d>, named: &HashMap<&str, Vec<&IntentAt<'d>>>, problems: &mut Vec<Problem>) {
    let names: HashSet<&str> = view.intents.iter().filter_map(|at| next(at.intent)).collect();
    let follow: HashMap<&str, HashSet<&str>> = names
        .iter()
        .map(|name| (*name, named.get(name).into_iter().flatten().flat_map(|at| after(view, at)).collect()))
        .collect();
    let mut long: HashSet<&str> = names.clone();
    for _ in 0..LONGEST_CHAIN {
        long = names.iter().copied().filter(|name| follow[name].iter().any(|next| long.contains(next))).collect();
    }
    // One report: everything that leads into the chain would be reported too.
    if let Some(at) = view.intents.iter().find(|at| next(at.intent).is_some_and(|name| long.contains(name))) {
        problems.push(Problem::warning(
            at.to_string(),
            format!("More than {LONGEST_CHAIN} virtual intents can follow each other from here; the chain is cut."),
            "Let the visitor speak in between, or use conditions so that the chain ends.",
        ));
    }
}

/// The virtual intents of what the agent can say to an intent of the visitor.
fn after<'d>(view: &View<'d>, at: &IntentAt<'d>) -> Vec<&'d str> {
    let of = |intents: &'d [Intent]| {
        intents.iter().filter(|intent| intent.speaker == Speaker::App).filter_map(next).collect::<Vec<_>>()
    };
    if at.intent.transition.is_some() {
        let turns = view.target(at).map(|place| arrivals(view, place)).unwrap_or_default();
        let intents = turns.into_iter().map(|turn| view.turns[turn].turn);
        return intents
            .flat_map(|turn| of(&turn.request_intents).into_iter().chain(of(&turn.response_intents)))
            .collect();
    }
    let responses = &at.at.turn.response_intents;
    if at.side == "request_intents" && responses.iter().any(|intent| intent.speaker == Speaker::App) {
        return of(responses);
    }
    let open = view.turns_of(at.at.scene).map(|turn| view.turns[turn].turn);
    open.filter(|turn| turn.common.is(Behavior::Open)).flat_map(|turn| of(&turn.request_intents)).collect()
}
