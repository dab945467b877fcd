//! `parlance secret`, and agents that name secrets: rows OD-C09, OD-C10, OD-T18.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{fails, folder, parlance, prints};

const PEM: &str = include_str!("../../../../tests/certificates/client.pem");
const PKCS12: &str = include_str!("../../../../tests/certificates/client.p12.base64");
const FINGERPRINT: &str =
    "86:84:2E:35:9D:C3:3D:F5:5E:DB:C0:86:48:DF:62:BA:40:3B:8F:E1:DA:8E:21:2F:5B:12:D2:60:2F:EC:FE:00";

/// Sets a secret from standard input; what is printed.
fn typed(data: &Path, name: &str, value: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    command.arg("--data-dir").arg(data).args(["secret", "set", name]);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(value.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn file(data: &Path, name: &str, bytes: &[u8]) -> String {
    let path = data.join(name);
    std::fs::write(&path, bytes).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

fn pkcs12(data: &Path) -> String {
    let bytes = STANDARD.decode(PKCS12.split_whitespace().collect::<String>()).expect("base64");
    file(data, "client.p12", &bytes)
}

/// The smallest scenario with an action whose settings name a secret.
fn scenario(data: &Path, secret: &str) -> String {
    let document = json!({
        "od_id": "shop", "name": "Shop",
        "actions": [{ "name": "call", "component_id": "action.core.set_attributes",
                      "configuration": { "key": format!("{{secret.{secret}}}") } }],
        "conversations": [],
    });
    file(data, &format!("{secret}.json"), document.to_string().as_bytes())
}

#[test]
fn od_t18_values_go_in_and_never_come_out() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    let path = file(data, "value.txt", b"hunter2\n");
    let mut said = typed(data, "typed", "hunter2\r\n");
    said += &prints(data, &["secret", "set", "from_file", "--tenant", "acme", "--file", &path]);
    let listed = prints(data, &["secret", "list"]);
    let names: Vec<_> = listed.lines().map(|line| line.split('\t').take(2).collect::<Vec<_>>()).collect();
    assert_eq!(names, [["from_file", "string"], ["typed", "string"]]);
    prints(data, &["secret", "delete", "typed"]);
    said += &fails(data, &["secret", "delete", "typed"]);
    said += &listed;
    assert!(said.contains("there is no secret `typed`") && !said.contains("hunter2"), "{said}");
}

#[test]
fn od_c10_a_certificate_shows_subject_expiry_and_fingerprint() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    let pkcs12 = pkcs12(data);
    typed(data, "wrong", "abracadabra");
    typed(data, "right", "open-sesame\n");
    assert!(fails(data, &["secret", "set", "cert", "--certificate", &pkcs12]).contains("password"));
    let said = fails(data, &["secret", "set", "cert", "--certificate", &pkcs12, "--password", "wrong"]);
    assert!(said.contains("password: ") && !said.contains("abracadabra"), "{said}");
    prints(data, &["secret", "set", "cert", "--certificate", &pkcs12, "--password", "right"]);
    let pem = file(data, "client.pem", PEM.as_bytes());
    prints(data, &["secret", "set", "other", "--certificate", &pem]);
    let listed = prints(data, &["secret", "list"]);
    let shown: Vec<_> = listed.lines().filter(|line| line.contains("\tcertificate\t")).collect();
    assert_eq!(shown.len(), 2);
    for line in shown {
        let rest = format!("2125-06-19T21:42:42.000000Z\t{FINGERPRINT}\tC=GB, O=Lighthouse Inn, CN=client.example");
        assert!(line.ends_with(&rest), "{line}");
    }
    assert!(fails(data, &["secret", "delete", "right"]).contains("certificate `cert`"));
}

#[test]
fn od_c09_an_import_that_names_an_unknown_secret_exits_1() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    let scenario = scenario(data, "model_key");
    let output = parlance(data, &["agent", "import", &scenario]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("actions[0].configuration.key") && said.contains("parlance secret set model_key"), "{said}");
    assert_eq!(prints(data, &["agent", "list"]), "[]\n");
    typed(data, "model_key", "hunter2");
    let agent: Value = serde_json::from_str(&prints(data, &["agent", "import", &scenario])).expect("JSON");
    let kept = fails(data, &["secret", "delete", "model_key"]);
    assert!(kept.contains(agent["id"].as_str().expect("an id")), "{kept}");
}

#[test]
fn od_c09_a_file_without_a_tenant_gets_a_warning() {
    let data = folder();
    let scenario = scenario(data.path(), "model_key");
    let output = parlance(data.path(), &["agent", "check", &scenario]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains("warning: actions[0].configuration.key: The tenant must have a secret `model_key`."),
        "{said}"
    );
}

