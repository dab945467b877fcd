//! Running test scenarios, and replaying recorded conversations with other versions (rows DA-T6, DA-T7; goal P10).

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use model::{AgentId, TranscriptId};
use runtime::{
    AgentSource, TurnError,
    access::{Scope, scope},
    junit::{Suite, junit},
    replay::{DifferingTurn, ReplayCall, ReplayReport, ReplayedConversation, Which},
    test_scenarios::{Bench, MAX_RUNS, TestReport, TestResult},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::access::{Asked, Caller, Json, Named};
use crate::{
    app::{App, text},
    problem::Problem,
};

/// Most conversations of one replay.
const MAX_TRANSCRIPTS: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(run)).routes(routes!(replay))
}

/// A version of an agent: its number, or `draft`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum TestedVersion {
    /// A published version.
    Number(u32),
    /// What is being edited.
    Draft(DraftName),
}

/// The word for what is being edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DraftName {
    Draft,
}

impl TestedVersion {
    /// With 0 for the draft.
    const fn number(self) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Draft(DraftName::Draft) => 0,
        }
    }

    const fn of(number: u32) -> Self {
        if number == 0 { Self::Draft(DraftName::Draft) } else { Self::Number(number) }
    }
}

/// Refuses versions that were never published.
fn published(field: &str, version: u32, versions: u32) -> Result<(), Problem> {
    if version <= versions {
        return Ok(());
    }
    let message = format!("There is no version {version}.");
    Err(Problem::invalid(field, message, format!("Send `draft`, or the number of one of the {versions} versions.")))
}

/// What is to be run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestRun {
    /// Ids of test scenarios; all when there are none.
    #[serde(default)]
    scenarios: Vec<String>,
    /// Versions, at most 20; the draft when there are none. Scenarios times versions are at most 500.
    #[serde(default)]
    versions: Vec<TestedVersion>,
}

/// How a report is answered.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportForm {
    /// `json` or `junit`; when absent, what `Accept` prefers: `application/xml` gets JUnit's XML.
    format: Option<String>,
}

impl ReportForm {
    fn is_junit(&self, headers: &HeaderMap) -> Result<bool, Problem> {
        match self.format.as_deref() {
            Some("junit") => Ok(true),
            Some("json") => Ok(false),
            None => Ok(text(headers, header::ACCEPT.as_str()).is_some_and(prefers_xml)),
            Some(_) => Err(Problem::invalid("format", "There is no such form.", "Send `json` or `junit`.")),
        }
    }
}

/// Whether XML stands before JSON in an `Accept`.
fn prefers_xml(accept: &str) -> bool {
    let place = |name: &str| accept.find(name);
    match (place("application/xml").or_else(|| place("text/xml")), place("json")) {
        (Some(xml), Some(json)) => xml < json,
        (xml, _) => xml.is_some(),
    }
}

fn xml(suites: &[Suite]) -> Response {
    ([(header::CONTENT_TYPE, "application/xml")], junit(suites)).into_response()
}

/// What a run of tests found.
#[derive(Debug, Serialize, ToSchema)]
struct TestRunReport {
    /// Whether all tests pass.
    passed: bool,
    /// One for each scenario and version, version by version.
    results: Vec<TestRunResult>,
}

/// What became of a test scenario with a version.
#[derive(Debug, Serialize, ToSchema)]
struct TestRunResult {
    /// The test scenario's id.
    scenario: String,
    name: String,
    version: TestedVersion,
    passed: bool,
    /// What is not as it is expected.
    failures: Vec<TestRunFailure>,
    /// What was said, turn by turn.
    said: Vec<TestRunTurn>,
    /// How long it took.
    seconds: f64,
}

/// Something that is not as it is expected.
#[derive(Debug, Serialize, ToSchema)]
struct TestRunFailure {
    /// In which turn, from 1; null at the end of the conversation.
    turn: Option<u32>,
    reason: String,
}

/// What was said in a turn.
#[derive(Debug, Serialize, ToSchema)]
struct TestRunTurn {
    customer: String,
    agent: Vec<String>,
}

impl From<TestReport> for TestRunReport {
    fn from(report: TestReport) -> Self {
        Self { passed: report.passed(), results: report.results.into_iter().map(TestRunResult::from).collect() }
    }
}

