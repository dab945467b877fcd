//! `<cta-message>` (§4.2.12): a text beside the minimised chat, two lines at most.

use model::message::Body;

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{field::Text, reading::Reader},
};

pub(super) const KIND: Kind = Kind::new("cta-message", read);

#[derive(Debug)]
struct CallToAction(Text);

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    Box::new(CallToAction(reader.own_text()))
}

impl BodyTemplate for CallToAction {
    fn fill(&self, scope: &dyn Scope) -> Body {
        let text = self.0.fill(scope);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(2).collect();
        Body::CallToAction(crate::message::html::label(&lines.join("\n")))
    }
}
