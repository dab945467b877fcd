//! P6: what visitors said, streamed by `GET /public/api/user-interactions`.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use bench::{
    chat::{Agent, user_id},
    download::{Download, Whole, request},
    process::{Memory, Server},
    report::{Outcome, Section, median},
};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use crate::{
    setup::{DataDir, Failure, Setup, median_millis, millis_of},
    start::{store_messages, talk},
    turns::wait_for_projections,
};

/// 20,000 visitors for a million messages.
const TURNS_PER_VISITOR: u64 = 25;
/// Turns in the minute that is asked for by itself; the rest comes faster than a quiet day.
const TURNS_OF_THE_MINUTE: u64 = 1_000;
/// How often the first byte is waited for.
const FIRST_BYTES: usize = 20;

const FIRST_BYTE_BAR: f64 = 20.0;
const RATE_BAR: f64 = 400_000.0;
const MEMORY_BAR: u64 = 64 << 20;

/// Where a line of the answer begins; in texts quotes are escaped.
const LINE: &[u8] = b"{\"type\":";
/// All of time.
const EVER: &str = "from=2000-01-01%2000:00:00&to=2099-12-31%2023:59:59";

/// What was asked for, and what came.
struct Asked {
    name: String,
    first_byte: f64,
    answers: Vec<Whole>,
}

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let messages = setup.choices.messages.saturating_sub(2 * TURNS_OF_THE_MINUTE);
    let (data_dir, agent) = store_messages(setup, messages, TURNS_PER_VISITOR)?;
    let minute = talk_for_a_minute(setup, &data_dir, &agent)?;
    let stored = Stored::count(&data_dir)?;
    let token = setup.parlance().create_token(data_dir.path())?;
    let server = setup.parlance().serve(data_dir.path())?;
    let parlance = Exporter { address: server.address(), token };
    let reference = setup.start_ceiling("export", &data_dir)?;
    let ceiling = Exporter { address: reference.address(), token: String::new() };
    let before = at_rest(&server)?;

    let (asked, peak) = watched(&server, || {
        let mut all = parlance.first_byte("Parlance, everything", EVER)?;
        let mut base = ceiling.first_byte("reference, everything", EVER)?;
        // In turns, so that both see the same machine.
        for _ in 0..setup.rounds() {
            base.answers.push(ceiling.whole(EVER)?);
            all.answers.push(parlance.whole(EVER)?);
        }
        let mut asked = vec![base, all];
        for (name, query) in [
            ("Parlance, `browser=chrome` (everybody)", format!("{EVER}&browser=chrome")),
            ("Parlance, one minute", minute),
            ("Parlance, one visitor", format!("{EVER}&user_id={}", user_id(1))),
        ] {
            let mut one = parlance.first_byte(name, &query)?;
            for _ in 0..setup.rounds() {
                one.answers.push(parlance.whole(&query)?);
            }
            asked.push(one);
        }
        Ok(asked)
    })?;
    let after = at_rest(&server)?;
    reference.stop()?;
    server.stop()?;

    Ok(vec![streams(setup, &stored, &asked), memory([before, peak, after])])
}

fn streams(setup: &Setup, stored: &Stored, asked: &[Asked]) -> Section {
    let method = format!(
        "`GET /public/api/user-interactions` over {} stored messages of {} visitors, of which {} are what visitors said: \
         those are streamed, and counted as they arrive. Median of {FIRST_BYTES} calls to the first byte of the body, \
         of {} to the last. The reference is a bare program that reads the same rows from the same tables in one \
         statement and writes the same JSON, without profiles; both in turns, files in the page cache.",
        stored.messages,
        stored.visitors,
        stored.said,
        setup.rounds(),
    );
    let columns = ["", "× reference", "first byte", "whole answer", "messages", "messages/s", "MB/s"];
    let mut section = Section::new("P6 Export of what visitors said", &method, &columns);
    let base = asked.first().map_or(0.0, Asked::rate);
    for one in asked {
        // Of a few messages a rate says nothing.
        let many = one.messages() >= 100_000;
        let if_many = |text: String| if many { text } else { "–".to_owned() };
        section.row([
            one.name.clone(),
            if_many(format!("{:.2}", one.rate() / base)),
            millis_of(one.first_byte),
            millis_of(one.middle(|answer| answer.elapsed.as_secs_f64() * 1000.0)),
            one.messages().to_string(),
            if_many(thousands(one.rate())),
            if_many(format!("{:.0}", one.middle(Whole::megabytes_per_second))),
        ]);
    }
    let Some(all) = asked.get(1) else { return section };
    section.bar("first byte ≤ 20 ms", millis_of(all.first_byte), Outcome::when(all.first_byte <= FIRST_BYTE_BAR));
    section.bar("≥ 400,000 messages/s", thousands(all.rate()), Outcome::when(all.rate() >= RATE_BAR));
    let complete = all.answers.iter().all(|answer| answer.count == stored.said);
    section.bar(
        "everything that visitors said is streamed",
        format!("{} of {}", all.messages(), stored.said),
        Outcome::when(complete),
    );
    section
}

