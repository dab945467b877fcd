//! Passages and originals on SQLite, in a file of their own: to index a long document takes a while, and nobody who
//! writes documents waits for it.
//!
//! The index of words finds candidates and counts; it does not decide. Words are the caller's, quoted whatever is in
//! them.

use std::{collections::BTreeSet, fmt::Write, path::Path, sync::Arc};

use async_trait::async_trait;
use model::TenantId;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    connection::{Database, unavailable},
    readers::{Readers, off_the_async_threads, row_limit},
};
use crate::{
    Candidates, NewPassage, Page, PassageSearch, Result, StoredPassage, StoredSource,
    backend::PassageBackend,
    passage::{MAX_ORIGINAL_BYTES, within},
};

pub(crate) struct SqlitePassages {
    writer: Arc<Mutex<Connection>>,
    readers: Arc<Readers>,
}

impl SqlitePassages {
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let writer = Arc::new(Mutex::new(Database::Knowledge.open(dir)?));
        Ok(Self { writer, readers: Arc::new(Readers::new(dir, Database::Knowledge, None)) })
    }

    async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        Arc::clone(&self.readers).read(action, query).await
    }

    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let writer = Arc::clone(&self.writer);
        off_the_async_threads(move || {
            let mut connection = writer.lock();
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable(action))?;
            let outcome = change(&transaction).map_err(unavailable(action))?;
            transaction.commit().map_err(unavailable(action))?;
            Ok(outcome)
        })
        .await
    }
}

#[async_trait]
impl PassageBackend for SqlitePassages {
    async fn put_original(&self, tenant: TenantId, source: String, content: Vec<u8>) -> Result<()> {
        within("content", content.len(), MAX_ORIGINAL_BYTES)?;
        self.write("keep an original", move |transaction| {
            transaction
                .execute(
                    "INSERT INTO originals (tenant, source, content) VALUES (?1, ?2, ?3)
                     ON CONFLICT (tenant, source) DO UPDATE SET content = excluded.content",
                    params![tenant.as_str(), source, content],
                )
                .map(|_| ())
        })
        .await
    }

    async fn original(&self, tenant: TenantId, source: String) -> Result<Option<Vec<u8>>> {
        self.read("read an original", move |connection| {
            connection
                .prepare_cached("SELECT content FROM originals WHERE tenant = ?1 AND source = ?2")?
                .query_row([tenant.as_str(), &source], |row| row.get(0))
                .optional()
        })
        .await
    }

    async fn put_passages(
        &self,
        tenant: TenantId,
        source: String,
        revision: u64,
        passages: Vec<NewPassage>,
    ) -> Result<()> {
        self.write("put passages", move |transaction| {
            put_passages(transaction, tenant.as_str(), &source, revision, &passages)
        })
        .await
    }

    async fn passages(
        &self,
        tenant: TenantId,
        source: String,
        after: Option<u32>,
        limit: usize,
    ) -> Result<Vec<StoredPassage>> {
        self.read("read passages", move |connection| {
            let after = after.map_or(-1, i64::from);
            connection
                .prepare_cached(
                    "SELECT s.source, p.ordinal, p.text FROM sources s JOIN passages p ON p.source = s.id
                     WHERE s.tenant = ?1 AND s.source = ?2 AND p.ordinal > ?3 ORDER BY p.ordinal LIMIT ?4",
                )?
                .query_map(params![tenant.as_str(), source, after, row_limit(limit, Page::MAX)], passage)?
                .collect()
        })
        .await
    }

    async fn remove(&self, tenant: TenantId, source: String) -> Result<bool> {
        self.write("remove passages", move |transaction| {
            let original = transaction
                .execute("DELETE FROM originals WHERE tenant = ?1 AND source = ?2", [tenant.as_str(), &source])?;
            let Some(id) = number_of(transaction, tenant.as_str(), &source)? else { return Ok(original > 0) };
            remove_passages(transaction, id)?;
            transaction.execute("DELETE FROM sources WHERE id = ?1", [id])?;
            Ok(true)
        })
        .await
    }

