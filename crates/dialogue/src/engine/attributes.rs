//! Attributes during a turn: what is remembered of the contact, what the turn changes, and the
//! contexts under which designers read both (spec/opendialog.md §3.1).

use std::{borrow::Cow, collections::BTreeMap};

use model::{
    Timestamp,
    attribute::{Attribute, AttributeType, FLAG_PREFIX, Provenance},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    needs::{HistoryLine, Participant},
    session::Place,
    turn::Input,
};
use crate::{
    expression::{Scope, coerce},
    scenario::compiled::{IntentIx, Node, Target},
};

/// What is remembered of a contact across transcripts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactState {
    /// When the contact was first heard of; zero before that.
    pub first_seen: Timestamp,
    /// When the contact last did something.
    pub last_seen: Timestamp,
    /// Attributes of the `user` context by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, Attribute>,
    /// Ids of what was set for the contact beside turns and is among the attributes now. The engine only
    /// carries it on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<String>,
}

impl ContactState {
    /// The contact's IANA time zone, if their client said one.
    pub fn time_zone(&self) -> Option<&str> {
        self.attributes.get("timezone")?.value.as_str()
    }

    /// Sets an attribute that the platform vouches for; null unsets it. False when the contact holds as many
    /// as are kept.
    pub fn preset(&mut self, name: &str, value: &Value) -> bool {
        if value.is_null() {
            self.attributes.remove(name);
            return true;
        }
        if self.attributes.len() >= MAX_ATTRIBUTES && !self.attributes.contains_key(name) {
            return false;
        }
        let attribute = Attribute { value: value.clone(), provenance: Provenance::Platform };
        self.attributes.insert(name.to_owned(), attribute);
        true
    }
}

/// Whether an attribute is one that only Parlance writes (row OD-C29).
pub fn is_reserved(attribute: &str) -> bool {
    RESERVED.contains(&attribute)
}

/// Most attributes of a contact; what is remembered is read and written at every turn.
pub const MAX_ATTRIBUTES: usize = 500;
/// Largest value that a visitor's client or token may set, in bytes of JSON.
const MAX_BROWSER_VALUE: usize = 8 << 10;
/// Largest value that an agent may set, in bytes of JSON.
const MAX_VALUE: usize = 128 << 10;

/// The attribute that keeps files where a message names no other; it need not be declared.
const FILE_UPLOAD: &str = "file_upload";

/// Attributes that only Parlance writes (row OD-C29).
const RESERVED: [&str; 5] = ["first_seen", "last_seen", "seconds_since_last_seen", "utterance", "utterance_text"];

/// The readable and writable attributes of one turn.
pub(super) struct Memory<'a> {
    input: &'a Input<'a>,
    /// Changes to the contact; none stands for "unset".
    changes: BTreeMap<String, Option<Attribute>>,
    /// The `session` context: lives as long as the turn (row OD-C03).
    scratch: Map<String, Value>,
    /// Where the conversation stands: the `conversation` context.
    pub(super) place: Place,
    /// The message template that is being filled.
    pub(super) template: Option<&'a Node>,
    /// The `_intent` context, while one intent's conditions are evaluated.
    pub(super) interpretation: Option<Map<String, Value>>,
    history: Option<Past>,
    message_history: Option<String>,
}

/// The `history` context.
struct Past {
    transcript: Value,
    utterances: Value,
    intents: Vec<Value>,
}

impl<'a> Memory<'a> {
    pub(super) fn new(input: &'a Input<'a>) -> Self {
        Self {
            input,
            changes: BTreeMap::new(),
            scratch: Map::new(),
            place: Place::find(input.scenario, &input.session.position),
            template: None,
            interpretation: None,
            history: None,
            message_history: None,
        }
    }

    /// Makes the past of this transcript readable.
    pub(super) fn remember_history(&mut self, lines: &[HistoryLine]) {
        self.history = Some(Past {
            transcript: transcript(lines).into(),
            utterances: lines
                .iter()
                .filter(|line| !line.text.is_empty())
                .map(|line| spoken(line.participant, &line.text))
                .collect(),
            intents: lines
                .iter()
                .filter_map(|line| line.intent.as_ref().map(|intent| spoken(line.participant, intent)))
                .collect(),
        });
    }

    /// Adds the intent that the present utterance realises.
    pub(super) fn remember_intent(&mut self, intent: &str) {
        if let Some(past) = &mut self.history {
            past.intents.push(spoken(Participant::User, intent));
        }
    }