#[test]
fn mistakes_with_secrets_are_explained() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    let empty = file(data, "empty", b"\n");
    let long = file(data, "long", "x".repeat(100_000).as_bytes());
    let binary = file(data, "binary", &[0, 159, 146, 150]);
    let pem = file(data, "client.pem", PEM.as_bytes());
    for (arguments, words) in [
        (["set", "2fa", "--file", &pem], "name: "),
        (["set", "x", "--file", &empty], "value: it is empty"),
        (["set", "x", "--file", &long], "value: it is longer"),
        (["set", "x", "--file", &binary], "value: it is no text"),
        (["set", "x", "--file", "/nowhere"], "/nowhere"),
        (["set", "x", "--certificate", &empty], "file: "),
        (["set", "x", "--password", "y"], "--certificate"),
    ] {
        let said = fails(data, &[["secret"].as_slice(), arguments.as_slice()].concat());
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    assert_eq!(prints(data, &["secret", "list"]), "");
}

#[test]
fn a_rotated_key_opens_what_was_there_and_the_file_keeps_the_old_one() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    typed(data, "key", "hunter2");
    let before = std::fs::read_to_string(data.join("secrets.key")).expect("it was made");
    let said = prints(data, &["secret", "rotate-key"]);
    assert!(said.contains("sealed with the new key"), "{said}");
    let after = std::fs::read_to_string(data.join("secrets.key")).expect("it is there");
    assert!(after.ends_with(&before) && after.lines().count() == before.lines().count() + 1);
    assert!(!said.contains(after.lines().next().expect("a key")), "a key is not printed");
    assert!(prints(data, &["secret", "list"]).starts_with("key\tstring\t"));
    // Its line is gone: what it sealed does not open, and the error says which key is wanted.
    std::fs::write(data.join("secrets.key"), before).expect("it is written");
    let said = fails(data, &["tenant", "rotate-key", "acme"]);
    assert!(said.contains("was sealed with the key") && said.contains("secrets.key"), "{said}");
}

#[test]
fn da_d10_a_value_is_applied_to_the_chosen_tenants_and_no_others() {
    let data = folder();
    let data = data.path();
    for tenant in ["one", "two", "three"] {
        prints(data, &["tenant", "create", tenant]);
    }
    let key = "Telephony.MaxConcurrentCalls";
    let said = prints(data, &["environment", "apply", key, "7", "--tenants", "one,two"]);
    assert_eq!(said.lines().filter(|line| line.ends_with("\tTenant override\t7")).count(), 2, "{said}");
    for (tenant, expected) in [("one", "Tenant override\t7"), ("two", "Tenant override\t7"), ("three", "Default\t1")] {
        let listed = prints(data, &["environment", "list", "--tenant", tenant]);
        let line = listed.lines().find(|line| line.starts_with(key)).expect("it is listed");
        assert!(line.ends_with(expected), "{tenant}: {line}");
    }
    let output = parlance(data, &["environment", "apply", key, "8", "--tenants", "three,nobody"]);
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!output.status.success() && said.contains("three\t") && said.contains("nobody\terror"), "{said}");
    prints(data, &["environment", "unset", key, "--tenant", "one"]);
    assert!(fails(data, &["environment", "set", "Made.Up", "1", "--tenant", "one"]).contains("no environment key"));
    assert!(fails(data, &["environment", "set", key, "0", "--tenant", "one"]).contains("from 1 to 1000"));
    let typed = fails(data, &["environment", "set", "OpenAi.ApiKey", "sk-hunter2", "--tenant", "one"]);
    assert!(typed.contains("standard input") && !typed.contains("hunter2"), "{typed}");
    let path = file(data, "key.txt", b"sk-hunter2\n");
    let said = prints(data, &["environment", "apply", "OpenAi.ApiKey", "--all", "--file", &path]);
    assert!(said.lines().count() == 3 && said.lines().all(|line| line.ends_with("Hidden")), "{said}");
}

/// What a command comes to with keys in the environment.
fn with_keys(data: &Path, keys: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlance"));
    let command = command.env("PARLANCE_SECRETS_KEY", keys).arg("--data-dir").arg(data).args(arguments);
    let output = command.output().expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).expect("UTF-8"))
}

#[test]
fn keys_of_the_environment_seal_and_need_no_file() {
    let data = folder();
    let data = data.path();
    let (one, two) = (STANDARD.encode([1u8; 32]), STANDARD.encode([2u8; 32]));
    let (made, said) = with_keys(data, &one, &["tenant", "create", "acme"]);
    assert!(made && !data.join("secrets.key").exists(), "{said}");
    let said = fails(data, &["tenant", "rotate-key", "acme"]);
    assert!(said.contains("was sealed with the key"), "{said}");
    let (rotated, said) = with_keys(data, &format!("{two},{one}"), &["secret", "rotate-key"]);
    assert!(rotated && said.starts_with("1 sealed with the key"), "{said}");
    assert!(with_keys(data, &two, &["tenant", "rotate-key", "acme"]).0, "the old key is not needed any more");
    assert!(!with_keys(data, &one, &["tenant", "rotate-key", "acme"]).0);
    let (good, said) = with_keys(data, "hunter2", &["tenant", "rotate-key", "acme"]);
    assert!(!good && said.contains("32 random bytes") && !said.contains("hunter2"), "{said}");
}
