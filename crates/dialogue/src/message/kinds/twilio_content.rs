//! `<twilio-content-template-message>` (§4.2.14), for Twilio's channels.

use model::message::{Body, NamedValue, TwilioContent};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{field::Text, reading::Reader},
};

pub(super) const KIND: Kind = Kind::new("twilio-content-template-message", read);

#[derive(Debug)]
struct TwilioTemplate {
    sid: Text,
    name: Text,
    variables: Vec<(Text, Text)>,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    let sid = reader.attribute("sid").unwrap_or(Text::Fixed("".into()));
    let name = reader.attribute("name").unwrap_or(Text::Fixed("".into()));
    if sid.fixed() == Some("") && name.fixed() == Some("") {
        reader.reading.refuse("neither `sid` nor `name` says which template", "write `sid=\"HX…\"` or `name=\"…\"`");
    }
    reader.structured();
    let variables = reader.one("variables", |variables| pairs(variables.structured(), "variable"));
    Box::new(TwilioTemplate { sid, name, variables: variables.unwrap_or_default() })
}

/// Elements with a `name` and a `value` as attributes.
pub(super) fn pairs(reader: &mut Reader<'_, '_>, element: &'static str) -> Vec<(Text, Text)> {
    reader.each(element, |pair| {
        let mut part = |name| pair.attribute(name).unwrap_or(Text::Fixed("".into()));
        (part("name"), part("value"))
    })
}

/// The pairs with the values of a turn.
pub(super) fn fill_pairs(pairs: &[(Text, Text)], scope: &dyn Scope) -> Vec<NamedValue> {
    pairs.iter().map(|(name, value)| NamedValue { name: name.fill(scope), value: value.fill(scope) }).collect()
}

impl BodyTemplate for TwilioTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::TwilioContent(TwilioContent {
            sid: self.sid.fill(scope),
            name: self.name.fill(scope),
            variables: fill_pairs(&self.variables, scope),
        })
    }
}
