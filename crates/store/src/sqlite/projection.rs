//! What a record becomes in the tables.
//!
//! Invariant: the rows depend on the records and their order alone, not on how they are cut into
//! transactions. Nothing here reads a clock, makes an id, or counts anything but what is in the tables.

use std::collections::{BTreeMap, HashMap};

use model::{
    LogSeq, TenantId, TranscriptId,
    record::{Author, Entry, ErasureRecord, Event, FactRecord, Record, TurnRecord},
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::{interactions, moods, removal, states};
use crate::MAX_PARTS;

/// What stands where a record is about no contact; no contact has an empty id.
pub(super) const NOBODY: &str = "";

const SESSION: &str = "INSERT INTO sessions (tenant, contact, agent, first_seen, log_seq) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (tenant, contact, agent) DO UPDATE SET log_seq = excluded.log_seq";
const TRANSCRIPT: &str = "INSERT INTO transcripts (tenant, transcript, contact, agent, started_at, started_seq)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (tenant, transcript) DO NOTHING";
const RECORD: &str =
    "INSERT INTO records (log_seq, tenant, contact, transcript, agent, turn, at, agent_version, closed,
        message_id, url, source_ip, status, duration, found_by)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
const FACT: &str = "INSERT INTO records (log_seq, tenant, contact, transcript, agent, turn, at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const ENTRY: &str = "INSERT INTO entries (position, id, author, kind, text, at, intent, place, body)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const EVENT: &str = "INSERT INTO events (tenant, seq, log_seq, kind, body) VALUES (?1, ?2, ?3, ?4, ?5)";

type AgentAndTurn = (Option<[u8; 16]>, i64);

/// A transaction that adds records to the tables, in the order of the log.
pub(super) struct Projection<'t> {
    transaction: &'t Transaction<'t>,
    log: &'t Connection,
    session: CachedStatement<'t>,
    transcript: CachedStatement<'t>,
    record: CachedStatement<'t>,
    entry: CachedStatement<'t>,
    event: CachedStatement<'t>,
    /// Number of the last event of each tenant that this transaction has touched.
    event_counters: HashMap<TenantId, i64>,
}

