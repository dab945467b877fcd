//! Deep links: rows OD-L01 to OD-L11.

use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode, header, redirect::Policy};
use rstest::rstest;
use runtime::{
    agents::{Access, Agents},
    aliases::Aliases,
    links::{Invitation, Links},
    settings::{ChatSecurity, ChatSettings, Settings},
    tenants::Tenants,
    tokens::Tokens,
    users::{Role, Users},
};
use serde_json::{Value, json};
use store::Page;

use crate::app::{TestAgent, TestApp, Visitor, json_of, scenario};

const PATH: &str = "/public/api/generate-webchat-deep-link";
const OLDER: &str = "/api/generate-webchat-deeplink";
const INVALID: &str = "The given data was invalid.";

impl TestApp {
    async fn generates_at(&self, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        let request = Client::new().post(format!("{}{path}", self.url)).bearer_auth(token).json(body);
        json_of(request.send().await.expect("an answer")).await
    }

    async fn generates(&self, body: Value) -> (StatusCode, Value) {
        self.generates_at(PATH, &self.token, &body).await
    }

    /// Expects to be refused with 422, and gives what was wrong.
    async fn complains(&self, body: Value) -> Value {
        let (status, mut answer) = self.generates(body).await;
        assert_eq!((status.as_u16(), &answer["message"]), (422, &json!(INVALID)), "{answer}");
        answer["errors"].take()
    }

    /// A link for `contact`.
    async fn link(&self, agent: &TestAgent, contact: &str, attributes: Value) -> String {
        let row = json!({ "user_id": contact, "attributes": attributes });
        let (status, links) = self.generates(json!({ "scenario_id": agent.id, "dataset": [row] })).await;
        assert_eq!(status, 200, "{links}");
        links[0]["url"].as_str().expect("an address").to_owned()
    }

    /// Publishes an agent that greets with `greeting`, declares some attributes and asks what `security` says.
    async fn greeting(&self, greeting: &str, security: ChatSecurity) -> TestAgent {
        let mut document = scenario();
        let welcome = "/conversations/0/scenes/0/turns/0/response_intents/0/message_templates/0/message_markup";
        *document.pointer_mut(welcome).expect("the welcome") =
            format!("<message><text-message>{greeting}</text-message></message>").into();
        document["attributes"] = json!([
            { "name": "tags", "type": "string_collection" },
            { "name": "years", "type": "whole_number_collection" },
            { "name": "age", "type": "whole_number" },
            { "name": "pets", "type": "composite_collection" },
        ]);
        let demo = "demo".parse().expect("a tenant name");
        let agents = Agents::new(&self.store);
        let agent = agents.create(&demo, &document, Access::Open).await.expect("the agent is made");
        agents.publish(&demo, agent.id).await.expect("it is published");
        let settings = ChatSettings { security, ..ChatSettings::default() };
        Settings::new(&self.store).put(&demo, agent.id, &settings).await.expect("settings are stored");
        self.noticed().await;
        TestAgent { id: agent.id.to_string(), app_key: agent.app_key }
    }

    async fn open_greeting(&self, greeting: &str) -> TestAgent {
        self.greeting(greeting, ChatSecurity::open()).await
    }

    /// Documents of links and of waiting attributes.
    async fn kept(&self) -> usize {
        let demo = self.store.tenant(&"demo".parse().expect("a tenant name"));
        let mut kept = 0;
        for kind in ["link", "presets"] {
            kept += demo.list(kind, Page::whole()).await.expect("the store answers").len();
        }
        kept
    }
}

/// A browser that follows no redirects and keeps cookies.
fn browser() -> Client {
    Client::builder().cookie_store(true).redirect(Policy::none()).build().expect("a client")
}

async fn open(client: &Client, url: &str) -> Response {
    client.get(url).send().await.expect("an answer")
}

fn visitor_in(client: Client, app: &TestApp, agent: &TestAgent, user: &str) -> Visitor {
    Visitor { client, url: app.url.clone(), agent: agent.clone(), user: user.to_owned(), csrf: None }
}

