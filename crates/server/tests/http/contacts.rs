//! Contacts: listed, shown, exported, erased; and how long they are kept.

use std::{path::Path, time::Duration};

use model::{ContactId, Timestamp, inbound::Inbound};
use reqwest::{Client, Method};
use runtime::{Runtime, RuntimeOptions, erasure::Erasures};
use serde_json::{Value, json};
use store::{Store, StoreOptions};

use crate::{
    app::{TestAgent, TestApp, Visitor},
    appended::Appended,
};

/// Texts that only the erased visitor has.
const ID: &str = "mark-id-7f3a@x.test";
const MARKS: [&str; 8] = [
    "mark-id-7f3a",
    "mark-text-91c2",
    "mark-ünïcode-日本",
    "mark-form-55d0",
    "mark-name-c0de",
    "mark-custom-ab12",
    "mark-feedback-3e3e",
    "mark-elsewhere-6a6a",
];

async fn visits(app: &TestApp, agent: &TestAgent, user: &str, marks: [&str; 8]) -> Visitor {
    let [_, text, unicode, form, name, custom, feedback, elsewhere] = marks;
    let visitor = app.visitor(agent, user);
    visitor.opens().await;
    let known = json!({ "first_name": name, "custom": { "selected_scenario": agent.id, "nick": custom } });
    let said = json!({ "type": "text", "data": { "text": format!("\"{text}\" / {unicode}") }, "user": known });
    assert_eq!(visitor.send(said).await.0, 200);
    let submitted = json!({ "type": "form_response", "callback_id": "intent.user.Form",
                            "data": { "pet": form, "text": format!("Pet: {form}") } });
    assert_eq!(visitor.hears(submitted).await, format!("Your pet is {form}"));
    let opinion = json!({ "message_template_id": "t", "feedback": "positive", "request_id": feedback });
    assert_eq!(visitor.post("/chat-api/feedback", &opinion).await.0, 200);
    let mut body = visitor.envelope(&json!({ "type": "trigger", "callback_id": "WELCOME", "data": {} }));
    body["message_id"] = json!(elsewhere);
    assert_eq!(visitor.post("/chat-api/message", &body).await.0, 200);
    visitor
}

/// The marks that are in any file under a folder, as they are, in UTF-16 or with JSON's escapes.
fn found(folder: &Path, marks: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    assert!(files.iter().any(|file| file.ends_with("log.db")), "{files:?}");
    let mut found = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).expect("a file");
        for mark in marks {
            let escaped: String = mark
                .encode_utf16()
                .map(|unit| match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
                    _ => format!("\\u{unit:04x}"),
                })
                .collect();
            let forms = [
                mark.as_bytes().to_vec(),
                escaped.into_bytes(),
                mark.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                mark.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            ];
            if forms.iter().any(|form| bytes.windows(form.len()).any(|window| window == form)) {
                found.push(format!("{mark} in {}", file.display()));
            }
        }
    }
    found
}

