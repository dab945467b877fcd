//! What all public APIs have in common: rows OD-P01 to OD-P10.

use model::Timestamp;
use reqwest::{Client, Method, Response, header};
use runtime::tokens::Tokens;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flag_evaluations::{public, token_of},
};

const RANGE: &str = "from=2020-01-01%2000:00:00&to=2100-01-01%2000:00:00";

/// Every call of the public APIs that reads, as a good one for the scenario.
fn readings(scenario: &str) -> [String; 5] {
    [
        format!("user-interactions?{RANGE}"),
        format!("interactions?{RANGE}"),
        "user-data-export?exportType=json".to_owned(),
        format!("analytics-data-export?scenario_id={scenario}"),
        format!("flag-evaluations?scenario_id={scenario}"),
    ]
}

async fn makes_links(app: &TestApp, token: &str, scenario: &str) -> Response {
    let body = json!({ "scenario_id": scenario, "dataset": [{ "attributes": {} }] });
    let url = format!("{}/public/api/generate-webchat-deep-link", app.url);
    Client::new().post(url).bearer_auth(token).json(&body).send().await.expect("an answer")
}

/// The answer to who may not be known.
async fn is_unauthenticated(answer: Response) {
    let challenge = answer.headers()[header::WWW_AUTHENTICATE].to_str().expect("text").to_owned();
    assert!(["Bearer", "Bearer error=\"invalid_token\""].contains(&challenge.as_str()), "{challenge}");
    let (status, body) = json_of(answer).await;
    assert_eq!((status.as_u16(), body), (401, json!({ "message": "Unauthenticated." })));
}

async fn status(app: &TestApp, token: &str) -> u16 {
    public(app, token, &format!("user-interactions?{RANGE}")).await.status().as_u16()
}

/// Makes somebody; gives their id.
async fn somebody(app: &TestApp, name: &str, role: &str) -> String {
    let (status, user) = app.integrator(Method::POST, "users", Some(json!({ "name": name, "role": role }))).await;
    assert_eq!(status, 201, "{user}");
    user["id"].as_str().expect("an id").to_owned()
}

/// Makes a token of somebody; gives its id and its secret.
async fn token_for(app: &TestApp, user: &str) -> (String, String) {
    let (status, token) = app.integrator(Method::POST, "tokens", Some(json!({ "user": user }))).await;
    assert_eq!(status, 201, "{token}");
    let text = |name: &str| token[name].as_str().expect("a text").to_owned();
    (text("id"), text("secret"))
}

#[tokio::test]
async fn od_p01_every_call_needs_a_token() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    for path in readings(&agent.id) {
        let url = format!("{}/public/api/{path}", app.url);
        let bare = Client::new().get(&url);
        let basic = Client::new().get(&url).basic_auth("demo", Some(&app.token));
        let empty = Client::new().get(&url).header(header::AUTHORIZATION, "Bearer ");
        for request in [bare, basic, empty] {
            is_unauthenticated(request.send().await.expect("an answer")).await;
        }
        for wrong in ["wrong", &app.token[1..], &app.token.to_uppercase(), &agent.app_key] {
            is_unauthenticated(public(&app, wrong, &path).await).await;
        }
        // Who is not known is told nothing of what is wrong with the call.
        let (bare_path, _) = path.split_once('?').expect("all have a query");
        is_unauthenticated(public(&app, "wrong", bare_path).await).await;
    }
    is_unauthenticated(makes_links(&app, "wrong", &agent.id).await).await;
    assert_eq!(status(&app, &app.token).await, 200);
}

#[tokio::test]
async fn od_p02_a_token_past_its_lifetime_is_not_good_and_shown_as_expired() {
    let app = TestApp::start().await;
    let (demo, now) = ("demo".parse().expect("a name"), Timestamp::now());
    let tokens = Tokens::new(&app.store);
    let (_, expired) = tokens.create(&demo, "old", Some(now)).await.expect("a token");
    let soon = Timestamp::from_seconds(now.seconds() + 3_600);
    let (_, good) = tokens.create(&demo, "new", Some(soon)).await.expect("a token");
    app.noticed().await;
    is_unauthenticated(public(&app, &expired, &format!("user-interactions?{RANGE}")).await).await;
    assert_eq!(status(&app, &good).await, 200);
    let (_, list) = app.integrator(Method::GET, "tokens", None).await;
    let shown: Vec<_> = list["tokens"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|token| (token["name"].as_str().expect("a name"), token["expired"].as_bool().expect("yes or no")))
        .collect();
    assert_eq!(shown, [("test", false), ("old", true), ("new", false)]);
}

