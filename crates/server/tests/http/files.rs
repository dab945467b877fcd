//! Files that visitors send: rows OD-C14, OD-M25, OD-M26.

use reqwest::{Client, Method, StatusCode};
use runtime::agents::Access;
use serde_json::{Value, json};

use crate::app::{TestAgent, TestApp, Visitor, json_of, scenario};

impl Visitor {
    /// Uploads a file; the name may need no escapes.
    async fn uploads(&self, name: &str, kind: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let request = self.request(Method::POST, &format!("/chat-api/file?name={name}"));
        json_of(request.header("content-type", kind).body(bytes).send().await.expect("an answer")).await
    }

    async fn answers(&self, data: Value) -> (StatusCode, Value) {
        self.send(json!({ "type": "form_response", "callback_id": "intent.user.Sent", "data": data })).await
    }
}

/// A turn that asks with `markup` and one that repeats what `attribute` then holds.
async fn asking(app: &TestApp, markup: &str, repeated: &str) -> TestAgent {
    let mut document = scenario();
    let turns = document.pointer_mut("/conversations/0/scenes/0/turns").and_then(Value::as_array_mut).expect("turns");
    let turn = |name: &str, asked: &str, markup: String| {
        json!({
            "od_id": name, "name": name, "behaviors": ["STARTING", "OPEN"],
            "request_intents": [{ "od_id": asked, "name": asked, "speaker": "USER", "confidence": 1,
                                  "sample_utterance": "" }],
            "response_intents": [{ "od_id": format!("intent.app.{name}"), "name": name, "speaker": "APP",
                                   "confidence": 1, "sample_utterance": "", "behaviors": [],
                                   "message_templates": [{ "od_id": format!("template_{name}"), "name": name,
                                                           "message_markup": markup }] }],
        })
    };
    turns.push(turn("ask", "intent.user.Ask", format!("<message>{markup}</message>")));
    let said = format!("<message><text-message>{repeated}</text-message></message>");
    turns.push(turn("sent", "intent.user.Sent", said));
    app.agent_of("demo", &document, Access::Open).await
}

const ASKED: &str = "<file-upload-message><callback>intent.user.Sent</callback><submit_text>Submit</submit_text>\
                     <multiple>false</multiple><file_size>1000</file_size>\
                     <file_types><option>jpg</option><option>txt</option></file_types></file-upload-message>";
const REPEATED: &str = "{user.file_upload[0]['name']} {user.file_upload[0]['size']}";

/// A visitor who was asked for files.
async fn asked(app: &TestApp) -> Visitor {
    let visitor = app.visitor(&asking(app, ASKED, REPEATED).await, "ann");
    let (status, said) = visitor.send(json!({ "type": "trigger", "callback_id": "intent.user.Ask", "data": {} })).await;
    assert_eq!((status.as_u16(), &said["type"]), (200, &json!("file-upload")), "{said}");
    visitor
}

/// What the contact's attribute holds.
async fn attribute(app: &TestApp, contact: &str, name: &str) -> Value {
    let demo = "demo".parse().expect("a tenant name");
    let contact = contact.parse().expect("a contact");
    let stored = app.store.tenant(&demo).contact(&contact).await.expect("the store answers").expect("a contact");
    let state: Value = serde_json::from_str(stored.state.get()).expect("JSON");
    state["attributes"][name]["value"].clone()
}

#[tokio::test]
async fn od_c14_an_uploaded_file_has_four_keys_and_an_address_that_gives_it_back() {
    let app = TestApp::start().await;
    let visitor = asked(&app).await;
    let content = b"<script>alert(1)</script>".to_vec();
    let (status, file) = visitor.uploads("na%C3%AFve%20note.txt", "text/plain", content.clone()).await;
    assert_eq!(status, 200, "{file}");
    assert_eq!((&file["name"], &file["size"]), (&json!("naïve note.txt"), &json!(25)));
    assert_eq!(file["type"], "text/plain");
    assert!(file["id"].is_string());

    let (status, said) = visitor.answers(json!({ "file_upload": [file], "text": "naïve note.txt" })).await;
    assert_eq!(status, 200, "{said}");
    assert_eq!(said["data"]["text"], "naïve note.txt 25");
    let held = attribute(&app, "ann", "file_upload").await;
    let keys: Vec<_> = held[0].as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["name", "url", "size", "type"]);

    for url in [&held[0]["url"], &file["url"]] {
        let answer = reqwest::get(url.as_str().expect("an address")).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        let headers = answer.headers();
        assert_eq!(headers["content-type"], "text/plain");
        assert_eq!(headers["content-disposition"], "attachment; filename*=UTF-8''na%C3%AFve%20note.txt");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-security-policy"], "default-src 'none'; sandbox");
        assert_eq!(answer.bytes().await.expect("a body"), content);
    }
    let (_, rows) = json_of(visitor.get("/chat-api/history?limit=2").await).await;
    assert_eq!(rows[1]["data"]["file_upload"][0]["name"], "naïve note.txt");
    app.stop().await;
}

