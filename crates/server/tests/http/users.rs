//! People, their roles and their tokens: rows OD-P02 to OD-P05, OD-T14 and OD-T15.

use model::Timestamp;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use runtime::{
    tenants::Tenants,
    tokens::Tokens,
    users::{Role, Users},
};
use serde_json::{Value, json};

use crate::{app::TestApp, flag_evaluations::public};

const READ: &str = "user-interactions?from=2020-01-01%2000:00:00&to=2100-01-01%2000:00:00";

/// Somebody with a token of theirs.
struct Person {
    id: String,
    token_id: String,
    token: String,
}

impl TestApp {
    async fn hires(&self, name: &str, role: &str) -> Person {
        let (status, user) = self.integrator(Method::POST, "users", Some(json!({ "name": name, "role": role }))).await;
        assert_eq!(status, 201, "{user}");
        let id = user["id"].as_str().expect("an id").to_owned();
        let (token_id, token) = self.token_of(&id).await;
        Person { id, token_id, token }
    }

    async fn token_of(&self, user: &str) -> (String, String) {
        let (status, token) = self.integrator(Method::POST, "tokens", Some(json!({ "user": user }))).await;
        assert_eq!(status, 201, "{token}");
        let text = |name: &str| token[name].as_str().expect("a text").to_owned();
        (text("id"), text("secret"))
    }

    async fn status(&self, person: &Person, method: Method, path: &str, body: Option<Value>) -> u16 {
        self.holder(&person.token, method, path, body).await.0.as_u16()
    }

    async fn names(&self) -> Vec<(String, String)> {
        let (status, list) = self.integrator(Method::GET, "users", None).await;
        assert_eq!(status, 200, "{list}");
        let text = |user: &Value, name: &str| user[name].as_str().expect("a text").to_owned();
        list["users"].as_array().expect("a list").iter().map(|user| (text(user, "name"), text(user, "role"))).collect()
    }
}

fn problem(answer: &(StatusCode, Value)) -> (u16, &str) {
    let kind = answer.1["type"].as_str().unwrap_or_else(|| panic!("a problem has a type: {}", answer.1));
    (answer.0.as_u16(), kind.rsplit(':').next().unwrap_or_default())
}

#[tokio::test]
async fn somebody_comes_changes_roles_and_goes() {
    let app = TestApp::start().await;
    assert!(app.names().await.is_empty());
    let new = json!({ "name": " Ada Lovelace ", "role": "editor" });
    let (status, ada) = app.integrator(Method::POST, "users", Some(new)).await;
    assert_eq!(status, 201, "{ada}");
    let keys: Vec<_> = ada.as_object().expect("an object").keys().map(String::as_str).collect();
    let who = ["id", "name", "first_name", "last_name", "email", "roles", "role"];
    let desk =
        ["csr", "status", "skills", "voice_calls", "max_chats", "max_emails", "mobile_number", "sip_destination"];
    assert_eq!(keys, [&who[..], &desk[..], &["created_at", "deleted_at"][..]].concat());
    assert_eq!((&ada["name"], &ada["role"]), (&json!("Ada Lovelace"), &json!("editor")));
    let path = format!("users/{}", ada["id"].as_str().expect("an id"));
    assert_eq!(app.integrator(Method::GET, &path, None).await, (StatusCode::OK, ada.clone()));
    app.hires("Bob", "preview_guest").await;
    let named = |name: &str, role: &str| (name.to_owned(), role.to_owned());
    assert_eq!(app.names().await, [named("Ada Lovelace", "editor"), named("Bob", "preview_guest")]);

    let mut changed = ada.clone();
    changed["role"] = "analyse_guest".into();
    changed["roles"] = json!(["analyse_guest"]);
    let put = app.integrator(Method::PUT, &path, Some(json!({ "role": "analyse_guest" }))).await;
    assert_eq!(put, (StatusCode::OK, changed.clone()));
    assert_eq!(app.integrator(Method::GET, &path, None).await.1, changed);
    let confirmed = format!("{path}?confirm=ada%20lovelace");
    assert_eq!(app.integrator(Method::DELETE, &confirmed, None).await, (StatusCode::NO_CONTENT, json!("")));
    for (method, path, body) in [
        (Method::PUT, &path, Some(json!({ "role": "admin" }))),
        (Method::DELETE, &confirmed, None),
        (Method::POST, &format!("{path}/invite"), None),
    ] {
        assert_eq!(problem(&app.integrator(method, path, body).await), (404, "not-found"));
    }
    assert_eq!(app.names().await, [named("Bob", "preview_guest")]);
}

