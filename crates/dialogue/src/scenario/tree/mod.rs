//! From JSON to the [document](super::document): one function per object of the tree, and the rules
//! of the objects themselves (spec/opendialog.md §2.1.1).

mod intent;

use std::collections::HashSet;

use model::attribute::{AttributeDeclaration, AttributeType};
use serde_json::{Map, Value};

use self::intent::intent;
use super::{
    document::{
        ActionConfiguration, Argument, Behavior, Common, Condition, Conversation, Interpreter, Joiner, Scenario, Scene,
        Speaker, Turn,
    },
    reader::Reader,
    reference::PATH_PREFIX,
};

type Object = Map<String, Value>;

const COMMON: &[&str] = &[
    "id",
    "od_id",
    "name",
    "description",
    "interpreter",
    "priority_interpreter",
    "behaviors",
    "conditions",
    "condition_operator",
    "created_at",
    "updated_at",
];
/// Ids become parts of paths, state and log lines.
const LONGEST_ID: usize = 255;

/// Reads a whole scenario. Whether it can be used is in the reader's problems.
pub(super) fn scenario<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Scenario {
    let Value::Object(object) = value else {
        reader.problem("A scenario must be a JSON object.", "Import the file as it was exported.");
        return Scenario::default();
    };
    let known = &["active", "status", "attributes", "interpreters", "actions", "conversations"];
    reader.ignore_rest("scenario", object, &[COMMON, known]);
    let scenario = Scenario {
        common: common(reader, object, "scenario"),
        active: reader.flag(object, "active"),
        status: status(reader, object),
        attributes: reader.list(object, "attributes", attribute).into_iter().flatten().collect(),
        interpreters: reader.list(object, "interpreters", interpreter),
        actions: reader.list(object, "actions", action_configuration),
        conversations: reader.list(object, "conversations", conversation),
    };
    let ids = scenario.conversations.iter().map(|child| &child.common);
    unique(reader, "conversations", ids, &mut HashSet::new());
    scenario
}

fn conversation<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Conversation {
    let Some(object) = node(reader, value, "conversation") else { return Conversation::default() };
    reader.ignore_rest("conversation", object, &[COMMON, &["scenes"]]);
    let conversation =
        Conversation { common: common(reader, object, "conversation"), scenes: reader.list(object, "scenes", scene) };
    unique(reader, "scenes", conversation.scenes.iter().map(|child| &child.common), &mut HashSet::new());
    conversation
}

fn scene<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Scene {
    let Some(object) = node(reader, value, "scene") else { return Scene::default() };
    reader.ignore_rest("scene", object, &[COMMON, &["turns"]]);
    let scene = Scene { common: common(reader, object, "scene"), turns: reader.list(object, "turns", turn) };
    unique(reader, "turns", scene.turns.iter().map(|child| &child.common), &mut HashSet::new());
    scene
}

fn turn<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Turn {
    let Some(object) = node(reader, value, "turn") else { return Turn::default() };
    reader.ignore_rest("turn", object, &[COMMON, &["valid_origins", "request_intents", "response_intents"]]);
    let turn = Turn {
        common: common(reader, object, "turn"),
        valid_origins: reader.list(object, "valid_origins", reference).into_iter().map(own_id).collect(),
        request_intents: reader.list(object, "request_intents", intent),
        response_intents: reader.list(object, "response_intents", intent),
    };
    // Several intents of the visitor may share an id; it names what was said, not the place.
    let mut taken = HashSet::new();
    for (field, intents) in [("request_intents", &turn.request_intents), ("response_intents", &turn.response_intents)] {
        let common = intents.iter().map(|intent| (intent.speaker == Speaker::App).then_some(&intent.common));
        unique_among(reader, field, common, &mut taken);
    }
    turn
}

/// An object of the tree; unlike elsewhere, `null` is not one.
fn node<'v>(reader: &mut Reader<'v>, value: &'v Value, kind: &str) -> Option<&'v Object> {
    let object = value.as_object();
    if object.is_none() {
        reader.problem(format!("A {kind} must be an object."), "Remove it from the list, or write an object.");
    }
    object
}

