//! Conversations with flows as their customers have them: rows DA-F2 to DA-F7, DA-F10 to DA-F12, DA-F16, DA-F20 to
//! DA-F31.

use std::time::{Duration, Instant};

use reqwest::{Client, Method, header};
use rstest::rstest;
use runtime::{tenants::Tenants, tokens::Tokens};
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    flow_stage::{calls, configured, offered, one_state, prompts, script, stage, then, told},
    flows::{javascript, made},
    flows_world::{Page, World},
    neighbour::{Neighbour, near},
};

/// Emits an event and says a word.
fn emits(name: &str, event: &str) -> Value {
    json!({
        "name": name, "events": [event],
        "code": { "type": "integration", "integration": "set_context",
                  "settings": { "values": {}, "response": "done", "event": event } },
    })
}

/// Three states in a row, each left by `Found`; what closes belongs to the second.
async fn three_states() -> World {
    let rules = [
        calls("look", "lookup", json!({})),
        then("lookup", "Looked."),
        calls("close", "close_account", json!({})),
        then("close_account", "Closed."),
    ];
    let functions = [emits("lookup", "Found"), emits("close_account", "Closed")];
    stage(TestApp::start().await, script(&rules), &functions, |ids| {
        json!({
            "name": "Bank", "initial": "hello",
            "states": [
                { "id": "other", "name": "Other", "thought": "Say goodbye." },
                { "id": "hello", "name": "Hello", "thought": "Say 'Welcome, dear guest' and look.", "functions": [ids[0]] },
                { "id": "account", "name": "Account", "thought": "Help with the account.", "functions": [ids[1]] },
            ],
            "transitions": [
                { "id": "a", "from": "hello", "event": "Found", "to": { "state": "account" } },
                { "id": "b", "from": "account", "event": "Found", "to": { "state": "other" } },
            ],
            "configuration": configured(&json!({})),
        })
    })
    .await
}

/// The states that a conversation was in, with the events that led there.
async fn path(world: &World, page: &Page) -> Vec<(String, Option<String>)> {
    let transcript = world.transcript(&page.transcript).await;
    let steps = transcript["state_path"].as_array().expect("a path").iter();
    let step = |step: &Value| {
        let text = |name: &str| step[name].as_str().map(str::to_owned);
        (text("state").expect("a name"), text("event"))
    };
    steps.map(step).collect()
}

fn step(state: &str, event: Option<&str>) -> (String, Option<String>) {
    (state.to_owned(), event.map(str::to_owned))
}

#[tokio::test]
async fn da_f02_a_new_conversation_is_in_the_initial_state_and_the_model_reads_its_thought() {
    let world = three_states().await;
    let page = world.chat().await;
    page.says("Hello").await;
    assert_eq!(path(&world, &page).await, [step("Hello", None)]);
    let read = prompts(&world.journal(&page, 2).await);
    assert!(read.contains("Current step: Hello") && read.contains("dear guest"), "{read}");
    assert!(!read.contains("Say goodbye") && !read.contains("Help with the account"), "{read}");
}

#[tokio::test]
async fn da_f03_messages_without_an_event_leave_the_state() {
    let world = three_states().await;
    let page = world.chat().await;
    for text in ["one", "two", "three"] {
        assert_eq!(page.hears(text).await, format!("You said: {text}"));
    }
    assert_eq!(path(&world, &page).await, [step("Hello", None)]);
}

#[tokio::test]
async fn da_f04_da_f05_an_event_leads_where_its_transition_of_the_state_says() {
    let world = three_states().await;
    let page = world.chat().await;
    assert_eq!(page.hears("Please look it up").await, "Looked.");
    assert_eq!(world.transcript(&page.transcript).await["state"], "Account");
    page.says("Look again").await;
    let expected = [step("Hello", None), step("Account", Some("Found")), step("Other", Some("Found"))];
    assert_eq!(path(&world, &page).await, expected);
}

#[tokio::test]
async fn da_f05_the_same_event_of_another_state_leads_elsewhere() {
    let world = three_states().await;
    let (once, twice) = (world.chat().await, world.chat().await);
    once.says("look").await;
    twice.says("look").await;
    twice.says("look").await;
    assert_eq!(world.transcript(&once.transcript).await["state"], "Account");
    assert_eq!(world.transcript(&twice.transcript).await["state"], "Other");
}

