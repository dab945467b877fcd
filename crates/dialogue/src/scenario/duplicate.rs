//! A second one of an object, under a name of its own (spec/opendialog.md §6.12; row OD-T04).
//!
//! Works on the JSON tree, so that the copy has everything the original has, understood or not.

use serde_json::{Map, Value};
use thiserror::Error;

use super::reference::PATH_PREFIX;

/// Fields that hold the objects below an object.
const CHILDREN: [&str; 6] =
    ["conversations", "scenes", "turns", "request_intents", "response_intents", "message_templates"];
/// Fields that belong to one object in one database.
const IDENTITY: [&str; 3] = ["id", "created_at", "updated_at"];

/// Why an object was not duplicated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DuplicateError {
    /// There is no such object.
    #[error("{0} is not a conversation, scene, turn or intent of the scenario")]
    NoSuchObject(String),
}

/// A copy of a whole scenario. `taken` says whether the tenant has a scenario of that `od_id`.
pub fn duplicate_scenario(document: &Value, taken: impl Fn(&str) -> bool) -> Value {
    let mut copy = document.clone();
    let old = od_id(&copy).to_owned();
    rename(&mut copy, Naming::Underscores, taken);
    let new = od_id(&copy).to_owned();
    redirect_paths(&mut copy, &old, &new);
    forget_identity(&mut copy);
    copy
}

/// Puts a copy of one object at the end of its list, where it is considered after all that was there
/// before. The object is named by JSON pointer, `/conversations/0/scenes/2`; the copy's is returned.
pub fn duplicate(document: &mut Value, pointer: &str) -> Result<String, DuplicateError> {
    let unknown = || DuplicateError::NoSuchObject(pointer.to_owned());
    let (list_pointer, index) = pointer.rsplit_once('/').ok_or_else(unknown)?;
    let (parent_pointer, list_name) = list_pointer.rsplit_once('/').ok_or_else(unknown)?;
    let level = Level::of(list_name).ok_or_else(unknown)?;
    let index: usize = index.parse().map_err(|_| unknown())?;
    let ancestors = ancestors(document, parent_pointer).ok_or_else(unknown)?;
    let parent = document.pointer_mut(parent_pointer).ok_or_else(unknown)?;
    let mut copy = parent[list_name].get(index).filter(|item| item.is_object()).ok_or_else(unknown)?.clone();

    let old = od_id(&copy).to_owned();
    let siblings: Vec<&str> =
        level.lists().iter().filter_map(|list| parent[*list].as_array()).flatten().map(od_id).collect();
    let naming = if level == Level::Intent { Naming::Joined } else { Naming::Underscores };
    rename(&mut copy, naming, |candidate| siblings.contains(&candidate));
    let new = od_id(&copy).to_owned();

    let above = ancestors.join("/");
    redirect_paths(&mut copy, &format!("{above}/{old}"), &format!("{above}/{new}"));
    redirect_bare(&mut copy, level, &ancestors, &old, &new);
    forget_identity(&mut copy);

    let list = parent[list_name].as_array_mut().ok_or_else(unknown)?;
    list.push(copy);
    Ok(format!("{list_pointer}/{}", list.len() - 1))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Conversation,
    Scene,
    Turn,
    Intent,
}

impl Level {
    fn of(list: &str) -> Option<Self> {
        match list {
            "conversations" => Some(Self::Conversation),
            "scenes" => Some(Self::Scene),
            "turns" => Some(Self::Turn),
            "request_intents" | "response_intents" => Some(Self::Intent),
            _ => None,
        }
    }

    /// The lists of the parent among which ids are unique.
    fn lists(self) -> &'static [&'static str] {
        match self {
            Self::Conversation => &["conversations"],
            Self::Scene => &["scenes"],
            Self::Turn => &["turns"],
            Self::Intent => &["request_intents", "response_intents"],
        }
    }
}

/// How the two names of a copy are made from those of the original.
#[derive(Clone, Copy)]
enum Naming {
    /// `x_copy`, `x_copy_2`; `X copy`, `X copy 2`.
    Underscores,
    /// `xCopy`, `xCopy2`, for both.
    Joined,
}

