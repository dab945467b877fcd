//! The body of `POST /chat-api/message`: checked field by field, turned into an [`Inbound`]
//! (spec/opendialog.md §5.2).
//!
//! The vendor's key names stop here.

use std::borrow::Cow;

use model::ContactId;
use model::inbound::{Act, Inbound};
use runtime::found_by::says_nothing;
use serde_json::{Map, Value};

use super::{
    fields::{Field, Fields, owned},
    refusal::{Refusal, Violations},
};

/// Longest typed text, in characters.
const MAX_TEXT: usize = 65_536;
/// Longest name of an intent, message or attribute, in characters.
const MAX_NAME: usize = 255;
/// Longest token of a visitor, in characters.
pub(super) const MAX_TOKEN: usize = 16_384;
/// Most form fields, and most visitor attributes.
const MAX_FIELDS: usize = 500;

/// A checked message.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) contact: ContactId,
    pub(crate) message_id: Option<String>,
    /// What the body names as its scenario: an id or an alias.
    pub(crate) scenario: Option<String>,
    /// A token that says who the visitor is, yet to be verified.
    pub(crate) token: Option<String>,
    pub(crate) inbound: Inbound,
}

/// What a message's content says.
struct Content {
    inbound: Inbound,
    scenario: Option<String>,
    token: Option<String>,
}

/// What it says of the visitor.
#[derive(Default)]
struct Said {
    attributes: Map<String, Value>,
    scenario: Option<String>,
    token: Option<String>,
}

/// Parses and checks a body; every wrong field is reported, not just the first.
pub(crate) fn parse(body: &[u8]) -> Result<Envelope, Refusal> {
    let body = Fields::of_body(body)?;
    let mut wrong = Violations::default();

    match body.get("notification")? {
        Field::Text(kind) if kind == "message" => {}
        Field::Missing | Field::Null => wrong.add("notification", "The notification field is required."),
        _ => wrong.add("notification", "The selected notification is invalid."),
    }
    let contact = contact_id(body.required_text("user_id", "user_id", &mut wrong)?.as_deref(), "user_id", &mut wrong);
    body.required_text("author", "author", &mut wrong)?;
    let message_id = body.optional_text("message_id", "message_id", MAX_NAME, &mut wrong)?.map(Cow::into_owned);

    let Content { inbound, scenario, token } = match body.get("content")? {
        Field::Object(content) => match Fields::of(content)? {
            content if content.is_empty() => missing_content(&mut wrong),
            content => parse_content(&content, &mut wrong)?,
        },
        Field::Missing | Field::Null => missing_content(&mut wrong),
        _ => {
            wrong.add("content", "The content must be an object.");
            Content::none()
        }
    };
    let scenario = match scenario {
        Some(scenario) => Some(scenario),
        None => {
            body.optional_text("selected_scenario", "selected_scenario", MAX_NAME, &mut wrong)?.map(Cow::into_owned)
        }
    };
    match contact {
        Some(contact) => wrong.or(Envelope { contact, message_id, scenario, token, inbound }),
        None => Err(Refusal::Invalid(wrong)),
    }
}

impl Content {
    /// Of a message that is wrong.
    fn none() -> Self {
        Self { inbound: Inbound::new(Act::Text), scenario: None, token: None }
    }
}

