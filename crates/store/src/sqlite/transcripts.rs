//! Finding transcripts: lists, counts, and each with how it stands.
//!
//! Lists come in the order in which transcripts began. What is asked for decides which index gives that
//! order, see [`Source`]; whatever else is asked for is checked one by one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use model::{
    AgentId, ContactId, TenantId, Timestamp, TranscriptId,
    mood::{Mood, RiskLevel},
    transcript::{TranscriptState, TranscriptStatus},
};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use uuid::Uuid;

use super::{
    conversations::{bounded, contact_id, seq, unreadable},
    erasure::DISORDER_MICROS,
    moods,
    readers::row_limit,
    search,
    states::Label,
};
use crate::{MAX_ROWS, Result, StoreError, StoredTranscript, TranscriptFilter};

/// How each transcript is going, where its turns say so.
const GOING: &str = " LEFT JOIN transcript_moods m ON m.tenant = t.tenant AND m.transcript = t.transcript";
const COLUMNS: &str = "t.transcript, t.contact, t.agent, latest.agent_version, latest.turn, latest.closed,
    t.started_at, latest.at, t.started_seq, latest.log_seq, s.state, m.mood";
/// How the latest turn of a transcript left it: the first record with its highest number.
const LATEST: &str = " CROSS JOIN records latest ON latest.log_seq = (
    SELECT min(log_seq) FROM records WHERE tenant = t.tenant AND transcript = t.transcript AND turn = (
        SELECT max(turn) FROM records WHERE tenant = t.tenant AND transcript = t.transcript))";
/// Where words were said in a transcript since it began, the newest first.
const SAID: &str = "SELECT entry_words.rowid, t.transcript, t.started_seq FROM entry_words
    CROSS JOIN records r ON r.log_seq = entry_words.rowid / 4096
    CROSS JOIN transcripts t ON t.tenant = r.tenant AND t.transcript = r.transcript
    WHERE entry_words MATCH ?1 AND r.tenant = ?2 AND r.log_seq >= t.started_seq ORDER BY entry_words.rowid DESC";

/// Refuses what cannot be asked for.
pub(super) fn check(filter: &TranscriptFilter) -> Result<()> {
    match &filter.text {
        Some(text) => search::check(text),
        None => Ok(()),
    }
}

pub(super) fn transcript(
    connection: &Connection,
    tenant: &TenantId,
    id: &TranscriptId,
) -> rusqlite::Result<Option<StoredTranscript>> {
    let mut question = Question::new(connection, tenant, &TranscriptFilter::default(), Source::One)?;
    question.values.push(Value::Blob(id.0.as_bytes().to_vec()));
    connection
        .prepare_cached(&question.listing())?
        .query_row(params_from_iter(&question.values), stored_transcript)
        .optional()
}

pub(super) fn list(
    connection: &Connection,
    tenant: &TenantId,
    filter: &TranscriptFilter,
) -> rusqlite::Result<Vec<StoredTranscript>> {
    if let Some(text) = &filter.text {
        return list_said(connection, tenant, filter, text);
    }
    let source = Source::of(filter);
    let order = source.order();
    let mut question = Question::new(connection, tenant, filter, source)?;
    if let Some(before) = filter.before {
        let before = question.value(bounded(before.0));
        question.require(&format!("{order} < {before}"));
    }
    let limit = question.value(row_limit(filter.limit, MAX_ROWS));
    connection
        .prepare_cached(&format!("{} ORDER BY {order} DESC LIMIT {limit}", question.listing()))?
        .query_map(params_from_iter(&question.values), stored_transcript)?
        .collect()
}

/// How many fit, whatever the bounds on how many are listed.
pub(super) fn count(connection: &Connection, tenant: &TenantId, filter: &TranscriptFilter) -> rusqlite::Result<u64> {
    if let Some(text) = &filter.text {
        let mut count = 0;
        each_said(connection, tenant, text, filter, |_, _, fits| {
            count += u64::from(fits()?.is_some());
            Ok(true)
        })?;
        return Ok(count);
    }
    let question = Question::new(connection, tenant, filter, Source::of(filter))?;
    connection
        .prepare_cached(&format!("SELECT count(*) {}", question.rest(!filter.statuses.is_empty())))?
        .query_row(params_from_iter(&question.values), |row| row.get::<_, i64>(0).map(i64::cast_unsigned))
}

/// How many transcripts of each contact started at a moment or later.
pub(super) fn count_started(
    connection: &Connection,
    tenant: &TenantId,
    contacts: &[ContactId],
    since: Timestamp,
) -> rusqlite::Result<Vec<u32>> {
    let mut count = connection.prepare_cached(
        "SELECT count(*) FROM transcripts INDEXED BY transcripts_by_contact
         WHERE tenant = ?1 AND contact = ?2 AND started_at >= ?3",
    )?;
    contacts
        .iter()
        .map(|contact| count.query_row(params![tenant.as_str(), contact.as_str(), since.0], |row| row.get(0)))
        .collect()
}

