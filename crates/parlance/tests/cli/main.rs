//! The binary through its command line, beside a running server where that matters.

mod flows;
mod functions;
mod killed;
mod noted;
mod realm;
mod recorded;
mod roles;
mod secrets;
mod testing;
mod users;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/lighthouse-inn.scenario.json");

fn parlance(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    command.arg("--data-dir").arg(data).args(arguments).output().expect("the binary runs")
}

/// What a command that must succeed prints.
fn prints(data: &Path, arguments: &[&str]) -> String {
    let output = parlance(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a command that must fail says.
fn fails(data: &Path, arguments: &[&str]) -> String {
    let output = parlance(data, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeds");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running server; it ends with the test.
struct Serving {
    child: Child,
    url: String,
    lines: Vec<String>,
}

impl Serving {
    fn start(data: &Path, more: &[&str], lines: usize) -> Self {
        // The clients that call it speak TLS too, if asked.
        runtime::outbound::provide_cryptography();
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).args(more);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let lines: Vec<_> = out.lines().take(lines).map(|line| line.expect("a line")).collect();
        let url = lines[0].strip_prefix("listening on ").expect("it says where it listens").to_owned();
        Self { child, url, lines }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself; either is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn envelope(user: &str, scenario: &str) -> Value {
    json!({
        "notification": "message", "user_id": user, "author": user,
        "content": { "type": "chat_open", "callback_id": "intent.core.welcome", "data": {},
                     "user": { "custom": { "selected_scenario": scenario } } },
    })
}

async fn send(url: &str, scenario: &str, app_key: &str) -> u16 {
    let request = reqwest::Client::new().post(format!("{url}/chat-api/message")).bearer_auth(app_key);
    let request = request.header("OPENDIALOG-USER-ID", "ann").header("OPENDIALOG-SCENARIO-ID", scenario);
    request.json(&envelope("ann", scenario)).send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn commands_beside_a_running_server_take_effect_at_once() {
    let data = folder();
    let server = Serving::start(data.path(), &[], 1);
    assert_eq!(prints(data.path(), &["tenant", "create", "acme"]), "acme\n");
    let imported = prints(data.path(), &["agent", "import", "--tenant", "acme", "--open", EXAMPLE]);
    let agent: Value = serde_json::from_str(&imported).expect("JSON");
    let (id, key) = (agent["id"].as_str().expect("an id"), agent["app_key"].as_str().expect("a key"));
    assert_eq!(send(&server.url, id, key).await, 422);
    prints(data.path(), &["agent", "publish", "--tenant", "acme", id]);
    assert_eq!(send(&server.url, id, key).await, 200);

    let token = prints(data.path(), &["token", "create", "--tenant", "acme"]);
    let token = token.trim_end();
    let agents = async || {
        let request = reqwest::Client::new().get(format!("{}/api/v1/acme/agents", server.url)).bearer_auth(token);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(agents().await, 200);
    let listed = prints(data.path(), &["token", "list"]);
    assert!(!listed.contains(token), "a secret is shown once");
    prints(data.path(), &["token", "revoke", listed.split('\t').next().expect("an id")]);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(agents().await, 401);
}

#[tokio::test]
async fn a_contact_is_exported_and_erased_beside_a_server_and_without_one() {
    let data = folder();
    let server = Serving::start(data.path(), &[], 1);
    prints(data.path(), &["tenant", "create", "acme"]);
    let imported = prints(data.path(), &["agent", "import", "--open", EXAMPLE]);
    let agent: Value = serde_json::from_str(&imported).expect("JSON");
    let (id, key) = (agent["id"].as_str().expect("an id"), agent["app_key"].as_str().expect("a key"));
    prints(data.path(), &["agent", "publish", id]);
    let exported = || {
        let export: Value =
            serde_json::from_str(&prints(data.path(), &["contact", "export", "--tenant", "acme", "ann"]))
                .expect("JSON");
        assert_eq!(export["contact"], "ann");
        assert_eq!(export["transcripts"][0]["turns"][0]["request"]["url"], "/chat-api/message");
    };
    assert_eq!(send(&server.url, id, key).await, 200);
    exported();
    assert!(fails(data.path(), &["contact", "erase", "bob"]).contains("no contact `bob`"));
    assert_eq!(prints(data.path(), &["contact", "erase", "ann"]), "erased\n");
    assert!(fails(data.path(), &["contact", "export", "ann"]).contains("no contact `ann`"));
    assert_eq!(send(&server.url, id, key).await, 200);
    drop(server);

    exported();
    assert_eq!(prints(data.path(), &["contact", "erase", "ann"]), "erased\n");
    assert!(fails(data.path(), &["contact", "erase", "ann"]).contains("no contact `ann`"));
    assert!(fails(data.path(), &["contact", "export", "a\nb"]).contains("control characters"));
}

#[tokio::test]
async fn the_demo_is_ready_to_talk() {
    let data = folder();
    let server = Serving::start(data.path(), &["--demo"], 6);
    let after = |name: &str| {
        let line = server.lines.iter().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} is printed: {:?}", server.lines)).trim()
    };
    assert!(after("chat page").starts_with(&server.url));
    assert_eq!(reqwest::get(after("API docs")).await.expect("an answer").status(), 200);
    let agents =
        reqwest::Client::new().get(format!("{}/api/v1/demo/agents", server.url)).bearer_auth(after("API token"));
    let agents: Value = agents.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(agents["agents"][0]["status"], "active");
}

#[test]
fn od_t02_export_prints_what_was_imported() {
    let data = folder();
    prints(data.path(), &["tenant", "create", "acme"]);
    let agent: Value = serde_json::from_str(&prints(data.path(), &["agent", "import", EXAMPLE])).expect("JSON");
    let exported = prints(data.path(), &["agent", "export", agent["id"].as_str().expect("an id")]);
    let exported: Value = serde_json::from_str(&exported).expect("JSON");
    let original: Value = serde_json::from_slice(&std::fs::read(EXAMPLE).expect("the example")).expect("JSON");
    assert_eq!(exported, original);
    let listed: Value = serde_json::from_str(&prints(data.path(), &["agent", "list"])).expect("JSON");
    assert_eq!(listed[0]["app_key"], agent["app_key"]);
}

#[test]
fn check_names_the_places_and_exits_1() {
    let data = folder();
    let sound = parlance(data.path(), &["agent", "check", EXAMPLE]);
    assert!(sound.status.success(), "{}", String::from_utf8_lossy(&sound.stdout));
    let broken = data.path().join("broken.json");
    let markup = json!({ "od_id": "s", "name": "S", "conversations": [{ "od_id": "c", "name": "C", "behaviors": ["STARTING"],
        "scenes": [{ "od_id": "s", "name": "S", "behaviors": ["STARTING"], "turns": [{ "od_id": "t", "name": "T",
        "behaviors": ["STARTING"], "request_intents": [{ "od_id": "a", "speaker": "USER", "sample_utterance": "a", "confidence": 1 }],
        "response_intents": [{ "od_id": "b", "speaker": "APP", "sample_utterance": "", "confidence": 1,
        "message_templates": [{ "od_id": "m", "name": "m", "message_markup": "<message><text-message>" }] }] }] }] }] });
    std::fs::write(&broken, markup.to_string()).expect("a file");
    let output = parlance(data.path(), &["agent", "check", broken.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("conversations[0].scenes[0].turns[0].response_intents[0].message_templates[0]"), "{text}");
}

#[test]
fn mistakes_are_explained() {
    let data = folder();
    assert!(fails(data.path(), &["agent", "import", EXAMPLE]).contains("there is no tenant yet"));
    prints(data.path(), &["tenant", "create", "acme"]);
    assert!(fails(data.path(), &["tenant", "create", "acme"]).contains("already"));
    assert!(fails(data.path(), &["tenant", "create", "Not A Name"]).contains("lower-case"));
    assert!(fails(data.path(), &["agent", "import", "/nowhere.json"]).contains("/nowhere.json"));
    assert!(fails(data.path(), &["agent", "publish", "01a1fbc1-436f-72b3-9f5c-810aa814a664"]).contains("no agent"));
    assert!(fails(data.path(), &["token", "revoke", "nothing"]).contains("no token"));
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    let data = folder();
    let file = data.path().join("parlance.toml");
    std::fs::write(&file, "log = \"warn\"\nlisten_adress = \"127.0.0.1:1\"\n").expect("a file");
    let file = file.to_str().expect("UTF-8");
    let said = fails(data.path(), &["--config", file, "tenant", "list"]);
    assert!(said.contains("listen_adress"), "{said}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    let output = command.arg("--data-dir").arg(data.path()).args(["tenant", "list"]).env("PARLANCE_LOGG", "x").output();
    let output = output.expect("the binary runs");
    assert!(String::from_utf8_lossy(&output.stderr).contains("logg"), "{output:?}");
    assert!(fails(data.path(), &["--config", "/nowhere.toml", "tenant", "list"]).contains("/nowhere.toml"));
    std::fs::write(file, "tls_certificate = \"chain.pem\"\n").expect("it is written");
    assert!(fails(data.path(), &["--config", file, "tenant", "list"]).contains("tls_certificate and tls_key"));
    for (text, named) in [
        ("[functions]\nworker = 4\n", "worker"),
        ("[functions]\nworkers = 1\n", "functions.workers must be a whole number from 2 to 256"),
        ("[models]\nprices = \"gpt-4o\"\n", "must be written as model=input/cached/output"),
        ("flow_timeout_ms = 10\n", "flow_timeout_ms must be"),
    ] {
        std::fs::write(file, text).expect("it is written");
        let said = fails(data.path(), &["--config", file, "tenant", "list"]);
        assert!(said.contains(named), "{text}: {said}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    command.arg("--data-dir").arg(data.path()).args(["tenant", "list"]);
    command.env("PARLANCE_FUNCTIONS", "{workers=4}").env("PARLANCE_MODELS", "{prices=\"gpt-4o=2.5/1.25/10\"}");
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn later_configuration_wins() {
    let data = folder();
    let (by_file, by_flag) = (data.path().join("by-file"), data.path().join("by-flag"));
    let file = data.path().join("parlance.toml");
    std::fs::write(&file, format!("data_dir = {:?}\n", by_file)).expect("a file");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
        let output = command.arg("--config").arg(&file).args(arguments).output().expect("the binary runs");
        assert!(output.status.success(), "{output:?}");
    };
    run(&["tenant", "create", "acme"]);
    assert!(by_file.exists() && !by_flag.exists());
    run(&["--data-dir", by_flag.to_str().expect("UTF-8"), "tenant", "create", "acme"]);
    assert!(by_flag.exists());
}

#[test]
fn openapi_prints_the_document() {
    let data = folder();
    for (arguments, version) in [(&["openapi"][..], "3.2.0"), (&["openapi", "--as", "3.1"][..], "3.1.0")] {
        let document: Value = serde_json::from_str(&prints(data.path(), arguments)).expect("JSON");
        assert_eq!(document["openapi"], version);
    }
}

#[test]
fn rebuild_makes_the_tables_anew() {
    let data = folder();
    prints(data.path(), &["tenant", "create", "acme"]);
    drop(Serving::start(data.path(), &[], 1));
    assert_eq!(prints(data.path(), &["rebuild"]), "rebuilt\n");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    let mut child =
        command.arg("openapi").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