    /// Makes the past of all transcripts readable.
    pub(super) fn remember_all_history(&mut self, lines: &[HistoryLine]) {
        self.message_history = Some(transcript(lines));
    }

    /// Writes an attribute; null unsets it. Refuses what may not be written, and says why.
    pub(super) fn write(
        &mut self,
        context: &str,
        name: &str,
        value: &Value,
        provenance: Provenance,
    ) -> Result<(), &'static str> {
        // An issuer may repeat what its users say of themselves: for files and sizes its word is no better.
        let from_outside = matches!(provenance, Provenance::Browser | Provenance::Token);
        if from_outside && !value.is_null() && self.keeps_files(name) {
            return Err("files come from uploads, not from what the visitor's client says");
        }
        let largest = if from_outside { MAX_BROWSER_VALUE } else { MAX_VALUE };
        self.put(context, name, value, provenance, largest)
    }

    /// Writes files that the visitor sent and the server vouches for (row OD-C14).
    pub(super) fn write_files(&mut self, context: &str, name: &str, files: &Value) -> Result<(), &'static str> {
        self.put(context, name, files, Provenance::Browser, MAX_VALUE)
    }

    fn put(
        &mut self,
        context: &str,
        name: &str,
        value: &Value,
        provenance: Provenance,
        largest: usize,
    ) -> Result<(), &'static str> {
        match context {
            "session" => {
                let value = self.typed(name, value);
                self.scratch.insert(name.to_owned(), value);
                Ok(())
            }
            "user" => self.write_user(name, value, provenance, largest),
            "global" => Err("global attributes are read only at run time"),
            _ => Err("this context is read only"),
        }
    }

    fn write_user(
        &mut self,
        name: &str,
        value: &Value,
        provenance: Provenance,
        largest: usize,
    ) -> Result<(), &'static str> {
        if provenance != Provenance::Platform && is_reserved(name) {
            return Err("this attribute is reserved");
        }
        let current = self.user(name);
        if provenance == Provenance::Browser
            && current.is_some_and(|held| matches!(held.provenance, Provenance::Token | Provenance::Platform))
        {
            return Err("a verified value is not overridden by the visitor");
        }
        if provenance != Provenance::Platform
            && name.starts_with(FLAG_PREFIX)
            && current.is_some_and(|held| held.provenance == Provenance::Platform)
        {
            return Err("the variant of an experiment is not overridden");
        }
        if value.is_null() {
            if current.is_some() {
                self.changes.insert(name.to_owned(), None);
            }
            return Ok(());
        }
        let value = self.typed(name, value);
        if size(&value) > largest {
            return Err("the value is too large");
        }
        match current {
            Some(held) if held.value == value && held.provenance == provenance => return Ok(()),
            None if self.input.contact.attributes.len() + self.changes.len() >= MAX_ATTRIBUTES => {
                return Err("the contact has as many attributes as are kept");
            }
            _ => {}
        }
        self.changes.insert(name.to_owned(), Some(Attribute { value, provenance }));
        Ok(())
    }

    /// Whether a token says what an attribute holds.
    pub(super) fn is_proved(&self, context: &str, name: &str) -> bool {
        context == "user" && self.user(name).is_some_and(|held| held.provenance == Provenance::Token)
    }

    fn keeps_files(&self, name: &str) -> bool {
        let declared = self.input.scenario.declared.get(name);
        declared.map_or(name == FILE_UPLOAD, |kind| *kind == AttributeType::FileCollection)
    }

    /// The value as the attribute's declared type has it (row OD-C30).
    fn typed(&self, name: &str, value: &Value) -> Value {
        match self.input.scenario.declared.get(name) {
            Some(kind) => coerce(*kind, value),
            None => value.clone(),
        }
    }

    /// An object of the `conversation` context.
    fn current(&self, name: &str) -> Option<&Node> {
        let scenario = self.input.scenario;
        match name {
            "current_conversation" => self.place.conversation(scenario).map(|ix| &scenario.conversation(ix).node),
            "current_scene" => self.place.scene(scenario).map(|ix| &scenario.scene(ix).node),
            "current_turn" => match self.place {
                Place::After(ix) => Some(&scenario.turn(scenario.intent(ix).turn).node),
                Place::At(Target::Turn(ix)) => Some(&scenario.turn(ix).node),
                _ => None,
            },
            "current_intent" => self.current_intent().map(|ix| &scenario.intent(ix).node),
            "current_message_template" => self.template,
            _ => None,
        }
    }

    fn current_intent(&self) -> Option<IntentIx> {
        if let Place::After(ix) = self.place { Some(ix) } else { None }
    }

    fn user(&self, name: &str) -> Option<&Attribute> {
        match self.changes.get(name) {
            Some(changed) => changed.as_ref(),
            None => self.input.contact.attributes.get(name),
        }
    }

    /// The `session_lifetime` in microseconds; none means "never expires" (§2.7).
    pub(super) fn session_lifetime(&self) -> Option<i64> {
        let value = &self.user("session_lifetime")?.value;
        let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        (seconds > 0.0).then_some((seconds * 1e6) as i64)
    }

    /// The contact as it is to be remembered.
    pub(super) fn into_contact(self) -> ContactState {
        let now = self.input.now;
        let mut contact = ContactState {
            first_seen: first_seen(self.input),
            last_seen: now,
            attributes: self.input.contact.attributes.clone(),
            presets: self.input.contact.presets.clone(),
        };
        for (name, change) in self.changes {
            match change {
                Some(attribute) => contact.attributes.insert(name, attribute),
                None => contact.attributes.remove(&name),
            };
        }
        contact
    }
}