/// The newest transcripts in which something was said.
///
/// Where the words were said comes newest first, transcripts are listed by where they start. A line is never
/// before its transcript's start: when the lines have passed the start of the last one on the page, nothing
/// that follows can be on it.
fn list_said(
    connection: &Connection,
    tenant: &TenantId,
    filter: &TranscriptFilter,
    text: &str,
) -> rusqlite::Result<Vec<StoredTranscript>> {
    let limit = filter.limit.min(MAX_ROWS);
    let before = filter.before.map_or(i64::MAX, |before| bounded(before.0));
    let mut found: BTreeMap<Reverse<i64>, StoredTranscript> = BTreeMap::new();
    if limit == 0 {
        return Ok(Vec::new());
    }
    each_said(connection, tenant, text, filter, |said_seq, started_seq, fits| {
        let last = found.last_key_value().filter(|_| found.len() == limit).map(|(Reverse(last), _)| *last);
        if last.is_some_and(|last| said_seq < last) {
            return Ok(false);
        }
        if started_seq < before
            && last.is_none_or(|last| started_seq > last)
            && let Some(transcript) = fits()?
        {
            found.insert(Reverse(started_seq), transcript);
            if found.len() > limit {
                found.pop_last();
            }
        }
        Ok(true)
    })?;
    Ok(found.into_values().collect())
}

/// The transcript that is looked at, if it is as asked for.
type Fits<'a> = &'a mut dyn FnMut() -> rusqlite::Result<Option<StoredTranscript>>;

/// Tells each transcript in which the words of a text were said, once: where its newest such line is and
/// where it starts, while `more` says so.
fn each_said(
    connection: &Connection,
    tenant: &TenantId,
    text: &str,
    filter: &TranscriptFilter,
    mut more: impl FnMut(i64, i64, Fits<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let Some(words) = search::words(tenant, text) else { return Ok(()) };
    let question = Question::new(connection, tenant, filter, Source::One)?;
    let mut one = connection.prepare_cached(&question.listing())?;
    let mut values = question.values;
    values.push(Value::Null);
    let mut said = connection.prepare_cached(SAID)?;
    let mut rows = said.query(params![words, tenant.as_str()])?;
    let mut seen: HashSet<[u8; 16]> = HashSet::new();
    while let Some(row) = rows.next()? {
        let (position, transcript, started_seq): (i64, [u8; 16], i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if !seen.insert(transcript) {
            continue;
        }
        if let Some(last) = values.last_mut() {
            *last = Value::Blob(transcript.to_vec());
        }
        let mut fits = || one.query_row(params_from_iter(&values), stored_transcript).optional();
        if !more(position / 4096, started_seq, &mut fits)? {
            break;
        }
    }
    Ok(())
}

/// What gives transcripts in the order in which they began.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// One transcript; its id is the last value.
    One,
    /// All of the tenant.
    All,
    /// Those of a contact.
    Contact,
    /// Those with something that they are found by.
    Label(Label<'a>),
    /// Those whose turns say how they stand.
    States,
    /// Those whose turns say how they are going.
    Moods,
}

impl<'a> Source<'a> {
    fn of(filter: &'a TranscriptFilter) -> Self {
        if let Some(label) = labels(filter).next() {
            Self::Label(label)
        } else if filter.contact.is_some() {
            Self::Contact
        } else if stands(filter) {
            Self::States
        } else if stands_out(filter) {
            Self::Moods
        } else {
            Self::All
        }
    }

    const fn order(self) -> &'static str {
        match self {
            Self::One | Self::All | Self::Contact => "t.started_seq",
            Self::Label(_) => "l.started_seq",
            Self::States => "s.started_seq",
            Self::Moods => "m.started_seq",
        }
    }

    const fn tables(self) -> &'static str {
        match self {
            Self::One | Self::All => {
                "FROM transcripts t
                 LEFT JOIN transcript_states s ON s.tenant = t.tenant AND s.transcript = t.transcript"
            }
            Self::Contact => {
                "FROM transcripts t INDEXED BY transcripts_by_contact
                 LEFT JOIN transcript_states s ON s.tenant = t.tenant AND s.transcript = t.transcript"
            }
            Self::Label(_) => {
                "FROM transcript_labels l
                 CROSS JOIN transcripts t ON t.tenant = l.tenant AND t.transcript = l.transcript
                 CROSS JOIN transcript_states s ON s.tenant = t.tenant AND s.transcript = t.transcript"
            }
            Self::States => {
                "FROM transcript_states s
                 CROSS JOIN transcripts t ON t.tenant = s.tenant AND t.transcript = s.transcript"
            }
            Self::Moods => {
                "FROM transcript_moods m
                 CROSS JOIN transcripts t ON t.tenant = m.tenant AND t.transcript = m.transcript
                 LEFT JOIN transcript_states s ON s.tenant = t.tenant AND s.transcript = t.transcript"
            }
        }
    }

    const fn tenant(self) -> &'static str {
        match self {
            Self::One | Self::All | Self::Contact => "t.tenant = ?1",
            Self::Label(_) => "l.tenant = ?1",
            Self::States => "s.tenant = ?1",
            Self::Moods => "m.tenant = ?1",
        }
    }

    /// What is joined beside its own tables.
    const fn beside(self) -> &'static str {
        match self {
            Self::Moods => "",
            Self::One | Self::All | Self::Contact | Self::Label(_) | Self::States => GOING,
        }
    }
}

