//! Erasing and expiring: what is gone is gone everywhere, what stays is as it was.

use model::{
    LogSeq, Timestamp,
    record::{ErasureReason, Record},
};
use store::{EntryFilter, Erased, TenantStore, TranscriptFilter};
use uuid::Uuid;

use super::{Factory, suite};
use crate::sample::{agent, as_record, contact, fact, fact_record, going, standing, tenant, transcript, turn};

suite![
    an_erased_contact_is_as_if_it_had_never_been,
    others_stay_as_they_were,
    an_erasure_leaves_tombstones_and_one_event,
    to_erase_again_changes_nothing,
    a_turn_after_the_erasure_is_of_a_new_contact,
    many_records_are_erased,
    old_transcripts_expire_in_small_steps,
    how_an_erased_transcript_stood_is_gone,
    other_transcripts_of_a_contact_stand_as_before,
    a_transcript_with_a_new_line_stays_whole,
    contacts_are_listed_by_id,
    the_records_of_a_contact_are_read_in_pages,
    a_forgotten_document_has_no_history,
];

const ERASURE: Uuid = Uuid::from_u128(0xE5A5);

async fn traces(store: &TenantStore, who: u32) -> usize {
    let state = store.load_turn_state(&contact(who), &agent(1), Some(&format!("message-{who}-1-1"))).await.unwrap();
    let listed = TranscriptFilter { contact: Some(contact(who)), ..TranscriptFilter::default() };
    usize::from(state.session.is_some())
        + usize::from(state.contact.is_some())
        + usize::from(state.answered.is_some())
        + store.transcripts(listed).await.unwrap().len()
        + store.contact_entries(&contact(who), EntryFilter::default()).await.unwrap().len()
        + store.transcript_entries(&transcript(who * 100 + 1), None).await.unwrap().len()
        + usize::from(store.transcript(&transcript(who * 100 + 1)).await.unwrap().is_some())
        + usize::from(store.transcript_session(&transcript(who * 100 + 1)).await.unwrap().is_some())
        + store.records_after(LogSeq(0), 100, Some(&transcript(who * 100 + 1))).await.unwrap().records.len()
        + usize::from(store.turn_record(&transcript(who * 100 + 1), 1).await.unwrap().is_some())
        + store.contact_records(&contact(who), LogSeq(0), 100).await.unwrap().len()
        + store.contacts(None, 100).await.unwrap().iter().filter(|seen| seen.contact == contact(who)).count()
        + store.contact_ids(None, 100).await.unwrap().iter().filter(|id| **id == contact(who)).count()
        + store.events(0, 100).await.unwrap().iter().filter(|event| event.contact == Some(contact(who))).count()
}

async fn an_erased_contact_is_as_if_it_had_never_been(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for number in 1..=3 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
        fresh.store.append(as_record(turn(&acme, 1, 2, number))).await.unwrap();
    }
    fresh.store.append(fact_record(fact(&acme, 1, Some(transcript(101)), 5))).await.unwrap();
    fresh.store.append(fact_record(fact(&acme, 1, None, 6))).await.unwrap();
    assert!(traces(&store, 1).await > 10);
    assert_eq!(store.erase_contact(&contact(1), ERASURE).await.unwrap(), Erased { records: 8 });
    fresh.store.scrub().await.unwrap();
    assert_eq!(traces(&store, 1).await, 0);
}

async fn others_stay_as_they_were(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    for number in 1..=3 {
        for (tenant, who) in [(&acme, 1), (&acme, 2), (&globex, 1)] {
            fresh.store.append(as_record(turn(tenant, who, 1, number))).await.unwrap();
        }
    }
    fresh.store.flush_projections().await.unwrap();
    let seen = async |tenant, who| {
        let store = fresh.store.tenant(tenant);
        format!(
            "{:?} {:?} {:?} {:?}",
            store.load_turn_state(&contact(who), &agent(1), Some("message-1-1-2")).await.unwrap(),
            store.transcript(&transcript(who * 100 + 1)).await.unwrap(),
            store.contact_entries(&contact(who), EntryFilter::default()).await.unwrap(),
            store
                .events(0, 100)
                .await
                .unwrap()
                .iter()
                .filter(|event| event.contact == Some(contact(who)))
                .collect::<Vec<_>>(),
        )
    };
    let before = (seen(&acme, 2).await, seen(&globex, 1).await);
    fresh.store.tenant(&acme).erase_contact(&contact(1), ERASURE).await.unwrap();
    assert_eq!((seen(&acme, 2).await, seen(&globex, 1).await), before);
}

