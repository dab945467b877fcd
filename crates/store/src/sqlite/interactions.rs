//! Exports: what was said, contact by contact, page by page.
//!
//! A page is a query of its own, so that no read of a million lines holds the write-ahead log back. The
//! contacts come in the order of their ids. Which index finds them depends on what is asked:
//!
//! * few records in the time that is asked for: their contacts, from the index by time;
//! * few contacts with the attributes that are asked for: those, from the index by attribute;
//! * else all contacts in order, each checked by its key.

use std::collections::BTreeSet;

use model::{AgentId, ContactId, LogSeq, TenantId, Timestamp, record::RequestFacts};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    conversations::unreadable,
    encoding,
    projection::{author, author_number},
};
use crate::{
    ClickstreamFilter, ClickstreamLine, ContactInteractions, Interaction, InteractionFilter, InteractionPage,
    InteractionPlace, MAX_PAGE, SaidLine, SaidPage,
};

/// Up to so many records, or contacts, are looked up by time or attribute and then put in order; more are
/// not worth it.
const FEW: i64 = 5_000;

/// How the contacts of a filter are found.
enum Plan {
    /// These.
    Listed(BTreeSet<String>),
    /// All in order, each checked.
    InOrder,
}

/// What is read of lines, and where it is put.
trait Filled {
    /// The columns from the third on; the first two are the contact and the record.
    const COLUMNS: &'static str;
    /// The lines of a contact begin, or those of one with lines on an earlier page go on.
    fn begin(&mut self, contact: ContactId, continued: bool);
    /// Adds a line.
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()>;
}

/// The columns of [`line`].
const WHOLE_LINE: &str = "e.at, e.author, e.kind, e.text, e.intent, r.agent,
    CASE WHEN e.author = 0 AND e.kind = 'text' THEN NULL ELSE e.body END, r.url, r.source_ip, r.status, r.duration";

impl Filled for Vec<ContactInteractions> {
    const COLUMNS: &'static str = WHOLE_LINE;

    fn begin(&mut self, contact: ContactId, continued: bool) {
        self.push(ContactInteractions { contact, continued, state: None, lines: Vec::new() });
    }

    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        if let Some(contact) = self.last_mut() {
            contact.lines.push(line(row)?);
        }
        Ok(())
    }
}

impl Filled for SaidPage {
    // Of the record nothing that is not in the index: its row, one of many that lie apart, is not read.
    const COLUMNS: &'static str =
        "e.at, e.kind, e.text, CASE WHEN e.author = 0 AND e.kind = 'text' THEN NULL ELSE e.body END";

    fn begin(&mut self, contact: ContactId, continued: bool) {
        self.push_contact(contact, continued);
    }

    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let body = row.get_ref(5)?.as_str_or_null().map_err(|problem| unreadable(5, problem))?;
        self.push_line(&SaidLine { at: Timestamp(row.get(2)?), kind: text(row, 3)?, text: text(row, 4)?, body });
        Ok(())
    }
}

/// A text, where it lies.
fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    row.get_ref(column)?.as_str().map_err(|problem| unreadable(column, problem))
}

/// The next lines after a place.
pub(super) fn page(
    connection: &Connection,
    tenant: &TenantId,
    filter: &InteractionFilter,
    after: Option<&InteractionPlace>,
    limit: usize,
) -> rusqlite::Result<InteractionPage> {
    let mut contacts: Vec<ContactInteractions> = Vec::new();
    let next = fill(&mut contacts, connection, tenant, filter, after, limit)?;
    for contact in contacts.iter_mut().filter(|contact| !contact.continued) {
        contact.state = state(connection, tenant, &contact.contact)?;
    }
    Ok(InteractionPage { contacts, next })
}

