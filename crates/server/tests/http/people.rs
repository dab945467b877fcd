//! People as administrators look after them: rows DA-D12 to DA-D18, and one's own desk (spec/dialai.md §13.7).

use reqwest::{Client, Method};
use rstest::rstest;
use runtime::{
    tokens::Tokens,
    users::{Role, Users},
};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    signing_in::{
        Browser, PASSWORD, VERIFIER, ask, exchange, hidden, person, redeem, refresh, register, said, text, tokens,
        userinfo,
    },
};

const ADA: &str = "ada@example.com";

impl TestApp {
    async fn adds(&self, new: Value) -> Value {
        let (status, user) = self.integrator(Method::POST, "users", Some(new)).await;
        assert_eq!(status, 201, "{user}");
        user
    }

    /// Who is found, by name.
    async fn found(&self, query: &str) -> Vec<String> {
        let (status, list) = self.integrator(Method::GET, &format!("users?{query}"), None).await;
        assert_eq!(status, 200, "{query}: {list}");
        list["users"].as_array().expect("a list").iter().map(|user| text(user, "name").to_owned()).collect()
    }

    async fn imports(&self, query: &str, file: &str) -> (u16, Value) {
        let url = format!("{}/api/v1/demo/users/import?{query}", self.url);
        let request = Client::new().post(url).bearer_auth(&self.token);
        let request = request.header("content-type", "text/csv").body(file.to_owned());
        let (status, answer) = json_of(request.send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    }
}

fn path(user: &Value) -> String {
    format!("users/{}", text(user, "id"))
}

/// The field that a refusal names.
fn field(answer: &(reqwest::StatusCode, Value)) -> (u16, &str) {
    (answer.0.as_u16(), answer.1["errors"][0]["field"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn da_d12_who_is_added_with_an_address_is_invited_and_chooses_a_password() {
    let app = TestApp::start().await;
    register(&app).await;
    let new = json!({ "name": "ada", "first_name": "Ada", "last_name": " Lovelace ", "email": ADA, "role": "editor" });
    let user = app.adds(new).await;
    assert_eq!((text(&user, "name"), text(&user, "last_name"), text(&user, "email")), ("ada", "Lovelace", ADA));
    let invitation = &user["invitation"];
    assert_eq!((text(invitation, "email"), &invitation["mailed"]), (ADA, &json!(false)));

    let browser = Browser::new(&app);
    let link = text(invitation, "link").strip_prefix(&app.url).expect("an address of ours");
    let page = browser.get(link).await.text().await.expect("a page");
    let (form, secret) = (hidden(&page, "form"), hidden(&page, "link"));
    let fields = [("form", form.as_str()), ("link", secret.as_str()), ("password", PASSWORD)];
    assert_eq!(browser.post("/realms/dial-ai/account/password", &fields).await.status(), 200);
    let tokens = tokens(&app, ADA).await;
    let (_, exchanged) = exchange(&app, text(&tokens, "access_token"), "demo").await;
    let (_, profile) = app.holder(text(&exchanged, "access_token"), Method::GET, "profile", None).await;
    assert_eq!(profile["user"]["id"], user["id"]);
}

#[tokio::test]
async fn da_d12_an_address_is_one_persons_and_somebody_has_a_role() {
    let app = TestApp::start().await;
    app.adds(json!({ "name": "ada", "email": ADA, "role": "editor", "invite": false })).await;
    app.adds(json!({ "name": "bob@example.com", "role": "editor" })).await;
    for (new, expected) in [
        (json!({ "name": "another", "email": "ADA@example.com", "role": "editor" }), (409, "")),
        (json!({ "name": "ada@example.com", "role": "editor" }), (409, "")),
        (json!({ "email": "Bob@Example.com", "role": "editor" }), (409, "")),
        (json!({ "name": "eve", "email": "eve@example.com" }), (422, "roles")),
        (json!({ "name": "eve", "email": "eve@example.com", "roles": [] }), (422, "roles")),
        (json!({ "name": "eve", "email": "eve.example.com", "role": "editor" }), (422, "email")),
        (json!({ "name": "eve", "role": "editor", "invite": true }), (422, "email")),
        (json!({ "name": "eve", "first_name": "x".repeat(81), "role": "editor" }), (422, "first_name")),
        (json!({ "role": "editor" }), (422, "name")),
    ] {
        let answer = app.integrator(Method::POST, "users", Some(new.clone())).await;
        assert_eq!(field(&answer), expected, "{new}: {}", answer.1);
    }
    assert_eq!(app.found("").await, ["ada", "bob@example.com"]);
    // Nobody got an account by any of it.
    assert!(crate::signing_in::realm(&app).accounts.list().await.expect("the accounts").is_empty());
}

#[tokio::test]
async fn da_d13_a_file_makes_users_and_its_bad_lines_are_reported() {
    let app = TestApp::start().await;
    app.adds(json!({ "name": "taken", "email": "taken@example.com", "role": "editor", "invite": false })).await;
    let role = json!({ "name": "Night shift", "scopes": ["agents:read"] });
    let (_, role) = app.integrator(Method::POST, "roles", Some(role)).await;
    let file = "name,email,roles,csr,max_chats\n\
                ada,ada@example.com,editor|night SHIFT,yes,3\n\
                bob,bob.example.com,editor,no,\n\
                eve,eve@example.com,owner,no,\n\
                mia,Taken@example.com,editor,no,\n\
                zoe,zoe@example.com,editor,no,11\n\
                two,ADA@example.com,editor,no,\n\
                short,short@example.com\n\
                robot,,Read-Only,,\n";
    let (status, report) = app.imports("", file).await;
    assert_eq!(status, 200, "{report}");
    let created = report["created"].as_array().expect("a list");
    let lines: Vec<_> = created.iter().map(|one| (&one["line"], text(&one["user"], "name"))).collect();
    assert_eq!(lines, [(&json!(2), "ada"), (&json!(9), "robot")]);
    assert_eq!(created[0]["user"]["roles"], json!(["editor", role["id"]]));
    assert_eq!((&created[0]["user"]["csr"], &created[0]["user"]["max_chats"]), (&json!(true), &json!(3)));
    assert!(text(&created[0]["invitation"], "link").starts_with(&app.url));
    assert_eq!(created[1]["invitation"], Value::Null);
    let refused = report["refused"].as_array().expect("a list");
    let told: Vec<_> = refused.iter().map(|one| (one["line"].as_u64(), text(&one["errors"][0], "field"))).collect();
    let expected = [(3, "email"), (4, "roles[0]"), (5, "line"), (6, "max_chats"), (7, "line"), (8, "line")];
    assert_eq!(told, expected.map(|(line, field)| (Some(line), field)));
    assert_eq!(app.found("").await, ["taken", "ada", "robot"]);

    let (_, report) = app.imports("invite=false", "email;roles\r\nsue@example.com;editor\r\n").await;
    assert_eq!(report["created"][0]["invitation"], Value::Null, "{report}");
    for (file, expected) in [("", "body"), ("email,roles\n", "body"), ("e-mail address\na@example.com", "head")] {
        let (status, problem) = app.imports("", file).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(expected)), "{file}");
    }
    assert_eq!(app.imports("", &"x".repeat((1 << 20) + 1)).await.0, 413);
}

#[tokio::test]
async fn da_d13_nobody_gives_more_by_a_file_than_they_hold() {
    let app = TestApp::start().await;
    let role = json!({ "name": "Hirers", "scopes": ["users:create", "profile:read"] });
    let (_, role) = app.integrator(Method::POST, "roles", Some(role)).await;
    let hirer = app.adds(json!({ "name": "hirer", "role": role["id"] })).await;
    let (_, token) = app.integrator(Method::POST, "tokens", Some(json!({ "user": hirer["id"] }))).await;
    let url = format!("{}/api/v1/demo/users/import", app.url);
    let file = "name,roles\nann,admin\nbob,hirers\n";
    let request = Client::new().post(url).bearer_auth(text(&token, "secret")).body(file);
    let (status, report) = json_of(request.send().await.expect("an answer")).await;
    assert_eq!((status.as_u16(), text(&report["created"][0]["user"], "name")), (200, "bob"), "{report}");
    assert_eq!(
        (&report["refused"][0]["line"], text(&report["refused"][0]["errors"][0], "field")),
        (&json!(2), "roles")
    );
    assert_eq!(app.found("name=ann").await, [] as [&str; 0]);
}

#[rstest]
#[case(json!({ "name": "eve" }))]
#[case(json!({ "username": "eve" }))]
#[case(json!({ "first_name": "Eve" }))]
#[case(json!({ "last_name": "Moneypenny" }))]
#[case(json!({ "email": "eve@example.com" }))]
#[tokio::test]
async fn da_d14_who_somebody_is_never_changes(#[case] change: Value) {
    let app = TestApp::start().await;
    let ada = app.adds(json!({ "first_name": "Ada", "email": ADA, "role": "editor", "invite": false })).await;
    let (status, problem) = app.integrator(Method::PUT, &path(&ada), Some(change.clone())).await;
    let named = change.as_object().expect("an object").keys().next().expect("a field");
    assert!(status == 422 && problem.to_string().contains(named), "{problem}");
    assert_eq!(app.integrator(Method::GET, &path(&ada), None).await.1, ada);
}

#[tokio::test]
async fn da_d15_who_is_deleted_is_out_at_once() {
    let app = TestApp::start().await;
    register(&app).await;
    person(&app, ADA, Role::Editor).await;
    let demo = "demo".parse().expect("a name");
    let user = Users::new(&app.store).find(&demo, ADA).await.expect("the store").expect("the user");
    let (_, token) = Tokens::new(&app.store).create_for(&demo, "", None, Some(&user)).await.expect("a token");
    app.noticed().await;
    let browser = Browser::new(&app);
    let (_, tokens) = redeem(&app, &browser.code(ADA).await, VERIFIER).await;
    let (access_token, refresh_token) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let (_, exchanged) = exchange(&app, access_token, "demo").await;
    let tenant_token = text(&exchanged, "access_token");
    // A code that is on its way when she goes.
    let code = Browser::new(&app).code(ADA).await;
    for token in [token.as_str(), tenant_token] {
        assert_eq!(app.holder(token, Method::GET, "agents", None).await.0, 200);
    }

    let deleted = app.integrator(Method::DELETE, &format!("users/{}?confirm={ADA}", user.id), None).await;
    assert_eq!(deleted.0, 204, "{}", deleted.1);
    for token in [token.as_str(), tenant_token] {
        assert_eq!(app.holder(token, Method::GET, "agents", None).await.0, 401);
    }
    assert_eq!(exchange(&app, access_token, "demo").await.0, 400);
    assert_eq!(userinfo(&app, access_token).await.0, 401);
    assert_eq!(refresh(&app, refresh_token).await.0, 400);
    assert_eq!(redeem(&app, &code, VERIFIER).await.0, 400);
    assert_eq!(said(&browser.get(&ask(&[("prompt", "none")])).await, "error").as_deref(), Some("login_required"));
    // The password is right, and looks as if it were not.
    let refused = async |email: &str, password: &str| {
        let answer = Browser::new(&app).sign_in(&ask(&[]), email, password).await;
        (answer.status().as_u16(), answer.text().await.expect("a page").contains("are wrong"))
    };
    assert_eq!(refused(ADA, PASSWORD).await, (401, true));
    assert_eq!(refused("nobody@example.com", PASSWORD).await, (401, true));
}

#[tokio::test]
async fn da_d15_who_is_deleted_is_kept_and_comes_back() {
    let app = TestApp::start().await;
    register(&app).await;
    person(&app, ADA, Role::Editor).await;
    let (_, list) = app.integrator(Method::GET, "users", None).await;
    let ada = list["users"][0].clone();
    let gone = format!("{}?confirm={ADA}", path(&ada));
    assert_eq!(app.integrator(Method::DELETE, &gone, None).await.0, 204);
    assert!(app.found("").await.is_empty());
    assert_eq!(app.found("deleted=true").await, [ADA]);
    let (_, kept) = app.integrator(Method::GET, &path(&ada), None).await;
    assert_eq!((&kept["name"], &kept["roles"], kept["deleted_at"].is_string()), (&ada["name"], &ada["roles"], true));

    // Somebody else has her address meanwhile.
    let other = app.adds(json!({ "name": "another", "email": ADA, "role": "editor", "invite": false })).await;
    let restore = format!("{}/restore", path(&ada));
    assert_eq!(app.integrator(Method::POST, &restore, None).await.0, 409);
    assert_eq!(app.integrator(Method::DELETE, &format!("{}?confirm={ADA}", path(&other)), None).await.0, 204);
    assert_eq!(app.integrator(Method::POST, &restore, None).await, (reqwest::StatusCode::OK, ada.clone()));
    assert_eq!(app.integrator(Method::POST, &restore, None).await.0, 409, "she is there");
    assert_eq!(app.found("").await, [ADA]);
    let tokens = tokens(&app, ADA).await;
    assert_eq!(exchange(&app, text(&tokens, "access_token"), "demo").await.0, 200);
    assert_eq!(app.integrator(Method::POST, "users/nobody/restore", None).await.0, 404);
}

#[tokio::test]
async fn da_d15_tokens_do_not_come_back() {
    let app = TestApp::start().await;
    let ada = app.adds(json!({ "name": "ada", "role": "editor" })).await;
    let (_, made) = app.integrator(Method::POST, "tokens", Some(json!({ "user": ada["id"] }))).await;
    let demo = "demo".parse().expect("a name");
    let user = Users::new(&app.store).need(&demo, text(&ada, "id")).await.expect("she is there");
    assert_eq!(app.integrator(Method::DELETE, &format!("{}?confirm=ada", path(&ada)), None).await.0, 204);
    // Made by somebody who read her a moment before.
    let (_, late) = Tokens::new(&app.store).create_for(&demo, "late", None, Some(&user)).await.expect("a token");
    let refused = app.integrator(Method::POST, "tokens", Some(json!({ "user": ada["id"] }))).await;
    assert_eq!(refused.0, 404, "{}", refused.1);
    app.noticed().await;
    let tokens = [text(&made, "secret"), late.as_str()];
    for token in tokens {
        assert_eq!(app.holder(token, Method::GET, "agents", None).await.0, 401);
    }
    assert_eq!(app.integrator(Method::POST, &format!("{}/restore", path(&ada)), None).await.0, 200);
    for token in tokens {
        assert_eq!(app.holder(token, Method::GET, "agents", None).await.0, 401);
    }
}

#[tokio::test]
async fn da_d15_nobody_brings_back_who_may_do_more() {
    let app = TestApp::start().await;
    let role = json!({ "name": "Keepers", "scopes": ["users:update", "users:read"] });
    let (_, role) = app.integrator(Method::POST, "roles", Some(role)).await;
    let keeper = app.adds(json!({ "name": "keeper", "role": role["id"] })).await;
    let (_, token) = app.integrator(Method::POST, "tokens", Some(json!({ "user": keeper["id"] }))).await;
    let boss = app.adds(json!({ "name": "boss", "role": "admin" })).await;
    assert_eq!(app.integrator(Method::DELETE, &format!("{}?confirm=boss", path(&boss)), None).await.0, 204);
    let restore = format!("{}/restore", path(&boss));
    assert_eq!(app.holder(text(&token, "secret"), Method::POST, &restore, None).await.0, 403);
    assert_eq!(app.found("deleted=true").await, ["boss"]);
}

#[tokio::test]
async fn da_d15_who_works_elsewhere_stays_signed_in_there() {
    let app = TestApp::start().await;
    register(&app).await;
    let account = person(&app, ADA, Role::Editor).await;
    let other = "other".parse().expect("a name");
    runtime::tenants::Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let there = Users::new(&app.store).create(&other, ADA, Role::Editor).await.expect("a user");
    crate::signing_in::realm(&app).accounts.join(&account.id, &other, &there.id).await.expect("a member");
    let tokens = tokens(&app, ADA).await;
    let (_, list) = app.integrator(Method::GET, "users", None).await;
    let gone = format!("{}?confirm={ADA}", path(&list["users"][0]));
    assert_eq!(app.integrator(Method::DELETE, &gone, None).await.0, 204);
    let user_token = text(&tokens, "access_token");
    assert_eq!(exchange(&app, user_token, "demo").await.0, 400);
    assert_eq!(exchange(&app, user_token, "other").await.0, 200);
}

#[tokio::test]
async fn da_d16_who_deletes_somebody_types_their_address() {
    let app = TestApp::start().await;
    let ada = app.adds(json!({ "name": "ada", "email": ADA, "role": "editor", "invite": false })).await;
    let robot = app.adds(json!({ "name": "Nightly export", "role": "read_only" })).await;
    let delete = async |user: &Value, confirm: &str| {
        let answer = app.integrator(Method::DELETE, &format!("{}{confirm}", path(user)), None).await;
        (answer.0.as_u16(), answer.1["errors"][0]["field"].as_str().map(str::to_owned))
    };
    let refused = (422, Some("confirm".to_owned()));
    for wrong in ["", "?confirm=", "?confirm=ada", "?confirm=ada@example.org", "?confirm=true"] {
        assert_eq!(delete(&ada, wrong).await, refused, "{wrong}");
    }
    assert_eq!(delete(&robot, "?confirm=ada@example.com").await, refused);
    assert_eq!(app.found("").await, ["ada", "Nightly export"]);
    assert_eq!(delete(&ada, "?confirm=ADA@example.com%20").await, (204, None));
    assert_eq!(delete(&robot, "?confirm=Nightly%20export").await, (204, None));
    assert!(app.found("").await.is_empty());
}

#[tokio::test]
async fn da_d17_a_desk_is_set_shown_and_changed() {
    let app = TestApp::start().await;
    let (_, fresh) = app.integrator(Method::POST, "users", Some(json!({ "name": "ada", "role": "editor" }))).await;
    assert_eq!((&fresh["csr"], &fresh["status"], &fresh["skills"]), (&json!(false), &json!("Offline"), &json!([])));
    let desk = json!({
        "csr": true, "status": "Available", "skills": ["billing", "French"], "voice_calls": true, "max_chats": 3,
        "max_emails": 0, "mobile_number": "+491701234567", "sip_destination": "sip:ada@pbx.example.com",
    });
    let mut expected = fresh.clone();
    for (name, value) in desk.as_object().expect("an object") {
        expected[name] = value.clone();
    }
    let (status, changed) = app.integrator(Method::PUT, &path(&fresh), Some(desk)).await;
    assert_eq!((status.as_u16(), &changed), (200, &expected));
    // What is left out stays; null takes away.
    let (_, changed) = app.integrator(Method::PUT, &path(&fresh), Some(json!({ "mobile_number": null }))).await;
    expected["mobile_number"] = Value::Null;
    assert_eq!(changed, expected);
    let (_, changed) = app.integrator(Method::PUT, &path(&fresh), Some(json!({ "role": "read_only" }))).await;
    expected["role"] = json!("read_only");
    expected["roles"] = json!(["read_only"]);
    assert_eq!(changed, expected);
    for (change, named) in [
        (json!({ "max_chats": 11 }), "max_chats"),
        (json!({ "max_emails": -1 }), "max_emails"),
        (json!({ "status": "Asleep" }), "status"),
        (json!({ "mobile_number": "0170 1234567" }), "mobile_number"),
        (json!({ "sip_destination": "mailto:ada@example.com" }), "sip_destination"),
        (json!({ "skills": ["billing", ""] }), "skills[1]"),
    ] {
        let answer = app.integrator(Method::PUT, &path(&fresh), Some(change)).await;
        assert_eq!(field(&answer), (422, named), "{}", answer.1);
    }
    assert_eq!(app.integrator(Method::GET, &path(&fresh), None).await.1, expected);
}

#[tokio::test]
async fn da_d17_who_is_no_csr_is_never_among_those_who_get_conversations() {
    let app = TestApp::start().await;
    let eager = json!({ "status": "Available", "skills": ["billing"], "voice_calls": true, "max_chats": 10 });
    for (name, csr) in [("ada", json!(true)), ("bob", json!(false)), ("eve", Value::Null)] {
        let mut new = eager.clone();
        new["name"] = json!(name);
        new["role"] = json!("editor");
        new["csr"] = csr;
        app.adds(new).await;
    }
    assert_eq!(app.found("csr=true").await, ["ada"]);
    assert_eq!(app.found("csr=false").await, ["bob", "eve"]);
    let (_, list) = app.integrator(Method::GET, "users?csr=true", None).await;
    let ada = path(&list["users"][0]);
    assert_eq!(app.integrator(Method::DELETE, &format!("{ada}?confirm=ada"), None).await.0, 204);
    assert!(app.found("csr=true").await.is_empty() && app.found("csr=true&deleted=true").await.is_empty());
}

#[tokio::test]
async fn da_d17_one_sets_up_ones_own_desk_and_no_more() {
    let app = TestApp::start().await;
    let ada = app.adds(json!({ "name": "ada", "role": "editor" })).await;
    let (_, token) = app.integrator(Method::POST, "tokens", Some(json!({ "user": ada["id"] }))).await;
    let token = text(&token, "secret");
    let change =
        json!({ "status": "Available", "skills": ["billing"], "max_chats": 2, "mobile_number": "+491701234567" });
    let (status, profile) = app.holder(token, Method::PUT, "profile", Some(change)).await;
    assert_eq!((status.as_u16(), &profile["user"]["status"]), (200, &json!("Available")), "{profile}");
    assert_eq!(app.integrator(Method::GET, &path(&ada), None).await.1, profile["user"]);
    for change in [json!({ "csr": true }), json!({ "roles": ["admin"] }), json!({ "max_chats": 11 })] {
        assert_eq!(app.holder(token, Method::PUT, "profile", Some(change)).await.0, 422);
    }
    assert_eq!(app.integrator(Method::GET, &path(&ada), None).await.1, profile["user"]);
    assert_eq!(app.integrator(Method::PUT, "profile", Some(json!({}))).await.0, 409, "the tenant has no desk");
}

#[tokio::test]
async fn da_d18_users_are_found_by_name_address_status_and_role() {
    let app = TestApp::start().await;
    for (name, first, email, role, status) in [
        ("ada", "Ada", "countess@example.com", "editor", "Available"),
        ("bob", "Robert", "bob@example.org", "editor", "Busy"),
        ("eve", "Eve", "eve@example.com", "read_only", "Available"),
    ] {
        let new = json!({
            "name": name, "first_name": first, "email": email, "role": role, "status": status, "invite": false,
        });
        app.adds(new).await;
    }
    for (query, expected) in [
        ("name=BO", vec!["bob"]),
        ("name=rob", vec!["bob"]),
        ("email=example.com", vec!["ada", "eve"]),
        ("email=ada", vec![]),
        ("status=Available", vec!["ada", "eve"]),
        ("status=Disconnected", vec![]),
        ("role=editor", vec!["ada", "bob"]),
        ("role=editor&status=Available&email=COM", vec!["ada"]),
        ("deleted=false&name=e", vec!["eve", "bob"]),
    ] {
        let mut found = app.found(query).await;
        found.sort();
        let mut expected: Vec<&str> = expected;
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    for (query, named) in
        [("status=available", "status"), ("limit=0", "limit"), ("limit=1001", "limit"), ("csr=maybe", "query")]
    {
        let answer = app.integrator(Method::GET, &format!("users?{query}"), None).await;
        assert_eq!(field(&answer), (422, named), "{query}");
    }
}

#[tokio::test]
async fn da_d18_a_long_list_comes_in_pages() {
    let app = TestApp::start().await;
    for number in 0..5 {
        let role = if number == 2 { "read_only" } else { "editor" };
        app.adds(json!({ "name": format!("user{number}"), "role": role })).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let query = format!("users?role=editor&limit=2{after}");
        let (status, page) = app.integrator(Method::GET, &query, None).await;
        assert_eq!(status, 200, "{page}");
        let users = page["users"].as_array().expect("a list");
        assert!(!users.is_empty() && users.len() <= 2, "{page}");
        seen.extend(users.iter().map(|user| text(user, "name").to_owned()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["user0", "user1", "user3", "user4"]);
}
