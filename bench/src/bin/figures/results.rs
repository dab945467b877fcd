//! `bench/RESULTS.md`: the sections, when and on what they were measured, and the peers beside them.

use std::{fmt::Write as _, fs};

use bench::report::{Outcome, Section, table};

use crate::setup::{Failure, Setup};

/// What other systems reached on a machine of the same kind: one message in, one rule-based reply out.
const PEERS: &str = "\
| System | Ready in | Idle memory | Requests/s at 64 clients | p99 at 64 | Long conversation: last 50 turns / first 50 | Durable |
| --- | --- | --- | --- | --- | --- | --- |
| Rasa 3.6 (rules, in memory) | 8.4 s | 532 MiB | 95 | 7,600 ms | 20 × slower after 266 turns | no |
| Rasa 3.6 (PostgreSQL tracker) | 3.6 s | 539 MiB | 146 (8 clients) | 100 ms | 12 × | yes |
| Bot Framework SDK 4 (Node, in-memory echo) | 1.0 s | 82 MiB | 2,464 | 371 ms | 0.6 × | no |
| dialogflowai 1.20 (Rust, redb, no authentication) | 0.07 s | 34 MiB (145 after 30 s) | 683 (936 at 1 client) | 219 ms | – | yes |
| Flowise 3 | 13 s | 637 MiB | 75 | 1,165 ms | 1.3 × | yes |
| Langflow | 34 s | 1,294 MiB | 9 | 9,733 ms | 1.0 × | yes |
| Parlant (null model) | 4.1 s | 153 MiB | 15 to 21 | 3,000 ms | – | no |
";

/// What is measured elsewhere, so that nobody looks for it here in vain.
const ELSEWHERE: &str = "\
## R2 Calls that nobody would make

`make fuzz` calls every operation of the served OpenAPI document with what schemathesis makes of it (`tests/api`), and
`make bench` ends with it. Bar: 0 answers of 5xx, 0 answers outside of the documented schema. It prints what it saw and
fails when the bar is missed.
";

/// Writes the file.
pub(crate) fn write(setup: &Setup, sections: &[Section]) -> Result<(), Failure> {
    let file = setup.choices.root.join("bench/RESULTS.md");
    fs::write(&file, document(&machine(), &command(), sections))?;
    eprintln!("wrote {}", file.display());
    Ok(())
}

fn document(machine: &str, command: &str, sections: &[Section]) -> String {
    let columns = ["figure", "bar", "seen", "reached"].map(str::to_owned);
    let bars = sections.iter().flat_map(|section| section.bars.iter().map(move |bar| (section, bar)));
    let rows: Vec<Vec<String>> = bars
        .map(|(section, bar)| {
            let reached = if bar.outcome == Outcome::Reached { "yes" } else { "**no**" };
            vec![section.title.clone(), bar.what.clone(), bar.seen.clone(), reached.into()]
        })
        .collect();
    let mut text = format!(
        "# Figures\n\nMeasured on {} with `{command}`: {machine}. The references ran in the same run, in turns with \
         Parlance; compare ratios, not absolute figures, which move from run to run.\n\n{}\n",
        jiff::Zoned::now().strftime("%F"),
        table(&columns, &rows),
    );
    for section in sections {
        writeln!(text, "{section}").expect("writing to a string succeeds");
        if section.title.starts_with("P1 ") && section.title.contains("64") {
            text.push_str("Peers, measured once on two cores with the same load, as an order of magnitude:\n\n");
            text.push_str(PEERS);
            text.push('\n');
        }
    }
    text + ELSEWHERE
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or_else(String::new, |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory: u64 =
        field(&read("/proc/meminfo"), "MemTotal").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    format!("{cores} cores ({}), {} GiB", field(&read("/proc/cpuinfo"), "model name"), memory >> 20)
}

fn command() -> String {
    std::iter::once("bench/run".to_owned()).chain(std::env::args().skip(1)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_begins_with_all_bars_and_sets_the_peers_beside_the_turns() {
        let mut turns = Section::new("P1 Turns at 64 clients", "How.", &["a"]);
        turns.bar("≥ 1.2 ×", "1.30 ×", Outcome::Reached);
        let mut sizes = Section::new("P13 Sizes", "How.", &["a"]);
        sizes.bar("≤ 60 MB", "61 MB", Outcome::Missed);
        let text = document("2 cores", "bench/run", &[turns, sizes]);
        assert!(text.contains("| P1 Turns at 64 clients | ≥ 1.2 × | 1.30 × | yes |"), "{text}");
        assert!(text.contains("| P13 Sizes | ≤ 60 MB | 61 MB | **no** |"), "{text}");
        let (peers, sizes) = (text.find("Rasa 3.6").unwrap(), text.find("## P13").unwrap());
        assert!(peers < sizes, "{text}");
        assert!(sizes < text.find("## R2").unwrap(), "{text}");
    }
}