#[tokio::test]
async fn od_p03_a_revoked_token_is_not_good_at_once() {
    let app = TestApp::start().await;
    let (id, secret) = token_for(&app, &somebody(&app, "ann", "editor").await).await;
    assert_eq!(status(&app, &secret).await, 200);
    assert_eq!(app.integrator(Method::DELETE, &format!("tokens/{id}"), None).await.0, 204);
    is_unauthenticated(public(&app, &secret, &format!("user-interactions?{RANGE}")).await).await;
    assert_eq!(app.integrator(Method::DELETE, &format!("tokens/{id}"), None).await.0, 404);
}

#[tokio::test]
async fn od_p04_several_tokens_of_one_user_are_good() {
    let app = TestApp::start().await;
    let ann = somebody(&app, "ann", "editor").await;
    let ((first, one), (_, two)) = (token_for(&app, &ann).await, token_for(&app, &ann).await);
    assert_ne!(one, two);
    assert_eq!((status(&app, &one).await, status(&app, &two).await), (200, 200));
    assert_eq!(app.integrator(Method::DELETE, &format!("tokens/{first}"), None).await.0, 204);
    assert_eq!((status(&app, &one).await, status(&app, &two).await), (401, 200));
}

#[tokio::test]
async fn od_p05_a_token_may_do_what_its_user_may() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let forbidden = json!({ "message": "This action is unauthorized." });
    for (role, reads, links) in [
        ("admin", 200, 200),
        ("editor", 200, 200),
        ("analyse_guest", 200, 403),
        ("preview_guest", 403, 403),
        ("preview_analyse_guest", 200, 403),
    ] {
        let token = token_of(&app, role).await;
        for path in readings(&agent.id) {
            let (status, body) = json_of(public(&app, &token, &path).await).await;
            assert_eq!(status, reads, "{role} {path}");
            assert!(status == 200 || body == forbidden, "{role} {path}: {body}");
            // Nothing is said of what is wrong with a call that may not be made.
            let (bare, _) = path.split_once('?').expect("all have a query");
            let expected = if reads == 403 { 403 } else { 422 };
            assert_eq!(public(&app, &token, bare).await.status(), expected, "{role} {bare}");
        }
        let (status, body) = json_of(makes_links(&app, &token, &agent.id).await).await;
        assert_eq!(status, links, "{role}: {body}");
        assert!(status == 200 || body == forbidden, "{role}: {body}");
    }
}

#[tokio::test]
async fn od_p06_what_is_not_there_is_404() {
    let app = TestApp::start().await;
    for path in ["nothing", "user-interactions/7", "user-data-export/", "knowledge/service/7"] {
        let (status, body) = json_of(public(&app, &app.token, path).await).await;
        assert_eq!((status.as_u16(), body), (404, json!({ "message": "Resource not found." })), "{path}");
    }
}

#[tokio::test]
async fn od_p07_what_is_wrong_is_a_sentence_and_lists_by_field() {
    let app = TestApp::start().await;
    let errors = json!({ "from": ["The from field is required."], "to": ["The to field is required."] });
    let expected = json!({ "message": "The given data was invalid.", "errors": errors });
    let (status, body) = json_of(public(&app, &app.token, "user-interactions").await).await;
    assert_eq!((status.as_u16(), body), (422, expected));
    let (status, body) = json_of(makes_links(&app, &app.token, "nothing").await).await;
    let errors = json!({ "scenario_id": ["The selected scenario does not exist."] });
    assert_eq!(status, 422);
    assert_eq!(body, json!({ "message": "The given data was invalid.", "errors": errors }));
}

/// The headers that tell of a limit.
fn told(answer: &Response) -> [Option<u64>; 4] {
    ["x-ratelimit-limit", "x-ratelimit-remaining", "retry-after", "x-ratelimit-reset"]
        .map(|name| answer.headers().get(name).map(|value| value.to_str().expect("text").parse().expect("a number")))
}

