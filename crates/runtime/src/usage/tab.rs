//! What models take in a turn while it is being taken.
//!
//! It lies beside the turn's work, which may come to nothing at any moment: refused because models are too busy, given
//! up because time is over, not written because the store is full. What models took until then was taken all the same,
//! and is noted as a fact beside turns.

use std::time::Duration;

use model::{
    ContactId, LogSeq, TenantId, Timestamp, TranscriptId,
    chat::Usage,
    record::{FactRecord, Record},
};
use parking_lot::Mutex;
use store::StoreError;
use tokio::sync::OnceCell;

use super::{Ledger, SPENT, SpentInTurn};
use crate::{contact_order::Place, record::event, runtime::Shared, turn::TurnError};

/// How often the store is asked to take what it could not.
const ATTEMPTS: u32 = 3;

/// What models take in a turn.
#[derive(Default)]
pub(crate) struct Tab {
    open: Mutex<Open>,
    /// Whether the tenant's budget was spent when the turn first needed a model.
    is_over: OnceCell<bool>,
}

#[derive(Default)]
struct Open {
    ledger: Ledger,
    /// The contact's place in the queue of its turns. It is held until all is noted: what is written of a contact stands in
    /// line with its erasure.
    place: Option<Place>,
    /// The conversation; none before it has had a turn.
    transcript: Option<TranscriptId>,
    turn: u32,
}

impl Tab {
    /// Holds the contact's place for as long as this lasts.
    pub(crate) fn hold(&self, place: Place) {
        self.open.lock().place = Some(place);
    }

    /// Notes which turn it is that is being taken.
    pub(crate) fn is_of(&self, transcript: TranscriptId, turn: u32) {
        let mut open = self.open.lock();
        open.transcript = (turn > 1).then_some(transcript);
        open.turn = turn;
    }

    /// Notes an answer.
    pub(crate) fn answered(&self, model: &str, usage: &Usage) {
        self.open.lock().ledger.answered(model, usage);
    }

    /// Notes that there was none.
    pub(crate) fn failed(&self, model: &str) {
        self.open.lock().ledger.failed(model);
    }

    /// What was taken so far, for the turn's record.
    pub(crate) fn ledger(&self) -> Ledger {
        self.open.lock().ledger.clone()
    }

    /// Notes that what was taken is in the turn's record; answers what it is.
    pub(crate) fn is_recorded(&self) -> Ledger {
        std::mem::take(&mut self.open.lock().ledger)
    }

    /// Whether the tenant's budget is spent, for this turn.
    pub(super) fn is_over(&self) -> &OnceCell<bool> {
        &self.is_over
    }

    fn take(&self) -> Open {
        std::mem::take(&mut *self.open.lock())
    }
}

impl Shared {
    /// Notes what models took in a turn that came to nothing; nothing where its record has it.
    pub(crate) async fn settle(&self, tenant: &TenantId, contact: &ContactId, tab: &Tab) {
        let Open { ledger, place: _place, transcript, turn } = tab.take();
        if ledger.is_empty() {
            return;
        }
        let at = Timestamp::now();
        match self.note_refused(tenant, contact, transcript, (turn, at), ledger.clone()).await {
            Ok(seq) => self.spend(tenant, contact, (seq, at), &ledger).await,
            Err(error) => {
                tracing::error!(%tenant, %error, "what models took in a turn that came to nothing is not recorded");
            }
        }
    }

    async fn note_refused(
        &self,
        tenant: &TenantId,
        contact: &ContactId,
        transcript: Option<TranscriptId>,
        (turn, at): (u32, Timestamp),
        ledger: Ledger,
    ) -> Result<LogSeq, TurnError> {
        let mut events = Vec::new();
        for (model, spent) in ledger {
            events.push(event(SPENT, SpentInTurn { turn, model, spent, refused: true })?);
        }
        let fact = FactRecord {
            tenant: tenant.clone(),
            contact: contact.clone(),
            transcript,
            at,
            entries: Vec::new(),
            events,
        };
        for _ in 1..ATTEMPTS {
            match self.store.append(Record::Fact(Box::new(fact.clone()))).await {
                Err(StoreError::Overloaded { retry_after }) => {
                    tokio::time::sleep(retry_after.min(Duration::from_secs(1))).await;
                }
                appended => return Ok(appended?),
            }
        }
        Ok(self.store.append(Record::Fact(Box::new(fact))).await?)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_in_a_record_is_not_settled_again() {
        let tab = Tab::default();
        let transcript = TranscriptId(Uuid::from_u128(7));
        tab.is_of(transcript, 2);
        tab.answered("scripted/one", &Usage { input_tokens: 3, ..Usage::default() });
        assert_eq!(tab.ledger().into_iter().count(), 1);
        assert_eq!(tab.is_recorded().into_iter().count(), 1);
        assert!(tab.take().ledger.is_empty());
        tab.failed("scripted/one");
        assert_eq!(tab.take().ledger.into_iter().count(), 1);
        assert!(tab.take().ledger.is_empty());
    }

    #[test]
    fn a_conversation_is_known_by_its_second_turn() {
        let (tab, transcript) = (Tab::default(), TranscriptId(Uuid::from_u128(7)));
        tab.is_of(transcript, 1);
        assert_eq!(tab.take().transcript, None);
        tab.is_of(transcript, 2);
        let open = tab.take();
        assert_eq!((open.transcript, open.turn), (Some(transcript), 2));
    }
}
