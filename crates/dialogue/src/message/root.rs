//! The `<message>` element: what all its messages share, and the rules of their composition.

use model::message::{Message, TextFold};

use super::{
    Limits,
    field::Switch,
    kinds::{self, BodyTemplate, Kind},
    reading::{Reader, Reading},
    xml::{Element, Node},
};
use crate::expression::{Reference, Scope};

/// What the root says of all its messages (§4.1).
#[derive(Debug)]
pub(super) struct Root {
    disable_text: Switch,
    hide_avatar: Switch,
}

/// One child of the root.
#[derive(Debug)]
pub(super) enum Block {
    /// A message.
    Message(Box<MessageTemplate>),
    /// A whole `<message>` around something that an attribute completes: read during the turn.
    Late(Box<Element>),
}

/// One message, with what stands at its element.
#[derive(Debug)]
pub(super) struct MessageTemplate {
    body: Box<dyn BodyTemplate>,
    feedback: Option<Switch>,
    text_fold: Option<TextFold>,
    message_fold: Option<String>,
}

impl MessageTemplate {
    pub(super) fn fill(&self, root: &Root, scope: &dyn Scope) -> Message {
        let mut message = Message::new("", self.body.fill(scope));
        message.disable_text = root.disable_text.fill(scope);
        message.hide_avatar = root.hide_avatar.fill(scope);
        message.feedback = self.feedback.as_ref().map(|switch| switch.fill(scope));
        message.text_fold.clone_from(&self.text_fold);
        message.message_fold.clone_from(&self.message_fold);
        message
    }
}

/// Reads the root and what is in it.
pub(super) fn read(reading: &mut Reading<'_>, message: &Element) -> (Root, Vec<Block>, Option<Reference>) {
    let mut replaced_by = None;
    let (root, blocks) = reading.element(message, "message".into(), |reader| {
        let root = Root {
            disable_text: reader.switch_attribute("disable_text", false),
            hide_avatar: reader.switch_attribute("hide_avatar", false),
        };
        reader.reading.needs_values = false;
        reader.structured();
        let is_open = std::mem::take(&mut reader.reading.needs_values);
        let mut composition = Composition::default();
        let mut number = 0;
        let blocks = reader.each_element(|reading, element| {
            number += 1;
            let step = format!("{}[{number}]", element.name);
            let Some(kind) = kinds::of_element(&element.name) else {
                if element.name == "attribute-message" {
                    replaced_by = reading.element(element, step, attribute_reference);
                } else {
                    reading.element(element, step, |reader| {
                        reader.reading.refuse(
                            format!("Unknown message type \"{}\"", element.name),
                            format!("known: {}", kinds::names()),
                        );
                    });
                }
                return None;
            };
            if number == Limits::MESSAGES + 1 {
                reading.refuse(format!("more than {} messages", Limits::MESSAGES), "split the template");
            }
            if number > Limits::MESSAGES {
                return None;
            }
            let template = reading.element(element, step, |reader| {
                composition.add(reader, kind);
                message_template(reader, message, kind)
            });
            if std::mem::take(&mut reading.needs_values) {
                let around = Element { children: vec![Node::Element(element.clone())], ..message.clone() };
                return Some(Block::Late(Box::new(around)));
            }
            Some(Block::Message(Box::new(template)))
        });
        if is_open {
            // An attribute adds messages between these: all of them are read in the turn.
            return (root, vec![Block::Late(Box::new(message.clone()))]);
        }
        (root, blocks.into_iter().flatten().collect())
    });
    (root, blocks, replaced_by)
}

/// `<attribute-message>context.name</attribute-message>`: the name is written without braces.
fn attribute_reference(reader: &mut Reader<'_, '_>) -> Option<Reference> {
    let name = reader.element.text();
    let name = name.trim_start_matches('{').trim_end_matches('}');
    match Reference::parse(name) {
        Ok(reference) => Some(reference),
        Err(error) => {
            reader.reading.refuse(error.to_string(), "write `context.name`, or a name of the user context");
            None
        }
    }
}

