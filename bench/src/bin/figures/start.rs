//! P4 and P5: time to the first answer, and memory at rest.

use std::{thread, time::Duration};

use bench::{
    chat::{Act, Agent},
    load::{LoadPlan, Until, run},
    process::Server,
    report::{Outcome, Section},
    scenario,
};

use crate::{
    setup::{DataDir, Failure, Setup, median_millis, millis_of},
    turns::wait_for_projections,
};

const STORED_BAR: f64 = 300.0;
const EMPTY_BAR: f64 = 100.0;
const MEMORY_BAR: u64 = 30 << 20;
const TURNS_BEFORE_REST: u64 = 50_000;

pub(crate) fn measure_starts(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let method = "From starting the process to the first answered request: `GET /readyz` on an empty data directory, a \
                  chat message where there is an agent. The files are in the page cache. Median and slowest.";
    let mut section = Section::new("P4 Cold start", method, &["", "median", "slowest", "× reference"]);

    let (mut reference, mut empty) = (Vec::new(), Vec::new());
    for _ in 0..setup.rounds().max(5) {
        let data_dir = setup.fresh_data_dir()?;
        reference.push(ready(setup, setup.start_ceiling("turn", &data_dir)?)?);
        let data_dir = setup.fresh_data_dir()?;
        empty.push(ready(setup, setup.parlance().serve(data_dir.path())?)?);
    }
    let (data_dir, agent) = store_messages(setup, setup.choices.messages, 10)?;
    let (mut stored, mut recovered) = (Vec::new(), Vec::new());
    for number in 0..u64::from(setup.rounds().max(5)) {
        let number = 2 * setup.choices.messages + 2 * number;
        let (server, time) = answered(setup, &data_dir, &agent, number)?;
        stored.push(time);
        server.kill()?;
        let (server, time) = answered(setup, &data_dir, &agent, number + 1)?;
        recovered.push(time);
        server.stop()?;
    }

    let base = median_millis(&reference);
    let stored_name = format!("Parlance, {} stored messages", setup.choices.messages);
    for (name, times) in [
        ("reference, full turn, empty", &reference),
        ("Parlance, empty", &empty),
        (&stored_name, &stored),
        (&format!("{stored_name}, after `kill -9`"), &recovered),
    ] {
        let middle = median_millis(times);
        let slowest = times.iter().max().copied().unwrap_or_default().as_secs_f64() * 1000.0;
        section.row([name.into(), millis_of(middle), millis_of(slowest), format!("{:.1}", middle / base)]);
    }
    let middle = median_millis(&empty);
    section.bar("empty ≤ 100 ms", millis_of(middle), Outcome::when(middle <= EMPTY_BAR));
    let middle = median_millis(&stored);
    section.bar(format!("{stored_name} ≤ 300 ms"), millis_of(middle), Outcome::when(middle <= STORED_BAR));
    Ok(vec![section])
}

fn ready(setup: &Setup, server: Server) -> Result<Duration, Failure> {
    let time = server.ready_after() + setup.time_get(&server, "/readyz")?;
    server.stop()?;
    Ok(time)
}

fn answered(setup: &Setup, data_dir: &DataDir, agent: &Agent, number: u64) -> Result<(Server, Duration), Failure> {
    let server = setup.parlance().serve(data_dir.path())?;
    let time = server.ready_after() + setup.time_message(&server, agent, number)?;
    Ok((server, time))
}

/// A data directory with as many messages as asked: each turn stores two, one of the visitor and one of the agent.
pub(crate) fn store_messages(setup: &Setup, messages: u64, turns_per_user: u64) -> Result<(DataDir, Agent), Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let agent = setup.parlance().install(data_dir.path(), &scenario::echo())?;
    let server = setup.parlance().serve(data_dir.path())?;
    talk(&server, &agent, 1, messages.div_ceil(2), turns_per_user)?;
    wait_for_projections(setup, &server)?;
    server.stop()?;
    Ok((data_dir, agent))
}

/// Takes turns at full load; users and messages are numbered from `first_number` on.
pub(crate) fn talk(
    server: &Server,
    agent: &Agent,
    first_number: u64,
    turns: u64,
    turns_per_user: u64,
) -> Result<(), Failure> {
    let report = run(&LoadPlan {
        address: server.address(),
        agent: agent.clone(),
        act: Act::Button,
        clients: 64,
        turns_per_user,
        first_number,
        warm_up: Duration::ZERO,
        until: Until::Answers(turns),
    })?;
    match report.first_failure {
        Some(failure) => Err(failure.into()),
        None => Ok(()),
    }
}

pub(crate) fn measure_memory(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let method = "Resident memory (`VmRSS`) after 2 s without a request.";
    let mut section = Section::new("P5 Idle memory", method, &["", "memory", "× reference"]);

    let data_dir = setup.fresh_data_dir()?;
    let server = setup.start_ceiling("turn", &data_dir)?;
    let reference = at_rest(&server)?;
    server.stop()?;

    let data_dir = setup.fresh_data_dir()?;
    let server = setup.parlance().serve(data_dir.path())?;
    let empty = at_rest(&server)?;
    server.stop()?;

    let data_dir = setup.fresh_data_dir()?;
    let agent = setup.parlance().install(data_dir.path(), &scenario::echo())?;
    let server = setup.parlance().serve(data_dir.path())?;
    // One message: the agent is loaded.
    setup.time_message(&server, &agent, 1)?;
    let with_agent = at_rest(&server)?;
    talk(&server, &agent, 1, TURNS_BEFORE_REST, 10)?;
    let after_turns = at_rest(&server)?;
    server.stop()?;

    for (name, bytes) in [
        ("reference, full turn".to_owned(), reference),
        ("Parlance, empty data directory".to_owned(), empty),
        ("Parlance, an agent in use".to_owned(), with_agent),
        (format!("Parlance, after {TURNS_BEFORE_REST} turns"), after_turns),
    ] {
        section.row([name, mebibytes(bytes), format!("{:.1}", bytes as f64 / reference as f64)]);
    }
    section.bar("≤ 30 MiB with an agent in use", mebibytes(with_agent), Outcome::when(with_agent <= MEMORY_BAR));
    Ok(vec![section])
}

fn at_rest(server: &Server) -> Result<u64, Failure> {
    thread::sleep(Duration::from_secs(2));
    Ok(server.resident_bytes()?)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
