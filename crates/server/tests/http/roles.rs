//! Roles and what they allow: rows D19 to D24, A16, A17, OD-T14, OD-T15, OD-T18.

use reqwest::{Client, Method};
use rstest::rstest;
use runtime::{tokens::Tokens, users::Users};
use serde_json::{Value, json};

use crate::app::{TestApp, json_of, scenario};

/// Somebody with a token, as a program of theirs.
struct Person<'a> {
    app: &'a TestApp,
    id: String,
    name: String,
    token: String,
}

impl<'a> Person<'a> {
    async fn with(app: &'a TestApp, roles: &[&str]) -> Self {
        let demo = "demo".parse().expect("a tenant name");
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let name = format!("Holder of {}", roles.join(", "));
        let user = Users::new(&app.store).add(&demo, &name, roles).await.expect("the user is made");
        let token =
            Tokens::new(&app.store).create_for(&demo, "", None, Some(&user)).await.expect("the token is made").1;
        app.noticed().await;
        Self { app, id: user.id, name, token }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = Client::new().request(method, format!("{}/api/v1/demo/{path}", self.app.url));
        let request = request.bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let (status, answer) = json_of(request.send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None).await
    }
}

/// What the tenant's own token is answered.
async fn own(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let (status, answer) = app.integrator(method, path, body).await;
    (status.as_u16(), answer)
}

async fn role(app: &TestApp, name: &str, scopes: Value) -> String {
    let body = json!({ "name": name, "scopes": scopes });
    let (status, role) = own(app, Method::POST, "roles", Some(body)).await;
    assert_eq!(status, 201, "{role}");
    role["id"].as_str().expect("an id").to_owned()
}

