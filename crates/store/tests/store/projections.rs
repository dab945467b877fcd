//! The tables are a function of the log: however the work was cut, and wherever it was interrupted.

use std::{fs, path::Path, time::Duration};

use model::{TenantId, Timestamp, record::Record};
use proptest::{collection::vec, prelude::*};
use rusqlite::{Connection, OpenFlags, types::Value};
use store::{Store, StoreOptions, TranscriptFilter};
use tokio::runtime::Runtime;

use crate::sample::{agent, as_record, contact, fact, fact_record, going, standing, tenant, transcript, turn};

/// One step in the life of a data directory.
#[derive(Debug, Clone)]
enum Step {
    Turn {
        tenant: u8,
        who: u32,
        with: u32,
        closed: bool,
        /// Whether it says how its transcript stands.
        stands: bool,
        /// Whether it says how its transcript is going.
        goes: bool,
    },
    /// Words are looked for.
    Search,
    Fact {
        tenant: u8,
        who: u32,
        with: u32,
    },
    /// A contact is erased.
    Erase {
        tenant: u8,
        who: u32,
    },
    /// Up to so many records that came before the record of that number expire.
    Purge {
        tenant: u8,
        before: u32,
        limit: usize,
    },
    /// The tables are written anew.
    Scrub,
    /// Everything is projected now.
    Flush,
    /// The server stops in order and starts again.
    Restart,
    /// The files as they are at this moment go on; the process that wrote them does not.
    Crash,
    /// The tables come back as they were when the directory was new.
    LoseTables,
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    let turn = (0..2u8, 1..4u32, 1..3u32, any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(tenant, who, with, closed, stands, goes)| Step::Turn { tenant, who, with, closed, stands, goes });
    let fact = (0..2u8, 1..4u32, 1..3u32).prop_map(|(tenant, who, with)| Step::Fact { tenant, who, with });
    let erase = (0..2u8, 1..4u32).prop_map(|(tenant, who)| Step::Erase { tenant, who });
    let purge = (0..2u8, 1..60u32, 1..5usize).prop_map(|(tenant, before, limit)| Step::Purge { tenant, before, limit });
    prop_oneof![
        20 => turn, 4 => fact, 2 => erase, 2 => purge, 1 => Just(Step::Scrub), 3 => Just(Step::Flush), 2 => Just(Step::Search), 1 => Just(Step::Restart),
        2 => Just(Step::Crash), 1 => Just(Step::LoseTables), 1 => Just(Step::Rebuild),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn any_batch_split_and_any_crash_point_give_the_same_tables(
        steps in vec(step(), 1..60),
        batch in 1..7usize,
        linger in 0..3u64,
    ) {
        let options = StoreOptions { batch, linger: Duration::from_millis(linger), ..StoreOptions::default() };
        let runtime = Runtime::new().expect("a runtime");
        let (interrupted, records) = runtime.block_on(live(&steps, &options));
        let lived = dump(interrupted.path());
        if let Some(records) = records {
            let at_once = runtime.block_on(in_one_batch(&records));
            prop_assert_eq!(&lived, &dump(at_once.path()));
        }
        // Whatever was erased on the way: the log gives the same tables.
        runtime.block_on(Store::rebuild(interrupted.path(), |_, _| {})).expect("a rebuild");
        prop_assert_eq!(lived, dump(interrupted.path()));
    }
}

/// Lives through the steps; answers the directory, closed, and the records that were appended if all
/// of them are still there.
async fn live(steps: &[Step], options: &StoreOptions) -> (tempfile::TempDir, Option<Vec<Record>>) {
    let mut dir = tempfile::tempdir().expect("a directory");
    let mut store = Store::open(dir.path(), options.clone()).await.expect("a store");
    let mut records: Vec<Record> = Vec::new();
    let mut whole = true;
    for step in steps {
        match step {
            Step::Turn { .. } | Step::Fact { .. } => {
                let record = record(step, u32::try_from(records.len()).expect("few records") + 1);
                store.append(record.clone()).await.expect("an append");
                records.push(record);
            }
            Step::Erase { tenant, who } => {
                whole = false;
                let erasure = uuid::Uuid::from_u128(u128::from(*who));
                store.tenant(&name(*tenant)).erase_contact(&contact(*who), erasure).await.expect("an erasure");
            }
            Step::Purge { tenant, before, limit } => {
                whole = false;
                let before = Timestamp(i64::from(*before) * 1_000_000);
                store.tenant(&name(*tenant)).purge_before(before, *limit).await.expect("a purge");
            }
            Step::Scrub => store.scrub().await.expect("a scrub"),
            Step::Search => search(&store).await,
            Step::Flush => store.flush_projections().await.expect("a flush"),
            Step::Restart => {
                store.shutdown().await.expect("a shutdown");
                store = Store::open(dir.path(), options.clone()).await.expect("a store");
            }
            Step::Crash => {
                let copy = copy_while_running(dir.path());
                store.shutdown().await.expect("a shutdown");
                dir = copy;
                store = Store::open(dir.path(), options.clone()).await.expect("a store");
            }
            Step::LoseTables => {
                store.shutdown().await.expect("a shutdown");
                fs::remove_file(dir.path().join("tables.db")).expect("tables");
                store = Store::open(dir.path(), options.clone()).await.expect("a store");
            }
            Step::Rebuild => {
                store.shutdown().await.expect("a shutdown");
                Store::rebuild(dir.path(), |_, _| {}).await.expect("a rebuild");
                store = Store::open(dir.path(), options.clone()).await.expect("a store");
            }
        }
    }
    search(&store).await;
    store.shutdown().await.expect("a shutdown");
    (dir, whole.then_some(records))
}

/// Brings the index of words up to date, as every search does.
async fn search(store: &Store) {
    let filter = TranscriptFilter { text: Some("question".to_owned()), ..TranscriptFilter::default() };
    store.tenant(&name(0)).transcripts(filter).await.expect("a search");
}

fn name(number: u8) -> TenantId {
    tenant(["acme", "globex"][usize::from(number)])
}

fn record(step: &Step, number: u32) -> Record {
    match *step {
        Step::Turn { tenant, who, with, closed, stands, goes } => {
            let mut turn = turn(&name(tenant), who, with, number);
            turn.state = stands.then(|| Box::new(standing(number)));
            turn.mood = goes.then(|| going(number));
            turn.closed = closed;
            as_record(turn)
        }
        Step::Fact { tenant, who, with } => {
            // Some are about a transcript that is known, some about one that is not, some about none.
            let about = (with == 1).then(|| transcript(who * 100 + with));
            fact_record(fact(&name(tenant), who, about, number.into()))
        }
        _ => unreachable!("only these steps append"),
    }
}

async fn in_one_batch(records: &[Record]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let options = StoreOptions { linger: Duration::from_millis(50), ..StoreOptions::default() };
    let store = Store::open(dir.path(), options).await.expect("a store");
    for record in records {
        store.append(record.clone()).await.expect("an append");
    }
    store.shutdown().await.expect("a shutdown");
    // Whatever was projected on the way: all of it once more, in one transaction.
    Store::rebuild(dir.path(), |_, _| {}).await.expect("a rebuild");
    dir
}

/// Copies the files of a running store, as a crash would leave them: the tables first, because the
/// log may grow meanwhile but never shrinks.
pub(crate) fn copy_while_running(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a directory");
    for name in ["tables.db", "log.db", "documents.db", "knowledge.db"]
        .map(|name| [name.to_owned(), format!("{name}-wal")])
        .concat()
    {
        let name = name.as_str();
        if from.join(name).exists() {
            fs::copy(from.join(name), to.path().join(name)).expect("a copy");
        }
    }
    to
}

/// All rows of all tables. Of the index of words what it says: how that lies in its tables depends on the pieces
/// in which it was written.
fn dump(dir: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let connection =
        Connection::open_with_flags(dir.join("tables.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("tables");
    connection
        .execute_batch("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, entry_words, instance)")
        .expect("the words of the index");
    let mut names = connection
        .prepare(
            "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'entry_words%'
             UNION SELECT 'words' ORDER BY name",
        )
        .unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(names.len() >= 11, "{names:?}");
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    names
        .into_iter()
        .map(|name| {
            let mut query = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let columns = query.column_count();
            let rows = query
                .query_map([], |row| (0..columns).map(|column| row.get::<_, Value>(column)).collect())
                .unwrap()
                .map(Result::unwrap)
                .collect();
            (name, rows)
        })
        .collect()
}

#[test]
fn queries_are_answered_from_indexes_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(dir.path(), StoreOptions::default()).await.unwrap();
        store.shutdown().await.unwrap();
    });
    let connection = Connection::open(dir.path().join("tables.db")).unwrap();
    let of_record = "records CROSS JOIN entries ON position BETWEEN log_seq * 4096 AND log_seq * 4096 + 4095";
    let transcripts = "SELECT t.transcript, latest.turn FROM transcripts t CROSS JOIN records latest
        ON latest.log_seq = (SELECT min(log_seq) FROM records WHERE tenant = t.tenant AND transcript = t.transcript
            AND turn = (SELECT max(turn) FROM records WHERE tenant = t.tenant AND transcript = t.transcript))";
    for query in [
        format!(
            "SELECT body FROM {of_record} WHERE tenant = ?1 AND contact = ?2 AND log_seq BETWEEN ?3 AND ?4
                 ORDER BY log_seq DESC, position DESC LIMIT 9"
        ),
        format!(
            "SELECT body FROM {of_record} WHERE tenant = ?1 AND transcript = ?2
                 ORDER BY turn DESC, log_seq DESC, position DESC LIMIT 9"
        ),
        format!("{transcripts} WHERE t.tenant = ?1 AND t.started_seq < ?2 ORDER BY t.started_seq DESC"),
        format!(
            "{transcripts} WHERE t.tenant = ?1 AND t.started_seq < ?2 AND t.contact = ?3 ORDER BY t.started_seq DESC"
        ),
        "SELECT min(first_seen), max(log_seq) FROM sessions WHERE tenant = ?1 AND contact = ?2".to_owned(),
        "SELECT min(log_seq) FROM records WHERE tenant = ?1 AND contact = ?2 AND message_id = ?3".to_owned(),
        "SELECT DISTINCT contact FROM records WHERE tenant = ?1 AND contact > ?2 ORDER BY contact".to_owned(),
        "SELECT log_seq, at FROM records WHERE tenant = ?1 AND agent IS NULL AND contact <> '' ORDER BY log_seq"
            .to_owned(),
        "SELECT transcript FROM transcripts WHERE tenant = ?1 ORDER BY started_seq".to_owned(),
        "SELECT count(*) FROM transcripts INDEXED BY transcripts_by_contact
         WHERE tenant = ?1 AND contact = ?2 AND started_at >= ?3"
            .to_owned(),
        "SELECT transcript FROM transcript_labels WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND value = ?4
         AND started_seq < ?5 ORDER BY started_seq DESC"
            .to_owned(),
        "SELECT state FROM transcript_states WHERE tenant = ?1 AND status = ?2 AND started_seq < ?3
         ORDER BY started_seq DESC"
            .to_owned(),
        "SELECT state FROM transcript_states WHERE tenant = ?1 AND channel = ?2 ORDER BY started_seq DESC".to_owned(),
        "SELECT mood FROM transcript_moods WHERE tenant = ?1 AND risk IN (?2, ?3) AND started_seq < ?4
         ORDER BY started_seq DESC"
            .to_owned(),
        "DELETE FROM transcript_labels WHERE tenant = ?1 AND transcript = ?2".to_owned(),
        "DELETE FROM entries WHERE position >= ?1 AND position < ?2".to_owned(),
        "SELECT seq FROM events CROSS JOIN records USING (log_seq, tenant) WHERE tenant = ?1 AND seq > ?2
         ORDER BY seq"
            .to_owned(),
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let blanks = vec![Value::Null; plan.parameter_count()];
        let steps: Vec<String> =
            plan.query_map(rusqlite::params_from_iter(blanks), |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let plan = steps.join("; ");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{query}\n{plan}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_an_earlier_release_are_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let acme = tenant("acme");
    let store = Store::open(dir.path(), StoreOptions::default()).await.unwrap();
    for number in 1..=3 {
        store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
    }
    store.shutdown().await.unwrap();
    // The second schema of the tables: without states, labels, words and moods.
    Connection::open(dir.path().join("tables.db"))
        .unwrap()
        .execute_batch(
            "DROP TABLE entry_words; DROP TABLE words_checkpoint; DROP TABLE transcript_states;
             DROP TABLE transcript_labels; DROP TABLE transcript_moods; PRAGMA user_version = 2;",
        )
        .unwrap();
    let store = Store::open(dir.path(), StoreOptions::default()).await.expect("a store");
    let found = async |text: &str| {
        let filter = TranscriptFilter { text: Some(text.to_owned()), ..TranscriptFilter::default() };
        store.tenant(&acme).transcripts(filter).await.unwrap().len()
    };
    assert_eq!((found("question 2").await, found("question 4").await), (1, 0), "what was said before is found");
    let mut next = turn(&acme, 1, 1, 4);
    next.state = Some(Box::new(standing(4)));
    next.mood = Some(going(4));
    store.append(as_record(next)).await.unwrap();
    assert_eq!(found("question 4").await, 1);
    let listed = store.tenant(&acme).transcript(&transcript(101)).await.unwrap().unwrap();
    assert_eq!((listed.turns, listed.agent, listed.state), (4, agent(1), Some(standing(4))));
    assert_eq!(listed.mood, Some(going(4)));
    store.shutdown().await.unwrap();
    let lived = dump(dir.path());
    Store::rebuild(dir.path(), |_, _| {}).await.unwrap();
    assert_eq!(lived, dump(dir.path()));
}
