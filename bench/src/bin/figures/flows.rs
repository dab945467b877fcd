//! P2b: turns of flows whose model takes no time, over web chat v2.

use std::time::Duration;

use bench::{
    chat::{Act, Agent},
    flows::{self, ChatPlan, HELLO, Model, SUM, SUM_ANSWER},
    load::{self, LoadPlan, LoadReport, Until},
    models::{self, ModelServer},
    process::Server,
    report::{Outcome, Section, median},
};

use crate::setup::{Failure, Setup, millis_of};

const CLIENTS: usize = 8;
/// Turns of a conversation.
const TURNS: u64 = 10;
const MIDDLE_BAR: f64 = 2.0;
const SLOW_BAR: f64 = 5.0;

/// A flow and what is said to it.
#[derive(Debug, Clone, Copy)]
struct Contestant {
    name: &'static str,
    /// How `/metrics` names who answers.
    provider: &'static str,
    function: bool,
    says: &'static str,
    hears: &'static str,
    /// Model calls of a turn.
    calls: u64,
}

const SCRIPT: Contestant = Contestant {
    name: "Parlance, a scripted model",
    provider: "scripted",
    function: false,
    says: HELLO,
    hears: HELLO,
    calls: 1,
};
const SERVER: Contestant = Contestant {
    name: "Parlance, a model over HTTP",
    provider: "compatible",
    function: false,
    says: HELLO,
    hears: models::SAYS,
    calls: 1,
};
const FUNCTION: Contestant = Contestant {
    name: "Parlance, a scripted model that calls a function in JavaScript and is asked again",
    provider: "scripted",
    function: true,
    says: SUM,
    hears: SUM_ANSWER,
    calls: 2,
};

/// One load on one fresh server.
struct Run {
    load: LoadReport,
    /// Model calls that were answered.
    calls: u64,
}

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let method = format!(
        "`POST /api/org/{{tenant}}/v2/webchat/{{id}}` with a chat link, {CLIENTS} clients, conversations of {TURNS} turns \
         whose beginnings are not timed, {} s after 1 s of warm-up, {} rounds in which the contestants take turns, each \
         on a fresh data directory. A model of 0 ms: a script within the server, or a server of OpenAI's protocol in \
         another process, which streams. The reference is the full-turn one of P1 at as many clients: it asks no model. \
         With a model of 0 ms a turn costs 266 ms in Parlant (four model calls), 63 ms in Langflow, 32 ms in Flowise.",
        setup.choices.seconds,
        setup.rounds(),
    );
    let columns = ["", "× reference (p50)", "p50", "p99", "max", "turns/s", "model calls per turn"];
    let mut section = Section::new("P2b Turns of flows", &method, &columns);

    let contestants = [SCRIPT, SERVER, FUNCTION];
    let mut reference = Vec::new();
    let mut runs = contestants.map(|_| Vec::new());
    for _ in 0..setup.rounds() {
        reference.push(Run { load: run_reference(setup)?, calls: 0 });
        for (contestant, runs) in contestants.iter().zip(&mut runs) {
            runs.push(run_one(setup, *contestant)?);
        }
    }

    let base = row(&mut section, "reference, full turn", &reference, None).0;
    for (contestant, runs) in contestants.iter().zip(&runs) {
        let (middle, slow) = row(&mut section, contestant.name, runs, Some(base));
        if contestant.calls == 1 {
            let name = contestant.name.trim_start_matches("Parlance, ");
            section.bar(format!("{name}: p50 ≤ 2 ms"), millis_of(middle), Outcome::when(middle <= MIDDLE_BAR));
            section.bar(format!("{name}: p99 ≤ 5 ms"), millis_of(slow), Outcome::when(slow <= SLOW_BAR));
            let exact = runs.iter().all(|run| run.calls == run.load.taken);
            section.bar(format!("{name}: exactly one model call a turn"), calls_per_turn(runs), Outcome::when(exact));
        }
        let failures: u64 = runs.iter().map(|run| run.load.failures).sum();
        if failures > 0 {
            let first = runs.iter().find_map(|run| run.load.first_failure.clone()).unwrap_or_default();
            let seen = format!("{failures}, the first: {first}");
            section.bar(format!("{}: no failures", contestant.name), seen, Outcome::Missed);
        }
    }
    Ok(vec![section])
}

