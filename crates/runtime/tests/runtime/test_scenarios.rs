//! Test scenarios, run.

use model::inbound::{Act, Inbound};
use runtime::test_scenarios::{Bench, StoredTestScenario, TestReport, TestScenario, TestScenarios, record};
use serde_json::{Value, json};
use store::TranscriptFilter;

use crate::{
    desk::{Desk, answering, echo},
    replay::{bank, talk},
};

impl Desk {
    async fn scenario(&self, agent: model::AgentId, scenario: Value) -> StoredTestScenario {
        let scenario: TestScenario = serde_json::from_value(scenario).unwrap();
        TestScenarios::new(self.runtime.store()).create(&self.tenant, agent, scenario).await.unwrap()
    }

    async fn run(&self, agent: model::AgentId, scenario: &StoredTestScenario, versions: &[u32]) -> TestReport {
        let bench = Bench::beside(&self.runtime).await.unwrap();
        let report = bench.run(&self.tenant, agent, std::slice::from_ref(scenario), versions).await.unwrap();
        bench.close().await;
        report
    }

    /// How much is stored of conversations.
    async fn stored(&self) -> (usize, u64) {
        let store = self.runtime.store();
        store.flush_projections().await.unwrap();
        let tenant = store.tenant(&self.tenant);
        let transcripts = tenant.transcripts(TranscriptFilter::default()).await.unwrap().len();
        (transcripts, tenant.last_event().await.unwrap())
    }
}

fn reasons(report: &TestReport, at: usize) -> Vec<String> {
    report.results[at].failures.iter().map(|failure| failure.in_words()).collect()
}

#[tokio::test]
async fn da_t06_a_scenario_passes_with_one_version_and_fails_with_another() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("You said {utterance_text}, {user.name}")).await;
    desk.publish_as(agent, 2, &echo("I heard {utterance_text}")).await;
    let scenario = desk
        .scenario(
            agent,
            json!({
                "name": "echoes", "parameters": {"name": "Ada"},
                "turns": [{"say": "hello", "expect": [{"type": "text_contains", "text": "said hello, ada"},
                                                       {"type": "intent", "name": "intent.core.NoMatch"}]}],
                "expect_end": [{"type": "status", "status": "in_progress"}],
            }),
        )
        .await;
    let report = desk.run(agent, &scenario, &[1, 2, 0]).await;
    let passed: Vec<_> = report.results.iter().map(|result| (result.version, result.passed())).collect();
    assert_eq!(passed, [(1, true), (2, false), (0, false)]);
    let why = reasons(&report, 1);
    assert!(why[0].starts_with("turn 1: nothing that was said has `said hello, ada`; said: "), "{why:?}");
    assert_eq!(report.results[0].said[0].agent, ["You said hello, Ada"]);
}

#[tokio::test]
async fn da_t07_tests_leave_no_trace() {
    let desk = Desk::open().await;
    let agent = desk.publish(&echo("ok")).await;
    desk.says(agent, "ann", "real").await.unwrap();
    let (flow, _) = bank(&desk).await;
    let before = desk.stored().await;
    for agent in [agent, flow] {
        let scenario = desk.scenario(agent, json!({"name": "n", "turns": [{"say": "a"}, {"say": "b"}]})).await;
        assert!(desk.run(agent, &scenario, &[0]).await.passed());
    }
    assert_eq!(desk.stored().await, before);
    desk.says(agent, "ann", "real again").await.unwrap();
    assert_eq!(desk.stored().await.0, before.0, "the runtime goes on as it was");
}

#[tokio::test]
async fn a_test_that_goes_wrong_is_a_failure_and_not_an_end() {
    let desk = Desk::open().await;
    let (flow, _) = bank(&desk).await;
    let script = json!({"rules": [{"when": {"text_contains": "bye"}, "then": {"say": "Goodbye", "call": [{"name": "end_conversation"}]}}],
                        "otherwise": {"fail": "refused"}});
    runtime::models::ModelScripts::new(desk.runtime.store()).put(&desk.tenant, "bank", script).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    let scenario = desk.scenario(flow, json!({"name": "n", "turns": [{"say": "bye"}, {"say": "more"}]})).await;
    let why = reasons(&desk.run(flow, &scenario, &[0]).await, 0);
    assert_eq!(why.len(), 1);
    assert!(why[0].starts_with("turn 2: the conversation is over"), "{why:?}");
}

