//! Transcripts by themselves: several open ones of a contact, how each stands, and finding them.

use model::{
    LogSeq, Timestamp,
    mood::{Emotion, RiskLevel},
    record::{Author, TurnRecord},
    transcript::TranscriptStatus,
};
use store::{MAX_LABEL_BYTES, MAX_SEARCH_CHARS, MAX_SEARCH_WORDS, StoreError, TenantStore, TranscriptFilter};

use super::{Factory, suite};
use crate::sample::{agent, as_record, contact, entry, going, standing, tenant, transcript, turn};

suite![
    several_transcripts_of_a_contact_with_an_agent_go_on,
    a_session_is_found_by_its_transcript,
    a_state_is_read_from_the_tables_as_from_the_overlay,
    a_transcript_that_nobody_says_anything_of,
    the_latest_state_holds,
    the_latest_mood_that_changed_something_is_shown,
    a_transcript_in_which_nothing_stood_out_is_at_low_risk,
    labels_follow_the_state,
    words_are_found_whatever_their_case_and_accents,
    a_text_is_not_syntax,
    a_search_sees_every_append_that_has_returned,
    too_much_text_is_refused,
    transcripts_of_a_contact_are_counted,
];

/// A turn of one of several transcripts of a contact with an agent.
fn turn_of(number: u32, of: u32) -> TurnRecord {
    TurnRecord { transcript: transcript(9_000 + of), ..turn(&tenant("acme"), 1, 1, number) }
}

/// The numbers of the transcripts that are found.
async fn found(store: &TenantStore, filter: TranscriptFilter) -> Vec<u128> {
    let listed = store.transcripts(filter.clone()).await.unwrap();
    assert_eq!(store.count_transcripts(filter).await.unwrap(), listed.len() as u64);
    listed.iter().map(|one| one.transcript.0.as_u128() - 0x7000_0000).collect()
}

fn with_text(text: &str) -> TranscriptFilter {
    TranscriptFilter { text: Some(text.to_owned()), ..TranscriptFilter::default() }
}

fn with_tag(name: &str, value: &str) -> TranscriptFilter {
    TranscriptFilter { tags: vec![(name.to_owned(), value.to_owned())], ..TranscriptFilter::default() }
}

async fn several_transcripts_of_a_contact_with_an_agent_go_on(fresh: Factory) {
    let fresh = fresh().await;
    let store = fresh.store.tenant(&tenant("acme"));
    for (number, of) in [(1, 1), (2, 2), (3, 1), (4, 3)] {
        fresh.store.append(as_record(turn_of(number, of))).await.unwrap();
    }
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        for (of, latest) in [(1, 3), (2, 2), (3, 4)] {
            let state = store.load_turn_state_of(&contact(1), &transcript(9_000 + of), Some("message-1-1-2")).await;
            let state = state.unwrap();
            let session = state.session.expect("a session");
            assert_eq!((session.transcript, session.turn), (transcript(9_000 + of), latest));
            assert_eq!(state.answered, (of == 2).then_some(LogSeq(2)), "ids of messages are the transcript's");
            let seen = state.contact.expect("a contact");
            assert_eq!(seen.state.get(), r#"{"turns_seen":4,"agent":1}"#, "attributes too");
            assert_eq!((seen.first_seen, seen.last_seen), (Timestamp(1_000_001), Timestamp(4_000_001)));
        }
        let latest = store.load_turn_state(&contact(1), &agent(1), None).await.unwrap().session.unwrap();
        assert_eq!(latest.transcript, transcript(9_003));
        let anywhere = store.load_turn_state(&contact(1), &agent(1), Some("message-1-1-2")).await.unwrap();
        assert_eq!(anywhere.answered, Some(LogSeq(2)), "where no transcript is meant, they are the contact's");
        let new = store.load_turn_state_of(&contact(1), &transcript(9_009), None).await.unwrap();
        assert!(new.session.is_none() && new.contact.is_some());
        let others = store.load_turn_state_of(&contact(2), &transcript(9_001), None).await.unwrap();
        assert!(others.session.is_none() && others.contact.is_none(), "a transcript is its contact's alone");
    }
}

