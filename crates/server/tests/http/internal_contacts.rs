//! Internal contacts and transfers to them: rows DA-I18, DA-L9, DA-L12, DA-J15.

use reqwest::{Client, Method, header};
use rstest::rstest;
use runtime::{
    internal_contacts::{InternalContactTerms, InternalContacts},
    tenants::Tenants,
};
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    flow_stage::{calls, one_state, script, stage, then},
    flows::{javascript, made},
    flows_world::{Page, World},
};

fn desk() -> Value {
    json!({ "name": "Front desk", "phoneNumber": "+49 30 / 123456", "note": "Until eight." })
}

/// A tenant with a flow and the front desk; the desk's id.
async fn world() -> (World, String) {
    let world = World::start().await;
    let id = made(&world.app, "internal-contacts", desk()).await;
    (world, id)
}

async fn transfers(world: &World, transcript: &str, body: Value) -> (u16, Value) {
    world.ask(Method::POST, &format!("transcripts/{transcript}/transfer"), Some(body)).await
}

/// What the events say of the hand-offs of a conversation.
async fn handed_off(world: &World, transcript: &str) -> Vec<Value> {
    let (_, page) = world.ask(Method::GET, "events?limit=1000", None).await;
    let events = page["events"].as_array().expect("events").iter();
    let ours = events.filter(|event| event["type"] == "transcript.handed_off" && event["transcript"] == transcript);
    ours.map(|event| event["body"].clone()).collect()
}

#[tokio::test]
async fn da_i18_contacts_are_made_listed_changed_and_deleted() {
    let app = TestApp::start().await;
    let (status, first) = app.integrator(Method::POST, "internal-contacts", Some(desk())).await;
    assert_eq!((status.as_u16(), &first["phoneNumber"]), (201, &json!("+4930123456")), "{first}");
    let id = first["id"].as_str().expect("an id").to_owned();
    let other = json!({ "name": "billing", "phoneNumber": "+14155552671" });
    let other = made(&app, "internal-contacts", other).await;
    let (_, listed) = app.integrator(Method::GET, "internal-contacts", None).await;
    let named = |at: usize| listed["internalContacts"][at]["name"].clone();
    assert_eq!((named(0), named(1), named(2)), (json!("billing"), json!("Front desk"), Value::Null), "{listed}");

    // One of a name, whatever its case.
    let again = json!({ "name": " FRONT  desk", "phoneNumber": "+14155552671" });
    assert_eq!(app.integrator(Method::POST, "internal-contacts", Some(again.clone())).await.0, 409);
    let path = format!("internal-contacts/{other}");
    assert_eq!(app.integrator(Method::PUT, &path, Some(again)).await.0, 409);

    // What was read may be sent back with changes.
    let path = format!("internal-contacts/{id}");
    let (_, mut read) = app.integrator(Method::GET, &path, None).await;
    assert_eq!(read, first);
    read["name"] = json!("front Desk");
    read["note"] = Value::Null;
    let (status, changed) = app.integrator(Method::PUT, &path, Some(read.clone())).await;
    assert_eq!((status.as_u16(), &changed["name"], &changed["note"]), (200, &json!("front Desk"), &Value::Null));
    let stale = Client::new().put(format!("{}/api/v1/demo/{path}", app.url)).bearer_auth(&app.token);
    let stale = stale.header(header::IF_MATCH, "\"1\"").json(&read).send().await.expect("an answer");
    assert_eq!(stale.status(), 412);

    assert_eq!(app.integrator(Method::DELETE, &path, None).await.0, 204);
    for (method, body) in [(Method::GET, None), (Method::DELETE, None), (Method::PUT, Some(desk()))] {
        assert_eq!(app.integrator(method.clone(), &path, body).await.0, 404, "{method}");
    }
    // The name is free again.
    made(&app, "internal-contacts", desk()).await;
    let noted = app.integrator(Method::GET, "audit?limit=100", None).await.1.to_string();
    for action in ["created", "updated", "deleted"] {
        assert!(noted.contains(&format!("internal_contact.{action}")), "{noted}");
    }
}

#[rstest]
#[case(json!({ "name": " ", "phoneNumber": "+4930123456" }), "name")]
#[case(json!({ "name": "n".repeat(101), "phoneNumber": "+4930123456" }), "name")]
#[case(json!({ "name": "a\u{7}b", "phoneNumber": "+4930123456" }), "name")]
#[case(json!({ "name": "Queue", "phoneNumber": "+4930123456" }), "name")]
#[case(json!({ "name": "Desk", "phoneNumber": "030 123456" }), "phoneNumber")]
#[case(json!({ "name": "Desk", "phoneNumber": "+49 (0) 30 123456" }), "phoneNumber")]
#[case(json!({ "name": "Desk", "phoneNumber": "+4930123456", "note": "n".repeat(1_001) }), "note")]
#[tokio::test]
async fn da_i18_what_is_wrong_is_named_and_changes_nothing(#[case] draft: Value, #[case] field: &str) {
    let app = TestApp::start().await;
    let (status, problem) = app.integrator(Method::POST, "internal-contacts", Some(draft)).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    let (_, listed) = app.integrator(Method::GET, "internal-contacts", None).await;
    assert_eq!(listed, json!({ "internalContacts": [] }));
}

