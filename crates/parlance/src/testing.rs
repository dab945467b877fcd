//! Holding agents to what is expected of them: test scenarios, and recorded conversations replayed with other versions.
//! Both work by themselves and beside a running server, and leave what is stored as it is.

use std::{fmt::Write as _, fs, path::Path, process::ExitCode, time::Duration};

use model::{AgentId, Timestamp, agent::Agent};
use runtime::{
    AgentSource,
    agents::Agents,
    junit::{Suite, junit},
    replay::{ReplayCall, ReplayReport, Replayer, Which},
    test_scenarios::{Bench, StoredTestScenario, TestScenario, TestScenarios},
};
use store::Store;

use crate::{
    Failure,
    arguments::{ReplayArguments, TestArguments},
    configuration::Configuration,
    contact::conversations,
    manage::{documents, print_json, read, tenant_of},
    serve::runtime_options,
};

/// Largest file of test scenarios, in bytes.
const LARGEST_FILE: usize = 16 << 20;

/// Runs an agent's test scenarios; fails when one does.
pub(crate) async fn test(arguments: TestArguments, configuration: &Configuration) -> Result<ExitCode, Failure> {
    let TestArguments { of, agent, mut versions, draft, file, scenarios, junit, json } = arguments;
    let store = documents(configuration).await?;
    let tenant = tenant_of(of, &store).await?;
    let agent = Agents::new(&store).need(&tenant, agent).await?;
    for version in &versions {
        published(&agent, *version)?;
    }
    if draft || versions.is_empty() {
        versions.push(0);
    }
    let all = match &file {
        Some(file) => in_file(file, agent.id)?,
        None => TestScenarios::new(&store).list(&tenant, agent.id).await?,
    };
    let chosen = chosen(all, agent.id, &scenarios)?;
    let bench = Bench::over(&store, runtime_options(configuration)).await?;
    let report = bench.run(&tenant, agent.id, &chosen, &versions).await;
    bench.close().await;
    let report = report?;
    write_junit(junit.as_deref(), &report.suites())?;
    if json {
        print_json(&report)?
    } else {
        crate::print(&report.in_words())?
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The scenarios that were named, or all.
fn chosen(all: Vec<StoredTestScenario>, agent: AgentId, named: &[String]) -> Result<Vec<StoredTestScenario>, Failure> {
    if named.is_empty() {
        if all.is_empty() {
            let remedy = "make one over the API first, or name a file of them with --file";
            return Err(format!("agent {agent} has no test scenario: {remedy}").into());
        }
        return Ok(all);
    }
    let mut chosen = Vec::new();
    for name in named {
        let found = all.iter().find(|one| one.id == *name || one.scenario.name == *name);
        chosen.push(found.ok_or_else(|| format!("agent {agent} has no test scenario `{name}`"))?.clone());
    }
    Ok(chosen)
}

/// The test scenarios of a file; their ids are their places in it.
fn in_file(file: &Path, agent: AgentId) -> Result<Vec<StoredTestScenario>, Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let bytes = read(file, LARGEST_FILE)?;
    let scenarios: Vec<TestScenario> = serde_json::from_slice(&bytes).map_err(|error| named(&error))?;
    let mut found = Vec::with_capacity(scenarios.len());
    for (at, scenario) in scenarios.into_iter().enumerate() {
        let one = StoredTestScenario::unstored(agent, (at + 1).to_string(), scenario);
        found.push(one.map_err(|error| named(&format!("[{at}].{error}")))?);
    }
    Ok(found)
}

/// Replays recorded conversations; fails when something would be otherwise.
pub(crate) async fn replay(arguments: ReplayArguments, configuration: &Configuration) -> Result<ExitCode, Failure> {
    let (store, _) = conversations(configuration).await?;
    let outcome = replay_in(&store, arguments, configuration).await;
    store.shutdown().await?;
    outcome
}

async fn replay_in(
    store: &Store,
    arguments: ReplayArguments,
    configuration: &Configuration,
) -> Result<ExitCode, Failure> {
    let ReplayArguments { of, agent, version, draft: _, transcripts, last, from, chained, junit, json } = arguments;
    let tenant = tenant_of(of, store).await?;
    let agent = Agents::new(store).need(&tenant, agent).await?;
    let source = match version {
        Some(version) => {
            published(&agent, version)?;
            AgentSource::Version(version)
        }
        None => AgentSource::Draft,
    };
    let which = if transcripts.is_empty() {
        let most = last.unwrap_or(if from.is_some() { usize::MAX } else { 100 });
        Which::Latest { most, from }
    } else {
        Which::These(transcripts)
    };
    let replayer = Replayer::new(store, runtime_options(configuration).models);
    let report = replayer.replay(&tenant, agent.id, &ReplayCall { source, which, chained }).await?;
    write_junit(junit.as_deref(), &[report.suite()])?;
    if json {
        print_json(&report)?
    } else {
        crate::print(&in_words(&report))?
    }
    Ok(if report.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn published(agent: &Agent, version: u32) -> Result<(), Failure> {
    match (version, agent.versions) {
        (1.., versions) if version <= versions => Ok(()),
        (_, 0) => Err(format!("agent {} has no version yet: leave --version out for the draft", agent.id).into()),
        (_, versions) => Err(format!("agent {} has no version {version}: it has 1 to {versions}", agent.id).into()),
    }
}

/// Each turn that would be otherwise, and how much there was.
fn in_words(report: &ReplayReport) -> String {
    let mut text = String::new();
    for conversation in &report.conversations {
        for turn in &conversation.differing {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{} {}", conversation.transcript, turn.in_words());
        }
    }
    let ReplayReport { turns, skipped, differing, conversations, micros, .. } = report;
    let took = Duration::from_micros(*micros).as_secs_f64();
    let rate = if took > 0.0 { *turns as f64 / took } else { 0.0 };
    let _ = writeln!(
        text,
        "{turns} turns of {} conversations replayed ({rate:.0} per second), {skipped} skipped, {differing} otherwise",
        conversations.len(),
    );
    text
}

fn write_junit(file: Option<&Path>, suites: &[Suite]) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    fs::write(file, junit(suites)).map_err(|error| format!("{}: {error}", file.display()).into())
}

/// A day, or a moment: `2026-11-26`, `2026-11-26T10:00:00Z`.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    match (text.parse::<jiff::Timestamp>(), day()) {
        (Ok(moment), _) => Ok(moment.into()),
        (Err(_), Some(day)) => Ok(day.timestamp().into()),
        (Err(_), None) => Err("write a day (2026-11-26) or a moment (2026-11-26T10:00:00Z)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_days_or_more_exact() {
        assert_eq!(moment("2024-01-15").map(Timestamp::seconds), Ok(1_705_276_800));
        assert_eq!(moment("2024-01-15T10:30:00Z").map(Timestamp::seconds), Ok(1_705_314_600));
        assert!(moment("yesterday").is_err());
    }
}