#[tokio::test]
async fn od_l01_one_link_for_each_row_in_order() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let row = |user: &str| json!({ "user_id": user, "attributes": { "name": user } });
    let rows = [row("user_12345"), row("user_67890"), row("user_12345")];
    let (status, links) = app.generates(json!({ "scenario_id": agent.id, "dataset": rows })).await;
    assert_eq!(status, 200, "{links}");
    let links = links.as_array().expect("a bare array");
    let users: Vec<_> = links.iter().map(|link| &link["user_id"]).collect();
    assert_eq!(users, ["user_12345", "user_67890", "user_12345"]);
    let mut codes = Vec::new();
    for link in links {
        assert_eq!(
            link.as_object().map(|link| link.keys().cloned().collect::<Vec<_>>()).expect("an object"),
            ["user_id", "url"]
        );
        let code = link["url"].as_str().and_then(|url| url.strip_prefix(&format!("{}/l/", app.url))).expect("ours");
        assert_eq!(code.len(), 22, "128 bits, six to a letter");
        assert!(code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{code}");
        assert!(!codes.contains(&code));
        codes.push(code);
    }
    app.stop().await;
}

#[tokio::test]
async fn od_l02_a_row_without_an_id_gets_a_uuid() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let rows =
        json!([{ "attributes": {} }, { "user_id": null, "attributes": [] }, { "user_id": "", "attributes": {} }]);
    let (status, links) = app.generates(json!({ "scenario_id": agent.id, "dataset": rows })).await;
    assert_eq!(status, 200, "{links}");
    for link in links.as_array().expect("an array") {
        let id = link["user_id"].as_str().expect("an id");
        assert!(id.len() == 36 && id.bytes().filter(|b| *b == b'-').count() == 4, "{id}");
    }
    assert_ne!(links[0]["user_id"], links[1]["user_id"]);
}

#[tokio::test]
async fn od_l03_od_l06_every_wrong_row_is_named_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let rows = json!([
        { "user_id": "a" },
        { "user_id": 7, "attributes": { "name": "b" } },
        { "user_id": "c", "attributes": { "name": "c" } },
        { "user_id": "d", "attributes": "name" },
        "e",
        { "user_id": "f", "attributes": { "first_seen": 1, "age": 3 } },
    ]);
    let errors = app.complains(json!({ "scenario_id": agent.id, "dataset": rows })).await;
    assert_eq!(
        errors,
        json!({
            "dataset.0.attributes": ["The attributes field is required."],
            "dataset.1.user_id": ["User id must be a string"],
            "dataset.3.attributes": ["The attributes field must be an object."],
            "dataset.4": ["The dataset.4 must be an object."],
            "dataset.5.attributes.first_seen": ["The attribute first_seen is reserved."],
        })
    );
    assert_eq!(app.kept().await, 0);
    let required =
        json!({ "scenario_id": ["The scenario_id field is required."], "dataset": ["The dataset field is required."] });
    assert_eq!(app.complains(json!({})).await, required);
    assert_eq!(app.complains(json!({ "scenario_id": "", "dataset": [] })).await, required);
    let long = json!([{ "user_id": "x".repeat(385), "attributes": {} }]);
    let errors = app.complains(json!({ "scenario_id": agent.id, "dataset": long, "expires_in": 0 })).await;
    assert!(errors["dataset.0.user_id"].is_array() && errors["expires_in"].is_array(), "{errors}");
}

#[tokio::test]
async fn od_l04_a_bulk_has_a_bound() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let bulk = |rows: usize| {
        let rows: Vec<_> = (0..rows).map(|n| json!({ "user_id": format!("u{n}"), "attributes": { "n": n } })).collect();
        json!({ "scenario_id": agent.id, "dataset": rows })
    };
    let errors = app.complains(bulk(101)).await;
    assert_eq!(errors, json!({ "dataset": ["Maximum number of users is 100"] }));
    let (status, links) = app.generates(bulk(100)).await;
    assert_eq!((status.as_u16(), links.as_array().map(Vec::len)), (200, Some(100)));
    assert_eq!(links[99]["user_id"], "u99");
    assert_eq!(app.kept().await, 200);
}

