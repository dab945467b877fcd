//! What was acknowledged stays, what failed is not there, and trouble passes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use model::LogSeq;
use rusqlite::Connection;
use serde_json::json;
use store::{Expect, Store, StoreError, StoreOptions, TranscriptFilter};

use crate::{
    conformance::sqlite,
    projections::copy_while_running,
    sample::{agent, as_record, contact, tenant, transcript, turn},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    let stop = Arc::new(AtomicBool::new(false));
    let acknowledged: Arc<Vec<AtomicU32>> = Arc::new((0..8).map(|_| AtomicU32::new(0)).collect());
    let writers: Vec<_> = (0..8u32)
        .map(|who| {
            let (store, acme) = (fresh.store.clone(), acme.clone());
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    store.append(as_record(turn(&acme, who, 1, number))).await.expect("an append");
                    acknowledged[who as usize].store(number, Ordering::Release);
                }
            })
        })
        .collect();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let known: Vec<u32> = acknowledged.iter().map(|number| number.load(Ordering::Acquire)).collect();
        let copy = copy_while_running(fresh.path());
        let revived = Store::open(copy.path(), StoreOptions::default()).await.expect("a store after the kill");
        for (who, known) in (0u32..).zip(known) {
            let tenant = revived.tenant(&acme);
            let turns = tenant.session(&contact(who), &agent(1)).await.unwrap().map_or(0, |session| session.turn);
            assert!(turns >= known, "contact {who}: {known} turns were acknowledged, {turns} are there");
            let said = tenant.transcript_entries(&transcript(who * 100 + 1), None).await.unwrap();
            assert_eq!(said.len(), turns as usize * 2, "no half turn, none twice");
        }
        revived.shutdown().await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_commit_refuses_the_whole_batch_and_passes() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    // Stands for a disk that is full: the third record of the log cannot be written.
    let saboteur = Connection::open(fresh.path().join("log.db")).unwrap();
    saboteur
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON log WHEN NEW.seq % 3 = 0
             BEGIN SELECT RAISE(FAIL, 'the disk is full'); END",
        )
        .unwrap();
    let appends: Vec<_> = (0..20u32)
        .map(|who| {
            let (store, record) = (fresh.store.clone(), as_record(turn(&acme, who + 10, 1, 1)));
            tokio::spawn(async move { (who, store.append(record).await) })
        })
        .collect();
    let mut kept = 1;
    for append in appends {
        let (who, outcome) = append.await.unwrap();
        let there = fresh.store.tenant(&acme).session(&contact(who + 10), &agent(1)).await.unwrap().is_some();
        assert_eq!(there, outcome.is_ok(), "what was refused is not there: {outcome:?}");
        match outcome {
            Ok(_) => kept += 1,
            Err(StoreError::Unavailable { problem, .. }) => assert!(problem.contains("the disk is full"), "{problem}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(kept <= 2, "the log cannot have got past its third record, it has {kept}");

    saboteur.execute_batch("DROP TRIGGER full").unwrap();
    let seq = fresh.store.append(as_record(turn(&acme, 1, 1, 2))).await.expect("trouble passes");
    assert_eq!(seq, LogSeq(kept + 1));
    fresh.store.flush_projections().await.unwrap();
    let listed = fresh.store.tenant(&acme).transcripts(TranscriptFilter::default()).await.unwrap();
    assert_eq!(listed.len() as u64, kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_cannot_be_written_press_back_and_recover() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { max_behind: 5, ..StoreOptions::default() };
    let store = Store::open(dir.path(), options).await.unwrap();
    let acme = tenant("acme");
    let saboteur = Connection::open(dir.path().join("tables.db")).unwrap();
    saboteur
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'the disk is full'); END")
        .unwrap();
    for number in 1..=5 {
        store.append(as_record(turn(&acme, 1, 1, number))).await.expect("within the bound");
    }
    let refused = store.append(as_record(turn(&acme, 1, 1, 6))).await;
    assert!(matches!(refused, Err(StoreError::Overloaded { .. })), "{refused:?}");
    let session = store.tenant(&acme).session(&contact(1), &agent(1)).await.unwrap().expect("a session");
    assert_eq!(session.turn, 5, "a reader sees its own writes all the same");

    saboteur.execute_batch("DROP TRIGGER full").unwrap();
    store.flush_projections().await.expect("the projector recovers");
    store.append(as_record(turn(&acme, 1, 1, 6))).await.expect("there is room again");
    assert_eq!(store.tenant(&acme).transcript_entries(&transcript(101), None).await.unwrap().len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_tables_are_made_anew() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    for number in 1..=3 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
    }
    fresh.store.shutdown().await.unwrap();
    std::fs::write(fresh.path().join("tables.db"), "this is not a database, whatever its name says").unwrap();
    let store = Store::open(fresh.path(), StoreOptions::default()).await.expect("a store");
    assert_eq!(store.tenant(&acme).transcript_entries(&transcript(101), None).await.unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_a_longer_log_are_made_anew() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    let earlier = copy_while_running(fresh.path());
    fresh.store.append(as_record(turn(&acme, 1, 1, 2))).await.unwrap();
    fresh.store.shutdown().await.unwrap();
    std::fs::copy(fresh.path().join("tables.db"), earlier.path().join("tables.db")).unwrap();
    let _ = std::fs::remove_file(earlier.path().join("tables.db-wal"));
    let store = Store::open(earlier.path(), StoreOptions::default()).await.expect("a store on a restored log");
    assert_eq!(store.tenant(&acme).transcript_entries(&transcript(101), None).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_per_directory_and_commands_beside_it() {
    let fresh = sqlite().await;
    let second = Store::open(fresh.path(), StoreOptions::default()).await;
    assert!(matches!(second.err(), Some(StoreError::InUse { .. })));
    let rebuild = Store::rebuild(fresh.path(), |_, _| {}).await;
    assert!(matches!(rebuild, Err(StoreError::InUse { .. })), "{rebuild:?}");

    let command = Store::open_documents(fresh.path()).await.expect("the documents beside a server");
    let acme = tenant("acme");
    let refused = command.append(as_record(turn(&acme, 1, 1, 1))).await;
    assert!(matches!(refused, Err(StoreError::DocumentsOnly)), "{refused:?}");
    let mut changes = fresh.store.changes();
    changes.mark_unchanged();
    command.tenant(&acme).put("agent", "a", &json!({"by": "a command"}), &[], Expect::New).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), changes.changed()).await.expect("the server is told").unwrap();
    assert!(fresh.store.tenant(&acme).get("agent", "a").await.unwrap().is_some());

    fresh.store.shutdown().await.unwrap();
    let next = Store::open(fresh.path(), StoreOptions::default()).await.expect("the lock is free after a shutdown");
    drop(next);
    let until = std::time::Instant::now() + Duration::from_secs(5);
    while Store::open(fresh.path(), StoreOptions::default()).await.is_err() {
        assert!(std::time::Instant::now() < until, "a store that is just dropped gives the lock back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_ahead_logs_are_folded_in_at_shutdown() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    for number in 1..=50 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
    }
    fresh.store.shutdown().await.unwrap();
    for name in ["log.db-wal", "tables.db-wal"] {
        let left = std::fs::metadata(fresh.path().join(name)).map_or(0, |file| file.len());
        assert_eq!(left, 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_a_newer_release_are_refused() {
    let fresh = sqlite().await;
    fresh.store.shutdown().await.unwrap();
    Connection::open(fresh.path().join("log.db")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = Store::open(fresh.path(), StoreOptions::default()).await.err().expect("an error");
    assert!(matches!(refused, StoreError::NewerSchema { found: 99, .. }), "{refused:?}");
    assert!(refused.to_string().contains("upgrade"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fresh_directory_may_be_opened_by_several_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let opened: Vec<_> = (0..6)
        .map(|number: u32| {
            let path = dir.path().to_owned();
            tokio::spawn(async move {
                let store = Store::open_documents(&path).await.expect("the documents");
                let id = number.to_string();
                store.tenant(&tenant("acme")).put("agent", &id, &json!(number), &[], Expect::New).await.expect("a put");
            })
        })
        .collect();
    for opened in opened {
        opened.await.unwrap();
    }
    let store = Store::open_documents(dir.path()).await.unwrap();
    assert_eq!(store.tenant(&tenant("acme")).list("agent", store::Page::whole()).await.unwrap().len(), 6);
}
