//! `GET /public/api/user-interactions`: what visitors said, visitor by visitor (spec/opendialog.md §1.3).

use std::borrow::Cow;

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use model::{ContactId, Timestamp, record::Author};
use runtime::{access::scope, found_by};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use store::{InteractionFilter, SaidBy, SaidLine, SaidPage};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::refusal::{ErrorBody, Violations},
    access::PublicCaller,
    moment::{Clock, date_and_time, end_of},
    profile::Person,
    query::Pairs,
    refusal::{PublicRefusal, TOO_MANY},
    stream::{self, Writer, json},
};
use crate::{app::App, rate_limits::Endpoint};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(user_interactions))
}

/// What visitors said in a time, grouped by visitor.
///
/// Each element of `data` is an object with one key, the visitor's id. Filters compare without regard to
/// case and find parts of values; several must all hold.
#[utoipa::path(
    get, path = "/public/api/user-interactions", tag = "Public APIs", operation_id = "getUserInteractions",
    params(
        ("from" = String, Query, description = "`YYYY-MM-DD HH:MM:SS`, UTC", example = "2024-01-15 00:00:00"),
        ("to" = String, Query, description = "`YYYY-MM-DD HH:MM:SS`, UTC; that second included", example = "2024-01-15 23:59:59"),
        ("user_id" = Option<String>, Query, description = "Exactly this visitor"),
        ("ip_address" = Option<String>, Query, description = "A part of the address"),
        ("country" = Option<String>, Query, description = "A part of the country"),
        ("browser_language" = Option<String>, Query, description = "A part of the language"),
        ("os" = Option<String>, Query, description = "A part of the operating system's name"),
        ("browser" = Option<String>, Query, description = "A part of the browser's name", example = "chrome"),
        ("timezone" = Option<String>, Query, description = "A part of the time zone"),
        ("email" = Option<String>, Query, description = "A part of the e-mail address"),
        ("platform" = Option<String>, Query, description = "A part of the channel's name"),
        ("selected_scenario" = Option<String>, Query, description = "A part of the scenario's id"),
    ),
    responses(
        (status = 200, description = "What they said", body = super::schema::UserInteractions),
        (status = 401, description = "The token is missing or not good", body = ErrorBody),
        (status = 403, description = "The token's user may not read this", body = ErrorBody),
        (status = 422, description = "A query value is missing, wrong or not known", body = ErrorBody),
        (status = 429, description = "Called too often", body = ErrorBody),
        (status = 503, description = "Too busy; try again", body = ErrorBody),
    ),
    security(("public_token" = ["transcripts:read"]))
)]
async fn user_interactions(app: State<App>, caller: PublicCaller<scope::TranscriptsRead>, query: RawQuery) -> Response {
    let answer = async {
        let admitted = caller.admit(&app, Endpoint::UserInteractions, TOO_MANY)?;
        let asked = Asked::read(&Pairs::read(query.0.as_deref()))?;
        let store = app.runtime.store().tenant(caller.tenant());
        let filter = asked.filter.clone();
        Ok(admitted.answer(stream::answer(store, filter, UserInteractions::new(&asked)).await?))
    };
    answer.await.unwrap_or_else(PublicRefusal::into_response)
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) filter: InteractionFilter,
    /// The first moment, as it is echoed.
    pub(super) from: Timestamp,
    /// The last second, as it is echoed.
    pub(super) to: Timestamp,
    /// The filters, as they are echoed.
    pub(super) echo: Vec<(String, String)>,
}

impl Asked {
    pub(super) fn read(pairs: &Pairs<'_>) -> Result<Self, PublicRefusal> {
        let mut wrong = Violations::default();
        let mut moment = |name: &str| match pairs.get(name) {
            None => {
                wrong.add(name, format!("The {name} field is required."));
                Timestamp::default()
            }
            Some(text) => date_and_time(text).unwrap_or_else(|| {
                wrong.add(name, format!("The {name} does not match the format Y-m-d H:i:s."));
                Timestamp::default()
            }),
        };
        let (from, to) = (moment("from"), moment("to"));
        if !wrong.is_empty() {
            return Err(wrong.into());
        }
        let mut found_by = Vec::new();
        let mut contact = None;
        for (name, value) in pairs.iter() {
            match name {
                "from" | "to" => {}
                _ if value.is_empty() && (name == "user_id" || found_by::NAMES.contains(&name)) => {}
                "user_id" => contact = Some(exact(value)?),
                _ if found_by::NAMES.contains(&name) => {
                    // A later value of the same filter stands in for an earlier one, as PHP reads queries.
                    found_by.retain(|(known, _)| known != name);
                    found_by.push((name.to_owned(), value.to_owned()));
                }
                _ => {
                    let complaint = format!("The filter '{name}' is not allowed.");
                    return Err(PublicRefusal::InvalidFirst(Violations::of(&format!("filters.{name}"), complaint)));
                }
            }
        }
        let echo = found_by.clone();
        let filter = InteractionFilter { from, to: end_of(to, 1), contact, found_by, author: Some(Author::Contact) };
        Ok(Self { filter, from, to, echo })
    }
}

/// A visitor's id.
fn exact(id: &str) -> Result<ContactId, PublicRefusal> {
    id.parse().map_err(|_| {
        let limit = ContactId::MAX_CHARS;
        Violations::of("user_id", format!("The user_id may not be longer than {limit} characters.")).into()
    })
}

