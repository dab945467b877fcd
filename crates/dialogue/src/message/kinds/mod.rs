//! The message types. To add one: a file with its `KIND`, and its line in [`KINDS`].

mod audio;
mod autocomplete;
mod buttons;
mod call_to_action;
mod card;
mod choices;
mod date_picker;
mod empty;
mod esign;
mod file_upload;
mod form;
mod hand_over;
mod image;
mod list;
mod location;
mod long_text;
mod meta;
mod text;
mod twilio_content;

use std::fmt::Debug;

use model::message::Body;

use super::reading::Reader;
use crate::expression::Scope;

/// A message whose attributes are not filled in yet.
pub(super) trait BodyTemplate: Debug + Send + Sync {
    /// The message with the values of a turn.
    fn fill(&self, scope: &dyn Scope) -> Body;
}

/// A message type.
pub(super) struct Kind {
    /// The name of its element.
    pub(super) element: &'static str,
    /// Reads an element; what is wrong is reported to the reader.
    pub(super) read: fn(&mut Reader<'_, '_>) -> Box<dyn BodyTemplate>,
    /// Whether it should come last, because it takes over the input or the page (§4.1.1).
    pub(super) comes_last: bool,
    /// Whether its text may be folded (§4.1).
    pub(super) folds_text: bool,
    /// Whether the whole of it may be folded.
    pub(super) folds_message: bool,
}

impl Kind {
    const fn new(element: &'static str, read: fn(&mut Reader<'_, '_>) -> Box<dyn BodyTemplate>) -> Self {
        Self { element, read, comes_last: false, folds_text: false, folds_message: false }
    }

    const fn last(self) -> Self {
        Self { comes_last: true, ..self }
    }

    const fn folds(self, folds_message: bool) -> Self {
        Self { folds_text: true, folds_message, ..self }
    }
}

const KINDS: [&Kind; 21] = [
    &audio::KIND,
    &autocomplete::KIND,
    &buttons::KIND,
    &call_to_action::KIND,
    &card::FULL_PAGE,
    &card::KIND,
    &date_picker::KIND,
    &date_picker::PARTS,
    &empty::KIND,
    &esign::KIND,
    &file_upload::KIND,
    &form::FULL_PAGE,
    &form::KIND,
    &hand_over::KIND,
    &image::KIND,
    &list::KIND,
    &location::KIND,
    &long_text::KIND,
    &meta::KIND,
    &text::KIND,
    &twilio_content::KIND,
];

/// The type of an element.
pub(super) fn of_element(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.element == name)
}

/// The elements of all types, for people.
pub(super) fn names() -> String {
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.element).chain(["attribute-message"]).collect();
    names.join(", ")
}
