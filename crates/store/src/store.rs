//! The handles: the whole store, one tenant's part of it, and the platform's.

use std::{path::Path, sync::Arc};

use model::{
    AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    record::{Record, TurnRecord},
};
use serde::Serialize;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

use crate::{
    Batch, Candidates, ClickstreamFilter, ClickstreamLine, Committed, Document, EntryFilter, Erased, EventFilter,
    Expect, InteractionFilter, InteractionPage, InteractionPlace, Key, LogPage, NewPassage, Page, PassageSearch,
    Result, SaidPage, SecretKeys, SeenContact, StoreError, StoreOptions, StoredContact, StoredEntry, StoredEvent,
    StoredPassage, StoredSession, StoredSource, StoredTranscript, TranscriptFilter, TurnState,
    apart::ReadOnly,
    backend::{DocumentBackend, PassageBackend, TurnBackend},
    document::{Draft, Owner, json},
    sqlite,
};

/// Kind of the documents that are the tenants.
const TENANT: &str = "tenant";

/// All that is stored. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    documents: Arc<dyn DocumentBackend>,
    passages: Arc<dyn PassageBackend>,
    turns: Option<Arc<dyn TurnBackend>>,
    secret_keys: Arc<SecretKeys>,
}

impl Store {
    /// Opens the data directory for a server: takes its lock, makes what is missing, and brings the
    /// projections up to the end of the log.
    pub async fn open(dir: &Path, options: StoreOptions) -> Result<Self> {
        let (made, turns) = sqlite::open(dir.to_owned(), options).await?;
        Ok(Self::over(dir, made, Some(Arc::new(turns))))
    }

    /// Opens only the documents, which works beside a running server. What belongs to conversations
    /// answers [`StoreError::DocumentsOnly`].
    pub async fn open_documents(dir: &Path) -> Result<Self> {
        let made = sqlite::open_documents(dir.to_owned()).await?;
        Ok(Self::over(dir, made, None))
    }

    /// Opens everything beside a running server: documents as [`Store::open_documents`] does, and
    /// conversations to read, as far as the server has projected them. To change a conversation answers
    /// [`StoreError::Closed`].
    pub async fn open_beside(dir: &Path) -> Result<Self> {
        let (made, turns) = sqlite::open_beside(dir.to_owned()).await?;
        Ok(Self::over(dir, made, Some(Arc::new(turns))))
    }

    fn over(dir: &Path, made: sqlite::Made, turns: Option<Arc<dyn TurnBackend>>) -> Self {
        let sqlite::Made { documents, passages } = made;
        let secret_keys = Arc::new(SecretKeys::in_data_dir(dir));
        Self { documents: Arc::new(documents), passages: Arc::new(passages), turns, secret_keys }
    }

    /// The same store, whose secrets are sealed with keys that lie elsewhere than in the data directory.
    #[must_use]
    pub fn with_secret_keys(self, keys: SecretKeys) -> Self {
        Self { secret_keys: Arc::new(keys), ..self }
    }

    /// The documents of this store, to read, with the conversations of another: what happens there leaves this store as
    /// it is. To change a document answers [`StoreError::Invalid`].
    #[must_use]
    pub fn apart(&self, conversations: &Self) -> Self {
        Self {
            documents: Arc::new(ReadOnly(Arc::clone(&self.documents))),
            passages: Arc::clone(&self.passages),
            turns: conversations.turns.clone(),
            secret_keys: Arc::clone(&self.secret_keys),
        }
    }

    /// Where the keys lie that seal secrets among the documents.
    pub fn secret_keys(&self) -> &SecretKeys {
        &self.secret_keys
    }

    /// Deletes all projections and makes them anew from the log. No server may run on the directory.
    /// `progress` is told now and then how many records are done, of how many.
    pub async fn rebuild(dir: &Path, progress: impl FnMut(u64, u64) + Send + 'static) -> Result<()> {
        sqlite::rebuild(dir.to_owned(), progress).await
    }

