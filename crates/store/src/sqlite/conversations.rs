//! Reading conversations back from the tables and the log.

use model::{
    AgentId, ContactId, EntryId, LogSeq, TenantId, Timestamp, TranscriptId,
    record::{Entry, Record, RequestFacts},
};
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    encoding,
    overlay::Wanted,
    projection::{NOBODY, author, first_position},
    readers::row_limit,
};
use crate::{EntryFilter, EventFilter, MAX_PARTS, MAX_ROWS, SeenContact, StoredEntry, StoredEvent};

/// Where the latest snapshots of a contact are in the log.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) session: Option<LogSeq>,
    pub(super) contact: Option<ContactPlace>,
    pub(super) answered: Option<LogSeq>,
}

#[derive(Debug)]
pub(super) struct ContactPlace {
    pub(super) first_seen: Timestamp,
    /// The contact's latest turn.
    pub(super) seq: LogSeq,
}

/// One statement, so that all of it is of one moment. Who has no session never took a turn, and no message
/// of theirs is looked for. Where one transcript is meant, the names of messages are those of that transcript: pages
/// count theirs from one in each conversation, and an answer of another conversation is not theirs to read.
pub(super) fn places(
    connection: &Connection,
    tenant: &TenantId,
    contact: &ContactId,
    session: Wanted<'_>,
    message_id: Option<&str>,
) -> rusqlite::Result<Places> {
    let (latest, whose) = match session {
        Wanted::None => ("max(log_seq) FILTER (WHERE agent = ?3)", None),
        Wanted::WithAgent(agent) => ("max(log_seq) FILTER (WHERE agent = ?3)", Some(agent.0.as_bytes())),
        Wanted::OfTranscript(transcript) => (
            "(SELECT log_seq FROM records WHERE tenant = ?1 AND transcript = ?3 AND contact = ?2
                 AND agent_version IS NOT NULL ORDER BY turn DESC, log_seq DESC LIMIT 1)",
            Some(transcript.0.as_bytes()),
        ),
    };
    // Two conversations of a contact may name their messages alike. Who has no session has no message either.
    let within = if matches!(session, Wanted::OfTranscript(_)) { " AND transcript = ?3" } else { "" };
    let places = format!(
        "SELECT {latest},
             CASE WHEN max(log_seq) IS NOT NULL THEN
                 (SELECT min(log_seq) FROM records
                  WHERE tenant = ?1 AND contact = ?2 AND message_id = ?4{within}) END,
             min(first_seen), max(log_seq)
         FROM sessions WHERE tenant = ?1 AND contact = ?2"
    );
    connection.prepare_cached(&places)?.query_row(
        params![tenant.as_str(), contact.as_str(), whose, message_id],
        |row| {
            let first_seen = row.get::<_, Option<i64>>(2)?.map(Timestamp);
            let latest = row.get::<_, Option<i64>>(3)?.map(seq);
            Ok(Places {
                session: row.get::<_, Option<i64>>(0)?.map(seq),
                contact: first_seen.zip(latest).map(|(first_seen, seq)| ContactPlace { first_seen, seq }),
                answered: row.get::<_, Option<i64>>(1)?.map(seq),
            })
        },
    )
}

/// Whose a transcript is, who made its latest turn, and where that is.
#[derive(Debug)]
pub(super) struct TranscriptPlace {
    pub(super) contact: ContactId,
    pub(super) agent: AgentId,
    pub(super) seq: LogSeq,
}

pub(super) fn transcript_place(
    connection: &Connection,
    tenant: &TenantId,
    transcript: &TranscriptId,
) -> rusqlite::Result<Option<TranscriptPlace>> {
    connection
        .prepare_cached(
            "SELECT contact, agent, log_seq FROM records
             WHERE tenant = ?1 AND transcript = ?2 AND agent_version IS NOT NULL
             ORDER BY turn DESC, log_seq DESC LIMIT 1",
        )?
        .query_row(params![tenant.as_str(), transcript.0.as_bytes()], |row| {
            Ok(TranscriptPlace {
                contact: contact_id(row, 0)?,
                agent: AgentId(Uuid::from_bytes(row.get(1)?)),
                seq: seq(row.get(2)?),
            })
        })
        .optional()
}