#[tokio::test]
async fn da_f06_da_f07_functions_are_offered_from_the_visit_of_their_state_on() {
    let world = three_states().await;
    let page = world.chat().await;
    assert_eq!(page.hears("Please close it").await, "You said: Please close it", "it is not to be had yet");
    let before = world.journal(&page, 2).await;
    assert!(offered(&before).contains(&"lookup") && !offered(&before).contains(&"close_account"), "{before:#}");
    page.says("look").await;
    assert_eq!(page.hears("Please close it").await, "Closed.");
    let after = world.journal(&page, 4).await;
    assert!(offered(&after).contains(&"lookup") && offered(&after).contains(&"close_account"), "{after:#}");
}

#[tokio::test]
async fn da_f07_a_function_of_a_state_that_was_not_visited_does_not_run() {
    // A model that calls what it is not offered.
    let rules = [
        json!({ "when": { "text_contains": "close" }, "then": { "call": [{ "name": "close_account" }] } }),
        then("close_account", "{{tool_result}}"),
    ];
    let functions = [emits("close_account", "Closed")];
    let world = stage(TestApp::start().await, script(&rules), &functions, |ids| {
        json!({
            "name": "Bank", "initial": "hello",
            "states": [
                { "id": "hello", "name": "Hello", "thought": "Wait." },
                { "id": "account", "name": "Account", "thought": "Help.", "functions": ids },
            ],
            "configuration": configured(&json!({})),
        })
    })
    .await;
    let page = world.chat().await;
    page.says("Please close it").await;
    assert_eq!(world.transcript(&page.transcript).await["function_calls"], json!([]));
}

fn greet(draft: &mut Value, text: &str) {
    draft["configuration"]["opening"] = json!({ "say": text });
}

