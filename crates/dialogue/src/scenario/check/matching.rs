//! What the visitor can say: intents that nobody can match, buttons that raise nothing, interpreters
//! and actions that are not there or enter no flow, examples that stand for two intents at once.

use std::collections::{HashMap, HashSet};

use model::AgentId;
use serde_json::Value;

use super::{IntentAt, View, is_reserved, markup::Facts};
use crate::scenario::{
    document::{ActionConfiguration, Behavior, Common, ENTER_FLOW, Speaker},
    problem::Problem,
};

pub(super) fn check(view: &View<'_>, facts: &Facts, problems: &mut Vec<Problem>) {
    let interpreters = Interpreters::of(view);
    interpreters.unknown(view, problems);
    unmatched(view, facts, &interpreters, problems);
    raised(view, facts, problems);
    silent(view, problems);
    actions(view, problems);
    entered_flows(view, problems);
    ambiguous(view, problems);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Callback,
    Examples,
    Unknown,
}

struct Interpreters<'d> {
    by_name: HashMap<&'d str, Kind>,
}

impl<'d> Interpreters<'d> {
    fn of(view: &View<'d>) -> Self {
        let configured = view.scenario.interpreters.iter();
        Self { by_name: configured.map(|it| (it.name.as_str(), component(&it.component_id))).collect() }
    }

    fn named(&self, name: &str) -> Kind {
        self.by_name.get(name).copied().unwrap_or_else(|| component(name))
    }

    /// The interpreter of an intent: its own, or the nearest one above (row OD-N38).
    fn in_effect(&self, view: &View<'d>, at: &IntentAt<'d>) -> Kind {
        let chain = [
            &at.intent.common,
            &at.at.turn.common,
            &view.scenes[at.at.scene].scene.common,
            &view.conversation(at.at.c).common,
            &view.scenario.common,
        ];
        chain.into_iter().find_map(own_interpreter).map_or(Kind::Callback, |name| self.named(name))
    }

    fn unknown(&self, view: &View<'d>, problems: &mut Vec<Problem>) {
        let mut told = HashSet::new();
        let mut tell = |path: String, common: &'d Common| {
            for name in own_interpreter(common).into_iter().chain(common.priority_interpreter.as_deref()) {
                if !name.is_empty() && self.named(name) == Kind::Unknown && told.insert(name) {
                    problems.push(Problem::warning(
                        format!("{path}interpreter"),
                        format!("There is no interpreter {name} here; nothing is matched with it."),
                        "Configure it under `interpreters`, or use interpreter.core.callbackInterpreter.",
                    ));
                }
            }
        };
        tell(String::new(), &view.scenario.common);
        for (c, conversation) in view.scenario.conversations.iter().enumerate() {
            tell(format!("conversations[{c}]."), &conversation.common);
        }
        view.scenes.iter().for_each(|at| tell(format!("{at}."), &at.scene.common));
        view.turns.iter().for_each(|at| tell(format!("{at}."), &at.turn.common));
        view.of_visitor().for_each(|at| tell(format!("{at}."), &at.intent.common));
    }
}

fn own_interpreter(common: &Common) -> Option<&str> {
    common.interpreter.as_deref().filter(|name| !name.is_empty())
}

fn component(id: &str) -> Kind {
    match id {
        "interpreter.core.callbackInterpreter" | "interpreter.core.callback" => Kind::Callback,
        "interpreter.core.examples" => Kind::Examples,
        _ => Kind::Unknown,
    }
}

fn unmatched(view: &View<'_>, facts: &Facts, interpreters: &Interpreters<'_>, problems: &mut Vec<Problem>) {
    let mut raised: HashSet<&str> = facts.raised.iter().flatten().map(String::as_str).collect();
    raised.extend(view.intents.iter().flat_map(|at| &at.intent.virtual_intents).map(|it| it.intent_id.as_str()));
    // The classifier learns a name's examples wherever they stand.
    let taught: HashSet<&str> = view
        .of_visitor()
        .filter(|at| at.intent.utterances().next().is_some())
        .filter(|at| interpreters.in_effect(view, at) == Kind::Examples)
        .map(|at| at.intent.common.od_id.as_str())
        .collect();
    for at in view.of_visitor() {
        let od_id = at.intent.common.od_id.as_str();
        if is_reserved(od_id) || raised.contains(od_id) || facts.raises_anything {
            continue;
        }
        let (message, remedy) = match interpreters.in_effect(view, at) {
            Kind::Examples if taught.contains(od_id) => continue,
            Kind::Examples => (
                "Nobody can match it: it has no example, and no button, form or virtual intent raises it.",
                "Give it a sample_utterance or examples.",
            ),
            Kind::Callback => (
                "Nobody in the scenario can match it: no button, form or virtual intent raises it.",
                "Name it in a callback, or give it an interpreter that understands text. Ignore this when the page raises it.",
            ),
            Kind::Unknown => continue,
        };
        problems.push(Problem::warning(at.to_string(), format!("{od_id}: {message}"), remedy));
    }
}

