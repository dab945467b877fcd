//! `parlance role`: rows DA-D19 to DA-D22.

use serde_json::Value;

use crate::{Serving, fails, folder, prints};

#[tokio::test]
async fn da_d19_a_role_is_made_given_changed_and_deleted_beside_a_server() {
    let data = folder();
    let data = data.path();
    let server = Serving::start(data, &[], 1);
    prints(data, &["tenant", "create", "acme"]);
    let made = prints(data, &["role", "create", "Reader", "--description", "Reads", "--scope", "agents:read"]);
    let id = made.trim_end();
    prints(data, &["user", "create", "ada", "--role", id]);
    let token = prints(data, &["token", "create", "--user", "ada"]);
    let status = async |path: &str| {
        let url = format!("{}/api/v1/acme/{path}", server.url);
        let request = reqwest::Client::new().get(url).bearer_auth(token.trim_end());
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((status("agents").await, status("users").await), (200, 403));

    let scopes = ["--scope", "users:read", "--scope", "roles:read"];
    assert_eq!(prints(data, &[["role", "set", "READER"].as_slice(), &scopes].concat()), "");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!((status("agents").await, status("users").await), (403, 200));
    let shown = prints(data, &["role", "show", id]);
    assert_eq!(shown, format!("{id}\town\t2\tReader\nusers:read\nroles:read\n"));

    prints(data, &["role", "set", id, "--name", "People"]);
    let url = format!("{}/api/v1/acme/roles/{id}", server.url);
    let role = reqwest::Client::new().get(url).bearer_auth(token.trim_end()).send().await.expect("an answer");
    let role: Value = role.json().await.expect("JSON");
    assert_eq!((role["name"].as_str(), role["description"].as_str()), (Some("People"), Some("Reads")), "{role}");

    assert!(fails(data, &["role", "delete", "people"]).contains("ada"), "somebody holds it");
    prints(data, &["user", "role", "ada", "editor"]);
    prints(data, &["role", "delete", "people"]);
    assert!(fails(data, &["role", "show", id]).contains("no role"));
}

#[test]
fn da_d22_built_in_roles_are_listed_and_stay_as_they_are() {
    let data = folder();
    let data = data.path();
    prints(data, &["tenant", "create", "acme"]);
    prints(data, &["role", "create", "Mine", "--scope", "agents:read"]);
    let listed = prints(data, &["role", "list"]);
    let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split('\t').collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 4), "{listed}");
    assert_eq!(lines.iter().filter(|line| line[1] == "built in").count(), 11, "{listed}");
    let last = lines.last().expect("a line");
    assert_eq!((last[1], last[2], last[3]), ("own", "1", "Mine"));
    let admin = prints(data, &["role", "show", "Admin"]);
    let (head, scopes) = admin.split_once('\n').expect("a line and scopes");
    let count = head.split('\t').nth(2).expect("a number").parse::<usize>().expect("a number");
    assert_eq!((head.starts_with("admin\tbuilt in\t"), scopes.lines().count()), (true, count), "{admin}");
    for arguments in [&["role", "set", "editor", "--name", "x"][..], &["role", "delete", "Editor"][..]] {
        assert!(fails(data, arguments).contains("built in"), "{arguments:?}");
    }
}

#[test]
fn mistakes_about_roles_are_explained() {
    let data = folder();
    let data = data.path();
    assert!(fails(data, &["role", "list"]).contains("there is no tenant yet"));
    prints(data, &["tenant", "create", "acme"]);
    prints(data, &["role", "create", "Mine", "--scope", "agents:read"]);
    assert!(fails(data, &["role", "create", "x"]).contains("--scope"));
    assert!(fails(data, &["role", "create", "x", "--scope", "agents:reed"]).contains("scopes[0]"));
    for taken in ["mine", "admin", "Read-Only"] {
        assert!(fails(data, &["role", "create", taken, "--scope", "agents:read"]).contains("already"), "{taken}");
    }
    assert!(fails(data, &["role", "create", " ", "--scope", "agents:read"]).contains("1 to 100 characters"));
    assert!(fails(data, &["role", "set", "Mine"]).contains("--name, --description or --scope"));
    assert!(fails(data, &["role", "set", "nobody", "--name", "x"]).contains("no role `nobody`"));
    assert!(fails(data, &["role", "delete", "nobody"]).contains("no role `nobody`"));
    let help = prints(data, &["role", "--help"]);
    for verb in ["list", "show", "create", "set", "delete"] {
        assert!(help.contains(verb), "{help}");
    }
}