async fn an_erasure_leaves_tombstones_and_one_event(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    fresh.store.append(as_record(turn(&acme, 2, 1, 1))).await.unwrap();
    store.erase_contact(&contact(1), ERASURE).await.unwrap();
    let Some(Record::Tombstone(tombstone)) = store.record(LogSeq(1)).await.unwrap() else { panic!("no tombstone") };
    assert_eq!((tombstone.erasure, tombstone.reason, tombstone.events), (ERASURE, ErasureReason::Erased, 1));
    let feed = store.events(0, 10).await.unwrap();
    // The number of the event that is gone stays taken.
    assert_eq!(feed.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 3]);
    assert_eq!((feed[1].kind.as_str(), &feed[1].contact), ("contact.erased", &None));
    assert_eq!(feed[1].body.get(), format!(r#"{{"erasure":"{ERASURE}","records":1}}"#));
    assert!(fresh.store.tenant(&tenant("globex")).record(LogSeq(1)).await.unwrap().is_none());
}

async fn to_erase_again_changes_nothing(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    for expected in [1, 0, 0] {
        assert_eq!(store.erase_contact(&contact(1), ERASURE).await.unwrap(), Erased { records: expected });
        fresh.store.scrub().await.unwrap();
    }
    assert_eq!(store.erase_contact(&contact(9), ERASURE).await.unwrap(), Erased { records: 0 });
    assert_eq!(store.events(0, 10).await.unwrap().len(), 1);
    assert_eq!(fresh.store.append(as_record(turn(&acme, 2, 1, 1))).await.unwrap(), LogSeq(3));
}

async fn a_turn_after_the_erasure_is_of_a_new_contact(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    store.erase_contact(&contact(1), ERASURE).await.unwrap();
    let seq = fresh.store.append(as_record(turn(&acme, 1, 1, 7))).await.unwrap();
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        let state = store.load_turn_state(&contact(1), &agent(1), Some("message-1-1-7")).await.unwrap();
        assert_eq!((state.session.unwrap().turn, state.answered), (7, Some(seq)));
        assert_eq!(state.contact.unwrap().first_seen, Timestamp(7_000_001));
    }
    let begun = store.transcript(&transcript(101)).await.unwrap().unwrap();
    assert_eq!((begun.started_seq, begun.turns), (seq, 7));
}

async fn many_records_are_erased(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    let appended: Vec<_> = (1..=700)
        .map(|number| {
            let (store, record) = (fresh.store.clone(), as_record(turn(&acme, 1 + number % 2, 1, number)));
            tokio::spawn(async move { store.append(record).await })
        })
        .collect();
    for appended in appended {
        appended.await.unwrap().unwrap();
    }
    assert_eq!(store.erase_contact(&contact(1), ERASURE).await.unwrap(), Erased { records: 350 });
    assert_eq!(traces(&store, 1).await, 0);
    assert_eq!(store.contact_records(&contact(2), LogSeq(0), 1_000).await.unwrap().len(), 350);
    let told = store.events(600, 1_000).await.unwrap();
    assert_eq!(told.iter().filter(|event| event.kind == "contact.erased").count(), 1);
}

async fn old_transcripts_expire_in_small_steps(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for number in 1..=5 {
        for who in 1..=2 {
            fresh.store.append(as_record(turn(&acme, who, number, number))).await.unwrap();
        }
    }
    fresh.store.append(fact_record(fact(&acme, 3, None, 5))).await.unwrap();
    // Turns 1 to 3 of both, and the fact.
    let before = Timestamp(4_000_000);
    let mut steps = Vec::new();
    loop {
        match store.purge_before(before, 3).await.unwrap() {
            0 => break,
            gone => steps.push(gone),
        }
    }
    assert_eq!(steps, [3, 3, 1]);
    let left: Vec<_> = store.transcripts(TranscriptFilter::default()).await.unwrap();
    assert_eq!(
        left.iter().map(|left| left.transcript).collect::<Vec<_>>(),
        [transcript(205), transcript(105), transcript(204), transcript(104)]
    );
    assert_eq!(store.contact(&contact(1)).await.unwrap().unwrap().first_seen, Timestamp(4_000_001));
    let Some(Record::Tombstone(tombstone)) = store.record(LogSeq(1)).await.unwrap() else { panic!("no tombstone") };
    assert_eq!(tombstone.reason, ErasureReason::Expired);
    assert_eq!(store.events(0, 100).await.unwrap().iter().map(|event| event.seq).collect::<Vec<_>>(), [7, 8, 9, 10]);
    // When the last of its transcripts is gone, the contact is.
    while store.purge_before(Timestamp(9_000_000), 100).await.unwrap() > 0 {}
    assert!(store.contact(&contact(1)).await.unwrap().is_none());
    assert!(store.contacts(None, 10).await.unwrap().is_empty());
}

