//! Conversations as they go on: rows DA-L1 to DA-L9, DA-M4.

use std::time::Duration;

use model::mood::Emotion;
use reqwest::{Client, Method, header};
use runtime::{tenants::Tenants, tokens::Tokens, users::Users};
use serde_json::{Value, json};
use store::{Store, StoreOptions, TranscriptFilter};

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
    assert_eq!((&row["risk"], &row["risk_score"], &row["direction"]), (&json!("Low"), &json!(0.0), &json!("Inbound")));
    assert_eq!((&row["sentiment"], &row["top_sentiments"]), (&Value::Null, &json!([])));
    page.says("This is ridiculous, I am furious").await;
    let (_, listed) = world.ask(Method::GET, "live/transcripts", None).await;
    let row = &listed["transcripts"][0];
    assert_eq!((&row["risk"], &row["sentiment"]), (&json!("High"), &json!("anger")));
    assert_eq!(row["risk_reasons"], json!(["The customer shows anger.", "The customer shows annoyance."]));
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
    mine.says("I am furious!").await;
    taken.says("Where is my money? I am worried").await;
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
        ("risk=High", vec![&mine.transcript]),
        ("risk=Low", vec![&young.transcript, &taken.transcript]),
        ("risk=Low,High", vec![&young.transcript, &taken.transcript, &mine.transcript]),
        ("risk=Medium", vec![]),
        ("sentiment=anger", vec![&mine.transcript]),
        ("sentiment=fear,anger", vec![&taken.transcript, &mine.transcript]),
        ("sentiment=joy", vec![]),
        ("sentiment=fear&status=InProgress", vec![]),
        ("direction=Inbound", vec![&young.transcript, &taken.transcript, &mine.transcript]),
        ("direction=Outbound", vec![]),
        ("direction=Inbound&risk=High&sentiment=anger&platform=web", vec![&mine.transcript]),
    ] {
        assert_eq!(
            world.listed(&format!("live/transcripts?{filter}")).await.iter().collect::<Vec<_>>(),
            expected,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn da_l04_a_filter_that_is_no_filter_is_refused_with_what_there_is() {
    let world = World::start().await;
    for (wrong, field, remedy) in [
        ("risk=high", "risk", "Send some of Low, Medium, High."),
        ("risk=", "risk", "Send some of Low, Medium, High."),
        ("risk=Low,Awful", "risk", "Send some of Low, Medium, High."),
        ("sentiment=rage", "sentiment", "anger"),
        ("direction=inbound", "direction", "Send `Inbound` or `Outbound`."),
    ] {
        for list in ["live/transcripts", "transcripts"] {
            let (status, problem) = world.ask(Method::GET, &format!("{list}?{wrong}"), None).await;
            assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{list} {wrong}: {problem}");
            assert!(problem["errors"][0].to_string().contains(remedy), "{list} {wrong}: {problem}");
        }
    }
}

#[tokio::test]
async fn da_l05_at_most_three_emotions_are_shown_and_none_that_hardly_shows() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("I am sad and sorry and worried. I am confused, disappointed, annoyed and furious. Thanks").await;
    let row = world.transcript(&page.transcript).await;
    let top = row["top_sentiments"].as_array().expect("a list");
    assert_eq!(top.len(), 3, "{row}");
    assert_eq!(row["sentiment"], top[0]["sentiment"]);
    let scores: Vec<f64> = top.iter().map(|one| one["score"].as_f64().expect("a number")).collect();
    assert!(scores.is_sorted_by(|one, next| one >= next) && scores.iter().all(|score| *score > 0.1 && *score <= 1.0));
    // What was felt fades with every message, and is not shown any more once it hardly shows.
    let mut shown = Vec::new();
    for _ in 0..8 {
        page.says("ok").await;
        let row = world.transcript(&page.transcript).await;
        let top = row["top_sentiments"].as_array().expect("a list").clone();
        assert!(
            top.len() <= 3 && top.iter().all(|one| one["score"].as_f64().is_some_and(|score| score > 0.1)),
            "{row}"
        );
        shown.push(top.len());
    }
    assert_eq!(shown.last(), Some(&0), "{shown:?}");
}

#[tokio::test]
async fn da_m04_each_conversation_that_goes_on_carries_sentiment_and_risk() {
    let world = World::start().await;
    let (fine, broken, asks) = (world.chat().await, world.chat().await, world.chat().await);
    fine.says("Thank you, that was really helpful").await;
    broken.says("It is broken").await;
    broken.says("It is broken").await;
    asks.says("Can I speak to somebody").await;
    // A scenario's conversation has them as well.
    let agent = world.app.open_agent().await;
    let visitor = world.app.visitor(&agent, "ann");
    visitor.opens().await;
    visitor.send(json!({ "type": "text", "data": { "text": "You are useless, I hate this!" } })).await;
    let (_, listed) = world.ask(Method::GET, "live/transcripts", None).await;
    let rows = listed["transcripts"].as_array().expect("a list");
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert!(row["risk"].is_string() && row["risk_score"].is_number() && row["top_sentiments"].is_array(), "{row}");
    }
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("{id}: {listed}"));
    assert_eq!(
        (&row(&fine.transcript)["risk"], &row(&fine.transcript)["sentiment"]),
        (&json!("Low"), &json!("gratitude"))
    );
    let failed = row(&broken.transcript);
    assert_eq!((&failed["risk"], &failed["sentiment"]), (&json!("High"), &Value::Null), "{failed}");
    assert_eq!(failed["risk_reasons"], json!(["The agent failed.", "The customer says the same again."]));
    assert_eq!(row(&asks.transcript)["risk_reasons"], json!(["The customer asks for a person."]));
    let scenario = rows.iter().find(|row| row["flow"].is_null()).expect("the scenario's");
    assert_eq!(scenario["sentiment"], "anger", "{scenario}");
    assert_ne!(scenario["risk"], "Low");
    assert_eq!(world.listed("live/transcripts?sentiment=anger").await, [scenario["id"].as_str().expect("an id")]);
    // What people say of it counts.
    let path = format!("transcripts/{}/report", fine.transcript);
    let (status, reported) = world.ask(Method::POST, &path, Some(json!({ "reason": "abuse" }))).await;
    assert_eq!((status, &reported["risk"]), (200, &json!("High")), "{reported}");
    assert_eq!(reported["risk_reasons"], json!(["It was reported.", "It is marked for review."]));
    assert_eq!(
        world.found(json!({ "risk": ["High"], "sentiment": ["gratitude"] })).await,
        std::slice::from_ref(&fine.transcript)
    );
    assert_eq!(world.found(json!({ "risk": ["High"], "direction": "Outbound" })).await, Vec::<String>::new());
}