    /// One tenant's part.
    pub fn tenant(&self, tenant: &TenantId) -> TenantStore {
        TenantStore { store: self.clone(), tenant: tenant.clone() }
    }

    /// The platform's own documents, and searches across tenants.
    pub fn platform(&self) -> PlatformStore {
        PlatformStore { documents: Arc::clone(&self.documents) }
    }

    /// Ticks when any process has changed a document, 50 ms later at most. Ticks may be spurious.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.documents.changes()
    }

    /// Appends a record to the log. It is durable when this returns, and seen at once by
    /// [`TenantStore::load_turn_state`]. Dropping the future does not undo it.
    pub async fn append(&self, record: Record) -> Result<LogSeq> {
        self.turns()?.append(record).await
    }

    /// Waits until all that was appended before the call is projected.
    pub async fn flush_projections(&self) -> Result<()> {
        self.turns()?.flush().await
    }

    /// How far the projections are: ticks when events and entries of new records can be read.
    pub fn projected(&self) -> Result<watch::Receiver<LogSeq>> {
        Ok(self.turns()?.projected())
    }

    /// How far the projections are behind: records that were accepted and are not in the tables yet.
    pub fn projection_lag(&self) -> Result<usize> {
        Ok(self.turns()?.behind())
    }

    /// Every record of every tenant from now on, in the order of the log and as soon as it is durable, before it is
    /// in the tables. The stream ends at the shutdown.
    ///
    /// It is meant for few followers that pass on what they get: all of them are woken at each commit. One that
    /// is slow misses records (`RecvError::Lagged`) and finds them with [`TenantStore::records_after`].
    pub fn committed(&self) -> Result<broadcast::Receiver<Arc<Committed>>> {
        self.turns()?.committed()
    }

    /// Makes sure that no byte of what was erased before this call is in any file. It takes as long as
    /// writing the tables anew; turns go on meanwhile, what waits for the tables waits.
    pub async fn scrub(&self) -> Result<()> {
        self.turns()?.scrub().await
    }

    /// Makes sure that nothing of documents that were replaced without a trace or discarded is left in any file.
    /// The documents are written anew.
    pub async fn scrub_documents(&self) -> Result<()> {
        self.documents.scrub().await
    }

    /// Finishes what was accepted, accepts no more, and releases the data directory.
    pub async fn shutdown(&self) -> Result<()> {
        match &self.turns {
            Some(turns) => turns.shutdown().await,
            None => Ok(()),
        }
    }

    fn turns(&self) -> Result<&dyn TurnBackend> {
        self.turns.as_deref().ok_or(StoreError::DocumentsOnly)
    }
}

/// One tenant's part of the store. Nothing of another tenant can be reached through it.
#[derive(Clone)]
pub struct TenantStore {
    store: Store,
    tenant: TenantId,
}