/// The next lines after a place, without how they came.
pub(super) fn said(
    connection: &Connection,
    tenant: &TenantId,
    filter: &InteractionFilter,
    after: Option<&InteractionPlace>,
    limit: usize,
) -> rusqlite::Result<SaidPage> {
    let mut page = SaidPage::with_room(limit.min(MAX_PAGE));
    page.next = fill(&mut page, connection, tenant, filter, after, limit)?;
    for contact in page.contacts.iter_mut().filter(|contact| !contact.continued) {
        contact.state = state(connection, tenant, &contact.contact)?;
    }
    Ok(page)
}

/// Fills a page; answers where the next one begins.
fn fill(
    page: &mut impl Filled,
    connection: &Connection,
    tenant: &TenantId,
    filter: &InteractionFilter,
    after: Option<&InteractionPlace>,
    limit: usize,
) -> rusqlite::Result<Option<InteractionPlace>> {
    let limit = limit.clamp(1, MAX_PAGE);
    let mut filling = Filling { connection, tenant, filter, after, limit, page, lines: 0, last: None };
    let full = match plan(connection, tenant, filter)? {
        Plan::Listed(contacts) => {
            let begin = after.map_or("", |place| place.contact.as_str()).to_owned();
            let mut full = false;
            for contact in contacts.range(begin..) {
                let seq = after.filter(|place| place.contact.as_str() == contact).map_or(-1, |at| signed(at.log_seq));
                full = filling.add("r.contact = ?2 AND r.log_seq > ?3", contact, seq)?;
                if full {
                    break;
                }
            }
            full
        }
        Plan::InOrder => {
            let (contact, seq) = after.map_or(("", -1), |place| (place.contact.as_str(), signed(place.log_seq)));
            let attributes = attribute_conditions(filter.found_by.len());
            filling.add(&format!("(r.contact, r.log_seq) > (?2, ?3){attributes}"), contact, seq)?
        }
    };
    Ok(filling.last.filter(|_| full))
}

/// The contacts that have lines that fit, in order, from the `skip`th on.
pub(super) fn contacts(
    connection: &Connection,
    tenant: &TenantId,
    filter: &InteractionFilter,
    skip: usize,
    limit: usize,
) -> rusqlite::Result<Vec<ContactId>> {
    let mut contacts = Vec::new();
    let mut passed = 0;
    each_contact(connection, tenant, filter, |contact| {
        passed += 1;
        if passed > skip {
            contacts.push(contact.to_owned());
        }
        contacts.len() < limit
    })?;
    contacts.into_iter().map(|id| ContactId::try_from(id).map_err(|problem| unreadable(0, problem))).collect()
}

/// How many contacts have lines that fit.
pub(super) fn count_contacts(
    connection: &Connection,
    tenant: &TenantId,
    filter: &InteractionFilter,
) -> rusqlite::Result<u64> {
    let mut count = 0;
    each_contact(connection, tenant, filter, |_| {
        count += 1;
        true
    })?;
    Ok(count)
}

/// The lines with an agent, oldest first, from the `skip`th on.
pub(super) fn clickstream(
    connection: &Connection,
    tenant: &TenantId,
    filter: &ClickstreamFilter,
    skip: usize,
    limit: usize,
) -> rusqlite::Result<Vec<ClickstreamLine>> {
    connection
        .prepare_cached(&format!(
            "SELECT r.contact, e.position, e.at, e.author, e.kind, e.text, e.intent, r.agent, e.body, r.url, r.source_ip,
                 r.status, r.duration, r.turn, r.message_id
             {CLICKSTREAM} ORDER BY r.at, r.log_seq, e.position LIMIT ?6 OFFSET ?7"
        ))?
        .query_map(
            params![
                tenant.as_str(),
                filter.agent.0.as_bytes(),
                filter.from.0,
                filter.to.0,
                filter.contact.as_ref().map(ContactId::as_str),
                count(limit),
                count(skip)
            ],
            |row| {
                Ok(ClickstreamLine {
                    line: line(row)?,
                    contact: text(row, 0)?.parse::<ContactId>().map_err(|problem| unreadable(0, problem))?,
                    position: row.get::<_, i64>(1)?.cast_unsigned(),
                    turn: row.get(13)?,
                    message_id: row.get(14)?,
                })
            },
        )?
        .collect()
}

