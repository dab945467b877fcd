//! What stands in a flow by itself: names, bounds, values out of range.

use std::collections::HashSet;

use super::bounds;
use crate::{
    flow::document::{Configuration, FlowDocument, Opening, StaticValue, Target},
    problem::Problem,
};

/// Model providers that a flow may name.
const PROVIDERS: [&str; 6] = ["openai", "azure_openai", "anthropic", "gemini", "compatible", "scripted"];

pub(super) fn faults(flow: &FlowDocument) -> Vec<Problem> {
    let mut found = Found::default();
    found.text("name", &flow.name, 1, bounds::NAME);
    found.text("public_name", &flow.public_name, 0, bounds::NAME);
    found.text("description", &flow.description, 0, bounds::TEXT);
    found.count("states", flow.states.len(), bounds::STATES);
    found.count("transitions", flow.transitions.len(), bounds::TRANSITIONS);
    states(flow, &mut found);
    transitions(flow, &mut found);
    configuration(&flow.configuration, &mut found);
    found.0
}

fn states(flow: &FlowDocument, found: &mut Found) {
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    for (at, state) in flow.states.iter().enumerate() {
        let path = |field: &str| format!("states[{at}].{field}");
        found.id(&path("id"), &state.id);
        found.text(&path("name"), &state.name, 1, bounds::NAME);
        found.text(&path("thought"), &state.thought, 0, bounds::THOUGHT);
        found.count(&path("functions"), state.functions.len(), bounds::FUNCTIONS);
        if !ids.insert(state.id.as_str()) {
            found.error(path("id"), format!("Another state has the id `{}`.", state.id), "Choose another id.");
        }
        if !names.insert(state.name.trim().to_lowercase()) {
            found.error(path("name"), format!("Another state is called `{}`.", state.name), "Choose another name.");
        }
        if state.position.is_some_and(|point| !point.x.is_finite() || !point.y.is_finite()) {
            found.error(path("position"), "It is no place.", "Give two numbers.");
        }
    }
}

fn transitions(flow: &FlowDocument, found: &mut Found) {
    let (mut ids, mut fired) = (HashSet::new(), HashSet::new());
    for (at, transition) in flow.transitions.iter().enumerate() {
        let path = |field: &str| format!("transitions[{at}].{field}");
        found.id(&path("id"), &transition.id);
        found.text(&path("event"), &transition.event, 1, bounds::NAME);
        if !ids.insert(transition.id.as_str()) {
            found.error(
                path("id"),
                format!("Another transition has the id `{}`.", transition.id),
                "Choose another id.",
            );
        }
        if !fired.insert((transition.from.as_str(), transition.event.as_str())) {
            let message = format!("The event `{}` leads from this state elsewhere already.", transition.event);
            found.error(path("event"), message, "Change the other transition, or take one of them away.");
        }
        if let Target::Scenario(intent) = &transition.to {
            found.text(&path("to.scenario"), intent, 1, bounds::NAME);
        }
    }
}

fn configuration(configuration: &Configuration, found: &mut Found) {
    if let Opening::Say(text) = &configuration.opening {
        found.text("configuration.opening.say", text, 1, bounds::TEXT);
    }
    if let Some(language) = &configuration.language
        && !is_language(language)
    {
        found.error("configuration.language", "It is no language.", "Write a tag like `en` or `pt-BR`.");
    }
    model(configuration, found);
    let parameters = &configuration.static_parameters;
    found.count("configuration.static_parameters", parameters.len(), bounds::STATIC_PARAMETERS);
    for (name, value) in parameters {
        let path = format!("configuration.static_parameters.{name}");
        found.text(&path, name, 1, bounds::NAME);
        if let StaticValue::Value(value) = value
            && value.to_string().len() > bounds::THOUGHT
        {
            let remedy = format!("Use at most {} bytes of JSON.", bounds::THOUGHT);
            found.error(path, "The value is too long.", remedy);
        }
    }
    found.count("configuration.start_up", configuration.start_up.len(), bounds::FUNCTIONS);
    found.count("configuration.wrap_up", configuration.wrap_up.len(), bounds::FUNCTIONS);
    documentation(configuration, found);
    files(configuration, found);
    judged(configuration, found);
    guardrails(configuration, found);
}

fn model(configuration: &Configuration, found: &mut Found) {
    let model = &configuration.model;
    let fallback = model.fallback.as_ref().and_then(|fallback| fallback.provider.as_ref());
    let providers = [
        ("configuration.model.provider", model.provider.as_ref()),
        ("configuration.model.fallback.provider", fallback),
    ];
    for (path, provider) in providers {
        if provider.is_some_and(|provider| !PROVIDERS.contains(&provider.as_str())) {
            found.error(path, "There is no such provider.", format!("Write one of {}.", PROVIDERS.join(", ")));
        }
    }
    if let Some(name) = &model.name {
        found.text("configuration.model.name", name, 1, bounds::NAME);
    }
    if let Some(fallback) = &model.fallback {
        found.text("configuration.model.fallback.name", &fallback.name, 1, bounds::NAME);
    }
    if model.temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
        found.error("configuration.model.temperature", "It is out of range.", "Write a number from 0 to 2.");
    }
    found.range("configuration.model.max_tokens", model.max_tokens, 1, 1_000_000);
    found.range("configuration.model.history", model.history, 1, bounds::HISTORY);
    found.range("configuration.model.timeout_seconds", model.timeout_seconds, 1, 600);
}

