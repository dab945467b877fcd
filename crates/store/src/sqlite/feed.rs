//! The log as it is read by who follows it: in order, from a place on.

use std::sync::Arc;

use model::{LogSeq, TenantId, TranscriptId, record::Record};
use rusqlite::{Connection, params};

use super::{
    conversations::{bounded, seq, with_record},
    encoding,
};
use crate::{Committed, LogPage, MAX_ROWS};

/// Records of all tenants that one read passes over, and bytes that it gives at most.
const PASSED: u64 = 50_000;
const BYTES: usize = 16 << 20;

/// The records of a tenant after a place, from the log itself.
pub(super) fn of_tenant(
    connection: &Connection,
    tenant: &TenantId,
    after: LogSeq,
    limit: usize,
) -> rusqlite::Result<LogPage> {
    let end: u64 = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM turn_log.log")?
        .query_row([], |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?;
    let until = end.min(after.0.saturating_add(PASSED));
    let mut page = LogPage { records: Vec::new(), reached: after.max(LogSeq(until)), more: until < end };
    let mut query = connection.prepare_cached(
        "SELECT seq, kind, record FROM turn_log.log WHERE seq > ?1 AND seq <= ?2 AND tenant = ?3 AND kind <> ?4
         ORDER BY seq",
    )?;
    let mut rows = query.query(params![bounded(after.0), bounded(until), tenant.as_str(), encoding::TOMBSTONE])?;
    let limit = limit.clamp(1, MAX_ROWS);
    let (mut bytes, mut passed) = (0, after);
    while let Some(row) = rows.next()? {
        if page.records.len() >= limit || bytes >= BYTES {
            page.reached = passed;
            page.more = true;
            break;
        }
        let at = seq(row.get(0)?);
        passed = at;
        let json = row.get_ref(2)?.as_blob()?;
        bytes += json.len();
        match encoding::decode(row.get(1)?, json) {
            Ok(record) => page.records.push((at, record)),
            // As the projector does: it stays in the log, and who follows goes on after it.
            Err(problem) => tracing::error!(seq = %at, %problem, "a record of the turn log cannot be read"),
        }
    }
    Ok(page)
}

/// The records of a transcript after a place that are in the tables.
pub(super) fn of_transcript(
    connection: &Connection,
    tenant: &TenantId,
    transcript: &TranscriptId,
    after: LogSeq,
    limit: usize,
) -> rusqlite::Result<LogPage> {
    let places: Vec<LogSeq> = connection
        .prepare_cached(
            "SELECT log_seq FROM records WHERE tenant = ?1 AND transcript = ?2 AND log_seq > ?3 ORDER BY log_seq",
        )?
        .query_map(params![tenant.as_str(), transcript.0.as_bytes(), bounded(after.0)], |row| Ok(seq(row.get(0)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let limit = limit.clamp(1, MAX_ROWS);
    let mut page = LogPage { records: Vec::new(), reached: after, more: false };
    let mut bytes = 0;
    for place in places {
        if page.records.len() >= limit || bytes >= BYTES {
            page.more = true;
            break;
        }
        let found = with_record(connection, place, |kind, json| {
            bytes += json.len();
            encoding::decode(kind, json)
        })?;
        page.reached = place;
        // What has been erased meanwhile is a tombstone.
        if let Some(record) = found.filter(|record| !matches!(record, Record::Tombstone(_))) {
            page.records.push((place, record));
        }
    }
    Ok(page)
}

impl LogPage {
    /// Adds what is not in the tables yet to what comes from there.
    pub(super) fn add(&mut self, pending: &[Arc<Committed>], limit: usize) {
        let limit = limit.clamp(1, MAX_ROWS);
        for committed in pending {
            if self.more || committed.seq <= self.reached {
                continue;
            }
            if self.records.len() >= limit {
                self.more = true;
                break;
            }
            self.records.push((committed.seq, committed.record.clone()));
            self.reached = committed.seq;
        }
    }
}