/// Adds a row; its median and its 99 of 100, in milliseconds.
fn row(section: &mut Section, name: &str, runs: &[Run], base: Option<f64>) -> (f64, f64) {
    let middle = |value: &dyn Fn(&LoadReport) -> f64| {
        median(runs.iter().map(|run| value(&run.load)).collect()).unwrap_or_default()
    };
    let (p50, p99) = (middle(&|load| load.millis_at(0.5)), middle(&|load| load.millis_at(0.99)));
    section.row([
        name.to_owned(),
        format!("{:.2}", p50 / base.unwrap_or(p50)),
        millis_of(p50),
        millis_of(p99),
        millis_of(middle(&|load| load.millis_at(1.0))),
        format!("{:.0}", middle(&LoadReport::rate)),
        if base.is_some() { calls_per_turn(runs) } else { "–".into() },
    ]);
    (p50, p99)
}

fn calls_per_turn(runs: &[Run]) -> String {
    let calls: u64 = runs.iter().map(|run| run.calls).sum();
    let turns: u64 = runs.iter().map(|run| run.load.taken).sum();
    format!("{:.3}", calls as f64 / turns.max(1) as f64)
}

fn run_reference(setup: &Setup) -> Result<LoadReport, Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let server = setup.start_ceiling("turn", &data_dir)?;
    let report = load::run(&LoadPlan {
        address: server.address(),
        agent: Agent::nobody(),
        act: Act::Button,
        clients: CLIENTS,
        turns_per_user: TURNS,
        first_number: 1,
        warm_up: Duration::from_secs(1),
        until: Until::Elapsed(Duration::from_secs(setup.choices.seconds)),
    })?;
    server.stop()?;
    match report.first_failure {
        Some(failure) => Err(failure.into()),
        None => Ok(report),
    }
}

fn run_one(setup: &Setup, contestant: Contestant) -> Result<Run, Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let (server, api, _) = setup.start_empty(&data_dir)?;
    let model_server = if contestant.provider == "compatible" { Some(ModelServer::start()?) } else { None };
    let model = model_server.as_ref().map_or(Model::Script, |server| Model::Server(server.address()));
    let code = setup.runtime.block_on(api.make_flow("Desk", model, contestant.function))?;
    let load = flows::run(&ChatPlan {
        address: server.address(),
        code,
        says: contestant.says,
        hears: contestant.hears,
        clients: CLIENTS,
        turns: TURNS,
        warm_up: Duration::from_secs(1),
        until: Until::Elapsed(Duration::from_secs(setup.choices.seconds)),
    })?;
    let calls = answered_calls(setup, &server, contestant.provider)?;
    server.stop()?;
    Ok(Run { load, calls })
}

/// Model calls that a provider answered since the server started.
fn answered_calls(setup: &Setup, server: &Server, provider: &str) -> Result<u64, Failure> {
    let metrics = setup.get(server, "/metrics")?;
    Ok(counted(&metrics, provider)
        .ok_or_else(|| format!("the metrics say nothing of the model calls of `{provider}`"))?)
}

fn counted(metrics: &str, provider: &str) -> Option<u64> {
    let label = format!("provider=\"{provider}\"");
    let line = metrics.lines().find(|line| {
        line.starts_with("parlance_model_calls_total{")
            && line.contains(&label)
            && line.contains("outcome=\"answered\"")
    });
    line?.rsplit_once(' ')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answered_calls_of_the_provider_count() {
        let metrics = "# TYPE parlance_model_calls_total counter\n\
                       parlance_model_calls_total{provider=\"compatible\",outcome=\"unavailable\"} 12\n\
                       parlance_model_calls_total{provider=\"compatible\",outcome=\"answered\"} 2\n\
                       parlance_model_calls_total{provider=\"scripted\",outcome=\"answered\"} 14\n";
        assert_eq!(counted(metrics, "compatible"), Some(2));
        assert_eq!(counted(metrics, "scripted"), Some(14));
        assert_eq!(counted(metrics, "openai"), None);
    }
}
