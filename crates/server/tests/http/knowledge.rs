//! Documents and FAQs that flows look things up in (spec/dialai.md §10, §21.4 N9 N10; rows DA-P9, DA-K1 to DA-K10).

use std::time::{Duration, Instant};

use language::chat::Prices;
use reqwest::{Client, Method, StatusCode, header};
use rstest::rstest;
use serde_json::{Value, json};
use store::{Expect, NewPassage};

use crate::{
    app::{TestApp, json_of},
    flow_stage::{one_state, prompts, script, stage, told},
    flows::made,
    flows_world::World,
};

/// House rules of several sections.
pub(crate) const RULES: &str = "# House rules\n\n## Parking\n\nParking costs nine euros a night.\n\n## Breakfast\n\nBreakfast is \
                     served from seven.\n\n## Pets\n\nDogs are welcome in the garden rooms.\n";

/// Uploads a document as the body of a request; the answer and where to look how far it is.
pub(crate) async fn upload(
    app: &TestApp,
    query: &str,
    kind: &str,
    body: impl Into<Vec<u8>>,
) -> (StatusCode, Value, Option<String>) {
    let url = format!("{}/api/v1/demo/documents{query}", app.url);
    let request = Client::new().post(url).bearer_auth(&app.token).header(header::CONTENT_TYPE, kind);
    let answer = request.body(body.into()).send().await.expect("an answer");
    let location = answer.headers().get(header::LOCATION).map(|place| place.to_str().expect("text").to_owned());
    let (status, answer) = json_of(answer).await;
    (status, answer, location)
}

/// Uploads a document and waits until it can be found; its id.
pub(crate) async fn uploaded(app: &TestApp, name: &str, kind: &str, body: &str) -> String {
    let (status, answer, _) = upload(app, &format!("?name={name}"), kind, body).await;
    assert_eq!(status, 202, "{answer}");
    let id = answer["id"].as_str().expect("an id").to_owned();
    let document = settled(app, &id).await;
    assert_eq!(document["state"], "Indexed", "{document}");
    id
}

