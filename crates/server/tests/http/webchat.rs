//! Dialai's web chat: rows DA-W1 to DA-W7, DA-W9, DA-W11, DA-P7.

use std::time::{Duration, Instant};

use language::chat::PoolOptions;
use reqwest::{Client, Method, header};
use serde_json::{Value, json};

use crate::{
    app::TestApp,
    flows_world::{Page, Stream, World, names},
};

#[tokio::test]
async fn da_w01_a_conversation_begins_with_the_agents_greeting() {
    let world = World::start().await;
    let mut page = world.page();
    let begun = page.begins(json!({ "chatId": page.code, "language": "en" })).await;
    assert_eq!((&begun["status"], &begun["publicName"]), (&json!("InProgress"), &json!("The Desk")));
    let message = &begun["messages"][0];
    assert_eq!((&message["role"], &message["content"]), (&json!("agent"), &json!("Welcome to the desk.")), "{begun}");
    assert_eq!(message["html"], "Welcome to the desk.");
    assert!(message["id"].is_string() && message["createdAt"].is_string(), "{message}");
    page.says("Hello").await;
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!((&transcript["language"], &transcript["platform"]), (&json!("en"), &json!("web")));
}

#[tokio::test]
async fn da_w01_bad_beginnings_are_refused() {
    let world = World::start().await;
    let page = world.page();
    for (body, field) in [
        (json!({ "chatId": "00000000-0000-4000-8000-000000000000" }), "chatId"),
        (json!({ "chatId": 7 }), "body"),
        (json!({ "language": "no language" }), "language"),
        (json!({ "internalParameters": [] }), "body"),
    ] {
        let (status, problem) = page.call(Method::POST, "", Some(body.clone())).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!(field)), "{body}: {problem}");
    }
    let (status, problem) = world.webchat(Method::POST, "", Some(json!({}))).await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (422, &json!("chatId")),
        "a token needs a chat code: {problem}"
    );
    let text = page.request(Method::POST, "").header(header::CONTENT_TYPE, "text/plain").body("chatId=x");
    assert_eq!(text.send().await.expect("an answer").status(), 415);
    assert_eq!(world.listed("transcripts?tests=include").await, Vec::<String>::new(), "nothing was begun");
}

#[tokio::test]
async fn da_w02_a_message_is_stored_and_answered() {
    let world = World::start().await;
    let page = world.chat().await;
    let answer = page.says("Good morning").await;
    assert_eq!((&answer["transcriptId"], &answer["status"]), (&json!(page.transcript), &json!("InProgress")));
    assert_eq!(answer["messages"].as_array().map(Vec::len), Some(1), "the customer's own is not told back: {answer}");
    assert_eq!(answer["messages"][0]["content"], "You said: **Good morning**");
    assert_eq!(answer["messages"][0]["html"], "You said: <strong>Good morning</strong>");
    let (status, whole) = page.call(Method::GET, &page.path(""), None).await;
    assert_eq!(status, 200);
    let said: Vec<&str> =
        whole["messages"].as_array().expect("messages").iter().filter_map(|m| m["role"].as_str()).collect();
    assert_eq!(said, ["agent", "user", "agent"], "{whole}");
    assert_eq!(
        (&whole["messages"][1]["content"], &whole["messages"][1]["html"]),
        (&json!("Good morning"), &Value::Null)
    );
}

#[tokio::test]
async fn da_w02_the_same_message_is_taken_once() {
    let world = World::start().await;
    let page = world.chat().await;
    let body = json!({ "message": "Only once", "messageId": "m-1" });
    let (_, first) = page.call(Method::POST, &page.path(""), Some(body.clone())).await;
    let (_, again) = page.call(Method::POST, &page.path(""), Some(body)).await;
    assert_eq!(first, again);
    let (_, whole) = page.call(Method::GET, &page.path(""), None).await;
    let mine =
        whole["messages"].as_array().expect("messages").iter().filter(|message| message["role"] == "user").count();
    assert_eq!(mine, 1, "{whole}");
}

