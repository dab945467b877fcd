//! Browsers that are signed in, on the server's own pages: rows DA-P1 to DA-P3.

use model::TenantId;
use reqwest::{Client, Method, Response, header};
use rstest::rstest;
use runtime::{
    realm::sessions::SECONDS,
    tenants::Tenants,
    users::{Role, Users},
};
use serde_json::{Value, json};
use store::{Expect, Page};

use crate::{
    app::{TestApp, json_of},
    flows_world::World,
    signing_in::{Browser, PASSWORD, SIGN_IN, claims, encoded, hidden, person, realm, register, sent_to, text},
};

const ADA: &str = "ada@example.com";
const DOCUMENT: &str = "/api/swagger/openapi.json";
const PAGE: &str = "/api/swagger/";
/// What a browser says that opens a page.
const A_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn with_ada() -> TestApp {
    let app = TestApp::start().await;
    person(&app, ADA, Role::Editor).await;
    app
}

/// A browser in which somebody has signed in for the page of the description.
async fn signed_in(app: &TestApp) -> Browser {
    let browser = Browser::new(app);
    let answer = browser.sign_in("/session/sign-in", ADA, PASSWORD).await;
    assert_eq!(sent_to(&answer).path(), PAGE);
    browser
}

/// A page of the server, in a browser, sends something.
async fn sends(app: &TestApp, browser: &Browser, path: &str, body: Option<Value>) -> Response {
    let request = browser.client.post(format!("{}{path}", app.url));
    let request = request.header(header::ORIGIN, &app.url).header("sec-fetch-site", "same-origin");
    let request = if let Some(body) = body { request.json(&body) } else { request };
    request.send().await.expect("an answer")
}

/// A page asks for a token of a tenant.
async fn token(app: &TestApp, browser: &Browser, tenant: &str) -> (u16, Value) {
    let (status, answer) =
        json_of(sends(app, browser, "/session/token", Some(json!({ "tenant": tenant }))).await).await;
    (status.as_u16(), answer)
}

/// Opens a page as a person does.
async fn opens(app: &TestApp, browser: &Browser, path: &str) -> Response {
    let request = browser.client.get(format!("{}{path}", app.url)).header(header::ACCEPT, A_PAGE);
    request.send().await.expect("an answer")
}

async fn is_open(app: &TestApp) -> bool {
    let mut found = Vec::new();
    for path in [DOCUMENT, "/api/swagger/openapi-3.1.json", PAGE, "/api/swagger/swagger-ui.css"] {
        let answer = reqwest::get(format!("{}{path}", app.url)).await.expect("an answer");
        found.push(match answer.status().as_u16() {
            200 => true,
            401 => false,
            other => panic!("{path}: {other}"),
        });
    }
    assert!(found.iter().all(|open| *open == found[0]), "all of it or nothing: {found:?}");
    found[0]
}

fn problem(answer: &Value) -> &str {
    text(answer, "type").strip_prefix("urn:parlance:problem:").expect("a problem")
}

#[tokio::test]
async fn da_p01_with_a_session_the_document_lists_every_operation() {
    let app = with_ada().await;
    let browser = signed_in(&app).await;
    let answer = browser.get(DOCUMENT).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "private, no-cache");
    let document: Value = answer.json().await.expect("JSON");
    assert!(text(&document, "openapi").starts_with("3.2"));
    assert_eq!(document, serde_json::to_value(server::openapi_document()).expect("it serialises"));
}

#[tokio::test]
async fn da_p02_the_description_is_closed_as_soon_as_somebody_can_sign_in() {
    let app = TestApp::start().await;
    assert!(is_open(&app).await, "with API tokens only");
    // Many who were invited and have no password yet.
    for number in 0..45 {
        realm(&app).accounts.create(&format!("invited-{number}@example.com"), "").await.expect("an account");
    }
    assert!(is_open(&app).await, "nobody can sign in yet");
    let account = person(&app, ADA, Role::Editor).await;
    assert!(!is_open(&app).await);
    let (status, refused) =
        json_of(Client::new().get(format!("{}{DOCUMENT}", app.url)).send().await.expect("one")).await;
    assert_eq!((status.as_u16(), problem(&refused)), (401, "not-signed-in"), "{refused}");
    // A token opens it, as before.
    let with = async |token: &str| {
        let request = Client::new().get(format!("{}{DOCUMENT}", app.url)).bearer_auth(token);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.headers().get(header::WWW_AUTHENTICATE).cloned())
    };
    assert_eq!(with(&app.token).await, (200, None));
    let (status, challenge) = with("plt_0").await;
    assert_eq!((status, challenge.expect("a challenge").to_str().ok()), (401, Some("Bearer error=\"invalid_token\"")));
    // The only one who could is gone.
    let (demo, users): (TenantId, _) = ("demo".parse().expect("a name"), Users::new(&app.store));
    users.delete(&demo, account.user_in(&demo).expect("a user")).await.expect("she is deleted");
    assert!(is_open(&app).await);
}