/// Buttons and forms that raise what nobody listens for.
fn raised(view: &View<'_>, facts: &Facts, problems: &mut Vec<Problem>) {
    let named: HashSet<&str> = view.of_visitor().map(|at| at.intent.common.od_id.as_str()).collect();
    for ((at, number, _), raised) in view.templates().zip(&facts.raised) {
        for name in raised.iter().filter(|name| !named.contains(name.as_str()) && !name.contains('{')) {
            if !is_reserved(name) {
                problems.push(Problem::warning(
                    format!("{at}.message_templates[{number}].message_markup"),
                    format!("The callback {name} is no intent of the visitor; pressing it is a no match."),
                    "Name an intent of USER.",
                ));
            }
        }
    }
}

fn silent(view: &View<'_>, problems: &mut Vec<Problem>) {
    let of_agent = view.intents.iter().filter(|at| at.intent.speaker == Speaker::App);
    for at in of_agent.filter(|at| at.intent.message_templates.is_empty()) {
        problems.push(Problem::warning(
            at.to_string(),
            "It has no message, so the visitor is told that there is none.",
            "Give it a message template; <message><empty-message/></message> says nothing.",
        ));
    }
}

fn actions(view: &View<'_>, problems: &mut Vec<Problem>) {
    let known: HashSet<&str> = view.scenario.actions.iter().map(|action| action.name.as_str()).collect();
    let built_in = ["action.core.set_attributes", "action.core.datetime"];
    for at in &view.intents {
        for (number, action) in at.intent.actions.iter().enumerate() {
            if action.od_id == ENTER_FLOW && !known.contains(ENTER_FLOW) {
                problems.push(Problem::error(
                    format!("{at}.actions[{number}]"),
                    "It enters a flow and cannot say which.",
                    "Configure an action with this component under `actions`, with the flow's id as `flow`, and name that.",
                ));
                continue;
            }
            if !known.contains(action.od_id.as_str()) && !built_in.contains(&action.od_id.as_str()) {
                problems.push(Problem::error(
                    format!("{at}.actions[{number}]"),
                    format!("There is no action {}.", action.od_id),
                    "Configure it under `actions`, or correct its name.",
                ));
            }
        }
    }
}

/// Actions that enter a flow without saying which. Whether there is such a flow is known when it is entered.
fn entered_flows(view: &View<'_>, problems: &mut Vec<Problem>) {
    let enters = |action: &ActionConfiguration| action.component_id == ENTER_FLOW && action.active;
    // What an attribute will hold is not known here.
    let is_filled = |value: &Value| value.as_str().is_some_and(|text| text.contains('{'));
    for (number, action) in view.scenario.actions.iter().enumerate().filter(|(_, action)| enters(action)) {
        let flow = action.configuration.get("flow").unwrap_or(&Value::Null);
        let is_id = |value: &Value| value.as_str().is_some_and(|text| text.trim().parse::<AgentId>().is_ok());
        if !is_id(flow) && !is_filled(flow) {
            problems.push(Problem::error(
                format!("actions[{number}].configuration.flow"),
                format!("The action {} does not say which flow it enters.", action.name),
                "Give the id of a flow.",
            ));
        }
        let parameters = action.configuration.get("parameters").unwrap_or(&Value::Null);
        if !parameters.is_null() && !parameters.is_object() && !is_filled(parameters) {
            problems.push(Problem::error(
                format!("actions[{number}].configuration.parameters"),
                format!("What the action {} gives to the flow is no object.", action.name),
                "Give an object of names and values, or leave it out.",
            ));
        }
    }
}

/// One text that stands for several intents that are listened for at the same time.
fn ambiguous(view: &View<'_>, problems: &mut Vec<Problem>) {
    let starting = |at: &&IntentAt<'_>| {
        at.at.turn.common.is(Behavior::Starting)
            && view.scenes[at.at.scene].scene.common.is(Behavior::Starting)
            && view.conversation(at.at.c).common.is(Behavior::Starting)
    };
    let requests = || view.of_visitor().filter(|at| at.side == "request_intents");
    let mut told = HashSet::new();
    let mut meaning: HashMap<(Option<usize>, String), &str> = HashMap::new();
    let by_scene = requests().map(|at| (Some(at.at.scene), at));
    for (place, at) in by_scene.chain(requests().filter(starting).map(|at| (None, at))) {
        let od_id = at.intent.common.od_id.as_str();
        for text in at.intent.utterances() {
            let folded = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            let first = *meaning.entry((place, folded)).or_insert(od_id);
            if first != od_id && told.insert((first, od_id, text)) {
                problems.push(Problem::warning(
                    at.to_string(),
                    format!("\"{text}\" is an example of {first} too, which is listened for at the same time."),
                    "Remove it from one of them.",
                ));
            }
        }
    }
}