#[tokio::test]
async fn r7_an_erased_contact_leaves_no_byte() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let others = MARKS.map(|mark| mark.replace("mark", "kept"));
    visits(&app, &agent, "kept-id", others.each_ref().map(String::as_str)).await;
    visits(&app, &agent, ID, MARKS).await;
    app.store.flush_projections().await.expect("projected");
    let before = found(app.folder.path(), &MARKS);
    for mark in MARKS {
        assert!(before.iter().any(|found| found.starts_with(mark)), "{mark} was never stored: {before:?}");
    }
    let (_, feed) = app.integrator(Method::GET, "events?limit=1000", None).await;
    let last = feed["next"].as_u64().expect("a number");

    let path = format!("contacts/{ID}");
    assert_eq!(app.integrator(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(found(app.folder.path(), &MARKS), Vec::<String>::new(), "while the server runs");
    for path in [&path, &format!("{path}/export")] {
        assert_eq!(app.integrator(Method::GET, path, None).await.0, 404);
    }
    assert_eq!(app.integrator(Method::DELETE, &path, None).await.0, 404);
    let (_, transcripts) = app.integrator(Method::GET, &format!("transcripts?contact={ID}"), None).await;
    assert_eq!(transcripts["transcripts"], json!([]));
    let (_, told) = app.integrator(Method::GET, &format!("events?after={last}"), None).await;
    let told = told["events"].as_array().expect("a list");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["type"], &told[0]["contact"]), (&json!("contact.erased"), &Value::Null));
    assert_eq!(told[0]["seq"], last + 1);

    let metrics = Client::new().get(format!("{}/metrics", app.url)).send().await.expect("an answer");
    assert!(!metrics.text().await.expect("text").contains("mark-id"));
    let kept = app.visitor(&agent, "kept-id");
    let transcript = kept.get("/chat-api/transcript").await.text().await.expect("text");
    assert!(transcript.contains("kept-text-91c2"), "{transcript}");

    let folder = app.stop().await;
    assert_eq!(found(folder.path(), &MARKS), Vec::<String>::new(), "after the server has ended");
    Store::rebuild(folder.path(), |_, _| {}).await.expect("a rebuild");
    assert_eq!(found(folder.path(), &MARKS), Vec::<String>::new(), "in tables that were made anew");
    assert!(!found(folder.path(), &["kept-form-55d0"]).is_empty());
}

#[tokio::test]
async fn who_comes_back_after_an_erasure_is_new() {
    let app = TestApp::start().await;
    let agent = app.guarded_agent().await;
    let mut first = app.visitor(&agent, "ann");
    let configured = first.get("/chat-api/configuration").await;
    let configured: Value = configured.json().await.expect("JSON");
    first.csrf = configured["csrfToken"].as_str().map(str::to_owned);
    assert_eq!(first.opens().await, "Hello");
    assert_eq!(app.integrator(Method::DELETE, "contacts/ann", None).await.0, 204);
    // Another browser: the id belongs to nobody any more.
    let second = app.visitor(&agent, "ann").get("/chat-api/configuration").await;
    assert_eq!(second.status(), 200);
    let second: Value = second.json().await.expect("JSON");
    assert_eq!(second["userType"], "new");
}

#[tokio::test]
async fn turns_that_run_while_a_contact_is_erased_are_before_or_after() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let ann = app.visitor(&agent, "ann");
    ann.opens().await;
    let talk = async {
        for _ in 0..30 {
            assert_eq!(ann.says("when are you open").await, "From nine to five");
        }
    };
    let erase = async {
        for _ in 0..3 {
            let (status, problem) = app.integrator(Method::DELETE, "contacts/ann", None).await;
            assert!(status == 204 || status == 404, "{problem}");
        }
    };
    tokio::join!(talk, erase);
    ann.opens().await;
    let (status, shown) = app.integrator(Method::GET, "contacts/ann", None).await;
    assert_eq!(status, 200, "{shown}");
    app.stop().await;
}

