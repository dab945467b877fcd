//! Following the log: as it happens, and from where somebody left off.

use std::time::Duration;

use model::{LogSeq, record::Record};
use store::{LogPage, StoreError};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::{Factory, suite};
use crate::sample::{as_record, contact, fact, fact_record, tenant, transcript, turn};

suite![
    a_follower_is_told_in_order_and_finds_what_it_is_told,
    a_slow_follower_reads_what_it_missed,
    followers_are_told_of_the_end,
    a_tenant_is_resumed_from_a_place,
    a_transcript_is_resumed_from_a_place,
    what_was_erased_is_passed_over,
];

fn places(page: &LogPage) -> Vec<u64> {
    page.records.iter().map(|(seq, _)| seq.0).collect()
}

async fn a_follower_is_told_in_order_and_finds_what_it_is_told(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    let mut followed = fresh.store.committed().unwrap();
    let appends: Vec<_> = (2..=200)
        .map(|number| {
            let (store, record) = (fresh.store.clone(), as_record(turn(&acme, number % 7, 1, number)));
            tokio::spawn(async move { store.append(record).await })
        })
        .collect();
    let store = fresh.store.tenant(&acme);
    for expected in 2..=200 {
        let told = tokio::time::timeout(Duration::from_secs(5), followed.recv()).await.expect("in time").unwrap();
        assert_eq!(told.seq, LogSeq(expected));
        let Record::Turn(turn) = &told.record else { panic!("not a turn") };
        let (whose, _, session) = store.transcript_session(&turn.transcript).await.unwrap().expect("a session");
        assert_eq!((&whose, told.transcript()), (&turn.contact, Some(turn.transcript)));
        assert!(session.turn >= 1);
        let after = store.records_after(LogSeq(expected - 1), 1, None).await.unwrap();
        assert_eq!(places(&after), [expected], "who reads finds it too");
    }
    for append in appends {
        append.await.unwrap().unwrap();
    }
}

async fn a_slow_follower_reads_what_it_missed(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let mut followed = fresh.store.committed().unwrap();
    let appends: Vec<_> = (1..=6_000)
        .map(|number| {
            let (store, record) = (fresh.store.clone(), as_record(turn(&acme, number % 50, 1, number)));
            tokio::spawn(async move {
                let mut outcome = store.append(record.clone()).await;
                while matches!(outcome, Err(StoreError::Overloaded { .. })) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    outcome = store.append(record.clone()).await;
                }
                outcome
            })
        })
        .collect();
    for append in appends {
        append.await.unwrap().unwrap();
    }
    assert!(matches!(followed.recv().await, Err(RecvError::Lagged(_))), "it is told that it missed some");
    let store = fresh.store.tenant(&acme);
    let (mut after, mut read) = (LogSeq(0), Vec::new());
    loop {
        let page = store.records_after(after, 1_000, None).await.unwrap();
        read.extend(places(&page));
        after = page.reached;
        if !page.more {
            break;
        }
    }
    assert_eq!(read, (1..=6_000).collect::<Vec<u64>>());
}

async fn followers_are_told_of_the_end(fresh: Factory) {
    let fresh = fresh().await;
    let mut followed = fresh.store.committed().unwrap();
    fresh.store.append(as_record(turn(&tenant("acme"), 1, 1, 1))).await.unwrap();
    fresh.store.shutdown().await.unwrap();
    assert_eq!(followed.recv().await.unwrap().seq, LogSeq(1));
    assert!(matches!(followed.recv().await, Err(RecvError::Closed)));
    assert!(matches!(fresh.store.committed(), Err(StoreError::Closed)));
}

async fn a_tenant_is_resumed_from_a_place(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    for number in 1..=4 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
        fresh.store.append(as_record(turn(&globex, 1, 1, number))).await.unwrap();
    }
    fresh.store.append(fact_record(fact(&acme, 1, None, 5))).await.unwrap();
    let store = fresh.store.tenant(&acme);
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        let first = store.records_after(LogSeq(0), 2, None).await.unwrap();
        assert_eq!((places(&first), first.reached, first.more), (vec![1, 3], LogSeq(3), true));
        let rest = store.records_after(first.reached, 100, None).await.unwrap();
        assert_eq!((places(&rest), rest.reached, rest.more), (vec![5, 7, 9], LogSeq(9), false));
        assert!(rest.records.iter().all(|(_, record)| record.tenant() == &acme));
        let nothing = store.records_after(LogSeq(9), 100, None).await.unwrap();
        assert_eq!((nothing.records.len(), nothing.reached, nothing.more), (0, LogSeq(9), false));
        // A place that never was, as somebody may send it.
        let beyond = store.records_after(LogSeq(u64::MAX), 100, None).await.unwrap();
        assert_eq!((beyond.records.len(), beyond.reached, beyond.more), (0, LogSeq(u64::MAX), false));
        let stranger = fresh.store.tenant(&tenant("nobody")).records_after(LogSeq(0), 9, None).await.unwrap();
        assert_eq!((stranger.records.len(), stranger.reached), (0, LogSeq(9)), "all is looked at");
    }
}

async fn a_transcript_is_resumed_from_a_place(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for number in 1..=3 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
        fresh.store.append(as_record(turn(&acme, 1, 2, number))).await.unwrap();
        if number == 2 {
            // What came before is in the tables, what comes after is not yet.
            fresh.store.flush_projections().await.unwrap();
        }
    }
    fresh.store.append(fact_record(fact(&acme, 1, Some(transcript(101)), 5))).await.unwrap();
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        let all = store.records_after(LogSeq(0), 100, Some(&transcript(101))).await.unwrap();
        assert_eq!((places(&all), all.reached, all.more), (vec![1, 3, 5, 7], LogSeq(7), false));
        assert!(matches!(all.records[3].1, Record::Fact(_)));
        let some = store.records_after(LogSeq(1), 2, Some(&transcript(101))).await.unwrap();
        assert_eq!((places(&some), some.reached, some.more), (vec![3, 5], LogSeq(5), true));
        let rest = store.records_after(some.reached, 2, Some(&transcript(101))).await.unwrap();
        assert_eq!((places(&rest), rest.more), (vec![7], false));
        let none = store.records_after(LogSeq(0), 9, Some(&transcript(999))).await.unwrap();
        assert_eq!((none.records.len(), none.reached), (0, LogSeq(0)));
        let stranger = fresh.store.tenant(&tenant("globex"));
        assert!(stranger.records_after(LogSeq(0), 9, Some(&transcript(101))).await.unwrap().records.is_empty());
    }
}

async fn what_was_erased_is_passed_over(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for who in [1, 2, 1] {
        fresh.store.append(as_record(turn(&acme, who, 1, 1))).await.unwrap();
    }
    store.erase_contact(&contact(1), Uuid::from_u128(3)).await.unwrap();
    let page = store.records_after(LogSeq(0), 100, None).await.unwrap();
    assert!(matches!(page.records[..], [(LogSeq(2), Record::Turn(_)), (LogSeq(4), Record::Erasure(_))]), "{page:?}");
    assert!(store.records_after(LogSeq(0), 9, Some(&transcript(101))).await.unwrap().records.is_empty());
}
