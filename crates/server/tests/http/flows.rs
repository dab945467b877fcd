//! Flows over the API: rows DA-F1, DA-F8, DA-F9, DA-F12 to DA-F19, DA-F26 (attaching), DA-J11 (pinning).

use model::AgentId;
use reqwest::{Client, Method, header};
use rstest::rstest;
use runtime::{agents::Agents, tenants::Tenants, tokens::Tokens};
use serde_json::{Value, json};

use crate::app::{TestApp, json_of, scenario};

/// What the tenant's own token is answered.
async fn ask(app: &TestApp, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let (status, answer) = app.integrator(method, path, body).await;
    (status.as_u16(), answer)
}

/// Makes something and gives its id.
pub(crate) async fn made(app: &TestApp, path: &str, body: Value) -> String {
    let (status, answer) = ask(app, Method::POST, path, Some(body)).await;
    assert_eq!(status, 201, "{path}: {answer}");
    answer["id"].as_str().expect("an id").to_owned()
}

/// A function in JavaScript.
pub(crate) fn javascript(name: &str, source: &str) -> Value {
    json!({ "name": name, "events": ["Found"], "code": { "type": "java_script", "source": source } })
}

/// A flow of two states with one function; gives the ids of both.
pub(crate) async fn flow(app: &TestApp) -> (String, String) {
    let function = made(app, "functions", javascript("lookup", "return { event: 'Found' };")).await;
    let body = json!({
        "name": "Banking", "publicName": "The Bank", "description": "Looks accounts up.",
        "states": [
            { "id": "greeting", "name": "Greeting", "thought": "Call `lookup`.", "functions": [function] },
            { "id": "account", "name": "Account", "thought": "Say 'Done'." },
        ],
        "transitions": [
            { "id": "found", "from": "greeting", "event": "Found", "to": { "state": "account" } },
            { "id": "again", "from": "account", "event": "Found", "to": "end" },
        ],
    });
    (made(app, "flows/handlers", body).await, function)
}

async fn publish(app: &TestApp, flow: &str) -> Value {
    let path = format!("flows/handlers/{flow}/snapshots");
    let (status, card) = ask(app, Method::POST, &path, Some(json!({ "note": "First." }))).await;
    assert_eq!(status, 201, "{card}");
    card
}

async fn card(app: &TestApp, flow: &str) -> Value {
    let (_, listed) = ask(app, Method::GET, "flows/handlers", None).await;
    let cards = listed["flows"].as_array().expect("a list");
    cards.iter().find(|card| card["id"] == flow).unwrap_or_else(|| panic!("{flow} is listed: {listed}")).clone()
}

/// Changes the thought of the greeting.
async fn think(app: &TestApp, flow: &str, function: &str, thought: &str) {
    let state = json!({ "name": "Greeting", "thought": thought, "functions": [function] });
    let (status, answer) = ask(app, Method::PUT, &format!("flows/handlers/{flow}/states/greeting"), Some(state)).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn da_f01_a_flow_needs_a_name_and_a_description_and_is_a_draft() {
    let app = TestApp::start().await;
    let body = json!({ "name": "First", "description": "Our first flow." });
    let id = made(&app, "flows/handlers", body).await;
    let card = card(&app, &id).await;
    assert_eq!(
        (&card["name"], &card["description"], &card["status"], &card["versions"]),
        (&json!("First"), &json!("Our first flow."), &json!("Draft"), &json!(0))
    );
    assert!(card["lastEditedAt"].is_string() && card["pointsOfContact"] == json!([]), "{card}");
    let (status, problem) = ask(&app, Method::POST, &format!("flows/handlers/{id}/snapshots"), Some(json!({}))).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("states")), "nothing to run: {problem}");
}

