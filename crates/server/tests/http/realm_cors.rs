//! Programs in browsers that call the realm from their own sites: row DA-A01.

use reqwest::{Client, Method, Response, header};
use runtime::users::Role;

use crate::{
    app::{TestApp, json_of},
    signing_in::{Browser, VERIFIER, encoded, person, realm, register, text, tokens},
};

const ADA: &str = "ada@example.com";
const SITE: &str = "https://console.test";

fn endpoint(app: &TestApp, name: &str) -> String {
    format!("{}/realms/dial-ai/protocol/openid-connect/{name}", app.url)
}

fn metadata(app: &TestApp) -> String {
    format!("{}/realms/dial-ai/.well-known/openid-configuration", app.url)
}

/// What a browser asks before a page of an origin may call.
async fn preflight(url: &str, origin: &str, method: &str) -> Response {
    let request = Client::new().request(Method::OPTIONS, url).header(header::ORIGIN, origin);
    let request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, method);
    request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization").send().await.expect("an answer")
}

/// Who may read an answer.
fn allowed(answer: &Response) -> Option<&str> {
    let named = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    named.map(|origin| origin.to_str().expect("text"))
}

#[tokio::test]
async fn da_a01_a_page_of_a_registered_client_gets_tokens_and_reads_who_signed_in() {
    let app = TestApp::start().await;
    register(&app).await;
    person(&app, ADA, Role::Editor).await;
    for (name, method) in [("token", "POST"), ("userinfo", "GET"), ("revoke", "POST")] {
        let answer = preflight(&endpoint(&app, name), SITE, method).await;
        assert_eq!((answer.status().as_u16(), allowed(&answer)), (204, Some(SITE)), "{name}");
        let list = |wanted: header::HeaderName| answer.headers()[wanted].to_str().expect("text").to_owned();
        assert!(list(header::ACCESS_CONTROL_ALLOW_METHODS).split(", ").any(|allowed| allowed == method), "{name}");
        assert!(list(header::ACCESS_CONTROL_ALLOW_HEADERS).contains("authorization"), "{name}");
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "no cookie counts");
    }
    let code = Browser::new(&app).code(ADA).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", crate::signing_in::CLIENT),
        ("code", code.as_str()),
        ("redirect_uri", crate::signing_in::BACK),
        ("code_verifier", VERIFIER),
    ];
    let request = Client::new().post(endpoint(&app, "token")).header(header::ORIGIN, SITE);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(&fields));
    let answer = request.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), allowed(&answer)), (200, Some(SITE)));
    assert_eq!(answer.headers()[header::VARY], "Origin");
    let (_, tokens) = json_of(answer).await;
    let bearer = text(&tokens, "access_token");
    let request = Client::new().get(endpoint(&app, "userinfo")).bearer_auth(bearer).header(header::ORIGIN, SITE);
    let answer = request.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), allowed(&answer)), (200, Some(SITE)));
    // A refusal is read too: the program is to know what is wrong.
    let request = Client::new().get(endpoint(&app, "userinfo")).header(header::ORIGIN, SITE);
    let answer = request.send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), allowed(&answer)), (401, Some(SITE)));
    let exposed = answer.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().expect("text");
    assert!(exposed.contains("www-authenticate"), "{exposed}");
}

#[tokio::test]
async fn da_a01_pages_of_other_sites_read_no_tokens() {
    let app = TestApp::start().await;
    register(&app).await;
    person(&app, ADA, Role::Editor).await;
    let tokens = tokens(&app, ADA).await;
    for origin in [
        "https://evil.test",
        "http://console.test",
        "https://console.test:8443",
        "null",
        "https://console.test.evil.test",
    ] {
        let answer = preflight(&endpoint(&app, "token"), origin, "POST").await;
        assert_eq!((answer.status().as_u16(), allowed(&answer)), (204, None), "{origin}");
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_METHODS), "{origin}");
        let request = Client::new().get(endpoint(&app, "userinfo")).bearer_auth(text(&tokens, "access_token"));
        let answer = request.header(header::ORIGIN, origin).send().await.expect("an answer");
        assert_eq!((answer.status().as_u16(), allowed(&answer)), (200, None), "{origin}");
        assert_eq!(answer.headers()[header::VARY], "Origin", "{origin}");
    }
    // Who is no browser sends no origin.
    let answer = Client::new().get(endpoint(&app, "userinfo")).send().await.expect("an answer");
    assert_eq!(allowed(&answer), None);
    // Nor do pages of a client that is gone.
    realm(&app).clients.delete(crate::signing_in::CLIENT).await.expect("it is deleted");
    assert_eq!(allowed(&preflight(&endpoint(&app, "token"), SITE, "POST").await), None);
}

#[tokio::test]
async fn da_a01_what_is_public_is_read_by_any_page_and_the_pages_of_the_realm_by_none() {
    let app = TestApp::start().await;
    for url in [metadata(&app), endpoint(&app, "certs")] {
        let answer = preflight(&url, "https://any.test", "GET").await;
        assert_eq!((answer.status().as_u16(), allowed(&answer)), (204, Some("*")), "{url}");
        let answer = Client::new().get(&url).header(header::ORIGIN, "https://any.test").send().await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.status().as_u16(), allowed(&answer)), (200, Some("*")), "{url}");
    }
    for path in ["protocol/openid-connect/auth", "account", "sign-in"] {
        let url = format!("{}/realms/dial-ai/{path}", app.url);
        assert_eq!(allowed(&preflight(&url, SITE, "POST").await), None, "{path}");
    }
    // What is no preflight is no method of theirs.
    let bare = Client::new().request(Method::OPTIONS, endpoint(&app, "token")).send().await.expect("an answer");
    assert_eq!(bare.status(), 405);
}
