//! Signing in as people do: rows OD-T16, OD-T17, DA-D12.

use reqwest::{Method, header};
use runtime::users::Role;
use serde_json::json;
use totp_rs::{Builder, Secret};

use crate::{
    app::TestApp,
    signing_in::{
        Browser, PASSWORD, SIGN_IN, ask, hidden, person, realm, refresh, register, said, sent_to, text, tokens,
    },
};

const ADA: &str = "ada@example.com";
const ACCOUNT: &str = "/realms/dial-ai/account";

async fn with_ada() -> TestApp {
    let app = TestApp::start().await;
    register(&app).await;
    person(&app, ADA, Role::Editor).await;
    app
}

#[tokio::test]
async fn the_page_needs_no_script_and_is_framed_by_nobody() {
    let app = with_ada().await;
    let answer = Browser::new(&app).get(&ask(&[("login_hint", "\"><script>alert(1)</script>")])).await;
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://console.test;"), "{policy}");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let html = answer.text().await.expect("a page");
    assert!(!html.contains("<script") && html.contains("autocomplete=\"current-password\""), "{html}");
    assert!(html.contains("<label for=\"username\">") && html.contains("<label for=\"password\">"), "{html}");
}

#[tokio::test]
async fn a_form_of_another_page_signs_nobody_in() {
    let app = with_ada().await;
    let page = Browser::new(&app).get(&ask(&[])).await.text().await.expect("a page");
    let (form, request) = (hidden(&page, "form"), hidden(&page, "request"));
    let fields = [("form", form.as_str()), ("request", request.as_str()), ("username", ADA), ("password", PASSWORD)];
    // The victim's browser has another cookie, or none.
    let victim = Browser::new(&app);
    assert_eq!(victim.post(SIGN_IN, &fields).await.status(), 403);
    victim.get(&ask(&[])).await;
    assert_eq!(victim.post(SIGN_IN, &fields).await.status(), 403);
}

#[tokio::test]
async fn od_t17_unknown_and_wrong_are_one_answer_and_some_failures_lock_the_name() {
    let app = with_ada().await;
    let browser = Browser::new(&app);
    let refused = async |name: &str| {
        let answer = browser.sign_in(&ask(&[]), name, "wrong password").await;
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("a page").replace(name, "NAME"))
    };
    assert_eq!(refused(ADA).await.0, 401);
    assert_eq!(refused(ADA).await, refused("bob@example.com").await);
    for _ in 2..5 {
        assert_eq!(refused(ADA).await.0, 401);
    }
    let locked = browser.sign_in(&ask(&[]), ADA, PASSWORD).await;
    assert_eq!(locked.status(), 429, "the right password, too, must wait");
    assert!(locked.headers().contains_key(header::RETRY_AFTER));

    // The counter survives a restart.
    let app = app.restart_with(|_| {}).await;
    let browser = Browser::new(&app);
    assert_eq!(browser.sign_in(&ask(&[]), ADA, PASSWORD).await.status(), 429);
    // Whoever runs the server can set a new password, and that ends it.
    let account = realm(&app).accounts.need(ADA).await.expect("the account");
    realm(&app).change_password(&account.id, PASSWORD).await.expect("a password");
    assert_eq!(browser.sign_in(&ask(&[]), ADA, PASSWORD).await.status(), 303);
}