/// How many lines there are with an agent.
pub(super) fn count_clickstream(
    connection: &Connection,
    tenant: &TenantId,
    filter: &ClickstreamFilter,
) -> rusqlite::Result<u64> {
    connection.prepare_cached(&format!("SELECT count(*) {CLICKSTREAM}"))?.query_row(
        params![
            tenant.as_str(),
            filter.agent.0.as_bytes(),
            filter.from.0,
            filter.to.0,
            filter.contact.as_ref().map(ContactId::as_str)
        ],
        |row| row.get::<_, i64>(0).map(i64::cast_unsigned),
    )
}

const CLICKSTREAM: &str = "FROM records r INDEXED BY records_by_time
    CROSS JOIN entries e ON e.position BETWEEN r.log_seq * 4096 AND r.log_seq * 4096 + 4095
    WHERE r.tenant = ?1 AND r.agent = ?2 AND r.at BETWEEN ?3 AND ?4 AND (?5 IS NULL OR r.contact = ?5)";

fn plan(connection: &Connection, tenant: &TenantId, filter: &InteractionFilter) -> rusqlite::Result<Plan> {
    if let Some(contact) = &filter.contact {
        let fits = has_attributes(connection, tenant, contact.as_str(), &filter.found_by)?;
        return Ok(Plan::Listed(fits.then(|| contact.as_str().to_owned()).into_iter().collect()));
    }
    let few: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM records INDEXED BY records_by_time
             WHERE tenant = ?1 AND at BETWEEN ?2 AND ?3 LIMIT ?4)",
        )?
        .query_row(params![tenant.as_str(), filter.from.0, filter.to.0, FEW], |row| row.get(0))?;
    if few < FEW {
        let mut contacts: BTreeSet<String> = connection
            .prepare_cached(
                // An erasure is a record of nobody.
                "SELECT DISTINCT contact FROM records INDEXED BY records_by_time
                 WHERE tenant = ?1 AND at BETWEEN ?2 AND ?3 AND contact <> ''",
            )?
            .query_map(params![tenant.as_str(), filter.from.0, filter.to.0], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for text in contacts.clone() {
            if !has_attributes(connection, tenant, &text, &filter.found_by)? {
                contacts.remove(&text);
            }
        }
        return Ok(Plan::Listed(contacts));
    }
    for (name, value) in &filter.found_by {
        let Some(index) = index_of(name) else { continue };
        let found: BTreeSet<String> = connection
            .prepare_cached(index)?
            .query_map(params![tenant.as_str(), folded(value), FEW], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if (found.len() as i64) < FEW {
            let mut contacts = BTreeSet::new();
            for contact in found {
                if has_attributes(connection, tenant, &contact, &filter.found_by)? {
                    contacts.insert(contact);
                }
            }
            return Ok(Plan::Listed(contacts));
        }
    }
    Ok(Plan::InOrder)
}

/// How contacts are looked up by an attribute that few of them share. The others are shared by many, and
/// who asks for them wants a good part of all contacts.
fn index_of(name: &str) -> Option<&'static str> {
    match name {
        "email" => Some(
            "SELECT DISTINCT contact FROM records INDEXED BY records_by_email
             WHERE tenant = ?1 AND json_extract(found_by, '$.email') IS NOT NULL
               AND instr(json_extract(found_by, '$.email'), ?2) > 0 LIMIT ?3",
        ),
        "ip_address" => Some(
            "SELECT DISTINCT contact FROM records INDEXED BY records_by_address
             WHERE tenant = ?1 AND json_extract(found_by, '$.ip_address') IS NOT NULL
               AND instr(json_extract(found_by, '$.ip_address'), ?2) > 0 LIMIT ?3",
        ),
        _ => None,
    }
}

/// The place of an attribute in the column.
fn path(name: &str) -> String {
    format!("$.\"{name}\"")
}

