//! R1: the kill test, at length.

use bench::{
    kill::{Ordeal, hold},
    report::{Outcome, Section},
};

use crate::setup::{Failure, Setup};

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let data_dir = setup.fresh_data_dir()?;
    let ordeal = Ordeal::of_kills(setup.choices.kills);
    let verdict = hold(setup.parlance(), data_dir.path(), ordeal)?;

    let method = format!(
        "`kill -9` at random moments under {} clients, who retry with the same message id; after each restart the users \
         in flight, at the end all users are compared with the clients' own ledgers. Seed {}.",
        ordeal.clients, verdict.seed,
    );
    let columns = ["kills", "while starting", "acknowledged", "retried", "faults", "time"];
    let mut section = Section::new("R1 Kills under load", &method, &columns);
    section.row([
        verdict.kills.to_string(),
        verdict.kills_while_starting.to_string(),
        verdict.acknowledged.to_string(),
        verdict.retries.to_string(),
        verdict.faults.len().to_string(),
        format!("{:.0} s", verdict.elapsed.as_secs_f64()),
    ]);
    let all = verdict.kills == ordeal.kills;
    section.bar(format!("{} kills", ordeal.kills), verdict.kills.to_string(), Outcome::when(all));
    let seen = match verdict.faults.first() {
        None => "none".to_owned(),
        Some(first) => format!("{}, the first: {first}", verdict.faults.len()),
    };
    section.bar("0 lost, 0 half turns, 0 duplicates", seen, Outcome::when(verdict.faults.is_empty()));
    Ok(vec![section])
}