impl<'t> Projection<'t> {
    /// `log` is where records are that have been added before.
    pub(super) fn begin(transaction: &'t Transaction<'t>, log: &'t Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            transaction,
            log,
            session: transaction.prepare_cached(SESSION)?,
            transcript: transaction.prepare_cached(TRANSCRIPT)?,
            record: transaction.prepare_cached(RECORD)?,
            entry: transaction.prepare_cached(ENTRY)?,
            event: transaction.prepare_cached(EVENT)?,
            event_counters: HashMap::new(),
        })
    }

    pub(super) fn add(&mut self, seq: LogSeq, record: &Record) -> rusqlite::Result<()> {
        match record {
            Record::Turn(turn) => self.add_turn(seq.0.cast_signed(), turn),
            Record::Fact(fact) => self.add_fact(seq.0.cast_signed(), fact),
            Record::Tombstone(tombstone) => self.skip_events(&tombstone.tenant, tombstone.events),
            Record::Erasure(erasure) => self.add_erasure(seq.0.cast_signed(), erasure),
        }
    }

    /// Notes how far the tables are, which must be the last thing before the commit.
    pub(super) fn finish(self, seq: LogSeq) -> rusqlite::Result<()> {
        let mut counter = self.transaction.prepare_cached(
            "INSERT INTO event_counters (tenant, last_seq) VALUES (?1, ?2)
             ON CONFLICT (tenant) DO UPDATE SET last_seq = excluded.last_seq",
        )?;
        for (tenant, last) in &self.event_counters {
            counter.execute(params![tenant.as_str(), last])?;
        }
        self.transaction
            .prepare_cached("UPDATE checkpoint SET log_seq = ?1")?
            .execute([seq.0.cast_signed()])
            .map(|_| ())
    }

    fn add_turn(&mut self, seq: i64, turn: &TurnRecord) -> rusqlite::Result<()> {
        let TurnRecord { tenant, contact, .. } = turn;
        let (transcript, agent, at) = (bytes(&turn.transcript.0), bytes(&turn.agent.0), turn.at.0);
        self.session.execute(params![tenant.as_str(), contact.as_str(), agent, at, seq])?;
        self.transcript.execute(params![tenant.as_str(), transcript, contact.as_str(), agent, at, seq])?;
        if let Some(state) = &turn.state {
            states::put(self.transaction, tenant, turn.transcript.0.as_bytes(), state)?;
        }
        if let Some(mood) = &turn.mood {
            moods::put(self.transaction, tenant, turn.transcript.0.as_bytes(), mood)?;
        }
        self.record.execute(params![
            seq,
            tenant.as_str(),
            contact.as_str(),
            transcript,
            agent,
            turn.turn,
            at,
            turn.agent_version,
            turn.closed,
            turn.message_id,
            turn.request.url,
            turn.request.source_ip,
            turn.request.status,
            turn.request.duration_micros.cast_signed(),
            found_by(turn)
        ])?;
        self.add_entries(seq, &turn.entries)?;
        self.add_events(seq, tenant, &turn.events)
    }

    fn add_fact(&mut self, seq: i64, fact: &FactRecord) -> rusqlite::Result<()> {
        let FactRecord { tenant, contact, .. } = fact;
        let known = fact.transcript.map(|id| self.agent_and_turn(tenant, &id)).transpose()?.flatten();
        let (agent, turn) = known.unwrap_or((None, 0));
        self.transaction.prepare_cached(FACT)?.execute(params![
            seq,
            tenant.as_str(),
            contact.as_str(),
            fact.transcript.as_ref().map(|id| bytes(&id.0)),
            agent,
            turn,
            fact.at.0
        ])?;
        self.add_entries(seq, &fact.entries)?;
        self.add_events(seq, tenant, &fact.events)
    }

    /// Takes away what earlier records became. When the tables are made anew those records are tombstones
    /// already, and there is nothing to take away.
    fn add_erasure(&mut self, seq: i64, erasure: &ErasureRecord) -> rusqlite::Result<()> {
        let ErasureRecord { tenant, places, events, .. } = erasure;
        removal::remove(self.transaction, self.log, tenant, places)?;
        if events.is_empty() {
            return Ok(());
        }
        let none: Option<&[u8]> = None;
        self.transaction.prepare_cached(FACT)?.execute(params![
            seq,
            tenant.as_str(),
            NOBODY,
            none,
            none,
            0,
            erasure.at.0
        ])?;
        self.add_events(seq, tenant, events)
    }

    fn agent_and_turn(&self, tenant: &TenantId, id: &TranscriptId) -> rusqlite::Result<Option<AgentAndTurn>> {
        self.transaction
            .prepare_cached(
                "SELECT agent, turn FROM records WHERE tenant = ?1 AND transcript = ?2
                 ORDER BY turn DESC, log_seq DESC LIMIT 1",
            )?
            .query_row(params![tenant.as_str(), bytes(&id.0)], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    fn add_entries(&mut self, seq: i64, entries: &[Entry]) -> rusqlite::Result<()> {
        for (position, entry) in (first_position(seq)..).zip(entries) {
            self.entry.execute(params![
                position,
                bytes(&entry.id.0),
                author_number(entry.author),
                entry.kind,
                entry.text,
                entry.at.0,
                entry.intent,
                entry.place,
                entry.body.get()
            ])?;
        }
        Ok(())
    }

    fn add_events(&mut self, seq: i64, tenant: &TenantId, events: &[Event]) -> rusqlite::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let mut last = self.last_event(tenant)?;
        for event in events {
            last += 1;
            self.event.execute(params![tenant.as_str(), last, seq, event.kind, event.body.get()])?;
        }
        self.event_counters.insert(tenant.clone(), last);
        Ok(())
    }

    /// The numbers of events that are gone stay taken.
    fn skip_events(&mut self, tenant: &TenantId, count: u32) -> rusqlite::Result<()> {
        if count > 0 {
            let last = self.last_event(tenant)? + i64::from(count);
            self.event_counters.insert(tenant.clone(), last);
        }
        Ok(())
    }

    fn last_event(&self, tenant: &TenantId) -> rusqlite::Result<i64> {
        if let Some(last) = self.event_counters.get(tenant) {
            return Ok(*last);
        }
        self.transaction
            .prepare_cached("SELECT last_seq FROM event_counters WHERE tenant = ?1")?
            .query_row([tenant.as_str()], |row| row.get(0))
            .optional()
            .map(Option::unwrap_or_default)
    }
}

/// The attributes that a turn changed, as their column has them; none when it changed none.
fn found_by(turn: &TurnRecord) -> Option<String> {
    let values: BTreeMap<&str, Option<String>> =
        turn.found_by.iter().map(|(name, value)| (name.as_str(), value.as_deref().map(interactions::folded))).collect();
    (!values.is_empty()).then(|| serde_json::to_string(&values).expect("texts serialise"))
}

/// The place of a record's first entry among all entries.
pub(super) const fn first_position(seq: i64) -> i64 {
    seq * MAX_PARTS as i64
}

pub(super) const fn author_number(author: Author) -> i64 {
    match author {
        Author::Contact => 0,
        Author::Agent => 1,
        Author::Platform => 2,
        Author::Operator => 3,
    }
}

/// The author behind a number of [`author_number`].
pub(super) const fn author(number: i64) -> Author {
    match number {
        0 => Author::Contact,
        1 => Author::Agent,
        3 => Author::Operator,
        _ => Author::Platform,
    }
}

fn bytes(id: &Uuid) -> &[u8] {
    id.as_bytes()
}
