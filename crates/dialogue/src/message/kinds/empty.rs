//! `<empty-message/>` (§4.2.12): nothing is said, the input opens again.

use model::message::Body;

use super::{BodyTemplate, Kind};
use crate::{expression::Scope, message::reading::Reader};

pub(super) const KIND: Kind = Kind::new("empty-message", read);

#[derive(Debug)]
struct Empty;

fn read(_: &mut Reader<'_, '_>) -> Box<dyn BodyTemplate> {
    Box::new(Empty)
}

impl BodyTemplate for Empty {
    fn fill(&self, _: &dyn Scope) -> Body {
        Body::Empty
    }
}