/// A document once nothing more is done to it.
pub(crate) async fn settled(app: &TestApp, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let (status, document) = app.integrator(Method::GET, &format!("documents/{id}"), None).await;
        assert_eq!(status, 200, "{document}");
        if ["Indexed", "Failed"].map(Value::from).contains(&document["state"]) {
            return document;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "it is never done: {document}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What is found for a question in all that the tenant has.
async fn found(app: &TestApp, query: &str) -> Vec<Value> {
    let (status, answer) = app.integrator(Method::POST, "documents/search", Some(json!({ "query": query }))).await;
    assert_eq!(status, 200, "{answer}");
    answer["passages"].as_array().expect("passages").clone()
}

async fn passages(app: &TestApp, id: &str) -> Vec<String> {
    let (status, page) = app.integrator(Method::GET, &format!("documents/{id}/passages"), None).await;
    assert_eq!(status, 200, "{page}");
    let text = |passage: &Value| passage["text"].as_str().expect("a text").to_owned();
    page["passages"].as_array().expect("passages").iter().map(text).collect()
}

/// A flow that reads what `documentation` says, and answers with what its model was told to.
pub(crate) async fn reading(app: TestApp, rules: &[Value], documentation: Value) -> World {
    stage(app, script(rules), &[], |_| one_state(&[], &json!({ "documentation": documentation }))).await
}

/// What was looked for in a turn, and which passages were found.
fn looked_up(journal: &Value) -> Option<(String, Vec<String>)> {
    let answers = journal["flows"].as_array()?.iter().flat_map(|flow| flow["answers"].as_array().into_iter().flatten());
    let looked = answers.filter_map(Value::as_array).find(|pair| pair[0]["need"] == "passages")?;
    let texts = looked[1]["passages"].as_array()?.iter();
    let texts = texts.map(|passage| passage["text"].as_str().unwrap_or_default().to_owned()).collect();
    Some((looked[0]["query"].as_str()?.to_owned(), texts))
}

#[tokio::test]
async fn da_p09_a_document_is_taken_at_once_and_found_later() {
    let app = TestApp::start().await;
    let (status, taken, location) = upload(&app, "?name=rules.md", "text/markdown", RULES).await;
    assert_eq!((status.as_u16(), &taken["state"], &taken["indexedAt"]), (202, &json!("Pending"), &Value::Null));
    let id = taken["id"].as_str().expect("an id");
    assert_eq!(location, Some(format!("/api/v1/demo/documents/{id}")));
    let document = settled(&app, id).await;
    assert_eq!(
        (&document["state"], &document["passages"], &document["error"]),
        (&json!("Indexed"), &json!(3), &Value::Null)
    );
    assert!(document["indexedAt"].is_string(), "{document}");
    let best = &found(&app, "What does parking cost?").await[0];
    assert_eq!((&best["kind"], &best["id"], &best["name"]), (&json!("Document"), &json!(id), &json!("rules.md")));
    assert!(best["text"].as_str().expect("a text").contains("nine euros"), "{best}");
}

#[tokio::test]
async fn da_k01_what_was_uploaded_is_listed_and_what_was_deleted_is_found_no_more() {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let other = uploaded(&app, "other.txt", "text/plain", "The pool closes at nine.").await;
    let (_, page) = app.integrator(Method::GET, "documents?limit=1", None).await;
    assert_eq!((&page["documents"][0]["id"], &page["next"]), (&json!(id), &json!(id)), "{page}");
    let (_, page) = app.integrator(Method::GET, &format!("documents?cursor={id}"), None).await;
    assert_eq!((&page["documents"][0]["id"], &page["next"]), (&json!(other), &Value::Null), "{page}");

    let rules = [told("nine euros", "Nine euros."), told("Current step", "I do not know.")];
    let world = reading(app, &rules, json!({ "documents": [id], "amount": 3 })).await;
    let page = world.chat().await;
    assert_eq!(page.hears("What does parking cost?").await, "Nine euros.");
    assert_eq!(world.ask(Method::DELETE, &format!("documents/{id}"), None).await.0, 204);
    assert_eq!(page.hears("What does parking cost?").await, "I do not know.");
    assert_eq!(found(&world.app, "What does parking cost?").await, Vec::<Value>::new());
    for path in ["", "/content", "/passages"] {
        assert_eq!(world.ask(Method::GET, &format!("documents/{id}{path}"), None).await.0, 404, "{path}");
    }
    assert_eq!(world.ask(Method::DELETE, &format!("documents/{id}"), None).await.0, 404);
    let sources = world.app.store.tenant(&"demo".parse().expect("a tenant")).sources().await.expect("they are listed");
    assert_eq!(
        sources.iter().map(|source| source.source.as_str()).collect::<Vec<_>>(),
        [other],
        "nothing of it is left"
    );
}

#[rstest]
#[case("rules.md", "text/markdown", RULES)]
#[case("rules.md", "application/octet-stream", RULES)]
#[case("r%C3%A4ume.html", "text/html; charset=utf-8", "<h1>Parking</h1><p>It costs nine euros.</p>")]
#[case("prices.csv", "text/csv", "what,price\nParking,nine euros")]
#[tokio::test]
async fn da_k02_upload_answers_202(#[case] name: &str, #[case] kind: &str, #[case] body: &str) {
    let app = TestApp::start().await;
    let id = uploaded(&app, name, kind, body).await;
    let best = &found(&app, "parking").await[0];
    assert!(best["text"].as_str().expect("a text").contains("nine euros"), "{best}");
    let url = format!("{}/api/v1/demo/documents/{id}/content", app.url);
    let content = Client::new().get(url).bearer_auth(&app.token).send().await.expect("an answer");
    let disposition = content.headers()[header::CONTENT_DISPOSITION].to_str().expect("text").to_owned();
    assert!(disposition.ends_with(name), "{disposition}");
    assert_eq!(content.text().await.expect("a body"), body, "as it came");
}

#[tokio::test]
async fn da_k02_a_form_with_a_file_is_taken_too() {
    let app = TestApp::start().await;
    let form = format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"rules.md\"\r\nContent-Type: \
         text/markdown\r\n\r\n{RULES}\r\n--x--\r\n"
    );
    let (status, taken, _) = upload(&app, "", "multipart/form-data; boundary=x", form.clone()).await;
    assert_eq!(
        (status.as_u16(), &taken["name"], &taken["mediaType"]),
        (202, &json!("rules.md"), &json!("text/markdown"))
    );
    assert_eq!(taken["size"], RULES.len());
    assert_eq!(settled(&app, taken["id"].as_str().expect("an id")).await["passages"], 3);
    let (_, renamed, _) = upload(&app, "?name=a.md", "multipart/form-data; boundary=x", form).await;
    assert_eq!(renamed["name"], "a.md", "what the caller says first");
    for (body, kind) in [("--x--\r\n", "multipart/form-data; boundary=x"), (RULES, "multipart/form-data")] {
        let (status, problem, _) = upload(&app, "?name=a.md", kind, body).await;
        assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("body")), "{problem}");
    }
}

