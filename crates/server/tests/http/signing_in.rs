//! Those who sign in: a browser without scripts, and a program that sends it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, Response, StatusCode, header, redirect::Policy};
use runtime::{
    realm::{Realm, accounts::Account},
    users::{Role, Users},
};
use serde_json::Value;
use url::{Url, form_urlencoded::Serializer};

use crate::app::{TestApp, json_of};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const CLIENT: &str = "dial-ai-web";
pub(crate) const BACK: &str = "https://console.test/back?from=parlance";
pub(crate) const LEFT: &str = "https://console.test/left";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) const AUTH: &str = "/realms/dial-ai/protocol/openid-connect/auth";
pub(crate) const SIGN_IN: &str = "/realms/dial-ai/sign-in";

/// The realm's own store, beside the server.
pub(crate) fn realm(app: &TestApp) -> Realm {
    Realm::new(&app.store)
}

/// Somebody with a password who is a user of the tenant `demo`.
pub(crate) async fn person(app: &TestApp, email: &str, role: Role) -> Account {
    let (realm, demo) = (realm(app), "demo".parse().expect("a tenant name"));
    let account = realm.accounts.create(email, "Ada").await.expect("an account");
    realm.change_password(&account.id, PASSWORD).await.expect("a password");
    let user = Users::new(&app.store).create(&demo, email, role).await.expect("a user");
    realm.accounts.join(&account.id, &demo, &user.id).await.expect("a member")
}

/// Registers the program that signs people in.
pub(crate) async fn register(app: &TestApp) {
    let clients = realm(app).clients;
    clients.create_public(CLIENT, "", vec![BACK.to_owned()], vec![LEFT.to_owned()]).await.expect("a client");
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What the program asks for, with `change` instead.
pub(crate) fn ask(change: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("client_id", CLIENT),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "a state & more"),
        ("nonce", "a-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    fields.retain(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
    fields.extend(change);
    format!("{AUTH}?{}", encoded(&fields))
}

/// A browser: it keeps cookies and shows where it is sent.
pub(crate) struct Browser {
    pub(crate) client: Client,
    url: String,
}

impl Browser {
    pub(crate) fn new(app: &TestApp) -> Self {
        let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client");
        Self { client, url: app.url.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(fields));
        request.send().await.expect("an answer")
    }

    /// Opens the page to sign in on, and sends its form.
    pub(crate) async fn sign_in(&self, page: &str, email: &str, password: &str) -> Response {
        let page = self.get(page).await;
        assert_eq!(page.status(), 200);
        let html = page.text().await.expect("a page");
        let (form, request) = (hidden(&html, "form"), hidden(&html, "request"));
        self.post(SIGN_IN, &[("form", &form), ("request", &request), ("username", email), ("password", password)]).await
    }

    /// Signs in and gives the code that the program gets.
    pub(crate) async fn code(&self, email: &str) -> String {
        let answer = self.sign_in(&ask(&[]), email, PASSWORD).await;
        said(&answer, "code").expect("a code")
    }
}

/// The value of a hidden field of a page.
pub(crate) fn hidden(html: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = html.split_once(&start).unwrap_or_else(|| panic!("no field {name}: {html}"));
    let (value, _) = rest.split_once('"').expect("the value ends");
    value.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Where a browser is sent.
pub(crate) fn sent_to(answer: &Response) -> Url {
    assert_eq!(answer.status(), 303);
    let location = answer.headers()[header::LOCATION].to_str().expect("text").to_owned();
    Url::parse(&location).unwrap_or_else(|_| answer.url().join(&location).expect("an address"))
}

/// A parameter of the address that a browser is sent to.
pub(crate) fn said(answer: &Response, name: &str) -> Option<String> {
    sent_to(answer).query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A program calls the token endpoint.
pub(crate) async fn token(app: &TestApp, fields: &[(&str, &str)]) -> (StatusCode, Value) {
    let answer = post(app, "token", fields).await;
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    json_of(answer).await
}

pub(crate) async fn post(app: &TestApp, endpoint: &str, fields: &[(&str, &str)]) -> Response {
    let request = Client::new().post(format!("{}/realms/dial-ai/protocol/openid-connect/{endpoint}", app.url));
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(encoded(fields));
    request.send().await.expect("an answer")
}

/// The program sends a code.
pub(crate) async fn redeem(app: &TestApp, code: &str, verifier: &str) -> (StatusCode, Value) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", verifier),
    ];
    token(app, &fields).await
}

pub(crate) async fn refresh(app: &TestApp, refresh_token: &str) -> (StatusCode, Value) {
    token(app, &[("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh_token)]).await
}

/// Exchanges a user's token for a tenant's.
pub(crate) async fn exchange(app: &TestApp, user_token: &str, tenant: &str) -> (StatusCode, Value) {
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", user_token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("audience", tenant),
    ];
    token(app, &fields).await
}

/// Signs in and gives the tokens.
pub(crate) async fn tokens(app: &TestApp, email: &str) -> Value {
    let code = Browser::new(app).code(email).await;
    let (status, tokens) = redeem(app, &code, VERIFIER).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

pub(crate) async fn userinfo(app: &TestApp, token: &str) -> (StatusCode, Value) {
    let url = format!("{}/realms/dial-ai/protocol/openid-connect/userinfo", app.url);
    json_of(Client::new().get(url).bearer_auth(token).send().await.expect("an answer")).await
}

/// The claims of a token, as anybody reads them.
pub(crate) fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("a token");
    let payload = token.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64url")).expect("JSON")
}

pub(crate) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}
