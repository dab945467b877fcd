//! Reading the elements of a message: what its fields are, and what is wrong with it.

use std::borrow::Cow;

use super::{
    MarkupOptions, MarkupProblem, Severity,
    field::{Address, Label, Prose, Switch, Text, is_allowed_address},
    xml::{self, Element, Node},
};
use crate::expression::{FillOptions, Reference, Scope, Template};

/// What is known while a message is read.
pub(super) struct Reading<'s> {
    pub(super) options: MarkupOptions,
    /// The values, when a message is read during a turn because they are part of its structure.
    scope: Option<&'s dyn Scope>,
    path: Vec<String>,
    pub(super) problems: Vec<MarkupProblem>,
    pub(super) references: Vec<Reference>,
    /// Attributes that messages store their answer in and that somebody must have declared.
    pub(super) to_declare: Vec<String>,
    /// Whether a reference stands where elements are expected: only a turn knows what it holds.
    pub(super) needs_values: bool,
}

impl<'s> Reading<'s> {
    pub(super) fn new(options: MarkupOptions, scope: Option<&'s dyn Scope>) -> Self {
        Self {
            options,
            scope,
            path: Vec::new(),
            problems: Vec::new(),
            references: Vec::new(),
            to_declare: Vec::new(),
            needs_values: false,
        }
    }

    pub(super) fn refuse(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        self.report(Severity::Error, message.into(), remedy.into());
    }

    /// Refuses a message that lacks something, unless an attribute may still bring it.
    pub(super) fn refuse_lack(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        if !self.needs_values {
            self.refuse(message, remedy);
        }
    }

    /// Whether the message is read in a turn, with the values of its attributes.
    pub(super) fn has_values(&self) -> bool {
        self.scope.is_some()
    }

    pub(super) fn warn(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        self.report(Severity::Warning, message.into(), remedy.into());
    }

    fn report(&mut self, severity: Severity, message: String, remedy: String) {
        self.problems.push(MarkupProblem { path: self.path.join("/"), message, remedy, severity });
    }

    /// Reads an element. What `read` did not ask for is reported.
    pub(super) fn element<T>(
        &mut self,
        element: &Element,
        step: String,
        read: impl FnOnce(&mut Reader<'_, 's>) -> T,
    ) -> T {
        self.path.push(step);
        let mut reader =
            Reader { element, children: Cow::Borrowed(&element.children), known: Vec::new(), reading: self };
        let value = read(&mut reader);
        reader.finish();
        self.path.pop();
        value
    }

    /// The nodes of a structural element: where a reference stands between its elements, what the
    /// attribute holds takes its place.
    pub(super) fn structure<'e>(&mut self, element: &'e Element) -> Cow<'e, [Node]> {
        let mut nodes: Option<Vec<Node>> = None;
        for (at, node) in element.children.iter().enumerate() {
            let Node::Text(text) = node else {
                if let Some(nodes) = &mut nodes {
                    nodes.push(node.clone());
                }
                continue;
            };
            match (self.template(text.trim(), element.literal), self.scope) {
                (Text::Fixed(fixed), _) if fixed.is_empty() => {}
                (Text::Fixed(_), _) => {
                    self.warn("text between elements is not shown", "put it into an element, or remove it");
                }
                (Text::Filled(_), None) => self.needs_values = true,
                (Text::Filled(template), Some(scope)) => {
                    let nodes = nodes.get_or_insert_with(|| element.children[..at].to_vec());
                    nodes.extend(self.fragment(&template.fill(scope)));
                }
            }
        }
        nodes.map_or(Cow::Borrowed(&*element.children), Cow::Owned)
    }

    /// The elements that an attribute holds; their texts are values, braces in them mean nothing.
    fn fragment(&mut self, filled: &str) -> Vec<Node> {
        let mut nodes = xml::parse(filled).unwrap_or_else(|error| {
            self.refuse(
                format!("what an attribute put between the elements is not markup: {error}"),
                "make the attribute hold whole elements",
            );
            Vec::new()
        });
        for node in &mut nodes {
            if let Node::Element(element) = node {
                element.make_literal();
            }
        }
        nodes
    }

    /// A text in which attributes are filled in, unless it is a value already.
    pub(super) fn template(&mut self, text: &str, literal: bool) -> Text {
        if literal || !text.contains('{') {
            return Text::Fixed(text.into());
        }
        match Template::parse(text, FillOptions { exclude_code: self.options.exclude_code }) {
            Ok(template) => match template.literal() {
                Some(fixed) => Text::Fixed(fixed.into()),
                None => {
                    self.references.extend(template.references().cloned());
                    Text::Filled(template)
                }
            },
            Err(error) => {
                self.refuse(error.to_string(), "correct the expression between the braces");
                Text::Fixed(text.into())
            }
        }
    }
}

