//! All that is known of visitors: rows OD-E01 to OD-E09.

use model::{
    Timestamp,
    inbound::{Act, Inbound},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    app::{TestApp, json_of},
    appended::Appended,
    flag_evaluations::public,
    user_interactions::{does_everything, undated},
};

const INVALID: &str = "The given data was invalid.";

async fn exports(app: &TestApp, query: &str) -> (u16, Value) {
    let (status, body) = json_of(public(app, &app.token, &format!("user-data-export?{query}")).await).await;
    (status.as_u16(), body)
}

/// The visitors on a page, and its `meta.pagination`.
async fn page(app: &TestApp, query: &str) -> (Vec<String>, Value) {
    let (status, mut body) = exports(app, &format!("exportType=json&{query}")).await;
    assert_eq!(status, 200, "{query}: {body}");
    let key = |element: &Value| element.as_object().and_then(|one| one.keys().next()).expect("a key").clone();
    let visitors = body["data"].as_array().expect("a list").iter().map(key).collect();
    (visitors, body["meta"]["pagination"].take())
}

fn pagination(page: u64, from: Option<u64>, to: Option<u64>, last: u64, per_page: u64, total: u64) -> String {
    json!({ "currentPage": page, "from": from, "lastPage": last, "perPage": per_page, "to": to, "total": total })
        .to_string()
}

/// So many visitors who opened the chat, one a day from 2024-01-01 at noon.
async fn visitors(app: &TestApp, count: i64) -> Vec<String> {
    let mut all = Vec::new();
    for number in 0..count {
        let id = format!("visitor {number:02}");
        let at = Timestamp::from_seconds(1_704_110_400 + number * 86_400);
        Appended::new(&id, 1, at, Inbound::intent(Act::Open, "intent.core.welcome")).write(app.store.clone()).await;
        all.push(id);
    }
    all
}

#[rstest]
#[case("", json!({ "exportType": ["The export type field is required."] }))]
#[case("exportType=", json!({ "exportType": ["The export type field is required."] }))]
#[case("exportType=csv", json!({ "exportType": ["The export type must be json."] }))]
#[case("exportType=JSON", json!({ "exportType": ["The export type must be json."] }))]
#[case("from=2023-03-01%2000:00:00", json!({ "exportType": ["The export type field is required."],
                                             "to": ["The to field is required when from is present."] }))]
#[case("exportType=csv&perPage=x", json!({ "exportType": ["The export type must be json."],
                                           "perPage": ["The per page must be an integer."] }))]
#[tokio::test]
async fn od_e01_the_type_is_required_and_only_json(#[case] query: &str, #[case] errors: Value) {
    let app = TestApp::start().await;
    let (status, body) = exports(&app, query).await;
    assert_eq!(status, 422);
    assert_eq!(body.to_string(), json!({ "message": INVALID, "errors": errors }).to_string());
}

#[rstest]
#[case("from=2023-03-01%2000:00:00", "to", "The to field is required when from is present.")]
#[case("from=2023-03-01%2000:00:00&to=", "to", "The to field is required when from is present.")]
#[case("to=2023-03-01%2000:00:00", "from", "The from field is required when to is present.")]
#[case("to=yesterday", "from", "The from field is required when to is present.")]
#[tokio::test]
async fn od_e02_from_and_to_come_together(#[case] query: &str, #[case] field: &str, #[case] complaint: &str) {
    let app = TestApp::start().await;
    let answer = exports(&app, &format!("exportType=json&{query}")).await;
    assert_eq!(answer, (422, json!({ "message": INVALID, "errors": { field: [complaint] } })));
}

#[tokio::test]
async fn od_e03_a_bad_date_is_400() {
    let app = TestApp::start().await;
    let bad = json!({ "message": "Invalid date format. Expected format: YYYY-MM-DD HH:MM:SS" });
    for (from, to) in [
        ("2023-03-01", "2023-03-02"),
        ("2023-03-01%2000:00:00", "2023-03-02T00:00:00"),
        ("yesterday", "2023-03-02%2000:00:00"),
        ("2023-02-29%2000:00:00", "2023-03-02%2000:00:00"),
    ] {
        let answer = exports(&app, &format!("exportType=json&from={from}&to={to}")).await;
        assert_eq!(answer, (400, bad.clone()), "{from} {to}");
    }
}

