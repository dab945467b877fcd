//! Exports: what was said contact by contact, with an agent, and events of one kind; page by page.

use std::collections::BTreeSet;

use model::{ContactId, Timestamp, record::Author};
use store::{ClickstreamFilter, EventFilter, InteractionFilter, Store, TenantStore};
use tokio::task::JoinSet;

use super::{Factory, suite};
use crate::sample::{agent, as_record, contact, fact, fact_record, tenant, transcript, turn};

suite![
    interactions_come_contact_by_contact_however_they_are_paged,
    what_was_said_is_paged_as_interactions_are,
    interactions_are_filtered,
    contacts_heard_are_counted_and_paged,
    very_many_contacts_come_in_order,
    the_clickstream_is_in_the_order_of_time,
    events_of_a_kind_are_filtered_and_paged,
    exports_are_isolated,
];

/// Three contacts take turns with two agents, the third one less. One line is said elsewhere in the second
/// one's conversation, one by a stranger; somebody else only gives feedback, without a line.
async fn spoken(store: &Store) {
    let (acme, globex) = (tenant("acme"), tenant("globex"));
    for number in 1..=4 {
        for who in 1..=3 {
            if (who, number) != (3, 4) {
                store.append(as_record(turn(&acme, who, 1 + number % 2, number))).await.unwrap();
            }
            store.append(as_record(turn(&globex, who + 3, 1, number))).await.unwrap();
        }
    }
    store.append(fact_record(fact(&acme, 2, Some(transcript(201)), 2_500_000))).await.unwrap();
    store.append(fact_record(fact(&acme, 5, None, 5_000_000))).await.unwrap();
    let mut feedback = fact(&acme, 6, None, 6_000_000);
    feedback.entries.clear();
    store.append(fact_record(feedback)).await.unwrap();
}

/// A contact, its attributes, and its lines.
type Heard = (String, Option<String>, Vec<String>);

/// All pages of what is asked for, put together.
async fn heard(store: &TenantStore, filter: &InteractionFilter, limit: usize) -> Vec<Heard> {
    let mut all: Vec<Heard> = Vec::new();
    let mut place = None;
    loop {
        let page = store.interactions(filter, place, limit).await.unwrap();
        let lines: usize = page.contacts.iter().map(|found| found.lines.len()).sum();
        assert!(lines <= limit + 1, "only a record that is not cut in two makes a page longer: {lines} of {limit}");
        for found in page.contacts {
            assert!(!found.lines.is_empty(), "{}", found.contact.as_str());
            let texts: Vec<String> = found.lines.into_iter().map(|line| line.text).collect();
            match all.last_mut().filter(|last| last.0 == found.contact.as_str()) {
                Some(last) => {
                    assert!(found.continued && found.state.is_none(), "{}", last.0);
                    last.2.extend(texts);
                }
                None => {
                    assert!(!found.continued);
                    let state = found.state.map(|state| state.get().to_owned());
                    all.push((found.contact.as_str().to_owned(), state, texts));
                }
            }
        }
        place = page.next;
        if place.is_none() {
            return all;
        }
    }
}

async fn who(store: &TenantStore, filter: InteractionFilter) -> Vec<String> {
    let all = heard(store, &filter, 100).await;
    let contacts: Vec<String> = all.into_iter().map(|(contact, _, _)| contact).collect();
    // Both ways of asking know the same contacts.
    let listed = store.contacts_heard(&filter, 0, 100).await.unwrap();
    assert!(listed.iter().map(ContactId::as_str).eq(&contacts), "{filter:?}: {listed:?} are not {contacts:?}");
    assert_eq!(store.count_contacts_heard(&filter).await.unwrap(), contacts.len() as u64, "{filter:?}");
    contacts
}

fn found_by(parts: &[(&str, &str)]) -> InteractionFilter {
    let parts = parts.iter().map(|(name, part)| ((*name).to_owned(), (*part).to_owned()));
    InteractionFilter { found_by: parts.collect(), ..InteractionFilter::default() }
}