#[tokio::test]
async fn da_m04_what_is_estimated_is_told_when_it_changes() {
    let world = World::start().await;
    let page = world.chat().await;
    let mut stream = world.follows("live", None).await;
    let mut customers = page.follows(None).await;
    assert_eq!(stream.next().await.expect("it says that it runs").name, "heartbeat");
    assert_eq!(customers.next().await.expect("it says that it runs").name, "heartbeat");
    page.says("Hello there").await;
    page.says("I am furious!").await;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(stream.news().await);
    }
    let names: Vec<&str> = told.iter().map(|told| told.name.as_str()).collect();
    assert_eq!(names, ["message", "message", "message", "message", "sentiment"]);
    let data = &told[4].data;
    assert_eq!((&data["transcriptId"], &data["turn"]), (&json!(page.transcript), &json!(3)));
    assert_eq!((&data["risk"], &data["sentiment"]), (&json!("Medium"), &json!("anger")));
    assert_eq!(data["riskReasons"], json!(["The customer shows anger."]));
    assert_eq!(data["topSentiments"], json!([{ "sentiment": "anger", "score": data["topSentiments"][0]["score"] }]));
    assert!(data["topSentiments"][0]["score"].as_f64().is_some_and(|score| score > 0.1), "{data}");
    // Customers are told what was said alone, and who comes back finds it at its place.
    for _ in 0..4 {
        assert_eq!(customers.news().await.name, "message");
    }
    let mut again = world.follows("live", told[3].id.as_deref()).await;
    assert_eq!(again.news().await, told[4]);
    page.says("Goodbye").await;
    assert_eq!(customers.until("status").await.data["status"], "Completed");
}

#[tokio::test]
async fn da_m04_a_tenant_can_have_nothing_estimated() {
    let world = World::start().await;
    let before = world.chat().await;
    before.says("I am furious!").await;
    let set = json!({ "value": false });
    assert_eq!(world.ask(Method::PUT, "environment/Sentiment.Enabled", Some(set)).await.0, 200);
    world.app.noticed().await;
    let page = world.chat().await;
    page.says("I hate this!").await;
    for transcript in [&before.transcript, &page.transcript] {
        let row = world.transcript(transcript).await;
        assert_eq!((&row["risk"], &row["risk_score"], &row["sentiment"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!((&row["top_sentiments"], &row["risk_reasons"]), (&json!([]), &json!([])));
        assert_eq!(row["direction"], "Inbound");
    }
    for (list, field) in [("live/transcripts?risk=High", "risk"), ("transcripts?sentiment=anger", "sentiment")] {
        let (status, problem) = world.ask(Method::GET, list, None).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
        assert!(problem.to_string().contains("Sentiment.Enabled"), "{problem}");
    }
    let demo = "demo".parse().expect("a name");
    let transcript = page.transcript.parse().expect("an id");
    let record = world.app.store.tenant(&demo).turn_record(&transcript, 2).await.expect("it is read").expect("a turn");
    assert_eq!(record.mood, None, "nothing is recorded");
    assert_eq!(world.ask(Method::DELETE, "environment/Sentiment.Enabled", None).await.0, 204);
    world.app.noticed().await;
    page.says("I hate this, really").await;
    assert_eq!(world.transcript(&page.transcript).await["sentiment"], "anger");
}

#[tokio::test]
async fn da_m04_what_is_estimated_is_made_anew_from_the_log_and_goes_with_the_contact() {
    let world = World::start().await;
    let (kept, gone) = (world.chat().await, world.chat().await);
    for page in [&kept, &gone] {
        page.says("I am furious!").await;
        page.says("ok").await;
    }
    let contact = world.transcript(&gone.transcript).await["contact"].as_str().expect("an id").to_owned();
    let row = world.transcript(&kept.transcript).await;
    assert_eq!(world.ask(Method::DELETE, &format!("contacts/{contact}"), None).await.0, 204);
    assert_eq!(world.listed("transcripts?sentiment=anger").await, std::slice::from_ref(&kept.transcript));
    let (demo, transcript) = ("demo".parse().expect("a name"), kept.transcript.parse().expect("an id"));
    let shown = world.app.store.tenant(&demo).transcript(&transcript).await.expect("it is read").expect("it is there");
    assert_eq!(row["sentiment"], "anger");
    let folder = world.app.stop().await;
    Store::rebuild(folder.path(), |_, _| {}).await.expect("a rebuild");
    let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store opens");
    let filter = TranscriptFilter { sentiments: vec![Emotion::Anger], ..TranscriptFilter::default() };
    let found = store.tenant(&demo).transcripts(filter).await.expect("they are listed");
    assert_eq!(found.iter().map(|found| found.mood).collect::<Vec<_>>(), [shown.mood]);
    assert!(shown.mood.is_some_and(|mood| mood.messages == 2));
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
