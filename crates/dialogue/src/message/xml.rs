//! Markup as a tree. Reads what designers really write: XML, with a bare `&`, HTML entities and
//! unclosed `<br>` taken as they are meant.

use quick_xml::{Reader, escape::resolve_predefined_entity, events::BytesRef, events::Event};

use super::Limits;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
    /// Whether its texts are values already, so that braces in them mean nothing.
    pub(super) literal: bool,
}

/// What stands in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

/// Why a text is not markup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum XmlError {
    #[error("line {line}: {what}")]
    Syntax { line: usize, what: String },
    #[error("line {line}: `</{found}>` stands where `{}` should end", if expected.is_empty() { "the text" } else { expected })]
    WrongEnd { line: usize, found: String, expected: String },
    #[error("`<{0}>` is never closed")]
    Unclosed(String),
    #[error("elements stand more than {} deep in each other", Limits::DEPTH)]
    TooDeep,
    #[error("the markup is longer than {} bytes", Limits::BYTES)]
    TooLong,
}

impl Element {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new(), children: Vec::new(), literal: false }
    }

    /// An attribute of it.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All the text below it, trimmed.
    pub(super) fn text(&self) -> String {
        fn collect(nodes: &[Node], into: &mut String) {
            for node in nodes {
                match node {
                    Node::Text(text) => into.push_str(text),
                    Node::Element(element) => collect(&element.children, into),
                }
            }
        }
        let mut text = String::new();
        collect(&self.children, &mut text);
        text.trim().to_owned()
    }

    /// Says that the texts in it are values already.
    pub(super) fn make_literal(&mut self) {
        self.literal = true;
        for child in &mut self.children {
            if let Node::Element(element) = child {
                element.make_literal();
            }
        }
    }
}

/// Elements that HTML never closes.
const VOID: [&str; 4] = ["br", "wbr", "hr", "img"];

/// The nodes of a piece of markup, whole elements only.
pub(super) fn parse(markup: &str) -> Result<Vec<Node>, XmlError> {
    if markup.len() > Limits::BYTES {
        return Err(XmlError::TooLong);
    }
    let mut reader = Reader::from_str(markup);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut open: Vec<Element> = vec![Element::new("")];
    loop {
        let position = usize::try_from(reader.buffer_position()).unwrap_or(markup.len());
        let line = || markup.as_bytes()[..position.min(markup.len())].iter().filter(|b| **b == b'\n').count() + 1;
        let event = reader.read_event().map_err(|error| XmlError::Syntax { line: line(), what: error.to_string() })?;
        let top = open.last_mut().expect("the root is never closed");
        match event {
            Event::Start(start) | Event::Empty(start) if VOID.contains(&start.name().as_ref()) => {
                top.children.push(Node::Element(element(&start, line())?));
            }
            Event::Empty(start) => top.children.push(Node::Element(element(&start, line())?)),
            Event::Start(start) => {
                if open.len() > Limits::DEPTH {
                    return Err(XmlError::TooDeep);
                }
                open.push(element(&start, line())?);
            }
            Event::End(end) => {
                let name = end.name();
                let found = name.as_ref();
                if VOID.contains(&found) {
                    continue;
                }
                let expected = top.name.clone();
                if open.len() == 1 || expected != found {
                    return Err(XmlError::WrongEnd { line: line(), found: found.to_owned(), expected });
                }
                let closed = open.pop().expect("more than the root is open");
                open.last_mut().expect("the root is never closed").children.push(Node::Element(closed));
            }
            Event::Text(text) => add_text(top, &text),
            Event::CData(data) => add_text(top, &data),
            Event::GeneralRef(reference) => add_text(top, &entity(&reference)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    let last = open.pop().expect("the root is never closed");
    if open.is_empty() { Ok(last.children) } else { Err(XmlError::Unclosed(last.name)) }
}

fn add_text(element: &mut Element, text: &str) {
    match element.children.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => element.children.push(Node::Text(text.to_owned())),
    }
}

fn element(start: &quick_xml::events::BytesStart<'_>, line: usize) -> Result<Element, XmlError> {
    let mut element = Element::new(start.name().as_ref());
    for attribute in start.html_attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| XmlError::Syntax { line, what: error.to_string() })?;
        element.attributes.push((attribute.key.as_ref().to_owned(), unescape(&attribute.value)));
    }
    Ok(element)
}

