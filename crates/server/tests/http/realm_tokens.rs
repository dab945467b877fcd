//! Tokens of the realm on a tenant's operations: rows DA-A02 to DA-A06.

use reqwest::{Client, Method, StatusCode, header};
use runtime::{
    tenants::Tenants,
    users::{Role, Users},
};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    signing_in::{CLIENT, claims, exchange, person, realm, register, text, token, tokens},
};

const ADA: &str = "ada@example.com";

async fn with_ada(role: Role) -> TestApp {
    let app = TestApp::start().await;
    register(&app).await;
    person(&app, ADA, role).await;
    app
}

/// Calls an operation with a bearer.
async fn call(app: &TestApp, method: Method, path: &str, bearer: &str) -> (StatusCode, Value) {
    let request = Client::new().request(method, format!("{}/api/v1/{path}", app.url)).bearer_auth(bearer);
    json_of(request.send().await.expect("an answer")).await
}

#[tokio::test]
async fn da_a02_a_users_token_is_exchanged_for_a_tenants() {
    let app = with_ada(Role::Editor).await;
    let tokens = tokens(&app, ADA).await;
    let (status, exchanged) = exchange(&app, text(&tokens, "access_token"), "demo").await;
    assert_eq!(status, 200, "{exchanged}");
    assert_eq!(text(&exchanged, "issued_token_type"), "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(exchanged["expires_in"], 120);
    let said = claims(&exchanged["access_token"]);
    assert_eq!((&said["aud"], &said["client_id"]), (&json!("demo"), &json!(CLIENT)));
    assert_eq!(call(&app, Method::GET, "demo/agents", text(&exchanged, "access_token")).await.0, 200);
    // What is a tenant's is not exchanged again.
    assert_eq!(exchange(&app, text(&exchanged, "access_token"), "demo").await.0, 400);
}

#[tokio::test]
async fn da_a03_who_is_not_in_a_tenant_gets_no_token_for_it() {
    let app = with_ada(Role::Admin).await;
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("a tenant");
    let tokens = tokens(&app, ADA).await;
    let user_token = text(&tokens, "access_token");
    for tenant in ["other", "nowhere", "Not a tenant"] {
        let (status, refused) = exchange(&app, user_token, tenant).await;
        assert_eq!((status.as_u16(), text(&refused, "error")), (400, "invalid_target"), "{tenant}");
    }
    // Nor does who was removed.
    let users = Users::new(&app.store);
    let demo = "demo".parse().expect("a name");
    let user = users.find(&demo, ADA).await.expect("the store").expect("the user");
    users.delete(&demo, &user.id).await.expect("it is deleted");
    assert_eq!(exchange(&app, user_token, "demo").await.0, 400);
}

#[tokio::test]
async fn da_a04_the_audience_must_be_the_tenant_and_the_scopes_are_the_users() {
    let app = with_ada(Role::AnalyseGuest).await;
    Tenants::new(&app.store).create(&"other".parse().expect("a name"), "").await.expect("a tenant");
    app.noticed().await;
    let tokens = tokens(&app, ADA).await;
    let (_, exchanged) = exchange(&app, text(&tokens, "access_token"), "demo").await;
    assert_eq!(exchanged["scope"], "transcripts:read analytics:read profile:read");
    let token = text(&exchanged, "access_token");
    let (status, problem) = call(&app, Method::GET, "other/agents", token).await;
    assert_eq!((status.as_u16(), &problem["type"]), (403, &json!("urn:parlance:problem:wrong-audience")));
    let (status, problem) = call(&app, Method::GET, "demo/agents", token).await;
    assert_eq!((status.as_u16(), &problem["type"]), (403, &json!("urn:parlance:problem:forbidden")));
}

#[tokio::test]
async fn da_a05_a_users_own_token_opens_no_tenant_and_nobodys_is_told_to_authenticate() {
    let app = with_ada(Role::Admin).await;
    let tokens = tokens(&app, ADA).await;
    let (status, problem) = call(&app, Method::GET, "demo/agents", text(&tokens, "access_token")).await;
    assert_eq!((status.as_u16(), &problem["type"]), (403, &json!("urn:parlance:problem:wrong-audience")));
    for bearer in [text(&tokens, "id_token"), text(&tokens, "refresh_token"), "a.b.c", "nonsense"] {
        let request = Client::new().get(format!("{}/api/v1/demo/agents", app.url)).bearer_auth(bearer);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 401, "{bearer}");
        assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str().expect("text").starts_with("Bearer"));
    }
    let bare = Client::new().get(format!("{}/api/v1/demo/agents", app.url)).send().await.expect("an answer");
    assert_eq!((bare.status().as_u16(), bare.headers().contains_key(header::WWW_AUTHENTICATE)), (401, true));
    // Opaque tokens work as they did.
    assert_eq!(app.integrator(Method::GET, "agents", None).await.0, 200);
}