#[tokio::test]
async fn od_e04_pages_have_twenty_visitors_unless_told_otherwise() {
    let app = TestApp::start().await;
    let (none, empty) = page(&app, "").await;
    assert_eq!((none.len(), empty.to_string()), (0, pagination(1, None, None, 1, 20, 0)));

    let all = visitors(&app, 25).await;
    for (query, found, expected) in [
        ("", &all[..20], pagination(1, Some(1), Some(20), 2, 20, 25)),
        ("page=1&perPage=", &all[..20], pagination(1, Some(1), Some(20), 2, 20, 25)),
        ("page=2", &all[20..], pagination(2, Some(21), Some(25), 2, 20, 25)),
        ("page=3", &all[25..], pagination(3, None, None, 2, 20, 25)),
        ("perPage=25", &all[..], pagination(1, Some(1), Some(25), 1, 25, 25)),
        ("perPage=500&page=1", &all[..], pagination(1, Some(1), Some(25), 1, 500, 25)),
        ("perPage=7&page=4", &all[21..], pagination(4, Some(22), Some(25), 4, 7, 25)),
        ("perPage=1&page=13", &all[12..13], pagination(13, Some(13), Some(13), 25, 1, 25)),
        ("page=9223372036854775807", &all[25..], pagination(9_223_372_036_854_775_807, None, None, 2, 20, 25)),
    ] {
        let (visitors, pagination) = page(&app, query).await;
        assert_eq!(visitors, found, "{query}");
        assert_eq!(pagination.to_string(), expected, "{query}");
    }
    for per_page in 1..=7 {
        let mut seen = Vec::new();
        for number in 1..=25_usize.div_ceil(per_page) {
            seen.extend(page(&app, &format!("perPage={per_page}&page={number}")).await.0);
        }
        assert_eq!(seen, all, "{per_page} on a page");
    }
}

#[tokio::test]
async fn od_e04_a_time_chooses_who_was_heard_in_it_and_what_they_said_in_it() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    let all = visitors(&app, 5).await;
    // Feedback of today is no line of anybody.
    let opinion = json!({ "message_template_id": "t", "feedback": "positive" });
    assert_eq!(app.visitor(&agent, &all[0]).post("/chat-api/feedback", &opinion).await.0, 200);
    for (from, to, found) in [
        ("2024-01-02%2012:00:00", "2024-01-04%2012:00:00", &all[1..4]),
        ("2024-01-02%2012:00:01", "2024-01-04%2011:59:59", &all[2..3]),
        ("2024-01-04%2000:00:00", "2024-01-02%2000:00:00", &all[..0]),
        ("2025-01-01%2000:00:00", "9999-12-31%2023:59:59", &all[..0]),
    ] {
        let (visitors, pagination) = page(&app, &format!("from={from}&to={to}")).await;
        assert_eq!(visitors, found, "{from}");
        assert_eq!(pagination["total"], found.len(), "{from}");
    }
    let again = Inbound::text("again");
    Appended::new(&all[0], 2, Timestamp::from_seconds(1_706_788_800), again).write(app.store.clone()).await;
    let (_, body) = exports(&app, "exportType=json&from=2024-02-01%2000:00:00&to=2024-02-29%2000:00:00").await;
    let lines = &body["data"][0][&all[0]]["interactions"];
    assert_eq!((lines.as_array().map(Vec::len), &lines[0]["text"]), (Some(1), &json!("again")), "{body}");
    let (visitors, _) = page(&app, "").await;
    assert_eq!(visitors, all);
}

