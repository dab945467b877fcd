//! Bar R7: after an erasure no byte of a person is in any file, while the store is open and after.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use model::{
    LogSeq, TenantId,
    attribute::{Attribute, Provenance},
    record::TurnRecord,
    transcript::TranscriptState,
};
use serde_json::{json, value::to_raw_value};
use store::{Store, StoreOptions, TranscriptFilter};
use uuid::Uuid;

use crate::{
    conformance::sqlite,
    projections::copy_while_running,
    sample::{agent, as_record, tenant, transcript, turn},
};

/// People whose rows stand between each other's, so that pages split and are joined as in real life.
const PEOPLE: u32 = 90;
const TURNS: u32 = 14;

/// A text that only this person says. Ids of many lengths: rows of many sizes.
fn mark(who: u32) -> String {
    let spread = Uuid::from_u128(u128::from(who).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)).simple();
    format!("{}-mark-{who:03}", &spread.to_string()[..4 + (who as usize * 7) % 28])
}

/// A word that only this person says. The index of words keeps of a word what the one before it has not, so
/// it is told by its end.
fn word(who: u32) -> String {
    let spread = Uuid::from_u128(u128::from(who + 1).wrapping_mul(0xD1B5_4A32_D192_ED03_AEF1_7502_108E_F2D9)).simple();
    let digits = spread.to_string();
    format!("{}q{}", &digits[..8], &digits[8..16])
}

fn marked(tenant: &TenantId, who: u32, number: u32) -> TurnRecord {
    let mark = mark(who);
    let mut turn = turn(tenant, who, 1, number);
    turn.contact = mark.parse().expect("a contact id");
    turn.message_id = Some(format!("message {number} of {mark}"));
    turn.request.source_ip.clone_from(&mark);
    for (entry, times) in turn.entries.iter_mut().zip([1, 40]) {
        entry.text = format!("{} {}", mark.repeat(times * (number as usize % 9)), word(who));
        entry.body = to_raw_value(&json!({ "text": entry.text })).expect("JSON");
    }
    for part in [&mut turn.contact_state, &mut turn.session, &mut turn.journal] {
        *part = to_raw_value(&json!({ "of": mark })).expect("JSON");
    }
    turn.events[0].body = to_raw_value(&json!({ "by": mark })).expect("JSON");
    let parameter = Attribute { value: json!(mark), provenance: Provenance::Function };
    turn.state = Some(Box::new(TranscriptState {
        contact_name: mark.clone(),
        parameters: [(format!("parameter {}", number % 3), parameter)].into(),
        tags: [(format!("tag {}", number % 5), mark)].into(),
        ..TranscriptState::default()
    }));
    turn
}

/// Which of these people are in the files of a directory, and where.
fn found(dir: &Path, people: &[u32]) -> BTreeSet<(String, u32)> {
    let mut found = BTreeSet::new();
    let ends: HashMap<Vec<u8>, u32> = people.iter().map(|who| (word(*who).into_bytes()[8..].to_vec(), *who)).collect();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        for window in bytes.windows(9).filter(|window| window.starts_with(b"-mark-")) {
            let number = std::str::from_utf8(&window[6..]).ok().and_then(|digits| digits.parse().ok());
            if let Some(who) = number.filter(|who| people.contains(who)) {
                found.insert((name.clone(), who));
            }
        }
        for window in bytes.windows(9).filter(|window| window[0] == b'q') {
            if let Some(who) = ends.get(window) {
                found.insert((name.clone(), *who));
            }
        }
    }
    found
}

