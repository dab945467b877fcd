//! Messages: what an agent says, in our own words. Wire forms are made at the edge.
//!
//! A message is finished: attributes are filled in, markdown is HTML, HTML is cleaned. It is stored
//! in the turn log as it is, so every field that may be absent has a default.

mod body;
mod form;
mod plain;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use body::{
    Audio, Autocomplete, Body, Button, ButtonAction, ButtonPlacement, Buttons, Card, CardImage, DateFormat, DatePicker,
    DatePickerForm, Endpoint, Esign, FileUpload, HandOver, Image, Link, List, Location, LongText, Lookup, NamedValue,
    TwilioContent,
};
pub use form::{Choice, Field, FieldKind, Form, Validation};

/// One thing that an agent says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The intent that it realises.
    #[serde(default)]
    pub intent: String,
    /// Designer's id of the template that it was made from; empty when made by Parlance itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Whether the visitor may not type after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disable_text: bool,
    /// Whether it is drawn without the agent's picture.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hide_avatar: bool,
    /// Whether visitors may rate it; none inherits what the chat says (row OD-M33).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<bool>,
    /// Whether its text is shown folded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_fold: Option<TextFold>,
    /// Height, as CSS writes it, at which the whole message is folded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_fold: Option<String>,
    /// Further facts for the client, such as the author's name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub meta: Map<String, Value>,
    /// What it is.
    pub body: Body,
}

/// Where a long text is folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFold {
    /// At a height, as CSS writes it.
    Height(String),
    /// After so many characters.
    Chars(u32),
}

impl Message {
    /// A message with nothing but its body.
    pub fn new(intent: impl Into<String>, body: Body) -> Self {
        Self {
            intent: intent.into(),
            template: String::new(),
            disable_text: false,
            hide_avatar: false,
            feedback: None,
            text_fold: None,
            message_fold: None,
            meta: Map::new(),
            body,
        }
    }

    /// A text message; the text is HTML.
    pub fn text(intent: impl Into<String>, html: impl Into<String>) -> Self {
        Self::new(intent, Body::Text(html.into()))
    }

    /// What kind of message it is, in snake case: the kind of its entry in the transcript.
    pub const fn kind(&self) -> &'static str {
        self.body.kind()
    }

    /// Its words without markup, for transcripts and search: tags are gone, links read as their
    /// address. Empty where nothing is said.
    pub fn plain_text(&self) -> String {
        plain::of_body(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_storage() {
        let mut message = Message::new(
            "intent.app.Ask",
            Body::Buttons(Buttons {
                text: "Well?".into(),
                external: true,
                once: true,
                buttons: vec![Button {
                    text: "Yes".into(),
                    display: true,
                    placement: Some(ButtonPlacement::Skip),
                    action: ButtonAction::Intent { intent: "intent.user.Yes".into(), value: Some("a.b".into()) },
                }],
            }),
        );
        message.text_fold = Some(TextFold::Chars(240));
        let stored = serde_json::to_string(&message).expect("serialises");
        assert_eq!(serde_json::from_str::<Message>(&stored).expect("reads back"), message);
        assert_eq!(message.kind(), "buttons");
    }

    #[test]
    fn a_text_is_stored_short() {
        let stored = serde_json::to_string(&Message::text("intent.app.Hi", "Hello")).expect("serialises");
        assert_eq!(stored, r#"{"intent":"intent.app.Hi","body":{"kind":"text","is":"Hello"}}"#);
    }

    #[test]
    fn every_kind_survives_storage() {
        for body in [
            Body::Empty,
            Body::CallToAction("Help?".into()),
            Body::Meta(Map::from_iter([("progress".to_owned(), Value::from("40%"))])),
            Body::List(List {
                title: "T".into(),
                view: "horizontal".into(),
                items: vec![Body::Text("a".into()), Body::Image(Image::default())],
            }),
            Body::DatePicker(DatePicker {
                form: DatePickerForm::Parts { day: true, month: true, year: false },
                ..DatePicker::default()
            }),
            Body::Form(Form::default()),
            Body::TwilioContent(TwilioContent::default()),
        ] {
            let message = Message::new("i", body);
            let stored = serde_json::to_string(&message).expect("serialises");
            assert_eq!(serde_json::from_str::<Message>(&stored).expect("reads back"), message);
        }
    }
}
