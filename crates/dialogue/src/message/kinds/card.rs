//! `<rich-message>` and `<fp-rich-message>` (§4.2.5): cards.

use model::message::{Body, Card, CardImage};

use super::{
    BodyTemplate, Kind,
    buttons::{self, ButtonTemplate},
    image::{self, ImageTemplate},
};
use crate::{
    expression::Scope,
    message::{
        field::{Address, Label, Prose, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("rich-message", |reader| read(reader, 3)).folds(true);
pub(super) const FULL_PAGE: Kind = Kind::new("fp-rich-message", |reader| read(reader, 4)).last();

#[derive(Debug)]
struct CardTemplate {
    full_page: bool,
    title: Label,
    subtitle: Label,
    text: Prose,
    intent: Text,
    value: Text,
    link: Address,
    buttons: Vec<ButtonTemplate>,
    image: Option<ImageTemplate>,
}

fn read(reader: &mut Reader<'_, '_>, most_buttons: usize) -> Box<dyn BodyTemplate> {
    reader.structured().require("text", "Rich messages must have \"text\"");
    Box::new(CardTemplate {
        full_page: reader.element.name == FULL_PAGE.element,
        title: reader.label("title"),
        subtitle: reader.label("subtitle"),
        text: reader.prose("text"),
        intent: reader.text("callback"),
        value: reader.text("callback_value"),
        link: reader.address("link"),
        buttons: buttons::buttons(reader, most_buttons),
        image: reader.one("image", image::template),
    })
}

impl BodyTemplate for CardTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Card(Card {
            full_page: self.full_page,
            title: self.title.fill(scope),
            subtitle: self.subtitle.fill(scope),
            text: self.text.fill(scope),
            intent: self.intent.fill(scope),
            value: self.value.fill(scope),
            link: self.link.fill(scope),
            buttons: self.buttons.iter().map(|button| button.button(scope)).collect(),
            image: self.image.as_ref().map(|image| {
                let image = image.image(scope);
                CardImage { src: image.src, alt: image.alt, link: image.link }
            }),
        })
    }
}
