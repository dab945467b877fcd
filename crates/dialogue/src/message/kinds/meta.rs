//! `<meta-message>` (§4.2.12): settings of the chat by name. Not shown.

use model::message::Body;
use serde_json::{Map, Value};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{field::Text, reading::Reader},
};

pub(super) const KIND: Kind = Kind::new("meta-message", read);

/// `<data name="…">…</data>` elements.
pub(super) type Data = Vec<(Box<str>, Text)>;

#[derive(Debug)]
struct Meta(Data);

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    Box::new(Meta(data(reader.structured())))
}

/// Reads the data of an element.
pub(super) fn data(reader: &mut Reader<'_, '_>) -> Data {
    reader.each("data", |data| {
        let name = data.element.attribute("name").unwrap_or_default().trim();
        if name.is_empty() {
            data.reading.refuse("this data has no name", "write `<data name=\"…\">`");
        }
        (name.into(), data.own_text())
    })
}

/// The data with the values of a turn.
pub(super) fn fill(data: &Data, scope: &dyn Scope) -> Map<String, Value> {
    data.iter().map(|(name, text)| (name.to_string(), Value::from(text.fill(scope)))).collect()
}

impl BodyTemplate for Meta {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Meta(fill(&self.0, scope))
    }
}