fn common<'v>(reader: &mut Reader<'v>, object: &'v Object, kind: &'static str) -> Common {
    Common {
        od_id: od_id(reader, object, kind),
        name: reader.text(object, "name").unwrap_or_default(),
        description: reader.text(object, "description"),
        interpreter: reader.text(object, "interpreter"),
        priority_interpreter: reader.text(object, "priority_interpreter"),
        behaviors: reader.list(object, "behaviors", behavior).into_iter().flatten().collect(),
        conditions: reader.list(object, "conditions", condition),
        condition_operator: joiner(reader, object),
    }
}

fn od_id<'v>(reader: &mut Reader<'v>, object: &'v Object, kind: &'static str) -> String {
    let od_id = reader.text(object, "od_id").unwrap_or_default();
    let wrong = if od_id.is_empty() {
        // Templates are never referred to.
        (kind != "message template")
            .then(|| ("The od_id field is required.".to_owned(), format!("Give the {kind} an od_id.")))
    } else if od_id.contains(['$', ':', '/']) {
        Some((
            "The od_id field must not contain $, : or /.".to_owned(),
            "Use letters, digits, dots, hyphens and underscores.".to_owned(),
        ))
    } else if od_id.chars().count() > LONGEST_ID {
        Some((
            format!("The od_id field must not be longer than {LONGEST_ID} characters."),
            "Choose a shorter one; the name field may be longer.".to_owned(),
        ))
    } else {
        None
    };
    if let Some((message, remedy)) = wrong {
        reader.within("od_id", |reader| reader.problem(message, remedy));
    }
    od_id
}

/// `od_id` is unique within its parent (row OD-N47).
fn unique<'c>(
    reader: &mut Reader<'_>,
    field: &'static str,
    children: impl Iterator<Item = &'c Common>,
    taken: &mut HashSet<&'c str>,
) {
    unique_among(reader, field, children.map(Some), taken);
}

fn unique_among<'c>(
    reader: &mut Reader<'_>,
    field: &'static str,
    children: impl Iterator<Item = Option<&'c Common>>,
    taken: &mut HashSet<&'c str>,
) {
    for (index, common) in children.enumerate() {
        let Some(common) = common else { continue };
        if !common.od_id.is_empty() && !taken.insert(&common.od_id) {
            reader.within_item(field, index, |reader| {
                reader.within("od_id", |reader| {
                    reader.problem(
                        "The od_id field is not unique.",
                        format!("Another one of the same parent is called {} too; rename one.", common.od_id),
                    );
                });
            });
        }
    }
}

fn behavior<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Option<Behavior> {
    let behavior = match value.as_str().map(str::to_uppercase).as_deref() {
        Some("STARTING") => Some(Behavior::Starting),
        Some("OPEN") => Some(Behavior::Open),
        Some("COMPLETING") => Some(Behavior::Completing),
        _ => None,
    };
    if behavior.is_none() {
        reader.ignore("behavior", value.as_str().unwrap_or_default(), || {
            format!("{value} is not a behavior; known are STARTING, OPEN and COMPLETING.")
        });
    }
    behavior
}

fn joiner<'v>(reader: &mut Reader<'v>, object: &'v Object) -> Option<Joiner> {
    let text = reader.text(object, "condition_operator").filter(|text| !text.is_empty())?;
    match text.to_uppercase().as_str() {
        "AND" => Some(Joiner::And),
        "OR" => Some(Joiner::Or),
        _ => {
            reader.within("condition_operator", |reader| {
                reader.problem(
                    format!("{text} is not a valid condition_operator. Must be one of AND,OR"),
                    "Write AND or OR.",
                );
            });
            None
        }
    }
}

/// Constants and validator of the reference disagree on `PREVIEW`; exports carry it, so it passes.
fn status<'v>(reader: &mut Reader<'v>, object: &'v Object) -> Option<String> {
    let status = reader.text(object, "status").filter(|text| !text.is_empty())?.to_uppercase();
    if !["DRAFT", "PREVIEW", "PUBLISHED", "LIVE"].contains(&status.as_str()) {
        reader.within("status", |reader| {
            reader.problem(
                format!("{status} is not a valid status. Must be one of DRAFT,PUBLISHED,LIVE"),
                "Write DRAFT, PUBLISHED or LIVE.",
            );
        });
    }
    Some(status)
}