/// One element while it is read.
pub(super) struct Reader<'r, 's> {
    pub(super) reading: &'r mut Reading<'s>,
    pub(super) element: &'r Element,
    children: Cow<'r, [Node]>,
    known: Vec<&'static str>,
}

fn find<'n>(nodes: &'n [Node], names: &[&str]) -> Option<&'n Element> {
    nodes.iter().find_map(|node| match node {
        Node::Element(element) if names.contains(&element.name.as_str()) => Some(element),
        _ => None,
    })
}

impl<'s> Reader<'_, 's> {
    /// Says that elements are expected here, not text.
    pub(super) fn structured(&mut self) -> &mut Self {
        if let Cow::Owned(nodes) = self.reading.structure(self.element) {
            self.children = Cow::Owned(nodes);
        }
        self
    }

    fn finish(self) {
        if self.known.is_empty() {
            return;
        }
        let unknown = self.children.iter().filter_map(|node| match node {
            Node::Element(element) if !self.known.contains(&element.name.as_str()) => Some(&element.name),
            _ => None,
        });
        for name in unknown {
            self.reading
                .warn(format!("`<{name}>` means nothing here"), format!("known here: {}", self.known.join(", ")));
        }
    }

    /// A text below this element, wherever it is written, as it is.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<Text> {
        self.any(&[name])
    }

    /// The first of some names for the same thing.
    pub(super) fn any(&mut self, names: &[&'static str]) -> Option<Text> {
        self.known.extend(names);
        let element = find(&self.children, names)?;
        Some(self.reading.template(&element.text(), element.literal))
    }

    /// A text as it is written, with its braces.
    pub(super) fn raw(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        find(&self.children, &[name]).map(Element::text)
    }

    /// Notes that an answer is kept in an attribute that must have been declared, unless it is the
    /// one that always is.
    pub(super) fn stores_in(&mut self, attribute: &Text, built_in: &str) {
        if let Some(name) = attribute.fixed()
            && name != built_in
        {
            self.reading.to_declare.push(name.to_owned());
        }
    }

    /// A text, empty where it is not written.
    pub(super) fn text(&mut self, name: &'static str) -> Text {
        self.optional(name).unwrap_or(Text::Fixed("".into()))
    }

    /// A text, with what it is when it is not written.
    pub(super) fn text_or(&mut self, name: &'static str, otherwise: &str) -> Text {
        self.optional(name).unwrap_or_else(|| Text::Fixed(otherwise.into()))
    }

    /// A text to read.
    pub(super) fn prose(&mut self, name: &'static str) -> Prose {
        let source = self.source(name);
        Prose::new(source)
    }

    /// A short text to read.
    pub(super) fn label(&mut self, name: &'static str) -> Label {
        let source = self.source(name);
        Label::new(source)
    }

    /// A short text to read, with what it is when it is not written.
    pub(super) fn label_or(&mut self, name: &'static str, otherwise: &str) -> Label {
        if self.has(name) { self.label(name) } else { Label::new(Text::Fixed(otherwise.into())) }
    }

    fn source(&mut self, name: &'static str) -> Text {
        self.known.push(name);
        match find(&self.children, &[name]) {
            Some(element) => {
                let source = prose_source(&element.children);
                self.reading.template(&source, element.literal)
            }
            None => Text::Fixed("".into()),
        }
    }

    /// The text of this element itself, to read.
    pub(super) fn own_prose(&mut self) -> Prose {
        // Whatever stands in it is HTML.
        self.known.clear();
        let source = prose_source(&self.children);
        Prose::new(self.reading.template(&source, self.element.literal))
    }

    /// The text of this element itself, as it is.
    pub(super) fn own_text(&mut self) -> Text {
        self.reading.template(&self.element.text(), self.element.literal)
    }

    /// An address below this element, and whether it opens in a new tab.
    pub(super) fn link(&mut self, names: &[&'static str]) -> Option<(Address, Switch)> {
        self.known.extend(names);
        let element = find(&self.children, names)?;
        let url = self.reading.template(&element.text(), element.literal);
        let new_tab = element.attribute("new_tab").unwrap_or_default();
        let new_tab = self.reading.template(new_tab, element.literal).into();
        self.check_address(&url, names[0]);
        Some((Address::new(url), new_tab))
    }

    /// An address, empty where it is not written.
    pub(super) fn address(&mut self, name: &'static str) -> Address {
        let url = self.text(name);
        self.check_address(&url, name);
        Address::new(url)
    }

    fn check_address(&mut self, url: &Text, name: &str) {
        if url.fixed().is_some_and(|url| !is_allowed_address(url)) {
            self.reading.refuse(
                format!("`{name}` leads to a scheme that is not allowed"),
                "use http, https, mailto, tel or a relative address",
            );
        }
    }

    /// Yes or no below this element.
    pub(super) fn switch(&mut self, name: &'static str, otherwise: bool) -> Switch {
        self.optional(name).filter(|text| text.fixed() != Some("")).map_or(Switch::Known(otherwise), Switch::from)
    }

    /// An attribute of this element.
    pub(super) fn attribute(&mut self, name: &str) -> Option<Text> {
        let value = self.element.attribute(name)?;
        Some(self.reading.template(value.trim(), self.element.literal))
    }

    /// Yes or no, as an attribute of this element.
    pub(super) fn switch_attribute(&mut self, name: &str, otherwise: bool) -> Switch {
        self.attribute(name).map_or(Switch::Known(otherwise), Switch::from)
    }

    /// Whether an element is written.
    pub(super) fn has(&self, name: &str) -> bool {
        find(&self.children, &[name]).is_some()
    }

    /// Whether an element is written and says something.
    pub(super) fn says(&self, name: &str) -> bool {
        find(&self.children, &[name]).is_some_and(|element| !element.children.is_empty())
    }

    /// Refuses the message unless an element is written and says something.
    pub(super) fn require(&mut self, name: &str, message: &str) {
        if !self.says(name) {
            self.reading.refuse_lack(message, format!("write `<{name}>…</{name}>`"));
        }
    }

    /// Reads every element of a name.
    pub(super) fn each<T>(&mut self, name: &'static str, mut read: impl FnMut(&mut Reader<'_, 's>) -> T) -> Vec<T> {
        self.known.push(name);
        let mut values = Vec::new();
        for node in self.children.iter() {
            if let Node::Element(element) = node
                && element.name == name
            {
                let step = format!("{name}[{}]", values.len() + 1);
                values.push(self.reading.element(element, step, &mut read));
            }
        }
        values
    }

    /// Reads the element of a name.
    pub(super) fn one<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'_, 's>) -> T) -> Option<T> {
        self.known.push(name);
        let element = find(&self.children, &[name])?;
        Some(self.reading.element(element, name.to_owned(), read))
    }

    /// The elements in this one, whatever their names.
    pub(super) fn each_element<T>(&mut self, mut read: impl FnMut(&mut Reading<'s>, &Element) -> T) -> Vec<T> {
        let mut values = Vec::new();
        for node in self.children.iter() {
            if let Node::Element(element) = node {
                values.push(read(self.reading, element));
            }
        }
        values
    }
}

/// Nodes as the source of a text to read: trimmed, and without the indentation that the markup
/// around it gave to its lines, which markdown would take for code.
fn prose_source(nodes: &[Node]) -> String {
    let mut source = String::new();
    xml::source(nodes, &mut source);
    let source = source.trim();
    if !source.contains('\n') {
        return source.to_owned();
    }
    let indent = source
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    let mut lines = source.lines();
    let mut text = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        text.push('\n');
        text.push_str(line.get(indent..).unwrap_or_default());
    }
    text
}
