//! `<hand-to-system-message>` (§4.2.13): the conversation goes to people.

use model::message::{Body, HandOver};

use super::{
    BodyTemplate, Kind,
    meta::{self, Data},
};
use crate::{
    expression::Scope,
    message::{field::Text, reading::Reader},
};

pub(super) const KIND: Kind = Kind::new("hand-to-system-message", read);

#[derive(Debug)]
struct HandOverTemplate {
    system: Text,
    details: Data,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    let system = reader.attribute("system").unwrap_or(Text::Fixed("".into()));
    if system.fixed() == Some("") {
        reader.reading.refuse(
            "Hand to system messages must have a non-empty \"system\" attribute.",
            "write the system's name: `<hand-to-system-message system=\"chatwoot\">`",
        );
    }
    Box::new(HandOverTemplate { system, details: meta::data(reader.structured()) })
}

impl BodyTemplate for HandOverTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::HandOver(HandOver { system: self.system.fill(scope), details: meta::fill(&self.details, scope) })
    }
}
