//! Points of contact over the API: rows DA-C1 to DA-C3, DA-C6, DA-C14, DA-C15.

use std::collections::HashSet;

use reqwest::Method;
use rstest::rstest;
use runtime::{
    endpoints::{Endpoints, choose},
    tenants::Tenants,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::TestApp,
    flows::{flow, made},
};

async fn ask(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let (status, answer) = app.integrator(method, path, body).await;
    (status.as_u16(), answer)
}

async fn listed(app: &TestApp, query: &str) -> Vec<String> {
    let (status, answer) = ask(app, Method::GET, &format!("points-of-contact{query}"), None).await;
    assert_eq!(status, 200, "{answer}");
    let points = answer["pointsOfContact"].as_array().expect("a list");
    points.iter().map(|point| point["friendlyName"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn da_c01_points_of_contact_of_every_channel_live_and_die() {
    let app = TestApp::start().await;
    let (flow, _) = flow(&app).await;
    for (channel, address) in [
        ("Phone", Some("+14165550123")),
        ("SMS", Some("+14165550123")),
        ("Email", Some("help@example.com")),
        ("Web", None),
        ("Slack", Some("T012AB3C4")),
    ] {
        let body = json!({ "friendlyName": channel, "channelType": channel, "address": address, "flowId": flow });
        let id = made(&app, "points-of-contact", body.clone()).await;
        assert_eq!(listed(&app, &format!("?channelType={channel}")).await, [channel]);
        let path = format!("points-of-contact/{id}");
        let mut renamed = body;
        renamed["friendlyName"] = json!("Renamed");
        renamed["enabled"] = json!(false);
        let (status, changed) = ask(&app, Method::PUT, &path, Some(renamed)).await;
        assert_eq!((status, &changed["friendlyName"], &changed["enabled"]), (200, &json!("Renamed"), &json!(false)));
        assert_eq!(ask(&app, Method::GET, &path, None).await.1, changed);
        if channel != "Web" {
            let again = json!({ "friendlyName": "x", "channelType": channel, "address": address, "flowId": flow });
            assert_eq!(ask(&app, Method::POST, "points-of-contact", Some(again)).await.0, 409, "{channel}");
        }
        assert_eq!(ask(&app, Method::DELETE, &path, None).await.0, 204);
        assert_eq!(ask(&app, Method::GET, &path, None).await.0, 404);
        assert_eq!(ask(&app, Method::DELETE, &path, None).await.0, 404);
    }
    assert_eq!(listed(&app, "").await, [""; 0]);
}

#[tokio::test]
async fn da_c02_one_flow_is_one_variant_and_its_version_is_there() {
    let app = TestApp::start().await;
    let (flow, _) = flow(&app).await;
    let body =
        |version: Value| json!({ "friendlyName": "x", "channelType": "Web", "flowId": flow, "version": version });
    let (_, point) = ask(&app, Method::POST, "points-of-contact", Some(body(Value::Null))).await;
    assert_eq!((&point["flowId"], &point["version"]), (&json!(flow), &Value::Null));
    assert_eq!(point["variants"], json!([{ "flowId": flow, "version": null, "weight": 100 }]));
    let (status, problem) = ask(&app, Method::POST, "points-of-contact", Some(body(json!(1)))).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("variants[0].version")), "{problem}");
    assert_eq!(ask(&app, Method::POST, &format!("flows/handlers/{flow}/snapshots"), Some(json!({}))).await.0, 201);
    let (status, pinned) = ask(&app, Method::POST, "points-of-contact", Some(body(json!(1)))).await;
    assert_eq!((status, &pinned["version"]), (201, &json!(1)));
    assert_eq!(listed(&app, &format!("?flowId={flow}")).await.len(), 2);
    assert_eq!(listed(&app, &format!("?flowId={}", Uuid::nil())).await.len(), 0);
}

#[tokio::test]
async fn da_c03_the_environment_is_stored_and_filters() {
    let app = TestApp::start().await;
    let (flow, _) = flow(&app).await;
    for (name, environment) in [("a", json!("Production")), ("b", json!("Internal Testing")), ("c", Value::Null)] {
        let body = json!({ "friendlyName": name, "channelType": "Web", "environment": environment, "flowId": flow });
        made(&app, "points-of-contact", body).await;
    }
    assert_eq!(listed(&app, "?environment=Production").await, ["a", "c"]);
    assert_eq!(listed(&app, "?environment=InternalTesting&channelType=Web").await, ["b"]);
    for wrong in ["environment=Moon", "channelType=Fax", "flowId=x"] {
        let (status, problem) = ask(&app, Method::GET, &format!("points-of-contact?{wrong}"), None).await;
        let field = wrong.split_once('=').expect("a filter").0;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn da_c06_variants_share_conversations_by_their_weights() {
    let app = TestApp::start().await;
    let (first, _) = flow(&app).await;
    let second = made(&app, "flows/handlers", json!({ "name": "Second" })).await;
    let variants = json!([{ "flowId": first, "weight": 30 }, { "flowId": second, "weight": 70 }]);
    let body = json!({ "friendlyName": "x", "channelType": "Web", "variants": variants });
    let (status, point) = ask(&app, Method::POST, "points-of-contact", Some(body)).await;
    assert_eq!((status, &point["flowId"]), (201, &Value::Null), "{point}");
    let code = point["chatCode"].as_str().and_then(|code| code.parse().ok()).expect("a code");
    let (_, endpoint) = Endpoints::new(&app.store).by_chat_code(code).await.expect("the store").expect("it is there");
    let dealt = (0..10_000).map(|_| choose(&endpoint.terms.variants, Uuid::now_v7().as_u128()).flow.to_string());
    let share = dealt.filter(|flow| *flow == first).count();
    assert!((2_700..=3_300).contains(&share), "{share} of 10,000");
}

#[tokio::test]
async fn da_c14_a_point_of_contact_on_the_web_has_a_chat_code_that_is_its_own() {
    let app = TestApp::start().await;
    let (flow, _) = flow(&app).await;
    let body = json!({ "friendlyName": "Shop", "channelType": "Web", "flowId": flow });
    let (_, point) = ask(&app, Method::POST, "points-of-contact", Some(body.clone())).await;
    let (id, text) = (point["id"].as_str().expect("an id"), point["chatCode"].as_str().expect("a code"));
    let code: Uuid = text.parse().expect("a UUID");
    assert_eq!(code.get_version_num(), 4, "nobody guesses it");
    assert!(point["chatUrl"].as_str().expect("an address").ends_with(&format!("/chat/{text}")), "{point}");
    let endpoints = Endpoints::new(&app.store);
    let (tenant, found) = endpoints.by_chat_code(code).await.expect("the store").expect("it is there");
    assert_eq!((tenant.as_str(), found.id.as_str(), found.is_open()), ("demo", id, true));

    // No other point of contact, of any tenant, can take it.
    let taken = json!({ "friendlyName": "Thief", "channelType": "Web", "flowId": flow, "chatCode": text });
    assert_eq!(ask(&app, Method::POST, "points-of-contact", Some(taken)).await.0, 409);
    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let theirs = runtime::agents::Agents::new(&app.store);
    let document = serde_json::from_value(json!({ "name": "Theirs" })).expect("a flow");
    let theirs = theirs.create_flow(&other, document, runtime::agents::Access::Open).await.expect("a flow");
    let mut terms = found.terms.clone();
    terms.variants[0].flow = theirs.agent.id;
    assert!(endpoints.create(&other, terms).await.is_err());

    let path = format!("points-of-contact/{id}");
    let (_, kept) = ask(&app, Method::PUT, &path, Some(body)).await;
    assert_eq!(kept["chatCode"], text, "it stays");
    let (status, revoked) = ask(&app, Method::DELETE, &format!("{path}/chat-code"), None).await;
    assert!(status == 200 && revoked["revokedAt"].is_string(), "{revoked}");
    let (_, found) = endpoints.by_chat_code(code).await.expect("the store").expect("it is there");
    assert!(!found.is_open());
    let (_, renewed) = ask(&app, Method::POST, &format!("{path}/chat-code"), None).await;
    assert!(renewed["chatCode"] != text && renewed["revokedAt"].is_null(), "{renewed}");
    assert!(endpoints.by_chat_code(code).await.expect("the store").is_none(), "the old one is nobody's");

    let mut codes = HashSet::new();
    for at in 0..5 {
        let body = json!({ "friendlyName": format!("{at}"), "channelType": "Web", "flowId": flow });
        let (_, point) = ask(&app, Method::POST, "points-of-contact", Some(body)).await;
        assert!(codes.insert(point["chatCode"].to_string()));
    }
}

#[tokio::test]
async fn da_c15_channel_fields_are_stored_under_their_documented_name() {
    let app = TestApp::start().await;
    let document = serde_json::to_value(server::openapi_document()).expect("the document serialises");
    let item = &document["paths"]["/api/v1/{tenant}/points-of-contact/{id}/channel-configuration"];
    assert_eq!(item["put"]["operationId"], "update-channel-specific-configuration");
    let (flow, _) = flow(&app).await;
    let body = json!({ "friendlyName": "Line", "channelType": "Phone", "address": "+14165550123", "flowId": flow });
    let id = made(&app, "points-of-contact", body).await;
    let path = format!("points-of-contact/{id}/channel-configuration");
    let fields = json!({ "voice": "Nova", "callbacks": { "on_call_completion": "https://x.test/done" } });
    let (status, stored) = ask(&app, Method::PUT, &path, Some(fields.clone())).await;
    assert_eq!((status, &stored["configuration"]), (200, &fields));
    assert_eq!(ask(&app, Method::GET, &format!("points-of-contact/{id}"), None).await.1["configuration"], fields);
    let large = json!({ "x": "y".repeat(70_000) });
    let (status, problem) = ask(&app, Method::PUT, &path, Some(large)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("configuration")));
    assert_eq!(ask(&app, Method::PUT, &path, Some(json!([]))).await.0, 422);
    assert_eq!(ask(&app, Method::PUT, "points-of-contact/nobody/channel-configuration", Some(json!({}))).await.0, 404);
}

#[rstest]
#[case(json!({ "friendlyName": "" }), "friendlyName")]
#[case(json!({ "channelType": "Fax" }), "channelType")]
#[case(json!({ "channelType": "Phone", "address": "4165550123" }), "address")]
#[case(json!({ "channelType": "Email" }), "address")]
#[case(json!({ "address": "+14165550123" }), "address")]
#[case(json!({ "chatCode": "guess" }), "chatCode")]
#[case(json!({ "environment": "Moon" }), "environment")]
#[case(json!({ "flowId": null }), "flowId")]
#[case(json!({ "flowId": "x" }), "variants[0].flowId")]
#[case(json!({ "flowId": "00000000-0000-7000-8000-000000000000" }), "variants[0].flowId")]
#[case(json!({ "variants": [] }), "variants")]
#[case(json!({ "origins": ["https://example.com/"] }), "origins[0]")]
#[case(json!({ "rateLimitPerMinute": 0 }), "rateLimitPerMinute")]
#[case(json!({ "colour": "red" }), "body")]
#[tokio::test]
async fn a_point_of_contact_that_cannot_be_is_refused_by_its_field(#[case] change: Value, #[case] field: &str) {
    let app = TestApp::start().await;
    let (flow, _) = flow(&app).await;
    let mut body = json!({ "friendlyName": "x", "channelType": "Web", "flowId": flow });
    for (name, value) in change.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let (status, problem) = ask(&app, Method::POST, "points-of-contact", Some(body)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    assert_eq!(listed(&app, "").await, [""; 0]);
}

#[tokio::test]
async fn a_scenario_answers_at_no_point_of_contact() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let body = json!({ "friendlyName": "x", "channelType": "Web", "flowId": agent.id });
    let (status, problem) = ask(&app, Method::POST, "points-of-contact", Some(body)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("variants[0].flowId")), "{problem}");
}