#[tokio::test]
async fn od_p08_above_the_configured_limit_is_429() {
    let limits = |options: &mut server::Options| {
        options.rate_limits.user_interactions = "2/minute".parse().expect("a rate");
        options.rate_limits.deep_links = "1/hour".parse().expect("a rate");
        options.rate_limits.flag_evaluations = server::RateLimit::Off;
    };
    let app = TestApp::start_serving(limits).await;
    let agent = app.open_agent().await;
    let path = format!("user-interactions?{RANGE}");
    // Whoever is refused has used nothing up.
    let guest = token_of(&app, "preview_guest").await;
    assert_eq!(told(&public(&app, &guest, &path).await), [None; 4]);
    for left in [1, 0] {
        let answer = public(&app, &app.token, &path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(told(&answer), [Some(2), Some(left), None, None]);
    }
    // The path of 2022 is the same endpoint.
    for path in [path.clone(), format!("interactions?{RANGE}")] {
        let refused = public(&app, &app.token, &path).await;
        let [limit, remaining, wait, reset] = told(&refused);
        assert_eq!((refused.status().as_u16(), limit, remaining), (429, Some(2), Some(0)));
        assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{wait:?}");
        let now = Timestamp::now().seconds().unsigned_abs();
        assert!(reset.is_some_and(|reset| (now..=now + 61).contains(&reset)), "{reset:?}");
        let (_, body) = json_of(refused).await;
        assert_eq!(body, json!({ "message": "Too many requests. Please try again later." }));
    }

    // Tokens of one user share what is left; others and other endpoints have their own.
    let ann = somebody(&app, "ann", "editor").await;
    let ((_, one), (_, two)) = (token_for(&app, &ann).await, token_for(&app, &ann).await);
    assert_eq!(told(&public(&app, &one, &path).await)[1], Some(1));
    assert_eq!(told(&public(&app, &two, &path).await)[1], Some(0));
    assert_eq!(public(&app, &one, &path).await.status(), 429);
    let links = makes_links(&app, &app.token, &agent.id).await;
    assert_eq!((links.status().as_u16(), told(&links)), (200, [Some(1), Some(0), None, None]));
    assert_eq!(makes_links(&app, &app.token, &agent.id).await.status(), 429);
    for path in ["user-data-export?exportType=json".to_owned(), format!("flag-evaluations?scenario_id={}", agent.id)] {
        let unlimited = public(&app, &app.token, &path).await;
        assert_eq!((unlimited.status().as_u16(), told(&unlimited)), (200, [None; 4]), "{path}");
    }
}

#[tokio::test]
async fn od_p09_answers_are_json_whatever_is_accepted() {
    let app = TestApp::start().await;
    let guest = token_of(&app, "preview_guest").await;
    let good = format!("user-interactions?{RANGE}");
    let calls: [(&str, &str, u16); 6] = [
        (&app.token, &good, 200),
        ("wrong", &good, 401),
        (&guest, &good, 403),
        (&app.token, "nothing", 404),
        (&app.token, "user-interactions", 422),
        (&app.token, "user-data-export?exportType=json&from=x&to=y", 400),
    ];
    for (token, path, expected) in calls {
        for accept in [None, Some("application/json"), Some("text/html"), Some("*/*")] {
            let request = Client::new().get(format!("{}/public/api/{path}", app.url)).bearer_auth(token);
            let request = match accept {
                Some(accept) => request.header(header::ACCEPT, accept),
                None => request,
            };
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json", "{path}");
            let (status, body) = json_of(answer).await;
            assert_eq!(status, expected, "{path}: {body}");
            assert!(body["data"].is_array() || body["message"].is_string(), "{path}: {body}");
        }
    }
}

#[tokio::test]
async fn od_p10_times_have_six_decimals_and_a_z() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    app.visitor(&agent, "ann").says("when are you open").await;
    let (_, interactions) = json_of(public(&app, &app.token, &format!("user-interactions?{RANGE}")).await).await;
    let path = format!("user-data-export?exportType=json&{RANGE}");
    let (_, export) = json_of(public(&app, &app.token, &path).await).await;
    let said = &interactions["data"][0]["ann"];
    let exported = &export["data"][0]["ann"]["interactions"][0];
    let filters = &export["meta"]["filters"];
    for at in [
        &said["from"],
        &said["to"],
        &said["interactions"][0]["date"],
        &exported["date"],
        &filters["from"],
        &filters["to"],
    ] {
        let shape: String = at
            .as_str()
            .map_or_else(String::new, |at| at.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect());
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "{at}");
    }
    assert_eq!(said["interactions"][0]["date"], exported["date"]);
    assert_eq!(Value::from("2100-01-01T00:00:00.000000Z"), said["to"]);
}