#[tokio::test]
async fn od_l05_unknown_scenarios_drafts_and_those_of_others() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a tenant name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let theirs = app.agent("other", Access::Open).await;
    let draft = Agents::new(&app.store);
    let draft = draft.create(&"demo".parse().expect("a name"), &scenario(), Access::Open).await.expect("it is made");
    app.noticed().await;
    let dataset = json!([{ "attributes": {} }]);
    let unknown = json!({ "scenario_id": ["The selected scenario does not exist."] });
    for name in ["customer_support", "018f3c1e-0000-7000-8000-000000000000", &theirs.id] {
        assert_eq!(app.complains(json!({ "scenario_id": name, "dataset": dataset })).await, unknown, "{name}");
    }
    let errors = app.complains(json!({ "scenario_id": draft.id.to_string(), "dataset": dataset })).await;
    assert!(errors["scenario_id"][0].as_str().expect("text").contains("Publish it"), "{errors}");
    let errors = app.complains(json!({ "scenario_id": 7, "dataset": dataset })).await;
    assert_eq!(errors, json!({ "scenario_id": ["The scenario_id must be a string."] }));
}

#[tokio::test]
async fn od_l07_a_chat_without_a_page_of_its_own_has_no_links() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let settings = json!({ "appearance": { "general": { "fullPageChat": false } } });
    app.integrator(Method::PUT, &format!("agents/{}/settings", agent.id), Some(settings)).await;
    let body = json!({ "scenario_id": agent.id, "dataset": [{ "attributes": {} }] });
    let (status, answer) = app.generates(body).await;
    assert_eq!((status.as_u16(), answer), (404, json!({ "message": "Fullpage webchat routes are not enabled." })));
}

#[tokio::test]
async fn od_l08_the_first_message_after_the_link_has_the_attributes() {
    let app = TestApp::start().await;
    let agent = app.open_greeting("Hello {user.name}").await;
    let url = app.link(&agent, "a&b ü", json!({ "name": "John Doe" })).await;
    let client = browser();
    let answer = open(&client, &url).await;
    assert_eq!(answer.status(), 302);
    let headers = answer.headers();
    let expected = format!("/web-chat?scenario_id={}&app_key={}&user_id=a%26b%20%C3%BC", agent.id, agent.app_key);
    assert_eq!(headers[header::LOCATION].to_str().expect("text"), expected);
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    assert!(!headers.contains_key(header::SET_COOKIE));
    // An id with such letters cannot be a header of the test client: somebody else talks.
    let url = app.link(&agent, "ann", json!({ "name": "Ann" })).await;
    assert_eq!(open(&client, &url).await.status(), 302);
    let ann = visitor_in(client, &app, &agent, "ann");
    assert_eq!(ann.opens().await, "Hello Ann");
    // It may be opened again, and set anew for somebody who is known.
    assert_eq!(open(&browser(), &url).await.status(), 302);
    app.link(&agent, "ann", json!({ "name": "Anna" })).await;
    assert_eq!(ann.opens().await, "Hello Anna");
    app.stop().await;
}