async fn interactions_come_contact_by_contact_however_they_are_paged(fresh: Factory) {
    let fresh = fresh().await;
    spoken(&fresh.store).await;
    let store = fresh.store.tenant(&tenant("acme"));
    let turns = |numbers: std::ops::RangeInclusive<u32>| -> Vec<String> {
        numbers.flat_map(|number| [format!("question {number}"), format!("answer {number}")]).collect()
    };
    let state = |turns: u32, agent: u32| Some(format!(r#"{{"turns_seen":{turns},"agent":{agent}}}"#));
    let elsewhere = || vec!["said elsewhere".to_owned()];
    let expected = [
        ("contact-1".to_owned(), state(4, 1), turns(1..=4)),
        ("contact-2".to_owned(), state(4, 1), [turns(1..=4), elsewhere()].concat()),
        ("contact-3".to_owned(), state(3, 2), turns(1..=3)),
        ("contact-5".to_owned(), None, elsewhere()),
    ];
    for limit in (1..=7).chain([100]) {
        assert_eq!(heard(&store, &InteractionFilter::default(), limit).await, expected, "{limit} a page");
    }
    let by_contact = InteractionFilter { author: Some(Author::Contact), ..InteractionFilter::default() };
    let whole = heard(&store, &by_contact, 100).await;
    let lines: Vec<usize> = whole.iter().map(|(_, _, lines)| lines.len()).collect();
    assert_eq!(lines, [4, 4, 3]);
    for limit in 1..=7 {
        assert_eq!(heard(&store, &by_contact, limit).await, whole, "{limit} a page");
    }

    let page = store.interactions(&InteractionFilter::default(), None, 100).await.unwrap();
    let line = &page.contacts[1].lines[1];
    let original = turn(&tenant("acme"), 2, 2, 1);
    assert_eq!((line.author, line.kind.as_str(), line.agent), (Author::Agent, "text", Some(agent(2))));
    assert_eq!((line.request.as_ref(), line.intent.as_deref()), (Some(&original.request), Some("intent.text")));
    assert_eq!(line.body.as_deref(), Some(original.entries[1].body.get()));
    assert!(page.contacts[1].lines[0].body.is_none(), "a contact's plain text says it all");
    let elsewhere = &page.contacts[1].lines[8];
    assert_eq!(
        (elsewhere.author, elsewhere.at, elsewhere.agent),
        (Author::Platform, Timestamp(2_500_000), Some(agent(1)))
    );
    assert!(elsewhere.request.is_none() && elsewhere.body.is_some());
}

async fn what_was_said_is_paged_as_interactions_are(fresh: Factory) {
    let fresh = fresh().await;
    spoken(&fresh.store).await;
    let store = fresh.store.tenant(&tenant("acme"));
    let filters = [
        InteractionFilter::default(),
        InteractionFilter { author: Some(Author::Contact), ..InteractionFilter::default() },
        InteractionFilter { contact: Some(contact(2)), ..InteractionFilter::default() },
        found_by(&[("browser", "chrome 0")]),
        found_by(&[("browser", "nobody's")]),
    ];
    for filter in filters {
        for limit in (1..=7).chain([100]) {
            let mut place = None;
            loop {
                let whole = store.interactions(&filter, place.clone(), limit).await.unwrap();
                let said = store.said(&filter, place, limit).await.unwrap();
                let expected: Vec<_> = whole
                    .contacts
                    .iter()
                    .map(|of| (of.contact.as_str(), of.continued, of.state.as_ref().map(|state| state.get())))
                    .collect();
                let found: Vec<_> = said
                    .contacts()
                    .map(|by| (by.contact.as_str(), by.continued, by.state.map(|state| state.get())))
                    .collect();
                assert_eq!(found, expected, "{filter:?}, {limit} a page");
                for (of, by) in whole.contacts.iter().zip(said.contacts()) {
                    let expected: Vec<_> = of
                        .lines
                        .iter()
                        .map(|line| (line.at, line.kind.as_str(), line.text.as_str(), line.body.as_deref()))
                        .collect();
                    let found: Vec<_> = by.lines().map(|line| (line.at, line.kind, line.text, line.body)).collect();
                    assert_eq!(found, expected, "{filter:?}, {limit} a page");
                }
                assert_eq!(said.next, whole.next, "{filter:?}, {limit} a page");
                place = said.next;
                if place.is_none() {
                    break;
                }
            }
        }
    }
}

async fn interactions_are_filtered(fresh: Factory) {
    let fresh = fresh().await;
    spoken(&fresh.store).await;
    let store = fresh.store.tenant(&tenant("acme"));
    let all = InteractionFilter::default;
    let cases: &[(InteractionFilter, &[&str])] = &[
        (all(), &["contact-1", "contact-2", "contact-3", "contact-5"]),
        (InteractionFilter { contact: Some(contact(2)), ..all() }, &["contact-2"]),
        (InteractionFilter { contact: Some(contact(4)), ..all() }, &[]),
        (InteractionFilter { contact: Some(contact(6)), ..all() }, &[]),
        (InteractionFilter { author: Some(Author::Contact), ..all() }, &["contact-1", "contact-2", "contact-3"]),
        (InteractionFilter { author: Some(Author::Platform), ..all() }, &["contact-2", "contact-5"]),
        // Both bounds are included.
        (
            InteractionFilter { from: Timestamp(2_000_001), to: Timestamp(2_000_002), ..all() },
            &["contact-1", "contact-2"],
        ),
        (InteractionFilter { from: Timestamp(2_000_002), to: Timestamp(2_000_002), ..all() }, &["contact-2"]),
        (InteractionFilter { from: Timestamp(2_000_002), to: Timestamp(2_000_001), ..all() }, &[]),
        (InteractionFilter { from: Timestamp(4_000_003), ..all() }, &["contact-5"]),
        (InteractionFilter { from: Timestamp(5_000_001), ..all() }, &[]),
        // By what attributes contain now, whatever the case.
        (found_by(&[("browser", "CHROME")]), &["contact-1", "contact-2", "contact-3"]),
        (found_by(&[("browser", "rome 1")]), &["contact-1", "contact-2"]),
        (found_by(&[("browser", "chrome 0")]), &["contact-3"]),
        (found_by(&[("browser", "chrome 2")]), &[]),
        (found_by(&[("email", "@Example.COM")]), &["contact-1", "contact-2"]),
        (found_by(&[("browser", "chrome"), ("email", "4@")]), &["contact-1", "contact-2"]),
        (found_by(&[("browser", "chrome 0"), ("email", "4@")]), &[]),
        (found_by(&[("browser", "%")]), &[]),
        (found_by(&[("browser", "_")]), &[]),
        (found_by(&[("os", "chrome")]), &[]),
        (InteractionFilter { contact: Some(contact(1)), ..found_by(&[("browser", "chrome 1")]) }, &["contact-1"]),
        (InteractionFilter { contact: Some(contact(3)), ..found_by(&[("browser", "chrome 1")]) }, &[]),
        (InteractionFilter { to: Timestamp(1_000_001), ..found_by(&[("browser", "chrome")]) }, &["contact-1"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(who(&store, filter.clone()).await, *expected, "{filter:?}");
    }
}

async fn contacts_heard_are_counted_and_paged(fresh: Factory) {
    let fresh = fresh().await;
    spoken(&fresh.store).await;
    let store = fresh.store.tenant(&tenant("acme"));
    let all = [contact(1), contact(2), contact(3), contact(5)];
    for limit in 1..=7 {
        for skip in 0..=5 {
            let found = store.contacts_heard(&InteractionFilter::default(), skip, limit).await.unwrap();
            let expected: Vec<ContactId> = all.iter().skip(skip).take(limit).cloned().collect();
            assert_eq!(found, expected, "{limit} from {skip}");
        }
    }
    assert!(store.contacts_heard(&InteractionFilter::default(), usize::MAX, 1).await.unwrap().is_empty());
    assert_eq!(store.count_contacts_heard(&InteractionFilter::default()).await.unwrap(), 4);
}

async fn very_many_contacts_come_in_order(fresh: Factory) {
    let fresh = fresh().await;
    let acme = tenant("acme");
    let mut writing = JoinSet::new();
    for number in 1..=5_100 {
        let (store, record) = (fresh.store.clone(), as_record(turn(&acme, number, 1, 1 + number % 7)));
        writing.spawn(async move { store.append(record).await.unwrap() });
    }
    while let Some(written) = writing.join_next().await {
        written.unwrap();
    }
    // Heard, though never in a turn.
    fresh.store.append(fact_record(fact(&acme, 9_999, None, 1))).await.unwrap();
    let store = fresh.store.tenant(&acme);
    let ids = |fits: fn(u32) -> bool| -> BTreeSet<String> {
        (1..=5_100).filter(|number| fits(*number)).map(|number| contact(number).as_str().to_owned()).collect()
    };
    let mut everybody = ids(|_| true);
    everybody.insert(contact(9_999).as_str().to_owned());
    // A browser's version is that of the turn's number, 1 to 7, modulo 3.
    let cases = [
        (InteractionFilter::default(), everybody),
        (found_by(&[("browser", "chrome")]), ids(|_| true)),
        (found_by(&[("browser", "CHROME 1")]), ids(|number| (1 + number % 7) % 3 == 1)),
        (found_by(&[("browser", "chrome"), ("email", "6@")]), ids(|number| 1 + number % 7 == 6)),
    ];
    for (filter, expected) in cases {
        let found = heard(&store, &filter, 999).await;
        assert!(found.iter().map(|(contact, _, _)| contact).eq(&expected), "{filter:?}");
        assert_eq!(store.count_contacts_heard(&filter).await.unwrap(), expected.len() as u64);
        let some = store.contacts_heard(&filter, 500, 100).await.unwrap();
        assert!(some.iter().map(ContactId::as_str).eq(expected.iter().skip(500).take(100)), "{filter:?}");
    }
}

async fn the_clickstream_is_in_the_order_of_time(fresh: Factory) {
    let fresh = fresh().await;
    spoken(&fresh.store).await;
    let store = fresh.store.tenant(&tenant("acme"));
    let filter = |number: u32| ClickstreamFilter {
        agent: agent(number),
        from: Timestamp(i64::MIN),
        to: Timestamp(i64::MAX),
        contact: None,
    };
    let lines = async |filter: &ClickstreamFilter, skip: usize, limit: usize| -> Vec<String> {
        let lines = store.clickstream(filter, skip, limit).await.unwrap();
        lines.into_iter().map(|found| format!("{} {}", found.contact.as_str(), found.line.text)).collect()
    };
    let said =
        |who: u32, number: u32| [format!("contact-{who} question {number}"), format!("contact-{who} answer {number}")];
    let mut with_first: Vec<String> = [said(1, 2), said(2, 2), said(3, 2)].concat();
    with_first.push("contact-2 said elsewhere".to_owned());
    with_first.extend([said(1, 4), said(2, 4)].concat());
    assert_eq!(lines(&filter(1), 0, 100).await, with_first);
    assert_eq!(store.count_clickstream(&filter(1)).await.unwrap(), 11);
    for limit in 1..=7 {
        let mut paged = Vec::new();
        for skip in (0..11).step_by(limit) {
            paged.extend(lines(&filter(1), skip, limit).await);
        }
        assert_eq!(paged, with_first, "{limit} a page");
    }
    assert!(lines(&filter(1), 11, 5).await.is_empty());

    let of_second = ClickstreamFilter { contact: Some(contact(2)), ..filter(1) };
    let expected: Vec<String> = with_first.iter().filter(|line| line.starts_with("contact-2")).cloned().collect();
    assert_eq!(lines(&of_second, 0, 100).await, expected);
    assert_eq!(store.count_clickstream(&of_second).await.unwrap(), 5);
    // Both bounds are included.
    let between = ClickstreamFilter { from: Timestamp(2_000_002), to: Timestamp(2_000_003), ..filter(1) };
    assert_eq!(lines(&between, 0, 100).await, [said(2, 2), said(3, 2)].concat());
    assert!(lines(&filter(3), 0, 100).await.is_empty());

    let found = store.clickstream(&filter(2), 0, 2).await.unwrap();
    let [question, answer] = found.as_slice() else { panic!("two lines: {found:?}") };
    assert_eq!((question.turn, question.message_id.as_deref()), (1, Some("message-1-2-1")));
    assert_eq!((answer.turn, answer.line.author, answer.line.agent), (1, Author::Agent, Some(agent(2))));
    assert_eq!(answer.position, question.position + 1);
}

async fn events_of_a_kind_are_filtered_and_paged(fresh: Factory) {
    let fresh = fresh().await;
    spoken(&fresh.store).await;
    let acme = tenant("acme");
    for at in 0..4 {
        fresh.store.append(fact_record(fact(&acme, 2, Some(transcript(202)), 7_000_000 + at))).await.unwrap();
    }
    let store = fresh.store.tenant(&acme);
    let feedback = EventFilter {
        kind: "message.feedback".to_owned(),
        agent: None,
        contacts: Vec::new(),
        from: Timestamp(i64::MIN),
        to: Timestamp(i64::MAX),
        after: 0,
        skip: 0,
        limit: 100,
    };
    let times = async |filter: &EventFilter| -> Vec<i64> {
        let found = store.events_of_kind(filter.clone()).await.unwrap();
        assert!(found.iter().all(|event| event.kind == filter.kind));
        assert!(found.is_sorted_by_key(|event| event.seq));
        found.into_iter().map(|event| event.at.0).collect()
    };
    let all = [2_500_000, 5_000_000, 6_000_000, 7_000_000, 7_000_001, 7_000_002, 7_000_003];
    assert_eq!(times(&feedback).await, all);
    for limit in 1..=7 {
        let mut paged = Vec::new();
        for skip in (0..all.len()).step_by(limit) {
            paged.extend(times(&EventFilter { skip, limit, ..feedback.clone() }).await);
        }
        assert_eq!(paged, all, "{limit} a page");
        let bounded = EventFilter { skip: 3, limit, ..feedback.clone() };
        assert_eq!(store.count_events(bounded).await.unwrap(), 7, "whatever is passed over or left out");
    }
    let numbers: Vec<u64> =
        store.events_of_kind(feedback.clone()).await.unwrap().into_iter().map(|event| event.seq).collect();
    for (at, after) in numbers.into_iter().enumerate() {
        assert_eq!(times(&EventFilter { after, ..feedback.clone() }).await, all[at + 1..], "after {after}");
    }
    let narrowed = [
        (EventFilter { agent: Some(agent(1)), ..feedback.clone() }, &all[..1]),
        (EventFilter { agent: Some(agent(2)), ..feedback.clone() }, &all[3..]),
        (EventFilter { contacts: vec![contact(5), contact(6)], ..feedback.clone() }, &all[1..3]),
        (EventFilter { contacts: vec![contact(1)], ..feedback.clone() }, &all[..0]),
        (EventFilter { from: Timestamp(6_000_000), to: Timestamp(7_000_001), ..feedback.clone() }, &all[2..5]),
        (EventFilter { kind: "message.other".to_owned(), ..feedback.clone() }, &all[..0]),
        // These are read from the feed.
        (EventFilter { kind: "turn.completed".to_owned(), ..feedback.clone() }, &all[..0]),
    ];
    for (filter, expected) in narrowed {
        assert_eq!(times(&filter).await, expected, "{filter:?}");
        assert_eq!(store.count_events(filter).await.unwrap(), expected.len() as u64);
    }
}

async fn exports_are_isolated(fresh: Factory) {
    let fresh = fresh().await;
    spoken(&fresh.store).await;
    let globex = fresh.store.tenant(&tenant("globex"));
    assert_eq!(who(&globex, InteractionFilter::default()).await, ["contact-4", "contact-5", "contact-6"]);
    assert_eq!(who(&globex, found_by(&[("browser", "chrome 1")])).await, ["contact-4", "contact-5", "contact-6"]);
    let of_acme = InteractionFilter { contact: Some(contact(1)), ..InteractionFilter::default() };
    assert!(who(&globex, of_acme).await.is_empty());
    let nobody = fresh.store.tenant(&tenant("nobody"));
    assert!(who(&nobody, InteractionFilter::default()).await.is_empty());
    for (store, lines) in [(&globex, 24), (&nobody, 0)] {
        let (from, to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        let filter = ClickstreamFilter { agent: agent(1), from, to, contact: None };
        assert_eq!(store.clickstream(&filter, 0, 100).await.unwrap().len(), lines);
        assert_eq!(store.count_clickstream(&filter).await.unwrap(), lines as u64);
        let kind = "message.feedback".to_owned();
        let filter = EventFilter { kind, agent: None, contacts: Vec::new(), from, to, after: 0, skip: 0, limit: 100 };
        assert!(store.events_of_kind(filter).await.unwrap().is_empty());
    }
}
