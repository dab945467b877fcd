//! The load generator on its own: `load --address 127.0.0.1:8080 --agent ID --app-key KEY`.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use bench::{
    chat::{Act, Agent},
    load::{LoadPlan, Until, run},
};
use clap::{Parser, ValueEnum};

/// Talks to a server as fast as it answers.
#[derive(Debug, Parser)]
struct Options {
    /// The server.
    #[arg(long)]
    address: SocketAddr,
    /// Id of the agent; any for the reference servers.
    #[arg(long, default_value = "none")]
    agent: String,
    /// Its app key.
    #[arg(long, default_value = "none")]
    app_key: String,
    /// What visitors do.
    #[arg(long, default_value = "button")]
    act: ActName,
    /// Connections at once.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Seconds to count.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Turns before a client goes on as another user.
    #[arg(long, default_value_t = 1)]
    turns_per_user: u64,
    /// Number of the first user and message; a second run on the same data needs another.
    #[arg(long, default_value_t = 1)]
    first_number: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ActName {
    /// A pressed button.
    Button,
    /// A typed message.
    Text,
}

fn main() -> std::io::Result<ExitCode> {
    let options = Options::parse();
    let report = run(&LoadPlan {
        address: options.address,
        agent: Agent { id: options.agent, app_key: options.app_key },
        act: match options.act {
            ActName::Button => Act::Button,
            ActName::Text => Act::Text,
        },
        clients: options.clients,
        turns_per_user: options.turns_per_user.max(1),
        first_number: options.first_number,
        warm_up: Duration::from_secs(1),
        until: Until::Elapsed(Duration::from_secs(options.seconds)),
    })?;
    println!(
        "{:.0} answers/s, p50 {:.2} ms, p99 {:.2} ms, max {:.2} ms, {} failures",
        report.rate(),
        report.millis_at(0.5),
        report.millis_at(0.99),
        report.millis_at(1.0),
        report.failures,
    );
    if let Some(failure) = &report.first_failure {
        eprintln!("first failure: {failure}");
    }
    Ok(if report.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
