//! The body of `POST /chat-api/message`: checked field by field, turned into an [`Inbound`]
//! (spec/opendialog.md §5.2).
//!
//! The vendor's key names stop here.

use model::ContactId;
use model::inbound::{Act, Inbound};
use runtime::found_by::says_nothing;
use serde_json::{Map, Value};

use super::refusal::{Refusal, Violations};

/// Longest typed text, in characters.
const MAX_TEXT: usize = 65_536;
/// Longest name of an intent, message or attribute, in characters.
const MAX_NAME: usize = 255;
/// Most form fields, and most visitor attributes.
const MAX_FIELDS: usize = 500;

/// A checked message.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) contact: ContactId,
    pub(crate) message_id: Option<String>,
    /// What the body names as its scenario: an id or an alias.
    pub(crate) scenario: Option<String>,
    pub(crate) inbound: Inbound,
}

/// Parses and checks a body; every wrong field is reported, not just the first.
pub(crate) fn parse(body: &[u8]) -> Result<Envelope, Refusal> {
    let body = object(body)?;
    let mut wrong = Violations::default();

    match body.get("notification") {
        Some(Value::String(kind)) if kind == "message" => {}
        None | Some(Value::Null) => wrong.add("notification", "The notification field is required."),
        Some(_) => wrong.add("notification", "The selected notification is invalid."),
    }
    let contact = contact_id(required_text(&body, "user_id", "user_id", &mut wrong), "user_id", &mut wrong);
    required_text(&body, "author", "author", &mut wrong);
    let message_id = optional_text(&body, "message_id", "message_id", MAX_NAME, &mut wrong);

    let (inbound, scenario) = match body.get("content") {
        Some(Value::Object(content)) if !content.is_empty() => parse_content(content, &mut wrong),
        None | Some(Value::Null) => {
            wrong.add("content", "The content field is required.");
            (Inbound::new(Act::Text), None)
        }
        Some(_) => {
            wrong.add("content", "The content must be an object.");
            (Inbound::new(Act::Text), None)
        }
    };
    let scenario = scenario.or_else(|| {
        optional_text(&body, "selected_scenario", "selected_scenario", MAX_NAME, &mut wrong).map(str::to_owned)
    });
    match contact {
        Some(contact) => wrong.or(Envelope { contact, message_id: message_id.map(str::to_owned), scenario, inbound }),
        None => Err(Refusal::Invalid(wrong)),
    }
}

/// The body as a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Violations::of("body", "The body must be a JSON object.").into()),
        Err(error) => Err(Violations::of("body", format!("The body is not valid JSON: {error}.")).into()),
    }
}

/// A contact's id, checked; complaints name `field`.
pub(crate) fn contact_id(text: Option<&str>, field: &str, wrong: &mut Violations) -> Option<ContactId> {
    match text?.parse() {
        Ok(contact) => Some(contact),
        Err(_) => {
            let limit = ContactId::MAX_CHARS;
            wrong.add(
                field,
                format!("The {field} must have 1 to {limit} characters, none of them a control character."),
            );
            None
        }
    }
}

fn parse_content(content: &Map<String, Value>, wrong: &mut Violations) -> (Inbound, Option<String>) {
    let act = match content.get("type") {
        Some(Value::String(kind)) => act(kind),
        _ => None,
    };
    if act.is_none() {
        let complaint = match content.get("type") {
            None | Some(Value::Null) => "The content.type field is required.",
            Some(_) => "The selected content.type is invalid.",
        };
        wrong.add("content.type", complaint);
    }
    let act = act.unwrap_or(Act::Text);

    let intent = optional_text(content, "callback_id", "content.callback_id", MAX_NAME, wrong);
    if intent.is_none() && matches!(act, Act::Button | Act::Form | Act::Open) && !content.contains_key("callback_id") {
        wrong.add("content.callback_id", "The content.callback_id field is required.");
    }

    let empty = Map::new();
    let data = match content.get("data") {
        Some(Value::Object(data)) => data,
        None | Some(Value::Null) => &empty,
        // An empty PHP map arrives as `[]`.
        Some(Value::Array(list)) if list.is_empty() => &empty,
        Some(_) => {
            wrong.add("content.data", "The content.data must be an object.");
            &empty
        }
    };
    let (visitor, scenario) = match content.get("user") {
        Some(Value::Object(user)) => parse_visitor(user, wrong),
        Some(Value::Array(list)) if list.is_empty() => (Map::new(), None),
        None | Some(Value::Null) => {
            if act == Act::Open {
                wrong.add("content.user", "The content.user field is required.");
            }
            (Map::new(), None)
        }
        Some(_) => {
            wrong.add("content.user", "The content.user must be an object.");
            (Map::new(), None)
        }
    };

    let mut inbound = Inbound::new(act);
    inbound.intent = intent.map(str::to_owned);
    inbound.escalating = content.get("escalating").is_some_and(|value| value == &Value::Bool(true));
    inbound.visitor = visitor;
    parse_data(&mut inbound, data, wrong);
    (inbound, scenario)
}