fn od_id(object: &Value) -> &str {
    object["od_id"].as_str().unwrap_or_default()
}

/// Gives a copy the first free `od_id`, and a name of the same number.
fn rename(copy: &mut Value, naming: Naming, taken: impl Fn(&str) -> bool) {
    let number = |first: &str, separator: &str, count: u32| match count {
        1 => first.to_owned(),
        _ => format!("{first}{separator}{count}"),
    };
    let (id_suffix, id_separator, name_suffix, name_separator) = match naming {
        Naming::Underscores => ("_copy", "_", " copy", " "),
        Naming::Joined => ("Copy", "", "Copy", ""),
    };
    let id_stem = format!("{}{id_suffix}", od_id(copy));
    let count = (1..).find(|&count| !taken(&number(&id_stem, id_separator, count))).unwrap_or(1);
    copy["od_id"] = number(&id_stem, id_separator, count).into();
    if let Some(name) = copy.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        copy["name"] = number(&format!("{name}{name_suffix}"), name_separator, count).into();
    }
}

/// The ids from the scenario down to the object at a pointer, both included.
fn ancestors(document: &Value, pointer: &str) -> Option<Vec<String>> {
    let mut ids = vec![od_id(document).to_owned()];
    let mut object = document;
    let mut steps = pointer.split('/').skip(1);
    while let Some(list) = steps.next() {
        object = object.get(list)?.get(steps.next()?.parse::<usize>().ok()?)?;
        ids.push(od_id(object).to_owned());
    }
    Some(ids)
}

/// References by path into the original become references into the copy, wherever they stand.
fn redirect_paths(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::String(text) => {
            let below = text.strip_prefix(PATH_PREFIX).and_then(|path| path.strip_prefix(old));
            if let Some(below) = below.filter(|below| below.is_empty() || below.starts_with('/')) {
                *text = format!("{PATH_PREFIX}{new}{below}");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|item| redirect_paths(item, old, new)),
        Value::Object(object) => object.values_mut().for_each(|item| redirect_paths(item, old, new)),
        _ => {}
    }
}

/// Transitions of the copy that name the original by its bare id name the copy. Only the top of a
/// copy has a new id, so nothing else has to change.
fn redirect_bare(object: &mut Value, level: Level, ancestors: &[String], old: &str, new: &str) {
    let (field, above): (_, &[&str]) = match level {
        Level::Conversation => ("conversation", &[]),
        Level::Scene => ("scene", &["conversation"]),
        Level::Turn => ("turn", &["conversation", "scene"]),
        Level::Intent => return,
    };
    if let Some(transition) = object.get_mut("transition").and_then(Value::as_object_mut)
        && transition.get(field).and_then(Value::as_str) == Some(old)
        && above.iter().enumerate().all(|(depth, field)| names(transition, field, &ancestors[..=depth + 1]))
    {
        transition[field] = new.into();
    }
    for list in CHILDREN.iter().filter(|list| **list != "message_templates") {
        if let Some(children) = object.get_mut(*list).and_then(Value::as_array_mut) {
            children.iter_mut().for_each(|child| redirect_bare(child, level, ancestors, old, new));
        }
    }
}

/// Whether a field of a transition is left out, or names the object with these ids from the top.
fn names(transition: &Map<String, Value>, field: &str, ids: &[String]) -> bool {
    match transition.get(field) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => match text.strip_prefix(PATH_PREFIX) {
            Some(path) => path == ids.join("/"),
            None => text.is_empty() || Some(text) == ids.last(),
        },
        Some(_) => false,
    }
}

/// A copy is another object: it has no id in a database and no history yet.
fn forget_identity(object: &mut Value) {
    let Some(fields) = object.as_object_mut() else { return };
    for field in IDENTITY {
        fields.shift_remove(field);
    }
    for list in CHILDREN {
        if let Some(children) = fields.get_mut(list).and_then(Value::as_array_mut) {
            children.iter_mut().for_each(forget_identity);
        }
    }
}