async fn a_session_is_found_by_its_transcript(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    assert!(store.transcript_session(&transcript(101)).await.unwrap().is_none());
    for number in 1..=60 {
        fresh.store.append(as_record(turn(&acme, 1, 1, number))).await.unwrap();
        let (whose, with, session) = store.transcript_session(&transcript(101)).await.unwrap().expect("a session");
        assert_eq!((whose, with, session.turn), (contact(1), agent(1), number));
    }
    let mut handed_over = turn(&acme, 1, 2, 61);
    handed_over.transcript = transcript(101);
    fresh.store.append(as_record(handed_over)).await.unwrap();
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        let (_, with, session) = store.transcript_session(&transcript(101)).await.unwrap().unwrap();
        assert_eq!((with, session.turn), (agent(2), 61), "the agent of the latest turn");
        let globex = fresh.store.tenant(&tenant("globex"));
        assert!(globex.transcript_session(&transcript(101)).await.unwrap().is_none());
        assert!(globex.load_turn_state_of(&contact(1), &transcript(101), None).await.unwrap().session.is_none());
    }
}

async fn a_state_is_read_from_the_tables_as_from_the_overlay(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    let mut flow = turn(&acme, 1, 1, 1);
    flow.state = Some(Box::new(standing(2)));
    fresh.store.append(as_record(flow)).await.unwrap();
    fresh.store.append(as_record(turn(&acme, 2, 1, 1))).await.unwrap();
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        for (who, expected) in [(1, Some(standing(2))), (2, None)] {
            let id = transcript(who * 100 + 1);
            let by_agent = store.session(&contact(who), &agent(1)).await.unwrap().unwrap();
            let by_id = store.transcript_session(&id).await.unwrap().unwrap().2;
            let of_turn = store.load_turn_state_of(&contact(who), &id, None).await.unwrap().session.unwrap();
            assert_eq!((by_agent.state, by_id.state, of_turn.state), (expected.clone(), expected.clone(), expected));
        }
    }
}

async fn a_transcript_that_nobody_says_anything_of(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    fresh.store.append(as_record(turn(&acme, 1, 1, 1))).await.unwrap();
    let one = store.transcript(&transcript(101)).await.unwrap().unwrap();
    assert_eq!((one.state.as_ref(), one.status()), (None, TranscriptStatus::InProgress));
    assert_eq!(found(&store, TranscriptFilter::default().only_open()).await, [101]);
    let mut last = turn(&acme, 1, 1, 2);
    last.closed = true;
    fresh.store.append(as_record(last)).await.unwrap();
    let one = store.transcript(&transcript(101)).await.unwrap().unwrap();
    assert_eq!((one.state.as_ref(), one.status()), (None, TranscriptStatus::Completed));
    assert!(found(&store, TranscriptFilter::default().only_open()).await.is_empty());
    let completed = TranscriptFilter { statuses: vec![TranscriptStatus::Completed], ..TranscriptFilter::default() };
    assert_eq!(found(&store, completed).await, [101]);
    let plain = TranscriptFilter { test: Some(false), flagged: Some(false), ..TranscriptFilter::default() };
    assert_eq!(found(&store, plain).await, [101]);
}