#[tokio::test]
async fn da_k02_what_cannot_be_a_document_is_refused_and_says_why() {
    let app = TestApp::start().await;
    for (query, kind, body, status, said) in [
        (
            "?name=a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            &b"PK"[..],
            415,
            "text/markdown",
        ),
        ("?name=a.docx", "application/octet-stream", b"PK", 415, "application/pdf"),
        ("?name=a.png", "image/png", b"x", 415, "image/png"),
        ("?name=a.txt", "text/plain", b"", 422, "empty"),
        ("", "text/plain", b"x", 422, "name"),
        ("?name=..%2Fa", "text/plain", b"x", 422, "slashes"),
        ("?name=", "text/plain", b"x", 422, "name"),
    ] {
        let (answered, problem, _) = upload(&app, query, kind, body).await;
        assert_eq!(answered.as_u16(), status, "{query} {kind}: {problem}");
        assert!(problem.to_string().contains(said), "{query} {kind}: {problem}");
    }
    assert_eq!(upload(&app, "?name=a.txt", "text/plain", vec![b'x'; (10 << 20) + 1]).await.0, 413);
    assert_eq!(app.integrator(Method::GET, "documents", None).await.1["documents"], json!([]));
    for path in ["documents?limit=0", "documents?limit=1001", "faqs?limit=x"] {
        assert_eq!(app.integrator(Method::GET, path, None).await.0, 422, "{path}");
    }
    for body in [
        json!({}),
        json!({ "query": "a", "amount": 0 }),
        json!({ "query": "a", "amount": 51 }),
        json!({ "query": "x".repeat(2_001) }),
    ] {
        assert_eq!(app.integrator(Method::POST, "documents/search", Some(body.clone())).await.0, 422, "{body}");
    }
}

#[tokio::test]
async fn da_k03_a_stored_passage_begins_with_its_place_in_the_document() {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let stored = passages(&app, &id).await;
    let expected = "From \u{201c}rules.md\u{201d}, section \u{201c}House rules \u{203a} Parking\u{201d}.\n\nParking costs \
                    nine euros a night.";
    assert_eq!((stored.len(), stored[0].as_str()), (3, expected));
    let (_, page) = app.integrator(Method::GET, &format!("documents/{id}/passages?limit=1&cursor=0"), None).await;
    assert_eq!((&page["passages"][0]["number"], &page["next"]), (&json!(1), &json!("1")), "{page}");
    let (status, _) = app.integrator(Method::GET, &format!("documents/{id}/passages?cursor=x"), None).await;
    assert_eq!(status, 422);
    // The section is found by its heading, though nothing below it says the word.
    assert!(found(&app, "pets").await[0]["text"].as_str().expect("a text").contains("Dogs are welcome"));
}

#[rstest]
#[case("describer", true, " It tells guests what a night costs.")]
#[case("nobody", true, "")]
#[case("describer", false, "")]
#[tokio::test]
async fn da_k03_a_model_describes_passages_where_the_tenant_wants_it(
    #[case] model: &str,
    #[case] wanted: bool,
    #[case] said: &str,
) {
    let app = TestApp::start().await;
    let describer = script(&[told("passages of a document", "It tells guests\nwhat a night costs.")]);
    assert!(app.integrator(Method::PUT, "model-scripts/describer", Some(describer)).await.0.is_success());
    for (key, value) in [
        ("LanguageModels.Provider", json!("scripted")),
        ("LanguageModels.Model", json!(model)),
        ("Knowledge.DescribePassages", json!(wanted)),
    ] {
        let (status, answer) =
            app.integrator(Method::PUT, &format!("environment/{key}"), Some(json!({ "value": value }))).await;
        assert_eq!(status, 200, "{answer}");
    }
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let place = "From \u{201c}rules.md\u{201d}, section \u{201c}House rules \u{203a} Parking\u{201d}.";
    assert_eq!(passages(&app, &id).await[0], format!("{place}{said}\n\nParking costs nine euros a night."));
    assert_eq!(found(&app, "guests").await.is_empty(), said.is_empty(), "what the model says is found, too");
}

