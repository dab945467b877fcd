//! `<long-text-message>` (§4.2.12).

use model::message::{Body, LongText};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        field::{Label, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("long-text-message", read);

#[derive(Debug)]
struct LongTextTemplate {
    submit_text: Label,
    intent: Text,
    initial_text: Text,
    placeholder: Text,
    confirmation_text: Label,
    character_limit: Text,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured();
    let character_limit = reader.text("character_limit");
    if character_limit.fixed().is_some_and(|limit| !limit.is_empty() && limit.parse::<u32>().is_err()) {
        reader.reading.refuse("`character_limit` is not a whole number", "write a number of characters, such as 500");
    }
    Box::new(LongTextTemplate {
        submit_text: reader.label("submit_text"),
        intent: reader.text("callback"),
        initial_text: reader.text("initial_text"),
        placeholder: reader.text("placeholder"),
        confirmation_text: reader.label("confirmation_text"),
        character_limit,
    })
}

impl BodyTemplate for LongTextTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::LongText(LongText {
            submit_text: self.submit_text.fill(scope),
            intent: self.intent.fill(scope),
            initial_text: self.initial_text.fill(scope),
            placeholder: self.placeholder.fill(scope),
            confirmation_text: self.confirmation_text.fill(scope),
            character_limit: self.character_limit.fill(scope).trim().parse().ok(),
        })
    }
}