#[tokio::test]
async fn names_are_unique_without_regard_to_case() {
    let app = TestApp::start().await;
    let add =
        async |name: &str| app.integrator(Method::POST, "users", Some(json!({ "name": name, "role": "editor" }))).await;
    let (_, ada) = add("Ada@Example.com").await;
    assert_eq!(add("ÄNNE").await.0, 201);
    for taken in ["Ada@Example.com", "ada@example.com", "  ADA@EXAMPLE.COM\t", "änne"] {
        assert_eq!(problem(&add(taken).await), (409, "conflict"), "{taken}");
    }
    assert_eq!(add("ada@example.org").await.0, 201);
    let path = format!("users/{}", ada["id"].as_str().expect("an id"));
    assert_eq!(app.integrator(Method::DELETE, &format!("{path}?confirm=ada@example.com"), None).await.0, 204);
    assert_eq!(add("ADA@example.com").await.0, 201, "a name is free when its bearer is gone");
    // Another tenant has names of its own.
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    Users::new(&app.store).create(&other, "änne", Role::Editor).await.expect("the name is free there");
}

#[rstest]
#[case(json!({ "name": "", "role": "editor" }), "name")]
#[case(json!({ "name": "  ", "role": "editor" }), "name")]
#[case(json!({ "name": "a\nb", "role": "editor" }), "name")]
#[case(json!({ "name": "x".repeat(201), "role": "editor" }), "name")]
#[case(json!({ "name": "ann", "role": "owner" }), "roles[0]")]
#[case(json!({ "name": "ann" }), "roles")]
#[case(json!({ "name": "ann", "role": "editor", "id": "chosen" }), "body")]
#[tokio::test]
async fn what_is_no_user_is_refused(#[case] body: Value, #[case] field: &str) {
    let app = TestApp::start().await;
    let answer = app.integrator(Method::POST, "users", Some(body)).await;
    assert_eq!((problem(&answer), &answer.1["errors"][0]["field"]), ((422, "invalid"), &json!(field)));
    assert!(app.names().await.is_empty());
}

#[tokio::test]
async fn od_t15_nobody_changes_or_removes_themselves() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.hires("ann", "admin").await, app.hires("bob", "admin").await);
    let path = format!("users/{}", ann.id);
    for role in ["editor", "admin"] {
        let answer = app.holder(&ann.token, Method::PUT, &path, Some(json!({ "role": role }))).await;
        assert_eq!(problem(&answer), (422, "invalid"));
    }
    assert_eq!(problem(&app.holder(&ann.token, Method::DELETE, &path, None).await), (422, "invalid"));
    assert_eq!(app.holder(&ann.token, Method::GET, &path, None).await.1["role"], "admin");
    // Another administrator may.
    assert_eq!(app.status(&bob, Method::PUT, &path, Some(json!({ "role": "editor" }))).await, 200);
    assert_eq!(app.status(&ann, Method::DELETE, &format!("users/{}?confirm=bob", bob.id), None).await, 403);
    assert_eq!(app.status(&bob, Method::DELETE, &format!("{path}?confirm=ann"), None).await, 204);
    assert_eq!(app.status(&ann, Method::GET, "agents", None).await, 401);
}

