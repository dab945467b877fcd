//! One line of a conversation as a row of the clickstream (spec/opendialog.md §1.6, names of §5.7).
//!
//! A row for every line, whatever it is: a reader that counts rows counts lines. `page` is an opening of the
//! chat; `identify` the first line of a transcript that begins otherwise; all else is an `event`. The first
//! line of a transcript carries the traits: what the client says of the visitor.

use model::{
    AgentId,
    inbound::{Act, Inbound},
    message::Message,
    record::Author,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use store::{ClickstreamLine, Interaction};
use utoipa::ToSchema;

use super::super::{envelope, wire};
use super::moment::plain;

/// A line of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClickstreamRow {
    /// `page`, `identify` or `event`.
    #[serde(rename = "type")]
    #[schema(example = "event")]
    kind: &'static str,
    /// The scenario that was talked to.
    scenario_id: String,
    /// The contact.
    anonymous_id: String,
    /// The contact again.
    user_id: String,
    /// `chat_displayed`, `message_sent_to_chatbot`, `user_clicked_button_in_chatbot`, `form_submitted`,
    /// `url_clicked`, `end_chat` or `message_received_from_chatbot`.
    #[schema(example = "message_sent_to_chatbot")]
    event: &'static str,
    /// Of a page its address, else the event again.
    #[schema(example = "message_sent_to_chatbot")]
    name: String,
    /// A JSON object as text: `type`, `text` and what the event has beside them.
    #[schema(example = r#"{"type":"text","text":"Hello"}"#)]
    properties: String,
    /// A JSON object as text: what the client says of the visitor, on the first line of a transcript.
    #[schema(example = "{}")]
    traits: String,
    /// A JSON object as text: how the line came.
    #[schema(example = r#"{"turn":2,"ip":"203.0.113.7","url":"https://chat.example.com/chat-api/message"}"#)]
    context: String,
    /// The client's id of the message; else the line's own.
    message_id: String,
    /// `YYYY-MM-DD HH:MM:SS`, UTC.
    #[schema(example = "2026-01-15 10:01:00")]
    timestamp: String,
}

impl ClickstreamRow {
    pub(crate) fn of(agent: AgentId, stored: ClickstreamLine) -> Self {
        let ClickstreamLine { position, contact, turn, message_id, line } = stored;
        let from_contact = line.author == Author::Contact;
        // A line that was said elsewhere is no act: it has words, and nothing else that counts.
        let inbound: Option<Inbound> = if from_contact { body(&line) } else { None };
        let event = match &inbound {
            Some(inbound) => event_of(inbound),
            None if from_contact => "message_sent_to_chatbot",
            None => "message_received_from_chatbot",
        };
        let opening = inbound.as_ref().filter(|inbound| inbound.act == Act::Open);
        let first = turn == 1 && inbound.is_some();
        let kind = match opening {
            Some(_) => "page",
            None if first => "identify",
            None => "event",
        };
        let name = opening.and_then(|opening| opening.value.clone()).unwrap_or_else(|| event.to_owned());
        let properties = match &inbound {
            Some(inbound) => properties_of_act(inbound, &line),
            None => properties_of_message(&line),
        };
        let context = context(turn, &line);
        Self {
            kind,
            scenario_id: agent.to_string(),
            anonymous_id: contact.to_string(),
            user_id: contact.to_string(),
            event,
            name,
            properties: text(properties),
            traits: text(inbound.filter(|_| first).map(|inbound| inbound.visitor).unwrap_or_default()),
            context: text(context),
            message_id: message_id.filter(|_| from_contact).unwrap_or_else(|| position.to_string()),
            timestamp: plain(line.at),
        }
    }
}

/// The name under which web pages are told of an act (§5.7). A cancelled form is a form: what the visitor
/// sent does not say which of its buttons was pressed.
fn event_of(inbound: &Inbound) -> &'static str {
    match inbound.act {
        Act::Open => "chat_displayed",
        Act::Button => "user_clicked_button_in_chatbot",
        Act::Form => "form_submitted",
        Act::Link => "url_clicked",
        Act::Trigger if inbound.intent.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(END_CHAT)) => "end_chat",
        Act::Trigger | Act::Text | Act::LongText | Act::Intervene => "message_sent_to_chatbot",
    }
}

/// What the control "end chat" asks for (§2.1.2).
const END_CHAT: &str = "intent.core.EndChat";

fn properties_of_act(inbound: &Inbound, line: &Interaction) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |name: &str, value: Value| {
        properties.insert(name.to_owned(), value);
    };
    put("type", envelope::act_name(inbound.act).into());
    if !inbound.text.is_empty() {
        put("text", inbound.text.clone().into());
    }
    if inbound.act == Act::Button {
        put("label", inbound.text.clone().into());
    }
    if let Some(intent) = &inbound.intent {
        put("callback_id", intent.clone().into());
    }
    if let Some(value) = &inbound.value {
        put(if matches!(inbound.act, Act::Link | Act::Open) { "url" } else { "value" }, value.clone().into());
    }
    if !inbound.fields.is_empty() {
        put("data", inbound.fields.clone().into());
    }
    if let Some(intent) = &line.intent {
        put("intent", intent.clone().into());
    }
    properties
}

