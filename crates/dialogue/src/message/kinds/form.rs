//! `<form-message>` and `<fp-form-message>` (§4.2.4).
//!
//! Names of our own, where the product's are not documented: `<placeholder>`, and
//! `<validation><regex>…</regex><error>…</error></validation>` of a field.

use model::message::{Body, Field, FieldKind, Form, Validation};

use super::{
    BodyTemplate, Kind,
    choices::{self, Choices},
};
use crate::{
    expression::Scope,
    message::{
        field::{Label, Prose, Switch, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("form-message", read).last().folds(true);
pub(super) const FULL_PAGE: Kind = Kind::new("fp-form-message", read).last().folds(false);

#[derive(Debug)]
struct FormTemplate {
    full_page: bool,
    text: Prose,
    fields: Vec<FieldTemplate>,
    auto_submit: Switch,
    submit_text: Label,
    submit_intent: Text,
    cancel_text: Label,
    cancel_intent: Text,
}

#[derive(Debug)]
struct FieldTemplate {
    kind: FieldKind,
    name: Text,
    label: Label,
    required: Switch,
    default_value: Option<Text>,
    min: Option<Text>,
    max: Option<Text>,
    choices: Choices,
    placeholder: Option<Text>,
    validation: Option<(Text, Label)>,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured().require("text", "Form messages must have \"text\"");
    Box::new(FormTemplate {
        full_page: reader.element.name == FULL_PAGE.element,
        text: reader.prose("text"),
        fields: reader.each("element", field),
        auto_submit: reader.switch("auto_submit", false),
        submit_text: reader.label_or("submit_text", "Submit"),
        submit_intent: reader.text("callback"),
        cancel_text: reader.label("cancel_text"),
        cancel_intent: reader.text("cancel_callback"),
    })
}

fn field(reader: &mut Reader<'_, '_>) -> FieldTemplate {
    reader.structured().require("name", "Form message elements must have \"name\"");
    let kind = field_kind(reader);
    let choices = choices::read(reader);
    if choices.are_missing() {
        let message = match kind {
            FieldKind::Radio => "Form message elements of type \"radio\" must have \"options\"",
            FieldKind::Checkbox => "Form message elements of type \"checkbox\" must have \"options\"",
            _ => "Form message elements of type \"select\" or \"auto_complete_select\" must have \"options\"",
        };
        // In a turn an attribute may have brought none, which is no reason to say nothing at all.
        if kind.has_options() && !reader.reading.has_values() {
            reader.reading.refuse_lack(message, "write `<options>`, or name an attribute in `<options_attribute>`");
        }
    }
    FieldTemplate {
        kind,
        name: reader.text("name"),
        label: reader.label("display"),
        required: reader.switch("required", false),
        default_value: reader.optional("default_value"),
        min: reader.optional("min"),
        max: reader.optional("max"),
        choices,
        placeholder: reader.optional("placeholder"),
        validation: reader.one("validation", |validation| {
            validation.structured().require("regex", "a validation must have \"regex\"");
            (validation.text("regex"), validation.label("error"))
        }),
    }
}

fn field_kind(reader: &mut Reader<'_, '_>) -> FieldKind {
    reader.require("element_type", "Form message elements must have \"element_type\"");
    let written = reader.text("element_type");
    match written.fixed().unwrap_or_default() {
        "text" | "" => FieldKind::Text,
        "textarea" => FieldKind::Textarea,
        "number" => FieldKind::Number,
        "email" => FieldKind::Email,
        "select" => FieldKind::Select,
        "auto_complete_select" | "auto-select" => FieldKind::SelectByTyping,
        "radio" => FieldKind::Radio,
        "checkbox" => FieldKind::Checkbox,
        other => {
            reader.reading.refuse(
                format!("`{other}` is no type of form element"),
                "write textarea, text, number, email, select, auto_complete_select, radio or checkbox",
            );
            FieldKind::Text
        }
    }
}

/// A text, unless it is empty.
fn some(text: Option<&Text>, scope: &dyn Scope) -> Option<String> {
    text.map(|text| text.fill(scope)).filter(|text| !text.is_empty())
}

impl FieldTemplate {
    fn fill(&self, scope: &dyn Scope) -> Field {
        Field {
            kind: self.kind,
            name: self.name.fill(scope),
            label: self.label.fill(scope),
            required: self.required.fill(scope),
            default_value: some(self.default_value.as_ref(), scope),
            min: some(self.min.as_ref(), scope),
            max: some(self.max.as_ref(), scope),
            options: if self.kind.has_options() { self.choices.fill(scope) } else { Vec::new() },
            alphabetical: self.choices.alphabetical(scope),
            placeholder: some(self.placeholder.as_ref(), scope),
            validation: self
                .validation
                .as_ref()
                .map(|(regex, error)| Validation { regex: regex.fill(scope), error: error.fill(scope) }),
        }
    }
}

impl BodyTemplate for FormTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Form(Form {
            full_page: self.full_page,
            text: self.text.fill(scope),
            fields: self.fields.iter().map(|field| field.fill(scope)).collect(),
            auto_submit: self.auto_submit.fill(scope),
            submit_text: self.submit_text.fill(scope),
            submit_intent: self.submit_intent.fill(scope),
            cancel_text: self.cancel_text.fill(scope),
            cancel_intent: self.cancel_intent.fill(scope),
        })
    }
}
