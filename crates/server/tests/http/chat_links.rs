//! What a chat link opens, and who its holder is: rows DA-A11 to DA-A15, as far as they are the web chat's.

use model::Timestamp;
use reqwest::{Client, Method, header};
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    flows_world::World,
    identity_provider::{Key, Provider},
};

const ISSUER: &str = "https://your-idp.com/";

/// A tenant that takes the word of an identity provider.
async fn trusting() -> (World, Provider, Key) {
    let allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let world = World::within(TestApp::start_with(|options| options.outbound_allow = allow).await, |_| {}).await;
    let key = Key::new("one");
    let provider = Provider::start(&[&key]).await;
    let terms = json!({ "name": "Your IdP", "issuer": ISSUER, "jwks_url": provider.jwks_url() });
    let (status, issuer) = world.ask(Method::POST, "issuers", Some(terms)).await;
    assert_eq!(status, 201, "{issuer}");
    (world, provider, key)
}

fn claims(subject: &str, more: Value) -> Value {
    let mut claims = json!({ "iss": ISSUER, "sub": subject, "exp": Timestamp::now().seconds() + 300 });
    for (name, value) in more.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn da_a11_claims_of_a_token_are_seen_by_functions() {
    let (world, _provider, key) = trusting().await;
    let mut page = world.page();
    page.proof = Some(key.signs(&claims("ann", json!({ "accountId": "acc-7", "name": "Ann" }))));
    page.begins(json!({})).await;
    assert_eq!(page.hears("What is my account?").await, "Account: acc-7 of ann");
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!(transcript["parameters"]["accountId"], json!({ "value": "acc-7", "provenance": "token" }));
    assert_eq!(transcript["contact_name"], "Ann");
    assert!(transcript["contact"].as_str().expect("an id").starts_with("ann@"), "{transcript}");
    // The same person is the same contact the next time; another is another.
    let mut again = world.page();
    again.proof.clone_from(&page.proof);
    again.begins(json!({})).await;
    assert_eq!(world.transcript(&again.transcript).await["contact"], transcript["contact"]);
    again.proof = Some(key.signs(&claims("bob", json!({}))));
    again.begins(json!({})).await;
    assert_ne!(world.transcript(&again.transcript).await["contact"], transcript["contact"]);
}

#[tokio::test]
async fn da_a12_what_the_page_says_cannot_replace_what_the_token_says() {
    let (world, _provider, key) = trusting().await;
    let mut page = world.page();
    page.proof = Some(key.signs(&claims("ann", json!({ "userId": "user-123" }))));
    page.begins(json!({ "internalParameters": { "userId": "user-456", "sub": "bob" } })).await;
    assert_eq!(page.hears("Who am I?").await, "Known: user-123");
    let parameters = &world.transcript(&page.transcript).await["parameters"];
    assert_eq!(parameters["sub"], json!({ "value": "ann", "provenance": "token" }), "{parameters}");
}

#[tokio::test]
async fn da_a08_da_a12_a_bad_token_is_refused_and_nothing_is_begun() {
    let (world, _provider, key) = trusting().await;
    let good = claims("ann", json!({}));
    let expired = claims("ann", json!({ "exp": Timestamp::now().seconds() - 600 }));
    for (what, proof) in [
        ("another key", Key::new("one").signs(&good)),
        ("another issuer", key.signs(&claims("ann", json!({ "iss": "https://other-idp.com/" })))),
        ("its time is over", key.signs(&expired)),
        ("no token at all", "nonsense".to_owned()),
        ("a token of the tenant", world.app.token.clone()),
        ("too long", "x".repeat(17_000)),
    ] {
        let mut page = world.page();
        page.proof = Some(proof);
        let (status, problem) = page.call(Method::POST, "", Some(json!({}))).await;
        assert_eq!((status.as_u16(), &problem["type"]), (401, &json!("urn:parlance:problem:visitor-token")), "{what}");
    }
    assert_eq!(world.listed("transcripts?tests=include").await, Vec::<String>::new());
}

#[tokio::test]
async fn da_a12_somebody_elses_token_does_not_open_a_conversation() {
    let (world, _provider, key) = trusting().await;
    let mut page = world.page();
    page.proof = Some(key.signs(&claims("ann", json!({}))));
    page.begins(json!({})).await;
    page.proof = Some(key.signs(&claims("bob", json!({}))));
    let (status, problem) = page.tries("Hello").await;
    assert_eq!((status.as_u16(), &problem["type"]), (403, &json!("urn:parlance:problem:chat-link")));
    // Who signs in midway goes on with what they began as nobody.
    let mut nobody = world.chat().await;
    nobody.proof.clone_from(&page.proof);
    assert_eq!(nobody.tries("Hello").await.0, 200);
    assert_eq!(world.transcript(&nobody.transcript).await["parameters"]["sub"]["value"], "bob");
    // It is theirs from then on: who signs in after them on the same page does not go on with it.
    nobody.proof = Some(key.signs(&claims("ann", json!({}))));
    assert_eq!(nobody.tries("Hello").await.0, 403);
    assert_eq!(nobody.call(Method::GET, &nobody.path(""), None).await.0, 403);
}

#[tokio::test]
async fn da_a13_a_chat_link_begins_a_conversation_and_goes_on_with_it() {
    let world = World::start().await;
    let page = world.chat().await;
    assert_eq!(page.hears("Hello").await, "You said: **Hello**");
    assert_eq!(page.call(Method::GET, &page.path(""), None).await.0, 200);
    let mut stream = page.follows(Some("0")).await;
    assert_eq!(stream.news().await.data["content"], "Welcome to the desk.");
    assert_eq!(page.ends("Completed").await.0, 200);
}

#[tokio::test]
async fn da_a14_a_chat_link_opens_nothing_else() {
    let world = World::start().await;
    let page = world.chat().await;
    let flow = format!("flows/handlers/{}", world.flow);
    let transcript = format!("transcripts/{}", page.transcript);
    for (method, path) in [
        (Method::GET, "transcripts".to_owned()),
        (Method::GET, transcript.clone()),
        (Method::GET, format!("{transcript}/stream")),
        (Method::PUT, format!("{transcript}/tags")),
        (Method::GET, "live".to_owned()),
        (Method::GET, flow.clone()),
        (Method::PUT, flow.clone()),
        (Method::POST, format!("{flow}/test-conversations")),
        (Method::GET, "points-of-contact".to_owned()),
    ] {
        let url = format!("{}/api/v1/demo/{path}", world.app.url);
        let request = Client::new().request(method, url).header("X-DialAi-Chat-Link", format!("Bearer {}", page.code));
        let answer = request.json(&json!({})).send().await.expect("an answer");
        assert_eq!(answer.status(), 401, "{path}");
    }
    let own = Client::new().get(format!("{}/api/v1/transcripts", world.app.url));
    let own = own.header("X-DialAi-Chat-Link", format!("Bearer {}", page.code)).send().await.expect("an answer");
    assert_eq!(own.status(), 401);
    for operation in ["/CsrTakeOver", "/addCsrMessage", "/CsrHandBack"] {
        let (status, _) = page.call(Method::POST, &page.path(operation), Some(json!({ "message": "I am Sam" }))).await;
        assert_eq!(status, 401, "{operation}");
    }
    for status in ["HumanHandoff", "InProgress", "Reported", "Failed", "NoAnswer", "Unsubscribed"] {
        assert_eq!(page.ends(status).await.0, 403, "{status}");
    }
    assert_eq!(page.ends("Done").await.0, 422);
    assert_eq!(world.transcript(&page.transcript).await["status"], "InProgress");
}

#[tokio::test]
async fn da_a14_a_chat_link_opens_what_was_begun_with_it_alone() {
    let world = World::start().await;
    let (_, other_code) = world.point(json!({ "friendlyName": "Other" })).await;
    let mut others = world.page_of(&other_code);
    others.begins(json!({})).await;
    let (_, tenants) = world.webchat(Method::POST, "", Some(json!({ "chatId": world.code }))).await;
    let page = world.page();
    for foreign in [others.transcript.as_str(), tenants["transcriptId"].as_str().expect("an id")] {
        let say = Some(json!({ "message": "Let me in" }));
        assert_eq!(page.call(Method::GET, &format!("/{foreign}"), None).await.0, 403);
        assert_eq!(page.call(Method::GET, &format!("/{foreign}/stream"), None).await.0, 403);
        assert_eq!(page.call(Method::POST, &format!("/{foreign}"), say).await.0, 403);
        let end = Some(json!({ "status": "Completed" }));
        assert_eq!(page.call(Method::PUT, &format!("/{foreign}/status"), end).await.0, 403);
        assert_eq!(world.transcript(foreign).await["turns"], 1, "nothing happened");
    }
}

#[tokio::test]
async fn da_a14_a_chat_link_is_of_one_tenant() {
    let world = World::start().await;
    let url = format!("{}/api/org/other/v2/webchat", world.app.url);
    let request = Client::new().post(url).header("X-DialAi-Chat-Link", format!("Bearer {}", world.code));
    assert_eq!(request.json(&json!({})).send().await.expect("an answer").status(), 403);
}

#[tokio::test]
async fn da_a15_an_unknown_or_closed_link_is_refused() {
    let world = World::start().await;
    let page = world.chat().await;
    let mut unknown = page.clone();
    unknown.code = "0b7a5b1e-7a0e-4e0f-9d29-0d2f8a3c1b11".to_owned();
    let (status, problem) = unknown.call(Method::POST, "", Some(json!({}))).await;
    assert_eq!((status.as_u16(), &problem["type"]), (401, &json!("urn:parlance:problem:chat-link")));
    unknown.code = "no uuid".to_owned();
    assert_eq!(unknown.call(Method::POST, "", Some(json!({}))).await.0, 401);
    // A revoked one neither begins nor goes on.
    let (id, code) = world.point(json!({ "friendlyName": "Short-lived" })).await;
    let mut short = world.page_of(&code);
    short.begins(json!({})).await;
    let (status, answer) = world.ask(Method::DELETE, &format!("points-of-contact/{id}/chat-code"), None).await;
    assert!((200..300).contains(&status), "{answer}");
    assert_eq!(short.tries("Still there?").await.0, 401);
    assert_eq!(short.call(Method::POST, "", Some(json!({}))).await.0, 401);
    let (_, shut) = world.point(json!({ "friendlyName": "Shut", "enabled": false })).await;
    assert_eq!(world.page_of(&shut).call(Method::POST, "", Some(json!({}))).await.0, 401);
}

#[tokio::test]
async fn da_a15_who_follows_with_a_link_is_told_nothing_once_it_is_revoked() {
    let world = World::start().await;
    let (id, code) = world.point(json!({ "friendlyName": "Short-lived" })).await;
    let mut page = world.page_of(&code);
    page.begins(json!({})).await;
    let mut stream = page.follows(None).await;
    assert_eq!(stream.next().await.expect("it says that it runs").name, "heartbeat");
    page.says("Hello").await;
    assert_eq!(stream.news().await.data["content"], "Hello");
    assert_eq!(stream.news().await.data["role"], "agent");
    let (status, answer) = world.ask(Method::DELETE, &format!("points-of-contact/{id}/chat-code"), None).await;
    assert!((200..300).contains(&status), "{answer}");
    assert_eq!(world.webchat(Method::POST, &page.path("/CsrTakeOver"), None).await.0, 200);
    let left = stream.rest().await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn da_a14_only_named_pages_use_a_link_that_names_some() {
    let world = World::start().await;
    let (_, code) = world.point(json!({ "friendlyName": "Shop", "origins": ["https://shop.test"] })).await;
    let asks = async |code: &str, origin: &str| {
        let mut page = world.page_of(code);
        page.origin = Some(origin.to_owned());
        let answer = page.request(Method::POST, "").json(&json!({})).send().await.expect("an answer");
        let allowed = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).cloned();
        (answer.status().as_u16(), allowed.map(|origin| origin.to_str().expect("text").to_owned()))
    };
    assert_eq!(asks(&code, "https://shop.test").await, (201, Some("https://shop.test".to_owned())));
    assert_eq!(asks(&code, "https://evil.test").await, (403, None));
    assert_eq!(asks(&code, &world.app.url).await.0, 201, "our own page is always among them");
    assert_eq!(asks(&world.code, "https://anywhere.test").await, (201, Some("https://anywhere.test".to_owned())));
    let (status, _) = world.page_of(&code).call(Method::POST, "", Some(json!({}))).await;
    assert_eq!(status, 201, "who is no browser names no origin");
    let preflight = Client::new()
        .request(Method::OPTIONS, format!("{}/api/org/demo/v2/webchat", world.app.url))
        .header(header::ORIGIN, "https://shop.test")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "x-dialai-chat-link, content-type");
    let answer = preflight.send().await.expect("an answer");
    assert_eq!(answer.status(), 204);
    let headers = answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().expect("text");
    assert!(headers.contains("x-dialai-chat-link") && headers.contains("authorization"), "{headers}");
}

#[tokio::test]
async fn da_a14_a_link_is_used_as_often_as_its_point_of_contact_says() {
    let world = World::start().await;
    let (_, code) = world.point(json!({ "friendlyName": "Slow", "rateLimitPerMinute": 3 })).await;
    let mut page = world.page_of(&code);
    page.begins(json!({})).await;
    page.says("one").await;
    page.says("two").await;
    let answer = page.request(Method::POST, &page.path("")).json(&json!({ "message": "three" })).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(page.call(Method::GET, &page.path(""), None).await.0, 200, "reading is no message");
    assert_eq!(world.chat().await.tries("other").await.0, 200, "others have their own");
}
