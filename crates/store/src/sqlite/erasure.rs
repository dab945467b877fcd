//! Erasing and expiring: records become tombstones in the log, and leave the tables.
//!
//! A batch of tombstones is written in one transaction with an erasure record that names their places.
//! The projector comes to that record like to any other and removes what the places had become. So the
//! tables are a function of the log here too, and a crash at any point leaves some whole batches done.

use model::{
    ContactId, LogSeq, TenantId, Timestamp,
    record::{ErasureReason, ErasureRecord, Event, Record, Tombstone},
};
use rusqlite::{Connection, params};
use serde_json::{json, value::to_raw_value};
use uuid::Uuid;

use super::{connection::Database, conversations, encoding, readers::off_the_async_threads, turns::SqliteTurns};
use crate::{Erased, Result};

/// Records that are replaced in one transaction, which appends wait for.
const BATCH: usize = 256;
/// How far the log may be out of the order of time: clocks are set back, turns overtake each other.
pub(super) const DISORDER_MICROS: i64 = 3_600_000_000;

/// What an erasure is, without what it erases.
#[derive(Debug, Clone)]
struct Order {
    tenant: TenantId,
    erasure: Uuid,
    at: Timestamp,
    reason: ErasureReason,
}

impl SqliteTurns {
    pub(super) async fn erase(&self, tenant: TenantId, contact: ContactId, erasure: Uuid) -> Result<Erased> {
        let of = tenant.clone();
        // The newest first: what is left at any moment is the beginning of each conversation, as it was.
        let places = self.read(move |connection| places_of_contact(connection, &of, &contact)).await?;
        let order = Order { tenant, erasure, at: Timestamp::now(), reason: ErasureReason::Erased };
        let mut batches = places.chunks(BATCH).peekable();
        while let Some(batch) = batches.next() {
            let events = if batches.peek().is_none() { vec![erased(erasure, places.len())] } else { Vec::new() };
            self.bury(&order, batch.to_vec(), events).await?;
        }
        self.pipeline.caught_up().await?;
        Ok(Erased { records: places.len() })
    }

    pub(super) async fn purge(&self, tenant: TenantId, before: Timestamp, limit: usize) -> Result<usize> {
        let of = tenant.clone();
        let places = self.read(move |connection| expired(connection, &of, before, limit)).await?;
        if places.is_empty() {
            return Ok(0);
        }
        let count = places.len();
        let order = Order { tenant, erasure: Uuid::new_v4(), at: Timestamp::now(), reason: ErasureReason::Expired };
        self.bury(&order, places, Vec::new()).await?;
        // The next step must not find the same again.
        self.pipeline.caught_up().await?;
        Ok(count)
    }

    /// Writes the tables without what left them, then empties what the write-ahead logs still hold. The
    /// turn log needs no writing anew: tombstones fit into the room of what they replace, nothing moves.
    pub(super) async fn scrub_files(&self) -> Result<()> {
        self.pipeline.renewed().await?;
        let dir = self.dir.clone();
        off_the_async_threads(move || {
            [Database::Log, Database::Tables, Database::Documents].iter().try_for_each(|one| one.empty_wal(&dir))
        })
        .await
    }

    async fn bury(&self, order: &Order, places: Vec<LogSeq>, events: Vec<Event>) -> Result<Option<LogSeq>> {
        let of = order.clone();
        let (tombstones, places) =
            self.read(move |connection| Ok((tombstones(connection, &of, &places)?, places))).await?;
        let Order { tenant, erasure, at, reason } = order.clone();
        let record = ErasureRecord { tenant, erasure, at, reason, places, events };
        self.log.bury(tombstones, Record::Erasure(Box::new(record))).await
    }
}

/// The event that tells of an erasure, without anything that leads to the person.
fn erased(erasure: Uuid, records: usize) -> Event {
    let body = to_raw_value(&json!({ "erasure": erasure, "records": records })).expect("text and a number are JSON");
    Event { kind: "contact.erased".to_owned(), body }
}

/// The tombstones of the turns and facts among these places.
fn tombstones(connection: &Connection, order: &Order, places: &[LogSeq]) -> rusqlite::Result<Vec<(LogSeq, Vec<u8>)>> {
    let mut tombstones = Vec::with_capacity(places.len());
    for place in places {
        let events = conversations::with_record(connection, *place, |kind, json| match kind {
            encoding::TURN | encoding::FACT => encoding::count_events(json).map(Some),
            _ => Ok(None),
        })?;
        if let Some(events) = events.flatten() {
            let Order { tenant, erasure, at, reason } = order.clone();
            let tombstone = Tombstone { tenant, erasure, at, reason, events };
            tombstones.push((*place, encoding::encode_tombstone(&tombstone)));
        }
    }
    Ok(tombstones)
}

/// Where the records of a contact are, newest first.
fn places_of_contact(connection: &Connection, tenant: &TenantId, contact: &ContactId) -> rusqlite::Result<Vec<LogSeq>> {
    connection
        .prepare_cached("SELECT log_seq FROM records WHERE tenant = ?1 AND contact = ?2 ORDER BY log_seq DESC")?
        .query_map([tenant.as_str(), contact.as_str()], |row| Ok(LogSeq(row.get::<_, i64>(0)?.cast_unsigned())))?
        .collect()
}

/// Where the records are that expire next: see [`crate::TenantStore::purge_before`].
fn expired(
    connection: &Connection,
    tenant: &TenantId,
    before: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<LogSeq>> {
    // The log is nearly in the order of time, so that what is too new ends the search.
    let too_new = before.0.saturating_add(DISORDER_MICROS);
    let mut places = Vec::new();
    let mut transcripts = connection.prepare_cached(
        "SELECT transcript, started_at, (
             SELECT at FROM records WHERE tenant = t.tenant AND transcript = t.transcript
             ORDER BY turn DESC, log_seq DESC LIMIT 1)
         FROM transcripts t WHERE tenant = ?1 ORDER BY started_seq",
    )?;
    let mut records = connection
        .prepare_cached("SELECT log_seq FROM records WHERE tenant = ?1 AND transcript = ?2 ORDER BY turn, log_seq")?;
    let mut rows = transcripts.query([tenant.as_str()])?;
    while let Some(row) = rows.next()? {
        let (transcript, started_at, newest): ([u8; 16], i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if started_at >= too_new {
            break;
        }
        if newest >= before.0 {
            continue;
        }
        let of_transcript = records
            .query_map(params![tenant.as_str(), transcript], |row| row.get::<_, i64>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if !places.is_empty() && places.len() + of_transcript.len() > limit {
            return Ok(places);
        }
        places.extend(of_transcript.into_iter().map(|seq| LogSeq(seq.cast_unsigned())));
        if places.len() >= limit {
            return Ok(places);
        }
    }
    let mut loose = connection.prepare_cached(
        "SELECT log_seq, at FROM records WHERE tenant = ?1 AND agent IS NULL AND contact <> '' ORDER BY log_seq",
    )?;
    let mut rows = loose.query([tenant.as_str()])?;
    while places.len() < limit
        && let Some(row) = rows.next()?
    {
        let (seq, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        if at >= too_new {
            break;
        }
        let place = LogSeq(seq.cast_unsigned());
        // A fact that came before the first turn of its transcript may be here already.
        if at < before.0 && !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}