#[rstest]
#[case("perPage=x", "perPage", "The per page must be an integer.")]
#[case("perPage=2.5", "perPage", "The per page must be an integer.")]
#[case("perPage=0", "perPage", "The per page must be at least 1.")]
#[case("perPage=-1", "perPage", "The per page must be at least 1.")]
#[case("perPage=10001", "perPage", "The per page may not be greater than 10000.")]
#[case("page=x", "page", "The page must be an integer.")]
#[case("page=0", "page", "The page must be at least 1.")]
#[tokio::test]
async fn od_e05_pages_are_counted_in_whole_numbers(#[case] query: &str, #[case] field: &str, #[case] complaint: &str) {
    let app = TestApp::start().await;
    let answer = exports(&app, &format!("exportType=json&{query}")).await;
    assert_eq!(answer, (422, json!({ "message": INVALID, "errors": { field: [complaint] } })));
}

#[tokio::test]
async fn od_e06_filters_are_echoed_as_texts() {
    let app = TestApp::start().await;
    let range = "from=2023-03-01%2000:00:00&to=2023-03-01%2023:59:59";
    for (query, expected) in [
        ("exportType=json".to_owned(), json!({ "exportType": "json", "perPage": "20", "page": "1" })),
        (
            format!("page=3&perPage=50&{range}&exportType=json&anything=else"),
            json!({ "exportType": "json", "perPage": "50", "page": "3",
                    "from": "2023-03-01T00:00:00.000000Z", "to": "2023-03-01T23:59:59.000000Z" }),
        ),
    ] {
        let (status, body) = exports(&app, &query).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["meta"]["filters"].to_string(), expected.to_string());
        let keys: Vec<_> = body.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["data", "meta"]);
    }
}

/// Takes out of lines what differs from run to run.
fn steadied(app: &TestApp, lines: &mut Value) {
    undated(lines);
    for line in lines.as_array_mut().expect("lines") {
        let took = line["response"]["request_length"].as_str().expect("seconds as text").to_owned();
        let (whole, parts) = took.split_once('.').expect("a fraction");
        assert!(whole.parse::<u32>().is_ok() && parts.len() == 6 && parts.parse::<u32>().is_ok(), "{took}");
        line["response"]["request_length"] = "0.5".into();
        let url = line["request"]["url"].as_str().expect("an address").replace(&app.url, "https://here");
        line["request"]["url"] = url.into();
        if line["author"] == "them" && line["type"] == "text" {
            assert!(line["data"]["time"].is_string() && line["data"]["date"].is_string(), "{line}");
            line["data"]["time"] = "02:32 PM".into();
            line["data"]["date"] = "Tue 2 May".into();
        }
    }
}

#[tokio::test]
async fn od_e07_both_sides_are_there_with_how_they_came() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    does_everything(&app, &agent, "ann").await;
    let (_, mut body) = exports(&app, "exportType=json").await;
    let keys: Vec<_> = body["data"][0]["ann"].as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["chatbot_user_data", "user_attributes", "interactions"]);
    let lines = &mut body["data"][0]["ann"]["interactions"];
    steadied(&app, lines);
    let line = |author: &str, kind: &str, text: &str, data: Value, url: &str, ip: &str| {
        json!({
            "author": author, "type": kind, "date": "then", "text": text, "data": data,
            "request": { "url": url, "source_ip": ip },
            "response": { "http_status": 200, "request_length": "0.5" },
        })
    };
    let came = |author: &str, kind: &str, text: &str, data: Value| {
        line(author, kind, text, data, "https://here/chat-api/message", "127.0.0.1")
    };
    let elsewhere = |author: &str, text: &str| {
        line(author, "text_external", text, json!({ "text": text, "date": null, "time": null }), "", "")
    };
    let answer = |name: &str, text: &str| {
        let data = json!({
            "text": text, "disable_text": false, "internal": false, "hidetime": false, "hideavatar": false,
            "time": "02:32 PM", "date": "Tue 2 May", "attribute_name": null, "meta": [],
            "message_template_id": format!("template_intent_app_{name}"),
        });
        came("them", "text", text, data)
    };
    let expected = json!([
        came("ann", "chat_open", "", json!({ "text": "", "callback_id": "intent.core.welcome" })),
        answer("Welcome", "Hello"),
        came("ann", "text", "when are you open", json!({ "text": "when are you open" })),
        answer("Hours", "From nine to five"),
        came(
            "ann",
            "button_response",
            "Red",
            json!({ "text": "Red", "value": "colour.red", "callback_id": "intent.user.Pick" })
        ),
        answer("Picked", "You picked red"),
        came(
            "ann",
            "form_response",
            "Pet: cat",
            json!({ "pet": "cat", "text": "Pet: cat", "callback_id": "intent.user.Form" })
        ),
        answer("Form", "Your pet is cat"),
        came("ann", "longtext_response", "A long text", json!({ "text": "A long text" })),
        answer("Essay", "Read"),
        came("ann", "url_click", "", json!({ "text": "", "url": "https://x.test/a" })),
        came("ann", "trigger", "", json!({ "text": "", "callback_id": "intent.core.welcome" })),
        answer("Welcome", "Hello"),
        elsewhere("ann", "By telephone, me"),
        elsewhere("them", "By telephone, them"),
    ]);
    for (line, expected) in lines.as_array().expect("lines").iter().zip(expected.as_array().expect("lines")) {
        assert_eq!(line.to_string(), expected.to_string());
    }
    assert_eq!(lines.as_array().map(Vec::len), expected.as_array().map(Vec::len));
}