#[tokio::test]
async fn da_f08_publishing_makes_a_version_and_editing_a_draft() {
    let app = TestApp::start().await;
    let (id, function) = flow(&app).await;
    let published = publish(&app, &id).await;
    assert_eq!((&published["status"], &published["versions"]), (&json!("Published"), &json!(1)));
    think(&app, &id, &function, "Be brief.").await;
    assert_eq!(card(&app, &id).await["status"], "Draft");
    think(&app, &id, &function, "Call `lookup`.").await;
    assert_eq!(card(&app, &id).await["status"], "Published", "it is as it was published again");
    let (_, listed) = ask(&app, Method::GET, &format!("flows/handlers/{id}/snapshots"), None).await;
    let first = &listed["snapshots"][0];
    assert_eq!((&first["version"], &first["note"], &first["active"]), (&json!(1), &json!("First."), &json!(true)));
    assert!(first["publishedAt"].is_string() && first["publishedBy"] == "test", "{first}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn da_f08_of_those_who_publish_at_once_each_gets_a_version_or_a_refusal() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let path = format!("flows/handlers/{id}/snapshots");
    let publishes = async |note: &'static str| ask(&app, Method::POST, &path, Some(json!({ "note": note }))).await;
    let (one, two, three, four) = tokio::join!(publishes("1"), publishes("2"), publishes("3"), publishes("4"));
    let mut given = Vec::new();
    for (note, (status, answer)) in ["1", "2", "3", "4"].into_iter().zip([one, two, three, four]) {
        match status {
            201 => given.push((answer["versions"].as_u64().expect("a number"), note)),
            409 => {}
            other => panic!("{other}: {answer}"),
        }
    }
    given.sort_unstable();
    assert!(!given.is_empty());
    let (_, listed) = ask(&app, Method::GET, &path, None).await;
    let snapshots = listed["snapshots"].as_array().expect("a list");
    assert_eq!(snapshots.len(), given.len(), "{listed}");
    for (place, ((version, note), snapshot)) in given.iter().zip(snapshots.iter().rev()).enumerate() {
        assert_eq!(*version, place as u64 + 1, "each number once, none left out");
        assert_eq!((&snapshot["version"], &snapshot["note"]), (&json!(version), &json!(note)), "nothing written over");
    }
    assert_eq!(snapshots[0]["active"], true, "the last one serves: {listed}");
}

#[tokio::test]
async fn da_f09_an_older_version_is_as_it_was_and_can_serve_and_be_edited_again() {
    let app = TestApp::start().await;
    let (id, function) = flow(&app).await;
    publish(&app, &id).await;
    think(&app, &id, &function, "Be brief.").await;
    publish(&app, &id).await;
    let path = format!("flows/handlers/{id}");
    let (_, first) = ask(&app, Method::GET, &format!("{path}/snapshots/1"), None).await;
    assert_eq!(first["flow"]["states"][0]["thought"], "Call `lookup`.");
    let (_, second) = ask(&app, Method::GET, &format!("{path}/snapshots/2"), None).await;
    assert_eq!((&second["flow"]["states"][0]["thought"], &second["active"]), (&json!("Be brief."), &json!(true)));
    let (_, compared) = ask(&app, Method::GET, &format!("{path}/difference?from=1&to=2"), None).await;
    let changes = compared["changes"].as_array().expect("a list");
    assert!(changes.len() == 1 && changes[0].as_str().expect("text").contains("Be brief."), "{compared}");
    let (_, none) = ask(&app, Method::GET, &format!("{path}/difference?from=2"), None).await;
    let said = none["changes"].to_string();
    assert!(!said.contains("thought"), "the draft is as version 2: {none}");

    let (status, card) = ask(&app, Method::POST, &format!("{path}/snapshots/1/activate"), None).await;
    assert_eq!((status, &card["activeVersion"], &card["versions"]), (200, &json!(1), &json!(2)));
    let (status, card) = ask(&app, Method::POST, &format!("{path}/snapshots/1/restore"), None).await;
    assert_eq!((status, &card["status"]), (200, &json!("Draft")), "version 2 was published last");
    let (_, draft) = ask(&app, Method::GET, &path, None).await;
    assert_eq!(draft["states"][0]["thought"], "Call `lookup`.");
    let (status, card) = ask(&app, Method::POST, &format!("{path}/unpublish"), None).await;
    assert_eq!((status, &card["activeVersion"]), (200, &Value::Null));
    for missing in ["snapshots/0", "snapshots/3", "snapshots/x", "difference?from=3"] {
        assert_eq!(ask(&app, Method::GET, &format!("{path}/{missing}"), None).await.0, 404, "{missing}");
    }
    assert_eq!(ask(&app, Method::POST, &format!("{path}/snapshots/3/activate"), None).await.0, 404);
}

#[tokio::test]
async fn da_j11_a_published_flow_keeps_the_snapshot_of_its_functions() {
    let app = TestApp::start().await;
    let (id, function) = flow(&app).await;
    publish(&app, &id).await;
    let changed = javascript("lookup", "return { event: 'Found', response: 2 };");
    let (status, answer) = ask(&app, Method::PUT, &format!("functions/{function}"), Some(changed)).await;
    assert_eq!(status, 200, "{answer}");
    publish(&app, &id).await;
    publish(&app, &id).await;
    let pinned = async |version: u32| {
        let path = format!("flows/handlers/{id}/snapshots/{version}");
        let (_, whole) = ask(&app, Method::GET, &path, None).await;
        let function = whole["functions"][0].clone();
        (function["snapshot"].clone(), function["function"]["code"]["source"].as_str().expect("a source").len())
    };
    assert_eq!(pinned(1).await, (json!(1), "return { event: 'Found' };".len()));
    assert_eq!(pinned(2).await, (json!(2), "return { event: 'Found', response: 2 };".len()));
    assert_eq!(pinned(3).await, pinned(2).await, "what did not change has no new snapshot");
    let (_, listed) = ask(&app, Method::GET, &format!("functions/{function}/snapshots"), None).await;
    assert_eq!(listed["snapshots"].as_array().map(Vec::len), Some(2));
    for missing in [0, 3] {
        let (status, problem) =
            ask(&app, Method::GET, &format!("functions/{function}/snapshots/{missing}"), None).await;
        let expected = format!("There is no snapshot `{missing}` here.");
        assert_eq!((status, &problem["detail"]), (404, &json!(expected)), "{problem}");
    }
}

#[tokio::test]
async fn da_f12_a_flow_is_taken_to_another_tenant() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let secret = json!({ "type": "string", "value": "hunter2" });
    assert_eq!(ask(&app, Method::PUT, "secrets/bank_key", Some(secret)).await.0, 200);
    let (_, mut draft) = ask(&app, Method::GET, &format!("flows/handlers/{id}"), None).await;
    draft["configuration"]["staticParameters"] = json!({ "api_key": { "secret": "bank_key" } });
    let (status, saved) = ask(&app, Method::PUT, &format!("flows/handlers/{id}"), Some(draft)).await;
    assert_eq!(status, 200, "what was read can be sent back: {saved}");
    let (status, file) = ask(&app, Method::GET, &format!("flows/handlers/{id}/export"), None).await;
    assert_eq!((status, &file["format"], &file["version"]), (200, &json!("parlance.flow"), &json!(1)));
    assert!(!file.to_string().contains("hunter2"));

    let other = "other".parse().expect("a name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let (_, token) = Tokens::new(&app.store).create(&other, "theirs", None).await.expect("a token");
    app.noticed().await;
    let theirs = async |method: Method, path: &str, body: Option<&Value>| {
        let request = Client::new().request(method, format!("{}/api/v1/other/{path}", app.url)).bearer_auth(&token);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let (status, answer) = json_of(request.send().await.expect("an answer")).await;
        (status.as_u16(), answer)
    };
    let (status, problem) = theirs(Method::POST, "flows/handlers/import", Some(&file)).await;
    let place = &problem["errors"][0]["field"];
    assert_eq!((status, place), (422, &json!("flow.configuration.static_parameters.api_key")), "{problem}");
    assert_eq!(theirs(Method::GET, "functions", None).await.1, json!({ "functions": [] }), "nothing is left over");
    let secret = json!({ "type": "string", "value": "theirs" });
    assert_eq!(theirs(Method::PUT, "secrets/bank_key", Some(&secret)).await.0, 200);
    let (status, imported) = theirs(Method::POST, "flows/handlers/import", Some(&file)).await;
    assert_eq!((status, &imported["functions"][0]["outcome"]), (201, &json!("Created")), "{imported}");
    let there = imported["flow"]["id"].as_str().expect("an id");
    let (_, again) = theirs(Method::GET, &format!("flows/handlers/{there}/export"), None).await;
    // Ids of functions are each tenant's own; everything else is the same.
    let nameless = |file: &Value, function: &str| file.to_string().replace(function, "ID");
    let old = file["functions"].as_object().and_then(|map| map.keys().next()).expect("a function");
    assert_eq!(nameless(&again, imported["functions"][0]["id"].as_str().expect("an id")), nameless(&file, old));

    let (status, twice) = theirs(Method::POST, "flows/handlers/import", Some(&file)).await;
    assert_eq!((status, &twice["functions"][0]["outcome"]), (201, &json!("Reused")));
}

#[rstest]
#[case(json!({}), "format")]
#[case(json!({ "format": "parlance.flow", "version": 9 }), "version")]
#[case(json!({ "format": "parlance.flow", "version": 1, "flow": { "name": "x", "states": [{ "id": "s", "name": "S", "functions": ["gone"] }] } }), "flow.states[0].functions[0]")]
#[tokio::test]
async fn da_f12_a_file_that_is_no_flow_is_refused(#[case] file: Value, #[case] field: &str) {
    let app = TestApp::start().await;
    let (status, problem) = ask(&app, Method::POST, "flows/handlers/import", Some(file)).await;
    assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    assert_eq!(ask(&app, Method::GET, "flows/handlers", None).await.1, json!({ "flows": [] }));
}

#[tokio::test]
async fn da_f12_a_file_with_a_function_that_cannot_be_read_is_refused() {
    let app = TestApp::start().await;
    let (id, function) = flow(&app).await;
    let (_, file) = ask(&app, Method::GET, &format!("flows/handlers/{id}/export"), None).await;
    let code = json!({ "type": "integration", "integration": "hand_off", "settings": { "skill": "billing" } });
    for (code, field) in [
        (json!({ "type": "java_script", "source": "return {" }), "source"),
        (
            json!({ "type": "java_script", "source": "import { x } from 'nowhere'; export default () => ({});" }),
            "source",
        ),
        (code, "settings"),
    ] {
        let mut broken = file.clone();
        broken["functions"][&function]["name"] = json!("another");
        broken["functions"][&function]["code"] = code;
        let (status, problem) = ask(&app, Method::POST, "flows/handlers/import", Some(broken)).await;
        let place = format!("functions.{function}.code.{field}");
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(place)), "{problem}");
    }
    let (_, listed) = ask(&app, Method::GET, "functions", None).await;
    assert_eq!(listed["functions"].as_array().map(Vec::len), Some(1), "nothing is left over: {listed}");
    // A library of the file is there for its functions.
    let mut whole = file;
    whole["libraries"]["shared"] =
        json!({ "name": "shared", "code": { "type": "library", "source": "export const x = 1;" } });
    whole["functions"][&function]["name"] = json!("importing");
    whole["functions"][&function]["code"]["source"] =
        json!("import { x } from 'shared'; export default () => ({ response: x });");
    let (status, imported) = ask(&app, Method::POST, "flows/handlers/import", Some(whole)).await;
    assert_eq!(status, 201, "{imported}");
}