#[tokio::test]
async fn od_l08_the_page_of_the_link_is_the_contact_where_ids_belong_to_browsers() {
    let app = TestApp::start().await;
    let agent = app.greeting("Hello {user.name}", ChatSecurity::default()).await;
    let url = app.link(&agent, "ann", json!({ "name": "Ann" })).await;
    // Who guesses the id does not get the attributes, before the link is opened and after.
    let guessing = app.visitor(&agent, "ann");
    assert_eq!(guessing.get("/chat-api/configuration").await.status(), 401);

    let client = browser();
    let answer = open(&client, &url).await;
    assert_eq!(answer.status(), 302);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text");
    assert!(cookie.starts_with("opendialog_anonymous_authentication_token="), "{cookie}");
    assert!(cookie.contains("HttpOnly"), "{cookie}");
    let mut ann = visitor_in(client, &app, &agent, "ann");
    let (status, configuration) = json_of(ann.get("/chat-api/configuration").await).await;
    assert_eq!((status.as_u16(), &configuration["userType"]), (200, &json!("new")));
    ann.csrf = configuration["csrfToken"].as_str().map(str::to_owned);
    assert_eq!(ann.opens().await, "Hello Ann");
    // The cookie is that contact's and nobody else's.
    app.link(&agent, "bob", json!({ "name": "Bob" })).await;
    ann.user = "bob".to_owned();
    assert_eq!(ann.get("/chat-api/configuration").await.status(), 401);
    assert_eq!(guessing.get("/chat-api/configuration").await.status(), 401);
    // A browser that is the contact already keeps its cookie.
    assert!(!open(&ann.client, &url).await.headers().contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn od_l08_an_opened_link_that_sets_nothing_makes_the_id_somebody_s() {
    let app = TestApp::start().await;
    let agent = app.greeting("Hello", ChatSecurity::default()).await;
    let url = app.link(&agent, "ann", json!({})).await;
    let client = browser();
    assert_eq!(open(&client, &url).await.status(), 302);
    assert_eq!(app.visitor(&agent, "ann").get("/chat-api/configuration").await.status(), 401);
    let ann = visitor_in(client, &app, &agent, "ann");
    assert_eq!(ann.get("/chat-api/configuration").await.status(), 200);
}

#[rstest]
#[case(json!(["Ben Smith", "Joe Bloggs"]))]
#[case(json!("Ben Smith,Joe Bloggs"))]
#[case(json!("Ben Smith, Joe Bloggs"))]
#[case(json!([" Ben Smith ", "Joe Bloggs", ""]))]
#[tokio::test]
async fn od_l09_a_list_and_a_text_with_commas_are_the_same_collection(#[case] tags: Value) {
    let app = TestApp::start().await;
    let agent = app.open_greeting("{user.tags[1]} of {user.tags | count}, {user.other}").await;
    app.link(&agent, "ann", json!({ "tags": tags, "other": "a, b" })).await;
    assert_eq!(app.visitor(&agent, "ann").opens().await, "Joe Bloggs of 2, a, b");
}

#[tokio::test]
async fn od_l10_composites_are_refused_under_their_name() {
    let app = TestApp::start().await;
    let agent = app.open_greeting("Hello").await;
    let attributes = json!({
        "pets": [{ "name": "Rex" }], "home": { "city": "Rome" }, "list": [["a"], [{}]], "name": "Ann",
        "years": "1999, soon", "age": "old", "long": "x".repeat(8193),
    });
    let dataset = json!([{ "attributes": {} }, { "attributes": attributes }]);
    let errors = app.complains(json!({ "scenario_id": agent.id, "dataset": dataset })).await;
    let fields: Vec<_> = errors.as_object().expect("errors").keys().map(String::as_str).collect();
    let expected = ["pets", "home", "list", "years", "age", "long"].map(|name| format!("dataset.1.attributes.{name}"));
    assert_eq!(fields, expected);
    assert!(errors["dataset.1.attributes.home"][0].as_str().expect("text").starts_with("Composite values"));
    let many: serde_json::Map<_, _> = (0..501).map(|n| (format!("a{n}"), json!(n))).collect();
    let name = "n".repeat(256);
    let dataset = json!([{ "attributes": many }, { "attributes": { name: 1 } }]);
    let errors = app.complains(json!({ "scenario_id": agent.id, "dataset": dataset })).await;
    assert_eq!(errors["dataset.0.attributes"], json!(["A user may have at most 500 attributes."]));
    assert!(errors["dataset.1.attributes"].is_array(), "{errors}");
    assert_eq!(app.kept().await, 0);
}

#[rstest]
#[case("scenario_id", "user_id")]
#[case("scenarioId", "userId")]
#[case("scenarioAlias", "userId")]
#[tokio::test]
async fn od_l11_both_paths_read_all_spellings(#[case] scenario_field: &str, #[case] user_field: &str) {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let (demo, id) = ("demo".parse().expect("a name"), agent.id.parse().expect("an id"));
    Aliases::new(&app.store).put(&demo, "reception", id).await.expect("the alias is made");
    app.noticed().await;
    for path in [PATH, OLDER] {
        for name in ["reception", &agent.id] {
            let row = json!({ user_field: "ann", "attributes": { "name": "Ann" } });
            let body = json!({ scenario_field: name, "dataset": [row] });
            let (status, links) = app.generates_at(path, &app.token, &body).await;
            assert_eq!((status.as_u16(), &links[0]["user_id"]), (200, &json!("ann")), "{path} {name}: {links}");
        }
        let body = json!({ scenario_field: "nowhere", "dataset": [{ "attributes": {} }] });
        let (status, answer) = app.generates_at(path, &app.token, &body).await;
        assert_eq!(status, 422);
        assert_eq!(answer["errors"], json!({ scenario_field: ["The selected scenario does not exist."] }));
    }
    let other = app.open_agent().await;
    let body = json!({ "scenario_id": agent.id, "scenarioAlias": other.id, "dataset": [{ "attributes": {} }] });
    assert!(app.complains(body).await["scenarioAlias"].is_array());
}

#[tokio::test]
async fn only_who_may_make_links_can() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let demo = "demo".parse().expect("a tenant name");
    let body = json!({ "scenario_id": agent.id, "dataset": [{ "attributes": {} }] });
    for (role, expected) in [(Role::PreviewAnalyseGuest, 403), (Role::Editor, 200)] {
        let user = Users::new(&app.store).create(&demo, role.as_str(), role).await.expect("the user is made");
        let tokens = Tokens::new(&app.store);
        let (_, token) = tokens.create_for(&demo, "", None, Some(&user)).await.expect("the token is made");
        for path in [PATH, OLDER] {
            let (status, answer) = app.generates_at(path, &token, &body).await;
            assert_eq!(status, expected, "{role} {path}: {answer}");
            if expected == 403 {
                assert_eq!(answer, json!({ "message": "This action is unauthorized." }));
            }
        }
    }
    let (status, answer) = app.generates_at(PATH, &agent.app_key, &body).await;
    assert_eq!((status.as_u16(), answer), (401, json!({ "message": "Unauthenticated." })));
}

#[rstest]
#[case("{ \"scenario_id\": \"a\", }", "application/json", 422)]
#[case("[]", "application/json", 422)]
#[case("", "application/json", 422)]
#[case("{}", "text/plain", 415)]
#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused(
    #[case] body: &'static str,
    #[case] kind: &str,
    #[case] expected: u16,
) {
    let app = TestApp::start().await;
    let request = Client::new().post(format!("{}{PATH}", app.url)).bearer_auth(&app.token);
    let answer = request.header("content-type", kind).body(body).send().await.expect("an answer");
    let (status, answer) = json_of(answer).await;
    assert_eq!(status, expected, "{answer}");
    assert!(answer["message"].is_string(), "{answer}");
}

