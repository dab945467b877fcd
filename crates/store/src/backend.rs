//! What a database must be able to do: one trait for documents, one for passages of what was uploaded, one for what
//! happens.
//!
//! Nothing here is particular to SQLite. `tests/conformance` says what the operations mean and runs
//! against every implementation.

use std::sync::Arc;

use async_trait::async_trait;
use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    record::{Record, TurnRecord},
};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use crate::{
    Candidates, ClickstreamFilter, ClickstreamLine, Committed, Document, EntryFilter, Erased, EventFilter, Expect,
    InteractionFilter, InteractionPage, InteractionPlace, LogPage, NewPassage, Page, PassageSearch, Result, SaidPage,
    SeenContact, StoredContact, StoredEntry, StoredEvent, StoredPassage, StoredSession, StoredSource, StoredTranscript,
    TranscriptFilter, TurnState,
    document::{Change, Draft, Owner},
};

/// Documents: nine operations, a search across tenants, a clean-up of the file, and a watch.
#[async_trait]
pub(crate) trait DocumentBackend: Send + Sync {
    async fn get(&self, owner: Owner, kind: String, id: String) -> Result<Option<Document>>;
    async fn list(&self, owner: Owner, kind: String, page: Page) -> Result<Vec<Document>>;
    async fn put(&self, owner: Owner, draft: Draft) -> Result<u64>;
    /// All of them in one transaction, in their order; or none, where one is refused.
    async fn put_all(&self, owner: Owner, changes: Vec<Change>) -> Result<()>;
    async fn delete(&self, owner: Owner, kind: String, id: String, expect: Expect) -> Result<bool>;
    /// With their earlier versions, in one transaction; answers how many there were.
    async fn discard(&self, owner: Owner, kind: String, ids: Vec<String>) -> Result<usize>;
    async fn find(&self, owner: Owner, kind: String, name: String, value: String) -> Result<Vec<Document>>;
    async fn history(&self, owner: Owner, kind: String, id: String) -> Result<Vec<Document>>;
    async fn find_anywhere(&self, kind: String, name: String, value: String) -> Result<Option<(TenantId, Document)>>;
    /// Drops the earlier versions of all documents of a kind, also of those that were deleted.
    async fn forget_past(&self, owner: Owner, kind: String) -> Result<()>;
    /// Makes sure that nothing that was replaced or discarded is left in any file.
    async fn scrub(&self) -> Result<()>;
    fn changes(&self) -> watch::Receiver<u64>;
}

/// What tenants uploaded: the originals, and passages that are found by their words. A source is whatever the caller
/// names so.
#[async_trait]
pub(crate) trait PassageBackend: Send + Sync {
    /// Keeps an original in place of the one before. Durable when it returns.
    async fn put_original(&self, tenant: TenantId, source: String, content: Vec<u8>) -> Result<()>;
    async fn original(&self, tenant: TenantId, source: String) -> Result<Option<Vec<u8>>>;
    /// Replaces all passages of a source: whoever searches finds the old ones or the new ones. Durable when it returns.
    async fn put_passages(
        &self,
        tenant: TenantId,
        source: String,
        revision: u64,
        passages: Vec<NewPassage>,
    ) -> Result<()>;
    /// Passages of a source in their order, those after a number.
    async fn passages(
        &self,
        tenant: TenantId,
        source: String,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<StoredPassage>>;
    /// Removes original and passages in one transaction; answers whether there was any.
    async fn remove(&self, tenant: TenantId, source: String) -> Result<bool>;
    /// All sources of a tenant, by name.
    async fn sources(&self, tenant: TenantId) -> Result<Vec<StoredSource>>;
    async fn candidates(&self, tenant: TenantId, search: PassageSearch) -> Result<Candidates>;
}

/// The turn log and what is projected from it.
#[async_trait]
pub(crate) trait TurnBackend: Send + Sync {
    /// Durable when it returns.
    async fn append(&self, record: Record) -> Result<LogSeq>;
    /// Waits until all that was appended before the call is projected.
    async fn flush(&self) -> Result<()>;
    fn projected(&self) -> watch::Receiver<LogSeq>;
    /// Records accepted and not yet projected.
    fn behind(&self) -> usize;
    /// Every record from now on, when it is durable, in the order of the log.
    fn committed(&self) -> Result<broadcast::Receiver<Arc<Committed>>>;
    /// Records after a place of the log. Sees every append that has returned.
    async fn records_after(
        &self,
        tenant: TenantId,
        after: LogSeq,
        limit: usize,
        transcript: Option<TranscriptId>,
    ) -> Result<LogPage>;
    /// Finishes what was accepted, accepts no more, and closes the database.
    async fn shutdown(&self) -> Result<()>;