/// How many messages of the customer a conversation has.
async fn of_the_customer(page: &Page) -> usize {
    let (_, whole) = page.call(Method::GET, &page.path(""), None).await;
    whole["messages"].as_array().expect("messages").iter().filter(|message| message["role"] == "user").count()
}

#[tokio::test]
async fn da_w02_a_retry_gets_the_first_answer_whatever_has_happened_since() {
    let world = World::start().await;
    let page = world.chat().await;
    let body = json!({ "message": "Goodbye", "messageId": "m-1" });
    let (status, first) = page.call(Method::POST, &page.path(""), Some(body.clone())).await;
    assert_eq!((status.as_u16(), &first["status"]), (200, &json!("Completed")), "{first}");
    let (status, again) = page.call(Method::POST, &page.path(""), Some(body.clone())).await;
    assert_eq!((status.as_u16(), &again), (200, &first), "the conversation is over, its last answer is not lost");
    let events = page.request(Method::POST, &page.path("")).header(header::ACCEPT, "text/event-stream");
    let told = Stream::of(events.json(&body).send().await.expect("an answer")).await.rest().await;
    assert_eq!(names(&told), ["message", "status", "done"], "said before, so not word by word");
    assert_eq!((&told[0].data, &told[2].data), (&first["messages"][0], &first));
    assert_eq!(page.tries("Anything else?").await.0, 409, "another message is no retry");
    assert_eq!(of_the_customer(&page).await, 1);
    let transcript = world.transcript(&page.transcript).await;
    let wrapped =
        transcript["function_calls"].as_array().expect("calls").iter().filter(|call| call["function"] == "wrap");
    assert_eq!(wrapped.count(), 1, "{transcript}");
}

#[tokio::test]
async fn da_w02_a_retry_that_overtakes_the_answer_waits_for_it() {
    let world = World::start().await;
    let page = world.chat().await;
    let body = json!({ "message": "Take your time", "messageId": "m-1" });
    let send = async || page.call(Method::POST, &page.path(""), Some(body.clone())).await;
    let ((one, first), (other, second)) = tokio::join!(send(), send());
    assert_eq!((one.as_u16(), other.as_u16(), &first), (200, 200, &second));
    assert_eq!(first["messages"][0]["content"], "Done.");
    assert_eq!(of_the_customer(&page).await, 1);
}

#[tokio::test]
async fn da_w02_a_message_of_another_conversation_is_another_though_it_has_the_same_id() {
    let world = World::start().await;
    let mut page = world.chat().await;
    let body = json!({ "message": "Hello", "messageId": "1" });
    let (_, first) = page.call(Method::POST, &page.path(""), Some(body.clone())).await;
    let (_, begun) = world.ask(Method::POST, &format!("transcripts/{}/restart", page.transcript), None).await;
    // The same contact, and a page that counts its messages from one again.
    page.transcript = begun["transcriptId"].as_str().expect("an id").to_owned();
    for _ in 0..2 {
        let (status, second) = page.call(Method::POST, &page.path(""), Some(body.clone())).await;
        assert_eq!((status.as_u16(), &second["transcriptId"]), (200, &json!(page.transcript)), "{second}");
        assert_ne!(second["messages"][0]["id"], first["messages"][0]["id"]);
    }
    assert_eq!(world.transcript(&page.transcript).await["turns"], 2, "the greeting, and the message once");
}

