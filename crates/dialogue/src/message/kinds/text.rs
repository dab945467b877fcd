//! `<text-message>` (§4.2.1).

use model::message::Body;

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{field::Prose, reading::Reader},
};

pub(super) const KIND: Kind = Kind::new("text-message", read).folds(true);

#[derive(Debug)]
struct Text(Prose);

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    if reader.element.children.is_empty() {
        reader.reading.refuse("Text messages must have text or a link", "write the text between the tags");
    }
    if reader.element.children.iter().any(|node| matches!(node, crate::message::Node::Element(e) if e.name == "link")) {
        reader.each("link", |link| {
            link.require("url", "Links in text messages must have \"url\"");
            link.require("text", "Links in text messages must have \"text\"");
        });
    }
    Box::new(Text(reader.own_prose()))
}

impl BodyTemplate for Text {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Text(self.0.fill(scope))
    }
}