#[tokio::test]
async fn da_l12_choosing_one_of_the_list_hands_over_with_its_number() {
    let (world, id) = world().await;
    let billing = json!({ "name": "Billing", "phoneNumber": "+14155552671" });
    made(&world.app, "internal-contacts", billing).await;
    let (_, listed) = world.ask(Method::GET, "internal-contacts", None).await;
    assert_eq!(listed["internalContacts"].as_array().map(Vec::len), Some(2), "{listed}");
    let page = world.chat().await;
    let mut stream = world.follows(&format!("transcripts/{}/stream", page.transcript), None).await;
    assert_eq!(stream.next().await.expect("it says that it runs").name, "heartbeat");

    let (status, row) = transfers(&world, &page.transcript, json!({ "internalContactId": id })).await;
    assert_eq!((status, &row["status"], &row["control"]), (200, &json!("HumanHandoff"), &json!("Queued")), "{row}");
    let number = json!("+4930123456");
    assert_eq!((&row["destination"], &row["destination_number"]), (&json!("Front desk"), &number), "{row}");
    let event = json!({ "skills": [], "destination": "Front desk", "destination_number": number });
    assert_eq!(handed_off(&world, &page.transcript).await, [event]);
    let told = stream.until("status").await.data;
    assert_eq!((&told["destination"], &told["destinationNumber"]), (&json!("Front desk"), &number), "{told}");
    let transcript = world.transcript(&page.transcript).await;
    let mut entries = transcript["entries"].as_array().expect("entries").iter();
    let line = entries.find(|entry| entry["kind"] == "hand_off").expect("a line tells of it");
    let body = json!({ "skills": [], "destination": "Front desk", "number": number, "operator": "test" });
    assert_eq!(line["body"], body, "{line}");
    let noted = world.ask(Method::GET, "audit?limit=100", None).await.1.to_string();
    assert!(noted.contains("transcript.transferred"), "{noted}");

    assert_eq!(page.says("Hello?").await["messages"], json!([]), "the agent is silent");
    assert_eq!(world.webchat(Method::POST, &page.path("/CsrHandBack"), None).await.0, 200);
    assert_eq!(page.hears("Hello?").await, "You said: **Hello?**");
    let row = world.transcript(&page.transcript).await;
    assert_eq!((&row["destination"], &row["destination_number"]), (&Value::Null, &Value::Null), "{row}");

    // By its name, and a conversation with a scenario too.
    let agent = world.app.open_agent().await;
    world.app.visitor(&agent, "ann").opens().await;
    let transcript = world.listed("transcripts?contact=ann").await.remove(0);
    let (status, row) = transfers(&world, &transcript, json!({ "name": " front DESK" })).await;
    assert_eq!(
        (status, &row["destination"], &row["destination_number"]),
        (200, &json!("Front desk"), &number),
        "{row}"
    );
}

#[tokio::test]
async fn da_l12_who_is_nobody_of_the_tenants_is_refused_and_the_agent_goes_on() {
    let (world, id) = world().await;
    let (store, other) = (&world.app.store, "other".parse().expect("a name"));
    Tenants::new(store).create(&other, "").await.expect("the tenant is made");
    let terms =
        InternalContactTerms { name: "Their desk".to_owned(), phone_number: "+4930654321".to_owned(), note: None };
    let theirs = InternalContacts::new(store).create(&other, terms).await.expect("it is made").value.id;
    let removed = made(&world.app, "internal-contacts", json!({ "name": "Gone", "phoneNumber": "+4930111111" })).await;
    assert_eq!(world.ask(Method::DELETE, &format!("internal-contacts/{removed}"), None).await.0, 204);
    assert_eq!(world.ask(Method::GET, &format!("internal-contacts/{theirs}"), None).await.0, 404);

    let page = world.chat().await;
    for (body, field) in [
        (json!({ "internalContactId": "nobody" }), "internalContactId"),
        (json!({ "internalContactId": removed }), "internalContactId"),
        (json!({ "internalContactId": theirs }), "internalContactId"),
        (json!({ "name": "Gone" }), "name"),
        (json!({ "name": "Their desk" }), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(10_000) }), "name"),
        (json!({}), "internalContactId"),
        (json!({ "internalContactId": id, "name": "Front desk" }), "internalContactId"),
    ] {
        let (status, problem) = transfers(&world, &page.transcript, body.clone()).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{body}: {problem}");
    }
    assert_eq!(page.hears("Hello?").await, "You said: **Hello?**");
    assert!(handed_off(&world, &page.transcript).await.is_empty());
    let nowhere = "00000000-0000-7000-8000-000000000000";
    assert_eq!(transfers(&world, nowhere, json!({ "internalContactId": id })).await.0, 404);
}