    async fn sources(&self, tenant: TenantId) -> Result<Vec<StoredSource>> {
        self.read("list sources of passages", move |connection| {
            connection
                .prepare_cached(
                    "SELECT source, max(revision) FROM (
                         SELECT source, NULL AS revision FROM originals WHERE tenant = ?1
                         UNION ALL SELECT source, revision FROM sources WHERE tenant = ?1
                     ) GROUP BY source ORDER BY source",
                )?
                .query_map([tenant.as_str()], |row| {
                    let revision = row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned);
                    Ok(StoredSource { source: row.get(0)?, revision })
                })?
                .collect()
        })
        .await
    }

    async fn candidates(&self, tenant: TenantId, search: PassageSearch) -> Result<Candidates> {
        search.check()?;
        self.read("search passages", move |connection| candidates(connection, tenant.as_str(), &search)).await
    }
}

fn put_passages(
    transaction: &Transaction<'_>,
    tenant: &str,
    source: &str,
    revision: u64,
    passages: &[NewPassage],
) -> rusqlite::Result<()> {
    let words: usize =
        passages.iter().map(|passage| passage.words.split(' ').filter(|word| !word.is_empty()).count()).sum();
    let counted = |count: usize| i64::try_from(count).expect("memory holds less");
    transaction.execute(
        "INSERT INTO sources (tenant, source, revision, passages, words) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (tenant, source) DO UPDATE
         SET revision = excluded.revision, passages = excluded.passages, words = excluded.words",
        params![tenant, source, revision.cast_signed(), counted(passages.len()), counted(words)],
    )?;
    let id = number_of(transaction, tenant, source)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    remove_passages(transaction, id)?;
    let owner = format!("{} {}", word_of_tenant(tenant), word_of_source(id));
    let mut add = transaction.prepare_cached("INSERT INTO passages (source, ordinal, text) VALUES (?1, ?2, ?3)")?;
    let mut index =
        transaction.prepare_cached("INSERT INTO passage_words (rowid, owner, words) VALUES (?1, ?2, ?3)")?;
    for (ordinal, passage) in passages.iter().enumerate() {
        let row = add.insert(params![id, counted(ordinal), passage.text])?;
        index.execute(params![row, owner, passage.words])?;
    }
    Ok(())
}

/// The words first: they are found by the rows of the passages.
fn remove_passages(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    transaction
        .execute("DELETE FROM passage_words WHERE rowid IN (SELECT id FROM passages WHERE source = ?1)", [id])?;
    transaction.execute("DELETE FROM passages WHERE source = ?1", [id]).map(|_| ())
}

fn number_of(connection: &Connection, tenant: &str, source: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM sources WHERE tenant = ?1 AND source = ?2")?
        .query_row([tenant, source], |row| row.get(0))
        .optional()
}

