//! What is read: conditions, markup and templates that do not compile, and attributes that nothing
//! ever sets.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{View, markup::Facts};
use crate::{
    expression::{Conditions, FillOptions, Reference, Template},
    message::{self, Markup, MarkupOptions},
    scenario::{document::Common, problem::Problem},
};

/// What every visitor has (spec/opendialog.md §3.1, §3.2, §5.4).
const OF_EVERY_VISITOR: &[&str] = &[
    "action_success",
    "browser",
    "browser_language",
    "callback_value",
    "country",
    "custom",
    "email",
    "external_id",
    "first_name",
    "first_seen",
    "full_name",
    "id",
    "ip_address",
    "last_name",
    "last_seen",
    "os",
    "platform",
    "seconds_since_last_seen",
    "selected_scenario",
    "session_lifetime",
    "timezone",
    "utterance",
    "utterance_text",
];

/// Contexts with a fixed list of attributes.
const FIXED: &[(&str, &[&str])] = &[
    (
        "conversation",
        &["current_conversation", "current_scene", "current_turn", "current_intent", "current_message_template"],
    ),
    ("history", &["transcript", "intents", "utterances"]),
    ("message_history", &["all"]),
    ("interpretation", &["flagged_moderation", "flagged_moderation_categories"]),
];

pub(super) fn check(view: &View<'_>, facts: &Facts, problems: &mut Vec<Problem>) {
    let known = Known::of(view, facts);
    conditions(view, &known, problems);
    messages(view, &known, problems);
    values(view, &known, problems);
}

/// Attributes that something sets.
struct Known<'d> {
    names: HashSet<&'d str>,
    contexts: HashSet<&'d str>,
}

impl<'d> Known<'d> {
    fn of(view: &View<'d>, facts: &'d Facts) -> Self {
        let mut known =
            Self { names: OF_EVERY_VISITOR.iter().copied().collect(), contexts: HashSet::from(["user", "session"]) };
        known.names.extend(view.scenario.attributes.iter().map(|attribute| attribute.name.as_str()));
        known.names.extend(facts.set.iter().map(String::as_str));
        for action in &view.scenario.actions {
            known.configured(&action.configuration);
        }
        for at in &view.intents {
            for expected in &at.intent.expected_attributes {
                known.set(&expected.name);
                known.contexts.extend(expected.context.as_deref());
            }
            at.intent.set_attributes.iter().for_each(|set| known.set(&set.attribute));
            for action in &at.intent.actions {
                for (name, context) in &action.output_attributes {
                    known.set(name);
                    known.contexts.extend(context.as_str());
                }
            }
        }
        known
    }

    fn set(&mut self, attribute: &'d str) {
        let (context, name) = attribute.split_once('.').unwrap_or(("user", attribute));
        self.contexts.insert(context);
        self.names.insert(name);
    }

    /// What the built-in actions set by their settings alone.
    fn configured(&mut self, configuration: &'d Map<String, Value>) {
        if let Some(name) = configuration.get("attribute_name").and_then(Value::as_str) {
            self.set(name);
        }
        if let Some(Value::Object(values)) = configuration.get("attribute_value_map") {
            values.keys().for_each(|name| self.set(name));
        }
        if let Some(Value::Object(contexts)) = configuration.get("context_attribute_map") {
            self.contexts.extend(contexts.keys().map(String::as_str));
            self.contexts.extend(contexts.values().filter_map(Value::as_str));
        }
    }

    /// Why a reference reads nothing; `None` when it can read something.
    fn missing(&self, reference: &Reference) -> Option<String> {
        let (context, name) = (&*reference.context, &*reference.name);
        match context {
            // What is in them is decided elsewhere: by the interpreter, the tenant.
            "_intent" | "global" | "secret" => return None,
            "_webhook" | "_auth" => return Some(format!("{context}.{name} can only be read in a webhook.")),
            _ => {}
        }
        if let Some((_, names)) = FIXED.iter().find(|(fixed, _)| *fixed == context) {
            return (!names.contains(&name))
                .then(|| format!("There is no {context}.{name}; {context} has {}.", names.join(", ")));
        }
        if !self.contexts.contains(context) {
            return Some(format!("There is no context {context}."));
        }
        (!self.names.contains(name)).then(|| format!("Nothing in the scenario sets {context}.{name}."))
    }