#[tokio::test]
async fn od_t17_too_many_attempts_from_one_address_are_refused() {
    let app = with_ada().await;
    let browser = Browser::new(&app);
    let mut last = 0;
    for attempt in 0..31 {
        last = browser
            .sign_in(&ask(&[]), &format!("somebody{attempt}@example.com"), "wrong password")
            .await
            .status()
            .as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn od_t16_a_code_is_asked_for_and_a_recovery_code_helps_once() {
    let app = with_ada().await;
    let browser = Browser::new(&app);
    assert_eq!(sent_to(&browser.sign_in(ACCOUNT, ADA, PASSWORD).await).path(), ACCOUNT);
    let page = browser.get(ACCOUNT).await.text().await.expect("a page");
    let form = hidden(&page, "form");
    let enrol = "/realms/dial-ai/account/second-factor";
    let wrong = browser.post(enrol, &[("form", &form), ("password", "wrong password")]).await;
    assert_eq!(wrong.status(), 401);
    let page = browser.post(enrol, &[("form", &form), ("password", PASSWORD)]).await.text().await.expect("a page");
    let (_, secret) = page.split_once("<p class=\"codes\">").expect("the secret");
    let (secret, _) = secret.split_once('<').expect("its end");
    assert!(page.contains("otpauth://totp/"), "{page}");
    let device =
        Builder::new().with_secret(Secret::try_from_base32(secret).expect("base32")).build().expect("a device");

    let confirm = "/realms/dial-ai/account/second-factor/confirm";
    assert_eq!(browser.post(confirm, &[("form", &form), ("code", "12")]).await.status(), 401);
    let code = device.generate_current().to_string();
    let page = browser.post(confirm, &[("form", &form), ("code", &code)]).await.text().await.expect("a page");
    let recovery: Vec<&str> = page.split("<li>").skip(1).filter_map(|item| item.split('<').next()).collect();
    assert_eq!(recovery.len(), 10, "{page}");

    // Another browser: the password alone is not enough, a used code neither.
    let other = Browser::new(&app);
    let second = other.sign_in(&ask(&[]), ADA, PASSWORD).await;
    assert_eq!(second.status(), 200);
    let page = second.text().await.expect("a page");
    let (form, request, step) = (hidden(&page, "form"), hidden(&page, "request"), hidden(&page, "step"));
    let send = async |browser: &Browser, code: &str| {
        let fields = [("form", form.as_str()), ("request", request.as_str()), ("step", step.as_str()), ("code", code)];
        browser.post("/realms/dial-ai/sign-in/second-factor", &fields).await
    };
    assert_eq!(send(&other, &code).await.status(), 401, "it was used to confirm");
    assert_eq!(send(&Browser::new(&app), recovery[0]).await.status(), 403, "not this browser's form");
    assert!(said(&send(&other, recovery[0]).await, "code").is_some());
    assert_eq!(send(&other, recovery[0]).await.status(), 401, "a recovery code is good once");
    let next = device.generate(device.next_step_current()).to_string();
    assert!(said(&send(&other, &next).await, "code").is_some());
}

#[tokio::test]
async fn da_d12_an_invitation_leads_to_a_password_once() {
    let app = TestApp::start().await;
    register(&app).await;
    let (_, user) = app.integrator(Method::POST, "users", Some(json!({ "name": ADA, "role": "editor" }))).await;
    let invite = format!("users/{}/invite", text(&user, "id"));
    let (status, invitation) = app.integrator(Method::POST, &invite, None).await;
    assert_eq!((status.as_u16(), &invitation["email"], &invitation["mailed"]), (200, &json!(ADA), &json!(false)));
    let link = text(&invitation, "link").strip_prefix(&app.url).expect("an address of ours").to_owned();

    let browser = Browser::new(&app);
    let page = browser.get(&link).await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.expect("a page");
    let (form, secret) = (hidden(&page, "form"), hidden(&page, "link"));
    let choose = async |password: &str| {
        let fields = [("form", form.as_str()), ("link", secret.as_str()), ("password", password)];
        browser.post("/realms/dial-ai/account/password", &fields).await.status().as_u16()
    };
    assert_eq!(choose("short").await, 422);
    assert_eq!(choose("password1234").await, 422, "OD-T17: weak ones are refused");
    assert_eq!(choose(PASSWORD).await, 200);
    assert_eq!(choose(PASSWORD).await, 400, "a link is good once");
    assert_eq!(browser.get(&link).await.status(), 400);
    assert!(said(&browser.sign_in(&ask(&[]), ADA, PASSWORD).await, "code").is_some());

    // Who has a password needs no link, and no administrator gets one.
    let (_, again) = app.integrator(Method::POST, &invite, None).await;
    assert_eq!((&again["link"], &again["mailed"]), (&json!(null), &json!(false)));
    let (_, bob) = app.integrator(Method::POST, "users", Some(json!({ "name": "Bob", "role": "editor" }))).await;
    let (status, problem) = app.integrator(Method::POST, &format!("users/{}/invite", text(&bob, "id")), None).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("email")));
}

#[tokio::test]
async fn a_new_password_ends_what_is_signed_in_and_who_forgot_it_hears_the_same() {
    let app = with_ada().await;
    let tokens = tokens(&app, ADA).await;
    let browser = Browser::new(&app);
    let forgot = "/realms/dial-ai/account/forgot";
    let page = browser.get(forgot).await.text().await.expect("a page");
    let form = hidden(&page, "form");
    let asked = async |name: &str| {
        let answer = browser.post(forgot, &[("form", &form), ("username", name)]).await;
        (answer.status().as_u16(), answer.text().await.expect("a page"))
    };
    assert_eq!(asked(ADA).await, asked("nobody@example.com").await);
    let account = realm(&app).accounts.need(ADA).await.expect("the account");
    realm(&app).change_password(&account.id, "another horse battery").await.expect("a password");
    assert_eq!(refresh(&app, text(&tokens, "refresh_token")).await.0, 400);
}
