//! What markup says beside what it shows: the intents that its buttons and forms raise, and the
//! attributes that their answers set.
//!
//! Reads tags only, so that it sees what is meant in markup that does not compile too.

use std::collections::HashSet;

use quick_xml::{Reader, escape::unescape, events::Event};

use super::View;

/// What all markup of a scenario raises and sets.
#[derive(Default)]
pub(super) struct Facts {
    /// Per message template, in the view's order: the intents that it raises.
    pub(super) raised: Vec<Vec<String>>,
    /// Attributes that answers set.
    pub(super) set: HashSet<String>,
    /// Whether some markup raises what an attribute says.
    pub(super) raises_anything: bool,
}

impl Facts {
    pub(super) fn of(view: &View<'_>) -> Self {
        let mut facts = Self::default();
        for (_, _, template) in view.templates() {
            let raised = facts.read(&template.message_markup);
            facts.raised.push(raised);
        }
        facts
    }

    fn read(&mut self, markup: &str) -> Vec<String> {
        let mut raised = Vec::new();
        let mut reader = Reader::from_str(markup);
        // The elements around the place that is read, with the text in each.
        let mut open: Vec<(String, String)> = Vec::new();
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => open.push((tag.local_name().as_ref().to_owned(), String::new())),
                Ok(Event::Text(text)) => {
                    if let Some((_, before)) = open.last_mut() {
                        before.push_str(&text);
                    }
                }
                Ok(Event::GeneralRef(entity)) => {
                    let written = format!("&{};", &*entity);
                    if let (Some((_, before)), Ok(text)) = (open.last_mut(), unescape(&written)) {
                        before.push_str(&text);
                    }
                }
                Ok(Event::End(_)) => {
                    if let Some((tag, text)) = open.pop() {
                        let parent = open.last().map_or("", |(parent, _)| parent);
                        self.note(&tag, parent, text.trim(), &mut raised);
                    }
                }
                Ok(Event::Eof) | Err(_) => return raised,
                Ok(_) => {}
            }
        }
    }

    fn note(&mut self, tag: &str, parent: &str, text: &str, raised: &mut Vec<String>) {
        if text.is_empty() {
            return;
        }
        match (tag, parent) {
            ("callback" | "cancel_callback" | "error_callback", _) => {
                self.raises_anything |= text.contains('{');
                raised.push(text.to_owned());
            }
            ("callback_value", _) | ("value", "button") => {
                let name = text.split_once('.').map_or("callback_value", |(name, _)| name);
                self.set.insert(name.to_owned());
            }
            ("attribute_name", _) | ("name", "element") => {
                self.set.insert(text.rsplit('.').next().unwrap_or(text).to_owned());
            }
            _ => {}
        }
    }
}