/// Whether only a transcript whose turns say how it stands can fit.
fn stands(filter: &TranscriptFilter) -> bool {
    let by_status = !filter.statuses.is_empty() && !filter.statuses.iter().any(|status| is_implied(*status));
    by_status
        || filter.channel.is_some()
        || filter.endpoint.is_some()
        || filter.flagged == Some(true)
        || filter.test == Some(true)
}

/// Whether only a transcript in which something stood out can fit.
fn stands_out(filter: &TranscriptFilter) -> bool {
    let by_risk = !filter.risks.is_empty() && !filter.risks.contains(&RiskLevel::Low);
    by_risk || !filter.sentiments.is_empty()
}

/// Whether a transcript may stand like this without a turn that says so.
const fn is_implied(status: TranscriptStatus) -> bool {
    matches!(status, TranscriptStatus::InProgress | TranscriptStatus::Completed)
}

fn labels(filter: &TranscriptFilter) -> impl Iterator<Item = Label<'_>> {
    let parameters = filter.parameters.iter().map(|(name, value)| Label::parameter(name, value));
    let tags = filter.tags.iter().map(|(name, value)| Label::tag(name, value));
    parameters.chain(tags).chain(filter.functions.iter().map(|name| Label::function(name)))
}

/// A query over transcripts with its values.
struct Question {
    tables: &'static str,
    beside: &'static str,
    conditions: String,
    values: Vec<Value>,
}

