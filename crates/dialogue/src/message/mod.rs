//! Message markup to messages (spec/opendialog.md §4).
//!
//! Markup is read once, when an agent is compiled. Texts without attributes are finished then; the
//! others are templates that a turn fills. Only where an attribute holds *elements* (a reference
//! between elements, an attribute message) is markup read during a turn, bounded in depth.
//!
//! Invariant: whatever the markup or an attribute holds, reading never panics, and no message
//! carries a script, an event handler or an address that runs code.

mod field;
mod html;
mod kinds;
mod reading;
mod root;
mod xml;

use model::message::Message;

use self::{
    reading::Reading,
    root::{Block, Root},
    xml::{Element, Node},
};
use crate::expression::{Reference, Scope, display};

/// What bounds markup.
pub(crate) struct Limits;

impl Limits {
    /// Longest markup.
    pub(crate) const BYTES: usize = 256 * 1024;
    /// Elements in elements.
    pub(crate) const DEPTH: usize = 32;
    /// Messages of one markup, and items of one list.
    pub(crate) const MESSAGES: usize = 200;
    /// Options of one field.
    pub(crate) const OPTIONS: usize = 1000;
    /// Attribute messages in attribute messages.
    const NESTING: usize = 4;
}

/// How a message is to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MarkupOptions {
    /// Whether braces within back-ticks are left alone (row OD-M06).
    pub exclude_code: bool,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The message cannot be used.
    Error,
    /// The message can be used; it may not be what was meant.
    Warning,
}

/// Something wrong in markup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct MarkupProblem {
    /// The element, from the root: `message/button-message[1]/button[2]`.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// How bad it is.
    pub severity: Severity,
}

/// Why a message could not be made in a turn. Only markup that an attribute holds can fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// What an attribute holds is not a message.
    #[error("what an attribute holds is not a message: {0}")]
    Markup(MarkupProblem),
    /// Attribute messages lead to each other.
    #[error("attribute messages stand more than {} deep in each other", Limits::NESTING)]
    TooDeep,
    /// Too many messages.
    #[error("a message template makes more than {} messages", Limits::MESSAGES)]
    TooMany,
}

/// Compiled message markup.
#[derive(Debug)]
pub struct Markup {
    root: Root,
    blocks: Vec<Block>,
    /// The attribute whose markup takes the place of all of this (§4.2.12).
    replaced_by: Option<Reference>,
    references: Vec<Reference>,
    to_declare: Vec<String>,
    warnings: Vec<MarkupProblem>,
    options: MarkupOptions,
}

impl Markup {
    /// Reads markup.
    ///
    /// # Errors
    /// All problems, warnings among them, when one of them is an error.
    pub fn compile(markup: &str, options: MarkupOptions) -> Result<Self, Vec<MarkupProblem>> {
        Self::read(markup, options, None)
    }

    fn read(markup: &str, options: MarkupOptions, scope: Option<&dyn Scope>) -> Result<Self, Vec<MarkupProblem>> {
        let problem = |message: String, remedy: &str| {
            vec![MarkupProblem { path: "message".into(), message, remedy: remedy.into(), severity: Severity::Error }]
        };
        let nodes = xml::parse(markup)
            .map_err(|error| problem(error.to_string(), "write well-formed XML; a `<` in a text is `&lt;`"))?;
        let mut elements = nodes.into_iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        });
        match (elements.next(), elements.next()) {
            (Some(message), None) if message.name == "message" => Self::of_element(&message, options, scope),
            _ => Err(problem("the markup is not one `<message>`".into(), "write `<message>…</message>` around it")),
        }
    }

    fn of_element(
        message: &Element,
        options: MarkupOptions,
        scope: Option<&dyn Scope>,
    ) -> Result<Self, Vec<MarkupProblem>> {
        let mut reading = Reading::new(options, scope);
        let (root, blocks, replaced_by) = root::read(&mut reading, message);
        let Reading { mut problems, mut references, to_declare, .. } = reading;
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            // Errors first: a caller that can only tell one thing tells the one that counts.
            problems.sort_by_key(|problem| problem.severity == Severity::Warning);
            return Err(problems);
        }
        references.extend(replaced_by.clone());
        Ok(Self { root, blocks, replaced_by, references, to_declare, warnings: problems, options })
    }

    /// Makes the messages.
    ///
    /// # Errors
    /// When markup that an attribute holds cannot be used.
    pub fn render(&self, scope: &dyn Scope, intent: &str, template: &str) -> Result<Vec<Message>, RenderError> {
        let mut messages = Vec::with_capacity(self.blocks.len());
        self.render_into(&mut messages, scope, Limits::NESTING)?;
        for message in &mut messages {
            message.intent = intent.to_owned();
            message.template = template.to_owned();
        }
        Ok(messages)
    }

    fn render_into(&self, messages: &mut Vec<Message>, scope: &dyn Scope, depth: usize) -> Result<(), RenderError> {
        if let Some(reference) = &self.replaced_by {
            messages.clear();
            let Some(value) = reference.value(scope) else { return Ok(()) };
            let markup = display(&value);
            if markup.trim().is_empty() {
                return Ok(());
            }
            let depth = depth.checked_sub(1).ok_or(RenderError::TooDeep)?;
            let markup = Self::read(&markup, self.options, Some(scope)).map_err(first_problem)?;
            return markup.render_into(messages, scope, depth);
        }
        for block in &self.blocks {
            match block {
                Block::Message(template) => messages.push(template.fill(&self.root, scope)),
                Block::Late(element) => {
                    let depth = depth.checked_sub(1).ok_or(RenderError::TooDeep)?;
                    let late = Self::of_element(element, self.options, Some(scope)).map_err(first_problem)?;
                    late.render_into(messages, scope, depth)?;
                    if late.replaced_by.is_some() {
                        return Ok(());
                    }
                }
            }
            if messages.len() > Limits::MESSAGES {
                return Err(RenderError::TooMany);
            }
        }
        Ok(())
    }

    /// Every attribute that it reads.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter()
    }

    /// What may not be as it was meant.
    pub fn warnings(&self) -> &[MarkupProblem] {
        &self.warnings
    }

    /// Attributes in which answers are kept and that must have been declared; where one is not, the
    /// message cannot be used (row OD-M24).
    pub fn attributes_to_declare(&self) -> impl Iterator<Item = &str> {
        self.to_declare.iter().map(String::as_str)
    }
}

fn first_problem(problems: Vec<MarkupProblem>) -> RenderError {
    problems.into_iter().next().map_or(RenderError::TooDeep, RenderError::Markup)
}

/// A text message of Parlance's own; markdown is understood, attributes are not filled in.
pub fn plain(text: &str, intent: &str) -> Message {
    Message::text(intent, html::prose(text))
}

/// A text that a person or a model wrote as markdown, as clean HTML (row DA-W12).
pub fn markdown(text: &str) -> String {
    html::prose(text)
}

#[cfg(test)]
mod tests;
