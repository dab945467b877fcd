//! How transcripts are going: a row of the latest turn that changed it.
//!
//! Most turns change nothing that is shown, and cost nothing here: whether one does is in its record, so that the
//! rows are a function of the log.

use model::{
    TenantId,
    mood::{Mood, RiskLevel},
};
use rusqlite::{Connection, Transaction, params};

use super::{encoding, states};

/// The number under which a level is stored.
pub(super) const fn number(level: RiskLevel) -> i64 {
    match level {
        RiskLevel::Low => 0,
        RiskLevel::Medium => 1,
        RiskLevel::High => 2,
    }
}

/// Notes how a transcript is going now, if the turn changed it. Its row among the transcripts is there already.
pub(super) fn put(
    transaction: &Transaction<'_>,
    tenant: &TenantId,
    transcript: &[u8; 16],
    mood: &Mood,
) -> rusqlite::Result<()> {
    if !mood.moved {
        return Ok(());
    }
    transaction
        .prepare_cached(
            "INSERT INTO transcript_moods (tenant, transcript, started_seq, risk, sentiment, mood)
             SELECT tenant, transcript, started_seq, ?3, ?4, ?5 FROM transcripts
             WHERE tenant = ?1 AND transcript = ?2
             ON CONFLICT (tenant, transcript) DO UPDATE SET risk = excluded.risk, sentiment = excluded.sentiment,
                 mood = excluded.mood",
        )?
        .execute(params![
            tenant.as_str(),
            transcript,
            number(mood.level),
            mood.scores.strongest().map(|emotion| emotion.as_str()),
            serde_json::to_string(mood).expect("names and numbers are JSON")
        ])
        .map(|_| ())
}

/// Makes the row of a transcript anew from the turns that are left, which the log still has.
pub(super) fn find_again(
    transaction: &Transaction<'_>,
    log: &Connection,
    tenant: &TenantId,
    transcript: &[u8; 16],
) -> rusqlite::Result<()> {
    let owner = tenant.as_str();
    let of_transcript = params![owner, transcript];
    let there = transaction
        .prepare_cached("DELETE FROM transcript_moods WHERE tenant = ?1 AND transcript = ?2")?
        .execute(of_transcript)?;
    if there == 0 {
        return Ok(());
    }
    let latest = states::latest_said(transaction, log, tenant, transcript, |record| {
        Ok(encoding::read_mood(record)?.filter(|mood| mood.moved))
    })?;
    match latest {
        Some(mood) => put(transaction, tenant, transcript, &mood),
        None => Ok(()),
    }
}