/// The last part of a `$path:` reference; any other text as it is.
fn own_id(text: String) -> String {
    match text.strip_prefix(PATH_PREFIX) {
        Some(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
        None => text,
    }
}

fn reference<'v>(reader: &mut Reader<'v>, value: &'v Value) -> String {
    refer(reader, value);
    scalar(reader, value).unwrap_or_default()
}

/// Remembers a `$path:` reference, to be looked up when the whole tree was read.
fn refer<'v>(reader: &mut Reader<'v>, value: &'v Value) {
    if let Value::String(text) = value
        && text.starts_with(PATH_PREFIX)
    {
        reader.references.push((reader.path(), text));
    }
}

fn scalar<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => {
            reader.problem("Must be a text.", "Write a text in quotes.");
            None
        }
    }
}

fn condition<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Condition {
    let Some(object) = node(reader, value, "condition") else { return Condition::default() };
    reader.ignore_rest("condition", object, &[&["id", "operation", "operationAttributes", "parameters"]]);
    Condition {
        operation: reader.text(object, "operation").unwrap_or_default(),
        operation_attributes: arguments(reader, object, "operationAttributes"),
        parameters: arguments(reader, object, "parameters"),
        extra: Map::new(),
    }
}

/// `[{"id": …, "value": …}]`, or the same as a map.
fn arguments<'v>(reader: &mut Reader<'v>, object: &'v Object, field: &'static str) -> Vec<Argument> {
    if let Some(Value::Object(map)) = object.get(field)
        && !map.values().all(Value::is_object)
    {
        return map.iter().map(|(id, value)| Argument { id: id.clone(), value: value.clone() }).collect();
    }
    reader.list(object, field, |reader, value| {
        let Some(object) = node(reader, value, "condition argument") else { return Argument::default() };
        reader.ignore_rest("condition argument", object, &[&["id", "value"]]);
        if let Some(value) = object.get("value") {
            reader.within("value", |reader| refer(reader, value));
        }
        Argument {
            id: reader.text(object, "id").unwrap_or_default(),
            value: object.get("value").cloned().unwrap_or_default(),
        }
    })
}

fn interpreter<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Interpreter {
    let Some(object) = node(reader, value, "interpreter") else { return Interpreter::default() };
    Interpreter {
        name: reader.text(object, "name").unwrap_or_default(),
        component_id: reader.text(object, "component_id").unwrap_or_default(),
        configuration: reader.map(object, "configuration"),
    }
}

fn action_configuration<'v>(reader: &mut Reader<'v>, value: &'v Value) -> ActionConfiguration {
    let Some(object) = node(reader, value, "action") else { return ActionConfiguration::default() };
    ActionConfiguration {
        name: reader.text(object, "name").unwrap_or_default(),
        component_id: reader.text(object, "component_id").unwrap_or_default(),
        configuration: reader.map(object, "configuration"),
        active: reader.flag(object, "active").unwrap_or(true),
    }
}

fn attribute<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Option<AttributeDeclaration> {
    let object = node(reader, value, "attribute")?;
    reader.ignore_rest("attribute", object, &[&["id", "name", "type", "description"]]);
    let name = reader.text(object, "name").unwrap_or_default();
    if name.is_empty() {
        reader.within("name", |reader| reader.problem("The name field is required.", "Name the attribute."));
    }
    let kind = reader.text(object, "type").unwrap_or_default();
    let kind = attribute_type(&kind).or_else(|| {
        reader.within("type", |reader| {
            reader.problem(
                format!("{kind} is not a type of attribute."),
                "Write string, boolean, decimal, whole_number, timestamp or another documented type.",
            );
        });
        None
    })?;
    Some(AttributeDeclaration { name, kind, description: reader.text(object, "description").unwrap_or_default() })
}

/// A type by our name for it or by its component id, `attribute.core.int`.
fn attribute_type(name: &str) -> Option<AttributeType> {
    let name = match name.strip_prefix("attribute.core.").unwrap_or(name) {
        "" => "string",
        "int" => "whole_number",
        "float" => "decimal",
        "array" => "list",
        "formData" => "form_data",
        other => other,
    };
    serde_json::from_value(Value::from(name)).ok()
}