/// In how many transcripts the word of a person was said.
async fn said(store: &Store, tenant: &TenantId, who: u32) -> u64 {
    let filter = TranscriptFilter { text: Some(word(who)), ..TranscriptFilter::default() };
    store.tenant(tenant).count_transcripts(filter).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_byte_of_the_erased_is_left_in_any_file() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    for number in 1..=TURNS {
        // In another order each time.
        for place in 0..PEOPLE {
            let who = (place * 37 + number * 11) % PEOPLE;
            fresh.store.append(as_record(marked(&acme, who, number))).await.unwrap();
        }
    }
    fresh.store.flush_projections().await.unwrap();
    assert_eq!(said(&fresh.store, &acme, 4).await, 1);
    // Some leave before, so that rows of others have been moved.
    for who in (0..PEOPLE).filter(|who| who % 3 == 0) {
        let contact = mark(who).parse().unwrap();
        let erased = fresh.store.tenant(&acme).erase_contact(&contact, Uuid::new_v4()).await.unwrap();
        assert_eq!(erased.records, TURNS as usize);
    }
    for who in (0..PEOPLE).filter(|who| who % 3 == 1) {
        fresh.store.tenant(&acme).erase_contact(&mark(who).parse().unwrap(), Uuid::new_v4()).await.unwrap();
    }
    fresh.store.scrub().await.unwrap();
    let (kept, gone): (Vec<u32>, Vec<u32>) = (0..PEOPLE).partition(|who| who % 3 == 2);
    let nothing = BTreeSet::new();
    assert_eq!((said(&fresh.store, &acme, 4).await, said(&fresh.store, &acme, 5).await), (0, 1));
    assert_eq!(found(fresh.path(), &gone), nothing, "while the store is open");
    let here = found(fresh.path(), &kept);
    assert_eq!(here.iter().filter(|(name, _)| name == "log.db").count(), kept.len());

    fresh.store.append(as_record(marked(&acme, 2, TURNS + 1))).await.unwrap();
    fresh.store.shutdown().await.unwrap();
    assert_eq!(found(fresh.path(), &gone), nothing, "after it was closed");
    Store::rebuild(fresh.path(), |_, _| {}).await.unwrap();
    assert_eq!(found(fresh.path(), &gone), nothing, "in tables that were made anew");
    let store = Store::open(fresh.path(), StoreOptions::default()).await.unwrap();
    for who in kept {
        let session = store.tenant(&acme).session(&mark(who).parse().unwrap(), &agent(1)).await.unwrap();
        assert!(session.is_some_and(|session| session.turn >= TURNS), "{who} stays");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_was_interrupted_is_finished_by_the_next() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    for number in 1..=600 {
        fresh.store.append(as_record(marked(&acme, 1, number))).await.unwrap();
    }
    let contact = mark(1).parse().unwrap();
    let erasing = {
        let (store, contact) = (fresh.store.tenant(&acme), mark(1).parse().unwrap());
        tokio::spawn(async move { store.erase_contact(&contact, Uuid::from_u128(7)).await })
    };
    let mut copies = Vec::new();
    while !erasing.is_finished() && copies.len() < 12 {
        copies.push(copy_while_running(fresh.path()));
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    erasing.await.unwrap().unwrap();
    for copy in copies {
        let store = Store::open(copy.path(), StoreOptions::default()).await.expect("a store after the kill");
        // Whatever was done is done whole: what is left can be read.
        let left = store.tenant(&acme).contact_records(&contact, LogSeq(0), 2_000).await.unwrap();
        let turn = store.tenant(&acme).session(&contact, &agent(1)).await.unwrap().map_or(0, |session| session.turn);
        assert_eq!(left.len(), turn as usize, "the beginning of the conversation");
        let stands = store.tenant(&acme).transcript(&transcript(101)).await.unwrap();
        assert_eq!(stands.is_some(), turn > 0);
        if let Some(stands) = stands {
            let tags = stands.state.expect("each turn says how it stands").tags;
            assert_eq!(
                tags.keys().collect::<Vec<_>>(),
                [&format!("tag {}", turn % 5)],
                "as after the last that is left"
            );
        }
        store.tenant(&acme).erase_contact(&contact, Uuid::from_u128(7)).await.unwrap();
        store.scrub().await.unwrap();
        assert_eq!(found(copy.path(), &[1]), BTreeSet::new());
        let feed = store.tenant(&acme).events(0, 10_000).await.unwrap();
        assert_eq!(feed.iter().filter(|event| event.kind == "contact.erased").count(), 1, "it is told once");
        store.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_has_projected_is_read_beside_it() {
    let fresh = sqlite().await;
    let acme = tenant("acme");
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    fresh.store.flush_projections().await.unwrap();
    let beside = Store::open_beside(fresh.path()).await.unwrap();
    let contact = crate::sample::contact(1);
    assert_eq!(beside.tenant(&acme).contact_records(&contact, LogSeq(0), 10).await.unwrap().len(), 1);
    assert!(beside.tenant(&acme).contact(&contact).await.unwrap().is_some());
    let refused = beside.append(as_record(turn(&acme, 1, 1, 2))).await;
    assert!(matches!(refused, Err(store::StoreError::Closed)), "{refused:?}");
    assert!(beside.scrub().await.is_err());
    assert!(beside.tenant(&acme).erase_contact(&contact, Uuid::from_u128(1)).await.is_err());
    beside.shutdown().await.unwrap();
    assert!(fresh.store.tenant(&acme).contact(&contact).await.unwrap().is_some());
}