#[tokio::test]
async fn da_k03_nothing_is_described_once_the_budget_of_the_month_is_spent() {
    let prices = Prices::parse("scripted/describer=1000000/1000000/1000000").expect("prices");
    let app = TestApp::start_with(|options| options.model_prices = prices).await;
    let describer = script(&[told("passages of a document", "It is for guests.")]);
    assert!(app.integrator(Method::PUT, "model-scripts/describer", Some(describer)).await.0.is_success());
    for (key, value) in [
        ("LanguageModels.Provider", json!("scripted")),
        ("LanguageModels.Model", json!("describer")),
        ("Knowledge.DescribePassages", json!(true)),
        ("Budget.MonthlyUsd", json!(1)),
    ] {
        let (status, answer) =
            app.integrator(Method::PUT, &format!("environment/{key}"), Some(json!({ "value": value }))).await;
        assert_eq!(status, 200, "{answer}");
    }
    // The first two are asked about at once, and cost more than there is.
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let described: Vec<bool> = passages(&app, &id).await.iter().map(|text| text.contains("for guests")).collect();
    assert_eq!(described, [true, true, false]);
    let id = uploaded(&app, "more.md", "text/markdown", RULES).await;
    assert!(passages(&app, &id).await.iter().all(|text| !text.contains("for guests")));
}

#[tokio::test]
async fn da_k04_the_model_reads_passages_and_not_the_document() {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let world = reading(app, &[], json!({ "documents": [id], "amount": 1 })).await;
    let page = world.chat().await;
    page.says("What does parking cost?").await;
    let read = prompts(&world.journal(&page, 2).await);
    assert!(read.contains("Parking costs nine euros") && read.contains("rules.md"), "{read}");
    assert!(!read.contains("Breakfast") && !read.contains("Dogs"), "{read}");
}

#[rstest]
#[case(0, 0)]
#[case(3, 3)]
#[case(10, 5)]
#[tokio::test]
async fn da_k05_as_many_passages_accompany_a_message_as_the_flow_says(#[case] amount: u8, #[case] expected: usize) {
    let app = TestApp::start().await;
    let text: String = (0..4).map(|number| format!("# Garage {number}\n\nParking costs {number} euros.\n\n")).collect();
    let id = uploaded(&app, "garages.md", "text/markdown", &text).await;
    let faq = made(&app, "faqs", json!({ "question": "Is parking free?", "answer": "No." })).await;
    let world = reading(app, &[], json!({ "documents": [id], "faqs": [faq], "amount": amount })).await;
    let page = world.chat().await;
    page.says("What does parking cost?").await;
    let read = prompts(&world.journal(&page, 2).await);
    assert_eq!(read.matches("<passage source=").count(), expected, "{read}");
}

#[tokio::test]
async fn da_k05_more_than_ten_passages_are_refused() {
    let app = TestApp::start().await;
    let flow = one_state(&[], &json!({ "documentation": { "amount": 11 } }));
    let (status, problem) = app.integrator(Method::POST, "flows/handlers", Some(flow)).await;
    assert_eq!((status.as_u16(), &problem["errors"][0]["field"]), (422, &json!("configuration.documentation.amount")));
}

#[tokio::test]
async fn da_k06_passages_are_looked_up_for_each_message() {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let world = reading(app, &[], json!({ "documents": [id], "amount": 1 })).await;
    let page = world.chat().await;
    for (turn, said, expected) in [(2, "parking", "nine euros"), (3, "breakfast", "from seven"), (4, "dogs", "welcome")]
    {
        page.says(said).await;
        let (query, found) = looked_up(&world.journal(&page, turn).await).expect("it was looked up");
        assert_eq!((query.as_str(), found.len()), (said, 1));
        assert!(found[0].contains(expected), "{found:?}");
    }
}

