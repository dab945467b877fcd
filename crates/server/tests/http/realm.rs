//! The realm as programs use it: rows DA-A01, and RFC 6749, 7009, 7636, 9207.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reqwest::{Client, header};
use rstest::rstest;
use runtime::users::Role;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    signing_in::{
        AUTH, BACK, Browser, CHALLENGE, CLIENT, LEFT, VERIFIER, ask, claims, encoded, exchange, person, post, realm,
        redeem, refresh, register, said, sent_to, text, token, tokens, userinfo,
    },
};

const ADA: &str = "ada@example.com";

async fn with_ada() -> TestApp {
    let app = TestApp::start().await;
    register(&app).await;
    person(&app, ADA, Role::Editor).await;
    app
}

#[tokio::test]
async fn da_a01_somebody_signs_in_with_pkce_and_the_program_gets_tokens() {
    let app = with_ada().await;
    let browser = Browser::new(&app);
    let answer = browser.sign_in(&ask(&[]), ADA, crate::signing_in::PASSWORD).await;
    assert!(sent_to(&answer).as_str().starts_with(&format!("{BACK}&code=")));
    assert_eq!(said(&answer, "state").as_deref(), Some("a state & more"));
    let issuer = format!("{}/realms/dial-ai", app.url);
    assert_eq!(said(&answer, "iss"), Some(issuer.clone()), "RFC 9207");

    let (status, tokens) = redeem(&app, &said(&answer, "code").expect("a code"), VERIFIER).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!((text(&tokens, "token_type"), &tokens["expires_in"]), ("Bearer", &json!(300)));
    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (&id["iss"], &id["aud"], &id["nonce"], &id["email"], &id["amr"]),
        (&json!(issuer), &json!(CLIENT), &json!("a-nonce"), &json!(ADA), &json!(["pwd"]))
    );

    // Whoever has the public keys can verify it.
    let certs = reqwest::get(format!("{issuer}/protocol/openid-connect/certs")).await.expect("an answer");
    let (_, certs) = json_of(certs).await;
    let keys: JwkSet = serde_json::from_value(certs).expect("a key set");
    for kind in ["id_token", "access_token"] {
        let kid = decode_header(text(&tokens, kind)).expect("a header").kid.expect("a key's name");
        let key = DecodingKey::from_jwk(keys.find(&kid).expect("the key")).expect("a key");
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[CLIENT, issuer.as_str()]);
        validation.set_issuer(&[issuer.as_str()]);
        decode::<Value>(text(&tokens, kind), &key, &validation).expect("a good token");
    }

    let (status, info) = userinfo(&app, text(&tokens, "access_token")).await;
    assert_eq!((status.as_u16(), &info["email"], &info["sub"]), (200, &json!(ADA), &id["sub"]));
    assert_eq!(userinfo(&app, text(&tokens, "id_token")).await.0, 401, "an ID token is no access token");

    // The browser is signed in now, and not asked again.
    let again = browser.get(&ask(&[("prompt", "none")])).await;
    assert!(said(&again, "code").is_some());
    assert_eq!(browser.get(&ask(&[("prompt", "login")])).await.status(), 200);
    assert_eq!(
        said(&Browser::new(&app).get(&ask(&[("prompt", "none")])).await, "error").as_deref(),
        Some("login_required")
    );
}

#[tokio::test]
async fn da_a01_a_wrong_verifier_yields_no_token_and_uses_the_code_up() {
    let app = with_ada().await;
    let code = Browser::new(&app).code(ADA).await;
    let (status, refused) = redeem(&app, &code, &VERIFIER.replace('d', "e")).await;
    assert_eq!((status.as_u16(), text(&refused, "error")), (400, "invalid_grant"));
    assert_eq!(redeem(&app, &code, VERIFIER).await.0, 400);
}

#[tokio::test]
async fn a_code_that_is_used_twice_ends_what_was_issued_for_it() {
    let app = with_ada().await;
    let code = Browser::new(&app).code(ADA).await;
    let (_, tokens) = redeem(&app, &code, VERIFIER).await;
    assert_eq!(userinfo(&app, text(&tokens, "access_token")).await.0, 200);
    let (status, refused) = redeem(&app, &code, VERIFIER).await;
    assert_eq!((status.as_u16(), text(&refused, "error")), (400, "invalid_grant"));
    assert_eq!(userinfo(&app, text(&tokens, "access_token")).await.0, 401);
    assert_eq!(refresh(&app, text(&tokens, "refresh_token")).await.0, 400);
}