#[tokio::test]
async fn od_c14_expired_forged_and_foreign_addresses_open_nothing() {
    let app = TestApp::start().await;
    let other = "other".parse().expect("a tenant name");
    runtime::tenants::Tenants::new(&app.store).create(&other, "").await.expect("the tenant is made");
    let visitor = asked(&app).await;
    let (_, file) = visitor.uploads("a.txt", "text/plain", b"a".to_vec()).await;
    let url = file["url"].as_str().expect("an address").to_owned();
    let (path, query) = url.split_once('?').expect("a query");
    let (expires, signature) = query.split_once("&signature=").expect("a signature");
    let expires: i64 = expires.strip_prefix("expires=").expect("a time").parse().expect("seconds");
    let left = expires - model::Timestamp::now().seconds();
    assert!((1_795..=1_800).contains(&left), "{left}");

    let digit = if signature.starts_with('0') { '1' } else { '0' };
    for bad in [
        format!("{path}?expires={}&signature={signature}", expires + 1),
        format!("{path}?expires=1&signature={signature}"),
        format!("{path}?expires={expires}&signature={digit}{}", &signature[1..]),
        format!("{path}?expires={expires}"),
        path.to_owned(),
        url.replace("/files/demo/", "/files/other/"),
        url.replace("/files/demo/", "/files/nobody/"),
    ] {
        let (status, problem) = json_of(reqwest::get(&bad).await.expect("an answer")).await;
        assert_eq!(status, 403, "{bad}: {problem}");
        assert_eq!(problem["type"], "urn:parlance:problem:stale-address");
    }
    assert_eq!(reqwest::get(&url).await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn od_m25_what_the_message_does_not_take_is_refused() {
    let app = TestApp::start().await;
    let visitor = asked(&app).await;
    let (status, answer) = visitor.uploads("a.txt", "text/plain", vec![b'x'; 1001]).await;
    assert_eq!((status.as_u16(), answer), (413, json!({ "message": "The request body is larger than 1000 bytes." })));
    let (status, answer) = visitor.uploads("a.exe", "image/jpeg", b"x".to_vec()).await;
    assert_eq!(status, 422);
    assert_eq!(answer["errors"]["file"], json!(["The file a.exe must be of type: jpg, txt."]));
    assert_eq!(visitor.uploads("a.JPEG", "image/jpeg", b"x".to_vec()).await.0, 200);
    assert_eq!(visitor.uploads("a.txt", "text/plain", Vec::new()).await.0, 422);

    let (_, one) = visitor.uploads("1.txt", "text/plain", b"1".to_vec()).await;
    let (_, two) = visitor.uploads("2.txt", "text/plain", b"2".to_vec()).await;
    let (status, answer) = visitor.answers(json!({ "file_upload": [one, two], "text": "" })).await;
    assert_eq!(status, 422);
    assert_eq!(answer["errors"]["content.data.file_upload"], json!(["Only one file is asked for."]));
}

#[tokio::test]
async fn od_m25_files_from_before_the_question_must_fit_it_too() {
    let app = TestApp::start().await;
    let agent = asking(&app, ASKED, REPEATED).await;
    let visitor = app.visitor(&agent, "ann");
    let (status, file) = visitor.uploads("a.exe", "application/octet-stream", vec![0; 2000]).await;
    assert_eq!(status, 200, "nothing is asked yet, so only the bounds of all files hold: {file}");
    visitor.send(json!({ "type": "trigger", "callback_id": "intent.user.Ask", "data": {} })).await;
    let (status, answer) = visitor.answers(json!({ "file_upload": [file], "text": "" })).await;
    assert_eq!(status, 422);
    let complaint = json!(["The file a.exe is larger than 1000 bytes."]);
    assert_eq!(answer["errors"]["content.data.file_upload"], complaint);
}

#[tokio::test]
async fn od_m25_no_more_than_10_mib_are_taken() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    let (status, answer) = visitor.uploads("a.bin", "application/zip", vec![0; (10 << 20) + 1]).await;
    assert_eq!(status, 413, "{answer}");
    assert_eq!(visitor.uploads("a.bin", "application/zip", vec![0; 10 << 20]).await.0, 200);
}

#[tokio::test]
async fn od_m25_name_and_type_are_checked() {
    let app = TestApp::start().await;
    let visitor = app.visitor(&app.open_agent().await, "ann");
    for (name, kind, field) in [
        ("", "text/plain", "name"),
        ("..%2F..%2Fetc%2Fpasswd", "text/plain", "name"),
        ("a%00b", "text/plain", "name"),
        ("a.txt", "text", "type"),
    ] {
        let (status, answer) = visitor.uploads(name, kind, b"x".to_vec()).await;
        assert_eq!(status, 422, "{name}: {answer}");
        assert!(answer["errors"][field][0].is_string(), "{answer}");
    }
    let long = "x".repeat(256);
    assert_eq!(visitor.uploads(&long, "text/plain", b"x".to_vec()).await.0, 422);
}

#[tokio::test]
async fn od_m25_strangers_send_no_files() {
    let app = TestApp::start().await;
    let open = app.open_agent().await;
    let url = format!("{}/chat-api/file?name=a.txt", app.url);
    assert_eq!(Client::new().post(&url).body("x").send().await.expect("an answer").status(), 401);
    let mut wrong = app.visitor(&open, "ann");
    wrong.agent.app_key = "wrong".to_owned();
    assert_eq!(wrong.uploads("a.txt", "text/plain", b"x".to_vec()).await.0, 401);

    let guarded = app.visitor(&app.agent_with(|security| security.csrf = true).await, "ann");
    assert_eq!(guarded.uploads("a.txt", "text/plain", b"x".to_vec()).await.0, 403);

    let agent = app.agent_with(|security| security.anonymous_authentication = true).await;
    let ann = app.visitor(&agent, "zoe");
    assert_eq!(ann.uploads("a.txt", "text/plain", b"x".to_vec()).await.0, 200);
    let thief = app.visitor(&agent, "zoe");
    assert_eq!(thief.uploads("a.txt", "text/plain", b"x".to_vec()).await.0, 401);
}

#[tokio::test]
async fn od_c14_planted_addresses_are_refused() {
    let app = TestApp::start().await;
    let visitor = asked(&app).await;
    let bob = app.visitor(&visitor.agent, "bob");
    let (_, bobs) = bob.uploads("b.txt", "text/plain", b"b".to_vec()).await;
    let (_, own) = visitor.uploads("a.txt", "text/plain", b"a".to_vec()).await;
    for planted in [
        json!([{ "name": "a.txt", "url": "https://evil.test/a.txt", "size": 1, "type": "text/plain" }]),
        json!([bobs]),
        json!([own, { "name": "a.txt", "url": "https://evil.test/a.txt" }]),
        json!({ "0": { "url": "https://evil.test/" } }),
    ] {
        let (status, answer) = visitor.answers(json!({ "file_upload": planted, "text": "a.txt" })).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer["errors"]["content.data.file_upload"][0].is_string(), "{answer}");
    }
    // What is ours is written anew: what the client says of it counts for nothing.
    let path = own["url"].as_str().and_then(|url| url.split_once("/files/")).expect("an address").1;
    let dressed =
        json!([{ "name": "cat.jpg", "size": 9, "type": "x/y", "url": format!("https://evil.test/files/{path}") }]);
    let (status, answer) = visitor.answers(json!({ "file_upload": dressed, "text": "" })).await;
    assert_eq!(status, 200, "{answer}");
    let held = attribute(&app, "ann", "file_upload").await;
    assert_eq!((&held[0]["name"], &held[0]["size"]), (&json!("a.txt"), &json!(1)));
    assert!(held[0]["url"].as_str().is_some_and(|url| url.starts_with(&app.url)), "{held}");

    // Neither a text, nor a button, nor the visitor's profile says what files there are.
    let text = json!([{ "url": "https://evil.test/" }]).to_string();
    assert_eq!(visitor.answers(json!({ "file_upload": text, "text": "" })).await.0, 200);
    let press = json!({ "type": "button_response", "callback_id": "intent.user.Sent",
                        "data": { "text": "", "value": "file_upload.evil" } });
    assert_eq!(visitor.send(press).await.0, 200);
    let profile = json!({ "type": "trigger", "callback_id": "intent.user.Sent", "data": {},
                          "user": { "custom": { "file_upload": [{ "url": "https://evil.test/" }] } } });
    assert_eq!(visitor.send(profile).await.0, 200);
    assert_eq!(attribute(&app, "ann", "file_upload").await, held);
}

#[tokio::test]
async fn od_m26_a_signature_is_the_address_of_a_pdf() {
    let app = TestApp::start().await;
    let markup = "<esign-message><text>Sign</text><callback>intent.user.Sent</callback>\
                  <attribute_name>contract</attribute_name></esign-message>";
    let visitor = app.visitor(&asking(&app, markup, "Signed").await, "ann");
    visitor.send(json!({ "type": "trigger", "callback_id": "intent.user.Ask", "data": {} })).await;
    let (status, file) = visitor.uploads("signature.pdf", "application/pdf", b"%PDF-1.4".to_vec()).await;
    assert_eq!(status, 200, "{file}");
    let evil = json!({ "contract": "https://evil.test/signature.pdf", "text": "" });
    assert_eq!(visitor.answers(evil).await.0, 422);
    let (status, said) = visitor.answers(json!({ "contract": file["url"], "text": "signature.pdf" })).await;
    assert_eq!(status, 200, "{said}");
    let held = attribute(&app, "ann", "contract").await;
    let answer = reqwest::get(held.as_str().expect("an address")).await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/pdf");
    assert_eq!(answer.bytes().await.expect("a body"), "%PDF-1.4");
}