#[tokio::test]
async fn da_f13_a_copy_is_independent() {
    let app = TestApp::start().await;
    let (id, function) = flow(&app).await;
    let (status, copy) = ask(&app, Method::POST, &format!("flows/handlers/{id}/duplicate"), None).await;
    assert_eq!((status, &copy["name"], &copy["status"]), (201, &json!("Banking copy"), &json!("Draft")));
    think(&app, copy["id"].as_str().expect("an id"), &function, "Something else.").await;
    let (_, original) = ask(&app, Method::GET, &format!("flows/handlers/{id}"), None).await;
    assert_eq!(original["states"][0]["thought"], "Call `lookup`.");
    let (_, second) = ask(&app, Method::POST, &format!("flows/handlers/{id}/duplicate"), None).await;
    assert_eq!(second["name"], "Banking copy 2");
}

#[tokio::test]
async fn da_f14_da_f16_a_flow_that_a_point_of_contact_uses_stays_and_says_where() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let point = json!({ "friendlyName": "Shop", "channelType": "Web", "flowId": id });
    let point = made(&app, "points-of-contact", point).await;
    let expected = json!([{ "id": point, "friendlyName": "Shop", "channelType": "Web", "environment": "Production" }]);
    assert_eq!(card(&app, &id).await["pointsOfContact"], expected);
    for path in [format!("flows/handlers/{id}"), format!("agents/{id}")] {
        let (status, problem) = ask(&app, Method::DELETE, &path, None).await;
        assert_eq!((status, &problem["type"]), (409, &json!("urn:parlance:problem:in-use")), "{path}");
        assert!(problem["detail"].as_str().expect("text").contains("`Shop`"), "{problem}");
    }
    assert_eq!(ask(&app, Method::DELETE, &format!("points-of-contact/{point}"), None).await.0, 204);
    assert_eq!(ask(&app, Method::DELETE, &format!("flows/handlers/{id}"), None).await.0, 204);
    assert_eq!(ask(&app, Method::GET, &format!("flows/handlers/{id}"), None).await.0, 404);
}