#[tokio::test]
async fn da_t06_a_flow_is_held_to_functions_events_states_and_a_judge() {
    let desk = Desk::open().await;
    let (flow, _) = bank(&desk).await;
    let scenario = desk
        .scenario(
            flow,
            json!({
                "name": "finds the account",
                "turns": [
                    {"act": {"act": "open"}, "expect": [{"type": "text_contains", "text": "Welcome"}]},
                    {"say": "my account please", "expect": [
                        {"type": "function_called", "name": "lookup"}, {"type": "event", "name": "AccountFound"},
                        {"type": "state", "name": "Account"}, {"type": "no_refusal"},
                        {"type": "text_matches", "pattern": "account is (open|closed)$"},
                        {"type": "judged", "criterion": "the agent mentions an account"},
                        {"type": "judged", "criterion": "the agent sings"}]},
                ],
                "expect_end": [{"type": "status", "status": "in_progress"}, {"type": "event", "name": "Lost"}],
            }),
        )
        .await;
    let report = desk.run(flow, &scenario, &[0]).await;
    assert_eq!(
        reasons(&report, 0),
        [
            "turn 2: `the agent sings` does not hold: it does not",
            "at the end: the event `Lost` was not emitted; emitted: AccountFound",
        ]
    );
}

#[tokio::test]
async fn da_t06_what_is_recorded_passes_when_it_is_run() {
    let desk = Desk::open().await;
    let (flow, _) = bank(&desk).await;
    let scenario_agent = desk.publish(&answering("intent.hello", "hello there")).await;
    let transcript = talk(&desk, flow, vec![Inbound::new(Act::Open), Inbound::text("my account please")]).await;
    let press = Inbound { text: "Hello".into(), ..Inbound::intent(Act::Button, "intent.hello") };
    let call = desk.call(runtime::AgentChoice::Named(scenario_agent), "ann", press);
    let pressed = desk.runtime.turn(call).await.unwrap().transcript;
    desk.runtime.store().flush_projections().await.unwrap();
    for (agent, transcript, count) in [(flow, transcript, 2), (scenario_agent, pressed, 1)] {
        let store = desk.runtime.store().tenant(&desk.tenant);
        let mut turns = Vec::new();
        for turn in 1..=count {
            turns.push(store.turn_record(&transcript, turn).await.unwrap().unwrap());
        }
        let recorded = record("recorded", &turns, false);
        let expected = recorded.turns.last().unwrap().expect.len();
        assert!(expected >= 3, "{recorded:?}");
        let stored = desk.scenario(agent, serde_json::to_value(&recorded).unwrap()).await;
        let report = desk.run(agent, &stored, &[0]).await;
        assert!(report.passed(), "{}", report.in_words());
    }
}

#[tokio::test]
async fn scenarios_belong_to_their_agent_and_go_with_it() {
    let desk = Desk::open().await;
    let (flow, _) = bank(&desk).await;
    let other = desk.publish(&echo("a")).await;
    let stored = desk.scenario(flow, json!({"name": "n", "turns": [{"say": "a"}]})).await;
    let scenarios = TestScenarios::new(desk.runtime.store());
    assert!(scenarios.need(&desk.tenant, other, &stored.id).await.is_err());
    assert_eq!(scenarios.list(&desk.tenant, flow).await.unwrap(), std::slice::from_ref(&stored));
    assert!(scenarios.list(&desk.tenant, other).await.unwrap().is_empty());
    runtime::agents::Agents::new(desk.runtime.store()).delete(&desk.tenant, flow).await.unwrap();
    assert!(scenarios.list(&desk.tenant, flow).await.unwrap().is_empty());
    assert!(scenarios.need(&desk.tenant, flow, &stored.id).await.is_err());
}
