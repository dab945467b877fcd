//! P11: how long what happens takes to arrive at those who follow.

use std::{io, time::Duration};

use bench::{
    flows::{Api, HELLO, Model, begin, chat_request},
    live::{self, Plan, Reach, Seen},
    parlance::TENANT,
    report::{Outcome, Section, median},
};
use hdrhistogram::Histogram;
use serde_json::json;

use crate::setup::{Failure, Setup, millis_of};

const FOLLOWERS: usize = 1_000;
const BAR: f64 = 20.0;
/// Time between turns that arrive at all, and between those that arrive at one.
const EVERY_FOR_ALL: Duration = Duration::from_millis(100);
const EVERY_FOR_ONE: Duration = Duration::from_millis(10);

/// What a turn of the flow tells: as long as Parlance's, with what the arrivals are known by.
const TOLD: &str = r#"event: message
id: 1000.0
data: {"content":"Hello there","createdAt":"2026-01-01T00:00:00.000000Z","html":"Hello there","id":"00000000-0000-0000-0000-000000000000","role":"user","transcriptId":"00000000-0000-0000-0000-000000000000","turn":10}

event: message
id: 1000.1
data: {"content":"You said: Hello there","createdAt":"2026-01-01T00:00:00.000000Z","html":"You said: Hello there","id":"00000000-0000-0000-0000-000000000000","role":"agent","transcriptId":"00000000-0000-0000-0000-000000000000","turn":10}

"#;

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let method = format!(
        "{FOLLOWERS} streams follow, on one thread of another process, while one visitor takes turns with a flow whose \
         model takes no time, for {} s, {} rounds: a turn every {} ms that arrives at all, or every {} ms with one \
         conversation after the other, each followed by one. An arrival is that of what the agent said. Times begin when \
         the turn is sent, before it is durable, or when its answer is there, which it is once the turn is durable; an \
         arrival before the answer counts as 0. The reference is a bare axum that sends what is posted to all who follow \
         it: the same bytes, and nothing is durable.",
        setup.choices.seconds,
        setup.rounds(),
        EVERY_FOR_ALL.as_millis(),
        EVERY_FOR_ONE.as_millis(),
    );
    let columns = [
        "",
        "× reference (p99)",
        "sent to arrival, p50",
        "p99",
        "max",
        "answer to arrival, p99",
        "sent to answer, p50",
    ];
    let mut section = Section::new("P11 Live streams", &method, &columns);

    let (mut reference, mut all, mut one) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..setup.rounds() {
        reference.push(of_reference(setup)?);
        all.push(of_parlance(setup, Reach::All)?);
        one.push(of_parlance(setup, Reach::One)?);
    }
    let base = row(&mut section, "reference, to all", &reference, None);
    for (name, bar, runs) in [
        ("Parlance, `/api/v1/{tenant}/live`, to all", "to all", &all),
        ("Parlance, `/api/v1/{tenant}/transcripts/{id}/stream`, to one", "to one", &one),
    ] {
        let slow = row(&mut section, name, runs, Some(base));
        section.bar(format!("{bar}: sent to arrival p99 ≤ 20 ms"), millis_of(slow), Outcome::when(slow <= BAR));
        let (arrived, expected, ended) = runs.iter().fold((0, 0, 0), |(arrived, expected, ended), run| {
            (arrived + run.arrivals.len(), expected + run.expected, ended + run.ended)
        });
        let whole = arrived == expected && ended == 0;
        let seen = format!("{arrived} of {expected}, {ended} streams ended");
        section.bar(format!("{bar}: everything arrives"), seen, Outcome::when(whole));
    }
    Ok(vec![section])
}

/// Adds a row; the time until 99 of 100 arrived, in milliseconds.
fn row(section: &mut Section, name: &str, runs: &[Seen], base: Option<f64>) -> f64 {
    let slow = middle(runs, |run| &run.arrivals, 0.99);
    section.row([
        name.to_owned(),
        format!("{:.2}", slow / base.unwrap_or(slow)),
        millis_of(middle(runs, |run| &run.arrivals, 0.5)),
        millis_of(slow),
        millis_of(middle(runs, |run| &run.arrivals, 1.0)),
        millis_of(middle(runs, |run| &run.after_answer, 0.99)),
        millis_of(middle(runs, |run| &run.answers, 0.5)),
    ]);
    slow
}

/// The median over the rounds of the time within which a share of something was, in milliseconds.
fn middle(runs: &[Seen], of: fn(&Seen) -> &Histogram<u64>, share: f64) -> f64 {
    let times = runs.iter().map(|run| of(run).value_at_quantile(share) as f64 / 1000.0);
    median(times.collect()).unwrap_or_default()
}

fn of_reference(setup: &Setup) -> Result<Seen, Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let server = setup.start_ceiling("live", &data_dir)?;
    let address = server.address();
    let post = format!("POST /live HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{TOLD}", TOLD.len());
    let seen = live::run(&Plan {
        address,
        followers: vec![live::request(address, "", "/live"); FOLLOWERS],
        turns: vec![post.into_bytes()],
        reach: Reach::All,
        every: EVERY_FOR_ALL,
        count: turns(setup, EVERY_FOR_ALL),
    })?;
    // Its streams have no end.
    server.kill()?;
    Ok(seen)
}

fn of_parlance(setup: &Setup, reach: Reach) -> Result<Seen, Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let (server, api, token) = setup.start_empty(&data_dir)?;
    let address = server.address();
    let (conversations, every) = match reach {
        Reach::All => (1, EVERY_FOR_ALL),
        Reach::One => (FOLLOWERS, EVERY_FOR_ONE),
    };
    let (code, transcripts) = setup.runtime.block_on(begin_all(&api, address, conversations))?;
    let said = json!({ "message": HELLO });
    let turn = |transcript: &String| chat_request(address, &code, &format!("/{transcript}"), &said);
    let stream = |transcript: &String| {
        live::request(address, &token, &format!("/api/v1/{TENANT}/transcripts/{transcript}/stream"))
    };
    let seen = live::run(&Plan {
        address,
        followers: match reach {
            Reach::All => vec![live::request(address, &token, &format!("/api/v1/{TENANT}/live")); FOLLOWERS],
            Reach::One => transcripts.iter().map(stream).collect(),
        },
        turns: transcripts.iter().map(turn).collect(),
        reach,
        every,
        count: turns(setup, every),
    })?;
    server.stop()?;
    Ok(seen)
}

/// A flow, and conversations with it: its chat code, and their ids.
async fn begin_all(api: &Api, address: std::net::SocketAddr, count: usize) -> io::Result<(String, Vec<String>)> {
    let code = api.make_flow("Desk", Model::Script, false).await?;
    let (mut connection, mut transcripts) = (None, Vec::with_capacity(count));
    for _ in 0..count {
        transcripts.push(begin(&mut connection, address, &code).await.map_err(io::Error::other)?);
    }
    Ok((code, transcripts))
}

/// How many turns there are time for.
fn turns(setup: &Setup, every: Duration) -> u64 {
    (Duration::from_secs(setup.choices.seconds).as_millis() / every.as_millis()) as u64
}
