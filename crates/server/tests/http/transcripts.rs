//! Transcripts as people of the tenant see and change them: rows DA-X1 to DA-X12.

use reqwest::{Client, Method, header};
use rstest::rstest;
use serde_json::{Value, json};

use crate::flows_world::{Page, World, ids};

async fn puts_tags(world: &World, page: &Page, tags: Value) -> (u16, Value) {
    world.ask(Method::PUT, &format!("transcripts/{}/tags", page.transcript), Some(json!({ "tags": tags }))).await
}

async fn stands(world: &World, page: &Page, status: &str) -> (u16, Value) {
    let path = format!("transcripts/{}/status", page.transcript);
    world.ask(Method::PUT, &path, Some(json!({ "status": status }))).await
}

#[tokio::test]
async fn da_x01_transcripts_are_listed_newest_first_also_without_a_tenant_in_the_path() {
    let world = World::start().await;
    let (first, second) = (world.chat().await, world.chat().await);
    let expected = [second.transcript.clone(), first.transcript.clone()];
    assert_eq!(world.listed("transcripts").await, expected);
    let url = format!("{}/api/v1/transcripts", world.app.url);
    let answer = Client::new().get(&url).bearer_auth(&world.app.token).send().await.expect("an answer");
    assert_eq!(ids(&answer.json().await.expect("JSON")), expected);
    assert_eq!(reqwest::get(&url).await.expect("an answer").status(), 401);
    let (_, page) = world.ask(Method::GET, "transcripts?limit=1", None).await;
    assert_eq!(ids(&page), expected[..1]);
    let next = page["next"].as_str().expect("there is more");
    assert_eq!(world.listed(&format!("transcripts?limit=1&cursor={next}")).await, expected[1..]);
    for wrong in ["limit=0", "limit=x", "cursor=x", "status=Done", "tests=some", "agent=x"] {
        assert_eq!(world.ask(Method::GET, &format!("transcripts?{wrong}"), None).await.0, 422, "{wrong}");
    }
}