#[rstest]
#[case(&[("code_challenge_method", "plain")], "invalid_request")]
#[case(&[("code_challenge_method", "")], "invalid_request")]
#[case(&[("code_challenge", "")], "invalid_request")]
#[case(&[("code_challenge", "short")], "invalid_request")]
#[case(&[("response_type", "token")], "unsupported_response_type")]
#[case(&[("response_type", "")], "invalid_request")]
#[case(&[("request", "x.y.z")], "request_not_supported")]
#[case(&[("response_mode", "fragment")], "invalid_request")]
#[case(&[("max_age", "-1")], "invalid_request")]
#[tokio::test]
async fn da_a01_what_does_not_fit_is_told_to_the_program(#[case] change: &[(&str, &str)], #[case] error: &str) {
    let app = with_ada().await;
    let answer = Browser::new(&app).get(&ask(change)).await;
    assert_eq!(said(&answer, "error").as_deref(), Some(error));
    assert_eq!(said(&answer, "state").as_deref(), Some("a state & more"));
    assert!(said(&answer, "iss").is_some());
}

#[rstest]
#[case(&[("redirect_uri", "https://console.test/back")])]
#[case(&[("redirect_uri", "https://console.test/back?from=parlance&x=1")])]
#[case(&[("redirect_uri", "https://CONSOLE.test/back?from=parlance")])]
#[case(&[("redirect_uri", "https://evil.test/")])]
#[case(&[("redirect_uri", "")])]
#[case(&[("client_id", "nobody")])]
#[case(&[("client_id", "")])]
#[tokio::test]
async fn da_a01_nobody_is_sent_to_an_address_that_is_not_registered(#[case] change: &[(&str, &str)]) {
    let app = with_ada().await;
    let answer = Browser::new(&app).get(&ask(change)).await;
    assert_eq!(answer.status(), 400);
    assert!(answer.headers().get(header::LOCATION).is_none());
    // Nor with one of two that is.
    let twice = format!("{}&{}", ask(&[]), encoded(&[("redirect_uri", "https://evil.test/")]));
    assert_eq!(Browser::new(&app).get(&twice).await.status(), 400);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_second_use_ends_the_grant() {
    let app = with_ada().await;
    let first = tokens(&app, ADA).await;
    let (status, second) = refresh(&app, text(&first, "refresh_token")).await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(claims(&second["id_token"])["auth_time"], claims(&first["id_token"])["auth_time"]);
    let (status, refused) = refresh(&app, text(&first, "refresh_token")).await;
    assert_eq!((status.as_u16(), text(&refused, "error")), (400, "invalid_grant"));
    assert_eq!(refresh(&app, text(&second, "refresh_token")).await.0, 400, "the family has ended");
    assert_eq!(userinfo(&app, text(&second, "access_token")).await.0, 401);
    assert_eq!(refresh(&app, "plr_nonsense").await.0, 400);
}

#[tokio::test]
async fn a_revoked_token_is_good_for_nothing_and_neither_is_its_grant() {
    let app = with_ada().await;
    let tokens = tokens(&app, ADA).await;
    let (refresh_token, access_token) = (text(&tokens, "refresh_token"), text(&tokens, "access_token"));
    // RFC 7009 §2.2: what is not good is no error.
    assert_eq!(post(&app, "revoke", &[("client_id", CLIENT), ("token", "nonsense")]).await.status(), 200);
    assert_eq!(post(&app, "revoke", &[("token", refresh_token)]).await.status(), 400);
    assert_eq!(post(&app, "revoke", &[("client_id", "nobody"), ("token", refresh_token)]).await.status(), 401);
    assert_eq!(userinfo(&app, access_token).await.0, 200);
    assert_eq!(post(&app, "revoke", &[("client_id", CLIENT), ("token", refresh_token)]).await.status(), 200);
    assert_eq!(refresh(&app, refresh_token).await.0, 400);
    assert_eq!(userinfo(&app, access_token).await.0, 401);
    assert_eq!(exchange(&app, access_token, "demo").await.0, 400);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_what_was_granted_in_it() {
    let app = with_ada().await;
    let browser = Browser::new(&app);
    let (_, tokens) = redeem(&app, &browser.code(ADA).await, VERIFIER).await;
    let logout =
        |fields: &[(&str, &str)]| format!("/realms/dial-ai/protocol/openid-connect/logout?{}", encoded(fields));
    // A link on somebody's page signs nobody out.
    let asked = browser.get(&logout(&[])).await;
    assert_eq!(asked.status(), 200);
    assert!(asked.text().await.expect("a page").contains("Do you want to sign out?"));
    assert!(said(&browser.get(&ask(&[("prompt", "none")])).await, "code").is_some());

    let id_token = text(&tokens, "id_token");
    let left =
        browser.get(&logout(&[("id_token_hint", id_token), ("post_logout_redirect_uri", LEFT), ("state", "s")])).await;
    assert_eq!(sent_to(&left).as_str(), format!("{LEFT}?state=s"));
    assert_eq!(said(&browser.get(&ask(&[("prompt", "none")])).await, "error").as_deref(), Some("login_required"));
    assert_eq!(refresh(&app, text(&tokens, "refresh_token")).await.0, 400);

    let elsewhere =
        browser.get(&logout(&[("id_token_hint", id_token), ("post_logout_redirect_uri", "https://evil.test/")])).await;
    assert_eq!(elsewhere.status(), 200, "nobody is sent to an address that is not registered");
    assert_eq!(browser.get(&logout(&[("id_token_hint", "a.b.c")])).await.status(), 400);
}

#[tokio::test]
async fn the_metadata_is_complete_and_true() {
    let app = with_ada().await;
    let issuer = format!("{}/realms/dial-ai", app.url);
    let found = reqwest::get(format!("{issuer}/.well-known/openid-configuration")).await.expect("an answer");
    assert_eq!(found.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let (status, found) = json_of(found).await;
    assert_eq!((status.as_u16(), &found["issuer"]), (200, &json!(issuer)));
    assert_eq!(found["code_challenge_methods_supported"], json!(["S256"]));
    for endpoint in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "end_session_endpoint",
        "revocation_endpoint",
    ] {
        let answer = Client::new().get(text(&found, endpoint)).send().await.expect("an answer");
        assert_ne!(answer.status(), 404, "{endpoint}");
    }
}

#[tokio::test]
async fn tokens_of_a_replaced_key_stay_good() {
    let app = with_ada().await;
    let tokens = tokens(&app, ADA).await;
    realm(&app).keys.rotate().await.expect("it rotates");
    assert_eq!(userinfo(&app, text(&tokens, "access_token")).await.0, 200);
}

#[rstest]
#[case(&[], "invalid_request")]
#[case(&[("grant_type", "password"), ("client_id", CLIENT)], "unsupported_grant_type")]
#[case(&[("grant_type", "authorization_code")], "invalid_request")]
#[case(&[("grant_type", "authorization_code"), ("client_id", CLIENT)], "invalid_request")]
#[case(&[("grant_type", "authorization_code"), ("client_id", "nobody")], "invalid_client")]
#[case(&[("grant_type", "refresh_token"), ("client_id", CLIENT), ("client_secret", "x"), ("refresh_token", "x")], "invalid_client")]
#[case(&[("grant_type", "refresh_token"), ("client_id", CLIENT)], "invalid_request")]
#[case(&[("grant_type", "client_credentials"), ("client_id", CLIENT)], "unauthorized_client")]
#[case(&[("grant_type", "refresh_token"), ("grant_type", "refresh_token")], "invalid_request")]
#[tokio::test]
async fn bad_requests_for_tokens_are_named(#[case] fields: &[(&str, &str)], #[case] error: &str) {
    let app = with_ada().await;
    let (status, refused) = token(&app, fields).await;
    assert!(status.is_client_error());
    assert_eq!(text(&refused, "error"), error, "{refused}");
}

#[tokio::test]
async fn a_form_must_be_one_and_of_bounded_size() {
    let app = TestApp::start().await;
    let url = format!("{}/realms/dial-ai/protocol/openid-connect/token", app.url);
    let json = Client::new().post(&url).json(&json!({ "grant_type": "client_credentials" })).send().await;
    let (status, refused) = json_of(json.expect("an answer")).await;
    assert_eq!((status.as_u16(), text(&refused, "error")), (415, "invalid_request"));
    assert_eq!(post(&app, "token", &[("grant_type", &"x".repeat(100_000))]).await.status(), 413);
    assert_eq!(post(&app, "auth", &[("code_challenge", CHALLENGE)]).await.status(), 400);
    assert_eq!(Client::new().get(format!("{}{AUTH}", app.url)).send().await.expect("an answer").status(), 400);
}