/// Whether a contact's attributes contain what is asked for.
fn has_attributes(
    connection: &Connection,
    tenant: &TenantId,
    contact: &str,
    found_by: &[(String, String)],
) -> rusqlite::Result<bool> {
    let mut query = connection.prepare_cached(
        "SELECT instr((SELECT json_extract(found_by, ?3) FROM records INDEXED BY records_with_attributes
         WHERE tenant = ?1 AND contact = ?2 AND found_by IS NOT NULL AND json_type(found_by, ?3) IS NOT NULL
         ORDER BY log_seq DESC LIMIT 1), ?4) > 0",
    )?;
    for (name, value) in found_by {
        let holds: Option<bool> =
            query.query_row(params![tenant.as_str(), contact, path(name), folded(value)], |row| row.get(0))?;
        if holds != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A value as the index has it: whoever looks for it need not know the case.
pub(super) fn folded(value: &str) -> String {
    value.to_lowercase()
}

/// Tells each contact that has lines that fit, in order, while `more` says so.
fn each_contact(
    connection: &Connection,
    tenant: &TenantId,
    filter: &InteractionFilter,
    mut more: impl FnMut(&str) -> bool,
) -> rusqlite::Result<()> {
    // Feedback is a record without a line.
    let mut has_lines = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM records r INDEXED BY records_by_contact
         CROSS JOIN entries e ON e.position BETWEEN r.log_seq * 4096 AND r.log_seq * 4096 + 4095
         WHERE r.tenant = ?1 AND r.contact = ?2 AND r.at BETWEEN ?3 AND ?4 AND (?5 IS NULL OR e.author = ?5))",
    )?;
    let author = filter.author.map(author_number);
    let mut fits = |contact: &str| -> rusqlite::Result<bool> {
        has_lines.query_row(params![tenant.as_str(), contact, filter.from.0, filter.to.0, author], |row| row.get(0))
    };
    match plan(connection, tenant, filter)? {
        Plan::Listed(contacts) => {
            for contact in contacts {
                if fits(&contact)? && !more(&contact) {
                    break;
                }
            }
        }
        Plan::InOrder => {
            // Not from the sessions: who never took a turn may have been heard elsewhere.
            let mut next = connection.prepare_cached(
                "SELECT min(contact) FROM records INDEXED BY records_by_contact WHERE tenant = ?1 AND contact > ?2",
            )?;
            let mut contact = String::new();
            loop {
                let found: Option<String> = next.query_row(params![tenant.as_str(), contact], |row| row.get(0))?;
                let Some(found) = found else { break };
                if fits(&found)? && has_attributes(connection, tenant, &found, &filter.found_by)? && !more(&found) {
                    break;
                }
                contact = found;
            }
        }
    }
    Ok(())
}

/// A page that is being filled.
struct Filling<'a, P> {
    connection: &'a Connection,
    tenant: &'a TenantId,
    filter: &'a InteractionFilter,
    after: Option<&'a InteractionPlace>,
    limit: usize,
    page: &'a mut P,
    lines: usize,
    /// Where the last line was.
    last: Option<InteractionPlace>,
}

