//! A filter finds what a plain look through all records finds, and pages neither miss nor repeat any.

use std::collections::BTreeMap;

use model::{
    Timestamp,
    mood::{Emotion, Mood, RiskLevel},
    record::{Author, TurnRecord},
    transcript::{TranscriptState, TranscriptStatus},
};
use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;
use store::{Store, StoreOptions, TranscriptFilter};
use tokio::runtime::Runtime;

use crate::sample::{agent, as_record, contact, entry, going, standing, tenant, transcript, turn};

/// Time from one turn to the next, in microseconds: an hour is three of them.
const STEP: i64 = 1_200_000_000;
const WORDS: [&str; 6] = ["parcel", "parcels", "late", "refund", "par", "again"];

#[derive(Debug, Clone)]
struct Said {
    who: u32,
    with: u32,
    session: u32,
    closed: bool,
    stands: Option<u32>,
    goes: Option<u32>,
    words: (usize, usize, usize),
}

fn said() -> impl Strategy<Value = Said> {
    let words = (0..WORDS.len(), 0..WORDS.len(), 0..WORDS.len());
    let (stands, goes) = (option::weighted(0.7, 0..200u32), option::weighted(0.5, 0..200u32));
    (1..4u32, 1..3u32, 0..3u32, any::<bool>(), stands, goes, words).prop_map(
        |(who, with, session, closed, stands, goes, words)| Said { who, with, session, closed, stands, goes, words },
    )
}

fn records(all: &[Said]) -> Vec<TurnRecord> {
    let mut turns: BTreeMap<u32, u32> = BTreeMap::new();
    (1..)
        .zip(all)
        .map(|(place, said)| {
            let id = said.who * 1_000 + said.with * 100 + said.session;
            let number = turns.entry(id).or_default();
            *number += 1;
            let (first, second, third) = said.words;
            let text = [WORDS[first], WORDS[second]].join(" ");
            TurnRecord {
                transcript: transcript(id),
                at: Timestamp(place * STEP),
                closed: said.closed,
                state: said.stands.map(|number| Box::new(standing(number))),
                mood: said.goes.map(going),
                entries: vec![
                    entry(Author::Contact, "text", &text, place),
                    entry(Author::Agent, "text", WORDS[third], place + 1),
                ],
                ..turn(&tenant("acme"), said.who, said.with, *number)
            }
        })
        .collect()
}

fn filter() -> impl Strategy<Value = TranscriptFilter> {
    let seldom = 0.2;
    let whose = (option::weighted(seldom, 1..4u32), option::weighted(seldom, 1..3u32));
    let statuses = prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(vec![TranscriptStatus::HumanHandoff]),
        1 => Just(vec![TranscriptStatus::Completed]),
        1 => vec((0..11usize).prop_map(|place| TranscriptStatus::ALL[place]), 2..6),
        1 => Just(TranscriptFilter::default().only_open().statuses),
    ];
    let state = (
        option::weighted(seldom, prop_oneof![Just("web"), Just("sms"), Just("fax")]),
        option::weighted(seldom, Just("front-door")),
        option::weighted(seldom, any::<bool>()),
        option::weighted(seldom, any::<bool>()),
    );
    let labels = (
        option::weighted(seldom, prop_oneof![Just("parcel"), Just("refund")]),
        option::weighted(seldom, prop_oneof![Just("0"), Just("3")]),
        option::weighted(seldom, prop_oneof![Just("Kiel"), Just("Ulm")]),
        option::weighted(seldom, Just("book_slot")),
    );
    let risks = prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(vec![RiskLevel::Low]),
        1 => Just(vec![RiskLevel::High]),
        1 => Just(vec![RiskLevel::Medium, RiskLevel::High]),
        1 => Just(vec![RiskLevel::Low, RiskLevel::Medium]),
    ];
    let sentiments = prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(vec![Emotion::Anger]),
        1 => Just(vec![Emotion::Joy, Emotion::Anger]),
    ];
    let times = (option::weighted(seldom, 0..40i64), option::weighted(seldom, 0..40i64));
    let text = option::weighted(0.3, vec(0..WORDS.len(), 1..3));
    (whose, statuses, state, labels, (risks, sentiments), times, text, 1..6usize).prop_map(
        |(whose, statuses, state, labels, mood, times, text, limit)| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let pairs = |name: &str, value: Option<&str>| value.map(|value| (name.to_owned(), value.to_owned()));
            TranscriptFilter {
                contact: whose.0.map(contact),
                agent: whose.1.map(agent),
                statuses,
                channel: owned(state.0),
                endpoint: owned(state.1),
                flagged: state.2,
                test: state.3,
                risks: mood.0,
                sentiments: mood.1,
                tags: pairs("topic", labels.0).into_iter().collect(),
                parameters: pairs("order", labels.1).into_iter().chain(pairs("city", labels.2)).collect(),
                functions: owned(labels.3).into_iter().collect(),
                started_from: times.0.map(|place| Timestamp(place * STEP)),
                started_to: times.1.map(|place| Timestamp(place * STEP)),
                text: text.map(|places| places.iter().map(|place| WORDS[*place]).collect::<Vec<_>>().join(" ")),
                before: None,
                limit,
            }
        },
    )
}