impl From<TestResult> for TestRunResult {
    fn from(result: TestResult) -> Self {
        let passed = result.passed();
        let TestResult { scenario, name, version, failures, said, micros } = result;
        Self {
            scenario,
            name,
            version: TestedVersion::of(version),
            passed,
            failures: failures
                .into_iter()
                .map(|failure| TestRunFailure { turn: failure.turn, reason: failure.reason })
                .collect(),
            said: said.into_iter().map(|turn| TestRunTurn { customer: turn.customer, agent: turn.agent }).collect(),
            seconds: micros as f64 / 1e6,
        }
    }
}

type Path = Named<(String, AgentId)>;

/// Runs test scenarios with one or more versions of an agent.
///
/// The agent's own models and functions answer. The conversations are apart: no list, count, event or webhook knows of
/// them, and they are gone when this answers.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/test-scenarios/run", tag = "Tests", operation_id = "runTestScenarios",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id"),
        ReportForm,
    ),
    request_body = TestRun,
    responses(
        (status = 200, description = "What was found",
         content((TestRunReport = "application/json"), (String = "application/xml"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:run"]))
)]
async fn run(
    app: State<App>,
    headers: HeaderMap,
    caller: Caller<scope::TestScenariosRun>,
    path: Path,
    form: Asked<ReportForm>,
    body: Json<TestRun>,
) -> Result<Response, Problem> {
    let (tenant, id) = (caller.tenant(), path.0.1);
    let as_junit = form.0.is_junit(&headers)?;
    let agent = app.agents.need(tenant, id).await?;
    let TestRun { scenarios, versions } = body.0;
    if versions.len() > 20 {
        return Err(Problem::invalid("versions", "They are too many.", "Send at most 20."));
    }
    let mut numbers: Vec<u32> = Vec::new();
    for version in versions.into_iter().map(TestedVersion::number) {
        published("versions", version, agent.versions)?;
        if !numbers.contains(&version) {
            numbers.push(version);
        }
    }
    if numbers.is_empty() {
        numbers.push(0);
    }
    let mut chosen = app.test_scenarios.list(tenant, id).await?;
    if let Some(unknown) = scenarios.iter().find(|wanted| chosen.iter().all(|known| known.id != **wanted)) {
        let message = format!("The agent has no test scenario `{unknown}`.");
        return Err(Problem::invalid("scenarios", message, "Send ids from the list."));
    }
    chosen.retain(|known| scenarios.is_empty() || scenarios.contains(&known.id));
    if chosen.len() * numbers.len() > MAX_RUNS {
        let remedy = format!("Name scenarios and versions so that they make at most {MAX_RUNS} tests.");
        return Err(Problem::invalid("scenarios", "These are too many tests for one run.", remedy));
    }
    let bench = Bench::beside(&app.runtime).await?;
    let report = bench.run(tenant, id, &chosen, &numbers).await;
    bench.close().await;
    let report = report?;
    Ok(if as_junit { xml(&report.suites()) } else { axum::Json(TestRunReport::from(report)).into_response() })
}

/// What is to be replayed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Replay {
    /// With which version; the draft when absent.
    #[serde(default)]
    version: Option<TestedVersion>,
    /// Which conversations with the agent, at most 1,000.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    transcripts: Vec<TranscriptId>,
    /// How many of the latest, where none are named: 1 to 1,000; 100 when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    last: Option<usize>,
    /// Let each turn begin with what the replayed turn before left, rather than with what was recorded.
    #[serde(default)]
    chained: bool,
}

/// What a replay found.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayAnswer {
    /// Whether nothing would be otherwise.
    same: bool,
    version: TestedVersion,
    /// Turns that were taken again.
    turns: u64,
    /// Turns that the agent does not decide: what people did, and a scenario's while a flow had the conversation.
    skipped: u64,
    /// Turns that would be otherwise.
    differing: u64,
    conversations: Vec<ReplayedTranscript>,
}

/// A conversation that was replayed.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayedTranscript {
    transcript: String,
    turns: u32,
    skipped: u32,
    /// Turns that would be otherwise.
    differing: Vec<ReplayedTurn>,
}

/// A turn that would be otherwise.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayedTurn {
    /// Its number, from 1.
    turn: u32,
    differences: Vec<ReplayDifference>,
}

/// Something that would be otherwise.
#[derive(Debug, Serialize, ToSchema)]
struct ReplayDifference {
    /// `heard`, `line`, `stands`, `over`, `asks_for_new`, `no_longer_asks`, `given_otherwise`, `prompt`, `tools`, `refused`
    /// or `unreadable`.
    difference: String,
    /// In words.
    words: String,
    /// What belongs to it, such as `recorded` and `now`.
    #[schema(value_type = serde_json::Map<String, Value>)]
    details: Value,
}