/// How much of the answer stands open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Nothing has been written.
    Nothing,
    /// The list of a visitor's interactions, as yet without any, or with some.
    Visitor { empty: bool },
}

/// The answer as it is written.
struct UserInteractions {
    /// The times that were asked for, as each visitor's head repeats them.
    times: String,
    /// The filters, likewise.
    filters: Vec<u8>,
    open: Open,
    /// Whether the visitor whose lines come has begun in the answer.
    begun: bool,
    /// What is known of a visitor who has said nothing yet; the next page may have what they say.
    silent: Option<Box<RawValue>>,
    clock: Clock,
}

impl Writer for UserInteractions {
    fn page(&mut self, page: &SaidPage, out: &mut Vec<u8>) {
        for contact in page.contacts() {
            if !contact.continued {
                self.begun = false;
                self.silent = None;
            }
            for line in contact.lines() {
                let Some(kind) = said_by_hand(line.kind) else { continue };
                // Whoever only opened the chat said nothing.
                if !self.begun {
                    self.begin(&contact, out);
                }
                self.line(kind, &line, out);
            }
            if !self.begun && !contact.continued {
                self.silent = contact.state.map(RawValue::to_owned);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.open {
            Open::Nothing => br#"{"data":[]}"#,
            Open::Visitor { .. } => b"]}}]}",
        });
    }
}

impl UserInteractions {
    fn new(asked: &Asked) -> Self {
        let times = format!(r#","from":"{}","to":"{}""#, asked.from, asked.to);
        let mut filters = Vec::new();
        for (name, value) in &asked.echo {
            filters.push(b',');
            json(&mut filters, name);
            filters.push(b':');
            json(&mut filters, value);
        }
        Self { times, filters, open: Open::Nothing, begun: false, silent: None, clock: Clock::default() }
    }

    /// Begins a visitor.
    fn begin(&mut self, contact: &SaidBy<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.open {
            Open::Nothing => br#"{"data":[{"#,
            Open::Visitor { .. } => b"]}},{",
        });
        let person = Person::read(contact.state.or(self.silent.as_deref()));
        let id = contact.contact.as_str();
        json(out, id);
        out.extend_from_slice(br#":{"chatbot_user_data":{"id":"#);
        json(out, id);
        out.extend_from_slice(br#","name":"#);
        json(out, &person.name());
        out.extend_from_slice(br#","email":"#);
        json(out, &person.email());
        out.push(b'}');
        out.extend_from_slice(self.times.as_bytes());
        out.extend_from_slice(br#","user_id":"#);
        json(out, id);
        out.extend_from_slice(&self.filters);
        out.extend_from_slice(br#","interactions":["#);
        self.open = Open::Visitor { empty: true };
        self.begun = true;
    }

    fn line(&mut self, kind: &'static str, line: &SaidLine<'_>, out: &mut Vec<u8>) {
        if self.open != (Open::Visitor { empty: true }) {
            out.push(b',');
        }
        self.open = Open::Visitor { empty: false };
        out.extend_from_slice(br#"{"type":""#);
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(br#"","date":""#);
        self.clock.write(line.at, out);
        out.extend_from_slice(br#"","text":"#);
        json(out, line.text);
        out.extend_from_slice(br#","data":"#);
        write_data(line, out);
        out.push(b'}');
    }
}

/// The type of a line that a visitor said by hand; none for what their browser did on its own: the chat
/// that was opened, a link that was followed. The page's prose has the first three names (§1.3, A14).
pub(super) fn said_by_hand(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "text" => "text",
        "button" => "button",
        "form" => "form",
        "long_text" => "longtext",
        "text_external" => "text_external",
        _ => return None,
    })
}

/// What of an act stands in `data`. What the client said of the visitor, the greater part, is passed over.
#[derive(Deserialize)]
struct Acted<'a> {
    #[serde(default, borrow)]
    text: Cow<'a, str>,
    #[serde(default, borrow)]
    intent: Option<Text<'a>>,
    #[serde(default, borrow)]
    value: Option<Text<'a>>,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    files: Map<String, Value>,
}

/// A text that is copied only when it has escapes: serde copies every `Cow` in an `Option`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The `data` of a pressed button.
#[derive(Serialize)]
struct Pressed<'a> {
    name: &'a str,
    callback_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

/// Writes the `data` of a line: null for plain text, else what was pressed or filled in.
fn write_data(line: &SaidLine<'_>, out: &mut Vec<u8>) {
    let body = line.body.filter(|_| matches!(line.kind, "button" | "form" | "long_text"));
    let acted = body.and_then(|body| serde_json::from_str::<Acted<'_>>(body).ok());
    let Some(Acted { text, intent, value, fields, files }) = acted else { return out.extend_from_slice(b"null") };
    let (intent, value) = (intent.map(|Text(intent)| intent), value.map(|Text(value)| value));
    if line.kind == "button" {
        return json(out, &Pressed { name: &text, callback_id: intent.as_deref(), value: value.as_deref() });
    }
    let mut data = fields;
    data.extend(files);
    data.insert("callback_id".to_owned(), intent.map(Cow::into_owned).into());
    if let Some(value) = value {
        data.insert("value".to_owned(), value.into_owned().into());
    }
    json(out, &data);
}