fn candidates(connection: &Connection, tenant: &str, search: &PassageSearch) -> rusqlite::Result<Candidates> {
    let mut found = Candidates { with: vec![0; search.words.len()], ..Candidates::default() };
    let mut sources = Vec::new();
    let mut known =
        connection.prepare_cached("SELECT id, passages, words FROM sources WHERE tenant = ?1 AND source = ?2")?;
    for source in search.sources.iter().collect::<BTreeSet<_>>() {
        let row = known.query_row([tenant, source], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        if let Some((id, passages, words)) = row.optional()? {
            sources.push(id);
            found.total += passages.cast_unsigned();
            found.total_words += words.cast_unsigned();
        }
    }
    if found.total == 0 || search.words.is_empty() {
        return Ok(found);
    }
    let places = Places::of(tenant, &sources);
    for (with, word) in found.with.iter_mut().zip(&search.words) {
        *with = places.count(connection, word)?.cast_unsigned();
    }
    found.passages = places.best(connection, &search.words, search.limit)?;
    Ok(found)
}

/// Most sources that a search names one by one. The index goes through a list for each of them and each word, side by
/// side: of 2,000 sources with 50,000 passages that takes seconds, where to look at all of the tenant's passages takes a
/// fifth of one.
const MOST_NAMED: usize = 256;

/// Where a search looks.
struct Places {
    /// Words, of which a passage's `owner` has one.
    owners: String,
    /// Where these words stand for more than is to be looked at: the sources, as a list in JSON.
    among: Option<String>,
}

impl Places {
    fn of(tenant: &str, sources: &[i64]) -> Self {
        if sources.len() <= MOST_NAMED {
            let words: Vec<String> = sources.iter().map(|id| word_of_source(*id)).collect();
            return Self { owners: any_of(words.iter().map(String::as_str)), among: None };
        }
        let list: Vec<String> = sources.iter().map(i64::to_string).collect();
        Self { owners: any_of([word_of_tenant(tenant).as_str()]), among: Some(format!("[{}]", list.join(","))) }
    }

    /// How many passages have a word.
    fn count(&self, connection: &Connection, word: &str) -> rusqlite::Result<i64> {
        let asked = self.asking(any_of([word]));
        match &self.among {
            None => connection
                .prepare_cached("SELECT count(*) FROM passage_words WHERE passage_words MATCH ?1")?
                .query_row([asked], |row| row.get(0)),
            Some(among) => connection
                .prepare_cached(
                    "SELECT count(*) FROM passage_words CROSS JOIN passages p ON p.id = passage_words.rowid
                     WHERE passage_words MATCH ?1 AND p.source IN (SELECT value FROM json_each(?2))",
                )?
                .query_row([&asked, among], |row| row.get(0)),
        }
    }

    /// Passages that have some of the words, roughly the best. Where a passage belongs says nothing about how well it
    /// fits: that column weighs nothing.
    fn best(&self, connection: &Connection, words: &[String], limit: usize) -> rusqlite::Result<Vec<StoredPassage>> {
        let asked = self.asking(any_of(words.iter().map(String::as_str)));
        let limit = row_limit(limit, Page::MAX);
        match &self.among {
            None => connection
                .prepare_cached(
                    "SELECT s.source, p.ordinal, p.text FROM (
                         SELECT rowid AS passage FROM passage_words
                         WHERE passage_words MATCH ?1 ORDER BY bm25(passage_words, 0.0, 1.0), rowid LIMIT ?2
                     ) CROSS JOIN passages p ON p.id = passage JOIN sources s ON s.id = p.source
                     ORDER BY s.source, p.ordinal",
                )?
                .query_map(params![asked, limit], passage)?
                .collect(),
            Some(among) => connection
                .prepare_cached(
                    "SELECT s.source, p.ordinal, p.text FROM (
                         SELECT q.id AS passage FROM passage_words CROSS JOIN passages q ON q.id = passage_words.rowid
                         WHERE passage_words MATCH ?1 AND q.source IN (SELECT value FROM json_each(?3))
                         ORDER BY bm25(passage_words, 0.0, 1.0), q.id LIMIT ?2
                     ) CROSS JOIN passages p ON p.id = passage JOIN sources s ON s.id = p.source
                     ORDER BY s.source, p.ordinal",
                )?
                .query_map(params![asked, limit, among], passage)?
                .collect(),
        }
    }

    fn asking(&self, words: String) -> String {
        format!("owner : {} AND words : {words}", self.owners)
    }
}

fn passage(row: &rusqlite::Row<'_>) -> rusqlite::Result<StoredPassage> {
    Ok(StoredPassage { source: row.get(0)?, number: row.get(1)?, text: row.get(2)? })
}

/// One word that stands for a source.
fn word_of_source(id: i64) -> String {
    format!("s{id}")
}

/// One word that stands for a tenant.
fn word_of_tenant(tenant: &str) -> String {
    let mut word = String::from("t");
    for byte in tenant.bytes() {
        write!(word, "{byte:02x}").expect("a string can be written to");
    }
    word
}

/// An expression that any of the words fits. Quoted, a word is text to the index whatever is in it; the index cuts it
/// as it cut the passages.
fn any_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut expression = String::from("(");
    for (at, word) in words.into_iter().enumerate() {
        let or = if at == 0 { "" } else { " OR " };
        write!(expression, "{or}\"{}\"", word.replace(['"', '\0'], " ")).expect("a string can be written to");
    }
    expression.push(')');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_one_word_that_no_source_has() {
        assert_eq!((word_of_tenant("a-1").as_str(), word_of_source(7).as_str()), ("t612d31", "s7"));
    }

    #[test]
    fn words_are_text_whatever_is_in_them() {
        assert_eq!(any_of(["park"]), "(\"park\")");
        assert_eq!(any_of(["a\"b", "OR", "x*"]), "(\"a b\" OR \"OR\" OR \"x*\")");
    }
}
