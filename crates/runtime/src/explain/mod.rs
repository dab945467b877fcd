//! A journal in words (row DA-T2): why a turn went as it did, for people.
//!
//! Works on the journal as it is stored, whoever stored it: what this release does not know is shown as JSON. Never
//! fails, whatever it is given. Pure.

mod flow;
mod scenario;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// Most characters of a text that are shown.
const SHOWN: usize = 4_000;

/// A turn's journal as text, with a line end at the end.
pub fn explain(journal: &Value) -> String {
    let mut page = Page::default();
    let Value::Object(journal) = journal else {
        page.line(0, &format!("This journal is no object: {}", shown(journal)));
        return page.text;
    };
    for (name, value) in object(journal.get("preset")) {
        match value {
            Value::Null => page.line(0, &format!("set beside turns: user.{name} was taken away")),
            value => page.line(0, &format!("set beside turns: user.{name} = {}", shown(value))),
        }
    }
    scenario::steps(&mut page, list(journal.get("steps")));
    scenario::answers(&mut page, list(journal.get("answers")));
    for one in list(journal.get("flows")) {
        flow::flow(&mut page, one);
    }
    for (name, value) in journal.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
        page.line(0, &format!("{name}: {}", shown(value)));
    }
    if page.text.is_empty() {
        page.line(0, "Nothing was noted in this turn.");
    }
    page.text
}

/// The parts of a journal that are told in words.
const KNOWN: [&str; 4] = ["preset", "steps", "answers", "flows"];

/// A text that grows line by line.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    /// A line, so many steps to the right. Line ends within it go on below its beginning.
    fn line(&mut self, depth: usize, text: &str) {
        for (at, part) in text.lines().enumerate() {
            let further = usize::from(at > 0);
            self.text.extend(std::iter::repeat_n("  ", depth + further));
            // A control character in what a visitor typed must not reach somebody's terminal.
            let is_plain = |c: char| !c.is_control() || c == '\t';
            self.text.extend(part.trim_end().chars().map(|c| if is_plain(c) { c } else { '\u{fffd}' }));
            self.text.push('\n');
        }
    }

    /// A heading, apart from what is above it.
    fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(0, text);
    }

    /// What of an object is not told otherwise, where there is something.
    fn rest(&mut self, depth: usize, object: &Value, told: &[&str]) {
        let Value::Object(object) = object else { return };
        for (name, value) in object.iter().filter(|(name, _)| !told.contains(&name.as_str())) {
            self.line(depth, &format!("{name}: {}", shown(value)));
        }
    }
}

/// A step that no words are known for.
fn unknown_step(page: &mut Page, at: usize, step: &Value) {
    page.line(0, &format!("{at}. {}", shown(step)));
}

/// A value for people: texts as they are, all else as JSON; long ones are cut.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    cut(&text)
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// Several texts with commas between.
fn listed(value: Option<&Value>) -> String {
    list(value).iter().map(shown).collect::<Vec<_>>().join(", ")
}