#[rstest]
#[case(Some(true), false)]
#[case(Some(false), true)]
#[tokio::test]
async fn da_p02_what_is_configured_goes_before(#[case] private: Option<bool>, #[case] open: bool) {
    let app = TestApp::start_serving(|options| options.private_openapi = private).await;
    assert_eq!(is_open(&app).await, open);
    person(&app, ADA, Role::Editor).await;
    assert_eq!(is_open(&app).await, open);
}

#[rstest]
#[case("/api/swagger", "/api/swagger")]
#[case(PAGE, PAGE)]
#[case("/api/swagger/?a=b%20c&d", "/api/swagger/?a=b%20c&d")]
#[case(DOCUMENT, DOCUMENT)]
#[tokio::test]
async fn da_p02_a_person_is_sent_to_sign_in_and_comes_back(#[case] asked: &str, #[case] back: &str) {
    let app = with_ada().await;
    let browser = Browser::new(&app);
    let sent = opens(&app, &browser, asked).await;
    assert!(
        sent.headers()[header::CACHE_CONTROL] == "no-store" && sent.headers().get(header::WWW_AUTHENTICATE).is_none()
    );
    let to = sent_to(&sent);
    assert_eq!((to.path(), to.query()), ("/session/sign-in", Some(encoded(&[("return", back)]).as_str())));
    let page = format!("{}?{}", to.path(), to.query().unwrap_or_default());
    let wrong = browser.sign_in(&page, ADA, "wrong password").await;
    assert_eq!(wrong.status(), 401);
    let again = hidden(&wrong.text().await.expect("a page"), "request");
    assert_eq!(again, encoded(&[("return", back)]), "the second try leads there too");
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert_eq!(answer.headers()[header::LOCATION], back);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    let flags = format!("; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict");
    assert!(cookie.starts_with("parlance_session=") && cookie.ends_with(&flags), "{cookie}");
    let followed = opens(&app, &browser, back).await;
    assert!([200, 303].contains(&followed.status().as_u16()), "{}", followed.status());
    assert!(followed.headers().get(header::LOCATION).is_none_or(|to| to == PAGE), "not to sign in again");
    // Who is signed in is not asked again.
    assert_eq!(browser.get(&page).await.headers()[header::LOCATION], back);
}

#[tokio::test]
async fn da_p02_a_program_is_not_sent_to_a_page() {
    let app = with_ada().await;
    for (kinds, token) in [("application/json", None), ("*/*", None), (A_PAGE, Some("plt_0"))] {
        let request = Browser::new(&app).client.get(format!("{}{DOCUMENT}", app.url)).header(header::ACCEPT, kinds);
        let request = if let Some(token) = token { request.bearer_auth(token) } else { request };
        let answer = request.send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), answer.headers().get(header::LOCATION)), (401, None), "{kinds}");
        assert!(answer.headers().contains_key(header::WWW_AUTHENTICATE), "{kinds}");
    }
}

