//! P1: durable turns per second, distinct users, beside the two SQLite references.

use std::time::{Duration, Instant};

use bench::{
    chat::{Act, Agent},
    load::{LoadPlan, LoadReport, Until, run},
    process::Server,
    report::{Outcome, Section, median},
    scenario,
};

use crate::setup::{Failure, Setup, millis_of};

/// Longest time that projections are waited for.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contestant {
    Memory,
    Row,
    Turn,
    Parlance,
    ParlanceTenTurns,
    ParlanceText,
}

impl Contestant {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "reference, from memory",
            Self::Row => "reference, one row",
            Self::Turn => "reference, full turn",
            Self::Parlance => "Parlance, each turn another user",
            Self::ParlanceTenTurns => "Parlance, ten turns per user",
            Self::ParlanceText => "Parlance, typed text and five intents",
        }
    }
}

/// One load on one fresh server.
struct Run {
    load: LoadReport,
    /// Records not yet projected at the end, and the time until none was left.
    lag: Option<(f64, Option<Duration>)>,
    resident_bytes: u64,
}

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    use Contestant::{Memory, Parlance, ParlanceTenTurns, ParlanceText, Row, Turn};
    Ok(vec![
        at_clients(setup, 64, &[Memory, Row, Turn, Parlance, ParlanceTenTurns, ParlanceText])?,
        at_clients(setup, 256, &[Row, Turn, Parlance])?,
    ])
}

fn at_clients(setup: &Setup, clients: usize, contestants: &[Contestant]) -> Result<Section, Failure> {
    let method = format!(
        "`POST /chat-api/message` over HTTP/1.1 keep-alive, SQLite `synchronous=FULL`, {} s after 1 s of warm-up, \
         {} rounds in which the contestants take turns, each on a fresh data directory; the load generator is one \
         thread on the same machine. Ratios are medians over the rounds of the ratio within a round.",
        setup.choices.seconds,
        setup.rounds(),
    );
    let columns =
        ["", "× full turn", "× one row", "turns/s", "p50", "p99", "max", "memory after", "projections behind"];
    let mut section = Section::new(&format!("P1 Turns at {clients} clients"), &method, &columns);

    let mut runs: Vec<Vec<Run>> = contestants.iter().map(|_| Vec::new()).collect();
    for _ in 0..setup.rounds() {
        for (contestant, runs) in contestants.iter().zip(&mut runs) {
            runs.push(run_one(setup, *contestant, clients)?);
        }
    }
    let rates = |wanted: Contestant| -> Vec<f64> {
        let position = contestants.iter().position(|contestant| *contestant == wanted);
        position.map(|index| runs[index].iter().map(|run| run.load.rate()).collect()).unwrap_or_default()
    };
    let (rows, turns) = (rates(Contestant::Row), rates(Contestant::Turn));

    for (contestant, runs) in contestants.iter().zip(&runs) {
        let own: Vec<f64> = runs.iter().map(|run| run.load.rate()).collect();
        let ratio_to = |reference: &[f64]| {
            median(own.iter().zip(reference).map(|(own, reference)| own / reference).collect()).unwrap_or_default()
        };
        let middle = |value: &dyn Fn(&Run) -> f64| median(runs.iter().map(value).collect()).unwrap_or_default();
        let p99 = middle(&|run| run.load.millis_at(0.99));
        let ratio = ratio_to(&turns);
        section.row([
            contestant.name().to_owned(),
            format!("{ratio:.2}"),
            format!("{:.2}", ratio_to(&rows)),
            order_of(middle(&|run| run.load.rate())),
            millis_of(middle(&|run| run.load.millis_at(0.5))),
            millis_of(p99),
            millis_of(middle(&|run| run.load.millis_at(1.0))),
            format!("{:.0} MiB", middle(&|run| run.resident_bytes as f64) / f64::from(1 << 20)),
            behind(runs),
        ]);
        if *contestant == Contestant::Parlance {
            section.bar("≥ 1.2 × the full-turn reference", format!("{ratio:.2} ×"), Outcome::when(ratio >= 1.2));
            if clients == 64 {
                section.bar("p99 ≤ 20 ms", millis_of(p99), Outcome::when(p99 <= 20.0));
            }
            let kept_up = runs.iter().all(|run| matches!(run.lag, Some((_, Some(_)))));
            section.bar("projections catch up after the load", behind(runs), Outcome::when(kept_up));
        }
        let failures: u64 = runs.iter().map(|run| run.load.failures).sum();
        if failures > 0 {
            let first = runs.iter().find_map(|run| run.load.first_failure.clone()).unwrap_or_default();
            section.bar(
                format!("{}: no failures", contestant.name()),
                format!("{failures}, the first: {first}"),
                Outcome::Missed,
            );
        }
    }
    Ok(section)
}