/// Calls `read` with the kind and the bytes of a record of the log.
pub(super) fn with_record<T>(
    connection: &Connection,
    at: LogSeq,
    read: impl FnOnce(i64, &[u8]) -> serde_json::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection
        .prepare_cached("SELECT kind, record FROM turn_log.log WHERE seq = ?1")?
        .query_row([at.0.cast_signed()], |row| {
            read(row.get(0)?, row.get_ref(1)?.as_blob()?).map_err(|problem| unreadable(1, problem))
        })
        .optional()
}

pub(super) fn turn_place(
    connection: &Connection,
    tenant: &TenantId,
    transcript: &TranscriptId,
    turn: u32,
) -> rusqlite::Result<Option<LogSeq>> {
    // The turn itself comes before the facts that carry its number.
    connection
        .prepare_cached(
            "SELECT log_seq FROM records WHERE tenant = ?1 AND transcript = ?2 AND turn = ?3
             ORDER BY log_seq LIMIT 1",
        )?
        .query_row(params![tenant.as_str(), transcript.0.as_bytes(), turn], |row| Ok(seq(row.get(0)?)))
        .optional()
}

const ENTRY_COLUMNS: &str = "position, log_seq, transcript, agent, contact, turn, message_id, url, source_ip, status,
    duration, id, author, kind, text, entries.at, intent, place, body";
const ENTRIES_OF_RECORD: &str = "position BETWEEN log_seq * 4096 AND log_seq * 4096 + 4095";