async fn greeting(world: &World, code: &str) -> String {
    let begun = world.page_of(code).begins(json!({})).await;
    begun["messages"][0]["content"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn da_f10_da_f11_a_pinned_version_stays_and_a_draft_is_followed() {
    let world = three_states().await;
    world.publishes().await;
    let (id, pinned) = world.point(json!({ "friendlyName": "Pinned", "version": 1 })).await;
    let mut page = world.page_of(&pinned);
    page.begins(json!({})).await;
    world
        .edits(|draft| {
            greet(draft, "Hello again.");
            draft["states"][1]["thought"] = json!("Be kind.");
        })
        .await;
    assert_eq!(greeting(&world, &pinned).await, "Welcome.");
    assert_eq!(greeting(&world, &world.code).await, "Hello again.", "without a version the draft answers");
    // A conversation that goes on keeps its version, whatever its point of contact says by now.
    world.publishes().await;
    let terms = json!({ "friendlyName": "Pinned", "channelType": "Web", "flowId": world.flow, "version": 2 });
    let (status, answer) = world.ask(Method::PUT, &format!("points-of-contact/{id}"), Some(terms)).await;
    assert_eq!(status, 200, "{answer}");
    page.says("Hello").await;
    let read = prompts(&world.journal(&page, 2).await);
    assert!(read.contains("dear guest") && !read.contains("Be kind"), "{read}");
    assert_eq!(greeting(&world, &pinned).await, "Hello again.");
}

#[tokio::test]
async fn da_f11_a_point_of_contact_without_a_version_follows_the_draft() {
    let world = three_states().await;
    for text in ["One.", "Two."] {
        world.edits(|draft| greet(draft, text)).await;
        assert_eq!(greeting(&world, &world.code).await, text);
    }
}

#[tokio::test]
async fn da_f12_what_was_taken_to_another_tenant_behaves_the_same() {
    let world = three_states().await;
    let (status, file) = world.ask(Method::GET, &format!("flows/handlers/{}/export", world.flow), None).await;
    assert_eq!(status, 200, "{file}");
    let (_, rules) = world.ask(Method::GET, "model-scripts/stage", None).await;
    let other = "other".parse().expect("a name");
    Tenants::new(&world.app.store).create(&other, "").await.expect("the tenant is made");
    let (_, token) = Tokens::new(&world.app.store).create(&other, "theirs", None).await.expect("a token");
    world.app.noticed().await;
    let theirs = async |method: Method, path: &str, body: Value| {
        let request = Client::new().request(method, format!("{}/api/{path}", world.app.url)).bearer_auth(&token);
        let (status, answer) = json_of(request.json(&body).send().await.expect("an answer")).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    };
    theirs(Method::PUT, "v1/other/model-scripts/stage", rules["script"].clone()).await;
    let imported = theirs(Method::POST, "v1/other/flows/handlers/import", file).await;
    let point = json!({ "friendlyName": "Theirs", "channelType": "Web", "flowId": imported["flow"]["id"] });
    let point = theirs(Method::POST, "v1/other/points-of-contact", point).await;
    let begun = theirs(Method::POST, "org/other/v2/webchat", json!({ "chatId": point["chatCode"] })).await;
    assert_eq!(begun["messages"][0]["content"], "Welcome.");
    let chat = format!("org/other/v2/webchat/{}", begun["transcriptId"].as_str().expect("an id"));
    let page = world.chat().await;
    for text in ["Please close it", "look", "Please close it", "look", "bye"] {
        let answer = theirs(Method::POST, &chat, json!({ "message": text })).await;
        assert_eq!(answer["messages"][0]["content"], page.hears(text).await, "{text}");
    }
}

#[tokio::test]
async fn da_f16_a_flow_lists_each_point_of_contact_where_it_answers() {
    let world = three_states().await;
    let shared = json!([
        { "flowId": world.flow, "weight": 1 },
        { "flowId": made(&world.app, "flows/handlers", one_state(&[], &json!({}))).await, "weight": 1 },
    ]);
    let terms = json!({ "friendlyName": "Shared", "channelType": "Web", "variants": shared });
    made(&world.app, "points-of-contact", terms).await;
    let terms = json!({ "friendlyName": "Hotline", "channelType": "Phone", "address": "+14165550123",
                        "flowId": world.flow });
    made(&world.app, "points-of-contact", terms).await;
    let (_, whole) = world.ask(Method::GET, &format!("flows/handlers/{}", world.flow), None).await;
    let points = whole["pointsOfContact"].as_array().expect("a list").iter();
    let names: Vec<&str> = points.map(|point| point["friendlyName"].as_str().expect("a name")).collect();
    assert_eq!(names, ["Stage", "Shared", "Hotline"], "{whole}");
}

/// Adds to the context, and answers with what is in it.
fn remembers() -> [Value; 2] {
    let set = |name: &str, values: Value, response: &str| {
        json!({ "name": name, "contextAdditions": ["region"],
                "code": { "type": "integration", "integration": "set_context",
                          "settings": { "values": values, "response": response } } })
    };
    [set("prepare", json!({ "region": "north" }), "ready"), set("whereami", json!({}), "{{region}}")]
}

#[tokio::test]
async fn da_f20_start_up_functions_run_first_and_later_ones_see_what_they_added() {
    let rules = [calls("where", "whereami", json!({})), then("whereami", "In the {{tool_result}}.")];
    let world = stage(TestApp::start().await, script(&rules), &remembers(), |ids| {
        one_state(&ids[1..], &json!({ "startUp": [ids[0]] }))
    })
    .await;
    let page = world.chat().await;
    let transcript = world.transcript(&page.transcript).await;
    let call = &transcript["function_calls"][0];
    assert_eq!((&call["function"], &call["turn"]), (&json!("prepare"), &json!(1)), "{transcript}");
    let kinds = transcript["entries"].as_array().expect("entries").iter().filter_map(|entry| entry["kind"].as_str());
    let kinds: Vec<&str> = kinds.filter(|kind| ["function_call", "text"].contains(kind)).collect();
    assert_eq!(kinds, ["function_call", "text"], "before the agent's first words: {transcript}");
    assert_eq!(page.hears("Where am I?").await, "In the north.");
}

#[tokio::test]
async fn da_f21_a_start_up_function_that_hangs_is_cut_and_the_conversation_starts() {
    let neighbour = Neighbour::start().await;
    let source = format!("await fetch('{}/slow'); return {{}};", neighbour.url());
    let functions = [javascript("hang", &source)];
    let world = stage(near().await, script(&[]), &functions, |ids| one_state(&[], &json!({ "startUp": ids }))).await;
    neighbour.is_allowed(&world.app).await;
    let limit = json!({ "value": 1 });
    assert_eq!(world.ask(Method::PUT, "environment/Initializers.TimeoutSeconds", Some(limit)).await.0, 200);
    let mut page = world.page();
    let began = Instant::now();
    let begun = page.begins(json!({})).await;
    let took = began.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(6)).contains(&took), "{took:?}");
    assert_eq!(neighbour.heard(), ["/slow"]);
    assert_eq!((&begun["status"], &begun["messages"][0]["content"]), (&json!("InProgress"), &json!("Welcome.")));
    let transcript = world.transcript(&page.transcript).await;
    assert!(transcript["function_calls"][0]["error"]["message"].is_string(), "{transcript}");
    assert_eq!(page.hears("Hello").await, "You said: Hello");
}

