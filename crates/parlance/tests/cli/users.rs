//! `parlance user`: who may do what, beside a running server.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Serving, fails, folder, prints};

async fn status(server: &Serving, token: &str, path: &str) -> u16 {
    let request = reqwest::Client::new().get(format!("{}{path}", server.url)).bearer_auth(token.trim_end());
    request.send().await.expect("an answer").status().as_u16()
}

/// A change of what is known already is seen a moment later.
async fn moments() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

const AGENTS: &str = "/api/v1/acme/agents";
const EXPORT: &str = "/public/api/user-data-export?exportType=json";

#[tokio::test]
async fn od_p05_a_token_of_somebody_may_do_what_they_may() {
    let data = folder();
    let server = Serving::start(data.path(), &[], 1);
    prints(data.path(), &["tenant", "create", "acme"]);
    let id = prints(data.path(), &["user", "create", "Ada Lovelace", "--role", "editor"]);
    let id = id.trim_end();
    let by_name = prints(data.path(), &["token", "create", "--user", "ada lovelace", "--name", "nightly"]);
    let by_id = prints(data.path(), &["token", "create", "--user", id, "--expires-in-days", "1"]);
    for token in [&by_name, &by_id] {
        assert_eq!((status(&server, token, AGENTS).await, status(&server, token, EXPORT).await), (200, 200));
    }
    assert_eq!(prints(data.path(), &["user", "role", id, "analyse_guest"]), "");
    moments().await;
    for token in [&by_name, &by_id] {
        assert_eq!((status(&server, token, AGENTS).await, status(&server, token, EXPORT).await), (403, 200));
    }
    prints(data.path(), &["user", "role", "--tenant", "acme", "Ada Lovelace", "preview_guest"]);
    moments().await;
    assert_eq!((status(&server, &by_id, AGENTS).await, status(&server, &by_id, EXPORT).await), (403, 403));

    let listed = prints(data.path(), &["user", "list"]);
    let columns: Vec<&str> = listed.trim_end().split('\t').collect();
    let [listed_id, at, role, name] = columns[..] else { panic!("one line of four columns: {listed}") };
    assert_eq!((listed_id, role, name), (id, "preview_guest", "Ada Lovelace"));
    assert!(at.ends_with('Z') && at.len() == 27, "{at}");

    let tokens = prints(data.path(), &["token", "list"]);
    assert!(tokens.lines().all(|line| line.ends_with(id)), "{tokens}");
    assert_eq!(prints(data.path(), &["user", "delete", id]), "");
    moments().await;
    for token in [&by_name, &by_id] {
        assert_eq!(status(&server, token, EXPORT).await, 401);
    }
    for list in ["user", "token"] {
        assert_eq!(prints(data.path(), &[list, "list"]), "", "{list}");
    }
}

#[tokio::test]
async fn an_administrator_made_here_administers_there() {
    let data = folder();
    let server = Serving::start(data.path(), &[], 1);
    prints(data.path(), &["tenant", "create", "acme"]);
    prints(data.path(), &["user", "create", "root", "--role", "admin"]);
    let token = prints(data.path(), &["token", "create", "--user", "root"]);
    let users = reqwest::Client::new().get(format!("{}/api/v1/acme/users", server.url)).bearer_auth(token.trim_end());
    let users: Value = users.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&users["users"][0]["name"], &users["users"][0]["role"]), (&json!("root"), &json!("admin")), "{users}");
}

#[test]
fn mistakes_about_people_are_explained() {
    let data = folder();
    assert!(fails(data.path(), &["user", "create", "ada", "--role", "editor"]).contains("there is no tenant yet"));
    prints(data.path(), &["tenant", "create", "acme"]);
    prints(data.path(), &["user", "create", "ada", "--role", "editor"]);
    assert!(fails(data.path(), &["user", "create", "ADA", "--role", "admin"]).contains("already"));
    assert!(fails(data.path(), &["user", "create", "bob"]).contains("--role"));
    assert!(fails(data.path(), &["user", "create", "bob", "--role", "owner"]).contains("no role `owner`"));
    assert!(fails(data.path(), &["user", "create", " ", "--role", "editor"]).contains("1 to 200 characters"));
    for nobody in [
        &["user", "role", "bob", "admin"][..],
        &["user", "delete", "bob"][..],
        &["token", "create", "--user", "bob"][..],
    ] {
        assert!(fails(data.path(), nobody).contains("no user `bob`"), "{nobody:?}");
    }
}