fn run_one(setup: &Setup, contestant: Contestant, clients: usize) -> Result<Run, Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let (server, agent) = match contestant {
        Contestant::Memory => (setup.start_ceiling("memory", &data_dir)?, Agent::nobody()),
        Contestant::Row => (setup.start_ceiling("row", &data_dir)?, Agent::nobody()),
        Contestant::Turn => (setup.start_ceiling("turn", &data_dir)?, Agent::nobody()),
        Contestant::Parlance | Contestant::ParlanceTenTurns | Contestant::ParlanceText => {
            let scenario =
                if contestant == Contestant::ParlanceText { scenario::five_intents() } else { scenario::echo() };
            let agent = setup.parlance().install(data_dir.path(), &scenario)?;
            (setup.parlance().serve(data_dir.path())?, agent)
        }
    };
    let load = run(&LoadPlan {
        address: server.address(),
        agent,
        act: if contestant == Contestant::ParlanceText { Act::Text } else { Act::Button },
        clients,
        turns_per_user: if contestant == Contestant::ParlanceTenTurns { 10 } else { 1 },
        first_number: 1,
        warm_up: Duration::from_secs(1),
        until: Until::Elapsed(Duration::from_secs(setup.choices.seconds)),
    })?;
    let lag = match contestant {
        Contestant::Memory | Contestant::Row | Contestant::Turn => None,
        _ => wait_for_projections(setup, &server)?,
    };
    let resident_bytes = server.resident_bytes()?;
    server.stop()?;
    Ok(Run { load, lag, resident_bytes })
}

/// Records not yet projected now, and the time until there are none; `None` when the server does not say.
pub(crate) fn wait_for_projections(setup: &Setup, server: &Server) -> Result<Option<(f64, Option<Duration>)>, Failure> {
    let start = Instant::now();
    let Some(lag) = projection_lag(&setup.get(server, "/metrics")?) else { return Ok(None) };
    let mut now = lag;
    while now > 0.0 {
        if start.elapsed() > CATCH_UP_LIMIT {
            return Ok(Some((lag, None)));
        }
        std::thread::sleep(Duration::from_millis(20));
        now = projection_lag(&setup.get(server, "/metrics")?).unwrap_or_default();
    }
    Ok(Some((lag, Some(start.elapsed()))))
}

/// The sum of the gauges whose name ends in `projection_lag_records`.
fn projection_lag(metrics: &str) -> Option<f64> {
    let lags = metrics.lines().filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        let name = name.split('{').next()?;
        name.ends_with("projection_lag_records").then(|| value.parse::<f64>().ok())?
    });
    lags.reduce(|left, right| left + right)
}

fn behind(runs: &[Run]) -> String {
    let records = runs.iter().filter_map(|run| run.lag).map(|(records, _)| records).reduce(f64::max);
    let Some(records) = records else { return "–".into() };
    let slowest = runs.iter().filter_map(|run| run.lag?.1).max();
    match slowest {
        Some(time) if runs.iter().all(|run| run.lag.is_none_or(|(_, time)| time.is_some())) => {
            format!("≤ {records:.0} records, {}", millis_of(time.as_secs_f64() * 1000.0))
        }
        _ => format!("≤ {records:.0} records, not caught up in {} s", CATCH_UP_LIMIT.as_secs()),
    }
}

/// Two digits: absolute rates move from run to run, and more digits would claim otherwise.
fn order_of(rate: f64) -> String {
    let unit = 10f64.powf(rate.max(1.0).log10().floor() - 1.0);
    format!("about {:.0}", (rate / unit).round() * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_read_from_the_metrics() {
        let metrics = "# TYPE parlance_projection_lag_records gauge\n\
                       parlance_projection_lag_records{projection=\"entries\"} 3\n\
                       parlance_projection_lag_records{projection=\"contacts\"} 4\nother 9\n";
        assert_eq!(projection_lag(metrics), Some(7.0));
        assert_eq!(projection_lag("other 9\n"), None);
    }

    #[test]
    fn rates_show_their_order_only() {
        assert_eq!(order_of(12_345.0), "about 12000");
        assert_eq!(order_of(98.7), "about 99");
    }
}