async fn how_an_erased_transcript_stood_is_gone(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for who in [1, 2] {
        let mut turn = turn(&acme, who, 1, 1);
        turn.state = Some(Box::new(standing(2)));
        turn.mood = Some(going(2));
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    let found = async |filter: TranscriptFilter| store.transcripts(filter).await.unwrap();
    let filters = [
        TranscriptFilter { flagged: Some(true), ..TranscriptFilter::default() },
        TranscriptFilter { statuses: vec![standing(2).status], ..TranscriptFilter::default() },
        TranscriptFilter { risks: vec![going(2).level], ..TranscriptFilter::default() },
        TranscriptFilter { functions: vec!["book_slot".to_owned()], ..TranscriptFilter::default() },
        TranscriptFilter { tags: vec![("topic".to_owned(), "parcel".to_owned())], ..TranscriptFilter::default() },
        TranscriptFilter { text: Some("question".to_owned()), ..TranscriptFilter::default() },
    ];
    for filter in &filters {
        assert_eq!(found(filter.clone()).await.len(), 2, "{filter:?}");
    }
    store.erase_contact(&contact(1), ERASURE).await.unwrap();
    for filter in filters {
        let left = found(filter.clone()).await;
        assert_eq!(left.iter().map(|left| left.transcript).collect::<Vec<_>>(), [transcript(201)], "{filter:?}");
    }
}

async fn other_transcripts_of_a_contact_stand_as_before(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    // One transcript of the contact expires, the other is untouched.
    for (with, number) in [(1, 1), (2, 5)] {
        let mut turn = turn(&acme, 1, with, number);
        turn.state = Some(Box::new(standing(number)));
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    assert_eq!(store.purge_before(Timestamp(3_000_000), 100).await.unwrap(), 1);
    assert!(store.transcript(&transcript(101)).await.unwrap().is_none());
    assert_eq!(store.transcript(&transcript(102)).await.unwrap().unwrap().state, Some(standing(5)));
    let session = store.transcript_session(&transcript(102)).await.unwrap().unwrap();
    assert_eq!((session.0, session.1, session.2.state), (contact(1), agent(2), Some(standing(5))));
}

async fn a_transcript_with_a_new_line_stays_whole(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    fresh.store.append(fact_record(fact(&acme, 1, Some(transcript(101)), 9_000_000))).await.unwrap();
    fresh.store.append(as_record(turn(&acme, 2, 1, 1))).await.unwrap();
    assert_eq!(store.purge_before(Timestamp(5_000_000), 100).await.unwrap(), 1);
    assert_eq!(store.transcript_entries(&transcript(101), None).await.unwrap().len(), 3);
    assert!(store.transcript(&transcript(201)).await.unwrap().is_none());
    // All of a transcript goes in one step, however small the step.
    assert_eq!(store.purge_before(Timestamp(10_000_000), 1).await.unwrap(), 2);
}

async fn contacts_are_listed_by_id(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for (who, with, number) in [(2, 1, 1), (1, 1, 2), (3, 1, 3), (2, 2, 4)] {
        fresh.store.append(as_record(turn(&acme, who, with, number))).await.unwrap();
    }
    fresh.store.append(fact_record(fact(&acme, 4, None, 5))).await.unwrap();
    let all = store.contacts(None, 10).await.unwrap();
    assert_eq!(all.iter().map(|seen| seen.contact.clone()).collect::<Vec<_>>(), [contact(1), contact(2), contact(3)]);
    assert_eq!((all[1].first_seen, all[1].last_seen), (Timestamp(1_000_002), Timestamp(4_000_002)));
    assert_eq!(store.contacts(Some(&contact(1)), 1).await.unwrap(), [all[1].clone()]);
    assert_eq!(store.contact_ids(Some(&contact(2)), 10).await.unwrap(), [contact(3), contact(4)]);
}

async fn the_records_of_a_contact_are_read_in_pages(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    fresh.store.append(as_record(turn(&acme, 2, 1, 1))).await.unwrap();
    fresh.store.append(fact_record(fact(&acme, 1, None, 5))).await.unwrap();
    let first = store.contact_records(&contact(1), LogSeq(0), 1).await.unwrap();
    assert!(matches!(first[..], [(LogSeq(1), Record::Turn(_))]), "{first:?}");
    let rest = store.contact_records(&contact(1), LogSeq(1), 10).await.unwrap();
    assert!(matches!(rest[..], [(LogSeq(3), Record::Fact(_))]), "{rest:?}");
}

async fn a_forgotten_document_has_no_history(fresh: Factory) {
    let fresh = fresh().await;
    let store = fresh.store.tenant(&tenant("acme"));
    let key = [store::Key::shared("k", "v")];
    store.put("erasure", "a", &1, &key, store::Expect::New).await.unwrap();
    store.put("erasure", "a", &2, &key, store::Expect::Any).await.unwrap();
    store.discard("erasure", vec!["a".to_owned()]).await.unwrap();
    store.discard("erasure", vec!["a".to_owned()]).await.expect("a missing one is no error");
    assert!(store.get("erasure", "a").await.unwrap().is_none());
    assert!(store.history("erasure", "a").await.unwrap().is_empty());
    assert!(store.find("erasure", "k", "v").await.unwrap().is_empty());
}
