//! `<esign-message>` (§4.2.10).

use model::message::{Body, Esign};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        field::{Label, Prose, Switch, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("esign-message", read).last();

#[derive(Debug)]
struct EsignTemplate {
    text: Prose,
    intent: Text,
    attribute: Text,
    signature: Switch,
    submit_text: Label,
    resign_text: Label,
    confirm_text: Label,
    checkbox_text: Label,
    cancel_text: Label,
    cancel_intent: Text,
    document_text: Prose,
    document_title: Label,
    file_name: Text,
    file_path: Text,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured();
    Box::new(EsignTemplate {
        text: reader.prose("text"),
        intent: reader.text("callback"),
        attribute: reader.text("attribute_name"),
        signature: reader.switch("signature", true),
        submit_text: reader.label("submit_text"),
        resign_text: reader.label("resign_text"),
        confirm_text: reader.label("confirm_text"),
        checkbox_text: reader.label("checkbox_text"),
        cancel_text: reader.label("cancel_text"),
        cancel_intent: reader.text("cancel_callback"),
        document_text: reader.prose("document_text"),
        document_title: reader.label("document_title"),
        file_name: reader.text("file_name"),
        file_path: reader.text("file_path"),
    })
}

impl BodyTemplate for EsignTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Esign(Esign {
            text: self.text.fill(scope),
            intent: self.intent.fill(scope),
            attribute: self.attribute.fill(scope),
            signature: self.signature.fill(scope),
            submit_text: self.submit_text.fill(scope),
            resign_text: self.resign_text.fill(scope),
            confirm_text: self.confirm_text.fill(scope),
            checkbox_text: self.checkbox_text.fill(scope),
            cancel_text: self.cancel_text.fill(scope),
            cancel_intent: self.cancel_intent.fill(scope),
            document_text: self.document_text.fill(scope),
            document_title: self.document_title.fill(scope),
            file_name: self.file_name.fill(scope),
            file_path: self.file_path.fill(scope),
        })
    }
}
