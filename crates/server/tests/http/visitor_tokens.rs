//! Tokens that say who a visitor is: rows DA-A7 to DA-A12, DA-A18.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use model::Timestamp;
use reqwest::Method;
use runtime::{agents::Access, tenants::Tenants};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, Visitor, json_of},
    identity_provider::{ALGORITHMS, Key, Provider},
};

const HEADER: &str = "X-Parlance-Visitor-Token";
const ISSUER: &str = "https://your-idp.com/";

async fn start() -> TestApp {
    let allow = vec!["127.0.0.0/8".parse().expect("a network")];
    TestApp::start_with(|options| options.outbound_allow = allow).await
}

/// Configures the provider for the tenant; `more` are settings beside issuer and address.
async fn trust(app: &TestApp, provider: &Provider, more: Value) -> String {
    let mut terms = json!({ "name": "Your IdP", "issuer": ISSUER, "jwks_url": provider.jwks_url() });
    for (name, value) in more.as_object().expect("an object") {
        terms[name] = value.clone();
    }
    let (status, issuer) = app.integrator(Method::POST, "issuers", Some(terms)).await;
    assert_eq!(status, 201, "{issuer}");
    issuer["id"].as_str().expect("an id").to_owned()
}

/// A server with an agent, a provider with one key, and a visitor.
async fn scene(more: Value) -> (TestApp, Provider, Key, Visitor) {
    let app = start().await;
    let key = Key::new("one");
    let provider = Provider::start(&[&key]).await;
    trust(&app, &provider, more).await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    (app, provider, key, visitor)
}