#[rstest]
#[case(true, "price of a parking space")]
#[case(false, "and what is that?")]
#[tokio::test]
async fn da_k07_what_is_looked_up_is_the_rewritten_message_where_that_is_on(
    #[case] rewriting: bool,
    #[case] expected: &str,
) {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let rules = [told("Rewrite the customer's last message", "price of a parking space")];
    let documentation = json!({
        "documents": [id], "amount": 1, "queryRewriting": rewriting, "rewriterContext": "They are about a hotel.",
    });
    let world = reading(app, &rules, documentation).await;
    let page = world.chat().await;
    page.says("and what is that?").await;
    let journal = world.journal(&page, 2).await;
    let (query, found) = looked_up(&journal).expect("it was looked up");
    assert_eq!(query, expected);
    assert_eq!(prompts(&journal).contains("They are about a hotel."), rewriting);
    assert_eq!(found.first().is_some_and(|text| text.contains("nine euros")), rewriting, "{found:?}");
}

#[rstest]
#[case("web", "price of a parking space")]
#[case("voice", "and what is that?")]
#[tokio::test]
async fn da_k08_on_the_phone_the_message_is_looked_up_as_it_is(#[case] channel: &str, #[case] expected: &str) {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let rules = [told("Rewrite the customer's last message", "price of a parking space")];
    let world = reading(app, &rules, json!({ "documents": [id], "amount": 1, "queryRewriting": true })).await;
    let path = format!("flows/handlers/{}/test-conversations", world.flow);
    let (status, begun) = world.ask(Method::POST, &path, Some(json!({ "channel": channel }))).await;
    assert_eq!(status, 201, "{begun}");
    let path = format!("{path}/{}", begun["transcriptId"].as_str().expect("an id"));
    let (status, answer) = world.ask(Method::POST, &path, Some(json!({ "message": "and what is that?" }))).await;
    assert_eq!(status, 200, "{answer}");
    let journal = answer["trace"]["journal"].as_str().expect("an address").strip_prefix("/api/v1/demo/");
    let (_, journal) = world.ask(Method::GET, journal.expect("of the tenant"), None).await;
    let (query, _) = looked_up(&journal).expect("it was looked up");
    assert_eq!(query, expected);
}

#[tokio::test]
async fn da_k09_an_faq_is_found_where_it_is_attached_and_nowhere_else() {
    let app = TestApp::start().await;
    let draft = json!({ "question": "When is the pool open?", "answer": "From six to ten.", "language": "en" });
    let faq = made(&app, "faqs", draft).await;
    let rules = [
        told("From six to ten", "Six to ten."),
        told("From eight to ten", "Eight to ten."),
        told("Current step", "I do not know."),
    ];
    let world = reading(app, &rules, json!({ "faqs": [faq], "amount": 2 })).await;
    let other = one_state(&[], &json!({ "documentation": { "amount": 2, "faqs": ["another"] } }));
    let other = made(&world.app, "flows/handlers", other).await;
    let elsewhere = world.chat_at(json!({ "friendlyName": "Other", "flowId": other })).await;
    let page = world.chat().await;
    assert_eq!(page.hears("When does the pool open?").await, "Six to ten.");
    assert_eq!(elsewhere.hears("When does the pool open?").await, "I do not know.");
    let read = prompts(&world.journal(&page, 2).await);
    assert!(read.contains("FAQ: When is the pool open?"), "{read}");

    // What is changed counts for the next message.
    let changed = json!({ "question": "When is the pool open?", "answer": "From eight to ten." });
    assert_eq!(world.ask(Method::PUT, &format!("faqs/{faq}"), Some(changed)).await.0, 200);
    assert_eq!(page.hears("When does the pool open?").await, "Eight to ten.");
    assert_eq!(world.ask(Method::DELETE, &format!("faqs/{faq}"), None).await.0, 204);
    assert_eq!(page.hears("When does the pool open?").await, "I do not know.");
}