fn missing_content(wrong: &mut Violations) -> Content {
    wrong.add("content", "The content field is required.");
    Content::none()
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

fn parse_content(content: &Fields<'_>, wrong: &mut Violations) -> Result<Content, Refusal> {
    let act = match content.get("type")? {
        Field::Text(kind) => act(&kind).or_else(|| {
            wrong.add("content.type", "The selected content.type is invalid.");
            None
        }),
        Field::Missing | Field::Null => {
            wrong.add("content.type", "The content.type field is required.");
            None
        }
        _ => {
            wrong.add("content.type", "The selected content.type is invalid.");
            None
        }
    };
    let act = act.unwrap_or(Act::Text);

    let intent = content.optional_text("callback_id", "content.callback_id", MAX_NAME, wrong)?;
    if intent.is_none()
        && matches!(act, Act::Button | Act::Form | Act::Open)
        && matches!(content.get("callback_id")?, Field::Missing)
    {
        wrong.add("content.callback_id", "The content.callback_id field is required.");
    }

    // An empty map of PHP arrives as `[]`.
    let data = match content.get("data")? {
        Field::Object(data) => Fields::of(data)?,
        Field::Missing | Field::Null => Fields::default(),
        Field::List(list) if owned::<Vec<Value>>(list)?.is_empty() => Fields::default(),
        _ => {
            wrong.add("content.data", "The content.data must be an object.");
            Fields::default()
        }
    };
    let said = match content.get("user")? {
        Field::Object(user) => parse_visitor(owned(user)?, wrong),
        Field::List(list) if owned::<Vec<Value>>(list)?.is_empty() => Said::default(),
        Field::Missing | Field::Null => {
            if act == Act::Open {
                wrong.add("content.user", "The content.user field is required.");
            }
            Said::default()
        }
        _ => {
            wrong.add("content.user", "The content.user must be an object.");
            Said::default()
        }
    };

    let mut inbound = Inbound::new(act);
    inbound.intent = intent.map(Cow::into_owned);
    inbound.escalating = matches!(content.get("escalating")?, Field::Scalar("true"));
    inbound.visitor = said.attributes;
    parse_data(&mut inbound, &data, wrong)?;
    Ok(Content { inbound, scenario: said.scenario, token: said.token })
}

/// What an act carries beside its name (§5.2, "Content by type").
fn parse_data(inbound: &mut Inbound, data: &Fields<'_>, wrong: &mut Violations) -> Result<(), Refusal> {
    let text = data.optional_text("text", "content.data.text", MAX_TEXT, wrong)?;
    if text.is_none() && matches!(inbound.act, Act::Text | Act::LongText) && matches!(data.get("text")?, Field::Missing)
    {
        wrong.add("content.data.text", "The content.data.text field is required.");
    }
    inbound.text = text.unwrap_or_default().into_owned();
    match inbound.act {
        Act::Button | Act::Trigger | Act::Open => {
            inbound.value = value(data.get("value")?, "content.data.value", wrong);
        }
        Act::Link => {
            inbound.value = value(data.get("url")?, "content.data.url", wrong);
            if inbound.value.as_deref().unwrap_or_default().is_empty() {
                wrong.add("content.data.url", "The content.data.url field is required.");
            }
        }
        Act::Form => {
            for (name, raw) in data.iter().filter(|(name, _)| !matches!(*name, "time" | "date" | "text")) {
                inbound.fields.insert(name.to_owned(), owned(raw)?);
            }
            if inbound.fields.len() > MAX_FIELDS {
                wrong.add("content.data", format!("A form may have at most {MAX_FIELDS} fields."));
            }
            if let Some(name) = inbound.fields.keys().find(|name| name.chars().count() > MAX_NAME) {
                let start: String = name.chars().take(20).collect();
                wrong.add("content.data", format!("The field name {start}… is longer than {MAX_NAME} characters."));
            }
        }
        Act::Text | Act::LongText | Act::Intervene => {}
    }
    Ok(())
}

/// Visitor attributes by name: the profile, with `custom` laid open. Parts of the profile that the
/// widget sends empty, or as `n/a`, say nothing and are left out. A token is no attribute.
fn parse_visitor(user: Map<String, Value>, wrong: &mut Violations) -> Said {
    let mut visitor = Map::with_capacity(user.len() + 4);
    let (mut scenario, mut token, mut passed) = (None, None, Value::Null);
    for (name, value) in user {
        if name == "custom" {
            passed = value;
        } else if name == "token" {
            token = passed_token(value, wrong);
        } else if !says_nothing(&value) {
            visitor.insert(attribute(name), value);
        }
    }
    match passed {
        Value::Object(custom) => {
            scenario = match custom.get("selected_scenario") {
                Some(Value::String(name)) => Some(name.clone()).filter(|name| !name.is_empty()),
                Some(name @ (Value::Number(_) | Value::Bool(_))) => Some(name.to_string()),
                None | Some(Value::Null) => None,
                Some(_) => {
                    let field = "content.user.custom.selected_scenario";
                    wrong.add(field, format!("The {field} must be a text."));
                    None
                }
            };
            visitor.extend(custom);
        }
        Value::Null => {}
        Value::Array(list) if list.is_empty() => {}
        _ => wrong.add("content.user.custom", "The content.user.custom must be an object."),
    }
    if visitor.len() > MAX_FIELDS {
        wrong.add("content.user", format!("A user may have at most {MAX_FIELDS} attributes."));
    }
    Said { attributes: visitor, scenario, token }
}

fn passed_token(token: Value, wrong: &mut Violations) -> Option<String> {
    match token {
        Value::Null => {}
        Value::String(token) if token.is_empty() => {}
        Value::String(token) if token.len() <= MAX_TOKEN => return Some(token),
        Value::String(_) => {
            let complaint = format!("The content.user.token may not be longer than {MAX_TOKEN} characters.");
            wrong.add("content.user.token", complaint);
        }
        _ => wrong.add("content.user.token", "The content.user.token must be a string."),
    }
    None
}

/// The attribute that a part of the profile becomes; exports and filters spell two of them otherwise than
/// the widget does (§1.3, §5.2).
fn attribute(name: String) -> String {
    match name.as_str() {
        "ipAddress" => "ip_address".to_owned(),
        "browserLanguage" => "browser_language".to_owned(),
        _ => name,
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
        // No client sends it, and its lines are not the visitor's.
        Act::Intervene => "intervention",
    }
}

/// A text, number or boolean as text.
fn value(held: Field<'_>, field: &str, wrong: &mut Violations) -> Option<String> {
    match held {
        Field::Text(text) if text.chars().count() <= MAX_TEXT => Some(text.into_owned()),
        Field::Scalar(text) => Some(text.to_owned()),
        Field::Missing | Field::Null => None,
        _ => {
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
        assert_eq!(envelope.token, None);
    }

    #[test]
    fn da_a08_a_token_in_the_profile_is_no_attribute() {
        let body = json!({
            "notification": "message", "user_id": "ann", "author": "ann",
            "content": { "type": "text", "data": { "text": "hi" }, "user": { "os": "Linux", "token": "a.b.c" } },
        });
        let Ok(envelope) = parse(body.to_string().as_bytes()) else { panic!("the body is right") };
        assert_eq!(envelope.token.as_deref(), Some("a.b.c"));
        assert_eq!(Value::Object(envelope.inbound.visitor), json!({ "os": "Linux" }));
        assert!(envelope.inbound.verified.is_empty());
    }
}