#[tokio::test]
async fn od_e08_a_visitor_is_shown_with_profile_and_typed_attributes() {
    let app = TestApp::start().await;
    let agent = app.open_agent().await;
    does_everything(&app, &agent, "ann").await;
    app.visitor(&agent, "bob").opens().await;
    let before = Timestamp::now().seconds();
    let (_, body) = exports(&app, "exportType=json").await;
    let ann = &body["data"][0]["ann"];
    let mut known = ann["chatbot_user_data"].clone();
    let custom = known["custom"].take();
    let expected = json!({
        "first_name": "John", "last_name": "Doe", "email": "john.doe@example.com", "external_id": "ext_123",
        "ip_address": "192.0.2.1", "country": "United States", "browser_language": "en-US", "os": "Windows",
        "browser": "chrome 112.0.0", "timezone": "America/New_York", "custom": null,
    });
    assert_eq!(known.to_string(), expected.to_string());
    assert_eq!((&custom["selected_scenario"], &custom["language"]), (&json!(agent.id), &json!("en")));
    let attributes = ann["user_attributes"].as_array().expect("a list");
    for (place, name) in ["first_seen", "last_seen"].into_iter().enumerate() {
        let seen = attributes[place]["value"]["scalar_value"].as_i64().expect("seconds");
        assert!((before - 60..=before).contains(&seen), "{seen}");
        let expected = json!({ "name": name, "type": "attribute.core.timestamp", "value": { "scalar_value": seen } });
        assert_eq!(attributes[place].to_string(), expected.to_string());
    }
    let pet = json!({ "name": "pet", "type": "attribute.core.string", "value": { "scalar_value": "cat" } });
    assert!(attributes.contains(&pet), "{ann}");
    for attribute in attributes {
        let keys: Vec<_> = attribute.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["name", "type", "value"]);
    }

    // Parts of the profile that nobody knows are empty texts.
    let bob = &body["data"][1]["bob"]["chatbot_user_data"];
    for part in ["first_name", "email", "ip_address", "timezone"] {
        assert_eq!(bob[part], "", "{part}");
    }
    assert_eq!(bob["custom"], json!({ "selected_scenario": agent.id }));
}

#[tokio::test]
async fn od_e09_too_many_exports_are_429_with_words_of_their_own() {
    let limits =
        |options: &mut server::Options| options.rate_limits.user_data_export = "1/minute".parse().expect("a rate");
    let app = TestApp::start_serving(limits).await;
    assert_eq!(exports(&app, "exportType=json").await.0, 200);
    let refused = public(&app, &app.token, "user-data-export?exportType=json").await;
    assert!(refused.headers().contains_key("retry-after") && refused.headers().contains_key("x-ratelimit-reset"));
    let (status, body) = json_of(refused).await;
    let expected = json!({ "message": "Too many export requests. Please try again later." });
    assert_eq!((status.as_u16(), body), (429, expected));
}
