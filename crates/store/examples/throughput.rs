//! Appends turns from many tasks and tells how fast, and how far the projections were behind.
//!
//! `cargo run --release -p store --example throughput -- [turns] [tasks] [directory]`

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use model::{
    AgentId, ContactId, EntryId, TenantId, Timestamp, TranscriptId,
    record::{Author, Entry, Event, Record, RequestFacts, TurnRecord},
};
use serde_json::{json, value::to_raw_value};
use store::{Store, StoreError, StoreOptions, TranscriptFilter};
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let turns: u32 = arguments.next().map_or(Ok(200_000), |text| text.parse())?;
    let tasks: u32 = arguments.next().map_or(Ok(64), |text| text.parse())?;
    let temporary = tempfile::tempdir()?;
    let dir = arguments.next().map_or_else(|| temporary.path().to_owned(), Into::into);

    let opening = Instant::now();
    let store = Store::open(&dir, StoreOptions::default()).await?;
    println!("opened in {:.1} ms", opening.elapsed().as_secs_f64() * 1e3);

    let tenant: TenantId = "demo".parse()?;
    let next = Arc::new(AtomicU32::new(0));
    let started = Instant::now();
    let workers: Vec<_> =
        (0..tasks).map(|_| tokio::spawn(work(store.clone(), tenant.clone(), Arc::clone(&next), turns))).collect();
    let mut waits = Vec::with_capacity(turns as usize);
    let mut loads = Duration::ZERO;
    for worker in workers {
        let (own_waits, own_loads) = worker.await??;
        waits.extend(own_waits);
        loads += own_loads;
    }
    let appended = started.elapsed();
    store.flush_projections().await?;
    let projected = started.elapsed();

    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("{turns} turns from {tasks} tasks: {:.0} turns/s", f64::from(turns) / appended.as_secs_f64());
    println!("append p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms", at(0.5), at(0.99), at(1.0));
    println!("load_turn_state {:.1} µs on average", loads.as_secs_f64() * 1e6 / f64::from(turns));
    println!(
        "projections: {:.0} turns/s, done {:.0} ms after the last append",
        f64::from(turns) / projected.as_secs_f64(),
        (projected - appended).as_secs_f64() * 1e3
    );
    let searching = Instant::now();
    let lovely = TranscriptFilter { text: Some("lovely day".to_owned()), ..TranscriptFilter::default() };
    let mut found = store.tenant(&tenant).transcripts(lovely.clone()).await;
    while let Err(StoreError::Overloaded { .. }) = found {
        found = store.tenant(&tenant).transcripts(lovely.clone()).await;
    }
    println!(
        "words indexed and {} transcripts found in {:.0} ms",
        found?.len(),
        searching.elapsed().as_secs_f64() * 1e3
    );
    let searching = Instant::now();
    store.tenant(&tenant).transcripts(lovely).await?;
    println!("found again in {:.1} ms", searching.elapsed().as_secs_f64() * 1e3);
    for name in ["log.db", "log.db-wal", "tables.db", "tables.db-wal"] {
        println!("{name}: {:.1} MiB", std::fs::metadata(dir.join(name))?.len() as f64 / f64::from(1 << 20));
    }
    for (thread, seconds) in processor_time() {
        println!("processor time of {thread}: {seconds:.2} s");
    }
    let closing = Instant::now();
    store.shutdown().await?;
    println!("shut down in {:.1} ms", closing.elapsed().as_secs_f64() * 1e3);

    let rebuilding = Instant::now();
    Store::rebuild(&dir, |_, _| {}).await?;
    println!("rebuilt at {:.0} turns/s", f64::from(turns) / rebuilding.elapsed().as_secs_f64());
    let opening = Instant::now();
    let store = Store::open(&dir, StoreOptions::default()).await?;
    println!("opened again in {:.1} ms", opening.elapsed().as_secs_f64() * 1e3);
    store.shutdown().await?;
    Ok(())
}

/// Processor seconds per thread name, where the system tells (Linux counts in hundredths).
fn processor_time() -> BTreeMap<String, f64> {
    let mut times = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((head, tail)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or(head, |(_, name)| name);
        let ticks: u32 = tail.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
        *times.entry(name.to_owned()).or_default() += f64::from(ticks) / 100.0;
    }
    times
}

type Outcome = Result<(Vec<Duration>, Duration), StoreError>;

/// Loads and appends until all turns are taken: every contact speaks five times.
async fn work(store: Store, tenant: TenantId, next: Arc<AtomicU32>, turns: u32) -> Outcome {
    let mut waits = Vec::new();
    let mut loads = Duration::ZERO;
    let mut text = String::new();
    let agent = AgentId(Uuid::from_u128(7));
    let base = Uuid::now_v7().as_u128();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= turns {
            return Ok((waits, loads));
        }
        let who = number % turns.div_ceil(5).max(1);
        let contact = ContactId::try_from(format!("visitor-{who}-of-the-benchmark")).expect("a contact id");
        let loading = Instant::now();
        let state = store.tenant(&tenant).load_turn_state(&contact, &agent, Some(&format!("m{number}"))).await?;
        loads += loading.elapsed();
        text.clear();
        text.extend(std::iter::repeat_n("What a lovely day it is. ", 24));
        let (transcript, turn) = match state.session {
            Some(session) => (session.transcript, session.turn + 1),
            None => (TranscriptId(Uuid::from_u128(base + u128::from(number))), 1),
        };
        let record = record(&tenant, agent, contact, transcript, turn, number, &text);
        let started = Instant::now();
        let mut outcome = store.append(record.clone()).await;
        while let Err(StoreError::Overloaded { .. }) = outcome {
            tokio::time::sleep(Duration::from_millis(5)).await;
            outcome = store.append(record.clone()).await;
        }
        outcome?;
        waits.push(started.elapsed());
    }
}

fn record(
    tenant: &TenantId,
    agent: AgentId,
    contact: ContactId,
    transcript: TranscriptId,
    turn: u32,
    number: u32,
    text: &str,
) -> Record {
    let at = Timestamp::now();
    let entry = |author| Entry {
        id: EntryId(Uuid::now_v7()),
        author,
        kind: "text".to_owned(),
        text: text[..300].to_owned(),
        at,
        intent: Some("intent.core.welcome".to_owned()),
        place: Some("Welcome/Opening/Greeting".to_owned()),
        body: to_raw_value(&json!({ "text": text[..300] })).expect("JSON"),
    };
    Record::Turn(Box::new(TurnRecord {
        tenant: tenant.clone(),
        agent,
        agent_version: 1,
        contact,
        transcript,
        turn,
        closed: false,
        message_id: Some(format!("m{number}")),
        at,
        request: RequestFacts {
            url: "/chat-api/message".to_owned(),
            source_ip: "192.0.2.7".to_owned(),
            status: 200,
            duration_micros: 250,
        },
        entries: vec![entry(Author::Contact), entry(Author::Agent)],
        found_by: Vec::new(),
        contact_state: to_raw_value(&json!({ "notes": text[..500] })).expect("JSON"),
        state: None,
        mood: None,
        session: to_raw_value(&json!({ "memory": text[..500] })).expect("JSON"),
        events: vec![Event {
            kind: "turn.completed".to_owned(),
            body: to_raw_value(&json!({ "turn": turn })).expect("JSON"),
        }],
        journal: to_raw_value(&json!({ "considered": text[..500] })).expect("JSON"),
    }))
}
