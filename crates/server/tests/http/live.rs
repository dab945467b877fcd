//! Conversations as they go on: rows DA-L1 to DA-L4, DA-L6 to DA-L9.

use std::time::Duration;

use reqwest::{Client, Method, header};
use runtime::{tenants::Tenants, tokens::Tokens, users::Users};
use serde_json::{Value, json};

use crate::flows_world::{World, ids};

#[tokio::test]
async fn da_l01_what_goes_on_is_listed_and_leaves_when_it_ends() {
    let world = World::start().await;
    let (one, other) = (world.chat().await, world.chat().await);
    // A scenario's conversation goes on as well.
    let agent = world.app.open_agent().await;
    world.app.visitor(&agent, "ann").opens().await;
    assert_eq!(world.listed("live/transcripts").await.len(), 3);
    one.ends("Completed").await;
    let left = world.listed("live/transcripts").await;
    assert!(left.len() == 2 && left.contains(&other.transcript), "{left:?}");
    world.webchat(Method::POST, &other.path("/CsrTakeOver"), None).await;
    assert_eq!(world.listed("live/transcripts?status=HumanHandoff").await, std::slice::from_ref(&other.transcript));
    assert_eq!(world.listed("live/transcripts?platform=sms").await, Vec::<String>::new());
    assert_eq!(world.listed("live/transcripts?min_duration=3600").await, Vec::<String>::new());
    assert_eq!(world.listed("live/transcripts?max_duration=3600").await.len(), 2);
    for wrong in ["status=Completed", "status=x", "limit=0", "min_duration=-1", "cursor=x"] {
        assert_eq!(world.ask(Method::GET, &format!("live/transcripts?{wrong}"), None).await.0, 422, "{wrong}");
    }
}

#[tokio::test]
async fn da_l02_a_row_has_its_columns() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("Please label this").await;
    let (_, listed) = world.ask(Method::GET, "live/transcripts", None).await;
    let row = &listed["transcripts"][0];
    assert_eq!(
        (&row["id"], &row["platform"], &row["status"]),
        (&json!(page.transcript), &json!("web"), &json!("InProgress"))
    );
    assert_eq!((&row["functions"], &row["sessions"], &row["state"]), (&json!(["label"]), &json!(1), &json!("Hello")));
    assert!(row["duration_seconds"].is_u64() && row["contact"].is_string(), "{row}");
}

#[tokio::test]
async fn da_l03_sessions_of_a_contact_are_counted() {
    let world = World::start().await;
    let page = world.chat().await;
    let mut latest = page.transcript.clone();
    for _ in 0..2 {
        let (_, begun) = world.ask(Method::POST, &format!("transcripts/{latest}/restart"), None).await;
        latest = begun["transcriptId"].as_str().expect("an id").to_owned();
    }
    world.chat().await;
    let (_, listed) = world.ask(Method::GET, "live/transcripts", None).await;
    let sessions = |id: &str| {
        let rows = listed["transcripts"].as_array().expect("a list");
        rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("{id}: {listed}"))["sessions"].clone()
    };
    assert_eq!(sessions(&latest), 3);
    assert_eq!(sessions(&ids(&listed)[0]), 1, "another contact's");
}

