//! Reading loosely written JSON: numbers in quotes, `null` for lists, `[]` for maps, as real exports
//! have them. Knows where in the file it is; knows nothing of scenarios.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::problem::{Note, Problem};

/// List items in one document; past it, reading stops.
pub(super) const MAX_ITEMS: usize = 200_000;
/// Problems and notes that are reported of one document; more help nobody.
pub(super) const MAX_REPORTED: usize = 200;

enum Step<'v> {
    Field(&'v str),
    Item(usize),
}

/// A walk through a document.
#[derive(Default)]
pub(super) struct Reader<'v> {
    place: Vec<Step<'v>>,
    items: usize,
    notes: Vec<Note>,
    noted: HashMap<(&'static str, &'v str), usize>,
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// `$path:` references, and where they stand.
    pub(super) references: Vec<(String, &'v str)>,
}

impl<'v> Reader<'v> {
    /// Where in the file the walk is.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.place {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Item(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    /// Does something one field deeper.
    pub(super) fn within<T>(&mut self, field: &'v str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(Step::Field(field));
        let out = read(self);
        self.place.pop();
        out
    }

    /// Does something at one item of a list field.
    pub(super) fn within_item<T>(&mut self, field: &'v str, index: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(Step::Field(field));
        self.place.push(Step::Item(index));
        let out = read(self);
        self.place.truncate(self.place.len() - 2);
        out
    }

    /// Reports that what is here is wrong.
    pub(super) fn problem(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        if self.problems.len() < MAX_REPORTED {
            self.problems.push(Problem::error(self.path(), message, remedy));
        }
    }

    /// Notes that a field of an object of a kind means nothing here; counted once per kind.
    pub(super) fn ignore(&mut self, kind: &'static str, field: &'v str, message: impl FnOnce() -> String) {
        if let Some(&index) = self.noted.get(&(kind, field)) {
            self.notes[index].times += 1;
        } else if self.notes.len() < MAX_REPORTED {
            self.noted.insert((kind, field), self.notes.len());
            let path = self.within(field, |reader| reader.path());
            self.notes.push(Note { path, message: message(), times: 1 });
        }
    }

    /// What was not understood.
    pub(super) fn into_notes(self) -> Vec<Note> {
        self.notes
    }

    /// Notes every field that is not among the known ones.
    pub(super) fn ignore_rest(&mut self, kind: &'static str, object: &'v Map<String, Value>, known: &[&[&str]]) {
        for field in object.keys() {
            if !known.iter().any(|names| names.contains(&field.as_str())) {
                self.ignore(kind, field, || format!("A {kind} has no field {field}."));
            }
        }
    }

    /// An object; anything else is a problem, and `[]` and `null` are empty ones.
    pub(super) fn object(&mut self, value: &'v Value) -> Option<&'v Map<String, Value>> {
        match value {
            Value::Object(object) => Some(object),
            Value::Null => None,
            Value::Array(list) if list.is_empty() => None,
            _ => {
                self.problem("Must be an object.", "Write an object in braces.");
                None
            }
        }
    }

    /// An object field.
    pub(super) fn map(&mut self, object: &'v Map<String, Value>, field: &'static str) -> Map<String, Value> {
        let Some(value) = object.get(field) else { return Map::new() };
        self.within(field, |reader| reader.object(value)).cloned().unwrap_or_default()
    }

    /// A text field; a number or boolean counts as its text.
    pub(super) fn text(&mut self, object: &'v Map<String, Value>, field: &'static str) -> Option<String> {
        match object.get(field)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            scalar @ (Value::Number(_) | Value::Bool(_)) => Some(scalar.to_string()),
            Value::Array(_) | Value::Object(_) => self.wrong(field, "a text"),
        }
    }

    /// A number field; a number in quotes counts.
    pub(super) fn number(&mut self, object: &'v Map<String, Value>, field: &'static str) -> Option<f64> {
        let number = match object.get(field)? {
            Value::Null => return None,
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite()).or_else(|| self.wrong(field, "a number"))
    }

    /// A yes-or-no field.
    pub(super) fn flag(&mut self, object: &'v Map<String, Value>, field: &'static str) -> Option<bool> {
        match object.get(field)? {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            Value::String(text) if ["0", "false", "no", ""].contains(&text.to_lowercase().as_str()) => Some(false),
            Value::String(text) if ["1", "true", "yes"].contains(&text.to_lowercase().as_str()) => Some(true),
            _ => self.wrong(field, "true or false"),
        }
    }

    /// A list field. A map counts as the list of its values: so gaps in a list are exported.
    pub(super) fn list<T>(
        &mut self,
        object: &'v Map<String, Value>,
        field: &'static str,
        mut read: impl FnMut(&mut Self, &'v Value) -> T,
    ) -> Vec<T> {
        let items: Box<dyn Iterator<Item = &'v Value>> = match object.get(field) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::String(text)) if text.is_empty() => return Vec::new(),
            Some(Value::Array(list)) => Box::new(list.iter()),
            Some(Value::Object(map)) => Box::new(map.values()),
            Some(_) => return self.wrong(field, "a list").unwrap_or_default(),
        };
        let mut out = Vec::new();
        for (index, item) in items.enumerate() {
            self.items += 1;
            if self.items > MAX_ITEMS {
                if self.items == MAX_ITEMS + 1 {
                    self.problem(
                        format!("The scenario has more than {MAX_ITEMS} objects."),
                        "Divide it into several scenarios.",
                    );
                }
                break;
            }
            out.push(self.within_item(field, index, |reader| read(reader, item)));
        }
        out
    }

    fn wrong<T>(&mut self, field: &'static str, expected: &str) -> Option<T> {
        self.within(field, |reader| {
            reader.problem(
                format!("The {field} field must be {expected}."),
                format!("Write {expected}, or leave the field out."),
            );
        });
        None
    }
}
