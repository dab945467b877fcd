//! The full-text index of what was said.
//!
//! Words cost more to index than a turn costs to project, so the index follows the other tables with a
//! checkpoint of its own: when there is nothing else to do, before a search, and when it is far behind. It
//! keeps words and no texts. A row is one entry under its position, so that it goes with the entry.
//!
//! What is looked for is a user's text: words only, none of it is read as syntax.

use std::fmt::Write;

use model::{LogSeq, TenantId};
use rusqlite::{Connection, Transaction, params};

use super::projection::first_position;
use crate::{MAX_SEARCH_CHARS, MAX_SEARCH_WORDS, Result, StoreError};

/// Entries of one piece, and their bytes.
const PIECE: usize = 2_048;
const PIECE_BYTES: usize = 4 << 20;

/// How far the index is.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<LogSeq> {
    connection
        .query_row("SELECT log_seq FROM words_checkpoint", [], |row| row.get::<_, i64>(0))
        .map(|seq| LogSeq(seq.cast_unsigned()))
}

/// Indexes the next piece of what is in the tables up to `projected`; answers how far the index is then.
pub(super) fn add_piece(transaction: &Transaction<'_>, indexed: LogSeq, projected: LogSeq) -> rusqlite::Result<LogSeq> {
    let mut query = transaction.prepare_cached(
        "SELECT position, r.log_seq, r.tenant, text FROM entries
         CROSS JOIN records r ON r.log_seq = position / 4096
         WHERE position >= ?1 AND position < ?2 AND text <> '' ORDER BY position",
    )?;
    let mut add = transaction.prepare_cached("INSERT INTO entry_words (rowid, owner, text) VALUES (?1, ?2, ?3)")?;
    let begin = first_position(indexed.0.cast_signed() + 1);
    let end = first_position(projected.0.cast_signed() + 1);
    let mut rows = query.query([begin, end])?;
    let (mut count, mut bytes, mut reached) = (0, 0, indexed.0.cast_signed());
    let mut whole = true;
    while let Some(row) = rows.next()? {
        let (position, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        // A record is never cut in two, because the index goes on from a record.
        if seq != reached && (count >= PIECE || bytes >= PIECE_BYTES) {
            whole = false;
            break;
        }
        let tenant = row.get_ref(2)?.as_str()?;
        let text = row.get_ref(3)?.as_str()?;
        add.execute(params![position, owner(tenant), text])?;
        count += 1;
        bytes += text.len();
        reached = seq;
    }
    let reached = if whole { projected } else { LogSeq(reached.cast_unsigned()) };
    transaction.prepare_cached("UPDATE words_checkpoint SET log_seq = ?1")?.execute([reached.0.cast_signed()])?;
    Ok(reached)
}

/// Takes the entries of a record out of the index, as far as they are in it.
pub(super) fn remove(transaction: &Transaction<'_>, seq: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM entry_words WHERE rowid >= ?1 AND rowid < ?2")?
        .execute([first_position(seq), first_position(seq + 1)])
        .map(|_| ())
}

/// Writes the index anew without the words of what was removed, which are only marked until then.
pub(super) fn drop_removed(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("INSERT INTO entry_words (entry_words) VALUES ('optimize')", []).map(|_| ())
}

/// Refuses a text that is too much to look for.
pub(super) fn check(text: &str) -> Result<()> {
    let refused = |problem| Err(StoreError::Invalid { field: "text", problem });
    let count = text.chars().count();
    if count > MAX_SEARCH_CHARS {
        return refused(format!("it has {count} characters, {MAX_SEARCH_CHARS} are allowed: search for less"));
    }
    let words = terms(text).count();
    if words > MAX_SEARCH_WORDS {
        return refused(format!("it has {words} words, {MAX_SEARCH_WORDS} are allowed: search for less"));
    }
    Ok(())
}

/// A user's text as the index is asked: all its words, the last one or its beginning; none when it has no word.
pub(super) fn words(tenant: &TenantId, text: &str) -> Option<String> {
    let terms: Vec<&str> = terms(text).collect();
    let last = terms.last()?;
    let mut asked = String::new();
    for term in &terms {
        // Quoted, it is text to the index whatever is in it; the index cuts it into words as it cut the entries.
        asked.push_str(" \"");
        asked.push_str(&term.replace(['"', '\0'], " "));
        asked.push('"');
    }
    // One letter begins too many words to look all of them up. In scripts without spaces it is a word.
    if last.chars().filter(|letter| letter.is_alphanumeric()).count() > 1 || !last.is_ascii() {
        asked.push('*');
    }
    Some(format!("owner : \"{}\" AND text : ({asked} )", owner(tenant.as_str())))
}

/// The parts of a text in which there is something to look for.
fn terms(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|term| term.chars().any(char::is_alphanumeric))
}

/// One word that stands for a tenant, so that a search reads nothing of others.
fn owner(tenant: &str) -> String {
    let mut word = String::with_capacity(1 + 2 * tenant.len());
    word.push('t');
    for byte in tenant.bytes() {
        write!(word, "{byte:02x}").expect("a string can be written to");
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<String> {
        words(&"a-b".parse().expect("a tenant"), text)
    }

    #[test]
    fn a_text_is_words_whatever_is_in_it() {
        let ask = |words: &str| Some(format!("owner : \"t612d62\" AND text : ({words} )"));
        assert_eq!(asked("late parcel"), ask(" \"late\" \"parcel\"*"));
        assert_eq!(asked("a OR (b* NOT"), ask(" \"a\" \"OR\" \"(b*\" \"NOT\"*"));
        assert_eq!(asked("say \"hi\" text:x"), ask(" \"say\" \" hi \" \"text:x\"*"));
        assert_eq!(asked("x"), ask(" \"x\""));
        assert_eq!(asked("水"), ask(" \"水\"*"));
        assert_eq!(asked(" ?! -- \" "), None);
    }

    #[test]
    fn too_much_is_refused() {
        assert!(check("a parcel").is_ok());
        assert!(check(&"é".repeat(MAX_SEARCH_CHARS)).is_ok());
        assert!(matches!(check(&"é".repeat(MAX_SEARCH_CHARS + 1)), Err(StoreError::Invalid { field: "text", .. })));
        let many = "a ".repeat(MAX_SEARCH_WORDS + 1);
        assert!(matches!(check(&many), Err(StoreError::Invalid { field: "text", .. })));
    }
}