#[tokio::test]
async fn da_k09_faqs_are_made_listed_and_changed() {
    let app = TestApp::start().await;
    for bad in [
        json!({}),
        json!({ "question": "", "answer": "a" }),
        json!({ "question": "q", "answer": " " }),
        json!({ "question": "q".repeat(1_001), "answer": "a" }),
        json!({ "question": "q", "answer": "a", "language": "no tag" }),
    ] {
        assert_eq!(app.integrator(Method::POST, "faqs", Some(bad.clone())).await.0, 422, "{bad}");
    }
    let first = made(&app, "faqs", json!({ "question": " When? ", "answer": "At nine." })).await;
    let second = made(&app, "faqs", json!({ "question": "Where?", "answer": "Here.", "language": "en" })).await;
    let (_, page) = app.integrator(Method::GET, "faqs?limit=1", None).await;
    assert_eq!((&page["faqs"][0]["question"], &page["next"]), (&json!("When?"), &json!(first)), "{page}");
    let (_, page) = app.integrator(Method::GET, &format!("faqs?cursor={first}"), None).await;
    assert_eq!((&page["faqs"][0]["id"], &page["next"]), (&json!(second), &Value::Null), "{page}");
    // What was read may be sent back with changes.
    let (_, mut faq) = app.integrator(Method::GET, &format!("faqs/{second}"), None).await;
    faq["answer"] = json!("There.");
    let (status, answer) = app.integrator(Method::PUT, &format!("faqs/{second}"), Some(faq.clone())).await;
    assert_eq!((status.as_u16(), &answer["answer"], &answer["language"]), (200, &json!("There."), &json!("en")));
    let stale = Client::new().put(format!("{}/api/v1/demo/faqs/{second}", app.url)).bearer_auth(&app.token);
    let stale = stale.header(header::IF_MATCH, "\"1\"").json(&faq).send().await.expect("an answer");
    assert_eq!(stale.status(), 412);
    for (method, body) in [(Method::GET, None), (Method::DELETE, None), (Method::PUT, Some(faq))] {
        assert_eq!(app.integrator(method.clone(), "faqs/nobody", body).await.0, 404, "{method}");
    }
    let (_, audit) = app.integrator(Method::GET, "audit", None).await;
    let noted = audit.to_string();
    assert!(noted.contains("faq.created") && noted.contains("faq.updated"), "{noted}");
}

#[tokio::test]
async fn da_k10_a_document_that_is_not_attached_is_never_found_there() {
    let app = TestApp::start().await;
    let attached = uploaded(&app, "pets.txt", "text/plain", "Dogs are welcome.").await;
    uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let world = reading(app, &[], json!({ "documents": [attached], "amount": 10 })).await;
    let page = world.chat().await;
    page.says("What does parking for dogs cost?").await;
    let (_, found) = looked_up(&world.journal(&page, 2).await).expect("it was looked up");
    assert_eq!(found, ["From \u{201c}pets.txt\u{201d}.\n\nDogs are welcome."]);
}

#[tokio::test]
async fn da_k10_files_of_the_flow_documents_and_faqs_are_ranked_together() {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let faq = made(&app, "faqs", json!({ "question": "Is there a pool?", "answer": "Yes, by the garden." })).await;
    let world = reading(app, &[], json!({ "documents": [id], "faqs": [faq], "amount": 2 })).await;
    let file =
        json!({ "id": "f", "name": "sauna.txt", "mediaType": "text/plain", "text": "The sauna is beside the pool." });
    world.edits(|draft| draft["configuration"]["files"] = json!([file])).await;
    let page = world.chat().await;
    page.says("pool").await;
    let (_, mut found) = looked_up(&world.journal(&page, 2).await).expect("it was looked up");
    found.sort();
    assert_eq!(found, ["Is there a pool?\n\nYes, by the garden.", "The sauna is beside the pool."]);
    page.says("parking").await;
    let (_, found) = looked_up(&world.journal(&page, 3).await).expect("it was looked up");
    assert!(found.len() == 1 && found[0].contains("nine euros"), "{found:?}");
}

#[tokio::test]
async fn da_k13_a_document_is_indexed_again_in_the_background_and_found_meanwhile() {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    // Also while it is being indexed: what is asked then comes after it.
    for _ in 0..30 {
        let (status, document) = app.integrator(Method::POST, &format!("documents/{id}/index"), None).await;
        assert_eq!((status.as_u16(), &document["state"]), (202, &json!("Pending")), "{document}");
        assert_eq!(found(&app, "parking").await.len(), 1, "it is found as it was");
    }
    let document = settled(&app, &id).await;
    assert_eq!((&document["state"], &document["passages"]), (&json!("Indexed"), &json!(3)), "{document}");
    assert_eq!(found(&app, "parking").await.len(), 1);
}