fn properties_of_message(line: &Interaction) -> Map<String, Value> {
    let wire = body::<Message>(line).map(|message| wire::messages(std::slice::from_ref(&message), line.at, None));
    let kind = wire.as_ref().and_then(|wire| wire.get("type")).and_then(Value::as_str).unwrap_or(&line.kind);
    let mut properties = Map::new();
    properties.insert("type".to_owned(), kind.into());
    properties.insert("text".to_owned(), line.text.clone().into());
    if let Some(intent) = &line.intent {
        properties.insert("message".to_owned(), intent.clone().into());
    }
    properties
}

fn context(turn: u32, line: &Interaction) -> Map<String, Value> {
    let mut context = Map::new();
    context.insert("turn".to_owned(), turn.into());
    if let Some(request) = &line.request {
        context.insert("ip".to_owned(), request.source_ip.clone().into());
        context.insert("url".to_owned(), request.url.clone().into());
    }
    context
}

fn body<T: DeserializeOwned>(line: &Interaction) -> Option<T> {
    serde_json::from_str(line.body.as_deref()?).ok()
}

fn text(object: Map<String, Value>) -> String {
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use model::{Timestamp, record::RequestFacts};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn row(author: Author, turn: u32, body: &impl Serialize) -> Value {
        let line = Interaction {
            at: Timestamp::from_seconds(1_768_471_260),
            author,
            kind: "text".to_owned(),
            text: "Hello".to_owned(),
            intent: None,
            agent: None,
            body: Some(serde_json::to_string(body).expect("a body")),
            request: Some(RequestFacts {
                url: "https://x.test/".into(),
                source_ip: "127.0.0.1".into(),
                ..Default::default()
            }),
        };
        let contact = "ann".parse().expect("an id");
        let stored = ClickstreamLine { position: 4_096, contact, turn, message_id: Some("m-1".to_owned()), line };
        serde_json::to_value(ClickstreamRow::of(AgentId(Uuid::nil()), stored)).expect("a row")
    }

    #[test]
    fn od_a05_a_row_has_the_documented_keys_and_json_as_text() {
        let mut inbound = Inbound::text("Hello");
        inbound.visitor.insert("country".to_owned(), json!("DE"));
        let row = row(Author::Contact, 2, &inbound);
        let keys: Vec<_> = row.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "type",
                "scenario_id",
                "anonymous_id",
                "user_id",
                "event",
                "name",
                "properties",
                "traits",
                "context",
                "message_id",
                "timestamp"
            ]
        );
        assert_eq!(row["properties"], r#"{"type":"text","text":"Hello"}"#);
        assert_eq!(row["traits"], "{}");
        assert_eq!(row["context"], r#"{"turn":2,"ip":"127.0.0.1","url":"https://x.test/"}"#);
        assert_eq!((&row["timestamp"], &row["message_id"]), (&json!("2026-01-15 10:01:00"), &json!("m-1")));
    }

    #[test]
    fn a_row_is_a_page_an_identification_or_an_event() {
        let act = |act, intent: &str, value: Option<&str>| {
            let value = value.map(str::to_owned);
            Inbound { value, visitor: Map::from_iter([("a".to_owned(), json!(1))]), ..Inbound::intent(act, intent) }
        };
        for (turn, inbound, kind, event, name, traits) in [
            (
                1,
                act(Act::Open, "w", Some("https://x.test/")),
                "page",
                "chat_displayed",
                "https://x.test/",
                r#"{"a":1}"#,
            ),
            (2, act(Act::Open, "w", None), "page", "chat_displayed", "chat_displayed", "{}"),
            (
                1,
                act(Act::Trigger, "w", None),
                "identify",
                "message_sent_to_chatbot",
                "message_sent_to_chatbot",
                r#"{"a":1}"#,
            ),
            (2, act(Act::Trigger, "intent.core.EndChat", None), "event", "end_chat", "end_chat", "{}"),
            (
                2,
                act(Act::Button, "b", Some("c.d")),
                "event",
                "user_clicked_button_in_chatbot",
                "user_clicked_button_in_chatbot",
                "{}",
            ),
            (2, act(Act::Form, "f", None), "event", "form_submitted", "form_submitted", "{}"),
            (2, act(Act::Link, "l", Some("https://y.test/")), "event", "url_clicked", "url_clicked", "{}"),
        ] {
            let row = row(Author::Contact, turn, &inbound);
            assert_eq!(
                [&row["type"], &row["event"], &row["name"], &row["traits"]],
                [kind, event, name, traits].map(Value::from).each_ref()
            );
        }
        let said = row(Author::Agent, 1, &Message::text("intent.app.Hi", "Hello"));
        assert_eq!((&said["type"], &said["event"]), (&json!("event"), &json!("message_received_from_chatbot")));
        assert_eq!(
            (&said["properties"], &said["message_id"]),
            (&json!(r#"{"type":"text","text":"Hello"}"#), &json!("4096"))
        );
        let elsewhere = row(Author::Contact, 1, &json!({ "text": "Hello", "date": null, "time": null }));
        assert_eq!((&elsewhere["type"], &elsewhere["event"]), (&json!("event"), &json!("message_sent_to_chatbot")));
    }
}