impl<P: Filled> Filling<'_, P> {
    /// Adds the lines of the records that a condition on ?2 and ?3 finds; answers whether the page is full.
    fn add(&mut self, condition: &str, contact: &str, seq: i64) -> rusqlite::Result<bool> {
        let columns = P::COLUMNS;
        let by_author = if self.filter.author.is_some() { "e.author = ?6" } else { "?6 IS NULL" };
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT r.contact, r.log_seq, {columns} FROM records r INDEXED BY records_by_contact
             CROSS JOIN entries e ON e.position BETWEEN r.log_seq * 4096 AND r.log_seq * 4096 + 4095
             WHERE r.tenant = ?1 AND {condition} AND r.at BETWEEN ?4 AND ?5 AND {by_author}
             ORDER BY r.contact, r.log_seq, e.position"
        ))?;
        let mut values: Vec<Value> = vec![
            self.tenant.as_str().to_owned().into(),
            contact.to_owned().into(),
            seq.into(),
            self.filter.from.0.into(),
            self.filter.to.0.into(),
            self.filter.author.map(author_number).into(),
        ];
        for (name, value) in &self.filter.found_by {
            values.push(path(name).into());
            values.push(folded(value).into());
        }
        let asked = query.parameter_count();
        let mut rows = query.query(params_from_iter(values.into_iter().take(asked)))?;
        while let Some(row) = rows.next()? {
            let seq = LogSeq(row.get::<_, i64>(1)?.cast_unsigned());
            // A record is never cut in two, because a page goes on from a record.
            if self.lines >= self.limit && self.last.as_ref().is_some_and(|last| last.log_seq != seq) {
                return Ok(true);
            }
            let contact = text(row, 0)?;
            match &mut self.last {
                Some(last) if last.contact.as_str() == contact => last.log_seq = seq,
                _ => {
                    let contact = contact.parse::<ContactId>().map_err(|problem| unreadable(0, problem))?;
                    let continued = self.after.is_some_and(|place| place.contact == contact);
                    self.page.begin(contact.clone(), continued);
                    self.last = Some(InteractionPlace { contact, log_seq: seq });
                }
            }
            self.page.add(row)?;
            self.lines += 1;
        }
        Ok(false)
    }
}

/// The conditions on the contact's attributes that fit parameters from ?7 on.
fn attribute_conditions(count: usize) -> String {
    (0..count)
        .map(|index| {
            let (name, value) = (7 + 2 * index, 8 + 2 * index);
            format!(
                " AND instr((SELECT json_extract(a.found_by, ?{name}) FROM records a INDEXED BY records_with_attributes
                 WHERE a.tenant = ?1 AND a.contact = r.contact AND a.found_by IS NOT NULL
                 AND json_type(a.found_by, ?{name}) IS NOT NULL ORDER BY a.log_seq DESC LIMIT 1), ?{value}) > 0"
            )
        })
        .collect()
}

/// A contact's attributes after its latest turn.
fn state(connection: &Connection, tenant: &TenantId, contact: &ContactId) -> rusqlite::Result<Option<Box<RawValue>>> {
    // One statement, so that no record becomes a tombstone between being found and being read.
    let found = connection
        .prepare_cached(
            "SELECT kind, record FROM turn_log.log
             WHERE seq = (SELECT max(log_seq) FROM sessions WHERE tenant = ?1 AND contact = ?2)",
        )?
        .query_row(params![tenant.as_str(), contact.as_str()], |row| {
            let json = row.get_ref(1)?.as_blob()?;
            // The tables may not know yet what has been erased.
            if row.get::<_, i64>(0)? != encoding::TURN {
                return Ok(None);
            }
            encoding::contact_state(json).map(Some).map_err(|problem| unreadable(1, problem))
        })
        .optional()?;
    Ok(found.flatten())
}

/// A line, of the columns [`WHOLE_LINE`] from the third on.
fn line(row: &Row<'_>) -> rusqlite::Result<Interaction> {
    let request = match row.get::<_, Option<String>>(9)? {
        Some(url) => Some(RequestFacts {
            url,
            source_ip: row.get(10)?,
            status: row.get(11)?,
            duration_micros: row.get::<_, i64>(12)?.cast_unsigned(),
        }),
        None => None,
    };
    Ok(Interaction {
        at: Timestamp(row.get(2)?),
        author: author(row.get(3)?),
        kind: row.get(4)?,
        text: row.get(5)?,
        intent: row.get(6)?,
        agent: row.get::<_, Option<[u8; 16]>>(7)?.map(|id| AgentId(Uuid::from_bytes(id))),
        body: row.get(8)?,
        request,
    })
}

fn signed(seq: LogSeq) -> i64 {
    seq.0.cast_signed()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