#[rstest]
#[case("Completed")]
#[case("Abandoned")]
#[case("Failed")]
#[case("NoAnswer")]
#[tokio::test]
async fn da_f22_wrap_up_functions_run_once_however_it_ends(#[case] status: &str) {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("Hello").await;
    let path = format!("transcripts/{}/status", page.transcript);
    for expected in [200, 409] {
        assert_eq!(world.ask(Method::PUT, &path, Some(json!({ "status": status }))).await.0, expected);
    }
    let transcript = world.transcript(&page.transcript).await;
    let calls: Vec<&Value> =
        transcript["function_calls"].as_array().expect("calls").iter().map(|call| &call["function"]).collect();
    assert_eq!(calls, ["wrap"], "{transcript}");
}

#[tokio::test]
async fn da_f23_the_flows_language_reaches_the_model() {
    let rules = [told("Language: fr", "Bonjour")];
    let world =
        stage(TestApp::start().await, script(&rules), &[], |_| one_state(&[], &json!({ "language": "fr" }))).await;
    assert_eq!(world.chat().await.hears("Hello").await, "Bonjour");
    world.edits(|draft| draft["configuration"]["language"] = json!("de")).await;
    assert_eq!(world.chat().await.hears("Hello").await, "You said: Hello");
}

#[tokio::test]
async fn da_f24_another_model_of_the_flow_is_the_one_that_answers() {
    let world = stage(TestApp::start().await, script(&[]), &[], |_| one_state(&[], &json!({}))).await;
    let other = json!({ "rules": [], "otherwise": { "say": "I am the other." } });
    let (status, answer) = world.ask(Method::PUT, "model-scripts/other", Some(other)).await;
    assert!((200..300).contains(&status), "{answer}");
    assert_eq!(world.chat().await.hears("Hello").await, "You said: Hello");
    world.edits(|draft| draft["configuration"]["model"]["name"] = json!("other")).await;
    assert_eq!(world.chat().await.hears("Hello").await, "I am the other.");
}

#[tokio::test]
async fn da_f25_a_static_parameter_is_of_its_flow_alone() {
    let rules = [calls("where", "whereami", json!({})), then("whereami", "{{tool_result}}")];
    let functions = [javascript("whereami", "return { response: `in ${staticParameters.region}` };")];
    let mut ids = Vec::new();
    let world = stage(TestApp::start().await, script(&rules), &functions, |all| {
        ids = all.to_vec();
        one_state(all, &json!({ "staticParameters": { "region": { "value": "the north" } } }))
    })
    .await;
    let other = made(&world.app, "flows/handlers", one_state(&ids, &json!({}))).await;
    assert_eq!(world.chat().await.hears("Where am I?").await, "in the north");
    let elsewhere = world.chat_at(json!({ "friendlyName": "Other", "flowId": other })).await;
    assert_eq!(elsewhere.hears("Where am I?").await, "in undefined");
}

#[rstest]
#[case("text/plain", "Parking costs nine euros.")]
#[case("text/html", "<h1>House</h1><p>Parking costs nine euros.</p>")]
#[case("text/csv", "what,price\nParking,Parking costs nine euros.")]
#[tokio::test]
async fn da_f26_a_file_is_used_in_its_flow_and_in_no_other(#[case] kind: &str, #[case] body: &str) {
    let rules = [told("costs nine euros", "Nine euros."), told("Current step", "I do not know.")];
    let documentation = json!({ "documentation": { "amount": 3 } });
    let world = stage(TestApp::start().await, script(&rules), &[], |_| one_state(&[], &documentation)).await;
    let other = made(&world.app, "flows/handlers", one_state(&[], &documentation)).await;
    let url = format!("{}/api/v1/demo/flows/handlers/{}/files?name=house", world.app.url, world.flow);
    let request = Client::new().post(url).bearer_auth(&world.app.token).header(header::CONTENT_TYPE, kind);
    let (status, answer) = json_of(request.body(body.to_owned()).send().await.expect("an answer")).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(world.chat().await.hears("What does parking cost?").await, "Nine euros.");
    let elsewhere = world.chat_at(json!({ "friendlyName": "Other", "flowId": other })).await;
    assert_eq!(elsewhere.hears("What does parking cost?").await, "I do not know.");
}