#[tokio::test]
async fn over_https_the_cookies_are_of_this_host_alone() {
    let app = TestApp::start_serving(|options| options.public_url = Some("https://chat.example.com".into())).await;
    person(&app, ADA, Role::Editor).await;
    // A client that keeps cookies would not send these over plain http.
    let bare = Browser::new(&app).client;
    let page = bare.get(format!("{}/session/sign-in", app.url)).send().await.expect("a page");
    let cookie = page.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("__Host-parlance_form=") && cookie.ends_with("; Secure"), "{cookie}");
    let html = page.text().await.expect("a page");
    let (form, request) = (hidden(&html, "form"), hidden(&html, "request"));
    let fields = [("form", form.as_str()), ("request", request.as_str()), ("username", ADA), ("password", PASSWORD)];
    let sent = bare.post(format!("{}{SIGN_IN}", app.url)).body(encoded(&fields));
    let sent = sent.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let sent = sent.header(header::COOKIE, cookie.split(';').next().expect("a pair"));
    let answer = sent.send().await.expect("an answer");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("__Host-parlance_session="), "{cookie}");
    assert!(cookie.contains("; Path=/;") && !cookie.contains("Domain"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    // Pages of the public address are ours.
    let ask = bare.post(format!("{}/session/token", app.url)).json(&json!({ "tenant": "demo" }));
    let ask = ask.header(header::COOKIE, cookie.split(';').next().expect("a pair"));
    let answer = ask.header(header::ORIGIN, "https://chat.example.com").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[rstest]
#[case("https://evil.test/")]
#[case("//evil.test")]
#[case("/\\evil.test")]
#[case("\\\\evil.test")]
#[case("/\t/evil.test")]
#[case("javascript:alert(1)")]
#[case("evil")]
#[tokio::test]
async fn nobody_is_sent_to_another_server_after_signing_in(#[case] address: &str) {
    let app = with_ada().await;
    let page = format!("/session/sign-in?{}", encoded(&[("return", address)]));
    for browser in [Browser::new(&app), signed_in(&app).await] {
        let answer = browser.get(&page).await;
        assert_eq!((answer.status().as_u16(), answer.headers().get(header::LOCATION)), (400, None));
    }
    // Nor by a form that was changed, with the right password.
    let browser = Browser::new(&app);
    let html = browser.get("/session/sign-in").await.text().await.expect("a page");
    let (form, request) = (hidden(&html, "form"), encoded(&[("return", address)]));
    let fields = [("form", form.as_str()), ("request", request.as_str()), ("username", ADA), ("password", PASSWORD)];
    let answer = browser.post(SIGN_IN, &fields).await;
    assert_eq!((answer.status().as_u16(), answer.headers().get(header::LOCATION)), (400, None));
    assert!(answer.headers().get(header::SET_COOKIE).is_none(), "nor signed in");
}

#[tokio::test]
async fn da_p03_a_page_calls_operations_of_a_tenant_in_the_name_of_who_is_signed_in() {
    let app = with_ada().await;
    let other: TenantId = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    app.noticed().await;
    let browser = Browser::new(&app);
    let (_, nobody) = json_of(browser.get("/session").await).await;
    assert_eq!(nobody, json!({ "account": null, "can_sign_in": true }));
    let browser = signed_in(&app).await;
    let (_, who) = json_of(browser.get("/session").await).await;
    let ada = json!({ "email": ADA, "name": "Ada", "tenants": ["demo"] });
    assert_eq!(who, json!({ "account": ada, "can_sign_in": true }));

    let answer = sends(&app, &browser, "/session/token", Some(json!({ "tenant": "demo" }))).await;
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let (status, given) = json_of(answer).await;
    assert_eq!((status.as_u16(), &given["token_type"], &given["expires_in"]), (200, &json!("Bearer"), &json!(120)));
    assert!(given.get("refresh_token").is_none(), "{given}");
    let bearer = text(&given, "access_token");
    let claimed = claims(&given["access_token"]);
    assert_eq!((&claimed["aud"], &claimed["iss"]), (&json!("demo"), &json!(format!("{}/realms/dial-ai", app.url))));
    assert_eq!(app.holder(bearer, Method::GET, "agents", None).await.0, 200);
    // What her roles hold, and no more.
    assert_eq!(app.holder(bearer, Method::POST, "users", Some(json!({ "name": "Eve" }))).await.0, 403);
    // It is this tenant's alone.
    let there = Client::new().get(format!("{}/api/v1/other/agents", app.url)).bearer_auth(bearer).send().await;
    let (status, refused) = json_of(there.expect("an answer")).await;
    assert_eq!((status.as_u16(), problem(&refused)), (403, "wrong-audience"));
    // A tenant that she is not in and one that does not exist look the same.
    let refused = token(&app, &browser, "other").await;
    assert_eq!((refused.0, problem(&refused.1)), (403, "not-a-user"));
    for unknown in ["nowhere", "No Tenant", ""] {
        assert_eq!(token(&app, &browser, unknown).await, refused, "{unknown}");
    }
    for wrong in [json!({}), json!({ "tenant": 1 }), json!({ "tenant": "demo", "scope": "all" }), json!([])] {
        let answer = sends(&app, &browser, "/session/token", Some(wrong.clone())).await;
        assert_eq!(answer.status(), 422, "{wrong}");
    }
}

#[tokio::test]
async fn da_p03_the_page_fetches_tokens_and_shows_who_is_signed_in() {
    let app = with_ada().await;
    let browser = signed_in(&app).await;
    let page = opens(&app, &browser, PAGE).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("connect-src 'self';"), "{policy}");
    assert!(page.text().await.expect("a page").contains("./swagger-initializer.js"));
    let start = browser.get("/api/swagger/swagger-initializer.js").await.text().await.expect("a script");
    for part in ["requestInterceptor", "/assets/session.js", "Signed in as", "Sign out"] {
        assert!(start.contains(part), "{part}: {start}");
    }
    let session = browser.get("/assets/session.js").await.text().await.expect("a script");
    for path in ["/session/token", "/session/sign-out", "/session/sign-in"] {
        assert!(session.contains(path), "{path}: {session}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_get_no_token_and_sign_nobody_out() {
    let app = with_ada().await;
    let browser = signed_in(&app).await;
    let other_port = "http://127.0.0.1:9";
    let suffixed = format!("{}.evil.test", app.url);
    for (origin, site) in [
        (Some("https://evil.test"), Some("cross-site")),
        (Some("https://evil.test"), None),
        (Some("null"), None),
        (Some(other_port), Some("same-site")),
        (Some(suffixed.as_str()), None),
        (Some(app.url.as_str()), Some("cross-site")),
        (Some(app.url.as_str()), Some("same-site")),
        (None, Some("same-origin")),
        (None, None),
    ] {
        for path in ["/session/token", "/session/sign-out"] {
            let request = browser.client.post(format!("{}{path}", app.url)).json(&json!({ "tenant": "demo" }));
            let request = if let Some(origin) = origin { request.header(header::ORIGIN, origin) } else { request };
            let request = if let Some(site) = site { request.header("sec-fetch-site", site) } else { request };
            let answer = request.send().await.expect("an answer");
            let headers = answer.headers();
            assert!(headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none(), "{path} {origin:?}");
            assert!(headers.get(header::SET_COOKIE).is_none(), "{path} {origin:?}");
            let (status, refused) = json_of(answer).await;
            assert_eq!((status.as_u16(), problem(&refused)), (403, "foreign-page"), "{path} {origin:?} {site:?}");
        }
    }
    assert_eq!(token(&app, &browser, "demo").await.0, 200, "still signed in");
    // A form of another site cannot say that it sends JSON.
    let request = browser.client.post(format!("{}/session/token", app.url)).header(header::ORIGIN, &app.url);
    let request = request.header(header::CONTENT_TYPE, "text/plain").body("{\"tenant\":\"demo\"}");
    assert_eq!(request.send().await.expect("an answer").status(), 415);
    // The cookie opens none of the API's operations.
    assert_eq!(browser.get("/api/v1/demo/agents").await.status(), 401);
}

/// Nobody is signed in with a browser: neither the description nor a token is to be had.
async fn is_out(app: &TestApp, browser: &Browser) {
    assert_eq!(browser.get(DOCUMENT).await.status(), 401);
    assert_eq!(sent_to(&opens(app, browser, PAGE).await).path(), "/session/sign-in");
    let (status, refused) = token(app, browser, "demo").await;
    assert_eq!((status, problem(&refused)), (401, "not-signed-in"), "{refused}");
    let (_, session) = json_of(browser.get("/session").await).await;
    assert_eq!(session["account"], json!(null));
    assert_eq!(browser.get("/session/sign-in").await.status(), 200, "the page to sign in on, and no way back");
}

#[tokio::test]
async fn signing_out_on_a_page_ends_the_session_of_the_realm() {
    let app = with_ada().await;
    let browser = signed_in(&app).await;
    let other = signed_in(&app).await;
    let answer = sends(&app, &browser, "/session/sign-out", None).await;
    assert_eq!(answer.status(), 204);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("parlance_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"), "{cookie}");
    is_out(&app, &browser).await;
    assert_eq!(sends(&app, &browser, "/session/sign-out", None).await.status(), 204, "once more is no error");
    assert_eq!(token(&app, &other, "demo").await.0, 200, "another browser stays signed in");
}

/// The browser still sends the cookie, and it is good for nothing.
#[tokio::test]
async fn a_session_that_ended_elsewhere_or_expired_opens_nothing() {
    let app = with_ada().await;
    let account = realm(&app).accounts.need(ADA).await.expect("the account").id;
    let revoked = signed_in(&app).await;
    realm(&app).sign_out_everywhere(&account).await.expect("she is signed out");
    is_out(&app, &revoked).await;

    let expired = signed_in(&app).await;
    let sessions = app.store.platform();
    for document in sessions.list("sign_in_session", Page::whole()).await.expect("sessions") {
        let mut session: Value = document.read().expect("a session");
        assert!(session["expires_at"].is_i64(), "{session}");
        session["expires_at"] = json!(1);
        sessions.put("sign_in_session", &document.id, &session, &[], Expect::Any).await.expect("it is written");
    }
    is_out(&app, &expired).await;

    let gone = signed_in(&app).await;
    realm(&app).accounts.delete(&account).await.expect("it is deleted");
    // Somebody else still can sign in.
    person(&app, "bob@example.com", Role::Editor).await;
    is_out(&app, &gone).await;

    let zeros = "0".repeat(64);
    for secret in ["", "x", zeros.as_str()] {
        let request = Browser::new(&app).client.get(format!("{}{DOCUMENT}", app.url));
        let request = request.header(header::COOKIE, format!("parlance_session={secret}"));
        assert_eq!(request.send().await.expect("an answer").status(), 401, "{secret}");
    }
}

#[tokio::test]
async fn who_was_deleted_in_a_tenant_gets_no_token_of_it() {
    let app = with_ada().await;
    let (demo, other): (TenantId, TenantId) = ("demo".parse().expect("a name"), "other".parse().expect("a name"));
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let users = Users::new(&app.store);
    let there = users.create(&other, ADA, Role::Editor).await.expect("a user");
    let account = realm(&app).accounts.need(ADA).await.expect("the account");
    realm(&app).accounts.join(&account.id, &other, &there.id).await.expect("a member");
    let browser = signed_in(&app).await;
    assert_eq!(token(&app, &browser, "other").await.0, 200);
    users.delete(&demo, account.user_in(&demo).expect("a user")).await.expect("she is deleted there");
    assert_eq!(token(&app, &browser, "demo").await.0, 403);
    assert_eq!(token(&app, &browser, "other").await.0, 200);
    let (_, session) = json_of(browser.get("/session").await).await;
    assert_eq!(session["account"]["tenants"], json!(["other"]));
}

#[tokio::test]
async fn a_program_that_signs_people_in_is_not_confused_with_a_page() {
    let app = with_ada().await;
    register(&app).await;
    // What a client sends beside what is asked for is its own affair.
    let browser = Browser::new(&app);
    let page = format!("{}&{}", crate::signing_in::ask(&[]), encoded(&[("return", "/api/swagger/")]));
    let answer = browser.sign_in(&page, ADA, PASSWORD).await;
    assert!(sent_to(&answer).as_str().starts_with(crate::signing_in::BACK), "{}", sent_to(&answer));
}

#[tokio::test]
async fn da_t03_whoever_is_signed_in_tries_a_flow_out() {
    let world = World::start().await;
    let (app, page) = (&world.app, format!("/chat-test/{}", world.flow));
    person(app, ADA, Role::Editor).await;
    let browser = Browser::new(app);
    let to = sent_to(&browser.get(&page).await);
    assert_eq!((to.path(), to.query()), ("/session/sign-in", Some(encoded(&[("return", &page)]).as_str())));
    // Which flows there are is not told before.
    assert_eq!(sent_to(&browser.get("/chat-test/x").await).path(), "/session/sign-in");
    let browser = signed_in(app).await;
    let answer = browser.get(&page).await;
    assert_eq!(answer.status(), 200);
    let html = answer.text().await.expect("a page");
    assert!(html.contains(&format!("Signed in as <strong>{ADA}</strong>")) && !html.contains("API token"), "{html}");
    assert!(html.contains("data-tenant=\"demo\"") && html.contains("id=\"sign-out\""), "{html}");
    // What the page does then.
    let (_, given) = token(app, &browser, "demo").await;
    let path = format!("flows/handlers/{}/test-conversations", world.flow);
    let (status, begun) = app.holder(text(&given, "access_token"), Method::POST, &path, Some(json!({}))).await;
    assert!(status.is_success(), "{status} {begun}");

    // Somebody of no tenant, or of another one, finds no flow.
    let stranger = realm(app).accounts.create("eve@example.com", "Eve").await.expect("an account");
    realm(app).change_password(&stranger.id, PASSWORD).await.expect("a password");
    let other = Browser::new(app);
    other.sign_in("/session/sign-in", "eve@example.com", PASSWORD).await;
    assert_eq!(other.get(&page).await.status(), 404);
}