async fn the_latest_state_holds(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for (number, stands) in [(1, Some(4)), (2, Some(2)), (3, None)] {
        let mut turn = turn(&acme, 1, 1, number);
        turn.state = stands.map(|number| Box::new(standing(number)));
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    let one = store.transcript(&transcript(101)).await.unwrap().unwrap();
    assert_eq!((one.turns, one.status(), one.state), (3, standing(2).status, Some(standing(2))));
}

async fn the_latest_mood_that_changed_something_is_shown(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    // The fifth changes nothing that is shown, and what is remembered of it is its own all the same.
    for (number, goes) in [(1, Some(61)), (2, Some(62)), (3, Some(65))] {
        let mut turn = turn(&acme, 1, 1, number);
        turn.mood = goes.map(going);
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    for flush in [false, true] {
        if flush {
            fresh.store.flush_projections().await.unwrap();
        }
        let by_agent = store.session(&contact(1), &agent(1)).await.unwrap().unwrap();
        let by_id = store.transcript_session(&transcript(101)).await.unwrap().unwrap().2;
        assert_eq!((by_agent.mood, by_id.mood), (Some(going(65)), Some(going(65))));
    }
    let shown = store.transcript(&transcript(101)).await.unwrap().unwrap();
    assert_eq!((shown.turns, shown.mood), (3, Some(going(62))));
    // Anger is what the first turn showed, sadness the second.
    let feels = |emotion| TranscriptFilter { sentiments: vec![emotion], ..TranscriptFilter::default() };
    assert_eq!(found(&store, feels(Emotion::Sadness)).await, [101]);
    assert!(found(&store, feels(Emotion::Anger)).await.is_empty());
    let globex = fresh.store.tenant(&tenant("globex"));
    assert!(found(&globex, feels(Emotion::Sadness)).await.is_empty());
}

async fn a_transcript_in_which_nothing_stood_out_is_at_low_risk(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    // Of low risk, of high risk, and one of which nothing is said.
    for (who, goes) in [(1, Some(4)), (2, Some(2)), (3, None)] {
        let mut turn = turn(&acme, who, 1, 1);
        turn.mood = goes.map(going);
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    let at = |risks: &[RiskLevel]| TranscriptFilter { risks: risks.to_vec(), ..TranscriptFilter::default() };
    assert_eq!(found(&store, at(&[RiskLevel::Low])).await, [301, 101]);
    assert_eq!(found(&store, at(&[RiskLevel::High])).await, [201]);
    assert_eq!(found(&store, at(&[RiskLevel::Medium, RiskLevel::High])).await, [201]);
    assert_eq!(found(&store, at(&RiskLevel::ALL)).await, [301, 201, 101]);
    assert_eq!(found(&store, at(&[RiskLevel::Low]).only_open()).await, [301, 101]);
    let of_contact = TranscriptFilter { contact: Some(contact(2)), ..at(&[RiskLevel::High]) };
    assert_eq!(found(&store, of_contact).await, [201]);
    let said = TranscriptFilter { text: Some("question".to_owned()), ..at(&[RiskLevel::High]) };
    assert_eq!(found(&store, said).await, [201]);
}

async fn labels_follow_the_state(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    let mut state = standing(1);
    let long = "x".repeat(MAX_LABEL_BYTES + 1);
    state.tags = [("topic".to_owned(), "refund".to_owned()), ("long".to_owned(), long.clone())].into();
    let mut first = turn(&acme, 1, 1, 1);
    first.state = Some(Box::new(state.clone()));
    fresh.store.append(as_record(first)).await.unwrap();
    let order = |value: &str| TranscriptFilter {
        parameters: vec![("order".to_owned(), value.to_owned())],
        ..TranscriptFilter::default()
    };
    let called = TranscriptFilter { functions: vec!["book_slot".to_owned()], ..TranscriptFilter::default() };
    assert_eq!(found(&store, with_tag("topic", "refund")).await, [101]);
    assert_eq!((found(&store, order("1")).await, found(&store, called.clone()).await), (vec![101], vec![101]));
    assert!(found(&store, with_tag("long", &long)).await.is_empty(), "kept, and not found");
    assert_eq!(store.transcript(&transcript(101)).await.unwrap().unwrap().state, Some(state.clone()));

    state.tags = [("topic".to_owned(), "Refund".to_owned())].into();
    state.functions.push("look_up".to_owned());
    let mut second = turn(&acme, 1, 1, 2);
    second.state = Some(Box::new(state));
    fresh.store.append(as_record(second)).await.unwrap();
    assert!(found(&store, with_tag("topic", "refund")).await.is_empty(), "what it was is gone");
    assert_eq!(found(&store, with_tag("topic", "Refund")).await, [101]);
    assert!(found(&store, with_tag("subject", "Refund")).await.is_empty());
    assert_eq!(found(&store, called.clone()).await, [101], "what did not change stays");
    let both = TranscriptFilter { functions: vec!["look_up".to_owned(), "book_slot".to_owned()], ..called };
    assert_eq!(found(&store, both.clone()).await, [101]);
    let more = TranscriptFilter { tags: vec![("topic".to_owned(), "other".to_owned())], ..both };
    assert!(found(&store, more).await.is_empty());
    let globex = fresh.store.tenant(&tenant("globex"));
    assert!(found(&globex, with_tag("topic", "Refund")).await.is_empty());
}

async fn words_are_found_whatever_their_case_and_accents(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for (who, text) in [(1, "Mein Päckchen ist in Zürich"), (2, "The e-mail never came"), (3, "мой заказ 4711")]
    {
        let mut turn = turn(&acme, who, 1, 1);
        turn.entries = vec![entry(Author::Contact, "text", text, 1), entry(Author::Agent, "text", "Sorry!", 2)];
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    for (text, expected) in [
        ("zurich", vec![101]),
        ("PACKCHEN zürich", vec![101]),
        ("päck", vec![101]),
        ("päck zürich", vec![]),
        ("e-mail", vec![201]),
        ("mail e", vec![201]),
        ("ЗАКАЗ 47", vec![301]),
        ("sor", vec![301, 201, 101]),
        ("came sorry", vec![]),
        ("!!! zürich ???", vec![101]),
        ("  ", vec![]),
        ("?!", vec![]),
    ] {
        assert_eq!(found(&store, with_text(text)).await, expected, "{text}");
    }
    assert!(found(&fresh.store.tenant(&tenant("globex")), with_text("sorry")).await.is_empty());
    let first = TranscriptFilter { limit: 1, ..with_text("sorry") };
    let page = store.transcripts(first.clone()).await.unwrap();
    assert_eq!(page[0].transcript, transcript(301));
    let next = TranscriptFilter { before: Some(page[0].started_seq), ..first };
    assert_eq!(store.transcripts(next).await.unwrap()[0].transcript, transcript(201));
}

async fn a_text_is_not_syntax(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for (who, text) in [(1, "cats or dogs"), (2, "not near a \"quote\" (ever)")] {
        let mut turn = turn(&acme, who, 1, 1);
        turn.entries = vec![entry(Author::Contact, "text", text, 1)];
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    for (text, expected) in [
        ("cats OR parrots", vec![]),
        ("cats OR dogs", vec![101]),
        ("cats NOT dogs", vec![]),
        ("NEAR(quote ever)", vec![]),
        ("\"quote", vec![201]),
        ("quote\" OR \"cats", vec![]),
        ("text:cats", vec![]),
        ("owner:t61636d65", vec![]),
        ("(((", vec![]),
        ("cats* dogs", vec![101]),
        ("^cats", vec![101]),
        ("{text owner} : cats", vec![]),
        ("-cats", vec![101]),
        ("cats + dogs", vec![101]),
        ("cats\0dogs", vec![]),
        ("'; DROP TABLE entries; --", vec![]),
    ] {
        assert_eq!(found(&store, with_text(text)).await, expected, "{text:?}");
    }
}

async fn a_search_sees_every_append_that_has_returned(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    for number in 1..=30 {
        let mut turn = turn(&acme, number, 1, 1);
        turn.entries = vec![entry(Author::Contact, "text", &format!("ticket no{number}no"), 1)];
        fresh.store.append(as_record(turn)).await.unwrap();
        assert_eq!(found(&store, with_text(&format!("no{number}no"))).await, [u128::from(number) * 100 + 1]);
    }
    assert_eq!(found(&store, with_text("ticket")).await.len(), 30);
}

async fn too_much_text_is_refused(fresh: Factory) {
    let fresh = fresh().await;
    let store = fresh.store.tenant(&tenant("acme"));
    for text in ["x".repeat(MAX_SEARCH_CHARS + 1), "x ".repeat(MAX_SEARCH_WORDS + 1)] {
        let refused = store.transcripts(with_text(&text)).await;
        assert!(matches!(refused, Err(StoreError::Invalid { field: "text", .. })), "{refused:?}");
        assert!(store.count_transcripts(with_text(&text)).await.is_err());
    }
}

async fn transcripts_of_a_contact_are_counted(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let store = fresh.store.tenant(&acme);
    // Of the first contact one more than a day before, and one with two turns.
    let day = 86_400_000_000;
    for (who, with, at) in [(1, 1, 5), (1, 2, day), (1, 3, day + 10), (1, 3, day + 20), (1, 4, day + 30), (2, 1, day)] {
        let mut turn = turn(&acme, who, with, 1);
        turn.at = Timestamp(at);
        fresh.store.append(as_record(turn)).await.unwrap();
    }
    let contacts = vec![contact(3), contact(1), contact(2), contact(1)];
    assert_eq!(store.count_started(contacts.clone(), Timestamp(6)).await.unwrap(), [0, 3, 1, 3]);
    assert_eq!(store.count_started(contacts.clone(), Timestamp(5)).await.unwrap(), [0, 4, 1, 4]);
    assert_eq!(store.count_started(contacts, Timestamp(day + 31)).await.unwrap(), [0, 0, 0, 0]);
    assert!(store.count_started(Vec::new(), Timestamp(0)).await.unwrap().is_empty());
    let refused = store.count_started(vec![contact(1); store::MAX_ROWS + 1], Timestamp(0)).await;
    assert!(matches!(refused, Err(StoreError::Invalid { field: "contacts", .. })), "{refused:?}");
}