fn claims(more: Value) -> Value {
    let now = Timestamp::now().seconds();
    let mut claims = json!({ "iss": ISSUER, "sub": "ann", "exp": now + 300 });
    for (name, value) in more.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

fn in_seconds(seconds: i64) -> i64 {
    Timestamp::now().seconds() + seconds
}

fn pick() -> Value {
    json!({ "type": "button_response", "callback_id": "intent.user.Pick", "data": { "text": "Go" } })
}

/// Sends a message with a token in the header.
async fn sends(visitor: &Visitor, token: &str, content: &Value) -> (u16, Value) {
    let request = visitor.request(Method::POST, "/chat-api/message").header(HEADER, token);
    let answer = request.json(&visitor.envelope(content)).send().await.expect("an answer");
    let (status, said) = json_of(answer).await;
    (status.as_u16(), said)
}

async fn status(visitor: &Visitor, token: &str) -> u16 {
    sends(visitor, token, &pick()).await.0
}

async fn attributes(app: &TestApp, contact: &str) -> Value {
    app.integrator(Method::GET, &format!("contacts/{contact}"), None).await.1["attributes"].clone()
}

#[tokio::test]
async fn da_a07_da_a11_claims_of_a_good_token_become_attributes_that_it_vouches_for() {
    let (app, _, key, visitor) = scene(json!({})).await;
    let token = key.signs(&claims(json!({ "accountId": "acc-7", "colour": "green", "vip": true, "groups": ["a"] })));
    let (status, said) = sends(&visitor, &token, &pick()).await;
    assert_eq!((status, &said["data"]["text"]), (200, &json!("You picked green")), "{said}");
    let held = attributes(&app, "ann").await;
    for (name, value) in [("sub", json!("ann")), ("accountId", json!("acc-7")), ("vip", json!(true))] {
        assert_eq!(held[name], json!({ "value": value, "provenance": "token" }), "{held}");
    }
    for absent in ["iss", "exp", "groups", "token"] {
        assert!(held.get(absent).is_none(), "{absent}: {held}");
    }
    assert!(!held.to_string().contains(&token), "a token is kept nowhere");
}

#[tokio::test]
async fn da_a08_the_token_may_stand_where_web_chats_put_it() {
    let (app, _, key, visitor) = scene(json!({})).await;
    let token = key.signs(&claims(json!({ "accountId": "acc-7" })));
    let user = json!({ "token": token, "custom": { "selected_scenario": visitor.agent.id } });
    let mut content = pick();
    content["user"] = user;
    assert_eq!(visitor.send(content.clone()).await.0, 200);
    assert_eq!(attributes(&app, "ann").await["accountId"]["provenance"], "token");
    // Nothing is guessed where the two differ.
    let other = key.signs(&claims(json!({ "accountId": "acc-8" })));
    let (status, refused) = sends(&visitor, &other, &content).await;
    assert_eq!(status, 422);
    assert!(refused["errors"]["content.user.token"].is_array(), "{refused}");
}

#[tokio::test]
async fn da_a08_a_bad_signature_is_refused_and_nothing_changes() {
    let (app, _, key, visitor) = scene(json!({})).await;
    let good = key.signs(&claims(json!({})));
    let stranger = Key::new("one");
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    let (header, _) = head.split_once('.').expect("three parts");
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let payload = encoded(&claims(json!({ "sub": "bob" })));
    let none = encoded(&json!({ "alg": "none", "typ": "JWT", "kid": "one" }));
    let hmac = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let public = serde_json::to_vec(&key.public).expect("a key");
    let by_public_key = encode(&hmac, &claims(json!({})), &EncodingKey::from_secret(&public)).expect("a token");
    let no_kid = encode(&Header::new(Algorithm::ES256), &claims(json!({})), &key.secret).expect("a token");
    let crit = Some(vec!["exp-policy".to_owned()]);
    let critical = Header { kid: Some("one".to_owned()), crit, ..Header::new(Algorithm::ES256) };
    let critical = encode(&critical, &claims(json!({})), &key.secret).expect("a token");
    for (what, token) in [
        ("another key", stranger.signs(&claims(json!({})))),
        ("tampered", format!("{header}.{payload}.{signature}")),
        ("no signature", format!("{head}.")),
        ("alg none", format!("{none}.{payload}.")),
        ("alg none with a signature", format!("{none}.{payload}.{signature}")),
        ("the public key as a secret", by_public_key),
        ("no kid", no_kid),
        ("an extension that must be understood", critical),
        ("no token", "hello".to_owned()),
        ("half a token", head.to_owned()),
    ] {
        let (status, refused) = sends(&visitor, &token, &pick()).await;
        assert_eq!((status, &refused), (401, &json!({ "message": "The visitor's token is not good." })), "{what}");
    }
    assert_eq!(app.integrator(Method::GET, "contacts/ann", None).await.0, 404, "nothing was written");
    assert_eq!(status(&visitor, &good).await, 200);
}

#[tokio::test]
async fn da_a09_whatever_the_provider_signs_with_is_good_for_what_it_is_for() {
    let (_app, provider, _, visitor) = scene(json!({})).await;
    let keys = ALGORITHMS.map(Key::of);
    provider.publish(&keys.each_ref());
    for key in &keys {
        assert_eq!(status(&visitor, &key.signs(&claims(json!({})))).await, 200, "{}", key.kid);
    }
    // The same key of RSA, but it says for which algorithm.
    let padded = Header { kid: Some("RS256".to_owned()), ..Header::new(Algorithm::PS256) };
    let padded = encode(&padded, &claims(json!({})), &keys[0].secret).expect("a token");
    assert_eq!(status(&visitor, &padded).await, 401);
    for [one, other] in [["RS256", "ES384"], ["ES384", "EdDSA"], ["EdDSA", "PS256"]] {
        let key = keys.iter().find(|key| key.kid == one).expect("it is there");
        let misnamed = Header { kid: Some(other.to_owned()), ..Header::new(key.algorithm) };
        let misnamed = encode(&misnamed, &claims(json!({})), &key.secret).expect("a token");
        assert_eq!(status(&visitor, &misnamed).await, 401, "{one} under the name of {other}");
    }
}

#[tokio::test]
async fn da_a09_issuer_audience_and_time_must_be_right() {
    let (_app, _, key, visitor) = scene(json!({ "audience": "parlance" })).await;
    let with = |more: Value| {
        let mut claims = claims(json!({ "aud": "parlance" }));
        for (name, value) in more.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        key.signs(&claims)
    };
    for (what, more, expected) in [
        ("all is right", json!({}), 200),
        ("one of several audiences", json!({ "aud": ["other", "parlance"] }), 200),
        ("expired within the skew", json!({ "exp": in_seconds(-30) }), 200),
        ("good in a moment", json!({ "nbf": in_seconds(30) }), 200),
        ("expired", json!({ "exp": in_seconds(-90) }), 401),
        ("not good yet", json!({ "nbf": in_seconds(90) }), 401),
        ("no end", json!({ "exp": null }), 401),
        ("another issuer", json!({ "iss": "https://your-idp.org/" }), 401),
        ("almost the issuer", json!({ "iss": "https://your-idp.com" }), 401),
        ("a list of issuers", json!({ "iss": [ISSUER] }), 401),
        ("another audience", json!({ "aud": "other" }), 401),
        ("no audience", json!({ "aud": null }), 401),
    ] {
        assert_eq!(status(&visitor, &with(more)).await, expected, "{what}");
    }
    let (_, refused) = sends(&visitor, &with(json!({ "exp": in_seconds(-90) })), &pick()).await;
    assert_eq!(refused["message"], "The visitor's token has expired, or is not good yet.");
}

#[tokio::test]
async fn da_a10_an_issuer_is_one_tenants() {
    let (app, _, key, visitor) = scene(json!({})).await;
    let token = key.signs(&claims(json!({})));
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let theirs = app.agent("other", Access::Open).await;
    assert_eq!(status(&app.visitor(&theirs, "ann"), &token).await, 401);
    assert_eq!(status(&visitor, &token).await, 200);
}

#[tokio::test]
async fn da_a12_the_browser_cannot_replace_what_the_token_said() {
    let (app, _, key, visitor) = scene(json!({})).await;
    let token = key.signs(&claims(json!({ "userId": "user-123", "colour": "green" })));
    let mut forged = pick();
    forged["user"] = json!({ "userId": "user-456", "custom": {
        "selected_scenario": visitor.agent.id, "userId": "user-789", "colour": "red" } });
    forged["data"]["value"] = json!("colour.blue");
    let (status, said) = sends(&visitor, &token, &forged).await;
    assert_eq!((status, &said["data"]["text"]), (200, &json!("You picked green")), "{said}");
    // Later messages come without the token.
    assert_eq!(visitor.hears(forged).await, "You picked green");
    let form = json!({ "type": "form_response", "callback_id": "intent.user.Pick",
                       "data": { "colour": "red", "text": "Colour: red" } });
    assert_eq!(visitor.hears(form).await, "You picked green");
    let held = attributes(&app, "ann").await;
    assert_eq!(held["userId"], json!({ "value": "user-123", "provenance": "token" }), "{held}");
    // The issuer may change its mind.
    let newer = key.signs(&claims(json!({ "colour": "gold" })));
    assert_eq!(sends(&visitor, &newer, &pick()).await.1["data"]["text"], "You picked gold");
}

#[tokio::test]
async fn da_a12_a_bound_subject_must_be_the_visitor() {
    let (app, _, key, visitor) = scene(json!({ "bind_subject": true })).await;
    assert_eq!(status(&visitor, &key.signs(&claims(json!({})))).await, 200);
    assert_eq!(status(&visitor, &key.signs(&claims(json!({ "sub": "bob" })))).await, 401);
    assert_eq!(status(&visitor, &key.signs(&claims(json!({ "sub": null })))).await, 401);
    let bob = app.visitor(&visitor.agent, "bob");
    assert_eq!(status(&bob, &key.signs(&claims(json!({})))).await, 401);
    assert_eq!(visitor.send(pick()).await.0, 200, "without a token nothing is asked");
}

#[tokio::test]
async fn da_a11_a_mapping_names_the_attributes() {
    let (app, _, key, visitor) = scene(json!({ "claims": { "accountId": "account", "groups": "groups" } })).await;
    let token = key.signs(&claims(json!({ "accountId": "acc-7", "groups": ["a", "b"], "colour": "green" })));
    assert_eq!(status(&visitor, &token).await, 200);
    let held = attributes(&app, "ann").await;
    assert_eq!(held["account"], json!({ "value": "acc-7", "provenance": "token" }));
    assert_eq!(held["groups"]["value"], json!(["a", "b"]));
    assert!(held.get("sub").is_none() && held.get("colour").is_none(), "{held}");
}

#[tokio::test]
async fn da_a18_a_rotated_key_is_found_and_unknown_ones_are_asked_for_once() {
    let (_app, provider, first, visitor) = scene(json!({})).await;
    let second = Key::new("two");
    assert_eq!(provider.asked(), 0, "without a token nobody asks");
    assert_eq!(status(&visitor, &first.signs(&claims(json!({})))).await, 200);
    provider.publish(&[&first, &second]);
    assert_eq!(status(&visitor, &second.signs(&claims(json!({})))).await, 200, "without a restart");
    assert_eq!(provider.asked(), 2);
    let stranger = Key::new("three");
    for _ in 0..5 {
        assert_eq!(status(&visitor, &stranger.signs(&claims(json!({})))).await, 401);
    }
    assert_eq!(provider.asked(), 2, "at most once a minute");
    assert_eq!(status(&visitor, &first.signs(&claims(json!({})))).await, 200);
}

#[tokio::test]
async fn da_a18_keys_stay_when_the_provider_is_down_and_when_documents_change() {
    let (app, provider, key, visitor) = scene(json!({})).await;
    let token = key.signs(&claims(json!({})));
    assert_eq!(status(&visitor, &token).await, 200);
    provider.goes_down();
    app.integrator(Method::POST, "tokens", Some(json!({ "name": "a change of a document" }))).await;
    app.noticed().await;
    assert_eq!(status(&visitor, &Key::new("two").signs(&claims(json!({})))).await, 401);
    assert_eq!(provider.asked(), 2);
    assert_eq!(status(&visitor, &token).await, 200);
}

#[tokio::test]
async fn issuers_are_made_changed_noted_and_deleted() {
    let (app, provider, key, visitor) = scene(json!({})).await;
    let token = key.signs(&claims(json!({})));
    let (_, listed) = app.integrator(Method::GET, "issuers", None).await;
    let id = listed["issuers"][0]["id"].as_str().expect("an id");
    let path = format!("issuers/{id}");
    let (_, shown) = app.integrator(Method::GET, &path, None).await;
    assert_eq!(shown, listed["issuers"][0]);
    assert_eq!(
        (&shown["issuer"], &shown["claims"], &shown["bind_subject"]),
        (&json!(ISSUER), &Value::Null, &json!(false))
    );
    let terms = |url: &str| json!({ "issuer": "https://new.test/", "jwks_url": url });
    let (status_of, problem) = app.integrator(Method::PUT, &path, Some(terms("http://10.0.0.1/keys"))).await;
    assert_eq!((status_of.as_u16(), &problem["errors"][0]["field"]), (422, &json!("jwks_url")));
    let secret = format!("{}?key=hidden", provider.jwks_url());
    assert_eq!(app.integrator(Method::PUT, &path, Some(terms(&secret))).await.0, 200);
    assert_eq!(status(&visitor, &token).await, 401, "from the next message on");
    assert_eq!(app.integrator(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(app.integrator(Method::GET, &path, None).await.0, 404);
    let (_, audit) = app.integrator(Method::GET, "audit", None).await;
    let audit = audit.to_string();
    for action in ["issuer.created", "issuer.updated", "issuer.deleted"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    assert!(!audit.contains("key=hidden"), "{audit}");
}
