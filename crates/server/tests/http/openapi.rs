//! The description describes what is served.

use std::collections::BTreeSet;

use reqwest::{Client, Method};
use serde_json::Value;

use crate::app::TestApp;

fn document() -> Value {
    serde_json::to_value(server::openapi_document()).expect("the document serialises")
}

#[test]
fn it_is_openapi_3_2() {
    assert_eq!(document()["openapi"], "3.2.0");
}

#[test]
fn every_reference_resolves() {
    fn references<'d>(value: &'d Value, found: &mut BTreeSet<&'d str>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(names.insert(name.to_owned()), "{name} stands twice");
        }
    }
}

/// Routes can only be declared with their description; this is the other direction.
#[tokio::test]
async fn every_described_operation_is_served() {
    let app = TestApp::start().await;
    let client = Client::new();
    for (path, item) in document()["paths"].as_object().expect("paths") {
        let path = path
            .replace("{tenant}", "demo")
            .replace("{user_id}", "ann")
            .replace("{*file}", "home.css")
            .replace("{file}", "home.css");
        let path = path.replace(['{', '}'], "");
        for method in item.as_object().expect("an item").keys() {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let answer = client.request(method.clone(), format!("{}{path}", app.url)).send().await.expect("an answer");
            assert_ne!(answer.status(), 405, "{method} {path}");
            let problem = answer.text().await.expect("a body");
            assert!(!problem.contains("no resource"), "{method} {path} is not served: {problem}");
        }
    }
}

/// Generators read it: nothing of 3.2 may be left, nothing else may be missing.
#[test]
fn the_document_for_older_programs_is_openapi_3_1() {
    let older = server::openapi_document_3_1();
    assert_eq!(older["openapi"], "3.1.0");
    assert!(!older.to_string().contains("\"itemSchema\""));
    let today = document();
    assert_eq!(older["tags"].as_array().map(Vec::len), today["tags"].as_array().map(Vec::len));
    for tag in older["tags"].as_array().expect("tags") {
        let allowed = ["name", "description", "externalDocs"];
        assert!(tag.as_object().expect("a tag").keys().all(|key| allowed.contains(&key.as_str())), "{tag}");
    }
    for (path, item) in older["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("an item") {
            let known = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
            assert!(known.contains(&method.as_str()), "{method} {path} is none of 3.1");
            for (status, response) in operation["responses"].as_object().expect("responses") {
                assert!(response["description"].is_string(), "{method} {path} {status} has no description");
            }
        }
    }
    assert_eq!(older["components"]["schemas"], today["components"]["schemas"]);
}

/// 3.2 describes the events of a stream; 3.1 can only call it text.
#[test]
fn streams_are_described_by_their_events() {
    let (today, older) = (document(), server::openapi_document_3_1());
    for (path, method, status) in [
        ("/api/org/{tenant}/v2/webchat", "post", "201"),
        ("/api/org/{tenant}/v2/webchat/{transcriptId}", "post", "200"),
        ("/api/org/{tenant}/v2/webchat/{transcriptId}/stream", "get", "200"),
        ("/api/v1/{tenant}/live", "get", "200"),
        ("/api/v1/{tenant}/transcripts/{transcript}/stream", "get", "200"),
    ] {
        let content = |document: &Value| {
            document["paths"][path][method]["responses"][status]["content"]["text/event-stream"].clone()
        };
        let (today, older) = (content(&today), content(&older));
        assert!(
            today["itemSchema"]["properties"]["data"].is_object() && today.get("schema").is_none(),
            "{path}: {today}"
        );
        assert_eq!(older["schema"]["type"], "string", "{path}: {older}");
    }
}

#[tokio::test]
async fn the_documents_and_their_page_are_served() {
    let app = TestApp::start().await;
    for (file, expected) in [("openapi", document()), ("openapi-3.1", server::openapi_document_3_1())] {
        let served = reqwest::get(format!("{}/api/swagger/{file}.json", app.url)).await.expect("an answer");
        assert_eq!(served.json::<Value>().await.expect("JSON"), expected, "{file}");
    }
    let page = reqwest::get(format!("{}/api/swagger", app.url)).await.expect("an answer");
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("text").contains("swagger-ui"));
}