#[tokio::test]
async fn contacts_are_listed_shown_and_exported() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    for user in ["cem", "ann", "bob/2"] {
        visits(&app, &agent, user, MARKS).await;
    }
    let (_, first) = app.integrator(Method::GET, "contacts?limit=2", None).await;
    let ids =
        |page: &Value| page["contacts"].as_array().expect("a list").iter().map(|c| c["id"].clone()).collect::<Vec<_>>();
    assert_eq!((ids(&first), &first["next"]), (vec![json!("ann"), json!("bob/2")], &json!("bob/2")));
    let (_, rest) = app.integrator(Method::GET, "contacts?limit=2&cursor=bob%2F2", None).await;
    assert_eq!((ids(&rest), &rest["next"]), (vec![json!("cem")], &Value::Null));

    let (status, bob) = app.integrator(Method::GET, "contacts/bob%2F2", None).await;
    assert_eq!((status.as_u16(), &bob["id"]), (200, &json!("bob/2")));
    let pet = &bob["attributes"]["pet"];
    assert!(pet["value"] == "mark-form-55d0" && pet["provenance"].is_string(), "{bob}");
    assert!(bob["first_seen"].as_str() < bob["last_seen"].as_str(), "{bob}");

    let (_, all) = app.integrator(Method::GET, "contacts/ann/export", None).await;
    let text = all.to_string();
    for mark in &MARKS[1..] {
        assert!(text.contains(mark), "{mark}: {all:#}");
    }
    let turn = &all["transcripts"][0]["turns"][0];
    assert_eq!((&turn["turn"], &turn["request"]["url"]), (&json!(1), &json!("/chat-api/message")));
    assert_eq!(turn["entries"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn bad_ids_and_bad_settings_are_refused() {
    let app = TestApp::start().await;
    let long = "x".repeat(385);
    for path in ["contacts/nobody", "contacts/a%00b", &format!("contacts/{long}"), "contacts/nobody/export"] {
        let (status, problem) = app.integrator(Method::GET, path, None).await;
        assert_eq!(status, 404, "{path}: {problem}");
    }
    assert_eq!(app.integrator(Method::DELETE, "contacts/nobody", None).await.0, 404);
    assert_eq!(app.integrator(Method::GET, "contacts?limit=0", None).await.0, 422);
    for body in [json!({ "days": 0 }), json!({ "days": 36_501 }), json!({ "days": "ten" }), json!({ "weeks": 1 })] {
        let (status, problem) = app.integrator(Method::PUT, "retention", Some(body)).await;
        assert_eq!(status, 422, "{problem}");
    }
    assert_eq!(app.integrator(Method::GET, "retention", None).await.1, json!({ "days": null }));
    let (status, set) = app.integrator(Method::PUT, "retention", Some(json!({ "days": 90 }))).await;
    assert_eq!((status.as_u16(), &set), (200, &json!({ "days": 90 })));
    assert_eq!(app.integrator(Method::GET, "retention", None).await.1, set);
    let stranger = Client::new().delete(format!("{}/api/v1/demo/contacts/ann", app.url)).send().await;
    assert_eq!(stranger.expect("an answer").status(), 401);
}

#[tokio::test]
async fn what_was_noted_and_not_done_is_done_at_the_next_start() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    visits(&app, &agent, ID, MARKS).await;
    visits(&app, &app.open_agent().await, ID, MARKS).await;
    let folder = app.stop().await;
    let (demo, contact): (_, ContactId) = ("demo".parse().expect("a name"), ID.parse().expect("an id"));
    let documents = Store::open_documents(folder.path()).await.expect("the documents");
    let erasures = Erasures::new(&documents);
    let noted = erasures.note(&demo, &contact).await.expect("a note");
    // A crash in the middle: one of two conversations is gone, the note is still there.
    let store = Store::open(folder.path(), StoreOptions::default()).await.expect("the store");
    store.tenant(&demo).purge_before(model::Timestamp::now(), 1).await.expect("a part of it");
    let runtime = Runtime::start(store.clone(), RuntimeOptions::in_data_dir(folder.path()));
    let done = async {
        while erasures.is_open(&demo, noted).await.expect("the documents") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), done).await.expect("it is done");
    assert_eq!(found(folder.path(), &MARKS), Vec::<String>::new());
    runtime.shutdown(std::time::Duration::from_secs(5)).await;
    store.shutdown().await.expect("the store closes");
}

#[tokio::test]
async fn od_t19_what_is_older_than_the_tenant_keeps_is_gone() {
    let app = TestApp::start().await;
    let now = Timestamp::now().seconds();
    for (contact, days) in [("long-ago", 91), ("lately", 89)] {
        let at = Timestamp::from_seconds(now - days * 24 * 3600);
        Appended::new(contact, 1, at, Inbound::text("Hello")).write(app.store.clone()).await;
    }
    assert_eq!(app.integrator(Method::PUT, "retention", Some(json!({ "days": 90 }))).await.0, 200);
    // It is looked for what has expired at the start, and once a minute.
    let app = app.restart_with(|_| {}).await;
    let mut left = 100;
    while app.integrator(Method::GET, "contacts/long-ago", None).await.0 != 404 {
        left -= 1;
        assert!(left > 0, "it is still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(app.integrator(Method::GET, "contacts/lately", None).await.0, 200);
    app.stop().await;
}
