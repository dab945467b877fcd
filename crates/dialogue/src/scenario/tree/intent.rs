//! Intents: what one participant says, with everything that hangs on it.

use std::collections::HashSet;

use serde_json::Value;

use super::{COMMON, Object, common, node, own_id, refer, scalar, unique};
use crate::scenario::{
    document::{
        ActionUse, ExpectedAttribute, Intent, MessageTemplate, SetAttribute, Speaker, Transition, VirtualIntent,
    },
    reader::Reader,
};

pub(super) fn intent<'v>(reader: &mut Reader<'v>, value: &'v Value) -> Intent {
    let Some(object) = node(reader, value, "intent") else { return Intent::default() };
    let known = &[
        "sample_utterance",
        "examples",
        "confidence",
        "speaker",
        "transition",
        "listens_for",
        "expected_attributes",
        "set_attributes",
        "virtual_intents",
        "virtual_intent",
        "actions",
        "message_templates",
    ];
    reader.ignore_rest("intent", object, &[COMMON, known]);
    let own_speaker = speaker(reader, object);
    let intent = Intent {
        common: common(reader, object, "intent"),
        sample_utterance: reader.text(object, "sample_utterance").unwrap_or_default(),
        examples: reader.list(object, "examples", scalar).into_iter().flatten().collect(),
        confidence: confidence(reader, object),
        speaker: own_speaker.unwrap_or_default(),
        transition: transition(reader, object),
        expected_attributes: reader.list(object, "expected_attributes", expected_attribute),
        set_attributes: set_attributes(reader, object),
        virtual_intents: virtual_intents(reader, object, own_speaker),
        actions: reader.list(object, "actions", action_use),
        message_templates: reader.list(object, "message_templates", message_template),
    };
    let ids = intent.message_templates.iter().map(|child| &child.common);
    unique(reader, "message_templates", ids, &mut HashSet::new());
    intent
}

fn message_template<'v>(reader: &mut Reader<'v>, value: &'v Value) -> MessageTemplate {
    let Some(object) = node(reader, value, "message template") else { return MessageTemplate::default() };
    reader.ignore_rest("message template", object, &[COMMON, &["message_markup"]]);
    MessageTemplate {
        common: common(reader, object, "message template"),
        message_markup: reader.text(object, "message_markup").unwrap_or_default(),
    }
}

fn speaker<'v>(reader: &mut Reader<'v>, object: &'v Object) -> Option<Speaker> {
    let text = reader.text(object, "speaker").unwrap_or_default();
    match text.to_uppercase().as_str() {
        "USER" => return Some(Speaker::User),
        "APP" => return Some(Speaker::App),
        _ => {}
    }
    let message = if text.is_empty() {
        "The speaker field is required.".to_owned()
    } else {
        format!("{text} is not a valid speaker. Must be one of USER,APP")
    };
    reader.within("speaker", |reader| reader.problem(message, "Write USER or APP."));
    None
}

/// The least confidence, 0 to 1 (row OD-N48); 1 when nothing is said.
fn confidence<'v>(reader: &mut Reader<'v>, object: &'v Object) -> f64 {
    let confidence = reader.number(object, "confidence").unwrap_or(1.0);
    if !(0.0..=1.0).contains(&confidence) {
        reader.within("confidence", |reader| {
            reader.problem("The confidence must be between 0 and 1.", "Write a number such as 0.7.");
        });
    }
    confidence
}

fn transition<'v>(reader: &mut Reader<'v>, object: &'v Object) -> Option<Transition> {
    let value = object.get("transition")?;
    reader.within("transition", |reader| {
        let fields = reader.object(value)?;
        reader.ignore_rest("transition", fields, &[&["conversation", "scene", "turn"]]);
        let mut target = |field| {
            let target = reader.text(fields, field).filter(|text| !text.is_empty());
            if let Some(text) = fields.get(field) {
                reader.within(field, |reader| refer(reader, text));
            }
            target
        };
        let transition =
            Transition { conversation: target("conversation"), scene: target("scene"), turn: target("turn") };
        (transition != Transition::default()).then_some(transition)
    })
}