#[tokio::test]
async fn da_f15_a_flow_has_a_picture_that_can_be_dealt_anew() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let picture = async || {
        let url = card(&app, &id).await["thumbnailUrl"].as_str().expect("an address").to_owned();
        let answer = Client::new().get(format!("{}{url}", app.url)).bearer_auth(&app.token).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/svg+xml");
        (url, answer.text().await.expect("a picture"))
    };
    let first = picture().await;
    assert!(first.1.starts_with("<svg"), "{}", first.1);
    assert_eq!(picture().await, first);
    assert_eq!(ask(&app, Method::POST, &format!("flows/handlers/{id}/thumbnail"), None).await.0, 200);
    let second = picture().await;
    assert!(second.0 != first.0 && second.1 != first.1);
}

#[tokio::test]
async fn da_f17_a_flow_has_a_private_and_a_public_name() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let card = card(&app, &id).await;
    assert_eq!((&card["name"], &card["publicName"]), (&json!("Banking"), &json!("The Bank")));
    let agents = Agents::new(&app.store);
    let id: AgentId = id.parse().expect("an id");
    let flow = agents.flow(&"demo".parse().expect("a name"), id).await.expect("the flow");
    assert_eq!((flow.agent.name.as_str(), flow.document.public_name.as_str()), ("Banking", "The Bank"));
}