#[tokio::test]
async fn da_a06_a_service_account_has_tokens_of_its_tenant() {
    let app = TestApp::start().await;
    let clients = realm(&app).clients;
    let demo = "demo".parse().expect("a name");
    let scopes = ["agents:read", "tokens:read", "tokens:create"].map(str::to_owned).to_vec();
    let (_, secret) = clients.create_service("nightly", "", &demo, scopes).await.expect("a client");
    assert!(clients.create_service("odd", "", &demo, vec!["everything".to_owned()]).await.is_err());

    let ask = async |secret: &str, more: &[(&str, &str)]| {
        let mut fields =
            vec![("grant_type", "client_credentials"), ("client_id", "nightly"), ("client_secret", secret)];
        fields.extend(more);
        token(&app, &fields).await
    };
    let (status, answer) = ask(&secret, &[]).await;
    assert_eq!((status.as_u16(), &answer["scope"]), (200, &json!("agents:read tokens:read tokens:create")));
    assert_eq!(claims(&answer["access_token"])["aud"], "demo");
    assert_eq!(call(&app, Method::GET, "demo/agents", text(&answer, "access_token")).await.0, 200);
    assert_eq!(call(&app, Method::GET, "demo/users", text(&answer, "access_token")).await.0, 403);

    // Nobody makes a token that opens more than their own.
    let url = format!("{}/api/v1/demo/tokens", app.url);
    let more = Client::new().post(url).bearer_auth(text(&answer, "access_token")).json(&json!({})).send().await;
    assert_eq!(more.expect("an answer").status(), 403);
    let (_, tokens) = call(&app, Method::GET, "demo/tokens", text(&answer, "access_token")).await;
    assert_eq!(tokens["tokens"], json!([]), "they are the tenant's, not the service account's");

    let (_, less) = ask(&secret, &[("scope", "tokens:read")]).await;
    assert_eq!(less["scope"], "tokens:read");
    let (status, refused) = ask(&secret, &[("scope", "users:update")]).await;
    assert_eq!((status.as_u16(), text(&refused, "error")), (400, "invalid_scope"));
    let (status, refused) = ask(&secret, &[("audience", "other")]).await;
    assert_eq!((status.as_u16(), text(&refused, "error")), (400, "invalid_target"));
    let (status, refused) = ask("pls_wrong", &[]).await;
    assert_eq!((status.as_u16(), text(&refused, "error")), (401, "invalid_client"));

    let url = format!("{}/realms/dial-ai/protocol/openid-connect/token", app.url);
    let basic = Client::new().post(url).basic_auth("nightly", Some(&secret));
    let basic = basic.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = basic.body("grant_type=client_credentials").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn da_a06_without_a_tenant_in_the_path_the_tokens_counts() {
    let app = with_ada(Role::Editor).await;
    let tokens = tokens(&app, ADA).await;
    let (_, exchanged) = exchange(&app, text(&tokens, "access_token"), "demo").await;
    let (status, page) = call(&app, Method::GET, "transcripts", text(&exchanged, "access_token")).await;
    assert_eq!((status.as_u16(), &page["transcripts"]), (200, &json!([])));
    assert_eq!(call(&app, Method::GET, "transcripts", &app.token).await.0, 200);
    assert_eq!(call(&app, Method::GET, "transcripts", text(&tokens, "access_token")).await.0, 403);
}
