//! The figures: each reference server beside Parlance, in turns, on this machine; prints the tables,
//! and with `--write` puts them into `bench/RESULTS.md`.

mod calls;
mod export;
mod flows;
mod import;
mod kills;
mod live;
mod long;
mod replay;
mod results;
mod setup;
mod size;
mod start;
mod streams;
mod turns;

use std::{path::PathBuf, process::ExitCode};

use bench::{
    parlance::{Parlance, sibling},
    report::{Outcome, Section},
};
use clap::{Parser, ValueEnum};
use setup::{Failure, Setup};

/// Measures Parlance against the references.
#[derive(Debug, Parser)]
struct Options {
    /// Which figures; all when none is named.
    #[arg(value_enum)]
    figures: Vec<Figure>,
    /// Seconds of each load.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How often each measurement is repeated, the contestants in turns.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Live streams that are open at rest.
    #[arg(long, default_value_t = 10_000)]
    streams: usize,
    /// Stored messages of the large data directory.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Kills of the kill test.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// The server's program; else PARLANCE_BIN, else the one beside this program.
    #[arg(long)]
    parlance: Option<PathBuf>,
    /// Where data directories are made: on the disk to be measured, never in memory.
    #[arg(long, default_value = "target/bench")]
    work_dir: PathBuf,
    /// Root of the repository.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Write `bench/RESULTS.md`.
    #[arg(long)]
    write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// Turns per second.
    P1,
    /// Turns of flows, with a model that takes no time.
    P2b,
    /// A turn of a long conversation.
    P3,
    /// Cold start.
    P4,
    /// Idle memory, without and with open live streams.
    P5,
    /// Export of what visitors said.
    P6,
    /// A function call.
    P7,
    /// Replay.
    P10,
    /// Live streams.
    P11,
    /// Import and check.
    P12,
    /// Sizes.
    P13,
    /// Kills under load.
    R1,
}

impl Figure {
    fn measure(self, setup: &Setup) -> Result<Vec<Section>, Failure> {
        match self {
            Self::P1 => turns::measure(setup),
            Self::P2b => flows::measure(setup),
            Self::P3 => long::measure(setup),
            Self::P4 => start::measure_starts(setup),
            Self::P5 => Ok([start::measure_memory(setup)?, streams::measure(setup)?].concat()),
            Self::P6 => export::measure(setup),
            Self::P7 => calls::measure(setup),
            Self::P10 => replay::measure(setup),
            Self::P11 => live::measure(setup),
            Self::P12 => import::measure(setup),
            Self::P13 => size::measure(setup),
            Self::R1 => kills::measure(setup),
        }
    }
}

fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let parlance = match options.parlance {
        Some(binary) => Parlance::at(std::path::absolute(binary)?),
        None => Parlance::find()?,
    };
    let setup = Setup::new(setup::Choices {
        parlance,
        ceiling: sibling("ceiling")?,
        work_dir: std::path::absolute(options.work_dir)?,
        root: options.root,
        seconds: options.seconds,
        rounds: options.rounds.max(1),
        streams: options.streams,
        messages: options.messages,
        kills: options.kills,
    })?;
    let all = options.figures.is_empty();
    let mut sections = Vec::new();
    for &figure in Figure::value_variants() {
        if !all && !options.figures.contains(&figure) {
            continue;
        }
        eprintln!("measuring {figure:?} …");
        // One figure that cannot be had must not cost the others.
        let measured = figure.measure(&setup).unwrap_or_else(|failure| vec![unmeasured(figure, &failure)]);
        for section in &measured {
            println!("{section}");
        }
        sections.extend(measured);
    }
    if options.write {
        results::write(&setup, &sections)?;
    }
    let missed = sections.iter().flat_map(|section| &section.bars).filter(|bar| bar.outcome == Outcome::Missed).count();
    if missed > 0 {
        eprintln!("{missed} bars missed");
    }
    Ok(ExitCode::SUCCESS)
}

fn unmeasured(figure: Figure, failure: &Failure) -> Section {
    let mut section = Section::new(&format!("{figure:?}"), "Could not be measured.", &[]);
    section.bar("measurement", failure.to_string(), Outcome::Missed);
    section
}
