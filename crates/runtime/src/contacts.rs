//! Contacts: who has been here, what is known of one, and all of it in one piece.
//!
//! Reads only. How a contact is erased is in [`crate::erasure`].

use std::collections::BTreeMap;

use dialogue::engine::ContactState;
use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    attribute::Attribute,
    mood::Mood,
    record::{Author, Entry, Event, FactRecord, Record, RequestFacts, TurnRecord},
};
use serde::Serialize;
use serde_json::value::RawValue;
use store::{SeenContact, Store, StoreError};

use crate::documents::DocumentError;

/// A contact, without what was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// When it was first heard of.
    pub first_seen: Timestamp,
    /// When its latest turn arrived.
    pub last_seen: Timestamp,
    /// What is known of it, each with who vouches for it.
    pub attributes: BTreeMap<String, Attribute>,
}

/// All that is stored of a contact but the journals: those say how the agent came to its answers.
#[derive(Debug, Serialize)]
pub struct Export {
    /// The customer's id.
    pub contact: ContactId,
    /// When this was made.
    pub exported_at: String,
    /// When it was first heard of; none when it never took a turn.
    pub first_seen: Option<String>,
    /// When its latest turn arrived; none when it never took a turn.
    pub last_seen: Option<String>,
    /// What is known of it, each with who vouches for it.
    pub attributes: BTreeMap<String, Attribute>,
    /// Its conversations, in the order in which they began.
    pub transcripts: Vec<ExportedTranscript>,
    /// What happened outside any conversation.
    pub facts: Vec<ExportedFact>,
}

/// One conversation.
#[derive(Debug, Default, Serialize)]
pub struct ExportedTranscript {
    /// Its id.
    pub id: String,
    /// Its turns, in order.
    pub turns: Vec<ExportedTurn>,
    /// What happened beside its turns.
    pub facts: Vec<ExportedFact>,
}

/// One act of the contact and what was answered.
#[derive(Debug, Serialize)]
pub struct ExportedTurn {
    /// Its number.
    pub turn: u32,
    /// When the act arrived.
    pub at: String,
    /// Who answered.
    pub agent: AgentId,
    /// In which version; 0 is the draft.
    pub agent_version: u32,
    /// The client's id of the message.
    pub message_id: Option<String>,
    /// How it arrived.
    pub request: RequestFacts,
    /// What was said.
    pub entries: Vec<ExportedEntry>,
    /// How the conversation was estimated to go, by what the contact said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mood: Option<Mood>,
    /// What was noted of it in the event feed.
    pub events: Vec<Event>,
}

/// Something that happened beside turns.
#[derive(Debug, Serialize)]
pub struct ExportedFact {
    /// When.
    pub at: String,
    /// Lines of it.
    pub entries: Vec<ExportedEntry>,
    /// What was noted of it in the event feed: feedback, for one.
    pub events: Vec<Event>,
}

/// One line.
#[derive(Debug, Serialize)]
pub struct ExportedEntry {
    /// Who said it.
    pub author: Author,
    /// What it is.
    pub kind: String,
    /// Its plain text.
    pub text: String,
    /// When it was said.
    pub at: String,
    /// The whole of it.
    pub body: Box<RawValue>,
}

impl From<Entry> for ExportedEntry {
    fn from(entry: Entry) -> Self {
        let Entry { author, kind, text, at, body, .. } = entry;
        Self { author, kind, text, at: at.to_string(), body }
    }
}

/// Records that are read at once.
const PAGE: usize = 200;

/// The contacts of tenants.
#[derive(Clone)]
pub struct Contacts {
    store: Store,
}

impl Contacts {
    /// Over a store.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// Contacts that have taken a turn, by id; those after `after`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(
        &self,
        tenant: &TenantId,
        after: Option<&ContactId>,
        limit: usize,
    ) -> Result<Vec<SeenContact>, DocumentError> {
        Ok(self.store.tenant(tenant).contacts(after, limit).await?)
    }

    /// One contact that has taken a turn.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`].
    pub async fn need(&self, tenant: &TenantId, contact: &ContactId) -> Result<Contact, DocumentError> {
        let stored = self.store.tenant(tenant).contact(contact).await?;
        let stored = stored.ok_or_else(|| DocumentError::not_found("contact", contact))?;
        let state = state(stored.state.get())?;
        Ok(Contact {
            id: contact.clone(),
            first_seen: stored.first_seen,
            last_seen: stored.last_seen,
            attributes: state.attributes,
        })
    }

    /// Whether there is any record of this contact.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn is_known(&self, tenant: &TenantId, contact: &ContactId) -> Result<bool, DocumentError> {
        Ok(!self.store.tenant(tenant).contact_records(contact, LogSeq(0), 1).await?.is_empty())
    }

    /// All that is stored of a contact.
    ///
    /// # Errors
    /// [`DocumentError::NotFound`] when nothing is.
    pub async fn export(&self, tenant: &TenantId, contact: &ContactId) -> Result<Export, DocumentError> {
        let store = self.store.tenant(tenant);
        let mut export = Export {
            contact: contact.clone(),
            exported_at: Timestamp::now().to_string(),
            first_seen: None,
            last_seen: None,
            attributes: BTreeMap::new(),
            transcripts: Vec::new(),
            facts: Vec::new(),
        };
        let mut known = false;
        let mut after = LogSeq(0);
        loop {
            let page = store.contact_records(contact, after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            (known, after) = (true, *last);
            for (_, record) in page {
                match record {
                    Record::Turn(turn) => export.add_turn(*turn),
                    Record::Fact(fact) => export.add_fact(*fact),
                    Record::Tombstone(_) | Record::Erasure(_) => {}
                }
            }
        }
        if !known {
            return Err(DocumentError::not_found("contact", contact));
        }
        if let Some(stored) = store.contact(contact).await? {
            export.first_seen = Some(stored.first_seen.to_string());
            export.last_seen = Some(stored.last_seen.to_string());
            export.attributes = state(stored.state.get())?.attributes;
        }
        Ok(export)
    }
}

impl Export {
    fn add_turn(&mut self, turn: TurnRecord) {
        let TurnRecord {
            agent, agent_version, transcript, turn, message_id, at, request, entries, mood, events, ..
        } = turn;
        let (at, entries) = (at.to_string(), entries.into_iter().map(ExportedEntry::from).collect());
        let turn = ExportedTurn { turn, at, agent, agent_version, message_id, request, entries, mood, events };
        self.transcript(transcript).turns.push(turn);
    }

    fn add_fact(&mut self, fact: FactRecord) {
        let FactRecord { transcript, at, entries, events, .. } = fact;
        let entries = entries.into_iter().map(ExportedEntry::from).collect();
        let fact = ExportedFact { at: at.to_string(), entries, events };
        match transcript {
            Some(transcript) => self.transcript(transcript).facts.push(fact),
            None => self.facts.push(fact),
        }
    }

    /// The latest ones are asked for most.
    fn transcript(&mut self, id: TranscriptId) -> &mut ExportedTranscript {
        let id = id.to_string();
        let index = self.transcripts.iter().rposition(|transcript| transcript.id == id).unwrap_or_else(|| {
            self.transcripts.push(ExportedTranscript { id, ..ExportedTranscript::default() });
            self.transcripts.len() - 1
        });
        &mut self.transcripts[index]
    }
}

fn state(stored: &str) -> Result<ContactState, DocumentError> {
    serde_json::from_str(stored)
        .map_err(|problem| StoreError::Corrupt { what: "state of a contact", problem: problem.to_string() }.into())
}