    async fn turn_state(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        agent: &AgentId,
        message_id: Option<&str>,
    ) -> Result<TurnState>;
    /// The same with the session of a transcript; none where the transcript is another contact's.
    async fn turn_state_of(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        transcript: &TranscriptId,
        message_id: Option<&str>,
    ) -> Result<TurnState>;
    async fn transcript_session(
        &self,
        tenant: &TenantId,
        transcript: &TranscriptId,
    ) -> Result<Option<(ContactId, AgentId, StoredSession)>>;
    async fn session(&self, tenant: &TenantId, contact: &ContactId, agent: &AgentId) -> Result<Option<StoredSession>>;
    async fn contact(&self, tenant: &TenantId, contact: &ContactId) -> Result<Option<StoredContact>>;
    async fn record(&self, tenant: &TenantId, seq: LogSeq) -> Result<Option<Record>>;

    async fn turn_record(&self, tenant: TenantId, transcript: TranscriptId, turn: u32) -> Result<Option<TurnRecord>>;
    async fn transcript(&self, tenant: TenantId, transcript: TranscriptId) -> Result<Option<StoredTranscript>>;
    async fn transcripts(&self, tenant: TenantId, filter: TranscriptFilter) -> Result<Vec<StoredTranscript>>;
    async fn count_transcripts(&self, tenant: TenantId, filter: TranscriptFilter) -> Result<u64>;
    /// In the order of the contacts.
    async fn count_started(&self, tenant: TenantId, contacts: Vec<ContactId>, since: Timestamp) -> Result<Vec<u32>>;
    async fn contact_entries(
        &self,
        tenant: TenantId,
        contact: ContactId,
        filter: EntryFilter,
    ) -> Result<Vec<StoredEntry>>;
    async fn transcript_entries(
        &self,
        tenant: TenantId,
        transcript: TranscriptId,
        last: Option<usize>,
    ) -> Result<Vec<StoredEntry>>;
    async fn events(&self, tenant: TenantId, after: u64, limit: usize) -> Result<Vec<StoredEvent>>;
    async fn last_event(&self, tenant: TenantId) -> Result<u64>;
    async fn events_of_kind(&self, tenant: TenantId, filter: EventFilter) -> Result<Vec<StoredEvent>>;
    async fn count_events(&self, tenant: TenantId, filter: EventFilter) -> Result<u64>;

    async fn interactions(
        &self,
        tenant: TenantId,
        filter: InteractionFilter,
        after: Option<InteractionPlace>,
        limit: usize,
    ) -> Result<InteractionPage>;
    /// The same lines as [`Self::interactions`] in fewer columns, which are found in fewer places.
    async fn said(
        &self,
        tenant: TenantId,
        filter: InteractionFilter,
        after: Option<InteractionPlace>,
        limit: usize,
    ) -> Result<SaidPage>;
    async fn contacts_heard(
        &self,
        tenant: TenantId,
        filter: InteractionFilter,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<ContactId>>;
    async fn count_contacts_heard(&self, tenant: TenantId, filter: InteractionFilter) -> Result<u64>;
    async fn clickstream(
        &self,
        tenant: TenantId,
        filter: ClickstreamFilter,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<ClickstreamLine>>;
    async fn count_clickstream(&self, tenant: TenantId, filter: ClickstreamFilter) -> Result<u64>;

    /// Contacts that have taken a turn, by id.
    async fn contacts(&self, tenant: TenantId, after: Option<ContactId>, limit: usize) -> Result<Vec<SeenContact>>;
    /// Everybody of whom there is a record, by id.
    async fn destinations(&self, tenant: TenantId) -> Result<Vec<String>>;
    async fn contact_ids(&self, tenant: TenantId, after: Option<ContactId>, limit: usize) -> Result<Vec<ContactId>>;
    /// Turns and facts of a contact, oldest first.
    async fn contact_records(
        &self,
        tenant: TenantId,
        contact: ContactId,
        after: LogSeq,
        limit: usize,
    ) -> Result<Vec<(LogSeq, Record)>>;
    /// Replaces all records of a contact by tombstones and takes away what they had become. Doing it
    /// again is harmless, also after it was interrupted anywhere.
    async fn erase_contact(&self, tenant: TenantId, contact: ContactId, erasure: Uuid) -> Result<Erased>;
    /// One step of making old transcripts expire, oldest first; answers how many records went.
    async fn purge_before(&self, tenant: TenantId, before: Timestamp, limit: usize) -> Result<usize>;
    /// Makes sure that no byte of what was erased before is in any file.
    async fn scrub(&self) -> Result<()>;
}