#[rstest]
#[case(true, "Mia")]
#[case(false, "I do not know.")]
#[tokio::test]
async fn da_f27_a_fact_of_one_conversation_is_known_in_the_next_where_memory_is_on(
    #[case] memory: bool,
    #[case] expected: &str,
) {
    let rules = [
        told("facts worth knowing", "{\"facts\": [\"Their cat is called Mia\"]}"),
        told("cat is called Mia", "Mia"),
        told("Current step", "I do not know."),
    ];
    let terms = json!({ "agentMemory": memory });
    let world = stage(TestApp::start().await, script(&rules), &[], |_| one_state(&[], &terms)).await;
    let mut page = world.chat().await;
    assert_eq!(page.hears("My cat is Mia. What is she called?").await, "I do not know.", "nothing is known yet");
    // The same contact, in another conversation.
    let (status, begun) = world.ask(Method::POST, &format!("transcripts/{}/restart", page.transcript), None).await;
    assert_eq!(status, 201, "{begun}");
    page.transcript = begun["transcriptId"].as_str().expect("an id").to_owned();
    assert_eq!(page.hears("What is my cat called?").await, expected);
    // Of another contact nothing is known.
    assert_eq!(world.chat().await.hears("What is my cat called?").await, "I do not know.");
}

#[tokio::test]
async fn da_f28_what_it_was_about_is_a_tag_of_the_flows_list() {
    let rules = [told("which of these reasons", "{\"reason\": \"billing\"}")];
    let reasons = json!({ "callReasons": [
        { "label": "Billing", "description": "Invoices and payments" },
        { "label": "Other", "description": "Anything else" },
    ] });
    let world = stage(TestApp::start().await, script(&rules), &[], |_| one_state(&[], &reasons)).await;
    let (spoken, silent) = (world.chat().await, world.chat().await);
    spoken.says("My invoice is wrong").await;
    assert_eq!(world.transcript(&spoken.transcript).await["tags"], json!({}), "not before it is over");
    for page in [&spoken, &silent] {
        assert_eq!(page.ends("Completed").await.0, 200);
    }
    assert_eq!(world.transcript(&spoken.transcript).await["tags"], json!({ "Call Reason": "Billing" }));
    let found = world.found(json!({ "tags": { "Call Reason": "Billing" } })).await;
    assert_eq!(found, std::slice::from_ref(&spoken.transcript));
}

#[rstest]
#[case("[true, false]", true)]
#[case("[true, true]", false)]
#[tokio::test]
async fn da_f29_what_breaks_the_rubric_is_flagged(#[case] answers: &str, #[case] is_flagged: bool) {
    let rules = [told("each question with true or false", &format!("{{\"answers\": {answers}}}"))];
    let review = json!({ "callReview": { "questions": ["Was it polite?", "Was it solved?"], "leastPercent": 100 } });
    let world = stage(TestApp::start().await, script(&rules), &[], |_| one_state(&[], &review)).await;
    let page = world.chat().await;
    page.says("Hello").await;
    page.ends("Completed").await;
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!((&transcript["flagged"], &transcript["status"]), (&json!(is_flagged), &json!("Completed")));
    let reason = transcript["flag_reason"].as_str().unwrap_or_default();
    assert_eq!(reason.contains("Was it solved?"), is_flagged, "{transcript}");
    let flagged = if is_flagged { vec![page.transcript.clone()] } else { Vec::new() };
    assert_eq!(world.listed("transcripts?flagged=true").await, flagged);
}

#[tokio::test]
async fn da_f30_a_quote_reaches_the_model_as_it_is_with_the_instruction_to_say_it_so() {
    let world = three_states().await;
    let page = world.chat().await;
    page.says("Hello").await;
    let read = prompts(&world.journal(&page, 2).await);
    assert!(read.contains("Say 'Welcome, dear guest' and look."), "{read}");
    assert!(read.contains("'single quotes'") && read.contains("word for word"), "{read}");
}

#[tokio::test]
async fn da_f31_the_model_is_told_that_it_is_on_the_web() {
    let world = World::start().await;
    assert_eq!(world.chat().await.hears("Which channel?").await, "Page");
}
