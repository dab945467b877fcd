//! `<location-message>` (§4.2.9).

use model::message::{Body, Location};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        field::{Prose, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("location-message", read).last();

#[derive(Debug)]
struct LocationTemplate {
    text: Prose,
    intent: Text,
    attribute: Text,
    api_key: Text,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured();
    let attribute = reader.text_or("attribute_name", "location");
    reader.stores_in(&attribute, "location");
    Box::new(LocationTemplate {
        text: reader.prose("text"),
        intent: reader.text("callback"),
        attribute,
        api_key: reader.text("api_key"),
    })
}

impl BodyTemplate for LocationTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Location(Location {
            text: self.text.fill(scope),
            intent: self.intent.fill(scope),
            attribute: self.attribute.fill(scope),
            api_key: self.api_key.fill(scope),
        })
    }
}