/// What an act carries beside its name (§5.2, "Content by type").
fn parse_data(inbound: &mut Inbound, data: &Map<String, Value>, wrong: &mut Violations) {
    let text = optional_text(data, "text", "content.data.text", MAX_TEXT, wrong);
    if text.is_none() && matches!(inbound.act, Act::Text | Act::LongText) && !data.contains_key("text") {
        wrong.add("content.data.text", "The content.data.text field is required.");
    }
    inbound.text = text.unwrap_or_default().to_owned();
    match inbound.act {
        Act::Button | Act::Trigger | Act::Open => inbound.value = scalar(data, "value", "content.data.value", wrong),
        Act::Link => {
            inbound.value = scalar(data, "url", "content.data.url", wrong);
            if inbound.value.as_deref().unwrap_or_default().is_empty() {
                wrong.add("content.data.url", "The content.data.url field is required.");
            }
        }
        Act::Form => {
            let fields = data.iter().filter(|(name, _)| !matches!(name.as_str(), "time" | "date" | "text"));
            inbound.fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
            if inbound.fields.len() > MAX_FIELDS {
                wrong.add("content.data", format!("A form may have at most {MAX_FIELDS} fields."));
            }
            if let Some(name) = inbound.fields.keys().find(|name| name.chars().count() > MAX_NAME) {
                let start: String = name.chars().take(20).collect();
                wrong.add("content.data", format!("The field name {start}… is longer than {MAX_NAME} characters."));
            }
        }
        Act::Text | Act::LongText => {}
    }
}

/// Visitor attributes by name: the profile, with `custom` laid open. Parts of the profile that the
/// widget sends empty, or as `n/a`, say nothing and are left out.
fn parse_visitor(user: &Map<String, Value>, wrong: &mut Violations) -> (Map<String, Value>, Option<String>) {
    let mut visitor = Map::new();
    let mut scenario = None;
    for (name, value) in user {
        if name != "custom" && !says_nothing(value) {
            visitor.insert(attribute(name).to_owned(), value.clone());
        }
    }
    match user.get("custom") {
        Some(Value::Object(custom)) => {
            scenario = scalar(custom, "selected_scenario", "content.user.custom.selected_scenario", wrong)
                .filter(|scenario| !scenario.is_empty());
            visitor.extend(custom.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        None | Some(Value::Null) => {}
        Some(Value::Array(list)) if list.is_empty() => {}
        Some(_) => wrong.add("content.user.custom", "The content.user.custom must be an object."),
    }
    if visitor.len() > MAX_FIELDS {
        wrong.add("content.user", format!("A user may have at most {MAX_FIELDS} attributes."));
    }
    (visitor, scenario)
}

/// The attribute that a part of the profile becomes; exports and filters spell two of them otherwise than
/// the widget does (§1.3, §5.2).
fn attribute(name: &str) -> &str {
    match name {
        "ipAddress" => "ip_address",
        "browserLanguage" => "browser_language",
        other => other,
    }
}

fn act(kind: &str) -> Option<Act> {
    Some(match kind {
        "chat_open" => Act::Open,
        "trigger" => Act::Trigger,
        "text" => Act::Text,
        "button_response" => Act::Button,
        "form_response" => Act::Form,
        "longtext_response" => Act::LongText,
        "url_click" => Act::Link,
        _ => return None,
    })
}

/// The vendor's name of an act, for history and settings that list types.
pub(crate) const fn act_name(act: Act) -> &'static str {
    match act {
        Act::Open => "chat_open",
        Act::Trigger => "trigger",
        Act::Text => "text",
        Act::Button => "button_response",
        Act::Form => "form_response",
        Act::LongText => "longtext_response",
        Act::Link => "url_click",
    }
}

pub(crate) fn required_text<'b>(
    map: &'b Map<String, Value>,
    key: &str,
    field: &str,
    wrong: &mut Violations,
) -> Option<&'b str> {
    match map.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        None | Some(Value::Null) => {
            wrong.add(field, format!("The {field} field is required."));
            None
        }
        Some(Value::String(_)) => {
            wrong.add(field, format!("The {field} field is required."));
            None
        }
        Some(_) => {
            wrong.add(field, format!("The {field} must be a string."));
            None
        }
    }
}

fn optional_text<'b>(
    map: &'b Map<String, Value>,
    key: &str,
    field: &str,
    max: usize,
    wrong: &mut Violations,
) -> Option<&'b str> {
    match map.get(key) {
        Some(Value::String(text)) if text.len() <= max || text.chars().count() <= max => Some(text),
        Some(Value::String(_)) => {
            wrong.add(field, format!("The {field} may not be longer than {max} characters."));
            None
        }
        None | Some(Value::Null) => None,
        Some(_) => {
            wrong.add(field, format!("The {field} must be a string."));
            None
        }
    }
}

/// A text, number or boolean as text.
fn scalar(map: &Map<String, Value>, key: &str, field: &str, wrong: &mut Violations) -> Option<String> {
    match map.get(key) {
        Some(Value::String(text)) if text.chars().count() <= MAX_TEXT => Some(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        None | Some(Value::Null) => None,
        Some(_) => {
            wrong.add(field, format!("The {field} must be a text of at most {MAX_TEXT} characters."));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn od_c17_profile_and_custom_become_attributes_by_their_documented_names() {
        let body = json!({
            "notification": "message", "user_id": "ann", "author": "ann",
            "content": { "type": "text", "data": { "text": "hi" }, "user": {
                "first_name": "", "country": "n/a", "ipAddress": "127.0.0.1", "browserLanguage": "en-GB", "os": "Linux",
                "custom": { "selected_scenario": "s1", "session_lifetime": 0 } } },
        });
        let Ok(envelope) = parse(body.to_string().as_bytes()) else { panic!("the body is right") };
        assert_eq!(envelope.scenario.as_deref(), Some("s1"));
        let expected = json!({ "ip_address": "127.0.0.1", "browser_language": "en-GB", "os": "Linux",
                               "selected_scenario": "s1", "session_lifetime": 0 });
        assert_eq!(Value::Object(envelope.inbound.visitor), expected);
    }
}