pub(super) fn contact_entries(
    connection: &Connection,
    tenant: &TenantId,
    contact: &ContactId,
    filter: &EntryFilter,
) -> rusqlite::Result<Vec<StoredEntry>> {
    let order = if filter.newest_first { "DESC" } else { "ASC" };
    let after = filter.after.map_or(-1, bounded);
    let before = filter.before.map_or(i64::MAX, bounded);
    let parts = first_position(1);
    let mut query = connection.prepare_cached(&format!(
        "SELECT {ENTRY_COLUMNS} FROM records CROSS JOIN entries ON {ENTRIES_OF_RECORD}
         WHERE tenant = ?1 AND contact = ?2 AND (?3 IS NULL OR agent = ?3)
           AND log_seq BETWEEN ?4 AND ?5 AND position > ?6 AND position < ?7
         ORDER BY log_seq {order}, position {order}"
    ))?;
    let mut rows = query.query(params![
        tenant.as_str(),
        contact.as_str(),
        filter.agent.as_ref().map(|id| id.0.as_bytes()),
        after.div_euclid(parts),
        before / parts,
        after,
        before
    ])?;
    let mut entries = Vec::new();
    let limit = filter.limit.min(MAX_ROWS);
    while entries.len() < limit
        && let Some(row) = rows.next()?
    {
        let entry = stored_entry(row)?;
        if !filter.kinds_excluded.contains(&entry.entry.kind) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

pub(super) fn transcript_entries(
    connection: &Connection,
    tenant: &TenantId,
    transcript: &TranscriptId,
    last: Option<usize>,
) -> rusqlite::Result<Vec<StoredEntry>> {
    let mut entries: Vec<StoredEntry> = connection
        .prepare_cached(&format!(
            "SELECT {ENTRY_COLUMNS} FROM records CROSS JOIN entries ON {ENTRIES_OF_RECORD}
             WHERE tenant = ?1 AND transcript = ?2
             ORDER BY turn DESC, log_seq DESC, position DESC LIMIT ?3"
        ))?
        .query_map(
            params![tenant.as_str(), transcript.0.as_bytes(), row_limit(last.unwrap_or(MAX_ROWS), MAX_ROWS)],
            stored_entry,
        )?
        .collect::<rusqlite::Result<_>>()?;
    entries.reverse();
    Ok(entries)
}

pub(super) fn events(
    connection: &Connection,
    tenant: &TenantId,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<StoredEvent>> {
    connection
        .prepare_cached(
            "SELECT seq, kind, at, transcript, contact, log_seq, body, agent FROM events
             CROSS JOIN records USING (log_seq, tenant) WHERE tenant = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![tenant.as_str(), bounded(after), row_limit(limit, MAX_ROWS)], stored_event)?
        .collect()
}

/// The number of the tenant's last event; 0 before the first.
pub(super) fn last_event(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT last_seq FROM event_counters WHERE tenant = ?1")?
        .query_row([tenant.as_str()], |row| row.get::<_, i64>(0))
        .optional()
        .map(|last| last.unwrap_or_default().cast_unsigned())
}

const EVENTS_OF_KIND: &str = "FROM events INDEXED BY events_by_kind CROSS JOIN records USING (log_seq, tenant)
    WHERE tenant = ?1 AND kind = ?2 AND kind <> 'turn.completed' AND (?3 IS NULL OR agent = ?3) AND at BETWEEN ?4 AND ?5
      AND (?6 IS NULL OR contact IN (SELECT value FROM json_each(?6))) AND seq > ?7";

pub(super) fn events_of_kind(
    connection: &Connection,
    tenant: &TenantId,
    filter: &EventFilter,
) -> rusqlite::Result<Vec<StoredEvent>> {
    connection
        .prepare_cached(&format!(
            "SELECT seq, kind, at, transcript, contact, log_seq, body, agent {EVENTS_OF_KIND} ORDER BY seq LIMIT ?8 OFFSET ?9"
        ))?
        .query_map(
            params![
                tenant.as_str(),
                filter.kind,
                filter.agent.as_ref().map(|id| id.0.as_bytes()),
                filter.from.0,
                filter.to.0,
                contact_list(&filter.contacts),
                bounded(filter.after),
                row_limit(filter.limit, MAX_ROWS),
                bounded(filter.skip as u64)
            ],
            stored_event,
        )?
        .collect()
}

pub(super) fn count_events(connection: &Connection, tenant: &TenantId, filter: &EventFilter) -> rusqlite::Result<u64> {
    connection.prepare_cached(&format!("SELECT count(*) {EVENTS_OF_KIND}"))?.query_row(
        params![
            tenant.as_str(),
            filter.kind,
            filter.agent.as_ref().map(|id| id.0.as_bytes()),
            filter.from.0,
            filter.to.0,
            contact_list(&filter.contacts),
            bounded(filter.after)
        ],
        |row| row.get::<_, i64>(0).map(i64::cast_unsigned),
    )
}

fn contact_list(contacts: &[ContactId]) -> Option<String> {
    let list = || serde_json::to_string(contacts).expect("ids are texts");
    (!contacts.is_empty()).then(list)
}

fn stored_event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        kind: row.get(1)?,
        at: Timestamp(row.get(2)?),
        transcript: uuid(row, 3)?.map(TranscriptId),
        contact: if row.get_ref(4)?.as_str()? == NOBODY { None } else { Some(contact_id(row, 4)?) },
        agent: uuid(row, 7)?.map(AgentId),
        log_seq: seq(row.get(5)?),
        body: raw(row, 6)?,
    })
}

