//! Test scenarios of an agent: made, recorded and kept (row DA-T6). Running them is in `test_runs`.

use axum::{extract::State, http::StatusCode};
use model::{AgentId, TranscriptId, record::TurnRecord};
use runtime::{
    access::{Scope, scope},
    test_scenarios::{MAX_TURNS, record as recording},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    access::{Caller, Json, Named},
    noted::Did,
    test_scenario_schema::{TestScenarioAnswer, TestScenarioBody},
};
use crate::{app::App, problem::Problem};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(record)).routes(routes!(get, put, delete))
}

/// All test scenarios of an agent.
#[derive(Debug, Serialize, ToSchema)]
struct TestScenarioList {
    test_scenarios: Vec<TestScenarioAnswer>,
}

/// What is to be recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TestRecording {
    /// A conversation with the agent.
    #[schema(value_type = String)]
    transcript: TranscriptId,
    /// What people call the scenario; the transcript's id when absent.
    #[serde(default)]
    name: Option<String>,
    /// Whether what was known of the customer comes along. Erasing the contact does not take it out of the scenario, nor
    /// what was said.
    #[serde(default)]
    parameters: bool,
}

type Path = Named<(String, AgentId)>;
type ScenarioPath = Named<(String, AgentId, String)>;

/// Lists the test scenarios of an agent, oldest first.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents/{agent}/test-scenarios", tag = "Tests", operation_id = "listTestScenarios",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    responses(
        (status = 200, description = "The test scenarios", body = TestScenarioList),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:read"]))
)]
async fn list(
    app: State<App>,
    caller: Caller<scope::TestScenariosRead>,
    path: Path,
) -> Result<axum::Json<TestScenarioList>, Problem> {
    app.agents.need(caller.tenant(), path.0.1).await?;
    let stored = app.test_scenarios.list(caller.tenant(), path.0.1).await?;
    let test_scenarios = stored.into_iter().map(TestScenarioAnswer::try_from).collect::<Result<_, _>>()?;
    Ok(axum::Json(TestScenarioList { test_scenarios }))
}

/// Makes a test scenario. An agent has at most 500.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/test-scenarios", tag = "Tests", operation_id = "createTestScenario",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    request_body = TestScenarioBody,
    responses(
        (status = 201, description = "The test scenario", body = TestScenarioAnswer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:update"]))
)]
async fn create(
    app: State<App>,
    caller: Caller<scope::TestScenariosUpdate>,
    path: Path,
    body: Json<TestScenarioBody>,
) -> Result<(StatusCode, axum::Json<TestScenarioAnswer>), Problem> {
    let (tenant, agent) = (caller.tenant(), path.0.1);
    app.agents.need(tenant, agent).await?;
    let stored = app.test_scenarios.create(tenant, agent, body.0.into_scenario()?).await?;
    let answer = TestScenarioAnswer::try_from(stored)?;
    caller.note(&app, Did::to("test_scenario.created", &answer.id).after(&answer)).await?;
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// Makes a test scenario of a conversation: what the customer did, and what happened as what is expected.
///
/// Of what a scenario says, the words are expected; of a flow, whose words are otherwise each time, the functions, events
/// and states. It also needs `transcripts:read`.
#[utoipa::path(
    post, path = "/api/v1/{tenant}/agents/{agent}/test-scenarios/record", tag = "Tests",
    operation_id = "recordTestScenario",
    params(("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id")),
    request_body = TestRecording,
    responses(
        (status = 201, description = "The test scenario", body = TestScenarioAnswer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:update"]))
)]
async fn record(
    app: State<App>,
    caller: Caller<scope::TestScenariosUpdate>,
    path: Path,
    body: Json<TestRecording>,
) -> Result<(StatusCode, axum::Json<TestScenarioAnswer>), Problem> {
    let (tenant, agent) = (caller.tenant(), path.0.1);
    app.agents.need(tenant, agent).await?;
    caller.require(Scope::TranscriptsRead)?;
    let TestRecording { transcript, name, parameters } = body.0;
    let turns = turns_of(&app, &caller, agent, transcript).await?;
    let name = name.unwrap_or_else(|| transcript.to_string());
    let stored = app.test_scenarios.create(tenant, agent, recording(&name, &turns, parameters)).await?;
    let answer = TestScenarioAnswer::try_from(stored)?;
    caller.note(&app, Did::to("test_scenario.created", &answer.id).after(&answer)).await?;
    Ok((StatusCode::CREATED, axum::Json(answer)))
}

/// The turns of a conversation with an agent, as many as a test scenario may have.
async fn turns_of(
    app: &App,
    caller: &Caller<scope::TestScenariosUpdate>,
    agent: AgentId,
    transcript: TranscriptId,
) -> Result<Vec<TurnRecord>, Problem> {
    let store = app.runtime.store().tenant(caller.tenant());
    let found = store.transcript(&transcript).await?.filter(|found| found.agent == agent);
    let Some(found) = found else {
        let remedy = "Send the id of a conversation with this agent.";
        return Err(Problem::invalid("transcript", format!("There is no such conversation: `{transcript}`."), remedy));
    };
    let most = u32::try_from(MAX_TURNS).unwrap_or(u32::MAX);
    let mut turns = Vec::new();
    for turn in 1..=found.turns.min(most) {
        turns.extend(store.turn_record(&transcript, turn).await?);
    }
    Ok(turns)
}

/// One test scenario.
#[utoipa::path(
    get, path = "/api/v1/{tenant}/agents/{agent}/test-scenarios/{scenario}", tag = "Tests",
    operation_id = "getTestScenario",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id"),
        ("scenario" = String, Path, description = "The test scenario's id"),
    ),
    responses(
        (status = 200, description = "The test scenario", body = TestScenarioAnswer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:read"]))
)]
async fn get(
    app: State<App>,
    caller: Caller<scope::TestScenariosRead>,
    path: ScenarioPath,
) -> Result<axum::Json<TestScenarioAnswer>, Problem> {
    let Named((_, agent, id)) = path;
    let stored = app.test_scenarios.need(caller.tenant(), agent, &id).await?;
    Ok(axum::Json(stored.try_into()?))
}

