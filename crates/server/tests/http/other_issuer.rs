//! An issuer in place of the realm on a tenant's operations: rows DA-A07 to DA-A09, DA-A18.

use model::Timestamp;
use reqwest::Method;
use runtime::tenants::Tenants;
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    identity_provider::{ALGORITHMS, Key, Provider},
};

/// A server that takes the tokens of a provider.
async fn scene() -> (TestApp, Provider) {
    let provider = Provider::start(&[]).await;
    let (allow, name) = (vec!["127.0.0.0/8".parse().expect("a network")], provider.name.clone());
    let app = TestApp::fresh(|runtime| runtime.outbound_allow = allow, |server| server.oidc_issuer = Some(name)).await;
    (app, provider)
}

fn claims(provider: &Provider, more: Value) -> Value {
    let exp = Timestamp::now().seconds() + 300;
    let mut claims =
        json!({ "iss": provider.name, "sub": "ann", "aud": ["demo", "account"], "exp": exp, "scope": "agents:read" });
    for (name, value) in more.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

fn in_seconds(seconds: i64) -> i64 {
    Timestamp::now().seconds() + seconds
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.holder(token, Method::GET, "agents", None).await.0.as_u16()
}

#[tokio::test]
async fn da_a07_da_a08_what_the_issuer_signs_opens_the_tenant_that_it_names() {
    let (app, provider) = scene().await;
    let keys = ALGORITHMS.map(Key::of);
    provider.publish(&keys.each_ref());
    for key in &keys {
        let token = key.signs(&claims(&provider, json!({})));
        assert_eq!(status(&app, &token).await, 200, "{}", key.kid);
        let (rest, _) = token.rsplit_once('.').expect("three parts");
        assert_eq!(status(&app, &format!("{rest}.")).await, 401, "{} without a signature", key.kid);
    }
    let stranger = Key::new("ES256");
    assert_eq!(status(&app, &stranger.signs(&claims(&provider, json!({})))).await, 401, "another key");
    assert_eq!(status(&app, &Key::new("other").signs(&claims(&provider, json!({})))).await, 401, "an unknown key");
    // It may do what it says, and no more.
    let token = keys[0].signs(&claims(&provider, json!({})));
    assert_eq!(app.holder(&token, Method::GET, "users", None).await.0, 403);
    // The realm's own people sign in as before, and so do API tokens.
    assert_eq!(app.integrator(Method::GET, "agents", None).await.0, 200);
}

#[tokio::test]
async fn da_a09_issuer_time_and_tenant_must_be_right() {
    let (app, provider) = scene().await;
    Tenants::new(&app.store).create(&"other".parse().expect("a name"), "").await.expect("a tenant");
    app.noticed().await;
    let key = Key::new("one");
    provider.publish(&[&key]);
    for (what, more, expected) in [
        ("all is right", json!({}), 200),
        ("one audience", json!({ "aud": "demo" }), 200),
        ("expired within the skew", json!({ "exp": in_seconds(-30) }), 200),
        ("good in a moment", json!({ "nbf": in_seconds(30) }), 200),
        ("expired", json!({ "exp": in_seconds(-90) }), 401),
        ("not good yet", json!({ "nbf": in_seconds(90) }), 401),
        ("no end", json!({ "exp": null }), 401),
        ("nobody", json!({ "sub": null }), 401),
        ("another issuer", json!({ "iss": "https://else.test" }), 401),
        ("almost the issuer", json!({ "iss": format!("{}/", provider.name) }), 401),
        ("another tenant", json!({ "aud": "other" }), 403),
        ("several tenants", json!({ "aud": ["demo", "other"] }), 403),
        ("no tenant", json!({ "aud": "account" }), 403),
    ] {
        assert_eq!(status(&app, &key.signs(&claims(&provider, more))).await, expected, "{what}");
    }
}

#[tokio::test]
async fn da_a18_a_rotated_key_is_found_without_a_restart() {
    let (app, provider) = scene().await;
    let (first, second) = (Key::new("one"), Key::new("two"));
    provider.publish(&[&first]);
    assert_eq!(status(&app, &first.signs(&claims(&provider, json!({})))).await, 200);
    provider.publish(&[&second]);
    assert_eq!(status(&app, &second.signs(&claims(&provider, json!({})))).await, 200);
    assert_eq!(provider.asked(), 2);
    for _ in 0..5 {
        assert_eq!(status(&app, &Key::new("three").signs(&claims(&provider, json!({})))).await, 401);
    }
    assert_eq!(provider.asked(), 2, "at most once a minute");
}