fn message_template(reader: &mut Reader<'_, '_>, root: &Element, kind: &Kind) -> MessageTemplate {
    let (text_fold, message_fold) = folds(reader, root, kind);
    let feedback = reader.element.attribute("enable_feedback").or_else(|| root.attribute("enable_feedback"));
    let feedback = feedback
        .filter(|said| !said.trim().is_empty() && !said.trim().eq_ignore_ascii_case("inherit"))
        .map(|said| reader.reading.template(said, root.literal).into());
    MessageTemplate { body: (kind.read)(reader), feedback, text_fold, message_fold }
}

/// Where a message is folded (row OD-M10). The attributes stand at the message or at the root.
fn folds(reader: &mut Reader<'_, '_>, root: &Element, kind: &Kind) -> (Option<TextFold>, Option<String>) {
    let own = ["expandable-text", "expandable-message"].iter().any(|name| reader.element.attribute(name).is_some());
    let element = if own { reader.element } else { root };
    let value = |name: &str| element.attribute(name).map(str::trim).filter(|value| !value.is_empty());
    let wants = |name: &str| value(name).is_some_and(super::field::says_yes);
    let (wants_text, wants_message) = (wants("expandable-text"), wants("expandable-message"));

    let text = match (value("expandable-text-height"), value("expandable-text-chars")) {
        _ if !wants_text => None,
        (Some(height), None) => Some(TextFold::Height(height.to_owned())),
        (None, Some(chars)) => match chars.parse() {
            Ok(chars) => Some(TextFold::Chars(chars)),
            Err(_) => {
                reader.reading.refuse(
                    format!("`expandable-text-chars` is `{chars}`, not a whole number"),
                    "write a number of characters, such as 240",
                );
                None
            }
        },
        (height, _) => {
            let message = if height.is_some() {
                "`expandable-text-height` and `expandable-text-chars` exclude each other"
            } else {
                "`expandable-text` does not say where to fold"
            };
            reader.reading.refuse(
                message,
                "give exactly one of `expandable-text-height` (such as 2em) and `expandable-text-chars` (such as 240)",
            );
            None
        }
    };
    let message = match value("expandable-message-height") {
        _ if !wants_message => None,
        Some(height) => Some(height.to_owned()),
        None => {
            reader.reading.refuse(
                "`expandable-message` does not say where to fold",
                "give `expandable-message-height`, such as 10em",
            );
            None
        }
    };
    let unfit = (text.is_some() && !kind.folds_text, message.is_some() && !kind.folds_message);
    if own && (unfit.0 || unfit.1) {
        reader.reading.warn(
            format!("`<{}>` is not folded this way", reader.element.name),
            "texts fold in text, rich, button and form messages; whole messages in those but full-page forms",
        );
    }
    (text.filter(|_| kind.folds_text), message.filter(|_| kind.folds_message))
}

/// Rules of composition (§4.1.1). Clients may draw messages that break them, so they only warn.
#[derive(Default)]
struct Composition {
    last: Option<String>,
    forms: usize,
    buttons: usize,
}

impl Composition {
    fn add(&mut self, reader: &mut Reader<'_, '_>, kind: &Kind) {
        if let Some(last) = &self.last {
            reader.reading.warn(
                format!("`<{last}>` should be the last message, and this follows it"),
                "move it to the end of the template",
            );
        }
        let name = &reader.element.name;
        let is_external = name == "button-message" && external(reader.element);
        self.last = (kind.comes_last || is_external).then(|| name.clone());
        self.forms += usize::from(name.ends_with("form-message"));
        self.buttons += usize::from(name == "button-message");
        if name.ends_with("form-message") && self.forms == 2 {
            reader.reading.warn("a template should have one form", "put the fields into one form");
        }
        if name == "button-message" && self.buttons == 2 {
            reader.reading.warn("a template should have one button message", "put the buttons into one message");
        }
    }
}

fn external(element: &Element) -> bool {
    element.children.iter().any(|node| {
        matches!(node, Node::Element(child) if child.name == "external" && super::field::says_yes(&child.text()))
    })
}