#[tokio::test]
async fn da_f18_states_and_transitions_are_made_changed_and_deleted() {
    let app = TestApp::start().await;
    let id = made(&app, "flows/handlers", json!({ "name": "New" })).await;
    let path = format!("flows/handlers/{id}");
    let first = made(&app, &format!("{path}/states"), json!({ "name": "One" })).await;
    let second = made(
        &app,
        &format!("{path}/states"),
        json!({ "id": "two", "name": "Two", "position": { "x": 1.5, "y": -2.0 } }),
    )
    .await;
    assert_eq!(second, "two");
    let transition = json!({ "from": first, "event": "Go", "to": { "state": "two" } });
    let transition = made(&app, &format!("{path}/transitions"), transition).await;
    let (_, whole) = ask(&app, Method::GET, &path, None).await;
    assert_eq!((&whole["initial"], whole["states"].as_array().map(Vec::len)), (&json!(first), Some(2)));

    let renamed = json!({ "name": "Second", "thought": "Think." });
    assert_eq!(ask(&app, Method::PUT, &format!("{path}/states/two"), Some(renamed)).await.0, 200);
    let (_, state) = ask(&app, Method::GET, &format!("{path}/states/two"), None).await;
    assert_eq!(state, json!({ "id": "two", "name": "Second", "thought": "Think.", "functions": [] }));
    let ends = json!({ "from": first, "event": "Stop", "to": "end" });
    assert_eq!(ask(&app, Method::PUT, &format!("{path}/transitions/{transition}"), Some(ends)).await.0, 200);
    let (_, changed) = ask(&app, Method::GET, &format!("{path}/transitions/{transition}"), None).await;
    assert_eq!((&changed["event"], &changed["to"]), (&json!("Stop"), &json!("end")));
    let back = json!({ "id": "back", "from": "two", "event": "Back", "to": { "state": first } });
    made(&app, &format!("{path}/transitions"), back).await;

    assert_eq!(ask(&app, Method::DELETE, &format!("{path}/states/{first}"), None).await.0, 204);
    let (_, whole) = ask(&app, Method::GET, &path, None).await;
    assert_eq!(whole["initial"], "two");
    let left = json!([{ "id": "back", "from": "two", "event": "Back", "to": "nowhere" }]);
    assert_eq!(whole["transitions"], left);
    assert_eq!(ask(&app, Method::DELETE, &format!("{path}/transitions/back"), None).await.0, 204);
    for missing in [format!("{path}/states/{first}"), format!("{path}/transitions/back")] {
        assert_eq!(ask(&app, Method::GET, &missing, None).await.0, 404);
        assert_eq!(ask(&app, Method::DELETE, &missing, None).await.0, 404);
    }
}