/// Replaces a test scenario.
#[utoipa::path(
    put, path = "/api/v1/{tenant}/agents/{agent}/test-scenarios/{scenario}", tag = "Tests",
    operation_id = "putTestScenario",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id"),
        ("scenario" = String, Path, description = "The test scenario's id"),
    ),
    request_body = TestScenarioBody,
    responses(
        (status = 200, description = "The test scenario as it is now", body = TestScenarioAnswer),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:update"]))
)]
async fn put(
    app: State<App>,
    caller: Caller<scope::TestScenariosUpdate>,
    path: ScenarioPath,
    body: Json<TestScenarioBody>,
) -> Result<axum::Json<TestScenarioAnswer>, Problem> {
    let Named((_, agent, id)) = path;
    let tenant = caller.tenant();
    let before = TestScenarioAnswer::try_from(app.test_scenarios.need(tenant, agent, &id).await?)?;
    let stored = app.test_scenarios.replace(tenant, agent, &id, body.0.into_scenario()?).await?;
    let answer = TestScenarioAnswer::try_from(stored)?;
    caller.note(&app, Did::to("test_scenario.updated", &id).before(&before).after(&answer)).await?;
    Ok(axum::Json(answer))
}

/// Deletes a test scenario; no earlier version of it stays.
#[utoipa::path(
    delete, path = "/api/v1/{tenant}/agents/{agent}/test-scenarios/{scenario}", tag = "Tests",
    operation_id = "deleteTestScenario",
    params(
        ("tenant" = String, Path, description = "The tenant"), ("agent" = String, Path, description = "The agent's id"),
        ("scenario" = String, Path, description = "The test scenario's id"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_token" = ["test_scenarios:update"]))
)]
async fn delete(
    app: State<App>,
    caller: Caller<scope::TestScenariosUpdate>,
    path: ScenarioPath,
) -> Result<StatusCode, Problem> {
    let Named((_, agent, id)) = path;
    app.test_scenarios.delete(caller.tenant(), agent, &id).await?;
    // Without what was in it: the point may have been to be rid of what somebody said.
    caller.note(&app, Did::to("test_scenario.deleted", &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