/// Contacts that have taken a turn, by id.
pub(super) fn contacts(
    connection: &Connection,
    tenant: &TenantId,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<SeenContact>> {
    connection
        .prepare_cached(
            "SELECT seen.contact, seen.first_seen, latest.at FROM (
                 SELECT contact, min(first_seen) AS first_seen, max(log_seq) AS log_seq FROM sessions
                 WHERE tenant = ?1 AND contact > ?2 GROUP BY contact ORDER BY contact LIMIT ?3
             ) seen CROSS JOIN records latest ON latest.log_seq = seen.log_seq ORDER BY seen.contact",
        )?
        .query_map(params![tenant.as_str(), after, row_limit(limit, MAX_ROWS)], |row| {
            Ok(SeenContact {
                contact: contact_id(row, 0)?,
                first_seen: Timestamp(row.get(1)?),
                last_seen: Timestamp(row.get(2)?),
            })
        })?
        .collect()
}

/// Everybody of whom there is a record, by id.
pub(super) fn contact_ids(
    connection: &Connection,
    tenant: &TenantId,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<ContactId>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT contact FROM records WHERE tenant = ?1 AND contact > ?2 ORDER BY contact LIMIT ?3",
        )?
        .query_map(params![tenant.as_str(), after, row_limit(limit, MAX_ROWS)], |row| contact_id(row, 0))?
        .collect()
}

/// The turns and facts of a contact after a place of the log, oldest first.
pub(super) fn contact_records(
    connection: &Connection,
    tenant: &TenantId,
    contact: &ContactId,
    after: LogSeq,
    limit: usize,
) -> rusqlite::Result<Vec<(LogSeq, Record)>> {
    let places: Vec<LogSeq> = connection
        .prepare_cached(
            "SELECT log_seq FROM records WHERE tenant = ?1 AND contact = ?2 AND log_seq > ?3
             ORDER BY log_seq LIMIT ?4",
        )?
        .query_map(params![tenant.as_str(), contact.as_str(), bounded(after.0), row_limit(limit, MAX_ROWS)], |row| {
            Ok(seq(row.get(0)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut records = Vec::with_capacity(places.len());
    for place in places {
        // Anything else went while this was read.
        if let Some(record @ (Record::Turn(_) | Record::Fact(_))) = with_record(connection, place, encoding::decode)? {
            records.push((place, record));
        }
    }
    Ok(records)
}

fn stored_entry(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    let author = author(row.get(12)?);
    let request = match row.get::<_, Option<String>>(7)? {
        Some(url) => Some(RequestFacts {
            url,
            source_ip: row.get(8)?,
            status: row.get(9)?,
            duration_micros: row.get::<_, i64>(10)?.cast_unsigned(),
        }),
        None => None,
    };
    Ok(StoredEntry {
        position: row.get::<_, i64>(0)?.cast_unsigned(),
        log_seq: seq(row.get(1)?),
        transcript: uuid(row, 2)?.map(TranscriptId),
        agent: uuid(row, 3)?.map(AgentId),
        contact: contact_id(row, 4)?,
        turn: row.get(5)?,
        message_id: if author == model::record::Author::Contact { row.get(6)? } else { None },
        request,
        entry: Entry {
            id: EntryId(Uuid::from_bytes(row.get(11)?)),
            author,
            kind: row.get(13)?,
            text: row.get(14)?,
            at: Timestamp(row.get(15)?),
            intent: row.get(16)?,
            place: row.get(17)?,
            body: raw(row, 18)?,
        },
    })
}

pub(super) fn seq(stored: i64) -> LogSeq {
    LogSeq(stored.cast_unsigned())
}

/// A caller's number as SQLite counts.
pub(super) fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

pub(super) fn contact_id(row: &Row<'_>, column: usize) -> rusqlite::Result<ContactId> {
    ContactId::try_from(row.get::<_, String>(column)?).map_err(|problem| unreadable(column, problem))
}

fn raw(row: &Row<'_>, column: usize) -> rusqlite::Result<Box<RawValue>> {
    RawValue::from_string(row.get(column)?).map_err(|problem| unreadable(column, problem))
}

pub(super) fn unreadable(column: usize, problem: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(problem))
}

const _: () = assert!(MAX_PARTS == 4096, "the SQL above counts on it");