async fn draft(app: &TestApp) -> String {
    let (_, agent) = app.integrator(Method::POST, "agents?open=true", Some(scenario())).await;
    agent["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn da_d19_a_role_is_made_of_scopes_given_changed_and_deleted() {
    let app = TestApp::start().await;
    let id = role(&app, "Readers", json!(["transcripts:read"])).await;
    let ada = Person::with(&app, &[&id]).await;
    assert_eq!(ada.get("transcripts").await.0, 200);
    let (status, problem) = ada.get("agents").await;
    assert_eq!((status, &problem["type"]), (403, &json!("urn:parlance:problem:forbidden")));
    assert!(problem["detail"].as_str().expect("text").contains("`agents:read`"), "{problem}");

    let wider = json!({ "name": "Lookers", "description": "See.", "scopes": ["transcripts:read", "agents:read"] });
    let (status, changed) = own(&app, Method::PUT, &format!("roles/{id}"), Some(wider)).await;
    assert_eq!((status, &changed["name"], &changed["scope_count"]), (200, &json!("Lookers"), &json!(2)));
    assert_eq!(ada.get("agents").await.0, 200, "who holds it has it at once");

    let (status, problem) = own(&app, Method::DELETE, &format!("roles/{id}"), None).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:parlance:problem:in-use")));
    assert!(problem["detail"].as_str().expect("text").contains("Holder of"), "it names them: {problem}");
    let other = json!({ "role": "analyse_guest" });
    assert_eq!(own(&app, Method::PUT, &format!("users/{}", ada.id), Some(other)).await.0, 200);
    assert_eq!(own(&app, Method::DELETE, &format!("roles/{id}"), None).await.0, 204);
    assert_eq!(own(&app, Method::GET, &format!("roles/{id}"), None).await.0, 404);
}

#[rstest]
#[case(json!({ "name": "", "scopes": ["agents:read"] }), "name")]
#[case(json!({ "name": "Flyers", "scopes": ["agents:read", "moon:fly"] }), "scopes[1]")]
#[case(json!({ "name": "Nothing", "scopes": [] }), "scopes")]
#[case(json!({ "name": "Poets", "scopes": ["agents:read"], "description": "x".repeat(1001) }), "description")]
#[tokio::test]
async fn da_d19_a_role_that_cannot_be_is_refused_by_its_field(#[case] body: Value, #[case] field: &str) {
    let app = TestApp::start().await;
    let (status, problem) = own(&app, Method::POST, "roles", Some(body)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
}

#[tokio::test]
async fn da_d19_names_of_roles_are_unique_and_what_is_built_in_stays() {
    let app = TestApp::start().await;
    role(&app, "Readers", json!(["transcripts:read"])).await;
    for name in ["readers", "Admin", "read_only", "preview & analyse guest"] {
        let body = json!({ "name": name, "scopes": ["agents:read"] });
        assert_eq!(own(&app, Method::POST, "roles", Some(body)).await.0, 409, "{name}");
    }
    for built_in in ["roles/admin", "roles/editor"] {
        let body = json!({ "name": "Mine", "scopes": ["agents:read"] });
        assert_eq!(own(&app, Method::PUT, built_in, Some(body)).await.0, 409);
        assert_eq!(own(&app, Method::DELETE, built_in, None).await.0, 409);
        assert_eq!(own(&app, Method::GET, built_in, None).await.1["built_in"], json!(true));
    }
}

#[tokio::test]
async fn da_d20_da_d22_built_in_roles_are_there_with_the_number_of_their_scopes() {
    let app = TestApp::start().await;
    let (_, listed) = own(&app, Method::GET, "roles", None).await;
    let roles = listed["roles"].as_array().expect("a list");
    let names: Vec<&str> = roles.iter().map(|role| role["name"].as_str().expect("a name")).collect();
    let dialai =
        ["Admin", "Maintainer", "Read-Only", "Chatlink", "Webchat", "Customer-Journey", "Infrastructure-Manager"];
    let opendialog = ["Editor", "Analyse Guest", "Preview Guest", "Preview & Analyse Guest"];
    assert_eq!(names, [&dialai[..], &opendialog[..]].concat());
    for role in roles {
        let scopes = role["scopes"].as_array().expect("scopes").len();
        assert_eq!(role["scope_count"], json!(scopes), "{role}");
    }
}

#[tokio::test]
async fn da_d21_scopes_of_no_role_are_listed_until_a_role_has_them() {
    let app = TestApp::start().await;
    let (_, before) = own(&app, Method::GET, "permissions", None).await;
    let unassigned = before["unassigned"].clone();
    let names: Vec<&str> = unassigned.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(names.contains(&"users:update") && names.contains(&"audit:read"), "{names:?}");
    let documented = before["permissions"].as_array().expect("a list").iter();
    let documented = documented.filter(|one| one["scope"] == "flows:publish" && one["domain"] == "flows");
    assert_eq!(documented.count(), 1);

    let id = role(&app, "People", unassigned).await;
    let (_, after) = own(&app, Method::GET, "permissions", None).await;
    assert_eq!(after["unassigned"], json!([]));
    let held = after["permissions"].as_array().expect("a list").iter().find(|one| one["scope"] == "users:update");
    assert_eq!(held.expect("it is there")["roles"], json!(["admin", id]));
}

#[tokio::test]
async fn da_d23_a_maintainer_publishes_and_has_no_say_over_people() {
    let app = TestApp::start().await;
    let agent = draft(&app).await;
    let maintainer = Person::with(&app, &["maintainer"]).await;
    assert_eq!(maintainer.call(Method::POST, &format!("agents/{agent}/publish"), None).await.0, 200);
    for path in ["users", "roles", "permissions", "audit"] {
        assert_eq!(maintainer.get(path).await.0, 403, "{path}");
    }
    let body = json!({ "name": "Eve", "role": "admin" });
    assert_eq!(maintainer.call(Method::POST, "users", Some(body)).await.0, 403);
}

#[tokio::test]
async fn da_d24_read_only_changes_nothing() {
    let app = TestApp::start().await;
    let agent = draft(&app).await;
    let reader = Person::with(&app, &["read_only"]).await;
    for path in ["agents", "transcripts", "contacts", "events", "aliases", "webhooks", "retention"] {
        assert_eq!(reader.get(path).await.0, 200, "{path}");
    }
    let writes = [
        (Method::POST, format!("agents/{agent}/publish"), None),
        (Method::DELETE, format!("agents/{agent}"), None),
        (Method::PUT, "retention".to_owned(), Some(json!({ "days": 1 }))),
        (Method::POST, "tokens".to_owned(), Some(json!({}))),
        (Method::PUT, "secrets/a".to_owned(), Some(json!({ "type": "string", "value": "x" }))),
        (Method::DELETE, "contacts/ann".to_owned(), None),
    ];
    for (method, path, body) in writes {
        assert_eq!(reader.call(method, &path, body).await.0, 403, "{path}");
    }
}

#[tokio::test]
async fn da_a16_publishing_needs_its_scope() {
    let app = TestApp::start().await;
    let agent = draft(&app).await;
    let id = role(&app, "Builders", json!(["agents:read", "agents:update"])).await;
    let ada = Person::with(&app, &[&id]).await;
    let publish = format!("agents/{agent}/publish");
    let (status, problem) = ada.call(Method::POST, &publish, None).await;
    assert_eq!(status, 403);
    assert!(problem["detail"].as_str().expect("text").contains("`flows:publish`"), "{problem}");
    let publisher = role(&app, "Publishers", json!(["flows:publish"])).await;
    let both = json!({ "roles": [id, publisher] });
    let (status, user) = own(&app, Method::PUT, &format!("users/{}", ada.id), Some(both)).await;
    assert_eq!((status, &user["role"]), (200, &Value::Null), "there are two: {user}");
    assert_eq!(ada.call(Method::POST, &publish, None).await.0, 200);
}

#[tokio::test]
async fn da_a17_two_roles_give_both() {
    let app = TestApp::start().await;
    let first = role(&app, "Listeners", json!(["transcripts:read"])).await;
    let second = role(&app, "Lookers", json!(["agents:read"])).await;
    let ada = Person::with(&app, &[&first, &second]).await;
    assert_eq!((ada.get("transcripts").await.0, ada.get("agents").await.0), (200, 200));
    assert_eq!(ada.get("contacts").await.0, 403);
}

#[tokio::test]
async fn a_user_is_given_one_role_or_several() {
    let app = TestApp::start().await;
    let (status, ada) = own(&app, Method::POST, "users", Some(json!({ "name": "Ada", "role": "editor" }))).await;
    assert_eq!((status, &ada["role"], &ada["roles"]), (201, &json!("editor"), &json!(["editor"])));
    let both = json!({ "name": "Bob", "roles": ["editor", "read_only", "editor"] });
    let (status, bob) = own(&app, Method::POST, "users", Some(both)).await;
    assert_eq!((status, &bob["role"], &bob["roles"]), (201, &Value::Null, &json!(["editor", "read_only"])));
    for wrong in [
        json!({ "name": "Eve" }),
        json!({ "name": "Eve", "roles": [] }),
        json!({ "name": "Eve", "roles": ["editor", "owner"] }),
        json!({ "name": "Eve", "role": "editor", "roles": ["editor"] }),
    ] {
        let (status, problem) = own(&app, Method::POST, "users", Some(wrong)).await;
        let field = problem["errors"][0]["field"].as_str().expect("a field");
        assert!(status == 422 && field.starts_with("roles"), "{problem}");
    }
    assert_eq!(own(&app, Method::GET, "users", None).await.1["users"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn da_d14_what_somebody_is_called_stays() {
    let app = TestApp::start().await;
    let (_, ada) = own(&app, Method::POST, "users", Some(json!({ "name": "Ada", "role": "editor" }))).await;
    let path = format!("users/{}", ada["id"].as_str().expect("an id"));
    let renamed = json!({ "name": "Eve", "role": "editor" });
    assert_eq!(own(&app, Method::PUT, &path, Some(renamed)).await.0, 422);
    assert_eq!(own(&app, Method::GET, &path, None).await.1, ada);
}

#[tokio::test]
async fn od_t15_nobody_changes_what_they_may_do_themselves() {
    let app = TestApp::start().await;
    let id = role(&app, "People", json!(["users:read", "users:update", "roles:update", "roles:read"])).await;
    let ada = Person::with(&app, &[&id]).await;
    let admin = json!({ "role": "admin" });
    assert_eq!(ada.call(Method::PUT, &format!("users/{}", ada.id), Some(admin)).await.0, 422);
    let wider = json!({ "name": "People", "scopes": ["users:read"] });
    assert_eq!(ada.call(Method::PUT, &format!("roles/{id}"), Some(wider)).await.0, 422);
    assert_eq!(ada.get("agents").await.0, 403);
}

#[tokio::test]
async fn od_t15_nobody_hands_on_what_they_do_not_hold() {
    let app = TestApp::start().await;
    let scopes = ["users:read", "users:create", "users:update", "roles:create", "roles:update", "tokens:create"];
    let ada = Person::with(&app, &[&role(&app, "People", json!(scopes)).await]).await;
    let admin = Person::with(&app, &["admin"]).await;
    let lesser = role(&app, "Lesser", json!(["users:read"])).await;
    let refused = [
        (Method::POST, "users".to_owned(), json!({ "name": "Eve", "role": "admin" })),
        (Method::POST, "roles".to_owned(), json!({ "name": "Spies", "scopes": ["users:read", "contacts:export"] })),
        (Method::PUT, format!("roles/{lesser}"), json!({ "name": "Lesser", "scopes": ["audit:read"] })),
        (Method::POST, "tokens".to_owned(), json!({ "user": admin.id })),
    ];
    for (method, path, body) in refused {
        let (status, problem) = ada.call(method, &path, Some(body)).await;
        assert_eq!((status, &problem["type"]), (403, &json!("urn:parlance:problem:forbidden")), "{path}: {problem}");
    }
    let granted = json!({ "name": "Eve", "roles": [lesser] });
    assert_eq!(ada.call(Method::POST, "users", Some(granted)).await.0, 201);
}

#[tokio::test]
async fn od_t18_an_editor_sees_names_of_secrets_only() {
    let app = TestApp::start().await;
    let body = json!({ "type": "string", "value": "hunter2" });
    assert_eq!(own(&app, Method::PUT, "secrets/key", Some(body.clone())).await.0, 200);
    let editor = Person::with(&app, &["editor"]).await;
    let (status, listed) = editor.get("secrets").await;
    assert_eq!((status, listed), (200, json!({ "secrets": [{ "name": "key", "type": "string" }] })));
    assert_eq!(editor.get("secrets/key").await.0, 403);
    assert_eq!(editor.call(Method::PUT, "secrets/key", Some(body)).await.0, 403);
    assert_eq!(editor.call(Method::DELETE, "secrets/key", None).await.0, 403);
}

#[tokio::test]
async fn somebody_is_always_left_who_can_administer_people() {
    let app = TestApp::start().await;
    let admin = Person::with(&app, &["admin"]).await;
    let keeper = Person::with(&app, &[&role(&app, "Keepers", json!(["users:delete", "users:read"])).await]).await;
    let (_, tokens) = own(&app, Method::GET, "tokens", None).await;
    let mine = tokens["tokens"].as_array().expect("a list").iter().find(|token| token["name"] == "test");
    let mine = format!("tokens/{}", mine.expect("the test's token")["id"].as_str().expect("an id"));
    assert_eq!(admin.call(Method::DELETE, &mine, None).await.0, 204, "an administrator is left");

    let (_, tokens) = admin.get("tokens").await;
    let last = tokens["tokens"].as_array().expect("a list").iter().find(|token| token["user"] == json!(admin.id));
    let last = format!("tokens/{}", last.expect("their token")["id"].as_str().expect("an id"));
    let (status, problem) = admin.call(Method::DELETE, &last, None).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:parlance:problem:conflict")), "{problem}");
    let path = format!("users/{}?confirm={}", admin.id, admin.name.replace(' ', "%20"));
    assert_eq!(keeper.call(Method::DELETE, &path, None).await.0, 409);

    let second = json!({ "name": "Second", "role": "admin" });
    let (_, second) = admin.call(Method::POST, "users", Some(second)).await;
    assert_eq!(keeper.call(Method::DELETE, &path, None).await.0, 409, "a user without a token");
    let token = json!({ "user": second["id"] });
    assert_eq!(admin.call(Method::POST, "tokens", Some(token)).await.0, 201);
    assert_eq!(keeper.call(Method::DELETE, &path, None).await.0, 204);
}

#[tokio::test]
async fn names_of_people_are_each_tenants_own() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a name");
    runtime::tenants::Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    Users::new(&app.store).add(&other, "Ada", vec!["admin".to_owned()]).await.expect("the user is made");
    let (status, ada) = own(&app, Method::POST, "users", Some(json!({ "name": "Ada", "role": "editor" }))).await;
    assert_eq!(status, 201, "{ada}");
    assert_eq!(own(&app, Method::POST, "users", Some(json!({ "name": "ada", "role": "editor" }))).await.0, 409);
}

#[tokio::test]
async fn da_a05_a_token_that_is_not_good_is_told_apart_from_none() {
    let app = TestApp::start().await;
    let ask = async |path: &str, token: Option<&str>| {
        let request = Client::new().get(format!("{}{path}", app.url));
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        let answer = request.send().await.expect("an answer");
        let challenge = answer.headers()["www-authenticate"].to_str().expect("text").to_owned();
        (answer.status().as_u16(), challenge)
    };
    for path in ["/api/v1/demo/agents", "/public/api/user-interactions"] {
        assert_eq!(ask(path, None).await, (401, "Bearer".to_owned()), "{path}");
        assert_eq!(ask(path, Some("plt_wrong")).await, (401, "Bearer error=\"invalid_token\"".to_owned()), "{path}");
    }
}
