//! `parlance test` and `parlance replay`, beside a running server.

use serde_json::{Value, json};

use crate::{EXAMPLE, Serving, folder, parlance, prints, send};

/// A tenant with the example as a published agent: its id and app key.
fn agent(data: &std::path::Path) -> (String, String) {
    prints(data, &["tenant", "create", "acme"]);
    let imported = prints(data, &["agent", "import", "--tenant", "acme", "--open", EXAMPLE]);
    let agent: Value = serde_json::from_str(&imported).expect("JSON");
    let text = |name: &str| agent[name].as_str().expect("a text").to_owned();
    prints(data, &["agent", "publish", "--tenant", "acme", &text("id")]);
    (text("id"), text("app_key"))
}

#[tokio::test]
async fn da_t06_test_runs_scenarios_and_exits_1_when_one_fails() {
    let data = folder();
    let server = Serving::start(data.path(), &[], 1);
    let (id, _) = agent(data.path());
    let none = parlance(data.path(), &["test", "--agent", &id]);
    assert!(String::from_utf8_lossy(&none.stderr).contains("has no test scenario"), "{none:?}");

    let token = prints(data.path(), &["token", "create"]);
    let make = async |name: &str, intent: &str| {
        let scenario = json!({ "name": name, "turns": [{ "act": { "act": "open", "intent": "intent.core.welcome" },
                                                          "expect": [{ "type": "intent", "name": intent }] }] });
        let url = format!("{}/api/v1/acme/agents/{id}/test-scenarios", server.url);
        let request = reqwest::Client::new().post(url).bearer_auth(token.trim_end()).json(&scenario);
        assert_eq!(request.send().await.expect("an answer").status(), 201);
    };
    make("greets", "intent.core.welcome").await;
    let both = ["test", "--agent", &id, "--version", "1", "--draft"];
    let passed = prints(data.path(), &both);
    assert!(passed.contains("passed  version 1  greets\npassed  draft  greets\n2 passed, 0 failed\n"), "{passed}");

    make("sings", "intent.user.Sing").await;
    let report = data.path().join("report.xml");
    let output = parlance(data.path(), &["test", "--agent", &id, "--junit", report.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("FAILED  draft  sings\n        turn 1: `intent.user.Sing` was neither"), "{said}");
    let xml = std::fs::read_to_string(report).expect("the report is written");
    assert!(xml.contains("<testsuite name=\"draft\" tests=\"2\" failures=\"1\""), "{xml}");
    prints(data.path(), &["test", "--agent", &id, "--scenario", "greets"]);
    let wrong = parlance(data.path(), &["test", "--agent", &id, "--version", "9"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("has no version 9: it has 1 to 1"), "{wrong:?}");
}

#[tokio::test]
async fn replay_exits_1_when_something_would_be_otherwise() {
    let data = folder();
    let server = Serving::start(data.path(), &[], 1);
    let (id, key) = agent(data.path());
    assert_eq!(send(&server.url, &id, &key).await, 200);
    let same = prints(data.path(), &["replay", "--agent", &id, "--version", "1", "--last", "5"]);
    assert!(same.starts_with("1 turns of 1 conversations replayed"), "{same}");
    let later = prints(data.path(), &["replay", "--agent", &id, "--from", "2999-01-01"]);
    assert!(later.starts_with("0 turns of 0 conversations"), "{later}");

    // The draft says something else.
    let changed =
        std::fs::read_to_string(EXAMPLE).expect("the example").replace("<text-message>", "<text-message>New! ");
    let token = prints(data.path(), &["token", "create"]);
    let url = format!("{}/api/v1/acme/agents/{id}/draft", server.url);
    let request = reqwest::Client::new().put(url).bearer_auth(token.trim_end());
    let answer = request.header("content-type", "application/json").body(changed).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let report = data.path().join("report.xml");
    let output = parlance(data.path(), &["replay", "--agent", &id, "--junit", report.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(" turn 1: line 2 is `") && said.contains("1 otherwise"), "{said}");
    assert!(std::fs::read_to_string(report).expect("the report").contains("failures=\"1\""));
    let output = parlance(data.path(), &["replay", "--agent", &id, "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["turns"], &report["differing"], &report["version"]), (&json!(1), &json!(1), &json!(0)));

    let transcript = report["conversations"][0]["transcript"].as_str().expect("an id").to_owned();
    prints(data.path(), &["replay", "--agent", &id, "--version", "1", "--transcript", &transcript]);
    drop(server);
    prints(data.path(), &["replay", "--agent", &id, "--version", "1"]);
    let both = parlance(data.path(), &["replay", "--agent", &id, "--version", "1", "--draft"]);
    assert_eq!(both.status.code(), Some(2), "one or the other");
}
