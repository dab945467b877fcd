//! `<audio-message>` (§4.2.12).

use model::message::{Audio, Body};

use super::{BodyTemplate, Kind};
use crate::{
    expression::Scope,
    message::{
        field::{Address, Label},
        reading::Reader,
    },
};

pub(super) const KIND: Kind = Kind::new("audio-message", read);

#[derive(Debug)]
struct AudioTemplate {
    title: Label,
    url: Address,
}

fn read(reader: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    reader.structured().require("url", "Audio messages must have \"url\"");
    Box::new(AudioTemplate { title: reader.label("title"), url: reader.address("url") })
}

impl BodyTemplate for AudioTemplate {
    fn fill(&self, scope: &dyn Scope) -> Body {
        Body::Audio(Audio { title: self.title.fill(scope), url: self.url.fill(scope) })
    }
}