/// Both spellings of virtual intents, with the rules of the documented validator.
fn virtual_intents<'v>(reader: &mut Reader<'v>, object: &'v Object, own: Option<Speaker>) -> Vec<VirtualIntent> {
    let single = object
        .get("virtual_intent")
        .and_then(|value| reader.within("virtual_intent", |reader| virtual_intent(reader, value, own)));
    let several = reader.list(object, "virtual_intents", |reader, value| virtual_intent(reader, value, own));
    let mut all: Vec<_> = single.into_iter().chain(several.into_iter().flatten()).collect();
    all.dedup();
    all
}

fn virtual_intent<'v>(reader: &mut Reader<'v>, value: &'v Value, own: Option<Speaker>) -> Option<VirtualIntent> {
    let object = reader.object(value)?;
    if object.values().all(|value| value.is_null() || value == "") {
        return None;
    }
    reader.ignore_rest("virtual intent", object, &[&["speaker", "intent_id"]]);
    let speaker = speaker(reader, object);
    if speaker == Some(Speaker::App) {
        reader.within("speaker", |reader| {
            reader.problem("The virtual intent speaker can only be USER.", "Write USER.");
        });
    }
    if speaker.is_some() && speaker == own {
        reader.within("speaker", |reader| {
            reader.problem(
                "The virtual intent speaker must not be the same as the related intent's speaker.",
                "Virtual intents belong on intents of APP; give an intent of USER a transition instead.",
            );
        });
    }
    let intent_id = reader.text(object, "intent_id").unwrap_or_default();
    if intent_id.is_empty() {
        reader.within("intent_id", |reader| {
            reader.problem("The virtual intent intent_id field is required.", "Name an intent of USER.");
        });
    }
    if let Some(text) = object.get("intent_id") {
        reader.within("intent_id", |reader| refer(reader, text));
    }
    Some(VirtualIntent { speaker: Speaker::User, intent_id: own_id(intent_id) })
}

fn expected_attribute<'v>(reader: &mut Reader<'v>, value: &'v Value) -> ExpectedAttribute {
    let Value::Object(object) = value else {
        return ExpectedAttribute { name: scalar(reader, value).unwrap_or_default(), context: None };
    };
    reader.ignore_rest("expected attribute", object, &[&["name", "id", "attribute", "context"]]);
    let name = reader.text(object, "name").or_else(|| reader.text(object, "attribute"));
    ExpectedAttribute {
        name: name.or_else(|| reader.text(object, "id")).unwrap_or_default(),
        context: reader.text(object, "context").filter(|context| !context.is_empty()),
    }
}

/// `[{"attribute": …, "value": …}]`, or a map from attribute to value.
fn set_attributes<'v>(reader: &mut Reader<'v>, object: &'v Object) -> Vec<SetAttribute> {
    if let Some(Value::Object(map)) = object.get("set_attributes") {
        return map
            .iter()
            .map(|(name, value)| SetAttribute { attribute: name.clone(), value: value.clone() })
            .collect();
    }
    reader.list(object, "set_attributes", |reader, value| {
        let Some(object) = node(reader, value, "set attribute") else { return SetAttribute::default() };
        reader.ignore_rest("set attribute", object, &[&["attribute", "value"]]);
        SetAttribute {
            attribute: reader.text(object, "attribute").unwrap_or_default(),
            value: object.get("value").cloned().unwrap_or_default(),
        }
    })
}

fn action_use<'v>(reader: &mut Reader<'v>, value: &'v Value) -> ActionUse {
    let Value::Object(object) = value else {
        return ActionUse { od_id: scalar(reader, value).unwrap_or_default(), ..ActionUse::default() };
    };
    let known = &["od_id", "id", "action", "name", "input_attributes", "output_attributes"];
    reader.ignore_rest("action on an intent", object, &[known]);
    let mut od_id = None;
    for field in ["od_id", "action", "name", "id"] {
        od_id = od_id.or_else(|| reader.text(object, field));
    }
    ActionUse {
        od_id: od_id.unwrap_or_default(),
        input_attributes: reader.map(object, "input_attributes"),
        output_attributes: reader.map(object, "output_attributes"),
    }
}
