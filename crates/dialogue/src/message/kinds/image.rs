//! `<image-message>` (§4.2.2). `<alt>` is our name for the alternative text of the editor.

use model::message::{Body, Image, Link};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        field::{Address, Switch, Text},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("image-message", read);

#[derive(Debug)]
pub(super) struct ImageTemplate {
    src: Address,
    alt: Text,
    link: Option<(Address, Switch)>,
}

/// Reads an image wherever it stands.
pub(super) fn template(reader: &mut Reader<'_, '_>) -> ImageTemplate {
    reader.structured().require("src", "Image messages must have \"src\"");
    // The older markup says `<link>`, and whether it opens in a new tab at the image's element.
    let mut link = reader.link(&["url", "link"]);
    if let Some((_, new_tab)) = &mut link
        && reader.element.attribute("link_new_tab").is_some()
    {
        *new_tab = reader.switch_attribute("link_new_tab", false);
    }
    ImageTemplate { src: reader.address("src"), alt: reader.text("alt"), link }
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    Box::new(template(reader))
}

impl ImageTemplate {
    pub(super) fn image(&self, scope: &dyn Scope) -> Image {
        let link = self.link.as_ref().map(|(url, new_tab)| Link { url: url.fill(scope), new_tab: new_tab.fill(scope) });
        Image { src: self.src.fill(scope), alt: self.alt.fill(scope), link: link.filter(|link| !link.url.is_empty()) }
    }
}

impl BodyTemplate for ImageTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Image(self.image(scope))
    }
}
