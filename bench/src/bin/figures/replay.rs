//! P10: recorded turns replayed against a draft, on one core.

use std::time::{Duration, Instant};

use bench::{
    chat::{Act, Agent},
    load::{LoadPlan, Until, run},
    report::{Outcome, Section, median},
    scenario,
};
use serde_json::Value;

use crate::{
    setup::{DataDir, Failure, Setup},
    turns::wait_for_projections,
};

/// Turns per second that are to be reached.
const BAR: f64 = 50_000.0;
/// Turns that are recorded and then replayed.
const TURNS: u64 = 50_000;
/// Turns of each conversation.
const TURNS_PER_USER: u64 = 10;

/// What one replay took.
struct Replayed {
    turns: f64,
    /// As the command says it itself: without its start and without reading what is stored.
    alone: Duration,
    /// From outside: the whole command.
    whole: Duration,
}

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let method = format!(
        "{TURNS} recorded turns, {TURNS_PER_USER} in a conversation, replayed by `parlance replay --draft --json` while \
         no server runs, {} rounds. A draft that is as the version was, so that nothing differs and every turn is \
         compared to its end. The rate alone is what the command says of itself: taking the turns again and comparing \
         them, one after the other on one core. The whole command also starts, and reads what is stored.",
        setup.rounds(),
    );
    let mut section =
        Section::new("P10 Replay against a draft", &method, &["", "turns/s alone", "turns/s, whole command"]);
    for (name, act, scenario) in
        [("a button", Act::Button, scenario::echo()), ("typed text, five intents", Act::Text, scenario::five_intents())]
    {
        let data_dir = setup.fresh_data_dir()?;
        let agent = setup.parlance().install(data_dir.path(), &scenario)?;
        record(setup, &data_dir, &agent, act)?;
        let mut rounds = Vec::new();
        for _ in 0..setup.rounds() {
            rounds.push(replay(setup, &data_dir, &agent)?);
        }
        let rate = |time: fn(&Replayed) -> Duration| {
            let rates = rounds.iter().map(|one| one.turns / time(one).as_secs_f64());
            median(rates.collect()).unwrap_or_default()
        };
        let (alone, whole) = (rate(|one| one.alone), rate(|one| one.whole));
        section.row([name.to_owned(), format!("{alone:.0}"), format!("{whole:.0}")]);
        section.bar(format!("≥ 50,000 turns/s: {name}"), format!("{alone:.0}"), Outcome::when(alone >= BAR));
    }
    Ok(vec![section])
}

fn record(setup: &Setup, data_dir: &DataDir, agent: &Agent, act: Act) -> Result<(), Failure> {
    let server = setup.parlance().serve(data_dir.path())?;
    let load = run(&LoadPlan {
        address: server.address(),
        agent: agent.clone(),
        act,
        clients: 64,
        turns_per_user: TURNS_PER_USER,
        first_number: 1,
        warm_up: Duration::ZERO,
        until: Until::Answers(TURNS),
    })?;
    if let Some(failure) = load.first_failure {
        return Err(failure.into());
    }
    wait_for_projections(setup, &server)?;
    server.stop()?;
    Ok(())
}

fn replay(setup: &Setup, data_dir: &DataDir, agent: &Agent) -> Result<Replayed, Failure> {
    let began = Instant::now();
    // It fails when something differs, which would be measured otherwise.
    let report: Value = serde_json::from_str(&setup.parlance().replay(data_dir.path(), agent)?)?;
    let whole = began.elapsed();
    let number = |name: &str| report[name].as_u64().ok_or_else(|| format!("the report has no `{name}`"));
    let turns = number("turns")?;
    if turns < TURNS {
        return Err(format!("{turns} of {TURNS} turns were replayed").into());
    }
    Ok(Replayed { turns: turns as f64, alone: Duration::from_micros(number("micros")?), whole })
}