#[tokio::test]
async fn od_t14_an_editor_does_everything_but_people() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.hires("ann", "editor").await, app.hires("bob", "editor").await);
    for path in ["agents", "transcripts", "events", "aliases", "secrets", "webhooks", "tokens"] {
        assert_eq!(app.status(&ann, Method::GET, path, None).await, 200, "{path}");
    }
    let new = json!({ "name": "eve", "role": "admin" });
    let of_bob = format!("users/{}", bob.id);
    let calls: [(Method, &str, Option<Value>); 6] = [
        (Method::GET, "users", None),
        (Method::POST, "users", Some(new)),
        (Method::GET, &of_bob, None),
        (Method::PUT, &of_bob, Some(json!({ "role": "admin" }))),
        (Method::DELETE, &of_bob, None),
        (Method::POST, "tokens", Some(json!({ "user": bob.id }))),
    ];
    for (method, path, body) in calls {
        let answer = app.holder(&ann.token, method.clone(), path, body).await;
        assert_eq!(problem(&answer), (403, "forbidden"), "{method} {path}");
    }
    let own = app.holder(&ann.token, Method::GET, "profile", None).await;
    assert_eq!((own.0.as_u16(), &own.1["user"]["name"]), (200, &json!("ann")));
    assert_eq!(
        app.status(&ann, Method::PUT, &format!("users/{}", ann.id), Some(json!({ "role": "admin" }))).await,
        403
    );
    assert_eq!(app.names().await.len(), 2);
}

#[rstest]
#[case("analyse_guest")]
#[case("preview_guest")]
#[case("preview_analyse_guest")]
#[tokio::test]
async fn od_t14_guests_change_nothing_and_see_no_people(#[case] role: &str) {
    let app = TestApp::start().await;
    let guest = app.hires("guest", role).await;
    let own = format!("users/{}", guest.id);
    let analyses = app.holder(&guest.token, Method::GET, "transcripts", None).await.0;
    assert_eq!(analyses, if role == "preview_guest" { 403 } else { 200 });
    for path in ["agents", "events", "aliases", "secrets", "webhooks", "tokens", "users", &own] {
        let answer = app.holder(&guest.token, Method::GET, path, None).await;
        assert_eq!(problem(&answer), (403, "forbidden"), "{path}");
    }
    let answer = app.holder(&guest.token, Method::POST, "tokens", Some(json!({}))).await;
    assert_eq!(problem(&answer), (403, "forbidden"));
}

#[tokio::test]
async fn od_p05_permissions_follow_the_user_at_once() {
    let app = TestApp::start().await;
    let ann = app.hires("ann", "editor").await;
    let (_, second) = app.token_of(&ann.id).await;
    for (role, own, reads) in
        [("editor", 200, 200), ("analyse_guest", 403, 200), ("preview_guest", 403, 403), ("admin", 200, 200)]
    {
        let path = format!("users/{}", ann.id);
        let (status, user) = app.integrator(Method::PUT, &path, Some(json!({ "role": role }))).await;
        assert_eq!((status.as_u16(), &user["role"]), (200, &json!(role)));
        for token in [&ann.token, &second] {
            assert_eq!(app.holder(token, Method::GET, "agents", None).await.0, own, "{role}");
            assert_eq!(public(&app, token, READ).await.status(), reads, "{role}");
        }
    }
    assert_eq!(app.integrator(Method::DELETE, &format!("users/{}?confirm=ann", ann.id), None).await.0, 204);
    for token in [&ann.token, &second] {
        assert_eq!(app.holder(token, Method::GET, "agents", None).await.0, 401);
        assert_eq!(public(&app, token, READ).await.status(), 401);
    }
    let (_, list) = app.integrator(Method::GET, "tokens", None).await;
    assert_eq!(list["tokens"].as_array().map(Vec::len), Some(1), "their tokens went with them: {list}");
}

