//! P5, its second half: memory at rest with many live streams open.

use std::{io, thread, time::Duration};

use bench::{
    live,
    process::{Memory, Server},
    report::{Outcome, Section},
};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::setup::{Failure, Setup};

const BAR: u64 = 160 << 20;
/// The bar is for so many.
const BAR_STREAMS: usize = 10_000;
/// How long streams are open before memory is looked at: each has told by then that it is there.
const REST: Duration = Duration::from_secs(18);
/// Files that a process has open beside its streams.
const OTHER_FILES: u64 = 500;

/// One server without and with streams.
struct Weighed {
    before: Memory,
    with: Memory,
    after: Memory,
}

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let streams = setup.choices.streams;
    allow_files(streams)?;

    let data_dir = setup.fresh_data_dir()?;
    let server = setup.start_ceiling("live", &data_dir)?;
    let reference = weigh(&server, "", "/live", streams)?;
    server.kill()?;

    let data_dir = setup.fresh_data_dir()?;
    let (server, _, token) = setup.start_empty(&data_dir)?;
    let path = format!("/api/v1/{}/live", bench::parlance::TENANT);
    let parlance = weigh(&server, &token, &path, streams)?;
    server.stop()?;

    let method = format!(
        "{streams} connections follow `GET /api/v1/{{tenant}}/live`, and nothing happens but heartbeats. Resident memory \
         (`VmRSS`) after 2 s without a request, {} s after the last stream was opened, and 2 s after all hung up. The \
         reference is a bare axum that streams server-sent events. Per stream: what resident memory grew by.",
        REST.as_secs(),
    );
    let columns = ["", "before", "with streams", "per stream", "× reference", "after"];
    let mut section = Section::new("P5 Memory of idle live streams", &method, &columns);
    let base = per_stream(&reference, streams);
    for (name, weighed) in [("reference, bare axum", &reference), ("Parlance", &parlance)] {
        let own = per_stream(weighed, streams);
        section.row([
            name.to_owned(),
            mebibytes(weighed.before.resident),
            mebibytes(weighed.with.resident),
            format!("{own:.1} KiB"),
            format!("{:.2}", own / base),
            mebibytes(weighed.after.resident),
        ]);
    }
    let seen = parlance.with.resident;
    let reached = seen <= BAR && streams >= BAR_STREAMS;
    let bar = format!("≤ 160 MiB with {BAR_STREAMS} open live streams");
    section.bar(bar, format!("{} with {streams}", mebibytes(seen)), Outcome::when(reached));
    Ok(vec![section])
}

fn weigh(server: &Server, token: &str, path: &str, streams: usize) -> Result<Weighed, Failure> {
    thread::sleep(Duration::from_secs(2));
    let before = server.memory()?;
    let request = live::request(server.address(), token, path);
    let with = live::hold(server.address(), request, streams, || {
        thread::sleep(REST);
        server.memory()
    })??;
    thread::sleep(Duration::from_secs(2));
    Ok(Weighed { before, with, after: server.memory()? })
}

/// Lets this process, and the servers that it starts, have as many files open as the streams need. A connection has
/// one at each end, and the ends are in different processes.
fn allow_files(streams: usize) -> Result<(), Failure> {
    let needed = streams as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        let problem = format!("{streams} streams need {needed} open files: raise `ulimit -Hn`, or choose `--streams`");
        return Err(problem.into());
    }
    let raised = rustix::process::Rlimit { current: Some(needed), ..limit };
    setrlimit(Resource::Nofile, raised).map_err(io::Error::from)?;
    Ok(())
}

fn per_stream(weighed: &Weighed, streams: usize) -> f64 {
    weighed.with.resident.saturating_sub(weighed.before.resident) as f64 / 1024.0 / streams.max(1) as f64
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
