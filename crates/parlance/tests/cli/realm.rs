//! `parlance account`, `client` and `realm`: rows OD-T17, DA-A06.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::{Serving, fails, folder, prints};

/// Sets a password from standard input.
fn password(data: &Path, email: &str, password: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    command.arg("--data-dir").arg(data).args(["account", "password", email]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(password.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[test]
fn accounts_are_made_and_od_t17_weak_passwords_are_refused() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    let id = prints(data, &["account", "create", "ada@example.com", "--tenant", "acme", "--role", "admin"]);
    assert!(fails(data, &["account", "create", "ADA@example.com"]).contains("already"));
    assert!(fails(data, &["account", "create", "no address"]).contains("e-mail address"));
    for weak in ["short\n", "password1234\n", "ada@example.com\n"] {
        assert!(!password(data, "ada@example.com", weak).status.success(), "{weak}");
    }
    assert!(prints(data, &["account", "list"]).contains("\tno password\t"));
    assert!(password(data, "ada@example.com", "correct horse battery\n").status.success());
    let list = prints(data, &["account", "list"]);
    assert!(list.starts_with(id.trim()) && list.contains("\tpassword\tno second factor\tacme"), "{list}");
    prints(data, &["account", "delete", "ada@example.com"]);
    assert_eq!(prints(data, &["account", "list"]), "");
}

#[tokio::test]
async fn da_a06_a_service_account_gets_a_token_of_a_running_server() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    let server = Serving::start(data, &[], 1);
    assert!(fails(data, &["client", "create", "web"]).contains("--redirect-uri"));
    assert!(fails(data, &["client", "create", "web", "--redirect-uri", "http://example.com/"]).contains("https"));
    assert!(fails(data, &["client", "create", "odd", "--scope", "everything"]).contains("no scope"));
    let secret = prints(data, &["client", "create", "nightly", "--scope", "agents:read"]);
    assert!(!prints(data, &["client", "list"]).contains(secret.trim()));
    prints(data, &["realm", "rotate-key"]);

    let url = &server.url;
    let request = reqwest::Client::new().post(format!("{url}/realms/dial-ai/protocol/openid-connect/token"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.basic_auth("nightly", Some(secret.trim())).body("grant_type=client_credentials");
    let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let token = answer["access_token"].as_str().expect("a token");
    let agents = reqwest::Client::new().get(format!("{url}/api/v1/acme/agents")).bearer_auth(token).send().await;
    assert_eq!(agents.expect("an answer").status(), 200);
}
