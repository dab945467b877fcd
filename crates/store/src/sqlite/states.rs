//! How transcripts stand, and what they are found by: rows of the turns that say so.
//!
//! A turn of a scenario says nothing and costs nothing here. Once a turn of a transcript has said how it
//! stands, that holds until another turn of it says otherwise.

use std::collections::BTreeSet;

use model::{TenantId, transcript::TranscriptState};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{conversations::unreadable, encoding};
use crate::MAX_LABEL_BYTES;

const TAG: i64 = 0;
const PARAMETER: i64 = 1;
const FUNCTION: i64 = 2;
const DESTINATION: i64 = 3;
/// Most destinations of a tenant that are told.
const MAX_DESTINATIONS: i64 = 200;

/// Something that transcripts are found by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Label<'a> {
    pub(super) kind: i64,
    pub(super) name: &'a str,
    pub(super) value: &'a str,
}

impl<'a> Label<'a> {
    pub(super) const fn tag(name: &'a str, value: &'a str) -> Self {
        Self { kind: TAG, name, value }
    }

    pub(super) const fn parameter(name: &'a str, value: &'a str) -> Self {
        Self { kind: PARAMETER, name, value }
    }

    pub(super) const fn function(name: &'a str) -> Self {
        Self { kind: FUNCTION, name, value: "" }
    }
}

/// Kind, name and value.
type Labels = BTreeSet<(i64, String, String)>;

fn labels(state: &TranscriptState) -> Labels {
    let tags = state.tags.iter().map(|(name, value)| (TAG, name.clone(), value.clone()));
    let parameters = state.parameters.iter().map(|(name, attribute)| {
        let value = match &attribute.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (PARAMETER, name.clone(), value)
    });
    let functions = state.functions.iter().map(|name| (FUNCTION, name.clone(), String::new()));
    let destination = state.destination.iter().map(|name| (DESTINATION, name.clone(), String::new()));
    tags.chain(parameters)
        .chain(functions)
        .chain(destination)
        .filter(|(_, _, value)| value.len() <= MAX_LABEL_BYTES)
        .collect()
}

/// Notes how a transcript stands now. Its row among the transcripts is there already.
pub(super) fn put(
    transaction: &Transaction<'_>,
    tenant: &TenantId,
    transcript: &[u8; 16],
    state: &TranscriptState,
) -> rusqlite::Result<()> {
    let tenant = tenant.as_str();
    let of_transcript = params![tenant, transcript];
    let started_seq: i64 = transaction
        .prepare_cached("SELECT started_seq FROM transcripts WHERE tenant = ?1 AND transcript = ?2")?
        .query_row(of_transcript, |row| row.get(0))?;
    let before: Option<String> = transaction
        .prepare_cached("SELECT state FROM transcript_states WHERE tenant = ?1 AND transcript = ?2")?
        .query_row(of_transcript, |row| row.get(0))
        .optional()?;
    let before = match before {
        Some(json) => labels(&serde_json::from_str(&json).map_err(|problem| unreadable(0, problem))?),
        None => Labels::new(),
    };
    transaction
        .prepare_cached(
            "INSERT INTO transcript_states
                 (tenant, transcript, started_seq, status, channel, endpoint, flagged, test, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (tenant, transcript) DO UPDATE SET status = excluded.status, channel = excluded.channel,
                 endpoint = excluded.endpoint, flagged = excluded.flagged, test = excluded.test,
                 state = excluded.state",
        )?
        .execute(params![
            tenant,
            transcript,
            started_seq,
            state.status.as_str(),
            state.channel,
            state.endpoint,
            state.flagged.is_some(),
            state.test,
            serde_json::to_string(state).expect("names, texts and values are JSON")
        ])?;
    let now = labels(state);
    let mut remove = transaction.prepare_cached(
        "DELETE FROM transcript_labels WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND value = ?4
         AND started_seq = ?5 AND transcript = ?6",
    )?;
    for (kind, name, value) in before.difference(&now) {
        remove.execute(params![tenant, kind, name, value, started_seq, transcript])?;
    }
    let mut add = transaction.prepare_cached(
        "INSERT INTO transcript_labels (tenant, kind, name, value, started_seq, transcript)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (kind, name, value) in now.difference(&before) {
        add.execute(params![tenant, kind, name, value, started_seq, transcript])?;
    }
    Ok(())
}

/// Where transcripts of a tenant were handed to, by name.
pub(super) fn destinations(connection: &Connection, tenant: &TenantId) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT DISTINCT name FROM transcript_labels WHERE tenant = ?1 AND kind = ?2 ORDER BY name LIMIT ?3",
        )?
        .query_map(params![tenant.as_str(), DESTINATION, MAX_DESTINATIONS], |row| row.get(0))?
        .collect()
}

/// Makes the rows of a transcript anew from the turns that are left, which the log still has.
pub(super) fn find_again(
    transaction: &Transaction<'_>,
    log: &Connection,
    tenant: &TenantId,
    transcript: &[u8; 16],
) -> rusqlite::Result<()> {
    let owner = tenant.as_str();
    let of_transcript = params![owner, transcript];
    let there = transaction
        .prepare_cached("DELETE FROM transcript_states WHERE tenant = ?1 AND transcript = ?2")?
        .execute(of_transcript)?;
    if there == 0 {
        return Ok(());
    }
    transaction
        .prepare_cached("DELETE FROM transcript_labels WHERE tenant = ?1 AND transcript = ?2")?
        .execute(of_transcript)?;
    match latest_said(transaction, log, tenant, transcript, encoding::read_state)? {
        Some(state) => put(transaction, tenant, transcript, &state),
        None => Ok(()),
    }
}

/// The latest that the turns of a transcript which are left say of it. A turn that is a tombstone by now says nothing:
/// the erasure that made it one comes later in the log and takes its rows away.
pub(super) fn latest_said<T>(
    transaction: &Transaction<'_>,
    log: &Connection,
    tenant: &TenantId,
    transcript: &[u8; 16],
    read: impl Fn(&[u8]) -> serde_json::Result<Option<T>>,
) -> rusqlite::Result<Option<T>> {
    let mut left = transaction.prepare_cached(
        "SELECT log_seq FROM records WHERE tenant = ?1 AND transcript = ?2 AND agent_version IS NOT NULL
         ORDER BY log_seq DESC",
    )?;
    let mut record = log.prepare_cached("SELECT record FROM log WHERE seq = ?1 AND kind = ?2")?;
    let mut places = left.query(params![tenant.as_str(), transcript])?;
    while let Some(place) = places.next()? {
        let said = record
            .query_row([place.get(0)?, encoding::TURN], |row| {
                read(row.get_ref(0)?.as_blob()?).map_err(|problem| unreadable(0, problem))
            })
            .optional()?;
        if let Some(said) = said.flatten() {
            return Ok(Some(said));
        }
    }
    Ok(None)
}