#[tokio::test]
async fn what_a_flow_reads_and_is_not_there_is_a_warning() {
    let app = TestApp::start().await;
    let (_, broken, _) = upload(&app, "?name=a.pdf", "application/pdf", "no pdf").await;
    let broken = broken["id"].as_str().expect("an id").to_owned();
    settled(&app, &broken).await;
    let good = uploaded(&app, "a.txt", "text/plain", "Dogs are welcome.").await;
    let documentation = json!({ "documents": [good, "gone", broken], "faqs": ["lost"], "amount": 1 });
    let flow = made(&app, "flows/handlers", one_state(&[], &json!({ "documentation": documentation }))).await;
    let (_, report) = app.integrator(Method::GET, &format!("flows/handlers/{flow}/check"), None).await;
    let problems = report["problems"].as_array().expect("problems");
    let warned: Vec<&str> = problems
        .iter()
        .filter(|problem| problem["severity"] == "warning")
        .filter_map(|problem| problem["path"].as_str())
        .filter(|path| path.contains("documentation"))
        .collect();
    let documentation = "configuration.documentation";
    let expected = ["documents[1]", "documents[2]", "faqs[0]"].map(|place| format!("{documentation}.{place}"));
    assert_eq!(warned, expected, "{report}");
    assert_eq!(report["sound"], true, "it runs without them");

    // A file names what the flow reads; whoever imports it is told what is not there.
    let (_, file) = app.integrator(Method::GET, &format!("flows/handlers/{flow}/export"), None).await;
    assert_eq!(file["documents"], json!([good, "gone", broken, "lost"]), "{file}");
    assert!(!file.to_string().contains("Dogs are welcome"), "by reference only");
    assert_eq!(app.integrator(Method::DELETE, &format!("documents/{good}"), None).await.0, 204);
    let (status, imported) = app.integrator(Method::POST, "flows/handlers/import", Some(file)).await;
    assert_eq!(status, 201, "{imported}");
    assert_eq!(imported["warnings"].as_array().map(Vec::len), Some(4), "{imported}");
    let copy = imported["flow"]["id"].as_str().expect("an id");
    let (_, copy) = app.integrator(Method::GET, &format!("flows/handlers/{copy}"), None).await;
    assert_eq!(copy["configuration"]["documentation"]["documents"][0], good);
}

#[tokio::test]
async fn a_restart_finishes_what_was_begun_and_removes_what_nothing_names() {
    let app = TestApp::start().await;
    let id = uploaded(&app, "rules.md", "text/markdown", RULES).await;
    let faq = made(&app, "faqs", json!({ "question": "Is there a pool?", "answer": "Yes." })).await;
    // As a crash leaves it: begun and without passages, a question without its passage, passages without a document.
    let demo = app.store.tenant(&"demo".parse().expect("a tenant"));
    let stored = demo.get("knowledge-document", &id).await.expect("a read").expect("it is there");
    let mut document: Value = stored.read().expect("JSON");
    document["state"] = json!("indexing");
    demo.put("knowledge-document", &id, &document, &[], Expect::Any).await.expect("a write");
    demo.put_passages(&id, 0, Vec::new()).await.expect("a write");
    demo.put_passages(&faq, 0, Vec::new()).await.expect("a write");
    let left = NewPassage { text: "left".to_owned(), words: "left".to_owned() };
    demo.put_passages("nobody", 1, vec![left]).await.expect("a write");
    demo.put_original("nobody", vec![1]).await.expect("a write");
    assert_eq!(found(&app, "parking pool").await, Vec::<Value>::new());
    drop(demo);

    let app = app.restart_with(|_| {}).await;
    assert_eq!(settled(&app, &id).await["state"], "Indexed");
    assert_eq!(found(&app, "parking").await.len(), 1);
    assert_eq!(found(&app, "pool").await.len(), 1);
    let sources = app.store.tenant(&"demo".parse().expect("a tenant")).sources().await.expect("they are listed");
    assert!(sources.len() == 2 && sources.iter().all(|source| source.source != "nobody"), "{sources:?}");
}
