//! `[[.class #id title="x"]]`: attributes that markdown gives to an element (§4.1).

use pulldown_cmark_escape::escape_html;

/// Names that may be given.
const ALLOWED: [&str; 5] = ["class", "id", "rel", "role", "title"];

/// Attributes of one element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    id: Option<String>,
    classes: Vec<String>,
    others: Vec<(String, String)>,
}

/// Attributes at the start of a text, and how long they are there. None where brackets are just
/// brackets.
pub(super) fn at_start(text: &str) -> Option<(Attributes, usize)> {
    let inner = text.strip_prefix("[[")?;
    let end = inner.find("]]")?;
    Some((parse(&inner[..end])?, end + 4))
}

/// Attributes at the end of a text, and where they start there.
pub(super) fn at_end(text: &str) -> Option<(Attributes, usize)> {
    let trimmed = text.trim_end();
    let start = trimmed.rfind("[[")?;
    let inner = trimmed[start + 2..].strip_suffix("]]")?;
    Some((parse(inner)?, start))
}

fn parse(inner: &str) -> Option<Attributes> {
    let mut attributes = Attributes::default();
    let mut rest = inner.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let after;
        if let Some(class) = rest.strip_prefix('.') {
            let end = word(class)?;
            attributes.classes.push(class[..end].to_owned());
            after = &class[end..];
        } else if let Some(id) = rest.strip_prefix('#') {
            let end = word(id)?;
            attributes.id = Some(id[..end].to_owned());
            after = &id[end..];
        } else {
            let end = word(rest)?;
            let value = rest[end..].strip_prefix('=')?;
            let (value, left) = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            attributes.set(&rest[..end], value);
            after = left;
        }
        rest = after.trim_start();
    }
    Some(attributes)
}

/// Length of a name; none where there is none.
fn word(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).unwrap_or(text.len());
    (end > 0).then_some(end)
}

impl Attributes {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "class" => self.classes.extend(value.split_whitespace().map(str::to_owned)),
            "id" => self.id = Some(value.to_owned()),
            _ if ALLOWED.contains(&name) => self.others.push((name.to_owned(), value.to_owned())),
            // Not an error: the rest of what was written still holds.
            _ => {}
        }
    }

    /// Writes them into an open tag.
    pub(super) fn write(&self, tag: &mut String) {
        let classes = self.classes.join(" ");
        let id = self.id.as_deref().map(|id| ("id", id));
        let class = (!classes.is_empty()).then_some(("class", classes.as_str()));
        let others = self.others.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in id.into_iter().chain(class).chain(others) {
            tag.push(' ');
            tag.push_str(name);
            tag.push_str("=\"");
            escape_html(&mut *tag, value).expect("a string takes all that is written");
            tag.push('"');
        }
    }
}