#[tokio::test]
async fn da_w02_bad_messages_are_refused_and_nothing_is_stored() {
    let world = World::start().await;
    let page = world.chat().await;
    for body in [
        json!({}),
        json!({ "message": " \n" }),
        json!({ "message": "x".repeat(20_001) }),
        json!({ "message": "x", "messageId": "" }),
        json!({ "message": 1 }),
        json!([]),
        json!("Hello"),
    ] {
        let (status, problem) = page.call(Method::POST, &page.path(""), Some(body)).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem["errors"][0]["remedy"].is_string(), "{problem}");
        assert!(!problem.to_string().contains("struct"), "{problem}");
    }
    let (status, _) = page.call(Method::POST, "/no-id", Some(json!({ "message": "x" }))).await;
    assert_eq!(status, 404);
    let unknown = "/00000000-0000-7000-8000-000000000000";
    let (status, problem) = page.call(Method::POST, unknown, Some(json!({ "message": "x" }))).await;
    assert_eq!((status.as_u16(), &problem["type"]), (404, &json!("urn:parlance:problem:not-found")));
    assert_eq!(world.transcript(&page.transcript).await["turns"], 1);
}

#[tokio::test]
async fn da_l11_da_w03_after_a_take_over_the_agent_is_silent_until_it_is_handed_back() {
    let world = World::start().await;
    let page = world.chat().await;
    for _ in 0..2 {
        let (status, taken) = world.webchat(Method::POST, &page.path("/CsrTakeOver"), None).await;
        assert_eq!((status, &taken["control"]), (200, &json!("Operator")), "twice is once: {taken}");
    }
    let answer = page.says("Anybody there?").await;
    assert_eq!((&answer["messages"], &answer["status"]), (&json!([]), &json!("HumanHandoff")));
    let (status, back) = world.webchat(Method::POST, &page.path("/CsrHandBack"), None).await;
    assert_eq!((status, &back["control"], &back["status"]), (200, &json!("Agent"), &json!("InProgress")));
    assert_eq!(page.hears("And now?").await, "You said: **And now?**");
    let audit = world.ask(Method::GET, "audit?limit=100", None).await.1.to_string();
    assert!(audit.contains("transcript.taken_over") && audit.contains("transcript.handed_back"), "{audit}");
}

#[tokio::test]
async fn da_w04_a_person_is_heard_as_a_person() {
    let world = World::start().await;
    let page = world.chat().await;
    let say = json!({ "message": "Hello, this is **Sam**." });
    let path = page.path("/addCsrMessage");
    let (status, problem) = world.webchat(Method::POST, &path, Some(say.clone())).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:parlance:problem:conflict")), "not before: {problem}");
    world.webchat(Method::POST, &page.path("/CsrTakeOver"), None).await;
    let (status, said) = world.webchat(Method::POST, &path, Some(say)).await;
    assert_eq!((status, &said["messages"][0]["role"]), (200, &json!("csr")), "{said}");
    assert_eq!(world.webchat(Method::POST, &path, Some(json!({ "message": " " }))).await.0, 422);
    let (_, whole) = page.call(Method::GET, &page.path(""), None).await;
    let last = whole["messages"].as_array().and_then(|messages| messages.last()).expect("a message");
    assert_eq!((&last["role"], &last["html"]), (&json!("csr"), &json!("Hello, this is <strong>Sam</strong>.")));
}

#[tokio::test]
async fn da_w05_the_letters_of_a_path_count() {
    let world = World::start().await;
    let page = world.chat().await;
    for wrong in ["/csrTakeOver", "/csrtakeover", "/CSRTakeOver", "/AddCsrMessage", "/csrHandBack", "/Status"] {
        let url = format!("{}/api/org/demo/v2/webchat{}", world.app.url, page.path(wrong));
        let answer = Client::new().post(url).bearer_auth(&world.app.token).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{wrong}");
    }
    assert_eq!(world.transcript(&page.transcript).await["control"], "Agent");
}

#[tokio::test]
async fn da_w06_da_f22_a_completed_conversation_is_over_and_was_wrapped_up_once() {
    let world = World::start().await;
    let page = world.chat().await;
    page.says("Hello").await;
    let (status, ended) = page.ends("Completed").await;
    assert_eq!((status.as_u16(), &ended["status"]), (200, &json!("Completed")), "{ended}");
    assert_eq!(page.ends("Completed").await.0, 409);
    let transcript = world.transcript(&page.transcript).await;
    assert_eq!((&transcript["status"], &transcript["closed"]), (&json!("Completed"), &json!(true)));
    let wrapped =
        transcript["function_calls"].as_array().expect("calls").iter().filter(|call| call["function"] == "wrap");
    assert_eq!(wrapped.count(), 1, "{transcript}");
    assert_eq!(transcript["tags"], json!({ "Wrapped": "yes" }));
}

