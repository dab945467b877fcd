//! `<list-message>` (§4.2.6): other messages side by side.

use model::message::{Body, List};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        Limits,
        field::{Label, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("list-message", read);

#[derive(Debug)]
struct ListTemplate {
    title: Label,
    view: Text,
    items: Vec<Box<dyn BodyTemplate>>,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    let view = reader.attribute("view-type").or_else(|| reader.attribute("list_type"));
    let title = reader.structured().label("title");
    let items = reader.each("item", |item| {
        let messages = item.structured().each_element(|reading, element| {
            let Some(kind) = super::of_element(&element.name) else {
                reading
                    .refuse(format!("Unknown message type \"{}\"", element.name), format!("known: {}", super::names()));
                return None;
            };
            Some(reading.element(element, element.name.clone(), |reader| (kind.read)(reader)))
        });
        if messages.len() != 1 {
            item.reading.warn(format!("an item with {} messages", messages.len()), "give each message its own item");
        }
        messages.into_iter().flatten()
    });
    let items: Vec<_> = items.into_iter().flatten().collect();
    if items.len() > Limits::MESSAGES {
        reader.reading.refuse(format!("more than {} items", Limits::MESSAGES), "show fewer items");
    }
    Box::new(ListTemplate { title, view: view.unwrap_or(Text::Fixed("horizontal".into())), items })
}

impl BodyTemplate for ListTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::List(List {
            title: self.title.fill(scope),
            view: self.view.fill(scope),
            items: self.items.iter().map(|item| item.fill(scope)).collect(),
        })
    }
}