#[tokio::test]
async fn da_f18_what_cannot_be_is_refused_by_its_place() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let path = format!("flows/handlers/{id}");
    let (_, before) = ask(&app, Method::GET, &path, None).await;
    for (method, below, body, field) in [
        (Method::POST, "states", json!({ "name": "" }), "states[2].name"),
        (Method::POST, "states", json!({ "name": "greeting" }), "states[2].name"),
        (Method::POST, "states", json!({ "id": "a b", "name": "x" }), "states[2].id"),
        (Method::POST, "states", json!({ "name": "x", "functions": ["gone"] }), "states[2].functions[0]"),
        (Method::POST, "states", json!({ "name": "x", "colour": "red" }), "body"),
        (Method::POST, "states", json!([]), "body"),
        (Method::PUT, "states/account", json!({ "id": "other", "name": "x" }), "id"),
        (Method::POST, "transitions", json!({ "from": "gone", "event": "E", "to": "end" }), "transitions[2].from"),
        (
            Method::POST,
            "transitions",
            json!({ "from": "greeting", "event": "Found", "to": "end" }),
            "transitions[2].event",
        ),
        (
            Method::PUT,
            "transitions/found",
            json!({ "from": "greeting", "event": "E", "to": { "state": "x" } }),
            "transitions[0].to.state",
        ),
        (
            Method::PUT,
            "",
            json!({ "name": "x", "configuration": { "documentation": { "amount": 11 } } }),
            "configuration.documentation.amount",
        ),
        (
            Method::PUT,
            "",
            json!({ "name": "x", "configuration": { "callReview": { "leastPercent": 101 } } }),
            "configuration.callReview.leastPercent",
        ),
        (
            Method::PUT,
            "",
            json!({ "name": "x", "configuration": { "staticParameters": { "k": { "secret": "none" } } } }),
            "configuration.staticParameters.k",
        ),
    ] {
        let path = if below.is_empty() { path.clone() } else { format!("{path}/{below}") };
        let (status, problem) = ask(&app, method, &path, Some(body.clone())).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{body}: {problem}");
    }
    assert_eq!(ask(&app, Method::GET, &path, None).await.1, before, "nothing changed");
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let app = TestApp::start().await;
    let (id, function) = flow(&app).await;
    let url = format!("{}/api/v1/demo/flows/handlers/{id}", app.url);
    let read = Client::new().get(&url).bearer_auth(&app.token).send().await.expect("an answer");
    let tag = read.headers()[header::ETAG].to_str().expect("text").to_owned();
    let put = async |tag: &str, description: &str| {
        let request = Client::new().put(&url).bearer_auth(&app.token).header(header::IF_MATCH, tag);
        let body = json!({ "name": "Banking", "description": description });
        json_of(request.json(&body).send().await.expect("an answer")).await
    };
    think(&app, &id, &function, "Mine.").await;
    let (status, problem) = put(&tag, "late").await;
    assert_eq!((status.as_u16(), &problem["type"]), (412, &json!("urn:parlance:problem:stale")), "{problem}");
    let revision = card(&app, &id).await["revision"].to_string();
    assert_eq!(put(&format!("\"{revision}\""), "in time").await.0, 200);
    assert_eq!(put("*", "whatever").await.0, 200);
    assert_eq!(put("yesterday", "x").await.0, 422);
}