fn first_seen(input: &Input<'_>) -> Timestamp {
    if input.contact.first_seen == Timestamp::default() { input.now } else { input.contact.first_seen }
}

/// When the contact was here before this turn; now, for a new one.
fn last_seen(input: &Input<'_>) -> Timestamp {
    if input.contact.last_seen == Timestamp::default() { input.now } else { input.contact.last_seen }
}

fn described(node: &Node) -> Value {
    json!({"id": &*node.od_id, "name": &*node.name, "description": &*node.description})
}

/// Bytes of JSON, roughly.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(|item| size(item) + 1).sum(),
        Value::Object(map) => map.iter().map(|(key, item)| key.len() + size(item) + 4).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}

fn spoken(participant: Participant, value: &str) -> Value {
    json!({"participant": participant.as_str(), "value": value})
}

fn transcript(lines: &[HistoryLine]) -> String {
    let mut text = String::new();
    for line in lines.iter().filter(|line| !line.text.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(match line.participant {
            Participant::User => "User: ",
            Participant::App => "Bot: ",
        });
        text.push_str(&line.text);
    }
    text
}

impl Scope for Memory<'_> {
    fn value(&self, context: &str, name: &str) -> Option<Cow<'_, Value>> {
        let owned = |value: Value| Some(Cow::Owned(value));
        match context {
            "user" => match name {
                "utterance_text" => owned(self.input.inbound.text.clone().into()),
                "utterance" => owned(utterance(self.input)),
                "first_seen" => owned(first_seen(self.input).seconds().into()),
                "last_seen" => owned(last_seen(self.input).seconds().into()),
                "seconds_since_last_seen" => {
                    owned((self.input.now.seconds() - last_seen(self.input).seconds()).max(0).into())
                }
                _ => self.user(name).map(|attribute| Cow::Borrowed(&attribute.value)),
            },
            "session" => self.scratch.get(name).map(Cow::Borrowed),
            "global" => self.input.globals.get(name).map(Cow::Borrowed),
            "conversation" => owned(described(self.current(name)?)),
            "_intent" => self.interpretation.as_ref()?.get(name).map(Cow::Borrowed),
            "history" => {
                let past = self.history.as_ref()?;
                match name {
                    "transcript" => Some(Cow::Borrowed(&past.transcript)),
                    "utterances" => Some(Cow::Borrowed(&past.utterances)),
                    "intents" => owned(past.intents.clone().into()),
                    _ => None,
                }
            }
            "message_history" if name == "all" => owned(self.message_history.clone()?.into()),
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.input.now
    }

    fn time_zone(&self) -> Option<&str> {
        self.user("timezone")?.value.as_str()
    }
}

/// The composite `utterance` attribute (§3.2).
fn utterance(input: &Input<'_>) -> Value {
    json!({
        "utterance_user": input.inbound.visitor,
        "utterance_platform": input.platform,
        "utterance_type": input.inbound.act,
        "utterance_text": input.inbound.text,
        "utterance_user_id": input.contact_id,
        "callback_id": input.inbound.intent,
    })
}