impl TenantStore {
    /// Whose it is.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// One document.
    pub async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        self.store.documents.get(self.owner(), kind.to_owned(), id.to_owned()).await
    }

    /// Documents of a kind, by id.
    pub async fn list(&self, kind: &str, page: Page) -> Result<Vec<Document>> {
        self.store.documents.list(self.owner(), kind.to_owned(), page).await
    }

    /// Makes or replaces a document with all its keys; answers its new version.
    pub async fn put(
        &self,
        kind: &str,
        id: &str,
        body: &(impl Serialize + ?Sized),
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64> {
        let draft = Draft::new(kind, id, json(body)?, keys, expect)?;
        self.store.documents.put(self.owner(), draft).await
    }

    /// As [`Self::put`], and no earlier version of the document stays. For what must leave no trace.
    pub async fn put_without_past(
        &self,
        kind: &str,
        id: &str,
        body: &(impl Serialize + ?Sized),
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64> {
        let draft = Draft::new(kind, id, json(body)?, keys, expect)?.without_past();
        self.store.documents.put(self.owner(), draft).await
    }

    /// Deletes a document; answers whether there was one. With [`Expect::Any`] a missing one is no error.
    pub async fn delete(&self, kind: &str, id: &str, expect: Expect) -> Result<bool> {
        self.store.documents.delete(self.owner(), kind.to_owned(), id.to_owned(), expect).await
    }

    /// Puts and deletes documents together: all of them, or none where one is refused. The error is of the first that is.
    pub async fn put_all(&self, batch: Batch) -> Result<()> {
        self.store.documents.put_all(self.owner(), batch.0).await
    }

    /// Deletes documents and every earlier version of them, together; answers how many there were. For
    /// what must leave no trace.
    pub async fn discard(&self, kind: &str, ids: Vec<String>) -> Result<usize> {
        self.store.documents.discard(self.owner(), kind.to_owned(), ids).await
    }

    /// Drops the earlier versions of all documents of a kind, also of those that were deleted.
    pub async fn forget_past(&self, kind: &str) -> Result<()> {
        self.store.documents.forget_past(self.owner(), kind.to_owned()).await
    }

    /// Documents that have this value of a key, by id.
    pub async fn find(&self, kind: &str, key: &str, value: &str) -> Result<Vec<Document>> {
        self.store.documents.find(self.owner(), kind.to_owned(), key.to_owned(), value.to_owned()).await
    }

    /// Earlier versions of a document, newest first.
    pub async fn history(&self, kind: &str, id: &str) -> Result<Vec<Document>> {
        self.store.documents.history(self.owner(), kind.to_owned(), id.to_owned()).await
    }

    /// Keeps an original of a source in place of the one before: bytes as they came, at most
    /// [`crate::MAX_ORIGINAL_BYTES`]. It is durable when this returns.
    pub async fn put_original(&self, source: &str, content: Vec<u8>) -> Result<()> {
        self.store.passages.put_original(self.tenant.clone(), source.to_owned(), content).await
    }

    /// The original of a source.
    pub async fn original(&self, source: &str) -> Result<Option<Vec<u8>>> {
        self.store.passages.original(self.tenant.clone(), source.to_owned()).await
    }

    /// Replaces all passages of a source. Whoever searches meanwhile finds the old ones or the new ones. `revision` is
    /// the caller's, see [`StoredSource`].
    pub async fn put_passages(&self, source: &str, revision: u64, passages: Vec<NewPassage>) -> Result<()> {
        self.store.passages.put_passages(self.tenant.clone(), source.to_owned(), revision, passages).await
    }

    /// Passages of a source in their order: those after a number.
    pub async fn passages(&self, source: &str, after: Option<u32>, limit: usize) -> Result<Vec<StoredPassage>> {
        self.store.passages.passages(self.tenant.clone(), source.to_owned(), after, limit).await
    }

    /// Removes the original and all passages of a source, together; answers whether there was any.
    pub async fn remove_source(&self, source: &str) -> Result<bool> {
        self.store.passages.remove(self.tenant.clone(), source.to_owned()).await
    }

    /// All sources of which an original or passages are stored, by name.
    pub async fn sources(&self) -> Result<Vec<StoredSource>> {
        self.store.passages.sources(self.tenant.clone()).await
    }

    /// Passages that have words of a search, for the caller to rank.
    pub async fn candidates(&self, search: PassageSearch) -> Result<Candidates> {
        self.store.passages.candidates(self.tenant.clone(), search).await
    }

    /// What a turn needs to know before it starts, in one go. Sees every append that has returned.
    pub async fn load_turn_state(
        &self,
        contact: &ContactId,
        agent: &AgentId,
        message_id: Option<&str>,
    ) -> Result<TurnState> {
        self.store.turns()?.turn_state(&self.tenant, contact, agent, message_id).await
    }

    /// As [`Self::load_turn_state`], with the session of a transcript in place of the latest with an agent: of
    /// several that are open each can go on, and ids of messages are the transcript's own. No session where the
    /// transcript is another contact's.
    pub async fn load_turn_state_of(
        &self,
        contact: &ContactId,
        transcript: &TranscriptId,
        message_id: Option<&str>,
    ) -> Result<TurnState> {
        self.store.turns()?.turn_state_of(&self.tenant, contact, transcript, message_id).await
    }

    /// A transcript's latest turn, with the contact whose it is and the agent that made the turn. Sees every
    /// append that has returned.
    pub async fn transcript_session(
        &self,
        transcript: &TranscriptId,
    ) -> Result<Option<(ContactId, AgentId, StoredSession)>> {
        self.store.turns()?.transcript_session(&self.tenant, transcript).await
    }

    /// The contact's latest session with an agent. Sees every append that has returned.
    pub async fn session(&self, contact: &ContactId, agent: &AgentId) -> Result<Option<StoredSession>> {
        self.store.turns()?.session(&self.tenant, contact, agent).await
    }

    /// The contact after its latest turn. Sees every append that has returned.
    pub async fn contact(&self, contact: &ContactId) -> Result<Option<StoredContact>> {
        self.store.turns()?.contact(&self.tenant, contact).await
    }

    /// A record of the log.
    pub async fn record(&self, seq: LogSeq) -> Result<Option<Record>> {
        self.store.turns()?.record(&self.tenant, seq).await
    }

    /// A turn of a transcript, whole, with its journal.
    pub async fn turn_record(&self, transcript: &TranscriptId, turn: u32) -> Result<Option<TurnRecord>> {
        self.store.turns()?.turn_record(self.tenant.clone(), *transcript, turn).await
    }

    /// One transcript.
    pub async fn transcript(&self, transcript: &TranscriptId) -> Result<Option<StoredTranscript>> {
        self.store.turns()?.transcript(self.tenant.clone(), *transcript).await
    }

    /// Transcripts, newest first. Where words are looked for it waits until they are indexed, for a while.
    pub async fn transcripts(&self, filter: TranscriptFilter) -> Result<Vec<StoredTranscript>> {
        self.store.turns()?.transcripts(self.tenant.clone(), filter).await
    }

    /// How many transcripts fit a filter, whatever its bounds on how many are listed.
    pub async fn count_transcripts(&self, filter: TranscriptFilter) -> Result<u64> {
        self.store.turns()?.count_transcripts(self.tenant.clone(), filter).await
    }

    /// How many transcripts of each of these contacts started at a moment or later, in their order (row
    /// DA-L3). At most [`crate::MAX_ROWS`] contacts.
    pub async fn count_started(&self, contacts: Vec<ContactId>, since: Timestamp) -> Result<Vec<u32>> {
        self.store.turns()?.count_started(self.tenant.clone(), contacts, since).await
    }

    /// Records after a place of the log, oldest first: of the tenant, or of one transcript its turns and facts.
    /// Sees every append that has returned and waits for no table. What is between two places is read in as
    /// many pieces as it takes, see [`LogPage`]; a piece may be empty.
    pub async fn records_after(
        &self,
        after: LogSeq,
        limit: usize,
        transcript: Option<&TranscriptId>,
    ) -> Result<LogPage> {
        self.store.turns()?.records_after(self.tenant.clone(), after, limit, transcript.copied()).await
    }

    /// What was said with a contact.
    pub async fn contact_entries(&self, contact: &ContactId, filter: EntryFilter) -> Result<Vec<StoredEntry>> {
        self.store.turns()?.contact_entries(self.tenant.clone(), contact.clone(), filter).await
    }

    /// What was said in a transcript, oldest first; only the `last` so many if given.
    pub async fn transcript_entries(&self, transcript: &TranscriptId, last: Option<usize>) -> Result<Vec<StoredEntry>> {
        self.store.turns()?.transcript_entries(self.tenant.clone(), *transcript, last).await
    }

    /// The event feed after an event's number, oldest first.
    pub async fn events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>> {
        self.store.turns()?.events(self.tenant.clone(), after, limit).await
    }

    /// The number of the last event in the feed; 0 before the first.
    pub async fn last_event(&self) -> Result<u64> {
        self.store.turns()?.last_event(self.tenant.clone()).await
    }

    /// Events of one kind, oldest first. `turn.completed` comes with every turn and is read from the feed.
    pub async fn events_of_kind(&self, filter: EventFilter) -> Result<Vec<StoredEvent>> {
        self.store.turns()?.events_of_kind(self.tenant.clone(), filter).await
    }

    /// How many events fit a filter, whatever its bounds on how many are read.
    pub async fn count_events(&self, filter: EventFilter) -> Result<u64> {
        self.store.turns()?.count_events(self.tenant.clone(), filter).await
    }

    /// A page of what was said, contact by contact.
    pub async fn interactions(
        &self,
        filter: &InteractionFilter,
        after: Option<InteractionPlace>,
        limit: usize,
    ) -> Result<InteractionPage> {
        self.store.turns()?.interactions(self.tenant.clone(), filter.clone(), after, limit).await
    }

    /// A page of what was said, contact by contact: the lines of [`Self::interactions`] without how they came.
    pub async fn said(
        &self,
        filter: &InteractionFilter,
        after: Option<InteractionPlace>,
        limit: usize,
    ) -> Result<SaidPage> {
        self.store.turns()?.said(self.tenant.clone(), filter.clone(), after, limit).await
    }

    /// Contacts with something said that fits, by id, from the `skip`th on.
    pub async fn contacts_heard(
        &self,
        filter: &InteractionFilter,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<ContactId>> {
        self.store.turns()?.contacts_heard(self.tenant.clone(), filter.clone(), skip, limit).await
    }

    /// How many contacts have something said that fits.
    pub async fn count_contacts_heard(&self, filter: &InteractionFilter) -> Result<u64> {
        self.store.turns()?.count_contacts_heard(self.tenant.clone(), filter.clone()).await
    }

    /// What was said with an agent, oldest first, from the `skip`th line on.
    pub async fn clickstream(
        &self,
        filter: &ClickstreamFilter,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<ClickstreamLine>> {
        self.store.turns()?.clickstream(self.tenant.clone(), filter.clone(), skip, limit).await
    }

    /// How many lines there are with an agent.
    pub async fn count_clickstream(&self, filter: &ClickstreamFilter) -> Result<u64> {
        self.store.turns()?.count_clickstream(self.tenant.clone(), filter.clone()).await
    }

    /// Contacts that have taken a turn, by id; those after `after`.
    pub async fn contacts(&self, after: Option<&ContactId>, limit: usize) -> Result<Vec<SeenContact>> {
        self.store.turns()?.contacts(self.tenant.clone(), after.cloned(), limit).await
    }

    /// Where transcripts that are handed over were handed to, by name.
    pub async fn destinations(&self) -> Result<Vec<String>> {
        self.store.turns()?.destinations(self.tenant.clone()).await
    }

    /// Everybody of whom there is a record, by id; those after `after`.
    pub async fn contact_ids(&self, after: Option<&ContactId>, limit: usize) -> Result<Vec<ContactId>> {
        self.store.turns()?.contact_ids(self.tenant.clone(), after.cloned(), limit).await
    }

    /// Turns and facts of a contact with their places in the log, oldest first; those after `after`.
    pub async fn contact_records(
        &self,
        contact: &ContactId,
        after: LogSeq,
        limit: usize,
    ) -> Result<Vec<(LogSeq, Record)>> {
        self.store.turns()?.contact_records(self.tenant.clone(), contact.clone(), after, limit).await
    }

    /// Erases a contact: its records become tombstones, and nothing that was made of them is left. What
    /// is appended of the contact meanwhile may stay: the caller sees to it that nothing is. The event
    /// `contact.erased` carries the number `erasure` and nothing of the contact. [`Store::scrub`] then
    /// takes the last bytes out of the files.
    ///
    /// To repeat it is harmless, and finishes what was interrupted.
    pub async fn erase_contact(&self, contact: &ContactId, erasure: Uuid) -> Result<Erased> {
        self.store.turns()?.erase_contact(self.tenant.clone(), contact.clone(), erasure).await
    }

    /// One step of making expire what is older than `before`: whole transcripts, oldest first, whose
    /// newest record is older; and facts outside any transcript. At most `limit` records, but at least
    /// one transcript. Answers how many records went; 0 when nothing is left to do. A contact whose
    /// transcripts are all gone is gone.
    pub async fn purge_before(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.store.turns()?.purge_before(self.tenant.clone(), before, limit).await
    }

    fn owner(&self) -> Owner {
        Owner::Tenant(self.tenant.clone())
    }
}

/// The platform's own documents, and searches across tenants. A type of its own, so that nothing that
/// serves a tenant reaches it by mistake.
#[derive(Clone)]
pub struct PlatformStore {
    documents: Arc<dyn DocumentBackend>,
}

impl PlatformStore {
    /// One document of the platform.
    pub async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        self.documents.get(Owner::Platform, kind.to_owned(), id.to_owned()).await
    }

    /// Documents of the platform, by id.
    pub async fn list(&self, kind: &str, page: Page) -> Result<Vec<Document>> {
        self.documents.list(Owner::Platform, kind.to_owned(), page).await
    }

    /// Makes or replaces a document of the platform; answers its new version.
    pub async fn put(
        &self,
        kind: &str,
        id: &str,
        body: &(impl Serialize + ?Sized),
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64> {
        self.documents.put(Owner::Platform, Draft::new(kind, id, json(body)?, keys, expect)?).await
    }

    /// As [`Self::put`], and no earlier version of the document stays. For what must leave no trace.
    pub async fn put_without_past(
        &self,
        kind: &str,
        id: &str,
        body: &(impl Serialize + ?Sized),
        keys: &[Key<'_>],
        expect: Expect,
    ) -> Result<u64> {
        let draft = Draft::new(kind, id, json(body)?, keys, expect)?.without_past();
        self.documents.put(Owner::Platform, draft).await
    }

    /// Earlier versions of a document of the platform, newest first.
    pub async fn history(&self, kind: &str, id: &str) -> Result<Vec<Document>> {
        self.documents.history(Owner::Platform, kind.to_owned(), id.to_owned()).await
    }

    /// Drops the earlier versions of all documents of a kind, also of those that were deleted.
    pub async fn forget_past(&self, kind: &str) -> Result<()> {
        self.documents.forget_past(Owner::Platform, kind.to_owned()).await
    }

    /// Deletes a document of the platform; answers whether there was one.
    pub async fn delete(&self, kind: &str, id: &str, expect: Expect) -> Result<bool> {
        self.documents.delete(Owner::Platform, kind.to_owned(), id.to_owned(), expect).await
    }

    /// The platform's own documents that have the value under the key, by id.
    pub async fn find_own(&self, kind: &str, key: &str, value: &str) -> Result<Vec<Document>> {
        self.documents.find(Owner::Platform, kind.to_owned(), key.to_owned(), value.to_owned()).await
    }

    /// Deletes documents of the platform with their earlier versions; answers how many there were.
    pub async fn discard(&self, kind: &str, ids: Vec<String>) -> Result<usize> {
        self.documents.discard(Owner::Platform, kind.to_owned(), ids).await
    }

    /// Makes a tenant: a document of the platform under the tenant's name.
    pub async fn put_tenant(&self, tenant: &TenantId, body: &(impl Serialize + ?Sized), expect: Expect) -> Result<u64> {
        self.put(TENANT, tenant.as_str(), body, &[], expect).await
    }

    /// A tenant's document.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<Option<Document>> {
        self.get(TENANT, tenant.as_str()).await
    }

    /// All tenants, by name; the id of each document is the tenant's name.
    pub async fn tenants(&self, page: Page) -> Result<Vec<Document>> {
        self.list(TENANT, page).await
    }

    /// The first document of any tenant that has this value of a key. For keys that are unique
    /// everywhere: whose credential is this?
    pub async fn find(&self, kind: &str, key: &str, value: &str) -> Result<Option<(TenantId, Document)>> {
        self.documents.find_anywhere(kind.to_owned(), key.to_owned(), value.to_owned()).await
    }
}