#[tokio::test]
async fn da_w07_nothing_is_said_in_a_conversation_that_is_over() {
    let world = World::start().await;
    let page = world.chat().await;
    assert_eq!(page.ends("Abandoned").await.0, 200);
    let (status, problem) = page.tries("Hello?").await;
    assert_eq!((status.as_u16(), &problem["type"]), (409, &json!("urn:parlance:problem:conflict")));
    let events = page.request(Method::POST, &page.path("")).header(header::ACCEPT, "text/event-stream");
    let answer = events.json(&json!({ "message": "Hello?" })).send().await.expect("an answer");
    assert_eq!(answer.status(), 409, "a stream says it by its status, too");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    for operation in ["/CsrTakeOver", "/CsrHandBack"] {
        assert_eq!(world.webchat(Method::POST, &page.path(operation), None).await.0, 409, "{operation}");
    }
    let (_, whole) = page.call(Method::GET, &page.path(""), None).await;
    assert_eq!((&whole["status"], whole["messages"].as_array().map(Vec::len)), (&json!("Abandoned"), Some(1)));
}

#[tokio::test]
async fn da_w09_extra_parameters_are_seen_by_functions() {
    let world = World::start().await;
    let mut page = world.page();
    page.begins(json!({ "internalParameters": { "userId": "user-123" } })).await;
    assert_eq!(page.hears("Who am I?").await, "Known: user-123");
    let parameters = &world.transcript(&page.transcript).await["parameters"];
    assert_eq!(parameters["userId"], json!({ "value": "user-123", "provenance": "browser" }), "{parameters}");
    assert_eq!(parameters["greeted"], json!({ "value": "user-123", "provenance": "function" }), "{parameters}");
}

#[tokio::test]
async fn da_w09_what_a_server_says_is_believed() {
    let world = World::start().await;
    let body = json!({ "chatId": world.code, "internalParameters": { "userId": "user-7" } });
    let (status, begun) = world.webchat(Method::POST, "", Some(body)).await;
    assert_eq!(status, 201, "{begun}");
    let transcript = world.transcript(begun["transcriptId"].as_str().expect("an id")).await;
    assert_eq!(transcript["parameters"]["userId"]["provenance"], "token", "{transcript}");
}

#[tokio::test]
async fn da_w11_a_streamed_reply_comes_in_pieces_and_another_at_once() {
    for (streaming, is_in_pieces) in [(true, true), (false, false)] {
        let world = World::configured(|configuration| configuration["model"]["streaming"] = streaming.into()).await;
        let page = world.chat().await;
        let told = page.streams("Please recite").await;
        let deltas: Vec<&Value> = told.iter().filter(|told| told.name == "delta").map(|told| &told.data).collect();
        assert_eq!(deltas.len() > 1, is_in_pieces, "{told:?}");
        let message = told.iter().find(|told| told.name == "message").expect("the whole of it");
        assert_eq!(message.data["content"], "one two three four five six");
        if is_in_pieces {
            let pieces: String = deltas.iter().filter_map(|delta| delta["content"].as_str()).collect();
            assert_eq!(pieces, "one two three four five six");
            assert!(deltas.iter().all(|delta| delta["id"] == message.data["id"]), "{told:?}");
        }
        let done = told.last().expect("an end");
        assert_eq!((done.name.as_str(), &done.data["messages"][0]["content"]), ("done", &message.data["content"]));
        // Whoever wants JSON gets it whole.
        assert_eq!(page.hears("Recite again").await, "one two three four five six");
    }
}