#[tokio::test]
async fn links_end_when_they_were_to_end() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let body = json!({ "scenario_id": agent.id, "dataset": [{ "attributes": {} }], "expires_in": 1 });
    let (_, links) = app.generates(body).await;
    let url = links[0]["url"].as_str().expect("an address");
    assert_eq!(open(&browser(), url).await.status(), 302);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let answer = open(&browser(), url).await;
    assert_eq!(answer.status(), 410);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(answer.text().await.expect("text"), "This link is no longer good. Ask for a new one.\n");

    let answer = open(&browser(), &format!("{}/l/AAAAAAAAAAAAAAAAAAAAAA", app.url)).await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.text().await.expect("text"), "There is no such link.\n");
    let url = app.link(&agent, "ann", json!({})).await;
    let (demo, id) = ("demo".parse().expect("a name"), agent.id.parse().expect("an id"));
    Agents::new(&app.store).unpublish(&demo, id).await.expect("it is taken out of service");
    app.noticed().await;
    assert_eq!(open(&browser(), &url).await.status(), 410);
}

#[tokio::test]
async fn a_link_is_its_tenant_s_alone() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a tenant name");
    Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let agent = app.agent("other", Access::Open).await;
    let invitation = Invitation { contact: "ann".parse().expect("a contact"), attributes: serde_json::Map::new() };
    let links = Links::new(&app.store);
    let codes = links.create(&other, agent.id.parse().expect("an id"), None, &[invitation]).await.expect("made");
    let asked = async |host: &str| {
        let request = browser().get(format!("{}/l/{}", app.url, codes[0])).header(header::HOST, host);
        request.send().await.expect("an answer").status()
    };
    assert_eq!(asked("other.example.com").await, 302);
    assert_eq!(asked("chat.example.com").await, 302);
    assert_eq!(asked("demo.example.com").await, 404);
}