#[tokio::test]
async fn da_l04_each_filter_narrows_the_list() {
    let world = World::start().await;
    let (mine, taken) = (world.chat().await, world.chat().await);
    world.webchat(Method::POST, &taken.path("/CsrTakeOver"), None).await;
    let path = format!("flows/handlers/{}/test-conversations", world.flow);
    let (_, spoken) = world.ask(Method::POST, &path, Some(json!({ "channel": "voice" }))).await;
    let spoken = spoken["transcriptId"].as_str().expect("an id").to_owned();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let young = world.chat().await;
    for (filter, expected) in [
        ("status=InProgress", vec![&young.transcript, &mine.transcript]),
        ("status=HumanHandoff", vec![&taken.transcript]),
        ("platform=web", vec![&young.transcript, &taken.transcript, &mine.transcript]),
        ("platform=voice&tests=include", vec![&spoken]),
        ("tests=only", vec![&spoken]),
        ("min_duration=1", vec![&taken.transcript, &mine.transcript]),
        ("max_duration=0", vec![]),
        ("status=InProgress&min_duration=1", vec![&mine.transcript]),
    ] {
        assert_eq!(
            world.listed(&format!("live/transcripts?{filter}")).await.iter().collect::<Vec<_>>(),
            expected,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn da_l09_what_is_over_or_with_a_person_is_taken_by_nobody_else() {
    let world = World::start().await;
    let page = world.chat().await;
    let (store, demo) = (&world.app.store, "demo".parse().expect("a name"));
    let sam = Users::new(store).add(&demo, "Sam", vec!["admin".to_owned()]).await.expect("the user is made");
    let (_, token) = Tokens::new(store).create_for(&demo, "Sam's", None, Some(&sam)).await.expect("a token");
    world.app.noticed().await;
    let sams = async |operation: &str| {
        let url = format!("{}/api/org/demo/v2/webchat{}", world.app.url, page.path(operation));
        let request = Client::new().post(url).bearer_auth(&token).json(&json!({ "message": "Hello" }));
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(world.webchat(Method::POST, &page.path("/CsrTakeOver"), None).await.0, 200);
    assert_eq!((sams("/CsrTakeOver").await, sams("/addCsrMessage").await), (409, 409), "somebody else has it");
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!((&transcript["operator"], &transcript["turns"]), (&json!("test"), &json!(2)), "{transcript}");
    assert_eq!(world.webchat(Method::POST, &page.path("/CsrHandBack"), None).await.0, 200);
    assert_eq!(sams("/CsrTakeOver").await, 200, "with the agent it can be taken");
    page.ends("Completed").await;
    assert_eq!((sams("/CsrTakeOver").await, sams("/CsrHandBack").await), (409, 409), "it is over");
}

#[tokio::test]
async fn da_l06_da_l08_a_message_appears_with_the_state_that_it_led_to() {
    let world = World::start().await;
    let mut page = world.page();
    page.begins(json!({ "internalParameters": { "userId": "user-1" } })).await;
    let mut stream = world.follows(&format!("transcripts/{}/stream", page.transcript), None).await;
    assert_eq!(stream.next().await.expect("it says that it runs").name, "heartbeat");
    page.says("Who am I?").await;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(stream.news().await);
    }
    let names: Vec<&str> = told.iter().map(|told| told.name.as_str()).collect();
    assert_eq!(names, ["message", "functionCall", "functionResult", "stateChange", "message"]);
    assert_eq!((&told[0].data["role"], &told[0].data["content"]), (&json!("user"), &json!("Who am I?")));
    assert_eq!((&told[3].data["from"], &told[3].data["to"]), (&json!("Hello"), &json!("Known")));
    assert_eq!(told[4].data["content"], "Known: user-1");
    let mut places: Vec<&str> = told.iter().map(|told| told.id.as_deref().expect("an id")).collect();
    places.dedup();
    assert_eq!(places.len(), 5, "each event is told once: {places:?}");
    page.ends("Completed").await;
    let ended = stream.until("status").await;
    assert_eq!((&ended.data["status"], &ended.data["state"]), (&json!("Completed"), &json!("Known")));
}

#[tokio::test]
async fn da_l07_a_call_is_told_with_what_went_in_and_what_came_out() {
    let world = World::start().await;
    let mut page = world.page();
    let mut stream = world.follows("live", None).await;
    assert_eq!(stream.next().await.expect("it says that it runs").name, "heartbeat");
    page.begins(json!({ "internalParameters": { "userId": "user-1" } })).await;
    page.says("Who am I?").await;
    let called = stream.until("functionCall").await;
    let answered = stream.until("functionResult").await;
    assert_eq!((&called.data["transcriptId"], &called.data["function"]), (&json!(page.transcript), &json!("whoami")));
    assert_eq!(called.data["parameters"], json!({}));
    assert_eq!((&answered.data["response"], &answered.data["event"]), (&json!("user-1"), &json!("Known")));
    assert_eq!(answered.data["contextAdditions"], json!({ "greeted": "user-1" }));
}

#[tokio::test]
async fn da_l08_who_comes_back_finds_what_was_missed_once() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("one").await;
    page.says("two").await;
    let path = format!("transcripts/{}/stream", page.transcript);
    let mut from_the_start = world.follows(&path, Some("0")).await;
    let mut all = Vec::new();
    // The greeting, how it stands, and two messages with their answers.
    for _ in 0..6 {
        all.push(from_the_start.news().await);
    }
    let said: Vec<&str> = all.iter().filter_map(|told| told.data["content"].as_str()).collect();
    assert_eq!(said, ["Welcome to the desk.", "one", "You said: **one**", "two", "You said: **two**"]);
    // From any place, within a turn and between two, the rest comes and what happens then.
    for at in [2, 3, 5] {
        let mut again = world.follows(&path, all[at].id.as_deref()).await;
        for expected in &all[at + 1..] {
            assert_eq!(again.news().await, *expected, "after {at}");
        }
        let text = format!("then {at}");
        page.says(&text).await;
        assert_eq!(again.news().await.data["content"], text);
        all.push(from_the_start.news().await);
        all.push(from_the_start.news().await);
    }
    for wrong in ["x", "1.x", "-1"] {
        let url = format!("{}/api/v1/demo/{path}", world.app.url);
        let request = Client::new().get(url).bearer_auth(&world.app.token).header("Last-Event-ID", wrong);
        assert_eq!(request.send().await.expect("an answer").status(), 422, "{wrong}");
    }
}

#[tokio::test]
async fn da_l08_customers_follow_what_is_said_and_nothing_else() {
    let world = World::start().await;
    let page = world.chat().await;
    let mut stream = page.follows(None).await;
    assert_eq!(stream.next().await.expect("it says that it runs").name, "heartbeat");
    page.says("Please label this").await;
    world.webchat(Method::POST, &page.path("/CsrTakeOver"), None).await;
    world.webchat(Method::POST, &page.path("/addCsrMessage"), Some(json!({ "message": "I am Sam" }))).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(stream.news().await);
    }
    let names: Vec<&str> = told.iter().map(|told| told.name.as_str()).collect();
    assert_eq!(names, ["message", "message", "status", "message"], "{told:?}");
    assert_eq!(told[2].data, json!({ "transcriptId": page.transcript, "status": "HumanHandoff" }));
    assert_eq!((&told[3].data["role"], &told[3].data["content"]), (&json!("csr"), &json!("I am Sam")));
}

#[tokio::test]
async fn da_l08_so_many_follow_a_conversation_with_a_link_and_no_more() {
    let world = World::start().await;
    let page = world.chat().await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(page.follows(Some("0")).await);
    }
    let follows = async || page.request(Method::GET, &page.path("/stream")).send().await.expect("an answer");
    let answer = follows().await;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(world.chat().await.follows(None).await.next().await.expect("it runs").name, "heartbeat");
    // People of the tenant are not kept out by it, and who leaves makes room.
    world.follows(&format!("transcripts/{}/stream", page.transcript), None).await;
    streams.pop();
    let mut status = 429;
    for _ in 0..100 {
        status = follows().await.status().as_u16();
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn da_l08_da_p05_a_tenant_follows_its_own_alone() {
    let world = World::start().await;
    let other = "other".parse().expect("a name");
    Tenants::new(&world.app.store).create(&other, "").await.expect("the tenant is made");
    let (_, token) = Tokens::new(&world.app.store).create(&other, "test", None).await.expect("the token is made");
    world.app.noticed().await;
    let page = world.chat().await;
    let get = async |path: &str| {
        let url = format!("{}/api/v1/{path}", world.app.url);
        Client::new().get(url).bearer_auth(&token).send().await.expect("an answer")
    };
    assert_eq!(get("demo/live").await.status(), 403);
    assert_eq!(get(&format!("demo/transcripts/{}/stream", page.transcript)).await.status(), 403);
    assert_eq!(get(&format!("other/transcripts/{}/stream", page.transcript)).await.status(), 404);
    let mut own = crate::flows_world::Stream::of(get("other/live").await).await;
    assert_eq!(own.next().await.expect("it says that it runs").name, "heartbeat");
    page.says("Hello").await;
    let silent = tokio::time::timeout(Duration::from_millis(300), own.next()).await;
    assert!(silent.is_err(), "{silent:?}");
}

#[tokio::test]
async fn da_l08_a_stream_is_not_kept_back_and_ends_with_the_server() {
    let world = World::start().await;
    let page = world.chat().await;
    let url = format!("{}/api/v1/demo/live", world.app.url);
    let request = Client::new().get(url).bearer_auth(&world.app.token).header(header::ACCEPT_ENCODING, "gzip");
    let answer = request.send().await.expect("an answer");
    assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let stream = crate::flows_world::Stream::of(answer).await;
    let own = page.follows(None).await;
    let begun = std::time::Instant::now();
    let (_, told, owns) = tokio::join!(world.app.stop(), stream.rest(), own.rest());
    assert!(begun.elapsed() < Duration::from_secs(4), "streams must not hold up the end: {:?}", begun.elapsed());
    let overrun = |told: &[crate::flows_world::Told]| told.iter().any(|told| told.name == "overrun");
    assert!(!overrun(&told) && !overrun(&owns), "{told:?} {owns:?}");
}

#[tokio::test]
async fn da_l08_who_does_not_read_is_let_go_and_holds_nobody_up() {
    let world = World::start().await;
    let page = world.chat().await;
    // Nobody reads this one. What its connection holds is bounded, and so is its queue.
    let _idle = world.follows("live", None).await;
    let mut quick = world.follows("live", None).await;
    for at in 0..200 {
        let text = format!("{at} {}", "x".repeat(10_000));
        let answer = page.says(&text).await;
        assert_eq!(answer["messages"][0]["content"], Value::from(format!("You said: **{text}**")));
        assert_eq!(quick.until("message").await.data["content"], text);
        assert_eq!(quick.until("message").await.data["role"], "agent");
    }
}