#[tokio::test]
async fn da_w11_customers_are_not_told_of_functions_and_states() {
    let world = World::start().await;
    let mut page = world.page();
    page.begins(json!({ "internalParameters": { "userId": "user-123" } })).await;
    assert_eq!(names(&page.streams("Who am I?").await), ["message", "status", "done"]);
    let body = json!({ "chatId": world.code, "internalParameters": { "userId": "user-123" } });
    let (_, begun) = world.webchat(Method::POST, "", Some(body)).await;
    let id = begun["transcriptId"].as_str().expect("an id");
    let url = format!("{}/api/org/demo/v2/webchat/{id}", world.app.url);
    let request = Client::new().post(url).bearer_auth(&world.app.token).header(header::ACCEPT, "text/event-stream");
    let answer = request.json(&json!({ "message": "Who am I?" })).send().await.expect("an answer");
    let told = Stream::of(answer).await.rest().await;
    assert_eq!(names(&told), ["functionCall", "functionResult", "stateChange", "message", "status", "done"]);
    assert_eq!((&told[2].data["from"], &told[2].data["to"]), (&json!("Hello"), &json!("Known")));
}

/// A pool of one.
async fn narrow(queue: usize, wait: Duration) -> World {
    let pool = PoolOptions { per_tenant: 1, total: 1, queue, wait };
    World::within(TestApp::start_with(|options| options.models_pool = pool).await, |_| {}).await
}

#[tokio::test]
async fn da_p07_two_who_speak_at_once_are_both_answered_the_second_later() {
    let world = narrow(8, Duration::from_secs(10)).await;
    let (one, other) = (world.chat().await, world.chat().await);
    let begun = Instant::now();
    let (first, second) = tokio::join!(one.hears("Take your time"), other.hears("Take your time"));
    assert_eq!((first.as_str(), second.as_str()), ("Done.", "Done."));
    assert!(begun.elapsed() >= Duration::from_millis(800), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn da_p07_who_cannot_wait_is_told_when_to_come_again_and_loses_nothing() {
    let world = narrow(0, Duration::from_millis(10)).await;
    let (one, other) = (world.chat().await, world.chat().await);
    let busy = {
        let one = one.clone();
        tokio::spawn(async move { one.hears("Take your time").await })
    };
    tokio::time::sleep(Duration::from_millis(150)).await;
    let request = other.request(Method::POST, &other.path("")).json(&json!({ "message": "Me too" }));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    let wait = answer.headers()[header::RETRY_AFTER].to_str().expect("text").parse::<u64>();
    assert!(wait.is_ok_and(|seconds| seconds >= 1));
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(busy.await.expect("it ends"), "Done.");
    assert_eq!(other.hears("Me too").await, "You said: **Me too**");
    let (_, whole) = other.call(Method::GET, &other.path(""), None).await;
    let mine =
        whole["messages"].as_array().expect("messages").iter().filter(|message| message["role"] == "user").count();
    assert_eq!(mine, 1, "what was refused was not taken: {whole}");
}

#[tokio::test]
async fn da_p07_who_waits_for_too_long_gets_the_flows_fallback() {
    let pool = PoolOptions { per_tenant: 1, total: 1, queue: 16, wait: Duration::from_secs(30) };
    let app = TestApp::start_with(|options| {
        options.models_pool = pool;
        options.flow_timeout = Duration::from_secs(2);
    })
    .await;
    let world = World::within(app, |configuration| {
        configuration["texts"] = json!({ "fallback": "Please call us." });
    })
    .await;
    let script = json!({ "rules": [{ "when": { "always": true }, "then": { "say": "Done.", "delay_ms": 60_000 } }] });
    let (status, answer) = world.ask(Method::PUT, "model-scripts/desk", Some(script)).await;
    assert_eq!(status / 100, 2, "{answer}");
    let mut all = Vec::new();
    for _ in 0..8 {
        let page = world.chat().await;
        all.push(tokio::spawn(async move { page.hears("Hello").await }));
    }
    // One after the other they would take four times as long as a turn may.
    for said in all {
        assert_eq!(said.await.expect("it ends"), "Please call us.");
    }
}