#[tokio::test]
async fn da_f19_scenarios_and_flows_have_operations_of_their_own() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let (_, made) = ask(&app, Method::POST, "agents", Some(scenario())).await;
    let other = made["id"].as_str().expect("an id");
    for (method, path, body) in [
        (Method::POST, format!("agents/{id}/publish"), None),
        (Method::PUT, format!("agents/{id}/draft"), Some(scenario())),
        (Method::GET, format!("agents/{id}/export"), None),
        (Method::GET, format!("agents/{id}/check"), None),
        (Method::POST, format!("agents/{id}/duplicate"), None),
        (Method::GET, format!("flows/handlers/{other}"), None),
        (Method::PUT, format!("flows/handlers/{other}"), Some(json!({ "name": "x" }))),
        (Method::DELETE, format!("flows/handlers/{other}"), None),
        (Method::POST, format!("flows/handlers/{other}/snapshots"), Some(json!({}))),
        (Method::POST, format!("flows/handlers/{other}/duplicate"), None),
    ] {
        let (status, problem) = ask(&app, method, &path, body).await;
        assert_eq!((status, &problem["type"]), (409, &json!("urn:parlance:problem:conflict")), "{path}: {problem}");
    }
    let (_, agents) = ask(&app, Method::GET, "agents", None).await;
    let kinds: Vec<&Value> = agents["agents"].as_array().expect("a list").iter().map(|agent| &agent["kind"]).collect();
    assert_eq!(kinds, ["flow", "scenario"]);
    assert_eq!(ask(&app, Method::POST, &format!("agents/{other}/duplicate"), None).await.0, 201);
}

#[tokio::test]
async fn a_check_names_what_is_wrong_before_it_is_published() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let check = format!("flows/handlers/{id}/check");
    assert_eq!(ask(&app, Method::GET, &check, None).await.1, json!({ "sound": true, "problems": [] }));
    made(&app, &format!("flows/handlers/{id}/states"), json!({ "name": "Island" })).await;
    let (_, report) = ask(&app, Method::GET, &check, None).await;
    let problem = &report["problems"][0];
    assert_eq!(
        (&report["sound"], &problem["path"], &problem["severity"]),
        (&json!(true), &json!("states[2]"), &json!("warning"))
    );
}