/// A named reference; one that XML does not know is left to HTML.
fn entity(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(letter)) = reference.resolve_char_ref() {
        return letter.to_string();
    }
    match resolve_predefined_entity(reference) {
        Some(text) => text.to_owned(),
        None => format!("&{};", &**reference),
    }
}

/// An attribute's value; entities that XML does not know and bare `&` stay as they are.
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.find(';').filter(|end| *end <= 10).map(|end| (&rest[..end], end)) {
            Some((name, end)) => {
                text.push_str(&entity(&BytesRef::new(name)));
                rest = &rest[end + 1..];
            }
            None => text.push('&'),
        }
    }
    text.push_str(rest);
    text
}

/// The text of nodes as HTML source: elements are written out, texts stand as they are.
pub(super) fn source(nodes: &[Node], into: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => into.push_str(text),
            Node::Element(element) if element.name == "link" => link_source(element, into),
            Node::Element(element) => {
                into.push('<');
                into.push_str(&element.name);
                for (name, value) in &element.attributes {
                    into.push(' ');
                    into.push_str(name);
                    into.push_str("=\"");
                    into.push_str(&value.replace('"', "&quot;"));
                    into.push('"');
                }
                into.push('>');
                if !VOID.contains(&element.name.as_str()) {
                    source(&element.children, into);
                    into.push_str("</");
                    into.push_str(&element.name);
                    into.push('>');
                }
            }
        }
    }
}

/// `<link new_tab="true"><url>…</url><text>…</text></link>` inside a text (§4.2.1).
fn link_source(link: &Element, into: &mut String) {
    let child = |name: &str| {
        link.children.iter().find_map(|node| match node {
            Node::Element(element) if element.name == name => Some(element.text()),
            _ => None,
        })
    };
    let target = if link.attribute("new_tab").is_some_and(super::field::says_yes) { "_blank" } else { "_parent" };
    let url = child("url").unwrap_or_default().replace('"', "&quot;");
    let text = child("text").unwrap_or_default();
    into.push_str(&format!("<a class=\"linkified\" target=\"{target}\" href=\"{url}\">{text}</a>"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(markup: &str) -> String {
        match &parse(markup).expect("parses")[0] {
            Node::Element(element) => element.text(),
            Node::Text(text) => text.clone(),
        }
    }

    #[test]
    fn takes_what_designers_write() {
        assert_eq!(texts("<t>Tom & Jerry &amp; Co &lt;3 &nbsp;&#39;</t>"), "Tom & Jerry & Co <3 &nbsp;'");
        assert_eq!(texts("<t><![CDATA[<b>&amp;</b>]]></t>"), "<b>&amp;</b>");
        assert_eq!(texts("<t>http://x.org/?a=1&b=2</t>"), "http://x.org/?a=1&b=2");
        let nodes = parse(r#"<t>a<br>b<br/>c<a href="/?a=1&amp;b=2&c">d</a></t>"#).expect("parses");
        let Node::Element(element) = &nodes[0] else { panic!("an element") };
        let mut html = String::new();
        source(&element.children, &mut html);
        assert_eq!(html, r#"a<br>b<br>c<a href="/?a=1&b=2&c">d</a>"#);
    }

    #[test]
    fn says_what_is_wrong() {
        for (markup, what) in [
            ("<a><b></a>", "line 1: `</a>` stands where `b` should end"),
            ("<a>\n<b>", "`<b>` is never closed"),
            ("</a>", "line 1: `</a>` stands where `the text` should end"),
            (&"<a>".repeat(40), "elements stand more than 32 deep in each other"),
            (&" ".repeat(300_000), "the markup is longer than 262144 bytes"),
        ] {
            assert_eq!(parse(markup).expect_err(what).to_string(), what);
        }
        assert!(parse("<a>5 < 6</a>").is_err());
    }
}
