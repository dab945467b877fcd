//! Taking out of the tables what records had become.
//!
//! Invariant: after it the tables are those that the log would give now if they were made anew. What
//! depends on several records (sessions, transcripts and how they stand, the turn that a fact belongs to) is
//! therefore found again from the rows that are left.

use std::collections::{BTreeMap, BTreeSet};

use model::{LogSeq, TenantId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{moods, projection::first_position, search, states};

type Uuid = [u8; 16];

/// What is known of a record that is to go.
struct Found {
    contact: String,
    agent: Option<Uuid>,
    transcript: Option<Uuid>,
    is_turn: bool,
}

/// Removes all rows of the records at these places; places that have none are passed over.
pub(super) fn remove(
    transaction: &Transaction<'_>,
    log: &Connection,
    tenant: &TenantId,
    places: &[LogSeq],
) -> rusqlite::Result<()> {
    let mut sessions: BTreeSet<(String, Uuid)> = BTreeSet::new();
    // With the first place that each loses.
    let mut transcripts: BTreeMap<Uuid, i64> = BTreeMap::new();
    for place in places {
        let seq = place.0.cast_signed();
        let Some(found) = find(transaction, tenant, seq)? else { continue };
        if let (true, Some(agent)) = (found.is_turn, found.agent) {
            sessions.insert((found.contact, agent));
        }
        if let Some(transcript) = found.transcript {
            let first = transcripts.entry(transcript).or_insert(seq);
            *first = seq.min(*first);
        }
        remove_events(transaction, tenant, seq)?;
        search::remove(transaction, seq)?;
        transaction
            .prepare_cached("DELETE FROM entries WHERE position >= ?1 AND position < ?2")?
            .execute([first_position(seq), first_position(seq + 1)])?;
        transaction.prepare_cached("DELETE FROM records WHERE log_seq = ?1")?.execute([seq])?;
    }
    for (contact, agent) in &sessions {
        find_session(transaction, tenant, contact, agent)?;
    }
    for (transcript, first) in &transcripts {
        find_transcript(transaction, tenant, transcript)?;
        states::find_again(transaction, log, tenant, transcript)?;
        moods::find_again(transaction, log, tenant, transcript)?;
        place_facts(transaction, tenant, transcript, *first)?;
    }
    Ok(())
}

fn find(transaction: &Transaction<'_>, tenant: &TenantId, seq: i64) -> rusqlite::Result<Option<Found>> {
    transaction
        .prepare_cached(
            "SELECT contact, agent, transcript, agent_version IS NOT NULL FROM records
             WHERE log_seq = ?1 AND tenant = ?2",
        )?
        .query_row(params![seq, tenant.as_str()], |row| {
            Ok(Found { contact: row.get(0)?, agent: row.get(1)?, transcript: row.get(2)?, is_turn: row.get(3)? })
        })
        .optional()
}

fn remove_events(transaction: &Transaction<'_>, tenant: &TenantId, seq: i64) -> rusqlite::Result<()> {
    let Some(first) = first_event_from(transaction, tenant, seq)? else { return Ok(()) };
    let after = first_event_from(transaction, tenant, seq + 1)?.unwrap_or(i64::MAX);
    transaction
        .prepare_cached("DELETE FROM events WHERE tenant = ?1 AND seq >= ?2 AND seq < ?3")?
        .execute(params![tenant.as_str(), first, after])
        .map(|_| ())
}

/// The number of the tenant's first event that came with this record or a later one. Events are
/// numbered in the order of the log, so a search by halves does without an index that every turn
/// would have to pay for.
fn first_event_from(transaction: &Transaction<'_>, tenant: &TenantId, seq: i64) -> rusqlite::Result<Option<i64>> {
    let last: Option<i64> = transaction
        .prepare_cached("SELECT max(seq) FROM events WHERE tenant = ?1")?
        .query_row([tenant.as_str()], |row| row.get(0))?;
    let Some(last) = last else { return Ok(None) };
    let mut next = transaction
        .prepare_cached("SELECT seq, log_seq FROM events WHERE tenant = ?1 AND seq >= ?2 ORDER BY seq LIMIT 1")?;
    // What is before `low` came earlier in the log; `found` is the first at `high` or after it.
    let (mut low, mut high, mut found) = (0, last + 1, None);
    while low < high {
        let middle = low + (high - low) / 2;
        let event: Option<(i64, i64)> =
            next.query_row(params![tenant.as_str(), middle], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match event {
            Some((number, came_with)) if came_with < seq => low = number + 1,
            Some((number, _)) => {
                found = Some(number);
                high = middle;
            }
            None => high = middle,
        }
    }
    Ok(found)
}

/// Makes the session of a contact with an agent anew from the turns that are left.
fn find_session(transaction: &Transaction<'_>, tenant: &TenantId, contact: &str, agent: &Uuid) -> rusqlite::Result<()> {
    let tenant = tenant.as_str();
    let of_session = params![tenant, contact, agent];
    transaction
        .prepare_cached("DELETE FROM sessions WHERE tenant = ?1 AND contact = ?2 AND agent = ?3")?
        .execute(of_session)?;
    transaction
        .prepare_cached(
            "INSERT INTO sessions (tenant, contact, agent, first_seen, log_seq)
             SELECT tenant, contact, agent, at, (
                 SELECT log_seq FROM records
                 WHERE tenant = ?1 AND contact = ?2 AND agent = ?3 AND agent_version IS NOT NULL
                 ORDER BY log_seq DESC LIMIT 1)
             FROM records WHERE tenant = ?1 AND contact = ?2 AND agent = ?3 AND agent_version IS NOT NULL
             ORDER BY log_seq LIMIT 1",
        )?
        .execute(of_session)
        .map(|_| ())
}

/// Makes the beginning of a transcript anew from the turns that are left.
fn find_transcript(transaction: &Transaction<'_>, tenant: &TenantId, transcript: &Uuid) -> rusqlite::Result<()> {
    let tenant = tenant.as_str();
    let of_transcript = params![tenant, transcript];
    transaction
        .prepare_cached("DELETE FROM transcripts WHERE tenant = ?1 AND transcript = ?2")?
        .execute(of_transcript)?;
    transaction
        .prepare_cached(
            "INSERT INTO transcripts (tenant, transcript, contact, agent, started_at, started_seq)
             SELECT tenant, transcript, contact, agent, at, log_seq FROM records
             WHERE tenant = ?1 AND transcript = ?2 AND agent_version IS NOT NULL ORDER BY log_seq LIMIT 1",
        )?
        .execute(of_transcript)
        .map(|_| ())
}

/// Finds again the turn after which the facts of a transcript came, where a turn before them is gone.
fn place_facts(
    transaction: &Transaction<'_>,
    tenant: &TenantId,
    transcript: &Uuid,
    first_gone: i64,
) -> rusqlite::Result<()> {
    let facts: Vec<i64> = transaction
        .prepare_cached(
            "SELECT log_seq FROM records WHERE tenant = ?1 AND transcript = ?2 AND log_seq > ?3
             AND agent_version IS NULL ORDER BY log_seq",
        )?
        .query_map(params![tenant.as_str(), transcript, first_gone], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for fact in facts {
        let known: Option<(Option<Uuid>, i64)> = transaction
            .prepare_cached(
                "SELECT agent, turn FROM records WHERE tenant = ?1 AND transcript = ?2 AND log_seq < ?3
                 ORDER BY turn DESC, log_seq DESC LIMIT 1",
            )?
            .query_row(params![tenant.as_str(), transcript, fact], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (agent, turn) = known.unwrap_or((None, 0));
        transaction
            .prepare_cached("UPDATE records SET agent = ?1, turn = ?2 WHERE log_seq = ?3")?
            .execute(params![agent, turn, fact])?;
    }
    Ok(())
}