#[tokio::test]
async fn da_f26_files_are_attached_with_their_text() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let url = format!("{}/api/v1/demo/flows/handlers/{id}/files", app.url);
    let attach = async |name: &str, kind: &str, body: Vec<u8>| {
        let request = Client::new().post(format!("{url}?name={name}")).bearer_auth(&app.token);
        let request = request.header(header::CONTENT_TYPE, kind).body(body);
        json_of(request.send().await.expect("an answer")).await
    };
    let (status, csv) = attach("prices.csv", "text/csv; charset=utf-8", b"cut,30\ncolour,80".to_vec()).await;
    assert_eq!(
        (status.as_u16(), &csv["mediaType"], &csv["characters"]),
        (201, &json!("text/csv"), &json!(16)),
        "{csv}"
    );
    let (_, page) = attach("page.html", "text/html", b"<h1>Open</h1><script>x()</script>".to_vec()).await;
    assert_eq!(attach("notes.txt", "text/plain", b"Closed on Sundays".to_vec()).await.0, 201);
    let (_, whole) = ask(&app, Method::GET, &format!("flows/handlers/{id}"), None).await;
    let files = whole["configuration"]["files"].as_array().expect("a list");
    let texts: Vec<&Value> = files.iter().map(|file| &file["text"]).collect();
    assert_eq!(texts, ["cut,30\ncolour,80", "# Open", "Closed on Sundays"]);

    for (kind, body, field) in [
        ("image/png", &b"x"[..], "Content-Type"),
        ("application/json", b"{}", "Content-Type"),
        ("text/plain", b"\xff\xfe", "body"),
        ("text/plain", b"  ", "body"),
        ("application/pdf", b"no pdf", "body"),
    ] {
        let (status, problem) = attach("x", kind, body.to_vec()).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{kind}: {problem}");
    }
    assert_eq!(attach("large", "text/plain", vec![b'x'; (10 << 20) + 1]).await.0, 413);
    let page = page["id"].as_str().expect("an id");
    assert_eq!(ask(&app, Method::DELETE, &format!("flows/handlers/{id}/files/{page}"), None).await.0, 204);
    assert_eq!(ask(&app, Method::DELETE, &format!("flows/handlers/{id}/files/{page}"), None).await.0, 404);
    let (_, listed) = ask(&app, Method::GET, &format!("flows/handlers/{id}/files"), None).await;
    assert_eq!(listed["files"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn da_f26_the_name_of_a_file_says_what_it_is_where_its_type_does_not() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    let attach = async |name: &str| {
        let url = format!("{}/api/v1/demo/flows/handlers/{id}/files?name={name}", app.url);
        let request = Client::new().post(url).bearer_auth(&app.token);
        let request = request.header(header::CONTENT_TYPE, "application/octet-stream").body("<p>Closed on Sundays</p>");
        json_of(request.send().await.expect("an answer")).await
    };
    for (name, kind) in [("page.HTML", "text/html"), ("notes.txt", "text/plain"), ("notes.md", "text/markdown")] {
        let (status, file) = attach(name).await;
        assert_eq!((status.as_u16(), &file["mediaType"]), (201, &json!(kind)), "{file}");
    }
    for (name, field) in [("page", "Content-Type"), ("page.xyz", "Content-Type"), ("page.pdf", "body")] {
        let (status, problem) = attach(name).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{name}: {problem}");
    }
}

#[tokio::test]
async fn a_secret_that_a_flow_names_stays() {
    let app = TestApp::start().await;
    let secret = json!({ "type": "string", "value": "hunter2" });
    assert_eq!(ask(&app, Method::PUT, "secrets/bank_key", Some(secret)).await.0, 200);
    let body = json!({ "name": "x", "configuration": { "staticParameters": { "k": { "secret": "bank_key" } } } });
    let id = made(&app, "flows/handlers", body).await;
    assert_eq!(ask(&app, Method::DELETE, "secrets/bank_key", None).await.0, 409);
    assert_eq!(ask(&app, Method::DELETE, &format!("flows/handlers/{id}"), None).await.0, 204);
    assert_eq!(ask(&app, Method::DELETE, "secrets/bank_key", None).await.0, 204);
}

#[tokio::test]
async fn what_is_done_to_flows_and_functions_is_noted() {
    let app = TestApp::start().await;
    let (id, _) = flow(&app).await;
    publish(&app, &id).await;
    made(&app, &format!("flows/handlers/{id}/states"), json!({ "id": "more", "name": "More" })).await;
    let path = format!("flows/handlers/{id}");
    assert_eq!(ask(&app, Method::DELETE, &format!("{path}/states/more"), None).await.0, 204);
    let point = json!({ "friendlyName": "Shop", "channelType": "Web", "flowId": id });
    let (_, point) = ask(&app, Method::POST, "points-of-contact", Some(point)).await;
    let (_, log) = ask(&app, Method::GET, "audit?limit=100", None).await;
    let text = log.to_string();
    for action in [
        "function.created",
        "flow.created",
        "flow.published",
        "flow.state_created",
        "flow.state_deleted",
        "point_of_contact.created",
    ] {
        assert_eq!(text.matches(&format!("\"{action}\"")).count(), 1, "{action}: {log}");
    }
    assert!(!text.contains(point["chatCode"].as_str().expect("a code")), "a chat code lets people in");
}
