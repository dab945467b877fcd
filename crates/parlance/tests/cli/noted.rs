//! What the command line changes is in the audit log.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{EXAMPLE, Serving, fails, folder, prints, send};

/// The audit log of a tenant, through the API.
pub(crate) async fn entries(server: &Serving, tenant: &str, token: &str) -> Vec<Value> {
    let url = format!("{}/api/v1/{tenant}/audit?limit=1000", server.url);
    let answer = reqwest::Client::new().get(url).bearer_auth(token.trim_end()).send().await.expect("an answer");
    let page: Value = answer.json().await.expect("JSON");
    page["entries"].as_array().unwrap_or_else(|| panic!("entries are expected: {page}")).clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().expect("an action")).collect()
}

/// Runs a command that reads a value.
fn types(data: &Path, arguments: &[&str], value: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    command.arg("--data-dir").arg(data).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(value.as_bytes()).expect("it reads");
    assert!(child.wait().expect("it ends").success(), "{arguments:?}");
}

#[tokio::test]
async fn each_change_is_noted_with_the_command_line_as_actor_and_without_secrets() {
    let data = folder();
    let data = data.path();
    let server = Serving::start(data, &[], 1);
    prints(data, &["tenant", "create", "acme"]);
    let role = prints(data, &["role", "create", "Reader", "--scope", "agents:read"]);
    prints(data, &["role", "set", role.trim_end(), "--name", "People"]);
    prints(data, &["user", "create", "ada", "--role", role.trim_end()]);
    prints(data, &["user", "role", "ada", "editor"]);
    prints(data, &["role", "delete", "People"]);
    let token = prints(data, &["token", "create", "--name", "nightly"]);
    let gone = prints(data, &["token", "create", "--user", "ada", "--name", "gone"]);
    let listed = prints(data, &["token", "list"]);
    let id = listed.lines().find(|line| line.contains("\tgone\t")).and_then(|line| line.split('\t').next());
    prints(data, &["token", "revoke", id.expect("an id")]);
    prints(data, &["user", "delete", "ada"]);
    types(data, &["secret", "set", "model_key"], "hunter2\n");
    prints(data, &["secret", "delete", "model_key"]);
    prints(data, &["environment", "set", "Telephony.MaxConcurrentCalls", "7"]);
    prints(data, &["environment", "apply", "Telephony.MaxConcurrentCalls", "8", "--all"]);
    prints(data, &["environment", "unset", "Telephony.MaxConcurrentCalls"]);
    let imported = prints(data, &["agent", "import", "--open", EXAMPLE]);
    let agent: Value = serde_json::from_str(&imported).expect("JSON");
    let (agent, app_key) = (agent["id"].as_str().expect("an id"), agent["app_key"].as_str().expect("a key"));
    prints(data, &["agent", "publish", agent]);
    prints(data, &["account", "create", "bob@example.com", "--tenant", "acme", "--role", "editor"]);
    types(data, &["account", "password", "bob@example.com"], "correct horse battery\n");
    prints(data, &["account", "reset-second-factor", "bob@example.com"]);
    prints(data, &["account", "delete", "bob@example.com"]);
    let service = prints(data, &["client", "create", "nightly", "--scope", "agents:read"]);
    prints(data, &["client", "delete", "nightly"]);
    prints(data, &["client", "create", "web", "--redirect-uri", "https://console.test/back"]);
    prints(data, &["realm", "rotate-key"]);
    prints(data, &["tenant", "rotate-key", "acme"]);
    prints(data, &["secret", "rotate-key"]);
    assert_eq!(send(&server.url, agent, app_key).await, 200);
    prints(data, &["contact", "erase", "ann"]);

    let noted = entries(&server, "acme", &token).await;
    assert_eq!(
        actions(&noted),
        [
            "tenant.created",
            "role.created",
            "role.updated",
            "user.created",
            "user.updated",
            "role.deleted",
            "token.created",
            "token.created",
            "token.revoked",
            "user.deleted",
            "secret.updated",
            "secret.deleted",
            "environment.updated",
            "environment.updated",
            "environment.deleted",
            "agent.created",
            "agent.published",
            "user.created",
            "user.joined",
            "account.password_changed",
            "account.second_factor_removed",
            "account.deleted",
            "client.created",
            "client.deleted",
            "client.created",
            "realm.key_rotated",
            "tenant.key_rotated",
            "secret.key_rotated",
            "contact.erased",
        ]
    );
    for entry in &noted {
        let actor = &entry["actor"];
        assert_eq!(
            (&actor["token"], &actor["token_name"]),
            (&json!("command_line"), &json!("command line")),
            "{entry}"
        );
        assert_eq!(entry["source_ip"], "", "{entry}");
    }
    assert_eq!(noted[2]["before"]["name"], "Reader");
    assert_eq!(noted[2]["after"]["name"], "People");
    assert_eq!((&noted[3]["target"]["kind"], &noted[3]["after"]["name"]), (&json!("user"), &json!("ada")));
    assert_eq!(noted[12]["after"]["effective"], "7");
    let text = serde_json::to_string(&noted).expect("JSON");
    for secret in ["hunter2", "correct horse battery", token.trim_end(), gone.trim_end(), service.trim_end(), app_key] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    assert!(!noted[28].to_string().contains("ann\""), "whom it erased is not noted");
}

#[tokio::test]
async fn what_is_one_tenants_is_noted_there_and_what_fails_nowhere() {
    let data = folder();
    let data = data.path();
    let server = Serving::start(data, &[], 1);
    prints(data, &["tenant", "create", "acme"]);
    prints(data, &["tenant", "create", "other"]);
    prints(data, &["user", "create", "--tenant", "acme", "ada", "--role", "editor"]);
    prints(data, &["client", "create", "--tenant", "acme", "nightly", "--scope", "agents:read"]);
    prints(data, &["realm", "rotate-key"]);
    fails(data, &["user", "create", "--tenant", "acme", "ada", "--role", "editor"]);
    fails(data, &["role", "create", "--tenant", "acme", "x", "--scope", "nothing:here"]);
    let token = |tenant: &str| prints(data, &["token", "create", "--tenant", tenant]);
    let acme = entries(&server, "acme", &token("acme")).await;
    let expected = ["tenant.created", "user.created", "client.created", "realm.key_rotated", "token.created"];
    assert_eq!(actions(&acme), expected);
    let other = entries(&server, "other", &token("other")).await;
    assert_eq!(actions(&other), ["tenant.created", "realm.key_rotated", "token.created"]);
}
