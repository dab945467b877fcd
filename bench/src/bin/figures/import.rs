//! P12: import of a scenario as large as allowed, and the static check of a large one.

use std::{
    fs,
    time::{Duration, Instant},
};

use bench::{
    parlance::write,
    report::{Outcome, Section},
    scenario,
};
use serde_json::Value;

use crate::setup::{Failure, Setup, median_millis, millis_of};

const IMPORT_BYTES: usize = 10_000_000;
const CHECKED_TURNS: usize = 1000;

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Section>, Failure> {
    let folder = setup.fresh_data_dir()?;
    let large = folder.path().join("large.json");
    let many = folder.path().join("many.json");
    write(&large, &scenario::of_bytes(IMPORT_BYTES))?;
    write(&many, &scenario::of_turns(CHECKED_TURNS))?;

    let (mut reference, mut imports, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..setup.rounds() {
        reference.push(time(|| {
            let parsed: Value = serde_json::from_slice(&fs::read(&large)?)?;
            std::hint::black_box(parsed);
            Ok(())
        })?);
        let data_dir = setup.fresh_data_dir()?;
        setup.parlance().create_tenant(data_dir.path())?;
        imports.push(time(|| Ok(setup.parlance().import(data_dir.path(), &large).map(drop)?))?);
        checks.push(time(|| Ok(setup.parlance().check(&many)?))?);
    }

    let method = format!(
        "Wall time of `parlance agent import` of a file of {:.1} MB and `parlance agent check` of {CHECKED_TURNS} turns \
         ({:.1} MB), the process's own start included. The reference reads the import's file as JSON and does no more.",
        megabytes(fs::metadata(&large)?.len()),
        megabytes(fs::metadata(&many)?.len()),
    );
    let mut section = Section::new("P12 Import and check", &method, &["", "time", "× reference"]);
    let base = median_millis(&reference);
    for (name, times) in [("reference", &reference), ("import", &imports), ("check", &checks)] {
        let middle = median_millis(times);
        section.row([name.into(), millis_of(middle), format!("{:.1}", middle / base)]);
    }
    let (import, check) = (median_millis(&imports), median_millis(&checks));
    section.bar("import of 10 MB ≤ 1 s", millis_of(import), Outcome::when(import <= 1000.0));
    section.bar("check of 1,000 turns ≤ 100 ms", millis_of(check), Outcome::when(check <= 100.0));
    Ok(vec![section])
}

fn time(action: impl FnOnce() -> Result<(), Failure>) -> Result<Duration, Failure> {
    let start = Instant::now();
    action()?;
    Ok(start.elapsed())
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