impl Question {
    fn new(
        connection: &Connection,
        tenant: &TenantId,
        filter: &TranscriptFilter,
        source: Source<'_>,
    ) -> rusqlite::Result<Self> {
        let values = vec![tenant.as_str().to_owned().into()];
        let (tables, beside) = (source.tables(), source.beside());
        let mut question = Self { tables, beside, conditions: source.tenant().to_owned(), values };
        let mut skipped = 0;
        if let Source::Label(label) = source {
            let Label { kind, name, value } = label;
            let (kind, name) = (question.value(kind), question.value(name.to_owned()));
            let value = question.value(value.to_owned());
            question.require(&format!("l.kind = {kind} AND l.name = {name} AND l.value = {value}"));
            skipped = 1;
        }
        question.add_state(filter, source);
        question.add_mood(filter);
        question.add_time(connection, tenant, filter, source.order())?;
        if let Some(contact) = &filter.contact {
            let contact = question.value(contact.as_str().to_owned());
            question.require(&format!("t.contact = {contact}"));
        }
        if let Some(agent) = &filter.agent {
            let agent = question.value(agent.0.as_bytes().to_vec());
            question.require(&format!("t.agent = {agent}"));
        }
        for Label { kind, name, value } in labels(filter).skip(skipped) {
            let (kind, name) = (question.value(kind), question.value(name.to_owned()));
            let value = question.value(value.to_owned());
            question.require(&format!(
                "EXISTS (SELECT 1 FROM transcript_labels o WHERE o.tenant = t.tenant AND o.kind = {kind}
                     AND o.name = {name} AND o.value = {value} AND o.started_seq = t.started_seq
                     AND o.transcript = t.transcript)"
            ));
        }
        if matches!(source, Source::One) {
            let place = question.values.len() + 1;
            question.require(&format!("t.transcript = ?{place}"));
        }
        Ok(question)
    }

    fn add_state(&mut self, filter: &TranscriptFilter, source: Source<'_>) {
        if let [status] = filter.statuses[..]
            && matches!(source, Source::States)
        {
            let status = self.value(status.as_str().to_owned());
            self.require(&format!("s.status = {status}"));
        } else if !filter.statuses.is_empty() {
            let asked: Vec<String> =
                filter.statuses.iter().map(|status| self.value(status.as_str().to_owned())).collect();
            self.require(&format!(
                "CASE WHEN s.transcript IS NOT NULL THEN s.status WHEN latest.closed THEN 'completed'
                 ELSE 'in_progress' END IN ({})",
                asked.join(", ")
            ));
        }
        for (column, asked) in [("channel", &filter.channel), ("endpoint", &filter.endpoint)] {
            if let Some(asked) = asked {
                let asked = self.value(asked.clone());
                self.require(&format!("s.{column} = {asked}"));
            }
        }
        for (column, asked) in [("flagged", filter.flagged), ("test", filter.test)] {
            if let Some(asked) = asked {
                let asked = self.value(asked);
                self.require(&format!("coalesce(s.{column}, 0) = {asked}"));
            }
        }
    }

    fn add_mood(&mut self, filter: &TranscriptFilter) {
        if !filter.risks.is_empty() {
            let asked: Vec<String> = filter.risks.iter().map(|level| self.value(moods::number(*level))).collect();
            self.require(&format!("coalesce(m.risk, 0) IN ({})", asked.join(", ")));
        }
        if !filter.sentiments.is_empty() {
            let asked: Vec<String> =
                filter.sentiments.iter().map(|emotion| self.value(emotion.as_str().to_owned())).collect();
            self.require(&format!("m.sentiment IN ({})", asked.join(", ")));
        }
    }

    /// The log is nearly in the order of time. So a turn that is much older than what is asked for, or much
    /// newer, tells where in the log to look.
    fn add_time(
        &mut self,
        connection: &Connection,
        tenant: &TenantId,
        filter: &TranscriptFilter,
        order: &str,
    ) -> rusqlite::Result<()> {
        if let Some(from) = filter.started_from {
            let before: Option<i64> = connection
                .prepare_cached(
                    "SELECT log_seq FROM records INDEXED BY records_by_time
                     WHERE tenant = ?1 AND at < ?2 AND agent_version IS NOT NULL ORDER BY at DESC LIMIT 1",
                )?
                .query_row(params![tenant.as_str(), from.0.saturating_sub(DISORDER_MICROS)], |row| row.get(0))
                .optional()?;
            let (before, from) = (self.value(before.unwrap_or_default()), self.value(from.0));
            self.require(&format!("{order} > {before} AND t.started_at >= {from}"));
        }
        if let Some(to) = filter.started_to {
            let after: Option<i64> = connection
                .prepare_cached(
                    "SELECT log_seq FROM records INDEXED BY records_by_time
                     WHERE tenant = ?1 AND at > ?2 AND agent_version IS NOT NULL ORDER BY at LIMIT 1",
                )?
                .query_row(params![tenant.as_str(), to.0.saturating_add(DISORDER_MICROS)], |row| row.get(0))
                .optional()?;
            let (after, to) = (self.value(after.unwrap_or(i64::MAX)), self.value(to.0));
            self.require(&format!("{order} < {after} AND t.started_at <= {to}"));
        }
        Ok(())
    }

    /// Keeps a value; answers the parameter that stands for it.
    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    fn require(&mut self, condition: &str) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
    }

    fn listing(&self) -> String {
        format!("SELECT {COLUMNS} {}", self.rest(true))
    }

    fn rest(&self, with_latest: bool) -> String {
        let latest = if with_latest { LATEST } else { "" };
        format!("{}{}{latest} WHERE {}", self.tables, self.beside, self.conditions)
    }
}

fn stored_transcript(row: &Row<'_>) -> rusqlite::Result<StoredTranscript> {
    let state = match row.get_ref(10)?.as_str_or_null().map_err(|problem| unreadable(10, problem))? {
        Some(json) => Some(serde_json::from_str::<TranscriptState>(json).map_err(|problem| unreadable(10, problem))?),
        None => None,
    };
    let mood = match row.get_ref(11)?.as_str_or_null().map_err(|problem| unreadable(11, problem))? {
        Some(json) => Some(serde_json::from_str::<Mood>(json).map_err(|problem| unreadable(11, problem))?),
        None => None,
    };
    Ok(StoredTranscript {
        transcript: TranscriptId(Uuid::from_bytes(row.get(0)?)),
        contact: contact_id(row, 1)?,
        agent: AgentId(Uuid::from_bytes(row.get(2)?)),
        agent_version: row.get(3)?,
        turns: row.get(4)?,
        closed: row.get(5)?,
        started_at: Timestamp(row.get(6)?),
        last_at: Timestamp(row.get(7)?),
        started_seq: seq(row.get(8)?),
        last_seq: seq(row.get(9)?),
        state,
        mood,
    })
}

/// Refuses a batch that is too large to be counted at once.
pub(super) fn check_contacts(contacts: &[ContactId]) -> Result<()> {
    if contacts.len() <= MAX_ROWS {
        return Ok(());
    }
    let problem = format!("{} are asked for: ask for {MAX_ROWS} at a time", contacts.len());
    Err(StoreError::Invalid { field: "contacts", problem })
}