impl From<ReplayReport> for ReplayAnswer {
    fn from(report: ReplayReport) -> Self {
        let same = report.is_same();
        let ReplayReport { version, conversations, turns, skipped, differing, .. } = report;
        Self {
            same,
            version: TestedVersion::of(version),
            turns,
            skipped,
            differing,
            conversations: conversations.into_iter().map(ReplayedTranscript::from).collect(),
        }
    }
}

impl From<ReplayedConversation> for ReplayedTranscript {
    fn from(conversation: ReplayedConversation) -> Self {
        let ReplayedConversation { transcript, turns, skipped, differing } = conversation;
        let differing = differing.into_iter().map(ReplayedTurn::from).collect();
        Self { transcript: transcript.to_string(), turns, skipped, differing }
    }
}

impl From<DifferingTurn> for ReplayedTurn {
    fn from(turn: DifferingTurn) -> Self {
        let told = |difference: &runtime::replay::Difference| {
            let words = difference.to_string();
            let mut details = serde_json::to_value(difference).unwrap_or_else(|_| json!({}));
            let kind = details.as_object_mut().and_then(|details| details.shift_remove("difference"));
            let kind = kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
            ReplayDifference { difference: kind, words, details }
        };
        Self { turn: turn.turn, differences: turn.differences.iter().map(told).collect() }
    }
}

/// Replays recorded conversations with another version of their agent, given the answers that were recorded.
///
/// Nobody is asked anything and nothing is changed: it says what the agent would have done otherwise. It also needs
/// `transcripts:read`.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/replay", tag = "Tests", operation_id = "replayTranscripts",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id"),
        ReportForm,
    ),
    request_body = Replay,
    responses(
        (status = 200, description = "What was found",
         content((ReplayAnswer = "application/json"), (String = "application/xml"))),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:run"]))
)]
async fn replay(
    app: State<App>,
    headers: HeaderMap,
    caller: Caller<scope::TestScenariosRun>,
    path: Path,
    form: Asked<ReportForm>,
    body: Json<Replay>,
) -> Result<Response, Problem> {
    let (tenant, id) = (caller.tenant(), path.0.1);
    let as_junit = form.0.is_junit(&headers)?;
    let agent = app.agents.need(tenant, id).await?;
    caller.require(Scope::TranscriptsRead)?;
    let Replay { version, transcripts, last, chained } = body.0;
    let version = version.map_or(0, TestedVersion::number);
    published("version", version, agent.versions)?;
    let most = last.unwrap_or(100);
    if !(1..=MAX_TRANSCRIPTS).contains(&most) {
        return Err(Problem::invalid("last", "It is out of range.", "Send 1 to 1000."));
    }
    if transcripts.len() > MAX_TRANSCRIPTS {
        return Err(Problem::invalid("transcripts", "They are too many.", "Send at most 1000."));
    }
    let which = if transcripts.is_empty() { Which::Latest { most, from: None } } else { Which::These(transcripts) };
    let source = if version == 0 { AgentSource::Draft } else { AgentSource::Version(version) };
    let report = app.runtime.replayer().replay(tenant, id, &ReplayCall { source, which, chained }).await;
    let report = match report {
        Err(TurnError::UnknownTranscript) => {
            let message = "One of them is no conversation with this agent.";
            return Err(Problem::invalid("transcripts", message, "Send ids of conversations that began with it."));
        }
        Err(TurnError::Broken(cause)) => {
            return Err(Problem::conflict(format!("The version cannot be replayed: {cause}")));
        }
        report => report?,
    };
    Ok(if as_junit { xml(&[report.suite()]) } else { axum::Json(ReplayAnswer::from(report)).into_response() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_or_the_draft() {
        for (written, number) in [("3", 3), ("\"draft\"", 0)] {
            let version: TestedVersion = serde_json::from_str(written).expect("a version");
            assert_eq!(version.number(), number);
            assert_eq!(serde_json::to_string(&TestedVersion::of(number)).expect("JSON"), written);
        }
        assert!(serde_json::from_str::<TestedVersion>("\"latest\"").is_err());
        assert!(serde_json::from_str::<TestedVersion>("-1").is_err());
    }

    #[test]
    fn xml_is_answered_to_who_prefers_it() {
        for (accept, xml) in [
            ("application/xml", true),
            ("text/xml, */*", true),
            ("application/json, application/xml", false),
            ("application/xml, application/json", true),
            ("*/*", false),
        ] {
            assert_eq!(prefers_xml(accept), xml, "{accept}");
        }
    }
}
