//! Snapshots: what a turn needs to know before it starts, from the overlay and the tables.

use model::{AgentId, ContactId, LogSeq, TenantId, Timestamp, TranscriptId};
use rusqlite::Connection;
use serde_json::value::RawValue;

use super::{
    conversations::{self, ContactPlace},
    encoding::{self, Snapshot},
    overlay::{Pending, Wanted},
    turns::SqliteTurns,
};
use crate::{Committed, Result, StoredContact, StoredSession, TurnState};

impl SqliteTurns {
    /// Finds the snapshots of a contact: first those that are not in the tables yet, then those that
    /// are. This order matters, see [`super::overlay`].
    pub(super) fn snapshots(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        session: Wanted<'_>,
        message_id: Option<&str>,
    ) -> Result<TurnState> {
        let pending = self.pipeline.overlay.find(tenant, contact, session, message_id);
        self.readers.read_here("read a conversation", |connection| {
            let places = conversations::places(connection, tenant, contact, session, message_id)?;
            let answered = places.answered.or(pending.answered);
            let contact_seq = places.contact.as_ref().map(|place| place.seq);
            let mut state = TurnState { answered, ..TurnState::default() };
            if pending.session.is_none()
                && let Some(place) = places.session
            {
                // Mostly the contact's latest turn is also the session's: then one look into the log does for both.
                let both = pending.latest.is_none() && contact_seq == Some(place);
                let found = snapshot(connection, place, |snapshot| {
                    (snapshot.stored_session(), both.then(|| snapshot.contact_state()))
                })?;
                let (session, latest) = found.unzip();
                state.session = session;
                if let (Some(at), Some(latest)) = (&places.contact, latest.flatten()) {
                    state.contact = Some(at.with(latest));
                }
            }
            if state.contact.is_none()
                && pending.latest.is_none()
                && let Some(at) = &places.contact
            {
                let latest = snapshot(connection, at.seq, |snapshot| snapshot.contact_state())?;
                state.contact = latest.map(|latest| at.with(latest));
            }
            pending.replace(&mut state, places.contact.as_ref());
            Ok(state)
        })
    }

    /// Finds the session of a transcript, with whose it is and who made its latest turn.
    pub(super) fn session_of(
        &self,
        tenant: &TenantId,
        transcript: &TranscriptId,
    ) -> Result<Option<(ContactId, AgentId, StoredSession)>> {
        let pending = self.pipeline.overlay.latest_of(tenant, transcript);
        if let Some(turn) = pending.as_deref().and_then(Committed::turn) {
            return Ok(Some((turn.contact.clone(), turn.agent, Snapshot::of(turn).stored_session())));
        }
        self.readers.read_here("read a conversation", |connection| {
            let Some(place) = conversations::transcript_place(connection, tenant, transcript)? else { return Ok(None) };
            let session = snapshot(connection, place.seq, |snapshot| snapshot.stored_session())?;
            Ok(session.map(|session| (place.contact, place.agent, session)))
        })
    }
}

impl ContactPlace {
    fn with(&self, (last_seen, state): (Timestamp, Box<RawValue>)) -> StoredContact {
        StoredContact { first_seen: self.first_seen, last_seen, state }
    }
}

impl Pending {
    /// Puts what is newer than the tables in place of what came from them.
    fn replace(&self, state: &mut TurnState, in_tables: Option<&ContactPlace>) {
        if let Some(turn) = self.session.as_deref().and_then(Committed::turn) {
            state.session = Some(Snapshot::of(turn).stored_session());
        }
        if let (Some(turn), Some(first_at)) = (self.latest.as_deref().and_then(Committed::turn), self.first_at) {
            state.contact = Some(StoredContact {
                first_seen: in_tables.map_or(first_at, |place| place.first_seen),
                last_seen: turn.at,
                state: turn.contact_state.clone(),
            });
        }
    }
}

/// Reads parts of a turn's snapshot, which the tables say is at this place of the log; none when it has
/// been erased and the tables do not know yet.
fn snapshot<T>(
    connection: &Connection,
    place: LogSeq,
    read: impl FnOnce(&Snapshot<'_>) -> T,
) -> rusqlite::Result<Option<T>> {
    conversations::with_record(connection, place, |kind, json| match kind {
        encoding::TURN => Snapshot::read(json).map(|snapshot| Some(read(&snapshot))),
        _ => Ok(None),
    })?
    .ok_or(rusqlite::Error::QueryReturnedNoRows)
}