#[tokio::test]
async fn da_l09_what_waits_is_with_a_person_or_over_is_not_transferred() {
    let (world, id) = world().await;
    let tries = async |page: &Page| transfers(&world, &page.transcript, json!({ "internalContactId": id })).await.0;
    let (queued, taken, over) = (world.chat().await, world.chat().await, world.chat().await);
    assert_eq!(queued.says("I want a person").await["status"], "HumanHandoff");
    assert_eq!(tries(&queued).await, 409);
    assert_eq!(world.transcript(&queued.transcript).await["destination"], "queue");

    assert_eq!(world.webchat(Method::POST, &taken.path("/CsrTakeOver"), None).await.0, 200);
    assert_eq!(tries(&taken).await, 409);
    let row = world.transcript(&taken.transcript).await;
    assert_eq!((&row["control"], &row["destination"]), (&json!("Operator"), &json!("operator")), "{row}");
    assert_eq!(world.webchat(Method::POST, &taken.path("/CsrHandBack"), None).await.0, 200);
    assert_eq!((tries(&taken).await, tries(&taken).await), (200, 409), "once it is transferred, it waits");

    over.ends("Completed").await;
    assert_eq!(tries(&over).await, 409);
    assert_eq!(world.transcript(&over.transcript).await["status"], "Completed");
}

/// A flow whose agent calls whom the customer names, by code and by an integration.
async fn switchboard() -> World {
    let app = TestApp::start().await;
    made(&app, "internal-contacts", desk()).await;
    let mut code = javascript("put_through", "log('ringing'); transfer(parameters.to); return { response: 'done' };");
    code["parameters"] = json!([{ "name": "to", "type": "string", "required": true }]);
    let integration = json!({
        "name": "porter",
        "code": { "type": "integration", "integration": "transfer", "settings": { "contact": "Porter" } },
    });
    let rules = [
        calls("the desk", "put_through", json!({ "to": "front  DESK" })),
        calls("the moon", "put_through", json!({ "to": "The moon" })),
        then("put_through", "Result: {{tool_result}}"),
        calls("the porter", "porter", json!({})),
        then("porter", "Result: {{tool_result}}"),
    ];
    stage(app, script(&rules), &[code, integration], |ids| one_state(ids, &json!({}))).await
}

#[tokio::test]
async fn da_j15_a_function_transfers_to_whom_there_is_and_fails_for_others() {
    let world = switchboard().await;
    let page = world.chat().await;
    for (said, name) in [("the moon", "The moon"), ("the porter", "Porter")] {
        let heard = page.hears(said).await;
        let expected = format!("Result: error: `contact`: there is no internal contact `{name}`");
        assert!(heard.starts_with(&expected), "{heard}");
        assert!(!heard.contains("+49") && !heard.contains("Front desk"), "it lists nobody: {heard}");
    }
    let row = world.transcript(&page.transcript).await;
    assert_eq!((&row["status"], &row["control"]), (&json!("InProgress"), &json!("Agent")), "{row}");
    let failed = &row["function_calls"][0];
    assert_eq!((&failed["error"]["kind"], &failed["logs"]), (&json!("input"), &json!(["ringing"])), "{failed}");

    assert_eq!(page.hears("the desk").await, "Result: done");
    let row = world.transcript(&page.transcript).await;
    let (name, number) = (json!("Front desk"), json!("+4930123456"));
    assert_eq!((&row["destination"], &row["destination_number"]), (&name, &number), "{row}");
    let event = json!({ "skills": [], "destination": name, "destination_number": number });
    assert_eq!(handed_off(&world, &page.transcript).await, [event]);

    // What is changed counts for the next call.
    made(&world.app, "internal-contacts", json!({ "name": "porter", "phoneNumber": "+4930654321" })).await;
    let page = world.chat().await;
    assert_eq!(page.hears("the porter").await, "Result: done");
    assert_eq!(world.transcript(&page.transcript).await["destination"], "porter");
}

#[tokio::test]
async fn da_j15_a_test_conversation_transfers_as_any_other() {
    let world = switchboard().await;
    let path = format!("flows/handlers/{}/test-conversations", world.flow);
    let (status, begun) = world.ask(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(status, 201, "{begun}");
    let id = begun["transcriptId"].as_str().expect("an id");
    let says = async |text: &str| {
        let (_, answer) = world.ask(Method::POST, &format!("{path}/{id}"), Some(json!({ "message": text }))).await;
        answer["messages"][0]["content"].as_str().unwrap_or_else(|| panic!("it answers: {answer}")).to_owned()
    };
    assert!(says("the moon").await.contains("there is no internal contact `The moon`"));
    assert_eq!(says("the desk").await, "Result: done");
    assert_eq!(world.transcript(id).await["destination_number"], "+4930123456");
}