#[tokio::test]
async fn da_x02_a_row_has_its_fields() {
    let world = World::start().await;
    let mut page = world.page();
    page.begins(json!({ "internalParameters": { "userId": "user-1" } })).await;
    page.says("Who am I?").await;
    page.says("Please label this").await;
    let (_, listed) = world.ask(Method::GET, "transcripts", None).await;
    let row = &listed["transcripts"][0];
    assert_eq!(row["id"], json!(page.transcript));
    assert_eq!(
        (&row["platform"], &row["status"], &row["flagged"]),
        (&json!("web"), &json!("InProgress"), &json!(false))
    );
    assert_eq!(row["flow"], json!({ "id": world.flow, "name": "Desk (internal)" }));
    assert_eq!(row["functions"], json!(["whoami", "label"]));
    assert_eq!(row["tags"], json!({ "Issue": "login" }));
    assert_eq!(row["parameters"]["userId"]["value"], "user-1");
    assert_eq!((&row["state"], &row["turns"], &row["closed"]), (&json!("Known"), &json!(3), &json!(false)));
    assert!(row["contact"].is_string() && row["duration_seconds"].is_u64(), "{row}");
    assert!(row["started_at"].as_str() <= row["last_at"].as_str() && row["ended_at"].is_null(), "{row}");
    // What was there before is there still.
    for field in ["agent", "agent_version", "turns", "closed", "started_at", "last_at", "contact"] {
        assert!(row.get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn da_x03_what_was_said_is_found_and_nothing_else() {
    let world = World::start().await;
    let (mut one, other) = (world.page(), world.chat().await);
    one.begins(json!({ "internalParameters": { "account": 4711, "tier": "gold" } })).await;
    one.says("My modem blinks red").await;
    one.says("Thank you").await;
    other.says("An invoice is wrong").await;
    other.says("Please label this").await;
    other.ends("Abandoned").await;
    let (only_one, only_other) = ([one.transcript.clone()], [other.transcript.clone()]);
    for (search, expected) in [
        (json!({ "text": "modem" }), &only_one),
        (json!({ "text": "BLINKS mod" }), &only_one),
        (json!({ "text": "invoice" }), &only_other),
        (json!({ "parameters": { "account": 4711 } }), &only_one),
        (json!({ "parameters": { "tier": "gold" } }), &only_one),
        (json!({ "tags": { "Issue": "login" } }), &only_other),
        (json!({ "status": ["Abandoned", "Failed"] }), &only_other),
        (json!({ "status": ["InProgress"], "platform": "web", "agent": world.flow }), &only_one),
        (json!({ "functions": ["label"] }), &only_other),
        (json!({ "contact": world.transcript(&one.transcript).await["contact"] }), &only_one),
        (json!({ "sentiment": ["gratitude", "joy"] }), &only_one),
        (json!({ "sentiment": ["gratitude"], "risk": ["Low"], "direction": "Inbound", "text": "modem" }), &only_one),
    ] {
        assert_eq!(world.found(search.clone()).await, expected, "{search}");
    }
    for nothing in [
        json!({ "text": "modem", "tags": { "Issue": "login" } }),
        json!({ "text": "zeppelin" }),
        json!({ "platform": "sms" }),
        json!({ "started_from": "2999-01-01T00:00:00Z" }),
        json!({ "started_to": "2000-01-01T00:00:00Z" }),
        json!({ "flagged": true }),
        json!({ "direction": "Outbound" }),
        json!({ "risk": ["Medium", "High"] }),
        json!({ "sentiment": ["anger"] }),
    ] {
        assert_eq!(world.found(nothing.clone()).await, Vec::<String>::new(), "{nothing}");
    }
    for (wrong, field) in [
        (json!({ "started_from": "yesterday" }), "started_from"),
        (json!({ "status": ["done"] }), "status"),
        (json!({ "colour": "red" }), "body"),
        (json!({ "limit": 1001 }), "limit"),
        (json!({ "risk": ["high"] }), "risk"),
        (json!({ "sentiment": ["rage"] }), "sentiment"),
        (json!({ "sentiment": vec!["anger"; 21] }), "sentiment"),
        (json!({ "direction": "outbound" }), "direction"),
        (json!({ "functions": vec!["label"; 21] }), "functions"),
        (json!({ "status": vec!["Failed"; 5_000] }), "status"),
    ] {
        let (status, problem) = world.ask(Method::POST, "transcripts/search", Some(wrong.clone())).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{wrong}: {problem}");
    }
}

#[tokio::test]
async fn da_x03_a_search_is_read_page_by_page() {
    let world = World::start().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        let page = world.chat().await;
        page.says("Hello there").await;
        all.insert(0, page.transcript);
    }
    let mut found = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let search = json!({ "text": "hello", "limit": 2, "cursor": cursor });
        let (status, page) = world.ask(Method::POST, "transcripts/search", Some(search)).await;
        assert_eq!(status, 200, "{page}");
        found.extend(ids(&page));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(found, all);
}

#[tokio::test]
async fn da_x04_a_transcript_has_messages_calls_and_the_way_it_went() {
    let world = World::start().await;
    let mut page = world.page();
    page.begins(json!({ "internalParameters": { "userId": "user-1" } })).await;
    page.says("Who am I?").await;
    let whole = world.transcript(&page.transcript).await;
    let said: Vec<(&str, &str)> = whole["messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|one| (one["role"].as_str().expect("a role"), one["content"].as_str().expect("a text")))
        .collect();
    assert_eq!(said, [("agent", "Welcome to the desk."), ("user", "Who am I?"), ("agent", "Known: user-1")]);
    let call = &whole["function_calls"][0];
    assert_eq!(
        (&call["function"], &call["response"], &call["event"]),
        (&json!("whoami"), &json!("user-1"), &json!("Known"))
    );
    assert_eq!((&call["context_additions"], &call["turn"]), (&json!({ "greeted": "user-1" }), &json!(2)));
    let path: Vec<(&str, Option<&str>)> = whole["state_path"]
        .as_array()
        .expect("a path")
        .iter()
        .map(|step| (step["state"].as_str().expect("a name"), step["event"].as_str()))
        .collect();
    assert_eq!(path, [("Hello", None), ("Known", Some("Known"))]);
    assert!(whole["entries"].as_array().is_some_and(|entries| entries.len() > 3), "{whole}");
    let (status, _) = world.ask(Method::GET, "transcripts/00000000-0000-7000-8000-000000000000", None).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn da_x05_a_transcript_is_read_as_a_dialogue() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("Hello").await;
    let url = format!("{}/api/v1/demo/transcripts/{}/readable", world.app.url, page.transcript);
    let get = async |accept: &str| {
        let request = Client::new().get(&url).bearer_auth(&world.app.token).header(header::ACCEPT, accept);
        let answer = request.send().await.expect("an answer");
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
        (kind, answer.text().await.expect("a text"))
    };
    let (kind, text) = get("*/*").await;
    assert_eq!(kind, "text/plain; charset=utf-8");
    let places =
        ["With: Desk (internal)", "Agent: Welcome to the desk.", "Customer: Hello", "Agent: You said: **Hello**"];
    let places: Vec<usize> =
        places.iter().map(|place| text.find(place).unwrap_or_else(|| panic!("{place}: {text}"))).collect();
    assert!(places.is_sorted(), "{text}");
    let (kind, text) = get("text/markdown").await;
    assert_eq!(kind, "text/markdown; charset=utf-8");
    assert!(text.contains("**Customer**") && text.contains("> Hello\n"), "{text}");
}

#[tokio::test]
async fn da_x06_changed_tags_are_stored_and_found() {
    let world = World::start().await;
    let page = world.chat().await;
    let (status, row) = puts_tags(&world, &page, json!({ "Call Reason": "Billing", "VIP": "yes" })).await;
    assert_eq!((status, &row["tags"]), (200, &json!({ "Call Reason": "Billing", "VIP": "yes" })), "{row}");
    assert_eq!(
        world.found(json!({ "tags": { "Call Reason": "Billing" } })).await,
        std::slice::from_ref(&page.transcript)
    );
    let (_, row) = puts_tags(&world, &page, json!({ "VIP": "no" })).await;
    assert_eq!(row["tags"], json!({ "VIP": "no" }), "they are replaced");
    assert_eq!(world.found(json!({ "tags": { "Call Reason": "Billing" } })).await, Vec::<String>::new());
    // Also of one that is over.
    page.ends("Completed").await;
    assert_eq!(puts_tags(&world, &page, json!({})).await.0, 200);
    for wrong in [json!({ "": "x" }), json!({ "x": "" }), json!({ "x": "y".repeat(300) }), json!({ "x": 1 })] {
        assert_eq!(puts_tags(&world, &page, wrong.clone()).await.0, 422, "{wrong}");
    }
}

#[rstest]
#[case("InProgress", true)]
#[case("HumanHandoff", true)]
#[case("Completed", false)]
#[case("Abandoned", false)]
#[case("Failed", false)]
#[case("Reported", false)]
#[case("Restarted", false)]
#[case("Unsubscribed", false)]
#[case("NoAnswer", false)]
#[case("AnsweringMachineMessageLeft", false)]
#[case("AnsweringMachineNoMessageLeft", false)]
#[tokio::test]
async fn da_x07_each_status_can_be_reached(#[case] status: &str, #[case] is_open: bool) {
    let world = World::start().await;
    let page = world.chat().await;
    let (answered, row) = stands(&world, &page, status).await;
    assert_eq!((answered, &row["status"], &row["closed"]), (200, &json!(status), &json!(!is_open)), "{row}");
    assert_eq!(world.listed(&format!("transcripts?status={status}")).await, std::slice::from_ref(&page.transcript));
    assert_eq!(page.tries("Hello?").await.0.as_u16(), if is_open { 200 } else { 409 });
    assert_eq!(row["ended_at"].is_string(), !is_open, "{row}");
    // What is over stays over.
    assert_eq!(stands(&world, &page, "InProgress").await.0, if is_open { 200 } else { 409 });
    assert_eq!(stands(&world, &page, "Done").await.0, 422);
}

#[tokio::test]
async fn da_x08_a_hand_off_says_where_it_went() {
    let world = World::start().await;
    let (by_agent, by_person) = (world.chat().await, world.chat().await);
    let answer = by_agent.says("I want a person").await;
    assert_eq!(answer["status"], "HumanHandoff", "{answer}");
    let row = world.transcript(&by_agent.transcript).await;
    assert_eq!(
        (&row["status"], &row["destination"], &row["control"]),
        (&json!("HumanHandoff"), &json!("queue"), &json!("Queued"))
    );
    assert_eq!(row["skills"], json!(["billing"]));
    assert_eq!(by_agent.says("Hello?").await["messages"], json!([]), "it waits for a person");
    world.webchat(Method::POST, &by_person.path("/CsrTakeOver"), None).await;
    let row = world.transcript(&by_person.transcript).await;
    assert_eq!(
        (&row["status"], &row["destination"], &row["operator"]),
        (&json!("HumanHandoff"), &json!("operator"), &json!("test"))
    );
}

#[tokio::test]
async fn da_x09_who_leaves_midway_has_abandoned_it_and_what_the_agent_ends_is_completed() {
    let world = World::start().await;
    let (left, ended) = (world.chat().await, world.chat().await);
    left.says("Hello").await;
    left.ends("Abandoned").await;
    assert_eq!(ended.says("Goodbye").await["status"], "Completed");
    assert_eq!(world.transcript(&left.transcript).await["status"], "Abandoned");
    assert_eq!(world.transcript(&ended.transcript).await["status"], "Completed");
}

#[tokio::test]
async fn da_x10_an_agent_that_cannot_go_on_has_failed() {
    let world = World::start().await;
    let page = world.chat().await;
    let mut status = Value::Null;
    for _ in 0..3 {
        let answer = page.says("It is broken").await;
        assert!(answer["messages"].as_array().is_some_and(|messages| !messages.is_empty()), "it says so: {answer}");
        status = answer["status"].clone();
    }
    assert_eq!(status, "Failed");
    assert_eq!(world.transcript(&page.transcript).await["status"], "Failed");
    assert_eq!(page.tries("Hello?").await.0, 409);
}

#[tokio::test]
async fn da_x11_a_flag_is_set_and_taken_away_and_a_report_is_a_status() {
    let world = World::start().await;
    let page = world.chat().await;
    let path = |what: &str| format!("transcripts/{}/{what}", page.transcript);
    let (status, row) = world.ask(Method::POST, &path("flag"), Some(json!({ "reason": "odd" }))).await;
    assert_eq!((status, &row["flagged"], &row["flag_reason"]), (200, &json!(true), &json!("odd")));
    assert_eq!(row["status"], "InProgress", "a flag ends nothing");
    assert_eq!(world.listed("transcripts?flagged=true").await, std::slice::from_ref(&page.transcript));
    let (_, row) = world.ask(Method::POST, &path("flag"), Some(json!({ "flagged": false }))).await;
    assert_eq!((&row["flagged"], &row["flag_reason"]), (&json!(false), &Value::Null));
    assert_eq!(world.listed("transcripts?flagged=true").await, Vec::<String>::new());
    assert_eq!(world.ask(Method::POST, &path("report"), Some(json!({ "reason": " " }))).await.0, 422);
    let (status, row) = world.ask(Method::POST, &path("report"), Some(json!({ "reason": "abuse" }))).await;
    assert_eq!((status, &row["status"], &row["flag_reason"]), (200, &json!("InProgress"), &json!("abuse")));
    // It goes on, and ends as reported whatever it ends by.
    assert_eq!(stands(&world, &page, "Completed").await.1["status"], "Reported");
    let audit = world.ask(Method::GET, "audit?limit=100", None).await.1.to_string();
    assert!(audit.contains("transcript.flagged") && audit.contains("transcript.reported"), "{audit}");
}

#[tokio::test]
async fn da_x12_a_restart_ends_the_old_one_and_begins_a_new_one() {
    let world = World::start().await;
    let mut page = world.page();
    page.begins(json!({ "internalParameters": { "userId": "user-1" } })).await;
    page.says("Who am I?").await;
    let path = format!("transcripts/{}/restart", page.transcript);
    let (status, begun) = world.ask(Method::POST, &path, None).await;
    assert_eq!((status, &begun["restarted"], &begun["status"]), (201, &json!(page.transcript), &json!("InProgress")));
    assert_eq!(begun["messages"][0]["content"], "Welcome to the desk.");
    let old = world.transcript(&page.transcript).await;
    let new = world.transcript(begun["transcriptId"].as_str().expect("an id")).await;
    assert_eq!((&old["status"], &new["status"]), (&json!("Restarted"), &json!("InProgress")));
    assert_eq!((&new["contact"], &new["state"]), (&old["contact"], &json!("Hello")));
    assert_eq!(new["parameters"]["userId"]["value"], "user-1");
    assert!(new["parameters"].get("greeted").is_none(), "what a function made is made anew: {new}");
    assert_eq!(world.ask(Method::POST, &path, None).await.0, 409, "what is over is not begun anew");
    // The customer's page goes on with it.
    page.transcript = begun["transcriptId"].as_str().expect("an id").to_owned();
    assert_eq!(page.hears("Hello").await, "You said: **Hello**");
}