    fn report<'r>(&self, path: &str, references: impl Iterator<Item = &'r Reference>, problems: &mut Vec<Problem>) {
        let mut told = HashSet::new();
        for message in references.filter_map(|reference| self.missing(reference)) {
            if told.insert(message.clone()) {
                problems.push(Problem::warning(
                    path,
                    message,
                    "Correct the name, or declare the attribute under `attributes` when the page or an integration sets it.",
                ));
            }
        }
    }
}

fn conditions(view: &View<'_>, known: &Known<'_>, problems: &mut Vec<Problem>) {
    let mut gate = |path: String, common: &Common| {
        if common.conditions.is_empty() {
            return;
        }
        match Conditions::compile(&common.conditions, common.condition_operator) {
            Ok(conditions) => known.report(&format!("{path}conditions"), conditions.references(), problems),
            Err(wrong) => problems.extend(wrong.into_iter().map(|wrong| {
                Problem::error(
                    format!("{path}conditions[{}].{}", wrong.index, wrong.field),
                    format!("The condition cannot be used: {}.", wrong.message),
                    "Correct it; until then what it guards stays shut.",
                )
            })),
        }
    };
    gate(String::new(), &view.scenario.common);
    for (c, conversation) in view.scenario.conversations.iter().enumerate() {
        gate(format!("conversations[{c}]."), &conversation.common);
    }
    view.scenes.iter().for_each(|at| gate(format!("{at}."), &at.scene.common));
    view.turns.iter().for_each(|at| gate(format!("{at}."), &at.turn.common));
    view.intents.iter().for_each(|at| gate(format!("{at}."), &at.intent.common));
    for (at, number, template) in view.templates() {
        gate(format!("{at}.message_templates[{number}]."), &template.common);
    }
}

fn messages(view: &View<'_>, known: &Known<'_>, problems: &mut Vec<Problem>) {
    let declared: HashSet<&str> = view.scenario.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    for (at, number, template) in view.templates() {
        let path = format!("{at}.message_templates[{number}].message_markup");
        let mut tell = |wrong: &message::MarkupProblem, path: &str| {
            let problem = Problem::error(path, format!("{}: {}", wrong.path, wrong.message), wrong.remedy.as_str());
            problems.push(match wrong.severity {
                message::Severity::Error => problem,
                message::Severity::Warning => Problem { severity: crate::scenario::Severity::Warning, ..problem },
            });
        };
        match Markup::compile(&template.message_markup, MarkupOptions::default()) {
            Err(wrong) => wrong.iter().for_each(|wrong| tell(wrong, &path)),
            Ok(markup) => {
                markup.warnings().iter().for_each(|wrong| tell(wrong, &path));
                known.report(&path, markup.references(), problems);
                for name in markup.attributes_to_declare().filter(|name| !declared.contains(name)) {
                    problems.push(Problem::error(
                        path.as_str(),
                        format!(
                            "The message keeps its answer in {name}, which is not declared, and so cannot be used."
                        ),
                        "Declare it under `attributes`.",
                    ));
                }
            }
        }
    }
}

/// Values that intents set and settings of actions, whose texts may read attributes.
fn values(view: &View<'_>, known: &Known<'_>, problems: &mut Vec<Problem>) {
    for at in &view.intents {
        for (number, set) in at.intent.set_attributes.iter().enumerate() {
            texts(&set.value, &format!("{at}.set_attributes[{number}].value"), known, problems);
        }
    }
    for (number, action) in view.scenario.actions.iter().enumerate() {
        for (field, value) in &action.configuration {
            texts(value, &format!("actions[{number}].configuration.{field}"), known, problems);
        }
    }
}

fn texts(value: &Value, path: &str, known: &Known<'_>, problems: &mut Vec<Problem>) {
    match value {
        Value::String(text) => match Template::parse(text, FillOptions::default()) {
            Ok(template) => known.report(path, template.references(), problems),
            Err(error) => problems.push(Problem::error(path, error.to_string(), "Correct what stands in the braces.")),
        },
        Value::Array(list) => list.iter().for_each(|item| texts(item, path, known, problems)),
        Value::Object(object) => object.values().for_each(|item| texts(item, path, known, problems)),
        _ => {}
    }
}