fn memory([before, peak, after]: [Memory; 3]) -> Section {
    let method = "The server of P6 before, during (looked at every 10 ms) and after all of its calls. Its own memory is \
                  what it allocated (`RssAnon`); resident memory (`VmRSS`) has also the pages of the tables' file that it \
                  mapped, which are the page cache's and go when somebody needs the room.";
    let mut section = Section::new("P6 Memory of an export", method, &["", "own memory", "resident"]);
    for (name, seen) in [("before", before), ("peak", peak), ("after 2 s of rest", after)] {
        section.row([name.to_owned(), mebibytes(seen.own), mebibytes(seen.resident)]);
    }
    let above = peak.own.saturating_sub(before.own);
    section.bar("own memory ≤ 64 MiB above idle", mebibytes(above), Outcome::when(above <= MEMORY_BAR));
    section
}

impl Asked {
    fn middle(&self, value: impl Fn(&Whole) -> f64) -> f64 {
        median(self.answers.iter().map(value).collect()).unwrap_or_default()
    }

    fn rate(&self) -> f64 {
        self.middle(Whole::rate)
    }

    fn messages(&self) -> u64 {
        self.answers.first().map_or(0, |answer| answer.count)
    }
}

/// Whom to ask, and how.
struct Exporter {
    address: SocketAddr,
    token: String,
}

impl Exporter {
    fn request(&self, query: &str) -> Vec<u8> {
        request(self.address, &self.token, &format!("/public/api/user-interactions?{query}"))
    }

    fn first_byte(&self, name: &str, query: &str) -> Result<Asked, Failure> {
        let request = self.request(query);
        let mut times = Vec::new();
        for _ in 0..FIRST_BYTES {
            times.push(Download::begin(self.address, &request)?.first_byte());
            // Time to notice that nobody reads on.
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Asked { name: name.to_owned(), first_byte: median_millis(&times), answers: Vec::new() })
    }

    fn whole(&self, query: &str) -> Result<Whole, Failure> {
        Ok(Download::begin(self.address, &self.request(query))?.finish(LINE)?)
    }
}

/// Some turns after all others, and the query for the minute that they are in.
fn talk_for_a_minute(setup: &Setup, data_dir: &DataDir, agent: &Agent) -> Result<String, Failure> {
    let server = setup.parlance().serve(data_dir.path())?;
    // The minute begins with a whole second, in which nothing of what was before may be.
    thread::sleep(Duration::from_millis(1_100));
    let start = Timestamp::now().as_second();
    talk(&server, agent, 10 * setup.choices.messages.max(1), TURNS_OF_THE_MINUTE, TURNS_PER_VISITOR)?;
    wait_for_projections(setup, &server)?;
    server.stop()?;
    Ok(format!("from={}&to={}", moment(start)?, moment(start + 59)?))
}

/// A second as queries write it.
fn moment(second: i64) -> Result<String, Failure> {
    Ok(Timestamp::from_second(second)?.strftime("%Y-%m-%d%%20%H:%M:%S").to_string())
}

/// How much there is, by the tables.
struct Stored {
    messages: u64,
    /// Of visitors.
    said: u64,
    visitors: u64,
}

impl Stored {
    fn count(data_dir: &DataDir) -> Result<Self, Failure> {
        let tables = Connection::open_with_flags(data_dir.path().join("tables.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let count = |sql: &str| tables.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned);
        Ok(Self {
            messages: count("SELECT count(*) FROM entries")?,
            said: count("SELECT count(*) FROM entries WHERE author = 0")?,
            visitors: count("SELECT count(DISTINCT contact) FROM records WHERE contact <> ''")?,
        })
    }
}

/// What an action gives, and the most memory that the server had meanwhile.
fn watched<T>(server: &Server, action: impl FnOnce() -> Result<T, Failure>) -> Result<(T, Memory), Failure> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = Memory::default();
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(server.memory().unwrap_or_default());
                thread::sleep(Duration::from_millis(10));
            }
            peak
        });
        let outcome = action();
        done.store(true, Ordering::Relaxed);
        let peak = watcher.join().map_err(|_| "whoever watched the memory panicked")?;
        Ok((outcome?, peak))
    })
}

fn at_rest(server: &Server) -> Result<Memory, Failure> {
    thread::sleep(Duration::from_secs(2));
    Ok(server.memory()?)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn thousands(rate: f64) -> String {
    format!("{:.0},000", rate / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_for_a_query() {
        assert_eq!(moment(1_705_314_600).unwrap(), "2024-01-15%2010:30:00");
    }
}