fn documentation(configuration: &Configuration, found: &mut Found) {
    let documentation = &configuration.documentation;
    found.count("configuration.documentation.documents", documentation.documents.len(), bounds::LIST);
    found.count("configuration.documentation.faqs", documentation.faqs.len(), bounds::LIST);
    found.text("configuration.documentation.rewriter_context", &documentation.rewriter_context, 0, bounds::TEXT);
    if documentation.amount > bounds::PASSAGES {
        let remedy = format!("Write a number from 0 to {}.", bounds::PASSAGES);
        found.error("configuration.documentation.amount", "It is out of range.", remedy);
    }
}

fn files(configuration: &Configuration, found: &mut Found) {
    let files = &configuration.files;
    found.count("configuration.files", files.len(), bounds::FILES);
    let mut ids = HashSet::new();
    let mut all = 0;
    for (at, file) in files.iter().enumerate() {
        let path = |field: &str| format!("configuration.files[{at}].{field}");
        found.id(&path("id"), &file.id);
        found.text(&path("name"), &file.name, 1, bounds::NAME);
        found.text(&path("media_type"), &file.media_type, 0, bounds::NAME);
        found.text(&path("text"), &file.text, 0, bounds::FILE_TEXT);
        all += file.text.chars().count();
        if !ids.insert(file.id.as_str()) {
            found.error(path("id"), format!("Another file has the id `{}`.", file.id), "Choose another id.");
        }
    }
    if all > bounds::ALL_FILES {
        let remedy = format!("Keep the texts of all files under {} characters.", bounds::ALL_FILES);
        found.error("configuration.files", "The files are too long together.", remedy);
    }
}

fn judged(configuration: &Configuration, found: &mut Found) {
    found.count("configuration.call_reasons", configuration.call_reasons.len(), bounds::FUNCTIONS);
    let mut labels = HashSet::new();
    for (at, reason) in configuration.call_reasons.iter().enumerate() {
        let path = |field: &str| format!("configuration.call_reasons[{at}].{field}");
        found.text(&path("label"), &reason.label, 1, bounds::NAME);
        found.text(&path("description"), &reason.description, 0, bounds::TEXT);
        if !labels.insert(reason.label.trim()) {
            found.error(path("label"), format!("`{}` stands twice.", reason.label), "Take one of them away.");
        }
    }
    let review = &configuration.call_review;
    found.count("configuration.call_review.questions", review.questions.len(), bounds::FUNCTIONS);
    for (at, question) in review.questions.iter().enumerate() {
        found.text(&format!("configuration.call_review.questions[{at}]"), question, 1, bounds::TEXT);
    }
    if review.least_percent > 100 {
        found.error("configuration.call_review.least_percent", "It is out of range.", "Write a number from 0 to 100.");
    }
}

fn guardrails(configuration: &Configuration, found: &mut Found) {
    let guardrails = &configuration.guardrails;
    for (name, phrases) in
        [("excluded_input", &guardrails.excluded_input), ("excluded_output", &guardrails.excluded_output)]
    {
        found.count(&format!("configuration.guardrails.{name}"), phrases.len(), bounds::LIST);
        for (at, phrase) in phrases.iter().enumerate() {
            found.text(&format!("configuration.guardrails.{name}[{at}]"), phrase, 1, bounds::NAME);
        }
    }
    found.range("configuration.guardrails.max_turns", guardrails.max_turns, 1, 100_000);
    if guardrails.max_cost.is_some_and(|cost| !cost.is_finite() || cost <= 0.0) {
        found.error("configuration.guardrails.max_cost", "It is no amount.", "Write a number above 0.");
    }
    let texts = &configuration.texts;
    for (name, text) in [
        ("fallback", &texts.fallback),
        ("refused", &texts.refused),
        ("limit", &texts.limit),
        ("handed_off", &texts.handed_off),
    ] {
        found.text(&format!("configuration.texts.{name}"), text, 0, bounds::TEXT);
    }
}

/// Whether it has the form of a language tag (RFC 5646 §2.1), without looking its parts up.
fn is_language(tag: &str) -> bool {
    tag.len() <= 35
        && tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && tag.split('-').next().is_some_and(|first| first.len() >= 2 && first.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Found(pub(super) Vec<Problem>);

impl Found {
    pub(super) fn error(&mut self, path: impl Into<String>, message: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Problem::error(path, message, remedy));
    }

    /// A text of so many characters. Spaces alone are no text.
    pub(super) fn text(&mut self, path: &str, text: &str, least: usize, most: usize) {
        if text.trim().chars().count() < least {
            self.error(path, "It is empty.", format!("Write {least} to {most} characters."));
        } else if text.chars().count() > most {
            self.error(path, "It is too long.", format!("Write at most {most} characters."));
        } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.error(path, "There is a control character in it.", "Take it out.");
        }
    }

    /// An id: it stands in addresses.
    pub(super) fn id(&mut self, path: &str, id: &str) {
        let fits = (1..=bounds::ID).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if !fits {
            let remedy = format!("Write 1 to {} letters, digits, `_`, `-` and `.`.", bounds::ID);
            self.error(path, "It cannot be an id.", remedy);
        }
    }

    pub(super) fn count(&mut self, path: &str, count: usize, most: usize) {
        if count > most {
            self.error(path, format!("There are {count}."), format!("Keep at most {most}."));
        }
    }

    pub(super) fn range(&mut self, path: &str, value: Option<u32>, least: u32, most: u32) {
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            self.error(path, "It is out of range.", format!("Write a whole number from {least} to {most}."));
        }
    }
}