/// A transcript as a plain look through its records shows it.
struct Plain<'a> {
    first: &'a TurnRecord,
    started_seq: u64,
    closed: bool,
    state: Option<&'a TranscriptState>,
    mood: Option<&'a Mood>,
    lines: Vec<&'a str>,
}

fn plain(records: &[TurnRecord]) -> Vec<Plain<'_>> {
    let mut found: Vec<Plain<'_>> = Vec::new();
    for (seq, record) in (1..).zip(records) {
        let lines = record.entries.iter().map(|entry| entry.text.as_str());
        let mood = record.mood.as_ref().filter(|mood| mood.moved);
        match found.iter_mut().find(|one| one.first.transcript == record.transcript) {
            Some(one) => {
                one.closed = record.closed;
                one.state = record.state.as_deref().or(one.state);
                one.mood = mood.or(one.mood);
                one.lines.extend(lines);
            }
            None => found.push(Plain {
                first: record,
                started_seq: seq,
                closed: record.closed,
                state: record.state.as_deref(),
                mood,
                lines: lines.collect(),
            }),
        }
    }
    found.reverse();
    found
}

impl Plain<'_> {
    fn fits(&self, filter: &TranscriptFilter) -> bool {
        let status = match self.state {
            Some(state) => state.status,
            None if self.closed => TranscriptStatus::Completed,
            None => TranscriptStatus::InProgress,
        };
        let of_state = |read: &dyn Fn(&TranscriptState) -> bool| self.state.is_some_and(read);
        let is = |asked: Option<bool>, read: &dyn Fn(&TranscriptState) -> bool| {
            asked.is_none_or(|asked| of_state(read) == asked)
        };
        filter.contact.as_ref().is_none_or(|asked| *asked == self.first.contact)
            && filter.agent.is_none_or(|asked| asked == self.first.agent)
            && (filter.statuses.is_empty() || filter.statuses.contains(&status))
            && filter.channel.as_ref().is_none_or(|asked| of_state(&|state| state.channel == *asked))
            && filter.endpoint.as_ref().is_none_or(|asked| of_state(&|state| state.endpoint.as_ref() == Some(asked)))
            && is(filter.flagged, &|state| state.flagged.is_some())
            && is(filter.test, &|state| state.test)
            && (filter.risks.is_empty() || filter.risks.contains(&self.mood.map(|mood| mood.level).unwrap_or_default()))
            && (filter.sentiments.is_empty()
                || self
                    .mood
                    .and_then(|mood| mood.scores.strongest())
                    .is_some_and(|strongest| filter.sentiments.contains(&strongest)))
            && filter.tags.iter().all(|(name, value)| of_state(&|state| state.tags.get(name) == Some(value)))
            && filter.parameters.iter().all(|(name, value)| {
                of_state(&|state| match state.parameters.get(name).map(|attribute| &attribute.value) {
                    Some(Value::String(text)) => text == value,
                    Some(other) => serde_json::from_str(value).is_ok_and(|asked: Value| asked == *other),
                    None => false,
                })
            })
            && filter.functions.iter().all(|name| of_state(&|state| state.functions.contains(name)))
            && filter.started_from.is_none_or(|from| self.first.at >= from)
            && filter.started_to.is_none_or(|to| self.first.at <= to)
            && filter.text.as_ref().is_none_or(|text| self.lines.iter().any(|line| has_words(line, text)))
    }
}

fn has_words(line: &str, text: &str) -> bool {
    let asked: Vec<&str> = text.split(' ').collect();
    let Some((last, others)) = asked.split_last() else { return false };
    others.iter().all(|word| line.split(' ').any(|said| said == *word))
        && line.split(' ').any(|said| said.starts_with(last))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn a_filter_finds_what_a_plain_look_finds(all in vec(said(), 1..40), filters in vec(filter(), 12)) {
        let records = records(&all);
        let runtime = Runtime::new().expect("a runtime");
        for (filter, found, counted) in runtime.block_on(ask(&records, filters)) {
            let expected: Vec<u64> =
                plain(&records).iter().filter(|one| one.fits(&filter)).map(|one| one.started_seq).collect();
            prop_assert_eq!(&found, &expected, "{:?}", filter);
            prop_assert_eq!(counted, expected.len() as u64, "{:?}", filter);
        }
    }
}

/// What each filter finds, page by page, and how many it counts.
async fn ask(records: &[TurnRecord], filters: Vec<TranscriptFilter>) -> Vec<(TranscriptFilter, Vec<u64>, u64)> {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path(), StoreOptions::default()).await.expect("a store");
    for record in records {
        store.append(as_record(record.clone())).await.expect("an append");
        // Of another tenant, the same: nothing of it may be found.
        let other = TurnRecord { tenant: tenant("globex"), ..record.clone() };
        store.append(as_record(other)).await.expect("an append");
    }
    let acme = store.tenant(&tenant("acme"));
    let mut answers = Vec::new();
    for filter in filters {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = acme.transcripts(TranscriptFilter { before, ..filter.clone() }).await.expect("a page");
            // Every second record is the other tenant's.
            found.extend(page.iter().map(|one| one.started_seq.0.div_ceil(2)));
            before = page.last().map(|last| last.started_seq);
            if page.len() < filter.limit {
                break;
            }
        }
        let counted = acme.count_transcripts(filter.clone()).await.expect("a count");
        answers.push((filter, found, counted));
    }
    store.shutdown().await.expect("a shutdown");
    answers
}