#[tokio::test]
async fn od_p02_od_p04_the_list_shows_every_token_and_no_secret() {
    let app = TestApp::start().await;
    let ann = app.hires("ann", "editor").await;
    let new = json!({ "name": "nightly export", "expires_in_days": 30 });
    let (status, made) = app.holder(&ann.token, Method::POST, "tokens", Some(new)).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().expect("a secret");
    assert_eq!(public(&app, secret, READ).await.status(), 200);
    let demo = "demo".parse().expect("a name");
    let past = Timestamp::from_seconds(1);
    let user = Users::new(&app.store).need(&demo, &ann.id).await.expect("she is there");
    let (_, gone) = Tokens::new(&app.store).create_for(&demo, "old", Some(past), Some(&user)).await.expect("a token");

    let (_, list) = app.holder(&ann.token, Method::GET, "tokens", None).await;
    let tokens = list["tokens"].as_array().expect("a list");
    let [first, second, third] = tokens.as_slice() else { panic!("she has three: {list}") };
    assert_eq!(first["id"], json!(ann.token_id));
    let mut shown = made.clone();
    shown.as_object_mut().expect("an object").remove("secret");
    assert_eq!(second.to_string(), shown.to_string());
    let keys: Vec<_> = second.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["id", "name", "user", "created_at", "expires_at", "expired"]);
    assert_eq!((&second["user"], &second["expired"]), (&json!(ann.id), &json!(false)));
    assert_eq!((&third["name"], &third["expired"]), (&json!("old"), &json!(true)));
    assert_eq!(third["expires_at"], "1970-01-01T00:00:01.000000Z");
    for hidden in [secret, &gone, &ann.token, &hex::encode(runtime::tokens::hash(secret))] {
        assert!(!list.to_string().contains(hidden), "{list}");
    }
    for days in [0, 36_501] {
        let answer = app.holder(&ann.token, Method::POST, "tokens", Some(json!({ "expires_in_days": days }))).await;
        assert_eq!(problem(&answer), (422, "invalid"), "{days}");
    }
}

#[tokio::test]
async fn od_p03_an_editor_sees_and_ends_only_their_own_tokens() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.hires("ann", "editor").await, app.hires("bob", "admin").await);
    let listed = async |person: &Person| {
        let (_, list) = app.holder(&person.token, Method::GET, "tokens", None).await;
        let tokens = list["tokens"].as_array().expect("a list").clone();
        tokens.iter().map(|token| token["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&ann).await, [ann.token_id.as_str()]);
    assert_eq!(listed(&bob).await.len(), 3, "an administrator sees all, the tenant's own included");
    let of_bob = format!("tokens/{}", bob.token_id);
    assert_eq!(problem(&app.holder(&ann.token, Method::DELETE, &of_bob, None).await), (404, "not-found"));
    assert_eq!(app.status(&bob, Method::GET, "agents", None).await, 200);
    assert_eq!(app.status(&bob, Method::DELETE, &format!("tokens/{}", ann.token_id), None).await, 204);
    assert_eq!(app.status(&ann, Method::GET, "agents", None).await, 401);
    assert_eq!(app.status(&bob, Method::DELETE, &of_bob, None).await, 204, "one's own ends, too");
    assert_eq!(app.status(&bob, Method::GET, "agents", None).await, 401);
}

#[tokio::test]
async fn another_tenants_people_and_tokens_are_not_there() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let eve = Users::new(&app.store).create(&other, "eve", Role::Admin).await.expect("she is added");
    let (token, secret) = Tokens::new(&app.store).create_for(&other, "", None, Some(&eve)).await.expect("a token");
    app.noticed().await;
    for (method, path, body) in [
        (Method::GET, format!("users/{}", eve.id), None),
        (Method::DELETE, format!("users/{}?confirm=eve", eve.id), None),
        (Method::POST, format!("users/{}/restore", eve.id), None),
        (Method::DELETE, format!("tokens/{}", token.id), None),
        (Method::POST, "tokens".to_owned(), Some(json!({ "user": eve.id }))),
    ] {
        assert_eq!(problem(&app.integrator(method, &path, body).await), (404, "not-found"), "{path}");
    }
    assert!(app.names().await.is_empty());
    assert_eq!(problem(&app.holder(&secret, Method::GET, "users", None).await), (403, "wrong-audience"));
}
