//! Conversations: what is appended is read back, at once where that is promised.

use model::{
    LogSeq, Timestamp,
    record::{Author, Record},
};
use store::{EntryFilter, StoreError, TranscriptFilter};

use super::{Factory, suite};
use crate::sample::{agent, as_record, contact, entry, fact, fact_record, tenant, transcript, turn};

suite![
    a_turn_sees_the_turn_before,
    states_come_from_the_tables_as_from_the_overlay,
    the_latest_session_of_each_agent,
    a_message_id_finds_its_turn,
    records_are_kept_whole,
    transcripts_are_listed_newest_first,
    entries_of_a_contact_are_filtered_and_paged,
    entries_of_a_transcript_in_order,
    facts_beside_turns,
    events_are_numbered_per_tenant,
    conversations_are_isolated,
    records_are_bounded,
    nothing_is_accepted_after_shutdown,
];

async fn a_turn_sees_the_turn_before(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    let nothing = store.load_turn_state(&contact(1), &agent(1), Some("message-1-1-1")).await.unwrap();
    assert!(nothing.session.is_none() && nothing.contact.is_none() && nothing.answered.is_none());
    for number in 1..=200 {
        let seq = fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
        assert_eq!(seq, LogSeq(number.into()));
        let id = format!("message-1-1-{number}");
        let state = store.load_turn_state(&contact(1), &agent(1), Some(&id)).await.unwrap();
        let session = state.session.expect("a session");
        assert_eq!((session.turn, session.session.get()), (number, format!(r#"{{"position":{number}}}"#).as_str()));
        let seen = state.contact.expect("a contact");
        assert_eq!((seen.first_seen, seen.last_seen), (Timestamp(1_000_001), session.last_at));
        assert_eq!(seen.state.get(), format!(r#"{{"turns_seen":{number},"agent":1}}"#));
        assert_eq!(state.answered, Some(seq));
    }
}

async fn states_come_from_the_tables_as_from_the_overlay(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    let mut last = turn(&acme, 1, 1, 2);
    last.closed = true;
    last.agent_version = 7;
    fresh.store.append(as_record(last)).await.unwrap();
    let before = store.load_turn_state(&contact(1), &agent(1), Some("message-1-1-1")).await.unwrap();
    fresh.store.flush_projections().await.unwrap();
    let after = store.load_turn_state(&contact(1), &agent(1), Some("message-1-1-1")).await.unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    let session = after.session.unwrap();
    assert_eq!((session.turn, session.closed, session.agent_version), (2, true, 7));
    assert_eq!((session.transcript, after.answered), (transcript(101), Some(LogSeq(1))));
}

async fn the_latest_session_of_each_agent(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for flush in [false, true] {
        fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
        fresh.store.append(as_record(turn(&acme, 1, 2, 1))).await.unwrap();
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        for with in [1, 2] {
            let session = store.session(&contact(1), &agent(with)).await.unwrap().expect("a session");
            assert_eq!(session.transcript, transcript(100 + with));
            // Attributes belong to the contact, whichever agent changed them last.
            let seen = store.load_turn_state(&contact(1), &agent(with), None).await.unwrap().contact.unwrap();
            assert_eq!(seen.state.get(), r#"{"turns_seen":1,"agent":2}"#);
        }
        assert!(store.session(&contact(1), &agent(3)).await.unwrap().is_none());
        let stranger = store.load_turn_state(&contact(1), &agent(3), None).await.unwrap();
        assert!(stranger.session.is_none() && stranger.contact.is_some());
        assert_eq!(store.contact(&contact(1)).await.unwrap().unwrap().first_seen, Timestamp(1_000_001));
    }
}

async fn a_message_id_finds_its_turn(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    let seq = fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        let asked = async |who, id| store.load_turn_state(&contact(who), &agent(1), Some(id)).await.unwrap().answered;
        assert_eq!(asked(1, "message-1-1-1").await, Some(seq));
        assert_eq!(asked(1, "message-1-1-2").await, None);
        assert_eq!(asked(2, "message-1-1-1").await, None, "the id of another contact's message");
    }
}

async fn records_are_kept_whole(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    let original = turn(&acme, 1, 1, 1);
    let seq = fresh.store.append(as_record(original.clone())).await.unwrap();
    fresh.store.append(fact_record(fact(&acme, 1, Some(original.transcript), 5))).await.unwrap();
    let Some(Record::Turn(read)) = store.record(seq).await.unwrap() else { panic!("not the turn") };
    assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&original).unwrap());
    assert!(matches!(store.record(LogSeq(2)).await.unwrap(), Some(Record::Fact(_))));
    assert!(store.record(LogSeq(3)).await.unwrap().is_none());
    let by_number = store.turn_record(&original.transcript, 1).await.unwrap().expect("the turn");
    assert_eq!(by_number.journal.get(), original.journal.get());
    assert!(store.turn_record(&original.transcript, 2).await.unwrap().is_none());
    assert!(store.turn_record(&original.transcript, 0).await.unwrap().is_none());
}

async fn transcripts_are_listed_newest_first(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for (who, with, number) in [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)] {
        let mut turn = turn(&acme, who, with, number);
        turn.closed = number == 2;
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    let list = async |filter: TranscriptFilter| {
        let found = store.transcripts(filter).await.unwrap();
        found.into_iter().map(|found| found.transcript).collect::<Vec<_>>()
    };
    let all = TranscriptFilter::default();
    assert_eq!(list(all.clone()).await, [transcript(102), transcript(201), transcript(101)]);
    let of_contact = TranscriptFilter { contact: Some(contact(1)), ..all.clone() };
    assert_eq!(list(of_contact.clone()).await, [transcript(102), transcript(101)]);
    let with_agent = TranscriptFilter { agent: Some(agent(1)), ..all.clone() };
    assert_eq!(list(with_agent).await, [transcript(201), transcript(101)]);
    assert_eq!(list(TranscriptFilter { before: Some(LogSeq(3)), limit: 1, ..all }).await, [transcript(201)]);
    assert_eq!(list(TranscriptFilter { before: Some(LogSeq(3)), ..of_contact }).await, [transcript(101)]);

    let one = store.transcript(&transcript(101)).await.unwrap().expect("a transcript");
    assert_eq!((one.turns, one.closed, one.started_seq, one.last_seq), (2, true, LogSeq(1), LogSeq(4)));
    assert_eq!((one.started_at, one.last_at), (Timestamp(1_000_001), Timestamp(2_000_001)));
    assert!(store.transcript(&transcript(999)).await.unwrap().is_none());
}

async fn entries_of_a_contact_are_filtered_and_paged(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for number in 1..=3 {
        fresh.store.append(as_record(turn(&acme, 2, 1, number))).await.unwrap();
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
    }
    let mut other = turn(&acme, 1, 2, 9);
    other.entries.push(entry(Author::Agent, "image", "a picture", 77));
    fresh.store.append(as_record(other)).await.unwrap();

    let texts = async |filter: EntryFilter| {
        let found = store.contact_entries(&contact(1), filter).await.unwrap();
        found.into_iter().map(|found| found.entry.text).collect::<Vec<_>>()
    };
    let newest = EntryFilter { limit: 3, ..EntryFilter::default() };
    assert_eq!(texts(newest.clone()).await, ["a picture", "answer 9", "question 9"]);
    assert_eq!(
        texts(EntryFilter { newest_first: false, ..newest.clone() }).await,
        ["question 1", "answer 1", "question 2"]
    );
    let with_agent = EntryFilter { agent: Some(agent(1)), ..newest.clone() };
    assert_eq!(texts(with_agent).await, ["answer 3", "question 3", "answer 2"]);
    let no_text = EntryFilter { kinds_excluded: vec!["text".to_owned()], ..newest.clone() };
    assert_eq!(texts(no_text).await, ["a picture"]);

    let page = store.contact_entries(&contact(1), newest.clone()).await.unwrap();
    let next = EntryFilter { before: Some(page[1].position), ..newest.clone() };
    assert_eq!(texts(next).await, ["question 9", "answer 3", "question 3"]);
    let later = EntryFilter { after: Some(page[2].position), newest_first: false, ..newest };
    assert_eq!(texts(later).await, ["answer 9", "a picture"]);
}

async fn entries_of_a_transcript_in_order(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for number in 1..=3 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
        fresh.store.append(as_record(turn(&acme, 1, 2, number))).await.unwrap();
    }
    let all = store.transcript_entries(&transcript(101), None).await.unwrap();
    let texts: Vec<&str> = all.iter().map(|found| found.entry.text.as_str()).collect();
    assert_eq!(texts, ["question 1", "answer 1", "question 2", "answer 2", "question 3", "answer 3"]);
    let last = store.transcript_entries(&transcript(101), Some(2)).await.unwrap();
    assert_eq!(last.iter().map(|found| found.entry.text.as_str()).collect::<Vec<_>>(), ["question 3", "answer 3"]);

    let (question, answer) = (&last[0], &last[1]);
    assert_eq!((question.message_id.as_deref(), answer.message_id.as_deref()), (Some("message-1-1-3"), None));
    assert_eq!((question.turn, question.agent, question.transcript), (3, Some(agent(1)), Some(transcript(101))));
    let original = turn(&acme, 1, 1, 3);
    assert_eq!(answer.request.as_ref(), Some(&original.request));
    assert_eq!(
        serde_json::to_string(&answer.entry).unwrap(),
        serde_json::to_string(&original.entries[1]).unwrap(),
        "an entry comes back as it was said"
    );
}

async fn facts_beside_turns(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    fresh.store.append(fact_record(fact(&acme, 1, Some(transcript(101)), 5))).await.unwrap();
    fresh.store.append(as_record(turn(&acme, 1, 1, 2))).await.unwrap();
    fresh.store.append(fact_record(fact(&acme, 1, None, 6))).await.unwrap();
    let said = store.transcript_entries(&transcript(101), None).await.unwrap();
    let texts: Vec<&str> = said.iter().map(|found| found.entry.text.as_str()).collect();
    assert_eq!(texts, ["question 1", "answer 1", "said elsewhere", "question 2", "answer 2"]);
    assert_eq!((said[2].agent, said[2].turn, said[2].request.as_ref()), (Some(agent(1)), 1, None));

    let of_contact = store.contact_entries(&contact(1), EntryFilter::default()).await.unwrap();
    assert_eq!((of_contact.len(), of_contact[0].transcript, of_contact[0].agent), (6, None, None));
    let state = store.load_turn_state(&contact(1), &agent(1), None).await.unwrap();
    assert_eq!((state.session.unwrap().turn, state.contact.unwrap().last_seen), (2, Timestamp(2_000_001)));
    assert_eq!(store.turn_record(&transcript(101), 1).await.unwrap().unwrap().turn, 1);
}

async fn events_are_numbered_per_tenant(fresh: Factory) {
    let fresh = fresh().await;
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    for number in 1..=3 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
        fresh.store.append(as_record(turn(&globex, 1, 1, number))).await.unwrap();
    }
    fresh.store.append(fact_record(fact(&acme, 1, None, 6))).await.unwrap();
    fresh.store.flush_projections().await.unwrap();
    let feed = fresh.store.tenant(&acme).events(0, 100).await.unwrap();
    assert_eq!(feed.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(
        (feed[1].body.get(), feed[1].transcript, feed[1].log_seq),
        (r#"{"turn":2}"#, Some(transcript(101)), LogSeq(3))
    );
    assert_eq!((feed[3].kind.as_str(), feed[3].at), ("message.feedback", Timestamp(6)));
    assert_eq!((feed[1].agent, feed[3].agent), (Some(agent(1)), None));
    let last = async |name: &str| fresh.store.tenant(&tenant(name)).last_event().await.unwrap();
    assert_eq!((last("acme").await, last("globex").await, last("nobody").await), (4, 3, 0));
    let page = fresh.store.tenant(&globex).events(1, 1).await.unwrap();
    assert_eq!((page.len(), page[0].seq, page[0].log_seq), (1, 2, LogSeq(4)));
    assert_eq!(*fresh.store.projected().unwrap().borrow(), LogSeq(7));
}

async fn conversations_are_isolated(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let seq = fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    let globex = fresh.store.tenant(&tenant("globex"));
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        let state = globex.load_turn_state(&contact(1), &agent(1), Some("message-1-1-1")).await.unwrap();
        assert!(state.session.is_none() && state.contact.is_none() && state.answered.is_none());
        assert!(globex.record(seq).await.unwrap().is_none());
        assert!(globex.turn_record(&transcript(101), 1).await.unwrap().is_none());
        assert!(globex.transcript(&transcript(101)).await.unwrap().is_none());
        assert!(globex.transcripts(TranscriptFilter::default()).await.unwrap().is_empty());
        assert!(globex.contact_entries(&contact(1), EntryFilter::default()).await.unwrap().is_empty());
        assert!(globex.transcript_entries(&transcript(101), None).await.unwrap().is_empty());
        assert!(globex.events(0, 10).await.unwrap().is_empty());
    }
}

async fn records_are_bounded(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let mut crowded = turn(&acme, 1, 1, 1);
    crowded.entries = vec![entry(Author::Agent, "text", "again", 1); 4097];
    let refused = fresh.store.append(as_record(crowded)).await;
    assert!(matches!(refused, Err(StoreError::Invalid { field: "record", .. })), "{refused:?}");
    let mut large = turn(&acme, 1, 1, 1);
    large.entries[0].text = "x".repeat(store::MAX_RECORD_BYTES);
    let refused = fresh.store.append(as_record(large)).await;
    assert!(matches!(refused, Err(StoreError::Invalid { field: "record", .. })), "{refused:?}");
    assert_eq!(fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap(), LogSeq(1));
}

async fn nothing_is_accepted_after_shutdown(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    fresh.store.shutdown().await.unwrap();
    fresh.store.shutdown().await.expect("a second time is no error");
    let refused = fresh.store.append(as_record(turn(&acme, 1, 1, 2))).await;
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    let session = fresh.store.tenant(&acme).session(&contact(1), &agent(1)).await.unwrap();
    assert_eq!(session.expect("what was accepted can be read").turn, 1);
}
